"""`callcsi.sklearn`: what scikit-learn demands of a classifier, and what its own models say of the same calls."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("sklearn")

import pandas as pd
import polars as pl
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version
from sklearn.utils.estimator_checks import check_estimator

import callcsi
import sklearn
from callcsi.sklearn import EXPECTED_FAILED_CHECKS, CsiClassifier

NUMBERS = ["hold_count", "queue_wait_s", "agent_longest_turn_s", "dialog_turns_per_minute"]
MARKS = ["p_mark_1", "p_mark_2", "p_mark_3", "p_mark_4", "p_mark_5"]

#: Folds of pyarrow tables.
tables = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.7"), reason="scikit-learn 1.6 takes no rows of them"
)


def calls(rows: int = 400, seed: int = 7, absent: float = 0.0) -> pd.DataFrame:
    """Calls of which four numbers and a word move the mark."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "call_id": [f"call-{i:04d}" for i in range(rows)],
            "hold_count": rng.poisson(0.8, rows).astype(float),
            "queue_wait_s": rng.exponential(40.0, rows),
            "agent_longest_turn_s": rng.normal(20.0, 5.0, rows),
            "dialog_turns_per_minute": rng.normal(8.0, 2.0, rows),
            "ivr_status": rng.choice(["completed", "failed", "operator_requested"], rows, p=[0.6, 0.2, 0.2]),
            "operator": rng.choice(["anna", "boris"], rows),
        }
    )
    bad = (
        0.8 * frame["hold_count"]
        + 0.02 * frame["queue_wait_s"]
        + 0.1 * (frame["agent_longest_turn_s"] - 20.0)
        + 1.0 * (frame["ivr_status"] == "failed")
        + rng.logistic(0.0, 1.0, rows)
    )
    frame["mark"] = 5 - np.digitize(bad, [1.0, 2.0, 3.0, 4.0])
    for name in NUMBERS:
        frame.loc[rng.random(rows) < absent, name] = np.nan
    return frame


def straight(**given) -> CsiClassifier:
    """A classifier whose columns are the numbers, standardised."""
    return CsiClassifier(**{"features": NUMBERS, "log1p": [], "alpha": 1.0, "knots": 0, **given})


def reference(columns, labels, weights=None) -> LogisticRegression:
    """scikit-learn's own model of the same loss."""
    found = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    return found.fit(columns, labels, sample_weight=weights)


def test_every_check_of_scikit_learn_passes_but_those_that_are_listed():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(
            CsiClassifier(target="satisfied"),
            on_fail=None,
            on_skip=None,
            expected_failed_checks=EXPECTED_FAILED_CHECKS,
        )
    by_status: dict[str, list] = {}
    for check in found:
        by_status.setdefault(check["status"], []).append(check)
    failed = {check["check_name"]: check["exception"] for check in by_status.get("failed", [])}
    assert failed == {}
    # None that is listed has come to pass meanwhile.
    assert {check["check_name"] for check in by_status.get("xfail", [])} == set(EXPECTED_FAILED_CHECKS)
    skipped = [str(check["exception"]) for check in by_status.get("skipped", [])]
    assert all("SCIPY_ARRAY_API" in reason or "array_api" in reason for reason in skipped), skipped
    assert len(by_status["passed"]) >= 55


def test_two_labels_are_those_of_scikit_learns_logistic_regression():
    frame = calls()
    satisfied = frame["mark"] >= 4
    found = straight(target="satisfied").fit(frame, satisfied)
    columns = StandardScaler().fit_transform(frame[NUMBERS])
    wanted = reference(columns, satisfied)
    np.testing.assert_allclose(found.predict_proba(frame), wanted.predict_proba(columns), atol=1e-5)
    np.testing.assert_allclose(found.decision_function(frame), wanted.decision_function(columns), atol=1e-4)
    np.testing.assert_array_equal(found.predict(frame), wanted.predict(columns))
    assert found.score(frame, satisfied) == wanted.score(columns, satisfied)
    # The weights themselves, in the order of the columns.
    cut = json.loads(found.model_.to_bytes())["cuts"][0]
    np.testing.assert_allclose(cut["weights"], wanted.coef_[0], atol=1e-4)
    assert list(found.get_feature_names_out()) == NUMBERS


def test_marks_are_a_logistic_regression_for_each_cut():
    frame = calls(1500)
    found = straight().fit(frame, frame["mark"])
    columns = StandardScaler().fit_transform(frame[NUMBERS])
    shares = np.column_stack(
        [reference(columns, frame["mark"] >= mark).predict_proba(columns)[:, 1] for mark in (2, 3, 4, 5)]
    )
    # Where cuts cross, their distribution is another matter.
    apart = (np.diff(shares, axis=1) < 0).all(axis=1)
    assert apart.mean() > 0.9
    ones, zeros = np.ones((len(frame), 1)), np.zeros((len(frame), 1))
    wanted = -np.diff(np.hstack([ones, shares, zeros]), axis=1)
    np.testing.assert_allclose(found.predict_proba(frame)[apart], wanted[apart], atol=1e-5)
    expected = wanted @ np.arange(1, 6)
    np.testing.assert_allclose(found.predict_csi(frame)[apart], expected[apart], atol=1e-4)


def test_the_long_tailed_the_absent_and_words_become_columns():
    frame = calls(absent=0.2)
    satisfied = frame["mark"] >= 4
    estimator = CsiClassifier(
        target="satisfied", features=["queue_wait_s", "ivr_status"], log1p=["queue_wait_s"], alpha=1.0, knots=0
    ).fit(frame, satisfied)
    assert list(estimator.get_feature_names_out()) == [
        "queue_wait_s",
        "queue_wait_s absent",
        "ivr_status = completed",
        "ivr_status = failed",
        "ivr_status = operator_requested",
    ]
    waits = np.log1p(frame["queue_wait_s"])
    columns = [((waits - waits.mean()) / waits.std(ddof=0)).fillna(0.0)]
    columns += [waits.isna().astype(float)]
    columns += [(frame["ivr_status"] == w).astype(float) for w in ("completed", "failed", "operator_requested")]
    columns = np.column_stack(columns)
    wanted = reference(columns - columns.mean(axis=0), satisfied)
    found = estimator.predict_proba(frame)
    np.testing.assert_allclose(found, wanted.predict_proba(columns - columns.mean(axis=0)), atol=1e-5)


def test_nan_none_and_null_are_the_same_absence():
    frame = calls(absent=0.3)
    labels = frame["mark"].to_numpy()
    wanted = straight().fit(frame, labels).predict_proba(frame)
    holes = frame.astype({name: object for name in NUMBERS})
    holes[NUMBERS] = holes[NUMBERS].where(frame[NUMBERS].notna(), None)
    arrow = pa.Table.from_pandas(frame)
    assert arrow["hold_count"].null_count == frame["hold_count"].isna().sum() > 0
    nan = pa.table({name: pa.array(frame[name], from_pandas=False) for name in NUMBERS})
    assert nan["hold_count"].null_count == 0
    for same in (holes, arrow, nan, pl.from_pandas(frame), pl.from_pandas(frame).fill_null(float("nan"))):
        np.testing.assert_array_equal(straight().fit(same, labels).predict_proba(same), wanted)
    # Absence is told apart from a number: nobody was held, or nobody knows.
    one = frame.head(2).assign(hold_count=[0.0, None])
    found = straight().fit(frame, labels).predict_proba(one.assign(queue_wait_s=1.0))
    assert not np.array_equal(found[0], found[1])


def test_probabilities_add_up_and_are_those_of_the_model_to_the_last_bit():
    frame = calls(absent=0.1)
    estimator = CsiClassifier(knots=3).fit(frame, frame["mark"])
    found = estimator.predict_proba(frame)
    assert found.shape == (len(frame), 5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    assert (found >= 0).all()
    said = estimator.model_.predict(frame)
    np.testing.assert_array_equal(found, np.column_stack([said[mark].to_numpy() for mark in MARKS]))
    np.testing.assert_array_equal(estimator.predict_csi(frame), said["csi"].to_numpy())
    np.testing.assert_array_equal(estimator.predict(frame), np.argmax(found, axis=1) + 1)
    np.testing.assert_array_equal(np.exp(estimator.predict_log_proba(frame[:3])).round(12), found[:3].round(12))
    # And of a file of it.
    again = callcsi.Model(estimator.model_.to_bytes())
    assert again.predict(frame).equals(said)

    satisfied = CsiClassifier(target="satisfied").fit(frame, frame["mark"] >= 4)
    said = satisfied.model_.predict(frame)
    np.testing.assert_array_equal(satisfied.predict_proba(frame)[:, 1], said["satisfied"].to_numpy())
    np.testing.assert_array_equal(satisfied.decision_function(frame), said["log_odds"].to_numpy())


def test_it_trains_what_train_trains():
    frame = calls(absent=0.1)
    wanted = callcsi.train(frame, name="sklearn", alpha=3.0, knots=2, min_class_rows=1, validation="none")
    found = CsiClassifier(alpha=3.0, knots=2).fit(frame, frame["mark"]).model_
    assert found.to_bytes() == wanted.to_bytes()
    # By the ids of the calls, in any order of the rows, on any number of threads.
    mixed = frame.sample(frac=1.0, random_state=1)
    for jobs in (None, 2, -1):
        found = CsiClassifier(alpha=3.0, knots=2, n_jobs=jobs).fit(mixed, mixed["mark"]).model_
        assert found.to_bytes() == wanted.to_bytes()


def test_classes_are_the_marks_that_occur_ascending():
    frame = calls()
    estimator = straight().fit(frame, frame["mark"])
    assert estimator.classes_.tolist() == [1, 2, 3, 4, 5]
    # Of a worse call the worse marks are likelier.
    best, worst = frame.iloc[[0]].copy(), frame.iloc[[0]].copy()
    best[NUMBERS[:3]], worst[NUMBERS[:3]] = [0.0, 0.0, 10.0], [4.0, 200.0, 30.0]
    assert estimator.predict(best) == [5] and estimator.predict(worst) == [1]
    assert estimator.predict_csi(worst) < 2.5 < 4.0 < estimator.predict_csi(best)

    some = frame[frame["mark"] != 3]
    estimator = straight().fit(some, some["mark"].astype(float))
    assert estimator.classes_.tolist() == [1.0, 2.0, 4.0, 5.0]
    assert estimator.predict_proba(some).shape == (len(some), 4)
    np.testing.assert_allclose(estimator.predict_proba(some).sum(axis=1), 1.0, rtol=0, atol=1e-12)
    some = frame[frame["mark"] != 1]
    found = straight().fit(some, some["mark"]).predict_proba(some)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)


def test_any_two_labels_may_be_told_apart():
    frame = calls()
    satisfied = frame["mark"] >= 4
    wanted = straight(target="satisfied").fit(frame, satisfied)
    for labels in (np.where(satisfied, "pleased", "cross"), np.where(satisfied, 1, -1), satisfied.astype(int)):
        worse, better = sorted(set(labels.tolist()))
        found = straight(target="satisfied").fit(frame, labels)
        assert found.classes_.tolist() == [worse, better]
        np.testing.assert_array_equal(found.predict_proba(frame), wanted.predict_proba(frame))
        assert set(found.predict(frame)) <= {worse, better}
        assert found.score(frame, labels) == wanted.score(frame, satisfied)
    assert "two labels" in wanted.model_.warning
    with pytest.raises(AttributeError, match="found the labels False, True with target='satisfied', wanted marks"):
        wanted.predict_csi(frame)


def test_weights_count_in_the_fit():
    frame = calls()
    satisfied = frame["mark"] >= 4
    weights = np.random.default_rng(3).uniform(0.5, 3.0, len(frame))
    columns = StandardScaler().fit_transform(frame[NUMBERS])
    found = straight(target="satisfied").fit(frame, satisfied, sample_weight=weights)
    wanted = reference(columns, satisfied, weights)
    np.testing.assert_allclose(found.predict_proba(frame), wanted.predict_proba(columns), atol=1e-5)
    # Each row twice is each row with weight 2. Of some rows twice the means differ, by which columns are
    # standardised: see EXPECTED_FAILED_CHECKS.
    twice = pd.concat([frame, frame])
    found = straight().fit(frame, frame["mark"], sample_weight=np.full(len(frame), 2.0))
    wanted = straight().fit(twice, twice["mark"])
    np.testing.assert_allclose(found.predict_proba(frame), wanted.predict_proba(frame), atol=1e-6)
    # Weight 0 is no row.
    some = np.arange(len(frame)) % 3 > 0
    found = straight().fit(frame, frame["mark"], sample_weight=some.astype(float))
    wanted = straight().fit(frame[some], frame["mark"][some], sample_weight=np.ones(some.sum()))
    np.testing.assert_array_equal(found.predict_proba(frame), wanted.predict_proba(frame))
    with pytest.raises(ValueError, match="[Nn]egative"):
        straight().fit(frame, frame["mark"], sample_weight=-weights)


def test_an_array_goes_through_a_pipeline_and_gives_no_model():
    frame = calls(absent=0.1)
    satisfied = frame["mark"] >= 4
    values = frame[NUMBERS].to_numpy()
    pipeline = make_pipeline(StandardScaler(), CsiClassifier(target="satisfied"))
    found = pipeline.fit(values, satisfied).predict_proba(values)
    # Standardised twice is standardised once.
    wanted = straight(target="satisfied").fit(frame, satisfied)
    np.testing.assert_allclose(found, wanted.predict_proba(frame), atol=1e-8)
    estimator = pipeline[-1]
    assert not hasattr(estimator, "model_") and hasattr(wanted, "model_")
    with pytest.raises(AttributeError, match="CsiClassifier has no model_: X had no names of columns"):
        estimator.model_
    assert estimator.n_features_in_ == 4 and not hasattr(estimator, "feature_names_in_")
    assert list(estimator.get_feature_names_out())[:3] == ["x0", "x0 absent", "x1"]
    assert list(pipeline.get_feature_names_out(NUMBERS))[:2] == ["hold_count", "hold_count absent"]
    marks = CsiClassifier().fit(values, frame["mark"])
    assert marks.predict_csi(values).shape == (len(frame),) and not hasattr(marks, "model_")
    for given in ({"features": NUMBERS}, {"log1p": ["queue_wait_s"]}, {"prior": "builtin"}):
        with pytest.raises(ValueError, match=f"{next(iter(given))}: found .* and an X without names"):
            CsiClassifier(**given).fit(values, satisfied + 4)
    with pytest.raises(ValueError, match="found 500 columns without names, wanted 448 at most"):
        CsiClassifier().fit(np.zeros((20, 500)), frame["mark"][:20])


def test_tables_of_every_kind_say_the_same():
    frame = calls(absent=0.1)
    labels = frame["mark"].to_numpy()
    wanted = CsiClassifier().fit(frame, labels)
    kinds = [
        pa.Table.from_pandas(frame),
        pl.from_pandas(frame),
        pl.from_pandas(frame).with_columns(pl.col("ivr_status").cast(pl.Categorical)),
        frame.astype({"ivr_status": "category"}),
        frame.to_dict("list"),
    ]
    for same in kinds:
        found = CsiClassifier().fit(same, labels)
        assert found.model_ == wanted.model_
        np.testing.assert_array_equal(found.predict_proba(same), wanted.predict_proba(frame))
    for marks in (pa.array(labels), pa.chunked_array([labels[:9], labels[9:]]), pl.Series(labels), labels.tolist()):
        assert CsiClassifier().fit(frame, marks).model_ == wanted.model_
    assert CsiClassifier().fit(frame, frame["mark"].astype("Int64")).model_ == wanted.model_
    # Columns that are no features are passed over, and their order is nothing.
    assert wanted.feature_names_in_.tolist() == [*NUMBERS, "ivr_status"] and wanted.n_features_in_ == 5
    other = frame[frame.columns[::-1]].drop(columns=["operator", "call_id"])
    np.testing.assert_array_equal(wanted.predict_proba(other), wanted.predict_proba(frame))


def test_cross_validation_and_search_run():
    frame = calls(240)
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    scores = cross_val_score(straight(), frame, frame["mark"], cv=folds)
    # As often as the commonest mark at least.
    assert scores.mean() > (frame["mark"] == 5).mean()
    satisfied = frame["mark"] >= 4
    for scoring in ("roc_auc", "neg_log_loss", "neg_brier_score", "accuracy"):
        found = cross_val_score(straight(target="satisfied"), frame, satisfied, cv=folds, scoring=scoring)
        columns = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000))
        # The same model, also on folds.
        wanted = cross_val_score(columns, frame[NUMBERS], satisfied, cv=folds, scoring=scoring)
        np.testing.assert_allclose(found, wanted, atol=0.03)
        assert np.isfinite(found).all()
    model = callcsi.Model.builtin()
    grid = {
        "alpha": [1.0, 30.0],
        "knots": [0, 2],
        "prior": [None, model],
        "features": ["recommended", NUMBERS[:2]],
    }
    search = GridSearchCV(CsiClassifier(min_class_rows=2), grid, cv=2, error_score="raise")
    search.fit(frame, frame["mark"])
    assert len(search.cv_results_["params"]) == 16
    assert search.best_estimator_.model_.marks == [1, 2, 3, 4, 5]
    by_place = {(p["alpha"], p["knots"], p["prior"] is None, p["features"] == "recommended"): score
                for p, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"])}
    assert len(set(by_place.values())) > 4


def test_labels_that_scikit_learn_numbered_from_0_are_places():
    frame = calls(240)
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    found = cross_val_predict(straight(), frame, frame["mark"], cv=folds, method="predict_proba")
    for train, test in folds.split(frame, frame["mark"]):
        wanted = straight().fit(frame.iloc[train], frame["mark"].iloc[train])
        np.testing.assert_allclose(found[test], wanted.predict_proba(frame.iloc[test]), atol=1e-12)
    places = straight().fit(frame, frame["mark"] - 1)
    assert places.classes_.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(AttributeError, match="no model_: y had places .* and no marks of scale='1..5'"):
        places.model_
    with pytest.raises(AttributeError, match="predict_csi: found the labels 0, 1, 2, 3, 4"):
        places.predict_csi(frame)
    # On a scale that begins at 0, too, and where the best do not occur.
    ten = straight(scale="0..10").fit(frame, frame["mark"] + 5)
    assert ten.model_.marks == list(range(11))
    found = cross_val_predict(straight(scale="0..10"), frame, frame["mark"] + 5, cv=folds, method="predict_proba")
    assert found.shape == (len(frame), 5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)


@tables
def test_a_table_of_extract_is_cut_into_folds():
    frame = calls(240)
    arrow = pa.Table.from_pandas(frame)
    found = cross_val_score(straight(), arrow, arrow["mark"], cv=3)
    np.testing.assert_array_equal(found, cross_val_score(straight(), frame, frame["mark"], cv=3))


@pytest.mark.parametrize(
    ("given", "labels", "said"),
    [
        ({}, lambda y: y * 2, r"y: found 6, 8, 10, wanted marks, whole numbers from 1 to 5 of scale='1..5'"),
        ({}, lambda y: y - 2, r"y: found -1, 0, wanted marks"),
        ({}, lambda y: np.where(y == 1, 0, y), r"y: found 0, wanted marks"),
        ({}, lambda y: y + 0.5, r"Unknown label type"),
        ({}, lambda y: y.astype(str), r"y: found the labels '1', '2', '3', '4', '5', wanted marks.*target='satisfied'"),
        ({}, lambda y: y >= 4, r"y: found the labels False, True, wanted marks"),
        ({}, lambda y: np.full(len(y), 5), r"y: found one class alone \(5\), wanted at least 2 classes"),
        ({}, lambda y: np.where(y > 3, 5, 4), r"found 400 satisfied and 0 others, wanted at least 1 calls of each"),
        ({}, lambda y: np.where(y == 1, np.nan, y), r"contains NaN: found \d+ rows without a label"),
        ({}, lambda y: y[:-1], r"y: found 399 labels, wanted 400, one for each row of X"),
        ({}, lambda y: None, r"requires y to be passed"),
        ({"target": "satisfied"}, lambda y: y, r"Only binary classification.*found 5 labels.*y >= 4 makes them"),
        ({"target": "satisfied", "scale": "1..9"}, lambda y: y, r"scale: found '1..9', wanted '1..5'"),
        ({"target": "mark"}, lambda y: y, r"target: found 'mark', wanted 'marks' or 'satisfied'"),
        ({"features": ["hold_counts"]}, lambda y: y, r"features: found 'hold_counts', wanted names of callcsi.cat"),
        ({"features": ["hold_share"]}, lambda y: y, r"X: found no column 'hold_share', wanted all of the listed"),
        ({"features": "best"}, lambda y: y, r"features: found 'best', wanted recommended"),
        ({"min_class_rows": 300}, lambda y: y, r"wanted at least 300 calls of each"),
        ({"alpha": 0.0}, lambda y: y, r"alpha: found 0, wanted a finite number above 0"),
    ],
)
def test_what_is_wrong_is_said(given, labels, said):
    frame = calls()
    with pytest.raises(ValueError, match=said):
        CsiClassifier(**given).fit(frame, labels(frame["mark"].to_numpy()))


def test_tables_that_are_wrong_are_refused():
    frame = calls()
    marks = frame["mark"]
    with pytest.raises(ValueError, match="X: found the columns 'operator', none of them a feature"):
        CsiClassifier().fit(frame[["operator"]], marks)
    with pytest.raises(ValueError, match="X: column 'hold_count' contains infinity"):
        CsiClassifier().fit(frame.assign(hold_count=np.inf), marks)
    with pytest.raises(ValueError, match="infinity"):
        CsiClassifier().fit(np.full((len(frame), 2), np.inf), marks)
    with pytest.raises(TypeError, match="column 'hold_count' holds .*string"):
        CsiClassifier().fit(frame.assign(hold_count="many"), marks)
    failed = frame.assign(status=["measured"] * 399 + ["failed"])
    with pytest.raises(ValueError, match="1 rows of calls that were not measured .* row 399, status 'failed'"):
        CsiClassifier().fit(failed, marks)
    estimator = CsiClassifier().fit(failed[:-1], marks[:-1])
    with pytest.raises(ValueError, match="not measured"):
        estimator.predict(failed)
    with pytest.raises(callcsi.Error, match="settings: found calls measured under abc"):
        CsiClassifier().fit(frame.assign(settings="abc"), marks)
    with pytest.raises(callcsi.Error, match="settings: found calls measured under abc"):
        estimator.predict(frame.assign(settings="abc"))
    with pytest.raises(ValueError, match="X: found no column 'queue_wait_s', wanted all that fit had"):
        estimator.predict(frame.drop(columns="queue_wait_s"))
    with pytest.raises(ValueError, match="X: found ndarray without names of columns"):
        estimator.predict(frame[NUMBERS].to_numpy())
    with pytest.raises(NotFittedError):
        CsiClassifier().predict(frame)
    assert not hasattr(CsiClassifier(), "model_")


def test_a_prior_is_started_from_with_its_own_features():
    frame = calls()
    satisfied = frame["mark"] >= 4
    first = straight(target="satisfied").fit(frame, satisfied)
    held = CsiClassifier(target="satisfied", features=NUMBERS[:1], prior=first.model_, alpha=1e9)
    # What draws with all its might leaves the weights where they were.
    found = held.fit(frame, satisfied)
    assert found.feature_names_in_.tolist() == NUMBERS
    np.testing.assert_allclose(found.predict_proba(frame), first.predict_proba(frame), atol=1e-6)
    # All its features move.
    found = CsiClassifier(target="satisfied", features=NUMBERS[:1], prior=first.model_, alpha=0.01)
    weights = [json.loads(e.model_.to_bytes())["cuts"][0]["weights"] for e in (first, found.fit(frame, satisfied))]
    assert (np.abs(np.subtract(*weights)) > 1e-6).all()


def test_calibration_is_passed_on():
    frame = calls(600)
    satisfied = frame["mark"] >= 4
    platt = straight(target="satisfied", calibration="platt").fit(frame, satisfied)
    isotonic = straight(target="satisfied", calibration="isotonic").fit(frame, satisfied)
    assert hasattr(platt, "decision_function") and not hasattr(isotonic, "decision_function")
    assert not hasattr(straight(), "decision_function")
    np.testing.assert_array_equal(platt.decision_function(frame) > 0, platt.predict(frame))
    assert len(np.unique(isotonic.predict_proba(frame)[:, 1])) < len(frame) / 4


def test_it_is_copied_pickled_and_cloned():
    frame = calls()
    estimator = CsiClassifier(knots=2, prior=callcsi.Model.builtin(), alpha=10.0).fit(frame, frame["mark"])
    wanted = estimator.predict_proba(frame)
    for same in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        np.testing.assert_array_equal(same.predict_proba(frame), wanted)
        assert same.model_ == estimator.model_ and same.classes_.tolist() == estimator.classes_.tolist()
    fresh = clone(estimator)
    assert not hasattr(fresh, "classes_") and fresh.get_params().keys() == estimator.get_params().keys()
    np.testing.assert_array_equal(fresh.fit(frame, frame["mark"]).predict_proba(frame), wanted)


def test_the_names_of_columns_are_those_of_the_card():
    frame = calls(absent=0.1)
    estimator = CsiClassifier(target="satisfied", knots=3).fit(frame, frame["mark"] >= 4)
    names = estimator.get_feature_names_out()
    model = json.loads(estimator.model_.to_bytes())
    assert len(names) == len(model["cuts"][0]["weights"]) == len(set(names))
    card = estimator.model_.card()
    told = [name for name in names if " above " in name or " = " in name]
    assert told and all(name in card for name in told)
