//! The emotions of one side: one block for both sides, the whole call and its two phases.
//!
//! The block is a list of quantities, each of which knows its name, unit and definition; what it
//! measures is in [`emotional`](super::emotional).

use super::emotional::Quantity::{Count, Length, Mean, OfLabel, Speech};
use super::emotional::{Label, Mood, Part, Quantity, Scope, Told, Weight};
use super::words::Words;
use super::{Evidence, Feature, Needs, Number, ReasonGroup, Source, Unit};
use crate::call::Side;

/// How the definitions tell what an emotional utterance is.
const EMOTIONAL: &str = "emotional utterances: those with emotion probabilities that are longer \
                         than 2 s or have more than 2 words (unknown words count as none)";

/// The columns that tell how much there is to go by.
const SUMS: [Quantity; 4] = [Count, Length, Speech, Quantity::Words];

/// The means, in column order.
const MEANS: [Quantity; 9] = [
    Mean(Mood::Label, Weight::One),
    Mean(Mood::Score, Weight::One),
    Mean(Mood::Probability(Label::Negative), Weight::One),
    Mean(Mood::Probability(Label::Neutral), Weight::One),
    Mean(Mood::Probability(Label::Positive), Weight::One),
    Mean(Mood::Label, Weight::Speech),
    Mean(Mood::Score, Weight::Speech),
    Mean(Mood::Label, Weight::Words),
    Mean(Mood::Score, Weight::Words),
];

/// The columns of each label, in their order.
const TOLD: [Told; 5] = [
    Told::Utterances,
    Told::UtteranceShare,
    Told::Speech,
    Told::SpeechShare,
    Told::Confident,
];

fn of_each_label(told: Told) -> [Quantity; 3] {
    Label::ALL.map(|label| OfLabel(label, told))
}

/// Returns the quantities of the labels, then the means.
fn labels_and_means() -> Vec<Quantity> {
    let labels = Label::ALL.iter();
    let of_labels = labels.flat_map(|&label| TOLD.map(|told| OfLabel(label, told)));
    of_labels.chain(MEANS).collect()
}

/// Returns the quantities of a phase that are told as a share of the call's.
fn shared() -> impl Iterator<Item = Quantity> {
    let told = [Told::Utterances, Told::Speech, Told::Confident];
    let of_labels = told.into_iter().flat_map(of_each_label);
    of_labels.chain([Count, Speech, Length])
}

/// Returns the quantities of a phase that are told less the call's.
fn compared() -> impl Iterator<Item = Quantity> {
    let means = [
        Mean(Mood::Score, Weight::One),
        Mean(Mood::Label, Weight::One),
        Mean(Mood::Label, Weight::Speech),
        Mean(Mood::Score, Weight::Speech),
        Mean(Mood::Label, Weight::Words),
        Mean(Mood::Score, Weight::Words),
    ];
    let told = [Told::SpeechShare, Told::UtteranceShare];
    let shares = told.into_iter().flat_map(of_each_label);
    means.into_iter().chain(shares)
}

impl Part {
    fn prefix(self) -> &'static str {
        match self {
            Part::Call => "",
            Part::Start => "conv_start_",
            Part::End => "conv_end_",
        }
    }

    /// Returns the end of a title.
    fn title(self) -> Words {
        match self {
            Part::Call => Words::default(),
            Part::Start => Words::new(" in the opening", " во вступлении"),
            Part::End => Words::new(" in the closing", " в концовке"),
        }
    }

    /// Returns the end of a definition.
    fn wording(self) -> String {
        let phase = match self {
            Part::Call => return String::new(),
            Part::Start => "start",
            Part::End => "end",
        };
        format!(
            "; only utterances whose middle lies within the {phase} of the dialogue of the side, a \
             half-open stretch"
        )
    }
}

impl Label {
    fn name(self) -> &'static str {
        match self {
            Label::Negative => "negative",
            Label::Neutral => "neutral",
            Label::Positive => "positive",
        }
    }

    /// Returns the Russian adjective: feminine singular in the nominative and the genitive, plural in
    /// the nominative and the genitive.
    fn adjective_ru(self) -> [&'static str; 4] {
        match self {
            Label::Negative => ["негативная", "негативной", "негативные", "негативных"],
            Label::Neutral => ["нейтральная", "нейтральной", "нейтральные", "нейтральных"],
            Label::Positive => ["позитивная", "позитивной", "позитивные", "позитивных"],
        }
    }

    /// Returns the name as columns have it.
    fn short(self) -> &'static str {
        &self.name()[..3]
    }
}

impl Mood {
    fn name(self) -> String {
        match self {
            Mood::Label => "emotion".to_owned(),
            Mood::Score => "emo_score".to_owned(),
            Mood::Probability(label) => format!("emo_{}", label.short()),
        }
    }

    fn wording(self) -> String {
        match self {
            Mood::Label => "the label (neg -1, neu 0, pos 1)".to_owned(),
            Mood::Score => "P(pos) - P(neg)".to_owned(),
            Mood::Probability(label) => format!("P({})", label.short()),
        }
    }
}

impl Weight {
    fn name(self) -> &'static str {
        match self {
            Weight::One => "",
            Weight::Speech => "_weighted_by_speech_length",
            Weight::Words => "_weighted_by_n_words",
        }
    }

    /// Returns the end of a title.
    fn title(self) -> (&'static str, &'static str) {
        match self {
            Weight::One => ("", ""),
            Weight::Speech => (", weighted by speech", ", с весом по речи"),
            Weight::Words => (", weighted by words", ", с весом по словам"),
        }
    }

    fn wording(self) -> &'static str {
        match self {
            Weight::One => "",
            Weight::Speech => ", weighted by speech length",
            Weight::Words => ", weighted by word count",
        }
    }
}

impl Quantity {
    /// Returns the name, without side and phase.
    fn name(self) -> String {
        let (label, told) = match self {
            Count => return "emotion_utt_count".to_owned(),
            Length => return "emotion_utt_length_sum".to_owned(),
            Speech => return "emotion_speech_length_sum".to_owned(),
            Quantity::Words => return "emotion_n_words_sum".to_owned(),
            OfLabel(label, told) => (label, told),
            Mean(mood, weight) => return format!("{}{}_mean", mood.name(), weight.name()),
        };
        let told = match told {
            Told::Utterances => "utt_count",
            Told::UtteranceShare => "utt_percentage",
            Told::Speech => "speech_time",
            Told::SpeechShare => "speech_time_percentage",
            Told::Confident => "speech_time_weighted_by_confidence",
        };
        format!("emotion_{}_{told}", label.short())
    }

    fn unit(self) -> Unit {
        match self {
            Count | Quantity::Words | OfLabel(_, Told::Utterances) => Unit::Count,
            Length | Speech | OfLabel(_, Told::Speech | Told::Confident) => Unit::Seconds,
            OfLabel(_, Told::UtteranceShare | Told::SpeechShare) => Unit::Share,
            Mean(Mood::Probability(_), _) => Unit::Share,
            Mean(Mood::Label | Mood::Score, _) => Unit::Score,
        }
    }

    /// Returns what people call it on one side, in one part of the call.
    fn title(self, side: Side, part: Part) -> Words {
        let of = side.of_ru();
        let Words {
            en: en_in,
            ru: ru_in,
        } = part.title();
        let (en, ru) = match self {
            Count => (
                format!("{side}'s emotional utterances{en_in}"),
                format!("эмоциональные реплики {of}{ru_in}"),
            ),
            Length => (
                format!("length of the {side}'s emotional utterances{en_in}"),
                format!("длина эмоциональных реплик {of}{ru_in}"),
            ),
            Speech => (
                format!("speech in the {side}'s emotional utterances{en_in}"),
                format!("время речи в эмоциональных репликах {of}{ru_in}"),
            ),
            Quantity::Words => (
                format!("words in the {side}'s emotional utterances{en_in}"),
                format!("слова в эмоциональных репликах {of}{ru_in}"),
            ),
            OfLabel(label, told) => {
                let en = label.name();
                let [speech, of_speech, utterances, of_utterances] = label.adjective_ru();
                match told {
                    Told::Utterances => (
                        format!("{en} utterances of the {side}{en_in}"),
                        format!("{utterances} реплики {of}{ru_in}"),
                    ),
                    Told::UtteranceShare => (
                        format!("share of {en} utterances of the {side}{en_in}"),
                        format!("доля {of_utterances} реплик {of}{ru_in}"),
                    ),
                    Told::Speech => (
                        format!("{en} speech of the {side}{en_in}"),
                        format!("{speech} речь {of}{ru_in}, время"),
                    ),
                    Told::SpeechShare => (
                        format!("share of {en} speech of the {side}{en_in}"),
                        format!("доля {of_speech} речи {of}{ru_in}"),
                    ),
                    Told::Confident => (
                        format!("{en} speech of the {side}{en_in}, weighted by confidence"),
                        format!("{speech} речь {of}{ru_in} с весом по уверенности, время"),
                    ),
                }
            }
            Mean(mood, weight) => {
                let (en_by, ru_by) = weight.title();
                let (en, ru) = match mood {
                    Mood::Label => (
                        format!("mood of the {side} by labels"),
                        format!("настроение {of} по меткам"),
                    ),
                    Mood::Score => (format!("mood of the {side}"), format!("настроение {of}")),
                    Mood::Probability(label) => (
                        format!("mean probability of {} emotion of the {side}", label.name()),
                        format!(
                            "средняя вероятность {} эмоции {of}",
                            label.adjective_ru()[1]
                        ),
                    ),
                };
                (format!("{en}{en_in}{en_by}"), format!("{ru}{ru_in}{ru_by}"))
            }
        };
        Words::new(en, ru)
    }

    fn definition(self, part: Part) -> String {
        let (prefix, within) = (part.prefix(), part.wording());
        let ratio =
            |a: Quantity, b: Quantity| format!("{prefix}{} / {prefix}{}", a.name(), b.name());
        let (label, told) = match self {
            Count => return format!("number of {EMOTIONAL}{within}"),
            Length => return format!("sum of end - start over {EMOTIONAL}{within}"),
            Speech => return format!("speech in {EMOTIONAL}{within}"),
            Quantity::Words => return format!("words of {EMOTIONAL}{within}"),
            Mean(mood, weight) => {
                let (of, by) = (mood.wording(), weight.wording());
                return format!("mean over emotional utterances of {of}{by}{within}");
            }
            OfLabel(label, told) => (label, told),
        };
        let (name, short) = (label.name(), label.short());
        match told {
            Told::Utterances => format!(
                "emotional utterances whose most probable emotion is {name}; of equally probable \
                 ones neutral is taken, else negative{within}"
            ),
            Told::UtteranceShare => ratio(OfLabel(label, Told::Utterances), Count),
            Told::Speech => format!("speech in those {name} utterances{within}"),
            Told::SpeechShare => ratio(OfLabel(label, Told::Speech), Length),
            Told::Confident => {
                format!(
                    "sum over those {name} utterances of speech length x \
            P({short}){within}"
                )
            }
        }
    }
}

/// Declares the sums of one side over the whole call.
pub(super) fn sums(side: Side) -> Vec<Feature> {
    plain(side, Part::Call, &SUMS)
}

/// Declares the rest of the block of one side over the whole call.
pub(super) fn moods(side: Side) -> Vec<Feature> {
    plain(side, Part::Call, &labels_and_means())
}

/// Declares the block of one side over a phase, and how the phase stands to the whole call.
pub(super) fn phase(side: Side, part: Part) -> Vec<Feature> {
    let mut block = plain(side, part, &SUMS);
    block.extend(plain(side, part, &labels_and_means()));
    let prefix = part.prefix();
    for quantity in shared() {
        let (name, title) = (quantity.name(), quantity.title(side, part));
        block.push(declare(
            format!("{side}_{prefix}{name}_of_total_call_percentage"),
            Unit::Share,
            format!("{prefix}{name} / {name}"),
            Words::new(
                format!("{}, share of the whole call", title.en),
                format!("{}, доля от всего разговора", title.ru),
            ),
            move |e| {
                let value = Scope::new(e, side, part)?.value(quantity)?;
                Scope::new(e, side, Part::Call)?.share(value, quantity)
            },
        ));
    }
    for quantity in compared() {
        let (name, title) = (quantity.name(), quantity.title(side, part));
        block.push(declare(
            format!("{side}_{prefix}delta_{name}"),
            match quantity.unit() {
                Unit::Score => Unit::ScoreChange,
                _ => Unit::ShareChange,
            },
            format!("{prefix}{name} - {name}"),
            Words::new(
                format!("{}, less the whole call", title.en),
                format!("{}, отличие от всего разговора", title.ru),
            ),
            move |e| {
                let value = Scope::new(e, side, part)?.value(quantity)?;
                Ok(value - Scope::new(e, side, Part::Call)?.value(quantity)?)
            },
        ));
    }
    block
}

fn plain(side: Side, part: Part, quantities: &[Quantity]) -> Vec<Feature> {
    let declared = quantities.iter().map(|&quantity| {
        declare(
            format!("{side}_{}{}", part.prefix(), quantity.name()),
            quantity.unit(),
            quantity.definition(part),
            quantity.title(side, part),
            move |e| Scope::new(e, side, part)?.value(quantity),
        )
    });
    declared.collect()
}

fn declare(
    name: String,
    unit: Unit,
    definition: String,
    title: Words,
    compute: impl Fn(&Evidence<'_>) -> Number + Send + Sync + 'static,
) -> Feature {
    let (needs, source) = (Needs::Emotions, Source::CallFeatures);
    Feature::number(name, unit, needs, source, definition, compute).told(
        ReasonGroup::Emotion,
        title.en,
        title.ru,
    )
}
