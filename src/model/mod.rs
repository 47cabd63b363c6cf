//! From features to the probability that the customer is satisfied, and back to the reasons.

pub mod label;
pub mod metrics;

pub use label::{LabelScale, MarkClass, SurveyStatus, Target};
pub use metrics::{Confusion, Evaluation, Outcome};
