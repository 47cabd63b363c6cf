"""Holds the level and the pitch of `callcsi::prosody` against Praat's sound analysis.

    cargo run --release --example syllables -- *.wav > ours.jsonl
    python tests/oracle/voice.py ours.jsonl

Needs numpy and praat-parselmouth (0.4). Both hands look only inside the speech of the line.

Level: Praat's intensity with a pitch floor of 50 Hz, which has 0 dB at 2e-5; what is more than 25 dB
below its 0.99 quantile is left out on both hands. Pitch: Praat's by autocorrelation, 70 to 400 Hz
every 10 ms, otherwise as Praat sets it; medians and ranges of one speaker's pitch as ours are bounded,
0.75 of the first quartile to 1.5 of the third. A gross error is one of more than a fifth on a frame
that both find voiced; the cents are those of the other frames. CI does not run this.
"""

import json
import pathlib
import sys

import numpy as np
import parselmouth


def inside(times, speech):
    """Returns which of the times stand in speech."""
    held = np.zeros(len(times), bool)
    for start, end in speech:
        held |= (times >= start) & (times < end)
    return held


def level(sound, speech):
    """Returns the 0.1, 0.5 and 0.9 quantiles of the voice's level, in dBFS."""
    intensity = sound.to_intensity(minimum_pitch=50, time_step=0.008, subtract_mean=True)
    values = intensity.values[0][inside(intensity.xs(), speech)] + 20 * np.log10(2e-5)
    values = values[values > -120]
    return np.quantile(values[values >= np.quantile(values, 0.99) - 25], [0.1, 0.5, 0.9])


def spread(hertz):
    """Returns the 0.1, 0.5 and 0.9 quantiles of one speaker's pitch."""
    first, third = np.quantile(hertz, [0.25, 0.75])
    return np.quantile(hertz[(hertz >= 0.75 * first) & (hertz <= 1.5 * third)], [0.1, 0.5, 0.9])


def semitones(above, below):
    return 12 * np.log2(above / below)


def main():
    levels, pitches, frames, cents = [], [], np.zeros(6), []
    for line in open(sys.argv[1], encoding="utf-8"):
        ours = json.loads(line)
        if ours["level_dbfs"] is None:
            continue
        sound = parselmouth.Sound(ours["file"])
        sound = sound.extract_channel(1 if ours["side"] == "agent" else 2)
        name = f"{pathlib.Path(ours['file']).stem[:16]} {ours['side']}"
        low, median, high = ours["level_dbfs"]
        theirs = level(sound, ours["speech"])
        levels.append((median - theirs[1], high - low - (theirs[2] - theirs[0])))
        text = (f"{name:26} level {median:6.1f} Praat {theirs[1]:6.1f}  range {high - low:5.1f} "
                f"Praat {theirs[2] - theirs[0]:5.1f}")
        if ours["pitch_hz"] is not None:
            pitch = sound.to_pitch_ac(time_step=0.01, pitch_floor=70, pitch_ceiling=400)
            times, hertz = pitch.xs(), pitch.selected_array["frequency"]
            voiced = hertz[inside(times, ours["speech"]) & (hertz > 0)]
            theirs = spread(voiced)
            low, median, high = ours["pitch_hz"]
            pitches.append((100 * semitones(median, theirs[1]),
                            semitones(high, low), semitones(theirs[2], theirs[0])))
            at, found = np.array(ours["pitches"]).T
            near = np.clip(np.round((at - times[0]) / (times[1] - times[0])), 0, len(times) - 1)
            there = hertz[near.astype(int)]
            both = there > 0
            ratio = found[both] / there[both]
            gross = abs(ratio - 1) > 0.2
            first, third = np.quantile(found, [0.25, 0.75])
            bounded = (found[both] >= 0.75 * first) & (found[both] <= 1.5 * third)
            # Ours come every 20 ms, Praat's every 10.
            frames += (gross.sum(), both.sum(), len(found), len(voiced) / 2,
                       (gross & bounded).sum(), bounded.sum())
            cents += list(abs(1200 * np.log2(ratio[~gross])))
            text += (f"  pitch {median:5.1f} Praat {theirs[1]:5.1f}  range {semitones(high, low):4.1f} "
                     f"Praat {semitones(theirs[2], theirs[0]):4.1f}  gross {gross.mean():.3f}")
        print(text)
    levels, pitches = np.array(levels), np.array(pitches)
    apart = abs(levels)
    print(f"level, {len(levels)} channels: medians {levels[:, 0].mean():+.2f} dB, at most "
          f"{apart[:, 0].max():.2f} apart; ranges {levels[:, 1].mean():+.2f}, at most "
          f"{apart[:, 1].max():.2f}")
    print(f"pitch, {len(pitches)} channels: gross errors {frames[0] / frames[1]:.4f} of "
          f"{frames[1]:.0f} frames, {frames[4] / frames[5]:.4f} within the bounds; median error {np.median(cents):.1f} cents; of ours "
          f"{frames[1] / frames[2]:.3f} are voiced in Praat, of Praat's {frames[1] / frames[3]:.3f} are "
          f"found; medians {abs(pitches[:, 0]).mean():.0f} cents apart, at most "
          f"{abs(pitches[:, 0]).max():.0f}; ranges {abs(pitches[:, 1] - pitches[:, 2]).mean():.2f} "
          f"semitones, at most {abs(pitches[:, 1] - pitches[:, 2]).max():.2f}")


main()
