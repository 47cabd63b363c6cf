//! What came of a batch, on one screen.

use super::row::Outcome;
use crate::features::catalogue;
use crate::model::LabelScale;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;

/// Examples of a failure that the summary tells.
const EXAMPLES: usize = 3;
/// Width of the longest bar, in characters.
const BAR: u64 = 40;

/// Counts over the rows of a batch; its size does not grow with their number.
#[derive(Clone, Debug)]
pub struct Summary {
    scale: LabelScale,
    scored: u64,
    failures: BTreeMap<&'static str, Failures>,
    warnings: BTreeMap<&'static str, u64>,
    /// Scored calls by expected mark, rounded to the nearest.
    marks: BTreeMap<i64, u64>,
    csi_sum: f64,
    satisfied_sum: f64,
    /// By feature: calls without a value, by reason.
    absent: Vec<BTreeMap<&'static str, u64>>,
}

#[derive(Clone, Debug, Default)]
struct Failures {
    count: u64,
    examples: Vec<String>,
}

impl Summary {
    /// Starts a summary of estimates on a scale.
    pub fn new(scale: &LabelScale) -> Summary {
        Summary {
            scale: *scale,
            scored: 0,
            failures: BTreeMap::new(),
            warnings: BTreeMap::new(),
            marks: BTreeMap::new(),
            csi_sum: 0.0,
            satisfied_sum: 0.0,
            absent: vec![BTreeMap::new(); catalogue().len()],
        }
    }

    /// Counts one row.
    pub fn add(&mut self, outcome: &Outcome) {
        match &outcome.result {
            Ok(assessment) => {
                self.scored += 1;
                let judged = &assessment.prediction;
                self.csi_sum += judged.csi;
                self.satisfied_sum += judged.satisfied;
                *self.marks.entry(judged.csi.round() as i64).or_default() += 1;
                for warning in &assessment.measurements.warnings {
                    *self.warnings.entry(warning.code).or_default() += 1;
                }
                let values = assessment.measurements.features.values();
                for (counts, value) in self.absent.iter_mut().zip(values) {
                    if let Err(reason) = value {
                        *counts.entry(reason.code()).or_default() += 1;
                    }
                }
            }
            Err(error) => {
                let failures = self.failures.entry(error.kind().name()).or_default();
                failures.count += 1;
                if failures.examples.len() < EXAMPLES {
                    failures.examples.push(error.to_string());
                }
            }
        }
    }

    /// Returns the counts as JSON: what [`Display`](fmt::Display) tells, whole.
    pub fn to_json(&self) -> serde_json::Value {
        let n = self.scored as f64;
        let mean = |sum: f64| (self.scored > 0).then(|| sum / n);
        let failures = self.failures.iter();
        let failures: BTreeMap<_, _> = failures.map(|(kind, f)| (kind, f.count)).collect();
        let absent = self.absent().filter(|(_, reasons)| !reasons.is_empty());
        json!({
            "scored": self.scored,
            "failed": failures,
            "mean_csi": mean(self.csi_sum),
            "mean_satisfied": mean(self.satisfied_sum),
            "marks": self.marks,
            "warnings": self.warnings,
            "absent": absent.collect::<BTreeMap<_, _>>(),
        })
    }

    /// Returns the number of calls scored.
    pub fn scored(&self) -> u64 {
        self.scored
    }

    /// Returns the number of rows that failed.
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|f| f.count).sum()
    }

    /// Returns, for each feature in catalogue order, the calls without a value, by reason.
    pub fn absent(&self) -> impl Iterator<Item = (&'static str, &BTreeMap<&'static str, u64>)> {
        catalogue()
            .iter()
            .map(|f| f.name.as_str())
            .zip(&self.absent)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed();
        writeln!(
            f,
            "{} calls: {} scored, {failed} failed",
            self.scored + failed,
            self.scored
        )?;
        if self.scored > 0 {
            let n = self.scored as f64;
            writeln!(
                f,
                "CSI: mean {:.2} on {} to {}; {:.1} % expected satisfied ({} or more)",
                self.csi_sum / n,
                self.scale.min(),
                self.scale.max(),
                100.0 * self.satisfied_sum / n,
                self.scale.satisfied_from(),
            )?;
            let most = self.marks.values().copied().max().unwrap_or(1);
            for mark in (self.scale.min()..=self.scale.max()).rev() {
                let count = self.marks.get(&mark).copied().unwrap_or(0);
                let bar = "#".repeat((count * BAR).div_ceil(most) as usize);
                writeln!(f, "  about {mark:>3} {count:>8}  {bar}")?;
            }
        }
        for (kind, failures) in &self.failures {
            writeln!(f, "failed, {kind}: {}", failures.count)?;
            for example in &failures.examples {
                writeln!(f, "  {example}")?;
            }
            if failures.count > failures.examples.len() as u64 {
                writeln!(f, "  …")?;
            }
        }
        for (code, count) in &self.warnings {
            writeln!(f, "warned, {code}: {count}")?;
        }
        // Features that are absent together for the same reason make one line.
        let mut groups: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
        for (name, counts) in self.absent() {
            for (reason, &count) in counts {
                groups.entry((reason, count)).or_default().push(name);
            }
        }
        for ((reason, count), names) in groups {
            let shown = if names.len() > 3 {
                format!("{}, … ({} features)", names[..2].join(", "), names.len())
            } else {
                names.join(", ")
            };
            writeln!(f, "absent, {reason}: {count} calls: {shown}")?;
        }
        Ok(())
    }
}
