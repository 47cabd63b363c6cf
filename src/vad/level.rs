//! How loud a channel is, while it plays.
//!
//! Telephone channels come at −45 dBFS and at 0; a detector trained on speech near −23 dBFS is deaf
//! to the first and hears noise in the second. The gain here brings the loud frames of the last
//! minute to one level, without knowing the rest of the call.

use std::collections::VecDeque;

/// Width of a histogram bin.
const BIN_DB: f64 = 0.5;
/// Number of bins: from 0 dBFS down to −100.
const BINS: usize = 200;

/// Returns the level of a frame: its mean square in dB re full scale, at least −100.
pub(super) fn dbfs(frame: &[f32]) -> f64 {
    let power: f32 = frame.iter().map(|x| x * x).sum::<f32>() / frame.len().max(1) as f32;
    (10.0 * f64::from(power).log10()).max(-100.0)
}

/// A percentile of the levels of the last frames that were not idle.
#[derive(Debug)]
pub(super) struct LoudLevel {
    window: usize,
    idle_below: f64,
    bins: Vec<u32>,
    recent: VecDeque<u8>,
}

impl LoudLevel {
    /// Looks back over `window` frames louder than `idle_below` dBFS.
    pub(super) fn new(window: usize, idle_below: f64) -> LoudLevel {
        LoudLevel {
            window,
            idle_below,
            bins: vec![0; BINS],
            recent: VecDeque::new(),
        }
    }

    /// Takes the level of the next frame, in dBFS.
    pub(super) fn push(&mut self, level: f64) {
        if level < self.idle_below {
            return;
        }
        let bin = ((-level / BIN_DB).max(0.0) as usize).min(BINS - 1);
        self.bins[bin] += 1;
        self.recent.push_back(bin as u8);
        if self.recent.len() > self.window
            && let Some(old) = self.recent.pop_front()
        {
            self.bins[usize::from(old)] -= 1;
        }
    }

    /// Returns the level in dBFS that the share `above` of the frames exceeds; `None` while
    /// everything was idle.
    pub(super) fn exceeded_by(&self, above: f64) -> Option<f64> {
        // Bins run from loud to quiet.
        let above = (self.recent.len() as f64 * above) as usize;
        let mut seen = 0;
        for (bin, &count) in self.bins.iter().enumerate() {
            seen += count as usize;
            if seen > above {
                return Some(-(bin as f64) * BIN_DB);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_of_a_sine_is_3_db_below_its_peak() {
        let sine: Vec<f32> = (0..800)
            .map(|i| (i as f32 * 0.1 * std::f32::consts::PI).sin())
            .collect();
        assert!((dbfs(&sine) + 3.01).abs() < 0.01);
        assert_eq!(dbfs(&[0.0; 8]), -100.0);
    }

    #[test]
    fn percentile_forgets_and_ignores_idle_frames() {
        let mut level = LoudLevel::new(100, -65.0);
        assert_eq!(level.exceeded_by(0.05), None);
        for _ in 0..1000 {
            level.push(-80.0);
        }
        assert_eq!(level.exceeded_by(0.05), None);
        for i in 0..100 {
            level.push(if i < 10 { -10.0 } else { -30.0 });
        }
        assert_eq!(level.exceeded_by(0.05), Some(-10.0));
        for _ in 0..100 {
            level.push(-40.0);
        }
        assert_eq!(level.exceeded_by(0.05), Some(-40.0));
    }
}
