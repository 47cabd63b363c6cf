"""Trains the small network on the scenes, by the teacher's scores.

    python train.py --work DIR --name c --bins 12 --behind --epochs 13

Adam, rising then falling as a cosine; the loss is the cross-entropy with the teacher's score. The last
40 scenes are kept out of the training: their loss is printed after each epoch. Nothing labelled by a
person is touched here. DIR/models/NAME.npz is written at the end.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import argparse
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import network
import numpy as np

FRAMES = 6_000
KEPT = 40


def scenes(work, shape):
    xs, ys = [], []
    for path in sorted((work / "scenes").glob("*.frames")):
        scores = path.with_suffix(".scores")
        if not scores.exists():
            continue
        rows = np.fromfile(path, "<f4").reshape(-1, network.COLUMNS)
        y = np.fromfile(scores, "<f4")
        if len(rows) < FRAMES or len(y) < FRAMES:
            continue
        xs.append(network.inputs(rows[:FRAMES], shape).astype(np.float16))
        ys.append(np.where(network.sounding(rows[:FRAMES]), y[:FRAMES], -1).astype(np.float32))
    return np.stack(xs), np.stack(ys)


def loss(weights, x, y, shape):
    z = network.logits(weights, x, shape)
    # An idle line is decided without the network.
    use = y >= 0
    y = jnp.clip(y, 0.005, 0.995)
    each = jax.nn.softplus(z) - y * z
    return jnp.sum(jnp.where(use, each, 0)) / jnp.maximum(use.sum(), 1)


@partial(jax.jit, static_argnames="shape")
def step(weights, m, v, count, rate, x, y, shape):
    value, slope = jax.value_and_grad(loss)(weights, x.astype(jnp.float32), y, shape)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, slope)
    v = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, v, slope)

    def moved(w, m, v):
        to = (m / (1 - 0.9**count)) / (jnp.sqrt(v / (1 - 0.99**count)) + 1e-8)
        decay = 1e-3 * w if w.ndim > 1 else 0.0
        return w - rate * (to + decay)

    return value, jax.tree.map(moved, weights, m, v), m, v


def train(x, y, shape, weights, epochs, seed, frames, batch, top):
    draw = np.random.default_rng(seed)
    weights = {k: jnp.asarray(v) for k, v in weights.items()}
    m = v = jax.tree.map(jnp.zeros_like, weights)
    pieces = FRAMES // frames
    kept = min(KEPT, len(x) // 8)
    trained = len(x) - kept
    steps = trained * pieces // batch * epochs
    judge = jax.jit(loss, static_argnames="shape")
    count, since = 0, time.time()
    for epoch in range(epochs):
        order = draw.permutation(trained * pieces)
        losses = []
        for at in range(0, len(order) - batch + 1, batch):
            count += 1
            rate = top * min(1, count / 100) * (0.5 + 0.5 * np.cos(np.pi * count / steps)) + 1e-5
            xs, ys = [], []
            for place in order[at : at + batch]:
                scene, piece = divmod(int(place), pieces)
                # Pieces begin anywhere, so that no edge is always the same.
                start = int(draw.integers(0, FRAMES - frames + 1)) if piece else 0
                xs.append(x[scene, start : start + frames])
                ys.append(y[scene, start : start + frames])
            value, weights, m, v = step(
                weights, m, v, float(count), rate, np.stack(xs), np.stack(ys), shape
            )
            losses.append(float(value))
        of_kept = [
            float(judge(weights, x[i : i + 4].astype(np.float32), y[i : i + 4], shape))
            for i in range(trained, len(x) - 3, 4)
        ]
        print(
            f"epoch {epoch + 1:2} loss {np.mean(losses):.4f} kept {np.mean(of_kept):.4f} "
            f"{time.time() - since:.0f} s",
            flush=True,
        )
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--channels", type=int, default=24)
    parser.add_argument("--bins", type=int, default=0)
    parser.add_argument("--mean", type=int, default=300)
    parser.add_argument("--around", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--behind", type=int, nargs="*", default=[16])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--frames", type=int, default=1_500)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--start", help="goes on from this model, in its shape")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = network.Shape(
        channels=arguments.channels, bins=arguments.bins, mean=arguments.mean,
        around=tuple(arguments.around), behind=tuple(arguments.behind),
    )  # fmt: skip
    models = arguments.work / "models"
    weights = network.start(shape, arguments.seed)
    if arguments.start:
        weights, shape = network.load(models / f"{arguments.start}.npz")
    x, y = scenes(arguments.work, shape)
    print(
        f"{arguments.name}: {shape.multiply_adds()} multiply-adds, {10 * shape.ahead()} ms ahead, "
        f"{len(x)} scenes, speech {(y >= 0.5).mean():.3f}",
        flush=True,
    )
    weights = train(
        x, y, shape, weights, arguments.epochs, arguments.seed, arguments.frames,
        arguments.batch, arguments.rate,
    )  # fmt: skip
    models.mkdir(exist_ok=True)
    network.save(models / f"{arguments.name}.npz", weights, shape)


if __name__ == "__main__":
    main()
