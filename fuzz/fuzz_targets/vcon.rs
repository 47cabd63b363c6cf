//! Any bytes as a vCon: read or refused, never a panic; and what an estimate is attached to reads back
//! as it was, with one analysis of ours.
#![no_main]

use callcsi::call::Call;
use callcsi::score::{Assessment, Scorer};
use callcsi::vcon::{BodyShape, ReadOptions, attach, read};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SCORER: LazyLock<Scorer> = LazyLock::new(|| Scorer::builtin().expect("the bundled model"));
static JUDGED: LazyLock<Assessment> =
    LazyLock::new(|| SCORER.score(&Call::new("fuzz")).expect("a call without evidence"));

fuzz_target!(|data: &[u8]| {
    let options = ReadOptions::default();
    let call = read(data, "fuzz", &options).ok();
    if let Some(call) = &call {
        call.call.metadata.check().expect("what was read can be");
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let model = SCORER.predictor().model();
    if let Ok(once) = attach(text, &JUDGED, model, BodyShape::Text) {
        let twice = attach(&once, &JUDGED, model, BodyShape::Text).expect("it was attached to before");
        assert_eq!(once, twice);
        if let Some(call) = call {
            let again = read(once.as_bytes(), "fuzz", &options).expect("it was read before");
            assert_eq!(again.call.metadata, call.call.metadata);
            assert_eq!(again.call.recording, call.call.recording);
        }
    }
});
