//! Shapes and texts of SVG; all that is text is escaped here.

pub fn rect(class: &str, x: f64, y: f64, width: f64, height: f64, told: &str) -> String {
    let width = width.max(0.6);
    let shape = format!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\""
    );
    closed("rect", &shape, told)
}

/// Draws a triangle with its tip at this point, which looks up where `up` is negative.
pub fn mark(class: &str, x: f64, y: f64, up: f64, told: &str) -> String {
    let (y, height) = (y + 9.0 * up, -9.0 * up);
    let shape = format!("<path class=\"{class}\" d=\"M{x:.1} {y:.1}l4.5 {height:.1}h-9z\"");
    closed("path", &shape, told)
}

fn closed(name: &str, shape: &str, told: &str) -> String {
    match told {
        "" => format!("{shape}/>\n"),
        told => format!("{shape}><title>{}</title></{name}>\n", escaped(told)),
    }
}

pub fn text_at(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escaped(text);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

/// Returns minutes and seconds.
pub fn clock(seconds: f64, tenths: bool) -> String {
    let all = (seconds * 10.0).round() as i64;
    let (minutes, rest) = (all / 600, all % 600);
    let whole = format!("{minutes}:{:02}", rest / 10);
    if tenths {
        format!("{whole}.{}", rest % 10)
    } else {
        whole
    }
}

pub fn shortened(text: &str, most: usize) -> String {
    match text.chars().count() {
        count if count <= most => text.to_owned(),
        _ => {
            text.chars()
                .take(most.saturating_sub(1))
                .collect::<String>()
                + "…"
        }
    }
}

/// Returns the text as XML takes it; characters that XML has no place for become �.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
