//! A file that says what the columns of a foreign table mean here.
//!
//! It is [TOML](https://toml.io): how the text is written, and under `columns` the columns of this
//! crate with where each comes from.
//!
//! ```toml
//! encoding = "windows-1251"  # or "utf-16", "utf-16le", "utf-16be" [default: "utf-8"]
//! delimiter = ";"            # of CSV [default: the most frequent of , ; tab in the header]
//! decimal = ","              # decimal mark of numbers in text [default: "."]
//! kind = "features"          # the rows are measured calls [default: "manifest"]
//! header = ["id", "", "st"]  # of CSV without a header; a column without a name is left out
//! rows = "result"            # of one JSON document: the key under which the rows are, as an array
//! leave_out = ["Телефон"]    # columns that go no further, as those that name people
//!
//! [columns]
//! mark = "Оценка"                                       # another name
//! call_id = { from = ["Дата", "Номер"], join = "-" }    # several columns [default of join: "-"]
//! queue_wait_s = { from = "WaitMs", unit = "ms" }       # another unit
//! recording_start = { from = "Начало", format = "%d.%m.%Y %H:%M:%S", offset = "+03:00" }
//! survey_status = { from = "st", values = { "ответил" = "answered" }, otherwise = "no_response" }
//! agent_channel = { value = "left" }                    # the same in every row
//! ```
//!
//! | key of a column | meaning |
//! |---|---|
//! | `from` | the table's column, or a list of them; a row without one of a list has no value |
//! | `minus` | a column to take off `from`; both are moments in seconds since 1970, and a row in which one is 0 or empty has no value |
//! | `join` | what stands between the values of a list |
//! | `value` | a constant, instead of `from` |
//! | `row_number` | `true`: the number of the row, from 1, instead of `from` |
//! | `values` | what each value of the table is here; one that is not listed is an error |
//! | `otherwise` | what a value that is not listed is |
//! | `absent` | what an empty cell is |
//! | `unit` | `ms`, `s`, `min`, `h`, `hh:mm:ss`, `mm:ss`, `share`, `percent`; becomes seconds or a share |
//! | `format` | of a time or date, as of [`strftime`](mod@jiff::fmt::strtime); becomes ISO 8601 |
//! | `offset` | from UTC, of times that do not tell theirs |
//!
//! # Conventions
//!
//! * Nothing is guessed in silence: what the file does not say is as without it, and a likely mistake
//!   is named in the error.
//! * A column that no rule names is passed on under its own name; one that a rule takes is not, and
//!   neither is one with the name of a rule.
//! * `decimal`, `encoding` and `delimiter` are about text: numbers of JSON and Parquet are numbers.
//!   With `decimal = ","` a point in a number is an error, since it may be a thousands separator.

mod convert;
mod encoding;

pub(crate) use convert::moment;
pub(super) use encoding::{Decoded, Encoding};

use super::table::{Cell, Cells};
use crate::error::{Error, ErrorKind, Result};
use crate::files::read_whole;
use convert::{SourceUnit, WhenTold};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest mapping read, in bytes; real ones are some hundreds.
const MAX_MAPPING: u64 = 1 << 20;

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableKind {
    /// Calls with their recordings, transcripts and facts, to be measured.
    #[default]
    Manifest,
    /// Measured calls: columns named as the features.
    Features,
}

/// What the columns of a table mean here: read from a file as the
/// [module](crate::batch::mapping) tells. The default one changes nothing.
///
/// ```
/// use callcsi::batch::{Mapping, read_table_from};
/// let text = r#"
/// delimiter = ";"
/// decimal = ","
/// [columns]
/// call_id = "Номер"
/// queue_wait_s = { from = "Ожидание", unit = "min" }
/// "#;
/// let mapping = Mapping::parse("calls.toml", text)?;
/// let table = "Номер;Ожидание\n17;1,5\n";
/// let mut rows = read_table_from("calls.csv", table.as_bytes(), &mapping)?;
/// let (line, cells) = rows.next().unwrap();
/// assert_eq!((line, cells?.get("queue_wait_s")), (2, Some("90")));
///
/// let wrong = Mapping::parse("calls.toml", &text.replace("Ожидание", "Ожидане"))?;
/// let error = read_table_from("calls.csv", table.as_bytes(), &wrong).unwrap_err();
/// assert_eq!(error.place(), "calls.toml line 6 column 1: columns.queue_wait_s");
/// assert_eq!(error.hint_text(), Some("is it \"Ожидание\"?"));
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub(super) encoding: Option<Encoding>,
    pub(super) delimiter: Option<u8>,
    decimal_comma: bool,
    kind: TableKind,
    /// The columns of CSV that has no header.
    pub(super) header: Option<Vec<String>>,
    /// The keys, apart by points, that lead to the rows in a JSON document.
    pub(super) rows: Option<String>,
    leave_out: Vec<String>,
    rules: Vec<Rule>,
}

/// Where a column of this crate comes from.
#[derive(Clone, Debug)]
struct Rule {
    target: String,
    /// File, line and column of the rule.
    place: String,
    origin: Origin,
    values: Option<BTreeMap<String, String>>,
    otherwise: Option<String>,
    absent: Option<String>,
    unit: Option<SourceUnit>,
    when: WhenTold,
}

#[derive(Clone, Debug)]
enum Origin {
    Columns {
        from: Vec<String>,
        join: String,
    },
    /// Moments in seconds: the first less the second.
    Difference([String; 2]),
    Constant(String),
    RowNumber,
}

impl Rule {
    /// Returns the table's columns that the rule takes.
    fn from(&self) -> &[String] {
        match &self.origin {
            Origin::Columns { from, .. } => from,
            Origin::Difference(from) => from,
            Origin::Constant(_) | Origin::RowNumber => &[],
        }
    }
}

impl Mapping {
    /// Reads a mapping from a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be read, else as [`Mapping::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Mapping> {
        let path = path.as_ref();
        let bytes = read_whole(path, MAX_MAPPING)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| super::table::not_utf8().within(path.display()))?;
        Mapping::parse(&path.display().to_string(), text)
    }

    /// Reads a mapping from text; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IllFormed`] for text that is no TOML, [`ErrorKind::Invalid`] for a key, a unit or
    /// an encoding that there is not; the place names line and column.
    pub fn parse(name: &str, text: &str) -> Result<Mapping> {
        let reader = Reader { name, text };
        let table = DeTable::parse(text).map_err(|e| {
            let at = reader.at(e.span().map_or(0, |span| span.start));
            Error::new(ErrorKind::IllFormed, at, e.message(), "TOML")
        })?;
        reader.mapping(table.get_ref())
    }

    /// Returns a mapping that changes no column and says that the rows are measured calls.
    pub fn features() -> Mapping {
        Mapping {
            kind: TableKind::Features,
            ..Mapping::default()
        }
    }

    /// Returns what the rows are.
    pub fn kind(&self) -> TableKind {
        self.kind
    }

    /// Tells whether rows stay as they are.
    fn changes_nothing(&self) -> bool {
        self.rules.is_empty() && self.leave_out.is_empty() && !self.decimal_comma
    }

    /// Returns the columns that come of a table's, those of rules first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] for a rule that takes a column which the table has not.
    pub(super) fn columns(&self, table: &str, given: &[String]) -> Result<Vec<String>> {
        for rule in &self.rules {
            for column in rule.from() {
                if !given.contains(column) {
                    return Err(self.no_such_column(rule, column, table, given));
                }
            }
        }
        let targets = self.rules.iter().map(|rule| rule.target.clone());
        let others = given.iter().filter(|c| self.passes(c)).cloned();
        Ok(targets.chain(others).collect())
    }

    fn no_such_column(&self, rule: &Rule, column: &str, table: &str, given: &[String]) -> Error {
        let shown: Vec<&str> = given.iter().take(12).map(String::as_str).collect();
        let more = if given.len() > shown.len() {
            ", …"
        } else {
            ""
        };
        let found = format!("no column {column:?} in {table}");
        let wanted = format!("one of {}{more}", shown.join(", "));
        let error = Error::new(ErrorKind::Mismatch, &rule.place, found, wanted);
        if let Some(near) = nearest(column, given.iter().map(String::as_str)) {
            return error.hint(format!("is it {near:?}?"));
        }
        let other = [';', ',', '\t']
            .into_iter()
            .find(|&d| matches!(given, [only] if only.contains(d)));
        match other {
            Some(delimiter) => error.hint(format!("is the delimiter {delimiter:?}?")),
            None => error,
        }
    }

    /// Tells whether a column of the table is passed on under its own name.
    fn passes(&self, column: &str) -> bool {
        let taken = |rule: &Rule| rule.target == column || rule.from().iter().any(|c| c == column);
        !self.rules.iter().any(taken) && !self.leave_out.iter().any(|c| c == column)
    }

    /// Marks the rules whose columns a row has, for tables that tell their columns row by row.
    pub(super) fn mark_seen(&self, cells: &Cells, seen: &mut Vec<bool>) {
        seen.resize(self.rules.len(), false);
        for (rule, seen) in self.rules.iter().zip(seen) {
            *seen |= rule.from().iter().all(|c| cells.get(c).is_some());
        }
    }

    /// Refuses a table in which a rule's columns were in no row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] naming the first such rule.
    pub(super) fn check_seen(&self, seen: &[bool], table: &str, given: &[String]) -> Result<()> {
        let unseen = self.rules.iter().zip(seen).find(|(_, seen)| !**seen);
        let Some((rule, column)) = unseen.and_then(|(rule, _)| Some((rule, rule.from().first()?)))
        else {
            return Ok(());
        };
        Err(self.no_such_column(rule, column, table, given))
    }

    /// Makes the row of this crate of a table's; `number` counts the rows from 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IllFormed`] or [`ErrorKind::Invalid`] for a cell that is not what the mapping
    /// says; the place names the table's column and this crate's.
    pub(super) fn apply(&self, number: u64, given: Cells) -> Result<Cells> {
        if self.changes_nothing() {
            return Ok(given);
        }
        let mut made = Cells::default();
        let by_name: HashMap<&str, &Cell> = given
            .cells()
            .iter()
            .map(|c| (c.column.as_str(), c))
            .collect();
        for rule in &self.rules {
            let cell = rule
                .cell(number, &by_name)
                .and_then(|cell| match cell {
                    Some(cell) => self.converted(rule, cell).map(Some),
                    None => Ok(None),
                })
                .map_err(|e| e.within(shown_columns(rule)))?;
            if let Some(cell) = cell {
                made.add(&rule.target, &cell.value, cell.is_number);
            }
        }
        for cell in given.cells().iter().filter(|c| self.passes(&c.column)) {
            let cell = self.with_point(cell.clone())?;
            made.add(&cell.column, &cell.value, cell.is_number);
        }
        made.inline_metadata = given.inline_metadata;
        Ok(made)
    }

    fn converted(&self, rule: &Rule, cell: Cell) -> Result<Cell> {
        // The columns of clock times have numbers in them and are none.
        let clock = rule.unit.is_some_and(SourceUnit::is_clock);
        let mut cell = match clock {
            true => cell,
            false => self.with_point(cell)?,
        };
        if let Some(unit) = rule.unit {
            let text = match (clock, self.decimal_comma) {
                (true, true) => cell.value.replace(',', "."),
                _ => cell.value,
            };
            cell.value = unit.converted(&text)?;
            cell.is_number = true;
        }
        if rule.when.says_anything() {
            cell.value = rule.when.iso(&cell.value)?;
        }
        convert::check_bounds(&cell)?;
        Ok(cell)
    }

    /// Puts a point for a decimal comma where the column holds numbers.
    fn with_point(&self, mut cell: Cell) -> Result<Cell> {
        if self.decimal_comma && !cell.is_number && convert::is_numeric(&cell.column) {
            cell.value =
                convert::with_point(&cell.value).map_err(|e| e.within(cell.column.clone()))?;
        }
        Ok(cell)
    }
}

/// Names the columns of the table and of this crate in an error.
fn shown_columns(rule: &Rule) -> String {
    match rule.from() {
        [] => rule.target.clone(),
        [only] if *only == rule.target => only.clone(),
        from => format!("{} ({})", from.join(", "), rule.target),
    }
}

impl Rule {
    fn cell(&self, number: u64, given: &HashMap<&str, &Cell>) -> Result<Option<Cell>> {
        let made = |value: String, is_number: bool| Cell {
            column: self.target.clone(),
            value,
            is_number,
        };
        let cell = match &self.origin {
            Origin::Constant(value) => Some(made(value.clone(), false)),
            Origin::RowNumber => Some(made(number.to_string(), true)),
            Origin::Difference(from) => {
                let set = |cell: &&Cell| !cell.value.trim_matches(['0', '.']).is_empty();
                match from
                    .each_ref()
                    .map(|c| given.get(c.as_str()).copied().filter(set))
                {
                    [Some(end), Some(start)] => {
                        let span = convert::seconds_between(&start.value, &end.value)?;
                        Some(made(span.to_string(), true))
                    }
                    _ => None,
                }
            }
            Origin::Columns { from, join } => {
                let parts: Option<Vec<&Cell>> = from
                    .iter()
                    .map(|c| given.get(c.as_str()).copied())
                    .collect();
                match parts.as_deref() {
                    None => None,
                    Some([only]) => Some(made(only.value.clone(), only.is_number)),
                    Some(parts) => {
                        let parts: Vec<&str> = parts.iter().map(|c| c.value.as_str()).collect();
                        Some(made(parts.join(join), false))
                    }
                }
            }
        };
        let Some(mut cell) = cell else {
            return Ok(self.absent.clone().map(|value| made(value, false)));
        };
        if let Some(values) = &self.values {
            match values.get(&cell.value).or(self.otherwise.as_ref()) {
                Some(value) => {
                    cell.value.clone_from(value);
                    cell.is_number = false;
                }
                None => {
                    let listed: Vec<&str> = values.keys().take(12).map(String::as_str).collect();
                    let found = format!("{:?}", cell.value);
                    let wanted = format!("one of {}", listed.join(", "));
                    let error = Error::new(ErrorKind::Invalid, "", found, wanted);
                    let near = nearest(&cell.value, values.keys().map(String::as_str));
                    return Err(match near {
                        Some(near) => error.hint(format!("is it {near:?}?")),
                        None => error.hint("list it under values, or say otherwise"),
                    });
                }
            }
        }
        Ok(Some(cell))
    }
}

/// Reads the parsed file.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    /// Names file, line and column of a byte.
    fn at(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        format!("{} line {line} column {column}", self.name)
    }

    fn invalid(&self, offset: usize, key: &str, found: &str, wanted: &str) -> Error {
        let place = match key {
            "" => self.at(offset),
            key => format!("{}: {key}", self.at(offset)),
        };
        Error::new(ErrorKind::Invalid, place, found, wanted)
    }

    /// Refuses a key that is none of those known.
    fn unknown(&self, offset: usize, key: &str, known: &[&str]) -> Error {
        let error = self.invalid(offset, "", &format!("the key {key:?}"), &known.join(", "));
        match nearest(key, known.iter().copied()) {
            Some(near) => error.hint(format!("is it {near}?")),
            None if known.contains(&"columns") => error.hint("do columns stand under [columns]?"),
            None => error,
        }
    }

    fn text(&self, key: &str, value: &Value<'_>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            // What a cell may hold: numbers and flags are taken as they are spelt.
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            DeValue::Boolean(flag) => Ok(if *flag { "1" } else { "0" }.to_owned()),
            other => {
                let found = format!("a value of type {}", other.type_str());
                Err(self.invalid(value.span().start, key, &found, "a text"))
            }
        }
    }

    fn one_of<T: Copy>(&self, key: &str, value: &Value<'_>, choices: &[(&str, T)]) -> Result<T> {
        let said = self.text(key, value)?;
        let found = choices.iter().find(|(name, _)| *name == said);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let found = format!("{said:?}");
            self.invalid(value.span().start, key, &found, &names.join(", "))
        })
    }

    fn mapping(&self, table: &DeTable<'_>) -> Result<Mapping> {
        let mut mapping = Mapping::default();
        for (key, value) in table {
            let (name, at) = (key.get_ref().as_ref(), value.span().start);
            match name {
                "encoding" => {
                    mapping.encoding = Some(self.one_of(name, value, &Encoding::NAMES)?);
                }
                "delimiter" => {
                    mapping.delimiter = Some(match self.text(name, value)?.as_bytes() {
                        b"tab" => b'\t',
                        &[byte] if byte.is_ascii() && !b"\"\r\n.".contains(&byte) => byte,
                        other => {
                            let found = format!("{:?}", String::from_utf8_lossy(other));
                            let wanted = "one sign, as \";\", or \"tab\"";
                            return Err(self.invalid(at, name, &found, wanted));
                        }
                    });
                }
                "decimal" => {
                    let marks = [(".", false), (",", true)];
                    mapping.decimal_comma = self.one_of(name, value, &marks)?;
                }
                "kind" => {
                    let kinds = [
                        ("manifest", TableKind::Manifest),
                        ("features", TableKind::Features),
                    ];
                    mapping.kind = self.one_of(name, value, &kinds)?;
                }
                "header" => mapping.header = Some(self.header(name, value)?),
                "rows" => mapping.rows = Some(self.text(name, value)?),
                "leave_out" => mapping.leave_out = self.list(name, value)?,
                "columns" => {
                    let DeValue::Table(columns) = value.get_ref() else {
                        return Err(self.invalid(at, name, "a value", "a table: [columns]"));
                    };
                    for (target, value) in columns {
                        let rule = self.rule(target.get_ref(), target.span().start, value)?;
                        mapping.rules.push(rule);
                    }
                }
                _ => {
                    let known = [
                        "encoding",
                        "delimiter",
                        "decimal",
                        "kind",
                        "header",
                        "rows",
                        "leave_out",
                        "columns",
                    ];
                    return Err(self.unknown(key.span().start, name, &known));
                }
            }
        }
        if mapping.delimiter == Some(b',') && mapping.decimal_comma {
            let error = self.invalid(0, "", "a comma as delimiter and as decimal mark", "one");
            return Err(error.hint("Excel writes ; where the decimal mark is a comma"));
        }
        Ok(mapping)
    }

    fn rule(&self, target: &str, at: usize, value: &Value<'_>) -> Result<Rule> {
        let key = format!("columns.{target}");
        let mut rule = Rule {
            target: target.to_owned(),
            place: format!("{}: {key}", self.at(at)),
            origin: Origin::Constant(String::new()),
            values: None,
            otherwise: None,
            absent: None,
            unit: None,
            when: WhenTold::default(),
        };
        if target.trim() != target || target.is_empty() {
            let wanted = "a name without spaces around it";
            return Err(self.invalid(at, &key, &format!("{target:?}"), wanted));
        }
        let DeValue::Table(keys) = value.get_ref() else {
            let from = vec![self.text(&key, value)?.trim().to_owned()];
            let join = String::new();
            rule.origin = Origin::Columns { from, join };
            return Ok(rule);
        };
        let (mut from, mut join, mut constant, mut numbered) = (None, None, None, false);
        let mut minus = None;
        for (name, value) in keys {
            let name_at = name.span().start;
            let name = name.get_ref().as_ref();
            let key = format!("{key}.{name}");
            let value_at = value.span().start;
            match name {
                "from" => from = Some(self.list(&key, value)?),
                "minus" => minus = Some(self.text(&key, value)?.trim().to_owned()),
                "join" => join = Some(self.text(&key, value)?),
                "value" => constant = Some(self.text(&key, value)?),
                "row_number" => {
                    numbered = match value.get_ref() {
                        DeValue::Boolean(flag) => *flag,
                        _ => return Err(self.invalid(value_at, &key, "a value", "true or false")),
                    };
                }
                "unit" => rule.unit = Some(self.one_of(&key, value, &SourceUnit::NAMES)?),
                "format" => rule.when.format = Some(self.text(&key, value)?),
                "offset" => {
                    let offset = self.text(&key, value)?;
                    if !convert::is_offset(&offset) {
                        let found = format!("{offset:?}");
                        let wanted = "an offset from UTC, as +03:00";
                        return Err(self.invalid(value_at, &key, &found, wanted));
                    }
                    rule.when.offset = Some(offset);
                }
                "otherwise" => rule.otherwise = Some(self.text(&key, value)?),
                "absent" => rule.absent = Some(self.text(&key, value)?),
                "values" => {
                    let DeValue::Table(pairs) = value.get_ref() else {
                        let wanted = "a table, as { \"да\" = \"answered\" }";
                        return Err(self.invalid(value_at, &key, "a value", wanted));
                    };
                    let pairs = pairs
                        .iter()
                        .map(|(from, to)| Ok((from.get_ref().to_string(), self.text(&key, to)?)));
                    rule.values = Some(pairs.collect::<Result<_>>()?);
                }
                _ => {
                    let known = [
                        "from",
                        "minus",
                        "join",
                        "value",
                        "row_number",
                        "values",
                        "otherwise",
                        "absent",
                        "unit",
                        "format",
                        "offset",
                    ];
                    return Err(self.unknown(name_at, name, &known));
                }
            }
        }
        if let Some(minus) = minus {
            let Some([start]) = from.as_deref() else {
                let wanted = "from with one column";
                return Err(self.invalid(at, &key, "minus without it", wanted));
            };
            if rule.unit.is_some() || rule.when.says_anything() || constant.is_some() || numbered {
                let wanted = "from and minus alone";
                return Err(self.invalid(at, &key, "minus beside another key", wanted));
            }
            rule.origin = Origin::Difference([start.clone(), minus]);
            return Ok(rule);
        }
        rule.origin = match (from, constant, numbered) {
            (Some(from), None, false) => Origin::Columns {
                from,
                join: join.unwrap_or_else(|| "-".to_owned()),
            },
            (None, Some(value), false) => Origin::Constant(value),
            (None, None, true) => Origin::RowNumber,
            (None, None, false) => {
                let wanted = "from, value or row_number";
                return Err(self.invalid(at, &key, "none of them", wanted));
            }
            _ => {
                let wanted = "one of from, value and row_number";
                return Err(self.invalid(at, &key, "several of them", wanted));
            }
        };
        if rule.otherwise.is_some() && rule.values.is_none() {
            return Err(self.invalid(at, &key, "otherwise without values", "values"));
        }
        if let Some(unit) = rule.unit {
            unit.check(target).map_err(|e| e.within(&rule.place))?;
        }
        Ok(rule)
    }

    /// Reads the columns of a table without a header; a column may be without a name.
    fn header(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>> {
        let at = value.span().start;
        let DeValue::Array(names) = value.get_ref() else {
            return Err(self.invalid(at, key, "a value", "a list of columns"));
        };
        let names = names
            .iter()
            .map(|name| Ok(self.text(key, name)?.trim().to_owned()));
        let names: Vec<String> = names.collect::<Result<_>>()?;
        let mut named: Vec<&String> = names.iter().filter(|n| !n.is_empty()).collect();
        named.sort();
        match named.windows(2).find(|w| w[0] == w[1]) {
            Some(twice) => {
                let found = format!("{:?} a second time", twice[0]);
                Err(self.invalid(at, key, &found, "each column once"))
            }
            None if named.is_empty() => Err(self.invalid(at, key, "no name", "a list of columns")),
            None => Ok(names),
        }
    }

    /// Reads a name or a list of them.
    fn list(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>> {
        let names = match value.get_ref() {
            DeValue::Array(names) => names.iter().map(|name| self.text(key, name)).collect(),
            _ => self.text(key, value).map(|name| vec![name]),
        };
        // The names of a header are read without the spaces around them.
        let names: Vec<String> = names?.iter().map(|name| name.trim().to_owned()).collect();
        if names.is_empty() || names.iter().any(String::is_empty) {
            let wanted = "the name of a column, or a list of them";
            return Err(self.invalid(value.span().start, key, "no name", wanted));
        }
        Ok(names)
    }
}

/// Returns the candidate that a misspelt word is likeliest to be: the fewest [`edits`] away, which are
/// no more than a third of its letters, capitals as good as small ones; `None` when none is that near.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Longer words are no names, and their distance costs the product of the lengths.
    const LONGEST: usize = 100;
    let letters = |text: &str| -> Vec<char> {
        text.chars()
            .take(LONGEST + 1)
            .flat_map(char::to_lowercase)
            .collect()
    };
    let word = letters(word);
    let most = (word.len() / 3).max(1);
    let near = candidates.take(1_000).filter_map(|candidate| {
        let other = letters(candidate);
        if word.len().max(other.len()) > LONGEST || word.len().abs_diff(other.len()) > most {
            return None;
        }
        Some((edits(&word, &other), candidate))
    });
    near.filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Counts the letters to put in, take out, change or swap with the next one (the restricted distance
/// of Damerau 1964), row by row of the table of Wagner & Fischer 1974.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = last[j] + usize::from(x != y);
            let mut least = changed.min(row[j] + 1).min(last[j + 1] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                let before: &Vec<usize> = &before;
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_none() {
        let columns = ["Оценка", "queue_wait_s", "call_id"];
        let near = |word| nearest(word, columns.into_iter());
        assert_eq!(near("оцнка"), Some("Оценка"));
        assert_eq!(near("CallID"), Some("call_id"));
        assert_eq!(near("queue_wait"), Some("queue_wait_s"));
        assert_eq!(near("operator"), None);
        assert_eq!(near(""), None);
        assert_eq!(near(&"я".repeat(1_000)), None);
    }

    /// The definition, without a table: the cheapest way to treat the first letters.
    fn plain(a: &[char], b: &[char]) -> usize {
        let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) else {
            return a.len() + b.len();
        };
        let changed = plain(a_rest, b_rest) + usize::from(x != y);
        let least = changed.min(plain(a_rest, b) + 1).min(plain(a, b_rest) + 1);
        match (a, b) {
            ([p, q, a @ ..], [r, s, b @ ..]) if p == s && q == r => least.min(plain(a, b) + 1),
            _ => least,
        }
    }

    proptest! {
        #[test]
        fn edits_are_counted_as_defined(a in "[abc]{0,5}", b in "[abc]{0,5}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(edits(&a, &b), plain(&a, &b));
        }
    }
}
