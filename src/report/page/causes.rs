//! What drives the marks: reasons, curves, Kano's split, what the lowest and the highest share.

use super::Page;
use crate::analytics::{Condition, KanoClass, KanoLeftOut, Shared};
use crate::model::{Effect, EffectShape, average_csi, effects};
use crate::report::chart::{Curve, bar, bounds};
use crate::report::words::{self, NOTHING, Shape, count, figure, mark, percent, points};
use maud::{Markup, html};

/// Curves shown.
const CURVES: usize = 9;

impl Page<'_> {
    pub(super) fn drivers(&self) -> Markup {
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
    pub(super) fn curves(&self) -> Markup {
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

    pub(super) fn sample_note(&self, used: u64, of: u64) -> Markup {
        let lang = self.lang;
        html! { @if used < of { " " (lang.of("From a sample of", "По выборке из")) " " (count(used, lang)) " " (lang.of("of", "из")) " " (count(of, lang)) " " (lang.of("calls.", "звонков.")) } }
    }

    pub(super) fn kano(&self) -> Markup {
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

    pub(super) fn shared(&self) -> Option<Markup> {
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

    pub(super) fn condition(&self, condition: &Condition) -> Markup {
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
}
