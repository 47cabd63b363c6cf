//! The loops that cost time, written once for vectors of any width.
//!
//! # Conventions
//!
//! * Before the memory, lanes are windows: a *batch* is up to three vectors of windows, data are held
//!   value by value with the batch of each side by side, and a weight meets all windows at once.
//!   What a spectrum gives out is so just what the next layer takes in, and nothing is turned round.
//! * In the memory, lanes are cells. A *panel* holds the weights of as many cells as a vector has
//!   lanes, the four gates of each in turn, so that a cell is brought up to date while the sums of
//!   its gates are still in registers.
//! * Every sum runs over the inputs in order, and lanes never meet but in the last sum of a row: a
//!   window's result does not depend on those beside it. It does depend, in the last bits, on the
//!   processor: on whether it multiplies and adds in one instruction, and on the width of its vectors.

// Arrays of registers are indexed side by side; iterators over three of them hide what is multiplied.
#![allow(clippy::needless_range_loop)]

use crate::vad::simd::{Aligned, Work, fma};
use pulp::Simd;
use std::ops::Range;

/// Cells of the LSTM.
pub(super) const CELLS: usize = 128;
/// Its gates: input, forget, cell, output.
pub(super) const GATES: usize = 4 * CELLS;
/// Vectors of windows that go through the layers together, at most.
const VECTORS: usize = 3;
/// Outputs of a layer whose weights are held side by side.
const BLOCK: usize = 8;

/// Asks how many windows make the largest batch, and how many lanes a vector has.
pub(super) struct BatchAndLanes;

impl Work for BatchAndLanes {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> (usize, usize) {
        // Of 16 registers, 8 hold sums: with 12 the compiler ran short of them.
        let vectors = if S::REGISTER_COUNT >= 32 { VECTORS } else { 2 };
        (vectors * S::F32_LANES, S::F32_LANES)
    }
}

/// The weights and biases of a layer of convolution, in blocks of [`BLOCK`] outputs.
#[derive(Debug)]
pub(super) struct Filters {
    inputs: usize,
    weights: Vec<[f32; BLOCK]>,
    bias: Vec<f32>,
}

impl Filters {
    /// Takes weights input by input; outputs beyond the last whole block would be lost.
    pub(super) fn new(weights: &[f32], bias: Vec<f32>) -> Filters {
        let outputs = bias.len();
        let inputs = weights.len() / outputs.max(1);
        let mut blocks = Vec::with_capacity(weights.len() / BLOCK);
        for block in 0..outputs / BLOCK {
            blocks.extend((0..inputs).map(|input| -> [f32; BLOCK] {
                std::array::from_fn(|i| weights[input * outputs + block * BLOCK + i])
            }));
        }
        Filters {
            inputs,
            weights: blocks,
            bias,
        }
    }
}

/// One instant of a layer, for a batch: the rectified sums of some inputs times their weights.
pub(super) struct Convolution<'a> {
    pub(super) filters: &'a Filters,
    /// The inputs of the filters that take part.
    pub(super) inputs: Range<usize>,
    /// Windows of the batch: one to three times the lanes.
    pub(super) batch: usize,
    /// Of each input that takes part, the batch.
    pub(super) data: &'a [f32],
    /// Of each output, the batch.
    pub(super) out: &'a mut [f32],
}

impl Work for Convolution<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.batch / S::F32_LANES {
            1 => self.blocks::<S, 1>(simd),
            2 => self.blocks::<S, 2>(simd),
            _ => self.blocks::<S, VECTORS>(simd),
        }
    }
}

impl Convolution<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(self, simd: S) {
        let (data, _) = S::as_simd_f32s(self.data).0.as_chunks::<V>();
        let (out, _) = S::as_mut_simd_f32s(self.out).0.as_chunks_mut::<V>();
        let (bias, _) = self.filters.bias.as_chunks::<BLOCK>();
        let weights = self.filters.weights.chunks_exact(self.filters.inputs);
        let (out, _) = out.as_chunks_mut::<BLOCK>();
        for ((out, bias), weights) in out.iter_mut().zip(bias).zip(weights) {
            let weights = &weights[self.inputs.clone()];
            // The sums of a tile fill the registers: those of eight outputs, or of four.
            if S::REGISTER_COUNT >= 32 {
                tile::<S, V, 8, 0>(simd, weights, bias, data, out);
            } else {
                tile::<S, V, 4, 0>(simd, weights, bias, data, out);
                tile::<S, V, 4, 4>(simd, weights, bias, data, out);
            }
        }
    }
}

/// Computes `N` of a block's outputs, from `FIRST` on.
#[inline(always)]
fn tile<S: Simd, const V: usize, const N: usize, const FIRST: usize>(
    simd: S,
    weights: &[[f32; BLOCK]],
    bias: &[f32; BLOCK],
    data: &[[S::f32s; V]],
    out: &mut [[S::f32s; V]; BLOCK],
) {
    let zero = simd.splat_f32s(0.0);
    let mut sums = [[zero; V]; N];
    for i in 0..N {
        sums[i] = [simd.splat_f32s(bias[FIRST + i]); V];
    }
    for (weights, data) in weights.iter().zip(data) {
        for i in 0..N {
            let weight = simd.splat_f32s(weights[FIRST + i]);
            for v in 0..V {
                sums[i][v] = fma(simd, weight, data[v], sums[i][v]);
            }
        }
    }
    for i in 0..N {
        for v in 0..V {
            out[FIRST + i][v] = simd.max_f32s(sums[i][v], zero);
        }
    }
}

/// What turns a sum before a gate into the exponent of 2 that the gate is computed from: a gate is
/// 1 / (1 + e^-x), the cell's tanh x = (1 − e^-2x) / (1 + e^-2x). It is multiplied into the weights.
const EXPONENTS: [f32; 4] = [-LOG2_E, -LOG2_E, -2.0 * LOG2_E, -LOG2_E];
const LOG2_E: f32 = std::f32::consts::LOG2_E;

/// Weights from cells, or from the vector of a window, to the gates; in panels.
#[derive(Debug)]
pub(super) struct Gates {
    panels: Aligned,
}

impl Gates {
    /// Takes rows of [`GATES`] values, one row per input; for a bias, one.
    pub(super) fn new(values: &[f32], lanes: usize) -> Gates {
        let inputs = values.len() / GATES;
        let mut panels = Aligned::zeros(values.len());
        let places = panels.get_mut().chunks_exact_mut(lanes).enumerate();
        for (place, out) in places {
            let (gate, input, panel) = (place % 4, place / 4 % inputs, place / 4 / inputs);
            let first = input * GATES + gate * CELLS + panel * lanes;
            for (out, value) in out.iter_mut().zip(&values[first..]) {
                *out = value * EXPONENTS[gate];
            }
        }
        Gates { panels }
    }

    #[inline(always)]
    fn panels<S: Simd>(&self) -> &[[S::f32s; 4]] {
        S::as_simd_f32s(self.panels.get()).0.as_chunks().0
    }
}

/// Adds to the sums of `N` rows, for the cells of one panel, what their inputs give.
#[inline(always)]
fn add_gates<S: Simd, const N: usize>(
    simd: S,
    rows: [&[f32; CELLS]; N],
    panel: &[[S::f32s; 4]; CELLS],
    mut sums: [[S::f32s; 4]; N],
) -> [[S::f32s; 4]; N] {
    for k in 0..CELLS {
        // Weights one by one, since with those of four gates the registers would not suffice.
        let mut values = [simd.splat_f32s(0.0); N];
        for i in 0..N {
            values[i] = simd.splat_f32s(rows[i][k]);
        }
        for g in 0..4 {
            let weight = panel[k][g];
            for i in 0..N {
                sums[i][g] = fma(simd, values[i], weight, sums[i][g]);
            }
        }
    }
    sums
}

/// Calls a tile over all rows: as many at a time as registers hold sums of, then by twos and ones.
macro_rules! by_tiles {
    ($simd:ident, $rows:expr, $tile:expr) => {{
        let (rows, mut row) = ($rows, 0);
        if S::REGISTER_COUNT >= 32 {
            while row + 6 <= rows {
                $tile.tile::<S, 6>($simd, row);
                row += 6;
            }
        } else {
            while row + 3 <= rows {
                $tile.tile::<S, 3>($simd, row);
                row += 3;
            }
        }
        while row + 2 <= rows {
            $tile.tile::<S, 2>($simd, row);
            row += 2;
        }
        if row < rows {
            $tile.tile::<S, 1>($simd, row);
        }
    }};
}

/// What the vectors of windows put into the gates.
pub(super) struct Drive<'a> {
    pub(super) weights: &'a Gates,
    pub(super) bias: &'a Gates,
    /// The vector of each window that is driven, and its place in `out`.
    pub(super) vectors: &'a [[f32; CELLS]],
    pub(super) windows: &'a [usize],
    /// Sums for the gates of each window, panel by panel.
    pub(super) out: &'a mut [[f32; GATES]],
}

impl Work for Drive<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        by_tiles!(simd, self.windows.len().min(self.vectors.len()), self);
    }
}

impl Drive<'_> {
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(&mut self, simd: S, row: usize) {
        let mut rows = [&self.vectors[row]; N];
        for i in 1..N {
            rows[i] = &self.vectors[row + i];
        }
        let panels = self.weights.panels::<S>().as_chunks::<CELLS>().0;
        for ((p, panel), bias) in panels.iter().enumerate().zip(self.bias.panels::<S>()) {
            let sums = add_gates(simd, rows, panel, [*bias; N]);
            for i in 0..N {
                let out = S::as_mut_simd_f32s(&mut self.out[self.windows[row + i]]).0;
                out[4 * p..][..4].copy_from_slice(&sums[i]);
            }
        }
    }
}

/// One step of several LSTMs side by side.
pub(super) struct Recall<'a> {
    pub(super) weights: &'a Gates,
    pub(super) decoder: &'a Decoder,
    pub(super) driven: &'a [[f32; GATES]],
    /// Of each LSTM, the window that it steps over.
    pub(super) windows: &'a [usize],
    pub(super) hidden: &'a [[f32; CELLS]],
    pub(super) cells: &'a mut [[f32; CELLS]],
    /// The hidden state after the step.
    pub(super) next: &'a mut [[f32; CELLS]],
    /// Of each LSTM, the probability of speech; filled up to whole vectors.
    pub(super) scores: &'a mut [f32],
}

impl Work for Recall<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        by_tiles!(simd, self.windows.len(), self);
        let one = simd.splat_f32s(1.0);
        for score in S::as_mut_simd_f32s(self.scores).0 {
            let power = power_of_two(simd, *score);
            *score = simd.div_f32s(one, simd.add_f32s(one, power));
        }
    }
}

impl Recall<'_> {
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(&mut self, simd: S, row: usize) {
        let mut rows = [&self.hidden[row]; N];
        for i in 1..N {
            rows[i] = &self.hidden[row + i];
        }
        let zero = simd.splat_f32s(0.0);
        let mut votes = [zero; N];
        let decoder = S::as_simd_f32s(&self.decoder.weights).0;
        let panels = self.weights.panels::<S>().as_chunks::<CELLS>().0;
        for ((p, panel), decoder) in panels.iter().enumerate().zip(decoder) {
            let mut sums = [[zero; 4]; N];
            for i in 0..N {
                let driven = S::as_simd_f32s(&self.driven[self.windows[row + i]]).0;
                sums[i].copy_from_slice(&driven[4 * p..][..4]);
            }
            let sums = add_gates(simd, rows, panel, sums);
            for i in 0..N {
                let cell = &mut S::as_mut_simd_f32s(&mut self.cells[row + i]).0[p];
                let (new, hidden) = remember(simd, sums[i], *cell);
                *cell = new;
                S::as_mut_simd_f32s(&mut self.next[row + i]).0[p] = hidden;
                votes[i] = fma(simd, simd.max_f32s(hidden, zero), *decoder, votes[i]);
            }
        }
        for i in 0..N {
            self.scores[row + i] = simd.reduce_sum_f32s(votes[i]) + self.decoder.bias;
        }
    }
}

/// What makes the probability out of the hidden state, as an exponent of 2.
#[derive(Debug)]
pub(super) struct Decoder {
    weights: [f32; CELLS],
    bias: f32,
}

impl Decoder {
    pub(super) fn new(weights: [f32; CELLS], bias: f32) -> Decoder {
        Decoder {
            weights: weights.map(|weight| -LOG2_E * weight),
            bias: -LOG2_E * bias,
        }
    }
}

/// Returns the new cells and hidden states, from exponents as of [`EXPONENTS`].
///
/// With `i`, `f`, `g`, `o` for the powers of 2 the cell becomes
/// `c / (1 + f) + (1 − g) / ((1 + i) (1 + g))`: on one denominator, since division is what costs.
#[inline(always)]
fn remember<S: Simd>(s: S, exponents: [S::f32s; 4], cell: S::f32s) -> (S::f32s, S::f32s) {
    let one = s.splat_f32s(1.0);
    let [input, forget, fresh, output] = exponents;
    let fresh = power_of_two(s, fresh);
    let input = s.add_f32s(one, power_of_two(s, input));
    let forget = s.add_f32s(one, power_of_two(s, forget));
    let output = s.add_f32s(one, power_of_two(s, output));
    let opened = s.mul_f32s(input, s.add_f32s(one, fresh));
    let new = s.mul_f32s(forget, s.sub_f32s(one, fresh));
    let cell = s.div_f32s(fma(s, cell, opened, new), s.mul_f32s(opened, forget));
    let shown = power_of_two(s, s.mul_f32s(cell, s.splat_f32s(-2.0 * LOG2_E)));
    let open = s.mul_f32s(output, s.add_f32s(one, shown));
    (cell, s.div_f32s(s.sub_f32s(one, shown), open))
}

/// Returns 2^x for x cut to ±30, within 2e-7 of its size; the product of three is still finite, and
/// a gate is 1e-9 from shut. It is 2^n by way of the exponent's bits, times a polynomial (the best one of
/// its degree) for 2^r, where x = n + r and |r| ≤ 0.5.
#[inline(always)]
fn power_of_two<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the lowest bits.
    let round = s.splat_f32s(12_582_912.0);
    const TERMS: [f32; 5] = [
        0.009_676_032,
        0.055_503_57,
        0.240_221_07,
        std::f32::consts::LN_2,
        1.000_000_1,
    ];
    let x = s.min_f32s(s.max_f32s(x, s.splat_f32s(-30.0)), s.splat_f32s(30.0));
    let shifted = s.add_f32s(x, round);
    let r = s.sub_f32s(x, s.sub_f32s(shifted, round));
    let mut sum = s.splat_f32s(0.001_339_086_3);
    for term in TERMS {
        sum = fma(s, sum, r, s.splat_f32s(term));
    }
    let n = s.wrapping_dyn_shl_u32s(s.transmute_u32s_f32s(shifted), s.splat_u32s(23));
    s.transmute_f32s_u32s(s.add_u32s(s.transmute_u32s_f32s(sum), n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vad::simd::archs;
    use proptest::prelude::*;

    /// Brings numbers into vectors, through a function of them, and back.
    struct Each<'a>(&'a mut [[f32; 16]; 4], &'a mut [f32; 16]);

    impl Work for Each<'_> {
        type Output = ();

        /// The first exponents become powers; then exponents and cells become hidden states.
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let exponents = self.0.each_mut().map(|e| S::as_mut_simd_f32s(e).0);
            for (i, cell) in S::as_mut_simd_f32s(self.1).0.iter_mut().enumerate() {
                let gates = exponents.each_ref().map(|e| e[i]);
                let (new, hidden) = remember(simd, gates, *cell);
                exponents[0][i] = power_of_two(simd, gates[0]);
                exponents[1][i] = hidden;
                *cell = new;
            }
        }
    }

    proptest! {
        #[test]
        fn gates_are_those_of_the_standard_library(
            sums in prop::array::uniform4(prop::array::uniform16(-18f32..18.0)),
            cells in prop::array::uniform16(-150f32..150.0),
        ) {
            for arch in archs() {
                let mut found = sums;
                for (sums, exponent) in found.iter_mut().zip(EXPONENTS) {
                    *sums = sums.map(|sum| sum * exponent);
                }
                let first = found[0];
                let mut found_cells = cells;
                Each(&mut found, &mut found_cells).on(arch);
                for i in 0..16 {
                    let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
                    let [input, forget, fresh, output] = [0, 1, 2, 3].map(|g| sums[g][i]);
                    let new = sigmoid(input) * f64::from(fresh).tanh();
                    let cell = sigmoid(forget) * f64::from(cells[i]) + new;
                    let hidden = sigmoid(output) * cell.tanh();
                    let power = f64::from(first[i]).exp2();
                    prop_assert!((f64::from(found[0][i]) / power - 1.0).abs() < 3e-7);
                    let tolerance = 1e-6 * cell.abs().max(1.0);
                    prop_assert!((f64::from(found_cells[i]) - cell).abs() < tolerance);
                    prop_assert!((f64::from(found[1][i]) - hidden).abs() < 1e-6);
                }
            }
        }

        /// The plain twin: two nested loops in f64.
        #[test]
        fn convolution_equals_the_plain_loops(
            vectors in 1usize..4,
            blocks in 1usize..4,
            inputs in 1usize..40,
            skipped in 0usize..5,
            seed: u32,
        ) {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            };
            for arch in archs() {
                let (_, lanes) = BatchAndLanes.on(arch);
                let (batch, outputs) = (vectors * lanes, blocks * BLOCK);
                let weights: Vec<f32> = (0..(skipped + inputs) * outputs).map(|_| next()).collect();
                let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
                let data: Vec<f32> = (0..inputs * batch).map(|_| next()).collect();
                let mut out = vec![0.0; outputs * batch];
                Convolution {
                    filters: &Filters::new(&weights, bias.clone()),
                    inputs: skipped..skipped + inputs,
                    batch,
                    data: &data,
                    out: &mut out,
                }
                .on(arch);
                for (i, found) in out.iter().enumerate() {
                    let (output, window) = (i / batch, i % batch);
                    let mut sum = f64::from(bias[output]);
                    for input in 0..inputs {
                        let weight = weights[(skipped + input) * outputs + output];
                        sum += f64::from(data[input * batch + window]) * f64::from(weight);
                    }
                    prop_assert!((f64::from(*found) - sum.max(0.0)).abs() < 1e-5);
                }
            }
        }
    }
}
