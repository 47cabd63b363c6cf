"""Tables across the border: whatever holds columns in, Arrow out.

Numbers cross as the bytes of 64-bit floats, NaN where there is none; text as lists. Null is "absent" on the
Arrow side, never NaN.
"""

from __future__ import annotations

import datetime
import json
from typing import Any, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_TYPES = {
    "flag": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
}


def table_of(data: Any) -> pa.Table:
    """Returns a table of whatever holds columns: pyarrow, pandas, polars, anything with the Arrow stream
    interface, or a dict of lists."""
    if isinstance(data, pa.Table):
        return _without_views(data)
    if isinstance(data, pa.RecordBatch):
        return _without_views(pa.Table.from_batches([data]))
    if type(data).__module__.split(".")[0] == "pandas":
        return _without_views(pa.Table.from_pandas(data, preserve_index=False))
    if hasattr(data, "__arrow_c_stream__") or isinstance(data, dict):
        return _without_views(pa.table(data))
    if hasattr(data, "__arrow_c_array__"):
        return _without_views(pa.Table.from_batches([pa.record_batch(data)]))
    found = type(data).__name__
    raise TypeError(f"a table is wanted (pyarrow, pandas, polars, a dict of columns), not {found}")


def _without_views(table: pa.Table) -> pa.Table:
    """Undoes views of text, which polars gives: pyarrow takes no rows of them, and decodes no dictionary of them."""
    for place, field in enumerate(table.schema):
        kind, column = field.type, table.column(place)
        if pa.types.is_dictionary(kind) and is_view(kind.value_type):
            chunks = [
                pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.large_string()))
                for chunk in column.chunks
            ]
            column = pa.chunked_array(chunks, pa.dictionary(kind.index_type, pa.large_string()))
        elif is_view(kind):
            column = column.cast(pa.large_string())
        else:
            continue
        table = table.set_column(place, field.name, column)
    return table


def plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Returns a column in one piece, its dictionary undone."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # no chunk at all, in some versions
            column = pa.array([], type=column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column


def is_view(kind: pa.DataType) -> bool:
    return getattr(pa.types, "is_string_view", lambda _: False)(kind)


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    view = getattr(pa.types, "is_binary_view", lambda _: False)
    fixed = pa.types.is_fixed_size_binary(kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or fixed or view(kind)


def _told(value: Any) -> str | None:
    """A value as a cell of a manifest has it."""
    if value is None or value != value:  # NaN, NaT
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # Data frames hold whole numbers with gaps as floats; repr reads back to the same value.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=_told)
    return str(value)


def cells(column: pa.ChunkedArray | pa.Array) -> list[str | None]:
    """Returns a column as text, as a manifest would have it."""
    column = plain(column)
    if is_text(column.type):
        return column.to_pylist()
    return [_told(value) for value in column.to_pylist()]


def floats(column: pa.ChunkedArray | pa.Array, name: str) -> bytes:
    """Returns the bytes of a column of numbers, NaN where there is none."""
    column = plain(column)
    if pa.types.is_null(column.type):
        column = pa.nulls(len(column), pa.float64())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if is_text(column.type) or is_bytes(column.type):
        raise TypeError(f"column {name!r} holds {column.type}, and a feature of numbers is wanted")
    column = pc.fill_null(column.cast(pa.float64()), float("nan"))
    data = column.buffers()[1]
    if data is None:
        return b""
    return data.slice(8 * column.offset, 8 * len(column)).to_pybytes()


def numbers(data: bytes) -> pa.Array:
    """Returns an array of the bytes of 64-bit floats; null for NaN."""
    array = pa.Array.from_buffers(pa.float64(), len(data) // 8, [None, pa.py_buffer(data)])
    if not pc.any(pc.is_nan(array)).as_py():
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)


def schema(columns: Sequence[tuple[str, str]], version: int) -> pa.Schema:
    """Returns the schema of columns as the native side tells them."""
    fields = [pa.field(name, _TYPES[kind]) for name, kind in columns]
    return pa.schema(fields, metadata={b"callcsi.schema": str(version).encode()})


def batch(columns: Sequence[tuple[str, str, Any]], version: int) -> pa.RecordBatch:
    """Returns a batch of columns as the native side gives them."""
    arrays = [
        numbers(values) if kind == "number" else pa.array(values, type=_TYPES[kind])
        for _, kind, values in columns
    ]
    return pa.RecordBatch.from_arrays(
        arrays, schema=schema([(name, kind) for name, kind, _ in columns], version)
    )
