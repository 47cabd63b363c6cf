"""The small network: what it is given, what it computes, what that costs.

Each 10 ms it is given the bands relative to the loud level, the level relative to it and how far the
loud level stands above the floor; in the wide form, the single bins as well. So a gain changes
nothing. Then convolutions over time, each of three taps; the mean of what they say over the last
three seconds, which is what tells music; two layers. The context is finite: nothing older than
`context()` is remembered, nothing later than `ahead()` is waited for.
"""

from dataclasses import asdict, dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import maximum_filter1d

COLUMNS, BANDS = 148, 16
FIRST_BIN, LAST_BIN = 5, 120
FLOOR_DB, TOP_DB = -50.0, 10.0
# Frames around a sound that may be speech as well.
HOLD = 8


@dataclass(frozen=True)
class Shape:
    channels: int = 24
    # Taps at -d, 0, d; and at -2d, -d, 0.
    around: tuple = (1, 2, 4, 8)
    behind: tuple = (16,)
    # Outputs of the first layer over single bins; 0: bands alone.
    bins: int = 0
    # Frames of the mean; 0: none.
    mean: int = 300
    head: int = 24

    def inputs(self):
        return BANDS + 2 + self.bins

    def multiply_adds(self):
        layers = len(self.around) + len(self.behind)
        count = (LAST_BIN - FIRST_BIN) * self.bins + 3 * self.inputs() * self.channels
        count += layers * 3 * self.channels**2
        return count + (1 + (self.mean > 0)) * self.channels * self.head + self.head

    def ahead(self):
        return 1 + sum(self.around)

    def context(self):
        return self.ahead() + 2 * sum(self.behind) + self.mean


def inputs(rows, shape):
    """Of rows as fast_frames writes them; any leading axes."""
    loud, floor = rows[..., 1:2], rows[..., 2:3]
    relative = [rows[..., 3 : 3 + BANDS] - loud, rows[..., 0:1] - loud]
    if shape.bins:
        # A bin holds a part of its band: 13 dB less on the whole.
        bins = rows[..., 3 + BANDS :][..., FIRST_BIN:LAST_BIN]
        relative.append(bins - loud + 13.0)
    x = np.concatenate(relative, axis=-1)
    x = (np.clip(x, FLOOR_DB, TOP_DB) + 20.0) / 15.0
    height = (np.clip(loud - floor, 0.0, 60.0) - 25.0) / 15.0
    return np.concatenate([x, height], axis=-1).astype(np.float32)


def row_length(shape):
    """Numbers in a row of inputs."""
    return BANDS + 2 + (LAST_BIN - FIRST_BIN if shape.bins else 0)


def sounding(rows):
    """Whether a frame may be speech: as the teacher's own rule, near to sound that is not idle."""
    level, loud = rows[..., 0], rows[..., 1]
    idle = np.where(loud > -100.0, np.maximum(loud - 38.0, -80.0), -65.0)
    return maximum_filter1d((level >= idle).astype(np.uint8), 2 * HOLD + 1, axis=-1) > 0


def start(shape, seed):
    draw = np.random.default_rng(seed)

    def layer(fan_in, *size):
        return (draw.standard_normal(size) * np.sqrt(2 / fan_in)).astype(np.float32)

    def zeros(n):
        return np.zeros(n, np.float32)

    c = shape.channels
    first = 3 * shape.inputs()
    weights = {"in": layer(first, first, c), "in_b": zeros(c)}
    if shape.bins:
        weights["bins"] = layer(LAST_BIN - FIRST_BIN, LAST_BIN - FIRST_BIN, shape.bins)
        weights["bins_b"] = zeros(shape.bins)
    for i in range(len(shape.around) + len(shape.behind)):
        weights[f"c{i}"] = 0.5 * layer(3 * c, 3 * c, c)
        weights[f"c{i}_b"] = zeros(c)
    both = c * (1 + (shape.mean > 0))
    weights |= {"head": layer(both, both, shape.head), "head_b": zeros(shape.head)}
    return weights | {"out": layer(shape.head, shape.head, 1), "out_b": np.full(1, -1, np.float32)}


def shifted(x, by):
    """x[t + by], zero outside."""
    if by > 0:
        return jnp.pad(x[:, by:], ((0, 0), (0, by), (0, 0)))
    return jnp.pad(x[:, :by], ((0, 0), (-by, 0), (0, 0))) if by else x


def taps(x, places):
    return jnp.concatenate([shifted(x, by) for by in places], axis=-1)


def logits(weights, x, shape):
    """Of inputs [calls, frames, …]."""
    if shape.bins:
        start, end = BANDS + 1, BANDS + 1 + LAST_BIN - FIRST_BIN
        seen = jax.nn.relu(x[..., start:end] @ weights["bins"] + weights["bins_b"])
        x = jnp.concatenate([x[..., :start], x[..., end:], seen], axis=-1)
    h = jax.nn.relu(taps(x, (-1, 0, 1)) @ weights["in"] + weights["in_b"])
    places = [(-d, 0, d) for d in shape.around] + [(-2 * d, -d, 0) for d in shape.behind]
    for i, place in enumerate(places):
        h = h + jax.nn.relu(taps(h, place) @ weights[f"c{i}"] + weights[f"c{i}_b"])
    if shape.mean:
        total = jnp.cumsum(h, axis=1)
        count = jnp.minimum(jnp.arange(1, x.shape[1] + 1), shape.mean)[None, :, None]
        h = jnp.concatenate([h, (total - shifted(total, -shape.mean)) / count], axis=-1)
    h = jax.nn.relu(h @ weights["head"] + weights["head_b"])
    return (h @ weights["out"] + weights["out_b"])[..., 0]


def save(path, weights, shape):
    np.savez(path, shape=np.array([str(asdict(shape))]), **{k: np.asarray(v) for k, v in weights.items()})


def load(path):
    import ast

    file = np.load(path)
    shape = ast.literal_eval(str(file["shape"][0]))
    return {k: file[k] for k in file.files if k != "shape"}, Shape(**shape)
