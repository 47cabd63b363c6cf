//! Runs over archives: broken off and gone on with, in shards, with histories.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::ErrorKind;
use callcsi::batch::*;
use callcsi::score::Scorer;
use common::Folder;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static SCORER: LazyLock<Scorer> = LazyLock::new(|| Scorer::builtin().unwrap());

/// What happened on a run, in short.
#[derive(Debug, Default, PartialEq)]
struct Told {
    kept: u64,
    /// Lines done anew, and whether since they had failed.
    anew: Vec<(u64, bool)>,
    rows: u64,
    changed: Vec<&'static str>,
}

fn options(start: Start) -> RunOptions {
    let mut options = RunOptions::default();
    options.threads = Threads::of(2);
    options.start = start;
    options
}

/// On one thread a run stops right behind the row at which it is told to.
fn inline(start: Start) -> RunOptions {
    let mut options = options(start);
    options.threads = Threads::Inline;
    options
}

/// Runs over a manifest into a file; `most` rows are done and then the run is told to stop.
fn run_to(
    manifest: Manifest,
    out: &Path,
    options: &RunOptions,
    most: u64,
) -> (callcsi::Result<Ending>, Told) {
    run_with(&SCORER, manifest, out, options, most)
}

fn run_with(
    scorer: &Scorer,
    manifest: Manifest,
    out: &Path,
    options: &RunOptions,
    most: u64,
) -> (callcsi::Result<Ending>, Told) {
    let format = CsvRows::new(scorer.predictor().model(), &[]).unwrap();
    let stop = AtomicBool::new(most == 0);
    let mut told = Told::default();
    let mut watch = |event: Event<'_>| {
        match event {
            Event::Changed(what) => told.changed.push(what),
            Event::Kept { .. } => told.kept += 1,
            Event::Anew { line, retried } => told.anew.push((line, retried)),
            Event::Row(_) => {
                told.rows += 1;
                stop.store(told.rows >= most, Ordering::Relaxed);
            }
            _ => {}
        }
        Ok(())
    };
    let to = Destination::File(out.to_owned());
    let ending = run(scorer, manifest, &format, to, options, &stop, &mut watch);
    (ending, told)
}

fn open(manifest: &Path) -> Manifest {
    Manifest::open(manifest, ManifestOptions::default()).unwrap()
}

/// A manifest of calls of which the length and a wait are known; every seventh row is broken.
fn calls(count: u32) -> String {
    let rows = (0..count).map(|i| match i % 7 {
        6 => format!("звонок-{i},5 мин,\n"),
        _ => format!("звонок-{i},{},{}\n", i % 50, 60 + i),
    });
    let header = "call_id,queue_wait_s,duration_s\n".to_owned();
    rows.fold(header, |text, row| text + &row)
}

fn finished(folder: &Folder) -> [String; 3] {
    ["out.csv", "out.csv.errors.jsonl", "out.csv.journal"].map(|name| folder.read(name))
}

/// Nothing but the files of a finished run is left.
fn assert_tidy(folder: &Folder) {
    let names = fs::read_dir(&folder.0).unwrap();
    let names: Vec<String> = names
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("partial") || name.contains("previous"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_run_broken_off_and_torn_anywhere_ends_as_one_left_alone(
        breaks in prop::collection::vec((0u64..40, 0.0..1.0f64, 0usize..3), 0..4),
    ) {
        let folder = Folder::new("torn");
        let manifest = folder.write("calls.csv", calls(60));
        let out = folder.0.join("out.csv");
        run_to(open(&manifest), &out, &options(Start::New), u64::MAX).0.unwrap();
        let whole = finished(&folder);
        prop_assert_eq!(whole[1].lines().count(), 60 / 7);
        for suffix in ["", ".errors.jsonl", ".journal"] {
            fs::remove_file(folder.0.join(format!("out.csv{suffix}"))).unwrap();
        }
        for (rows, share, torn) in breaks {
            let (ending, _) = run_to(open(&manifest), &out, &options(Start::Resume), rows);
            if ending.unwrap() == Ending::Done {
                break;
            }
            // A power cut leaves any beginning of any file.
            let name = ["", ".errors.jsonl", ".journal"][torn];
            let path = folder.0.join(format!("out.csv.partial{name}"));
            let length = fs::metadata(&path).unwrap().len();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_len((share * length as f64) as u64).unwrap();
        }
        let (ending, _) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
        prop_assert_eq!(ending.unwrap(), Ending::Done);
        // Not `assert_eq`: the files are long.
        prop_assert!(finished(&folder) == whole, "another outcome");
        assert_tidy(&folder);
    }
}

#[test]
fn rows_that_are_there_are_not_done_again() {
    let folder = Folder::new("kept");
    let manifest = folder.write("calls.csv", calls(40));
    let out = folder.0.join("out.csv");
    let (ending, told) = run_to(open(&manifest), &out, &options(Start::New), 10);
    assert_eq!(ending.unwrap(), Ending::Stopped);
    assert!(
        !out.exists(),
        "a half of the rows stands under the output's name"
    );
    let (ending, again) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
    assert_eq!(ending.unwrap(), Ending::Done);
    assert_eq!((again.kept, again.rows), (told.rows, 40 - told.rows));
    assert_eq!(folder.read("out.csv").lines().count(), 41);
}

#[test]
fn an_unfinished_run_is_neither_gone_on_with_nor_lost_unasked() {
    let folder = Folder::new("unfinished");
    let manifest = folder.write("calls.csv", calls(20));
    let out = folder.0.join("out.csv");
    let (_, told) = run_to(open(&manifest), &out, &options(Start::New), 5);
    let partial = folder.read("out.csv.partial");
    let (ending, _) = run_to(open(&manifest), &out, &options(Start::New), u64::MAX);
    let error = ending.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("--resume"), "{error}");
    assert_eq!(folder.read("out.csv.partial"), partial);
    assert!(told.rows >= 5);
    let (_, told) = run_to(open(&manifest), &out, &options(Start::Restart), u64::MAX);
    assert_eq!((told.kept, told.rows), (0, 20));
    assert_tidy(&folder);
}

#[test]
fn a_call_whose_inputs_changed_is_scored_anew_and_the_rest_is_taken() {
    let folder = Folder::new("changed");
    folder.write("a.json", r#"{"queue": {"wait_s": 5}}"#);
    let text = "call_id,metadata,queue_wait_s\n1,,4\n2,a.json,\n3,,6\n4,,7\n";
    let manifest = folder.write("calls.csv", text);
    let out = folder.0.join("out.csv");
    run_to(open(&manifest), &out, &options(Start::New), u64::MAX)
        .0
        .unwrap();
    let before = folder.read("out.csv");
    // A file that the row names, of another size …
    folder.write("a.json", r#"{"queue": {"wait_s": 500}}"#);
    // … and a row itself.
    folder.write("calls.csv", text.replace("4,,7", "4,,8"));
    let (_, told) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
    assert_eq!((told.kept, told.rows), (2, 2));
    assert_eq!(told.anew, [(3, false), (5, false)]);
    let after = folder.read("out.csv");
    let changed = |i: usize| before.lines().nth(i) != after.lines().nth(i);
    assert_eq!(
        (0..5).map(changed).collect::<Vec<_>>(),
        [false, false, true, false, true]
    );
    // As if the earlier run had not been.
    let fresh = folder.0.join("fresh.csv");
    run_to(open(&manifest), &fresh, &options(Start::New), u64::MAX)
        .0
        .unwrap();
    assert_eq!(after, folder.read("fresh.csv"));
    assert_eq!(
        folder.read("out.csv.journal"),
        folder.read("fresh.csv.journal")
    );
}

#[test]
fn an_input_that_changes_under_an_unfinished_run_costs_its_row_alone() {
    let folder = Folder::new("middle");
    folder.write("a.json", r#"{"queue": {"wait_s": 5}}"#);
    let rows = (0..60).map(|i| format!("{i},{i},{}\n", if i == 4 { "a.json" } else { "" }));
    let text = "call_id,queue_wait_s,metadata\n".to_owned() + &rows.collect::<String>();
    let manifest = folder.write("calls.csv", text.replace("4,4,a.json", "4,,a.json"));
    let out = folder.0.join("out.csv");
    let (_, first) = run_to(open(&manifest), &out, &inline(Start::New), 40);
    folder.write("a.json", r#"{"queue": {"wait_s": 500}}"#);
    // The second run is broken off too, while it copies.
    let (_, second) = run_to(open(&manifest), &out, &inline(Start::Resume), 1);
    let (ending, third) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
    assert_eq!(ending.unwrap(), Ending::Done);
    assert_eq!(first.rows, 40);
    assert_eq!(second.anew, [(6, false)], "{first:?} {second:?} {third:?}");
    // Every row of the first run but one was taken.
    assert_eq!(
        third.rows + second.rows,
        60 - first.rows + 1,
        "{first:?} {second:?} {third:?}"
    );
    let fresh = folder.0.join("fresh.csv");
    run_to(open(&manifest), &fresh, &options(Start::New), u64::MAX)
        .0
        .unwrap();
    assert_eq!(folder.read("out.csv"), folder.read("fresh.csv"));
    assert_tidy(&folder);
}

#[test]
fn files_between_two_names_are_found() {
    // Each renaming is of the failures, then the rows, then the journal; it may end after any.
    for steps in 1..=3 {
        let folder = Folder::new("names");
        let manifest = folder.write("calls.csv", calls(30));
        let out = folder.0.join("out.csv");
        let rename =
            |from: &str, to: &str| fs::rename(folder.0.join(from), folder.0.join(to)).unwrap();
        // Put aside, to be copied from.
        run_to(open(&manifest), &out, &inline(Start::New), 20)
            .0
            .unwrap();
        let suffixes = [".errors.jsonl", "", ".journal"];
        for suffix in &suffixes[..steps] {
            rename(
                &format!("out.csv.partial{suffix}"),
                &format!("out.csv.previous.1{suffix}"),
            );
        }
        let (ending, told) = run_to(open(&manifest), &out, &inline(Start::Resume), u64::MAX);
        assert_eq!(ending.unwrap(), Ending::Done);
        assert_eq!((told.kept, told.rows), (20, 10), "{steps} files put aside");
        assert_tidy(&folder);
        // Finished.
        let whole = finished(&folder);
        for suffix in &suffixes[steps..] {
            rename(
                &format!("out.csv{suffix}"),
                &format!("out.csv.partial{suffix}"),
            );
        }
        let (ending, told) = run_to(open(&manifest), &out, &inline(Start::Resume), u64::MAX);
        assert_eq!(ending.unwrap(), Ending::Done);
        assert_eq!((told.kept, told.rows), (30, 0), "{steps} files finished");
        assert!(finished(&folder) == whole, "another outcome");
        assert_tidy(&folder);
    }
}

#[test]
fn the_content_of_a_file_can_tell_that_it_changed() {
    let folder = Folder::new("content");
    let file = folder.write("a.json", r#"{"queue": {"wait_s": 5}}"#);
    let manifest = folder.write("calls.csv", "call_id,metadata\n1,a.json\n");
    let out = folder.0.join("out.csv");
    let mut by_content = options(Start::Resume);
    by_content.identity = Identity::Content;
    let run = || run_to(open(&manifest), &out, &by_content, u64::MAX).1;
    assert_eq!(run().rows, 1);
    // Touched, and the same.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_eq!(run().kept, 1);
    // Of the same size and time, and another.
    fs::write(&file, r#"{"queue": {"wait_s": 6}}"#).unwrap();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_eq!(run().anew, [(2, false)]);
}

#[test]
fn failed_calls_are_tried_again_when_asked() {
    let folder = Folder::new("retry");
    let manifest = folder.write("calls.csv", "call_id,transcript\n1,\n2,b.json\n3,\n");
    let out = folder.0.join("out.csv");
    run_to(open(&manifest), &out, &options(Start::New), u64::MAX)
        .0
        .unwrap();
    let failures = folder.read("out.csv.errors.jsonl");
    let failure: Value = serde_json::from_str(&failures).unwrap();
    assert_eq!(failure["line"], 3);
    assert_eq!(failure["call_id"], "2");
    assert_eq!(failure["stage"], "transcript");
    assert_eq!(failure["code"], "io");
    let (_, told) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
    assert_eq!((told.kept, told.rows), (3, 0));
    let mut retry = options(Start::Resume);
    retry.retry_failed = true;
    let (_, told) = run_to(open(&manifest), &out, &retry, u64::MAX);
    assert_eq!((told.kept, told.anew), (2, vec![(3, true)]));
    assert_eq!(folder.read("out.csv.errors.jsonl"), failures);
}

#[test]
fn the_first_failure_ends_the_run_when_asked() {
    let folder = Folder::new("fast");
    let manifest = folder.write("calls.csv", calls(30));
    let out = folder.0.join("out.csv");
    let mut fast = options(Start::New);
    fast.fail_fast = true;
    let (ending, told) = run_to(open(&manifest), &out, &fast, u64::MAX);
    // The seventh row is the first broken one.
    assert_eq!((ending.unwrap(), told.rows), (Ending::FailedFast, 7));
    let (_, told) = run_to(open(&manifest), &out, &options(Start::Resume), u64::MAX);
    assert_eq!((told.kept, told.rows), (7, 23));
}

#[test]
fn shards_together_are_one_run() {
    let folder = Folder::new("shards");
    // Row 13 tells no id; it belongs to the shard of its line.
    let text = calls(90).replace("звонок-11,", ",");
    let manifest = folder.write("calls.csv", text);
    let run = |name: &str, shard: Option<Shard>| {
        let mut options = options(Start::New);
        options.shard = shard;
        let out = folder.0.join(name);
        run_to(open(&manifest), &out, &options, u64::MAX).0.unwrap();
        folder.read(name)
    };
    let whole = run("whole.csv", None);
    let mut rows = Vec::new();
    for index in 0..4 {
        let part = run(&format!("{index}.csv"), Shard::new(index, 4));
        let mut lines = part.lines().map(str::to_owned);
        assert_eq!(lines.next().as_deref(), whole.lines().next());
        let lines: Vec<String> = lines.collect();
        // A fair share: 22 or 23 of 90, give or take four standard deviations.
        assert!((6..40).contains(&lines.len()), "{}", lines.len());
        rows.extend(lines);
    }
    let line = |row: &String| row.split(',').nth(1).unwrap().parse::<u64>().unwrap();
    rows.sort_by_key(line);
    assert_eq!(rows, whole.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn threads_and_memory_make_no_difference() {
    let folder = Folder::new("threads");
    let manifest = folder.write("calls.csv", calls(80));
    let run = |threads: usize, memory_limit: Option<u64>| {
        let mut options = options(Start::Restart);
        options.threads = Threads::of(threads);
        options.memory_limit = memory_limit;
        let out = folder.0.join("out.csv");
        run_to(open(&manifest), &out, &options, u64::MAX).0.unwrap();
        finished(&folder)
    };
    let one = run(1, None);
    assert_eq!(run(2, None), one);
    assert_eq!(run(5, None), one);
    // Not a single call fits: they are worked on one by one.
    assert_eq!(run(4, Some(1)), one);
}

#[test]
fn another_model_scores_every_row_anew_and_says_so() {
    use callcsi::model::{Model, Predictor};
    let folder = Folder::new("model");
    let manifest = folder.write("calls.csv", calls(12));
    let out = folder.0.join("out.csv");
    run_to(open(&manifest), &out, &options(Start::New), 5)
        .0
        .unwrap();
    let json = SCORER.predictor().model().to_json();
    let other = Model::from_json(&json.replacen("\"builtin\"", "\"другая\"", 1)).unwrap();
    let other = Scorer::new(Predictor::new(other)).unwrap();
    let (ending, told) = run_with(
        &other,
        open(&manifest),
        &out,
        &options(Start::Resume),
        u64::MAX,
    );
    assert_eq!(ending.unwrap(), Ending::Done);
    assert_eq!(
        (told.changed, told.kept, told.rows),
        (vec!["the model"], 0, 12)
    );
    assert_tidy(&folder);
}

#[test]
fn paths_stay_in_the_manifests_folder() {
    let folder = Folder::new("paths");
    folder.write("secret.json", "{}");
    folder.write("in/ok.json", r#"{"queue": {"wait_s": 5}}"#);
    let absolute = folder.0.join("secret.json");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&absolute, folder.0.join("in/link.json")).unwrap();
    let rows = [
        ("a", "ok.json".to_owned(), None),
        ("b", "x/../ok.json".to_owned(), None),
        ("c", "../secret.json".to_owned(), Some("leads out")),
        ("d", absolute.display().to_string(), Some("absolute")),
        ("e", "x/../../secret.json".to_owned(), Some("leads out")),
        ("f", "s3://bucket/a.json".to_owned(), Some("network")),
        #[cfg(unix)]
        ("g", "link.json".to_owned(), Some("link")),
    ];
    fs::create_dir(folder.0.join("in/x")).unwrap();
    let text = rows.iter().map(|(id, path, _)| format!("{id},{path}\n"));
    let text = "call_id,metadata\n".to_owned() + &text.collect::<String>();
    let manifest = folder.write("in/calls.csv", text);
    for (entry, (id, _, refused)) in open(&manifest).zip(&rows) {
        match refused {
            None => assert!(entry.row.is_ok(), "{id}: {:?}", entry.row),
            Some(why) => {
                let error = entry.row.unwrap_err();
                assert!(error.to_string().contains(why), "{id}: {error}");
            }
        }
    }
    let options = ManifestOptions {
        outside: true,
        ..ManifestOptions::default()
    };
    let allowed = Manifest::open(&manifest, options).unwrap();
    let refused: Vec<_> = allowed.filter(|e| e.row.is_err()).map(|e| e.id).collect();
    assert_eq!(refused, [Some("f".to_owned())]);
    // Another root than the manifest's folder.
    let options = ManifestOptions {
        root: Some(folder.0.clone()),
        ..ManifestOptions::default()
    };
    let manifest = folder.write("lists/calls.csv", "call_id,metadata\n1,in/ok.json\n");
    let mut rows = Manifest::open(&manifest, options).unwrap();
    assert!(rows.next().unwrap().row.is_ok());
}

#[test]
fn file_names_of_a_folder_tell_columns() {
    let folder = Folder::new("pattern");
    folder.write("2026/17_Анна_left.wav", "");
    folder.write("2026/odd.wav", "");
    let options = ManifestOptions {
        pattern: Some("{call_id}_{agent}_{agent_channel}.wav".parse().unwrap()),
        ..ManifestOptions::default()
    };
    let mut rows = Manifest::open(&folder.0, options).unwrap();
    assert_eq!(rows.known_length(), Some(2));
    let call = rows.next().unwrap().row.unwrap();
    assert_eq!(call.id.as_str(), "17");
    assert_eq!(call.metadata.extra["agent"], "Анна");
    let error = rows.next().unwrap().row.unwrap_err();
    assert!(error.to_string().contains("2026/odd.wav"), "{error}");
}

#[test]
fn histories_are_of_earlier_calls_alone_wherever_they_stand() {
    let folder = Folder::new("history");
    // Customer A: operator requested on days 1 to 3 (line 5 stands before them in time), completed on day 5.
    let text = "call_id,customer_id,call_start,ivr_status\n\
        a5,A,2026-01-05T00:00:00Z,completed\n\
        a1,A,2026-01-01T00:00:00Z,operator_requested\n\
        a2,A,2026-01-02T00:00:00Z,operator_requested\n\
        b1,Б,2026-01-02T00:00:00Z,operator_requested\n\
        a3,A,2026-01-03T00:00:00+03:00,operator_requested\n\
        a6,A,2026-01-06T00:00:00Z,none\n\
        x,,2026-01-06T00:00:00Z,completed\n";
    let manifest = folder.write("calls.csv", text);
    for held in [1, 3, 1_000] {
        let columns = HistoryColumns {
            held,
            ..HistoryColumns::default()
        };
        let history = History::gather(open(&manifest), &columns).unwrap();
        assert_eq!((history.known(), history.unknown()), (6, 1));
        let found: Vec<_> = open(&manifest)
            .with_history(history)
            .map(|entry| {
                let customer = entry.row.unwrap().metadata.customer;
                customer.map(|c| (c.ivr_history_count.unwrap(), c.operator_request_share))
            })
            .collect();
        let wanted = [
            Some((3, Some(1.0))),  // a5: after a1, a2, a3
            Some((0, None)),       // a1: the first
            Some((1, Some(1.0))),  // a2
            Some((0, None)),       // b1: another customer
            Some((2, Some(1.0))),  // a3: at 21:00 UTC of day 2, after a2
            Some((4, Some(0.75))), // a6: three of four asked
            None,
        ];
        assert_eq!(found, wanted, "{held} held");
    }
}
