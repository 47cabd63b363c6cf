//! How long one fit of a large table takes:
//! `cargo run --release --example fit_speed -- --rows 100000 --features 200 --table target/fit.bin`.
//!
//! Makes calls with invented numbers, a tenth of them absent, so that each feature has two columns; fits one
//! straight model of satisfaction; and writes the encoded table, for `training/compare/lbfgs.py` to fit
//! the same with scikit-learn.

use callcsi::call::CallId;
use callcsi::features::{Absence, FeatureVector, Kind, Value, catalogue};
use callcsi::model::{Example, LabelScale, TrainOptions, Validation, train};
use callcsi::settings::AnalysisSettings;
use clap::Parser;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

/// Fits one model to a large invented table.
#[derive(Parser)]
struct Arguments {
    /// Calls.
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// Features, each with a column for its value and one for its absence.
    #[arg(long, default_value_t = 20)]
    features: usize,
    /// Penalty.
    #[arg(long, default_value_t = 1.0)]
    alpha: f64,
    /// The encoded table: rows and columns as two 64-bit integers, whether each customer is satisfied as
    /// a byte, then the table row by row as 64-bit floats, all little-endian.
    #[arg(long)]
    table: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let numbers = catalogue().iter().filter(|f| f.kind == Kind::Number);
    let names: Vec<&str> = numbers
        .map(|f| f.name.as_str())
        .take(arguments.features)
        .collect();
    let mut state = 1_u64;
    let mut uniform = || {
        // Knuth's MMIX generator; the high bits are good enough for a table.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let calls: Vec<(FeatureVector, i64)> = (0..arguments.rows)
        .map(|_| {
            let mood = uniform() - 0.5;
            let mut values = Vec::with_capacity(names.len());
            for (i, name) in names.iter().enumerate() {
                let value = uniform() + mood * (i % 7) as f64 / 3.0;
                if uniform() > 0.1 {
                    values.push((*name, Value::Number(value)));
                }
            }
            let mark = (3.5 + 3.0 * mood + 2.0 * (uniform() - 0.5)).round() as i64;
            let features = FeatureVector::from_named(values, Absence::NoRecording)?;
            Ok((features, mark.clamp(1, 5)))
        })
        .collect::<callcsi::Result<_>>()?;
    let examples: Vec<Example<'_>> = (calls.iter().enumerate())
        .map(|(i, (features, mark))| Example::new(CallId::new(format!("{i:08}")), features, *mark))
        .collect();
    let mut options = TrainOptions::default();
    options.features = names.iter().map(|name| (*name).to_owned()).collect();
    options.log1p.clear();
    (options.validation, options.alpha) = (Validation::None, arguments.alpha);
    let (label, settings) = (LabelScale::ONE_TO_FIVE, AnalysisSettings::default());
    let start = Instant::now();
    let model = train(&examples, &label, &settings, &options)?;
    println!(
        "{} rows, {} columns: {:.2} s with encoding and figures of the training calls; gradient {:.1e}",
        calls.len(),
        model.encoder().width(),
        start.elapsed().as_secs_f64(),
        model.provenance().gradient,
    );
    if let Some(path) = &arguments.table {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        for count in [calls.len(), model.encoder().width()] {
            out.write_all(&(count as u64).to_le_bytes())?;
        }
        for (_, mark) in &calls {
            out.write_all(&[u8::from(*mark >= label.satisfied_from())])?;
        }
        let mut row = Vec::new();
        for (features, _) in &calls {
            row.clear();
            model.encoder().encode(features, &mut row);
            for x in &row {
                out.write_all(&x.to_le_bytes())?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
