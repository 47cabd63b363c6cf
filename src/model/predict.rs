//! From one call's features to the probability that its customer is satisfied, with the reasons.

use super::calibrate::pooled;
use super::file::{ClassMeans, Cut, Model};
use super::label::{LabelScale, Target};
use crate::error::Result;
use crate::features::{Feature, FeatureVector, Measured};

/// Applies a model to calls.
///
/// Immutable: build one and share it between threads.
#[derive(Clone, Debug)]
pub struct Predictor {
    model: Model,
}

/// What a model makes of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prediction {
    /// Probability that the customer is satisfied, `0.0..=1.0`. Of a two-class model
    /// 1 / (1 + e^−`log_odds`), or what the model's map makes of `log_odds` where it has one; of a model
    /// of marks that, made one distribution with the other cuts.
    pub satisfied: f64,
    /// Probability that the customer is dissatisfied, `0.0..=1.0`; `None` of a two-class model, which
    /// does not tell the dissatisfied from the neutral.
    pub dissatisfied: Option<f64>,
    /// Probability of each mark, from `min` to `max`; they add up to 1. `None` of a two-class model.
    pub marks: Option<Vec<f64>>,
    /// The expected mark, from `min` to `max` of the model's scale: Σ mark · probability. Of a two-class
    /// model, by the law of total expectation, `satisfied` · (mean mark of the satisfied in training) +
    /// (1 − `satisfied`) · (mean mark of the others): it cannot tell a 1 from a 3, so this stays between
    /// those two means.
    pub csi: f64,
    /// The mark that the call counts as where calls are to have the marks as often as the customers of
    /// the training calls gave them ([`Model::matching`]): for averages and shares that stay where the
    /// survey has them when the model changes. `None` where training did not look for it.
    pub matched: Option<i64>,
    /// ln(p / (1 − p)) of the cut at `satisfied_from`: exactly `base` plus the contributions added in
    /// their order.
    pub log_odds: f64,
    /// Log-odds of an average training call: every column at its mean.
    pub base: f64,
    /// What each feature of the model added, in the model's order.
    pub contributions: Vec<Contribution>,
}

impl Prediction {
    /// Returns the likeliest mark of the model's scale, the lowest of several; `None` of a two-class
    /// model.
    pub fn likely_mark(&self, scale: &LabelScale) -> Option<i64> {
        let marks = (scale.min()..=scale.max()).zip(self.marks.as_ref()?);
        let best = marks.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(mark, _)| mark)
    }
}

/// What one feature added to the log-odds of a call.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// The feature.
    pub feature: &'static Feature,
    /// Its value on the call, or why there is none.
    pub value: Measured,
    /// What it added, against an average training call. Positive speaks for satisfaction. A feature
    /// without a value adds only what its absence told in training.
    pub log_odds: f64,
}

impl Predictor {
    /// Makes a predictor.
    pub fn new(model: Model) -> Predictor {
        Predictor { model }
    }

    /// Makes a predictor of a model file.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Predictor> {
        Ok(Predictor::new(Model::from_bytes(bytes)?))
    }

    /// Makes a predictor of the bundled model, `models/builtin.json`. It was trained on simulated
    /// calls and knows no real customers: its card, `models/builtin.md`, says what was assumed.
    ///
    /// # Errors
    ///
    /// None with the file as it is bundled; a test holds that.
    pub fn builtin() -> Result<Predictor> {
        Predictor::from_bytes(include_bytes!("../../models/builtin.json"))
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Predicts one call. Deterministic, and never fails: what is absent has its place in the
    /// model, and what the model has not seen counts as [`encode`](super::encode) says.
    pub fn predict(&self, features: &FeatureVector) -> Prediction {
        let encoder = self.model.encoder();
        let cut = self.model.satisfied_cut();
        let mut contributions = Vec::with_capacity(encoder.inputs().len());
        let log_odds = cut.log_odds(encoder, features, |feature, value, log_odds| {
            contributions.push(Contribution {
                feature,
                value: value.clone(),
                log_odds,
            });
        });
        let prediction = Prediction {
            satisfied: self
                .model
                .probability(self.model.satisfied_index(), log_odds),
            dissatisfied: None,
            marks: None,
            csi: 0.0,
            matched: None,
            log_odds,
            base: cut.intercept,
            contributions,
        };
        let prediction = match self.model.target() {
            Target::Satisfied => {
                let (means, satisfied) = (self.model.class_means(), prediction.satisfied);
                let csi = expected(satisfied, means);
                Prediction { csi, ..prediction }
            }
            Target::Marks => self.with_marks(prediction, features),
        };
        let matched = self.model.matching().map(|thresholds| {
            let reached = thresholds.iter().flatten();
            let above = reached
                .filter(|threshold| prediction.csi >= **threshold)
                .count();
            self.model.label().min() + above as i64
        });
        Prediction {
            matched,
            ..prediction
        }
    }

    /// Adds what the other cuts say.
    fn with_marks(&self, prediction: Prediction, features: &FeatureVector) -> Prediction {
        let (label, cuts) = (self.model.label(), self.model.cuts());
        let mut row = Vec::with_capacity(self.model.encoder().width());
        self.model.encoder().encode(features, &mut row);
        let score = |cut: &Cut| {
            let parts = row.iter().zip(&cut.weights).map(|(x, w)| x * w);
            cut.intercept + parts.sum::<f64>()
        };
        // P(mark ≥ m) of each m above the lowest mark.
        let share = |(index, cut): (usize, &Cut)| {
            if cut.mark == label.satisfied_from() {
                // To the last bit that of the contributions.
                prediction.satisfied
            } else {
                self.model.probability(index, score(cut))
            }
        };
        let mut shares: Vec<f64> = cuts.iter().enumerate().map(share).collect();
        monotone(&mut shares);
        let from = |mark: i64| match usize::try_from(mark - label.min() - 1) {
            Ok(index) => shares.get(index).copied().unwrap_or(0.0),
            Err(_) => 1.0,
        };
        let marks = (label.min()..=label.max()).map(|mark| from(mark) - from(mark + 1));
        Prediction {
            satisfied: from(label.satisfied_from()),
            dissatisfied: Some(1.0 - from(label.dissatisfied_to() + 1)),
            csi: label.min() as f64 + shares.iter().sum::<f64>(),
            marks: Some(marks.collect()),
            ..prediction
        }
    }
}

impl Model {
    /// What the log-odds of a cut, by its place among [`Model::cuts`], come to.
    pub(super) fn probability(&self, cut: usize, log_odds: f64) -> f64 {
        match self.maps().get(cut) {
            Some(Some(map)) => map.probability(log_odds),
            _ => sigmoid(log_odds),
        }
    }

    /// Returns the expected mark of log-odds, one for each cut: [`Prediction::csi`] of a call that has
    /// them.
    pub(super) fn csi(&self, log_odds: &[f64]) -> f64 {
        let shares = log_odds.iter().enumerate();
        let mut shares: Vec<f64> = shares.map(|(cut, z)| self.probability(cut, *z)).collect();
        match self.target() {
            Target::Satisfied => {
                let satisfied = shares.first().copied().unwrap_or(0.0);
                expected(satisfied, self.class_means())
            }
            Target::Marks => {
                monotone(&mut shares);
                self.label().min() as f64 + shares.iter().sum::<f64>()
            }
        }
    }
}

/// Makes the probabilities of "this mark or more" fall from mark to mark, as they must: the nearest
/// sequence that does, by least squares. Cuts fitted apart may cross where calls are few.
pub(super) fn monotone(shares: &mut [f64]) {
    if shares.is_sorted_by(|a, b| a >= b) {
        return;
    }
    let rising: Vec<(f64, f64)> = shares.iter().rev().map(|share| (*share, 1.0)).collect();
    for (share, pooled) in shares.iter_mut().rev().zip(pooled(&rising)) {
        *share = pooled;
    }
}

/// The expected mark by the law of total expectation.
pub(super) fn expected(satisfied: f64, means: ClassMeans) -> f64 {
    satisfied * means.satisfied + (1.0 - satisfied) * means.others
}

/// 1 / (1 + e^−x), by whichever form does not overflow.
pub(super) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Value;
    use crate::model::TrainOptions;
    use crate::model::testing::{number, table, trained, vector, word};
    use proptest::prelude::*;

    fn predictor() -> Predictor {
        Predictor::new(trained(&table(300), &TrainOptions::default()).unwrap())
    }

    #[test]
    fn sigmoid_holds_at_the_ends() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!((sigmoid(1e300), sigmoid(-1e300)), (1.0, 0.0));
        assert!(sigmoid(-700.0) > 0.0);
        assert!((sigmoid(2.0) + sigmoid(-2.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn base_and_contributions_add_up_to_the_log_odds() {
        let predictor = predictor();
        for (features, _) in table(50) {
            let p = predictor.predict(&features);
            let sum = p.contributions.iter().fold(p.base, |s, c| s + c.log_odds);
            assert_eq!(sum, p.log_odds);
        }
    }

    /// Contributions are centred: over the training calls each feature's add up to nothing.
    #[test]
    fn contributions_average_to_zero_over_the_training_calls() {
        let table = table(300);
        let predictor = predictor();
        let mut sums = vec![0.0; predictor.model().encoder().inputs().len()];
        for (features, _) in &table {
            let contributions = predictor.predict(features).contributions;
            for (sum, c) in sums.iter_mut().zip(contributions) {
                *sum += c.log_odds;
            }
        }
        for sum in sums {
            assert!((sum / 300.0).abs() < 1e-12, "{sum:e}");
        }
    }

    #[test]
    fn an_absent_value_adds_only_what_absence_told() {
        let predictor = predictor();
        // Never absent in training, so absence tells nothing; hold_count was absent on a third.
        let p = predictor.predict(&vector(&[]));
        let of = |name: &str| {
            let mut found = p.contributions.iter();
            found.find(|c| c.feature.name[..] == *name).unwrap()
        };
        assert_eq!(of("queue_wait_s").log_odds, 0.0);
        assert_eq!(of("ivr_status").log_odds, 0.0);
        let columns = predictor.model().encoder().columns();
        let flag = columns
            .iter()
            .position(|c| c.to_string() == "hold_count absent");
        let weight = predictor.model().cuts()[0].weights[flag.unwrap()];
        let wanted = weight * (1.0 - 100.0 / 300.0);
        assert!((of("hold_count").log_odds - wanted).abs() < 1e-15);
        assert!(of("hold_count").value.is_err());
    }

    /// The table's waits are below 300 s, its greatest is near that; of an hour its marks tell nothing.
    #[test]
    fn a_value_beyond_those_of_training_counts_as_the_nearest_of_them() {
        let predictor = predictor();
        let of = |wait| {
            let features = vector(&[("queue_wait_s", number(wait))]);
            predictor.predict(&features).log_odds
        };
        let most = (table(300).iter())
            .filter_map(|(features, _)| match features.get("queue_wait_s") {
                Some(Ok(Value::Number(wait))) => Some(*wait),
                _ => None,
            })
            .fold(0.0, f64::max);
        assert!(most > 290.0);
        assert_eq!(of(3_600.0), of(most));
        assert_ne!(of(200.0), of(most));
    }

    #[test]
    fn an_unseen_word_counts_as_a_rare_one() {
        let options = TrainOptions {
            level_min_count: 20,
            ..TrainOptions::default()
        };
        let predictor = Predictor::new(trained(&table(300), &options).unwrap());
        let of = |status| {
            let features = vector(&[("ivr_status", word(status))]);
            predictor.predict(&features).log_odds
        };
        assert_eq!(of("never seen"), of("failed"));
        assert_ne!(of("never seen"), of("completed"));
    }

    #[test]
    fn csi_lies_between_the_mean_marks_of_the_classes() {
        let predictor = predictor();
        let means = predictor.model().class_means();
        let (mut marks, mut estimates) = (0.0, 0.0);
        for (features, mark) in table(300) {
            let p = predictor.predict(&features);
            assert!(means.others <= p.csi && p.csi <= means.satisfied);
            marks += mark as f64;
            estimates += p.csi;
        }
        // Calibrated in the large, so the mean estimate over the training calls is the mean mark.
        assert!((marks - estimates).abs() / 300.0 < 1e-5);
    }

    proptest! {
        #[test]
        fn every_number_gives_a_finite_prediction(
            wait in prop::num::f64::ANY,
            holds in -1e308..1e308_f64,
            status in ".*",
        ) {
            static PREDICTOR: std::sync::LazyLock<Predictor> =
                std::sync::LazyLock::new(predictor);
            let wait = if wait.is_finite() { wait } else { f64::MAX };
            let values = [
                ("queue_wait_s", number(wait)),
                ("hold_count", number(holds)),
                ("ivr_status", Value::Category(status.into())),
            ];
            let p = PREDICTOR.predict(&vector(&values));
            prop_assert!((0.0..=1.0).contains(&p.satisfied));
            prop_assert!(p.log_odds.is_finite() && p.csi.is_finite());
        }
    }
}
