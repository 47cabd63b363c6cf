//! The compact form: the whole call in one row, what was before it on its left.
//!
//! Kinds are rows of bars, each one path, on whole pixels: however often the two speak, there are no more
//! bars than half the pixels, and the picture stays below its size.

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

/// Kinds drawn in the lanes behind the level, and between them; phases and the transcript's utterances
/// are too fine here.
const BEHIND: [Kind; 2] = [Kind::Speech, Kind::Hold];
const BETWEEN_LANES: [Kind; 3] = [Kind::Silence, Kind::Episode, Kind::Overlap];

/// Returns the length of a column: at least a pixel of the widest.
pub(super) fn column(whole: Span) -> Span {
    Span::from_nanos(whole.nanos() / WIDTH as i64 + 1)
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
    let bar = |interval: &Interval| {
        let part = interval.segment.intersection(scene.whole)?;
        let (from, to) = (x(part.start()).round(), x(part.end()).round());
        Some((from as i64, (to as i64).max(from as i64 + 1)))
    };
    let top = STRIP + 2.0;
    let upper = top + LEVEL;
    let lower = upper + BETWEEN;
    let bottom = lower + LEVEL;
    let mut body = String::new();
    for stay in placed(&scene.before, per_second, before, left) {
        body += &stay.draw((top, bottom - top), lang);
    }
    for kind in BETWEEN_LANES {
        let bars = joined(
            scene
                .between
                .iter()
                .filter(|i| i.kind == kind)
                .filter_map(bar),
        );
        let (class, place) = kind.look();
        let share = match place {
            Place::Between(share) => share,
            _ => 1.0,
        };
        // An episode is a frame around what it spans: here it is that whole height.
        let height = if kind == Kind::Episode {
            2.0
        } else {
            share * BETWEEN
        };
        let y = if kind == Kind::Episode {
            lower - 1.0
        } else {
            upper + BETWEEN / 2.0
        };
        body += &row_of_bars(class, &bars, y, height);
    }
    for (side, base, up) in [(Side::Agent, upper, -1.0), (Side::Customer, lower, 1.0)] {
        let lane = scene.lanes.get(side);
        let _ = writeln!(body, "<g class=\"{side}\">");
        let ground = if up < 0.0 { base - LEVEL } else { base };
        body += &rect("ground", left, ground, width, LEVEL, "");
        for kind in BEHIND {
            let bars = joined(
                lane.intervals
                    .iter()
                    .filter(|i| i.kind == kind)
                    .filter_map(bar),
            );
            let (y, height) = match kind {
                Kind::Hold => (base + up * (LEVEL + STRIP / 2.0), STRIP),
                _ => (base + up * LEVEL / 2.0, LEVEL),
            };
            body += &row_of_bars(kind.look().0, &bars, y, height);
        }
        if !lane.levels.is_empty() {
            let step = per_second * scene.column.seconds();
            body += &steps(&lane.levels, (left, base), step, LEVEL, up);
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
