//! The network itself: from samples at 8 kHz to a probability of speech per window of 32 ms.
//!
//! A window of 256 samples is seen with the 32 before it, and with its own last 32 mirrored after
//! it. Four spectra, each of 128 samples under a Hann window, lie 64 samples apart; four layers of
//! convolution make one vector of 128 out of them; an LSTM of 128 cells remembers; its rectified
//! state gives the probability.
//!
//! Everything before the LSTM's memory sees one window alone. So a window is *driven* once, to the
//! sums that it puts into the gates, and any number of LSTMs *recall* from there, each from a fresh
//! state at a window of its own.
//!
//! The weights are Silero's (MIT licence), in `models/silero-8k.bin`; its card lies beside it, and
//! `training/silero` says how the file was made and is laid out.

use super::kernel::{
    BatchAndLanes, CELLS, Convolution, Decoder, Drive, Filters, GATES, Gates, Recall,
};
use super::spectrum::{BINS, Plan, SEEN, SPECTRA, Spectra};
use crate::error::{Error, ErrorKind, Result};
use crate::vad::simd::{Aligned, Work};
use pulp::Arch;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Samples of a window.
pub(super) const WINDOW: usize = 256;
/// Samples before it that it is seen with.
pub(super) const CONTEXT: usize = 32;

/// The layers of convolution: taps that are stored, inputs of each, outputs.
const LAYERS: [(usize, usize, usize); 4] =
    [(3, BINS, 128), (3, 128, 64), (2, 64, 64), (1, 64, CELLS)];

/// Of each instant that a layer gives, the first instant it takes, and the taps. Taps that would meet
/// the zeros around a window are left out.
const INSTANTS: [&[(usize, Range<usize>)]; 4] = [
    &[(0, 1..3), (0, 0..3), (1, 0..3), (2, 0..2)],
    &[(0, 1..3), (1, 0..3)],
    &[(0, 0..2)],
    &[(0, 0..1)],
];

pub(super) struct Network {
    plan: Plan,
    layers: [Filters; 4],
    drive: Gates,
    bias: Gates,
    recall: Gates,
    decoder: Decoder,
    arch: Arch,
    /// Windows that go through the layers together, at most, and lanes of a vector.
    batch: usize,
    lanes: usize,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// Memory that [`Network::drive`] and [`Network::recall`] use again.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    /// The samples of a vector of windows, sample by sample.
    turned: Aligned,
    /// What goes into each layer, and what comes out of the last.
    data: [Aligned; 5],
    /// The same, window by window.
    vectors: Vec<[f32; CELLS]>,
}

impl Network {
    /// Returns the network with the weights that are built in; they are read once.
    pub(super) fn builtin() -> Result<Arc<Network>> {
        static NETWORK: OnceLock<Arc<Network>> = OnceLock::new();
        if let Some(network) = NETWORK.get() {
            return Ok(Arc::clone(network));
        }
        let bytes = include_bytes!("../../../models/silero-8k.bin");
        let network = Arc::new(Network::parse(bytes, Arch::new())?);
        Ok(Arc::clone(NETWORK.get_or_init(|| network)))
    }

    fn parse(bytes: &[u8], arch: Arch) -> Result<Network> {
        let (batch, lanes) = BatchAndLanes.on(arch);
        let mut file = File { rest: bytes };
        file.header()?;
        let mut layers = Vec::new();
        for (taps, inputs, outputs) in LAYERS {
            let weights = file.array(taps * inputs, outputs)?;
            layers.push(Filters::new(&weights, file.array(1, outputs)?));
        }
        let drive = Gates::new(&file.array(CELLS, GATES)?, lanes);
        let recall = Gates::new(&file.array(CELLS, GATES)?, lanes);
        let bias = Gates::new(&file.array(1, GATES)?, lanes);
        let decoder = file.array(CELLS, 1)?;
        let decoder_bias = file.array(1, 1)?.into_iter().sum();
        let other = |_| File::error("other layers");
        Ok(Network {
            plan: Plan::new(),
            layers: layers.try_into().map_err(|_| File::error("other layers"))?,
            drive,
            bias,
            recall,
            decoder: Decoder::new(decoder.try_into().map_err(other)?, decoder_bias),
            arch,
            batch,
            lanes,
        })
    }

    /// Makes the memory that this network needs.
    pub(super) fn scratch(&self) -> Scratch {
        let mut instants = SPECTRA;
        let mut data = [0; 5].map(|_| Aligned::default());
        for (i, data) in data.iter_mut().enumerate() {
            let (_, inputs, _) = LAYERS.get(i).copied().unwrap_or((0, CELLS, 0));
            *data = Aligned::zeros(instants * inputs * self.batch);
            instants = INSTANTS.get(i).map_or(0, |instants| instants.len());
        }
        Scratch {
            turned: Aligned::zeros(SEEN * self.lanes),
            data,
            vectors: vec![[0.0; CELLS]; self.batch],
        }
    }

    /// Computes what `windows` put into the gates. `samples` begins with the context of window 0;
    /// `out` has a place for each window up to the last.
    pub(super) fn drive(
        &self,
        samples: &[f32],
        windows: &[usize],
        scratch: &mut Scratch,
        out: &mut [[f32; GATES]],
    ) {
        for windows in windows.chunks(self.batch) {
            let batch = windows.len().next_multiple_of(self.lanes);
            self.spectra(samples, windows, batch, scratch);
            self.encode(batch, scratch);
            self.turn(batch, scratch);
            self.gates(windows, scratch, out);
        }
    }

    /// Computes what the vectors of a batch put into the gates.
    fn gates(&self, windows: &[usize], scratch: &Scratch, out: &mut [[f32; GATES]]) {
        Drive {
            weights: &self.drive,
            bias: &self.bias,
            vectors: &scratch.vectors,
            windows,
            out,
        }
        .on(self.arch);
    }

    fn spectra(&self, samples: &[f32], windows: &[usize], batch: usize, scratch: &mut Scratch) {
        Spectra {
            plan: &self.plan,
            samples,
            windows,
            batch,
            turned: scratch.turned.get_mut(),
            out: scratch.data[0].get_mut(),
        }
        .on(self.arch);
    }

    /// Brings the magnitudes through the layers.
    fn encode(&self, batch: usize, scratch: &mut Scratch) {
        for (index, (filters, instants)) in self.layers.iter().zip(INSTANTS).enumerate() {
            let (_, channels, outputs) = LAYERS[index];
            let (before, after) = scratch.data.split_at_mut(index + 1);
            let (Some(data), Some(out)) = (before.last(), after.first_mut()) else {
                return;
            };
            let out = out.get_mut().chunks_exact_mut(outputs * batch);
            for ((first, taps), out) in instants.iter().zip(out) {
                Convolution {
                    filters,
                    inputs: taps.start * channels..taps.end * channels,
                    batch,
                    data: &data.get()[first * channels * batch..][..taps.len() * channels * batch],
                    out,
                }
                .on(self.arch);
            }
        }
    }

    /// Brings what comes out of the last layer from an order by values into one by windows.
    fn turn(&self, batch: usize, scratch: &mut Scratch) {
        let data = scratch.data[4].get();
        for (window, vector) in scratch.vectors[..batch].iter_mut().enumerate() {
            for (value, from) in vector.iter_mut().zip(data[window..].iter().step_by(batch)) {
                *value = *from;
            }
        }
    }

    /// Runs an LSTM from a fresh state over each of `runs`, which are ranges of driven windows, and
    /// gives `score` the index of the run, the window and its probability. They step side by side.
    pub(super) fn recall(
        &self,
        driven: &[[f32; GATES]],
        runs: &[Range<usize>],
        mut score: impl FnMut(usize, usize, f32),
    ) {
        // The longest first: those that still run are always the first ones.
        let mut order: Vec<usize> = (0..runs.len()).collect();
        order.sort_by_key(|&run| std::cmp::Reverse(runs[run].len()));
        let mut cells = vec![[0.0; CELLS]; runs.len()];
        let mut hidden = cells.clone();
        let mut next = cells.clone();
        let mut scores = vec![0.0; runs.len().next_multiple_of(self.lanes)];
        let mut windows: Vec<usize> = order.iter().map(|&run| runs[run].start).collect();
        let steps = order.first().map_or(0, |&run| runs[run].len());
        for step in 0..steps {
            windows.truncate(order.partition_point(|&run| runs[run].len() > step));
            Recall {
                weights: &self.recall,
                decoder: &self.decoder,
                driven,
                windows: &windows,
                hidden: &hidden,
                cells: &mut cells,
                next: &mut next,
                scores: &mut scores,
            }
            .on(self.arch);
            std::mem::swap(&mut hidden, &mut next);
            for ((run, window), found) in order.iter().zip(&mut windows).zip(&scores) {
                score(*run, *window, *found);
                *window += 1;
            }
        }
    }
}

/// The stages of the network one by one, for the benchmark: each call goes over all windows of the
/// samples, as one stretch of [`super::SileroVad`] does.
#[doc(hidden)]
pub struct Stages {
    network: Arc<Network>,
    scratch: Scratch,
    samples: Vec<f32>,
    windows: Vec<usize>,
    driven: Vec<[f32; GATES]>,
    runs: Vec<Range<usize>>,
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stages").finish_non_exhaustive()
    }
}

impl Stages {
    /// Takes samples at 8 kHz; a chunk of `length` windows begins every `phase`.
    pub fn new(samples: &[f32], length: usize, phase: usize) -> Result<Stages> {
        let network = Network::builtin()?;
        let count = samples.len() / WINDOW;
        let starts = (0..count).step_by(phase.max(1));
        let mut whole = vec![0.0; CONTEXT];
        whole.extend_from_slice(samples);
        Ok(Stages {
            scratch: network.scratch(),
            samples: whole,
            windows: (0..count).collect(),
            driven: vec![[0.0; GATES]; count],
            runs: starts.map(|i| i..(i + length).min(count)).collect(),
            network,
        })
    }

    fn batches(&self) -> impl Iterator<Item = usize> + use<> {
        let (lanes, batch) = (self.network.lanes, self.network.batch);
        let count = self.windows.len();
        let sizes = (0..count).step_by(batch).map(move |i| batch.min(count - i));
        sizes.map(move |windows| windows.next_multiple_of(lanes))
    }

    /// Samples to magnitudes.
    pub fn spectra(&mut self) {
        let windows = self.windows.chunks(self.network.batch);
        for (windows, batch) in windows.zip(self.batches()) {
            let (samples, scratch) = (&self.samples, &mut self.scratch);
            self.network.spectra(samples, windows, batch, scratch);
        }
    }

    /// Magnitudes to the vectors of windows.
    pub fn encode(&mut self) {
        for batch in self.batches() {
            self.network.encode(batch, &mut self.scratch);
            self.network.turn(batch, &mut self.scratch);
        }
    }

    /// Vectors to what windows put into the gates.
    pub fn drive(&mut self) {
        for windows in self.windows.chunks(self.network.batch) {
            let scratch = &self.scratch;
            self.network.gates(windows, scratch, &mut self.driven);
        }
    }

    /// All before the memory.
    pub fn hear(&mut self) {
        let (windows, scratch) = (&self.windows, &mut self.scratch);
        let driven = &mut self.driven;
        self.network.drive(&self.samples, windows, scratch, driven);
    }

    /// The memory; returns the sum of the scores.
    pub fn recall(&mut self) -> f32 {
        let mut sum = 0.0;
        let add = |_, _, score| sum += score;
        self.network.recall(&self.driven, &self.runs, add);
        sum
    }
}

/// The rest of the file of weights.
struct File<'a> {
    rest: &'a [u8],
}

impl File<'_> {
    fn error(found: impl fmt::Display) -> Error {
        let wanted = "the weights of Silero's 8 kHz network, version 1";
        Error::new(ErrorKind::IllFormed, "silero-8k.bin", found, wanted)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let end = || File::error("an early end");
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(end)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<usize> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    fn header(&mut self) -> Result<()> {
        let magic: [u8; 8] = self.take()?;
        let (version, arrays) = (self.number()?, self.number()?);
        if &magic != b"SILERO8K" || version != 1 || arrays != 13 {
            return Err(File::error("another header"));
        }
        Ok(())
    }

    fn array(&mut self, rows: usize, columns: usize) -> Result<Vec<f32>> {
        let found = (self.number()?, self.number()?, self.number()?);
        let mut values = Vec::with_capacity(rows * columns);
        for _ in 0..rows * columns {
            values.push(match found {
                (r, c, 2) if (r, c) == (rows, columns) => half(u16::from_le_bytes(self.take()?)),
                (r, c, 4) if (r, c) == (rows, columns) => f32::from_le_bytes(self.take()?),
                _ => return Err(File::error(format!("an array of {found:?}"))),
            });
        }
        Ok(values)
    }
}

/// Returns the value of an IEEE 754 binary16; the file has neither infinities nor NaN.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1_024.0;
    let size = match exponent {
        0 => fraction * 2f32.powi(-14),
        _ => (1.0 + fraction) * 2f32.powi(exponent - 15),
    };
    sign * size
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    const SAMPLES: usize = 24_000;

    /// The signal of `training/silero/vectors.py`: three vowels said one after the other in
    /// syllables, then a tone; in 16-bit steps, so that both languages make the same.
    fn signal() -> Vec<f32> {
        let tau = std::f64::consts::TAU;
        let formants = [(700.0, 1_200.0), (300.0, 2_200.0), (450.0, 900.0)];
        let one = |n: usize| -> f32 {
            let t = n as f64 / 8_000.0;
            let pitch = tau * (140.0 * t + 2.0 * (tau * 1.1 * t).sin());
            let mut total = 0.0;
            for (vowel, (first, second)) in formants.iter().enumerate() {
                let syllable = (tau * (1.6 * t - vowel as f64 / 3.0))
                    .sin()
                    .max(0.0)
                    .powi(2);
                for k in 1..24 {
                    let hertz = 140.0 * f64::from(k);
                    let gain = 1.0 / (1.0 + ((hertz - first) / 120.0f64).powi(2))
                        + 0.5 / (1.0 + ((hertz - second) / 160.0f64).powi(2));
                    total += syllable * gain * (f64::from(k) * pitch).sin();
                }
            }
            if t >= 2.25 {
                total = 0.5 * (tau * 440.0 * t).sin();
            }
            ((total * 6_000.0).round() / 32_768.0) as f32
        };
        (0..SAMPLES).map(one).collect()
    }

    fn driven(network: &Network, samples: &[f32]) -> Vec<[f32; GATES]> {
        let windows: Vec<usize> = (0..samples.len() / WINDOW).collect();
        let mut whole = vec![0.0; CONTEXT];
        whole.extend_from_slice(samples);
        let mut driven = vec![[0.0; GATES]; windows.len()];
        network.drive(&whole, &windows, &mut network.scratch(), &mut driven);
        driven
    }

    fn recalled(
        network: &Network,
        driven: &[[f32; GATES]],
        runs: &[Range<usize>],
    ) -> Vec<Vec<f32>> {
        let mut scores = vec![Vec::new(); runs.len()];
        network.recall(driven, runs, |run, window, score| {
            assert_eq!(window, runs[run].start + scores[run].len());
            scores[run].push(score);
        });
        scores
    }

    /// The plain twin of the whole: the network as it is defined, one window after the other, in
    /// loops over f32 and with the functions of the standard library.
    fn plain(bytes: &[u8], samples: &[f32]) -> Vec<f32> {
        let mut file = File { rest: bytes };
        file.header().unwrap();
        let layers = LAYERS.map(|(taps, inputs, outputs)| {
            let weights = file.array(taps * inputs, outputs).unwrap();
            (weights, file.array(1, outputs).unwrap())
        });
        let drive = file.array(CELLS, GATES).unwrap();
        let recall = file.array(CELLS, GATES).unwrap();
        let bias = file.array(1, GATES).unwrap();
        let decoder = file.array(CELLS, 1).unwrap();
        let decoder_bias = file.array(1, 1).unwrap()[0];
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        let mut whole = vec![0.0; CONTEXT];
        whole.extend_from_slice(samples);
        let (mut hidden, mut cells) = ([0.0f32; CELLS], [0.0f32; CELLS]);
        let mut scores = Vec::new();
        for window in 0..samples.len() / WINDOW {
            let mut seen = whole[window * WINDOW..][..SEEN].to_vec();
            for i in 0..CONTEXT {
                seen.push(seen[SEEN - 2 - i]);
            }
            let mut data: Vec<Vec<f32>> = (0..SPECTRA)
                .map(|i| spectrum_of(&seen[64 * i..][..128]))
                .collect();
            for (layer, (weights, bias)) in layers.iter().enumerate() {
                let (_, channels, outputs) = LAYERS[layer];
                data = INSTANTS[layer]
                    .iter()
                    .map(|(first, taps)| {
                        let mut sums = bias.clone();
                        for (tap, data) in taps.clone().zip(&data[*first..]) {
                            for (channel, value) in data.iter().enumerate() {
                                let row = &weights[(tap * channels + channel) * outputs..];
                                for (sum, weight) in sums.iter_mut().zip(row) {
                                    *sum += value * weight;
                                }
                            }
                        }
                        sums.into_iter().map(|sum| sum.max(0.0)).collect()
                    })
                    .collect();
            }
            let mut gates = bias.clone();
            for (i, gate) in gates.iter_mut().enumerate() {
                for k in 0..CELLS {
                    *gate += data[0][k] * drive[k * GATES + i] + hidden[k] * recall[k * GATES + i];
                }
            }
            let mut vote = decoder_bias;
            for i in 0..CELLS {
                let [input, forget, fresh, output] = [0, 1, 2, 3].map(|g| gates[g * CELLS + i]);
                cells[i] = sigmoid(forget) * cells[i] + sigmoid(input) * fresh.tanh();
                hidden[i] = sigmoid(output) * cells[i].tanh();
                vote += hidden[i].max(0.0) * decoder[i];
            }
            scores.push(sigmoid(vote));
        }
        scores
    }

    fn spectrum_of(seen: &[f32]) -> Vec<f32> {
        let turn = std::f32::consts::TAU / seen.len() as f32;
        let bin = |bin: usize| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in seen.iter().enumerate() {
                let x = x * (0.5 - 0.5 * (turn * n as f32).cos());
                let (sin, cos) = (turn * (bin * n % seen.len()) as f32).sin_cos();
                re += x * cos;
                im += x * sin;
            }
            re.hypot(im)
        };
        (0..BINS).map(bin).collect()
    }

    #[test]
    fn every_processor_gives_the_scores_of_the_plain_loops() {
        let bytes = include_bytes!("../../../models/silero-8k.bin");
        let samples = &signal()[..20 * WINDOW];
        let plain = plain(bytes, samples);
        assert!(plain.iter().any(|score| *score > 0.5));
        for arch in crate::vad::simd::archs() {
            let network = Network::parse(bytes, arch).unwrap();
            let driven = driven(&network, samples);
            let whole = 0..driven.len();
            let found = recalled(&network, &driven, std::slice::from_ref(&whole)).remove(0);
            for (window, (found, plain)) in found.iter().zip(&plain).enumerate() {
                assert!(
                    (found - plain).abs() < 1e-4,
                    "{arch:?} {window}: {found} {plain}"
                );
            }
        }
    }

    #[derive(Deserialize)]
    struct Vectors {
        onnx: Vec<f64>,
        rounded: Vec<f64>,
    }

    /// With the weights as they are stored the scores are those of onnxruntime; against the weights
    /// as published the rounding to 16 bits shows.
    #[test]
    fn scores_are_those_of_the_published_network() {
        let text = include_str!("../../../tests/fixtures/vad/silero.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        let network = Network::builtin().unwrap();
        let driven = driven(&network, &signal());
        let windows = driven.len();
        assert_eq!(windows, vectors.onnx.len());
        let whole = 0..windows;
        let found = recalled(&network, &driven, std::slice::from_ref(&whole)).remove(0);
        let worst = |wanted: &[f64]| {
            let differences = found
                .iter()
                .zip(wanted)
                .map(|(f, w)| (f64::from(*f) - w).abs());
            differences.fold(0.0, f64::max)
        };
        let (rounded, onnx) = (worst(&vectors.rounded), worst(&vectors.onnx));
        println!("against f16 weights {rounded:.1e}, as published {onnx:.1e}");
        assert!(rounded < 1e-5, "{rounded}");
        assert!(onnx < 1e-3, "{onnx}");
    }

    #[test]
    fn a_run_does_not_depend_on_those_beside_it() {
        let network = Network::builtin().unwrap();
        let driven = driven(&network, &signal());
        let runs = [
            3..20,
            0..93,
            50..51,
            40..40,
            10..75,
            10..75,
            7..90,
            1..60,
            30..92,
        ];
        let together = recalled(&network, &driven, &runs);
        for (run, together) in runs.iter().zip(together) {
            let alone = recalled(&network, &driven, std::slice::from_ref(run)).remove(0);
            assert_eq!(alone, together, "{run:?}");
        }
    }

    #[test]
    fn windows_driven_together_are_those_driven_alone() {
        let network = Network::builtin().unwrap();
        let mut samples = vec![0.0; CONTEXT];
        samples.extend(signal());
        let together = driven(&network, &samples[CONTEXT..]);
        let mut alone = [[0.0; GATES]];
        for (window, together) in together.iter().enumerate() {
            let samples = &samples[window * WINDOW..];
            network.drive(samples, &[0], &mut network.scratch(), &mut alone);
            assert_eq!(&alone[0], together, "{window}");
        }
    }

    #[test]
    fn halves_are_those_of_the_standard() {
        let cases = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0001, 2f32.powi(-24)),
            (0x83ff, -1_023.0 * 2f32.powi(-24)),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
    }

    #[test]
    fn damaged_weights_are_refused() {
        let bytes = include_bytes!("../../../models/silero-8k.bin");
        for length in [0, 8, 15, 16, 27, 100, bytes.len() - 1] {
            assert!(
                Network::parse(&bytes[..length], Arch::new()).is_err(),
                "{length}"
            );
        }
        let mut other = bytes.to_vec();
        other[17] ^= 1;
        assert!(Network::parse(&other, Arch::new()).is_err());
    }
}
