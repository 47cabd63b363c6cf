//! From samples to speech: which instants of a channel hold the voice of its side.
//!
//! A [`Vad`] gives each frame a score from 0 to 1. Beside it a front end takes level and spectrum every
//! 10 ms: the level cuts speech to its edges (`decide`), the spectrum tells the sounds of the line
//! ([`line`](mod@line)) and what leaks from the other channel ([`bleed`]). A [`Listener`] hears both channels of a
//! call, a [`SpeechTracker`] one that is heard alone; both turn it all into a
//! [`Timeline`](crate::timeline::Timeline) of speech. Every detector is decided upon by the same rule,
//! and can be replaced without touching anything past this module.
//!
//! # Conventions
//!
//! * Samples are `f32`, nominally in `-1.0..=1.0`, one channel, at the rate of the recording; a
//!   detector resamples if it must.
//! * Frame `i` is about the sound in `[i · hop − delay, (i + 1) · hop − delay)`.
//! * Any block sizes give the same scores.

pub mod bleed;
mod channel;
pub mod clock;
mod decide;
mod earshot;
mod energy;
pub mod evaluate;
mod fast;
mod front;
mod level;
pub mod line;
mod listener;
mod silero;
mod simd;

pub use self::channel::SpeechTracker;
pub use self::earshot::EarshotVad;
pub use self::energy::EnergyVad;
pub use self::fast::FastVad;
pub use self::listener::{Hearing, Listener};
pub use self::silero::SileroVad;
#[doc(hidden)]
pub use self::silero::Stages as SileroStages;

use crate::error::Result;
use crate::settings::DetectorKind;
use crate::timeline::Span;
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

    /// Returns a detector in the same state that goes on apart from this one, so that a call can be
    /// judged while it lasts; `None` where the state cannot be copied.
    fn try_clone(&self) -> Option<Box<dyn Vad>> {
        None
    }
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
        DetectorKind::Fast => Box::new(FastVad::new(sample_rate)?),
        DetectorKind::Energy => Box::new(EnergyVad::new(sample_rate)),
    })
}
