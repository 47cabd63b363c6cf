"""Silero at 8 kHz and WebRTC, on samples at 8 kHz."""

from importlib import metadata

import numpy as np
import onnxruntime
import webrtcvad

RATE = 8_000
WINDOW = 256
CONTEXT = 32
# Loud frames are brought here, by no more than this; quieter frames say nothing of a voice. As
# src/vad/level.rs, but of the whole recording at once.
TARGET_DBFS, MOST_DB, IDLE_DBFS, LOUD = -23.0, 30.0, -65.0, 95
FRAME = 128


def resampled(samples, rate):
    """Cuts the spectrum off at 4 kHz: whole recordings at a time, so no filter is needed."""
    if rate == RATE:
        return samples
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples.astype(np.float64))[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * (count / len(samples))).astype(np.float32)


def normalised(samples):
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    level = 10 * np.log10(np.maximum(power, 1e-10))
    level = level[level >= IDLE_DBFS]
    if not len(level):
        return samples
    gain = min(TARGET_DBFS - np.percentile(level, LOUD), MOST_DB)
    return np.clip(samples * np.float32(10 ** (gain / 20)), -1, 1)


class Silero:
    """The published graph, on one thread; the state lasts from the first window to the last."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        package = metadata.distribution("silero-vad")
        path = package.locate_file("silero_vad/data/silero_vad.onnx")
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def hear(self, streams):
        """Returns the scores of each stream; all step together, the shorter followed by silence."""
        lengths = [-(-len(s) // WINDOW) for s in streams]
        windows = max(lengths)
        padded = np.zeros((len(streams), CONTEXT + windows * WINDOW), np.float32)
        for row, samples in zip(padded, streams):
            row[CONTEXT : CONTEXT + len(samples)] = samples
        state = np.zeros((2, len(streams), 128), np.float32)
        rate = np.array(RATE, np.int64)
        scores = np.empty((len(streams), windows), np.float32)
        for i in range(windows):
            window = padded[:, i * WINDOW : (i + 1) * WINDOW + CONTEXT]
            window = np.ascontiguousarray(window)
            inputs = {"input": window, "state": state, "sr": rate}
            score, state = self.session.run(None, inputs)
            scores[:, i] = score[:, 0]
        return [row[:length] for row, length in zip(scores, lengths)]


def webrtc(samples, mode=1):
    """Returns 0 or 1 of each frame of 10 ms."""
    vad = webrtcvad.Vad(mode)
    pcm = np.round(np.clip(samples, -1, 32_767 / 32_768) * 32_768).astype("<i2").tobytes()
    size = 2 * RATE // 100
    return np.array(
        [vad.is_speech(pcm[i : i + size], RATE) for i in range(0, len(pcm) - size + 1, size)],
        np.float32,
    )
