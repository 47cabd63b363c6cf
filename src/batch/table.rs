//! Tables, row by row: CSV, JSON Lines or Parquet.

use super::mapping::{Decoded, Encoding, Mapping, nearest};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::AnalysisSettings;
use serde_json::Value;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The longest line of JSON read, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// What files of Apache Parquet begin with.
const PARQUET: &[u8] = b"PAR1";

/// The cells of one row that hold anything, by column.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    cells: Vec<Cell>,
    /// `metadata` where JSON gives the object itself.
    pub(super) inline_metadata: Option<Value>,
}

/// One cell, which is not empty.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) column: String,
    pub(super) value: String,
    /// Whether the table holds a number here, and not text that may be one.
    pub(super) is_number: bool,
}

impl Cells {
    /// Returns a cell; `None` when it is empty or there is no such column.
    pub fn get(&self, column: &str) -> Option<&str> {
        let cell = self.cells.iter().find(|c| c.column == column)?;
        Some(&cell.value)
    }

    /// Returns the object that a JSON table has as `metadata`.
    pub fn metadata_object(&self) -> Option<&Value> {
        self.inline_metadata.as_ref()
    }

    /// Returns the call's id, which every row has.
    pub(crate) fn call_id(&self) -> Result<&str> {
        self.get("call_id").ok_or_else(|| {
            let wanted = "the call's id";
            Error::new(ErrorKind::IllFormed, "call_id", "no value", wanted)
        })
    }

    /// Iterates over columns and values, in column order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let cells = self.cells.iter();
        cells.map(|c| (c.column.as_str(), c.value.as_str()))
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(super) fn any(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.cells.iter().any(|c| matches(&c.column))
    }

    pub(super) fn set(&mut self, column: &str, value: String) {
        self.cells.retain(|c| c.column != column);
        self.cells.push(Cell {
            column: column.to_owned(),
            value,
            is_number: false,
        });
    }

    /// Adds the cell of a column that the row has not yet; without the white space around it. An empty one
    /// is none.
    pub fn insert(&mut self, column: &str, value: &str) {
        self.add(column, value, false);
    }

    pub(super) fn add(&mut self, column: &str, value: &str, is_number: bool) {
        let value = value.trim();
        if !value.is_empty() && !column.is_empty() {
            self.cells.push(Cell {
                column: column.to_owned(),
                value: value.to_owned(),
                is_number,
            });
        }
    }
}

/// The rows of a table, each with its line; of Parquet with its number, from 1.
pub struct Rows {
    name: String,
    columns: Vec<String>,
    source: Source,
    mapping: Mapping,
    /// Rows read.
    number: u64,
    /// Whether JSON rows are results, with features in an object of their own.
    results: bool,
    /// Of each rule of the mapping, whether a row had its columns.
    seen: Vec<bool>,
}

enum Source {
    Csv {
        reader: Box<csv::Reader<Box<dyn Read + Send>>>,
        record: csv::ByteRecord,
        /// The columns as the header names them.
        header: Vec<String>,
    },
    Json {
        reader: Box<dyn BufRead + Send>,
        line: u64,
        /// The first line, where it was looked at before.
        first: Option<Vec<u8>>,
    },
    #[cfg(feature = "parquet")]
    Parquet(Box<super::parquet_rows::ParquetRows>),
    Done,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Opens a table: CSV with a header (comma, semicolon or tab), JSON Lines or, with the feature
/// `parquet`, Apache Parquet; told apart by the first bytes.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::IllFormed`] when it is empty or its
/// header is no text, names a column twice or has no `call_id`; [`ErrorKind::Unsupported`] of
/// UTF-16 and of Parquet that this build does not read.
pub fn read_table(path: &Path) -> Result<Rows> {
    read_table_mapped(path, &Mapping::default())
}

/// Opens a table whose columns mean what `mapping` says.
///
/// # Errors
///
/// As [`read_table`], and [`ErrorKind::Mismatch`] when the mapping takes a column that a CSV or
/// Parquet table has not. Of JSON Lines that is known at the end only: [`Rows::check_columns`].
pub fn read_table_mapped(path: &Path, mapping: &Mapping) -> Result<Rows> {
    let mut file = File::open(path).map_err(|e| Error::io(path.display(), &e))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let given = if starts_with_parquet(&mut file).map_err(|e| Error::io(path.display(), &e))? {
        parquet_table(file)
    } else {
        text_table(file, mapping)
    };
    let given = given.map_err(|e| e.within(path.display()))?;
    Rows::new(name, &path.display(), given, mapping)
}

/// Reads the rows of a table from a stream, CSV or JSON Lines; `name` is what errors call it.
///
/// # Errors
///
/// As [`read_table_mapped`].
pub fn read_table_from(
    name: &str,
    reader: impl Read + Send + 'static,
    mapping: &Mapping,
) -> Result<Rows> {
    let given = text_table(reader, mapping).map_err(|e| e.within(name))?;
    Rows::new(name.to_owned(), &name, given, mapping)
}

/// A table and the columns that it has.
type Given = (Source, Vec<String>);

fn starts_with_parquet(file: &mut File) -> std::io::Result<bool> {
    // A pipe cannot be wound back, and is no Parquet, whose directory stands at the end.
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    (&mut *file).take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start == PARQUET)
}

#[cfg(feature = "parquet")]
fn parquet_table(file: File) -> Result<Given> {
    let rows = super::parquet_rows::ParquetRows::open(file)?;
    let columns = rows.columns().to_vec();
    Ok((Source::Parquet(Box::new(rows)), columns))
}

#[cfg(not(feature = "parquet"))]
fn parquet_table(_: File) -> Result<Given> {
    Err(unread_parquet())
}

fn unread_parquet() -> Error {
    let wanted = "a file of CSV or JSON Lines";
    let error = Error::new(ErrorKind::Unsupported, "", "Apache Parquet", wanted);
    error.hint("build with --features parquet")
}

fn text_table(reader: impl Read + Send + 'static, mapping: &Mapping) -> Result<Given> {
    let io = |e: std::io::Error| csv_error(&csv::Error::from(e));
    let encoding = mapping.encoding.unwrap_or(Encoding::Utf8);
    let mut raw = BufReader::new(reader);
    let start = raw.fill_buf().map_err(io)?;
    let marked_utf16 = start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF");
    if encoding == Encoding::Utf8 {
        if start.starts_with(PARQUET) {
            return Err(unread_parquet().hint("Parquet is read from a file only"));
        }
        if marked_utf16 {
            let error = Error::new(ErrorKind::Unsupported, "", "UTF-16 text", "UTF-8");
            let hint = "save the table as UTF-8, or say encoding = \"utf-16\" in a mapping";
            return Err(error.hint(hint));
        }
    }
    let marked_utf8 = start.starts_with(b"\xEF\xBB\xBF");
    if encoding == Encoding::Windows1251 {
        let line = start.split(|&b| b == b'\n').next().unwrap_or_default();
        // Cyrillic of Windows-1251 is UTF-8 by chance only.
        if marked_utf16 || (!line.is_ascii() && std::str::from_utf8(line).is_ok()) {
            let found = if marked_utf16 {
                "UTF-16 text"
            } else {
                "UTF-8 text"
            };
            let wanted = "Windows-1251, as the mapping says";
            let error = Error::new(ErrorKind::Mismatch, "", found, wanted);
            return Err(error.hint("is the encoding in the mapping another table's?"));
        }
    }
    if marked_utf8 {
        raw.consume(3);
    }
    let mut reader = BufReader::new(Decoded::new(raw, encoding));
    let start = reader.fill_buf().map_err(io)?;
    let Some(&first) = start.iter().find(|b| !b.is_ascii_whitespace()) else {
        let wanted = "a table with a header";
        return Err(Error::new(
            ErrorKind::IllFormed,
            "",
            "an empty file",
            wanted,
        ));
    };
    if let Some(path) = &mapping.rows {
        let reader: Box<dyn BufRead + Send> = Box::new(wrapped_rows(reader, path)?);
        let source = Source::Json {
            reader,
            line: 0,
            first: None,
        };
        return Ok((source, Vec::new()));
    }
    if first == b'{' {
        let source = Source::Json {
            reader: Box::new(reader),
            line: 0,
            first: None,
        };
        return Ok((source, Vec::new()));
    }
    let line = start.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|&&b| b == delimiter).count();
    // A header holds names, so the most frequent of the three is the delimiter.
    let likely = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|&d| (count(d), d == b','));
    let delimiter = mapping.delimiter.or(likely).unwrap_or(b',');
    let boxed: Box<dyn Read + Send> = Box::new(Newlines {
        inner: reader,
        last: b'\n',
    });
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        // The cells are counted below, where the line is known.
        .flexible(true)
        .has_headers(mapping.header.is_none())
        .from_reader(boxed);
    let header: Vec<String> = match &mapping.header {
        Some(header) => header.clone(),
        None => {
            let headers = reader.headers().map_err(|e| csv_error(&e))?;
            headers.iter().map(|c| c.trim().to_owned()).collect()
        }
    };
    // Spreadsheets leave columns without a name behind the last one: they are passed over.
    let mut seen = HashSet::new();
    let named = header.iter().enumerate().filter(|(_, c)| !c.is_empty());
    if let Some((i, column)) = named.into_iter().find(|(_, c)| !seen.insert(*c)) {
        let found = format!("column {column:?} a second time, as number {}", i + 1);
        let wanted = "each column once";
        return Err(Error::new(ErrorKind::IllFormed, "", found, wanted));
    }
    let source = Source::Csv {
        reader: Box::new(reader),
        record: csv::ByteRecord::new(),
        header: header.clone(),
    };
    Ok((source, header))
}

/// Takes the rows out of a JSON document that wraps them, as JSON Lines.
fn wrapped_rows(reader: impl Read, path: &str) -> Result<std::io::Cursor<Vec<u8>>> {
    let mut text = Vec::new();
    let count = reader.take(MAX_LINE + 1).read_to_end(&mut text);
    let count = count.map_err(|e| csv_error(&csv::Error::from(e)))? as u64;
    if count > MAX_LINE {
        let wanted = format!("a document of at most {MAX_LINE} bytes");
        return Err(Error::new(
            ErrorKind::Unsupported,
            "",
            "a longer one",
            wanted,
        ));
    }
    let document: Value =
        serde_json::from_slice(&text).map_err(|e| Error::json(&e, "a JSON document"))?;
    let inner = path
        .split('.')
        .try_fold(&document, |value, key| value.get(key));
    let Some(rows) = inner.and_then(Value::as_array) else {
        let keys = document
            .as_object()
            .map(|o| o.keys().take(8).map(String::as_str).collect());
        let keys: Vec<&str> = keys.unwrap_or_default();
        let found = format!("no array there; the keys are {}", keys.join(", "));
        let error = Error::new(ErrorKind::Mismatch, path, found, "the rows, as an array");
        return Err(error.hint("is rows in the mapping another table's?"));
    };
    let mut lines = Vec::new();
    for row in rows {
        lines.extend_from_slice(row.to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok(std::io::Cursor::new(lines))
}

/// Refuses columns without the one that every table has.
fn check_columns(columns: &[String]) -> Result<()> {
    if columns.iter().any(|c| c == "call_id") {
        return Ok(());
    }
    let shown: Vec<&str> = columns.iter().take(8).map(String::as_str).collect();
    let found = format!("the columns {}", shown.join(", "));
    let error = Error::new(ErrorKind::IllFormed, "", found, "a column call_id");
    let near = nearest("call_id", columns.iter().map(String::as_str));
    Err(match near {
        Some(near) => error.hint(format!("is it {near:?}? say so in a mapping")),
        None => {
            error.hint("is the header missing, or call_id named otherwise (a mapping says so)?")
        }
    })
}

impl Rows {
    /// Makes the rows of a table that is opened; `shown` is what errors call it.
    fn new(
        name: String,
        shown: &dyn std::fmt::Display,
        (source, given): Given,
        mapping: &Mapping,
    ) -> Result<Rows> {
        let columns = match source {
            Source::Json { .. } => Vec::new(),
            _ => {
                // What is wrong with a rule stands in the mapping, and not in the table.
                let columns = mapping.columns(&name, &given)?;
                check_columns(&columns).map_err(|e| e.within(shown))?;
                columns
            }
        };
        Ok(Rows {
            name,
            columns,
            source,
            mapping: mapping.clone(),
            number: 0,
            results: false,
            seen: Vec::new(),
        })
    }

    /// Returns the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the columns of a CSV or Parquet table, under the names of this crate; of JSON Lines
    /// they are known only row by row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Names the place of a row, as `calls.csv line 3` or `calls.parquet row 2`.
    pub fn place(&self, line: u64) -> String {
        let word = match &self.source {
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => "row",
            // Of a document that wraps its rows the lines say nothing.
            _ if self.mapping.rows.is_some() => "row",
            _ => "line",
        };
        format!("{} {word} {line}", self.name)
    }

    /// Refuses a table whose mapping took a column that no row read so far had.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] naming the rule. Only of JSON Lines: the columns of the others are
    /// known when they are opened.
    pub fn check_columns(&self) -> Result<()> {
        match &self.source {
            Source::Json { .. } if self.number > 0 => {
                self.mapping.check_seen(&self.seen, &self.name, &[])
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the rows are results of this crate, which have a `schema` and a `status`; from
    /// then on the features of JSON rows are columns.
    pub(crate) fn find_results(&mut self) -> Result<bool> {
        let marks = ["schema", "status"];
        self.results = match &mut self.source {
            Source::Json {
                reader,
                line,
                first,
            } => {
                let mut text = Vec::new();
                while text.iter().all(u8::is_ascii_whitespace) {
                    text.clear();
                    *line += 1;
                    let count = read_line(reader, MAX_LINE, &mut text);
                    if count.map_err(|e| Error::io(&self.name, &e))? == 0 {
                        break;
                    }
                }
                let object = serde_json::from_slice::<Value>(&text).ok();
                *first = Some(text);
                object.is_some_and(|row| marks.iter().all(|key| row.get(key).is_some()))
            }
            _ => marks
                .iter()
                .all(|key| self.columns.iter().any(|c| c == key)),
        };
        Ok(self.results)
    }
}

pub(super) fn not_utf8() -> Error {
    let error = Error::new(ErrorKind::IllFormed, "", "text that is no UTF-8", "UTF-8");
    error.hint("is it Windows-1251? save it as UTF-8, or name the encoding in a mapping")
}

fn csv_error(error: &csv::Error) -> Error {
    match error.kind() {
        // What the decoder says of bytes that are no text.
        csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => {
            let wanted = "text in the encoding that the mapping names";
            Error::new(ErrorKind::IllFormed, "", e, wanted)
        }
        csv::ErrorKind::Io(e) => Error::io("", e),
        csv::ErrorKind::Utf8 { .. } => not_utf8(),
        _ => Error::new(ErrorKind::IllFormed, "", error, "CSV"),
    }
}

fn csv_cells(columns: &[String], record: &csv::ByteRecord) -> Result<Cells> {
    if record.len() != columns.len() {
        let found = format!("{} cells", record.len());
        let wanted = format!("{}, as in the header", columns.len());
        let error = Error::new(ErrorKind::IllFormed, "", found, wanted);
        return Err(
            error.hint("is a delimiter inside a cell without quotes, or a quote left open?")
        );
    }
    let mut cells = Cells::default();
    for (column, value) in columns.iter().zip(record) {
        let value = std::str::from_utf8(value).map_err(|_| not_utf8())?;
        cells.add(column, value, false);
    }
    Ok(cells)
}

/// Passes text on with every line ended by one LF, the last one too: so the line of a record is
/// the LFs before it, whatever the file ends its lines with.
struct Newlines<R> {
    inner: R,
    last: u8,
}

impl<R: Read> Read for Newlines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.inner.read(buffer)?;
            if count == 0 {
                let missing = !matches!(self.last, b'\r' | b'\n') && !buffer.is_empty();
                if missing {
                    buffer[0] = b'\n';
                    self.last = b'\n';
                }
                return Ok(usize::from(missing));
            }
            let mut kept = 0;
            for i in 0..count {
                let byte = buffer[i];
                if !(byte == b'\n' && self.last == b'\r') {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
                self.last = byte;
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl Iterator for Rows {
    type Item = (u64, Result<Cells>);

    fn next(&mut self) -> Option<(u64, Result<Cells>)> {
        let (line, cells) = self.given()?;
        self.number += 1;
        let cells = cells.and_then(|cells| {
            self.mapping.mark_seen(&cells, &mut self.seen);
            self.mapping.apply(self.number, cells)
        });
        Some((line, cells))
    }
}

impl Rows {
    /// Returns the next row as the table has it.
    fn given(&mut self) -> Option<(u64, Result<Cells>)> {
        match &mut self.source {
            Source::Csv {
                reader,
                record,
                header,
            } => {
                match reader.read_byte_record(record) {
                    Ok(false) => None,
                    Ok(true) => {
                        // The reader stands behind the record's last LF; empty lines before the
                        // record are behind it too, so its own place would be theirs.
                        let within = record.as_slice().iter().filter(|&&b| b == b'\n').count();
                        let line = reader.position().line().saturating_sub(1 + within as u64);
                        Some((line, csv_cells(header, record)))
                    }
                    Err(error) => {
                        let line = reader.position().line();
                        self.source = Source::Done;
                        Some((line, Err(csv_error(&error))))
                    }
                }
            }
            Source::Json {
                reader,
                line,
                first,
            } => loop {
                let (read, text) = match first.take() {
                    Some(text) => (Ok(text.len() as u64), text),
                    None => {
                        let mut text = Vec::new();
                        *line += 1;
                        (read_line(reader, MAX_LINE, &mut text), text)
                    }
                };
                let at = *line;
                match read {
                    Ok(0) => return None,
                    Ok(count) if count > MAX_LINE => {
                        let wanted = format!("a line of at most {MAX_LINE} bytes");
                        let found = "a longer one";
                        let error = Error::new(ErrorKind::Unsupported, "", found, wanted);
                        return Some((at, Err(error)));
                    }
                    Ok(_) if text.iter().all(u8::is_ascii_whitespace) => {}
                    Ok(_) => return Some((at, json_cells(&text, self.results))),
                    Err(error) => {
                        self.source = Source::Done;
                        return Some((at, Err(csv_error(&csv::Error::from(error)))));
                    }
                }
            },
            #[cfg(feature = "parquet")]
            Source::Parquet(rows) => {
                let row = rows.next()?;
                Some((self.number + 1, row))
            }
            Source::Done => None,
        }
    }
}

/// Reads a line, of which at most `most` bytes are kept and the rest is passed over. Returns how
/// many were kept or, when that was not all, more than `most`.
fn read_line(reader: &mut dyn BufRead, most: u64, text: &mut Vec<u8>) -> std::io::Result<u64> {
    let count = (&mut *reader).take(most).read_until(b'\n', text)? as u64;
    if count < most || text.ends_with(b"\n") {
        return Ok(count);
    }
    Ok(count + reader.skip_until(b'\n')? as u64)
}

/// Reads the cells of a line. Of `results` the features, which stand in an object, are columns, the
/// error is its message, the settings are their fingerprint, and lists are passed over.
fn json_cells(line: &[u8], results: bool) -> Result<Cells> {
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
            Value::Object(_) if column == "metadata" => cells.inline_metadata = Some(value),
            Value::Object(features) if results && column == "features" => {
                for (column, value) in &features {
                    add_json(&mut cells, column, value);
                }
            }
            Value::Object(error) if results && column == "error" => {
                if let Some(message) = error.get("message") {
                    add_json(&mut cells, "error", message);
                }
            }
            // As CSV has it: the name and the fingerprint.
            Value::Object(model) if results && column == "model" => {
                let text = |key: &str| model.get(key).and_then(Value::as_str).unwrap_or_default();
                let told = format!("{} {}", text("name"), text("fingerprint"));
                cells.add("model", &told, false);
            }
            Value::Object(_) if results && column == "settings" => {
                let settings = serde_json::from_value::<AnalysisSettings>(value);
                let settings = settings.map_err(|e| Error::json(&e, "settings of this build"))?;
                cells.add("settings", &settings.fingerprint(), false);
            }
            value if add_json(&mut cells, &column, &value) || results => {}
            _ => {
                let wanted = "a text, a number, true, false or null";
                let error = Error::new(ErrorKind::IllFormed, column, "a list or object", wanted);
                return Err(error.hint("facts with parts go under metadata"));
            }
        }
    }
    Ok(cells)
}

/// Adds a cell; returns whether a cell can hold the value.
fn add_json(cells: &mut Cells, column: &str, value: &Value) -> bool {
    match value {
        Value::Null => {}
        Value::String(text) => cells.add(column, text, false),
        Value::Number(number) => cells.add(column, &number.to_string(), true),
        Value::Bool(flag) => cells.add(column, if *flag { "1" } else { "0" }, true),
        Value::Object(_) | Value::Array(_) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_too_long_is_one_line() {
        let mut reader = &b"abc\nabcde\nabcd\nef"[..];
        let mut next = || {
            let mut text = Vec::new();
            let count = read_line(&mut reader, 4, &mut text).unwrap();
            (count, text)
        };
        assert_eq!(next(), (4, b"abc\n".to_vec()));
        assert_eq!(next(), (6, b"abcd".to_vec()));
        assert_eq!(next(), (5, b"abcd".to_vec()));
        assert_eq!(next(), (2, b"ef".to_vec()));
        assert_eq!(next(), (0, Vec::new()));
    }

    #[test]
    fn every_line_ends_with_one_lf_however_the_bytes_arrive() {
        for (given, wanted) in [
            ("a\r\nb\rc\n\r\n", "a\nb\nc\n\n"),
            ("a", "a\n"),
            ("", ""),
            ("a\r", "a\n"),
        ] {
            for size in 1..4 {
                let inner = BufReader::with_capacity(size, given.as_bytes());
                let mut text = String::new();
                let mut lines = Newlines { inner, last: b'\n' };
                lines.read_to_string(&mut text).unwrap();
                assert_eq!(text, wanted, "{given:?} in pieces of {size}");
            }
        }
    }
}
