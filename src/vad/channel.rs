//! One channel, from samples to speech.

use super::decide::{Evidence, Level, without_faint};
use super::front::{Frame, FrontEnd};
use super::line::{self, LineMeter};
use super::{Vad, detector};
use crate::error::Result;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Time, Timeline};

/// What is gathered of a channel while it plays: 550 bytes a second.
#[derive(Debug)]
pub(super) struct Channel {
    vad: Box<dyn Vad>,
    front: FrontEnd,
    settings: AnalysisSettings,
    sample_rate: u32,
    samples: u64,
    scores: Vec<f32>,
    levels: Vec<Level>,
    line: LineMeter,
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
            line: LineMeter::new(),
        })
    }

    /// Takes the next samples; `also` sees the frames of the front end that they complete.
    pub(super) fn push(&mut self, samples: &[f32], mut also: impl FnMut(&Frame<'_>)) {
        self.samples += samples.len() as u64;
        self.vad.push(samples, &mut self.scores);
        let (levels, line) = (&mut self.levels, &mut self.line);
        self.front.push(samples, |frame| {
            levels.push(Level::new(frame.level));
            line.push(frame);
            also(frame);
        });
    }

    /// Ends the channel.
    pub(super) fn finish(&mut self, mut also: impl FnMut(&Frame<'_>)) {
        self.vad.finish(&mut self.scores);
        let (levels, line) = (&mut self.levels, &mut self.line);
        self.front.finish(|frame| {
            levels.push(Level::new(frame.level));
            line.push(frame);
            also(frame);
        });
    }

    /// Decides, when the channel has ended, which of it is speech and which are sounds of the line. Of
    /// a frame of 10 ms that is `shut` the detector's score counts nothing; nobody speaks in `masked`.
    pub(super) fn decide(self, shut: &[bool], masked: &Timeline) -> (Timeline, Vec<line::Heard>) {
        let end = Time::of_sample(self.samples, self.sample_rate);
        let Some(whole) = Segment::new(Time::ZERO, end) else {
            return (Timeline::new(), Vec::new());
        };
        let evidence = Evidence {
            scores: &self.scores,
            hop: self.vad.hop(),
            delay: self.vad.delay(),
            levels: &self.levels,
            shut,
        };
        let speech = evidence.speech(&self.settings).within(whole);
        let joined = speech.bridge(self.settings.speech_join);
        let mut line = self.line.finish(&joined.prune(self.settings.speech_min));
        // The last frame may reach beyond the channel.
        line.retain_mut(|heard| {
            let inside = heard.segment.intersection(whole);
            inside.inspect(|inside| heard.segment = *inside).is_some()
        });
        let spoken = &(&joined - &line::mask(&line)) - masked;
        let spoken = spoken.prune(self.settings.speech_min);
        (without_faint(&spoken, &self.levels), line)
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

    /// Ends the channel and returns its speech, joined, pruned and cut to the channel's length;
    /// sounds of the line are none.
    pub fn finish(mut self) -> Timeline {
        self.0.finish(|_| {});
        self.0.decide(&[], &Timeline::new()).0
    }

    /// As [`finish`](SpeechTracker::finish), with the sounds of the line that were heard besides, in
    /// order of time and disjoint.
    pub fn finish_with_line(mut self) -> (Timeline, Vec<line::Heard>) {
        self.0.finish(|_| {});
        self.0.decide(&[], &Timeline::new())
    }
}
