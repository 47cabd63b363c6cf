//! How the two sides differ: in utterance, word and rate, over the call and between neighbours.

use super::side::{Of, Rate, all_call_rate};
use super::words::Lang;
use super::{
    Absence, Evidence, Feature, Needs, Number, ReasonGroup, Source, Unit, Value, position, stats,
};
use crate::call::Side;
use crate::conversation::Spoken;
use crate::timeline::Span;

pub(super) fn features() -> Vec<Feature> {
    let mut group = vec![
        difference(
            "n_words_mean",
            Unit::Count,
            Needs::Words,
            ReasonGroup::Share,
            ("words per utterance", "слов в реплике"),
        ),
        difference(
            "utt_length_mean",
            Unit::Seconds,
            Needs::Speech,
            ReasonGroup::Share,
            ("mean length of an utterance", "средняя длина реплики"),
        ),
        difference(
            "speech_length_mean",
            Unit::Seconds,
            Needs::Speech,
            ReasonGroup::Share,
            ("mean speech per utterance", "среднее время речи в реплике"),
        ),
        difference(
            "letters_in_word_mean",
            Unit::Count,
            Needs::Words,
            ReasonGroup::Voice,
            ("letters per word", "букв в слове"),
        ),
    ];
    let paces = [
        ("mean", ("pace by utterance", "темп речи по репликам")),
        ("all_call_mean", ("pace of speech", "темп речи")),
    ];
    for (suffix, (en, ru)) in paces {
        for rate in Rate::BOTH {
            let name = format!("speech_speed_{}_{suffix}", rate.name());
            let en = format!("{en}, {}", rate.per_second(Lang::En));
            let ru = format!("{ru}, {}", rate.per_second(Lang::Ru));
            let (unit, group_of) = (rate.unit(), ReasonGroup::Voice);
            group.push(difference(&name, unit, Needs::Words, group_of, (&en, &ru)));
        }
    }
    for side in Side::BOTH {
        group.extend(neighbours(side));
    }
    for side in Side::BOTH {
        let of = side.of_ru();
        group.push(
            Feature::number(
                format!("{side}_speech_speed_words_change"),
                Unit::WordsPerSecond,
                Needs::Words,
                Source::Own,
                format!(
                    "words / speech of the {side}'s utterances whose middle lies in \
            the last third of the call, less those in the first third"
                ),
                move |e| thirds_change(e, side),
            )
            .told(
                ReasonGroup::Voice,
                format!(
                    "change of the {side}'s pace, first to last third, words per \
            second"
                ),
                format!(
                    "изменение темпа речи {of} от первой трети к последней, слов в \
            секунду"
                ),
            ),
        );
    }
    group
}

/// Declares `dialog_customer_agent_{name}_diff`: the customer's value less the agent's.
///
/// `title` is what is compared, in English and in Russian.
fn difference(
    name: &str,
    unit: Unit,
    needs: Needs,
    group: ReasonGroup,
    title: (&str, &str),
) -> Feature {
    let (customer, agent) = (format!("customer_{name}"), format!("agent_{name}"));
    Feature::number(
        format!("dialog_customer_agent_{name}_diff"),
        unit,
        needs,
        Source::CallFeatures,
        format!("{customer} - {agent}"),
        move |e| Ok(value(e, &customer)? - value(e, &agent)?),
    )
    .told(
        group,
        format!("customer less agent: {}", title.0),
        format!("клиент минус оператор: {}", title.1),
    )
}

/// Measures another feature of the catalogue, which must be a number.
fn value(evidence: &Evidence<'_>, name: &str) -> Number {
    // A misspelt name would be a defect of this file; the test of the catalogue measures them all.
    let feature = position(name)
        .map(|i| &super::catalogue()[i])
        .ok_or(Absence::NotGiven)?;
    match (feature.compute)(evidence)? {
        Value::Number(number) => Ok(number),
        Value::Category(_) => Err(Absence::NotGiven),
    }
}

/// A long utterance and what its rates differ by from those of its neighbour.
struct Pair<'e> {
    own: &'e Spoken,
    other: &'e Spoken,
}

/// Finds the pairs of long utterances of `side` with a long one of the other next to it.
///
/// Long utterances of both sides are ordered by start, then end. The candidates of an utterance
/// are the last one of the other side that does not come after it, and the first one that does not
/// come before it, each only when no long utterance of its own side comes strictly between the
/// two. Of two candidates the nearer in time is taken (the gap between end and start; overlapping
/// ones are 0 apart), of two equally near the earlier. The rule names no side, so swapping the
/// sides swaps the pairs.
fn pairs<'e>(evidence: &'e Evidence<'_>, side: Side) -> Result<Vec<Pair<'e>>, Absence> {
    let talk = evidence.conversation.as_ref().map_err(Clone::clone)?;
    let longer_than = evidence.settings.long_utterance;
    let long = |side: Side| -> Vec<&'e Spoken> {
        talk.utterances
            .get(side)
            .iter()
            .filter(|u| u.speech > longer_than)
            .collect()
    };
    let (own, others) = (long(side), long(side.other()));
    let mut found = Vec::new();
    for (i, utterance) in own.iter().enumerate() {
        let key = utterance.segment;
        let before = others.iter().rfind(|o| o.segment <= key).filter(|o| {
            let previous = i.checked_sub(1).map(|p| own[p].segment);
            previous.is_none_or(|p| p <= o.segment)
        });
        let after = others.iter().find(|o| o.segment >= key).filter(|o| {
            let next = own.get(i + 1).map(|n| n.segment);
            next.is_none_or(|n| n >= o.segment)
        });
        let apart = |o: &&&Spoken| {
            let gap = (o.segment.start() - key.end()).max(key.start() - o.segment.end());
            gap.max(Span::ZERO)
        };
        // `min_by_key` takes the first of equals: the earlier one.
        let nearest = before.into_iter().chain(after).min_by_key(apart);
        found.extend(nearest.map(|&other| Pair {
            own: utterance,
            other,
        }));
    }
    Ok(found)
}

/// Returns, for each pair with both rates known, the difference and the length of the own speech.
fn deltas(evidence: &Evidence<'_>, side: Side, rate: Rate) -> Result<Vec<(f64, f64)>, Absence> {
    words_of_both(evidence, side)?;
    let deltas: Vec<(f64, f64)> = pairs(evidence, side)?
        .iter()
        .filter_map(|p| {
            let delta = rate.of_utterance(p.own)? - rate.of_utterance(p.other)?;
            Some((delta, p.own.speech.seconds()))
        })
        .collect();
    if deltas.is_empty() {
        Err(Absence::NoNeighbours(side))
    } else {
        Ok(deltas)
    }
}

/// Refuses calls in which the words of either side are unknown.
fn words_of_both(evidence: &Evidence<'_>, side: Side) -> Result<(), Absence> {
    let other = side.other();
    Of { evidence, side }.placed_words()?;
    Of {
        evidence,
        side: other,
    }
    .placed_words()
}

/// A statistic of differences with their weights.
type Statistic = fn(&[(f64, f64)]) -> Option<f64>;

fn plain(deltas: &[(f64, f64)]) -> Vec<f64> {
    deltas.iter().map(|(d, _)| *d).collect()
}

fn sizes(deltas: &[(f64, f64)]) -> Vec<(f64, f64)> {
    deltas.iter().map(|(d, w)| (d.abs(), *w)).collect()
}

/// Suffix, wording (`{}` is the difference), title in English and Russian, function.
const STATISTICS: [(&str, &str, (&str, &str), Statistic); 8] = [
    ("mean", "mean of {}", ("mean", "среднее"), |d| {
        stats::mean(&plain(d))
    }),
    (
        "abs_mean",
        "mean of |delta| of {}",
        ("mean size", "среднее по модулю"),
        |d| stats::mean(&plain(&sizes(d))),
    ),
    (
        "max",
        "maximum of {}",
        ("greatest", "наибольшее"),
        |d| plain(d).into_iter().reduce(f64::max),
    ),
    (
        "min",
        "minimum of {}",
        ("least", "наименьшее"),
        |d| plain(d).into_iter().reduce(f64::min),
    ),
    (
        "std",
        "standard deviation of {}",
        ("spread", "разброс"),
        |d| stats::std(&plain(d)),
    ),
    (
        "true_mean",
        "mean weighted by speech length of {}",
        ("mean weighted by speech", "среднее с весом по речи"),
        stats::weighted_mean,
    ),
    (
        "true_abs_mean",
        "mean of |delta| weighted by speech length of {}",
        (
            "mean size weighted by speech",
            "среднее по модулю с весом по речи",
        ),
        |d| stats::weighted_mean(&sizes(d)),
    ),
    (
        "true_std",
        "standard deviation weighted by speech length of {}",
        ("spread weighted by speech", "разброс с весом по речи"),
        stats::weighted_std,
    ),
];

/// Declares the block on neighbouring long utterances of one side.
fn neighbours(side: Side) -> Vec<Feature> {
    let other = side.other();
    let (of, other_of) = (side.of_ru(), other.of_ru());
    let sum = |name: &str, unit, definition: String, compute: fn(&Pair<'_>) -> f64| {
        let name = format!("dialog_{side}_speech_speed_delta_{name}");
        Feature::number(
            name,
            unit,
            Needs::Words,
            Source::CallFeatures,
            definition,
            move |e| {
                words_of_both(e, side)?;
                // The sum of no numbers is -0 by `sum`, which a table would show.
                Ok(pairs(e, side)?.iter().map(compute).fold(0.0, |a, b| a + b))
            },
        )
    };
    let mut block = vec![
        sum(
            "utt_count",
            Unit::Count,
            format!(
                "number of pairs: a long {side} utterance with a long {other} \
            utterance next to it. Long utterances of both sides are ordered \
            by start, then end; next to it is the last {other} one not after \
            it or the first not before it, with no long {side} one strictly \
            between; of both the nearer in time, of equally near ones the \
            earlier"
            ),
            |_| 1.0,
        )
        .told(
            ReasonGroup::Voice,
            format!("long {side} utterances next to long ones of the {other}"),
            format!("долгие реплики {of} рядом с долгими репликами {other_of}"),
        ),
        sum(
            "speech_length_sum",
            Unit::Seconds,
            format!("speech in the {side} utterances of those pairs"),
            |p| p.own.speech.seconds(),
        )
        .told(
            ReasonGroup::Voice,
            format!(
                "speech in the {side}'s long utterances next to long ones of the \
            {other}"
            ),
            format!(
                "время речи в долгих репликах {of} рядом с долгими репликами \
            {other_of}"
            ),
        ),
        sum(
            "n_words_sum",
            Unit::Count,
            format!("words in the {side} utterances of those pairs"),
            |p| p.own.words.map_or(0.0, |w| w.words as f64),
        )
        .told(
            ReasonGroup::Voice,
            format!(
                "words in the {side}'s long utterances next to long ones of the \
            {other}"
            ),
            format!(
                "слова в долгих репликах {of} рядом с долгими репликами \
            {other_of}"
            ),
        ),
    ];
    for rate in Rate::BOTH {
        for (suffix, wording, titles, statistic) in STATISTICS {
            let delta = format!(
                "delta = {side} rate - neighbouring {other} rate ({}) over those \
            pairs",
                rate.unit().symbol()
            );
            block.push(
                Feature::number(
                    format!("dialog_{side}_speech_speed_delta_{}_{suffix}", rate.name()),
                    rate.unit(),
                    Needs::Words,
                    Source::CallFeatures,
                    wording.replace("{}", &delta),
                    move |e| statistic(&deltas(e, side, rate)?).ok_or(Absence::NoNeighbours(side)),
                )
                .told(
                    ReasonGroup::Voice,
                    format!(
                        "{side}'s pace less the {other}'s next to it, {}: {}",
                        rate.per_second(Lang::En),
                        titles.0
                    ),
                    format!(
                        "темп {of} минус темп {other_of} рядом, {}: {}",
                        rate.per_second(Lang::Ru),
                        titles.1
                    ),
                ),
            );
        }
    }
    block
}

/// Returns the words per second of speech in the last third of the call less that in the first.
fn thirds_change(evidence: &Evidence<'_>, side: Side) -> Number {
    // Refuses sides without words or speech, with the reason.
    all_call_rate(evidence, side, Rate::Words)?;
    Of { evidence, side }.placed_words()?;
    let talk = evidence.talk()?;
    let rate = |third: i64| {
        let inside = talk.utterances.get(side).iter().filter(|u| {
            let place = u.segment.midpoint().nanos().saturating_mul(3);
            place / talk.duration.nanos().max(1) == third
        });
        let (words, speech) = inside.fold((0, Span::ZERO), |(words, speech), u| {
            (words + u.words.map_or(0, |w| w.words), speech + u.speech)
        });
        (speech > Span::ZERO).then(|| words as f64 / speech.seconds())
    };
    match (rate(0), rate(2)) {
        (Some(first), Some(last)) => Ok(last - first),
        _ => Err(Absence::NoSpeech(side)),
    }
}
