//! What the command line says of training.

use callcsi::batch::Labelled;
use callcsi::features::position;
use callcsi::model::{Choice, Target, Validation, feature_set};
use clap::ValueEnum;
use std::collections::HashSet;
use std::error::Error;

/// Folds where none are named.
const FOLDS: u64 = 5;
/// Share held out where none is named.
const SHARE: f64 = 0.2;

/// What the model answers.
#[derive(Clone, Copy, ValueEnum)]
pub enum TargetName {
    /// Which mark?
    Marks,
    /// Is the customer satisfied?
    Satisfied,
}

impl TargetName {
    pub fn target(self) -> Target {
        match self {
            TargetName::Marks => Target::Marks,
            TargetName::Satisfied => Target::Satisfied,
        }
    }
}

/// What is chosen among where the command line does not choose.
pub fn choice(alpha: Option<f64>, knots: Option<u64>) -> Choice {
    let mut choice = Choice::default();
    choice.alphas = alpha.map_or(choice.alphas, |alpha| vec![alpha]);
    choice.knots = knots.map_or(choice.knots, |knots| vec![knots]);
    choice
}

/// How so many calls are judged where the command line does not say.
pub fn validation(calls: usize, many: usize) -> Validation {
    match calls > many {
        true => Validation::HoldOut { share: SHARE },
        false => Validation::Folds { folds: FOLDS },
    }
}

/// Reads what `--features` says: names, names of sets, files of names.
pub fn features(said: &[String]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut features = Vec::new();
    for word in said {
        if let Some(set) = feature_set(word) {
            features.extend(set);
            continue;
        }
        match word.as_str() {
            name if position(name).is_some() => features.push(name.to_owned()),
            path => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    format!("--features: {path:?} is no feature, no set, and no file ({error})")
                })?;
                let lines = text.lines().map(str::trim);
                features.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
            }
        }
    }
    let mut seen = HashSet::new();
    features.retain(|name| seen.insert(name.clone()));
    Ok(features)
}

/// The days from the first call with a time to the last.
pub fn period(labelled: &Labelled) -> Option<String> {
    let times = || labelled.calls.iter().filter_map(|call| call.time);
    let day = |time: i64| {
        let time = jiff::Timestamp::from_nanosecond(i128::from(time)).ok()?;
        Some(time.strftime("%Y-%m-%d").to_string())
    };
    let (first, last) = (day(times().min()?)?, day(times().max()?)?);
    Some(format!("{first} to {last}"))
}
