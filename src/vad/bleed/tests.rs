use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Numbers that look random: a linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    /// Uniform in 0..1.
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// Powers of the bands over time.
type Sound = Vec<[f32; BANDS]>;

const SECONDS: usize = 60;

/// A voice of syllables of 120 to 260 ms with another spectrum each, in turns: speaking in those
/// 4 s whose number has the parity `turn`. With each frame, whether it is voiced.
fn voice(seed: u64, turn: usize, dbfs: f32) -> (Sound, Vec<bool>) {
    let mut random = Random(seed);
    let mut sound = Vec::new();
    let mut voiced = Vec::new();
    while sound.len() < SECONDS * 100 {
        let speaks = (sound.len() / 400) % 2 == turn;
        let length = 12 + (random.next() * 14.0) as usize;
        let peak = dbfs - 12.0 * random.next();
        let shape: Bands = std::array::from_fn(|_| -20.0 * random.next());
        for i in 0..length {
            let swell = (std::f32::consts::PI * (i as f32 + 0.5) / length as f32).sin();
            sound.push(std::array::from_fn(|b| {
                let ripple = 4.0 * random.next() - 2.0;
                let level = peak + shape[b] + 30.0 * (swell - 1.0) + ripple;
                if speaks {
                    10f32.powf(level / 10.0)
                } else {
                    0.0
                }
            }));
            voiced.push(speaks && swell > 0.7);
        }
    }
    sound.truncate(SECONDS * 100);
    voiced.truncate(SECONDS * 100);
    (sound, voiced)
}

/// What a channel hears: its own voice, the other's so many dB lower and frames later, and noise.
fn channel(own: &Sound, other: &Sound, leak: Option<(f32, usize)>, seed: u64) -> Vec<Bands> {
    let mut random = Random(seed);
    own.iter()
        .enumerate()
        .map(|(t, own)| {
            std::array::from_fn(|b| {
                let leaked = leak.map_or(0.0, |(gain, lag)| {
                    let source = t.checked_sub(lag).map_or(0.0, |t| other[t][b]);
                    source * 10f32.powf(gain / 10.0)
                });
                let noise = 10f32.powf(-8.0) * (0.5 + random.next());
                10.0 * (own[b] + leaked + noise).log10()
            })
        })
        .collect()
}

fn measured(agent: &[Bands], customer: &[Bands]) -> Bleed {
    let mut meter = BleedMeter::new();
    for (agent, customer) in agent.iter().zip(customer) {
        meter.push(agent, customer);
    }
    meter.finish()
}

fn share_of(flags: &[bool], among: &[bool]) -> f64 {
    let all = among.iter().filter(|a| **a).count();
    let both = flags.iter().zip(among).filter(|(f, a)| **f && **a).count();
    both as f64 / all.max(1) as f64
}

#[test]
fn clean_channels_lose_nothing() {
    // In turns, and both at once.
    for turn in [1, 0] {
        let (agent, _) = voice(1, 0, -25.0);
        let (customer, _) = voice(2, turn, -30.0);
        let a = channel(&agent, &customer, None, 3);
        let c = channel(&customer, &agent, None, 4);
        let bleed = measured(&a, &c);
        assert_eq!(bleed.leaked.agent.len(), SECONDS * 100);
        assert!(!bleed.leaked.agent.contains(&true), "{turn}");
        assert!(!bleed.leaked.customer.contains(&true), "{turn}");
    }
}

#[test]
fn leak_is_found_and_own_speech_kept() {
    let (agent, agent_voiced) = voice(1, 0, -20.0);
    let (customer, customer_voiced) = voice(2, 1, -24.0);
    for gain in [-10.0, -15.0, -20.0, -30.0, -40.0] {
        for lag in [0, 2, 7, 20, 30] {
            for both in [false, true] {
                let leak = Some((gain, lag));
                let a = channel(&agent, &customer, leak.filter(|_| both), 3);
                let c = channel(&customer, &agent, leak, 4);
                let bleed = measured(&a, &c);
                let case = format!("{gain} dB, {lag} frames, both: {both}");
                let later: Vec<bool> = (0..a.len())
                    .map(|t| {
                        let heard = t.checked_sub(lag).is_some_and(|t| agent_voiced[t]);
                        heard && !customer_voiced[t] && customer[t][0] == 0.0
                    })
                    .collect();
                let found = share_of(&bleed.leaked.customer, &later);
                let lost = share_of(&bleed.leaked.customer, &customer_voiced);
                assert!(lost <= 0.03, "{case}: lost {lost}");
                let lost = share_of(&bleed.leaked.agent, &agent_voiced);
                assert!(lost <= 0.03, "{case}: agent lost {lost}");
                // At −40 dB most of this leak is below the noise: it need not be found.
                if gain < -35.0 {
                    continue;
                }
                assert!(found >= 0.97, "{case}: found {found}");
                let evidence = bleed.evidence.customer.unwrap();
                assert!(
                    (evidence.gain_db - f64::from(gain)).abs() <= 3.0,
                    "{case}: {evidence:?}"
                );
                assert!(
                    (evidence.lag_ms - 10.0 * lag as f64).abs() <= 10.0,
                    "{case}: {evidence:?}"
                );
            }
        }
    }
}

#[test]
fn own_speech_over_a_leak_is_kept() {
    // Both talk all at once; the customer also hears the agent 20 dB lower.
    let (agent, _) = voice(1, 0, -24.0);
    let (customer, voiced) = voice(2, 0, -24.0);
    let c = channel(&customer, &agent, Some((-20.0, 3)), 4);
    let bleed = measured(&channel(&agent, &customer, None, 3), &c);
    let lost = share_of(&bleed.leaked.customer, &voiced);
    assert!(lost <= 0.03, "{lost}");
}

#[test]
fn channel_of_nothing_but_leak_is_leaked() {
    let (agent, voiced) = voice(1, 0, -24.0);
    let silent = vec![[0.0; BANDS]; agent.len()];
    let c = channel(&silent, &agent, Some((-20.0, 0)), 4);
    let bleed = measured(&channel(&agent, &silent, None, 3), &c);
    let found = share_of(&bleed.leaked.customer, &voiced);
    assert!(found >= 0.99, "{found}");
    assert!(!bleed.leaked.agent.contains(&true));
    // Four seconds of voice in every eight, the first at once: each window moves alike.
    assert_eq!(bleed.share, Some(1.0));
}

#[test]
fn gain_that_changes_slowly_is_followed() {
    // From −30 dB to −24 within a minute.
    let (mut agent, voiced) = voice(1, 0, -20.0);
    let (silent, _) = voice(2, 3, -24.0);
    let a = channel(&agent, &silent, None, 3);
    for (t, bands) in agent.iter_mut().enumerate() {
        let gain = 10f32.powf(0.1 * t as f32 / 1_000.0);
        bands.iter_mut().for_each(|band| *band *= gain);
    }
    let bleed = measured(&a, &channel(&silent, &agent, Some((-30.0, 5)), 4));
    let found = share_of(&bleed.leaked.customer, &voiced);
    assert!(found >= 0.95, "{found}");
}

#[test]
fn share_is_that_of_the_windows_that_move_alike() {
    // Four windows: alike; the customer steady; alike, 200 ms later; nobody speaks.
    let envelope = |t: usize| -30.0 - ((t / 20) * 7 % 19) as f32;
    let mut meter = BleedMeter::new();
    for t in 0..4_000 {
        let (agent, customer) = match t / 1_000 {
            0 => (envelope(t), envelope(t) - 20.0),
            1 => (envelope(t), -50.0),
            2 => (envelope(t), envelope(t.saturating_sub(20)) - 20.0),
            _ => (-70.0, -70.0),
        };
        meter.push(&[agent; BANDS], &[customer; BANDS]);
    }
    // The last is not judged.
    assert_eq!(meter.finish().share, Some(2.0 / 3.0));
}

#[test]
fn short_calls_and_no_numbers_are_nothing() {
    assert_eq!(BleedMeter::new().finish(), Bleed::default());
    let mut meter = BleedMeter::new();
    for level in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
        meter.push(&[level; BANDS], &[-30.0; BANDS]);
    }
    let bleed = meter.finish();
    assert_eq!(bleed.leaked.agent, [false; 5]);
    assert_eq!(bleed.share, None);
}

proptest! {
    #![proptest_config(Config::with_cases(12))]

    #[test]
    fn any_levels_do_no_harm_and_sides_are_alike(seed: u64, frames in 0usize..2_500, wild: bool) {
        let mut random = Random(seed);
        let levels: Vec<[Bands; 2]> = (0..frames)
            .map(|_| {
                [0, 1].map(|_| std::array::from_fn(|_| match random.next() {
                    x if wild && x < 0.01 => f32::NAN,
                    x if wild && x < 0.02 => f32::INFINITY,
                    x => 140.0 * x - 120.0,
                }))
            })
            .collect();
        check_swap(&levels)?;
    }

    #[test]
    fn sides_that_leak_are_alike(seed: u64, lag in 0usize..30, gain in -40f32..-8.0) {
        let (agent, _) = voice(seed, 0, -20.0);
        let (customer, _) = voice(seed ^ 77, 1, -26.0);
        let a = channel(&agent, &customer, Some((gain - 5.0, lag)), 3);
        let c = channel(&customer, &agent, Some((gain, lag)), 4);
        let levels: Vec<[Bands; 2]> = a.into_iter().zip(c).map(|(a, c)| [a, c]).collect();
        check_swap(&levels)?;
    }
}

/// The same, seen from the other side, is the same.
fn check_swap(levels: &[[Bands; 2]]) -> std::result::Result<(), TestCaseError> {
    let side = |i: usize| levels.iter().map(|l| l[i]).collect::<Vec<_>>();
    let bleed = measured(&side(0), &side(1));
    let swapped = measured(&side(1), &side(0));
    prop_assert_eq!(bleed.leaked.agent.len(), levels.len());
    prop_assert_eq!(&bleed.leaked.agent, &swapped.leaked.customer);
    prop_assert_eq!(&bleed.leaked.customer, &swapped.leaked.agent);
    prop_assert_eq!(bleed.share, swapped.share);
    prop_assert_eq!(bleed.evidence.agent, swapped.evidence.customer);
    prop_assert_eq!(bleed.evidence.customer, swapped.evidence.agent);
    Ok(())
}

#[test]
fn leak_is_known_in_retrospect() {
    // The customer hears the agent from the first word on; the first four seconds are no exception.
    let (agent, voiced) = voice(1, 0, -20.0);
    let (customer, _) = voice(2, 1, -24.0);
    let a = channel(&agent, &customer, None, 3);
    let c = channel(&customer, &agent, Some((-20.0, 3)), 4);
    let bleed = measured(&a, &c);
    let first: Vec<bool> = (voiced.iter().enumerate())
        .map(|(t, voiced)| *voiced && t < 400)
        .collect();
    let found = share_of(&bleed.leaked.customer, &first);
    assert!(found >= 0.97, "{found}");
}
