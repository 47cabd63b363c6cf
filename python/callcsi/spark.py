"""The same numbers on Apache Spark: 3.5, 4.x, and Connect.

    from callcsi import spark as callcsi_spark

    calls = callcsi_spark.manifest(session, "hdfs:///calls/manifest.csv")
    calls = callcsi_spark.spread(calls, root="hdfs:///calls")
    rows = callcsi_spark.score(calls, root="hdfs:///calls", model=open("model.json", "rb").read())
    rows.write.parquet("hdfs:///results")

Every row of the data frame is a call, with the columns of a manifest; every row gives one row, whatever becomes of
it: errors are rows. Recordings are read in the task, local paths by the native side, addresses through
`pyarrow.fs`; no sound goes through the JVM. A task is one thread. Results do not depend on partitioning.

A task that is tried again, since its process died, works on each call in a process of its own: one that brings its
process down costs its own row.
"""

from __future__ import annotations

import functools
import heapq
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from . import _archive, _arrow, _files, _native, _rows
from ._archive import Work
from ._models import Model, feature_columns, model_bytes
from ._models import predict as _predict

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Version of the columns of results, as in their column `schema`.
SCHEMA_VERSION = _native.SCHEMA_VERSION

#: Rows of results made at once: some 4 kB each.
SLICE = 256

#: Bytes of uncompressed telephone sound that one core listens to in a second, for the size of tasks only.
BYTES_PER_SECOND = 40_000_000

#: Seconds of work on a call beside listening, for the size of tasks only.
SECONDS_PER_CALL = 0.002

_DDL = {"flag": "boolean", "integer": "bigint", "number": "double", "text": "string"}


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _ddl(columns: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{_quoted(name)} {_DDL[kind]}" for name, kind in columns)


def _attempt() -> int:
    """Which try of its task this is, from 0; 0 outside of Spark."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return 0 if context is None else context.attemptNumber()


def _work_on(
    work: Work, apart: str, names: tuple[str, ...], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What a task does; `names` are those of the columns."""
    alone = apart == "always" or (apart == "retry" and _attempt() > 0)
    seen = _native.SeenIds()
    line = 1
    for batch in batches:
        rows = _rows.of_table(pa.Table.from_batches([batch]).rename_columns(list(names)), work.place)
        # Records are read anew for each slice.
        size = 1 if alone else max(1, rows.count) if work.records else SLICE
        for start in range(0, rows.count, size):
            part = rows.slice(start, size)
            if alone:
                from . import _apart

                found = _apart.run_one(work, part, line=line, seen=seen)
            else:
                found = work.run(part, first_line=line, threads=1, seen=seen)
            line += part.count
            yield _arrow.batch(found, SCHEMA_VERSION).replace_schema_metadata(None)


def _mapped(df: "DataFrame", work: Work, apart: str) -> "DataFrame":
    if apart not in ("retry", "always", "never"):
        raise ValueError(f"apart: found {apart!r}, wanted retry, always or never")
    missing = [name for name in ("call_id", *work.keep) if name not in df.columns]
    if missing:
        raise ValueError(f"found the columns {', '.join(df.columns[:8])}, wanted a column {missing[0]}")
    # Executors have working directories of their own.
    work = replace(work, records=tuple(map(os.path.abspath, work.records)))
    if work.root is not None and work.place.root is None:
        work = replace(work, root=os.path.abspath(work.root))
    ddl = _ddl(work.check().columns())
    names = tuple(df.columns)
    # mapInArrow takes a point in a name for a field of a struct, so columns go by number.
    numbered = df.toDF(*(f"c{i}" for i in range(len(names))))
    return numbered.mapInArrow(functools.partial(_work_on, work, apart, names), ddl)


_ARGUMENTS = """
    Args:
        df: calls, with the columns of a manifest. `call_id` is needed; the columns of files hold paths (seen by
            every executor), addresses, or bytes; `manifest_line`, where there is one, is what `line` says. Ids are
            known to be unique only within a task: `spread` puts equal ones into one.
        root: folder or address that paths start from, and stay in [default: paths as they are].
        apart: when calls get processes of their own: `retry` (in tasks that are tried again), `always`, `never`.
        keep, agent_channel, agent_speaker, transcript_format, outside, records, longest_s, timeout_s, name,
            filesystem: as of `callcsi.extract`; a file system must be picklable.
"""


def _documented(function: Any) -> Any:
    function.__doc__ = function.__doc__.replace("    Args:\n", _ARGUMENTS.lstrip("\n"), 1)
    return function


@_documented
def extract(
    df: "DataFrame",
    *,
    settings: Mapping[str, Any] | None = None,
    model: Any = None,
    apart: str = "retry",
    **how: Any,
) -> "DataFrame":
    """Measures calls: the rows of `callcsi.extract`.

    Args:
        settings: analysis settings that differ from the defaults, by name.
        model: measure under the settings of this model instead (bytes, path on the driver, `Model`).
    """
    return _mapped(df, _archive.work_of(False, settings=settings, model=model, **how), apart)


@_documented
def score(df: "DataFrame", *, model: Any = None, apart: str = "retry", **how: Any) -> "DataFrame":
    """Measures calls and estimates their marks: the rows of `callcsi.score`.

    Args:
        model: a model file's bytes, its path on the driver, or a `Model`; it travels as bytes [default: the bundled
            one, which knows no real customers].
    """
    return _mapped(df, _archive.work_of(True, model=model, **how), apart)


def _predict_batches(
    data: bytes | None, keep: Sequence[str], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    model = _model(data)
    for batch in batches:
        table = pa.Table.from_batches([batch])
        found = _predict(table, model)
        for place, name in enumerate(keep):
            if name != "call_id":
                found = found.add_column(place, name, table.column(name))
        yield from found.combine_chunks().to_batches()


@functools.lru_cache(maxsize=4)
def _model(data: bytes | None) -> Model:
    return Model(data)


def predict(df: "DataFrame", model: Any = None, *, keep: Iterable[str] = ()) -> "DataFrame":
    """Predicts measured calls from their features: the rows of `callcsi.predict`; nothing is listened to.

    Args:
        df: rows of `extract` or `score`, or any data frame with columns named as features.
        model: a model file's bytes, its path on the driver, or a `Model`.
        keep: columns to carry along, before the predictions.
    """
    model = Model(model_bytes(model))
    keep = [name for name in dict.fromkeys(keep) if name != "call_id"]
    if "call_id" in df.columns:
        keep = ["call_id", *keep]
    own = [name for name in ("status", "settings") if name in df.columns and name not in keep]
    features = [name for name in model.features if name in df.columns]
    wanted = df.select(*map(_quoted, dict.fromkeys([*keep, *own, *features])))
    kinds = {field.name: field.dataType.simpleString() for field in wanted.schema.fields}
    # The columns of an empty table.
    empty = {name: pa.array([], pa.string()) for name in keep if name == "call_id"}
    shape = _predict(pa.table(empty or {"none": pa.array([], pa.string())}), model)
    judged = [name for name in shape.column_names if name not in ("call_id", "none")]
    twice = [name for name in keep if name in judged]
    if twice:
        raise ValueError(f"keep: found {twice[0]!r}, wanted columns that the predictions do not have")
    columns = [f"{_quoted(name)} {kinds[name]}" for name in keep]
    columns += [f"{_quoted(name)} double" for name in judged]
    function = functools.partial(_predict_batches, model_bytes(model), tuple(keep))
    return wanted.mapInArrow(function, ", ".join(columns))


def manifest(
    session: "SparkSession", path: Any, mapping: Any = None, *, filesystem: Any = None
) -> "DataFrame":
    """Reads a manifest on the driver as `callcsi.read_manifest` does, with the line of each row; a row that cannot
    be read becomes one of results that says so. Larger ones are better read by Spark itself."""
    table = _rows.read_manifest(path, mapping, filesystem=filesystem)
    fields = [(name, "integer" if name == "manifest_line" else "text") for name in table.column_names]
    frame = table.to_pandas()
    return session.createDataFrame(frame.astype(object).where(frame.notna(), None), _ddl(fields))


def _seconds(sizes: Sequence[int], bytes_per_second: float) -> list[float]:
    return [SECONDS_PER_CALL + size / bytes_per_second for size in sizes]


def bins(costs: Sequence[float], count: int) -> list[int]:
    """Puts items into so many bins, the costliest first, each into the lightest bin; returns the bin of each. Bins
    are numbered from the heaviest."""
    load = [(0.0, place) for place in range(count)]
    chosen = [0] * len(costs)
    for item in sorted(range(len(costs)), key=lambda i: (-costs[i], i)):
        cost, place = heapq.heappop(load)
        chosen[item] = place
        heapq.heappush(load, (cost + costs[item], place))
    order = {place: rank for rank, (_, place) in enumerate(sorted(load, key=lambda l: (-l[0], l[1])))}
    return [order[place] for place in chosen]


def _cores(session: "SparkSession") -> int:
    """The cores of the cluster; 1 where they are not known."""
    try:
        return session.sparkContext.defaultParallelism
    except Exception:  # noqa: BLE001 - Connect has no context
        return 1


def _sizes(table: pa.Table, root: str | None, filesystem: Any) -> list[int]:
    total = [0] * table.num_rows
    if root is not None and filesystem is None and not _files.is_address(root):
        root = os.path.abspath(root)
    for name in ("audio", "audio_agent", "audio_customer"):
        if name not in table.column_names:
            continue
        paths = table.column(name).to_pylist()
        places = [i for i, path in enumerate(paths) if path]
        found = [_files.joined(root, _files.local(paths[i])) for i in places]
        for place, size in zip(places, _files.sizes(found, filesystem)):
            total[place] += size
    return total


def spread(
    df: "DataFrame",
    *,
    tasks: int | None = None,
    seconds: float = 20.0,
    size_column: str = "bytes",
    root: Any = None,
    filesystem: Any = None,
    bytes_per_second: float = BYTES_PER_SECOND,
) -> "DataFrame":
    """Parts calls into tasks of about equal work, those with the most work first, by the sizes of their recordings.

    Without this a small manifest is one task, and the longest calls may stand together at the end. The ids and the
    sizes come to the driver (not the rest of the manifest); equal ids come into one task.

    Args:
        df: calls, with the columns of a manifest; recordings as paths or addresses.
        tasks: how many tasks [default: by `seconds`].
        seconds: seconds of work in a task; below 10 the cost of a task itself shows.
        size_column: column with the bytes of a call's recordings; without it the driver asks for them.
        root: folder or address that paths start from.
        filesystem: a `pyarrow.fs` or `fsspec` file system that paths are read from.
        bytes_per_second: bytes of sound that one core listens to in a second, for the number of tasks only.
    """
    from pyspark.sql import functions as F

    session = df.sparkSession
    sized = size_column in df.columns
    files = [] if sized else [c for c in ("audio", "audio_agent", "audio_customer") if c in df.columns]
    kinds = dict(df.dtypes)
    blobs = [name for name in files if kinds[name] == "binary"]
    if blobs:
        raise TypeError(
            f"spread: found bytes in {', '.join(blobs)}, wanted paths, or a column {size_column!r}: bytes are not "
            "brought to the driver"
        )
    told = df.select("call_id", *map(_quoted, [size_column] if sized else files)).toPandas()
    table = pa.Table.from_pandas(told, preserve_index=False)
    if sized:
        sizes = [int(size or 0) for size in table.column(size_column).to_pylist()]
    else:
        sizes = _sizes(table, None if root is None else _files.local(os.fspath(root)), filesystem)
    # Equal ids go together.
    costs: dict[str, float] = {}
    for name, cost in zip(table.column("call_id").to_pylist(), _seconds(sizes, bytes_per_second)):
        if name is not None:
            # Blanks around an id are no part of it.
            costs[name.strip()] = costs.get(name.strip(), 0.0) + cost
    total = sum(costs.values())
    if tasks is None:
        # All cores, unless what each would have to do is not worth a task.
        tasks = max(1, round(total / seconds), min(_cores(session), int(total / 2.0)))
    tasks = max(1, min(tasks, len(costs) or 1))
    chosen = bins(list(costs.values()), tasks)
    # Spark puts a row into partition pmod(hash(key), tasks): a key is looked for that leads to each.
    found = session.range(40 * tasks + 100).selectExpr("id", f"pmod(hash(id), {tasks}) AS part").collect()
    keys = {row["part"]: row["id"] for row in found}
    pairs = [(name, keys[place]) for name, place in zip(costs, chosen)]
    placed = session.createDataFrame(pairs, "_id string, _key bigint")
    named = df.withColumn("_id", F.regexp_replace("call_id", r"^\s+|\s+$", ""))
    keyed = named.join(F.broadcast(placed), "_id", "left").withColumn("_key", F.coalesce("_key", F.lit(keys[0])))
    parted = keyed.repartition(tasks, "_key").select(*map(_quoted, df.columns))
    if "manifest_line" in df.columns:
        parted = parted.sortWithinPartitions("manifest_line")
    return parted


__all__ = ["SCHEMA_VERSION", "bins", "extract", "manifest", "predict", "score", "spread"]
