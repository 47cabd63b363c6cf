//! Charts as inline SVG.
//!
//! # Conventions
//!
//! * A chart is drawn in its own pixels and scales with its box; colours are those of the page, by class, so
//!   that light and dark need no second drawing.
//! * Whatever is text is escaped by the macro.

use super::words::Shape;
use crate::features::Lang;
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// Maps values to pixels.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// From the values `low` to `high` onto the pixels `from` to `to`; values beyond stay at the ends.
    pub fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Axis {
        let (low, high) = if high > low {
            (low, high)
        } else {
            (low - 0.5, low + 0.5)
        };
        Axis {
            low,
            high,
            from,
            to,
        }
    }

    pub fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Round values to write at the axis, some `wanted` of them.
    pub fn ticks(&self, wanted: f64) -> Vec<f64> {
        let raw = (self.high - self.low) / wanted;
        let unit = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|s| s * unit)
            .find(|s| *s >= raw * 0.999)
            .unwrap_or(10.0 * unit);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// The lowest and the highest of some numbers, with a little room.
pub fn bounds(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = values
        .into_iter()
        .filter(|x| x.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
            (l.min(x), h.max(x))
        });
    let room = 0.06 * (high - low);
    (low <= high).then_some((low - room, high + room))
}

/// The points of a line.
fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut out = String::new();
    for (i, (x, y)) in points.into_iter().enumerate() {
        let _ = write!(out, "{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" });
    }
    out
}

/// One point in time.
#[derive(Clone, Debug)]
pub struct Dated {
    pub date: String,
    pub value: f64,
    pub range: Option<(f64, f64)>,
}

/// Values over time: a line with a band, and dots with bars beside it.
pub struct OverTime<'a> {
    pub title: &'a str,
    pub shape: Shape,
    pub line: Vec<Dated>,
    /// What customers said.
    pub dots: Vec<Dated>,
    pub lang: Lang,
}

impl OverTime<'_> {
    pub fn draw(&self) -> Markup {
        let (width, height) = (760.0, 240.0);
        let all = self.line.iter().chain(&self.dots);
        let ends = all.clone().flat_map(|p| {
            [
                p.value,
                p.range.map_or(p.value, |r| r.0),
                p.range.map_or(p.value, |r| r.1),
            ]
        });
        let Some(bounds) = bounds(ends) else {
            return html! {};
        };
        let mut dates: Vec<&str> = all.map(|p| p.date.as_str()).collect();
        dates.sort_unstable();
        dates.dedup();
        let x = Axis::new((0.0, dates.len() as f64 - 1.0), (84.0, width - 36.0));
        let y = Axis::new(bounds, (height - 26.0, 10.0));
        let place = |date: &str| x.at(dates.binary_search(&date).unwrap_or_default() as f64);
        let told = |p: &Dated| {
            let range = p
                .range
                .map(|(l, h)| format!(" [{}]", self.shape.ends(l, h, self.lang)));
            format!(
                "{}: {}{}",
                p.date,
                self.shape.value(p.value, self.lang),
                range.unwrap_or_default()
            )
        };
        let upper = self
            .line
            .iter()
            .map(|p| (place(&p.date), y.at(p.range.map_or(p.value, |r| r.1))));
        let lower = self
            .line
            .iter()
            .rev()
            .map(|p| (place(&p.date), y.at(p.range.map_or(p.value, |r| r.0))));
        let band = path(upper.chain(lower)) + "Z";
        let way = path(self.line.iter().map(|p| (place(&p.date), y.at(p.value))));
        // No more labels than there is room for.
        let every = dates.len().div_ceil(7).max(1);
        html! {
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                @for tick in y.ticks(5.0) {
                    @let at = format!("{:.1}", y.at(tick));
                    line.grid x1="52" x2=(width - 12.0) y1=(at) y2=(at) {}
                    text.tick x="46" y=(format!("{:.1}", y.at(tick) + 4.0)) text-anchor="end" { (self.shape.value(tick, self.lang)) }
                }
                @for (i, date) in dates.iter().enumerate().filter(|(i, _)| i % every == 0) {
                    @let at = format!("{:.1}", x.at(i as f64));
                    line.grid x1=(at) x2=(at) y1=(height - 26.0) y2=(height - 22.0) {}
                    text.tick x=(at) y=(height - 8.0) text-anchor="middle" { (date) }
                }
                @if self.line.len() > 1 { path.band d=(band) {} }
                path.line d=(way) {}
                @for p in &self.line {
                    circle.dot cx=(format!("{:.1}", place(&p.date))) cy=(format!("{:.1}", y.at(p.value))) r=(if self.line.len() > 60 { "1.5" } else { "2.5" }) { title { (told(p)) } }
                }
                @for p in &self.dots {
                    @let at = format!("{:.1}", place(&p.date));
                    @if let Some((l, h)) = p.range {
                        line.said x1=(at) x2=(at) y1=(format!("{:.1}", y.at(l))) y2=(format!("{:.1}", y.at(h))) {}
                    }
                    rect.said x=(format!("{:.1}", place(&p.date) - 3.0)) y=(format!("{:.1}", y.at(p.value) - 3.0)) width="6" height="6" { title { (told(p)) } }
                }
            }
        }
    }
}

/// A mean with its interval, on an axis that the rows of a table share.
pub fn interval(
    axis: (f64, f64),
    value: f64,
    range: Option<(f64, f64)>,
    also: Option<f64>,
    centre: f64,
) -> Markup {
    let x = Axis::new(axis, (4.0, 196.0));
    let at = |value: f64| format!("{:.1}", x.at(value));
    // Beside the centre or over it.
    let class = match range {
        Some((_, high)) if high < centre => "below",
        Some((low, _)) if low > centre => "above",
        _ => "level",
    };
    html! {
        svg.interval viewBox="0 0 200 18" preserveAspectRatio="none" aria-hidden="true" {
            line.centre x1=(at(centre)) x2=(at(centre)) y1="0" y2="18" {}
            @if let Some((low, high)) = range {
                line class=(class) x1=(at(low)) x2=(at(high)) y1="9" y2="9" {}
            }
            @if let Some(raw) = also {
                line.raw x1=(at(raw)) x2=(at(raw)) y1="4" y2="14" {}
            }
            rect class=(class) x=(format!("{:.1}", x.at(value) - 2.5)) y="5" width="5" height="8" {}
        }
    }
}

/// A little line without axes.
pub fn spark(values: &[f64], axis: (f64, f64)) -> Markup {
    if values.len() < 3 {
        return html! {};
    }
    let x = Axis::new((0.0, values.len() as f64 - 1.0), (2.0, 98.0));
    let y = Axis::new(axis, (18.0, 2.0));
    let way = path(
        values
            .iter()
            .enumerate()
            .map(|(i, v)| (x.at(i as f64), y.at(*v))),
    );
    html! {
        svg.spark viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true" { path.line d=(way) {} }
    }
}

/// A bar from zero, to the left or to the right.
pub fn bar(value: f64, range: Option<(f64, f64)>, axis: (f64, f64)) -> Markup {
    let x = Axis::new((axis.0.min(0.0), axis.1.max(0.0)), (2.0, 198.0));
    let (zero, end) = (x.at(0.0), x.at(value));
    let class = if value < 0.0 { "below" } else { "above" };
    html! {
        svg.interval viewBox="0 0 200 18" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(class) x=(format!("{:.1}", zero.min(end))) y="4" width=(format!("{:.1}", (zero - end).abs().max(0.5))) height="10" {}
            line.centre x1=(format!("{zero:.1}")) x2=(format!("{zero:.1}")) y1="0" y2="18" {}
            @if let Some((low, high)) = range {
                line.whisker x1=(format!("{:.1}", x.at(low))) x2=(format!("{:.1}", x.at(high))) y1="9" y2="9" {}
            }
        }
    }
}

/// A point with a bar.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    /// Ends of y.
    pub range: Option<(f64, f64)>,
    pub calls: u64,
}

/// Points with bars against each other: what was expected and what came.
pub struct Against<'a> {
    pub title: &'a str,
    pub x_name: &'a str,
    pub y_name: &'a str,
    pub x_shape: Shape,
    pub y_shape: Shape,
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub points: Vec<Point>,
    /// Whether the diagonal is drawn: where both should be equal.
    pub diagonal: bool,
    /// Whether the points are joined.
    pub joined: bool,
    pub lang: Lang,
}

impl Against<'_> {
    pub fn draw(&self) -> Markup {
        let (width, height) = (360.0, 280.0);
        let x = Axis::new(self.x, (56.0, width - 22.0));
        let y = Axis::new(self.y, (height - 46.0, 12.0));
        let most = self
            .points
            .iter()
            .map(|p| p.calls)
            .max()
            .unwrap_or(1)
            .max(1) as f64;
        let lang = self.lang;
        html! {
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                @for tick in y.ticks(5.0) {
                    @let at = format!("{:.1}", y.at(tick));
                    line.grid x1="56" x2=(width - 22.0) y1=(at) y2=(at) {}
                    text.tick x="50" y=(format!("{:.1}", y.at(tick) + 4.0)) text-anchor="end" { (self.y_shape.value(tick, lang)) }
                }
                @for tick in x.ticks(5.0) {
                    text.tick x=(format!("{:.1}", x.at(tick))) y=(height - 28.0) text-anchor="middle" { (self.x_shape.value(tick, lang)) }
                }
                text.tick x=(f64::midpoint(56.0, width - 14.0)) y=(height - 8.0) text-anchor="middle" { (self.x_name) }
                text.tick transform=(format!("translate(12 {}) rotate(-90)", f64::midpoint(12.0, height - 46.0))) text-anchor="middle" { (self.y_name) }
                @if self.diagonal {
                    @let (low, high) = (self.x.0.max(self.y.0), self.x.1.min(self.y.1));
                    line.centre x1=(format!("{:.1}", x.at(low))) y1=(format!("{:.1}", y.at(low))) x2=(format!("{:.1}", x.at(high))) y2=(format!("{:.1}", y.at(high))) {}
                }
                @if self.joined {
                    path.line d=(path(self.points.iter().map(|p| (x.at(p.x), y.at(p.y))))) {}
                }
                @for Point { x: px, y: py, range, calls } in &self.points {
                    @if let Some((low, high)) = range {
                        line.said x1=(format!("{:.1}", x.at(*px))) x2=(format!("{:.1}", x.at(*px))) y1=(format!("{:.1}", y.at(*low))) y2=(format!("{:.1}", y.at(*high))) {}
                    }
                    circle.dot cx=(format!("{:.1}", x.at(*px))) cy=(format!("{:.1}", y.at(*py))) r=(format!("{:.1}", 2.5 + 3.0 * (*calls as f64 / most).sqrt())) {
                        title { (self.x_shape.value(*px, lang)) ": " (self.y_shape.value(*py, lang)) " (n = " (super::words::count(*calls, lang)) ")" }
                    }
                }
            }
        }
    }
}

/// A curve of the expected mark by a feature's value.
pub struct Curve<'a> {
    pub title: &'a str,
    /// Value and mark.
    pub points: Vec<(f64, f64)>,
    /// Values that tenths of the calls lie between.
    pub deciles: &'a [f64],
    pub marks: (f64, f64),
    pub average: f64,
    pub value: &'a dyn Fn(f64) -> String,
    pub lang: Lang,
}

impl Curve<'_> {
    pub fn draw(&self) -> Markup {
        let (width, height) = (260.0, 170.0);
        let ends = self
            .points
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| {
                (l.min(p.0), h.max(p.0))
            });
        let x = Axis::new(ends, (40.0, width - 10.0));
        let y = Axis::new(self.marks, (height - 24.0, 8.0));
        // Those labels that have room: a letter is some seven pixels wide.
        let mut ticks: Vec<(f64, String, &str)> = Vec::new();
        let mut taken = f64::NEG_INFINITY;
        for tick in x.ticks(3.0) {
            let (at, text) = (x.at(tick), (self.value)(tick));
            let wide = 7.0 * text.chars().count() as f64;
            let (from, anchor) = match (at - wide / 2.0 < 30.0, at + wide / 2.0 > width) {
                (true, _) => (at, "start"),
                (_, true) => (at - wide, "end"),
                _ => (at - wide / 2.0, "middle"),
            };
            if from > taken {
                taken = from + wide + 8.0;
                ticks.push((at, text, anchor));
            }
        }
        html! {
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                @for tick in y.ticks(4.0) {
                    @let at = format!("{:.1}", y.at(tick));
                    line.grid x1="40" x2=(width - 10.0) y1=(at) y2=(at) {}
                    text.tick x="34" y=(format!("{:.1}", y.at(tick) + 4.0)) text-anchor="end" { (super::words::number(tick, 1, self.lang)) }
                }
                line.centre x1="40" x2=(width - 10.0) y1=(format!("{:.1}", y.at(self.average))) y2=(format!("{:.1}", y.at(self.average))) {}
                @for decile in self.deciles.iter().filter(|d| ends.0 <= **d && **d <= ends.1) {
                    @let at = format!("{:.1}", x.at(*decile));
                    line.said x1=(at) x2=(at) y1=(height - 24.0) y2=(height - 29.0) {}
                }
                @for (at, text, anchor) in &ticks {
                    text.tick x=(format!("{at:.1}")) y=(height - 8.0) text-anchor=(anchor) { (text) }
                }
                path.line d=(path(self.points.iter().map(|p| (x.at(p.0), y.at(p.1))))) {}
            }
        }
    }
}

/// A picture made elsewhere, whose text is escaped there.
pub fn drawn(svg: String) -> Markup {
    PreEscaped(svg)
}
