//! What an archive of estimates says: means with their intervals, groups, causes, calls to open.
//!
//! A [`Study`] takes the calls of an archive one by one, as [`CallRow`]s, and gives an [`Analysis`]:
//! plain values that serialise, from which [`report`](crate::report) draws a page.
//!
//! # Conventions
//!
//! * The *estimate* of a call is what the model expects; the *mark* is what the customer said. Figures of
//!   both stand side by side and are never mixed unsaid.
//! * CSI is the mean mark. CSAT is the share of satisfied customers (top box, `satisfied_from` of the
//!   model's scale and up), CDSAT the share of dissatisfied ones (bottom box, up to `dissatisfied_to`).
//!   Of estimates these are means of probabilities, so no threshold is involved.
//! * Intervals are of 95 % unless the name says otherwise. They say how far the figure would stray on
//!   other calls of the same kind; that the model may be wrong of all of them is another matter, which
//!   the surveyed calls show ([`Overview::corrected`]).
//! * A day is a day of the centre's clock: of the times as the table has them, or moved by an offset from
//!   UTC where they tell theirs.
//! * Memory grows with groups and days, not with calls. What needs whole calls (quantiles, regressions) is
//!   computed on a sample of them, the same for any order of the rows: those whose ids have the smallest
//!   hashes. An archive that is no larger than the sample is used whole.
//! * What cannot be said is `None`, where there are several reasons with the one that holds, never 0.

mod analysis;
pub mod compare;
mod contacts;
mod drivers;
mod factors;
mod indicators;
mod kano;
mod linear;
mod moments;
mod open;
mod read;
mod robot;
mod row;
mod sample;
mod shared;
pub mod stats;
mod study;
mod tally;
pub mod triggers;

pub use analysis::{
    Analysis, CalibrationBin, Group, GroupTable, NotGrouped, Overview, Period, ResponseBin, Shrunk,
    SpreadOf, SpreadShare,
};
pub use compare::{Compare, CompareOptions, Comparison};
pub use drivers::{Drivers, FeatureDriver, GroupDriver};
pub use indicators::{Correlation, Indicator, LEAST_DAYS};
pub use kano::{
    ATTRIBUTES, Kano, KanoAttribute, KanoClass, KanoLeftOut, LEAST_ANSWERS, LEAST_IN_END, MATTERS,
};
pub use moments::Moments;
pub use open::{Call, ToOpen};
pub use read::{Archive, Found, ReadOptions, Roles, USUAL_COLUMNS};
pub use robot::{Node, Robot};
pub use row::{CallRow, Estimate, Moment};
pub use shared::{Condition, LEAST_LIFT, Shared, What};
pub use stats::{Figure, Range};
pub use study::{Study, StudyOptions};
pub use tally::{LEAST_MARKS, Scores, Service};
