//! The sound of a simulated call.
//!
//! A [`Renderer`] gives the two channels block by block at 8,000 samples per second; it never holds
//! a call's samples in memory. [`write_wav`] writes them to a file.
//!
//! ```text
//! voice ── level ──┬── + hold music ── + bleed ── + noise ── 300–3,400 Hz ── G.711 ── channel
//!                  └── delayed and damped, to the other channel
//! ```
//!
//! # Conventions
//!
//! * Samples lie in −1..1. A level in dBFS is 20·log₁₀ of a root mean square over 1, so a full-scale
//!   sine has −3 dBFS. The level of a voice is taken over its speech alone, behind the band.
//! * The sound of a unit of speech starts and ends within 10 ms of the truth.
//! * The same call and settings give the same samples. Sines and exponentials come from the
//!   mathematics library, so between machines a sample may differ in its last bit.

pub(super) mod line;
mod voice;
mod wav;

pub use wav::{WavFormat, write_wav};

use super::SimulatedCall;
use super::random::{Purpose, Random};
use crate::call::{AgentChannel, Side, Sides};
use crate::error::{Error, ErrorKind, Result};
use line::Band;
use std::collections::VecDeque;
use voice::Voice;

/// Samples per second of every rendered call.
pub const RATE: u32 = voice::RATE;

/// Speech of a side that its level is taken from, in samples: the first 20 s of it.
const CALIBRATION: usize = 20 * RATE as usize;

/// How a call sounds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RenderSettings {
    /// The agent's channel. Defaults to left.
    pub agent_channel: AgentChannel,
    /// Mean pitch of each voice, 60 to 400 Hz. Defaults to 118 Hz for the agent and 205 Hz for the
    /// customer.
    pub pitch_hz: Sides<f64>,
    /// Level of each side's speech in dBFS, −60 to −9. Defaults to −23 and −26.
    pub level_dbfs: Sides<f64>,
    /// Level of the noise of each line in dBFS, −120 to −9; the speech level less this is the
    /// signal-to-noise ratio. Defaults to −65 for both.
    pub noise_dbfs: Sides<f64>,
    /// What each side's line picks up of the other's. Defaults to nothing.
    pub bleed: Option<Bleed>,
    /// The companding the line does. Defaults to µ-law.
    pub companding: Companding,
    /// What the customer's channel carries during a hold. Defaults to silence.
    pub hold_sound: HoldSound,
}

/// What one side's line picks up of the other's speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bleed {
    /// Its level against the other's own, in dB, −80 to 0.
    pub gain_db: f64,
    /// How much later it arrives, in milliseconds, 0 to 1,000.
    pub delay_ms: f64,
}

/// How the line codes a sample (ITU-T G.711).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Companding {
    /// Sixteen-bit steps.
    None,
    /// A-law, the custom of Europe and Russia.
    ALaw,
    /// µ-law, the custom of North America and Japan. This is the default.
    MuLaw,
}

/// What is heard on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldSound {
    /// The noise of the line. This is the default.
    Silence,
    /// A slow arpeggio of sines at −30 dBFS on the customer's channel.
    Music,
}

impl Default for RenderSettings {
    fn default() -> RenderSettings {
        RenderSettings {
            agent_channel: AgentChannel::Left,
            pitch_hz: Sides {
                agent: 118.0,
                customer: 205.0,
            },
            level_dbfs: Sides {
                agent: -23.0,
                customer: -26.0,
            },
            noise_dbfs: Sides {
                agent: -65.0,
                customer: -65.0,
            },
            bleed: None,
            companding: Companding::MuLaw,
            hold_sound: HoldSound::Silence,
        }
    }
}

impl RenderSettings {
    /// Refuses settings that make no sound of a telephone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first field out of its range.
    pub fn check(&self) -> Result<()> {
        let mut ranges = Vec::new();
        for side in Side::BOTH {
            ranges.push(("pitch_hz", *self.pitch_hz.get(side), 60.0, 400.0));
            ranges.push(("level_dbfs", *self.level_dbfs.get(side), -60.0, -9.0));
            ranges.push(("noise_dbfs", *self.noise_dbfs.get(side), -120.0, -9.0));
        }
        if let Some(bleed) = self.bleed {
            ranges.push(("bleed.gain_db", bleed.gain_db, -80.0, 0.0));
            ranges.push(("bleed.delay_ms", bleed.delay_ms, 0.0, 1_000.0));
        }
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                let place = format!("render.{field}");
                let wanted = format!("{low} to {high}");
                return Err(Error::new(ErrorKind::Invalid, place, value, wanted));
            }
        }
        Ok(())
    }
}

fn amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// One side's way from the voice to its channel.
#[derive(Debug)]
struct Channel<'a> {
    voice: Voice<'a>,
    gain: f64,
    /// What this side said lately, for the other's line to pick up; the oldest first.
    sent: VecDeque<f64>,
    noise: Random,
    noise_gain: f64,
    band: Band,
}

impl<'a> Channel<'a> {
    fn new(call: &'a SimulatedCall, side: Side, settings: &RenderSettings) -> Channel<'a> {
        let rate = f64::from(RATE);
        let pitch = *settings.pitch_hz.get(side);
        let wanted = amplitude(*settings.level_dbfs.get(side));
        let delay = settings.bleed.map_or(0.0, |b| b.delay_ms);
        let delay = (delay / 1_000.0 * rate).round() as usize;
        let power = Band::noise_power(rate);
        // A uniform draw from −1..1 has the power 1/3.
        let noise_gain = amplitude(*settings.noise_dbfs.get(side)) * (3.0 / power).sqrt();
        Channel {
            voice: Voice::new(call, side, pitch),
            gain: wanted / own_level(Voice::new(call, side, pitch)),
            sent: VecDeque::from(vec![0.0; delay]),
            noise: Random::new(call.seed, 2 * call.index + side as u64, Purpose::Line),
            noise_gain,
            band: Band::new(rate),
        }
    }

    /// Returns the next sample of the voice at its level, and what the other's line picks up of it.
    fn speak(&mut self) -> (f64, f64) {
        let said = self.voice.next().0 * self.gain;
        self.sent.push_back(said);
        (said, self.sent.pop_front().unwrap_or(0.0))
    }

    /// Adds the noise and passes the band.
    fn carry(&mut self, x: f64) -> f64 {
        let noise = self.noise.between(-1.0, 1.0) * self.noise_gain;
        self.band.next(x + noise)
    }
}

/// Returns the root mean square of a voice's first 20 s of speech behind the band; 1 for a voice
/// that says nothing.
fn own_level(mut voice: Voice<'_>) -> f64 {
    let mut band = Band::new(f64::from(RATE));
    let (mut energy, mut samples) = (0.0, 0usize);
    while !voice.is_done() && samples < CALIBRATION {
        voice.skip_silence();
        let y = band.next(voice.next().0);
        energy += y * y;
        samples += 1;
    }
    match samples {
        0 => 1.0,
        _ => (energy / samples as f64).sqrt().max(1e-9),
    }
}

/// Gives the sound of a call, block by block.
#[derive(Debug)]
pub struct Renderer<'a> {
    call: &'a SimulatedCall,
    settings: RenderSettings,
    sides: Sides<Channel<'a>>,
    bleed_gain: f64,
    frame: u64,
    frames: u64,
    hold: usize,
}

impl<'a> Renderer<'a> {
    /// Prepares to render a call. It listens to up to 20 s of each voice, to set the level.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when [`RenderSettings::check`] refuses the settings.
    pub fn new(call: &'a SimulatedCall, settings: &RenderSettings) -> Result<Renderer<'a>> {
        settings.check()?;
        Ok(Renderer {
            call,
            settings: settings.clone(),
            sides: Sides::from_fn(|side| Channel::new(call, side, settings)),
            bleed_gain: settings.bleed.map_or(0.0, |b| amplitude(b.gain_db)),
            frame: 0,
            frames: (call.duration.nanos() / 125_000) as u64,
            hold: 0,
        })
    }

    /// Returns how many frames (samples of both channels) the call has.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Fills `block` with the next frames, `[left, right]` each, and returns how many there were:
    /// fewer than asked for at the end, 0 after it.
    pub fn read(&mut self, block: &mut [[f32; 2]]) -> usize {
        let left = self.frames - self.frame;
        let count = left.min(block.len() as u64) as usize;
        for frame in &mut block[..count] {
            *frame = self.next_frame();
        }
        count
    }

    fn next_frame(&mut self) -> [f32; 2] {
        let (agent, agent_leak) = self.sides.agent.speak();
        let (customer, customer_leak) = self.sides.customer.speak();
        let agent = agent + self.bleed_gain * customer_leak;
        let customer = customer + self.bleed_gain * agent_leak + self.music();
        self.frame += 1;
        let companding = self.settings.companding;
        let agent = coded(self.sides.agent.carry(agent), companding);
        let customer = coded(self.sides.customer.carry(customer), companding);
        match self.settings.agent_channel {
            AgentChannel::Left => [agent, customer],
            AgentChannel::Right => [customer, agent],
        }
    }

    /// Returns the sample of the hold music, 0 outside holds.
    fn music(&mut self) -> f64 {
        if self.settings.hold_sound == HoldSound::Silence {
            return 0.0;
        }
        let sample = |time: crate::timeline::Time| (time.nanos() / 125_000) as u64;
        let holds = self.call.holds.segments();
        while holds
            .get(self.hold)
            .is_some_and(|h| sample(h.end()) <= self.frame)
        {
            self.hold += 1;
        }
        let Some(start) = holds.get(self.hold).map(|h| sample(h.start())) else {
            return 0.0;
        };
        if self.frame < start {
            return 0.0;
        }
        // A major, a note each 0.4 s; each note fades.
        const NOTES: [f64; 6] = [440.0, 554.37, 659.26, 880.0, 659.26, 554.37];
        let seconds = (self.frame - start) as f64 / f64::from(RATE);
        let note = NOTES[(seconds / 0.4) as usize % NOTES.len()];
        let within = seconds % 0.4;
        let fade = (-3.0 * within).exp() * (within / 0.01).min(1.0);
        // Sine (−3 dB) and fade (−5 dB on average) bring −22 to about −30 dBFS.
        amplitude(-22.0) * fade * (std::f64::consts::TAU * note * within).sin()
    }
}

/// Codes a sample as the line does.
pub(super) fn coded(x: f64, companding: Companding) -> f32 {
    let whole = (x * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    let decoded = match companding {
        Companding::None => whole,
        Companding::ALaw => line::from_a_law(line::a_law(whole)),
        Companding::MuLaw => line::from_mu_law(line::mu_law(whole)),
    };
    f32::from(decoded) / 32_768.0
}

#[cfg(test)]
mod tests;
