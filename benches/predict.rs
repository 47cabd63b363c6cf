//! Training and predicting on tables of numbers, some of them absent.
//!
//! `cargo bench --bench predict`. Uses the first 40 numbers of the catalogue, or as many as it has.

use callcsi::call::CallId;
use callcsi::features::{Absence, FeatureVector, Kind, Value, catalogue};
use callcsi::model::{
    ColumnValues, Example, LabelScale, Predictor, TrainOptions, Validation, train,
};
use callcsi::settings::AnalysisSettings;
use divan::Bencher;
use divan::counter::ItemsCount;

const FEATURES: usize = 40;
const ROWS: usize = 10_000;

fn main() {
    println!("{} features", names().len());
    divan::main();
}

fn names() -> Vec<&'static str> {
    let numbers = catalogue().iter().filter(|f| f.kind == Kind::Number);
    numbers.map(|f| &f.name[..]).take(FEATURES).collect()
}

/// Calls whose values follow one hidden mood and noise of their own; one value in ten is absent.
fn calls(rows: usize) -> Vec<(FeatureVector, i64)> {
    let names = names();
    let mut state = 1_u64;
    let mut uniform = || {
        // Knuth's MMIX generator; the high bits are good enough for a table.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut call = || {
        let mood = uniform() - 0.5;
        let mut values = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            let value = uniform() + mood * (i % 7) as f64 / 3.0;
            if uniform() > 0.1 {
                values.push((*name, Value::Number(value)));
            }
        }
        let features = FeatureVector::from_named(values, Absence::NoRecording);
        let mark = (3.5 + 3.0 * mood + 2.0 * (uniform() - 0.5)).round() as i64;
        (
            features.expect("features of the catalogue"),
            mark.clamp(1, 5),
        )
    };
    (0..rows).map(|_| call()).collect()
}

fn examples(calls: &[(FeatureVector, i64)]) -> Vec<Example<'_>> {
    calls
        .iter()
        .enumerate()
        .map(|(i, (features, mark))| Example::new(CallId::new(format!("{i:06}")), features, *mark))
        .collect()
}

fn options() -> TrainOptions {
    let mut options = TrainOptions::default();
    options.features = names().into_iter().map(String::from).collect();
    // The invented values go below 0.
    options.log1p.clear();
    options.validation = Validation::None;
    options
}

#[divan::bench]
fn predict(bencher: Bencher) {
    let calls = calls(1_000);
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let model = train(&examples(&calls), &label, &settings, &options()).expect("a model");
    let predictor = Predictor::new(model);
    let mut next = calls.iter().cycle();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let (features, _) = next.next().expect("a cycle has no end");
        predictor.predict(divan::black_box(features))
    });
}

/// The same calls by columns, without reasons.
#[divan::bench]
fn predict_columns(bencher: Bencher) {
    let calls = calls(ROWS);
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let model = train(&examples(&calls[..1_000]), &label, &settings, &options()).expect("a model");
    let predictor = Predictor::new(model);
    let column = |name: &str| -> Vec<f64> {
        let value = |(features, _): &(FeatureVector, i64)| match features.get(name) {
            Some(Ok(Value::Number(x))) => *x,
            _ => f64::NAN,
        };
        calls.iter().map(value).collect()
    };
    let columns: Vec<(&str, Vec<f64>)> = names().iter().map(|n| (*n, column(n))).collect();
    let given: Vec<(&str, ColumnValues<'_>)> = (columns.iter())
        .map(|(name, values)| (*name, ColumnValues::Numbers(values)))
        .collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        predictor
            .predict_columns(ROWS, divan::black_box(&given))
            .expect("columns")
    });
}

/// Encoding and one fit, nothing held out.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn train_10_000(bencher: Bencher) {
    let calls = calls(ROWS);
    let examples = examples(&calls);
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| train(&examples, &label, &settings, &options()).expect("a model"));
}
