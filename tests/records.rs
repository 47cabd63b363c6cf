//! Records of telephony platforms, joined to the rows of a manifest. The records are made by hand, with
//! the keys that the platforms write.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::batch::{Manifest, ManifestOptions};
use callcsi::call::{IvrStatus, Metadata};
use callcsi::telephony::{Platform, Record, join_records, read};
use callcsi::timeline::Span;
use common::Folder;
use proptest::prelude::*;

/// A contact of Amazon Connect: 30 s from 09:00:00 in the flow, 60 s in the queue, 200 s with the agent.
const CONNECT: &str = r#"{
 "AWSContactTraceRecordFormatVersion": "2017-03-10",
 "ContactId": "c-1", "InitiationMethod": "INBOUND", "Channel": "VOICE",
 "InitiationTimestamp": "2026-11-20T09:00:00Z",
 "ConnectedToSystemTimestamp": "2026-11-20T09:00:00Z",
 "LastUpdateTimestamp": "2026-11-20T09:10:00Z",
 "Queue": {"EnqueueTimestamp": "2026-11-20T09:00:30Z", "DequeueTimestamp": "2026-11-20T09:01:30Z", "Duration": 60, "Name": "Кредиты"},
 "Agent": {"Username": "анна", "ConnectedToAgentTimestamp": "2026-11-20T09:01:30Z", "AgentInteractionDuration": 150,
  "CustomerHoldDuration": 50, "LongestHoldDuration": 40, "NumberOfHolds": 2, "AfterContactWorkStartTimestamp": "2026-11-20T09:04:50Z"}
}"#;

/// A conversation of Genesys Cloud: 20 s of IVR, 15 s of queue, one hold of 25 s.
const GENESYS: &str = r#"{
 "conversationId": "g-1", "conversationStart": "2026-11-20T09:00:00.000Z", "conversationEnd": "2026-11-20T09:05:00.000Z",
 "participants": [
  {"purpose": "customer", "sessions": [{"mediaType": "voice", "segments": [
    {"segmentType": "interact", "segmentStart": "2026-11-20T09:00:00.000Z", "segmentEnd": "2026-11-20T09:05:00.000Z"}]}]},
  {"purpose": "ivr", "sessions": [{"mediaType": "voice", "flow": {"flowName": "Главное меню", "exitReason": "TRANSFER"},
    "segments": [{"segmentType": "ivr", "segmentStart": "2026-11-20T09:00:00.000Z", "segmentEnd": "2026-11-20T09:00:20.000Z"}],
    "metrics": [{"name": "tIvr", "value": 20000}]}]},
  {"purpose": "acd", "participantName": "Линия 1", "sessions": [{"mediaType": "voice", "metrics": [{"name": "tAcd", "value": 15000}]}]},
  {"purpose": "agent", "userId": "u-9", "sessions": [{"mediaType": "voice", "segments": [
    {"segmentType": "interact", "segmentStart": "2026-11-20T09:00:35.000Z", "segmentEnd": "2026-11-20T09:02:00.000Z"},
    {"segmentType": "hold", "segmentStart": "2026-11-20T09:02:00.000Z", "segmentEnd": "2026-11-20T09:02:25.000Z"},
    {"segmentType": "interact", "segmentStart": "2026-11-20T09:02:25.000Z", "segmentEnd": "2026-11-20T09:05:00.000Z"}],
    "metrics": [{"name": "tTalk", "value": 240000}]}]}
 ]}"#;

/// Three calls of a queue_log: one answered after 42 s, one given up after 68 s, one without its end.
const QUEUE_LOG: &str = "1763629200|a-1|кредиты|NONE|ENTERQUEUE||79990000000|1\n\
    1763629242|a-1|кредиты|SIP/17|CONNECT|42|a-1.1|3\n\
    1763629342|a-1|кредиты|SIP/17|COMPLETECALLER|42|100|1\n\
    1763629300|a-2|кредиты|NONE|ENTERQUEUE||79990000001|1\n\
    1763629368|a-2|кредиты|NONE|ABANDON|1|1|68\n\
    1763629400|a-3|кредиты|NONE|ENTERQUEUE||79990000002|1\n";

/// A call of FreeSWITCH: answered at …200 s, holds of 5.5 s and 10 s, queued for 30 s.
const FREESWITCH: &str = r#"{"core-uuid": "x", "variables": {"uuid": "f-1", "direction": "inbound",
 "hold_events": "{{1763629260000000,1763629265500000},{1763629280000000,1763629290000000}}", "hold_accum_usec": "15500000",
 "start_uepoch": "1763629190000000", "answer_uepoch": "1763629200000000", "end_uepoch": "1763629400000000",
 "cc_queue": "%D0%9A%D1%80%D0%B5%D0%B4%D0%B8%D1%82%D1%8B", "cc_side": "member", "cc_queue_joined_epoch": "1763629210",
 "cc_queue_answered_epoch": "1763629240", "duration": "210", "billsec": "200"}}"#;

const CISCO: &str = "CallDisp=13,DBCD_DROP_HANDLED_PRIMARY_ROUTE NetworkTime=1 Duration=451 RingTime=3 DelayTime=3\n\
    TimeToAband=0 HoldTime=20 TalkTime=345 WorkTime=8 LocalQTime=72 RouterCallKeyDay=153000 RouterCallKey=77\n";

const ALL: [&str; 5] = [CONNECT, GENESYS, QUEUE_LOG, FREESWITCH, CISCO];

fn only(text: &str, platform: Platform) -> Record {
    let read = read(text.as_bytes(), None).unwrap();
    assert_eq!(read.platform, platform);
    assert!(read.rejected.is_empty(), "{:?}", read.rejected);
    assert_eq!(read.records.len(), 1);
    read.records.into_iter().next().unwrap()
}

fn seconds(span: Option<Span>) -> Option<f64> {
    span.map(|span| span.seconds())
}

/// Wait, holds: number, sum, longest.
fn facts(metadata: &Metadata) -> (Option<f64>, Option<u32>, Option<f64>, Option<f64>) {
    let wait = metadata.queue.as_ref().and_then(|queue| queue.wait);
    let holds = metadata.holds.clone().unwrap_or_default();
    (
        seconds(wait),
        holds.count,
        seconds(holds.total),
        seconds(holds.longest),
    )
}

fn lacks(record: &Record, field: &str) -> bool {
    record
        .unfilled
        .iter()
        .any(|unfilled| unfilled.field == field)
}

#[test]
fn amazon_connect_tells_ivr_queue_and_holds() {
    let record = only(CONNECT, Platform::AmazonConnect);
    assert_eq!(record.call_id.as_str(), "c-1");
    let wanted = (Some(60.0), Some(2), Some(50.0), Some(40.0));
    assert_eq!(facts(&record.metadata), wanted);
    let ivr = record.metadata.ivr.as_ref().unwrap();
    // From ConnectedToSystem to Enqueue; how the flow ended only a flow log tells.
    assert_eq!(seconds(ivr.duration), Some(30.0));
    assert!(lacks(&record, "ivr.status"), "{:?}", record.unfilled);
    // The agent's time leaves holds out: 150 + 50.
    assert_eq!(seconds(record.duration), Some(200.0));
    assert_eq!(record.operator.as_deref(), Some("анна"));
}

#[test]
fn amazon_connect_delivers_twice_and_the_newest_counts() {
    let newer = CONNECT
        .replace("09:10:00Z", "09:11:00Z")
        .replace("\"NumberOfHolds\": 2", "\"NumberOfHolds\": 3");
    for text in [
        format!("{CONNECT}\n{newer}"),
        format!("[{newer},{CONNECT}]"),
    ] {
        let record = only(&text, Platform::AmazonConnect);
        assert_eq!(record.metadata.holds.unwrap().count, Some(3));
    }
}

#[test]
fn genesys_cloud_tells_the_agent_who_talked() {
    let record = only(GENESYS, Platform::GenesysCloud);
    let wanted = (Some(15.0), Some(1), Some(25.0), Some(25.0));
    assert_eq!(facts(&record.metadata), wanted);
    assert_eq!(seconds(record.metadata.ivr.unwrap().duration), Some(20.0));
    assert_eq!(record.operator.as_deref(), Some("u-9"));
}

#[test]
fn holdtime_of_a_queue_log_is_the_wait() {
    let read = read(QUEUE_LOG.as_bytes(), None).unwrap();
    assert_eq!(read.platform, Platform::AsteriskQueueLog);
    let waits: Vec<_> = read
        .records
        .iter()
        .map(|r| (r.call_id.as_str().to_owned(), facts(&r.metadata).0))
        .collect();
    let wanted = [("a-1", Some(42.0)), ("a-2", Some(68.0)), ("a-3", None)];
    assert_eq!(waits, wanted.map(|(id, wait)| (id.to_owned(), wait)));
    assert!(read.records.iter().all(|r| lacks(r, "holds.count")));
    assert_eq!(seconds(read.records[0].duration), Some(100.0));
}

#[test]
fn freeswitch_tells_each_hold_and_hides_letters() {
    let record = only(FREESWITCH, Platform::FreeSwitch);
    let wanted = (Some(30.0), Some(2), Some(15.5), Some(10.0));
    assert_eq!(facts(&record.metadata), wanted);
    let queue = record.metadata.queue.unwrap();
    assert_eq!(queue.name.as_deref(), Some("Кредиты"));
}

#[test]
fn cisco_tells_seconds_on_hold_and_no_number() {
    let record = only(CISCO, Platform::CiscoTcd);
    assert_eq!(
        facts(&record.metadata),
        (Some(72.0), None, Some(20.0), None)
    );
    assert!(lacks(&record, "holds.count"));
}

#[test]
fn rows_take_records_of_their_file_and_of_files_for_all() {
    let folder = Folder::new("records");
    let write = |name: &str, text: &str| folder.write(name, text);
    write("g.json", GENESYS);
    write("bad.json", r#"{"queue": {"wait": 1}}"#);
    let log = write("queue_log", QUEUE_LOG);
    let switch = write("cdr.json", FREESWITCH);
    // The recording of f-1 began at 1763629250 = 2025-11-20T09:00:50Z: its holds stand at 10 and 30 s.
    let manifest = write(
        "calls.csv",
        "call_id,metadata,queue_wait_s,recording_start\n\
         mine,g.json,,\n\
         a-1,,,\n\
         a-2,,7,\n\
         f-1,,,2025-11-20T09:00:50Z\n\
         none,,,\n\
         odd,bad.json,,\n",
    );
    let options = ManifestOptions {
        records: vec![log, switch],
        ..ManifestOptions::default()
    };
    let manifest = Manifest::open(manifest, options).unwrap();
    assert!(manifest.rejected_records().is_empty());
    let rows: Vec<_> = manifest
        .map(|entry| entry.row.map(|c| c.metadata))
        .collect();
    let row = |i: usize| rows[i].as_ref().unwrap();
    // A lone record is its row's, whatever its id.
    assert_eq!(facts(row(0)), (Some(15.0), Some(1), Some(25.0), Some(25.0)));
    assert_eq!(facts(row(1)).0, Some(42.0));
    // The row's own cell holds.
    assert_eq!(facts(row(2)).0, Some(7.0));
    let held = row(3)
        .hold_timeline(Span::from_millis(100_000))
        .unwrap()
        .unwrap();
    let held: Vec<_> = held
        .segments()
        .iter()
        .map(|s| (s.start().seconds(), s.end().seconds()))
        .collect();
    assert_eq!(held, [(10.0, 15.5), (30.0, 40.0)]);
    assert_eq!(row(4), &Metadata::default());
    // What is no platform's is told of as our own.
    let error = rows[5].as_ref().unwrap_err();
    assert!(error.to_string().contains("wait_s"), "{error}");
}

#[test]
fn what_is_odd_about_a_record_stands_in_the_row() {
    let folder = Folder::new("odd");
    folder.write(
        "cisco.txt",
        CISCO.replace(" RouterCallKeyDay=153000 RouterCallKey=77", ""),
    );
    let manifest = folder.write("calls.csv", "call_id,metadata\n1,cisco.txt\n");
    let manifest = Manifest::open(manifest, ManifestOptions::default()).unwrap();
    let scorer = callcsi::score::Scorer::builtin().unwrap();
    let mut codes = Vec::new();
    callcsi::batch::score_all(
        &scorer,
        manifest,
        callcsi::batch::Threads::Inline,
        &std::sync::atomic::AtomicBool::new(false),
        |outcome| {
            let found = outcome.result.unwrap().measurements;
            codes.extend(found.warnings.iter().map(|warning| warning.code));
            Ok(())
        },
    )
    .unwrap();
    // The record names no call: it is the row's all the same.
    assert_eq!(codes, ["telephony_record"]);
}

#[test]
fn parts_of_one_call_are_put_together() {
    let log = read(QUEUE_LOG.as_bytes(), None).unwrap();
    let events = "Event: Hold\nTimestamp: 1763629260.0\nUniqueid: a-1\nLinkedid: a-1\n\n\
        Event: Unhold\nTimestamp: 1763629270.5\nUniqueid: a-1\nLinkedid: a-1\n\n";
    let events = read(events.as_bytes(), None).unwrap();
    assert_eq!(events.platform, Platform::AsteriskAmi);
    let joined = join_records(log.records.into_iter().chain(events.records));
    assert_eq!(joined.len(), 3);
    // 1763629270.5 − 1763629260 = 10.5 s.
    let wanted = (Some(42.0), Some(1), Some(10.5), Some(10.5));
    assert_eq!(facts(&joined[0].metadata), wanted);
    assert_ne!(
        joined[0].metadata.ivr.as_ref().and_then(|ivr| ivr.status),
        Some(IvrStatus::Completed)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn bytes_that_were_changed_give_records_that_can_be_or_an_error(
        which in 0usize..ALL.len(),
        cut in 0.0..1.0f64,
        changes in prop::collection::vec((0.0..1.0f64, any::<u8>()), 0..8),
    ) {
        let mut bytes = ALL[which].as_bytes().to_vec();
        for (at, byte) in changes {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = byte;
        }
        bytes.truncate((cut * 1.3 * bytes.len() as f64) as usize);
        if let Ok(read) = read(&bytes, None) {
            for record in join_records(read.records) {
                prop_assert!(record.metadata.check().is_ok());
            }
        }
    }
}
