//! What detectors cost on a channel that is all speech, and where `silero-1` spends its time.
//!
//! One item is one second of one channel, and everything runs on one thread: items per second are
//! times real time. The machine may be shared, so compare within a run, and by the fastest sample.
//!
//! ```text
//! cargo bench --bench detectors
//! ```
//!
//! The sound is syllables of a buzz of twenty harmonics, five a second, without a pause: detectors
//! rest where nobody speaks, and here none may.

use callcsi::audio;
use callcsi::settings::DetectorKind;
use callcsi::vad::{SileroStages, detector};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::sync::LazyLock;

fn main() {
    divan::main();
}

const RATE: usize = 8_000;
/// Seconds of a whole channel, and of one stretch of `silero-1`: 24 phases of 62 windows.
const WHOLE: usize = 60;
const STRETCH: usize = 24 * 62 * 256 / RATE;
/// Windows of a chunk of `silero-1`, and from one to the next.
const CHUNK: usize = 155;
const PHASE: usize = 62;

static SPEECH: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let sample = |i: usize| {
        let t = i as f32 / RATE as f32;
        let phase = (t * (120.0 + 15.0 * (t * 2.0).sin())).fract() * std::f32::consts::TAU;
        let buzz: f32 = (1..=20).map(|k| (phase * k as f32).sin() / k as f32).sum();
        buzz * (0.06 + 0.05 * (t * 5.0 * std::f32::consts::TAU).sin())
    };
    (0..WHOLE * RATE).map(sample).collect()
});

/// From samples to scores.
#[divan::bench(
    args = [DetectorKind::Earshot, DetectorKind::Silero, DetectorKind::Fast, DetectorKind::Energy],
    sample_count = 40,
    sample_size = 1
)]
fn detect(bencher: Bencher<'_, '_>, kind: DetectorKind) {
    let seconds = ItemsCount::new(WHOLE);
    let samples = &*SPEECH;
    let mut scores = Vec::new();
    bencher.counter(seconds).bench_local(|| {
        scores.clear();
        let mut vad = detector(kind, RATE as u32).expect("8 kHz");
        for block in black_box(samples).chunks(audio::BLOCK_FRAMES) {
            vad.push(block, &mut scores);
        }
        vad.finish(&mut scores);
        scores.len()
    });
}

/// One stage of `silero-1` over a stretch.
fn stage(bencher: Bencher<'_, '_>, run: impl Fn(&mut SileroStages)) {
    let mut stages = SileroStages::new(&SPEECH[..STRETCH * RATE], CHUNK, PHASE).expect("weights");
    stages.hear();
    let seconds = ItemsCount::new(STRETCH);
    bencher.counter(seconds).bench_local(|| run(&mut stages));
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn silero_1_spectra(bencher: Bencher<'_, '_>) {
    stage(bencher, SileroStages::spectra);
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn silero_2_encode(bencher: Bencher<'_, '_>) {
    stage(bencher, SileroStages::encode);
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn silero_3_drive(bencher: Bencher<'_, '_>) {
    stage(bencher, SileroStages::drive);
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn silero_4_recall(bencher: Bencher<'_, '_>) {
    stage(bencher, |stages| {
        black_box(stages.recall());
    });
}
