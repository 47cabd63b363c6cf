//! How an [`Encoder`] is learned from training calls.

use super::encode::{Bend, Dropped, Encoder, Encoding, Input, Level, Standard, Transform, find};
use crate::call::CallId;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Feature, FeatureVector, Kind, Measured, Value, position};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A standard deviation below this part of the largest value is rounding, and the value constant.
const CONSTANT: f64 = 1e-12;

/// What is chosen about the encoding before training.
#[derive(Clone, Debug)]
pub(super) struct EncodingChoice<'a> {
    /// Names of the features, in column order.
    pub features: &'a [String],
    /// Those of them that are put through ln(1 + x).
    pub log1p: &'a [String],
    /// Levels of a word on fewer training calls are pooled; beyond a knot there are at least as many.
    pub level_min_count: u64,
    /// Knots of each number, at most.
    pub knots: u64,
}

/// One training call: its id, for errors, and its features.
pub(super) type Row<'a> = (&'a CallId, &'a FeatureVector);

/// Learns how `rows` become columns.
pub(super) fn learn(
    rows: &[Row<'_>],
    choice: &EncodingChoice<'_>,
) -> Result<(Encoder, Vec<Dropped>)> {
    // A name that is not among the features chosen does nothing, so that the list may be kept while
    // the features change; one that no feature has is a slip.
    if let Some(name) = choice.log1p.iter().find(|n| position(n).is_none()) {
        let place = "options.log1p";
        let wanted = "a feature that this build measures";
        return Err(Error::new(ErrorKind::Invalid, place, name, wanted));
    }
    let mut learner = Learner {
        rows,
        choice,
        dropped: Vec::new(),
        absences: HashMap::new(),
    };
    let mut inputs = Vec::new();
    let mut seen = HashSet::new();
    for name in choice.features {
        if !seen.insert(name) {
            let wanted = "each feature once";
            let found = format!("{name} twice");
            return Err(Error::new(
                ErrorKind::Invalid,
                "options.features",
                found,
                wanted,
            ));
        }
        inputs.extend(learner.input(name)?);
    }
    if inputs.is_empty() {
        let found = format!("none of {} with more than one value", choice.features.len());
        let wanted = "at least one feature that varies over the training calls";
        return Err(Error::new(
            ErrorKind::Invalid,
            "options.features",
            found,
            wanted,
        ));
    }
    Ok((Encoder::from_inputs(inputs)?, learner.dropped))
}

/// The calls that lack a value, a bit each.
#[derive(PartialEq, Eq, Hash)]
struct Missing(Vec<u64>);

impl Missing {
    fn of(values: &[&Measured]) -> Missing {
        let word = |chunk: &[&Measured]| {
            let bits = chunk.iter().enumerate();
            bits.fold(0, |word, (i, value)| {
                word | (u64::from(value.is_err()) << i)
            })
        };
        Missing(values.chunks(64).map(word).collect())
    }

    fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

struct Learner<'a> {
    rows: &'a [Row<'a>],
    choice: &'a EncodingChoice<'a>,
    dropped: Vec<Dropped>,
    /// Which calls lack a value → the first feature lacking it on just these.
    absences: HashMap<Missing, &'static str>,
}

impl Learner<'_> {
    /// Learns one feature; `None` when nothing of it varies.
    fn input(&mut self, name: &str) -> Result<Option<Input>> {
        let (feature, index) = find(name)?;
        let values: Vec<&Measured> = (self.rows.iter())
            .filter_map(|(_, features)| features.values().get(index))
            .collect();
        let missing = Missing::of(&values);
        let encoding = match feature.kind {
            Kind::Number => self.number(feature, &values, missing)?,
            Kind::Category => self.category(feature, &values, missing)?,
        };
        if encoding.width() == 0 {
            return Ok(None);
        }
        Ok(Some(Input {
            feature: name.to_string(),
            revision: feature.revision,
            encoding,
        }))
    }

    fn number(
        &mut self,
        feature: &'static Feature,
        values: &[&Measured],
        missing: Missing,
    ) -> Result<Encoding> {
        let log1p = self.choice.log1p.iter().any(|n| n[..] == feature.name[..]);
        let transform = if log1p {
            Transform::Log1p
        } else {
            Transform::Identity
        };
        let mut present = Vec::with_capacity(values.len() - missing.count());
        for (value, (id, _)) in values.iter().zip(self.rows) {
            let x = match value {
                Ok(Value::Number(x)) => *x,
                Ok(Value::Category(_)) => return Err(wrong_kind(feature, id)),
                Err(_) => continue,
            };
            if !x.is_finite() || (log1p && x < 0.0) {
                let wanted = if log1p {
                    "0 or more, to be put through ln(1 + x)"
                } else {
                    "a finite number"
                };
                return Err(Error::new(ErrorKind::Invalid, &feature.name, x, wanted).of_call(id));
            }
            present.push(transform.apply(x));
        }
        let ends = |ends: (f64, f64), x: &f64| (ends.0.min(*x), ends.1.max(*x));
        let (low, high) = present
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        let range = (low <= high).then_some((low, high));
        let value = standard(&present);
        if value.is_none() {
            let reason = match present.first() {
                None => "absent on every training call",
                Some(_) if present.iter().any(|x| x.abs() > 1e150) => "too large to square",
                Some(_) => "the same on every training call that has it",
            };
            let reason = reason.to_string();
            self.drop(feature.name.to_string(), reason);
        }
        let bends = match value {
            Some(_) => bends(&mut present, self.choice.knots, self.choice.level_min_count),
            None => Vec::new(),
        };
        let absent = self.absent(feature, values.len(), missing);
        Ok(Encoding::Number {
            transform,
            range,
            value,
            bends,
            absent,
        })
    }

    fn category(
        &mut self,
        feature: &'static Feature,
        values: &[&Measured],
        missing: Missing,
    ) -> Result<Encoding> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (value, (id, _)) in values.iter().zip(self.rows) {
            match value {
                Ok(Value::Category(word)) => *counts.entry(word).or_default() += 1,
                Ok(Value::Number(_)) => return Err(wrong_kind(feature, id)),
                Err(_) => {}
            }
        }
        let rows = values.len();
        if counts.is_empty() {
            let reason = "absent on every training call".to_string();
            self.drop(feature.name.to_string(), reason);
        }
        let share = |count: u64| count as f64 / rows as f64;
        // A column that is 1 on every call says nothing.
        let varies = |count: u64| count > 0 && count < rows as u64;
        let own = |count: u64| count >= self.choice.level_min_count;
        let rare: u64 = counts.values().filter(|&&count| !own(count)).sum();
        let constant = counts.values().any(|&count| count == rows as u64);
        let levels = (counts.iter())
            .filter(|&(_, &count)| own(count) && varies(count))
            .map(|(level, &count)| Level {
                level: level.to_string(),
                share: share(count),
            })
            .collect();
        let other = varies(rare).then(|| share(rare));
        if constant {
            let reason = "the same on every training call".to_string();
            self.drop(feature.name.to_string(), reason);
        } else if rare == rows as u64 {
            let reason = "every level is rare".to_string();
            self.drop(feature.name.to_string(), reason);
        }
        // With levels beside it, the column is needed even where another feature has the same.
        let missing = missing.count() as u64;
        let absent = varies(missing).then(|| share(missing));
        Ok(Encoding::Category {
            levels,
            other,
            absent,
        })
    }

    /// Returns the share of calls without a value where that deserves a column.
    fn absent(&mut self, feature: &'static Feature, rows: usize, missing: Missing) -> Option<f64> {
        let count = missing.count();
        if count == 0 || count == rows {
            return None;
        }
        match self.absences.get(&missing) {
            Some(first) => {
                let reason = format!("absent on the same training calls as {first}");
                self.drop(format!("{} absent", feature.name), reason);
                None
            }
            None => {
                self.absences.insert(missing, &feature.name);
                Some(count as f64 / rows as f64)
            }
        }
    }

    fn drop(&mut self, column: String, reason: String) {
        self.dropped.push(Dropped { column, reason });
    }
}

/// Knots at quantiles, equally many values apart; where many values are equal some coincide, and there
/// are fewer. On either side of a knot lie at least `least` values: none bends a number of two values.
fn bends(values: &mut [f64], knots: u64, least: u64) -> Vec<Bend> {
    values.sort_unstable_by(f64::total_cmp);
    let mut bends: Vec<Bend> = Vec::new();
    for knot in 1..=knots {
        let index = (values.len() as u64 * knot / (knots + 1)) as usize;
        let Some(&at) = values.get(index) else {
            continue;
        };
        let below = values.partition_point(|x| *x < at) as u64;
        let above = (values.len() - values.partition_point(|x| *x <= at)) as u64;
        if below.min(above) < least.max(1) || bends.last().is_some_and(|last| last.at >= at) {
            continue;
        }
        let columns: Vec<f64> = values.iter().map(|x| (x - at).max(0.0)).collect();
        bends.extend(standard(&columns).map(|Standard { mean, sd }| Bend { at, mean, sd }));
    }
    bends
}

/// Mean and population standard deviation, in two passes; `None` where nothing varies.
fn standard(values: &[f64]) -> Option<Standard> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let largest = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    // Also false for no value (NaN) and for numbers too large to square.
    (sd > CONSTANT * largest && sd.is_finite()).then_some(Standard { mean, sd })
}

fn wrong_kind(feature: &Feature, id: &CallId) -> Error {
    let wanted = feature.kind.name();
    Error::new(ErrorKind::Internal, &feature.name, "the other kind", wanted).of_call(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{number, vector, word};

    /// Learns `features` from the calls and returns the encoder, the table and what was dropped.
    fn encoded(
        calls: &[FeatureVector],
        features: &[&str],
        log1p: &[&str],
    ) -> (Encoder, Vec<Vec<f64>>, Vec<Dropped>) {
        let strings = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        let ids: Vec<_> = (0..calls.len())
            .map(|i| CallId::new(i.to_string()))
            .collect();
        let rows: Vec<Row<'_>> = ids.iter().zip(calls).collect();
        let choice = EncodingChoice {
            features: &strings(features),
            log1p: &strings(log1p),
            level_min_count: 2,
            knots: 0,
        };
        let (encoder, dropped) = learn(&rows, &choice).unwrap();
        let row = |call| {
            let mut row = Vec::new();
            encoder.encode(call, &mut row);
            row
        };
        let table = calls.iter().map(row).collect();
        (encoder, table, dropped)
    }

    fn columns(encoder: &Encoder) -> Vec<String> {
        encoder.columns().iter().map(|c| c.to_string()).collect()
    }

    /// Waits 1, 3 and none: mean 2, population sd 1; absent on a third.
    #[test]
    fn a_number_by_hand() {
        let calls = [
            vector(&[("queue_wait_s", number(1.0))]),
            vector(&[("queue_wait_s", number(3.0))]),
            vector(&[]),
        ];
        let (encoder, table, dropped) = encoded(&calls, &["queue_wait_s"], &[]);
        assert_eq!(columns(&encoder), ["queue_wait_s", "queue_wait_s absent"]);
        let third = 1.0 / 3.0;
        assert_eq!(table, [[-1.0, -third], [1.0, -third], [0.0, 1.0 - third]]);
        assert!(dropped.is_empty());
    }

    /// 0 to 9 with one knot, at the sixth value, 5: max(0, x − 5) is 0 six times, then 1, 2, 3, 4: mean 1,
    /// variance (1 + 4 + 9 + 16) / 10 − 1 = 2.
    #[test]
    fn a_bend_by_hand() {
        let mut values: Vec<f64> = (0..10).rev().map(f64::from).collect();
        let (at, mean, sd) = (5.0, 1.0, 2f64.sqrt());
        assert_eq!(bends(&mut values, 1, 2), [Bend { at, mean, sd }]);
        // Only four lie above 5, and two values have no knot between them.
        assert_eq!(bends(&mut values, 1, 5), []);
        assert_eq!(bends(&mut [0.0, 0.0, 1.0, 1.0], 3, 1), []);
        assert_eq!(bends(&mut [], 3, 1), []);
        // Absent, the mean: 0 in every column.
        let encoding = Encoding::Number {
            range: None,
            transform: Transform::Identity,
            value: None,
            bends: vec![Bend { at, mean, sd }],
            absent: None,
        };
        let mut row = Vec::new();
        encoding.encode(&Ok(number(7.0)), |x| row.push(x));
        encoding.encode(&Ok(number(3.0)), |x| row.push(x));
        encoding.encode(&Err(crate::features::Absence::NoRecording), |x| row.push(x));
        assert_eq!(row, [1.0 / sd, -1.0 / sd, 0.0]);
    }

    /// ln(1 + 0) = 0 and ln(1 + (e² − 1)) = 2: mean 1, sd 1. Below 0 counts as 0 when scoring.
    #[test]
    fn a_logarithm_by_hand() {
        let calls = [0.0, 2.0_f64.exp() - 1.0].map(|x| vector(&[("hold_total_s", number(x))]));
        let (encoder, table, _) = encoded(&calls, &["hold_total_s"], &["hold_total_s"]);
        for (row, wanted) in table.iter().zip([-1.0, 1.0]) {
            assert!((row[0] - wanted).abs() < 1e-15);
        }
        let mut row = Vec::new();
        encoder.encode(&vector(&[("hold_total_s", number(-5.0))]), &mut row);
        assert_eq!(row, table[0]);
    }

    /// a, a, b (rare, so other), none: shares 1/2, 1/4, 1/4.
    #[test]
    fn a_word_by_hand() {
        let status = |text: &str| vector(&[("ivr_status", word(text))]);
        let calls = [status("a"), status("a"), status("b"), vector(&[])];
        let (encoder, table, _) = encoded(&calls, &["ivr_status"], &[]);
        assert_eq!(
            columns(&encoder),
            [
                "ivr_status = a",
                "ivr_status = (other)",
                "ivr_status absent"
            ]
        );
        assert_eq!(
            table,
            [
                [0.5, -0.25, -0.25],
                [0.5, -0.25, -0.25],
                [-0.5, 0.75, -0.25],
                [-0.5, -0.25, 0.75]
            ]
        );
        let mut unseen = Vec::new();
        encoder.encode(&status("(other)"), &mut unseen);
        assert_eq!(unseen, table[2]);
    }

    #[test]
    fn an_unseen_word_counts_as_average_where_no_level_was_rare() {
        let status = |text: &str| vector(&[("ivr_status", word(text))]);
        let calls = [status("a"), status("a"), status("b"), status("b")];
        let (encoder, _, _) = encoded(&calls, &["ivr_status"], &[]);
        for call in [status("c"), vector(&[])] {
            let mut row = Vec::new();
            encoder.encode(&call, &mut row);
            assert_eq!(row, [0.0, 0.0]);
        }
    }

    #[test]
    fn constant_and_empty_columns_are_dropped_and_named() {
        let call = |wait, hold: Option<f64>| {
            let mut values = vec![
                ("queue_wait_s", number(wait)),
                ("ivr_duration_s", number(0.1)),
                ("ivr_status", word("completed")),
            ];
            values.extend(hold.map(|x| ("hold_count", number(x))));
            vector(&values)
        };
        let calls = [call(1.0, Some(2.0)), call(2.0, Some(2.0)), call(5.0, None)];
        let names = [
            "queue_wait_s",
            "ivr_duration_s",
            "ivr_status",
            "hold_count",
            "hold_total_s",
        ];
        let (encoder, _, dropped) = encoded(&calls, &names, &[]);
        assert_eq!(columns(&encoder), ["queue_wait_s", "hold_count absent"]);
        let dropped: Vec<_> = dropped.iter().map(|d| d.column.as_str()).collect();
        assert_eq!(
            dropped,
            ["ivr_duration_s", "ivr_status", "hold_count", "hold_total_s"]
        );
    }

    #[test]
    fn features_absent_together_share_one_flag() {
        let call = |x: f64| vector(&[("queue_wait_s", number(x)), ("hold_count", number(x))]);
        let calls = [call(1.0), call(2.0), vector(&[])];
        let (encoder, _, dropped) = encoded(&calls, &["queue_wait_s", "hold_count"], &[]);
        assert_eq!(
            columns(&encoder),
            ["queue_wait_s", "queue_wait_s absent", "hold_count"]
        );
        assert_eq!(dropped[0].column, "hold_count absent");
        assert!(dropped[0].reason.ends_with("as queue_wait_s"));
    }

    #[test]
    fn numbers_too_large_to_square_are_left_out_rather_than_infinite() {
        let calls = [1e300, -1e300, 3.0].map(|x| {
            vector(&[
                ("queue_wait_s", number(x)),
                ("hold_count", number(x.signum())),
            ])
        });
        let (encoder, _, _) = encoded(&calls, &["queue_wait_s", "hold_count"], &[]);
        assert_eq!(columns(&encoder), ["hold_count"]);
    }
}
