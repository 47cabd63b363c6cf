//! One call, as an archive's results and its manifest tell it.

use crate::call::IvrStep;
use crate::features::{FeatureVector, Value};
use crate::model::SurveyStatus;
use std::fmt;

/// What the model expects of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The expected mark, on the model's scale.
    pub csi: f64,
    /// Probability of a satisfied customer, `0.0..=1.0`.
    pub satisfied: f64,
    /// Probability of a dissatisfied one; `None` of a model that does not tell it.
    pub dissatisfied: Option<f64>,
}

/// A moment on the centre's clock, in seconds since 1970-01-01 00:00 of that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// Seconds of a day.
const DAY: i64 = 86_400;

impl Moment {
    /// Returns the day, counted from 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Returns the hour of the day, 0 to 23.
    pub fn hour(self) -> u8 {
        (self.0.rem_euclid(DAY) / 3_600) as u8
    }

    /// Returns the day of the week, 1 for Monday to 7.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.day() + 3).rem_euclid(7) + 1) as u8
    }

    /// Returns the Monday of the week, counted as [`Moment::day`] does.
    pub fn week(self) -> i64 {
        self.day() - (self.day() + 3).rem_euclid(7)
    }
}

/// Writes a day, counted from 1970-01-01, as `2026-11-21`.
pub(crate) fn date(day: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(day).unwrap_or_default());
    date.map_or_else(|_| day.to_string(), |date| date.to_string())
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.rem_euclid(DAY);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{}T{hours:02}:{minutes:02}:{seconds:02}",
            date(self.day())
        )
    }
}

/// One call of an archive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallRow {
    /// Its row in the manifest.
    pub line: u64,
    /// Its id.
    pub id: String,
    /// What the model expects; `None` when the call could not be scored.
    pub estimate: Option<Estimate>,
    /// The customer's mark, where the survey was answered with a valid one.
    pub mark: Option<i64>,
    /// What became of the survey.
    pub survey: Option<SurveyStatus>,
    /// When the call began.
    pub time: Option<Moment>,
    /// The values of the study's columns, in their order: an operator, a queue.
    pub columns: Vec<Option<String>>,
    /// Who called.
    pub customer: Option<String>,
    /// What was measured.
    pub features: FeatureVector,
    /// Length of the talk with its holds, in seconds.
    pub duration_s: Option<f64>,
    /// The way through the IVR, where it is known node by node.
    pub ivr_steps: Option<Vec<IvrStep>>,
    /// Whether the customer hung up before an agent answered.
    pub abandoned: Option<bool>,
    /// How much of what the customer said to the IVR was recognised rightly, as people labelled it,
    /// `0.0..=1.0`.
    pub recognised: Option<f64>,
    /// What the contact cost, in the centre's money.
    pub cost: Option<f64>,
    /// Whether the contact came to what it was for: a sale, a payment.
    pub converted: Option<bool>,
}

impl CallRow {
    /// Makes a row of which only the id is known.
    pub fn new(id: impl Into<String>) -> CallRow {
        CallRow {
            line: 0,
            id: id.into(),
            estimate: None,
            mark: None,
            survey: None,
            time: None,
            columns: Vec::new(),
            customer: None,
            features: FeatureVector::absent(),
            duration_s: None,
            ivr_steps: None,
            abandoned: None,
            recognised: None,
            cost: None,
            converted: None,
        }
    }

    /// Returns a feature that is a number.
    pub fn number(&self, feature: &str) -> Option<f64> {
        match self.features.get(feature)? {
            Ok(Value::Number(x)) => Some(*x),
            _ => None,
        }
    }

    /// Returns a feature that is a word.
    pub fn word(&self, feature: &str) -> Option<&str> {
        match self.features.get(feature)? {
            Ok(Value::Category(word)) => Some(word),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29 was a Sunday: `date -d 2026-11-29 +%u` says 7; 1795910400 by `date -u -d 2026-11-29 +%s`.
    #[test]
    fn days_and_weeks_are_those_of_the_calendar() {
        let noon = Moment(1_795_910_400 + 12 * 3_600 + 61);
        assert_eq!((noon.weekday(), noon.hour()), (7, 12));
        assert_eq!(noon.to_string(), "2026-11-29T12:01:01");
        assert_eq!(date(noon.week()), "2026-11-23");
        assert_eq!(Moment(-1).to_string(), "1969-12-31T23:59:59");
        assert_eq!(Moment(-1).weekday(), 3);
    }
}
