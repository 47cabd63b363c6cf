//! The model card: what a model is, for people.

use super::encode::ColumnKind;
use super::file::Model;
use super::label::Target;
use super::marks::MarkEvaluation;
use super::metrics::Evaluation;
use super::options::Validation;
use std::fmt::Write;

impl Model {
    /// Returns the model card in Markdown: the warning first where there is one, then what is
    /// predicted, on what it was trained, how good it was found, and what each column weighs.
    pub fn card(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write_card(&mut text);
        text
    }

    fn write_card(&self, out: &mut String) -> std::fmt::Result {
        let (label, from) = (self.label(), self.provenance());
        if let Some(warning) = &from.warning {
            writeln!(out, "> **{}**\n", line(warning))?;
        }
        writeln!(out, "# Model `{}`\n", line(self.name()))?;
        writeln!(
            out,
            "Estimates from the measurements of a call the probability that its customer is \
             satisfied, that is, gives a mark of {} or more on the scale {} to {}; {} and less \
             counts as dissatisfied. The CSI is the expected mark{}: the satisfied gave {:.3} on \
             average, the others {:.3}.\n",
            label.satisfied_from(),
            label.min(),
            label.max(),
            label.dissatisfied_to(),
            match self.target() {
                Target::Satisfied => "",
                Target::Marks => ", by the probability of each mark",
            },
            self.class_means().satisfied,
            self.class_means().others,
        )?;
        writeln!(out, "- Fingerprint: `{}`", self.fingerprint())?;
        writeln!(out, "- Made by: {}", line(&from.created_by))?;
        writeln!(out, "- Source: {}", line(&from.source))?;
        let share = percent(from.satisfied as f64 / from.rows.max(1) as f64);
        writeln!(
            out,
            "- Trained on {} calls, {} of them with a satisfied customer ({share})",
            from.rows, from.satisfied,
        )?;
        let cut = self.satisfied_cut();
        writeln!(
            out,
            "- An average call: log-odds {:+.4}, probability {}\n",
            cut.intercept,
            percent(super::predict::sigmoid(cut.intercept)),
        )?;
        self.write_metrics(out)?;
        self.write_columns(out)?;
        self.write_rest(out)
    }

    fn write_metrics(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## How good it is\n")?;
        let (holdout, training) = (self.metrics().holdout.as_ref(), &self.metrics().training);
        let how = match self.provenance().validation {
            Validation::None => "nothing was".to_owned(),
            Validation::HoldOut { share } => format!(
                "{} of the calls, by a hash of group or call id, scored by a model trained on the \
                 rest",
                percent(share)
            ),
            Validation::Latest { share } => format!(
                "the latest {} of the calls, scored by a model trained on those before",
                percent(share)
            ),
            Validation::Folds { folds } => format!(
                "every call, in {folds} folds by a hash of group or call id, each scored by a model \
                 that was trained, choice and all, on the others"
            ),
        };
        writeln!(
            out,
            "Held out: {how}. The figures on the training calls themselves are too good by nature.\n"
        )?;
        if holdout.is_none() {
            writeln!(
                out,
                "**Nothing was held out: how good the model is, is not known.**\n"
            )?;
        }
        writeln!(out, "| about the satisfied | held out | training |")?;
        writeln!(out, "|---|---:|---:|")?;
        let rows = |e: &Evaluation| e.rows.to_string();
        let held = holdout.map_or("–".to_string(), rows);
        writeln!(out, "| calls | {held} | {} |", rows(training))?;
        type Figure = fn(&Evaluation) -> Option<f64>;
        let figures: [(&str, Figure); 10] = [
            ("share satisfied", |e| e.base_rate),
            ("area under the ROC curve", |e| e.roc_auc),
            ("log loss, nats", |e| e.log_loss),
            ("Brier score", |e| e.brier),
            ("mean probability − share", |e| e.calibration_in_the_large),
            ("calibration error, 10 bins", |e| e.calibration_error),
            ("accuracy at 0.5", |e| e.accuracy),
            ("precision at 0.5", |e| e.precision),
            ("recall at 0.5", |e| e.recall),
            ("F1 at 0.5", |e| e.f1),
        ];
        let shown = |value: Option<f64>| value.map_or("–".to_string(), |v| format!("{v:.4}"));
        for (name, figure) in figures {
            let held = shown(holdout.and_then(figure));
            writeln!(out, "| {name} | {held} | {} |", shown(figure(training)))?;
        }
        writeln!(out)?;
        self.write_marks(out)?;
        self.write_choice(out)
    }

    /// How near the marks came, on the calls held out.
    fn write_marks(&self, out: &mut String) -> std::fmt::Result {
        let Some(marks) = &self.metrics().holdout_marks else {
            return Ok(());
        };
        type Figure = fn(&MarkEvaluation) -> Option<f64>;
        let figures: [(&str, Figure); 7] = [
            ("mean of expected − given", |e| e.mean_error),
            ("mean absolute error, marks", |e| e.mean_absolute_error),
            ("root mean square error, marks", |e| {
                e.root_mean_square_error
            }),
            ("Pearson's correlation", |e| e.pearson),
            ("Spearman's correlation", |e| e.spearman),
            ("quadratic weighted kappa of the likely mark", |e| {
                e.quadratic_kappa
            }),
            ("likely mark at most one away", |e| e.within_one),
        ];
        writeln!(out, "| about the mark | held out |\n|---|---:|")?;
        for (name, figure) in figures {
            let shown = figure(marks).map_or("–".to_string(), |v| format!("{v:.4}"));
            writeln!(out, "| {name} | {shown} |")?;
        }
        writeln!(out)
    }

    /// What was chosen, and among what.
    fn write_choice(&self, out: &mut String) -> std::fmt::Result {
        let from = self.provenance();
        if !from.tried.is_empty() {
            writeln!(out, "## How it was chosen\n")?;
            writeln!(
                out,
                "By the mean log loss of its cuts at calls that a model had not seen \
                 (cross-validation). Knots are where the effect of a number may bend; alpha is the \
                 penalty.\n\n| knots | alpha | log loss | |\n|---:|---:|---:|---|"
            )?;
            for tried in &from.tried {
                let taken = tried.knots == from.knots && tried.alpha == from.alpha;
                writeln!(
                    out,
                    "| {} | {} | {:.5} | {} |",
                    tried.knots,
                    tried.alpha,
                    tried.log_loss,
                    if taken { "taken" } else { "" }
                )?;
            }
            writeln!(out)?;
        }
        let lines = self.cuts().iter().zip(&from.calibration);
        for (cut, line) in lines.filter_map(|(cut, line)| Some((cut, (*line)?))) {
            writeln!(
                out,
                "Calibrated at mark {}: log-odds × {:.4} {:+.4}.\n",
                cut.mark, line.slope, line.intercept
            )?;
        }
        Ok(())
    }

    fn write_columns(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## What it weighs\n")?;
        writeln!(
            out,
            "Log-odds of satisfaction: of a number per standard deviation of its value, of a word \
             or an absence for being so instead of not.\n"
        )?;
        writeln!(out, "| column | log-odds | unit |")?;
        writeln!(out, "|---|---:|---|")?;
        let columns = self.encoder().columns();
        let mut weighed: Vec<_> = columns.iter().zip(&self.satisfied_cut().weights).collect();
        // Stable, so that equal weights stay in column order.
        weighed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        for (column, weight) in weighed {
            let unit = match column.kind {
                ColumnKind::Value | ColumnKind::Above(_) => "per sd",
                _ => "if so",
            };
            writeln!(
                out,
                "| {} | {weight:+.4} | {unit} |",
                cell(&column.to_string())
            )?;
        }
        writeln!(out)
    }

    fn write_rest(&self, out: &mut String) -> std::fmt::Result {
        let from = self.provenance();
        writeln!(out, "## What is absent\n")?;
        writeln!(
            out,
            "A value that a call does not have is never taken for 0: a number counts as the mean \
             of the training calls and adds nothing, and that it is absent weighs what absence \
             weighed in training, where some calls had the value and some had not. A word that \
             training did not know counts among the rare ones.\n"
        )?;
        if !from.dropped.is_empty() {
            writeln!(out, "Left out, because they tell nothing here:\n")?;
            for dropped in &from.dropped {
                writeln!(
                    out,
                    "- {}: {}",
                    line(&dropped.column),
                    line(&dropped.reason)
                )?;
            }
            writeln!(out)?;
        }
        writeln!(out, "## Settings of the analysis\n")?;
        if let Ok(settings) = serde_json::to_string_pretty(self.settings()) {
            writeln!(out, "```json\n{settings}\n```\n")?;
        }
        writeln!(out, "## Limits, and training again\n")?;
        writeln!(
            out,
            "It has learned from customers who answered a survey; of those who did not, it \
             extrapolates. The weights say what the model goes by, not what causes a mark, and \
             are no measure of an agent. Train it again on marks of your own customers with \
             `callcsi::model::train` (penalty here: alpha = {}, levels on fewer than {} calls \
             pooled; gradient reached: {:.1e} per call) when the scale, the analysis settings, the \
             line or the customers change.",
            from.alpha, from.level_min_count, from.gradient,
        )
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A text on one line, since a line break would end a heading, a quotation or a row.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text for a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use crate::model::testing::{table, trained};
    use crate::model::{TrainOptions, Validation};

    #[test]
    fn card_warns_first_and_sorts_by_size() {
        let options = TrainOptions {
            name: "demo".into(),
            warning: Some("It knows no\nreal customers.".into()),
            source: "simulated calls".into(),
            ..TrainOptions::default()
        };
        let model = trained(&table(300), &options).unwrap();
        let card = model.card();
        let first = card.lines().next().unwrap();
        assert_eq!(first, "> **It knows no real customers.**");
        assert!(card.contains("simulated calls"));
        assert!(card.contains("Trained on 300 calls"));
        let weights: Vec<f64> = card
            .lines()
            .filter(|line| line.ends_with("| per sd |") || line.ends_with("| if so |"))
            .map(|line| line.split('|').nth(2).unwrap().trim().parse().unwrap())
            .collect();
        assert_eq!(weights.len(), model.encoder().width());
        assert!(weights.windows(2).all(|w| w[0].abs() >= w[1].abs()));
        assert!(card.contains("hold_total_s: absent on every training call"));
        assert!(card.contains("\"speech_join_s\": 0.2"));
    }

    #[test]
    fn card_says_when_nothing_was_held_out() {
        let options = TrainOptions {
            validation: Validation::None,
            ..TrainOptions::default()
        };
        let card = trained(&table(100), &options).unwrap().card();
        assert!(card.starts_with("# Model `unnamed`"));
        assert!(card.contains("is not known"));
    }
}
