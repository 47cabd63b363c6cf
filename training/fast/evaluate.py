"""Says how far the small network came: on labelled files, on sounds of the line, and in fusion.

    python evaluate.py --work DIR --data DATA --examples ../../target/release/examples --role dev NAME …

Both detectors of the crate and each network NAME hear the same audio, as `evaluate_vad --write-audio`
prepares it in five conditions, and over the telephone after 20 s of ringback or music. The frames are
those of 10 ms that callcsi::vad::evaluate judges. AUC is of all frames of the role's files together;
its interval and that of the difference from silero-1 are the 2.5th and 97.5th percentile of a bootstrap
over files (500 draws, the two channels of a call drawn together). Then the shares of frames of each
sound of the line that score at least 0.5.

--fuse finds, on the dev files, in which shares the logits of silero-1 and earshot-1, and of silero-1
and each network, add up to the highest mean AUC over the conditions, and writes DIR/fusion.json;
--fused uses it.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import jax
import network
import numpy as np
from scipy.io import wavfile

sys.path.append(str(Path(__file__).resolve().parent.parent / "peers"))
from judge import auc  # noqa: E402

CONDITIONS = {
    "as is": ["none"],
    "telephone": ["telephone"],
    "-45 dBFS": ["quiet"],
    "pink 10 dB": ["pink10"],
    "babble 10 dB": ["babble10"],
    "after ringback": ["telephone", "--prefix", "ringback-us:20"],
    "after music": ["telephone", "--prefix", "music-plucked:20"],
}
CRATE = ["silero-1", "earshot-1"]
LABELS = {"hvb": "two_channel/hvb/rttm/{}.rttm", "ami": "vad/pyannote_ami/debug.train.rttm"}
SPEAKERS = {"left": "agent", "right": "caller"}


def manifest(work, data, role):
    table = work / f"{role}.csv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["audio", "labels", "channel", "speakers", "group"])
        for row in csv.DictReader(open(work / "real.csv", encoding="utf-8", newline="")):
            if row["role"] != role:
                continue
            source = Path(row["source"])
            group = {"pyannote_ami": "ami", "stereo": "hvb"}.get(source.parent.name, "phone")
            labels = LABELS.get(group, str(source.with_suffix(".rttm"))).format(source.stem)
            paths = [(data / place).resolve() for place in (source, labels)]
            out.writerow([*paths, row["channel"], SPEAKERS.get(row["channel"], ""), group])
        # The dev files alone are too few for a babble: voices of the training speak in it too, and
        # are not judged.
        none = work / "none.csv"
        none.write_text("start,end\n")
        if role == "dev":
            for path in sorted((work / "real").glob("*-*-*-*-*.wav"))[:5]:
                out.writerow([path.resolve(), none.resolve(), "", "", "babble"])
    return table


def heard(examples, files, folder):
    """Returns, of each file, the rows of the front end and the scores of the crate's detectors."""
    for options in [[], ["--scores", ",".join(CRATE)]]:
        command = [examples / "fast_frames", "--out", folder, *options, *files]
        subprocess.run(command, check=True)
    for path in files:
        rows = np.fromfile((folder / path.name).with_suffix(".frames"), "<f4")
        scores = np.fromfile((folder / path.name).with_suffix(".scores"), "<f4")
        yield rows.reshape(-1, network.COLUMNS), scores.reshape(-1, len(CRATE))


def scene_set(work, data, examples, role):
    """Returns, of each condition, its files: name, call, group, rows, scores, labels of the frames."""
    table = manifest(work, data, role)
    found = {}
    for condition, degrade in CONDITIONS.items():
        folder = work / "heard" / role / "".join(c for c in condition if c.isalnum())
        command = [examples / "evaluate_vad", table, "--detector", "energy-1", "--degrade", *degrade]
        subprocess.run([*command, "--write-audio", folder], check=True, stdout=subprocess.DEVNULL)
        scenes = list(csv.DictReader(open(folder / "scenes.csv", encoding="utf-8", newline="")))
        files = [folder / scene["audio"] for scene in scenes]
        found[condition] = []
        for scene, (rows, scores) in zip(scenes, heard(examples, files, folder)):
            if scene["group"] == "babble":
                continue
            labels = csv.DictReader(open(folder / scene["labels"], encoding="utf-8", newline=""))
            edges = np.array([[float(r["start"]), float(r["end"])] for r in labels]).reshape(-1)
            first, frames = (round(float(scene[edge]) * 100) for edge in ("start_s", "end_s"))
            frames = min(len(rows), len(scores), frames)
            centres = 0.01 * np.arange(first, frames) + 0.005
            found[condition].append({
                "name": scene["name"], "call": scene["name"].split()[0], "group": scene["group"],
                "first": first, "rows": rows[:frames], "scores": scores[first:frames],
                "labels": np.searchsorted(edges, centres, side="right") % 2 == 1,
            })  # fmt: skip
    return found


def network_scores(weights, shape, rows):
    x = network.inputs(rows, shape)
    # A few lengths, so that little is compiled.
    whole = -(-len(x) // 1_000) * 1_000
    x = np.pad(x, ((0, whole - len(x)), (0, 0)), mode="edge")
    z = np.asarray(forward(weights, x[None], shape))[0, : len(rows)]
    return np.where(network.sounding(rows), 1 / (1 + np.exp(-z)), 0.0)


forward = jax.jit(network.logits, static_argnames="shape")


def logit(scores):
    scores = np.clip(scores, 1e-5, 1 - 1e-5)
    return np.log(scores / (1 - scores))


def fit(scenes, systems):
    """Returns the shares of the logits, in tenths, with the highest mean AUC over the conditions."""
    held = []
    for files in scenes.values():
        z = [[logit(system(f)) for f in files] for system in systems.values()]
        labels = np.concatenate([f["labels"] for f in files])
        held.append(([np.concatenate(of) for of in z], labels))
    best = (-1.0, None)
    for tenths in np.ndindex(*[11] * len(systems)):
        if sum(tenths) == 10:
            shares = [n / 10 for n in tenths]
            mix = lambda z: sum(s * x for s, x in zip(shares, z) if s)
            best = max(best, (np.mean([auc(mix(z), labels) for z, labels in held]), shares))
    return dict(zip(systems, best[1]))


def fusion(shares, systems):
    def system(f):
        z = sum(share * logit(systems[name](f)) for name, share in shares.items() if share)
        return 1 / (1 + np.exp(-z))

    return system


def intervals(files, scores, base, draw, draws):
    """AUC, its interval, and the difference from the base with its interval."""
    calls = sorted({f["call"] for f in files})
    of_call = {c: [i for i, f in enumerate(files) if f["call"] == c] for c in calls}

    def both(chosen):
        places = [i for c in chosen for i in of_call[c]]
        labels = np.concatenate([files[i]["labels"] for i in places])
        a = auc(np.concatenate([scores[i] for i in places]), labels)
        b = auc(np.concatenate([base[i] for i in places]), labels)
        return (a, b) if a is not None else (np.nan, np.nan)

    whole = both(calls)
    drawn = np.array([both(draw.choice(calls, len(calls))) for _ in range(draws)])
    ends = lambda x: np.nanpercentile(x, [2.5, 97.5]).round(4).tolist()
    return {
        "auc": round(whole[0], 4), "auc_95": ends(drawn[:, 0]),
        "difference": round(whole[0] - whole[1], 4), "difference_95": ends(drawn[:, 0] - drawn[:, 1]),
    }  # fmt: skip


def raw(files, scores, threshold=0.5):
    called = np.concatenate(scores) >= threshold
    labels = np.concatenate([f["labels"] for f in files])
    return {
        "recall": round(float(called[labels].mean()), 3),
        "false_positives": round(float(called[~labels].mean()), 3),
    }


def judged(scenes, systems, draws):
    draw = np.random.default_rng(1)
    report = {}
    for condition, files in scenes.items():
        base = [f["scores"][:, 0] for f in files]
        report[condition] = {}
        for name, system in systems.items():
            scores = [system(f) for f in files]
            of = intervals(files, scores, base, draw, draws) | raw(files, scores)
            for group in sorted({f["group"] for f in files}):
                own = [i for i, f in enumerate(files) if f["group"] == group]
                labels = np.concatenate([files[i]["labels"] for i in own])
                value = auc(np.concatenate([scores[i] for i in own]), labels)
                of[group] = None if value is None else round(value, 4)
            report[condition][name] = of
            print(f"{condition:<13} {name:<10} {json.dumps(of)}", flush=True)
    return report


def sounds(work, data, examples, seed, systems):
    """Shares of frames that score as speech, of each sound of the line."""
    folder = work / "sounds" / str(seed)
    music = sorted((data / "music").glob("*.ogg"))
    subprocess.run(
        [examples / "fast_frames", "--sounds", "60", "--seed", str(seed), "--out", folder, *music],
        check=True,
    )
    draw, count = np.random.default_rng(seed), 60 * 8_000
    more = {"silence": np.zeros(count), "idle-72": draw.standard_normal(count) * 10 ** (-72 / 20)}
    more["white-30"] = draw.standard_normal(count) * 10 ** (-30 / 20)
    spectrum = np.fft.rfft(draw.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    pink = np.fft.irfft(spectrum, count)
    more["pink-30"] = pink / pink.std() * 10 ** (-30 / 20)
    for name, samples in more.items():
        wavfile.write(folder / f"{name}.wav", 8_000, samples.astype(np.float32))
    files = sorted(folder.glob("*.wav"))
    report = {}
    for path, (rows, scores) in zip(files, heard(examples, files, folder)):
        frames = min(len(rows), len(scores))
        f = {"first": 0, "rows": rows[:frames], "scores": scores[:frames]}
        shares = {
            name: round(float((system(f) >= 0.5).mean()), 4)
            for name, system in systems.items()
        }
        report[path.stem] = shares
        if any(shares.values()):
            print(f"{path.stem:<26} {json.dumps(shares)}", flush=True)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--examples", required=True, type=Path)
    parser.add_argument("--role", choices=["dev", "test"], default="dev")
    parser.add_argument("--seed", type=int, default=1, help="of the sounds of the line")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--fuse", action="store_true")
    parser.add_argument("--fused", action="store_true")
    arguments = parser.parse_args()
    arguments.examples = arguments.examples.resolve()
    work = arguments.work
    scenes = scene_set(work, arguments.data, arguments.examples, arguments.role)
    systems = {name: lambda f, i=i: f["scores"][:, i] for i, name in enumerate(CRATE)}
    for name in arguments.names:
        weights, shape = network.load(work / "models" / f"{name}.npz")
        systems[name] = lambda f, w=weights, s=shape: network_scores(w, s, f["rows"])[f["first"] :]
    if arguments.fuse:
        if arguments.role != "dev":
            sys.exit("--fuse: wanted --role dev")
        chosen = {"fusion": fit(scenes, {name: systems[name] for name in CRATE})}
        for name in arguments.names:
            parts = {of: systems[of] for of in ["silero-1", name]}
            chosen[f"silero+{name}"] = fit(scenes, parts)
        (work / "fusion.json").write_text(json.dumps(chosen))
    if arguments.fuse or arguments.fused:
        chosen = json.loads((work / "fusion.json").read_text())
        chosen["halves"] = {name: 0.5 for name in CRATE}
        print("fusion:", chosen)
        systems |= {name: fusion(shares, dict(systems)) for name, shares in chosen.items()}
    report = {"labelled": judged(scenes, systems, arguments.draws)}
    found = sounds(work, arguments.data, arguments.examples, arguments.seed, systems)
    report |= {"sounds": found, "role": arguments.role, "seed": arguments.seed}
    (work / f"report-{arguments.role}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
