//! What can be drawn of a call besides its levels. A new kind is a variant of [`Kind`], its place in
//! [`Kind::ALL`], a row of [`Kind::look`] and of [`Kind::title`], and its colour in the style; the legend
//! and the heights of the lanes follow.

use crate::features::Lang;
use crate::timeline::Segment;

/// What an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// In the IVR, before the call.
    Ivr,
    /// In the queue, before the call.
    Queue,
    /// Speech that is measured.
    Speech,
    /// Speech that was heard where the transcript has nothing, and is not measured.
    Unsaid,
    /// The start of the dialogue of a side.
    Opening,
    /// The end of it.
    Closing,
    /// An utterance.
    Utterance,
    /// An utterance that only shows that the side listens.
    Backchannel,
    /// The start of an attributed interruption, in the lane of who cuts in.
    Interruption,
    /// Both speak.
    Overlap,
    /// An interruption episode.
    Episode,
    /// Nobody speaks for long.
    Silence,
    /// The customer is on hold.
    Hold,
    /// A sound of the line: a key, ringback, music, ….
    Line,
    /// The other side's voice.
    Bleed,
}

/// Where an interval stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Left of 0:00.
    Before,
    /// Behind the level, over the whole height.
    Level,
    /// A thin line of boxes outside the level, in its inner half or in its outer one: the two kinds may
    /// be of the same time.
    Phase(f64),
    /// A thin line of boxes outside the level.
    Line,
    /// A line of boxes high enough for labels, outermost.
    Strip,
    /// A mark at the inner edge of the lane, where the interval starts.
    Mark,
    /// Between the lanes, over so much of the height there.
    Between(f64),
}

impl Kind {
    /// All kinds, those behind first.
    pub(super) const ALL: [Kind; 15] = [
        Kind::Ivr,
        Kind::Queue,
        Kind::Bleed,
        Kind::Speech,
        Kind::Unsaid,
        Kind::Opening,
        Kind::Closing,
        Kind::Utterance,
        Kind::Backchannel,
        Kind::Hold,
        Kind::Line,
        Kind::Silence,
        Kind::Episode,
        Kind::Overlap,
        Kind::Interruption,
    ];

    /// Returns the class in the style sheet, and the place.
    pub(super) fn look(self) -> (&'static str, Place) {
        match self {
            Kind::Ivr => ("ivr", Place::Before),
            Kind::Queue => ("queue", Place::Before),
            Kind::Speech => ("speech", Place::Level),
            Kind::Unsaid => ("unsaid", Place::Level),
            Kind::Opening => ("opening", Place::Phase(0.0)),
            Kind::Closing => ("closing", Place::Phase(0.5)),
            Kind::Utterance => ("utterance", Place::Line),
            Kind::Backchannel => ("backchannel", Place::Line),
            Kind::Interruption => ("interruption", Place::Mark),
            Kind::Overlap => ("overlap", Place::Between(0.45)),
            Kind::Episode => ("episode", Place::Between(0.9)),
            Kind::Silence => ("silence", Place::Between(0.7)),
            Kind::Hold => ("hold", Place::Strip),
            Kind::Line => ("line", Place::Strip),
            Kind::Bleed => ("bleed", Place::Level),
        }
    }

    /// Returns what the legend says.
    pub(super) fn title(self, lang: Lang) -> &'static str {
        let (en, ru) = match self {
            Kind::Ivr => ("IVR", "IVR"),
            Kind::Queue => ("queue", "очередь"),
            Kind::Speech => ("speech", "речь"),
            Kind::Unsaid => (
                "heard, not in the transcript",
                "слышно, но нет в расшифровке",
            ),
            Kind::Opening => ("opening of the side", "вступление стороны"),
            Kind::Closing => ("closing of the side", "концовка стороны"),
            Kind::Utterance => ("utterance of the transcript", "реплика расшифровки"),
            Kind::Backchannel => ("backchannel", "поддакивание"),
            Kind::Interruption => ("cuts in", "перебивает"),
            Kind::Overlap => ("both speak", "говорят оба"),
            Kind::Episode => ("interruption episode", "эпизод перебивания"),
            Kind::Silence => ("long silence", "долгая пауза"),
            Kind::Hold => ("hold", "удержание"),
            Kind::Line => ("sound of the line", "звук линии"),
            Kind::Bleed => ("the other side's voice", "голос другой стороны"),
        };
        lang.of(en, ru)
    }
}

/// A stretch of time with a name.
#[derive(Clone, Debug)]
pub(super) struct Interval {
    pub(super) segment: Segment,
    /// Written into the interval where it fits; empty for none.
    pub(super) label: String,
    pub(super) kind: Kind,
}
