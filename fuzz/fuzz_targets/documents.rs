//! Any bytes as a transcript, as metadata and as a model: read or refused, never a panic.
#![no_main]

use callcsi::call::{AgentChannel, Input, Metadata, TranscriptSource};
use callcsi::model::Predictor;
use callcsi::transcript::{Format, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let formats = Format::ALL.map(|f| Some(f.name().to_owned()));
    for format in formats.into_iter().chain([None]) {
        let input = Input::Bytes { name: "fuzz".to_owned(), bytes: data.into() };
        let mut source = TranscriptSource::new(input);
        source.format = format;
        source.agent_channel = Some(AgentChannel::Left);
        let _ = read(&[source], None);
    }
    let _ = Predictor::from_bytes(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Metadata::from_json(text);
    }
});
