//! A call out of a vCon.

use super::document::{Content, Document, Role, index};
use super::encoding::{is_packed, read_text, text_of};
use super::history::History;
use crate::call::{AgentChannel, Call, Input, Metadata, Part, Recording, Side, TranscriptSource};
use crate::error::{Error, ErrorKind, Result};
use crate::score::Warning;
use crate::timeline::Span;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is declared of a vCon besides what it tells itself.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The agent's channel, for vCons whose parties have no roles.
    pub agent_channel: Option<AgentChannel>,
    /// The agent's label in transcripts that name speakers without a role.
    pub agent_speaker: Option<String>,
    /// The index of the dialog that is the call, for vCons of several recordings.
    pub dialog: Option<usize>,
    /// A two-channel recording that stands for the one that the vCon names: where that is at an address
    /// of the network, say. A declared channel is of it then, and holds against the vCon.
    pub audio: Option<PathBuf>,
    /// A two-channel recording for a vCon that holds no sound and names no file of it.
    pub spare_audio: Option<PathBuf>,
}

/// A fact that a vCon does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfilled {
    /// Which: `recording`, `metadata.holds`, …
    pub field: &'static str,
    /// Why it is not known.
    pub reason: String,
}

/// A call as a vCon tells it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VconCall {
    /// The call, ready to be scored.
    pub call: Call,
    /// The agent's channel: by the roles of the parties, else as declared.
    pub agent_channel: Option<AgentChannel>,
    /// Who answered: the agent's `uuid`, else the name. It is for joining records, and no result has it.
    pub operator: Option<String>,
    /// Who called, or was called: the customer's `uuid`, else the number or address.
    pub customer: Option<String>,
    /// Transfers, where the vCon tells of any.
    pub transfers: Option<u32>,
    /// The dialogs that are the call's recording, by index.
    pub dialogs: Vec<usize>,
    /// What the vCon does not tell.
    pub unfilled: Vec<Unfilled>,
    /// What was odd about it.
    pub warnings: Vec<Warning>,
}

/// The purpose of an attachment that holds [`Metadata`] as JSON.
const METADATA_PURPOSE: &str = "callcsi-metadata";

/// Ends of the names of files that are vCons.
pub(crate) const FILE_ENDINGS: [&str; 4] = [".vcon", ".vcon.json", ".vcon.gz", ".vcon.json.gz"];

/// Reads a call from the bytes of a vCon, packed or not; `name` stands for it in messages.
///
/// The transcript, where it has one, and inline sound are in the result; a recording elsewhere needs
/// [`read_file`] or [`ReadOptions::audio`].
///
/// ```
/// use callcsi::vcon::{ReadOptions, read};
///
/// # fn main() -> callcsi::Result<()> {
/// let vcon = br#"{
///     "uuid": "01928e10-193e-8231-b9a2-279e0d16bc46",
///     "parties": [{"role": "customer"}, {"role": "agent"}],
///     "dialog": [{"type": "recording", "start": "2026-11-21T11:50:00Z", "duration": 279.06,
///         "parties": [0, 1], "party_history": [
///             {"party": 0, "time": "2026-11-21T11:51:00Z", "event": "hold"},
///             {"party": 0, "time": "2026-11-21T11:51:40Z", "event": "unhold"}]}]
/// }"#;
/// let read = read(vcon, "call.vcon", &ReadOptions::default())?;
/// let holds = read.call.metadata.holds.unwrap_or_default();
/// assert_eq!(holds.count, Some(1));
/// assert!(read.unfilled.iter().any(|u| u.field == "metadata.queue"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// * [`ErrorKind::IllFormed`]: it is no vCon, inline sound or an attachment of this crate's is broken,
///   or it has no `uuid`.
/// * [`ErrorKind::Unsupported`]: it is signed or encrypted, has a critical extension that is not known,
///   or its recording is at an address of the network without a file name.
/// * [`ErrorKind::Mismatch`]: several recordings, no way to tell the agent's channel, or content of
///   another hash.
/// * [`ErrorKind::Invalid`]: a file outside the vCon's folder, or metadata that cannot be.
pub fn read(bytes: &[u8], name: &str, options: &ReadOptions) -> Result<VconCall> {
    let read = text_of(bytes.to_vec()).and_then(|text| {
        let source = Source {
            name,
            file: None,
            packed: is_packed(bytes),
        };
        source.read(&text, options)
    });
    read.map_err(|e| e.within(name))
}

/// Reads a call from a vCon in a file, packed or not. A recording beside it is found by its relative
/// path; it is looked for, and its hash checked, when it is opened.
///
/// # Errors
///
/// As [`read`], and [`ErrorKind::Io`] when the file cannot be read.
pub fn read_file(path: impl AsRef<Path>, options: &ReadOptions) -> Result<VconCall> {
    let path = path.as_ref();
    let (text, packed) = read_text(path)?;
    let name = path.display().to_string();
    let source = Source {
        name: &name,
        file: Some(path),
        packed,
    };
    source
        .read(&text, options)
        .map_err(|e| e.within(name.as_str()))
}

/// Returns the `uuid` of a vCon in a file, when it can be read.
pub(crate) fn uuid_of(path: &Path) -> Option<String> {
    let (text, _) = read_text(path).ok()?;
    Some(Document::parse(&text).ok()?.uuid()?.to_owned())
}

/// Where the text of a vCon came from.
struct Source<'a> {
    name: &'a str,
    file: Option<&'a Path>,
    packed: bool,
}

/// Takes the sound of a dialog out of a vCon, or finds it beside.
fn take_sound(path: &Path, dialog: usize) -> Result<Input> {
    let (text, _) = read_text(path)?;
    let place = || format!("{}: dialog[{dialog}]", path.display());
    let take = || {
        let document = Document::parse(&text)?;
        let Some(found) = document.dialogs().get(dialog) else {
            return Err(Error::new(
                ErrorKind::Io,
                "",
                "another vCon",
                "the one that was read before",
            ));
        };
        match found.content()? {
            Content::Inline => Ok(Input::Bytes {
                name: place(),
                bytes: found.sound()?.into(),
            }),
            Content::Beside { file, remote } => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let file = folder.join(file);
                let real = file.canonicalize().map_err(|e| {
                    let error = Error::io(file.display(), &e);
                    match remote {
                        true => error.hint("the vCon has the recording at an address, and there is no network here: put the file beside the vCon"),
                        false => error,
                    }
                })?;
                let here = if folder == Path::new("") {
                    Path::new(".")
                } else {
                    folder
                };
                let io = |e: std::io::Error| Error::io(here.display(), &e);
                if !real.starts_with(here.canonicalize().map_err(io)?) {
                    let found = "a link that leaves the vCon's folder";
                    let wanted = "a file in the vCon's folder or below it";
                    return Err(Error::new(
                        ErrorKind::Invalid,
                        file.display(),
                        found,
                        wanted,
                    ));
                }
                if real.is_file() {
                    found.hash().check_file(&real)?;
                }
                Ok(Input::Path(file))
            }
            Content::Remote | Content::None => Err(Error::new(
                ErrorKind::Io,
                "",
                "no sound",
                "the sound that was there before",
            )),
        }
    };
    take().map_err(|e| e.within(place()))
}

/// Unpacks a vCon, for its transcript.
fn take_text(path: &Path, _: usize) -> Result<Input> {
    let (text, _) = read_text(path)?;
    Ok(Input::Bytes {
        name: path.display().to_string(),
        bytes: text.into_bytes().into(),
    })
}

impl Source<'_> {
    fn read(&self, text: &str, options: &ReadOptions) -> Result<VconCall> {
        let document = Document::parse(text)?;
        let Some(uuid) = document.uuid() else {
            return Err(Error::new(
                ErrorKind::IllFormed,
                "uuid",
                "nothing",
                "the id of the call",
            ));
        };
        let mut read = VconCall {
            call: Call::new(uuid),
            agent_channel: options.agent_channel,
            operator: identity(&document, Side::Agent, &["uuid", "name"]),
            customer: identity(
                &document,
                Side::Customer,
                &["uuid", "tel", "sip", "mailto", "did"],
            ),
            transfers: None,
            dialogs: Vec::new(),
            unfilled: Vec::new(),
            warnings: Vec::new(),
        };
        read.call.vcon = self.file.map(Path::to_owned);
        if document
            .redacted
            .as_ref()
            .is_some_and(|r| r.as_object().is_some_and(|r| !r.is_empty()))
        {
            let message = "the vCon is redacted: what was taken out of it is not measured";
            read.warnings.push(Warning::new("vcon_redacted", message));
        }
        for (side, found) in [
            (Side::Agent, &read.operator),
            (Side::Customer, &read.customer),
        ] {
            if found.is_none() {
                let field = match side {
                    Side::Agent => "operator",
                    Side::Customer => "customer",
                };
                let reason = format!("no party with the role {side} has an id");
                read.unfilled.push(Unfilled { field, reason });
            }
        }
        self.sound(&document, options, &mut read)?;
        self.words(&document, options, text, &mut read);
        facts(&document, &mut read)?;
        read.call.metadata.check()?;
        Ok(read)
    }

    /// Finds the recording, its length and its start.
    fn sound(
        &self,
        document: &Document<'_>,
        options: &ReadOptions,
        read: &mut VconCall,
    ) -> Result<()> {
        let recordings = document.dialogs_of("recording");
        let pair = pair_of(document, &recordings);
        read.dialogs = match (options.dialog, &recordings[..], pair) {
            (Some(named), ..) if recordings.contains(&named) => vec![named],
            (Some(named), ..) => {
                let wanted = "the index of a dialog of type recording";
                return Err(Error::new(ErrorKind::Mismatch, "dialog", named, wanted));
            }
            (None, [], _) => Vec::new(),
            (None, [one], _) => vec![*one],
            (None, _, Some((agent, customer))) => vec![agent, customer],
            (None, several, None) => {
                let found = format!("{} recordings", several.len());
                let wanted = "one, or one of the agent and one of the customer";
                let error = Error::new(ErrorKind::Mismatch, "dialog", found, wanted);
                return Err(
                    error.hint("a call is one recording: name the dialog, or make a vCon of each")
                );
            }
        };
        let dialogs = read
            .dialogs
            .iter()
            .filter_map(|&d| document.dialogs().get(d));
        let lengths = dialogs.filter_map(|d| Span::from_seconds(d.duration_s()?));
        read.call.duration = lengths.max();
        if read.call.duration.is_none() {
            read.leave("duration", "no recording with a duration");
        }
        match &read.dialogs[..] {
            [] => {
                read.leave("recording", "no dialog is of type recording");
                if let Some(file) = options.audio.as_ref().or(options.spare_audio.as_ref()) {
                    read.unfilled.retain(|u| u.field != "recording");
                    let agent_channel = self.channel(document, None, options, read)?;
                    read.call.recording = Some(stereo(Input::Path(file.clone()), agent_channel));
                }
            }
            &[one] => {
                let input = match &options.audio {
                    Some(file) => Some(Input::Path(file.clone())),
                    None => self
                        .input(document, one, options.spare_audio.as_deref())
                        .map_err(|e| e.within(format!("dialog[{one}]")))?,
                };
                let Some(input) = input else {
                    let known = self.channel(document, Some(one), options, read);
                    read.agent_channel = known.ok().or(options.agent_channel);
                    read.leave("recording", "the dialog has neither a body nor a file");
                    return Ok(());
                };
                // What is declared with a recording of one's own is declared of that.
                let own = matches!(input, Input::Path(_)).then_some(options.agent_channel);
                let agent_channel = match own.flatten() {
                    Some(declared) => declared,
                    None => self.channel(document, Some(one), options, read)?,
                };
                read.call.recording = Some(stereo(input, agent_channel));
            }
            &[agent, customer, ..] => {
                let input = |d| {
                    self.input(document, d, None)
                        .map_err(|e| e.within(format!("dialog[{d}]")))
                };
                let (Some(agent_input), Some(customer_input)) = (input(agent)?, input(customer)?)
                else {
                    read.leave("recording", "a dialog has neither a body nor a file");
                    return Ok(());
                };
                let start = |d: usize| document.dialogs().get(d).and_then(|d| d.start());
                let offset = match (start(agent), start(customer)) {
                    (Some(a), Some(c)) if a.zoned == c.zoned => Span::from_nanos(c.nanos - a.nanos),
                    _ => {
                        let wanted = "the starts of both recordings, to lay them on one clock";
                        return Err(Error::new(ErrorKind::IllFormed, "dialog", "none", wanted));
                    }
                };
                read.call.recording = Some(Recording::TwoMono {
                    agent: agent_input,
                    customer: customer_input,
                    customer_offset: offset,
                });
            }
        }
        let dialogs = read
            .dialogs
            .iter()
            .filter_map(|&d| document.dialogs().get(d));
        if dialogs.map(|d| d.hash().unusable).sum::<usize>() > 0 {
            let message = "a content_hash of the recording is no SHA-512, so it was not checked";
            read.warnings.push(Warning::new("vcon_hash", message));
        }
        Ok(())
    }

    /// Returns the sound of a dialog, or `spare` for one that has and names none; `None` without either.
    fn input(
        &self,
        document: &Document<'_>,
        dialog: usize,
        spare: Option<&Path>,
    ) -> Result<Option<Input>> {
        let Some(found) = document.dialogs().get(dialog) else {
            return Ok(None);
        };
        match (found.content()?, self.file) {
            (Content::Remote | Content::None, _) if spare.is_some() => {
                Ok(spare.map(|spare| Input::Path(spare.to_owned())))
            }
            (Content::None, _) => Ok(None),
            (Content::Remote, _) => {
                let wanted = "a recording in the vCon, or a file beside it";
                let error = Error::new(ErrorKind::Unsupported, "url", "an address", wanted);
                Err(error.hint(
                    "there is no network here: put the recording beside the vCon and name it in filename",
                ))
            }
            (content, Some(path)) => {
                let name = match content {
                    Content::Beside { file, .. } => path.with_file_name(file).display().to_string(),
                    _ => format!("{}: dialog[{dialog}]", self.name),
                };
                let part = Part::new(name, path.to_owned(), dialog, take_sound);
                Ok(Some(Input::Part(part)))
            }
            (Content::Inline, None) => Ok(Some(Input::Bytes {
                name: format!("{}: dialog[{dialog}]", self.name),
                bytes: found.sound()?.into(),
            })),
            (Content::Beside { .. }, None) => {
                let found = "a recording in a file beside the vCon";
                let wanted = "the vCon as a file, to find what is beside it";
                Err(Error::new(ErrorKind::Unsupported, "", found, wanted))
            }
        }
    }

    /// Returns the agent's channel: by the roles of the channels' parties, by the originator's, who has
    /// the first channel, else as declared.
    fn channel(
        &self,
        document: &Document<'_>,
        dialog: Option<usize>,
        options: &ReadOptions,
        read: &mut VconCall,
    ) -> Result<AgentChannel> {
        let dialog = dialog.and_then(|d| document.dialogs().get(d));
        let map = match dialog.and_then(|d| d.parties.as_ref()) {
            Some(Value::Array(map)) if map.len() > 1 => Some(map),
            _ => None,
        };
        let told = match map {
            Some(map) => {
                let used = map.iter().skip(2).filter(|item| !item.is_null()).count();
                if used > 0 {
                    let found = format!("parties on {} channels", map.len());
                    let wanted = "two channels: the agent's and the customer's";
                    return Err(Error::new(
                        ErrorKind::Unsupported,
                        "dialog.parties",
                        found,
                        wanted,
                    ));
                }
                let sides = map.iter().take(2).map(|item| side_of(document, item));
                match &sides.collect::<Vec<_>>()[..] {
                    [Some(Side::Agent), None | Some(Side::Customer)] => Some(AgentChannel::Left),
                    [None, Some(Side::Customer)] => Some(AgentChannel::Left),
                    [Some(Side::Customer), None | Some(Side::Agent)] => Some(AgentChannel::Right),
                    [None, Some(Side::Agent)] => Some(AgentChannel::Right),
                    _ => None,
                }
            }
            None => {
                let originator = dialog.and_then(|d| d.originator());
                match originator.map(|party| document.role(party)) {
                    Some(Role::Side(Side::Agent)) => Some(AgentChannel::Left),
                    Some(Role::Side(Side::Customer)) => Some(AgentChannel::Right),
                    _ => None,
                }
            }
        };
        if let (Some(told), Some(declared)) = (told, options.agent_channel)
            && told != declared
        {
            let message = format!(
                "the agent's channel was declared {}, and by the parties of the vCon it is the {}: the vCon holds",
                String::from(declared),
                String::from(told),
            );
            read.warnings.push(Warning::new("vcon_channel", message));
        }
        let known = told.or(options.agent_channel);
        read.agent_channel = known;
        known.ok_or_else(|| {
            let wanted = "parties with the roles agent and customer, one for each channel";
            let found = "no way to tell the agent's channel";
            let error = Error::new(ErrorKind::Mismatch, "dialog.parties", found, wanted);
            error.hint("declare agent_channel: it is not guessed")
        })
    }

    /// Finds the transcript.
    fn words(
        &self,
        document: &Document<'_>,
        options: &ReadOptions,
        text: &str,
        read: &mut VconCall,
    ) {
        match document.transcripts() {
            (true, _) => {}
            (false, true) => {
                return read.leave(
                    "transcript",
                    "it is kept elsewhere, and there is no network here",
                );
            }
            (false, false) => return read.leave("transcript", "no analysis is a transcript"),
        }
        let input = match self.file {
            Some(path) if self.packed => Input::Part(Part::new(
                self.name.to_owned(),
                path.to_owned(),
                usize::MAX,
                take_text,
            )),
            Some(path) => Input::Path(path.to_owned()),
            None => Input::Bytes {
                name: self.name.to_owned(),
                bytes: text.as_bytes().into(),
            },
        };
        let mut source = TranscriptSource::new(input);
        source.format = Some("vcon".to_owned());
        source.agent_channel = read.agent_channel;
        source.agent_speaker = options.agent_speaker.clone();
        read.call.transcripts.push(source);
    }
}

fn stereo(input: Input, agent_channel: AgentChannel) -> Recording {
    Recording::Stereo {
        input,
        agent_channel,
    }
}

/// Returns two recordings that are one of the agent alone and one of the customer alone.
fn pair_of(document: &Document<'_>, recordings: &[usize]) -> Option<(usize, usize)> {
    let &[first, second] = recordings else {
        return None;
    };
    let role = |d: usize| Some(document.role(document.dialogs().get(d)?.lone_party()?));
    match (role(first)?, role(second)?) {
        (Role::Side(Side::Agent), Role::Side(Side::Customer)) => Some((first, second)),
        (Role::Side(Side::Customer), Role::Side(Side::Agent)) => Some((second, first)),
        _ => None,
    }
}

/// Returns whose channel it is: a party's, or the one side's that is among several.
fn side_of(document: &Document<'_>, item: &Value) -> Option<Side> {
    let side = |value: &Value| match document.role(index(value)?) {
        Role::Side(side) => Some(side),
        _ => None,
    };
    match item {
        Value::Array(several) => {
            let mut sides = several.iter().filter_map(side);
            let first = sides.next()?;
            sides.all(|other| other == first).then_some(first)
        }
        one => side(one),
    }
}

/// Returns the first of `keys` that the first party of that side has.
fn identity(document: &Document<'_>, side: Side, keys: &[&str]) -> Option<String> {
    let mut parties = document.parties().iter().enumerate();
    let (_, party) = parties.find(|(i, _)| document.role(*i) == Role::Side(side))?;
    let texts = keys.iter().filter_map(|key| party.get(key)?.as_str());
    let mut texts = texts.map(str::trim).filter(|text| !text.is_empty());
    texts.next().map(str::to_owned)
}

/// Reads the facts of the platform.
fn facts(document: &Document<'_>, read: &mut VconCall) -> Result<()> {
    let starts = read
        .dialogs
        .iter()
        .filter_map(|&d| document.dialogs().get(d)?.start());
    // The call clock starts with the recording that began first.
    let start = starts.min_by_key(|start| start.nanos);
    let metadata = &mut read.call.metadata;
    metadata.recording_start = start.and_then(|start| start.wall());
    match start {
        Some(start) if !start.zoned => {
            read.leave(
                "metadata.recording_start",
                "the start of the recording has no offset from UTC",
            );
        }
        Some(_) => {}
        None => read.leave("metadata.recording_start", "no recording with a start"),
    }
    let warnings = &mut read.warnings;
    let history = History::of(document, &read.dialogs, start, read.call.duration, warnings);
    let holds = match &history {
        Ok(history) => history.holds(warnings),
        Err(reason) => Err(*reason),
    };
    let ivr = history.and_then(|history| history.ivr());
    match holds {
        Ok(holds) => read.call.metadata.holds = Some(holds),
        Err(reason) => read.leave("metadata.holds", reason),
    }
    match ivr {
        Ok(ivr) => {
            if ivr.duration.is_none() {
                read.leave("metadata.ivr.duration_s", "nothing tells when the IVR ends");
            }
            read.leave(
                "metadata.ivr.status",
                "a vCon does not tell why the IVR ended",
            );
            read.call.metadata.ivr = Some(ivr);
        }
        Err(reason) => read.leave("metadata.ivr", reason),
    }
    read.leave(
        "metadata.queue",
        "a vCon has no place for the wait in a queue",
    );
    read.leave(
        "metadata.customer",
        "a vCon is one conversation, without earlier ones",
    );
    match document.dialogs_of("transfer").len() {
        0 => read.leave("transfers", "no dialog is of type transfer"),
        count => read.transfers = u32::try_from(count).ok(),
    }

    let attached = document.attached(METADATA_PURPOSE)?;
    if attached.len() > 1 {
        let found = format!("{} attachments {METADATA_PURPOSE}", attached.len());
        return Err(Error::new(ErrorKind::Mismatch, "attachments", found, "one"));
    }
    for (i, body) in attached {
        let place = format!("attachments[{i}].body");
        let told = Metadata::from_json(&body).map_err(|e| e.within(place))?;
        let filled = [
            ("metadata.recording_start", told.recording_start.is_some()),
            ("metadata.holds", told.holds.is_some()),
            ("metadata.ivr", told.ivr.is_some()),
            ("metadata.queue", told.queue.is_some()),
            ("metadata.customer", told.customer.is_some()),
        ];
        let is_filled = |field: &str| {
            filled
                .iter()
                .any(|(name, told)| *told && field.starts_with(name))
        };
        read.unfilled.retain(|unfilled| !is_filled(unfilled.field));
        read.call.metadata = told.or(std::mem::take(&mut read.call.metadata));
    }
    Ok(())
}

impl VconCall {
    fn leave(&mut self, field: &'static str, reason: &str) {
        let reason = reason.to_owned();
        self.unfilled.push(Unfilled { field, reason });
    }

    /// Completes a call of which other facts are known: they hold, a group of facts at a time (the IVR,
    /// the queue, the holds, the history), for half of one source and half of another may contradict.
    pub(crate) fn complete(self, mut known: Call) -> Call {
        let call = self.call;
        if known.recording.is_none() {
            known.recording = call.recording;
        }
        if known.transcripts.is_empty() {
            known.transcripts = call.transcripts;
        }
        known.duration = known.duration.or(call.duration);
        known.metadata = known.metadata.or(call.metadata);
        known.vcon = call.vcon;
        known
    }
}
