//! From features to the columns a linear model weighs.
//!
//! # Conventions
//!
//! * Every column is *centred*: its mean over the training calls is 0. So the intercept of a model
//!   is the log-odds of an average call, and weight × column is what the column adds to that.
//! * A number becomes (t(x) − mean) / sd, with t the identity or ln(1 + x), and mean and standard
//!   deviation (population, ÷ n) those of t(x) over the training calls *that have the value*. An
//!   absent number stands at 0, the mean: it says nothing by itself.
//! * A number may *bend*: at each knot k, chosen in training, a column max(0, t(x) − k), standardised
//!   like the value. Weighed together they make a curve of straight pieces, with thresholds and
//!   saturation, that a linear model can fit (a hinge basis, or linear spline).
//! * A value beyond those of training counts as the nearest that training had: of what lies farther the
//!   marks told nothing, and a straight line drawn on would tell a lot. Files of version 1 and 2 do not
//!   know where training ended; their lines go on.
//! * That a value is absent is a column of its own, `1 − share` where it is absent and `−share`
//!   where it is not, `share` being that of the training calls without it. There is such a column
//!   only where the training calls had both kinds; and of features that were absent on exactly the
//!   same calls (all that need a transcript, say) only the first has it.
//! * A word becomes one column per level, `1 − share` or `−share`; levels rarer than a set count
//!   share the column *other*. A word never seen in training counts as *other*; where training had
//!   no rare level, it counts as an average call, every column of the feature 0. So does an absent
//!   word where training had none.
//! * A column that is constant over the training calls is dropped, and [`Dropped`] says so.

use crate::error::{Error, ErrorKind, Result};
use crate::features::{Feature, FeatureVector, Kind, Measured, Value, catalogue, position};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A standardised number is held within this many standard deviations. No measured call comes
/// near; the bound keeps every log-odds finite whatever a file or a sensor says.
pub const STANDARD_LIMIT: f64 = 1e6;

/// What is done to a number before it is standardised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Transform {
    /// Nothing.
    #[default]
    Identity,
    /// ln(1 + x): draws in the long tail of waits and lengths. For values from 0 up; training
    /// refuses a negative one, scoring counts it as 0.
    Log1p,
}

impl Transform {
    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Transform::Identity => x,
            Transform::Log1p => x.max(0.0).ln_1p(),
        }
    }

    /// Returns the value that [`apply`](Transform::apply) makes `t` of.
    pub(super) fn undo(self, t: f64) -> f64 {
        match self {
            Transform::Identity => t,
            Transform::Log1p => t.exp_m1(),
        }
    }
}

/// How a number is standardised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Mean of the transformed value over the training calls that have it.
    pub mean: f64,
    /// Its population standard deviation over them, above 0.
    pub sd: f64,
}

/// Where the effect of a number may bend: the column of max(0, t(x) − `at`), standardised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bend {
    /// The knot, in units of the transformed value.
    pub at: f64,
    /// Mean of the column over the training calls that have a value.
    pub mean: f64,
    /// Its population standard deviation over them, above 0.
    pub sd: f64,
}

/// A word that has a column of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The word.
    pub level: String,
    /// Share of the training calls with it, above 0 and below 1.
    pub share: f64,
}

/// How one feature becomes columns, in the order of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Encoding {
    /// Of a number.
    Number {
        /// Done first.
        transform: Transform,
        /// The least and the greatest value of the training calls, transformed; values beyond count as
        /// these. `None` in older files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<(f64, f64)>,
        /// The column of the value; `None` where the value was constant in training.
        value: Option<Standard>,
        /// The columns of its knots, ascending; none where the effect is straight.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bends: Vec<Bend>,
        /// Share of the training calls without a value; `None` where there is no such column.
        absent: Option<f64>,
    },
    /// Of a word.
    Category {
        /// The levels with a column of their own, ascending by their text.
        levels: Vec<Level>,
        /// Share of the training calls with a rare level; `None` where there is no such column.
        other: Option<f64>,
        /// Share of the training calls without a value; `None` where there is no such column.
        absent: Option<f64>,
    },
}

impl Encoding {
    /// Returns the number of columns.
    pub fn width(&self) -> usize {
        let one = |present: bool| usize::from(present);
        match self {
            Encoding::Number {
                value,
                bends,
                absent,
                ..
            } => one(value.is_some()) + bends.len() + one(absent.is_some()),
            Encoding::Category {
                levels,
                other,
                absent,
            } => levels.len() + one(other.is_some()) + one(absent.is_some()),
        }
    }

    /// Gives the columns of `value`, in order, to `emit`: exactly [`Encoding::width`] of them.
    /// A value of the other kind, or a number that is not finite, counts as absent.
    pub(super) fn encode(&self, value: &Measured, mut emit: impl FnMut(f64)) {
        let indicator = |is: bool, share: f64| f64::from(u8::from(is)) - share;
        match self {
            Encoding::Number {
                transform,
                range,
                value: standard,
                bends,
                absent,
            } => {
                let number = match value {
                    Ok(Value::Number(x)) if x.is_finite() => {
                        Some(within(*range, transform.apply(*x)))
                    }
                    _ => None,
                };
                let mut column = |x: Option<f64>, mean: f64, sd: f64| {
                    let limit = STANDARD_LIMIT;
                    emit(x.map_or(0.0, |x| ((x - mean) / sd).clamp(-limit, limit)));
                };
                if let Some(Standard { mean, sd }) = standard {
                    column(number, *mean, *sd);
                }
                for bend in bends {
                    let above = number.map(|x| (x - bend.at).max(0.0));
                    column(above, bend.mean, bend.sd);
                }
                if let Some(share) = absent {
                    emit(indicator(number.is_none(), *share));
                }
            }
            Encoding::Category { .. } => {
                let word = match value {
                    Ok(Value::Category(word)) => Some(word.as_ref()),
                    _ => None,
                };
                self.encode_word(word, emit);
            }
        }
    }

    /// Gives the columns of a word, or of none; nothing of a number.
    pub(super) fn encode_word(&self, word: Option<&str>, mut emit: impl FnMut(f64)) {
        let indicator = |is: bool, share: f64| f64::from(u8::from(is)) - share;
        match self {
            Encoding::Number { .. } => {}
            Encoding::Category {
                levels,
                other,
                absent,
            } => {
                let own = word.and_then(|word| {
                    levels
                        .binary_search_by(|known| known.level.as_str().cmp(word))
                        .ok()
                });
                let pooled = word.is_some() && own.is_none();
                let known = match word {
                    Some(_) => !pooled || other.is_some(),
                    None => absent.is_some(),
                };
                let mut column = |is, share| emit(if known { indicator(is, share) } else { 0.0 });
                for (index, level) in levels.iter().enumerate() {
                    column(own == Some(index), level.share);
                }
                if let Some(share) = other {
                    column(pooled, *share);
                }
                if let Some(share) = absent {
                    column(word.is_none(), *share);
                }
            }
        }
    }

    /// Refuses what [`Encoder::learn`] cannot have made.
    fn check(&self) -> Result<()> {
        let share = |place: &str, share: Option<f64>| match share {
            Some(found) if !(found > 0.0 && found < 1.0) => {
                let wanted = "a share above 0 and below 1";
                Err(Error::new(ErrorKind::IllFormed, place, found, wanted))
            }
            _ => Ok(()),
        };
        match self {
            Encoding::Number {
                range,
                value,
                bends,
                absent,
                ..
            } => {
                share("absent", *absent)?;
                if let Some((low, high)) = range
                    && !(low.is_finite() && high.is_finite() && low <= high)
                {
                    let found = format!("{low} to {high}");
                    let wanted = "two finite numbers, the lesser first";
                    return Err(Error::new(ErrorKind::IllFormed, "range", found, wanted));
                }
                let ill = |place: String, found: f64, wanted: &str| {
                    Err(Error::new(ErrorKind::IllFormed, place, found, wanted))
                };
                let values = value.iter().map(|v| ("value", v.mean, v.sd));
                let bent = bends.iter().map(|bend| ("bends", bend.mean, bend.sd));
                for (place, mean, sd) in values.chain(bent) {
                    if !mean.is_finite() {
                        return ill(format!("{place}.mean"), mean, "a finite number");
                    }
                    if !(sd.is_finite() && sd > 0.0) {
                        return ill(format!("{place}.sd"), sd, "a finite number above 0");
                    }
                }
                if let Some(bend) = bends.iter().find(|bend| !bend.at.is_finite()) {
                    return ill("bends.at".into(), bend.at, "a finite number");
                }
                if let Some(pair) = bends.windows(2).find(|pair| pair[0].at >= pair[1].at) {
                    let wanted = "knots once each, in ascending order";
                    return ill("bends.at".into(), pair[1].at, wanted);
                }
                if value.is_none() && !bends.is_empty() {
                    let found = bends.len() as f64;
                    return ill("bends".into(), found, "no bends where there is no value");
                }
            }
            Encoding::Category {
                levels,
                other,
                absent,
            } => {
                share("other", *other)?;
                share("absent", *absent)?;
                for level in levels {
                    share("levels", Some(level.share))?;
                }
                if let Some(pair) = levels.windows(2).find(|p| p[0].level >= p[1].level) {
                    let found = format!("{:?} before {:?}", pair[0].level, pair[1].level);
                    let wanted = "levels once each, in ascending order";
                    return Err(Error::new(ErrorKind::IllFormed, "levels", found, wanted));
                }
            }
        }
        if self.width() == 0 {
            let wanted = "at least one column";
            return Err(Error::new(ErrorKind::IllFormed, "", "no column", wanted));
        }
        Ok(())
    }
}

/// One feature a model looks at, and how it becomes columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the feature in the catalogue.
    pub feature: String,
    /// Revision of its definition that the model was trained on.
    pub revision: u32,
    /// How it becomes columns.
    pub encoding: Encoding,
}

/// What a column says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// The standardised number.
    Value,
    /// How far the number is above this, standardised.
    Above(String),
    /// That the word is this one.
    Level(String),
    /// That the word is a rare or unknown one.
    Other,
    /// That there is no value.
    Absent,
}

/// One column of the encoded table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The feature it is made from.
    pub feature: &'static Feature,
    /// What it says of the feature.
    pub kind: ColumnKind,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.feature.name;
        match &self.kind {
            ColumnKind::Value => write!(f, "{name}"),
            ColumnKind::Above(knot) => write!(f, "{name} above {knot}"),
            ColumnKind::Level(level) => write!(f, "{name} = {level}"),
            ColumnKind::Other => write!(f, "{name} = (other)"),
            ColumnKind::Absent => write!(f, "{name} absent"),
        }
    }
}

/// A column that training left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The column, or the feature where all of it is left out.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// How features become columns: learned from training calls, the same ever after.
#[derive(Clone, Debug)]
pub struct Encoder {
    inputs: Vec<Input>,
    /// Of each input, its feature and the place of that in the catalogue.
    slots: Vec<(&'static Feature, usize)>,
    width: usize,
}

impl Encoder {
    /// Makes an encoder of inputs learned before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] for the first feature that this build does not measure, or measures
    /// as another kind or revision; [`ErrorKind::IllFormed`] for no input, one given twice, and
    /// figures that cannot be: a share outside (0, 1), a standard deviation that is not positive,
    /// levels out of order.
    pub fn from_inputs(inputs: Vec<Input>) -> Result<Encoder> {
        let ill =
            |found: String, wanted| Err(Error::new(ErrorKind::IllFormed, "inputs", found, wanted));
        if inputs.is_empty() {
            return ill("none".into(), "at least one feature");
        }
        let mut slots = Vec::with_capacity(inputs.len());
        let mut taken = vec![false; catalogue().len()];
        for input in &inputs {
            let (feature, index) = find(&input.feature)?;
            if std::mem::replace(&mut taken[index], true) {
                return ill(format!("{} twice", input.feature), "each feature once");
            }
            let kind = match input.encoding {
                Encoding::Number { .. } => Kind::Number,
                Encoding::Category { .. } => Kind::Category,
            };
            if kind != feature.kind {
                let found = format!("{} as {}", input.feature, kind.name());
                let wanted = format!("{}, as this build measures it", feature.kind.name());
                return Err(Error::new(ErrorKind::Mismatch, "inputs", found, wanted));
            }
            if input.revision != feature.revision {
                let found = format!("{} at revision {}", input.feature, input.revision);
                let wanted = format!("revision {}, which this build measures", feature.revision);
                let hint = if input.revision > feature.revision {
                    "the model was trained by a newer callcsi"
                } else {
                    "the definition has changed since: train the model again"
                };
                return Err(Error::new(ErrorKind::Mismatch, "inputs", found, wanted).hint(hint));
            }
            input
                .encoding
                .check()
                .map_err(|e| e.within(&input.feature).within("inputs"))?;
            slots.push((feature, index));
        }
        let width = inputs.iter().map(|input| input.encoding.width()).sum();
        Ok(Encoder {
            inputs,
            slots,
            width,
        })
    }

    /// Returns the inputs, in column order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Returns the number of columns, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.width);
        for (input, &(feature, _)) in self.inputs.iter().zip(&self.slots) {
            let mut push = |kind| columns.push(Column { feature, kind });
            match &input.encoding {
                Encoding::Number {
                    transform,
                    value,
                    bends,
                    absent,
                    ..
                } => {
                    value.iter().for_each(|_| push(ColumnKind::Value));
                    for bend in bends {
                        let knot = transform.undo(bend.at);
                        push(ColumnKind::Above(
                            format!("{:.4}", knot)
                                .trim_end_matches('0')
                                .trim_end_matches('.')
                                .to_owned(),
                        ));
                    }
                    absent.iter().for_each(|_| push(ColumnKind::Absent));
                }
                Encoding::Category {
                    levels,
                    other,
                    absent,
                } => {
                    for level in levels {
                        push(ColumnKind::Level(level.level.clone()));
                    }
                    other.iter().for_each(|_| push(ColumnKind::Other));
                    absent.iter().for_each(|_| push(ColumnKind::Absent));
                }
            }
        }
        columns
    }

    /// Appends the columns of one call to `row`: [`Encoder::width`] finite numbers.
    pub fn encode(&self, features: &FeatureVector, row: &mut Vec<f64>) {
        for (input, _, value) in self.measured(features) {
            input.encoding.encode(value, |column| row.push(column));
        }
    }

    /// Calls `each` with every input's feature, its value on the call, and the dot product of its
    /// columns with their part of `weights`, in column order. `weights` has [`Encoder::width`].
    pub(super) fn weigh<'a>(
        &self,
        features: &'a FeatureVector,
        weights: &[f64],
        mut each: impl FnMut(&'static Feature, &'a Measured, f64),
    ) {
        let mut weights = weights.iter();
        for (input, feature, value) in self.measured(features) {
            let mut sum = 0.0;
            input.encoding.encode(value, |column| {
                sum += column * weights.next().unwrap_or(&0.0);
            });
            each(feature, value, sum);
        }
    }

    /// The inputs with their features and values on a call.
    fn measured<'a, 's>(
        &'s self,
        features: &'a FeatureVector,
    ) -> impl Iterator<Item = (&'s Input, &'static Feature, &'a Measured)> + use<'a, 's> {
        let values = features.values();
        let slots = self.inputs.iter().zip(&self.slots);
        // A feature vector has one value per catalogue entry, so no slot falls outside it.
        slots.filter_map(move |(input, &(feature, index))| {
            Some((input, feature, values.get(index)?))
        })
    }
}

/// Holds a transformed value within the range of training.
pub(super) fn within(range: Option<(f64, f64)>, t: f64) -> f64 {
    match range {
        // A checked range is in order.
        Some((low, high)) => t.max(low).min(high),
        None => t,
    }
}

/// Finds a feature of this build and its place in the catalogue.
pub(super) fn find(name: &str) -> Result<(&'static Feature, usize)> {
    position(name).map(|i| (&catalogue()[i], i)).ok_or_else(|| {
        let found = format!("{name:?}");
        let wanted = "a feature that this build measures";
        Error::new(ErrorKind::Mismatch, "inputs", found, wanted)
            .hint("is the name misspelt, or the model made by another callcsi?")
    })
}
