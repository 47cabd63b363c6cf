//! The call as a whole: speech, silence and simultaneous speech.

use super::{Absence, Evidence, Feature, NOBODY, Needs, Number, Source, Unit, only};
use crate::call::Side;
use crate::timeline::Span;

pub(super) fn features() -> Vec<Feature> {
    let audio = |name, unit, definition, compute: fn(&Evidence<'_>) -> Number| {
        Feature::number(
            name,
            unit,
            Needs::Speech,
            Source::CallFeatures,
            definition,
            compute,
        )
    };
    vec![
        audio(
            "call_duration",
            Unit::Seconds,
            "length of the recording",
            |e| Ok(e.length()?.seconds()),
        )
        .standing_on(NOBODY),
        audio(
            "dialog_both_channels_speech_length_sum",
            Unit::Seconds,
            "customer_speech_length_sum + agent_speech_length_sum (overlap counted twice)",
            |e| Ok(both(e)?.seconds()),
        ),
        audio(
            "dialog_customer_speech_length_percentage",
            Unit::Share,
            "customer_speech_length_sum / call_duration",
            |e| of_call(e, speech(e, Side::Customer)?),
        )
        .standing_on(only(Side::Customer)),
        audio(
            "dialog_agent_speech_length_percentage",
            Unit::Share,
            "agent_speech_length_sum / call_duration",
            |e| of_call(e, speech(e, Side::Agent)?),
        )
        .standing_on(only(Side::Agent)),
        audio(
            "dialog_anybody_speech_length_sum",
            Unit::Seconds,
            "length of the union of both channels' speech",
            |e| Ok(anybody(e)?.seconds()),
        ),
        audio(
            "dialog_anybody_speech_length_percentage",
            Unit::Share,
            "dialog_anybody_speech_length_sum / call_duration",
            |e| of_call(e, anybody(e)?),
        ),
        audio(
            "dialog_silence_length_sum",
            Unit::Seconds,
            "call_duration - dialog_anybody_speech_length_sum",
            |e| Ok(silence(e)?.seconds()),
        ),
        audio(
            "dialog_silence_length_percentage",
            Unit::Share,
            "dialog_silence_length_sum / call_duration",
            |e| of_call(e, silence(e)?),
        ),
        audio(
            "dialog_customer_speech_percentage",
            Unit::Share,
            "customer_speech_length_sum / dialog_both_channels_speech_length_sum; the two sides \
             add up to 1",
            |e| share(speech(e, Side::Customer)?, both(e)?, Absence::NobodySpeaks),
        ),
        audio(
            "dialog_agent_speech_percentage",
            Unit::Share,
            "agent_speech_length_sum / dialog_both_channels_speech_length_sum; the two sides add \
             up to 1",
            |e| share(speech(e, Side::Agent)?, both(e)?, Absence::NobodySpeaks),
        ),
        audio(
            "dialog_interruptions_count",
            Unit::Count,
            "number of interruption episodes: overlap fragments of at least overlap_min, chained \
             while the next begins within episode_join of the last one's end; a chain counts when \
             it has two fragments or more, or its overlap is at least episode_min_single",
            |e| Ok(e.talk()?.episodes.len() as f64),
        ),
        audio(
            "dialog_interruptions_speech_length_sum",
            Unit::Seconds,
            "simultaneous speech inside all interruption episodes",
            |e| Ok(in_episodes(e)?.seconds()),
        )
        .revised(2),
        audio(
            "dialog_interruptions_speech_length_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / call_duration",
            |e| of_call(e, in_episodes(e)?),
        )
        .revised(2),
        audio(
            "dialog_interruptions_raw_speech_length_sum",
            Unit::Seconds,
            "all simultaneous speech: length of the intersection of both channels' speech",
            |e| Ok(overlap(e)?.seconds()),
        ),
        audio(
            "dialog_interruptions_raw_speech_length_percentage",
            Unit::Share,
            "dialog_interruptions_raw_speech_length_sum / call_duration",
            |e| of_call(e, overlap(e)?),
        ),
        audio(
            "dialog_interruptions_in_anybody_speech_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / dialog_anybody_speech_length_sum",
            |e| share(in_episodes(e)?, anybody(e)?, Absence::NobodySpeaks),
        )
        .revised(2),
        audio(
            "dialog_interruptions_in_customer_speech_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / customer_speech_length_sum",
            |e| {
                let side = Side::Customer;
                share(in_episodes(e)?, speech(e, side)?, Absence::NoSpeech(side))
            },
        )
        .revised(2),
        audio(
            "dialog_interruptions_in_agent_speech_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / agent_speech_length_sum",
            |e| {
                share(
                    in_episodes(e)?,
                    speech(e, Side::Agent)?,
                    Absence::NoSpeech(Side::Agent),
                )
            },
        )
        .revised(2),
    ]
}

/// Returns `part / whole`, or the reason where there is no whole.
pub(super) fn share(part: Span, whole: Span, without: Absence) -> Number {
    if whole <= Span::ZERO {
        return Err(without);
    }
    Ok(part.nanos() as f64 / whole.nanos() as f64)
}

/// Returns `part / call_duration`.
pub(super) fn of_call(evidence: &Evidence<'_>, part: Span) -> Number {
    share(part, evidence.length()?, Absence::NoDuration)
}

/// Returns how long a side speaks.
pub(super) fn speech(evidence: &Evidence<'_>, side: Side) -> Result<Span, Absence> {
    Ok(evidence.talk()?.speech.get(side).duration())
}

fn both(evidence: &Evidence<'_>) -> Result<Span, Absence> {
    Ok(speech(evidence, Side::Agent)? + speech(evidence, Side::Customer)?)
}

fn anybody(evidence: &Evidence<'_>) -> Result<Span, Absence> {
    Ok(evidence.talk()?.anybody.duration())
}

fn silence(evidence: &Evidence<'_>) -> Result<Span, Absence> {
    Ok(evidence.talk()?.duration - anybody(evidence)?)
}

fn overlap(evidence: &Evidence<'_>) -> Result<Span, Absence> {
    Ok(evidence.talk()?.overlap.duration())
}

fn in_episodes(evidence: &Evidence<'_>) -> Result<Span, Absence> {
    Ok(evidence
        .talk()?
        .episodes
        .iter()
        .map(|episode| episode.overlap)
        .sum())
}
