//! How many windows of a call sound alike on both channels.

use super::*;

/// Frames of a window: 10 s.
const WINDOW: usize = 1_000;
/// Every fourth frame is compared: syllables come four or five a second.
const STEP: usize = 4;
/// Lags looked at, in either direction, in steps: 280 ms.
const LAGS: usize = 7;
/// A window is judged when one side is above this, in dBFS …
const ACTIVE_DBFS: f32 = -50.0;
/// … for so many frames: 1 s.
const ACTIVE_FRAMES: usize = 100;
/// Envelopes are at least this, in dBFS.
const ENVELOPE_MIN_DBFS: f32 = -80.0;
const ALIKE: f64 = 0.7;

/// Gathers the share window by window.
#[derive(Clone, Debug)]
pub(super) struct ShareMeter {
    frames: usize,
    active: usize,
    envelopes: [Vec<f32>; 2],
    judged: u32,
    alike: u32,
}

impl ShareMeter {
    pub(super) fn new() -> ShareMeter {
        ShareMeter {
            frames: 0,
            active: 0,
            envelopes: Default::default(),
            judged: 0,
            alike: 0,
        }
    }

    pub(super) fn push(&mut self, agent: &Bands, customer: &Bands) {
        // `max` takes the number where the other is none.
        let level = |bands: &Bands| {
            bands
                .iter()
                .copied()
                .fold(ENVELOPE_MIN_DBFS, f32::max)
                .min(20.0)
        };
        let levels = [level(agent), level(customer)];
        self.active += usize::from(levels[0].max(levels[1]) > ACTIVE_DBFS);
        if self.frames.is_multiple_of(STEP) {
            for (envelope, level) in self.envelopes.iter_mut().zip(levels) {
                envelope.push(level);
            }
        }
        self.frames += 1;
        if self.frames == WINDOW {
            if self.active >= ACTIVE_FRAMES {
                self.judged += 1;
                self.alike += u32::from(self.correlation() > ALIKE);
            }
            self.frames = 0;
            self.active = 0;
            self.envelopes.iter_mut().for_each(Vec::clear);
        }
    }

    /// Returns the largest correlation at any lag, 0 when a side does not move.
    fn correlation(&self) -> f64 {
        let [a, c] = &self.envelopes;
        let at = |lag: usize| {
            let overlap = a.len() - lag;
            let later = pearson(&a[..overlap], &c[lag..]);
            later.max(pearson(&a[lag..], &c[..overlap]))
        };
        (0..=LAGS).map(at).fold(0.0, f64::max)
    }

    pub(super) fn finish(&self) -> Option<f64> {
        (self.judged > 0).then(|| f64::from(self.alike) / f64::from(self.judged))
    }
}

/// Pearson's correlation of two sequences of one length; 0 when one is constant.
fn pearson(x: &[f32], y: &[f32]) -> f64 {
    let n = x.len().max(1) as f32;
    let mean = |v: &[f32]| v.iter().sum::<f32>() / n;
    let (mx, my) = (mean(x), mean(y));
    let (mut sxy, mut sxx, mut syy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mx, y - my);
        sxy += x * y;
        sxx += x * x;
        syy += y * y;
    }
    // Less than a hundredth of a decibel is rounding.
    if sxx.min(syy) < 1e-4 * n {
        return 0.0;
    }
    f64::from(sxy) / (f64::from(sxx) * f64::from(syy)).sqrt()
}
