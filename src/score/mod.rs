//! One call, listened to and judged.
//!
//! Listening and judging are two stages with two types. An [`Extractor`] turns a call into
//! measurements: it decodes, detects and counts, which is nearly the whole cost. A
//! [`Predictor`] turns measurements into a CSI estimate, in
//! microseconds; so a retrained model rescores a table of measurements without the recordings.
//! A [`Scorer`] joins the two. A [`LiveCall`] does what a scorer does while the call lasts.
//!
//! Extractor, predictor and scorer are immutable, `Send + Sync`, start no thread, and give the same result for the same
//! input, bit for bit.

mod ear;
mod live;
mod measurements;
mod stopwatch;
mod warnings;

pub use self::live::LiveCall;
pub use self::measurements::{Extractor, Limits, Measurements};
pub use self::stopwatch::{Part, Stopwatch};
pub use self::warnings::Warning;

use crate::call::{Call, CallId};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Explanation, Prediction, Predictor};
use crate::recognise::Recogniser;

/// One call, measured and judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Assessment {
    /// What was measured.
    pub measurements: Measurements,
    /// What the model makes of it.
    pub prediction: Prediction,
    /// What moved the estimate, and what would; `None` unless the scorer is
    /// [explaining](Scorer::explaining).
    pub explanation: Option<Explanation>,
}

/// Estimates the CSI of calls with one trained model.
///
/// The model carries the settings it was trained under, so a call cannot be scored under others by
/// accident.
#[derive(Clone, Debug)]
pub struct Scorer {
    extractor: Extractor,
    predictor: Predictor,
    explaining: bool,
}

impl Scorer {
    /// Makes a scorer that measures under the settings of the predictor's model.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when the model was trained under settings of another version.
    pub fn new(predictor: Predictor) -> Result<Scorer> {
        let extractor = Extractor::new(predictor.model().settings().clone())?;
        Ok(Scorer {
            extractor,
            predictor,
            explaining: false,
        })
    }

    /// Has each assessment explained: see [`Explanation`]. That takes far longer than the estimate, for
    /// the call is measured and judged again for every change, and little beside listening (the benches
    /// `explain`, `predict` and `pipeline`).
    pub fn explaining(mut self) -> Scorer {
        self.explaining = true;
        self
    }

    /// Makes a scorer with the bundled model, which was trained on simulated calls and knows no
    /// real customers: see `models/builtin.md`.
    ///
    /// # Errors
    ///
    /// None with the model as it is bundled; a test holds that.
    pub fn builtin() -> Result<Scorer> {
        Scorer::new(Predictor::builtin()?)
    }

    /// Has the recordings of calls without a transcript recognised: see
    /// [`Extractor::with_recogniser`].
    pub fn with_recogniser(mut self, recogniser: Recogniser) -> Scorer {
        self.extractor = self.extractor.with_recogniser(recogniser);
        self
    }

    /// Sets limits that a call may not pass.
    pub fn with_limits(mut self, limits: Limits) -> Scorer {
        self.extractor = self.extractor.with_limits(limits);
        self
    }

    /// Returns the stage that listens.
    pub fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Returns the stage that judges.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// Listens to a call and estimates its CSI.
    ///
    /// # Errors
    ///
    /// As [`Extractor::extract`].
    pub fn score(&self, call: &Call) -> Result<Assessment> {
        let measurements = self.extractor.extract(call)?;
        let watch = self.extractor.stopwatch();
        Ok(watch.time(Part::Judge, || self.judge(measurements)))
    }

    fn judge(&self, measurements: Measurements) -> Assessment {
        let prediction = self.predictor.predict(&measurements.features);
        let explanation = self.explaining.then(|| {
            let alternatives = measurements.alternatives(self.extractor.settings());
            self.predictor
                .explain(&measurements.features, &alternatives)
        });
        Assessment {
            measurements,
            prediction,
            explanation,
        }
    }
}

/// Runs `work` on one call and turns a panic, which would be a defect of this crate or of a decoder
/// below it, into an error of that call.
pub(crate) fn guarded<T>(call: &CallId, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    caught.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let found = format!("a panic ({text})");
        let error = Error::new(ErrorKind::Internal, "", found, "a result or an error");
        Err(error
            .hint("this is a defect: please report it")
            .of_call(call))
    })
}
