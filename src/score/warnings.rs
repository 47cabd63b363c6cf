//! What was odd about a call, in sentences.

use super::ear::Heard;
use crate::audio::AudioWarning;
use crate::call::{Side, Sides};
use crate::conversation::{self, TailMonologue};
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::transcript::{ReadTranscript, Transcript};
use crate::vad::Hearing;
use serde::Serialize;

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

/// Repeats what was odd in reading sound.
pub(super) fn of_reading(warnings: &[AudioWarning]) -> impl Iterator<Item = Warning> {
    let warnings = warnings.iter();
    warnings.map(|w| Warning::new(w.code(), w.to_string()))
}

/// Repeats what was odd in reading a transcript.
pub(super) fn of_transcript(read: &ReadTranscript) -> impl Iterator<Item = Warning> {
    let odd = read.oddities.iter();
    odd.map(|o| Warning::new(o.code, &o.message))
}

/// Says what is wrong with the channels, and with their clocks.
pub(super) fn of_sound(heard: &Heard) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let faults = &heard.faults;
    if faults.dual_mono {
        let message = "both channels carry the same sound, so nobody can tell who speaks: is it a \
                       mono recording saved as stereo?";
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
                "{} drop-outs, {:.1} % of the {side}'s channel: packets were lost, and words with \
                 them",
                found.count,
                100.0 * found.share
            );
            warnings.push(Warning::new("dropouts", message));
        }
    }
    if heard.two_clocks && !faults.dual_mono {
        warnings.extend(clock_warnings(&heard.hearing, heard.duration));
    }
    warnings
}

/// Says how much of a transcript lies before or after the call, where nothing is measured.
pub(super) fn outside(transcript: &Transcript, duration: Span) -> Option<Warning> {
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
pub(super) fn tail_warning(tail: TailMonologue) -> Warning {
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
pub(super) fn misfit(transcript: &Transcript, heard: &Heard, dual_mono: bool) -> Vec<Warning> {
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
