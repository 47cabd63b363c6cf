"""Calls in, tables out."""

import datetime
import math
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import wave

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from conftest import DEMO, assert_same, by_the_command, simulated

import callcsi


def plain(table):
    """A table as a list of rows, to compare."""
    return table.to_pylist()


@pytest.fixture(scope="module")
def scored():
    return callcsi.score(DEMO / "manifest.csv")


def test_the_demonstration_is_scored_as_by_the_command(tmp_path, scored):
    assert_same(by_the_command(DEMO / "manifest.csv", tmp_path / "rows.csv"), scored)
    assert scored.schema.metadata == {b"callcsi.schema": str(callcsi.SCHEMA_VERSION).encode()}


def test_simulated_calls_are_scored_as_by_the_command_on_any_number_of_threads(tmp_path):
    manifest = simulated(tmp_path, 12, 3, "--audio", "mulaw", "--mean-talk-s", "20")
    keep = ["operator_id", "call_start"]
    rows = by_the_command(manifest, tmp_path / "rows.csv", "--keep", ",".join(keep))
    for threads in (1, 2, 5):
        assert_same(rows, callcsi.score(manifest, keep=keep, threads=threads))


def test_measured_and_predicted_is_as_good_as_scored(scored):
    table = callcsi.extract(DEMO / "manifest.csv")
    judged = {"csi", "satisfied", "dissatisfied", "log_odds", "base_log_odds", "reasons", "model"}
    assert table.column_names == [name for name in scored.column_names if name not in judged]
    for name in table.column_names:
        words = {"scored": "measured"} if name == "status" else {}
        wanted = [words.get(value, value) for value in scored.column(name).to_pylist()]
        assert table.column(name).to_pylist() == wanted, name
    predicted = callcsi.predict(table)
    for name in ("call_id", "csi", "satisfied", "dissatisfied", "log_odds"):
        assert predicted.column(name).to_pylist() == scored.column(name).to_pylist(), name
    marks = predicted.select([f"p_mark_{mark}" for mark in range(1, 6)]).to_pylist()
    for row, csi in zip(marks, predicted.column("csi").to_pylist()):
        if csi is None:
            assert set(row.values()) == {None}
        else:
            assert sum(row.values()) == pytest.approx(1)
            # The expected mark is the mean of the distribution.
            assert sum(mark * p for mark, p in enumerate(row.values(), 1)) == pytest.approx(csi)


def test_what_does_not_exist_is_null_and_never_zero_or_nan(scored):
    features = callcsi.catalogue().column("name").to_pylist()
    for name in features:
        for value in scored.column(name).to_pylist():
            assert value is None or value == value
    # The fifth call has no transcript: it has no words, not none.
    assert scored.column("agent_n_words_sum").to_pylist()[4] is None
    assert scored.column("queue_wait_s").to_pylist()[4] == 0.0


def test_a_table_of_any_library_is_as_good_as_the_manifest(scored):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    arrow = callcsi.read_manifest(DEMO / "manifest.csv")
    told = {"root": DEMO, "name": "manifest.csv"}
    # As people read it: numbers as floats, holes as NaN, no lines.
    frame = pandas.read_csv(DEMO / "manifest.csv")
    frame["manifest_line"] = range(2, 2 + len(frame))
    fitted = polars.read_csv(DEMO / "manifest.csv").with_columns(manifest_line=polars.arange(2, 2 + len(frame)))
    for table in (arrow, arrow.to_batches()[0], frame, frame.astype({"agent_channel": "category"}), fitted):
        assert callcsi.score(table, **told).equals(scored), type(table)
    columns = {name: arrow.column(name).to_pylist() for name in arrow.column_names}
    assert callcsi.score(columns, **told).equals(scored)


def test_bytes_and_addresses_are_as_good_as_paths(scored):
    table = callcsi.read_manifest(DEMO / "manifest.csv")
    paths, data = {}, {}
    for name in ("audio", "audio_agent", "audio_customer", "transcript"):
        files = table.column(name).to_pylist()
        data[name] = pa.array([f and (DEMO / f).read_bytes() for f in files], pa.binary())
        paths[name] = pa.array([f and f"{DEMO}/{f}" for f in files])
    whole = plain(callcsi.score(table, root=DEMO, name="manifest.csv"))
    for row in whole:
        # Of bytes there is no name.
        row["error"] = row["error"] and row["error"].replace(f"{DEMO}/demo", "demo")

    def with_columns(columns):
        changed = table
        for name, column in columns.items():
            changed = changed.set_column(changed.column_names.index(name), name, column)
        return changed

    by_bytes = plain(callcsi.score(with_columns(data), name="manifest.csv"))
    for row, wanted in zip(by_bytes, whole):
        if row["error"]:
            assert row["call_id"] in row["error"]
            assert row["error"].split("found ")[1] == wanted["error"].split("found ")[1]
        assert {**row, "error": None} == {**wanted, "error": None}
    system = pafs.SubTreeFileSystem(str(DEMO), pafs.LocalFileSystem())
    assert plain(callcsi.score(table, filesystem=system))[0]["csi"] == whole[0]["csi"]
    by_address = {name: pa.array([p and f"file://{p}" for p in c.to_pylist()]) for name, c in paths.items()}
    found = plain(callcsi.score(with_columns(by_address), name="manifest.csv"))
    assert [row["csi"] for row in found] == [row["csi"] for row in whole]


def test_a_list_of_recordings_takes_facts_and_transcripts_beside_it():
    files = [DEMO / "demo-01.wav", str(DEMO / "demo-02.wav"), (DEMO / "demo-07.wav").read_bytes(), None]
    table = callcsi.extract(
        files,
        metadata=[{"queue": {"wait_s": 6}}, '{"queue": {"wait_s": 95}}', None, {"queue": {"wait_s": 1}}],
        transcripts=[DEMO / "demo-01.json", (DEMO / "demo-02.json").read_bytes(), None, DEMO / "demo-03.json"],
        agent_channel="left",
    )
    assert table.column("status").to_pylist() == ["measured"] * 4
    # Bytes have no name, so the calls are numbered.
    assert table.column("call_id").to_pylist() == [f"call-{i}" for i in range(1, 5)]
    assert table.column("queue_wait_s").to_pylist() == [6.0, 95.0, None, 1.0]
    assert [n is None for n in table.column("agent_n_words_sum").to_pylist()] == [False, False, True, False]
    named = callcsi.extract(files[:2], agent_channel="left")
    assert named.column("call_id").to_pylist() == ["demo-01", "demo-02"]
    with pytest.raises(ValueError, match="found 1, wanted 2"):
        callcsi.extract(files[:2], transcripts=[None], agent_channel="left")


def sine(seconds, rate=8000):
    """Half a second of a tone on either side, and silence: no speech, but sound."""
    frames = b"".join(
        struct.pack("<hh", int(8000 * math.sin(i / 3)) if i < rate / 2 else 0, 0) for i in range(int(seconds * rate))
    )
    return frames, rate


@pytest.fixture
def tone(tmp_path):
    path = tmp_path / "тон запись.wav"
    frames, rate = sine(3)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


def test_cyrillic_names_and_odd_values_go_through(tone):
    table = callcsi.extract(
        {
            "call_id": ["звонок «1»", "звонок 2", " 3 ", "3"],
            "audio": [str(tone)] * 4,
            "agent_channel": ["left", "middle", "left", "left"],
            "queue_wait_s": [1.5, 2.0, float("nan"), 3.0],
            "hold_count": [1.0, None, 0.0, 2.0],
            "recording_start": [datetime.datetime(2026, 11, 29, 10, tzinfo=datetime.timezone.utc), None, None, None],
            "оператор": ["Анна", "Борис", None, "Вера"],
        },
        keep=["оператор"],
    )
    rows = plain(table)
    assert [row["status"] for row in rows] == ["measured", "failed", "measured", "failed"]
    assert [row["оператор"] for row in rows] == ["Анна", None, None, None]
    assert [row["queue_wait_s"] for row in rows] == [1.5, None, None, None]
    assert rows[0]["hold_count"] == 1.0 and rows[2]["call_id"] == "3"
    assert "wanted left, right" in rows[1]["error"] and "the table line 2" in rows[1]["error"]
    assert "a second time" in rows[3]["error"]


def test_a_row_that_cannot_be_read_is_a_row_of_results(tmp_path):
    manifest = tmp_path / "calls.csv"
    manifest.write_text("call_id,queue_wait_s\na,1\nb,2,3\nc,x\nd,4\n", encoding="utf-8")
    wanted = by_the_command(manifest, tmp_path / "rows.csv")
    # A wait is something to go by; a row with a cell too many and a wait that is no number are not.
    assert [row["status"] for row in wanted] == ["scored", "failed", "failed", "scored"]
    assert_same(wanted, callcsi.score(manifest))
    table = callcsi.read_manifest(manifest)
    assert table.column("manifest_line").to_pylist() == [2, 3, 4, 5]
    assert [error is None for error in table.column("manifest_error").to_pylist()] == [True, False, True, True]


def test_what_cannot_be_is_refused_with_what_was_wanted(tmp_path):
    for calls, message in [
        ({"id": ["1"]}, "wanted a column call_id"),
        (tmp_path / "none.csv", "none.csv"),
        (3, "a table is wanted"),
        ({"call_id": ["1"], "blob": [b"x"]}, "'blob' holds bytes"),
        ({"call_id": ["1"], "audio": [3]}, "audio: a path"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            callcsi.extract(calls)
    with pytest.raises(callcsi.Error) as raised:
        callcsi.extract({"call_id": ["1"]}, keep=["csi"])
    assert raised.value.kind == "mismatch" and "csi" in raised.value.found
    with pytest.raises(callcsi.Error, match="left, right"):
        callcsi.extract({"call_id": ["1"]}, agent_channel="middle")
    with pytest.raises(ValueError, match="unknown field"):
        callcsi.extract({"call_id": ["1"]}, settings={"pich": True})
    with pytest.raises(ValueError, match="no column 'operator'"):
        callcsi.extract({"call_id": ["1"]}, keep=["operator"])
    with pytest.raises(TypeError, match="'agent_chanel'"):
        callcsi.extract({"call_id": ["1"]}, agent_chanel="left")
    with pytest.raises(TypeError, match="one of them"):
        callcsi.extract({"call_id": ["1"]}, settings={}, model=callcsi.Model())


def test_paths_of_a_manifest_stay_in_its_folder_and_those_of_a_caller_need_not(tmp_path, tone):
    inner = tmp_path / "inner"
    inner.mkdir()
    manifest = inner / "calls.csv"
    manifest.write_text(f"call_id,audio,agent_channel\na,../{tone.name},left\n", encoding="utf-8")
    assert "leads out" in plain(callcsi.extract(manifest))[0]["error"]
    assert plain(callcsi.extract(manifest, root=inner, outside=True))[0]["status"] == "measured"
    assert plain(callcsi.extract([str(tone)], agent_channel="left"))[0]["status"] == "measured"


def test_addresses_of_a_manifest_are_fetched_only_where_they_may_be(tmp_path):
    manifest = tmp_path / "calls.csv"
    manifest.write_text("call_id,audio,agent_channel\na,mock:///x.wav,left\n", encoding="utf-8")
    assert "nothing is fetched from a network" in plain(callcsi.extract(manifest))[0]["error"]
    assert plain(callcsi.extract(manifest, root=tmp_path, outside=True))[0]["error_kind"] == "io"
    rows = {"call_id": list("abcd"), "audio": ["../x.wav", "/x.wav", "s3://other/x.wav", "y/x.wav"]}
    rows["agent_channel"] = ["left"] * 4
    found = plain(callcsi.extract(rows, root="mock:///calls"))
    assert ["leads out" in found[0]["error"], "absolute" in found[1]["error"]] == [True, True]
    assert "nothing is fetched" in found[2]["error"]
    # What is inside is asked for.
    assert found[3]["error_kind"] == "io" and "mock:///calls/y/x.wav" in found[3]["error"]


def test_paths_start_from_a_folder_of_a_file_system(tmp_path):
    system = pafs.SubTreeFileSystem(str(DEMO.parent), pafs.LocalFileSystem())
    found = callcsi.extract(["demo-07.wav"], agent_channel="left", root=DEMO.name, filesystem=system)
    assert plain(found)[0]["status"] == "measured"
    inner = pafs.SubTreeFileSystem(str(DEMO), pafs.LocalFileSystem())
    found = plain(callcsi.extract("manifest.csv", filesystem=inner))
    assert [row["status"] for row in found].count("measured") == 12
    found = callcsi.extract(["demo-07.wav"], agent_channel="left", root=f"file:{DEMO}")
    assert plain(found)[0]["status"] == "measured"


def test_settings_change_what_is_measured_and_travel_with_the_table(tone):
    usual = callcsi.extract([tone], agent_channel="left")
    pitched = callcsi.extract([tone], agent_channel="left", settings={"pitch": True})
    assert usual.column("settings") != pitched.column("settings")
    with pytest.raises(callcsi.Error, match="measure again"):
        callcsi.predict(pitched)
    callcsi.predict(usual)


def test_an_empty_table_gives_an_empty_table_of_the_same_shape(scored):
    nothing = callcsi.score(pa.table({"call_id": pa.array([], pa.string())}))
    assert nothing.num_rows == 0 and nothing.schema == scored.schema
    assert callcsi.predict(callcsi.extract([])).num_rows == 0


def test_batches_are_the_table_in_pieces(monkeypatch, scored):
    from callcsi import _archive

    monkeypatch.setattr(_archive, "BATCH", 4)
    told = []
    table = callcsi.score(DEMO / "manifest.csv", progress=lambda done, total: told.append((done, total)))
    assert table.equals(scored)
    assert told[-1] == (14, 14) and all(total == 14 for _, total in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    pieces = list(callcsi.extract_batches(DEMO / "manifest.csv"))
    assert [piece.num_rows for piece in pieces] == [4, 4, 4, 2]


def test_a_file_that_cannot_be_fetched_fails_its_call_alone():
    table = {"call_id": ["a", "b"], "audio": ["mock:///none.wav", str(DEMO / "demo-07.wav")], "agent_channel": ["left"] * 2}
    rows = plain(callcsi.extract(table))
    assert [row["status"] for row in rows] == ["failed", "measured"]
    assert rows[0]["error_kind"] == "io" and "mock:///none.wav" in rows[0]["error"]


def test_files_come_from_any_file_system():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/calls/one.wav", (DEMO / "demo-07.wav").read_bytes())
    one = callcsi.extract(["/calls/one.wav"], agent_channel="left", filesystem=memory)
    assert plain(one)[0]["status"] == "measured"


def test_the_lock_of_the_interpreter_is_released():
    """While calls are listened to, another thread of Python goes on."""
    ticks, stop = [0], threading.Event()

    def tick():
        while not stop.is_set():
            ticks[0] += 1
            stop.wait(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks[0]
    callcsi.extract(DEMO / "manifest.csv", threads=1)
    during = ticks[0] - before
    stop.set()
    thread.join()
    # The demonstration takes some tenths of a second; held all along, the lock would leave a tick or two.
    assert during > 20


def run_python(text, **how):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def test_ctrl_c_ends_the_work(tmp_path):
    manifest = simulated(tmp_path, 40, 4, "--audio", "mulaw", "--mean-talk-s", "60")
    child = run_python(
        f"""
        import callcsi, sys
        print("begun", flush=True)
        def told(done, total):
            print(done, flush=True)
        try:
            for _ in range(100):
                callcsi.extract({str(manifest)!r}, threads=2, progress=told)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            sys.exit(7)
        """
    )
    assert child.stdout.readline() == "begun\n"
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 7, err
    assert out.endswith("interrupted\n")


def test_an_exception_of_progress_ends_the_work_and_is_raised(tmp_path):
    def fails(done, total):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        callcsi.extract(DEMO / "manifest.csv", progress=fails)


def test_work_goes_on_in_a_forked_child():
    """Engines fork their workers after the parent has worked."""
    callcsi.extract([DEMO / "demo-07.wav"], agent_channel="left", threads=2)
    child = os.fork()
    if child == 0:
        try:
            callcsi.extract([DEMO / "demo-07.wav"], agent_channel="left", threads=2)
            os._exit(0)
        finally:
            os._exit(1)
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        threading.Event().wait(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("a forked child hangs")
    assert status == 0


def test_a_call_in_a_process_of_its_own_gives_the_same_row(scored):
    from callcsi import _apart, _archive, _native, _rows

    table = callcsi.read_manifest(DEMO / "manifest.csv")
    work = _archive.work_of(True, root=DEMO, name="manifest.csv")
    rows = _rows.of_table(table, work.place)
    seen = _native.SeenIds()
    from callcsi import _arrow

    found = [_apart.run_one(work, rows.slice(i, 1), line=1, seen=seen) for i in range(rows.count)]
    batches = [_arrow.batch(one, callcsi.SCHEMA_VERSION) for one in found]
    assert pa.Table.from_batches(batches).equals(scored)
    again = _arrow.batch(_apart.run_one(work, rows.slice(0, 1), line=1, seen=seen), callcsi.SCHEMA_VERSION)
    assert "a second time" in again.column("error")[0].as_py()


def test_a_process_that_dies_costs_its_row_only(monkeypatch):
    from callcsi import _apart, _archive, _arrow, _native, _rows

    run = _archive.Work.run

    def dies(self, rows, **how):
        if rows.cells["call_id"] == ["demo-02"] and "manifest_error" not in rows.cells:
            # As the kernel does when memory runs out.
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, rows, **how)

    monkeypatch.setattr(_archive.Work, "run", dies)
    work = _archive.work_of(True, root=DEMO, name="manifest.csv")
    rows = _rows.of_table(callcsi.read_manifest(DEMO / "manifest.csv"), work.place).slice(0, 3)
    seen = _native.SeenIds()
    found = [_apart.run_one(work, rows.slice(i, 1), line=1, seen=seen) for i in range(3)]
    rows = [_arrow.batch(one, callcsi.SCHEMA_VERSION).to_pylist()[0] for one in found]
    assert [row["status"] for row in rows] == ["scored", "failed", "scored"]
    assert rows[1]["line"] == 3 and rows[1]["mark"] == 2 and rows[1]["error_kind"] == "internal"
    assert "signal 9 (SIGKILL)" in rows[1]["error"] and "demo-02" in rows[1]["error"]
