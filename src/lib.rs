//! Measures contact-centre calls and estimates the CSI, the mark the customer would give.
//!
//! A call is a recording with the agent on one channel and the customer on the other, the IVR,
//! queue and hold facts of the telephony platform and, when there is one, a transcript. Whatever of
//! these a call has is measured: some 430 values with definitions one can recompute by hand, those
//! of the public `call_features` under their names. A logistic regression then estimates how likely
//! the customer is satisfied, what mark that amounts to, and which measurement moved the estimate
//! by how much. All of it runs offline, on a processor.
//!
//! ```
//! use callcsi::call::{AgentChannel, Call, Metadata};
//! use callcsi::score::Scorer;
//!
//! # fn main() -> callcsi::Result<()> {
//! let facts = r#"{"queue": {"wait_s": 95}, "holds": {"count": 0}}"#;
//! let call = Call::new("demo-02")
//!     .stereo("demo/demo-02.wav", AgentChannel::Left)
//!     .transcript("demo/demo-02.json")
//!     .metadata(Metadata::from_json(facts)?);
//! let assessment = Scorer::builtin()?.score(&call)?;
//! println!("CSI {:.1} of 5", assessment.prediction.csi);
//! for reason in &assessment.prediction.contributions {
//!     println!("{:+.2}  {} = {:?}", reason.log_odds, reason.feature.name, reason.value);
//! }
//! # assert!(assessment.prediction.csi < 4.5);
//! # Ok(())
//! # }
//! ```
//!
//! The bundled model was trained on simulated calls and knows no real customers. Retrain it on your
//! own marks (`examples/retrain.rs`, [`model::train()`]) before you believe an estimate.
//!
//! # The way of a call
//!
//! The modules stand in the order in which data meets them; each imports only what stands above it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`error`] | one error: which call, where, what was found, what was wanted |
//! | [`timeline`] | exact sets of time; no audio, no speakers |
//! | [`settings`] | every threshold, in one versioned struct |
//! | [`call`] | what is known of a call before listening: recording, transcript, metadata |
//! | [`telephony`] | the records of telephony platforms, turned into metadata |
//! | [`audio`] | a recording as a stream of blocks of both sides |
//! | [`vad`] | samples → speech |
//! | [`prosody`] | samples → syllables, level, pitch |
//! | [`transcript`] | words and emotions; one reader per format |
//! | [`recognise`] | a recogniser of the user's, for calls without a transcript |
//! | [`conversation`] | utterances, turns, overlaps, interruptions, phases: the glossary |
//! | [`features`] | the catalogue: every measurement, declared once |
//! | [`model`] | encode, train, the model file, predict, explain |
//! | [`score`] | listening and judging, for one call: a recorded one, or one that lasts ([`score::LiveCall`]) |
//! | [`view`] | the measurements of a call in the shapes that others write |
//! | [`vcon`] | conversations in JSON: a call out of one, an estimate into one |
//! | [`batch`] | an archive: manifest in, a row for every call out |
//! | [`analytics`] | what the results of an archive say: means, groups, causes, calls to open |
//! | [`report`] | the same as a page, and the picture of a call |
//! | [`simulate`] | calls with known truth, for tests, benches and the bundled model |
//!
//! # What holds everywhere
//!
//! * What does not exist on a call is absent, with its reason; never 0, never NaN.
//! * Scoring is deterministic, and the same for one thread or many. Threads are asked for
//!   ([`batch::Threads`]); nothing runs on a pool of the process.
//! * The settings a model was trained under travel in its file and are never given at scoring.
//! * Files are opened only in [`telephony`], [`audio`], [`transcript`], [`recognise`], [`model`], [`vcon`],
//!   [`batch`], [`analytics`] and [`report`].
//! * Samples are held by block, not by call; what is heard of a call takes some 2.5 kB a second.
//! * No network, no telemetry; words, names and numbers of people reach no message and no result.
//!
//! # What it does not do
//!
//! It does not recognise speech, separate two voices on one channel, or know the mark of a real
//! customer before it has been shown some.

#[cfg(feature = "report")]
pub mod analytics;
pub mod audio;
pub mod batch;
pub mod call;
pub mod conversation;
pub mod error;
pub mod features;
mod files;
pub mod model;
pub mod prosody;
pub mod recognise;
#[cfg(feature = "report")]
pub mod report;
pub mod score;
pub mod settings;
pub mod simulate;
pub mod telephony;
pub mod timeline;
pub mod transcript;
mod two_class;
pub mod vad;
pub mod vcon;
pub mod view;

pub use error::{Error, ErrorKind, Result, Stage};

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
