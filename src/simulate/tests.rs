//! The claims of the simulator, checked on a few hundred calls.
//!
//! Each tolerance is some four standard errors of the figure at the number of calls used; the
//! seeds are fixed, so a test that passes always passes.

use super::*;
use crate::timeline::Time;

/// Returns the AUC of probabilities.
fn auc(probabilities: &[f64], satisfied: &[bool]) -> Option<f64> {
    let pairs = probabilities.iter().zip(satisfied);
    let outcomes = pairs.map(|(&probability, &satisfied)| Outcome {
        probability,
        satisfied,
    });
    Evaluation::of(&outcomes.collect::<Vec<_>>(), 0.5)
        .unwrap()
        .roc_auc
}

fn simulator(seed: u64) -> Simulator {
    Simulator::new(SimulationSettings::seeded(seed)).unwrap()
}

/// Checksum of the first 20 calls of seed 1.
const CHECKSUM_OF_20_CALLS: u64 = 9_312_454_330_765_093_546;

/// A checksum that needs no crate: FNV-1a, 64 bits (Fowler, Noll & Vo).
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn is_normal(timeline: &Timeline) -> bool {
    let segments = timeline.segments();
    segments.windows(2).all(|w| w[0].end() < w[1].start())
}

#[test]
fn a_call_depends_on_seed_and_index_alone() {
    let one = simulator(5);
    let later: Vec<SimulatedCall> = one.calls(4).collect();
    assert_eq!(simulator(5).call(3), later[3]);
    assert_ne!(simulator(6).call(3).speech, later[3].speech);
    assert_ne!(later[2].speech, later[3].speech);
}

#[test]
fn archives_of_a_seed_stay_what_they_were() {
    let text: Vec<String> = simulator(1)
        .calls(20)
        .map(|call| {
            let SimulatedCall {
                utterances,
                metadata,
                satisfaction,
                ..
            } = call;
            // Without the probabilities, whose last digits are the mathematics library's.
            format!(
                "{utterances:?}{metadata:?}{}{}",
                satisfaction.mark, satisfaction.answered
            )
        })
        .collect();
    // The regression value of this module: when it changes, so does every archive made from a seed.
    assert_eq!(checksum(text.concat().as_bytes()), CHECKSUM_OF_20_CALLS);
}

#[test]
fn truth_is_whole() {
    for call in simulator(2).calls(300) {
        let whole = Segment::new(Time::ZERO, Time::ZERO + call.duration).unwrap();
        for side in Side::BOTH {
            let speech = call.speech.get(side);
            assert!(is_normal(speech) && !speech.is_empty());
            assert_eq!(&speech.within(whole), speech, "{}", call.id);
            let pauses = speech.gaps();
            let shortest = pauses.segments().iter().map(|p| p.duration()).min();
            assert!(shortest.is_none_or(|p| p >= talk::UNIT_BOUND));
            // Nobody speaks on hold.
            assert!((speech & &call.holds).is_empty(), "{}", call.id);
            // The words are the speech.
            let own = call.utterances.iter().filter(|u| u.side == side);
            let words = own.clone().flat_map(|u| u.words.iter().flatten());
            let spoken: Timeline = words.filter_map(|w| w.time).collect();
            assert_eq!(&spoken, speech);
            // And the utterances hold them.
            let held: Timeline = own.map(|u| u.segment).collect();
            assert_eq!(&(&held & speech), speech);
            assert_eq!(held, facts::utterance_segments(speech));
        }
        // The agent greets first.
        assert_eq!(call.utterances[0].side, Side::Agent);
        let emotions = call.utterances.iter().map(|u| u.emotion.unwrap());
        for emotion in emotions {
            let sum = emotion.positive + emotion.neutral + emotion.negative;
            assert!((sum - 1.0).abs() < 1e-9);
        }
        call.full_metadata.check().unwrap();
        call.metadata.check().unwrap();
        let held = call.full_metadata.hold_timeline(call.duration).unwrap();
        assert_eq!(held.as_ref(), Some(&call.holds));
    }
}

#[test]
fn extreme_settings_still_make_whole_calls() {
    let mut settings = SimulationSettings::seeded(12);
    settings.mean_talk_s = 20.0;
    settings.with_hold = 1.0;
    settings.median_hold_s = 1.0;
    settings.operators = 1;
    settings.customers = 3;
    settings.no_wait = 1.0;
    settings.missing = MissingShares::none();
    let mut seen = 0;
    for call in Simulator::new(settings).unwrap().calls(200) {
        let whole = Segment::new(Time::ZERO, Time::ZERO + call.duration).unwrap();
        let either = &call.speech.agent | &call.speech.customer;
        assert_eq!(either.within(whole), either);
        assert!((&either & &call.holds).is_empty());
        assert_eq!(call.metadata, call.full_metadata);
        assert!(call.transcript.is_some());
        assert_eq!(call.facts.queue_wait_s, 0.0);
        seen += call.holds.segments().len();
    }
    assert!(seen > 100);
}

#[test]
fn effects_sum_to_the_log_odds_and_are_all_documented() {
    for call in simulator(3).calls(50) {
        let sum: f64 = call.satisfaction.effects.iter().map(|(_, e)| e).sum();
        assert_eq!(sum, call.satisfaction.log_odds);
        assert_eq!(call.satisfaction.effects[0].0, "intercept");
    }
    let page = include_str!("satisfaction.rs");
    for (name, _, _) in satisfaction::EFFECTS {
        assert!(page.contains(&format!("//! | `{name}` |")), "{name}");
    }
}

/// Lengths in seconds of the between-speaker intervals after Heldner & Edlund (2010): from the end
/// of one side's talking alone to the start of the other's. An overlap is negative.
fn between_speakers(speech: &Sides<Timeline>) -> Vec<f64> {
    let (both, either) = (
        &speech.agent & &speech.customer,
        &speech.agent | &speech.customer,
    );
    let mut alone: Vec<(Segment, Side)> = Vec::new();
    for side in Side::BOTH {
        let own = speech.get(side) - &both;
        alone.extend(own.segments().iter().map(|s| (*s, side)));
    }
    alone.sort_unstable();
    let changes = alone.windows(2).filter(|w| w[0].1 != w[1].1);
    let intervals = changes.map(|w| {
        let length = (w[1].0.start() - w[0].0.end()).seconds();
        let between = Segment::new(w[0].0.end(), w[1].0.start());
        let silent = between.is_none_or(|b| either.duration_within(b) == Span::ZERO);
        if silent { length } else { -length }
    });
    intervals.collect()
}

#[test]
fn turn_taking_is_as_published() {
    let calls: Vec<SimulatedCall> = simulator(4).calls(300).collect();
    let mut intervals: Vec<f64> = calls
        .iter()
        .flat_map(|c| between_speakers(&c.speech))
        .collect();
    intervals.sort_by(f64::total_cmp);
    let n = intervals.len() as f64;
    // Heldner & Edlund: about 40 % of the between-speaker intervals are overlaps.
    let overlaps: Vec<f64> = intervals.iter().copied().filter(|i| *i < 0.0).collect();
    let share = overlaps.len() as f64 / n;
    println!("overlaps {share:.3}");
    assert!((share - 0.40).abs() < 0.05, "{share}");
    // Levinson & Torreira: their median is about 200 ms; ours has barge-ins besides.
    let median = -overlaps[overlaps.len() / 2];
    println!("median overlap {median:.3}");
    assert!((0.15..0.35).contains(&median), "{median}");
    // Stivers et al., Levinson & Torreira: the mode of the offset is about 200 ms.
    let bins = (-10..20).map(|bin| f64::from(bin) * 0.1);
    let mode = bins.max_by_key(|low| {
        intervals
            .iter()
            .filter(|i| (*low..low + 0.1).contains(*i))
            .count()
    });
    println!("mode bin {mode:?}");
    assert!((0.0..=0.2).contains(&mode.unwrap()), "{mode:?}");
    // Skewed to the right: the mean gap is above the median gap.
    let gaps: Vec<f64> = intervals.iter().copied().filter(|i| *i > 0.0).collect();
    assert!(gaps.iter().sum::<f64>() / gaps.len() as f64 > 1.2 * gaps[gaps.len() / 2]);
    // Levinson & Torreira: simultaneous speech fills less than 5 % of the talk.
    let both: Span = calls
        .iter()
        .map(|c| (&c.speech.agent & &c.speech.customer).duration())
        .sum();
    let either: Span = calls
        .iter()
        .map(|c| (&c.speech.agent | &c.speech.customer).duration())
        .sum();
    let share = both.seconds() / either.seconds();
    println!("simultaneous {share:.3}");
    assert!(share < 0.06, "{share}");
    // Heldner & Edlund: pauses are somewhat longer than gaps.
    let mut pauses: Vec<f64> = calls
        .iter()
        .flat_map(|c| {
            Side::BOTH.map(|side| {
                let gaps = c.speech.get(side).gaps();
                &(&gaps - &c.holds) - c.speech.get(side.other())
            })
        })
        .flat_map(|p| {
            p.segments()
                .iter()
                .map(|s| s.duration().seconds())
                .collect::<Vec<_>>()
        })
        .filter(|p| *p >= 0.2)
        .collect();
    pauses.sort_by(f64::total_cmp);
    println!(
        "median pause {:.3}, median gap {:.3}",
        pauses[pauses.len() / 2],
        gaps[gaps.len() / 2]
    );
}

#[test]
fn archives_have_the_rates_documented() {
    let simulator = simulator(1);
    let n = 2_000;
    let calls: Vec<SimulatedCall> = simulator.calls(n).collect();
    let share = |f: &dyn Fn(&SimulatedCall) -> bool| {
        calls.iter().filter(|c| f(c)).count() as f64 / n as f64
    };
    let satisfied = share(&|c| c.satisfaction.satisfied());
    assert!((0.73..0.82).contains(&satisfied), "{satisfied}");
    let answered = share(&|c| c.satisfaction.answered);
    assert!((0.08..0.15).contains(&answered), "{answered}");
    let usual = share(&|c| (60.0..480.0).contains(&c.duration.seconds()));
    assert!(usual > 0.85, "{usual}");
    // What is withheld is withheld at its share.
    assert!((share(&|c| c.transcript.is_none()) - 0.15).abs() < 0.035);
    assert!((share(&|c| c.metadata.queue.is_none()) - 0.06).abs() < 0.025);
    // The probability is calibrated: its mean is the share of the satisfied.
    let mean = calls
        .iter()
        .map(|c| c.satisfaction.probability)
        .sum::<f64>()
        / n as f64;
    assert!((mean - satisfied).abs() < 0.04, "{mean} {satisfied}");
    let ceiling = simulator.bayes_ceiling(n).unwrap();
    assert!((0.78..0.85).contains(&ceiling), "{ceiling}");
}

#[test]
fn the_angry_answer_less() {
    let mut settings = SimulationSettings::seeded(8);
    // Ten times the usual rates, to see it on few calls.
    settings.answer_by_mark = [0.3, 0.4, 0.5, 0.7, 0.9];
    let judged: Vec<Satisfaction> = Simulator::new(settings)
        .unwrap()
        .calls(1_500)
        .map(|c| c.satisfaction)
        .collect();
    let rate = |wanted: &dyn Fn(u8) -> bool| {
        let of: Vec<_> = judged.iter().filter(|s| wanted(s.mark)).collect();
        of.iter().filter(|s| s.answered).count() as f64 / of.len() as f64
    };
    assert!(rate(&|m| m <= 2) + 0.2 < rate(&|m| m == 5));
}

#[test]
fn a_world_without_effects_has_nothing_to_find() {
    let mut settings = SimulationSettings::seeded(9);
    settings.effect_scale = 0.0;
    let simulator = Simulator::new(settings).unwrap();
    let call = simulator.call(0);
    assert_eq!(call.satisfaction.log_odds, call.satisfaction.effects[0].1);
    // Every call has the same probability, so ranking by it is a coin.
    assert!(simulator.bayes_ceiling(800).is_none_or(|auc| auc == 0.5));
}

#[test]
#[ignore = "prints the rates of an archive: cargo test --lib simulate -- --ignored --nocapture"]
fn rates_of_an_archive() {
    let simulator = simulator(1);
    let n = 6_000;
    let calls: Vec<SimulatedCall> = simulator.calls(n).collect();
    let mean = |f: &dyn Fn(&SimulatedCall) -> f64| calls.iter().map(f).sum::<f64>() / n as f64;
    println!("minutes {:.2}", mean(&|c| c.duration.seconds() / 60.0));
    println!(
        "satisfied {:.3}",
        mean(&|c| f64::from(c.satisfaction.satisfied()))
    );
    println!("probability {:.3}", mean(&|c| c.satisfaction.probability));
    println!(
        "answered {:.3}",
        mean(&|c| f64::from(c.satisfaction.answered))
    );
    for mark in 1..=5 {
        println!(
            "mark {mark} {:.3}",
            mean(&|c| f64::from(c.satisfaction.mark == mark))
        );
    }
    let lo = mean(&|c| c.satisfaction.log_odds);
    println!(
        "log odds {lo:.2} sd {:.2}",
        mean(&|c| (c.satisfaction.log_odds - lo).powi(2)).sqrt()
    );
    for (i, (name, _)) in calls[0].satisfaction.effects.iter().enumerate() {
        let m = mean(&|c| c.satisfaction.effects[i].1);
        let sd = mean(&|c| (c.satisfaction.effects[i].1 - m).powi(2)).sqrt();
        println!("  {name:28} mean {m:6.2} sd {sd:.2}");
    }
    println!("ceiling {:?}", simulator.bayes_ceiling(n));
    // Queue, IVR and history come before the talk; holds count with the talk.
    let satisfied: Vec<bool> = calls.iter().map(|c| c.satisfaction.satisfied()).collect();
    let before = [1, 2, 6, 7, 8, 9];
    for (name, wanted) in [("before the talk", true), ("during the talk", false)] {
        let part = |c: &SimulatedCall| -> f64 {
            let effects = c.satisfaction.effects.iter().enumerate().skip(1);
            let picked = effects.filter(|(i, _)| before.contains(i) == wanted);
            picked.map(|(_, (_, effect))| effect).sum()
        };
        // The logistic function keeps the order and makes probabilities.
        let scores: Vec<f64> = calls
            .iter()
            .map(|c| 1.0 / (1.0 + (-part(c)).exp()))
            .collect();
        println!("AUC of what happened {name} {:?}", auc(&scores, &satisfied));
    }
    println!(
        "agent int {:.2}/min customer {:.2}/min",
        mean(&|c| c.facts.agent_interruptions_per_min),
        mean(&|c| c.facts.customer_interruptions_per_min)
    );
    println!(
        "share {:.2} resp {:.2} endneg {:.2} silence {:.1}",
        mean(&|c| c.facts.agent_speech_share),
        mean(&|c| c.facts.agent_response_median_s.unwrap_or(0.0)),
        mean(&|c| c.facts.customer_end_negative.unwrap_or(0.0)),
        mean(&|c| c.facts.silence_total_s)
    );
    let mut d: Vec<f64> = calls.iter().map(|c| c.duration.seconds()).collect();
    d.sort_by(f64::total_cmp);
    println!(
        "duration 5% {:.0} 50% {:.0} 95% {:.0}",
        d[n as usize / 20],
        d[n as usize / 2],
        d[n as usize * 19 / 20]
    );
}
