//! How fast transcripts are read, beside the decoding of the sound of the same call. One item is
//! one call of 1,000 words, seven minutes long.
//!
//! ```text
//! cargo bench --bench transcripts
//! ```
//!
//! A reader that is slower than its peer `decode_pcm16` would be felt in an archive.

use callcsi::audio;
use callcsi::call::{AgentChannel, Input, Recording, TranscriptSource};
use callcsi::transcript::read;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// Words of a call, in utterances of ten; one begins every 0.42 s.
const WORDS: usize = 1_000;
const UTTERANCE: usize = 10;
/// Seconds from word to word: 143 words a minute of the call.
const STEP: f64 = 0.42;
/// Calls read in one run, one after another.
const CALLS: usize = 20;

/// A word, its place among all, and its times in seconds.
fn words(utterance: usize) -> impl Iterator<Item = (String, f64, f64)> {
    let first = utterance * UTTERANCE;
    (first..first + UTTERANCE).map(|i| {
        let start = STEP * i as f64;
        (format!("слово{}", i % 97), start, start + 0.3)
    })
}

fn utterances() -> std::ops::Range<usize> {
    0..WORDS / UTTERANCE
}

fn own() -> Value {
    let said = utterances().map(|u| {
        let words: Vec<Value> = words(u)
            .map(|(text, start, end)| json!({"text": text, "start_s": start, "end_s": end}))
            .collect();
        let (start, end) = (
            words[0]["start_s"].clone(),
            words[UTTERANCE - 1]["end_s"].clone(),
        );
        let side = ["agent", "customer"][u % 2];
        json!({"side": side, "start_s": start, "end_s": end, "words": words})
    });
    json!({"format": "callcsi-transcript", "version": 1, "utterances": said.collect::<Vec<_>>()})
}

fn salute() -> Value {
    let said = utterances().map(|u| {
        let words: Vec<Value> = words(u)
            .map(|(word, start, end)| {
                json!({"word": word, "start": format!("{start:.9}s"), "end": format!("{end:.9}s")})
            })
            .collect();
        json!({
            "results": [{"text": "слово", "normalized_text": "Слово.", "word_alignments": words}],
            "eou": true, "channel": u % 2, "processed_audio_start": "0s", "processed_audio_end": "9s",
            "emotions_result": {"positive": 0.1, "neutral": 0.8, "negative": 0.1},
        })
    });
    json!(said.collect::<Vec<_>>())
}

fn aws() -> Value {
    let said = utterances().map(|u| {
        let items: Vec<Value> = words(u)
            .map(|(word, start, end)| {
                json!({"Type": "pronunciation", "Content": word, "Confidence": "0.99",
                    "BeginOffsetMillis": (start * 1e3) as i64, "EndOffsetMillis": (end * 1e3) as i64})
            })
            .collect();
        let (start, end) = (items[0]["BeginOffsetMillis"].clone(), items[UTTERANCE - 1]["EndOffsetMillis"].clone());
        let role = ["AGENT", "CUSTOMER"][u % 2];
        json!({"ParticipantRole": role, "BeginOffsetMillis": start,
            "EndOffsetMillis": end, "Items": items, "Content": "слово", "Sentiment": "NEUTRAL"})
    });
    json!({"Transcript": said.collect::<Vec<_>>(), "ConversationCharacteristics": {}, "Participants": []})
}

fn deepgram() -> Value {
    let channel = |side: usize| {
        let words: Vec<Value> = utterances()
            .filter(|u| u % 2 == side)
            .flat_map(words)
            .map(|(word, start, end)| {
                json!({"word": word, "punctuated_word": word, "start": start, "end": end, "confidence": 0.99})
            })
            .collect();
        json!({"alternatives": [{"transcript": "слово", "confidence": 0.9, "words": words}]})
    };
    json!({"metadata": {"request_id": "1", "duration": 420.0, "channels": 2},
        "results": {"channels": [channel(0), channel(1)]}})
}

fn ctm() -> String {
    utterances()
        .flat_map(|u| words(u).map(move |w| (u, w)))
        .map(|(u, (word, start, _))| {
            format!("call {} {start:.2} 0.30 {word} 0.99\n", ["A", "B"][u % 2])
        })
        .collect()
}

/// The bytes of a call's transcript in a format.
fn transcript(format: &str) -> Vec<u8> {
    match format {
        "callcsi" => own().to_string(),
        "salute-speech" => salute().to_string(),
        "aws-call-analytics" => aws().to_string(),
        "deepgram" => deepgram().to_string(),
        _ => ctm(),
    }
    .into_bytes()
}

#[divan::bench(args = ["callcsi", "salute-speech", "aws-call-analytics", "deepgram", "ctm"])]
fn read_1000_words(bencher: Bencher<'_, '_>, format: &str) {
    let input = Input::Bytes {
        name: "bench".to_owned(),
        bytes: transcript(format).into(),
    };
    let sources = [TranscriptSource::new(input)];
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        for _ in 0..CALLS {
            match read(&sources, Some(AgentChannel::Left)) {
                Ok(found) => assert_eq!(found.formats[0].name(), format),
                Err(error) => panic!("the bench's own transcript is read: {error}"),
            }
        }
    });
}

/// The peer: the sound of the same call, 16-bit PCM at 8 kHz in two channels, from memory.
#[divan::bench]
fn decode_pcm16(bencher: Bencher<'_, '_>) {
    let frames = (STEP * WORDS as f64 * 8e3) as u32;
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut wav| {
        (0..2 * frames).try_for_each(|n| wav.write_sample((n % 251) as i16 * 64))?;
        wav.finalize()
    });
    assert!(written.is_ok(), "WAV is written to memory");
    let recording = Recording::Stereo {
        input: Input::Bytes {
            name: "bench".to_owned(),
            bytes: bytes.into_inner().into(),
        },
        agent_channel: AgentChannel::Left,
    };
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        for _ in 0..CALLS {
            let Ok(mut call) = audio::open(&recording) else {
                panic!("the bench's own recording opens")
            };
            while let Ok(Some(block)) = call.next_block() {
                black_box(block);
            }
        }
    });
}
