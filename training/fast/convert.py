"""Writes a trained network as plain numbers, and what a second implementation must answer.

    python convert.py DIR/models/NAME.npz ../../models/fast.bin ../../tests/fixtures/vad/fast.json

fast.bin: 32-bit floats, little-endian, row by row (a row for each input, a column for each output), in
the order of the list that is printed. fast.json: the shape, the list, and the scores of some
frames for inputs that a formula gives: at frame t, input i is sin(0.37 t + 0.11 i²). The inputs are in
the order of network.inputs: bands, level, bins, height of the loud level over the floor.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import network
import numpy as np

FRAMES = 700


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("vectors", type=Path)
    arguments = parser.parse_args()
    weights, shape = network.load(arguments.model)
    names = ["bins", "bins_b"] * bool(shape.bins) + ["in", "in_b"]
    for i in range(len(shape.around) + len(shape.behind)):
        names += [f"c{i}", f"c{i}_b"]
    names += ["head", "head_b", "out", "out_b"]
    assert sorted(names) == sorted(weights)
    arguments.out.write_bytes(b"".join(weights[name].astype("<f4").tobytes() for name in names))
    t, i = np.arange(FRAMES)[:, None], np.arange(network.row_length(shape))[None]
    x = np.sin(0.37 * t + 0.11 * i**2).astype(np.float32)
    z = np.asarray(network.logits(weights, x[None], shape))[0]
    frames = [0, 1, 2, 17, 100, 299, 300, 301, 555, 680, 698, 699]
    said = {
        "shape": asdict(shape),
        "arrays": [[name, *weights[name].shape] for name in names],
        "frames": FRAMES,
        "logits": {str(frame): round(float(z[frame]), 5) for frame in frames},
    }
    arguments.vectors.write_text(json.dumps(said, indent=1) + "\n")
    for row in said["arrays"]:
        print(*row)


if __name__ == "__main__":
    main()
