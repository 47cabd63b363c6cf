"""Compares the crate's detectors with Silero (onnxruntime) and WebRTC, on the same audio in one run.

    cargo build --release --example evaluate_vad
    python peers.py manifest.csv --evaluate ../../target/release/examples/evaluate_vad --out DIR

For each condition `evaluate_vad --write-audio` prepares the recordings; the peers hear what it wrote,
brought to 8 kHz, and are judged and decided upon by the same rules (see judge.py; what it says of
scores is checked at each run against evaluate_vad). The decision is by scores alone; the crate also cuts
by the level, and evaluate_vad says what that gives. DIR gets report.json and, for each recording, the score of
every judged frame of 10 ms.

* silero-published: stateful, as the audio is; its score is of the window it ends with.
* silero-gain: stateful, loud frames of the recording brought to -23 dBFS; its score is of the window
  before, as that of silero-1: 32 ms earlier.
* webrtc-1: mode 1, frames of 10 ms, yes or no; so its AUC is its balanced accuracy.

Then the time: seconds of the processor on one thread, all in turn, several rounds, medians. Ours is
what evaluate_vad counts (resampling, level, network, decision); of the peers it is the gain and the
network, in a loop of Python's. Ratios within a run mean something, seconds do not.
"""

import os

# Before numpy is imported: it reads them once.
for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[variable] = "1"

import argparse
import csv
import itertools
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

import hear
from judge import FRAME, Figures, Scores, contains, nanos

CONDITIONS = {
    "as is": "none",
    "telephone": "telephone",
    "-45 dBFS": "quiet",
    "pink 10 dB": "pink10",
    "babble 10 dB": "babble10",
}
OURS = ["earshot-1", "silero-1", "energy-1"]
PEERS = ["silero-published", "silero-gain", "webrtc-1"]
MILLIS = 1_000_000
BATCHES = [16, 64]


@dataclass
class Scene:
    """A recording as it was heard, with our scores."""

    name: str
    group: str
    samples: np.ndarray
    length: int
    label: list
    start: int
    end: int
    ours: Scores

    def centres(self):
        first = self.start + FRAME // 2
        return np.arange(first, self.end, FRAME, dtype=np.int64)


def evaluate(arguments, detector, degrade, folder=None):
    command = [arguments.evaluate, arguments.manifest, "--json", "--detector", detector]
    command += ["--degrade", degrade] + (["--write-audio", folder] if folder else [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip() or f"{arguments.evaluate}: ended with {done.returncode}")
    return json.loads(done.stdout)


def read(folder):
    scenes = []
    for row in csv.DictReader(open(folder / "scenes.csv", encoding="utf-8", newline="")):
        samples, rate = soundfile.read(folder / row["audio"], dtype="float32")
        labels = csv.DictReader(open(folder / row["labels"], encoding="utf-8", newline=""))
        text = (folder / row["scores"]).read_text()
        values = np.array([float(line) for line in text.split()], np.float32)
        scenes.append(
            Scene(
                name=row["name"],
                group=row["group"],
                samples=hear.resampled(samples, rate),
                length=round(len(samples) * 1e9 / rate),
                label=[[nanos(r["start"]), nanos(r["end"])] for r in labels],
                start=nanos(row["start_s"]),
                end=nanos(row["end_s"]),
                ours=Scores(values.astype(np.float64), nanos(row["hop_s"]), nanos(row["delay_s"])),
            )
        )
    return scenes


def same(said, found, place=""):
    """Ends the run where the crate and judge.py do not agree."""
    for key, value in found.items():
        if isinstance(value, dict):
            same(said[key], value, f"{place}{key}.")
        elif (value is None) != (said[key] is None) or (
            value is not None and abs(value - said[key]) > 1e-6
        ):
            sys.exit(f"{place}{key}: evaluate_vad says {said[key]}, judge.py {value}")


def judged(scenes, scores, settings):
    """Returns the figures of all scenes together and of each group."""
    groups = {"all": Figures()}
    for scene, own in zip(scenes, scores):
        for group in {"all", scene.group or "all"}:
            groups.setdefault(group, Figures()).add(scene, own, settings)
    return {name: figures.result(settings["speech_on"]) for name, figures in groups.items()}


def heard(scenes, silero):
    """Returns the scores of each peer for each scene."""
    window = 32 * MILLIS

    def scores(values, hop, delay):
        return Scores(values.astype(np.float64), hop, delay)

    louder = [hear.normalised(s.samples) for s in scenes]
    alone = [silero.hear([x])[0] for x in louder]
    batched = silero.hear(louder)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(alone, batched))
    if apart > 1e-3:
        sys.exit(f"Silero in a batch differs from Silero alone by {apart}")
    return {
        "silero-published": [scores(silero.hear([s.samples])[0], window, 0) for s in scenes],
        "silero-gain": [scores(x, window, window) for x in alone],
        "webrtc-1": [scores(hear.webrtc(s.samples), 10 * MILLIS, 0) for s in scenes],
    }


def write_frames(folder, scenes, scores):
    """Writes a row for each judged frame: its start, its label, the score of each detector."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, scene in enumerate(scenes):
        times = scene.centres()
        columns = [(times - FRAME // 2) / 1e9, contains(scene.label, times).astype(int)]
        columns += [np.round(of[i].at(times), 4) for of in scores.values()]
        with open(folder / f"{i + 1:03}.csv", "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["start_s", "speech", *scores])
            out.writerows(zip(*columns))


def compare(arguments, condition, degrade, silero):
    folder = arguments.out / degrade.replace(",", "+")
    report, scores = {}, {}
    for detector in OURS:
        said = evaluate(arguments, detector, degrade, folder)
        settings, scenes = said["settings"], read(folder)
        scores[detector] = [scene.ours for scene in scenes]
        report[detector] = judged(scenes, scores[detector], settings)
        scored = {key: report[detector]["all"][key] for key in ["frames", "auc", "raw"]}
        same(said["pooled"], scored, f"{condition}, {detector}: ")
    for peer, own in heard(scenes, silero).items():
        scores[peer] = own
        report[peer] = judged(scenes, own, settings)
    write_frames(folder / "frames", scenes, scores)
    for path in folder.glob("*.scores"):
        path.unlink()
    return report


def timed(rounds, arguments, silero):
    """Returns, for each detector, how many times faster than real time it was in each round."""
    folder = arguments.out / "telephone"
    evaluate(arguments, OURS[0], "telephone", folder)
    streams = [scene.samples for scene in read(folder)]
    shortest = min(len(s) for s in streams)
    equal = [s[:shortest] for s in streams]

    def speed(work, streams):
        before = time.process_time()
        work(streams)
        spent = time.process_time() - before
        return sum(len(s) for s in streams) / hear.RATE / spent

    def one_by_one(streams):
        for samples in streams:
            silero.hear([hear.normalised(samples)])

    def together(streams):
        silero.hear([hear.normalised(s) for s in streams])

    found = {}
    for _ in range(rounds):
        for detector in OURS:
            said = evaluate(arguments, detector, "telephone")
            found.setdefault(detector, []).append(said["pooled"]["times_real_time"])
        found.setdefault("silero, one call", []).append(speed(one_by_one, streams))
        for size in BATCHES:
            batch = list(itertools.islice(itertools.cycle(equal), size))
            name = f"silero, {size} at once"
            found.setdefault(name, []).append(speed(together, batch))
        webrtc = lambda streams: [hear.webrtc(s) for s in streams]
        found.setdefault("webrtc-1", []).append(speed(webrtc, streams))
    return found


def shown(value, digits=3, scale=1):
    return "-" if value is None else f"{value * scale:.{digits}f}"


def print_table(report, group):
    head = "auc     raw f1  prec   rec    fpr  | f1     prec   rec    fpr    decided"
    print(f"\n{group:<14} {'':<17} {head} | starts, ms: abs near | ends, ms: abs near")
    keys = ["f1", "precision", "recall", "false_positive_rate"]
    for condition, detectors in report.items():
        for detector, groups in detectors.items():
            of = groups[group]
            row = [f"{condition:<14} {detector:<17} {shown(of['auc'], 4):<7}"]
            row += [f"{shown(of['raw'][key]):<6}" for key in keys] + ["|"]
            row += [f"{shown(of['decided'][key]):<6}" for key in keys]
            for edge in ["starts", "ends"]:
                median = shown(of[edge]["median_absolute_s"], 0, 1_000)
                row += ["|", f"{median:>5}", f"{shown(of[edge]['near_share'])}"]
            print(" ".join(row))
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("manifest")
    parser.add_argument("--evaluate", required=True, help="the command evaluate_vad, as built")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=7, help="of timing")
    parser.add_argument("--seen", default="", help="groups that were looked at while tuning: a,b")
    arguments = parser.parse_args()
    arguments.evaluate = str(Path(arguments.evaluate).resolve())
    silero = hear.Silero()
    report = {}
    for condition, degrade in CONDITIONS.items():
        report[condition] = compare(arguments, condition, degrade, silero)
    groups = list(next(iter(report.values()))[OURS[0]])
    seen = [name for name in arguments.seen.split(",") if name]
    unseen = [name for name in groups if name not in ["all", *seen]]
    print("ours:", ", ".join(OURS), "| peers:", ", ".join(PEERS))
    print("looked at while tuning ours:", ", ".join(seen) or "none", end="; ")
    print("test:", ", ".join(unseen) or "NONE - these figures are no test")
    for group in groups:
        print_table(report, group)
    speeds = timed(arguments.rounds, arguments, silero)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    print(f"times real time, processor, one thread, median of {arguments.rounds} rounds (least, most)")
    base = medians["silero, one call"]
    for name, values in speeds.items():
        spread = f"({min(values):.0f}, {max(values):.0f})"
        ratio = medians[name] / base
        print(f"{name:<20} {medians[name]:>8.0f} {spread:<18} {ratio:>7.2f} x silero, one call")
    seen_by = {"seen": seen, "conditions": report, "times_real_time": speeds}
    (arguments.out / "report.json").write_text(json.dumps(seen_by, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
