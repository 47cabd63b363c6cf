//! What is wrong with the channels of the recording, as columns.
//!
//! Faults tell how far the other columns can be believed, and nothing of the customer's mark: they
//! are no inputs of a model unless somebody names them.

use super::{Absence, Evidence, Feature, NOBODY, Needs, ReasonGroup, Source, Unit};
use crate::audio::faults::ChannelFaults;
use crate::call::Side;
use crate::vad::clock::Clocks;

/// What is known of the channels of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Channels {
    /// Faults of their sound.
    pub faults: ChannelFaults,
    /// Whether the recording ends before its header says, or could not be decoded to its end.
    pub truncated: bool,
    /// The share of windows in which one channel is the other over again.
    pub bleed_share: Option<f64>,
    /// How the clocks of two recordings stand to each other, or why that is not known.
    pub clocks: Result<Clocks, Absence>,
    /// Whether the sides are suspected to be swapped, or why that cannot be asked.
    pub swapped: Result<bool, Absence>,
}

pub(super) fn features() -> Vec<Feature> {
    let declare = |name: String, unit, definition: String, compute: Compute| {
        let compute = move |e: &Evidence<'_>| {
            let channels = e.channels.as_ref().ok_or(Absence::NoRecording)?;
            compute(channels)
        };
        let feature = Feature::number(
            name,
            unit,
            Needs::Recording,
            Source::Own,
            definition,
            compute,
        );
        // A fault is known of a silent channel too.
        feature.standing_on(NOBODY)
    };
    let mut group = vec![
        declare(
            "dual_mono".to_owned(),
            Unit::Flag,
            "1 when both channels carry the same sound, sample for sample or \
            with a correlation of at least 0.95 of either sign over the 10 ms \
            frames above -50 dBFS"
                .to_owned(),
            Box::new(|c| Ok(flag(c.faults.dual_mono))),
        )
        .told(
            ReasonGroup::Channel,
            "one sound on both channels",
            "один звук в обоих каналах",
        )
        .yes_no(
            (
                "both channels carry the same sound",
                "в обоих каналах один и тот же звук",
            ),
            ("the channels differ", "в каналах разный звук"),
        ),
    ];
    for side in [Side::Agent, Side::Customer] {
        let of = side.of_ru();
        group.push(
            declare(
                format!("{side}_channel_silent"),
                Unit::Flag,
                format!("1 when no 10 ms frame of the {side}'s channel is above -60 dBFS"),
                Box::new(move |c| Ok(flag(*c.faults.silent.get(side)))),
            )
            .told(
                ReasonGroup::Channel,
                format!("silence of the {side}'s channel"),
                format!("молчание канала {of}"),
            )
            .yes_no(
                (
                    format!("the {side}'s channel is silent"),
                    format!("канал {of} молчит"),
                ),
                (
                    format!("the {side}'s channel carries sound"),
                    format!("в канале {of} есть звук"),
                ),
            ),
        );
    }
    for side in [Side::Agent, Side::Customer] {
        let of = side.of_ru();
        group.push(
            declare(
                format!("{side}_clipping_share"),
                Unit::Share,
                "share of the channel's samples in runs of at least 3 of 0.98 of \
            full scale or more"
                    .to_owned(),
                Box::new(move |c| Ok(*c.faults.clipping_share.get(side))),
            )
            .told(
                ReasonGroup::Channel,
                format!("share of clipped sound on the {side}'s channel"),
                format!("доля перегруженного звука в канале {of}"),
            ),
        );
    }
    for side in [Side::Agent, Side::Customer] {
        let of = side.of_ru();
        group.push(
            declare(
                format!("{side}_dropout_share"),
                Unit::Share,
                "share of the channel's samples in drop-outs: 18 ms to 1 s of \
            samples of one value below -60 dBFS, with the 10 ms before and \
            the 10 ms after both above -50 dBFS and at most 20 dB below the \
            level that a tenth of the frames above -50 dBFS exceed"
                    .to_owned(),
                Box::new(move |c| Ok(c.faults.dropouts.get(side).share)),
            )
            .told(
                ReasonGroup::Channel,
                format!("share of drop-outs on the {side}'s channel"),
                format!("доля провалов звука в канале {of}"),
            ),
        );
    }
    group.push(
        declare(
            "bleed_share".to_owned(),
            Unit::Share,
            "share of the windows of 10 s in which the envelopes of the two \
            channels correlate above 0.7 at some lag of up to 0.28 s; windows \
            with less than 1 s above -50 dBFS are not counted"
                .to_owned(),
            Box::new(|c| c.bleed_share.ok_or(Absence::NoComparableSound)),
        )
        .told(
            ReasonGroup::Channel,
            "share of the call in which the channels bleed into each other",
            "доля разговора, когда каналы слышны друг в друге",
        ),
    );
    group.push(
        declare(
            "clock_offset_s".to_owned(),
            Unit::Seconds,
            "of two mono files, the least offset by which the customer's must be \
            late (early, where negative) at the start of the call, beyond the \
            one given, so that what is heard of one side on the other's is \
            heard 0 to 0.5 s after it is spoken; 0 where it is"
                .to_owned(),
            Box::new(|c| Ok(c.clocks.as_ref().map_err(Clone::clone)?.offset_s)),
        )
        .told(
            ReasonGroup::Channel,
            "offset between the two files of the call",
            "сдвиг между двумя файлами звонка",
        ),
    );
    group.push(
        declare(
            "clock_drift_ppm".to_owned(),
            Unit::PartsPerMillion,
            "of two mono files, by how much the customer's clock runs fast beside \
            the agent's: the growth of the lag of what is heard of one side on \
            the other's, a line through at least 5 windows of 5.12 s; absent \
            where its standard error is above 100 ppm"
                .to_owned(),
            Box::new(|c| {
                let clocks = c.clocks.as_ref().map_err(Clone::clone)?;
                clocks.drift_ppm.ok_or(Absence::NoLeak)
            }),
        )
        .told(
            ReasonGroup::Channel,
            "drift between the clocks of the two files",
            "уход часов одного файла относительно другого",
        ),
    );
    group.push(
        declare(
            "channels_maybe_swapped".to_owned(),
            Unit::Flag,
            "1 when there is evidence that the agent's channel is the \
            customer's: the transcript of each side fits the other's channel, \
            or two lesser signs (who first speaks at length, whose channel \
            has key presses, whose has music)"
                .to_owned(),
            Box::new(|c| c.swapped.clone().map(flag)),
        )
        .told(
            ReasonGroup::Channel,
            "suspicion that the channels are swapped",
            "подозрение, что каналы перепутаны",
        )
        .yes_no(
            (
                "the channels may be swapped",
                "каналы, возможно, перепутаны",
            ),
            (
                "nothing tells that the channels are swapped",
                "признаков того, что каналы перепутаны, нет",
            ),
        ),
    );
    group.push(
        declare(
            "truncated".to_owned(),
            Unit::Flag,
            "1 when the recording ends before its header says, or could not \
            be decoded to its end"
                .to_owned(),
            Box::new(|c| Ok(flag(c.truncated))),
        )
        .told(ReasonGroup::Channel, "recording cut short", "обрыв записи")
        .yes_no(
            ("the recording is cut short", "запись обрывается"),
            ("the recording is whole", "запись полная"),
        ),
    );
    group
}

type Compute = Box<dyn Fn(&Channels) -> super::Number + Send + Sync>;

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}
