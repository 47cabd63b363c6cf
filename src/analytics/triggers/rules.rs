//! Rules as they stand in their file.

use super::charts::{Chart, Sides, Widening};
use super::expression::{Expression, Fact, Name, Names};
use super::{Severity, charts};
use crate::batch::mapping::nearest;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Unit, catalogue, position};
use crate::files::read_whole;
use serde::Deserialize;
use std::collections::HashSet;
use std::path::Path;
use toml::Spanned;

/// The largest file of rules, in bytes, and the most rules in it.
const MAX_FILE: u64 = 1 << 20;
const MAX_RULES: usize = 1_000;
/// The most calls that a rule may keep alerts of.
const MAX_KEPT: u64 = 1_000_000;

/// Rules, read and checked.
///
/// ```
/// use callcsi::analytics::triggers::Rules;
/// let text = r#"
/// [[call]]
/// name = "holds"
/// when = "csi < 4 and hold_cuont >= 2"
/// "#;
/// let error = Rules::parse("rules.toml", text).unwrap_err();
/// assert_eq!(error.place(), r#"rules.toml line 4: rule "holds": when: character 13"#);
/// assert_eq!(error.hint_text(), Some("is it hold_count?"));
/// let rules = Rules::parse("rules.toml", &text.replace("cuont", "count"))?;
/// assert_eq!(rules.names().collect::<Vec<_>>(), ["holds"]);
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) names: Names,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub name: String,
    pub severity: Severity,
    pub what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Call { when: Expression, most: usize },
    Charted(Charted),
    Data(Data),
}

/// A rule of a group or of an operator.
#[derive(Clone, Debug)]
pub(super) struct Charted {
    /// Whether it is about people, who are judged by themselves alone.
    pub operator: bool,
    /// The column; `None` of the whole archive.
    pub by: Option<usize>,
    pub measures: Vec<Measure>,
    pub filter: Option<Expression>,
    pub period: Period,
    /// Its `binary` is that of the measure.
    chart: Chart,
}

impl Charted {
    pub fn chart(&self, measure: &Measure) -> Chart {
        Chart {
            binary: measure.is_binary(),
            ..self.chart
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Measure {
    Mean(Name),
    Share(Expression),
}

impl Measure {
    pub fn is_binary(&self) -> bool {
        match self {
            Measure::Share(_) | Measure::Mean(Name::Fact(Fact::LowMark)) => true,
            Measure::Mean(Name::Feature(at)) => {
                catalogue().get(*at).is_some_and(|f| f.unit == Unit::Flag)
            }
            Measure::Mean(_) => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Period {
    Day,
    Week,
}

#[derive(Clone, Debug)]
pub(super) struct Data {
    /// Names of features; `None` for those of the model.
    pub features: Option<Vec<String>>,
    pub estimate: bool,
    pub filter: Option<Expression>,
    /// In days.
    pub window: i64,
    pub above: f64,
    pub least: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    call: Vec<RawCall>,
    #[serde(default)]
    group: Vec<RawGroup>,
    #[serde(default)]
    operator: Vec<RawOperator>,
    #[serde(default)]
    data: Vec<RawData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    name: Spanned<String>,
    severity: Option<Severity>,
    when: Spanned<String>,
    most: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    name: Spanned<String>,
    severity: Option<Severity>,
    by: Option<String>,
    mean: Option<Spanned<String>>,
    share: Option<Spanned<String>>,
    #[serde(rename = "where")]
    filter: Option<Spanned<String>>,
    chart: Option<RawChart>,
    period: Option<Period>,
    side: Option<Side>,
    lambda: Option<f64>,
    limit: Option<f64>,
    baseline: Option<u64>,
    least: Option<u64>,
    smallest: Option<u64>,
    calm: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperator {
    name: Spanned<String>,
    severity: Option<Severity>,
    by: Option<String>,
    features: Option<Vec<Spanned<String>>>,
    #[serde(rename = "where")]
    filter: Option<Spanned<String>>,
    period: Option<Period>,
    side: Option<Side>,
    lambda: Option<f64>,
    limit: Option<f64>,
    baseline: Option<u64>,
    least: Option<u64>,
    smallest: Option<u64>,
    calm: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawData {
    name: Spanned<String>,
    severity: Option<Severity>,
    features: Option<Vec<Spanned<String>>>,
    estimate: Option<bool>,
    #[serde(rename = "where")]
    filter: Option<Spanned<String>>,
    window: Option<u64>,
    above: Option<f64>,
    least: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawChart {
    Ewma,
    P,
    Xbar,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Above,
    Below,
    Both,
}

/// How a chart is drawn, as the file says it.
struct RawTuning {
    chart: RawChart,
    period: Option<Period>,
    side: Option<Side>,
    lambda: Option<f64>,
    limit: Option<f64>,
    baseline: Option<u64>,
    least: Option<u64>,
    smallest: u64,
    calm: Option<u64>,
}

/// The column of operators, unless a rule says otherwise.
const OPERATOR: &str = "operator_id";
/// Pace of speech, interruptions, time to reply.
const STRAIN: [&str; 3] = [
    "agent_speech_speed_words_all_call_mean",
    "agent_interruptions_count",
    "agent_response_latency_median_s",
];

impl Rules {
    /// Reads a file of rules.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be read, else as [`Rules::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Rules> {
        let path = path.as_ref();
        let bytes = read_whole(path, MAX_FILE)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let error = Error::new(
                ErrorKind::IllFormed,
                path.display(),
                "bytes that are no UTF-8",
                "a text",
            );
            error.hint("save the file as UTF-8")
        })?;
        Rules::parse(&path.display().to_string(), text)
    }

    /// Reads rules from a text; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IllFormed`] for what is no TOML, an unknown key or a condition that is none;
    /// [`ErrorKind::Invalid`] for an unknown name or a value out of range; [`ErrorKind::Mismatch`] for a number
    /// compared with a text. The place has the file, the line, the rule and the key.
    pub fn parse(name: &str, text: &str) -> Result<Rules> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = File { name, text };
        let raw: RawFile = toml::from_str(text).map_err(|e| file.toml(&e))?;
        file.rules(raw)
    }

    /// Returns the rules that ship with the crate; `src/analytics/triggers/default.toml` explains them.
    ///
    /// # Errors
    ///
    /// As [`Rules::parse`]; a test holds that there are none.
    pub fn default_rules() -> Result<Rules> {
        Rules::parse("default.toml", Rules::DEFAULT)
    }

    /// The text of the default rules, to be copied and changed.
    pub const DEFAULT: &'static str = include_str!("default.toml");

    /// Returns the names of the rules, in their order: of calls, groups, operators, data.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// Returns the columns that the rules speak of: those the archive is to be read with.
    pub fn columns(&self) -> &[String] {
        &self.names.0
    }
}

struct File<'a> {
    name: &'a str,
    text: &'a str,
}

/// A rule whose keys are being checked.
struct Place<'a> {
    file: &'a File<'a>,
    name: &'a Spanned<String>,
}

impl File<'_> {
    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    /// Names the rule that a byte belongs to: by the name between its header and the next one.
    fn rule_at(&self, offset: usize) -> Option<String> {
        let is_header = |line: &&str| line.trim_start().starts_with('[');
        // The place may be that of the header's brackets.
        let before = self.text.get(..offset + 2).or(self.text.get(..offset))?;
        let start = before.rfind("[[")?;
        let lines = self.text.get(start..)?.lines().skip(1);
        lines.take_while(|line| !is_header(line)).find_map(|line| {
            let value = line
                .trim()
                .strip_prefix("name")?
                .trim_start()
                .strip_prefix('=')?;
            let value = value.trim().trim_matches(['"', '\'']);
            Some(format!(": rule {value:?}"))
        })
    }

    /// Names the key whose value begins at a byte, where both stand on one line.
    fn key_at(&self, offset: usize) -> Option<String> {
        let before = self.text.get(..offset)?;
        let line = before.rsplit('\n').next()?;
        let (key, _) = line.split_once('=')?;
        Some(format!(": {}", key.trim()))
    }

    /// An error of the TOML library, in our words where they are to be had.
    fn toml(&self, error: &toml::de::Error) -> Error {
        let message = error.message();
        let offset = error.span().map_or(0, |span| span.start);
        let rule = self.rule_at(offset).unwrap_or_default();
        let key = self.key_at(offset).unwrap_or_default();
        let place = format!("{} line {}{rule}{key}", self.name, self.line(offset));
        let ticked = |text: &str| -> Vec<String> {
            text.split('`')
                .skip(1)
                .step_by(2)
                .map(String::from)
                .collect()
        };
        let (found, wanted) = match message.split_once(", expected ") {
            Some((found, wanted)) => (found, wanted),
            None => (message, "rules, as docs/triggers.md explains them"),
        };
        let made = Error::new(
            ErrorKind::IllFormed,
            place,
            found.trim(),
            match wanted.trim() {
                "u64" => "a whole number, 0 or more".to_owned(),
                "f64" => "a number".to_owned(),
                other => other.replace('`', ""),
            },
        );
        if message.starts_with("invalid type: map") {
            return made.hint("rules stand in two brackets each: [[call]]");
        }
        let known = ticked(wanted);
        match (ticked(found).first(), message.starts_with("unknown")) {
            (Some(word), true) => match nearest(word, known.iter().map(String::as_str)) {
                Some(near) => made.hint(format!("is it {near}?")),
                None => made,
            },
            _ => made,
        }
    }

    fn rules(&self, raw: RawFile) -> Result<Rules> {
        let mut names = Names::default();
        let by = raw.group.iter().filter_map(|rule| rule.by.clone());
        let operators = raw
            .operator
            .iter()
            .map(|rule| rule.by.clone().unwrap_or(OPERATOR.into()));
        for column in raw.columns.into_iter().chain(by).chain(operators) {
            if names.column(&column).is_none() {
                names.0.push(column);
            }
        }
        let mut rules = Vec::new();
        for rule in &raw.call {
            rules.push(self.call(rule, &names)?);
        }
        for rule in &raw.group {
            rules.push(self.group(rule, &names)?);
        }
        for rule in &raw.operator {
            rules.push(self.operator(rule, &names)?);
        }
        for rule in &raw.data {
            rules.push(self.data(rule, &names)?);
        }
        let count = rules.len();
        if count == 0 || count > MAX_RULES {
            let wanted = format!("1 to {MAX_RULES}: [[call]], [[group]], [[operator]] or [[data]]");
            return Err(Error::new(
                ErrorKind::Invalid,
                self.name,
                format!("{count} rules"),
                wanted,
            ));
        }
        let mut seen = HashSet::new();
        let all = raw.call.iter().map(|rule| &rule.name);
        let all = all.chain(raw.group.iter().map(|rule| &rule.name));
        let all = all.chain(raw.operator.iter().map(|rule| &rule.name));
        for name in all.chain(raw.data.iter().map(|rule| &rule.name)) {
            let place = Place { file: self, name };
            if name.get_ref().trim().is_empty() {
                return Err(place.invalid("name", "nothing", "a name"));
            }
            if !seen.insert(name.get_ref()) {
                return Err(place.invalid(
                    "name",
                    "a name that another rule has",
                    "a name of its own",
                ));
            }
        }
        Ok(Rules { rules, names })
    }

    fn call(&self, raw: &RawCall, names: &Names) -> Result<Rule> {
        let place = Place {
            file: self,
            name: &raw.name,
        };
        let when = place.condition("when", &raw.when, names)?;
        let most = place.whole("most", raw.most.unwrap_or(1_000), 1, MAX_KEPT)?;
        Ok(place.rule(
            raw.severity,
            Severity::Notice,
            What::Call {
                when,
                most: most as usize,
            },
        ))
    }

    fn group(&self, raw: &RawGroup, names: &Names) -> Result<Rule> {
        let place = Place {
            file: self,
            name: &raw.name,
        };
        let measure = match (&raw.mean, &raw.share) {
            (Some(mean), None) => Measure::Mean(
                names
                    .number(mean.get_ref())
                    .map_err(|e| place.at("mean", mean, e))?,
            ),
            (None, Some(share)) => Measure::Share(place.condition("share", share, names)?),
            (None, None) => return Err(place.invalid("mean", "nothing", "mean or share")),
            (Some(_), Some(_)) => {
                return Err(place.invalid("share", "mean as well", "mean or share"));
            }
        };
        let chart = raw.chart.unwrap_or(RawChart::Ewma);
        let not = match (chart, measure.is_binary()) {
            (RawChart::P, false) => Some((
                "p of a number",
                "a measure that is 0 or 1",
                "chart = \"xbar\"",
            )),
            (RawChart::Xbar, true) => Some(("xbar of what is 0 or 1", "a number", "chart = \"p\"")),
            _ => None,
        };
        if let Some((found, wanted, hint)) = not {
            return Err(place
                .invalid("chart", found, wanted)
                .hint(format!("is it {hint}?")));
        }
        let tuning = RawTuning {
            chart,
            period: raw.period,
            side: raw.side,
            lambda: raw.lambda,
            limit: raw.limit,
            baseline: raw.baseline,
            least: raw.least,
            smallest: raw.smallest.unwrap_or(10),
            calm: raw.calm,
        };
        let by = raw.by.as_deref().and_then(|by| names.column(by));
        let what = place.charted(
            by,
            vec![measure],
            raw.filter.as_ref(),
            &tuning,
            names,
            false,
        )?;
        Ok(place.rule(raw.severity, Severity::Warning, what))
    }

    fn operator(&self, raw: &RawOperator, names: &Names) -> Result<Rule> {
        let place = Place {
            file: self,
            name: &raw.name,
        };
        let measures: Vec<Measure> = match &raw.features {
            Some(features) => features
                .iter()
                .map(|feature| match names.number(feature.get_ref()) {
                    Ok(name @ Name::Feature(_)) => Ok(Measure::Mean(name)),
                    Ok(_) => Err(place.invalid(
                        "features",
                        feature.get_ref(),
                        "features of the catalogue",
                    )),
                    Err(e) => Err(place.at("features", feature, e)),
                })
                .collect::<Result<_>>()?,
            None => {
                let places = STRAIN.iter().filter_map(|name| position(name));
                places.map(|at| Measure::Mean(Name::Feature(at))).collect()
            }
        };
        if measures.is_empty() {
            return Err(place.invalid("features", "none", "at least one"));
        }
        let tuning = RawTuning {
            chart: RawChart::Ewma,
            period: raw.period,
            side: raw.side,
            lambda: raw.lambda,
            limit: raw.limit,
            baseline: raw.baseline,
            least: raw.least,
            smallest: raw.smallest.unwrap_or(5),
            calm: raw.calm,
        };
        let by = names.column(raw.by.as_deref().unwrap_or(OPERATOR));
        let what = place.charted(by, measures, raw.filter.as_ref(), &tuning, names, true)?;
        Ok(place.rule(raw.severity, Severity::Notice, what))
    }

    fn data(&self, raw: &RawData, names: &Names) -> Result<Rule> {
        let place = Place {
            file: self,
            name: &raw.name,
        };
        let features = raw
            .features
            .as_ref()
            .filter(|features| !features.is_empty());
        let features = features
            .map(|features| {
                let each = features
                    .iter()
                    .map(|feature| match names.find(feature.get_ref()) {
                        Ok(Name::Feature(_)) => Ok(feature.get_ref().clone()),
                        Ok(_) => Err(place.invalid(
                            "features",
                            feature.get_ref(),
                            "features of the catalogue",
                        )),
                        Err(e) => Err(place.at("features", feature, e)),
                    });
                each.collect::<Result<Vec<String>>>()
            })
            .transpose()?;
        let data = Data {
            features,
            estimate: raw.estimate.unwrap_or(true),
            filter: place.filter(raw.filter.as_ref(), names)?,
            window: place.whole("window", raw.window.unwrap_or(28), 1, 3_660)? as i64,
            above: place.between("above", raw.above.unwrap_or(0.2), 0.01, 10.0)?,
            least: place.whole("least", raw.least.unwrap_or(500), 50, 1 << 40)?,
        };
        Ok(place.rule(raw.severity, Severity::Warning, What::Data(data)))
    }
}

impl Place<'_> {
    fn rule(&self, severity: Option<Severity>, otherwise: Severity, what: What) -> Rule {
        Rule {
            name: self.name.get_ref().clone(),
            severity: severity.unwrap_or(otherwise),
            what,
        }
    }

    fn place(&self, offset: usize, key: &str) -> String {
        let (file, line) = (self.file.name, self.file.line(offset));
        format!("{file} line {line}: rule {:?}: {key}", self.name.get_ref())
    }

    fn invalid(
        &self,
        key: &str,
        found: impl std::fmt::Display,
        wanted: impl std::fmt::Display,
    ) -> Error {
        Error::new(
            ErrorKind::Invalid,
            self.place(self.name.span().start, key),
            found,
            wanted,
        )
    }

    fn at(&self, key: &str, value: &Spanned<String>, error: Error) -> Error {
        error.within(self.place(value.span().start, key))
    }

    fn condition(&self, key: &str, text: &Spanned<String>, names: &Names) -> Result<Expression> {
        Expression::parse(text.get_ref(), names).map_err(|e| self.at(key, text, e))
    }

    fn filter(&self, text: Option<&Spanned<String>>, names: &Names) -> Result<Option<Expression>> {
        text.map(|text| self.condition("where", text, names))
            .transpose()
    }

    fn whole(&self, key: &str, found: u64, least: u64, most: u64) -> Result<u64> {
        match (least..=most).contains(&found) {
            true => Ok(found),
            false => Err(self.invalid(key, found, format!("{least} to {most}"))),
        }
    }

    fn between(&self, key: &str, found: f64, least: f64, most: f64) -> Result<f64> {
        match (least..=most).contains(&found) {
            true => Ok(found),
            false => Err(self.invalid(key, found, format!("{least} to {most}"))),
        }
    }

    fn charted(
        &self,
        by: Option<usize>,
        measures: Vec<Measure>,
        filter: Option<&Spanned<String>>,
        raw: &RawTuning,
        names: &Names,
        operator: bool,
    ) -> Result<What> {
        let period = raw.period.unwrap_or(Period::Day);
        let (baseline, calm) = match period {
            Period::Day => (28, 2),
            Period::Week => (8, 1),
        };
        if raw.chart != RawChart::Ewma && raw.lambda.is_some() {
            return Err(self
                .invalid("lambda", "a weight", "chart = \"ewma\"")
                .hint("other charts have none"));
        }
        let lambda = match raw.chart {
            RawChart::Ewma => self.between("lambda", raw.lambda.unwrap_or(0.2), 0.01, 1.0)?,
            RawChart::P | RawChart::Xbar => 1.0,
        };
        let side = raw.side.unwrap_or(Side::Both);
        let chart = Chart {
            lambda,
            limit: self.between("limit", raw.limit.unwrap_or(3.0), 1.0, 20.0)?,
            // Below that nobody knows how days differ.
            baseline: self.whole("baseline", raw.baseline.unwrap_or(baseline), 4, 3_660)? as usize,
            least: self.whole("least", raw.least.unwrap_or(200), 20, 1 << 40)?,
            smallest: self.whole("smallest", raw.smallest, 1, 1 << 40)?,
            expected: match raw.chart {
                RawChart::P => charts::EXPECTED,
                RawChart::Ewma | RawChart::Xbar => 0.0,
            },
            calm: self.whole("calm", raw.calm.unwrap_or(calm), 1, 1_000)? as usize,
            sides: Sides {
                up: !matches!(side, Side::Below),
                down: !matches!(side, Side::Above),
            },
            binary: false,
            widening: Widening::Widest,
        };
        Ok(What::Charted(Charted {
            operator,
            by,
            measures,
            filter: self.filter(filter, names)?,
            period,
            chart,
        }))
    }
}

#[cfg(test)]
mod tests;
