"""An estimator for scikit-learn: the training of `callcsi.train` where a `Pipeline`, `cross_val_score` or a
`GridSearchCV` wants a classifier.

    from callcsi.sklearn import CsiClassifier
    from sklearn.model_selection import cross_val_score

    marked = table.filter(pc.is_valid(table["mark"]))     # of callcsi.extract
    satisfied = pc.greater_equal(marked["mark"], 4)
    cross_val_score(CsiClassifier(target="satisfied"), marked, satisfied, scoring="neg_log_loss")

scikit-learn judges; so nothing is held out in training, and the card of `model_` says that nothing is known of how
good the model is. A model that is kept is better trained with `callcsi.train`, whose card knows.

It needs scikit-learn 1.6 or newer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Iterable, Sequence

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _arrow, _models
from ._models import MEASURED, Model

#: Checks of `sklearn.utils.estimator_checks.check_estimator` that cannot hold, and why.
EXPECTED_FAILED_CHECKS: dict[str, str] = {
    "check_sample_weight_equivalence_on_dense_data": (
        "weights count in the fit and not in the encoding: mean and standard deviation of a column, by which it is "
        "standardised before its weight is penalised, are those of the rows, whatever they count. A row with weight "
        "2 is near to two equal rows, not equal"
    ),
}

#: min, max, satisfied from, dissatisfied to: the short names of scales.
_SCALES = {"1..5": (1, 5, 4, 2), "1..10": (1, 10, 8, 6), "0..10": (0, 10, 8, 6)}

#: What the card of a model says that was trained on two labels.
_OF_TWO_LABELS = (
    "Trained on two labels and not on marks. Its expected mark is the probability of a satisfied customer, drawn "
    "out from the lowest mark of the scale to the highest."
)


def _bounds(scale: Any) -> tuple[int, int, int, int]:
    """Returns the bounds of a scale; whether they can be is checked in training."""
    text = str(scale).strip()
    if text in _SCALES:
        return _SCALES[text]
    try:
        low, high, satisfied_from, dissatisfied_to = (int(bound) for bound in text.split(","))
    except ValueError:
        found = f"scale: found {scale!r}, wanted '1..5', '1..10', '0..10', or four numbers, as '1,5,4,2'"
        raise ValueError(found) from None
    return low, high, satisfied_from, dissatisfied_to


def _names_of(X: Any) -> list[str] | None:
    """Returns the names of the columns; `None` of what has none, or has numbers for names."""
    if isinstance(X, (pa.Table, pa.RecordBatch)):
        return list(X.schema.names)
    # Some sparse arrays of scipy are dicts too.
    names = list(X) if type(X) is dict else getattr(X, "columns", None)
    if names is None or isinstance(names, str) or not isinstance(names, Iterable):
        return None
    names = list(names)
    return names if names and all(isinstance(name, str) for name in names) else None


def _picked(X: Any, names: Sequence[str]) -> pa.Table:
    """Returns some columns of a table. The others may hold what Arrow has no type for."""
    if isinstance(X, dict):
        X = {name: X[name] for name in names}
    elif type(X).__module__.split(".")[0] == "pandas":
        X = X[list(names)]
    elif hasattr(X, "select"):
        X = X.select(list(names))
    return _arrow.table_of(X).select(list(names))


def _listed(names: Iterable[Any], most: int = 5) -> str:
    """Returns the first of some names, for an error."""
    names = list(names)
    told = ", ".join(repr(name) for name in names[:most])
    return told + (f" and {len(names) - most} more" if len(names) > most else "")


def _slots() -> list[str]:
    """The features that columns without a name are put in the place of, in order."""
    return [name for name, kind in _models.kinds().items() if kind == "number"]


def _satisfaction(estimator: "CsiClassifier") -> bool:
    # An isotonic map is flat in places: what orders calls after it is the probability.
    return estimator.target == "satisfied" and estimator.calibration != "isotonic"


class CsiClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of calls, by the mark that their customer gave or by whether he was satisfied.

    *X* is a table with columns named as features, in the units of `callcsi.catalogue()`: pandas, polars or pyarrow,
    as `callcsi.extract` returns it. (Of pyarrow tables scikit-learn takes folds from version 1.7 on.) Its other
    columns are passed over, but for three: by `call_id` the calls are ordered, so that the model does not depend on
    the order of the rows; by `status` and `settings` calls are refused that were not measured, or under other
    settings. Null and NaN are "absent", which tells something in this model and need not be filled in. Words
    (`ivr_status`, `ivr_last_node`) are strings.

    *X* may also be an array of numbers, as other steps of a `Pipeline` make it. Its columns cannot be named after
    features: all of them are learned from, without ln(1 + x), and there is no `model_`. Mind that a step that keeps
    the names and changes the units, as a scaler with `set_output(transform="pandas")`, makes a `model_` that is right
    for such columns only.

    *y*, for `target="marks"`, are marks of the scale, whole numbers. Tools of scikit-learn that number the labels
    from 0 (`cross_val_predict` of probabilities, stacking, voting) are followed: 0, where it is no mark of the scale,
    and up are taken as places on it; then there is no `model_`. *y*, for `target="satisfied"`, are two labels of any
    kind, of which the greater one is the satisfied: `marks >= 4`.

    Args:
        target: `marks`, the distribution over the marks, or `satisfied`, one of two labels.
        scale: `1..5` (satisfied from 4, dissatisfied up to 2), `1..10`, `0..10`, or all four as `1,5,4,2`.
        features: features to learn from: `recommended`, `essay`, `call_features`, `all`, or a list. Of a list every
            one must be a column; of a set, those that are there are taken; of columns without names, all.
        log1p: of those, lengths and counts with a long tail, put through ln(1 + x) [default: the library's].
        alpha: penalty on the squared weights, 1/C of scikit-learn's `LogisticRegression`, above 0. Of several, and
            of `None` the library's, training chooses by folds of its own.
        knots: knots of each number's curve, 0 for straight lines; several and `None` as of `alpha`. A prior has its
            own.
        prior: a model to start from: `None`, `builtin`, the bytes or the path of a file, or a `callcsi.Model`. Its
            features are learned from, and not `features`; with several of `alpha` or `knots` either is tried.
        calibration: `None`, `platt` or `isotonic`, on the scores of five folds.
        level_min_count: levels of a word on fewer calls share the column *other*; as many calls lie beyond a knot.
        min_class_rows: fewest calls of the satisfied, and of the others. A mark with fewer calls at or above it, or
            below it, is told by its share alone.
        max_iterations: steps after which the solver gives up.
        n_jobs: threads to train on, as everywhere in scikit-learn: `None` is 1, -1 one for each processor. The
            model does not depend on it.
        settings: analysis settings that the calls were measured under, where they differ from the defaults.
        name: name of the model, quoted in results.

    Attributes:
        classes_: the labels of *y*, ascending.
        n_features_in_: how many columns of *X* are learned from.
        feature_names_in_: their names, where they have names, in the order of *X*.
        model_: the model, with names only: a `callcsi.Model`, to be saved, read, and asked anywhere.
    """

    feature_names_in_: np.ndarray

    def __init__(
        self,
        *,
        target="marks",
        scale="1..5",
        features="recommended",
        log1p=None,
        alpha=1.0,
        knots=0,
        prior=None,
        calibration=None,
        level_min_count=10,
        min_class_rows=1,
        max_iterations=1000,
        n_jobs=None,
        settings=None,
        name="sklearn",
    ):
        self.target = target
        self.scale = scale
        self.features = features
        self.log1p = log1p
        self.alpha = alpha
        self.knots = knots
        self.prior = prior
        self.calibration = calibration
        self.level_min_count = level_min_count
        self.min_class_rows = min_class_rows
        self.max_iterations = max_iterations
        self.n_jobs = n_jobs
        self.settings = settings
        self.name = name

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = self.target != "satisfied"
        return tags

    def fit(self, X, y, sample_weight=None):
        """Trains on calls and their labels.

        Args:
            X: a table with columns named as features, or an array of numbers.
            y: a label for each row.
            sample_weight: how many calls each row stands for: 0, which drops the row, or more. Means, standard
                deviations and counts of the encoding are those of the rows, whatever they count.

        Raises:
            ValueError: labels that are no marks of the scale, or not two; one class alone; columns that are not
                wanted ones; an infinite number; calls that were not measured, or under other settings
                (`callcsi.Error` where training says so); training that did not converge.
        """
        if self.target not in ("marks", "satisfied"):
            raise ValueError(f"target: found {self.target!r}, wanted 'marks' or 'satisfied'")
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        names = _names_of(X)
        table = self._unnamed(X, fitting=True) if names is None else self._named(X, names, fitting=True)
        y = self._labels(y, table.num_rows)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, np.empty((table.num_rows, 1)), dtype=np.float64, ensure_non_negative=True
            )
            counted = weights > 0
            if not counted.all():
                table, y, weights = table.filter(pa.array(counted)), y[counted], weights[counted]
        classes, places = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            found = f"y: found one class alone ({classes.tolist()[0]!r})" if len(classes) else "y: found no class"
            raise ValueError(f"{found}, wanted at least 2 classes: calls of one label tell nothing of another")
        marks, scale, known = self._marks(classes, places)
        model = _models.train(
            table,
            marks,
            name=self.name,
            warning=_OF_TWO_LABELS if self.target == "satisfied" else None,
            scale=scale,
            target=self.target,
            features=table.column_names if names is None else self._asked(),
            log1p=[] if names is None else self.log1p,
            alpha=self.alpha,
            knots=self.knots,
            prior=self.prior,
            calibration=self.calibration,
            validation="none",
            weights=None if weights is None else weights.tolist(),
            settings=self.settings,
            level_min_count=int(self.level_min_count),
            min_class_rows=int(self.min_class_rows),
            max_iterations=int(self.max_iterations),
            threads=joblib.effective_n_jobs(self.n_jobs),
        )
        self.classes_ = classes
        self._model = model
        self._of_marks = known and self.target == "marks"
        # Why there is no `model_`; None where there is one.
        self._nameless = None
        if names is None:
            self._nameless = "X had no names of columns, and a model is of named features: fit on a table"
        elif not known:
            self._nameless = f"y had places ({_listed(classes.tolist(), 11)}) and no marks of scale={self.scale!r}"
        # The marks of the scale that stand for the classes.
        self._class_marks = np.unique(marks).tolist()
        return self

    @property
    def model_(self) -> Model:
        """The trained model, where *X* had names and *y* was of marks or of two labels."""
        check_is_fitted(self, "classes_")
        if self._nameless is not None:
            raise AttributeError(f"{type(self).__name__} has no model_: {self._nameless}")
        return self._model

    def predict_proba(self, X):
        """Returns the probability of each of `classes_`, a row for each row of *X*.

        Of marks it can be exactly 0, where the cuts of neighbouring marks cross: few marks and a small `alpha`. A
        log loss of marks punishes that without end; the expected mark does not.
        """
        found = self._predicted(X)
        if self.target == "satisfied":
            satisfied = _column(found, "satisfied")
            return np.column_stack([1.0 - satisfied, satisfied])
        marks = np.column_stack([_column(found, f"p_mark_{mark}") for mark in self._class_marks])
        if len(self._class_marks) < len(self._model.marks):
            # Marks that nobody gave have next to nothing.
            marks = marks / marks.sum(axis=1, keepdims=True)
        return marks

    def predict_log_proba(self, X):
        """Returns the natural logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X):
        """Returns the likeliest label of each row; the lower one of several."""
        likeliest = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[likeliest]

    @available_if(_satisfaction)
    def decision_function(self, X):
        """Returns the log-odds of the second of `classes_`; of `target="satisfied"`, without an isotonic map."""
        return _column(self._predicted(X), "log_odds")

    def predict_csi(self, X):
        """Returns the expected mark of each row, on the scale; for marks only.

        Raises:
            AttributeError: the labels were no marks.
        """
        check_is_fitted(self, "classes_")
        if not self._of_marks:
            found = f"{_listed(self.classes_.tolist(), 11)} with target={self.target!r}"
            raise AttributeError(f"predict_csi: found the labels {found}, wanted marks of scale={self.scale!r}")
        return _column(self._predicted(X), "csi")

    def get_feature_names_out(self, input_features=None):
        """Returns the name of each column that the model weighs, in its order.

        A number has a column under its name, `… above 3` for each knot, and `… absent` where calls lacked it; a
        word has `… = level` for each level, `… = (other)` and `… absent`.

        Args:
            input_features: names for the columns of an array [default: x0, x1 …]; without effect on a table, whose
                columns have names.
        """
        check_is_fitted(self, "classes_")
        names = None
        if not hasattr(self, "feature_names_in_"):
            count = self.n_features_in_
            given = [f"x{i}" for i in range(count)] if input_features is None else list(input_features)
            if len(given) != count:
                raise ValueError(f"input_features: found {len(given)} names, wanted {count}, one for each column")
            names = dict(zip(_slots(), given))
        inputs = json.loads(self._model.to_bytes())["inputs"]
        return np.asarray([name for part in inputs for name in _weighed(part, names)], dtype=object)

    def _predicted(self, X) -> pa.Table:
        check_is_fitted(self, "classes_")
        if hasattr(self, "feature_names_in_"):
            names = _names_of(X)
            if names is None:
                raise ValueError(
                    f"X: found {type(X).__name__} without names of columns, wanted a table as in fit, with "
                    f"{_listed(self.feature_names_in_)}"
                )
            table = self._named(X, names, fitting=False)
        else:
            table = self._unnamed(X, fitting=False)
        return _models.predict(table, self._model)

    def _asked(self) -> list[str]:
        """The names of the features to learn from."""
        asked = _models.features_of(self.features)
        unknown = [name for name in asked if name not in _models.kinds()]
        if unknown:
            raise ValueError(f"features: found {_listed(unknown)}, wanted names of callcsi.catalogue()")
        return asked

    def _named(self, X, names: list[str], *, fitting: bool) -> pa.Table:
        """Takes the features that are wanted out of a table, and what else training and prediction look at."""
        there = set(names)
        if fitting:
            asked = self._asked()
            missing = [name for name in asked if name not in there]
            if missing and not isinstance(self.features, str):
                raise ValueError(f"X: found no column {_listed(missing)}, wanted all of the listed features")
            wanted = set(asked)
            if self.prior is not None:
                wanted.update(_models.Model(_models.model_bytes(self.prior)).features)
            taken = [name for name in names if name in wanted]
            if not taken:
                raise ValueError(
                    f"X: found the columns {_listed(names)}, none of them a feature to learn from, wanted columns "
                    "named as in callcsi.catalogue() (an array of numbers needs no names)"
                )
        else:
            taken = [str(name) for name in self.feature_names_in_]
            missing = [name for name in taken if name not in there]
            if missing:
                raise ValueError(
                    f"X: found no column {_listed(missing)}, wanted all that fit had (null where it is absent)"
                )
        besides = ["status", "settings", *(["call_id"] if fitting else [])]
        besides = [name for name in besides if name in there]
        table = _picked(X, taken + besides)
        for name in taken:
            column = _arrow.plain(table.column(name))
            if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
                raise ValueError(f"X: column {name!r} contains infinity, wanted finite numbers, or null")
        if table.num_rows == 0:
            raise ValueError("X: found 0 samples, wanted a row for each call")
        if "status" in besides:
            status = _arrow.cells(table.column("status"))
            unmeasured = [row for row, word in enumerate(status) if word not in MEASURED]
            if unmeasured:
                first = unmeasured[0]
                raise ValueError(
                    f"X: found {len(unmeasured)} rows of calls that were not measured (the first is row {first}, "
                    f"status {status[first]!r}), wanted measured calls: drop them first"
                )
            table = table.drop(["status"])
        if "call_id" in besides:
            ids = _arrow.cells(table.column("call_id"))
            if None in ids or len(set(ids)) < len(ids):
                # Calls drawn several times: the rows are taken in their order.
                table = table.drop(["call_id"])
        if fitting:
            self.n_features_in_ = len(taken)
            self.feature_names_in_ = np.asarray(taken, dtype=object)
        return table

    def _unnamed(self, X, *, fitting: bool) -> pa.Table:
        """Puts columns without names in the place of features."""
        if fitting:
            plainly = {"features": ("recommended", "all"), "log1p": (None,), "prior": (None,)}
            for name, usual in plainly.items():
                given = getattr(self, name)
                if not any(given is value or (isinstance(given, str) and given == value) for value in usual):
                    raise ValueError(
                        f"{name}: found {given!r} and an X without names of columns, wanted a table with columns "
                        "named as features"
                    )
        array = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=fitting)
        slots = _slots()
        if array.shape[1] > len(slots):
            found = f"X: found {array.shape[1]} columns without names"
            raise ValueError(f"{found}, wanted {len(slots)} at most, as many as there are features of numbers")
        return pa.table({name: pa.array(np.ascontiguousarray(x)) for name, x in zip(slots, array.T)})

    def _labels(self, y, rows: int) -> np.ndarray:
        """Returns the labels, one for each row."""
        if isinstance(y, (pa.Array, pa.ChunkedArray)):
            y = _arrow.plain(y).to_numpy(zero_copy_only=False)
        y = column_or_1d(y, warn=True)
        if len(y) != rows:
            raise ValueError(f"y: found {len(y)} labels, wanted {rows}, one for each row of X")
        empty = sum(label is None or label != label for label in y.tolist())
        if empty:
            raise ValueError(f"Input y contains NaN: found {empty} rows without a label; drop them first")
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        if self.target == "satisfied":
            kind = type_of_target(y, input_name="y")
            count = len(np.unique(y))
            if count > 2:
                satisfied_from = _bounds(self.scale)[2]
                raise ValueError(
                    "Only binary classification is supported. The type of the target is "
                    f"{kind}: found {count} labels, wanted two (of marks on {self.scale}, "
                    f"y >= {satisfied_from} makes them; or target='marks')"
                )
        return y

    def _marks(self, classes: np.ndarray, places: np.ndarray) -> tuple[list[int], str, bool]:
        """Returns a mark for each row, the scale that they are of, and whether they are what customers gave."""
        low, high, satisfied_from, _ = _bounds(self.scale)
        if self.target == "satisfied":
            return np.where(places == 1, high, low).tolist(), str(self.scale), True
        wanted = f"wanted marks, whole numbers from {low} to {high} of scale={self.scale!r}"
        if classes.dtype.kind not in "iuf":
            two = "; two labels of any kind go with target='satisfied'"
            raise ValueError(f"y: found the labels {_listed(classes.tolist())}, {wanted}{two}")
        whole = classes.astype(np.int64)
        if not (whole == classes).all():
            raise ValueError(f"y: found {classes[whole != classes][0]}, {wanted}")
        numbered = whole[0] == 0 and whole[-1] <= high - low
        if low <= whole[0] and whole[-1] <= high and not (numbered and whole[-1] < satisfied_from):
            return whole[places].tolist(), str(self.scale), True
        if numbered:
            # Numbered from 0: as many places as there are marks, satisfied from the second that occurs on.
            return whole[places].tolist(), f"0,{high - low},{whole[1]},0", False
        off = [int(mark) for mark in whole if not low <= mark <= high]
        raise ValueError(f"y: found {_listed(off)}, {wanted}")


def _column(table: pa.Table, name: str) -> np.ndarray:
    return _arrow.plain(table.column(name)).to_numpy(zero_copy_only=False)


def _weighed(part: Mapping[str, Any], names: Mapping[str, str] | None) -> list[str]:
    """Returns the names of the columns that a feature becomes, as cards have them."""
    name = part["feature"] if names is None else names[part["feature"]]
    (kind, how), = part["encoding"].items()
    columns = []
    if kind == "number":
        if how["value"] is not None:
            columns.append(name)
        for bend in how.get("bends", []):
            at = math.expm1(bend["at"]) if how["transform"] == "log1p" else bend["at"]
            columns.append(f"{name} above " + f"{at:.4f}".rstrip("0").rstrip("."))
    else:
        columns.extend(f"{name} = {level['level']}" for level in how["levels"])
        if how["other"] is not None:
            columns.append(f"{name} = (other)")
    if how["absent"] is not None:
        columns.append(f"{name} absent")
    return columns
