"""Models: read, trained, asked, explained."""

import copy
import html.parser
import json
import pickle
import random

import pyarrow as pa
import pytest
from conftest import DEMO

import callcsi


def table_of_calls(count, seed=1):
    """Calls whose customers are content the less often the longer they waited."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        wait = draw.uniform(0, 300)
        mark = min(5, max(1, round(5 - wait / 80 + draw.gauss(0, 1))))
        answered = draw.random() < 0.8
        rows.append(
            {
                "call_id": f"звонок-{i}",
                "queue_wait_s": wait if draw.random() < 0.9 else None,
                "hold_count": float(draw.randrange(3)),
                "ivr_status": draw.choice(["completed", "failed", None]),
                "customer_id": f"c{i % 40}",
                "mark": mark if answered else None,
                "survey_status": "answered" if answered else "no_response",
            }
        )
    return pa.Table.from_pylist(rows)


CHOSEN = {"features": ["queue_wait_s", "hold_count", "ivr_status"], "alpha": 1.0, "knots": 0, "validation": "folds:3"}


@pytest.fixture(scope="module")
def model():
    return callcsi.train(table_of_calls(400), groups="customer_id", name="мой центр", source="a test", **CHOSEN)


def test_the_bundled_model_is_read_and_warns():
    model = callcsi.Model.builtin()
    assert model.name == "builtin" and model.marks == [1, 2, 3, 4, 5]
    assert "no real customers" in model.warning
    assert callcsi.Model(model.to_bytes()) == model
    with pytest.raises(callcsi.Error):
        callcsi.Model(b"{}")


def test_a_model_is_the_same_after_any_journey(tmp_path, model):
    model.save(tmp_path / "model.json")
    for other in (callcsi.Model.read(tmp_path / "model.json"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other == model and other.fingerprint == model.fingerprint
    assert pickle.loads(pickle.dumps(model)).unseen.equals(model.unseen)


def test_training_does_not_depend_on_the_order_of_rows_or_on_threads(model):
    table = table_of_calls(400)
    turned = table.take(pa.array(list(reversed(range(400)))))
    for threads in (1, 2):
        told = {"groups": "customer_id", "name": "мой центр", "source": "a test", "threads": threads}
        assert callcsi.train(turned, **told, **CHOSEN) == model


def test_rows_without_an_answer_are_passed_over(model):
    table = table_of_calls(400)
    answered = [row for row in table.to_pylist() if row["mark"] is not None]
    again = callcsi.train(
        pa.Table.from_pylist(answered), groups="customer_id", name="мой центр", source="a test", **CHOSEN
    )
    # But for how many were asked, which the card tells, it is the same model.
    assert again.unseen.equals(model.unseen) and again.predict(table).equals(model.predict(table))
    assert sorted(model.unseen.column("call_id").to_pylist()) == sorted(row["call_id"] for row in answered)
    assert set(model.unseen.column("part").to_pylist()) == {0, 1, 2}


def test_labels_may_be_given_beside_the_table(model):
    table = table_of_calls(400)
    labels = table.column("mark").to_pylist()
    table = table.drop(["mark"])
    told = {"groups": table.column("customer_id"), "name": "мой центр", "source": "a test"}
    assert callcsi.train(table, labels, **told, **CHOSEN) == model


def test_the_model_learned_that_waiting_is_disliked(model):
    waits = {"queue_wait_s": [1.0, 290.0], "hold_count": [0, 0]}
    short, long = callcsi.predict(waits, model).column("csi").to_pylist()
    assert short > long + 1
    assert model.predict(waits).equals(callcsi.predict(waits, model.to_bytes()))


def test_the_card_says_what_was_said_of_the_model(model):
    assert "мой центр" in model.card() and "a test" in model.card()
    assert json.dumps(model.card_json())
    assert model._repr_markdown_() == model.card()
    survey = table_of_calls(400).column("survey_status").to_pylist()
    asked, answered = len(survey), survey.count("answered")
    # All were asked, so the card knows how many of them answered.
    told = model.card_json()["data"]["survey"]
    assert (told["answered"], told["no_response"]) == (answered, asked - answered)


def test_what_cannot_be_trained_is_refused_with_what_was_wanted():
    table = table_of_calls(60)
    for told, message in [
        ({"labels": "оценка"}, "no column 'оценка'"),
        ({"target": "both"}, "marks or satisfied"),
        ({"validation": "fold"}, "none, folds:5"),
        ({"features": "everything"}, "recommended"),
        ({"scale": "5..1"}, "scale|1..5|mark"),
        ({"alpha": -1.0}, "above 0"),
        ({"labels": [4.5] * 60}, "a whole number"),
        ({"labels": [1] * 3}, "found 3, wanted 60"),
        ({"features": ["no_such_feature"]}, "no_such_feature"),
        ({"weights": [0.0] * 60}, "above 0"),
        ({"labels": [5] * 60}, "satisfied"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            callcsi.train(table, **{**CHOSEN, **told})


def test_a_model_starts_from_another():
    table = table_of_calls(30)
    told = {"features": "recommended", "validation": "none"}
    model = callcsi.train(table, prior="builtin", **told)
    assert len(model.features) > 20


def test_the_catalogue_says_what_each_column_is():
    table = callcsi.catalogue()
    assert table.num_rows == 450
    names = table.column("name").to_pylist()
    assert names == callcsi.extract([]).column_names[-450:]
    assert set(table.column("kind").to_pylist()) == {"number", "category"}
    wait = dict(zip(table.column_names, table.slice(names.index("queue_wait_s"), 1).to_pylist()[0].values()))
    assert wait["unit"] == "s" and wait["source"] == "essay"


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_an_assessment_shows_its_picture_and_its_reasons():
    call = callcsi.inspect(
        DEMO / "demo-02.wav", agent_channel="left", transcript=DEMO / "demo-02.json", metadata={"queue": {"wait_s": 95}}
    )
    shown = call._repr_html_()
    reader = Reader()
    reader.feed(shown)
    assert reader.open == [] and reader.tags.count("img") == 1 and "script" not in reader.tags
    assert "data:image/svg+xml" in shown and "queue" in shown
    assert "клиент ждал" in call.html("ru")
    assert call.svg().startswith("<svg") and "<!DOCTYPE html>" in call.page("ru")
    assert f"{call.csi:.1f}" in repr(call) and call.call_id == "demo-02"
    # Reasons add up from the average call to this one.
    moved = sum(group["csi_points"] for group in call.groups)
    assert call.row["average_csi"] + moved == pytest.approx(call.csi)
    assert call.features["queue_wait_s"] == 95
    assert call.absent and set(call.absent) <= set(call.features)
    speech = call.speech.to_pylist()
    assert {row["side"] for row in speech} == {"agent", "customer"}
    assert all(0 <= row["start_s"] < row["end_s"] < 36 for row in speech)


def test_one_call_is_told_as_the_archive_tells_it():
    call = callcsi.inspect(DEMO / "demo-07.wav", agent_channel="left")
    row = callcsi.score([DEMO / "demo-07.wav"], agent_channel="left").to_pylist()[0]
    assert call.csi == row["csi"]
    data = (DEMO / "demo-07.wav").read_bytes()
    assert callcsi.inspect(data, agent_channel="left", call_id="demo-07").features == call.features
    for name, value in call.features.items():
        if name in row and not isinstance(row[name], bool):
            assert value == row[name], name


def test_a_call_that_cannot_be_measured_says_why():
    with pytest.raises(callcsi.Error) as raised:
        callcsi.inspect(DEMO / "demo-06.wav", agent_channel="left")
    error = raised.value
    assert (error.kind, error.call_id) == ("mismatch", "demo-06")
    assert "1 channel" in error.found and "two mono files" in error.hint
    with pytest.raises(callcsi.Error, match="not guessed"):
        callcsi.inspect(DEMO / "demo-02.wav")
    # A transcript alone is a call too, and has something to draw.
    assert callcsi.inspect(transcript=DEMO / "demo-02.json", agent_channel="left").svg() is not None
