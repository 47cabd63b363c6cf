//! One channel, from samples to speech.

use super::decide::{Evidence, Level};
use super::front::{Frame, FrontEnd};
use super::{Vad, detector};
use crate::error::Result;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Time, Timeline};

/// What is gathered of a channel while it plays: 350 bytes a second.
#[derive(Debug)]
pub(super) struct Channel {
    vad: Box<dyn Vad>,
    front: FrontEnd,
    settings: AnalysisSettings,
    sample_rate: u32,
    samples: u64,
    scores: Vec<f32>,
    levels: Vec<Level>,
}

impl Channel {
    pub(super) fn new(
        vad: Box<dyn Vad>,
        settings: &AnalysisSettings,
        sample_rate: u32,
    ) -> Result<Channel> {
        Ok(Channel {
            vad,
            front: FrontEnd::new(sample_rate)?,
            settings: settings.clone(),
            sample_rate,
            samples: 0,
            scores: Vec::new(),
            levels: Vec::new(),
        })
    }

    /// Takes the next samples; `also` sees the frames of the front end that they complete.
    pub(super) fn push(&mut self, samples: &[f32], mut also: impl FnMut(&Frame<'_>)) {
        self.samples += samples.len() as u64;
        self.vad.push(samples, &mut self.scores);
        let levels = &mut self.levels;
        self.front.push(samples, |frame| {
            levels.push(Level::new(frame.level));
            also(frame);
        });
    }

    /// Ends the channel.
    pub(super) fn finish(&mut self, mut also: impl FnMut(&Frame<'_>)) {
        self.vad.finish(&mut self.scores);
        let levels = &mut self.levels;
        self.front.finish(|frame| {
            levels.push(Level::new(frame.level));
            also(frame);
        });
    }

    /// Returns the extent of the channel.
    pub(super) fn whole(&self) -> Option<Segment> {
        Segment::new(Time::ZERO, Time::of_sample(self.samples, self.sample_rate))
    }

    /// Decides which of it is speech, but for what lies in `masked`; of a frame of 10 ms that is
    /// `shut`, the detector's score counts nothing.
    pub(super) fn speech(&self, shut: &[bool], masked: &Timeline) -> Timeline {
        let evidence = Evidence {
            scores: &self.scores,
            hop: self.vad.hop(),
            delay: self.vad.delay(),
            levels: &self.levels,
            shut,
        };
        let Some(whole) = self.whole() else {
            return Timeline::new();
        };
        let speech = evidence.speech(&self.settings).within(whole);
        let joined = speech.bridge(self.settings.speech_join);
        (&joined - masked).prune(self.settings.speech_min)
    }
}

/// Collects the speech of one channel that is heard alone.
#[derive(Debug)]
pub struct SpeechTracker(Channel);

impl SpeechTracker {
    /// Starts a channel at `sample_rate` Hz with the detector that the settings name.
    ///
    /// # Errors
    ///
    /// As [`detector`].
    pub fn new(settings: &AnalysisSettings, sample_rate: u32) -> Result<SpeechTracker> {
        let vad = detector(settings.detector, sample_rate)?;
        SpeechTracker::with(vad, settings, sample_rate)
    }

    /// Starts a channel at `sample_rate` Hz with a detector of the caller's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a rate that cannot be
    /// resampled.
    pub fn with(
        vad: Box<dyn Vad>,
        settings: &AnalysisSettings,
        sample_rate: u32,
    ) -> Result<SpeechTracker> {
        Channel::new(vad, settings, sample_rate).map(SpeechTracker)
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.0.push(samples, |_| {});
    }

    /// Ends the channel and returns its speech, joined, pruned and cut to the channel's length.
    pub fn finish(mut self) -> Timeline {
        self.0.finish(|_| {});
        self.0.speech(&[], &Timeline::new())
    }
}
