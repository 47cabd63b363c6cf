"""Holds the syllables of `callcsi::prosody` against Praat's sound analysis.

    cargo run --release --example syllables -- *.wav > ours.jsonl
    python tests/oracle/syllables.py ours.jsonl

Needs numpy and praat-parselmouth (0.4). With `--made DIR` it only writes sounds with a known number
of syllables into DIR, to be given to the example.

The procedure is written from its description (N. H. de Jong and T. Wempe, Behavior Research Methods
41 (2), 2009, the threshold as of 2010), not from its script: intensity with a pitch floor of 50 Hz;
local maxima above the 0.99 quantile less 25 dB; at least 2 dB of dip since the maximum before;
voiced in Praat's pitch track by autocorrelation, 30 to 450 Hz every 20 ms. Praat hears the whole
channel; only syllables inside the speech of the line are counted, on both hands. CI does not run
this.
"""

import json
import pathlib
import sys

import numpy as np
import parselmouth


def praat(sound):
    """Returns the instants of the syllables of one channel."""
    intensity = sound.to_intensity(minimum_pitch=50, subtract_mean=True)
    level, times = intensity.values[0], intensity.xs()
    threshold = max(np.quantile(level, 0.99) - 25, level.min())
    pitch = sound.to_pitch_ac(
        time_step=0.02, pitch_floor=30, max_number_of_candidates=4, silence_threshold=0.03,
        voicing_threshold=0.25, octave_cost=0.01, octave_jump_cost=0.35, voiced_unvoiced_cost=0.25,
        pitch_ceiling=450)
    found, before = [], 0
    for k in range(1, len(level) - 1):
        if not (level[k - 1] < level[k] >= level[k + 1] and level[k] > threshold):
            continue
        dip = level[before:k].min()
        if level[k] - dip >= 2 and not np.isnan(pitch.get_value_at_time(times[k])):
            found.append(times[k])
        before = k
    return np.array(found)


def made(folder):
    """Writes stereo sounds: a vowel in humps, 12 dB down between them, a little noise on the line."""
    rng = np.random.default_rng(1)
    for rate in (8000, 16000):
        for per_second in (2, 3, 4, 5, 6):
            t = np.arange(rate * 11) / rate
            sides = []
            for pitch in (110, 210):
                on = (t >= 0.5) & (t < 10.5)
                humps = on * (0.25 + 0.75 * (0.5 - 0.5 * np.cos(2 * np.pi * per_second * (t - 0.5))))
                vowel = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 16))
                sides.append(0.2 * humps * vowel + 0.0005 * rng.standard_normal(len(t)))
            path = pathlib.Path(folder) / f"humps_{per_second}_{rate}.wav"
            parselmouth.Sound(np.array(sides), rate).save(str(path), "WAV")


def main():
    if sys.argv[1] == "--made":
        made(sys.argv[2])
        return
    rows = []
    for line in open(sys.argv[1], encoding="utf-8"):
        ours = json.loads(line)
        sound = parselmouth.Sound(ours["file"])
        sound = sound.extract_channel(1 if ours["side"] == "agent" else 2)
        speech = sum(end - start for start, end in ours["speech"])
        theirs = praat(sound)
        inside = sum(int(((theirs >= a) & (theirs < b)).sum()) for a, b in ours["speech"])
        if speech > 0:
            name = f"{pathlib.Path(ours['file']).stem} {ours['side']}"
            rows.append((speech, len(ours["nuclei"]), inside))
            print(f"{name:44} speech {speech:7.2f} s  ours {len(ours['nuclei']):4}  Praat {inside:4}")
    speech, ours, theirs = np.array(rows).T
    apart = np.abs(ours - theirs) / np.maximum(theirs, 1)
    print(f"{len(rows)} channels: correlation of counts {np.corrcoef(ours, theirs)[0, 1]:.4f}, of rates "
          f"{np.corrcoef(ours / speech, theirs / speech)[0, 1]:.4f}; ours / Praat's "
          f"{ours.sum() / theirs.sum():.3f}; mean relative difference {apart.mean():.3f}")


main()
