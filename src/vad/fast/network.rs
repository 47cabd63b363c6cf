//! The small network: from what a frame sounds like to the logit of speech, in batches of frames.
//!
//! A layer over the single bins; one over three frames; four over three frames at distances of 1, 2, 4
//! and 8, each added to what it was given; the mean of the last 3 s beside the last of them; and two
//! more layers. `training/fast/network.py` is the definition, `convert.py` beside it made the file.
//!
//! # Conventions
//!
//! * An input row is [`INPUTS`] numbers: the 16 bands, the level, the bins, and how far the loud level
//!   stands above the floor.
//! * Frames are counted from the start of the channel. The logits that a batch gives are those of
//!   [`AHEAD`] frames before it: the layers between see both sides. Outside of the channel, what every
//!   layer gives is zero.
//! * Lanes are the outputs of a layer, filled up to whole vectors with zeros. A frame's result does not
//!   depend on those beside it; it does, in the last bits, on the processor.

// Arrays of registers are indexed side by side; iterators over three of them hide what is multiplied.
#![allow(clippy::needless_range_loop)]

use crate::error::{Error, ErrorKind, Result};
use crate::vad::front::BANDS;
use crate::vad::simd::{Aligned, Work, fma};
use pulp::{Arch, Simd};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Bins that are seen one by one.
pub(super) const BINS: usize = 115;
/// Numbers of an input row.
pub(super) const INPUTS: usize = BANDS + 1 + BINS + 1;
/// Inputs that go past the layer over the bins.
const PLAIN: usize = BANDS + 2;
/// Outputs of the layer over the bins, of the other layers, of the last but one.
const SEEN: usize = 12;
const CHANNELS: usize = 24;
const HEAD: usize = 24;
/// Distances of the frames that the layers look at: the first, and those that add to their input.
const FIRST: usize = 1;
const DISTANCES: [usize; 4] = [1, 2, 4, 8];
/// Frames of the mean.
pub(super) const MEAN: usize = 300;
/// Frames that the network looks ahead.
pub(super) const AHEAD: usize = 16;
/// Frames of a batch: a multiple of the tiles.
pub(super) const BATCH: usize = 128;

/// A layer: rectified sums of inputs times weights.
#[derive(Debug)]
struct Layer {
    /// Inputs of each tap.
    inputs: usize,
    /// Outputs, with those that fill the last vector.
    width: usize,
    /// In blocks of some vectors of outputs; in these, input by input.
    weights: Aligned,
    bias: Aligned,
}

impl Layer {
    /// Takes weights input by input.
    fn new(weights: &[f32], bias: &[f32], taps: usize, lanes: usize) -> Layer {
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
struct Pass<'a, const TAPS: usize> {
    layer: &'a Layer,
    /// Rows of so many numbers.
    data: &'a [f32],
    stride: usize,
    /// Where the inputs of each tap begin, from the start of a row on.
    taps: [usize; TAPS],
    /// Where what is added to the outputs begins.
    add: Option<usize>,
    out: &'a mut [f32],
    out_stride: usize,
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
struct Means<'a> {
    /// The frames before the batch, and its own.
    data: &'a [f32],
    width: usize,
    /// The number of its first frame, counted from that of the channel.
    first: isize,
    out: &'a mut [f32],
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
struct Lanes;

impl Work for Lanes {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// The network.
pub(super) struct Network {
    bins: Layer,
    first: Layer,
    layers: [Layer; 4],
    head: Layer,
    out: Vec<f32>,
    out_bias: f32,
    pub(super) arch: Arch,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// What the network remembers of a channel, and where it computes.
#[derive(Debug)]
pub(super) struct Memory {
    /// Of each layer but the last two, what goes into it: the frames before the batch that it looks
    /// at, and the batch. The last is what the mean is taken of.
    data: [Vec<f32>; 6],
    both: Vec<f32>,
    head: Vec<f32>,
}

/// Frames before the batch that stay in each of [`Memory::data`].
const KEPT: [usize; 6] = [
    2 * FIRST,
    2 * DISTANCES[0],
    2 * DISTANCES[1],
    2 * DISTANCES[2],
    2 * DISTANCES[3],
    MEAN,
];

impl Memory {
    /// Forgets everything, as if the channel began here.
    pub(super) fn clear(&mut self) {
        self.data.iter_mut().for_each(|data| data.fill(0.0));
    }
}

impl Network {
    /// Returns the network with the weights that are built in; they are read once.
    pub(super) fn builtin() -> Result<Arc<Network>> {
        static NETWORK: OnceLock<Arc<Network>> = OnceLock::new();
        if let Some(network) = NETWORK.get() {
            return Ok(Arc::clone(network));
        }
        let bytes = include_bytes!("../../../models/fast.bin");
        let network = Arc::new(Network::parse(bytes, Arch::new())?);
        Ok(Arc::clone(NETWORK.get_or_init(|| network)))
    }

    fn parse(bytes: &[u8], arch: Arch) -> Result<Network> {
        let lanes = Lanes.on(arch);
        let mut file = File::new(bytes);
        let mut layer = |taps: usize, inputs: usize, outputs: usize| -> Result<Layer> {
            let weights = file.take(taps * inputs * outputs)?;
            Ok(Layer::new(&weights, &file.take(outputs)?, taps, lanes))
        };
        let network = Network {
            bins: layer(1, BINS, SEEN)?,
            first: layer(3, PLAIN + SEEN, CHANNELS)?,
            layers: [
                layer(3, CHANNELS, CHANNELS)?,
                layer(3, CHANNELS, CHANNELS)?,
                layer(3, CHANNELS, CHANNELS)?,
                layer(3, CHANNELS, CHANNELS)?,
            ],
            head: layer(2, CHANNELS, HEAD)?,
            out: file.take(HEAD)?,
            out_bias: file.take(1)?.into_iter().sum(),
            arch,
        };
        file.end()?;
        Ok(network)
    }

    /// Numbers of a row that goes into the layer over three frames.
    fn seen_stride(&self) -> usize {
        PLAIN + self.bins.width
    }

    /// Makes the memory that this network needs for a channel.
    pub(super) fn memory(&self) -> Memory {
        let width = self.first.width;
        let mut strides = [width; 6];
        strides[0] = self.seen_stride();
        let data = std::array::from_fn(|i| vec![0.0; (KEPT[i] + BATCH) * strides[i]]);
        Memory {
            data,
            both: vec![0.0; BATCH * 2 * width],
            head: vec![0.0; BATCH * self.head.width],
        }
    }

    /// Takes the input rows of frames `start..start + BATCH`, those from `end` on being outside of the
    /// channel, and gives the logits of the frames [`AHEAD`] before.
    pub(super) fn run(
        &self,
        inputs: &[[f32; INPUTS]; BATCH],
        start: usize,
        end: usize,
        memory: &mut Memory,
        logits: &mut [f32; BATCH],
    ) {
        let stride = self.seen_stride();
        let width = self.first.width;
        let new = &mut memory.data[0][KEPT[0] * stride..];
        for (row, inputs) in new.chunks_exact_mut(stride).zip(inputs) {
            row[..PLAIN - 1].copy_from_slice(&inputs[..PLAIN - 1]);
            row[PLAIN - 1] = inputs[INPUTS - 1];
        }
        Pass {
            layer: &self.bins,
            data: inputs.as_flattened(),
            stride: INPUTS,
            taps: [PLAIN - 1],
            add: None,
            out: &mut new[PLAIN..],
            out_stride: stride,
        }
        .on(self.arch);
        let mut first = start as isize;
        blank(new, stride, first, end);
        let layers = std::iter::once(&self.first).chain(&self.layers);
        for (i, layer) in layers.enumerate() {
            let (before, after) = memory.data.split_at_mut(i + 1);
            let (Some(data), Some(out)) = (before.last(), after.first_mut()) else {
                return;
            };
            let out = &mut out[KEPT[i + 1] * width..];
            let stride = if i == 0 { stride } else { width };
            let distance = KEPT[i] / 2;
            Pass {
                layer,
                data,
                stride,
                taps: [0, distance * stride, 2 * distance * stride],
                add: (i > 0).then_some(distance * stride),
                out,
                out_stride: width,
            }
            .on(self.arch);
            first -= distance as isize;
            blank(out, width, first, end);
        }
        let [.., last] = &memory.data;
        Means {
            data: last,
            width,
            first,
            out: &mut memory.both,
        }
        .on(self.arch);
        Pass {
            layer: &self.head,
            data: &memory.both,
            stride: 2 * width,
            taps: [0, width],
            add: None,
            out: &mut memory.head,
            out_stride: self.head.width,
        }
        .on(self.arch);
        let rows = memory.head.chunks_exact(self.head.width);
        for (logit, row) in logits.iter_mut().zip(rows) {
            let products = row.iter().zip(&self.out).map(|(x, weight)| x * weight);
            *logit = self.out_bias + products.sum::<f32>();
        }
        for (i, data) in memory.data.iter_mut().enumerate() {
            let stride = if i == 0 { stride } else { width };
            data.copy_within(BATCH * stride.., 0);
        }
    }
}

/// Clears the rows of frames outside of the channel, `0..end`; the first row is of frame `first`.
fn blank(rows: &mut [f32], stride: usize, first: isize, end: usize) {
    let before = first.min(0).unsigned_abs().min(BATCH);
    rows[..before * stride].fill(0.0);
    let inside = end.saturating_sub(first.max(0).unsigned_abs());
    let inside = before.saturating_add(inside);
    if inside < BATCH {
        rows[inside * stride..BATCH * stride].fill(0.0);
    }
}

/// The rest of the file of weights: numbers alone, in the order of the layers.
struct File<'a> {
    rest: &'a [[u8; 4]],
    whole: bool,
}

impl File<'_> {
    fn new(bytes: &[u8]) -> File<'_> {
        let (rest, odd) = bytes.as_chunks();
        File {
            rest,
            whole: odd.is_empty(),
        }
    }

    fn error(found: impl fmt::Display) -> Error {
        let wanted = "the weights of the fast network, version 1";
        Error::new(ErrorKind::IllFormed, "fast.bin", found, wanted)
    }

    fn take(&mut self, count: usize) -> Result<Vec<f32>> {
        let end = || File::error("an early end");
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(end)?;
        self.rest = rest;
        let values: Vec<f32> = taken.iter().map(|x| f32::from_le_bytes(*x)).collect();
        if values.iter().all(|x| x.is_finite()) {
            Ok(values)
        } else {
            Err(File::error("what is no number"))
        }
    }

    fn end(self) -> Result<()> {
        if self.rest.is_empty() && self.whole {
            Ok(())
        } else {
            Err(File::error("more weights"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vad::simd::archs;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    const BYTES: &[u8] = include_bytes!("../../../models/fast.bin");

    /// What the trained network answers: see `training/fast/convert.py`.
    #[derive(Deserialize)]
    struct Vectors {
        frames: usize,
        logits: BTreeMap<usize, f32>,
    }

    /// The inputs that the stored answers are for.
    fn inputs(frames: usize) -> Vec<[f32; INPUTS]> {
        let input = |t: usize, i: usize| (0.37 * t as f64 + 0.11 * (i * i) as f64).sin() as f32;
        let row = |t| std::array::from_fn(|i| input(t, i));
        (0..frames).map(row).collect()
    }

    /// Runs the network over a channel, from a batch on before which it had forgotten everything.
    fn run(network: &Network, inputs: &[[f32; INPUTS]], from: usize) -> Vec<f32> {
        let (mut memory, mut all) = (network.memory(), Vec::new());
        let mut start = from * BATCH;
        while start < inputs.len() + AHEAD {
            // What stands after the end is not looked at.
            let mut batch = [[7.0; INPUTS]; BATCH];
            let rest = inputs.get(start..).unwrap_or_default();
            batch.iter_mut().zip(rest).for_each(|(to, row)| *to = *row);
            let mut logits = [0.0; BATCH];
            network.run(&batch, start, inputs.len(), &mut memory, &mut logits);
            all.extend(logits);
            start += BATCH;
        }
        all.drain(..AHEAD);
        all.truncate(inputs.len() - from * BATCH);
        all
    }

    /// The same plainly: frame by frame, sum by sum, from the file.
    fn plain(inputs: &[[f32; INPUTS]]) -> Vec<f32> {
        type Rows = Vec<Vec<f64>>;
        let mut file = File::new(BYTES);
        let mut layer = |inputs: usize, outputs: usize| -> Box<dyn Fn(&[f64]) -> Vec<f64>> {
            let weights = file.take(inputs * outputs).unwrap();
            let bias = file.take(outputs).unwrap();
            Box::new(move |x| {
                assert_eq!(x.len(), inputs);
                let weight = |i: usize, o: usize| f64::from(weights[i * outputs + o]);
                let sum = |o| (0..inputs).map(|i| x[i] * weight(i, o)).sum::<f64>();
                let sums = bias.iter().enumerate();
                sums.map(|(o, bias)| sum(o) + f64::from(*bias)).collect()
            })
        };
        let relu = |x: Vec<f64>| x.into_iter().map(|x| x.max(0.0)).collect::<Vec<f64>>();
        let taps = |rows: &Rows, t: usize, by: usize| -> Vec<f64> {
            let zeros = vec![0.0; rows[t].len()];
            let before = t.checked_sub(by).map_or(&zeros, |t| &rows[t]);
            let after = rows.get(t + by).unwrap_or(&zeros);
            [before, &rows[t], after]
                .into_iter()
                .flatten()
                .copied()
                .collect()
        };
        let bins = layer(BINS, SEEN);
        let mut rows: Rows = Vec::new();
        for row in inputs {
            let row = row.map(f64::from);
            let (plain, rest) = row.split_at(PLAIN - 1);
            let seen = relu(bins(&rest[..BINS]));
            rows.push([plain, &rest[BINS..], &seen].concat());
        }
        let first = layer(3 * (PLAIN + SEEN), CHANNELS);
        rows = (0..rows.len())
            .map(|t| relu(first(&taps(&rows, t, 1))))
            .collect();
        for by in DISTANCES {
            let next = layer(3 * CHANNELS, CHANNELS);
            let add = |t: usize| {
                let more = relu(next(&taps(&rows, t, by)));
                more.iter().zip(&rows[t]).map(|(a, b)| a + b).collect()
            };
            rows = (0..rows.len()).map(add).collect();
        }
        let (head, out) = (layer(2 * CHANNELS, HEAD), layer(HEAD, 1));
        let logit = |t: usize| {
            let last = &rows[(t + 1).saturating_sub(MEAN)..=t];
            let mean = |c: usize| last.iter().map(|row| row[c]).sum::<f64>() / last.len() as f64;
            let means: Vec<f64> = (0..CHANNELS).map(mean).collect();
            out(&relu(head(&[&rows[t][..], &means].concat())))[0] as f32
        };
        (0..rows.len()).map(logit).collect()
    }

    #[test]
    fn answers_as_the_trained_network_and_its_plain_twin() {
        let text = include_str!("../../../tests/fixtures/vad/fast.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        let inputs = inputs(vectors.frames);
        let plain = plain(&inputs);
        for arch in archs() {
            let network = Network::parse(BYTES, arch).unwrap();
            let found = run(&network, &inputs, 0);
            assert_eq!(found.len(), vectors.frames);
            for (frame, logit) in &vectors.logits {
                let difference = (found[*frame] - logit).abs();
                assert!(difference < 1e-4, "{arch:?} {frame}: {difference}");
            }
            for (frame, (found, plain)) in found.iter().zip(&plain).enumerate() {
                assert!(
                    (found - plain).abs() < 1e-4,
                    "{arch:?} {frame}: {found} {plain}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_remembered_beyond_the_context() {
        let network = Network::builtin().unwrap();
        let inputs = inputs(1_000);
        let (whole, later) = (run(&network, &inputs, 0), run(&network, &inputs, 2));
        let known = 2 * BATCH + MEAN + AHEAD;
        // The mean sums up in another order.
        let differs = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-5;
        let same = whole[known..].iter().zip(&later[MEAN + AHEAD..]);
        assert!(!same.into_iter().any(differs));
        assert!(differs((&whole[known - MEAN], &later[AHEAD])));
    }

    #[test]
    fn short_channels_are_no_trouble() {
        let network = Network::builtin().unwrap();
        for frames in [1, 2, 17, BATCH - AHEAD, BATCH, BATCH + 1] {
            let (inputs, arch) = (inputs(frames), network.arch);
            for (found, plain) in run(&network, &inputs, 0).iter().zip(plain(&inputs)) {
                assert!(
                    (found - plain).abs() < 1e-4,
                    "{arch:?} {frames}: {found} {plain}"
                );
            }
        }
    }

    #[test]
    fn other_files_are_refused() {
        let parse = |bytes: &[u8]| Network::parse(bytes, Arch::new()).map(|_| ());
        assert!(parse(BYTES).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&BYTES[..BYTES.len() - 4]).is_err());
        assert!(parse(&[BYTES, &[0]].concat()).is_err());
        assert!(parse(&[BYTES, &[0; 4]].concat()).is_err());
        let mut broken = BYTES.to_vec();
        broken[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(parse(&broken).unwrap_err().kind(), ErrorKind::IllFormed);
    }
}
