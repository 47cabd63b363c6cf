//! What was wrong with a recording that could be read all the same.

use crate::call::Side;
use crate::timeline::{Span, Time};
use std::fmt;

/// Something that was wrong with a recording, but did not keep it from being read.
///
/// Instants are on the clock of the file concerned.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AudioWarning {
    /// The header gives no length, as a recorder that streams writes it; the file was read to its
    /// end.
    UnknownLength,
    /// The file ends before the length that its header promises: the call is cut off, or its
    /// header wrong.
    Truncated {
        /// Where the audio ends.
        at: Time,
        /// Where the header says that it ends.
        promised: Time,
    },
    /// The audio data ends within a frame (or an ADPCM block); its last bytes were dropped.
    PartialFrame {
        /// How many bytes.
        bytes: u64,
    },
    /// A field of the header contradicts the others; the others were believed.
    Header {
        /// The field.
        field: &'static str,
        /// What it says.
        found: u64,
        /// What was used instead.
        used: u64,
    },
    /// Samples that were no number or infinite were replaced by 0.
    NotFinite {
        /// How many.
        samples: u64,
    },
    /// Samples of a size above [`WILD`] were cut down to full scale: integers written as floats?
    OutOfRange {
        /// How many.
        samples: u64,
        /// The largest size, in units of full scale.
        peak: f32,
    },
    /// Packets that could not be decoded were replaced by silence.
    Damaged {
        /// How many.
        packets: u64,
        /// Where the first one stood.
        first: Time,
        /// What the decoder said of the first one.
        reason: String,
    },
    /// Decoding broke off; what the file held after this instant is lost.
    BrokeOff {
        /// Where it broke off.
        at: Time,
        /// What the decoder said.
        reason: String,
    },
    /// One side's recording ends more than a second before the other's; silence was added.
    EndsEarly {
        /// By how much it is shorter at its end.
        by: Span,
        /// Where the other one ends on the call clock.
        of: Span,
    },
    /// A warning about one of two files.
    Of(Side, Box<AudioWarning>),
}

/// The farthest that a recorder's clock may plausibly be off, in parts per million: crystals keep
/// to some 100 ppm, and software that counts samples may do worse. A guess, not measured: it only
/// chooses the words of the warning.
const CLOCK_PPM: f64 = 1_000.0;

/// Samples above this size, in units of full scale, are held to be no audio: 12 dB above full
/// scale. Decoders of lossy formats overshoot by 1 to 2 dB.
pub const WILD: f32 = 4.0;

impl AudioWarning {
    /// Returns the name of the warning in result rows: `truncated`, `broke_off`, …
    pub fn code(&self) -> &'static str {
        match self {
            AudioWarning::UnknownLength => "unknown_length",
            AudioWarning::Truncated { .. } => "truncated",
            AudioWarning::PartialFrame { .. } => "partial_frame",
            AudioWarning::Header { .. } => "header",
            AudioWarning::NotFinite { .. } => "not_finite",
            AudioWarning::OutOfRange { .. } => "out_of_range",
            AudioWarning::Damaged { .. } => "damaged",
            AudioWarning::BrokeOff { .. } => "broke_off",
            AudioWarning::EndsEarly { .. } => "ends_early",
            AudioWarning::Of(_, warning) => warning.code(),
        }
    }

    /// Returns whose file is concerned, when each side has one of its own.
    pub fn side(&self) -> Option<Side> {
        match self {
            AudioWarning::Of(side, _) => Some(*side),
            _ => None,
        }
    }
}

impl fmt::Display for AudioWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioWarning::UnknownLength => {
                f.write_str("the header gives no length; the file was read to its end")
            }
            AudioWarning::Truncated { at, promised } => write!(
                f,
                "the audio ends at {:.3} s, the header promises {:.3} s",
                at.seconds(),
                promised.seconds()
            ),
            AudioWarning::PartialFrame { bytes } => {
                write!(f, "the last {bytes} bytes make no whole frame")
            }
            AudioWarning::Header { field, found, used } => {
                write!(f, "the header's {field} is {found}, {used} was used")
            }
            AudioWarning::NotFinite { samples } => {
                write!(f, "{samples} samples are no finite number and became 0")
            }
            AudioWarning::OutOfRange { samples, peak } => write!(
                f,
                "{samples} samples, of up to {peak} times full scale, were cut down \
                 (integers written as floats?)"
            ),
            AudioWarning::Damaged {
                packets,
                first,
                reason,
            } => write!(
                f,
                "{packets} damaged packets, the first at {:.3} s, became silence ({reason})",
                first.seconds()
            ),
            AudioWarning::BrokeOff { at, reason } => write!(
                f,
                "decoding broke off at {:.3} s, the rest is lost ({reason})",
                at.seconds()
            ),
            AudioWarning::EndsEarly { by, of } => {
                let ppm = 1e6 * by.seconds() / of.seconds();
                let (by, of) = (by.seconds(), of.seconds());
                // From two lengths nobody can tell a clock from a recorder that stopped early: what
                // is said is which of the two could be.
                let could = if ppm <= CLOCK_PPM {
                    "a clock can drift so far: are words late towards the end?"
                } else {
                    "more than a clock drifts: did it start later, or stop sooner?"
                };
                write!(
                    f,
                    "the recording ends {by:.3} s before the other one, of {of:.3} s; as a drift \
                     of its clock that is {ppm:.0} ppm, {could}"
                )
            }
            AudioWarning::Of(side, warning) => write!(f, "{side}: {warning}"),
        }
    }
}

/// The warnings of a recording while it is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    warnings: Vec<AudioWarning>,
    side: Option<Side>,
}

impl Notes {
    /// From now on warnings concern the file of `side`; `None`: the only file.
    pub(crate) fn about(&mut self, side: Option<Side>) {
        self.side = side;
    }

    /// Returns the warnings so far.
    pub(crate) fn all(&self) -> &[AudioWarning] {
        &self.warnings
    }

    /// Notes a warning. One that counts (samples, packets) is added to the earlier one of its kind
    /// about the same file, so that the list stays short on any input.
    pub(super) fn add(&mut self, warning: AudioWarning) {
        let side = self.side;
        for earlier in &mut self.warnings {
            let earlier = match (earlier, side) {
                (AudioWarning::Of(of, inner), Some(side)) if *of == side => &mut **inner,
                (AudioWarning::Of(..), _) | (_, Some(_)) => continue,
                (plain, None) => plain,
            };
            if earlier.absorb(&warning) {
                return;
            }
        }
        self.warnings.push(match side {
            Some(side) => AudioWarning::Of(side, Box::new(warning)),
            None => warning,
        });
    }
}

impl AudioWarning {
    /// Adds the counts of `later` when it is of the same kind; tells whether it was.
    fn absorb(&mut self, later: &AudioWarning) -> bool {
        match (self, later) {
            (AudioWarning::NotFinite { samples }, AudioWarning::NotFinite { samples: more }) => {
                *samples += more;
            }
            (
                AudioWarning::OutOfRange { samples, peak },
                AudioWarning::OutOfRange {
                    samples: more,
                    peak: other,
                },
            ) => {
                *samples += more;
                *peak = peak.max(*other);
            }
            (
                AudioWarning::Damaged { packets, .. },
                AudioWarning::Damaged { packets: more, .. },
            ) => {
                *packets += more;
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_for_each_file() {
        let mut notes = Notes::default();
        for side in [
            None,
            Some(Side::Agent),
            Some(Side::Customer),
            Some(Side::Agent),
        ] {
            notes.about(side);
            notes.add(AudioWarning::NotFinite { samples: 2 });
        }
        let shown: Vec<String> = notes.all().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "2 samples are no finite number and became 0",
                "agent: 4 samples are no finite number and became 0",
                "customer: 2 samples are no finite number and became 0",
            ]
        );
        assert!(notes.all().iter().all(|w| w.code() == "not_finite"));
        assert_eq!(notes.all()[1].side(), Some(Side::Agent));
    }
}
