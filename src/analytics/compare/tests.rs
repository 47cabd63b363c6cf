//! Against statsmodels and scipy (`tests/oracle/compare.py`), tolerance 1e-6, as statrs searches for
//! quantiles of t; and on archives whose truth is known.

use super::*;
use crate::analytics::{Estimate, Moment};
use crate::features::{Absence, FeatureVector, Lang};
use crate::simulate::planted::{COLUMNS, Planted, PlantedSettings};
use serde_json::Value as Json;

fn oracle() -> Json {
    serde_json::from_str(include_str!("../../../tests/oracle/compare.json")).unwrap()
}

fn list(value: &Json) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|x| x.as_f64().unwrap()).collect()
}

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!(
        (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
        "{found}, wanted {wanted}"
    );
}

/// Gathers rows of covariates and an outcome, those before `first` on the first side.
fn sides(rows: &[Vec<f64>], first: usize) -> [CoMoments; 2] {
    let (a, b) = rows.split_at(first);
    [a, b].map(|rows| {
        let mut moments = CoMoments::new(rows[0].len());
        rows.iter().for_each(|row| moments.push(row));
        moments
    })
}

#[test]
fn adjusted_differences_are_those_of_least_squares() {
    for case in oracle()["adjusted"].as_array().unwrap() {
        let y = list(&case["y"]);
        let x: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(list).collect();
        let width = x[0].len();
        let first = case["sizes"][0].as_u64().unwrap() as usize;
        let rows = |extra: &dyn Fn(&[f64]) -> Vec<f64>| -> Vec<Vec<f64>> {
            let rows = x.iter().zip(&y);
            rows.map(|(x, y)| [x.clone(), extra(x), vec![*y]].concat())
                .collect()
        };
        let [a, b] = sides(&rows(&|_| Vec::new()), first);
        let found = adjust(&a, &b, width, width).unwrap();
        near(found.difference.value, case["value"].as_f64().unwrap());
        let wanted = list(&case["range"]);
        let range = found.difference.range.unwrap();
        near(range.low, wanted[0]);
        near(range.high, wanted[1]);
        near(found.detectable, case["detectable"].as_f64().unwrap());
        near(found.removed, case["removed"].as_f64().unwrap());
        assert_eq!(found.covariates, width as u64);
        // A constant, the same again, and the sum of all with another unit say nothing new.
        let more = rows(&|x| vec![7.0, x[0], 60.0 * x.iter().sum::<f64>() + 1.0]);
        let [a, b] = sides(&more, first);
        let same = adjust(&a, &b, width + 3, width + 3).unwrap();
        near(same.difference.value, found.difference.value);
        near(same.detectable, found.detectable);
        assert_eq!(same.covariates, found.covariates);
    }
}

/// Zero for what is absent, with the indicator, is as good as the mean.
#[test]
fn absent_values_count_as_the_mean() {
    let value = |i: usize| ((i * 37) % 101) as f64 / 10.0;
    let absent = |i: usize| i.is_multiple_of(7);
    let known: Moments = (0..200).filter(|i| !absent(*i)).map(value).collect();
    let rows = |instead: f64| -> Vec<Vec<f64>> {
        let row = |i: usize| {
            let x = if absent(i) { instead } else { value(i) };
            let noise = ((i * 53) % 97) as f64 / 40.0;
            vec![x, f64::from(u8::from(absent(i))), value(i) + noise]
        };
        (0..200).map(row).collect()
    };
    let found = [0.0, known.mean().unwrap()].map(|instead| {
        let [a, b] = sides(&rows(instead), 90);
        adjust(&a, &b, 2, 2).unwrap()
    });
    near(found[0].difference.value, found[1].difference.value);
    near(found[0].detectable, found[1].detectable);
    assert_eq!(found[0].covariates, 2);
}

#[test]
fn too_few_calls_are_not_adjusted() {
    let rows: Vec<Vec<f64>> = (0..11)
        .map(|i| vec![f64::from(i % 3), f64::from(i)])
        .collect();
    let [a, b] = sides(&rows, 5);
    assert_eq!(adjust(&a, &b, 1, 1), None);
    let [a, b] = [CoMoments::new(2), CoMoments::new(2)];
    assert_eq!(adjust(&a, &b, 1, 1), None);
}

#[test]
fn mixes_and_balance_are_those_of_scipy() {
    let oracle = oracle();
    for case in oracle["tables"].as_array().unwrap() {
        let rows = case["table"].as_array().unwrap().iter();
        let counts: Vec<[u64; 2]> = rows
            .map(|row| [0, 1].map(|i| row[i].as_u64().unwrap()))
            .collect();
        let (v, p) = association(&counts).unwrap();
        near(v, case["v"].as_f64().unwrap());
        near(p / case["p"].as_f64().unwrap(), 1.0);
    }
    assert_eq!(association(&[[3, 4]]), None);
    assert_eq!(association(&[[3, 0], [4, 0]]), None);
    for case in oracle["standardised"].as_array().unwrap() {
        let [a, b]: [Moments; 2] = ["a", "b"].map(|side| list(&case[side]).into_iter().collect());
        near(
            standardised_difference(&a, &b).unwrap(),
            case["d"].as_f64().unwrap(),
        );
    }
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A call of a queue with an operator: its side, queue, operator, day, wait.
fn call(number: u64, of: [&str; 3], day: i64, wait: f64) -> CallRow {
    let mut row = CallRow::new(format!("call-{number}"));
    row.columns = of.map(|value| Some(value.to_owned())).to_vec();
    row.time = Some(Moment(day * 86_400));
    let value = Value::Number(wait);
    row.features = FeatureVector::from_named([("queue_wait_s", value)], Absence::NotGiven).unwrap();
    let csi = 3.0 + (number % 10) as f64 / 10.0;
    row.estimate = Some(Estimate {
        csi,
        satisfied: csi / 5.0,
        dissatisfied: None,
    });
    row
}

fn compared(
    rows: &[CallRow],
    column: &str,
    sides: [&str; 2],
    ratio: Option<(f64, f64)>,
) -> Comparison {
    let columns = named(&["side", "queue_name", "operator_id"]);
    let options = CompareOptions {
        ratio,
        ..CompareOptions::default()
    };
    let mut compare = Compare::new(&columns, column, sides[0], sides[1], options).unwrap();
    rows.iter().for_each(|row| compare.push(row).unwrap());
    compare.finish().unwrap()
}

/// 100 calls a side; all is alike but what each case changes.
fn calls(change: impl Fn(u64, bool) -> (&'static str, &'static str, i64, f64)) -> Vec<CallRow> {
    let call = |number: u64| {
        let b = number >= 100;
        let (queue, operator, day, wait) = change(number % 100, b);
        call(
            number,
            [if b { "b" } else { "a" }, queue, operator],
            day,
            wait,
        )
    };
    (0..200).map(call).collect()
}

fn plain(number: u64) -> (&'static str, &'static str, i64, f64) {
    let queue = if number < 50 { "cards" } else { "loans" };
    (
        queue,
        ["x", "y", "z"][number as usize % 3],
        (number % 7) as i64,
        number as f64,
    )
}

#[test]
fn sides_that_are_alike_are_not_warned_of() {
    let rows = calls(|number, _| plain(number));
    let found = compared(&rows, "side", ["a", "b"], Some((1.0, 1.0)));
    assert_eq!(found.warnings, []);
    assert_eq!((found.a.calls, found.b.calls, found.others), (100, 100, 0));
    let csi = &found.outcomes[0];
    // The mean of 3.0, 3.1 … 3.9 on either side.
    near(csi.a.unwrap().value, 3.45);
    near(csi.difference.unwrap().value, 0.0);
    assert!(matches!(csi.verdict(), Verdict::NotFound(_)));
    // The model tells no dissatisfied, nobody answered, no customer is known.
    assert!(found.outcomes[2].a.is_none() && found.outcomes[2].adjusted.is_none());
    assert!(found.outcomes[3].difference.is_none());
    assert_eq!(found.outcomes[3].verdict(), Verdict::Unknown);
    assert!(csi.by_customer.is_none());
}

#[test]
fn every_unfairness_is_warned_of() {
    // Waits of 0 to 99 have the variance 841.67; 5 more are 5 / 29.01 = 0.172 of it.
    let rows = calls(|number, b| {
        let (queue, operator, day, wait) = plain(number);
        (queue, operator, day, wait + if b { 5.0 } else { 0.0 })
    });
    match &compared(&rows, "side", ["a", "b"], None).warnings[..] {
        [
            Warning::Unequal {
                feature,
                word: None,
                standardised,
                ..
            },
        ] => {
            assert_eq!(feature, "queue_wait_s");
            near(*standardised, 5.0 / (841.0 + 2.0 / 3.0f64).sqrt());
        }
        other => panic!("{other:?}"),
    }
    // 50 of 100 and 80 of 100: V = |0.5 − 0.8| / 2 / √(0.65 · 0.35).
    let rows = calls(|number, b| {
        let (_, operator, day, wait) = plain(number);
        let queue = if number < if b { 80 } else { 50 } {
            "cards"
        } else {
            "loans"
        };
        (queue, operator, day, wait)
    });
    match &compared(&rows, "side", ["a", "b"], None).warnings[..] {
        [Warning::Mix { column, v }] => {
            assert_eq!(column, "queue_name");
            near(*v, 0.15 / (0.65 * 0.35f64).sqrt());
        }
        other => panic!("{other:?}"),
    }
    // Days 0 to 6 and 5 to 11: of a the days 5 and 6, 14 + 14 calls; of b the days 5 and 6, 15 + 15.
    let rows = calls(|number, b| {
        let (queue, operator, day, wait) = plain(number);
        (queue, operator, day + if b { 5 } else { 0 }, wait)
    });
    let found = compared(&rows, "side", ["a", "b"], None);
    let within = Warning::Times {
        a_within: 0.28,
        b_within: 0.3,
    };
    assert_eq!(found.warnings, [within]);
    let rows = calls(|number, b| {
        let (queue, _, day, wait) = plain(number);
        (queue, if b { "x" } else { "y" }, day, wait)
    });
    let found = compared(&rows, "side", ["a", "b"], None);
    assert_eq!(found.warnings[0], Warning::OperatorsDivided { a: 1, b: 1 });
    let found = compared(&rows, "operator_id", ["x", "y"], None);
    assert!(found.warnings.contains(&Warning::ByOperator));
    // chi-squared of 100 and 100 against 3 : 2 is 400/120 + 400/80 = 8.3, p = 0.004; against 2 : 1,
    // 33.3²/133.3 + 33.3²/66.7 = 25, p = 6e-7.
    assert_eq!(
        compared(
            &calls(|n, _| plain(n)),
            "side",
            ["a", "b"],
            Some((3.0, 2.0))
        )
        .warnings,
        []
    );
    let found = compared(
        &calls(|n, _| plain(n)),
        "side",
        ["a", "b"],
        Some((2.0, 1.0)),
    );
    assert!(matches!(found.warnings[..], [Warning::Ratio { found, .. }] if found == 0.5));
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_there_is() {
    let columns = named(&["side", "queue_name", "operator_id"]);
    let new = |column, a, b, options| Compare::new(&columns, column, a, b, options);
    let error = new("sides", "a", "b", CompareOptions::default()).unwrap_err();
    assert!(error.to_string().contains("queue_name"), "{error}");
    assert!(new("side", "a", "a", CompareOptions::default()).is_err());
    let options = CompareOptions {
        ratio: Some((1.0, f64::NAN)),
        ..CompareOptions::default()
    };
    assert!(new("side", "a", "b", options).is_err());
    let mut compare = new("side", "a", "B", CompareOptions::default()).unwrap();
    for row in calls(|number, _| plain(number)) {
        compare.push(&row).unwrap();
    }
    let mut row = call(500, ["a", "cards", "x"], 0, 1.0);
    row.mark = Some(7);
    assert!(compare.push(&row).is_err());
    let error = compare.finish().unwrap_err();
    assert_eq!(error.hint_text(), Some("other values are b"));
}

fn planted(seed: u64, calls: u64, column: &str, sides: [&str; 2]) -> Comparison {
    let columns = COLUMNS.map(str::to_owned);
    let mut options = CompareOptions::default();
    options.bootstrap.resamples = 200;
    let mut compare = Compare::new(&columns, column, sides[0], sides[1], options).unwrap();
    let archive = Planted::new(PlantedSettings::seeded(seed)).unwrap();
    for row in archive.rows(calls) {
        compare.push(&row).unwrap();
    }
    compare.finish().unwrap()
}

/// Of 40 archives 38 intervals hold the truth in the mean; fewer than 34 would be chance three times in
/// a thousand.
#[test]
fn intervals_hold_what_was_planted() {
    let (mut nothing, mut by_customer, mut effect) = (0, 0, 0);
    let truth = Planted::new(PlantedSettings::seeded(0)).unwrap().truth();
    for seed in 0..40 {
        let coin = planted(seed, 2_000, "coin", ["heads", "tails"]);
        let csi = &coin.outcomes[0];
        let adjusted = csi.adjusted.unwrap();
        nothing += u32::from(adjusted.difference.range.unwrap().holds(0.0));
        by_customer += u32::from(csi.by_customer.unwrap().holds(0.0));
        let width = |range: Range| range.high - range.low;
        let (raw, adjusted) = (csi.difference.unwrap(), adjusted.difference);
        assert!(width(adjusted.range.unwrap()) < 0.95 * width(raw.range.unwrap()));
        let variant = planted(seed, 2_000, "variant", ["A", "B"]);
        let range = variant.outcomes[0].adjusted.unwrap().difference.range;
        effect += u32::from(range.unwrap().holds(truth.variant_effect));
    }
    assert!(nothing >= 34, "{nothing}");
    assert!(by_customer >= 34, "{by_customer}");
    assert!(effect >= 34, "{effect}");
}

#[test]
fn it_is_told_in_both_languages() {
    let found = planted(1, 3_000, "coin", ["heads", "tails"]);
    let [en, ru] = Lang::ALL.map(|lang| found.text(lang));
    assert!(en.contains("No difference found; one of 0."), "{en}");
    assert!(ru.contains("Разницы не видно; разница в 0,"), "{ru}");
    assert_eq!(en.lines().count(), ru.lines().count());
    let figures = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    assert_eq!(figures(&en), figures(&ru));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["outcomes"][0]["measure"], "csi");
    assert_eq!(json["a"]["value"], "heads");
    assert!(json["outcomes"][0]["adjusted"]["difference"]["low"].is_number());
}
