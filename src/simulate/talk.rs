//! Who speaks when.
//!
//! The talk is a chain of turns. A turn is a few *inter-pausal units* (stretches of speech of one
//! side without a pause of 0.2 s) with pauses between them; the next turn begins a *floor-transfer
//! offset* after its end, which is negative when it begins early. On that chain come backchannels,
//! barge-ins, silences while the agent works, and holds.
//!
//! Everything is laid in whole milliseconds of the call clock.
//!
//! # Sources
//!
//! The shapes are our reading of these papers; they study friendly conversation, mostly not in
//! Russian, and we know of no such figures for contact centres.
//!
//! * Heldner & Edlund 2010, "Pauses, gaps and overlaps in conversations", J. Phonetics 38:555–568:
//!   about 40 % of the between-speaker intervals are overlaps; pauses and gaps are skewed to the
//!   right, near log-normal; pauses last somewhat longer than gaps.
//! * Stivers et al. 2009, "Universals and cultural variation in turn-taking in conversation", PNAS
//!   106:10587–10592: over ten languages answers come about 200 ms after the question on average.
//! * Levinson & Torreira 2015, "Timing in turn-taking and its implications for processing models of
//!   language", Front. Psychol. 6:731: the mode of the offset is about 200 ms; overlaps are short,
//!   with a median of about 200 ms, and fill less than 5 % of the talk. (Barge-ins, of which friends
//!   make fewer, bring ours to about 6 %.)
//! * Brown et al. 2005, "Statistical analysis of a telephone call center", JASA 100:36–50: service
//!   times of a bank's calls are log-normal.

use super::SimulationSettings;
use super::random::Random;
use crate::call::{Side, Sides};
use crate::timeline::{Segment, Span, Time, Timeline};

/// Silence of one side shorter than this belongs to its speech: the bound of an inter-pausal unit.
pub(super) const UNIT_BOUND: Span = Span::from_millis(200);

/// The chance that a next turn begins before the last has ended, for a side of ordinary latency.
/// With the barge-ins it makes about 40 % of the between-speaker intervals overlaps.
const EARLY: f64 = 0.40;
/// Median (s) and deviation of the logarithm of an early start. Levinson & Torreira: about 0.2 s.
const OVERLAP: (f64, f64) = (0.22, 0.75);
/// The same of a late start. The mode of a log-normal is median · exp(−σ²): 0.30 · e^−0.42 ≈ 0.2 s; the
/// latencies of the sides widen the tail.
const GAP: (f64, f64) = (0.30, 0.65);
/// The same of a pause inside a turn, counted from the bound of an inter-pausal unit up.
const PAUSE: (f64, f64) = (0.35, 0.75);
/// The same of an inter-pausal unit's length. Our guess: 5 to 8 syllables.
const UNIT: (f64, f64) = (1.25, 0.62);
/// Mean seconds of the other's speech between two backchannels of a listener. Our guess.
const BACKCHANNEL_EVERY: f64 = 14.0;
/// Median (s) and deviation of the logarithm of a silence while the agent works. Our guess.
const WORK: (f64, f64) = (6.5, 0.60);

/// How one side talks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Words per second of speech.
    pub(super) words_per_s: f64,
    /// Mean inter-pausal units in a turn.
    pub(super) units_per_turn: f64,
    /// Factor on the gap before this side's turns.
    pub(super) latency: f64,
    /// Chance to barge into a turn of the other side.
    pub(super) barge_in: f64,
    /// Chance of a silence at work after a turn (the agent's alone).
    pub(super) silence: f64,
}

/// A talk: who spoke when, and when the customer was on hold.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) speech: Sides<Timeline>,
    pub(super) holds: Vec<Segment>,
    pub(super) duration: Span,
}

/// A stretch of time in milliseconds of the call clock.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    end: i64,
}

impl Stretch {
    fn length(self) -> i64 {
        self.end - self.start
    }

    fn segment(self) -> Option<Segment> {
        let time = |ms| Time::ZERO + Span::from_millis(ms);
        Segment::new(time(self.start), time(self.end))
    }
}

/// How a turn ended.
enum Ending {
    /// On its own.
    Own,
    /// The other side took the floor at this instant and kept it.
    TakenAt(i64),
}

/// Draws a talk.
pub(super) fn converse(
    settings: &SimulationSettings,
    manners: &Sides<Manner>,
    random: &mut Random,
) -> Talk {
    let mut floor = Floor {
        manners,
        random,
        units: Sides::default(),
        latest: 0,
    };
    let wanted = floor.wanted_ms(settings.mean_talk_s);
    let mut holds_at = floor.plan_holds(settings);
    let mut holds = Vec::new();
    // Time that is neither speech nor turn-taking, and so does not count towards `wanted`.
    let mut idle = 0;
    // The agent greets first.
    let (mut side, mut start) = (Side::Agent, floor.ms(0.3, 1.5));
    let mut first_unit = floor.ms(1.6, 3.2);
    loop {
        let ending = floor.turn(side, start, first_unit);
        first_unit = 0;
        if let Ending::TakenAt(at) = ending {
            // Long enough to outlast the overlap and to be no backchannel.
            (side, start, first_unit) = (side.other(), at, floor.ms(2.0, 3.5));
            continue;
        }
        // A "yes" said early may be over before the other side has finished.
        let end = floor.latest;
        let progress = (end - idle) as f64 / wanted as f64;
        if progress >= 1.0 && side == Side::Agent {
            let duration = floor.close(end);
            return floor.talk(holds, duration);
        }
        if side == Side::Agent && holds_at.last().is_some_and(|at| progress >= *at) {
            holds_at.pop();
            // The median of the truncated draw stays the one set.
            let length = floor.random.log_normal(settings.median_hold_s, 0.7);
            let length = (length.clamp(5.0, 1_200.0) * 1_000.0) as i64;
            let from = end + floor.ms(0.4, 1.2);
            holds.extend(
                Stretch {
                    start: from,
                    end: from + length,
                }
                .segment(),
            );
            start = from + length + floor.ms(0.2, 0.8);
            idle += start - end;
        } else if side == Side::Agent && floor.random.chance(manners.agent.silence) {
            let silence = floor.random.log_normal(WORK.0, WORK.1).clamp(1.0, 45.0);
            start = end + (silence * 1_000.0) as i64;
            idle += start - end;
        } else {
            side = side.other();
            start = end + floor.offset(side, end);
        }
    }
}

/// The talk while it is being laid.
struct Floor<'a> {
    manners: &'a Sides<Manner>,
    random: &'a mut Random,
    units: Sides<Vec<Stretch>>,
    /// The end of all speech laid so far, in milliseconds.
    latest: i64,
}

impl Floor<'_> {
    /// Draws evenly between two lengths in seconds; returns milliseconds.
    fn ms(&mut self, low: f64, high: f64) -> i64 {
        (self.random.between(low, high) * 1_000.0) as i64
    }

    /// Draws a log-normal length between bounds, all in seconds; returns milliseconds.
    fn length(&mut self, (median, sigma): (f64, f64), low: f64, high: f64) -> i64 {
        (self.random.log_normal(median, sigma).clamp(low, high) * 1_000.0) as i64
    }

    /// Draws how long the talk shall be, in milliseconds.
    fn wanted_ms(&mut self, mean: f64) -> i64 {
        const SIGMA: f64 = 0.55;
        // The mean of a log-normal is median · exp(σ²/2).
        let median = mean * (-SIGMA * SIGMA / 2.0).exp();
        self.length((median, SIGMA), 0.3 * mean, 4.5 * mean)
    }

    /// Draws at which shares of the talk holds begin, the last one first.
    fn plan_holds(&mut self, settings: &SimulationSettings) -> Vec<f64> {
        let mut holds = Vec::new();
        let mut again = settings.with_hold;
        while holds.len() < 6 && self.random.chance(again) {
            holds.push(self.random.between(0.15, 0.9));
            again = 0.35;
        }
        holds.sort_by(|a, b| b.total_cmp(a));
        holds
    }

    /// Draws the offset from the end of the last turn to the start of the next, in milliseconds.
    fn offset(&mut self, next: Side, end: i64) -> i64 {
        let latency = self.manners.get(next).latency;
        if !self.random.chance(EARLY / latency.sqrt()) {
            let median = GAP.0 * latency;
            return self.length((median, GAP.1), 0.01, 6.0);
        }
        let overlap = self.length(OVERLAP, 0.02, 1.2);
        // Nobody starts before the other's last unit is well under way.
        let last = self.units.get(next.other()).last();
        let room = last.map_or(0, |unit| (end - unit.start) * 2 / 5);
        -overlap.min(room)
    }

    /// Lays a turn and what the listener says under it.
    fn turn(&mut self, side: Side, start: i64, first_unit: i64) -> Ending {
        let mut turn = self.draw_units(side, start, first_unit);
        let listener = side.other();
        let ending = self.barge_in(&mut turn, listener);
        for i in 0..turn.len() {
            let unit = turn[i];
            let is_last = i + 1 == turn.len();
            let spacing = BACKCHANNEL_EVERY * 1_000.0;
            let likely = 1.0 - (-(unit.length() as f64) / spacing).exp();
            if unit.length() < 1_500 || !self.random.chance(likely) {
                continue;
            }
            let at = unit.start + (unit.length() as f64 * self.random.between(0.4, 0.8)) as i64;
            let length = self.length((0.38, 0.30), 0.20, 0.80);
            // The speaker goes on after it.
            if !is_last || at + length + 200 < unit.end {
                self.say(
                    listener,
                    Stretch {
                        start: at,
                        end: at + length,
                    },
                );
            }
        }
        for unit in turn {
            self.say(side, unit);
        }
        ending
    }

    fn say(&mut self, side: Side, unit: Stretch) {
        self.latest = self.latest.max(unit.end);
        self.units.get_mut(side).push(unit);
    }

    /// Draws the units of a turn.
    fn draw_units(&mut self, side: Side, start: i64, first_unit: i64) -> Vec<Stretch> {
        let mean = self.manners.get(side).units_per_turn;
        // One turn in four is a word or two: "да", "хорошо".
        if first_unit == 0 && self.random.chance(0.25) {
            let end = start + self.length((0.45, 0.35), 0.25, 0.9);
            return vec![Stretch { start, end }];
        }
        let mut units = Vec::new();
        let mut at = start;
        loop {
            let length = self.length(UNIT, 0.30, 7.0);
            let length = if units.is_empty() {
                length.max(first_unit)
            } else {
                length
            };
            units.push(Stretch {
                start: at,
                end: at + length,
            });
            // A geometric number of units of the given mean.
            if !self.random.chance(1.0 - 1.0 / mean.max(1.0)) || units.len() == 20 {
                return units;
            }
            at += length + UNIT_BOUND.nanos() / 1_000_000 + self.length(PAUSE, 0.01, 2.4);
        }
    }

    /// Lets the listener barge into a turn, perhaps. Who yields stops after the overlap.
    fn barge_in(&mut self, turn: &mut Vec<Stretch>, listener: Side) -> Ending {
        let Some(end) = turn.last().map(|u| u.end) else {
            return Ending::Own;
        };
        if !self.random.chance(self.manners.get(listener).barge_in) {
            return Ending::Own;
        }
        // It takes a unit long enough to be under way, and to be cut.
        let Some(i) = turn.iter().position(|u| u.length() >= 1_700) else {
            return Ending::Own;
        };
        let unit = turn[i];
        let at = unit.start + self.ms(0.7, 1.0);
        let overlap = self.ms(0.3, 1.2).min(unit.end - at - 100);
        let tried = self.ms(1.3, 2.0);
        if self.random.chance(0.35) && at + tried + 300 < end {
            self.say(
                listener,
                Stretch {
                    start: at,
                    end: at + tried,
                },
            );
            return Ending::Own;
        }
        turn.truncate(i + 1);
        turn[i].end = at + overlap;
        Ending::TakenAt(at)
    }

    /// Lays the leave-taking; returns the length of the recording.
    fn close(&mut self, end: i64) -> Span {
        let mut end = end;
        for side in [Side::Customer, Side::Agent, Side::Customer] {
            let start = end + self.length(GAP, 0.05, 1.5);
            end = start + self.ms(0.7, 1.6);
            self.say(side, Stretch { start, end });
        }
        Span::from_millis(end + self.ms(0.3, 1.5))
    }

    /// Puts what was laid into normal form, with pauses of at least the unit's bound.
    fn talk(self, holds: Vec<Segment>, duration: Span) -> Talk {
        let speech = self.units.map(|units| {
            let units = units.into_iter().filter_map(Stretch::segment);
            units.collect::<Timeline>().bridge(UNIT_BOUND)
        });
        Talk {
            speech,
            holds,
            duration,
        }
    }
}
