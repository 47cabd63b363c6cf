//! Against scipy and statsmodels; tolerance 1e-6, as statrs searches for quantiles of t.

use super::*;
use crate::model::marks::spearman;
use serde_json::Value;

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../../tests/oracle/analytics.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn pair(value: &Value) -> (u64, u64) {
    (value[0].as_u64().unwrap(), value[1].as_u64().unwrap())
}

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!(
        (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
        "{found}, wanted {wanted}"
    );
}

#[track_caller]
fn same_ends(found: Option<Range>, wanted: &Value) {
    let (found, wanted) = (found.unwrap(), list(wanted));
    near(found.low, wanted[0]);
    near(found.high, wanted[1]);
}

#[test]
fn means_have_the_intervals_of_statsmodels() {
    for case in oracle()["means"].as_array().unwrap() {
        let moments: Moments = list(&case["x"]).into_iter().collect();
        same_ends(Figure::mean(&moments).unwrap().range, &case["range"]);
    }
    assert_eq!(Figure::mean(&Moments::default()), None);
    assert_eq!(
        Figure::mean(&[3.0].into_iter().collect()).unwrap().range,
        None
    );
}

#[test]
fn shares_have_the_intervals_of_statsmodels() {
    for case in oracle()["shares"].as_array().unwrap() {
        let count = |key: &str| case[key].as_u64().unwrap();
        same_ends(
            Figure::share(count("hits"), count("calls")).unwrap().range,
            &case["range"],
        );
    }
    assert_eq!(Figure::share(0, 0), None);
}

#[test]
fn differences_of_means_are_those_of_scipy() {
    for case in oracle()["differences"].as_array().unwrap() {
        let moments = |key: &str| list(&case[key]).into_iter().collect::<Moments>();
        let (a, b) = (moments("a"), moments("b"));
        same_ends(difference_of_means(&a, &b).unwrap().range, &case["range"]);
        let wanted = case["detectable"].as_f64().unwrap();
        let found = detectable_difference(&a, &b).unwrap();
        // statsmodels counts the far side of the test too, which is less than 1e-6 of the power.
        assert!(
            (found - wanted).abs() < 1e-4 * wanted,
            "{found}, wanted {wanted}"
        );
    }
}

#[test]
fn two_shares_are_compared_as_statsmodels_does() {
    for case in oracle()["two_shares"].as_array().unwrap() {
        let (a, b) = (pair(&case["a"]), pair(&case["b"]));
        same_ends(
            difference_of_shares(a, b).unwrap().range,
            &case["difference"],
        );
        near(same_share(a, b).unwrap(), case["same"].as_f64().unwrap());
        match &case["ratio"] {
            Value::Null => assert_eq!(ratio_of_shares(a, b), None),
            ratio => same_ends(ratio_of_shares(a, b).unwrap().range, ratio),
        }
    }
    assert_eq!(same_share((0, 5), (0, 9)), None);
}

#[test]
fn rank_correlations_have_the_interval_of_bonett_and_wright() {
    for case in oracle()["ranks"].as_array().unwrap() {
        let pairs: Vec<(f64, f64)> = list(&case["x"]).into_iter().zip(list(&case["y"])).collect();
        let r = spearman(&pairs).unwrap();
        near(r, case["r"].as_f64().unwrap());
        same_ends(
            rank_correlation_range(r, pairs.len() as u64),
            &case["range"],
        );
    }
    let certain = rank_correlation_range(1.0, 10).unwrap();
    assert_eq!((certain.low, certain.high), (1.0, 1.0));
    assert_eq!(rank_correlation_range(0.5, 3), None);
}

#[test]
fn probabilities_are_adjusted_as_statsmodels_does() {
    let case = &oracle()["discovery"];
    for (found, wanted) in false_discovery(&list(&case["p"]))
        .into_iter()
        .zip(list(&case["adjusted"]))
    {
        near(found, wanted);
    }
    assert!(false_discovery(&[]).is_empty());
}
