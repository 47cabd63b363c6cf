//! One file as a stream of frames: finds out what it is, and hands out its decoder's samples.

use super::source::Source;
use super::warning::{AudioWarning, Notes, WILD};
use super::{AudioDescription, SAMPLE_RATES, wav};
use crate::call::Input;
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Span, Time};
use std::io::{Seek, SeekFrom};

/// Samples of each channel; of a mono file the second stays empty.
pub(super) type Planes = [Vec<f32>; 2];

/// How many channels a file must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One: it is one side of a call.
    Mono,
    /// Two: it is a call.
    Stereo,
}

/// What a decoder found in the header.
#[derive(Clone, Debug)]
pub(super) struct Format {
    pub(super) container: String,
    pub(super) codec: String,
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    /// Whether samples may be anything that a float can be.
    pub(super) unchecked: bool,
}

/// Makes samples out of the bytes of a file.
pub(super) trait Decoder: Send {
    /// Replaces `planes` by the next frames; no frames mean the end of the file. `at` is how many
    /// frames came before, for warnings.
    ///
    /// An error is one of the operating system. Damaged data is noted and ends the file, or is
    /// passed over.
    fn read(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<()>;

    /// Returns how many frames are still to come, where the file tells without being decoded.
    fn frames_ahead(&self) -> Option<u64> {
        None
    }
}

/// A file that is being decoded.
pub(super) struct Track {
    name: String,
    format: Format,
    decoder: Box<dyn Decoder>,
    planes: Planes,
    /// The frames of `planes` that were handed out.
    used: usize,
    /// Frames decoded so far.
    decoded: u64,
    ended: bool,
}

impl Track {
    /// Opens a file that must have the channels of `layout`, and decodes its first frames.
    pub(super) fn open(input: &Input, layout: Layout, notes: &mut Notes) -> Result<Track> {
        Track::open_unnamed(input, layout, notes).map_err(|error| {
            // Errors of the operating system name the file already.
            if error.place().is_empty() {
                error.within(input)
            } else {
                error
            }
        })
    }

    fn open_unnamed(input: &Input, layout: Layout, notes: &mut Notes) -> Result<Track> {
        let mut source = Source::open(input)?;
        let name = input.to_string();
        let io = |error: std::io::Error| Error::io(&name, &error);

        let mut head = [0; 64];
        let filled = source.fill(&mut head).map_err(io)?;
        source.seek(SeekFrom::Start(0)).map_err(io)?;
        let head = &head[..filled];
        if head.is_empty() {
            return Err(Error::new(
                ErrorKind::IllFormed,
                "",
                "0 bytes",
                "a recording",
            ));
        }

        let (format, decoder) = if wav::is_wav(head) {
            wav::open(source, &name, layout, notes)?
        } else {
            open_compressed(source, head, &name, layout, notes)?
        };

        let mut track = Track {
            name,
            format,
            decoder,
            planes: Planes::default(),
            used: 0,
            decoded: 0,
            ended: false,
        };
        track.refill(notes)?;
        if track.ended {
            let mut error = Error::new(ErrorKind::IllFormed, "", "no audio", "at least one frame");
            if let Some(warning) = notes.all().last() {
                error = error.hint(warning);
            }
            return Err(error);
        }
        Ok(track)
    }

    /// Returns frames per second, in Hz.
    pub(super) fn sample_rate(&self) -> u32 {
        self.format.sample_rate
    }

    /// Returns how long the file goes on, at least, where it tells without being decoded.
    pub(super) fn duration_ahead(&self) -> Option<Span> {
        let frames = self.decoder.frames_ahead()?;
        Some(instant(frames, self.format.sample_rate) - Time::ZERO)
    }

    /// Returns what the file is.
    pub(super) fn description(&self) -> AudioDescription {
        AudioDescription {
            container: self.format.container.clone(),
            codec: self.format.codec.clone(),
            files: 1,
            channels: self.format.channels,
            sample_rate: self.format.sample_rate,
        }
    }

    /// Returns the next one to `most` frames, or `None` at the end.
    pub(super) fn next(&mut self, most: usize, notes: &mut Notes) -> Result<Option<[&[f32]; 2]>> {
        if self.used == self.planes[0].len() && !self.ended {
            self.refill(notes).map_err(|e| e.within(&self.name))?;
        }
        if self.ended {
            return Ok(None);
        }
        let from = self.used;
        let to = self.planes[0].len().min(from.saturating_add(most));
        self.used = to;
        let [left, right] = &self.planes;
        Ok(Some([&left[from..to], right.get(from..to).unwrap_or(&[])]))
    }

    /// Decodes until there are frames again, or the file has ended.
    fn refill(&mut self, notes: &mut Notes) -> Result<()> {
        self.used = 0;
        self.decoder.read(&mut self.planes, self.decoded, notes)?;
        self.decoded += self.planes[0].len() as u64;
        self.ended = self.planes[0].is_empty();
        if self.format.unchecked {
            for plane in &mut self.planes {
                make_sane(plane, notes);
            }
        }
        Ok(())
    }
}

/// Replaces what is no sample: numbers that are not finite by 0, sizes above [`WILD`] by full scale.
pub(crate) fn make_sane(samples: &mut [f32], notes: &mut Notes) {
    // The common case is one pass without a branch. A comparison with NaN is false.
    if samples.iter().all(|x| x.abs() <= WILD) {
        return;
    }
    let (mut not_finite, mut wild, mut peak) = (0, 0, 0.0f32);
    for x in samples {
        if !x.is_finite() {
            not_finite += 1;
            *x = 0.0;
        } else if x.abs() > WILD {
            wild += 1;
            peak = peak.max(x.abs());
            *x = x.signum();
        }
    }
    if not_finite > 0 {
        notes.add(AudioWarning::NotFinite {
            samples: not_finite,
        });
    }
    if wild > 0 {
        notes.add(AudioWarning::OutOfRange {
            samples: wild,
            peak,
        });
    }
}

/// Refuses a file that has not the channels of `layout`.
pub(super) fn check_channels(found: usize, layout: Layout) -> Result<()> {
    let error = |wanted| {
        let found = match found {
            1 => "1 channel".to_owned(),
            n => format!("{n} channels"),
        };
        Error::new(ErrorKind::Mismatch, "", found, wanted)
    };
    match (found, layout) {
        (2, Layout::Stereo) | (1, Layout::Mono) => Ok(()),
        (0, _) => Err(Error::new(
            ErrorKind::IllFormed,
            "",
            "0 channels",
            "1 or 2 channels",
        )),
        (1, Layout::Stereo) => Err(error("2 channels, agent and customer apart")
            .hint("two mono files go to audio_agent and audio_customer")),
        (2, Layout::Mono) => Err(error("1 channel, the recording of one side")
            .hint("a stereo recording of both sides goes to audio, with agent_channel")),
        (_, Layout::Stereo) => Err(error("2 channels, agent and customer apart")),
        (_, Layout::Mono) => Err(error("1 channel, the recording of one side")),
    }
}

/// Refuses a rate outside [`SAMPLE_RATES`].
pub(super) fn check_rate(found: u32) -> Result<()> {
    if SAMPLE_RATES.contains(&found) {
        return Ok(());
    }
    let wanted = format!("{} to {} Hz", SAMPLE_RATES.start(), SAMPLE_RATES.end());
    Err(Error::new(
        ErrorKind::Unsupported,
        "sample rate",
        format!("{found} Hz"),
        wanted,
    ))
}

/// Returns the instant of frame `frame`.
pub(super) fn instant(frame: u64, sample_rate: u32) -> Time {
    Time::of_sample(frame, sample_rate)
}

/// How to turn a file that is not read into one that is.
pub(super) const CONVERT: &str = "convert it: ffmpeg -i in -c:a pcm_s16le out.wav";

/// The containers that are known by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flac,
    Mp3,
    Ogg,
    Mp4,
    Adts,
    /// Known, but not read.
    Other(&'static str),
}

/// Recognises a container by its first bytes.
fn recognise(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|h| h.starts_with(magic));
    let other: [(usize, &[u8], &'static str); 9] = [
        (0, b"RIFX", "a big-endian WAV (RIFX)"),
        (0, b"#!AMR", "an AMR recording"),
        (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a WMA recording"),
        (0, b".snd", "a Sun audio file (AU)"),
        (0, b"riff\x2E\x91\xCF\x11", "a Wave64 file"),
        (0, b"FORM", "an AIFF file"),
        (0, b"caff", "a CAF file"),
        (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM file"),
        (0, b"wvpk", "a WavPack file"),
    ];
    if at(0, b"fLaC") {
        Some(Kind::Flac)
    } else if at(0, b"OggS") {
        Some(Kind::Ogg)
    } else if at(4, b"ftyp") {
        Some(Kind::Mp4)
    } else if at(0, b"ID3") {
        Some(Kind::Mp3)
    } else if let [0xFF, second, ..] = *head
        && second & 0xF6 == 0xF0
    {
        // ADTS: twelve bits of sync, the layer is 0 (ISO/IEC 13818-7, 6.2).
        Some(Kind::Adts)
    } else if let [0xFF, second, third, ..] = *head
        && second & 0xE6 == 0xE2
        && third & 0xF0 != 0xF0
        && third & 0x0C != 0x0C
    {
        // MPEG audio: eleven bits of sync, layer III, no forbidden bit rate or sample rate
        // (ISO/IEC 11172-3, 2.4.2.3).
        Some(Kind::Mp3)
    } else {
        let known = other.iter().find(|(offset, magic, _)| at(*offset, magic));
        known.map(|(_, _, name)| Kind::Other(name))
    }
}

/// Opens anything but WAV.
fn open_compressed(
    source: Source,
    head: &[u8],
    name: &str,
    layout: Layout,
    notes: &mut Notes,
) -> Result<(Format, Box<dyn Decoder>)> {
    let refuse = |found: &str| {
        let wanted = "WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus or M4A";
        Error::new(ErrorKind::Unsupported, "", found, wanted).hint(CONVERT)
    };
    let Some(kind) = recognise(head) else {
        use std::fmt::Write;
        let mut found = "a file of no known kind, beginning with".to_owned();
        for byte in head.iter().take(8) {
            // Writing to a `String` cannot fail.
            let _ = write!(found, " {byte:02X}");
        }
        return Err(refuse(&found));
    };
    let container = match kind {
        Kind::Other(what) => return Err(refuse(what)),
        Kind::Flac => "FLAC",
        Kind::Mp3 => "MP3",
        Kind::Ogg => "Ogg",
        Kind::Mp4 => "MP4",
        Kind::Adts => "ADTS",
    };
    #[cfg(feature = "codecs")]
    {
        if kind == Kind::Ogg && super::opus::is_opus(head) {
            super::opus::open(source, name, layout, notes)
        } else {
            super::compressed::open(source, container, name, layout, notes)
        }
    }
    #[cfg(not(feature = "codecs"))]
    {
        let _ = (source, name, layout, notes);
        Err(without_codecs(format_args!("a recording in {container}")))
    }
}

/// The refusal of a build that has no decoders.
#[cfg(not(feature = "codecs"))]
pub(super) fn without_codecs(found: impl std::fmt::Display) -> Error {
    let wanted = "PCM or G.711 in WAV: this build lacks the feature `codecs`";
    Error::new(ErrorKind::Unsupported, "", found, wanted).hint(CONVERT)
}
