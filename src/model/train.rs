//! Training: from measured calls and their marks to a [`Model`].
//!
//! # Conventions
//!
//! * The loss and the penalty are those of [`super::fit`].
//! * Calls are ordered by id before anything is summed, so the order they are given in does not
//!   change a bit of the model.

use super::calibrate::Platt;
use super::choose::{Choice, Tried, choose, out_of_fold};
use super::encode::{Dropped, Encoder};
use super::example::Example;
use super::file::{ClassMeans, Cut, Metrics, Model, ModelFile, Provenance};
use super::fit::{ASKED, How, fit};
use super::label::{LabelScale, MarkClass, Target};
use super::learn::{EncodingChoice, Row, learn};
use super::metrics::{Evaluation, Outcome};
use super::predict::{monotone, sigmoid};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::AnalysisSettings;

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

/// More knots than anyone needs.
pub(super) const KNOTS_MOST: u64 = 20;

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
    /// What the model answers. Defaults to [`Target::Satisfied`].
    pub target: Target,
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
    /// Knots at which the effect of a number may bend, at most: quantiles, with at least
    /// `level_min_count` calls on either side. Defaults to 0, straight lines.
    pub knots: u64,
    /// Choose `alpha` and `knots` by cross-validation instead. Defaults to `None`.
    pub choice: Option<Choice>,
    /// Folds of a cross-validation whose scores the log-odds of each cut are calibrated on by
    /// [`Platt`]'s line, which is then part of the weights. Defaults to `None`: not calibrated.
    pub calibration_folds: Option<u64>,
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
            target: Target::default(),
            features: RECOMMENDED.map(str::to_owned).to_vec(),
            log1p: LONG_TAILED.map(str::to_owned).to_vec(),
            level_min_count: 10,
            alpha: 1.0,
            knots: 0,
            choice: None,
            calibration_folds: None,
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
        if self.knots > KNOTS_MOST {
            let wanted = format!("{KNOTS_MOST} at most");
            return invalid("knots", self.knots.to_string(), &wanted);
        }
        if let Some(choice) = &self.choice {
            choice.check()?;
        }
        if let Some(folds) = self.calibration_folds.filter(|folds| *folds < 2) {
            return invalid("calibration_folds", folds.to_string(), "at least 2");
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
/// * [`ErrorKind::NotConverged`] when the solver stops with a gradient above
///   [`CONVERGED`](super::CONVERGED).
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

    let (held_out, rest): (Vec<_>, Vec<_>) =
        (examples.iter()).partition(|example| example.is_held_out(options.holdout_share));
    let holdout = if held_out.is_empty() || Classes::count(&rest, label).check(options).is_err() {
        None
    } else {
        let part = Fitted::new(&rest, label, options)?;
        Some(part.evaluate(&held_out, label)?)
    };
    let fitted = Fitted::new(&examples, label, options)?;
    let training = fitted.evaluate(&examples, label)?;

    Model::from_file(ModelFile {
        format: Model::FORMAT.into(),
        version: Model::VERSION,
        name: options.name.clone(),
        target: options.target,
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
            alpha: fitted.alpha,
            knots: fitted.knots,
            tried: fitted.tried,
            calibration: fitted.calibration,
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
    alpha: f64,
    knots: u64,
    tried: Vec<Tried>,
    calibration: Vec<Option<Platt>>,
}

impl Fitted {
    fn new(
        examples: &[&Example<'_>],
        label: &LabelScale,
        options: &TrainOptions,
    ) -> Result<Fitted> {
        let (mut alpha, mut knots, mut tried) = (options.alpha, options.knots, Vec::new());
        if let Some(choice) = &options.choice {
            tried = choose(examples, label, options, choice)?;
            // The first of the best: they are ordered from stiff to supple.
            let best = tried
                .iter()
                .reduce(|best, t| if t.log_loss < best.log_loss { t } else { best });
            if let Some(best) = best {
                (alpha, knots) = (best.alpha, best.knots);
            }
        }
        let how = How {
            alpha,
            max_iterations: options.max_iterations,
            asked: ASKED,
        };
        let part = Part::new(examples, options, knots)?;
        let (mut cuts, gradient) = part.cuts(examples, label, options, &how)?;
        let mut calibration = Vec::new();
        if let Some(folds) = options.calibration_folds {
            let scores = out_of_fold(examples, label, options, knots, &[alpha], folds, ASKED)?;
            for (cut, scores) in cuts.iter_mut().zip(scores.iter().flatten()) {
                let outcomes: Vec<(f64, bool)> = (scores.iter().zip(examples))
                    .map(|(score, example)| (*score, example.mark >= cut.mark))
                    .collect();
                // A cut without weights has no slope to correct.
                let weighs = cut.weights.iter().any(|w| *w != 0.0);
                let line = if weighs { Platt::fit(&outcomes)? } else { None };
                if let Some(line) = line {
                    cut.intercept = line.log_odds(cut.intercept);
                    cut.weights.iter_mut().for_each(|w| *w *= line.slope);
                }
                calibration.push(line);
            }
        }
        Ok(Fitted {
            encoder: part.encoder,
            dropped: part.dropped,
            cuts,
            gradient,
            alpha,
            knots,
            tried,
            calibration,
        })
    }

    fn evaluate(&self, examples: &[&Example<'_>], label: &LabelScale) -> Result<Evaluation> {
        let index = self
            .cuts
            .iter()
            .position(|cut| cut.mark == label.satisfied_from());
        let outcome = |example: &&Example<'_>| {
            let log_odds = |cut: &Cut| cut.log_odds(&self.encoder, example.features, |_, _, _| {});
            let mut shares: Vec<f64> = self.cuts.iter().map(|c| sigmoid(log_odds(c))).collect();
            monotone(&mut shares);
            Outcome {
                probability: index.and_then(|i| shares.get(i)).copied().unwrap_or(0.0),
                satisfied: satisfied(example, label),
            }
        };
        let outcomes: Vec<Outcome> = examples.iter().map(outcome).collect();
        Evaluation::of(&outcomes, THRESHOLD)
    }
}

/// Some of the calls, encoded.
pub(super) struct Part {
    pub encoder: Encoder,
    dropped: Vec<Dropped>,
    table: Vec<f64>,
}

impl Part {
    pub(super) fn new(
        examples: &[&Example<'_>],
        options: &TrainOptions,
        knots: u64,
    ) -> Result<Part> {
        let rows: Vec<Row<'_>> = examples.iter().map(|e| (&e.id, e.features)).collect();
        let choice = EncodingChoice {
            features: &options.features,
            log1p: &options.log1p,
            level_min_count: options.level_min_count,
            knots,
        };
        let (encoder, dropped) = learn(&rows, &choice)?;
        let mut table = Vec::with_capacity(rows.len() * encoder.width());
        for (_, features) in &rows {
            encoder.encode(features, &mut table);
        }
        Ok(Part {
            encoder,
            dropped,
            table,
        })
    }

    /// Fits the cuts of the target to the calls that the part was made of; also returns the largest
    /// gradient.
    ///
    /// A cut with fewer calls than `min_class_rows` on a side cannot be learned from: it gets an
    /// intercept alone, by the share of the calls on either side, half a call added to both.
    pub(super) fn cuts(
        &self,
        examples: &[&Example<'_>],
        label: &LabelScale,
        options: &TrainOptions,
        how: &How,
    ) -> Result<(Vec<Cut>, f64)> {
        let mut largest = 0.0_f64;
        let mut cuts = Vec::new();
        for mark in options.target.cuts(label) {
            let positive: Vec<bool> = examples.iter().map(|e| e.mark >= mark).collect();
            let above = positive.iter().filter(|is| **is).count();
            let below = positive.len() - above;
            if (above.min(below) as u64) < options.min_class_rows {
                cuts.push(Cut {
                    mark,
                    intercept: ((above as f64 + 0.5) / (below as f64 + 0.5)).ln(),
                    weights: vec![0.0; self.encoder.width()],
                });
                continue;
            }
            let fit = fit(&self.table, self.encoder.width(), &positive, how)
                .map_err(|e| e.within(format!("fit of mark {mark} and above")))?;
            largest = largest.max(fit.gradient);
            cuts.push(Cut {
                mark,
                intercept: fit.intercept,
                weights: fit.weights,
            });
        }
        Ok((cuts, largest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::model::Predictor;
    use crate::model::fit::CONVERGED;
    use crate::model::testing::{examples, number, table, trained, vector};
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
}
