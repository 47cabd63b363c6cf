//! Says what is found of the clocks of two recordings:
//! `cargo run --release --example clocks -- calls/*.wav`.
//!
//! Each stereo recording is heard as if its channels were two files, whose clocks are put apart by known
//! amounts: the right one is made later and slower or faster, after each channel has been mixed into the
//! other. Printed are what was done and what was found.

#[path = "common/mod.rs"]
mod common;

use callcsi::audio::Block;
use callcsi::audio::resample::Resampler;
use callcsi::call::Sides;
use callcsi::simulate::degrade::resampled;
use callcsi::simulate::render::RATE;
use callcsi::vad::Listener;
use callcsi::vad::clock::Leak;
use clap::Parser;
use common::{Fallible, Which};
use std::path::PathBuf;
use std::process::ExitCode;

/// What the clocks say that they have, in Hz.
const RIGHT: u32 = 48_000;

/// Says what is found of the clocks of two recordings.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Stereo recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Gains of the leak, in dB; one of -200 or less is none.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "-200,-20,-30,-40",
        allow_hyphen_values = true
    )]
    gains: Vec<f32>,
    /// Lags of the leak from left to right, in ms; that from right to left comes 20 ms later.
    #[arg(long, value_delimiter = ',', default_value = "20,200")]
    lags: Vec<f64>,
    /// Leak from the left channel into the right one alone.
    #[arg(long)]
    one_way: bool,
    /// Offsets of the right channel, in s.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0,-2.5",
        allow_hyphen_values = true
    )]
    offsets: Vec<f64>,
    /// Rates of the right channel's clock, in Hz where 48,000 is right.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "48000,48005,48072",
        value_parser = clap::value_parser!(u32).range(48_000..=50_000)
    )]
    clocks: Vec<u32>,
    /// Play each recording so many times over.
    #[arg(long, default_value_t = 1)]
    times: usize,
}

/// Returns the samples as a clock of `clock` Hz takes them that says it has 48,000: more of them, where it
/// runs fast.
fn clocked(samples: &[f32], clock: u32) -> Fallible<Vec<f32>> {
    if clock == RIGHT {
        return Ok(samples.to_vec());
    }
    let up = through(Resampler::between(RATE, RIGHT)?, samples);
    // So many Hz less than right make so many ppm more samples, but for the square of that.
    Ok(through(Resampler::between(2 * RIGHT - clock, RATE)?, &up))
}

fn through(mut resampler: Resampler, samples: &[f32]) -> Vec<f32> {
    let mut out = Vec::new();
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}

/// Returns `samples` with another voice mixed in, later and at a gain.
fn with_leak(samples: &[f32], other: &[f32], gain_db: f32, lag_ms: f64) -> Vec<f32> {
    let gain = 10f32.powf(gain_db / 20.0);
    let lag = (lag_ms * f64::from(RATE) / 1_000.0).round() as usize;
    let late = std::iter::repeat_n(&0.0, lag).chain(other);
    let mixed = samples
        .iter()
        .zip(late)
        .map(|(own, leak)| own + gain * leak);
    mixed.collect()
}

/// Returns `samples` that begin so many seconds later, or earlier, as many.
fn moved(samples: &[f32], by_s: f64) -> Vec<f32> {
    let by = (by_s * f64::from(RATE)).round() as i64;
    let at = |n: usize| usize::try_from(n as i64 - by).ok();
    let all = (0..samples.len()).map(|n| at(n).and_then(|n| samples.get(n)).copied());
    all.map(Option::unwrap_or_default).collect()
}

fn told(leak: Option<Leak>) -> String {
    leak.map_or("-".to_owned(), |l| {
        format!(
            "{:.3} s {:+.0}±{:.0} ppm {}/{} {:.1} ms",
            l.lag_s, l.growth_ppm, l.error_ppm, l.windows, l.of, l.residual_ms
        )
    })
}

fn run(arguments: &Arguments) -> Fallible<()> {
    println!("  gain  lag offset   ppm   found: offset   ppm ±     into left | into right");
    for file in &arguments.files {
        let read = |which| -> Fallible<Vec<f32>> {
            let (samples, own) = common::read(file, which)?;
            Ok(resampled(&samples, own, RATE)?.repeat(arguments.times))
        };
        let (left, right) = (read(Which::Left)?, read(Which::Right)?);
        println!("{} ({} s)", file.display(), left.len() / RATE as usize);
        let settings = common::settings("energy-1")?;
        for &gain in &arguments.gains {
            for &lag in &arguments.lags {
                let agent = if arguments.one_way {
                    left.clone()
                } else {
                    with_leak(&left, &right, gain, lag + 20.0)
                };
                let late = with_leak(&right, &left, gain, lag);
                for &clock in &arguments.clocks {
                    let slow = clocked(&late, clock)?;
                    for &offset in &arguments.offsets {
                        let customer = moved(&slow, offset);
                        let both = agent.len().min(customer.len());
                        let sides = Sides {
                            agent: &agent[..both],
                            customer: &customer[..both],
                        };
                        let mut listener = Listener::new(&settings, RATE)?.with_two_clocks();
                        listener.push(&Block {
                            agent: sides.agent,
                            customer: sides.customer,
                        });
                        let found = listener.finish(None).clocks;
                        let ppm = 1e6 * (f64::from(RIGHT) / f64::from(2 * RIGHT - clock) - 1.0);
                        let shown = found.map_or("       -".to_owned(), |c| {
                            let drift = c.drift_ppm.map_or("-".to_owned(), |d| format!("{d:.0}"));
                            format!(
                                "{:8.3} {drift:>6} {:4.0}  {} | {}",
                                c.offset_s,
                                c.drift_error_ppm,
                                told(c.leaks.agent),
                                told(c.leaks.customer)
                            )
                        });
                        println!("{gain:6} {lag:4} {offset:6} {ppm:5.0}        {shown}");
                    }
                }
            }
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
