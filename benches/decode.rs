//! How fast recordings become samples. One item is one second of the call, both sides: items per
//! second are times real time, on one thread.
//!
//! ```text
//! cargo bench --bench decode
//! ```

use callcsi::audio::faults::FaultMeter;
use callcsi::audio::resample::Resampler;
use callcsi::audio::{self, Block};
use callcsi::call::{AgentChannel, Input, Recording};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Length of the recordings that are made here, in seconds: 10 min.
const SECONDS: u32 = 600;

/// A stereo WAV at 8 kHz of the format `tag` with samples of `bytes` bytes of noise.
fn wav(tag: u16, bytes: u16) -> Vec<u8> {
    let align = 2 * bytes;
    let data = SECONDS * 8_000 * u32::from(align);
    let mut wav = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0".to_vec();
    wav.extend(tag.to_le_bytes());
    wav.extend(2u16.to_le_bytes());
    wav.extend(8_000u32.to_le_bytes());
    wav.extend((8_000 * u32::from(align)).to_le_bytes());
    wav.extend(align.to_le_bytes());
    wav.extend((8 * bytes).to_le_bytes());
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    // Noise of a fixed seed (a linear congruential generator).
    let mut state = 1u32;
    wav.extend((0..data).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    wav
}

fn decode(bencher: Bencher<'_, '_>, bytes: Vec<u8>, seconds: u32) {
    let recording = Recording::Stereo {
        input: Input::Bytes {
            name: "bench".to_owned(),
            bytes: bytes.into(),
        },
        agent_channel: AgentChannel::Left,
    };
    bencher.counter(ItemsCount::new(seconds)).bench_local(|| {
        let Ok(mut call) = audio::open(&recording) else {
            panic!("the bench's own recording opens")
        };
        while let Ok(Some(block)) = call.next_block() {
            black_box(block);
        }
        call.frames_read()
    });
}

#[divan::bench]
fn pcm16_wav(bencher: Bencher<'_, '_>) {
    decode(bencher, wav(1, 2), SECONDS);
}

#[divan::bench]
fn mu_law_wav(bencher: Bencher<'_, '_>) {
    decode(bencher, wav(7, 1), SECONDS);
}

/// The fixtures of the tests; they are 1.5 and 2 s long, so opening counts.
#[cfg(feature = "codecs")]
#[divan::bench(args = [
    ("tone.flac", 1), ("tone.mp3", 2), ("tone.ogg", 2), ("tone.opus", 2), ("tone_celt.opus", 2),
    ("tone.m4a", 2), ("tone_ima.wav", 1),
])]
fn fixture(bencher: Bencher<'_, '_>, (name, seconds): (&str, u32)) {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/audio/");
    let Ok(bytes) = std::fs::read(format!("{dir}{name}")) else {
        panic!("the fixture {name} is there")
    };
    decode(bencher, bytes, seconds);
}

/// One channel to 16 kHz, a minute of it.
#[divan::bench(args = [8_000, 11_025, 16_000, 44_100, 48_000])]
fn resample(bencher: Bencher<'_, '_>, rate: u32) {
    let samples: Vec<f32> = (0..60 * rate).map(|n| (n as f32 * 0.1).sin()).collect();
    let Ok(mut resampler) = Resampler::new(rate) else {
        panic!("{rate} Hz is a rate that is read")
    };
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(60u32)).bench_local(|| {
        for block in samples.chunks(audio::BLOCK_FRAMES) {
            out.clear();
            resampler.push(block, &mut out);
            black_box(&out);
        }
        out.clear();
        resampler.finish(&mut out);
    });
}

/// Both channels of a minute at 8 kHz.
#[divan::bench]
fn faults(bencher: Bencher<'_, '_>) {
    let agent: Vec<f32> = (0..480_000).map(|n| (n as f32 * 0.1).sin()).collect();
    let customer: Vec<f32> = (0..480_000).map(|n| (n as f32 * 0.3).sin()).collect();
    bencher.counter(ItemsCount::new(60u32)).bench_local(|| {
        let mut meter = FaultMeter::new(8_000);
        let blocks = agent
            .chunks(audio::BLOCK_FRAMES)
            .zip(customer.chunks(audio::BLOCK_FRAMES));
        for (agent, customer) in blocks {
            meter.push(&Block { agent, customer });
        }
        meter.faults()
    });
}
