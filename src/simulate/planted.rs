//! An archive of results whose truth is known: what an analysis is to find, and what it is not to.
//!
//! A [`Planted`] archive makes [`CallRow`]s without sound or words, cheaply enough for many archives
//! of 100,000 calls. [`Planted::truth`] says what is in them.
//!
//! ```
//! use callcsi::simulate::planted::{Planted, PlantedSettings};
//!
//! let archive = Planted::new(PlantedSettings::seeded(7))?;
//! let mut answered = 0;
//! for row in archive.rows(1_000) {
//!     answered += usize::from(row.mark.is_some());
//! }
//! assert!((50..200).contains(&answered));
//! assert_eq!(archive.call(17).row.id, "planted-000017");
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! # Conventions
//!
//! * A call depends on the settings and its number alone. Rows come in no order of time: the first
//!   thousand are a fair sample of all days.
//! * The odd call 2 m + 1 may be the customer of call 2 m calling again within seven days: more often
//!   after a mark of 1 or 2, and after hanging up in the queue.
//! * Effects are log-odds, invented; those of an operator, of the variant and of the bad queue work
//!   through measured features alone, so that a model could see them.
//! * The mark is ordinal, as in [`satisfaction`](super::satisfaction): the effects, a normal amount
//!   that nothing shows, a logistic one. The estimate is the exact expectation of the mark given the
//!   features, the two unseen amounts integrated out: calibrated, and wrong about most single calls
//!   as an honest model is.
//! * A call served by the IVR has no operator, no queue and no talk. One abandoned in the queue has
//!   no operator, no mark, no survey and no estimate.
//!
//! | cause | column | effect, in log-odds |
//! |---|---|---|
//! | must-be | `queue_wait_s` | −1.2 · (wait − 60 s) / 90 s, from 0 to −2.4: short waits raise nothing |
//! | one-dimensional | `agent_response_latency_median_s` | −1.2 per second from 1 s, either way |
//! | attractive | `agent_backchannel_rate` | 0.9 · (rate − 4) / 1.5, from 0 to 1.8: few lower nothing |
//! | indifferent | `agent_syllable_rate` | none |
//! | holds | `hold_count` | −0.35 each, at most four |
//! | silence | `dialog_long_silence_length_sum` | −0.4 · ln(1 + length / 15 s) |
//! | interruptions | `agent_interruptions_count` per minute of `call_duration` | −0.5 each, at most three |
//! | IVR | `ivr_no_match_count`, `ivr_status` | −0.35 each, at most four; −0.3 `failed` |
//! | history | `customer_always_requests_operator` | −0.6 |

use super::SimulationSettings;
use super::random::{Purpose, Random};
use super::satisfaction::{CUTPOINTS, averaged_sigmoid};
use super::telephony::Customer;
use crate::analytics::{CallRow, Estimate, Moment, Moments};
use crate::call::{IvrStatus, IvrStep, StepOutcome};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Absence, FeatureVector, Value};
use crate::model::SurveyStatus;
use serde::Serialize;

/// The columns of the rows, in their order.
pub const COLUMNS: [&str; 5] = ["operator_id", "queue_name", "variant", "coin", "topic"];

/// The queues: name, and what waits and holds in them are multiplied by.
const QUEUES: [(&str, f64, f64); 5] = [
    ("cards", 1.0, 1.0),
    ("loans", 1.0, 1.0),
    ("transfers", 0.8, 1.0),
    ("account", 1.0, 0.8),
    ("insurance", 1.2, 1.1),
];

/// The place of the queue that goes bad.
const BAD_QUEUE: usize = 1;

/// Topics: name, and what holds are multiplied by.
const TOPICS: [(&str, f64); 6] = [
    ("balance", 0.5),
    ("fees", 1.0),
    ("limits", 1.0),
    ("dispute", 2.0),
    ("new_card", 1.0),
    ("other", 1.0),
];

/// The IVR node that often does not understand.
const DEAF_NODE: &str = "account_number";

/// Log-odds of a satisfied customer of a call with an agent, and of one that the IVR served.
const INTERCEPT: f64 = 2.3;
const SERVED_INTERCEPT: f64 = 1.5;

/// Mean patience in seconds of those who wait: who waits longer hangs up.
const PATIENCE_S: f64 = 900.0;

/// Steps per side over which the unseen is integrated: 0.75 standard deviations wide, exact to some
/// eight digits.
const UNSEEN_STEPS: i32 = 8;

/// Calls on which the truth is computed: an effect strays by less than 0.005 marks.
const TRUTH_CALLS: u64 = 4_000;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Settings of a [`Planted`] archive. All numbers are invented.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlantedSettings {
    /// The number all draws follow from. Defaults to 1.
    pub seed: u64,
    /// The first day, counted from 1970-01-01. Defaults to 20,458: Monday 2026-01-05.
    pub first_day: i64,
    /// Days of the archive. Defaults to 100.
    pub days: u32,
    /// Customers who call. Defaults to 60,000.
    pub customers: u32,
    /// Operators, the rare ones among them. Defaults to 60.
    pub operators: u32,
    /// Operators who took hardly any calls. Defaults to 8.
    pub rare_operators: u32,
    /// Share of the calls of each of them. Defaults to 0.0002: 20 of 100,000, less those that never
    /// reach an agent.
    pub rare_share: f64,
    /// Share of an operator's calls from the queue that is the operator's own; the rest come from all
    /// alike. Defaults to 0.75.
    pub home_share: f64,
    /// Multiplies every difference between operators: 0 makes them all alike. Defaults to 1.
    pub operator_scale: f64,
    /// The day of the archive, from 0, on which a queue goes bad. Defaults to 60.
    pub bad_from: u32,
    /// What the waits of that queue are multiplied by from then on. Defaults to 3.
    pub bad_wait_factor: f64,
    /// The same of the number of its holds. Defaults to 2.
    pub bad_hold_factor: f64,
    /// What the long silences are multiplied by in variant B. Defaults to 0.5.
    pub variant_silence_factor: f64,
    /// Mean wait in seconds of those who wait at all. Defaults to 55.
    pub mean_wait_s: f64,
    /// Standard deviation, in log-odds, of what moves a mark beside every feature and the logistic
    /// noise. Defaults to 0.6.
    pub unseen_deviation: f64,
    /// Share of calls that the IVR serves to the end. Defaults to 0.12.
    pub served: f64,
    /// Probability that the account number is not understood, at each attempt. Defaults to 0.30; of the
    /// other nodes it is 0.04.
    pub deaf: f64,
    /// Probability of an answer to the survey for each mark, 1 first: the angry answer less. Defaults
    /// to 0.05, 0.055, 0.07, 0.10, 0.125: about 0.10 over all calls.
    pub answer_by_mark: [f64; 5],
    /// Probability that a customer calls again within seven days, after a mark of 1 or 2 or a wait
    /// that was not borne. Defaults to 0.30.
    pub again_after_bad: f64,
    /// The same after any other call. Defaults to 0.06.
    pub again_after_good: f64,
}

impl Default for PlantedSettings {
    fn default() -> PlantedSettings {
        PlantedSettings {
            seed: 1,
            first_day: 20_458,
            days: 100,
            customers: 60_000,
            operators: 60,
            rare_operators: 8,
            rare_share: 0.0002,
            home_share: 0.75,
            operator_scale: 1.0,
            bad_from: 60,
            bad_wait_factor: 3.0,
            bad_hold_factor: 2.0,
            variant_silence_factor: 0.5,
            mean_wait_s: 55.0,
            unseen_deviation: 0.6,
            served: 0.12,
            deaf: 0.30,
            answer_by_mark: [0.05, 0.055, 0.07, 0.10, 0.125],
            again_after_bad: 0.30,
            again_after_good: 0.06,
        }
    }
}

impl PlantedSettings {
    /// Returns the default settings with another seed.
    pub fn seeded(seed: u64) -> PlantedSettings {
        PlantedSettings {
            seed,
            ..PlantedSettings::default()
        }
    }

    /// Refuses settings that make no archive.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first field out of its range.
    pub fn check(&self) -> Result<()> {
        let operators = f64::from(self.operators);
        let ranges = [
            ("first_day", self.first_day as f64, 0.0, 1e6),
            ("days", f64::from(self.days), 1.0, 1e5),
            ("customers", f64::from(self.customers), 1.0, 1e9),
            ("operators", operators, 1.0, 1e5),
            (
                "rare_operators",
                f64::from(self.rare_operators),
                0.0,
                operators - 1.0,
            ),
            ("rare_share", self.rare_share, 0.0, 0.5 / operators),
            ("home_share", self.home_share, 0.0, 1.0),
            ("operator_scale", self.operator_scale, 0.0, 3.0),
            ("bad_wait_factor", self.bad_wait_factor, 0.0, 100.0),
            ("bad_hold_factor", self.bad_hold_factor, 0.0, 100.0),
            (
                "variant_silence_factor",
                self.variant_silence_factor,
                0.0,
                100.0,
            ),
            ("mean_wait_s", self.mean_wait_s, 0.0, 7_200.0),
            ("unseen_deviation", self.unseen_deviation, 0.0, 10.0),
            ("served", self.served, 0.0, 1.0),
            ("deaf", self.deaf, 0.0, 1.0),
            ("again_after_bad", self.again_after_bad, 0.0, 1.0),
            ("again_after_good", self.again_after_good, 0.0, 1.0),
        ];
        let answers = self.answer_by_mark;
        let answers = answers.into_iter().map(|p| ("answer_by_mark", p, 0.0, 1.0));
        for (field, value, low, high) in ranges.into_iter().chain(answers) {
            if !(low..=high).contains(&value) {
                let place = format!("planted.{field}");
                let wanted = format!("{low} to {high}");
                return Err(Error::new(ErrorKind::Invalid, place, value, wanted));
            }
        }
        Ok(())
    }
}

/// What is in the archive, in marks where it is an effect.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Truth {
    /// The queue that goes bad.
    pub bad_queue: &'static str,
    /// The day on which it does, counted from 1970-01-01.
    pub bad_from: i64,
    /// What that adds to the mean mark of its calls from then on.
    pub bad_queue_effect: f64,
    /// The feature whose bad end alone moves marks.
    pub must_be: &'static str,
    /// The feature both ends of which do.
    pub one_dimensional: &'static str,
    /// The feature whose good end alone does.
    pub attractive: &'static str,
    /// A feature that does nothing.
    pub indifferent: &'static str,
    /// What variant B adds to the mean mark, less A, of all calls with an estimate. The column `coin`
    /// adds nothing.
    pub variant_effect: f64,
    /// The queues, each with the mean mark had all calls come to it, on the days on which they came, less
    /// the mean of the queues.
    pub queues: Vec<(&'static str, f64)>,
    /// The operators, by number.
    pub operators: Vec<OperatorTruth>,
    /// The IVR node that often does not understand.
    pub deaf_node: &'static str,
}

/// What is true of an operator.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct OperatorTruth {
    /// The value of the column `operator_id`.
    pub id: String,
    /// The operator's own queue.
    pub queue: &'static str,
    /// Share of the calls with an agent that are the operator's.
    pub share: f64,
    /// The mean mark had the operator taken everybody's calls, less that of all operators weighted by
    /// their shares.
    pub effect: f64,
}

/// A call of a planted archive, with the mark that its customer would give.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlantedCall {
    /// What results and manifest would tell.
    pub row: CallRow,
    /// The mark, given or not; `None` of a call that was abandoned.
    pub mark: Option<u8>,
}

/// An operator's habits.
#[derive(Clone, Debug)]
struct Operator {
    home: usize,
    share: f64,
    /// Seconds that replies are slower than the mean.
    slowness: f64,
    /// Factors of interruptions and of listening signals.
    interrupting: f64,
    listening: f64,
}

/// All that is drawn of a call before anybody acts on it: the same whoever takes the call.
struct Draws {
    day: u32,
    second: i64,
    operator: usize,
    queue: usize,
    topic: usize,
    variant_b: bool,
    heads: bool,
    customer: u64,
    refuses_robots: Option<bool>,
    history: (u32, Option<f64>),
    ivr: Way,
    /// In units of the mean, 0 for none.
    wait: f64,
    patience_s: f64,
    hold: f64,
    hold_s: f64,
    talk_s: f64,
    latency_s: f64,
    interrupting: (f64, f64),
    backchannel_rate: f64,
    silence_s: f64,
    syllable_rate: f64,
}

/// The customer's way through the IVR.
struct Way {
    status: IvrStatus,
    steps: Vec<(&'static str, StepOutcome)>,
    seconds: f64,
}

/// What is measured of a call with an agent.
#[derive(Clone, Copy)]
struct Measures {
    wait_s: f64,
    holds: f64,
    hold_s: f64,
    call_s: f64,
    latency_s: f64,
    interruptions: f64,
    backchannel_rate: f64,
    silence_s: f64,
}

/// Where a call went.
enum Fate {
    /// To an agent.
    Agent(Measures),
    /// The IVR did what was wanted.
    Served,
    /// The customer hung up after so many seconds in the queue.
    Abandoned(f64),
}

/// Makes the rows of a planted archive.
#[derive(Clone, Debug)]
pub struct Planted {
    settings: PlantedSettings,
    /// What the customers of the other simulator are drawn by.
    customers: SimulationSettings,
    operators: Vec<Operator>,
}

impl Planted {
    /// Makes an archive.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when [`PlantedSettings::check`] refuses the settings.
    pub fn new(settings: PlantedSettings) -> Result<Planted> {
        settings.check()?;
        Ok(Planted {
            customers: SimulationSettings::seeded(settings.seed),
            operators: operators(&settings),
            settings,
        })
    }

    /// Returns the settings.
    pub fn settings(&self) -> &PlantedSettings {
        &self.settings
    }

    /// Makes the first `count` rows, one at a time.
    pub fn rows(&self, count: u64) -> impl Iterator<Item = CallRow> + '_ {
        (0..count).map(|index| self.call(index).row)
    }

    /// Makes call `index`, in time that does not depend on the index.
    pub fn call(&self, index: u64) -> PlantedCall {
        let mut draws = self.draws(index);
        if let Some(first) = (index % 2 == 1).then(|| self.draws(index - 1)) {
            self.call_again(&first, index, &mut draws);
        }
        let fate = self.fate(&draws, draws.operator, draws.variant_b, self.bad(&draws));
        let log_odds = self.log_odds(&draws, &fate);
        let mut random = Random::new(self.settings.seed, index, Purpose::PlantedMark);
        let mark = log_odds.map(|log_odds| self.mark(log_odds, &mut random));
        let answered = mark.filter(|mark| {
            let place = usize::from(*mark) - 1;
            random.chance(self.settings.answer_by_mark[place])
        });
        let survey = match (mark, answered) {
            (None, _) => SurveyStatus::NotInvited,
            (_, None) => SurveyStatus::NoResponse,
            _ => SurveyStatus::Answered,
        };
        let agent = matches!(fate, Fate::Agent(_));
        let queued = !matches!(fate, Fate::Served);
        let mut row = CallRow::new(format!("planted-{index:06}"));
        row.line = index + 1;
        row.estimate = log_odds.map(|log_odds| self.estimate(log_odds));
        row.mark = answered.map(i64::from);
        row.survey = Some(survey);
        let day = self.settings.first_day + i64::from(draws.day);
        row.time = Some(Moment(day * DAY_S + draws.second));
        row.columns = vec![
            agent.then(|| operator_id(draws.operator)),
            queued.then(|| QUEUES[draws.queue].0.to_owned()),
            Some(if draws.variant_b { "B" } else { "A" }.to_owned()),
            Some(if draws.heads { "heads" } else { "tails" }.to_owned()),
            Some(TOPICS[draws.topic].0.to_owned()),
        ];
        row.customer = Some(format!("cu-{:06}", draws.customer));
        row.features = features(&draws, &fate);
        row.ivr_steps = (draws.ivr.status != IvrStatus::None).then(|| {
            let steps = draws.ivr.steps.iter();
            steps
                .map(|&(node, outcome)| IvrStep::new(node).outcome(outcome))
                .collect()
        });
        row.duration_s = match &fate {
            Fate::Agent(measures) => Some(measures.call_s),
            _ => None,
        };
        row.abandoned = Some(matches!(fate, Fate::Abandoned(_)));
        PlantedCall { row, mark }
    }

    /// Returns what is true, computed on 4,000 calls: in about a second.
    pub fn truth(&self) -> Truth {
        let mut sums = vec![0.0; self.operators.len()];
        let (mut with_agent, mut scored, mut by_variant) = (0.0, 0.0, 0.0);
        let (mut of_queue, mut by_queue) = (0.0, 0.0);
        let mut queues = QUEUES.map(|_| Moments::default());
        let mark = |draws: &Draws, operator, variant_b, bad| {
            let fate = self.fate(draws, operator, variant_b, bad);
            Some(self.estimate(self.log_odds(draws, &fate)?).csi)
        };
        for index in 0..TRUTH_CALLS {
            let draws = self.draws(index);
            let (own, b, bad) = (draws.operator, draws.variant_b, self.bad(&draws));
            if let Some(between) = mark(&draws, own, true, bad)
                .zip(mark(&draws, own, false, bad))
                .map(|(b, a)| b - a)
            {
                scored += 1.0;
                by_variant += between;
            }
            if !matches!(self.fate(&draws, own, b, bad), Fate::Agent(_)) {
                continue;
            }
            with_agent += 1.0;
            for (number, sum) in sums.iter_mut().enumerate() {
                *sum += mark(&draws, number, b, bad).unwrap_or_default();
            }
            // Any call might have come to any queue; who would not have waited is left out.
            let mut moved = draws;
            for (queue, marks) in queues.iter_mut().enumerate() {
                moved.queue = queue;
                let found = mark(&moved, own, b, self.bad(&moved));
                found.into_iter().for_each(|found| marks.push(found));
            }
            moved.queue = BAD_QUEUE;
            if let Some(between) = mark(&moved, own, b, true)
                .zip(mark(&moved, own, b, false))
                .map(|(bad, good)| bad - good)
            {
                of_queue += 1.0;
                by_queue += between;
            }
        }
        let means: Vec<f64> = sums
            .iter()
            .map(|sum| sum / f64::max(with_agent, 1.0))
            .collect();
        let all = self.operators.iter().zip(&means);
        let mean: f64 = all.map(|(operator, mean)| operator.share * mean).sum();
        let operators = self.operators.iter().zip(&means).enumerate();
        let queues = queues.map(|marks| marks.mean().unwrap_or_default());
        let of_all = queues.iter().sum::<f64>() / queues.len() as f64;
        let queues = QUEUES.iter().zip(queues);
        Truth {
            queues: queues
                .map(|((name, ..), mean)| (*name, mean - of_all))
                .collect(),
            bad_queue: QUEUES[BAD_QUEUE].0,
            bad_from: self.settings.first_day + i64::from(self.settings.bad_from),
            bad_queue_effect: by_queue / f64::max(of_queue, 1.0),
            must_be: "queue_wait_s",
            one_dimensional: "agent_response_latency_median_s",
            attractive: "agent_backchannel_rate",
            indifferent: "agent_syllable_rate",
            variant_effect: by_variant / f64::max(scored, 1.0),
            operators: operators
                .map(|(number, (operator, own))| OperatorTruth {
                    id: operator_id(number),
                    queue: QUEUES[operator.home].0,
                    share: operator.share,
                    effect: own - mean,
                })
                .collect(),
            deaf_node: DEAF_NODE,
        }
    }

    fn bad(&self, draws: &Draws) -> bool {
        draws.queue == BAD_QUEUE && draws.day >= self.settings.bad_from
    }

    /// Draws all of a call that does not depend on its agent.
    fn draws(&self, index: u64) -> Draws {
        let settings = &self.settings;
        let mut random = Random::new(settings.seed, index, Purpose::Planted);
        let customer = random.below(settings.customers as usize) as u64;
        let person = Customer::draw(&self.customers, customer, 0);
        let operator = self.operator(random.uniform());
        let own = random.chance(settings.home_share);
        let other = random.below(QUEUES.len());
        let waits = random.chance(0.7);
        Draws {
            day: self.day(&mut random),
            second: second(&mut random),
            operator,
            queue: if own {
                self.operators[operator].home
            } else {
                other
            },
            topic: random.below(TOPICS.len()),
            variant_b: random.chance(0.5),
            heads: random.chance(0.5),
            customer,
            refuses_robots: person.always_requests_operator(),
            history: (person.ivr_history_count, person.operator_request_share),
            ivr: self.ivr(person.refuses_robots, &mut random),
            wait: random.exponential(1.0) * f64::from(u8::from(waits)),
            patience_s: random.exponential(PATIENCE_S),
            hold: random.uniform(),
            hold_s: random.log_normal(35.0, 0.5),
            talk_s: random.log_normal(230.0, 0.5).clamp(30.0, 1_800.0),
            latency_s: 1.0 + 0.3 * random.normal(),
            interrupting: (random.log_normal(0.45, 0.5), random.uniform()),
            backchannel_rate: random.log_normal(3.0, 0.42),
            silence_s: random.log_normal(18.0, 0.8),
            syllable_rate: (5.2 + 0.6 * random.normal()).clamp(3.0, 7.5),
        }
    }

    /// Makes the call that of a customer who called before, where the customer does call again.
    fn call_again(&self, first: &Draws, index: u64, draws: &mut Draws) {
        let settings = &self.settings;
        let fate = self.fate(first, first.operator, first.variant_b, self.bad(first));
        let good = self.log_odds(first, &fate).is_some_and(|log_odds| {
            let mut random = Random::new(settings.seed, index - 1, Purpose::PlantedMark);
            self.mark(log_odds, &mut random) > 2
        });
        let mut random = Random::new(settings.seed, index, Purpose::PlantedAgain);
        let again = random.chance(match good {
            true => settings.again_after_good,
            false => settings.again_after_bad,
        });
        // Six days and the hours between opening and closing are within seven days.
        let day = first.day + 1 + random.below(6) as u32;
        if again && day < settings.days {
            draws.customer = first.customer;
            draws.refuses_robots = first.refuses_robots;
            draws.history = first.history;
            draws.topic = first.topic;
            draws.day = day;
        }
    }

    /// Draws a day: a Saturday has half the calls of a working day, a Sunday a quarter.
    fn day(&self, random: &mut Random) -> u32 {
        // Sixteen rejections in a row are as good as never.
        let mut day = 0;
        for _ in 0..16 {
            day = random.below(self.settings.days as usize) as u32;
            let date = Moment((self.settings.first_day + i64::from(day)) * DAY_S);
            let busy = match date.weekday() {
                6 => 0.5,
                7 => 0.25,
                _ => 1.0,
            };
            if random.chance(busy) {
                break;
            }
        }
        day
    }

    /// Returns the operator at a place between 0 and 1 of all calls.
    fn operator(&self, mut place: f64) -> usize {
        for (number, operator) in self.operators.iter().enumerate() {
            place -= operator.share;
            if place < 0.0 {
                return number;
            }
        }
        // Shares sum to 1 but for rounding.
        0
    }

    fn ivr(&self, refuses_robots: bool, random: &mut Random) -> Way {
        let mut way = Way {
            status: IvrStatus::None,
            steps: Vec::new(),
            seconds: 0.0,
        };
        if random.chance(0.10) {
            return way;
        }
        let asks = if refuses_robots { 0.6 } else { 0.04 };
        let served = random.chance(self.settings.served / 0.9);
        for node in ["main_menu", DEAF_NODE, "reason"] {
            let deaf = match node {
                DEAF_NODE => self.settings.deaf,
                _ => 0.04,
            };
            for attempt in 0..3 {
                way.seconds += random.between(5.0, 15.0).round();
                if !served && random.chance(asks) {
                    way.steps.push((node, StepOutcome::OperatorRequested));
                    way.status = IvrStatus::OperatorRequested;
                    return way;
                }
                if !random.chance(deaf) {
                    way.steps.push((node, StepOutcome::Ok));
                    break;
                }
                way.steps.push((node, StepOutcome::NoMatch));
                if attempt == 2 && !served {
                    way.status = IvrStatus::Failed;
                    return way;
                }
            }
        }
        way.status = match served {
            true => IvrStatus::Completed,
            false => IvrStatus::TransferredByDesign,
        };
        way
    }

    /// Returns where a call goes: with this operator, this variant, and the queue as this.
    fn fate(&self, draws: &Draws, operator: usize, variant_b: bool, bad: bool) -> Fate {
        if draws.ivr.status == IvrStatus::Completed {
            return Fate::Served;
        }
        let settings = &self.settings;
        let (worse_wait, worse_holds) = match bad {
            true => (settings.bad_wait_factor, settings.bad_hold_factor),
            false => (1.0, 1.0),
        };
        let (_, queue_wait, queue_holds) = QUEUES[draws.queue];
        let wait = draws.wait * settings.mean_wait_s * queue_wait * worse_wait;
        if wait > draws.patience_s {
            return Fate::Abandoned(tenths(draws.patience_s));
        }
        let operator = &self.operators[operator];
        let mean_holds = 0.35 * queue_holds * TOPICS[draws.topic].1 * worse_holds;
        let holds = poisson(mean_holds, draws.hold);
        let hold_s = tenths(holds * draws.hold_s);
        let call_s = tenths(draws.talk_s + hold_s);
        let (rate, place) = draws.interrupting;
        let silence = match variant_b {
            true => settings.variant_silence_factor,
            false => 1.0,
        };
        Fate::Agent(Measures {
            wait_s: tenths(wait),
            holds,
            hold_s,
            call_s,
            latency_s: (draws.latency_s + operator.slowness).clamp(0.1, 2.5),
            interruptions: poisson(rate * operator.interrupting * call_s / 60.0, place),
            backchannel_rate: (draws.backchannel_rate * operator.listening).min(20.0),
            silence_s: (draws.silence_s * silence).min(draws.talk_s / 2.0),
        })
    }

    /// Returns the log-odds of a satisfied customer by the features; `None` of a call abandoned.
    fn log_odds(&self, draws: &Draws, fate: &Fate) -> Option<f64> {
        let misunderstood = draws.ivr.count(StepOutcome::NoMatch).min(4.0);
        let mut log_odds = -0.35 * misunderstood;
        if draws.ivr.status == IvrStatus::Failed {
            log_odds -= 0.3;
        }
        if draws.refuses_robots == Some(true) {
            log_odds -= 0.6;
        }
        match fate {
            Fate::Abandoned(_) => return None,
            Fate::Served => log_odds += SERVED_INTERCEPT,
            Fate::Agent(m) => {
                log_odds += INTERCEPT;
                log_odds -= 1.2 * ((m.wait_s - 60.0) / 90.0).clamp(0.0, 2.0);
                log_odds -= 1.2 * (m.latency_s - 1.0);
                log_odds += 0.9 * ((m.backchannel_rate - 4.0) / 1.5).clamp(0.0, 2.0);
                log_odds -= 0.35 * m.holds.min(4.0);
                log_odds -= 0.4 * (1.0 + m.silence_s / 15.0).ln();
                log_odds -= 0.5 * (m.interruptions * 60.0 / m.call_s).min(3.0);
            }
        }
        Some(log_odds)
    }

    fn mark(&self, log_odds: f64, random: &mut Random) -> u8 {
        let unseen = self.settings.unseen_deviation * random.normal();
        let z = log_odds + unseen + random.logistic();
        5 - CUTPOINTS.iter().filter(|cut| z <= **cut).count() as u8
    }

    fn estimate(&self, log_odds: f64) -> Estimate {
        let deviation = self.settings.unseen_deviation;
        let above = CUTPOINTS.map(|cut| averaged_sigmoid(log_odds - cut, deviation, UNSEEN_STEPS));
        let [_, four, three, _] = above;
        Estimate {
            csi: 1.0 + above.iter().sum::<f64>(),
            satisfied: four,
            dissatisfied: Some(1.0 - three),
        }
    }
}

impl Way {
    fn count(&self, wanted: StepOutcome) -> f64 {
        let steps = self.steps.iter();
        steps.filter(|(_, outcome)| *outcome == wanted).count() as f64
    }
}

fn operator_id(number: usize) -> String {
    format!("op-{number:03}")
}

/// Draws the operators: the rare ones come last, the others have log-normal shares.
fn operators(settings: &PlantedSettings) -> Vec<Operator> {
    let often = settings.operators - settings.rare_operators;
    let mut operators = Vec::new();
    for number in 0..settings.operators {
        let mut random = Random::new(settings.seed, u64::from(number), Purpose::PlantedOperator);
        let scale = settings.operator_scale;
        let weight = random.log_normal(1.0, 0.7);
        operators.push(Operator {
            home: number as usize % QUEUES.len(),
            share: if number < often {
                weight
            } else {
                settings.rare_share
            },
            slowness: scale * 0.22 * random.normal(),
            interrupting: random.log_normal(1.0, 0.5 * scale),
            listening: random.log_normal(1.0, 0.12 * scale),
        });
    }
    let (common, _) = operators.split_at_mut(often as usize);
    let weights: f64 = common.iter().map(|operator| operator.share).sum();
    let rest = 1.0 - f64::from(settings.rare_operators) * settings.rare_share;
    for operator in common {
        operator.share *= rest / weights;
    }
    operators
}

/// Draws the second of the day: most calls come about noon, none before 8 or after 21.
fn second(random: &mut Random) -> i64 {
    let hours = (13.5 + 3.0 * random.normal()).clamp(8.0, 21.0);
    (hours * 3_600.0) as i64
}

/// Returns the count at a place between 0 and 1 of the Poisson distribution.
fn poisson(mean: f64, place: f64) -> f64 {
    let mut probability = (-mean).exp();
    let (mut below, mut count) = (probability, 0.0);
    // The bound is beyond anything of these means.
    while place >= below && count < 200.0 {
        count += 1.0;
        probability *= mean / count;
        below += probability;
    }
    count
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

/// Returns the features, as a table would tell them.
fn features(draws: &Draws, fate: &Fate) -> FeatureVector {
    let ivr = &draws.ivr;
    let number = Value::Number;
    let mut named = vec![
        ("ivr_status", Value::Category(ivr.status.name().into())),
        (
            "customer_ivr_history_count",
            number(f64::from(draws.history.0)),
        ),
    ];
    named.extend(
        draws
            .history
            .1
            .map(|share| ("customer_operator_request_share", number(share))),
    );
    named.extend(draws.refuses_robots.map(|refuses| {
        let flag = f64::from(u8::from(refuses));
        ("customer_always_requests_operator", number(flag))
    }));
    if let Some((last, _)) = ivr.steps.last() {
        let mut nodes: Vec<_> = ivr.steps.iter().map(|(node, _)| node).collect();
        // Entries of one node stand next to each other here.
        nodes.dedup();
        let entered = ivr.steps.len() as f64;
        named.extend([
            ("ivr_duration_s", number(ivr.seconds)),
            ("ivr_step_count", number(entered)),
            ("ivr_no_input_count", number(0.0)),
            (
                "ivr_no_match_count",
                number(ivr.count(StepOutcome::NoMatch)),
            ),
            ("ivr_repeat_count", number(entered - nodes.len() as f64)),
            (
                "ivr_operator_request_count",
                number(ivr.count(StepOutcome::OperatorRequested)),
            ),
            ("ivr_last_node", Value::Category((*last).into())),
        ]);
    }
    match fate {
        Fate::Served => {}
        Fate::Abandoned(wait) => named.push(("queue_wait_s", number(*wait))),
        Fate::Agent(m) => named.extend([
            ("queue_wait_s", number(m.wait_s)),
            ("hold_count", number(m.holds)),
            ("hold_total_s", number(m.hold_s)),
            ("hold_share", number(m.hold_s / m.call_s)),
            ("call_duration", number(m.call_s)),
            ("agent_response_latency_median_s", number(m.latency_s)),
            ("agent_interruptions_count", number(m.interruptions)),
            ("agent_backchannel_rate", number(m.backchannel_rate)),
            ("dialog_long_silence_length_sum", number(m.silence_s)),
            (
                "dialog_long_silence_percentage",
                number(m.silence_s / m.call_s),
            ),
            ("agent_syllable_rate", number(draws.syllable_rate)),
        ]),
    }
    // Every name is in the catalogue and every number finite: the tests hold both.
    FeatureVector::from_named(named, Absence::NotGiven).unwrap_or_else(|_| FeatureVector::absent())
}

#[cfg(test)]
mod tests;
