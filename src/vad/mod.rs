//! From samples to speech: which instants of one channel hold a voice.
//!
//! A [`Vad`] gives each frame a score from 0 to 1; a [`SpeechTracker`] turns scores into a
//! [`Timeline`]. They are apart so that every detector is decided upon by the same rule, and so
//! that a detector can be replaced without touching anything past this module.
//!
//! # Conventions
//!
//! * Samples are `f32`, nominally in `-1.0..=1.0`, one channel, at the rate of the recording; a
//!   detector resamples if it must.
//! * Frame `i` is about the sound in `[i · hop − delay, (i + 1) · hop − delay)`.
//! * Any block sizes give the same scores.
//!
//! # The decision
//!
//! Speech begins with a frame that scores at least `speech_on` and lasts while frames score at
//! least `speech_off` (hysteresis: a voice that fades does not flutter). Then neighbours closer
//! than `speech_join` are joined, and what is shorter than `speech_min` is dropped: in that order,
//! since a word cut up by its stops would otherwise be dropped bit by bit.

mod earshot;
mod energy;
pub mod evaluate;
mod level;
mod silero;

pub use self::earshot::EarshotVad;
pub use self::energy::EnergyVad;
pub use self::silero::SileroVad;
#[doc(hidden)]
pub use self::silero::Stages as SileroStages;

use crate::error::Result;
use crate::settings::{AnalysisSettings, DetectorKind};
use crate::timeline::{Segment, Span, Time, Timeline};
use std::fmt;

/// A voice activity detector on one channel.
pub trait Vad: Send + fmt::Debug {
    /// Returns the length of a frame.
    fn hop(&self) -> Span;

    /// Returns how much later than the sound its frame comes.
    fn delay(&self) -> Span;

    /// Takes the next samples and appends the scores of the frames they complete.
    fn push(&mut self, samples: &[f32], scores: &mut Vec<f32>);

    /// Appends the scores of what is still held back; nothing may be pushed afterwards.
    fn finish(&mut self, scores: &mut Vec<f32>);
}

/// Makes the detector that the settings name, for a channel at `sample_rate` Hz.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a rate that cannot be resampled.
pub fn detector(kind: DetectorKind, sample_rate: u32) -> Result<Box<dyn Vad>> {
    Ok(match kind {
        DetectorKind::Earshot => Box::new(EarshotVad::new(sample_rate)?),
        DetectorKind::Silero => Box::new(SileroVad::new(sample_rate)?),
        DetectorKind::Energy => Box::new(EnergyVad::new(sample_rate)),
    })
}

/// Collects the speech of one channel.
#[derive(Debug)]
pub struct SpeechTracker {
    vad: Box<dyn Vad>,
    settings: AnalysisSettings,
    sample_rate: u32,
    samples: u64,
    frames: u64,
    /// First frame of the speech that lasts.
    since: Option<u64>,
    speech: Vec<Segment>,
    scores: Vec<f32>,
}

impl SpeechTracker {
    /// Starts a channel at `sample_rate` Hz with the detector that the settings name.
    ///
    /// # Errors
    ///
    /// As [`detector`].
    pub fn new(settings: &AnalysisSettings, sample_rate: u32) -> Result<SpeechTracker> {
        let vad = detector(settings.detector, sample_rate)?;
        Ok(SpeechTracker::with(vad, settings, sample_rate))
    }

    /// Starts a channel at `sample_rate` Hz with a detector of the caller's.
    pub fn with(vad: Box<dyn Vad>, settings: &AnalysisSettings, sample_rate: u32) -> SpeechTracker {
        SpeechTracker {
            vad,
            settings: settings.clone(),
            sample_rate,
            samples: 0,
            frames: 0,
            since: None,
            speech: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        self.vad.push(samples, &mut self.scores);
        self.decide();
    }

    /// Ends the channel and returns its speech, joined, pruned and cut to the channel's length.
    pub fn finish(mut self) -> Timeline {
        self.vad.finish(&mut self.scores);
        self.decide();
        if let Some(since) = self.since.take() {
            self.add(since);
        }
        let end = Time::of_sample(self.samples, self.sample_rate);
        let Some(whole) = Segment::new(Time::ZERO, end) else {
            return Timeline::new();
        };
        let speech: Timeline = self.speech.into_iter().collect();
        speech
            .within(whole)
            .bridge(self.settings.speech_join)
            .prune(self.settings.speech_min)
    }

    /// Decides on the scores that have come.
    fn decide(&mut self) {
        for score in std::mem::take(&mut self.scores) {
            let score = f64::from(score);
            match self.since {
                None if score >= self.settings.speech_on => self.since = Some(self.frames),
                Some(since) if score < self.settings.speech_off => {
                    self.add(since);
                    self.since = None;
                }
                _ => {}
            }
            self.frames += 1;
        }
    }

    /// Adds speech from frame `since` up to the current one.
    fn add(&mut self, since: u64) {
        let instant = |frame: u64| {
            let nanos = (frame as i64).saturating_mul(self.vad.hop().nanos());
            Time::from_nanos(nanos) - self.vad.delay()
        };
        self.speech
            .extend(Segment::new(instant(since), instant(self.frames)));
    }
}
