//! What a voice tells without its words: how fast it speaks, how loud and how high.

use super::dialog::speech;
use super::{Absence, Evidence, Feature, Needs, Number, ReasonGroup, Source, Unit};
use crate::call::Side;
use crate::prosody::Spread;
use crate::timeline::{Segment, Time, Timeline};

pub(super) fn features() -> Vec<Feature> {
    let sides = [Side::Customer, Side::Agent];
    let rate = |side: Side| {
        let of = side.of_ru();
        own(
            format!("{side}_syllable_rate"),
            Unit::SyllablesPerSecond,
            "syllable nuclei inside the side's speech per second of that \
            speech; a nucleus is a voiced peak of the intensity, at most 25 \
            dB below the loud end, with a dip of 2 dB before it (de Jong & \
            Wempe 2009)"
                .to_owned(),
            move |e| syllable_rate(e, side),
        )
        .told(
            ReasonGroup::Voice,
            format!("{side}'s pace of speech, syllables per second"),
            format!("темп речи {of}, слогов в секунду"),
        )
    };
    let mut group: Vec<Feature> = sides.into_iter().map(rate).collect();
    group.extend(sides.into_iter().flat_map(level));
    group.extend(sides.into_iter().flat_map(pitch));
    group
}

fn own(
    name: String,
    unit: Unit,
    definition: String,
    compute: impl Fn(&Evidence<'_>) -> Number + Send + Sync + 'static,
) -> Feature {
    Feature::number(
        name,
        unit,
        Needs::Recording,
        Source::Own,
        definition,
        compute,
    )
}

/// Declares how loud a side speaks.
fn level(side: Side) -> [Feature; 3] {
    let name = |what: &str| format!("{side}_voice_level_{what}");
    let of = side.of_ru();
    [
        own(
            name("median_dbfs"),
            Unit::Dbfs,
            "median of the intensity contour (every 8 ms, to half a decibel) \
            over the side's speech, without what is more than 25 dB below its \
            0.99 quantile there: pauses inside speech"
                .to_owned(),
            move |e| Ok(level_of_speech(e, side)?.median),
        )
        .told(
            ReasonGroup::Voice,
            format!("loudness of the {side}'s voice"),
            format!("громкость голоса {of}"),
        ),
        own(
            name("range_db"),
            Unit::Decibels,
            format!(
                "0.9 quantile - 0.1 quantile of what {} is the median of",
                name("median_dbfs")
            ),
            move |e| {
                let spread = level_of_speech(e, side)?;
                Ok(spread.high - spread.low)
            },
        )
        .told(
            ReasonGroup::Voice,
            format!("range of loudness of the {side}'s voice"),
            format!("размах громкости голоса {of}"),
        ),
        own(
            name("change_db"),
            Unit::Decibels,
            format!(
                "{} of the side's speech inside the last third of the call's \
            length, less that of its speech inside the first, each with a \
            0.99 quantile of its own",
                name("median_dbfs")
            ),
            move |e| level_change(e, side),
        )
        .told(
            ReasonGroup::Voice,
            format!("change of loudness of the {side}'s voice, first to last third"),
            format!("изменение громкости голоса {of} от первой трети к последней"),
        ),
    ]
}

/// Declares how high a side's voice is.
fn pitch(side: Side) -> [Feature; 2] {
    let median = format!("{side}_pitch_median_hz");
    let of = side.of_ru();
    [
        own(
            median.clone(),
            Unit::Hertz,
            "median fundamental frequency over the side's speech, of frames \
            every 20 ms in which it is known, 70 to 400 Hz, and holds: a \
            neighbouring one is less than 2 semitones off; without what is \
            below 0.75 of the first quartile or above 1.5 of the third (Hirst \
            & De Looze); absent with less than 1 s of such frames, and unless \
            the setting pitch is on"
                .to_owned(),
            move |e| Ok(pitch_of_speech(e, side)?.median),
        )
        .told(
            ReasonGroup::Voice,
            format!("pitch of the {side}'s voice"),
            format!("высота голоса {of}"),
        ),
        own(
            format!("{side}_pitch_range_semitones"),
            Unit::Semitones,
            format!(
                "12 log2(0.9 quantile / 0.1 quantile) of what {median} is the \
            median of"
            ),
            move |e| {
                let spread = pitch_of_speech(e, side)?;
                Ok(12.0 * (spread.high / spread.low).log2())
            },
        )
        .told(
            ReasonGroup::Voice,
            format!("range of pitch of the {side}'s voice"),
            format!("размах высоты голоса {of}"),
        ),
    ]
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

fn level_of_speech(evidence: &Evidence<'_>, side: Side) -> Result<Spread, Absence> {
    let speech = evidence.talk()?.speech.get(side);
    level_in(evidence, side, speech)?.ok_or(Absence::NoSpeech(side))
}

fn level_in(
    evidence: &Evidence<'_>,
    side: Side,
    speech: &Timeline,
) -> Result<Option<Spread>, Absence> {
    let peaks = evidence.peaks.as_ref().map_err(Clone::clone)?;
    Ok(peaks.get(side).contour().spread(speech))
}

/// Returns the median level in the last third of the call less that in the first. The thirds are those
/// of `dialog_customer_speech_percentage_change`: by the clock, speech being cut where one ends.
fn level_change(evidence: &Evidence<'_>, side: Side) -> Number {
    // Refuses sides without speech, with the reason.
    level_of_speech(evidence, side)?;
    let talk = evidence.talk()?;
    let end = talk.duration.nanos();
    let median = |from: i64, to: i64| -> Number {
        let third = Segment::new(Time::from_nanos(from), Time::from_nanos(to));
        let speech = talk
            .speech
            .get(side)
            .within(third.ok_or(Absence::NoDuration)?);
        let spread = level_in(evidence, side, &speech)?;
        Ok(spread.ok_or(Absence::NoSpeechInThird(side))?.median)
    };
    let first = median(0, end / 3)?;
    Ok(median(end - end / 3, end)? - first)
}

fn pitch_of_speech(evidence: &Evidence<'_>, side: Side) -> Result<Spread, Absence> {
    let pitches = evidence.pitches.as_ref().map_err(Clone::clone)?;
    let speech = evidence.talk()?.speech.get(side);
    if speech.is_empty() {
        return Err(Absence::NoSpeech(side));
    }
    let spread = pitches.get(side).spread(speech);
    spread.ok_or(Absence::NoPitch(side))
}
