//! Opening recordings: every header oddity by hand, every codec by a fixture, and damage.

#![allow(clippy::unwrap_used)]

use callcsi::audio::{self, AudioWarning, BLOCK_FRAMES, CallAudio};
use callcsi::call::{AgentChannel, Input, Recording};
use callcsi::timeline::Span;
use callcsi::{Error, ErrorKind, Result};
use proptest::prelude::*;

/// Everything that a recording gave.
#[derive(Debug)]
struct Heard {
    agent: Vec<f32>,
    customer: Vec<f32>,
    rate: u32,
    codec: String,
    warnings: Vec<AudioWarning>,
}

impl Heard {
    fn codes(&self) -> Vec<&'static str> {
        self.warnings.iter().map(AudioWarning::code).collect()
    }
}

fn drain(mut call: CallAudio) -> Result<Heard> {
    let (mut agent, mut customer) = (Vec::new(), Vec::new());
    while let Some(block) = call.next_block()? {
        assert_eq!(block.agent.len(), block.customer.len());
        assert!((1..=BLOCK_FRAMES).contains(&block.agent.len()));
        agent.extend_from_slice(block.agent);
        customer.extend_from_slice(block.customer);
    }
    assert_eq!(call.frames_read(), agent.len() as u64);
    // The end stays the end.
    assert!(call.next_block()?.is_none());
    Ok(Heard {
        agent,
        customer,
        rate: call.sample_rate(),
        codec: call.description().codec.clone(),
        warnings: call.warnings().to_vec(),
    })
}

fn memory(bytes: &[u8]) -> Input {
    Input::Bytes {
        name: "test.wav".to_owned(),
        bytes: bytes.into(),
    }
}

/// The agent is on the left.
fn stereo(bytes: &[u8]) -> Result<Heard> {
    let (input, agent_channel) = (memory(bytes), AgentChannel::Left);
    drain(audio::open(&Recording::Stereo {
        input,
        agent_channel,
    })?)
}

fn pair(agent: &[u8], customer: &[u8], customer_offset: Span) -> Result<Heard> {
    let (agent, customer) = (memory(agent), memory(customer));
    drain(audio::open(&Recording::TwoMono {
        agent,
        customer,
        customer_offset,
    })?)
}

fn refused(bytes: &[u8]) -> Error {
    stereo(bytes).unwrap_err()
}

/// A chunk: name, length, body, pad byte.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    if body.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    body.extend(chunks.concat());
    chunk(b"RIFF", &body)
}

/// A `fmt ` body of 16 bytes with right byte rate and block align.
fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let align = channels * bits.div_ceil(8);
    let mut body = Vec::new();
    body.extend(tag.to_le_bytes());
    body.extend(channels.to_le_bytes());
    body.extend(rate.to_le_bytes());
    body.extend((rate * u32::from(align)).to_le_bytes());
    body.extend(align.to_le_bytes());
    body.extend(bits.to_le_bytes());
    body
}

/// A `fmt ` body of 40 bytes: WAVE_FORMAT_EXTENSIBLE of `valid` bits in `bits`.
fn extensible(tag: u16, bits: u16, valid: u16) -> Vec<u8> {
    let mut body = fmt(0xFFFE, 2, 8000, bits);
    body.extend(22u16.to_le_bytes());
    body.extend(valid.to_le_bytes());
    body.extend(3u32.to_le_bytes());
    body.extend(tag.to_le_bytes());
    // {....0000-0000-0010-8000-00AA00389B71}
    body.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    body
}

fn wav(fmt: Vec<u8>, data: &[u8]) -> Vec<u8> {
    riff(&[chunk(b"fmt ", &fmt), chunk(b"data", data)])
}

/// Three 16-bit stereo frames: (1, -1), (16384, -16384), (32767, -32768).
const FRAMES: [u8; 12] = [
    0x01, 0x00, 0xFF, 0xFF, 0x00, 0x40, 0x00, 0xC0, 0xFF, 0x7F, 0x00, 0x80,
];
const AGENT: [f32; 3] = [1.0 / 32768.0, 0.5, 32767.0 / 32768.0];
const CUSTOMER: [f32; 3] = [-1.0 / 32768.0, -0.5, -1.0];

#[track_caller]
fn is_the_three_frames(bytes: &[u8], warnings: &[&str]) {
    let heard = stereo(bytes).unwrap();
    assert_eq!(
        (heard.agent.as_slice(), heard.customer.as_slice()),
        (&AGENT[..], &CUSTOMER[..])
    );
    assert_eq!(heard.rate, 8000);
    assert_eq!(heard.codes(), warnings);
}

#[test]
fn agent_channel_says_which_is_whose() {
    let bytes = wav(fmt(1, 2, 8000, 16), &FRAMES);
    is_the_three_frames(&bytes, &[]);
    let (input, agent_channel) = (memory(&bytes), AgentChannel::Right);
    let swapped = drain(
        audio::open(&Recording::Stereo {
            input,
            agent_channel,
        })
        .unwrap(),
    )
    .unwrap();
    assert_eq!(swapped.agent, CUSTOMER);
    assert_eq!(swapped.customer, AGENT);
}

#[test]
fn a_path_is_read_as_its_bytes_are() {
    let agent_channel = AgentChannel::Left;
    let at = |path: &str| {
        let input = Input::Path(path.into());
        audio::open(&Recording::Stereo {
            input,
            agent_channel,
        })
    };
    #[cfg(feature = "codecs")]
    {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/audio");
        let path = format!("{dir}/tone_ima.wav");
        let heard = drain(at(&path).unwrap()).unwrap();
        assert_eq!(
            heard.agent,
            stereo(&std::fs::read(path).unwrap()).unwrap().agent
        );
    }
    let error = at("no/such/call.wav").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().starts_with("no/such/call.wav: "),
        "{error}"
    );
    let error = at(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert!(error.to_string().contains("a directory"), "{error}");
}

#[test]
fn pcm_of_each_width_is_scaled_to_one() {
    // Per row: bits, bytes of the frames (full negative, 0) and (half, largest).
    let rows: [(u16, &[u8], f32); 4] = [
        (8, &[0x00, 0x80, 0xC0, 0xFF], 127.0 / 128.0),
        (16, &[0, 0x80, 0, 0, 0, 0x40, 0xFF, 0x7F], 32767.0 / 32768.0),
        (
            24,
            &[0, 0, 0x80, 0, 0, 0, 0, 0, 0x40, 0xFF, 0xFF, 0x7F],
            8388607.0 / 8388608.0,
        ),
        (
            32,
            &[
                0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x40, 0xFF, 0xFF, 0xFF, 0x7F,
            ],
            1.0,
        ),
    ];
    for (bits, data, largest) in rows {
        for fmt in [fmt(1, 2, 8000, bits), extensible(1, bits, bits)] {
            let heard = stereo(&wav(fmt, data)).unwrap();
            assert_eq!(heard.agent, [-1.0, 0.5], "{bits} bits");
            assert_eq!(heard.customer, [0.0, largest], "{bits} bits");
            assert!(heard.warnings.is_empty());
        }
    }
    // 12 bits stand in the upper bits of 16.
    is_the_three_frames(&wav(extensible(1, 16, 12), &FRAMES), &[]);
}

#[test]
fn float_of_each_width_is_taken_as_it_is() {
    let data: Vec<u8> = [0.25f32, -0.5]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let long: Vec<u8> = [0.25f64, -0.5]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    for (bits, data) in [(32, &data), (64, &long)] {
        let heard = stereo(&wav(fmt(3, 2, 8000, bits), data)).unwrap();
        assert_eq!((heard.agent[0], heard.customer[0]), (0.25, -0.5));
        assert!(heard.warnings.is_empty());
    }
}

#[test]
fn what_is_no_sample_is_replaced_and_counted() {
    let samples = [
        f32::NAN,
        f32::INFINITY,
        1.2,
        -20_000.0,
        0.5,
        f32::NEG_INFINITY,
    ];
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let heard = stereo(&wav(fmt(3, 2, 8000, 32), &data)).unwrap();
    assert_eq!(heard.agent, [0.0, 1.2, 0.5]);
    assert_eq!(heard.customer, [0.0, -1.0, 0.0]);
    let expected = [
        AudioWarning::NotFinite { samples: 3 },
        AudioWarning::OutOfRange {
            samples: 1,
            peak: 20_000.0,
        },
    ];
    // The left channel is looked at first.
    assert_eq!(heard.warnings, expected);
}

#[test]
fn g711_plain_and_extensible_is_expanded() {
    // Octets and 16-bit values as ffmpeg 5.1 expands them: 0x00 -> -5504 (A), -32124 (µ);
    // 0xAA -> 32256 (A), 0x80 -> 32124 (µ); 0xD5 -> 8 (A), 0xFF -> 0 (µ).
    let rows: [(u16, [u8; 4], [f32; 4]); 2] = [
        (6, [0x00, 0xAA, 0xD5, 0x55], [-5504.0, 32256.0, 8.0, -8.0]),
        (7, [0x00, 0x80, 0xFF, 0x7F], [-32124.0, 32124.0, 0.0, 0.0]),
    ];
    for (tag, data, values) in rows {
        let values = values.map(|x| x / 32768.0);
        for fmt in [fmt(tag, 2, 8000, 8), extensible(tag, 8, 8)] {
            let heard = stereo(&wav(fmt, &data)).unwrap();
            assert_eq!((heard.agent[0], heard.customer[0]), (values[0], values[1]));
            assert_eq!((heard.agent[1], heard.customer[1]), (values[2], values[3]));
            assert!(heard.codec.starts_with("G.711"), "{}", heard.codec);
        }
    }
}

#[test]
fn other_chunks_are_passed_over_wherever_they_stand() {
    let (fmt, data) = (
        chunk(b"fmt ", &fmt(1, 2, 8000, 16)),
        chunk(b"data", &FRAMES),
    );
    let fact = chunk(b"fact", &3u32.to_le_bytes());
    let long_fact = chunk(b"fact", &[3, 0, 0, 0, 9, 9, 9, 9]);
    let list = chunk(b"LIST", b"INFOIART\x03\0\0\0me\0\0");
    let odd = chunk(b"JUNK", b"odd");
    for chunks in [
        vec![list.clone(), fmt.clone(), data.clone()],
        vec![fmt.clone(), fact, data.clone(), list.clone()],
        vec![
            odd.clone(),
            fmt.clone(),
            long_fact,
            odd.clone(),
            data.clone(),
        ],
        vec![data.clone(), odd.clone(), fmt.clone()],
    ] {
        is_the_three_frames(&riff(&chunks), &[]);
    }
    // Without the pad byte after an odd chunk.
    let unpadded = odd[..odd.len() - 1].to_vec();
    is_the_three_frames(&riff(&[unpadded, fmt.clone(), data.clone()]), &[]);
    // With a pad byte that is not 0.
    let mut padded = odd;
    *padded.last_mut().unwrap() = b'x';
    is_the_three_frames(&riff(&[padded, fmt.clone(), data.clone()]), &[]);
    // A fmt chunk longer than any format needs.
    let mut long = self::fmt(1, 2, 8000, 16);
    long.extend([0; 100]);
    is_the_three_frames(&riff(&[chunk(b"fmt ", &long), data]), &[]);
}

#[test]
fn lengths_that_are_none_mean_the_end_of_the_file() {
    // The data's length stands at byte 40.
    for length in [
        0,
        u32::MAX,
        u32::MAX - 3,
        0x7FFF_FFFF,
        0x7FFF_F000,
        0x8000_0000,
    ] {
        let mut bytes = wav(fmt(1, 2, 8000, 16), &FRAMES);
        bytes[40..44].copy_from_slice(&length.to_le_bytes());
        is_the_three_frames(&bytes, &["unknown_length"]);
    }
    // The length in the RIFF header is not looked at.
    for length in [0, 20, u32::MAX] {
        let mut bytes = wav(fmt(1, 2, 8000, 16), &FRAMES);
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        is_the_three_frames(&bytes, &[]);
    }
}

#[test]
fn a_cut_file_is_read_as_far_as_it_goes() {
    let mut bytes = wav(fmt(1, 2, 8000, 16), &FRAMES);
    // 12,000 frames are promised: 1.5 s.
    bytes[40..44].copy_from_slice(&48_000u32.to_le_bytes());
    is_the_three_frames(&bytes, &["truncated"]);
    let heard = stereo(&bytes).unwrap();
    assert_eq!(
        heard.warnings[0].to_string(),
        "the audio ends at 0.000 s, the header promises 1.500 s"
    );
    // And in the middle of a frame.
    bytes.extend([1, 2, 3]);
    is_the_three_frames(&bytes, &["truncated", "partial_frame"]);
}

#[test]
fn a_last_frame_cut_short_is_dropped() {
    let mut data = FRAMES.to_vec();
    data.extend([7, 7, 7]);
    let heard = stereo(&wav(fmt(1, 2, 8000, 16), &data)).unwrap();
    assert_eq!(heard.agent, AGENT);
    assert_eq!(heard.warnings, [AudioWarning::PartialFrame { bytes: 3 }]);
}

#[test]
fn a_header_that_contradicts_itself_is_put_right() {
    // Byte rate at 28, block align at 32.
    let right = wav(fmt(1, 2, 8000, 16), &FRAMES);
    let mut bytes = right.clone();
    bytes[28..32].copy_from_slice(&1u32.to_le_bytes());
    is_the_three_frames(&bytes, &["header"]);
    let mut bytes = right.clone();
    bytes[32] = 0;
    is_the_three_frames(&bytes, &["header"]);
    let mut bytes = right;
    bytes[32] = 3;
    is_the_three_frames(&bytes, &["header"]);
    let heard = stereo(&bytes).unwrap();
    let text = heard.warnings[0].to_string();
    assert_eq!(text, "the header's block align is 3, 4 was used");
}

#[test]
fn lengths_above_4_gib_stand_in_ds64() {
    for id in [b"RF64", b"BW64"] {
        let mut ds64 = 0u64.to_le_bytes().to_vec();
        ds64.extend((FRAMES.len() as u64).to_le_bytes());
        ds64.extend(3u64.to_le_bytes());
        ds64.extend(0u32.to_le_bytes());
        let chunks = [
            chunk(b"ds64", &ds64),
            chunk(b"fmt ", &fmt(1, 2, 8000, 16)),
            chunk(b"data", &FRAMES),
        ];
        let mut bytes = riff(&chunks);
        bytes[..4].copy_from_slice(id);
        bytes[4..8].copy_from_slice(&[0xFF; 4]);
        let at = bytes.len() - FRAMES.len() - 4;
        bytes[at..at + 4].copy_from_slice(&[0xFF; 4]);
        // What follows the data is none of it.
        bytes.extend(chunk(b"LIST", b"INFO"));
        is_the_three_frames(&bytes, &[]);
    }
}

#[test]
fn refusals_say_what_was_found_and_what_to_do() {
    let kind_and_text = |bytes: &[u8]| {
        let error = refused(bytes);
        (error.kind(), error.to_string())
    };
    let (kind, text) = kind_and_text(&wav(fmt(1, 1, 8000, 16), &FRAMES));
    assert_eq!(kind, ErrorKind::Mismatch);
    assert_eq!(
        text,
        "test.wav: found 1 channel, wanted 2 channels, agent and customer apart \
         (two mono files go to audio_agent and audio_customer)"
    );
    let (kind, text) = kind_and_text(&wav(fmt(1, 6, 8000, 16), &FRAMES));
    assert_eq!(kind, ErrorKind::Mismatch);
    assert!(text.contains("found 6 channels"), "{text}");
    for rate in [0, 4_000, 7_999, 48_001, 1_073_741_823] {
        let mut header = fmt(1, 2, 8000, 16);
        header[4..8].copy_from_slice(&u32::to_le_bytes(rate));
        let (kind, text) = kind_and_text(&wav(header, &FRAMES));
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(text.contains("wanted 8000 to 48000 Hz"), "{text}");
    }
    let (kind, text) = kind_and_text(&wav(fmt(0x31, 2, 8000, 8), &FRAMES));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(
        text.contains("0x0031 (GSM 06.10)") && text.contains("ffmpeg -i"),
        "{text}"
    );
    let mut rifx = wav(fmt(1, 2, 8000, 16), &FRAMES);
    rifx[3] = b'X';
    let (kind, text) = kind_and_text(&rifx);
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("RIFX"), "{text}");
    let (kind, text) = kind_and_text(b"#!AMR\n something");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("AMR"), "{text}");
    let (kind, text) = kind_and_text(b"Hello, this is a letter.");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("beginning with 48 65 6C"), "{text}");
}

#[test]
fn files_without_audio_are_refused() {
    let nothing: [(&[u8], &str); 5] = [
        (b"", "found 0 bytes"),
        (b"RIFF", "no whole `fmt ` chunk"),
        (
            &riff(&[chunk(b"fmt ", &fmt(1, 2, 8000, 16))]),
            "no `data` chunk",
        ),
        (&wav(fmt(1, 2, 8000, 16), &[]), "a `data` chunk of 0 bytes"),
        (&wav(fmt(1, 2, 8000, 16), &[1, 2, 3]), "no audio"),
    ];
    for (bytes, text) in nothing {
        let error = refused(bytes);
        assert_eq!(error.kind(), ErrorKind::IllFormed);
        assert!(error.to_string().contains(text), "{error}");
    }
    // A data chunk of length 0 with a chunk behind it holds nothing, and is no stream.
    let chunks = [
        chunk(b"fmt ", &fmt(1, 2, 8000, 16)),
        chunk(b"data", &[]),
        chunk(b"LIST", b"INFO"),
    ];
    assert!(refused(&riff(&chunks)).to_string().contains("0 bytes"));
}

fn mono(samples: &[i16], rate: u32) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    wav(fmt(1, 1, rate, 16), &data)
}

#[test]
fn two_mono_files_are_put_on_one_clock() {
    let (a, c) = (mono(&[16384; 3], 8000), mono(&[-16384; 2], 8000));
    // 2.4 samples of 125 µs round to 2.
    let heard = pair(&a, &c, Span::from_nanos(300_000)).unwrap();
    assert_eq!(heard.agent, [0.5, 0.5, 0.5, 0.0]);
    assert_eq!(heard.customer, [0.0, 0.0, -0.5, -0.5]);
    // And 2.6, the other way, to 3.
    let heard = pair(&a, &c, Span::from_nanos(-325_000)).unwrap();
    assert_eq!(heard.agent, [0.0, 0.0, 0.0, 0.5, 0.5, 0.5]);
    assert_eq!(heard.customer, [-0.5, -0.5, 0.0, 0.0, 0.0, 0.0]);
    assert!(heard.warnings.is_empty());
}

#[test]
fn long_leads_and_tails_go_over_many_blocks() {
    let (a, c) = (mono(&[16384; 5_000], 8000), mono(&[-16384; 20_000], 8000));
    let heard = pair(&a, &c, Span::from_millis(1_500)).unwrap();
    assert_eq!(heard.agent.len(), 32_000);
    assert!(heard.agent[..5_000].iter().all(|x| *x == 0.5));
    assert!(heard.agent[5_000..].iter().all(|x| *x == 0.0));
    assert!(heard.customer[..12_000].iter().all(|x| *x == 0.0));
    assert!(heard.customer[12_000..].iter().all(|x| *x == -0.5));
    // 32,000 - 5,000 frames.
    let texts: Vec<String> = heard.warnings.iter().map(ToString::to_string).collect();
    // 3.375 of 4 s are 843,750 millionths.
    let text = "agent: the recording ends 3.375 s before the other one, of 4.000 s; as a drift of its \
                clock that is 843750 ppm, more than a clock drifts: did it start later, or stop sooner?";
    assert_eq!(texts, [text]);
}

#[test]
fn pairs_that_do_not_fit_are_refused() {
    let (a, fast) = (mono(&[1; 9], 8000), mono(&[1; 9], 16000));
    let error = pair(&a, &fast, Span::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(
        error.to_string().contains("found 16000 Hz, wanted 8000 Hz"),
        "{error}"
    );
    let error = pair(&a, &wav(fmt(1, 2, 8000, 16), &FRAMES), Span::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(
        error
            .to_string()
            .contains("found 2 channels, wanted 1 channel"),
        "{error}"
    );
    let error = pair(&a, &a, Span::from_millis(86_400_001)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// hound is the twin: what it writes, in each of its formats, comes back.
    #[test]
    fn what_hound_writes_comes_back(
        frames in prop::collection::vec(any::<(i32, i32)>(), 1..3 * BLOCK_FRAMES),
        bits in prop::sample::select(vec![8u16, 16, 24, 32]),
        rate in 8_000u32..=48_000,
    ) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        let cut = |x: i32| x >> (32 - bits);
        for &(left, right) in &frames {
            writer.write_sample(cut(left)).unwrap();
            writer.write_sample(cut(right)).unwrap();
        }
        writer.finalize().unwrap();
        let heard = stereo(bytes.get_ref()).unwrap();
        let scale = 2f64.powi(i32::from(bits) - 1);
        let expect = |x: i32| (f64::from(cut(x)) / scale) as f32;
        prop_assert_eq!(heard.agent, frames.iter().map(|f| expect(f.0)).collect::<Vec<f32>>());
        prop_assert_eq!(heard.customer, frames.iter().map(|f| expect(f.1)).collect::<Vec<f32>>());
        prop_assert_eq!(heard.rate, rate);
        prop_assert!(heard.warnings.is_empty());
    }

    #[test]
    fn any_bytes_open_or_are_refused(
        head in prop::sample::select(vec![&b""[..], b"RIFF....WAVE", b"RF64....WAVEds64", b"OggS", b"fLaC", b"ID3", b"\xFF\xFB", b"\xFF\xF1", b"....ftypM4A "]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let _ = stereo(&[head, &rest].concat());
    }
}

#[test]
fn a_wav_cut_anywhere_is_read_or_refused() {
    let mut bytes = riff(&[
        chunk(b"JUNK", b"odd"),
        chunk(b"fmt ", &extensible(1, 16, 16)),
        chunk(b"fact", &3u32.to_le_bytes()),
        chunk(b"data", &FRAMES),
    ]);
    bytes.extend(chunk(b"LIST", b"INFO"));
    for len in 0..bytes.len() {
        if let Ok(heard) = stereo(&bytes[..len]) {
            assert_eq!(heard.agent, AGENT[..heard.agent.len()]);
        }
    }
}

#[cfg(feature = "codecs")]
mod codecs {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/audio/");
        std::fs::read(format!("{dir}{name}")).unwrap()
    }

    /// Every stereo fixture with its codec, rate, frames, and where its audio begins late.
    ///
    /// The frames are the encoder's input of 1.5 or 2 s where the format tells its delay and padding
    /// (FLAC, MP3, Vorbis, Opus), 49 blocks of 249 of IMA ADPCM and 50 of 244 of Microsoft's, as
    /// ffmpeg decodes them, and 33 blocks of 1,024 of AAC, the first of which is the encoder's delay.
    const FIXTURES: [(&str, &str, u32, usize); 9] = [
        ("tone.flac", "Free Lossless Audio Codec", 8_000, 12_000),
        ("tone.mp3", "MPEG Audio Layer 3", 8_000, 16_000),
        ("tone.ogg", "Vorbis", 8_000, 16_000),
        ("tone.opus", "Opus", 16_000, 32_000),
        ("tone_celt.opus", "Opus", 48_000, 96_000),
        ("tone.m4a", "Advanced Audio Coding", 16_000, 33 * 1024),
        ("tone.aac", "Advanced Audio Coding", 16_000, 33 * 1024),
        ("tone_ima.wav", "IMA ADPCM", 8_000, 12_201),
        ("tone_ms.wav", "Microsoft ADPCM", 8_000, 12_200),
    ];

    /// The amplitude of a tone (Goertzel's algorithm, written as the sum that it computes).
    fn amplitude(samples: &[f32], rate: u32, hertz: f64) -> f64 {
        let step = 2.0 * std::f64::consts::PI * hertz / f64::from(rate);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, x) in samples.iter().enumerate() {
            let (sin, cos) = (step * n as f64).sin_cos();
            re += f64::from(*x) * cos;
            im += f64::from(*x) * sin;
        }
        2.0 * re.hypot(im) / samples.len() as f64
    }

    #[test]
    fn each_codec_gives_the_tones_on_their_channels() {
        for (name, codec, rate, frames) in FIXTURES {
            let heard = stereo(&fixture(name)).unwrap();
            assert_eq!(heard.warnings, [], "{name}");
            assert_eq!((heard.codec.as_str(), heard.rate), (codec, rate), "{name}");
            assert_eq!(heard.agent.len(), frames, "{name}");
            // One second from the middle: both tones have whole periods in it. 440 Hz at 0.5 on the
            // left and 1,000 Hz at 0.25 on the right, within 1.5 dB of coding loss. (SILK models
            // voices, not tones: 2.5 dB. ffmpeg's decoder gives 0.392 and 0.217 there as well.)
            let loss = if name == "tone.opus" { 2.5 } else { 1.5 };
            let from = frames / 6;
            let middle = from..from + rate as usize;
            let (left, right) = (&heard.agent[middle.clone()], &heard.customer[middle]);
            let near = |found: f64, wanted: f64| (found / wanted).log10().abs() * 20.0 < loss;
            let tones = [amplitude(left, rate, 440.0), amplitude(right, rate, 1000.0)];
            assert!(
                near(tones[0], 0.5) && near(tones[1], 0.25),
                "{name}: {tones:?}"
            );
            // The other channel's tone is down: by 20 dB and more, and by less in SILK, whose joint
            // stereo predicts one channel from the other.
            let leak = if name == "tone.opus" { 0.15 } else { 0.05 };
            let leaks = [amplitude(left, rate, 1000.0), amplitude(right, rate, 440.0)];
            assert!(leaks.iter().all(|x| *x < leak), "{name}: {leaks:?}");
        }
    }

    /// Frame by frame against ffmpeg 5.1 (`ffmpeg -i tone.flac -f f32le -`), which for a lossless
    /// format is the encoder's input: 0.5 sin(2 pi 440 n / 8000), rounded to 8 bits.
    #[test]
    fn flac_is_lossless() {
        let heard = stereo(&fixture("tone.flac")).unwrap();
        for (n, (left, right)) in heard.agent.iter().zip(&heard.customer).enumerate() {
            let turn = 2.0 * std::f64::consts::PI * n as f64 / 8000.0;
            let (a, c) = (0.5 * (turn * 440.0).sin(), 0.25 * (turn * 1000.0).sin());
            // A step of 1/128, and the dither of the conversion.
            assert!((f64::from(*left) - a).abs() < 0.02, "{n}: {left} {a}");
            assert!((f64::from(*right) - c).abs() < 0.02, "{n}: {right} {c}");
        }
    }

    #[test]
    fn mono_files_of_any_codec_make_a_pair() {
        let mp3 = fixture("tone_mono.mp3");
        let heard = pair(&mp3, &mono(&[0; 16_000], 8_000), Span::ZERO).unwrap();
        assert_eq!(heard.agent.len(), 16_000);
        assert!(amplitude(&heard.agent[4_000..12_000], 8_000, 440.0) > 0.4);
        assert_eq!(refused(&mp3).kind(), ErrorKind::Mismatch);
        assert_eq!(
            pair(&fixture("tone.mp3"), &mp3, Span::ZERO)
                .unwrap_err()
                .kind(),
            ErrorKind::Mismatch
        );
    }

    #[test]
    fn cut_files_give_what_they_hold_and_say_so() {
        for (name, _, _, frames) in FIXTURES {
            let whole = fixture(name);
            for share in [6, 3] {
                let cut = &whole[..whole.len() * (share - 1) / share];
                match stereo(cut) {
                    Ok(heard) => {
                        // ADTS has neither a length nor an end mark.
                        assert!(name == "tone.aac" || !heard.warnings.is_empty(), "{name}");
                        assert!(heard.agent.len() < frames, "{name}");
                        // FLAC begins with 8 KiB of padding.
                        let least = if name == "tone.flac" { 0 } else { frames / 3 };
                        let len = heard.agent.len();
                        assert!(len > least, "{name}: {len}");
                    }
                    // The index of the one stands at its end, all audio of the other on one page.
                    Err(error) => {
                        assert!(matches!(name, "tone.m4a" | "tone.ogg"), "{name}: {error}");
                        assert_eq!(error.kind(), ErrorKind::IllFormed, "{name}");
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn damage_never_panics(
            index in 0..FIXTURES.len(),
            flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..12),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = fixture(FIXTURES[index].0);
            for (at, bit) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(heard) = stereo(&bytes) {
                let sane = |x: &f32| x.abs() <= audio::WILD;
                prop_assert!(heard.agent.iter().chain(&heard.customer).all(sane));
                // Damage cannot make a call longer than a few packets' worth.
                prop_assert!(heard.agent.len() < 40 * 48_000);
            }
        }
    }
}

#[cfg(not(feature = "codecs"))]
#[test]
fn without_the_feature_the_refusal_names_it() {
    for head in [
        &b"OggS............"[..],
        b"fLaC............",
        b"ID3.............",
    ] {
        let error = refused(head);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("feature `codecs`"), "{error}");
    }
    let error = refused(&wav(fmt(0x11, 2, 8000, 4), &FRAMES));
    assert!(error.to_string().contains("feature `codecs`"), "{error}");
}
