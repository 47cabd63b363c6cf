//! The report of a stored table beside scikit-learn's, and of tables that are hardly any.

use super::*;
use callcsi::ErrorKind;
use callcsi::batch::{LabelledOptions, Mapping, Threads, read_labelled_with};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use std::path::{Path, PathBuf};

fn labelled(path: &Path, by: Option<&str>) -> Labelled {
    let mut options = LabelledOptions::default();
    options.mapping = Mapping::features();
    options.by = by.map(str::to_owned);
    let extractor = Extractor::new(AnalysisSettings::default()).unwrap();
    read_labelled_with(path, &options, &extractor, Threads::Inline).unwrap()
}

fn choices(by: Option<&str>) -> Choices {
    Choices {
        table: "table.csv".to_owned(),
        scale: LabelScale::ONE_TO_FIVE,
        threshold: 0.5,
        resamples: Some(40),
        by: by.map(str::to_owned),
        min_rows: 5,
    }
}

fn of_text(text: &str) -> std::result::Result<Report, Box<dyn std::error::Error>> {
    let name = format!("callcsi-evaluate-{}-{:p}", std::process::id(), text);
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    let read = labelled(&path, None);
    std::fs::remove_file(&path).unwrap();
    Report::of(&read, None, choices(None))
}

#[derive(serde::Deserialize)]
struct Oracle {
    rows: u64,
    satisfied: BTreeMap<String, f64>,
    dissatisfied: BTreeMap<String, f64>,
    marks: BTreeMap<String, f64>,
    groups: BTreeMap<String, f64>,
    constant: BTreeMap<String, BTreeMap<String, f64>>,
    reliability: Vec<(u64, Option<f64>, Option<f64>)>,
    thresholds: Vec<BTreeMap<String, Vec<f64>>>,
}

/// Made by `tests/oracle/evaluate.py` with scikit-learn, scipy and numpy, of the table beside it.
#[test]
fn a_stored_table_has_the_figures_of_scikit_learn() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let oracle = std::fs::read_to_string(folder.join("evaluate.json")).unwrap();
    let oracle: Oracle = serde_json::from_str(&oracle).unwrap();
    let read = labelled(&folder.join("evaluate.csv"), Some("operator_id"));
    let report = Report::of(&read, None, choices(Some("operator_id"))).unwrap();
    assert_eq!(report.evaluated, oracle.rows);
    let near = |found: Option<f64>, wanted: f64, name: &str| {
        let found = found.unwrap();
        assert!((found - wanted).abs() < 1e-9, "{name}: {found} {wanted}");
    };
    let groups = report.groups.as_ref().unwrap();
    let tables = [
        (
            "satisfied",
            &report.satisfied.as_ref().unwrap().figures,
            &oracle.satisfied,
        ),
        (
            "dissatisfied",
            &report.dissatisfied.as_ref().unwrap().figures,
            &oracle.dissatisfied,
        ),
        ("marks", report.marks.as_ref().unwrap(), &oracle.marks),
        ("groups", &groups.figures, &oracle.groups),
    ];
    for (table, figures, wanted) in tables {
        assert_eq!(figures.len(), wanted.len(), "{table}");
        for figure in figures {
            near(figure.value, wanted[figure.name], figure.name);
            let (low, high) = (figure.low.unwrap(), figure.high.unwrap());
            assert!(low <= high, "{figure:?}");
            match oracle.constant[table].get(figure.name) {
                Some(&wanted) => near(figure.constant, wanted, figure.name),
                None => assert_eq!(figure.constant, None, "{table} {}", figure.name),
            }
        }
    }
    for (bin, (rows, predicted, observed)) in report.reliability.iter().zip(&oracle.reliability) {
        assert_eq!(
            (bin.rows, bin.predicted.is_some()),
            (*rows, predicted.is_some())
        );
        if let (Some(predicted), Some(observed)) = (predicted, observed) {
            near(bin.predicted, *predicted, "mean probability");
            near(bin.observed, *observed, "share");
        }
    }
    assert_eq!(
        (report.reliability.len(), report.thresholds.len()),
        (10, oracle.thresholds.len())
    );
    for (found, wanted) in report.thresholds.iter().zip(&oracle.thresholds) {
        for (class, called) in [
            ("satisfied", &found.satisfied),
            ("dissatisfied", &found.dissatisfied),
        ] {
            let called = called.as_ref().unwrap();
            let [count, precision, recall, f1] = wanted[class][..] else {
                panic!("four figures")
            };
            assert_eq!(called.called as f64, count);
            near(called.precision.or(Some(0.0)), precision, "precision");
            near(called.recall, recall, "recall");
            near(called.f1, f1, "f1");
        }
    }
}

#[test]
fn one_class_no_call_no_prediction_and_a_wrong_scale_are_told() {
    let one = of_text("call_id,mark,csi,satisfied\na,5,4.5,0.9\nb,4,4.0,0.8\n").unwrap();
    let area = |class: &Option<Class>| {
        let figures = &class.as_ref().unwrap().figures;
        figures.iter().find(|f| f.name == "roc_auc").unwrap().value
    };
    assert_eq!(
        (area(&one.satisfied), area(&one.dissatisfied)),
        (None, None)
    );
    assert!(
        one.notes
            .iter()
            .any(|n| n.contains("every customer is satisfied"))
    );
    assert!(
        one.notes
            .iter()
            .any(|n| n.contains("no customer is dissatisfied"))
    );
    for print in [crate::print::text, crate::print::markdown] {
        assert!(!print(&one).contains("NaN"));
    }

    let none = of_text("call_id,mark,survey_status,csi\na,,no_response,4.5\n").unwrap();
    assert_eq!((none.evaluated, none.survey.no_response), (0, 1));
    assert_eq!(none.survey.response_rate, Some(0.0));
    for print in [crate::print::text, crate::print::markdown] {
        assert!(print(&none).contains("0 calls with a mark"));
    }

    let lacking = of_text("call_id,mark,csi,satisfied\na,5,4.5,0.9\nb,4,,\n").unwrap();
    assert_eq!(lacking.evaluated, 1);
    assert!(
        lacking
            .notes
            .iter()
            .any(|n| n.contains("1 calls with a mark have no prediction"))
    );

    let low = of_text("call_id,mark,csi,satisfied\na,3,4.5,0.9\nb,1,4,0.2\n").unwrap();
    let told = "the highest mark is 3 of 5";
    assert!(
        low.notes.iter().any(|n| n.contains(told)),
        "{:?}",
        low.notes
    );
    assert_eq!(low.survey.response_rate, None);

    let error = of_text("call_id,mark,csi\na,9,4.5\nb,4,4\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("1 of 2 marks are off the scale; call a"),
        "{error}"
    );
    assert!(error.to_string().contains("up to 10"), "{error}");

    let error = of_text("call_id,mark,queue_wait_s\na,5,4.5\n").unwrap_err();
    assert!(error.to_string().contains("give --model"), "{error}");
}

#[test]
fn the_bundled_model_judges_a_table_of_features_and_names_what_it_lacks() {
    let table = "call_id,mark,queue_wait_s\na,5,4\nb,1,400\nc,4,30\n";
    let path = std::env::temp_dir().join(format!("callcsi-evaluate-{}", std::process::id()));
    std::fs::write(&path, table).unwrap();
    let read = labelled(&path, None);
    std::fs::remove_file(&path).unwrap();
    let predictor = Predictor::builtin().unwrap();
    let report = Report::of(&read, Some(&predictor), choices(None)).unwrap();
    assert_eq!(report.evaluated, 3);
    let lacks = report
        .notes
        .iter()
        .find(|n| n.contains("features have no value"));
    assert!(lacks.is_some(), "{:?}", report.notes);
    let area = report.satisfied.unwrap().figures[1].value;
    // The longest wait is the least satisfied customer.
    assert_eq!(area, Some(1.0));
}

#[test]
fn a_choice_out_of_range_is_an_error() {
    let read = Labelled::default();
    let mut wrong = choices(None);
    wrong.resamples = Some(3);
    // Nothing is evaluated, so nothing is drawn.
    assert!(Report::of(&read, None, wrong).is_ok());
    let text = "call_id,mark,csi,satisfied\na,5,4.5,1.9\n";
    let path = std::env::temp_dir().join(format!("callcsi-evaluate-range-{}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let read = labelled(&path, None);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.failed[0].kind(), ErrorKind::Invalid);
}
