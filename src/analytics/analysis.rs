//! What an archive says: plain values, all of which serialise.

use super::drivers::Drivers;
use super::indicators::Correlation;
use super::kano::Kano;
use super::open::ToOpen;
use super::robot::Robot;
use super::shared::Shared;
use super::stats::{Figure, Range};
use super::tally::{Scores, Service};
use crate::model::LabelScale;
use serde::Serialize;

/// What an archive says.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Analysis {
    /// The figures of all calls.
    pub overview: Overview,
    /// Each day that has calls.
    pub days: Vec<Period>,
    /// Each week that has calls, from its Monday.
    pub weeks: Vec<Period>,
    /// Of the answered calls, how many were satisfied where so many were expected.
    pub calibration: Vec<CalibrationBin>,
    /// Who answers, by the estimate.
    pub response: Vec<ResponseBin>,
    /// The groups of each column.
    pub columns: Vec<GroupTable>,
    /// What the spread of the estimates is made of.
    pub spread: Vec<SpreadShare>,
    /// What moves the estimates; `None` without the model of the rows.
    pub drivers: Option<Drivers>,
    /// What attributes are to customers; `None` of fewer marks than `kano_wants`.
    pub kano: Option<Kano>,
    /// Answered calls that the split wants.
    pub kano_wants: u64,
    /// What the calls with the lowest estimates share; `None` of too few calls.
    pub lowest: Option<Shared>,
    /// What those with the highest share.
    pub highest: Option<Shared>,
    /// The calls to open.
    pub open: ToOpen,
    /// How the indicators go together over the days.
    pub correlations: Vec<Correlation>,
    /// What the IVR did; `None` where no call met one.
    pub robot: Option<Robot>,
    /// Calls of the sample that drivers and shared conditions stand on …
    pub sampled: u64,
    /// … of so many.
    pub sampled_of: u64,
    /// Answered calls that the Kano split stands on …
    pub answers_sampled: u64,
    /// … of so many.
    pub answers_sampled_of: u64,
    /// Groups of fewer calls are not told: [`StudyOptions::least_calls`](super::StudyOptions::least_calls).
    pub least_calls: u64,
    /// A wait up to this was in time, in seconds.
    pub in_time_s: f64,
    /// Days within which a customer who came back was not helped.
    pub repeat_days: u32,
    /// The scale of the marks.
    pub scale: LabelScale,
}

/// The figures of all calls.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// Calls, the failed ones among them.
    pub calls: u64,
    /// Calls that could not be scored.
    pub failed: u64,
    /// The first day, as `2026-11-21`; `None` where no call tells its time.
    pub first_day: Option<String>,
    /// The last day.
    pub last_day: Option<String>,
    /// What the model expects of all scored calls.
    pub estimated: Scores,
    /// What those who answered said.
    pub surveyed: Scores,
    /// The estimates moved by how they err on the answered calls (prediction-powered inference): what all
    /// customers would say, if those who answer are like the others of the same estimate. `None` of fewer
    /// than [`LEAST_MARKS`](super::LEAST_MARKS) answers.
    pub corrected: Scores,
    /// Valid answers.
    pub answered: u64,
    /// Share of those asked who answered.
    pub response: Option<Figure>,
    /// How the centre served.
    pub service: Service,
}

/// The figures of a day or a week.
#[derive(Clone, Debug, Serialize)]
pub struct Period {
    /// Its first day, as `2026-11-21`.
    pub from: String,
    /// Calls.
    pub calls: u64,
    /// What the model expects.
    pub estimated: Scores,
    /// What those who answered said.
    pub surveyed: Scores,
    /// Share of those asked who answered.
    pub response: Option<Figure>,
    /// How the centre served.
    pub service: Service,
}

/// Answered calls of like probability.
#[derive(Clone, Debug, Serialize)]
pub struct CalibrationBin {
    /// Their mean probability of a satisfied customer.
    pub expected: f64,
    /// The share of them who were.
    pub satisfied: Figure,
}

/// Calls of like estimates.
#[derive(Clone, Debug, Serialize)]
pub struct ResponseBin {
    /// Estimates from this …
    pub from: f64,
    /// … to this.
    pub to: f64,
    /// Share of those asked who answered.
    pub answered: Figure,
}

/// The groups of a column.
#[derive(Clone, Debug, Serialize)]
pub struct GroupTable {
    /// The column.
    pub column: String,
    /// Why there are none.
    pub left_out: Option<NotGrouped>,
    /// Groups with enough calls, the lowest first: by [`Group::minding`], else [`Group::shrunk`].
    pub groups: Vec<Group>,
    /// Groups with too few calls, which are not ranked.
    pub too_few: u64,
    /// Calls in them.
    pub too_few_calls: u64,
    /// Calls without a value.
    pub without: u64,
}

/// Why a column has no groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotGrouped {
    /// No call has a value.
    NoValue,
    /// It has more values than groups are told: it names calls.
    TooManyGroups,
}

/// A group of calls.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Calls.
    pub calls: u64,
    /// What the model expects.
    pub estimated: Scores,
    /// What those who answered said.
    pub surveyed: Scores,
    /// Mean estimate drawn to that of all calls, the more the fewer calls it has.
    pub shrunk: Option<Shrunk>,
    /// The same of a group with the other columns and the week like everybody's; `None` of the columns of the
    /// clock.
    pub minding: Option<Shrunk>,
    /// Mean estimate and calls of each week, from its Monday.
    pub weeks: Vec<(String, f64, u64)>,
    /// Share of those asked who answered.
    pub response: Option<Figure>,
    /// How they were served.
    pub service: Service,
}

/// A mean drawn to the centre.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shrunk {
    /// The mean, in marks.
    pub value: f64,
    /// Where it lies, given the variances.
    #[serde(flatten)]
    pub range: Range,
}

/// A part of the spread of the estimates.
#[derive(Clone, Debug, Serialize)]
pub struct SpreadShare {
    /// What it is between.
    pub of: SpreadOf,
    /// Standard deviation, in marks; `None` of a column that cannot be told from another.
    pub deviation: Option<f64>,
    /// Its share of the variance, `0.0..=1.0`.
    pub share: Option<f64>,
}

/// What a part of the spread is between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadOf {
    /// The groups of a column.
    Column(String),
    /// The weeks.
    Week,
    /// Calls of the same groups.
    Call,
}
