//! What each stage costs, and the whole way from bytes to an assessment.
//!
//! One item is one second of the call, both sides, and everything runs on one thread: items per
//! second are times real time, which is also hours of stereo audio per core-hour. `decode` reads
//! the bytes that `pipeline` scores, in the same run, so the two can be set against each other.
//!
//! ```text
//! cargo bench --bench pipeline
//! ```
//!
//! The call is a simulated one of some ten minutes; the MP3 is the demo's, repeated to that length.

mod common;

use callcsi::audio;
use callcsi::call::{AgentChannel, Call, Input, Sides};
use callcsi::conversation::Conversation;
use callcsi::features::FeatureVector;
use callcsi::prosody::{PeakMeter, PitchMeter};
use callcsi::score::{Extractor, Scorer};
use callcsi::settings::{AnalysisSettings, DetectorKind};
use callcsi::simulate::render::{RenderSettings, WavFormat, write_wav};
use callcsi::vad::SpeechTracker;
use common::CALL;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::io::Cursor;

fn main() {
    divan::main();
}

/// What a recording is held in.
#[derive(Clone, Copy, Debug)]
enum Form {
    Pcm16Wav,
    MuLawWav,
    #[cfg(feature = "codecs")]
    Mp3,
}

const FORMS: &[Form] = &[
    Form::Pcm16Wav,
    Form::MuLawWav,
    #[cfg(feature = "codecs")]
    Form::Mp3,
];

impl Form {
    fn bytes(self) -> Vec<u8> {
        match self {
            Form::Pcm16Wav => wav(WavFormat::Pcm16),
            Form::MuLawWav => wav(WavFormat::MuLaw),
            #[cfg(feature = "codecs")]
            Form::Mp3 => mp3(),
        }
    }

    /// The recording in memory, and its length in whole seconds, read off by decoding it.
    fn call(self) -> (Call, u64) {
        let input = Input::Bytes {
            name: format!("{self:?}"),
            bytes: self.bytes().into(),
        };
        let call = Call::new("bench").stereo(input, AgentChannel::Left);
        let (samples, rate) = samples(&call);
        (call, samples.agent.len() as u64 / u64::from(rate))
    }
}

fn wav(format: WavFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    write_wav(&mut file, &CALL, &RenderSettings::default(), format).expect("a WAV in memory");
    file.into_inner()
}

/// No MP3 encoder is at hand, so ten copies of a real stream stand for ten minutes: its tag and its
/// `Info` frame, which tell the length of one copy, are left out; the rest are frames of 288 bytes
/// (MPEG-2.5 layer III, 32 kbit/s at 8 kHz), which may follow each other as they like. The voices
/// are not those of [`CALL`], and the detector's cost depends on how much is said: compare MP3
/// with its own `decode`, and with the WAVs no closer than that.
#[cfg(feature = "codecs")]
fn mp3() -> Vec<u8> {
    const FRAME: usize = 288;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/demo-04.mp3");
    let file = std::fs::read(file).expect("the demo is there");
    let info = file.windows(4).position(|w| w == b"Info");
    let first = info.expect("an Info frame") / FRAME * FRAME + FRAME;
    let sync = |place: &usize| file[*place..].starts_with(&[0xff, 0xe3, 0x48]);
    let start = (first..).find(sync).expect("a frame of sound");
    let whole = (file.len() - start) / FRAME * FRAME;
    file[start..start + whole].repeat(10)
}

/// The samples of a recording, and their rate.
fn samples(call: &Call) -> (Sides<Vec<f32>>, u32) {
    let recording = call.recording.as_ref().expect("the call was recorded");
    let mut audio = audio::open(recording).expect("the recording opens");
    let mut samples = Sides::<Vec<f32>>::default();
    while let Some(block) = audio.next_block().expect("bytes in memory") {
        samples.agent.extend(block.agent);
        samples.customer.extend(block.customer);
    }
    (samples, audio.sample_rate())
}

/// Seconds of [`CALL`].
fn seconds() -> ItemsCount {
    ItemsCount::new(CALL.duration.seconds() as u64)
}

/// Opening and decoding alone.
#[divan::bench(args = FORMS, sample_count = 20, sample_size = 1)]
fn decode(bencher: Bencher<'_, '_>, form: Form) {
    let (call, seconds) = form.call();
    let recording = call.recording.expect("the call was recorded");
    bencher.counter(ItemsCount::new(seconds)).bench_local(|| {
        let mut audio = audio::open(black_box(&recording)).expect("the recording opens");
        while let Some(block) = audio.next_block().expect("bytes in memory") {
            black_box(block);
        }
        audio.frames_read()
    });
}

/// Speech of both channels, from their samples.
#[divan::bench(args = [DetectorKind::Earshot, DetectorKind::Silero, DetectorKind::Fast, DetectorKind::Energy], sample_count = 10, sample_size = 1)]
fn detect(bencher: Bencher<'_, '_>, detector: DetectorKind) {
    let (samples, rate) = samples(&Form::Pcm16Wav.call().0);
    let mut settings = AnalysisSettings::default();
    settings.detector = detector;
    bencher.counter(seconds()).bench_local(|| {
        Sides::from_fn(|side| {
            let mut tracker = SpeechTracker::new(&settings, rate).expect("8 kHz");
            for block in black_box(&samples).get(side).chunks(audio::BLOCK_FRAMES) {
                tracker.push(block);
            }
            tracker.finish()
        })
    });
}

/// Peaks of both channels, from their samples, the syllables among them and the level between.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn syllables(bencher: Bencher<'_, '_>) {
    let (samples, rate) = samples(&Form::Pcm16Wav.call().0);
    bencher.counter(seconds()).bench_local(|| {
        Sides::from_fn(|side| {
            let mut meter = PeakMeter::new(rate);
            for block in black_box(&samples).get(side).chunks(audio::BLOCK_FRAMES) {
                meter.push(block);
            }
            let (peaks, speech) = (meter.finish(), CALL.speech.get(side));
            (peaks.nuclei(speech), peaks.contour().spread(speech))
        })
    });
}

/// Pitch of both channels, from their samples, and its spread.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn pitch(bencher: Bencher<'_, '_>) {
    let (samples, rate) = samples(&Form::Pcm16Wav.call().0);
    bencher.counter(seconds()).bench_local(|| {
        Sides::from_fn(|side| {
            let mut meter = PitchMeter::new(rate);
            for block in black_box(&samples).get(side).chunks(audio::BLOCK_FRAMES) {
                meter.push(block);
            }
            meter.finish().spread(CALL.speech.get(side))
        })
    });
}

/// From the speech to the conversation, without words and with them.
#[divan::bench(args = [false, true])]
fn converse(bencher: Bencher<'_, '_>, words: bool) {
    let settings = AnalysisSettings::default();
    let transcript = words.then(full_transcript);
    bencher.counter(seconds()).bench_local(|| {
        let speech = Some(black_box(&CALL.speech));
        Conversation::new(speech, transcript.as_ref(), CALL.duration, &settings)
    });
}

/// From the speech to every measurement: the conversation is made on the way.
#[divan::bench(args = [false, true])]
fn features(bencher: Bencher<'_, '_>, words: bool) {
    let extractor = Extractor::new(AnalysisSettings::default()).expect("default settings");
    let transcript = words.then(full_transcript);
    bencher
        .counter(seconds())
        .bench_local(|| measure(&extractor, transcript.as_ref()));
}

fn full_transcript() -> callcsi::transcript::Transcript {
    callcsi::transcript::Transcript {
        utterances: CALL.utterances.clone(),
        loose_words: Vec::new(),
        duration: Some(CALL.duration),
    }
}

fn measure(
    extractor: &Extractor,
    transcript: Option<&callcsi::transcript::Transcript>,
) -> FeatureVector {
    let speech = Some(black_box(&CALL.speech));
    extractor
        .measure_speech(speech, transcript, CALL.duration, &CALL.full_metadata)
        .expect("simulated facts")
}

/// From the measurements to the estimate with its reasons.
#[divan::bench]
fn predict(bencher: Bencher<'_, '_>) {
    let scorer = Scorer::builtin().expect("the bundled model");
    let features = measure(scorer.extractor(), Some(&full_transcript()));
    bencher
        .counter(seconds())
        .bench_local(|| scorer.predictor().predict(black_box(&features)));
}

/// From the measurements of a call to its explanation: what might have gone otherwise is measured, and
/// every subset of the groups judged.
#[divan::bench]
fn explain(bencher: Bencher<'_, '_>) {
    let scorer = Scorer::builtin().expect("the bundled model");
    let (call, seconds) = Form::Pcm16Wav.call();
    let call = call.metadata(CALL.full_metadata.clone());
    let found = scorer.extractor().extract(&call).expect("a sound call");
    let settings = scorer.extractor().settings();
    bencher.counter(ItemsCount::new(seconds)).bench_local(|| {
        let alternatives = black_box(&found).alternatives(settings);
        scorer.predictor().explain(&found.features, &alternatives)
    });
}

/// The same of a row of a table.
#[divan::bench]
fn explain_row(bencher: Bencher<'_, '_>) {
    let scorer = Scorer::builtin().expect("the bundled model");
    let features = measure(scorer.extractor(), Some(&full_transcript()));
    let settings = scorer.extractor().settings();
    bencher.counter(seconds()).bench_local(|| {
        let alternatives = black_box(&features).alternatives(settings);
        scorer.predictor().explain(&features, &alternatives)
    });
}

/// From bytes in memory to an assessment, without a transcript.
#[divan::bench(args = FORMS, sample_count = 10, sample_size = 1)]
fn pipeline(bencher: Bencher<'_, '_>, form: Form) {
    let scorer = Scorer::builtin().expect("the bundled model");
    let (call, seconds) = form.call();
    let call = call.metadata(CALL.full_metadata.clone());
    // Holds are on the call clock of another call in the case of the MP3: they cost the same.
    bencher
        .counter(ItemsCount::new(seconds))
        .bench_local(|| scorer.score(black_box(&call)).expect("a sound call"));
}
