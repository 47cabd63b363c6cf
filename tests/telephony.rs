//! Records of telephony platforms: fixtures made by hand, with values worked out by hand.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

use callcsi::ErrorKind;
use callcsi::batch::{Mapping, read_table_mapped};
use callcsi::call::{Holds, IvrStatus, StepOutcome, WallTime};
use callcsi::telephony::{Platform, Record, Records, join_records, read};
use callcsi::timeline::{Segment, Span, Timeline};
use proptest::prelude::*;
use std::path::PathBuf;

const FIXTURES: [(&str, Platform); 10] = [
    ("amazon_contacts.json", Platform::AmazonConnect),
    ("amazon_describe_contact.json", Platform::AmazonConnect),
    ("amazon_flow_log.jsonl", Platform::AmazonConnect),
    ("genesys.json", Platform::GenesysCloud),
    ("queue_log.txt", Platform::AsteriskQueueLog),
    ("cel.csv", Platform::AsteriskCel),
    ("ami.txt", Platform::AsteriskAmi),
    ("freeswitch.json", Platform::FreeSwitch),
    ("cisco.csv", Platform::CiscoTcd),
    ("cisco.txt", Platform::CiscoTcd),
];

fn path(file: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures/telephony").join(file)
}

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(path(file)).unwrap()
}

fn fixture(file: &str) -> Records {
    read(&bytes(file), None).unwrap()
}

fn of<'a>(records: &'a [Record], id: &str) -> &'a Record {
    records.iter().find(|r| r.call_id.as_str() == id).unwrap()
}

fn s(seconds: f64) -> Option<Span> {
    Span::from_seconds(seconds)
}

fn t(text: &str) -> Option<WallTime> {
    Some(text.parse().unwrap())
}

/// Queue wait and name.
fn queue(record: &Record) -> (Option<Span>, Option<&str>) {
    let queue = record.metadata.queue.as_ref();
    (
        queue.and_then(|q| q.wait),
        queue.and_then(|q| q.name.as_deref()),
    )
}

/// Number, sum and longest of the holds.
fn holds(record: &Record) -> (Option<u32>, Option<Span>, Option<Span>) {
    let holds = record.metadata.holds.as_ref();
    let number = holds.and_then(Holds::number);
    (
        number,
        holds.and_then(Holds::total),
        holds.and_then(Holds::longest),
    )
}

/// Status and length of the IVR.
fn ivr(record: &Record) -> (Option<IvrStatus>, Option<Span>) {
    let ivr = record.metadata.ivr.as_ref();
    (ivr.and_then(|i| i.status), ivr.and_then(|i| i.duration))
}

/// Node, outcome and moment of each step.
fn steps(record: &Record) -> Vec<(&str, Option<StepOutcome>, Option<Span>)> {
    let steps = record.metadata.ivr.as_ref().and_then(|i| i.steps.as_ref());
    let steps = steps.into_iter().flatten();
    steps
        .map(|s| (s.node.as_str(), s.outcome, s.entered))
        .collect()
}

fn why<'a>(record: &'a Record, field: &str) -> Option<&'a str> {
    let found = record.unfilled.iter().find(|u| u.field == field);
    found.map(|u| u.why.as_ref())
}

fn warns(record: &Record, words: &str) -> bool {
    record
        .warnings
        .iter()
        .any(|w| w.to_string().contains(words))
}

#[test]
fn every_platform_is_told_by_its_content_and_called_by_its_name() {
    for (file, platform) in FIXTURES {
        assert_eq!(fixture(file).platform, platform, "{file}");
        assert_eq!(
            read(&bytes(file), Some(platform)).unwrap().platform,
            platform
        );
    }
    for platform in Platform::all() {
        assert_eq!(platform.name().parse::<Platform>().unwrap(), platform);
    }
    let other = read(&bytes("queue_log.txt"), Some(Platform::GenesysCloud)).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Mismatch);
    assert_eq!(
        other.hint_text(),
        Some("is the platform asterisk-queue-log?")
    );
}

#[test]
fn what_is_no_platforms_is_refused() {
    let cases: [(&[u8], ErrorKind); 5] = [
        (b"", ErrorKind::IllFormed),
        (b"  \n", ErrorKind::IllFormed),
        (b"\xff\xfe\x00", ErrorKind::IllFormed),
        (b"{\"segments\": []}", ErrorKind::Unsupported),
        (b"call_id;wait\n1;2\n", ErrorKind::Unsupported),
    ];
    for (bytes, kind) in cases {
        assert_eq!(read(bytes, None).unwrap_err().kind(), kind, "{bytes:?}");
    }
    assert!("cisco".parse::<Platform>().is_err());
}

#[test]
fn amazon_contact_records_are_read_once_each() {
    let file = fixture("amazon_contacts.json");
    assert_eq!(file.records.len(), 2);
    // The fourth element of the array has no ContactId.
    let places: Vec<&str> = file.rejected.iter().map(|e| e.place()).collect();
    assert_eq!(places, ["line 1: ContactTraceRecords[3]"]);
    let c1 = of(&file.records, "c-1");
    // The second record of c-1 is older (08:09:30 before 08:10:00), and without its queue.
    assert!(warns(c1, "delivered more than once"));
    assert_eq!(queue(c1), (s(90.0), Some("Кредиты")));
    // 08:00:01 to 08:00:41.
    assert_eq!(ivr(c1), (Some(IvrStatus::Unknown), s(40.0)));
    assert!(why(c1, "ivr.status").unwrap().contains("flow log"));
    assert_eq!(holds(c1), (Some(2), s(75.0), s(50.0)));
    // 300 s of interaction, which are without the 75 s of hold.
    assert_eq!(c1.duration, s(375.0));
    assert_eq!(c1.start, t("2026-03-02T08:00:00Z"));
    assert_eq!(c1.metadata.recording_start, t("2026-03-02T08:02:12Z"));
    assert_eq!(
        (c1.operator.as_deref(), c1.transfers),
        (Some("иванова"), Some(0))
    );
    assert_eq!(c1.recordings, ["b/c-1.wav"]);
    let c2 = of(&file.records, "c-2");
    assert_eq!((ivr(c2), c2.transfers), ((None, None), Some(1)));
    // 300 s are told, and 30 s lie between the times.
    assert_eq!(queue(c2), (s(300.0), Some("Жалобы")));
    assert!(warns(c2, "Queue.Duration"));
    // The longest hold, 25 s, is longer than all of them, 20 s.
    assert_eq!(holds(c2), (None, None, None));
    assert!(warns(c2, "holds.longest_s"));
}

#[test]
fn amazon_describe_contact_has_other_names() {
    let file = fixture("amazon_describe_contact.json");
    let c7 = of(&file.records, "c-7");
    // …401.5 to …431.5 in the flow, …431.5 to …444 in the queue; the queue has an id alone.
    assert_eq!(ivr(c7), (Some(IvrStatus::Unknown), s(30.0)));
    assert_eq!(queue(c7), (s(12.5), Some("q-9")));
    assert_eq!(holds(c7), (None, s(12.0), None));
    assert!(why(c7, "holds.count").unwrap().contains("DescribeContact"));
}

#[test]
fn amazon_flow_log_gives_the_steps() {
    use StepOutcome::{NoInput, NoMatch, Ok};
    let file = fixture("amazon_flow_log.jsonl");
    let places: Vec<&str> = file.rejected.iter().map(|e| e.place()).collect();
    assert_eq!(places, ["line 8"]);
    let c1 = of(&file.records, "c-1");
    // The log begins at 08:00:01; the question at 08:00:06 is answered by the timeout at 08:00:12.
    let wanted = [
        ("Главное меню/привет", None, s(1.0)),
        ("Главное меню/выбор", Some(NoInput), s(5.0)),
        ("Главное меню/выбор", Some(NoMatch), None),
        ("Главное меню/выбор", Some(Ok), s(30.0)),
        ("Главное меню/очередь", None, s(40.0)),
    ];
    assert_eq!(steps(c1), wanted);
    assert!(warns(c1, "line 5"));
    assert_eq!(ivr(c1), (Some(IvrStatus::Unknown), s(40.0)));
    let told = c1.metadata.ivr.as_ref().unwrap();
    assert_eq!(told.outcomes(NoInput), Some(1));
    assert_eq!(told.outcomes(NoMatch), Some(1));
    assert_eq!(told.nodes_repeated(), Some(2));
    // Whether the customer asked for a person is not in the log.
    assert_eq!(told.outcomes(StepOutcome::OperatorRequested), None);
    assert!(
        why(c1, "ivr.status")
            .unwrap()
            .contains("asked for a person")
    );
    // A flow that hangs up by itself after an answer has done its part, in 20 s.
    let c8 = of(&file.records, "c-8");
    assert_eq!(ivr(c8), (Some(IvrStatus::Completed), s(20.0)));

    let all = fixture("amazon_contacts.json").records;
    let joined = join_records(all.into_iter().chain(file.records));
    let c1 = of(&joined, "c-1");
    assert_eq!(
        (steps(c1).len(), holds(c1).0, ivr(c1).1),
        (5, Some(2), s(40.0))
    );
    assert!(!warns(c1, "contradict"));
    assert_eq!(why(c1, "ivr.steps"), None);
}

#[test]
fn genesys_conversations_are_read() {
    let file = fixture("genesys.json");
    let g1 = of(&file.records, "g-1");
    assert_eq!(ivr(g1), (Some(IvrStatus::Unknown), s(31.0)));
    assert_eq!(steps(g1), [("Главное меню", None, s(0.0))]);
    assert_eq!(queue(g1), (s(60.0), Some("Кредиты")));
    // Holds of 30 s and 10 s; talk of 120, 60 and 288.5 s.
    assert_eq!(holds(g1), (Some(2), s(40.0), s(30.0)));
    assert_eq!(g1.duration, s(508.5));
    // The first agent was rung and did not answer.
    assert_eq!(g1.operator.as_deref(), Some("u-2"));
    assert_eq!(
        (g1.customer.as_deref(), g1.transfers),
        (Some("x-1"), Some(0))
    );
    assert!(g1.warnings.is_empty(), "{:?}", g1.warnings);

    // Recorded from the agent's answer on, 08:01:31.5: holds begin 120 s and 210 s later.
    let laid = g1
        .clone()
        .with_recording_start(t("2026-03-02T08:01:31.5Z").unwrap());
    let held = laid.metadata.hold_timeline(s(508.5).unwrap()).unwrap();
    let wanted = [
        Segment::from_seconds(120.0, 150.0),
        Segment::from_seconds(210.0, 220.0),
    ];
    assert_eq!(
        held,
        Some(wanted.into_iter().flatten().collect::<Timeline>())
    );
    assert_eq!(why(&laid, "holds.intervals"), None);

    let g2 = of(&file.records, "g-2");
    assert_eq!(g2.start, None);
    assert!(warns(g2, "conversationStart") && warns(g2, "another kind than voice"));
    // The flow reached its outcome, and no agent followed.
    assert_eq!(ivr(g2), (Some(IvrStatus::Completed), s(12.0)));
    assert_eq!((queue(g2), holds(g2)), ((None, None), (None, None, None)));
}

#[test]
fn genesys_sessions_without_segments_tell_of_no_hold_by_their_sum() {
    // 374.894 s of talk and 3 s of work afterwards are the 377.894 s of handling.
    let json = |handled: u32| {
        format!(
            r#"{{"conversationId": "g", "participants": [{{"purpose": "agent", "userId": "u", "sessions": [
            {{"metrics": [{{"name": "tTalkComplete", "value": 374894}}, {{"name": "tAcw", "value": 3000}},
            {{"name": "tHandle", "value": {handled}}}]}}]}}]}}"#
        )
    };
    let told = read(json(377_894).as_bytes(), None).unwrap();
    assert_eq!(holds(&told.records[0]), (Some(0), s(0.0), None));
    let untold = read(json(397_894).as_bytes(), None).unwrap();
    assert_eq!(holds(&untold.records[0]), (None, None, None));
}

#[test]
fn queue_log_is_followed_call_by_call() {
    let file = fixture("queue_log.txt");
    assert_eq!(file.records.len(), 4);
    assert_eq!(file.rejected[0].place(), "line 10");
    // 60 s in the first queue and 15 s in the second one, which answered.
    let call = of(&file.records, "1772438380.1");
    assert_eq!(queue(call), (s(75.0), Some("вторая")));
    assert_eq!((call.duration, call.transfers), (s(114.0), Some(1)));
    assert_eq!(call.operator.as_deref(), Some("SIP/18"));
    assert!(why(call, "holds.count").unwrap().contains("AMI"));
    let abandoned = of(&file.records, "1772438420.5");
    assert_eq!(
        (queue(abandoned), abandoned.duration),
        ((s(30.0), Some("первая")), None)
    );
    // It left the first queue without a line, so the wait is not the second one's 10 s.
    let unseen = of(&file.records, "1772438690.2");
    assert_eq!(
        (queue(unseen), unseen.duration),
        ((None, Some("вторая")), s(60.0))
    );
    assert!(warns(unseen, "line 12"));
    let cut = of(&file.records, "1772438795.1");
    assert_eq!(queue(cut), (None, Some("первая")));
    assert!(why(cut, "queue.wait_s").unwrap().contains("leaving"));
}

#[test]
fn asterisk_files_of_a_call_are_joined() {
    let (log, cel, ami) = (
        fixture("queue_log.txt"),
        fixture("cel.csv"),
        fixture("ami.txt"),
    );
    let call = of(&cel.records, "1772438380.1");
    // Answered at …381; the prompt's second playing at …393, the key 1 at …399, the own event at …405.
    let wanted = [
        ("ivr-main:s", Some(StepOutcome::NoInput), s(0.5)),
        ("ivr-main:s", None, s(12.0)),
        ("ivr-main:1", None, s(18.0)),
        ("счёт", Some(StepOutcome::Ok), s(24.0)),
    ];
    assert_eq!(steps(call), wanted);
    assert_eq!(ivr(call), (Some(IvrStatus::Unknown), s(29.0)));
    assert_eq!(queue(call), (s(76.0), Some("вторая")));
    assert_eq!(call.duration, s(114.5));
    assert_eq!(call.recordings, ["звонок-1.wav"]);

    let call = of(&ami.records, "1772438380.1");
    // 30.5 s, and 10 s which the agent's hanging up ended.
    assert_eq!(holds(call), (Some(2), s(40.5), s(30.5)));
    assert_eq!(holds(of(&ami.records, "5.1")).0, Some(0));
    assert_eq!(ami.rejected.len(), 1);

    let all = [log.records, cel.records, ami.records]
        .into_iter()
        .flatten();
    let joined = join_records(all);
    // Four of queue_log, one of which the other files know too, and the one of AMI alone.
    assert_eq!(joined.len(), 5);
    let call = of(&joined, "1772438380.1");
    // 75 s and 76 s of two clocks are no contradiction.
    assert_eq!(queue(call), (s(75.0), Some("вторая")));
    assert!(!warns(call, "contradict"), "{:?}", call.warnings);
    assert_eq!(call.start, t("2026-03-02T07:59:40Z"));
    // MixMonitor began at …486: the holds are 14 to 44.5 s and 104 to 114 s later.
    let held = call.metadata.hold_timeline(s(115.0).unwrap()).unwrap();
    let wanted = [
        Segment::from_seconds(14.0, 44.5),
        Segment::from_seconds(104.0, 114.0),
    ];
    assert_eq!(
        held,
        Some(wanted.into_iter().flatten().collect::<Timeline>())
    );
    let lacking: Vec<&str> = call.unfilled.iter().map(|u| u.field).collect();
    assert_eq!(lacking, ["ivr.status", "customer"]);
}

#[test]
fn cel_is_the_same_with_a_header_and_as_json() {
    let custom = r#"APP_START,1772438381.5,,7,,,,s,меню,c,Background,hi,3,,1.1,1.1,,,,
APP_START,1772438391.5,,7,,,,s,меню,c,Queue,q1,3,,1.1,1.1,,,,
BRIDGE_ENTER,1772438401.5,,7,,,,s,меню,c,Queue,,3,,1.1,1.1,,,,
"#;
    let headed = r#"id;eventtype;eventtime;context;exten;appname;appdata;uniqueid;linkedid;cid_num
1;APP_START;2026-03-02 07:59:41.5;меню;s;Background;hi;1.1;1.1;7
2;APP_START;2026-03-02 07:59:51.5;меню;s;Queue;q1;1.1;1.1;7
3;BRIDGE_ENTER;2026-03-02 08:00:01.5;меню;s;Queue;;1.1;1.1;7
"#;
    let json = r#"{"EventName": "APP_START", "EventTime": "1772438381.5", "Context": "меню", "Exten": "s", "Application": "Background", "ApplicationData": "hi", "UniqueID": "1.1", "LinkedID": "1.1"}
{"EventName": "APP_START", "EventTime": "1772438391.5", "Context": "меню", "Exten": "s", "Application": "Queue", "ApplicationData": "q1", "UniqueID": "1.1", "LinkedID": "1.1"}
{"EventName": "BRIDGE_ENTER", "EventTime": "1772438401.5", "Context": "меню", "Exten": "s", "Application": "Queue", "UniqueID": "1.1", "LinkedID": "1.1"}
"#;
    for (text, absolute) in [(custom, true), (headed, false), (json, true)] {
        let file = read(text.as_bytes(), None).unwrap();
        assert_eq!(
            (file.platform, file.rejected.len()),
            (Platform::AsteriskCel, 0),
            "{text}"
        );
        let call = of(&file.records, "1.1");
        assert_eq!(steps(call)[0].0, "меню:s");
        // Ten seconds in the queue; the header's times are without an offset from UTC.
        assert_eq!(queue(call), (s(10.0), Some("q1")));
        assert_eq!(call.start, t("2026-03-02T07:59:41.5Z").filter(|_| absolute));
        assert_eq!(warns(call, "offset"), !absolute);
    }
}

#[test]
fn cel_of_an_older_sample_is_without_userfield() {
    let line = r#"USER_DEFINED,1772438381.5,,7,,,,s,m,c,CELGenUserEvent,x,3,,1.1,1.1,,IVR_STEP,"{""extra"":""долг:failed""}""#;
    let file = read(line.as_bytes(), None).unwrap();
    assert_eq!(
        steps(&file.records[0]),
        [("долг", Some(StepOutcome::Failed), None)]
    );
}

#[test]
fn times_of_a_clock_that_was_never_set_are_left_out() {
    // From 1970 to 2026: no caller waits that long.
    let log = "100|1.1|a|NONE|ENTERQUEUE||7|1\n1772438500|1.1|a|SIP/1|CONNECT||2|1\n";
    let file = read(log.as_bytes(), None).unwrap();
    assert_eq!(queue(&file.records[0]), (None, Some("a")));
    assert!(warns(&file.records[0], "ten days"));
}

#[test]
fn a_bad_document_loses_no_other() {
    let log = "{\"conversationId\": \"1\", \"participants\": []}\n{\"conversationId\": \n\n\
               {\"conversationId\": \"2\",\n \"participants\": []} {\"conversationId\": \"3\", \"participants\": []}";
    let file = read(log.as_bytes(), None).unwrap();
    let ids: Vec<&str> = file.records.iter().map(|r| r.call_id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(file.rejected.len(), 1);
    assert!(
        file.rejected[0].place().starts_with("line 2"),
        "{}",
        file.rejected[0]
    );
}

#[test]
fn nobody_is_named_in_what_is_said_of_a_record() {
    for (file, _) in FIXTURES {
        let read = fixture(file);
        let said = read.records.iter().flat_map(|r| {
            let warnings = r.warnings.iter().map(ToString::to_string);
            warnings.chain(r.unfilled.iter().map(|u| u.why.to_string()))
        });
        let said = said.chain(read.rejected.iter().map(ToString::to_string));
        for text in said {
            for name in [
                "7000000",
                "Пётр",
                "иванова",
                "x-1",
                "u-2",
                "SIP/",
                "агент",
                "500",
            ] {
                assert!(!text.contains(name), "{file}: {text}");
            }
        }
    }
}

#[test]
fn contradictions_between_records_are_told() {
    let log = |wait: u32| {
        let text = format!(
            "1772438400|1.1|a|NONE|ENTERQUEUE||7|1\n1772438500|1.1|a|SIP/1|CONNECT|{wait}|2|1\n"
        );
        read(text.as_bytes(), None).unwrap().records.remove(0)
    };
    let joined = log(100).join(log(103));
    assert_eq!(queue(&joined).0, s(100.0));
    assert!(warns(
        &joined,
        "queue.wait_s: two records of the call contradict each other"
    ));
    assert!(!warns(&log(100).join(log(102)), "contradict"));
}

#[test]
fn freeswitch_legs_are_one_call() {
    let file = fixture("freeswitch.json");
    assert_eq!(file.records.len(), 1);
    let call = of(&file.records, "m-1");
    // Answered at …401, in the queue from …421 to …466, ended at …600.
    assert_eq!(ivr(call), (Some(IvrStatus::Unknown), s(20.0)));
    assert_eq!(
        steps(call),
        [("main menu", None, None), ("account.wav", None, None)]
    );
    assert_eq!(queue(call), (s(45.0), Some("кредиты@default")));
    assert_eq!(call.duration, s(134.0));
    // On the agent's leg: 10.25 s and 5 s.
    assert_eq!(holds(call), (Some(2), s(15.25), s(10.25)));
    assert_eq!(
        (call.operator.as_deref(), call.transfers),
        (Some("агент-5"), Some(0))
    );
    assert!(!warns(call, "contradict"), "{:?}", call.warnings);
}

#[test]
fn cisco_legs_are_added_up() {
    let file = fixture("cisco.csv");
    assert_eq!(file.rejected[0].place(), "line 5");
    let call = of(&file.records, "150001-77");
    // 40 s before the first agent; holds of 25 s and 5 s; talk of 120 s and 70 s.
    assert_eq!(queue(call), (s(40.0), Some("6001")));
    assert_eq!(holds(call), (None, s(30.0), None));
    assert_eq!((call.duration, call.transfers), (s(220.0), Some(1)));
    assert_eq!(call.operator.as_deref(), Some("5001"));
    assert_eq!(call.start, t("2026-03-02T08:00:00Z"));
    let abandoned = of(&file.records, "150001-78");
    assert_eq!(
        (queue(abandoned).0, holds(abandoned)),
        (s(33.0), (None, None, None))
    );

    let file = fixture("cisco.txt");
    let call = of(&file.records, "150001-80");
    assert_eq!(
        (queue(call).0, holds(call).1, call.duration),
        (s(20.0), s(6.0), s(76.0))
    );
    // 20 + 4 + 70 + 8 + 6 + 1 = 109, and not 99.
    assert!(warns(call, "Duration"));
}

fn mapped(table: &str, mapping: &str) -> Vec<Vec<(String, String)>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mapping = Mapping::read(root.join("mappings").join(mapping)).unwrap();
    let rows = read_table_mapped(&path(table), &mapping).unwrap();
    let cells = rows.map(|(_, cells)| cells.unwrap());
    let owned = |(c, v): (&str, &str)| (c.to_owned(), v.to_owned());
    cells.map(|c| c.iter().map(owned).collect()).collect()
}

#[test]
fn simple_systems_come_through_mappings() {
    let row = |cells: &[(&str, &str)]| -> Vec<(String, String)> {
        let cells = cells.iter();
        cells
            .map(|(c, v)| ((*c).to_owned(), (*v).to_owned()))
            .collect()
    };
    let wanted = [
        row(&[
            ("call_id", "звонок-1"),
            ("duration_s", "75"),
            ("CALL_TYPE", "2"),
            ("PORTAL_USER_ID", "7"),
        ]),
        row(&[
            ("call_id", "звонок-2"),
            ("duration_s", "0"),
            ("CALL_TYPE", "2"),
            ("PORTAL_USER_ID", "8"),
        ]),
    ];
    assert_eq!(mapped("bitrix24.json", "bitrix24.toml"), wanted);
    // From the answer at …412 to …520; the second call was not answered.
    let wanted = [
        row(&[
            ("call_id", "entry-1"),
            ("duration_s", "108"),
            ("to_extension", "101"),
            ("disconnect_reason", "1100"),
        ]),
        row(&[
            ("call_id", "entry-2"),
            ("to_extension", "101"),
            ("disconnect_reason", "1121"),
        ]),
    ];
    assert_eq!(mapped("mango.csv", "mango.toml"), wanted);
}

#[test]
fn mistakes_about_header_and_rows_are_named() {
    let cases = [
        ("header = \"a\"", "header"),
        ("header = [\"a\", \"a\"]", "header"),
        ("header = [\"\"]", "header"),
        ("[columns]\nx = { minus = \"a\" }", "columns.x"),
        (
            "[columns]\nduration_s = { from = \"a\", minus = \"b\", unit = \"s\" }",
            "columns.duration_s",
        ),
    ];
    for (text, key) in cases {
        let error = Mapping::parse("m.toml", text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
        assert!(error.place().ends_with(key), "{text}: {error}");
    }
    let mapping = Mapping::parse("m.toml", "rows = \"rows\"").unwrap();
    let error = read_table_mapped(&path("bitrix24.json"), &mapping).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.found().contains("result, total"), "{error}");
}

/// Reads anything; what comes of it must hold together.
fn holds_together(bytes: &[u8]) {
    let all = Platform::all().map(Some).chain([None]);
    for read in all.filter_map(|p| read(bytes, p).ok()) {
        for record in join_records(read.records) {
            record.metadata.check().unwrap();
            assert!(record.duration.is_none_or(|d| d >= Span::ZERO));
            let start = "2026-03-02T08:00:00Z".parse().unwrap();
            record.with_recording_start(start).metadata.check().unwrap();
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        holds_together(&bytes);
    }

    #[test]
    fn damaged_records_are_read_or_refused(
        file in 0..FIXTURES.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), "[0-9a-z|,:{}\\[\\]\"\n.%-]{0,3}", 0..4usize), 1..6),
    ) {
        let mut bytes = bytes(FIXTURES[file].0);
        for (at, put, gone) in changes {
            let at = at.index(bytes.len() + 1);
            let until = (at + gone).min(bytes.len());
            bytes.splice(at..until, put.into_bytes());
        }
        holds_together(&bytes);
    }
}
