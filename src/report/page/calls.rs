//! The calls to open, and what the triggers found.

use super::Page;
use crate::analytics::Call;
use crate::analytics::triggers::{Alert, Kind};
use crate::report::chart::drawn;
use crate::report::words::{self, NOTHING, count, mark};
use maud::{Markup, html};

/// Alerts of a kind in the page, those shown at first aside; all are in the file of alerts.
const MOST_ALERTS: usize = 200;
/// Reasons told of a call.
const REASONS: usize = 3;

impl Page<'_> {
    pub(super) fn to_open(&self) -> Option<Markup> {
        let (lang, open) = (self.lang, &self.analysis.open);
        let list = |name: &str, about: String, calls: &[Call], folded: bool| {
            html! {
                @if !calls.is_empty() {
                    h3 { (name) }
                    p.soft { (about) }
                    @let first = if folded { 5 } else { 10 };
                    @for call in calls.iter().take(first) { (self.call(call)) }
                    @if calls.len() > first {
                        details { summary { (lang.of("further", "ещё")) " " (calls.len() - first) } @for call in calls.iter().skip(first) { (self.call(call)) } }
                    }
                }
            }
        };
        let any = !(open.claims.is_empty() && open.suspected.is_empty() && open.best.is_empty());
        any.then(|| html! {
            (list(
                lang.of("Claims: the customer gave a low mark", "Претензии: клиент поставил низкую оценку"),
                format!("{} {}; {}", count(open.claims_in_all, lang), lang.of("in all", "всего"), lang.of("the lowest first, of one mark the latest", "сначала самые низкие, из равных — последние")),
                &open.claims,
                false,
            ))
            (list(
                lang.of("Silent, and likely dissatisfied", "Промолчали и, вероятно, недовольны"),
                lang.of("Calls without a mark, by the lowest estimates: the claims that a survey does not show.", "Звонки без оценки клиента, с самыми низкими расчётными: претензии, которых опрос не показывает.").to_owned(),
                &open.suspected,
                false,
            ))
            (list(
                lang.of("WOW: the best", "WOW: лучшие"),
                lang.of("The highest estimates: calls to learn from.", "Самые высокие расчётные оценки: на них учиться.").to_owned(),
                &open.best,
                true,
            ))
        })
    }

    pub(super) fn call(&self, call: &Call) -> Markup {
        let lang = self.lang;
        let low = call
            .csi
            .is_some_and(|csi| csi < self.analysis.scale.satisfied_from() as f64);
        let facts: Vec<String> = self
            .analysis
            .columns
            .iter()
            .zip(&call.columns)
            .filter(|(table, _)| {
                !matches!(table.column.as_str(), "hour" | "weekday" | "ivr_last_node")
            })
            .filter_map(|(table, value)| {
                Some(format!(
                    "{}: {}",
                    words::column(&table.column, lang),
                    value.as_ref()?
                ))
            })
            .collect();
        html! {
            div.call {
                h4 { (call.id) }
                div.facts {
                    @if let Some(csi) = call.csi {
                        span.tag.bad[low].good[!low] { "CSI " (mark(csi, lang)) } " "
                    }
                    @if let Some(said) = call.mark { span.tag { (lang.of("customer gave", "клиент поставил")) " " (said) } " " }
                    @if let Some(time) = &call.time { (time.replace('T', " ")) "; " }
                    (facts.join("; "))
                }
                @if let Some(explanation) = &call.explanation {
                    ul {
                        @for reason in explanation.reasons.iter().filter(|r| r.points(lang).is_some()).take(REASONS) {
                            li { (reason.points(lang).unwrap_or_default()) " " (reason.sentence(lang)) }
                        }
                    }
                }
                @if let Some(picture) = self.pictures.get(&call.id) { (drawn(picture.clone())) }
            }
        }
    }

    pub(super) fn alerts(&self) -> Option<Markup> {
        let (lang, watched) = (self.lang, self.watched?);
        let of_calls = |alert: &&Alert| alert.kind == Kind::Call;
        let of_data = |alert: &&Alert| alert.kind == Kind::Data;
        let others = watched
            .alerts
            .iter()
            .filter(|a| !of_calls(a) && !of_data(a));
        let mut lasting: Vec<&Alert> = others.collect();
        // What lasts first, then the latest.
        lasting.sort_by(|a, b| (b.still, &b.until, &b.since).cmp(&(a.still, &a.until, &a.since)));
        let calls: Vec<&Alert> = watched.alerts.iter().filter(of_calls).collect();
        let table = |alerts: &[&Alert]| {
            html! {
                div.scroll { table {
                    thead { tr { th { (lang.of("When", "Когда")) } th { (lang.of("What", "Что")) } th { (lang.of("Rule", "Правило")) } } }
                    tbody { @for alert in alerts {
                        tr {
                            td style="white-space:nowrap" {
                                (alert.since.as_deref().unwrap_or(NOTHING).replace('T', " "))
                                @if alert.until.is_some() && alert.until != alert.since { br; "– " (alert.until.as_deref().unwrap_or_default()) }
                            }
                            td.name style="max-width:none" { (alert.sentence(lang)) @if alert.still { " " span.tag.bad { (lang.of("lasts", "длится")) } } }
                            td.soft { (alert.rule) }
                        }
                    } }
                } }
            }
        };
        let folded = |alerts: &[&Alert], first: usize| {
            html! {
                (table(&alerts[..alerts.len().min(first)]))
                @if alerts.len() > first {
                    details {
                        summary { (lang.of("further", "ещё")) " " (count((alerts.len() - first) as u64, lang)) }
                        (table(&alerts[first..alerts.len().min(first + MOST_ALERTS)]))
                    }
                }
            }
        };
        Some(html! {
            @if watched.alerts.is_empty() {
                p { (lang.of("No rule fired.", "Ни одно правило не сработало.")) }
            }
            @if !lasting.is_empty() { (folded(&lasting, 20)) }
            @let data: Vec<&Alert> = watched.alerts.iter().filter(of_data).collect();
            @if !data.is_empty() {
                details {
                    summary { (lang.of("Measurements that are other than in the model's training", "Измерения не такие, как при обучении модели")) ": " (data.len()) }
                    (table(&data[..data.len().min(MOST_ALERTS)]))
                }
            }
            @if !calls.is_empty() {
                h3 { (lang.of("Of single calls", "По отдельным звонкам")) }
                @let beyond: u64 = watched.beyond.iter().map(|b| b.calls).sum();
                @if beyond > 0 { p.soft { (count(calls.len() as u64 + beyond, lang)) " " (lang.of("in all", "всего")) } }
                (folded(&calls, 5))
            }
            @if !watched.idle.is_empty() {
                details {
                    summary { (lang.of("Rules that could not speak", "Правила, которым нечего сказать")) ": " (watched.idle.len()) }
                    ul { @for idle in &watched.idle { li { (idle.rule) ": " (idle.sentence(lang)) } } }
                }
            }
        })
    }
}
