//! How the Markdown of a card writes a number, a figure, a free text and what is folded up.

use super::facts::{Better, By, Ends, Figure, Standing};
use super::plots::{escaped, hidden, signed};
use std::fmt::{Result, Write};

/// Pictures as a block of HTML, which an empty line ends.
pub fn figure(out: &mut String, pictures: &str) -> Result {
    writeln!(out, "<div>\n{}</div>\n", pictures)
}

/// Begins what is folded up until one asks for it.
pub fn fold(out: &mut String, title: &str) -> Result {
    writeln!(out, "<details>\n<summary>{}</summary>\n", escaped(title))
}

/// Ends it.
pub fn end_fold(out: &mut String) -> Result {
    writeln!(out, "\n</details>\n")
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A figure with as many digits as some thousand calls give.
pub fn shown(value: Option<f64>) -> String {
    value.map_or("–".into(), rounded)
}

/// Three places, and no minus before nothing.
pub fn rounded(value: f64) -> String {
    match format!("{value:.3}").as_str() {
        "-0.000" => "0.000".into(),
        text => text.replace('-', "−"),
    }
}

/// An interval, with a star where it is of the counts.
pub fn interval(ends: Option<Ends>) -> String {
    ends.map_or("–".into(), |ends| {
        let star = if ends.by == By::Counts {
            "\u{a0}\\*"
        } else {
            ""
        };
        let (low, high) = (rounded(ends.low), rounded(ends.high));
        format!("{low}\u{a0}to\u{a0}{high}{star}")
    })
}

/// How a figure stands to its baseline, in words.
pub fn against(figure: &Figure) -> String {
    let (Some(value), Some(baseline), Some(standing)) =
        (figure.value, figure.baseline, figure.standing)
    else {
        return String::new();
    };
    let by = match figure.better {
        Better::Lower if baseline > 0.0 => {
            let part = 100.0 * (1.0 - value / baseline);
            format!(
                "{:.1} % {}",
                part.abs(),
                if part < 0.0 { "more" } else { "less" }
            )
        }
        _ => signed(value - baseline, 3),
    };
    match standing {
        Standing::Better => by,
        Standing::Unclear if figure.interval.is_none() => format!("{by}, no interval"),
        Standing::Unclear => format!("{by}, interval reaches it"),
        Standing::Worse => format!("**{by}, worse**"),
    }
}

/// A whole number with its thousands apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A free text on one line, as no markup: what Markdown or HTML would take for some is written so that it
/// stands for itself. An underscore within a word is none.
pub fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let chars: Vec<char> = words.join(" ").chars().collect();
    let mut out = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let inner = |at: Option<usize>| {
            let c = at.and_then(|at| chars.get(at));
            c.is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if inner(i.checked_sub(1)) && inner(Some(i + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '#' | '$' => out.extend(['\\', c]),
            c if hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
