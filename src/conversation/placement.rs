//! Whether the two recordings of a call stand beside each other as people talk, or seconds apart.
//!
//! People in talk give way to each other: they speak at once far less than chance would have it. Where
//! one side's recording has been put seconds too early or too late nobody gives way to anybody, and at
//! the right shift they do again. That is a suspicion, and no measurement: two people who talk over each
//! other all the time give none, and it is asked of calls of two files alone.
//!
//! # How
//!
//! On a grid of 50 ms, for each shift of up to 10 s, the time in which both speak is set against what
//! two who do not hear each other would have, |A| |C| / T: the *overlap ratio*, about 1 for those, 0 for
//! those who never overlap. Suspected is a call whose ratio as it stands is at least [`LIKE_STRANGERS`]
//! of the mean over all shifts, where at another shift it is at most half of that.
//!
//! # How right it is
//!
//! The thresholds were chosen on 300 simulated calls and looked at on 15 consultations with turns by hand
//! (PriMock57). As they are, none of either is suspected. With one side 1, 2, 3, 5, 8 s off, either way, 62,
//! 88, 95, 97, 97 % of the simulated calls that have speech enough (278) are, and 6, 19, 26, 27, 30 of 30
//! consultations; from 3 s on the shift told is within half a second in four fifths of the latter. Of the
//! stereo recordings at hand one is long enough: not as it is, in all six tries from 3 s on.

use crate::call::Sides;
use crate::timeline::{Span, Time, Timeline};

/// A cell of the grid: 50 ms.
const CELL: Span = Span::from_millis(50);
/// Cells of the farthest shift: 10 s.
const FARTHEST: i64 = 200;
/// So much overlap would be expected of people who do not hear each other: 8 s, in cells. With less a
/// shift without overlap is found by chance.
const LEAST_EXPECTED: f64 = 160.0;
/// Share of the mean ratio over all shifts from which people seem not to hear each other.
const LIKE_STRANGERS: f64 = 0.6;
/// Share of the ratio as it stands that the best shift has at most.
const MUCH_LESS: f64 = 0.5;
/// The grid has at most so many cells: a day.
const MOST_CELLS: i64 = 24 * 3_600 * 20;

/// Two sides that seem to stand at the wrong times.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Misplaced {
    /// By how much the customer would have to be moved (later, where positive), to 50 ms.
    pub shift: Span,
    /// Overlap as it stands, over that of two who do not hear each other.
    pub ratio: f64,
    /// The same, shifted.
    pub ratio_shifted: f64,
}

/// Returns what is suspected of the speech of both sides on a call of that length.
pub fn misplaced(speech: &Sides<Timeline>, duration: Span) -> Option<Misplaced> {
    let cells = (duration.nanos() / CELL.nanos()).clamp(0, MOST_CELLS);
    let (agent, customer) = (
        Row::of(&speech.agent, cells),
        Row::of(&speech.customer, cells),
    );
    let expected = agent.all() as f64 * customer.all() as f64 / cells.max(1) as f64;
    if expected < LEAST_EXPECTED {
        return None;
    }
    let ratios: Vec<f64> = (-FARTHEST..=FARTHEST)
        .map(|shift| ratio(&agent, &customer, shift, cells))
        .collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let ratio = ratios[FARTHEST as usize];
    // Of equal ones the first.
    let (at, least) = (0..).zip(&ratios).min_by(|a, b| a.1.total_cmp(b.1))?;
    let shift = Span::from_nanos((at - FARTHEST) * CELL.nanos());
    (ratio >= LIKE_STRANGERS * mean && *least <= MUCH_LESS * ratio).then_some(Misplaced {
        shift,
        ratio,
        ratio_shifted: *least,
    })
}

/// Returns the overlap over that expected of chance, the customer moved by `shift` cells; 1 where there
/// is nothing to compare.
fn ratio(agent: &Row, customer: &Row, shift: i64, cells: i64) -> f64 {
    // The cells in which both have something to say.
    let (from, to) = (shift.max(0), cells.min(cells + shift));
    if to <= from {
        return 1.0;
    }
    let expected = agent.within(from, to) as f64 * customer.within(from - shift, to - shift) as f64
        / (to - from) as f64;
    if expected == 0.0 {
        return 1.0;
    }
    agent.overlap(customer, shift) as f64 / expected
}

/// Who speaks, cell by cell.
struct Row {
    /// 64 cells each.
    words: Vec<u64>,
    /// Cells before each that are spoken in.
    before: Vec<u32>,
}

impl Row {
    /// Marks the cells whose middle is spoken in.
    fn of(speech: &Timeline, cells: i64) -> Row {
        let mut words = vec![0u64; (cells as usize).div_ceil(64)];
        let mut before = vec![0u32];
        let mut segments = speech.segments().iter().peekable();
        for cell in 0..cells {
            let middle = Time::from_nanos(cell * CELL.nanos() + CELL.nanos() / 2);
            while segments.next_if(|s| s.end() <= middle).is_some() {}
            let speaks = segments.peek().is_some_and(|s| s.contains(middle));
            words[cell as usize / 64] |= u64::from(speaks) << (cell % 64);
            before.push(before.last().copied().unwrap_or(0) + u32::from(speaks));
        }
        Row { words, before }
    }

    fn all(&self) -> u32 {
        self.before.last().copied().unwrap_or(0)
    }

    /// Returns how many cells in `[from, to)` are spoken in.
    fn within(&self, from: i64, to: i64) -> u32 {
        let at = |cell: i64| self.before[(cell.max(0) as usize).min(self.before.len() - 1)];
        at(to) - at(from)
    }

    /// Returns how many cells both speak in, the other one moved later by `shift` cells.
    fn overlap(&self, other: &Row, shift: i64) -> u32 {
        let word = |at: i64| {
            let word = usize::try_from(at).ok().and_then(|at| other.words.get(at));
            word.copied().unwrap_or(0)
        };
        let (whole, bits) = (shift.div_euclid(64), shift.rem_euclid(64) as u32);
        let overlap = (0..).zip(&self.words).map(|(at, own): (i64, &u64)| {
            let mut moved = word(at - whole) << bits;
            if bits > 0 {
                moved |= word(at - whole - 1) >> (64 - bits);
            }
            (own & moved).count_ones()
        });
        overlap.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;
    use proptest::prelude::*;

    fn timeline(segments: &[(i64, i64)]) -> Timeline {
        let instant = |ms: i64| Time::from_nanos(ms * 1_000_000);
        let segments = segments.iter();
        segments
            .filter_map(|(start, end)| Segment::new(instant(*start), instant(*end)))
            .collect()
    }

    /// Turns of both sides one after the other, 1 to 6 s long with pauses of 0.3 s, the customer moved.
    fn talk(turns: usize, moved_ms: i64) -> (Sides<Timeline>, Span) {
        let (mut at, mut state) = (2_000i64, 12_345u64);
        let mut sides: [Vec<(i64, i64)>; 2] = Default::default();
        for turn in 0..turns {
            // Numerical Recipes' generator: turns of no pattern.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let length = 1_000 + (state >> 40) as i64 % 5_000;
            let by = if turn % 2 == 0 { 0 } else { moved_ms };
            sides[turn % 2].push((at + by, at + by + length));
            at += length + 300;
        }
        let speech = Sides {
            agent: timeline(&sides[0]),
            customer: timeline(&sides[1]),
        };
        (speech, Span::from_millis(at + 2_000))
    }

    #[test]
    fn people_who_take_turns_are_not_suspected() {
        let (speech, duration) = talk(60, 0);
        assert_eq!(misplaced(&speech, duration), None);
        let nobody = Sides::default();
        assert_eq!(misplaced(&nobody, duration), None);
        assert_eq!(misplaced(&speech, Span::ZERO), None);
    }

    #[test]
    fn a_side_that_was_moved_is_moved_back() {
        for moved in [-7_000, -3_000, 3_000, 7_000] {
            let (speech, duration) = talk(60, moved);
            let found = misplaced(&speech, duration).unwrap();
            // Nobody overlaps while it is moved back to within the pauses of 0.3 s.
            let off = found.shift.seconds() + moved as f64 / 1_000.0;
            assert!(off.abs() <= 0.31, "{moved}: {found:?}");
            assert_eq!(found.ratio_shifted, 0.0);
            assert!(found.ratio > 0.6, "{found:?}");
        }
    }

    #[test]
    fn too_little_speech_tells_nothing() {
        // Six turns of some 3 s each: 10 s each in 25 s, of which 4 s would overlap by chance.
        let (speech, duration) = talk(6, 4_000);
        assert_eq!(misplaced(&speech, duration), None);
    }

    proptest! {
        /// Overlap by words of 64 cells is that cell by cell.
        #[test]
        fn shifted_overlap_is_that_of_cells(
            a in prop::collection::vec((0i64..400, 1i64..60), 0..8),
            c in prop::collection::vec((0i64..400, 1i64..60), 0..8),
            shift in -250i64..250,
        ) {
            let cells = 300;
            let row = |segments: &[(i64, i64)]| {
                let ms: Vec<_> = segments.iter().map(|(s, l)| (s * 50, (s + l) * 50)).collect();
                Row::of(&timeline(&ms), cells)
            };
            let speaks = |segments: &[(i64, i64)], cell: i64| {
                (0..cells).contains(&cell)
                    && segments.iter().any(|(s, l)| (*s..s + l).contains(&cell))
            };
            let plain = (0..cells).filter(|n| speaks(&a, *n) && speaks(&c, n - shift)).count();
            prop_assert_eq!(row(&a).overlap(&row(&c), shift) as usize, plain);
            let within = (20..270).filter(|n| speaks(&a, *n)).count();
            prop_assert_eq!(row(&a).within(20, 270) as usize, within);
        }
    }
}
