//! Listening to one call, block by block.

use crate::audio::faults::{ChannelFaults, FaultMeter};
use crate::audio::{AudioDescription, Block};
use crate::call::{Metadata, Side, Sides};
use crate::error::Result;
use crate::prosody::{PeakMeter, Peaks, PitchMeter, Pitches};
use crate::settings::AnalysisSettings;
use crate::timeline::{Span, Time};
use crate::vad::{Hearing, Listener};

/// What was heard of a call.
pub(super) struct Heard {
    pub(super) hearing: Hearing,
    pub(super) peaks: Sides<Peaks>,
    /// Where the settings ask for it.
    pub(super) pitches: Option<Sides<Pitches>>,
    pub(super) duration: Span,
    pub(super) faults: ChannelFaults,
    /// Whether each side has a clock of its own.
    pub(super) two_clocks: bool,
    /// Whether some of it was lost at the end.
    pub(super) truncated: bool,
    /// Of a recording.
    pub(super) description: Option<AudioDescription>,
}

impl Heard {
    /// Returns whether a channel carries nothing. A quiet voice that the detector hears is no
    /// silence, whatever its level.
    pub(super) fn is_silent(&self, side: Side) -> bool {
        *self.faults.silent.get(side) && self.hearing.speech.get(side).is_empty()
    }
}

/// Marks the speech, the peaks and the pitch of each side, and the faults of the channels. Sizes of
/// blocks change nothing.
#[derive(Debug)]
pub(super) struct Ear {
    listener: Listener,
    peaks: Sides<PeakMeter>,
    pitches: Option<Sides<PitchMeter>>,
    faults: FaultMeter,
    sample_rate: u32,
    frames: u64,
    two_clocks: bool,
}

impl Ear {
    /// Starts a call at `sample_rate` Hz.
    pub(super) fn new(settings: &AnalysisSettings, sample_rate: u32) -> Result<Ear> {
        let pitch = settings.pitch;
        Ok(Ear {
            listener: Listener::new(settings, sample_rate)?,
            peaks: Sides::from_fn(|_| PeakMeter::new(sample_rate)),
            pitches: pitch.then(|| Sides::from_fn(|_| PitchMeter::new(sample_rate))),
            faults: FaultMeter::new(sample_rate),
            sample_rate,
            frames: 0,
            two_clocks: false,
        })
    }

    /// Says that each side was recorded by a clock of its own.
    pub(super) fn with_two_clocks(mut self) -> Ear {
        self.listener = self.listener.with_two_clocks();
        self.two_clocks = true;
        self
    }

    /// Returns an ear in the same state; `None` where the detector's cannot be copied.
    pub(super) fn try_clone(&self) -> Option<Ear> {
        Some(Ear {
            listener: self.listener.try_clone()?,
            peaks: self.peaks.clone(),
            pitches: self.pitches.clone(),
            faults: self.faults.clone(),
            sample_rate: self.sample_rate,
            frames: self.frames,
            two_clocks: self.two_clocks,
        })
    }

    /// Takes the next block.
    pub(super) fn push(&mut self, block: &Block<'_>) {
        self.frames += block.agent.len() as u64;
        self.listener.push(block);
        self.peaks.agent.push(block.agent);
        self.peaks.customer.push(block.customer);
        if let Some(pitches) = &mut self.pitches {
            pitches.agent.push(block.agent);
            pitches.customer.push(block.customer);
        }
        self.faults.push(block);
    }

    /// Returns how much was heard.
    pub(super) fn duration(&self) -> Span {
        Time::of_sample(self.frames, self.sample_rate) - Time::ZERO
    }

    /// Ends the call. While the customer is on hold, as the metadata tell, nobody speaks on the agent's
    /// channel.
    ///
    /// # Errors
    ///
    /// As [`Metadata::hold_timeline`].
    pub(super) fn finish(self, metadata: &Metadata) -> Result<Heard> {
        let duration = self.duration();
        let holds = metadata.hold_timeline(duration)?;
        Ok(Heard {
            hearing: self.listener.finish(holds.as_ref()),
            peaks: self.peaks.map(PeakMeter::finish),
            pitches: self.pitches.map(|meters| meters.map(PitchMeter::finish)),
            duration,
            faults: self.faults.faults(),
            two_clocks: self.two_clocks,
            truncated: false,
            description: None,
        })
    }
}
