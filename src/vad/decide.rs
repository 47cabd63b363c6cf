//! From scores to speech.
//!
//! The detector says where somebody speaks, the level says from when to when. A network answers in
//! steps of 16 ms or more, late after a word has ended and with some hesitation where one begins; the
//! sound itself rises within a frame.
//!
//! # Conventions
//!
//! * Score `i` is about `[i · hop − delay, (i + 1) · hop − delay)`; level `k` about `[10 k, 10 (k + 1))`
//!   ms, both half-open. Segments are cut on frames of 10 ms.
//! * What is decided of an instant depends on a minute before it and a minute after it at most, and on
//!   what the detector itself looks ahead.
//!
//! # The decision
//!
//! 1. Speech begins with a frame that scores at least `speech_on` and lasts while frames score at
//!    least `speech_off` (hysteresis: a voice that fades does not flutter). A frame that is *shut*
//!    (the other's voice that leaks in) scores nothing.
//! 2. Of it, and of `speech_reach` around it, those frames are speech that are *loud*: at most
//!    `speech_drop` below the loudest near by, and at least `speech_over_noise` over the steady noise
//!    of the line.
//! 3. Neighbours closer than `speech_join` are joined, and what is shorter than `speech_min` is
//!    dropped: in that order, since a word cut up by its stops would otherwise be dropped bit by bit.
//! 4. What is so joined is a *word*. It is dropped when it is far fainter than the voice of the minutes
//!    around it: a noise of the line in which another's voice is still heard, a breath, somebody at the
//!    back of the room. See [`without_faint`].

use super::front::FLOOR_DBFS;
use super::level::LoudLevel;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use std::ops::Range;

/// The length of a level's frame.
pub(super) const FRAME: Span = Span::from_millis(10);
/// The loudest is sought this many frames around: 0.4 s, which holds a vowel wherever people speak.
const PEAK_REACH: usize = 40;
/// The steady noise is what nine tenths of the last minute's frames exceed …
const FLOOR_FRAMES: usize = 6_000;
const FLOOR_SHARE: f64 = 0.9;
/// … unless nine tenths of the next 4 s do not: what went on was music, and is over …
const COMING_FRAMES: usize = 400;
/// … and is looked up this often: every 0.1 s.
const FLOOR_STEP: usize = 10;

/// A level in steps of half a decibel: one byte of memory per 10 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(u8);

impl Level {
    pub(super) fn new(dbfs: f32) -> Level {
        Level(((dbfs - FLOOR_DBFS) * 2.0).clamp(0.0, 255.0) as u8)
    }

    pub(super) fn dbfs(self) -> f64 {
        f64::from(self.0) / 2.0 + f64::from(FLOOR_DBFS)
    }
}

/// What is known of a channel's frames when it is decided upon.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) scores: &'a [f32],
    pub(super) hop: Span,
    pub(super) delay: Span,
    pub(super) levels: &'a [Level],
    /// Of each level's frame, whether it is shut; may be shorter.
    pub(super) shut: &'a [bool],
}

/// A word that nowhere comes this near to the voice of its channel is none, in dB: it is a noise of the
/// line, or somebody far away. The loudest frames of a voice's words lie within some 15 dB; on AMI and
/// HarperValleyBank 22 lose no word that is labelled, 18 the first.
const WORD_RANGE_DB: f64 = 25.0;
/// The voice of a channel is what a twentieth of the frames of speech exceed within a minute
const VOICE_SHARE: f64 = 0.05;
const VOICE_REACH: usize = 6_000;
/// before or after it, where there is a second of it.
const VOICE_FRAMES: usize = 100;

impl Evidence<'_> {
    /// Decides, up to the joining.
    pub(super) fn speech(&self, settings: &AnalysisSettings) -> Timeline {
        let near = self.near(settings);
        let loud = loud(self.levels, settings);
        let mut speech = Vec::new();
        let mut since = None;
        for (frame, loud) in loud.iter().enumerate() {
            let speaks = *loud && near[frame] && !self.is_shut(frame);
            match since {
                None if speaks => since = Some(frame),
                Some(start) if !speaks => {
                    speech.extend(segment(start..frame));
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(start) = since {
            speech.extend(segment(start..loud.len()));
        }
        speech.into_iter().collect()
    }

    fn is_shut(&self, frame: usize) -> bool {
        self.shut.get(frame).is_some_and(|shut| *shut)
    }

    /// Returns, of each frame of 10 ms, whether the detector hears speech in it or near it.
    fn near(&self, settings: &AnalysisSettings) -> Vec<bool> {
        let mut near = vec![false; self.levels.len()];
        let frames = near.len() as i64;
        let reach = settings.speech_reach.nanos();
        let mut mark = |scored: Range<usize>| {
            let instant =
                |score: usize| (score as i64).saturating_mul(self.hop.nanos()) - self.delay.nanos();
            let frame = |nanos: i64| nanos.div_euclid(FRAME.nanos()).clamp(0, frames) as usize;
            let start = frame(instant(scored.start) - reach);
            let end = frame(instant(scored.end) + reach + FRAME.nanos() - 1);
            near[start..end.max(start)].fill(true);
        };
        let mut since = None;
        for (i, score) in self.scores.iter().enumerate() {
            let score = if self.is_shut(self.frame_of(i)) {
                0.0
            } else {
                f64::from(*score)
            };
            match since {
                None if score >= settings.speech_on => since = Some(i),
                Some(start) if score < settings.speech_off => {
                    mark(start..i);
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(start) = since {
            mark(start..self.scores.len());
        }
        near
    }

    /// Returns the level's frame in which the middle of a score's frame lies.
    fn frame_of(&self, score: usize) -> usize {
        let hop = self.hop.nanos();
        let middle = (score as i64).saturating_mul(hop) + hop / 2 - self.delay.nanos();
        (middle.max(0) / FRAME.nanos()) as usize
    }
}

/// Returns speech without the words that are far fainter than the voice of the minutes around them. Its
/// segments are words; sounds of the line, which may be louder than any voice, are not among them.
pub(super) fn without_faint(speech: &Timeline, levels: &[Level]) -> Timeline {
    let frames = |word: &Segment| {
        let frame =
            |time: Time| (time.nanos() / FRAME.nanos()).clamp(0, levels.len() as i64) as usize;
        frame(word.start())..frame(word.end())
    };
    let words = speech.segments();
    let spoken: Vec<usize> = words.iter().flat_map(frames).collect();
    let mut voice = LoudLevel::new(usize::MAX, f64::NEG_INFINITY);
    let (mut from, mut to) = (0, 0);
    let kept = words.iter().filter(|word| {
        let frames = frames(word);
        while let Some(frame) = spoken.get(to).filter(|f| **f < frames.end + VOICE_REACH) {
            voice.push(levels[*frame].dbfs());
            to += 1;
        }
        while (spoken.get(from)).is_some_and(|frame| frame + VOICE_REACH < frames.start) {
            voice.forget();
            from += 1;
        }
        let loud = voice.exceeded_by(VOICE_SHARE);
        let loud = loud.filter(|_| to - from >= VOICE_FRAMES);
        let peak = levels[frames].iter().max();
        peak.zip(loud)
            .is_none_or(|(peak, loud)| peak.dbfs() >= loud - WORD_RANGE_DB)
    });
    kept.copied().collect()
}

/// Returns, of each frame, whether it is loud enough to belong to speech that is near.
fn loud(levels: &[Level], settings: &AnalysisSettings) -> Vec<bool> {
    let mut past = LoudLevel::new(FLOOR_FRAMES, f64::NEG_INFINITY);
    let mut coming = LoudLevel::new(COMING_FRAMES, f64::NEG_INFINITY);
    let mut noise = f64::NEG_INFINITY;
    let peaks = sliding_maximum(levels, PEAK_REACH);
    let mut loud = Vec::with_capacity(levels.len());
    // What goes on is heard as far ahead as the peak.
    let mut hear = [(&mut past, PEAK_REACH, 0), (&mut coming, COMING_FRAMES, 0)];
    for (frame, (level, peak)) in levels.iter().zip(peaks).enumerate() {
        for (floor, reach, heard) in &mut hear {
            let ahead = (frame + *reach).min(levels.len()).max(*heard);
            for level in &levels[*heard..ahead] {
                floor.push(level.dbfs());
            }
            *heard = ahead;
        }
        if frame % FLOOR_STEP == 0 {
            let floors = hear.iter().filter_map(|(f, ..)| f.exceeded_by(FLOOR_SHARE));
            noise = floors.reduce(f64::min).unwrap_or(noise);
        }
        let least =
            (peak.dbfs() - settings.speech_drop_db).max(noise + settings.speech_over_noise_db);
        loud.push(level.dbfs() >= least);
    }
    loud
}

/// Returns of each level the highest from `reach` before it to `reach` after it.
fn sliding_maximum(levels: &[Level], reach: usize) -> Vec<Level> {
    let mut falling: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    let mut next = 0;
    let mut highest = Vec::with_capacity(levels.len());
    for at in 0..levels.len() {
        while next < levels.len().min(at + reach + 1) {
            while falling
                .back()
                .is_some_and(|&i| levels[i].0 <= levels[next].0)
            {
                falling.pop_back();
            }
            falling.push_back(next);
            next += 1;
        }
        while falling.front().is_some_and(|&i| i + reach < at) {
            falling.pop_front();
        }
        highest.push(falling.front().map_or(levels[at], |&i| levels[i]));
    }
    highest
}

/// Returns the stretch of some frames of 10 ms.
pub(super) fn segment(frames: Range<usize>) -> Option<Segment> {
    let instant = |frame: usize| Time::from_nanos((frame as i64).saturating_mul(FRAME.nanos()));
    Segment::new(instant(frames.start), instant(frames.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns which of some words are kept: start and end in seconds, and level in dBFS, of a quiet line.
    fn kept(words: &[(f64, f64, f32)]) -> Timeline {
        let end = words.last().map_or(0.0, |word| word.1);
        let mut levels = vec![Level::new(-90.0); (end * 100.0) as usize];
        for (start, end, level) in words {
            let frames = (start * 100.0) as usize..(end * 100.0) as usize;
            levels[frames].fill(Level::new(*level));
        }
        let speech: Vec<(f64, f64)> = words.iter().map(|word| (word.0, word.1)).collect();
        without_faint(&timeline(&speech), &levels)
    }

    fn timeline(segments: &[(f64, f64)]) -> Timeline {
        let segments = segments.iter();
        segments
            .filter_map(|&(start, end)| Segment::from_seconds(start, end))
            .collect()
    }

    #[test]
    fn words_far_below_the_voice_are_none() {
        // 20 dB below the voice is a word, 30 dB is none, before the voice as after it …
        let around = |level| kept(&[(0.0, 0.5, level), (1.5, 3.5, -20.0), (4.5, 5.0, level)]);
        assert_eq!(
            around(-40.0),
            timeline(&[(0.0, 0.5), (1.5, 3.5), (4.5, 5.0)])
        );
        assert_eq!(around(-50.0), timeline(&[(1.5, 3.5)]));
        // … but not where less than a second of speech is known …
        let little = [(0.0, 0.4, -20.0), (1.4, 1.9, -50.0)];
        assert_eq!(kept(&little), timeline(&[(0.0, 0.4), (1.4, 1.9)]));
        // … nor two minutes later, when somebody else may hold the telephone.
        let late = [(0.0, 2.0, -20.0), (122.0, 124.0, -50.0)];
        assert_eq!(kept(&late), timeline(&[(0.0, 2.0), (122.0, 124.0)]));
    }

    #[test]
    fn one_loud_frame_is_enough_of_a_word() {
        let mut levels = vec![Level::new(-20.0); 200];
        levels.extend(vec![Level::new(-60.0); 100]);
        let speech = timeline(&[(0.0, 2.0), (2.5, 3.0)]);
        assert_eq!(without_faint(&speech, &levels), timeline(&[(0.0, 2.0)]));
        levels[270] = Level::new(-44.0);
        assert_eq!(without_faint(&speech, &levels), speech);
    }
}
