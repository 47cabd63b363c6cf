//! Means, deviations and quantiles; `None` of nothing.

/// Weighted mean; `None` without weight.
pub(crate) fn weighted_mean(pairs: &[(f64, f64)]) -> Option<f64> {
    let weight: f64 = pairs.iter().map(|(_, w)| w).sum();
    (weight > 0.0).then(|| pairs.iter().map(|(x, w)| x * w).sum::<f64>() / weight)
}

/// Weighted standard deviation of the population, by the two-pass formula; `None` without weight.
pub(crate) fn weighted_std(pairs: &[(f64, f64)]) -> Option<f64> {
    let mean = weighted_mean(pairs)?;
    let squares: Vec<(f64, f64)> = pairs
        .iter()
        .map(|(x, w)| ((x - mean).powi(2), *w))
        .collect();
    weighted_mean(&squares).map(f64::sqrt)
}

/// Mean; `None` of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    weighted_mean(&values.iter().map(|&x| (x, 1.0)).collect::<Vec<_>>())
}

/// Standard deviation of the population; `None` of nothing.
pub(crate) fn std(values: &[f64]) -> Option<f64> {
    weighted_std(&values.iter().map(|&x| (x, 1.0)).collect::<Vec<_>>())
}

/// Quantile `q` by linear interpolation between order statistics (Hyndman & Fan 1996, type 7);
/// `None` of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = q * sorted.len().checked_sub(1)? as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_statistic() {
        assert_eq!(
            (mean(&[]), std(&[]), quantile(&[], 0.5)),
            (None, None, None)
        );
        assert_eq!(weighted_mean(&[(1.0, 0.0)]), None);
    }

    #[test]
    fn one_value_has_no_spread() {
        assert_eq!(
            (mean(&[3.0]), std(&[3.0]), quantile(&[3.0], 0.9)),
            (Some(3.0), Some(0.0), Some(3.0))
        );
    }

    #[test]
    fn values_by_hand() {
        // Mean 5, squared distances 9+1+1+1+0+0+4+16 = 32, 32 / 8 = 4.
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!((mean(&values), std(&values)), (Some(5.0), Some(2.0)));
        // Type 7: place 0.9 · 7 = 6.3, between 7 and 9.
        assert!((quantile(&values, 0.9).unwrap() - 7.6).abs() < 1e-12);
        // (1·1 + 4·3) / 4 = 3.25; ((2.25²)·1 + (0.75²)·3) / 4 = 1.6875.
        let weighted = [(1.0, 1.0), (4.0, 3.0)];
        assert_eq!(weighted_mean(&weighted), Some(3.25));
        assert!((weighted_std(&weighted).unwrap() - 1.6875f64.sqrt()).abs() < 1e-12);
    }
}
