//! What the commands that hear single channels share.
// No example uses all of it.
#![allow(dead_code)]

use callcsi::audio;
use callcsi::call::{AgentChannel, Input, Recording};
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::Span;
use std::path::Path;

/// A result of a command: any error, told to a person.
pub type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Which channel of a file is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The only one.
    Only,
    /// The left one of two.
    Left,
    /// The right one of two.
    Right,
}

/// Returns the samples of one channel, and their rate.
pub fn read(path: &Path, which: Which) -> callcsi::Result<(Vec<f32>, u32)> {
    let input = Input::from(path.to_path_buf());
    let recording = match which {
        // The library hears calls: a mono file is both sides of one.
        Which::Only => Recording::TwoMono {
            agent: input.clone(),
            customer: input,
            customer_offset: Span::ZERO,
        },
        Which::Left | Which::Right => Recording::Stereo {
            input,
            agent_channel: if which == Which::Left {
                AgentChannel::Left
            } else {
                AgentChannel::Right
            },
        },
    };
    let mut audio = audio::open(&recording)?;
    let mut samples = Vec::new();
    while let Some(block) = audio.next_block()? {
        samples.extend_from_slice(block.agent);
    }
    Ok((samples, audio.sample_rate()))
}

/// Returns the samples of a mono file, or the mean of both channels of a stereo one, at `rate`.
pub fn read_music(path: &Path, rate: u32) -> callcsi::Result<Vec<f32>> {
    let (samples, own) = read(path, Which::Only).or_else(|_| {
        let (mut left, own) = read(path, Which::Left)?;
        let (right, _) = read(path, Which::Right)?;
        for (x, y) in left.iter_mut().zip(right) {
            *x = (*x + y) / 2.0;
        }
        Ok((left, own))
    })?;
    callcsi::simulate::degrade::resampled(&samples, own, rate)
}

/// Returns the default settings with the detector of this name in settings.
pub fn settings(detector: &str) -> Fallible<AnalysisSettings> {
    let mut settings = AnalysisSettings::default();
    settings.detector =
        serde_json::from_value(detector.into()).map_err(|error| format!("--detector: {error}"))?;
    Ok(settings)
}

/// Tells whether a write failed because nobody reads any more.
pub fn reader_left(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
