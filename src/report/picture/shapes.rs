//! Shapes and texts of SVG; all that is text is escaped here.

use crate::features::Lang;

pub(super) fn rect(class: &str, x: f64, y: f64, width: f64, height: f64, told: &str) -> String {
    let width = width.max(0.6);
    let shape = format!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\""
    );
    closed("rect", &shape, told)
}

/// Draws a triangle with its tip at this point, which looks up where `up` is negative.
pub(super) fn mark(class: &str, x: f64, y: f64, up: f64, told: &str) -> String {
    let (y, height) = (y + 9.0 * up, -9.0 * up);
    let shape = format!("<path class=\"{class}\" d=\"M{x:.1} {y:.1}l4.5 {height:.1}h-9z\"");
    closed("path", &shape, told)
}

/// Draws a line straight down from this point.
pub(super) fn line_down(class: &str, x: f64, y: f64, height: f64, told: &str) -> String {
    let shape = format!("<path class=\"{class}\" d=\"M{x:.1} {y:.1}v{height:.1}\"");
    closed("path", &shape, told)
}

/// Draws the mark of a scale that is broken, over a box from `y` on: a gap between two slanted strokes.
pub(super) fn cut(x: f64, y: f64, height: f64) -> String {
    let (top, tall) = (y - 2.0, height + 4.0);
    format!(
        "<path class=\"paper\" d=\"M{x:.1} {top:.1}h4l-4 {tall:.1}h-4z\"/>\
         <path class=\"cut\" d=\"M{x:.1} {top:.1}l-4 {tall:.1}m8 -{tall:.1}l-4 {tall:.1}\"/>\n"
    )
}

fn closed(name: &str, shape: &str, told: &str) -> String {
    match told {
        "" => format!("{shape}/>\n"),
        told => format!("{shape}><title>{}</title></{name}>\n", escaped(told)),
    }
}

pub(super) fn text_at(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escaped(text);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

pub(super) fn small_at(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escaped(text);
    format!(
        "<text class=\"small\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"
    )
}

/// Returns minutes and seconds; the hours too, from one on.
pub(super) fn clock(seconds: f64, tenths: bool, lang: Lang) -> String {
    let all = if tenths {
        seconds * 10.0
    } else {
        seconds.round() * 10.0
    };
    let all = all.round() as i64;
    let sign = if all < 0 { "−" } else { "" };
    let all = all.unsigned_abs();
    let (hours, minutes, rest) = (all / 36_000, all / 600 % 60, all % 600);
    let whole = match hours {
        0 => format!("{sign}{minutes}:{:02}", rest / 10),
        hours => format!("{sign}{hours}:{minutes:02}:{:02}", rest / 10),
    };
    let point = lang.of('.', ',');
    if tenths {
        format!("{whole}{point}{}", rest % 10)
    } else {
        whole
    }
}

/// Returns how wide a text is at a size of letters, about: no font is measured, and a wide one is meant.
pub(super) fn width_of(text: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '('
        | ')' | '-' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' | '…' | 'ж' | 'ш' | 'щ' | 'ю' | 'ы' | 'м' | 'ф' => {
            0.92
        }
        c if c.is_ascii_lowercase() => 0.61,
        c if c.is_alphanumeric() && c < '\u{1100}' => 0.67,
        // Signs, and writings whose letters are as wide as high.
        _ => 1.0,
    };
    size * text.chars().map(of).sum::<f64>()
}

/// Returns the text, or as much of its beginning as fits into a width.
pub(super) fn shortened(text: &str, width: f64, size: f64) -> String {
    if width_of(text, size) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if width_of(&short, size) > width - size {
            short.pop();
            break;
        }
    }
    short + "…"
}

/// Returns the text as XML takes it; characters that XML has no place for, and those that turn the
/// direction of writing, become �.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
