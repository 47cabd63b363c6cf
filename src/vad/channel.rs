//! One channel, from samples to speech.

use super::decide::{Evidence, Level, without_faint};
use super::fast::{self, FastScorer};
use super::front::{Bands, Frame, FrontEnd};
use super::line::{self, LineMeter};
use super::{Vad, detector};
use crate::error::Result;
use crate::settings::{AnalysisSettings, DetectorKind};
use crate::timeline::{Segment, Span, Time, Timeline};

/// What scores a channel.
#[derive(Debug)]
enum Detector {
    /// From its samples.
    OfSamples(Box<dyn Vad>),
    /// From the frames of the front end, which are there anyway.
    OfFrames(Box<FastScorer>),
}

impl Detector {
    fn hop(&self) -> Span {
        match self {
            Detector::OfSamples(vad) => vad.hop(),
            Detector::OfFrames(_) => fast::HOP,
        }
    }

    fn delay(&self) -> Span {
        match self {
            Detector::OfSamples(vad) => vad.delay(),
            Detector::OfFrames(_) => fast::DELAY,
        }
    }

    fn try_clone(&self) -> Option<Detector> {
        Some(match self {
            Detector::OfSamples(vad) => Detector::OfSamples(vad.try_clone()?),
            Detector::OfFrames(scorer) => Detector::OfFrames(scorer.clone()),
        })
    }
}

/// What is gathered of a channel while it plays: 550 bytes a second.
#[derive(Debug)]
pub(super) struct Channel {
    detector: Detector,
    front: FrontEnd,
    settings: AnalysisSettings,
    sample_rate: u32,
    samples: u64,
    scores: Vec<f32>,
    levels: Vec<Level>,
    line: LineMeter,
    /// The bands of the frames that nobody has taken yet, where somebody wants them.
    pub(super) bands: Option<Vec<Bands>>,
}

/// Takes the frames of a channel to all who want them.
struct Ear<'a> {
    levels: &'a mut Vec<Level>,
    line: &'a mut LineMeter,
    bands: Option<&'a mut Vec<Bands>>,
    scorer: Option<&'a mut Box<FastScorer>>,
}

impl Ear<'_> {
    fn take(&mut self, frame: &Frame<'_>) {
        self.levels.push(Level::new(frame.level));
        self.line.push(frame);
        if let Some(bands) = &mut self.bands {
            bands.push(frame.bands);
        }
        if let Some(scorer) = &mut self.scorer {
            scorer.take(frame);
        }
    }
}

/// What comes next of a channel.
enum Next<'a> {
    Samples(&'a [f32]),
    End,
}

impl Channel {
    /// Starts a channel with the detector that the settings name.
    pub(super) fn new(settings: &AnalysisSettings, sample_rate: u32) -> Result<Channel> {
        let detector = match settings.detector {
            DetectorKind::Fast => Detector::OfFrames(Box::new(FastScorer::new()?)),
            kind => Detector::OfSamples(detector(kind, sample_rate)?),
        };
        Channel::with(detector, settings, sample_rate)
    }

    fn with(detector: Detector, settings: &AnalysisSettings, sample_rate: u32) -> Result<Channel> {
        Ok(Channel {
            detector,
            front: FrontEnd::new(sample_rate)?,
            settings: settings.clone(),
            sample_rate,
            samples: 0,
            scores: Vec::new(),
            levels: Vec::new(),
            line: LineMeter::new(),
            bands: None,
        })
    }

    /// Keeps the bands of the frames.
    pub(super) fn with_bands(mut self) -> Channel {
        self.bands = Some(Vec::new());
        self
    }

    /// Returns a channel in the same state; `None` where the detector's cannot be copied.
    pub(super) fn try_clone(&self) -> Option<Channel> {
        Some(Channel {
            detector: self.detector.try_clone()?,
            front: self.front.clone(),
            settings: self.settings.clone(),
            sample_rate: self.sample_rate,
            samples: self.samples,
            scores: self.scores.clone(),
            levels: self.levels.clone(),
            line: self.line.clone(),
            bands: self.bands.clone(),
        })
    }

    /// Takes the next samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        self.hear(Next::Samples(samples));
    }

    /// Ends the channel.
    pub(super) fn finish(&mut self) {
        self.hear(Next::End);
    }

    fn hear(&mut self, next: Next<'_>) {
        if let Detector::OfSamples(vad) = &mut self.detector {
            match next {
                Next::Samples(samples) => vad.push(samples, &mut self.scores),
                Next::End => vad.finish(&mut self.scores),
            }
        }
        let mut ear = Ear {
            levels: &mut self.levels,
            line: &mut self.line,
            bands: self.bands.as_mut(),
            scorer: match &mut self.detector {
                Detector::OfFrames(scorer) => Some(scorer),
                Detector::OfSamples(_) => None,
            },
        };
        match next {
            Next::Samples(samples) => self.front.push(samples, |frame| ear.take(frame)),
            Next::End => self.front.finish(|frame| ear.take(frame)),
        }
        if let Detector::OfFrames(scorer) = &mut self.detector {
            match next {
                Next::Samples(_) => scorer.take_batches(&mut self.scores),
                Next::End => scorer.finish(&mut self.scores),
            }
        }
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
            hop: self.detector.hop(),
            delay: self.detector.delay(),
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
        Channel::new(settings, sample_rate).map(SpeechTracker)
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
        let detector = Detector::OfSamples(vad);
        Channel::with(detector, settings, sample_rate).map(SpeechTracker)
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.0.push(samples);
    }

    /// Ends the channel and returns its speech, joined, pruned and cut to the channel's length;
    /// sounds of the line are none.
    pub fn finish(mut self) -> Timeline {
        self.0.finish();
        self.0.decide(&[], &Timeline::new()).0
    }

    /// As [`finish`](SpeechTracker::finish), with the sounds of the line that were heard besides, in
    /// order of time and disjoint.
    pub fn finish_with_line(mut self) -> (Timeline, Vec<line::Heard>) {
        self.0.finish();
        self.0.decide(&[], &Timeline::new())
    }
}
