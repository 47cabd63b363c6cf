//! Choosing how stiff a model is: cross-validation over penalties and knots.
//!
//! # Conventions
//!
//! * Folds are cut by a hash of group or id, so that calls of one customer stay together, and a call
//!   is in the same fold whatever other calls there are.
//! * Encoders are learned anew in each fold: nothing of a fold is known to the model that scores it.
//! * What is compared is the mean log loss of the cuts at the calls of all folds. It is of models of
//!   fewer calls, and the least of several is a little too good: as an estimate of how good the model
//!   is, take the hold-out's.

use super::example::Example;
use super::file::Cut;
use super::fit::{How, ROUGH};
use super::label::LabelScale;
use super::options::{KNOTS_MOST, TrainOptions};
use super::parallel::each;
use super::train::{Part, Shape};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// What [`TrainOptions::alpha`] and [`TrainOptions::knots`] are chosen among.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// Penalties, each above 0. Defaults to 1, 3, 10, 30, 100, 300.
    pub alphas: Vec<f64>,
    /// Numbers of knots. Defaults to 0, straight lines, and 3.
    pub knots: Vec<u64>,
    /// Folds, at least 2. Defaults to 5.
    pub folds: u64,
    /// Of more calls, so many take part in choosing: more would hardly change the choice. Defaults to
    /// 5,000.
    pub rows: usize,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice {
            alphas: vec![1.0, 3.0, 10.0, 30.0, 100.0, 300.0],
            knots: vec![0, 3],
            folds: 5,
            rows: 5_000,
        }
    }
}

impl Choice {
    /// Refuses what cannot be chosen among.
    pub(super) fn check(&self) -> Result<()> {
        let invalid = |field: &str, found: String, wanted: &str| {
            let place = format!("options.choice.{field}");
            Err(Error::new(ErrorKind::Invalid, place, found, wanted))
        };
        if self.alphas.is_empty() || self.knots.is_empty() {
            return invalid("alphas, knots", "none".into(), "at least one of each");
        }
        let sound = |alpha: &&f64| alpha.is_finite() && **alpha > 0.0;
        if let Some(alpha) = self.alphas.iter().find(|alpha| !sound(alpha)) {
            return invalid("alphas", alpha.to_string(), "finite numbers above 0");
        }
        if let Some(knots) = self.knots.iter().find(|knots| **knots > KNOTS_MOST) {
            return invalid("knots", knots.to_string(), &format!("{KNOTS_MOST} at most"));
        }
        if self.folds < 2 {
            return invalid("folds", self.folds.to_string(), "at least 2");
        }
        if self.rows < 2 {
            return invalid("rows", self.rows.to_string(), "at least 2");
        }
        Ok(())
    }
}

/// How one of several models did in cross-validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Its knots.
    pub knots: u64,
    /// Its penalty.
    pub alpha: f64,
    /// Mean log loss of its cuts at calls that it had not seen, in nats, each call as it counts.
    pub log_loss: f64,
    /// Whether its columns are those of the prior, and its weights were drawn to the prior's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub toward_prior: bool,
}

/// Tries all, ordered from the stiffest, the fewest knots with the largest penalty, on.
pub(super) fn choose(
    examples: &[&Example<'_>],
    label: &LabelScale,
    options: &TrainOptions,
    choice: &Choice,
    threads: usize,
) -> Result<Vec<Tried>> {
    // Ids often count up with time: every so many-th call is of all of it.
    let step = examples.len().div_ceil(choice.rows.max(1)).max(1);
    let some: Vec<&Example<'_>> = examples.iter().copied().step_by(step).collect();
    let (mut alphas, mut knots) = (choice.alphas.clone(), choice.knots.clone());
    alphas.sort_by(|a, b| b.total_cmp(a));
    knots.sort_unstable();
    let marks = options.target.cuts(label);
    let rows: f64 = some.iter().map(|example| example.weight).sum();
    let mut tried = Vec::new();
    let prior = options.prior.iter().map(Shape::Prior);
    let shapes = prior.chain(knots.into_iter().map(Shape::Knots));
    for shape in shapes {
        let (knots, toward_prior) = (shape.knots(), shape.prior().is_some());
        let mut alphas = alphas.clone();
        if toward_prior && let [most, _, ..] = alphas[..] {
            // A prior may be right as it is. A single penalty was not left to be chosen.
            alphas.splice(0..0, [100.0 * most, 10.0 * most]);
        }
        let folds = choice.folds;
        let scores = out_of_fold(&some, label, options, shape, &alphas, folds, ROUGH, threads)?;
        for (alpha, cuts) in alphas.iter().zip(scores) {
            let losses = cuts.iter().zip(&marks).flat_map(|(scores, mark)| {
                scores.iter().zip(&some).map(move |(score, example)| {
                    let z = if example.mark >= *mark {
                        -score
                    } else {
                        *score
                    };
                    // ln(1 + e^z), without overflow.
                    example.weight * (z.max(0.0) + (-z.abs()).exp().ln_1p())
                })
            });
            tried.push(Tried {
                knots,
                alpha: *alpha,
                log_loss: losses.sum::<f64>() / (rows * marks.len() as f64),
                toward_prior,
            });
        }
    }
    Ok(tried)
}

/// Returns, of each penalty, of each cut, the log-odds of every call by a model that has not seen its
/// fold.
#[allow(clippy::too_many_arguments)] // Two callers, and no two of them belong together.
pub(super) fn out_of_fold(
    examples: &[&Example<'_>],
    label: &LabelScale,
    options: &TrainOptions,
    shape: Shape<'_>,
    alphas: &[f64],
    folds: u64,
    asked: f64,
    threads: usize,
) -> Result<Vec<Vec<Vec<f64>>>> {
    let cuts = options.target.cuts(label).len();
    let fold_of: Vec<u64> = examples.iter().map(|e| e.fold(folds)).collect();
    // Of each fold: its calls, and their scores by penalty and cut.
    type Scored = (Vec<usize>, Vec<Vec<Vec<f64>>>);
    let scored: Vec<Scored> = each(threads, folds as usize, |fold| {
        let inside: Vec<usize> = (0..examples.len())
            .filter(|&i| fold_of[i] == fold as u64)
            .collect();
        let outside: Vec<&Example<'_>> = (examples.iter().zip(&fold_of))
            .filter(|(_, of)| **of != fold as u64)
            .map(|(example, _)| *example)
            .collect();
        let part = Part::new(&outside, options, shape)?;
        let mut before: Option<Vec<Cut>> = None;
        let by_alpha = alphas.iter().map(|&alpha| {
            let how = How {
                alpha,
                max_iterations: options.max_iterations,
                asked,
                start: None,
            };
            // From penalty to penalty the solution moves little.
            let (cuts, _) = part.cuts(&outside, label, options, &how, before.as_deref())?;
            let scores = cuts.iter().map(|cut| {
                let score =
                    |i: &usize| cut.log_odds(&part.encoder, examples[*i].features, |_, _, _| {});
                inside.iter().map(score).collect()
            });
            let scores = scores.collect();
            before = Some(cuts);
            Ok(scores)
        });
        let by_alpha: Vec<Vec<Vec<f64>>> = by_alpha.collect::<Result<_>>()?;
        Ok((inside, by_alpha))
    })
    .map_err(|e| e.within("cross-validation"))?;
    let mut all = vec![vec![vec![0.0; examples.len()]; cuts]; alphas.len()];
    for (inside, by_alpha) in scored {
        for (all, part) in all.iter_mut().flatten().zip(by_alpha.iter().flatten()) {
            for (&i, score) in inside.iter().zip(part) {
                all[i] = *score;
            }
        }
    }
    Ok(all)
}
