//! Both channels of a call, heard together.
//!
//! What one channel says of the other is used here: a voice that leaks across is nobody's speech.
//!
//! # Conventions
//!
//! * Everything is on the clock of the recording, half-open, cut to its length.
//! * Nothing of it depends on the sizes of the blocks that are pushed.

use super::bleed::{Bleed, BleedMeter};
use super::channel::Channel;
use super::clock::{ClockMeter, Clocks};
use super::decide::segment;
use super::line::{self, LineSound};
use crate::audio::Block;
use crate::call::{Side, Sides};
use crate::error::Result;
use crate::settings::AnalysisSettings;
use crate::timeline::{Span, Timeline};

/// What was heard on the two channels of a call.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Hearing {
    /// The speech of each side: without the sounds of the line, without what leaks across, and without
    /// what sounds on the agent's channel while the customer is on hold.
    pub speech: Sides<Timeline>,
    /// The sounds of the line on each channel, in order of time and disjoint.
    pub line: Sides<Vec<line::Heard>>,
    /// What of each channel is the other side's voice.
    pub bleed: Bleed,
    /// The holds that are heard: see [`line::holds`].
    pub holds: Timeline,
    /// How the clocks of two recordings stand to each other; `None` of one recording, and where no
    /// leak tells.
    pub clocks: Option<Clocks>,
}

impl Hearing {
    /// Returns when the sound of a side's channel is the other side's voice.
    pub fn leaked(&self, side: Side) -> Timeline {
        let mut at = 0;
        let runs = self.bleed.leaked.get(side).chunk_by(|a, b| a == b);
        let segments = runs.filter_map(|run| {
            let frames = at..at + run.len();
            at = frames.end;
            let leaked = run.first() == Some(&true);
            leaked.then(|| segment(frames)).flatten()
        });
        segments.collect()
    }

    /// Returns how long a kind of sound lasts on a side's channel.
    pub fn lasts(&self, side: Side, is: impl Fn(LineSound) -> bool) -> Span {
        let heard = self.line.get(side).iter().filter(|h| is(h.sound));
        heard.fold(Span::ZERO, |sum, h| sum + h.segment.duration())
    }
}

/// Listens to the two channels of a call.
#[derive(Debug)]
pub struct Listener {
    channels: Sides<Channel>,
    bleed: BleedMeter,
    /// Where there are two clocks.
    clocks: Option<ClockMeter>,
}

impl Listener {
    /// Starts a call at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// As [`detector`](super::detector).
    pub fn new(settings: &AnalysisSettings, sample_rate: u32) -> Result<Listener> {
        let channel = || Channel::new(settings, sample_rate).map(Channel::with_bands);
        Ok(Listener {
            channels: Sides {
                agent: channel()?,
                customer: channel()?,
            },
            bleed: BleedMeter::new(),
            clocks: None,
        })
    }

    /// Says that each side was recorded by a clock of its own, as where there is a file of each: then
    /// it is heard how the two stand to each other.
    pub fn with_two_clocks(mut self) -> Listener {
        self.clocks = Some(ClockMeter::new());
        self
    }

    /// Returns a listener in the same state that goes on apart from this one: finished, it tells what
    /// is heard if the call ends now. `None` where the detector's state cannot be copied
    /// ([`Vad::try_clone`](super::Vad::try_clone)).
    pub fn try_clone(&self) -> Option<Listener> {
        Some(Listener {
            channels: Sides {
                agent: self.channels.agent.try_clone()?,
                customer: self.channels.customer.try_clone()?,
            },
            bleed: self.bleed.clone(),
            clocks: self.clocks.clone(),
        })
    }

    /// Takes the next block.
    pub fn push(&mut self, block: &Block<'_>) {
        self.channels.agent.push(block.agent);
        self.channels.customer.push(block.customer);
        self.compare();
    }

    /// Compares the frames that have come of both sides; those of one side wait for those of the other.
    fn compare(&mut self) {
        let Sides { agent, customer } = &mut self.channels;
        let (Some(agent), Some(customer)) = (&mut agent.bands, &mut customer.bands) else {
            return;
        };
        let both = agent.len().min(customer.len());
        for (agent, customer) in agent.drain(..both).zip(customer.drain(..both)) {
            self.bleed.push(&agent, &customer);
            if let Some(clocks) = &mut self.clocks {
                clocks.push(&agent, &customer);
            }
        }
    }

    /// Ends the call. Nobody speaks on the agent's channel during `holds`, those that the platform
    /// tells of: what sounds there is music or an announcement.
    pub fn finish(mut self, holds: Option<&Timeline>) -> Hearing {
        self.channels.agent.finish();
        self.channels.customer.finish();
        self.compare();
        let bleed = self.bleed.finish();
        let none = Timeline::new();
        let agent = (self.channels.agent).decide(&bleed.leaked.agent, holds.unwrap_or(&none));
        let customer = self.channels.customer.decide(&bleed.leaked.customer, &none);
        let speech = Sides {
            agent: agent.0,
            customer: customer.0,
        };
        Hearing {
            holds: line::holds(&agent.1, &speech),
            line: Sides {
                agent: agent.1,
                customer: customer.1,
            },
            speech,
            bleed,
            clocks: self.clocks.and_then(ClockMeter::finish),
        }
    }
}
