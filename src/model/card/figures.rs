//! The figures of a card, with their intervals and what knowing nothing of a call gives.

use super::facts::{Better, By, Ends, Figure, NotSatisfied, Standing, ratio};
use crate::model::bootstrap::Interval;
use crate::model::file::Model;
use crate::model::marks::MarkEvaluation;
use crate::model::metrics::{Confusion, Evaluation};

/// Share of the resamples between the ends of an interval.
const LEVEL: f64 = 0.95;
/// Standard deviations of a normal distribution that hold this share of it.
const Z: f64 = 1.959_963_984_540_054;

/// The score interval of a share of `calls` (Wilson 1927); `None` of no calls, or of what is no share.
pub fn wilson(share: Option<f64>, calls: u64) -> Option<Ends> {
    let share = share.filter(|p| (0.0..=1.0).contains(p))?;
    let n = calls as f64;
    if calls == 0 {
        return None;
    }
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(Ends {
        low: (middle - half).max(0.0),
        high: (middle + half).min(1.0),
        by: By::Counts,
    })
}

/// The interval of a mean of `calls` differences, given the mean of their squares: mean ± z · sd / √n.
fn around(mean: Option<f64>, mean_square: Option<f64>, calls: u64) -> Option<Ends> {
    let (mean, square) = (mean?, mean_square?);
    let half = Z * ((square - mean * mean).max(0.0) / calls.saturating_sub(1) as f64).sqrt();
    half.is_finite().then_some(Ends {
        low: mean - half,
        high: mean + half,
        by: By::Counts,
    })
}

impl Figure {
    fn new(figure: &'static str, name: &'static str, better: Better, value: Option<f64>) -> Figure {
        Figure {
            figure,
            name,
            better,
            value,
            interval: None,
            baseline: None,
            standing: None,
            training: None,
        }
    }

    fn within(self, interval: Option<Ends>) -> Figure {
        Figure { interval, ..self }
    }

    fn against(self, baseline: Option<f64>) -> Figure {
        let standing = baseline.zip(self.value).map(|(baseline, _)| {
            let apart = match (self.interval, self.better) {
                (Some(ends), Better::Higher) => (ends.low > baseline, ends.high < baseline),
                (Some(ends), Better::Lower) => (ends.high < baseline, ends.low > baseline),
                _ => (false, false),
            };
            match apart {
                (true, _) => Standing::Better,
                (_, true) => Standing::Worse,
                _ => Standing::Unclear,
            }
        });
        Figure {
            baseline,
            standing,
            ..self
        }
    }

    fn trained(self, training: Option<f64>) -> Figure {
        Figure { training, ..self }
    }
}

/// How good the model is, all customers together.
pub fn figures(model: &Model) -> Vec<Figure> {
    let metrics = model.metrics();
    let interval = |key: &str| {
        let found = metrics.intervals.iter().find(|i| i.figure == key)?;
        let Interval {
            low, high, level, ..
        } = found.interval;
        let by = By::Bootstrap;
        (level == LEVEL).then_some(Ends { low, high, by })
    };
    let gini = |area: f64| 2.0 * area - 1.0;
    let base = metrics.baseline;
    let (held, training) = (metrics.holdout.as_ref(), &metrics.training);
    let of = |value: fn(&Evaluation) -> Option<f64>| held.and_then(value);
    let calls = held.map_or(0, |e| e.rows);
    // Chance ranks half of the pairs rightly, whatever the calls; nothing, where nothing is held out.
    let chance = |value: f64| held.map(|_| value);
    let mut figures = vec![
        Figure::new(
            "roc_auc",
            "area under the ROC curve",
            Better::Higher,
            of(|e| e.roc_auc),
        )
        .within(interval("roc_auc"))
        .against(chance(0.5))
        .trained(training.roc_auc),
        Figure::new(
            "gini",
            "Gini coefficient",
            Better::Higher,
            of(|e| e.roc_auc).map(gini),
        )
        .within(interval("roc_auc").map(|ends| Ends {
            low: gini(ends.low),
            high: gini(ends.high),
            ..ends
        }))
        .against(chance(0.0))
        .trained(training.roc_auc.map(gini)),
        Figure::new(
            "log_loss",
            "log loss, nats",
            Better::Lower,
            of(|e| e.log_loss),
        )
        .within(interval("log_loss"))
        .against(base.map(|b| b.log_loss))
        .trained(training.log_loss),
        Figure::new("brier", "Brier score", Better::Lower, of(|e| e.brier))
            .within(interval("brier"))
            .against(base.map(|b| b.brier))
            .trained(training.brier),
        Figure::new(
            "accuracy",
            "accuracy at 0.5",
            Better::Higher,
            of(|e| e.accuracy),
        )
        .within(wilson(of(|e| e.accuracy), calls))
        .against(base.map(|b| b.accuracy))
        .trained(training.accuracy),
        // The Brier score is the mean square of what this is the mean of.
        Figure::new(
            "calibration_in_the_large",
            "mean probability − share satisfied",
            Better::Nearer,
            of(|e| e.calibration_in_the_large),
        )
        .within(around(
            of(|e| e.calibration_in_the_large),
            of(|e| e.brier),
            calls,
        ))
        .trained(training.calibration_in_the_large),
    ];
    let Some(marks) = &metrics.holdout_marks else {
        return figures;
    };
    let MarkEvaluation {
        rows,
        mean_error,
        root_mean_square_error: root,
        ..
    } = *marks;
    let (higher, lower) = (Better::Higher, Better::Lower);
    let none = chance(0.0);
    figures.extend([
        Figure::new(
            "mean_absolute_error",
            "mean absolute error, marks",
            lower,
            marks.mean_absolute_error,
        )
        .within(interval("mean_absolute_error"))
        .against(base.map(|b| b.mean_absolute_error)),
        Figure::new(
            "root_mean_square_error",
            "root mean square error, marks",
            lower,
            root,
        ),
        Figure::new(
            "mean_error",
            "mean of expected − given, marks",
            Better::Nearer,
            mean_error,
        )
        .within(around(mean_error, root.map(|r| r * r), rows)),
        Figure::new("pearson", "Pearson's correlation", higher, marks.pearson)
            .within(interval("pearson"))
            .against(none),
        Figure::new("spearman", "Spearman's correlation", higher, marks.spearman)
            .within(interval("spearman"))
            .against(none),
        Figure::new(
            "quadratic_kappa",
            "quadratic weighted kappa of the likely mark",
            higher,
            marks.quadratic_kappa,
        )
        .within(interval("quadratic_kappa"))
        .against(none),
        Figure::new(
            "exact",
            "likely mark is the mark given",
            higher,
            marks.exact,
        )
        .within(wilson(marks.exact, rows)),
        Figure::new(
            "within_one",
            "likely mark at most one away",
            higher,
            marks.within_one,
        )
        .within(wilson(marks.within_one, rows)),
    ]);
    figures
}

/// How well it finds the customers who are not satisfied.
pub fn not_satisfied(model: &Model) -> Option<NotSatisfied> {
    let metrics = model.metrics();
    let (threshold, best, confusion) = match (&metrics.decision, &metrics.holdout) {
        (Some(decision), _) => (decision.threshold, true, decision.confusion),
        // Who is not called satisfied is called not satisfied.
        (None, Some(e)) => {
            let Confusion {
                true_positive,
                false_positive,
                false_negative,
                true_negative,
            } = e.confusion;
            let other = Confusion {
                true_positive: true_negative,
                false_positive: false_negative,
                false_negative: false_positive,
                true_negative: true_positive,
            };
            (e.threshold, false, other)
        }
        (None, None) => return None,
    };
    // The counts are the file's, and nobody has that many calls.
    let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
    let Confusion {
        true_positive: hits,
        false_positive: wrong,
        false_negative: missed,
        true_negative: rest,
    } = confusion;
    let (called, unhappy) = (sum(&[hits, wrong]), sum(&[hits, missed]));
    let (union, all) = (
        sum(&[hits, wrong, missed]),
        sum(&[hits, wrong, missed, rest]),
    );
    let (share, called_share) = (ratio(unhappy, all), ratio(called, all));
    // F1 = 2 J / (1 + J) of J, the hits among those called so or being so: a share, and F1 rises with it.
    let f1 = |jaccard: f64| 2.0 * jaccard / (1.0 + jaccard);
    let jaccard = ratio(hits, union);
    let of = |figure, name, value, interval, baseline| {
        let figure = Figure::new(figure, name, Better::Higher, value);
        figure.within(interval).against(baseline)
    };
    let precision = ratio(hits, called);
    let recall = ratio(hits, unhappy);
    let figures = vec![
        of(
            "precision",
            "precision: of those called not satisfied, how many are",
            precision,
            wilson(precision, called),
            share,
        ),
        of(
            "recall",
            "recall: of those not satisfied, how many are called so",
            recall,
            wilson(recall, unhappy),
            called_share,
        ),
        of(
            "f1",
            "F1, the harmonic mean of the two",
            jaccard.map(f1),
            wilson(jaccard, union).map(|ends| Ends {
                low: f1(ends.low),
                high: f1(ends.high),
                ..ends
            }),
            share.map(f1),
        ),
    ];
    Some(NotSatisfied {
        threshold,
        best,
        confusion,
        share,
        called_share,
        figures,
    })
}
