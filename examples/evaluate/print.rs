//! The report for people: one screen of text, or a page of Markdown.

use crate::figures::{Called, Class, Figure, Report};
use callcsi::model::LabelScale;
use std::fmt::Write;

/// Groups shown in the text.
const GROUPS: usize = 5;

/// What the figures are called.
fn title(name: &str) -> &str {
    match name {
        "base_rate" => "share of the class",
        "roc_auc" => "ROC area",
        "gini" => "Gini",
        "average_precision" => "average precision",
        "log_loss" => "log loss, nats",
        "brier" => "Brier score",
        "calibration_in_the_large" => "mean P - share",
        "calibration_error" => "calibration error",
        "accuracy" => "accuracy",
        "precision" => "precision",
        "recall" => "recall",
        "f1" => "F1",
        "mean_error" => "mean error",
        "mean_absolute_error" => "mean absolute error",
        "root_mean_square_error" => "root mean square error",
        "pearson" => "Pearson",
        "spearman" => "Spearman",
        "quadratic_kappa" => "quadratic kappa",
        "exact" => "exact",
        "within_one" => "within one mark",
        "mean_absolute" => "mean absolute error",
        "root_mean_square" => "root mean square error",
        "mean_absolute_by_rows" => "the same, by calls",
        other => other,
    }
}

fn number(value: Option<f64>) -> String {
    // Nothing is not less than nothing.
    let shown = |x: f64| format!("{x:.3}").replacen("-0.000", "0.000", 1);
    value.map_or_else(|| "-".to_owned(), shown)
}

fn interval(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
        _ => "-".to_owned(),
    }
}

/// Names the marks of a range: `4 to 5`.
fn range(from: i64, to: i64) -> String {
    if from == to {
        format!("{from}")
    } else {
        format!("{from} to {to}")
    }
}

fn satisfied_marks(scale: &LabelScale) -> String {
    range(scale.satisfied_from(), scale.max())
}

fn dissatisfied_marks(scale: &LabelScale) -> String {
    range(scale.min(), scale.dissatisfied_to())
}

/// Says in lines what was evaluated.
fn heading(report: &Report) -> Vec<String> {
    let survey = &report.survey;
    let by = match &report.model {
        Some(model) => format!("the model {model}"),
        None => "the table itself".to_owned(),
    };
    let calls = report.evaluated;
    let rate = match survey.response_rate {
        Some(rate) => format!("response rate {:.1} %", 100.0 * rate),
        None => "response rate unknown".to_owned(),
    };
    let counts = [
        (survey.answered, "answered"),
        (survey.no_response, "no response"),
        (survey.invalid, "invalid"),
        (survey.not_invited, "not invited"),
        (survey.unstated, "unstated"),
    ];
    let counts: Vec<String> = (counts.iter())
        .filter(|(count, name)| *count > 0 || *name == "answered")
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let given: Vec<String> = (report.marks_given.iter())
        .map(|(mark, count)| format!("{mark}: {count}"))
        .collect();
    let mut lines = vec![
        format!(
            "{}: {calls} calls with a mark, judged by {by}",
            report.table
        ),
        format!("surveys: {}; {rate}", counts.join(", ")),
    ];
    if !given.is_empty() {
        lines.push(format!("marks: {}", given.join("  ")));
    }
    lines
}

/// Says what the columns `constant` and the intervals are.
fn legend(report: &Report) -> String {
    let constant = "constant: every call is given this table's share, mean or likeliest mark";
    match (report.level, report.resamples) {
        (Some(level), Some(resamples)) => {
            let percent = 100.0 * level;
            format!("{percent:.0} % intervals of {resamples} resamples; {constant}")
        }
        _ => constant.to_owned(),
    }
}

fn find<'a>(class: Option<&'a Class>, name: &str) -> Option<&'a Figure> {
    class?.figures.iter().find(|figure| figure.name == name)
}

/// Returns the two classes, each with its name and marks.
fn classes(report: &Report) -> [(&'static str, String, Option<&Class>); 2] {
    let scale = &report.scale;
    [
        (
            "satisfied",
            satisfied_marks(scale),
            report.satisfied.as_ref(),
        ),
        (
            "dissatisfied",
            dissatisfied_marks(scale),
            report.dissatisfied.as_ref(),
        ),
    ]
}

/// Writes the report as one screen of text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{}", text.trim_end());
    };
    heading(report).into_iter().for_each(&mut line);
    line(legend(report));
    let classes = classes(report);
    let names: Vec<&str> = (report.satisfied.iter().chain(&report.dissatisfied))
        .max_by_key(|class| class.figures.len())
        .map(|class| class.figures.iter().map(|f| f.name).collect())
        .unwrap_or_default();
    let cells = |figure: Option<&Figure>| match figure {
        Some(f) => format!(
            "{:>7}  {:<15} {:>7}",
            number(f.value),
            interval(f),
            number(f.constant)
        ),
        None => format!("{:>7}  {:<15} {:>7}", "", "", ""),
    };
    let heads = |title: &str| format!("{title:>7}  {:<15} {:>7}", "interval", "constant");
    if !names.is_empty() {
        line(String::new());
        let head = classes.each_ref().map(|(name, marks, class)| {
            let count = class.map_or(0, |c| c.positives);
            format!("{name} ({marks}): {count} calls")
        });
        line(format!("{:<22} {:<34} {}", "", head[0], head[1]));
        line(format!(
            "{:<22} {}   {}",
            "",
            heads("value"),
            heads("value")
        ));
        for name in names {
            let both = [&classes[0], &classes[1]].map(|(_, _, class)| cells(find(*class, name)));
            let at = match name {
                "precision" | "recall" | "f1" | "accuracy" => {
                    let threshold = report.satisfied.as_ref().map_or(0.5, |c| c.threshold);
                    format!("{} from {threshold}", title(name))
                }
                _ => title(name).to_owned(),
            };
            line(format!("{at:<22} {}    {}", both[0], both[1]));
        }
    }
    let tables = [
        ("marks", report.marks.as_ref()),
        (
            "means of groups",
            report.groups.as_ref().map(|g| &g.figures),
        ),
    ];
    for (name, figures) in tables {
        let Some(figures) = figures else { continue };
        line(String::new());
        line(format!("{name:<22} {}", heads("value")));
        for figure in figures {
            line(format!(
                "{:<22} {}",
                title(figure.name),
                cells(Some(figure))
            ));
        }
    }
    if let Some(groups) = &report.groups {
        let (few, by, least) = (groups.errors.groups, &groups.by, groups.errors.min_rows);
        let by = by.escape_debug();
        line(format!(
            "  {few} of {by} with {least} calls or more, the largest:"
        ));
    }
    for group in report
        .groups
        .iter()
        .flat_map(|g| g.groups.iter().take(GROUPS))
    {
        let (name, rows) = (group.name.escape_debug().to_string(), group.rows);
        let (predicted, given) = (group.predicted, group.given);
        let name: String = name.chars().take(20).collect();
        line(format!(
            "  {name:<20} {rows:>7} calls  predicted {predicted:.2}  given {given:.2}"
        ));
    }
    let reliable: Vec<String> = (report.reliability.iter())
        .filter(|bin| bin.rows > 0)
        .map(|bin| {
            let (from, to) = (bin.from, bin.to);
            let (predicted, observed) = (number(bin.predicted), number(bin.observed));
            format!(
                "{from:.1} to {to:.1} {:>7} {predicted:>9} {observed:>8}",
                bin.rows
            )
        })
        .collect();
    let called = |called: &Option<Called>| match called {
        Some(c) => format!(
            "{:>9} {:>6} {:>6}",
            number(c.precision),
            number(c.recall),
            number(c.f1)
        ),
        None => String::new(),
    };
    let cut: Vec<String> = (report.thresholds.iter())
        .map(|t| {
            let threshold = t.threshold;
            format!(
                "{threshold:>4.1} {} {}",
                called(&t.satisfied),
                called(&t.dissatisfied)
            )
        })
        .collect();
    if !reliable.is_empty() || !cut.is_empty() {
        line(String::new());
        line(format!(
            "{:<39}  called so from P",
            "reliability of P(satisfied)"
        ));
        let call = "precision recall     F1";
        line(format!(
            "{:<10} {:>7} {:>9} {:>8}     P {call} (satisfied) {call} (dis-)",
            "P", "calls", "mean P", "share"
        ));
        for i in 0..reliable.len().max(cut.len()) {
            let (left, right) = (reliable.get(i), cut.get(i));
            let left = left.map_or("", String::as_str);
            line(format!("{left:<38} {}", right.map_or("", String::as_str)));
        }
    }
    if !report.notes.is_empty() {
        line(String::new());
        report
            .notes
            .iter()
            .for_each(|note| line(format!("note: {note}")));
    }
    out
}

/// Writes the report as a page of Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("# Evaluation\n\n");
    for line in heading(report) {
        let _ = writeln!(out, "- {}", plain(&line));
    }
    let _ = writeln!(out, "- {}", legend(report));
    let mut figures = |head: &str, figures: &[Figure]| {
        let _ = write!(
            out,
            "\n## {head}\n\n| figure | value | interval | constant |\n|---|---:|---:|---:|\n"
        );
        for f in figures {
            let (title, value, interval) = (title(f.name), number(f.value), interval(f));
            let constant = number(f.constant);
            let _ = writeln!(out, "| {title} | {value} | {interval} | {constant} |");
        }
    };
    for (name, marks, class) in classes(report) {
        let Some(class) = class else { continue };
        let (positives, rows, from) = (class.positives, class.rows, class.threshold);
        let head = format!("{name}: {marks}; {positives} of {rows} calls; called so from {from}");
        figures(&head, &class.figures);
    }
    if let Some(marks) = &report.marks {
        figures("marks", marks);
    }
    if let Some(groups) = &report.groups {
        let (few, least) = (groups.errors.groups, groups.errors.min_rows);
        let head = format!(
            "means of {few} {}, {least} calls or more",
            plain(&groups.by)
        );
        figures(&head, &groups.figures);
        out += "\n| group | calls | mean predicted | mean given |\n|---|---:|---:|---:|\n";
        for group in &groups.groups {
            let (name, rows) = (plain(&group.name), group.rows);
            let (predicted, given) = (group.predicted, group.given);
            let _ = writeln!(out, "| {name} | {rows} | {predicted:.3} | {given:.3} |");
        }
    }
    if !report.reliability.is_empty() {
        out += "\n## reliability of P(satisfied)\n\n| P | calls | mean P | share satisfied |\n|---|---:|---:|---:|\n";
        for bin in &report.reliability {
            let (from, to, rows) = (bin.from, bin.to, bin.rows);
            let (predicted, observed) = (number(bin.predicted), number(bin.observed));
            let _ = writeln!(
                out,
                "| {from:.1} to {to:.1} | {rows} | {predicted} | {observed} |"
            );
        }
    }
    if !report.thresholds.is_empty() {
        out += "\n## called so from a probability up\n\n| P | satisfied: called | precision | recall | F1 | dissatisfied: called | precision | recall | F1 |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
        for t in &report.thresholds {
            let cells = [&t.satisfied, &t.dissatisfied].map(|called| match called {
                Some(c) => {
                    let (precision, recall, f1) =
                        (number(c.precision), number(c.recall), number(c.f1));
                    format!("{} | {precision} | {recall} | {f1}", c.called)
                }
                None => "- | - | - | -".to_owned(),
            });
            let _ = writeln!(out, "| {:.1} | {} | {} |", t.threshold, cells[0], cells[1]);
        }
    }
    if !report.notes.is_empty() {
        out += "\n";
        for note in &report.notes {
            let _ = writeln!(out, "- {}", plain(note));
        }
    }
    out
}

/// Makes text from a table fit for a cell of Markdown.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
