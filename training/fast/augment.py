"""Makes scenes of a minute: what the student hears, and what the teacher hears of it.

    python augment.py --work DIR --frames ../../target/release/examples/fast_frames [--scenes 900]

The teacher (silero-1) hears the foreground alone, clean, at its usual level; the student hears it in a
room, among noises, other voices, music and tones, at any level, through a band and a codec. So it
learns what is speech of this line where the teacher itself would no longer be sure. DIR gets
scenes/NNNN.frames (see examples/fast_frames.rs), scenes/NNNN.scores and scenes.csv. Each scene has its
own seed: the same numbers give the same scenes.
"""

import argparse
import csv
import subprocess
from pathlib import Path

import numpy as np
import sounds
from scipy.io import wavfile
from scipy.signal import fftconvolve, resample_poly

RATE = 8_000
SECONDS = 60
COUNT = SECONDS * RATE
# The loud level of what the teacher hears.
TEACHER_DBFS = -23


def read(path):
    rate, samples = wavfile.read(path)
    samples = samples.astype(np.float64) / (32_768 if samples.dtype == np.int16 else 1)
    return resample_poly(samples, RATE, rate) if rate != RATE else samples


def gain(db):
    return 10 ** (db / 20)


def loud_level(x):
    """As the library's: what 5 % of the frames that are not idle exceed."""
    frames = x[: len(x) // 80 * 80].reshape(-1, 80)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    level = level[level > level.max(initial=-100) - 45]
    return np.percentile(level, 95) if len(level) else -100.0


def bent(draw, x):
    """Faster and higher, or slower and lower."""
    up = int(draw.integers(86, 117))
    return resample_poly(x, 100, up)


def spoken(draw, pool):
    """Utterances of programs with pauses between, or a piece of a real recording."""
    if draw.random() < 0.45:
        x = bent(draw, pool["real"][draw.choice(len(pool["real"]), p=pool["weights"])])
        start = draw.integers(len(x))
        x = np.tile(x, COUNT // len(x) + 2)[start : start + COUNT]
        return x / gain(loud_level(x))
    out, at = np.zeros(COUNT), int(draw.exponential(0.7) * RATE)
    pause = draw.choice([0.25, 0.8, 2.5, 6.0])
    few = draw.choice(len(pool["voices"]), draw.choice([3, 12]))
    # One voice may be much farther off than the other.
    spread = draw.choice([2, 4, 8])
    while at < COUNT:
        voice = pool["voices"][draw.choice(few)]
        if draw.random() < 0.5:
            voice = bent(draw, voice)
        level = np.clip(draw.normal(0, spread), -18, 8) - loud_level(voice)
        sounds.add(out, at, voice * gain(level))
        at += len(voice) + int(draw.exponential(pause) * RATE)
    return out


def room(draw, x):
    """A made-up room: noise that dies away behind the direct sound."""
    rt60 = draw.uniform(0.1, 0.9)
    t = np.arange(int(rt60 * RATE)) / RATE
    tail = draw.standard_normal(len(t)) * 10 ** (-3 * t / rt60)
    tail[: int(draw.uniform(0.002, 0.02) * RATE)] = 0
    tail *= gain(-draw.uniform(-8, 12)) / np.sqrt((tail**2).sum())
    tail[0] = 1
    return fftconvolve(x, tail)[: len(x)]


def g711(x, law):
    x = np.clip(x, -1, 1)
    m, s = np.abs(x), np.sign(x)
    if law == "mulaw":
        y = np.round(np.log1p(255 * m) / np.log1p(255) * 127) / 127
        return s * np.expm1(y * np.log1p(255)) / 255
    small = m < 1 / 87.6
    y = np.where(small, 87.6 * m, 1 + np.log(np.maximum(87.6 * m, 1))) / (1 + np.log(87.6))
    y = (np.floor(y * 128) + 0.5) / 128
    z = y * (1 + np.log(87.6))
    return s * np.where(z < 1, z, np.exp(z - 1)) / 87.6


def through_ffmpeg(x, encode, container):
    raw = (np.clip(x, -1, 0.9999) * 32_768).astype("<i2").tobytes()
    pcm = ["-f", "s16le", "-ar", str(RATE), "-ac", "1"]
    quiet = ["ffmpeg", "-v", "error", "-threads", "1"]
    coded = subprocess.run(
        [*quiet, *pcm, "-i", "-", *encode, "-f", container, "-"], input=raw, capture_output=True
    ).stdout
    back = subprocess.run(
        [*quiet, "-f", container, "-i", "-", *pcm, "-"], input=coded, capture_output=True
    ).stdout
    y = np.frombuffer(back, "<i2") / 32_768
    return np.pad(y, (0, max(len(x) - len(y), 0)))[: len(x)]


def coded(draw, x):
    kind = draw.choice(["none", "none", "mulaw", "mulaw", "alaw", "alaw", "gsm", "opus"])
    if kind in ("mulaw", "alaw"):
        return g711(x, kind), kind
    if kind == "gsm":
        return through_ffmpeg(x, ["-c:a", "libgsm"], "gsm"), kind
    if kind == "opus":
        rate = draw.choice(["8k", "12k", "20k"])
        return through_ffmpeg(x, ["-c:a", "libopus", "-b:a", rate], "ogg"), kind
    return np.round(x * 32_768) / 32_768, kind


def scene(draw, pool, loud):
    """Returns what is heard, what the teacher hears, and a word for it."""
    others = draw.random() < 0.26
    clean = np.zeros(COUNT) if others else spoken(draw, pool)
    heard = clean.copy()
    words = ["no speech" if others else "speech"]
    if not others and draw.random() < 0.45:
        heard = room(draw, heard)
        words.append("room")
    # What comes instead of speech: before it, or between.
    gaps = 60 if others else draw.choice([0, 0, 0, 1, 2])
    at = 0
    for _ in range(gaps):
        length = int(draw.choice([2, 4, 8, 15, 20]) * draw.uniform(0.5, 1.2) * RATE)
        start = at if others else int(draw.choice([0, draw.integers(COUNT)]))
        end = min(start + length, COUNT)
        if start >= COUNT:
            break
        heard[start:end] = sounds.any_sound(draw, end - start) * gain(draw.uniform(-14, loud))
        clean[start:end] = 0
        at = end + int(draw.choice([0, 0, 1, 3]) * RATE)
        words.append("sound")
    if not others:
        if draw.random() < 0.55:
            heard += sounds.noise(draw, COUNT) * gain(-draw.uniform(4, 38))
            words.append("noise")
        if draw.random() < 0.15:
            voices = sum(spoken(draw, pool) for _ in range(draw.integers(3, 7)))
            heard += sounds.levelled(voices) * gain(-draw.uniform(6, 25))
            words.append("babble")
        if draw.random() < 0.12:
            heard += spoken(draw, pool) * gain(-draw.uniform(28, 48))
            words.append("bleed")
        for kind, chance, low, high in [
            (sounds.typing, 0.15, -5, 20), (sounds.breath, 0.15, 8, 30), (sounds.music, 0.05, 12, 30),
        ]:  # fmt: skip
            if draw.random() < chance:
                heard += kind(draw, COUNT) * gain(-draw.uniform(low, high))
                words.append(kind.__name__)
    elif draw.random() < 0.4:
        heard += sounds.noise(draw, COUNT) * gain(-draw.uniform(10, 45))
    if draw.random() < 0.6:
        low, high = draw.uniform(60, 380), draw.uniform(2_900, 3_900)
        heard, clean = (sounds.band(x, low, high, 5) for x in (heard, clean))
    # A call is seldom as faint or as hot as can be.
    heard *= gain(np.clip(draw.normal(-22, 11), -50, 0))
    heard += draw.standard_normal(COUNT) * gain(draw.choice([-120, -90, -78, -70, -62]))
    heard, codec = coded(draw, np.clip(heard, -1, 1))
    clean *= gain(TEACHER_DBFS - loud_level(clean)) if clean.any() else 1
    return heard, np.clip(clean, -1, 1), " ".join([*dict.fromkeys(words), codec])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--frames", required=True, help="the command fast_frames, as built")
    parser.add_argument("--scenes", type=int, default=900)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--loud", type=float, default=4, help="dB of a sound above the voice, at most")
    arguments = parser.parse_args()
    work = arguments.work
    (work / "scenes").mkdir(exist_ok=True)
    rows = list(csv.DictReader(open(work / "real.csv", encoding="utf-8", newline="")))
    real = [read(work / row["file"]) for row in rows if row["role"] == "train"]
    voices = list(csv.DictReader(open(work / "voices.csv", encoding="utf-8", newline="")))
    # Two thirds of the length: a long call is not all there is.
    weights = np.array([len(x) ** 0.67 for x in real])
    pool = {
        "real": real,
        "weights": weights / weights.sum(),
        "voices": [read(work / row["file"]) for row in voices],
    }
    pool["voices"] = [x for x in pool["voices"] if len(x) > 800]
    with open(work / "scenes.csv", "a", encoding="utf-8", newline="") as file:
        for i in range(arguments.first, arguments.first + arguments.scenes):
            heard, clean, words = scene(np.random.default_rng([8, i]), pool, arguments.loud)
            files = [work / f"scenes/{i:04}.wav", work / "scenes/clean" / f"{i:04}.wav"]
            files[1].parent.mkdir(exist_ok=True)
            for path, x in zip(files, (heard, clean)):
                wavfile.write(path, RATE, x.astype(np.float32))
            out = ["--out", work / "scenes"]
            subprocess.run([arguments.frames, *out, files[0]], check=True)
            subprocess.run([arguments.frames, *out, "--scores", "silero-1", files[1]], check=True)
            for path in files:
                path.unlink()
            csv.writer(file).writerow([f"{i:04}", words])


if __name__ == "__main__":
    main()
