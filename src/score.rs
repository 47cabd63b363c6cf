//! One call, listened to and judged.
//!
//! Listening and judging are two stages with two types. An [`Extractor`] turns a call into
//! measurements: it decodes, detects and counts, which is nearly the whole cost. A
//! [`Predictor`] turns measurements into a CSI estimate, in
//! microseconds; so a retrained model rescores a table of measurements without the recordings.
//! A [`Scorer`] joins the two.
//!
//! All three are immutable, `Send + Sync`, start no thread, and give the same result for the same
//! input, bit for bit.

use crate::audio::faults::{ChannelFaults, FaultMeter};
use crate::audio::{self, AudioDescription};
use crate::call::{Call, CallId, Metadata, Recording, Side, Sides, TranscriptSource};
use crate::conversation::{self, Conversation, RoleSigns, TailMonologue, TranscriptFit, WordCount};
use crate::error::{Error, ErrorKind, Result};
use crate::features::otherwise::Circumstances;
use crate::features::{Absence, Alternative, Channels, Evidence, FeatureVector};
use crate::model::{Explanation, Prediction, Predictor};
use crate::prosody::{PeakMeter, Peaks, PitchMeter, Pitches};
use crate::recognise::Recogniser;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::transcript::{self, ReadTranscript, Transcript};
use crate::vad::line::LineSound;
use crate::vad::{Hearing, Listener};
use serde::Serialize;
use std::collections::BTreeMap;

/// A transcript may run past the recording by this much: recognisers round, and count in frames of
/// their own.
const TRANSCRIPT_SLACK: Span = Span::from_millis(2_000);

/// From this share of transcribed speech that the detector does not hear, the two are said not to
/// fit. Well-fitting pairs stay below a fifth.
const UNHEARD_SHARE: f64 = 0.5;

/// From this share of a channel in drop-outs a warning says so. Where half of the channel is speech,
/// 1 % of it is lost then, which G.711 without concealment turns into a rating 18 of 100 lower
/// (ITU-T G.107 with the 4.3 % robustness of G.113).
const DROPOUTS_TOLD: f64 = 0.005;

/// From this offset of two recordings on, or this growth of it over the call, a warning says so, in
/// seconds: speech is found to 0.1 s, and pauses between turns last some 0.2 s.
const CLOCK_TOLD_S: f64 = 0.1;

/// A drift is told when it is so many of its standard errors.
const DRIFT_CERTAIN: f64 = 3.0;

/// Something odd about a call that was measured all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// Its name in summaries: `truncated`, `dual_mono`, …
    pub code: &'static str,
    /// A sentence for people; it holds no word of the call.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Warning {
        Warning {
            code,
            message: message.into(),
        }
    }
}

/// What an [`Extractor`] found on a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Measurements {
    /// Which call.
    pub call: CallId,
    /// What was measured.
    pub features: FeatureVector,
    /// Who spoke when; `None` where that is not known, and every feature of it says why.
    pub conversation: Option<Conversation>,
    /// What the recording is, where there is one.
    pub recording: Option<AudioDescription>,
    /// Faults of its channels.
    pub faults: Option<ChannelFaults>,
    /// What was heard on them: speech, sounds of the line, bleed, holds.
    pub hearing: Option<Hearing>,
    /// The formats of the call's transcripts, one for each.
    pub transcript_formats: Vec<transcript::Format>,
    /// The sides of which nothing can be heard, for their channel is silent, nor read. What stands
    /// on their speech is absent.
    pub unheard: Sides<bool>,
    /// A voice at the end that nobody answers: a survey prompt or a voicemail. It is measured with
    /// the rest.
    pub tail_monologue: Option<TailMonologue>,
    /// What was odd.
    pub warnings: Vec<Warning>,
    /// The facts of the platform, the manifest's own columns aside.
    pub metadata: Metadata,
    /// Length of the call, where it is known.
    pub duration: Option<Span>,
}

impl Measurements {
    /// Returns the holds on the call clock: as the platform gave intervals, else as they were heard.
    fn holds(&self) -> Option<Timeline> {
        let told = self.duration.map(|d| self.metadata.hold_timeline(d));
        // Calls whose holds cannot be laid on the clock are not measured.
        let told = told.and_then(Result::ok).flatten();
        told.or_else(|| Some(self.hearing.as_ref()?.holds.clone()))
    }

    /// Returns what might have gone otherwise on the call, by facts that a centre can act on, with
    /// what would have been measured then: see [`otherwise`](crate::features::otherwise). `settings`
    /// are those that the call was measured under.
    pub fn alternatives(&self, settings: &AnalysisSettings) -> Vec<Alternative> {
        let holds = self.holds();
        let circumstances = Circumstances {
            metadata: &self.metadata,
            conversation: self.conversation.as_ref(),
            duration: self.duration,
            holds: holds.as_ref(),
            unheard: self.unheard,
            settings,
        };
        circumstances.alternatives(&self.features)
    }

    /// Returns the conversation where both sides of it are known.
    pub(crate) fn dialogue(&self) -> Option<&Conversation> {
        let known = !self.unheard.agent && !self.unheard.customer;
        self.conversation.as_ref().filter(|_| known)
    }
}

/// Measures calls under one set of settings.
#[derive(Clone, Debug)]
pub struct Extractor {
    settings: AnalysisSettings,
    recogniser: Option<Recogniser>,
}

/// What was heard of a recording.
struct Heard {
    hearing: Hearing,
    peaks: Sides<Peaks>,
    /// Where the settings ask for it.
    pitches: Option<Sides<Pitches>>,
    duration: Span,
    faults: ChannelFaults,
    truncated: bool,
    description: AudioDescription,
}

impl Heard {
    /// Returns whether a channel carries nothing. A quiet voice that the detector hears is no
    /// silence, whatever its level.
    fn is_silent(&self, side: Side) -> bool {
        *self.faults.silent.get(side) && self.hearing.speech.get(side).is_empty()
    }
}

/// What is known of a call's words and voices besides its conversation: see [`Evidence`].
struct Known<'a> {
    no_words: Option<Absence>,
    untimed: Option<Sides<WordCount>>,
    channels: Option<Channels>,
    unheard: Sides<bool>,
    hearing: Result<&'a Hearing, Absence>,
    peaks: Result<&'a Sides<Peaks>, Absence>,
    pitches: Result<&'a Sides<Pitches>, Absence>,
}

impl Known<'_> {
    fn nothing() -> Known<'static> {
        Known {
            no_words: None,
            untimed: None,
            channels: None,
            unheard: Sides::default(),
            hearing: Err(Absence::NoRecording),
            peaks: Err(Absence::NoRecording),
            pitches: Err(Absence::NoRecording),
        }
    }
}

impl Extractor {
    /// Makes an extractor.
    ///
    /// # Errors
    ///
    /// As [`AnalysisSettings::check`].
    pub fn new(settings: AnalysisSettings) -> Result<Extractor> {
        settings.check()?;
        Ok(Extractor {
            settings,
            recogniser: None,
        })
    }

    /// Has the recordings of calls without a transcript recognised by a command of the user's. A
    /// call on which it fails is measured without words, and says so.
    pub fn with_recogniser(mut self, recogniser: Recogniser) -> Extractor {
        self.recogniser = Some(recogniser);
        self
    }

    /// Returns the settings that calls are measured under.
    pub fn settings(&self) -> &AnalysisSettings {
        &self.settings
    }

    /// Listens to a call and measures it. What the call lacks (recording, transcript, facts) is
    /// absent in the result, with its reason; what it names must be readable.
    ///
    /// # Errors
    ///
    /// When the recording or the transcript cannot be read, or a fact cannot be. The error carries
    /// the call's id.
    pub fn extract(&self, call: &Call) -> Result<Measurements> {
        self.extract_unnamed(call).map_err(|e| e.of_call(&call.id))
    }

    fn extract_unnamed(&self, call: &Call) -> Result<Measurements> {
        call.metadata.check()?;
        let mut warnings = Vec::new();
        let agent_channel = match &call.recording {
            Some(Recording::Stereo { agent_channel, .. }) => Some(*agent_channel),
            _ => None,
        };
        // The transcript first: it is cheap, and a broken one spares the listening.
        let recognised = self.recognise(call, &mut warnings);
        let sources = match call.transcripts.as_slice() {
            [] => recognised.as_slice(),
            given => given,
        };
        let read: Option<ReadTranscript> = match sources {
            [] => None,
            sources => Some(transcript::read(sources, agent_channel)?),
        };
        if let Some(read) = &read {
            let odd = read.oddities.iter();
            warnings.extend(odd.map(|o| Warning::new(o.code, &o.message)));
        }
        let heard = call
            .recording
            .as_ref()
            .map(|r| self.listen(r, &call.metadata, &mut warnings))
            .transpose()?;

        let doubled = read.as_ref().is_some_and(|r| r.doubled);
        let no_words = doubled.then_some(Absence::TranscriptDoubled);
        let transcript = read.as_ref().filter(|_| !doubled).map(|r| &r.transcript);
        let dual_mono = heard.as_ref().is_some_and(|h| h.faults.dual_mono);
        let telling = heard.as_ref().filter(|_| !dual_mono);
        let mut unheard = Sides::default();
        let speech = telling.map(|heard| {
            Sides::from_fn(|side| {
                if !heard.is_silent(side) {
                    return heard.hearing.speech.get(side).clone();
                }
                // What the transcript has of a silent channel counts; without it nothing is known.
                let said = transcript.map(|t| conversation::said(t, side));
                let said = said.unwrap_or_default();
                *unheard.get_mut(side) = said.is_empty();
                said
            })
        });
        let speech = speech.as_ref();
        let duration = match (&heard, transcript) {
            (Some(heard), _) => Some(heard.duration),
            (None, Some(transcript)) => length_of(transcript, call.duration),
            (None, None) => call.duration,
        };
        if let (Some(transcript), Some(heard)) = (transcript, &heard) {
            warnings.extend(misfit(transcript, heard, dual_mono));
        }
        if let (Some(transcript), Some(duration)) = (transcript, duration) {
            warnings.extend(outside(transcript, duration));
        }
        let facts = Metadata {
            extra: BTreeMap::new(),
            ..call.metadata.clone()
        };
        if heard.is_none() && transcript.is_none() && facts == Metadata::default() {
            let message = "nothing is known of the call but its id, so the estimate is that of an \
                           average call: are the manifest's columns misnamed?";
            warnings.push(Warning::new("no_evidence", message));
        }
        // Without sound, words that have no time tell who spoke, and not when or how long.
        let untimed = transcript.filter(|t| speech.is_none() && t.unplaced_side().is_some());
        let transcript = transcript.filter(|_| untimed.is_none());
        let conversation = match (duration, speech, transcript) {
            (Some(duration), None, None) if dual_mono && duration > Span::ZERO => {
                Err(Absence::DualMono)
            }
            (_, None, None) if heard.is_none() && doubled => Err(Absence::TranscriptDoubled),
            (_, None, None) if untimed.is_some() => {
                let side = untimed.and_then(Transcript::unplaced_side);
                Err(side.map_or(Absence::NoRecording, Absence::NoWordTimes))
            }
            (Some(_), None, None) if heard.is_none() => Err(Absence::NoRecording),
            (Some(duration), ..) => Ok(Conversation::new(
                speech,
                transcript,
                duration,
                &self.settings,
            )),
            (None, ..) => Err(Absence::NoRecording),
        };
        let tail_monologue = conversation
            .as_ref()
            .ok()
            .and_then(|c| conversation::tail_monologue(&c.speech));
        warnings.extend(tail_monologue.map(tail_warning));
        let channels = heard.as_ref().map(|heard| Channels {
            faults: heard.faults,
            truncated: heard.truncated,
            bleed_share: heard.hearing.bleed.share,
            clocks: match heard.hearing.clocks {
                Some(clocks) => Ok(clocks),
                None if heard.description.files > 1 => Err(Absence::NoLeak),
                None => Err(Absence::OneClock),
            },
            swapped: swapped(heard, transcript, &mut warnings),
        });
        let known = Known {
            channels,
            unheard,
            no_words,
            untimed: untimed.map(|t| Sides::from_fn(|side| WordCount::of(t, side))),
            hearing: match &heard {
                Some(_) if dual_mono => Err(Absence::DualMono),
                Some(heard) => Ok(&heard.hearing),
                None => Err(Absence::NoRecording),
            },
            peaks: match &heard {
                Some(_) if dual_mono => Err(Absence::DualMono),
                Some(heard) => Ok(&heard.peaks),
                None => Err(Absence::NoRecording),
            },
            pitches: match &heard {
                Some(_) if dual_mono => Err(Absence::DualMono),
                Some(heard) => {
                    let pitches = heard.pitches.as_ref();
                    pitches.ok_or(Absence::SwitchedOff("pitch"))
                }
                None => Err(Absence::NoRecording),
            },
        };
        let features = self.measure(&call.metadata, duration, &conversation, known)?;
        let faults = heard.as_ref().map(|h| h.faults);
        let (hearing, recording) = heard.map(|h| (h.hearing, h.description)).unzip();
        Ok(Measurements {
            call: call.id.clone(),
            features,
            conversation: conversation.ok(),
            faults,
            hearing,
            recording,
            transcript_formats: read.map(|r| r.formats).unwrap_or_default(),
            unheard,
            tail_monologue,
            warnings,
            metadata: facts,
            duration,
        })
    }

    /// Returns the transcripts of the user's recogniser for a call that has none of its own.
    fn recognise(&self, call: &Call, warnings: &mut Vec<Warning>) -> Vec<TranscriptSource> {
        let (Some(recogniser), Some(recording)) = (&self.recogniser, &call.recording) else {
            return Vec::new();
        };
        if !call.transcripts.is_empty() {
            return Vec::new();
        }
        let recognised = recogniser.transcripts(&call.id, recording);
        recognised.unwrap_or_else(|error| {
            // A recording that cannot be read fails the call below, with its own error.
            warnings.push(Warning::new("recogniser_failed", error.to_string()));
            Vec::new()
        })
    }

    /// Measures a call whose speech is already known: from another detector, or a simulation.
    ///
    /// # Errors
    ///
    /// When the metadata cannot be: see [`Metadata::check`] and [`Metadata::hold_timeline`].
    pub fn measure_speech(
        &self,
        speech: Option<&Sides<Timeline>>,
        transcript: Option<&Transcript>,
        duration: Span,
        metadata: &Metadata,
    ) -> Result<FeatureVector> {
        metadata.check()?;
        let conversation = match (speech, transcript) {
            (None, None) => Err(Absence::NoRecording),
            _ => Ok(Conversation::new(
                speech,
                transcript,
                duration,
                &self.settings,
            )),
        };
        self.measure(metadata, Some(duration), &conversation, Known::nothing())
    }

    fn measure(
        &self,
        metadata: &Metadata,
        duration: Option<Span>,
        conversation: &Result<Conversation, Absence>,
        known: Known<'_>,
    ) -> Result<FeatureVector> {
        let told = duration
            .map(|d| metadata.hold_timeline(d))
            .transpose()?
            .flatten();
        let heard = known.hearing.as_ref().ok().map(|hearing| &hearing.holds);
        Ok(FeatureVector::measure(&Evidence {
            metadata,
            conversation: conversation.as_ref().map_err(Clone::clone),
            no_words: known.no_words,
            untimed: known.untimed,
            channels: known.channels,
            unheard: known.unheard,
            peaks: known.peaks,
            pitches: known.pitches,
            duration,
            holds: told.as_ref().or(heard),
            heard_holds: known.hearing.map(|hearing| &hearing.holds),
            settings: &self.settings,
        }))
    }

    /// Decodes a recording block by block and marks the speech, the peaks and the pitch of each side.
    /// While the customer is on hold, as the metadata tell, nobody speaks on the agent's channel.
    fn listen(
        &self,
        recording: &Recording,
        metadata: &Metadata,
        warnings: &mut Vec<Warning>,
    ) -> Result<Heard> {
        let mut audio = audio::open(recording)?;
        let rate = audio.sample_rate();
        let mut listener = Listener::new(&self.settings, rate)?;
        let two = matches!(recording, Recording::TwoMono { .. });
        if two {
            listener = listener.with_two_clocks();
        }
        let mut peaks = Sides::from_fn(|_| PeakMeter::new(rate));
        let pitch = self.settings.pitch;
        let mut pitches = pitch.then(|| Sides::from_fn(|_| PitchMeter::new(rate)));
        let mut meter = FaultMeter::new(rate);
        while let Some(block) = audio.next_block()? {
            listener.push(&block);
            peaks.agent.push(block.agent);
            peaks.customer.push(block.customer);
            if let Some(pitches) = &mut pitches {
                pitches.agent.push(block.agent);
                pitches.customer.push(block.customer);
            }
            meter.push(&block);
        }
        warnings.extend(
            audio
                .warnings()
                .iter()
                .map(|w| Warning::new(w.code(), w.to_string())),
        );
        let faults = meter.faults();
        if faults.dual_mono {
            let message = "both channels carry the same sound, so nobody can tell who speaks: is \
                           it a mono recording saved as stereo?";
            warnings.push(Warning::new("dual_mono", message));
        }
        for side in Side::BOTH {
            if *faults.silent.get(side) {
                let message = format!("the {side} channel is silent");
                warnings.push(Warning::new("channel_silent", message));
            }
        }
        for side in Side::BOTH {
            let found = faults.dropouts.get(side);
            if found.share >= DROPOUTS_TOLD {
                let message = format!(
                    "{} drop-outs, {:.1} % of the {side}'s channel: packets were lost, and words \
                     with them",
                    found.count,
                    100.0 * found.share
                );
                warnings.push(Warning::new("dropouts", message));
            }
        }
        let duration = Time::of_sample(audio.frames_read(), rate) - Time::ZERO;
        let holds = metadata.hold_timeline(duration)?;
        let lost = |code| code == "truncated" || code == "broke_off";
        let hearing = listener.finish(holds.as_ref());
        if two && !faults.dual_mono {
            warnings.extend(clock_warnings(&hearing, duration));
        }
        Ok(Heard {
            truncated: audio.warnings().iter().any(|w| lost(w.code())),
            hearing,
            peaks: Sides {
                agent: peaks.agent.finish(),
                customer: peaks.customer.finish(),
            },
            pitches: pitches.map(|meters| Sides {
                agent: meters.agent.finish(),
                customer: meters.customer.finish(),
            }),
            duration,
            faults,
            description: audio.description().clone(),
        })
    }
}

/// Returns the length of a call of which there is only a transcript: as the transcript says, else as
/// the manifest does, else up to the end of the last word or utterance.
fn length_of(transcript: &Transcript, given: Option<Span>) -> Option<Span> {
    let ends = transcript.utterances.iter().map(|u| u.segment.end());
    let words = transcript
        .loose_words
        .iter()
        .filter_map(|(_, w)| w.time)
        .map(|t| t.end());
    let last = ends
        .chain(words)
        .max()
        .map(|end| (end - Time::ZERO).max(Span::ZERO));
    transcript.duration.or(given).or(last)
}

/// Says how much of a transcript lies before or after the call, where nothing is measured.
fn outside(transcript: &Transcript, duration: Span) -> Option<Warning> {
    let said = transcript.utterances.iter().map(|u| u.segment);
    let words = transcript.loose_words.iter().filter_map(|(_, w)| w.time);
    let is_outside = |s: &Segment| s.end() <= Time::ZERO || s.start() - Time::ZERO >= duration;
    let count = said.chain(words).filter(is_outside).count();
    let message = format!(
        "{count} utterances or words lie outside the call, of {:.0} s, and were not measured: is \
         its length another, or is the transcript on another clock?",
        duration.seconds()
    );
    (count > 0).then(|| Warning::new("transcript_outside", message))
}

/// Tells whether the sides are suspected to be swapped, and warns with the signs; or why that cannot
/// be asked.
fn swapped(
    heard: &Heard,
    transcript: Option<&Transcript>,
    warnings: &mut Vec<Warning>,
) -> Result<bool, Absence> {
    if heard.faults.dual_mono {
        return Err(Absence::DualMono);
    }
    if let Some(side) = Side::BOTH.into_iter().find(|&s| heard.is_silent(s)) {
        return Err(Absence::ChannelSilent(side));
    }
    let fit = transcript.and_then(|transcript| {
        let said = Sides::from_fn(|side| conversation::said(transcript, side));
        TranscriptFit::of(&said, &heard.hearing.speech)
    });
    let lasts =
        |is: fn(LineSound) -> bool| Sides::from_fn(|side| heard.hearing.lasts(side, is).seconds());
    let signs = RoleSigns {
        greeter: conversation::greeter(&heard.hearing.speech),
        fit,
        keys_s: Some(lasts(|sound| matches!(sound, LineSound::Dtmf(_)))),
        music_s: Some(lasts(|sound| sound == LineSound::Music)),
    };
    let signs: Vec<String> = signs.swapped().iter().map(ToString::to_string).collect();
    if !signs.is_empty() {
        let message = format!(
            "the channels may be swapped: {}; is the agent's channel the other one?",
            signs.join("; ")
        );
        warnings.push(Warning::new("channels_maybe_swapped", message));
    }
    Ok(!signs.is_empty())
}

/// Tells of two recordings whose clocks stand apart.
fn clock_warnings(hearing: &Hearing, duration: Span) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let Some(clocks) = &hearing.clocks else {
        // Nothing leaks; how the two talk may tell of a gross offset all the same.
        let found = conversation::misplaced(&hearing.speech, duration);
        warnings.extend(found.map(|found| {
            let message = format!(
                "the two talk over each other {:.1} times as much as strangers would by chance, and \
                 {:.1} times with the customer moved by {:+.1} s: is customer_offset_s wrong? A \
                 suspicion: nothing was moved",
                found.ratio,
                found.ratio_shifted,
                found.shift.seconds()
            );
            Warning::new("clock_offset_suspected", message)
        }));
        return warnings;
    };
    let evidence: Vec<String> = Side::BOTH
        .into_iter()
        .filter_map(|side| {
            let leak = (*clocks.leaks.get(side))?;
            Some(format!(
                "what the {} says is heard on the {side}'s {:.2} s later at the start ({} of {} \
                 windows within {:.0} ms)",
                side.other(),
                leak.lag_s,
                leak.windows,
                leak.of,
                leak.residual_ms.ceil()
            ))
        })
        .collect();
    let evidence = evidence.join(", ");
    if clocks.offset_s.abs() >= CLOCK_TOLD_S {
        let how = if clocks.offset_s > 0.0 {
            "late"
        } else {
            "early"
        };
        let message = format!(
            "the customer's recording is at least {:.2} s {how}: {evidence}; is customer_offset_s wrong?",
            clocks.offset_s.abs()
        );
        warnings.push(Warning::new("clock_offset", message));
    }
    let drift = clocks.drift_ppm.unwrap_or(0.0);
    let grows_by = 1e-6 * drift * duration.seconds();
    if grows_by.abs() >= CLOCK_TOLD_S && drift.abs() >= DRIFT_CERTAIN * clocks.drift_error_ppm {
        let message = format!(
            "the customer's clock runs {:.0} ± {:.0} ppm {}, {:.2} s over the call: {evidence}; is a \
             file's sample rate not what its header says?",
            drift.abs(),
            clocks.drift_error_ppm,
            if drift > 0.0 { "fast" } else { "slow" },
            grows_by.abs()
        );
        warnings.push(Warning::new("clock_drift", message));
    }
    warnings
}

/// Tells of a voice at the end that nobody answers.
fn tail_warning(tail: TailMonologue) -> Warning {
    let message = format!(
        "from {:.1} s to {:.1} s only the {} is heard, after a silence and without an answer: an \
         after-call survey or a voicemail prompt? It is measured with the rest",
        tail.segment.start().seconds(),
        tail.segment.end().seconds(),
        tail.side
    );
    Warning::new("tail_monologue", message)
}

/// Says where a transcript does not fit its recording.
fn misfit(transcript: &Transcript, heard: &Heard, dual_mono: bool) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let said = Sides::from_fn(|side| -> Timeline {
        let of_side = transcript.utterances.iter().filter(|u| u.side == side);
        let loose = transcript.loose_words.iter().filter(|(s, _)| *s == side);
        of_side
            .map(|u| u.segment)
            .chain(loose.filter_map(|(_, w)| w.time))
            .collect()
    });
    let both = &said.agent | &said.customer;
    if let Some(extent) = both.extent() {
        let past = extent.end() - Time::ZERO - heard.duration;
        if past > TRANSCRIPT_SLACK {
            let message = format!(
                "the transcript runs {past} past the end of the recording and was cut there: is \
                 it of another call, or on another clock?"
            );
            warnings.push(Warning::new("transcript_too_long", message));
        }
    }
    for side in Side::BOTH {
        let (said, speech) = (said.get(side), heard.hearing.speech.get(side));
        let whole = said.duration().seconds();
        let unheard = (said - speech).duration().seconds();
        if !dual_mono && whole > 0.0 && unheard / whole > UNHEARD_SHARE {
            let message = format!(
                "{:.0} % of the {side}'s transcribed speech is not heard on the {side}'s channel: \
                 are the channels swapped, or is the transcript on another clock?",
                100.0 * unheard / whole
            );
            warnings.push(Warning::new("transcript_unheard", message));
        }
    }
    warnings
}

/// One call, measured and judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Assessment {
    /// What was measured.
    pub measurements: Measurements,
    /// What the model makes of it.
    pub prediction: Prediction,
    /// What moved the estimate, and what would; `None` unless the scorer is
    /// [explaining](Scorer::explaining).
    pub explanation: Option<Explanation>,
}

/// Estimates the CSI of calls with one trained model.
///
/// The model carries the settings it was trained under, so a call cannot be scored under others by
/// accident.
#[derive(Clone, Debug)]
pub struct Scorer {
    extractor: Extractor,
    predictor: Predictor,
    explaining: bool,
}

impl Scorer {
    /// Makes a scorer that measures under the settings of the predictor's model.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when the model was trained under settings of another version.
    pub fn new(predictor: Predictor) -> Result<Scorer> {
        let extractor = Extractor::new(predictor.model().settings().clone())?;
        Ok(Scorer {
            extractor,
            predictor,
            explaining: false,
        })
    }

    /// Has each assessment explained: see [`Explanation`]. That takes far longer than the estimate, for
    /// the call is measured and judged again for every change, and little beside listening (the benches
    /// `explain`, `predict` and `pipeline`).
    pub fn explaining(mut self) -> Scorer {
        self.explaining = true;
        self
    }

    /// Makes a scorer with the bundled model, which was trained on simulated calls and knows no
    /// real customers: see `models/builtin.md`.
    ///
    /// # Errors
    ///
    /// None with the model as it is bundled; a test holds that.
    pub fn builtin() -> Result<Scorer> {
        Scorer::new(Predictor::builtin()?)
    }

    /// Has the recordings of calls without a transcript recognised: see
    /// [`Extractor::with_recogniser`].
    pub fn with_recogniser(mut self, recogniser: Recogniser) -> Scorer {
        self.extractor = self.extractor.with_recogniser(recogniser);
        self
    }

    /// Returns the stage that listens.
    pub fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Returns the stage that judges.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// Listens to a call and estimates its CSI.
    ///
    /// # Errors
    ///
    /// As [`Extractor::extract`].
    pub fn score(&self, call: &Call) -> Result<Assessment> {
        let measurements = self.extractor.extract(call)?;
        let prediction = self.predictor.predict(&measurements.features);
        let explanation = self.explaining.then(|| {
            let alternatives = measurements.alternatives(self.extractor.settings());
            self.predictor
                .explain(&measurements.features, &alternatives)
        });
        Ok(Assessment {
            measurements,
            prediction,
            explanation,
        })
    }
}

/// Runs `work` on one call and turns a panic, which would be a defect of this crate or of a decoder
/// below it, into an error of that call.
pub(crate) fn guarded<T>(call: &CallId, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    caught.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let found = format!("a panic ({text})");
        let error = Error::new(ErrorKind::Internal, "", found, "a result or an error");
        Err(error
            .hint("this is a defect: please report it")
            .of_call(call))
    })
}
