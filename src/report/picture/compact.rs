//! The compact form: the whole call in one row, what was before it on its left.
//!
//! Kinds are rows of bars, each row one path, on whole pixels, or on every second or fourth where there
//! would be too many bars: so the picture stays below its size however often the two speak.

use super::Sheet;
use super::before::placed;
use super::full::axis;
use super::kinds::{Interval, Kind, Place};
use super::levels::steps;
use super::scene::Scene;
use super::shapes::rect;
use crate::call::Side;
use crate::timeline::{Span, Time};
use std::fmt::Write;

/// Width of all but the margins.
const WIDTH: f64 = 420.0;
const MARGIN: f64 = 16.0;
/// Of the width at most so much is of what was before.
const BEFORE_MOST: f64 = 150.0;
const LEVEL: f64 = 20.0;
const BETWEEN: f64 = 8.0;
const STRIP: f64 = 4.0;
const AXIS: f64 = 20.0;
/// Columns of the levels in the whole width.
const COLUMNS: i64 = 350;
/// The most bars, and the steps of pixels that they may stand on; at the last there are fewer.
const BARS_MOST: usize = 600;
const GRIDS: [f64; 3] = [1.0, 2.0, 4.0];

/// Kinds drawn in the lanes behind the level, and between them; phases and the transcript's utterances
/// are too fine here.
const BEHIND: [Kind; 2] = [Kind::Speech, Kind::Hold];
const BETWEEN_LANES: [Kind; 3] = [Kind::Silence, Kind::Episode, Kind::Overlap];

/// Returns the length of a column.
pub(super) fn column(whole: Span) -> Span {
    Span::from_nanos(whole.nanos() / COLUMNS + 1)
}

/// Draws the scene.
pub(super) fn sheet(scene: &Scene) -> Sheet {
    let lang = scene.lang;
    let seconds = scene.whole.duration().seconds();
    let waited: f64 = scene.before.iter().map(|stay| stay.length.seconds()).sum();
    // All at one scale, if that leaves the call its room.
    let before = (WIDTH * waited / (seconds + waited)).min(BEFORE_MOST);
    let left = MARGIN + before;
    let width = WIDTH - before;
    let per_second = width / seconds;
    let x = |time: Time| left + (time - scene.whole.start()).seconds() * per_second;
    let bars = |intervals: &[Interval], kind: Kind, grid: f64| {
        let of_kind = intervals.iter().filter(|i| i.kind == kind);
        joined(of_kind.filter_map(|interval| {
            let part = interval.segment.intersection(scene.whole)?;
            let on_grid = |time| (grid * (x(time) / grid).round()) as i64;
            let (from, to) = (on_grid(part.start()), on_grid(part.end()));
            Some((from, to.max(from + grid as i64)))
        }))
    };
    let count = |grid: f64| -> usize {
        let of = |intervals, kinds: &[Kind]| -> usize {
            kinds
                .iter()
                .map(|kind| bars(intervals, *kind, grid).len())
                .sum()
        };
        let lanes = Side::BOTH.map(|side| of(&scene.lanes.get(side).intervals, &BEHIND));
        lanes.iter().sum::<usize>() + of(&scene.between, &BETWEEN_LANES)
    };
    let grid = GRIDS.into_iter().find(|grid| count(*grid) <= BARS_MOST);
    let grid = grid.unwrap_or(GRIDS[GRIDS.len() - 1]);
    let top = STRIP + 2.0;
    let upper = top + LEVEL;
    let lower = upper + BETWEEN;
    let bottom = lower + LEVEL;
    let mut body = String::new();
    for stay in placed(&scene.before, per_second, before, left) {
        body += &stay.draw((top, bottom - top), lang);
    }
    for kind in BETWEEN_LANES {
        let bars = bars(&scene.between, kind, grid);
        let (class, place) = kind.look();
        let (y, height) = match (kind, place) {
            // A frame would be too fine: a line along the lower lane.
            (Kind::Episode, _) => (lower - 1.0, 2.0),
            (_, Place::Between(share)) => (upper + BETWEEN / 2.0, share * BETWEEN),
            _ => (upper + BETWEEN / 2.0, BETWEEN),
        };
        body += &row_of_bars(class, &bars, y, height);
    }
    for (side, base, up) in [(Side::Agent, upper, -1.0), (Side::Customer, lower, 1.0)] {
        let lane = scene.lanes.get(side);
        let _ = writeln!(body, "<g class=\"{side}\">");
        let ground = if up < 0.0 { base - LEVEL } else { base };
        body += &rect("ground", left, ground, width, LEVEL, "");
        for kind in BEHIND {
            let bars = bars(&lane.intervals, kind, grid);
            let (y, height) = match kind {
                Kind::Hold => (base + up * (LEVEL + STRIP / 2.0), STRIP),
                _ => (base + up * LEVEL / 2.0, LEVEL),
            };
            body += &row_of_bars(kind.look().0, &bars, y, height);
        }
        if !lane.levels.is_empty() {
            let step = per_second * scene.column.seconds();
            body += &steps(&lane.levels, (left, base), (step, 0.5), LEVEL, up);
        }
        body += "</g>\n";
    }
    body += &axis(scene.whole, bottom + STRIP, x, (46.0, lang));
    Sheet {
        width: WIDTH + 2.0 * MARGIN,
        height: bottom + STRIP + AXIS + 2.0,
        body,
    }
}

/// Joins bars that overlap or touch.
fn joined(bars: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> = bars.collect();
    sorted.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in sorted {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Draws bars as one stroke around the height `y`.
fn row_of_bars(class: &str, bars: &[(i64, i64)], y: f64, height: f64) -> String {
    let Some((first, _)) = bars.first() else {
        return String::new();
    };
    let mut path = format!("M{first} {y:.1}");
    let mut at = *first;
    for (from, to) in bars {
        if *from > at {
            let _ = write!(path, "m{} 0", from - at);
        }
        let _ = write!(path, "h{}", to - from);
        at = *to;
    }
    format!("<path class=\"bars {class}\" stroke-width=\"{height:.1}\" d=\"{path}\"/>\n")
}
