//! From features to the probability that the customer is satisfied, and back to the reasons.
//!
//! [`train()`] learns a [`Model`] from [`Example`]s, calls whose customers gave a mark; a
//! [`Predictor`] applies it to others. Between the two stands the model's [file](mod@file), which holds
//! everything that scoring needs: the analysis settings, how each feature becomes columns, and the
//! weights.
//!
//! ```
//! use callcsi::call::CallId;
//! use callcsi::features::{Absence, FeatureVector, Value};
//! use callcsi::model::{Example, LabelScale, Predictor, TrainOptions, train};
//! use callcsi::settings::AnalysisSettings;
//!
//! // Sixty calls: who waits longer is content less often.
//! let calls: Vec<(FeatureVector, i64)> = (0..60)
//!     .map(|i| {
//!         let wait = Value::Number(f64::from(i));
//!         let features = [("queue_wait_s", wait)];
//!         let mark = if (i * 7) % 60 > i { 5 } else { 2 };
//!         Ok((FeatureVector::from_named(features, Absence::NoRecording)?, mark))
//!     })
//!     .collect::<callcsi::Result<_>>()?;
//! let examples: Vec<Example> = calls
//!     .iter()
//!     .enumerate()
//!     .map(|(i, (features, mark))| Example::new(CallId::new(format!("call {i}")), features, *mark))
//!     .collect();
//! // The wait as it is, not its logarithm.
//! let mut options = TrainOptions::default();
//! options.log1p.clear();
//! let settings = AnalysisSettings::default();
//! let model = train(&examples, &LabelScale::ONE_TO_FIVE, &settings, &options)?;
//!
//! let predictor = Predictor::from_bytes(model.to_json().as_bytes())?;
//! let short = predictor.predict(&calls[2].0);
//! let long = predictor.predict(&calls[58].0);
//! assert!(short.satisfied > 0.8 && long.satisfied < 0.2);
//! assert_eq!(long.contributions[0].feature.name, "queue_wait_s");
//! assert!(long.contributions[0].log_odds < 0.0);
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! What the model does not do: it knows only customers who answered, it ranks no agents, and its
//! contributions say what the model weighed, not what caused the mark.

pub mod bootstrap;
pub mod calibrate;
mod card;
mod choose;
mod columns;
pub mod encode;
mod example;
pub mod explain;
pub mod file;
mod fit;
pub mod label;
mod learn;
pub mod marks;
pub mod metrics;
mod options;
mod parallel;
mod predict;
mod response;
mod study;
pub mod train;
mod validate;

#[cfg(feature = "report")]
pub(crate) use card::effects::{Effect, Shape as EffectShape, average as average_csi, effects};

pub use bootstrap::{Bootstrap, Interval, Units};
pub use calibrate::{Isotonic, Platt};
pub use choose::{Choice, Tried};
pub use columns::{ColumnValues, Predictions};
pub use encode::Encoder;
pub use example::Example;
pub use explain::{Counterfactual, Explanation, Reason, ToldFact};
pub use file::{Cut, Metrics, Model, PriorOf, Provenance};
pub use fit::CONVERGED;
pub use label::{LabelScale, MarkClass, SurveyCounts, SurveyStatus, Target};
pub use marks::{GroupErrors, MarkEvaluation, MarkOutcome};
pub use metrics::{Confusion, Evaluation, Outcome, Ranking, Separation};
pub use options::{Calibration, TrainOptions, Validation, feature_set};
pub use predict::{Contribution, Prediction, Predictor};
pub use response::{ResponseWeights, response_weights};
pub use study::{Bins, Importance, Profile};
pub use train::{Trained, train, train_and_judge};
pub use validate::{Baseline, CalibrationTried, Decision, FigureInterval, Unseen};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests_oracle;
