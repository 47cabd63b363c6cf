//! Why an estimate is what it is, and what would have changed it, in numbers and in words.
//!
//! # Reasons
//!
//! A model adds up log-odds, feature by feature ([`Contribution`](super::Contribution)). People think in
//! marks and in things: a [`Reason`] sums up all features of one
//! [`ReasonGroup`], and tells what they moved in *CSI points*, against an average call, of which every
//! column is at its mean.
//!
//! The expected mark is no sum of log-odds: it bends, and four grave faults cannot each cost the marks that
//! one alone would. To set one group to its average and look at the change would therefore give points
//! that do not add up; on a very bad call hardly any group would get points, for any one of the faults is
//! enough. So the points are *Shapley values* (Shapley 1953; Lundberg & Lee 2017): what a group moves,
//! averaged over every order in which the groups could be set from their averages to the call's values.
//! They add up: `average_csi` + Σ `csi_points` = `csi`. With at most twelve groups they are computed
//! exactly, by scoring every subset of those that moved anything (2¹² at most); nothing is sampled.
//!
//! # What if
//!
//! A [`Counterfactual`] is the estimate of an [`Alternative`], the call with one fact changed and all that
//! follows from it measured again. It is what the model says of such a call. Whether the customer would
//! have marked it so is not known: the model learned from calls that differ in more than that fact.
//! Counterfactuals do not add up either; each is a change of its own.

use super::encode::Encoding;
use super::predict::Predictor;
use crate::features::words::{mark, quantity, signed};
use crate::features::{
    Alternative, Change, Feature, FeatureVector, Kind, Lang, Measured, ReasonGroup, Unit,
};
use serde::{Serialize, Serializer};

/// What a change must gain to be told, in marks: a tenth, the least that is shown of an estimate.
pub const LEAST_GAIN: f64 = 0.1;

/// What moved an estimate, and what would.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The expected mark of the call.
    pub csi: f64,
    /// The expected mark of an average call: every column at its mean.
    pub average_csi: f64,
    /// What moved the one to the other, strongest first. A group that moved nothing is left out.
    pub reasons: Vec<Reason>,
    /// What would have raised the mark by [`LEAST_GAIN`] or more, greatest gain first.
    pub counterfactuals: Vec<Counterfactual>,
}

/// What one group of features moved.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// What it is about.
    pub group: ReasonGroup,
    /// What its features added to the log-odds of a satisfied customer: the sum of their contributions.
    pub log_odds: f64,
    /// What that moved the expected mark by; these add up.
    pub csi_points: f64,
    /// One or two features that say it: those of the group that moved the marks most in its direction.
    /// Features without a value only where no other did.
    #[serde(rename = "features")]
    pub facts: Vec<ToldFact>,
}

/// A feature as a reason tells it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToldFact {
    /// The feature.
    pub feature: &'static Feature,
    /// Its value on the call, or why there is none.
    pub value: Measured,
    /// What it usually is: of a number the mean over the training calls that have it, of one whose
    /// logarithm the model weighs the value at the mean logarithm.
    pub usual: Option<f64>,
}

/// Serialises as the feature's name; the row has its value.
impl Serialize for ToldFact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.feature.name)
    }
}

/// What a model makes of a call with one fact changed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Counterfactual {
    /// What went otherwise.
    #[serde(flatten)]
    pub change: Change,
    /// The expected mark as the call was.
    pub csi_before: f64,
    /// The expected mark with the change.
    pub csi: f64,
    /// The probability of a satisfied customer with the change.
    pub satisfied: f64,
    /// Whether features that follow from the fact could not be changed: see
    /// [`Alternative::partial`](crate::features::Alternative::partial).
    pub partial: bool,
}

impl ToldFact {
    /// Tells it: "the customer waited 1 min 35 s in the queue (usually 24 s)".
    pub fn sentence(&self, lang: Lang) -> String {
        let value = match &self.value {
            Ok(value) => value,
            Err(absence) => return self.feature.tell_absence(absence, lang),
        };
        let told = self.feature.tell(value, lang);
        let unit = self.feature.unit;
        // "No holds (usually 0.5)" compares a text with a number; of a flag the usual is a share.
        let comparable = unit != Unit::Flag && !self.feature.tells_without_number(value);
        match self.usual.filter(|_| comparable) {
            Some(usual) => {
                let usual = quantity(usual, unit, lang);
                format!("{told} ({} {usual})", lang.of("usually", "обычно"))
            }
            None => told,
        }
    }
}

impl Reason {
    /// Tells the facts of it, without its points.
    pub fn sentence(&self, lang: Lang) -> String {
        let mut facts: Vec<String> = self.facts.iter().map(|fact| fact.sentence(lang)).collect();
        // No hold and no time on hold are told by the same words.
        facts.dedup();
        facts.join("; ")
    }

    /// Tells the points, with their sign: `−0.8`, `−0,8`; `None` where they round to nothing.
    pub fn points(&self, lang: Lang) -> Option<String> {
        let told = signed(mark(self.csi_points, lang));
        told.contains(|c: char| matches!(c, '1'..='9'))
            .then_some(told)
    }
}

impl Counterfactual {
    /// Tells it: "without the second hold (8 s): 6.1 → 7.4".
    pub fn sentence(&self, lang: Lang) -> String {
        let condition = self.change.condition(lang);
        let (before, after) = (mark(self.csi_before, lang), mark(self.csi, lang));
        let partial = match self.partial {
            true => lang.of(" (the talk itself as it was)", " (сам разговор — как был)"),
            false => "",
        };
        format!("{condition}: {before} → {after}{partial}")
    }

    /// Returns what the change gains, in marks.
    pub fn gain(&self) -> f64 {
        self.csi - self.csi_before
    }
}

/// What the features of one group add.
struct Part {
    group: ReasonGroup,
    /// To the log-odds of each cut.
    cuts: Vec<f64>,
    /// Each feature that adds anything, with what it adds to all cuts together.
    members: Vec<(ToldFact, f64)>,
}

impl Predictor {
    /// Explains what the model makes of a call, and of the call as it might have been. Deterministic, and
    /// never fails.
    pub fn explain(&self, features: &FeatureVector, alternatives: &[Alternative]) -> Explanation {
        let cuts = self.model().cuts();
        let parts = self.parts(features);
        let average: Vec<f64> = cuts.iter().map(|cut| cut.intercept).collect();
        let added: Vec<&[f64]> = parts.iter().map(|part| &*part.cuts).collect();
        let points = shapley(&average, &added, |log_odds| self.model().csi(log_odds));
        let satisfied = self.model().satisfied_cut().mark;
        let satisfied = cuts.iter().position(|cut| cut.mark == satisfied);
        let mut reasons: Vec<Reason> = parts
            .into_iter()
            .zip(points)
            .map(|(part, csi_points)| Reason {
                group: part.group,
                log_odds: satisfied
                    .and_then(|i| part.cuts.get(i))
                    .copied()
                    .unwrap_or(0.0),
                csi_points,
                facts: telling(part.members, csi_points),
            })
            .collect();
        // A stable sort: equal ones stay in the order of the groups.
        reasons.sort_by(|a, b| b.csi_points.abs().total_cmp(&a.csi_points.abs()));
        let csi_before = self.predict(features).csi;
        Explanation {
            csi: csi_before,
            average_csi: self.model().csi(&average),
            reasons,
            counterfactuals: self.counterfactuals(csi_before, alternatives),
        }
    }

    fn counterfactuals(&self, before: f64, alternatives: &[Alternative]) -> Vec<Counterfactual> {
        let judged = alternatives.iter().map(|alternative| {
            let prediction = self.predict(&alternative.features);
            Counterfactual {
                change: alternative.change,
                csi_before: before,
                csi: prediction.csi,
                satisfied: prediction.satisfied,
                partial: alternative.partial,
            }
        });
        let mut told: Vec<Counterfactual> = judged.filter(|c| c.gain() >= LEAST_GAIN).collect();
        told.sort_by(|a, b| b.gain().total_cmp(&a.gain()));
        told
    }

    /// Sums up what the features add, group by group, in the order of the groups; groups that add nothing
    /// are left out.
    fn parts(&self, features: &FeatureVector) -> Vec<Part> {
        let (encoder, cuts) = (self.model().encoder(), self.model().cuts());
        let mut parts: Vec<Part> = ReasonGroup::ALL
            .into_iter()
            .map(|group| Part {
                group,
                cuts: vec![0.0; cuts.len()],
                members: Vec::new(),
            })
            .collect();
        let mut pushes = vec![0.0; encoder.inputs().len()];
        for (index, cut) in cuts.iter().enumerate() {
            let mut input = pushes.iter_mut();
            encoder.weigh(features, &cut.weights, |feature, _, added| {
                if let Some(push) = input.next() {
                    *push += added;
                }
                if let Some(part) = parts.iter_mut().find(|part| part.group == feature.group) {
                    part.cuts[index] += added;
                }
            });
        }
        for (input, push) in encoder.inputs().iter().zip(pushes) {
            let place = crate::features::position(&input.feature);
            let Some(place) = place.filter(|_| push != 0.0) else {
                continue;
            };
            let feature = &crate::features::catalogue()[place];
            let usual = match &input.encoding {
                Encoding::Number {
                    transform,
                    value: Some(standard),
                    ..
                } => Some(transform.undo(standard.mean)),
                _ => None,
            };
            let fact = ToldFact {
                feature,
                value: features.values()[place].clone(),
                usual: usual.filter(|_| feature.kind == Kind::Number),
            };
            if let Some(part) = parts.iter_mut().find(|part| part.group == feature.group) {
                part.members.push((fact, push));
            }
        }
        parts.retain(|part| part.cuts.iter().any(|added| *added != 0.0));
        parts
    }
}

/// Picks the features that say a reason.
fn telling(members: Vec<(ToldFact, f64)>, points: f64) -> Vec<ToldFact> {
    let same = |push: f64| push.is_sign_negative() == points.is_sign_negative();
    let (mut known, mut absent): (Vec<_>, Vec<_>) = members
        .into_iter()
        .filter(|(_, push)| same(*push))
        .partition(|(fact, _)| fact.value.is_ok());
    let of = if known.is_empty() {
        &mut absent
    } else {
        &mut known
    };
    of.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let strongest = of.first().map_or(0.0, |(_, push)| push.abs());
    let strong = of
        .drain(..)
        .take_while(|(_, push)| push.abs() >= 0.5 * strongest);
    strong.take(2).map(|(fact, _)| fact).collect()
}

/// Returns the Shapley value of each part: what it moves `value`, averaged over every order in which the
/// parts may be added to `base`.
///
/// With n parts it takes 2ⁿ values; φ_i = Σ over the subsets S without i of
/// |S|! (n − 1 − |S|)! / n! · (v(S ∪ i) − v(S)).
fn shapley(base: &[f64], parts: &[&[f64]], value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let n = parts.len();
    let width = base.len();
    // The sum of a subset is that of the subset without its lowest part, and that part.
    let mut sums = Vec::with_capacity(width << n);
    sums.extend_from_slice(base);
    let mut values = Vec::with_capacity(1 << n);
    values.push(value(base));
    for subset in 1usize..1 << n {
        let lowest = subset.trailing_zeros() as usize;
        let rest = (subset & (subset - 1)) * width;
        for (column, added) in parts[lowest].iter().enumerate() {
            sums.push(sums[rest + column] + added);
        }
        values.push(value(&sums[subset * width..]));
    }
    // |S|! (n − 1 − |S|)! / n! = 1 / (n · C(n − 1, |S|)).
    let mut weights = Vec::with_capacity(n);
    let mut choose = 1.0;
    for size in 0..n {
        weights.push(1.0 / (n as f64 * choose));
        choose *= (n - 1 - size) as f64 / (size + 1) as f64;
    }
    let moved = |part: usize| -> f64 {
        let without = (0..1usize << n).filter(|subset| subset & (1 << part) == 0);
        let gains = without.map(|subset| {
            let size = subset.count_ones() as usize;
            weights[size] * (values[subset | 1 << part] - values[subset])
        });
        gains.sum()
    };
    (0..n).map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Absence, Value};
    use crate::model::TrainOptions;
    use crate::model::label::Target;
    use crate::model::testing::{number, table, trained, vector, word};
    use crate::settings::AnalysisSettings;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn trained_for(target: Target) -> Predictor {
        let options = TrainOptions {
            target,
            ..TrainOptions::default()
        };
        Predictor::new(trained(&table(300), &options).unwrap())
    }

    static TWO_CLASS: LazyLock<Predictor> = LazyLock::new(|| trained_for(Target::Satisfied));
    static MARKS: LazyLock<Predictor> = LazyLock::new(|| trained_for(Target::Marks));

    /// The plain twin: every order of the parts, each part's gain when its turn comes, averaged.
    fn over_all_orders(base: f64, parts: &[f64], value: impl Fn(f64) -> f64) -> Vec<f64> {
        fn orders(left: Vec<usize>) -> Vec<Vec<usize>> {
            if left.is_empty() {
                return vec![Vec::new()];
            }
            let first = left.iter().flat_map(|&first| {
                let rest = left.iter().copied().filter(|&i| i != first).collect();
                orders(rest).into_iter().map(move |mut order| {
                    order.push(first);
                    order
                })
            });
            first.collect()
        }
        let all = orders((0..parts.len()).collect());
        let mut gains = vec![0.0; parts.len()];
        for order in &all {
            let mut sum = base;
            for &part in order {
                gains[part] += value(sum + parts[part]) - value(sum);
                sum += parts[part];
            }
        }
        gains.iter().map(|gain| gain / all.len() as f64).collect()
    }

    #[test]
    fn shapley_values_of_two_parts_are_those_worked_out_by_hand() {
        // v = x²: v(0) = 0, v(1) = 1, v(2) = 4, v(3) = 9. The first moves 1 or 9 − 4, the second 4 or
        // 9 − 1: 3 and 6.
        let found = shapley(&[0.0], &[&[1.0], &[2.0]], |x| x[0] * x[0]);
        assert_eq!(found, [3.0, 6.0]);
        assert_eq!(shapley(&[0.5], &[], |x| x[0]), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn shapley_values_are_the_mean_over_all_orders(
            base in -3.0..3.0_f64,
            parts in prop::collection::vec(-4.0..4.0_f64, 1..6),
        ) {
            let curve = |x: f64| 1.0 + 4.0 / (1.0 + (-x).exp());
            let wanted = over_all_orders(base, &parts, curve);
            let slices: Vec<[f64; 1]> = parts.iter().map(|part| [*part]).collect();
            let slices: Vec<&[f64]> = slices.iter().map(|part| &part[..]).collect();
            let found = shapley(&[base], &slices, |x| curve(x[0]));
            for (found, wanted) in found.iter().zip(&wanted) {
                prop_assert!((found - wanted).abs() < 1e-12, "{found}, wanted {wanted}");
            }
        }

        #[test]
        fn points_add_up_and_agree_with_the_prediction(
            wait in 0.0..2000.0_f64,
            holds in 0u32..9,
            failed in any::<bool>(),
            marks in any::<bool>(),
        ) {
            let predictor = if marks { &*MARKS } else { &*TWO_CLASS };
            let status = if failed { "failed" } else { "completed" };
            let features = vector(&[
                ("queue_wait_s", number(wait)),
                ("hold_count", number(f64::from(holds))),
                ("ivr_status", word(status)),
            ]);
            let prediction = predictor.predict(&features);
            let found = predictor.explain(&features, &[]);
            prop_assert_eq!(found.csi, prediction.csi);
            let points: f64 = found.reasons.iter().map(|r| r.csi_points).sum();
            prop_assert!((found.average_csi + points - found.csi).abs() < 1e-9);
            let log_odds: f64 = found.reasons.iter().map(|r| r.log_odds).sum();
            let wanted = prediction.log_odds - prediction.base;
            prop_assert!((log_odds - wanted).abs() < 1e-9);
            let strength = |r: &Reason| -r.csi_points.abs();
            prop_assert!(found.reasons.is_sorted_by_key(strength));
        }
    }

    #[test]
    fn the_average_call_is_the_one_whose_columns_are_at_their_means() {
        let means = TWO_CLASS.model().class_means();
        let base = TWO_CLASS.model().satisfied_cut().intercept;
        let satisfied = 1.0 / (1.0 + (-base).exp());
        let wanted = satisfied * means.satisfied + (1.0 - satisfied) * means.others;
        let found = TWO_CLASS.explain(&vector(&[]), &[]).average_csi;
        assert!((found - wanted).abs() < 1e-12);
    }

    fn long_wait() -> FeatureVector {
        vector(&[
            ("queue_wait_s", number(290.0)),
            ("hold_count", number(2.0)),
            ("ivr_status", word("completed")),
        ])
    }

    #[test]
    fn counterfactuals_are_what_is_predicted_of_the_changed_call() {
        for predictor in [&*TWO_CLASS, &*MARKS] {
            let before = predictor.predict(&long_wait()).csi;
            let alternatives = long_wait().alternatives(&AnalysisSettings::default());
            let found = predictor
                .explain(&long_wait(), &alternatives)
                .counterfactuals;
            let wait = found.iter().find(|c| c.change.fact() == "wait").unwrap();
            let changed = vector(&[
                ("queue_wait_s", number(20.0)),
                ("hold_count", number(2.0)),
                ("ivr_status", word("completed")),
            ]);
            let wanted = predictor.predict(&changed);
            assert_eq!((wait.csi, wait.satisfied), (wanted.csi, wanted.satisfied));
            assert_eq!(wait.csi_before, before);
            assert!(found.is_sorted_by_key(|c| -c.gain()));
            assert!(found.iter().all(|c| c.gain() >= LEAST_GAIN));
        }
    }

    /// Of 25 s and 20 s of wait the model makes next to no difference.
    #[test]
    fn what_gains_less_than_a_tenth_of_a_mark_is_not_told() {
        let features = vector(&[("queue_wait_s", number(25.0))]);
        let alternatives = features.alternatives(&AnalysisSettings::default());
        assert_eq!(alternatives.len(), 1);
        assert!(
            TWO_CLASS
                .explain(&features, &alternatives)
                .counterfactuals
                .is_empty()
        );
    }

    #[test]
    fn an_explanation_is_told_in_both_languages_and_as_json() {
        let fact = |name: &str, value, usual| ToldFact {
            feature: &crate::features::catalogue()[crate::features::position(name).unwrap()],
            value,
            usual,
        };
        let wait = fact("queue_wait_s", Ok(Value::Number(95.0)), Some(31.4));
        let reason = |facts, csi_points| Reason {
            group: ReasonGroup::Waiting,
            log_odds: -0.59,
            csi_points,
            facts,
        };
        let longest = fact("hold_longest_s", Err(Absence::NoHold), None);
        let told = reason(vec![wait, longest], -0.84);
        assert_eq!(
            told.sentence(Lang::En),
            "the customer waited 1 min 35 s in the queue (usually 31 s); longest hold: no hold"
        );
        assert_eq!(
            told.sentence(Lang::Ru),
            "клиент ждал в очереди 1 мин 35 с (обычно 31 с); самое долгое удержание: удержаний не было"
        );
        assert_eq!(told.points(Lang::Ru).as_deref(), Some("−0,8"));
        assert_eq!(
            reason(Vec::new(), 0.31).points(Lang::En).as_deref(),
            Some("+0.3")
        );
        assert_eq!(reason(Vec::new(), -0.04).points(Lang::En), None);
        let nothing = |name| fact(name, Ok(Value::Number(0.0)), Some(0.5));
        let none = reason(vec![nothing("hold_count"), nothing("hold_total_s")], 0.2);
        assert_eq!(none.sentence(Lang::En), "no holds");
        assert_eq!(none.sentence(Lang::Ru), "без удержаний");
        let json = serde_json::to_value(&told).unwrap();
        let wanted = serde_json::json!({"group": "waiting", "log_odds": -0.59, "csi_points": -0.84,
            "features": ["queue_wait_s", "hold_longest_s"]});
        assert_eq!(json, wanted);

        let hold = Counterfactual {
            change: Change::OneHoldLess {
                which: 2,
                count: 2,
                length_s: 8.0,
            },
            csi_before: 6.1,
            csi: 7.4,
            satisfied: 0.7,
            partial: false,
        };
        assert_eq!(
            hold.sentence(Lang::En),
            "without the second hold (8 s): 6.1 → 7.4"
        );
        assert_eq!(
            hold.sentence(Lang::Ru),
            "без второго удержания (8 с): 6,1 → 7,4"
        );
        let json = serde_json::to_value(&hold).unwrap();
        let wanted = serde_json::json!({"change": "one_hold_less", "which": 2, "count": 2,
            "length_s": 8.0, "csi_before": 6.1, "csi": 7.4, "satisfied": 0.7, "partial": false});
        assert_eq!(json, wanted);
    }
}
