//! Any bytes as a call's transcripts: read or refused by every reader, and measured where their
//! format is told; never a panic, and never for long.
//!
//! `cargo fuzz run transcripts fuzz/corpus/transcripts fuzz/seeds/transcripts -- -dict=fuzz/transcripts.dict`
#![no_main]

use callcsi::call::{AgentChannel, Call, Input, Side, TranscriptSource};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::Span;
use callcsi::transcript::{Format, read};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static EXTRACTOR: LazyLock<Extractor> =
    LazyLock::new(|| Extractor::new(AnalysisSettings::default()).expect("settings as they come"));

/// What is declared of a source, one way after another.
const WAYS: usize = 5;

fn source(bytes: &Arc<[u8]>, way: usize) -> TranscriptSource {
    let bytes = Arc::clone(bytes);
    let mut source = TranscriptSource::new(Input::Bytes { name: "fuzz".to_owned(), bytes });
    match way % WAYS {
        0 => source.agent_channel = Some(AgentChannel::Left),
        1 => source.agent_channel = Some(AgentChannel::Right),
        2 => source.side = Some(Side::Agent),
        3 => source.side = Some(Side::Customer),
        _ => source.agent_speaker = Some("SPEAKER_01".to_owned()),
    }
    source
}

fn measure(sources: Vec<TranscriptSource>) {
    let call = Call::new("1");
    let mut call = sources.into_iter().fold(call, Call::transcript_source);
    if EXTRACTOR.extract(&call).is_ok() {
        call.duration = Span::from_seconds(60.0);
        let _ = EXTRACTOR.extract(&call);
    }
}

fuzz_target!(|data: &[u8]| {
    let bytes: Arc<[u8]> = data.into();
    // Each format sees each way, though not with the same bytes: inputs differ in length.
    for (i, format) in Format::ALL.iter().enumerate() {
        let mut forced = source(&bytes, data.len() + i);
        forced.format = Some(format.name().to_owned());
        let _ = read(&[forced], None);
    }
    let mut told = false;
    for way in 0..WAYS {
        if let Ok(whole) = read(&[source(&bytes, way)], None) {
            let json = whole.transcript.to_json();
            let own = Input::Bytes { name: "own".to_owned(), bytes: json.into_bytes().into() };
            read(&[TranscriptSource::new(own)], None).expect("what is written is read");
            if !told {
                measure(vec![source(&bytes, way)]);
            }
            told = true;
        }
    }
    if told {
        measure(vec![source(&bytes, 2), source(&bytes, 3)]);
    }
});
