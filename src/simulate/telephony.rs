//! What happens before and around the talk: the customer's history, the IVR, the queue.

use super::SimulationSettings;
use super::random::{Purpose, Random};
use crate::call::{CustomerHistory, Ivr, IvrStatus, IvrStep, StepOutcome};
use crate::timeline::Span;

/// Share of customers who will not talk to a voice robot. Our guess.
const REFUSERS: f64 = 0.10;

/// The longest wait, in seconds: then even the patient have hung up.
const MAX_WAIT_S: f64 = 900.0;

/// A customer, as far as the telephony platform could know him.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    /// Whether the customer asks every robot for a person.
    pub(super) refuses_robots: bool,
    /// Earlier contacts that met the IVR.
    pub(super) ivr_history_count: u32,
    /// Share of those in which a person was asked for first; `None` without any.
    pub(super) operator_request_share: Option<f64>,
}

impl Customer {
    /// Draws customer `number` as known before visit `visit` (0 is the first of the archive).
    pub(super) fn draw(settings: &SimulationSettings, number: u64, visit: u64) -> Customer {
        let mut random = Random::new(settings.seed, number, Purpose::Customer);
        let refuses_robots = random.chance(REFUSERS);
        let before = random.exponential(5.0).min(40.0) as u32;
        let ivr_history_count = before.saturating_add(visit.min(1_000) as u32);
        let asks = if refuses_robots { 0.98 } else { 0.15 };
        let asked = (0..ivr_history_count)
            .filter(|_| random.chance(asks))
            .count();
        let share = asked as f64 / f64::from(ivr_history_count);
        Customer {
            refuses_robots,
            ivr_history_count,
            operator_request_share: (ivr_history_count > 0).then_some(share),
        }
    }

    /// Tells what the essay's sign says: at least 3 earlier contacts, and in 90 % of them or more a
    /// person was asked for (see `customer_always_requests_operator`).
    pub(super) fn always_requests_operator(&self) -> Option<bool> {
        let share = self.operator_request_share?;
        (self.ivr_history_count >= 3).then_some(share >= 0.9)
    }

    /// Returns the history as metadata.
    pub(super) fn history(&self) -> CustomerHistory {
        CustomerHistory {
            always_requests_operator: self.always_requests_operator(),
            ivr_history_count: Some(self.ivr_history_count),
            operator_request_share: self.operator_request_share,
        }
    }
}

/// Draws the wait in the queue.
pub(super) fn queue_wait(settings: &SimulationSettings, random: &mut Random) -> Span {
    let wait = random.exponential(settings.mean_wait_s).min(MAX_WAIT_S);
    if random.chance(settings.no_wait) {
        return Span::ZERO;
    }
    tenths(wait)
}

/// Rounds to tenths of a second, as platforms write.
fn tenths(seconds: f64) -> Span {
    Span::from_millis((seconds * 10.0).round() as i64 * 100)
}

/// Draws the customer's way through the voice menu.
///
/// ```text
/// greeting ── main_menu ── voice_robot ── cards | loans | transfers | account ── operator
///                 └ no_input, no_match: once more, twice at most, then `failed`
/// ```
///
/// At each node the customer may ask for a person instead; who refuses robots does so at once.
pub(super) fn ivr(settings: &SimulationSettings, customer: &Customer, random: &mut Random) -> Ivr {
    if random.chance(settings.without_ivr) {
        // No IVR has no length and no steps: absent, not zero.
        return Ivr {
            status: Some(IvrStatus::None),
            ..Ivr::default()
        };
    }
    let asks = if customer.refuses_robots { 0.85 } else { 0.09 };
    // Some customers and some days are not understood at all.
    let stumbles = if random.chance(0.25) { 0.50 } else { 0.07 };
    let topic = random.pick(&["cards", "loans", "transfers", "account"]);
    let mut way = Way::default();
    way.enter("greeting", StepOutcome::Ok, random.between(3.0, 6.0));
    let status = 'way: {
        for node in ["main_menu", "voice_robot", topic] {
            for attempt in 0.. {
                let spent = random.between(5.0, 16.0);
                if random.chance(asks + 0.12 * f64::from(attempt)) {
                    way.enter(node, StepOutcome::OperatorRequested, spent);
                    break 'way IvrStatus::OperatorRequested;
                }
                if !random.chance(stumbles) {
                    way.enter(node, StepOutcome::Ok, spent);
                    break;
                }
                let silent = random.chance(0.35);
                let outcome = match silent {
                    true => StepOutcome::NoInput,
                    false => StepOutcome::NoMatch,
                };
                way.enter(node, outcome, spent);
                if attempt == 2 {
                    break 'way IvrStatus::Failed;
                }
            }
        }
        match random.uniform() {
            u if u < 0.08 => IvrStatus::Completed,
            u if u < 0.11 => IvrStatus::Unknown,
            _ => IvrStatus::TransferredByDesign,
        }
    };
    Ivr {
        status: Some(status),
        duration: Some(way.spent),
        steps: Some(way.steps),
        ..Ivr::default()
    }
}

/// The nodes entered so far, and the time spent in them.
#[derive(Default)]
struct Way {
    steps: Vec<IvrStep>,
    spent: Span,
}

impl Way {
    fn enter(&mut self, node: &str, outcome: StepOutcome, seconds: f64) {
        let mut step = IvrStep::new(node).outcome(outcome);
        step.entered = Some(self.spent);
        self.steps.push(step);
        self.spent += tenths(seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_the_share_and_mean_set() {
        let settings = SimulationSettings::default();
        let mut random = Random::new(5, 0, Purpose::Telephony);
        let waits: Vec<f64> = (0..20_000)
            .map(|_| queue_wait(&settings, &mut random).seconds())
            .collect();
        let positive: Vec<f64> = waits.into_iter().filter(|w| *w > 0.0).collect();
        assert!((positive.len() as f64 / 20_000.0 - 0.70).abs() < 0.02);
        let mean = positive.iter().sum::<f64>() / positive.len() as f64;
        assert!((mean - 90.0).abs() < 4.0, "{mean}");
    }

    #[test]
    fn who_refuses_robots_asks_for_a_person() {
        let settings = SimulationSettings::default();
        let (mut asked, mut asked_other) = ((0, 0), (0, 0));
        for number in 0..4_000 {
            let customer = Customer::draw(&settings, number, 0);
            let mut random = Random::new(9, number, Purpose::Telephony);
            let ivr = ivr(&settings, &customer, &mut random);
            let count = match customer.refuses_robots {
                true => &mut asked,
                false => &mut asked_other,
            };
            count.0 += usize::from(ivr.status == Some(IvrStatus::OperatorRequested));
            count.1 += usize::from(ivr.status != Some(IvrStatus::None));
        }
        let share = |(asked, all): (usize, usize)| asked as f64 / all as f64;
        assert!(share(asked) > 0.95, "{asked:?}");
        assert!(
            (0.15..0.45).contains(&share(asked_other)),
            "{asked_other:?}"
        );
    }

    #[test]
    fn earlier_visits_only_add_to_the_history() {
        let settings = SimulationSettings::default();
        let (first, third) = (
            Customer::draw(&settings, 11, 0),
            Customer::draw(&settings, 11, 2),
        );
        assert_eq!(third.ivr_history_count, first.ivr_history_count + 2);
    }
}
