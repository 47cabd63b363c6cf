use super::*;
use crate::analytics::Estimate;
use crate::analytics::triggers::write_json_lines;
use crate::features::Lang;
use crate::model::testing::{number, table, trained, vector};
use crate::model::{Predictor, TrainOptions, Validation};

/// 2026-01-05, a Monday: `date -u -d 2026-01-05 +%s` / 86400.
const MONDAY: i64 = 20_458;

fn columns() -> Vec<String> {
    ["operator_id", "queue_name"].map(String::from).to_vec()
}

fn call(line: u64, day: i64, queue: &str, csi: f64) -> CallRow {
    let mut row = CallRow::new(format!("c{line}"));
    row.line = line;
    row.time = Some(Moment((MONDAY + day) * 86_400 + 43_200));
    row.columns = vec![None, Some(queue.to_owned())];
    row.estimate = Some(Estimate {
        csi,
        satisfied: 0.5,
        dissatisfied: None,
    });
    row
}

/// Ten calls a day that are 1 below and 1 above a mean.
fn day(into: &mut Vec<CallRow>, day: i64, queue: &str, mean: f64) {
    for i in 0..10 {
        let csi = if i % 2 == 0 { mean - 1.0 } else { mean + 1.0 };
        into.push(call(into.len() as u64, day, queue, csi));
    }
}

fn watched(rules: &str, model: Option<&Model>, calls: &[CallRow]) -> Watched {
    let rules = Rules::parse("rules.toml", rules).unwrap();
    let mut watch = Watch::new(&rules, &columns(), model, &LabelScale::ONE_TO_FIVE).unwrap();
    calls.iter().for_each(|call| watch.push(call));
    watch.finish()
}

const XBAR: &str = r#"
[[group]]
name = "queue"
by = "queue_name"
mean = "csi"
chart = "xbar"
"#;

/// 28 days of mean 4: σ² = 10 / 9, N = 280, no day differs. Then of 10 calls with mean 2.5
/// z = −1.5 / (1.0541 / √10) = −4.5, and the limit is 3 √(1 + 10 / 280) = 3.0531 or 4 − 3.0531 / 3 = 2.9823.
#[test]
fn a_bad_stretch_of_a_queue_is_told_once_with_its_worst_day() {
    let mut calls = Vec::new();
    for (at, mean) in [4.0; 28]
        .into_iter()
        .chain([4.0, 2.8, 4.0, 2.5, 4.0, 4.0, 4.0])
        .enumerate()
    {
        day(&mut calls, at as i64, "loans", mean);
        day(&mut calls, at as i64, "cards", 4.0);
    }
    let found = watched(XBAR, None, &calls);
    assert_eq!(found.idle, []);
    let [alert] = found.alerts.as_slice() else {
        panic!("{:?}", found.alerts);
    };
    assert_eq!(
        alert.about,
        About::Group {
            column: "queue_name".into(),
            group: "loans".into()
        }
    );
    // The days 29 and 31, with one quiet day between them.
    assert_eq!(
        (alert.since.as_deref(), alert.until.as_deref(), alert.still),
        (Some("2026-02-03"), Some("2026-02-05"), false)
    );
    let near = |found: Option<f64>, wanted: f64| {
        assert!((found.unwrap() - wanted).abs() < 1e-4, "{found:?}")
    };
    near(alert.value, 2.5);
    near(alert.limit, 2.9823);
    near(alert.baseline, 4.0);
    assert_eq!(alert.n, Some(10));
    let Evidence::Chart {
        score,
        score_limit,
        spread,
        periods,
        baseline_calls,
        ..
    } = &alert.evidence
    else {
        panic!("{:?}", alert.evidence);
    };
    near(Some(*score), -4.5);
    near(Some(*score_limit), 3.0531);
    assert_eq!((*spread, *periods, *baseline_calls), (1.0, 2, 280));
    assert_eq!(
        alert.sentence(Lang::En),
        "queue_name loans: mean expected mark: 2.5 (2026-02-05, 10 calls), below the limit of 3.0; \
         before it was 4.0 (280 calls); from 2026-02-03 to 2026-02-05"
    );
    assert_eq!(
        alert.sentence(Lang::Ru),
        "queue_name loans: средняя ожидаемая оценка: 2,5 (2026-02-05, звонков: 10), ниже границы 3,0; \
         раньше было 4,0 (звонков: 280); с 2026-02-03 по 2026-02-05"
    );
    // Whatever the order of the calls, and up alone finds nothing.
    calls.reverse();
    let reversed = watched(XBAR, None, &calls).alerts;
    assert_eq!(reversed.len(), 1);
    assert_eq!(
        (&reversed[0].since, &reversed[0].until),
        (&alert.since, &alert.until)
    );
    near(reversed[0].limit, 2.9823);
    assert_eq!(
        watched(&format!("{XBAR}side = \"above\""), None, &calls).alerts,
        []
    );
    // The whole archive, and the half of it that has no bad day.
    let all = watched(&XBAR.replace("by = \"queue_name\"", ""), None, &calls).alerts;
    assert!(all.iter().all(|alert| alert.about == About::Archive) && !all.is_empty());
    let cards = format!("{XBAR}where = 'queue_name = \"cards\"'");
    assert_eq!(watched(&cards, None, &calls).alerts, []);
}

/// Just above a limit is not told as the limit.
#[test]
fn sentences_tell_values_from_limits() {
    let alert = Alert {
        rule: "r".into(),
        kind: Kind::Group,
        severity: crate::analytics::triggers::Severity::Notice,
        about: About::Archive,
        measure: "agent_response_latency_median_s".into(),
        since: Some("2026-01-05".into()),
        until: Some("2026-01-05".into()),
        still: false,
        value: Some(0.1262),
        limit: Some(0.1257),
        baseline: Some(0.2),
        n: Some(19),
        evidence: Evidence::Chart {
            worst: "2026-01-05".into(),
            mean: 0.11,
            score: -3.1,
            score_limit: 3.0,
            spread: 1.0,
            periods: 1,
            baseline_periods: 28,
            baseline_calls: 321,
            smoothed: true,
        },
    };
    assert_eq!(
        alert.sentence(Lang::En),
        "all calls: agent's time to reply, median: smoothed 0.1262 s (of 2026-01-05 alone 0.1 s, 19 calls), below the \
         limit of 0.1257 s; before it was 0.2000 s (321 calls); on 2026-01-05"
    );
}

#[test]
fn small_groups_are_never_judged() {
    let mut calls = Vec::new();
    for at in 0..60 {
        for i in 0..9 {
            let mean = if at < 30 { 4.5 } else { 1.5 };
            calls.push(call(
                calls.len() as u64,
                at,
                "loans",
                mean + 0.1 * f64::from(i % 3),
            ));
        }
    }
    let found = watched(XBAR, None, &calls);
    assert_eq!(found.alerts, []);
    let few = Why::TooFewCalls {
        measure: "csi".into(),
        groups: 1,
        of: 1,
    };
    assert_eq!(
        found.idle.iter().map(|idle| &idle.why).collect::<Vec<_>>(),
        [&few]
    );
    assert!(
        !watched(&format!("{XBAR}smallest = 9"), None, &calls)
            .alerts
            .is_empty()
    );
}

#[test]
fn the_latest_calls_are_told_and_those_beyond_are_counted() {
    let rules = "[[call]]\nname = \"low\"\nwhen = \"csi < 3\"\nmost = 2";
    let mut calls: Vec<CallRow> = (0..5).map(|i| call(i, i as i64, "loans", 2.0)).collect();
    calls.push(call(9, 9, "loans", 3.0));
    let ids = |found: &Watched| -> Vec<String> {
        let about = found.alerts.iter().map(|alert| match &alert.about {
            About::Call { call } => call.clone(),
            other => panic!("{other:?}"),
        });
        about.collect()
    };
    for turned in [false, true] {
        if turned {
            calls.reverse();
        }
        let found = watched(rules, None, &calls);
        assert_eq!(ids(&found), ["c3", "c4"]);
        assert_eq!(
            found.beyond,
            [Beyond {
                rule: "low".into(),
                calls: 3
            }]
        );
        assert_eq!(
            found.alerts[0].since.as_deref(),
            Some("2026-01-08T12:00:00")
        );
    }
    let mut lines = Vec::new();
    write_json_lines(&watched(rules, None, &calls).alerts, Lang::Ru, &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let first = lines.lines().next().unwrap();
    assert_eq!(
        first,
        "{\"rule\":\"low\",\"kind\":\"call\",\"severity\":\"notice\",\"about\":{\"call\":\"c3\"},\
         \"measure\":\"csi < 3\",\"since\":\"2026-01-08T12:00:00\",\"until\":\"2026-01-08T12:00:00\",\
         \"still\":false,\"value\":null,\"limit\":null,\"baseline\":null,\"n\":null,\
         \"evidence\":{\"csi\":2.0},\"sentence\":\"звонок c3: ожидаемая оценка 2,0 (csi < 3)\"}"
    );
}

#[test]
fn an_operator_is_compared_with_the_operators_own_past() {
    let pace = "agent_speech_speed_words_all_call_mean";
    let mut calls = Vec::new();
    for at in 0..60 {
        // One speaks fast and always did; the other becomes faster after day 40.
        for (operator, mean) in [("17", 3.5), ("18", if at < 40 { 2.5 } else { 3.0 })] {
            for i in 0..10 {
                let mut row = call(calls.len() as u64, at, "loans", 4.0);
                row.columns[0] = Some(operator.to_owned());
                row.features = vector(&[(pace, number(mean + 0.4 * f64::from(i % 3) - 0.4))]);
                calls.push(row);
            }
        }
    }
    let found = watched("[[operator]]\nname = \"strain\"", None, &calls);
    let [alert] = found.alerts.as_slice() else {
        panic!("{:?}", found.alerts);
    };
    assert_eq!(
        alert.about,
        About::Group {
            column: "operator_id".into(),
            group: "18".into()
        }
    );
    assert_eq!(
        (alert.kind, alert.still, alert.measure.as_str()),
        (Kind::Operator, true, pace)
    );
    assert!(
        alert
            .sentence(Lang::En)
            .ends_with("worth a conversation, not a verdict")
    );
    assert!(
        alert
            .sentence(Lang::Ru)
            .ends_with("повод поговорить, а не приговор")
    );
    // The two other measurements are in no call.
    let told: Vec<String> = found
        .idle
        .iter()
        .map(|idle| idle.sentence(Lang::En))
        .collect();
    assert_eq!(
        told,
        [
            "no call has a value of agent_interruptions_count",
            "no call has a value of agent_response_latency_median_s"
        ]
    );
}

#[test]
fn what_a_rule_cannot_say_is_said() {
    let rules = Rules::parse(
        "rules.toml",
        r#"
        columns = ["queue_nam"]
        [[call]]
        name = "a"
        when = 'queue_nam = "x"'
        [[call]]
        name = "b"
        when = "queue_wait_s > 60"
        [[group]]
        name = "c"
        mean = "csi"
        [[group]]
        name = "e"
        by = "operator_id"
        mean = "csi"
        [[data]]
        name = "d"
        "#,
    )
    .unwrap();
    let mut watch = Watch::new(&rules, &columns(), None, &LabelScale::ONE_TO_FIVE).unwrap();
    let mut row = call(1, 0, "loans", 2.0);
    watch.push(&row);
    assert!(watch.finish().idle.contains(&Idle {
        rule: "e".into(),
        why: Why::NoValues("operator_id".into()),
    }));
    let mut watch = Watch::new(&rules, &columns(), None, &LabelScale::ONE_TO_FIVE).unwrap();
    row.time = None;
    watch.push(&row);
    let idle = watch.finish().idle;
    let told: Vec<(&str, &Why)> = idle
        .iter()
        .map(|idle| (idle.rule.as_str(), &idle.why))
        .collect();
    assert_eq!(
        told,
        [
            (
                "a",
                &Why::NoColumn("queue_nam".into(), Some("queue_name".into()))
            ),
            ("d", &Why::NoModel),
            ("b", &Why::NoValues("queue_wait_s".into())),
            ("c", &Why::NoTimes),
            ("e", &Why::NoTimes),
        ]
    );
    for idle in &idle {
        for lang in Lang::ALL {
            assert!(!idle.sentence(lang).is_empty());
        }
    }
    let twice = ["a", "a"].map(String::from);
    assert!(Watch::new(&rules, &twice, None, &LabelScale::ONE_TO_FIVE).is_err());
}

/// The indexes of scipy, as two relative entropies (`tests/oracle/triggers.py`).
#[test]
fn the_stability_index_is_that_of_scipy() {
    let oracle: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/oracle/triggers.json")).unwrap();
    for case in oracle["indexes"].as_array().unwrap() {
        let counts = |key: &str| -> Vec<u64> {
            case[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|x| x.as_u64().unwrap())
                .collect()
        };
        let then = counts("then");
        let profile = Profile {
            feature: "hold_count".into(),
            bins: Bins::Number {
                edges: (0..then.len() - 2).map(|x| x as f64).collect(),
                low: 0.0,
                high: 1.0,
            },
            counts: then,
        };
        let found = profile.stability_index(&counts("now")).unwrap();
        assert!(
            (found - case["index"].as_f64().unwrap()).abs() < 1e-12,
            "{found}"
        );
    }
}

#[test]
fn data_that_drift_from_the_training_are_told_by_window() {
    let rows = table(2_000);
    let options = TrainOptions {
        validation: Validation::HoldOut { share: 0.2 },
        ..TrainOptions::default()
    };
    let model = trained(&rows, &options).unwrap();
    let predictor = Predictor::new(model.clone());
    let archive = |late: f64| -> Vec<CallRow> {
        let rows = rows.iter().take(1_800).enumerate();
        rows.map(|(i, (features, _))| {
            let mut row = CallRow::new(format!("c{i}"));
            let day = i as i64 / 20;
            row.time = Some(Moment((MONDAY + day) * 86_400));
            row.columns = vec![None, None];
            row.features = features.clone();
            if day >= 62 {
                // The last 28 of 90 days: all have waited longer.
                let wait = row.number("queue_wait_s").unwrap() + late;
                row.features =
                    vector(&[("queue_wait_s", number(wait)), ("hold_count", number(1.0))]);
            }
            if late == 0.0 {
                row.features = features.clone();
            }
            let prediction = predictor.predict(&row.features);
            row.estimate = Some(Estimate {
                csi: prediction.csi,
                satisfied: prediction.satisfied,
                dissatisfied: prediction.dissatisfied,
            });
            row
        })
        .collect()
    };
    let rules =
        "[[data]]\nname = \"drift\"\nfeatures = [\"queue_wait_s\", \"agent_longest_turn_s\"]\n";
    let found = watched(rules, Some(&model), &archive(0.0));
    assert_eq!(found.alerts, []);
    assert_eq!(
        found.idle.iter().map(|idle| &idle.why).collect::<Vec<_>>(),
        [&Why::NoProfile("agent_longest_turn_s".into())]
    );
    let found = watched(rules, Some(&model), &archive(200.0));
    let told: Vec<&str> = found
        .alerts
        .iter()
        .map(|alert| alert.measure.as_str())
        .collect();
    assert_eq!(told, ["queue_wait_s", "satisfied"]);
    // 90 days end on 2026-04-04, the last 28 of them begin on 2026-03-08.
    let wait = &found.alerts[0];
    assert_eq!(
        (
            wait.since.as_deref(),
            wait.until.as_deref(),
            wait.still,
            wait.n
        ),
        (Some("2026-03-08"), Some("2026-04-04"), true, Some(560))
    );
    assert!(wait.value.unwrap() > 0.2);
    let Evidence::Shares { then, now, .. } = &wait.evidence else {
        panic!("{:?}", wait.evidence);
    };
    assert!(
        (then.iter().sum::<f64>() - 1.0).abs() < 1e-9
            && (now.iter().sum::<f64>() - 1.0).abs() < 1e-9
    );
}

#[test]
fn the_default_rules_run_on_results_of_the_bundled_model() {
    let predictor = Predictor::builtin().unwrap();
    let rules = Rules::default_rules().unwrap();
    let scale = predictor.model().label();
    for columns in [columns(), Vec::new()] {
        let mut watch = Watch::new(&rules, &columns, Some(predictor.model()), scale).unwrap();
        for (i, (features, mark)) in table(1_200).iter().enumerate() {
            let mut row = call(i as u64, i as i64 / 20, "loans", 0.0);
            row.columns.truncate(columns.len());
            row.features = features.clone();
            row.mark = Some(*mark);
            let prediction = predictor.predict(features);
            row.estimate = Some(Estimate {
                csi: prediction.csi,
                satisfied: prediction.satisfied,
                dissatisfied: prediction.dissatisfied,
            });
            watch.push(&row);
        }
        let found = watch.finish();
        let no_column = |idle: &&Idle| matches!(idle.why, Why::NoColumn(..));
        let idle = found.idle.iter().filter(no_column).count();
        assert_eq!(idle, if columns.is_empty() { 4 } else { 0 });
        assert!(
            !found
                .idle
                .iter()
                .any(|idle| matches!(idle.why, Why::NoModel | Why::NoProfile(_)))
        );
        // Only 3 of the 42 measurements of the model are in this table.
        assert!(found.alerts.iter().any(|alert| alert.kind == Kind::Data));
        for alert in &found.alerts {
            for lang in Lang::ALL {
                let line = alert.to_json(lang);
                assert!(
                    !line.contains('\n') && line.contains("\"sentence\":\""),
                    "{line}"
                );
                serde_json::from_str::<serde_json::Value>(&line).unwrap();
            }
        }
    }
}
