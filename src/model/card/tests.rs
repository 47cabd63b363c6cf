use super::facts::{Advice, Card, Held};
use super::figures::wilson;
use super::words::plain;
use super::{effects, plots};
use crate::features::FeatureVector;
use crate::model::testing::{examples, number, table, trained, vector, word};
use crate::model::{Calibration, Model, Predictor, SurveyCounts, Target, TrainOptions, Validation};
use serde_json::Value as Json;
use std::sync::LazyLock;

const NASTY: &str =
    "<script>alert(1)</script> | `x` **жалоба** [a](javascript:b) ![](c) & \u{202e}\u{1}";

/// The table of the tests, with a second word for IVR states that is all markup.
fn nasty_table() -> Vec<(FeatureVector, i64)> {
    let nasty = |i: usize| match i % 3 {
        0 => word(NASTY),
        1 => word("счёт"),
        _ => word("a_very_long_name_of_a_node_of_the_ivr"),
    };
    (table(400).into_iter().enumerate())
        .map(|(i, (features, mark))| {
            let keep = ["queue_wait_s", "hold_count", "ivr_status"];
            let mut values: Vec<_> = (keep.iter())
                .filter_map(|name| Some((*name, features.get(name)?.clone().ok()?)))
                .collect();
            values.push(("ivr_last_node", nasty(i)));
            let late = f64::from(u8::from(i % 5 == 0));
            values.push(("customer_always_requests_operator", number(late)));
            (vector(&values), mark)
        })
        .collect()
}

fn options(target: Target, validation: Validation) -> TrainOptions {
    let features = [
        "queue_wait_s",
        "hold_count",
        "ivr_status",
        "ivr_last_node",
        "customer_always_requests_operator",
    ];
    TrainOptions {
        name: NASTY.into(),
        source: NASTY.into(),
        warning: Some(format!("It knows no\nreal customers. {NASTY}")),
        period: Some(NASTY.into()),
        survey: Some(SurveyCounts {
            answered: 400,
            no_response: 1_500,
            not_invited: 20_000,
            invalid: 100,
            ..SurveyCounts::default()
        }),
        features: features.map(str::to_owned).to_vec(),
        knots: 3,
        target,
        validation,
        ..TrainOptions::default()
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let options = options(Target::Marks, Validation::Folds { folds: 4 });
    trained(&nasty_table(), &options).unwrap()
});
static CARD: LazyLock<String> = LazyLock::new(|| MODEL.card());
static JSON: LazyLock<Json> = LazyLock::new(|| serde_json::from_str(&MODEL.card_json()).unwrap());

/// The pictures of a card.
fn pictures(card: &str) -> Vec<&str> {
    let parts = card.split("<svg ").skip(1);
    parts
        .map(|part| part.split("</svg>").next().unwrap())
        .collect()
}

/// The cells of the first row of a table that begins so.
fn row<'a>(card: &'a str, begins: &str) -> Vec<&'a str> {
    let line = card
        .lines()
        .find(|line| line.starts_with(&format!("| {begins}")));
    let line = line.unwrap_or_else(|| panic!("a row of {begins}"));
    line.split(" | ")
        .map(|cell| cell.trim_matches(['|', ' ']))
        .collect()
}

#[test]
fn a_card_warns_first_and_its_sections_stand_in_order() {
    let first = CARD.lines().next().unwrap();
    assert!(
        first.starts_with("> **It knows no real customers."),
        "{first}"
    );
    let places = [
        "# Model card: ",
        "In short, by 400 calls it had not seen, ",
        "## What it predicts",
        "## What it has learned from",
        "- Trained on 400 calls",
        "- Survey: 400 answered, 1,500 gave no response, 20,000 not invited, 100 gave an invalid",
        // 400 / (400 + 1,500 + 100)
        "- Response rate: 20.0 %",
        "## How good it is",
        "every call, in 4 folds",
        "## Finding customers who are not satisfied",
        "## Whether its probabilities come true",
        "## What hangs on what",
        "<summary>The weight of each column</summary>",
        "## How the expected mark moves with a feature",
        "## What is absent",
        "## What the training calls were like",
        "## How it was trained",
        "\"speech_join_s\": 0.2",
        "## Limits, and training again",
    ]
    .map(|text| {
        CARD.find(text)
            .unwrap_or_else(|| panic!("{text} in {}", *CARD))
    });
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(
        CARD.matches("<details>").count(),
        CARD.matches("</details>").count()
    );
}

/// All markup of the card is its own.
#[test]
fn free_text_is_inert() {
    let own = [
        "div", "details", "summary", "svg", "title", "line", "rect", "path", "circle", "text",
    ];
    for piece in CARD.split('<').skip(1) {
        let name = piece
            .trim_start_matches('/')
            .split(['>', ' ', '/'])
            .next()
            .unwrap();
        assert!(own.contains(&name), "<{piece}");
    }
    assert!(!CARD.contains("[a]("), "a link");
    assert!(!CARD.contains("**жалоба**"));
    assert!(CARD.contains("жалоба") && CARD.contains("счёт"));
    assert!(!CARD.contains(['\u{202e}', '\u{1}']));
    let columns = CARD
        .lines()
        .filter(|line| line.starts_with("| ivr_last_node = "));
    for line in columns {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 4, "{line}");
    }
    assert_eq!(
        plain("a_b _c_ <b> x|y\n# z"),
        "a_b \\_c\\_ &lt;b&gt; x\\|y \\# z"
    );
    assert_eq!(
        plots::escaped("<a href='x'>&\u{0}\n"),
        "&lt;a href=&#39;x&#39;&gt;&amp;\u{fffd} "
    );
}

/// Every number of a picture, as attribute or in a path.
fn coordinates(picture: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for attribute in [
        "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "d",
    ] {
        for piece in picture.split(&format!(" {attribute}=\"")).skip(1) {
            let value = piece.split('"').next().unwrap();
            let numbers = value.split(['M', 'L', ' ']).filter(|n| !n.is_empty());
            found.extend(numbers.map(|n| n.parse::<f64>().unwrap_or_else(|_| panic!("{value}"))));
        }
    }
    found
}

#[test]
fn pictures_are_small_whole_and_within_themselves() {
    let pictures = pictures(&CARD);
    // The reliability curve, importance, and a panel for each feature that matters.
    assert!(pictures.len() >= 3, "{}", pictures.len());
    for picture in pictures {
        assert!(picture.len() < 15_000 && !picture.contains("\n\n"));
        assert!(picture.contains("role=\"img\"") && picture.contains("<title>"));
        assert!(!picture.contains("NaN") && !picture.contains("inf\""));
        let coordinates = coordinates(picture);
        assert!(coordinates.len() > 10);
        assert!(
            coordinates.iter().all(|c| (0.0..=800.0).contains(c)),
            "{picture}"
        );
    }
}

/// A file may say of a feature that it lay between numbers whose distance is infinite.
#[test]
fn extreme_numbers_stay_within_the_picture() {
    let mut json: Json = serde_json::from_str(&MODEL.to_json()).unwrap();
    let profiles = json["metrics"]["profiles"].as_array_mut().unwrap();
    for (i, profile) in profiles.iter_mut().enumerate() {
        if let Some(number) = profile["bins"].get_mut("number") {
            // The tenths lie beyond the narrow one.
            let (low, high) = if i % 2 == 0 {
                (1.0, 1.001)
            } else {
                (-1e308, 1e308)
            };
            number["low"] = low.into();
            number["high"] = high.into();
        }
        profile["counts"][0] = u64::MAX.into();
    }
    for importance in json["metrics"]["importance"].as_array_mut().unwrap() {
        importance["log_loss"] = 1e308.into();
    }
    let last = json["metrics"]["importance"]
        .as_array_mut()
        .unwrap()
        .last_mut();
    last.unwrap()["log_loss"] = (-1e308).into();
    let card = Model::from_json(&json.to_string()).unwrap().card();
    let bars = pictures(&card)
        .into_iter()
        .find(|p| p.contains("Permutation"));
    assert!(
        !bars.unwrap().contains("width=\"0.0\""),
        "a bar for each number but 0"
    );
    for picture in pictures(&card) {
        let coordinates = coordinates(picture);
        assert!(
            coordinates.iter().all(|c| (0.0..=800.0).contains(c)),
            "{picture}"
        );
    }
}

/// What a curve says of a value is what the predictor says of a call that has it and is average in all
/// else: the other features were never absent in training, so that their absence adds nothing.
#[test]
fn effects_are_what_the_predictor_says() {
    let table = table(400);
    let isotonic = Some(Calibration::Isotonic { folds: 3 });
    for (target, calibration) in [
        (Target::Marks, None),
        (Target::Satisfied, None),
        (Target::Marks, isotonic),
        (Target::Satisfied, isotonic),
    ] {
        let mut options = options(target, Validation::None);
        options.calibration = calibration;
        options.features = ["queue_wait_s", "ivr_status"].map(str::to_owned).to_vec();
        let alone = trained(&table, &options).unwrap();
        let predictor = Predictor::new(alone.clone());
        let csi = |values: &[_]| predictor.predict(&vector(values)).csi;
        assert!((effects::average(&alone) - csi(&[])).abs() < 1e-12);
        let mut seen = 0;
        for effect in effects::effects(&alone) {
            assert_eq!(effect.absent_csi, None);
            match &effect.shape {
                effects::Shape::Curve { points, knots, .. } => {
                    assert!(points.windows(2).all(|pair| pair[0].value < pair[1].value));
                    assert!(!knots.is_empty() && knots.iter().all(|knot| points.contains(knot)));
                    for point in points {
                        let wanted = csi(&[("queue_wait_s", number(point.value))]);
                        assert!((point.csi - wanted).abs() < 1e-12);
                        seen += 1;
                    }
                    assert!(effect.span() > 0.1, "waiting moves the mark");
                }
                effects::Shape::Bars(bars) => {
                    for bar in bars {
                        let level = bar.level.as_deref().unwrap_or("never seen");
                        let wanted = csi(&[("ivr_status", word(level))]);
                        assert!((bar.csi - wanted).abs() < 1e-12);
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 30);

        // Of holds every third call knows nothing, so absence has a column.
        options.features = ["queue_wait_s", "hold_count"].map(str::to_owned).to_vec();
        let model = trained(&table, &options).unwrap();
        let effects = effects::effects(&model);
        let holds = effects.iter().find(|e| e.feature == "hold_count").unwrap();
        assert!((holds.absent_share.unwrap() - 134.0 / 400.0).abs() < 1e-12);
        let wanted = Predictor::new(model.clone()).predict(&vector(&[])).csi;
        assert!((holds.absent_csi.unwrap() - wanted).abs() < 1e-12);
    }
}

#[test]
fn both_cards_say_the_same() {
    let figures = JSON["figures"].as_array().unwrap();
    let figure = |key: &str| figures.iter().find(|f| f["figure"] == key).unwrap();
    let shown = |value: &Json| format!("{:.3}", value.as_f64().unwrap());
    let metrics = MODEL.metrics();
    let (held, base) = (metrics.holdout.as_ref().unwrap(), metrics.baseline.unwrap());
    let area = figure("roc_auc");
    assert_eq!(area["value"].as_f64(), held.roc_auc);
    let cells = row(&CARD, "area under the ROC curve");
    assert_eq!(cells[1], shown(&area["value"]));
    let ends = format!(
        "{} to {}",
        shown(&area["interval"]["low"]),
        shown(&area["interval"]["high"])
    );
    assert_eq!(cells[2].replace('\u{a0}', " "), ends);
    assert_eq!(cells[3], "0.500");
    assert_eq!(area["interval"]["by"], "bootstrap");
    // The baseline's error, and by how much of it the model's is smaller.
    let error = figure("mean_absolute_error");
    assert_eq!(error["baseline"].as_f64(), Some(base.mean_absolute_error));
    let cells = row(&CARD, "mean absolute error");
    let less = 1.0 - error["value"].as_f64().unwrap() / base.mean_absolute_error;
    assert!(less > 0.0 && cells[4].starts_with(&format!("{:.1} % less", 100.0 * less)));
    let decision = metrics.decision.unwrap().confusion;
    let found = &JSON["not_satisfied"]["figures"];
    assert_eq!(found[0]["value"].as_f64(), decision.precision());
    assert_eq!(found[1]["value"].as_f64(), decision.recall());
    assert!((found[2]["value"].as_f64().unwrap() - decision.f1().unwrap()).abs() < 1e-12);
    assert_eq!(row(&CARD, "F1, the harmonic")[1], shown(&found[2]["value"]));
    assert_eq!(JSON["data"]["response_rate"], 0.2);
    assert_eq!(JSON["importance"][0]["feature"], "queue_wait_s");
    assert_eq!(JSON["effects"][0]["feature"], "queue_wait_s");
    assert!(CARD.contains("Most hangs on `queue_wait_s`"));
    let weights = JSON["weights"].as_array().unwrap();
    assert_eq!(weights.len(), MODEL.encoder().width());
    let sizes = weights
        .iter()
        .map(|w| w["log_odds"].as_f64().unwrap().abs());
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    let flag = JSON["effects"].as_array().unwrap().iter();
    let mut flag = flag.filter(|e| e["feature"] == "customer_always_requests_operator");
    let bars = &flag.next().unwrap()["shape"]["bars"];
    assert_eq!(
        (&bars[1]["level"], &bars[1]["share"]),
        (&"yes".into(), &0.2.into())
    );
}

/// A file of version 1 says nothing of intervals, baseline, calibration, importance and profiles.
#[test]
fn what_an_old_file_does_not_say_is_said_to_be_unknown() {
    let mut json: Json = serde_json::from_str(&MODEL.to_json()).unwrap();
    json["version"] = 1.into();
    for (part, keys) in [
        (
            "provenance",
            &[
                "knots",
                "tried",
                "calibration",
                "validation",
                "period",
                "survey",
            ][..],
        ),
        (
            "metrics",
            &[
                "holdout_marks",
                "intervals",
                "baseline",
                "reliability",
                "calibrations",
                "decision",
                "importance",
                "profiles",
            ],
        ),
    ] {
        for key in keys {
            json[part].as_object_mut().unwrap().remove(*key).expect(key);
        }
    }
    json["provenance"]["holdout_share"] = 0.2.into();
    let old = Model::from_json(&json.to_string()).unwrap();
    let card = old.card();
    for text in [
        "- Period: not stated",
        "the response rate is not known",
        "20.0 % of the calls, by a hash",
        "The file holds no bootstrap intervals.",
        ", no interval |",
        "The file says nothing of a better line.",
        "The file holds no reliability curve.",
        "whether it would help was not tried",
        "does not say how important",
        "there are no curves",
        "drift cannot be told",
    ] {
        assert!(card.contains(text), "{text} in {card}");
    }
    // Words have their levels in any file. The counts are those of the figures at 0.5, turned about.
    assert!(!pictures(&card).is_empty());
    let confusion = old.metrics().holdout.as_ref().unwrap().confusion;
    let facts = Card::of(&old);
    let found = facts.not_satisfied.as_ref().unwrap();
    assert_eq!(found.confusion.true_positive, confusion.true_negative);
    assert_eq!(found.confusion.false_positive, confusion.false_negative);
    assert_eq!(facts.figure("log_loss").unwrap().baseline, None);

    json["metrics"]["holdout"] = Json::Null;
    let card = Model::from_json(&json.to_string()).unwrap().card();
    assert!(card.contains("Too few calls were left for that. **How good"));
    json["provenance"]["holdout_share"] = 0.0.into();
    let card = Model::from_json(&json.to_string()).unwrap().card();
    assert!(card.contains("how good the model is, is not known"));
    assert!(card.contains("Not known: no calls were held out."));
}

#[test]
fn a_card_says_what_counts_and_what_was_started_from() {
    let table = table(300);
    let prior = TrainOptions {
        name: "last year".into(),
        ..TrainOptions::default()
    };
    let prior = trained(&table, &prior).unwrap();
    let mut examples = examples(&table);
    examples.iter_mut().step_by(2).for_each(|e| e.weight = 3.0);
    let options = TrainOptions {
        prior: Some(prior.clone()),
        calibration: Some(Calibration::Platt { folds: 3 }),
        ..TrainOptions::default()
    };
    let label = crate::model::LabelScale::ONE_TO_FIVE;
    let settings = crate::settings::AnalysisSettings::default();
    let model = crate::model::train(&examples, &label, &settings, &options).unwrap();
    let card = model.card();
    assert!(card.starts_with("# Model card: unnamed\n"));
    assert!(card.contains(&format!(
        "model last year (fingerprint {})",
        prior.fingerprint()
    )));
    // (150 · 3 + 150)² / (150 · 9 + 150) = 240.
    assert!(card.contains("they tell as much as 240 that do"));
    assert!(card.contains("The model is calibrated already, by Platt's line"));
    assert!(card.contains("Calibrated at mark 4: log-odds × "));
    assert_eq!(Card::of(&model).calibration.held, Held::Platt);
    assert!(card.contains("hold_total_s: absent on every training call"));
}

/// Values of `scipy.stats.binomtest(k, n).proportion_ci(method="wilson")`, SciPy 1.17.1.
#[test]
fn intervals_of_shares_are_those_of_scipy() {
    let ends = wilson(Some(19.0 / 37.0), 37).unwrap();
    assert!(
        (ends.low - 0.358_948_966_656_188_03).abs() < 1e-12
            && (ends.high - 0.665_535_956_969_833_6).abs() < 1e-12
    );
    let ends = wilson(Some(0.0), 5).unwrap();
    assert!(ends.low.abs() < 1e-12 && (ends.high - 0.434_482_464_783_177_46).abs() < 1e-12);
    assert_eq!(wilson(None, 5), None);
    assert_eq!(wilson(Some(0.5), 0), None);
}

/// 0.01 nats over 400 calls are 4 in all, more than the 3 of chance, and 2 % of the loss; over 200 calls
/// they are 2, less. 0.002 over 20,000 are 40, and less than half a percent.
#[test]
fn calibrating_is_advised_where_it_gains_more_than_chance() {
    let with = |gain: f64, calls: u64| {
        let mut json: Json = serde_json::from_str(&MODEL.to_json()).unwrap();
        json["metrics"]["calibrations"] = serde_json::json!([
            {"method": "none", "log_loss": 0.5, "brier": 0.2, "calibration_error": 0.1},
            {"method": "platt", "log_loss": 0.5 - gain, "brier": 0.2, "calibration_error": 0.1},
            {"method": "isotonic", "log_loss": 0.6, "brier": 0.2, "calibration_error": 0.1},
        ]);
        json["metrics"]["holdout"]["rows"] = calls.into();
        let model = Model::from_json(&json.to_string()).unwrap();
        let advice = Card::of(&model).calibration.advice.clone();
        (advice.unwrap(), model.card())
    };
    let (advice, card) = with(0.01, 400);
    assert!(matches!(advice, Advice::Yes { ref method, .. } if method == "platt"));
    assert!(
        card.contains(
            "Calibrating would help: the better way (platt) lowers the log loss to 0.4900"
        )
    );
    let (advice, card) = with(0.01, 200);
    assert_eq!(advice, Advice::No);
    assert!(card.contains("Calibrating would not help"));
    let (advice, card) = with(0.002, 20_000);
    assert!(matches!(advice, Advice::Little { .. }));
    assert!(card.contains("Calibrating may be left"));
}

#[test]
fn numbers_are_as_short_as_they_tell() {
    for (x, wanted) in [
        (0.0, "0"),
        (0.2, "0.2"),
        (0.05, "0.05"),
        (-12.34, "−12.3"),
        (1234.5, "1234"),
        (4.25, "4.25"),
        (1e-9, "1.0e-9"),
        (f64::NAN, "–"),
    ] {
        assert_eq!(plots::short(x), wanted);
    }
}
