//! FLAC, MP3, Ogg Vorbis, M4A and ADPCM, decoded by symphonia.
//!
//! The encoder's delay and padding are cut off where the file tells them and symphonia follows: in
//! MP3 (LAME tag) and Ogg. Not so in M4A, whose edit list is not followed: there the audio begins
//! late by the encoder's delay, 1,024 or 2,112 frames as a rule, on both channels alike.

use super::BLOCK_FRAMES;
use super::source::Source;
use super::track::{CONVERT, Decoder, Format, Layout, Planes, check_channels, check_rate, instant};
use super::warning::{AudioWarning, Notes};
use crate::error::{Error, ErrorKind, Result};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, TimeBase, Timestamp};
use symphonia::default::{get_codecs, get_probe};

/// The most frames of silence that stand for one damaged packet: the longest block of FLAC (RFC
/// 9639, section 9.1.1).
const MOST_PACKET_FRAMES: u64 = 65_536;

/// Runs a decoder and turns a panic in it into the error text `Err`.
///
/// Fuzzing found one that does: symphonia's MS ADPCM, on damaged blocks, where a build checks for
/// overflow. A panic costs what was being decoded, with a warning, and nothing else.
pub(super) fn guard<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // What the closure leaves behind is dropped, never used again.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| "the decoder failed (a defect)".to_owned())
}

/// Opens a file of a container other than WAV.
pub(super) fn open(
    source: Source,
    container: &'static str,
    name: &str,
    layout: Layout,
    notes: &mut Notes,
) -> Result<(Format, Box<dyn Decoder>)> {
    let refuse = |error: Symphonia| match error {
        Symphonia::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Error::io(name, &error)
        }
        Symphonia::Unsupported(what) => {
            let wanted = "a codec that is read: FLAC, MP3, Vorbis, Opus or AAC-LC";
            Error::new(ErrorKind::Unsupported, container, what, wanted).hint(CONVERT)
        }
        error => Error::new(ErrorKind::IllFormed, container, error, "a whole header"),
    };
    let defect = |text: String| Error::new(ErrorKind::Internal, container, text, "a decoded file");

    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let (format, meta) = (FormatOptions::default(), MetadataOptions::default());
    let reader = guard(|| get_probe().probe(&Hint::new(), stream, format, meta));
    // The container was recognised by its first bytes: what the reader then misses is damage.
    let reader = reader.map_err(defect)?.map_err(|error| match error {
        Symphonia::Unsupported(what) => refuse(Symphonia::DecodeError(what)),
        error => refuse(error),
    })?;

    let no_audio = || {
        Error::new(
            ErrorKind::IllFormed,
            container,
            "no audio",
            "an audio track",
        )
    };
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or_else(no_audio)?;
    let (track_id, time_base) = (track.id, track.time_base);
    // Where the header itself counts the frames; elsewhere symphonia estimates them. MP3's count
    // stands beside LAME's delay.
    let counted = match container {
        "FLAC" | "MP4" => true,
        "MP3" => track.delay.is_some(),
        _ => false,
    };
    let promised = track.num_frames.filter(|_| counted).map(Duration::new);
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err(no_audio());
    };
    let options = AudioDecoderOptions::default();
    let decoder = guard(|| get_codecs().make_audio_decoder(params, &options));
    let decoder = decoder.map_err(defect)?.map_err(refuse)?;

    let mut stream = Stream {
        name: name.to_owned(),
        codec: decoder.codec_info().long_name,
        reader,
        decoder,
        track_id,
        time_base,
        promised,
        spec: None,
        first: None,
        ended: false,
    };
    // What the channels and the rate are, the first packet says: headers are known to err.
    let mut planes = Planes::default();
    stream.read(&mut planes, 0, notes)?;
    let Some((sample_rate, channels)) = stream.spec else {
        let error = Error::new(
            ErrorKind::IllFormed,
            container,
            "no audio",
            "at least one frame",
        );
        let warning = notes.all().last();
        return Err(warning.map_or(no_audio(), |warning| error.hint(warning)));
    };
    check_channels(channels, layout)?;
    check_rate(sample_rate)?;
    if channels == 1 {
        planes[1].clear();
    }
    stream.first = Some(planes);
    let format = Format {
        container: container.to_owned(),
        codec: stream.codec.to_owned(),
        channels: channels as u16,
        sample_rate,
        unchecked: true,
    };
    Ok((format, Box::new(stream)))
}

/// A file that symphonia reads and decodes.
struct Stream {
    name: String,
    codec: &'static str,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    /// The length that the header promises, in units of the time base.
    promised: Option<Duration>,
    /// Rate in Hz and channels, as first decoded.
    spec: Option<(u32, usize)>,
    /// The frames that were decoded to find them.
    first: Option<Planes>,
    ended: bool,
}

/// What became of a packet.
enum Step {
    Frames,
    Nothing,
    End,
}

impl Decoder for Stream {
    fn read(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<()> {
        if let Some(first) = self.first.take() {
            *planes = first;
            return Ok(());
        }
        planes.iter_mut().for_each(Vec::clear);
        while !self.ended {
            let before = at + planes[0].len() as u64;
            // Before the first good packet the silence of bad ones is kept, to be played with it.
            match self.step(planes, before, notes)? {
                Step::Frames if self.spec.is_some() => return Ok(()),
                Step::Frames | Step::Nothing => {}
                Step::End => self.ended = true,
            }
        }
        if self.spec.is_none() {
            planes.iter_mut().for_each(Vec::clear);
        }
        Ok(())
    }
}

impl Stream {
    /// Reads and decodes one packet, and appends its frames.
    fn step(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<Step> {
        let rate = self.spec.map_or(48_000, |(rate, _)| rate);
        let promised = self.promised.map(|length| self.frames_of(length, rate));
        let decoded = at;
        let at = instant(at, rate);
        let break_off = |notes: &mut Notes, reason: String| {
            notes.add(AudioWarning::BrokeOff { at, reason });
            Ok(Step::End)
        };
        let packet = match guard(|| self.reader.next_packet()) {
            Ok(Ok(Some(packet))) => packet,
            Ok(Ok(None)) => {
                // MP3 has no end mark, and a file may be cut between two packets.
                let slack = u64::from(rate / 10);
                if let Some(promised) = promised.filter(|p| decoded.saturating_add(slack) < *p) {
                    let promised = instant(promised, rate);
                    notes.add(AudioWarning::Truncated { at, promised });
                }
                return Ok(Step::End);
            }
            Ok(Err(Symphonia::IoError(error))) => {
                return match error.kind() {
                    io::ErrorKind::UnexpectedEof => {
                        break_off(notes, "the file ends too early".to_owned())
                    }
                    // What a container's bytes bring forth; the system's own errors are others.
                    io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::Other => break_off(notes, error.to_string()),
                    _ => Err(Error::io(&self.name, &error)),
                };
            }
            Ok(Err(Symphonia::ResetRequired)) => {
                return break_off(
                    notes,
                    "a second recording follows in the same file".to_owned(),
                );
            }
            Ok(Err(error)) => return break_off(notes, error.to_string()),
            Err(defect) => return break_off(notes, defect),
        };
        if packet.track_id != self.track_id {
            return Ok(Step::Nothing);
        }

        let decoder = &mut self.decoder;
        let spec = &mut self.spec;
        let decoded = guard(|| match decoder.decode(&packet) {
            Ok(buffer) => {
                let frames = buffer.frames();
                let found = (buffer.spec().rate(), buffer.spec().channels().count());
                if frames == 0 {
                    return Ok(Step::Nothing);
                }
                if *spec.get_or_insert(found) != found {
                    return Err(None);
                }
                if found.1 > 2 {
                    // Refused by the caller.
                    return Ok(Step::Frames);
                }
                let [left, right] = planes;
                let from = left.len();
                left.resize(from + frames, 0.0);
                if found.1 == 1 {
                    buffer.copy_to_slice_planar::<f32, _>(&mut [&mut left[from..]]);
                } else {
                    right.resize(from + frames, 0.0);
                    let mut both = [&mut left[from..], &mut right[from..]];
                    buffer.copy_to_slice_planar::<f32, _>(&mut both);
                }
                Ok(Step::Frames)
            }
            Err(error) => Err(Some(error)),
        });
        match decoded {
            Ok(Ok(step)) => Ok(step),
            Ok(Err(None)) => break_off(notes, "the rate or the channels change".to_owned()),
            Ok(Err(Some(error))) => {
                let frames = self.frames_of(packet.dur, rate).min(MOST_PACKET_FRAMES) as usize;
                notes.add(AudioWarning::Damaged {
                    packets: 1,
                    first: at,
                    reason: error.to_string(),
                });
                let mono = self.spec.is_some_and(|(_, channels)| channels == 1);
                let [left, right] = planes;
                left.resize(left.len() + frames, 0.0);
                if !mono {
                    right.resize(right.len() + frames, 0.0);
                }
                Ok(if frames > 0 {
                    Step::Frames
                } else {
                    Step::Nothing
                })
            }
            Err(defect) => break_off(notes, defect),
        }
    }

    /// Returns how many frames a packet stands for.
    fn frames_of(&self, duration: Duration, rate: u32) -> u64 {
        let Some(base) = self.time_base else {
            return duration.get();
        };
        let units = u128::from(duration.get()) * u128::from(base.numer.get());
        let frames = units * u128::from(rate) / u128::from(base.denom.get());
        u64::try_from(frames).unwrap_or(u64::MAX)
    }
}

/// The blocks of an ADPCM WAV, as its header describes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdpcmShape {
    pub(super) microsoft: bool,
    pub(super) channels: u16,
    pub(super) rate: u32,
    pub(super) block_bytes: usize,
    pub(super) block_frames: u64,
}

/// Decodes `frames` frames out of `blocks` blocks of ADPCM, of which `source` stands at the first.
pub(super) fn adpcm(
    source: Source,
    name: &str,
    shape: AdpcmShape,
    blocks: u64,
    frames: u64,
) -> Result<Box<dyn Decoder>> {
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(if shape.microsoft {
            CODEC_ID_ADPCM_MS
        } else {
            CODEC_ID_ADPCM_IMA_WAV
        })
        .with_sample_rate(shape.rate)
        .with_bits_per_coded_sample(4)
        .with_channels(if shape.channels == 1 {
            CHANNEL_LAYOUT_MONO
        } else {
            CHANNEL_LAYOUT_STEREO
        })
        .with_max_frames_per_packet(shape.block_frames)
        .with_frames_per_block(shape.block_frames);
    let options = AudioDecoderOptions::default();
    let unsupported = |found: String| {
        let wanted = "IMA or Microsoft ADPCM";
        Error::new(ErrorKind::Unsupported, "", found, wanted).hint(CONVERT)
    };
    let decoder = guard(|| get_codecs().make_audio_decoder(&params, &options));
    let decoder = decoder
        .map_err(unsupported)?
        .map_err(|error| unsupported(error.to_string()))?;
    Ok(Box::new(AdpcmReader {
        name: name.to_owned(),
        source,
        decoder,
        shape,
        blocks,
        frames,
        bytes: vec![0; shape.block_bytes],
    }))
}

/// Reads the blocks of an ADPCM WAV.
struct AdpcmReader {
    name: String,
    source: Source,
    decoder: Box<dyn AudioDecoder>,
    shape: AdpcmShape,
    /// Blocks and frames that are left.
    blocks: u64,
    frames: u64,
    bytes: Vec<u8>,
}

impl Decoder for AdpcmReader {
    fn read(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<()> {
        planes.iter_mut().for_each(Vec::clear);
        let block = self.shape.block_frames;
        while self.blocks > 0 && self.frames > 0 && planes[0].len() < BLOCK_FRAMES {
            let at = instant(at + planes[0].len() as u64, self.shape.rate);
            let filled = self.source.fill(&mut self.bytes);
            if filled.map_err(|error| Error::io(&self.name, &error))? < self.bytes.len() {
                let reason = "the file ends too early".to_owned();
                notes.add(AudioWarning::BrokeOff { at, reason });
                self.blocks = 0;
                break;
            }
            self.blocks -= 1;
            let wanted = block.min(self.frames) as usize;
            self.frames -= wanted as u64;

            let packet = PacketRef::new(0, Timestamp::ZERO, Duration::new(block), &self.bytes);
            let from = planes[0].len();
            let channels = usize::from(self.shape.channels);
            let decoder = &mut self.decoder;
            let decoded = guard(|| {
                let buffer = decoder.decode_ref(&packet)?;
                let mut ends: Vec<&mut [f32]> = Vec::with_capacity(2);
                for plane in planes.iter_mut().take(channels) {
                    plane.resize(from + buffer.frames(), 0.0);
                    ends.push(&mut plane[from..]);
                }
                buffer.copy_to_slice_planar::<f32, _>(&mut ends);
                Ok::<(), Symphonia>(())
            });
            let failed = match decoded {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(defect) => Some(defect),
            };
            if let Some(reason) = failed {
                notes.add(AudioWarning::Damaged {
                    packets: 1,
                    first: at,
                    reason,
                });
            }
            // As many frames as are meant: fewer in the last block, silence for a damaged one.
            for plane in planes.iter_mut().take(channels) {
                plane.resize(from + wanted, 0.0);
            }
        }
        Ok(())
    }
}
