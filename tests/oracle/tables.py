"""Parquet of this crate read by pyarrow, and Parquet of pyarrow and pandas read by this crate.

Needs pyarrow 26.0.1 and pandas 3.1.1.
`write` makes the tables that `cargo test --features parquet --test tables -- --ignored` reads, and
`read FOLDER` reads those which that test made, beside their CSV:
    python tests/oracle/tables.py write FOLDER
    CALLCSI_TABLES=FOLDER cargo test --features parquet --test tables -- --ignored
    python tests/oracle/tables.py read FOLDER
"""

import datetime
import decimal
import pathlib
import sys

import pandas
import pyarrow
import pyarrow.parquet as parquet

MOSCOW = datetime.timezone(datetime.timedelta(hours=3))
START = datetime.datetime(2026, 5, 3, 9, 7, 0, 250000)


def foreign():
    """A row of values and one of nulls, in every flat type that the reader knows."""
    types = {
        "call_id": pyarrow.string(),
        "слово": pyarrow.large_string(),
        "category": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        "i8": pyarrow.int8(),
        "u32": pyarrow.uint32(),
        "u64": pyarrow.uint64(),
        "f32": pyarrow.float32(),
        "f64": pyarrow.float64(),
        "flag": pyarrow.bool_(),
        "date": pyarrow.date32(),
        "local_us": pyarrow.timestamp("us"),
        "moscow_ns": pyarrow.timestamp("ns", tz="Europe/Moscow"),
        "time_ms": pyarrow.time32("ms"),
        "money": pyarrow.decimal128(12, 2),
        "nothing": pyarrow.null(),
    }
    row = {
        "call_id": "к-1",
        "слово": "a, \"b\"",
        "category": "x",
        "i8": -7,
        "u32": 2**32 - 1,
        "u64": 2**64 - 1,
        "f32": 0.1,
        "f64": 0.1,
        "flag": True,
        "date": datetime.date(2026, 5, 3),
        "local_us": START,
        "moscow_ns": START.replace(tzinfo=MOSCOW),
        "time_ms": datetime.time(1, 2, 3),
        "money": decimal.Decimal("-12.50"),
        "nothing": None,
    }
    empty = dict.fromkeys(types) | {"call_id": "к-2"}
    return pyarrow.Table.from_pylist([row, empty], schema=pyarrow.schema(types.items()))


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    table = foreign()
    for codec in ["none", "snappy", "gzip", "zstd", "brotli"]:
        for version in ["1.0", "2.0"]:
            path = folder / f"{codec}-{version}.parquet"
            parquet.write_table(table, path, compression=codec, data_page_version=version)
    parquet.write_table(table, folder / "int96.parquet", use_deprecated_int96_timestamps=True)
    frame = pandas.DataFrame({"call_id": ["a", "b"], "mark": [5.0, None], "queue_wait_s": [1.5, None]})
    frame.to_parquet(folder / "pandas.parquet")
    nested = pyarrow.table({"call_id": ["a"], "tags": [["x"]]})
    parquet.write_table(nested, folder / "nested.parquet")


def read(folder):
    file = parquet.ParquetFile(folder / "results.parquet")
    table = file.read()
    plain = pandas.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    assert list(plain.columns) == table.column_names
    assert file.schema_arrow.metadata[b"callcsi.schema"] == b"1", file.schema_arrow.metadata
    types, cells, nulls = {}, 0, 0
    for name in table.column_names:
        kind = str(table.schema.field(name).type)
        types[kind] = types.get(kind, 0) + 1
        for found, text in zip(table[name].to_pylist(), plain[name]):
            cells += 1
            if text == "":
                nulls += 1
                assert found is None, (name, found)
            elif kind == "double":
                assert found == float(text), (name, found, text)
            elif kind == "int64":
                assert found == int(text), (name, found, text)
            elif kind == "bool":
                assert found == (text == "1"), (name, found, text)
            else:
                assert kind == "string" and found == text, (name, kind, found, text)
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    print(f"{table.num_rows} rows, {table.num_columns} columns {types}; {cells} cells, {nulls} null,")
    print(f"equal to the CSV; groups of {groups} rows; {file.metadata.created_by}")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
