//! The pictures of a card: SVG that stands in the page.
//!
//! # Conventions
//!
//! * A picture takes its ink from the text around it (`currentColor`), so that it can be read on a light
//!   page and on a dark one; the two colours besides keep a contrast of 3 : 1 to either. It names no
//!   font, refers to nothing outside, and has a title for who cannot see it.
//! * A picture holds no empty line, since that would end it in Markdown.
//! * Lengths are in pixels, from the upper left corner. No number reaches a picture but through
//!   [`Axis::at`] or from here, so all are finite.

use super::effects::{Bar, Effect, Shape, ends};
use super::facts::CurveBin;
use crate::model::study::Importance;
use std::fmt::Write;

/// Blue, of what the model says.
const MODEL: &str = "#2f7fd0";
/// Orange, of what is absent or goes the other way.
const OTHER: &str = "#c8701a";
/// Width of a letter for the room that a text takes, in ems: of the wider ones.
const LETTER: f64 = 0.58;
/// Most features in the chart of importance.
pub const MOST_BARS: usize = 15;
/// A bin of fewer calls tells next to nothing: its point is hollow, and no line goes there.
pub const FEW: u64 = 10;
/// Most levels of a word in a panel.
const MOST_LEVELS: usize = 8;

/// A text for SVG and HTML: nothing in it is markup, and nothing that XML forbids.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_whitespace() => out.push(' '),
            c if hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character cannot be seen but does something: controls, what turns the direction of
/// writing, and the two that are no character in XML.
pub fn hidden(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A number with three digits that tell, as short as it goes.
pub fn short(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let size = x.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) {
        return format!("{x:.1e}");
    }
    let places = match size {
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 || s == 0.0 => 2,
        s if s >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{x:.places$}");
    match text.split_once('.') {
        Some((whole, part)) => match part.trim_end_matches('0') {
            "" => whole.to_owned(),
            part => format!("{whole}.{part}"),
        },
        None => text,
    }
    .replace('-', "−")
}

/// The way from values to pixels.
#[derive(Clone, Copy)]
struct Axis {
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Axis {
    /// The pixel of a value; of one beyond the axis the nearest end, of no number the first.
    fn at(&self, value: f64) -> f64 {
        // Halves, since the distance between two finite numbers may be infinite.
        let (low, high) = (self.values.0 / 2.0, self.values.1 / 2.0);
        let part = (value / 2.0 - low) / (high - low);
        let part = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }

    /// Round values on the axis, about `count` of them.
    fn ticks(&self, count: f64) -> Vec<f64> {
        let (low, high) = self.values;
        let rough = (high - low) / count;
        if !(rough.is_finite() && rough > 0.0) {
            return vec![low];
        }
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * power);
        let step = step.into_iter().find(|s| *s >= rough).unwrap_or(rough);
        let first = (low / step).ceil();
        let many = (0..=2 * count as u32).map(|i| (first + f64::from(i)) * step);
        // Of a step far below the values nothing is left.
        let ticks: Vec<f64> = many
            .filter(|t| *t <= high * (1.0 + 1e-12) && *t >= low)
            .collect();
        if ticks.is_empty() { vec![low] } else { ticks }
    }
}

/// A picture in the making.
struct Picture {
    text: String,
}

impl Picture {
    fn new(width: f64, height: f64, title: &str) -> Picture {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" style=\"max-width:100%;height:auto\" \
             fill=\"currentColor\" font-family=\"sans-serif\" font-size=\"11\">\n<title>{}</title>\n",
            escaped(title)
        );
        Picture { text }
    }

    fn push(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(piece);
        self.text.push('\n');
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
        ));
    }

    /// A box between two corners.
    fn area(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
        let (x, y) = (x1.min(x2), y1.min(y2));
        let (width, height) = ((x2 - x1).abs(), (y2 - y1).abs());
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {style}/>"
        ));
    }

    fn path(&mut self, points: &[(f64, f64)], style: &str) {
        let mut d = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let step = if i == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{step}{x:.1} {y:.1}");
        }
        self.push(format_args!("<path d=\"{d}\" fill=\"none\" {style}/>"));
    }

    fn dot(&mut self, (x, y): (f64, f64), radius: f64, style: &str) {
        self.push(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {style}/>"
        ));
    }

    fn text(&mut self, (x, y): (f64, f64), style: &str, text: &str) {
        let text = escaped(text);
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{text}</text>"
        ));
    }

    fn done(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

const THIN: &str = "stroke=\"currentColor\" stroke-opacity=\"0.55\"";
const FAINT: &str = "stroke=\"currentColor\" stroke-opacity=\"0.15\"";
const DASHED: &str = "stroke=\"currentColor\" stroke-opacity=\"0.7\" stroke-dasharray=\"4 3\"";
const LEFT: &str = "text-anchor=\"end\"";
const MIDDLE: &str = "text-anchor=\"middle\"";
const SMALL: &str = "font-size=\"10\" text-anchor=\"middle\"";

/// The reliability curve: how often customers were satisfied who were said to be with a probability, with
/// the intervals and the numbers of calls of the bins.
pub fn reliability(bins: &[CurveBin]) -> String {
    let calls: u64 = bins
        .iter()
        .fold(0, |sum: u64, bin| sum.saturating_add(bin.calls));
    let title = format!(
        "Reliability curve of {calls} calls: share of satisfied customers against the probability \
         predicted, in {} bins; on the diagonal predictions come true as often as they say",
        bins.len()
    );
    let mut picture = Picture::new(420.0, 420.0, &title);
    let unit = (0.0, 1.0);
    let x = Axis {
        values: unit,
        pixels: (54.0, 404.0),
    };
    let y = Axis {
        values: unit,
        pixels: (322.0, 16.0),
    };
    for i in 0..=5 {
        let tick = f64::from(i) / 5.0;
        let label = format!("{} %", 20 * i);
        picture.line((x.at(tick), y.at(0.0)), (x.at(tick), y.at(1.0)), FAINT);
        picture.line((x.at(0.0), y.at(tick)), (x.at(1.0), y.at(tick)), FAINT);
        picture.text((48.0, y.at(tick) + 4.0), LEFT, &label);
        picture.text((x.at(tick), 338.0), MIDDLE, &label);
    }
    picture.line((x.at(0.0), y.at(0.0)), (x.at(1.0), y.at(1.0)), DASHED);
    let model = format!("stroke=\"{MODEL}\"");
    for bin in bins {
        if let Some(ends) = bin.interval {
            let at = x.at(bin.mean_probability);
            let style = format!("{model} stroke-opacity=\"0.6\" stroke-width=\"2\"");
            picture.line((at, y.at(ends.low)), (at, y.at(ends.high)), &style);
        }
    }
    let place = |bin: &CurveBin| (x.at(bin.mean_probability), y.at(bin.satisfied_share));
    let many = bins.iter().filter(|bin| bin.calls >= FEW);
    let points: Vec<(f64, f64)> = many.map(place).collect();
    picture.path(&points, &format!("{model} stroke-width=\"2\""));
    for bin in bins {
        let style = match bin.calls >= FEW {
            true => format!("fill=\"{MODEL}\""),
            false => format!("fill=\"none\" {model} stroke-width=\"1.5\""),
        };
        picture.dot(place(bin), 4.0, &style);
    }
    // How many calls each bin holds, below.
    let most = bins.iter().map(|bin| bin.calls).max().unwrap_or(0);
    let count = Axis {
        values: (0.0, most as f64),
        pixels: (392.0, 360.0),
    };
    for bin in bins {
        let (left, right) = (x.at(bin.from) + 1.5, x.at(bin.to) - 1.5);
        let top = count.at(bin.calls as f64);
        picture.area((left, 392.0), (right, top), "fill-opacity=\"0.25\"");
        let middle = f64::midpoint(left, right);
        picture.text((middle, top - 2.0), SMALL, &bin.calls.to_string());
    }
    picture.text((48.0, 388.0), LEFT, "calls");
    picture.text(
        (229.0, 408.0),
        MIDDLE,
        "probability of satisfaction, predicted",
    );
    let turned = "text-anchor=\"middle\" transform=\"rotate(-90 12 169)\"";
    picture.text((12.0, 169.0), turned, "satisfied, in fact");
    picture.done()
}

/// What hangs on the features, as horizontal bars, the first [`MOST_BARS`] of them.
pub fn importance(all: &[Importance]) -> String {
    let shown = all.get(..MOST_BARS).unwrap_or(all);
    let longest = shown.iter().map(|i| i.feature.chars().count()).max();
    let room = 8.0 + (longest.unwrap_or(0) as f64 * 11.0 * LETTER).min(380.0);
    let height = 24.0 + 22.0 * shown.len() as f64;
    let title = format!(
        "Permutation importance of {} of {} features: by how much the log loss rises when a feature's \
         values are dealt out anew",
        shown.len(),
        all.len()
    );
    let mut picture = Picture::new(760.0, height, &title);
    let (low, high) = ends(shown.iter().map(|i| i.log_loss).chain([0.0]));
    let x = Axis {
        values: (low, high.max(low + f64::MIN_POSITIVE)),
        // Room for the number beside a bar, on both sides where one goes to the left.
        pixels: (if low < 0.0 { room + 56.0 } else { room }, 692.0),
    };
    for (row, feature) in shown.iter().enumerate() {
        let y = 6.0 + 22.0 * row as f64;
        let (zero, end) = (x.at(0.0), x.at(feature.log_loss));
        let style = if feature.log_loss < 0.0 { OTHER } else { MODEL };
        picture.text((room - 8.0, y + 12.0), LEFT, &feature.feature);
        picture.area((zero, y), (end, y + 16.0), &format!("fill=\"{style}\""));
        let (at, anchor) = if feature.log_loss < 0.0 {
            (end - 4.0, LEFT)
        } else {
            (end + 4.0, "")
        };
        picture.text((at, y + 12.0), anchor, &signed(feature.log_loss, 4));
    }
    let zero = x.at(0.0);
    picture.line((zero, 2.0), (zero, height - 16.0), THIN);
    picture.text((zero, height - 4.0), "", "more log loss without it, nats");
    picture.done()
}

/// A number with its sign.
pub fn signed(x: f64, places: usize) -> String {
    match x.abs() < 1e6 {
        true => format!("{x:+.places$}"),
        false => format!("{x:+.1e}"),
    }
    .replace('-', "−")
}

/// The panels of effects share one axis of expected marks, so that what matters more moves more.
pub struct Panels {
    axis: (f64, f64),
    average: f64,
}

impl Panels {
    const WIDTH: f64 = 250.0;

    /// Panels of these effects around the expected mark of an average call.
    pub fn of(effects: &[Effect], average: f64) -> Panels {
        let (low, high) = ends(effects.iter().flat_map(Effect::marks).chain([average]));
        let room = (0.06 * (high - low)).max(0.02);
        Panels {
            axis: (low - room, high + room),
            average,
        }
    }

    /// Draws one panel.
    pub fn panel(&self, effect: &Effect) -> String {
        let (low, high) = ends(effect.marks());
        let title = format!(
            "Expected mark of an otherwise average call by {}: {} to {}",
            effect.feature,
            short(low),
            short(high)
        );
        let name = lines(&effect.feature, 38);
        let top = 10.0 + 13.0 * name.len() as f64;
        match &effect.shape {
            Shape::Curve { .. } => self.curve(effect, &title, &name, top),
            Shape::Bars(bars) => self.bars(effect, bars, &title, &name, top),
        }
    }

    fn head(picture: &mut Picture, name: &[String]) {
        for (i, line) in name.iter().enumerate() {
            let y = 12.0 + 13.0 * i as f64;
            picture.text((4.0, y), "font-weight=\"bold\"", line);
        }
    }

    fn curve(&self, effect: &Effect, title: &str, name: &[String], top: f64) -> String {
        let Shape::Curve {
            points,
            knots,
            deciles,
        } = &effect.shape
        else {
            return String::new();
        };
        let (floor, height) = (top + 130.0, top + 164.0);
        let mut picture = Picture::new(Panels::WIDTH, height, title);
        Panels::head(&mut picture, name);
        // A stripe at the right for the calls without a value.
        let right = if effect.absent_csi.is_some() {
            204.0
        } else {
            240.0
        };
        let values = ends(points.iter().map(|p| p.value));
        let x = Axis {
            values,
            pixels: (38.0, right),
        };
        let y = Axis {
            values: self.axis,
            pixels: (floor, top),
        };
        for tick in y.ticks(4.0) {
            picture.line((38.0, y.at(tick)), (244.0, y.at(tick)), FAINT);
            picture.text((34.0, y.at(tick) + 4.0), LEFT, &short(tick));
        }
        let at = y.at(self.average);
        picture.line((38.0, at), (244.0, at), DASHED);
        picture.line((38.0, floor), (right, floor), THIN);
        for decile in deciles {
            let at = x.at(*decile);
            picture.line((at, floor), (at, floor - 5.0), THIN);
        }
        for tick in x.ticks(4.0) {
            let at = x.at(tick);
            picture.line((at, floor), (at, floor + 3.0), THIN);
            picture.text((at, floor + 14.0), SMALL, &short(tick));
        }
        let place = |p: &super::effects::Point| (x.at(p.value), y.at(p.csi));
        let way: Vec<(f64, f64)> = points.iter().map(place).collect();
        picture.path(&way, &format!("stroke=\"{MODEL}\" stroke-width=\"2.5\""));
        if let [only] = way[..] {
            picture.dot(only, 4.0, &format!("fill=\"{MODEL}\""));
        }
        for knot in knots {
            picture.dot(place(knot), 3.5, &format!("fill=\"{MODEL}\""));
        }
        picture.text(
            (f64::midpoint(38.0, right), floor + 28.0),
            MIDDLE,
            unit(effect.unit),
        );
        if let Some(csi) = effect.absent_csi {
            let at = y.at(csi);
            picture.line((212.0, top), (212.0, floor), FAINT);
            // A diamond, for who does not tell the colours apart.
            let diamond = [
                (228.0, at - 5.0),
                (233.0, at),
                (228.0, at + 5.0),
                (223.0, at),
                (228.0, at - 5.0),
            ];
            picture.path(&diamond, &format!("stroke=\"{OTHER}\" stroke-width=\"2\""));
            picture.text((228.0, floor + 14.0), SMALL, "absent");
            if let Some(share) = effect.absent_share {
                picture.text((228.0, floor + 28.0), SMALL, &percent(share));
            }
        }
        picture.done()
    }

    fn bars(
        &self,
        effect: &Effect,
        bars: &[Bar],
        title: &str,
        name: &[String],
        top: f64,
    ) -> String {
        let shown = bars.get(..MOST_LEVELS).unwrap_or(bars);
        let mut rows: Vec<(String, Option<f64>, f64, &str)> = shown
            .iter()
            .map(|bar| {
                let level = bar.level.as_deref().unwrap_or("(other)");
                (clipped(level, 18), bar.share, bar.csi, MODEL)
            })
            .collect();
        let left_out = bars.len() - shown.len();
        if let Some(csi) = effect.absent_csi {
            rows.push(("absent".into(), effect.absent_share, csi, OTHER));
        }
        let floor = top + 4.0 + 18.0 * rows.len() as f64;
        let mut picture = Picture::new(Panels::WIDTH, (floor + 34.0).max(top + 164.0), title);
        Panels::head(&mut picture, name);
        let x = Axis {
            values: self.axis,
            pixels: (112.0, 206.0),
        };
        let base = x.at(self.average);
        for tick in x.ticks(3.0) {
            picture.line((x.at(tick), top), (x.at(tick), floor), FAINT);
            picture.text((x.at(tick), floor + 14.0), SMALL, &short(tick));
        }
        for (row, (level, share, csi, colour)) in rows.iter().enumerate() {
            let y = top + 2.0 + 18.0 * row as f64;
            picture.text((106.0, y + 11.0), LEFT, level);
            picture.area(
                (base, y + 1.0),
                (x.at(*csi), y + 14.0),
                &format!("fill=\"{colour}\""),
            );
            if let Some(share) = share {
                picture.text((246.0, y + 11.0), LEFT, &percent(*share));
            }
        }
        picture.line((base, top), (base, floor), DASHED);
        let below = match left_out {
            0 => "expected mark; share of calls".to_owned(),
            _ => format!("expected mark; {left_out} rarer not shown"),
        };
        picture.text((125.0, floor + 28.0), MIDDLE, &below);
        picture.done()
    }
}

/// A share in percent, for a picture.
fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 1.0 => "<1 %".into(),
        p => format!("{p:.0} %"),
    }
}

/// The unit in words, where its symbol is none.
fn unit(symbol: &'static str) -> &'static str {
    match symbol {
        "0..1" => "share, 0 to 1",
        "-1..1" => "−1 to 1",
        "-2..2" => "−2 to 2",
        "s" => "seconds",
        _ => symbol,
    }
}

/// The beginning of a text.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A name in lines of at most `most` letters, broken after underscores where it has them.
fn lines(name: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in name.split_inclusive('_') {
        let long = |line: &String| line.chars().count() + word.chars().count() > most;
        if let Some(line) = lines.last_mut() {
            if line.is_empty() || !long(line) {
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines
}
