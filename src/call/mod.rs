//! What is known of a call before anyone listens to it.
//!
//! A [`Call`] is plain data: an id, where its recording and transcript are, and the facts that the
//! telephony platform keeps ([`Metadata`]). Nothing is opened here.

mod metadata;

pub use metadata::{
    CLOCK_SLACK, ClockInterval, CustomerHistory, Holds, Ivr, IvrStatus, IvrStep, Metadata, Queue,
    StepOutcome, WallTime,
};

use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// The name under which a centre keeps a call. Any text, Cyrillic as well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(Arc<str>);

impl CallId {
    /// Makes an id.
    pub fn new(id: impl AsRef<str>) -> CallId {
        CallId(id.as_ref().into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the two parties of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who answers for the centre.
    Agent,
    /// Who called, or was called.
    Customer,
}

impl Side {
    /// Both sides, in the order of the result columns: the customer's come first in
    /// `call_features`.
    pub const BOTH: [Side; 2] = [Side::Customer, Side::Agent];

    /// Returns the other party.
    pub fn other(self) -> Side {
        match self {
            Side::Agent => Side::Customer,
            Side::Customer => Side::Agent,
        }
    }

    /// Returns `agent` or `customer`, as in column names.
    pub fn name(self) -> &'static str {
        match self {
            Side::Agent => "agent",
            Side::Customer => "customer",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sides<T> {
    /// The agent's.
    pub agent: T,
    /// The customer's.
    pub customer: T,
}

impl<T> Sides<T> {
    /// Makes one value for each side.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Sides<T> {
        Sides {
            agent: make(Side::Agent),
            customer: make(Side::Customer),
        }
    }

    /// Returns the value of one side.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Agent => &self.agent,
            Side::Customer => &self.customer,
        }
    }

    /// Returns the value of one side, to change.
    pub fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Agent => &mut self.agent,
            Side::Customer => &mut self.customer,
        }
    }

    /// Makes a value of each side's.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> Sides<U> {
        Sides {
            agent: change(self.agent),
            customer: change(self.customer),
        }
    }
}

/// Where bytes come from: a file, or memory.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A file, opened when it is needed.
    Path(PathBuf),
    /// Bytes that the caller holds, with the name that errors shall give them.
    Bytes {
        /// Name used in messages.
        name: String,
        /// The whole content.
        bytes: Arc<[u8]>,
    },
    /// A part of a file that holds more, taken out each time it is needed: a call that waits for its
    /// turn holds no sound.
    Part(Part),
    /// Bytes that are fetched when they are needed, of an object store for instance: see [`Later`].
    Later(Later),
}

/// Bytes that are not here yet: see [`Input::Later`].
///
/// They are fetched on the thread that works on the call, each time the call is opened, and held as long
/// as it is worked on.
#[derive(Clone)]
pub struct Later {
    name: String,
    fetch: Arc<Fetch>,
}

type Fetch = dyn Fn() -> std::io::Result<Arc<[u8]>> + Send + Sync;

impl Later {
    /// Makes an input of what `fetch` will return, with the name that errors shall give it. What `fetch`
    /// fails with is an error of the call.
    ///
    /// ```
    /// use callcsi::call::{AgentChannel, Call, Input, Later};
    ///
    /// let fetch = || std::fs::read("demo/demo-02.wav").map(Into::into);
    /// let sound = Input::Later(Later::new("s3://calls/demo-02.wav", fetch));
    /// let call = Call::new("demo-02").stereo(sound, AgentChannel::Left);
    /// ```
    pub fn new(
        name: impl Into<String>,
        fetch: impl Fn() -> std::io::Result<Arc<[u8]>> + Send + Sync + 'static,
    ) -> Later {
        Later {
            name: name.into(),
            fetch: Arc::new(fetch),
        }
    }
}

// Two are equal when they are one: nothing is fetched to compare.
impl PartialEq for Later {
    fn eq(&self, other: &Later) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.fetch, &other.fetch)
    }
}

impl Eq for Later {}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Later({})", self.name)
    }
}

/// What an input comes to: see [`Input::at_hand`].
pub(crate) enum AtHand {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Input {
    /// Returns the bytes, or the file that has them: parts are taken out, what is not here is fetched.
    pub(crate) fn at_hand(&self) -> Result<AtHand, Error> {
        Ok(match self {
            Input::Path(path) => AtHand::Path(path.clone()),
            Input::Bytes { bytes, .. } => AtHand::Bytes(Arc::clone(bytes)),
            Input::Part(part) => return part.take()?.at_hand(),
            Input::Later(later) => {
                let bytes = (later.fetch)();
                AtHand::Bytes(bytes.map_err(|e| Error::io(self, &e))?)
            }
        })
    }
}

/// A part of a file: see [`Input::Part`].
#[derive(Clone)]
pub struct Part {
    name: String,
    path: PathBuf,
    index: usize,
    take: fn(&Path, usize) -> Result<Input, Error>,
}

impl Part {
    /// Makes the part of that index in the file at `path`, with the name that errors shall give it;
    /// `take` gives it as bytes, or as a path that was looked at.
    pub(crate) fn new(
        name: String,
        path: PathBuf,
        index: usize,
        take: fn(&Path, usize) -> Result<Input, Error>,
    ) -> Part {
        Part {
            name,
            path,
            index,
            take,
        }
    }

    /// Takes the part out of the file.
    pub(crate) fn take(&self) -> Result<Input, Error> {
        (self.take)(&self.path, self.index)
    }
}

// How a part is taken follows from the file.
impl PartialEq for Part {
    fn eq(&self, other: &Part) -> bool {
        (&self.path, self.index) == (&other.path, other.index)
    }
}

impl Eq for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({self})")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bytes are speech or words of a person: they stay out of logs.
        write!(f, "Input({self})")
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Path(path) => write!(f, "{}", path.display()),
            Input::Bytes { name, .. } => f.write_str(name),
            Input::Part(part) => write!(f, "{part}"),
            Input::Later(later) => f.write_str(&later.name),
        }
    }
}

impl<P: Into<PathBuf>> From<P> for Input {
    fn from(path: P) -> Input {
        Input::Path(path.into())
    }
}

/// Which channel of a two-channel recording is the agent's. It is declared, never guessed.
///
/// It is parsed from `left`, `right`, or the name of a preset:
///
/// | preset | agent | because |
/// |---|---|---|
/// | `amazon-connect` | right | the agent is right, customer and third parties left |
/// | `aws-pca` | right | post-call analytics default: `Caller \| Agent` |
/// | `azure-voice`, `sarvam` | right | the user is left |
/// | `verint` | left | the agent is channel 0 |
/// | `twilio-inbound` | right | the first channel is the parent leg: the caller |
/// | `twilio-outbound` | left | the parent leg is the agent who dials out |
/// | `freeswitch-inbound` | right | leg A, the caller, is left |
/// | `freeswitch-outbound` | left | leg A is the agent |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AgentChannel {
    /// The first channel.
    Left,
    /// The second channel.
    Right,
}

/// The named presets, with the channel of the agent.
const PRESETS: [(&str, AgentChannel); 9] = [
    ("amazon-connect", AgentChannel::Right),
    ("aws-pca", AgentChannel::Right),
    ("azure-voice", AgentChannel::Right),
    ("sarvam", AgentChannel::Right),
    ("verint", AgentChannel::Left),
    ("twilio-inbound", AgentChannel::Right),
    ("twilio-outbound", AgentChannel::Left),
    ("freeswitch-inbound", AgentChannel::Right),
    ("freeswitch-outbound", AgentChannel::Left),
];

impl FromStr for AgentChannel {
    type Err = Error;

    /// Parses `left`, `right` or a preset's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<AgentChannel, Error> {
        match text {
            "left" => return Ok(AgentChannel::Left),
            "right" => return Ok(AgentChannel::Right),
            _ => {}
        }
        let preset = PRESETS.iter().find(|(name, _)| *name == text);
        preset.map(|&(_, channel)| channel).ok_or_else(|| {
            let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            let wanted = format!("left, right, or one of {}", names.join(", "));
            Error::new(
                ErrorKind::Invalid,
                "agent_channel",
                format!("{text:?}"),
                wanted,
            )
        })
    }
}

impl TryFrom<String> for AgentChannel {
    type Error = Error;
    fn try_from(text: String) -> Result<AgentChannel, Error> {
        text.parse()
    }
}

impl From<AgentChannel> for String {
    fn from(channel: AgentChannel) -> String {
        match channel {
            AgentChannel::Left => "left".to_owned(),
            AgentChannel::Right => "right".to_owned(),
        }
    }
}

/// Where a call's sound is, and which channel is whose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recording {
    /// One recording with a channel for each side.
    Stereo {
        /// The recording.
        input: Input,
        /// The agent's channel; the other one is the customer's.
        agent_channel: AgentChannel,
    },
    /// A one-channel recording of each side.
    TwoMono {
        /// The agent's recording.
        agent: Input,
        /// The customer's recording.
        customer: Input,
        /// How much later than the agent's recording the customer's began; negative when it began
        /// earlier. The call clock starts with the one that began first.
        customer_offset: Span,
    },
}

/// Where a transcript of a call is, and what is declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TranscriptSource {
    /// The file or bytes.
    pub input: Input,
    /// Its format, when it shall not be detected by content.
    pub format: Option<String>,
    /// The side that the whole transcript is of; `None` when it tells of both.
    pub side: Option<Side>,
    /// Which channel is the agent's in a format that numbers channels. `None`: as in the
    /// recording.
    pub agent_channel: Option<AgentChannel>,
    /// The agent's label in a format that names speakers (`SPEAKER_01`); all others are the
    /// customer then.
    pub agent_speaker: Option<String>,
}

impl TranscriptSource {
    /// Makes a source of a transcript of both sides whose format is detected by its content.
    pub fn new(input: impl Into<Input>) -> TranscriptSource {
        TranscriptSource {
            input: input.into(),
            format: None,
            side: None,
            agent_channel: None,
            agent_speaker: None,
        }
    }

    /// Declares that all of it is one side's.
    pub fn of(mut self, side: Side) -> TranscriptSource {
        self.side = Some(side);
        self
    }
}

/// A call, as its row in the manifest describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// Which call.
    pub id: CallId,
    /// Its sound, where there is one.
    pub recording: Option<Recording>,
    /// Its transcripts: none, one of both sides, or one of each.
    pub transcripts: Vec<TranscriptSource>,
    /// Its length, asked for only where neither a recording nor a transcript tells.
    pub duration: Option<Span>,
    /// What the platform knows of it.
    pub metadata: Metadata,
    /// The vCon that it was read from, which results can be written back to.
    pub vcon: Option<PathBuf>,
}

impl Call {
    /// Makes a call of which nothing but the id is known.
    pub fn new(id: impl AsRef<str>) -> Call {
        Call {
            id: CallId::new(id),
            recording: None,
            transcripts: Vec::new(),
            duration: None,
            metadata: Metadata::default(),
            vcon: None,
        }
    }

    /// Adds a two-channel recording.
    pub fn stereo(mut self, input: impl Into<Input>, agent_channel: AgentChannel) -> Call {
        self.recording = Some(Recording::Stereo {
            input: input.into(),
            agent_channel,
        });
        self
    }

    /// Adds one mono recording for each side; `customer_offset` is how much later the customer's
    /// began.
    pub fn two_mono(
        mut self,
        agent: impl Into<Input>,
        customer: impl Into<Input>,
        customer_offset: Span,
    ) -> Call {
        let (agent, customer) = (agent.into(), customer.into());
        self.recording = Some(Recording::TwoMono {
            agent,
            customer,
            customer_offset,
        });
        self
    }

    /// Adds a transcript of both sides whose format is detected by its content.
    pub fn transcript(self, input: impl Into<Input>) -> Call {
        self.transcript_source(TranscriptSource::new(input))
    }

    /// Adds a transcript of one side whose format is detected by its content.
    pub fn transcript_of(self, side: Side, input: impl Into<Input>) -> Call {
        self.transcript_source(TranscriptSource::new(input).of(side))
    }

    /// Adds a transcript with all that is declared of it.
    pub fn transcript_source(mut self, source: TranscriptSource) -> Call {
        self.transcripts.push(source);
        self
    }

    /// Adds the facts of the telephony platform.
    pub fn metadata(mut self, metadata: Metadata) -> Call {
        self.metadata = metadata;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_name_the_agents_channel() {
        assert_eq!(
            "amazon-connect".parse::<AgentChannel>().unwrap(),
            AgentChannel::Right
        );
        assert_eq!(
            "verint".parse::<AgentChannel>().unwrap(),
            AgentChannel::Left
        );
        let error = "genesys".parse::<AgentChannel>().unwrap_err();
        assert!(error.to_string().contains("amazon-connect"), "{error}");
    }

    #[test]
    fn bytes_stay_out_of_debug_output() {
        let bytes: Arc<[u8]> = Arc::from(&b"secret"[..]);
        let call = Call::new("1").transcript(Input::Bytes {
            name: "t.json".to_owned(),
            bytes,
        });
        assert!(!format!("{call:?}").contains("115"));
    }
}
