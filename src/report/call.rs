//! The page of one call: what it is estimated at, why, and what it was measured from.
//!
//! The page is one file: no script, nothing fetched, nothing that it says of itself beyond what the
//! assessment has. What comes from a call or a model is text in it, escaped by `maud`; it holds no word of
//! the transcript.

mod fragment;

pub use fragment::call_fragment;

use super::picture::{CallPicture, STYLE, ivr_steps};
use crate::error::legible;
use crate::features::words::{mark, quantity};
use crate::features::{Absence, Feature, FeatureVector, Lang, ReasonGroup, Unit, Value};
use crate::model::{Explanation, Model, Prediction};
use crate::score::{Assessment, Measurements};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Fetches nothing, runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Beside [`STYLE`](static@STYLE).
const PAGE: &str = "
:root{color-scheme:light dark;--ink:#1f2733;--paper:#fff;--faint:#5a6675;--rule:#dde2e9;--ground:#f2f4f7;--up:#217a4b;--down:#c0392b;--bar:#1f5fa8;--note:#fff6df}
@media (prefers-color-scheme:dark){:root{--ink:#e2e8f0;--paper:#14181f;--faint:#9aa8ba;--rule:#2f3947;--ground:#1e2530;--up:#5cc48d;--down:#ff7a6b;--bar:#8cc0fa;--note:#3a3018}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1.25rem 3rem;max-width:72rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.45rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
p,ul,ol{margin:.4rem 0}small,.faint{color:var(--faint)}
.note{background:var(--note);padding:.6rem .9rem;border-radius:.4rem}
.estimate{display:grid;grid-template-columns:minmax(14rem,1fr) 2fr;gap:1.2rem 2.5rem;margin-top:1.2rem;align-items:center}
.csi{font-size:3.2rem;font-weight:650;line-height:1}.csi small{font-size:1rem;font-weight:400}
dl{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;margin:.8rem 0 0;max-width:22rem}dt{color:var(--faint)}dd{margin:0;text-align:right}
.marks{display:grid;grid-template-columns:auto 1fr 4rem;gap:.15rem .6rem;align-items:center}
.bar{height:.85rem;background:var(--bar);border-radius:.15rem;min-width:1px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.number{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
.reasons{display:grid;grid-template-columns:3rem 9rem 1fr;gap:.45rem .9rem;align-items:start}
.signed{display:grid;grid-template-columns:1fr 1fr;margin-top:.35rem;background:linear-gradient(var(--rule),var(--rule)) center/1px 100% no-repeat}
.signed .down{grid-column:1;justify-self:end;background:var(--down)}.signed .up{grid-column:2;background:var(--up)}
.scroll{overflow-x:auto}.scroll svg{display:block;width:100%;min-width:60rem;height:auto}
details{border-top:1px solid var(--rule);padding:.35rem 0}summary{cursor:pointer}
table{border-collapse:collapse;table-layout:fixed;width:100%;margin:.4rem 0 .8rem}
td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-top:1px solid var(--rule)}
td code{display:block}td.number{width:38%;padding-right:0;white-space:normal}code{font-size:.8rem;color:var(--faint)}
footer{margin-top:2.5rem;border-top:1px solid var(--rule);padding-top:.6rem;color:var(--faint);font-size:.85rem}
@media (max-width:40rem){body{padding:1rem .8rem 2rem}.estimate{grid-template-columns:1fr}
.reasons{grid-template-columns:3rem 1fr}.reasons .told{grid-column:1/3;margin:-.3rem 0 .5rem}}
@media print{body{max-width:none;padding:0;font-size:11pt}.scroll{overflow:visible}.scroll svg{min-width:0}
details,.reasons>*{break-inside:avoid}h2{break-after:avoid}}
";

/// Returns the page of a call as an HTML file. `model` is what judged it; the picture is best in the
/// [full form](super::picture::Form::Full). Reasons and changes are those of the assessment's
/// explanation; without one they are left out.
pub fn call_page(
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
    let id = legible(&measurements.call);
    let csi = mark(prediction.csi, lang);
    let page = html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (lang.of("Call", "Звонок")) " " (id) ": CSI " (csi) }
                style { (PreEscaped(PAGE)) (PreEscaped(STYLE.as_str())) }
            }
            body {
                h1 { (lang.of("Call", "Звонок")) " " (id) }
                p.faint { (source(measurements, lang)) }
                @if let Some(warning) = &model.provenance().warning {
                    p.note { (legible(warning)) }
                }
                (estimate(prediction, explanation.as_ref(), model, lang))
                @if let Some(explanation) = explanation { (reasons(explanation, lang)) }
                @if let Some(picture) = picture {
                    h2 { (lang.of("The call", "Ход разговора")) }
                    div.scroll tabindex="0" { (PreEscaped(picture.svg_inline())) }
                }
                (before(measurements, lang))
                @if !measurements.warnings.is_empty() {
                    h2 { (lang.of("Warnings", "Предупреждения")) }
                    ul { @for warning in &measurements.warnings {
                        li { (legible(&warning.message)) " " code { (warning.code) } }
                    } }
                }
                (values(&measurements.features, lang))
                (absent(&measurements.features, lang))
                (foot(model, lang))
            }
        }
    };
    page.into_string()
}

/// Tells what the call was heard and read from.
fn source(measured: &Measurements, lang: Lang) -> String {
    let mut parts = Vec::new();
    parts.push(match &measured.recording {
        Some(recording) => recording.to_string(),
        None => Absence::NoRecording.tell(lang),
    });
    if let Some(duration) = measured.duration {
        parts.push(quantity(duration.seconds(), Unit::Seconds, lang));
    }
    match measured.transcript_formats.is_empty() {
        true => parts.push(Absence::NoTranscript.tell(lang)),
        false => parts.push(lang.of("transcript", "расшифровка").to_owned()),
    }
    parts.join(" · ")
}

fn estimate(
    judged: &Prediction,
    explanation: Option<&Explanation>,
    model: &Model,
    lang: Lang,
) -> Markup {
    let share = |share| quantity(share, Unit::Share, lang);
    let scale = model.label();
    let (min, max) = (scale.min(), scale.max());
    let greatest = judged
        .marks
        .iter()
        .flatten()
        .fold(f64::MIN_POSITIVE, |a, b| a.max(*b));
    html! {
        section.estimate {
            div {
                div.csi { (mark(judged.csi, lang)) " " small {
                    "CSI, " (min) "–" (max)
                } }
                dl {
                    dt { (lang.of("customer satisfied", "клиент доволен")) }
                    dd { (share(judged.satisfied)) }
                    @if let Some(dissatisfied) = judged.dissatisfied {
                        dt { (lang.of("customer dissatisfied", "клиент недоволен")) }
                        dd { (share(dissatisfied)) }
                    }
                    @if let Some(explanation) = explanation {
                        dt { (lang.of("CSI of an average call", "CSI среднего звонка")) }
                        dd { (mark(explanation.average_csi, lang)) }
                    }
                }
            }
            @if let Some(marks) = &judged.marks {
                div {
                    p.faint { (lang.of("How likely each mark is", "Вероятность каждой оценки")) }
                    div.marks {
                        @for (value, probability) in (min..=max).zip(marks) {
                            span.number { (value) }
                            div { div.bar style=(width(probability / greatest)) {} }
                            span.number { (share(*probability)) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the style of a bar that fills so much of its room.
fn width(share: f64) -> String {
    format!("width:{:.1}%", (100.0 * share).clamp(0.0, 100.0))
}

fn reasons(explanation: &Explanation, lang: Lang) -> Markup {
    let told: Vec<_> = explanation
        .reasons
        .iter()
        .filter_map(|reason| Some((reason.points(lang)?, reason)))
        .collect();
    let points = told.iter().map(|(_, reason)| reason.csi_points.abs());
    let greatest = points.fold(f64::MIN_POSITIVE, f64::max);
    html! {
        h2 { (lang.of("Why", "Почему")) }
        @if told.is_empty() {
            p { (lang.of(
                "Nothing moves the estimate by a tenth of a mark.",
                "Ничто не сдвигает оценку и на одну десятую.",
            )) }
        } @else {
            p.faint { (lang.of(
                "In CSI points against an average call; they add up.",
                "В баллах CSI относительно среднего звонка; баллы складываются.",
            )) }
            div.reasons { @for (points, reason) in &told {
                span.number { (points) }
                div.signed {
                    @let side = if reason.csi_points < 0.0 { "bar down" } else { "bar up" };
                    div class=(side) style=(width(reason.csi_points.abs() / greatest)) {}
                }
                div.told { (reason.sentence(lang)) " " small { (reason.group.title(lang)) } }
            } }
        }
        @if !explanation.counterfactuals.is_empty() {
            h2 { (lang.of("What would have raised it", "Что подняло бы оценку")) }
            ul { @for change in &explanation.counterfactuals {
                li { (change.sentence(lang)) }
            } }
            p.faint { (lang.of(
                "What the model makes of the call with one fact changed; these do not add up.",
                "Оценка модели, если изменить один факт; эти изменения не складываются.",
            )) }
        }
    }
}

/// What the platform knows of the time before the call.
fn before(measured: &Measurements, lang: Lang) -> Markup {
    let groups = [ReasonGroup::Waiting, ReasonGroup::Ivr, ReasonGroup::History];
    let told = measured.features.iter().filter_map(|(feature, value)| {
        let there = groups
            .contains(&feature.group)
            .then_some(value.as_ref().ok()?)?;
        Some(feature.tell(there, lang))
    });
    let told: Vec<String> = told.collect();
    let steps = ivr_steps(&measured.metadata, lang);
    let steps: Vec<String> = steps.iter().map(legible).collect();
    html! {
        @if !told.is_empty() {
            h2 { (lang.of("Before the call", "До разговора")) }
            ul { @for fact in told { li { (fact) } } }
            @if !steps.is_empty() {
                p { (lang.of("The way through the IVR:", "Путь в IVR:")) " " (steps.join(" → ")) }
            }
        }
    }
}

/// All values, in groups.
fn values(features: &FeatureVector, lang: Lang) -> Markup {
    html! {
        h2 { (lang.of("Measurements", "Измерения")) }
        @for group in ReasonGroup::ALL {
            @let there: Vec<(&Feature, &Value)> = features
                .iter()
                .filter(|(feature, _)| feature.group == group)
                .filter_map(|(feature, value)| Some((feature, value.as_ref().ok()?)))
                .collect();
            @if !there.is_empty() {
                details {
                    summary { (group.title(lang)) " " span.faint { "(" (there.len()) ")" } }
                    table { @for (feature, value) in there {
                        tr title=(feature.definition) {
                            td { (feature.title(lang)) " " code { (feature.name) } }
                            td.number { (told(feature, value, lang)) code { (raw(feature, value)) } }
                        }
                    } }
                }
            }
        }
    }
}

/// Tells a value without its title.
fn told(feature: &Feature, value: &Value, lang: Lang) -> String {
    match value {
        Value::Number(number) => quantity(*number, feature.unit, lang),
        Value::Category(_) => {
            let told = feature.tell(value, lang);
            let title = format!("{}: ", feature.title(lang));
            told.strip_prefix(&title).unwrap_or(&told).to_owned()
        }
    }
}

/// Returns the value as rows of results have it, to four digits after the point, and its unit.
fn raw(feature: &Feature, value: &Value) -> String {
    match value {
        Value::Number(number) => {
            let rounded = (number * 1e4).round() / 1e4;
            let number = if rounded.is_finite() {
                rounded
            } else {
                *number
            };
            let unit = feature.unit.symbol();
            match feature.unit.bounds() {
                Some(_) => format!("{} ({unit})", number + 0.0),
                None => format!("{} {unit}", number + 0.0),
            }
        }
        Value::Category(word) => legible(word),
    }
}

/// What has no value, by reason, the commonest first.
fn absent(features: &FeatureVector, lang: Lang) -> Markup {
    let mut reasons: Vec<(&Absence, Vec<&Feature>)> = Vec::new();
    for (feature, value) in features.iter() {
        let Err(absence) = value else { continue };
        match reasons.iter_mut().find(|(reason, _)| *reason == absence) {
            Some((_, of)) => of.push(feature),
            None => reasons.push((absence, vec![feature])),
        }
    }
    // A stable sort: equal ones stay in the order of the catalogue.
    reasons.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    let count: usize = reasons.iter().map(|(_, of)| of.len()).sum();
    html! {
        @if count > 0 {
            h2 { (lang.of("Not measured", "Не измерено")) " " span.faint { "(" (count) ")" } }
            @for (reason, of) in reasons {
                details {
                    summary { (reason.tell(lang)) " " span.faint { "(" (of.len()) ")" } }
                    table { @for feature in of {
                        tr title=(feature.definition) {
                            td { (feature.title(lang)) " " code { (feature.name) } }
                        }
                    } }
                }
            }
        }
    }
}

fn foot(model: &Model, lang: Lang) -> Markup {
    let settings = model.settings();
    html! {
        footer {
            p {
                (lang.of("Model", "Модель")) " " (legible(model.name())) ", "
                code { (model.fingerprint()) } "; "
                (lang.of("settings of version", "настройки версии")) " " (settings.version) ", "
                code { (settings.fingerprint()) } "; callcsi " (env!("CARGO_PKG_VERSION"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
