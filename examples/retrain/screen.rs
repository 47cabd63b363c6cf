//! One screen: what was read, and how good the model is.

use callcsi::batch::Labelled;
use callcsi::model::marks::GROUP_MIN_ROWS;
use callcsi::model::{GroupErrors, MarkOutcome, Metrics, Trained, Validation};
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;

/// Errors shown of rows that could not be used.
const ERRORS: usize = 5;
/// Features shown.
const FEATURES: usize = 8;

/// What was read.
pub fn read(labelled: &Labelled) -> String {
    let mut text = format!(
        "{} calls with a mark, {} without, {} failed",
        labelled.calls.len(),
        labelled.unlabelled,
        labelled.failed.len(),
    );
    if let Some(rate) = labelled.survey.response_rate() {
        let _ = write!(text, "; {:.1} % of those asked answered", 100.0 * rate);
    }
    text.push('\n');
    for error in labelled.failed.iter().take(ERRORS) {
        let _ = writeln!(text, "  {error}");
    }
    text
}

/// How good the model is, beside knowing nothing of a call.
pub fn results(trained: &Trained, labelled: &Labelled) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let (model, metrics) = (&trained.model, trained.model.metrics());
    let from = model.provenance();
    let start = match &from.prior {
        Some(prior) => format!("started from {}", prior.name),
        None => format!("{} knots", from.knots),
    };
    writeln!(
        text,
        "{}: {} calls, {} of them satisfied ({:.1} %); penalty {}, {start}; {} columns",
        model.name(),
        from.rows,
        from.satisfied,
        100.0 * from.satisfied as f64 / from.rows.max(1) as f64,
        from.alpha,
        model.encoder().width(),
    )?;
    let how = match from.validation {
        Validation::Folds { folds } => format!("each call by a model of the other folds ({folds})"),
        Validation::HoldOut { share } => format!("{} % held out", 100.0 * share),
        Validation::Latest { share } => format!("the latest {} % held out", 100.0 * share),
        _ => "none".to_owned(),
    };
    let (Some(holdout), Some(baseline)) = (&metrics.holdout, metrics.baseline) else {
        writeln!(
            text,
            "\nHow good it is, is not known: nothing was held out, or too few calls are left."
        )?;
        return Ok(text);
    };
    writeln!(text, "\nOn {} unseen calls ({how}):", holdout.rows)?;
    let marks = metrics.holdout_marks.as_ref();
    let rows: [(&str, &str, Option<f64>, Option<f64>); 6] = [
        ("roc_auc", "ROC area", holdout.roc_auc, Some(0.5)),
        (
            "log_loss",
            "log loss, nats",
            holdout.log_loss,
            Some(baseline.log_loss),
        ),
        ("brier", "Brier score", holdout.brier, Some(baseline.brier)),
        (
            "mean_absolute_error",
            "mean error of the mark",
            marks.and_then(|m| m.mean_absolute_error),
            Some(baseline.mean_absolute_error),
        ),
        (
            "pearson",
            "correlation with the mark",
            marks.and_then(|m| m.pearson),
            None,
        ),
        (
            "quadratic_kappa",
            "weighted kappa",
            marks.and_then(|m| m.quadratic_kappa),
            None,
        ),
    ];
    writeln!(
        text,
        "  {:<28}{:>8}  {:<18}knowing nothing",
        "", "model", "95 % interval"
    )?;
    for (key, name, value, nothing) in rows {
        let shown = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
        let nothing = nothing.map_or(String::new(), |v| format!("{v:.3}"));
        writeln!(
            text,
            "  {name:<28}{:>8}  {:<18}{nothing}",
            shown(value),
            interval(metrics, key)
        )?;
    }
    if let Some(decision) = metrics.decision {
        let share = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{:.0} %", 100.0 * v));
        writeln!(
            text,
            "  Calling those below {:.0} % not satisfied finds {} of them; {} of the called are.",
            100.0 * decision.threshold,
            share(decision.confusion.recall()),
            share(decision.confusion.precision()),
        )?;
    }
    calibration(&mut text, metrics)?;
    groups(&mut text, trained, labelled)?;
    writeln!(
        text,
        "\nWhat hangs on it (log loss without it, in thousandths of a nat):"
    )?;
    for importance in metrics.importance.iter().take(FEATURES) {
        let thousandths = 1_000.0 * importance.log_loss;
        writeln!(text, "  {thousandths:>6.1}  {}", importance.feature)?;
    }
    Ok(text)
}

fn interval(metrics: &Metrics, figure: &str) -> String {
    let found = metrics.intervals.iter().find(|i| i.figure == figure);
    found.map_or(String::new(), |i| {
        format!("{:.3} to {:.3}", i.interval.low, i.interval.high)
    })
}

/// Says so where calibrating would help.
fn calibration(text: &mut String, metrics: &Metrics) -> std::fmt::Result {
    let of = |method: &str| metrics.calibrations.iter().find(|c| c.method == method);
    let Some(plain) = of("none") else {
        return Ok(());
    };
    write!(text, "  Calibration error {:.3}", plain.calibration_error)?;
    for method in ["platt", "isotonic"] {
        if let Some(tried) = of(method) {
            write!(
                text,
                "; {method} would make it {:.3}",
                tried.calibration_error
            )?;
        }
    }
    writeln!(text)
}

/// The errors of the means that managers look at.
fn groups(text: &mut String, trained: &Trained, labelled: &Labelled) -> Result<(), Box<dyn Error>> {
    let by: HashMap<&str, &str> = (labelled.calls.iter())
        .filter_map(|call| Some((call.id.as_str(), call.by.as_deref()?)))
        .collect();
    if by.is_empty() {
        return Ok(());
    }
    let label = trained.model.label();
    let rows = trained.unseen.iter().map(|call| {
        let outcome = MarkOutcome {
            expected: call.csi,
            likely: call.likely,
            mark: call.mark,
        };
        (by.get(call.id.as_str()).copied(), outcome)
    });
    let errors = GroupErrors::of(rows, label, GROUP_MIN_ROWS)?;
    let small = format!(
        "{} with fewer than {GROUP_MIN_ROWS} calls left out",
        errors.small_groups
    );
    match errors.mean_absolute {
        Some(error) => writeln!(
            text,
            "  Mean mark of a group: off by {error:.3} on the mean of {} groups ({small})",
            errors.groups,
        )?,
        None => writeln!(
            text,
            "  Mean mark of a group: no group is large enough ({small})"
        )?,
    }
    Ok(())
}
