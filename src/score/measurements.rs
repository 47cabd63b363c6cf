//! From a call to its measurements.

use super::ear::{Ear, Heard};
use super::stopwatch::{Part, Stopwatch};
use super::warnings::{
    Warning, misfit, of_reading, of_sound, of_transcript, outside, tail_warning,
};
use crate::audio::faults::ChannelFaults;
use crate::audio::{self, AudioDescription};
use crate::call::{Call, CallId, Metadata, Recording, Side, Sides, TranscriptSource};
use crate::conversation::{self, Conversation, RoleSigns, TailMonologue, TranscriptFit, WordCount};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::features::otherwise::Circumstances;
use crate::features::{Absence, Alternative, Channels, Evidence, FeatureVector};
use crate::prosody::{Peaks, Pitches};
use crate::recognise::Recogniser;
use crate::settings::AnalysisSettings;
use crate::timeline::{Span, Time, Timeline};
use crate::transcript::{self, ReadTranscript, Transcript};
use crate::vad::Hearing;
use crate::vad::line::LineSound;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

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
    pub(crate) fn holds(&self) -> Option<Timeline> {
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
    limits: Limits,
    stopwatch: Stopwatch,
}

/// What a recording may take: a header that claims 200 hours, or a few kilobytes that decode into
/// days of silence, end as an error of their call. By default nothing is limited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The longest recording listened to.
    pub longest: Option<Span>,
    /// How long one recording may be worked on. Looked at between blocks, so a decoder that does not
    /// return is not ended by it.
    pub time: Option<Duration>,
}

/// A call after reading and listening.
pub(super) struct Taken<'a> {
    pub(super) id: &'a CallId,
    pub(super) metadata: &'a Metadata,
    /// Its length where neither sound nor transcript tell.
    pub(super) duration: Option<Span>,
    pub(super) read: Option<ReadTranscript>,
    pub(super) heard: Option<Heard>,
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
            limits: Limits::default(),
            stopwatch: Stopwatch::default(),
        })
    }

    /// Sets limits that a call may not pass.
    pub fn with_limits(mut self, limits: Limits) -> Extractor {
        self.limits = limits;
        self
    }

    /// Returns what counts where the time goes; clones of an extractor share it.
    pub fn stopwatch(&self) -> &Stopwatch {
        &self.stopwatch
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
        call.metadata.check().map_err(|e| e.at(Stage::Metadata))?;
        let mut warnings = Vec::new();
        let agent_channel = match &call.recording {
            Some(Recording::Stereo { agent_channel, .. }) => Some(*agent_channel),
            _ => None,
        };
        // The transcript first: it is cheap, and a broken one spares the listening.
        let watch = &self.stopwatch;
        let recognised = watch.time(Part::Transcript, || self.recognise(call, &mut warnings));
        let sources = match call.transcripts.as_slice() {
            [] => recognised.as_slice(),
            given => given,
        };
        let read: Option<ReadTranscript> = match sources {
            [] => None,
            sources => {
                let read = || transcript::read(sources, agent_channel);
                let read = watch.time(Part::Transcript, read);
                Some(read.map_err(|e| e.at(Stage::Transcript))?)
            }
        };
        if let Some(read) = &read {
            warnings.extend(of_transcript(read));
        }
        let heard = call
            .recording
            .as_ref()
            .map(|r| self.listen(r, &call.metadata, &mut warnings))
            .transpose()
            .map_err(|e| e.at(Stage::Recording))?;
        let taken = Taken {
            id: &call.id,
            metadata: &call.metadata,
            duration: call.duration,
            read,
            heard,
        };
        let measured = watch.time(Part::Measure, || self.measure_taken(taken, warnings));
        measured.map_err(|e| e.at(Stage::Measure))
    }

    /// Measures what was taken of a call; `warnings` are those of the taking.
    ///
    /// # Errors
    ///
    /// As [`Metadata::hold_timeline`].
    pub(super) fn measure_taken(
        &self,
        taken: Taken<'_>,
        mut warnings: Vec<Warning>,
    ) -> Result<Measurements> {
        let Taken {
            id,
            metadata,
            duration: given,
            read,
            heard,
        } = taken;
        if let Some(heard) = &heard {
            warnings.extend(of_sound(heard));
        }
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
            (None, Some(transcript)) => length_of(transcript, given),
            (None, None) => given,
        };
        if let (Some(transcript), Some(heard)) = (transcript, &heard) {
            warnings.extend(misfit(transcript, heard, dual_mono));
        }
        if let (Some(transcript), Some(duration)) = (transcript, duration) {
            warnings.extend(outside(transcript, duration));
        }
        let facts = Metadata {
            extra: BTreeMap::new(),
            ..metadata.clone()
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
                None if heard.two_clocks => Err(Absence::NoLeak),
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
        let features = self.measure(metadata, duration, &conversation, known)?;
        let faults = heard.as_ref().map(|h| h.faults);
        let (hearing, recording) = heard.map(|h| (h.hearing, h.description)).unzip();
        let recording = recording.flatten();
        Ok(Measurements {
            call: id.clone(),
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

    /// Decodes a recording block by block and hears it.
    fn listen(
        &self,
        recording: &Recording,
        metadata: &Metadata,
        warnings: &mut Vec<Warning>,
    ) -> Result<Heard> {
        let mut audio = self
            .stopwatch
            .time(Part::Decode, || audio::open(recording))?;
        let mut ear = Ear::new(&self.settings, audio.sample_rate())?;
        if matches!(recording, Recording::TwoMono { .. }) {
            ear = ear.with_two_clocks();
        }
        let (watch, begun) = (&self.stopwatch, Instant::now());
        // Half a day of sound need not be listened to first.
        if let Some(ahead) = audio.duration_ahead() {
            self.limits.check(ahead, begun)?;
        }
        while let Some(block) = watch.time(Part::Decode, || audio.next_block())? {
            watch.time(Part::Listen, || ear.push(&block));
            self.limits.check(ear.duration(), begun)?;
        }
        warnings.extend(of_reading(audio.warnings()));
        let mut heard = watch.time(Part::Listen, || ear.finish(metadata))?;
        let lost = |code| code == "truncated" || code == "broke_off";
        heard.truncated = audio.warnings().iter().any(|w| lost(w.code()));
        heard.description = Some(audio.description().clone());
        Ok(heard)
    }
}

impl Limits {
    fn check(&self, heard: Span, begun: Instant) -> Result<()> {
        if let Some(longest) = self.longest
            && heard > longest
        {
            let found = format!("more than {:.1} h of sound", longest.seconds() / 3600.0);
            let wanted = "a call no longer than the limit";
            let error = Error::new(ErrorKind::Unsupported, "recording", found, wanted);
            return Err(error.hint("is it one call, and is its header right?"));
        }
        if let Some(time) = self.time
            && begun.elapsed() > time
        {
            let found = format!(
                "{:.0} s of work after {:.0} s of sound",
                time.as_secs_f64(),
                heard.seconds()
            );
            let wanted = "a recording that is done within the limit";
            return Err(Error::new(
                ErrorKind::Unsupported,
                "recording",
                found,
                wanted,
            ));
        }
        Ok(())
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
