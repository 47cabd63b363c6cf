//! What is drawn of a call, as it follows from its measurements.

use super::before::{Stay, stays};
use super::kinds::{Interval, Kind};
use crate::call::{Side, Sides};
use crate::conversation::Conversation;
use crate::features::Lang;
use crate::features::words::{Noun, length};
use crate::score::Measurements;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Timeline};
use crate::vad::Hearing;
use crate::vad::line::LineSound;

/// One side of the call.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// In dBFS, one for each column; none without a recording.
    pub(super) levels: Vec<f32>,
    pub(super) intervals: Vec<Interval>,
}

/// A call to draw.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) lang: Lang,
    /// What was before 0:00, in order.
    pub(super) before: Vec<Stay>,
    /// What is drawn of the call.
    pub(super) whole: Segment,
    /// Length of a row.
    pub(super) row: Span,
    /// Length of a column of the levels.
    pub(super) column: Span,
    pub(super) lanes: Sides<Lane>,
    /// What is of both sides, between the lanes.
    pub(super) between: Vec<Interval>,
}

const WORDS: Noun = Noun::new(["word", "words"], ["слово", "слова", "слов"]);

impl Scene {
    /// Makes the scene of a part of a call, without levels.
    pub(super) fn of(
        measured: &Measurements,
        settings: &AnalysisSettings,
        lang: Lang,
        (whole, row, column): (Segment, Span, Span),
    ) -> Scene {
        let mut lanes: Sides<Lane> = Sides::default();
        let mut between = Vec::new();
        let holds = measured.holds().unwrap_or_default();
        for side in Side::BOTH {
            let lane = &mut lanes.get_mut(side).intervals;
            let held = |_| Kind::Hold.title(lang).to_owned();
            lane.extend(intervals(Kind::Hold, holds.segments(), held));
            if let Some(talk) = &measured.conversation {
                lane.extend(of_side(side, talk, lang));
                if let Some(hearing) = &measured.hearing {
                    // What is left at the edges of an utterance is no word.
                    let unsaid = hearing.speech.get(side) - talk.speech.get(side);
                    let unsaid = unsaid.prune(settings.speech_min);
                    lane.extend(intervals(Kind::Unsaid, unsaid.segments(), unlabelled));
                }
            }
            if let Some(hearing) = &measured.hearing {
                lane.extend(besides(side, hearing, lang));
            }
        }
        if let Some(talk) = &measured.conversation {
            between = of_both(talk, &holds, settings, lang);
        }
        // The call begins at 0:00; a part of it that begins later has nothing before it.
        let before = match whole.start() == crate::timeline::Time::ZERO {
            true => stays(&measured.metadata, lang),
            false => Vec::new(),
        };
        Scene {
            title: measured.call.to_string(),
            subtitle: String::new(),
            lang,
            before,
            whole,
            row,
            column,
            lanes,
            between,
        }
    }

    /// Returns the intervals of both sides and between them that are in the picture.
    pub(super) fn intervals(&self) -> impl Iterator<Item = &Interval> {
        let Sides { agent, customer } = &self.lanes;
        let of_sides = agent.intervals.iter().chain(&customer.intervals);
        let all = of_sides.chain(&self.between);
        all.filter(|i| i.segment.intersection(self.whole).is_some())
    }

    /// Returns whether there is anything of this kind in the picture.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.before.iter().any(|stay| stay.kind == kind) || self.intervals().any(|i| i.kind == kind)
    }

    /// Returns whether there are levels.
    pub(super) fn has_levels(&self) -> bool {
        let Sides { agent, customer } = &self.lanes;
        !agent.levels.is_empty() || !customer.levels.is_empty()
    }
}

/// Returns what a side is called.
pub(super) fn side_name(side: Side, lang: Lang) -> &'static str {
    lang.of(side.name(), side.nominative_ru())
}

/// Makes intervals of one kind, each with a label.
fn intervals<'a>(
    kind: Kind,
    segments: &'a [Segment],
    label: impl Fn(Segment) -> String + 'a,
) -> impl Iterator<Item = Interval> + 'a {
    segments.iter().map(move |&segment| Interval {
        segment,
        label: label(segment),
        kind,
    })
}

fn unlabelled(_: Segment) -> String {
    String::new()
}

/// Returns what is drawn in the lane of one side.
fn of_side(side: Side, talk: &Conversation, lang: Lang) -> Vec<Interval> {
    let mut all = Vec::new();
    let speech = talk.speech.get(side);
    all.extend(intervals(Kind::Speech, speech.segments(), unlabelled));
    if let Some(phases) = talk.phases.get(side) {
        all.extend(intervals(Kind::Opening, &[phases.start], unlabelled));
        all.extend(intervals(Kind::Closing, &[phases.end], unlabelled));
    }
    for spoken in talk.utterances.get(side) {
        // Without a transcript an utterance is speech joined, which is seen already.
        let Some(count) = spoken.words.filter(|_| *talk.has_words.get(side)) else {
            continue;
        };
        all.push(Interval {
            segment: spoken.segment,
            label: WORDS.counted(count.words as f64, lang),
            kind: if spoken.backchannel {
                Kind::Backchannel
            } else {
                Kind::Utterance
            },
        });
    }
    for cut in talk.interruptions.iter().filter(|cut| cut.by == side) {
        let label = if cut.successful {
            lang.of("the other stops", "другой замолкает")
        } else {
            lang.of("the other goes on", "другой продолжает")
        };
        all.extend(
            Segment::new(cut.at, cut.at + cut.overlap).map(|segment| Interval {
                segment,
                label: label.to_owned(),
                kind: Kind::Interruption,
            }),
        );
    }
    all
}

/// Returns what a side's channel carries besides its voice.
fn besides(side: Side, hearing: &Hearing, lang: Lang) -> Vec<Interval> {
    let leaked = hearing.leaked(side);
    let mut all: Vec<Interval> = intervals(Kind::Bleed, leaked.segments(), unlabelled).collect();
    all.extend(hearing.line.get(side).iter().map(|heard| Interval {
        segment: heard.segment,
        label: named(heard.sound, lang).to_owned(),
        kind: Kind::Line,
    }));
    all
}

/// Names a sound of the line. Of a key it is not told which: keys in a row are a number of a card, or of
/// a person.
fn named(sound: LineSound, lang: Lang) -> &'static str {
    let (en, ru) = match sound {
        LineSound::Dtmf(_) => ("key", "клавиша"),
        LineSound::Ringback => ("ringback", "гудки вызова"),
        LineSound::Busy => ("busy", "занято"),
        LineSound::Dial => ("dial tone", "гудок станции"),
        LineSound::FaxCalling | LineSound::FaxAnswer => ("fax", "факс"),
        LineSound::SpecialInformation => ("information tones", "тоны станции"),
        LineSound::Beep => ("beep", "сигнал"),
        LineSound::Tone => ("tone", "тон"),
        LineSound::Music => ("music", "музыка"),
    };
    lang.of(en, ru)
}

/// Returns what is drawn between the lanes.
fn of_both(
    talk: &Conversation,
    holds: &Timeline,
    settings: &AnalysisSettings,
    lang: Lang,
) -> Vec<Interval> {
    let lasts = |s: Segment| match s.duration().seconds() {
        seconds if seconds < 59.95 => {
            let text = format!("{seconds:.1} {}", lang.of("s", "с"));
            lang.of(text.clone(), text.replace('.', ","))
        }
        seconds => length(seconds, lang),
    };
    let silences = talk.silences(Some(holds), settings.silence_min);
    let episodes: Vec<Segment> = talk.episodes.iter().map(|e| e.segment).collect();
    let overlap = talk.overlap.segments();
    let mut all = Vec::new();
    all.extend(intervals(Kind::Silence, silences.segments(), lasts));
    all.extend(intervals(Kind::Episode, &episodes, unlabelled));
    all.extend(intervals(Kind::Overlap, overlap, unlabelled));
    all
}
