//! A call with its mark, for training.

use crate::call::CallId;
use crate::features::FeatureVector;
use crate::settings::fnv1a;

/// One measured call and the mark its customer gave.
#[derive(Clone, Debug)]
pub struct Example<'a> {
    /// Which call. No two examples have the same.
    pub id: CallId,
    /// What was measured on it.
    pub features: &'a FeatureVector,
    /// The customer's mark, on the scale given to training.
    pub mark: i64,
    /// Calls of one group, those of one customer for instance, stay on one side of the hold-out, so
    /// that the model is not tested on people it knows. `None`: the call stands alone.
    pub group: Option<String>,
    /// When the call was, in any unit counted up: only the order counts, and only where the latest
    /// calls are held out. `None`: not known.
    pub time: Option<i64>,
    /// How many calls the call stands for, above 0; 1 as a rule. Such counts make up for customers who
    /// did not answer ([`response_weights`](super::response_weights)).
    pub weight: f64,
}

impl<'a> Example<'a> {
    /// Makes an example that stands alone, for itself, at no known time.
    pub fn new(id: CallId, features: &'a FeatureVector, mark: i64) -> Example<'a> {
        Example {
            id,
            features,
            mark,
            group: None,
            time: None,
            weight: 1.0,
        }
    }

    /// Returns whether the call is held out when `share` of them are, `0.0..=1.0`.
    ///
    /// Depends on the group, or without one the id, and nothing else: a call held out today is
    /// held out next year, whatever calls have come in between.
    pub(super) fn is_held_out(&self, share: f64) -> bool {
        self.hash(b'g', b'i') < share
    }

    /// Returns the fold of the call, below `folds`, by the same rule and apart from it.
    pub(super) fn fold(&self, folds: u64) -> u64 {
        // Below 1 times the folds, so below them.
        (self.hash(b'G', b'I') * folds as f64) as u64
    }

    /// Returns the part of the call, below `parts`, where each part in turn is judged by a model of the
    /// others. By a hash of its own: the folds within such a model must be cut anew.
    pub(super) fn part(&self, parts: u64) -> u64 {
        (self.hash(b'v', b'u') * parts as f64) as u64
    }

    fn hash(&self, of_group: u8, of_id: u8) -> f64 {
        match &self.group {
            Some(group) => unit_hash(of_group, group),
            None => unit_hash(of_id, self.id.as_str()),
        }
    }
}

/// Hashes a key to `0.0..1.0`, evenly: FNV-1a (64 bits, with its published offset and prime), then
/// the finaliser of SplitMix64 so that the high bits depend on every byte.
fn unit_hash(domain: u8, key: &str) -> f64 {
    let mut hash = fnv1a(std::iter::once(domain).chain(key.bytes()));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    // The 53 high bits are a whole number that f64 holds exactly.
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::vector;

    #[test]
    fn hold_out_takes_the_share_asked_for_and_keeps_groups_together() {
        let features = vector(&[]);
        let example = |id: usize, group: Option<usize>| Example {
            group: group.map(|g| g.to_string()),
            ..Example::new(CallId::new(id.to_string()), &features, 1)
        };
        let held = (0..10_000)
            .filter(|&i| example(i, None).is_held_out(0.2))
            .count();
        // Four standard deviations of a binomial: 4·√(10000·0.2·0.8) = 160.
        assert!((1_840..=2_160).contains(&held), "{held}");
        for group in 0..50 {
            let first = example(0, Some(group)).is_held_out(0.5);
            assert!((1..9).all(|i| example(i, Some(group)).is_held_out(0.5) == first));
        }
        assert!(!example(1, None).is_held_out(0.0) && example(1, None).is_held_out(1.0));
    }

    /// From the published test values of FNV-1a, 64 bits.
    #[test]
    fn fnv1a_gives_its_published_values() {
        assert_eq!(fnv1a(b"".iter().copied()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a".iter().copied()), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8);
    }
}
