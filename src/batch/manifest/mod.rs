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
//! | `audio` | two-channel recording; paths start from the manifest's folder and stay in it |
//! | `agent_channel` | `left`, `right`, or a preset (see [`AgentChannel`]) |
//! | `audio_agent`, `audio_customer` | two mono recordings, instead of `audio` |
//! | `customer_offset_s` | how much later than the agent's the customer's recording began |
//! | `transcript` | transcript of both sides |
//! | `transcript_agent`, `transcript_customer` | a transcript of each side, instead |
//! | `transcript_format` | their format, when it is not to be detected |
//! | `agent_speaker` | the agent's label in transcripts that name speakers without a role |
//! | `duration_s` | length of the call, where there is neither (checked against nothing else) |
//! | `vcon` | a [vCon](crate::vcon) with whatever of the above it has; the row's own cells hold against it |
//! | `metadata` | a JSON file as [`Metadata`], or a [platform's record](crate::telephony); in JSON Lines also the object itself |
//! | `ivr_…`, `queue_…`, `hold…`, `customer_…`, `recording_start` | the same facts as columns |
//! | `mark`, `survey_status` | what the customer said, for training |
//! | `manifest_line` | the row's line, where the table is a part of another: results and errors then say it |
//!
//! `ivr_path` is `node:outcome>node:outcome` (outcomes may be left out); `holds` is `12.5-40;60-75` in
//! seconds of the call clock. Any other column is carried along in [`Metadata::extra`].

mod columns;
mod folder;
mod paths;
mod records;
mod vcon;

pub(crate) use columns::labels;
pub use folder::Pattern;
pub(super) use folder::is_audio;
pub use records::read_metadata;

use self::columns::{MANIFEST_LINE, extra_columns, from_columns, number, span};
use self::folder::{cells_of_file, find_recordings, read_facts};
use self::paths::Root;
use self::records::{Joined, fill, read_facts_of};
use super::history::History;
use super::mapping::Mapping;
use super::table::{self, Cells, Rows};
use crate::call::{AgentChannel, Call, CallId, Input, Metadata, Recording, Side, TranscriptSource};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::model::SurveyStatus;
use crate::score::Warning;
use crate::timeline::Span;
use crate::transcript::Format;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// The files that the row names: recordings, transcripts, metadata.
    pub files: Vec<PathBuf>,
    /// What was odd about the facts: of a vCon, of a platform's record.
    pub warnings: Vec<Warning>,
    /// The call, or what is wrong with the row.
    pub row: Result<Call>,
}

impl Entry {
    fn failed(line: u64, place: &str, error: Error) -> Entry {
        Entry {
            line,
            id: None,
            labels: Labels::default(),
            files: Vec::new(),
            warnings: Vec::new(),
            row: Err(error.within(place).at(Stage::Manifest)),
        }
    }
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
    /// A table of facts by `call_id`, for a folder of recordings; it is held in memory.
    pub facts: Option<PathBuf>,
    /// Files of records as telephony platforms write them ([`telephony`](crate::telephony)), joined to the
    /// rows by `call_id`; they are held in memory.
    pub records: Vec<PathBuf>,
    /// What the names of the files of a folder mean; by default the name without extension is the id.
    pub pattern: Option<Pattern>,
    /// The folder that the paths of a manifest start from. `None`: the folder of the manifest, of
    /// standard input the working directory.
    pub root: Option<PathBuf>,
    /// Whether paths may lead out of it.
    pub outside: bool,
}

/// One row of a manifest that the caller holds: see [`Manifest::of_rows`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ManifestRow {
    /// Line, from 1, unless the row has a column `manifest_line`.
    pub line: u64,
    /// The cells, by column.
    pub cells: Cells,
    /// What `audio`, `audio_agent`, `audio_customer`, `transcript`, `transcript_agent`,
    /// `transcript_customer`, `vcon` and `metadata` are, where that is no path: it stands over the cell of
    /// the same column.
    pub inputs: Vec<(String, Input)>,
    /// Why the row could not be read, where that is known: then it is a row of results with this error. Its
    /// place is within the row.
    pub unread: Option<Error>,
}

impl ManifestRow {
    /// Makes a row without cells.
    pub fn new(line: u64) -> ManifestRow {
        ManifestRow {
            line,
            ..ManifestRow::default()
        }
    }
}

struct GivenRows(Box<dyn Iterator<Item = ManifestRow> + Send>);

impl std::fmt::Debug for GivenRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenRows")
    }
}

/// The ids of the calls that were seen, to tell when one comes again.
///
/// A manifest has its own; several that are parts of one share them ([`Manifest::sharing`]).
#[derive(Clone, Debug, Default)]
pub struct SeenIds(Arc<Mutex<HashSet<u64>>>);

impl SeenIds {
    /// Adds an id; `false` when it was there. Ids are held as hashes of 64 bits.
    pub fn add(&self, id: &CallId) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(hasher.finish())
    }
}

/// A source of calls: an iterator over its rows.
#[derive(Debug)]
pub struct Manifest {
    source: Source,
    root: Root,
    options: ManifestOptions,
    seen: SeenIds,
    extra: Vec<String>,
    history: Option<History>,
    records: Joined,
    rejected: Vec<Error>,
}

/// What a row led to besides its call.
#[derive(Debug, Default)]
struct Found {
    /// What was given in place of paths.
    inputs: Vec<(String, Input)>,
    files: Vec<PathBuf>,
    warnings: Vec<Warning>,
}

#[derive(Debug)]
enum Source {
    Table(Rows),
    Rows {
        name: String,
        rows: GivenRows,
    },
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
    /// in `.json`, `.TextGrid`, `.vtt`, `.srt`, `.ctm` or `.rttm`. A file that ends in `.vcon` or
    /// `.vcon.json`, packed (`.gz`) or not, is a call too: its id is the `uuid`, and it stands for the
    /// recording of the same name beside it.
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
            return Manifest::read_from("standard input", std::io::stdin(), options, mapping);
        }
        let about = std::fs::metadata(path).map_err(|e| Error::io(path.display(), &e))?;
        if !about.is_dir() {
            let rows = table::read_table_mapped(path, mapping)?;
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            return Manifest::of_table(rows, folder, options, path);
        }
        let mut files = Vec::new();
        find_recordings(path, &mut files)?;
        vcon::without_described(&mut files);
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
        Manifest::new(source, path.to_owned(), extra, options)
    }

    fn new(
        source: Source,
        root: PathBuf,
        extra: Vec<String>,
        options: ManifestOptions,
    ) -> Result<Manifest> {
        let (records, rejected) = Joined::read(&options.records)?;
        Ok(Manifest {
            source,
            root: Root::new(root, options.outside)?,
            options,
            seen: SeenIds::default(),
            extra,
            history: None,
            records,
            rejected,
        })
    }

    /// Reads the rows of a manifest from a stream, CSV or JSON Lines; `name` is what errors call it. Paths
    /// start from [`ManifestOptions::root`], else from the working directory.
    ///
    /// # Errors
    ///
    /// As [`Manifest::open_mapped`].
    pub fn read_from(
        name: &str,
        reader: impl Read + Send + 'static,
        options: ManifestOptions,
        mapping: &Mapping,
    ) -> Result<Manifest> {
        let rows = table::read_table_from(name, reader, mapping)?;
        Manifest::of_table(rows, PathBuf::new(), options, Path::new(name))
    }

    fn of_table(
        rows: Rows,
        folder: PathBuf,
        options: ManifestOptions,
        path: &Path,
    ) -> Result<Manifest> {
        let refuse = |found: String, hint: &str| {
            let error = Error::new(ErrorKind::Mismatch, path.display(), found, "one of them");
            Err(error.hint(hint))
        };
        if let Some(facts) = &options.facts {
            let found = format!("a manifest and a table of facts, {}", facts.display());
            let hint = "facts are for a folder; a manifest has them as columns";
            return refuse(found, hint);
        }
        if options.pattern.is_some() {
            let found = "a manifest and a pattern of file names".to_owned();
            return refuse(found, "a pattern is for a folder; a manifest has columns");
        }
        let extra = extra_columns(&rows);
        let folder = options.root.clone().unwrap_or(folder);
        Manifest::new(Source::Table(rows), folder, extra, options)
    }

    /// Makes a manifest of rows that the caller holds, as of a data frame; `name` is what errors call it.
    /// Paths start from [`ManifestOptions::root`], else from the working directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when the root, or a file of records, cannot be read.
    pub fn of_rows(
        name: &str,
        rows: impl Iterator<Item = ManifestRow> + Send + 'static,
        options: ManifestOptions,
    ) -> Result<Manifest> {
        let folder = options.root.clone().unwrap_or_default();
        let source = Source::Rows {
            name: name.to_owned(),
            rows: GivenRows(Box::new(rows)),
        };
        Manifest::new(source, folder, Vec::new(), options)
    }

    /// Counts the ids of other manifests as seen, and its own for them: each is a part of one.
    pub fn sharing(mut self, seen: SeenIds) -> Manifest {
        self.seen = seen;
        self
    }

    /// Fills in what the customers' earlier calls show, where a row does not tell it.
    pub fn with_history(mut self, history: History) -> Manifest {
        self.history = Some(history);
        self
    }

    /// Returns what is wrong with single records of [`ManifestOptions::records`]; the others are joined.
    pub fn rejected_records(&self) -> &[Error] {
        &self.rejected
    }

    /// Returns how many calls there are, where that is known before they are read: of a folder.
    pub fn known_length(&self) -> Option<u64> {
        match &self.source {
            Source::Folder { files, .. } => Some(files.len() as u64),
            Source::Table(_) | Source::Rows { .. } => None,
        }
    }

    /// Returns the columns of a CSV manifest that are carried along without a meaning: a misspelt
    /// one is among them.
    pub fn extra_columns(&self) -> &[String] {
        &self.extra
    }

    fn entry(
        &mut self,
        line: u64,
        place: &str,
        cells: Result<Cells>,
        inputs: Vec<(String, Input)>,
        unread: Option<Error>,
    ) -> Entry {
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => return Entry::failed(line, place, error),
        };
        let id = cells.get("call_id").map(str::to_owned);
        let labels = labels(&cells);
        let mut found = Found {
            inputs,
            ..Found::default()
        };
        let call = match unread {
            Some(error) => Err(error),
            None => self.call(&cells, &mut found),
        };
        let mut row = call.and_then(|call| {
            if self.seen.add(&call.id) {
                Ok(call)
            } else {
                let place = "call_id";
                let found = format!("{:?} a second time", call.id.as_str());
                Err(Error::new(ErrorKind::Invalid, place, found, "a unique id"))
            }
        });
        if let (Some(history), Ok(call)) = (&mut self.history, &mut row) {
            let added = history.add_to(line, &mut call.metadata);
            row = row.and_then(|call| added.map(|()| call));
        }
        let (labels, row) = match (labels, row) {
            (Ok(labels), row) => (labels, row),
            (Err(error), _) => (Labels::default(), Err(error)),
        };
        let row = row.map_err(|error| {
            let error = error.within(place).at(Stage::Manifest);
            match &id {
                Some(id) => error.of_call(&CallId::new(id)),
                None => error,
            }
        });
        Entry {
            line,
            id,
            labels,
            files: found.files,
            warnings: found.warnings,
            row,
        }
    }

    /// Makes the call of a row.
    fn call(&self, cells: &Cells, found: &mut Found) -> Result<Call> {
        let id = cells.call_id()?;
        let mut call = Call::new(id);
        let agent_channel = match cells.get("agent_channel") {
            Some(text) => Some(text.parse::<AgentChannel>()?),
            None => self.options.agent_channel,
        };
        let speaker = self.options.agent_speaker.as_deref();
        let vcon = vcon::of_row(cells, &self.root, agent_channel, speaker, found)?;
        let agent_channel = vcon.as_ref().map_or(agent_channel, |v| v.agent_channel);
        let mut file = |column: &str| -> Result<Option<Input>> {
            if let Some(input) = found.input(column) {
                return Ok(Some(input.clone()));
            }
            let Some(text) = cells.get(column) else {
                return Ok(None);
            };
            let path = self.root.resolve(column, text)?;
            found.files.push(path.clone());
            Ok(Some(Input::Path(path)))
        };
        let audio = (
            file("audio")?,
            file("audio_agent")?,
            file("audio_customer")?,
        );
        call.recording = match audio {
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
            if let Some(input) = file(column)? {
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
        call.metadata = self.metadata(&call.id, cells, found)?;
        Ok(match vcon {
            Some(vcon) => vcon.complete(call),
            None => call,
        })
    }

    fn metadata(&self, id: &CallId, cells: &Cells, found: &mut Found) -> Result<Metadata> {
        // On which clock the holds of a platform's record lie, the row may tell; a bad cell is an error
        // below.
        let start = cells.get("recording_start").and_then(|t| t.parse().ok());
        let mut metadata = match (&cells.inline_metadata, cells.get("metadata")) {
            (Some(object), _) => {
                Metadata::from_json(&object.to_string()).map_err(|e| e.within("metadata"))?
            }
            (None, text) => {
                let input = match (found.input("metadata"), text) {
                    (Some(input), _) => Some(input.clone()),
                    (None, Some(text)) => {
                        let path = self.root.resolve("metadata", text)?;
                        found.files.push(path.clone());
                        Some(Input::Path(path))
                    }
                    (None, None) => None,
                };
                let read = input.map(|i| read_facts_of(&i, id, start, &mut found.warnings));
                let read = read.transpose().map_err(|e| e.at(Stage::Metadata))?;
                read.unwrap_or_default()
            }
        };
        if let Some(record) = self.records.of(id) {
            metadata = fill(metadata, record, start, &mut found.warnings);
        }
        from_columns(cells, &mut metadata)?;
        metadata.check()?;
        Ok(metadata)
    }
}

/// Returns the line that a row says it has, else the one it stands on.
fn own_line(line: u64, cells: Result<Cells>) -> (u64, Result<Cells>) {
    let cells = match cells {
        Ok(cells) => cells,
        Err(error) => return (line, Err(error)),
    };
    match number::<u64>(&cells, MANIFEST_LINE, "a whole number, the row's line") {
        Ok(own) => (own.unwrap_or(line), Ok(cells)),
        Err(error) => (line, Err(error)),
    }
}

impl Found {
    /// Takes what was given for a column in place of a path.
    fn input(&self, column: &str) -> Option<&Input> {
        let (_, input) = self.inputs.iter().find(|(of, _)| of == column)?;
        Some(input)
    }
}

impl Iterator for Manifest {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let (mut inputs, mut unread) = (Vec::new(), None);
        let (line, place, cells) = match &mut self.source {
            Source::Table(rows) => {
                let (line, cells) = rows.next()?;
                let (line, cells) = own_line(line, cells);
                (line, rows.place(line), cells)
            }
            Source::Rows { name, rows } => {
                let row = rows.0.next()?;
                (inputs, unread) = (row.inputs, row.unread);
                let (line, cells) = own_line(row.line, Ok(row.cells));
                (line, format!("{name} line {line}"), cells)
            }
            Source::Folder { files, facts, line } => {
                let file = files.next()?;
                *line += 1;
                let pattern = self.options.pattern.as_ref();
                let cells = cells_of_file(&file, self.root.folder(), facts, pattern);
                (*line, file.display().to_string(), cells)
            }
        };
        Some(self.entry(line, &place, cells, inputs, unread))
    }
}
