//! One side's speech: the channel block of `call_features`, one definition for both sides.

use super::dialog::{of_call, speech};
use super::emotion;
use super::emotional::Part;
use super::words::{Lang, Noun};
use super::{Absence, Evidence, Feature, Needs, Number, ReasonGroup, Source, Unit, stats};
use crate::call::Side;
use crate::conversation::{Phases, Spoken, WordCount};
use crate::timeline::{Span, Time};

/// Letters or words: what a rate of speech counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    Letters,
    Words,
}

impl Rate {
    pub(super) const BOTH: [Rate; 2] = [Rate::Letters, Rate::Words];

    pub(super) fn name(self) -> &'static str {
        match self {
            Rate::Letters => "letters",
            Rate::Words => "words",
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Rate::Letters => Unit::LettersPerSecond,
            Rate::Words => Unit::WordsPerSecond,
        }
    }

    /// Returns the unit as titles have it.
    pub(super) fn per_second(self, lang: Lang) -> &'static str {
        match self {
            Rate::Letters => lang.of("letters per second", "букв в секунду"),
            Rate::Words => lang.of("words per second", "слов в секунду"),
        }
    }

    fn of(self, count: WordCount) -> f64 {
        match self {
            Rate::Letters => count.letters as f64,
            Rate::Words => count.words as f64,
        }
    }

    /// Returns the rate of an utterance; `None` without words or speech.
    pub(super) fn of_utterance(self, utterance: &Spoken) -> Option<f64> {
        let count = utterance.words?;
        (utterance.speech > Span::ZERO).then(|| self.of(count) / utterance.speech.seconds())
    }
}

/// Declares the block of one side.
pub(super) fn features(side: Side) -> Vec<Feature> {
    let declare = |name: &str, unit, needs, definition: &str, compute: fn(&Of<'_>) -> Number| {
        let name = format!("{side}_{name}");
        let compute = move |e: &Evidence<'_>| compute(&Of { evidence: e, side });
        Feature::number(name, unit, needs, Source::CallFeatures, definition, compute)
    };
    let (who, of) = (side.nominative_ru(), side.of_ru());
    let audio = |name: &str, unit, definition: &str, compute| {
        declare(name, unit, Needs::Speech, definition, compute)
    };
    let words = |name: &str, unit, definition: &str, compute| {
        declare(name, unit, Needs::Words, definition, compute)
    };
    let mut block = vec![
        audio(
            "utt_count",
            Unit::Count,
            "number of utterances (with a transcript: of those holding at \
            least one word)",
            |s| Ok(s.utterances()?.len() as f64),
        )
        .told(
            ReasonGroup::Share,
            format!("{side}'s utterances"),
            format!("реплики {of}"),
        ),
        audio(
            "utt_length_sum",
            Unit::Seconds,
            "sum over utterances of end - start",
            |s| Ok(length(s.utterances()?)),
        )
        .told(
            ReasonGroup::Length,
            format!("length of the {side}'s utterances"),
            format!("длина реплик {of}"),
        ),
        audio(
            "speech_length_sum",
            Unit::Seconds,
            "speech inside the utterances, pauses within them left out",
            |s| Ok(speech(s.evidence, s.side)?.seconds()),
        )
        .told(
            ReasonGroup::Length,
            format!("{side}'s speech"),
            format!("речь {of}, время"),
        )
        .around(
            format!("the {side} speaks for {{}}"),
            format!("{who} говорит {{}}"),
        ),
        words("n_words_sum", Unit::Count, "recognised words", |s| {
            Ok(s.words()?.words as f64)
        })
        .told(
            ReasonGroup::Share,
            format!("{side}'s words"),
            format!("слова {of}"),
        )
        .counted(
            Noun::new(["word", "words"], ["слово", "слова", "слов"]),
            (
                format!("the {side} said {{}}"),
                format!("{who} сказал {{}}"),
            ),
            (
                format!("the {side} said no word"),
                format!("{who} не сказал ни слова"),
            ),
        ),
    ];
    block.extend(emotion::sums(side));
    block.extend([
        words(
            "n_words_mean",
            Unit::Count,
            "n_words_sum / utt_count",
            |s| Ok(s.words()?.words as f64 / s.spoken()?.len() as f64),
        )
        .told(
            ReasonGroup::Share,
            format!("words per {side} utterance"),
            format!("слов в реплике {of}"),
        ),
        audio(
            "utt_length_mean",
            Unit::Seconds,
            "utt_length_sum / utt_count",
            |s| Ok(length(s.utterances()?) / s.spoken()?.len() as f64),
        )
        .told(
            ReasonGroup::Share,
            format!("mean length of the {side}'s utterances"),
            format!("средняя длина реплики {of}"),
        ),
        audio(
            "speech_length_mean",
            Unit::Seconds,
            "speech_length_sum / utt_count",
            |s| Ok(speech(s.evidence, s.side)?.seconds() / s.spoken()?.len() as f64),
        )
        .told(
            ReasonGroup::Share,
            format!("mean speech per {side} utterance"),
            format!("среднее время речи в реплике {of}"),
        ),
        words(
            "letters_in_word_mean",
            Unit::Count,
            "letters / words over the whole channel",
            |s| {
                let WordCount { words, letters } = s.words()?;
                if words == 0 {
                    return Err(Absence::NoWords(s.side));
                }
                Ok(letters as f64 / words as f64)
            },
        )
        .told(
            ReasonGroup::Voice,
            format!("letters per {side} word"),
            format!("букв в слове {of}"),
        ),
    ]);
    for rate in Rate::BOTH {
        for (suffix, what, statistic) in MOMENTS {
            let (en_of, ru_of, ru_end) = spread_words(suffix);
            block.push(
                Feature::number(
                    format!("{side}_speech_speed_{}_{suffix}", rate.name()),
                    rate.unit(),
                    Needs::Words,
                    Source::CallFeatures,
                    format!(
                        "{what} over utterances of {} / speech length of the utterance; \
            an utterance in which the detector hears no speech is left out",
                        rate.name()
                    ),
                    move |e| {
                        let side = Of { evidence: e, side };
                        side.placed_words()?;
                        let rates: Vec<f64> = side
                            .utterances()?
                            .iter()
                            .filter_map(|u| rate.of_utterance(u))
                            .collect();
                        statistic(&rates).ok_or(Absence::NoSpeech(side.side))
                    },
                )
                .told(
                    ReasonGroup::Voice,
                    format!(
                        "{}{side}'s pace by utterance, {}",
                        en_of,
                        rate.per_second(Lang::En)
                    ),
                    format!(
                        "{}темп{ru_end} речи {of} по репликам, {}",
                        ru_of,
                        rate.per_second(Lang::Ru)
                    ),
                ),
            );
        }
    }
    for rate in Rate::BOTH {
        let (what, of) = match rate {
            Rate::Letters => ("letters", "letters of the channel / speech_length_sum"),
            Rate::Words => ("words", "n_words_sum / speech_length_sum"),
        };
        block.push(
            Feature::number(
                format!("{side}_speech_speed_{what}_all_call_mean"),
                rate.unit(),
                Needs::Words,
                Source::CallFeatures,
                of,
                move |e| all_call_rate(e, side, rate),
            )
            .told(
                ReasonGroup::Voice,
                format!("{side}'s pace of speech, {}", rate.per_second(Lang::En)),
                format!("темп речи {}, {}", side.of_ru(), rate.per_second(Lang::Ru)),
            ),
        );
    }
    block.push(
        audio(
            "speech_length_percentage",
            Unit::Share,
            "speech_length_sum / call_duration",
            |s| of_call(s.evidence, speech(s.evidence, s.side)?),
        )
        .told(
            ReasonGroup::Share,
            format!("{side}'s speech as a share of the call"),
            format!("речь {of} как доля разговора"),
        ),
    );
    block.extend(emotion::moods(side));
    block.extend([
        audio(
            "speech_start_frame",
            Unit::Frame,
            "first frame of speech in the channel (1 frame = 1/8000 s)",
            |s| Ok(frame(s.phases()?.start.start())),
        )
        .told(
            ReasonGroup::Length,
            format!("start of the {side}'s speech, in frames"),
            format!("начало речи {of}, в кадрах"),
        ),
        audio(
            "conv_start_last_frame",
            Unit::Frame,
            "frame at which the start of the dialogue ends: from the side's \
            first speech until a pause longer than phase_pause, and no longer \
            than phase_cap",
            |s| Ok(frame(s.phases()?.start.end())),
        )
        .told(
            ReasonGroup::Length,
            format!("end of the {side}'s opening, in frames"),
            format!("конец вступления {of}, в кадрах"),
        ),
        audio(
            "conv_start_last_sec",
            Unit::Seconds,
            "conv_start_last_frame / 8000",
            |s| Ok(frame(s.phases()?.start.end()) / FRAMES_PER_SECOND),
        )
        .told(
            ReasonGroup::Length,
            format!("end of the {side}'s opening"),
            format!("конец вступления {of}"),
        ),
    ]);
    block.extend(emotion::phase(side, Part::Start));
    block.extend([
        audio(
            "speech_end_frame",
            Unit::Frame,
            "frame at which the last speech in the channel ends (1 frame = \
            1/8000 s)",
            |s| Ok(frame(s.phases()?.end.end())),
        )
        .told(
            ReasonGroup::Length,
            format!("end of the {side}'s speech, in frames"),
            format!("конец речи {of}, в кадрах"),
        ),
        audio(
            "conv_end_first_frame",
            Unit::Frame,
            "first frame of the end of the dialogue: the side's last stretch \
            of speech without a pause longer than phase_pause, and no longer \
            than phase_cap",
            |s| Ok(frame(s.phases()?.end.start())),
        )
        .told(
            ReasonGroup::Length,
            format!("start of the {side}'s closing, in frames"),
            format!("начало концовки {of}, в кадрах"),
        ),
        audio(
            "conv_end_first_sec",
            Unit::Seconds,
            "conv_end_first_frame / 8000",
            |s| Ok(frame(s.phases()?.end.start()) / FRAMES_PER_SECOND),
        )
        .told(
            ReasonGroup::Length,
            format!("start of the {side}'s closing"),
            format!("начало концовки {of}"),
        ),
    ]);
    block.extend(emotion::phase(side, Part::End));
    block.extend([
        audio(
            "long_speech_utt_count",
            Unit::Count,
            "number of long utterances: more than 5 s of speech",
            |s| Ok(s.long()?.len() as f64),
        )
        .told(
            ReasonGroup::Share,
            format!("{side}'s long utterances"),
            format!("долгие реплики {of}"),
        ),
        audio(
            "long_speech_utt_length_sum",
            Unit::Seconds,
            "sum of end - start over long utterances: more than 5 s of speech",
            |s| {
                Ok(s.long()?
                    .iter()
                    .map(|u| u.segment.duration())
                    .sum::<Span>()
                    .seconds())
            },
        )
        .told(
            ReasonGroup::Share,
            format!("length of the {side}'s long utterances"),
            format!("длина долгих реплик {of}"),
        ),
        audio(
            "long_speech_length_sum",
            Unit::Seconds,
            "speech in long utterances: more than 5 s of speech",
            |s| Ok(s.long()?.iter().map(|u| u.speech).sum::<Span>().seconds()),
        )
        .told(
            ReasonGroup::Share,
            format!("speech in the {side}'s long utterances"),
            format!("время речи в долгих репликах {of}"),
        ),
        words(
            "long_speech_n_words_sum",
            Unit::Count,
            "words in long utterances: more than 5 s of speech",
            |s| {
                s.placed_words()?;
                Ok(s.long()?
                    .iter()
                    .filter_map(|u| u.words)
                    .map(|w| w.words)
                    .sum::<u64>() as f64)
            },
        )
        .told(
            ReasonGroup::Share,
            format!("words in the {side}'s long utterances"),
            format!("слова в долгих репликах {of}"),
        ),
    ]);
    for rate in Rate::BOTH {
        for (suffix, what, statistic) in MOMENTS {
            let (en_of, ru_of, ru_end) = spread_words(suffix);
            block.push(
                Feature::number(
                    format!("{side}_long_speech_speech_speed_{}_{suffix}", rate.name()),
                    rate.unit(),
                    Needs::Words,
                    Source::CallFeatures,
                    format!(
                        "{what} over long utterances: more than 5 s of speech of {} / \
            speech length",
                        rate.name()
                    ),
                    move |e| {
                        let side = Of { evidence: e, side };
                        side.placed_words()?;
                        let rates: Vec<f64> = side
                            .long()?
                            .iter()
                            .filter_map(|u| rate.of_utterance(u))
                            .collect();
                        statistic(&rates).ok_or(Absence::NoLongUtterance(side.side))
                    },
                )
                .told(
                    ReasonGroup::Voice,
                    format!(
                        "{}{side}'s pace in long utterances, {}",
                        en_of,
                        rate.per_second(Lang::En)
                    ),
                    format!(
                        "{}темп{ru_end} речи {of} в долгих репликах, {}",
                        ru_of,
                        rate.per_second(Lang::Ru)
                    ),
                ),
            );
        }
    }
    block
}

/// A statistic of a list; `None` of nothing.
type Statistic = fn(&[f64]) -> Option<f64>;

/// Mean and standard deviation: suffix, wording, function.
const MOMENTS: [(&str, &str, Statistic); 2] = [
    ("mean", "mean", stats::mean),
    ("std", "standard deviation", stats::std),
];

/// Returns what a title of a moment of the pace begins with, in English and in Russian, and the ending
/// of "темп" after it.
fn spread_words(suffix: &str) -> (&'static str, &'static str, &'static str) {
    match suffix {
        "std" => ("spread of the ", "разброс ", "а"),
        _ => ("", "", ""),
    }
}

/// Frames of `call_features` in a second, whatever the recording's rate.
const FRAMES_PER_SECOND: f64 = 8000.0;

/// Returns the frame of an instant, to the nearest.
pub(super) fn frame(time: Time) -> f64 {
    (time.seconds() * FRAMES_PER_SECOND).round()
}

fn length(utterances: &[Spoken]) -> f64 {
    utterances
        .iter()
        .map(|u| u.segment.duration())
        .sum::<Span>()
        .seconds()
}

/// Returns letters or words of the whole channel per second of its speech.
pub(super) fn all_call_rate(evidence: &Evidence<'_>, side: Side, rate: Rate) -> Number {
    let of = Of { evidence, side };
    let count = of.words()?;
    let speech = speech(evidence, side)?;
    if speech <= Span::ZERO {
        return Err(Absence::NoSpeech(side));
    }
    Ok(rate.of(count) / speech.seconds())
}

/// One side of the evidence.
pub(super) struct Of<'e> {
    pub(super) evidence: &'e Evidence<'e>,
    pub(super) side: Side,
}

impl Of<'_> {
    pub(super) fn utterances(&self) -> Result<&[Spoken], Absence> {
        Ok(self.evidence.talk()?.utterances.get(self.side))
    }

    /// Returns the utterances of a side that has any.
    fn spoken(&self) -> Result<&[Spoken], Absence> {
        let utterances = self.utterances()?;
        if utterances.is_empty() {
            Err(Absence::NoSpeech(self.side))
        } else {
            Ok(utterances)
        }
    }

    /// Returns the words of a side whose words are known.
    pub(super) fn words(&self) -> Result<WordCount, Absence> {
        if let Some(untimed) = &self.evidence.untimed {
            let count = *untimed.get(self.side);
            let known = count.words > 0;
            return known.then_some(count).ok_or(Absence::NoWords(self.side));
        }
        let talk = self.evidence.talk()?;
        if !talk.has_words.get(self.side) {
            let other_has = *talk.has_words.get(self.side.other());
            return Err(match &self.evidence.no_words {
                Some(reason) => reason.clone(),
                None if other_has => Absence::NoWords(self.side),
                None => Absence::NoTranscript,
            });
        }
        let unplaced = *talk.unplaced_words.get(self.side);
        let counts = self.utterances()?.iter().filter_map(|u| u.words);
        Ok(counts.fold(unplaced, |sum, count| WordCount {
            words: sum.words + count.words,
            letters: sum.letters + count.letters,
        }))
    }

    /// Refuses a side of which it is not known which utterance holds which words.
    pub(super) fn placed_words(&self) -> Result<(), Absence> {
        self.words()?;
        match self.evidence.talk()?.unplaced_words.get(self.side).words {
            0 => Ok(()),
            _ => Err(Absence::NoWordTimes(self.side)),
        }
    }

    /// Returns the long utterances; there may be none.
    pub(super) fn long(&self) -> Result<Vec<&Spoken>, Absence> {
        let longer_than = self.evidence.settings.long_utterance;
        Ok(self
            .utterances()?
            .iter()
            .filter(|u| u.speech > longer_than)
            .collect())
    }

    /// Returns the phases of a side that speaks.
    pub(super) fn phases(&self) -> Result<Phases, Absence> {
        self.evidence
            .talk()?
            .phases
            .get(self.side)
            .ok_or(Absence::NoSpeech(self.side))
    }
}
