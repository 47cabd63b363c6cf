//! What is counted of some calls, and the figures it gives.

use super::Moments;
use super::row::CallRow;
use super::stats::{Figure, Range, z};
use crate::model::{LabelScale, MarkClass, SurveyStatus};
use serde::Serialize;

/// Marks that a correction of estimates needs: fewer hardly tell how the model errs.
pub const LEAST_MARKS: u64 = 30;

/// Counts of some calls: of all, of a day, of an operator. Two of them join to that of both.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub calls: u64,
    pub failed: u64,
    pub csi: Moments,
    pub satisfied: Moments,
    pub dissatisfied: Moments,
    pub asked: u64,
    pub mark: Moments,
    pub high: u64,
    pub low: u64,
    /// What marks were beyond their estimates.
    pub error: Errors,
    pub waits: u64,
    pub in_time: u64,
    pub told_end: u64,
    pub abandoned: u64,
    pub handle: Moments,
    pub talk_s: f64,
    pub hold_s: f64,
    /// Contacts of which it is known whether the customer came back, and those that did.
    pub followed: u64,
    pub again: u64,
}

/// Mark less estimate, of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Errors {
    pub csi: Moments,
    pub satisfied: Moments,
    pub dissatisfied: Moments,
}

/// What a call is counted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yardstick<'a> {
    pub scale: &'a LabelScale,
    /// A wait up to this is in time, in seconds.
    pub in_time_s: f64,
}

impl Tally {
    pub fn push(&mut self, row: &CallRow, by: Yardstick<'_>) {
        self.calls += 1;
        let class = row.mark.and_then(|mark| by.scale.class(mark).ok());
        let is = |wanted: MarkClass| f64::from(u8::from(class == Some(wanted)));
        match &row.estimate {
            None => self.failed += 1,
            Some(estimate) => {
                self.csi.push(estimate.csi);
                self.satisfied.push(estimate.satisfied);
                estimate
                    .dissatisfied
                    .inspect(|p| self.dissatisfied.push(*p));
                if let (Some(mark), Some(_)) = (row.mark, class) {
                    self.error.csi.push(mark as f64 - estimate.csi);
                    self.error
                        .satisfied
                        .push(is(MarkClass::Satisfied) - estimate.satisfied);
                    if let Some(p) = estimate.dissatisfied {
                        self.error
                            .dissatisfied
                            .push(is(MarkClass::Dissatisfied) - p);
                    }
                }
            }
        }
        if let (Some(mark), Some(class)) = (row.mark, class) {
            self.mark.push(mark as f64);
            self.high += u64::from(class == MarkClass::Satisfied);
            self.low += u64::from(class == MarkClass::Dissatisfied);
        }
        // A mark without a word on the survey does not tell how many were asked.
        let asked = [
            SurveyStatus::Answered,
            SurveyStatus::NoResponse,
            SurveyStatus::Invalid,
        ];
        self.asked += u64::from(row.survey.is_some_and(|status| asked.contains(&status)));
        if let Some(wait) = row.number("queue_wait_s") {
            self.waits += 1;
            // Who hung up was not answered in time, however soon.
            self.in_time += u64::from(wait <= by.in_time_s && row.abandoned != Some(true));
        }
        if let Some(abandoned) = row.abandoned {
            self.told_end += 1;
            self.abandoned += u64::from(abandoned);
        }
        if let Some(duration) = row.duration_s.filter(|_| row.abandoned != Some(true)) {
            self.handle.push(duration);
            if let Some(hold) = row.number("hold_total_s") {
                self.talk_s += duration;
                self.hold_s += hold.min(duration);
            }
        }
    }

    /// Adds what was counted of other calls.
    pub fn merge(&mut self, other: &Tally) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.csi.merge(&other.csi);
        self.satisfied.merge(&other.satisfied);
        self.dissatisfied.merge(&other.dissatisfied);
        self.asked += other.asked;
        self.mark.merge(&other.mark);
        self.high += other.high;
        self.low += other.low;
        self.error.csi.merge(&other.error.csi);
        self.error.satisfied.merge(&other.error.satisfied);
        self.error.dissatisfied.merge(&other.error.dissatisfied);
        self.waits += other.waits;
        self.in_time += other.in_time;
        self.told_end += other.told_end;
        self.abandoned += other.abandoned;
        self.handle.merge(&other.handle);
        self.talk_s += other.talk_s;
        self.hold_s += other.hold_s;
        self.followed += other.followed;
        self.again += other.again;
    }

    pub fn answered(&self) -> u64 {
        self.mark.count()
    }

    pub fn estimated(&self) -> Scores {
        Scores {
            csi: Figure::mean(&self.csi),
            csat: Figure::mean_share(&self.satisfied),
            cdsat: Figure::mean_share(&self.dissatisfied),
        }
    }

    pub fn surveyed(&self) -> Scores {
        Scores {
            csi: Figure::mean(&self.mark),
            csat: Figure::share(self.high, self.answered()),
            cdsat: Figure::share(self.low, self.answered()),
        }
    }

    pub fn corrected(&self) -> Scores {
        Scores {
            csi: corrected(&self.csi, &self.error.csi),
            csat: corrected(&self.satisfied, &self.error.satisfied).map(share),
            cdsat: corrected(&self.dissatisfied, &self.error.dissatisfied).map(share),
        }
    }

    /// Returns the share of those asked who answered; `None` where the surveys are not told.
    pub fn response(&self) -> Option<Figure> {
        (self.asked >= self.answered()).then(|| Figure::share(self.answered(), self.asked))?
    }

    pub fn service(&self) -> Service {
        Service {
            service_level: Figure::share(self.in_time, self.waits),
            abandonment: Figure::share(self.abandoned, self.told_end),
            handle_s: Figure::mean(&self.handle),
            hold_share: (self.talk_s > 0.0).then(|| self.hold_s / self.talk_s),
            first_contact_resolution: Figure::share(self.followed - self.again, self.followed),
        }
    }
}

fn share(mut figure: Figure) -> Figure {
    figure.value = figure.value.clamp(0.0, 1.0);
    figure.range = figure.range.map(|range| range.within(0.0, 1.0));
    figure
}

/// Returns the mean of the estimates moved by the mean error on the calls with a mark, with an interval
/// for both (prediction-powered inference, Angelopoulos et al. 2023, algorithm 1).
fn corrected(estimates: &Moments, errors: &Moments) -> Option<Figure> {
    if errors.count() < LEAST_MARKS {
        return None;
    }
    let value = estimates.mean()? + errors.mean()?;
    let error = estimates.standard_error()?.hypot(errors.standard_error()?);
    Some(Figure {
        value,
        range: Some(Range::around(value, z() * error)),
        calls: estimates.count(),
    })
}

/// The three figures of satisfaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Mean mark.
    pub csi: Option<Figure>,
    /// Share of satisfied customers, `0.0..=1.0`.
    pub csat: Option<Figure>,
    /// Share of dissatisfied customers, `0.0..=1.0`; `None` where the model does not tell it.
    pub cdsat: Option<Figure>,
}

/// How the centre served.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Service {
    /// Share of calls answered within the time, of those whose wait is known.
    pub service_level: Option<Figure>,
    /// Share of calls whose customer hung up before an agent answered, where that is told.
    pub abandonment: Option<Figure>,
    /// Mean length of the talk with its holds, in seconds; work after the call is not known.
    pub handle_s: Option<Figure>,
    /// Time on hold as a share of the talk, over all calls that tell both.
    pub hold_share: Option<f64>,
    /// Share of contacts after which the customer did not come back within the days asked for. The last
    /// days of the archive, whose future is not in it, are left out.
    pub first_contact_resolution: Option<Figure>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::Estimate;

    fn scale() -> LabelScale {
        LabelScale::new(1, 5, 4, 2).unwrap()
    }

    fn row(csi: f64, mark: Option<i64>) -> CallRow {
        let mut row = CallRow::new("a");
        row.estimate = Some(Estimate {
            csi,
            satisfied: 0.5,
            dissatisfied: None,
        });
        row.mark = mark;
        row
    }

    #[test]
    fn a_flattering_survey_is_corrected_by_the_errors_on_it() {
        let scale = scale();
        let by = Yardstick {
            scale: &scale,
            in_time_s: 20.0,
        };
        let mut tally = Tally::default();
        // 100 calls of 3 and 4 by turns; 40 of them have marks, each 0.5 above, by turns 0 and 1.
        for i in 0..100 {
            let csi = 3.0 + f64::from(i % 2);
            let mark = (i < 40).then(|| 3 + i64::from(i % 2) + i64::from(i % 4 / 2));
            tally.push(&row(csi, mark), by);
        }
        let found = tally.corrected().csi.unwrap();
        assert!((found.value - (3.5 + 0.5)).abs() < 1e-12);
        // s² of 50 zeros and 50 ones is 25/99, of 20 and 20 it is 10/39.
        let error = (25.0 / 99.0 / 100.0 + 10.0 / 39.0 / 40.0_f64).sqrt();
        let range = found.range.unwrap();
        assert!((range.high - range.low - 2.0 * 1.959_963_984_540_054 * error).abs() < 1e-9);
        assert_eq!(tally.corrected().cdsat, None);
        // 3, 4, 4, 5 by turns.
        assert_eq!(tally.surveyed().csat.unwrap().value, 0.75);
    }

    #[test]
    fn a_survey_that_is_not_told_has_no_response_rate() {
        let scale = scale();
        let by = Yardstick {
            scale: &scale,
            in_time_s: 20.0,
        };
        let mut tally = Tally::default();
        tally.push(&row(4.0, Some(5)), by);
        assert_eq!(tally.response(), None);
        let mut silent = row(4.0, None);
        silent.survey = Some(SurveyStatus::NoResponse);
        tally.push(&silent, by);
        silent.survey = Some(SurveyStatus::Answered);
        silent.mark = Some(1);
        tally.push(&silent, by);
        assert_eq!(tally.response().unwrap().value, 1.0);
    }
}
