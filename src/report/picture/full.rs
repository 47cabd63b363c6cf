//! The full form: rows of equal length, the first of what was before the call, and a legend.

use super::Sheet;
use super::before::placed;
use super::kinds::{Interval, Kind, Place};
use super::levels::{FLOOR_DBFS, steps};
use super::scene::{Lane, Scene, side_name};
use super::shapes::{clock, escaped, mark, rect, shortened, small_at, text_at, width_of};
use crate::call::Side;
use crate::features::Lang;
use crate::timeline::{Segment, Span, Time};
use std::fmt::Write;

/// Width of a whole row.
const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 26.0;
const LEVEL: f64 = 52.0;
const PHASE: f64 = 8.0;
const LINE: f64 = 7.0;
const STRIP: f64 = 16.0;
const BETWEEN: f64 = 18.0;
const AXIS: f64 = 20.0;
const ROW_GAP: f64 = 14.0;
/// Height of the boxes of what was before, and of the names under them.
const BEFORE: f64 = 24.0;
const NAMES: f64 = 13.0;
/// Sizes of letters, as in the style.
const SIZE: f64 = 12.0;
const SMALL: f64 = 10.0;

/// Returns the length of a column: half a pixel.
pub(super) fn column(row: Span) -> Span {
    Span::from_nanos(row.nanos() / (2 * WIDTH as i64))
}

/// Draws the scene; a head is its title and subtitle.
pub(super) fn sheet(scene: &Scene, head: bool) -> Sheet {
    let mut body = String::new();
    let mut y = 12.0;
    if head {
        let title = escaped(&shortened(&scene.title, WIDTH, 17.0));
        let _ = writeln!(
            body,
            "<text class=\"head\" x=\"{LEFT}\" y=\"26\">{title}</text>"
        );
        body += &text_at(LEFT, 45.0, "start", &scene.subtitle);
        y = 64.0;
    }
    let full = Full::new(scene);
    let (legend, mut y) = full.legend(y);
    body += &legend;
    if !scene.before.is_empty() {
        body += &full.before(&mut y);
    }
    let mut start = scene.whole.start();
    while let Some(row) = Segment::new(start, scene.whole.end().min(start + scene.row)) {
        body += &full.draw_row(row, y);
        y += full.row_height();
        start = row.end();
    }
    Sheet {
        width: LEFT + WIDTH + RIGHT,
        height: y,
        body,
    }
}

/// A scene with the heights of its lines of boxes: none where no interval stands in one.
struct Full<'a> {
    scene: &'a Scene,
    phase: f64,
    line: f64,
    strip: f64,
}

impl Full<'_> {
    fn new(scene: &Scene) -> Full<'_> {
        let height_of = |is: fn(Place) -> bool, height: f64| {
            let is_there = scene.intervals().any(|i| is(i.kind.look().1));
            if is_there { height } else { 0.0 }
        };
        Full {
            scene,
            phase: height_of(|place| matches!(place, Place::Phase(_)), PHASE),
            line: height_of(|place| place == Place::Line, LINE),
            strip: height_of(|place| place == Place::Strip, STRIP),
        }
    }

    /// Returns the height of a lane with all that stands outside the level.
    fn lane_height(&self) -> f64 {
        LEVEL + self.phase + self.line + self.strip
    }

    fn row_height(&self) -> f64 {
        2.0 * self.lane_height() + BETWEEN + AXIS + ROW_GAP
    }

    /// Returns where a box stands, from the base of its lane.
    fn extent(&self, place: Place) -> (f64, f64) {
        let (phase, line) = (LEVEL + self.phase, LEVEL + self.phase + self.line);
        match place {
            Place::Phase(from) => {
                let inner = LEVEL + 1.0 + (PHASE - 1.5) * from;
                (inner, inner + (PHASE - 1.5) / 2.0)
            }
            Place::Line => (phase + 1.5, line - 0.5),
            Place::Strip => (line + 1.5, line + self.strip - 0.5),
            _ => (0.0, LEVEL),
        }
    }

    /// Returns the legend of the kinds that there are, and where it ends.
    fn legend(&self, mut y: f64) -> (String, f64) {
        let (mut out, mut x) = (String::new(), LEFT);
        let lang = self.scene.lang;
        let kinds = Kind::ALL.into_iter().filter(|kind| self.scene.has(*kind));
        let note = self.scene.has_levels().then_some(None);
        for kind in kinds.map(Some).chain(note) {
            let text = kind.map_or_else(|| note_of(lang), |kind| kind.title(lang).to_owned());
            let width = 22.0 + width_of(&text, SIZE) + 12.0;
            if x + width > LEFT + WIDTH {
                (x, y) = (LEFT, y + 19.0);
            }
            match kind.map(Kind::look) {
                Some((class, Place::Mark)) => out += &mark(class, x + 8.0, y + 4.0, -1.0, ""),
                Some((class, Place::Between(_) | Place::Before)) => {
                    out += &rect(class, x, y - 5.5, 16.0, 11.0, "")
                }
                // In the colour of the one side and of the other.
                Some((class, place)) => {
                    let height = match place {
                        Place::Line | Place::Phase(_) => LINE - 2.0,
                        _ => 11.0,
                    };
                    for (side, x) in [(Side::Agent, x), (Side::Customer, x + 8.0)] {
                        let rect = rect(class, x, y - height / 2.0, 8.0, height, "");
                        let _ = write!(out, "<g class=\"{side}\">{rect}</g>");
                    }
                }
                None => x -= 22.0,
            }
            out += &text_at(x + 22.0, y + 4.0, "start", &text);
            x += width;
        }
        (out, y + 22.0)
    }

    /// Draws what was before the call in a row that ends at 0:00, and moves `y` below it.
    fn before(&self, y: &mut f64) -> String {
        let lang = self.scene.lang;
        let per_second = WIDTH / self.scene.row.seconds();
        let placed = placed(&self.scene.before, per_second, WIDTH, LEFT + WIDTH);
        let top = *y;
        let mut out = String::new();
        for stay in &placed {
            out += &stay.draw((top, BEFORE), lang);
        }
        let mut below = top + BEFORE;
        if placed.iter().any(|stay| stay.has_ticks()) {
            for stay in &placed {
                out += &stay.names(below + 10.0);
            }
            below += NAMES;
        }
        out += "<g class=\"faint\">\n";
        let starts = placed.iter().map(|stay| (stay.x, stay.start));
        let mut free = f64::NEG_INFINITY;
        for (x, seconds) in starts.chain([(LEFT + WIDTH, 0.0)]) {
            let _ = writeln!(
                out,
                "<path class=\"tick\" d=\"M{x:.1} {:.1}v6\"/>",
                below + 1.0
            );
            // That of 0:00 always stands.
            if x >= free && (x + 44.0 <= LEFT + WIDTH || seconds == 0.0) {
                out += &text_at(x, below + 17.0, "middle", &clock(seconds, false, lang));
                free = x + 44.0;
            }
        }
        out += "</g>\n";
        *y = below + AXIS + ROW_GAP;
        out
    }

    fn draw_row(&self, row: Segment, y: f64) -> String {
        let scene = self.scene;
        let lang = scene.lang;
        let per_second = WIDTH / scene.row.seconds();
        let x = |time: Time| LEFT + (time - row.start()).seconds() * per_second;
        let upper = y + self.lane_height();
        let lower = upper + BETWEEN;
        let width = x(row.end()) - LEFT;
        let mut out = String::new();
        for (interval, part) in parts(&scene.between, row) {
            let (x0, x1) = (x(part.start()), x(part.end()));
            let (class, place) = interval.kind.look();
            let height = match place {
                Place::Between(share) => share * BETWEEN,
                _ => BETWEEN,
            };
            let top = upper + (BETWEEN - height) / 2.0;
            out += &rect(class, x0, top, x1 - x0, height, &told(interval, lang));
            out += &label(interval, x0, x1, upper + BETWEEN / 2.0 + 4.0);
        }
        for (side, base, up) in [(Side::Agent, upper, -1.0), (Side::Customer, lower, 1.0)] {
            let lane = scene.lanes.get(side);
            let _ = writeln!(out, "<g class=\"{side}\">");
            let top = |from: f64, to: f64| base + if up < 0.0 { -to } else { from };
            out += &rect("ground", LEFT, top(0.0, LEVEL), width, LEVEL, "");
            let draw = |out: &mut String, wanted: fn(Place) -> bool| {
                for (interval, part) in parts(&lane.intervals, row) {
                    let (class, place) = interval.kind.look();
                    let (x0, x1) = (x(part.start()), x(part.end()));
                    let (from, to) = self.extent(place);
                    let told = told(interval, lang);
                    match place {
                        _ if !wanted(place) => {}
                        Place::Mark if part.start() > interval.segment.start() => {}
                        Place::Mark => *out += &mark(class, x0, base - up, -up, &told),
                        _ => {
                            *out += &rect(class, x0, top(from, to), x1 - x0, to - from, &told);
                            if place == Place::Strip {
                                *out += &label(interval, x0, x1, top(from, to) + 11.0);
                            }
                        }
                    }
                }
            };
            draw(&mut out, |place| place == Place::Level);
            out += &self.level(lane, row, base, up);
            draw(&mut out, |place| place != Place::Level);
            let middle = base + up * LEVEL / 2.0 + 4.0;
            out += &text_at(LEFT - 8.0, middle, "end", side_name(side, lang));
            out += "</g>\n";
        }
        out + &axis(row, lower + self.lane_height(), x, (48.0, lang))
    }

    fn level(&self, lane: &Lane, row: Segment, base: f64, up: f64) -> String {
        let column = self.scene.column.nanos().max(1);
        let columns = (self.scene.row.nanos() / column).max(1) as usize;
        let before = ((row.start() - self.scene.whole.start()).nanos() / column).max(0) as usize;
        let levels = lane.levels.get(before..).unwrap_or_default();
        let levels = &levels[..levels.len().min(columns)];
        if levels.is_empty() {
            return String::new();
        }
        let step = WIDTH * column as f64 / self.scene.row.nanos() as f64;
        steps(levels, (LEFT, base), (step, 0.1), LEVEL, up)
    }
}

/// Draws the axis of a row under `y`; a label takes so many pixels.
pub(super) fn axis(
    row: Segment,
    y: f64,
    x: impl Fn(Time) -> f64,
    (room, lang): (f64, Lang),
) -> String {
    let mut out = String::from("<g class=\"faint\">\n");
    let width = x(row.end()) - x(row.start());
    let wanted = row.duration().seconds() * room / width.max(1.0);
    // Ticks are five to a label.
    let steps = [
        0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0,
    ];
    let step = steps.into_iter().find(|s| *s >= wanted);
    let step = step.unwrap_or_else(|| 3_600.0 * (wanted / 3_600.0).ceil().max(1.0));
    let tick = step / 5.0;
    let first = (row.start().seconds() / tick - 1e-6).ceil() as i64;
    let last = (row.end().seconds() / tick + 1e-6).floor() as i64;
    let (mut ticks, mut labels) = (String::new(), String::new());
    for i in first..=last {
        let seconds = i as f64 * tick;
        let Some(time) = Time::from_seconds(seconds) else {
            continue;
        };
        let (at, long) = (x(time), if i % 5 == 0 { 6 } else { 3 });
        let _ = write!(ticks, "M{at:.1} {:.1}v{long}", y + 1.0);
        if i % 5 == 0 {
            labels += &text_at(at, y + 17.0, "middle", &clock(seconds, step < 1.0, lang));
        }
    }
    let _ = write!(out, "<path class=\"tick\" d=\"{ticks}\"/>\n{labels}");
    out + "</g>\n"
}

/// Tells what the height of a level means.
fn note_of(lang: Lang) -> String {
    let floor = format!("{FLOOR_DBFS:.0}").replace('-', "−");
    match lang {
        Lang::En => format!("height: level from {floor} to 0 dBFS"),
        Lang::Ru => format!("высота: уровень от {floor} до 0 дБ от полной шкалы"),
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
fn told(interval: &Interval, lang: Lang) -> String {
    let (start, end) = (interval.segment.start(), interval.segment.end());
    let (what, label) = (interval.kind.title(lang), &interval.label);
    let label = match label.is_empty() || label == what {
        true => String::new(),
        false => format!(": {label}"),
    };
    let times = format!("{:.2}–{:.2}", start.seconds(), end.seconds());
    let times = lang.of(times.clone(), times.replace('.', ","));
    format!("{what}{label}, {times} {}", lang.of("s", "с"))
}

/// Writes the label into its interval, where it fits.
fn label(interval: &Interval, x0: f64, x1: f64, y: f64) -> String {
    let (middle, room) = ((x0 + x1) / 2.0, x1 - x0 - 4.0);
    match interval.label.as_str() {
        "" => String::new(),
        label if width_of(label, SIZE) <= room => text_at(middle, y, "middle", label),
        label if width_of(label, SMALL) <= room => small_at(middle, y, "middle", label),
        _ => String::new(),
    }
}
