//! Models: trained, read, asked.

use crate::archive::{predictor, watched};
use crate::columns::{Given, floats};
use crate::error::{guarded, raised};
use callcsi::call::CallId;
use callcsi::model::{
    Calibration, Choice, Example, LabelScale, Predictor, Target, TrainOptions, Validation,
    train_and_judge,
};
use callcsi::settings::AnalysisSettings;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::atomic::AtomicBool;

/// A trained model; immutable.
#[pyclass(frozen, module = "callcsi._native")]
#[derive(Debug)]
pub struct Model(pub Predictor);

#[pymethods]
impl Model {
    /// Reads a model file; `None` is the bundled model.
    #[new]
    #[pyo3(signature = (data=None))]
    fn new(data: Option<&[u8]>) -> PyResult<Model> {
        Ok(Model(predictor(data)?))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.model().to_json().as_bytes())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, (Bound<'py, PyBytes>,)) {
        (py.get_type::<Model>().into_any(), (self.to_bytes(py),))
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.model().name()
    }

    #[getter]
    fn fingerprint(&self) -> String {
        self.0.model().fingerprint()
    }

    #[getter]
    fn features(&self) -> Vec<String> {
        let inputs = self.0.model().encoder().inputs().iter();
        inputs.map(|input| input.feature.to_string()).collect()
    }

    #[getter]
    fn marks(&self) -> Vec<i64> {
        let scale = self.0.model().label();
        (scale.min()..=scale.max()).collect()
    }

    #[getter]
    fn target(&self) -> &'static str {
        self.0.model().target().name()
    }

    #[getter]
    fn satisfied_from(&self) -> i64 {
        self.0.model().label().satisfied_from()
    }

    #[getter]
    fn warning(&self) -> Option<&str> {
        self.0.model().provenance().warning.as_deref()
    }

    #[getter]
    fn settings_json(&self) -> PyResult<String> {
        let text = serde_json::to_string(self.0.model().settings());
        text.map_err(|e| PyValueError::new_err(e.to_string()))
    }

    #[getter]
    fn settings_fingerprint(&self) -> String {
        self.0.model().settings().fingerprint()
    }

    fn card(&self) -> String {
        self.0.model().card()
    }

    fn card_json(&self) -> String {
        self.0.model().card_json()
    }

    /// Predicts the rows of a table; returns columns by name, the probabilities of the marks row after row.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        rows: usize,
        numbers: &Bound<'py, PyDict>,
        words: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let given = Given::new(numbers, words)?;
        let found = py.detach(|| {
            guarded(|| {
                given
                    .with_columns(|c| self.0.predict_columns(rows, c))
                    .map_err(raised)
            })
        })?;
        let columns = PyDict::new(py);
        let put = |name: &str, column: &[f64]| {
            columns.set_item(name, floats(py, column.iter().map(|x| Some(*x))))
        };
        put("csi", &found.csi)?;
        put("satisfied", &found.satisfied)?;
        if let Some(dissatisfied) = &found.dissatisfied {
            put("dissatisfied", dissatisfied)?;
        }
        put("log_odds", &found.log_odds)?;
        if let Some(marks) = &found.marks {
            put("marks", marks)?;
        }
        Ok(columns)
    }
}

/// What is chosen about training; see `TrainOptions`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    name: String,
    source: String,
    warning: Option<String>,
    period: Option<String>,
    /// What became of the surveys, as JSON of `SurveyCounts`.
    survey: Option<String>,
    scale: String,
    target: String,
    features: Vec<String>,
    log1p: Option<Vec<String>>,
    /// Several are chosen among.
    alphas: Vec<f64>,
    knots: Vec<u64>,
    prior: Option<Vec<u8>>,
    calibration: Option<String>,
    validation: String,
    level_min_count: u64,
    min_class_rows: u64,
    max_iterations: u64,
    /// 0: one for each processor.
    threads: usize,
    settings: Option<String>,
}

impl Options {
    fn options(&self) -> PyResult<TrainOptions> {
        let mut options = TrainOptions::default();
        options.name.clone_from(&self.name);
        options.source.clone_from(&self.source);
        options.warning.clone_from(&self.warning);
        options.period.clone_from(&self.period);
        let survey = self.survey.as_deref().map(serde_json::from_str);
        let wrong = |e: serde_json::Error| PyValueError::new_err(format!("survey: {e}"));
        options.survey = survey.transpose().map_err(wrong)?;
        let target = Target::ALL.into_iter().find(|t| t.name() == self.target);
        options.target = target.ok_or_else(|| {
            let found = &self.target;
            PyValueError::new_err(format!("target: {found:?}: marks or satisfied is wanted"))
        })?;
        options.features.clone_from(&self.features);
        if let Some(log1p) = &self.log1p {
            options.log1p.clone_from(log1p);
        }
        match (self.alphas.as_slice(), self.knots.as_slice()) {
            ([alpha], [knots]) => (options.alpha, options.knots) = (*alpha, *knots),
            (alphas, knots) => {
                let mut choice = Choice::default();
                if !alphas.is_empty() {
                    choice.alphas = alphas.to_vec();
                }
                if !knots.is_empty() {
                    choice.knots = knots.to_vec();
                }
                options.choice = Some(choice);
            }
        }
        if let Some(prior) = &self.prior {
            options.prior = Some(predictor(Some(prior))?.model().clone());
        }
        let calibration = self.calibration.as_deref().map(str::parse::<Calibration>);
        options.calibration = calibration.transpose().map_err(raised)?;
        options.validation = self.validation.parse::<Validation>().map_err(raised)?;
        options.level_min_count = self.level_min_count;
        options.min_class_rows = self.min_class_rows;
        options.max_iterations = self.max_iterations;
        options.threads = match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            threads => threads,
        };
        Ok(options)
    }
}

/// Trains a model on so many calls with marks; returns it and what was said of calls that had not been seen.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one caller, which names them")]
pub fn train<'py>(
    py: Python<'py>,
    numbers: &Bound<'py, PyDict>,
    words: &Bound<'py, PyDict>,
    ids: Vec<String>,
    marks: Vec<i64>,
    weights: Option<Vec<f64>>,
    groups: Option<Vec<Option<String>>>,
    times: Option<Vec<Option<i64>>>,
    options: Options,
) -> PyResult<(Model, Bound<'py, PyDict>)> {
    let given = Given::new(numbers, words)?;
    let (scale, chosen) = (
        options.scale.parse::<LabelScale>().map_err(raised)?,
        options.options()?,
    );
    let settings = match &options.settings {
        Some(text) => serde_json::from_str(text)
            .map_err(|e| PyValueError::new_err(format!("settings: {e}")))?,
        None => AnalysisSettings::default(),
    };
    let work = || {
        guarded(|| {
            let vectors = given.vectors(marks.len())?;
            let of = |i: usize| {
                let mut example = Example::new(CallId::new(&ids[i]), &vectors[i], marks[i]);
                example.group = groups.as_ref().and_then(|g| g.get(i).cloned().flatten());
                example.time = times.as_ref().and_then(|t| t.get(i).copied().flatten());
                example.weight = weights.as_ref().map_or(1.0, |w| w[i]);
                example
            };
            let examples: Vec<Example<'_>> = (0..marks.len()).map(of).collect();
            train_and_judge(&examples, &scale, &settings, &chosen).map_err(raised)
        })
    };
    // A fit is not ended in the middle: Ctrl-C is raised when it is done.
    let trained = watched(py, work, &AtomicBool::new(false), || Ok(()))??;
    let unseen = PyDict::new(py);
    let calls = &trained.unseen;
    let column = |of: fn(&callcsi::model::Unseen) -> Option<f64>| floats(py, calls.iter().map(of));
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    unseen.set_item("call_id", ids)?;
    unseen.set_item("part", calls.iter().map(|c| c.part).collect::<Vec<_>>())?;
    unseen.set_item("mark", calls.iter().map(|c| c.mark).collect::<Vec<_>>())?;
    unseen.set_item(
        "likely_mark",
        calls.iter().map(|c| c.likely).collect::<Vec<_>>(),
    )?;
    unseen.set_item("csi", column(|call| Some(call.csi)))?;
    unseen.set_item("satisfied", column(|call| Some(call.satisfied)))?;
    unseen.set_item("dissatisfied", column(|call| call.dissatisfied))?;
    Ok((Model(Predictor::new(trained.model)), unseen))
}
