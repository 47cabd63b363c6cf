//! The two loops that cost time: the matrix product and the step of the LSTM.
//!
//! They are plain loops over arrays of fixed size, which the compiler vectorises. The default target
//! of x86-64 knows neither AVX2 nor FMA, so `pulp` compiles them a second time for processors that
//! have both and chooses while running: 3.5 times as fast.
//!
//! # Conventions
//!
//! * A row of a matrix belongs to an input, a column to an output. Rows of data are contiguous.
//! * Every sum runs over the inputs in order, whatever is computed beside it: a row's result does
//!   not depend on the number of rows. It does depend, in the last bits, on whether the processor
//!   has FMA.

use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Columns that are computed side by side.
const PANEL: usize = 16;
/// Rows that are computed side by side: with the panel's width, as many sums as registers hold.
const ROWS: usize = 6;
/// Cells of the LSTM.
pub(super) const CELLS: usize = 128;
/// Its gates: input, forget, cell, output.
pub(super) const GATES: usize = 4 * CELLS;

/// A matrix cut into panels of [`PANEL`] columns, each with all rows.
#[derive(Debug)]
pub(super) struct Matrix {
    inputs: usize,
    outputs: usize,
    panels: Vec<[f32; PANEL]>,
}

impl Matrix {
    /// Takes values row by row; columns beyond the last whole panel would be lost.
    pub(super) fn new(values: &[f32], outputs: usize) -> Matrix {
        let inputs = values.len() / outputs.max(1);
        let mut panels = Vec::with_capacity(values.len() / PANEL);
        for panel in 0..outputs / PANEL {
            panels.extend((0..inputs).map(|input| -> [f32; PANEL] {
                std::array::from_fn(|i| values[input * outputs + panel * PANEL + i])
            }));
        }
        Matrix {
            inputs,
            outputs,
            panels,
        }
    }
}

/// A product of rows of data with a matrix, or with some of its rows.
pub(super) struct Product<'a> {
    pub(super) matrix: &'a Matrix,
    /// Rows of the matrix that take part: as many as a row of data has values.
    pub(super) inputs: Range<usize>,
    /// Added to every row.
    pub(super) bias: &'a [f32],
    /// Whether what is below 0 becomes 0.
    pub(super) rectify: bool,
    pub(super) rows: usize,
    /// The first row begins the slice, each next one `stride` later.
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
}

impl Product<'_> {
    pub(super) fn compute(self, arch: Arch) {
        arch.dispatch(self);
    }

    #[inline(always)]
    fn all<const FUSED: bool>(mut self) {
        for panel in 0..self.matrix.outputs / PANEL {
            let mut row = 0;
            while row + ROWS <= self.rows {
                self.tile::<ROWS, FUSED>(panel, row);
                row += ROWS;
            }
            while row + 2 <= self.rows {
                self.tile::<2, FUSED>(panel, row);
                row += 2;
            }
            if row < self.rows {
                self.tile::<1, FUSED>(panel, row);
            }
        }
    }

    #[inline(always)]
    fn tile<const N: usize, const FUSED: bool>(&mut self, panel: usize, row: usize) {
        let weights = &self.matrix.panels[panel * self.matrix.inputs..][self.inputs.clone()];
        let data: [&[f32]; N] =
            std::array::from_fn(|i| &self.data[(row + i) * self.stride..][..weights.len()]);
        let bias = &self.bias[panel * PANEL..][..PANEL];
        let mut sums = [[0.0; PANEL]; N];
        for sums in &mut sums {
            sums.copy_from_slice(bias);
        }
        for (input, weights) in weights.iter().enumerate() {
            for i in 0..N {
                let value = data[i][input];
                for j in 0..PANEL {
                    sums[i][j] = multiply_add::<FUSED>(value, weights[j], sums[i][j]);
                }
            }
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            if self.rectify {
                for sum in sums.iter_mut() {
                    *sum = sum.max(0.0);
                }
            }
            let at = (row + i) * self.out_stride + panel * PANEL;
            self.out[at..][..PANEL].copy_from_slice(sums);
        }
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if fused::<S>() {
            self.all::<true>();
        } else {
            self.all::<false>();
        }
    }
}

/// A step of one LSTM: the sums before the gates are `driven` plus `recalled`.
pub(super) struct Step<'a> {
    pub(super) driven: &'a [f32],
    pub(super) recalled: &'a [f32],
    pub(super) hidden: &'a mut [f32],
    pub(super) cell: &'a mut [f32],
}

impl Step<'_> {
    pub(super) fn compute(self, arch: Arch) {
        arch.dispatch(self);
    }

    #[inline(always)]
    fn all<const FUSED: bool>(self) {
        let gate = |values: &[f32], gate: usize| -> [f32; CELLS] {
            std::array::from_fn(|i| values[gate * CELLS..][..CELLS][i])
        };
        let sums = |g: usize| -> [f32; CELLS] {
            let (driven, recalled) = (gate(self.driven, g), gate(self.recalled, g));
            std::array::from_fn(|i| driven[i] + recalled[i])
        };
        let [input, forget, fresh, output] = [sums(0), sums(1), sums(2), sums(3)];
        let (hidden, cell) = (&mut self.hidden[..CELLS], &mut self.cell[..CELLS]);
        for i in 0..CELLS {
            let kept = logistic::<FUSED>(forget[i]) * cell[i];
            let new = logistic::<FUSED>(input[i]) * hyperbolic::<FUSED>(fresh[i]);
            cell[i] = kept + new;
            hidden[i] = logistic::<FUSED>(output[i]) * hyperbolic::<FUSED>(cell[i]);
        }
    }
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if fused::<S>() {
            self.all::<true>();
        } else {
            self.all::<false>();
        }
    }
}

/// Tells whether the code compiled for `S` has one instruction to multiply and add.
#[inline(always)]
fn fused<S: Simd>() -> bool {
    cfg!(target_arch = "aarch64") || S::F32_LANES >= 8
}

/// Without that instruction `mul_add` would call a function.
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Returns 1 / (1 + e^-x), within 2e-7.
#[inline(always)]
pub(super) fn logistic<const FUSED: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exponential::<FUSED>(-x))
}

/// Returns tanh x = 2 / (1 + e^-2x) - 1, within 4e-7.
#[inline(always)]
fn hyperbolic<const FUSED: bool>(x: f32) -> f32 {
    2.0 / (1.0 + exponential::<FUSED>(-2.0 * x)) - 1.0
}

/// Returns e^x for x cut to ±87, within 3e-7 of its size: 2^n by way of the exponent's bits, times
/// the Taylor series of e^r, where x = n ln 2 + r and |r| ≤ (ln 2) / 2.
#[inline(always)]
fn exponential<const FUSED: bool>(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first of so few bits that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_375;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    let shifted = multiply_add::<FUSED>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = multiply_add::<FUSED>(n, -LN_2_HIGH, x);
    let r = multiply_add::<FUSED>(n, -LN_2_LOW, r);
    let mut sum = 1.0 / 720.0;
    for term in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = multiply_add::<FUSED>(sum, r, term);
    }
    let power = (shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits());
    sum * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn functions_are_those_of_the_standard_library() {
        for i in -4_000..=4_000 {
            let x = i as f32 * 0.025;
            let exact = f64::from(x);
            let sigmoid = 1.0 / (1.0 + (-exact).exp());
            for found in [logistic::<false>(x), logistic::<true>(x)] {
                assert!((f64::from(found) - sigmoid).abs() < 2e-7, "{x}");
            }
            for found in [hyperbolic::<false>(x), hyperbolic::<true>(x)] {
                assert!((f64::from(found) - exact.tanh()).abs() < 4e-7, "{x}");
            }
        }
    }

    proptest! {
        /// The plain twin: three nested loops in f64.
        #[test]
        fn product_equals_the_plain_loops(
            rows in 1usize..15,
            panels in 1usize..4,
            inputs in 1usize..40,
            skipped in 0usize..5,
            rectify: bool,
            seed: u32,
        ) {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            };
            let (outputs, stride, out_stride) = (panels * PANEL, inputs + 3, panels * PANEL + 1);
            let values: Vec<f32> = (0..(inputs + skipped) * outputs).map(|_| next()).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
            let data: Vec<f32> = (0..rows * stride).map(|_| next()).collect();
            let matrix = Matrix::new(&values, outputs);
            let mut found = vec![0.0; rows * out_stride];
            let mut plain = found.clone();
            let product = |out| Product {
                matrix: &matrix,
                inputs: skipped..skipped + inputs,
                bias: &bias,
                rectify,
                rows,
                data: &data,
                stride,
                out,
                out_stride,
            };
            product(&mut found).compute(Arch::new());
            product(&mut plain).all::<false>();
            for row in 0..rows {
                for output in 0..outputs {
                    let mut sum = f64::from(bias[output]);
                    for input in 0..inputs {
                        let weight = values[(skipped + input) * outputs + output];
                        sum += f64::from(data[row * stride + input]) * f64::from(weight);
                    }
                    if rectify {
                        sum = sum.max(0.0);
                    }
                    let at = row * out_stride + output;
                    prop_assert!((f64::from(found[at]) - sum).abs() < 1e-5);
                    prop_assert!((f64::from(plain[at]) - sum).abs() < 1e-5);
                }
            }
        }
    }
}
