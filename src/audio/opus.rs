//! Opus in Ogg: our own reader of pages, and ropus for the packets.
//!
//! # Conventions
//!
//! * Ogg (RFC 3533) cuts packets into pages; a page's granule position counts the samples up to the
//!   end of the last packet that is complete on it. In Opus (RFC 7845) it counts 48 kHz samples,
//!   whatever was recorded, with the *pre-skip* at the start that is decoded and dropped.
//! * Packets are decoded at the rate that the header says was recorded, if Opus can decode at it (8,
//!   12, 16, 24, 48 kHz), and at 48 kHz otherwise. This is the decoder's own, exact decimation.
//! * A packet that cannot be decoded becomes as much silence as it would have lasted.

use super::compressed::guard;
use super::source::Source;
use super::track::{CONVERT, Decoder, Format, Layout, Planes, check_channels, instant};
use super::warning::{AudioWarning, Notes};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Time;
use std::io;

/// Granule positions and the pre-skip count at this rate, in Hz (RFC 7845, section 4).
const GRANULE_RATE: u64 = 48_000;

/// The longest a packet lasts, in 48 kHz samples: 120 ms (RFC 6716, section 3.2.5).
const MOST_PACKET: usize = 5_760;

/// The longest packet of which parts are kept while pages go by, in bytes: 48 frames of 1,275 (RFC
/// 6716, section 3.4), and some to spare.
const MOST_PACKET_BYTES: usize = 64 * 1024;

/// Tells whether the first page of an Ogg file holds the head of an Opus stream.
pub(super) fn is_opus(head: &[u8]) -> bool {
    let segments = usize::from(head.get(26).copied().unwrap_or(0));
    let body = head.get(27 + segments..);
    body.is_some_and(|body| body.starts_with(b"OpusHead"))
}

/// Opens an Ogg Opus file and reads its header.
pub(super) fn open(
    source: Source,
    name: &str,
    layout: Layout,
    _: &mut Notes,
) -> Result<(Format, Box<dyn Decoder>)> {
    let io = |error: io::Error| Error::io(name, &error);
    let mut pages = Pages::new(source);
    let first = pages.next().map_err(io)?;
    let head = first.as_ref().and_then(|page| Head::parse(&page.body));
    let (Some(page), Some(head)) = (first, head) else {
        let (found, wanted) = ("a damaged Opus header", "the header of RFC 7845");
        return Err(Error::new(ErrorKind::IllFormed, "Ogg", found, wanted));
    };
    check_channels(usize::from(head.channels), layout)?;
    if !head.is_plain() {
        let found = format!("Opus channel mapping {}", head.mapping);
        let wanted = "mono or coupled stereo in one stream";
        return Err(Error::new(ErrorKind::Unsupported, "Ogg", found, wanted).hint(CONVERT));
    }
    let rate = match head.input_rate {
        rate @ (8_000 | 12_000 | 16_000 | 24_000) => rate,
        _ => 48_000,
    };
    let channels = if head.channels == 1 {
        ropus::Channels::Mono
    } else {
        ropus::Channels::Stereo
    };
    let decoder = guard(|| ropus::Decoder::new(rate, channels));
    let Ok(Ok(decoder)) = decoder else {
        let (found, wanted) = ("no Opus decoder", "one for mono or stereo");
        return Err(Error::new(ErrorKind::Internal, "Ogg", found, wanted));
    };
    let format = Format {
        container: "Ogg".to_owned(),
        codec: "Opus".to_owned(),
        channels: u16::from(head.channels),
        sample_rate: rate,
        unchecked: true,
    };
    let stream = Stream {
        name: name.to_owned(),
        pages,
        serial: page.serial,
        decoder,
        channels: usize::from(head.channels),
        rate,
        // Output gain in dB is Q7.8 fixed point (RFC 7845, section 5.1).
        gain: 10f32.powf(f32::from(head.gain) / (20.0 * 256.0)),
        pre_skip: u64::from(head.pre_skip),
        skip: scaled(u64::from(head.pre_skip), rate) as usize,
        packet: Vec::new(),
        output: vec![0.0; MOST_PACKET * 2],
        tags_seen: false,
        start: None,
        kept: 0,
        last_packet: 960,
        ended: false,
    };
    Ok((format, Box::new(stream)))
}

/// Turns 48 kHz samples into frames at `rate`, to the nearest.
fn scaled(samples: u64, rate: u32) -> u64 {
    let twice = u128::from(samples) * u128::from(rate) * 2;
    ((twice + u128::from(GRANULE_RATE)) / (2 * u128::from(GRANULE_RATE))) as u64
}

/// The identification header (RFC 7845, section 5.1).
struct Head {
    channels: u8,
    pre_skip: u16,
    input_rate: u32,
    gain: i16,
    mapping: u8,
    /// Streams, and how many of them are coupled pairs; only where `mapping` is not 0.
    streams: Option<(u8, u8)>,
}

impl Head {
    fn parse(packet: &[u8]) -> Option<Head> {
        let rest = packet.strip_prefix(b"OpusHead")?;
        // Any minor version (the lower four bits) of version 0 is read alike.
        let [version, channels, ..] = *rest else {
            return None;
        };
        if version > 15 {
            return None;
        }
        let head = Head {
            channels,
            pre_skip: u16::from_le_bytes(*rest.get(2..)?.first_chunk()?),
            input_rate: u32::from_le_bytes(*rest.get(4..)?.first_chunk()?),
            gain: i16::from_le_bytes(*rest.get(8..)?.first_chunk()?),
            mapping: *rest.get(10)?,
            streams: rest.get(11).copied().zip(rest.get(12).copied()),
        };
        Some(head)
    }

    /// Tells whether the channels come out of one decoder in order.
    fn is_plain(&self) -> bool {
        match self.mapping {
            0 => true,
            1 => self.streams == Some((1, self.channels - 1)),
            _ => false,
        }
    }
}

struct Stream {
    name: String,
    pages: Pages,
    serial: u32,
    decoder: ropus::Decoder,
    channels: usize,
    rate: u32,
    gain: f32,
    /// In 48 kHz samples.
    pre_skip: u64,
    /// Frames still to be dropped.
    skip: usize,
    /// The beginning of a packet that goes on on the next page.
    packet: Vec<u8>,
    /// Room for the longest packet.
    output: Vec<f32>,
    tags_seen: bool,
    /// The granule position at the first sample that was decoded.
    start: Option<u64>,
    /// Frames handed out.
    kept: u64,
    /// How long the last packet lasted, in 48 kHz samples.
    last_packet: usize,
    ended: bool,
}

impl Decoder for Stream {
    /// Decodes the packets of one page, or of as many as it takes to get a frame.
    fn read(&mut self, planes: &mut Planes, at: u64, notes: &mut Notes) -> Result<()> {
        planes.iter_mut().for_each(Vec::clear);
        while !self.ended && planes[0].is_empty() {
            let page = self.pages.next();
            let page = page.map_err(|error| Error::io(&self.name, &error))?;
            let at = instant(at, self.rate);
            if let Some(reason) = self.pages.damage.take() {
                let (packets, first, reason) = (1, at, reason.to_owned());
                notes.add(AudioWarning::Damaged {
                    packets,
                    first,
                    reason,
                });
            }
            match page {
                Some(page) if page.serial == self.serial => self.page(&page, planes, at, notes),
                Some(_) => {}
                None => {
                    // A stream says which page is its last; this one did not come.
                    let reason = "the file ends before the stream does".to_owned();
                    notes.add(AudioWarning::BrokeOff { at, reason });
                    self.ended = true;
                }
            }
        }
        Ok(())
    }
}

impl Stream {
    fn page(&mut self, page: &Page, planes: &mut Planes, at: Time, notes: &mut Notes) {
        if !page.continued {
            self.packet.clear();
        }
        // A packet goes on as long as its segments are full; a page that begins within a packet
        // whose beginning is lost begins with rubbish.
        let mut lost = page.continued && self.packet.is_empty();
        let mut duration = 0;
        let mut from = 0;
        for &segment in &page.segments {
            let to = (from + usize::from(segment)).min(page.body.len());
            if !lost && self.packet.len() < MOST_PACKET_BYTES {
                self.packet.extend_from_slice(&page.body[from..to]);
            }
            from = to;
            if segment < 255 {
                let packet = std::mem::take(&mut self.packet);
                if !std::mem::take(&mut lost) {
                    duration += self.packet(&packet, page.intact, planes, at, notes);
                }
                // Its room is used again.
                self.packet = packet;
                self.packet.clear();
            }
        }

        // The first page with audio tells at which granule position the audio begins. A last page
        // may end before its packets do: then its end is what is cut off.
        if duration > 0 && page.granule != u64::MAX {
            self.start
                .get_or_insert(page.granule.saturating_sub(duration));
        }
        let mut frames = planes[0].len() as u64;
        if page.last {
            let start = self.start.unwrap_or(0);
            let whole = page
                .granule
                .saturating_sub(start)
                .saturating_sub(self.pre_skip);
            let left = scaled(whole, self.rate).saturating_sub(self.kept);
            // A granule position that would cut off more than a page is damaged.
            if page.granule != u64::MAX && page.granule >= start {
                frames = frames.min(left);
            }
            self.ended = true;
        }
        for plane in planes {
            plane.truncate(frames as usize);
        }
        self.kept += frames;
    }

    /// Decodes a packet and appends its frames; returns how long it lasts in 48 kHz samples.
    fn packet(
        &mut self,
        packet: &[u8],
        intact: bool,
        planes: &mut Planes,
        at: Time,
        notes: &mut Notes,
    ) -> u64 {
        // The second packet of the stream holds tags.
        if !self.tags_seen {
            self.tags_seen = true;
            if packet.starts_with(b"OpusTags") {
                return 0;
            }
        }
        let room = self.rate as usize * 120 / 1000 * self.channels;
        let output = &mut self.output[..room];
        let decoder = &mut self.decoder;
        let decoded = if intact {
            guard(|| decoder.decode_float(packet, output, ropus::DecodeMode::Normal))
        } else {
            Err("a page's checksum is wrong".to_owned())
        };
        let reason = match decoded {
            Ok(Ok(frames)) => {
                let frames = frames.min(room / self.channels);
                let per_frame = (GRANULE_RATE / u64::from(self.rate)) as usize;
                self.last_packet = frames * per_frame;
                None
            }
            Ok(Err(error)) => Some(format!("{error:?}")),
            Err(defect) => Some(defect),
        };
        if let Some(reason) = reason {
            notes.add(AudioWarning::Damaged {
                packets: 1,
                first: at,
                reason,
            });
            output.fill(0.0);
        }
        let frames = scaled(self.last_packet as u64, self.rate) as usize;
        let dropped = self.skip.min(frames);
        self.skip -= dropped;
        let (gain, channels) = (self.gain, self.channels);
        let kept = &self.output[dropped * channels..frames * channels];
        for (channel, plane) in planes.iter_mut().take(channels).enumerate() {
            plane.extend(
                kept.iter()
                    .skip(channel)
                    .step_by(channels)
                    .map(|x| x * gain),
            );
        }
        self.last_packet as u64
    }
}

/// A page of an Ogg file (RFC 3533, section 6).
struct Page {
    serial: u32,
    granule: u64,
    /// Whether it begins with the rest of a packet.
    continued: bool,
    /// Whether it is the stream's last.
    last: bool,
    /// Whether its checksum is right.
    intact: bool,
    segments: Vec<u8>,
    body: Vec<u8>,
}

/// Reads pages, and finds the next one when bytes are missing or too many.
struct Pages {
    source: Source,
    /// Bytes read but not yet used.
    buffer: Vec<u8>,
    /// What was wrong before the page that was returned last.
    damage: Option<&'static str>,
}

/// Length of a page's header without its table of segments, in bytes.
const PAGE_HEADER: usize = 27;

impl Pages {
    fn new(source: Source) -> Pages {
        Pages {
            source,
            buffer: Vec::new(),
            damage: None,
        }
    }

    /// Reads until `len` bytes are buffered; tells whether there were so many.
    fn need(&mut self, len: usize) -> io::Result<bool> {
        let have = self.buffer.len();
        if have < len {
            self.buffer.resize(len, 0);
            let filled = self.source.fill(&mut self.buffer[have..])?;
            self.buffer.truncate(have + filled);
        }
        Ok(self.buffer.len() >= len)
    }

    /// Returns the next whole page, or `None` at the end.
    fn next(&mut self) -> io::Result<Option<Page>> {
        // Find the next capture pattern: at once, but in a damaged file.
        while self.need(PAGE_HEADER)? && !self.buffer.starts_with(b"OggS") {
            self.damage = Some("bytes between two pages");
            let next = self.buffer[1..].iter().position(|&b| b == b'O');
            let skip = next.map_or(self.buffer.len(), |n| n + 1);
            self.buffer.drain(..skip);
        }
        if !self.need(PAGE_HEADER)? {
            return Ok(None);
        }
        let segments = usize::from(self.buffer[26]);
        if !self.need(PAGE_HEADER + segments)? {
            return Ok(None);
        }
        let table = self.buffer[PAGE_HEADER..PAGE_HEADER + segments].to_vec();
        let body: usize = table.iter().map(|&s| usize::from(s)).sum();
        let len = PAGE_HEADER + segments + body;
        if !self.need(len)? {
            return Ok(None);
        }
        let page = &self.buffer[..len];
        let word = |at: usize| -> u32 {
            let bytes = page.get(at..).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        let page = Page {
            serial: word(14),
            granule: u64::from(word(6)) | u64::from(word(10)) << 32,
            continued: page[5] & 1 != 0,
            last: page[5] & 4 != 0,
            intact: checksum(page) == word(22),
            segments: table,
            body: page[PAGE_HEADER + segments..].to_vec(),
        };
        self.buffer.drain(..len);
        Ok(Some(page))
    }
}

/// Returns the checksum of a page: a CRC of polynomial 0x04C11DB7, from 0, highest bit first, over
/// the page with its own four bytes taken as 0.
fn checksum(page: &[u8]) -> u32 {
    let step = |crc: u32, byte: u8| (crc << 8) ^ CRC[usize::from((crc >> 24) as u8 ^ byte)];
    let own = 22..26;
    page.iter().enumerate().fold(0, |crc, (at, &byte)| {
        step(crc, if own.contains(&at) { 0 } else { byte })
    })
}

/// The checksum of each byte.
static CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc >> 31;
            crc = (crc << 1) ^ (carry * 0x04C1_1DB7);
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};
