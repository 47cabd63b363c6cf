//! How loud a channel is, while it plays.
//!
//! Telephone channels come at −45 dBFS and at 0; a detector trained on speech near −23 dBFS is deaf
//! to the first and hears noise in the second. The gain here brings the loud frames of the last
//! minute to one level, without knowing the rest of the call.
//!
//! What goes on at one level is a tone or noise and sets no level: after twenty seconds of ringback
//! a voice that is 20 dB below it would be lost. Music is not told from voices here; it is forgotten
//! within seconds, as far as what comes is much quieter.

use std::collections::VecDeque;

/// Width of a histogram bin.
const BIN_DB: f64 = 0.5;
/// Number of bins: from 0 dBFS down to −100.
const BINS: usize = 200;

/// Returns the level of a frame: its mean square in dB re full scale, at least −100.
pub(super) fn dbfs(frame: &[f32]) -> f64 {
    // Sixteen sums side by side: one would wait for itself at every sample.
    let (whole, rest) = frame.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for samples in whole {
        for (sum, x) in sums.iter_mut().zip(samples) {
            *sum += x * x;
        }
    }
    let rest: f32 = rest.iter().map(|x| x * x).sum();
    let power = (sums.iter().sum::<f32>() + rest) / frame.len().max(1) as f32;
    (10.0 * f64::from(power).log10()).max(-100.0)
}

/// A percentile of the levels of the last frames that were not idle.
#[derive(Clone, Debug)]
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
        if self.recent.len() > self.window {
            self.forget();
        }
    }

    /// Forgets the oldest frame that was not idle.
    pub(super) fn forget(&mut self) {
        if let Some(old) = self.recent.pop_front() {
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

/// Level to which the loud frames (95th percentile) are brought.
const TARGET_DBFS: f64 = -23.0;
const LOUD_SHARE: f64 = 0.05;
/// The most that a quiet channel is raised.
const MAX_GAIN_DB: f64 = 30.0;
/// Frames below this level say nothing of how loud a voice is.
const IDLE_DBFS: f64 = -65.0;
/// The level looks back over 60 s of frames that are not idle …
const LEVEL_MS: usize = 60_000;
/// … but where the last 4.5 s of them are quieter, it is theirs, down to 20 dB below.
const RECENT_MS: usize = 4_500;
const RECENT_DROP_DB: f64 = 20.0;
/// A sound is steady when its power over 80 ms (so that two tones 40 Hz apart do not beat) …
const SMOOTH_MS: usize = 80;
/// … stays within 1.2 dB for 160 ms.
///
/// Recall of quiet speech (AMI) after 12 s of ringback, 20 s of it, 5 s of keys, 60 s of two kinds of
/// music, each at −16 to −24 dBFS: 0.87, 0.87, 0.85, 0.83, 0.83; without them 0.88. Before the rules
/// for what is steady and what is recent it was 0.85, 0.82, 0.82, 0.69, 0.66.
const STEADY_RATIO: f32 = 1.318;
const STEADY_MS: usize = 160;
/// The level is looked up every 64 ms.
const LEVEL_STEP_MS: usize = 64;
/// The gain moves by at most this much in a frame (31 dB a second).
const GAIN_STEP_DB: f64 = 0.5;
/// Sound below this level is never speech: the idle noise of a G.711 line is near −72 dBFS.
const GATE_DBFS: f64 = -60.0;
/// A steady noise is no speech either: the gate stands this far above the level that all but a tenth
/// of the last minute's frames exceed. The power of white noise over 256 samples has a standard
/// deviation of 10 lg(1 + √(2/256)), 0.4 dB, so hardly a frame of it passes; a voice spreads over
/// 10 dB and more by its syllables and stops, so one without a pause does not gate itself.
const FLOOR_MARGIN_DB: f64 = 4.0;
const FLOOR_SHARE: f64 = 0.9;

/// The noise of an idle line lies below this: of G.711, near −72 dBFS.
const LINE_DBFS: f64 = -65.0;
/// A voice reaches this far below its loud frames: on a quiet channel, faint ends of words lie below
/// [`LINE_DBFS`]; on a loud one, what leaks in at −40 dB lies above it. Sixteen bits end near
/// [`LEAST_DBFS`].
const VOICE_RANGE_DB: f64 = 38.0;
const LEAST_DBFS: f64 = -80.0;

/// Passes on the levels of frames that are not steady, a quarter of a second late.
#[derive(Clone, Debug)]
struct Unsteady {
    /// The powers of the last frames, and the place of the oldest.
    powers: Vec<f32>,
    oldest: usize,
    steady_frames: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    level: f64,
    smooth: f32,
    steady: bool,
}

impl Unsteady {
    fn new(frame_ms: usize) -> Unsteady {
        Unsteady {
            powers: vec![0.0; SMOOTH_MS / frame_ms],
            oldest: 0,
            steady_frames: STEADY_MS / frame_ms,
            waiting: VecDeque::new(),
        }
    }

    fn push(&mut self, level: f64) -> Option<f64> {
        if let Some(oldest) = self.powers.get_mut(self.oldest) {
            *oldest = (level as f32 * (std::f32::consts::LOG2_10 / 10.0)).exp2();
        }
        self.oldest = (self.oldest + 1) % self.powers.len();
        self.waiting.push_back(Waiting {
            level,
            smooth: self.powers.iter().sum(),
            steady: false,
        });
        // The first of the powers that are compared are of the frames before them.
        let before = self.powers.len() - 1;
        if self.waiting.len() < before + self.steady_frames {
            return None;
        }
        let smooth = self.waiting.iter().skip(before).map(|frame| frame.smooth);
        let (least, most) = smooth.fold((f32::INFINITY, 0f32), |(least, most), smooth| {
            (least.min(smooth), most.max(smooth))
        });
        if most < STEADY_RATIO * least {
            self.waiting
                .iter_mut()
                .for_each(|frame| frame.steady = true);
        }
        let first = self.waiting.pop_front()?;
        (!first.steady).then_some(first.level)
    }
}

/// The level of what is loud on a channel and not steady, while it plays.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    level: LoudLevel,
    recent: LoudLevel,
    unsteady: Unsteady,
    frames: usize,
    step: usize,
    loud: Option<f64>,
}

impl Loudness {
    /// Follows frames of 1 to 64 ms.
    pub(super) fn new(frame_ms: usize) -> Loudness {
        Loudness {
            level: LoudLevel::new(LEVEL_MS / frame_ms, IDLE_DBFS),
            recent: LoudLevel::new(RECENT_MS / frame_ms, IDLE_DBFS),
            unsteady: Unsteady::new(frame_ms),
            frames: 0,
            step: LEVEL_STEP_MS / frame_ms,
            loud: None,
        }
    }

    /// Takes the level of the next frame, in dBFS.
    pub(super) fn push(&mut self, level: f64) {
        if let Some(level) = self.unsteady.push(level) {
            self.level.push(level);
            self.recent.push(level);
        }
        if self.frames.is_multiple_of(self.step) {
            let loud = |level: &LoudLevel| level.exceeded_by(LOUD_SHARE);
            let recent = loud(&self.recent);
            self.loud = loud(&self.level).zip(recent).map(|(long, recent)| {
                // Of what is louder now the minute will know soon.
                recent.clamp(long - RECENT_DROP_DB, long)
            });
        }
        self.frames += 1;
    }

    /// Returns the level in dBFS; `None` while everything was idle or steady.
    pub(super) fn dbfs(&self) -> Option<f64> {
        self.loud
    }
}

/// Returns the level below which a frame holds no sound, in dBFS: what is idle on a channel of usual
/// level may be a voice on a quiet one. `loud` is the level of what is loud there.
pub(super) fn idle(loud: Option<f64>) -> f64 {
    loud.map_or(LINE_DBFS, |loud| (loud - VOICE_RANGE_DB).max(LEAST_DBFS))
}

/// Length of a frame of the [`Rider`].
const RIDER_MS: usize = 16;

/// Follows the level of a channel, in frames of 16 ms: how far to raise it, and what is too quiet to
/// be speech.
#[derive(Clone, Debug)]
pub(super) struct Rider {
    loud: Loudness,
    floor: LoudLevel,
    /// The gain at the end of the last frame, in dB and as a factor.
    gain: Option<(f64, f32)>,
}

impl Rider {
    pub(super) fn new() -> Rider {
        Rider {
            loud: Loudness::new(RIDER_MS),
            floor: LoudLevel::new(LEVEL_MS / RIDER_MS, f64::NEG_INFINITY),
            gain: None,
        }
    }

    /// Takes the level of the next frame, in dBFS; it may be ahead of the frame that is amplified.
    pub(super) fn push(&mut self, level: f64) {
        self.floor.push(level);
        self.loud.push(level);
    }

    /// Returns the level below which a frame is never speech, in dBFS.
    pub(super) fn gate(&self) -> f64 {
        let floor = self.floor.exceeded_by(FLOOR_SHARE);
        floor.map_or(GATE_DBFS, |floor| GATE_DBFS.max(floor + FLOOR_MARGIN_DB))
    }

    /// Returns the level below which a frame holds no sound, in dBFS: see [`idle`].
    pub(super) fn idle(&self) -> f64 {
        idle(self.loud.dbfs())
    }

    /// Brings the next frame to the level wanted, gliding within it.
    pub(super) fn amplify(&mut self, frame: &mut [f32]) {
        let wanted = self
            .loud
            .dbfs()
            .map_or(0.0, |loud| (TARGET_DBFS - loud).min(MAX_GAIN_DB));
        let factor = |db: f64| 10f64.powf(db / 20.0) as f32;
        let (from_db, from) = self.gain.unwrap_or_else(|| (wanted, factor(wanted)));
        let to_db = from_db + (wanted - from_db).clamp(-GAIN_STEP_DB, GAIN_STEP_DB);
        // Most of the time the gain rests.
        if to_db == from_db {
            self.gain = Some((from_db, from));
            for sample in frame {
                *sample *= from;
            }
            return;
        }
        let to = factor(to_db);
        self.gain = Some((to_db, to));
        let length = frame.len() as f32;
        for (i, sample) in frame.iter_mut().enumerate() {
            *sample *= from + (to - from) * (i as f32 / length);
        }
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

    /// Frames of a voice: syllables of 64 ms, 15 dB apart.
    fn voice(level: f64, frames: usize) -> impl Iterator<Item = f64> {
        (0..frames).map(move |i| if i / 4 % 2 == 0 { level } else { level - 15.0 })
    }

    fn loud_after(levels: impl Iterator<Item = f64>) -> Option<f64> {
        let mut rider = Rider::new();
        levels.for_each(|level| rider.push(level));
        rider.loud.dbfs()
    }

    #[test]
    fn what_is_steady_sets_no_level() {
        let tone = |level: f64| std::iter::repeat_n(level, 1_250);
        assert_eq!(loud_after(tone(-16.0)), None);
        // Two tones 40 Hz apart, in frames of 16 ms.
        let beat = |i: u32| (f64::from(i) * 0.64 * std::f64::consts::TAU).cos();
        let beats = (0..1_250).map(|i| -16.0 + 10.0 * (1.0 + 0.45 * beat(i)).log10());
        assert_eq!(loud_after(beats), None);
        // A second of a voice after twenty of a tone.
        assert_eq!(loud_after(tone(-16.0).chain(voice(-40.0, 63))), Some(-40.0));
    }

    #[test]
    fn what_was_louder_is_forgotten_within_seconds() {
        // A minute of changing sound at −20, then a voice at −32: after 6 s it is at its own level …
        let music = || voice(-20.0, 3_750);
        assert_eq!(loud_after(music().chain(voice(-32.0, 200))), Some(-20.0));
        assert_eq!(loud_after(music().chain(voice(-32.0, 400))), Some(-32.0));
        // … and what is much quieter is raised by 20 dB, not to the same level.
        assert_eq!(loud_after(music().chain(voice(-60.0, 800))), Some(-40.0));
    }
}
