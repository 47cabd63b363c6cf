//! The rows of a Parquet file as text.
//!
//! # Conventions
//!
//! * Nothing is held but [`BATCH`] rows, and of each column the page they are in.
//! * A number has the fewest digits that read back to it; a flag is 1 or 0, a date, a time and a
//!   timestamp are ISO 8601, with `Z` where the file says that it is in UTC. Null is no cell.
//! * Only flat columns: one that is a list or a record is refused by its name.

use super::table::Cells;
use crate::error::{Error, ErrorKind, Result};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use parquet::basic::{Compression, ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Rows decoded at once.
const BATCH: usize = 256;

/// A value as text, and whether it is a number.
type Text = (String, bool);

/// The rows of a file.
pub(super) struct ParquetRows {
    file: SerializedFileReader<File>,
    columns: Vec<String>,
    kinds: Vec<ColumnKind>,
    /// The next group of rows to open.
    group: usize,
    readers: Vec<ColumnReader>,
    /// Rows of the open group that are not decoded yet.
    left: usize,
    /// Rows decoded, from `at` on: of each column the values.
    batch: Vec<Vec<Option<Text>>>,
    at: usize,
    ended: bool,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug)]
enum ColumnKind {
    Flag,
    Integer,
    Unsigned,
    Float,
    Decimal {
        scale: u32,
    },
    Date,
    /// Units in a second, and whether it is UTC.
    Timestamp {
        per_second: i64,
        utc: bool,
    },
    TimeOfDay {
        per_second: i64,
    },
    Text,
    Int96,
}

fn ill_formed(error: &ParquetError) -> Error {
    match error {
        ParquetError::External(error) if error.is::<std::io::Error>() => {
            Error::new(ErrorKind::Io, "", error, "a file that can be read")
        }
        _ => Error::new(ErrorKind::IllFormed, "", error, "a sound Parquet file"),
    }
}

/// Runs the decoder, which panics on some damaged files.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let wanted = "a sound Parquet file";
        let found = "what its decoder does not survive";
        Err(Error::new(ErrorKind::IllFormed, "", found, wanted))
    })
}

impl ParquetRows {
    pub(super) fn open(file: File) -> Result<ParquetRows> {
        caught(|| {
            let file = SerializedFileReader::new(file).map_err(|e| ill_formed(&e))?;
            let about = file.metadata();
            let mut columns: Vec<String> = Vec::new();
            let mut kinds = Vec::new();
            for column in about.file_metadata().schema_descr().columns() {
                let path = column.path().parts();
                let name = path.first().map(|name| name.trim().to_owned());
                let name = name.unwrap_or_default();
                if path.len() != 1 || column.max_rep_level() > 0 || column.max_def_level() > 1 {
                    let wanted = "one value a row";
                    let found = "a list or record in every row";
                    let error = Error::new(ErrorKind::Unsupported, "", found, wanted);
                    return Err(error
                        .within(format!("column {name}"))
                        .hint("write the table without the column"));
                }
                if columns.contains(&name) {
                    let found = format!("column {name:?} a second time");
                    return Err(Error::new(
                        ErrorKind::IllFormed,
                        "",
                        found,
                        "each column once",
                    ));
                }
                kinds.push(kind_of(column).map_err(|e| e.within(format!("column {name}")))?);
                columns.push(name);
            }
            for chunk in about.row_groups().iter().flat_map(|group| group.columns()) {
                check_codec(chunk.compression())?;
            }
            Ok(ParquetRows {
                file,
                batch: vec![Vec::new(); columns.len()],
                columns,
                kinds,
                group: 0,
                readers: Vec::new(),
                left: 0,
                at: 0,
                ended: false,
            })
        })
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn next(&mut self) -> Option<Result<Cells>> {
        if self.ended {
            return None;
        }
        let decoded = self.batch.first().map_or(0, Vec::len);
        if self.at >= decoded {
            match caught(|| self.decode()) {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    return None;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        let mut cells = Cells::default();
        for (column, values) in self.columns.iter().zip(&mut self.batch) {
            if let Some((value, is_number)) = values.get_mut(self.at).and_then(Option::take) {
                cells.add(column, &value, is_number);
            }
        }
        self.at += 1;
        Some(Ok(cells))
    }

    /// Decodes the next rows; returns whether there were any.
    fn decode(&mut self) -> Result<bool> {
        while self.left == 0 {
            if self.group >= self.file.num_row_groups() {
                return Ok(false);
            }
            let group = self.file.get_row_group(self.group);
            let group = group.map_err(|e| ill_formed(&e))?;
            self.group += 1;
            let rows = group.metadata().num_rows();
            self.left = usize::try_from(rows).map_err(|_| {
                let found = format!("{rows} rows in a group");
                Error::new(ErrorKind::IllFormed, "", found, "0 or more")
            })?;
            let readers = (0..self.columns.len()).map(|i| group.get_column_reader(i));
            self.readers = readers
                .collect::<std::result::Result<_, _>>()
                .map_err(|e| ill_formed(&e))?;
        }
        let rows = self.left.min(BATCH);
        for (i, reader) in self.readers.iter_mut().enumerate() {
            let kind = self.kinds.get(i).copied().unwrap_or(ColumnKind::Text);
            let name = self.columns.get(i).map_or("", String::as_str);
            let values =
                column(reader, kind, rows).map_err(|e| e.within(format!("column {name}")))?;
            if values.len() != rows {
                let found = format!("{} of {rows} values", values.len());
                let place = format!("column {name}");
                return Err(Error::new(
                    ErrorKind::IllFormed,
                    place,
                    found,
                    "all of them",
                ));
            }
            self.batch[i] = values;
        }
        self.left -= rows;
        self.at = 0;
        Ok(!self.readers.is_empty())
    }
}

fn check_codec(codec: Compression) -> Result<()> {
    let name = match codec {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => return Ok(()),
        Compression::ZSTD(_) if cfg!(feature = "parquet-zstd") => return Ok(()),
        Compression::ZSTD(_) => "Zstandard",
        Compression::LZO => "LZO",
        Compression::BROTLI(_) => "Brotli",
        Compression::LZ4 | Compression::LZ4_RAW => "LZ4",
    };
    let found = format!("Parquet compressed by {name}");
    let error = Error::new(ErrorKind::Unsupported, "", found, "Snappy, gzip or none");
    Err(match codec {
        Compression::ZSTD(_) => error.hint("build with --features parquet-zstd"),
        _ => error.hint("write it with compression=\"snappy\""),
    })
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

fn kind_of(column: &ColumnDescriptor) -> Result<ColumnKind> {
    let (physical, converted) = (column.physical_type(), column.converted_type());
    let logical = column.logical_type_ref();
    let unsupported = || {
        let found = match logical {
            Some(logical) => format!("the type {logical:?}"),
            None => format!("the type {physical}, {converted}"),
        };
        let wanted = "text, numbers, flags, dates or times";
        Err(Error::new(ErrorKind::Unsupported, "", found, wanted))
    };
    let decimal =
        matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
    if decimal {
        return match u32::try_from(column.type_scale()) {
            Ok(scale @ 0..=38) if physical != Type::INT96 => Ok(ColumnKind::Decimal { scale }),
            _ => unsupported(),
        };
    }
    Ok(match (physical, logical, converted) {
        (Type::BOOLEAN, ..) => ColumnKind::Flag,
        (Type::FLOAT | Type::DOUBLE, ..) => ColumnKind::Float,
        (Type::INT96, ..) => ColumnKind::Int96,
        (Type::INT32, Some(LogicalType::Date), _) | (Type::INT32, None, ConvertedType::DATE) => {
            ColumnKind::Date
        }
        (Type::INT32 | Type::INT64, Some(LogicalType::Time(time)), _) => ColumnKind::TimeOfDay {
            per_second: per_second(&time.unit),
        },
        (Type::INT64, Some(LogicalType::Timestamp(stamp)), _) => ColumnKind::Timestamp {
            per_second: per_second(&stamp.unit),
            utc: stamp.is_adjusted_to_u_t_c,
        },
        (Type::INT32, None, ConvertedType::TIME_MILLIS) => {
            ColumnKind::TimeOfDay { per_second: 1_000 }
        }
        (Type::INT64, None, ConvertedType::TIME_MICROS) => ColumnKind::TimeOfDay {
            per_second: 1_000_000,
        },
        (Type::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => ColumnKind::Timestamp {
            per_second: 1_000,
            utc: true,
        },
        (Type::INT64, None, ConvertedType::TIMESTAMP_MICROS) => ColumnKind::Timestamp {
            per_second: 1_000_000,
            utc: true,
        },
        (Type::INT32 | Type::INT64, Some(LogicalType::Integer(about)), _) => {
            match about.is_signed {
                true => ColumnKind::Integer,
                false => ColumnKind::Unsigned,
            }
        }
        (
            Type::INT32 | Type::INT64,
            None,
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64,
        ) => ColumnKind::Unsigned,
        // A column of nulls alone has the logical type Unknown.
        (Type::INT32 | Type::INT64, None | Some(LogicalType::Unknown), _) => ColumnKind::Integer,
        (
            Type::BYTE_ARRAY,
            None
            | Some(
                LogicalType::String | LogicalType::Enum | LogicalType::Json | LogicalType::Unknown,
            ),
            _,
        ) => ColumnKind::Text,
        _ => return unsupported(),
    })
}

/// Decodes the next `rows` values of a column.
fn column(reader: &mut ColumnReader, kind: ColumnKind, rows: usize) -> Result<Vec<Option<Text>>> {
    macro_rules! read {
        ($reader:expr, $text:expr) => {{
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            let mut read = 0;
            // A call may end at a page.
            while read < rows {
                let more = $reader.read_records(rows - read, Some(&mut levels), None, &mut values);
                match more.map_err(|e| ill_formed(&e))? {
                    (0, ..) => break,
                    (records, ..) => read += records,
                }
            }
            let text = $text;
            let mut values = values.into_iter();
            if levels.is_empty() {
                // A column that must have a value has no levels.
                values.map(|value| text(value)).collect()
            } else {
                let value = |level| match level {
                    0 => Ok(None),
                    _ => values.next().map_or(Ok(None), |value| text(value)),
                };
                levels.into_iter().map(value).collect()
            }
        }};
    }
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            read!(reader, |flag: bool| integer(i64::from(flag), kind, false))
        }
        ColumnReader::Int32ColumnReader(reader) => {
            read!(reader, |number: i32| integer(i64::from(number), kind, true))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            read!(reader, |number: i64| integer(number, kind, false))
        }
        ColumnReader::FloatColumnReader(reader) => {
            read!(reader, |number: f32| Ok(Some((number.to_string(), true))))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            read!(reader, |number: f64| Ok(Some((number.to_string(), true))))
        }
        ColumnReader::Int96ColumnReader(reader) => read!(reader, |value: Int96| int96(&value)),
        ColumnReader::ByteArrayColumnReader(reader) => {
            read!(reader, |bytes: ByteArray| bytes_text(bytes.data(), kind))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read!(reader, |bytes: parquet::data_type::FixedLenByteArray| {
                bytes_text(bytes.data(), kind)
            })
        }
    }
}

fn out_of_range(number: impl std::fmt::Display) -> Error {
    let wanted = "a date or time of the years -9999 to 9999";
    Error::new(ErrorKind::Invalid, "", number, wanted)
}

fn integer(number: i64, kind: ColumnKind, narrow: bool) -> Result<Option<Text>> {
    let wrong = || out_of_range(number);
    let seconds = |per_second: i64| {
        let nanos = number.rem_euclid(per_second) * (1_000_000_000 / per_second);
        (number.div_euclid(per_second), nanos)
    };
    Ok(Some(match kind {
        ColumnKind::Date => {
            let since = SignedDuration::from_hours(number.checked_mul(24).ok_or_else(wrong)?);
            let date = Date::constant(1970, 1, 1).checked_add(since);
            (date.map_err(|_| wrong())?.to_string(), false)
        }
        ColumnKind::Timestamp { per_second, utc } => {
            let (seconds, nanos) = seconds(per_second);
            let nanos = i32::try_from(nanos).map_err(|_| wrong())?;
            let stamp = Timestamp::new(seconds, nanos).map_err(|_| wrong())?;
            let text = match utc {
                true => stamp.to_string(),
                false => jiff::tz::Offset::UTC.to_datetime(stamp).to_string(),
            };
            (text, false)
        }
        ColumnKind::TimeOfDay { per_second } => {
            let (seconds, nanos) = seconds(per_second);
            let time = Time::midnight().checked_add(SignedDuration::from_secs(seconds));
            let time = time.and_then(|t| t.checked_add(SignedDuration::from_nanos(nanos)));
            (time.map_err(|_| wrong())?.to_string(), false)
        }
        ColumnKind::Unsigned if narrow => ((number as u32).to_string(), true),
        ColumnKind::Unsigned => ((number as u64).to_string(), true),
        ColumnKind::Decimal { scale } => (decimal(i128::from(number), scale), true),
        _ => (number.to_string(), true),
    }))
}

/// Writes a number of 10⁻ˢᶜᵃˡᵉ: 1250 at scale 3 is 1.250.
fn decimal(number: i128, scale: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", number.unsigned_abs(), scale as usize + 1);
    let (whole, part) = digits.split_at(digits.len() - scale as usize);
    match part {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

/// Reads nanoseconds of the day and the Julian day, an old way to write a timestamp. Which clock it is
/// on the format does not say.
fn int96(value: &Int96) -> Result<Option<Text>> {
    /// The Julian day of 1970-01-01.
    const EPOCH: i64 = 2_440_588;
    let [low, high, day] = *value.data() else {
        return Err(out_of_range("another length"));
    };
    let nanos = (u64::from(high) << 32) | u64::from(low);
    let day = SignedDuration::from_hours((i64::from(day) - EPOCH) * 24);
    let nanos = i64::try_from(nanos).map_err(|_| out_of_range(nanos))?;
    let moment = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(day);
    let moment = moment.and_then(|m| m.checked_add(SignedDuration::from_nanos(nanos)));
    let moment = moment.map_err(|_| out_of_range(nanos))?;
    Ok(Some((moment.to_string(), false)))
}

fn bytes_text(bytes: &[u8], kind: ColumnKind) -> Result<Option<Text>> {
    let ColumnKind::Decimal { scale } = kind else {
        let text = std::str::from_utf8(bytes).map_err(|_| super::table::not_utf8())?;
        return Ok(Some((text.to_owned(), false)));
    };
    // Two's complement, the most significant byte first.
    let [first, ..] = bytes else {
        return Ok(None);
    };
    if bytes.len() > 16 {
        let found = format!("a decimal of {} bytes", bytes.len());
        return Err(Error::new(ErrorKind::Unsupported, "", found, "at most 16"));
    }
    let mut wide = [if first & 0x80 == 0 { 0 } else { 0xFF }; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    Ok(Some((decimal(i128::from_be_bytes(wide), scale), true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_by_hand() {
        for (number, scale, wanted) in [
            (1_250, 3, "1.250"),
            (-5, 2, "-0.05"),
            (7, 0, "7"),
            (i128::MIN, 1, "-17014118346046923173168730371588410572.8"),
        ] {
            assert_eq!(decimal(number, scale), wanted);
        }
        let kind = ColumnKind::Decimal { scale: 1 };
        assert_eq!(bytes_text(b"\xFF\x9C", kind).unwrap().unwrap().0, "-10.0");
        assert_eq!(bytes_text(b"\x00\x9C", kind).unwrap().unwrap().0, "15.6");
        assert!(bytes_text(&[1; 17], kind).is_err());
    }

    #[test]
    fn times_out_of_range_are_errors() {
        for kind in [
            ColumnKind::Date,
            ColumnKind::Timestamp {
                per_second: 1_000,
                utc: true,
            },
            ColumnKind::TimeOfDay { per_second: 1_000 },
        ] {
            for number in [i64::MIN, i64::MAX] {
                assert!(integer(number, kind, false).is_err(), "{kind:?}");
            }
        }
        let stamp = ColumnKind::Timestamp {
            per_second: 1_000,
            utc: true,
        };
        assert_eq!(
            integer(-1, stamp, false).unwrap().unwrap().0,
            "1969-12-31T23:59:59.999Z"
        );
    }
}
