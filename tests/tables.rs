//! Tables in three formats, foreign ones through a mapping, and labelled calls out of all of them.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;

use callcsi::ErrorKind;
use callcsi::batch::*;
use callcsi::model::SurveyCounts;
use callcsi::score::{Extractor, Scorer};
use callcsi::settings::AnalysisSettings;
use common::Folder;
use proptest::prelude::*;
use std::sync::LazyLock;

static SCORER: LazyLock<Scorer> = LazyLock::new(|| Scorer::builtin().unwrap());

type Row = Vec<(String, String)>;

/// The rows of a table; panics on a row that is an error.
fn rows(rows: Rows) -> Vec<Row> {
    let cells = |cells: Cells| -> Row {
        let cells = cells.iter();
        cells.map(|(c, v)| (c.to_owned(), v.to_owned())).collect()
    };
    rows.map(|(_, row)| cells(row.unwrap())).collect()
}

fn row(cells: &[(&str, &str)]) -> Row {
    let cells = cells.iter();
    cells
        .map(|(c, v)| ((*c).to_owned(), (*v).to_owned()))
        .collect()
}

fn from(text: &'static [u8], mapping: &str) -> callcsi::Result<Rows> {
    read_table_from("calls.csv", text, &Mapping::parse("m.toml", mapping)?)
}

fn extractor() -> Extractor {
    Extractor::new(AnalysisSettings::default()).unwrap()
}

/// What Excel in Russia saves: Windows-1251, semicolons, decimal commas. The bytes are those of
/// Python's `"…".encode("cp1251")`.
#[test]
fn a_table_of_a_russian_spreadsheet_is_read_by_its_mapping() {
    let mapping = r#"
        encoding = "windows-1251"
        delimiter = ";"
        decimal = ","
        kind = "features"
        [columns]
        call_id = { from = ["Дата", "Номер"], join = "/" }
        mark = "Оценка"
        queue_wait_s = { from = "Ждал, мин", unit = "min" }
        hold_total_s = { from = "Удержание", unit = "HH:MM:SS" }
        hold_share = { from = "Доля", unit = "%" }
        survey_status = { from = "Опрос", values = { "ответил" = "answered" }, otherwise = "no_response", absent = "not_invited" }
        recording_start = { from = "Начало", format = "%d.%m.%Y %H:%M", offset = "+03:00" }
        agent_channel = { value = "left" }
    "#;
    let text = "Дата;Номер;Оценка;Ждал, мин;Удержание;Доля;Опрос;Начало;Смена\r\n\
        03.05;17;5;1,5;0:01:35;12,5;ответил;03.05.2026 09:07;ночь\r\n\
        03.05;18;;;;;;;\r\n\
        03.05;19;;;;;бросил;;\r\n";
    let cp1251: Vec<u8> = text
        .chars()
        .map(|c| match c {
            'А'..='я' => (c as u32 - 0x410 + 0xC0) as u8,
            c => u8::try_from(c).unwrap(),
        })
        .collect();
    let utf16: Vec<u8> = std::iter::once('\u{feff}')
        .chain(text.chars())
        .flat_map(|c| (c as u16).to_le_bytes())
        .collect();
    let wanted = [
        row(&[
            ("agent_channel", "left"),
            ("call_id", "03.05/17"),
            ("hold_share", "0.125"),
            ("hold_total_s", "95"),
            ("mark", "5"),
            ("queue_wait_s", "90"),
            ("recording_start", "2026-05-03T09:07:00+03:00"),
            ("survey_status", "answered"),
            ("Смена", "ночь"),
        ]),
        row(&[
            ("agent_channel", "left"),
            ("call_id", "03.05/18"),
            ("survey_status", "not_invited"),
        ]),
        row(&[
            ("agent_channel", "left"),
            ("call_id", "03.05/19"),
            ("survey_status", "no_response"),
        ]),
    ];
    for (encoding, bytes) in [
        ("windows-1251", cp1251),
        ("utf-16", utf16),
        ("utf-8", text.into()),
    ] {
        let mapping = mapping.replace("windows-1251", encoding);
        let mapping = Mapping::parse("m.toml", &mapping).unwrap();
        let table = read_table_from("calls.csv", std::io::Cursor::new(bytes), &mapping).unwrap();
        assert_eq!(table.columns().last().unwrap(), "Смена");
        assert_eq!(rows(table), wanted, "{encoding}");
    }
}

#[test]
fn numbers_of_json_are_numbers_whatever_the_decimal_mark_of_text() {
    let mapping = "decimal = \",\"\n[columns]\nqueue_wait_s = { from = \"wait\", unit = \"ms\" }";
    let lines = b"{\"call_id\": 1, \"wait\": 1500.5, \"hold_total_s\": 2.5}\n\n{\"call_id\": 2, \"wait\": \"1500,5\", \"hold_total_s\": \"2,5\"}\n";
    let wanted = |id: &str| {
        row(&[
            ("queue_wait_s", "1.5005"),
            ("call_id", id),
            ("hold_total_s", "2.5"),
        ])
    };
    assert_eq!(
        rows(from(lines, mapping).unwrap()),
        [wanted("1"), wanted("2")]
    );
}

#[test]
fn what_is_wrong_with_a_mapping_names_its_line_and_the_likely_mistake() {
    let cases = [
        (
            "encodng = \"utf-8\"",
            "m.toml line 1 column 1",
            "is it encoding?",
        ),
        (
            "\nencoding = \"koi8-r\"",
            "m.toml line 2 column 12: encoding",
            "windows-1251",
        ),
        (
            "decimal = \"'\"",
            "m.toml line 1 column 11: decimal",
            "., ,",
        ),
        (
            "delimiter = \"ab\"",
            "m.toml line 1 column 13: delimiter",
            "one sign",
        ),
        (
            "delimiter = \",\"\ndecimal = \",\"",
            "m.toml line 1 column 1",
            "Excel",
        ),
        ("mark = \"Оценка\"", "m.toml line 1 column 1", "[columns]"),
        (
            "[columns]\nmark = [1]",
            "m.toml line 2 column 8: columns.mark",
            "a text",
        ),
        (
            "[columns]\nmark = {}",
            "m.toml line 2 column 1: columns.mark",
            "from, value or row_number",
        ),
        (
            "[columns]\nmark = { from = \"a\", value = 1 }",
            "m.toml line 2 column 1: columns.mark",
            "one of",
        ),
        (
            "[columns]\nmark = { form = \"a\" }",
            "m.toml line 2 column 10",
            "is it from?",
        ),
        (
            "[columns]\nmark = { from = [] }",
            "m.toml line 2 column 17: columns.mark.from",
            "a list of them",
        ),
        (
            "[columns]\nqueue_wait_s = { from = \"a\", unit = \"sec\" }",
            "m.toml line 2 column 37: columns.queue_wait_s.unit",
            "ms, s, min",
        ),
        (
            "[columns]\nqueue_wait = { from = \"a\", unit = \"ms\" }",
            "m.toml line 2 column 1: columns.queue_wait: unit",
            "queue_wait_s",
        ),
        (
            "[columns]\ntime = { from = \"a\", offset = \"MSK\" }",
            "m.toml line 2 column 31: columns.time.offset",
            "+03:00",
        ),
        ("[columns]\nmark = ", "m.toml line 2 column", "TOML"),
    ];
    for (mapping, place, told) in cases {
        let error = Mapping::parse("m.toml", mapping).unwrap_err();
        assert!(error.place().starts_with(place), "{error}\n{mapping}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_table_that_is_not_the_mappings_is_told() {
    let cases: [(&[u8], &str, &str, &str); 9] = [
        (
            b"call_id,otcenka\n",
            "mark = \"otsenka\"",
            "m.toml line 1 column 13: columns.mark",
            "is it \"otcenka\"?",
        ),
        (
            b"call_id;otcenka\n",
            "mark = \"mark2\"",
            "m.toml line 1 column 13: columns.mark",
            "one of call_id, otcenka",
        ),
        (b"id,mark\n", "", "calls.csv", "is the header missing"),
        (
            b"CallId,mark\n",
            "",
            "calls.csv",
            "is it \"CallId\"? say so in a mapping",
        ),
        (
            b"\xD0\x90;b\n",
            "encoding=\"windows-1251\"",
            "calls.csv",
            "another table's",
        ),
        (
            b"\xC0\x98;b\n",
            "encoding=\"windows-1251\"",
            "calls.csv",
            "0x98",
        ),
        (
            b"\xC0;b\n",
            "",
            "calls.csv",
            "name the encoding in a mapping",
        ),
        (b"\xFF\xFEa\0", "", "calls.csv", "encoding = \"utf-16\""),
        (b"PAR1", "", "calls.csv", "Parquet"),
    ];
    for (text, mapping, place, told) in cases {
        let mapping = match mapping.contains("encoding") {
            true => mapping.to_owned(),
            false => format!("columns = {{ {mapping} }}"),
        };
        let error = from(text, &mapping).unwrap_err();
        assert!(error.place().starts_with(place), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_cell_that_is_not_what_the_mapping_says_names_both_columns() {
    let cases: [(&'static [u8], &str, &str, &str); 5] = [
        (
            b"call_id,Wait\n\na,1:30\n",
            "queue_wait_s = { from = \"Wait\", unit = \"s\" }",
            "Wait (queue_wait_s)",
            "hh:mm:ss",
        ),
        (
            b"call_id,st\na,anwered\n",
            "survey_status = { from = \"st\", values = { \"answered\" = \"answered\" } }",
            "st (survey_status)",
            "is it \"answered\"?",
        ),
        (
            b"call_id,st\na,x\n",
            "survey_status = { from = \"st\", values = { \"answered\" = \"answered\" } }",
            "st (survey_status)",
            "otherwise",
        ),
        (
            b"call_id,p\na,12.5\n",
            "hold_share = \"p\"",
            "p (hold_share)",
            "is the unit \"percent\"?",
        ),
        (
            b"call_id,t\na,2026\n",
            "time = { from = \"t\", format = \"%d.%m.%Y\" }",
            "t (time)",
            "%d.%m.%Y",
        ),
    ];
    for (text, mapping, column, told) in cases {
        let mut table = from(text, &format!("[columns]\n{mapping}")).unwrap();
        let (line, row) = table.next().unwrap();
        let error = row.unwrap_err();
        assert_eq!(error.place(), column);
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(table.place(line), format!("calls.csv line {line}"));
    }
    let mapping = "decimal = \",\"\n";
    let error = from(b"call_id;queue_wait_s\na;1.234\n", mapping)
        .unwrap()
        .next()
        .unwrap()
        .1
        .unwrap_err();
    assert_eq!(error.place(), "queue_wait_s");
    assert!(error.to_string().contains("thousands"), "{error}");
}

#[test]
fn a_manifest_and_a_table_of_facts_go_through_a_mapping() {
    let folder = Folder::new("manifest");
    let mapping = "[columns]\ncall_id = \"id\"\nqueue_wait_s = { from = \"w\", unit = \"ms\" }\n";
    let mapping = Mapping::parse("m.toml", mapping).unwrap();
    let csv = folder.write("calls.csv", "id,w,team\na,2500,x\n");
    let lines = folder.write(
        "calls.jsonl",
        "{\"id\": \"a\", \"w\": 2500, \"team\": \"x\"}\n",
    );
    for path in [csv, lines] {
        let options = ManifestOptions::default();
        let mut manifest = Manifest::open_mapped(&path, options, &mapping).unwrap();
        let call = manifest.next().unwrap().row.unwrap();
        assert_eq!(call.id.as_str(), "a");
        assert_eq!(call.metadata.queue.unwrap().wait.unwrap().seconds(), 2.5);
        assert_eq!(call.metadata.extra["team"], "x");
    }
    let facts = folder.write("facts.csv", "id,w\nb,1000\n");
    std::fs::create_dir_all(folder.0.join("calls")).unwrap();
    folder.write("calls/b.wav", "");
    let options = || ManifestOptions {
        agent_channel: Some(callcsi::call::AgentChannel::Left),
        facts: Some(facts.clone()),
        ..ManifestOptions::default()
    };
    let mut manifest = Manifest::open_mapped(folder.0.join("calls"), options(), &mapping).unwrap();
    let call = manifest.next().unwrap().row.unwrap();
    assert_eq!(call.metadata.queue.unwrap().wait.unwrap().seconds(), 1.0);
    let other = Mapping::parse("m.toml", "[columns]\ncall_id = \"id\"\nmark = \"ww\"\n").unwrap();
    let error = Manifest::open_mapped(folder.0.join("calls"), options(), &other).unwrap_err();
    assert_eq!(
        (error.kind(), error.hint_text()),
        (ErrorKind::Mismatch, Some("is it \"w\"?"))
    );
}

#[test]
fn a_foreign_table_of_features_is_labelled_with_time_group_and_survey() {
    let folder = Folder::new("features");
    let csv = folder.write(
        "table.csv",
        "wait,score,st,client,agent,when,note\n\
         4,5,answered,c1,o1,2026-05-03,x\n\
         90,1,answered,c2,o2,2026-05-04 10:00:00,\n\
         ,,silent,c2,o2,2026-05-05,\n\
         ,3,broken,c3,o1,2026-05-06,\n\
         x,4,answered,c3,o1,2026-05-06,\n",
    );
    let mapping = r#"kind = "features"
        [columns]
        call_id = { row_number = true }
        mark = "score"
        queue_wait_s = "wait"
        time = "when"
        survey_status = { from = "st", values = { answered = "answered", silent = "no_response", broken = "invalid" } }
    "#;
    let mut options = LabelledOptions::default();
    options.mapping = Mapping::parse("m.toml", mapping).unwrap();
    (options.group, options.by) = (Some("client".into()), Some("agent".into()));
    let mut seen = 0;
    let count = || seen += 1;
    let read = read_labelled_watched(&csv, &options, &extractor(), Threads::Inline, count).unwrap();
    assert_eq!(seen, 5);
    assert!(read.silent.is_empty());
    let told: Vec<_> = (read.calls.iter())
        .map(|c| (c.id.as_str(), c.mark, c.group.as_deref(), c.by.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("1", 5, Some("c1"), Some("o1")),
            ("2", 1, Some("c2"), Some("o2"))
        ]
    );
    // From midnight of one day to ten of the next.
    let hours = (read.calls[1].time.unwrap() - read.calls[0].time.unwrap()) / 3_600_000_000_000;
    assert_eq!(hours, 34);
    let wait = read.calls[1]
        .features
        .get("queue_wait_s")
        .unwrap()
        .as_ref()
        .unwrap();
    assert_eq!(*wait, callcsi::features::Value::Number(90.0));
    assert_eq!(read.unlabelled, 2);
    assert_eq!(
        (
            read.survey.answered,
            read.survey.no_response,
            read.survey.invalid
        ),
        (3, 1, 1)
    );
    assert_eq!(read.survey.response_rate(), Some(0.6));
    assert_eq!(read.failed.len(), 1);
    assert_eq!(read.failed[0].place(), "table.csv line 6: queue_wait_s");
    // Who was asked in vain can be measured as well; a broken answer is none of these.
    options.silent = true;
    let read = read_labelled_with(&csv, &options, &extractor(), Threads::Inline).unwrap();
    assert_eq!(
        (read.silent.len(), read.calls.len(), read.unlabelled),
        (1, 2, 2)
    );
    assert!(read.silent[0].get("queue_wait_s").unwrap().is_err());

    for column in ["agnt", "note"] {
        options.by = Some(column.to_owned());
        let read = read_labelled_with(&csv, &options, &extractor(), Threads::Inline);
        match column {
            // One value is enough.
            "note" => assert_eq!(read.unwrap().calls[1].by, None),
            _ => assert_eq!(read.unwrap_err().place(), "agnt"),
        }
    }
    let csv = folder.write("none.csv", "call_id,mark,queue_wait_sec\na,5,1\n");
    let options = {
        let mut options = LabelledOptions::default();
        options.mapping = Mapping::features();
        options
    };
    let error = read_labelled_with(&csv, &options, &extractor(), Threads::Inline).unwrap_err();
    assert_eq!(
        error.hint_text(),
        Some("is \"queue_wait_sec\" the feature queue_wait_s?")
    );
}

#[test]
fn a_column_that_no_json_row_has_is_told_at_the_end() {
    let folder = Folder::new("unseen");
    let lines = folder.write(
        "t.jsonl",
        "{\"call_id\": 1, \"queue_wait_s\": 4, \"score\": 5}\n",
    );
    let mut options = LabelledOptions::default();
    let mapping = "kind = \"features\"\n[columns]\nmark = \"scor\"\n";
    options.mapping = Mapping::parse("m.toml", mapping).unwrap();
    let error = read_labelled_with(&lines, &options, &extractor(), Threads::Inline).unwrap_err();
    assert_eq!(error.place(), "m.toml line 3 column 1: columns.mark");
}

/// The same calls as results in each format.
#[test]
fn results_read_back_alike_from_every_format() {
    let folder = Folder::new("results");
    let words = |who: &str, count: usize| -> String {
        let words: Vec<String> = (0..count)
            .map(|i| {
                format!(r#"{{"start": {i}, "end": {i}.5, "word": "слово", "speaker": "{who}"}}"#)
            })
            .collect();
        words.join(",")
    };
    folder.write("t.json", format!(r#"{{"words": [{}]}}"#, words("agent", 9)));
    let manifest = folder.write(
        "calls.csv",
        "call_id,duration_s,queue_wait_s,ivr_status,hold_count,mark,survey_status,operator_id,recording_start\n\
         a,60,12.125,completed,0,5,answered,\"o|1\"\"\",2026-05-03T09:00:00+03:00\n\
         b,60,,,,1,,оператор 2,2026-05-03T10:00:00+03:00\n\
         c,-1,,,,2,,o3,\n\
         d,30,7,,2,,no_response,o3,\n",
    );
    let (model, keep) = (SCORER.predictor().model(), ["operator_id".to_owned()]);
    let write = |sink: &mut dyn Sink| {
        let calls = Manifest::open(&manifest, ManifestOptions::default()).unwrap();
        score_all(
            &SCORER,
            calls,
            Threads::Inline,
            &std::sync::atomic::AtomicBool::new(false),
            |outcome| sink.write(&outcome),
        )
        .unwrap();
        sink.flush().unwrap();
    };
    let (mut csv, mut lines) = (Vec::new(), Vec::new());
    write(&mut CsvSink::new(&mut csv, model, &keep).unwrap());
    write(&mut JsonSink::new(&mut lines, model, &keep).unwrap());
    let mut tables = vec![folder.write("r.csv", &csv), folder.write("r.jsonl", &lines)];
    #[cfg(feature = "parquet")]
    {
        let mut parquet = Vec::new();
        write(&mut ParquetSink::new(&mut parquet, model, &keep).unwrap());
        // What a run that may be broken off makes of its rows at the end is the same file.
        let packed = folder.0.join("packed.parquet");
        pack(&tables[0], &packed, model, &keep).unwrap();
        assert!(std::fs::read(packed).unwrap() == parquet, "another file");
        let other = pack(&tables[0], &folder.0.join("p"), model, &[]).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::IllFormed, "{other}");
        tables.push(folder.write("r.parquet", parquet));
        // The same cells as CSV: equal as numbers where they are numbers.
        let [csv, parquet] = [&tables[0], &tables[2]].map(|path| read_table(path).unwrap());
        assert_eq!(csv.columns(), parquet.columns());
        assert_eq!(rows(csv), rows(parquet));
    }
    tables.push(manifest.clone());
    let mut options = LabelledOptions::default();
    options.by = Some("operator_id".to_owned());
    let reference = read_labelled_with(&tables[0], &options, SCORER.extractor(), Threads::Inline);
    let reference = reference.unwrap();
    assert_eq!(
        (
            reference.calls.len(),
            reference.failed.len(),
            reference.unlabelled
        ),
        (2, 1, 1)
    );
    for path in &tables {
        let read = read_labelled_with(path, &options, SCORER.extractor(), Threads::Inline).unwrap();
        let wanted = SurveyCounts {
            answered: 3,
            by_mark: 2,
            no_response: 1,
            ..SurveyCounts::default()
        };
        assert_eq!(read.survey, wanted, "{}", path.display());
        let told = (read.failed.len(), read.unlabelled);
        assert_eq!(told, (1, 1), "{}", path.display());
        for (a, b) in read.calls.iter().zip(&reference.calls) {
            assert_eq!((&a.id, a.mark, &a.by), (&b.id, b.mark, &b.by));
            for ((feature, x), (_, y)) in a.features.iter().zip(b.features.iter()) {
                assert_eq!(
                    x.as_ref().ok(),
                    y.as_ref().ok(),
                    "{} {}",
                    feature.name,
                    path.display()
                );
            }
            // A manifest predicts nothing, and alone tells when.
            match path == &manifest {
                true => assert!(a.time.is_some() && a.predicted.csi.is_none()),
                false => assert_eq!(
                    (a.predicted, b.predicted.csi.is_some()),
                    (b.predicted, true)
                ),
            }
        }
    }
}

/// Cells that every format can hold: text without spaces around it that is no number, and numbers.
fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        "[a-zа-яё\"',;\\\\|{}\u{1F600}]([a-zа-яё \"',;\\\\|{}\n]{0,8}[a-zё\"';])?".prop_map(Some),
    ]
}

fn number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        prop::num::f64::NORMAL.prop_map(Some),
        (-1e6..1e6_f64).prop_map(Some)
    ]
}

type Made = (
    Vec<(Option<String>, Option<f64>, Option<i64>, Option<bool>)>,
    String,
);

fn table() -> impl Strategy<Value = Made> {
    let row = (
        cell(),
        number(),
        prop::option::of(any::<i64>()),
        prop::option::of(any::<bool>()),
    );
    (prop::collection::vec(row, 0..40), "[a-zа-я]{1,8}_x")
}

fn wanted((rows, name): &Made) -> Vec<Row> {
    let rows = rows
        .iter()
        .enumerate()
        .map(|(i, (text, number, whole, flag))| {
            let flag = flag.map(|f| if f { "1" } else { "0" }.to_owned());
            let cells = [
                ("call_id", Some(i.to_string())),
                (name.as_str(), text.clone()),
                ("number", number.map(|x| x.to_string())),
                ("whole", whole.map(|x| x.to_string())),
                ("flag", flag),
            ];
            let cells = cells
                .into_iter()
                .filter_map(|(c, v)| Some((c.to_owned(), v?)));
            cells.collect()
        });
    rows.collect()
}

fn as_csv((rows, name): &Made) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["call_id", name, "number", "whole", "flag"])
        .unwrap();
    for (i, (text, number, whole, flag)) in rows.iter().enumerate() {
        let flag = flag.map(|f| if f { "1" } else { "0" }.to_owned());
        let cells = [
            Some(i.to_string()),
            text.clone(),
            number.map(|x| x.to_string()),
            whole.map(|x| x.to_string()),
            flag,
        ];
        writer
            .write_record(cells.map(Option::unwrap_or_default))
            .unwrap();
    }
    writer.into_inner().unwrap()
}

fn as_json((rows, name): &Made) -> Vec<u8> {
    let mut lines = Vec::new();
    for (i, (text, number, whole, flag)) in rows.iter().enumerate() {
        let row = serde_json::json!({
            "call_id": i, name.as_str(): text, "number": number, "whole": whole, "flag": flag,
        });
        lines.extend(row.to_string().into_bytes());
        lines.push(b'\n');
    }
    lines
}

/// Numbers as they read, whatever they are spelt like: JSON has 1e300 where CSV has all digits.
fn numbers_as_values(mut rows: Vec<Row>) -> Vec<Row> {
    for (column, value) in rows.iter_mut().flatten() {
        if column == "number" {
            *value = value.parse::<f64>().unwrap().to_string();
        }
    }
    rows
}

proptest! {
    #[test]
    fn a_table_reads_back_equal_from_every_format(made in table()) {
        let mapping = Mapping::default();
        let wanted = wanted(&made);
        let read = |bytes: Vec<u8>| {
            let table = read_table_from("t", std::io::Cursor::new(bytes), &mapping);
            numbers_as_values(rows(table.unwrap()))
        };
        prop_assert_eq!(&read(as_csv(&made)), &wanted);
        if !made.0.is_empty() {
            prop_assert_eq!(&read(as_json(&made)), &wanted);
        }
        #[cfg(feature = "parquet")]
        {
            let folder = Folder::new("property");
            let path = folder.write("t.parquet", parquet_files::of(&made));
            prop_assert_eq!(&numbers_as_values(rows(read_table(&path).unwrap())), &wanted);
        }
    }

    #[test]
    fn no_bytes_panic_in_a_mapping(text in ".{0,80}", keys in "(encoding|decimal|[columns]|a|=|\"|\\{|\\}|from|unit|ms|,|\n| ){0,30}") {
        let _ = Mapping::parse("m", &text);
        let _ = Mapping::parse("m", &keys);
    }

    /// Any bytes as a table under mappings that use every key.
    #[test]
    fn no_bytes_panic_in_a_mapped_table(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), prop::sample::select(b"a;,\n\"{}:1.0 \xFF\xFE".to_vec())
        ], 0..120),
        encoding in prop::sample::select(vec!["utf-8", "windows-1251", "utf-16", "utf-16be"]),
        header in any::<bool>(),
    ) {
        let text = format!(r#"
            encoding = "{encoding}"
            decimal = ","
            delimiter = ";"
            [columns]
            call_id = {{ row_number = true }}
            queue_wait_s = {{ from = "a", unit = "hh:mm:ss" }}
            time = {{ from = "a", format = "%d.%m", offset = "Z" }}
            mark = {{ from = ["a", "b"], values = {{ x = 1 }}, otherwise = 2, absent = 3 }}
        "#);
        let mapping = Mapping::parse("m", &text).unwrap();
        let start: &[u8] = if header { b"a;b\n" } else { b"" };
        let bytes = [start, &bytes].concat();
        if let Ok(mut table) = read_table_from("t", std::io::Cursor::new(bytes), &mapping) {
            for (line, row) in table.by_ref().take(200) {
                let _ = (line, row.map(|row| row.iter().count()));
            }
            let _ = table.check_columns();
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_with_the_feature_that_reads_it() {
    let folder = Folder::new("no-parquet");
    let error = read_table(&folder.write("t.parquet", b"PAR1....PAR1")).unwrap_err();
    assert_eq!(
        (error.kind(), error.hint_text()),
        (
            ErrorKind::Unsupported,
            Some("build with --features parquet")
        )
    );
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use super::*;
    use parquet::data_type::*;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// The values there are, and for each row whether there is one.
    fn column<T: Clone>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
        let values: Vec<Option<T>> = values.collect();
        let levels = values.iter().map(|v| i16::from(v.is_some())).collect();
        (values.into_iter().flatten().collect(), levels)
    }

    /// Writes a table, in groups of 16 rows, so that rows lie in several.
    pub fn of((rows, name): &Made) -> Vec<u8> {
        let schema = format!(
            "message t {{ required int64 call_id; optional binary {name} (STRING); \
             optional double number; optional int64 whole; optional boolean flag; }}"
        );
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let properties = Arc::new(WriterProperties::builder().build());
        let mut file = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut id = 0;
        for rows in rows.chunks(16) {
            let mut group = file.next_row_group().unwrap();
            macro_rules! write {
                ($kind:ty, $values:expr, $levels:expr) => {{
                    let mut column = group.next_column().unwrap().unwrap();
                    column
                        .typed::<$kind>()
                        .write_batch(&$values, $levels, None)
                        .unwrap();
                    column.close().unwrap();
                }};
            }
            let ids: Vec<i64> = rows
                .iter()
                .map(|_| {
                    id += 1;
                    id - 1
                })
                .collect();
            write!(Int64Type, ids, None);
            let (values, levels) = column(rows.iter().map(|r| r.0.as_deref().map(ByteArray::from)));
            write!(ByteArrayType, values, Some(&levels));
            let (values, levels) = column(rows.iter().map(|r| r.1));
            write!(DoubleType, values, Some(&levels));
            let (values, levels) = column(rows.iter().map(|r| r.2));
            write!(Int64Type, values, Some(&levels));
            let (values, levels) = column(rows.iter().map(|r| r.3));
            write!(BoolType, values, Some(&levels));
            group.close().unwrap();
        }
        file.into_inner().unwrap()
    }

    fn sample() -> Vec<u8> {
        let row = |i: i64| (Some(format!("r{i}")), Some(0.5), Some(i), Some(true));
        of(&((0..600).map(row).collect(), "name_x".to_owned()))
    }

    #[test]
    fn a_damaged_file_is_an_error_and_never_a_panic() {
        let (folder, sound) = (Folder::new("damaged"), sample());
        let mut refused = 0;
        for step in 0..400 {
            let mut bytes = sound.clone();
            // One byte after the other, from the directory at the end to the pages at the start.
            let at = bytes.len() - 1 - step * bytes.len() / 400;
            bytes[at] ^= 1 << (step % 8);
            let path = folder.write("t.parquet", bytes);
            match read_table(&path) {
                Ok(table) => refused += usize::from(table.take(2_000).any(|(_, row)| row.is_err())),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 100, "{refused}");
        for cut in [4, 8, 40, sound.len() / 2, sound.len() - 1] {
            let error = read_table(&folder.write("t.parquet", &sound[..cut])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IllFormed, "{error}");
        }
    }

    #[test]
    fn nested_columns_are_refused_by_name_and_rows_have_numbers() {
        let folder = Folder::new("nested");
        let schema = "message t { required int64 call_id; optional group tags (LIST) { \
            repeated group list { optional int64 element; } } }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = Arc::new(WriterProperties::builder().build());
        let file = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let path = folder.write("t.parquet", file.into_inner().unwrap());
        let error = read_table(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("column tags"), "{error}");
        assert!(error.to_string().contains("t.parquet"), "{error}");

        let mut table = read_table(&folder.write("t.parquet", sample())).unwrap();
        assert_eq!(table.columns()[1], "name_x");
        let (number, row) = table.by_ref().nth(599).unwrap();
        assert_eq!(
            (number, table.place(number)),
            (600, "t.parquet row 600".to_owned())
        );
        assert_eq!(row.unwrap().get("name_x"), Some("r599"));
        assert!(table.next().is_none());
    }

    /// The folder that `tests/oracle/tables.py` writes to and reads from.
    fn oracle() -> std::path::PathBuf {
        let folder = std::env::var_os("CALLCSI_TABLES");
        folder
            .expect("CALLCSI_TABLES names the folder of tests/oracle/tables.py")
            .into()
    }

    #[test]
    #[ignore = "needs pyarrow: see tests/oracle/tables.py"]
    fn files_of_pyarrow_are_read() {
        let wanted = row(&[
            ("call_id", "к-1"),
            ("слово", "a, \"b\""),
            ("category", "x"),
            ("i8", "-7"),
            ("u32", "4294967295"),
            ("u64", "18446744073709551615"),
            ("f32", "0.1"),
            ("f64", "0.1"),
            ("flag", "1"),
            ("date", "2026-05-03"),
            ("local_us", "2026-05-03T09:07:00.25"),
            ("moscow_ns", "2026-05-03T06:07:00.25Z"),
            ("time_ms", "01:02:03"),
            ("money", "-12.50"),
        ]);
        let mut codecs = vec!["none", "snappy", "gzip"];
        if cfg!(feature = "parquet-zstd") {
            codecs.push("zstd");
        }
        let read = |name: &str| read_table(&oracle().join(name));
        for codec in &codecs {
            for version in ["1.0", "2.0"] {
                let found = rows(read(&format!("{codec}-{version}.parquet")).unwrap());
                assert_eq!(
                    found,
                    [wanted.clone(), row(&[("call_id", "к-2")])],
                    "{codec} {version}"
                );
            }
        }
        for (name, told) in [
            ("brotli-1.0", "compression=\"snappy\""),
            ("zstd-1.0", "--features parquet-zstd"),
            ("nested", "column tags"),
        ] {
            match read(&format!("{name}.parquet")) {
                Ok(_) => assert!(name.starts_with("zstd") && codecs.contains(&"zstd")),
                Err(error) => assert!(error.to_string().contains(told), "{error}"),
            }
        }
        let old = rows(read("int96.parquet").unwrap());
        assert!(
            old[0].contains(&("local_us".into(), "2026-05-03T09:07:00.25".into())),
            "{old:?}"
        );
        let pandas = rows(read("pandas.parquet").unwrap());
        let first = [("call_id", "a"), ("mark", "5"), ("queue_wait_s", "1.5")];
        assert_eq!(pandas, [row(&first), row(&[("call_id", "b")])]);
    }

    /// More rows than a group holds.
    #[test]
    #[ignore = "needs pyarrow: see tests/oracle/tables.py"]
    fn files_for_pyarrow_are_written() {
        let folder = Folder::new("oracle");
        let mut manifest = "call_id,duration_s,queue_wait_s,ivr_status,mark,team\n".to_owned();
        for i in 0..4_200 {
            let duration = if i % 50 == 0 { -1 } else { 60 + i };
            let (wait, mark) = (f64::from(i) / 7.0, i % 5 + 1);
            manifest += &format!("звонок {i},{duration},{wait},,{mark},\"a;\"\"{i}\"\n");
        }
        let manifest = folder.write("calls.csv", manifest);
        let (model, keep) = (SCORER.predictor().model(), ["team".to_owned()]);
        let make = |name: &str| std::fs::File::create(oracle().join(name)).unwrap();
        let mut csv = CsvSink::new(make("results.csv"), model, &keep).unwrap();
        let mut parquet = ParquetSink::new(make("results.parquet"), model, &keep).unwrap();
        let calls = Manifest::open(&manifest, ManifestOptions::default()).unwrap();
        score_all(
            &SCORER,
            calls,
            Threads::Inline,
            &std::sync::atomic::AtomicBool::new(false),
            |outcome| {
                csv.write(&outcome)?;
                parquet.write(&outcome)
            },
        )
        .unwrap();
        csv.flush().unwrap();
        parquet.flush().unwrap();
        let one = std::fs::metadata(oracle().join("results.parquet"))
            .unwrap()
            .len();
        parquet.flush().unwrap();
        assert_eq!(
            std::fs::metadata(oracle().join("results.parquet"))
                .unwrap()
                .len(),
            one
        );
    }
}
