//! What a watch tells, as values, as JSON and as sentences.

use crate::error::{Error, Result, legible};
use crate::features::words::{self, quantity};
use crate::features::{Lang, Unit, Value, catalogue, position};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::io::Write;

/// How urgent an alert is; the rule says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be looked at some day.
    Notice,
    /// To be looked at soon.
    Warning,
    /// To be looked at now.
    Critical,
}

/// What kind of rule speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Of one call.
    Call,
    /// Of a group of calls over time.
    Group,
    /// Of an operator against the operator's own past.
    Operator,
    /// Of the data against the model's training calls.
    Data,
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum About {
    /// A call.
    Call {
        /// Its id.
        call: String,
    },
    /// The calls with one value in a column: a queue, an operator.
    Group {
        /// The column.
        column: String,
        /// The value.
        group: String,
    },
    /// All calls of the archive; `null` in JSON.
    Archive,
}

/// The numbers behind an alert.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// Of a call: the values that the condition names, `None` where the call has none.
    Values(Vec<(String, Option<Value>)>),
    /// Of a chart: the worst period.
    Chart {
        /// Its first day.
        worst: String,
        /// Mean of the measure over its calls.
        mean: f64,
        /// The score, in standard deviations: of the period, or of the EWMA.
        score: f64,
        /// How far from 0 the score may be.
        score_limit: f64,
        /// By how much the limits are widened, as the baseline's periods differ more than their calls explain.
        spread: f64,
        /// Periods outside the limits.
        periods: u64,
        /// Periods of the baseline.
        baseline_periods: u64,
        /// Calls of the baseline.
        baseline_calls: u64,
        /// Whether score and value are those of an EWMA.
        smoothed: bool,
    },
    /// Of the data: the worst window.
    Shares {
        /// Its first day.
        worst: String,
        /// Shares of the training calls in each bin, those without a value first.
        then: Vec<f64>,
        /// Shares of the window's calls.
        now: Vec<f64>,
    },
}

/// Something that wants attention.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// Its kind.
    pub kind: Kind,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about.
    pub about: About,
    /// What was measured, as the rule writes it: a name or a condition.
    pub measure: String,
    /// When it began: of a call its time, else the first day; `None` of a call without a time.
    pub since: Option<String>,
    /// The last day of it, the same of a call.
    pub until: Option<String>,
    /// Whether it lasts at the end of the archive.
    pub still: bool,
    /// The value, in the measure's unit: of an EWMA the smoothed mean, of data the index. `None` of a call.
    pub value: Option<f64>,
    /// What the value is allowed to be.
    pub limit: Option<f64>,
    /// What it was before.
    pub baseline: Option<f64>,
    /// Calls in the worst period or window; `None` of a call.
    pub n: Option<u64>,
    /// The numbers behind it.
    pub evidence: Evidence,
}

/// A rule that could not speak, or not of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idle {
    /// Name of the rule.
    pub rule: String,
    /// Why.
    pub why: Why,
}

/// Why a rule could not speak.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The archive has no such column; the nearest one is named.
    NoColumn(String, Option<String>),
    /// No call has a value of this.
    NoValues(String),
    /// No call tells when it was.
    NoTimes,
    /// There is no model to compare the data with.
    NoModel,
    /// The model does not keep how this was spread in training.
    NoProfile(String),
    /// Of this measure some groups have no baseline with calls enough, or no calls enough after it.
    TooFewCalls {
        /// The measure.
        measure: String,
        /// How many groups.
        groups: u64,
        /// Of how many.
        of: u64,
    },
    /// Of this measure some groups have the same value on every call.
    DoesNotVary {
        /// The measure.
        measure: String,
        /// How many groups.
        groups: u64,
    },
    /// No window of days has calls enough.
    NoWindow,
    /// There are more groups than are watched; so many calls belong to others.
    TooManyGroups(u64),
}

/// Returns the unit of a measure's mean.
fn unit(measure: &str) -> Unit {
    match measure {
        "satisfied" | "dissatisfied" | "low_mark" => Unit::Share,
        "csi" | "mark" => Unit::Score,
        name => match position(name).and_then(|at| catalogue().get(at)) {
            Some(feature) if feature.unit == Unit::Flag => Unit::Share,
            Some(feature) => feature.unit,
            None => Unit::Share,
        },
    }
}

/// Returns what a measure is called.
fn title(measure: &str, lang: Lang) -> String {
    let own = match measure {
        "csi" => ("mean expected mark", "средняя ожидаемая оценка"),
        "satisfied" => (
            "mean probability of a satisfied customer",
            "средняя вероятность довольного клиента",
        ),
        "dissatisfied" => (
            "mean probability of a dissatisfied customer",
            "средняя вероятность недовольного клиента",
        ),
        "mark" => ("mean mark", "средняя оценка"),
        "low_mark" => ("share of low marks", "доля низких оценок"),
        name => {
            let feature = position(name).and_then(|at| catalogue().get(at));
            return match feature {
                Some(feature) => feature.title(lang).to_owned(),
                None => match lang {
                    Lang::En => format!("share of calls with {}", legible(name)),
                    Lang::Ru => format!("доля звонков с {}", legible(name)),
                },
            };
        }
    };
    lang.of(own.0, own.1).to_owned()
}

/// Tells a value of a call: features as everywhere, marks and probabilities by name.
fn told(name: &str, value: &Value, lang: Lang) -> String {
    if let Some(feature) = position(name).and_then(|at| catalogue().get(at)) {
        return feature.tell(value, lang);
    }
    match (name, value) {
        ("csi", Value::Number(x)) => {
            format!(
                "{} {}",
                lang.of("expected mark", "ожидаемая оценка"),
                words::mark(*x, lang)
            )
        }
        ("satisfied", Value::Number(x)) => format!(
            "{} {}",
            lang.of(
                "probability of a satisfied customer",
                "вероятность довольного клиента"
            ),
            quantity(*x, Unit::Share, lang)
        ),
        ("dissatisfied", Value::Number(x)) => format!(
            "{} {}",
            lang.of(
                "probability of a dissatisfied customer",
                "вероятность недовольного клиента"
            ),
            quantity(*x, Unit::Share, lang)
        ),
        ("mark", Value::Number(x)) => format!("{} {x}", lang.of("mark", "оценка")),
        ("low_mark", Value::Number(x)) if *x == 0.0 => {
            lang.of("no low mark", "оценка не низкая").into()
        }
        ("low_mark", Value::Number(_)) => lang.of("a low mark", "низкая оценка").into(),
        ("hour", Value::Number(x)) => format!("{} {x}", lang.of("hour", "час")),
        ("weekday", Value::Number(x)) => {
            format!("{} {x}", lang.of("day of the week", "день недели"))
        }
        (_, Value::Number(x)) => format!("{name} {x}"),
        (_, Value::Category(word)) => format!("{} {}", legible(name), legible(word)),
    }
}

/// Tells numbers of a measure with as many decimals as it takes to tell them apart: a mean that is just above
/// its limit is not told as the limit.
fn apart<const N: usize>(numbers: [f64; N], measure: &str, lang: Lang) -> [String; N] {
    let (factor, unit) = match unit(measure) {
        Unit::Share => (100.0, " %"),
        Unit::Seconds => (1.0, lang.of(" s", " с")),
        _ => (1.0, ""),
    };
    let told = |decimals: usize| {
        numbers.map(|x| {
            // Adding 0 makes −0 of rounding a plain 0.
            let text = format!("{:.decimals$}", factor * x + 0.0).replace('-', "−");
            lang.of(text.clone(), text.replace('.', ",")) + unit
        })
    };
    let differ = |told: &[String; N]| told.iter().enumerate().all(|(i, a)| !told[..i].contains(a));
    (1..4).map(told).find(differ).unwrap_or_else(|| told(4))
}

impl Alert {
    /// Tells it in a sentence, without a capital letter at the start and a full stop at the end.
    pub fn sentence(&self, lang: Lang) -> String {
        match &self.evidence {
            Evidence::Values(values) => self.of_call(values, lang),
            Evidence::Chart { .. } => self.of_chart(lang),
            Evidence::Shares { .. } => self.of_data(lang),
        }
    }

    fn subject(&self, lang: Lang) -> String {
        match &self.about {
            About::Call { call } => format!("{} {}", lang.of("call", "звонок"), legible(call)),
            About::Group { column, group } => format!("{} {}", legible(column), legible(group)),
            About::Archive => lang.of("all calls", "все звонки").to_owned(),
        }
    }

    fn of_call(&self, values: &[(String, Option<Value>)], lang: Lang) -> String {
        let known = values
            .iter()
            .filter_map(|(name, value)| Some(told(name, value.as_ref()?, lang)));
        let known: Vec<String> = known.collect();
        let (subject, condition) = (self.subject(lang), legible(&self.measure));
        match known.is_empty() {
            true => format!("{subject}: {condition}"),
            false => format!("{subject}: {} ({condition})", known.join("; ")),
        }
    }

    /// "since 2026-03-01, still" or "from 2026-03-01 to 2026-03-04".
    fn span(&self, lang: Lang) -> String {
        let since = self.since.as_deref().unwrap_or_default();
        let until = self.until.as_deref().unwrap_or_default();
        match (self.still, since == until) {
            (true, _) => lang.of(
                format!("since {since}, still"),
                format!("с {since} и до сих пор"),
            ),
            (false, true) => lang.of(format!("on {since}"), since.to_owned()),
            (false, false) => lang.of(
                format!("from {since} to {until}"),
                format!("с {since} по {until}"),
            ),
        }
    }

    fn of_chart(&self, lang: Lang) -> String {
        let Evidence::Chart {
            worst,
            baseline_calls,
            smoothed,
            mean,
            ..
        } = &self.evidence
        else {
            return String::new();
        };
        let number = |x: Option<f64>| x.unwrap_or(0.0);
        let numbers = [
            number(self.value),
            number(self.limit),
            number(self.baseline),
        ];
        let [value, limit, before] = apart(numbers, &self.measure, lang);
        let [day] = apart([*mean], &self.measure, lang);
        let above = self.value > self.baseline;
        let (subject, title) = (self.subject(lang), title(&self.measure, lang));
        let n = self.n.unwrap_or(0);
        let worst = match smoothed {
            true => lang.of(
                format!("smoothed {value} (of {worst} alone {day}, {n} calls)"),
                format!("сглаженно {value} (за {worst} отдельно {day}, звонков: {n})"),
            ),
            false => lang.of(
                format!("{value} ({worst}, {n} calls)"),
                format!("{value} ({worst}, звонков: {n})"),
            ),
        };
        let against = match lang {
            Lang::En => {
                let over = if above { "above" } else { "below" };
                format!(
                    "{over} the limit of {limit}; before it was {before} ({baseline_calls} calls)"
                )
            }
            Lang::Ru => {
                let over = if above { "выше" } else { "ниже" };
                format!("{over} границы {limit}; раньше было {before} (звонков: {baseline_calls})")
            }
        };
        let mut text = format!(
            "{subject}: {title}: {worst}, {against}; {}",
            self.span(lang)
        );
        if self.kind == Kind::Operator {
            text.push_str(lang.of(
                ". May be a sign of strain, or of other calls: worth a conversation, not a verdict",
                ". Возможно, признак напряжения, а возможно, другие звонки: повод поговорить, а не приговор",
            ));
        }
        text
    }

    fn of_data(&self, lang: Lang) -> String {
        let number = |x: Option<f64>| quantity(x.unwrap_or(0.0), Unit::Score, lang);
        let title = match self.measure.as_str() {
            "satisfied" => lang
                .of(
                    "probability of a satisfied customer",
                    "вероятность довольного клиента",
                )
                .to_owned(),
            name => title(name, lang),
        };
        let (value, limit, span) = (number(self.value), number(self.limit), self.span(lang));
        let absent = match &self.evidence {
            Evidence::Shares { then, now, .. } => then.first().copied().zip(now.first().copied()),
            _ => None,
        };
        // The likeliest cause, where it is one: recordings or a column are missing.
        let absent = absent.filter(|(then, now)| (then - now).abs() > 0.1);
        let absent = absent.map_or_else(String::new, |(then, now)| {
            let [then, now] = [then, now].map(|share| quantity(share, Unit::Share, lang));
            lang.of(
                format!("; without a value are {now} of the calls, {then} in training"),
                format!("; без значения {now} звонков, при обучении {then}"),
            )
        });
        let n = self.n.unwrap_or(0);
        lang.of(
            format!(
                "{title}: other values than in training: stability index {value}, above {limit} ({n} calls){absent}; {span}. \
                 Estimates of such calls are less to be trusted"
            ),
            format!(
                "{title}: не те значения, что при обучении: индекс стабильности {value}, выше {limit} (звонков: {n}){absent}; \
                 {span}. Оценкам таких звонков следует верить меньше"
            ),
        )
    }

    /// Returns it as one line of JSON, with its sentence, without the end of the line.
    pub fn to_json(&self, lang: Lang) -> String {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(flatten)]
            alert: &'a Alert,
            sentence: String,
        }
        let told = Told {
            alert: self,
            sentence: self.sentence(lang),
        };
        // Texts and finite numbers alone.
        serde_json::to_string(&told).unwrap_or_default()
    }
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", &self.rule)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("severity", &self.severity)?;
        map.serialize_entry("about", &self.about)?;
        map.serialize_entry("measure", &self.measure)?;
        map.serialize_entry("since", &self.since)?;
        map.serialize_entry("until", &self.until)?;
        map.serialize_entry("still", &self.still)?;
        map.serialize_entry("value", &self.value)?;
        map.serialize_entry("limit", &self.limit)?;
        map.serialize_entry("baseline", &self.baseline)?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("evidence", &self.evidence)?;
        map.end()
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Evidence::Values(values) => {
                for (name, value) in values {
                    map.serialize_entry(name, value)?;
                }
            }
            Evidence::Chart {
                worst,
                mean,
                score,
                score_limit,
                spread,
                periods,
                baseline_periods,
                baseline_calls,
                smoothed,
            } => {
                map.serialize_entry("worst", worst)?;
                map.serialize_entry("mean", mean)?;
                map.serialize_entry("score", score)?;
                map.serialize_entry("score_limit", score_limit)?;
                map.serialize_entry("spread", spread)?;
                map.serialize_entry("periods", periods)?;
                map.serialize_entry("baseline_periods", baseline_periods)?;
                map.serialize_entry("baseline_calls", baseline_calls)?;
                map.serialize_entry("smoothed", smoothed)?;
            }
            Evidence::Shares { worst, then, now } => {
                map.serialize_entry("worst", worst)?;
                map.serialize_entry("then", then)?;
                map.serialize_entry("now", now)?;
            }
        }
        map.end()
    }
}

impl Idle {
    /// Tells why in a sentence, without a capital letter at the start and a full stop at the end.
    pub fn sentence(&self, lang: Lang) -> String {
        let name = |measure: &str| legible(measure);
        match &self.why {
            Why::NoColumn(column, near) => {
                let column = legible(column);
                let near = near.as_deref().map(legible);
                let near = near.map_or_else(String::new, |near| {
                    lang.of(
                        format!(" (is it {near}?)"),
                        format!(" (может быть, {near}?)"),
                    )
                });
                lang.of(
                    format!("the archive has no column {column}{near}"),
                    format!("в архиве нет столбца {column}{near}"),
                )
            }
            Why::NoValues(measure) => lang.of(
                format!("no call has a value of {}", name(measure)),
                format!("ни у одного звонка нет значения {}", name(measure)),
            ),
            Why::NoTimes => lang
                .of(
                    "no call tells when it was",
                    "ни у одного звонка нет времени",
                )
                .into(),
            Why::NoModel => lang.of("no model is given", "модель не указана").into(),
            Why::NoProfile(measure) => lang.of(
                format!(
                    "the model does not keep how {} was spread in training",
                    name(measure)
                ),
                format!(
                    "модель не хранит, каким было при обучении {}",
                    name(measure)
                ),
            ),
            Why::TooFewCalls {
                measure,
                groups,
                of,
            } => lang.of(
                format!(
                    "{}: too few calls to judge {groups} of {of} groups",
                    name(measure)
                ),
                format!(
                    "{}: мало звонков, чтобы судить о группах: {groups} из {of}",
                    name(measure)
                ),
            ),
            Why::DoesNotVary { measure, groups } => lang.of(
                format!(
                    "{}: the same on every call of {groups} groups",
                    name(measure)
                ),
                format!(
                    "{}: одно и то же у всех звонков групп: {groups}",
                    name(measure)
                ),
            ),
            Why::NoWindow => lang
                .of(
                    "no window of days has calls enough",
                    "ни в одном окне дней не хватает звонков",
                )
                .into(),
            Why::TooManyGroups(calls) => lang.of(
                format!("more groups than are watched; {calls} calls are of others"),
                format!("групп больше, чем отслеживается; звонков других групп: {calls}"),
            ),
        }
    }
}

/// Serialises as the rule and the English sentence.
impl Serialize for Idle {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("rule", &self.rule)?;
        map.serialize_entry("why", &self.sentence(Lang::En))?;
        map.end()
    }
}

/// Writes alerts, one line of JSON each.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when they cannot be written.
pub fn write_json_lines(alerts: &[Alert], lang: Lang, mut to: impl Write) -> Result<()> {
    for alert in alerts {
        writeln!(to, "{}", alert.to_json(lang)).map_err(|e| Error::io("alerts", &e))?;
    }
    to.flush().map_err(|e| Error::io("alerts", &e))
}
