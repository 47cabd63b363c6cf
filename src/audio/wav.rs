//! WAV as it is found in archives, not as it should be.
//!
//! # Conventions
//!
//! RIFF is a list of chunks: four bytes of name, a length in little-endian, so many bytes, and a pad
//! byte after an odd length (Multimedia Programming Interface and Data Specifications 1.0, IBM and
//! Microsoft, 1991). RF64 and BW64 keep lengths above 4 GiB in a `ds64` chunk (EBU Tech 3306, ITU-R
//! BS.2088). Only `fmt `, `data`, `fact` and `ds64` are looked at; the length in the RIFF header is
//! never believed, for there the file's own length is better.
//!
//! What recorders get wrong, and what is done:
//!
//! | found | done |
//! |---|---|
//! | a data length of 0 or near 2 or 4 GiB, as a streaming recorder leaves it | read to the end of the file, [`AudioWarning::UnknownLength`] |
//! | a data length beyond the end of the file | read what is there, [`AudioWarning::Truncated`] |
//! | a last frame cut short | dropped, [`AudioWarning::PartialFrame`] |
//! | a block align or byte rate that contradicts the format | computed, [`AudioWarning::Header`] |
//! | no pad byte after an odd chunk | noticed by what follows |
//! | other chunks anywhere, `data` before `fmt ` | skipped, found |

use super::BLOCK_FRAMES;
use super::g711;
use super::source::Source;
use super::track::{CONVERT, Decoder, Format, Layout, Planes, check_channels, check_rate, instant};
use super::warning::{AudioWarning, Notes};
use crate::error::{Error, ErrorKind, Result};
use std::io::{self, Seek, SeekFrom};

/// Tells whether a file begins like a WAV, RF64 or BW64 file.
pub(super) fn is_wav(head: &[u8]) -> bool {
    matches!(
        head,
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..]
    ) && head.get(8..12).is_none_or(|form| form == b"WAVE")
}

/// Lengths from here up are no lengths when they go beyond the file: streaming recorders write
/// 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000 and the like.
const NO_LENGTH: u64 = 0x7FFF_0000;

/// Opens a WAV file and reads its header.
pub(super) fn open(
    mut source: Source,
    name: &str,
    layout: Layout,
    notes: &mut Notes,
) -> Result<(Format, Box<dyn Decoder>)> {
    let io = |error: io::Error| Error::io(name, &error);
    let header = Header::read(&mut source).map_err(io)?;
    let Some(fmt) = &header.fmt else {
        return Err(ill_formed("no whole `fmt ` chunk", "one before the end"));
    };
    let Some(data) = &header.data else {
        return Err(ill_formed("no `data` chunk", "one before the end"));
    };
    let fmt = Fmt::parse(fmt)?;
    check_channels(usize::from(fmt.channels), layout)?;
    check_rate(fmt.rate)?;
    let coding = Coding::of(&fmt)?;

    let block = coding.block_bytes(&fmt);
    if u64::from(fmt.block_align) != block {
        notes.add(AudioWarning::Header {
            field: "block align",
            found: u64::from(fmt.block_align),
            used: block,
        });
    }
    if !coding.is_adpcm() && u64::from(fmt.byte_rate) != block * u64::from(fmt.rate) {
        notes.add(AudioWarning::Header {
            field: "byte rate",
            found: u64::from(fmt.byte_rate),
            used: block * u64::from(fmt.rate),
        });
    }

    // The data: as long as its chunk says, as far as the file goes.
    let there = source.len().saturating_sub(data.start);
    let declared = header.data_len();
    let block_frames = coding.block_frames(&fmt);
    let frames_of = |bytes: u64| (bytes / block).saturating_mul(block_frames);
    let len = if declared == 0 && there > 0 && !header.more_chunks
        || declared > there && declared >= NO_LENGTH && !header.is_64_bit()
    {
        notes.add(AudioWarning::UnknownLength);
        there
    } else if declared > there {
        notes.add(AudioWarning::Truncated {
            at: instant(frames_of(there), fmt.rate),
            promised: instant(frames_of(declared), fmt.rate),
        });
        there
    } else {
        declared
    };
    if len == 0 {
        return Err(ill_formed(
            "a `data` chunk of 0 bytes",
            "at least one frame",
        ));
    }
    if !len.is_multiple_of(block) {
        notes.add(AudioWarning::PartialFrame { bytes: len % block });
    }

    source.seek(SeekFrom::Start(data.start)).map_err(io)?;
    let format = Format {
        container: header.container.to_owned(),
        codec: coding.name(),
        channels: fmt.channels,
        sample_rate: fmt.rate,
        unchecked: matches!(coding, Coding::Float32 | Coding::Float64),
    };
    let blocks = len / block;
    #[cfg(feature = "codecs")]
    if let Coding::Adpcm(kind) = coding {
        // `fact` tells how many frames of the last block are meant.
        let frames = blocks.saturating_mul(block_frames);
        let meant = header.fact.map(u64::from);
        let frames = meant
            .filter(|&m| m <= frames && frames - m < block_frames)
            .unwrap_or(frames);
        let shape = super::compressed::AdpcmShape {
            microsoft: kind == Adpcm::Microsoft,
            channels: fmt.channels,
            rate: fmt.rate,
            block_bytes: usize::from(fmt.block_align),
            block_frames,
        };
        let decoder = super::compressed::adpcm(source, name, shape, blocks, frames)?;
        return Ok((format, decoder));
    }
    let reader = Reader {
        name: name.to_owned(),
        source,
        coding,
        channels: usize::from(fmt.channels),
        block: block as usize,
        rate: fmt.rate,
        frames_left: blocks,
        bytes: vec![0; BLOCK_FRAMES * block as usize],
    };
    Ok((format, Box::new(reader)))
}

fn ill_formed(found: &str, wanted: &str) -> Error {
    Error::new(ErrorKind::IllFormed, "", found, wanted)
}

/// The chunks that matter, as they stand in the file.
#[derive(Default)]
struct Header {
    container: &'static str,
    fmt: Option<Vec<u8>>,
    data: Option<Data>,
    /// Frames by the `fact` chunk.
    fact: Option<u32>,
    /// Length of the data by the `ds64` chunk, in bytes.
    long_len: Option<u64>,
    /// Whether a data chunk of length 0 is followed by another chunk: then 0 is meant.
    more_chunks: bool,
}

/// Where the samples stand.
struct Data {
    /// Offset of the first byte.
    start: u64,
    /// Length by the chunk's header, in bytes.
    declared: u32,
}

/// The longest chunk header field that is of interest: `fmt ` of 40 bytes and some to spare.
const FMT_BYTES: u64 = 64;

/// How many chunks are looked at before the search for `fmt ` and `data` is given up: a damaged file
/// must not make us seek for ever.
const MOST_CHUNKS: usize = 10_000;

impl Header {
    /// Walks the chunks until both `fmt ` and `data` are found, or the file ends.
    fn read(source: &mut Source) -> io::Result<Header> {
        let mut header = Header::default();
        let mut riff = [0; 12];
        source.fill(&mut riff)?;
        header.container = match &riff[..4] {
            b"RF64" => "RF64",
            b"BW64" => "BW64",
            _ => "WAV",
        };
        let len = source.len();
        let mut at = 12;
        for _ in 0..MOST_CHUNKS {
            if header.fmt.is_some() && header.data.is_some() || at + 8 > len {
                break;
            }
            source.seek(SeekFrom::Start(at))?;
            let mut chunk = [0; 8];
            if source.fill(&mut chunk)? < chunk.len() {
                break;
            }
            let (id, size) = (&chunk[..4], u32_at(&chunk, 4).unwrap_or(0));
            let start = at + 8;
            let mut body = vec![0; u64::from(size).min(FMT_BYTES) as usize];
            if matches!(id, b"fmt " | b"fact" | b"ds64") {
                let filled = source.fill(&mut body)?;
                body.truncate(filled);
            }
            match id {
                b"fmt " if header.fmt.is_none() => header.fmt = Some(body),
                b"fact" => header.fact = u32_at(&body, 0),
                b"ds64" => header.long_len = u64_at(&body, 8),
                b"data" if header.data.is_none() => {
                    let declared = size;
                    header.data = Some(Data { start, declared });
                    if size == 0 {
                        header.more_chunks = chunk_at(source, start)?;
                    }
                }
                _ => {}
            }
            at = start + u64::from(size);
            if id == b"data" {
                at = start.saturating_add(header.data_len());
            }
            if size % 2 == 1 {
                at += u64::from(is_padded(source, at)?);
            }
        }
        Ok(header)
    }

    /// Tells whether lengths are kept in a `ds64` chunk.
    fn is_64_bit(&self) -> bool {
        self.container != "WAV" && self.long_len.is_some()
    }

    /// Returns the length of the data in bytes, as the header gives it.
    fn data_len(&self) -> u64 {
        let declared = self.data.as_ref().map_or(0, |data| data.declared);
        match self.long_len {
            Some(len) if self.container != "WAV" && declared == u32::MAX => len,
            _ => u64::from(declared),
        }
    }
}

/// Tells whether a plausible chunk stands at `at` and ends within the file.
fn chunk_at(source: &mut Source, at: u64) -> io::Result<bool> {
    source.seek(SeekFrom::Start(at))?;
    let mut chunk = [0; 8];
    if source.fill(&mut chunk)? < chunk.len() {
        return Ok(false);
    }
    let size = u64::from(u32_at(&chunk, 4).unwrap_or(0));
    Ok(is_name(&chunk[..4]) && at + 8 + size <= source.len())
}

/// Tells whether the odd chunk that ends at `at` is followed by its pad byte. Some writers leave it
/// out; then the next chunk's name begins right there.
fn is_padded(source: &mut Source, at: u64) -> io::Result<bool> {
    source.seek(SeekFrom::Start(at))?;
    let mut next = [0; 5];
    let filled = source.fill(&mut next)?;
    Ok(filled < 5 || is_name(&next[1..]) || !is_name(&next[..4]))
}

/// Tells whether four bytes can be the name of a chunk: printable ASCII.
fn is_name(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| (0x20..0x7F).contains(b))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// The content of the `fmt ` chunk.
#[derive(Debug)]
struct Fmt {
    /// The format tag; of an extensible header, the one of its sub-format.
    tag: u16,
    channels: u16,
    rate: u32,
    byte_rate: u32,
    block_align: u16,
    /// Bits per sample; 0 when the header is too short to say.
    bits: u16,
    /// Frames in an ADPCM block, when the header says.
    block_frames: Option<u16>,
}

/// The tag of WAVE_FORMAT_EXTENSIBLE, whose sub-format stands further on.
const EXTENSIBLE: u16 = 0xFFFE;

/// What follows the tag in the sub-format's GUID: {xxxxxxxx-0000-0010-8000-00AA00389B71}.
const GUID_TAIL: [u8; 14] = [
    0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71,
];

impl Fmt {
    fn parse(bytes: &[u8]) -> Result<Fmt> {
        let short = || {
            let found = format!("a `fmt ` chunk of {} bytes", bytes.len());
            ill_formed(&found, "14 bytes or more")
        };
        let mut tag = u16_at(bytes, 0).ok_or_else(short)?;
        let block_align = u16_at(bytes, 12).ok_or_else(short)?;
        if tag == EXTENSIBLE {
            let sub_format = u16_at(bytes, 24)
                .filter(|_| bytes.get(26..40).is_some_and(|tail| tail == GUID_TAIL));
            tag = sub_format.ok_or_else(|| {
                let wanted = "PCM, float, A-law or µ-law";
                Error::new(
                    ErrorKind::Unsupported,
                    "",
                    "an unknown WAV sub-format",
                    wanted,
                )
                .hint(CONVERT)
            })?;
        }
        Ok(Fmt {
            tag,
            channels: u16_at(bytes, 2).ok_or_else(short)?,
            rate: u32_at(bytes, 4).ok_or_else(short)?,
            byte_rate: u32_at(bytes, 8).ok_or_else(short)?,
            block_align,
            bits: u16_at(bytes, 14).unwrap_or(0),
            block_frames: u16_at(bytes, 18),
        })
    }

    /// Returns the bytes that a PCM or float sample takes. A sample of odd width stands in the upper
    /// bits of the next container (12 bits in 2 bytes, 24 perhaps in 4), so the container is all
    /// that counts: where the block align fits the channels and the width, it tells.
    fn sample_bytes(&self) -> u16 {
        let by_align = self.block_align / self.channels.max(1);
        let fits = self.block_align == by_align.saturating_mul(self.channels)
            && by_align.saturating_mul(8) >= self.bits
            && (1..=8).contains(&by_align);
        if fits {
            by_align
        } else {
            self.bits.div_ceil(8)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Adpcm {
    Ima,
    Microsoft,
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Unsigned: 128 is silence.
    Pcm8,
    Pcm16,
    Pcm24,
    Pcm32,
    Float32,
    Float64,
    ALaw,
    MuLaw,
    #[cfg_attr(
        not(feature = "codecs"),
        expect(dead_code, reason = "refused without decoders")
    )]
    Adpcm(Adpcm),
}

impl Coding {
    /// Finds the coding that a `fmt ` chunk names.
    fn of(fmt: &Fmt) -> Result<Coding> {
        let (tag, bytes) = (fmt.tag, fmt.sample_bytes());
        let refuse = |found: String| {
            let wanted = "PCM, float, A-law or µ-law";
            let error = Error::new(ErrorKind::Unsupported, "", found, wanted);
            Err(error.hint(CONVERT))
        };
        match (tag, bytes) {
            (1, 1) => Ok(Coding::Pcm8),
            (1, 2) => Ok(Coding::Pcm16),
            (1, 3) => Ok(Coding::Pcm24),
            (1, 4) => Ok(Coding::Pcm32),
            (3, 4) => Ok(Coding::Float32),
            (3, 8) => Ok(Coding::Float64),
            (6, _) => Ok(Coding::ALaw),
            (7, _) => Ok(Coding::MuLaw),
            (1 | 3, _) => {
                let kind = if tag == 1 { "PCM" } else { "float" };
                refuse(format!(
                    "{kind} samples of {} bits in {bytes} bytes",
                    fmt.bits
                ))
            }
            (0x02, _) => Coding::adpcm(fmt, Adpcm::Microsoft),
            (0x11, _) => Coding::adpcm(fmt, Adpcm::Ima),
            _ => {
                let known = TAGS.iter().find(|(t, _)| *t == tag);
                let name = known.map_or("unknown", |(_, name)| name);
                refuse(format!("WAV format tag 0x{tag:04X} ({name})"))
            }
        }
    }

    #[cfg(feature = "codecs")]
    fn adpcm(fmt: &Fmt, kind: Adpcm) -> Result<Coding> {
        let coding = Coding::Adpcm(kind);
        if coding.block_frames(fmt) == 0 || fmt.bits != 4 {
            let found = format!(
                "ADPCM of {} bits in blocks of {} bytes",
                fmt.bits, fmt.block_align
            );
            return Err(ill_formed(
                &found,
                "4 bits, and blocks longer than their header",
            ));
        }
        Ok(coding)
    }

    #[cfg(not(feature = "codecs"))]
    fn adpcm(_: &Fmt, _: Adpcm) -> Result<Coding> {
        Err(super::track::without_codecs("ADPCM in WAV"))
    }

    fn is_adpcm(self) -> bool {
        matches!(self, Coding::Adpcm(_))
    }

    /// Returns the bytes of a frame or, of ADPCM, of a block.
    fn block_bytes(self, fmt: &Fmt) -> u64 {
        let sample = match self {
            Coding::Pcm8 | Coding::ALaw | Coding::MuLaw => 1,
            Coding::Pcm16 => 2,
            Coding::Pcm24 => 3,
            Coding::Pcm32 | Coding::Float32 => 4,
            Coding::Float64 => 8,
            Coding::Adpcm(_) => return u64::from(fmt.block_align.max(1)),
        };
        sample * u64::from(fmt.channels)
    }

    /// Returns the frames of a block: 1 but for ADPCM.
    fn block_frames(self, fmt: &Fmt) -> u64 {
        let Coding::Adpcm(kind) = self else { return 1 };
        let channels = u64::from(fmt.channels.max(1));
        // Each channel's block header: IMA keeps one sample and the step in 4 bytes, Microsoft's two
        // samples, the step and the predictor in 7. Each further byte holds two samples.
        let (head, samples) = match kind {
            Adpcm::Ima => (4, 1),
            Adpcm::Microsoft => (7, 2),
        };
        let align = u64::from(fmt.block_align);
        let Some(body) = align.checked_sub(head * channels) else {
            return 0;
        };
        let whole = body * 2 / channels + samples;
        // The header may say less than fits; more is a lie.
        match fmt.block_frames.map(u64::from) {
            Some(said) if said > samples && said < whole && kind == Adpcm::Microsoft => said,
            _ => whole,
        }
    }

    fn name(self) -> String {
        let name = match self {
            Coding::Pcm8 => "PCM u8",
            Coding::Pcm16 => "PCM s16le",
            Coding::Pcm24 => "PCM s24le",
            Coding::Pcm32 => "PCM s32le",
            Coding::Float32 => "float f32le",
            Coding::Float64 => "float f64le",
            Coding::ALaw => "G.711 A-law",
            Coding::MuLaw => "G.711 µ-law",
            Coding::Adpcm(Adpcm::Ima) => "IMA ADPCM",
            Coding::Adpcm(Adpcm::Microsoft) => "Microsoft ADPCM",
        };
        name.to_owned()
    }
}

/// Names of format tags that are refused (RFC 2361 and the registry it describes).
const TAGS: [(u16, &str); 13] = [
    (0x0014, "G.723 ADPCM"),
    (0x0022, "TrueSpeech"),
    (0x0031, "GSM 06.10"),
    (0x0040, "G.721 ADPCM"),
    (0x0041, "G.728 CELP"),
    (0x0042, "G.723.1"),
    (0x0045, "G.726 ADPCM"),
    (0x0050, "MPEG layer I or II"),
    (0x0055, "MP3"),
    (0x0064, "G.726 ADPCM"),
    (0x0065, "G.722 ADPCM"),
    (0x0083, "G.729"),
    (0x00FF, "AAC"),
];

/// Reads frames of a coding whose samples stand alone.
struct Reader {
    name: String,
    source: Source,
    coding: Coding,
    channels: usize,
    /// Bytes of a frame.
    block: usize,
    rate: u32,
    frames_left: u64,
    /// Room for [`BLOCK_FRAMES`] frames.
    bytes: Vec<u8>,
}

impl Decoder for Reader {
    fn frames_ahead(&self) -> Option<u64> {
        Some(self.frames_left)
    }

    fn read(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<()> {
        let frames = self.frames_left.min(BLOCK_FRAMES as u64) as usize;
        let bytes = &mut self.bytes[..frames * self.block];
        let filled = self.source.fill(bytes);
        let filled = filled.map_err(|error| Error::io(&self.name, &error))?;
        let read = filled / self.block;
        if read < frames {
            // The file has become shorter since it was opened.
            notes.add(AudioWarning::Truncated {
                at: instant(at + read as u64, self.rate),
                promised: instant(at + self.frames_left, self.rate),
            });
            self.frames_left = 0;
        } else {
            self.frames_left -= frames as u64;
        }
        self.coding
            .decode(&self.bytes[..read * self.block], self.channels, planes);
        Ok(())
    }
}

impl Coding {
    /// Replaces `planes` by the frames in `bytes`.
    fn decode(self, bytes: &[u8], channels: usize, planes: &mut Planes) {
        // 1 / 2^(bits - 1): exact, so that a product with it is exact as well.
        const S16: f32 = 1.0 / 32_768.0;
        const S24: f32 = 1.0 / 8_388_608.0;
        const S32: f64 = 1.0 / 2_147_483_648.0;
        match self {
            Coding::Pcm8 => split(bytes, channels, planes, |[x]| {
                (f32::from(x) - 128.0) * (1.0 / 128.0)
            }),
            Coding::Pcm16 => split(bytes, channels, planes, |x| {
                f32::from(i16::from_le_bytes(x)) * S16
            }),
            Coding::Pcm24 => split(bytes, channels, planes, |[a, b, c]: [u8; 3]| {
                // Into the upper three bytes, and back down with the sign.
                (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 * S24
            }),
            Coding::Pcm32 => split(bytes, channels, planes, |x| {
                (f64::from(i32::from_le_bytes(x)) * S32) as f32
            }),
            Coding::Float32 => split(bytes, channels, planes, f32::from_le_bytes),
            Coding::Float64 => split(bytes, channels, planes, |x| f64::from_le_bytes(x) as f32),
            Coding::ALaw => split(bytes, channels, planes, |[x]| g711::A_LAW[usize::from(x)]),
            Coding::MuLaw => split(bytes, channels, planes, |[x]| g711::MU_LAW[usize::from(x)]),
            // Has a decoder of its own.
            Coding::Adpcm(_) => planes.iter_mut().for_each(Vec::clear),
        }
    }
}

/// Converts samples of `N` bytes, one or two to a frame.
fn split<const N: usize>(
    bytes: &[u8],
    channels: usize,
    planes: &mut Planes,
    sample: impl Fn([u8; N]) -> f32,
) {
    let (samples, _) = bytes.as_chunks::<N>();
    let [left, right] = planes;
    left.clear();
    right.clear();
    if channels == 1 {
        left.extend(samples.iter().map(|x| sample(*x)));
    } else {
        let (frames, _) = samples.as_chunks::<2>();
        left.extend(frames.iter().map(|frame| sample(frame[0])));
        right.extend(frames.iter().map(|frame| sample(frame[1])));
    }
}
