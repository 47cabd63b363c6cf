//! What can be drawn of a call besides its levels. A new kind is a variant of [`Kind`], its place in
//! [`Kind::ALL`], a row of [`Kind::look`] and its colours in the style; the legend and the heights of
//! the lanes follow.

use callcsi::timeline::Segment;

/// What an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Speech that is measured.
    Speech,
    /// Speech that was heard where the transcript has nothing, and is not measured.
    Unsaid,
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
pub enum Place {
    /// Behind the level, over the whole height.
    Level,
    /// A thin line of boxes outside the level.
    Line,
    /// A line of boxes high enough for labels, outermost.
    Strip,
    /// A mark at the inner edge of the lane, where the interval starts.
    Mark,
    /// Between the lanes, so many pixels high.
    Between(f64),
}

impl Kind {
    /// All kinds, those behind first.
    pub const ALL: [Kind; 11] = [
        Kind::Bleed,
        Kind::Speech,
        Kind::Unsaid,
        Kind::Utterance,
        Kind::Backchannel,
        Kind::Hold,
        Kind::Line,
        Kind::Silence,
        Kind::Episode,
        Kind::Overlap,
        Kind::Interruption,
    ];

    /// Returns the class in the style sheet, the place, and what the legend says.
    pub fn look(self) -> (&'static str, Place, &'static str) {
        match self {
            Kind::Speech => ("speech", Place::Level, "speech"),
            Kind::Unsaid => ("unsaid", Place::Level, "heard, not in the transcript"),
            Kind::Utterance => ("utterance", Place::Line, "utterance of the transcript"),
            Kind::Backchannel => ("backchannel", Place::Line, "backchannel"),
            Kind::Interruption => ("interruption", Place::Mark, "cuts in"),
            Kind::Overlap => ("overlap", Place::Between(8.0), "both speak"),
            Kind::Episode => ("episode", Place::Between(16.0), "interruption episode"),
            Kind::Silence => ("silence", Place::Between(12.0), "long silence"),
            Kind::Hold => ("hold", Place::Strip, "hold"),
            Kind::Line => ("line", Place::Strip, "sound of the line"),
            Kind::Bleed => ("bleed", Place::Level, "the other side's voice"),
        }
    }
}

/// A stretch of time with a name.
#[derive(Clone, Debug)]
pub struct Interval {
    pub segment: Segment,
    /// Written into the interval where it fits; empty for none.
    pub label: String,
    pub kind: Kind,
}
