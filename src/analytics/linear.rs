//! Small systems of linear equations.

/// The inverse of a square matrix given row by row (Gauss–Jordan with partial pivoting); `None` where it
/// has none to the digits there are.
pub(super) fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut left = matrix.to_vec();
    let mut right: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    // A pivot is compared with what stood in its row, so that units do not matter.
    let mut scale: Vec<f64> = left
        .iter()
        .map(|row| row.iter().fold(0.0_f64, |most, x| most.max(x.abs())))
        .collect();
    for at in 0..n {
        let weight = |row: usize| left[row][at].abs() / scale[row].max(f64::MIN_POSITIVE);
        let best = (at..n).max_by(|&a, &b| weight(a).total_cmp(&weight(b)))?;
        if weight(best) <= 1e-10 || weight(best).is_nan() {
            return None;
        }
        left.swap(at, best);
        right.swap(at, best);
        scale.swap(at, best);
        let pivot = left[at][at];
        left[at].iter_mut().for_each(|x| *x /= pivot);
        right[at].iter_mut().for_each(|x| *x /= pivot);
        let (taken, other) = (
            std::mem::take(&mut left[at]),
            std::mem::take(&mut right[at]),
        );
        for (row, beside) in left.iter_mut().zip(&mut right) {
            let factor = row.get(at).copied().unwrap_or_default();
            row.iter_mut()
                .zip(&taken)
                .for_each(|(x, t)| *x -= factor * t);
            beside
                .iter_mut()
                .zip(&other)
                .for_each(|(x, t)| *x -= factor * t);
        }
        (left[at], right[at]) = (taken, other);
    }
    Some(right)
}

/// Returns the product of a matrix, given row by row, and a vector.
pub(super) fn product(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    let dot = |row: &Vec<f64>| row.iter().zip(vector).map(|(a, b)| a * b).sum();
    matrix.iter().map(dot).collect()
}

/// Tells of every column of a table, given the products of its columns, whether it says something that those
/// before it do not: what is left of it, once they are taken out, is not nothing.
pub(super) fn independent(products: &[Vec<f64>]) -> Vec<bool> {
    let n = products.len();
    let mut left = products.to_vec();
    let mut found = vec![false; n];
    for at in 0..n {
        let pivot = left[at][at];
        if pivot <= 1e-9 * products[at][at].max(f64::MIN_POSITIVE) || pivot.is_nan() {
            continue;
        }
        found[at] = true;
        let taken = std::mem::take(&mut left[at]);
        for row in &mut left[at + 1..] {
            let factor = row[at] / pivot;
            row.iter_mut()
                .zip(&taken)
                .skip(at + 1)
                .for_each(|(x, t)| *x -= factor * t);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_matrix_times_its_inverse_is_one(
            cells in prop::collection::vec(-5.0..5.0_f64, 16),
            units in prop::collection::vec(-6..6_i32, 4),
        ) {
            // Units of any size, as seconds beside shares.
            let matrix: Vec<Vec<f64>> = (0..4)
                .map(|i| (0..4).map(|j| cells[4 * i + j] * 10_f64.powi(units[j])).collect())
                .collect();
            if let Some(inverse) = inverse(&matrix) {
                for j in 0..4 {
                    let column: Vec<f64> = inverse.iter().map(|row| row[j]).collect();
                    for (i, found) in product(&matrix, &column).into_iter().enumerate() {
                        prop_assert!((found - f64::from(u8::from(i == j))).abs() < 1e-4);
                    }
                }
            }
        }
    }

    /// Of the columns a, b, a + b, c, 0 the third and the last say nothing new.
    #[test]
    fn a_sum_of_columns_says_nothing_new() {
        let table: [[f64; 5]; 4] = [
            [1.0, 0.0, 1.0, 2.0, 0.0],
            [1.0, 3.0, 4.0, 0.0, 0.0],
            [0.0, 1.0, 1.0, 5.0, 0.0],
            [2.0, 1.0, 3.0, 1.0, 0.0],
        ];
        let products: Vec<Vec<f64>> = (0..5)
            .map(|i| {
                (0..5)
                    .map(|j| table.iter().map(|row| row[i] * row[j]).sum())
                    .collect()
            })
            .collect();
        assert_eq!(independent(&products), [true, true, false, true, false]);
    }

    #[test]
    fn columns_that_say_the_same_have_no_inverse() {
        assert_eq!(inverse(&[vec![1.0, 2.0], vec![2.0, 4.0]]), None);
        assert_eq!(inverse(&[vec![0.0]]), None);
        // The inverse of [[2, 1], [1, 1]] is [[1, −1], [−1, 2]].
        let found = inverse(&[vec![2.0, 1.0], vec![1.0, 1.0]]).unwrap();
        assert_eq!(found, [[1.0, -1.0], [-1.0, 2.0]]);
    }
}
