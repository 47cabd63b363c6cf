//! The encoder and the fit against scikit-learn: `tests/oracle/logistic.py` makes the table and
//! the expected values.

use super::CONVERGED;
use super::learn::{EncodingChoice, Row, learn};
use super::testing::{number, vector, word};
use super::train::train;
use super::{Example, LabelScale, Predictor, TrainOptions};
use crate::call::CallId;
use crate::features::{FeatureVector, Value};
use crate::settings::AnalysisSettings;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Oracle {
    features: Vec<String>,
    log1p: Vec<String>,
    level_min_count: u64,
    marks: Vec<i64>,
    table: BTreeMap<String, Vec<Option<Cell>>>,
    columns: Vec<String>,
    encoded: Vec<Vec<f64>>,
    fits: BTreeMap<i64, Vec<Fit>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(f64),
    Word(String),
}

#[derive(Deserialize)]
struct Fit {
    alpha: f64,
    intercept: f64,
    weights: Vec<f64>,
    probabilities: Vec<f64>,
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("../../tests/oracle/logistic.json")).unwrap()
}

impl Oracle {
    fn vectors(&self) -> Vec<FeatureVector> {
        let value = |name: &str, row: usize| -> Option<Value> {
            Some(match self.table[name][row].as_ref()? {
                Cell::Number(x) => number(*x),
                Cell::Word(text) => word(text),
            })
        };
        let row = |row| {
            let names = self.features.iter().map(String::as_str);
            let values: Vec<_> = names
                .filter_map(|name| Some((name, value(name, row)?)))
                .collect();
            vector(&values)
        };
        (0..self.marks.len()).map(row).collect()
    }
}

/// Largest difference allowed between our encoding and numpy's: rounding of sums of 400 terms.
const ENCODING: f64 = 1e-12;

#[test]
fn encoding_equals_an_independent_one() {
    let oracle = oracle();
    let vectors = oracle.vectors();
    let ids: Vec<_> = (0..vectors.len())
        .map(|i| CallId::new(i.to_string()))
        .collect();
    let rows: Vec<Row<'_>> = ids.iter().zip(&vectors).collect();
    let choice = EncodingChoice {
        features: &oracle.features,
        log1p: &oracle.log1p,
        level_min_count: oracle.level_min_count,
        knots: 0,
    };
    let (encoder, dropped) = learn(&rows, &choice).unwrap();
    let columns: Vec<_> = encoder.columns().iter().map(|c| c.to_string()).collect();
    assert_eq!(columns, oracle.columns);
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0].column, "hold_total_s absent");
    let mut largest = 0.0_f64;
    for (features, wanted) in vectors.iter().zip(&oracle.encoded) {
        let mut row = Vec::new();
        encoder.encode(features, &mut row);
        assert_eq!(row.len(), wanted.len());
        for (found, wanted) in row.iter().zip(wanted) {
            largest = largest.max((found - wanted).abs());
        }
    }
    println!("encoding differs by {largest:e} at most");
    assert!(largest < ENCODING, "{largest:e}");
}

/// Weights to 10⁻⁴ of the largest one, probabilities to 10⁻⁶: with the classes in both orders of
/// size, and with weak, usual and strong penalties.
#[test]
fn fit_equals_scikit_learn() {
    let oracle = oracle();
    let vectors = oracle.vectors();
    let examples: Vec<_> = (vectors.iter().zip(&oracle.marks).enumerate())
        .map(|(i, (features, &mark))| Example::new(CallId::new(format!("{i:04}")), features, mark))
        .collect();
    for (&mark, fits) in &oracle.fits {
        let label = LabelScale::new(1, 5, mark, 2).unwrap();
        for wanted in fits {
            let options = TrainOptions {
                features: oracle.features.clone(),
                log1p: oracle.log1p.clone(),
                level_min_count: oracle.level_min_count,
                alpha: wanted.alpha,
                ..TrainOptions::default()
            };
            let settings = AnalysisSettings::default();
            let model = train(&examples, &label, &settings, &options).unwrap();
            assert!(model.provenance().gradient < CONVERGED);
            let cut = &model.cuts()[0];
            assert_eq!(cut.mark, mark);
            let scale = wanted.weights.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
            let found = cut.weights.iter().chain([&cut.intercept]);
            let off = (found.zip(wanted.weights.iter().chain([&wanted.intercept])))
                .fold(0.0_f64, |m, (f, w)| m.max((f - w).abs()));
            let predictor = Predictor::new(model);
            let off_p = (vectors.iter().zip(&wanted.probabilities)).fold(0.0_f64, |m, (v, p)| {
                m.max((predictor.predict(v).satisfied - p).abs())
            });
            println!(
                "mark {mark}, alpha {}: weights differ by {:e}, probabilities by {off_p:e}",
                wanted.alpha,
                off / scale
            );
            assert!(off < 1e-4 * scale && off_p < 1e-6);
        }
    }
}
