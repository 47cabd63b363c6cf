//! Tables of text: CSV or JSON Lines, row by row.

use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The longest line of JSON read, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// The cells of one row that hold anything, by column.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    cells: Vec<(String, String)>,
    /// `metadata` where JSON gives the object itself.
    pub(super) inline_metadata: Option<Value>,
}

impl Cells {
    /// Returns a cell; `None` when it is empty or there is no such column.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells
            .iter()
            .find(|(c, _)| c == column)
            .map(|(_, v)| v.as_str())
    }

    /// Iterates over columns and values, in column order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells.iter().map(|(c, v)| (c.as_str(), v.as_str()))
    }

    pub(super) fn any(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.cells.iter().any(|(c, _)| matches(c))
    }

    pub(super) fn set(&mut self, column: &str, value: String) {
        self.cells.retain(|(c, _)| c != column);
        self.cells.push((column.to_owned(), value));
    }

    fn add(&mut self, column: &str, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.cells.push((column.to_owned(), value.to_owned()));
        }
    }
}

/// The rows of a table.
pub struct Rows {
    name: String,
    columns: Vec<String>,
    source: Source,
}

enum Source {
    Csv {
        reader: Box<csv::Reader<Box<dyn Read + Send>>>,
        record: csv::StringRecord,
    },
    Json {
        reader: Box<dyn BufRead + Send>,
        line: u64,
    },
    Done,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Opens a table: CSV with a header (comma, semicolon or tab), or JSON Lines; told apart by the
/// first byte.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::IllFormed`] when it is empty or its
/// header is no text or names a column twice.
pub fn read_table(path: &Path) -> Result<Rows> {
    let file = File::open(path).map_err(|e| Error::io(path.display(), &e))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut reader = BufReader::new(file);
    let start = reader
        .fill_buf()
        .map_err(|e| Error::io(path.display(), &e))?;
    if start.starts_with(b"\xEF\xBB\xBF") {
        reader.consume(3);
    } else if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        let error = Error::new(
            ErrorKind::Unsupported,
            path.display(),
            "UTF-16 text",
            "UTF-8",
        );
        return Err(error.hint("save the table as UTF-8"));
    }
    let start = reader
        .fill_buf()
        .map_err(|e| Error::io(path.display(), &e))?;
    let Some(&first) = start.iter().find(|b| !b.is_ascii_whitespace()) else {
        let wanted = "a table with a header";
        return Err(Error::new(
            ErrorKind::IllFormed,
            path.display(),
            "an empty file",
            wanted,
        ));
    };
    if first == b'{' {
        let source = Source::Json {
            reader: Box::new(reader),
            line: 0,
        };
        return Ok(Rows {
            name,
            columns: Vec::new(),
            source,
        });
    }
    let header = start.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| header.iter().filter(|&&b| b == delimiter).count();
    // A header holds names, so the most frequent of the three is the delimiter.
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|&d| (count(d), d == b','));
    let boxed: Box<dyn Read + Send> = Box::new(reader);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(boxed);
    let headers = reader
        .headers()
        .map_err(|e| csv_error(&e).within(path.display()))?;
    let columns: Vec<String> = headers.iter().map(|c| c.trim().to_owned()).collect();
    if let Some((i, column)) = columns
        .iter()
        .enumerate()
        .find(|(i, c)| columns[..*i].contains(c))
    {
        let found = format!("column {column:?} a second time, as number {}", i + 1);
        let wanted = "each column once";
        return Err(Error::new(
            ErrorKind::IllFormed,
            path.display(),
            found,
            wanted,
        ));
    }
    if !columns.iter().any(|c| c == "call_id") {
        let shown: Vec<&str> = columns.iter().take(8).map(String::as_str).collect();
        let found = format!("the columns {}", shown.join(", "));
        let error = Error::new(
            ErrorKind::IllFormed,
            path.display(),
            found,
            "a column call_id",
        );
        return Err(error.hint("is the header missing?"));
    }
    let source = Source::Csv {
        reader: Box::new(reader),
        record: csv::StringRecord::new(),
    };
    Ok(Rows {
        name,
        columns,
        source,
    })
}

impl Rows {
    /// Returns the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the columns of a CSV table; of JSON Lines they are known only row by row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

fn csv_error(error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(e) => Error::io("", e),
        csv::ErrorKind::Utf8 { .. } => {
            let error = Error::new(ErrorKind::IllFormed, "", "text that is no UTF-8", "UTF-8");
            error.hint("is it Windows-1251? save the table as UTF-8")
        }
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let wanted = format!("{expected_len}, as in the header");
            Error::new(ErrorKind::IllFormed, "", format!("{len} cells"), wanted)
                .hint("is a delimiter inside a cell without quotes?")
        }
        _ => Error::new(ErrorKind::IllFormed, "", error, "CSV"),
    }
}

impl Iterator for Rows {
    type Item = (u64, Result<Cells>);

    fn next(&mut self) -> Option<(u64, Result<Cells>)> {
        match &mut self.source {
            Source::Csv { reader, record } => {
                let before = reader.position().line();
                match reader.read_record(record) {
                    Ok(false) => None,
                    Ok(true) => {
                        let line = record.position().map_or(before, csv::Position::line);
                        let mut cells = Cells::default();
                        for (column, value) in self.columns.iter().zip(record.iter()) {
                            cells.add(column, value);
                        }
                        Some((line, Ok(cells)))
                    }
                    Err(error) => {
                        let line = error.position().map_or(before, csv::Position::line);
                        if matches!(error.kind(), csv::ErrorKind::Io(_)) {
                            self.source = Source::Done;
                        }
                        Some((line, Err(csv_error(&error))))
                    }
                }
            }
            Source::Json { reader, line } => loop {
                let mut text = Vec::new();
                *line += 1;
                let at = *line;
                match reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text) {
                    Ok(0) => return None,
                    Ok(_) if text.iter().all(u8::is_ascii_whitespace) => {}
                    Ok(_) => return Some((at, json_cells(&text))),
                    Err(error) => {
                        self.source = Source::Done;
                        return Some((at, Err(Error::io("", &error))));
                    }
                }
            },
            Source::Done => None,
        }
    }
}

fn json_cells(line: &[u8]) -> Result<Cells> {
    let ill_formed =
        |found: String| Error::new(ErrorKind::IllFormed, "", found, "one JSON object a line");
    let value: Value = serde_json::from_slice(line)
        .map_err(|e| ill_formed(format!("no JSON at column {}", e.column())))?;
    let Value::Object(object) = value else {
        return Err(ill_formed("JSON that is no object".to_owned()));
    };
    let mut cells = Cells::default();
    for (column, value) in object {
        match value {
            Value::Null => {}
            Value::String(text) => cells.add(&column, &text),
            Value::Number(number) => cells.add(&column, &number.to_string()),
            Value::Bool(flag) => cells.add(&column, if flag { "1" } else { "0" }),
            Value::Object(_) if column == "metadata" => cells.inline_metadata = Some(value),
            Value::Object(_) | Value::Array(_) => {
                let wanted = "a text, a number, true, false or null";
                let error = Error::new(ErrorKind::IllFormed, column, "a list or object", wanted);
                return Err(error.hint("facts with parts go under metadata"));
            }
        }
    }
    Ok(cells)
}
