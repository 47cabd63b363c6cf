//! What a line carries besides voices: keys, ringing, busy, fax, beeps, music.
//!
//! A `LineMeter` hears one channel frame by frame and says at its end what it [`Heard`]. Two things
//! tell a line from a voice, and neither is what it sounds like in one frame:
//!
//! * **A machine holds its pitch.** The frequency of a tone stays within 1 Hz from frame to frame, that
//!   of a pair within 3 Hz; the steadiest hummed "mmm" moves by as much in a tenth of a second. See
//!   `tones`.
//! * **Music holds its notes.** Spectral peaks that stay where they are for a tenth of a second begin
//!   two to forty times a second in music, and not once in noise. A voice has them too; but what a voice
//!   is, the detector of speech says. See `music`.
//!
//! Names of tones come from cadence and so need what follows; that a tone is one is known 0.2 s after
//! its start.
//!
//! # Conventions
//!
//! * Segments are half-open, on the clock of the recording, to the 10 ms frame of the front end.
//! * What is heard is ordered by time and disjoint: a key pressed while music plays is not heard apart.
//! * Steady noise, keyboards and mains hum are nothing that is heard.
//!
//! # What stays speech
//!
//! A voice in front of music stays speech, and so does an announcement over hold music: the channel
//! cannot tell it from an agent who is back. Where metadata knows of a hold, it knows better.

mod cadence;
mod music;
mod tones;

#[cfg(test)]
mod tests;

use self::music::MusicMeter;
use self::tones::ToneMeter;
use super::front::{Frame, HOP, RATE};
use crate::call::Sides;
use crate::timeline::{Segment, Span, Time, Timeline};
use serde::{Serialize, Serializer};
use std::fmt;

/// Length of a frame: 10 ms.
const FRAME: Span = Span::from_millis(HOP as i64 * 1_000 / RATE as i64);
/// A mask reaches this far beyond a tone at both ends: a detector works in windows of 32 ms, of which
/// a tone may fill the smaller part.
const MASK_MARGIN: Span = Span::from_millis(30);
/// Music that pauses for less is one hold: between two pieces of a hold loop lie one or two seconds, and
/// an announcement takes about five.
const HOLD_GAP: Span = Span::from_millis(6_000);
/// A shorter piece of music is no hold: a mobile that rings, a jingle of the agent's desk.
const HOLD_MIN: Span = Span::from_millis(6_000);

/// A sound of the line. Its name, as [`Display`](fmt::Display) and serde write it, stands behind each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineSound {
    /// A key was pressed, one of `0123456789ABCD*#` (ITU-T Q.23): `dtmf_0` to `dtmf_9`, `dtmf_a` to
    /// `dtmf_d`, `dtmf_star`, `dtmf_hash`.
    Dtmf(char),
    /// The other's telephone rings: `ringback`.
    Ringback,
    /// The other is engaged, or the network is: `busy`.
    Busy,
    /// The exchange waits for a number: `dial`.
    Dial,
    /// A fax calls (CNG, ITU-T T.30): `fax_calling`.
    FaxCalling,
    /// A fax or a modem answers (CED, ITU-T T.30): `fax_answer`.
    FaxAnswer,
    /// The three rising tones before "the number you have dialled …": `special_information`.
    SpecialInformation,
    /// A short tone: a recorder's, a queue's, a voice mailbox's: `beep`.
    Beep,
    /// Another steady tone: `tone`.
    Tone,
    /// Music: `music`.
    Music,
}

impl fmt::Display for LineSound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LineSound::Dtmf('*') => "dtmf_star",
            LineSound::Dtmf('#') => "dtmf_hash",
            LineSound::Dtmf(key) => return write!(f, "dtmf_{}", key.to_ascii_lowercase()),
            LineSound::Ringback => "ringback",
            LineSound::Busy => "busy",
            LineSound::Dial => "dial",
            LineSound::FaxCalling => "fax_calling",
            LineSound::FaxAnswer => "fax_answer",
            LineSound::SpecialInformation => "special_information",
            LineSound::Beep => "beep",
            LineSound::Tone => "tone",
            LineSound::Music => "music",
        })
    }
}

impl Serialize for LineSound {
    /// Writes the name.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sound of the line, and when it was heard.
///
/// A tone that comes and goes (ringing, busy) is heard once for each time it sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// What.
    pub sound: LineSound,
    /// When.
    pub segment: Segment,
}

/// Returns what must be kept out of speech: everything heard, tones with 30 ms on either side.
///
/// What is left of speech beside a tone may be a sliver; prune after taking the mask away.
pub fn mask(heard: &[Heard]) -> Timeline {
    let widened = heard.iter().filter_map(|heard| match heard.sound {
        LineSound::Music => Some(heard.segment),
        _ => Segment::new(
            heard.segment.start() - MASK_MARGIN,
            heard.segment.end() + MASK_MARGIN,
        ),
    });
    widened.collect()
}

/// Returns when the customer was on hold, by ear: music on the agent's channel, after the agent first
/// spoke.
///
/// Pauses and announcements shorter than 6 s are part of the hold; what is shorter than 6 s in all is
/// none. Music before the agent's first word is the queue's. `speech` is that of both sides, the line
/// masked out or not.
///
/// ```text
/// agent speaks           |----|                        |--|           |-----|
/// music         |----|          |------|  |-----|           |--|
/// hold                          |---------------|
///               queue                 a pause               jingle
/// ```
pub fn holds(agent_line: &[Heard], speech: &Sides<Timeline>) -> Timeline {
    let spoken = &speech.agent - &mask(agent_line);
    let Some(first) = spoken.segments().first() else {
        return Timeline::new();
    };
    let music = agent_line
        .iter()
        .filter(|heard| heard.sound == LineSound::Music)
        .filter(|heard| heard.segment.start() > first.start())
        .map(|heard| heard.segment);
    let music: Timeline = music.collect();
    music.bridge(HOLD_GAP).prune(HOLD_MIN)
}

/// Hears what one channel carries besides voices.
#[derive(Clone, Debug)]
pub(super) struct LineMeter {
    tones: ToneMeter,
    music: MusicMeter,
    frames: u32,
}

impl LineMeter {
    /// Starts a channel.
    pub(super) fn new() -> LineMeter {
        LineMeter {
            tones: ToneMeter::default(),
            music: MusicMeter::default(),
            frames: 0,
        }
    }

    /// Takes the next frame.
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        self.tones.push(frame, self.frames);
        self.music.push(frame, self.frames);
        self.frames = self.frames.saturating_add(1);
    }

    /// Ends the channel and returns what was heard, given what is speech on it.
    pub(super) fn finish(self, speech: &Timeline) -> Vec<Heard> {
        let (keys, runs) = self.tones.finish(self.frames);
        let speech = frames_of(speech, self.frames);
        let mut named = cadence::name(keys, runs, &speech);
        let music = self.music.finish(&speech, &mut named);
        // What lies in music is music, unless it is known for what it is.
        named.retain(|tone| tone.firm || !music.iter().any(|m| m.overlaps(tone.range)));
        let mut heard: Vec<(Range, LineSound)> =
            named.iter().map(|tone| (tone.range, tone.sound)).collect();
        for stretch in music {
            for piece in stretch.without(named.iter().map(|tone| tone.range)) {
                heard.push((piece, LineSound::Music));
            }
        }
        heard.sort_unstable_by_key(|(range, _)| *range);
        // Keys and runs are found apart from each other.
        let mut from = 0;
        let heard = heard.into_iter().filter_map(|(range, sound)| {
            let start = range.start.max(from);
            from = from.max(range.end);
            let segment = Segment::new(time(start), time(range.end))?;
            Some(Heard { sound, segment })
        });
        heard.collect()
    }
}

/// Frames from `start` up to, and not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    start: u32,
    end: u32,
}

impl Range {
    fn length(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    fn overlaps(self, other: Range) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Returns what is left when the ordered `others` are taken away.
    fn without(self, others: impl Iterator<Item = Range>) -> Vec<Range> {
        let mut left = Vec::new();
        let mut from = self.start;
        for other in others.filter(|other| other.overlaps(self)) {
            if other.start > from {
                left.push(Range {
                    start: from,
                    end: other.start,
                });
            }
            from = from.max(other.end);
        }
        if from < self.end {
            left.push(Range {
                start: from,
                end: self.end,
            });
        }
        left
    }
}

fn time(frame: u32) -> Time {
    Time::from_nanos(FRAME.nanos() * i64::from(frame))
}

/// Returns the frames that speech holds, as ordered ranges inside the first `count` frames.
fn frames_of(speech: &Timeline, count: u32) -> Vec<Range> {
    let frame = |time: Time| (time.nanos() / FRAME.nanos()).clamp(0, i64::from(count)) as u32;
    let ranges = speech.segments().iter().map(|s| Range {
        start: frame(s.start()),
        end: frame(s.end() + FRAME - Span::from_nanos(1)),
    });
    ranges.filter(|range| range.length() > 0).collect()
}
