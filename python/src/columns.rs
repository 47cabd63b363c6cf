//! Columns across the border.

use crate::error::raised;
use callcsi::batch::{CellKind, Column, ColumnCells};
use callcsi::features::{Absence, FeatureVector, Value};
use callcsi::model::ColumnValues;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

/// Columns of features, as Python gives them.
pub struct Given {
    numbers: Vec<(String, Vec<f64>)>,
    words: Vec<(String, Vec<Option<String>>)>,
}

impl Given {
    /// Takes columns of numbers (bytes of 64-bit floats) and of words (lists).
    pub fn new(numbers: &Bound<'_, PyDict>, words: &Bound<'_, PyDict>) -> PyResult<Given> {
        let mut given = Given {
            numbers: Vec::new(),
            words: Vec::new(),
        };
        for (name, column) in numbers {
            let bytes = column.cast::<PyBytes>()?.as_bytes();
            if bytes.len() % 8 != 0 {
                return Err(PyValueError::new_err("the bytes are no 64-bit floats"));
            }
            let number = |eight: &[u8]| f64::from_ne_bytes(eight.try_into().unwrap_or_default());
            let column = bytes.chunks_exact(8).map(number).collect();
            given.numbers.push((name.extract()?, column));
        }
        for (name, column) in words {
            given.words.push((name.extract()?, column.extract()?));
        }
        Ok(given)
    }

    /// Calls `work` with the columns as a predictor wants them.
    pub fn with_columns<T>(&self, work: impl FnOnce(&[(&str, ColumnValues<'_>)]) -> T) -> T {
        let words: Vec<Vec<Option<&str>>> = (self.words.iter())
            .map(|(_, column)| column.iter().map(Option::as_deref).collect())
            .collect();
        let numbers = self.numbers.iter();
        let numbers = numbers.map(|(name, c)| (name.as_str(), ColumnValues::Numbers(c)));
        let names = self.words.iter().map(|(name, _)| name.as_str());
        let words = names.zip(words.iter().map(|c| ColumnValues::Words(c)));
        work(&numbers.chain(words).collect::<Vec<_>>())
    }

    /// Returns the features of each of so many rows.
    pub fn vectors(&self, rows: usize) -> PyResult<Vec<FeatureVector>> {
        let row = |i: usize| {
            let number = |column: &Vec<f64>| column.get(i).copied().filter(|x| x.is_finite());
            let numbers = (self.numbers.iter())
                .filter_map(|(name, c)| Some((name.as_str(), Value::Number(number(c)?))));
            let word = |column: &Vec<Option<String>>| column.get(i).cloned().flatten();
            let words = (self.words.iter())
                .filter_map(|(name, c)| Some((name.as_str(), Value::Category(word(c)?.into()))));
            FeatureVector::from_named(numbers.chain(words), Absence::NotGiven).map_err(raised)
        };
        (0..rows).map(row).collect()
    }
}

/// The bytes of 64-bit floats, NaN where there is none.
pub fn floats<'py>(
    py: Python<'py>,
    numbers: impl Iterator<Item = Option<f64>>,
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = numbers
        .flat_map(|x| x.unwrap_or(f64::NAN).to_ne_bytes())
        .collect();
    PyBytes::new(py, &bytes)
}

/// The word for what a column holds.
pub fn kind_name(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Flag => "flag",
        CellKind::Integer => "integer",
        CellKind::Number => "number",
        CellKind::Text => "text",
    }
}

/// Columns as a list of (name, kind, cells).
pub fn listed<'py>(py: Python<'py>, columns: &[Column]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for column in columns {
        let cells = match &column.cells {
            ColumnCells::Flags(cells) => PyList::new(py, cells)?.into_any(),
            ColumnCells::Integers(cells) => PyList::new(py, cells)?.into_any(),
            ColumnCells::Numbers(cells) => floats(py, cells.iter().copied()).into_any(),
            ColumnCells::Texts(cells) => texts(py, cells)?.into_any(),
        };
        list.append((column.name.as_str(), kind_name(column.kind()), cells))?;
    }
    Ok(list)
}

/// Texts as a list; one that comes again and again, as the model's name, is one object.
fn texts<'py>(py: Python<'py>, cells: &[Option<String>]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut last: Option<(&str, Bound<'py, PyString>)> = None;
    for cell in cells {
        match (cell, &last) {
            (None, _) => list.append(py.None())?,
            (Some(text), Some((same, object))) if same == text => list.append(object)?,
            (Some(text), _) => {
                let object = PyString::new(py, text);
                list.append(&object)?;
                last = Some((text, object));
            }
        }
    }
    Ok(list)
}
