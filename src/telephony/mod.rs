//! The records of telephony platforms, read as they are.
//!
//! [`read`] tells a file's platform by its content and turns every record into a [`Record`]: the
//! [`Metadata`] of one call, what it could *not* fill and why, and what was odd. `docs/telephony.md`
//! says which key each value comes from.
//!
//! ```
//! use callcsi::telephony::{Platform, read};
//! let log = "1767260000|1767259990.7|кредиты|NONE|ENTERQUEUE||79990000000|1\n\
//!            1767260042|1767259990.7|кредиты|SIP/17|CONNECT|42|1767260040.8|2\n";
//! let file = read(log.as_bytes(), None)?;
//! assert_eq!(file.platform, Platform::AsteriskQueueLog);
//! let record = &file.records[0];
//! let queue = record.metadata.queue.as_ref().unwrap();
//! assert_eq!(queue.wait.unwrap().seconds(), 42.0);
//! assert!(record.unfilled.iter().any(|u| u.field == "holds.count"));
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! # Conventions
//!
//! * Nothing is invented: what the record does not say is `None`, and stands in
//!   [`Record::unfilled`] with the reason.
//! * A record that cannot be used is [rejected](Records::rejected) with its place, and the others
//!   are read; a value that cannot be used is a [`Warning`], and absent.
//! * Where a call has several records (several files of a platform, both legs of a call),
//!   [`join_records`] puts them together by call id. Moments and lengths of two clocks may differ by
//!   [`CLOCK_SLACK`]; by more it is a warning, and the first record's value stands.
//! * A file may hold one JSON document, an array, JSON Lines, documents one after another, or the
//!   answer of an interface that wraps an array; or text in the platform's own lines.
//! * A hold that is still a stretch of the wall clock stands in [`Record::hold_intervals`]. It
//!   becomes part of the metadata when the recording's start is known
//!   ([`Record::with_recording_start`]); until then its number and lengths are.

mod amazon_connect;
mod amazon_flow;
mod ami;
mod cel;
mod cisco;
mod content;
mod freeswitch;
mod genesys;
mod join;
mod queue_log;
mod values;

pub use join::join_records;

use crate::call::{CLOCK_SLACK, CallId, ClockInterval, Holds, IvrStatus, Metadata, WallTime};
use crate::error::{Error, ErrorKind, Result};
use crate::files::read_whole;
use crate::timeline::Span;
use content::Content;
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The largest file read, in bytes: a `queue_log` of some three million lines.
const MAX_FILE: u64 = 256 << 20;

/// The longest part of a call that is believed: what is longer comes of two clocks, or of one that
/// was never set.
const MAX_LENGTH: Span = Span::from_millis(10 * 86_400_000);

/// A platform whose records are read as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// Amazon Connect: contact records, `DescribeContact`, and flow logs.
    AmazonConnect,
    /// Genesys Cloud: conversation details.
    GenesysCloud,
    /// Asterisk: `queue_log`.
    AsteriskQueueLog,
    /// Asterisk: channel event logging, as CSV or JSON.
    AsteriskCel,
    /// Asterisk: a dump of manager events, for the holds.
    AsteriskAmi,
    /// FreeSWITCH: JSON CDR.
    FreeSwitch,
    /// Cisco UCCE: `Termination_Call_Detail`.
    CiscoTcd,
}

/// How a platform is called, told and read.
struct Reader {
    platform: Platform,
    name: &'static str,
    title: &'static str,
    /// Tells whether content is the platform's; the first reader that says so takes it.
    matches: fn(&Content<'_>) -> bool,
    read: fn(&Content<'_>, &mut Records),
}

/// Every reader, in the order in which platforms are looked for.
const READERS: [Reader; 7] = [
    Reader {
        platform: Platform::AmazonConnect,
        name: "amazon-connect",
        title: "Amazon Connect",
        matches: amazon_connect::matches,
        read: amazon_connect::read,
    },
    Reader {
        platform: Platform::GenesysCloud,
        name: "genesys-cloud",
        title: "Genesys Cloud conversation details",
        matches: genesys::matches,
        read: genesys::read,
    },
    Reader {
        platform: Platform::FreeSwitch,
        name: "freeswitch",
        title: "FreeSWITCH JSON CDR",
        matches: freeswitch::matches,
        read: freeswitch::read,
    },
    Reader {
        platform: Platform::AsteriskCel,
        name: "asterisk-cel",
        title: "Asterisk CEL",
        matches: cel::matches,
        read: cel::read,
    },
    Reader {
        platform: Platform::AsteriskQueueLog,
        name: "asterisk-queue-log",
        title: "Asterisk queue_log",
        matches: queue_log::matches,
        read: queue_log::read,
    },
    Reader {
        platform: Platform::AsteriskAmi,
        name: "asterisk-ami",
        title: "Asterisk manager events",
        matches: ami::matches,
        read: ami::read,
    },
    Reader {
        platform: Platform::CiscoTcd,
        name: "cisco-tcd",
        title: "Cisco UCCE Termination_Call_Detail",
        matches: cisco::matches,
        read: cisco::read,
    },
];

impl Platform {
    fn reader(self) -> &'static Reader {
        let reader = READERS.iter().find(|r| r.platform == self);
        // A test holds that every platform has its reader.
        reader.unwrap_or(&READERS[0])
    }

    /// Iterates over every platform.
    pub fn all() -> impl Iterator<Item = Platform> {
        READERS.iter().map(|r| r.platform)
    }

    /// Returns the name used in files and on command lines: `amazon-connect`, `genesys-cloud`, …
    pub fn name(self) -> &'static str {
        self.reader().name
    }

    /// Returns the name for people.
    pub fn title(self) -> &'static str {
        self.reader().title
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = Error;

    /// Parses the name used in files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<Platform> {
        Platform::all().find(|p| p.name() == text).ok_or_else(|| {
            let names: Vec<&str> = READERS.iter().map(|r| r.name).collect();
            let wanted = format!("one of {}", names.join(", "));
            Error::new(ErrorKind::Unsupported, "", format!("{text:?}"), wanted)
        })
    }
}

/// A value of [`Metadata`] that a record does not give.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfilled {
    /// The field, as in the JSON form of [`Metadata`]: `holds.count`.
    pub field: &'static str,
    /// Why it is absent.
    pub why: Cow<'static, str>,
}

/// Something odd about a record that can be used; it quotes no name and no number of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The line, or the keys that lead there.
    pub place: String,
    /// What is odd.
    pub what: Cow<'static, str>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.what),
            place => write!(f, "{place}: {}", self.what),
        }
    }
}

/// What a platform's record says of one call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The call, as the platform names it.
    pub call_id: CallId,
    /// Other ids under which records of the same call may stand: those of its channels.
    pub aliases: Vec<CallId>,
    /// Whose record it is; of a joined one, whose the first was.
    pub platform: Platform,
    /// The facts; [`Metadata::check`] accepts them.
    pub metadata: Metadata,
    /// When the contact began, the IVR and the queue included.
    pub start: Option<WallTime>,
    /// How long agent and customer were connected, holds included: what a recording of the talk
    /// lasts.
    pub duration: Option<Span>,
    /// Who answered, as the platform names the person. It reaches no message.
    pub operator: Option<String>,
    /// Who called, as the platform names the person. It reaches no message.
    pub customer: Option<String>,
    /// How often the call was passed on by an agent.
    pub transfers: Option<u32>,
    /// Where the recordings are, as the platform names the places.
    pub recordings: Vec<String>,
    /// Each hold on the wall clock, in order and apart from each other; empty where the platform
    /// gives none.
    pub hold_intervals: Vec<ClockInterval>,
    /// The fields of the metadata that could not be filled.
    pub unfilled: Vec<Unfilled>,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// The records of a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Records {
    /// Whose they are.
    pub platform: Platform,
    /// One record for each call, in the order in which the file first names them.
    pub records: Vec<Record>,
    /// What could not be used, with its place: a line, or the keys that lead there.
    pub rejected: Vec<Error>,
}

/// Reads every record of a file; the platform is told by the content unless it is given.
///
/// # Errors
///
/// [`ErrorKind::IllFormed`] when the file is empty or no UTF-8, [`ErrorKind::Unsupported`] when it is
/// no platform's that is known, [`ErrorKind::Mismatch`] when it is not the given one's. A bad record
/// among others is no error: see [`Records::rejected`].
pub fn read(bytes: &[u8], platform: Option<Platform>) -> Result<Records> {
    let content = Content::of(bytes)?;
    let told = READERS.iter().find(|reader| (reader.matches)(&content));
    let reader = match (told, platform) {
        (_, Some(given)) if (given.reader().matches)(&content) => given.reader(),
        (Some(told), None) => told,
        (told, given) => {
            let kind = match given {
                Some(_) => ErrorKind::Mismatch,
                None => ErrorKind::Unsupported,
            };
            let found = told.map_or_else(|| content.shape(), |r| format!("{} records", r.title));
            let titles: Vec<&str> = READERS.iter().map(|r| r.title).collect();
            let wanted = match given {
                Some(given) => format!("records of {}", given.title()),
                None => format!("records of one of {}", titles.join(", ")),
            };
            let error = Error::new(kind, "", found, wanted);
            return Err(match told {
                Some(told) => error.hint(format!("is the platform {}?", told.name)),
                None => error.hint("a table of another platform is read through a mapping"),
            });
        }
    };
    let mut records = Records {
        platform: reader.platform,
        records: Vec::new(),
        rejected: content.broken(),
    };
    (reader.read)(&content, &mut records);
    for record in &mut records.records {
        record.finish();
    }
    Ok(records)
}

/// Reads every record of a file, as [`read`].
///
/// # Errors
///
/// As [`read`], and [`ErrorKind::Io`] when the file cannot be read, [`ErrorKind::Unsupported`] when
/// it is larger than 256 MiB.
pub fn read_file(path: impl AsRef<Path>, platform: Option<Platform>) -> Result<Records> {
    let path = path.as_ref();
    let bytes = read_whole(path, MAX_FILE)?;
    read(&bytes, platform).map_err(|e| e.within(path.display()))
}

impl Record {
    fn new(platform: Platform, id: impl AsRef<str>) -> Record {
        Record {
            call_id: CallId::new(id),
            aliases: Vec::new(),
            platform,
            metadata: Metadata::default(),
            start: None,
            duration: None,
            operator: None,
            customer: None,
            transfers: None,
            recordings: Vec::new(),
            hold_intervals: Vec::new(),
            unfilled: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Tells when the recording's first sample was taken, which lays the holds on its clock.
    pub fn with_recording_start(mut self, start: WallTime) -> Record {
        self.metadata.recording_start = Some(start);
        self.finish();
        self
    }

    fn warn(&mut self, place: impl fmt::Display, what: impl Into<Cow<'static, str>>) {
        self.warnings.push(Warning {
            place: crate::error::legible(place),
            what: what.into(),
        });
    }

    /// Says why a field will be absent; the first reason stands.
    fn lacks(&mut self, field: &'static str, why: impl Into<Cow<'static, str>>) {
        if !self.unfilled.iter().any(|u| u.field == field) {
            let why = why.into();
            self.unfilled.push(Unfilled { field, why });
        }
    }

    /// Makes the metadata such that its check accepts them, and the reasons such that each absent
    /// field has one and no other field has. May be done again after a change.
    fn finish(&mut self) {
        self.lay_holds();
        // Values are looked at when they are read; what contradicts another is found here.
        while let Err(error) = self.metadata.check() {
            let section = error.place().split(['.', '[']).next().unwrap_or_default();
            let section = section.to_owned();
            self.warn(error.place(), format!("left out: {}", error.found()));
            match section.as_str() {
                "ivr" => self.metadata.ivr = None,
                "queue" => self.metadata.queue = None,
                "holds" => self.metadata.holds = None,
                _ => self.metadata = Metadata::default(),
            }
        }
        self.leave_out_the_endless();
        let metadata = &self.metadata;
        self.unfilled.retain(|u| !is_filled(metadata, u.field));
        for field in FIELDS {
            if !is_filled(&self.metadata, field) {
                self.lacks(field, usual_reason(field));
            }
        }
        let place = |u: &Unfilled| FIELDS.iter().position(|f| *f == u.field);
        self.unfilled.sort_by_key(place);
    }

    /// Leaves out lengths that no part of a call has.
    fn leave_out_the_endless(&mut self) {
        let metadata = &self.metadata;
        let lengths = [
            ("duration", self.duration),
            (
                "ivr.duration_s",
                metadata.ivr.as_ref().and_then(|i| i.duration),
            ),
            ("queue.wait_s", metadata.queue.as_ref().and_then(|q| q.wait)),
            ("holds", metadata.holds.as_ref().and_then(Holds::total)),
        ];
        let possible = Span::ZERO..=MAX_LENGTH;
        for (what, length) in lengths {
            if length.is_none_or(|length| possible.contains(&length)) {
                continue;
            }
            match (what, &mut self.metadata) {
                ("duration", _) => self.duration = None,
                ("holds", metadata) => {
                    metadata.holds = None;
                    self.hold_intervals.clear();
                }
                ("ivr.duration_s", Metadata { ivr: Some(ivr), .. }) => ivr.duration = None,
                (
                    _,
                    Metadata {
                        queue: Some(queue), ..
                    },
                ) => queue.wait = None,
                _ => {}
            }
            self.warn(what, "left out: no time of 0 s to ten days");
        }
    }

    /// Puts the hold intervals into the metadata, or their number and lengths.
    fn lay_holds(&mut self) {
        if self.hold_intervals.is_empty() {
            return;
        }
        let laid = Holds {
            intervals: Some(self.hold_intervals.clone()),
            ..Holds::default()
        };
        let given = self.metadata.holds.take().unwrap_or_default();
        // A hold without its end has a number and no interval.
        let whole =
            given.count.is_none() || given.count == laid.number() || given.intervals.is_some();
        self.metadata.holds = Some(match (whole, self.metadata.recording_start) {
            (true, Some(_)) => laid,
            (true, None) => Holds {
                count: laid.number(),
                total: given.total.or(laid.total()),
                longest: given.longest.or(laid.longest()),
                ..Holds::default()
            },
            (false, _) => given,
        });
    }
}

/// The fields of the metadata that a platform may know.
const FIELDS: [&str; 11] = [
    "recording_start",
    "ivr.status",
    "ivr.duration_s",
    "ivr.steps",
    "queue.wait_s",
    "queue.name",
    "holds.count",
    "holds.total_s",
    "holds.longest_s",
    "holds.intervals",
    "customer",
];

fn is_filled(metadata: &Metadata, field: &str) -> bool {
    let ivr = metadata.ivr.as_ref();
    let queue = metadata.queue.as_ref();
    let holds = metadata.holds.as_ref();
    let status = ivr.and_then(|i| i.status);
    let no_ivr = status == Some(IvrStatus::None);
    let no_hold = holds.and_then(Holds::number) == Some(0);
    match field {
        "recording_start" => metadata.recording_start.is_some(),
        "ivr.status" => status.is_some_and(|s| s != IvrStatus::Unknown),
        "ivr.duration_s" => no_ivr || ivr.is_some_and(|i| i.duration.is_some()),
        "ivr.steps" => no_ivr || ivr.is_some_and(|i| i.steps.is_some()),
        "queue.wait_s" => queue.is_some_and(|q| q.wait.is_some()),
        "queue.name" => queue.is_some_and(|q| q.name.is_some()),
        "holds.count" => holds.and_then(Holds::number).is_some(),
        "holds.total_s" => holds.and_then(Holds::total).is_some(),
        "holds.longest_s" => no_hold || holds.and_then(Holds::longest).is_some(),
        "holds.intervals" => no_hold || holds.is_some_and(|h| h.intervals.is_some()),
        "customer" => metadata.customer.is_some(),
        _ => false,
    }
}

fn usual_reason(field: &str) -> &'static str {
    match field {
        "customer" => "the customer's history follows from the archive, and not from one record",
        "recording_start" => "the record does not tell when the recording began",
        _ => "the record does not tell",
    }
}
