//! Training on small tables.

use super::*;
use crate::call::CallId;
use crate::features::{FeatureVector, Kind, catalogue};
use crate::model::Predictor;
use crate::model::fit::CONVERGED;
use crate::model::testing::{examples, number, table, trained, vector};
use crate::model::{Choice, MarkOutcome, Target};
use linfa::prelude::{DatasetBase, Fit};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

/// The features that the test table has, and one that it lacks.
fn options() -> TrainOptions {
    let features = ["queue_wait_s", "hold_count", "hold_total_s", "ivr_status"];
    TrainOptions {
        features: features.map(str::to_owned).to_vec(),
        ..TrainOptions::default()
    }
}

fn refused(options: &TrainOptions) -> Error {
    trained(&table(100), options).unwrap_err()
}

/// The same through the whole of it: encoder, model file and predictor.
#[test]
fn prediction_equals_linfas_on_the_encoded_table() {
    let table = table(300);
    let model = trained(&table, &options()).unwrap();
    let mut rows = Vec::new();
    for (features, _) in &table {
        model.encoder().encode(features, &mut rows);
    }
    let records = Array2::from_shape_vec((300, model.encoder().width()), rows).unwrap();
    let satisfied: Array1<bool> = table.iter().map(|row| row.1 >= 4).collect();
    let dataset = DatasetBase::new(records, satisfied);
    // From our weights, so that what differs is how probabilities are made of them. linfa's positive class
    // is the commoner one.
    let cut = &model.cuts()[0];
    let happy = table.iter().filter(|row| row.1 >= 4).count();
    let sign = if 2 * happy > 300 { 1.0 } else { -1.0 };
    let start = cut.weights.iter().chain([&cut.intercept]).map(|w| sign * w);
    let params = LogisticRegression::default()
        .max_iterations(1_000)
        .initial_params(start.collect())
        .gradient_tolerance(ASKED * 300.0);
    let theirs = params.fit(&dataset).unwrap();
    let turned = !theirs.labels().pos.class;
    let predictor = Predictor::from_bytes(model.to_json().as_bytes()).unwrap();
    let probabilities = theirs.predict_probabilities(dataset.records());
    for ((features, _), p) in table.iter().zip(probabilities) {
        let p = if turned { 1.0 - p } else { p };
        assert!((predictor.predict(features).satisfied - p).abs() < 1e-12);
    }
}

/// Calls whose customers are satisfied below a wait of 100 s and not above 200, and a shape that no
/// straight line has between: content, too, from 280 s on (called back, say).
fn bent(rows: u64) -> Vec<(FeatureVector, i64)> {
    let wait = |i: u64| (i * 7_919 % 10_007) as f64 / 10_007.0 * 300.0;
    let noise = |i: u64| (i * 104_729 % 9_973) as f64 / 9_973.0;
    (0..rows)
        .map(|i| {
            let content = if (100.0..280.0).contains(&wait(i)) {
                0.2
            } else {
                0.9
            };
            let mark = if noise(i) < content { 5 } else { 1 };
            (vector(&[("queue_wait_s", number(wait(i)))]), mark)
        })
        .collect()
}

#[test]
fn knots_and_penalty_are_chosen_among_those_given() {
    let (choice, table) = (Choice::default(), bent(600));
    let chosen = TrainOptions {
        features: vec!["queue_wait_s".into()],
        log1p: vec![],
        choice: Some(choice.clone()),
        ..options()
    };
    let model = trained(&table, &chosen).unwrap();
    let from = model.provenance();
    assert_eq!(from.tried.len(), choice.alphas.len() * choice.knots.len());
    assert_eq!(from.knots, 3);
    let taken = |t: &&Tried| t.alpha == from.alpha && t.knots == from.knots;
    let taken = from.tried.iter().find(taken).unwrap();
    assert!(from.tried.iter().all(|t| taken.log_loss <= t.log_loss));
    assert_eq!(
        model.encoder().columns()[1].to_string().split(' ').nth(1),
        Some("above")
    );
    // Weights of straight lines, ranked: the wait alone says little. The bends say much.
    let straight = trained(
        &table,
        &TrainOptions {
            choice: None,
            ..chosen.clone()
        },
    )
    .unwrap();
    let area = |m: &Model| m.metrics().holdout.as_ref().unwrap().roc_auc.unwrap();
    assert!(
        area(&model) > area(&straight) + 0.05,
        "{} {}",
        area(&model),
        area(&straight)
    );
    // The order of the calls changes nothing here either.
    let mut calls = examples(&table);
    calls.reverse();
    let settings = AnalysisSettings::default();
    let again = train(&calls, &LabelScale::ONE_TO_FIVE, &settings, &chosen).unwrap();
    assert_eq!(again.to_json(), model.to_json());
}

#[test]
fn marks_have_a_distribution() {
    let options = TrainOptions {
        target: Target::Marks,
        ..options()
    };
    let table = table(400);
    let model = trained(&table, &options).unwrap();
    assert_eq!(model.cuts().len(), 4);
    let predictor = Predictor::from_bytes(model.to_json().as_bytes()).unwrap();
    let mut sums = [0.0; 5];
    for (features, _) in &table {
        let p = predictor.predict(features);
        let marks = p.marks.as_ref().unwrap();
        assert!(
            marks.iter().all(|share| (0.0..=1.0).contains(share)),
            "{marks:?}"
        );
        assert!((marks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let expected: f64 = marks.iter().zip(1..).map(|(p, m)| p * f64::from(m)).sum();
        assert!((p.csi - expected).abs() < 1e-12);
        // Satisfied from 4, dissatisfied up to 2.
        assert!((p.satisfied - marks[3] - marks[4]).abs() < 1e-12);
        assert!((p.dissatisfied.unwrap() - marks[0] - marks[1]).abs() < 1e-12);
        sums.iter_mut()
            .zip(marks)
            .for_each(|(sum, share)| *sum += share);
    }
    // Every cut is calibrated in the large on the training calls, and so are the marks, but for what
    // making them one distribution moves.
    for (mark, sum) in (1..).zip(sums) {
        let given = table.iter().filter(|row| row.1 == mark).count() as f64;
        assert!((sum - given).abs() < 4.0, "{mark}: {sum} {given}");
    }
}

/// Nobody gave a 2: the cuts at 2 and 3 are of the same calls. One gave a 1: the cut at 2 has too few
/// below, ln((299 + ½) / (1 + ½)).
#[test]
fn a_cut_of_few_calls_has_an_intercept_alone() {
    let mut table = table(300);
    table.iter_mut().for_each(|row| row.1 = row.1.max(3));
    table[7].1 = 1;
    let options = TrainOptions {
        target: Target::Marks,
        ..options()
    };
    let model = trained(&table, &options).unwrap();
    for cut in &model.cuts()[..2] {
        assert!((cut.intercept - (299.5f64 / 1.5).ln()).abs() < 1e-12);
        assert!(cut.weights.iter().all(|w| *w == 0.0));
    }
    assert!(model.cuts()[2].weights.iter().any(|w| *w != 0.0));
}

#[test]
fn calibration_is_part_of_the_weights() {
    let plain = options();
    let calibrated = TrainOptions {
        calibration: Some(Calibration::Platt { folds: 5 }),
        ..options()
    };
    let table = table(200);
    let (plain, calibrated) = (
        trained(&table, &plain).unwrap(),
        trained(&table, &calibrated).unwrap(),
    );
    let line = calibrated.provenance().calibration[0].unwrap();
    assert!(line.slope > 0.0 && line.slope != 1.0);
    let pairs = plain.cuts()[0]
        .weights
        .iter()
        .zip(&calibrated.cuts()[0].weights);
    for (before, after) in pairs {
        assert!((before * line.slope - after).abs() < 1e-12);
    }
}

#[test]
fn running_out_of_iterations_is_an_error() {
    let error = refused(&TrainOptions {
        max_iterations: 1,
        ..options()
    });
    assert_eq!(error.kind(), ErrorKind::NotConverged);
    assert!(error.hint_text().unwrap().contains("max_iterations"));
}

#[test]
fn options_out_of_range_are_named() {
    let base = options;
    for (options, place) in [
        (
            TrainOptions {
                alpha: 0.0,
                ..base()
            },
            "options.alpha",
        ),
        (
            TrainOptions {
                alpha: f64::NAN,
                ..base()
            },
            "options.alpha",
        ),
        (
            TrainOptions {
                validation: Validation::HoldOut { share: 0.6 },
                ..base()
            },
            "options.validation",
        ),
        (
            TrainOptions {
                max_iterations: 0,
                ..base()
            },
            "options.max_iterations",
        ),
        (
            TrainOptions {
                level_min_count: 0,
                ..base()
            },
            "options.level_min_count",
        ),
        (
            TrainOptions {
                min_class_rows: 0,
                ..base()
            },
            "options.min_class_rows",
        ),
        (
            TrainOptions {
                knots: 21,
                ..base()
            },
            "options.knots",
        ),
        (
            TrainOptions {
                calibration: Some(Calibration::Platt { folds: 1 }),
                ..base()
            },
            "options.calibration",
        ),
        (
            TrainOptions {
                choice: Some(Choice {
                    folds: 1,
                    ..Choice::default()
                }),
                ..base()
            },
            "options.choice.folds",
        ),
        (
            TrainOptions {
                choice: Some(Choice {
                    alphas: vec![f64::NAN],
                    ..Choice::default()
                }),
                ..base()
            },
            "options.choice.alphas",
        ),
        (
            TrainOptions {
                features: vec![],
                ..base()
            },
            "options.features",
        ),
        (
            TrainOptions {
                log1p: vec!["x".into()],
                ..base()
            },
            "options.log1p",
        ),
    ] {
        let error = refused(&options);
        assert_eq!((error.place(), error.kind()), (place, ErrorKind::Invalid));
    }
}

#[test]
fn features_are_looked_up_by_name() {
    let with = |names: &[&str]| TrainOptions {
        features: names.iter().map(|n| n.to_string()).collect(),
        ..options()
    };
    assert_eq!(
        refused(&with(&["queue_weight_s"])).kind(),
        ErrorKind::Mismatch
    );
    let twice = refused(&with(&["hold_count", "hold_count"]));
    assert_eq!(twice.kind(), ErrorKind::Invalid);
    // No call of the table has it.
    assert_eq!(
        refused(&with(&["hold_total_s"])).place(),
        "options.features"
    );
}

#[test]
fn one_class_too_few_calls_and_marks_off_the_scale_are_refused() {
    let settings = AnalysisSettings::default();
    let table = table(60);
    let label = LabelScale::ONE_TO_FIVE;
    let mut calls = examples(&table);
    let run = |calls: &[Example<'_>]| train(calls, &label, &settings, &options()).unwrap_err();
    calls.iter_mut().for_each(|call| call.mark = 5);
    let error = run(&calls);
    assert_eq!(error.found(), "60 satisfied and 0 others");
    assert!(error.hint_text().is_some());
    assert_eq!(run(&calls[..3]).wanted(), "at least 10 calls of each");
    assert_eq!(run(&[]).found(), "0 satisfied and 0 others");
    calls[7].mark = 6;
    assert_eq!(run(&calls).call(), Some(&CallId::new("000007")));
    calls[7].mark = 5;
    calls[8].id = CallId::new("000007");
    assert_eq!(run(&calls).found(), "two marks");
}

#[test]
fn a_negative_value_cannot_be_put_through_a_logarithm() {
    let mut table = table(100);
    table[3].0 = vector(&[("queue_wait_s", number(-1.0))]);
    let options = TrainOptions {
        log1p: vec!["queue_wait_s".into()],
        ..options()
    };
    let error = trained(&table, &options).unwrap_err();
    assert_eq!(error.call(), Some(&CallId::new("000003")));
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn order_of_the_calls_changes_nothing() {
    let table = table(120);
    let mut calls = examples(&table);
    let run = |calls: &[Example<'_>]| {
        let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
        train(calls, &label, &settings, &options())
            .unwrap()
            .to_json()
    };
    let straight = run(&calls);
    calls.reverse();
    calls.swap(3, 70);
    assert_eq!(run(&calls), straight);
}

#[test]
fn hold_out_is_apart_and_named() {
    let table = table(400);
    let model = trained(&table, &options()).unwrap();
    let holdout = model.metrics().holdout.as_ref().unwrap();
    assert!((50..110).contains(&holdout.rows), "{}", holdout.rows);
    assert_eq!(model.metrics().training.rows, 400);
    assert!(holdout.roc_auc.unwrap() > 0.7);
    let none = TrainOptions {
        validation: Validation::None,
        ..options()
    };
    assert_eq!(trained(&table, &none).unwrap().metrics().holdout, None);
}

/// At the optimum with an unpenalised intercept the mean probability is the base rate.
#[test]
fn training_calls_are_calibrated_in_the_large() {
    let model = trained(&table(200), &options()).unwrap();
    let off = model.metrics().training.calibration_in_the_large.unwrap();
    assert!(off.abs() < CONVERGED, "{off:e}");
    // The one that no call of the table has.
    assert_eq!(model.provenance().dropped.len(), 1);
}

/// Marks of the table on the scale 1 to 5 as marks 1 to 10.
fn doubled(table: &[(FeatureVector, i64)]) -> Vec<(FeatureVector, i64)> {
    let twice = table.iter().enumerate();
    twice
        .map(|(i, (features, mark))| (features.clone(), 2 * mark - (i % 2) as i64))
        .collect()
}

/// A penalty beyond all data leaves the prior's weights as they are; without one the data decide. The
/// intercept is the data's either way: on the training calls the mean probability is the share.
#[test]
fn weights_are_drawn_to_those_of_the_prior() {
    let (much, few) = (table(2_000), &table(2_060)[2_000..]);
    let prior = trained(&much, &options()).unwrap();
    let drawn = |alpha| TrainOptions {
        prior: Some(prior.clone()),
        alpha,
        min_class_rows: 3,
        validation: Validation::None,
        ..options()
    };
    let held = trained(few, &drawn(1e9)).unwrap();
    let off = |model: &Model| {
        let weights = &prior.cuts()[0].weights;
        let pairs = model.cuts()[0].weights.iter().zip(weights);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(off(&held) < 1e-6, "{}", off(&held));
    assert!(off(&trained(few, &drawn(0.1)).unwrap()) > 0.1);
    let from = held.provenance().prior.as_ref().unwrap();
    assert_eq!(from.fingerprint, prior.fingerprint());
    let predictor = Predictor::new(held);
    let sum: f64 = few
        .iter()
        .map(|(f, _)| predictor.predict(f).satisfied)
        .sum();
    let happy = few.iter().filter(|(_, mark)| *mark >= 4).count();
    assert!((sum - happy as f64).abs() < 1e-3);
}

/// Sixty calls say little; the model of two thousand calls from the same place says more, and is taken.
#[test]
fn a_prior_is_taken_where_it_helps() {
    let (much, few) = (table(2_000), &table(2_060)[2_000..]);
    let supple = TrainOptions {
        knots: 3,
        ..options()
    };
    let prior = trained(&much, &supple).unwrap();
    let chosen = TrainOptions {
        prior: Some(prior),
        choice: Some(Choice::default()),
        min_class_rows: 3,
        ..options()
    };
    let model = trained(few, &chosen).unwrap();
    let tried = &model.provenance().tried;
    assert!(tried.iter().any(|t| t.toward_prior) && tried.iter().any(|t| !t.toward_prior));
    assert!(model.provenance().prior.is_some());
    // A prior may be right as it is, so heavier penalties are tried; not where the penalty is given.
    assert!(tried.iter().any(|t| t.toward_prior && t.alpha == 30_000.0));
    let given = TrainOptions {
        choice: Some(Choice {
            alphas: vec![5.0],
            ..Choice::default()
        }),
        ..chosen.clone()
    };
    let given = trained(few, &given).unwrap();
    assert!(given.provenance().tried.iter().all(|t| t.alpha == 5.0));
    let fresh = &table(4_000)[2_060..];
    let loss = |model: &Model| {
        let predictor = Predictor::new(model.clone());
        let calls = examples(fresh);
        let calls: Vec<&Example<'_>> = calls.iter().collect();
        let all = outcomes(&predictor, &calls, &LabelScale::ONE_TO_FIVE);
        Evaluation::of(&all, THRESHOLD).unwrap().log_loss.unwrap()
    };
    let alone = TrainOptions {
        prior: None,
        ..chosen
    };
    let (with, without) = (loss(&model), loss(&trained(few, &alone).unwrap()));
    assert!(with < without, "{with} {without} {tried:?}");
}

/// A cut at m divides at m − ½. On 1 to 10 the cut at 8 lies at (7.5 − 1) / 9 = 0.72; on 1 to 5 the cut at
/// 4 lies at (3.5 − 1) / 4 = 0.625 and the one at 5 at 0.875: 4 is nearer. That at 2 lies at 0.06, and 2
/// (0.125) is the nearest; that at 10 at 0.94, and 5 is.
#[test]
fn a_prior_of_another_scale_lends_its_nearest_cut() {
    let marks = TrainOptions {
        target: Target::Marks,
        ..options()
    };
    let table = table(600);
    let prior = trained(&table, &marks).unwrap();
    let wide = LabelScale::new(1, 10, 8, 6).unwrap();
    for (mark, wanted) in [(2, 2), (8, 4), (10, 5)] {
        assert_eq!(nearest(&prior, &wide, mark).mark, wanted);
    }
    let options = TrainOptions {
        prior: Some(prior),
        alpha: 1e3,
        ..marks
    };
    let table = doubled(&table);
    let settings = AnalysisSettings::default();
    let model = train(&examples(&table), &wide, &settings, &options).unwrap();
    assert_eq!(model.cuts().len(), 9);
}

#[test]
fn calls_that_count_twice_weigh_as_calls_given_twice() {
    let table = table(200);
    let mut twice: Vec<Example<'_>> = examples(&table);
    let more: Vec<Example<'_>> = (twice.iter().step_by(2))
        .map(|e| Example::new(CallId::new(format!("again {}", e.id)), e.features, e.mark))
        .collect();
    let mut counted = twice.clone();
    counted.iter_mut().step_by(2).for_each(|e| e.weight = 2.0);
    twice.extend(more);
    let options = TrainOptions {
        validation: Validation::None,
        // Its standardisation would be another.
        prior: Some(trained(&table, &options()).unwrap()),
        ..options()
    };
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let given = train(&twice, &label, &settings, &options).unwrap();
    let counted_model = train(&counted, &label, &settings, &options).unwrap();
    let pairs = given.cuts()[0]
        .weights
        .iter()
        .zip(&counted_model.cuts()[0].weights);
    assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-8);
    let (a, b) = (given.class_means(), counted_model.class_means());
    assert!((a.satisfied - b.satisfied).abs() < 1e-12 && (a.others - b.others).abs() < 1e-12);
    // (300)² / (100 · 4 + 100 · 1) = 180.
    let effective = counted_model.provenance().effective_rows.unwrap();
    assert!((effective - 180.0).abs() < 1e-9);
    assert_eq!(given.provenance().effective_rows, None);
    counted[7].weight = 0.0;
    let error = train(&counted, &label, &settings, &options).unwrap_err();
    assert_eq!(
        (error.place(), error.call().map(CallId::as_str)),
        ("weight", Some("000007"))
    );
}

#[test]
fn the_latest_calls_are_those_held_out() {
    let table = table(300);
    let mut calls = examples(&table);
    for (i, call) in calls.iter_mut().enumerate() {
        call.time = Some((i * 7 % 300) as i64);
    }
    let options = TrainOptions {
        validation: Validation::Latest { share: 0.2 },
        ..options()
    };
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let trained = train_and_judge(&calls, &label, &settings, &options).unwrap();
    assert_eq!(trained.unseen.len(), 60);
    for (i, call) in calls.iter().enumerate() {
        let out = trained.unseen.iter().any(|unseen| unseen.id == call.id);
        assert_eq!(out, i * 7 % 300 >= 240);
    }
    calls[3].time = None;
    let error = train(&calls, &label, &settings, &options).unwrap_err();
    assert_eq!(
        (error.place(), error.call().map(CallId::as_str)),
        ("time", Some("000003"))
    );
}

#[test]
fn folds_judge_every_call_once_and_keep_groups_together() {
    let table = table(300);
    let mut calls = examples(&table);
    for (i, call) in calls.iter_mut().enumerate() {
        call.group = Some(format!("customer {}", i / 3));
    }
    let options = TrainOptions {
        validation: Validation::Folds { folds: 5 },
        target: Target::Marks,
        choice: Some(Choice::default()),
        ..options()
    };
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let trained = train_and_judge(&calls, &label, &settings, &options).unwrap();
    let ids = |calls: Vec<&CallId>| calls.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        ids(trained.unseen.iter().map(|c| &c.id).collect()),
        ids(calls.iter().map(|c| &c.id).collect())
    );
    for customer in trained.unseen.chunks(3) {
        assert!(customer.iter().all(|call| call.part == customer[0].part));
    }
    let metrics = trained.model.metrics();
    assert_eq!(metrics.holdout.as_ref().unwrap().rows, 300);
    assert_eq!(
        metrics.reliability.iter().map(|bin| bin.rows).sum::<u64>(),
        300
    );
    let methods: Vec<&str> = metrics
        .calibrations
        .iter()
        .map(|c| c.method.as_str())
        .collect();
    assert_eq!(methods, ["none", "platt", "isotonic"]);
    let area = metrics.holdout.as_ref().unwrap().roc_auc.unwrap();
    let interval = &metrics
        .intervals
        .iter()
        .find(|i| i.figure == "roc_auc")
        .unwrap()
        .interval;
    assert!(interval.low < area && area < interval.high);
    // Better than knowing nothing of the call.
    let baseline = metrics.baseline.unwrap();
    assert!(metrics.holdout.as_ref().unwrap().log_loss.unwrap() < baseline.log_loss);
    let marks = metrics.holdout_marks.as_ref().unwrap();
    assert!(marks.mean_absolute_error.unwrap() < baseline.mean_absolute_error);
    // The calls get the marks as often as the customers gave them.
    let predictor = Predictor::new(trained.model.clone());
    let thresholds = trained.model.matching().unwrap();
    for mark in 1..=5 {
        let given = calls.iter().filter(|call| call.mark == mark).count() as f64;
        let reached = |csi: f64| 1 + thresholds.iter().flatten().filter(|t| csi >= **t).count();
        let unseen = trained
            .unseen
            .iter()
            .filter(|c| reached(c.csi) == mark as usize)
            .count();
        assert!(
            (unseen as f64 - given).abs() < 1.5,
            "{mark}: {unseen} {given}"
        );
        let matched = calls.iter().map(|c| predictor.predict(c.features).matched);
        let matched = matched.filter(|m| *m == Some(mark)).count() as f64;
        assert!((matched - given).abs() < 20.0, "{mark}: {matched} {given}");
    }
    // Threads change nothing.
    let threads = TrainOptions {
        threads: 3,
        ..options
    };
    let again = train_and_judge(&calls, &label, &settings, &threads).unwrap();
    assert_eq!(again.model.to_json(), trained.model.to_json());
    assert_eq!(again.unseen, trained.unseen);
}

#[test]
fn an_isotonic_map_stands_in_the_file() {
    let options = TrainOptions {
        calibration: Some(Calibration::Isotonic { folds: 5 }),
        target: Target::Marks,
        ..options()
    };
    let table = table(400);
    let model = trained(&table, &options).unwrap();
    let back = Model::from_json(&model.to_json()).unwrap();
    assert_eq!(back, model);
    assert_eq!(model.maps().len(), 4);
    let cut = model.satisfied_cut().mark as usize - 2;
    let map = model.maps()[cut].as_ref().unwrap();
    let predictor = Predictor::new(back);
    for (features, mark) in &table {
        let p = predictor.predict(features);
        let marks = p.marks.as_ref().unwrap();
        assert!((marks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let satisfied: f64 = marks[3] + marks[4];
        assert!((p.satisfied - satisfied).abs() < 1e-12);
        // But for what making the cuts one distribution moves.
        assert!((p.satisfied - map.probability(p.log_odds)).abs() < 0.2);
        let outcome = MarkOutcome::rounded(p.csi, *mark, model.label());
        assert!((1..=5).contains(&outcome.likely));
    }
    for (from, to, wanted) in [
        ("\"maps\": [", "\"maps\": [null,", "one for each cut"),
        (
            "\"maps\": [\n    [\n      [",
            "\"maps\": [\n    [[-99.0, 2.0], [",
            "0 to 1",
        ),
    ] {
        let json = model.to_json();
        assert!(json.contains(from), "{from}");
        let error = Model::from_json(&json.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IllFormed);
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

/// Ten calls each at x = −1 and x = 1 once standardised, told apart without fail: without a penalty w would
/// grow for ever. With it α·w = 20 · σ(−w) where the slope is 0, so w = 20 / (1 + e^w); of two equal columns
/// each has w = 20 / (1 + e^2w).
#[test]
fn separable_calls_and_equal_columns_have_the_solution_by_hand() {
    for names in [&["queue_wait_s"][..], &["queue_wait_s", "hold_count"]] {
        let table: Vec<(FeatureVector, i64)> = (0..20)
            .map(|i| {
                let (wait, mark) = if i % 2 == 0 { (10.0, 5) } else { (30.0, 1) };
                let named: Vec<_> = names.iter().map(|name| (*name, number(wait))).collect();
                (vector(&named), mark)
            })
            .collect();
        let options = TrainOptions {
            log1p: vec![],
            validation: Validation::None,
            ..options()
        };
        let model = trained(&table, &options).unwrap();
        let weights = &model.cuts()[0].weights;
        assert_eq!(weights.len(), names.len());
        for w in weights {
            let pull = 20.0 / (1.0 + (-w * names.len() as f64).exp());
            assert!((-w - pull).abs() < 1e-5, "{w} {pull}");
            assert!((w - weights[0]).abs() < 1e-7);
        }
        assert!(model.cuts()[0].intercept.abs() < 1e-6);
    }
}

/// Thirty calls, sixty columns: the penalty makes the solution one, and it is checked like any other.
#[test]
fn more_columns_than_calls_have_a_solution() {
    let names: Vec<&str> = (catalogue().iter())
        .filter(|f| f.kind == Kind::Number)
        .map(|f| f.name.as_str())
        .take(60)
        .collect();
    let noise = |i: usize, salt: usize| ((i + 1) * (2 * salt + 7_919) % 1_009) as f64;
    let table: Vec<(FeatureVector, i64)> = (0..30)
        .map(|i| {
            let values = names.iter().enumerate();
            let named: Vec<_> = values
                .map(|(k, name)| (*name, number(noise(i, k))))
                .collect();
            (vector(&named), if i % 2 == 0 { 5 } else { 2 })
        })
        .collect();
    let options = TrainOptions {
        features: names.iter().map(|name| (*name).to_owned()).collect(),
        validation: Validation::None,
        ..options()
    };
    let model = trained(&table, &options).unwrap();
    assert_eq!(model.encoder().width(), 60);
    assert!(model.provenance().gradient < CONVERGED);
}
