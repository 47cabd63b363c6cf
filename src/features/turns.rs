//! How turns change hands: latencies, interruptions with their authors, backchannels, silences.

use super::dialog::{of_call, share, speech};
use super::words::{Noun, TIMES};
use super::{Absence, BOTH, Evidence, Feature, Needs, Number, ReasonGroup, Source, Unit, stats};
use crate::call::Side;
use crate::conversation::Interruption;
use crate::timeline::{Segment, Span, Time};

/// Seconds in a minute.
const MINUTE: f64 = 60.0;

pub(super) fn features() -> Vec<Feature> {
    let own = |name: String, unit, definition: String, compute: Compute| {
        // Even where it is named after one side: a turn ends where the other speaks.
        Feature::number(name, unit, Needs::Speech, Source::Own, definition, compute)
            .standing_on(BOTH)
    };
    let mut group = Vec::new();
    for side in Side::BOTH {
        let other = side.other();
        let (who, of, by) = (side.nominative_ru(), side.of_ru(), side.by_ru());
        let (other_who, other_of) = (other.nominative_ru(), other.of_ru());
        group.extend([
            own(
                format!("{side}_response_latency_median_s"),
                Unit::Seconds,
                format!(
                    "median of ({side} turn start - {other} turn end) over the turns that the \
                     {side} takes; negative where the reply starts in overlap"
                ),
                Box::new(move |e| latency(e, side, 0.5)),
            )
            .told(
                ReasonGroup::Replies,
                format!("{side}'s time to reply, median"),
                format!("время до ответа {of}, медиана"),
            ),
            own(
                format!("{side}_response_latency_p90_s"),
                Unit::Seconds,
                "90th percentile of the same".to_owned(),
                Box::new(move |e| latency(e, side, 0.9)),
            )
            .told(
                ReasonGroup::Replies,
                format!("{side}'s time to reply, 90th percentile"),
                format!("время до ответа {of}, 90-й процентиль"),
            ),
            own(
                format!("{side}_longest_turn_s"),
                Unit::Seconds,
                format!("length of the longest {side} turn, pauses included"),
                Box::new(move |e| {
                    let turns = e.talk()?.turns.iter().filter(|t| t.side == side);
                    let longest = turns.map(|t| t.end - t.start).max();
                    longest.map(Span::seconds).ok_or(Absence::NoSpeech(side))
                }),
            )
            .told(
                ReasonGroup::Share,
                format!("{side}'s longest turn"),
                format!("самый долгий монолог {of}"),
            )
            .around(
                format!("the {side}'s longest turn lasted {{}}"),
                format!("самый долгий монолог {of} длился {{}}"),
            ),
            own(
                format!("{side}_interruptions_count"),
                Unit::Count,
                format!(
                    "times the {side} cuts in: an utterance, no backchannel, that starts inside \
                     one of the {other} at least interruption_onset after its start, with at \
                     least overlap_min of simultaneous speech"
                ),
                Box::new(move |e| Ok(interruptions(e, side)?.len() as f64)),
            )
            .told(
                ReasonGroup::Interruptions,
                format!("interruptions by the {side}"),
                format!("перебивания {by}"),
            )
            .counted(
                TIMES,
                (
                    format!("the {side} interrupted {{}}"),
                    format!("{who} перебил {{}}"),
                ),
                (
                    format!("the {side} did not interrupt"),
                    format!("{who} не перебивал"),
                ),
            ),
            own(
                format!("{side}_interruptions_length_sum"),
                Unit::Seconds,
                "simultaneous speech in those interruptions".to_owned(),
                Box::new(move |e| {
                    let overlaps = interruptions(e, side)?.into_iter().map(|i| i.overlap);
                    Ok(overlaps.sum::<Span>().seconds())
                }),
            )
            .told(
                ReasonGroup::Interruptions,
                format!("simultaneous speech in interruptions by the {side}"),
                format!("одновременная речь при перебиваниях {by}, время"),
            ),
            own(
                format!("{side}_interruptions_successful_share"),
                Unit::Share,
                format!("share of those interruptions after which the {other} stops first"),
                Box::new(move |e| {
                    let all = interruptions(e, side)?;
                    if all.is_empty() {
                        return Err(Absence::NoInterruption(side));
                    }
                    let successful = all.iter().filter(|i| i.successful).count();
                    Ok(successful as f64 / all.len() as f64)
                }),
            )
            .told(
                ReasonGroup::Interruptions,
                format!("share of interruptions by the {side} that stopped the {other}"),
                format!("доля перебиваний {by}, после которых {other_who} замолчал"),
            ),
            own(
                format!("{side}_backchannel_rate"),
                Unit::PerMinute,
                format!(
                    "backchannels of the {side} (at most backchannel_max long, at least half \
                     inside the {other}'s speech, and the {other} goes on) per minute of the \
                     {other}'s speech"
                ),
                Box::new(move |e| {
                    let minutes = speech(e, other)?.seconds() / MINUTE;
                    if minutes <= 0.0 {
                        return Err(Absence::NoSpeech(other));
                    }
                    let all = e.talk()?.utterances.get(side);
                    Ok(all.iter().filter(|u| u.backchannel).count() as f64 / minutes)
                }),
            )
            .told(
                ReasonGroup::Replies,
                format!("{side}'s listening signals per minute of the {other}'s speech"),
                format!("поддакивания {of} в минуту речи {other_of}"),
            ),
        ]);
    }
    group.extend([
        own(
            "dialog_turns_per_minute".to_owned(),
            Unit::PerMinute,
            "turns of both sides per minute of the call".to_owned(),
            Box::new(|e| {
                let minutes = e.length()?.seconds() / MINUTE;
                Ok(e.talk()?.turns.len() as f64 / minutes)
            }),
        )
        .told(
            ReasonGroup::Replies,
            "turns per minute of the call",
            "реплик за минуту разговора",
        ),
        own(
            "dialog_long_silence_count".to_owned(),
            Unit::Count,
            "stretches of at least silence_min in which nobody speaks and nobody is on hold, \
             those before the first and after the last word among them"
                .to_owned(),
            Box::new(|e| Ok(silences(e)?.len() as f64)),
        )
        .told(ReasonGroup::Silence, "long silences", "долгие паузы")
        .counted(
            Noun::new(
                ["long silence", "long silences"],
                ["долгая пауза", "долгие паузы", "долгих пауз"],
            ),
            ("{}", "{}"),
            ("no long silences", "без долгих пауз"),
        ),
        own(
            "dialog_long_silence_length_sum".to_owned(),
            Unit::Seconds,
            "length of those silences".to_owned(),
            Box::new(|e| Ok(silences(e)?.into_iter().sum::<Span>().seconds())),
        )
        .told(
            ReasonGroup::Silence,
            "time of long silences",
            "время долгих пауз",
        )
        .around("long silences took {}", "долгие паузы заняли {}")
        .zero("no long silences", "без долгих пауз"),
        own(
            "dialog_long_silence_longest_s".to_owned(),
            Unit::Seconds,
            "length of the longest of those silences".to_owned(),
            Box::new(|e| {
                silences(e)?
                    .into_iter()
                    .max()
                    .map(Span::seconds)
                    .ok_or(Absence::NoLongSilence)
            }),
        )
        .told(
            ReasonGroup::Silence,
            "longest silence",
            "самая долгая пауза",
        )
        .around(
            "the longest silence lasted {}",
            "самая долгая пауза длилась {}",
        ),
        own(
            "dialog_long_silence_percentage".to_owned(),
            Unit::Share,
            "dialog_long_silence_length_sum / call_duration".to_owned(),
            Box::new(|e| of_call(e, silences(e)?.into_iter().sum())),
        )
        .told(
            ReasonGroup::Silence,
            "share of long silences in the call",
            "доля долгих пауз в разговоре",
        )
        .around(
            "{} of the call is long silences",
            "{} разговора — долгие паузы",
        )
        .zero(
            "no part of the call is long silences",
            "разговор без долгих пауз",
        ),
        own(
            "dialog_customer_speech_percentage_change".to_owned(),
            Unit::ShareChange,
            "the customer's share of both sides' speech in the last third of the call, less that \
             in the first third"
                .to_owned(),
            Box::new(share_change),
        )
        .told(
            ReasonGroup::Share,
            "change of the customer's share of what is said, first to \
            last third",
            "изменение доли клиента в общей речи от первой трети к последней",
        ),
    ]);
    group
}

type Compute = Box<dyn Fn(&Evidence<'_>) -> Number + Send + Sync>;

fn latency(evidence: &Evidence<'_>, side: Side, quantile: f64) -> Number {
    let gaps = evidence.talk()?.gaps().filter(|g| g.taker == side);
    let lengths: Vec<f64> = gaps.map(|g| g.length.seconds()).collect();
    stats::quantile(&lengths, quantile).ok_or(Absence::NoTurnTaken(side))
}

fn interruptions(evidence: &Evidence<'_>, side: Side) -> Result<Vec<Interruption>, Absence> {
    let all = &evidence.talk()?.interruptions;
    Ok(all.iter().filter(|i| i.by == side).copied().collect())
}

fn silences(evidence: &Evidence<'_>) -> Result<Vec<Span>, Absence> {
    let shortest = evidence.settings.silence_min;
    let silences = evidence.talk()?.silences(evidence.holds, shortest);
    Ok(silences.segments().iter().map(|s| s.duration()).collect())
}

fn share_change(evidence: &Evidence<'_>) -> Number {
    let talk = evidence.talk()?;
    let end = talk.duration.nanos();
    let customers_share = |from: i64, to: i64| -> Number {
        let third = Segment::new(Time::from_nanos(from), Time::from_nanos(to));
        let third = third.ok_or(Absence::NoDuration)?;
        let customer = talk.speech.customer.duration_within(third);
        let agent = talk.speech.agent.duration_within(third);
        share(customer, customer + agent, Absence::NobodySpeaks)
    };
    let first = customers_share(0, end / 3)?;
    Ok(customers_share(end - end / 3, end)? - first)
}
