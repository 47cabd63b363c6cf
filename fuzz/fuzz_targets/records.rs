//! Any bytes as records of a telephony platform: read or refused, never a panic.
#![no_main]

use callcsi::telephony::{Platform, join_records, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for platform in Platform::all().map(Some).chain([None]) {
        if let Ok(read) = read(data, platform) {
            for record in join_records(read.records) {
                record.metadata.check().expect("what is read can be");
            }
        }
    }
});
