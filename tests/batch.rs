//! Archives: a manifest in, a row for every call out.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::ErrorKind;
use callcsi::batch::*;
use callcsi::call::{AgentChannel, Input, Later};
use callcsi::features::{INTERRUPTIONS_LIST, Lang};
use callcsi::model::{Example, LabelScale, Model, TrainOptions, train};
use callcsi::score::{Extractor, Scorer};
use callcsi::settings::AnalysisSettings;
use callcsi::simulate::archive::{MANIFEST_COLUMNS, manifest_row};
use callcsi::simulate::{SimulationSettings, Simulator};
use common::Folder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Nobody stops these runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

static SCORER: LazyLock<Scorer> = LazyLock::new(|| Scorer::builtin().unwrap().explaining());

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo")
}

fn entries(path: &Path) -> Vec<Entry> {
    Manifest::open(path, ManifestOptions::default())
        .unwrap()
        .collect()
}

/// The rows of a manifest as text: JSON Lines or CSV.
fn rows(path: &Path, options: ManifestOptions, csv: bool, threads: Threads) -> String {
    let mut out = Vec::new();
    let model = SCORER.predictor().model();
    let mut sink: Box<dyn Sink> = match csv {
        true => Box::new(CsvSink::new(&mut out, model, &[]).unwrap()),
        false => Box::new(JsonSink::new(&mut out, model, &[]).unwrap()),
    };
    let manifest = Manifest::open(path, options).unwrap();
    score_all(&SCORER, manifest, threads, &RUNNING, |outcome| {
        sink.write(&outcome)
    })
    .unwrap();
    sink.flush().unwrap();
    drop(sink);
    String::from_utf8(out).unwrap()
}

fn parsed(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The one error of a manifest of one row.
fn refusal(folder: &Folder, manifest: impl AsRef<[u8]>) -> callcsi::Error {
    let mut entries = entries(&folder.write("one", manifest));
    assert_eq!(entries.len(), 1);
    entries.remove(0).row.unwrap_err()
}

#[test]
fn the_demonstration_gives_the_same_bytes_on_any_number_of_threads() {
    let path = demo().join("manifest.csv");
    let run = |csv, threads| rows(&path, ManifestOptions::default(), csv, threads);
    let (lines, table) = (run(false, Threads::Inline), run(true, Threads::Inline));
    for threads in [2, 4] {
        assert!(
            lines == run(false, Threads::of(threads)),
            "{threads} threads"
        );
    }
    assert!(table == run(true, Threads::of(4)));

    let rows = parsed(&lines);
    let ids: Vec<&str> = rows
        .iter()
        .map(|r| r["call_id"].as_str().unwrap())
        .collect();
    let wanted: Vec<String> = (1..=14)
        .map(|i| match i {
            13 => "звонок-13".to_owned(),
            _ => format!("demo-{i:02}"),
        })
        .collect();
    assert_eq!(ids, wanted);
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let header = table.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows.len());
    for ((i, row), record) in rows.iter().enumerate().zip(&records) {
        assert_eq!(row["line"], i as u64 + 2);
        assert_eq!(record.len(), header.len());
        let cell = |name: &str| {
            let column = header.iter().position(|h| h == name).expect(name);
            &record[column]
        };
        assert_eq!(cell("call_id"), ids[i]);
        let failed = match ids[i] {
            "demo-06" => Some("mismatch"),
            "demo-14" => Some("unsupported"),
            _ => None,
        };
        assert_eq!(row["error"]["kind"].as_str(), failed, "{}", ids[i]);
        assert_eq!(cell("error_kind"), failed.unwrap_or_default());
        if failed.is_some() {
            assert_eq!((&row["status"], cell("csi")), (&json!("failed"), ""));
            continue;
        }
        let number = |name: &str| row[name].as_f64().unwrap();
        for name in ["csi", "satisfied", "log_odds", "base_log_odds"] {
            assert_eq!(cell(name).parse::<f64>().unwrap(), number(name), "{name}");
        }
        let reasons = row["reasons"].as_array().unwrap();
        let sum: f64 = reasons
            .iter()
            .map(|r| r["log_odds"].as_f64().unwrap())
            .sum();
        let gap = number("base_log_odds") + sum - number("log_odds");
        assert!(gap.abs() < 1e-9, "{}: {gap}", ids[i]);
        let points: f64 = (row["groups"].as_array().unwrap().iter())
            .map(|g| g["csi_points"].as_f64().unwrap())
            .sum();
        let gap = number("average_csi") + points - number("csi");
        assert!(gap.abs() < 1e-9, "{}: {gap}", ids[i]);
        for change in row["counterfactuals"].as_array().unwrap() {
            assert_eq!(change["csi_before"], row["csi"]);
            assert!(change["csi"].as_f64().unwrap() >= number("csi") + 0.1);
        }
        // The bundled model tells two classes apart.
        // The bundled model tells marks.
        let marks: Vec<f64> = serde_json::from_value(row["marks"].clone()).unwrap();
        assert!((marks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let dissatisfied = row["dissatisfied"].as_f64().unwrap();
        assert!((dissatisfied - marks[0] - marks[1]).abs() < 1e-12);

        let (features, absent) = (&row["features"], row["absent"].as_object().unwrap());
        let nulls: BTreeSet<&String> = (features.as_object().unwrap().iter())
            .filter_map(|(name, value)| value.is_null().then_some(name))
            .collect();
        assert_eq!(nulls, absent.keys().collect(), "{}", ids[i]);
        for (name, value) in features.as_object().unwrap() {
            match value {
                // The CSV has no column for a list.
                list if name == INTERRUPTIONS_LIST => {
                    let count = list.as_array().map(|l| l.len() as f64);
                    assert_eq!(features["dialog_interruptions_count"].as_f64(), count);
                }
                Value::Null => assert_eq!(cell(name), "", "{name}"),
                Value::Number(x) => {
                    assert_eq!(cell(name).parse::<f64>().ok(), x.as_f64(), "{name}")
                }
                other => assert_eq!(Some(cell(name)), other.as_str(), "{name}"),
            }
        }
    }
}

#[test]
fn a_bad_row_names_its_line_its_column_and_the_likely_mistake() {
    let folder = Folder::new("bad-rows");
    let cases = [
        (
            "call_id,queue_wait_s\na,\"12,5\"\n",
            "queue_wait_s",
            "decimal comma",
        ),
        (
            "call_id,queue_wait_s\na,1:30\n",
            "queue_wait_s",
            "seconds are wanted",
        ),
        ("call_id,queue_wait_s\na,NaN\n", "queue_wait_s", "NaN"),
        (
            "call_id,queue_wait_s\na,-4\n",
            "queue.wait_s",
            "0 s or more",
        ),
        ("call_id,duration_s\na,-4\n", "duration_s", "0 s or more"),
        ("call_id,hold_count\na,1.5\n", "hold_count", "whole number"),
        ("call_id,holds\na,9-5\n", "holds.intervals[0]", "swapped"),
        ("call_id,holds\na,-5-3\n", "holds", "12.5-40;60-75"),
        ("call_id,ivr_path\na,menu:lost\n", "ivr_path", "no_match"),
        (
            "call_id,audio,agent_channel\na,a.wav,middle\n",
            "agent_channel",
            "left, right",
        ),
        ("call_id,audio\na,a.wav\n", "agent_channel", "not guessed"),
        (
            "call_id,audio,audio_agent\na,a.wav,b.wav\n",
            "audio",
            "a mono one",
        ),
        (
            "call_id,audio_agent\na,a.wav\n",
            "audio_customer",
            "both sides",
        ),
        (
            "call_id,audio_customer\na,a.wav\n",
            "audio_agent",
            "both sides",
        ),
        ("call_id,mark\na,five\n", "mark", "whole number"),
        (
            "call_id,survey_status\na,perhaps\n",
            "survey_status",
            "answered",
        ),
        ("call_id,mark\n,5\n", "call_id", "no value"),
        ("call_id,mark\na\n", "", "1 cells, wanted 2"),
        (
            "call_id,metadata\na,nowhere.json\n",
            "nowhere.json",
            "No such file",
        ),
    ];
    for (manifest, place, told) in cases {
        let error = refusal(&folder, manifest);
        assert!(error.place().starts_with("one line 2"), "{error}");
        assert!(error.place().ends_with(place), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let cp1251 = b"call_id,queue_name\na,\xEA\xF0\xE5\xE4\xE8\xF2\xFB\n";
    let error = refusal(&folder, cp1251);
    assert_eq!(
        error.hint_text(),
        Some("is it Windows-1251? save it as UTF-8, or name the encoding in a mapping")
    );
    assert_eq!(error.place(), "one line 2");
}

#[test]
fn a_table_that_is_none_is_refused_whole() {
    let folder = Folder::new("no-table");
    let cases: [(&[u8], ErrorKind); 7] = [
        (b"", ErrorKind::IllFormed),
        (b"\xEF\xBB\xBF \r\n", ErrorKind::IllFormed),
        (b"\xFF\xFEc\0a\0", ErrorKind::Unsupported),
        (b"\xE7\xE2\xEE\xED\xEE\xEA,call_id\n", ErrorKind::IllFormed),
        (b"a,b\n1,2\n", ErrorKind::IllFormed),
        (b"call_id,mark,mark\n1,2,3\n", ErrorKind::IllFormed),
        (b"[[[[", ErrorKind::IllFormed),
    ];
    for (bytes, kind) in cases {
        let path = folder.write("table", bytes);
        let error = Manifest::open(&path, ManifestOptions::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert!(entries(&folder.write("table", "call_id,mark\n")).is_empty());
}

#[test]
fn delimiters_marks_and_line_ends_make_no_difference() {
    let folder = Folder::new("dialects");
    let plain = "call_id,queue_name,queue_wait_s,mark\nк-1,карты,12.5,4\n\nк-2,,7,\n";
    let manifests = [
        plain.to_owned(),
        format!("\u{feff}{plain}"),
        plain.replace(',', ";"),
        plain.replace(',', "\t"),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.trim_end().to_owned(),
        plain.replace("карты", "\" карты\""),
        plain.replace('\n', ",,\n").replace("\n,,\n", "\n\n"),
    ];
    for manifest in manifests {
        let found = entries(&folder.write("calls.csv", &manifest));
        let told: Vec<_> = (found.iter())
            .map(|e| (e.line, e.id.as_deref(), e.labels.mark))
            .collect();
        let wanted = [(2, Some("к-1"), Some(4)), (4, Some("к-2"), None)];
        assert_eq!(told, wanted, "{manifest:?}");
        let queue = |i: usize| {
            let call = found[i].row.as_ref().unwrap();
            let queue = call.metadata.queue.clone().unwrap();
            (queue.wait.unwrap().seconds(), queue.name)
        };
        assert_eq!(queue(0), (12.5, Some("карты".to_owned())));
        assert_eq!(queue(1), (7.0, None));
    }
}

#[test]
fn lines_are_counted_through_quoted_cells_and_broken_rows() {
    let folder = Folder::new("lines");
    // Line 2 and 3 are one row, 4 is short, 5 is empty, 6 is no UTF-8, 7 is sound.
    let manifest = b"call_id,note\na,\"x\ny\"\nb\n\nc,\xFF\nd,e\n";
    let crlf: Vec<u8> = (manifest.iter())
        .flat_map(|&b| {
            if b == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![b]
            }
        })
        .collect();
    for bytes in [manifest.to_vec(), crlf] {
        let found = entries(&folder.write("calls.csv", bytes));
        let told: Vec<_> = found.iter().map(|e| (e.line, e.row.is_ok())).collect();
        assert_eq!(told, [(2, true), (4, false), (6, false), (7, true)]);
        let extra = &found[0].row.as_ref().unwrap().metadata.extra;
        assert_eq!(extra["note"], "x\ny");
    }
}

#[test]
fn json_lines_hold_facts_as_columns_or_under_metadata() {
    let folder = Folder::new("jsonl");
    let deep = "[".repeat(100_000);
    let lines = [
        r#"{"call_id": 17, "queue_wait_s": 2.5, "mark": 5, "holds": null}"#.to_owned(),
        r#"{"call_id": "b", "metadata": {"queue": {"wait_s": 3}}, "queue_name": "карты"}"#.into(),
        r#"{"call_id": "c", "metadata": {"queue": {"wait_s": -3}}}"#.into(),
        r#"{"call_id": "d", "tags": ["x"]}"#.into(),
        "[1]".into(),
        format!(r#"{{"call_id": {deep}"#),
        String::new(),
        r#"{"call_id": "e"}"#.into(),
        r#"{"call_id": "e"}"#.into(),
    ];
    let found = entries(&folder.write("calls.jsonl", lines.join("\r\n")));
    let told: Vec<_> = (found.iter())
        .map(|e| (e.line, e.row.as_ref().err().map(|e| e.place().to_owned())))
        .collect();
    let place = |line: u64, place: &str| (line, Some(format!("calls.jsonl line {line}{place}")));
    let wanted = [
        (1, None),
        (2, None),
        place(3, ": metadata: queue.wait_s"),
        place(4, ": tags"),
        place(5, ""),
        place(6, ""),
        (8, None),
        place(9, ": call_id"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(
        (found[0].id.as_deref(), found[0].labels.mark),
        (Some("17"), Some(5))
    );
    let queue = found[1]
        .row
        .as_ref()
        .unwrap()
        .metadata
        .queue
        .clone()
        .unwrap();
    assert_eq!(queue.wait.unwrap().seconds(), 3.0);
    assert_eq!(queue.name.as_deref(), Some("карты"));
}

#[test]
fn a_file_named_and_not_there_fails_its_call_alone() {
    let folder = Folder::new("missing");
    let transcript = r#"{"format": "callcsi-transcript", "version": 1, "duration_s": 60,
        "utterances": [{"side": "agent", "start_s": 1, "end_s": 4}]}"#;
    folder.write("t.json", transcript);
    folder.write("deep.json", "[".repeat(100_000));
    let manifest = "call_id,audio,agent_channel,transcript,holds\n\
        no-audio,nowhere.wav,left,,\nno-words,,,nowhere.json,\ndeep,,,deep.json,\n\
        folder,,,.,\nlate,,,t.json,50-70\nsound,,,t.json,50-61\n";
    let path = folder.write("calls.csv", manifest);
    let rows = parsed(&rows(
        &path,
        ManifestOptions::default(),
        false,
        Threads::of(2),
    ));
    let told: Vec<_> = (rows.iter())
        .map(|r| (r["call_id"].as_str().unwrap(), r["error"]["kind"].as_str()))
        .collect();
    let wanted = [
        ("no-audio", Some("io")),
        ("no-words", Some("io")),
        ("deep", Some("ill_formed")),
        ("folder", Some("io")),
        ("late", Some("invalid")),
        ("sound", None),
    ];
    assert_eq!(told, wanted);
    assert_eq!(rows[4]["error"]["place"], "holds.intervals[0]");
    // 50 to 61 s of a minute: cut at its end.
    assert_eq!(rows[5]["features"]["call_duration"], 60.0);
}

#[test]
fn a_length_given_is_used_where_nothing_was_recorded() {
    let folder = Folder::new("length");
    let path = folder.write(
        "c.csv",
        "call_id,duration_s,holds\na,60,10-25\nb,60,70-80\nc,,\n",
    );
    let rows = parsed(&rows(
        &path,
        ManifestOptions::default(),
        false,
        Threads::Inline,
    ));
    assert_eq!(rows[0]["features"]["call_duration"], 60.0);
    assert_eq!(
        rows[0]["absent"]["dialog_interruptions_count"],
        "no recording"
    );
    assert_eq!(rows[1]["error"]["place"], "holds.intervals[0]");
    assert_eq!(rows[2]["features"]["call_duration"], Value::Null);
}

#[test]
fn a_folder_takes_facts_by_id_and_transcripts_beside_the_sound() {
    let folder = Folder::new("folder");
    for (from, to) in [
        ("demo-01.wav", "б/ключ 1.WAV"),
        ("demo-01.json", "б/ключ 1.json"),
        ("demo-05.wav", "а.wav"),
    ] {
        let bytes = std::fs::read(demo().join(from)).unwrap();
        folder.write(&format!("calls/{to}"), bytes);
    }
    folder.write("calls/notes.txt", "no recording");
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", folder.0.join("calls/loop")).unwrap();
    let facts = folder.write(
        "facts.csv",
        "call_id,queue_wait_s,mark\nключ 1,33,4\nother,1,1\n",
    );
    let options = |facts: &Path| ManifestOptions {
        agent_channel: Some(AgentChannel::Left),
        facts: Some(facts.to_owned()),
        ..ManifestOptions::default()
    };
    let lines = rows(
        &folder.0.join("calls"),
        options(&facts),
        false,
        Threads::of(2),
    );
    let rows = parsed(&lines);
    let ids: Vec<&str> = rows
        .iter()
        .map(|r| r["call_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["а", "ключ 1"]);
    assert_eq!(rows[1]["features"]["queue_wait_s"], 33.0);
    assert_eq!(rows[1]["transcript"], "callcsi");
    assert_eq!(
        (&rows[1]["mark"], &rows[0]["mark"]),
        (&json!(4), &Value::Null)
    );

    let twice = folder.write("twice.csv", "call_id,mark\na,4\na,1\n");
    let error = Manifest::open(folder.0.join("calls"), options(&twice)).unwrap_err();
    assert!(error.place().ends_with("twice.csv line 3"), "{error}");
}

#[test]
fn an_id_cannot_move_the_cursor() {
    let folder = Folder::new("escape");
    let manifest = "call_id,audio,agent_channel\n\"\x1b[2J\x07x\ny\",\x1b[31m.wav,left\n";
    let path = folder.write("calls.csv", manifest);
    let mut summary = Summary::new(SCORER.predictor().model().label());
    let manifest = Manifest::open(&path, ManifestOptions::default()).unwrap();
    score_all(&SCORER, manifest, Threads::Inline, &RUNNING, |outcome| {
        // The id itself is kept as it is: it is the key to the centre's own tables.
        assert_eq!(outcome.id.as_deref(), Some("\x1b[2J\x07x\ny"));
        summary.add(&outcome);
        Ok(())
    })
    .unwrap();
    let text = summary.to_string();
    assert!(text.contains(r"call \u{1b}[2J\u{7}x\u{a}y"), "{text}");
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "{text:?}"
    );
}

#[test]
fn columns_kept_cannot_hide_the_rows_own() {
    let model = SCORER.predictor().model();
    for keep in [
        vec!["call_id"],
        vec!["queue_wait_s"],
        vec!["settings"],
        vec!["a", "a"],
    ] {
        let keep: Vec<String> = keep.into_iter().map(str::to_owned).collect();
        for error in [
            CsvSink::new(Vec::new(), model, &keep).unwrap_err(),
            JsonSink::new(Vec::new(), model, &keep).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Mismatch);
        }
    }
}

#[test]
fn an_input_is_never_the_output() {
    let folder = Folder::new("output");
    let path = folder.write("calls.csv", "call_id\na\n");
    let same = folder.0.join(".").join("calls.csv");
    assert_eq!(
        create(same, &[&path]).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"call_id\na\n");
    create(folder.0.join("new.csv"), &[&path]).unwrap();
    // A folder that is missing is told before the work, and nothing is made by asking.
    let nowhere = folder.0.join("no folder").join("model.json");
    let error = check_output(&nowhere, &[&path]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("no folder"), "{error}");
    check_output(folder.0.join("later.json"), &[&path]).unwrap();
    assert!(!folder.0.join("later.json").exists());
    check_output("model.json", &[&path]).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_row_may_have_a_transcript_of_each_side_or_one_with_labels() {
    let folder = Folder::new("sides");
    let cue = |text: &str| format!("1\n00:00:01,000 --> 00:00:03,000\n{text}\n");
    folder.write("оператор.srt", cue("Добрый день"));
    folder.write("клиент.ctm", "rec A 4.0 0.5 алло 0.9\n");
    let both = format!(
        "{}\n2\n00:00:04,000 --> 00:00:05,000\n[S1]: Алло\n",
        cue("[S0]: Добрый день")
    );
    folder.write("both.srt", both);
    let manifest = "call_id,transcript_agent,transcript_customer,transcript,agent_speaker,duration_s\n\
                    apart,оператор.srt,клиент.ctm,,,10\n\
                    named,,,both.srt,S0,10\n\
                    nobody,,,both.srt,,10\n";
    let path = folder.write("m.csv", manifest);
    let rows = parsed(&rows(
        &path,
        ManifestOptions::default(),
        false,
        Threads::Inline,
    ));
    for row in &rows[..2] {
        assert_eq!(row["features"]["agent_n_words_sum"], 2.0, "{row}");
        assert_eq!(row["features"]["customer_n_words_sum"], 1.0, "{row}");
    }
    assert_eq!(rows[0]["transcript"], "srt+ctm");
    assert_eq!(rows[1]["transcript"], "srt");
    // Who is who is not guessed; the error tells what to declare.
    let wanted = rows[2]["error"]["wanted"].as_str().unwrap();
    assert!(wanted.contains("agent_speaker"), "{wanted}");
}

#[test]
fn a_word_no_language_has_is_told_of_and_an_empty_transcript_refused() {
    let folder = Folder::new("words");
    let words = |word: &str| {
        format!(
            r#"{{"format": "callcsi-transcript", "version": 1, "duration_s": 9, "utterances": [
            {{"side": "agent", "start_s": 0, "end_s": 4, "words": [{{"text": "{word}", "start_s": 0, "end_s": 4}}]}}]}}"#
        )
    };
    folder.write("at.json", words(&"ж".repeat(200)));
    folder.write("over.json", words(&"ж".repeat(201)));
    folder.write("empty.json", " \n");
    let path = folder.write(
        "c.csv",
        "call_id,transcript\na,at.json\nb,over.json\nc,empty.json\n",
    );
    let rows = parsed(&rows(
        &path,
        ManifestOptions::default(),
        false,
        Threads::Inline,
    ));
    let codes = |i: usize| rows[i]["warnings"].to_string();
    assert!(!codes(0).contains("transcript_long_words"), "{}", rows[0]);
    assert!(codes(1).contains("transcript_long_words"), "{}", rows[1]);
    let error = &rows[2]["error"];
    assert_eq!(
        (&error["kind"], &error["found"]),
        (&json!("ill_formed"), &json!("an empty file"))
    );
}

#[test]
fn a_device_is_no_transcript_and_no_table_of_facts() {
    let folder = Folder::new("device");
    let path = folder.write(
        "c.csv",
        "call_id,transcript,metadata\na,/dev/zero,\nb,,/dev/zero\n",
    );
    let options = ManifestOptions {
        outside: true,
        ..ManifestOptions::default()
    };
    let rows = parsed(&rows(&path, options, false, Threads::Inline));
    for row in rows {
        assert_eq!(row["error"]["found"], "a pipe or a device");
    }
}

/// Three hundred simulated calls with a mark each, transcripts alone.
fn simulated(folder: &Folder) -> PathBuf {
    let simulator = Simulator::new(SimulationSettings::seeded(5)).unwrap();
    let mut manifest = csv::Writer::from_writer(Vec::new());
    manifest.write_record(MANIFEST_COLUMNS).unwrap();
    for call in simulator
        .calls(4_000)
        .filter(|c| c.satisfaction.answered)
        .take(300)
    {
        let transcript = call.transcript.as_ref().map(|transcript| {
            let name = format!("{}.json", call.id);
            folder.write(&name, transcript.to_json());
            name
        });
        let row = manifest_row(&call, None, transcript.as_deref());
        manifest.write_record(row).unwrap();
    }
    folder.write("manifest.csv", manifest.into_inner().unwrap())
}

#[test]
fn a_table_of_results_trains_the_same_model_as_its_archive() {
    let folder = Folder::new("retrain");
    let manifest = simulated(&folder);
    let keep = ["customer_id".to_owned()];
    let mut table = Vec::new();
    let mut sink = CsvSink::new(&mut table, SCORER.predictor().model(), &keep).unwrap();
    let calls = Manifest::open(&manifest, ManifestOptions::default()).unwrap();
    score_all(&SCORER, calls, Threads::of(2), &RUNNING, |outcome| {
        sink.write(&outcome)
    })
    .unwrap();
    sink.flush().unwrap();
    drop(sink);
    let table = folder.write("results.csv", table);

    let read = |path: &Path, extractor: &Extractor, group| {
        let options = ManifestOptions::default();
        read_labelled(path, options, extractor, Some(group), Threads::of(2))
    };
    let [archive, results] =
        [&manifest, &table].map(|path| read(path, SCORER.extractor(), "customer_id").unwrap());
    assert_eq!((archive.calls.len(), archive.failed.len()), (300, 0));
    assert_eq!((results.calls.len(), results.failed.len()), (300, 0));
    for (a, b) in archive.calls.iter().zip(&results.calls) {
        assert_eq!((&a.id, a.mark, &a.group), (&b.id, b.mark, &b.group));
        for ((feature, a), (_, b)) in a.features.iter().zip(b.features.iter()) {
            assert_eq!(a.as_ref().ok(), b.as_ref().ok(), "{}", feature.name);
        }
    }
    let model = |labelled: &Labelled| -> Model {
        let examples: Vec<Example<'_>> = (labelled.calls.iter())
            .map(|c| Example {
                group: c.group.clone(),
                ..Example::new(c.id.clone(), &c.features, c.mark)
            })
            .collect();
        let settings = SCORER.extractor().settings();
        train(
            &examples,
            &LabelScale::ONE_TO_FIVE,
            settings,
            &TrainOptions::default(),
        )
        .unwrap()
    };
    assert!(model(&archive).to_json() == model(&results).to_json());

    let error = read(&table, SCORER.extractor(), "costumer_id").unwrap_err();
    assert_eq!(
        (error.kind(), error.place()),
        (ErrorKind::Mismatch, "costumer_id")
    );

    let text = std::fs::read_to_string(&table).unwrap();
    let settings = AnalysisSettings::default().fingerprint();
    let other = folder.write("other.csv", text.replace(&settings, "0123456789abcdef"));
    let error = read(&other, SCORER.extractor(), "customer_id").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("--settings-of"), "{error}");
}

#[test]
fn a_marked_call_that_failed_is_told_as_failed_from_table_and_archive() {
    let folder = Folder::new("failed");
    let manifest = "call_id,transcript,mark\na,nowhere.json,4\nb,nowhere.json,\n";
    let manifest = folder.write("calls.csv", manifest);
    let text = rows(&manifest, ManifestOptions::default(), true, Threads::Inline);
    let table = folder.write("results.csv", text);
    for path in [manifest, table] {
        let options = ManifestOptions::default();
        let read = read_labelled(&path, options, SCORER.extractor(), None, Threads::Inline);
        let read = read.unwrap();
        assert_eq!(
            (read.calls.len(), read.failed.len()),
            (0, 1),
            "{}",
            path.display()
        );
        assert_eq!(read.unlabelled, 1);
    }
}

#[test]
fn rows_of_a_model_of_marks_have_their_probabilities() {
    let simulator = Simulator::new(SimulationSettings::seeded(5)).unwrap();
    let extractor = Extractor::new(AnalysisSettings::default()).unwrap();
    let calls: Vec<_> = simulator.calls(200).collect();
    let measured: Vec<_> = (calls.iter())
        .map(|call| {
            let speech = Some(&call.speech);
            let (duration, facts) = (call.duration, &call.full_metadata);
            extractor
                .measure_speech(speech, None, duration, facts)
                .unwrap()
        })
        .collect();
    let examples: Vec<Example> = (calls.iter().zip(&measured).enumerate())
        .map(|(i, (call, features))| {
            let id = callcsi::call::CallId::new(format!("{i}"));
            Example::new(id, features, call.satisfaction.mark.into())
        })
        .collect();
    let mut options = TrainOptions::default();
    options.target = callcsi::model::Target::Marks;
    let settings = AnalysisSettings::default();
    let model = train(&examples, &LabelScale::ONE_TO_FIVE, &settings, &options).unwrap();
    let scorer = Scorer::new(callcsi::model::Predictor::new(model)).unwrap();

    let folder = Folder::new("marks");
    let path = folder.write("m.csv", "call_id,queue_wait_s,hold_count\na,90,1\n");
    let row = |scorer: &Scorer| {
        let mut out = Vec::new();
        let mut sink = JsonSink::new(&mut out, scorer.predictor().model(), &[]).unwrap();
        let manifest = Manifest::open(&path, ManifestOptions::default()).unwrap();
        score_all(scorer, manifest, Threads::Inline, &RUNNING, |o| {
            sink.write(&o)
        })
        .unwrap();
        parsed(std::str::from_utf8(&out).unwrap()).remove(0)
    };
    let plain = row(&scorer);
    let marks: Vec<f64> = (plain["marks"].as_array().unwrap().iter())
        .map(|p| p.as_f64().unwrap())
        .collect();
    assert_eq!(marks.len(), 5);
    assert!((marks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let near = |name: &str, wanted: f64| {
        let found = plain[name].as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-12, "{name}: {found}, {wanted}");
    };
    near("satisfied", marks[3] + marks[4]);
    near("dissatisfied", marks[0] + marks[1]);
    let weighed = marks.iter().zip(1..).map(|(p, mark)| p * f64::from(mark));
    near("csi", weighed.sum());
    // Nothing is explained unless it is asked for.
    for name in ["average_csi", "groups", "counterfactuals"] {
        assert!(plain[name].is_null(), "{name}");
    }
    let explained = row(&scorer.explaining());
    assert!(explained["groups"].is_array());
}

#[test]
fn text_tells_reasons_and_changes_in_the_language_asked_for() {
    let folder = Folder::new("text");
    let manifest = "call_id,queue_wait_s,hold_count,ivr_status\nзвонок,187,0,none\n,5,0,none\n";
    let path = folder.write("m.csv", manifest);
    let text = |lang| {
        let mut out = Vec::new();
        let mut sink = TextSink::in_language(&mut out, lang).unwrap();
        let manifest = Manifest::open(&path, ManifestOptions::default()).unwrap();
        score_all(&SCORER, manifest, Threads::Inline, &RUNNING, |o| {
            sink.write(&o)
        })
        .unwrap();
        String::from_utf8(out).unwrap()
    };
    let (en, ru) = (text(Lang::En), text(Lang::Ru));
    let told = |text: &str, wanted: &[&str]| {
        for part in wanted {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    };
    told(
        &en,
        &[
            "  satisfied  ",
            "the customer waited 3 min 7 s in the queue (usually ",
            "    had the customer waited 20 s instead of 3 min 7 s: ",
            "line 3",
            "failed",
        ],
    );
    told(
        &ru,
        &[
            "  доволен  ",
            "клиент ждал в очереди 3 мин 7 с (обычно ",
            "    если бы клиент ждал не 3 мин 7 с, а 20 с: ",
            "строка 3",
            "не оценён",
        ],
    );
    // The same call with the point of each language.
    let csi = |text: &str| {
        let (_, rest) = text.split_once("CSI ").unwrap();
        rest[..3].to_owned()
    };
    assert_eq!(csi(&en).replace('.', ","), csi(&ru));
}

/// The cells of columns as CSV writes them, row by row.
fn as_csv(columns: &[Column]) -> Vec<Vec<String>> {
    let text = |cells: &ColumnCells| -> Vec<String> {
        fn told<T: ToString>(cells: &[Option<T>]) -> Vec<String> {
            let tell = |cell: &Option<T>| cell.as_ref().map_or(String::new(), T::to_string);
            cells.iter().map(tell).collect()
        }
        match cells {
            ColumnCells::Flags(cells) => {
                let flag = |cell: &Option<bool>| cell.map(u8::from);
                told(&cells.iter().map(flag).collect::<Vec<_>>())
            }
            ColumnCells::Integers(cells) => told(cells),
            ColumnCells::Numbers(cells) => told(cells),
            ColumnCells::Texts(cells) => told(cells),
        }
    };
    let columns: Vec<Vec<String>> = columns.iter().map(|c| text(&c.cells)).collect();
    let rows = columns.first().map_or(0, Vec::len);
    let row = |i: usize| columns.iter().map(|column| column[i].clone()).collect();
    (0..rows).map(row).collect()
}

fn read_csv(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = owned(reader.headers().unwrap());
    (
        header,
        reader.records().map(|r| owned(&r.unwrap())).collect(),
    )
}

#[test]
fn columns_hold_what_csv_holds() {
    let csv = rows(
        &demo().join("manifest.csv"),
        ManifestOptions::default(),
        true,
        Threads::Inline,
    );
    let (header, wanted) = read_csv(&csv);
    let manifest = Manifest::open(demo().join("manifest.csv"), ManifestOptions::default());
    let mut scored = ResultColumns::scored(SCORER.predictor().model(), &[]).unwrap();
    score_all(
        &SCORER,
        manifest.unwrap(),
        Threads::of(2),
        &RUNNING,
        |outcome| {
            scored.push(&outcome);
            Ok(())
        },
    )
    .unwrap();
    let names: Vec<&str> = scored.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, header);
    assert_eq!(as_csv(scored.columns()), wanted);

    // Measured, they are the same but for what the model says, and for the word of the status.
    let manifest = Manifest::open(demo().join("manifest.csv"), ManifestOptions::default());
    let settings = SCORER.extractor().settings();
    let mut measured = ResultColumns::measured(settings, &[]).unwrap();
    let extractor = SCORER.extractor();
    measure_all(
        extractor,
        manifest.unwrap(),
        Threads::Inline,
        &RUNNING,
        |outcome| {
            measured.push(&outcome);
            Ok(())
        },
    )
    .unwrap();
    let judged = [
        "csi",
        "satisfied",
        "dissatisfied",
        "log_odds",
        "base_log_odds",
        "reasons",
        "model",
    ];
    let kept: Vec<usize> = (0..header.len())
        .filter(|&i| !judged.contains(&header[i].as_str()))
        .collect();
    let names: Vec<&str> = measured.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        kept.iter().map(|&i| header[i].as_str()).collect::<Vec<_>>()
    );
    let wanted: Vec<Vec<String>> = wanted
        .iter()
        .map(|row| {
            kept.iter()
                .map(|&i| row[i].replace("scored", "measured"))
                .collect()
        })
        .collect();
    assert_eq!(as_csv(measured.columns()), wanted);
}

/// The rows of the demonstration as a data frame has them; with `bytes`, files are what is in them.
fn demo_rows(bytes: bool) -> Vec<ManifestRow> {
    let text = std::fs::read_to_string(demo().join("manifest.csv")).unwrap();
    let (header, rows) = read_csv(&text);
    let mut made = Vec::new();
    for (i, cells) in rows.iter().enumerate() {
        // The header is line 1.
        let mut row = ManifestRow::new(i as u64 + 2);
        for (column, cell) in header.iter().zip(cells) {
            let is_file =
                ["audio", "transcript", "audio_agent", "audio_customer"].contains(&column.as_str());
            if bytes && is_file && !cell.is_empty() {
                let path = demo().join(cell);
                let name = path.display().to_string();
                // Half of them at once, half when they are asked for.
                let input = match i % 2 {
                    0 => Input::Bytes {
                        name,
                        bytes: std::fs::read(path).unwrap().into(),
                    },
                    _ => Input::Later(Later::new(name, move || {
                        std::fs::read(&path).map(Into::into)
                    })),
                };
                row.inputs.push((column.clone(), input));
            } else {
                row.cells.insert(column, cell);
            }
        }
        made.push(row);
    }
    made
}

fn rows_of(rows: Vec<ManifestRow>, seen: &SeenIds) -> String {
    let options = ManifestOptions {
        root: Some(demo()),
        ..ManifestOptions::default()
    };
    let manifest = Manifest::of_rows("manifest.csv", rows.into_iter(), options).unwrap();
    let mut out = Vec::new();
    let mut sink = JsonSink::new(&mut out, SCORER.predictor().model(), &[]).unwrap();
    let manifest = manifest.sharing(seen.clone());
    score_all(&SCORER, manifest, Threads::Inline, &RUNNING, |o| {
        sink.write(&o)
    })
    .unwrap();
    drop(sink);
    String::from_utf8(out).unwrap()
}

#[test]
fn rows_and_bytes_that_the_caller_holds_are_as_good_as_files() {
    let wanted = rows(
        &demo().join("manifest.csv"),
        ManifestOptions::default(),
        false,
        Threads::Inline,
    );
    assert_eq!(rows_of(demo_rows(false), &SeenIds::default()), wanted);
    assert_eq!(rows_of(demo_rows(true), &SeenIds::default()), wanted);
}

#[test]
fn parts_of_a_manifest_say_the_lines_of_the_whole_and_know_the_ids_of_each_other() {
    let path = demo().join("manifest.csv");
    let wanted = rows(&path, ManifestOptions::default(), false, Threads::Inline);
    let (mut first, mut second) = (demo_rows(false), Vec::new());
    for (i, row) in first.iter_mut().enumerate() {
        row.cells.insert("manifest_line", &(i + 2).to_string());
        row.line = 1;
    }
    second.extend(first.split_off(5));
    let seen = SeenIds::default();
    let found = rows_of(first, &seen) + &rows_of(second, &seen);
    assert_eq!(found, wanted);
    let again = parsed(&rows_of(demo_rows(false), &seen));
    for (row, number) in again.iter().zip(2..) {
        let message = row["error"]["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("manifest.csv line {number}")),
            "{message}"
        );
        assert!(message.contains("a second time"), "{message}");
    }
    let mut odd = demo_rows(false);
    odd.truncate(1);
    odd[0].cells.insert("manifest_line", "first");
    let row = &parsed(&rows_of(odd, &SeenIds::default()))[0];
    assert_eq!(row["error"]["place"], "manifest.csv line 2: manifest_line");
}

#[test]
fn what_is_stopped_emits_no_more() {
    let stop = AtomicBool::new(false);
    for threads in [Threads::Inline, Threads::of(2)] {
        let manifest = Manifest::open(demo().join("manifest.csv"), ManifestOptions::default());
        stop.store(false, Ordering::Relaxed);
        let mut count = 0;
        score_all(&SCORER, manifest.unwrap(), threads, &stop, |_| {
            count += 1;
            stop.store(true, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        // Those that were at work already may follow.
        assert!((1..=3).contains(&count), "{count}");
    }
}
