//! Against numpy and scipy (`tests/oracle/triggers.py`); tolerance 1e-9, as sums run in another order, and
//! 1e-6 where statrs searches for a quantile of t.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../../../tests/oracle/triggers.json")).unwrap()
}

#[track_caller]
fn near(found: f64, wanted: &Value, tolerance: f64) {
    let wanted = wanted.as_f64().unwrap();
    let off = (found - wanted).abs();
    assert!(
        off <= tolerance * wanted.abs().max(1.0),
        "{found}, wanted {wanted}"
    );
}

fn plain() -> Chart {
    Chart {
        lambda: 1.0,
        limit: 3.0,
        baseline: 4,
        least: 1,
        smallest: 1,
        expected: 0.0,
        calm: 2,
        sides: Sides {
            up: true,
            down: true,
        },
        binary: false,
        widening: Widening::None,
    }
}

#[test]
fn charts_are_those_of_the_long_way() {
    for case in oracle()["charts"].as_array().unwrap() {
        let days = case["days"].as_array().unwrap().iter().enumerate();
        let days = days.map(|(day, calls)| {
            let calls = calls.as_array().unwrap().iter();
            (day as i64, calls.map(|x| x.as_f64().unwrap()).collect())
        });
        let days: Vec<(i64, Moments)> = days.collect();
        let widening = match case["widening"].as_str().unwrap() {
            "none" => Widening::None,
            "laney" => Widening::Laney,
            "widest" => Widening::Widest,
            other => panic!("{other}"),
        };
        let chart = Chart {
            lambda: case["lambda"].as_f64().unwrap(),
            limit: case["limit"].as_f64().unwrap(),
            baseline: case["baseline"].as_u64().unwrap() as usize,
            binary: case["binary"].as_bool().unwrap(),
            widening,
            ..plain()
        };
        let judged = chart.judge(&days).unwrap();
        near(judged.baseline.mean, &case["mean"], 1e-9);
        near(judged.baseline.sigma, &case["sigma"], 1e-9);
        near(judged.baseline.spread, &case["spread"], 1e-9);
        let wanted = case["points"].as_array().unwrap();
        assert_eq!(judged.points.len(), wanted.len());
        for (point, wanted) in judged.points.iter().zip(wanted) {
            near(point.score, &wanted["score"], 1e-9);
            near(point.limit, &wanted["limit"], 1e-6);
        }
    }
}

/// A baseline of so many calls is as good as known, and the limits are those of the book.
#[test]
fn limits_of_a_known_share_are_montgomerys() {
    for case in oracle()["p_limits"].as_array().unwrap() {
        let (p, n) = (case["p"].as_f64().unwrap(), case["n"].as_u64().unwrap());
        let day = |hits: f64, calls: u64| -> Moments {
            let mut moments = Moments::default();
            for i in 0..calls {
                moments.push(f64::from(u8::from((i as f64) < hits)));
            }
            moments
        };
        let known = day(p * 2e6, 2_000_000);
        let mut days: Vec<(i64, Moments)> = (0..4).map(|i| (i, known)).collect();
        days.push((4, day(p * n as f64, n)));
        let chart = Chart {
            binary: true,
            ..plain()
        };
        let judged = chart.judge(&days).unwrap();
        let (mean, point) = (judged.baseline.mean, judged.points[0]);
        near(mean - point.limit * point.unit, &case["low"], 1e-4);
        near(mean + point.limit * point.unit, &case["high"], 1e-4);
    }
}

/// Four days of one call each: 1, 2, 3, 2, then a day of 4 calls. Mean 2; without two calls on a day nothing
/// is known of their spread.
#[test]
fn what_cannot_be_judged_is_not() {
    let day = |calls: &[f64]| calls.iter().copied().collect::<Moments>();
    let days = |calls: [&[f64]; 5]| -> Vec<(i64, Moments)> { (0..).zip(calls.map(day)).collect() };
    let single = days([&[1.0], &[2.0], &[3.0], &[2.0], &[2.0; 4]]);
    assert_eq!(plain().judge(&single).unwrap_err(), Unjudged::DoesNotVary);
    let same = days([&[0.1; 3], &[0.1; 7], &[0.1; 3], &[0.1; 3], &[0.1; 4]]);
    assert_eq!(plain().judge(&same).unwrap_err(), Unjudged::DoesNotVary);
    let few = Chart {
        least: 17,
        ..plain()
    };
    assert_eq!(few.judge(&same).unwrap_err(), Unjudged::TooFewCalls);
    assert_eq!(
        plain().judge(&same[..3]).unwrap_err(),
        Unjudged::TooFewCalls
    );
    assert_eq!(plain().judge(&[]).unwrap_err(), Unjudged::TooFewCalls);
    // A p-chart expects 5 of each kind: of 16 calls with 0.25 there are 4.
    let share = days([
        &[0.0, 1.0],
        &[0.0, 0.0],
        &[0.0, 1.0],
        &[0.0, 0.0],
        &[0.0; 16],
    ]);
    let p = Chart {
        binary: true,
        expected: EXPECTED,
        ..plain()
    };
    assert_eq!(p.judge(&share).unwrap_err(), Unjudged::TooFewCalls);
    assert!(Chart { expected: 4.0, ..p }.judge(&share).is_ok());
    // None of 8 calls was one: the share is taken for 0.5 / 9, and half of 4 calls is far above it.
    let none = days([
        &[0.0; 2],
        &[0.0; 2],
        &[0.0; 2],
        &[0.0; 2],
        &[0.0, 0.0, 1.0, 1.0],
    ]);
    let judged = Chart {
        binary: true,
        ..plain()
    }
    .judge(&none)
    .unwrap();
    let share = 0.5 / 9.0_f64;
    assert!((judged.baseline.sigma - (share * (1.0 - share)).sqrt()).abs() < 1e-12);
}

fn points(scores: &[f64]) -> Vec<Point> {
    let point = |(start, score): (i64, &f64)| Point {
        start,
        calls: 1,
        mean: *score,
        score: *score,
        limit: 1.0,
        unit: 1.0,
    };
    (0..).zip(scores).map(point).collect()
}

#[test]
fn an_episode_ends_with_the_calm() {
    let scores = [0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 2.0, 0.0];
    let found = |calm| {
        let points = points(&scores);
        let found = episodes(&points, |point| point.score > point.limit, calm);
        found
            .iter()
            .map(|e| (e.since, e.until, e.still, e.periods))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(1),
        [(1, 1, false, 1), (3, 3, false, 1), (6, 6, false, 1)]
    );
    assert_eq!(found(2), [(1, 3, false, 2), (6, 6, true, 1)]);
    assert_eq!(found(3), [(1, 6, true, 3)]);
    let points = points(&scores);
    let worst = episodes(&points, |point| point.score > point.limit, 3)[0].worst;
    assert_eq!((worst.start, worst.score), (3, 3.0));
}

proptest! {
    /// Each period outside is in one episode, episodes are in order and a calm apart.
    #[test]
    fn episodes_hold_what_is_outside_once(
        scores in prop::collection::vec(-2.0..2.0_f64, 0..60),
        calm in 1..5_usize,
    ) {
        let points = points(&scores);
        let outside = |point: &Point| point.score > point.limit;
        let found = episodes(&points, outside, calm);
        let count = points.iter().filter(|point| outside(point)).count() as u64;
        prop_assert_eq!(found.iter().map(|e| e.periods).sum::<u64>(), count);
        for pair in found.windows(2) {
            prop_assert!(pair[1].since - pair[0].until > calm as i64);
            prop_assert!(!pair[0].still);
        }
        for episode in &found {
            prop_assert!(episode.since <= episode.until && outside(&episode.worst));
        }
        if let Some(last) = found.last() {
            let quiet = scores.len() as i64 - 1 - last.until;
            prop_assert_eq!(last.still, quiet < calm as i64);
        }
    }

    /// Whatever is measured, in another unit and from another zero the scores are the same.
    #[test]
    fn scores_have_no_unit(
        days in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 2..9), 6..20),
        scale in 0.1..50.0_f64,
        shift in -20.0..20.0_f64,
        lambda in 0.05..1.0_f64,
    ) {
        let judged = |change: &dyn Fn(f64) -> f64| {
            let day = |calls: &Vec<f64>| calls.iter().map(|x| change(*x)).collect::<Moments>();
            let days: Vec<(i64, Moments)> = (0..).zip(days.iter().map(day)).collect();
            Chart { lambda, widening: Widening::Widest, ..plain() }.judge(&days)
        };
        let (Ok(a), Ok(b)) = (judged(&|x| x), judged(&|x| shift + scale * x)) else {
            return Ok(());
        };
        for (a, b) in a.points.iter().zip(&b.points) {
            prop_assert!((a.score - b.score).abs() < 1e-6 && (a.limit - b.limit).abs() < 1e-6);
            prop_assert!(a.limit.is_finite() && a.limit > 0.0);
        }
    }
}
