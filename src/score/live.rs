//! A call that is still going on.

use super::ear::Ear;
use super::measurements::Taken;
use super::warnings::{of_reading, of_transcript};
use super::{Assessment, Scorer};
use crate::audio::{BLOCK_FRAMES, Block, Notes, SAMPLE_RATES, WILD, make_sane};
use crate::call::{CallId, Metadata, Side};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Span;
use crate::transcript::{ReadTranscript, Transcript, Utterance, Word};
use std::sync::Arc;

/// A call that is heard while it lasts: sound, words and facts go in as they come, and at any time it
/// says what would come out if the call ended now.
///
/// It hears with the same code as [`Scorer::score`]: the same samples, words and facts give the same
/// measurements and the same estimate, bit for bit, in blocks of any size.
///
/// ```
/// use callcsi::call::{Metadata, Side};
/// use callcsi::score::{LiveCall, Scorer};
/// use callcsi::timeline::Segment;
/// use callcsi::transcript::Word;
/// use std::sync::Arc;
///
/// # fn main() -> callcsi::Result<()> {
/// let scorer = Arc::new(Scorer::builtin()?);
/// let mut call = LiveCall::new(scorer, "7", 8_000, Metadata::default())?;
/// // A packet of 20 ms of each side.
/// call.push(&[0.0; 160], &[0.0; 160])?;
/// call.push_word(Side::Customer, Word { text: "yes".to_owned(), time: Segment::from_seconds(0.0, 0.02) });
/// let now = call.so_far()?;
/// println!("{:.2} s: CSI {:.1} so far", call.duration().seconds(), now.prediction.csi);
/// let end = call.finish()?;
/// assert_eq!(end.prediction.csi, now.prediction.csi);
/// # Ok(())
/// # }
/// ```
///
/// # What "so far" means
///
/// * **It is revised.** What is speech at an instant hangs on up to a minute before it and a minute
///   after it: the noise of the line, the loudness of the voice, a leak of the other's. At the end of
///   what was heard there is nothing after it, as at the end of a call. So what was said of the last minute may change
///   as more is heard; after that only features of the whole call move. Nothing is held back: a word
///   counts from its last sample on. Sounds of the line are named by their cadence, and music needs
///   seconds to be music: until then it may count as speech.
/// * **It is a whole call that ended now.** The features of its end (`*_end_*`) are of the end so far, and
///   counts and sums grow. A model that was trained on whole calls takes it for a short whole call: an
///   estimate in the first minute is closer to the average call's, and misleads where short calls end
///   badly. To judge calls while they last, train on calls that were cut at such moments.
/// * **A hold that lasts** is given up to now ([`set_metadata`](LiveCall::set_metadata)): one that ends
///   more than [`CLOCK_SLACK`](crate::call::CLOCK_SLACK) after the sound so far is an error, as it is
///   in a recording.
///
/// # What differs from a recording
///
/// There is no file to describe: [`recording`](super::Measurements::recording) is `None`, nothing is
/// truncated, and warnings of reading a file do not occur. Words come from the caller; a
/// [recogniser](Scorer::with_recogniser) is not asked. Gaps in a stream must be filled with silence by the caller, or all
/// that follows comes too early.
///
/// # What it costs
///
/// Hearing costs what it costs in a recording, decoding aside. [`so_far`](LiveCall::so_far) copies the
/// state and decides on the whole call, so its cost grows with the length: ask every few seconds, not
/// with every packet. Samples are not kept; a call keeps some 20 MB, of which 0.12 MB for each minute.
/// The bench `live` measures it, and docs/hearing.md says what came out.
#[derive(Debug)]
pub struct LiveCall {
    scorer: Arc<Scorer>,
    ear: Ear,
    told: Told,
}

/// What is known of the call besides its sound.
#[derive(Debug)]
struct Told {
    id: CallId,
    notes: Notes,
    metadata: Metadata,
    /// `None` until there is a word.
    transcript: Option<Transcript>,
}

impl LiveCall {
    /// Starts a call whose sound comes at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a rate that is not in [`SAMPLE_RATES`]; as [`Metadata::check`].
    pub fn new(
        scorer: Arc<Scorer>,
        id: impl AsRef<str>,
        sample_rate: u32,
        metadata: Metadata,
    ) -> Result<LiveCall> {
        let id = CallId::new(id);
        let start = || {
            metadata.check()?;
            if !SAMPLE_RATES.contains(&sample_rate) {
                let (lowest, highest) = (SAMPLE_RATES.start(), SAMPLE_RATES.end());
                let found = format!("{sample_rate} Hz");
                let wanted = format!("{lowest} to {highest} Hz");
                let kind = ErrorKind::Unsupported;
                let error = Error::new(kind, "sample_rate", found, wanted);
                return Err(error.hint("is it in kHz, or the rate of both channels together?"));
            }
            Ear::new(scorer.extractor().settings(), sample_rate)
        };
        let ear = start().map_err(|error: Error| error.of_call(&id))?;
        Ok(LiveCall {
            scorer,
            ear,
            told: Told {
                id,
                notes: Notes::default(),
                metadata,
                transcript: None,
            },
        })
    }

    /// Says, before any sound, that each side comes by a clock of its own: then it is heard how the two
    /// stand to each other, as of two mono files.
    pub fn with_two_clocks(mut self) -> LiveCall {
        self.ear = self.ear.with_two_clocks();
        self
    }

    /// Takes what comes next of both sides: samples of the same instants, nominally in `-1.0..=1.0`.
    /// What is no sample is replaced, and told, as in a recording.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when one side has more samples than the other; then neither is taken.
    pub fn push(&mut self, agent: &[f32], customer: &[f32]) -> Result<()> {
        self.check_lengths(agent.len(), customer.len())?;
        let blocks = agent
            .chunks(BLOCK_FRAMES)
            .zip(customer.chunks(BLOCK_FRAMES));
        for (agent, customer) in blocks {
            let sane = |samples: &[f32]| samples.iter().all(|x| x.abs() <= WILD);
            if sane(agent) && sane(customer) {
                self.ear.push(&Block { agent, customer });
                continue;
            }
            let (mut agent, mut customer) = (agent.to_vec(), customer.to_vec());
            make_sane(&mut agent, &mut self.told.notes);
            make_sane(&mut customer, &mut self.told.notes);
            self.ear.push(&Block {
                agent: &agent,
                customer: &customer,
            });
        }
        Ok(())
    }

    /// As [`push`](LiveCall::push), of 16-bit samples: 32,768 is full scale.
    ///
    /// # Errors
    ///
    /// As [`push`](LiveCall::push).
    pub fn push_i16(&mut self, agent: &[i16], customer: &[i16]) -> Result<()> {
        self.check_lengths(agent.len(), customer.len())?;
        let samples =
            |pcm: &[i16]| -> Vec<f32> { pcm.iter().map(|&x| f32::from(x) / 32_768.0).collect() };
        let blocks = agent
            .chunks(BLOCK_FRAMES)
            .zip(customer.chunks(BLOCK_FRAMES));
        for (agent, customer) in blocks {
            self.ear.push(&Block {
                agent: &samples(agent),
                customer: &samples(customer),
            });
        }
        Ok(())
    }

    fn check_lengths(&self, agent: usize, customer: usize) -> Result<()> {
        if agent == customer {
            return Ok(());
        }
        let place = format!("block at {:.3} s", self.duration().seconds());
        let found = format!("{agent} samples of the agent and {customer} of the customer");
        let wanted = "as many of both: the same instants";
        let error = Error::new(ErrorKind::Mismatch, place, found, wanted);
        let hint = "a side that sends nothing is silent: push zeros for it";
        Err(error.hint(hint).of_call(&self.told.id))
    }

    /// Takes a word that stands in no utterance. Only what a recogniser has settled upon: a word that it
    /// takes back is taken out by [`set_transcript`](LiveCall::set_transcript).
    pub fn push_word(&mut self, side: Side, word: Word) {
        let words = self.told.transcript.get_or_insert_default();
        words.loose_words.push((side, word));
    }

    /// Takes an utterance, with its words and its emotion where they are known. Only what a recogniser
    /// has settled upon, as with [`push_word`](LiveCall::push_word).
    pub fn push_utterance(&mut self, utterance: Utterance) {
        let words = self.told.transcript.get_or_insert_default();
        words.utterances.push(utterance);
    }

    /// Replaces all that was said so far: for a recogniser that revises its hypotheses, or a better
    /// transcript of the whole call. `None`: there is no transcript.
    pub fn set_transcript(&mut self, transcript: impl Into<Option<Transcript>>) {
        self.told.transcript = transcript.into();
    }

    /// Returns what was said so far.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.told.transcript.as_ref()
    }

    /// Replaces the facts of the platform, as holds begin and end.
    ///
    /// # Errors
    ///
    /// As [`Metadata::check`]; then the old ones stay.
    pub fn set_metadata(&mut self, metadata: Metadata) -> Result<()> {
        metadata.check().map_err(|e| e.of_call(&self.told.id))?;
        self.told.metadata = metadata;
        Ok(())
    }

    /// Returns the facts of the platform.
    pub fn metadata(&self) -> &Metadata {
        &self.told.metadata
    }

    /// Returns which call it is.
    pub fn id(&self) -> &CallId {
        &self.told.id
    }

    /// Returns how much was heard.
    pub fn duration(&self) -> Span {
        self.ear.duration()
    }

    /// Measures and judges the call as if it ended now. Nothing of it changes: what
    /// [`finish`](LiveCall::finish) returns is the same, asked or not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when the state of the detector that the settings name cannot be
    /// copied: that of `earshot-1`. As [`Metadata::hold_timeline`], for a hold that ends after now.
    pub fn so_far(&self) -> Result<Assessment> {
        let Some(ear) = self.ear.try_clone() else {
            let detector = self.scorer.extractor().settings().detector;
            let found = serde_json::to_value(detector).unwrap_or_default();
            let wanted = "a detector whose state can be copied, to judge a call before its end";
            let error = Error::new(ErrorKind::Unsupported, "detector", found, wanted);
            return Err(error.of_call(&self.told.id));
        };
        self.told.assess(&self.scorer, ear)
    }

    /// Ends the call, measures it and judges it.
    ///
    /// # Errors
    ///
    /// As [`Metadata::hold_timeline`].
    pub fn finish(self) -> Result<Assessment> {
        self.told.assess(&self.scorer, self.ear)
    }
}

impl Told {
    fn assess(&self, scorer: &Scorer, ear: Ear) -> Result<Assessment> {
        let read = self.transcript.clone().map(ReadTranscript::of);
        let mut warnings: Vec<_> = read.iter().flat_map(of_transcript).collect();
        warnings.extend(of_reading(self.notes.all()));
        // Before the first sample nothing was heard, not even silence.
        let sounds = ear.duration() > Span::ZERO;
        let named = |error: Error| error.of_call(&self.id);
        let heard = sounds.then(|| ear.finish(&self.metadata)).transpose();
        let taken = Taken {
            id: &self.id,
            metadata: &self.metadata,
            duration: None,
            read,
            heard: heard.map_err(named)?,
        };
        let measurements = scorer.extractor().measure_taken(taken, warnings);
        Ok(scorer.judge(measurements.map_err(named)?))
    }
}
