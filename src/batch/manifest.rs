//! The table that says which calls there are.
//!
//! A manifest is CSV (comma, semicolon or tab, with a header), JSON Lines, UTF-8, or, with the feature
//! `parquet`, Apache Parquet, read row by row; or it is made of a folder of recordings. A
//! [mapping](super::mapping) says what the columns of a foreign table mean. Columns, all optional but
//! `call_id`:
//!
//! | column | value |
//! |---|---|
//! | `call_id` | any text, unique |
//! | `audio` | two-channel recording, relative to the manifest |
//! | `agent_channel` | `left`, `right`, or a preset (see [`AgentChannel`]) |
//! | `audio_agent`, `audio_customer` | two mono recordings, instead of `audio` |
//! | `customer_offset_s` | how much later than the agent's the customer's recording began |
//! | `transcript` | transcript of both sides |
//! | `transcript_agent`, `transcript_customer` | a transcript of each side, instead |
//! | `transcript_format` | their format, when it is not to be detected |
//! | `agent_speaker` | the agent's label in transcripts that name speakers without a role |
//! | `duration_s` | length of the call, where there is neither (checked against nothing else) |
//! | `metadata` | a JSON file as [`Metadata`]; in JSON Lines also the object itself |
//! | `ivr_…`, `queue_…`, `hold…`, `customer_…`, `recording_start` | the same facts as columns |
//! | `mark`, `survey_status` | what the customer said, for training |
//!
//! `ivr_path` is `node:outcome>node:outcome` (outcomes may be left out); `holds` is `12.5-40;60-75` in
//! seconds of the call clock. Any other column is carried along in [`Metadata::extra`].

use super::mapping::Mapping;
use super::table::{self, Cells, Rows};
use crate::call::{
    AgentChannel, Call, CallId, ClockInterval, CustomerHistory, Holds, Input, Ivr, IvrStep,
    Metadata, Queue, Recording, Side, TranscriptSource,
};
use crate::error::{Error, ErrorKind, Result};
use crate::files::read_whole;
use crate::model::SurveyStatus;
use crate::timeline::{Span, Time};
use crate::transcript::Format;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What the customer said of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The mark, on the centre's scale.
    pub mark: Option<i64>,
    /// Whether the customer was asked, and answered.
    pub survey: Option<SurveyStatus>,
}

/// One row of a manifest.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Line, from 1; of a folder, the place of the file in order.
    pub line: u64,
    /// The call's id, when the row tells it.
    pub id: Option<String>,
    /// What the customer said.
    pub labels: Labels,
    /// The call, or what is wrong with the row.
    pub row: Result<Call>,
}

/// What a manifest's rows leave out.
#[derive(Clone, Debug, Default)]
pub struct ManifestOptions {
    /// The agent's channel where a row does not declare it.
    pub agent_channel: Option<AgentChannel>,
    /// The agent's label in transcripts that name speakers, where a row does not declare it.
    pub agent_speaker: Option<String>,
    /// The format of transcripts, where a row does not tell it and it shall not be detected.
    pub transcript_format: Option<Format>,
    /// A table of facts by `call_id`, for a folder of recordings.
    pub facts: Option<PathBuf>,
}

/// The columns that mean something; all others are carried along.
const KNOWN: [&str; 34] = [
    "call_id",
    "audio",
    "agent_channel",
    "audio_agent",
    "audio_customer",
    "customer_offset_s",
    "transcript",
    "transcript_agent",
    "transcript_customer",
    "transcript_format",
    "agent_speaker",
    "duration_s",
    "metadata",
    "recording_start",
    "ivr_status",
    "ivr_duration_s",
    "ivr_path",
    "ivr_step_count",
    "ivr_no_input_count",
    "ivr_no_match_count",
    "ivr_repeat_count",
    "ivr_operator_request_count",
    "ivr_last_node",
    "queue_wait_s",
    "queue_name",
    "hold_count",
    "hold_total_s",
    "hold_longest_s",
    "holds",
    "customer_always_requests_operator",
    "customer_ivr_history_count",
    "customer_operator_request_share",
    "mark",
    "survey_status",
];

/// The largest file of facts of one call, in bytes; real ones are some hundreds.
const MAX_METADATA: u64 = 16 << 20;

/// File names that are taken for recordings in a folder.
const AUDIO_EXTENSIONS: [&str; 12] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "m4a", "mp4", "aac", "rf64", "w64",
];

/// Ends of the file names of transcripts beside the recordings of a folder; the first one counts.
const TRANSCRIPT_EXTENSIONS: [&str; 7] = ["json", "TextGrid", "vtt", "srt", "ctm", "rttm", "vcon"];

/// A source of calls: an iterator over its rows.
#[derive(Debug)]
pub struct Manifest {
    source: Source,
    root: PathBuf,
    options: ManifestOptions,
    seen: HashSet<u64>,
    extra: Vec<String>,
}

#[derive(Debug)]
enum Source {
    Table(Rows),
    Folder {
        files: std::vec::IntoIter<PathBuf>,
        facts: HashMap<String, Cells>,
        line: u64,
    },
}

impl Manifest {
    /// Opens a manifest, or a folder of recordings.
    ///
    /// In a folder every recording is a call, below it at any depth, ordered by path; its id is the
    /// file name without extension, and a transcript is the file of the same name beside it that ends
    /// in `.json`, `.TextGrid`, `.vtt`, `.srt`, `.ctm`, `.rttm` or `.vcon`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::IllFormed`] when it has no `call_id`
    /// column, or the table of facts has a bad row; [`ErrorKind::Invalid`] when that names a call twice.
    pub fn open(path: impl AsRef<Path>, options: ManifestOptions) -> Result<Manifest> {
        Manifest::open_mapped(path, options, &Mapping::default())
    }

    /// Opens a manifest, or a folder of recordings, whose table has columns that mean what `mapping`
    /// says: the manifest itself or, of a folder, the table of facts.
    ///
    /// # Errors
    ///
    /// As [`Manifest::open`], and [`ErrorKind::Mismatch`] when the mapping takes a column that the
    /// table has not.
    pub fn open_mapped(
        path: impl AsRef<Path>,
        options: ManifestOptions,
        mapping: &Mapping,
    ) -> Result<Manifest> {
        let path = path.as_ref();
        if path == Path::new("-") {
            let error = Error::new(
                ErrorKind::Unsupported,
                "-",
                "standard input",
                "a file or folder",
            );
            return Err(error.hint("write the manifest to a file first"));
        }
        let about = std::fs::metadata(path).map_err(|e| Error::io(path.display(), &e))?;
        let (source, root, extra) = if about.is_dir() {
            let mut files = Vec::new();
            find_recordings(path, &mut files)?;
            files.sort();
            let (facts, extra) = match &options.facts {
                Some(facts) => read_facts(facts, mapping)?,
                None => Default::default(),
            };
            let source = Source::Folder {
                files: files.into_iter(),
                facts,
                line: 0,
            };
            (source, path.to_owned(), extra)
        } else {
            if let Some(facts) = &options.facts {
                let found = format!("a manifest and a table of facts, {}", facts.display());
                let error = Error::new(ErrorKind::Mismatch, path.display(), found, "one of them");
                return Err(error.hint("facts are for a folder; a manifest has them as columns"));
            }
            let rows = table::read_table_mapped(path, mapping)?;
            let extra = extra_columns(&rows);
            let root = path.parent().unwrap_or(Path::new("")).to_owned();
            (Source::Table(rows), root, extra)
        };
        Ok(Manifest {
            source,
            root,
            options,
            seen: HashSet::new(),
            extra,
        })
    }

    /// Returns the columns of a CSV manifest that are carried along without a meaning: a misspelt
    /// one is among them.
    pub fn extra_columns(&self) -> &[String] {
        &self.extra
    }

    fn entry(&mut self, line: u64, place: &str, cells: Result<Cells>) -> Entry {
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => {
                let row = Err(error.within(place));
                return Entry {
                    line,
                    id: None,
                    labels: Labels::default(),
                    row,
                };
            }
        };
        let id = cells.get("call_id").map(str::to_owned);
        let labels = labels(&cells);
        let row = self.call(&cells).and_then(|call| {
            if self.is_new(&call.id) {
                Ok(call)
            } else {
                let place = "call_id";
                let found = format!("{:?} a second time", call.id.as_str());
                Err(Error::new(ErrorKind::Invalid, place, found, "a unique id"))
            }
        });
        let (labels, row) = match (labels, row) {
            (Ok(labels), row) => (labels, row),
            (Err(error), _) => (Labels::default(), Err(error)),
        };
        let row = row.map_err(|error| {
            let error = error.within(place);
            match &id {
                Some(id) => error.of_call(&CallId::new(id)),
                None => error,
            }
        });
        Entry {
            line,
            id,
            labels,
            row,
        }
    }

    fn is_new(&mut self, id: &CallId) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    fn call(&self, cells: &Cells) -> Result<Call> {
        let Some(id) = cells.get("call_id") else {
            return Err(Error::new(
                ErrorKind::IllFormed,
                "call_id",
                "no value",
                "the call's id",
            ));
        };
        let mut call = Call::new(id);
        let agent_channel = match cells.get("agent_channel") {
            Some(text) => Some(text.parse::<AgentChannel>()?),
            None => self.options.agent_channel,
        };
        let file = |column: &str| cells.get(column).map(|p| Input::Path(self.root.join(p)));
        call.recording = match (file("audio"), file("audio_agent"), file("audio_customer")) {
            (None, None, None) => None,
            (Some(input), None, None) => {
                let Some(agent_channel) = agent_channel else {
                    let wanted = "left, right or a preset: the agent's channel is not guessed";
                    return Err(Error::new(
                        ErrorKind::Mismatch,
                        "agent_channel",
                        "nothing",
                        wanted,
                    ));
                };
                Some(Recording::Stereo {
                    input,
                    agent_channel,
                })
            }
            (None, Some(agent), Some(customer)) => {
                let customer_offset = span(cells, "customer_offset_s")?.unwrap_or_default();
                Some(Recording::TwoMono {
                    agent,
                    customer,
                    customer_offset,
                })
            }
            (Some(_), ..) => {
                let found = "a two-channel recording and a mono one";
                let wanted = "audio, or audio_agent with audio_customer";
                return Err(Error::new(ErrorKind::Mismatch, "audio", found, wanted));
            }
            (None, agent, _) => {
                let missing = if agent.is_some() {
                    "audio_customer"
                } else {
                    "audio_agent"
                };
                let wanted = "the recordings of both sides";
                return Err(Error::new(ErrorKind::Mismatch, missing, "nothing", wanted));
            }
        };
        let transcripts = [
            ("transcript", None),
            ("transcript_agent", Some(Side::Agent)),
            ("transcript_customer", Some(Side::Customer)),
        ];
        for (column, side) in transcripts {
            if let Some(input) = file(column) {
                let mut source = TranscriptSource::new(input);
                let format = cells.get("transcript_format").map(str::to_owned);
                let usual = self.options.transcript_format.map(|f| f.name().to_owned());
                source.format = format.or(usual);
                source.side = side;
                source.agent_channel = agent_channel;
                let speaker = cells.get("agent_speaker").map(str::to_owned);
                source.agent_speaker = speaker.or_else(|| self.options.agent_speaker.clone());
                call.transcripts.push(source);
            }
        }
        call.duration = span(cells, "duration_s")?;
        if let Some(duration) = call.duration.filter(|d| *d < Span::ZERO) {
            let error = Error::new(ErrorKind::Invalid, "duration_s", duration, "0 s or more");
            return Err(error);
        }
        call.metadata = self.metadata(cells)?;
        Ok(call)
    }

    fn metadata(&self, cells: &Cells) -> Result<Metadata> {
        let mut metadata = match (&cells.inline_metadata, cells.get("metadata")) {
            (Some(object), _) => {
                Metadata::from_json(&object.to_string()).map_err(|e| e.within("metadata"))?
            }
            (None, Some(path)) => read_metadata(self.root.join(path))?,
            (None, None) => Metadata::default(),
        };
        from_columns(cells, &mut metadata)?;
        metadata.check()?;
        Ok(metadata)
    }
}

impl Iterator for Manifest {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let (line, place, cells) = match &mut self.source {
            Source::Table(rows) => {
                let (line, cells) = rows.next()?;
                (line, rows.place(line), cells)
            }
            Source::Folder { files, facts, line } => {
                let file = files.next()?;
                *line += 1;
                (
                    *line,
                    file.display().to_string(),
                    Ok(cells_of_file(&file, &self.root, facts)),
                )
            }
        };
        Some(self.entry(line, &place, cells))
    }
}

/// Makes the row that a recording in a folder stands for.
fn cells_of_file(file: &Path, root: &Path, facts: &HashMap<String, Cells>) -> Cells {
    let id = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let relative = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let mut cells = facts.get(&id).cloned().unwrap_or_default();
    cells.set("call_id", id);
    if cells.get("audio_agent").is_none() && cells.get("audio_customer").is_none() {
        cells.set("audio", relative(file));
    }
    let given = ["transcript", "transcript_agent", "transcript_customer"];
    if given.iter().all(|column| cells.get(column).is_none()) {
        let mut beside = TRANSCRIPT_EXTENSIONS.iter().map(|e| file.with_extension(e));
        if let Some(transcript) = beside.find(|path| path.is_file()) {
            cells.set("transcript", relative(&transcript));
        }
    }
    cells
}

fn find_recordings(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder.display(), &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io(folder.display(), &e))?;
        let (path, kind) = (entry.path(), entry.file_type());
        // Links are not followed: a loop of them would never end.
        match kind {
            Ok(kind) if kind.is_dir() => find_recordings(&path, files)?,
            Ok(kind) if kind.is_file() => {
                let extension = path
                    .extension()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .to_lowercase();
                if AUDIO_EXTENSIONS.contains(&&*extension) {
                    files.push(path);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the facts of one call from a JSON file.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, else as [`Metadata::from_json`].
pub fn read_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    let bytes = read_whole(path, MAX_METADATA)?;
    // Windows tools put a byte-order mark before UTF-8.
    let json = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let json = std::str::from_utf8(json).map_err(|_| table::not_utf8().within(path.display()))?;
    Metadata::from_json(json).map_err(|e| e.within(path.display()))
}

/// The facts of a table by call id, and its columns without a meaning.
type Facts = (HashMap<String, Cells>, Vec<String>);

fn read_facts(path: &Path, mapping: &Mapping) -> Result<Facts> {
    let mut rows = table::read_table_mapped(path, mapping)?;
    let extra = extra_columns(&rows);
    let mut facts = HashMap::new();
    while let Some((line, cells)) = rows.next() {
        let place = || rows.place(line);
        let cells = cells.map_err(|e| e.within(place()))?;
        let Some(id) = cells.get("call_id").map(str::to_owned) else {
            return Err(Error::new(
                ErrorKind::IllFormed,
                place(),
                "no call_id",
                "the call's id",
            ));
        };
        if facts.insert(id.clone(), cells).is_some() {
            let found = format!("the call {id:?} a second time");
            let wanted = "one row of facts for a call";
            return Err(Error::new(ErrorKind::Invalid, place(), found, wanted));
        }
    }
    rows.check_columns()?;
    Ok((facts, extra))
}

fn extra_columns(rows: &Rows) -> Vec<String> {
    let unknown = |c: &&String| !KNOWN.contains(&c.as_str()) && !c.is_empty();
    rows.columns().iter().filter(unknown).cloned().collect()
}

fn number<T: FromStr>(cells: &Cells, column: &str, wanted: &str) -> Result<Option<T>> {
    let Some(text) = cells.get(column) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        let error = Error::new(ErrorKind::IllFormed, column, format!("{text:?}"), wanted);
        if text.contains(',') && text.replace(',', ".").parse::<f64>().is_ok() {
            error.hint("is the decimal comma to be a point?")
        } else if text.contains(':') {
            error.hint("is it hours and minutes? seconds are wanted")
        } else {
            error
        }
    })
}

fn span(cells: &Cells, column: &str) -> Result<Option<Span>> {
    let wanted = "a number of seconds";
    let Some(seconds) = number::<f64>(cells, column, wanted)? else {
        return Ok(None);
    };
    let span = Span::from_seconds(seconds);
    span.map(Some)
        .ok_or_else(|| Error::new(ErrorKind::Invalid, column, seconds, wanted))
}

fn count(cells: &Cells, column: &str) -> Result<Option<u32>> {
    number(cells, column, "a whole number from 0 up")
}

fn flag(cells: &Cells, column: &str) -> Result<Option<bool>> {
    match cells.get(column) {
        None => Ok(None),
        Some("1" | "true" | "yes") => Ok(Some(true)),
        Some("0" | "false" | "no") => Ok(Some(false)),
        Some(text) => {
            let found = format!("{text:?}");
            Err(Error::new(
                ErrorKind::IllFormed,
                column,
                found,
                "1 or 0, true or false",
            ))
        }
    }
}

/// Puts `value` into `slot` when the column has one.
fn fill<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

/// Adds the facts that stand in columns of their own.
fn from_columns(cells: &Cells, metadata: &mut Metadata) -> Result<()> {
    let within = |column: &'static str| move |e: Error| e.within(column);
    if let Some(text) = cells.get("recording_start") {
        metadata.recording_start = Some(text.parse().map_err(within("recording_start"))?);
    }
    if cells.any(|c| c.starts_with("ivr_")) {
        let ivr = metadata.ivr.get_or_insert_with(Ivr::default);
        if let Some(text) = cells.get("ivr_status") {
            ivr.status = Some(text.parse().map_err(within("ivr_status"))?);
        }
        if let Some(text) = cells.get("ivr_path") {
            ivr.steps = Some(path_of(text).map_err(within("ivr_path"))?);
        }
        fill(&mut ivr.duration, span(cells, "ivr_duration_s")?);
        fill(&mut ivr.step_count, count(cells, "ivr_step_count")?);
        fill(&mut ivr.no_input_count, count(cells, "ivr_no_input_count")?);
        fill(&mut ivr.no_match_count, count(cells, "ivr_no_match_count")?);
        fill(&mut ivr.repeat_count, count(cells, "ivr_repeat_count")?);
        fill(
            &mut ivr.operator_request_count,
            count(cells, "ivr_operator_request_count")?,
        );
        fill(
            &mut ivr.last_node,
            cells.get("ivr_last_node").map(str::to_owned),
        );
    }
    if cells.any(|c| c.starts_with("queue_")) {
        let queue = metadata.queue.get_or_insert_with(Queue::default);
        fill(&mut queue.wait, span(cells, "queue_wait_s")?);
        fill(&mut queue.name, cells.get("queue_name").map(str::to_owned));
    }
    if cells.any(|c| c == "holds" || c.starts_with("hold_")) {
        let holds = metadata.holds.get_or_insert_with(Holds::default);
        fill(&mut holds.count, count(cells, "hold_count")?);
        fill(&mut holds.total, span(cells, "hold_total_s")?);
        fill(&mut holds.longest, span(cells, "hold_longest_s")?);
        if let Some(text) = cells.get("holds") {
            holds.intervals = Some(intervals_of(text).map_err(within("holds"))?);
        }
    }
    let history = [
        "customer_always_requests_operator",
        "customer_ivr_history_count",
        "customer_operator_request_share",
    ];
    if cells.any(|c| history.contains(&c)) {
        let customer = metadata
            .customer
            .get_or_insert_with(CustomerHistory::default);
        fill(
            &mut customer.always_requests_operator,
            flag(cells, history[0])?,
        );
        fill(&mut customer.ivr_history_count, count(cells, history[1])?);
        fill(
            &mut customer.operator_request_share,
            number(cells, history[2], "a share, 0 to 1")?,
        );
    }
    let extra = cells.iter().filter(|(c, _)| !KNOWN.contains(c));
    metadata
        .extra
        .extend(extra.map(|(c, v)| (c.to_owned(), v.to_owned())));
    Ok(())
}

/// Parses `node:outcome>node`.
fn path_of(text: &str) -> Result<Vec<IvrStep>> {
    text.split('>')
        .map(|step| match step.trim().rsplit_once(':') {
            Some((node, outcome)) => Ok(IvrStep::new(node.trim()).outcome(outcome.trim().parse()?)),
            None => Ok(IvrStep::new(step.trim())),
        })
        .collect()
}

/// Parses `12.5-40;60-75`, seconds of the call clock.
fn intervals_of(text: &str) -> Result<Vec<ClockInterval>> {
    let parse = |interval: &str| {
        let (start, end) = interval.trim().split_once('-')?;
        let time = |t: &str| t.trim().parse().ok().and_then(Time::from_seconds);
        Some(ClockInterval::Call {
            start: time(start)?,
            end: time(end)?,
        })
    };
    text.split(';')
        .filter(|interval| !interval.trim().is_empty())
        .map(|interval| {
            parse(interval).ok_or_else(|| {
                let wanted = "start-end in seconds, as 12.5-40;60-75";
                Error::new(ErrorKind::IllFormed, "", format!("{interval:?}"), wanted)
            })
        })
        .collect()
}

pub(super) fn labels(cells: &Cells) -> Result<Labels> {
    let survey = match cells.get("survey_status") {
        Some(text) => Some(
            text.parse::<SurveyStatus>()
                .map_err(|e| e.within("survey_status"))?,
        ),
        None => None,
    };
    let wanted = "a whole number";
    let mark = match number::<f64>(cells, "mark", wanted)? {
        // Spreadsheets and data frames write 5 as 5.0.
        Some(mark) if mark.fract() == 0.0 && mark.abs() < 1e9 => Some(mark as i64),
        Some(mark) => return Err(Error::new(ErrorKind::IllFormed, "mark", mark, wanted)),
        None => None,
    };
    Ok(Labels { mark, survey })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_data_frames_are_whole_numbers_and_halves_are_refused() {
        let mark = |text: &str| {
            let mut cells = Cells::default();
            cells.set("mark", text.to_owned());
            labels(&cells).map(|labels| labels.mark)
        };
        assert_eq!(mark("5.0").unwrap(), Some(5));
        assert_eq!(mark("5").unwrap(), Some(5));
        for odd in ["4.5", "NaN", "inf", "1e300", "пять"] {
            assert_eq!(mark(odd).unwrap_err().place(), "mark", "{odd}");
        }
    }
}
