"""Writes the weights of Silero's 8 kHz network as the crate reads them.

    pip install --no-deps -r requirements.txt
    python convert.py ../../models/silero-8k.bin

Layout, little-endian: the magic `SILERO8K`, a u32 version (1), a u32 count of arrays, then the
arrays in the order of `arrays` below. Each is three u32 (rows, columns, bytes per value: 2 or 4)
and its values as IEEE f16 or f32, row by row. Matrices have a row per input and a column per output;
the inputs of a convolution are ordered by tap, then by channel.
"""

import struct
import sys

import numpy as np

import graph


def convolution(weight, taps):
    """(out, in, tap) to ((tap, in), out), of those taps only."""
    kept = weight[:, :, taps]
    return kept.transpose(2, 1, 0).reshape(-1, weight.shape[0])


def check_front(weights):
    """The fixed basis is a DFT of 128 under a periodic Hann window; the crate uses an FFT."""
    basis = weights["stft.forward_basis_buffer"][:, 0, :].astype(np.float64)
    n = np.arange(128)
    bins = np.arange(65)[:, None]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 128)
    wanted = np.vstack(
        [hann * np.cos(2 * np.pi * bins * n / 128), -hann * np.sin(2 * np.pi * bins * n / 128)]
    )
    assert np.abs(basis - wanted).max() < 1e-6


def arrays(w):
    encoder = [w[f"encoder.{layer}.reparam_conv.weight"] for layer in range(4)]
    bias = [w[f"encoder.{layer}.reparam_conv.bias"] for layer in range(4)]
    # A window is four spectra. With strides 1, 2, 2, 1 the third layer sees two instants and the
    # fourth one; their other taps meet nothing but the padding.
    taps = [[0, 1, 2], [0, 1, 2], [1, 2], [1]]
    for weight, kept, offset in zip(encoder, taps, bias):
        yield convolution(weight, kept), 2
        yield offset[None, :], 4
    # Gates in the order input, forget, cell, output.
    yield w["decoder.rnn.weight_ih"].T, 2
    yield w["decoder.rnn.weight_hh"].T, 2
    yield (w["decoder.rnn.bias_ih"] + w["decoder.rnn.bias_hh"])[None, :], 4
    yield w["decoder.decoder.2.weight"][0], 2
    yield w["decoder.decoder.2.bias"][None, :], 4


def main(out):
    weights = graph.weights(graph.load())
    check_front(weights)
    items = list(arrays(weights))
    with open(out, "wb") as file:
        file.write(b"SILERO8K" + struct.pack("<II", 1, len(items)))
        for array, width in items:
            file.write(struct.pack("<III", *array.shape, width))
            file.write(np.ascontiguousarray(array).astype(f"<f{width}").tobytes())
    version, digest = graph.source()
    print(f"{graph.PACKAGE} {version}, {graph.FILE}, sha256 {digest}")


if __name__ == "__main__":
    main(sys.argv[1])
