"""Writes the scores that the crate's network is held to.

    python vectors.py ../../tests/fixtures/vad/silero.json

`onnx`: onnxruntime on the graph as published. `rounded`: the same with the large arrays rounded to
f16, as they are stored. Both stateful over the whole signal, from the zero state.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

import graph

RATE = 8_000
SECONDS = 3
WINDOW = 256
CONTEXT = 32


def signal():
    """Three vowels said one after the other in syllables, then a pause with a tone; 16-bit steps.

    tests in the crate make the same.
    """
    t = np.arange(RATE * SECONDS) / RATE
    pitch = 2 * np.pi * (140 * t + 2 * np.sin(2 * np.pi * 1.1 * t))
    formants = [(700, 1200), (300, 2200), (450, 900)]
    total = np.zeros(len(t))
    for vowel, (first, second) in enumerate(formants):
        syllable = np.maximum(np.sin(2 * np.pi * (1.6 * t - vowel / 3)), 0) ** 2
        for k in range(1, 24):
            hz = 140.0 * k
            gain = 1 / (1 + ((hz - first) / 120) ** 2) + 0.5 / (1 + ((hz - second) / 160) ** 2)
            total += syllable * gain * np.sin(k * pitch)
    total[t >= 2.25] = 0.5 * np.sin(2 * np.pi * 440 * t[t >= 2.25])
    return np.round(total * 6_000) / 32_768


def scores(model, samples):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    state = np.zeros((2, 1, 128), np.float32)
    samples = np.concatenate([np.zeros(CONTEXT), samples]).astype(np.float32)
    out = []
    for start in range(0, len(samples) - CONTEXT - WINDOW + 1, WINDOW):
        window = samples[None, start : start + CONTEXT + WINDOW]
        score, state = session.run(None, {"input": window, "state": state, "sr": np.array(RATE)})
        out.append(float(score[0, 0]))
    return out


def main(out):
    model = graph.load()
    samples = signal()
    published = scores(model, samples)
    for name, tensor in graph.constants(model).items():
        if name in graph.LARGE:
            array = graph.rounded(numpy_helper.to_array(tensor))
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    rounded = scores(model, samples)
    print("scores", np.round(published, 2).tolist())
    print("largest difference by f16", np.abs(np.subtract(published, rounded)).max())
    with open(out, "w") as file:
        json.dump({"onnx": published, "rounded": rounded}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
