//! How a model is judged: by calls that models like it had not seen.

use super::bootstrap::{Bootstrap, Interval, Units};
use super::calibrate::{Isotonic, Platt, matching_thresholds};
use super::example::Example;
use super::file::{Metrics, Model, ModelFile};
use super::label::LabelScale;
use super::marks::{MarkEvaluation, MarkOutcome};
use super::metrics::{Confusion, Evaluation, Outcome, Ranking, reliability};
use super::options::Validation;
use super::parallel::each;
use super::predict::{Predictor, sigmoid};
use super::study::{Parts, profiles};
use super::train::{THRESHOLD, Training, outcomes, satisfied};
use crate::call::CallId;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// Of more calls fewer resamples make the intervals: they are narrow, and every resample costs a sort.
const MANY_ROWS: usize = 5_000;
const RESAMPLES_OF_MANY: u64 = 200;

/// What a model said of a call that it had not seen, and what the customer said.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unseen {
    /// Which call.
    pub id: CallId,
    /// Which of the models judged it, from 0: one for each fold, or one in all.
    pub part: u64,
    /// The customer's mark.
    pub mark: i64,
    /// Whether the customer is satisfied.
    pub is_satisfied: bool,
    /// Predicted probability of that.
    pub satisfied: f64,
    /// Log-odds of the cut of satisfaction, before any map.
    pub log_odds: f64,
    /// Predicted probability of dissatisfaction, as [`Prediction`](super::Prediction) has it.
    pub dissatisfied: Option<f64>,
    /// Predicted probability of each mark, as there.
    pub marks: Option<Vec<f64>>,
    /// Expected mark.
    pub csi: f64,
    /// The likeliest mark, the nearest to `csi` where the model does not tell.
    pub likely: i64,
    /// What one says of every call who knows the model's training calls and nothing else: the share
    /// of the satisfied among them …
    pub share: f64,
    /// … and their mean mark.
    pub mean: f64,
    /// Group of the call.
    pub group: Option<String>,
}

impl Unseen {
    fn outcome(&self) -> Outcome {
        Outcome {
            probability: self.satisfied.clamp(0.0, 1.0),
            satisfied: self.is_satisfied,
        }
    }

    fn mark_outcome(&self) -> MarkOutcome {
        MarkOutcome {
            expected: self.csi,
            likely: self.likely,
            mark: self.mark,
        }
    }
}

/// Trains as often as the validation asks, and returns what was said of the calls left out, in their
/// order, with what each feature added. Nothing, where too few calls are left to train on.
pub(super) fn unseen(
    how: &Training<'_>,
    examples: &[&Example<'_>],
) -> Result<(Vec<Unseen>, Parts)> {
    let validation = how.options.validation;
    let mut late: Vec<usize> = (0..examples.len()).collect();
    if let Validation::Latest { share } = validation {
        // Of equal times the order of ids decides.
        late.sort_by_key(|&i| (examples[i].time, i));
        let first = ((1.0 - share) * examples.len() as f64).round() as usize;
        late.drain(..first.min(examples.len()));
        late.sort_unstable();
    }
    let left_out = |part: u64, i: usize| match validation {
        Validation::None => false,
        Validation::HoldOut { share } => examples[i].is_held_out(share),
        Validation::Latest { .. } => late.binary_search(&i).is_ok(),
        Validation::Folds { folds } => examples[i].part(folds) == part,
    };
    let parts = match validation {
        Validation::None => 0,
        Validation::HoldOut { .. } | Validation::Latest { .. } => 1,
        Validation::Folds { folds } => folds as usize,
    };
    let threads = how.options.threads;
    // The threads go to the parts where there are several, to the folds within where there are not.
    let (outer, inner) = match parts {
        0 | 1 => (1, threads),
        _ => (threads, 1),
    };
    let judged = each(outer, parts, |part| {
        let part = part as u64;
        let (out, rest): (Vec<usize>, Vec<usize>) =
            (0..examples.len()).partition(|&i| left_out(part, i));
        let rest: Vec<&Example<'_>> = rest.into_iter().map(|i| examples[i]).collect();
        if out.is_empty() || !how.suffice(&rest) {
            return Ok((Vec::new(), Parts::default()));
        }
        let model = Model::from_file(how.model(&rest, inner)?)?;
        let rows = rest.len() as f64;
        let happy = rest.iter().filter(|e| satisfied(e, how.label)).count();
        let marks: i64 = rest.iter().map(|e| e.mark).sum();
        let known = (happy as f64 / rows, marks as f64 / rows);
        let predictor = Predictor::new(model);
        let mut parts = Parts::default();
        let mut calls = Vec::with_capacity(out.len());
        for i in out {
            let example = examples[i];
            let prediction = predictor.predict(example.features);
            let is_satisfied = satisfied(example, how.label);
            parts.push(i, part, is_satisfied, &prediction);
            let rounded = MarkOutcome::rounded(prediction.csi, example.mark, how.label);
            let call = Unseen {
                id: example.id.clone(),
                part,
                mark: example.mark,
                is_satisfied,
                satisfied: prediction.satisfied,
                log_odds: prediction.log_odds,
                dissatisfied: prediction.dissatisfied,
                likely: prediction.likely_mark(how.label).unwrap_or(rounded.likely),
                csi: prediction.csi,
                share: known.0,
                mean: known.1,
                group: example.group.clone(),
                marks: prediction.marks,
            };
            calls.push((i, call));
        }
        Ok((calls, parts))
    })?;
    let mut all = Vec::new();
    let mut together = Parts::default();
    for (calls, parts) in judged {
        all.extend(calls);
        together.extend(parts);
    }
    all.sort_by_key(|(i, _)| *i);
    Ok((all.into_iter().map(|(_, call)| call).collect(), together))
}

/// Expected marks from which a call counts as each mark above the lowest; a mark that no call is to
/// have has none. `None` where no call was judged.
pub(super) fn matching(unseen: &[Unseen], label: &LabelScale) -> Result<Option<Vec<Option<f64>>>> {
    let estimates: Vec<f64> = unseen.iter().map(|call| call.csi).collect();
    let given = |mark| unseen.iter().filter(|call| call.mark == mark).count() as u64;
    let surveyed: Vec<u64> = (label.min()..=label.max()).map(given).collect();
    let thresholds = matching_thresholds(&estimates, &surveyed)?;
    Ok(thresholds.map(|t| t.into_iter().map(|t| t.is_finite().then_some(t)).collect()))
}

/// A figure of the hold-out with its interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureInterval {
    /// Name of the figure, as the fields of [`Evaluation`] and [`MarkEvaluation`] have it.
    pub figure: String,
    /// Where it would lie on other calls of the same kind.
    pub interval: Interval,
}

/// What knowing the training calls and nothing of a call gives: the share of the satisfied for every
/// call, and the mean mark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Log loss of the share, in nats.
    pub log_loss: f64,
    /// Brier score of the share.
    pub brier: f64,
    /// Share of calls called rightly by always naming the commoner class.
    pub accuracy: f64,
    /// Mean absolute error of the mean mark, in marks.
    pub mean_absolute_error: f64,
}

/// A way of calibrating, tried on the log-odds of unseen calls: fitted on four fifths (on the other folds
/// where there are folds), judged on the rest in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationTried {
    /// `none`, `platt` or `isotonic`.
    pub method: String,
    /// Log loss, in nats.
    pub log_loss: f64,
    /// Brier score.
    pub brier: f64,
    /// Expected calibration error over ten bins.
    pub calibration_error: f64,
}

/// Where to draw the line for calling a customer *not* satisfied: at the best F1 of that class.
///
/// Chosen on the calls that its figures are of, so these are a little too good.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Below this probability of satisfaction a customer is called not satisfied.
    pub threshold: f64,
    /// Counts about the not satisfied, who are the positive here.
    pub confusion: Confusion,
}

impl Decision {
    /// Finds the line of the best F1, the lowest of several. `None` where one class is missing.
    pub fn best(outcomes: &[Outcome]) -> Option<Decision> {
        let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
        sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
        let positive = outcomes.iter().filter(|o| !o.satisfied).count() as u64;
        let negative = outcomes.len() as u64 - positive;
        if positive == 0 || negative == 0 {
            return None;
        }
        let mut best: Option<Decision> = None;
        let (mut hits, mut misses) = (0, 0);
        let mut groups = sorted
            .chunk_by(|a, b| a.probability == b.probability)
            .peekable();
        while let Some(group) = groups.next() {
            let unhappy = group.iter().filter(|o| !o.satisfied).count() as u64;
            hits += unhappy;
            misses += group.len() as u64 - unhappy;
            // Halfway to the next probability, so that rounding turns no call over.
            let here = group.first().map_or(0.0, |o| o.probability);
            let next = groups.peek().and_then(|next| next.first());
            let threshold = next.map_or(1.0, |next| f64::midpoint(here, next.probability));
            let confusion = Confusion {
                true_positive: hits,
                false_positive: misses,
                false_negative: positive - hits,
                true_negative: negative - misses,
            };
            if best.is_none_or(|best| confusion.f1() > best.confusion.f1()) {
                best = Some(Decision {
                    threshold,
                    confusion,
                });
            }
        }
        best
    }
}

/// Puts together what is known of how good the model is.
pub(super) fn judge(
    how: &Training<'_>,
    file: &ModelFile,
    examples: &[&Example<'_>],
    unseen: &[Unseen],
    parts: Parts,
) -> Result<Metrics> {
    let model = Model::from_file(file.clone())?;
    let profiles = profiles(model.encoder(), examples);
    let predictor = Predictor::new(model);
    let training = Evaluation::of(&outcomes(&predictor, examples, how.label), THRESHOLD)?;
    let mut metrics = Metrics {
        profiles,
        ..Metrics::unknown(training)
    };
    if unseen.is_empty() {
        return Ok(metrics);
    }
    let outcomes: Vec<Outcome> = unseen.iter().map(Unseen::outcome).collect();
    let marks: Vec<MarkOutcome> = unseen.iter().map(Unseen::mark_outcome).collect();
    metrics.holdout = Some(Evaluation::of(&outcomes, THRESHOLD)?);
    metrics.holdout_marks = Some(MarkEvaluation::of(&marks, how.label)?);
    metrics.intervals = intervals(unseen, &outcomes, &marks, how.label)?;
    metrics.baseline = Some(baseline(unseen));
    metrics.reliability = reliability(&outcomes).to_vec();
    metrics.calibrations = calibrations(unseen, how.options.validation)?;
    metrics.decision = Decision::best(&outcomes);
    metrics.importance = parts.importance(&how.options.features)?;
    Ok(metrics)
}

fn intervals(
    unseen: &[Unseen],
    outcomes: &[Outcome],
    marks: &[MarkOutcome],
    label: &LabelScale,
) -> Result<Vec<FigureInterval>> {
    let units = Units::groups(unseen.iter().map(|call| call.group.as_deref()));
    let mut bootstrap = Bootstrap::default();
    if unseen.len() > MANY_ROWS {
        bootstrap.resamples = RESAMPLES_OF_MANY;
    }
    let ranking = Ranking::of(outcomes)?;
    let names = [
        "roc_auc",
        "log_loss",
        "brier",
        "mean_absolute_error",
        "pearson",
        "spearman",
        "quadratic_kappa",
    ];
    let found = bootstrap.intervals(&units, |rows| {
        let some: Vec<Outcome> = rows
            .iter()
            .filter_map(|&i| outcomes.get(i))
            .copied()
            .collect();
        let of_marks: Vec<MarkOutcome> =
            rows.iter().filter_map(|&i| marks.get(i)).copied().collect();
        // Both only refuse figures that the whole set has been checked for.
        let evaluation = Evaluation::of(&some, THRESHOLD).ok();
        let of_marks = MarkEvaluation::of(&of_marks, label).ok();
        let (e, m) = (evaluation.as_ref(), of_marks.as_ref());
        [
            ranking.roc_auc(rows),
            e.and_then(|e| e.log_loss),
            e.and_then(|e| e.brier),
            m.and_then(|m| m.mean_absolute_error),
            m.and_then(|m| m.pearson),
            m.and_then(|m| m.spearman),
            m.and_then(|m| m.quadratic_kappa),
        ]
    })?;
    let named = names.iter().zip(found).filter_map(|(name, interval)| {
        Some(FigureInterval {
            figure: (*name).to_owned(),
            interval: interval?,
        })
    });
    Ok(named.collect())
}

fn baseline(unseen: &[Unseen]) -> Baseline {
    let rows = unseen.len() as f64;
    let mean = |of: fn(&Unseen) -> f64| unseen.iter().map(of).sum::<f64>() / rows;
    let is = |call: &Unseen| f64::from(u8::from(call.is_satisfied));
    let loss = |call: &Unseen| {
        // Both classes are among the training calls.
        let of_truth = if call.is_satisfied {
            call.share
        } else {
            1.0 - call.share
        };
        -of_truth.ln()
    };
    let brier: f64 = unseen.iter().map(|c| (c.share - is(c)).powi(2)).sum();
    Baseline {
        log_loss: mean(loss),
        brier: brier / rows,
        accuracy: mean(|c| f64::from(u8::from((c.share >= 0.5) == c.is_satisfied))),
        mean_absolute_error: mean(|c| (c.mean - c.mark as f64).abs()),
    }
}

fn calibrations(unseen: &[Unseen], validation: Validation) -> Result<Vec<CalibrationTried>> {
    let part = |(i, call): (usize, &Unseen)| match validation {
        Validation::Folds { .. } => call.part,
        _ => i as u64 % 5,
    };
    let parts: Vec<u64> = unseen.iter().enumerate().map(part).collect();
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    let mut names: Vec<u64> = parts.clone();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let others = unseen.iter().zip(&parts).filter(|(_, part)| **part != name);
        let others: Vec<(f64, bool)> = others.map(|(c, _)| (c.log_odds, c.is_satisfied)).collect();
        let (line, map) = (Platt::fit(&others)?, Isotonic::fit(&others)?);
        for (call, _) in unseen.iter().zip(&parts).filter(|(_, part)| **part == name) {
            let plain = sigmoid(call.log_odds);
            let probabilities = [
                plain,
                line.map_or(plain, |line| sigmoid(line.log_odds(call.log_odds))),
                map.as_ref()
                    .map_or(plain, |map| map.probability(call.log_odds)),
            ];
            for (outcomes, probability) in found.iter_mut().zip(probabilities) {
                outcomes.push(Outcome {
                    probability: probability.clamp(0.0, 1.0),
                    satisfied: call.is_satisfied,
                });
            }
        }
    }
    let methods = ["none", "platt", "isotonic"].iter().zip(found);
    let mut tried = Vec::new();
    for (method, outcomes) in methods {
        let figures = Evaluation::of(&outcomes, THRESHOLD)?;
        let all = (figures.log_loss, figures.brier, figures.calibration_error);
        if let (Some(log_loss), Some(brier), Some(calibration_error)) = all {
            tried.push(CalibrationTried {
                method: (*method).to_owned(),
                log_loss,
                brier,
                calibration_error,
            });
        }
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 0.1 ✗, 0.2 ✓, 0.3 ✗, 0.8 ✓ (✗ not satisfied). Called not satisfied below 0.15: one
    /// hit, one missed, F1 = 2/3; below 0.25: 2/(2+1+1) = 1/2; below 0.55: 4/(4+1+0) = 0.8; all: 4/6.
    #[test]
    fn the_line_is_drawn_at_the_best_f1_of_the_unhappy() {
        let outcomes =
            [(0.8, true), (0.1, false), (0.3, false), (0.2, true)].map(|(p, is)| Outcome {
                probability: p,
                satisfied: is,
            });
        let best = Decision::best(&outcomes).unwrap();
        assert!((best.threshold - 0.55).abs() < 1e-12);
        assert_eq!(best.confusion.f1(), Some(0.8));
        assert!(Decision::best(&outcomes[..1]).is_none());
        assert!(Decision::best(&[]).is_none());
    }
}
