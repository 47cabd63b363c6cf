//! How the expected mark of an average call changes with one feature.
//!
//! The model adds up, so an effect is exact: the columns of the feature are those of the value, every
//! other column stands at its mean, which is 0, and the log-odds of each cut become an expected mark as
//! in [`Prediction::csi`](crate::model::Prediction::csi).

use crate::features::{Absence, Measured, Unit, Value, position};
use crate::model::encode::{Encoding, Input};
use crate::model::file::Model;
use crate::model::study::{Bins, Profile};
use serde::Serialize;

/// Points of a curve, its knots besides.
const POINTS: usize = 32;

/// How the expected mark hangs on one feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    pub feature: String,
    pub unit: &'static str,
    /// Share of the training calls without a value; `None` where the file does not say.
    pub absent_share: Option<f64>,
    /// Expected mark of a call without a value; `None` where the model has no column for that, and such
    /// a call counts as an average one.
    pub absent_csi: Option<f64>,
    pub shape: Shape,
}

/// What an effect looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Of a number.
    Curve {
        /// Value and expected mark, from the value that a hundredth of the training calls lies below to
        /// the one that a hundredth lies above; a knot is among them.
        points: Vec<Point>,
        /// Values at which the curve may bend.
        knots: Vec<Point>,
        /// Tenths of the training calls.
        deciles: Vec<f64>,
    },
    /// Of a word, or of yes and no.
    Bars(Vec<Bar>),
}

/// A value with what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub value: f64,
    pub csi: f64,
}

/// A word with what is expected of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// The word; `None` of all rare and unknown ones.
    pub level: Option<String>,
    /// Its share of the training calls, where the file says.
    pub share: Option<f64>,
    pub csi: f64,
}

impl Effect {
    /// Returns every expected mark of the effect.
    pub fn marks(&self) -> Vec<f64> {
        let mut marks: Vec<f64> = match &self.shape {
            Shape::Curve { points, .. } => points.iter().map(|point| point.csi).collect(),
            Shape::Bars(bars) => bars.iter().map(|bar| bar.csi).collect(),
        };
        marks.extend(self.absent_csi);
        marks
    }

    /// Returns the distance between the lowest and the highest of them.
    pub fn span(&self) -> f64 {
        let (low, high) = ends(self.marks());
        (high - low).max(0.0)
    }
}

/// Returns the lowest and the highest of some numbers; +∞ and −∞ of none.
pub fn ends(numbers: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    numbers
        .into_iter()
        .fold(none, |(low, high), x| (low.min(x), high.max(x)))
}

/// Returns the expected mark of the call at whose log-odds every column is at its mean.
pub fn average(model: &Model) -> f64 {
    let intercepts: Vec<f64> = model.cuts().iter().map(|cut| cut.intercept).collect();
    model.csi(&intercepts)
}

/// Returns the effects of all features of which the file says where their values lay, in the model's
/// order. Words have their levels in any file.
pub fn effects(model: &Model) -> Vec<Effect> {
    let mut from = 0;
    let mut found = Vec::new();
    for input in model.encoder().inputs() {
        let width = input.encoding.width();
        let profiles = &model.metrics().profiles;
        let profile = profiles.iter().find(|p| p.feature == input.feature);
        let at = |value: &Measured| expected(model, input, from, value);
        found.extend(effect(input, profile, at));
        from += width;
    }
    found
}

/// The expected mark of an average call but for one input, whose columns begin at `from`.
fn expected(model: &Model, input: &Input, from: usize, value: &Measured) -> f64 {
    let log_odds: Vec<f64> = (model.cuts().iter())
        .map(|cut| {
            let mut sum = cut.intercept;
            let mut weights = cut.weights.iter().skip(from);
            (input.encoding).encode(value, |x| sum += x * weights.next().unwrap_or(&0.0));
            sum
        })
        .collect();
    model.csi(&log_odds)
}

fn effect(
    input: &Input,
    profile: Option<&Profile>,
    at: impl Fn(&Measured) -> f64,
) -> Option<Effect> {
    let unit = position(&input.feature).map(|i| crate::features::catalogue()[i].unit)?;
    let calls = profile.map_or(0, |p| {
        p.counts
            .iter()
            .fold(0, |sum: u64, n| sum.saturating_add(*n))
    });
    let share = |bin: usize| {
        let count = *profile?.counts.get(bin)?;
        (calls > 0).then(|| count as f64 / calls as f64)
    };
    let number = |x: f64| at(&Ok(Value::Number(x)));
    let (shape, absent) = match &input.encoding {
        Encoding::Number { absent, .. } if unit == Unit::Flag => {
            // Without an edge between them, no and yes lie in one bin.
            let told = profile.filter(|p| p.counts.len() > 2);
            let bars = [(0.0, "no"), (1.0, "yes")].map(|(x, word)| Bar {
                level: Some(word.to_owned()),
                share: told.and_then(|p| share(p.bin(&Ok(Value::Number(x))))),
                csi: number(x),
            });
            (Shape::Bars(bars.to_vec()), absent)
        }
        Encoding::Number {
            transform,
            bends,
            absent,
            ..
        } => {
            let Bins::Number { edges, low, high } = &profile?.bins else {
                return None;
            };
            let (first, last) = (transform.apply(*low), transform.apply(*high));
            let knots: Vec<f64> = (bends.iter())
                .map(|bend| transform.undo(bend.at))
                .filter(|knot| low < knot && knot < high)
                .collect();
            // Even steps of what the model weighs: a long tail is steep at its beginning.
            let mut values: Vec<f64> = (1..POINTS - 1)
                .map(|i| i as f64 / (POINTS - 1) as f64)
                .map(|part| transform.undo(first * (1.0 - part) + last * part))
                .filter(|x| low < x && x < high)
                .chain([*low, *high])
                .chain(knots.iter().copied())
                .collect();
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            let point = |value: f64| Point {
                value,
                csi: number(value),
            };
            let shape = Shape::Curve {
                points: values.into_iter().map(point).collect(),
                knots: knots.into_iter().map(point).collect(),
                deciles: edges.clone(),
            };
            (shape, absent)
        }
        Encoding::Category {
            levels,
            other,
            absent,
        } => {
            let mut bars: Vec<Bar> = (levels.iter())
                .map(|level| Bar {
                    level: Some(level.level.clone()),
                    share: Some(level.share),
                    csi: at(&Ok(Value::Category(level.level.as_str().into()))),
                })
                .collect();
            bars.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
            // A word that is not among the levels.
            let mut unknown = String::from("?");
            while levels.iter().any(|level| level.level == unknown) {
                unknown.push('?');
            }
            bars.extend(other.map(|share| Bar {
                level: None,
                share: Some(share),
                csi: at(&Ok(Value::Category(unknown.as_str().into()))),
            }));
            (Shape::Bars(bars), absent)
        }
    };
    Some(Effect {
        feature: input.feature.clone(),
        unit: unit.symbol(),
        absent_share: share(0).or(*absent),
        absent_csi: absent.map(|_| at(&Err(Absence::NoRecording))),
        shape,
    })
}
