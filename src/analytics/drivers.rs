//! What moves the estimates of an archive.

use super::sample::{Sampled, Watched};
use super::{Moments, stats::Figure};
use crate::features::ReasonGroup;
use crate::model::Predictor;
use serde::Serialize;

/// What moves the estimates.
#[derive(Clone, Debug, Serialize)]
pub struct Drivers {
    /// Groups of reasons, the strongest first.
    pub groups: Vec<GroupDriver>,
    /// Features of the model, the strongest first.
    pub features: Vec<FeatureDriver>,
    /// Calls looked at.
    pub calls: u64,
}

/// What one group of reasons moves.
#[derive(Clone, Debug, Serialize)]
pub struct GroupDriver {
    /// The group.
    pub group: ReasonGroup,
    /// Mean of what it moved the expected mark by, up or down, in marks.
    pub mean_points: Figure,
    /// Share of calls that it lowered by a tenth of a mark or more.
    pub lowers: Option<Figure>,
    /// Share of calls that it raised by as much.
    pub raises: Option<Figure>,
}

/// What one feature of the model moves.
#[derive(Clone, Debug, Serialize)]
pub struct FeatureDriver {
    /// Its name.
    pub feature: String,
    /// Mean of what it added to the log-odds of a satisfied customer, up or down.
    pub mean_log_odds: Figure,
}

/// The least that counts as moving a mark: a tenth, the least that is shown of an estimate.
const LEAST_POINTS: f32 = 0.1;

/// Finds what moves the estimates of a sample; `None` without explained calls.
pub(super) fn drivers(calls: &[Sampled], predictor: &Predictor) -> Option<Drivers> {
    let mut groups: Vec<(Moments, u64, u64)> = vec![Default::default(); ReasonGroup::ALL.len()];
    let inputs = predictor.model().encoder().inputs();
    let mut features = vec![Moments::default(); inputs.len()];
    let mut count = 0;
    for call in calls {
        let Some(points) = &call.points else { continue };
        count += 1;
        for ((moved, lowers, raises), x) in groups.iter_mut().zip(points) {
            moved.push(f64::from(x.abs()));
            *lowers += u64::from(*x <= -LEAST_POINTS);
            *raises += u64::from(*x >= LEAST_POINTS);
        }
        for (moments, x) in features.iter_mut().zip(&call.contributions) {
            moments.push(f64::from(x.abs()));
        }
    }
    let mut groups: Vec<GroupDriver> = ReasonGroup::ALL
        .into_iter()
        .zip(&groups)
        .filter_map(|(group, (moved, lowers, raises))| {
            Some(GroupDriver {
                group,
                mean_points: Figure::mean(moved).filter(|figure| figure.value > 0.0)?,
                lowers: Figure::share(*lowers, count),
                raises: Figure::share(*raises, count),
            })
        })
        .collect();
    groups.sort_by(|a, b| b.mean_points.value.total_cmp(&a.mean_points.value));
    let mut features: Vec<FeatureDriver> = inputs
        .iter()
        .zip(&features)
        .filter_map(|(input, moments)| {
            Some(FeatureDriver {
                feature: input.feature.clone(),
                mean_log_odds: Figure::mean(moments).filter(|figure| figure.value > 0.0)?,
            })
        })
        .collect();
    features.sort_by(|a, b| b.mean_log_odds.value.total_cmp(&a.mean_log_odds.value));
    (count > 0).then_some(Drivers {
        groups,
        features,
        calls: count,
    })
}

/// Returns the values of a watched feature.
pub(super) fn values<'a>(calls: impl IntoIterator<Item = &'a Sampled>, at: usize) -> Vec<f32> {
    calls.into_iter().map(|call| call.numbers[at]).collect()
}

impl Watched {
    /// Returns the place among the watched numbers of a feature at this place of the catalogue.
    pub(super) fn number(&self, at: usize) -> Option<usize> {
        self.numbers.binary_search(&at).ok()
    }
}
