//! Times as formats write them: each type is one unit, read from a number or from text.
//!
//! The unit is the format's own, never guessed from the size of a number. What is no time, or lies
//! more than ninety-five years from zero, is an error that quotes nothing.

use crate::timeline::{Span, Time};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Unexpected, Visitor};
use std::fmt;

/// Some ninety-five years in seconds: sums of three times below it cannot overflow the clock.
const MOST: f64 = 3.0e9;

/// Returns the instant, or `None` when it is no time of a call.
pub(super) fn instant(seconds: f64) -> Option<Time> {
    (seconds.abs() < MOST)
        .then(|| Time::from_seconds(seconds))
        .flatten()
}

/// Returns the instant of a whole number of milliseconds.
pub(super) fn instant_of_millis(millis: i64) -> Option<Time> {
    ((millis.unsigned_abs() as f64) < MOST * 1e3).then(|| Time::ZERO + Span::from_millis(millis))
}

/// Start and end as a format gives them: not yet checked against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Times {
    pub(super) start: Time,
    pub(super) end: Time,
}

impl Times {
    /// Makes them of both; `None` when either is missing.
    pub(super) fn of<T: Into<Time>>(start: Option<T>, end: Option<T>) -> Option<Times> {
        Some(Times {
            start: start?.into(),
            end: end?.into(),
        })
    }

    /// Makes them of a start and a length.
    pub(super) fn lasting<T: Into<Time>>(start: Option<T>, length: Option<T>) -> Option<Times> {
        let (start, length): (Time, Time) = (start?.into(), length?.into());
        Some(Times {
            start,
            end: start + (length - Time::ZERO),
        })
    }
}

impl serde::Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.seconds())
    }
}

/// Declares a type that reads one unit.
macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, number: $number:expr, text: $text:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) struct $name(pub(super) Time);

        impl From<$name> for Time {
            fn from(time: $name) -> Time {
                time.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let reader = Reader {
                    wanted: $wanted,
                    number: $number,
                    text: $text,
                };
                deserializer.deserialize_any(reader).map($name)
            }
        }
    };
}

unit!(
    /// Seconds: `1.25`, `"1.25"`.
    Seconds,
    "seconds",
    number: Some(instant),
    text: |text| instant(text.trim().parse().ok()?)
);

unit!(
    /// Milliseconds: `1250`, `"1250"`.
    Millis,
    "milliseconds",
    number: Some(|millis| instant(millis / 1e3)),
    text: |text| instant_of_millis(text.trim().parse().ok()?)
);

unit!(
    /// A protobuf `Duration`: `"1.250s"`, or `{"seconds": 1, "nanos": 250000000}` as dumps write it.
    Proto,
    "seconds as \"1.250s\"",
    number: None,
    text: |text| instant(text.trim().strip_suffix('s')?.parse().ok()?)
);

unit!(
    /// ISO 8601: `"PT1M1.25S"`.
    Iso,
    "a time as \"PT1.25S\"",
    number: None,
    text: iso
);

unit!(
    /// Ticks of 100 ns: `12500000`.
    Ticks,
    "ticks of 100 ns",
    number: Some(|ticks| instant(ticks / 1e7)),
    text: |text| instant(text.trim().parse::<f64>().ok()? / 1e7)
);

/// Parses `PT1H2M3.5S`.
fn iso(text: &str) -> Option<Time> {
    let mut rest = text.trim().strip_prefix("PT")?;
    let mut seconds = 0.0;
    for (unit, factor) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds += number.parse::<f64>().ok()? * factor;
            rest = after;
        }
    }
    rest.is_empty().then(|| instant(seconds)).flatten()
}

/// Parses `01:02:03,450`, `02:03.45`, `3.450`: hours and minutes may be left out, the fraction is
/// set off by a comma or a point.
pub(super) fn clock(text: &str) -> Option<Time> {
    let mut seconds = 0.0;
    let mut fields = 0;
    for field in text.trim().split(':') {
        let number = field.replace(',', ".");
        let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number: f64 = number.parse().ok().filter(|_| digits)?;
        seconds = seconds * 60.0 + number;
        fields += 1;
    }
    (fields <= 3).then(|| instant(seconds)).flatten()
}

struct Reader {
    wanted: &'static str,
    number: Option<fn(f64) -> Option<Time>>,
    text: fn(&str) -> Option<Time>,
}

impl Reader {
    fn number<E: de::Error>(&self, number: f64) -> Result<Time, E> {
        let time = self.number.and_then(|read| read(number));
        time.ok_or_else(|| self.refuse())
    }

    fn refuse<E: de::Error>(&self) -> E {
        E::invalid_value(Unexpected::Other("another value"), self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Time, E> {
        self.number(number as f64)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Time, E> {
        self.number(number as f64)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Time, E> {
        self.number(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
        (self.text)(text).ok_or_else(|| self.refuse())
    }

    /// `{"seconds": "1", "nanos": 250000000}`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Time, A::Error> {
        if self.number.is_some() {
            return Err(self.refuse());
        }
        let (mut seconds, mut nanos) = (Time::ZERO, 0);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "seconds" => seconds = map.next_value::<Seconds>()?.0,
                "nanos" => nanos = map.next_value::<i32>()?,
                _ => return Err(self.refuse()),
            }
        }
        let time = seconds + Span::from_nanos(i64::from(nanos));
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
        serde_json::from_str(json).ok()
    }

    fn at(seconds: f64) -> Time {
        Time::from_seconds(seconds).unwrap()
    }

    #[test]
    fn each_type_reads_its_unit() {
        for json in ["1.25", r#""1.25""#] {
            assert_eq!(read(json), Some(Seconds(at(1.25))), "{json}");
        }
        for json in ["1250", r#""1250""#, "1250.0"] {
            assert_eq!(read(json), Some(Millis(at(1.25))), "{json}");
        }
        for json in [r#""1.250s""#, r#"{"seconds": "1", "nanos": 250000000}"#] {
            assert_eq!(read(json), Some(Proto(at(1.25))), "{json}");
        }
        assert_eq!(read(r#""PT1H1M1.25S""#), Some(Iso(at(3661.25))));
        assert_eq!(read("12500000.0"), Some(Ticks(at(1.25))));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for json in [
            "\"\"", "1e300", "\"NaN\"", "null", "true", "[]", "{}", "\"1,5\"",
        ] {
            assert_eq!(read::<Seconds>(json), None, "{json}");
        }
        for json in ["1.25", "\"1.25\"", "\"ns\"", r#"{"minutes": 1}"#] {
            assert_eq!(read::<Proto>(json), None, "{json}");
        }
        for json in ["\"P1D\"", "\"PT1\"", "\"PT\\u0000S\""] {
            assert_eq!(read::<Iso>(json), None, "{json}");
        }
        // A key that repeats does not add up beyond the clock.
        let repeated = format!("{{{}}}", ["\"seconds\": 2e9"; 6].join(","));
        assert_eq!(read(&repeated), Some(Proto(at(2e9))));
        assert_eq!(read::<Millis>("9223372036854775807"), None);
        assert_eq!(read::<Millis>(r#""-9223372036854775808""#), None);
    }

    #[test]
    fn clock_times_may_leave_out_the_hours() {
        assert_eq!(clock("01:02:03,450"), Some(at(3723.45)));
        assert_eq!(clock("02:03.5"), Some(at(123.5)));
        assert_eq!(clock("3.25"), Some(at(3.25)));
        for odd in ["", "1:2:3:4", "a:b", "-1", "1e3", "inf", "00:00:01-00"] {
            assert_eq!(clock(odd), None, "{odd}");
        }
    }
}
