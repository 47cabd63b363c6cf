//! How loud each side is, column by column.

use crate::audio;
use crate::call::{Recording, Side, Sides};
use crate::error::Result;
use crate::timeline::{Segment, Span, Time};

/// The level at the base of a lane, in dBFS; the idle noise of a G.711 line, −72 dBFS, stays below it.
pub(super) const FLOOR_DBFS: f64 = -66.0;

/// Sums up a column: the squares of its samples, and how many there are.
#[derive(Clone, Copy, Default)]
struct Power {
    sum: f64,
    count: u32,
}

impl Power {
    /// Returns its level in dBFS, −∞ for silence.
    fn dbfs(self) -> f32 {
        (10.0 * (self.sum / f64::from(self.count).max(1.0)).log10()) as f32
    }
}

/// Returns the levels of both sides in dBFS, one for each column of `column` length from the start of
/// `whole` on, read from the recording block by block.
///
/// # Errors
///
/// As [`audio::open`], and where the recording breaks off.
pub(super) fn levels(
    recording: &Recording,
    whole: Segment,
    column: Span,
) -> Result<Sides<Vec<f32>>> {
    let mut audio = audio::open(recording)?;
    let rate = audio.sample_rate();
    let length = column.nanos().max(1);
    let count = (whole.duration().nanos() + length - 1) / length;
    let mut powers = Sides::from_fn(|_| vec![Power::default(); count.max(0) as usize]);
    let starts =
        |at: usize| sample_from(whole.start() + Span::from_nanos(at as i64 * length), rate);
    let mut first = 0;
    while let Some(block) = audio.next_block()? {
        for (side, samples) in [(Side::Agent, block.agent), (Side::Customer, block.customer)] {
            let after = (Time::of_sample(first, rate) - whole.start()).nanos();
            let mut at = (after.max(0) / length) as usize;
            let skipped = starts(0).saturating_sub(first);
            let mut left = samples.get(skipped as usize..).unwrap_or_default();
            let mut next = first + skipped;
            while let Some(power) = powers.get_mut(side).get_mut(at) {
                at += 1;
                let most = starts(at).saturating_sub(next) as usize;
                let (these, rest) = left.split_at(most.min(left.len()));
                power.sum += these.iter().map(|s| f64::from(s * s)).sum::<f64>();
                power.count += these.len() as u32;
                (left, next) = (rest, next + these.len() as u64);
                if left.is_empty() {
                    break;
                }
            }
        }
        first = audio.frames_read();
    }
    Ok(powers.map(|of_side| of_side.into_iter().map(Power::dbfs).collect()))
}

/// Returns the first sample that is not before `time`.
fn sample_from(time: Time, rate: u32) -> u64 {
    let product = i128::from(time.nanos().max(0)) * i128::from(rate);
    u64::try_from((product + 999_999_999) / 1_000_000_000).unwrap_or(u64::MAX)
}

/// Draws levels as steps that grow up or down from the base at `(x, y)`. A column is `step` wide, full
/// scale `height` high, and heights are told to `unit` pixels.
pub(super) fn steps(
    levels: &[f32],
    (x, y): (f64, f64),
    (step, unit): (f64, f64),
    height: f64,
    up: f64,
) -> String {
    use std::fmt::Write;
    let (mut path, mut flat, mut now) = (String::new(), 0, 0);
    // In whole units and columns, so that a path is short and does not drift.
    for level in levels {
        let share = (1.0 - f64::from(*level) / FLOOR_DBFS).clamp(0.0, 1.0);
        let next = (share * height / unit).round() as i64;
        if next != now {
            let _ = write!(path, "h{flat}v{}", next - now);
            (flat, now) = (0, next);
        }
        flat += 1;
    }
    format!(
        "<path class=\"level\" transform=\"translate({x:.1} {y:.1}) scale({step:.5} {})\" \
         d=\"M0 0{path}h{flat}V0z\"/>\n",
        unit * up
    )
}
