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

use super::kernel::{Lanes, Layer, Means, Pass};
use crate::error::{Error, ErrorKind, Result};
use crate::vad::front::BANDS;
use crate::vad::simd::Work;
use pulp::Arch;
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
pub(super) const CHANNELS: usize = 24;
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
#[derive(Clone, Debug)]
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
mod tests;
