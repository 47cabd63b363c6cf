"""Sounds that are no speech, drawn at random: tones of lines, music, noises, typing, breath.

They are not those of src/simulate/sounds, which the result is tested on: frequencies, cadences,
instruments and melodies are drawn anew for each scene. The frequencies of real networks are among
them, since a tone of 425 Hz has no other form. All functions return samples at 8 kHz with a mean
square of about 1 over what sounds.
"""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 8_000
TAU = 2 * np.pi


def levelled(x):
    blocks = np.add.reduceat(x * x, np.arange(0, len(x), 80)) / 80
    power = blocks[blocks > 1e-12]
    return x / np.sqrt(power.mean()) if len(power) else x


def band(x, low, high, order=4):
    if low > 20:
        x = sosfilt(butter(order, low, "high", fs=RATE, output="sos"), x)
    if high < 3_950:
        x = sosfilt(butter(order, high, "low", fs=RATE, output="sos"), x)
    return x


def noise(draw, count, kind=None):
    """White, pink, brown, of a random spectrum, swelling as a street does, or humming."""
    kind = kind or draw.choice(["white", "white", "pink", "pink", "brown", "shaped", "street", "hum"])
    white = draw.standard_normal(count)
    if kind == "white":
        return white
    if kind == "hum":
        t = np.arange(count) / RATE
        base = draw.choice([50, 60]) * draw.uniform(0.99, 1.01)
        hum = sum(
            draw.uniform(0, 1) / k * np.sin(TAU * base * k * t + draw.uniform(0, TAU))
            for k in range(1, 12)
        )
        return levelled(hum + 0.1 * white)
    spectrum = np.fft.rfft(white)
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
    slope = {"pink": 0.5, "brown": 1.0}.get(kind, draw.uniform(-0.2, 1.0))
    spectrum *= hertz**-slope
    if kind in ("shaped", "street"):
        knots = np.linspace(0, 4_000, 9)
        gain = np.interp(hertz, knots, draw.uniform(-12, 12, 9))
        spectrum *= 10 ** (gain / 20)
    out = np.fft.irfft(spectrum, count)
    if kind == "street":
        knots = np.arange(0, count + 2 * RATE, max(int(draw.uniform(0.3, 3) * RATE), 1))
        swell = np.interp(np.arange(count), knots, draw.uniform(-9, 6, len(knots)))
        out *= 10 ** (swell / 20)
    return levelled(out)


CADENCES = [(2, 4), (1, 4), (0.8, 3.2), (1.5, 3.5), (1, 2), (0.5, 0.5), (0.4, 0.4), (0.375, 0.375),
            (0.25, 0.25), (0.5, 3), (1, 0), (0.2, 0.2), (0.15, 8), (3, 1)]  # fmt: skip
PAIRS = [(425,), (440, 480), (400, 450), (440,), (400,), (480, 620), (350, 440), (1_100,), (2_100,),
         (1_400,), (950,), (1_800,), (620,), (1_000,), (450,), (1_020,)]  # fmt: skip


def tone(draw, count):
    """A tone of some network, or of none; keys; a sweep."""
    kind = draw.choice(["network"] * 4 + ["any", "any", "keys", "keys", "steps", "sweep"])
    t = np.arange(count) / RATE
    if kind == "sweep":
        low, high = np.sort(draw.uniform(200, 3_600, 2))
        period = draw.uniform(0.3, 4)
        place = np.abs((t / period) % 2 - 1)
        return levelled(np.sin(TAU * np.cumsum(low + (high - low) * place) / RATE))
    if kind in ("keys", "steps"):
        rows, columns = [697, 770, 852, 941], [1_209, 1_336, 1_477, 1_633]
        on, off = draw.choice([0.05, 0.08, 0.1, 0.2, 0.5, 2.0]), draw.choice([0.05, 0.1, 0.3, 1.0, 0])
        out, at = np.zeros(count), 0
        held = draw.uniform(300, 3_000, (8, draw.integers(1, 3)))
        while at < count:
            end = min(at + max(int(on * RATE), 1), count)
            pair = (draw.choice(rows), draw.choice(columns)) if kind == "keys" else draw.choice(held)
            twist = draw.uniform(0.6, 1.4)
            out[at:end] = sum(a * np.sin(TAU * f * t[at:end]) for f, a in zip(pair, (1, twist)))
            at = end + int(off * draw.choice([1, 1, 1, 4]) * RATE)
        return levelled(out)
    if kind == "network":
        hertz = PAIRS[draw.integers(len(PAIRS))]
        on, off = np.array(CADENCES[draw.integers(len(CADENCES))]) * draw.uniform(0.85, 1.15)
        hertz = np.array(hertz) * draw.uniform(0.99, 1.01)
    else:
        hertz = draw.uniform(250, 3_000, draw.integers(1, 4))
        on, off = draw.uniform(0.1, 3), draw.uniform(0, 4)
    out = sum(np.sin(TAU * f * t + draw.uniform(0, TAU)) for f in hertz)
    if draw.random() < 0.2:
        out = out * (0.5 - 0.5 * np.cos(TAU * draw.uniform(10, 25) * t))
    phase = (t + draw.uniform(0, on + off)) % (on + off)
    return levelled(out * (phase < on))


def note(draw, hertz, count, timbre):
    """One note of an instrument: a dict that was drawn by `instrument`."""
    t = np.arange(count) / RATE
    if timbre["kind"] == "string":
        period = max(int(RATE / hertz), 2)
        burst = np.zeros(count)
        burst[:period] = draw.uniform(-1, 1, min(period, count))
        loss = 0.5 * timbre["loss"]
        comb = np.zeros(period + 2)
        comb[0], comb[period], comb[period + 1] = 1, -loss, -loss
        return lfilter([1], comb, burst)
    swing = timbre["vibrato"] * np.sin(TAU * timbre["vibrato_hz"] * t)
    phase = TAU * hertz * t + hertz * swing / timbre["vibrato_hz"]
    out = np.zeros(count)
    for k, gain in enumerate(timbre["overtones"], 1):
        if hertz * k < 3_900:
            out += gain * np.sin(k * phase + timbre["phase"] * k)
    if timbre["kind"] == "bell":
        out = np.sin(phase + timbre["index"] * np.exp(-t * 3) * np.sin(phase * timbre["ratio"]))
    rise = np.minimum(t / timbre["attack"], 1)
    fall = np.exp(-t / timbre["decay"])
    close = np.minimum((count - np.arange(count)) / (0.03 * RATE), 1)
    return out * rise * fall * close


def instrument(draw):
    count = int(draw.integers(1, 14))
    return {
        "kind": draw.choice(["string", "tone", "tone", "tone", "bell"]),
        "loss": draw.uniform(0.985, 0.9995),
        "vibrato": draw.choice([0, 0, 0.003, 0.008]),
        "vibrato_hz": draw.uniform(3.5, 7),
        "overtones": draw.uniform(0.2, 1, count) / np.arange(1, count + 1) ** draw.uniform(0.3, 2),
        "phase": draw.uniform(0, TAU),
        "index": draw.uniform(0.5, 5),
        "ratio": draw.choice([1, 1.4, 2, 3, 3.5, 7]),
        "attack": draw.choice([0.003, 0.01, 0.05, 0.3]),
        "decay": draw.choice([0.1, 0.3, 1.0, 3.0, 30.0]),
    }


SCALES = [[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 2, 4, 7, 9], [0, 3, 5, 7, 10], range(12)]


def add(out, at, what):
    end = min(at + len(what), len(out))
    if at < end:
        out[at:end] += what[: end - at]


def music(draw, count):
    """One to four of melody, chords, arpeggio, bass and drums, at one tempo."""
    layers = draw.choice(["melody", "chords", "arpeggio", "bass", "drums"], draw.integers(1, 5), False)
    beat = 60 / draw.uniform(55, 170) * RATE
    scale, root = list(SCALES[draw.integers(len(SCALES))]), 110 * 2 ** draw.uniform(-0.5, 1.2)
    out = np.zeros(count)

    def pitch(degree, octave=0):
        return root * 2 ** (scale[degree % len(scale)] / 12 + degree // len(scale) + octave)

    for layer in layers:
        own, voice, at = np.zeros(count), instrument(draw), 0.0
        if layer == "drums":
            own = drums(draw, count, beat)
        degree, steps = int(draw.integers(0, 8)), draw.choice([0.25, 0.5, 1, 2], 4)
        chords = draw.integers(0, 7, 4)
        i = 0
        while at < count and layer != "drums":
            chord = int(chords[int(at / beat / 4) % 4])
            if layer == "melody":
                length = beat * draw.choice(steps)
                degree = int(np.clip(degree + draw.integers(-3, 4), 0, 16))
                if draw.random() > 0.12:
                    add(own, int(at), note(draw, pitch(degree, 1), int(length * 1.3), voice))
            elif layer == "chords":
                length = beat * draw.choice([2, 4])
                for k in range(0, 2 * int(draw.integers(2, 5)), 2):
                    add(own, int(at), note(draw, pitch(chord + k), int(length), voice))
            elif layer == "arpeggio":
                length = beat * steps[0] / 2
                add(own, int(at), note(draw, pitch(chord + 2 * (i % 4), 1), int(length * 2), voice))
            else:
                length = beat * draw.choice([0.5, 1])
                add(own, int(at), note(draw, pitch(chord, -1), int(length), voice))
            at += max(length, 200)
            i += 1
        out += levelled(own) * draw.uniform(0.3, 1)
    if draw.random() < 0.3:
        out = np.tanh(levelled(out) * draw.uniform(0.5, 3))
    return levelled(band(out, draw.choice([20, 100, 300]), draw.choice([2_000, 3_000, 4_000])))


def drums(draw, count, beat):
    out, half = np.zeros(count), beat / 2
    sizes = {k: draw.uniform(0.02, 0.2) for k in ("kick", "snare", "hat")}
    for i in range(int(count / half) + 1):
        at = int(i * half)
        length = int(0.3 * RATE)
        t = np.arange(length) / RATE
        hiss = draw.standard_normal(length)
        if i % 4 == 0 or draw.random() < 0.1:
            fall = draw.uniform(60, 160) * 0.05 * (1 - np.exp(-t / 0.05))
            add(out, at, 2 * np.sin(TAU * (55 * t + fall)) * np.exp(-t / sizes["kick"]))
        if i % 4 == 2:
            add(out, at, hiss * np.exp(-t / sizes["snare"]))
        if draw.random() < 0.8:
            add(out, at, 0.4 * np.diff(hiss, prepend=0) * np.exp(-t / sizes["hat"] * 3))
    return out


def typing(draw, count):
    """Keys or clicks: short rings of noise, in bouts; now and then a thump."""
    out, at = np.zeros(count), int(draw.uniform(0, 0.3) * RATE)
    while at < count:
        length = int(draw.uniform(0.004, 0.05) * RATE)
        t = np.arange(length) / RATE
        ring = np.sin(TAU * draw.uniform(120, 3_500) * t) * np.exp(-t / draw.uniform(0.001, 0.01))
        tick = draw.standard_normal(length) * np.exp(-t / draw.uniform(0.0005, 0.006))
        add(out, at, draw.uniform(0.3, 1) * (ring * draw.uniform(0, 1) + tick))
        at += int((draw.uniform(0.5, 3) if draw.random() < 0.1 else draw.uniform(0.05, 0.35)) * RATE)
    return levelled(out)


def breath(draw, count):
    """Breaths and rustles: noise in a band, swelling for half a second."""
    out, at = np.zeros(count), int(draw.uniform(0, 2) * RATE)
    while at < count:
        length = int(draw.uniform(0.1, 1.2) * RATE)
        low = draw.uniform(150, 1_500)
        hiss = band(draw.standard_normal(length), low, min(low * draw.uniform(1.5, 6), 3_900), 2)
        add(out, at, draw.uniform(0.3, 1) * hiss * np.hanning(length))
        at += length + int(draw.uniform(0.3, 5) * RATE)
    return levelled(out)


def any_sound(draw, count):
    kinds = [music, music, music, tone, tone, tone, tone, typing, breath, noise]
    return kinds[draw.integers(len(kinds))](draw, count)
