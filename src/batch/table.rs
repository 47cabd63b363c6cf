//! Tables of text: CSV or JSON Lines, row by row.

use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;
use std::collections::HashSet;
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
        if !value.is_empty() && !column.is_empty() {
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
        record: csv::ByteRecord,
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
    let boxed: Box<dyn Read + Send> = Box::new(Newlines {
        inner: reader,
        last: b'\n',
    });
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        // The cells are counted below, where the line is known.
        .flexible(true)
        .from_reader(boxed);
    let headers = reader
        .headers()
        .map_err(|e| csv_error(&e).within(path.display()))?;
    let columns: Vec<String> = headers.iter().map(|c| c.trim().to_owned()).collect();
    // Spreadsheets leave columns without a name behind the last one: they are passed over.
    let mut seen = HashSet::new();
    let named = columns.iter().enumerate().filter(|(_, c)| !c.is_empty());
    if let Some((i, column)) = named.into_iter().find(|(_, c)| !seen.insert(*c)) {
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
        record: csv::ByteRecord::new(),
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

pub(super) fn not_utf8() -> Error {
    let error = Error::new(ErrorKind::IllFormed, "", "text that is no UTF-8", "UTF-8");
    error.hint("is it Windows-1251? save it as UTF-8")
}

fn csv_error(error: &csv::Error) -> Error {
    match error.kind() {
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
        cells.add(column, std::str::from_utf8(value).map_err(|_| not_utf8())?);
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
        match &mut self.source {
            Source::Csv { reader, record } => {
                match reader.read_byte_record(record) {
                    Ok(false) => None,
                    Ok(true) => {
                        // The reader stands behind the record's last LF; empty lines before the
                        // record are behind it too, so its own place would be theirs.
                        let within = record.as_slice().iter().filter(|&&b| b == b'\n').count();
                        let line = reader.position().line().saturating_sub(1 + within as u64);
                        Some((line, csv_cells(&self.columns, record)))
                    }
                    Err(error) => {
                        let line = reader.position().line();
                        self.source = Source::Done;
                        Some((line, Err(csv_error(&error))))
                    }
                }
            }
            Source::Json { reader, line } => loop {
                let mut text = Vec::new();
                *line += 1;
                let at = *line;
                match read_line(reader, MAX_LINE, &mut text) {
                    Ok(0) => return None,
                    Ok(count) if count > MAX_LINE => {
                        let wanted = format!("a line of at most {MAX_LINE} bytes");
                        let found = "a longer one";
                        let error = Error::new(ErrorKind::Unsupported, "", found, wanted);
                        return Some((at, Err(error)));
                    }
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

/// Reads a line, of which at most `most` bytes are kept and the rest is passed over. Returns how
/// many were kept or, when that was not all, more than `most`.
fn read_line(reader: &mut dyn BufRead, most: u64, text: &mut Vec<u8>) -> std::io::Result<u64> {
    let count = (&mut *reader).take(most).read_until(b'\n', text)? as u64;
    if count < most || text.ends_with(b"\n") {
        return Ok(count);
    }
    Ok(count + reader.skip_until(b'\n')? as u64)
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
