//! Numbers and dates as a page shows them.

use crate::analytics::{Figure, Indicator, KanoClass, SpreadOf, What};
use crate::features::words::{quantity, signed};
use crate::features::{Feature, Lang, Unit, catalogue, position};
use maud::{Markup, html};

/// What stands where there is nothing.
pub const NOTHING: &str = "–";

fn local(text: String, lang: Lang) -> String {
    let text = text.replace('-', "−");
    lang.of(text.clone(), text.replace('.', ","))
}

/// A number with so many digits after the point.
pub fn number(x: f64, digits: usize, lang: Lang) -> String {
    // No −0.00.
    local(format!("{:.digits$}", x + 0.0), lang).replace("−0,00", "0,00")
}

/// A mark, to hundredths.
pub fn mark(x: f64, lang: Lang) -> String {
    number(x, 2, lang)
}

/// A difference of marks, with its sign.
pub fn points(x: f64, lang: Lang) -> String {
    signed(local(format!("{x:+.2}"), lang).replace('+', ""))
}

/// A share in percent, with as many digits as small shares need.
pub fn percent(share: f64, lang: Lang) -> String {
    let percent = 100.0 * share;
    let digits = if percent > 0.0 && percent < 10.0 { 1 } else { 0 };
    let digits = if percent > 90.0 && percent < 100.0 { 1 } else { digits };
    number(percent, digits, lang) + " %"
}

/// A count, its thousands apart.
pub fn count(n: u64, lang: Lang) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(lang.of(',', '\u{202f}'));
        }
        out.push(digit);
    }
    out
}

/// How a figure is written.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Mark,
    Share,
    Seconds,
    Number,
}

impl Shape {
    pub fn value(self, x: f64, lang: Lang) -> String {
        match self {
            Shape::Mark => mark(x, lang),
            Shape::Share => percent(x, lang),
            Shape::Seconds => crate::features::words::length(x, lang),
            Shape::Number => number(x, 2, lang),
        }
    }

    /// The two ends of an interval, the unit written once.
    pub fn ends(self, low: f64, high: f64, lang: Lang) -> String {
        let (low, high) = (self.value(low, lang), self.value(high, lang));
        match self {
            Shape::Share => format!("{} … {high}", low.trim_end_matches(" %")),
            _ => format!("{low} … {high}"),
        }
    }
}

/// A figure with its interval.
pub fn figure(figure: Option<&Figure>, shape: Shape, lang: Lang) -> Markup {
    html! {
        @match figure {
            None => (NOTHING),
            Some(figure) => {
                (shape.value(figure.value, lang))
                @if let Some(range) = figure.range {
                    " " span.range { "[" (shape.ends(range.low, range.high, lang)) "]" }
                }
            }
        }
    }
}

/// A feature by its name; `None` of a column of another kind.
pub fn feature(name: &str) -> Option<&'static Feature> {
    catalogue().get(position(name)?)
}

/// A value in the unit of its feature.
pub fn value_of(feature: &Feature, x: f64, lang: Lang) -> String {
    quantity(x, feature.unit, lang)
}

/// What a column is called among people.
pub fn column(name: &str, lang: Lang) -> String {
    let known = match name {
        "operator_id" => ("Operator", "Оператор"),
        "queue_name" => ("Queue", "Очередь"),
        "process" => ("Process", "Процесс"),
        "channel" => ("Channel", "Канал"),
        "topic" => ("Topic", "Тематика"),
        "hour" => ("Hour of the day", "Час суток"),
        "weekday" => ("Day of the week", "День недели"),
        "variant" => ("Variant", "Вариант"),
        _ => {
            let title = feature(name).map(|feature| feature.title(lang));
            return title.unwrap_or(name).to_owned();
        }
    };
    lang.of(known.0, known.1).to_owned()
}

/// A group of a column.
pub fn group(column: &str, name: &str, lang: Lang) -> String {
    let days = lang.of(
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
    );
    let weekday = name.parse::<usize>().ok().filter(|_| column == "weekday");
    match weekday.and_then(|day| days.get(day.checked_sub(1)?)) {
        Some(day) => (*day).to_owned(),
        None if column == "hour" => format!("{name}:00"),
        None => name.to_owned(),
    }
}

/// A condition in words.
pub fn condition(what: &What, lang: Lang) -> String {
    let bound = |name: &str, sign: &str, value: f64| match feature(name) {
        Some(found) if found.unit == Unit::Flag => {
            let told = crate::features::Value::Number(value);
            found.tell(&told, lang)
        }
        Some(found) => format!("{} {sign} {}", found.title(lang), value_of(found, value, lang)),
        None => format!("{name} {sign} {value}"),
    };
    match what {
        What::AtMost { feature, value } => bound(feature, "≤", *value),
        What::AtLeast { feature, value } => bound(feature, "≥", *value),
        What::Is { feature: name, value } => {
            let told = crate::features::Value::Category(value.as_str().into());
            feature(name).map_or_else(|| format!("{name} = {value}"), |f| f.tell(&told, lang))
        }
        What::Column { column: name, value } => format!("{}: {}", column(name, lang), group(name, value, lang)),
    }
}

pub fn indicator(indicator: Indicator, lang: Lang) -> &'static str {
    let (en, ru) = match indicator {
        Indicator::Csi => ("CSI", "CSI"),
        Indicator::Csat => ("CSAT", "CSAT"),
        Indicator::Cdsat => ("CDSAT", "CDSAT"),
        Indicator::ServiceLevel => ("Service level", "Уровень сервиса"),
        Indicator::HandleTime => ("Handle time", "Время разговора"),
        Indicator::Abandonment => ("Abandonment", "Потерянные"),
        Indicator::FirstContactResolution => ("First contact", "Решено с 1-го раза"),
        Indicator::HoldShare => ("Hold share", "Доля удержания"),
        };
    lang.of(en, ru)
}

/// The class of an attribute, and what it means.
pub fn kano(class: KanoClass, lang: Lang) -> (&'static str, &'static str) {
    let (name, meaning) = match class {
        KanoClass::MustBe => (
            ("must be", "обязательное"),
            ("its bad end costs more than its good end gains", "плохой край отнимает больше, чем хороший прибавляет"),
        ),
        KanoClass::OneDimensional => (
            ("the more, the better", "чем больше, тем лучше"),
            ("costs and gains alike", "отнимает и прибавляет поровну"),
        ),
        KanoClass::Attractive => (
            ("attractive", "привлекательное"),
            ("its good end gains more than its bad end costs", "хороший край прибавляет больше, чем плохой отнимает"),
        ),
        KanoClass::Indifferent => (
            ("indifferent", "безразличное"),
            ("neither end matters by a tenth of a mark", "ни один край не меняет оценку на десятую балла"),
        ),
        KanoClass::Reversed => (
            ("the other way round", "наоборот"),
            ("its “good” end costs or its “bad” end gains", "«хороший» край отнимает или «плохой» прибавляет"),
        ),
        KanoClass::Undecided => (
            ("not enough data", "недостаточно данных"),
            ("the answers do not tell", "ответов мало, чтобы судить"),
        ),
    };
    (lang.of(name.0, name.1), lang.of(meaning.0, meaning.1))
}

pub fn spread(of: &SpreadOf, lang: Lang) -> String {
    match of {
        SpreadOf::Column(name) => column(name, lang),
        SpreadOf::Week => lang.of("Week", "Неделя").to_owned(),
        SpreadOf::Call => lang.of("Calls of the same groups", "Звонки одних и тех же групп").to_owned(),
    }
}

/// How the IVR ended, by its word in files.
pub fn ivr_end(word: &str, lang: Lang) -> String {
    let told = crate::features::Value::Category(word.into());
    feature("ivr_status").map_or_else(|| word.to_owned(), |f| f.tell(&told, lang))
}
