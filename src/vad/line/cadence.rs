//! What a tone is called: by its frequency, how long it lasts and when it comes again.
//!
//! The cadences are those of ITU-T E.180 supplement 2, "Various tones used in national networks", with
//! room on either side; the fax tones are those of ITU-T T.30, the special information tone that of
//! E.180. Lengths are in frames of 10 ms.

use super::tones::{Key, Run};
use super::{LineSound, Range};

/// Frequencies of call progress tones, pairs by their mean, Hz: 395 (US dial) to 550 (US busy), and 620.
const PROGRESS_HZ: std::ops::RangeInclusive<f32> = 340.0..=650.0;
/// Mean of 350 + 440 and of 350 + 450 Hz, which only dial tones have.
const DIAL_PAIR_HZ: std::ops::RangeInclusive<f32> = 385.0..=408.0;
/// Two runs have one frequency if they differ by no more.
const SAME: f32 = 0.02;
/// A tone that drops out for less is one.
const DROPOUT: u32 = 8;
/// Runs of one frequency closer than this make a *chain*: busy tones pause for 0.2 to 0.75 s, ringback
/// for 2 s and more but between the two halves of a double ring.
const CHAIN_GAP: u32 = 90;
/// The longest part of a busy tone: 0.75 s.
const BUSY_ON: u32 = 90;
/// Nothing that rings lasts longer (ringback has 0.4 to 2.5 s): a dial tone.
const DIAL_ON: u32 = 260;
/// A dial tone that is cut off by the first key, or has the pair of one, may be short.
const DIAL_CUT_ON: u32 = 40;
const KEY_AFTER: u32 = 100;
/// Pauses of ringback: 1.4 (after a double ring) to 6 s.
const RING_GAP: std::ops::RangeInclusive<u32> = 140..=620;
/// The pause within a double ring is the shorter part of it: 0.2 of 0.4 s (UK), while that of a busy
/// tone is as long as the tone.
const DOUBLE_RING_GAP: f32 = 0.75;
/// A single ring, after which somebody answered.
const RING_ON: u32 = 70;
/// CNG: 1,100 ± 38 Hz for 0.5 s ± 15 %, every 3 s.
const CALLING_HZ: std::ops::RangeInclusive<f32> = 1_060.0..=1_140.0;
const CALLING_ON: std::ops::RangeInclusive<u32> = 38..=62;
/// CED: 2,100 ± 15 Hz for 2.6 to 4 s; modems pause in it to turn the phase.
const ANSWER_HZ: std::ops::RangeInclusive<f32> = 2_080.0..=2_120.0;
const ANSWER_ON: u32 = 150;
/// The special information tone: 0.33 s each of 950, 1,400 and 1,800 ± 50 Hz; the US have 985.2,
/// 1,428.5 and 1,776.7 Hz and 0.274 s as well.
const INFORMATION_HZ: [f32; 3] = [950.0, 1_400.0, 1_800.0];
const INFORMATION_OFF_HZ: f32 = 60.0;
const INFORMATION_ON: std::ops::RangeInclusive<u32> = 20..=50;
const INFORMATION_GAP: u32 = 12;
/// A beep: 0.1 to 1 s.
const BEEP_HZ: std::ops::RangeInclusive<f32> = 400.0..=2_250.0;
const BEEP_ON: u32 = 105;
/// Steady tones this long are no notes.
const LONG: u32 = 300;
/// Tones of two other frequencies within 4 s are a melody …
const MELODY: u32 = 400;
const MELODY_OTHERS: usize = 2;
/// … and so far apart do they lie at least: half a semitone.
const NOTE: f32 = 0.03;
/// Runs looked at before and after one; a melody of 0.1 s notes has fewer in 4 s.
const AROUND: usize = 24;
/// The detector is nearly deaf to tones. What lies amid speech that goes on for 0.1 s on both sides is a
/// voice: a run that has no cadence and lasts up to 1 s, or a key shorter than 60 ms.
const VOICE_RUN: u32 = 100;
const VOICE_KEY: u32 = 6;
const VOICE_AROUND: u32 = 10;

/// A tone with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) range: Range,
    pub(super) sound: LineSound,
    /// Whether it is sure enough to be no note of a piece of music that is heard around it.
    pub(super) firm: bool,
    /// Whether it is one of a melody, and so tells of music.
    pub(super) note: bool,
}

fn same(a: f32, b: f32, off: f32) -> bool {
    (a - b).abs() <= off * a.max(b)
}

/// Whether a range lies within speech that goes on around it.
fn is_amid(range: Range, speech: &[Range]) -> bool {
    let after = speech.partition_point(|s| s.start <= range.start);
    let within = after.checked_sub(1).map(|i| speech[i]);
    within.is_some_and(|speech| {
        range.start >= speech.start + VOICE_AROUND && range.end + VOICE_AROUND <= speech.end
    })
}

/// Joins what a dropout has cut.
fn joined(runs: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last)
                if run.range.start.saturating_sub(last.range.end) <= DROPOUT
                    && same(run.hz, last.hz, SAME) =>
            {
                last.range.end = run.range.end;
                last.single &= run.single;
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// What stands around a run.
#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    /// Runs of its chain, itself among them, up to three.
    chain: u32,
    /// The shortest pause to the next run of its chain.
    pause: Option<u32>,
    /// Whether one of its frequency comes before or after it at a distance of ringback.
    rings: bool,
}

fn setting(runs: &[Run], at: usize) -> Setting {
    let run = runs[at];
    let mut setting = Setting {
        chain: 1,
        ..Setting::default()
    };
    // Once backwards, once forwards.
    let before = runs[..at].iter().rev().take(AROUND);
    let after = runs[at + 1..].iter().take(AROUND);
    let mut look = |others: &mut dyn Iterator<Item = &Run>| {
        let mut from = run.range;
        for other in others.filter(|other| same(other.hz, run.hz, SAME)) {
            let gap = (other.range.start.saturating_sub(from.end))
                .max(from.start.saturating_sub(other.range.end));
            if gap < CHAIN_GAP {
                setting.chain += 1;
                setting.pause = Some(setting.pause.map_or(gap, |pause| pause.min(gap)));
            } else {
                setting.rings |= RING_GAP.contains(&gap);
                break;
            }
            from = other.range;
        }
    };
    look(&mut before.into_iter());
    look(&mut after.into_iter());
    setting
}

/// Whether tones of other frequencies sound around a run, as in a melody.
fn is_note(runs: &[Run], at: usize) -> bool {
    let run = runs[at];
    let before = runs[..at].iter().rev().take(AROUND);
    let near = |other: &&Run| {
        other.range.start <= run.range.end + MELODY && other.range.end + MELODY >= run.range.start
    };
    let mut others: Vec<f32> = Vec::new();
    for other in before
        .chain(runs[at + 1..].iter().take(AROUND))
        .filter(near)
    {
        let known = others.iter().any(|hz| same(*hz, other.hz, NOTE));
        if !known && !same(run.hz, other.hz, NOTE) {
            others.push(other.hz);
        }
    }
    others.len() >= MELODY_OTHERS
}

/// Returns the name of a run that is no note, and whether it is firm.
fn name_of(run: &Run, setting: Setting, key_follows: bool) -> (LineSound, bool) {
    let on = run.range.length();
    if PROGRESS_HZ.contains(&run.hz) {
        let is_dial_pair = !run.single && DIAL_PAIR_HZ.contains(&run.hz);
        if on >= DIAL_ON {
            return (LineSound::Dial, true);
        }
        if on >= DIAL_CUT_ON && setting.chain == 1 && (key_follows || is_dial_pair) {
            return (LineSound::Dial, key_follows);
        }
        let pause = setting.pause.unwrap_or(u32::MAX) as f32;
        match setting.chain {
            1 if setting.rings => return (LineSound::Ringback, true),
            1 if on >= RING_ON => return (LineSound::Ringback, false),
            1 => {}
            2 if pause <= DOUBLE_RING_GAP * on as f32 => {
                return (LineSound::Ringback, setting.rings);
            }
            2 if on <= BUSY_ON => return (LineSound::Busy, false),
            _ if on <= BUSY_ON => return (LineSound::Busy, true),
            _ => return (LineSound::Ringback, true),
        }
    }
    if run.single && ANSWER_HZ.contains(&run.hz) && on >= ANSWER_ON {
        return (LineSound::FaxAnswer, true);
    }
    if run.single && CALLING_HZ.contains(&run.hz) && CALLING_ON.contains(&on) && setting.chain == 1
    {
        return (LineSound::FaxCalling, setting.rings);
    }
    if BEEP_HZ.contains(&run.hz) && on <= BEEP_ON {
        return (LineSound::Beep, setting.chain >= 3);
    }
    (LineSound::Tone, on >= LONG)
}

/// Returns keys and runs with their names, in order.
pub(super) fn name(keys: Vec<Key>, runs: Vec<Run>, speech: &[Range]) -> Vec<Named> {
    let mut named = Vec::new();
    let mut runs = joined(runs);
    let keys: Vec<Key> = keys
        .into_iter()
        .filter(|key| key.range.length() >= VOICE_KEY || !is_amid(key.range, speech))
        .collect();
    runs.retain(|run| {
        let after = keys.partition_point(|key| key.range.end <= run.range.start);
        !keys
            .get(after)
            .is_some_and(|key| key.range.overlaps(run.range))
    });
    named.extend(keys.iter().map(|key| Named {
        range: key.range,
        sound: LineSound::Dtmf(key.key),
        firm: true,
        note: false,
    }));
    // The three tones of the special information tone follow each other.
    let is_part = |run: &Run, hz: f32| {
        (run.hz - hz).abs() <= INFORMATION_OFF_HZ && INFORMATION_ON.contains(&run.range.length())
    };
    let mut at = 0;
    let mut rest = Vec::new();
    while let Some(run) = runs.get(at) {
        let three = runs.get(at..at + 3).filter(|three| {
            three
                .iter()
                .zip(INFORMATION_HZ)
                .all(|(run, hz)| is_part(run, hz))
                && three.windows(2).all(|two| {
                    two[1].range.start.saturating_sub(two[0].range.end) <= INFORMATION_GAP
                })
        });
        match three {
            Some(three) => {
                named.extend(three.iter().map(|run| Named {
                    range: run.range,
                    sound: LineSound::SpecialInformation,
                    firm: true,
                    note: false,
                }));
                at += 3;
            }
            None => {
                rest.push(*run);
                at += 1;
            }
        }
    }
    for at in 0..rest.len() {
        let run = &rest[at];
        let note = is_note(&rest, at);
        let after = keys.partition_point(|key| key.range.start < run.range.end);
        let key_follows = keys
            .get(after)
            .is_some_and(|key| key.range.start <= run.range.end + KEY_AFTER);
        let (sound, firm) = match note {
            true if run.range.length() <= BEEP_ON => (LineSound::Beep, false),
            true => (LineSound::Tone, false),
            false => name_of(run, setting(&rest, at), key_follows),
        };
        if !firm && run.range.length() <= VOICE_RUN && is_amid(run.range, speech) {
            continue;
        }
        named.push(Named {
            range: run.range,
            sound,
            firm,
            note,
        });
    }
    named.sort_unstable_by_key(|named| named.range);
    named
}
