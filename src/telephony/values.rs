//! What platforms write in more than one way: numbers as text, moments as text or numbers.
//!
//! What cannot be used is a warning of the record, and absent; no value of a text is quoted.

use super::Record;
use crate::call::WallTime;
use crate::timeline::Span;
use serde_json::Value;

/// Returns what stands under a chain of keys; `None` where it is `null` or empty text.
pub(super) fn get<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let found = path.split('.').try_fold(value, |v, key| v.get(key))?;
    let empty = found.is_null() || found.as_str().is_some_and(|t| t.trim().is_empty());
    (!empty).then_some(found)
}

/// Returns the first of several keys that holds anything.
pub(super) fn first<'a, 'k>(value: &'a Value, paths: &[&'k str]) -> Option<(&'k str, &'a Value)> {
    paths
        .iter()
        .find_map(|path| Some((*path, get(value, path)?)))
}

/// Returns a text, or a number as it is spelt.
pub(super) fn text(value: &Value, paths: &[&str]) -> Option<String> {
    match first(value, paths)?.1 {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the objects of an array; of an object itself, that one.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    match get(value, path) {
        Some(Value::Array(values)) => values,
        Some(object @ Value::Object(_)) => std::slice::from_ref(object),
        _ => &[],
    }
}

/// Reads a number, which may be text.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

/// Reads a moment: RFC 3339, also with an offset as `+0300`; or seconds, milliseconds or
/// microseconds since 1970, told by their size.
pub(super) fn moment(value: &Value) -> Option<WallTime> {
    match value {
        Value::String(text) => moment_of(text),
        Value::Number(number) => moment_of(&number.to_string()),
        _ => None,
    }
}

pub(super) fn moment_of(text: &str) -> Option<WallTime> {
    let text = text.trim();
    if let Some(nanos) = epoch_nanos(text) {
        return WallTime::from_nanos(nanos);
    }
    let with_offset = || {
        let time = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
        WallTime::from_nanos(time.to_timestamp().ok()?.as_nanosecond())
    };
    text.parse().ok().or_else(with_offset)
}

/// Reads digits with or without a fraction, exactly; zero is how platforms write "not set".
fn epoch_nanos(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 16 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    // 10^11 s lie in the year 5138, 10^11 ms in 1973; so for ms and µs.
    let unit: i128 = match whole {
        0 => return None,
        w if w < 100_000_000_000 => 1_000_000_000,
        w if w < 100_000_000_000_000 => 1_000_000,
        _ => 1_000,
    };
    let fraction: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let fraction: i128 = fraction.parse().ok()?;
    Some(whole * unit + fraction * unit / 1_000_000_000)
}

impl Record {
    /// Reads a moment under one of several keys.
    pub(super) fn moment(&mut self, value: &Value, paths: &[&str]) -> Option<WallTime> {
        let (path, found) = first(value, paths)?;
        let moment = moment(found);
        if moment.is_none() {
            self.warn(path, "left out: no time with an offset from UTC");
        }
        moment
    }

    /// Reads a length under one of several keys, given in units of `unit` seconds.
    pub(super) fn length(&mut self, value: &Value, paths: &[&str], unit: f64) -> Option<Span> {
        let (path, found) = first(value, paths)?;
        let length = number(found).and_then(|n| Span::from_seconds(n * unit));
        let length = length.filter(|l| *l >= Span::ZERO);
        if length.is_none() {
            self.warn(path, "left out: no number of 0 or more");
        }
        length
    }

    /// Reads a count under one of several keys.
    pub(super) fn count(&mut self, value: &Value, paths: &[&str]) -> Option<u32> {
        let (path, found) = first(value, paths)?;
        let count = number(found).filter(|n| n.fract() == 0.0 && (0.0..1e9).contains(n));
        if count.is_none() {
            self.warn(path, "left out: no whole number of 0 or more");
        }
        count.map(|n| n as u32)
    }

    /// Returns the time between two moments; less than none is a warning.
    pub(super) fn between(&mut self, what: &str, from: WallTime, to: WallTime) -> Option<Span> {
        let span = to.since(from);
        if span < Span::ZERO {
            self.warn(what, "left out: it ends before it begins");
            return None;
        }
        Some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_spelling() {
        // 2026-11-21T09:00:00Z is 1795251600 s after 1970: 20778 days of 86400 s, and 9 h.
        let spellings = [
            "2026-11-21T09:00:00Z",
            "2026-11-21T12:00:00.000+03:00",
            "2026-11-21T12:00:00.000+0300",
            "2026-11-21 09:00:00+00:00",
            "1795251600",
            "1795251600.000000",
            "1795251600000",
            "1795251600000000",
        ];
        for spelling in spellings {
            let nanos = moment_of(spelling).map(WallTime::nanos);
            assert_eq!(nanos, Some(1_795_251_600_000_000_000), "{spelling}");
        }
        for no_moment in [
            "",
            "0",
            "12:17.898Z",
            "2021-04-2T10:00:00Z",
            "2026-11-21T09:00:00",
            "-5",
            "1e9",
        ] {
            assert_eq!(moment_of(no_moment), None, "{no_moment}");
        }
        assert_eq!(
            moment_of("1795251600.25").map(WallTime::nanos),
            Some(1_795_251_600_250_000_000)
        );
    }
}
