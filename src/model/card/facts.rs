//! What a card says, before it is put into words: the JSON of the card, and what its Markdown is made of.
//!
//! # Conventions
//!
//! * Everything is of the model's file, or follows from it by a formula that stands here. What the file
//!   does not say is `None`, or an empty list.
//! * Intervals are of 95 %: those of the file come from a bootstrap of whole groups, those *by counts*
//!   are worked out here and take the calls as independent.

use super::effects::{Effect, average, effects};
use super::figures::{figures, not_satisfied, wilson};
use crate::features::{catalogue, position};
use crate::model::choose::Tried;
use crate::model::encode::{ColumnKind, Dropped};
use crate::model::file::{ClassMeans, Model, PriorOf};
use crate::model::label::{LabelScale, SurveyCounts, Target};
use crate::model::metrics::{Confusion, RELIABILITY_BINS};
use crate::model::options::Validation;
use crate::model::predict::sigmoid;
use crate::model::study::{Importance, Profile};
use crate::model::validate::CalibrationTried;
use crate::settings::AnalysisSettings;
use serde::Serialize;

/// Log likelihood, in nats over all calls, by which a calibration of two parameters gains on its own
/// calls in one of twenty cases where there is nothing to gain: half the 95 % point of χ² with two
/// degrees of freedom, 5.991.
const CHANCE_GAIN: f64 = 2.996;
/// Below half a percent of the log loss a gain is not worth a step more.
const SMALL_GAIN: f64 = 0.005;

/// All that a card says.
#[derive(Clone, Debug, Serialize)]
pub struct Card<'a> {
    pub warning: Option<&'a str>,
    pub name: &'a str,
    pub fingerprint: String,
    pub created_by: &'a str,
    pub target: Target,
    pub label: &'a LabelScale,
    pub class_means: ClassMeans,
    /// Expected mark from which a call counts as each mark above the lowest.
    pub matching: Option<&'a [Option<f64>]>,
    pub data: Data<'a>,
    pub validation: Validation,
    /// Calls that the figures are of; `None` where there are none.
    pub unseen_calls: Option<u64>,
    pub figures: Vec<Figure>,
    pub not_satisfied: Option<NotSatisfied>,
    pub calibration: Calibrating<'a>,
    pub importance: &'a [Importance],
    /// Expected mark of a call at whose log-odds every column is at its mean …
    pub average_csi: f64,
    /// … its log-odds of satisfaction, and …
    pub average_log_odds: f64,
    /// … the probability that these make before any map.
    pub average_satisfied: f64,
    /// The most important feature first; where that is not known, the widest span.
    pub effects: Vec<Effect>,
    pub features: Vec<About>,
    /// The largest first.
    pub weights: Vec<Weight>,
    pub dropped: &'a [Dropped],
    pub profiles: &'a [Profile],
    pub training: Choices<'a>,
    pub settings: &'a AnalysisSettings,
}

/// What the model has learned from.
#[derive(Clone, Debug, Serialize)]
pub struct Data<'a> {
    pub source: &'a str,
    pub period: Option<&'a str>,
    pub calls: u64,
    pub satisfied: u64,
    pub satisfied_share: Option<f64>,
    pub survey: Option<SurveyCounts>,
    pub response_rate: Option<f64>,
    pub effective_calls: Option<f64>,
    pub prior: Option<&'a PriorOf>,
}

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Higher,
    Lower,
    /// Neither way: at 0.
    Nearer,
}

/// How a figure stands to its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// On the good side of it, with the whole interval.
    Better,
    /// The interval holds it, or there is none.
    Unclear,
    /// On the bad side, with the whole interval.
    Worse,
}

/// How good the model is in one respect, at calls that it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub figure: &'static str,
    pub name: &'static str,
    pub better: Better,
    pub value: Option<f64>,
    pub interval: Option<Ends>,
    /// What one gets who knows nothing of a call.
    pub baseline: Option<f64>,
    pub standing: Option<Standing>,
    /// The same of the training calls themselves, too good by nature.
    pub training: Option<f64>,
}

/// An interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ends {
    pub low: f64,
    pub high: f64,
    pub by: By,
}

/// Where an interval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Bootstrap,
    Counts,
}

/// Calling customers not satisfied below a probability of satisfaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotSatisfied {
    pub threshold: f64,
    /// Whether the threshold is the one of the best F1; else the file has none, and it is that of its
    /// other figures.
    pub best: bool,
    /// About the not satisfied, who are the positive here.
    pub confusion: Confusion,
    pub share: Option<f64>,
    pub called_share: Option<f64>,
    /// Precision, recall and F1.
    pub figures: Vec<Figure>,
}

/// Whether probabilities come true as often as they say.
#[derive(Clone, Debug, Serialize)]
pub struct Calibrating<'a> {
    pub bins: Vec<CurveBin>,
    /// Expected calibration error over the bins.
    pub error: Option<f64>,
    /// What the model holds already.
    pub held: Held,
    pub tried: &'a [CalibrationTried],
    pub advice: Option<Advice>,
}

/// A bin of the reliability curve that holds calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurveBin {
    pub from: f64,
    pub to: f64,
    pub calls: u64,
    pub mean_probability: f64,
    pub satisfied_share: f64,
    pub interval: Option<Ends>,
}

/// The calibration that a model holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    Nothing,
    /// In its weights.
    Platt,
    /// As maps.
    Isotonic,
}

/// Whether calibrating (again) would help.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "says")]
pub enum Advice {
    /// No way of it lowers the log loss by more than chance does.
    No,
    /// One does, by so little that it may be left.
    Little { method: String, log_loss: f64 },
    /// One does.
    Yes { method: String, log_loss: f64 },
}

/// What a feature is.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    pub feature: &'static str,
    pub unit: &'static str,
    pub definition: &'static str,
}

/// What a column weighs in the log-odds of satisfaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Weight {
    pub column: String,
    pub log_odds: f64,
    /// Per standard deviation of the value; else for being so instead of not.
    pub per_sd: bool,
}

/// What was chosen about training.
#[derive(Clone, Debug, Serialize)]
pub struct Choices<'a> {
    pub alpha: f64,
    pub knots: u64,
    pub tried: &'a [Tried],
    pub level_min_count: u64,
    pub gradient: f64,
    /// Lines that the weights of cuts hold.
    pub lines: Vec<Line>,
}

/// The line through the log-odds of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    pub mark: i64,
    pub slope: f64,
    pub intercept: f64,
}

impl<'a> Card<'a> {
    /// Gathers what is known of a model.
    pub fn of(model: &'a Model) -> Card<'a> {
        let (from, metrics) = (model.provenance(), model.metrics());
        let importance = &metrics.importance;
        let place = |effect: &Effect| {
            let found = importance.iter().position(|i| i.feature == effect.feature);
            found.unwrap_or(usize::MAX)
        };
        let mut effects = effects(model);
        effects.sort_by(|a, b| place(a).cmp(&place(b)).then(b.span().total_cmp(&a.span())));
        let inputs = model.encoder().inputs().iter();
        let log_odds = model.satisfied_cut().intercept;
        Card {
            warning: from.warning.as_deref(),
            name: model.name(),
            fingerprint: model.fingerprint(),
            created_by: &from.created_by,
            target: model.target(),
            label: model.label(),
            class_means: model.class_means(),
            matching: model.matching(),
            data: Data {
                source: &from.source,
                period: from.period.as_deref(),
                calls: from.rows,
                satisfied: from.satisfied,
                satisfied_share: ratio(from.satisfied, from.rows),
                survey: from.survey,
                response_rate: from.survey.as_ref().and_then(SurveyCounts::response_rate),
                effective_calls: from.effective_rows,
                prior: from.prior.as_ref(),
            },
            validation: from.validation,
            unseen_calls: metrics.holdout.as_ref().map(|e| e.rows),
            figures: figures(model),
            not_satisfied: not_satisfied(model),
            calibration: calibrating(model),
            importance,
            average_csi: average(model),
            average_log_odds: log_odds,
            average_satisfied: sigmoid(log_odds),
            effects,
            features: inputs.filter_map(|i| about(&i.feature)).collect(),
            weights: weights(model),
            dropped: &from.dropped,
            profiles: &metrics.profiles,
            training: Choices {
                alpha: from.alpha,
                knots: from.knots,
                tried: &from.tried,
                level_min_count: from.level_min_count,
                gradient: from.gradient,
                lines: (model.cuts().iter().zip(&from.calibration))
                    .filter_map(|(cut, line)| {
                        line.map(|line| Line {
                            mark: cut.mark,
                            slope: line.slope,
                            intercept: line.intercept,
                        })
                    })
                    .collect(),
            },
            settings: model.settings(),
        }
    }

    /// Returns the figure of that key.
    pub fn figure(&self, key: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.figure == key)
    }

    /// Returns how important a feature is.
    pub fn importance_of(&self, feature: &str) -> Option<&Importance> {
        self.importance.iter().find(|i| i.feature == feature)
    }
}

/// A share; `None` of nothing.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn about(name: &str) -> Option<About> {
    position(name).map(|i| &catalogue()[i]).map(|f| About {
        feature: &f.name,
        unit: f.unit.symbol(),
        definition: &f.definition,
    })
}

fn calibrating(model: &Model) -> Calibrating<'_> {
    let metrics = model.metrics();
    let edge = |i: usize| i as f64 / RELIABILITY_BINS as f64;
    let bins = metrics.reliability.iter().enumerate();
    let bins = bins.filter_map(|(i, bin)| {
        Some(CurveBin {
            from: edge(i),
            to: edge(i + 1),
            calls: bin.rows,
            mean_probability: bin.mean_probability?,
            satisfied_share: bin.satisfied_share?,
            interval: wilson(bin.satisfied_share, bin.rows),
        })
    });
    let held = if !model.maps().is_empty() {
        Held::Isotonic
    } else if model.provenance().calibration.iter().any(Option::is_some) {
        Held::Platt
    } else {
        Held::Nothing
    };
    let calls = metrics.holdout.as_ref().map_or(0, |e| e.rows);
    Calibrating {
        bins: bins.collect(),
        error: metrics.holdout.as_ref().and_then(|e| e.calibration_error),
        held,
        tried: &metrics.calibrations,
        advice: advice(&metrics.calibrations, calls),
    }
}

/// Whether one way of calibrating does better than none, at calls that it was not fitted to.
fn advice(tried: &[CalibrationTried], calls: u64) -> Option<Advice> {
    let (plain, others): (Vec<_>, Vec<_>) = tried.iter().partition(|t| t.method == "none");
    let plain = plain.first()?;
    let best = others
        .iter()
        .min_by(|a, b| a.log_loss.total_cmp(&b.log_loss))?;
    let gain = plain.log_loss - best.log_loss;
    let (method, log_loss) = (best.method.clone(), best.log_loss);
    Some(if gain * calls as f64 <= CHANCE_GAIN {
        Advice::No
    } else if gain <= SMALL_GAIN * plain.log_loss {
        Advice::Little { method, log_loss }
    } else {
        Advice::Yes { method, log_loss }
    })
}

fn weights(model: &Model) -> Vec<Weight> {
    let columns = model.encoder().columns();
    let mut weights: Vec<Weight> = (columns.iter().zip(&model.satisfied_cut().weights))
        .map(|(column, weight)| Weight {
            column: column.to_string(),
            log_odds: *weight,
            per_sd: matches!(column.kind, ColumnKind::Value | ColumnKind::Above(_)),
        })
        .collect();
    // Stable, so that equal weights stay in column order.
    weights.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    weights
}
