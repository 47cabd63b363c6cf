//! What a call costs that is heard while it lasts, beside the same call as a recording.
//!
//! One item is one second of the call, both sides, on one thread: items per second are times real time.
//! `recording` scores the bytes of a WAV of it, and `live` takes its samples in packets of 20 ms, so the
//! two differ by decoding and by packets. `so_far` asks once, of a call that has lasted so many minutes:
//! the time of one question is what counts.
//!
//! ```text
//! cargo bench --bench live
//! ```

mod common;

use callcsi::audio;
use callcsi::call::{AgentChannel, Call, Input, Metadata, Sides};
use callcsi::score::{LiveCall, Scorer};
use callcsi::simulate::render::{RenderSettings, WavFormat, write_wav};
use common::CALL;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

const RATE: u32 = 8_000;

static SCORER: LazyLock<Arc<Scorer>> =
    LazyLock::new(|| Arc::new(Scorer::builtin().expect("the bundled model")));

/// Its recording in memory.
static RECORDED: LazyLock<Call> = LazyLock::new(|| {
    let mut file = Cursor::new(Vec::new());
    let settings = RenderSettings::default();
    write_wav(&mut file, &CALL, &settings, WavFormat::Pcm16).expect("a WAV in memory");
    let input = Input::Bytes {
        name: "bench.wav".to_owned(),
        bytes: file.into_inner().into(),
    };
    Call::new("bench").stereo(input, AgentChannel::Left)
});

static SAMPLES: LazyLock<Sides<Vec<f32>>> = LazyLock::new(|| {
    let recording = RECORDED.recording.as_ref().expect("the call was recorded");
    let mut audio = audio::open(recording).expect("the recording opens");
    let mut samples = Sides::<Vec<f32>>::default();
    while let Some(block) = audio.next_block().expect("bytes in memory") {
        samples.agent.extend(block.agent);
        samples.customer.extend(block.customer);
    }
    samples
});

fn start() -> LiveCall {
    LiveCall::new(SCORER.clone(), "bench", RATE, Metadata::default()).expect("8 kHz")
}

/// Hears so many seconds of the call, over and over where it is shorter.
fn hear(call: &mut LiveCall, seconds: usize) {
    let mut left = seconds * RATE as usize;
    while left > 0 {
        let now = left.min(SAMPLES.agent.len());
        let (agent, customer) = (&SAMPLES.agent[..now], &SAMPLES.customer[..now]);
        for (agent, customer) in agent.chunks(160).zip(customer.chunks(160)) {
            call.push(agent, customer).expect("as many of both");
        }
        left -= now;
    }
}

fn seconds() -> usize {
    SAMPLES.agent.len() / RATE as usize
}

/// The bytes of a recording to an assessment.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn recording(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(seconds())).bench_local(|| {
        let scored = SCORER.score(black_box(&RECORDED));
        scored.expect("a sound call")
    });
}

/// Packets to an assessment, without a question before the end.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn live(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(seconds())).bench_local(|| {
        let mut call = start();
        hear(&mut call, seconds());
        call.finish().expect("a sound call")
    });
}

/// Hearing so many minutes and no more: what is allocated and not given back is what a call keeps.
#[divan::bench(args = [1, 10, 60], sample_count = 1, sample_size = 1)]
fn keep(bencher: Bencher<'_, '_>, minutes: usize) {
    // What all calls share is there before.
    black_box((&*SCORER, &*SAMPLES));
    bencher.bench_local(|| {
        let mut call = start();
        hear(&mut call, 60 * minutes);
        call
    });
}

/// One question, after so many minutes.
#[divan::bench(args = [1, 10, 60], sample_count = 10, sample_size = 1)]
fn so_far(bencher: Bencher<'_, '_>, minutes: usize) {
    let mut call = start();
    hear(&mut call, 60 * minutes);
    bencher.bench_local(|| black_box(&call).so_far().expect("a sound call"));
}
