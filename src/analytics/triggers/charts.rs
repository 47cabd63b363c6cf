//! Control charts: has a figure left the band in which it lay?
//!
//! # Conventions
//!
//! * A *period* is a day or a week of one group: the count, mean and spread of a measure over its calls.
//!   Periods with fewer than [`Chart::smallest`] calls are passed over, as if they were not.
//! * The *baseline* is the first [`Chart::baseline`] periods; it is frozen, and judging starts after it.
//!   With fewer than [`Chart::least`] calls in it nothing is judged.
//! * μ is the baseline's mean over its N calls. σ is the spread of one call: √(μ(1 − μ)) of a 0/1 measure
//!   (the p-chart), else the pooled standard deviation within the baseline's periods (the x̄-chart).
//! * The *score* of a period with n calls is z = (x̄ − μ) / (σ / √n).
//! * Shewhart's charts judge z alone. EWMA (Roberts 1959) judges e = λz + (1 − λ)e, from e = 0 at the end of
//!   the baseline. Its variance is v = λ / (2 − λ) · (1 − (1 − λ)²ᵗ) after t periods, each of variance 1;
//!   with λ = 1 it is z, so both are one computation.
//! * The baseline's own error is the same in all periods and does not average out: with b = λ√n + (1 − λ)b
//!   it adds b² / N to the variance. Of a single period that is n / N.
//! * Days differ by more than their calls explain (weekdays, campaigns, outages). The limits are widened by
//!   the *spread* of the baseline's z, at least 1: see [`Widening`].
//!
//! The limit of the score is then L · spread · √(v + b² / N), and the limit of the measure
//! μ ± L · spread · √(v + b² / N) · σ / √n. Without the widening and with N → ∞ these are the formulas of
//! Montgomery, Introduction to Statistical Quality Control (2019), chapters 6, 7 and 9.
//!
//! # How often they are wrong
//!
//! Measured by `simulated::how_often_charts_are_wrong` on 2,000 groups of 118 days without any lasting change (28
//! of baseline, 90 judged), 100 calls a day on the mean; limits on both sides, L = 3, λ = 0.2. Told is the
//! share of days outside the limits, and how many alerts 20 groups give in 90 days.
//!
//! | calls of a day | chart | not widened | Laney | as here |
//! |---|---|---|---|---|
//! | means, days alike | Shewhart | 0.27 % · 4.9 | 0.19 % · 3.3 | 0.13 % · 2.4 |
//! | | EWMA | 0.28 % · 3.1 | 0.18 % · 2.1 | 0.12 % · 1.4 |
//! | means, days alike, 20 calls | Shewhart | 0.24 % · 4.3 | 0.17 % · 3.0 | 0.11 % · 2.1 |
//! | | EWMA | 0.27 % · 3.0 | 0.18 % · 2.0 | 0.13 % · 1.5 |
//! | shares of 20 %, days alike | Shewhart | 0.30 % · 5.4 | 0.22 % · 3.9 | 0.15 % · 2.7 |
//! | | EWMA | 0.30 % · 3.2 | 0.21 % · 2.4 | 0.15 % · 1.6 |
//! | shares of 10 %, days alike, 20 calls | EWMA | 0.58 % · 5.5 | 0.47 % · 4.4 | 0.34 % · 3.4 |
//! | means, days differ | Shewhart | 8.00 % · 131 | 0.88 % · 15.2 | 0.28 % · 5.0 |
//! | | EWMA | 8.10 % · 59 | 0.84 % · 7.5 | 0.28 % · 2.5 |
//! | means, weekends differ | Shewhart | 3.46 % · 59 | 0.86 % · 15.0 | 0.13 % · 2.4 |
//! | | EWMA | 1.54 % · 19 | 0.31 % · 4.2 | 0.03 % · 0.5 |
//! | shares of 20 %, days differ | Shewhart | 7.92 % · 129 | 0.86 % · 14.9 | 0.28 % · 5.0 |
//! | | EWMA | 8.22 % · 57 | 0.86 % · 8.1 | 0.25 % · 2.6 |
//! | shares of 20 %, weekends differ | Shewhart | 3.79 % · 64 | 1.28 % · 22.1 | 0.31 % · 5.4 |
//! | | EWMA | 1.69 % · 21 | 0.45 % · 5.8 | 0.09 % · 1.2 |
//!
//! Days that differ do so by 0.15 of the spread of one call, weekends by 0.3 of it. What the normal law
//! promises for three standard deviations is 0.27 %. Without widening, days that differ are cried over one time
//! in twelve; Laney's correction alone takes a weekend for news. So the widest is used.

use super::super::Moments;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// How limits are widened where days differ by more than their calls explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Widening {
    /// Not at all.
    #[cfg_attr(not(test), allow(dead_code))]
    None,
    /// By the mean moving range of the baseline's z over 1.128 (Laney 2002). Days that follow each other
    /// are alike where a weekend differs from the week, so this is too little for weekdays.
    #[cfg_attr(not(test), allow(dead_code))]
    Laney,
    /// By the greater of that and of the standard deviation of the baseline's z, and by what Student's t
    /// adds for a spread known from so few periods.
    Widest,
}

/// Which sides of the band count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    pub up: bool,
    pub down: bool,
}

/// Calls of the rarer kind that a p-chart expects of a period it judges: with fewer the normal limits of a
/// binomial count are too near.
pub(super) const EXPECTED: f64 = 5.0;

/// How a measure is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart {
    /// Weight of the latest period in the EWMA; 1 of a Shewhart chart.
    pub lambda: f64,
    /// L: how many standard deviations away the limits are.
    pub limit: f64,
    /// Periods of the baseline.
    pub baseline: usize,
    /// Calls that the baseline must hold.
    pub least: u64,
    /// Calls of a period that counts.
    pub smallest: u64,
    /// Calls of the rarer kind that a period must be expected to have, n · min(μ, 1 − μ), to be judged.
    pub expected: f64,
    /// Periods within the limits that end an alert.
    pub calm: usize,
    pub sides: Sides,
    /// Whether the measure is 0 or 1 on each call.
    pub binary: bool,
    pub widening: Widening,
}

/// What a group was like before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Baseline {
    /// μ.
    pub mean: f64,
    /// σ, the spread of one call.
    pub sigma: f64,
    /// N.
    pub calls: u64,
    pub periods: usize,
    /// By how much the limits are widened, 1 or more.
    pub spread: f64,
}

/// A period that was judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// When it began, in days since 1970.
    pub start: i64,
    pub calls: u64,
    /// x̄.
    pub mean: f64,
    /// z, or e of an EWMA.
    pub score: f64,
    /// Of the score; the band is this far on both sides of 0.
    pub limit: f64,
    /// σ / √n: what a score of 1 is in the measure's unit.
    pub unit: f64,
}

impl Point {
    /// Tells how many limits away it lies: 1 at the limit, negative below the baseline.
    pub fn distance(&self) -> f64 {
        self.score / self.limit
    }
}

/// Why a group is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unjudged {
    TooFewCalls,
    DoesNotVary,
}

/// A group's baseline and what came after.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub baseline: Baseline,
    pub points: Vec<Point>,
}

/// Periods outside the limits with no more than a short calm between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Episode {
    /// The first period outside.
    pub since: i64,
    /// The last one.
    pub until: i64,
    /// Whether it was not yet calm at the end.
    pub still: bool,
    /// How many periods lay outside.
    pub periods: u64,
    /// The farthest.
    pub worst: Point,
}

impl Chart {
    /// Judges a group's periods, which are in order.
    pub fn judge(&self, periods: &[(i64, Moments)]) -> Result<Judged, Unjudged> {
        let counting = periods
            .iter()
            .filter(|(_, m)| m.count() >= self.smallest.max(1));
        let counting: Vec<&(i64, Moments)> = counting.collect();
        let (Some(first), Some(rest)) =
            (counting.get(..self.baseline), counting.get(self.baseline..))
        else {
            return Err(Unjudged::TooFewCalls);
        };
        let baseline = self.baseline_of(first)?;
        let factor = self.limit_of(baseline.periods, baseline.spread);
        let (mut score, mut variance, mut shared) = (0.0, 0.0, 0.0);
        let points = rest.iter().filter_map(|(start, moments)| {
            let n = moments.count() as f64;
            let mean = moments.mean()?;
            if self.binary && n * baseline.mean.min(1.0 - baseline.mean) < self.expected {
                return None;
            }
            let unit = baseline.sigma / n.sqrt();
            let (new, old) = (self.lambda, 1.0 - self.lambda);
            score = new * (mean - baseline.mean) / unit + old * score;
            variance = new * new + old * old * variance;
            shared = new * n.sqrt() + old * shared;
            let error = (variance + shared * shared / baseline.calls as f64).sqrt();
            Some(Point {
                start: *start,
                calls: moments.count(),
                mean,
                score,
                limit: factor * error,
                unit,
            })
        });
        let points: Vec<Point> = points.collect();
        if points.is_empty() && !rest.is_empty() {
            return Err(Unjudged::TooFewCalls);
        }
        Ok(Judged { baseline, points })
    }

    /// L times the spread. A spread above 1 was estimated, and has the limit of Student's t with the same
    /// probability beyond it.
    fn limit_of(&self, periods: usize, spread: f64) -> f64 {
        let estimated = spread > 1.0 && self.widening == Widening::Widest;
        let freedom = periods as f64 - 1.0;
        let t = (estimated && self.limit < 6.0)
            .then(|| StudentsT::new(0.0, 1.0, freedom).ok())
            .flatten()
            .map(|t| -t.inverse_cdf(Normal::standard().cdf(-self.limit)));
        spread * t.unwrap_or(self.limit)
    }

    fn baseline_of(&self, periods: &[&(i64, Moments)]) -> Result<Baseline, Unjudged> {
        let mut all = Moments::default();
        let (mut within, mut freedom) = (0.0, 0.0);
        for (_, moments) in periods {
            all.merge(moments);
            within += moments.squares();
            freedom += moments.count() as f64 - 1.0;
        }
        let mean = match all.mean() {
            Some(mean) if all.count() >= self.least => mean,
            _ => return Err(Unjudged::TooFewCalls),
        };
        let variance = match self.binary {
            true if all.squares() > 0.0 => mean * (1.0 - mean),
            // That none of N calls was one does not say that none will be: half a call is added to each
            // kind.
            true => {
                let share = 0.5 / (all.count() as f64 + 1.0);
                share * (1.0 - share)
            }
            false if freedom > 0.0 => within / freedom,
            false => 0.0,
        };
        // What a sum of equal numbers leaves by rounding is no spread.
        if variance <= (1e-9 * mean).powi(2) {
            return Err(Unjudged::DoesNotVary);
        }
        let sigma = variance.sqrt();
        let z =
            |(_, m): &&(i64, Moments)| Some((m.mean()? - mean) * (m.count() as f64).sqrt() / sigma);
        let z: Vec<f64> = periods.iter().filter_map(z).collect();
        Ok(Baseline {
            mean,
            sigma,
            calls: all.count(),
            periods: periods.len(),
            spread: self.widening.spread(&z),
        })
    }
}

impl Widening {
    /// Returns by how much the limits are widened, given the z of the baseline; 1 or more.
    fn spread(self, z: &[f64]) -> f64 {
        /// d₂ of two draws: the mean range of a pair of normal variables, 2 / √π.
        const RANGE_OF_TWO: f64 = 1.128;
        let ranges: Moments = z.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let moving = ranges.mean().unwrap_or(0.0) / RANGE_OF_TWO;
        let all: Moments = z.iter().copied().collect();
        let spread = match self {
            Widening::None => 1.0,
            Widening::Laney => moving,
            Widening::Widest => moving.max(all.variance().unwrap_or(0.0).sqrt()),
        };
        spread.max(1.0)
    }
}

/// Gathers the points outside the limits; `outside` tells of each, `calm` ends an episode.
pub(super) fn episodes<'a>(
    points: impl IntoIterator<Item = &'a Point>,
    outside: impl Fn(&Point) -> bool,
    calm: usize,
) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    let mut quiet = calm;
    for point in points {
        if !outside(point) {
            quiet = quiet.saturating_add(1);
            if let Some(last) = found.last_mut().filter(|_| quiet >= calm) {
                last.still = false;
            }
            continue;
        }
        match found.last_mut().filter(|last| last.still) {
            Some(last) => {
                last.until = point.start;
                last.periods += 1;
                if point.distance().abs() > last.worst.distance().abs() {
                    last.worst = *point;
                }
            }
            None => found.push(Episode {
                since: point.start,
                until: point.start,
                still: true,
                periods: 1,
                worst: *point,
            }),
        }
        quiet = 0;
    }
    found
}

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;
