//! Emotional utterances of one side: which they are, and what is counted of them.
//!
//! An **emotional utterance** (Sber) has emotion probabilities and is longer than 2 s or has more
//! than 2 words; words that are unknown count as none. Its **label** is its most probable emotion:
//! of equally probable ones neutral, else negative. It lies in a phase when its middle does; what
//! begins where a phase ends lies outside.
//!
//! Counts and sums are 0 where the side has emotions but no such utterance. A mean or a share of
//! none is absent, and so is all of a phase that the side does not have.

use super::side::Of;
use super::{Absence, Evidence, Number};
use crate::call::Side;
use crate::conversation::Spoken;
use crate::timeline::{Segment, Span};
use crate::transcript::Emotion;
use Quantity::{Count, Length, Mean, OfLabel, Speech, Words};

/// An utterance longer than this is long enough to have an emotion.
const LONGER_THAN: Span = Span::from_millis(2_000);

/// An utterance of more words than this has enough of them to have an emotion.
const MORE_WORDS_THAN: u64 = 2;

/// The stretch of the call that a column is about.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Call,
    Start,
    End,
}

/// The most probable emotion of an utterance.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Label {
    Negative,
    Neutral,
    Positive,
}

impl Label {
    pub(super) const ALL: [Label; 3] = [Label::Negative, Label::Neutral, Label::Positive];

    fn of(emotion: Emotion) -> Label {
        let Emotion {
            positive,
            neutral,
            negative,
        } = emotion;
        if neutral >= positive && neutral >= negative {
            Label::Neutral
        } else if negative >= positive {
            Label::Negative
        } else {
            Label::Positive
        }
    }

    fn number(self) -> f64 {
        match self {
            Label::Negative => -1.0,
            Label::Neutral => 0.0,
            Label::Positive => 1.0,
        }
    }

    fn probability(self, emotion: Emotion) -> f64 {
        match self {
            Label::Negative => emotion.negative,
            Label::Neutral => emotion.neutral,
            Label::Positive => emotion.positive,
        }
    }
}

/// What is told of the utterances of one label.
#[derive(Clone, Copy)]
pub(super) enum Told {
    Utterances,
    UtteranceShare,
    Speech,
    SpeechShare,
    Confident,
}

/// What a mean is taken of.
#[derive(Clone, Copy)]
pub(super) enum Mood {
    Label,
    Score,
    Probability(Label),
}

impl Mood {
    fn of(self, emotion: Emotion) -> f64 {
        match self {
            Mood::Label => Label::of(emotion).number(),
            Mood::Score => emotion.positive - emotion.negative,
            Mood::Probability(label) => label.probability(emotion),
        }
    }
}

/// What an utterance counts in a mean.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    One,
    Speech,
    Words,
}

impl Weight {
    fn of(self, utterance: &Spoken) -> f64 {
        match self {
            Weight::One => 1.0,
            Weight::Speech => utterance.speech.seconds(),
            Weight::Words => utterance.words.map_or(0.0, |w| w.words as f64),
        }
    }
}

/// A quantity of the emotional utterances of one side in one part of the call.
#[derive(Clone, Copy)]
pub(super) enum Quantity {
    Count,
    Length,
    Speech,
    Words,
    OfLabel(Label, Told),
    Mean(Mood, Weight),
}

/// The emotional utterances of one side in one part of the call.
///
/// It holds no list: each column passes over the utterances once or twice, which is cheaper than
/// to sum up all that the other columns want.
pub(super) struct Scope<'e> {
    of: Of<'e>,
    utterances: &'e [Spoken],
    within: Option<Segment>,
}

impl<'e> Scope<'e> {
    pub(super) fn new(
        evidence: &'e Evidence<'e>,
        side: Side,
        part: Part,
    ) -> Result<Scope<'e>, Absence> {
        let of = Of { evidence, side };
        let talk = evidence.conversation.clone()?;
        let utterances = talk.utterances.get(side).as_slice();
        if utterances.iter().all(|u| u.emotion.is_none()) {
            // Without words there is no transcript to have emotions.
            of.words()?;
            return Err(Absence::NoEmotions(side));
        }
        let within = match part {
            Part::Call => None,
            Part::Start => Some(of.phases()?.start),
            Part::End => Some(of.phases()?.end),
        };
        Ok(Scope {
            of,
            utterances,
            within,
        })
    }

    fn emotional(&self) -> impl Iterator<Item = (&'e Spoken, Emotion)> {
        self.utterances.iter().filter_map(|utterance| {
            let emotion = utterance.emotion?;
            let long = utterance.segment.duration() > LONGER_THAN
                || utterance.words.is_some_and(|w| w.words > MORE_WORDS_THAN);
            let middle = utterance.segment.midpoint();
            let inside = self.within.is_none_or(|part| part.contains(middle));
            (long && inside).then_some((utterance, emotion))
        })
    }

    fn labelled(&self, label: Label) -> impl Iterator<Item = (&'e Spoken, Emotion)> {
        self.emotional()
            .filter(move |(_, e)| Label::of(*e) == label)
    }

    /// Measures a quantity.
    pub(super) fn value(&self, quantity: Quantity) -> Number {
        match quantity {
            Count => Ok(self.emotional().count() as f64),
            Length => Ok(seconds(self.emotional().map(|(u, _)| u.segment.duration()))),
            Speech => Ok(seconds(self.emotional().map(|(u, _)| u.speech))),
            Words => {
                self.of.words()?;
                Ok(total(self.emotional().map(|(u, _)| Weight::Words.of(u))))
            }
            OfLabel(label, told) => {
                let all = self.labelled(label);
                match told {
                    Told::Utterances => Ok(all.count() as f64),
                    Told::UtteranceShare => self.share(all.count() as f64, Count),
                    Told::Speech => Ok(seconds(all.map(|(u, _)| u.speech))),
                    Told::SpeechShare => self.share(seconds(all.map(|(u, _)| u.speech)), Length),
                    Told::Confident => Ok(total(
                        all.map(|(u, e)| Weight::Speech.of(u) * label.probability(e)),
                    )),
                }
            }
            Mean(mood, weight) => self.mean(mood, weight),
        }
    }

    /// Returns `part / whole`, or why there is no whole.
    pub(super) fn share(&self, part: f64, whole: Quantity) -> Number {
        let value = self.value(whole)?;
        if value > 0.0 {
            Ok(part / value)
        } else {
            Err(self.lack(whole))
        }
    }

    fn mean(&self, mood: Mood, weight: Weight) -> Number {
        if matches!(weight, Weight::Words) {
            self.of.words()?;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (utterance, emotion) in self.emotional() {
            let weight = weight.of(utterance);
            sum += mood.of(emotion) * weight;
            weights += weight;
        }
        if weights > 0.0 {
            return Ok(sum / weights);
        }
        Err(self.lack(match weight {
            Weight::One => Count,
            Weight::Speech => Speech,
            Weight::Words => Words,
        }))
    }

    /// Says why a quantity that something is divided by is zero.
    fn lack(&self, quantity: Quantity) -> Absence {
        let side = self.of.side;
        if self.emotional().next().is_none() {
            return Absence::NoEmotionalUtterance(side);
        }
        match quantity {
            Words => Absence::NoWords(side),
            OfLabel(label, _) => match self.labelled(label).map(|(u, _)| u.speech).max() {
                Some(Span::ZERO) => Absence::NoSpeech(side),
                _ => Absence::NoSuchEmotion(side),
            },
            _ => Absence::NoSpeech(side),
        }
    }
}

/// Returns the sum; of nothing 0, where `sum` gives -0.
fn total(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |sum, x| sum + x)
}

fn seconds(spans: impl Iterator<Item = Span>) -> f64 {
    spans.sum::<Span>().seconds()
}
