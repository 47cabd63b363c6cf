//! Says how much of a leak between channels is taken for speech:
//! `cargo run --release --example bleed -- calls/*.wav`.
//!
//! Each channel of a clean stereo recording is mixed into the other. Each is heard by itself, and both
//! together, when what leaks is nobody's speech. What is found is compared with what is found of the
//! recording as it is. Printed are, of either: overlap that the clean recording does not have, in % of
//! the call; speech of the clean recording that is lost, and speech that is added, in % of the clean
//! recording's speech.

#[path = "common/mod.rs"]
mod common;

use callcsi::audio::Block;
use callcsi::call::{Side, Sides};
use callcsi::settings::AnalysisSettings;
use callcsi::simulate::degrade::{resampled, telephone};
use callcsi::simulate::render::{Companding, RATE};
use callcsi::timeline::{Span, Time, Timeline};
use callcsi::vad::bleed::Bleed;
use callcsi::vad::{Hearing, Listener, SpeechTracker};
use clap::Parser;
use common::{Fallible, Which};
use std::f64::consts::TAU;
use std::path::PathBuf;
use std::process::ExitCode;

/// Says how much of a leak between channels is taken for speech.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Clean stereo recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The detector, by its name in settings.
    #[arg(long, default_value = "silero-1")]
    detector: String,
    /// Gains of the leak, in dB.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "-10,-15,-20,-30,-40",
        allow_hyphen_values = true
    )]
    gains: Vec<f64>,
    /// Lags of the leak, in ms.
    #[arg(long, value_delimiter = ',', default_value = "0,20,200")]
    lags: Vec<f64>,
    /// Leak from the left channel into the right one alone.
    #[arg(long)]
    one_way: bool,
    /// Say where overlap is found falsely and where speech is lost.
    #[arg(long)]
    show: bool,
}

/// What happens to a leak on its way.
#[derive(Clone, Copy, Debug)]
enum Way {
    Flat,
    /// A low-pass of 1.2 kHz and a notch at 700 Hz.
    Coloured,
    /// µ-law after the mix.
    Companded,
}

/// Returns the speech of both sides as each channel says by itself, and what is heard of both together.
fn speech(
    settings: &AnalysisSettings,
    sides: &Sides<Vec<f32>>,
) -> Fallible<(Sides<Timeline>, Hearing)> {
    let mut alone = Sides::<Timeline>::default();
    for side in Side::BOTH {
        let mut tracker = SpeechTracker::new(settings, RATE)?;
        tracker.push(sides.get(side));
        *alone.get_mut(side) = tracker.finish();
    }
    let mut listener = Listener::new(settings, RATE)?;
    listener.push(&Block {
        agent: &sides.agent,
        customer: &sides.customer,
    });
    Ok((alone, listener.finish(None)))
}

/// Returns a voice as it is heard on the other channel.
fn on_its_way(voice: &[f32], rate: u32, gain_db: f64, lag_ms: f64, way: Way) -> Vec<f32> {
    let gain = 10f64.powf(gain_db / 20.0);
    let lag = (lag_ms / 1_000.0 * f64::from(rate)).round() as usize;
    // Both filters at once: a one-pole low-pass, then zeros on the circle and poles just inside.
    let pole = (-TAU * 1_200.0 / f64::from(rate)).exp();
    let (cos, r) = ((TAU * 700.0 / f64::from(rate)).cos(), 0.9);
    let (mut low, mut x, mut y) = (0.0, [0.0; 2], [0.0; 2]);
    let mut colour = |sample: f64| {
        low = (1.0 - pole) * sample + pole * low;
        let out = low - 2.0 * cos * x[0] + x[1] + 2.0 * r * cos * y[0] - r * r * y[1];
        (x, y) = ([low, x[0]], [out, y[0]]);
        out
    };
    let delayed = std::iter::repeat_n(&0.0, lag).chain(voice);
    delayed
        .take(voice.len())
        .map(|sample| {
            let sample = f64::from(*sample) * gain;
            let coloured = matches!(way, Way::Coloured);
            (if coloured { colour(sample) } else { sample }) as f32
        })
        .collect()
}

/// Shares of one condition in %: false overlap of the call, lost and added of the speech.
fn shares(clean: &Sides<Timeline>, found: &Sides<Timeline>, call: Span) -> [f64; 3] {
    let overlap = |sides: &Sides<Timeline>| &sides.agent & &sides.customer;
    let both = |a: &Sides<Timeline>, b: &Sides<Timeline>| {
        let left = &a.agent - &b.agent;
        let right = &a.customer - &b.customer;
        (left.duration() + right.duration()).seconds()
    };
    let speech = (clean.agent.duration() + clean.customer.duration()).seconds();
    let false_overlap = &overlap(found) - &overlap(clean);
    [
        100.0 * false_overlap.duration().seconds() / call.seconds(),
        100.0 * both(clean, found) / speech,
        100.0 * both(found, clean) / speech,
    ]
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let settings = common::settings(&arguments.detector)?;
    println!("                              each by itself           together");
    println!("  gain  lag way         false  lost  added   false  lost  added  share  evidence");
    for file in &arguments.files {
        let read = |which| -> Fallible<Vec<f32>> {
            let (samples, own) = common::read(file, which)?;
            Ok(resampled(&samples, own, RATE)?)
        };
        let sides = Sides {
            agent: read(Which::Left)?,
            customer: read(Which::Right)?,
        };
        let rate = RATE;
        let call = Time::of_sample(sides.agent.len() as u64, rate) - Time::ZERO;
        println!("{} ({call})", file.display());
        let (_, hearing) = speech(&settings, &sides)?;
        let clean = hearing.speech;
        println!("  as it is {:41} {}", "", told(&hearing.bleed));
        for way in [Way::Flat, Way::Coloured, Way::Companded] {
            for &gain in &arguments.gains {
                for &lag in &arguments.lags {
                    let mixed = mix(&sides, rate, (gain, lag, way), arguments.one_way)?;
                    let (without, hearing) = speech(&settings, &mixed)?;
                    let (with, bleed) = (&hearing.speech, &hearing.bleed);
                    let [o, l, a] = shares(&clean, &without, call);
                    let [overlap, lost, added] = shares(&clean, with, call);
                    println!(
                        "{gain:6} {lag:4} {:10} {o:6.2} {l:5.2} {a:6.2}  {overlap:6.2} {lost:5.2} {added:6.2} {}",
                        format!("{way:?}"),
                        told(bleed)
                    );
                    if arguments.show {
                        show(&clean, with);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Mixes each channel into the other.
fn mix(
    sides: &Sides<Vec<f32>>,
    rate: u32,
    (gain, lag, way): (f64, f64, Way),
    one_way: bool,
) -> Fallible<Sides<Vec<f32>>> {
    let mut mixed = sides.clone();
    for side in [Side::Agent, Side::Customer] {
        if side == Side::Customer || !one_way {
            let leak = on_its_way(sides.get(side.other()), rate, gain, lag, way);
            for (sample, leak) in mixed.get_mut(side).iter_mut().zip(leak) {
                *sample = (*sample + leak).clamp(-1.0, 1.0);
            }
        }
        if matches!(way, Way::Companded) {
            let length = mixed.get(side).len();
            *mixed.get_mut(side) = telephone(mixed.get(side), rate, Companding::MuLaw)?;
            mixed.get_mut(side).resize(length, 0.0);
        }
    }
    Ok(mixed)
}

fn show(clean: &Sides<Timeline>, found: &Sides<Timeline>) {
    let list = |name: &str, timeline: &Timeline| {
        let segments = timeline.segments().iter();
        let segments =
            segments.map(|s| format!("{:.2}+{:.2}", s.start().seconds(), s.duration().seconds()));
        println!("    {name}: {}", segments.collect::<Vec<_>>().join(" "));
    };
    let overlap = |sides: &Sides<Timeline>| &sides.agent & &sides.customer;
    list("false overlap", &(&overlap(found) - &overlap(clean)));
    list("lost, agent", &(&clean.agent - &found.agent));
    list("lost, customer", &(&clean.customer - &found.customer));
    list("clean overlap", &overlap(clean));
}

fn told(bleed: &Bleed) -> String {
    let side = |side: Side| {
        bleed.evidence.get(side).map_or("-".to_owned(), |e| {
            format!(
                "{:.0} ms {:.0} dB r {:.2}",
                e.lag_ms, e.gain_db, e.correlation
            )
        })
    };
    let share = bleed.share.map_or("-".to_owned(), |s| format!("{s:.2}"));
    format!(
        "{share:>6}  {} | {}",
        side(Side::Agent),
        side(Side::Customer)
    )
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
