"""The same numbers on Spark: real executor processes, two workers of one core."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pytest
from conftest import DEMO, ROOT, assert_same, by_the_command, command, simulated

import callcsi

pyspark = pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
]

#: Simulated calls; the issue of equality asks for 500, the everyday run for fewer.
CALLS = int(os.environ.get("CALLCSI_SPARK_CALLS", "60"))

SITE = '''
"""Loaded by every Python of the executors: one call brings its process down, as a fault in a decoder would."""
import os
from callcsi import _archive

run = _archive.Work.run

def dies(self, rows, **how):
    alive = "manifest_error" not in rows.cells
    if alive and os.environ.get("CALLCSI_TEST_POISON") in rows.cells["call_id"]:
        os.kill(os.getpid(), 9)
    return run(self, rows, **how)

_archive.Work.run = dies
'''


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    from pyspark.sql import SparkSession

    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    # The executors see the package that the tests see.
    package = pathlib.Path(callcsi.__file__).parents[1]
    path = f"{site}:{package}"
    os.environ["SPARK_HOME"] = os.path.dirname(pyspark.__file__)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executorEnv.PYTHONPATH", path)
        .config("spark.executorEnv.CALLCSI_TEST_POISON", "poison")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Simulated calls with sound; the manifest, and their rows by the command, read once."""
    folder = tmp_path_factory.mktemp("simulated")
    talk = () if CALLS >= 500 else ("--mean-talk-s", "30")
    manifest = simulated(folder, CALLS, 21, "--audio", "mulaw", *talk)
    return manifest, by_the_command(manifest, folder / "rows.csv")


def sorted_rows(frame, names):
    rows = sorted((row.asDict() for row in frame.collect()), key=lambda row: row["line"])
    return pa.table({name: pa.array([row[name] for row in rows]) for name in names})


def test_the_demonstration_gives_the_rows_of_the_command(session, tmp_path):
    from callcsi import spark

    manifest = DEMO / "manifest.csv"
    rows = by_the_command(manifest, tmp_path / "rows.csv")
    calls = spark.manifest(session, manifest)
    for tasks in (1, 3, 14):
        spread = spark.spread(calls, root=DEMO, tasks=tasks)
        assert spread.rdd.getNumPartitions() == tasks
        found = spark.score(spread, root=DEMO, name="manifest.csv")
        assert_same(rows, sorted_rows(found, list(rows[0])))


def test_simulated_calls_give_the_rows_of_the_command_however_they_are_parted(session, archive):
    from callcsi import spark

    manifest, rows = archive
    calls = spark.manifest(session, manifest)
    root = manifest.parent
    for parted in (spark.spread(calls, root=root), calls.repartition(5), calls.coalesce(1)):
        found = spark.score(parted, root=root, name="manifest.csv")
        assert_same(rows, sorted_rows(found, list(rows[0])))


def test_measured_and_predicted_is_as_good_as_scored(session, archive):
    from callcsi import spark

    manifest, rows = archive
    calls = spark.spread(spark.manifest(session, manifest), root=manifest.parent, tasks=2)
    measured = spark.extract(calls, root=manifest.parent, keep=["operator_id"])
    found = spark.predict(measured, callcsi.Model().to_bytes(), keep=["line", "operator_id", "queue_wait_s"])
    predicted = {row["call_id"]: row for row in found.collect()}
    assert len(predicted) == len(rows)
    for row in rows:
        assert predicted[row["call_id"]]["csi"] == float(row["csi"])
        assert predicted[row["call_id"]]["line"] == int(row["line"])
        assert sum(predicted[row["call_id"]][f"p_mark_{m}"] for m in range(1, 6)) == pytest.approx(1)


def test_bytes_in_the_data_frame_are_as_good_as_paths(session, tmp_path):
    from callcsi import spark

    rows = by_the_command(DEMO / "manifest.csv", tmp_path / "rows.csv")
    names = ["demo-01", "demo-02"]
    data = [(n, bytearray((DEMO / f"{n}.wav").read_bytes()), str(DEMO / f"{n}.json")) for n in names]
    frame = session.createDataFrame(data, "call_id string, audio binary, transcript string")
    found = {row["call_id"]: row for row in spark.extract(frame, agent_channel="left").collect()}
    for row in rows[:2]:
        assert found[row["call_id"]]["call_duration"] == float(row["call_duration"])
        assert found[row["call_id"]]["agent_n_words_sum"] == float(row["agent_n_words_sum"])
    with pytest.raises(TypeError, match="not brought to the driver"):
        spark.spread(frame)


def test_odd_names_of_columns_are_told_or_go_through(session):
    from callcsi import spark

    frame = session.createDataFrame([("a", 1.0, "x")], "call_id string, queue_wait_s double, `тема.раз` string")
    rows = spark.score(spark.spread(frame, tasks=1), keep=["тема.раз"]).collect()
    assert rows[0]["тема.раз"] == "x" and rows[0]["status"] == "scored"
    for call, message in [
        (lambda: spark.score(frame.drop("call_id")), "wanted a column call_id"),
        (lambda: spark.score(frame, keep=["nope"]), "wanted a column nope"),
        (lambda: spark.predict(frame.withColumnRenamed("тема.раз", "csi"), keep=["csi"]), "do not have"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_heavier_bins_come_first_and_none_is_far_above_the_mean():
    from callcsi import spark

    draw = random.Random(5)
    for _ in range(50):
        costs = [draw.expovariate(1) for _ in range(draw.randrange(1, 200))]
        count = draw.randrange(1, 20)
        chosen = spark.bins(costs, count)
        loads = [sum(c for c, place in zip(costs, chosen) if place == i) for i in range(count)]
        assert loads == sorted(loads, reverse=True)
        # Graham (1966): each item into the lightest bin gives at most the mean and (1 - 1/m) of the largest.
        assert loads[0] <= sum(costs) / count + (1 - 1 / count) * max(costs) + 1e-9 * sum(costs)


def test_equal_ids_come_into_one_task(session, tmp_path):
    from callcsi import spark

    manifest = tmp_path / "calls.csv"
    lines = ["call_id,queue_wait_s"] + [f"{' ' * (i % 2)}id-{i % 7},{i}" for i in range(40)] + ["b,2,3", "c,x"]
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = by_the_command(manifest, tmp_path / "rows.csv")
    assert sum(row["status"] == "scored" for row in rows) == 7
    calls = spark.spread(spark.manifest(session, manifest), tasks=4)
    found = spark.score(calls, root=tmp_path, name="calls.csv")
    assert_same(rows, sorted_rows(found, list(rows[0])))


def test_transform_gives_the_lines_of_the_command(session, archive, tmp_path):
    """Without Python: Spark SQL sends rows to the command and takes its lines."""
    manifest, _ = archive
    wanted = by_the_command(manifest, tmp_path / "rows.jsonl")
    from callcsi import spark

    calls = spark.manifest(session, manifest).repartition(3)
    calls.createOrReplaceTempView("calls")
    told = f"{command('score_archive')} --stdin --root {manifest.parent} --quiet"
    found = session.sql(f"SELECT TRANSFORM(to_json(struct(*))) USING '{told}' AS (line STRING) FROM calls")
    assert sorted(row["line"] for row in found.collect()) == sorted(wanted)


def executors():
    """The processes of executors, by their command lines."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"CoarseGrainedExecutorBackend" in line and b"java" in line:
                found.append(int(entry.name))
    return found


def test_a_killed_executor_loses_and_doubles_nothing(session, archive, tmp_path):
    from callcsi import spark

    manifest, rows = archive
    killed = []

    def kill():
        deadline = time.monotonic() + 120
        tracker = session.sparkContext.statusTracker()
        while time.monotonic() < deadline and not killed:
            for stage in filter(None, map(tracker.getStageInfo, tracker.getActiveStageIds())):
                if stage.numTasks >= 10 and 1 <= stage.numCompletedTasks < stage.numTasks - 1:
                    victim = executors()[0]
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
                    return
            time.sleep(0.02)

    calls = spark.spread(spark.manifest(session, manifest), root=manifest.parent, tasks=12)
    killer = threading.Thread(target=kill)
    killer.start()
    spark.score(calls, root=manifest.parent, name="manifest.csv").write.parquet(str(tmp_path / "rows"))
    killer.join()
    assert killed, "the run was over before an executor could be killed"
    assert_same(rows, sorted_rows(session.read.parquet(str(tmp_path / "rows")), list(rows[0])))


def test_a_call_that_brings_its_process_down_costs_its_own_row(session, tmp_path):
    from callcsi import spark

    manifest = tmp_path / "calls.csv"
    manifest.write_text("call_id,queue_wait_s\na,1\npoison,2\nb,3\n", encoding="utf-8")
    calls = spark.manifest(session, manifest).coalesce(1)
    rows = sorted(spark.score(calls, name="calls.csv").collect(), key=lambda row: row["line"])
    assert [row["status"] for row in rows] == ["scored", "failed", "scored"]
    assert "signal 9 (SIGKILL)" in rows[1]["error"] and "call poison: calls.csv line 3" in rows[1]["error"]


def driver(session, *told):
    sys.path.insert(0, str(ROOT / "python" / "examples"))
    try:
        import score_archive_spark
    finally:
        sys.path.pop(0)
    return score_archive_spark.run(score_archive_spark.arguments([str(word) for word in told]), session)


def test_the_driver_script_goes_on_where_it_was_broken_off(session, archive, tmp_path):
    manifest, rows = archive
    out = tmp_path / "rows"
    wave = len(rows) // 3
    told = ("--manifest", manifest, "--out", out, "--wave", wave, "--seconds", "1", "--quiet")
    from callcsi import spark

    calls, made = spark.score, []

    def breaks(*given, **how):
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(1)
        return calls(*given, **how)

    spark.score = breaks
    try:
        with pytest.raises(KeyboardInterrupt):
            driver(session, *told)
    finally:
        spark.score = calls
    there = session.read.parquet(str(out)).count()
    assert there == wave
    # A killed driver leaves the output of tasks that were done and of a wave that was not.
    left = out / "_temporary" / "0" / "task_202611290000000000000000000000_0000_m_000000" / "status=scored"
    left.mkdir(parents=True)
    for file in (out / "status=scored").glob("*.parquet"):
        shutil.copy(file, left / f"left-{file.name}")
    assert driver(session, *told) == 0
    assert_same(rows, sorted_rows(session.read.parquet(str(out)), list(rows[0])))
    # Nothing is left: nothing is added.
    assert driver(session, *told) == 0
    assert session.read.parquet(str(out)).count() == len(rows)
    with pytest.raises(SystemExit, match="another --out"):
        model = tmp_path / "model.json"
        text = callcsi.Model().to_bytes().replace(b'"name": "builtin"', b'"name": "other"')
        model.write_bytes(text)
        driver(session, *told, "--model", model)


def test_the_driver_script_keeps_failures_apart_and_tries_them_again(session, tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    out = tmp_path / "rows"
    told = ("--manifest", folder / "manifest.csv", "--out", out, "--quiet", "--keep", "operator_id")
    assert driver(session, *told, "--partition-by", "operator_id") == 1
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["status=failed", "status=scored"]
    shutil.copy(folder / "demo-07.wav", folder / "demo-06.wav")
    assert driver(session, *told, "--partition-by", "operator_id") == 1
    before = session.read.parquet(str(out)).where("status = 'failed'").count()
    assert driver(session, *told, "--partition-by", "operator_id", "--retry-failed") == 1
    rows = session.read.parquet(str(out))
    assert (before, rows.where("status = 'failed'").count(), rows.count()) == (2, 1, 14)


def test_the_driver_script_runs_as_a_command(tmp_path):
    out = tmp_path / "rows"
    script = ROOT / "python" / "examples" / "score_archive_spark.py"
    package = pathlib.Path(callcsi.__file__).parents[1]
    told = [sys.executable, str(script), "--manifest", str(DEMO / "manifest.csv"), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(package), "MASTER": "local[1]"}
    ended = subprocess.run(told, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert ended.returncode == 1, ended.stderr[-2000:]
    assert "14 calls, 0 there already, 14 to do" in ended.stderr
    assert "12 scored, 2 failed" in ended.stderr


CONNECT = """
import json, sys
from pyspark.sql import SparkSession
from callcsi import spark
session = SparkSession.builder.remote("local[2]").getOrCreate()
assert type(session).__module__.startswith("pyspark.sql.connect"), type(session)
calls = spark.spread(spark.manifest(session, sys.argv[1] + "/manifest.csv"), root=sys.argv[1], tasks=3)
rows = spark.score(calls, root=sys.argv[1], name="manifest.csv").collect()
rows = sorted((row.asDict() for row in rows), key=lambda row: row["line"])
predicted = spark.predict(spark.extract(calls, root=sys.argv[1]), keep=["line"]).collect()
found = {row["line"]: row["csi"] for row in predicted}
assert all(found[row["line"]] == row["csi"] for row in rows)
print(json.dumps(rows))
session.stop()
"""


def test_spark_connect_gives_the_same_rows(tmp_path):
    pytest.importorskip("grpc")
    rows = by_the_command(DEMO / "manifest.csv", tmp_path / "rows.csv")
    package = pathlib.Path(callcsi.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(package), "PYSPARK_PYTHON": sys.executable}
    environment["SPARK_HOME"] = os.path.dirname(pyspark.__file__)
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    told = [sys.executable, "-c", CONNECT, str(DEMO)]
    ended = subprocess.run(told, capture_output=True, text=True, env=environment, timeout=300, cwd=tmp_path, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    assert_same(rows, pa.table({name: pa.array([row[name] for row in found]) for name in rows[0]}))
