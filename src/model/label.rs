//! The customer's mark: its scale, its classes, and whether there is one.
//!
//! # Conventions
//!
//! * A mark is a whole number, as customers press or type it. Averages of marks are not marks.
//! * *Satisfied* is the class that every probability and every metric of this crate is about.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The scale of a survey question, and where satisfaction starts and dissatisfaction ends on it.
///
/// Centres count differently: the two best marks of 1–5 ("top-2 box") or the three best of 0–10
/// are the usual "satisfied", the worst one or two "dissatisfied". What lies between is neutral.
///
/// ```
/// use callcsi::model::{LabelScale, MarkClass};
/// let scale = LabelScale::new(0, 10, 8, 6)?;
/// assert_eq!(scale.class(7)?, MarkClass::Neutral);
/// assert_eq!(
///     LabelScale::ONE_TO_FIVE.class(9).unwrap_err().to_string(),
///     "mark: found 9, wanted a whole number from 1 to 5 (is it a mark of a scale up to 10?)",
/// );
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawScale", into = "RawScale")]
pub struct LabelScale {
    min: i64,
    max: i64,
    satisfied_from: i64,
    dissatisfied_to: i64,
}

/// The scale as it stands in a file, unchecked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScale {
    min: i64,
    max: i64,
    satisfied_from: i64,
    dissatisfied_to: i64,
}

/// What a mark says of the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkClass {
    /// At most [`LabelScale::dissatisfied_to`].
    Dissatisfied,
    /// Between the two.
    Neutral,
    /// At least [`LabelScale::satisfied_from`].
    Satisfied,
}

impl LabelScale {
    /// Marks 1 to 5 with 4 and 5 satisfied, 1 and 2 dissatisfied: the most common question.
    pub const ONE_TO_FIVE: LabelScale = LabelScale {
        min: 1,
        max: 5,
        satisfied_from: 4,
        dissatisfied_to: 2,
    };

    /// No bound of a scale is farther from zero than this: more marks than anyone tells apart.
    pub const MARK_LIMIT: i64 = 1_000;

    /// Makes a scale of the marks `min..=max`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] unless `min ≤ dissatisfied_to < satisfied_from ≤ max`, and all four
    /// within ±[`LabelScale::MARK_LIMIT`].
    pub fn new(
        min: i64,
        max: i64,
        satisfied_from: i64,
        dissatisfied_to: i64,
    ) -> Result<LabelScale> {
        let invalid = |place: &str, found: i64, wanted: String| {
            Err(Error::new(ErrorKind::Invalid, place, found, wanted))
        };
        let limit = LabelScale::MARK_LIMIT;
        if !(-limit..=limit).contains(&min) {
            return invalid("label.min", min, format!("a mark within ±{limit}"));
        }
        if max <= min || max > limit {
            let wanted = format!("a mark above min = {min}, {limit} at most");
            return invalid("label.max", max, wanted);
        }
        if satisfied_from <= min || satisfied_from > max {
            let wanted = format!("a mark above min = {min}, {max} at most");
            return invalid("label.satisfied_from", satisfied_from, wanted);
        }
        if dissatisfied_to < min || dissatisfied_to >= satisfied_from {
            let wanted =
                format!("a mark from min = {min} to below satisfied_from = {satisfied_from}");
            return invalid("label.dissatisfied_to", dissatisfied_to, wanted);
        }
        Ok(LabelScale {
            min,
            max,
            satisfied_from,
            dissatisfied_to,
        })
    }

    /// Returns the lowest mark.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// Returns the highest mark.
    pub fn max(&self) -> i64 {
        self.max
    }

    /// Returns the lowest mark of a satisfied customer.
    pub fn satisfied_from(&self) -> i64 {
        self.satisfied_from
    }

    /// Returns the highest mark of a dissatisfied customer.
    pub fn dissatisfied_to(&self) -> i64 {
        self.dissatisfied_to
    }

    /// Returns what `mark` says of the customer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a mark off the scale, with a hint when it fits another common
    /// scale. A mark is never clipped: a 9 among marks of 1–5 is a wrong table, not a 5.
    pub fn class(&self, mark: i64) -> Result<MarkClass> {
        if !(self.min..=self.max).contains(&mark) {
            let wanted = format!("a whole number from {} to {}", self.min, self.max);
            let error = Error::new(ErrorKind::Invalid, "mark", mark, wanted);
            return Err(match self.likely_mistake(mark) {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
        Ok(if mark >= self.satisfied_from {
            MarkClass::Satisfied
        } else if mark <= self.dissatisfied_to {
            MarkClass::Dissatisfied
        } else {
            MarkClass::Neutral
        })
    }

    /// Guesses which scale a mark off this one belongs to.
    fn likely_mistake(&self, mark: i64) -> Option<&'static str> {
        match mark {
            -9..=-1 | 99 | 999 => Some("is it a code for 'no answer'? Drop such rows"),
            0 if self.min == 1 => {
                Some("is 0 a code for 'no answer', or does the scale start at 0?")
            }
            6..=10 if self.max < 10 => Some("is it a mark of a scale up to 10?"),
            11..=100 if self.max < 100 => Some("is it a mark of a scale up to 100?"),
            _ => None,
        }
    }
}

/// Reads a scale as people write it: `1..5` (satisfied from 4, dissatisfied up to 2), `1..10` or `0..10`
/// (8, 6), or all four bounds, as `1,5,4,2`.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for any other text, and as [`LabelScale::new`].
impl FromStr for LabelScale {
    type Err = Error;

    fn from_str(text: &str) -> Result<LabelScale> {
        let bounds = match text.trim() {
            "1..5" => "1,5,4,2",
            "1..10" => "1,10,8,6",
            "0..10" => "0,10,8,6",
            four => four,
        };
        let bounds = bounds.split(',').map(|bound| bound.trim().parse());
        match bounds
            .collect::<std::result::Result<Vec<i64>, _>>()
            .as_deref()
        {
            Ok(&[min, max, satisfied_from, dissatisfied_to]) => {
                LabelScale::new(min, max, satisfied_from, dissatisfied_to)
            }
            _ => {
                let wanted = "1..5, 1..10, 0..10, or four numbers, as 1,5,4,2";
                let found = format!("{text:?}");
                Err(Error::new(ErrorKind::Invalid, "scale", found, wanted))
            }
        }
    }
}

impl TryFrom<RawScale> for LabelScale {
    type Error = Error;

    fn try_from(raw: RawScale) -> Result<LabelScale> {
        LabelScale::new(raw.min, raw.max, raw.satisfied_from, raw.dissatisfied_to)
    }
}

impl From<LabelScale> for RawScale {
    fn from(scale: LabelScale) -> RawScale {
        RawScale {
            min: scale.min,
            max: scale.max,
            satisfied_from: scale.satisfied_from,
            dissatisfied_to: scale.dissatisfied_to,
        }
    }
}

/// What a model answers.
///
/// Each target is a list of *cuts* of the scale; for each cut `m` the model holds one logistic
/// regression of "the mark is at least `m`": cumulative logits (McCullagh 1980), each with weights of
/// its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Is the customer satisfied? One cut, at [`LabelScale::satisfied_from`].
    #[default]
    Satisfied,
    /// Which mark does the customer give? A cut at each mark above the lowest.
    Marks,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 2] = [Target::Satisfied, Target::Marks];

    /// Returns the marks at which the scale is cut, ascending, each above `scale.min()`.
    pub fn cuts(self, scale: &LabelScale) -> Vec<i64> {
        match self {
            Target::Satisfied => vec![scale.satisfied_from],
            Target::Marks => (scale.min + 1..=scale.max).collect(),
        }
    }

    /// Returns the name used in the model file.
    pub fn name(self) -> &'static str {
        match self {
            Target::Satisfied => "satisfied",
            Target::Marks => "marks",
        }
    }
}

/// What became of the survey after a call. Only [`SurveyStatus::Answered`] comes with a mark.
///
/// The three others differ: who was *not invited* is missing by the centre's choice, who gave *no
/// response* by the customer's, and an *invalid* answer is a mis-keyed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveyStatus {
    /// The customer gave a mark.
    Answered,
    /// The customer was asked and gave none.
    NoResponse,
    /// The customer was not asked.
    NotInvited,
    /// The customer pressed or typed what is no mark.
    Invalid,
}

impl SurveyStatus {
    /// Every status, in the order of the survey's steps.
    pub const ALL: [SurveyStatus; 4] = [
        SurveyStatus::NotInvited,
        SurveyStatus::NoResponse,
        SurveyStatus::Invalid,
        SurveyStatus::Answered,
    ];

    /// Returns the name used in tables: `answered`, `no_response`, `not_invited`, `invalid`.
    pub fn name(self) -> &'static str {
        match self {
            SurveyStatus::Answered => "answered",
            SurveyStatus::NoResponse => "no_response",
            SurveyStatus::NotInvited => "not_invited",
            SurveyStatus::Invalid => "invalid",
        }
    }
}

/// What became of the surveys: how many calls met each [`SurveyStatus`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyCounts {
    /// The customer gave a mark.
    pub answered: u64,
    /// The customer was asked and gave none.
    pub no_response: u64,
    /// The customer was not asked.
    pub not_invited: u64,
    /// The answer is no mark.
    pub invalid: u64,
    /// Neither a mark nor a status: asked or not, nobody knows.
    #[serde(default)]
    pub unstated: u64,
    /// Of the `answered`, those without a status: their mark tells.
    #[serde(default)]
    pub by_mark: u64,
}

impl SurveyCounts {
    /// Returns how many calls were counted.
    pub fn rows(&self) -> u64 {
        let asked = self.answered + self.no_response + self.invalid;
        asked + self.not_invited + self.unstated
    }

    /// Returns the share of those asked who gave a mark, `0.0..=1.0`. `None` when nobody was asked,
    /// and when nobody knows how many were: calls have neither mark nor status, or none has a status, as
    /// in a table of those who answered.
    ///
    /// ```
    /// use callcsi::model::SurveyCounts;
    /// let mut counts = SurveyCounts { answered: 8, no_response: 91, invalid: 1, ..Default::default() };
    /// assert_eq!(counts.response_rate(), Some(0.08));
    /// counts.unstated = 1;
    /// assert_eq!(counts.response_rate(), None);
    /// ```
    pub fn response_rate(&self) -> Option<f64> {
        let asked = self.answered + self.no_response + self.invalid;
        let stated = self.unstated == 0 && self.by_mark < self.rows();
        (asked > 0 && stated).then(|| self.answered as f64 / asked as f64)
    }
}

impl fmt::Display for SurveyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a status by its [name](SurveyStatus::name), spaces around it left aside.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for any other text.
impl FromStr for SurveyStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<SurveyStatus> {
        let found = SurveyStatus::ALL
            .into_iter()
            .find(|status| status.name() == text.trim());
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::Invalid,
                "survey_status",
                format!("{text:?}"),
                "answered, no_response, not_invited or invalid",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_meet_at_the_two_bounds() {
        let classes: Vec<_> = (1..=5)
            .map(|mark| LabelScale::ONE_TO_FIVE.class(mark).unwrap())
            .collect();
        use MarkClass::*;
        assert_eq!(
            classes,
            [Dissatisfied, Dissatisfied, Neutral, Satisfied, Satisfied]
        );
    }

    #[test]
    fn bounds_out_of_order_are_named() {
        for (bounds, place) in [
            ((5, 5, 5, 5), "label.max"),
            ((5, 1, 4, 2), "label.max"),
            ((1, 5, 1, 0), "label.satisfied_from"),
            ((1, 5, 6, 2), "label.satisfied_from"),
            ((1, 5, 4, 4), "label.dissatisfied_to"),
            ((1, 5, 4, 0), "label.dissatisfied_to"),
            ((i64::MIN, i64::MAX, 0, -1), "label.min"),
            ((0, i64::MAX, 4, 2), "label.max"),
        ] {
            let error = LabelScale::new(bounds.0, bounds.1, bounds.2, bounds.3).unwrap_err();
            assert_eq!(error.place(), place, "{bounds:?}");
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        LabelScale::new(0, 1, 1, 0).unwrap();
    }

    #[test]
    fn scales_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<LabelScale>();
        assert_eq!(read("1..5").unwrap(), LabelScale::ONE_TO_FIVE);
        assert_eq!(read(" 1, 5, 4, 2").unwrap(), LabelScale::ONE_TO_FIVE);
        assert_eq!(
            read("0..10").unwrap(),
            LabelScale::new(0, 10, 8, 6).unwrap()
        );
        assert_eq!(
            read("1..10").unwrap(),
            LabelScale::new(1, 10, 8, 6).unwrap()
        );
        for (text, place) in [
            ("1..7", "scale"),
            ("1,5,4", "scale"),
            ("5,1,4,2", "label.max"),
        ] {
            assert_eq!(read(text).unwrap_err().place(), place);
        }
    }

    #[test]
    fn marks_of_another_scale_are_guessed() {
        let scale = LabelScale::ONE_TO_FIVE;
        for (mark, word) in [
            (0, "start at 0"),
            (8, "up to 10"),
            (85, "up to 100"),
            (-1, "no answer"),
            (99, "no answer"),
        ] {
            let error = scale.class(mark).unwrap_err();
            assert!(error.hint_text().unwrap().contains(word), "{error}");
        }
        assert_eq!(scale.class(i64::MIN).unwrap_err().hint_text(), None);
    }

    #[test]
    fn scale_is_checked_when_read() {
        let json = serde_json::to_string(&LabelScale::ONE_TO_FIVE).unwrap();
        assert_eq!(
            json,
            r#"{"min":1,"max":5,"satisfied_from":4,"dissatisfied_to":2}"#
        );
        assert_eq!(
            serde_json::from_str::<LabelScale>(&json).unwrap(),
            LabelScale::ONE_TO_FIVE
        );
        let upside_down = json.replace("\"max\":5", "\"max\":0");
        assert!(serde_json::from_str::<LabelScale>(&upside_down).is_err());
    }

    #[test]
    fn statuses_read_as_they_are_written() {
        for status in SurveyStatus::ALL {
            assert_eq!(status.to_string().parse::<SurveyStatus>().unwrap(), status);
            assert_eq!(
                serde_json::to_value(status).unwrap(),
                serde_json::json!(status.name())
            );
        }
        let error = "skipped".parse::<SurveyStatus>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
