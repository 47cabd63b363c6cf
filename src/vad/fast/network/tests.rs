//! The small network against the trained one, and against a plain twin.

use super::*;
use crate::vad::simd::archs;
use serde::Deserialize;
use std::collections::BTreeMap;

const BYTES: &[u8] = include_bytes!("../../../../models/fast.bin");

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
    type Plain = Box<dyn Fn(&[f64]) -> Vec<f64>>;
    let mut file = File::new(BYTES);
    let mut layer = |inputs: usize, outputs: usize| -> Plain {
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
    let text = include_str!("../../../../tests/fixtures/vad/fast.json");
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
