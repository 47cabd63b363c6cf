//! Any bytes as a recording: opened and read to the end, or refused. Never a panic, never a hang.
//!
//! ```text
//! cargo +nightly fuzz run audio fuzz/corpus/audio tests/fixtures/audio
//! ```
//!
//! A panic inside a decoder of another crate is caught by the library and becomes a warning; the
//! fuzzer stops at it all the same. Run a stopped input through `audio::open` in a test to tell.
#![no_main]

use callcsi::audio::{self, BLOCK_FRAMES};
use callcsi::call::{AgentChannel, Input, Recording};
use callcsi::timeline::Span;
use libfuzzer_sys::fuzz_target;

fn drain(recording: &Recording) {
    let Ok(mut call) = audio::open(recording) else {
        return;
    };
    while let Ok(Some(block)) = call.next_block() {
        assert_eq!(block.agent.len(), block.customer.len());
        assert!((1..=BLOCK_FRAMES).contains(&block.agent.len()));
        assert!(
            block
                .agent
                .iter()
                .chain(block.customer)
                .all(|x| x.is_finite())
        );
    }
    for warning in call.warnings() {
        let _ = (warning.to_string(), warning.code());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let input = Input::Bytes {
        name: "fuzz".to_owned(),
        bytes: bytes.into(),
    };
    drain(&Recording::Stereo {
        input: input.clone(),
        agent_channel: AgentChannel::Left,
    });
    drain(&Recording::TwoMono {
        agent: input.clone(),
        customer: input,
        customer_offset: Span::from_millis(7),
    });
});
