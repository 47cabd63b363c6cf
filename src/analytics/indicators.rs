//! The complex picture: the indicators of a centre beside each other, and which go together.
//!
//! # Conventions
//!
//! * The days of the archive are compared: of each day every indicator, of each pair the correlation of their
//!   ranks (Spearman) over the days that have both. A day counts when it has enough calls.
//! * Days follow one another, so they are less independent than the intervals take them to be. What goes
//!   together need not cause each other.

use super::stats::{Range, rank_correlation_range};
use super::tally::Tally;
use crate::model::marks::spearman;
use serde::Serialize;

/// Days that a correlation needs.
pub const LEAST_DAYS: usize = 10;

/// An indicator of a centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Indicator {
    /// Mean estimated mark.
    Csi,
    /// Share estimated satisfied.
    Csat,
    /// Share estimated dissatisfied.
    Cdsat,
    /// Share answered in time.
    ServiceLevel,
    /// Mean length of the talk.
    HandleTime,
    /// Share that hung up before an answer.
    Abandonment,
    /// Share after which the customer did not come back.
    FirstContactResolution,
    /// Share of the talk on hold.
    HoldShare,
}

impl Indicator {
    /// Every indicator, in the order they are shown.
    pub const ALL: [Indicator; 8] = [
        Indicator::Csi,
        Indicator::Csat,
        Indicator::Cdsat,
        Indicator::ServiceLevel,
        Indicator::HandleTime,
        Indicator::Abandonment,
        Indicator::FirstContactResolution,
        Indicator::HoldShare,
    ];

    fn of(self, tally: &Tally) -> Option<f64> {
        let service = tally.service();
        match self {
            Indicator::Csi => tally.csi.mean(),
            Indicator::Csat => tally.satisfied.mean(),
            Indicator::Cdsat => tally.dissatisfied.mean(),
            Indicator::ServiceLevel => service.service_level.map(|f| f.value),
            Indicator::HandleTime => service.handle_s.map(|f| f.value),
            Indicator::Abandonment => service.abandonment.map(|f| f.value),
            Indicator::FirstContactResolution => service.first_contact_resolution.map(|f| f.value),
            Indicator::HoldShare => service.hold_share,
        }
    }
}

/// How two indicators go together over the days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// One indicator …
    pub a: Indicator,
    /// … and the other, later in [`Indicator::ALL`].
    pub b: Indicator,
    /// Correlation of their ranks; `None` of fewer than [`LEAST_DAYS`] days, or where one does not vary.
    pub rank: Option<f64>,
    /// Its interval.
    pub range: Option<Range>,
    /// Days that have both.
    pub days: u64,
}

/// Compares the indicators over days of at least so many calls; empty where no pair can be compared.
pub(super) fn correlations<'a>(
    days: impl Iterator<Item = &'a Tally>,
    least: u64,
) -> Vec<Correlation> {
    let days: Vec<[Option<f64>; Indicator::ALL.len()]> = days
        .filter(|tally| tally.calls >= least)
        .map(|tally| Indicator::ALL.map(|indicator| indicator.of(tally)))
        .collect();
    let mut found = Vec::new();
    for (i, a) in Indicator::ALL.into_iter().enumerate() {
        for (j, b) in Indicator::ALL.into_iter().enumerate().skip(i + 1) {
            let pairs: Vec<(f64, f64)> = days.iter().filter_map(|d| d[i].zip(d[j])).collect();
            let enough = pairs.len() >= LEAST_DAYS;
            let rank = enough.then(|| spearman(&pairs)).flatten();
            let days = pairs.len() as u64;
            found.push(Correlation {
                a,
                b,
                rank,
                range: rank.and_then(|r| rank_correlation_range(r, days)),
                days,
            });
        }
    }
    match found.iter().any(|c| c.rank.is_some()) {
        true => found,
        false => Vec::new(),
    }
}
