//! The loops of the small network, over all frames of a batch.
//!
//! # Conventions
//!
//! * Data are rows of numbers, one row a frame; where rows overlap by taps, a tap says from which number
//!   on a row is read.
//! * Lanes are the outputs of a layer, filled up to whole vectors with zeros. A frame's result does not
//!   depend on those beside it; it does, in the last bits, on the processor.

// Arrays of registers are indexed side by side; iterators over three of them hide what is multiplied.
#![allow(clippy::needless_range_loop)]

use super::network::{BATCH, CHANNELS, MEAN};
use crate::vad::simd::{Aligned, Work, fma};
use pulp::Simd;

/// A layer: rectified sums of inputs times weights.
#[derive(Debug)]
pub(super) struct Layer {
    /// Inputs of each tap.
    pub(super) inputs: usize,
    /// Outputs, with those that fill the last vector.
    pub(super) width: usize,
    /// In blocks of some vectors of outputs; in these, input by input.
    pub(super) weights: Aligned,
    pub(super) bias: Aligned,
}

impl Layer {
    /// Takes weights input by input.
    pub(super) fn new(weights: &[f32], bias: &[f32], taps: usize, lanes: usize) -> Layer {
        let outputs = bias.len();
        let rows = weights.len() / outputs.max(1);
        let width = outputs.next_multiple_of(lanes);
        let block = lanes * block_of(width / lanes);
        let (mut turned, mut filled) = (Aligned::zeros(rows * width), Aligned::zeros(width));
        filled.get_mut()[..outputs].copy_from_slice(bias);
        for (at, weight) in turned.get_mut().iter_mut().enumerate() {
            let (first, row, lane) = (at / block / rows * block, at / block % rows, at % block);
            if first + lane < outputs {
                *weight = weights[row * outputs + first + lane];
            }
        }
        Layer {
            inputs: rows / taps,
            width,
            weights: turned,
            bias: filled,
        }
    }
}

/// Returns how many of some vectors of outputs are summed up together.
const fn block_of(vectors: usize) -> usize {
    if vectors.is_multiple_of(3) {
        3
    } else if vectors.is_multiple_of(2) {
        2
    } else {
        1
    }
}

/// A layer over all frames of a batch.
pub(super) struct Pass<'a, const TAPS: usize> {
    pub(super) layer: &'a Layer,
    /// Rows of so many numbers.
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    /// Where the inputs of each tap begin, from the start of a row on.
    pub(super) taps: [usize; TAPS],
    /// Where what is added to the outputs begins.
    pub(super) add: Option<usize>,
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
}

impl<const TAPS: usize> Work for Pass<'_, TAPS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match block_of(self.layer.width / S::F32_LANES) {
            3 => self.tiles::<S, 3>(simd),
            2 => self.tiles::<S, 2>(simd),
            _ => self.tiles::<S, 1>(simd),
        }
    }
}

impl<const TAPS: usize> Pass<'_, TAPS> {
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(mut self, simd: S) {
        // The sums of a tile fill the registers: those of eight frames, or of four.
        if S::REGISTER_COUNT >= 32 {
            for row in (0..BATCH).step_by(8) {
                self.tile::<S, V, 8>(simd, row);
            }
        } else {
            for row in (0..BATCH).step_by(4) {
                self.tile::<S, V, 4>(simd, row);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const V: usize, const N: usize>(&mut self, simd: S, row: usize) {
        let zero = simd.splat_f32s(0.0);
        let inputs = self.layer.inputs;
        let weights = S::as_simd_f32s(self.layer.weights.get())
            .0
            .as_chunks::<V>()
            .0;
        let bias = S::as_simd_f32s(self.layer.bias.get()).0.as_chunks::<V>().0;
        let blocks = weights.chunks_exact(TAPS * inputs).zip(bias).enumerate();
        for (block, (weights, bias)) in blocks {
            let mut sums = [*bias; N];
            for (weights, tap) in weights.chunks_exact(inputs).zip(self.taps) {
                let mut rows = [&[][..]; N];
                for n in 0..N {
                    rows[n] = &self.data[(row + n) * self.stride + tap..][..weights.len()];
                }
                for (i, weights) in weights.iter().enumerate() {
                    for n in 0..N {
                        let value = simd.splat_f32s(rows[n][i]);
                        for v in 0..V {
                            sums[n][v] = fma(simd, value, weights[v], sums[n][v]);
                        }
                    }
                }
            }
            let first = block * V * S::F32_LANES;
            for n in 0..N {
                let mut out = sums[n].map(|sum| simd.max_f32s(sum, zero));
                if let Some(add) = self.add {
                    let data = &self.data[(row + n) * self.stride + add + first..];
                    let data = S::as_simd_f32s(data).0;
                    for v in 0..V {
                        out[v] = simd.add_f32s(out[v], data[v]);
                    }
                }
                let place = &mut self.out[(row + n) * self.out_stride + first..];
                S::as_mut_simd_f32s(place).0[..V].copy_from_slice(&out);
            }
        }
    }
}

/// Puts the mean of the last [`MEAN`] frames beside each frame.
pub(super) struct Means<'a> {
    /// The frames before the batch, and its own.
    pub(super) data: &'a [f32],
    pub(super) width: usize,
    /// The number of its first frame, counted from that of the channel.
    pub(super) first: isize,
    pub(super) out: &'a mut [f32],
}

impl Work for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // Summed up anew for each batch, so that no error grows.
        let mut sum = [0.0f32; 2 * CHANNELS];
        let sum = &mut sum[..self.width];
        for row in self.data[..MEAN * self.width].chunks_exact(self.width) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let olds = self.data.chunks_exact(self.width);
        let news = self.data[MEAN * self.width..].chunks_exact(self.width);
        let outs = self.out.chunks_exact_mut(2 * self.width);
        for (i, ((old, new), out)) in olds.zip(news).zip(outs).enumerate() {
            let count = (self.first + i as isize + 1).clamp(1, MEAN as isize);
            let share = 1.0 / count as f32;
            let (own, mean) = out.split_at_mut(self.width);
            own.copy_from_slice(new);
            for (((sum, old), new), mean) in sum.iter_mut().zip(old).zip(new).zip(mean) {
                *sum += new - old;
                *mean = *sum * share;
            }
        }
    }
}

/// Asks how many lanes a vector has.
pub(super) struct Lanes;

impl Work for Lanes {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}
