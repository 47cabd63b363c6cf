"""Times score_archive on an archive beside two peers, on the same files in one run.

    cargo build --release --example score_archive
    python archive.py MANIFEST --score ../../target/release/examples/score_archive [--rounds 3]

* ffmpeg: decodes each recording and throws the sound away (`-f null -`), one process a file, one file
  at a time on one thread. Anything that listens must at least do that.
* python: what one would write otherwise: soundfile, Silero's published graph by onnxruntime on each channel
  (windows of one channel after another, one thread), numpy for thirty measurements of talk, silence, overlap
  and turns, scikit-learn's logistic regression on them. Nothing of words, line sounds, bleed or prosody.
* ours: `score_archive --jobs 1`: all measurements, with reasons, into a file.

Each is one process on one thread, in turn, several rounds; medians, and ratios to ours. Seconds of wall
clock per hour of stereo sound. Ratios within a run mean something, seconds do not.
"""

import os

for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[variable] = "1"

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile
from importlib import metadata
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RATE, WINDOW, CONTEXT = 8_000, 256, 32
STEP = WINDOW / RATE


def recordings(manifest):
    with open(manifest, newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row.get("audio")]
    return [Path(manifest).parent / row["audio"] for row in rows]


def session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    package = metadata.distribution("silero-vad")
    path = package.locate_file("silero_vad/data/silero_vad.onnx")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def speech(silero, samples):
    """Returns for each window whether it is speech, with the hysteresis of the package."""
    count = -(-len(samples) // WINDOW)
    padded = np.zeros(CONTEXT + count * WINDOW, np.float32)
    padded[CONTEXT : CONTEXT + len(samples)] = samples
    state, rate = np.zeros((2, 1, 128), np.float32), np.array(RATE, np.int64)
    talks, on = np.zeros(count, bool), False
    for i in range(count):
        window = padded[None, i * WINDOW : (i + 1) * WINDOW + CONTEXT]
        score, state = silero.run(None, {"input": window, "state": state, "sr": rate})
        on = score[0, 0] >= (0.35 if on else 0.5)
        talks[i] = on
    return talks


def runs(talks):
    """Returns starts and ends of speech, in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], talks.astype(np.int8), [0]])))
    return edges[::2] * STEP, edges[1::2] * STEP


def measure(left, right):
    both, any_ = left & right, left | right
    values = [len(left) * STEP, both.mean(), any_.mean(), 1 - any_.mean()]
    for mine, other in [(left, right), (right, left)]:
        start, end = runs(mine)
        lengths = end - start
        gaps = start[1:] - end[:-1]
        for some in [lengths, gaps]:
            some = some if len(some) else np.zeros(1)
            values += [len(some), some.sum(), some.mean(), some.std(), some.max()]
        values += [mine.mean(), (mine & other).sum() / max(mine.sum(), 1)]
    return np.array(values[:30])


def python_pipeline(files):
    silero = session()
    table = []
    for file in files:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
        assert rate == RATE and samples.shape[1] == 2, f"{file}: stereo at 8 kHz is wanted"
        table.append(measure(*(speech(silero, samples[:, c]) for c in range(2))))
    table = np.array(table)
    marks = np.arange(len(table)) % 2
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(table, marks)
    return model.predict_proba(table)


def ffmpeg(files):
    for file in files:
        command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", file, "-f", "null", "-"]
        subprocess.run(command, check=True)


def ours(manifest, score):
    with tempfile.TemporaryDirectory() as folder:
        command = [score, manifest, "--jobs", "1", "--quiet", "--out", f"{folder}/rows.jsonl"]
        if subprocess.run(command).returncode > 1:
            sys.exit("score_archive did not end")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("--score", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, help="only the first so many recordings, for the peers and ours")
    options = parser.parse_args()
    files = recordings(options.manifest)[: options.files]
    manifest = options.manifest
    if options.files:
        # Ours gets the same recordings: a manifest of those rows, beside the original.
        with open(manifest, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if row.get("audio")][: options.files]
        manifest = str(Path(options.manifest).with_name(".first.csv"))
        with open(manifest, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, reader.fieldnames)
            writer.writeheader()
            writer.writerows(rows)
    hours = sum(soundfile.info(file).duration for file in files) / 3600
    print(f"{len(files)} recordings, {hours:.2f} h of stereo sound")
    works = {
        "ours": lambda: ours(manifest, options.score),
        "ffmpeg": lambda: ffmpeg(files),
        "python": lambda: python_pipeline(files),
    }
    times = {name: [] for name in works}
    for _ in range(options.rounds):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - begin) / hours)
    mine = times["ours"]
    for name, seconds in times.items():
        ratio = statistics.median(theirs / our for theirs, our in zip(seconds, mine))
        told = ", ".join(f"{s:.2f}" for s in seconds)
        print(f"{name:8} {statistics.median(seconds):8.2f} s per stereo hour ({told}), {ratio:.2f} x ours")


if __name__ == "__main__":
    main()
