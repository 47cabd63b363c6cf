//! The figures of all calls, over time, and how right they are.

use super::Page;
use crate::analytics::{Figure, Period, Scores};
use crate::report::chart::{Against, Dated, OverTime, Point};
use crate::report::words::{NOTHING, Shape, count, figure, mark, percent};
use maud::{Markup, html};

/// From so many days on, weeks are drawn.
const DAYS: usize = 31;

impl Page<'_> {
    pub(super) fn tile(
        &self,
        name: &str,
        shape: Shape,
        of: impl Fn(&Scores) -> Option<Figure>,
    ) -> Markup {
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

    pub(super) fn overview(&self) -> Markup {
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
    pub(super) fn verdict(&self) -> Markup {
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

    pub(super) fn over_time(
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

    pub(super) fn calibration(&self) -> Markup {
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

    pub(super) fn response(&self) -> Markup {
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
}
