//! The values of a foreign table in the units of this crate.

use crate::batch::table::Cell;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Kind, Unit, catalogue, position};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;

/// The unit that a foreign column is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceUnit {
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    HoursMinutesSeconds,
    MinutesSeconds,
    Share,
    Percent,
}

impl SourceUnit {
    pub(super) const NAMES: [(&'static str, SourceUnit); 11] = [
        ("ms", SourceUnit::Milliseconds),
        ("s", SourceUnit::Seconds),
        ("min", SourceUnit::Minutes),
        ("h", SourceUnit::Hours),
        ("hh:mm:ss", SourceUnit::HoursMinutesSeconds),
        ("HH:MM:SS", SourceUnit::HoursMinutesSeconds),
        ("mm:ss", SourceUnit::MinutesSeconds),
        ("MM:SS", SourceUnit::MinutesSeconds),
        ("share", SourceUnit::Share),
        ("percent", SourceUnit::Percent),
        ("%", SourceUnit::Percent),
    ];

    fn name(self) -> &'static str {
        let named = SourceUnit::NAMES.iter().find(|(_, unit)| *unit == self);
        named.map_or("", |(name, _)| name)
    }

    pub(super) fn is_clock(self) -> bool {
        matches!(
            self,
            SourceUnit::HoursMinutesSeconds | SourceUnit::MinutesSeconds
        )
    }

    /// Refuses a unit that does not become that of the column `target`.
    pub(super) fn check(self, target: &str) -> Result<()> {
        let share = matches!(self, SourceUnit::Share | SourceUnit::Percent);
        let unit = unit_of(target);
        let (found, wanted) = match unit {
            Some(Unit::Seconds) if share => ("a share", "a unit of time: s, ms, min, h, hh:mm:ss"),
            Some(Unit::Share | Unit::ShareChange) if !share => {
                ("a unit of time", "share or percent")
            }
            Some(Unit::Seconds | Unit::Share | Unit::ShareChange) => return Ok(()),
            Some(_) => ("a unit", "none: the column is neither seconds nor a share"),
            None => ("a unit", "none: the column has no unit here"),
        };
        let found = format!("{found}, {:?}", self.name());
        let error = Error::new(ErrorKind::Mismatch, "unit", found, wanted);
        // `queue_wait` in place of `queue_wait_s`.
        Err(match unit_of(&format!("{target}_s")) {
            Some(Unit::Seconds) if unit.is_none() && !share => {
                error.hint(format!("is the column {target}_s?"))
            }
            _ => error,
        })
    }

    /// Returns a value in seconds, or as a share.
    pub(super) fn converted(self, text: &str) -> Result<String> {
        let number = || -> Result<f64> {
            let number = text.parse().ok().filter(|x: &f64| x.is_finite());
            number.ok_or_else(|| {
                let wanted = format!("a number, as the unit is {:?}", self.name());
                let found = format!("{text:?}");
                let error = Error::new(ErrorKind::IllFormed, "", found, wanted);
                match text {
                    _ if text.contains(':') => error.hint("is the unit \"hh:mm:ss\"?"),
                    _ if text.contains(',') => error.hint("say decimal = \",\" in the mapping"),
                    _ if text.ends_with('%') => {
                        error.hint("is the unit \"percent\" without a sign?")
                    }
                    _ => error,
                }
            })
        };
        // One division or product is rounded once, so that 1500 ms are exactly 1.5 s.
        let number = match self {
            SourceUnit::Seconds | SourceUnit::Share => number()?,
            SourceUnit::Milliseconds => number()? / 1_000.0,
            SourceUnit::Minutes => number()? * 60.0,
            SourceUnit::Hours => number()? * 3_600.0,
            SourceUnit::Percent => number()? / 100.0,
            SourceUnit::HoursMinutesSeconds | SourceUnit::MinutesSeconds => self.clock(text)?,
        };
        Ok(number.to_string())
    }

    /// Reads `0:01:35.5` or `01:35` as seconds.
    fn clock(self, text: &str) -> Result<f64> {
        let parts: Vec<&str> = text.split(':').collect();
        let whole = |part: &str, below: u32| -> Option<f64> {
            let digits = (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            let number = part.parse::<u32>().ok().filter(|&x| digits && x < below)?;
            Some(f64::from(number))
        };
        let seconds = |part: &str| -> Option<f64> {
            let plain = part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let number = part.parse::<f64>().ok()?;
            (plain && part.len() <= 20 && (0.0..60.0).contains(&number)).then_some(number)
        };
        let read = match (self, parts.as_slice()) {
            (SourceUnit::HoursMinutesSeconds, [h, m, s]) => {
                (|| Some(whole(h, u32::MAX)? * 3_600.0 + whole(m, 60)? * 60.0 + seconds(s)?))()
            }
            (SourceUnit::MinutesSeconds, [m, s]) => {
                (|| Some(whole(m, u32::MAX)? * 60.0 + seconds(s)?))()
            }
            _ => None,
        };
        read.ok_or_else(|| {
            let found = format!("{text:?}");
            let wanted = format!("a time as {}", self.name());
            let error = Error::new(ErrorKind::IllFormed, "", found, wanted);
            match parts.len() {
                1 if text.parse::<f64>().is_ok() => error.hint("is the unit \"s\" or \"ms\"?"),
                2 => error.hint("is the unit \"mm:ss\"?"),
                3 => error.hint("is the unit \"hh:mm:ss\", minutes and seconds below 60?"),
                _ => error,
            }
        })
    }
}

/// Returns the unit of a column of this crate; `None` of text, and of columns it does not know.
fn unit_of(column: &str) -> Option<Unit> {
    if let Some(feature) = position(column).and_then(|at| catalogue().get(at)) {
        return Some(feature.unit);
    }
    match column {
        "satisfied" | "dissatisfied" => Some(Unit::Share),
        _ if column.ends_with("_s") => Some(Unit::Seconds),
        _ if column.ends_with("_share") => Some(Unit::Share),
        _ => None,
    }
}

/// Tells whether a column of this crate holds numbers.
pub(super) fn is_numeric(column: &str) -> bool {
    let feature = position(column).and_then(|at| catalogue().get(at));
    match feature {
        Some(feature) => feature.kind == Kind::Number,
        None => {
            unit_of(column).is_some()
                || ["mark", "csi"].contains(&column)
                || column.ends_with("_count")
        }
    }
}

/// Puts the point for the decimal comma.
pub(super) fn with_point(text: &str) -> Result<String> {
    if text.contains('.') {
        let found = format!("{text:?}");
        let wanted = "a number with a decimal comma, as the mapping says";
        let error = Error::new(ErrorKind::IllFormed, "", found, wanted);
        return Err(error.hint("is decimal = \".\"? or is it a thousands separator?"));
    }
    let spaced = text.contains([' ', '\u{a0}', '\u{202f}']);
    if spaced && text.contains(|c: char| c.is_ascii_digit()) {
        let found = format!("{text:?}");
        let wanted = "a number without spaces";
        let error = Error::new(ErrorKind::IllFormed, "", found, wanted);
        return Err(error.hint("save the column without a thousands separator"));
    }
    Ok(text.replace(',', "."))
}

/// Refuses a value that its unit cannot have: a percentage where a share is wanted.
pub(super) fn check_bounds(cell: &Cell) -> Result<()> {
    let Some((least, most)) = unit_of(&cell.column).and_then(Unit::bounds) else {
        return Ok(());
    };
    match cell.value.parse::<f64>() {
        Ok(x) if !(least..=most).contains(&x) => {
            let wanted = format!("a number from {least} to {most}");
            let error = Error::new(ErrorKind::Invalid, "", x, wanted);
            Err(if (0.0..=100.0).contains(&x) {
                error.hint("is the unit \"percent\"?")
            } else {
                error
            })
        }
        _ => Ok(()),
    }
}

/// How the times of a column are written.
#[derive(Clone, Debug, Default)]
pub(super) struct WhenTold {
    pub(super) format: Option<String>,
    pub(super) offset: Option<String>,
}

/// Tells whether a text is an offset from UTC.
pub(super) fn is_offset(text: &str) -> bool {
    format!("2000-01-01T00:00:00{text}")
        .parse::<Timestamp>()
        .is_ok()
}

impl WhenTold {
    pub(super) fn says_anything(&self) -> bool {
        self.format.is_some() || self.offset.is_some()
    }

    /// Returns a time as ISO 8601, with its offset from UTC where the row or the mapping tells it.
    pub(super) fn iso(&self, text: &str) -> Result<String> {
        let Some(format) = &self.format else {
            // A row that tells its offset knows better than the mapping.
            if let Ok(moment) = text.trim().parse::<Timestamp>() {
                return Ok(moment.to_string());
            }
            let local = civil(text).ok_or_else(|| not_a_time(text, "2026-11-21 12:00:00"))?;
            return Ok(self.with_offset(local));
        };
        let parsed = strtime::parse(format, text).map_err(|_| not_a_time(text, format))?;
        if let Ok(moment) = parsed.to_timestamp() {
            return Ok(moment.to_string());
        }
        let local = parsed.to_datetime();
        let local = local.or_else(|_| parsed.to_date().map(DateTime::from));
        let local = local.map_err(|_| not_a_time(text, format))?;
        Ok(self.with_offset(local))
    }

    fn with_offset(&self, local: DateTime) -> String {
        format!("{local}{}", self.offset.as_deref().unwrap_or_default())
    }
}

fn not_a_time(text: &str, wanted: &str) -> Error {
    let found = format!("{text:?}");
    Error::new(
        ErrorKind::IllFormed,
        "",
        found,
        format!("a time as {wanted}"),
    )
}

/// Reads the date and the time of day of ISO 8601, whatever the offset; a date alone is its midnight.
fn civil(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let date = || text.parse::<Date>().ok().map(DateTime::from);
    text.parse::<DateTime>().ok().or_else(date)
}

/// Reads ISO 8601 as nanoseconds since 1970 on its own clock, and whether that clock is UTC: a time
/// that tells no offset is local.
pub(crate) fn moment(text: &str) -> Result<(i64, bool)> {
    let (nanos, utc) = match text.trim().parse::<Timestamp>() {
        Ok(moment) => (moment.as_nanosecond(), true),
        Err(_) => {
            let local = civil(text).ok_or_else(|| not_a_time(text, "2026-11-21T12:00:00+03:00"))?;
            let since = local.to_zoned(jiff::tz::TimeZone::UTC);
            let since = since.map_err(|_| not_a_time(text, "2026-11-21T12:00:00+03:00"))?;
            (since.timestamp().as_nanosecond(), false)
        }
    };
    let nanos =
        i64::try_from(nanos).map_err(|_| not_a_time(text, "one of the years 1678 to 2262"))?;
    Ok((nanos, utc))
}

/// Returns the seconds from one moment to another, both in seconds since 1970.
pub(super) fn seconds_between(start: &str, end: &str) -> Result<f64> {
    let number = |text: &str| {
        let number = text.trim().parse().ok().filter(|n: &f64| n.is_finite());
        number.ok_or_else(|| {
            let found = format!("{text:?}");
            Error::new(
                ErrorKind::Invalid,
                "",
                found,
                "a moment in seconds since 1970",
            )
        })
    };
    Ok(number(end)? - number(start)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_by_hand() {
        let cases = [
            ("1500", SourceUnit::Milliseconds, "1.5"),
            ("0.1", SourceUnit::Milliseconds, "0.0001"),
            ("1.5", SourceUnit::Minutes, "90"),
            ("2", SourceUnit::Hours, "7200"),
            ("7", SourceUnit::Seconds, "7"),
            ("12.5", SourceUnit::Percent, "0.125"),
            ("0:01:35", SourceUnit::HoursMinutesSeconds, "95"),
            ("27:00:00.5", SourceUnit::HoursMinutesSeconds, "97200.5"),
            ("90:05", SourceUnit::MinutesSeconds, "5405"),
        ];
        for (text, unit, wanted) in cases {
            assert_eq!(unit.converted(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn the_likely_mistake_about_a_unit_is_named() {
        let clock = SourceUnit::HoursMinutesSeconds;
        let cases = [
            ("1:30", SourceUnit::Seconds, "hh:mm:ss"),
            ("1,5", SourceUnit::Minutes, "decimal"),
            ("95", clock, "\"s\""),
            ("01:35", clock, "mm:ss"),
            ("0:75:00", clock, "below 60"),
            ("0:0-1:00", clock, "below 60"),
            ("0:00:+5", clock, "below 60"),
        ];
        for (text, unit, hint) in cases {
            let error = unit.converted(text).unwrap_err();
            assert!(error.hint_text().unwrap().contains(hint), "{error}");
        }
        for text in ["", "NaN", "inf", "пять"] {
            assert!(SourceUnit::Seconds.converted(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_unit_fits_its_column() {
        SourceUnit::Minutes.check("queue_wait_s").unwrap();
        SourceUnit::Percent.check("hold_share").unwrap();
        let cases = [
            (SourceUnit::Percent, "queue_wait_s", "a unit of time"),
            (SourceUnit::Minutes, "hold_share", "share or percent"),
            (SourceUnit::Minutes, "hold_count", "neither"),
            (
                SourceUnit::Minutes,
                "queue_wait",
                "is the column queue_wait_s?",
            ),
            (SourceUnit::Minutes, "operator_id", "no unit"),
        ];
        for (unit, column, told) in cases {
            let error = unit.check(column).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn times_become_iso_8601() {
        let told = |format: &str, offset: &str| WhenTold {
            format: (!format.is_empty()).then(|| format.to_owned()),
            offset: (!offset.is_empty()).then(|| offset.to_owned()),
        };
        let cases = [
            (
                "%d.%m.%Y %H:%M",
                "",
                "03.05.2026 09:07",
                "2026-05-03T09:07:00",
            ),
            ("%d.%m.%Y", "", "03.05.2026", "2026-05-03T00:00:00"),
            (
                "%d.%m.%Y",
                "+03:00",
                "03.05.2026",
                "2026-05-03T00:00:00+03:00",
            ),
            (
                "%Y-%m-%d %H:%M %z",
                "",
                "2026-05-03 09:07 +0300",
                "2026-05-03T06:07:00Z",
            ),
            (
                "",
                "+03:00",
                "2026-05-03 09:07:00",
                "2026-05-03T09:07:00+03:00",
            ),
            ("", "+03:00", "2026-05-03T09:07:00Z", "2026-05-03T09:07:00Z"),
        ];
        for (format, offset, text, wanted) in cases {
            assert_eq!(told(format, offset).iso(text).unwrap(), wanted, "{text}");
        }
        let error = told("%d.%m.%Y", "").iso("2026-05-03").unwrap_err();
        assert!(error.wanted().contains("%d.%m.%Y"), "{error}");
        assert!(is_offset("+03:00") && is_offset("Z") && !is_offset("MSK") && !is_offset(""));
    }

    /// 2026-05-03 is day 20,576 since 1970: 56 years of 365 days, 14 leap days and 122 days.
    #[test]
    fn moments_are_counted_on_their_own_clock() {
        let day = 86_400_000_000_000 * (56 * 365 + 14 + 122);
        assert_eq!(moment("2026-05-03").unwrap(), (day, false));
        assert_eq!(
            moment("2026-05-03T01:00:00").unwrap(),
            (day + 3_600_000_000_000, false)
        );
        assert_eq!(moment("2026-05-03T03:00:00+03:00").unwrap(), (day, true));
        assert!(moment("вчера").is_err());
        assert!(moment("9999-01-01").is_err());
    }

    #[test]
    fn decimal_commas_and_what_is_none() {
        assert_eq!(with_point("12,5").unwrap(), "12.5");
        assert_eq!(with_point("-7").unwrap(), "-7");
        assert!(
            with_point("1.234")
                .unwrap_err()
                .to_string()
                .contains("thousands")
        );
        assert!(
            with_point("1\u{a0}234,5")
                .unwrap_err()
                .to_string()
                .contains("thousands")
        );
        assert!(
            is_numeric("queue_wait_s") && is_numeric("mark") && is_numeric("agent_n_words_sum")
        );
        assert!(!is_numeric("call_id") && !is_numeric("ivr_status") && !is_numeric("operator_id"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", format in "[%a-zA-Z:. ]{0,12}") {
            for (_, unit) in SourceUnit::NAMES {
                let _ = unit.converted(&text);
                let _ = unit.check(&text);
            }
            let told = WhenTold { format: Some(format), offset: None };
            let (_, _) = (told.iso(&text), WhenTold::default().iso(&text));
            let _ = (moment(&text), with_point(&text), is_offset(&text));
        }

        /// Written as hours, minutes and seconds, whole seconds read back.
        #[test]
        fn clock_times_read_back(seconds in 0_u32..10_000_000) {
            let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let text = format!("{h}:{m:02}:{s:02}");
            let found = SourceUnit::HoursMinutesSeconds.converted(&text).unwrap();
            prop_assert_eq!(found, seconds.to_string());
        }
    }
}
