//! Draws a call as SVG: two lanes of level over time, and intervals with a kind.
//!
//! The agent's level grows upwards and the customer's downwards from a strip between them, so that
//! what happens at once stands together. A new kind of interval is a variant of [`Kind`] and a row
//! of [`Kind::look`]; the legend and the heights of the lanes follow.
//!
//! # Conventions
//!
//! * Levels are in dBFS, one for each column of `column` length from the start of `whole` on.
//! * Lengths are in pixels of the picture as it is drawn.

use super::kinds::{Interval, Kind, Place};
use super::shapes::{escaped, mark, rect, shortened, text_at};
use super::style::STYLE;
use callcsi::call::{Side, Sides};
use callcsi::timeline::{Segment, Span, Time};
use std::fmt::Write;

/// One side of the call.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    pub levels: Vec<f64>,
    pub intervals: Vec<Interval>,
}

/// A call to draw.
#[derive(Clone, Debug)]
pub struct Picture {
    pub title: String,
    pub subtitle: String,
    /// What is drawn of the call.
    pub whole: Segment,
    /// Length of a row.
    pub row: Span,
    /// Length of a column of the levels.
    pub column: Span,
    pub lanes: Sides<Lane>,
    /// What is of both sides, between the lanes.
    pub between: Vec<Interval>,
}

/// Width of a whole row.
pub const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 26.0;
const LEVEL: f64 = 52.0;
const LINE: f64 = 7.0;
const STRIP: f64 = 15.0;
const BETWEEN: f64 = 18.0;
const AXIS: f64 = 20.0;
const ROW_GAP: f64 = 14.0;
/// The level at the base of a lane; the idle noise of a G.711 line, −72 dBFS, stays below it.
const FLOOR_DBFS: f64 = -66.0;
/// A character of a small label is no wider than this: no font is measured.
const LETTER: f64 = 6.2;

impl Picture {
    /// Returns the picture as a document.
    pub fn svg(&self) -> String {
        let (legend, top) = self.legend();
        let mut body = String::new();
        let mut y = top;
        let mut start = self.whole.start();
        while let Some(row) = Segment::new(start, self.whole.end().min(start + self.row)) {
            body += &self.draw_row(row, y);
            y += self.row_height();
            start = row.end();
        }
        let width = LEFT + WIDTH + RIGHT;
        let (title, subtitle) = (escaped(&self.title), escaped(&self.subtitle));
        let head = escaped(&shortened(&self.title, (WIDTH / 9.0) as usize));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" \
             width=\"{width}\" height=\"{y}\" role=\"img\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{y}\"/>\n\
             <text class=\"head\" x=\"{LEFT}\" y=\"26\">{head}</text>\n\
             <text x=\"{LEFT}\" y=\"45\">{subtitle}</text>\n{legend}{body}</svg>\n"
        )
    }

    /// Returns what is drawn of both sides and between them.
    fn intervals(&self) -> impl Iterator<Item = &Interval> {
        let Sides { agent, customer } = &self.lanes;
        let of_sides = agent.intervals.iter().chain(&customer.intervals);
        let all = of_sides.chain(&self.between);
        all.filter(|i| i.segment.intersection(self.whole).is_some())
    }

    /// Returns the height of a line of boxes: none where no interval stands in it.
    fn height_of(&self, place: Place, height: f64) -> f64 {
        let is_there = self.intervals().any(|i| i.kind.look().1 == place);
        if is_there { height } else { 0.0 }
    }

    /// Returns the height of what stands outside the level: the line, and the strip.
    fn outside(&self) -> (f64, f64) {
        let line = self.height_of(Place::Line, LINE);
        (line, self.height_of(Place::Strip, STRIP))
    }

    fn row_height(&self) -> f64 {
        let (line, strip) = self.outside();
        2.0 * (LEVEL + line + strip) + BETWEEN + AXIS + ROW_GAP
    }

    /// Returns the legend of the kinds that there are, and where it ends.
    fn legend(&self) -> (String, f64) {
        let (mut out, mut x, mut y) = (String::new(), LEFT, 64.0);
        let note = format!("height: level from {FLOOR_DBFS:.0} to 0 dBFS");
        let there = |kind: &Kind| self.intervals().any(|i| i.kind == *kind);
        let kinds = Kind::ALL.into_iter().filter(there).map(Some);
        for kind in kinds.chain([None]) {
            let text = kind.map_or(note.as_str(), |kind| kind.look().2);
            let width = 22.0 + LETTER * text.chars().count() as f64 + 14.0;
            if x + width > LEFT + WIDTH {
                (x, y) = (LEFT, y + 19.0);
            }
            match kind.map(Kind::look) {
                Some((class, Place::Mark, _)) => out += &mark(class, x + 8.0, y + 4.0, -1.0, ""),
                Some((class, Place::Between(_), _)) => {
                    out += &rect(class, x, y - 5.5, 16.0, 11.0, "")
                }
                // In the colour of the one side and of the other.
                Some((class, place, _)) => {
                    let height = if place == Place::Line {
                        LINE - 2.0
                    } else {
                        11.0
                    };
                    for (side, x) in [(Side::Agent, x), (Side::Customer, x + 8.0)] {
                        let rect = rect(class, x, y - height / 2.0, 8.0, height, "");
                        let _ = write!(out, "<g class=\"{side}\">{rect}</g>");
                    }
                }
                None => x -= 22.0,
            }
            out += &text_at(x + 22.0, y + 4.0, "start", text);
            x += width;
        }
        (out, y + 22.0)
    }

    fn draw_row(&self, row: Segment, y: f64) -> String {
        let (line, strip) = self.outside();
        let per_second = WIDTH / self.row.seconds();
        let x = |time: Time| LEFT + (time - row.start()).seconds() * per_second;
        let upper = y + strip + line + LEVEL;
        let lower = upper + BETWEEN;
        let width = x(row.end()) - LEFT;
        let mut out = String::new();
        for (interval, part) in parts(&self.between, row) {
            let (x0, x1) = (x(part.start()), x(part.end()));
            let (class, place, _) = interval.kind.look();
            let height = if let Place::Between(height) = place {
                height
            } else {
                BETWEEN
            };
            let top = upper + (BETWEEN - height) / 2.0;
            out += &rect(class, x0, top, x1 - x0, height, &told(interval));
            out += &label(interval, x0, x1, upper + BETWEEN / 2.0 + 4.0);
        }
        for (side, base, up) in [(Side::Agent, upper, -1.0), (Side::Customer, lower, 1.0)] {
            let lane = self.lanes.get(side);
            let _ = writeln!(out, "<g class=\"{side}\">");
            let top = |from: f64, to: f64| base + if up < 0.0 { -to } else { from };
            out += &rect("ground", LEFT, top(0.0, LEVEL), width, LEVEL, "");
            let draw = |out: &mut String, wanted: fn(Place) -> bool| {
                for (interval, part) in parts(&lane.intervals, row) {
                    let (class, place, _) = interval.kind.look();
                    let (x0, x1) = (x(part.start()), x(part.end()));
                    let (from, to) = match place {
                        Place::Line => (LEVEL + 1.5, LEVEL + line - 0.5),
                        Place::Strip => (LEVEL + line + 1.5, LEVEL + line + strip - 0.5),
                        _ => (0.0, LEVEL),
                    };
                    let told = told(interval);
                    match place {
                        _ if !wanted(place) => {}
                        Place::Mark if part.start() > interval.segment.start() => {}
                        Place::Mark => *out += &mark(class, x0, base - up, -up, &told),
                        _ => {
                            *out += &rect(class, x0, top(from, to), x1 - x0, to - from, &told);
                            if place == Place::Strip {
                                *out += &label(interval, x0, x1, top(from, to) + 10.5);
                            }
                        }
                    }
                }
            };
            draw(&mut out, |place| place == Place::Level);
            out += &self.level(lane, row, base, up);
            draw(&mut out, |place| place != Place::Level);
            out += &text_at(
                LEFT - 8.0,
                base + up * LEVEL / 2.0 + 4.0,
                "end",
                side.name(),
            );
            out += "</g>\n";
        }
        out + &self.axis(row, lower + LEVEL + line + strip, x)
    }

    /// Draws the level of a lane as steps, which grow up or down from the base.
    fn level(&self, lane: &Lane, row: Segment, base: f64, up: f64) -> String {
        let columns = (self.row.nanos() / self.column.nanos().max(1)).max(1) as usize;
        let before = (row.start() - self.whole.start()).nanos() / self.column.nanos().max(1);
        let levels = lane
            .levels
            .iter()
            .skip(before.max(0) as usize)
            .take(columns);
        let (mut path, mut flat, mut height) = (String::new(), 0, 0);
        // In tenths of a pixel and whole columns, so that a path is short and does not drift.
        for level in levels {
            let share = (1.0 - level / FLOOR_DBFS).clamp(0.0, 1.0);
            let next = (share * LEVEL * 10.0).round() as i64;
            if next != height {
                let _ = write!(path, "h{flat}v{}", next - height);
                (flat, height) = (0, next);
            }
            flat += 1;
        }
        let step = WIDTH / columns as f64;
        format!(
            "<path class=\"level\" transform=\"translate({LEFT} {base:.1}) scale({step:.5} {})\" \
             d=\"M0 0{path}h{flat}V0z\"/>\n",
            0.1 * up
        )
    }

    fn axis(&self, row: Segment, y: f64, x: impl Fn(Time) -> f64) -> String {
        let mut out = String::from("<g class=\"faint\">\n");
        // A label is some 40 pixels wide; ticks are five to a label.
        let wanted = self.row.seconds() * 60.0 / WIDTH;
        let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];
        let step = steps.into_iter().find(|s| *s >= wanted).unwrap_or(600.0);
        let tick = step / 5.0;
        let first = (row.start().seconds() / tick - 1e-6).ceil() as i64;
        let last = (row.end().seconds() / tick + 1e-6).floor() as i64;
        for i in first..=last {
            let seconds = i as f64 * tick;
            let Some(time) = Time::from_seconds(seconds) else {
                continue;
            };
            let at = x(time);
            let long = if i % 5 == 0 { 6.0 } else { 3.0 };
            let _ = writeln!(
                out,
                "<path class=\"tick\" d=\"M{at:.1} {:.1}v{long}\"/>",
                y + 1.0
            );
            if i % 5 == 0 {
                out += &text_at(
                    at,
                    y + 17.0,
                    "middle",
                    &super::shapes::clock(seconds, step < 1.0),
                );
            }
        }
        out + "</g>\n"
    }
}

/// Returns the intervals in the order of drawing, each with its part in the row.
fn parts(intervals: &[Interval], row: Segment) -> Vec<(&Interval, Segment)> {
    let inside = |i: &'_ Interval| i.segment.intersection(row);
    let mut parts: Vec<(&Interval, Segment)> = (intervals.iter())
        .filter_map(|i| inside(i).map(|part| (i, part)))
        .collect();
    parts.sort_by_key(|(i, _)| Kind::ALL.iter().position(|kind| *kind == i.kind));
    parts
}

/// Returns what is told of an interval when it is pointed at.
fn told(interval: &Interval) -> String {
    let (start, end) = (interval.segment.start(), interval.segment.end());
    let (what, label) = (interval.kind.look().2, &interval.label);
    let gap = if label.is_empty() { "" } else { ": " };
    let times = format!("{:.2}–{:.2} s", start.seconds(), end.seconds());
    format!("{what}{gap}{label}, {times}")
}

/// Writes the label into its interval, where it fits.
fn label(interval: &Interval, x0: f64, x1: f64, y: f64) -> String {
    let needed = LETTER * interval.label.chars().count() as f64;
    let fits = needed > 0.0 && needed + 4.0 <= x1 - x0;
    let drawn = fits.then(|| text_at((x0 + x1) / 2.0, y, "middle", &interval.label));
    drawn.unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
