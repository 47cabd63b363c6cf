//! The normalised correlation of sound with itself, for a run of lags at once.

use crate::audio::faults::sum_of_products;
use std::ops::RangeInclusive;

/// Lags whose products are added up side by side: as many sums as a processor keeps at hand.
const LANES: usize = 16;

/// Correlates the first `window` values of `sound` with those each of `lags` later: the sum of
/// products over the root of both powers, -1..=1, and 0 in silence. After its end the sound is silent;
/// of a sound shorter than the window all correlations are 0.
pub(super) fn correlate(
    sound: &[f32],
    window: usize,
    lags: RangeInclusive<usize>,
    out: &mut Vec<f32>,
) {
    let first = *lags.start();
    let count = (lags.end() + 1).saturating_sub(first);
    out.clear();
    out.resize(count, 0.0);
    let (Some(here), Some(later)) = (sound.get(..window), sound.get(first..)) else {
        return;
    };
    products(here, later, out);

    // The window moves on by one lag after the other: what it leaves goes, what it meets comes.
    let square = |x: f32| f64::from(x) * f64::from(x);
    let whole = &later[..window.min(later.len())];
    let power = f64::from(sum_of_products(here, here));
    // In double precision: what is left when loud sound has gone is a small difference of large sums.
    let mut power_later: f64 = whole.iter().map(|&x| square(x)).sum();
    let leaving = later.iter();
    let mut meeting = later.iter().skip(window);
    for (product, &left) in out.iter_mut().zip(leaving) {
        let both = (power * power_later) as f32;
        *product = if both > 0.0 {
            *product / both.sqrt()
        } else {
            0.0
        };
        let met = meeting.next().copied().unwrap_or_default();
        power_later += square(met) - square(left);
    }
}

/// Adds up the products of `here` with what begins 0, 1, 2, … values on in `later`.
///
/// Each value of `here` is multiplied with [`LANES`] neighbours at once. Lag by lag would be plainer,
/// but a hundred products are too few for their sum to be worth setting up.
fn products(here: &[f32], later: &[f32], out: &mut [f32]) {
    for (block, out) in out.chunks_mut(LANES).enumerate() {
        let later = later.get(block * LANES..).unwrap_or_default();
        let mut sums = [0.0f32; LANES];
        if later.len() >= here.len() + LANES - 1 {
            for (x, neighbours) in here.iter().zip(later.windows(LANES)) {
                for (sum, y) in sums.iter_mut().zip(neighbours) {
                    *sum += x * y;
                }
            }
        } else {
            // The last block may reach past the end.
            for (lag, sum) in sums.iter_mut().enumerate().take(out.len()) {
                let later = later.get(lag..).unwrap_or_default();
                let both = here.len().min(later.len());
                *sum = sum_of_products(&here[..both], &later[..both]);
            }
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, term by term, in double precision.
    fn plain(sound: &[f32], window: usize, lag: usize) -> f64 {
        let at = |i: usize| sound.get(i).map_or(0.0, |&x| f64::from(x));
        let (mut both, mut here, mut later) = (0.0, 0.0, 0.0);
        for i in 0..window {
            both += at(i) * at(i + lag);
            here += at(i) * at(i);
            later += at(i + lag) * at(i + lag);
        }
        if here * later > 0.0 {
            both / (here * later).sqrt()
        } else {
            0.0
        }
    }

    #[test]
    fn correlations_by_hand() {
        // Of period 4: 1 at lags 4 and 8, -1 at 2, and 0 between, where one factor is always 0.
        let sound: Vec<f32> = [0.0, 1.0, 0.0, -1.0].repeat(6);
        let mut found = Vec::new();
        correlate(&sound, 8, 1..=8, &mut found);
        assert_eq!(found, [0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 1.0]);
        // 3, 4 and 4, 3 have the product 24 and the powers 25.
        correlate(&[3.0, 4.0, 3.0], 2, 1..=1, &mut found);
        assert_eq!(found, [0.96]);
    }

    #[test]
    fn of_silence_and_of_too_little_there_is_nothing() {
        let mut found = vec![1.0; 3];
        correlate(&[0.0; 100], 20, 5..=30, &mut found);
        assert_eq!(found, [0.0; 26]);
        correlate(&[1.0; 10], 20, 5..=6, &mut found);
        assert_eq!(found, [0.0; 2]);
        correlate(&[1.0; 30], 20, 40..=41, &mut found);
        assert_eq!(found, [0.0; 2]);
        correlate(&[], 0, 0..=0, &mut found);
        assert_eq!(found, [0.0]);
    }

    /// At lag 25 one value is left of the later sound, of the other sign than the one here: -1 whatever
    /// their sizes. The power that has gone by then is three thousand times as large.
    #[test]
    fn what_is_left_after_loud_sound_is_measured_as_well() {
        let mut sound = vec![0.0; 26];
        sound[0] = -0.635_268_75;
        sound[19..24].copy_from_slice(&[
            0.983_390_33,
            0.165_495_35,
            0.196_174_56,
            -0.335_042_9,
            0.108_228_47,
        ]);
        sound[25] = 0.019_903_16;
        let mut found = Vec::new();
        correlate(&sound, 4, 19..=25, &mut found);
        assert!((found[6] + 1.0).abs() < 1e-6, "{}", found[6]);
    }

    proptest! {
        #[test]
        fn all_lags_at_once_are_each_lag_for_itself(
            sound in prop::collection::vec(-1.0f32..1.0, 0..240),
            window in 1usize..120,
            first in 0usize..20,
            count in 1usize..70,
        ) {
            let mut found = Vec::new();
            correlate(&sound, window, first..=first + count - 1, &mut found);
            prop_assert_eq!(found.len(), count);
            for (i, &found) in found.iter().enumerate() {
                let whole = sound.len() >= window.max(first);
                let wanted = if whole { plain(&sound, window, first + i) } else { 0.0 };
                // Nearer than 1e-4 but where next to nothing is left of the power later on.
                let later = sound.get(first + i..).unwrap_or_default();
                let power: f32 = later.iter().take(window).map(|x| x * x).sum();
                let near = (f64::from(found) - wanted).abs() < 1e-4;
                prop_assert!(near || power < 1e-4, "{}: {} for {}", i, found, wanted);
            }
        }
    }
}
