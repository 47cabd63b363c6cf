//! Small tables for the tests of this module.

use super::{Example, LabelScale, Model, TrainOptions, train};
use crate::call::CallId;
use crate::error::Result;
use crate::features::{Absence, FeatureVector, Value};
use crate::settings::AnalysisSettings;

/// The features of a call with these values and no others.
pub fn vector(values: &[(&str, Value)]) -> FeatureVector {
    FeatureVector::from_named(values.iter().cloned(), Absence::NoRecording).unwrap()
}

pub fn number(x: f64) -> Value {
    Value::Number(x)
}

pub fn word(text: &str) -> Value {
    Value::Category(text.into())
}

/// `rows` calls with a wait, hold counts that every third call lacks, an IVR status with a rare
/// level, and marks that follow the wait with noise. No generator beyond a congruence is needed.
pub fn table(rows: u64) -> Vec<(FeatureVector, i64)> {
    (0..rows)
        .map(|i| {
            let noise =
                |salt: u64| ((i + 1) * (2 * salt + 7919) * 104_729 % 10_007) as f64 / 10_007.0;
            let wait = 300.0 * noise(1);
            let status = match i % 20 {
                0..=10 => "completed",
                11..=18 => "operator_requested",
                _ if i == 19 => "failed",
                _ => "abandoned",
            };
            let mut values = vec![("queue_wait_s", number(wait)), ("ivr_status", word(status))];
            if i % 3 != 0 {
                values.push(("hold_count", number((4.0 * noise(2)).floor())));
            }
            let mark = 5 - (4.99 * (wait / 600.0 + noise(3) / 2.0)) as i64;
            (vector(&values), mark)
        })
        .collect()
}

/// The table as examples, with ids in order.
pub fn examples(table: &[(FeatureVector, i64)]) -> Vec<Example<'_>> {
    (table.iter().enumerate())
        .map(|(i, (features, mark))| Example::new(CallId::new(format!("{i:06}")), features, *mark))
        .collect()
}

/// Trains on a table with marks of 1 to 5.
pub fn trained(table: &[(FeatureVector, i64)], options: &TrainOptions) -> Result<Model> {
    train(
        &examples(table),
        &LabelScale::ONE_TO_FIVE,
        &AnalysisSettings::default(),
        options,
    )
}
