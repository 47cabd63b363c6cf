//! Calls in, alerts out.

use super::super::row::date;
use super::super::{CallRow, Moment, Moments};
use super::alert::{About, Alert, Evidence, Idle, Kind, Why};
use super::charts::{Episode, Judged, Point, Unjudged, episodes};
use super::expression::{Expression, Facts, Found, Name};
use super::rules::{Charted, Data, Measure, Period, Rule, Rules, What};
use crate::batch::mapping::nearest;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Absence, Value, position};
use crate::model::{Bins, LabelScale, Model, Profile};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most groups that one rule watches: more are no queues or operators, but a column of other things.
const MOST_GROUPS: usize = 10_000;
/// What the estimate is called among the features.
const ESTIMATE: &str = "satisfied";

/// Calls that a rule fired on beyond the alerts it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Beyond {
    /// Name of the rule.
    pub rule: String,
    /// How many calls have no alert.
    pub calls: u64,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Watched {
    /// Alerts in the order of the rules, then of what they are about, then of time.
    pub alerts: Vec<Alert>,
    /// Rules that could not speak, and why.
    pub idle: Vec<Idle>,
    /// Rules of calls that fired more often than they keep alerts.
    pub beyond: Vec<Beyond>,
}

/// Watches the calls of an archive by rules.
#[derive(Debug)]
pub struct Watch {
    rules: Rules,
    scale: LabelScale,
    /// Where the archive has each column that the rules speak of.
    places: Vec<Option<usize>>,
    states: Vec<State>,
    idle: Vec<Idle>,
    /// Whether a call told its time, and the last day of the archive.
    last: Option<i64>,
}

/// What a rule has seen.
#[derive(Debug)]
enum State {
    /// It was idle from the start.
    Idle,
    Call(Fired),
    Charted(Groups),
    Data(Bucketed),
}

/// When a call was, its row in the manifest, its id.
type CallKey = (Option<Moment>, u64, String);

#[derive(Debug, Default)]
struct Fired {
    /// The names in the condition, and whether a call had a value of each.
    names: Vec<Name>,
    seen: Vec<bool>,
    /// The latest, by time, row and id.
    kept: BTreeMap<CallKey, Vec<(String, Option<Value>)>>,
    beyond: u64,
}

#[derive(Debug, Default)]
struct Groups {
    /// By group and period, a cell for each measure.
    cells: BTreeMap<Arc<str>, BTreeMap<i64, Vec<Moments>>>,
    seen: Vec<bool>,
    beyond: u64,
}

/// What the model's calls were, and what the archive's are.
#[derive(Debug)]
struct Bucketed {
    profiles: Vec<Spread>,
    /// By day, the counts of all bins of all profiles.
    days: BTreeMap<i64, Vec<u32>>,
}

#[derive(Debug)]
struct Spread {
    profile: Profile,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Feature(usize),
    Estimate,
}

impl Spread {
    fn bin(&self, row: &CallRow) -> usize {
        let bin = match self.source {
            Source::Feature(at) => {
                let absent = Err(Absence::NotGiven);
                self.profile
                    .bin(row.features.values().get(at).unwrap_or(&absent))
            }
            // As `model::metrics::reliability` cuts them: equally wide, the lower end included.
            Source::Estimate => row.estimate.map_or(0, |estimate| {
                let bins = self.profile.counts.len().saturating_sub(1);
                1 + ((estimate.satisfied * bins as f64) as usize).min(bins.saturating_sub(1))
            }),
        };
        bin.min(self.profile.counts.len().saturating_sub(1))
    }
}

/// The profile of the estimates of calls that the model had not seen.
fn estimate_profile(model: &Model) -> Option<Spread> {
    let bins = &model.metrics().reliability;
    let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
    let counts = std::iter::once(0).chain(bins.iter().map(|bin| bin.rows));
    (rows > 0).then(|| Spread {
        profile: Profile {
            feature: ESTIMATE.to_owned(),
            counts: counts.collect(),
            bins: Bins::Number {
                edges: (1..bins.len())
                    .map(|i| i as f64 / bins.len() as f64)
                    .collect(),
                low: 0.0,
                high: 1.0,
            },
        },
        source: Source::Estimate,
    })
}

impl Watch {
    /// Begins to watch an archive with these columns, in the order of [`CallRow::columns`]. Without a model
    /// the rules of the data are idle.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when a column is there twice.
    pub fn new(
        rules: &Rules,
        columns: &[String],
        model: Option<&Model>,
        scale: &LabelScale,
    ) -> Result<Watch> {
        for (i, column) in columns.iter().enumerate() {
            if columns.iter().take(i).any(|other| other == column) {
                let found = format!("{column:?} twice");
                return Err(Error::new(
                    ErrorKind::Invalid,
                    "columns",
                    found,
                    "columns of different names",
                ));
            }
        }
        let place = |name: &String| columns.iter().position(|column| column == name);
        let mut watch = Watch {
            places: rules.names.0.iter().map(place).collect(),
            rules: rules.clone(),
            scale: *scale,
            states: Vec::new(),
            idle: Vec::new(),
            last: None,
        };
        for rule in &rules.rules {
            let state = match watch.missing(rule) {
                Some(at) => {
                    let name = watch.rules.names.name(Name::Column(at)).to_owned();
                    let near = nearest(&name, columns.iter().map(String::as_str)).map(String::from);
                    watch.say(rule, Why::NoColumn(name, near));
                    State::Idle
                }
                None => watch.begin(rule, model),
            };
            watch.states.push(state);
        }
        Ok(watch)
    }

    fn say(&mut self, rule: &Rule, why: Why) {
        self.idle.push(Idle {
            rule: rule.name.clone(),
            why,
        });
    }

    /// Returns the first column of a rule that the archive has not.
    fn missing(&self, rule: &Rule) -> Option<usize> {
        let mut names = Vec::new();
        let mut of = |expression: &Expression| names.extend(expression.names());
        match &rule.what {
            What::Call { when, .. } => of(when),
            What::Charted(charted) => {
                charted.filter.iter().for_each(&mut of);
                for measure in &charted.measures {
                    if let Measure::Share(share) = measure {
                        of(share);
                    }
                }
                names.extend(charted.by.map(Name::Column));
            }
            What::Data(data) => data.filter.iter().for_each(&mut of),
        }
        names.into_iter().find_map(|name| match name {
            Name::Column(at) if self.places.get(at).copied().flatten().is_none() => Some(at),
            _ => None,
        })
    }

    fn begin(&mut self, rule: &Rule, model: Option<&Model>) -> State {
        match &rule.what {
            What::Call { when, .. } => State::Call(Fired {
                seen: vec![false; when.names().len()],
                names: when.names(),
                ..Fired::default()
            }),
            What::Charted(charted) => State::Charted(Groups {
                seen: vec![false; charted.measures.len()],
                ..Groups::default()
            }),
            What::Data(data) => {
                let Some(model) = model else {
                    self.say(rule, Why::NoModel);
                    return State::Idle;
                };
                let profiles = self.profiles(rule, data, model);
                match profiles.is_empty() {
                    true => State::Idle,
                    false => State::Data(Bucketed {
                        profiles,
                        days: BTreeMap::new(),
                    }),
                }
            }
        }
    }

    fn profiles(&mut self, rule: &Rule, data: &Data, model: &Model) -> Vec<Spread> {
        let kept = &model.metrics().profiles;
        let mut profiles = Vec::new();
        let wanted: Vec<String> = match &data.features {
            Some(features) => features.clone(),
            None => kept.iter().map(|profile| profile.feature.clone()).collect(),
        };
        for feature in wanted {
            let profile = kept.iter().find(|profile| profile.feature == feature);
            match profile.cloned().zip(position(&feature)) {
                Some((profile, at)) => profiles.push(Spread {
                    profile,
                    source: Source::Feature(at),
                }),
                None => self.say(rule, Why::NoProfile(feature)),
            }
        }
        if data.features.is_none() && profiles.is_empty() {
            self.say(rule, Why::NoProfile("features".to_owned()));
        }
        if data.estimate {
            match estimate_profile(model) {
                Some(profile) => profiles.push(profile),
                None => self.say(rule, Why::NoProfile(ESTIMATE.to_owned())),
            }
        }
        profiles
    }

    /// Takes a call.
    pub fn push(&mut self, row: &CallRow) {
        if let Some(time) = row.time {
            self.last = self.last.max(Some(time.day()));
        }
        let facts = Facts {
            row,
            scale: &self.scale,
            columns: &self.places,
        };
        for (rule, state) in self.rules.rules.iter().zip(&mut self.states) {
            match (&rule.what, state) {
                (What::Call { when, most }, State::Call(fired)) => {
                    fired.push(&facts, when, *most, &self.rules);
                }
                (What::Charted(charted), State::Charted(groups)) => groups.push(&facts, charted),
                (What::Data(data), State::Data(bucketed)) => bucketed.push(&facts, data),
                _ => {}
            }
        }
    }

    /// Judges what was taken.
    pub fn finish(mut self) -> Watched {
        let mut watched = Watched::default();
        let rules = self.rules.clone();
        for (rule, state) in rules.rules.iter().zip(std::mem::take(&mut self.states)) {
            match (&rule.what, state) {
                (What::Call { when, .. }, State::Call(fired)) => {
                    self.finish_calls(rule, when, fired, &mut watched);
                }
                (What::Charted(charted), State::Charted(groups)) => {
                    self.finish_groups(rule, charted, groups, &mut watched);
                }
                (What::Data(data), State::Data(bucketed)) => {
                    self.finish_data(rule, data, bucketed, &mut watched);
                }
                _ => {}
            }
        }
        watched.idle = self.idle;
        watched
    }

    fn finish_calls(
        &mut self,
        rule: &Rule,
        when: &Expression,
        fired: Fired,
        watched: &mut Watched,
    ) {
        if fired.kept.is_empty() {
            for (name, seen) in fired.names.iter().zip(&fired.seen) {
                if !seen {
                    let name = self.rules.names.name(*name).to_owned();
                    self.say(rule, Why::NoValues(name));
                }
            }
        }
        let condition = when.print(&self.rules.names);
        for ((time, _, call), values) in fired.kept {
            let time = time.map(|time| time.to_string());
            watched.alerts.push(Alert {
                rule: rule.name.clone(),
                kind: Kind::Call,
                severity: rule.severity,
                about: About::Call { call },
                measure: condition.clone(),
                since: time.clone(),
                until: time,
                still: false,
                value: None,
                limit: None,
                baseline: None,
                n: None,
                evidence: Evidence::Values(values),
            });
        }
        if fired.beyond > 0 {
            watched.beyond.push(Beyond {
                rule: rule.name.clone(),
                calls: fired.beyond,
            });
        }
    }

    fn finish_groups(
        &mut self,
        rule: &Rule,
        charted: &Charted,
        groups: Groups,
        watched: &mut Watched,
    ) {
        if self.last.is_none() {
            self.say(rule, Why::NoTimes);
            return;
        }
        // A reader gives a column that it was asked for and has not found as one without values.
        if let Some(by) = charted.by.filter(|_| groups.cells.is_empty()) {
            let name = self.rules.names.name(Name::Column(by)).to_owned();
            self.say(rule, Why::NoValues(name));
            return;
        }
        if groups.beyond > 0 {
            self.say(rule, Why::TooManyGroups(groups.beyond));
        }
        for (at, measure) in charted.measures.iter().enumerate() {
            let name = match measure {
                Measure::Mean(name) => self.rules.names.name(*name).to_owned(),
                Measure::Share(share) => share.print(&self.rules.names),
            };
            if groups.seen.get(at) != Some(&true) {
                self.say(rule, Why::NoValues(name));
                continue;
            }
            let chart = charted.chart(measure);
            let (mut few, mut same) = (0, 0);
            for (group, periods) in &groups.cells {
                let periods = periods
                    .iter()
                    .filter_map(|(start, cells)| Some((*start, *cells.get(at)?)));
                let periods: Vec<(i64, Moments)> = periods.collect();
                let judged = match chart.judge(&periods) {
                    Ok(judged) => judged,
                    Err(Unjudged::TooFewCalls) => {
                        few += 1;
                        continue;
                    }
                    Err(Unjudged::DoesNotVary) => {
                        same += 1;
                        continue;
                    }
                };
                let sides = [(chart.sides.up, 1.0), (chart.sides.down, -1.0)];
                for (_, sign) in sides.into_iter().filter(|(watched, _)| *watched) {
                    let outside = |point: &Point| sign * point.score > point.limit;
                    for episode in episodes(&judged.points, outside, chart.calm) {
                        let about = match charted.by {
                            Some(by) => About::Group {
                                column: self.rules.names.name(Name::Column(by)).to_owned(),
                                group: group.to_string(),
                            },
                            None => About::Archive,
                        };
                        let alert = alert_of(rule, charted, &judged, &episode, chart.lambda < 1.0);
                        watched.alerts.push(Alert {
                            about,
                            measure: name.clone(),
                            ..alert
                        });
                    }
                }
            }
            if few > 0 {
                let of = groups.cells.len() as u64;
                let measure = name.clone();
                self.say(
                    rule,
                    Why::TooFewCalls {
                        measure,
                        groups: few,
                        of,
                    },
                );
            }
            if same > 0 {
                self.say(
                    rule,
                    Why::DoesNotVary {
                        measure: name,
                        groups: same,
                    },
                );
            }
        }
    }

    fn finish_data(&mut self, rule: &Rule, data: &Data, bucketed: Bucketed, watched: &mut Watched) {
        let Some(last) = self.last else {
            self.say(rule, Why::NoTimes);
            return;
        };
        // Windows are counted back from the last day, so that the latest one is whole.
        let mut windows: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for (day, counts) in &bucketed.days {
            let start = last + 1 - data.window * ((last - day) / data.window + 1);
            let sums = windows
                .entry(start)
                .or_insert_with(|| vec![0; counts.len()]);
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += u64::from(*count);
            }
        }
        // The first window begins before the archive does.
        let first = bucketed.days.keys().next().copied().unwrap_or(last);
        let mut offset = 0;
        let mut any = false;
        for spread in &bucketed.profiles {
            let width = spread.profile.counts.len();
            let bins = offset..offset + width;
            offset += width;
            let counts = |start: i64| windows.get(&start).and_then(|sums| sums.get(bins.clone()));
            let points: Vec<Point> = windows
                .keys()
                .filter_map(|&start| {
                    let counts = counts(start)?;
                    let calls = counts.iter().sum();
                    let index = spread.profile.stability_index(counts)?;
                    (calls >= data.least).then_some(Point {
                        start,
                        calls,
                        mean: index,
                        score: index,
                        limit: data.above,
                        unit: 1.0,
                    })
                })
                .collect();
            any |= !points.is_empty();
            for episode in episodes(&points, |point| point.score > point.limit, 1) {
                let now = counts(episode.worst.start).unwrap_or_default();
                watched.alerts.push(Alert {
                    rule: rule.name.clone(),
                    kind: Kind::Data,
                    severity: rule.severity,
                    about: About::Archive,
                    measure: spread.profile.feature.clone(),
                    since: Some(date(episode.since.max(first))),
                    until: Some(date(episode.until + data.window - 1)),
                    still: episode.still,
                    value: Some(episode.worst.score),
                    limit: Some(data.above),
                    baseline: None,
                    n: Some(episode.worst.calls),
                    evidence: Evidence::Shares {
                        worst: date(episode.worst.start.max(first)),
                        then: shares(&spread.profile.counts),
                        now: shares(now),
                    },
                });
            }
        }
        if !any {
            self.say(rule, Why::NoWindow);
        }
    }
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let all = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / all).collect()
}

/// An episode of a chart, but for what it is about.
fn alert_of(
    rule: &Rule,
    charted: &Charted,
    judged: &Judged,
    episode: &Episode,
    smoothed: bool,
) -> Alert {
    let (baseline, worst) = (&judged.baseline, &episode.worst);
    let last_day = match charted.period {
        Period::Day => episode.until,
        Period::Week => episode.until + 6,
    };
    Alert {
        rule: rule.name.clone(),
        kind: if charted.operator {
            Kind::Operator
        } else {
            Kind::Group
        },
        severity: rule.severity,
        about: About::Archive,
        measure: String::new(),
        since: Some(date(episode.since)),
        until: Some(date(last_day)),
        still: episode.still,
        value: Some(baseline.mean + worst.score * worst.unit),
        limit: Some(baseline.mean + worst.limit * worst.unit * worst.score.signum()),
        baseline: Some(baseline.mean),
        n: Some(worst.calls),
        evidence: Evidence::Chart {
            worst: date(worst.start),
            mean: worst.mean,
            score: worst.score,
            score_limit: worst.limit,
            spread: baseline.spread,
            periods: episode.periods,
            baseline_periods: baseline.periods as u64,
            baseline_calls: baseline.calls,
            smoothed,
        },
    }
}

impl Fired {
    fn push(&mut self, facts: &Facts<'_>, when: &Expression, most: usize, rules: &Rules) {
        let fires = when.evaluate(facts) == Some(true);
        let done = self.seen.iter().all(|seen| *seen);
        if !fires && done {
            return;
        }
        for (name, seen) in self.names.iter().zip(&mut self.seen) {
            *seen = *seen || facts.value(*name).is_some();
        }
        if !fires {
            return;
        }
        let row = facts.row;
        let key = (row.time, row.line, row.id.clone());
        // Which are kept hangs on no order of the calls: the latest ones.
        if self.kept.len() >= most {
            self.beyond += 1;
            match self.kept.first_key_value() {
                Some((first, _)) if *first < key => self.kept.pop_first(),
                _ => return,
            };
        }
        let value = |name: &Name| {
            let value = facts.value(*name).map(|found| match found {
                Found::Number(x) => Value::Number(x),
                Found::Text(text) => Value::Category(text.into()),
            });
            (rules.names.name(*name).to_owned(), value)
        };
        let values = self.names.iter().map(value).collect();
        self.kept.insert(key, values);
    }
}

impl Groups {
    fn push(&mut self, facts: &Facts<'_>, charted: &Charted) {
        let passes = |filter: &Expression| filter.evaluate(facts) == Some(true);
        if !charted.filter.as_ref().is_none_or(passes) {
            return;
        }
        let group = match charted.by {
            Some(by) => facts.column(by),
            None => Some(""),
        };
        let Some((group, time)) = group.zip(facts.row.time) else {
            return;
        };
        if !self.cells.contains_key(group) {
            if self.cells.len() >= MOST_GROUPS {
                self.beyond += 1;
                return;
            }
            self.cells.insert(group.into(), BTreeMap::new());
        }
        let start = match charted.period {
            Period::Day => time.day(),
            Period::Week => time.week(),
        };
        let width = charted.measures.len();
        let Some(periods) = self.cells.get_mut(group) else {
            return;
        };
        let cells = periods
            .entry(start)
            .or_insert_with(|| vec![Moments::default(); width]);
        for ((measure, cell), seen) in charted.measures.iter().zip(cells).zip(&mut self.seen) {
            let value = match measure {
                Measure::Mean(name) => facts.number(*name),
                Measure::Share(share) => share.evaluate(facts).map(|is| f64::from(u8::from(is))),
            };
            if let Some(value) = value {
                cell.push(value);
                *seen = true;
            }
        }
    }
}

impl Bucketed {
    fn push(&mut self, facts: &Facts<'_>, data: &Data) {
        let passes = |filter: &Expression| filter.evaluate(facts) == Some(true);
        if !data.filter.as_ref().is_none_or(passes) {
            return;
        }
        let Some(time) = facts.row.time else {
            return;
        };
        let width = self
            .profiles
            .iter()
            .map(|spread| spread.profile.counts.len())
            .sum();
        let counts = self
            .days
            .entry(time.day())
            .or_insert_with(|| vec![0; width]);
        let mut offset = 0;
        for spread in &self.profiles {
            if let Some(count) = counts.get_mut(offset + spread.bin(facts.row)) {
                *count = count.saturating_add(1);
            }
            offset += spread.profile.counts.len();
        }
    }
}

#[cfg(test)]
mod tests;
