//! Rows of results by columns, as data frames hold theirs.
//!
//! # Conventions
//!
//! * Columns, their order and what they hold are those of [`CsvRows`](super::CsvRows); of calls that were
//!   only measured, without what a model adds.
//! * One cell a row in every column; `None` where CSV has an empty cell.

use super::row::{
    CellKind, Column as Fixed, Field, Found, GIVEN, Outcome, check_keep, columns, first_columns,
    last_columns,
};
use crate::error::Result;
use crate::features::{Measured, Value, catalogue};
use crate::model::Model;
use crate::score::{Assessment, Measurements};
use crate::settings::AnalysisSettings;

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnCells {
    /// Yes or no.
    Flags(Vec<Option<bool>>),
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Numbers, in the unit of the catalogue; never NaN.
    Numbers(Vec<Option<f64>>),
    /// Text.
    Texts(Vec<Option<String>>),
}

/// A column of results.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// A cell for each row.
    pub cells: ColumnCells,
}

impl Column {
    fn new(name: &str, kind: CellKind) -> Column {
        let cells = match kind {
            CellKind::Flag => ColumnCells::Flags(Vec::new()),
            CellKind::Integer => ColumnCells::Integers(Vec::new()),
            CellKind::Number => ColumnCells::Numbers(Vec::new()),
            CellKind::Text => ColumnCells::Texts(Vec::new()),
        };
        Column {
            name: name.to_owned(),
            cells,
        }
    }

    /// Returns what the column holds.
    pub fn kind(&self) -> CellKind {
        match &self.cells {
            ColumnCells::Flags(_) => CellKind::Flag,
            ColumnCells::Integers(_) => CellKind::Integer,
            ColumnCells::Numbers(_) => CellKind::Number,
            ColumnCells::Texts(_) => CellKind::Text,
        }
    }

    fn push(&mut self, field: Option<Field>) {
        match (&mut self.cells, field) {
            (ColumnCells::Integers(cells), Some(Field::Integer(number))) => {
                cells.push(Some(number))
            }
            (ColumnCells::Numbers(cells), Some(Field::Number(number))) => cells.push(Some(number)),
            // Empty text is an empty cell, as in CSV.
            (ColumnCells::Texts(cells), Some(field)) => {
                cells.push(Some(field.to_string()).filter(|text| !text.is_empty()));
            }
            (ColumnCells::Flags(cells), _) => cells.push(None),
            (ColumnCells::Integers(cells), _) => cells.push(None),
            (ColumnCells::Numbers(cells), _) => cells.push(None),
            (ColumnCells::Texts(cells), None) => cells.push(None),
        }
    }

    fn push_measured(&mut self, measured: Option<&Measured>) {
        let value = measured.and_then(|measured| measured.as_ref().ok());
        match (&mut self.cells, value) {
            (ColumnCells::Flags(cells), Some(Value::Number(number))) => {
                cells.push(Some(*number != 0.0));
            }
            (ColumnCells::Numbers(cells), Some(Value::Number(number))) => cells.push(Some(*number)),
            (ColumnCells::Texts(cells), Some(Value::Category(word))) => {
                cells.push(Some(word.to_string()));
            }
            (_, _) => self.push(None),
        }
    }
}

/// Rows of results, by columns.
#[derive(Debug)]
pub struct ResultColumns<T = Assessment> {
    fixed: Vec<Fixed<T>>,
    given: Vec<String>,
    keep: Vec<String>,
    columns: Vec<Column>,
}

impl ResultColumns<Assessment> {
    /// Makes a table without rows for the calls that one model judges; of the manifest's own columns those
    /// named in `keep` are in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) when the rows have a column of that name already.
    pub fn scored(model: &Model, keep: &[String]) -> Result<ResultColumns<Assessment>> {
        let judge = format!("{} {}", model.name(), model.fingerprint());
        let given = vec![judge, model.settings().fingerprint()];
        ResultColumns::new(columns().collect(), &GIVEN, given, keep)
    }
}

impl ResultColumns<Measurements> {
    /// Makes a table without rows for calls that are measured under `settings`.
    ///
    /// # Errors
    ///
    /// As [`ResultColumns::scored`].
    pub fn measured(
        settings: &AnalysisSettings,
        keep: &[String],
    ) -> Result<ResultColumns<Measurements>> {
        let fixed = first_columns().into_iter().chain(last_columns());
        let given = vec![settings.fingerprint()];
        ResultColumns::new(fixed.collect(), &GIVEN[1..], given, keep)
    }
}

#[expect(private_bounds, reason = "the two kinds of rows there are")]
impl<T: Found> ResultColumns<T> {
    fn new(
        fixed: Vec<Fixed<T>>,
        names: &[&str],
        given: Vec<String>,
        keep: &[String],
    ) -> Result<ResultColumns<T>> {
        check_keep(keep)?;
        let own = fixed.iter().map(|(name, kind, _)| Column::new(name, *kind));
        let texts = names.iter().copied().chain(keep.iter().map(String::as_str));
        let texts = texts.map(|name| Column::new(name, CellKind::Text));
        let features = catalogue().iter();
        let features = features.map(|f| Column::new(&f.name, CellKind::of(f)));
        let columns = own.chain(texts).chain(features).collect();
        Ok(ResultColumns {
            fixed,
            given,
            keep: keep.to_vec(),
            columns,
        })
    }

    /// Adds the row of a call.
    pub fn push(&mut self, outcome: &Outcome<T>) {
        let mut columns = self.columns.iter_mut();
        for ((_, _, cell), column) in self.fixed.iter().zip(&mut columns) {
            column.push(cell(outcome));
        }
        for (given, column) in self.given.iter().zip(&mut columns) {
            column.push(Some(Field::Text(given.clone())));
        }
        for (name, column) in self.keep.iter().zip(&mut columns) {
            column.push(outcome.extra.get(name).cloned().map(Field::Text));
        }
        let found = outcome.result.as_ref().ok();
        let values = found.map(|found| found.measurements().features.values());
        for (place, column) in columns.enumerate() {
            column.push_measured(values.and_then(|values| values.get(place)));
        }
    }

    /// Returns the columns, in the order of the catalogue after those of the row itself.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Takes the columns.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }
}
