//! The figures of a recording or of several, as a table and as JSON.

use callcsi::vad::evaluate::{Confusion, EdgeErrors, EdgeFigures, FrameScores};
use serde_json::{Value, json};

/// What was found of a recording, or of several.
pub struct Figures {
    pub name: String,
    pub group: String,
    pub frames: FrameScores,
    pub edges: EdgeErrors,
    /// Seconds of sound that were heard, prefixes and all.
    pub heard_s: f64,
    /// Seconds the processor took to hear them.
    pub processor_s: f64,
}

impl Figures {
    /// Pools the figures of several recordings: their frames and edges count alike.
    pub fn pooled<'a>(
        name: &str,
        threshold: f64,
        of: impl Iterator<Item = &'a Figures>,
    ) -> Figures {
        let mut sum = Figures {
            name: name.to_owned(),
            group: String::new(),
            frames: FrameScores::new(threshold),
            edges: EdgeErrors::default(),
            heard_s: 0.0,
            processor_s: 0.0,
        };
        for one in of {
            sum.frames.merge(&one.frames);
            sum.edges.merge(&one.edges);
            sum.heard_s += one.heard_s;
            sum.processor_s += one.processor_s;
        }
        sum
    }

    fn speed(&self) -> Option<f64> {
        (self.processor_s > 0.0).then(|| self.heard_s / self.processor_s)
    }

    /// Returns all figures.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "group": self.group,
            "frames": self.frames.frames(),
            "speech_share": self.frames.speech_share(),
            "auc": self.frames.roc_auc(),
            "raw": confusion(self.frames.raw()),
            "decided": confusion(self.frames.decided()),
            "starts": edges(self.edges.starts()),
            "ends": edges(self.edges.ends()),
            "times_real_time": self.speed(),
        })
    }

    /// Returns a row of the table.
    pub fn row(&self) -> String {
        let share = |value: Option<f64>| format!("{:>6}", shown(value, 3));
        let mut row = format!(
            "{:<24} {:>7.1} {}",
            self.name,
            self.frames.frames() as f64 / 100.0,
            share(self.frames.speech_share())
        );
        row += &share(self.frames.roc_auc());
        for counts in [self.frames.raw(), self.frames.decided()] {
            row += " |";
            for value in [
                counts.f1(),
                counts.precision(),
                counts.recall(),
                counts.false_positive_rate(),
                counts.balanced_accuracy(),
            ] {
                row += &share(value);
            }
        }
        for edges in [self.edges.starts(), self.edges.ends()] {
            let millis = |seconds: Option<f64>| shown(seconds.map(|s| s * 1_000.0), 0);
            row += &format!(
                " |{:>5}{:>6}{}",
                millis(edges.median_absolute_s),
                millis(edges.median_s),
                share(edges.near_share)
            );
        }
        row + &format!(" |{:>6}", shown(self.speed(), 0))
    }
}

/// Returns the head of the table: two lines.
pub fn head() -> String {
    let counts = "    F1  prec   rec   fpr  bacc";
    let edges = "  abs   med  near";
    let first = format!(
        "{:<24} {:>7} {:>6}{:>6} |{:<30} |{:<30} |{:<17} |{:<17} |",
        "", "", "", "", " raw scores", " decided", " starts, ms", " ends, ms"
    );
    format!(
        "{first}\n{:<24} {:>7} {:>6}{:>6} |{counts} |{counts} |{edges} |{edges} |{:>6}",
        "recording", "s", "speech", "AUC", "x real"
    )
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn confusion(counts: Confusion) -> Value {
    json!({
        "f1": counts.f1(),
        "precision": counts.precision(),
        "recall": counts.recall(),
        "false_positive_rate": counts.false_positive_rate(),
        "balanced_accuracy": counts.balanced_accuracy(),
        "counts": counts,
    })
}

fn edges(figures: EdgeFigures) -> Value {
    json!({
        "labelled": figures.labelled,
        "found": figures.found,
        "median_absolute_s": figures.median_absolute_s,
        "median_s": figures.median_s,
        "near_share": figures.near_share,
    })
}
