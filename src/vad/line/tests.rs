//! What the line meter is held to.
//!
//! Frequencies and cadences stand in `simulate::sounds`, with the recommendations they come from; the
//! limits of Q.23, Q.24 and T.30 are quoted here.

use super::super::front::FrontEnd;
use super::*;
use crate::call::Side;
use crate::simulate::degrade::{add_at, telephone};
use crate::simulate::render::{Companding, RenderSettings, Renderer};
use crate::simulate::sounds::{DtmfKey, Sound, render};
use crate::simulate::{SimulationSettings, Simulator};
use proptest::prelude::*;
use std::f32::consts::TAU;

fn sound(name: &str, seconds: f64, level_dbfs: f64) -> Vec<f32> {
    let samples = render(name.parse().unwrap(), seconds, RATE, level_dbfs, 1);
    telephone(&samples, RATE, Companding::MuLaw).unwrap()
}

fn alone(samples: &[f32]) -> Vec<Heard> {
    hear(samples, RATE, &Timeline::new()).unwrap()
}

/// The share of the frames above −60 dBFS that have a name which begins so; the empty one is that of
/// frames without a name.
fn share(samples: &[f32], heard: &[Heard], name: &str) -> f64 {
    let (mut named, mut all) = (0, 0);
    for (at, frame) in samples.chunks(HOP).enumerate() {
        if super::super::level::dbfs(frame) < -60.0 {
            continue;
        }
        let middle = Time::of_sample((at * HOP + HOP / 2) as u64, RATE);
        let found = heard.iter().find(|heard| heard.segment.contains(middle));
        let found = found.map_or(String::new(), |heard| heard.sound.to_string());
        all += 1;
        named += u32::from(found.starts_with(name) && found.is_empty() == name.is_empty());
    }
    f64::from(named) / f64::from(all.max(1))
}

/// Sines of these frequencies, each of this amplitude.
fn sines(hertz: &[f32], amplitude: f32, millis: usize) -> Vec<f32> {
    let sample = |n: usize| {
        let phase = |f: &f32| TAU * f * n as f32 / RATE as f32;
        amplitude * hertz.iter().map(|f| phase(f).sin()).sum::<f32>()
    };
    (0..millis * 8).map(sample).collect()
}

fn silence(millis: usize) -> Vec<f32> {
    vec![0.0; millis * 8]
}

/// One side of a simulated call, and its true speech.
fn voice(pitch_hz: f64, seed: u64) -> (Vec<f32>, Timeline) {
    let mut simulation = SimulationSettings::seeded(seed);
    simulation.mean_talk_s = 60.0;
    let call = Simulator::new(simulation).unwrap().call(0);
    let mut settings = RenderSettings::default();
    settings.pitch_hz.agent = pitch_hz;
    let mut renderer = Renderer::new(&call, &settings).unwrap();
    let mut block = vec![[0.0; 2]; renderer.frames() as usize];
    let count = renderer.read(&mut block);
    let samples = block[..count].iter().map(|frame| frame[0]).collect();
    (samples, call.speech.get(Side::Agent).clone())
}

const NAMES: [(&str, &str); 26] = [
    ("ringback-us", "ringback"),
    ("ringback-eu", "ringback"),
    ("ringback-ru", "ringback"),
    ("ringback-uk", "ringback"),
    ("ringback-fr", "ringback"),
    ("ringback-jp", "ringback"),
    ("busy-us", "busy"),
    ("busy-eu", "busy"),
    ("busy-ru", "busy"),
    ("busy-uk", "busy"),
    ("busy-fr", "busy"),
    ("busy-jp", "busy"),
    ("dial-us", "dial"),
    ("dial-eu", "dial"),
    ("dial-ru", "dial"),
    ("dial-uk", "dial"),
    ("dial-fr", "dial"),
    ("dial-jp", "dial"),
    ("fax-cng", "fax_calling"),
    ("fax-ced", "fax_answer"),
    ("sit", "special_information"),
    ("beep", "beep"),
    ("dtmf", "dtmf"),
    ("music-pads", "music"),
    ("music-plucked", "music"),
    ("music-beat", "music"),
];

#[test]
fn generated_sounds_have_their_names_at_every_level() {
    for (name, expected) in NAMES {
        for level in [-6.0, -20.0, -45.0] {
            let clean = render(name.parse().unwrap(), 20.0, RATE, level, 1);
            let heard = alone(&telephone(&clean, RATE, Companding::MuLaw).unwrap());
            let share = share(&clean, &heard, expected);
            let least = match expected {
                // The faint ends of plucked notes at −45 dBFS are below what counts as music, and of
                // drums the telephone's band leaves next to nothing.
                "music" if name == "music-beat" && level < -40.0 => 0.0,
                "music" => {
                    if level < -40.0 {
                        0.6
                    } else {
                        0.8
                    }
                }
                _ => 0.95,
            };
            assert!(share >= least, "{name} at {level}: {share}\n{heard:?}");
        }
    }
}

#[test]
fn tones_are_known_in_noise_15_db_below() {
    for (name, expected) in NAMES.iter().take(23) {
        let clean = render(name.parse().unwrap(), 20.0, RATE, -20.0, 1);
        let mut noisy = clean.clone();
        let noise = render(Sound::WhiteNoise, 20.0, RATE, -35.0, 2);
        add_at(&mut noisy, &noise, -35.0);
        let noisy = telephone(&noisy, RATE, Companding::MuLaw).unwrap();
        let share = share(&clean, &alone(&noisy), expected);
        assert!(share >= 0.9, "{name}: {share}");
    }
}

#[test]
fn noise_and_typing_have_no_name() {
    for name in ["noise-white", "noise-pink", "keyboard"] {
        for level in [-12.0, -40.0] {
            assert_eq!(alone(&sound(name, 20.0, level)), [], "{name}");
        }
    }
}

#[test]
fn each_key_is_known_by_its_name() {
    for key in DtmfKey::all() {
        let name = Sound::Dtmf(key).to_string();
        let heard = alone(&sound(&name, 0.3, -20.0));
        assert_eq!(heard.len(), 1, "{name}");
        assert_eq!(heard[0].sound, LineSound::Dtmf(key.character()));
    }
}

/// Q.24: frequencies within ±1.5 % are a key, those beyond ±3.5 % none; 40 ms are a key, 20 ms none.
#[test]
fn keys_have_the_tolerances_of_q_24() {
    let pressed = |low: f32, high: f32, millis: usize, lead: usize| {
        let mut samples = vec![0.0; 4_000 + lead];
        samples.extend(sines(&[low, high], 0.1, millis));
        samples.extend(silence(500));
        let heard = alone(&samples);
        let mut sounds = heard.iter().map(|heard| heard.sound);
        (sounds.next(), heard.len())
    };
    for off in [0.985, 1.0, 1.015] {
        for lead in [0, 13, 40, 77] {
            for millis in [40, 50, 70] {
                let heard = pressed(770.0 * off, 1_336.0 * off, millis, lead);
                assert_eq!(
                    heard,
                    (Some(LineSound::Dtmf('5')), 1),
                    "{off} {millis} {lead}"
                );
            }
        }
    }
    for off in [0.96, 1.04] {
        assert_eq!(pressed(770.0 * off, 1_336.0, 100, 0).1, 0, "{off}");
        assert_eq!(pressed(770.0, 1_336.0 * off, 100, 0).1, 0, "{off}");
    }
    assert_eq!(pressed(770.0, 1_336.0, 20, 0).1, 0);
}

/// T.30: 1,100 ± 38 Hz for 0.5 s ± 15 %; 2,100 ± 15 Hz.
#[test]
fn fax_tones_have_the_tolerances_of_t_30() {
    for hertz in [1_062.0, 1_138.0] {
        for on in [425, 575] {
            let once = [sines(&[hertz], 0.1, on), silence(3_000)].concat();
            let heard = alone(&once.repeat(3));
            assert_eq!(heard.len(), 3);
            assert!(heard.iter().all(|h| h.sound == LineSound::FaxCalling));
        }
    }
    for hertz in [2_085.0, 2_115.0] {
        let heard = alone(&sines(&[hertz], 0.1, 3_000));
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].sound, LineSound::FaxAnswer);
    }
}

#[test]
fn segments_begin_and_end_with_the_tone() {
    let samples = [silence(1_000), sines(&[425.0], 0.1, 1_000), silence(1_000)].concat();
    let heard = alone(&samples);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].sound, LineSound::Ringback);
    let (start, end) = (heard[0].segment.start(), heard[0].segment.end());
    assert!((start.seconds() - 1.0).abs() <= 0.02, "{start}");
    assert!((end.seconds() - 2.0).abs() <= 0.02, "{end}");
}

/// Talk-off: voices of all pitches are no tones, with or without what the detector says.
#[test]
fn voices_are_no_tones() {
    for (seed, pitch) in [(1, 85.0), (2, 118.0), (3, 205.0), (4, 260.0), (5, 330.0)] {
        let (samples, speech) = voice(pitch, seed);
        let tones = |heard: Vec<Heard>| -> Vec<Heard> {
            let is_tone = |heard: &Heard| heard.sound != LineSound::Music;
            heard.into_iter().filter(is_tone).collect()
        };
        assert_eq!(tones(alone(&samples)), [], "{pitch} Hz");
        let heard = hear(&samples, RATE, &speech).unwrap();
        let lost = (&speech & &mask(&heard)).duration().seconds();
        assert!(
            lost <= 0.003 * speech.duration().seconds(),
            "{pitch}: {lost}"
        );
    }
}

/// A hum glides and has overtones: 220 Hz falling by 4 % in a second, the telephone's band keeps 440 Hz.
#[test]
fn a_hum_is_no_tone() {
    let mut phase = 0.0f32;
    let hum: Vec<f32> = (0..8_000)
        .map(|n| {
            phase += TAU * 220.0 * (1.02 - 0.04 * n as f32 / 8_000.0) / RATE as f32;
            0.05 * phase.sin() + 0.2 * (2.0 * phase).sin() + 0.02 * (3.0 * phase).sin()
        })
        .collect();
    assert_eq!(alone(&hum), []);
}

#[test]
fn who_talks_in_front_of_music_stays_speech() {
    let (mut samples, speech) = voice(120.0, 9);
    let seconds = samples.len() as f64 / f64::from(RATE);
    let music = render(Sound::MusicPads, seconds, RATE, -40.0, 3);
    add_at(&mut samples, &music, -40.0);
    let heard = hear(&samples, RATE, &speech).unwrap();
    let lost = (&speech & &mask(&heard)).duration().seconds();
    assert!(lost <= 0.01 * speech.duration().seconds(), "{lost}");
}

#[test]
fn a_detector_s_mistakes_in_music_are_music() {
    let samples = sound("music-plucked", 30.0, -20.0);
    let at = |start, end| Segment::from_seconds(start, end).unwrap();
    let speech: Timeline = [at(5.0, 5.4), at(14.0, 15.2)].into_iter().collect();
    let heard = hear(&samples, RATE, &speech).unwrap();
    assert!((&speech - &mask(&heard)).is_empty(), "{heard:?}");
    // A long announcement stays.
    let speech = Timeline::from(at(8.0, 20.0));
    let samples: Vec<f32> = (samples.iter().enumerate())
        .map(|(n, x)| {
            if (64_000..160_000).contains(&n) {
                0.0
            } else {
                *x
            }
        })
        .collect();
    let heard = hear(&samples, RATE, &speech).unwrap();
    assert_eq!(&speech - &mask(&heard), speech);
}

#[test]
fn music_begins_with_its_first_sound() {
    // Two seconds of brushes, which have no notes, before the first chord; a detector hears a voice.
    let noise = render(Sound::WhiteNoise, 2.0, RATE, -26.0, 4);
    let chords = render(Sound::MusicPads, 20.0, RATE, -20.0, 3);
    let at = |start, end| Segment::from_seconds(start, end).unwrap();
    let speech: Timeline = [at(1.3, 2.2), at(2.4, 2.9)].into_iter().collect();
    let samples = [silence(1_000), noise.clone(), chords.clone()].concat();
    let heard = hear(&samples, RATE, &speech).unwrap();
    assert!((&speech - &mask(&heard)).is_empty(), "{heard:?}");
    // With a pause before the music it is a sound of its own, and so is what moves as a voice does.
    let pause = [silence(1_000), noise.clone(), silence(400), chords.clone()].concat();
    let moving: Vec<f32> = (noise.iter().enumerate())
        .map(|(n, x)| if n / 800 % 2 == 0 { *x } else { 0.1 * x })
        .collect();
    let moving = [silence(1_000), moving, chords].concat();
    for samples in [pause, moving] {
        let heard = hear(&samples, RATE, &speech).unwrap();
        assert_eq!(&speech - &mask(&heard), speech, "{heard:?}");
    }
}

#[test]
fn holds_are_music_after_the_agent_s_first_word() {
    let at = |start, end| Segment::from_seconds(start, end).unwrap();
    let music = |start, end| Heard {
        sound: LineSound::Music,
        segment: at(start, end),
    };
    let speech = Sides {
        agent: [at(12.0, 16.0), at(60.0, 62.0)].into_iter().collect(),
        customer: Timeline::from(at(17.0, 19.0)),
    };
    let line = [
        music(0.0, 10.0),
        // A hold with a pause of 4 s; then a jingle.
        music(20.0, 30.0),
        music(34.0, 50.0),
        music(58.0, 60.0),
    ];
    assert_eq!(holds(&line, &speech), Timeline::from(at(20.0, 50.0)));
    assert!(holds(&line, &Sides::default()).is_empty());
    assert!(holds(&[], &speech).is_empty());
}

#[test]
fn a_mask_is_wider_than_a_tone() {
    let at = |start, end| Segment::from_seconds(start, end).unwrap();
    let heard = |sound| {
        [Heard {
            sound,
            segment: at(1.0, 2.0),
        }]
    };
    assert_eq!(
        mask(&heard(LineSound::Beep)),
        Timeline::from(at(0.97, 2.03))
    );
    assert_eq!(mask(&heard(LineSound::Music)), Timeline::from(at(1.0, 2.0)));
    assert!(mask(&[]).is_empty());
}

#[test]
fn names_are_written_in_snake_case() {
    for (sound, name) in [
        (LineSound::Dtmf('5'), "dtmf_5"),
        (LineSound::Dtmf('A'), "dtmf_a"),
        (LineSound::Dtmf('*'), "dtmf_star"),
        (LineSound::Dtmf('#'), "dtmf_hash"),
        (LineSound::SpecialInformation, "special_information"),
    ] {
        assert_eq!(sound.to_string(), name);
        assert_eq!(serde_json::to_value(sound).unwrap(), name);
    }
}

#[test]
fn nothing_and_little_are_no_trouble() {
    for length in [0, 1, 79, 80, 81, 200, 400] {
        assert_eq!(alone(&vec![0.1; length]), []);
        let speech = Timeline::from(Segment::from_seconds(-1.0, 9.0).unwrap());
        assert_eq!(hear(&vec![0.0; length], RATE, &speech).unwrap(), []);
    }
}

/// Stretches of noise, silence, keys, tones and what is no sound at all.
fn any_samples() -> impl Strategy<Value = Vec<f32>> {
    let piece = prop_oneof![
        prop::collection::vec(-2.0f32..2.0, 0..2_000),
        (0usize..400).prop_map(silence),
        (200.0f32..3_900.0, 20usize..3_000).prop_map(|(f, millis)| sines(&[f], 0.3, millis)),
        (300.0f32..1_000.0, 1.0f32..2.5, 20usize..600).prop_map(|(f, ratio, millis)| sines(
            &[f, f * ratio],
            0.2,
            millis
        )),
        prop::collection::vec(
            prop_oneof![
                Just(f32::NAN),
                Just(f32::INFINITY),
                Just(f32::MAX),
                Just(1e-30)
            ],
            0..300,
        ),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn heard_is_ordered_disjoint_and_inside(
        samples in any_samples(),
        speech in prop::collection::vec((0i64..8_000, 1i64..3_000), 0..5),
    ) {
        let time = |millis| Time::ZERO + Span::from_millis(millis);
        let speech: Timeline = speech
            .into_iter()
            .filter_map(|(start, length)| Segment::new(time(start), time(start + length)))
            .collect();
        let heard = hear(&samples, RATE, &speech).unwrap();
        for two in heard.windows(2) {
            prop_assert!(two[0].segment.end() <= two[1].segment.start());
        }
        let end = Time::of_sample(samples.len() as u64, RATE);
        for heard in &heard {
            prop_assert!(heard.segment.start() >= Time::ZERO && heard.segment.end() <= end);
        }
        let sides = Sides { agent: speech.clone(), customer: speech };
        holds(&heard, &sides);
    }
}

/// Returns what is heard on one channel at `rate` samples per second, besides the `speech` that a
/// detector found there.
fn hear(samples: &[f32], rate: u32, speech: &Timeline) -> crate::error::Result<Vec<Heard>> {
    let mut front = FrontEnd::new(rate)?;
    let mut meter = LineMeter::new();
    front.push(samples, |frame| meter.push(frame));
    front.finish(|frame| meter.push(frame));
    let end = Time::of_sample(samples.len() as u64, rate);
    let mut heard = meter.finish(speech);
    // The last frame may reach beyond the channel.
    heard.retain_mut(|heard| {
        let inside = Segment::new(heard.segment.start(), heard.segment.end().min(end));
        inside.inspect(|inside| heard.segment = *inside).is_some()
    });
    Ok(heard)
}
