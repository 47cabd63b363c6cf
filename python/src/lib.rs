//! The native half of the wheel: Python's plain values to the crate's and back, and nothing else.
//!
//! # Conventions
//!
//! * A table is a set of columns. Text comes as lists of `str` or `None`; numbers as the bytes of 64-bit
//!   floats of this machine, NaN where there is none. Arrow stays on the Python side.
//! * The GIL is released while calls are listened to and models are fitted; Ctrl-C ends both.
//! * No panic crosses the border: it is an error, of its row where it has one.

mod archive;
mod call;
mod columns;
mod error;
mod model;
mod tables;

use pyo3::prelude::*;

/// What `callcsi` is made of; use it through the package `callcsi`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("Error", module.py().get_type::<error::Error>())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("SCHEMA_VERSION", callcsi::batch::SCHEMA_VERSION)?;
    module.add_class::<archive::Archive>()?;
    module.add_class::<archive::SeenIds>()?;
    module.add_class::<call::Assessed>()?;
    module.add_class::<model::Model>()?;
    module.add_function(wrap_pyfunction!(model::train, module)?)?;
    module.add_function(wrap_pyfunction!(tables::catalogue, module)?)?;
    module.add_function(wrap_pyfunction!(tables::feature_set, module)?)?;
    module.add_function(wrap_pyfunction!(tables::read_table, module)?)
}
