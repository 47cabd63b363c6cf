//! From calls to an analysis.

use super::Moments;
use super::analysis::{
    Analysis, CalibrationBin, Group, GroupTable, NotGrouped, Overview, Period, ResponseBin, Shrunk,
    SpreadOf, SpreadShare,
};
use super::contacts::{Contact, Contacts};
use super::drivers::drivers;
use super::factors::{Effect, Factors};
use super::indicators::correlations;
use super::kano::{LEAST_ANSWERS, kano};
use super::open::Openings;
use super::robot::RobotTally;
use super::row::{CallRow, Moment, date};
use super::sample::{Sample, Watched};
use super::shared::shared;
use super::stats::Figure;
use super::tally::{Tally, Yardstick};
use crate::error::Result;
use crate::model::{LabelScale, MarkClass, Predictor};
use std::collections::{BTreeMap, HashMap};

/// What is chosen about an analysis.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StudyOptions {
    /// A group of fewer calls is told as too small, and never ranked. Defaults to 30.
    pub least_calls: u64,
    /// Most groups of a column; a column of more is left out, for it names calls and not groups. Defaults
    /// to 5,000.
    pub most_groups: usize,
    /// Calls in each of the two samples, of all and of the answered ones. Defaults to 50,000.
    pub sample: usize,
    /// Calls listed to be opened, of each kind. Defaults to 20.
    pub open: usize,
    /// A wait up to this is in time, in seconds. Defaults to 20.
    pub in_time_s: f64,
    /// A customer who comes back within so many days was not helped. Defaults to 7.
    pub repeat_days: u32,
}

impl Default for StudyOptions {
    fn default() -> StudyOptions {
        StudyOptions {
            least_calls: 30,
            most_groups: 5_000,
            sample: 50_000,
            open: 20,
            in_time_s: 20.0,
            repeat_days: 7,
        }
    }
}

/// Columns whose groups share the spread among them, the first of the study's: each pair is counted.
const MOST_FACTORS: usize = 5;
/// Columns that follow from the time do not: the weeks do.
const OF_THE_CLOCK: [&str; 2] = ["hour", "weekday"];
/// Bins of the estimates that the response is told by.
const RESPONSE_BINS: usize = 8;
/// Bins of the calibration.
const CALIBRATION_BINS: usize = 10;

/// Gathers calls.
#[derive(Debug)]
pub struct Study<'a> {
    options: StudyOptions,
    scale: LabelScale,
    predictor: Option<&'a Predictor>,
    columns: Vec<Column>,
    all: Tally,
    days: BTreeMap<i64, Tally>,
    calibration: [(Moments, u64); CALIBRATION_BINS],
    response: Vec<(u64, u64)>,
    factors: Factors,
    /// Places of the columns that share the spread.
    shares: Vec<usize>,
    weeks: HashMap<i64, u32>,
    contacts: Contacts,
    robot: RobotTally,
    watched: Watched,
    sample: Sample,
    answered: Sample,
    openings: Openings,
    groups: Vec<u32>,
}

/// The groups of a column.
#[derive(Debug)]
struct Column {
    name: String,
    levels: HashMap<String, u32>,
    /// Group 0 are the calls without a value.
    tallies: Vec<Tally>,
    /// Weekly estimates of each group.
    weeks: BTreeMap<(u32, i64), Moments>,
    names: Vec<String>,
    too_many: bool,
}

impl Column {
    fn new(name: &str) -> Column {
        Column {
            name: name.to_owned(),
            levels: HashMap::new(),
            tallies: vec![Tally::default()],
            weeks: BTreeMap::new(),
            names: Vec::new(),
            too_many: false,
        }
    }

    /// Returns the group of a value.
    fn group(&mut self, value: Option<&str>, most: usize) -> u32 {
        let Some(value) = value.filter(|_| !self.too_many) else {
            return 0;
        };
        if let Some(&group) = self.levels.get(value) {
            return group;
        }
        if self.names.len() >= most {
            self.too_many = true;
            self.levels.clear();
            self.weeks.clear();
            return 0;
        }
        self.names.push(value.to_owned());
        self.tallies.push(Tally::default());
        let group = self.names.len() as u32;
        self.levels.insert(value.to_owned(), group);
        group
    }
}

impl<'a> Study<'a> {
    /// Starts with no calls. `columns` are those of the rows, in their order; `scale` is that of the model.
    /// With its `predictor` the causes are told too.
    pub fn new(
        columns: &[String],
        scale: &LabelScale,
        predictor: Option<&'a Predictor>,
        options: StudyOptions,
    ) -> Study<'a> {
        let all = columns.iter().enumerate();
        let shares: Vec<usize> = all
            .filter(|(_, name)| !OF_THE_CLOCK.contains(&name.as_str()))
            .map(|(at, _)| at)
            .take(MOST_FACTORS)
            .collect();
        Study {
            columns: columns.iter().map(|name| Column::new(name)).collect(),
            scale: *scale,
            predictor,
            all: Tally::default(),
            days: BTreeMap::new(),
            calibration: Default::default(),
            response: vec![(0, 0); RESPONSE_BINS],
            factors: Factors::new(shares.len() + 1),
            shares,
            weeks: HashMap::new(),
            contacts: Contacts::new(),
            robot: RobotTally::default(),
            watched: Watched::new(predictor),
            sample: Sample::new(options.sample),
            answered: Sample::new(options.sample),
            openings: Openings::new(options.open, scale.satisfied_from() as f64),
            groups: Vec::new(),
            options,
        }
    }

    /// Adds a call. Returns whether it is one of those to open, as far as is seen.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when a mark is not on the scale, and the call is not counted;
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when there is no room for temporary files.
    pub fn push(&mut self, row: &CallRow) -> Result<bool> {
        if let Some(mark) = row.mark {
            self.scale
                .class(mark)
                .map_err(|e| e.within("mark").of_call(&crate::call::CallId::new(&row.id)))?;
        }
        let by = Yardstick {
            scale: &self.scale,
            in_time_s: self.options.in_time_s,
        };
        self.all.push(row, by);
        let day = row.time.map(Moment::day);
        if let Some(day) = day {
            self.days.entry(day).or_default().push(row, by);
        }
        let week = row.time.map(Moment::week);
        self.groups.clear();
        for (at, column) in self.columns.iter_mut().enumerate() {
            let value = row.columns.get(at).and_then(Option::as_deref);
            let group = column.group(value, self.options.most_groups);
            if !column.too_many {
                column.tallies[group as usize].push(row, by);
                if let (Some(week), Some(estimate), true) = (week, row.estimate, group > 0) {
                    column
                        .weeks
                        .entry((group, week))
                        .or_default()
                        .push(estimate.csi);
                }
            }
            self.groups.push(group);
        }
        if let Some(estimate) = &row.estimate {
            self.judge(row, estimate.csi, estimate.satisfied);
            let next = self.weeks.len() as u32 + 1;
            let week = week.map_or(0, |week| *self.weeks.entry(week).or_insert(next));
            let groups = self.shares.iter().map(|&at| self.groups[at]);
            let levels: Vec<u32> = groups.chain([week]).collect();
            self.factors.push(&levels, estimate.csi);
        }
        if let (Some(customer), Some(time)) = (&row.customer, row.time) {
            let served = row.word("ivr_status") == Some("completed");
            let contact = Contact::new(customer, time, &row.id, served, &self.groups);
            self.contacts.add(contact)?;
        }
        self.robot.push(row);
        self.sample
            .offer(row, &self.groups, &mut self.watched, self.predictor);
        if row.mark.is_some() {
            self.answered
                .offer(row, &self.groups, &mut self.watched, None);
        }
        let class = row.mark.and_then(|mark| self.scale.class(mark).ok());
        let is_claim = class == Some(MarkClass::Dissatisfied);
        Ok(self.openings.offer(row, is_claim))
    }

    /// Counts what was said of an estimate.
    fn judge(&mut self, row: &CallRow, csi: f64, satisfied: f64) {
        if let Some(class) = row.mark.and_then(|mark| self.scale.class(mark).ok()) {
            let bin = (satisfied * CALIBRATION_BINS as f64) as usize;
            let (moments, hits) = &mut self.calibration[bin.min(CALIBRATION_BINS - 1)];
            moments.push(satisfied);
            *hits += u64::from(class == MarkClass::Satisfied);
        }
        let (low, high) = (self.scale.min() as f64, self.scale.max() as f64);
        let at = (csi - low) / (high - low) * RESPONSE_BINS as f64;
        let bin = (at.max(0.0) as usize).min(RESPONSE_BINS - 1);
        use crate::model::SurveyStatus::{Answered, Invalid, NoResponse};
        if matches!(row.survey, Some(Answered | NoResponse | Invalid)) {
            self.response[bin].0 += 1;
            self.response[bin].1 += u64::from(row.mark.is_some());
        }
    }

    /// Returns what the calls say.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the temporary files cannot be read.
    pub fn finish(mut self) -> Result<Analysis> {
        self.follow()?;
        let least = self.options.least_calls;
        let missing = Column::is_missing;
        let spread = self.factors.spread();
        let effects = spread.as_ref().map(|spread| self.factors.effects(spread));
        let centre = self.factors.total().mean().unwrap_or_default();
        let mut shares = Vec::new();
        if let Some(spread) = &spread {
            let whole: f64 = spread.between.iter().flatten().sum::<f64>() + spread.within;
            let names = self.shares.iter().map(|&at| Some(&self.columns[at]));
            for (column, variance) in names.chain([None]).zip(&spread.between) {
                if column.is_some_and(missing) {
                    continue;
                }
                shares.push(SpreadShare {
                    of: column.map_or(SpreadOf::Week, |c| SpreadOf::Column(c.name.clone())),
                    deviation: variance.map(f64::sqrt),
                    share: variance.filter(|_| whole > 0.0).map(|v| v / whole),
                });
            }
            shares.push(SpreadShare {
                of: SpreadOf::Call,
                deviation: Some(spread.within.sqrt()),
                share: (whole > 0.0).then(|| spread.within / whole),
            });
        }
        let calls = self.sample.into_calls();
        let names: Vec<(String, Vec<String>)> = self
            .columns
            .iter()
            .map(|c| {
                (
                    c.name.clone(),
                    if c.too_many {
                        Vec::new()
                    } else {
                        c.names.clone()
                    },
                )
            })
            .collect();
        let shared = shared(&calls, &self.watched, &names);
        let (lowest, highest) = shared.map_or((None, None), |(a, b)| (Some(a), Some(b)));
        let answers = self.answered.offered;
        let answered = self.answered.into_calls();
        let columns = self.columns.iter().enumerate().map(|(at, column)| {
            // What the column alone says, and what it says minding the others.
            let place = self.shares.iter().position(|&share| share == at);
            let alone = place.map(|place| self.factors.alone(place));
            let minding = place.and_then(|place| Some(&effects.as_ref()?[place]));
            column.table(alone.as_ref(), minding, centre, least)
        });
        let columns: Vec<GroupTable> = columns.collect();
        let weeks = weeks(&self.days);
        let period = |(from, tally): (&i64, &Tally)| Period::of(*from, tally);
        Ok(Analysis {
            overview: Overview {
                calls: self.all.calls,
                failed: self.all.failed,
                first_day: self.days.keys().next().copied().map(date),
                last_day: self.days.keys().next_back().copied().map(date),
                estimated: self.all.estimated(),
                surveyed: self.all.surveyed(),
                corrected: self.all.corrected(),
                answered: self.all.answered(),
                response: self.all.response(),
                service: self.all.service(),
            },
            days: self.days.iter().map(period).collect(),
            weeks: weeks.iter().map(period).collect(),
            calibration: self
                .calibration
                .iter()
                .filter_map(|(expected, hits)| {
                    Some(CalibrationBin {
                        expected: expected.mean()?,
                        satisfied: Figure::share(*hits, expected.count())?,
                    })
                })
                .collect(),
            response: response(&self.response, &self.scale),
            columns,
            spread: shares,
            drivers: self.predictor.and_then(|p| drivers(&calls, p)),
            kano: kano(&answered, &self.watched),
            kano_wants: LEAST_ANSWERS,
            lowest,
            highest,
            open: self.openings.finish(self.predictor),
            correlations: correlations(self.days.values(), least),
            robot: self.robot.finish(),
            sampled: calls.len() as u64,
            sampled_of: self.all.calls,
            answers_sampled: answered.len() as u64,
            answers_sampled_of: answers,
            least_calls: least,
            in_time_s: self.options.in_time_s,
            repeat_days: self.options.repeat_days,
            scale: self.scale,
        })
    }

    /// Tells the tallies which customers came back.
    fn follow(&mut self) -> Result<()> {
        let contacts = std::mem::replace(&mut self.contacts, Contacts::new());
        let (all, days) = (&mut self.all, &mut self.days);
        let (columns, robot) = (&mut self.columns, &mut self.robot);
        contacts.follow(self.options.repeat_days, |contact, after| {
            if let Some(again) = after.again {
                let count = |tally: &mut Tally| {
                    tally.followed += 1;
                    tally.again += u64::from(again);
                };
                count(all);
                days.entry(contact.day()).and_modify(count);
                for (column, group) in columns.iter_mut().zip(contact.groups) {
                    if let Some(tally) = column.tallies.get_mut(group as usize) {
                        count(tally);
                    }
                }
                if contact.served {
                    robot.served_known += 1;
                    robot.served_quiet += u64::from(!again);
                }
            }
            if let Some(again) = after.again_in_a_day.filter(|_| contact.served) {
                robot.served_known_day += 1;
                robot.served_quiet_day += u64::from(!again);
            }
        })
    }
}

fn weeks(days: &BTreeMap<i64, Tally>) -> BTreeMap<i64, Tally> {
    let mut weeks: BTreeMap<i64, Tally> = BTreeMap::new();
    for (day, tally) in days {
        let monday = day - (day + 3).rem_euclid(7);
        weeks.entry(monday).or_default().merge(tally);
    }
    weeks
}

fn response(bins: &[(u64, u64)], scale: &LabelScale) -> Vec<ResponseBin> {
    let (low, high) = (scale.min() as f64, scale.max() as f64);
    let width = (high - low) / bins.len() as f64;
    let bin = |(at, (asked, answered)): (usize, &(u64, u64))| {
        let from = low + width * at as f64;
        Some(ResponseBin {
            from,
            to: from + width,
            answered: Figure::share(*answered, *asked)?,
        })
    };
    bins.iter().enumerate().filter_map(bin).collect()
}

impl Column {
    fn is_missing(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the groups, the lowest shrunk mean first.
    fn table(
        &self,
        alone: Option<&Factors>,
        minding: Option<&Vec<Effect>>,
        centre: f64,
        least: u64,
    ) -> GroupTable {
        let left_out = match (self.is_missing(), self.too_many) {
            (true, _) => Some(NotGrouped::NoValue),
            (_, true) => Some(NotGrouped::TooManyGroups),
            _ => None,
        };
        let mut table = GroupTable {
            column: self.name.clone(),
            left_out,
            groups: Vec::new(),
            too_few: 0,
            too_few_calls: 0,
            without: self.tallies.first().map_or(0, |tally| tally.calls),
        };
        if left_out.is_some() {
            return table;
        }
        // Of hours and weekdays no spread is told; they are shrunk all the same.
        let own;
        let alone = match alone {
            Some(alone) => alone,
            None => {
                own = Factors::of_groups(self.tallies.iter().map(|tally| tally.csi));
                &own
            }
        };
        let effects = alone.spread().map(|spread| alone.effects(&spread));
        let shrunk = |effects: Option<&Vec<Effect>>, group: usize| {
            let effect = effects?.get(group)?;
            Some(Shrunk {
                value: centre + effect.value,
                range: effect.range(centre),
            })
        };
        for (group, name) in (1..).zip(&self.names) {
            let tally = &self.tallies[group];
            if tally.csi.count() < least {
                table.too_few += 1;
                table.too_few_calls += tally.calls;
                continue;
            }
            let first = (group as u32, i64::MIN);
            let weeks = self.weeks.range(first..(group as u32 + 1, i64::MIN));
            table.groups.push(Group {
                name: name.clone(),
                calls: tally.calls,
                estimated: tally.estimated(),
                surveyed: tally.surveyed(),
                shrunk: shrunk(effects.as_ref().map(|e| &e[0]), group),
                minding: shrunk(minding, group),
                weeks: weeks
                    .filter_map(|((_, week), m)| Some((date(*week), m.mean()?, m.count())))
                    .collect(),
                response: tally.response(),
                service: tally.service(),
            });
        }
        // Where nothing is left between the groups, minding the others, the order is that of the groups alone.
        let first = table.groups.first().and_then(|g| g.minding.clone());
        let apart = table.groups.iter().any(|g| g.minding != first);
        let key = |g: &Group| {
            let minding = g.minding.as_ref().filter(|_| apart);
            let best = minding.or(g.shrunk.as_ref()).map(|s| s.value);
            best.or(g.estimated.csi.map(|f| f.value))
                .unwrap_or_default()
        };
        table
            .groups
            .sort_by(|a, b| key(a).total_cmp(&key(b)).then_with(|| a.name.cmp(&b.name)));
        table
    }
}

impl Period {
    fn of(day: i64, tally: &Tally) -> Period {
        Period {
            from: date(day),
            calls: tally.calls,
            estimated: tally.estimated(),
            surveyed: tally.surveyed(),
            response: tally.response(),
            service: tally.service(),
        }
    }
}
