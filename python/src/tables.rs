//! The catalogue, and tables as the crate reads them.

use crate::error::raised;
use callcsi::batch::{Cells, Mapping, Rows, read_table_from, read_table_mapped};
use callcsi::features::{Kind, Lang, catalogue as features};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Returns the catalogue of features by columns.
#[pyfunction]
pub fn catalogue(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = features();
    let texts =
        |of: fn(&callcsi::features::Feature) -> &str| -> Vec<&str> { all.iter().map(of).collect() };
    let columns = PyDict::new(py);
    columns.set_item("name", texts(|f| &f.name))?;
    let kind = |f: &callcsi::features::Feature| match f.kind {
        Kind::Number => "number",
        Kind::Category => "category",
    };
    columns.set_item("kind", texts(kind))?;
    columns.set_item("unit", texts(|f| f.unit.symbol()))?;
    columns.set_item("needs", texts(|f| f.needs.name()))?;
    columns.set_item("source", texts(|f| f.source.name()))?;
    columns.set_item("group", texts(|f| f.group.name()))?;
    columns.set_item(
        "revision",
        all.iter().map(|f| f.revision).collect::<Vec<_>>(),
    )?;
    columns.set_item("title_en", texts(|f| f.title(Lang::En)))?;
    columns.set_item("title_ru", texts(|f| f.title(Lang::Ru)))?;
    columns.set_item("definition", texts(|f| &f.definition))?;
    Ok(columns)
}

/// Returns the names of a set of features; `None` for a word that names none.
#[pyfunction]
pub fn feature_set(word: &str) -> Option<Vec<String>> {
    callcsi::model::feature_set(word)
}

/// A table as columns of text.
#[derive(Default)]
struct Read {
    columns: Vec<(String, Vec<Option<String>>)>,
    by_name: HashMap<String, usize>,
    rows: usize,
}

impl Read {
    fn column(&mut self, name: &str) -> &mut Vec<Option<String>> {
        let next = self.columns.len();
        let place = *self.by_name.entry(name.to_owned()).or_insert(next);
        if place == next {
            self.columns.push((name.to_owned(), Vec::new()));
        }
        &mut self.columns[place].1
    }

    fn set(&mut self, name: &str, value: String) {
        let row = self.rows;
        let column = self.column(name);
        column.resize(row, None);
        column.push(Some(value));
    }

    fn add(&mut self, line: u64, cells: callcsi::Result<Cells>) {
        self.set("manifest_line", line.to_string());
        match cells {
            Ok(cells) => {
                for (column, value) in cells.iter().filter(|(c, _)| *c != "manifest_line") {
                    self.set(column, value.to_owned());
                }
                if let Some(object) = cells.metadata_object() {
                    self.set("metadata", object.to_string());
                }
            }
            Err(error) => {
                let parts = serde_json::json!({
                    "kind": error.kind().name(),
                    "place": error.place(),
                    "found": error.found(),
                    "wanted": error.wanted(),
                    "hint": error.hint_text(),
                });
                self.set("manifest_error", parts.to_string());
            }
        }
        self.rows += 1;
    }
}

/// Reads a table (CSV, JSON Lines) into columns of text, with each row's line; `data` is its content where it
/// is no local file.
#[pyfunction]
pub fn read_table<'py>(
    py: Python<'py>,
    path: &str,
    data: Option<Vec<u8>>,
    mapping: Option<PathBuf>,
) -> PyResult<(usize, Bound<'py, PyDict>)> {
    let read = py.detach(|| -> callcsi::Result<Read> {
        let mapping = match mapping {
            Some(mapping) => Mapping::read(mapping)?,
            None => Mapping::default(),
        };
        let mut rows: Rows = match data {
            Some(data) => read_table_from(path, Cursor::new(data), &mapping)?,
            None => read_table_mapped(Path::new(path), &mapping)?,
        };
        let mut read = Read::default();
        // Columns in the table's order, those without a cell as well.
        for column in rows.columns().to_vec() {
            read.column(&column);
        }
        for (line, cells) in &mut rows {
            read.add(line, cells);
        }
        rows.check_columns()?;
        Ok(read)
    });
    let read = read.map_err(raised)?;
    let columns = PyDict::new(py);
    for (name, mut cells) in read.columns {
        cells.resize(read.rows, None);
        columns.set_item(name, cells)?;
    }
    Ok((read.rows, columns))
}
