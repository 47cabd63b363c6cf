"""Scores an archive on Apache Spark: partitioned Parquet out, gone on with where it was broken off.

    spark-submit … score_archive_spark.py --manifest hdfs:///calls/manifest.csv --out hdfs:///results

Rows go to OUT as Parquet, partitioned by `status` (`scored`, `failed`) and the columns of `--partition-by`. The
archive is worked on in waves; what a wave wrote stays. Run again with the same arguments, it does what is missing:
the rows whose line and call_id are there already are passed over, so nothing is done twice and nothing is lost. One
run at a time writes to OUT. It needs a session with a context, which Connect has not. Rows of another model in OUT are refused: give another folder. To try failed calls again: `--retry-failed`, which removes
their rows first.

Exit code 0: every call was scored; 1: some failed; 2: the arguments were wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.utils import AnalysisException

import callcsi
from callcsi import spark as callcsi_spark


def arguments(told: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", required=True, help="CSV, JSON Lines or Parquet: a path or an address")
    parser.add_argument("--out", required=True, help="folder of the results, as Spark names it")
    parser.add_argument("--mapping", help="mapping file (TOML) of the manifest")
    parser.add_argument("--model", help="model file on the driver [default: the bundled one, for trying out]")
    parser.add_argument("--root", help="folder or address that paths start from [default: the manifest's folder]")
    parser.add_argument("--outside", action="store_true", help="allow paths that lead out of it")
    parser.add_argument("--agent-channel", help="the agent's channel where the manifest does not declare it")
    parser.add_argument("--keep", default="", help="columns of the manifest to carry along, by commas")
    parser.add_argument("--partition-by", default="", help="of those, columns that OUT is partitioned by, by commas")
    parser.add_argument("--wave", type=int, default=100_000, help="calls of a wave")
    parser.add_argument("--tasks", type=int, help="tasks of a wave [default: by --seconds]")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of work in a task")
    parser.add_argument("--retry-failed", action="store_true", help="try calls again that failed")
    parser.add_argument("--restart", action="store_true", help="throw away what is in OUT")
    parser.add_argument("--quiet", action="store_true", help="say nothing while it goes on")
    return parser.parse_args(told)


class Progress:
    """Says every few seconds how far the tasks are, where the session tells it."""

    def __init__(self, session: SparkSession, quiet: bool):
        self._stop = threading.Event()
        self._wave = ""
        try:
            tracker = None if quiet else session.sparkContext.statusTracker()
        except Exception:  # Connect has no context
            tracker = None
        self._thread = threading.Thread(target=self._run, args=(tracker,), daemon=True)
        self._thread.start()

    def wave(self, text: str) -> None:
        self._wave = text

    def _run(self, tracker) -> None:
        while not self._stop.wait(5.0):
            stages = [tracker.getStageInfo(i) for i in tracker.getActiveStageIds()] if tracker else []
            for stage in filter(None, stages):
                failed = f", {stage.numFailedTasks} failed" if stage.numFailedTasks else ""
                print(f"{self._wave}: {stage.numCompletedTasks} of {stage.numTasks} tasks{failed}", file=sys.stderr)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def hadoop(session: SparkSession, path: str):
    """Returns the file system of a folder of Spark's, and the folder in it."""
    try:
        jvm = session.sparkContext._jvm
    except Exception:
        wanted = "a session with a context: a run that was killed may have left files there which must be removed"
        raise SystemExit(f"{path}: found Spark Connect, wanted {wanted}") from None
    folder = jvm.org.apache.hadoop.fs.Path(path)
    return folder.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()), folder


def remove(session: SparkSession, path: str) -> None:
    system, folder = hadoop(session, path)
    system.delete(folder, True)


def forget_uncommitted(session: SparkSession, out: str) -> None:
    """Removes what a killed run left half done: the next job that commits here would take it for its own, and rows
    would be there twice."""
    left = f"{out.rstrip('/')}/_temporary"
    system, folder = hadoop(session, left)
    if system.exists(folder):
        system.delete(folder, True)


def done_rows(session: SparkSession, out: str, model: str):
    """Returns the rows that OUT has; `None` when there are none."""
    try:
        rows = session.read.parquet(out)
    except AnalysisException:
        return None
    found = {(row["model"], row["schema"]) for row in rows.select("model", "schema").distinct().collect()}
    wanted = (model, callcsi.SCHEMA_VERSION)
    if found - {wanted}:
        raise SystemExit(f"{out}: found rows of {sorted(found - {wanted})}, wanted {wanted}: give another --out")
    return rows.select("line", "call_id")


def run(told: argparse.Namespace, session: SparkSession) -> int:
    keep = [name for name in told.keep.split(",") if name]
    partition_by = [name for name in told.partition_by.split(",") if name]
    unknown = [name for name in partition_by if name not in keep]
    if unknown:
        raise SystemExit(f"--partition-by: found {unknown}, wanted columns that --keep names")
    model = callcsi.Model() if told.model is None else callcsi.Model.read(told.model)
    root = told.root if told.root is not None else os.path.dirname(told.manifest) or "."
    if told.restart:
        remove(session, told.out)
    elif told.retry_failed:
        remove(session, f"{told.out.rstrip('/')}/status=failed")
    forget_uncommitted(session, told.out)
    calls = callcsi_spark.manifest(session, told.manifest, told.mapping)
    whole = calls.count()
    done = done_rows(session, told.out, f"{model.name} {model.fingerprint}")
    if done is not None:
        # Rows whose id could not be read have none: null equals null here.
        same = (calls["manifest_line"] == done["line"]) & F.trim(calls["call_id"]).eqNullSafe(done["call_id"])
        # What is there is fixed before anything is written.
        kept = [row[0] for row in calls.join(done, same, "left_semi").select("manifest_line").collect()]
        lines = session.createDataFrame([(line,) for line in kept], "manifest_line bigint")
        calls = calls.join(F.broadcast(lines), "manifest_line", "left_anti")
    # Calls of one id go into one wave, where the second one is told from the first.
    first: dict[str | None, int] = {}
    rows = calls.select("manifest_line", "call_id").collect()
    ids = {line: name.strip() if name else line for line, name in rows}
    for line in sorted(ids):
        first.setdefault(ids[line], line)
    left = sorted(ids, key=lambda line: (first[ids[line]], line))
    if not told.quiet:
        print(f"{whole} calls, {whole - len(left)} there already, {len(left)} to do", file=sys.stderr)
    progress = Progress(session, told.quiet)
    begun = time.monotonic()
    try:
        for start in range(0, len(left), told.wave):
            part = left[start : start + told.wave]
            progress.wave(f"calls {start + 1} to {start + len(part)} of {len(left)}")
            lines = session.createDataFrame([(line,) for line in part], "manifest_line bigint")
            wave = calls.join(F.broadcast(lines), "manifest_line")
            spread = callcsi_spark.spread(wave, tasks=told.tasks, seconds=told.seconds, root=root)
            rows = callcsi_spark.score(
                spread,
                model=model,
                root=root,
                outside=told.outside,
                agent_channel=told.agent_channel,
                keep=keep,
                name=os.path.basename(told.manifest),
            )
            rows.write.mode("append").partitionBy("status", *partition_by).parquet(told.out)
    finally:
        progress.end()
    counts = {row["status"]: row["count"] for row in session.read.parquet(told.out).groupBy("status").count().collect()}
    scored, failed = counts.get("scored", 0), counts.get("failed", 0)
    if not told.quiet:
        seconds = time.monotonic() - begun
        print(f"{scored} scored, {failed} failed; {len(left)} done in {seconds:.0f} s", file=sys.stderr)
    return 1 if failed else 0


def main() -> None:
    told = arguments()
    session = SparkSession.builder.appName("callcsi").getOrCreate()
    try:
        sys.exit(run(told, session))
    finally:
        session.stop()


if __name__ == "__main__":
    main()
