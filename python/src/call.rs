//! One call, looked at.

use crate::archive::{Options, limits, predictor, rows, watched};
use crate::error::{guarded, raised};
use callcsi::batch::{JsonRows, Labels, Manifest, Outcome, RowFormat};
use callcsi::call::{Call, Side};
use callcsi::features::Lang;
use callcsi::report::picture::{CallPicture, PictureOptions};
use callcsi::report::{call_fragment, call_page};
use callcsi::score::{Assessment, Scorer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A call that was listened to and judged; immutable.
#[pyclass(frozen, module = "callcsi._native")]
#[derive(Debug)]
pub struct Assessed {
    call: Call,
    scorer: Scorer,
    outcome: Outcome,
}

fn language(lang: &str) -> PyResult<Lang> {
    lang.parse().map_err(raised)
}

impl Assessed {
    fn assessment(&self) -> PyResult<&Assessment> {
        match &self.outcome.result {
            Ok(assessment) => Ok(assessment),
            // One that failed is not made.
            Err(error) => Err(PyValueError::new_err(error.to_string())),
        }
    }

    /// Draws the call; nothing where there is nothing to draw, as on a call without sound or words.
    fn picture(&self, lang: Lang) -> PyResult<Option<CallPicture>> {
        let measured = &self.assessment()?.measurements;
        let settings = self.scorer.extractor().settings();
        let options = PictureOptions::default();
        let drawn = guarded(|| {
            Ok(CallPicture::of(
                &self.call, measured, settings, lang, &options,
            ))
        })?;
        Ok(drawn.ok())
    }
}

#[pymethods]
impl Assessed {
    /// Listens to the call of the one row of a table and judges it.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "one caller, which names them")]
    fn new(
        py: Python<'_>,
        cells: &Bound<'_, PyDict>,
        inputs: &Bound<'_, PyDict>,
        fetch: Py<PyAny>,
        options: Options,
        model: Option<&[u8]>,
        longest_s: f64,
        timeout_s: f64,
    ) -> PyResult<Assessed> {
        let scorer = Scorer::new(predictor(model)?).map_err(raised)?;
        let scorer = scorer
            .with_limits(limits(longest_s, timeout_s)?)
            .explaining();
        let rows = rows(1, 1, cells, inputs, &Arc::new(fetch))?;
        let manifest = Manifest::of_rows("the call", rows.into_iter(), options.manifest()?);
        let mut manifest = manifest.map_err(raised)?;
        let work = || {
            guarded(|| {
                let entry = manifest.next();
                let entry = entry.ok_or_else(|| PyValueError::new_err("a row is wanted"))?;
                let call = entry.row.map_err(raised)?;
                let mut assessment = scorer.score(&call).map_err(raised)?;
                let warnings = &mut assessment.measurements.warnings;
                warnings.splice(0..0, entry.warnings);
                Ok((call, entry.labels, assessment))
            })
        };
        let (call, labels, assessment) = watched(py, work, &AtomicBool::new(false), || Ok(()))??;
        let outcome = outcome(&call, labels, assessment);
        Ok(Assessed {
            call,
            scorer,
            outcome,
        })
    }

    /// Returns the row of results, as JSON.
    fn row_json(&self) -> PyResult<String> {
        let format = JsonRows::new(self.scorer.predictor().model(), &[]).map_err(raised)?;
        let mut row = Vec::new();
        format.row(&self.outcome, &mut row).map_err(raised)?;
        String::from_utf8(row).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// Returns who speaks when, as (side, start_s, end_s) in order of start.
    fn speech(&self) -> PyResult<Vec<(&'static str, f64, f64)>> {
        let Some(conversation) = &self.assessment()?.measurements.conversation else {
            return Ok(Vec::new());
        };
        let mut speech = Vec::new();
        for side in Side::BOTH {
            for segment in conversation.speech.get(side).segments() {
                let (start, end) = (segment.start().seconds(), segment.end().seconds());
                speech.push((side.name(), start, end));
            }
        }
        speech.sort_by(|a, b| a.1.total_cmp(&b.1));
        Ok(speech)
    }

    fn fragment(&self, py: Python<'_>, lang: &str) -> PyResult<String> {
        let lang = language(lang)?;
        let model = self.scorer.predictor().model();
        py.detach(|| {
            let picture = self.picture(lang)?;
            Ok(call_fragment(
                self.assessment()?,
                model,
                picture.as_ref(),
                lang,
            ))
        })
    }

    fn page(&self, py: Python<'_>, lang: &str) -> PyResult<String> {
        let lang = language(lang)?;
        let model = self.scorer.predictor().model();
        py.detach(|| {
            let picture = self.picture(lang)?;
            Ok(call_page(self.assessment()?, model, picture.as_ref(), lang))
        })
    }

    fn svg(&self, py: Python<'_>, lang: &str) -> PyResult<Option<String>> {
        let lang = language(lang)?;
        py.detach(|| Ok(self.picture(lang)?.map(|picture| picture.svg_document())))
    }
}

fn outcome(call: &Call, labels: Labels, assessment: Assessment) -> Outcome {
    let mut outcome = Outcome::of(call, Ok(assessment));
    outcome.labels = labels;
    outcome
}
