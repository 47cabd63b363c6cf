//! Detectors of speech, on simulated calls whose speech is known.
// A test that cannot set itself up has failed.
#![allow(clippy::unwrap_used)]

use callcsi::call::{Side, Sides};
use callcsi::settings::{AnalysisSettings, DetectorKind};
use callcsi::simulate::render::{RenderSettings, Renderer};
use callcsi::simulate::{SimulatedCall, SimulationSettings, Simulator};
use callcsi::timeline::{Segment, Span, Timeline};
use callcsi::vad::{SpeechTracker, Vad, detector};
use proptest::prelude::*;

const RATE: u32 = 8_000;
const DETECTORS: [DetectorKind; 4] = [
    DetectorKind::Earshot,
    DetectorKind::Silero,
    DetectorKind::Fast,
    DetectorKind::Energy,
];

fn settings(detector: DetectorKind) -> AnalysisSettings {
    let mut settings = AnalysisSettings::default();
    settings.detector = detector;
    settings
}

/// Renders a call of about a minute: both channels.
fn rendered(render: &RenderSettings) -> (SimulatedCall, Sides<Vec<f32>>) {
    let mut simulation = SimulationSettings::seeded(5);
    simulation.mean_talk_s = 60.0;
    let call = Simulator::new(simulation).unwrap().call(1);
    let mut renderer = Renderer::new(&call, render).unwrap();
    let mut sides = Sides::<Vec<f32>>::default();
    let mut block = vec![[0.0; 2]; 4_096];
    loop {
        let read = renderer.read(&mut block);
        if read == 0 {
            return (call, sides);
        }
        // The default renders the agent on the left.
        sides
            .agent
            .extend(block[..read].iter().map(|frame| frame[0]));
        sides
            .customer
            .extend(block[..read].iter().map(|frame| frame[1]));
    }
}

fn speech(settings: &AnalysisSettings, samples: &[f32]) -> Timeline {
    let mut tracker = SpeechTracker::new(settings, RATE).unwrap();
    tracker.push(samples);
    tracker.finish()
}

/// Shares of the true speech that is found, and of the found that is true.
fn recall_and_precision(truth: &Timeline, found: &Timeline) -> (f64, f64) {
    let both = (truth & found).duration().seconds();
    (
        both / truth.duration().seconds(),
        both / found.duration().seconds(),
    )
}

#[test]
fn simulated_speech_is_found() {
    let (call, sides) = rendered(&RenderSettings::default());
    for kind in DETECTORS {
        let settings = settings(kind);
        for side in Side::BOTH {
            // The truth under the same rule: pauses below `speech_join` belong to the speech.
            let truth = call.speech.get(side).bridge(settings.speech_join);
            let found = speech(&settings, sides.get(side));
            let (recall, precision) = recall_and_precision(&truth, &found);
            // On a clean line both find nearly all; the bound leaves room for 0.1 s at each edge.
            assert!(
                recall > 0.93 && precision > 0.85,
                "{kind:?} {side}: {recall} {precision}"
            );
        }
    }
}

#[test]
fn level_of_the_channel_does_not_matter() {
    // A quiet agent and a loud customer are heard like those of the usual −26 dBFS.
    let (_, sides) = rendered(&RenderSettings::default());
    for kind in [
        DetectorKind::Earshot,
        DetectorKind::Silero,
        DetectorKind::Fast,
    ] {
        let settings = settings(kind);
        for side in Side::BOTH {
            let usual = speech(&settings, sides.get(side));
            for decibels in [-19.0f32, 26.0] {
                let gain = 10f32.powf(decibels / 20.0);
                let changed = sides.get(side).iter().map(|x| (x * gain).clamp(-1.0, 1.0));
                let found = speech(&settings, &changed.collect::<Vec<f32>>());
                let (recall, precision) = recall_and_precision(&usual, &found);
                assert!(
                    recall > 0.95 && precision > 0.95,
                    "{kind:?} {side} {decibels}: {recall} {precision}"
                );
            }
        }
    }
}

#[test]
fn silence_and_idle_lines_hold_no_speech() {
    for kind in DETECTORS {
        let settings = settings(kind);
        assert!(
            speech(&settings, &[0.0; 80_000]).is_empty(),
            "{kind:?}: digital silence"
        );
        // ±1 step of 16 bits, the idle noise of a converter: -93 dBFS.
        let idle: Vec<f32> = (0..80_000u32)
            .map(|i| ((i.wrapping_mul(2_654_435_761) >> 16) % 3) as f32 / 32_768.0 - 1.0 / 32_768.0)
            .collect();
        assert!(speech(&settings, &idle).is_empty(), "{kind:?}: idle line");
    }
}

#[test]
fn steady_noise_is_no_speech() {
    // White noise of -30 dBFS: uniform in ±a has a mean square of a²/3, so a = √3 · 10^(-30/20).
    let peak = 3f32.sqrt() * 10f32.powf(-1.5);
    let mut state = 1u32;
    let noise: Vec<f32> = (0..240_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / 8_388_608.0 - 1.0) * peak
        })
        .collect();
    for kind in [
        DetectorKind::Earshot,
        DetectorKind::Silero,
        DetectorKind::Fast,
    ] {
        let found = speech(&settings(kind), &noise);
        assert!(found.is_empty(), "{kind:?}: {found:?}");
    }
}

/// What the network is run in chunks for: after half a minute of ringback, run on, it is deaf.
#[test]
fn ringback_is_no_speech_and_does_not_deafen() {
    let (call, sides) = rendered(&RenderSettings::default());
    let settings = settings(DetectorKind::Silero);
    let rate = f64::from(RATE);
    let tone = |n: usize, hertz: f64| (std::f64::consts::TAU * hertz * n as f64 / rate).sin();
    // North American ringback: 440 and 480 Hz, 2 s on, 4 s off.
    let ringing = 36 * RATE as usize;
    let mut samples: Vec<f32> = (0..ringing)
        .map(|n| match n % (6 * RATE as usize) < 2 * RATE as usize {
            true => (0.1 * (tone(n, 440.0) + tone(n, 480.0))) as f32,
            false => 0.0,
        })
        .collect();
    samples.extend_from_slice(&sides.customer);
    let found = speech(&settings, &samples);
    let truth = call.speech.customer.bridge(settings.speech_join);
    let later = |segment: &Segment| {
        let (start, end) = (segment.start().seconds(), segment.end().seconds());
        Segment::from_seconds(start + 36.0, end + 36.0)
    };
    let truth: Timeline = truth.segments().iter().filter_map(later).collect();
    let (recall, precision) = recall_and_precision(&truth, &found);
    assert!(recall > 0.9 && precision > 0.85, "{recall} {precision}");
}

#[test]
fn speech_in_noise_is_found_and_noise_left_out() {
    let mut render = RenderSettings::default();
    render.noise_dbfs = render.level_dbfs.map(|level| level - 10.0);
    let (call, sides) = rendered(&render);
    let settings = settings(DetectorKind::Earshot);
    for side in Side::BOTH {
        let truth = call.speech.get(side).bridge(settings.speech_join);
        let (recall, precision) = recall_and_precision(&truth, &speech(&settings, sides.get(side)));
        // Without the gate the precision is 0.5 to 0.7. The noise covers weak syllables.
        assert!(
            recall > 0.85 && precision > 0.9,
            "{side}: {recall} {precision}"
        );
    }
}

#[test]
fn nothing_and_next_to_nothing_are_no_trouble() {
    for kind in DETECTORS {
        let settings = settings(kind);
        assert!(speech(&settings, &[]).is_empty());
        assert!(speech(&settings, &[0.5; 3]).is_empty());
    }
}

#[test]
fn speech_ends_with_the_channel() {
    let (_, sides) = rendered(&RenderSettings::default());
    for kind in DETECTORS {
        let settings = settings(kind);
        // Cut in the middle of speech.
        let whole = speech(&settings, &sides.agent);
        let longest = whole.segments().iter().max_by_key(|s| s.duration());
        let middle = longest.unwrap().midpoint();
        let cut = (middle.seconds() * f64::from(RATE)) as usize;
        let found = speech(&settings, &sides.agent[..cut]);
        let end = found.extent().unwrap().end();
        assert!(end <= callcsi::timeline::Time::of_sample(cut as u64, RATE));
        assert!(
            middle - end < Span::from_millis(60),
            "{kind:?}: {end} before {middle}"
        );
    }
}

/// A detector that says what it is told.
#[derive(Debug)]
struct Told(Vec<f32>);

impl Vad for Told {
    fn hop(&self) -> Span {
        Span::from_millis(100)
    }
    fn delay(&self) -> Span {
        Span::ZERO
    }
    fn push(&mut self, _: &[f32], scores: &mut Vec<f32>) {
        scores.append(&mut self.0);
    }
    fn finish(&mut self, _: &mut Vec<f32>) {}
}

#[test]
fn decision_by_hand() {
    // Frames of 0.1 s. On at 0.5, off below 0.35: 0.1–0.4 (0.4 holds on, 0.3 ends it), 0.5–0.6,
    // 0.9–1.0, and 1.3 on to the end; each with 0.08 s on either side.
    let scores = vec![
        0.4, 0.6, 0.4, 0.4, 0.3, 0.9, 0.2, 0.2, 0.2, 0.5, 0.1, 0.1, 0.1, 0.7,
    ];
    // Bursts of noise. 0.05 lies in the reach; 0.70–0.80 does not, for 0.68 ends it; 0.52–0.62 is
    // 0.12 s from what is before it and is joined; the end of 1.02 lies in the reach again.
    let bursts = [
        (0.05, 0.40),
        (0.52, 0.62),
        (0.70, 0.80),
        (0.90, 1.02),
        (1.30, 1.35),
    ];
    let mut state = 1u32;
    let sound: Vec<f32> = (0..10_800)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / 8_388_608.0 - 1.0;
            let at = f64::from(i) / 8_000.0;
            let sounds = bursts.iter().any(|&(from, to)| from <= at && at < to);
            if sounds { 0.3 * noise } else { 0.0 }
        })
        .collect();
    let settings = AnalysisSettings::default();
    let mut tracker = SpeechTracker::with(Box::new(Told(scores)), &settings, RATE).unwrap();
    tracker.push(&sound);
    let found = tracker.finish();
    let wanted = [(0.05, 0.62), (0.90, 1.02)];
    let wanted: Timeline = wanted
        .iter()
        .filter_map(|&(s, e)| Segment::from_seconds(s, e))
        .collect();
    // The last burst is 0.05 s, shorter than `speech_min`.
    assert_eq!(found, wanted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn block_sizes_do_not_matter(sizes in prop::collection::vec(1usize..9_000, 1..20)) {
        static CALL: std::sync::LazyLock<Vec<f32>> =
            std::sync::LazyLock::new(|| rendered(&RenderSettings::default()).1.customer);
        let samples = &CALL[..CALL.len().min(20 * RATE as usize)];
        for kind in DETECTORS {
            let scores = |sizes: &[usize]| {
                let mut vad = detector(kind, RATE).unwrap();
                let (mut scores, mut rest) = (Vec::new(), samples);
                for size in sizes.iter().cycle() {
                    let (block, after) = rest.split_at((*size).min(rest.len()));
                    vad.push(block, &mut scores);
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                vad.finish(&mut scores);
                scores
            };
            prop_assert_eq!(scores(&sizes), scores(&[samples.len()]));
        }
    }
}
