//! The analysis of an archive and its page, from the outside.

#![cfg(feature = "report")]
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::analytics::triggers::{Rules, Watch};
use callcsi::analytics::{
    Analysis, Archive, CallRow, Estimate, Moment, ReadOptions, Study, StudyOptions,
};
use callcsi::batch::{CsvSink, JsonSink, Manifest, ManifestOptions, Sink, Threads, score_all};
use callcsi::features::Lang;
use callcsi::model::{LabelScale, Predictor, SurveyStatus};
use callcsi::report::{Page, write_tables};
use callcsi::score::Scorer;
use callcsi::simulate::archive::{MANIFEST_COLUMNS, manifest_row};
use callcsi::simulate::planted::{COLUMNS, Planted, PlantedSettings};
use callcsi::simulate::{SimulationSettings, Simulator};
use common::Folder;
use std::collections::BTreeMap;
use std::path::Path;

fn columns() -> Vec<String> {
    COLUMNS.map(str::to_owned).to_vec()
}

fn analysis(rows: &[CallRow], columns: &[String], options: StudyOptions) -> Analysis {
    let mut study = Study::new(columns, &LabelScale::ONE_TO_FIVE, None, options);
    rows.iter().for_each(|row| {
        study.push(row).unwrap();
    });
    study.finish().unwrap()
}

fn planted(count: u64) -> Vec<CallRow> {
    let planted = Planted::new(PlantedSettings::seeded(3)).unwrap();
    planted.rows(count).collect()
}

/// What may stand in a page that asks for nothing and runs nothing.
#[track_caller]
fn assert_inert(html: &str) {
    for bad in [
        "<script",
        "<img",
        "<iframe",
        "<object",
        "javascript:",
        "@import",
        "url(",
    ] {
        assert!(!html.contains(bad), "{bad} in the page");
    }
    // Text has no `<`, so what begins with one is a tag. The one reference is the empty icon.
    for tag in html
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        assert!(!tag.contains(" src=") && !tag.contains(" on"), "<{tag}>");
        for after in tag.split(" href=\"").skip(1) {
            assert!(
                after.starts_with('#') || after.starts_with("data:,"),
                "<{tag}>"
            );
        }
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn what_comes_from_data_is_text() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "</style><b>",
    ];
    let mut rows = Vec::new();
    for i in 0..400 {
        let mut row = CallRow::new(format!("{}{i}", hostile[i % hostile.len()]));
        let low = i % 5 == 0;
        let csi = if low { 1.5 } else { 4.5 };
        row.estimate = Some(Estimate {
            csi,
            satisfied: csi / 5.0,
            dissatisfied: Some(1.0 - csi / 5.0),
        });
        row.mark = (i % 3 == 0).then_some(if low { 1 } else { 5 });
        row.survey = Some(if row.mark.is_some() {
            SurveyStatus::Answered
        } else {
            SurveyStatus::NoResponse
        });
        row.time = Some(Moment(1_790_000_000 + 7_000 * i as i64));
        row.columns = vec![Some(hostile[i % hostile.len()].to_owned())];
        rows.push(row);
    }
    let found = analysis(&rows, &["<i>queue</i>".to_owned()], StudyOptions::default());
    let rules = "[[call]]\nname = \"<b>low</b>\"\nwhen = 'csi < 2'";
    let rules = Rules::parse("rules.toml", rules).unwrap();
    let mut watch = Watch::new(
        &rules,
        &["<i>queue</i>".to_owned()],
        None,
        &LabelScale::ONE_TO_FIVE,
    )
    .unwrap();
    rows.iter().for_each(|row| watch.push(row));
    let watched = watch.finish();
    assert!(!watched.alerts.is_empty());
    for lang in Lang::ALL {
        let html = Page::new(&found, lang)
            .titled(hostile[0])
            .with_alerts(&watched)
            .html();
        assert_inert(&html);
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<i>queue")
        );
    }
    let folder = Folder::new("hostile");
    write_tables(&found, &folder.0).unwrap();
    for name in ["groups", "calls_to_open"] {
        let mut reader = csv::Reader::from_path(folder.0.join(format!("{name}.csv"))).unwrap();
        let cells: Vec<String> = reader
            .records()
            .flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert!(
            cells.iter().any(|cell| cell.starts_with("'=cmd|")),
            "{name}"
        );
        assert!(
            !cells.iter().any(|cell| cell.starts_with(['=', '@', '+'])),
            "{name}"
        );
    }
}

/// The plain way: every figure by a loop of its own.
#[test]
fn figures_are_those_of_a_plain_count() {
    let rows = planted(6_000);
    let found = analysis(&rows, &columns(), StudyOptions::default());
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a}, wanted {b}");
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let overview = &found.overview;
    assert_eq!(
        (overview.calls, overview.failed),
        (
            6_000,
            rows.iter().filter(|r| r.estimate.is_none()).count() as u64
        )
    );
    close(
        overview.estimated.csi.unwrap().value,
        mean(rows.iter().filter_map(|r| Some(r.estimate?.csi)).collect()),
    );
    close(
        overview.estimated.cdsat.unwrap().value,
        mean(
            rows.iter()
                .filter_map(|r| r.estimate?.dissatisfied)
                .collect(),
        ),
    );
    let marks: Vec<f64> = rows.iter().filter_map(|r| Some(r.mark? as f64)).collect();
    close(overview.surveyed.csi.unwrap().value, mean(marks.clone()));
    close(
        overview.surveyed.cdsat.unwrap().value,
        mean(
            marks
                .iter()
                .map(|m| f64::from(u8::from(*m <= 2.0)))
                .collect(),
        ),
    );
    let waits: Vec<f64> = rows
        .iter()
        .filter_map(|r| Some((r.number("queue_wait_s")?, r.abandoned == Some(true))))
        .map(|(w, gone)| f64::from(u8::from(w <= 20.0 && !gone)))
        .collect();
    close(overview.service.service_level.unwrap().value, mean(waits));
    // Whether the customer came back within a week, against every other call.
    let last = rows.iter().filter_map(|r| r.time).max().unwrap().0;
    let week = 7 * 86_400;
    let mut of: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in &rows {
        if let (Some(customer), Some(time)) = (&row.customer, row.time) {
            of.entry(customer).or_default().push(time.0);
        }
    }
    let mut known: Vec<f64> = Vec::new();
    for times in of.values_mut() {
        times.sort_unstable();
        for (i, time) in times.iter().enumerate() {
            let again = times.get(i + 1).is_some_and(|next| next - time <= week);
            if again || last - time >= week {
                known.push(f64::from(u8::from(!again)));
            }
        }
    }
    close(
        overview.service.first_contact_resolution.unwrap().value,
        mean(known),
    );
    let days: u64 = found.days.iter().map(|day| day.calls).sum();
    let weeks: u64 = found.weeks.iter().map(|week| week.calls).sum();
    assert_eq!((days, weeks), (6_000, 6_000));
}

#[test]
fn no_group_of_few_calls_is_ranked() {
    let rows = planted(6_000);
    let options = StudyOptions::default();
    let least = options.least_calls;
    let found = analysis(&rows, &columns(), options);
    let table = found
        .columns
        .iter()
        .find(|t| t.column == "operator_id")
        .unwrap();
    assert!(table.too_few > 0 && !table.groups.is_empty());
    for table in &found.columns {
        let told: u64 = table.groups.iter().map(|g| g.calls).sum();
        assert_eq!(
            told + table.too_few_calls + table.without,
            6_000,
            "{}",
            table.column
        );
        assert!(
            table
                .groups
                .iter()
                .all(|g| g.estimated.csi.unwrap().calls >= least)
        );
    }
    let html = Page::new(&found, Lang::En).html();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows {
        *counts
            .entry(row.columns[0].as_deref().unwrap_or(""))
            .or_default() += u64::from(row.estimate.is_some());
    }
    let few: Vec<&&str> = counts
        .iter()
        .filter(|(name, n)| **n < least && !name.is_empty())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(few.len() as u64, table.too_few);
    let groups = html
        .split("id=\"groups\"")
        .nth(1)
        .unwrap()
        .split("id=\"drivers\"")
        .next()
        .unwrap();
    for name in few {
        assert!(
            !groups.contains(&format!(">{name}<")),
            "{name} is in a table of groups"
        );
    }
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let rows = planted(4_000);
    let mut turned = rows.clone();
    turned.reverse();
    let options = || {
        let mut options = StudyOptions::default();
        options.sample = 700;
        options
    };
    let (a, b) = (
        analysis(&rows, &columns(), options()),
        analysis(&turned, &columns(), options()),
    );
    let json = |analysis: &Analysis| serde_json::to_value(analysis).unwrap();
    same(&json(&a), &json(&b), "");
}

/// Two values of JSON are the same, numbers to nine digits.
#[track_caller]
fn same(a: &serde_json::Value, b: &serde_json::Value, place: &str) {
    use serde_json::Value;
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            assert!(
                (x - y).abs() <= 1e-7 * x.abs().max(1.0),
                "{place}: {x}, {y}"
            );
        }
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len(), "{place}");
            x.iter()
                .zip(y)
                .enumerate()
                .for_each(|(i, (x, y))| same(x, y, &format!("{place}/{i}")));
        }
        (Value::Object(x), Value::Object(y)) => {
            assert_eq!(
                x.keys().collect::<Vec<_>>(),
                y.keys().collect::<Vec<_>>(),
                "{place}"
            );
            x.iter()
                .for_each(|(key, x)| same(x, &y[key], &format!("{place}/{key}")));
        }
        _ => assert_eq!(a, b, "{place}"),
    }
}

#[test]
fn a_large_page_stays_small() {
    let rows = planted(20_000);
    let found = analysis(&rows, &columns(), StudyOptions::default());
    for lang in Lang::ALL {
        let html = Page::new(&found, lang).html();
        assert!(html.len() < 500_000, "{} bytes", html.len());
        assert_inert(&html);
    }
}

#[test]
fn an_archive_of_nothing_has_a_page() {
    let found = analysis(&[], &columns(), StudyOptions::default());
    let mut failed = CallRow::new("only");
    failed.columns = vec![None; COLUMNS.len()];
    let one = analysis(&[failed], &columns(), StudyOptions::default());
    for lang in Lang::ALL {
        assert_inert(&Page::new(&found, lang).html());
        assert_inert(&Page::new(&one, lang).html());
        assert!(!Page::new(&one, lang).html().contains("NaN"));
    }
    let folder = Folder::new("nothing");
    write_tables(&found, &folder.0).unwrap();
}

#[test]
fn a_mark_off_the_scale_is_told_and_left_out() {
    let mut study = Study::new(&[], &LabelScale::ONE_TO_FIVE, None, StudyOptions::default());
    let mut row = CallRow::new("c-9");
    row.mark = Some(9);
    let error = study.push(&row).unwrap_err().to_string();
    assert!(error.contains("c-9") && error.contains('9'), "{error}");
    assert_eq!(study.finish().unwrap().overview.calls, 0);
}

/// An archive without sound: a manifest, its results as CSV and JSON Lines.
fn scored(folder: &Folder, calls: u64) {
    let mut manifest = csv::Writer::from_path(folder.0.join("calls.csv")).unwrap();
    manifest.write_record(MANIFEST_COLUMNS).unwrap();
    let simulator = Simulator::new(SimulationSettings::seeded(8)).unwrap();
    for call in simulator.calls(calls) {
        manifest
            .write_record(manifest_row(&call, None, None))
            .unwrap();
    }
    manifest.flush().unwrap();
    drop(manifest);
    let scorer = Scorer::builtin().unwrap();
    let model = scorer.predictor().model();
    let keep = [
        "operator_id".to_owned(),
        "call_start".to_owned(),
        "customer_id".to_owned(),
    ];
    let file = |name: &str| std::fs::File::create(folder.0.join(name)).unwrap();
    let mut csv = CsvSink::new(file("rows.csv"), model, &keep).unwrap();
    let mut json = JsonSink::new(file("rows.jsonl"), model, &[]).unwrap();
    let entries = Manifest::open(folder.0.join("calls.csv"), ManifestOptions::default()).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    score_all(&scorer, entries, Threads::Inline, &stop, |outcome| {
        csv.write(&outcome)?;
        json.write(&outcome)
    })
    .unwrap();
    csv.flush().unwrap();
    json.flush().unwrap();
}

fn read(results: &Path, manifest: Option<&Path>) -> callcsi::Result<Analysis> {
    let mut options = ReadOptions::default();
    options.manifest = manifest.map(Path::to_owned);
    options.columns = vec!["operator_id".to_owned(), "weekday".to_owned()];
    let archive = Archive::open(results, options)?;
    let columns = archive.columns().to_vec();
    let predictor = Predictor::builtin()?;
    let mut study = Study::new(
        &columns,
        predictor.model().label(),
        Some(&predictor),
        StudyOptions::default(),
    );
    archive.each(|found| study.push(&found.call?).map(drop))?;
    study.finish()
}

#[test]
fn results_of_every_shape_say_the_same() {
    let folder = Folder::new("shapes");
    scored(&folder, 400);
    let path = |name: &str| folder.0.join(name);
    let joined = read(&path("rows.csv"), Some(&path("calls.csv"))).unwrap();
    assert_eq!(joined.overview.calls, 400);
    assert!(joined.overview.first_day.is_some() && joined.drivers.is_some());
    assert!(joined.columns.iter().all(|table| table.left_out.is_none()));
    let json = |analysis: &Analysis| serde_json::to_value(analysis).unwrap();
    let of_json = read(&path("rows.jsonl"), Some(&path("calls.csv"))).unwrap();
    assert_eq!(json(&joined), json(&of_json));
    // Columns kept in the results do for a manifest, but for the IVR's nodes and the length of calls.
    let kept = read(&path("rows.csv"), None).unwrap();
    assert_eq!(
        json(&joined)["columns"][0]["groups"][0]["shrunk"],
        json(&kept)["columns"][0]["groups"][0]["shrunk"]
    );
    assert_eq!(
        json(&joined)["overview"]["first_day"],
        json(&kept)["overview"]["first_day"]
    );
    assert!(kept.robot.unwrap().nodes.is_empty() && !joined.robot.unwrap().nodes.is_empty());
    // Without either nothing tells when the calls were.
    let bare = read(&path("rows.jsonl"), None).unwrap();
    assert_eq!(bare.overview.first_day, None);
    assert!(bare.days.is_empty() && bare.correlations.is_empty());
}

#[test]
fn tables_that_do_not_belong_together_are_refused() {
    let folder = Folder::new("apart");
    scored(&folder, 30);
    let path = |name: &str| folder.0.join(name);
    let text = std::fs::read_to_string(path("calls.csv")).unwrap();
    folder.write("other.csv", text.replace("sim-000007,", "sim-000007x,"));
    let error = read(&path("rows.csv"), Some(&path("other.csv")))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("sim-000007x") && error.contains("another manifest"),
        "{error}"
    );
    let short: Vec<&str> = text.lines().take(12).collect();
    folder.write("short.csv", short.join("\n"));
    let error = read(&path("rows.csv"), Some(&path("short.csv")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("end of the manifest"), "{error}");
    let error = read(&path("calls.csv"), None).unwrap_err().to_string();
    assert!(error.contains("is it the manifest?"), "{error}");
    // Rows of two models make no mean.
    let rows = std::fs::read_to_string(path("rows.csv")).unwrap();
    let at = rows.rfind("builtin ").unwrap();
    folder.write(
        "two.csv",
        format!("{}another {}", &rows[..at], &rows[at + 8..]),
    );
    let error = read(&path("two.csv"), None).unwrap_err().to_string();
    assert!(error.contains("rows of the models"), "{error}");
    // A row that cannot be read costs itself.
    let at = rows.rfind("\n").unwrap();
    let begin = rows[..at].rfind('\n').unwrap() + 1;
    let broken = rows[begin..at].replacen("scored,", "scored,many", 1);
    folder.write("broken.csv", format!("{}{broken}\n", &rows[..begin]));
    let archive = Archive::open(path("broken.csv"), ReadOptions::default()).unwrap();
    let (mut good, mut bad) = (0, Vec::new());
    archive
        .each(|found| {
            match found.call {
                Ok(_) => good += 1,
                Err(error) => bad.push(error.to_string()),
            }
            Ok(())
        })
        .unwrap();
    assert_eq!((good, bad.len()), (29, 1));
    assert!(
        bad[0].contains("broken.csv:31") && bad[0].contains("csi"),
        "{}",
        bad[0]
    );
}
