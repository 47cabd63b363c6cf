//! Weights that make up for customers who did not answer.
//!
//! Who answers a survey is not who calls. Where calls that were asked in vain are at hand, the chance to
//! be answered can be estimated from what was measured on the call, and an answered call stands for
//! 1 / chance calls like it (inverse probability weighting; Horvitz & Thompson 1952, Little & Rubin
//! 2002, chapter 3).
//!
//! What it cannot do: if of two calls with the same measurements the angrier customer answers less, no
//! weight tells; that bias stays.

use super::example::Example;
use super::label::LabelScale;
use super::options::{TrainOptions, Validation};
use super::predict::Predictor;
use super::train::train;
use crate::call::CallId;
use crate::error::Result;
use crate::features::FeatureVector;
use crate::settings::AnalysisSettings;

/// No call stands for more than ten times as many calls as another with the average chance, nor for
/// less than a tenth: a few calls with tiny chances would else be all that counts.
const MOST: f64 = 10.0;

/// How many calls each answered call stands for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResponseWeights {
    /// One for each answered call, in their order, for [`Example::weight`]; 1 on the mean.
    pub weights: Vec<f64>,
    /// How many calls that count alike would tell as much: (Σ w)² / Σ w² (Kish 1965).
    pub effective_rows: f64,
    /// How well measurements tell who answers, as the ROC area on calls held out: 0.5 where they do not,
    /// and then the weights do little. `None` of too few calls.
    pub roc_auc: Option<f64>,
}

/// Finds the weights from calls that were answered and calls that were asked in vain.
///
/// The chance to be answered is a model of the same kind and features as `options` make, with its
/// penalty chosen by cross-validation where `options` choose.
///
/// # Errors
///
/// As [`train()`]: too few calls of either kind, nothing that varies, no convergence.
pub fn response_weights(
    answered: &[&FeatureVector],
    silent: &[&FeatureVector],
    settings: &AnalysisSettings,
    options: &TrainOptions,
) -> Result<ResponseWeights> {
    let kinds = [(answered, 1, "answered"), (silent, 0, "silent")];
    let mut examples = Vec::with_capacity(answered.len() + silent.len());
    for (calls, mark, kind) in kinds {
        for (i, features) in calls.iter().enumerate() {
            let id = CallId::new(format!("{kind} call {i:09}"));
            examples.push(Example::new(id, features, mark));
        }
    }
    let mut options = options.clone();
    options.prior = None;
    options.calibration = None;
    options.target = super::label::Target::Satisfied;
    options.validation = Validation::HoldOut { share: 0.2 };
    let label = LabelScale::new(0, 1, 1, 0)?;
    let model = train(&examples, &label, settings, &options)
        .map_err(|e| e.within("the chance to be answered"))?;
    let roc_auc = model.metrics().holdout.as_ref().and_then(|e| e.roc_auc);
    let predictor = Predictor::new(model);
    let mean = answered.len() as f64 / examples.len() as f64;
    let weight = |features: &&FeatureVector| {
        (mean / predictor.predict(features).satisfied).clamp(1.0 / MOST, MOST)
    };
    let mut weights: Vec<f64> = answered.iter().map(weight).collect();
    let sum: f64 = weights.iter().sum();
    let rows = weights.len() as f64;
    weights.iter_mut().for_each(|w| *w *= rows / sum);
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    Ok(ResponseWeights {
        weights,
        effective_rows: rows * rows / squares,
        roc_auc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{number, vector};

    /// Of calls that waited 10 s every second customer answers, of those that waited 200 s every tenth:
    /// answered calls stand for 2 and for 10 calls, five times as many, and the weighted share of long
    /// waits among the answered is that among all, one half.
    #[test]
    fn answered_calls_stand_for_the_silent_ones_like_them() {
        let (short, long) = ([("queue_wait_s", 10.0)], [("queue_wait_s", 200.0)]);
        let call = |of: &[(&str, f64)]| {
            let values: Vec<_> = of.iter().map(|(name, x)| (*name, number(*x))).collect();
            vector(&values)
        };
        let (short, long) = (call(&short), call(&long));
        let many = |call, count| std::iter::repeat_n(call, count);
        let answered: Vec<&FeatureVector> = many(&short, 500).chain(many(&long, 100)).collect();
        let silent: Vec<&FeatureVector> = many(&short, 500).chain(many(&long, 900)).collect();
        let options = TrainOptions {
            features: vec!["queue_wait_s".into()],
            alpha: 1e-3,
            ..TrainOptions::default()
        };
        let settings = AnalysisSettings::default();
        let found = response_weights(&answered, &silent, &settings, &options).unwrap();
        assert!((found.weights[599] / found.weights[0] - 5.0).abs() < 0.01);
        let long: f64 = found.weights[500..].iter().sum();
        assert!((long / 600.0 - 0.5).abs() < 0.001);
        // (Σ w)² / Σ w² of 500 times 0.6 and 100 times 3: 600² / (180 + 900).
        assert!((found.effective_rows - 333.3).abs() < 1.0);
        assert!(found.roc_auc.unwrap() > 0.7);
        assert!(response_weights(&answered, &[], &settings, &options).is_err());
    }
}
