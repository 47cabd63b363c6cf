//! vCons: a call out of one, an estimate into one.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::ErrorKind;
use callcsi::audio;
use callcsi::batch::*;
use callcsi::call::{
    AgentChannel, Call, ClockInterval, Input, IvrStep, Metadata, Queue, Recording, Side,
};
use callcsi::model::Model;
use callcsi::score::{Assessment, Scorer};
use callcsi::timeline::Span;
use callcsi::vcon::{BodyShape, ReadOptions, VconCall, attach, new_vcon, read, read_file};
use common::Folder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

/// Nobody stops these runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

static SCORER: LazyLock<Scorer> = LazyLock::new(|| Scorer::builtin().unwrap());

fn model() -> &'static Model {
    SCORER.predictor().model()
}

/// An assessment of a call of which little is known.
static JUDGED: LazyLock<Assessment> = LazyLock::new(|| judge("a-1"));

fn judge(id: &str) -> Assessment {
    let facts = r#"{"recording_start": "2026-11-21T11:50:00Z", "queue": {"wait_s": 40}}"#;
    let mut call = Call::new(id).metadata(Metadata::from_json(facts).unwrap());
    call.duration = Span::from_seconds(61.5);
    SCORER.score(&call).unwrap()
}

/// A second of 16-bit WAV at 8 kHz: on the first channel 1,000, on all others 2,000.
fn wav(channels: u16) -> Vec<u8> {
    let data: Vec<u8> = (0..8_000)
        .flat_map(|_| {
            (0..channels).flat_map(|c| (if c == 0 { 1_000i16 } else { 2_000 }).to_le_bytes())
        })
        .collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    wav.extend(channels.to_le_bytes());
    wav.extend(8_000u32.to_le_bytes());
    wav.extend((8_000 * 2 * u32::from(channels)).to_le_bytes());
    wav.extend((2 * channels).to_le_bytes());
    wav.extend(b"\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

/// base64url by its plain definition: the bits in sixes.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let three = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b));
        let bits = bits << (8 * (3 - chunk.len()));
        let digits =
            (0..=chunk.len()).map(move |i| DIGITS[(bits >> (18 - 6 * i) & 63) as usize] as char);
        digits.collect::<String>()
    };
    bytes.chunks(3).map(three).collect()
}

/// A call of two minutes: the IVR answers, the customer chooses, the agent joins, holds and transfers.
fn vcon() -> Value {
    json!({
        "uuid": "01928e10-193e-8231-b9a2-279e0d16bc46",
        "extensions": ["CC"],
        "critical": ["CC"],
        "created_at": "2026-11-21T12:00:00Z",
        "parties": [
            {"tel": "+70000000001", "name": "Мария", "role": "customer"},
            {"uuid": "op-7", "name": "Пётр", "role": "agent"},
            {"name": "menu", "role": "ivr"},
        ],
        "dialog": [
            {
                "type": "recording",
                "start": "2026-11-21T14:50:00+03:00",
                "duration": 120,
                "parties": [0, 1],
                "originator": 0,
                "mediatype": "audio/x-wav",
                "encoding": "base64url",
                "body": base64url(&wav(2)),
                "party_history": [
                    {"party": 0, "time": "2026-11-21T11:50:00Z", "event": "join"},
                    {"party": 2, "time": "2026-11-21T11:50:01Z", "event": "join"},
                    {"party": 0, "time": "2026-11-21T11:50:06Z", "event": "keydown", "button": "2"},
                    {"party": 0, "time": "2026-11-21T11:50:06.2Z", "event": "keyup", "button": "2"},
                    {"party": 0, "time": "2026-11-21T11:50:12Z", "event": "keydown", "button": "4"},
                    {"party": 0, "time": "2026-11-21T11:50:13Z", "event": "keydown", "button": "7"},
                    {"party": 2, "time": "2026-11-21T11:50:21Z", "event": "drop"},
                    {"party": 1, "time": "2026-11-21T11:50:30Z", "event": "join"},
                    {"party": 1, "time": "2026-11-21T11:51:00.5Z", "event": "hold"},
                    {"party": 0, "time": "2026-11-21T11:51:00Z", "event": "hold"},
                    {"party": 0, "time": "2026-11-21T11:51:20Z", "event": "unhold"},
                    {"party": 1, "time": "2026-11-21T11:51:20.5Z", "event": "unhold"},
                    {"party": 0, "time": "2026-11-21T11:51:50Z", "event": "hold"},
                ],
            },
            {"type": "transfer", "start": "2026-11-21T11:51:50Z", "transferee": 0, "transferor": 1},
        ],
        "analysis": [
            {"type": "summary", "dialog": 0, "vendor": "other", "body": "…", "encoding": "none"},
            {"type": "transcript", "dialog": 0, "vendor": "other", "encoding": "json",
                "body": [{"speaker": "Agent", "message": "добрый день"}, {"speaker": "Customer", "message": "да"}]},
        ],
        "attachments": [],
    })
}

fn read_value(vcon: &Value) -> callcsi::Result<VconCall> {
    read(
        vcon.to_string().as_bytes(),
        "call.vcon",
        &ReadOptions::default(),
    )
}

/// The vCon of [`vcon`] with another value somewhere; `null` takes it away.
fn changed(pointer: &str, value: Value) -> Value {
    let mut vcon = vcon();
    *vcon.pointer_mut(pointer).unwrap() = value;
    vcon
}

fn why(read: &VconCall, field: &str) -> String {
    let unfilled = read.unfilled.iter().find(|u| u.field == field);
    unfilled.map(|u| u.reason.clone()).unwrap_or_default()
}

#[test]
fn a_whole_call_is_read() {
    let read = read_value(&vcon()).unwrap();
    assert_eq!(
        read.call.id.as_str(),
        "01928e10-193e-8231-b9a2-279e0d16bc46"
    );
    assert_eq!(
        (read.operator.as_deref(), read.customer.as_deref()),
        (Some("op-7"), Some("+70000000001"))
    );
    assert_eq!(
        (read.transfers, read.dialogs.as_slice()),
        (Some(1), &[0][..])
    );
    assert_eq!(read.call.duration, Span::from_seconds(120.0));
    let facts = &read.call.metadata;
    assert_eq!(
        facts.recording_start,
        Some("2026-11-21T11:50:00Z".parse().unwrap())
    );

    // The telephones of both sides tell of the first hold: 11:51:00 to 11:51:20.5. The second has no
    // end: the recording's, 11:52:00.
    let interval = |start: &str, end: &str| ClockInterval::Wall {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    };
    let holds = facts.holds.clone().unwrap();
    assert_eq!(holds.count, Some(2));
    let intervals = [
        interval("2026-11-21T11:51:00Z", "2026-11-21T11:51:20.5Z"),
        interval("2026-11-21T11:51:50Z", "2026-11-21T11:52:00Z"),
    ];
    assert_eq!(holds.intervals.unwrap(), intervals);
    let codes: Vec<&str> = read.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["vcon_hold_without_unhold"]);

    // The IVR is there from 1 s to 21 s; a key alone is a choice, two keys in a second are a number.
    let ivr = facts.ivr.clone().unwrap();
    assert_eq!(ivr.duration, Span::from_seconds(20.0));
    let step = |node: &str, entered: f64| {
        let mut step = IvrStep::new(node);
        step.entered = Span::from_seconds(entered);
        step
    };
    assert_eq!(ivr.steps.unwrap(), [step("key 2", 5.0), step("keys", 11.0)]);
    let unfilled: Vec<&str> = read.unfilled.iter().map(|u| u.field).collect();
    assert_eq!(
        unfilled,
        ["metadata.ivr.status", "metadata.queue", "metadata.customer"]
    );
}

#[test]
fn inline_sound_is_heard_on_its_channels() {
    for (parties, agent) in [
        (json!([0, 1]), 2_000),
        (json!([1, 0]), 1_000),
        (json!([[1, 2], null]), 1_000),
    ] {
        let read = read_value(&changed("/dialog/0/parties", parties)).unwrap();
        let mut sound = audio::open(read.call.recording.as_ref().unwrap()).unwrap();
        let block = sound.next_block().unwrap().unwrap();
        assert_eq!((block.agent[5] * 32_768.0) as i32, agent);
    }
    // Channels are not told, but the first is the originator's.
    let mut vcon = changed("/dialog/0/parties", json!(0));
    assert_eq!(
        read_value(&vcon).unwrap().agent_channel,
        Some(AgentChannel::Right)
    );
    vcon["dialog"][0]["originator"] = json!(1);
    assert_eq!(
        read_value(&vcon).unwrap().agent_channel,
        Some(AgentChannel::Left)
    );
}

#[test]
fn a_mono_mix_is_refused_when_it_is_opened() {
    let read = read_value(&changed("/dialog/0/body", json!(base64url(&wav(1))))).unwrap();
    let error = audio::open(read.call.recording.as_ref().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert!(
        error.to_string().contains("call.vcon: dialog[0]"),
        "{error}"
    );
    assert!(error.found().contains("1 channel"), "{error}");
}

#[test]
fn the_transcript_is_read_with_the_call() {
    let read = read_value(&vcon()).unwrap();
    let text = callcsi::transcript::read(&read.call.transcripts, read.agent_channel).unwrap();
    assert!(text.transcript.tells_of(Side::Agent) && text.transcript.tells_of(Side::Customer));
    let read = read_value(&changed("/analysis/1/body", Value::Null)).unwrap();
    assert!(read.call.transcripts.is_empty() && why(&read, "transcript").contains("elsewhere"));
}

#[test]
fn names_of_old_drafts_are_read() {
    let mut vcon = vcon();
    let dialog = vcon["dialog"][0].as_object_mut().unwrap();
    dialog.remove("party_history");
    // sha512sum of the WAV, as old files have it: in hexadecimal digits.
    dialog.insert("alg".to_owned(), json!("SHA-512"));
    dialog.insert("signature".to_owned(), json!(WAV_SHA512));
    dialog.insert("start".to_owned(), json!("2024-03-16T16:09:20.701736"));
    vcon["parties"] =
        json!([{"meta": {"role": "agent"}}, {"meta": {"role": "customer"}, "tel": "1"}]);
    vcon["must_support"] = json!(["CC"]);
    vcon["critical"] = Value::Null;
    vcon["appended"] = Value::Null;
    vcon["attachments"] =
        json!([{"type": "callcsi-metadata", "body": "{\"queue\": {\"wait_s\": 7}}"}]);
    let read = read_value(&vcon).unwrap();
    assert_eq!(read.agent_channel, Some(AgentChannel::Left));
    let wait = |queue: Option<Queue>| queue.unwrap().wait;
    assert_eq!(
        wait(read.call.metadata.queue.clone()),
        Span::from_seconds(7.0)
    );
    assert_eq!(why(&read, "metadata.queue"), "");
    assert!(why(&read, "metadata.recording_start").contains("no offset"));
    assert!(why(&read, "metadata.holds").contains("no party_history"));

    vcon["must_support"] = json!(["CC", "future"]);
    assert_eq!(
        read_value(&vcon).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

/// `sha512sum` of `wav(2)`.
const WAV_SHA512: &str = "638e999e881f9bf45435a2800394f7677f83e653875f26af6ed51f0a7493a4c4\
    a738961e86716219c22eda5902bfde88c9a60594042f87a0aef9bdc1358b8904";

#[test]
fn content_of_another_hash_is_refused() {
    let with_hash = |hash: Value| {
        let mut vcon = vcon();
        vcon["dialog"][0]["content_hash"] = hash;
        read_value(&vcon)
    };
    let bytes: Vec<u8> = (0..64)
        .map(|i| u8::from_str_radix(&WAV_SHA512[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let good = format!("sha512-{}", base64url(&bytes));
    let other = format!("sha512-{}", base64url(&[7; 64]));
    assert!(
        with_hash(json!(good))
            .unwrap()
            .warnings
            .iter()
            .all(|w| w.code != "vcon_hash")
    );
    assert!(with_hash(json!([other, good])).is_ok());
    let error = with_hash(json!(other)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.place().ends_with("content_hash"), "{error}");
    let odd = with_hash(json!("sha512-AAAA")).unwrap();
    assert!(odd.warnings.iter().any(|w| w.code == "vcon_hash"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let cases = [
        (
            json!({"payload": "e30", "signatures": [{"signature": "x"}]}),
            ErrorKind::Unsupported,
            "signed",
        ),
        (
            json!({"ciphertext": "x", "recipients": []}),
            ErrorKind::Unsupported,
            "encrypted",
        ),
        (json!({}), ErrorKind::IllFormed, "a vCon"),
        (changed("/uuid", Value::Null), ErrorKind::IllFormed, "uuid"),
        (
            changed("/critical", json!(["CC", "x"])),
            ErrorKind::Unsupported,
            "critical",
        ),
        (
            changed("/critical", json!("CC")),
            ErrorKind::IllFormed,
            "critical",
        ),
        (
            changed("/dialog/0/body", json!("%")),
            ErrorKind::IllFormed,
            "dialog[0]: body",
        ),
        (
            changed("/dialog/0/encoding", json!("none")),
            ErrorKind::IllFormed,
            "dialog[0]: body",
        ),
        (
            changed("/dialog/0/parties", json!([0, 0])),
            ErrorKind::Mismatch,
            "agent_channel",
        ),
        (
            changed("/dialog/0/parties", json!([0, 1, 2])),
            ErrorKind::Unsupported,
            "3 channels",
        ),
        (
            changed(
                "/attachments",
                json!([{"purpose": "callcsi-metadata", "body": {"queue": {"wait_s": -1}}}]),
            ),
            ErrorKind::Invalid,
            "attachments[0].body: queue.wait_s",
        ),
    ];
    for (vcon, kind, part) in cases {
        let error = read_value(&vcon).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().starts_with("call.vcon: "), "{error}");
    }
    let compact = read(
        b"eyJhbGciOiJSUzI1NiJ9.e30.x",
        "call.vcon",
        &ReadOptions::default(),
    );
    assert_eq!(compact.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_call_is_one_recording_or_one_of_each_side() {
    let mut vcon = vcon();
    let recording = |party: u32, start: &str| {
        json!({"type": "recording", "start": start, "duration": 60, "parties": [party],
            "encoding": "base64url", "body": base64url(&wav(1))})
    };
    let set =
        json!({"type": "recording-set", "start": "2026-11-21T11:50:00Z", "recordings": [1, 2]});
    let agent = recording(1, "2026-11-21T11:50:02.5Z");
    let customer = recording(0, "2026-11-21T11:50:00Z");
    vcon["dialog"] = json!([set, agent, customer]);
    let pair = read_value(&vcon).unwrap();
    let Some(Recording::TwoMono {
        customer_offset,
        agent,
        ..
    }) = &pair.call.recording
    else {
        panic!("{:?}", pair.call.recording);
    };
    // The customer's began 2.5 s before the agent's, and so does the call.
    assert_eq!(*customer_offset, Span::from_seconds(-2.5).unwrap());
    assert!(agent.to_string().ends_with("dialog[1]"));
    assert_eq!(
        pair.call.metadata.recording_start,
        Some("2026-11-21T11:50:00Z".parse().unwrap())
    );

    let third = recording(0, "2026-11-21T11:50:00Z");
    vcon["dialog"].as_array_mut().unwrap().push(third);
    let error = read_value(&vcon).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.found().contains("3 recordings"), "{error}");
    let mut options = ReadOptions {
        dialog: Some(1),
        agent_channel: Some(AgentChannel::Left),
        ..ReadOptions::default()
    };
    let named = read(vcon.to_string().as_bytes(), "call.vcon", &options).unwrap();
    assert_eq!(named.dialogs, [1]);
    options.dialog = Some(0);
    assert!(read(vcon.to_string().as_bytes(), "call.vcon", &options).is_err());
}

#[test]
fn holds_and_keys_are_filled_only_as_far_as_they_are_told() {
    let history = |events: Value| read_value(&changed("/dialog/0/party_history", events)).unwrap();
    let event = |party: u32, second: u32, event: &str| json!({"party": party, "time": format!("2026-11-21T11:50:{second:02}Z"), "event": event, "button": "1"});
    let joins = history(json!([event(0, 0, "join"), event(1, 5, "join")]));
    assert_eq!(joins.call.metadata.holds, None);
    assert!(why(&joins, "metadata.holds").contains("no hold"));
    assert!(why(&joins, "metadata.ivr").contains("no party"));
    let keys = history(json!([event(0, 3, "keydown")]));
    assert_eq!(keys.call.metadata.ivr, None);
    assert!(why(&keys, "metadata.ivr").contains("keys were pressed"));
    // Held twice, released once, out of order; a hold of no length; one that ends as the party leaves.
    let odd = history(json!([
        event(0, 9, "unhold"),
        event(0, 5, "hold"),
        event(0, 6, "hold"),
        event(1, 20, "hold"),
        event(1, 20, "unhold"),
        event(1, 30, "unhold"),
        event(0, 40, "hold"),
        event(0, 41, "drop"),
        event(9, 1, "hold"),
        json!({"event": "hold"}),
        json!(7),
    ]));
    let holds = odd.call.metadata.holds.clone().unwrap();
    assert_eq!(
        (holds.count, holds.total(), holds.longest()),
        (Some(2), Span::from_seconds(5.0), Span::from_seconds(4.0))
    );
    let codes: Vec<&str> = odd.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["vcon_events", "vcon_unhold_without_hold"]);
    // Without a length of the recording a hold without an end can be counted, and no more.
    let mut vcon = changed("/dialog/0/party_history", json!([event(0, 5, "hold")]));
    vcon["dialog"][0]["duration"] = Value::Null;
    let holds = read_value(&vcon).unwrap().call.metadata.holds.unwrap();
    assert_eq!((holds.count, holds.intervals), (Some(1), None));
    // Times without an offset are on the clock of the call.
    let mut vcon = changed("/dialog/0/start", json!("2026-11-21T11:50:00"));
    vcon["dialog"][0]["party_history"] = json!([
        {"party": 0, "time": "2026-11-21T11:50:05", "event": "hold"},
        {"party": 0, "time": "2026-11-21T11:50:07", "event": "unhold"}]);
    let holds = read_value(&vcon).unwrap().call.metadata.holds.unwrap();
    assert_eq!(
        json!(holds.intervals),
        json!([{"start_s": 5.0, "end_s": 7.0}])
    );
}

#[test]
fn a_recording_beside_the_vcon_is_found_and_nothing_outside() {
    let folder = Folder::new("beside");
    folder.write("in/звонок 1.wav", wav(2));
    folder.write("out.wav", wav(2));
    let with = |url: Value, name: Value| {
        let mut vcon = vcon();
        vcon["dialog"][0]["body"] = Value::Null;
        vcon["dialog"][0]["url"] = url;
        vcon["dialog"][0]["filename"] = name;
        let file = folder.write("in/call.vcon", vcon.to_string());
        let read = read_file(file, &ReadOptions::default())?;
        audio::open(&read.call.recording.unwrap())
    };
    let there = "https://example.invalid/a";
    for (url, name) in [
        (Value::Null, json!("звонок 1.wav")),
        (
            json!("%D0%B7%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA%201.wav"),
            json!("other.wav"),
        ),
        (json!(there), json!("./звонок 1.wav")),
    ] {
        with(url, name).unwrap();
    }
    let error = with(json!(there), json!("missing.wav")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.hint_text().unwrap().contains("no network"), "{error}");
    let error = with(json!(there), Value::Null).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.hint_text().unwrap().contains("no network"), "{error}");
    for out in ["../out.wav", "/etc/passwd", "a/../../out.wav"] {
        assert_eq!(
            with(Value::Null, json!(out)).unwrap_err().kind(),
            ErrorKind::Invalid
        );
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.0.join("out.wav"), folder.0.join("in/link.wav")).unwrap();
        assert_eq!(
            with(Value::Null, json!("link.wav")).unwrap_err().kind(),
            ErrorKind::Invalid
        );
    }
    // Bytes alone do not tell what is beside them.
    let mut bytes = vcon();
    bytes["dialog"][0]["body"] = Value::Null;
    bytes["dialog"][0]["filename"] = json!("a.wav");
    assert_eq!(
        read_value(&bytes).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn a_packed_vcon_is_read_as_a_plain_one() {
    let folder = Folder::new("packed");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(vcon().to_string().as_bytes()).unwrap();
    let file = folder.write("call.vcon.gz", packer.finish().unwrap());
    let read = read_file(&file, &ReadOptions::default()).unwrap();
    let plain = read_value(&vcon()).unwrap();
    assert_eq!(read.call.metadata, plain.call.metadata);
    audio::open(read.call.recording.as_ref().unwrap()).unwrap();
    assert!(callcsi::transcript::read(&read.call.transcripts, read.agent_channel).is_ok());
}

fn ours(vcon: &Value) -> Vec<&Value> {
    let analyses = vcon["analysis"].as_array().unwrap().iter();
    analyses
        .filter(|a| a["vendor"] == "callcsi" && a["product"] == "csi")
        .collect()
}

#[test]
fn an_estimate_is_attached_once_and_all_else_stays() {
    // Numbers that a double does not hold, escapes, blanks, an order that no alphabet has.
    let text = r#"{ "zebra" : 1.10, "uuid":"01928e10-193e-8231-b9a2-279e0d16bc46","n":123456789012345678901234567890,
        "parties":[ ],"dialog":[{"type":"recording"}, {"type":"text"}],"A":"\u00e9\/",
        "analysis":[{"vendor":"x","x":1e400},{"type":"report","vendor":"callcsi","product":"csi","body":"old"},
        {"type":"report","vendor":"callcsi","product":"other"}],"last":{"b":1,"a":[]}}"#;
    let once = attach(text, &JUDGED, model(), BodyShape::Text).unwrap();
    assert_eq!(
        attach(&once, &JUDGED, model(), BodyShape::Text).unwrap(),
        once
    );
    for kept in [
        r#"{"zebra":1.10,"uuid":"#,
        r#""n":123456789012345678901234567890,"parties":[ ],"dialog":[{"type":"recording"}, {"type":"text"}],"A":"\u00e9\/","#,
        r#""analysis":[{"vendor":"x","x":1e400},{"type":"report","dialog":0,"#,
        r#"},{"type":"report","vendor":"callcsi","product":"other"}],"last":{"b":1,"a":[]}}"#,
    ] {
        assert!(once.contains(kept), "{kept} in {once}");
    }
    assert!(!once.contains("\"old\""));
}

#[test]
fn the_analysis_has_the_members_of_the_draft() {
    let text = vcon().to_string();
    for shape in [BodyShape::Text, BodyShape::Object] {
        let written = attach(&text, &JUDGED, model(), shape).unwrap();
        let written: Value = serde_json::from_str(&written).unwrap();
        let [ours] = ours(&written)[..] else {
            panic!("{written}")
        };
        let members: Vec<&str> = ours
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            members,
            [
                "type",
                "dialog",
                "mediatype",
                "vendor",
                "product",
                "schema",
                "encoding",
                "body"
            ]
        );
        assert_eq!(
            (&ours["type"], &ours["dialog"], &ours["encoding"]),
            (&json!("report"), &json!(0), &json!("json"))
        );
        assert_eq!(
            (&ours["schema"], &ours["mediatype"]),
            (&json!("csi-1"), &json!("application/json"))
        );
        let body = match shape {
            BodyShape::Text => serde_json::from_str(ours["body"].as_str().unwrap()).unwrap(),
            _ => ours["body"].clone(),
        };
        assert_eq!(body["score"], json!(JUDGED.prediction.csi));
        assert_eq!(body["p_satisfied"], json!(JUDGED.prediction.satisfied));
        assert_eq!(
            body["scale"],
            json!({"min": 1, "max": 5, "satisfied_from": 4})
        );
        assert_eq!(body["model"]["fingerprint"], json!(model().fingerprint()));
        assert_eq!(body["abstained"], json!(false));
        let top = body["top_features"].as_array().unwrap();
        let strength: Vec<f64> = top
            .iter()
            .map(|f| f["contribution"].as_f64().unwrap().abs())
            .collect();
        assert!(
            !top.is_empty() && strength.is_sorted_by(|a, b| a >= b),
            "{strength:?}"
        );
        assert!(
            top.iter()
                .any(|f| f["name"] == "queue_wait_s" && f["value"] == 40.0),
            "{top:?}"
        );
    }
}

#[test]
fn nothing_is_estimated_of_a_call_without_evidence() {
    let nothing = SCORER.score(&Call::new("+7 900 000-00-00")).unwrap();
    let written = new_vcon(&nothing, model(), BodyShape::Object);
    assert!(!written.contains("900"), "{written}");
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(ours(&written)[0]["body"]["abstained"], json!(true));
}

#[test]
fn a_new_vcon_is_read_back() {
    let written = new_vcon(&JUDGED, model(), BodyShape::Text);
    assert_eq!(new_vcon(&judge("a-1"), model(), BodyShape::Text), written);
    assert_ne!(new_vcon(&judge("a-2"), model(), BodyShape::Text), written);
    let read = read(written.as_bytes(), "new.vcon", &ReadOptions::default()).unwrap();
    assert_eq!(read.call.duration, Span::from_seconds(61.5));
    assert_eq!(
        read.call.metadata.recording_start,
        Some("2026-11-21T11:50:00Z".parse().unwrap())
    );
    assert!(read.call.recording.is_none() && why(&read, "recording").contains("neither"));
    // The members that the draft's schema demands.
    let value: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(value["created_at"], "2026-11-21T11:50:00Z");
    assert_eq!(
        value["dialog"],
        json!([{"type": "recording", "start": "2026-11-21T11:50:00Z", "parties": [[0, 1]], "duration": 61.5}])
    );
}

fn entries(path: &Path, options: ManifestOptions) -> Vec<Entry> {
    Manifest::open(path, options).unwrap().collect()
}

#[test]
fn a_folder_of_vcons_is_an_archive() {
    let folder = Folder::new("folder");
    folder.write("a.vcon", vcon().to_string());
    folder.write("a.wav", wav(2));
    folder.write("b.wav", wav(2));
    folder.write("broken.vcon.json", "{");
    // A vCon of words alone, beside the recording of its name.
    let mut words = changed("/dialog", Value::Null);
    words["uuid"] = json!("c-1");
    folder.write("c.vcon.json", words.to_string());
    folder.write("c.WAV", wav(2));
    let options = ManifestOptions {
        agent_channel: Some(AgentChannel::Right),
        ..ManifestOptions::default()
    };
    let entries = entries(&folder.0, options);
    let ids: Vec<&str> = entries.iter().map(|e| e.id.as_deref().unwrap()).collect();
    assert_eq!(
        ids,
        ["01928e10-193e-8231-b9a2-279e0d16bc46", "b", "broken", "c-1"]
    );
    assert_eq!(
        entries[2].row.as_ref().unwrap_err().kind(),
        ErrorKind::IllFormed
    );
    let whole = entries[0].row.as_ref().unwrap();
    assert_eq!(whole.metadata, read_value(&vcon()).unwrap().call.metadata);
    audio::open(whole.recording.as_ref().unwrap()).unwrap();
    let words = entries[3].row.as_ref().unwrap();
    audio::open(words.recording.as_ref().unwrap()).unwrap();
    assert_eq!(words.transcripts.len(), 1);
}

#[test]
fn cells_of_a_row_hold_against_the_vcon() {
    let folder = Folder::new("column");
    folder.write("v/a.vcon", vcon().to_string());
    let file = folder.write(
        "calls.csv",
        "call_id,vcon,queue_wait_s,hold_count\nк-1,v/a.vcon,12,5\nк-2,v/none.vcon,,\nк-3,,1,\n",
    );
    folder.write("own.wav", wav(2));
    let own = folder.write(
        "own.csv",
        "call_id,vcon,audio,agent_channel\n1,v/a.vcon,own.wav,left\n2,v/a.vcon,own.wav,\n3,v/a.vcon,,left\n",
    );
    // The parties of the vCon have the agent on the right.
    let channels = entries(&own, ManifestOptions::default())
        .into_iter()
        .map(|entry| match entry.row.unwrap().recording {
            Some(Recording::Stereo { agent_channel, .. }) => agent_channel,
            other => panic!("{other:?}"),
        });
    let channels: Vec<AgentChannel> = channels.collect();
    assert_eq!(
        channels,
        [AgentChannel::Left, AgentChannel::Right, AgentChannel::Right]
    );
    let entries = entries(&file, ManifestOptions::default());
    let call = entries[0].row.as_ref().unwrap();
    assert_eq!(call.id.as_str(), "к-1");
    assert_eq!(
        call.metadata.queue.as_ref().unwrap().wait,
        Span::from_seconds(12.0)
    );
    let holds = call.metadata.holds.clone().unwrap();
    assert_eq!((holds.count, holds.intervals), (Some(5), None));
    assert!(call.metadata.ivr.is_some() && call.recording.is_some());
    assert_eq!(call.vcon.as_deref(), Some(&*folder.0.join("v/a.vcon")));
    assert_eq!(entries[1].row.as_ref().unwrap_err().kind(), ErrorKind::Io);
    assert!(entries[2].row.as_ref().unwrap().vcon.is_none());
}

#[test]
fn results_are_vcons_whatever_the_number_of_threads() {
    let folder = Folder::new("sink");
    // The sound lasts a second, so the hold must.
    let history = json!([
        {"party": 0, "time": "2026-11-21T11:50:00.2Z", "event": "hold"},
        {"party": 0, "time": "2026-11-21T11:50:00.6Z", "event": "unhold"},
    ]);
    let source = changed("/dialog/0/party_history", history);
    folder.write("in/a.vcon", source.to_string());
    let file = folder.write(
        "calls.csv",
        "call_id,vcon,queue_wait_s\n../к 1,in/a.vcon,\nb,,7\nbad,in/none.vcon,\n",
    );
    let run = |name: &str, threads: usize| {
        let out = folder.0.join(name);
        let entries = Manifest::open(&file, ManifestOptions::default()).unwrap();
        let mut sink = VconSink::new(&out, model(), BodyShape::Text).unwrap();
        score_all(
            &SCORER,
            entries,
            Threads::of(threads),
            &RUNNING,
            |outcome| sink.write(&outcome),
        )
        .unwrap();
        sink.flush().unwrap();
        let files = std::fs::read_dir(out).unwrap().map(|f| f.unwrap().path());
        let mut files: Vec<(String, String)> = files
            .map(|f| {
                (
                    f.file_name().unwrap().to_str().unwrap().to_owned(),
                    std::fs::read_to_string(f).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let files = run("out1", 1);
    assert_eq!(files, run("out2", 2));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["%2E.%2Fк%201.vcon", "b.vcon"]);
    let mut written: Value = serde_json::from_str(&files[0].1).unwrap();
    assert_eq!(ours(&written).len(), 1);
    written["analysis"].as_array_mut().unwrap().pop();
    assert_eq!(written, source);
    // Results over their own source are refused.
    let file_of_source = folder.write("same/b.vcon", source.to_string());
    let file = folder.write("same.csv", "call_id,vcon\nb,same/b.vcon\n");
    let entries = Manifest::open(file, ManifestOptions::default()).unwrap();
    let mut sink = VconSink::new(folder.0.join("same"), model(), BodyShape::Text).unwrap();
    let error = score_all(&SCORER, entries, Threads::Inline, &RUNNING, |o| {
        sink.write(&o)
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert_eq!(
        std::fs::read_to_string(file_of_source).unwrap(),
        source.to_string()
    );
}

#[test]
fn bytes_of_a_vcon_stay_out_of_debug_output() {
    let read = read_value(&vcon()).unwrap();
    assert!(matches!(
        &read.call.recording,
        Some(Recording::Stereo {
            input: Input::Bytes { .. },
            ..
        })
    ));
    assert!(!format!("{:?}", read.call).contains("добрый"));
}

/// JSON of any shape, rich in the keys and words that are read.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "recording",
        "agent",
        "customer",
        "ivr",
        "hold",
        "unhold",
        "join",
        "keydown",
        "2026-11-21T11:50:00Z",
        "2026-11-21T11:50:30",
        "base64url",
        "UklGRg",
        "https://a",
        "a.wav",
        "callcsi",
        "csi",
        "sha512-AAAA",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..5).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "uuid",
        "parties",
        "dialog",
        "analysis",
        "attachments",
        "type",
        "start",
        "duration",
        "body",
        "encoding",
        "url",
        "filename",
        "party_history",
        "party",
        "time",
        "event",
        "button",
        "role",
        "meta",
        "vendor",
        "product",
        "originator",
        "content_hash",
        "critical",
        "purpose",
    ]);
    leaf.prop_recursive(4, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6).prop_map(|map| map
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// Every place of a value, as JSON pointers.
fn places(value: &Value, here: String, all: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                places(item, format!("{here}/{i}"), all);
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                places(item, format!("{here}/{key}"), all);
            }
        }
        _ => {}
    }
    all.push(here);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        let _ = read_value(&value);
        let _ = attach(&value.to_string(), &JUDGED, model(), BodyShape::Text);
    }

    #[test]
    fn a_damaged_vcon_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut vcon = vcon();
        for (place, value) in changes {
            let mut all = Vec::new();
            places(&vcon, String::new(), &mut all);
            *vcon.pointer_mut(&all[place.index(all.len())]).unwrap() = value;
        }
        if let Ok(read) = read_value(&vcon) {
            // What was read can be: no metadata that would fail the call later.
            prop_assert!(read.call.metadata.check().is_ok());
        }
        let text = vcon.to_string();
        let text = text.as_bytes();
        let _ = read(&text[..cut.index(text.len() + 1)], "cut", &ReadOptions::default());
    }

    #[test]
    fn what_is_written_keeps_all_else(extra in any_json(), analyses in prop::collection::vec(any_json(), 0..4)) {
        let mut vcon = vcon();
        vcon["extra"] = extra;
        vcon["analysis"] = analyses.into();
        let ours_before = ours(&vcon).len();
        let written = attach(&vcon.to_string(), &JUDGED, model(), BodyShape::Text);
        // An analysis that is no object is no vCon.
        prop_assume!(written.is_ok());
        let written: Value = serde_json::from_str(&written.unwrap()).unwrap();
        prop_assert_eq!(ours(&written).len(), 1);
        let without_ours = |vcon: &Value| {
            let mut vcon = vcon.clone();
            let analyses = vcon["analysis"].as_array_mut().unwrap();
            analyses.retain(|a| !(a["vendor"] == "callcsi" && a["product"] == "csi"));
            vcon.to_string()
        };
        prop_assert_eq!(without_ours(&written), without_ours(&vcon), "{} before", ours_before);
    }
}
