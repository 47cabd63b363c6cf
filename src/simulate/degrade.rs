//! What a line does to speech: band, rate and companding, level, noise.
//!
//! # Conventions
//!
//! * The *active level* of a recording is the root mean square over its speech alone, in dBFS as in
//!   [`render`](super::render). What of it is noise counts as speech.
//! * A signal-to-noise ratio is the active level less the level of the noise, both over the whole
//!   band of the recording.

use super::render::line::Band;
use super::render::{Companding, RATE, coded};
use crate::audio::resample::{OUTPUT_RATE, Resampler};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Time, Timeline};

/// Sends sound over the telephone: 300 to 3,400 Hz, 8,000 samples per second, G.711.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for a rate that is not read.
pub fn telephone(samples: &[f32], rate: u32, companding: Companding) -> Result<Vec<f32>> {
    let narrow = resampled(samples, rate, RATE)?;
    let mut band = Band::new(f64::from(RATE));
    let carried = narrow
        .iter()
        .map(|x| coded(band.next(f64::from(*x)), companding));
    Ok(carried.collect())
}

/// Brings sound from any rate that is read to 8,000 or 16,000 samples per second.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for other rates.
pub fn resampled(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>> {
    let through = |samples: &[f32], rate: u32| -> Result<Vec<f32>> {
        let mut resampler = Resampler::new(rate)?;
        let mut out = Vec::new();
        resampler.push(samples, &mut out);
        resampler.finish(&mut out);
        Ok(out)
    };
    match to {
        _ if from == to => Ok(samples.to_vec()),
        OUTPUT_RATE => through(samples, from),
        // What halves 32 kHz to 16 halves 16 kHz to 8: a filter knows samples, not seconds.
        RATE => through(&through(samples, from)?, 2 * OUTPUT_RATE),
        _ => {
            let wanted = "8000 or 16000";
            Err(Error::new(ErrorKind::Unsupported, "rate", to, wanted))
        }
    }
}

/// Returns the level over the speech, in dBFS; `None` where there is no speech or only silence in it.
pub fn active_level(samples: &[f32], rate: u32, speech: &Timeline) -> Option<f64> {
    let index = |time: Time| {
        let index = time.seconds() * f64::from(rate);
        (index.round().max(0.0) as usize).min(samples.len())
    };
    let spoken = speech.segments().iter();
    let spoken = spoken.flat_map(|s| &samples[index(s.start())..index(s.end())]);
    level(spoken)
}

/// Returns the level of all samples, in dBFS; `None` of silence.
fn level<'a>(samples: impl Iterator<Item = &'a f32>) -> Option<f64> {
    let (mut energy, mut count) = (0.0, 0usize);
    for x in samples {
        energy += f64::from(*x).powi(2);
        count += 1;
    }
    (energy > 0.0).then(|| 10.0 * (energy / count as f64).log10())
}

/// Makes sound louder, or softer, by so many decibels.
pub fn amplify(samples: &mut [f32], gain_db: f64) {
    let factor = 10f64.powf(gain_db / 20.0) as f32;
    samples.iter_mut().for_each(|x| *x *= factor);
}

/// Adds another sound at a level of its own, in dBFS over its whole length. It starts over until the
/// sound ends; a silent one adds nothing.
pub fn add_at(samples: &mut [f32], other: &[f32], level_dbfs: f64) {
    if let Some(own) = level(other.iter()) {
        let factor = 10f64.powf((level_dbfs - own) / 20.0) as f32;
        let others = other.iter().cycle();
        samples
            .iter_mut()
            .zip(others)
            .for_each(|(x, y)| *x += factor * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::sounds::{Sound, render};
    use crate::timeline::Segment;
    use std::f64::consts::TAU;

    fn sine(hertz: f64, rate: u32, amplitude: f64) -> Vec<f32> {
        let step = TAU * hertz / f64::from(rate);
        (0..rate)
            .map(|n| (amplitude * (step * f64::from(n)).sin()) as f32)
            .collect()
    }

    fn speech(start: f64, end: f64) -> Timeline {
        Segment::from_seconds(start, end).into_iter().collect()
    }

    fn whole(samples: &[f32]) -> f64 {
        level(samples.iter()).unwrap_or(-200.0)
    }

    #[test]
    fn the_telephone_keeps_a_kilohertz_and_drops_hum_and_hiss() {
        for rate in [8_000, 16_000, 44_100] {
            let line = |hertz| telephone(&sine(hertz, rate, 0.1), rate, Companding::MuLaw);
            let kept = line(1_000.0).unwrap();
            assert_eq!(kept.len(), 8_000, "{rate}");
            // A sine of amplitude 0.1: −23.01 dBFS.
            assert!(
                (whole(&kept) + 23.01).abs() < 0.1,
                "{rate} {}",
                whole(&kept)
            );
            assert!(whole(&line(50.0).unwrap()) < -60.0);
            if rate > 8_000 {
                // Neither the sine nor its image at 2 kHz.
                assert!(whole(&line(6_000.0).unwrap()) < -60.0, "{rate}");
            }
        }
        // What comes out is what µ-law can say.
        let kept = telephone(&sine(700.0, 8_000, 0.3), 8_000, Companding::MuLaw).unwrap();
        let again: Vec<f32> = kept
            .iter()
            .map(|x| coded(f64::from(*x), Companding::MuLaw))
            .collect();
        assert_eq!(kept, again);
    }

    #[test]
    fn rates_that_are_not_read_are_refused() {
        assert!(resampled(&[0.0; 10], 4_000, 8_000).is_err());
        let error = resampled(&[0.0; 10], 8_000, 11_025).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(resampled(&[0.5; 10], 4_000, 4_000).unwrap(), [0.5; 10]);
    }

    #[test]
    fn level_is_that_of_the_speech_alone() {
        let mut samples = sine(500.0, 8_000, 0.1);
        samples.extend([0.0; 24_000]);
        let found = active_level(&samples, 8_000, &speech(0.0, 1.0)).unwrap();
        assert!((found + 23.01).abs() < 0.01);
        amplify(&mut samples, -45.0 - found);
        let found = active_level(&samples, 8_000, &speech(0.0, 1.0)).unwrap();
        assert!((found + 45.0).abs() < 0.01);
        assert_eq!(active_level(&samples, 8_000, &speech(2.0, 3.0)), None);
        assert_eq!(active_level(&samples, 8_000, &Timeline::new()), None);
        // Labels may reach past the end of the sound.
        assert_eq!(active_level(&samples, 8_000, &speech(9.0, 12.0)), None);
    }

    #[test]
    fn what_is_added_has_its_level_and_starts_over() {
        let noise = render(Sound::PinkNoise, 0.5, 8_000, -3.0, 1);
        let mut samples = vec![0.0; 8_000];
        add_at(&mut samples, &noise, -33.0);
        assert!((whole(&samples) + 33.0).abs() < 0.01);
        assert_eq!(samples[..4_000], samples[4_000..]);
        let before = samples.clone();
        add_at(&mut samples, &[], -33.0);
        add_at(&mut samples, &[0.0; 4], -33.0);
        assert_eq!(samples, before);
    }
}
