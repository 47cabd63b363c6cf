//! Two recordings of one call, two clocks: how far apart they run, by what leaks from one into the other.
//!
//! A call of two mono files was written by two recorders. They may have started at moments other than
//! the manifest says, and their sample clocks differ: crystals by tens of parts per million, a softphone
//! beside a gateway by hundreds, a header that says 8,000 Hz of 8,012 by 1,500. Where the voice of one
//! side is heard on the other's recording, faint and late, its *lag* tells: where it grows, one clock
//! runs fast; where a voice is heard before it is spoken, the offset is wrong.
//!
//! # How
//!
//! 1. **Windows.** Of every 5.12 s of a side in which it sounds, the rises and falls of its levels in four
//!    groups of bands are correlated with those of the other side, up to 5.12 s earlier and later. The
//!    best lag is kept when it correlates enough.
//! 2. **Line.** lag = lag at the start + drift · t: the line through two of the points that has the most
//!    points within 20 ms (all pairs of the best 64: a RANSAC that leaves nothing to chance), then least
//!    squares through those. It counts when so many points in line are no chance: of points strewn at
//!    random fewer than one call in ten thousand has them.
//! 3. **Offset.** How long a leak takes by itself is not known. It takes no less than nothing, and no
//!    more than half a second ([`LONGEST_LEAK_S`]): the offset is known within that. Where both ways
//!    leak, both must hold.
//!
//! # Conventions
//!
//! * Levels are of the front end's bands, every 10 ms; instants and lags are on the call clock, the
//!   customer's recording shifted by the offset that the manifest gives. Without any blocks: frames come
//!   one by one.
//! * The agent's clock is the reference. An offset is positive where the customer's recording is late,
//!   a drift where it becomes later, which is to say that its clock runs fast.
//! * Memory is 15 s of levels, and a point for every 5 s.
//!
//! # What it does not do
//!
//! It mends nothing: the recording is measured as it was given. Without a leak it knows nothing. It does
//! not see offsets of more than 5 s, nor a drift above 0.4 %.

use super::front::{BANDS, Bands, FLOOR_DBFS, FRAMES_PER_S};
use crate::call::{Side, Sides};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::fmt;
use std::sync::Arc;

/// Frames of a window of the source: 5.12 s.
const WINDOW: usize = 512;
/// Frames by which the other side is looked at before it and after it.
const REACH: usize = 512;
/// Frames of both sides that a window needs, and length of the transform: within it no lag wraps.
const SPAN: usize = WINDOW + 2 * REACH;

/// Groups of four bands, whose loudest is followed: colour does not move the rises of a group.
const GROUPS: usize = 4;
/// A rise is the level 20 ms later less that 20 ms before: an onset …
const RISE: usize = 2;
/// … in dB, and at most this much: one stop after digital silence would outweigh all else.
const RISE_MAX_DB: f32 = 12.0;
/// Levels count from so far above what a tenth of the frames do not reach, in dB: a tenth of noise in
/// a band of three bins lies some 5 dB below its mean.
const NOISE_SHARE: f64 = 0.1;
const ABOVE_NOISE_DB: f32 = 9.0;
/// No noise is below this, in dBFS per band.
const NOISE_MIN_DBFS: f32 = -86.0;
/// A leak is at most so loud, in dB below what a twentieth of the source's frames exceed: what is louder
/// is a voice of the channel's own.
const LOUD_SHARE: f64 = 0.95;
const BELOW_SOURCE_DB: f32 = 3.0;

/// What is added to the sums of squares, in dB²: as much as half a second of speech brings.
const LITTLE: f32 = 3_000.0;
/// A window with less than this of its own, in dB², has no voice.
const LEAST: f32 = 3_000.0;
/// A lag is kept from this correlation on.
const KEPT: f32 = 0.2;

/// How far from the line a point may lie, in frames.
const NEAR: f64 = 2.0;
/// The steepest line: 4,000 ppm, frames per frame.
const STEEPEST: f64 = 0.004;
/// Points from which lines are drawn.
const DRAWN: usize = 64;
/// Points that a line has at least …
const LEAST_POINTS: usize = 5;
/// … and a share of all: where most lags lie elsewhere they are no leak's.
const LEAST_SHARE: f64 = 0.25;
/// How many lines of so many points chance may draw.
const CHANCE: f64 = 1e-4;
/// A drift is told from this error down, one standard deviation, in ppm: over ten minutes 60 ms.
const DRIFT_ERROR_PPM: f64 = 100.0;
/// The error of a lag, at least, in frames: they are read off frames.
const LEAST_ERROR: f64 = 0.3;

/// How late a leak may come by itself, in seconds: a headset at once, an echo of a mobile or a satellite
/// line after up to half a second (ITU-T G.114 has 0.26 s for a satellite's one way, and an echo goes
/// both).
pub const LONGEST_LEAK_S: f64 = 0.5;
/// … and how early, in seconds: frames do not tell less.
const EARLIEST_LEAK_S: f64 = 0.02;

/// How the clocks of two recordings stand to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Clocks {
    /// The least offset by which the customer's recording must be late (early, where negative) at the
    /// start of the call, in seconds: 0 where the leaks are as late as leaks may be.
    pub offset_s: f64,
    /// By how much the customer's clock runs fast, in parts per million; `None` where it is not known
    /// to 100 ppm.
    pub drift_ppm: Option<f64>,
    /// One standard deviation of it, in parts per million.
    pub drift_error_ppm: f64,
    /// What the leak into each side tells; `None` where there is none.
    pub leaks: Sides<Option<Leak>>,
}

/// The lag of a leak over a call.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Leak {
    /// How much later than it is spoken it is heard at the start of the call, in seconds.
    pub lag_s: f64,
    /// By how much the lag grows, in parts per million …
    pub growth_ppm: f64,
    /// … and one standard deviation of that.
    pub error_ppm: f64,
    /// Windows whose lag lies in line …
    pub windows: usize,
    /// … of so many that have one.
    pub of: usize,
    /// Root mean square of what they lie beside the line, in milliseconds.
    pub residual_ms: f64,
}

/// Finds [`Clocks`] frame by frame.
#[derive(Clone)]
pub(super) struct ClockMeter {
    fft: Arc<dyn Fft<f32>>,
    back: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Frames taken, without the silence before and after.
    frames: usize,
    /// The first frame of the next window.
    next: usize,
    /// The levels of the groups, from `REACH` frames before the next window on.
    levels: Sides<Vec<[f32; GROUPS]>>,
    /// The lags of the leak into each side.
    points: Sides<Vec<Point>>,
}

/// The best lag of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// Where its sound has its middle, and by how much it is heard later, in frames.
    at: f64,
    lag: f64,
    correlation: f32,
}

impl fmt::Debug for ClockMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockMeter")
            .field("points", &self.points)
            .finish_non_exhaustive()
    }
}

impl ClockMeter {
    /// Starts a call.
    pub(super) fn new() -> ClockMeter {
        let mut planner = FftPlanner::new();
        let fft = planner.plan_fft_forward(SPAN);
        let back = planner.plan_fft_inverse(SPAN);
        let scratch = fft
            .get_inplace_scratch_len()
            .max(back.get_inplace_scratch_len());
        ClockMeter {
            fft,
            back,
            scratch: vec![Complex::default(); scratch],
            frames: 0,
            next: 0,
            levels: Sides::from_fn(|_| vec![[FLOOR_DBFS; GROUPS]; REACH]),
            points: Sides::default(),
        }
    }

    /// Takes the next frame of both sides: the levels of their bands in dBFS.
    pub(super) fn push(&mut self, agent: &Bands, customer: &Bands) {
        self.frames += 1;
        self.take(agent, customer);
    }

    fn take(&mut self, agent: &Bands, customer: &Bands) {
        self.levels.agent.push(groups(agent));
        self.levels.customer.push(groups(customer));
        if self.levels.agent.len() == SPAN {
            self.window();
        }
    }

    /// Ends the call; `None` where no leak tells of the clocks.
    pub(super) fn finish(mut self) -> Option<Clocks> {
        let silence = [FLOOR_DBFS; BANDS];
        while self.next < self.frames {
            self.take(&silence, &silence);
        }
        Clocks::of(self.points.map(|points| line(&points)))
    }

    /// Finds the lags of the window whose surroundings are complete.
    fn window(&mut self) {
        let sides = Sides::from_fn(|side| Moves::of(self.levels.get(side)));
        let mut both = vec![Complex::default(); SPAN];
        let mut cross = [both.clone(), both.clone()];
        for (side, cross) in Side::BOTH.into_iter().zip(&mut cross) {
            let (source, heard) = (sides.get(side.other()), sides.get(side));
            for g in 0..GROUPS {
                let loudest = source.loud[g] - BELOW_SOURCE_DB;
                for (n, z) in both.iter_mut().enumerate() {
                    let of_source = (REACH..REACH + WINDOW).contains(&n);
                    let x = if of_source { source.rises[g][n] } else { 0.0 };
                    *z = Complex::new(x, heard.below(g, n, loudest));
                }
                self.fft.process_with_scratch(&mut both, &mut self.scratch);
                // Z = X + i Y of two real sequences: 2 X(k) = Z(k) + Z*(−k), 2 i Y(k) = Z(k) − Z*(−k).
                for (k, cross) in cross.iter_mut().enumerate() {
                    let (z, mirror) = (both[k], both[(SPAN - k) % SPAN].conj());
                    let (x, y) = (z + mirror, (z - mirror) * Complex::new(0.0, -1.0));
                    *cross += x.conj() * y / (4.0 * SPAN as f32);
                }
            }
        }
        // Both are transforms of real sequences: one comes back as the real part, one as the other.
        let [first, second] = &cross;
        for (z, (a, b)) in both.iter_mut().zip(first.iter().zip(second)) {
            *z = a + b * Complex::new(0.0, 1.0);
        }
        self.back.process_with_scratch(&mut both, &mut self.scratch);
        for (i, side) in Side::BOTH.into_iter().enumerate() {
            let sum = |lag: isize| {
                let z = both[lag.rem_euclid(SPAN as isize) as usize];
                [z.re, z.im][i]
            };
            let point = best(sides.get(side.other()), sides.get(side), sum);
            self.points.get_mut(side).extend(point.map(|point| Point {
                at: point.at + self.next as f64 - REACH as f64,
                ..point
            }));
        }
        self.next += WINDOW;
        for side in Side::BOTH {
            self.levels.get_mut(side).drain(..WINDOW);
        }
    }
}

/// Returns the loudest band of each group.
fn groups(bands: &Bands) -> [f32; GROUPS] {
    let width = BANDS / GROUPS;
    // Whatever comes, levels are numbers: `max` takes the other where one is none.
    std::array::from_fn(|g| {
        let four = bands[g * width..(g + 1) * width].iter().copied();
        four.fold(FLOOR_DBFS, f32::max).min(20.0)
    })
}

/// How a side's levels move over a span.
#[derive(Debug)]
struct Moves {
    levels: [Vec<f32>; GROUPS],
    rises: [Vec<f32>; GROUPS],
    /// What no level is below.
    floors: [f32; GROUPS],
    /// The level that a twentieth of the frames of the middle window exceed.
    loud: [f32; GROUPS],
}

impl Moves {
    fn of(frames: &[[f32; GROUPS]]) -> Moves {
        let floors: [f32; GROUPS] = std::array::from_fn(|g| {
            let noise = quantile(frames.iter().map(|frame| frame[g]), NOISE_SHARE);
            noise.max(NOISE_MIN_DBFS) + ABOVE_NOISE_DB
        });
        let levels: [Vec<f32>; GROUPS] = std::array::from_fn(|g| {
            let levels = frames.iter().map(|frame| frame[g].max(floors[g]));
            levels.collect()
        });
        let rises = std::array::from_fn(|g| {
            let levels = &levels[g];
            let last = levels.len() - 1;
            let rise = |i: usize| levels[(i + RISE).min(last)] - levels[i.saturating_sub(RISE)];
            let rises = (0..levels.len()).map(|i| rise(i).clamp(-RISE_MAX_DB, RISE_MAX_DB));
            rises.collect()
        });
        let loud = std::array::from_fn(|g| {
            let window = levels[g][REACH..REACH + WINDOW].iter().copied();
            quantile(window, LOUD_SHARE)
        });
        Moves {
            levels,
            rises,
            floors,
            loud,
        }
    }

    /// Returns a rise where the level is below `loudest`, else nothing.
    fn below(&self, g: usize, n: usize, loudest: f32) -> f32 {
        if self.levels[g][n] < loudest {
            self.rises[g][n]
        } else {
            0.0
        }
    }
}

/// Returns the value that the share `below` does not reach.
fn quantile(values: impl Iterator<Item = f32>, below: f64) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let at = (values.len() as f64 * below) as usize;
    let at = at.min(values.len().saturating_sub(1));
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Returns the best lag of a window, whose `sum` of products at each lag is given.
fn best(source: &Moves, heard: &Moves, sum: impl Fn(isize) -> f32) -> Option<Point> {
    let squares = |n: usize| -> f32 { source.rises.iter().map(|r| r[n] * r[n]).sum() };
    let (mut own, mut moment) = (0.0, 0.0);
    for n in REACH..REACH + WINDOW {
        own += squares(n);
        moment += f64::from(squares(n)) * n as f64;
    }
    if own < LEAST {
        return None;
    }
    // Sums of the squares of what is heard, up to each frame.
    let mut until = vec![0.0; SPAN + 1];
    for n in 0..SPAN {
        let square = |g: usize| {
            let rise = heard.below(g, n, source.loud[g] - BELOW_SOURCE_DB);
            f64::from(rise * rise)
        };
        until[n + 1] = until[n] + (0..GROUPS).map(square).sum::<f64>();
    }
    let correlation = |lag: isize| {
        let from = (REACH as isize + lag) as usize;
        let squares = (until[from + WINDOW] - until[from]) as f32;
        sum(lag) / ((own + LITTLE) * (squares + LITTLE)).sqrt()
    };
    let reach = REACH as isize;
    let lags = -reach + 1..reach;
    let (lag, highest) = lags
        .map(|lag| (lag, correlation(lag)))
        .reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    // A source hears its own leak too: of the two, the louder is the source.
    if highest < KEPT || louder(heard, source, lag) > -BELOW_SOURCE_DB {
        return None;
    }
    // The top of the parabola through the best and its neighbours.
    let (before, after) = (correlation(lag - 1), correlation(lag + 1));
    let bend = before - 2.0 * highest + after;
    let beside = if bend < 0.0 {
        (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    Some(Point {
        at: moment / f64::from(own),
        lag: lag as f64 + f64::from(beside),
        correlation: highest,
    })
}

/// Returns how much louder the side that hears is where the source sounds, at this lag: the median, in
/// dB.
fn louder(heard: &Moves, source: &Moves, lag: isize) -> f32 {
    let mut differences = Vec::new();
    for (heard, (source, floor)) in
        (heard.levels.iter()).zip(source.levels.iter().zip(source.floors))
    {
        for n in (REACH..REACH + WINDOW).filter(|n| source[*n] > floor) {
            differences.push(heard[(n as isize + lag) as usize] - source[n]);
        }
    }
    if differences.is_empty() {
        return f32::INFINITY;
    }
    quantile(differences.into_iter(), 0.5)
}

/// Returns the line that the points lie on, if they do.
fn line(points: &[Point]) -> Option<Leak> {
    let mut drawn: Vec<&Point> = points.iter().collect();
    // Stable: of equal ones the earlier.
    drawn.sort_by(|a, b| b.correlation.total_cmp(&a.correlation));
    drawn.truncate(DRAWN);
    let near = |start: f64, slope: f64| {
        let off = move |p: &&Point| (p.lag - start - slope * p.at).abs() <= NEAR;
        points.iter().filter(off)
    };
    let mut most = (0, 0.0, 0.0);
    for (i, a) in drawn.iter().enumerate() {
        for b in &drawn[i + 1..] {
            let slope = (b.lag - a.lag) / (b.at - a.at);
            // Of the same instant there are no two.
            if slope.abs() > STEEPEST || !slope.is_finite() {
                continue;
            }
            let start = a.lag - slope * a.at;
            let count = near(start, slope).count();
            if count > most.0 {
                most = (count, start, slope);
            }
        }
    }
    let (mut start, mut slope) = (most.1, most.2);
    let mut fit = None;
    for _ in 0..3 {
        let inside: Vec<Point> = near(start, slope).copied().collect();
        let squares = Squares::through(&inside)?;
        (start, slope) = (squares.start, squares.slope);
        fit = Some(squares);
    }
    let fit = fit?;
    let enough = fit.count >= LEAST_POINTS
        && fit.count as f64 >= LEAST_SHARE * points.len() as f64
        && by_chance(fit.count, points.len()) <= CHANCE;
    let seconds = |frames: f64| frames / FRAMES_PER_S as f64;
    enough.then(|| Leak {
        lag_s: seconds(fit.start),
        growth_ppm: 1e6 * fit.slope,
        error_ppm: 1e6 * fit.error,
        windows: fit.count,
        of: points.len(),
        residual_ms: 1e3 * seconds(fit.residual),
    })
}

/// The line of least squares through some points.
#[derive(Clone, Copy, Debug)]
struct Squares {
    count: usize,
    start: f64,
    slope: f64,
    /// Standard deviation of the slope.
    error: f64,
    /// Root mean square beside the line.
    residual: f64,
}

impl Squares {
    fn through(points: &[Point]) -> Option<Squares> {
        let count = points.len();
        if count < 3 {
            return None;
        }
        let n = count as f64;
        let mean = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (at, lag) = (mean(|p| p.at), mean(|p| p.lag));
        let (mut spread, mut moment) = (0.0, 0.0);
        for p in points {
            spread += (p.at - at) * (p.at - at);
            moment += (p.at - at) * (p.lag - lag);
        }
        if spread <= 0.0 {
            return None;
        }
        let slope = moment / spread;
        let start = lag - slope * at;
        let beside = |p: &Point| (p.lag - start - slope * p.at).powi(2);
        let sum: f64 = points.iter().map(beside).sum();
        let deviation = (sum / (n - 2.0)).sqrt().max(LEAST_ERROR);
        Some(Squares {
            count,
            start,
            slope,
            error: deviation / spread.sqrt(),
            residual: (sum / n).sqrt(),
        })
    }
}

/// Returns how many lines of `count` points chance draws through `of` that are strewn over all lags:
/// the number of choices, of which two points draw the line and the others must lie near it.
fn by_chance(count: usize, of: usize) -> f64 {
    let share = 2.0 * NEAR / (2 * REACH) as f64;
    let choices: f64 = (0..count)
        .map(|i| ((of - i) as f64 / (count - i) as f64).ln())
        .sum();
    (choices + (count as f64 - 2.0) * share.ln()).exp()
}

impl Clocks {
    /// Puts together what the leak into each side tells.
    fn of(leaks: Sides<Option<Leak>>) -> Option<Clocks> {
        // What the agent says is heard by the customer's recording after offset + delay, what the
        // customer says by the agent's after delay − offset.
        let into_customer = leaks.customer.map(|leak| {
            let offset = leak.lag_s - LONGEST_LEAK_S..leak.lag_s + EARLIEST_LEAK_S;
            (leak.growth_ppm, leak.error_ppm, offset, leak.windows)
        });
        let into_agent = leaks.agent.map(|leak| {
            let offset = -leak.lag_s - EARLIEST_LEAK_S..-leak.lag_s + LONGEST_LEAK_S;
            (-leak.growth_ppm, leak.error_ppm, offset, leak.windows)
        });
        let (drift, error, offset) = match (into_customer, into_agent) {
            (Some(a), Some(b)) => {
                let both = a.2.start.max(b.2.start)..a.2.end.min(b.2.end);
                let apart = (a.0 - b.0).abs() > 4.0 * (a.1 * a.1 + b.1 * b.1).sqrt();
                if apart || both.start > both.end {
                    // They contradict each other: the one with more windows is believed.
                    let (drift, error, offset, _) = if b.3 > a.3 { b } else { a };
                    (drift, error, offset)
                } else {
                    let (wa, wb) = (a.1.powi(-2), b.1.powi(-2));
                    let drift = (a.0 * wa + b.0 * wb) / (wa + wb);
                    (drift, (wa + wb).powf(-0.5), both)
                }
            }
            (Some(one), None) | (None, Some(one)) => (one.0, one.1, one.2),
            (None, None) => return None,
        };
        Some(Clocks {
            offset_s: 0f64.clamp(offset.start, offset.end),
            drift_ppm: (error <= DRIFT_ERROR_PPM).then_some(drift),
            drift_error_ppm: error,
            leaks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Block;
    use crate::settings::{AnalysisSettings, DetectorKind};
    use crate::vad::Listener;

    /// Numbers without a pattern, from 0 to 1 (Knuth's MMIX generator).
    struct Chance(u64);

    impl Chance {
        fn next(&mut self) -> f64 {
            let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = next.wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// A voice as its syllables: instant in s, and the level of each band at its loudest in dBFS.
    struct Voice(Vec<(f64, [f64; BANDS])>);

    /// Two voices that take turns of 2 to 6 s, some five syllables a second.
    fn voices(seconds: f64, seed: u64) -> Sides<Voice> {
        let mut chance = Chance(seed);
        let mut sides = Sides::from_fn(|_| Voice(Vec::new()));
        let (mut at, mut side) = (1.0, Side::Agent);
        while at < seconds {
            let end = at + 2.0 + 4.0 * chance.next();
            while at < end {
                let levels = std::array::from_fn(|_| -45.0 + 20.0 * chance.next());
                sides.get_mut(side).0.push((at, levels));
                at += 0.12 + 0.16 * chance.next();
            }
            at += 0.4;
            side = side.other();
        }
        sides
    }

    impl Voice {
        /// The powers of the bands at an instant, in s: each syllable falls by 30 dB in 0.1 s.
        fn powers(&self, t: f64) -> [f64; BANDS] {
            let near = self.0.partition_point(|(at, _)| *at < t - 0.2);
            let near = self.0[near..].iter().take_while(|(at, _)| *at < t + 0.2);
            near.fold([0.0; BANDS], |sum, (at, levels)| {
                std::array::from_fn(|b| {
                    sum[b] + 10f64.powf(0.1 * (levels[b] - 300.0 * (t - at).abs()))
                })
            })
        }
    }

    fn dbfs(powers: [f64; BANDS]) -> Bands {
        powers.map(|p| (10.0 * (p + 1e-9).log10()) as f32)
    }

    /// Clocks of a call of so many seconds. The customer's recording shows the instant t at
    /// t (1 + drift) + offset; each side is heard on the other's so many dB down, the agent 30 ms and
    /// the customer 80 ms late.
    fn clocks(seconds: f64, drift_ppm: f64, offset: f64, gain_db: f64) -> Option<Clocks> {
        let voices = voices(seconds, 7);
        let gain = 10f64.powf(0.1 * gain_db);
        let mixed = |own: &Voice, other: &Voice, t: f64, late: f64| {
            let (own, other) = (own.powers(t), other.powers(t - late));
            dbfs(std::array::from_fn(|b| own[b] + gain * other[b]))
        };
        let mut meter = ClockMeter::new();
        for n in 0..(seconds * 100.0) as usize {
            let t = n as f64 / 100.0;
            let there = (t - offset) / (1.0 + 1e-6 * drift_ppm);
            let agent = mixed(&voices.agent, &voices.customer, t, 0.08);
            let customer = mixed(&voices.customer, &voices.agent, there, 0.03);
            meter.push(&agent, &customer);
        }
        meter.finish()
    }

    #[test]
    fn drift_and_offset_are_those_that_were_made() {
        for (drift, offset) in [(0.0, 0.0), (150.0, -1.5), (-1_500.0, 2.0), (40.0, 0.0)] {
            let found = clocks(300.0, drift, offset, -30.0).unwrap();
            let error = found.drift_error_ppm;
            assert!(error < 15.0, "{drift}: {found:?}");
            let off = (found.drift_ppm.unwrap() - drift).abs();
            assert!(off < 3.0 * error, "{drift}: {found:?}");
            // What leaks into the customer's has its lag at the start.
            let lag = found.leaks.customer.unwrap().lag_s;
            assert!((lag - (0.03 + offset)).abs() < 0.01, "{lag}");
            let lag = found.leaks.agent.unwrap().lag_s;
            assert!((lag - (0.08 - offset)).abs() < 0.01, "{lag}");
            // The agent is heard at offset + 30 ms and the customer at 80 ms − offset. Both are 0 to
            // 0.5 s late, give or take 20 ms, with offsets from offset − 80 − 20 ms to offset + 30 +
            // 20 ms: of them the least.
            let least = if offset > 0.0 {
                offset - 0.1
            } else if offset < 0.0 {
                offset + 0.05
            } else {
                0.0
            };
            assert!((found.offset_s - least).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn without_a_leak_nothing_is_known() {
        assert_eq!(clocks(600.0, 0.0, 0.0, -200.0), None);
        assert_eq!(clocks(600.0, 300.0, -3.0, -200.0), None);
        assert_eq!(clocks(0.0, 0.0, 0.0, -20.0), None);
        // Three windows are too few.
        assert_eq!(clocks(16.0, 0.0, 0.0, -20.0), None);
    }

    #[test]
    fn of_a_short_call_the_offset_is_known_and_the_drift_roughly() {
        let found = clocks(90.0, 200.0, -2.0, -20.0).unwrap();
        // As above: offset + 30 + 20 ms.
        assert!((found.offset_s + 1.95).abs() < 0.02, "{found:?}");
        let drift = found.drift_ppm.unwrap();
        assert!(
            (drift - 200.0).abs() < 3.0 * found.drift_error_ppm,
            "{found:?}"
        );
    }

    #[test]
    fn what_both_leaks_tell_is_put_together() {
        let leak = |lag_s: f64, growth_ppm: f64, error_ppm: f64, windows: usize| Leak {
            lag_s,
            growth_ppm,
            error_ppm,
            windows,
            of: windows,
            residual_ms: 1.0,
        };
        let of = |agent, customer| Clocks::of(Sides { agent, customer });
        assert_eq!(of(None, None), None);
        // Heard 0.7 s late: 0.5 s may be the leak's own.
        let found = of(None, Some(leak(0.7, 50.0, 10.0, 9))).unwrap();
        assert!((found.offset_s - 0.2).abs() < 1e-12);
        assert_eq!(found.drift_ppm, Some(50.0));
        // The agent's recording hears the customer: the other way round.
        let found = of(Some(leak(0.7, 50.0, 101.0, 9)), None).unwrap();
        assert!((found.offset_s + 0.2).abs() < 1e-12);
        assert_eq!(found.drift_ppm, None);
        // Weights of 1/100 and 1/400: (40 · 4 + 90) / 5 = 50; 1 / √(1/100 + 1/400) = 8.94.
        let found = of(
            Some(leak(0.1, -90.0, 20.0, 5)),
            Some(leak(0.2, 40.0, 10.0, 5)),
        )
        .unwrap();
        assert_eq!(found.offset_s, 0.0);
        assert!((found.drift_ppm.unwrap() - 50.0).abs() < 1e-9);
        assert!((found.drift_error_ppm - 8.944).abs() < 1e-3);
        // They contradict each other: nine windows are believed, and not five.
        let found = of(
            Some(leak(0.1, 900.0, 10.0, 5)),
            Some(leak(-3.0, 40.0, 10.0, 9)),
        )
        .unwrap();
        assert_eq!(found.drift_ppm, Some(40.0));
        assert!((found.offset_s + 2.98).abs() < 1e-12);
    }

    #[test]
    fn blocks_of_any_size_give_the_same() {
        const RATE: usize = 8_000;
        // Bursts of noise as syllables, 60 s; what the agent says is heard 20 ms later by the customer.
        let voices = voices(60.0, 3);
        let mut chance = Chance(1);
        let mut sound = |voice: &Voice| -> Vec<f32> {
            let mut samples = Vec::new();
            for n in 0..60 * RATE {
                let t = n as f64 / RATE as f64;
                if n % 80 == 0 {
                    samples.push(voice.powers(t)[0].sqrt());
                } else if let Some(last) = samples.last() {
                    samples.push(*last);
                }
            }
            samples
                .iter()
                .map(|level| (4.0 * level * (chance.next() - 0.5)) as f32)
                .collect()
        };
        let agent = sound(&voices.agent);
        let mut customer = sound(&voices.customer);
        for (sample, leak) in customer[160..].iter_mut().zip(&agent) {
            *sample += 0.1 * leak;
        }
        let settings = AnalysisSettings {
            detector: DetectorKind::Energy,
            ..AnalysisSettings::default()
        };
        let heard = |block: usize| {
            let mut listener = Listener::new(&settings, RATE as u32).unwrap();
            listener = listener.with_two_clocks();
            for (agent, customer) in agent.chunks(block).zip(customer.chunks(block)) {
                listener.push(&Block { agent, customer });
            }
            listener.finish(None).clocks
        };
        let whole = heard(agent.len());
        let lag = whole.unwrap().leaks.customer.unwrap().lag_s;
        assert!((lag - 0.02).abs() < 0.005, "{lag}");
        for block in [77, 4_096, 100_001] {
            assert_eq!(heard(block), whole, "{block}");
        }
    }

    #[test]
    fn a_line_is_found_among_points_that_are_elsewhere() {
        let point = |at: f64, lag: f64| Point {
            at,
            lag,
            correlation: 0.5,
        };
        // 8 points on lag = 10 + 0.001 at, 6 anywhere.
        let mut points: Vec<Point> = (0..8)
            .map(|i| f64::from(i) * 1_000.0)
            .map(|at| point(at, 10.0 + 0.001 * at))
            .collect();
        for (at, lag) in [
            (500.0, -300.0),
            (1_500.0, 77.0),
            (2_500.0, 410.0),
            (3_500.0, -20.0),
            (4_500.0, 222.0),
            (5_500.0, -111.0),
        ] {
            points.push(point(at, lag));
        }
        let leak = line(&points).unwrap();
        assert_eq!((leak.windows, leak.of), (8, 14));
        assert!((leak.lag_s - 0.1).abs() < 1e-9);
        assert!((leak.growth_ppm - 1_000.0).abs() < 1e-6);
        assert!(leak.residual_ms < 1e-9);
        // Σ(at − 3500)² = 42e6; the error of a lag is at least 0.3 frames: 0.3 / √42e6.
        assert!((leak.error_ppm - 46.291).abs() < 1e-3);
        // Four in line are no line.
        assert_eq!(line(&points[4..]), None);
        assert_eq!(line(&[]), None);
    }

    #[test]
    fn chance_is_counted() {
        // One choice of five of five; three of them lie within 4 of 1,024 frames of the line.
        assert!((by_chance(5, 5) - (4.0f64 / 1_024.0).powi(3)).abs() < 1e-12);
        // 792 choices of five of twelve.
        assert!((by_chance(5, 12) / (792.0 * (4.0f64 / 1_024.0).powi(3)) - 1.0).abs() < 1e-9);
    }
}
