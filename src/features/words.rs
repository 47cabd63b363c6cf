//! How features and their values are told to people, in English and in Russian.
//!
//! # Conventions
//!
//! * A **title** names the quantity and no value: "wait in the queue", "ожидание в очереди". A
//!   **phrase** is the value told: "the customer waited 1 min 35 s in the queue". Both are without
//!   a capital letter at the start and a full stop at the end, to be set in a line or a sentence.
//! * A quantity without a phrase of its own is told as its title, a colon, and the value. The unit of
//!   a rate stands in the title ("words per second"), that of all else at the value.
//! * Nothing of something is told by a text of its own: "no holds", "оператор не перебивал".
//! * Values are rounded to what a person reads: seconds to a tenth below ten, lengths from a minute
//!   up to the second, shares to the per cent from ten per cent up. Rows of results have every digit.
//! * English has a decimal point, Russian a decimal comma; a minus is `−`.

use super::{Absence, Feature, Unit, Value};
use crate::call::Side;
use crate::error::{Error, ErrorKind, Result, legible};
use std::fmt;
use std::str::FromStr;

/// A language in which results are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ru];

    /// Returns its code (ISO 639-1), as command lines have it.
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ru => "ru",
        }
    }

    /// Returns the one of two texts that is in this language.
    pub(crate) fn of<T>(self, en: T, ru: T) -> T {
        match self {
            Lang::En => en,
            Lang::Ru => ru,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Lang {
    type Err = Error;

    /// Parses a language's code.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<Lang> {
        let named = Lang::ALL.into_iter().find(|lang| lang.code() == text);
        named.ok_or_else(|| {
            let wanted = format!("one of {}", Lang::ALL.map(Lang::code).join(", "));
            Error::new(ErrorKind::Invalid, "lang", format!("{text:?}"), wanted)
        })
    }
}

/// The same text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) en: String,
    pub(super) ru: String,
}

impl Words {
    pub(super) fn new(en: impl Into<String>, ru: impl Into<String>) -> Words {
        let (en, ru) = (en.into(), ru.into());
        Words { en, ru }
    }

    pub(super) fn get(&self, lang: Lang) -> &str {
        lang.of(&self.en, &self.ru)
    }
}

/// How the value of a feature is told.
#[derive(Clone, Debug, Default)]
pub(super) enum Phrase {
    /// As `title: value`.
    #[default]
    Titled,
    /// As a text with the value, unit and all, in the place of `{}`.
    Around(Words),
    /// As a text with the number and its noun in the place of `{}`.
    Counted(Words, Noun),
    /// Whether it is so: the text of 1 and that of 0.
    YesNo(Words, Words),
    /// A text for each word that the value may be; others are told as they are, after the title.
    Known(&'static [(&'static str, &'static str, &'static str)]),
}

/// A noun with its forms: after one, and after several, in English; after 1, 2 and 5 in Russian.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noun {
    pub(crate) en: [&'static str; 2],
    pub(crate) ru: [&'static str; 3],
}

impl Noun {
    pub(crate) const fn new(en: [&'static str; 2], ru: [&'static str; 3]) -> Noun {
        Noun { en, ru }
    }

    /// Returns the form that stands after `number`, written with as many digits as it is told with.
    /// After a fraction Russian has the form of two (the genitive singular: 2,5 удержания).
    pub(crate) fn after(&self, number: f64, lang: Lang) -> &'static str {
        let whole = number.fract() == 0.0;
        match lang {
            Lang::En => self.en[usize::from(number.abs() != 1.0)],
            Lang::Ru if !whole => self.ru[1],
            Lang::Ru => {
                let last = number.abs() % 100.0;
                self.ru[match (last as u32, last as u32 % 10) {
                    (11..=14, _) => 2,
                    (_, 1) => 0,
                    (_, 2..=4) => 1,
                    _ => 2,
                }]
            }
        }
    }

    /// Returns the number and the noun, as `2 удержания`.
    pub(crate) fn counted(&self, number: f64, lang: Lang) -> String {
        let number = read(number, 1);
        format!("{} {}", shown(number, lang), self.after(number, lang))
    }
}

/// Times that something happened.
pub(crate) const TIMES: Noun = Noun::new(["time", "times"], ["раз", "раза", "раз"]);

/// Twelfths of an octave.
const SEMITONES: Noun = Noun::new(
    ["semitone", "semitones"],
    ["полутон", "полутона", "полутонов"],
);

/// Rounds to so many digits after the point.
fn read(number: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    let rounded = (number * scale).round() / scale;
    // Beyond the whole numbers of a double there is nothing to round, and the product overflows.
    if rounded.is_finite() { rounded } else { number }
}

/// Writes a number in the shortest way that reads back, with the language's point.
fn shown(number: f64, lang: Lang) -> String {
    // Plus zero, lest a rounded −0.04 be told as −0.
    let text = (number + 0.0).to_string().replace('-', "−");
    lang.of(text.clone(), text.replace('.', ","))
}

/// Rounds to three significant digits, at most three of them after the point.
fn significant(number: f64) -> f64 {
    let size = number.abs();
    let digits = match size {
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        _ => 3,
    };
    read(number, digits)
}

/// Tells a length in seconds: `0.4 s`, `35 s`, `1 min 35 s`, `1 h 2 min`.
pub(crate) fn length(seconds: f64, lang: Lang) -> String {
    let [s, min, h] = lang.of(["s", "min", "h"], ["с", "мин", "ч"]);
    let size = seconds.abs();
    let sign = if seconds < 0.0 { "−" } else { "" };
    if size < 9.95 {
        let tenths = read(size, 1);
        // What is not zero is not told as zero.
        let size = if tenths == 0.0 {
            significant(size)
        } else {
            tenths
        };
        let sign = if size == 0.0 { "" } else { sign };
        return format!("{sign}{} {s}", shown(size, lang));
    }
    let whole = size.round();
    let parts = |upper: f64, unit: &str, lower: f64, lower_unit: &str| {
        let lower = match lower {
            0.0 => String::new(),
            lower => format!(" {lower} {lower_unit}"),
        };
        format!("{sign}{upper} {unit}{lower}")
    };
    if whole < 60.0 {
        format!("{sign}{whole} {s}")
    } else if whole < 3600.0 {
        parts((whole / 60.0).floor(), min, whole % 60.0, s)
    } else {
        let minutes = (size / 60.0).round();
        parts((minutes / 60.0).floor(), h, minutes % 60.0, min)
    }
}

/// Tells a share in per cent: `32 %`, `1.6 %`.
fn per_cent(share: f64, lang: Lang) -> String {
    let percent = hundredfold(share);
    let rounded = read(percent, if percent.abs() < 9.95 { 1 } else { 0 });
    let rounded = if rounded == 0.0 {
        significant(percent)
    } else {
        rounded
    };
    format!("{} %", shown(rounded, lang))
}

/// Tells a difference with its sign.
pub(crate) fn signed(text: String) -> String {
    if text.starts_with('−') {
        text
    } else {
        format!("+{text}")
    }
}

/// Tells a mark or a difference of marks with one digit after the point: `3.2`, `3,2`.
pub(crate) fn mark(csi: f64, lang: Lang) -> String {
    let text = format!("{:.1}", read(csi, 1) + 0.0).replace('-', "−");
    lang.of(text.clone(), text.replace('.', ","))
}

/// A share in hundredths, finite whatever a table says.
fn hundredfold(share: f64) -> f64 {
    (100.0 * share).clamp(f64::MIN, f64::MAX)
}

/// Tells a number in its unit.
pub(crate) fn quantity(number: f64, unit: Unit, lang: Lang) -> String {
    let with = |en: &str, ru: &str| {
        let text = shown(significant(number), lang);
        format!("{text} {}", lang.of(en, ru))
    };
    match unit {
        Unit::Seconds => length(number, lang),
        Unit::Share => per_cent(number, lang),
        // A difference of shares in points: 10 % less 5 % are 5 points, and not 50 %.
        Unit::ShareChange => {
            let points = shown(significant(hundredfold(number)), lang);
            signed(format!("{points} {}", lang.of("points", "п. п.")))
        }
        Unit::ScoreChange => signed(shown(significant(number), lang)),
        Unit::Count | Unit::Frame => shown(
            if number.abs() < 9.95 {
                read(number, 1)
            } else {
                number.round()
            },
            lang,
        ),
        Unit::Dbfs => with("dBFS", "дБ от полной шкалы"),
        Unit::Decibels => with("dB", "дБ"),
        Unit::Hertz => with("Hz", "Гц"),
        Unit::PartsPerMillion => with("ppm", "млн⁻¹"),
        Unit::Semitones => SEMITONES.counted(number, lang),
        Unit::Flag => lang.of(["no", "yes"], ["нет", "да"])[usize::from(number != 0.0)].to_owned(),
        // The titles of rates have their unit.
        Unit::Score
        | Unit::LettersPerSecond
        | Unit::WordsPerSecond
        | Unit::SyllablesPerSecond
        | Unit::PerMinute
        | Unit::Category => shown(significant(number), lang),
    }
}

impl Feature {
    /// Returns what the feature is called among people: a few words, different from those of every
    /// other feature.
    pub fn title(&self, lang: Lang) -> &str {
        self.title.get(lang)
    }

    /// Tells a value of the feature in words: "the customer waited 1 min 35 s in the queue".
    pub fn tell(&self, value: &Value, lang: Lang) -> String {
        let titled = |value: String| format!("{}: {value}", self.title(lang));
        let number = match value {
            Value::Number(number) => *number,
            Value::Category(word) => {
                let known = match &self.phrase {
                    Phrase::Known(known) => known.iter().find(|(name, ..)| *name == &**word),
                    _ => None,
                };
                return match known {
                    Some((_, en, ru)) => lang.of(*en, *ru).to_owned(),
                    None => titled(legible(word)),
                };
            }
        };
        if let Some(zero) = self.zero.as_ref().filter(|_| number == 0.0) {
            return zero.get(lang).to_owned();
        }
        let fill = |text: &Words, value: &str| text.get(lang).replace("{}", value);
        match &self.phrase {
            Phrase::Titled | Phrase::Known(_) => titled(quantity(number, self.unit, lang)),
            Phrase::Around(text) => fill(text, &quantity(number, self.unit, lang)),
            Phrase::Counted(text, noun) => fill(text, &noun.counted(number, lang)),
            Phrase::YesNo(yes, no) => (if number != 0.0 { yes } else { no }).get(lang).to_owned(),
        }
    }

    /// Tells whether the value is told by a text that has no number in it.
    pub(crate) fn tells_without_number(&self, value: &Value) -> bool {
        match (value, &self.phrase) {
            (Value::Category(_), _) | (_, Phrase::YesNo(..)) => true,
            (Value::Number(number), _) => self.zero.is_some() && *number == 0.0,
        }
    }

    /// Tells that the feature has no value, and why: "time in the IVR: the call met no IVR".
    pub fn tell_absence(&self, absence: &Absence, lang: Lang) -> String {
        format!("{}: {}", self.title(lang), absence.tell(lang))
    }
}

impl Absence {
    /// Returns the reason in words; the English ones are those of [`Display`](fmt::Display).
    pub fn tell(&self, lang: Lang) -> String {
        match lang {
            Lang::En => self.to_string(),
            Lang::Ru => self.in_russian(),
        }
    }

    fn in_russian(&self) -> String {
        match self {
            Absence::NoRecording => "нет записи".into(),
            Absence::NoTranscript => "нет расшифровки".into(),
            Absence::TranscriptDoubled => "в расшифровке обе стороны говорят одно и то же".into(),
            Absence::NoWords(side) => format!("в расшифровке нет слов {}", side.of_ru()),
            Absence::NoWordTimes(side) => {
                format!("у слов {} в расшифровке нет времени", side.of_ru())
            }
            Absence::DualMono => "в обоих каналах один и тот же звук".into(),
            Absence::ChannelSilent(side) => format!("канал {} молчит", side.of_ru()),
            Absence::NoSpeech(side) => format!("нет речи {}", side.of_ru()),
            Absence::NoSpeechInThird(side) => format!(
                "нет речи {} в первой или последней трети разговора",
                side.of_ru()
            ),
            Absence::NoPitch(side) => format!("слишком мало голоса {} с высотой", side.of_ru()),
            Absence::SwitchedOff(field) => format!("выключено в настройках: {field}"),
            Absence::NoComparableSound => "нет 10 с, по которым можно сравнить каналы".into(),
            Absence::OneClock => "обе стороны в одной записи, часы у них одни".into(),
            Absence::NoLeak => {
                "в записи одной стороны слишком мало слышно другую, чтобы сравнить часы".into()
            }
            Absence::HoldsInMetadata => "об удержаниях известно из метаданных".into(),
            Absence::NobodySpeaks => "никто не говорит".into(),
            Absence::NoTurnTaken(side) => {
                format!("{} ни разу не берёт слово", side.nominative_ru())
            }
            Absence::NoInterruption(side) => format!("{} не перебивает", side.nominative_ru()),
            Absence::NoLongSilence => "нет долгих пауз".into(),
            Absence::NoLongUtterance(side) => format!("нет долгих реплик {}", side.of_ru()),
            Absence::NoNeighbours(side) => format!(
                "нет долгих реплик {} рядом с долгими репликами {}",
                side.of_ru(),
                side.other().of_ru()
            ),
            Absence::NoEmotions(side) => format!("в расшифровке нет эмоций {}", side.of_ru()),
            Absence::NoEmotionalUtterance(side) => {
                format!("нет эмоциональных реплик {}", side.of_ru())
            }
            Absence::NoSuchEmotion(side) => {
                format!("у {} нет реплик с такой эмоцией", side.of_ru())
            }
            Absence::NoIvr => "звонок прошёл без IVR".into(),
            Absence::NoHold => "удержаний не было".into(),
            Absence::ShortHistory => "мало прежних обращений через IVR".into(),
            Absence::NotInMetadata(field) => format!("нет в метаданных: {field}"),
            Absence::NoDuration => "длительность разговора неизвестна".into(),
            Absence::NotGiven => "в таблице нет значения".into(),
        }
    }
}

/// The sides in Russian, by case.
impl Side {
    /// Nominative: who?
    pub(crate) fn nominative_ru(self) -> &'static str {
        match self {
            Side::Agent => "оператор",
            Side::Customer => "клиент",
        }
    }

    /// Genitive: whose?
    pub(crate) fn of_ru(self) -> &'static str {
        match self {
            Side::Agent => "оператора",
            Side::Customer => "клиента",
        }
    }

    /// Instrumental: by whom?
    pub(crate) fn by_ru(self) -> &'static str {
        match self {
            Side::Agent => "оператором",
            Side::Customer => "клиентом",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::IvrStatus;
    use crate::features::{Kind, catalogue};
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn is_cyrillic(c: char) -> bool {
        matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё')
    }

    #[test]
    fn every_feature_has_a_title_of_its_own_in_both_languages() {
        for lang in Lang::ALL {
            let mut seen: HashMap<&str, &str> = HashMap::new();
            for feature in catalogue() {
                let title = feature.title(lang);
                assert!(!title.trim().is_empty(), "{} in {lang}", feature.name);
                assert_eq!(title, title.trim(), "{} in {lang}", feature.name);
                let other = seen.insert(title, &feature.name);
                assert_eq!(other, None, "{title:?} of {} in {lang}", feature.name);
            }
        }
    }

    #[test]
    fn titles_are_in_their_language_and_hold_no_name_of_a_column() {
        for feature in catalogue() {
            let (en, ru) = (feature.title(Lang::En), feature.title(Lang::Ru));
            assert!(!en.chars().any(is_cyrillic), "{en}");
            // IVR is the one word that Russian has in Latin letters.
            let latin = ru.replace("IVR", "");
            assert!(!latin.chars().any(|c| c.is_ascii_alphabetic()), "{ru}");
            for title in [en, ru] {
                let odd = |c: char| matches!(c, '_' | '{' | '}' | '/' | '|') || c.is_control();
                assert!(!title.contains(odd), "{title}");
            }
        }
    }

    /// Every feature that tells a side in its name is told with that side and, but for those that compare
    /// the two or speak of the other's reaction, no other.
    #[test]
    fn titles_name_the_side_that_columns_do() {
        for feature in catalogue() {
            for side in Side::BOTH {
                if feature.name.starts_with(&format!("{side}_")) {
                    let (en, ru) = (feature.title(Lang::En), feature.title(Lang::Ru));
                    // Of the customer's earlier contacts nobody but the customer can be meant.
                    let of_history = feature.group == crate::features::ReasonGroup::History;
                    assert!(of_history || en.contains(side.name()), "{en}");
                    let stem = lang_stem(side);
                    assert!(of_history || ru.contains(stem), "{ru}");
                }
            }
        }
    }

    fn lang_stem(side: Side) -> &'static str {
        match side {
            Side::Agent => "оператор",
            Side::Customer => "клиент",
        }
    }

    #[test]
    fn nouns_agree_with_their_numbers() {
        let holds = Noun::new(["hold", "holds"], ["удержание", "удержания", "удержаний"]);
        let russian = [
            (1.0, "1 удержание"),
            (2.0, "2 удержания"),
            (4.0, "4 удержания"),
            (5.0, "5 удержаний"),
            (11.0, "11 удержаний"),
            (12.0, "12 удержаний"),
            (14.0, "14 удержаний"),
            (21.0, "21 удержание"),
            (22.0, "22 удержания"),
            (25.0, "25 удержаний"),
            (100.0, "100 удержаний"),
            (101.0, "101 удержание"),
            (111.0, "111 удержаний"),
            (112.0, "112 удержаний"),
            (0.0, "0 удержаний"),
            (2.5, "2,5 удержания"),
        ];
        for (number, wanted) in russian {
            assert_eq!(holds.counted(number, Lang::Ru), wanted);
        }
        for (number, wanted) in [(1.0, "1 hold"), (2.0, "2 holds"), (0.2, "0.2 holds")] {
            assert_eq!(holds.counted(number, Lang::En), wanted);
        }
    }

    #[test]
    fn lengths_are_told_as_people_say_them() {
        let cases = [
            (0.0, "0 s", "0 с"),
            (0.004, "0.004 s", "0,004 с"),
            (0.04, "0.04 s", "0,04 с"),
            (0.44, "0.4 s", "0,4 с"),
            (-0.3, "−0.3 s", "−0,3 с"),
            (9.94, "9.9 s", "9,9 с"),
            (9.96, "10 s", "10 с"),
            (59.4, "59 s", "59 с"),
            (59.6, "1 min", "1 мин"),
            (95.0, "1 min 35 s", "1 мин 35 с"),
            (187.0, "3 min 7 s", "3 мин 7 с"),
            (3599.7, "1 h", "1 ч"),
            (3725.0, "1 h 2 min", "1 ч 2 мин"),
        ];
        for (seconds, en, ru) in cases {
            assert_eq!(length(seconds, Lang::En), en);
            assert_eq!(length(seconds, Lang::Ru), ru);
        }
    }

    #[test]
    fn numbers_are_told_in_their_units() {
        let cases = [
            (0.324, Unit::Share, "32 %", "32 %"),
            (0.0163, Unit::Share, "1.6 %", "1,6 %"),
            (0.0004, Unit::Share, "0.04 %", "0,04 %"),
            (0.0, Unit::Share, "0 %", "0 %"),
            (0.125, Unit::ShareChange, "+12.5 points", "+12,5 п. п."),
            (-0.04, Unit::ShareChange, "−4 points", "−4 п. п."),
            (2.716, Unit::WordsPerSecond, "2.72", "2,72"),
            (-23.5, Unit::Dbfs, "−23.5 dBFS", "−23,5 дБ от полной шкалы"),
            (118.6, Unit::Hertz, "119 Hz", "119 Гц"),
            (5.0, Unit::Semitones, "5 semitones", "5 полутонов"),
            (-0.5, Unit::Score, "−0.5", "−0,5"),
            (4.33, Unit::Count, "4.3", "4,3"),
            (-0.0, Unit::Count, "0", "0"),
        ];
        for (number, unit, en, ru) in cases {
            assert_eq!(quantity(number, unit, Lang::En), en);
            assert_eq!(quantity(number, unit, Lang::Ru), ru);
        }
    }

    #[test]
    fn values_are_told_in_words() {
        let cases = [
            (
                "queue_wait_s",
                0.0,
                "the customer did not wait in the queue",
                "клиент не ждал в очереди",
            ),
            (
                "dialog_interruptions_raw_speech_length_percentage",
                0.0,
                "the two never speak at once",
                "одновременной речи нет",
            ),
            (
                "queue_wait_s",
                95.0,
                "the customer waited 1 min 35 s in the queue",
                "клиент ждал в очереди 1 мин 35 с",
            ),
            ("hold_count", 2.0, "2 holds", "2 удержания"),
            ("hold_count", 0.0, "no holds", "без удержаний"),
            (
                "dialog_silence_length_percentage",
                0.32,
                "32 % of the call is silence",
                "32 % разговора — тишина",
            ),
            (
                "agent_interruptions_count",
                1.0,
                "the agent interrupted 1 time",
                "оператор перебил 1 раз",
            ),
            (
                "customer_interruptions_count",
                3.0,
                "the customer interrupted 3 times",
                "клиент перебил 3 раза",
            ),
            (
                "agent_n_words_sum",
                52.0,
                "the agent said 52 words",
                "оператор сказал 52 слова",
            ),
            (
                "ivr_no_match_count",
                5.0,
                "the IVR did not understand the customer 5 times",
                "IVR не понял клиента 5 раз",
            ),
            (
                "customer_always_requests_operator",
                1.0,
                "the customer always asks for an agent",
                "клиент всегда просит оператора",
            ),
            (
                "agent_speech_speed_words_all_call_mean",
                2.5,
                "agent's pace of speech, words per second: 2.5",
                "темп речи оператора, слов в секунду: 2,5",
            ),
            (
                "agent_response_latency_median_s",
                -0.4,
                "agent's time to reply, median: −0.4 s",
                "время до ответа оператора, медиана: −0,4 с",
            ),
        ];
        for (name, number, en, ru) in cases {
            let feature = &catalogue()[crate::features::position(name).unwrap()];
            assert_eq!(feature.tell(&Value::Number(number), Lang::En), en);
            assert_eq!(feature.tell(&Value::Number(number), Lang::Ru), ru);
        }
    }

    #[test]
    fn every_outcome_of_the_ivr_has_words_and_others_are_told_as_they_are() {
        let place = crate::features::position("ivr_status").unwrap();
        let feature = &catalogue()[place];
        for status in IvrStatus::ALL {
            let told = feature.tell(&Value::Category(status.name().into()), Lang::Ru);
            assert!(
                !told.contains(':') && told.chars().any(is_cyrillic),
                "{told}"
            );
        }
        let odd = feature.tell(&Value::Category("x\u{1b}[2J".into()), Lang::En);
        assert_eq!(odd, "outcome of the IVR: x\\u{1b}[2J");
    }

    #[test]
    fn languages_go_by_their_codes() {
        for lang in Lang::ALL {
            assert_eq!(lang.to_string().parse::<Lang>().unwrap(), lang);
        }
        let error = "de".parse::<Lang>().unwrap_err();
        assert_eq!(
            (error.kind(), error.wanted()),
            (ErrorKind::Invalid, "one of en, ru")
        );
    }

    proptest! {
        #[test]
        fn every_value_of_every_feature_is_told(
            index in 0..catalogue().len(),
            number in prop_oneof![prop::num::f64::NORMAL, -3.0..3.0_f64, Just(0.0), Just(1.0)],
        ) {
            let feature = &catalogue()[index];
            let value = match feature.kind {
                Kind::Number => Value::Number(number),
                Kind::Category => Value::Category("слово".into()),
            };
            for lang in Lang::ALL {
                let told = feature.tell(&value, lang);
                prop_assert!(!told.is_empty() && !told.contains(['{', '}']), "{told}");
                prop_assert!(!told.contains("NaN") && !told.contains("inf "), "{told}");
                prop_assert!(!told.contains("−0 "), "{told}");
            }
        }

        /// What is not zero is not told as zero.
        #[test]
        fn small_lengths_and_shares_do_not_vanish(size in 0.001..1.0_f64) {
            for lang in Lang::ALL {
                prop_assert!(!length(size, lang).starts_with("0 "));
                prop_assert!(!per_cent(size, lang).starts_with("0 "));
            }
        }
    }
}
