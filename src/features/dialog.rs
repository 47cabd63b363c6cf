//! The call as a whole: speech, silence and simultaneous speech.

use super::words::Noun;
use super::{Absence, Evidence, Feature, NOBODY, Needs, Number, ReasonGroup, Source, Unit, only};
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
        .told(
            ReasonGroup::Length,
            "length of the call",
            "длительность разговора",
        )
        .around("the call lasted {}", "разговор длился {}")
        .standing_on(NOBODY),
        audio(
            "dialog_both_channels_speech_length_sum",
            Unit::Seconds,
            "customer_speech_length_sum + agent_speech_length_sum \
            (overlap counted twice)",
            |e| Ok(both(e)?.seconds()),
        )
        .told(
            ReasonGroup::Length,
            "speech of both sides, added up",
            "речь обеих сторон в сумме",
        ),
        audio(
            "dialog_customer_speech_length_percentage",
            Unit::Share,
            "customer_speech_length_sum / call_duration",
            |e| of_call(e, speech(e, Side::Customer)?),
        )
        .told(
            ReasonGroup::Share,
            "share of the call in which the customer speaks",
            "доля разговора, когда говорит клиент",
        )
        .around(
            "the customer speaks for {} of the call",
            "клиент говорит {} разговора",
        )
        .zero("the customer does not speak", "клиент не говорит")
        .standing_on(only(Side::Customer)),
        audio(
            "dialog_agent_speech_length_percentage",
            Unit::Share,
            "agent_speech_length_sum / call_duration",
            |e| of_call(e, speech(e, Side::Agent)?),
        )
        .told(
            ReasonGroup::Share,
            "share of the call in which the agent speaks",
            "доля разговора, когда говорит оператор",
        )
        .around(
            "the agent speaks for {} of the call",
            "оператор говорит {} разговора",
        )
        .zero("the agent does not speak", "оператор не говорит")
        .standing_on(only(Side::Agent)),
        audio(
            "dialog_anybody_speech_length_sum",
            Unit::Seconds,
            "length of the union of both channels' speech",
            |e| Ok(anybody(e)?.seconds()),
        )
        .told(
            ReasonGroup::Length,
            "time in which anybody speaks",
            "время, когда кто-нибудь говорит",
        ),
        audio(
            "dialog_anybody_speech_length_percentage",
            Unit::Share,
            "dialog_anybody_speech_length_sum / call_duration",
            |e| of_call(e, anybody(e)?),
        )
        .told(
            ReasonGroup::Silence,
            "share of the call in which anybody speaks",
            "доля разговора, когда кто-нибудь говорит",
        ),
        audio(
            "dialog_silence_length_sum",
            Unit::Seconds,
            "call_duration - dialog_anybody_speech_length_sum",
            |e| Ok(silence(e)?.seconds()),
        )
        .told(
            ReasonGroup::Silence,
            "time in which nobody speaks",
            "время тишины в разговоре",
        ),
        audio(
            "dialog_silence_length_percentage",
            Unit::Share,
            "dialog_silence_length_sum / call_duration",
            |e| of_call(e, silence(e)?),
        )
        .told(
            ReasonGroup::Silence,
            "share of silence in the call",
            "доля тишины в разговоре",
        )
        .around("{} of the call is silence", "{} разговора — тишина"),
        audio(
            "dialog_customer_speech_percentage",
            Unit::Share,
            "customer_speech_length_sum / dialog_both_channels_speech_length_sum; the two sides \
             add up to 1",
            |e| share(speech(e, Side::Customer)?, both(e)?, Absence::NobodySpeaks),
        )
        .told(
            ReasonGroup::Share,
            "customer's share of what is said",
            "доля клиента в общей речи",
        )
        .around(
            "{} of what is said is the customer's",
            "{} общей речи — речь клиента",
        ),
        audio(
            "dialog_agent_speech_percentage",
            Unit::Share,
            "agent_speech_length_sum / dialog_both_channels_speech_length_sum; the two sides add \
             up to 1",
            |e| share(speech(e, Side::Agent)?, both(e)?, Absence::NobodySpeaks),
        )
        .told(
            ReasonGroup::Share,
            "agent's share of what is said",
            "доля оператора в общей речи",
        )
        .around(
            "{} of what is said is the agent's",
            "{} общей речи — речь оператора",
        ),
        audio(
            "dialog_interruptions_count",
            Unit::Count,
            "number of interruption episodes: overlap fragments of at least overlap_min, chained \
             while the next begins within episode_join of the last one's end; a chain counts when \
             it has two fragments or more, or its overlap is at least episode_min_single",
            |e| Ok(e.talk()?.episodes.len() as f64),
        )
        .told(
            ReasonGroup::Interruptions,
            "interruption episodes",
            "эпизоды перебивания",
        )
        .counted(
            Noun::new(
                ["interruption episode", "interruption episodes"],
                ["эпизод", "эпизода", "эпизодов"],
            ),
            ("{}", "{} перебивания"),
            ("no interruption episodes", "без эпизодов перебивания"),
        ),
        audio(
            "dialog_interruptions_speech_length_sum",
            Unit::Seconds,
            "simultaneous speech inside all interruption episodes",
            |e| Ok(in_episodes(e)?.seconds()),
        )
        .told(
            ReasonGroup::Interruptions,
            "simultaneous speech in interruption episodes",
            "одновременная речь в эпизодах перебивания, время",
        )
        .revised(2),
        audio(
            "dialog_interruptions_speech_length_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / call_duration",
            |e| of_call(e, in_episodes(e)?),
        )
        .told(
            ReasonGroup::Interruptions,
            "simultaneous speech in interruption episodes, share of the call",
            "одновременная речь в эпизодах перебивания, доля разговора",
        )
        .revised(2),
        audio(
            "dialog_interruptions_raw_speech_length_sum",
            Unit::Seconds,
            "all simultaneous speech: length of the intersection of \
            both channels' speech",
            |e| Ok(overlap(e)?.seconds()),
        )
        .told(
            ReasonGroup::Interruptions,
            "all simultaneous speech",
            "вся одновременная речь, время",
        )
        .around("both speak at once for {}", "оба говорят одновременно {}")
        .zero("the two never speak at once", "одновременной речи нет"),
        audio(
            "dialog_interruptions_raw_speech_length_percentage",
            Unit::Share,
            "dialog_interruptions_raw_speech_length_sum / call_duration",
            |e| of_call(e, overlap(e)?),
        )
        .told(
            ReasonGroup::Interruptions,
            "share of the call in which both speak at once",
            "доля разговора, когда оба говорят одновременно",
        )
        .around(
            "both speak at once in {} of the call",
            "{} разговора оба говорят одновременно",
        )
        .zero("the two never speak at once", "одновременной речи нет"),
        audio(
            "dialog_interruptions_in_anybody_speech_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / \
            dialog_anybody_speech_length_sum",
            |e| share(in_episodes(e)?, anybody(e)?, Absence::NobodySpeaks),
        )
        .told(
            ReasonGroup::Interruptions,
            "simultaneous speech in interruption episodes, share of the \
            time in which anybody speaks",
            "одновременная речь в эпизодах перебивания, доля времени, \
            когда кто-нибудь говорит",
        )
        .revised(2),
        audio(
            "dialog_interruptions_in_customer_speech_percentage",
            Unit::Share,
            "dialog_interruptions_speech_length_sum / \
            customer_speech_length_sum",
            |e| {
                let side = Side::Customer;
                share(in_episodes(e)?, speech(e, side)?, Absence::NoSpeech(side))
            },
        )
        .told(
            ReasonGroup::Interruptions,
            "simultaneous speech in interruption episodes, share of the \
            customer's speech",
            "одновременная речь в эпизодах перебивания, доля речи клиента",
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
        .told(
            ReasonGroup::Interruptions,
            "simultaneous speech in interruption episodes, share of the \
            agent's speech",
            "одновременная речь в эпизодах перебивания, доля речи оператора",
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
