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

use super::kernel::{CELLS, GATES, Matrix, Product, Step, logistic};
use crate::error::{Error, ErrorKind, Result};
use pulp::Arch;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Samples of a window.
pub(super) const WINDOW: usize = 256;
/// Samples before it that it is seen with.
pub(super) const CONTEXT: usize = 32;
/// Samples of a spectrum, from one to the next, and its magnitudes.
const SPECTRUM: usize = 128;
const SPECTRUM_HOP: usize = 64;
const BINS: usize = SPECTRUM / 2 + 1;
/// Spectra of a window.
const SPECTRA: usize = 4;
/// Windows that go through the layers together: their data stay in the cache.
const BATCH: usize = 30;

/// The layers of convolution: taps that are stored, inputs of each, outputs.
const LAYERS: [(usize, usize, usize); 4] =
    [(3, BINS, 128), (3, 128, 64), (2, 64, 64), (1, 64, CELLS)];

struct Layer {
    weights: Matrix,
    bias: Vec<f32>,
}

pub(super) struct Network {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: [f32; SPECTRUM],
    layers: [Layer; 4],
    drive: Layer,
    recall: Matrix,
    decoder: Vec<f32>,
    decoder_bias: f32,
    arch: Arch,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// Memory that [`Network::drive`] uses again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    padded: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    /// What goes into each layer, and the vector that comes out of the last.
    data: [Vec<f32>; 5],
}

impl Network {
    /// Returns the network with the weights that are built in; they are read once.
    pub(super) fn builtin() -> Result<Arc<Network>> {
        static NETWORK: OnceLock<Arc<Network>> = OnceLock::new();
        if let Some(network) = NETWORK.get() {
            return Ok(Arc::clone(network));
        }
        let bytes = include_bytes!("../../../models/silero-8k.bin");
        let network = Arc::new(Network::parse(bytes)?);
        Ok(Arc::clone(NETWORK.get_or_init(|| network)))
    }

    fn parse(bytes: &[u8]) -> Result<Network> {
        let mut file = File { rest: bytes };
        file.header()?;
        let mut layers = Vec::new();
        for (taps, inputs, outputs) in LAYERS {
            layers.push(Layer {
                weights: Matrix::new(&file.array(taps * inputs, outputs)?, outputs),
                bias: file.array(1, outputs)?,
            });
        }
        let drive = Matrix::new(&file.array(CELLS, GATES)?, GATES);
        let recall = Matrix::new(&file.array(CELLS, GATES)?, GATES);
        let bias = file.array(1, GATES)?;
        let decoder = file.array(CELLS, 1)?;
        let decoder_bias = file.array(1, 1)?.into_iter().sum();
        let layers = layers.try_into().map_err(|_| File::error("other layers"))?;
        let hann = std::array::from_fn(|i| {
            let phase = std::f64::consts::TAU * i as f64 / SPECTRUM as f64;
            (0.5 - 0.5 * phase.cos()) as f32
        });
        Ok(Network {
            fft: RealFftPlanner::new().plan_fft_forward(SPECTRUM),
            hann,
            layers,
            drive: Layer {
                weights: drive,
                bias,
            },
            recall,
            decoder,
            decoder_bias,
            arch: Arch::new(),
        })
    }

    /// Computes what windows put into the gates. `samples` begins with the context of the first;
    /// `out` takes [`GATES`] sums per window and says by its length how many there are.
    pub(super) fn drive(&self, samples: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        for (batch, out) in out.chunks_mut(BATCH * GATES).enumerate() {
            let windows = out.len() / GATES;
            self.spectra(&samples[batch * BATCH * WINDOW..], windows, scratch);
            self.encode(windows, scratch);
            Product {
                matrix: &self.drive.weights,
                inputs: 0..CELLS,
                bias: &self.drive.bias,
                rectify: false,
                rows: windows,
                data: &scratch.data[4],
                stride: CELLS,
                out,
                out_stride: GATES,
            }
            .compute(self.arch);
        }
    }

    /// Computes the magnitudes of the spectra of each window.
    fn spectra(&self, samples: &[f32], windows: usize, scratch: &mut Scratch) {
        const SEEN: usize = CONTEXT + WINDOW;
        let Scratch {
            padded,
            spectrum,
            data,
        } = scratch;
        spectrum.resize(BINS, Complex::default());
        padded.resize(SPECTRUM, 0.0);
        let magnitudes = &mut data[0];
        magnitudes.resize(windows * SPECTRA * BINS, 0.0);
        let mut whole = [0.0; SEEN + CONTEXT];
        for (window, out) in magnitudes.chunks_exact_mut(SPECTRA * BINS).enumerate() {
            whole[..SEEN].copy_from_slice(&samples[window * WINDOW..][..SEEN]);
            // Mirrored at the last sample, which is not repeated.
            for i in 0..CONTEXT {
                whole[SEEN + i] = whole[SEEN - 2 - i];
            }
            for (i, out) in out.chunks_exact_mut(BINS).enumerate() {
                let seen = &whole[i * SPECTRUM_HOP..][..SPECTRUM];
                for ((padded, x), w) in padded.iter_mut().zip(seen).zip(&self.hann) {
                    *padded = x * w;
                }
                // The buffers have the lengths the plan asked for.
                if self.fft.process(padded, spectrum).is_err() {
                    out.fill(0.0);
                    continue;
                }
                for (out, c) in out.iter_mut().zip(&*spectrum) {
                    *out = (c.re * c.re + c.im * c.im).sqrt();
                }
            }
        }
    }

    /// Brings the magnitudes through the layers. Taps that would meet the zeros around a window are
    /// left out, so each instant of a layer takes some of its taps.
    fn encode(&self, windows: usize, scratch: &mut Scratch) {
        // Of each instant that a layer gives: the first instant it takes, and the taps.
        let instants: [&[(usize, Range<usize>)]; 4] = [
            &[(0, 1..3), (0, 0..3), (1, 0..3), (2, 0..2)],
            &[(0, 1..3), (1, 0..3)],
            &[(0, 0..2)],
            &[(0, 0..1)],
        ];
        let mut taken = SPECTRA;
        for (index, (layer, instants)) in self.layers.iter().zip(instants).enumerate() {
            let (_, channels, outputs) = LAYERS[index];
            let (before, after) = scratch.data.split_at_mut(index + 1);
            let (Some(data), Some(out)) = (before.last(), after.first_mut()) else {
                return;
            };
            out.resize(windows * instants.len() * outputs, 0.0);
            for (i, (first, taps)) in instants.iter().enumerate() {
                Product {
                    matrix: &layer.weights,
                    inputs: taps.start * channels..taps.end * channels,
                    bias: &layer.bias,
                    rectify: true,
                    rows: windows,
                    data: &data[first * channels..],
                    stride: taken * channels,
                    out: &mut out[i * outputs..],
                    out_stride: instants.len() * outputs,
                }
                .compute(self.arch);
            }
            taken = instants.len();
        }
    }

    /// Runs an LSTM from a fresh state over each of `runs`, which are ranges of driven windows, and
    /// gives `score` the index of the run, the window and its probability. They step side by side.
    pub(super) fn recall(
        &self,
        driven: &[f32],
        runs: &[Range<usize>],
        mut score: impl FnMut(usize, usize, f32),
    ) {
        // The longest first: those that still run are always the first ones.
        let mut order: Vec<usize> = (0..runs.len()).collect();
        order.sort_by_key(|&run| std::cmp::Reverse(runs[run].len()));
        let mut states = vec![0.0; 2 * CELLS * runs.len()];
        let (hidden, cells) = states.split_at_mut(CELLS * runs.len());
        let mut recalled = vec![0.0; GATES * runs.len()];
        let zeros = [0.0; GATES];
        let steps = order.first().map_or(0, |&run| runs[run].len());
        for step in 0..steps {
            let rows = order.partition_point(|&run| runs[run].len() > step);
            Product {
                matrix: &self.recall,
                inputs: 0..CELLS,
                bias: &zeros,
                rectify: false,
                rows,
                data: hidden,
                stride: CELLS,
                out: &mut recalled,
                out_stride: GATES,
            }
            .compute(self.arch);
            let states = hidden
                .chunks_exact_mut(CELLS)
                .zip(cells.chunks_exact_mut(CELLS));
            for ((&run, (hidden, cell)), recalled) in order[..rows]
                .iter()
                .zip(states)
                .zip(recalled.chunks_exact(GATES))
            {
                let window = runs[run].start + step;
                Step {
                    driven: &driven[window * GATES..][..GATES],
                    recalled,
                    hidden: &mut *hidden,
                    cell,
                }
                .compute(self.arch);
                score(run, window, self.decide(hidden));
            }
        }
    }

    /// Returns the probability that a hidden state says.
    fn decide(&self, hidden: &[f32]) -> f32 {
        let mut sums = [0.0f32; 8];
        let (hidden, _) = hidden.as_chunks::<8>();
        let (decoder, _) = self.decoder.as_chunks::<8>();
        for (hidden, decoder) in hidden.iter().zip(decoder) {
            for i in 0..8 {
                sums[i] += hidden[i].max(0.0) * decoder[i];
            }
        }
        logistic::<false>(sums.iter().sum::<f32>() + self.decoder_bias)
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

    fn driven(network: &Network, samples: &[f32]) -> Vec<f32> {
        let windows = samples.len() / WINDOW;
        let mut whole = vec![0.0; CONTEXT];
        whole.extend_from_slice(samples);
        let mut driven = vec![0.0; windows * GATES];
        network.drive(&whole, &mut Scratch::default(), &mut driven);
        driven
    }

    fn recalled(network: &Network, driven: &[f32], runs: &[Range<usize>]) -> Vec<Vec<f32>> {
        let mut scores = vec![Vec::new(); runs.len()];
        network.recall(driven, runs, |run, window, score| {
            assert_eq!(window, runs[run].start + scores[run].len());
            scores[run].push(score);
        });
        scores
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
        let windows = driven.len() / GATES;
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
        let mut alone = vec![0.0; GATES];
        for (window, together) in together.chunks_exact(GATES).enumerate() {
            network.drive(
                &samples[window * WINDOW..],
                &mut Scratch::default(),
                &mut alone,
            );
            assert_eq!(alone, together, "{window}");
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
            assert!(Network::parse(&bytes[..length]).is_err(), "{length}");
        }
        let mut other = bytes.to_vec();
        other[17] ^= 1;
        assert!(Network::parse(&other).is_err());
    }
}
