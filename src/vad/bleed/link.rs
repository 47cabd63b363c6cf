//! One way of a leak: from the side that speaks to the side on which it is heard again.
//!
//! The lag is found by the rises and falls of the levels, which a leak copies and a partner in talk
//! does not; the gains, one per band, by where `heard − source` piles up. A voice of its own on the
//! channel only adds power, so the leak is the lowest pile.

use super::*;
use std::collections::VecDeque;
use std::ops::Range;

/// Lags looked at.
const LAGS: usize = (MAX_LAG - MIN_LAG + 1) as usize;
/// Bins of a histogram of gains: 1 dB each, from −64 dB up.
const GAIN_BINS: usize = 64;

/// Sums over a block, for every lag: of source · heard, source², heard².
type Sums = [[f32; LAGS]; 3];
/// How often each gain was seen, per band.
type Gains = [[u16; GAIN_BINS]; BANDS];

/// What a frame holds besides the channel's own noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    /// What the other side's voice explains.
    Leak,
    /// Anything else.
    Own,
}

/// The way from a source to the channel that hears it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Sums of the last blocks in which the source sounded, and over all of them.
    blocks: VecDeque<Box<Sums>>,
    total: [[f64; LAGS]; 3],
    /// Histograms of the last blocks, and over all of them; gathered at `lag`.
    counted: VecDeque<Box<Gains>>,
    gains: Box<Gains>,
    lag: isize,
    /// What is known of the leak now.
    known: Option<Known>,
    /// The best that was ever known.
    best: Option<Known>,
}

/// A leak that is established.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    lag: isize,
    correlation: f64,
    /// Gain per band, in dB.
    gain: Bands,
}

impl Link {
    pub(super) fn new() -> Link {
        Link {
            blocks: VecDeque::new(),
            total: [[0.0; LAGS]; 3],
            counted: VecDeque::new(),
            gains: Box::new([[0; GAIN_BINS]; BANDS]),
            lag: 0,
            known: None,
            best: None,
        }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known
    }

    pub(super) fn evidence(&self) -> Option<Evidence> {
        self.best.map(|known| {
            let mut gains = known.gain;
            gains.sort_by(f32::total_cmp);
            Evidence {
                lag_ms: known.lag as f64 * 10.0,
                gain_db: f64::from(gains[BANDS / 2]),
                correlation: known.correlation,
            }
        })
    }

    /// Takes the block of the source that ends `REACH` before the end of the history.
    pub(super) fn learn(&mut self, source: &History, heard: &History) {
        let end = source.end() - REACH as isize;
        let span = end - BLOCK as isize..end;
        if let Some(sums) = correlate(span, source, heard) {
            for (total, new) in self.total.iter_mut().flatten().zip(sums.iter().flatten()) {
                *total += f64::from(*new);
            }
            self.blocks.push_back(sums);
            if self.blocks.len() > WINDOW_BLOCKS
                && let Some(old) = self.blocks.pop_front()
            {
                for (total, old) in self.total.iter_mut().flatten().zip(old.iter().flatten()) {
                    *total -= f64::from(*old);
                }
            }
        }
        self.known = self.judge(end, source, heard);
        if let Some(known) = self.known
            && self
                .best
                .is_none_or(|best| known.correlation > best.correlation)
        {
            self.best = Some(known);
        }
    }

    /// Decides whether a leak is established, and fits its gains.
    fn judge(&mut self, end: isize, source: &History, heard: &History) -> Option<Known> {
        let correlations: [f64; LAGS] = std::array::from_fn(|i| {
            let [sxy, sxx, syy] = self.total.map(|sums| sums[i]);
            sxy / ((sxx.max(0.0) + LITTLE) * (syy.max(0.0) + LITTLE)).sqrt()
        });
        let best = |lags: &mut dyn Iterator<Item = usize>| {
            lags.max_by(|a, b| correlations[*a].total_cmp(&correlations[*b]))
        };
        let peak = best(&mut (0..LAGS))?;
        let other = best(&mut (0..LAGS).filter(|i| i.abs_diff(peak) > PEAK_WIDTH));
        let correlation = correlations[peak];
        let distinct = other.is_none_or(|i| correlation - correlations[i] >= DISTINCT);
        // Chance correlates little sound more than much.
        let chance = CHANCE / (self.total[1][peak].max(0.0) + LITTLE).sqrt();
        let wanted = ESTABLISHED + chance;
        let kept = self.known.is_some() && correlation >= KEPT * wanted;
        if !distinct || (correlation < wanted && !kept) {
            self.counted.clear();
            *self.gains = [[0; GAIN_BINS]; BANDS];
            return None;
        }
        // A lag that moved a little keeps its histograms: the source is taken over three frames.
        let lag = MIN_LAG + peak as isize;
        if self.counted.is_empty() || (lag - self.lag).abs() > 1 {
            self.counted.clear();
            *self.gains = [[0; GAIN_BINS]; BANDS];
            self.lag = lag;
            let first = source.first() + HISTORY_MARGIN as isize;
            let first = first.max(end - (GAIN_BLOCKS * BLOCK) as isize);
            let mut from = end;
            while from - BLOCK as isize >= first {
                from -= BLOCK as isize;
            }
            while from < end {
                self.count(from, source, heard);
                from += BLOCK as isize;
            }
        } else {
            self.count(end - BLOCK as isize, source, heard);
        }
        let gain = self.fit()?;
        Some(Known {
            lag: self.lag,
            correlation,
            gain,
        })
    }

    /// Counts the gains of the block of source frames that begins with `from`.
    fn count(&mut self, from: isize, source: &History, heard: &History) {
        let mut new = Box::new([[0u16; GAIN_BINS]; BANDS]);
        let mut any = false;
        for t in from..from + BLOCK as isize {
            let (Some(s), Some(h)) = (source.smeared(t), heard.bands(t + self.lag)) else {
                continue;
            };
            for b in 0..BANDS {
                let gain = h[b] - s[b];
                if s[b] > source.noise[b] + ABOVE_DB + 3.0
                    && h[b] > heard.noise[b] + ABOVE_DB
                    && (MIN_GAIN_DB..MAX_GAIN_DB).contains(&gain)
                {
                    let bin = (gain - MIN_GAIN_DB) as usize;
                    new[b][bin.min(GAIN_BINS - 1)] += 1;
                    any = true;
                }
            }
        }
        if !any {
            return;
        }
        let totals = self.gains.iter_mut().flatten();
        for (total, new) in totals.zip(new.iter().flatten()) {
            *total += new;
        }
        self.counted.push_back(new);
        if self.counted.len() > GAIN_BLOCKS
            && let Some(old) = self.counted.pop_front()
        {
            let totals = self.gains.iter_mut().flatten();
            for (total, old) in totals.zip(old.iter().flatten()) {
                *total -= old;
            }
        }
    }

    /// Returns the gains: the lowest pile of each band, the median of the others where there is none.
    fn fit(&self) -> Option<Bands> {
        let piles: [Option<f32>; BANDS] = std::array::from_fn(|b| lowest_pile(&self.gains[b]));
        let mut known: Vec<f32> = piles.iter().flatten().copied().collect();
        known.sort_by(f32::total_cmp);
        let median = *known.get(known.len() / 2)?;
        Some(piles.map(|pile| pile.unwrap_or(median)))
    }
}

impl Known {
    /// Returns what the frames of `span` hold on the channel that hears.
    pub(super) fn classify(
        &self,
        back: Option<Known>,
        span: Range<isize>,
        source: &History,
        heard: &History,
    ) -> Vec<Content> {
        let lows = heard.lows(span.start);
        let own_floor: Bands = std::array::from_fn(|b| {
            let steady = lows[b] + ABOVE_LOW_DB;
            OWN_MIN_DBFS.max(steady).max(heard.loud[b] - SPREAD_DB)
        });
        // The excess is smoothed over five frames: begin two early, end two late.
        let around = SMOOTH as isize;
        let around = span.start - around..span.end + around;
        let voice = voice(
            self,
            back.as_ref(),
            around.start - self.lag..around.end - self.lag,
            source,
            heard,
        );
        let judged: Vec<Judged> = around
            .zip(&voice)
            .map(|(t, voice)| Judged::of(self, voice, t, heard, &own_floor))
            .collect();
        let contents = judged.windows(2 * SMOOTH + 1).map(|near| {
            let judged = &near[SMOOTH];
            if judged.sounding == 0 || (judged.weight == 0.0 && !judged.audible) {
                return Content::Nothing;
            }
            let (sum, weight) = near.iter().fold((0.0, 0.0), |(sum, weight), j| {
                (sum + j.excess, weight + j.weight)
            });
            let strong: u32 = near.iter().map(|j| j.strong).sum();
            let mean = sum / weight.max(1e-3);
            if (!judged.audible && weight > 0.0) || mean > OWN_MEAN_DB || strong >= OWN_BANDS {
                Content::Own
            } else {
                Content::Leak
            }
        });
        contents.collect()
    }
}

/// How a frame compares with what the leak would make it.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    /// Bands above the channel's noise.
    sounding: u32,
    /// Sum over them of how far they are above it, and of that times level − prediction, in dB.
    weight: f32,
    excess: f32,
    /// Bands far above the prediction.
    strong: u32,
    /// Whether the leak must be heard at all.
    audible: bool,
}

impl Judged {
    fn of(known: &Known, s: &Bands, t: isize, heard: &History, own_floor: &Bands) -> Judged {
        let Some(h) = heard.bands(t) else {
            return Judged::default();
        };
        let mut judged = Judged::default();
        for b in 0..BANDS {
            let floor = heard.noise[b] + ABOVE_DB;
            let leak = known.gain[b] + s[b];
            judged.audible |= leak > floor - AUDIBLE_DB;
            if h[b] > floor {
                let excess = h[b] - leak.max(floor - AUDIBLE_DB);
                judged.sounding += 1;
                // What the leak explains counts from the noise up, more only where it can be a voice.
                let own = excess > OWN_MEAN_DB;
                let weight = if own && h[b] < own_floor[b] {
                    0.0
                } else {
                    (h[b] - floor).min(WEIGHT_MAX_DB)
                };
                judged.weight += weight;
                judged.excess += weight * excess.clamp(-10.0, 20.0);
                judged.strong += u32::from(excess > STRONG_DB && weight > 0.0);
            }
        }
        judged
    }
}

/// Returns the source's own voice over `span`, smeared: without the echo of what the other side says.
///
/// Where both sides hear each other, the source's channel holds an echo of the voice it shall explain.
fn voice(
    known: &Known,
    back: Option<&Known>,
    span: Range<isize>,
    source: &History,
    heard: &History,
) -> Vec<Bands> {
    let silence = [FLOOR_DBFS; BANDS];
    let Some(back) = back else {
        let smeared = span.map(|t| source.smeared(t).copied().unwrap_or(silence));
        return smeared.collect();
    };
    let early = span.start - TAIL_FRAMES;
    // What the other side says itself: more than it hears of the source.
    let said = (early - back.lag - TAIL_FRAMES - 1..span.end + 2 - back.lag).map(|t| {
        let Some(bands) = heard.bands(t) else {
            return silence;
        };
        let leak = source.smeared(t - known.lag).unwrap_or(&silence);
        above(bands, leak, &known.gain)
    });
    let echoed = smear(said);
    let own = (early - 1..span.end + 1).map(|t| {
        let Some(bands) = source.bands(t) else {
            return silence;
        };
        let echo = usize::try_from(t - early + TAIL_FRAMES).ok();
        above(
            bands,
            echo.and_then(|i| echoed.get(i)).unwrap_or(&silence),
            &back.gain,
        )
    });
    smear(own).split_off(TAIL_FRAMES as usize)
}

/// Returns the bands that are clearly above what leaks into them.
fn above(bands: &Bands, source: &Bands, gain: &Bands) -> Bands {
    std::array::from_fn(|b| {
        let leak = source[b] + gain[b];
        if bands[b] > leak + ECHO_DB {
            bands[b]
        } else {
            FLOOR_DBFS
        }
    })
}

/// Returns frames with what of earlier ones lasts and what the next begins; without the first and
/// the last.
fn smear(frames: impl Iterator<Item = Bands>) -> Vec<Bands> {
    let mut frames = frames;
    let (Some(mut last), Some(mut this)) = (frames.next(), frames.next()) else {
        return Vec::new();
    };
    let mut tail = last;
    let smeared = frames.map(|next| {
        tail = std::array::from_fn(|b| this[b].max(last[b]).max(tail[b] - TAIL_DB));
        let smeared = std::array::from_fn(|b| tail[b].max(next[b]));
        (last, this) = (this, next);
        smeared
    });
    smeared.collect()
}

/// Compares the rises and falls of both sides' levels; `None` when the source does not sound.
fn correlate(span: Range<isize>, source: &History, heard: &History) -> Option<Box<Sums>> {
    let mut sums = Box::new([[0.0; LAGS]; 3]);
    let mut any = false;
    for t in span.step_by(CORRELATED_EVERY) {
        for g in 0..GROUPS {
            let (x, level) = match source.group(g, t, 1) {
                Some((&[x], &[level])) if x != 0.0 => (x, level),
                _ => continue,
            };
            let Some((ys, levels)) = heard.group(g, t + MIN_LAG, LAGS) else {
                continue;
            };
            // Arrays, so that the lags are taken several at once.
            let (Some(ys), Some(levels)) = (ys.first_chunk::<LAGS>(), levels.first_chunk::<LAGS>())
            else {
                continue;
            };
            any = true;
            let quieter = level + MAX_GAIN_DB;
            let [sxy, sxx, syy] = &mut *sums;
            for i in 0..LAGS {
                // What is louder than a leak can be tells nothing.
                let counts = if levels[i] < quieter { 1.0 } else { 0.0 };
                let (x, y) = (counts * x, counts * ys[i]);
                sxy[i] += x * y;
                sxx[i] += x * x;
                syy[i] += y * y;
            }
        }
    }
    any.then_some(sums)
}

/// Returns the middle of the lowest pile of a histogram, in dB.
fn lowest_pile(counts: &[u16; GAIN_BINS]) -> Option<f32> {
    let near: [u32; GAIN_BINS] = std::array::from_fn(|bin| {
        let from = bin.saturating_sub(2);
        let to = (bin + 3).min(GAIN_BINS);
        counts[from..to].iter().map(|c| u32::from(*c)).sum()
    });
    let most = near.iter().copied().max()?;
    if most < PILE {
        return None;
    }
    // From the first bin that is a good part of the largest pile, climb to the top nearby.
    let enough = PILE_SHARE * f64::from(most);
    let first = near.iter().position(|count| f64::from(*count) >= enough)?;
    let top = (first..(first + 6).min(GAIN_BINS))
        .rev()
        .max_by_key(|bin| near[*bin])?;
    Some(MIN_GAIN_DB + top as f32 + 0.5)
}
