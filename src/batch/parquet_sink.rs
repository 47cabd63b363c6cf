//! Rows of results as Parquet.

use super::row::{CellKind, CsvRows, Outcome, RowFormat, SCHEMA_VERSION, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use parquet::basic::{Compression, LogicalType, Repetition, Type};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows of a group: what is held before it is written, some 4 kB each.
const GROUP: usize = 4_096;

/// Writes one row a call, as [`CsvSink`](super::CsvSink) does: the same columns in the same order, as numbers, flags
/// and text, with null where CSV has an empty cell.
///
/// The version of the columns ([`SCHEMA_VERSION`]) stands in the file's metadata as `callcsi.schema`
/// too. Compressed by Snappy, which every reader knows. 4,096 rows are a group, and held until it is
/// written. A Parquet file ends with its directory: [`flush`](Sink::flush) writes it, and after that
/// nothing can be added; a file without it cannot be read.
pub struct ParquetSink<W: Write + Send> {
    /// Makes the cells, so that the columns are those of CSV.
    csv: CsvRows,
    writer: Option<SerializedFileWriter<W>>,
    columns: Vec<Column>,
}

impl<W: Write + Send> std::fmt::Debug for ParquetSink<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetSink").finish_non_exhaustive()
    }
}

/// The values of a column that are not written yet: for each row whether there is one, and those
/// there are.
struct Column {
    name: String,
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Flags(Vec<bool>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Vec<ByteArray>),
}

impl Column {
    fn new(name: &str) -> Column {
        let values = match CellKind::named(name) {
            CellKind::Flag => Values::Flags(Vec::new()),
            CellKind::Integer => Values::Integers(Vec::new()),
            CellKind::Number => Values::Numbers(Vec::new()),
            CellKind::Text => Values::Texts(Vec::new()),
        };
        Column {
            name: name.to_owned(),
            levels: Vec::new(),
            values,
        }
    }

    fn schema(&self) -> Result<types::Type> {
        let (physical, logical) = match &self.values {
            Values::Flags(_) => (Type::BOOLEAN, None),
            Values::Integers(_) => (Type::INT64, None),
            Values::Numbers(_) => (Type::DOUBLE, None),
            Values::Texts(_) => (Type::BYTE_ARRAY, Some(LogicalType::String)),
        };
        types::Type::primitive_type_builder(&self.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map_err(|e| write_error(&e))
    }

    fn push(&mut self, cell: &str) -> Result<()> {
        if cell.is_empty() {
            self.levels.push(0);
            return Ok(());
        }
        let wrong = |wanted: &str| {
            let found = format!("{cell:?}");
            Error::new(ErrorKind::Internal, &self.name, found, wanted)
        };
        match &mut self.values {
            // A flag of a table of features may be any number, so not every value has a place.
            Values::Flags(flags) => flags.push(match cell {
                "1" => true,
                "0" => false,
                _ => return Err(wrong("1 or 0")),
            }),
            Values::Integers(numbers) => {
                numbers.push(cell.parse().map_err(|_| wrong("a whole number"))?);
            }
            Values::Numbers(numbers) => {
                numbers.push(cell.parse().map_err(|_| wrong("a number"))?);
            }
            Values::Texts(texts) => texts.push(ByteArray::from(cell.as_bytes().to_vec())),
        }
        self.levels.push(1);
        Ok(())
    }

    /// Writes what is held as the next column of a group, and lets it go.
    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> std::result::Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else {
            return Err(ParquetError::General("a column too many".to_owned()));
        };
        let levels = Some(self.levels.as_slice());
        match &mut self.values {
            Values::Flags(v) => column.typed::<BoolType>().write_batch(v, levels, None)?,
            Values::Integers(v) => column.typed::<Int64Type>().write_batch(v, levels, None)?,
            Values::Numbers(v) => column.typed::<DoubleType>().write_batch(v, levels, None)?,
            Values::Texts(v) => column
                .typed::<ByteArrayType>()
                .write_batch(v, levels, None)?,
        };
        column.close()?;
        self.levels.clear();
        match &mut self.values {
            Values::Flags(values) => values.clear(),
            Values::Integers(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
            Values::Texts(values) => values.clear(),
        }
        Ok(())
    }
}

fn write_error(error: &ParquetError) -> Error {
    if let ParquetError::External(error) = error
        && let Some(error) = error.downcast_ref::<std::io::Error>()
    {
        return Error::io("output", error);
    }
    Error::new(ErrorKind::Io, "output", error, "a file that can be written")
}

impl<W: Write + Send> ParquetSink<W> {
    /// Makes a sink for the rows of one model; of the manifest's own columns those named in `keep`
    /// are written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written, [`ErrorKind::Mismatch`] when the rows have a
    /// column of that name already.
    pub fn new(writer: W, model: &Model, keep: &[String]) -> Result<ParquetSink<W>> {
        let csv = CsvRows::new(model, keep)?;
        let header = record(&csv.header()?)?;
        let columns: Vec<Column> = header.iter().map(Column::new).collect();
        let fields: Vec<Arc<types::Type>> = (columns.iter())
            .map(|column| column.schema().map(Arc::new))
            .collect::<Result<_>>()?;
        let schema = types::Type::group_type_builder("results")
            .with_fields(fields)
            .build()
            .map_err(|e| write_error(&e))?;
        let version = KeyValue::new("callcsi.schema".to_owned(), SCHEMA_VERSION.to_string());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("callcsi ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![version]))
            .build();
        let writer = SerializedFileWriter::new(writer, Arc::new(schema), Arc::new(properties));
        Ok(ParquetSink {
            csv,
            writer: Some(writer.map_err(|e| write_error(&e))?),
            columns,
        })
    }

    fn write_group(&mut self) -> Result<()> {
        let Some(writer) = &mut self.writer else {
            let wanted = "rows before the file is ended";
            return Err(Error::new(
                ErrorKind::Io,
                "output",
                "a row after it",
                wanted,
            ));
        };
        let mut write = || {
            let mut group = writer.next_row_group()?;
            for column in &mut self.columns {
                column.write(&mut group)?;
            }
            group.close().map(|_| ())
        };
        write().map_err(|e| write_error(&e))
    }

    /// Writes one row, given as the cells that [`CsvRows`] makes of it.
    pub(super) fn write_record(&mut self, record: &csv::StringRecord) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(record) {
            column.push(cell)?;
        }
        match self.held() {
            GROUP.. => self.write_group(),
            _ => Ok(()),
        }
    }

    fn held(&self) -> usize {
        self.columns.first().map_or(0, |column| column.levels.len())
    }
}

/// Makes a file of Parquet of the rows that [`CsvRows`] wrote into a file: what a run that may be
/// broken off does at its end, since a Parquet file cannot grow. It stands under its name when it is
/// whole.
///
/// # Errors
///
/// [`ErrorKind::Io`] when one cannot be read or the other not be written, [`ErrorKind::IllFormed`] when the
/// rows are not those of this model and these columns.
pub fn pack(rows: &Path, out: &Path, model: &Model, keep: &[String]) -> Result<()> {
    let io = |path: &Path, e: &std::io::Error| Error::io(path.display(), e);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(rows)
        .map_err(|e| io(rows, &e.into()))?;
    let mut packed = out.as_os_str().to_owned();
    packed.push(".packed");
    let packed = Path::new(&packed);
    let file = File::create(packed).map_err(|e| io(packed, &e))?;
    let writer = BufWriter::new(file.try_clone().map_err(|e| io(packed, &e))?);
    let mut sink = ParquetSink::new(writer, model, keep)?;
    let mut header = Some(record(&sink.csv.header()?)?);
    for row in reader.records() {
        let row = row.map_err(|e| io(rows, &e.into()))?;
        match header.take() {
            Some(header) if header == row => {}
            Some(_) => {
                let wanted = "the rows of this model";
                let found = "other columns";
                let error = Error::new(ErrorKind::IllFormed, rows.display(), found, wanted);
                return Err(error);
            }
            None => sink.write_record(&row)?,
        }
    }
    sink.flush()?;
    file.sync_all().map_err(|e| io(packed, &e))?;
    std::fs::rename(packed, out).map_err(|e| io(out, &e))
}

/// Reads one record of CSV.
fn record(text: &[u8]) -> Result<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    let mut record = csv::StringRecord::new();
    let read = reader.read_record(&mut record);
    match read {
        Ok(true) => Ok(record),
        other => {
            let found = format!("{other:?}");
            Err(Error::new(ErrorKind::Internal, "output", found, "a row"))
        }
    }
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        if self.writer.is_none() {
            return self.write_group();
        }
        let mut text = Vec::new();
        self.csv.row(outcome, &mut text)?;
        self.write_record(&record(&text)?)
    }

    /// Writes the rows held and the directory of the file, which ends it.
    fn flush(&mut self) -> Result<()> {
        if self.writer.is_some() && self.held() > 0 {
            self.write_group()?;
        }
        match self.writer.take() {
            Some(writer) => {
                let mut writer = writer.into_inner().map_err(|e| write_error(&e))?;
                writer.flush().map_err(|e| Error::io("output", &e))
            }
            None => Ok(()),
        }
    }
}
