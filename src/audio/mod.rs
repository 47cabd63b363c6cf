//! A call's recording as a stream of blocks: the agent's samples, and the customer's.
//!
//! # Conventions
//!
//! * A *sample* is an `f32`, nominally in `-1.0..=1.0`, where 1.0 is full scale: a 16-bit sample is
//!   divided by 32,768. A *frame* is one sample of each channel.
//! * Both sides run on the call clock: frame `n` is the instant `n / sample_rate`, and the two
//!   slices of a [`Block`] are equally long.
//! * Sides are not channels: which channel is the agent's is declared by the caller
//!   ([`AgentChannel`]) and applied here once. Past this module nobody speaks of left and right.
//! * A file is read once, forwards, and no more of it is held than a block (of a compressed file:
//!   a packet).
//! * What a file *is* is decided by its content. Its name is for messages only.
//!
//! A recording that cannot be read at all is an [`Error`](crate::Error). One that can be read in part is read,
//! and an [`AudioWarning`] says what was lost and from which second: never a silent half.
//!
//! # What is read
//!
//! | container | codecs | by |
//! |---|---|---|
//! | WAV, RF64, BW64 | PCM of 8 to 32 bits, float of 32 and 64 bits, A-law, µ-law | this module |
//! | WAV | IMA ADPCM, Microsoft ADPCM | feature `codecs` |
//! | FLAC, MP3, Ogg Vorbis, Ogg Opus, M4A (AAC-LC), ADTS | | feature `codecs` |
//!
//! Rates are 8 to 48 kHz. Nothing else is guessed at: AMR, GSM 06.10, G.722, G.726, WMA and WavPack
//! are refused with a word on how to convert them.

#[cfg(feature = "codecs")]
mod compressed;
mod dropouts;
pub mod faults;
mod g711;
#[cfg(feature = "codecs")]
mod opus;
mod pair;
pub mod resample;
mod source;
mod track;
mod warning;
mod wav;

pub(crate) use track::make_sane;
pub(crate) use warning::Notes;
pub use warning::{AudioWarning, WILD};

use crate::call::{AgentChannel, Recording};
use crate::error::Result;
use pair::Pair;
use std::fmt;
use std::ops::RangeInclusive;
use track::{Layout, Track};

/// The most frames that a [`Block`] holds: half a second at 8 kHz, and small enough that two
/// channels of it stay in a processor's first-level cache.
pub const BLOCK_FRAMES: usize = 4096;

/// The sample rates that are read, in Hz: from the telephone's to the studio's. Below 8 kHz speech
/// measures lose their meaning; a rate above 48 kHz is, on a call, a damaged header.
pub const SAMPLE_RATES: RangeInclusive<u32> = 8_000..=48_000;

/// A stretch of a call: the same instants of both sides.
#[derive(Clone, Copy, PartialEq)]
pub struct Block<'a> {
    /// The agent's samples.
    pub agent: &'a [f32],
    /// The customer's samples, as many.
    pub customer: &'a [f32],
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The samples are speech of a person: they stay out of logs.
        write!(f, "Block({} frames)", self.agent.len())
    }
}

/// What a recording is, for logs and inspection; of two files, `WAV + FLAC` where they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioDescription {
    /// The file format: `WAV`, `RF64`, `FLAC`, `Ogg`, …
    pub container: String,
    /// How the samples are coded: `PCM s16le`, `G.711 A-law`, `Opus`, …
    pub codec: String,
    /// How many files the recording is made of: 1, or 2 mono ones.
    pub files: u16,
    /// Channels in each file.
    pub channels: u16,
    /// Frames per second, in Hz.
    pub sample_rate: u32,
}

impl fmt::Display for AudioDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AudioDescription {
            container,
            codec,
            files,
            channels,
            sample_rate,
        } = self;
        write!(
            f,
            "{container}, {codec}, {files} x {channels} ch, {sample_rate} Hz"
        )
    }
}

/// An opened recording, read block by block.
///
/// ```
/// use callcsi::audio;
/// use callcsi::call::{AgentChannel, Input, Recording};
///
/// # fn main() -> callcsi::Result<()> {
/// // One second of silence in 16-bit stereo at 8 kHz.
/// let mut wav = b"RIFF\xA4\x7D\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1F\0\0\0\x7D\0\0\x04\0\x10\0".to_vec();
/// wav.extend(b"data\0\x7D\0\0");
/// wav.resize(wav.len() + 32_000, 0);
///
/// let input = Input::Bytes { name: "silence.wav".to_owned(), bytes: wav.into() };
/// let mut call = audio::open(&Recording::Stereo { input, agent_channel: AgentChannel::Left })?;
/// assert_eq!(call.sample_rate(), 8_000);
/// let mut frames = 0;
/// while let Some(block) = call.next_block()? {
///     assert_eq!(block.agent.len(), block.customer.len());
///     frames += block.agent.len();
/// }
/// assert_eq!(frames, 8_000);
/// assert!(call.warnings().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct CallAudio {
    kind: Kind,
    description: AudioDescription,
    notes: Notes,
    frames_read: u64,
}

/// Where the two sides come from.
enum Kind {
    Stereo { track: Track, agent: AgentChannel },
    Pair(Box<Pair>),
}

impl fmt::Debug for CallAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAudio")
            .field("description", &self.description)
            .field("frames_read", &self.frames_read)
            .field("warnings", &self.warnings())
            .finish_non_exhaustive()
    }
}

/// Opens a recording and decodes as far as its first frames.
///
/// # Errors
///
/// * [`ErrorKind::Io`](crate::ErrorKind::Io): a file cannot be read.
/// * [`ErrorKind::IllFormed`](crate::ErrorKind::IllFormed): a file breaks its format, or holds no
///   audio at all.
/// * [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported): a container, codec or rate that is
///   not read, or that needs the feature `codecs`.
/// * [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch): a file has one channel where two are
///   wanted or the other way round, or two mono files differ in rate.
/// * [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): an offset of more than a day.
pub fn open(recording: &Recording) -> Result<CallAudio> {
    let mut notes = Notes::default();
    let (kind, description) = match recording {
        Recording::Stereo {
            input,
            agent_channel,
        } => {
            let track = Track::open(input, Layout::Stereo, &mut notes)?;
            let description = track.description();
            let agent = *agent_channel;
            (Kind::Stereo { track, agent }, description)
        }
        Recording::TwoMono {
            agent,
            customer,
            customer_offset,
        } => {
            let pair = Pair::open(agent, customer, *customer_offset, &mut notes)?;
            let description = pair.description();
            (Kind::Pair(Box::new(pair)), description)
        }
    };
    Ok(CallAudio {
        kind,
        description,
        notes,
        frames_read: 0,
    })
}

impl CallAudio {
    /// Returns the frames per second, in Hz: one of [`SAMPLE_RATES`].
    pub fn sample_rate(&self) -> u32 {
        self.description.sample_rate
    }

    /// Returns what the recording is.
    pub fn description(&self) -> &AudioDescription {
        &self.description
    }

    /// Returns how long the two-channel recording goes on, at least, where the file tells without being
    /// decoded: uncompressed WAV does, as far as its data is really there.
    pub(crate) fn duration_ahead(&self) -> Option<crate::timeline::Span> {
        match &self.kind {
            Kind::Stereo { track, .. } => track.duration_ahead(),
            Kind::Pair(_) => None,
        }
    }

    /// Returns how many frames [`next_block`](CallAudio::next_block) has handed out.
    pub fn frames_read(&self) -> u64 {
        self.frames_read
    }

    /// Returns what was found wrong so far, in the order in which it was first met. It is complete
    /// once [`next_block`](CallAudio::next_block) has returned `None`.
    pub fn warnings(&self) -> &[AudioWarning] {
        self.notes.all()
    }

    /// Returns the next one to [`BLOCK_FRAMES`] frames, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the operating system fails to read. Damage to
    /// the data is no error here: what can be decoded is, and a warning says the rest.
    pub fn next_block(&mut self) -> Result<Option<Block<'_>>> {
        let block = match &mut self.kind {
            Kind::Stereo { track, agent } => {
                track.next(BLOCK_FRAMES, &mut self.notes)?.map(|planes| {
                    let [left, right] = planes;
                    match agent {
                        AgentChannel::Left => Block {
                            agent: left,
                            customer: right,
                        },
                        AgentChannel::Right => Block {
                            agent: right,
                            customer: left,
                        },
                    }
                })
            }
            Kind::Pair(pair) => pair.next_block(&mut self.notes)?,
        };
        if let Some(block) = &block {
            self.frames_read += block.agent.len() as u64;
        }
        Ok(block)
    }
}
