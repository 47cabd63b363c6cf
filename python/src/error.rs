//! The crate's error as an exception.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

pyo3::create_exception!(
    callcsi,
    Error,
    PyValueError,
    "What was found where something else was wanted.\n\nAttributes: kind, call_id, place, found, wanted, hint."
);

/// Makes an exception that says what the error says, with its parts as attributes.
pub fn raised(error: callcsi::Error) -> PyErr {
    Python::attach(|py| {
        let exception = Error::new_err(error.to_string());
        let value = exception.value(py);
        let parts = [
            ("kind", Some(error.kind().name())),
            ("call_id", error.call().map(callcsi::call::CallId::as_str)),
            ("place", Some(error.place())),
            ("found", Some(error.found())),
            ("wanted", Some(error.wanted())),
            ("hint", error.hint_text()),
        ];
        for (name, part) in parts {
            if let Err(failed) = value.setattr(name, part) {
                return failed;
            }
        }
        exception
    })
}

/// Runs `work` and makes an exception of a panic, which would be a defect.
pub fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// Makes an exception of what a thread panicked with.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let found = format!("a panic ({})", text.unwrap_or("no message"));
    let hint = Some("this is a defect: please report it");
    raised(callcsi::Error::from_parts(
        "internal", "", &found, "a result", hint,
    ))
}
