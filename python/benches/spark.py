"""The processor's time on Spark beside the same calls by the command, in one run:

    python python/benches/spark.py MANIFEST target/release/examples/score_archive [--seconds 10] [--reps 3]

What is counted is the processor's time of all processes (user and system): of Spark the driver, its JVM, the
executors and their Python workers; of the command its own. A ratio of 1 is no cost beside the work itself. The first
repetition on Spark starts the executors' Python and warms the JVM; the others are warm. Times on the clock are
printed too, and mean little on a shared machine.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(root: int) -> float:
    """The processor's time of a process and all that came from it and lives, with what they waited for."""
    stats = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            stats[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICKS)
    total, known = 0.0, {root}
    for _ in stats:
        more = {pid for pid, (parent, _) in stats.items() if parent in known} - known
        if not more:
            break
        known |= more
    return sum(stats[pid][1] for pid in known if pid in stats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("command", type=pathlib.Path, help="score_archive, built with --release")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of work in a task")
    parser.add_argument("--reps", type=int, default=3)
    told = parser.parse_args()

    import pyspark
    from pyspark.sql import SparkSession

    import callcsi
    from callcsi import spark

    package = str(pathlib.Path(callcsi.__file__).parents[1])
    os.environ.setdefault("SPARK_HOME", os.path.dirname(pyspark.__file__))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executorEnv.PYTHONPATH", package)
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    kept = tempfile.TemporaryDirectory(prefix="callcsi-spark-")
    folder = pathlib.Path(kept.name)
    root = told.manifest.resolve().parent
    for turn in range(told.reps):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        out = folder / f"rows-{turn}.csv"
        run = [told.command, told.manifest, "--quiet", "--jobs", "2", "--out", out]
        subprocess.run(run, check=False)
        after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"command: {own:.1f} s of processor, {ended - begun:.1f} s", flush=True)
        before_s, begun = processor_seconds(os.getpid()), time.monotonic()
        calls = spark.spread(spark.manifest(session, told.manifest), root=root, seconds=told.seconds)
        tasks = calls.rdd.getNumPartitions()
        spark.score(calls, root=root).write.parquet(str(folder / f"rows-{turn}"))
        ended = time.monotonic()
        used = processor_seconds(os.getpid()) - before_s
        word = "cold" if turn == 0 else "warm"
        print(
            f"Spark ({word}), {tasks} tasks: {used:.1f} s of processor, {ended - begun:.1f} s; "
            f"command / Spark = {own / used:.2f}",
            flush=True,
        )
    session.stop()
    kept.cleanup()


if __name__ == "__main__":
    main()
