//! Any bytes as metadata and as a model: read or refused, never a panic.
#![no_main]

use callcsi::call::Metadata;
use callcsi::model::Predictor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Predictor::from_bytes(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Metadata::from_json(text);
    }
});
