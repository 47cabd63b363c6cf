//! A comparison told to people.

use super::{Comparison, Measure, Outcome, Side, Verdict, Warning};
use crate::analytics::stats::{Figure, Range};
use crate::features::{Lang, catalogue};
use std::fmt::Write;

/// Writes a number with so many digits after the point, in the language's way.
fn number(x: f64, digits: usize, lang: Lang) -> String {
    let text = format!("{x:.digits$}");
    // What rounds to zero has no sign.
    let zero = text.bytes().all(|c| matches!(c, b'-' | b'0' | b'.'));
    let text = if zero { text.replace('-', "") } else { text };
    let text = text.replace('-', "−");
    lang.of(text.clone(), text.replace('.', ","))
}

fn signed(x: f64, digits: usize, lang: Lang) -> String {
    let text = number(x, digits, lang);
    match x > 0.0 && !text.starts_with('−') {
        true => format!("+{text}"),
        false => text,
    }
}

/// A count with its thousands apart.
fn count(calls: u64, lang: Lang) -> String {
    let digits = calls.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(lang.of(',', '\u{a0}'));
        }
        text.push(digit);
    }
    text
}

impl Measure {
    /// Returns what it is called.
    pub fn title(self, lang: Lang) -> &'static str {
        match self {
            Measure::Csi => lang.of("CSI, mean mark", "CSI, средняя оценка"),
            Measure::Csat => lang.of("CSAT, satisfied", "CSAT, доля довольных"),
            Measure::Cdsat => lang.of("CDSAT, dissatisfied", "CDSAT, доля недовольных"),
        }
    }

    /// Shares are told in per cent.
    fn told(self, x: f64) -> (f64, usize) {
        match self {
            Measure::Csi => (x, 2),
            _ => (100.0 * x, 1),
        }
    }

    fn level(self, x: f64, lang: Lang) -> String {
        let (x, digits) = self.told(x);
        let unit = if self == Measure::Csi { "" } else { " %" };
        format!("{}{unit}", number(x, digits, lang))
    }

    fn change(self, x: f64, lang: Lang) -> String {
        let (x, digits) = self.told(x);
        signed(x, digits, lang)
    }

    /// The least difference found, one digit finer: a small one shall not be told as 0.
    fn least(self, x: f64, lang: Lang) -> String {
        let (x, digits) = self.told(x);
        let unit = match self {
            Measure::Csi => lang.of("marks", "балла"),
            _ => lang.of("points", "п. п."),
        };
        let digits = if x < 0.1 { digits + 1 } else { digits };
        format!("{} {unit}", number(x, digits, lang))
    }
}

impl Comparison {
    /// Tells the comparison: the sides, the figures, what can be said, what makes it unfair.
    pub fn text(&self, lang: Lang) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, lang);
        text
    }

    fn write(&self, text: &mut String, lang: Lang) -> std::fmt::Result {
        writeln!(text, "{}", self.column)?;
        for side in [&self.a, &self.b] {
            writeln!(text, "  {}", side.text(lang))?;
        }
        if self.others > 0 {
            let others = count(self.others, lang);
            let what = lang.of("calls on neither side", "звонков не входят в сравнение");
            writeln!(text, "  {others} {what}")?;
        }
        for surveyed in [false, true] {
            let title = match surveyed {
                false => lang.of("Estimates of all calls", "Прогноз по всем звонкам"),
                true => lang.of(
                    "Marks of those who answered",
                    "Оценки тех, кто ответил на опрос",
                ),
            };
            writeln!(text, "\n{title}")?;
            let outcomes = || self.outcomes.iter().filter(|o| o.surveyed == surveyed);
            for outcome in outcomes() {
                self.write_outcome(text, outcome, lang)?;
            }
            if let Some(csi) = outcomes().find(|o| o.measure == Measure::Csi) {
                writeln!(text, "  → {}", self.sentence(csi, lang))?;
            }
        }
        if !self.warnings.is_empty() {
            let title = lang.of("What makes it unfair", "Что мешает сравнению");
            writeln!(text, "\n{title}")?;
        }
        for warning in &self.warnings {
            writeln!(text, "  ! {}", self.warning(warning, lang))?;
        }
        Ok(())
    }

    fn write_outcome(&self, text: &mut String, outcome: &Outcome, lang: Lang) -> std::fmt::Result {
        let measure = outcome.measure;
        write!(text, "  {}: ", measure.title(lang))?;
        let Some((a, b)) = outcome.a.zip(outcome.b) else {
            return writeln!(
                text,
                "{}",
                lang.of("not known of both sides", "нет данных по обеим")
            );
        };
        let level = |side: &Side, figure: Figure| {
            format!("{} {}", side.value, measure.level(figure.value, lang))
        };
        writeln!(text, "{}, {}", level(&self.a, a), level(&self.b, b))?;
        let interval = |range: Range| {
            let [low, high] = [range.low, range.high].map(|x| measure.change(x, lang));
            lang.of(format!("{low} to {high}"), format!("от {low} до {high}"))
        };
        let told = |value: f64, range: Option<Range>| {
            let value = measure.change(value, lang);
            match range {
                Some(range) => format!("{value} ({})", interval(range)),
                None => value,
            }
        };
        if let Some(difference) = outcome.difference {
            let name = lang.of("difference", "разница");
            writeln!(
                text,
                "    {name} {}",
                told(difference.value, difference.range)
            )?;
        }
        if let Some(range) = outcome.by_customer {
            let name = lang.of(
                "with all calls of a customer as one",
                "если звонки одного клиента считать вместе",
            );
            writeln!(text, "    {name}: {}", interval(range))?;
        }
        if let Some(adjusted) = outcome.adjusted {
            let name = lang.of(
                "with what came before the agent made equal",
                "с поправкой на то, что было до оператора",
            );
            let difference = told(adjusted.difference.value, adjusted.difference.range);
            let removed = number(100.0 * adjusted.removed, 0, lang);
            let explains = lang.of(
                format!("that explains {removed} % of the variance"),
                format!("оно объясняет {removed} % разброса"),
            );
            writeln!(text, "    {name}: {difference}; {explains}")?;
        }
        if let Some((_, least)) = outcome.best() {
            let least = measure.least(least, lang);
            let found = lang.of(
                format!("a difference of {least} would be found four times in five"),
                format!("разница в {least} нашлась бы в четырёх случаях из пяти"),
            );
            writeln!(text, "    {found}")?;
        }
        Ok(())
    }

    /// Tells what can be said of a figure in a sentence.
    pub fn sentence(&self, outcome: &Outcome, lang: Lang) -> String {
        let measure = outcome.measure;
        let (a, b) = (&self.a.value, &self.b.value);
        match (outcome.verdict(), outcome.best()) {
            (Verdict::NotFound(least), _) => {
                let least = measure.least(least, lang);
                lang.of(
                    format!(
                        "No difference found; one of {least} or more would have been found four \
                         times in five."
                    ),
                    format!(
                        "Разницы не видно; разница в {least} или больше нашлась бы в четырёх \
                         случаях из пяти."
                    ),
                )
            }
            (verdict @ (Verdict::Higher | Verdict::Lower), Some((figure, _))) => {
                let range = figure.range.unwrap_or(Range::around(figure.value, 0.0));
                let mut ends = [range.low.abs(), range.high.abs()];
                ends.sort_by(f64::total_cmp);
                let [low, high] = ends.map(|x| number(measure.told(x).0, measure.told(x).1, lang));
                let least = measure.least(figure.value.abs(), lang);
                let (en, ru) = match verdict {
                    Verdict::Higher => ("higher", "выше"),
                    _ => ("lower", "ниже"),
                };
                lang.of(
                    format!("{b} is {en} than {a} by {least} ({low} to {high})."),
                    format!("{b} {ru}, чем {a}, на {least} (от {low} до {high})."),
                )
            }
            _ => lang
                .of(
                    "Too few calls to say anything.",
                    "Звонков мало: сказать нечего.",
                )
                .into(),
        }
    }

    fn warning(&self, warning: &Warning, lang: Lang) -> String {
        let share = |x: f64| format!("{} %", number(100.0 * x, 1, lang));
        let (a_name, b_name) = (&self.a.value, &self.b.value);
        match warning {
            Warning::Unequal {
                feature,
                word,
                a,
                b,
                standardised,
                chance,
            } => {
                let found = catalogue().iter().find(|f| f.name == *feature);
                let title = found.map_or(feature.as_str(), |f| f.title(lang));
                let (title, a, b) = match word.as_deref() {
                    None => (title.to_owned(), number(*a, 2, lang), number(*b, 2, lang)),
                    Some("absent") => {
                        let absent = lang.of("not known", "неизвестно");
                        (format!("{title}: {absent}"), share(*a), share(*b))
                    }
                    Some(word) => (format!("{title}: {word}"), share(*a), share(*b)),
                };
                let apart = number(standardised.abs(), 2, lang);
                let chance = number(*chance, 2, lang);
                lang.of(
                    format!(
                        "{title}: {a_name} {a}, {b_name} {b}; {apart} standard deviations apart, \
                         chance alone up to {chance}"
                    ),
                    format!(
                        "{title}: {a_name} {a}, {b_name} {b}; разница {apart} стандартного \
                         отклонения, от случая бывает до {chance}"
                    ),
                )
            }
            Warning::Mix { column, v } => {
                let v = number(*v, 2, lang);
                lang.of(
                    format!("the sides differ in {column} (Cramér's V {v})"),
                    format!("стороны разного состава по {column} (V Крамера {v})"),
                )
            }
            Warning::Times { a_within, b_within } => {
                let [a, b] = [*a_within, *b_within].map(share);
                lang.of(
                    format!(
                        "other times: of {a_name} {a} of the calls are between the first and the last \
                         of {b_name}, of {b_name} {b} the other way round"
                    ),
                    format!(
                        "разное время: у {a_name} {a} звонков между первым и последним звонком \
                         {b_name}, у {b_name} наоборот {b}"
                    ),
                )
            }
            Warning::Ratio { found, intended } => {
                let [found, intended] = [*found, *intended].map(share);
                lang.of(
                    format!(
                        "{a_name} has {found} of the calls, intended were {intended}: calls were lost \
                         or added on one side"
                    ),
                    format!(
                        "у {a_name} {found} звонков, а должно быть {intended}: на одной из сторон \
                         звонки пропали или лишние"
                    ),
                )
            }
            Warning::ByOperator => lang
                .of(
                    "the sides are operators: they differ in the calls they get, too",
                    "стороны — операторы: им и звонки достаются разные",
                )
                .to_owned(),
            Warning::OperatorsDivided { a, b } => {
                let [a, b] = [*a, *b].map(|operators| count(operators, lang));
                lang.of(
                    format!(
                        "operators are on one side or the other ({a} and {b}), so they differ as well, \
                         and the intervals are too narrow"
                    ),
                    format!(
                        "каждый оператор на одной из сторон ({a} и {b}): различаются и они, \
                         а интервалы слишком узкие"
                    ),
                )
            }
            Warning::CustomersAlike { wider } => {
                let wider = number(*wider, 1, lang);
                lang.of(
                    format!(
                        "calls of one customer are alike: an interval by customers is {wider} times as \
                         wide as by calls"
                    ),
                    format!(
                        "звонки одного клиента похожи: интервал по клиентам шире в {wider} раза, \
                         чем по звонкам"
                    ),
                )
            }
        }
    }
}

impl Side {
    fn text(&self, lang: Lang) -> String {
        let [calls, scored, answered] =
            [self.calls, self.scored, self.answered].map(|calls| count(calls, lang));
        let value = &self.value;
        lang.of(
            format!("{value}: {calls} calls, {scored} with an estimate, {answered} with a mark"),
            format!("{value}: звонков {calls}, с прогнозом {scored}, с оценкой {answered}"),
        )
    }
}
