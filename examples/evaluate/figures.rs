//! What is told of a set of predictions.

use callcsi::Result;
use callcsi::batch::Labelled;
use callcsi::features::Absence;
use callcsi::model::SurveyCounts;
use callcsi::model::metrics::reliability;
use callcsi::model::{
    Bootstrap, Confusion, Evaluation, GroupErrors, Interval, LabelScale, MarkClass, MarkEvaluation,
    MarkOutcome, Outcome, Predictor, Ranking, Units,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// More calls than these get fewer resamples: their intervals are narrow anyway.
const MANY: usize = 5_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Choices {
    pub table: String,
    pub scale: LabelScale,
    pub threshold: f64,
    pub resamples: Option<u64>,
    pub by: Option<String>,
    pub min_rows: u64,
}

/// A figure with its interval, and the same figure of a constant prediction.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: &'static str,
    /// `None` where the figure is not defined.
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Of predicting for every call the share, the mean or the likeliest mark of this very table.
    pub constant: Option<f64>,
}

/// The figures about a class of customers.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    pub rows: u64,
    pub positives: u64,
    pub threshold: f64,
    pub confusion: Option<Confusion>,
    pub figures: Vec<Figure>,
}

/// A bin of the reliability curve of the satisfied class.
#[derive(Clone, Debug, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub rows: u64,
    pub predicted: Option<f64>,
    pub observed: Option<f64>,
}

/// What follows from calling a customer one of the class from a probability up.
#[derive(Clone, Debug, Serialize)]
pub struct Called {
    pub called: u64,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Threshold {
    pub threshold: f64,
    pub satisfied: Option<Called>,
    pub dissatisfied: Option<Called>,
}

/// One group: an operator, a queue.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub name: String,
    pub rows: u64,
    pub predicted: f64,
    pub given: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Groups {
    pub by: String,
    pub errors: GroupErrors,
    pub figures: Vec<Figure>,
    /// The groups compared, those with most calls first.
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Survey {
    pub answered: u64,
    pub no_response: u64,
    pub not_invited: u64,
    pub invalid: u64,
    pub unstated: u64,
    pub response_rate: Option<f64>,
}

/// Everything that is told.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub table: String,
    /// The model's name and fingerprint; `None` when the table's predictions are judged.
    pub model: Option<String>,
    pub scale: LabelScale,
    /// Calls with a mark and a prediction.
    pub evaluated: u64,
    pub failed: u64,
    pub survey: Survey,
    /// How many calls have each mark.
    pub marks_given: BTreeMap<i64, u64>,
    /// Share of resamples within the intervals, and how many there were; `None` without intervals.
    pub level: Option<f64>,
    pub resamples: Option<u64>,
    pub satisfied: Option<Class>,
    pub dissatisfied: Option<Class>,
    pub marks: Option<Vec<Figure>>,
    pub reliability: Vec<Bin>,
    pub thresholds: Vec<Threshold>,
    pub groups: Option<Groups>,
    /// What a reader has to know beside the figures.
    pub notes: Vec<String>,
}

/// What is predicted of one call.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    csi: Option<f64>,
    likely: Option<i64>,
    satisfied: Option<f64>,
    dissatisfied: Option<f64>,
}

/// The rows of an evaluation and how they are drawn.
struct Draws {
    units: Units,
    bootstrap: Option<Bootstrap>,
}

impl Draws {
    /// Makes figures of a statistic, which is given the rows to count, and of the same statistic of a
    /// constant.
    fn figures<const N: usize>(
        &self,
        names: [&'static str; N],
        statistic: impl Fn(&[usize]) -> [Option<f64>; N],
        constant: [Option<f64>; N],
        rows: usize,
    ) -> Result<Vec<Figure>> {
        let all: Vec<usize> = (0..rows).collect();
        let values = statistic(&all);
        let intervals: [Option<Interval>; N] = match &self.bootstrap {
            Some(bootstrap) => bootstrap.intervals(&self.units, statistic)?,
            None => [None; N],
        };
        let rows = names.into_iter().zip(values).zip(intervals).zip(constant);
        Ok(rows
            .map(|(((name, value), interval), constant)| Figure {
                name,
                value,
                low: interval.filter(|_| value.is_some()).map(|i| i.low),
                high: interval.filter(|_| value.is_some()).map(|i| i.high),
                constant,
            })
            .collect())
    }

    /// Judges probabilities of a class.
    fn class(&self, outcomes: &[Outcome], threshold: f64) -> Result<Class> {
        let ranking = Ranking::of(outcomes)?;
        let whole = Evaluation::of(outcomes, threshold)?;
        let share = whole.base_rate.unwrap_or_default();
        let constant: Vec<Outcome> = (outcomes.iter())
            .map(|o| Outcome {
                probability: share,
                satisfied: o.satisfied,
            })
            .collect();
        let flat = Evaluation::of(&constant, threshold)?;
        let flat_ranking = Ranking::of(&constant)?;
        let told = |e: &Evaluation, ranking: &Ranking, rows: &[usize]| {
            [
                e.base_rate,
                e.roc_auc,
                e.roc_auc.map(|area| 2.0 * area - 1.0),
                ranking.average_precision(rows),
                e.log_loss,
                e.brier,
                e.calibration_in_the_large,
                e.calibration_error,
                e.accuracy,
                e.precision,
                e.recall,
                e.f1,
            ]
        };
        let names = [
            "base_rate",
            "roc_auc",
            "gini",
            "average_precision",
            "log_loss",
            "brier",
            "calibration_in_the_large",
            "calibration_error",
            "accuracy",
            "precision",
            "recall",
            "f1",
        ];
        let all: Vec<usize> = (0..outcomes.len()).collect();
        let statistic = |rows: &[usize]| {
            let drawn: Vec<Outcome> = rows
                .iter()
                .filter_map(|&r| outcomes.get(r).copied())
                .collect();
            match Evaluation::of(&drawn, threshold) {
                Ok(e) => told(&e, &ranking, rows),
                Err(_) => [None; 12],
            }
        };
        let flat = told(&flat, &flat_ranking, &all);
        Ok(Class {
            rows: outcomes.len() as u64,
            positives: outcomes.iter().filter(|o| o.satisfied).count() as u64,
            threshold,
            confusion: Some(whole.confusion),
            figures: self.figures(names, statistic, flat, outcomes.len())?,
        })
    }

    /// Judges scores of a class that are no probabilities of it: only how they rank.
    fn ranked(&self, outcomes: &[Outcome], threshold: f64) -> Result<Class> {
        let ranking = Ranking::of(outcomes)?;
        let positives = outcomes.iter().filter(|o| o.satisfied).count();
        let share = (!outcomes.is_empty()).then(|| positives as f64 / outcomes.len() as f64);
        let two = positives > 0 && positives < outcomes.len();
        let statistic = |rows: &[usize]| {
            let area = ranking.roc_auc(rows);
            let hits = rows
                .iter()
                .filter(|&&r| outcomes.get(r).is_some_and(|o| o.satisfied));
            let base = (!rows.is_empty()).then(|| hits.count() as f64 / rows.len() as f64);
            [
                base,
                area,
                ranking.gini(rows),
                ranking.average_precision(rows),
            ]
        };
        let names = ["base_rate", "roc_auc", "gini", "average_precision"];
        let constant = [
            share,
            two.then_some(0.5),
            two.then_some(0.0),
            share.filter(|_| positives > 0),
        ];
        Ok(Class {
            rows: outcomes.len() as u64,
            positives: positives as u64,
            threshold,
            confusion: None,
            figures: self.figures(names, statistic, constant, outcomes.len())?,
        })
    }

    fn marks(&self, outcomes: &[MarkOutcome], scale: &LabelScale) -> Result<Vec<Figure>> {
        let told = |outcomes: &[MarkOutcome]| match MarkEvaluation::of(outcomes, scale) {
            Ok(e) => [
                e.mean_error,
                e.mean_absolute_error,
                e.root_mean_square_error,
                e.pearson,
                e.spearman,
                e.quadratic_kappa,
                e.exact,
                e.within_one,
            ],
            Err(_) => [None; 8],
        };
        MarkEvaluation::of(outcomes, scale)?;
        let names = [
            "mean_error",
            "mean_absolute_error",
            "root_mean_square_error",
            "pearson",
            "spearman",
            "quadratic_kappa",
            "exact",
            "within_one",
        ];
        let statistic = |rows: &[usize]| {
            let drawn: Vec<MarkOutcome> = rows
                .iter()
                .filter_map(|&r| outcomes.get(r).copied())
                .collect();
            told(&drawn)
        };
        let flat = told(&constant_marks(outcomes));
        self.figures(names, statistic, flat, outcomes.len())
    }

    fn groups(
        &self,
        outcomes: &[MarkOutcome],
        keys: &[Option<&str>],
        choices: &Choices,
        by: &str,
    ) -> Result<Groups> {
        let scale = &choices.scale;
        let of = |rows: &[usize], outcomes: &[MarkOutcome]| {
            let rows = rows
                .iter()
                .filter_map(|&r| Some((*keys.get(r)?, *outcomes.get(r)?)));
            GroupErrors::of(rows, scale, choices.min_rows)
        };
        let told = |errors: Result<GroupErrors>| match errors {
            Ok(e) => [
                e.mean_absolute,
                e.root_mean_square,
                e.mean_absolute_by_rows,
                e.pearson,
            ],
            Err(_) => [None; 4],
        };
        let all: Vec<usize> = (0..outcomes.len()).collect();
        let errors = of(&all, outcomes)?;
        let names = [
            "mean_absolute",
            "root_mean_square",
            "mean_absolute_by_rows",
            "pearson",
        ];
        let mut flat = told(of(&all, &constant_marks(outcomes)));
        // Means of a constant differ by rounding alone; nothing correlates with that.
        flat[3] = None;
        let figures = self.figures(names, |rows| told(of(rows, outcomes)), flat, outcomes.len())?;
        let mut sums = BTreeMap::<&str, (u64, f64, i64)>::new();
        for (key, outcome) in keys.iter().zip(outcomes) {
            if let Some(key) = key {
                let sum = sums.entry(key).or_default();
                *sum = (sum.0 + 1, sum.1 + outcome.expected, sum.2 + outcome.mark);
            }
        }
        let enough = sums
            .into_iter()
            .filter(|(_, sum)| sum.0 >= choices.min_rows);
        let mut groups: Vec<Group> = enough
            .map(|(name, (rows, expected, marks))| Group {
                name: name.to_owned(),
                rows,
                predicted: expected / rows as f64,
                given: marks as f64 / rows as f64,
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.rows));
        Ok(Groups {
            by: by.to_owned(),
            errors,
            figures,
            groups,
        })
    }
}

/// Predicts for every call the mean mark as expected and the most frequent one as likely.
fn constant_marks(outcomes: &[MarkOutcome]) -> Vec<MarkOutcome> {
    let mut counts = BTreeMap::<i64, u64>::new();
    for outcome in outcomes {
        *counts.entry(outcome.mark).or_default() += 1;
    }
    // The lowest of several.
    let likely = counts.iter().rev().max_by_key(|(_, count)| **count);
    let likely = likely.map_or(0, |(mark, _)| *mark);
    let sum: i64 = outcomes.iter().map(|o| o.mark).sum();
    let expected = sum as f64 / outcomes.len().max(1) as f64;
    let of = |o: &MarkOutcome| MarkOutcome {
        expected,
        likely,
        mark: o.mark,
    };
    outcomes.iter().map(of).collect()
}

impl Report {
    /// Evaluates the labelled calls: by the model or, without one, by what the table predicts.
    pub fn of(
        labelled: &Labelled,
        predictor: Option<&Predictor>,
        choices: Choices,
    ) -> Result<Report, Box<dyn std::error::Error>> {
        let (scale, threshold) = (choices.scale, choices.threshold);
        let mut notes = Vec::new();
        let off = labelled
            .calls
            .iter()
            .filter(|c| scale.class(c.mark).is_err());
        let off: Vec<_> = off.collect();
        if let Some(first) = off.first() {
            let error = scale.class(first.mark).err().map(|e| e.to_string());
            let (many, all) = (off.len(), labelled.calls.len());
            let error = error.unwrap_or_default();
            return Err(format!(
                "{many} of {all} marks are off the scale; call {}: {error}; --scale says which it is",
                first.id.as_str().escape_debug()
            )
            .into());
        }
        let judged: Vec<Judged> = match predictor {
            Some(predictor) => by_model(labelled, predictor, &mut notes)?,
            None => (labelled.calls.iter())
                .map(|call| Judged {
                    csi: call.predicted.csi,
                    likely: None,
                    satisfied: call.predicted.satisfied,
                    dissatisfied: call.predicted.dissatisfied,
                })
                .collect(),
        };
        let any = |has: fn(&Judged) -> Option<f64>| judged.iter().any(|j| has(j).is_some());
        let (has_csi, has_satisfied) = (any(|j| j.csi), any(|j| j.satisfied));
        let has_dissatisfied = any(|j| j.dissatisfied);
        if !labelled.calls.is_empty() && !has_csi && !has_satisfied {
            return Err("the table predicts nothing (columns csi, satisfied): give --model".into());
        }
        // The same calls in every figure.
        let whole = |j: &Judged| {
            (j.csi.is_some() || !has_csi)
                && (j.satisfied.is_some() || !has_satisfied)
                && (j.dissatisfied.is_some() || !has_dissatisfied)
        };
        let rows: Vec<_> = labelled
            .calls
            .iter()
            .zip(judged)
            .filter(|(_, j)| whole(j))
            .collect();
        let left_out = labelled.calls.len() - rows.len();
        if left_out > 0 {
            notes.push(format!(
                "{left_out} calls with a mark have no prediction and are left out"
            ));
        }
        let class_of = |mark| scale.class(mark).ok();
        let outcomes =
            |class: MarkClass, probability: fn(&Judged) -> Option<f64>| -> Vec<Outcome> {
                let rows = rows.iter().filter_map(|(call, judged)| {
                    Some(Outcome {
                        probability: probability(judged)?,
                        satisfied: class_of(call.mark)? == class,
                    })
                });
                rows.collect()
            };
        let resamples = choices
            .resamples
            .unwrap_or(if rows.len() > MANY { 200 } else { 1_000 });
        let mut bootstrap = Bootstrap::default();
        bootstrap.resamples = resamples;
        let draws = Draws {
            units: Units::groups(rows.iter().map(|(call, _)| call.group.as_deref())),
            bootstrap: (resamples > 0).then_some(bootstrap),
        };
        let content = outcomes(MarkClass::Satisfied, |j| j.satisfied);
        let discontent = outcomes(MarkClass::Dissatisfied, |j| j.dissatisfied);
        let satisfied = has_satisfied
            .then(|| draws.class(&content, threshold))
            .transpose()?;
        let dissatisfied = if has_dissatisfied {
            Some(draws.class(&discontent, threshold)?)
        } else if has_satisfied {
            notes.push(
                "P(dissatisfied) is not predicted: the dissatisfied are ranked by 1 - P(satisfied)"
                    .to_owned(),
            );
            let ranked = outcomes(MarkClass::Dissatisfied, |j| j.satisfied.map(|p| 1.0 - p));
            Some(draws.ranked(&ranked, threshold)?)
        } else {
            None
        };
        let mark_outcomes: Vec<MarkOutcome> = (rows.iter())
            .filter_map(|(call, judged)| {
                let rounded = MarkOutcome::rounded(judged.csi?, call.mark, &scale);
                let likely = judged.likely.unwrap_or(rounded.likely);
                Some(MarkOutcome { likely, ..rounded })
            })
            .collect();
        if has_csi && rows.iter().all(|(_, j)| j.likely.is_none()) && !rows.is_empty() {
            notes.push("the likeliest mark is not predicted: csi rounded stands for it".to_owned());
        }
        let marks = has_csi
            .then(|| draws.marks(&mark_outcomes, &scale))
            .transpose()?;
        let groups = match &choices.by {
            Some(by) if has_csi => {
                let keys: Vec<_> = rows.iter().map(|(call, _)| call.by.as_deref()).collect();
                Some(draws.groups(&mark_outcomes, &keys, &choices, by)?)
            }
            _ => None,
        };
        if let Some(groups) = groups
            .as_ref()
            .filter(|g| g.errors.groups == 0 && !rows.is_empty())
        {
            let least = groups.errors.min_rows;
            notes.push(format!(
                "no group has {least} calls: --min-rows says how many are enough"
            ));
        }
        tell_of_classes(
            &[("satisfied", &satisfied), ("dissatisfied", &dissatisfied)],
            &mut notes,
        );
        let mut marks_given = BTreeMap::new();
        for (call, _) in &rows {
            *marks_given.entry(call.mark).or_default() += 1;
        }
        if let Some(&highest) = marks_given.keys().max()
            && highest < scale.satisfied_from()
        {
            let most = scale.max();
            notes.push(format!(
                "the highest mark is {highest} of {most}: --scale says which scale it is"
            ));
        }
        if !labelled.failed.is_empty() {
            let first = labelled.failed.first().map(ToString::to_string);
            let count = labelled.failed.len();
            notes.push(format!(
                "{count} rows failed, the first: {}",
                first.unwrap_or_default()
            ));
        }
        let SurveyCounts {
            answered,
            no_response,
            not_invited,
            invalid,
            unstated,
            ..
        } = labelled.survey;
        Ok(Report {
            table: choices.table.clone(),
            model: predictor.map(|p| format!("{} {}", p.model().name(), p.model().fingerprint())),
            scale,
            evaluated: rows.len() as u64,
            failed: labelled.failed.len() as u64,
            survey: Survey {
                answered,
                no_response,
                not_invited,
                invalid,
                unstated,
                response_rate: labelled.survey.response_rate(),
            },
            marks_given,
            level: draws.bootstrap.map(|b| b.level),
            resamples: draws.bootstrap.map(|b| b.resamples),
            reliability: if has_satisfied {
                bins(&content)
            } else {
                Vec::new()
            },
            thresholds: thresholds(&content, &discontent),
            satisfied,
            dissatisfied,
            marks,
            groups,
            notes,
        })
    }
}

/// Predicts every call by the model, and says what of the model's features the table lacks.
fn by_model(
    labelled: &Labelled,
    predictor: &Predictor,
    notes: &mut Vec<String>,
) -> Result<Vec<Judged>, Box<dyn std::error::Error>> {
    let inputs = predictor.model().encoder().inputs();
    let present = |name: &str| {
        (labelled.calls.iter()).any(|call| call.features.get(name).is_some_and(Result::is_ok))
    };
    let not_given = |name: &str| {
        let lacks =
            |v: Option<&callcsi::features::Measured>| matches!(v, Some(Err(Absence::NotGiven)));
        labelled
            .calls
            .iter()
            .all(|call| lacks(call.features.get(name)))
    };
    let names: Vec<&str> = inputs.iter().map(|input| input.feature.as_str()).collect();
    if !labelled.calls.is_empty() {
        if !names.is_empty() && !names.iter().any(|name| present(name)) {
            let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            return Err(format!("the table has none of the model's features, as {shown}").into());
        }
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| not_given(name))
            .collect();
        if !missing.is_empty() {
            let shown = missing
                .iter()
                .take(3)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            let (few, all) = (missing.len(), names.len());
            notes.push(format!(
                "{few} of the model's {all} features have no value: {shown} …"
            ));
        }
    }
    let scale = predictor.model().label();
    let judged = labelled.calls.iter().map(|call| {
        let predicted = predictor.predict(&call.features);
        Judged {
            csi: Some(predicted.csi),
            likely: predicted.likely_mark(scale),
            satisfied: Some(predicted.satisfied),
            dissatisfied: predicted.dissatisfied,
        }
    });
    Ok(judged.collect())
}

/// Says why figures are not defined.
fn tell_of_classes(classes: &[(&str, &Option<Class>)], notes: &mut Vec<String>) {
    for (name, class) in classes {
        let Some(class) = class.as_ref().filter(|class| class.rows > 0) else {
            continue;
        };
        if class.positives == 0 || class.positives == class.rows {
            let who = if class.positives == 0 {
                "no customer"
            } else {
                "every customer"
            };
            notes.push(format!(
                "{who} is {name}: what compares the two classes is not defined"
            ));
        }
    }
}

fn bins(outcomes: &[Outcome]) -> Vec<Bin> {
    let bins = reliability(outcomes);
    let count = bins.len() as f64;
    let bins = bins.into_iter().enumerate().map(|(i, bin)| Bin {
        from: i as f64 / count,
        to: (i + 1) as f64 / count,
        rows: bin.rows,
        predicted: bin.mean_probability,
        observed: bin.satisfied_share,
    });
    bins.collect()
}

fn thresholds(satisfied: &[Outcome], dissatisfied: &[Outcome]) -> Vec<Threshold> {
    let called = |outcomes: &[Outcome], threshold: f64| {
        let confusion = Confusion::at(outcomes, threshold);
        (!outcomes.is_empty()).then(|| Called {
            called: confusion.true_positive + confusion.false_positive,
            precision: confusion.precision(),
            recall: confusion.recall(),
            f1: confusion.f1(),
        })
    };
    if satisfied.is_empty() && dissatisfied.is_empty() {
        return Vec::new();
    }
    let tenths = (1..10).map(|tenth| f64::from(tenth) / 10.0);
    let rows = tenths.map(|threshold| Threshold {
        threshold,
        satisfied: called(satisfied, threshold),
        dissatisfied: called(dissatisfied, threshold),
    });
    rows.collect()
}

#[cfg(test)]
mod tests;
