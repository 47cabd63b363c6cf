//! Count, mean and spread of numbers that come one by one.

use serde::{Deserialize, Serialize};

/// Count, mean and sum of squared deviations (Welford 1962; joined as Chan, Golub & LeVeque 1983 do).
///
/// ```
/// use callcsi::analytics::Moments;
/// let moments: Moments = [2.0, 4.0, 9.0].into_iter().collect();
/// assert_eq!((moments.count(), moments.mean()), (3, Some(5.0)));
/// // (9 + 1 + 16) / 2
/// assert_eq!(moments.variance(), Some(13.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds a number; one that is not finite is passed over.
    pub fn push(&mut self, x: f64) {
        if !x.is_finite() {
            return;
        }
        self.count += 1;
        let from_mean = x - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (x - self.mean);
    }

    /// Adds what was gathered elsewhere.
    pub fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.mean += apart * b / (a + b);
        self.squares += other.squares + apart * apart * a * b / (a + b);
    }

    /// Returns how many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns their mean; `None` of none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Returns their sum, 0 of none.
    pub fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }

    /// Returns the sum of squared deviations from the mean.
    pub fn squares(&self) -> f64 {
        self.squares.max(0.0)
    }

    /// Returns their variance, with the denominator n − 1; `None` of fewer than two.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares() / (self.count - 1) as f64)
    }

    /// Returns the standard error of the mean; `None` of fewer than two.
    pub fn standard_error(&self) -> Option<f64> {
        Some((self.variance()? / self.count as f64).sqrt())
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Moments {
        let mut moments = Moments::default();
        numbers.into_iter().for_each(|x| moments.push(x));
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_joined_are_the_whole(
            all in prop::collection::vec(-1e3..1e3_f64, 0..60),
            at in any::<prop::sample::Index>(),
        ) {
            let cut = at.index(all.len() + 1);
            let mut joined: Moments = all[..cut].iter().copied().collect();
            joined.merge(&all[cut..].iter().copied().collect());
            // Two passes, the plain way.
            let n = all.len() as f64;
            let mean = all.iter().sum::<f64>() / n;
            let squares: f64 = all.iter().map(|x| (x - mean).powi(2)).sum();
            prop_assert_eq!(joined.count(), all.len() as u64);
            if !all.is_empty() {
                prop_assert!((joined.mean().unwrap() - mean).abs() < 1e-9);
                prop_assert!((joined.squares() - squares).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn what_is_no_number_is_passed_over() {
        let moments: Moments = [1.0, f64::NAN, f64::INFINITY, 3.0].into_iter().collect();
        assert_eq!((moments.count(), moments.mean()), (2, Some(2.0)));
        assert_eq!(Moments::default().mean(), None);
        assert_eq!(Moments::default().variance(), None);
    }
}
