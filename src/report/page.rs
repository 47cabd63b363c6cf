//! The page of an archive.

use super::chart::{Against, Curve, Dated, OverTime, Point, bar, bounds, drawn, interval, spark};
use super::style::STYLE;
use super::words::{self, NOTHING, Shape, count, figure, mark, percent, points};
use crate::analytics::triggers::{Alert, Kind, Watched};
use crate::analytics::{
    Analysis, Call, Condition, Figure, GroupTable, Indicator, KanoClass, KanoLeftOut, NotGrouped,
    Period, Scores, Shared, SpreadOf,
};
use crate::features::Lang;
use crate::model::{Effect, EffectShape, Model, average_csi, effects};
use maud::{DOCTYPE, Markup, html};
use std::collections::HashMap;

/// Groups of a column shown at each end of a long table; the rest is folded away.
const SHOWN: usize = 15;
/// Groups of a column in the page at all; the tables beside it have every one.
const MOST_GROUPS: usize = 300;
/// Curves shown.
const CURVES: usize = 9;
/// From so many days on, weeks are drawn.
const DAYS: usize = 31;
/// Alerts of a kind in the page, those shown at first aside; all are in the file of alerts.
const MOST_ALERTS: usize = 200;
/// Reasons told of a call.
const REASONS: usize = 3;

/// The page of an archive: see [`Page::html`].
#[derive(Debug)]
pub struct Page<'a> {
    analysis: &'a Analysis,
    lang: Lang,
    title: String,
    model: Option<&'a Model>,
    pictures: HashMap<String, String>,
    watched: Option<&'a Watched>,
}

impl<'a> Page<'a> {
    /// A page of an analysis.
    pub fn new(analysis: &'a Analysis, lang: Lang) -> Page<'a> {
        Page {
            analysis,
            lang,
            title: lang
                .of("Satisfaction of the callers", "Удовлетворённость звонящих")
                .to_owned(),
            model: None,
            pictures: HashMap::new(),
            watched: None,
        }
    }

    /// Sets what stands at its head.
    pub fn titled(mut self, title: impl Into<String>) -> Page<'a> {
        self.title = title.into();
        self
    }

    /// Gives it the model that made the estimates, for its name and its curves.
    pub fn with_model(mut self, model: &'a Model) -> Page<'a> {
        self.model = Some(model);
        self
    }

    /// Gives it the picture of a call, as an `<svg>` element whose text is escaped.
    pub fn with_picture(mut self, id: impl Into<String>, svg: String) -> Page<'a> {
        self.pictures.insert(id.into(), svg);
        self
    }

    /// Gives it what the triggers found.
    pub fn with_alerts(mut self, watched: &'a Watched) -> Page<'a> {
        self.watched = Some(watched);
        self
    }

    /// Returns the page: one file of HTML that asks nothing of a network and runs nothing.
    pub fn html(&self) -> String {
        let lang = self.lang;
        let sections: Vec<(&str, &str, Markup)> = [
            (
                "overview",
                lang.of("Overview", "Обзор"),
                Some(self.overview()),
            ),
            (
                "open",
                lang.of("Calls to open", "Что открыть"),
                self.to_open(),
            ),
            ("alerts", lang.of("Alerts", "Сигналы"), self.alerts()),
            (
                "groups",
                lang.of("By group", "По группам"),
                Some(self.groups()),
            ),
            (
                "drivers",
                lang.of("What drives the marks", "Что движет оценками"),
                Some(self.drivers()),
            ),
            (
                "kano",
                lang.of("Must-be and delight", "Обязательное и привлекательное"),
                Some(self.kano()),
            ),
            (
                "shared",
                lang.of(
                    "What low and high calls share",
                    "Что общего у низких и высоких",
                ),
                self.shared(),
            ),
            (
                "indicators",
                lang.of("The complex picture", "Комплексная картина"),
                Some(self.indicators()),
            ),
            (
                "robot",
                lang.of("IVR and robot", "IVR и робот"),
                self.robot(),
            ),
            (
                "reading",
                lang.of("How to read this", "Как это читать"),
                Some(self.reading()),
            ),
        ]
        .into_iter()
        .filter_map(|(id, name, content)| Some((id, name, content?)))
        .collect();
        let page = html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    // An icon of its own, so that no browser asks a server for one.
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (maud::PreEscaped(STYLE)) @if !self.pictures.is_empty() { (maud::PreEscaped(super::picture::STYLE.as_str())) } }
                }
                body {
                    header {
                        h1 { (self.title) }
                        (self.head())
                        nav { @for (id, name, _) in &sections { a href=(format!("#{id}")) { (name) } } }
                    }
                    main {
                        @for (id, name, content) in &sections {
                            section id=(id) { h2 { (name) } (content) }
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn head(&self) -> Markup {
        let (lang, overview) = (self.lang, &self.analysis.overview);
        html! {
            p.soft {
                (count(overview.calls, lang)) " " (lang.of("calls", "звонков"))
                @if let (Some(first), Some(last)) = (&overview.first_day, &overview.last_day) {
                    ", " (first) " – " (last)
                }
                @if overview.failed > 0 {
                    "; " (count(overview.failed, lang)) " " (lang.of("could not be scored", "не оценены"))
                }
                @if let Some(model) = self.model {
                    "; " (lang.of("model", "модель")) " " (model.name()) " (" (model.fingerprint()) ")"
                }
            }
            @if self.model.is_some_and(|m| m.name() == "builtin") {
                p.note {
                    (lang.of(
                        "The bundled model was trained on simulated calls and knows no real customers. Retrain it on your own marks before you believe an estimate.",
                        "Встроенная модель обучена на симуляции и настоящих клиентов не знает. Переобучите её на своих оценках, прежде чем верить.",
                    ))
                }
            }
        }
    }

    fn tile(&self, name: &str, shape: Shape, of: impl Fn(&Scores) -> Option<Figure>) -> Markup {
        let (lang, overview) = (self.lang, &self.analysis.overview);
        let (estimated, surveyed, corrected) = (
            of(&overview.estimated),
            of(&overview.surveyed),
            of(&overview.corrected),
        );
        html! {
            div.tile {
                span.name { (name) }
                b { (estimated.map_or(NOTHING.to_owned(), |f| shape.value(f.value, lang))) }
                @if let Some(range) = estimated.and_then(|f| f.range) {
                    small { (lang.of("estimated on all calls", "оценка по всем звонкам")) " " span { "[" (shape.ends(range.low, range.high, lang)) "]" } }
                } @else if estimated.is_none() {
                    small { (lang.of("the model does not tell it", "модель этого не говорит")) }
                }
                small { (lang.of("surveyed", "по опросу")) ": " (figure(surveyed.as_ref(), shape, lang)) }
                @if corrected.is_some() {
                    small { (lang.of("corrected", "с поправкой")) ": " (figure(corrected.as_ref(), shape, lang)) }
                }
            }
        }
    }

    fn overview(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let overview = &analysis.overview;
        let scale = &analysis.scale;
        let periods = if analysis.days.len() > DAYS {
            &analysis.weeks
        } else {
            &analysis.days
        };
        let by = match analysis.days.len() > DAYS {
            true => lang.of("by week, from its Monday", "по неделям, с понедельника"),
            false => lang.of("by day", "по дням"),
        };
        html! {
            (self.verdict())
            div.tiles {
                (self.tile("CSI", Shape::Mark, |s| s.csi))
                (self.tile(&format!("CSAT ({}…{})", scale.satisfied_from(), scale.max()), Shape::Share, |s| s.csat))
                (self.tile(&format!("CDSAT ({}…{})", scale.min(), scale.dissatisfied_to()), Shape::Share, |s| s.cdsat))
                div.tile {
                    span.name { (lang.of("Answered the survey", "Ответили на опрос")) }
                    b { (overview.response.map_or(NOTHING.to_owned(), |f| percent(f.value, lang))) }
                    small { (count(overview.answered, lang)) " " (lang.of("answers", "ответов")) }
                    @if overview.response.is_none() {
                        small { (lang.of("how many were asked is not told", "сколько спрошено, не известно")) }
                    }
                }
            }
            @if periods.len() > 1 {
                (self.over_time(periods, lang.of("CSI", "CSI"), by, Shape::Mark, |s| s.csi))
                (self.over_time(periods, "CDSAT", by, Shape::Share, |s| s.cdsat))
            } @else {
                p.soft { (lang.of(
                    "No course over time: the calls do not tell when they were, or were on one day. Times come with --manifest (recording_start, call_start).",
                    "Хода во времени нет: у звонков нет времени или все в один день. Время берётся из --manifest (recording_start, call_start).",
                )) }
            }
            div.side {
                (self.calibration())
                (self.response())
            }
        }
    }

    /// What the survey hides, in a sentence.
    fn verdict(&self) -> Markup {
        let (lang, overview) = (self.lang, &self.analysis.overview);
        let (Some(surveyed), Some(corrected)) = (overview.surveyed.csi, overview.corrected.csi)
        else {
            return html! {
                @if overview.answered == 0 {
                    p { (lang.of(
                        "No call has a mark of its customer, so nothing tells how far the estimates are right.",
                        "Ни у одного звонка нет оценки клиента, поэтому проверить расчёт не по чему.",
                    )) }
                }
            };
        };
        let apart = surveyed.value - corrected.value;
        let certain = surveyed
            .range
            .zip(corrected.range)
            .is_some_and(|(a, b)| a.low > b.high || b.low > a.high);
        html! {
            p {
                @match (certain, apart > 0.0) {
                    (true, true) => { (lang.of("The survey flatters: those who answered gave", "Опрос приукрашивает: ответившие поставили")) " " (mark(surveyed.value, lang)) ", " (lang.of("all customers together would give about", "все клиенты вместе поставили бы около")) " " (mark(corrected.value, lang)) "." }
                    (true, false) => { (lang.of("The survey is too dark: those who answered gave", "Опрос сгущает краски: ответившие поставили")) " " (mark(surveyed.value, lang)) ", " (lang.of("all customers together would give about", "все клиенты вместе поставили бы около")) " " (mark(corrected.value, lang)) "." }
                    (false, _) => { (lang.of("Those who answered gave", "Ответившие поставили")) " " (mark(surveyed.value, lang)) "; " (lang.of("all customers together would give about", "все клиенты вместе поставили бы около")) " " (mark(corrected.value, lang)) ": " (lang.of("no difference that the intervals tell apart", "разницу интервалы не различают")) "." }
                }
            }
        }
    }

    fn over_time(
        &self,
        periods: &[Period],
        name: &str,
        by: &str,
        shape: Shape,
        of: impl Fn(&Scores) -> Option<Figure>,
    ) -> Markup {
        let lang = self.lang;
        // A day of a few calls says nothing and would stretch the axis.
        let dated = |scores: fn(&Period) -> &Scores, least: u64| {
            let of = &of;
            periods
                .iter()
                .filter_map(move |p| {
                    let figure = of(scores(p)).filter(|f| f.calls >= least)?;
                    let scale = &self.analysis.scale;
                    let ends = match shape {
                        Shape::Mark => (scale.min() as f64, scale.max() as f64),
                        _ => (0.0, 1.0),
                    };
                    Some(Dated {
                        date: p.from.clone(),
                        value: figure.value,
                        range: figure
                            .range
                            .map(|r| r.within(ends.0, ends.1))
                            .map(|r| (r.low, r.high)),
                    })
                })
                .collect::<Vec<_>>()
        };
        let title = format!("{name} {by}");
        let chart = OverTime {
            title: &title,
            shape,
            line: dated(|p| &p.estimated, 10),
            dots: dated(|p| &p.surveyed, 10),
            lang,
        };
        if chart.line.is_empty() {
            return html! {};
        }
        let dots = !chart.dots.is_empty();
        html! {
            figure {
                figcaption {
                    b { (title) } ": " (lang.of("line and band, estimated on all calls", "линия и полоса — оценка по всем звонкам"))
                    @if dots { "; " (lang.of("squares, surveyed", "квадраты — опрос")) }
                }
                div.wide { (chart.draw()) }
            }
        }
    }

    fn calibration(&self) -> Markup {
        let (lang, bins) = (self.lang, &self.analysis.calibration);
        if bins.is_empty() {
            return html! {};
        }
        let chart = Against {
            title: lang.of(
                "Satisfied as expected",
                "Довольных столько, сколько ожидалось",
            ),
            x_name: lang.of("expected satisfied", "ожидалось довольных"),
            y_name: lang.of("satisfied", "довольны"),
            x_shape: Shape::Share,
            y_shape: Shape::Share,
            x: (0.0, 1.0),
            y: (0.0, 1.0),
            points: bins
                .iter()
                .map(|b| Point {
                    x: b.expected,
                    y: b.satisfied.value,
                    range: b.satisfied.range.map(|r| (r.low, r.high)),
                    calls: b.satisfied.calls,
                })
                .collect(),
            diagonal: true,
            joined: false,
            lang,
        };
        html! {
            figure {
                figcaption { b { (lang.of("Are the estimates right?", "Верны ли оценки?")) } " " (lang.of("Of the answered calls: on the dashed line as many were satisfied as expected.", "По отвеченным: на пунктире довольных столько, сколько ожидалось.")) }
                (chart.draw())
            }
        }
    }

    fn response(&self) -> Markup {
        let (lang, bins) = (self.lang, &self.analysis.response);
        if bins.len() < 2 {
            return html! {};
        }
        let most = bins
            .iter()
            .filter_map(|b| b.answered.range)
            .map(|r| r.high)
            .fold(0.0, f64::max);
        let chart = Against {
            title: lang.of("Who answers", "Кто отвечает"),
            x_name: lang.of("estimated mark", "расчётная оценка"),
            y_name: lang.of("answered", "ответили"),
            x_shape: Shape::Number,
            y_shape: Shape::Share,
            x: (
                self.analysis.scale.min() as f64,
                self.analysis.scale.max() as f64,
            ),
            y: (0.0, most.min(1.0)),
            points: bins
                .iter()
                .map(|b| Point {
                    x: f64::midpoint(b.from, b.to),
                    y: b.answered.value,
                    range: b.answered.range.map(|r| (r.low, r.high)),
                    calls: b.answered.calls,
                })
                .collect(),
            diagonal: false,
            joined: true,
            lang,
        };
        html! {
            figure {
                figcaption { b { (lang.of("Who answers?", "Кто отвечает?")) } " " (lang.of("Share of those asked who answered, by the estimate of their call.", "Доля ответивших среди спрошенных, по расчётной оценке звонка.")) }
                (chart.draw())
            }
        }
    }

    fn to_open(&self) -> Option<Markup> {
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

    fn call(&self, call: &Call) -> Markup {
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

    fn alerts(&self) -> Option<Markup> {
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

    fn groups(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let shown: Vec<&GroupTable> = analysis
            .columns
            .iter()
            .filter(|t| t.left_out != Some(NotGrouped::NoValue))
            .collect();
        html! {
            @if shown.is_empty() {
                p { (lang.of(
                    "No column to group by. Columns come with --manifest, or were kept in the results (score_archive --keep); --by names others.",
                    "Нет столбцов для группировки. Они берутся из --manifest или из результатов (score_archive --keep); другие называет --by.",
                )) }
            }
            (self.spread())
            @for table in shown { (self.group_table(table)) }
        }
    }

    fn spread(&self) -> Markup {
        let (lang, spread) = (self.lang, &self.analysis.spread);
        if spread.len() < 2 {
            return html! {};
        }
        html! {
            h3 { (lang.of("Who or what: where the spread of the estimates lies", "Кто или что: из чего складывается разброс оценок")) }
            p.soft { (lang.of(
                "Shares of the variance, all columns at once. What lies between calls of the same groups is no group's doing.",
                "Доли дисперсии, все столбцы сразу. Разброс внутри одинаковых групп от группы не зависит.",
            )) }
            div.scroll { table {
                tbody { @for part in spread {
                    tr {
                        td.name { (words::spread(&part.of, lang)) }
                        td.pic { @if let Some(share) = part.share { (bar(share, None, (0.0, 1.0))) } }
                        td.n { @match part.share { Some(share) => (percent(share, lang)), None => (lang.of("not told apart from another column", "не отделить от другого столбца")) } }
                        td.n.soft { @if let Some(deviation) = part.deviation { "± " (mark(deviation, lang)) } }
                    }
                } }
            } }
        }
    }

    fn group_table(&self, table: &GroupTable) -> Markup {
        let lang = self.lang;
        let centre = self
            .analysis
            .overview
            .estimated
            .csi
            .map_or(0.0, |f| f.value);
        let minding = table.groups.iter().any(|g| g.minding.is_some());
        let of = |g: &crate::analytics::Group| {
            if minding {
                g.minding.clone()
            } else {
                g.shrunk.clone()
            }
        };
        let ends = table
            .groups
            .iter()
            .filter_map(&of)
            .flat_map(|s| [s.range.low, s.range.high]);
        let axis = bounds(ends.chain([centre])).unwrap_or((0.0, 1.0));
        let weeks = table
            .groups
            .iter()
            .flat_map(|g| g.weeks.iter().map(|w| w.1));
        let spark_axis = bounds(weeks).unwrap_or((0.0, 1.0));
        let surveyed = table.groups.iter().any(|g| g.surveyed.csi.is_some());
        let cdsat = table.groups.iter().any(|g| g.estimated.cdsat.is_some());
        let trends = table.groups.iter().any(|g| g.weeks.len() >= 3);
        let row = |g: &crate::analytics::Group| {
            html! {
                tr {
                    td.name { (words::group(&table.column, &g.name, lang)) }
                    td.n { (count(g.calls, lang)) }
                    td.pic { @if let Some(s) = of(g) { (interval(axis, s.value, Some((s.range.low, s.range.high)), g.estimated.csi.map(|f| f.value), centre)) } }
                    td.n { @match of(g) { Some(s) => { (mark(s.value, lang)) " " span.range { "[" (Shape::Mark.ends(s.range.low, s.range.high, lang)) "]" } }, None => (NOTHING) } }
                    td.n { (g.estimated.csi.map_or(NOTHING.to_owned(), |f| mark(f.value, lang))) }
                    @if cdsat { td.n { (g.estimated.cdsat.map_or(NOTHING.to_owned(), |f| percent(f.value, lang))) } }
                    @if surveyed { td.n { (g.surveyed.csi.filter(|f| f.calls >= 10).map_or(NOTHING.to_owned(), |f| format!("{} ({})", mark(f.value, lang), count(f.calls, lang)))) } }
                    @if trends { td { (spark(&g.weeks.iter().map(|w| w.1).collect::<Vec<_>>(), spark_axis)) } }
                }
            }
        };
        let long = table.groups.len() > 2 * SHOWN;
        let rows = |groups: &[crate::analytics::Group]| {
            html! {
                div.scroll { table {
                    thead { tr {
                        th { (words::column(&table.column, lang)) }
                        th.n { (lang.of("calls", "звонков")) }
                        th { }
                        th.n { @if minding { (lang.of("CSI, mix alike", "CSI при равных прочих")) } @else { (lang.of("CSI, shrunk", "CSI, сглажено")) } }
                        th.n { (lang.of("CSI, raw", "CSI как есть")) }
                        @if cdsat { th.n { "CDSAT" } }
                        @if surveyed { th.n { (lang.of("surveyed (n)", "опрос (n)")) } }
                        @if trends { th { (lang.of("weeks", "недели")) } }
                    } }
                    tbody { @for group in groups { (row(group)) } }
                } }
            }
        };
        html! {
            h3 { (words::column(&table.column, lang)) }
            @match table.left_out {
                Some(NotGrouped::TooManyGroups) => p.soft { (lang.of("This column has more values than groups are told: it names calls or customers.", "В этом столбце слишком много значений: он называет звонки или клиентов, а не группы.")) },
                _ => {
                    @if table.groups.is_empty() {
                        p.soft { (lang.of("Every group has too few calls.", "В каждой группе слишком мало звонков.")) }
                    } @else if long {
                        p.soft { (lang.of("The lowest", "Самые низкие")) " " (SHOWN) ":" }
                        (rows(&table.groups[..SHOWN]))
                        p.soft { (lang.of("The highest", "Самые высокие")) " " (SHOWN) ":" }
                        (rows(&table.groups[table.groups.len() - SHOWN..]))
                        @let between = &table.groups[SHOWN..table.groups.len() - SHOWN];
                        details {
                            summary { (lang.of("between them", "между ними")) ": " (count(between.len() as u64, lang)) }
                            @if between.len() > MOST_GROUPS { p.soft { (lang.of("The first", "Первые")) " " (MOST_GROUPS) "; " (lang.of("the tables have all", "в таблицах — все")) } }
                            (rows(&between[..between.len().min(MOST_GROUPS)]))
                        }
                    } @else {
                        (rows(&table.groups))
                    }
                    p.soft {
                        @if table.too_few > 0 {
                            (count(table.too_few, lang)) " " (lang.of("groups with fewer than", "групп, где меньше")) " " (self.analysis.least_calls) " " (lang.of("calls are not told", "звонков, не показаны")) " (" (count(table.too_few_calls, lang)) " " (lang.of("calls", "звонков")) "). "
                        }
                        @if table.without > 0 { (count(table.without, lang)) " " (lang.of("calls have no value.", "звонков без значения.")) }
                    }
                }
            }
        }
    }

    fn drivers(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let Some(drivers) = &analysis.drivers else {
            return html! { p { (lang.of(
                "Not told: the rows were made by a model that was not given (--model).",
                "Не показано: строки сделаны моделью, которую не передали (--model).",
            )) } };
        };
        let most = drivers
            .groups
            .iter()
            .map(|d| d.mean_points.value)
            .fold(0.0, f64::max);
        html! {
            p.soft {
                (lang.of("How far each kind of reason moves the estimate of a call, up or down, in marks on average; on how many calls by a tenth or more.", "На сколько в среднем каждая причина сдвигает оценку звонка вверх или вниз, в баллах; у какой доли — на десятую и больше."))
                (self.sample_note(drivers.calls, analysis.sampled_of))
            }
            div.scroll { table {
                thead { tr { th { } th { } th.n { (lang.of("moves by", "сдвигает на")) } th.n { (lang.of("lowers", "снижает")) } th.n { (lang.of("raises", "повышает")) } } }
                tbody { @for driver in &drivers.groups {
                    tr {
                        td.name { (driver.group.title(lang)) }
                        td.pic { (bar(driver.mean_points.value, None, (0.0, most))) }
                        td.n { (mark(driver.mean_points.value, lang)) }
                        td.n { (driver.lowers.map_or(NOTHING.to_owned(), |f| percent(f.value, lang))) }
                        td.n { (driver.raises.map_or(NOTHING.to_owned(), |f| percent(f.value, lang))) }
                    }
                } }
            } }
            (self.curves())
        }
    }

    /// The expected mark by the value of what moves most.
    fn curves(&self) -> Markup {
        let (lang, Some(model), Some(drivers)) = (self.lang, self.model, &self.analysis.drivers)
        else {
            return html! {};
        };
        let all = effects(model);
        let strongest = drivers
            .features
            .iter()
            .filter_map(|d| all.iter().find(|e| e.feature == d.feature));
        type Chosen<'a> = (&'a Effect, Vec<(f64, f64)>, &'a [f64]);
        let chosen: Vec<Chosen<'_>> = strongest
            .filter_map(|effect| match &effect.shape {
                EffectShape::Curve {
                    points, deciles, ..
                } if points.len() > 1 => Some((
                    effect,
                    points.iter().map(|p| (p.value, p.csi)).collect(),
                    &deciles[..],
                )),
                _ => None,
            })
            .take(CURVES)
            .collect();
        let Some(marks) = bounds(
            chosen
                .iter()
                .flat_map(|(_, points, _)| points.iter().map(|p| p.1)),
        ) else {
            return html! {};
        };
        html! {
            h3 { (lang.of("The mark of an otherwise average call", "Оценка в остальном среднего звонка")) }
            p.soft { (lang.of("What the model expects as one measurement changes; ticks below are tenths of the training calls. Curves of one model, not causes.", "Что ожидает модель, когда меняется одно измерение; засечки — десятые доли обучающих звонков. Это кривые модели, а не причины.")) }
            div.curves { @for (effect, points, deciles) in &chosen {
                @if let Some(feature) = words::feature(&effect.feature) {
                    figure {
                        figcaption { (feature.title(lang)) }
                        (Curve { title: feature.title(lang), points: points.clone(), deciles, marks, average: average_csi(model), value: &|x| words::value_of(feature, x, lang), lang }.draw())
                    }
                }
            } }
        }
    }

    fn sample_note(&self, used: u64, of: u64) -> Markup {
        let lang = self.lang;
        html! { @if used < of { " " (lang.of("From a sample of", "По выборке из")) " " (count(used, lang)) " " (lang.of("of", "из")) " " (count(of, lang)) " " (lang.of("calls.", "звонков.")) } }
    }

    fn kano(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let intro = lang.of(
            "From the marks that customers gave, not from estimates. Penalty is what the bad end of an attribute takes from the mark of a call in the middle, reward what its good end adds; all attributes at once, intervals of 95 %.",
            "По оценкам самих клиентов, а не по расчётным. Потеря — сколько отнимает плохой край показателя против середины, выигрыш — сколько прибавляет хороший; все показатели сразу, интервалы 95 %.",
        );
        let Some(kano) = &analysis.kano else {
            return html! {
                p { (lang.of("Not enough data", "Недостаточно данных")) ": " (count(analysis.overview.answered, lang)) " " (lang.of("answers, wanted", "ответов, нужно")) " " (count(analysis.kano_wants, lang)) "." }
            };
        };
        let ends = kano
            .attributes
            .iter()
            .flat_map(|a| [a.penalty.range, a.reward.range])
            .flatten();
        let most = ends
            .flat_map(|r| [r.low.abs(), r.high.abs()])
            .fold(0.1, f64::max);
        html! {
            p.soft { (intro) " " (count(kano.answers, lang)) " " (lang.of("answers.", "ответов.")) }
            div.scroll { table {
                thead { tr { th { } th { (lang.of("penalty", "потеря")) } th { (lang.of("reward", "выигрыш")) } th.n { (lang.of("penalty", "потеря")) " (n)" } th.n { (lang.of("reward", "выигрыш")) " (n)" } th { (lang.of("to customers", "для клиентов")) } } }
                tbody { @for attribute in &kano.attributes {
                    @if let Some(feature) = words::feature(attribute.feature) {
                        @let (name, meaning) = words::kano(attribute.class, lang);
                        @let (bad, good) = if attribute.more_is_better { (format!("≤ {}", words::value_of(feature, attribute.low, lang)), format!("≥ {}", words::value_of(feature, attribute.high, lang))) } else { (format!("≥ {}", words::value_of(feature, attribute.high, lang)), format!("≤ {}", words::value_of(feature, attribute.low, lang))) };
                        tr {
                            td.name { (feature.title(lang)) br; small.soft { (lang.of("bad", "плохо")) " " (bad) ", " (lang.of("good", "хорошо")) " " (good) } }
                            td.pic style="width:18%" { (bar(-attribute.penalty.value, attribute.penalty.range.map(|r| (-r.high, -r.low)), (-most, most))) }
                            td.pic style="width:18%" { (bar(attribute.reward.value, attribute.reward.range.map(|r| (r.low, r.high)), (-most, most))) }
                            td.n { (points(-attribute.penalty.value, lang)) " (" (count(attribute.penalty.calls, lang)) ")" }
                            td.n { (points(attribute.reward.value, lang)) " (" (count(attribute.reward.calls, lang)) ")" }
                            td { span.tag.bad[attribute.class == KanoClass::MustBe].good[attribute.class == KanoClass::Attractive] title=(meaning) { (name) } }
                        }
                    }
                } }
            } }
            @if !kano.left_out.is_empty() {
                details { summary { (lang.of("Not enough data", "Недостаточно данных")) ": " (kano.left_out.len()) }
                    ul { @for (name, why) in &kano.left_out {
                        li { (words::feature(name).map_or(*name, |f| f.title(lang))) ": " (match why {
                            KanoLeftOut::NotMeasured { calls } => format!("{} {}", lang.of("answered calls that have it:", "отвеченных звонков, где оно есть:"), count(*calls, lang)),
                            KanoLeftOut::NotSpread { calls } => format!("{} {} / {} / {}", lang.of("too few at an end or between (low / between / high):", "мало на краю или между (низ / середина / верх):"), calls[0], calls[1], calls[2]),
                            KanoLeftOut::SameAsOthers => lang.of("says what others say", "повторяет другие").to_owned(),
                        }) }
                    } }
                }
            }
        }
    }

    fn shared(&self) -> Option<Markup> {
        let (lang, analysis) = (self.lang, self.analysis);
        let (lowest, highest) = (analysis.lowest.as_ref()?, analysis.highest.as_ref()?);
        let part = |name: String, shared: &Shared| {
            html! {
                h3 { (name) }
                @if shared.conditions.is_empty() {
                    p { (lang.of("Nothing that sets them apart.", "Ничего, что бы их отличало.")) }
                } @else {
                    div.scroll { table {
                        thead { tr { th { } th.n { (lang.of("of these", "у этих")) } th.n { (lang.of("of the rest", "у прочих")) } th.n { (lang.of("times as often", "чаще в … раз")) } th.n { (lang.of("calls", "звонков")) } } }
                        tbody { @for condition in &shared.conditions { (self.condition(condition)) } }
                    } }
                }
            }
        };
        Some(html! {
            p.soft {
                (lang.of("The tenth of calls with the lowest estimates, and the tenth with the highest, against all others. Told are conditions that chance does not explain (false discoveries under 5 %); of those that hold of the same calls, the strongest. A dot marks what the model looks at itself.", "Десятая часть звонков с самыми низкими и с самыми высокими оценками против остальных. Показаны условия, которые не объяснить случаем (ложных открытий меньше 5 %); из повторяющих друг друга — сильнейшее. Точкой отмечено то, на что смотрит сама модель."))
                (self.sample_note(analysis.sampled, analysis.sampled_of))
            }
            (part(format!("{} (CSI ≤ {})", lang.of("The lowest tenth", "Нижняя десятая"), mark(lowest.csi, lang)), lowest))
            (part(format!("{} (CSI ≥ {})", lang.of("The highest tenth", "Верхняя десятая"), mark(highest.csi, lang)), highest))
        })
    }

    fn condition(&self, condition: &Condition) -> Markup {
        let lang = self.lang;
        html! {
            tr {
                td.name style="max-width:none" { (words::condition(&condition.what, lang)) @if condition.in_model { " •" } }
                td.n { (percent(condition.in_part, lang)) }
                td.n { (percent(condition.in_rest, lang)) }
                td.n { (figure(Some(&condition.lift), Shape::Number, lang)) }
                td.n { (count(condition.support, lang)) }
            }
        }
    }

    fn indicators(&self) -> Markup {
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

    fn matrix(&self) -> Markup {
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

    fn robot(&self) -> Option<Markup> {
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

    fn reading(&self) -> Markup {
        let lang = self.lang;
        let scale = &self.analysis.scale;
        let entries: [(&str, String); 7] = lang.of(
            [
                ("CSI, CSAT, CDSAT", format!("Mean mark on {} to {}; share of marks from {} up; share up to {}. Estimated: means of what the model expects of every call. Surveyed: of the marks given.", scale.min(), scale.max(), scale.satisfied_from(), scale.dissatisfied_to())),
                ("Corrected", "The estimates moved by how they err on the answered calls. It is what all customers would say if those who answer are like the others of the same estimate, and it takes marks that the model was not trained on.".to_owned()),
                ("[…]", "Intervals of 95 %: how far the figure would stray on other calls of the same kind. They do not say how far the model is wrong of all of them.".to_owned()),
                ("CSI, shrunk; mix alike", "Small groups stray by chance. Each mean is drawn towards that of all calls, the more the fewer calls it has; “mix alike” also takes out what the other columns and the week do, so that an operator does not pay for the queue. The thin mark is the raw mean.".to_owned()),
                ("Too few", format!("Groups of fewer than {} calls are never ranked.", self.analysis.least_calls)),
                ("Operators", "A low figure is a question and not a verdict: the estimate sees what was measured, not what the customer came with.".to_owned()),
                ("Privacy", "No word of a call and no number of a customer is in this page; ids, operators and queues are as the archive has them.".to_owned()),
            ],
            [
                ("CSI, CSAT, CDSAT", format!("Средняя оценка от {} до {}; доля оценок от {}; доля до {}. Расчётные — средние того, что модель ожидает от каждого звонка. По опросу — из поставленных оценок.", scale.min(), scale.max(), scale.satisfied_from(), scale.dissatisfied_to())),
                ("С поправкой", "Расчётные, сдвинутые на их ошибку на отвеченных звонках. Это оценка всех клиентов, если ответившие похожи на прочих с той же расчётной; нужны оценки, на которых модель не училась.".to_owned()),
                ("[…]", "Интервалы 95 %: на сколько число гуляло бы на других таких же звонках. Насколько ошибается сама модель, они не говорят.".to_owned()),
                ("Сглажено; при равных прочих", "Малые группы гуляют случайно. Каждое среднее притянуто к общему, тем сильнее, чем меньше звонков; «при равных прочих» ещё и убирает вклад других столбцов и недели, чтобы оператор не платил за очередь. Тонкая черта — среднее как есть.".to_owned()),
                ("Мало звонков", format!("Группы, где меньше {} звонков, не ранжируются.", self.analysis.least_calls)),
                ("Операторы", "Низкое число — повод спросить, а не приговор: расчёт видит измеренное, а не то, с чем клиент пришёл.".to_owned()),
                ("Личные данные", "Ни слова разговора и ни одного номера здесь нет; имена звонков, операторов и очередей — как в архиве.".to_owned()),
            ],
        );
        html! { dl { @for (name, text) in &entries { dt { (name) } dd { (text) } } } }
    }
}

impl SpreadOf {
    /// The column, where it is one.
    pub fn column(&self) -> Option<&str> {
        match self {
            SpreadOf::Column(name) => Some(name),
            _ => None,
        }
    }
}
