//! A call told in a few lines of HTML, for a notebook or another's page.
//!
//! # Conventions
//!
//! * No class, no style sheet and no script: what is around it cannot change, nor is it changed. Colours of
//!   text are those around it, so that it is read on light and on dark.
//! * The picture is an image of its own (SVG in a `data:` address); nothing is fetched.

use super::legible;
use crate::features::Lang;
use crate::features::Unit;
use crate::features::words::{mark, quantity};
use crate::model::Model;
use crate::report::picture::CallPicture;
use crate::score::Assessment;
use maud::{Markup, html};
use std::fmt::Write;

/// Reasons told.
const REASONS: usize = 6;

const FAINT: &str = "opacity:.7;font-size:.9em";
const CELL: &str =
    "text-align:left;padding:.1em .8em .1em 0;border:0;background:none;vertical-align:top";

/// Returns what a call is estimated at and why, with its picture, as a fragment of HTML. Reasons and changes
/// are those of the assessment's explanation; without one they are left out.
pub fn call_fragment(
    assessment: &Assessment,
    model: &Model,
    picture: Option<&CallPicture>,
    lang: Lang,
) -> String {
    let Assessment {
        measurements,
        prediction,
        explanation,
    } = assessment;
    let scale = model.label();
    let satisfied = quantity(prediction.satisfied, Unit::Share, lang);
    let html = html! {
        div style="max-width:64rem;line-height:1.45" {
            p style="margin:.2em 0" {
                b { (lang.of("Call", "Звонок")) " " (legible(&measurements.call)) ": CSI "
                    (mark(prediction.csi, lang)) }
                " " (lang.of("on", "по шкале")) " " (scale.min()) "–" (scale.max()) ", "
                (lang.of("satisfied", "доволен")) " " (satisfied)
                @if let Some(explanation) = explanation {
                    span style=(FAINT) { " · "
                        (lang.of("an average call", "средний звонок")) ": "
                        (mark(explanation.average_csi, lang)) }
                }
            }
            @if let Some(explanation) = explanation {
                (reasons(explanation, lang))
                @if !explanation.counterfactuals.is_empty() {
                    ul style="margin:.3em 0;padding-left:1.2em" {
                        @for change in &explanation.counterfactuals { li { (change.sentence(lang)) } }
                    }
                }
            }
            @if let Some(picture) = picture {
                @let source = data_address(&picture.svg_document());
                img style="max-width:100%;background:#fff" src=(source)
                    alt=(lang.of("Who spoke when", "Кто когда говорил"));
            }
            @if !measurements.warnings.is_empty() {
                p style=(FAINT) { (lang.of("Warnings", "Предупреждения")) ": "
                    @for (i, warning) in measurements.warnings.iter().enumerate() {
                        @if i > 0 { "; " }
                        (legible(&warning.message))
                    }
                }
            }
            p style=(FAINT) {
                (lang.of("Model", "Модель")) " " (legible(model.name()))
                @if let Some(warning) = &model.provenance().warning { ". " (legible(warning)) }
            }
        }
    };
    html.into_string()
}

fn reasons(explanation: &crate::model::Explanation, lang: Lang) -> Markup {
    let told = explanation.reasons.iter();
    let told: Vec<_> = told
        .filter_map(|r| Some((r.points(lang)?, r)))
        .take(REASONS)
        .collect();
    let greatest = told.iter().map(|(_, r)| r.csi_points.abs());
    let greatest = greatest.fold(f64::MIN_POSITIVE, f64::max);
    html! {
        table style="border-collapse:collapse;border:0;margin:.3em 0" { tbody {
            @for (points, reason) in &told {
                // Half the cell on either side of nothing.
                @let half = 50.0 * reason.csi_points.abs() / greatest;
                @let (colour, from) = match reason.csi_points < 0.0 {
                    true => ("#c0392b", 50.0 - half),
                    false => ("#217a4b", 50.0),
                };
                @let bar = format!("height:.7em;background:{colour};margin-left:{from:.1}%;width:{half:.1}%");
                tr style="background:none" {
                    td style={ (CELL) ";text-align:right;font-variant-numeric:tabular-nums" } { (points) }
                    td style={ (CELL) ";width:9em;vertical-align:middle" } { div style=(bar) {} }
                    td style=(CELL) { (reason.sentence(lang)) }
                }
            }
        } }
    }
}

/// Puts a picture into an address: RFC 2397, all but unreserved characters in percent.
fn data_address(svg: &str) -> String {
    let mut address = String::from("data:image/svg+xml;charset=utf-8,");
    for byte in svg.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b' '
            | b'/'
            | b':'
            | b'='
            | b','
            | b';'
            | b'('
            | b')' => address.push(char::from(byte)),
            // Writing to a `String` cannot fail.
            _ => {
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back() {
        let svg = "<svg a=\"#1\">%é\u{1}</svg>";
        let address = data_address(svg);
        let body = address
            .strip_prefix("data:image/svg+xml;charset=utf-8,")
            .unwrap();
        assert!(!body.contains(['<', '>', '"', '#']));
        let (mut bytes, mut rest) = (Vec::new(), body.bytes());
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            });
        }
        assert_eq!(String::from_utf8(bytes).unwrap(), svg);
    }
}
