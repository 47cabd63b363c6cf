//! How the centre served: its indicators, and its IVR.

use super::Page;
use crate::analytics::{Figure, Indicator};
use crate::report::chart::bar;
use crate::report::words::{self, NOTHING, Shape, count, figure, percent};
use maud::{Markup, html};

impl Page<'_> {
    pub(super) fn indicators(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let service = &analysis.overview.service;
        let tile = |name: String, value: Option<&Figure>, shape: Shape, why: &str| {
            html! {
                div.tile {
                    span.name { (name) }
                    b { (value.map_or(NOTHING.to_owned(), |f| shape.value(f.value, lang))) }
                    @match value {
                        Some(f) => small { @if let Some(r) = f.range { "[" (shape.ends(r.low, r.high, lang)) "], " } "n = " (count(f.calls, lang)) },
                        None => small { (why) },
                    }
                }
            }
        };
        let hold = service.hold_share.map(|value| Figure {
            value,
            range: None,
            calls: service.handle_s.map_or(0, |f| f.calls),
        });
        html! {
            div.tiles {
                (tile(format!("{} {} {}", lang.of("Answered within", "Ответ в течение"), analysis.in_time_s, lang.of("s", "с")), service.service_level.as_ref(), Shape::Share, lang.of("no waits told", "ожидание не известно")))
                (tile(lang.of("Talk with holds, mean", "Разговор с удержаниями, средний").to_owned(), service.handle_s.as_ref(), Shape::Seconds, lang.of("no lengths told", "длительность не известна")))
                (tile(lang.of("Hung up before an answer", "Не дождались ответа").to_owned(), service.abandonment.as_ref(), Shape::Share, lang.of("no column tells it (abandoned)", "нет столбца (abandoned)")))
                (tile(format!("{} {} {}", lang.of("Did not come back within", "Не вернулись за"), analysis.repeat_days, lang.of("days", "дн.")), service.first_contact_resolution.as_ref(), Shape::Share, lang.of("no customers or times told", "нет клиентов или времени")))
                (tile(lang.of("Share of the talk on hold", "Доля удержания в разговоре").to_owned(), hold.as_ref(), Shape::Share, lang.of("no holds told", "удержания не известны")))
            }
            @if analysis.correlations.is_empty() {
                p.soft { (lang.of("How they go together is not told: too few days.", "Как они связаны, не показано: мало дней.")) }
            } @else {
                h3 { (lang.of("Which go together, day by day", "Что с чем связано, по дням")) }
                p.soft { (lang.of("Correlations of ranks over the days, with their intervals on the line below; bold where the interval leaves out 0. What goes together need not cause each other.", "Корреляции рангов по дням, под ними интервалы; жирным — где интервал не содержит 0. Связь не значит причину.")) }
                (self.matrix())
            }
        }
    }

    pub(super) fn matrix(&self) -> Markup {
        let (lang, all) = (self.lang, &self.analysis.correlations);
        let told = |a: Indicator, b: Indicator| {
            all.iter()
                .find(|c| (c.a, c.b) == (a, b) || (c.a, c.b) == (b, a))
        };
        let shown: Vec<Indicator> = Indicator::ALL
            .into_iter()
            .filter(|a| {
                all.iter()
                    .any(|c| (c.a == *a || c.b == *a) && c.rank.is_some())
            })
            .collect();
        html! {
            div.scroll { table.matrix {
                thead { tr { th { } @for b in shown.iter().skip(1) { th { (words::indicator(*b, lang)) } } } }
                tbody { @for (i, a) in shown.iter().enumerate().take(shown.len().saturating_sub(1)) {
                    tr {
                        th { (words::indicator(*a, lang)) }
                        @for (j, b) in shown.iter().enumerate().skip(1) {
                            @let found = told(*a, *b).filter(|_| j > i);
                            @match found.and_then(|c| Some((c.rank?, c.range))) {
                                Some((rank, range)) => {
                                    @let certain = range.is_some_and(|r| !r.holds(0.0));
                                    @let ground = if rank < 0.0 { "--below" } else { "--above" };
                                    td style=(format!("background:color-mix(in srgb,var({ground}) {:.0}%,transparent)", 45.0 * rank.abs())) {
                                        @if certain { b { (words::number(rank, 2, lang)) } } @else { (words::number(rank, 2, lang)) }
                                        @if let Some(r) = range { br; span.range { (Shape::Number.ends(r.low, r.high, lang)) } }
                                    }
                                }
                                None => td { },
                            }
                        }
                    }
                } }
            } }
        }
    }

    pub(super) fn robot(&self) -> Option<Markup> {
        let (lang, robot) = (self.lang, self.analysis.robot.as_ref()?);
        let row = |name: &str, value: Option<&Figure>, shape: Shape, about: &str| {
            html! {
                tr { td.name style="max-width:none" { (name) @if !about.is_empty() { br; small.soft { (about) } } } td.n { (figure(value, shape, lang)) } td.n.soft { @if let Some(f) = value { "n = " (count(f.calls, lang)) } } }
            }
        };
        let missing = lang.of("no column tells it", "нет столбца");
        let known: u64 = robot.ended.iter().map(|e| e.1).sum();
        Some(html! {
            p { (count(robot.contacts, lang)) " " (lang.of("contacts met the IVR", "обращений попали в IVR")) @if let Some(volume) = &robot.volume { " (" (percent(volume.value, lang)) ")" } "." }
            div.side {
                div.scroll { table { tbody {
                    (row(lang.of("Served whole", "Обслужено полностью"), robot.service_rate.as_ref(), Shape::Share, lang.of("completed, of the contacts whose end is known", "завершено, из обращений с известным исходом")))
                    (row(lang.of("Autonomous", "Автономно"), robot.autonomous_rate.as_ref(), Shape::Share, if robot.autonomous_rate.is_none() { lang.of("no customers or times told", "нет клиентов или времени") } else { lang.of("and did not come back within 24 hours", "и не вернулись за 24 часа") }))
                    (row(lang.of("Resolved", "Решено"), robot.resolution.as_ref(), Shape::Share, &format!("{} {} {}", lang.of("of those served whole, not back within", "из обслуженных: не вернулись за"), self.analysis.repeat_days, lang.of("days", "дн."))))
                    (row(lang.of("Recognised, as labelled", "Распознано, по разметке"), robot.recognised.as_ref(), Shape::Share, if robot.recognised.is_none() { missing } else { "" }))
                    (row(lang.of("Understood (proxy)", "Понято (косвенно)"), robot.understood.as_ref(), Shape::Share, lang.of("1 − share of steps not understood; what was understood wrongly is not in it", "1 − доля непонятых шагов; понятое неверно сюда не входит")))
                    (row(lang.of("Defects", "С дефектом"), robot.defects.as_ref(), Shape::Share, lang.of("failed, or did not understand or hear the customer at least once", "сбой, или хотя бы раз не понял либо не услышал")))
                    (row(lang.of("Steps per conversation", "Шагов в разговоре"), robot.steps.as_ref(), Shape::Number, ""))
                    (row(lang.of("Cost of a contact", "Стоимость обращения"), robot.cost.as_ref(), Shape::Number, if robot.cost.is_none() { missing } else { "" }))
                    (row(lang.of("Conversion", "Конверсия"), robot.conversion.as_ref(), Shape::Share, if robot.conversion.is_none() { missing } else { "" }))
                } } }
                div.scroll { table {
                    thead { tr { th { (lang.of("How it ended", "Чем кончилось")) } th { } th.n { } } }
                    tbody { @for (word, calls) in &robot.ended {
                        tr { td.name { (words::ivr_end(word, lang)) } td.pic { (bar(*calls as f64 / known as f64, None, (0.0, 1.0))) } td.n { (count(*calls, lang)) } }
                    } }
                } }
            }
            @if robot.nodes.is_empty() {
                p.soft { (lang.of("Where people leave is not told: no way node by node (ivr_path of the manifest).", "Где уходят, не показано: нет пути по узлам (ivr_path манифеста).")) }
            } @else {
                h3 { (lang.of("By node", "По узлам")) }
                p.soft { (lang.of("Of the times a node was entered: not understood, nothing said, a person asked for, hung up there.", "Из входов в узел: не понят, промолчал, просит оператора, повесил трубку.")) " " (count(robot.ways, lang)) " " (lang.of("ways.", "путей.")) }
                div.scroll { table {
                    thead { tr { th { (lang.of("Node", "Узел")) } th.n { (lang.of("entered", "входов")) } th.n { (lang.of("not understood", "не понят")) } th.n { (lang.of("silent", "молчит")) } th.n { (lang.of("asks for a person", "просит оператора")) } th.n { (lang.of("hangs up", "уходит")) } th.n { (lang.of("breaks off", "сбой")) } } }
                    tbody { @for node in robot.nodes.iter().take(40) {
                        @let share = |n: u64| if node.entered > 0 { percent(n as f64 / node.entered as f64, lang) } else { NOTHING.to_owned() };
                        tr { td.name { (node.name.as_deref().unwrap_or(lang.of("others", "прочие"))) } td.n { (count(node.entered, lang)) } td.n { (share(node.no_match)) } td.n { (share(node.no_input)) } td.n { (share(node.requests)) } td.n { (share(node.left)) } td.n { (share(node.failed)) } }
                    } }
                } }
            }
        })
    }
}
