"""Models: trained, kept, asked."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Mapping, Sequence

import pyarrow as pa

from . import _arrow, _native

#: What `status` says of a call that has features.
MEASURED = ("measured", "scored")


def model_bytes(model: Any) -> bytes | None:
    """Returns the bytes of a model given as bytes, path or `Model`; `None` is the bundled one."""
    if model is None or isinstance(model, bytes):
        return model
    if isinstance(model, Model):
        return model.to_bytes()
    if isinstance(model, str) and model == "builtin":
        return None
    if isinstance(model, (str, os.PathLike)):
        with open(model, "rb") as file:
            return file.read()
    # A fitted estimator.
    if hasattr(model, "model_"):
        return model_bytes(model.model_)
    raise TypeError(f"model: bytes, a path or a Model is wanted, not {type(model).__name__}")


class Model:
    """A trained model: the settings its calls are measured under, how features become columns, and weights.

    It is pickled, copied and sent to other machines as the bytes of its file.
    """

    def __init__(self, data: bytes | None = None, *, unseen: pa.Table | None = None):
        """Reads a model file; without one, the bundled model, which was trained on simulated calls and knows no
        real customers.

        Raises:
            callcsi.Error: it is no model, or one that this build cannot follow.
        """
        self._native = _native.Model(data)
        #: What models like it said of calls that they had not seen, after training; `None` of a file.
        self.unseen = unseen

    @classmethod
    def builtin(cls) -> "Model":
        """Returns the bundled model."""
        return cls()

    @classmethod
    def read(cls, path: str | os.PathLike) -> "Model":
        """Reads a model file."""
        return cls(model_bytes(os.fspath(path)))

    def to_bytes(self) -> bytes:
        """Returns the model file."""
        return self._native.to_bytes()

    def save(self, path: str | os.PathLike) -> None:
        """Writes the model file, which commands and services read as well."""
        with open(path, "wb") as file:
            file.write(self.to_bytes())

    def __reduce__(self) -> Any:
        return _restored, (self.to_bytes(), self.unseen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"<callcsi.Model {self.name!r} {self.fingerprint}, {len(self.features)} features>"

    def _repr_markdown_(self) -> str:
        return self.card()

    @property
    def name(self) -> str:
        """Its name."""
        return self._native.name

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ for different models."""
        return self._native.fingerprint

    @property
    def features(self) -> list[str]:
        """The features it looks at, in its order."""
        return self._native.features

    @property
    def marks(self) -> list[int]:
        """The marks of its scale, ascending."""
        return self._native.marks

    @property
    def target(self) -> str:
        """What it answers: `marks` or `satisfied`."""
        return self._native.target

    @property
    def satisfied_from(self) -> int:
        """The mark from which a customer counts as satisfied."""
        return self._native.satisfied_from

    @property
    def warning(self) -> str | None:
        """What has to be known before relying on it."""
        return self._native.warning

    @property
    def settings(self) -> dict[str, Any]:
        """The analysis settings that calls are measured under for it."""
        return json.loads(self._native.settings_json)

    def card(self) -> str:
        """Returns its card, as Markdown: what it knows, how well, and what is not known."""
        return self._native.card()

    def card_json(self) -> dict[str, Any]:
        """Returns its card for programs."""
        return json.loads(self._native.card_json())

    def predict(self, table: Any) -> pa.Table:
        """Predicts the calls of a table: see `callcsi.predict`."""
        return predict(table, self)


def _restored(data: bytes, unseen: pa.Table | None) -> Model:
    return Model(data, unseen=unseen)


def catalogue() -> pa.Table:
    """Returns every feature: `name`, `kind` (number or category), `unit`, `needs`, `source`, `group`,
    `revision`, `title_en`, `title_ru`, `definition`."""
    return pa.table(_native.catalogue())


_KINDS: dict[str, str] = {}


def kinds() -> dict[str, str]:
    """Returns `number` or `category` by the name of a feature."""
    if not _KINDS:
        columns = _native.catalogue()
        _KINDS.update(zip(columns["name"], columns["kind"]))
    return _KINDS


def feature_columns(table: pa.Table, names: Iterable[str]) -> tuple[dict[str, bytes], dict[str, list]]:
    """Takes features out of a table, as the native side wants them; those without a column are left out."""
    numbers: dict[str, bytes] = {}
    words: dict[str, list] = {}
    there = set(table.column_names)
    for name in names:
        if name not in there:
            continue
        if kinds().get(name) == "category":
            words[name] = _arrow.cells(table.column(name))
        else:
            numbers[name] = _arrow.floats(table.column(name), name)
    return numbers, words


def settings_fingerprints(table: pa.Table) -> set[str]:
    if "settings" not in table.column_names:
        return set()
    column = _arrow.plain(table.column("settings"))
    return {value for value in column.unique().to_pylist() if value}


def same_settings(table: pa.Table, native: _native.Model, whose: str) -> None:
    """Refuses calls that were measured under other settings than a model's."""
    for found in settings_fingerprints(table):
        if found != native.settings_fingerprint:
            wanted = f"{native.settings_fingerprint}, {whose}"
            raise _native.Error(f"settings: found calls measured under {found}, wanted {wanted}")


def predict(table: Any, model: Any = None) -> pa.Table:
    """Predicts measured calls from their features; nothing is listened to.

    Args:
        table: rows of `extract` or `score`, or any table with columns named as features (pyarrow, pandas, polars,
            a dict of columns). A feature of the model without a column is absent.
        model: a model file's bytes or path, or a `Model` [default: the bundled one].

    Returns:
        A row for each row, in their order: `call_id` where the table has it, `csi` (expected mark), `satisfied`
        and `dissatisfied` (probabilities), `log_odds` of satisfaction and, of a model of marks, `p_mark_1` …, the
        probability of each. Null for calls whose `status` says that they were not measured.

    Raises:
        callcsi.Error: the calls were measured under other settings than the model's.
    """
    table = _arrow.table_of(table)
    model = model if isinstance(model, Model) else Model(model_bytes(model))
    native = model._native
    same_settings(table, native, f"those of the model {model.name!r} (measure again: extract(…, model=…))")
    rows = table.num_rows
    found = native.predict(rows, *feature_columns(table, model.features))
    known = None
    if "status" in table.column_names:
        status = _arrow.plain(table.column("status")).to_pylist()
        known = pa.array([word in MEASURED for word in status])
    columns: dict[str, Any] = {}
    if "call_id" in table.column_names:
        columns["call_id"] = table.column("call_id")
    marks = found.pop("marks", None)
    for name, data in found.items():
        columns[name] = _arrow.numbers(data)
    if marks is not None:
        whole = _arrow.numbers(marks)
        count = len(model.marks)
        for place, mark in enumerate(model.marks):
            taken = pa.array(range(place, rows * count, count), pa.int64())
            columns[f"p_mark_{mark}"] = whole.take(taken)
    if known is not None:
        nothing = pa.scalar(None, pa.float64())
        for name in columns.keys() - {"call_id"}:
            columns[name] = pa.compute.if_else(known, columns[name], nothing)
    return pa.table(columns)


def features_of(word: str | Iterable[str]) -> list[str]:
    """Returns the names of features: of a set (`recommended`, `essay`, `call_features`, `all`), or as listed."""
    if not isinstance(word, str):
        return list(word)
    names = _native.feature_set(word)
    if names is None:
        raise ValueError(f"features: found {word!r}, wanted recommended, essay, call_features, all, or a list")
    return names


def _listed(values: Any, name: str, count: int) -> list[Any]:
    values = values.to_pylist() if isinstance(values, (pa.Array, pa.ChunkedArray)) else list(values)
    if len(values) != count:
        raise ValueError(f"{name}: found {len(values)}, wanted {count}, one for each row")
    return [None if value is None or value != value else value for value in values]


def _column(table: pa.Table, given: Any, name: str) -> list[Any] | None:
    """Takes a column by name, or values that are given."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in table.column_names:
            raise ValueError(f"{name}: found no column {given!r} in the table")
        given = table.column(given)
    return _listed(given, name, table.num_rows)


def whole_mark(mark: Any, place: str) -> int:
    """Returns a mark that is a whole number; 4.0 is one."""
    if isinstance(mark, str) or float(mark) != int(mark):
        raise ValueError(f"{place}: found {mark!r}, wanted a whole number")
    return int(mark)


def nanoseconds(value: Any) -> int | None:
    """Returns a time in whole nanoseconds; only the order counts."""
    if value is None:
        return None
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1e9)
    return int(value)


def _some(value: float | int | Sequence | None) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) else [value]


def _surveyed(survey: Sequence[str | None], marks: Sequence[Any]) -> dict[str, int]:
    """Counts what became of the surveys, for the card; as the commands do."""
    counts = dict.fromkeys(("answered", "no_response", "not_invited", "invalid", "unstated", "by_mark"), 0)
    for word, mark in zip(survey, marks):
        if word in (None, "answered") and mark is not None:
            counts["answered"] += 1
            counts["by_mark"] += word is None
        elif word in ("answered", "invalid"):
            counts["invalid"] += 1
        elif word in ("no_response", "not_invited"):
            counts[word] += 1
        else:
            counts["unstated"] += 1
    return counts


def train(
    table: Any,
    labels: Any = "mark",
    *,
    name: str = "retrained",
    source: str = "not stated",
    period: str | None = None,
    warning: str | None = None,
    scale: str = "1..5",
    target: str = "marks",
    features: str | Iterable[str] = "recommended",
    without: Iterable[str] = (),
    log1p: Iterable[str] | None = None,
    alpha: float | Sequence[float] | None = None,
    knots: int | Sequence[int] | None = None,
    prior: Any = None,
    calibration: str | None = None,
    validation: str = "folds",
    groups: Any = None,
    times: Any = None,
    weights: Any = None,
    settings: Mapping[str, Any] | None = None,
    level_min_count: int = 10,
    min_class_rows: int | None = None,
    max_iterations: int = 1000,
    threads: int | None = None,
) -> Model:
    """Trains a model on measured calls and the marks of their customers.

    Rows without a mark, not measured, or whose `survey_status` is not `answered`, are passed over. The same calls
    give the same model, to the last bit, in any order and on any number of threads.

    Args:
        table: rows of `extract` or `score`, or any table with columns named as features.
        labels: the marks, whole numbers on `scale`: a column's name, or one for each row.
        name: its name, quoted in results.
        source: what the calls are, for the card: which centre, who was asked.
        period: which months they are of, for the card.
        warning: what has to be known before relying on it; the first line of the card.
        scale: `1..5` (satisfied from 4, dissatisfied up to 2), `1..10`, `0..10`, or all four as `1,5,4,2`.
        target: what it answers: `marks`, the distribution over them, or `satisfied`, whether the customer is.
        features: features to learn from: `recommended`, `essay`, `call_features`, `all`, or a list.
        without: features to leave out.
        log1p: of those, lengths and counts with a long tail [default: the library's].
        alpha: penalty on the squared weights, 1/C of scikit-learn; of several, and by default, the one that
            cross-validation finds best.
        knots: knots of each number's curve, 0 for straight lines; of several, and by default, as `alpha`.
        prior: a model to start from where that helps: bytes, path, `Model`, or `builtin`.
        calibration: `platt` or `isotonic`, on the scores of five folds.
        validation: what the figures of the card come from: `folds`, `folds:10`, `holdout:0.2`, `latest:0.2`,
            `none`.
        groups: column, or a value for each row, whose equal values stay together in folds: customers.
        times: column, or a value for each row, of times; only the order counts.
        weights: column, or a number above 0 for each row: how many calls it stands for.
        settings: analysis settings that the calls were measured under, where they differ from the defaults.
        level_min_count: levels of a word on fewer calls share the column *other*.
        min_class_rows: fewest calls of the satisfied, and of the others [default: 10; 3 with a prior].
        max_iterations: steps after which the solver gives up.
        threads: threads to train on [default: one for each processor].

    Returns:
        The model, with its `card()`, and as `unseen` what models like it said of calls that they had not seen.

    Raises:
        callcsi.Error: too few marks, or none on one side; training did not converge; the calls were measured under
            other settings.
    """
    table = _arrow.table_of(table)
    rows = table.num_rows
    columns = {
        "labels": _column(table, labels, "labels"),
        "groups": _column(table, groups, "groups"),
        "times": _column(table, times, "times"),
        "weights": _column(table, weights, "weights"),
    }
    marks = columns["labels"] or []
    taken = [mark is not None for mark in marks]
    if "status" in table.column_names:
        status = _arrow.plain(table.column("status")).to_pylist()
        taken = [yes and word in MEASURED for yes, word in zip(taken, status)]
    survey = [None] * rows
    if "survey_status" in table.column_names:
        survey = _arrow.plain(table.column("survey_status")).to_pylist()
    surveyed = _surveyed(survey, marks)
    if any(word is not None for word in survey):
        taken = [yes and word in (None, "answered") for yes, word in zip(taken, survey)]
    kept = [i for i, yes in enumerate(taken) if yes]
    if len(kept) < rows:
        table = table.take(pa.array(kept, pa.int64()))
        columns = {key: None if c is None else [c[i] for i in kept] for key, c in columns.items()}
    if "call_id" in table.column_names:
        # A call without an id is refused by its empty one.
        ids = [name or "" for name in _arrow.cells(table.column("call_id"))]
    else:
        # In the order of the rows.
        ids = [f"{i:012d}" for i in kept]
    dropped = set(without)
    names = [feature for feature in features_of(features) if feature not in dropped]
    changed = None
    if settings is not None:
        whole = {**json.loads(_native.Model().settings_json), **settings}
        changed = json.dumps(whole)
    prior = "builtin" if isinstance(prior, str) and prior == "builtin" else model_bytes(prior)
    if prior == "builtin":
        prior = Model().to_bytes()
    if min_class_rows is None:
        min_class_rows = 10 if prior is None else 3
    options = {
        "name": name,
        "source": source,
        "warning": warning,
        "period": period,
        "survey": json.dumps(surveyed),
        "scale": scale,
        "target": target,
        "features": names,
        "log1p": None if log1p is None else list(log1p),
        "alphas": [float(a) for a in _some(alpha)],
        "knots": [int(k) for k in _some(knots)],
        "prior": prior,
        "calibration": calibration,
        "validation": validation,
        "level_min_count": level_min_count,
        "min_class_rows": min_class_rows,
        "max_iterations": max_iterations,
        "threads": threads or 0,
        "settings": changed,
    }
    group = columns["groups"]
    time = columns["times"]
    weight = columns["weights"]
    if weight is not None and not all(w is not None and w > 0 for w in weight):
        raise ValueError("weights: found one that is not above 0, wanted a count for each row")
    # A prior has columns of its own, whatever is chosen.
    looked_at = names if prior is None else list(dict.fromkeys([*names, *Model(prior).features]))
    native, unseen = _native.train(
        *feature_columns(table, looked_at),
        ids,
        [whole_mark(mark, "labels") for mark in columns["labels"] or []],
        weight if weight is None else [float(w) for w in weight],
        group if group is None else [None if g is None else str(g) for g in group],
        time if time is None else [nanoseconds(t) for t in time],
        options,
    )
    same_settings(table, native, "those that training was told (settings=…)")
    numbers = {key: _arrow.numbers(unseen.pop(key)) for key in ("csi", "satisfied", "dissatisfied")}
    return Model(native.to_bytes(), unseen=pa.table({**unseen, **numbers}))
