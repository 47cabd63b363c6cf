//! How well a detector hears, against labels.
//!
//! # Conventions
//!
//! * Time is judged in frames of [`FRAME`], from the first sample on. A frame is speech when its
//!   centre is: by the label, and by the detector. The last frame is one whose centre is in the sound.
//! * A positive is a frame of speech.
//! * The *raw* figures are those of the detector's score alone, at `speech_on`; the *decided* ones
//!   those of the timeline behind [`SpeechTracker`], joined and pruned.
//! * An edge is the start or the end of a labelled segment. Its error is how much later the nearest
//!   detected edge of the same kind comes; negative when it comes earlier.
//! * What is not defined is `None`.
//!
//! ```
//! use callcsi::timeline::{Segment, Time, Timeline};
//! use callcsi::vad::evaluate::{EdgeErrors, FrameScores, Heard};
//! use callcsi::settings::AnalysisSettings;
//! use callcsi::vad::detector;
//!
//! # fn main() -> callcsi::Result<()> {
//! let settings = AnalysisSettings::default();
//! let heard = Heard::of(detector(settings.detector, 8_000)?, &settings, 8_000, &[0.0; 8_000])?;
//! let label: Timeline = Segment::from_seconds(0.2, 0.6).into_iter().collect();
//! let whole = Segment::from_seconds(0.0, 1.0).unwrap();
//!
//! let mut frames = FrameScores::new(settings.speech_on);
//! frames.add(&label, &heard, whole);
//! // Forty frames of speech, and digital silence to hear.
//! assert_eq!(frames.decided().false_negative, 40);
//! assert_eq!(frames.decided().true_negative, 60);
//! let mut edges = EdgeErrors::default();
//! edges.add(&label, &heard.speech);
//! assert_eq!(edges.starts().found, 0);
//! # Ok(())
//! # }
//! ```

use super::{SpeechTracker, Vad, line};
use crate::audio::BLOCK_FRAMES;
use crate::error::Result;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::two_class::{self, ratio};

pub use crate::two_class::Confusion;

/// The length of a judged frame.
pub const FRAME: Span = Span::from_millis(10);
/// An edge is well placed when it is within this of the label.
pub const NEAR: Span = Span::from_millis(100);

/// What a detector heard on one channel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Heard {
    /// The score of each of the detector's own frames.
    pub scores: Vec<f32>,
    /// The length of such a frame.
    pub hop: Span,
    /// How much later than the sound it comes.
    pub delay: Span,
    /// What was decided to be speech.
    pub speech: Timeline,
    /// The sounds of the line that were heard, which are no speech.
    pub line: Vec<line::Heard>,
}

impl Heard {
    /// Lets a detector hear one channel, block by block as a call is heard.
    ///
    /// # Errors
    ///
    /// As [`SpeechTracker::with`].
    pub fn of(
        mut vad: Box<dyn Vad>,
        settings: &AnalysisSettings,
        sample_rate: u32,
        samples: &[f32],
    ) -> Result<Heard> {
        let mut scores = Vec::new();
        for block in samples.chunks(BLOCK_FRAMES) {
            vad.push(block, &mut scores);
        }
        vad.finish(&mut scores);
        let (hop, delay) = (vad.hop(), vad.delay());
        let replay = Replay {
            scores: scores.clone(),
            hop,
            delay,
        };
        let mut tracker = SpeechTracker::with(Box::new(replay), settings, sample_rate)?;
        tracker.push(samples);
        let (speech, line) = tracker.finish_with_line();
        Ok(Heard {
            scores,
            hop,
            delay,
            speech,
            line,
        })
    }

    /// Returns the score of the frame about this instant; 0 where there is none.
    pub fn score_at(&self, time: Time) -> f32 {
        let instant = (time + self.delay).nanos();
        let frame = instant.div_euclid(self.hop.nanos().max(1));
        let frame = usize::try_from(frame).ok();
        frame
            .and_then(|frame| self.scores.get(frame))
            .map_or(0.0, |score| *score)
    }
}

/// Gives scores that a detector gave before, so that it need not listen twice.
#[derive(Clone, Debug)]
struct Replay {
    scores: Vec<f32>,
    hop: Span,
    delay: Span,
}

impl Vad for Replay {
    fn hop(&self) -> Span {
        self.hop
    }

    fn delay(&self) -> Span {
        self.delay
    }

    fn push(&mut self, _: &[f32], scores: &mut Vec<f32>) {
        scores.append(&mut self.scores);
    }

    fn finish(&mut self, _: &mut Vec<f32>) {}

    fn try_clone(&self) -> Option<Box<dyn Vad>> {
        Some(Box::new(self.clone()))
    }
}

/// The frames of one recording or of several.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameScores {
    threshold: f64,
    /// Each frame's score and label.
    rows: Vec<(f32, bool)>,
    decided: Confusion,
}

impl FrameScores {
    /// Starts with no frame; raw scores of at least `threshold` are called speech.
    pub fn new(threshold: f64) -> FrameScores {
        FrameScores {
            threshold,
            rows: Vec::new(),
            decided: Confusion::default(),
        }
    }

    /// Adds the frames whose centre is in `scored`.
    pub fn add(&mut self, label: &Timeline, heard: &Heard, scored: Segment) {
        let half = Span::from_nanos(FRAME.nanos() / 2);
        let mut start = scored.start();
        while start + half < scored.end() {
            let centre = start + half;
            let is = label.contains(centre);
            self.rows.push((heard.score_at(centre), is));
            self.decided.count(heard.speech.contains(centre), is);
            start = start + FRAME;
        }
    }

    /// Adds the frames of another set.
    pub fn merge(&mut self, other: &FrameScores) {
        self.rows.extend_from_slice(&other.rows);
        self.decided.merge(other.decided);
    }

    /// Returns the number of frames.
    pub fn frames(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Returns the share of frames that are labelled speech.
    pub fn speech_share(&self) -> Option<f64> {
        let speech = self.decided.true_positive + self.decided.false_negative;
        ratio(speech, self.decided.total())
    }

    /// Returns the area under the ROC curve of the raw scores, a tie counting one half; `None` when
    /// one class is missing.
    pub fn roc_auc(&self) -> Option<f64> {
        two_class::roc_auc(&mut self.rows.clone(), f32::total_cmp)
    }

    /// Counts by the raw scores.
    pub fn raw(&self) -> Confusion {
        let mut counts = Confusion::default();
        for &(score, is) in &self.rows {
            counts.count(f64::from(score) >= self.threshold, is);
        }
        counts
    }

    /// Counts by the decided timeline.
    pub fn decided(&self) -> Confusion {
        self.decided
    }
}

/// The errors of the edges of one recording or of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeErrors {
    starts: Edges,
    ends: Edges,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Edges {
    labelled: u64,
    errors: Vec<Span>,
}

/// The figures of one kind of edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EdgeFigures {
    /// Labelled edges.
    pub labelled: u64,
    /// Those that have a detected one of the same kind in their recording, however far.
    pub found: u64,
    /// Median size of the error, in seconds, over those found.
    pub median_absolute_s: Option<f64>,
    /// Median of the error, in seconds, over those found: positive when the detector is late.
    pub median_s: Option<f64>,
    /// Share of the labelled edges with an error of at most [`NEAR`].
    pub near_share: Option<f64>,
}

impl EdgeErrors {
    /// Adds the edges of a recording.
    pub fn add(&mut self, label: &Timeline, found: &Timeline) {
        self.starts.add(label, found, Segment::start);
        self.ends.add(label, found, Segment::end);
    }

    /// Adds the edges of another set.
    pub fn merge(&mut self, other: &EdgeErrors) {
        for (own, others) in [
            (&mut self.starts, &other.starts),
            (&mut self.ends, &other.ends),
        ] {
            own.labelled += others.labelled;
            own.errors.extend_from_slice(&others.errors);
        }
    }

    /// Returns the figures of the starts.
    pub fn starts(&self) -> EdgeFigures {
        self.starts.figures()
    }

    /// Returns the figures of the ends.
    pub fn ends(&self) -> EdgeFigures {
        self.ends.figures()
    }
}

impl Edges {
    fn add(&mut self, label: &Timeline, found: &Timeline, edge: fn(Segment) -> Time) {
        let detected: Vec<Time> = found.segments().iter().map(|s| edge(*s)).collect();
        for segment in label.segments() {
            let wanted = edge(*segment);
            self.labelled += 1;
            // Edges of one kind are in order: the nearest is the last before or the first from here.
            let after = detected.partition_point(|t| *t < wanted);
            let around = &detected[after.saturating_sub(1)..(after + 1).min(detected.len())];
            let errors = around.iter().map(|t| *t - wanted);
            self.errors.extend(errors.min_by_key(|e| size(*e)));
        }
    }

    fn figures(&self) -> EdgeFigures {
        let near = self.errors.iter().filter(|e| size(**e) <= NEAR).count();
        EdgeFigures {
            labelled: self.labelled,
            found: self.errors.len() as u64,
            median_absolute_s: median(self.errors.iter().map(|e| size(*e))),
            median_s: median(self.errors.iter().copied()),
            near_share: ratio(near as u64, self.labelled),
        }
    }
}

fn size(span: Span) -> Span {
    span.max(-span)
}

/// Returns the middle value in seconds, of an even number the mean of the two in the middle.
fn median(spans: impl Iterator<Item = Span>) -> Option<f64> {
    let mut sorted: Vec<Span> = spans.collect();
    sorted.sort_unstable();
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some((*lower + *upper).seconds() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timeline(segments: &[(f64, f64)]) -> Timeline {
        let segments = segments.iter();
        segments
            .filter_map(|&(s, e)| Segment::from_seconds(s, e))
            .collect()
    }

    fn heard(scores: &[f32], hop: i64, delay: i64, speech: Timeline) -> Heard {
        Heard {
            scores: scores.to_vec(),
            hop: Span::from_millis(hop),
            delay: Span::from_millis(delay),
            speech,
            line: Vec::new(),
        }
    }

    fn whole(end: f64) -> Segment {
        Segment::from_seconds(0.0, end).unwrap()
    }

    /// Six frames; label 0.020–0.044 s: the centres 25 and 35 ms. Scores of 20 ms frames that come
    /// 10 ms late: frame 0 is about −10–10 ms, 1 about 10–30, 2 about 30–50, 3 about 50–70.
    /// Rows: 0.9 no, 0.6 no, 0.6 yes, 0.2 yes, 0.2 no, 0.5 no. At 0.5: TP 1, FP 3, FN 1, TN 1.
    /// Pairs: 0.6 beats 0.2, ties 0.6, loses to 0.9, beats 0.5 (2.5); 0.2 ties 0.2 (0.5): 3 of 8.
    /// Decided 0.015–0.036: the centres 15, 25, 35: TP 2, FP 1, FN 0, TN 3.
    #[test]
    fn six_frames_by_hand() {
        let label = timeline(&[(0.020, 0.044)]);
        let heard = heard(&[0.9, 0.6, 0.2, 0.5], 20, 10, timeline(&[(0.015, 0.036)]));
        let mut frames = FrameScores::new(0.5);
        frames.add(&label, &heard, whole(0.060));
        assert_eq!(frames.frames(), 6);
        let raw = frames.raw();
        assert_eq!(
            (
                raw.true_positive,
                raw.false_positive,
                raw.false_negative,
                raw.true_negative
            ),
            (1, 3, 1, 1)
        );
        assert_eq!(raw.f1(), Some(2.0 / 6.0));
        assert_eq!(raw.false_positive_rate(), Some(0.75));
        assert_eq!(raw.balanced_accuracy(), Some((0.5 + 0.25) / 2.0));
        assert_eq!(frames.roc_auc(), Some(3.0 / 8.0));
        let decided = frames.decided();
        assert_eq!(
            (
                decided.true_positive,
                decided.false_positive,
                decided.false_negative,
                decided.true_negative
            ),
            (2, 1, 0, 3)
        );
        assert_eq!(frames.speech_share(), Some(2.0 / 6.0));
    }

    #[test]
    fn only_the_scored_part_counts_and_a_frame_needs_its_centre() {
        let heard = heard(&[1.0; 10], 10, 0, timeline(&[(0.0, 0.1)]));
        let mut frames = FrameScores::new(0.5);
        let label = timeline(&[(0.0, 0.1)]);
        frames.add(&label, &heard, Segment::from_seconds(0.05, 0.075).unwrap());
        // The third frame, 70–80 ms, has its centre at the end, which is not held.
        assert_eq!(frames.frames(), 2);
        assert_eq!(frames.roc_auc(), None);
        // Behind the last score there is none.
        assert_eq!(heard.score_at(Time::from_nanos(100_000_000)), 0.0);
        assert_eq!(heard.score_at(Time::from_nanos(-1)), 0.0);
    }

    /// Labelled starts 1, 2, 5; detected 0.95, 2.2: errors −50, +200, −2800 ms. Ends 1.5, 3, 6 and
    /// 1.5, 2.9: 0, −100, −3100 ms.
    #[test]
    fn edges_by_hand() {
        let label = timeline(&[(1.0, 1.5), (2.0, 3.0), (5.0, 6.0)]);
        let found = timeline(&[(0.95, 1.5), (2.2, 2.9)]);
        let mut edges = EdgeErrors::default();
        edges.add(&label, &found);
        let starts = edges.starts();
        assert_eq!((starts.labelled, starts.found), (3, 3));
        assert_eq!(starts.median_absolute_s, Some(0.2));
        assert_eq!(starts.median_s, Some(-0.05));
        assert_eq!(starts.near_share, Some(1.0 / 3.0));
        let ends = edges.ends();
        assert_eq!(ends.median_s, Some(-0.1));
        assert_eq!(ends.near_share, Some(2.0 / 3.0));
        // A recording in which nothing was found: its edges are not near.
        let mut silent = EdgeErrors::default();
        silent.add(&label, &Timeline::new());
        assert_eq!(silent.starts().median_s, None);
        assert_eq!(silent.starts().near_share, Some(0.0));
        edges.merge(&silent);
        assert_eq!(edges.ends().near_share, Some(2.0 / 6.0));
        assert_eq!(EdgeErrors::default().starts().near_share, None);
    }

    #[derive(serde::Deserialize)]
    struct Oracle {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        threshold: f64,
        score: Vec<f32>,
        speech: Vec<bool>,
        edge_error_ms: Vec<i64>,
        expected: std::collections::BTreeMap<String, f64>,
    }

    /// Values of scikit-learn 1.9.1 and numpy, made by `tests/oracle/frames.py`. Tolerance 1e-12.
    #[test]
    fn figures_equal_scikit_learn() {
        let text = include_str!("../../tests/oracle/frames.json");
        let oracle: Oracle = serde_json::from_str(text).unwrap();
        assert!(oracle.cases.len() >= 3);
        for case in oracle.cases {
            let frame = |i: usize| {
                let start = Time::from_nanos(FRAME.nanos() * i as i64);
                Segment::new(start, start + FRAME).unwrap()
            };
            let labels = case.speech.iter().enumerate();
            let label: Timeline = labels.filter(|r| *r.1).map(|r| frame(r.0)).collect();
            let heard = heard(&case.score, 10, 0, Timeline::new());
            let mut frames = FrameScores::new(case.threshold);
            frames.add(&label, &heard, whole(case.speech.len() as f64 / 100.0));
            let raw = frames.raw();
            let edges = Edges {
                labelled: case.edge_error_ms.len() as u64,
                errors: (case.edge_error_ms.into_iter())
                    .map(Span::from_millis)
                    .collect(),
            };
            let edges = edges.figures();
            for (figure, found) in [
                ("roc_auc", frames.roc_auc()),
                ("f1", raw.f1()),
                ("precision", raw.precision()),
                ("recall", raw.recall()),
                ("false_positive_rate", raw.false_positive_rate()),
                ("balanced_accuracy", raw.balanced_accuracy()),
                ("median_absolute_s", edges.median_absolute_s),
                ("median_s", edges.median_s),
                ("near_share", edges.near_share),
            ] {
                let (found, wanted) = (found.unwrap(), case.expected[figure]);
                assert!(
                    (found - wanted).abs() < 1e-12,
                    "{} {figure}: {found} {wanted}",
                    case.name
                );
            }
        }
    }

    #[test]
    fn replayed_scores_give_the_tracker_s_own_speech() {
        let settings = AnalysisSettings::default();
        let samples: Vec<f32> = (0..32_000u32)
            .map(|n| {
                if n / 8_000 % 2 == 1 {
                    (n as f32 * 0.5).sin() * 0.3
                } else {
                    0.0
                }
            })
            .collect();
        for kind in [settings.detector, crate::settings::DetectorKind::Energy] {
            let settings = AnalysisSettings {
                detector: kind,
                ..settings.clone()
            };
            let vad = super::super::detector(kind, 8_000).unwrap();
            let heard = Heard::of(vad, &settings, 8_000, &samples).unwrap();
            let mut tracker = SpeechTracker::new(&settings, 8_000).unwrap();
            tracker.push(&samples);
            assert_eq!(heard.speech, tracker.finish());
        }
    }

    proptest! {
        /// The plain twin of the nearest edge: try them all.
        #[test]
        fn nearest_edge_is_the_nearest_of_all(
            label in prop::collection::vec((0_i64..500, 1_i64..60), 1..12),
            found in prop::collection::vec((0_i64..500, 1_i64..60), 0..12),
        ) {
            let timeline = |rows: &[(i64, i64)]| -> Timeline {
                rows.iter()
                    .filter_map(|&(s, d)| {
                        let start = Time::ZERO + Span::from_millis(s);
                        Segment::new(start, start + Span::from_millis(d))
                    })
                    .collect()
            };
            let (label, found) = (timeline(&label), timeline(&found));
            let mut edges = EdgeErrors::default();
            edges.add(&label, &found);
            for (edges, edge) in [
                (&edges.starts, Segment::start as fn(Segment) -> Time),
                (&edges.ends, Segment::end),
            ] {
                let plain: Vec<Span> = label.segments().iter().filter_map(|l| {
                    let errors = found.segments().iter().map(|f| size(edge(*f) - edge(*l)));
                    errors.min()
                }).collect();
                let sizes: Vec<Span> = edges.errors.iter().map(|e| size(*e)).collect();
                prop_assert_eq!(sizes, plain);
            }
        }
    }
}
