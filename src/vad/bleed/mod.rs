//! The other side's voice on a channel: crosstalk of a headset, an echo of the line.
//!
//! A leak is the same voice once more: 10 to 40 dB lower, up to 300 ms later, coloured. A detector
//! hears a voice all the same, and both seem to talk. What is leaked is told by comparing the bands
//! of both channels; nothing is known of words or of voices.
//!
//! # How
//!
//! Every second, for each way (agent to customer, customer to agent):
//!
//! 1. **Lag.** The rises and falls of both channels' levels are correlated at each lag of −20 to
//!    300 ms, over the last 40 s in which the source sounded, where the channel is quieter than the
//!    source. A partner in talk does not rise and fall with the source; a leak does. It is
//!    established when one lag stands out.
//! 2. **Gain.** Per band, where *heard − source* piles up: the lowest pile, since a voice of the
//!    channel's own only adds power.
//! 3. **Frames.** The source, that much lower and later, predicts each band. A frame whose bands do
//!    not exceed the prediction is a leak; else it is the channel's own. Where both ways leak, what
//!    the source hears of this channel is taken out of it first: it would explain the voice it comes
//!    from.
//! 4. **Around.** A frame is what most around it are; pauses of a leak are part of it.
//!
//! Where no leak is established nothing is leaked; once one has been for 5 s, the minute before is held
//! against it as well, since a leak is known some seconds after its voice begins.
//!
//! # Conventions
//!
//! * Frames of 10 ms in lock step; levels in dBFS per band. Gains are *heard − source* in dB, lags
//!   *heard − source* in time.
//! * A frame is decided when at most 4 s more have come, or a minute where no leak is known; evidence is
//!   of the last 40 s (of the source's sound). Memory is two minutes at most and a byte per frame.
//! * The same sound on both channels is not looked at here: see
//!   [`audio::faults`](crate::audio::faults).
//!
//! # What it does not do
//!
//! It keeps own speech that is some decibels above the leak. Where a quiet voice speaks at the level
//! of a leak of −10 dB and both talk at once, it goes with the leak. Thresholds without a source were
//! set on four calls of HarperValleyBank, one each of AWS, Genesys and Speechmatics, each mixed into
//! its other side at −10 to −40 dB, 0 to 200 ms late (`examples/bleed.rs`).

mod link;
mod share;
#[cfg(test)]
mod tests;

use self::link::{Content, Link};
use self::share::ShareMeter;
use super::front::{BANDS, Bands, FLOOR_DBFS};
use crate::call::{Side, Sides};

/// Frames of a block: 1 s.
const BLOCK: usize = 100;
/// Blocks that a frame waits for after its own: with its own, at most 4 s to come.
const AHEAD: usize = 3;
/// Blocks that evidence is kept for.
const WINDOW_BLOCKS: usize = 40;
/// Blocks that gains are taken from.
const GAIN_BLOCKS: usize = 30;
/// Blocks before a leak was known that are judged by it …
const RETROSPECT: usize = 60;
/// … once it has been known for so many blocks: two voices may go together for a moment.
const CERTAIN: u32 = 5;
/// Blocks of both sides that are kept at least, and so many more before the oldest are dropped, all at
/// once: to move the rest up costs more than to keep them.
const HISTORY: usize = RETROSPECT + AHEAD + 2;
const HISTORY_SPARE: usize = HISTORY;
/// Frames at the start of the history whose neighbours are gone.
const HISTORY_MARGIN: usize = 40;

/// The lags at which a leak is looked for, in frames.
const MIN_LAG: isize = -2;
const MAX_LAG: isize = 30;
/// Frames that a lag reaches into the future, with the neighbours that a rise is taken from.
const REACH: usize = MAX_LAG as usize + RISE + 1;

/// Groups of four bands, whose loudest band is followed: its colour does not move the rises of a group.
const GROUPS: usize = 4;
/// A rise is the level this many frames later, less that so many frames before: 40 ms, an onset.
const RISE: usize = 2;
/// Larger rises count as this much, in dB: one stop after digital silence would outweigh all else.
const RISE_MAX_DB: f32 = 12.0;

/// Noise is the level that a tenth of the frames do not reach.
const NOISE_SHARE: f64 = 0.1;
/// What goes on is the level that a fifth of a second's frames do not reach.
const LOW_SHARE: f64 = 0.2;
/// Loud is the level that a twentieth exceed.
const LOUD_SHARE: f64 = 0.95;
/// No noise is taken to be below this per band, in dBFS: a leak of −40 dB into a gated line has to
/// be seen; a frame below −70 in all has no bands.
const NOISE_MIN_DBFS: f32 = -86.0;
/// A band sounds when it is this far above the noise: a tenth of noise in a band of three bins lies
/// some 5 dB below its mean.
const ABOVE_DB: f32 = 9.0;
/// A leak may be audible from this far below that, since levels spread by some 4 dB.
const AUDIBLE_DB: f32 = 5.0;

/// Gains of a leak, in dB. Above −2 nobody could tell source and leak apart.
const MIN_GAIN_DB: f32 = -64.0;
const MAX_GAIN_DB: f32 = -2.0;

/// Of so many frames of the source one is correlated.
const CORRELATED_EVERY: usize = 2;
/// Correlation of rises from which a leak is established, for much sound …
const ESTABLISHED: f64 = 0.18;
/// … more for little: this over the root of the source's sum of squares, in dB.
const CHANCE: f64 = 10.0;
/// It is kept down to this share of that.
const KEPT: f64 = 0.75;
/// What is added to the sums of squares, in dB²: as much as half a second of speech brings.
const LITTLE: f64 = 3_000.0;
/// Lags this near to the best belong to its peak, in frames …
const PEAK_WIDTH: usize = 6;
/// … above the best of the others by this much. On clean calls the best hardly is.
const DISTINCT: f64 = 0.1;

/// Frames that make a pile (within 5 dB) …
const PILE: u32 = 8;
/// … and their share of the largest pile; lower ones are dips of the leak.
const PILE_SHARE: f64 = 0.5;

/// The source dies away by this much a frame where it is heard, in dB: 0.4 s for 60 dB.
const TAIL_DB: f32 = 1.5;

/// What is not this far above an echo of the other side is an echo.
const ECHO_DB: f32 = 5.0;
/// Frames after which a tail has died away.
const TAIL_FRAMES: isize = 20;

/// The excess of a frame is that of so many around it, to either side: 50 ms.
const SMOOTH: usize = 2;
/// What is below this in a band is no voice of its own, in dBFS: sixteen such bands are at −57.
const OWN_MIN_DBFS: f32 = -69.0;
/// … nor what is not this far above what goes on for three seconds.
const ABOVE_LOW_DB: f32 = 8.0;
/// … nor what is this far below what is loud in the band: speech spreads over 30 dB (ANSI S3.5).
const SPREAD_DB: f32 = 30.0;
/// A band counts by how far it is above the noise, up to this.
const WEIGHT_MAX_DB: f32 = 15.0;
/// A frame is own when its bands exceed the prediction by this on the mean, in dB. At 5 less own
/// speech is lost in double talk, at 6 less leak is left.
const OWN_MEAN_DB: f32 = 6.0;
/// … or when so many bands of the smoothed frames do by this: a fricative above the leak's bands.
const STRONG_DB: f32 = 10.0;
const OWN_BANDS: u32 = 12;

/// A frame is what most of the frames around it are, up to this far: bits of less than 110 ms go.
const MAJORITY: usize = 10;
/// Nothing between leak and leak is leaked up to this long: a pause between words.
const PAUSE: usize = 50;
/// Nothing after a leak is its tail, nothing before it its head, up to so many frames: a detector
/// begins early and hangs on.
const TAIL: usize = 30;
const HEAD: usize = 15;

/// What of a call is the other side's voice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bleed {
    /// Whether the sound of a side's 10 ms frame is explained by the other side's voice.
    pub leaked: Sides<Vec<bool>>,
    /// The share of 10 s windows whose envelopes correlate above 0.7.
    pub share: Option<f64>,
    /// The leak into each side; `None` where none was established.
    pub evidence: Sides<Option<Evidence>>,
}

/// A leak that was established.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// How much later than its source it is heard, in ms.
    pub lag_ms: f64,
    /// Its level less that of its source, in dB: the median of the bands.
    pub gain_db: f64,
    /// How alike the rises and falls of both are, up to 1.
    pub correlation: f64,
}

/// Finds [`Bleed`] frame by frame.
#[derive(Clone, Debug)]
pub(super) struct BleedMeter {
    frames: usize,
    histories: Sides<History>,
    /// The link into each side.
    links: Sides<Link>,
    /// What each frame holds, as far as it is known.
    contents: Sides<Vec<Content>>,
    /// The first frame that no known leak was held against.
    unjudged: Sides<isize>,
    /// Blocks for which a leak has been known.
    known_for: Sides<u32>,
    share: ShareMeter,
}

impl BleedMeter {
    /// Starts a call.
    pub(super) fn new() -> BleedMeter {
        BleedMeter {
            frames: 0,
            histories: Sides::from_fn(|_| History::new()),
            links: Sides::from_fn(|_| Link::new()),
            contents: Sides::default(),
            unjudged: Sides::default(),
            known_for: Sides::default(),
            share: ShareMeter::new(),
        }
    }

    /// Takes the next frame of both sides: the levels of their bands in dBFS.
    pub(super) fn push(&mut self, agent: &Bands, customer: &Bands) {
        self.frames += 1;
        self.share.push(agent, customer);
        self.take(agent, customer, true);
    }

    fn take(&mut self, agent: &Bands, customer: &Bands, counts: bool) {
        self.histories.agent.push(agent, counts);
        self.histories.customer.push(customer, counts);
        if self.histories.agent.taken.is_multiple_of(BLOCK) {
            self.block();
        }
    }

    /// Ends the call.
    pub(super) fn finish(mut self) -> Bleed {
        // Silence until the last frame has had its time to come.
        let silence = [FLOOR_DBFS; BANDS];
        let wanted = (self.frames.div_ceil(BLOCK) + AHEAD) * BLOCK;
        while self.histories.agent.taken < wanted {
            self.take(&silence, &silence, false);
        }
        let leaked = |side: Side| {
            let mut leaked = clean(self.contents.get(side));
            leaked.truncate(self.frames);
            leaked
        };
        Bleed {
            leaked: Sides::from_fn(leaked),
            share: self.share.finish(),
            evidence: Sides::from_fn(|side| self.links.get(side).evidence()),
        }
    }

    /// Learns from the block that is complete, and decides on the one that has waited.
    fn block(&mut self) {
        for side in [Side::Agent, Side::Customer] {
            self.histories.get_mut(side).block();
        }
        let end = self.histories.agent.end();
        let from = end - ((AHEAD) * BLOCK) as isize;
        for side in [Side::Agent, Side::Customer] {
            let (source, heard) = (self.histories.get(side.other()), self.histories.get(side));
            self.links.get_mut(side).learn(source, heard);
        }
        if from < 0 {
            return;
        }
        for side in [Side::Agent, Side::Customer] {
            let (source, heard) = (self.histories.get(side.other()), self.histories.get(side));
            let contents = self.contents.get_mut(side);
            let unjudged = self.unjudged.get_mut(side);
            // Where no leak is known there is nothing to tell apart, until one is.
            contents.resize((from + BLOCK as isize) as usize, Content::Own);
            let known_for = self.known_for.get_mut(side);
            let Some(known) = self.links.get(side).known() else {
                *known_for = 0;
                continue;
            };
            *known_for += 1;
            let back = self.links.get(side.other()).known();
            let certain = *known_for >= CERTAIN;
            let oldest = match certain {
                true => (from - (RETROSPECT * BLOCK) as isize).max(*unjudged),
                false => from,
            };
            for start in (oldest..=from).step_by(BLOCK) {
                let span = start..start + BLOCK as isize;
                let judged = known.classify(back, span, source, heard);
                contents[start as usize..][..judged.len()].copy_from_slice(&judged);
            }
            if certain {
                *unjudged = from + BLOCK as isize;
            }
        }
    }
}

/// Decides on frames by what is around them, and fills the pauses of a leak.
fn clean(contents: &[Content]) -> Vec<bool> {
    // The majority around a frame, among those that hold anything: bits of own sound in a leak and
    // bits of leak in own sound go, edges stay.
    let near =
        |i: usize| &contents[i.saturating_sub(MAJORITY)..(i + MAJORITY + 1).min(contents.len())];
    let mut balance = 0i32;
    let vote = |content: &Content| match content {
        Content::Own => 1,
        Content::Leak => -1,
        Content::Nothing => 0,
    };
    let mut decided = Vec::with_capacity(contents.len());
    for (i, content) in contents.iter().enumerate() {
        if i == 0 {
            balance = near(0).iter().map(vote).sum();
        } else {
            balance += contents.get(i + MAJORITY).map_or(0, vote);
            balance -= (i.checked_sub(MAJORITY + 1)).map_or(0, |j| vote(&contents[j]));
        }
        decided.push(match (content, balance) {
            (Content::Nothing, _) | (_, 0) => *content,
            (_, 1..) => Content::Own,
            _ => Content::Leak,
        });
    }
    let contents = decided;
    let mut leaked: Vec<bool> = contents.iter().map(|c| *c == Content::Leak).collect();
    // Runs of nothing next to a leak are its pauses, its tail, its head.
    let mut at = 0;
    while at < contents.len() {
        if contents[at] != Content::Nothing {
            at += 1;
            continue;
        }
        let start = at;
        while at < contents.len() && contents[at] == Content::Nothing {
            at += 1;
        }
        let run = at - start;
        let before = start.checked_sub(1).map(|i| contents[i]);
        let after = contents.get(at).copied();
        let (head, tail) = match (before, after) {
            (Some(Content::Leak), Some(Content::Leak)) if run <= PAUSE => (run, 0),
            (Some(Content::Leak), Some(Content::Own)) => ((run / 2).min(TAIL), 0),
            (Some(Content::Own), Some(Content::Leak)) => (0, (run / 2).min(HEAD)),
            (Some(Content::Leak), Some(Content::Leak)) => (TAIL, HEAD),
            (Some(Content::Leak), _) => (run.min(TAIL), 0),
            (_, Some(Content::Leak)) => (0, run.min(HEAD)),
            _ => (0, 0),
        };
        leaked[start..start + head].fill(true);
        leaked[at - tail..at].fill(true);
    }
    leaked
}

/// The last frames of a side, and the noise it has when nobody speaks.
#[derive(Clone, Debug)]
struct History {
    /// Frames taken so far.
    taken: usize,
    bands: Vec<Bands>,
    /// Bands with what of them lasts into a frame and what begins just after it.
    smeared: Vec<Bands>,
    /// Per group, the loudest band, at least its noise.
    levels: [Vec<f32>; GROUPS],
    /// Per group, the rise of that level around a frame.
    rises: [Vec<f32>; GROUPS],
    noise: Bands,
    /// The level per band that a twentieth of the frames exceed.
    loud: Bands,
    /// The level per band that a fifth of each block's frames do not exceed.
    lows: Vec<Bands>,
    noise_meter: NoiseMeter,
}

impl History {
    fn new() -> History {
        History {
            taken: 0,
            bands: Vec::new(),
            smeared: Vec::new(),
            levels: Default::default(),
            rises: Default::default(),
            noise: [NOISE_MIN_DBFS; BANDS],
            loud: [FLOOR_DBFS; BANDS],
            lows: Vec::new(),
            noise_meter: NoiseMeter::new(),
        }
    }

    /// The number of the frame after the last.
    fn end(&self) -> isize {
        self.taken as isize
    }

    /// The number of the first frame that is kept.
    fn first(&self) -> isize {
        (self.taken - self.bands.len()) as isize
    }

    fn index(&self, frame: isize) -> Option<usize> {
        usize::try_from(frame - self.first()).ok()
    }

    fn bands(&self, frame: isize) -> Option<&Bands> {
        self.bands.get(self.index(frame)?)
    }

    fn smeared(&self, frame: isize) -> Option<&Bands> {
        self.smeared.get(self.index(frame)?)
    }

    /// What went on in each band from the block before the one that begins with `frame` to the one after.
    fn lows(&self, frame: isize) -> Bands {
        let before = frame - BLOCK as isize;
        let blocks = self.index(before).map(|i| i / BLOCK);
        let lows = blocks.and_then(|block| self.lows.get(block..block + 3));
        let none = [FLOOR_DBFS; BANDS];
        lows.unwrap_or(&[none])
            .iter()
            .fold([f32::INFINITY; BANDS], |least, low| {
                std::array::from_fn(|b| least[b].min(low[b]))
            })
    }

    /// Rises and levels of a group over `count` frames.
    fn group(&self, group: usize, frame: isize, count: usize) -> Option<(&[f32], &[f32])> {
        let from = self.index(frame)?;
        let span = from..from + count;
        Some((
            self.rises[group].get(span.clone())?,
            self.levels[group].get(span)?,
        ))
    }

    fn push(&mut self, bands: &Bands, counts: bool) {
        // Whatever comes, levels are numbers.
        let bands = bands.map(|b| {
            if b.is_finite() {
                b.clamp(FLOOR_DBFS, 20.0)
            } else {
                FLOOR_DBFS
            }
        });
        if counts && self.taken.is_multiple_of(2) {
            self.noise_meter.push(&bands);
        }
        self.taken += 1;
        self.bands.push(bands);
    }

    /// Brings all that is derived from the bands up to the end.
    fn block(&mut self) {
        if self.bands.len() > (HISTORY + HISTORY_SPARE) * BLOCK {
            let old = self.bands.len() - HISTORY * BLOCK;
            self.bands.drain(..old);
            self.lows.drain(..old / BLOCK);
            self.smeared.drain(..old.min(self.smeared.len()));
            for group in self.levels.iter_mut().chain(&mut self.rises) {
                group.drain(..old.min(group.len()));
            }
        }
        self.lows.push(self.noise_meter.low());
        self.noise_meter.block();
        if let Some((noise, loud)) = self.noise_meter.levels() {
            self.noise = noise;
            self.loud = loud;
        }
        let floors: [f32; GROUPS] = std::array::from_fn(|g| {
            let group = &self.noise[g * 4..(g + 1) * 4];
            group.iter().copied().fold(NOISE_MIN_DBFS, f32::max) + ABOVE_DB
        });
        for bands in &self.bands[self.levels[0].len()..] {
            for ((levels, four), floor) in self.levels.iter_mut().zip(bands.chunks(4)).zip(floors) {
                levels.push(four.iter().copied().fold(floor, f32::max));
            }
        }
        for (rises, levels) in self.rises.iter_mut().zip(&self.levels) {
            for i in rises.len()..levels.len().saturating_sub(RISE) {
                let before = levels[i.saturating_sub(RISE)];
                rises.push((levels[i + RISE] - before).clamp(-RISE_MAX_DB, RISE_MAX_DB));
            }
        }
        for i in self.smeared.len()..self.bands.len().saturating_sub(1) {
            let mut smeared = self.bands[i];
            let after = &self.bands[i + 1];
            for b in 0..BANDS {
                let before = i.checked_sub(1).map_or(FLOOR_DBFS, |j| {
                    self.bands[j][b].max(self.smeared[j][b] - TAIL_DB)
                });
                smeared[b] = smeared[b].max(after[b]).max(before);
            }
            self.smeared.push(smeared);
        }
    }
}

/// Bins of the histogram of levels: 2 dB each, from −100 dBFS up.
const NOISE_BINS: usize = 50;

/// The level per band that all but a tenth of the last frames exceed.
#[derive(Clone, Debug)]
struct NoiseMeter {
    current: Box<[[u8; NOISE_BINS]; BANDS]>,
    blocks: std::collections::VecDeque<Box<[[u8; NOISE_BINS]; BANDS]>>,
    total: Box<[[u16; NOISE_BINS]; BANDS]>,
}

impl NoiseMeter {
    fn new() -> NoiseMeter {
        NoiseMeter {
            current: Box::new([[0; NOISE_BINS]; BANDS]),
            blocks: Default::default(),
            total: Box::new([[0; NOISE_BINS]; BANDS]),
        }
    }

    fn push(&mut self, bands: &Bands) {
        for (counts, band) in self.current.iter_mut().zip(bands) {
            let bin = ((band - FLOOR_DBFS) / 2.0).max(0.0) as usize;
            counts[bin.min(NOISE_BINS - 1)] += 1;
        }
    }

    fn block(&mut self) {
        for (total, new) in self
            .total
            .iter_mut()
            .flatten()
            .zip(self.current.iter().flatten())
        {
            *total += u16::from(*new);
        }
        let new = std::mem::replace(&mut self.current, Box::new([[0; NOISE_BINS]; BANDS]));
        self.blocks.push_back(new);
        if self.blocks.len() > WINDOW_BLOCKS
            && let Some(old) = self.blocks.pop_front()
        {
            for (total, old) in self.total.iter_mut().flatten().zip(old.iter().flatten()) {
                *total -= u16::from(*old);
            }
        }
    }

    /// The level that a fifth of the current block's frames do not exceed.
    fn low(&self) -> Bands {
        std::array::from_fn(|b| quantile(self.current[b].iter().map(|c| u32::from(*c)), LOW_SHARE))
    }

    /// The levels of noise and of what is loud; `None` before the first frame.
    fn levels(&self) -> Option<(Bands, Bands)> {
        if self.total[0].iter().all(|count| *count == 0) {
            return None;
        }
        let level = |share| {
            std::array::from_fn(|b| quantile(self.total[b].iter().map(|c| u32::from(*c)), share))
        };
        let noise: Bands = level(NOISE_SHARE);
        Some((
            noise.map(|level| level.max(NOISE_MIN_DBFS)),
            level(LOUD_SHARE),
        ))
    }
}

/// Returns the level in dBFS that the share `below` of what was counted does not reach.
fn quantile(counts: impl Iterator<Item = u32> + Clone, below: f64) -> f32 {
    let all: u32 = counts.clone().sum();
    let below = (f64::from(all) * below) as u32;
    let mut seen = 0;
    let bin = counts.into_iter().position(|count| {
        seen += count;
        seen > below
    });
    FLOOR_DBFS + 2.0 * bin.unwrap_or(0) as f32 + 1.0
}
