//! What a voice tells without its words: how fast it speaks.

use super::dialog::speech;
use super::{Absence, Evidence, Feature, Needs, Number, Source, Unit};
use crate::call::Side;

pub(super) fn features() -> Vec<Feature> {
    let sides = [Side::Customer, Side::Agent];
    let rate = |side: Side| {
        Feature::number(
            format!("{side}_syllable_rate"),
            Unit::SyllablesPerSecond,
            Needs::Recording,
            Source::Own,
            "syllable nuclei inside the side's speech per second of that speech; a nucleus is a \
             voiced peak of the intensity, at most 25 dB below the loud end, with a dip of 2 dB \
             before it (de Jong & Wempe 2009)",
            move |e| syllable_rate(e, side),
        )
    };
    sides.into_iter().map(rate).collect()
}

fn syllable_rate(evidence: &Evidence<'_>, side: Side) -> Number {
    let peaks = evidence.peaks.as_ref().map_err(Clone::clone)?;
    let seconds = speech(evidence, side)?.seconds();
    if seconds <= 0.0 {
        return Err(Absence::NoSpeech(side));
    }
    let speech = evidence.talk()?.speech.get(side);
    Ok(peaks.get(side).nuclei(speech).len() as f64 / seconds)
}
