//! Training: the only file that names linfa.
//!
//! linfa-logistic fits; everything after that is ours, because its `fit` also answers `Ok` when it
//! has run out of iterations, and because its positive class is the one with more rows. So the
//! gradient is measured here at the solution, and the signs are turned to *satisfied*.
//!
//! # Conventions
//!
//! * The loss is Σ over calls of ln(1 + e^∓(w·x + b)) + ½ · alpha · ‖w‖²: a sum, not a mean, with
//!   the intercept b not penalised.
//! * Calls are ordered by id before anything is summed, so the order they are given in does not
//!   change a bit of the model.

use super::encode::{Dropped, Encoder};
use super::example::Example;
use super::file::{ClassMeans, Cut, Metrics, Model, ModelFile, Provenance};
use super::label::{LabelScale, MarkClass, Target};
use super::learn::{EncodingChoice, Row, learn};
use super::metrics::{Evaluation, Outcome};
use super::predict::sigmoid;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::AnalysisSettings;
use linfa::prelude::{DatasetBase, Fit, ParamGuard};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

/// A fit has converged when no component of the loss's gradient, divided by the number of calls,
/// is larger than this. linfa is asked for a thousandth of it and comes near that: 7·10⁻¹⁰ on
/// 1,000 calls and 3·10⁻⁹ on 100,000, 80 columns each, where rounding of the loss ends the search.
pub const CONVERGED: f64 = 1e-6;

/// The gradient (Euclidean norm, per call) that linfa is asked for: far below [`CONVERGED`].
const ASKED: f64 = 1e-9;

/// From this probability up a customer is called satisfied in the stored metrics.
const THRESHOLD: f64 = 0.5;

/// What to learn from where nothing else is said: the columns of the essay, and of the turn-taking
/// features those that exist on most calls.
pub const RECOMMENDED: [&str; 43] = [
    "hold_count",
    "hold_total_s",
    "hold_longest_s",
    "hold_share",
    "queue_wait_s",
    "ivr_status",
    "ivr_duration_s",
    "ivr_step_count",
    "ivr_no_input_count",
    "ivr_no_match_count",
    "ivr_repeat_count",
    "ivr_operator_request_count",
    "ivr_last_node",
    "customer_always_requests_operator",
    "customer_operator_request_share",
    "call_duration",
    "dialog_silence_length_percentage",
    "dialog_agent_speech_percentage",
    "dialog_interruptions_count",
    "dialog_interruptions_speech_length_sum",
    "dialog_interruptions_raw_speech_length_percentage",
    "dialog_customer_agent_speech_speed_letters_mean_diff",
    "dialog_customer_agent_speech_speed_words_mean_diff",
    "dialog_customer_agent_speech_speed_letters_all_call_mean_diff",
    "dialog_customer_agent_speech_speed_words_all_call_mean_diff",
    "customer_letters_in_word_mean",
    "customer_conv_start_last_sec",
    "agent_n_words_sum",
    "agent_conv_start_last_sec",
    "customer_response_latency_median_s",
    "customer_interruptions_count",
    "customer_interruptions_length_sum",
    "customer_backchannel_rate",
    "agent_response_latency_median_s",
    "agent_response_latency_p90_s",
    "agent_longest_turn_s",
    "agent_interruptions_count",
    "agent_interruptions_length_sum",
    "dialog_turns_per_minute",
    "dialog_long_silence_count",
    "dialog_long_silence_length_sum",
    "dialog_long_silence_percentage",
    "dialog_customer_speech_percentage_change",
];

/// Of those, lengths and counts with a long tail: the tenth minute of waiting adds less than the
/// first.
pub const LONG_TAILED: [&str; 16] = [
    "hold_total_s",
    "hold_longest_s",
    "queue_wait_s",
    "ivr_duration_s",
    "call_duration",
    "dialog_interruptions_count",
    "dialog_interruptions_speech_length_sum",
    "agent_n_words_sum",
    "customer_conv_start_last_sec",
    "agent_conv_start_last_sec",
    "customer_interruptions_count",
    "customer_interruptions_length_sum",
    "agent_interruptions_count",
    "agent_interruptions_length_sum",
    "dialog_long_silence_count",
    "dialog_long_silence_length_sum",
];

/// What is chosen about training.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Name of the model, quoted in results. Defaults to `unnamed`.
    pub name: String,
    /// What the training calls are: which centre, which months, who was asked. Printed on the
    /// model card. Defaults to `not stated`.
    pub source: String,
    /// What a user has to know before relying on the model; the first line of its card. Defaults to
    /// none.
    pub warning: Option<String>,
    /// Names of the features to learn from. Defaults to [`RECOMMENDED`]: the labelled calls of a
    /// centre are few, and every feature more is one more to be wrong about.
    pub features: Vec<String>,
    /// Numbers from 0 up with a long tail, put through ln(1 + x) where they are among `features`.
    /// Defaults to [`LONG_TAILED`].
    pub log1p: Vec<String>,
    /// Levels of a word on fewer training calls share the column *other*. At least 1. Defaults
    /// to 10.
    pub level_min_count: u64,
    /// Weight of the penalty on the squared weights: 1/C of scikit-learn, *absolute*. It does not
    /// grow with the number of calls, so twice the calls are held back half as much. Above 0:
    /// without a penalty a table that separates the classes has no solution. Defaults to 1.
    pub alpha: f64,
    /// Steps after which the solver gives up. At least 1. Defaults to 1,000; 100 leave errors of
    /// 10⁻³ in the weights of a large table.
    pub max_iterations: u64,
    /// Share of the calls, chosen by a hash of group or id, that the hold-out metrics come from,
    /// 0 to 0.5. The model itself is then fitted on all of them. Defaults to 0.2.
    pub holdout_share: f64,
    /// Fewest calls of each class to learn from. At least 1. Defaults to 10.
    pub min_class_rows: u64,
}

impl Default for TrainOptions {
    fn default() -> TrainOptions {
        TrainOptions {
            name: "unnamed".into(),
            source: "not stated".into(),
            warning: None,
            features: RECOMMENDED.map(str::to_owned).to_vec(),
            log1p: LONG_TAILED.map(str::to_owned).to_vec(),
            level_min_count: 10,
            alpha: 1.0,
            max_iterations: 1_000,
            holdout_share: 0.2,
            min_class_rows: 10,
        }
    }
}

impl TrainOptions {
    /// Refuses options that no training can follow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first option out of its range.
    pub fn check(&self) -> Result<()> {
        let invalid = |field: &str, found: String, wanted: &str| {
            let place = format!("options.{field}");
            Err(Error::new(ErrorKind::Invalid, place, found, wanted))
        };
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return invalid("alpha", self.alpha.to_string(), "a finite number above 0");
        }
        if !(0.0..=0.5).contains(&self.holdout_share) {
            let found = self.holdout_share.to_string();
            return invalid("holdout_share", found, "a share from 0 to 0.5");
        }
        for (field, found) in [
            ("level_min_count", self.level_min_count),
            ("max_iterations", self.max_iterations),
            ("min_class_rows", self.min_class_rows),
        ] {
            if found == 0 {
                return invalid(field, found.to_string(), "at least 1");
            }
        }
        Ok(())
    }
}

/// Trains a model on measured calls and their marks.
///
/// The features must have been measured under `settings`, which travel in the model. Calls without
/// a mark are the caller's to leave out ([`SurveyStatus`](super::SurveyStatus)); mind that who
/// answers a survey is not who calls, and that the model copies the answers' bias.
///
/// Deterministic: the same calls, in any order, give the same file.
///
/// # Errors
///
/// * [`ErrorKind::Invalid`] for options or settings out of range, a mark off the scale, a call
///   given twice, fewer calls of a class than `min_class_rows`, a chosen feature given twice or
///   none that varies, a negative value where ln(1 + x) was chosen.
/// * [`ErrorKind::Mismatch`] for a chosen feature that is not in the catalogue.
/// * [`ErrorKind::NotConverged`] when the solver stops with a gradient above [`CONVERGED`].
pub fn train(
    examples: &[Example<'_>],
    label: &LabelScale,
    settings: &AnalysisSettings,
    options: &TrainOptions,
) -> Result<Model> {
    options.check()?;
    settings.check()?;
    let mut examples: Vec<&Example<'_>> = examples.iter().collect();
    examples.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(twice) = examples.windows(2).find(|pair| pair[0].id == pair[1].id) {
        let (found, wanted) = ("two marks", "one mark for each call");
        return Err(Error::new(ErrorKind::Invalid, "examples", found, wanted).of_call(&twice[0].id));
    }
    for example in &examples {
        label
            .class(example.mark)
            .map_err(|e| e.of_call(&example.id))?;
    }
    let classes = Classes::count(&examples, label);
    classes.check(options)?;

    let target = Target::Satisfied;
    let (held_out, rest): (Vec<_>, Vec<_>) =
        (examples.iter()).partition(|example| example.is_held_out(options.holdout_share));
    let holdout = if held_out.is_empty() || Classes::count(&rest, label).check(options).is_err() {
        None
    } else {
        let part = Fitted::new(&rest, label, target, options)?;
        Some(part.evaluate(&held_out, label)?)
    };
    let fitted = Fitted::new(&examples, label, target, options)?;
    let training = fitted.evaluate(&examples, label)?;

    Model::from_file(ModelFile {
        format: Model::FORMAT.into(),
        version: Model::VERSION,
        name: options.name.clone(),
        target,
        label: *label,
        settings: settings.clone(),
        inputs: fitted.encoder.inputs().to_vec(),
        cuts: fitted.cuts,
        class_means: classes.means(),
        provenance: Provenance {
            created_by: concat!("callcsi ", env!("CARGO_PKG_VERSION")).into(),
            source: options.source.clone(),
            warning: options.warning.clone(),
            rows: classes.satisfied + classes.others,
            satisfied: classes.satisfied,
            alpha: options.alpha,
            level_min_count: options.level_min_count,
            holdout_share: options.holdout_share,
            gradient: fitted.gradient,
            dropped: fitted.dropped,
        },
        metrics: Metrics { holdout, training },
    })
}

/// Calls and marks of each class.
struct Classes {
    satisfied: u64,
    others: u64,
    satisfied_marks: i64,
    others_marks: i64,
}

impl Classes {
    fn count(examples: &[&Example<'_>], label: &LabelScale) -> Classes {
        let mut classes = Classes {
            satisfied: 0,
            others: 0,
            satisfied_marks: 0,
            others_marks: 0,
        };
        for example in examples {
            if satisfied(example, label) {
                classes.satisfied += 1;
                classes.satisfied_marks += example.mark;
            } else {
                classes.others += 1;
                classes.others_marks += example.mark;
            }
        }
        classes
    }

    /// Refuses too few calls of a class.
    fn check(&self, options: &TrainOptions) -> Result<()> {
        let least = options.min_class_rows;
        if self.satisfied >= least && self.others >= least {
            return Ok(());
        }
        let found = format!("{} satisfied and {} others", self.satisfied, self.others);
        let wanted = format!("at least {least} calls of each");
        let error = Error::new(ErrorKind::Invalid, "examples", found, wanted);
        Err(if self.satisfied + self.others >= 2 * least {
            error.hint("do the bounds of the scale fit these marks?")
        } else {
            error
        })
    }

    /// Mean marks; both classes have calls.
    fn means(&self) -> ClassMeans {
        ClassMeans {
            satisfied: self.satisfied_marks as f64 / self.satisfied as f64,
            others: self.others_marks as f64 / self.others as f64,
        }
    }
}

fn satisfied(example: &Example<'_>, label: &LabelScale) -> bool {
    // Marks off the scale have been refused before.
    label.class(example.mark).ok() == Some(MarkClass::Satisfied)
}

/// An encoder and the cuts fitted on its columns.
struct Fitted {
    encoder: Encoder,
    dropped: Vec<Dropped>,
    cuts: Vec<Cut>,
    /// The largest of the cuts' gradients.
    gradient: f64,
}

impl Fitted {
    fn new(
        examples: &[&Example<'_>],
        label: &LabelScale,
        target: Target,
        options: &TrainOptions,
    ) -> Result<Fitted> {
        let rows: Vec<Row<'_>> = examples.iter().map(|e| (&e.id, e.features)).collect();
        let choice = EncodingChoice {
            features: &options.features,
            log1p: &options.log1p,
            level_min_count: options.level_min_count,
        };
        let (encoder, dropped) = learn(&rows, &choice)?;
        let mut table = Vec::with_capacity(rows.len() * encoder.width());
        for (_, features) in &rows {
            encoder.encode(features, &mut table);
        }
        let mut cuts = Vec::new();
        let mut gradient = 0.0_f64;
        for mark in target.cuts(label) {
            let positive: Vec<bool> = examples.iter().map(|e| e.mark >= mark).collect();
            let fit = fit(&table, encoder.width(), &positive, options)
                .map_err(|e| e.within(format!("fit of mark {mark} and above")))?;
            gradient = gradient.max(fit.gradient);
            cuts.push(Cut {
                mark,
                intercept: fit.intercept,
                weights: fit.weights,
            });
        }
        Ok(Fitted {
            encoder,
            dropped,
            cuts,
            gradient,
        })
    }

    fn evaluate(&self, examples: &[&Example<'_>], label: &LabelScale) -> Result<Evaluation> {
        let cut = &self.cuts[0];
        let outcome = |example: &&Example<'_>| Outcome {
            probability: sigmoid(cut.log_odds(&self.encoder, example.features, |_, _, _| {})),
            satisfied: satisfied(example, label),
        };
        let outcomes: Vec<Outcome> = examples.iter().map(outcome).collect();
        Evaluation::of(&outcomes, THRESHOLD)
    }
}

/// A logistic regression of "positive".
#[derive(Debug)]
struct LogisticFit {
    intercept: f64,
    weights: Vec<f64>,
    /// Largest component of the gradient per row.
    gradient: f64,
}

/// Fits P(positive) = σ(w·x + b) to `table`, rows of `width` columns one after the other.
fn fit(
    table: &[f64],
    width: usize,
    positive: &[bool],
    options: &TrainOptions,
) -> Result<LogisticFit> {
    let stopped = |found: String| {
        let wanted = format!("a gradient of {CONVERGED:e} per call at most");
        Error::new(ErrorKind::NotConverged, "", found, wanted).hint("raise max_iterations or alpha")
    };
    let rows = positive.len();
    let records = Array2::from_shape_vec((rows, width), table.to_vec())
        .map_err(|e| Error::new(ErrorKind::Internal, "", e, "a rectangular table"))?;
    let dataset = DatasetBase::new(records, Array1::from_vec(positive.to_vec()));

    // Asked for more than rounding allows, the line search may fail right beside the optimum; so
    // ask for less, twice, before giving up.
    let mut asked = ASKED * rows as f64;
    let mut attempts = 0;
    let fitted = loop {
        let params = LogisticRegression::default()
            .alpha(options.alpha)
            .max_iterations(options.max_iterations)
            .gradient_tolerance(asked)
            .check()
            .map_err(|e| Error::new(ErrorKind::Internal, "", e, "options that linfa takes"))?;
        attempts += 1;
        match params.fit(&dataset) {
            Ok(fitted) => break fitted,
            Err(_) if attempts < 3 => asked *= 10.0,
            Err(error) => return Err(stopped(format!("the solver saying {error}"))),
        }
    };
    // linfa's positive class is the one with more rows (on a tie, that of the first row).
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let mut fit = LogisticFit {
        intercept: sign * fitted.intercept(),
        weights: fitted.params().iter().map(|w| sign * w).collect(),
        gradient: 0.0,
    };
    fit.gradient = gradient(table, positive, options.alpha, &fit) / rows as f64;
    // NaN lies in no range.
    if !(0.0..=CONVERGED).contains(&fit.gradient) {
        return Err(stopped(format!(
            "a gradient of {:e} per call",
            fit.gradient
        )));
    }
    Ok(fit)
}

/// Returns the largest component of the gradient of the loss, at least 0.
fn gradient(table: &[f64], positive: &[bool], alpha: f64, fit: &LogisticFit) -> f64 {
    let mut slopes: Vec<f64> = fit.weights.iter().map(|w| alpha * w).collect();
    let mut intercept_slope = 0.0;
    for (row, &positive) in table.chunks_exact(fit.weights.len()).zip(positive) {
        let dot: f64 = row.iter().zip(&fit.weights).map(|(x, w)| x * w).sum();
        let residual = sigmoid(fit.intercept + dot) - f64::from(u8::from(positive));
        intercept_slope += residual;
        for (slope, x) in slopes.iter_mut().zip(row) {
            *slope += residual * x;
        }
    }
    // `f64::max` would pass over NaN.
    let larger = |a: f64, b: f64| {
        if b.abs() > a || b.is_nan() {
            b.abs()
        } else {
            a
        }
    };
    slopes.into_iter().fold(intercept_slope.abs(), larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::model::Predictor;
    use crate::model::testing::{examples, number, table, trained, vector};
    use proptest::prelude::*;

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

    /// A table of one column: what linfa itself predicts, and what we make of its fit.
    #[test]
    fn our_probability_is_linfas_whichever_class_is_the_larger() {
        for larger_is_positive in [true, false] {
            let x: Vec<f64> = (0..90).map(|i| f64::from(i % 13) - 6.0).collect();
            let y: Vec<bool> = (0..90)
                .map(|i| (i % 13 + i % 5 > 9) != larger_is_positive)
                .collect();
            let positives = y.iter().filter(|&&y| y).count();
            assert_eq!(positives > 45, larger_is_positive);
            let ours = fit(&x, 1, &y, &options()).unwrap();

            let records = Array2::from_shape_vec((90, 1), x.clone()).unwrap();
            let dataset = DatasetBase::new(records, Array1::from_vec(y));
            let params = LogisticRegression::default()
                .max_iterations(1_000)
                .gradient_tolerance(ASKED * 90.0);
            let theirs = params.fit(&dataset).unwrap();
            let turned = !theirs.labels().pos.class;
            for (x, p) in x
                .iter()
                .zip(theirs.predict_probabilities(dataset.records()))
            {
                let p = if turned { 1.0 - p } else { p };
                let ours = sigmoid(ours.intercept + ours.weights[0] * x);
                assert!((ours - p).abs() < 1e-12, "{ours} {p}");
            }
            assert!(ours.weights[0].is_sign_negative() == larger_is_positive);
        }
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
        let params = LogisticRegression::default()
            .max_iterations(1_000)
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

    #[test]
    fn turning_every_answer_around_turns_the_signs() {
        let x: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 80) / 10.0).collect();
        let y: Vec<bool> = (0..80).map(|i| i * 37 % 80 + i % 30 > 45).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        let (one, other) = (
            fit(&x, 1, &y, &options()).unwrap(),
            fit(&x, 1, &not, &options()).unwrap(),
        );
        assert!((one.weights[0] + other.weights[0]).abs() < 1e-7);
        assert!((one.intercept + other.intercept).abs() < 1e-7);
        assert!(one.weights[0] > 0.0);
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
                    holdout_share: 0.6,
                    ..base()
                },
                "options.holdout_share",
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
            holdout_share: 0.0,
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The gradient against differences of the loss itself.
        #[test]
        fn gradient_is_the_slope_of_the_loss(
            x in prop::collection::vec(-3.0..3.0_f64, 12),
            w in prop::collection::vec(-2.0..2.0_f64, 2),
            b in -2.0..2.0_f64,
            alpha in 0.1..3.0_f64,
        ) {
            let y = [true, false, true, true, false, false];
            let loss = |w: &[f64], b: f64| {
                let terms = x.chunks(2).zip(y).map(|(row, y)| {
                    let z = b + row[0] * w[0] + row[1] * w[1];
                    (1.0 + (if y { -z } else { z }).exp()).ln()
                });
                terms.sum::<f64>() + alpha / 2.0 * (w[0] * w[0] + w[1] * w[1])
            };
            let h = 1e-5;
            let slopes = [
                loss(&[w[0] + h, w[1]], b) - loss(&[w[0] - h, w[1]], b),
                loss(&[w[0], w[1] + h], b) - loss(&[w[0], w[1] - h], b),
                loss(&w, b + h) - loss(&w, b - h),
            ];
            let wanted = slopes.iter().fold(0.0_f64, |m, s| m.max((s / (2.0 * h)).abs()));
            let at = LogisticFit { intercept: b, weights: w.clone(), gradient: 0.0 };
            prop_assert!((gradient(&x, &y, alpha, &at) - wanted).abs() < 1e-6);
        }
    }
}
