"""Rows of a manifest: from a table, from paths, from bytes.

A cell of a column of files is a path (opened by the native side), an address (read through `pyarrow.fs`), or
bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence

import pyarrow as pa

from . import _arrow, _files, _native

#: The columns of files.
FILES = (
    "audio",
    "audio_agent",
    "audio_customer",
    "transcript",
    "transcript_agent",
    "transcript_customer",
    "vcon",
    "metadata",
)

#: Endings of tables; a path that ends otherwise is a recording.
TABLES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")


@dataclass
class Rows:
    """Columns as the native side takes them."""

    count: int
    cells: dict[str, list[str | None]] = field(default_factory=dict)
    inputs: dict[str, list[bytes | str | None]] = field(default_factory=dict)

    def slice(self, start: int, length: int) -> "Rows":
        part = slice(start, start + length)
        return Rows(
            max(0, min(length, self.count - start)),
            {name: column[part] for name, column in self.cells.items()},
            {name: column[part] for name, column in self.inputs.items()},
        )


def _facts(value: Any) -> Any:
    """Facts of a call as bytes of JSON, where they are no path."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False).encode()
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return value.encode()
    return value


def put(rows: Rows, name: str, values: Sequence[Any], place: _files.Place) -> None:
    """Adds a column of files: paths to the cells, all else to the inputs."""
    cells: list[str | None] = [None] * rows.count
    inputs: list[bytes | str | None] = [None] * rows.count
    for i, value in enumerate(values):
        if name == "metadata":
            value = _facts(value)
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if value is None or value != value or value in ("", b""):
            continue
        if isinstance(value, (bytes, bytearray, memoryview)):
            inputs[i] = bytes(value)
        elif isinstance(value, str):
            path, here = place.find(value)
            (inputs if here else cells)[i] = path
        else:
            found = type(value).__name__
            raise TypeError(f"{name}: a path, an address or bytes are wanted, not {found}")
    if any(value is not None for value in cells):
        rows.cells[name] = cells
    if any(value is not None for value in inputs):
        rows.inputs[name] = inputs


def of_table(table: pa.Table, place: _files.Place) -> Rows:
    """Takes the rows of a table with the columns of a manifest."""
    if "call_id" not in table.column_names:
        shown = ", ".join(table.column_names[:8])
        raise ValueError(f"found the columns {shown}, wanted a column call_id")
    rows = Rows(table.num_rows)
    for name in table.column_names:
        column = _arrow.plain(table.column(name))
        if name in FILES:
            put(rows, name, column.to_pylist(), place)
        elif _arrow.is_bytes(column.type):
            wanted = "text or numbers; bytes go into " + ", ".join(FILES)
            raise TypeError(f"column {name!r} holds bytes, wanted {wanted}")
        else:
            rows.cells[name] = _arrow.cells(column)
    return rows


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def ids_of(calls: Sequence[Any]) -> list[str]:
    """Names calls after their files, as a folder does; by number where that is not enough."""
    paths = [os.fspath(c) if isinstance(c, os.PathLike) else c for c in calls]
    if all(isinstance(path, str) for path in paths):
        for names in ([_stem(path) for path in paths], paths):
            if len(set(names)) == len(names):
                return names
    return [f"call-{i}" for i in range(1, len(calls) + 1)]


def of_calls(
    calls: Sequence[Any],
    metadata: Iterable[Any] | None,
    transcripts: Iterable[Any] | None,
    call_ids: Iterable[str] | None,
    place: _files.Place,
) -> Rows:
    """Makes the rows of recordings, given as paths, addresses or bytes; `None` for a call without one."""
    rows = Rows(len(calls))
    ids = ids_of(calls) if call_ids is None else [str(i) for i in call_ids]
    given = {"call_ids": ids, "metadata": metadata, "transcripts": transcripts}
    lists = {name: None if values is None else list(values) for name, values in given.items()}
    for name, values in lists.items():
        if values is not None and len(values) != rows.count:
            raise ValueError(f"{name}: found {len(values)}, wanted {rows.count}, one for each call")
    rows.cells["call_id"] = list(ids)
    vcons = [c if isinstance(c, str) and ".vcon" in os.path.basename(c) else None for c in calls]
    put(rows, "audio", [None if v else c for c, v in zip(calls, vcons)], place)
    put(rows, "vcon", vcons, place)
    for name, column in (("metadata", "metadata"), ("transcripts", "transcript")):
        values = lists[name]
        if values is not None:
            put(rows, column, values, place)
    return rows


def read_manifest(path: Any, mapping: Any = None, *, filesystem: Any = None) -> pa.Table:
    """Reads a manifest (CSV, JSON Lines, Parquet) into a table of text.

    Beside the manifest's own columns there is `manifest_line`, the line of each row, which results and errors
    quote whatever part of the table a row is worked on in. A row that cannot be read is a row with
    `manifest_error`, and becomes one of results that says so.

    Args:
        path: a local path, or an address such as `s3://bucket/calls.csv`.
        mapping: path of a mapping file (TOML) for tables with other names, units or another encoding.
        filesystem: a `pyarrow.fs` or `fsspec` file system to read from.

    Raises:
        callcsi.Error: the file cannot be read, or has no column `call_id`.
    """
    path = os.fspath(path)
    if path.endswith(".parquet"):
        import pyarrow.parquet as pq

        system, inner = _files.opened(path, filesystem)
        table = pq.read_table(inner, filesystem=system)
        if "manifest_line" not in table.column_names:
            lines = pa.array(range(1, table.num_rows + 1), pa.int64())
            table = table.append_column("manifest_line", lines)
        return table
    away = filesystem is not None or (_files.is_address(path) and not path.startswith("file:"))
    data = _files.read(path, filesystem) if away else None
    mapping = None if mapping is None else os.fspath(mapping)
    _, columns = _native.read_table(_files.local(path), data, mapping)
    arrays = {}
    for name, column in columns.items():
        if name == "manifest_line":
            arrays[name] = pa.array([line and int(line) for line in column], pa.int64())
        else:
            arrays[name] = pa.array(column, pa.string())
    return pa.table(arrays)
