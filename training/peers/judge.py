"""The figures of callcsi::vad::evaluate, a second time, and a decision by scores alone.

Times are whole nanoseconds. Where a figure is not defined it is None. `peers.py` holds these to what
the crate says of its own detectors.
"""

import bisect
from dataclasses import dataclass, field

import numpy as np

FRAME = 10_000_000
NEAR = 100_000_000


def normal(segments):
    """Sorted, disjoint, not touching."""
    out = []
    for start, end in sorted(s for s in segments if s[0] < s[1]):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def within(segments, start, end):
    return normal([max(a, start), min(b, end)] for a, b in segments)


def contains(segments, times):
    """Of each time, whether it is inside; half-open."""
    edges = np.array(segments, dtype=np.int64).reshape(-1)
    return np.searchsorted(edges, times, side="right") % 2 == 1


@dataclass
class Scores:
    """The score of each frame of a detector."""

    values: np.ndarray
    hop: int
    delay: int

    def at(self, times):
        frames = (times + self.delay) // self.hop
        inside = (frames >= 0) & (frames < len(self.values))
        return np.where(inside, self.values[np.clip(frames, 0, max(len(self.values) - 1, 0))], 0.0)

    def decide(self, settings, length):
        """Hysteresis, then joining, then dropping: as SpeechTracker, without its look at the level."""
        on, off = settings["speech_on"], settings["speech_off"]
        runs, since = [], None
        for i, score in enumerate(self.values):
            if since is None and score >= on:
                since = i
            elif since is not None and score < off:
                runs.append((since, i))
                since = None
        if since is not None:
            runs.append((since, len(self.values)))
        speech = within(
            [(a * self.hop - self.delay, b * self.hop - self.delay) for a, b in runs], 0, length
        )
        joined = []
        for start, end in speech:
            if joined and start - joined[-1][1] < nanos(settings["speech_join_s"]):
                joined[-1][1] = end
            else:
                joined.append([start, end])
        return [s for s in joined if s[1] - s[0] >= nanos(settings["speech_min_s"])]


def nanos(seconds):
    return round(float(seconds) * 1e9)


@dataclass
class Figures:
    """Frames and edges of one recording or of several."""

    scores: list = field(default_factory=list)
    decided: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    starts: list = field(default_factory=list)
    ends: list = field(default_factory=list)
    labelled: int = 0

    def add(self, scene, scores, settings):
        speech = scores.decide(settings, scene.length)
        times = scene.centres()
        self.scores.append(scores.at(times))
        self.decided.append(contains(speech, times))
        self.labels.append(contains(scene.label, times))
        self.labelled += len(scene.label)
        speech = within(speech, scene.start, scene.end)
        for edge, errors in [(0, self.starts), (1, self.ends)]:
            found = [s[edge] for s in speech]
            for wanted in (s[edge] for s in scene.label):
                after = bisect.bisect_left(found, wanted)
                around = found[max(after - 1, 0) : after + 1]
                errors.extend(sorted((t - wanted for t in around), key=abs)[:1])

    def result(self, threshold):
        scores, labels = np.concatenate(self.scores), np.concatenate(self.labels)
        return {
            "frames": len(labels),
            "auc": auc(scores, labels),
            "raw": counts(scores >= threshold, labels),
            "decided": counts(np.concatenate(self.decided), labels),
            "starts": edges(self.starts, self.labelled),
            "ends": edges(self.ends, self.labelled),
        }


def auc(scores, labels):
    """The share of pairs put in order, a tie counting one half."""
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return None
    _, place, size = np.unique(scores, return_inverse=True, return_counts=True)
    midrank = np.cumsum(size) - (size - 1) / 2
    wins = midrank[place][labels].sum() - positive * (positive + 1) / 2
    return float(wins / (positive * negative))


def counts(called, labels):
    tp, fp = int((called & labels).sum()), int((called & ~labels).sum())
    fn, tn = int((~called & labels).sum()), int((~called & ~labels).sum())
    ratio = lambda part, whole: part / whole if whole else None
    return {
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "false_positive_rate": ratio(fp, fp + tn),
    }


def edges(errors, labelled):
    size = np.abs(errors)
    return {
        "labelled": labelled,
        "median_absolute_s": float(np.median(size)) / 1e9 if errors else None,
        "median_s": float(np.median(errors)) / 1e9 if errors else None,
        "near_share": float((size <= NEAR).sum()) / labelled if labelled else None,
    }
