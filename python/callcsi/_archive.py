"""Many calls at once: measured, or measured and judged."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, fields, replace
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from . import _arrow, _files, _native, _rows
from ._models import model_bytes

#: Rows of a batch of results: some 4 kB each.
BATCH = 4096

#: The longest recording listened to, and how long a call may take; as the command has it.
LONGEST_S = 12 * 3600.0
TIMEOUT_S = 900.0


@functools.lru_cache(maxsize=8)
def _archive(key: tuple) -> _native.Archive:
    judging, model, settings, longest_s, timeout_s = key
    return _native.Archive(judging, model, settings, longest_s, timeout_s)


@dataclass(frozen=True)
class Work:
    """What is done with calls, as plain values: it travels to other processes."""

    judging: bool
    model: bytes | None = None
    settings: str | None = None
    longest_s: float = LONGEST_S
    timeout_s: float = TIMEOUT_S
    keep: tuple[str, ...] = ()
    root: str | None = None
    outside: bool = False
    agent_channel: str | None = None
    agent_speaker: str | None = None
    transcript_format: str | None = None
    records: tuple[str, ...] = ()
    name: str = "the table"
    filesystem: Any = None

    def archive(self) -> _native.Archive:
        """Makes the native half; the same one for the same work, so that a model is read once."""
        return _archive((self.judging, self.model, self.settings, self.longest_s, self.timeout_s))

    def check(self) -> "Work":
        """Refuses what cannot be before any call is listened to."""
        self.archive().columns(list(self.keep))
        return self

    def columns(self) -> list[tuple[str, str]]:
        return self.archive().columns(list(self.keep))

    def schema(self) -> pa.Schema:
        """The schema of the results."""
        return _arrow.schema(self.columns(), _native.SCHEMA_VERSION)

    @property
    def place(self) -> _files.Place:
        """Where the files of rows are."""
        away = self.root is not None and (self.filesystem is not None or _files.is_address(self.root))
        return _files.Place(self.root if away else None, self.outside, self.filesystem)

    def options(self, first_line: int, threads: int) -> dict[str, Any]:
        local = None if self.place.root is not None else self.root
        return {
            "name": self.name,
            "first_line": first_line,
            "root": local,
            "outside": self.outside,
            "agent_channel": self.agent_channel,
            "agent_speaker": self.agent_speaker,
            "transcript_format": self.transcript_format,
            "records": list(self.records),
            "keep": list(self.keep),
            "threads": threads,
        }

    def run(
        self,
        rows: _rows.Rows,
        *,
        first_line: int,
        threads: int,
        seen: _native.SeenIds,
        progress: Callable[[int], Any] | None = None,
    ) -> list[tuple[str, str, Any]]:
        """Works on rows; returns the columns of the results as (name, kind, cells)."""
        fetch = functools.partial(_files.read, filesystem=self.filesystem)
        options = self.options(first_line, threads)
        inputs = (rows.count, rows.cells, rows.inputs, fetch)
        return self.archive().run(*inputs, options, seen, progress)


def work_of(
    judging: bool,
    *,
    model: Any = None,
    settings: Mapping[str, Any] | None = None,
    root: Any = None,
    outside: bool | None = None,
    keep: Iterable[str] = (),
    records: Iterable[Any] = (),
    **given: Any,
) -> Work:
    """Makes plain values of what a caller says."""
    unknown = sorted(given.keys() - {field.name for field in fields(Work)})
    if unknown:
        raise TypeError(f"found the argument {unknown[0]!r}, wanted one that is documented")
    if isinstance(keep, str):
        raise TypeError("keep: a list of columns is wanted, not a word")
    if settings is not None and model is not None:
        raise TypeError("found settings and a model, wanted one of them: a model has its settings")
    return Work(
        judging=judging,
        model=model_bytes(model),
        settings=None if settings is None else json.dumps(dict(settings)),
        root=None if root is None else _files.local(os.fspath(root)),
        # What a caller lists is his own; what a manifest lists stays below its root.
        outside=root is None if outside is None else outside,
        keep=tuple(keep),
        records=tuple(os.fspath(path) for path in records),
        **given,
    )


def _is_table(path: str) -> bool:
    return path.lower().endswith(_rows.TABLES)


def _source(
    work: Work, calls: Any, metadata: Any, transcripts: Any, call_ids: Any, mapping: Any
) -> tuple[Work, _rows.Rows]:
    """Makes rows of whatever the calls are given as."""
    if isinstance(calls, (str, os.PathLike)) and _is_table(os.fspath(calls)):
        path = os.fspath(calls)
        table = _rows.read_manifest(path, mapping, filesystem=work.filesystem)
        if work.root is None:
            # As the command has it: paths start from the manifest's folder and stay in it.
            work = replace(work, root=os.path.dirname(_files.local(path)), outside=False)
        work = replace(work, name=os.path.basename(path))
        calls = table
    elif isinstance(calls, (str, os.PathLike, bytes)):
        calls = [calls]
    if isinstance(calls, Sequence):
        rows = _rows.of_calls(calls, metadata, transcripts, call_ids, work.place)
        return work, rows
    if type(calls).__name__ == "Series" or type(calls).__module__.split(".")[0] == "numpy":
        return _source(work, list(calls), metadata, transcripts, call_ids, mapping)
    for name, given in (("metadata", metadata), ("transcripts", transcripts), ("call_ids", call_ids)):
        if given is not None:
            raise TypeError(f"{name}: a table of calls has it as a column")
    table = _arrow.table_of(calls)
    return work, _rows.of_table(table, work.place)


def batches(
    work: Work,
    calls: Any,
    metadata: Any,
    transcripts: Any,
    call_ids: Any,
    mapping: Any,
    threads: int | None,
    progress: Any,
) -> Iterator[pa.RecordBatch]:
    """Works on calls, batch by batch."""
    work, rows = _source(work.check(), calls, metadata, transcripts, call_ids, mapping)
    if threads is not None and threads < 1:
        raise ValueError(f"threads: found {threads}, wanted 1 or more")
    missing = [name for name in work.keep if name not in rows.cells and rows.count]
    if missing:
        raise ValueError(f"keep: found no column {missing[0]!r} in the calls")
    seen, told = _native.SeenIds(), None
    # Records are read once for each batch.
    size = max(1, rows.count) if work.records else BATCH
    for start in range(0, rows.count, size):
        part = rows.slice(start, size)
        if progress is not None:
            told = functools.partial(_tell, progress, start, rows.count)
        found = work.run(part, first_line=start + 1, threads=threads or 0, seen=seen, progress=told)
        if told is not None:
            told(part.count)
        yield _arrow.batch(found, _native.SCHEMA_VERSION)


def _tell(progress: Callable[[int, int], Any], before: int, total: int, done: int) -> None:
    progress(before + done, total)


_ARGUMENTS = """
    Args:
        calls: the calls, as one of

            * a path of a manifest (CSV, JSON Lines, Parquet; paths in it start from its folder and stay there),
            * a table with the columns of a manifest: pyarrow, pandas, polars, or a dict of lists. The columns
              `audio`, `audio_agent`, `audio_customer`, `transcript`, `transcript_agent`, `transcript_customer`,
              `vcon` and `metadata` may hold paths, addresses (`s3://…`) or bytes; `metadata` also objects,
            * one recording or a list of them, as paths, addresses or bytes; `None` for a call without one.
        metadata: for a list of calls, the facts of each: a dict, JSON, or the path of a file.
        transcripts: for a list of calls, the transcript of each: a path, an address, or bytes.
        call_ids: for a list of calls, their ids [default: the names of the files].
        agent_channel: the agent's channel where a row does not declare it: `left`, `right` or a preset such as
            `amazon-connect`. It is declared, never guessed.
        agent_speaker: the agent's label in transcripts that name speakers without a role.
        transcript_format: the format of transcripts, where it shall not be detected.
        root: folder or address that paths start from, and stay in [default: the manifest's folder; of tables and
            lists the working directory, which paths may leave].
        outside: whether paths may lead out of `root`.
        keep: columns of the table to carry into the results; they may hold personal data.
        mapping: path of a mapping file (TOML), for a manifest with other names, units or another encoding.
        records: files as telephony platforms write them, joined by `call_id`.
        threads: threads to work on [default: one for each processor].
        filesystem: a `pyarrow.fs` or `fsspec` file system that paths are read from.
        longest_s: seconds of the longest recording listened to.
        timeout_s: seconds of work that one call may take.
        progress: called with (done, total) some ten times a second.
"""


def _documented(function: Any) -> Any:
    function.__doc__ = function.__doc__.replace("    Args:\n", _ARGUMENTS.lstrip("\n"), 1)
    return function


def extract_batches(
    calls: Any,
    metadata: Iterable[Any] | None = None,
    transcripts: Iterable[Any] | None = None,
    *,
    call_ids: Iterable[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    model: Any = None,
    mapping: Any = None,
    threads: int | None = None,
    progress: Callable[[int, int], Any] | None = None,
    **how: Any,
) -> Iterator[pa.RecordBatch]:
    """Measures calls and yields the results in batches of up to 4,096 rows, for archives that do not fit into
    memory; the arguments are those of `extract`."""
    work = work_of(False, settings=settings, model=model, **how)
    return batches(work, calls, metadata, transcripts, call_ids, mapping, threads, progress)


@_documented
def extract(
    calls: Any,
    metadata: Iterable[Any] | None = None,
    transcripts: Iterable[Any] | None = None,
    *,
    call_ids: Iterable[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    model: Any = None,
    mapping: Any = None,
    threads: int | None = None,
    progress: Callable[[int, int], Any] | None = None,
    **how: Any,
) -> pa.Table:
    """Measures calls: one row for each, in their order, with a column for every feature of `catalogue()`.

    What does not exist on a call is null, never 0. A call that cannot be measured is a row with `status`
    `failed`, `error_kind` and `error`; the others go on.

    Args:
        settings: analysis settings that differ from the defaults, by name, as `{"pitch": True}`.
        model: measure under the settings of this model instead (bytes, path, `Model`).

    Returns:
        A table with `schema`, `line`, `call_id`, `status`, `warnings`, `error_kind`, `error`, `mark`,
        `survey_status`, `settings` (their fingerprint), the columns of `keep`, and the features in the order and
        the units of the catalogue. Flags are booleans. `line` is the row's number, or its `manifest_line`.

    Raises:
        callcsi.Error: the table as a whole cannot be read, or an argument cannot be.
        KeyboardInterrupt: on Ctrl-C, once the calls at work are done.
    """
    work = work_of(False, settings=settings, model=model, **how).check()
    found = batches(work, calls, metadata, transcripts, call_ids, mapping, threads, progress)
    return pa.Table.from_batches(found, work.schema())


@_documented
def score(
    calls: Any,
    metadata: Iterable[Any] | None = None,
    transcripts: Iterable[Any] | None = None,
    *,
    call_ids: Iterable[str] | None = None,
    model: Any = None,
    mapping: Any = None,
    threads: int | None = None,
    progress: Callable[[int, int], Any] | None = None,
    **how: Any,
) -> pa.Table:
    """Measures calls and estimates the mark that each customer would give: the table that the command
    `score_archive` writes, value for value.

    Args:
        model: a model file's bytes or path, or a `Model` [default: the bundled one, which was trained on
            simulated calls and knows no real customers].

    Returns:
        As `extract`, with `csi` (expected mark), `satisfied` and `dissatisfied` (probabilities), `log_odds` and
        `base_log_odds` of satisfaction, `reasons` (the three strongest) and `model`.

    Raises:
        As `extract`.
    """
    work = work_of(True, model=model, **how).check()
    found = batches(work, calls, metadata, transcripts, call_ids, mapping, threads, progress)
    return pa.Table.from_batches(found, work.schema())
