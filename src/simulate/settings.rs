//! What kind of calls to make.

use crate::error::{Error, ErrorKind, Result};

/// Settings of a [`Simulator`](super::Simulator).
///
/// Shares and probabilities lie in 0..=1. Where a default comes from a paper the field says so;
/// the other defaults are our guess at an ordinary bank's contact centre, and are no more than that.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SimulationSettings {
    /// The number all draws follow from. Defaults to 1.
    pub seed: u64,
    /// Operators who take the calls. Defaults to 40.
    pub operators: u32,
    /// Customers who call; customer *k* makes the calls *k*, *k* + `customers`, and so on. Defaults
    /// to 5,000.
    pub customers: u32,
    /// Mean length of the talk in seconds, holds aside. The length is log-normal, as Brown et al.
    /// (2005) found for a bank's calls, and lies within 0.3 to 4.5 means. Defaults to 200 s, which with holds makes
    /// calls of mostly 1 to 8 minutes.
    pub mean_talk_s: f64,
    /// Share of calls that meet no IVR. Defaults to 0.10.
    pub without_ivr: f64,
    /// Mean wait in seconds of those who wait at all; the wait is exponential, as queueing theory
    /// has it and Brown et al. (2005) found. Defaults to 90 s.
    pub mean_wait_s: f64,
    /// Share of calls that are answered at once. Defaults to 0.30.
    pub no_wait: f64,
    /// Share of calls with at least one hold. Defaults to 0.30.
    pub with_hold: f64,
    /// Median length in seconds of a hold, which is log-normal. Defaults to 40 s.
    pub median_hold_s: f64,
    /// Standard deviation, in log-odds, of what an operator adds to satisfaction beyond every
    /// measured cause. Defaults to 0.30.
    pub operator_deviation: f64,
    /// The same of a customer. Defaults to 0.40.
    pub customer_deviation: f64,
    /// Multiplies every effect on satisfaction except the intercept: 0 makes a world in which
    /// nothing measured matters. Defaults to 1.
    pub effect_scale: f64,
    /// Probability of an answer to the survey for each mark, 1 first. The angry answer less, so
    /// surveys flatter: the premise of the essay that this crate follows. Defaults to 0.05, 0.06,
    /// 0.08, 0.11, 0.13: about 0.12 over all calls.
    pub answer_by_mark: [f64; 5],
    /// What share of calls comes without what.
    pub missing: MissingShares,
}

/// Shares of calls whose data are withheld, each piece on its own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MissingShares {
    /// No transcript. Defaults to 0.15.
    pub transcript: f64,
    /// A transcript without emotions. Defaults to 0.30.
    pub emotions: f64,
    /// No word of the IVR. Defaults to 0.08.
    pub ivr: f64,
    /// An IVR whose path and counts are not told. Defaults to 0.10.
    pub ivr_steps: f64,
    /// No queue wait. Defaults to 0.06.
    pub queue: f64,
    /// No word of holds. Defaults to 0.08.
    pub holds: f64,
    /// The holds' number and total without their intervals. Defaults to 0.25.
    pub hold_intervals: f64,
    /// No history of the customer. Defaults to 0.15.
    pub history: f64,
}

impl MissingShares {
    /// Withholds nothing.
    pub fn none() -> MissingShares {
        MissingShares {
            transcript: 0.0,
            emotions: 0.0,
            ivr: 0.0,
            ivr_steps: 0.0,
            queue: 0.0,
            holds: 0.0,
            hold_intervals: 0.0,
            history: 0.0,
        }
    }
}

impl Default for MissingShares {
    fn default() -> MissingShares {
        MissingShares {
            transcript: 0.15,
            emotions: 0.30,
            ivr: 0.08,
            ivr_steps: 0.10,
            queue: 0.06,
            holds: 0.08,
            hold_intervals: 0.25,
            history: 0.15,
        }
    }
}

impl Default for SimulationSettings {
    fn default() -> SimulationSettings {
        SimulationSettings {
            seed: 1,
            operators: 40,
            customers: 5_000,
            mean_talk_s: 200.0,
            without_ivr: 0.10,
            mean_wait_s: 90.0,
            no_wait: 0.30,
            with_hold: 0.30,
            median_hold_s: 40.0,
            operator_deviation: 0.30,
            customer_deviation: 0.40,
            effect_scale: 1.0,
            answer_by_mark: [0.05, 0.06, 0.08, 0.11, 0.13],
            missing: MissingShares::default(),
        }
    }
}

impl SimulationSettings {
    /// Returns the default settings with another seed.
    pub fn seeded(seed: u64) -> SimulationSettings {
        SimulationSettings {
            seed,
            ..SimulationSettings::default()
        }
    }

    /// Refuses settings that make no call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first field out of its range.
    pub fn check(&self) -> Result<()> {
        let missing = &self.missing;
        let ranges = [
            ("operators", f64::from(self.operators), 1.0, 1e9),
            ("customers", f64::from(self.customers), 1.0, 1e9),
            ("mean_talk_s", self.mean_talk_s, 20.0, 7_200.0),
            ("without_ivr", self.without_ivr, 0.0, 1.0),
            ("mean_wait_s", self.mean_wait_s, 0.0, 7_200.0),
            ("no_wait", self.no_wait, 0.0, 1.0),
            ("with_hold", self.with_hold, 0.0, 1.0),
            ("median_hold_s", self.median_hold_s, 1.0, 1_800.0),
            ("operator_deviation", self.operator_deviation, 0.0, 10.0),
            ("customer_deviation", self.customer_deviation, 0.0, 10.0),
            ("effect_scale", self.effect_scale, 0.0, 10.0),
            ("missing.transcript", missing.transcript, 0.0, 1.0),
            ("missing.emotions", missing.emotions, 0.0, 1.0),
            ("missing.ivr", missing.ivr, 0.0, 1.0),
            ("missing.ivr_steps", missing.ivr_steps, 0.0, 1.0),
            ("missing.queue", missing.queue, 0.0, 1.0),
            ("missing.holds", missing.holds, 0.0, 1.0),
            ("missing.hold_intervals", missing.hold_intervals, 0.0, 1.0),
            ("missing.history", missing.history, 0.0, 1.0),
        ];
        let answers = self.answer_by_mark;
        let answers = answers.into_iter().map(|p| ("answer_by_mark", p, 0.0, 1.0));
        for (field, value, low, high) in ranges.into_iter().chain(answers) {
            if !(low..=high).contains(&value) {
                let place = format!("simulation.{field}");
                let wanted = format!("{low} to {high}");
                return Err(Error::new(ErrorKind::Invalid, place, value, wanted));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_and_impossible_values_name_their_field() {
        SimulationSettings::default().check().unwrap();
        let mut settings = SimulationSettings::seeded(3);
        settings.missing.queue = 1.5;
        let error = settings.check().unwrap_err();
        assert_eq!(error.place(), "simulation.missing.queue");
        settings = SimulationSettings::default();
        settings.mean_talk_s = f64::NAN;
        assert_eq!(
            settings.check().unwrap_err().place(),
            "simulation.mean_talk_s"
        );
    }
}
