//! Music: notes that are held, or a beat.
//!
//! Every 20 ms the peaks of the spectrum are compared with those before. One that has not moved for
//! 100 ms is a *note*; how many begin is counted, not how long they last, so that hum and whistles do not
//! count. In windows of 4 s, music has 2 to 38 notes per second of sound (jazz 2 to 9, piano 8 to 16,
//! synthesised pads 5 to 9), noise (white, pink, brown, wind, street, fan, hum) at most 0.3, babble of 16
//! voices at most 1.0. A voice has up to 5. So windows that the detector gives to speech do not count,
//! and for the voice that it does not hear (the other side's, 40 dB down) music must go on without pauses
//! at an even level, or hold notes most of the time: of voices heard as if there were no detector, a
//! twentieth of the windows pass; of music all but a fiftieth of those of jazz.
//!
//! Drums have no notes. They have a beat: the onsets of 6 s, laid over themselves at the distance of a
//! beat, agree by 0.67 to 1.0; those of noise and typing by at most 0.4, of a voice by 0.6.

use super::super::front::{BANDS, BINS, Bands, FRAMES_PER_S, Frame, IDLE_DBFS};
use super::Range;
use super::cadence::Named;

/// Frames of a slot: 20 ms.
const SLOT: u32 = 2;
/// Slots of a cell: 0.5 s.
const CELL: usize = 25;
/// Cells of a window in which notes are counted: 4 s.
const WINDOW: usize = 8;
/// A slot above this level sounds, dBFS.
const SOUNDS_DBFS: f32 = -60.0;

/// Bins in which notes lie: 250 to 3,250 Hz.
const LOW: usize = 8;
const HIGH: usize = 104;
/// A peak is at least 4 times (6 dB) the mean of what lies 125 Hz to its left and right, outside its
/// lobe …
const VALLEY: usize = 4;
const PROMINENCE: f32 = 4.0;
/// … and at most 35 dB below the whole.
const AUDIBLE_SHARE: f32 = 3.2e-4;
/// A peak stays if its place, in bins, moves by less: some 8 Hz in 20 ms.
const STAYS: f32 = 0.25;
/// Slots for which the peak of a note has stayed: 100 ms.
const NOTE_AGE: u8 = 5;

/// Notes per second of sound that make a window music.
const NOTES_PER_S: f32 = 1.5;
/// Slots that must sound without speech in a window: 1.6 s.
const HEARD_SLOTS: u32 = 80;
/// A fifth of what sounds in it is above this level, dBFS: below is what one side picks up of the other.
const MUSIC_DBFS: f32 = -50.0;
const MUSIC_SHARE: f32 = 0.2;
/// Music goes on: of the window that is no speech, this share sounds, and its level has at most this
/// standard deviation, in dB (music 1 to 7.6, once 11; voices 9 to 11) …
const GOES_ON_SHARE: f32 = 0.7;
const EVEN_DB: f32 = 8.5;
/// … or in this share of what sounds a note is held (plucked strings 0.55 and more; 99 % of the windows
/// of voices at most 0.34).
const HELD_SHARE: f32 = 0.45;
/// More speech than this share of what sounds in a window is no music.
const SPEECH_SHARE: f32 = 0.5;

/// A beat is looked for in 12 cells (6 s) …
const BEAT_CELLS: usize = 12;
/// … at distances of 0.24 to 1.5 s (40 to 250 beats a minute) …
const BEAT_SLOTS: std::ops::Range<usize> = 12..76;
/// … and found if onsets agree by this.
const BEAT_AGREEMENT: f32 = 0.62;
/// An onset counts in a band from a rise of 3 dB on, up to 15 dB more.
const RISE_DB: f32 = 3.0;
const RISE_MOST_DB: f32 = 15.0;
/// Sum of rises that is an onset, in dB.
const ONSET: u8 = 40;
/// Onsets that a window with a beat has at least: one in a second.
const BEAT_ONSETS: u32 = 6;
/// Slots of a window that must sound for it to have a beat: a quarter.
const BEAT_HEARD_SHARE: f32 = 0.25;

/// Evidence closer than 2 s makes one stretch: notes pause.
const STRETCH_GAP: u32 = 100;
/// A stretch reaches beyond its first and last note while sound goes on, by 0.2 and 1 s at most: a
/// note counts 0.1 s after it began, and rings on.
const BEFORE: u32 = 10;
const BEYOND: u32 = 50;
/// Stretches are at least this long: 3 s.
const STRETCH_MIN: u32 = 150;

/// Speech in music is the detector's mistake, or a singer, if music is heard 1 s before and after it …
const BESIDE: usize = 50;
/// … it is no more than 2 dB louder than the loudest tenth of the music around begins (who talks in
/// front of music is) …
const LOUDER_DB: f32 = 2.0;
/// … and is short (1.5 s) with notes going on in it, or very short (0.5 s), …
const SHORT: u32 = 75;
const VERY_SHORT: u32 = 25;
const SHORT_NOTES_PER_S: f32 = 1.0;
/// … in 6 s on either side with hardly any other speech …
const RARE_AROUND: u32 = 300;
const RARE_SHARE: f32 = 0.25;
/// … or has more notes than voices have that do not sing: of 95 % of 1 s pieces of speech at most 6.
const SUNG_NOTES_PER_S: f32 = 6.0;

/// Music that comes out of 1 s of silence begins with its first sound, where that goes on for at most 4 s
/// with no pause of 0.2 s until notes are known …
const LEAD: usize = 200;
const LEAD_PAUSE: usize = 10;
/// … at a level with at most this standard deviation, in dB (drums 2 to 5; of 98 % of the pieces of speech
/// of half a second and more at least 7).
const LEAD_EVEN_DB: f32 = 6.0;

/// What is kept of 20 ms.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Level below full scale, dB.
    below: u8,
    /// Notes that began.
    notes: u8,
    /// Whether a note is held.
    holds: bool,
    /// Sum of the rises of the bands, in 2 dB.
    rises: u8,
}

impl Slot {
    fn sounds(self) -> bool {
        f32::from(self.below) < -SOUNDS_DBFS
    }
}

/// A place of a peak that is none.
const NOWHERE: f32 = -10.0;

/// Follows the notes of one channel.
#[derive(Clone, Debug)]
pub(super) struct MusicMeter {
    /// Place and age of the peak in each bin of the last slot.
    places: [f32; BINS],
    ages: [u8; BINS],
    /// Bins that have one.
    peaks: Vec<u8>,
    new_peaks: Vec<(u8, f32, u8)>,
    bands: Bands,
    slots: Vec<Slot>,
}

impl Default for MusicMeter {
    fn default() -> MusicMeter {
        MusicMeter {
            places: [NOWHERE; BINS],
            ages: [0; BINS],
            peaks: Vec::new(),
            new_peaks: Vec::new(),
            bands: [IDLE_DBFS; BANDS],
            slots: Vec::new(),
        }
    }
}

impl MusicMeter {
    /// Takes frame `at`.
    pub(super) fn push(&mut self, frame: &Frame<'_>, at: u32) {
        if !at.is_multiple_of(SLOT) {
            if let Some(slot) = self.slots.last_mut() {
                slot.below = slot.below.min((-frame.level).clamp(0.0, 100.0) as u8);
            }
            return;
        }
        let ((notes, holds), rises) = match frame.sounds() {
            true => (self.notes(frame.power), self.rises(&frame.bands)),
            false => {
                for bin in self.peaks.drain(..) {
                    self.places[usize::from(bin)] = NOWHERE;
                }
                ((0, false), 0)
            }
        };
        // What rises from idle noise to idle noise has not risen.
        self.bands = frame.bands.map(|band| band.max(IDLE_DBFS));
        self.slots.push(Slot {
            below: (-frame.level).clamp(0.0, 100.0) as u8,
            notes,
            holds,
            rises,
        });
    }

    /// Returns how many peaks have just become notes, and whether any is one.
    fn notes(&mut self, power: &[f32; BINS]) -> (u8, bool) {
        let total: f32 = {
            let mut sums = [0.0f32; 8];
            for chunk in power[LOW - 4..HIGH + 20].chunks_exact(8) {
                for (sum, p) in sums.iter_mut().zip(chunk) {
                    *sum += p;
                }
            }
            sums.iter().sum()
        };
        const WIDTH: usize = HIGH - LOW;
        let from = |bin: usize| power[bin..].first_chunk::<WIDTH>();
        let (Some(middle), Some(left), Some(right)) = (from(LOW), from(LOW - 1), from(LOW + 1))
        else {
            return (0, false);
        };
        let (Some(lower), Some(upper)) = (from(LOW - VALLEY), from(LOW + VALLEY)) else {
            return (0, false);
        };
        let least = AUDIBLE_SHARE * total;
        let mut is_peak = [0u8; WIDTH];
        for i in 0..WIDTH {
            let p = middle[i];
            let valley = PROMINENCE / 2.0 * (lower[i] + upper[i]);
            is_peak[i] = u8::from((p >= left[i]) & (p > right[i]) & (p > valley) & (p > least));
        }
        let (mut notes, mut holds) = (0, false);
        self.new_peaks.clear();
        // Peaks are few: eight bins are passed over at a time.
        let (eights, _) = is_peak.as_chunks::<8>();
        for (at, eight) in eights.iter().enumerate() {
            let mut bits = u64::from_le_bytes(*eight);
            while bits != 0 {
                let i = 8 * at + (bits.trailing_zeros() / 8) as usize;
                bits &= bits - 1;
                let bin = LOW + i;
                // Monotone in the true place between bins, and half its distance from the middle one.
                let place = bin as f32 + (right[i] - left[i]) / (left[i] + middle[i] + right[i]);
                let mut age = 0;
                for near in bin - 1..=bin + 1 {
                    if (self.places[near] - place).abs() < STAYS {
                        age = age.max(self.ages[near]);
                    }
                }
                let age = age.saturating_add(1);
                notes += u8::from(age == NOTE_AGE);
                holds |= age >= NOTE_AGE;
                self.new_peaks.push((bin as u8, place, age));
            }
        }
        for bin in self.peaks.drain(..) {
            self.places[usize::from(bin)] = NOWHERE;
        }
        for (bin, place, age) in self.new_peaks.drain(..) {
            self.places[usize::from(bin)] = place;
            self.ages[usize::from(bin)] = age;
            self.peaks.push(bin);
        }
        (notes, holds)
    }

    fn rises(&self, bands: &Bands) -> u8 {
        let rise = |(now, before): (&f32, &f32)| (now - before - RISE_DB).clamp(0.0, RISE_MOST_DB);
        let sum: f32 = bands.iter().zip(&self.bands).map(rise).sum();
        // 240 dB at most.
        (sum / 2.0) as u8
    }

    /// Ends the channel and returns the stretches of music on it, in frames, given what is speech and
    /// which tones there are. Tones with music on both sides are no longer firm.
    pub(super) fn finish(self, speech: &[Range], tones: &mut [Named]) -> Vec<Range> {
        let score = Score::new(self.slots, speech, tones);
        let mut evidence = score.evidence();
        for tone in tones.iter_mut().filter(|tone| !tone.note) {
            tone.firm &= !score.has_beside(slots_of(tone.range), &evidence);
        }
        score.begin(&mut evidence);
        let kept = score.mask(speech, &mut evidence);
        let mut music = Vec::new();
        for stretch in score.stretches(&evidence) {
            music.extend(stretch.without(kept.iter().copied()));
        }
        for range in &mut music {
            *range = Range {
                start: range.start * SLOT,
                end: range.end * SLOT,
            };
        }
        music
    }
}

/// What a slot is, besides how it sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Neither of the others: here notes tell of music.
    Open,
    Speech,
    /// A tone that is no note.
    Tone,
}

/// Sums over a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    /// Open slots, and those that sound.
    open: u32,
    heard: u32,
    /// Of the latter: notes, slots in which one is held, onsets, loud slots; levels below full scale and their
    /// squares.
    notes: u32,
    held: u32,
    onsets: u32,
    loud: u32,
    below: u32,
    squares: u32,
    /// Slots of speech.
    speech: u32,
}

impl Cell {
    fn sum(cells: &[Cell]) -> Cell {
        cells.iter().fold(Cell::default(), |a, b| Cell {
            open: a.open + b.open,
            heard: a.heard + b.heard,
            notes: a.notes + b.notes,
            held: a.held + b.held,
            onsets: a.onsets + b.onsets,
            loud: a.loud + b.loud,
            below: a.below + b.below,
            squares: a.squares + b.squares,
            speech: a.speech + b.speech,
        })
    }

    /// Whether speech is rare enough for music.
    fn has_little_speech(&self) -> bool {
        (self.speech as f32) < SPEECH_SHARE * (self.speech + self.heard) as f32
    }

    /// Whether what sounds is loud enough to be meant to be heard.
    fn is_loud(&self) -> bool {
        self.loud as f32 >= MUSIC_SHARE * self.heard as f32
    }

    /// Whether notes make it music.
    fn has_notes(&self) -> bool {
        let heard = self.heard as f32;
        let per_slot = NOTES_PER_S * SLOT as f32 / FRAMES_PER_S as f32;
        let mean = self.below as f32 / heard;
        let variance = self.squares as f32 / heard - mean * mean;
        let goes_on = heard >= GOES_ON_SHARE * self.open as f32 && variance <= EVEN_DB * EVEN_DB;
        self.heard >= HEARD_SLOTS
            && self.has_little_speech()
            && self.is_loud()
            && self.notes as f32 >= per_slot * heard
            && (goes_on || self.held as f32 >= HELD_SHARE * heard)
    }
}

/// The slots of a channel. All ranges are in slots.
struct Score {
    slots: Vec<Slot>,
    kinds: Vec<Kind>,
}

fn slots_of(frames: Range) -> std::ops::Range<usize> {
    (frames.start / SLOT) as usize..frames.end.div_ceil(SLOT) as usize
}

impl Score {
    fn new(slots: Vec<Slot>, speech: &[Range], tones: &[Named]) -> Score {
        let mut kinds = vec![Kind::Open; slots.len()];
        let mut set = |frames: Range, kind: Kind| {
            let range = slots_of(frames);
            let end = range.end.min(kinds.len());
            if let Some(kinds) = kinds.get_mut(range.start..end) {
                kinds.fill(kind);
            }
        };
        for range in speech {
            set(*range, Kind::Speech);
        }
        for tone in tones.iter().filter(|tone| !tone.note) {
            set(tone.range, Kind::Tone);
        }
        Score { slots, kinds }
    }

    fn is_open(&self, slot: usize) -> bool {
        self.kinds[slot] == Kind::Open && self.slots[slot].sounds()
    }

    fn cells(&self) -> Vec<Cell> {
        let kinds = self.kinds.chunks(CELL);
        let cells = self.slots.chunks(CELL).zip(kinds).map(|(slots, kinds)| {
            let mut cell = Cell::default();
            for (slot, kind) in slots.iter().zip(kinds) {
                match kind {
                    Kind::Open => {
                        cell.open += 1;
                        if !slot.sounds() {
                            continue;
                        }
                        cell.heard += 1;
                        cell.loud += u32::from(f32::from(slot.below) < -MUSIC_DBFS);
                        cell.below += u32::from(slot.below);
                        cell.squares += u32::from(slot.below).pow(2);
                        cell.notes += u32::from(slot.notes);
                        cell.held += u32::from(slot.holds);
                        cell.onsets += u32::from(slot.rises >= ONSET / 2);
                    }
                    Kind::Speech => cell.speech += 1,
                    Kind::Tone => {}
                }
            }
            cell
        });
        cells.collect()
    }

    /// Marks the slots in which a note or a beat tells of music.
    fn evidence(&self) -> Vec<bool> {
        let cells = self.cells();
        let mut evidence = vec![false; self.slots.len()];
        let mut with_notes = vec![false; cells.len()];
        for first in 0..cells.len() {
            let window = first..(first + WINDOW).min(cells.len());
            if Cell::sum(&cells[window.clone()]).has_notes() {
                with_notes[window].fill(true);
            }
        }
        for (slot, marked) in evidence.iter_mut().enumerate() {
            *marked = with_notes[slot / CELL] && self.is_open(slot) && self.slots[slot].notes > 0;
        }
        for first in (0..cells.len().saturating_sub(BEAT_CELLS - 1)).step_by(2) {
            let window = first..first + BEAT_CELLS;
            let all = Cell::sum(&cells[window.clone()]);
            let slots = window.start * CELL..(window.end * CELL).min(self.slots.len());
            let known = with_notes[window].iter().all(|with_notes| *with_notes);
            if known
                || (all.heard as f32) < BEAT_HEARD_SHARE * slots.len() as f32
                || all.onsets < BEAT_ONSETS
                || !all.has_little_speech()
                || !all.is_loud()
                || !self.has_beat(slots.clone())
            {
                continue;
            }
            for slot in slots {
                evidence[slot] |= self.is_open(slot) && self.slots[slot].rises >= ONSET / 2;
            }
        }
        evidence
    }

    /// Whether onsets come again at the distance of a beat.
    fn has_beat(&self, slots: std::ops::Range<usize>) -> bool {
        let rise = |slot: usize| match self.kinds[slot] {
            Kind::Open => f32::from(self.slots[slot].rises),
            _ => 0.0,
        };
        let mut rises: Vec<f32> = slots.map(rise).collect();
        let mean = rises.iter().sum::<f32>() / rises.len().max(1) as f32;
        for rise in &mut rises {
            *rise -= mean;
        }
        let agreement = |lag: usize| {
            let later = rises.get(lag..).unwrap_or_default();
            let mut sums = [0.0f32; 8];
            for (a, b) in rises.chunks_exact(8).zip(later.chunks_exact(8)) {
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += a * b;
                }
            }
            sums.iter().sum::<f32>() / (later.len() / 8).max(1) as f32
        };
        let own = agreement(0);
        own > 0.0
            && BEAT_SLOTS
                .into_iter()
                .any(|lag| agreement(lag) >= BEAT_AGREEMENT * own)
    }

    fn clip(&self, slots: std::ops::Range<usize>) -> std::ops::Range<usize> {
        slots.start.min(self.slots.len())..slots.end.min(self.slots.len())
    }

    /// Whether music is heard close before and close after these slots.
    fn has_beside(&self, slots: std::ops::Range<usize>, evidence: &[bool]) -> bool {
        let before = self.clip(slots.start.saturating_sub(BESIDE)..slots.start);
        let after = self.clip(slots.end..slots.end + BESIDE);
        evidence[before].contains(&true) && evidence[after].contains(&true)
    }

    /// Marks what the detector took for speech at the very beginning of music: drums before the first
    /// notes, which are counted over seconds.
    fn begin(&self, evidence: &mut [bool]) {
        let mut last = None;
        for at in 0..evidence.len() {
            if !evidence[at] {
                continue;
            }
            if last.replace(at).is_none_or(|last| at - last > BESIDE)
                && let Some(lead) = self.lead(at)
                && self.is_even(lead.clone())
                && self.is_no_louder(lead.clone(), at..at + RARE_AROUND as usize)
            {
                evidence[lead].fill(true);
            }
        }
    }

    /// Returns what sounds without a pause up to `music` and comes out of silence.
    fn lead(&self, music: usize) -> Option<std::ops::Range<usize>> {
        let (mut start, mut silent) = (music, 0);
        for slot in (0..music).rev() {
            if self.slots[slot].sounds() {
                if silent > LEAD_PAUSE || music - slot > LEAD {
                    return None;
                }
                (start, silent) = (slot, 0);
            } else {
                silent += 1;
            }
            if silent == BESIDE {
                break;
            }
        }
        (start < music).then_some(start..music)
    }

    /// Whether what sounds in these slots does so at one level.
    fn is_even(&self, slots: std::ops::Range<usize>) -> bool {
        let (mut count, mut sum, mut squares) = (0.0f32, 0.0, 0.0);
        for slot in self.slots[slots].iter().filter(|slot| slot.sounds()) {
            let below = f32::from(slot.below);
            count += 1.0;
            sum += below;
            squares += below * below;
        }
        let mean = sum / count.max(1.0);
        squares / count.max(1.0) - mean * mean <= LEAD_EVEN_DB * LEAD_EVEN_DB
    }

    /// Whether these slots are hardly louder than the loudest tenth of the music begins.
    fn is_no_louder(&self, slots: std::ops::Range<usize>, music: std::ops::Range<usize>) -> bool {
        // The power of a voice is that of its vowels, the music's that of its loud beats.
        let (mut own, mut sounding) = (0.0f32, 0u32);
        for slot in self.slots[slots].iter().filter(|slot| slot.sounds()) {
            own += 10f32.powf(-0.1 * f32::from(slot.below));
            sounding += 1;
        }
        let own = 10.0 * (own / sounding.max(1) as f32).log10();
        let open = self.clip(music).filter(|slot| self.is_open(*slot));
        let mut below: Vec<u8> = open.map(|slot| self.slots[slot].below).collect();
        below.sort_unstable();
        let loud = below
            .get(below.len() / 10)
            .map_or(-SOUNDS_DBFS, |below| f32::from(*below));
        own <= LOUDER_DB - loud
    }

    /// Decides which speech is music: its slots become evidence. Returns the rest.
    fn mask(&self, speech: &[Range], evidence: &mut [bool]) -> Vec<Range> {
        let mut kept = Vec::new();
        for frames in speech {
            let slots = self.clip(slots_of(*frames));
            let range = Range {
                start: slots.start as u32,
                end: slots.end as u32,
            };
            let lead = evidence
                .get(slots.clone())
                .is_some_and(|e| !e.contains(&false));
            let is_music = || self.is_music(slots.clone(), evidence);
            if lead || self.has_beside(slots.clone(), evidence) && is_music() {
                evidence[slots].fill(true);
            } else {
                kept.push(range);
            }
        }
        kept
    }

    /// Whether what the detector took for speech, with music on both sides, is of the music.
    fn is_music(&self, speech: std::ops::Range<usize>, evidence: &[bool]) -> bool {
        let around = |slots: u32| {
            let slots = slots as usize;
            speech.start.saturating_sub(slots)..(speech.end + slots).min(self.slots.len())
        };
        if !self.is_no_louder(speech.clone(), around(RARE_AROUND)) {
            return false;
        }
        let notes: u32 = (speech.clone())
            .map(|slot| u32::from(self.slots[slot].notes))
            .sum();
        let length = speech.len() as u32;
        let per_s = notes as f32 * FRAMES_PER_S as f32 / (length * SLOT).max(1) as f32;
        let speech_around = around(RARE_AROUND)
            .filter(|slot| self.kinds[*slot] == Kind::Speech && !evidence[*slot])
            .count();
        let is_rare = (speech_around as f32) < RARE_SHARE * around(RARE_AROUND).len() as f32;
        per_s >= SUNG_NOTES_PER_S
            || is_rare && (length <= VERY_SHORT || length <= SHORT && per_s >= SHORT_NOTES_PER_S)
    }

    /// Joins evidence to stretches.
    fn stretches(&self, evidence: &[bool]) -> Vec<Range> {
        let mut stretches: Vec<Range> = Vec::new();
        for slot in (0..evidence.len()).filter(|slot| evidence[*slot]) {
            let slot = slot as u32;
            match stretches.last_mut() {
                Some(last) if slot - last.end <= STRETCH_GAP => last.end = slot + 1,
                _ => stretches.push(Range {
                    start: slot,
                    end: slot + 1,
                }),
            }
        }
        // More than `STRETCH_GAP` lies between two, less than that do they grow.
        for stretch in &mut stretches {
            let before = (stretch.start.saturating_sub(BEFORE)..stretch.start).rev();
            let sounding = before.take_while(|slot| self.is_open(*slot as usize));
            stretch.start -= sounding.count() as u32;
            let after = stretch.end..(stretch.end + BEYOND).min(self.slots.len() as u32);
            let sounding = after.take_while(|slot| self.is_open(*slot as usize));
            stretch.end += sounding.count() as u32;
        }
        stretches.retain(|stretch| stretch.length() >= STRETCH_MIN);
        stretches
    }
}
