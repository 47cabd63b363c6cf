"""The network a second time, plainly, from fast.bin and fast.json alone: it must answer the same.

    python twin.py ../../models/fast.bin ../../tests/fixtures/vad/fast.json
"""

import json
import sys
from pathlib import Path

import numpy as np

SHAPE = {"around": [1, 2, 4, 8], "behind": [], "mean": 300}


def relu(x):
    return np.maximum(x, 0)


def taps(x, by):
    """Of each frame the one before, itself and the one after, at a distance."""
    padded = np.pad(x, ((by, by), (0, 0)))
    return np.concatenate([padded[: len(x)], x, padded[2 * by :]], axis=1)


def main():
    path, vectors = map(Path, sys.argv[1:3])
    said = json.loads(vectors.read_text())
    if any(said["shape"][name] != value for name, value in SHAPE.items()):
        sys.exit(f"found {said['shape']}, wanted {SHAPE}")
    rest, w = np.fromfile(path, "<f4"), {}
    for name, *shape in said["arrays"]:
        w[name], rest = np.split(rest, [np.prod(shape)])
        w[name] = w[name].reshape(shape)
    # 16 bands, the level, the bins, the height of the loud level over the floor.
    bins = len(w["bins"])
    t, i = np.arange(said["frames"])[:, None], np.arange(16 + 1 + bins + 1)[None]
    x = np.sin(0.37 * t + 0.11 * i**2).astype(np.float32)
    seen = relu(x[:, 17 : 17 + bins] @ w["bins"] + w["bins_b"])
    x = np.concatenate([x[:, :17], x[:, 17 + bins :], seen], axis=1)
    h = relu(taps(x, 1) @ w["in"] + w["in_b"])
    for k, by in enumerate(SHAPE["around"]):
        h = h + relu(taps(h, by) @ w[f"c{k}"] + w[f"c{k}_b"])
    since = [max(0, k + 1 - SHAPE["mean"]) for k in range(len(h))]
    mean = np.stack([h[a : k + 1].mean(axis=0) for k, a in enumerate(since)])
    z = relu(np.concatenate([h, mean], axis=1) @ w["head"] + w["head_b"]) @ w["out"] + w["out_b"]
    worst = max(abs(float(z[int(k), 0]) - wanted) for k, wanted in said["logits"].items())
    print(f"largest difference {worst:.1e}")
    if worst > 1e-3 or len(rest):
        sys.exit(1)


if __name__ == "__main__":
    main()
