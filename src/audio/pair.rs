//! Two mono files as one call.
//!
//! # Conventions
//!
//! The call clock starts with the file that began first. The other one is preceded by silence of
//! whole samples (the offset is rounded to the nearest), and the one that ends first is followed by
//! silence, so that both sides are equally long.
//!
//! ```text
//! customer_offset > 0          customer_offset < 0
//! agent     |---------|        agent     ....|------|
//! customer  ...|---|...        customer  |------|....
//! ```

use super::track::{Layout, Track};
use super::warning::{AudioWarning, Notes};
use super::{AudioDescription, BLOCK_FRAMES, Block};
use crate::call::{Input, Side, Sides};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Span, Time};

/// The largest offset that is believed: a day. A longer one is a time stamp gone wrong, and would
/// be so much silence.
const LONGEST_OFFSET: Span = Span::from_millis(24 * 3_600_000);

/// Ends further apart than this are worth a warning: 1 s. Recorders stop their two legs within some
/// tenths of a second.
const ENDS_APART: Span = Span::from_millis(1_000);

pub(super) struct Pair {
    sides: Sides<Leg>,
    sample_rate: u32,
    ended: bool,
}

/// One side's file on the call clock.
struct Leg {
    track: Track,
    /// Silent frames still to come before the file's first.
    lead: u64,
    /// Frames of the file and its lead that were taken.
    frames: u64,
    ended: bool,
    buffer: Vec<f32>,
}

impl Pair {
    pub(super) fn open(
        agent: &Input,
        customer: &Input,
        customer_offset: Span,
        notes: &mut Notes,
    ) -> Result<Pair> {
        let size = customer_offset.max(-customer_offset);
        if size > LONGEST_OFFSET {
            let found = format!("{:.3} s", customer_offset.seconds());
            let wanted = "a day at most";
            return Err(Error::new(
                ErrorKind::Invalid,
                "customer_offset",
                found,
                wanted,
            ));
        }
        notes.about(Some(Side::Agent));
        let agent_track = Track::open(agent, Layout::Mono, notes)?;
        notes.about(Some(Side::Customer));
        let customer_track = Track::open(customer, Layout::Mono, notes)?;
        let rate = agent_track.sample_rate();
        if customer_track.sample_rate() != rate {
            let found = format!("{} Hz", customer_track.sample_rate());
            let wanted = format!("{rate} Hz, as in {agent}");
            let hint = "resample one: ffmpeg -i in.wav -ar 8000 out.wav";
            return Err(Error::new(ErrorKind::Mismatch, customer, found, wanted).hint(hint));
        }

        // To the nearest whole frame; within a day this fits easily.
        let twice = i128::from(size.nanos()) * i128::from(rate) * 2;
        let lead = ((twice + 1_000_000_000) / 2_000_000_000) as u64;
        let (agent_lead, customer_lead) = if customer_offset > Span::ZERO {
            (0, lead)
        } else {
            (lead, 0)
        };
        let leg = |track, lead| Leg {
            track,
            lead,
            frames: 0,
            ended: false,
            buffer: Vec::with_capacity(BLOCK_FRAMES),
        };
        Ok(Pair {
            sides: Sides {
                agent: leg(agent_track, agent_lead),
                customer: leg(customer_track, customer_lead),
            },
            sample_rate: rate,
            ended: false,
        })
    }

    /// Returns what both files are.
    pub(super) fn description(&self) -> AudioDescription {
        let (a, c) = (
            self.sides.agent.track.description(),
            self.sides.customer.track.description(),
        );
        let both = |a: String, c: String| if a == c { a } else { format!("{a} + {c}") };
        AudioDescription {
            container: both(a.container, c.container),
            codec: both(a.codec, c.codec),
            files: 2,
            ..a
        }
    }

    /// Returns the next frames of both sides, or `None` when both files have ended.
    pub(super) fn next_block(&mut self, notes: &mut Notes) -> Result<Option<Block<'_>>> {
        if self.ended {
            return Ok(None);
        }
        for side in [Side::Agent, Side::Customer] {
            notes.about(Some(side));
            self.sides.get_mut(side).fill(notes)?;
        }
        let frames = (self.sides.agent.buffer.len()).max(self.sides.customer.buffer.len());
        if frames == 0 {
            self.ended = true;
            self.compare_ends(notes);
            return Ok(None);
        }
        let Sides { agent, customer } = &mut self.sides;
        agent.buffer.resize(frames, 0.0);
        customer.buffer.resize(frames, 0.0);
        Ok(Some(Block {
            agent: &agent.buffer,
            customer: &customer.buffer,
        }))
    }

    /// Warns when one file ends well before the other.
    fn compare_ends(&self, notes: &mut Notes) {
        let ends = [Side::Agent, Side::Customer].map(|side| {
            let frames = self.sides.get(side).frames;
            (Time::of_sample(frames, self.sample_rate), side)
        });
        let [(first, early), (last, _)] = if ends[0].0 <= ends[1].0 {
            ends
        } else {
            [ends[1], ends[0]]
        };
        let by = last - first;
        if by > ENDS_APART {
            notes.about(Some(early));
            let of = last - Time::ZERO;
            notes.add(AudioWarning::EndsEarly { by, of });
        }
    }
}

impl Leg {
    /// Fills the buffer with a block, or with what is left.
    fn fill(&mut self, notes: &mut Notes) -> Result<()> {
        self.buffer.clear();
        let lead = self.lead.min(BLOCK_FRAMES as u64);
        self.buffer.resize(lead as usize, 0.0);
        self.lead -= lead;
        while self.buffer.len() < BLOCK_FRAMES && !self.ended {
            match self.track.next(BLOCK_FRAMES - self.buffer.len(), notes)? {
                Some([samples, _]) => self.buffer.extend_from_slice(samples),
                None => self.ended = true,
            }
        }
        self.frames += self.buffer.len() as u64;
        Ok(())
    }
}
