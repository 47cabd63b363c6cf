//! What the telephony platform tells: holds, queue, IVR, the customer's history.

use super::words::{Noun, TIMES};
use super::{Absence, Evidence, Feature, NOBODY, Needs, Number, ReasonGroup, Source, Unit};
use crate::call::{CustomerHistory, Holds, Ivr, IvrStatus, StepOutcome};
use crate::timeline::{Span, Timeline};
use std::sync::Arc;

/// How each [`IvrStatus`] is told: its word, in English, in Russian.
static STATUSES: [(&str, &str, &str); 7] = [
    (
        "completed",
        "the IVR did what the customer wanted",
        "IVR решил вопрос клиента",
    ),
    (
        "transferred_by_design",
        "the IVR handed the call over as it should",
        "IVR перевёл на оператора, как и должен",
    ),
    (
        "operator_requested",
        "the customer left the IVR for an agent",
        "клиент ушёл из IVR к оператору",
    ),
    (
        "abandoned",
        "the customer hung up in the IVR",
        "клиент бросил трубку в IVR",
    ),
    ("failed", "the IVR failed", "IVR не справился"),
    (
        "unknown",
        "outcome of the IVR unknown",
        "итог IVR неизвестен",
    ),
    ("none", "no IVR before the call", "звонок прошёл без IVR"),
];

pub(super) fn features() -> Vec<Feature> {
    let fact = |name, unit, definition, compute: fn(&Evidence<'_>) -> Number| {
        Feature::number(
            name,
            unit,
            Needs::Metadata,
            Source::Essay,
            definition,
            compute,
        )
    };
    vec![
        fact(
            "hold_count",
            Unit::Count,
            "number of times the customer was put on hold",
            |e| number_of_holds(e).map(f64::from),
        )
        .told(ReasonGroup::Holds, "number of holds", "число удержаний")
        .counted(
            Noun::new(["hold", "holds"], ["удержание", "удержания", "удержаний"]),
            ("{}", "{}"),
            ("no holds", "без удержаний"),
        ),
        fact(
            "hold_total_s",
            Unit::Seconds,
            "time on hold, all holds together",
            |e| {
                let total = holds(e)?
                    .total()
                    .ok_or(Absence::NotInMetadata("holds.total_s"))?;
                Ok(total.seconds())
            },
        )
        .told(ReasonGroup::Holds, "time on hold", "время на удержании")
        .around("{} on hold", "на удержании {}")
        .zero("no holds", "без удержаний"),
        fact(
            "hold_longest_s",
            Unit::Seconds,
            "length of the longest hold",
            |e| {
                if number_of_holds(e) == Ok(0) {
                    return Err(Absence::NoHold);
                }
                let longest = holds(e)?
                    .longest()
                    .ok_or(Absence::NotInMetadata("holds.longest_s"))?;
                Ok(longest.seconds())
            },
        )
        .told(ReasonGroup::Holds, "longest hold", "самое долгое удержание")
        .around(
            "the longest hold lasted {}",
            "самое долгое удержание длилось {}",
        ),
        Feature::number(
            "hold_share",
            Unit::Share,
            Needs::MetadataAndSpeech,
            Source::Essay,
            "hold_total_s / call_duration, at most 1",
            |e| {
                let total = holds(e)?
                    .total()
                    .ok_or(Absence::NotInMetadata("holds.total_s"))?;
                Ok((total.seconds() / e.length()?.seconds()).min(1.0))
            },
        )
        .told(
            ReasonGroup::Holds,
            "share of the call on hold",
            "доля удержаний в разговоре",
        )
        .around("{} of the call on hold", "{} разговора — удержание")
        .zero("no holds", "без удержаний"),
        by_ear(
            "hold_count_audio",
            Unit::Count,
            "number of holds that are heard, where the metadata tell of none: \
            music on the agent's channel after the agent first spoke, of at \
            least 6 s; pauses and announcements of less than 6 s are part of \
            it",
            |holds| holds.segments().len() as f64,
        )
        .told(
            ReasonGroup::Holds,
            "holds heard in the recording",
            "удержания, слышные в записи",
        )
        .counted(
            Noun::new(
                [
                    "hold heard in the recording",
                    "holds heard in the recording",
                ],
                [
                    "удержание слышно в записи",
                    "удержания слышно в записи",
                    "удержаний слышно в записи",
                ],
            ),
            ("{}", "{}"),
            (
                "no holds heard in the recording",
                "в записи удержаний не слышно",
            ),
        ),
        by_ear(
            "hold_music_s",
            Unit::Seconds,
            "time of the holds that are heard, where the metadata tell of \
            none, all together",
            |holds| holds.duration().seconds(),
        )
        .told(
            ReasonGroup::Holds,
            "time on hold heard in the recording",
            "время на удержании, слышном в записи",
        ),
        fact(
            "queue_wait_s",
            Unit::Seconds,
            "from entering the queue to the agent's answer",
            |e| {
                let wait = e.metadata.queue.as_ref().and_then(|q| q.wait);
                wait.map(Span::seconds)
                    .ok_or(Absence::NotInMetadata("queue.wait_s"))
            },
        )
        .told(
            ReasonGroup::Waiting,
            "wait in the queue",
            "ожидание в очереди",
        )
        .around(
            "the customer waited {} in the queue",
            "клиент ждал в очереди {}",
        )
        .zero(
            "the customer did not wait in the queue",
            "клиент не ждал в очереди",
        ),
        Feature::category(
            "ivr_status",
            "how the customer's way through the IVR ended: completed, \
            transferred_by_design, operator_requested, abandoned, failed, \
            unknown, none (the call met no IVR)",
            |e| {
                let status = e.metadata.ivr.as_ref().and_then(|i| i.status);
                status
                    .map(|s| Arc::from(s.name()))
                    .ok_or(Absence::NotInMetadata("ivr.status"))
            },
        )
        .told(ReasonGroup::Ivr, "outcome of the IVR", "итог IVR")
        .known(&STATUSES),
        fact("ivr_duration_s", Unit::Seconds, "time in the IVR", |e| {
            let duration = ivr(e)?.duration;
            duration
                .map(Span::seconds)
                .ok_or(Absence::NotInMetadata("ivr.duration_s"))
        })
        .told(ReasonGroup::Ivr, "time in the IVR", "время в IVR")
        .around("the customer spent {} in the IVR", "клиент провёл в IVR {}"),
        fact("ivr_step_count", Unit::Count, "IVR nodes entered", |e| {
            count(ivr(e)?.steps_entered(), "ivr.step_count")
        })
        .told(ReasonGroup::Ivr, "steps in the IVR", "шаги в IVR")
        .counted(
            Noun::new(["step", "steps"], ["шаг", "шага", "шагов"]),
            ("{} in the IVR", "{} в IVR"),
            ("no steps in the IVR", "ни одного шага в IVR"),
        ),
        fact(
            "ivr_no_input_count",
            Unit::Count,
            "times the customer said and pressed nothing in the IVR",
            |e| count(ivr(e)?.outcomes(StepOutcome::NoInput), "ivr.no_input_count"),
        )
        .told(
            ReasonGroup::Ivr,
            "IVR prompts without an answer",
            "вопросы IVR без ответа",
        )
        .counted(
            Noun::new(
                ["IVR prompt", "IVR prompts"],
                ["вопрос IVR", "вопроса IVR", "вопросов IVR"],
            ),
            ("{} without an answer", "{} без ответа"),
            (
                "every IVR prompt was answered",
                "без ответа не остался ни один вопрос IVR",
            ),
        ),
        fact(
            "ivr_no_match_count",
            Unit::Count,
            "times the IVR did not understand the customer",
            |e| count(ivr(e)?.outcomes(StepOutcome::NoMatch), "ivr.no_match_count"),
        )
        .told(
            ReasonGroup::Ivr,
            "answers not understood by the IVR",
            "ответы, не понятые IVR",
        )
        .counted(
            TIMES,
            (
                "the IVR did not understand the customer {}",
                "IVR не понял клиента {}",
            ),
            (
                "the IVR understood the customer every time",
                "IVR каждый раз понимал клиента",
            ),
        ),
        fact(
            "ivr_repeat_count",
            Unit::Count,
            "entries of an IVR node that had been entered before",
            |e| count(ivr(e)?.nodes_repeated(), "ivr.repeat_count"),
        )
        .told(
            ReasonGroup::Ivr,
            "repeated steps of the IVR",
            "повторы шагов IVR",
        )
        .counted(
            Noun::new(
                ["step of the IVR", "steps of the IVR"],
                ["повтор", "повтора", "повторов"],
            ),
            ("{} repeated", "{} шагов IVR"),
            ("no step of the IVR repeated", "шаги IVR не повторялись"),
        ),
        fact(
            "ivr_operator_request_count",
            Unit::Count,
            "times the customer asked the IVR for a person",
            |e| {
                let requests = ivr(e)?.outcomes(StepOutcome::OperatorRequested);
                count(requests, "ivr.operator_request_count")
            },
        )
        .told(
            ReasonGroup::Ivr,
            "requests for an agent in the IVR",
            "просьбы об операторе в IVR",
        )
        .counted(
            TIMES,
            (
                "the customer asked the IVR for an agent {}",
                "клиент просил в IVR оператора {}",
            ),
            (
                "the customer did not ask the IVR for an agent",
                "клиент не просил в IVR оператора",
            ),
        ),
        Feature::category("ivr_last_node", "the last IVR node entered", |e| {
            let last = ivr(e)?.last();
            last.map(Arc::from)
                .ok_or(Absence::NotInMetadata("ivr.last_node"))
        })
        .told(
            ReasonGroup::Ivr,
            "last step of the IVR",
            "последний шаг IVR",
        ),
        fact(
            "customer_always_requests_operator",
            Unit::Flag,
            "1 when the customer will not talk to a voice robot: given, or \
            from the two numbers below: 1 when at least history_min_contacts \
            earlier IVR contacts and in at least history_operator_share of \
            them the customer asked for the operator before completing \
            anything, 0 when as many and a smaller share, absent with fewer \
            contacts",
            always_requests_operator,
        )
        .told(
            ReasonGroup::History,
            "customer always asks for an agent",
            "клиент всегда просит оператора",
        )
        .yes_no(
            (
                "the customer always asks for an agent",
                "клиент всегда просит оператора",
            ),
            (
                "the customer does not always ask for an agent",
                "клиент не всегда просит оператора",
            ),
        ),
        fact(
            "customer_ivr_history_count",
            Unit::Count,
            "the customer's earlier contacts that met the IVR",
            |e| count(history(e)?.ivr_history_count, "customer.ivr_history_count"),
        )
        .told(
            ReasonGroup::History,
            "earlier contacts through the IVR",
            "прежние обращения через IVR",
        )
        .counted(
            Noun::new(
                ["earlier contact", "earlier contacts"],
                [
                    "прежнее обращение",
                    "прежних обращения",
                    "прежних обращений",
                ],
            ),
            ("{} through the IVR", "{} через IVR"),
            (
                "no earlier contacts through the IVR",
                "прежних обращений через IVR нет",
            ),
        ),
        fact(
            "customer_operator_request_share",
            Unit::Share,
            "share of those contacts in which the customer asked for the \
            operator before completing anything",
            |e| {
                let share = history(e)?.operator_request_share;
                share.ok_or(Absence::NotInMetadata("customer.operator_request_share"))
            },
        )
        .told(
            ReasonGroup::History,
            "share of earlier contacts with a request for an agent",
            "доля прежних обращений с просьбой об операторе",
        )
        .around(
            "the customer asked for an agent in {} of the earlier contacts",
            "клиент просил оператора в {} прежних обращений",
        )
        .zero(
            "the customer asked for an agent in no earlier contact",
            "в прежних обращениях клиент не просил оператора",
        ),
    ]
}

/// Declares what is heard of holds; the metadata know better where they tell.
fn by_ear(
    name: &str,
    unit: Unit,
    definition: &str,
    compute: impl Fn(&Timeline) -> f64 + Send + Sync + 'static,
) -> Feature {
    let (needs, source) = (Needs::Recording, Source::Own);
    Feature::number(name, unit, needs, source, definition, move |e| {
        if e.metadata.holds.is_some() {
            return Err(Absence::HoldsInMetadata);
        }
        e.heard_holds.clone().map(&compute)
    })
    .standing_on(NOBODY)
}

fn holds<'e>(evidence: &'e Evidence<'_>) -> Result<&'e Holds, Absence> {
    evidence
        .metadata
        .holds
        .as_ref()
        .ok_or(Absence::NotInMetadata("holds"))
}

fn number_of_holds(evidence: &Evidence<'_>) -> Result<u32, Absence> {
    holds(evidence)?
        .number()
        .ok_or(Absence::NotInMetadata("holds.count"))
}

/// Returns the IVR facts of a call that met one.
fn ivr<'e>(evidence: &'e Evidence<'_>) -> Result<&'e Ivr, Absence> {
    let ivr = evidence
        .metadata
        .ivr
        .as_ref()
        .ok_or(Absence::NotInMetadata("ivr"))?;
    if ivr.status == Some(IvrStatus::None) {
        return Err(Absence::NoIvr);
    }
    Ok(ivr)
}

fn history<'e>(evidence: &'e Evidence<'_>) -> Result<&'e CustomerHistory, Absence> {
    evidence
        .metadata
        .customer
        .as_ref()
        .ok_or(Absence::NotInMetadata("customer"))
}

fn count(count: Option<u32>, field: &'static str) -> Number {
    count.map(f64::from).ok_or(Absence::NotInMetadata(field))
}

fn always_requests_operator(evidence: &Evidence<'_>) -> Number {
    let history = history(evidence)?;
    if let Some(given) = history.always_requests_operator {
        return Ok(f64::from(u8::from(given)));
    }
    let contacts = history
        .ivr_history_count
        .ok_or(Absence::NotInMetadata("customer.ivr_history_count"))?;
    if contacts < evidence.settings.history_min_contacts {
        return Err(Absence::ShortHistory);
    }
    let share = history
        .operator_request_share
        .ok_or(Absence::NotInMetadata("customer.operator_request_share"))?;
    Ok(f64::from(u8::from(
        share >= evidence.settings.history_operator_share,
    )))
}
