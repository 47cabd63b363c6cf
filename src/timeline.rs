//! Sets of time: at which instants something holds.
//!
//! # Conventions
//!
//! * A [`Time`] counts whole nanoseconds from the first sample of the recording (the *call clock*).
//!   Integers make equality exact: the sample periods at 8, 16 and 32 kHz, a 10 ms frame and a
//!   millisecond word time are whole numbers of nanoseconds. (At 11.025, 12, 22.05, 24, 44.1 and
//!   48 kHz a sample's instant is rounded to the nearest nanosecond.)
//! * A [`Segment`] is half-open, `[start, end)`, and holds at least one instant. An operation that
//!   may leave nothing returns `Option<Segment>`.
//! * A [`Timeline`] is in normal form: its segments are sorted, disjoint and do not touch.
//!
//! The module knows nothing of audio or of speakers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Neg, Sub, SubAssign};

/// Nanoseconds in a second.
const NANOS: i64 = 1_000_000_000;

/// The longest length of time that input may speak of: 100 years, in seconds. Sums of
/// spans stop at the ends of the integers, so no arithmetic here can overflow on checked input.
const MAX_SECONDS: f64 = 3.2e9;

/// Returns whole nanoseconds, half away from zero; `None` when `seconds` is not a number or its
/// size is above a hundred years.
fn nanos(seconds: f64) -> Option<i64> {
    (seconds.abs() <= MAX_SECONDS).then(|| (seconds * NANOS as f64).round() as i64)
}

/// A point in a recording, in nanoseconds from its first sample.
///
/// It may be negative: a hold that began before the recording did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A signed length of time, in nanoseconds.
///
/// Negative spans are ordinary here: a reply that starts before the other party has finished has a
/// negative floor-transfer offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Time {
    /// The first sample of the recording.
    pub const ZERO: Time = Time(0);

    /// Returns the instant `nanos` nanoseconds after the first sample.
    pub const fn from_nanos(nanos: i64) -> Time {
        Time(nanos)
    }

    /// Returns the instant nearest to `seconds`, or `None` when that is no number or further than
    /// a hundred years away.
    pub fn from_seconds(seconds: f64) -> Option<Time> {
        nanos(seconds).map(Time)
    }

    /// Returns the instant of sample `index` at `rate` samples per second, to the nearest
    /// nanosecond.
    pub fn of_sample(index: u64, rate: u32) -> Time {
        let exact = (i128::from(index) * i128::from(NANOS) * 2 + i128::from(rate))
            / (2 * i128::from(rate.max(1)));
        Time(exact.clamp(0, i128::from(i64::MAX / 4)) as i64)
    }

    /// Returns the time in whole nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the time in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// Returns a span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Span {
        Span(nanos)
    }

    /// Returns a span of `millis` milliseconds.
    pub const fn from_millis(millis: i64) -> Span {
        Span(millis * 1_000_000)
    }

    /// Returns the span nearest to `seconds`, or `None` when that is no number or longer than a
    /// hundred years.
    pub fn from_seconds(seconds: f64) -> Option<Span> {
        nanos(seconds).map(Span)
    }

    /// Returns the span in whole nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the span in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, other: Time) -> Span {
        Span(self.0 - other.0)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0 + span.0)
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0 - span.0)
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0 - other.0)
    }
}

impl Neg for Span {
    type Output = Span;
    fn neg(self) -> Span {
        Span(-self.0)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl SubAssign for Span {
    fn sub_assign(&mut self, other: Span) {
        self.0 -= other.0;
    }
}

impl std::iter::Sum for Span {
    fn sum<I: Iterator<Item = Span>>(spans: I) -> Span {
        spans.fold(Span::ZERO, Add::add)
    }
}

impl fmt::Display for Time {
    /// Writes seconds with millisecond digits: `12.340 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.seconds())
    }
}

impl fmt::Display for Span {
    /// Writes seconds with millisecond digits: `0.200 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.seconds())
    }
}

// In files a time is a number of seconds: people read and write those.
macro_rules! serde_in_seconds {
    ($type:ident) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.seconds())
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let seconds = f64::deserialize(deserializer)?;
                $type::from_seconds(seconds).ok_or_else(|| {
                    serde::de::Error::custom(format!(
                        "found {seconds}, wanted a number of seconds within a hundred years"
                    ))
                })
            }
        }
    };
}
serde_in_seconds!(Time);
serde_in_seconds!(Span);

/// The instants from `start` up to, and not including, `end`.
///
/// Segments order by start, then by end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    start: Time,
    end: Time,
}

impl Segment {
    /// Returns `[start, end)`, or `None` when that holds no instant.
    pub fn new(start: Time, end: Time) -> Option<Segment> {
        (start < end).then_some(Segment { start, end })
    }

    /// Returns `[start, end)` given in seconds, or `None` when that holds no instant or is no
    /// number.
    pub fn from_seconds(start: f64, end: f64) -> Option<Segment> {
        Segment::new(Time::from_seconds(start)?, Time::from_seconds(end)?)
    }

    /// Returns the first instant.
    pub fn start(self) -> Time {
        self.start
    }

    /// Returns the instant that follows the last one held.
    pub fn end(self) -> Time {
        self.end
    }

    /// Returns the length of the segment, which is always positive.
    pub fn duration(self) -> Span {
        self.end - self.start
    }

    /// Returns the instant in the middle, rounded down.
    pub fn midpoint(self) -> Time {
        Time(self.start.0 + (self.end.0 - self.start.0) / 2)
    }

    /// Tells whether the segment holds the instant.
    pub fn contains(self, time: Time) -> bool {
        self.start <= time && time < self.end
    }

    /// Returns the instants in both segments, or `None` when they lie apart or merely touch.
    pub fn intersection(self, other: Segment) -> Option<Segment> {
        Segment::new(self.start.max(other.start), self.end.min(other.end))
    }
}

impl Serialize for Segment {
    /// Writes `[start, end]` in seconds.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start, self.end).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Segment, D::Error> {
        let (start, end) = <(Time, Time)>::deserialize(deserializer)?;
        Segment::new(start, end).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "found start {start} and end {end}, wanted start < end"
            ))
        })
    }
}

/// The instants at which something holds: for instance, at which the agent speaks.
///
/// Two timelines that hold the same instants are equal, and each operation is one pass over the
/// segments.
///
/// ```text
/// agent                |-------|   |---|        |-----|
/// customer                  |--------|     |--|
///
/// &agent & &customer        |--|   |-|
/// &agent | &customer   |---------------|   |--| |-----|
/// &agent - &customer   |----|        |-|        |-----|
/// agent.gaps()                 |---|   |--------|
/// agent.bridge(5)      |---------------|        |-----|
/// agent.prune(5)       |-------|                |-----|
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Timeline {
    segments: Vec<Segment>,
}

impl Timeline {
    /// Returns the timeline that holds no instant.
    pub fn new() -> Timeline {
        Timeline::default()
    }

    /// Returns the segments, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Tells whether no instant is held.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns the total time held: the sum of the segments' durations.
    pub fn duration(&self) -> Span {
        self.segments.iter().map(|s| s.duration()).sum()
    }

    /// Returns the smallest segment that holds the whole timeline, or `None` when it is empty.
    pub fn extent(&self) -> Option<Segment> {
        let (first, last) = (self.segments.first()?, self.segments.last()?);
        Segment::new(first.start, last.end)
    }

    /// Tells whether the instant is held.
    pub fn contains(&self, time: Time) -> bool {
        let after = self.segments.partition_point(|s| s.start <= time);
        after > 0 && self.segments[after - 1].contains(time)
    }

    /// Returns the silences between consecutive segments. Silence before the first and after the
    /// last is not a gap.
    pub fn gaps(&self) -> Timeline {
        // Segments of the normal form do not touch, so each gap holds an instant.
        let segments = self
            .segments
            .windows(2)
            .filter_map(|w| Segment::new(w[0].end, w[1].start));
        Timeline {
            segments: segments.collect(),
        }
    }

    /// Joins neighbours that are less than `shortest` apart.
    pub fn bridge(&self, shortest: Span) -> Timeline {
        let mut joined: Vec<Segment> = Vec::with_capacity(self.segments.len());
        for &segment in &self.segments {
            match joined.last_mut() {
                Some(last) if segment.start - last.end < shortest => last.end = segment.end,
                _ => joined.push(segment),
            }
        }
        Timeline { segments: joined }
    }

    /// Drops the segments that are shorter than `shortest`.
    pub fn prune(&self, shortest: Span) -> Timeline {
        let kept = self
            .segments
            .iter()
            .copied()
            .filter(|s| s.duration() >= shortest);
        Timeline {
            segments: kept.collect(),
        }
    }

    /// Returns the part of the timeline inside `segment`, in time that does not depend on what
    /// lies outside.
    pub fn within(&self, segment: Segment) -> Timeline {
        let first = self.segments.partition_point(|s| s.end <= segment.start);
        let inside = self.segments[first..]
            .iter()
            .take_while(|s| s.start < segment.end)
            .filter_map(|s| s.intersection(segment));
        Timeline {
            segments: inside.collect(),
        }
    }

    /// Returns how long the timeline holds inside `segment`.
    pub fn duration_within(&self, segment: Segment) -> Span {
        let first = self.segments.partition_point(|s| s.end <= segment.start);
        self.segments[first..]
            .iter()
            .take_while(|s| s.start < segment.end)
            .filter_map(|s| s.intersection(segment))
            .map(Segment::duration)
            .sum()
    }
}

impl From<Segment> for Timeline {
    fn from(segment: Segment) -> Timeline {
        Timeline {
            segments: vec![segment],
        }
    }
}

/// Collects segments given in any order, overlapping or not, into normal form.
impl FromIterator<Segment> for Timeline {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Timeline {
        let mut sorted: Vec<Segment> = segments.into_iter().collect();
        sorted.sort_unstable();
        let mut normal: Vec<Segment> = Vec::with_capacity(sorted.len());
        for segment in sorted {
            match normal.last_mut() {
                Some(last) if segment.start <= last.end => last.end = last.end.max(segment.end),
                _ => normal.push(segment),
            }
        }
        Timeline { segments: normal }
    }
}

/// The instants held by both.
impl BitAnd for &Timeline {
    type Output = Timeline;
    fn bitand(self, other: &Timeline) -> Timeline {
        let (mut i, mut j) = (0, 0);
        let mut both = Vec::new();
        while let (Some(&a), Some(&b)) = (self.segments.get(i), other.segments.get(j)) {
            both.extend(a.intersection(b));
            // The one that ends first can meet nothing further.
            if a.end <= b.end {
                i += 1;
            } else {
                j += 1;
            }
        }
        Timeline { segments: both }
    }
}

/// The instants held by either.
impl BitOr for &Timeline {
    type Output = Timeline;
    fn bitor(self, other: &Timeline) -> Timeline {
        self.segments
            .iter()
            .chain(&other.segments)
            .copied()
            .collect()
    }
}

/// The instants held by the first and not by the second.
impl Sub for &Timeline {
    type Output = Timeline;
    fn sub(self, other: &Timeline) -> Timeline {
        let mut left = Vec::new();
        let mut cuts = other.segments.iter().copied().peekable();
        for &segment in &self.segments {
            let mut start = segment.start;
            while cuts.next_if(|cut| cut.end <= start).is_some() {}
            while let Some(&cut) = cuts.peek() {
                if cut.start >= segment.end {
                    break;
                }
                left.extend(Segment::new(start, cut.start));
                start = cut.end;
                if cut.end >= segment.end {
                    break;
                }
                cuts.next();
            }
            left.extend(Segment::new(start, segment.end));
        }
        Timeline { segments: left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a drawing: each `|---|` is a segment from its first bar to its last, a column a second.
    fn draw(line: &str) -> Timeline {
        let bars: Vec<i64> = line
            .char_indices()
            .filter(|(_, c)| *c == '|')
            .map(|(i, _)| i as i64)
            .collect();
        assert_eq!(bars.len() % 2, 0, "unpaired bar in {line:?}");
        bars.chunks(2)
            .filter_map(|b| Segment::new(Time(b[0] * NANOS), Time(b[1] * NANOS)))
            .collect()
    }

    fn seconds(n: i64) -> Span {
        Span(n * NANOS)
    }

    #[test]
    fn operations_are_as_drawn() {
        let agent = draw("|-------|   |---|        |-----|");
        let customer = draw("     |--------|     |--|");
        assert_eq!(&agent & &customer, draw("     |--|   |-|"));
        assert_eq!(&agent | &customer, draw("|---------------|   |--| |-----|"));
        assert_eq!(&agent - &customer, draw("|----|        |-|        |-----|"));
        assert_eq!(agent.gaps(), draw("        |---|   |--------|"));
        assert_eq!(
            agent.bridge(seconds(5)),
            draw("|---------------|        |-----|")
        );
        assert_eq!(
            agent.prune(seconds(5)),
            draw("|-------|                |-----|")
        );
    }

    #[test]
    fn segments_without_an_instant_do_not_exist() {
        assert_eq!(Segment::from_seconds(1.0, 1.0), None);
        assert_eq!(Segment::from_seconds(2.0, 1.0), None);
        assert_eq!(Segment::from_seconds(f64::NAN, 1.0), None);
        assert_eq!(Segment::from_seconds(0.0, f64::INFINITY), None);
    }

    #[test]
    fn touching_segments_become_one() {
        assert_eq!(draw("|--||--|").segments().len(), 2);
        let touching = [
            Segment::from_seconds(0.0, 1.0),
            Segment::from_seconds(1.0, 2.0),
        ];
        let joined: Timeline = touching.into_iter().flatten().collect();
        assert_eq!(
            joined,
            Timeline::from(Segment::from_seconds(0.0, 2.0).unwrap())
        );
    }

    #[test]
    fn sample_instants_are_exact_at_telephone_rates() {
        // 1/8000 s = 125,000 ns, 1/16000 s = 62,500 ns.
        assert_eq!(Time::of_sample(1, 8_000).nanos(), 125_000);
        assert_eq!(Time::of_sample(3, 16_000).nanos(), 187_500);
        // 1/44100 s = 22,675.7369… ns.
        assert_eq!(Time::of_sample(1, 44_100).nanos(), 22_676);
        assert_eq!(Time::of_sample(44_100, 44_100).nanos(), NANOS);
        // A lying header cannot overflow the clock.
        assert!(Time::of_sample(u64::MAX, 1).nanos() > 0);
    }

    #[test]
    fn seconds_survive_json() {
        let json = serde_json::to_string(&Span::from_millis(200)).unwrap();
        assert_eq!(json, "0.2");
        assert_eq!(
            serde_json::from_str::<Span>(&json).unwrap(),
            Span::from_millis(200)
        );
        assert!(serde_json::from_str::<Segment>("[2.0, 1.0]").is_err());
    }

    /// The plain twin: a timeline as the set of the whole seconds it holds.
    fn ticks(timeline: &Timeline) -> std::collections::BTreeSet<i64> {
        timeline
            .segments
            .iter()
            .flat_map(|s| s.start.0..s.end.0)
            .collect()
    }

    fn any_timeline() -> impl Strategy<Value = Timeline> {
        prop::collection::vec((0i64..60, 1i64..12), 0..8).prop_map(|pairs| {
            pairs
                .into_iter()
                .filter_map(|(s, d)| Segment::new(Time(s), Time(s + d)))
                .collect()
        })
    }

    fn is_normal(timeline: &Timeline) -> bool {
        timeline.segments.iter().all(|s| s.start < s.end)
            && timeline.segments.windows(2).all(|w| w[0].end < w[1].start)
    }

    proptest! {
        #[test]
        fn algebra_equals_that_of_plain_sets(a in any_timeline(), b in any_timeline()) {
            let (both, either, first) = (&a & &b, &a | &b, &a - &b);
            prop_assert!([&a, &b, &both, &either, &first].into_iter().all(is_normal));
            prop_assert_eq!(ticks(&both), &ticks(&a) & &ticks(&b));
            prop_assert_eq!(ticks(&either), &ticks(&a) | &ticks(&b));
            prop_assert_eq!(ticks(&first), &ticks(&a) - &ticks(&b));
            prop_assert_eq!(either.duration() + both.duration(), a.duration() + b.duration());
        }

        #[test]
        fn gaps_fill_the_extent(a in any_timeline()) {
            let filled = &a | &a.gaps();
            prop_assert_eq!(filled, a.extent().map(Timeline::from).unwrap_or_default());
        }

        #[test]
        fn bridge_leaves_no_short_gap_and_prune_no_short_segment(a in any_timeline(), n in 0i64..8) {
            let n = Span(n);
            let (bridged, pruned) = (a.bridge(n), a.prune(n));
            prop_assert!(is_normal(&bridged) && is_normal(&pruned));
            prop_assert!(bridged.gaps().segments.iter().all(|g| g.duration() >= n));
            prop_assert!(pruned.segments.iter().all(|s| s.duration() >= n));
            prop_assert_eq!(&bridged & &a, a.clone());
            prop_assert_eq!(&pruned & &a, pruned);
        }

        #[test]
        fn within_equals_the_intersection(a in any_timeline(), s in 0i64..60, d in 1i64..30, t in 0i64..70) {
            let window = Segment::new(Time(s), Time(s + d)).unwrap();
            prop_assert_eq!(a.within(window), &a & &Timeline::from(window));
            prop_assert_eq!(a.duration_within(window), a.within(window).duration());
            prop_assert_eq!(a.contains(Time(t)), ticks(&a).contains(&t));
        }
    }
}
