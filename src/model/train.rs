//! Training.
//!
//! # Conventions
//!
//! * Calls are taken in the order of their ids, so that the order in which they are given changes
//!   nothing, to the last bit; nor does the number of threads.
//! * What judges a model is apart from what made it: the model of the file is fitted on all calls, and
//!   its metrics are those of models fitted in the same way on some, at the others.

use super::calibrate::{Isotonic, Platt};
use super::choose::{Tried, choose, out_of_fold};
use super::encode::{Dropped, Encoder};
use super::example::Example;
use super::file::{ClassMeans, Cut, Metrics, Model, ModelFile, PriorOf, Provenance};
use super::fit::{ASKED, How, Problem, fit};
use super::label::{LabelScale, MarkClass};
use super::learn::{EncodingChoice, Row, learn};
use super::metrics::{Evaluation, Outcome};
use super::options::{Calibration, TrainOptions, Validation};
use super::predict::Predictor;
use super::validate::{Unseen, judge, unseen};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::AnalysisSettings;

pub use super::options::{LONG_TAILED, RECOMMENDED};

/// From this probability up a customer is called satisfied in the stored metrics.
pub(super) const THRESHOLD: f64 = 0.5;

/// A model, and what models like it said of calls that they had not seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// The calls of [`TrainOptions::validation`], in the order of their ids.
    pub unseen: Vec<Unseen>,
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
///   given twice, a weight that is not above 0, fewer calls of a class than `min_class_rows`, a chosen
///   feature given twice or none that varies, a negative value where ln(1 + x) was chosen, a call
///   without a time where the latest are to be held out.
/// * [`ErrorKind::Mismatch`] for a chosen feature that is not in the catalogue.
/// * [`ErrorKind::NotConverged`] when the solver stops with a gradient above
///   [`CONVERGED`](super::CONVERGED).
pub fn train(
    examples: &[Example<'_>],
    label: &LabelScale,
    settings: &AnalysisSettings,
    options: &TrainOptions,
) -> Result<Model> {
    Ok(train_and_judge(examples, label, settings, options)?.model)
}

/// As [`train()`], and also returns the predictions that its metrics come from.
///
/// # Errors
///
/// As [`train()`].
pub fn train_and_judge(
    examples: &[Example<'_>],
    label: &LabelScale,
    settings: &AnalysisSettings,
    options: &TrainOptions,
) -> Result<Trained> {
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
        if !(example.weight.is_finite() && example.weight > 0.0) {
            let (found, wanted) = (example.weight, "a finite number above 0");
            let error = Error::new(ErrorKind::Invalid, "weight", found, wanted);
            return Err(error.of_call(&example.id));
        }
        if matches!(options.validation, Validation::Latest { .. }) && example.time.is_none() {
            let (found, wanted) = ("no time", "a time, to hold the latest calls out by");
            let error = Error::new(ErrorKind::Invalid, "time", found, wanted);
            let hint =
                "which column tells when the call was? Or hold calls out by folds or a share";
            return Err(error.hint(hint).of_call(&example.id));
        }
    }
    Classes::count(&examples, label).check(options)?;

    let how = Training {
        label,
        settings,
        options,
    };
    let (unseen, study) = unseen(&how, &examples)?;
    let mut file = how.model(&examples, options.threads)?;
    file.metrics = judge(&how, &file, &examples, &unseen, study)?;
    if options.matching {
        file.matching = super::validate::matching(&unseen, label)?;
    }
    Ok(Trained {
        model: Model::from_file(file)?,
        unseen,
    })
}

/// What is the same for all models of a training.
pub(super) struct Training<'a> {
    pub label: &'a LabelScale,
    pub settings: &'a AnalysisSettings,
    pub options: &'a TrainOptions,
}

impl Training<'_> {
    /// Returns whether these calls are enough to train on.
    pub(super) fn suffice(&self, examples: &[&Example<'_>]) -> bool {
        Classes::count(examples, self.label)
            .check(self.options)
            .is_ok()
    }

    /// Trains on these calls; the model has no metrics yet.
    pub(super) fn model(&self, examples: &[&Example<'_>], threads: usize) -> Result<ModelFile> {
        let Training {
            label,
            settings,
            options,
        } = *self;
        let classes = Classes::count(examples, label);
        let fitted = Fitted::new(examples, label, options, threads)?;
        let prior = options.prior.as_ref().filter(|_| fitted.toward_prior);
        Ok(ModelFile {
            format: Model::FORMAT.into(),
            version: Model::VERSION,
            name: options.name.clone(),
            target: options.target,
            label: *label,
            settings: settings.clone(),
            inputs: fitted.encoder.inputs().to_vec(),
            cuts: fitted.cuts,
            maps: fitted.maps,
            matching: None,
            class_means: classes.means(),
            provenance: Provenance {
                created_by: concat!("callcsi ", env!("CARGO_PKG_VERSION")).into(),
                source: options.source.clone(),
                warning: options.warning.clone(),
                period: options.period.clone(),
                survey: options.survey,
                rows: classes.satisfied + classes.others,
                satisfied: classes.satisfied,
                effective_rows: classes.effective_rows(),
                alpha: fitted.alpha,
                knots: fitted.knots,
                prior: prior.map(|model| PriorOf {
                    name: model.name().to_owned(),
                    fingerprint: model.fingerprint(),
                }),
                tried: fitted.tried,
                calibration: fitted.calibration,
                level_min_count: options.level_min_count,
                validation: options.validation,
                gradient: fitted.gradient,
                dropped: fitted.dropped,
            },
            metrics: Metrics::unknown(Evaluation::of(&[], THRESHOLD)?),
        })
    }
}

/// What a model said of these calls' satisfaction.
pub(super) fn outcomes(
    predictor: &Predictor,
    examples: &[&Example<'_>],
    label: &LabelScale,
) -> Vec<Outcome> {
    let outcome = |example: &&Example<'_>| Outcome {
        probability: predictor
            .predict(example.features)
            .satisfied
            .clamp(0.0, 1.0),
        satisfied: satisfied(example, label),
    };
    examples.iter().map(outcome).collect()
}

/// Calls and marks of each class, the marks as the calls count.
#[derive(Default)]
struct Classes {
    satisfied: u64,
    others: u64,
    /// Σ weight, Σ weight · mark of the satisfied, then of the others.
    sums: [(f64, f64); 2],
    /// Σ weight².
    squares: f64,
}

impl Classes {
    fn count(examples: &[&Example<'_>], label: &LabelScale) -> Classes {
        let mut classes = Classes::default();
        for example in examples {
            let (count, class) = match satisfied(example, label) {
                true => (&mut classes.satisfied, 0),
                false => (&mut classes.others, 1),
            };
            *count += 1;
            let (weights, marks) = &mut classes.sums[class];
            *weights += example.weight;
            *marks += example.weight * example.mark as f64;
            classes.squares += example.weight.powi(2);
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
        let [satisfied, others] = self.sums.map(|(weights, marks)| marks / weights);
        ClassMeans { satisfied, others }
    }

    /// How many calls that count alike would tell as much: (Σ w)² / Σ w² (Kish 1965); `None` where they
    /// do count alike.
    fn effective_rows(&self) -> Option<f64> {
        let rows = (self.satisfied + self.others) as f64;
        let sum = self.sums[0].0 + self.sums[1].0;
        let effective = sum * sum / self.squares;
        (effective < rows - 1e-9 * rows).then_some(effective)
    }
}

pub(super) fn satisfied(example: &Example<'_>, label: &LabelScale) -> bool {
    // Marks off the scale have been refused before.
    label.class(example.mark).ok() == Some(MarkClass::Satisfied)
}

/// An encoder and the cuts fitted on its columns.
struct Fitted {
    encoder: Encoder,
    dropped: Vec<Dropped>,
    cuts: Vec<Cut>,
    maps: Vec<Option<Isotonic>>,
    /// The largest of the cuts' gradients.
    gradient: f64,
    alpha: f64,
    knots: u64,
    toward_prior: bool,
    tried: Vec<Tried>,
    calibration: Vec<Option<Platt>>,
}

impl Fitted {
    fn new(
        examples: &[&Example<'_>],
        label: &LabelScale,
        options: &TrainOptions,
        threads: usize,
    ) -> Result<Fitted> {
        let mut alpha = options.alpha;
        let mut shape = match &options.prior {
            Some(prior) => Shape::Prior(prior),
            None => Shape::Knots(options.knots),
        };
        let mut tried = Vec::new();
        if let Some(choice) = &options.choice {
            tried = choose(examples, label, options, choice, threads)?;
            // The first of the best: they are ordered from stiff to supple.
            let best = tried
                .iter()
                .reduce(|best, t| if t.log_loss < best.log_loss { t } else { best });
            if let Some(best) = best {
                alpha = best.alpha;
                shape = match &options.prior {
                    Some(prior) if best.toward_prior => Shape::Prior(prior),
                    _ => Shape::Knots(best.knots),
                };
            }
        }
        let how = How {
            alpha,
            max_iterations: options.max_iterations,
            asked: ASKED,
            start: None,
        };
        let part = Part::new(examples, options, shape)?;
        let (mut cuts, gradient) = part.cuts(examples, label, options, &how, None)?;
        let (mut calibration, mut maps) = (Vec::new(), Vec::new());
        if let Some(method) = options.calibration {
            let folds = method.folds();
            let scores = out_of_fold(
                examples,
                label,
                options,
                shape,
                &[alpha],
                folds,
                ASKED,
                threads,
            )?;
            for (cut, scores) in cuts.iter_mut().zip(scores.iter().flatten()) {
                let outcomes: Vec<(f64, bool)> = (scores.iter().zip(examples))
                    .map(|(score, example)| (*score, example.mark >= cut.mark))
                    .collect();
                // A cut without weights has no slope to correct.
                let weighs = cut.weights.iter().any(|w| *w != 0.0);
                match method {
                    Calibration::Platt { .. } => {
                        let line = if weighs { Platt::fit(&outcomes)? } else { None };
                        if let Some(line) = line {
                            cut.intercept = line.log_odds(cut.intercept);
                            cut.weights.iter_mut().for_each(|w| *w *= line.slope);
                        }
                        calibration.push(line);
                    }
                    Calibration::Isotonic { .. } => maps.push(match weighs {
                        true => Isotonic::fit(&outcomes)?,
                        false => None,
                    }),
                }
            }
        }
        Ok(Fitted {
            encoder: part.encoder,
            dropped: part.dropped,
            cuts,
            maps,
            gradient,
            alpha,
            knots: shape.knots(),
            toward_prior: shape.prior().is_some(),
            tried,
            calibration,
        })
    }
}

/// Where the columns come from.
#[derive(Clone, Copy)]
pub(super) enum Shape<'a> {
    /// Learned from the calls, with so many knots at most; weights are drawn to 0.
    Knots(u64),
    /// Those of another model, to whose weights they are drawn.
    Prior(&'a Model),
}

impl<'a> Shape<'a> {
    /// Returns the knots at most: of a prior's columns, those it was trained with.
    pub(super) fn knots(self) -> u64 {
        match self {
            Shape::Knots(knots) => knots,
            Shape::Prior(prior) => prior.provenance().knots,
        }
    }

    /// Returns the model that weights are drawn to.
    pub(super) fn prior(self) -> Option<&'a Model> {
        match self {
            Shape::Knots(_) => None,
            Shape::Prior(prior) => Some(prior),
        }
    }
}

/// Some of the calls, encoded.
pub(super) struct Part<'a> {
    pub encoder: Encoder,
    dropped: Vec<Dropped>,
    table: Vec<f64>,
    prior: Option<&'a Model>,
}

impl<'a> Part<'a> {
    pub(super) fn new(
        examples: &[&Example<'_>],
        options: &TrainOptions,
        shape: Shape<'a>,
    ) -> Result<Part<'a>> {
        let rows: Vec<Row<'_>> = examples.iter().map(|e| (&e.id, e.features)).collect();
        let (encoder, dropped) = match shape {
            Shape::Knots(knots) => {
                let choice = EncodingChoice {
                    features: &options.features,
                    log1p: &options.log1p,
                    level_min_count: options.level_min_count,
                    knots,
                };
                learn(&rows, &choice)?
            }
            Shape::Prior(model) => {
                let dropped = model.provenance().dropped.clone();
                (model.encoder().clone(), dropped)
            }
        };
        let mut table = Vec::with_capacity(rows.len() * encoder.width());
        for (_, features) in &rows {
            encoder.encode(features, &mut table);
        }
        Ok(Part {
            encoder,
            dropped,
            table,
            prior: shape.prior(),
        })
    }

    /// Fits the cuts of the target to the calls that the part was made of; also returns the largest
    /// gradient.
    ///
    /// A cut with fewer calls than `min_class_rows` on a side cannot be learned from: it gets an
    /// intercept alone, by the share of the calls on either side, half a call added to both. With a prior
    /// one call on each side is enough. `start` has cuts of the same target and columns.
    pub(super) fn cuts(
        &self,
        examples: &[&Example<'_>],
        label: &LabelScale,
        options: &TrainOptions,
        how: &How<'_>,
        start: Option<&[Cut]>,
    ) -> Result<(Vec<Cut>, f64)> {
        let mut largest = 0.0_f64;
        let mut cuts = Vec::new();
        let counts: Vec<f64> = examples.iter().map(|e| e.weight).collect();
        let alike = counts.iter().all(|count| *count == 1.0);
        for (index, mark) in options.target.cuts(label).into_iter().enumerate() {
            let positive: Vec<bool> = examples.iter().map(|e| e.mark >= mark).collect();
            let above = positive.iter().filter(|is| **is).count();
            let below = positive.len() - above;
            let toward = self
                .prior
                .map(|prior| &nearest(prior, label, mark).weights[..]);
            let least = match toward {
                Some(_) => 1,
                None => options.min_class_rows,
            };
            if (above.min(below) as u64) < least {
                cuts.push(Cut {
                    mark,
                    intercept: ((above as f64 + 0.5) / (below as f64 + 0.5)).ln(),
                    weights: vec![0.0; self.encoder.width()],
                });
                continue;
            }
            let near = start.and_then(|cuts| cuts.get(index));
            let how = How {
                start: near.map(|cut| (cut.intercept, &cut.weights[..])),
                ..*how
            };
            let problem = Problem {
                table: &self.table,
                width: self.encoder.width(),
                positive: &positive,
                counts: (!alike).then_some(&counts[..]),
                toward,
            };
            let fit = fit(&problem, &how)
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

/// The cut of a prior that lies nearest to a cut at `mark` of a scale, by its place between the lowest
/// and the highest mark, which a cut at m divides at m − ½. Of two equally near, the lower.
fn nearest<'a>(prior: &'a Model, label: &LabelScale, mark: i64) -> &'a Cut {
    let place = |label: &LabelScale, mark: i64| {
        (mark as f64 - 0.5 - label.min() as f64) / (label.max() - label.min()) as f64
    };
    let wanted = place(label, mark);
    let off = |cut: &Cut| (place(prior.label(), cut.mark) - wanted).abs();
    let cuts = prior.cuts().iter();
    let nearer = |best: &'a Cut, cut: &'a Cut| if off(cut) < off(best) { cut } else { best };
    // A checked model has the cut of satisfaction at least.
    cuts.reduce(nearer).unwrap_or(prior.satisfied_cut())
}

#[cfg(test)]
mod tests;
