use super::*;
use crate::analytics::Moments;
use std::collections::HashMap;

fn archive(seed: u64) -> Planted {
    Planted::new(PlantedSettings::seeded(seed)).unwrap()
}

fn column<'a>(row: &'a CallRow, name: &str) -> Option<&'a str> {
    let place = COLUMNS.iter().position(|column| *column == name).unwrap();
    row.columns[place].as_deref()
}

#[test]
fn a_call_is_the_same_whoever_came_before_it() {
    let (one, other) = (archive(3), archive(3));
    let rows: Vec<String> = one.rows(60).map(|row| format!("{row:?}")).collect();
    for at in [59, 17, 0, 58] {
        assert_eq!(format!("{:?}", other.call(at).row), rows[at as usize]);
    }
    assert_ne!(format!("{:?}", archive(4).call(0).row), rows[0]);
}

#[test]
fn settings_out_of_range_are_named() {
    let mut settings = PlantedSettings::default();
    settings.check().unwrap();
    settings.rare_operators = 60;
    assert_eq!(
        settings.check().unwrap_err().place(),
        "planted.rare_operators"
    );
    settings.rare_operators = 0;
    settings.deaf = f64::NAN;
    assert_eq!(settings.check().unwrap_err().place(), "planted.deaf");
}

/// Values lie in the bounds of their units; no feature is lost to a wrong name.
#[test]
fn features_are_those_of_the_catalogue_and_in_range() {
    for call in (0..2_000).map(|index| archive(1).call(index)) {
        let row = call.row;
        assert_eq!(row.columns.len(), COLUMNS.len());
        assert!(row.word("ivr_status").is_some());
        let agent = column(&row, "operator_id").is_some();
        assert_eq!(row.number("agent_backchannel_rate").is_some(), agent);
        for (feature, value) in row.features.iter() {
            if let (Some((low, high)), Ok(Value::Number(x))) = (feature.unit.bounds(), value) {
                assert!((low..=high).contains(x), "{}: {x}", feature.name);
            }
        }
        let steps = row.ivr_steps.map(|steps| steps.len() as f64);
        let counted = row.features.get("ivr_step_count").unwrap().as_ref().ok();
        assert_eq!(steps.map(Value::Number).as_ref(), counted);
        assert_eq!(row.estimate.is_none(), row.abandoned == Some(true));
    }
}

/// Each share within four standard errors of the settings.
#[test]
fn rates_are_those_of_the_settings() {
    let archive = archive(2);
    let settings = archive.settings();
    let near = |hits: f64, calls: f64, wanted: f64| {
        let error = (wanted * (1.0 - wanted) / calls).sqrt();
        assert!(
            (hits / calls - wanted).abs() < 4.0 * error,
            "{hits} of {calls}: {wanted}"
        );
    };
    let count = 20_000;
    let (mut b, mut heads, mut served, mut asked, mut deaf) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut answers = [(0.0, 0.0); 5];
    let mut operators: HashMap<String, f64> = HashMap::new();
    let mut with_agent = 0.0;
    for index in 0..count {
        let PlantedCall { row, mark } = archive.call(index);
        let one = |so: bool| f64::from(u8::from(so));
        b += one(column(&row, "variant") == Some("B"));
        heads += one(column(&row, "coin") == Some("heads"));
        served += one(row.word("ivr_status") == Some("completed"));
        for step in row.ivr_steps.iter().flatten() {
            let heard = step.outcome != Some(StepOutcome::OperatorRequested);
            if step.node == DEAF_NODE && heard {
                asked += 1.0;
                deaf += one(step.outcome == Some(StepOutcome::NoMatch));
            }
        }
        if let Some(mark) = mark {
            let (hits, calls) = &mut answers[usize::from(mark) - 1];
            *hits += one(row.mark == Some(i64::from(mark)));
            *calls += 1.0;
        }
        if let Some(operator) = column(&row, "operator_id") {
            *operators.entry(operator.to_owned()).or_default() += 1.0;
            with_agent += 1.0;
        }
        let day = row.time.unwrap().day() - settings.first_day;
        assert!((0..i64::from(settings.days)).contains(&day));
    }
    let count = count as f64;
    near(b, count, 0.5);
    near(heads, count, 0.5);
    near(served, count, settings.served);
    near(deaf, asked, settings.deaf);
    for ((hits, calls), wanted) in answers.into_iter().zip(settings.answer_by_mark) {
        near(hits, calls, wanted);
    }
    let answered: f64 = answers.iter().map(|(hits, _)| hits).sum();
    assert!((0.08..0.12).contains(&(answered / count)), "{answered}");
    // Who hangs up is not the operator's doing, so shares move a little with the queues.
    for operator in archive.truth().operators {
        let calls = operators.get(&operator.id).copied().unwrap_or_default();
        let error = (operator.share / with_agent).sqrt();
        let apart = (calls / with_agent - operator.share).abs();
        assert!(apart < 4.0 * error + 0.05 * operator.share, "{operator:?}");
    }
}

/// The mean estimate is the mean mark that customers would give, within three standard errors: of all,
/// and of the calls that were good, middling and bad by the estimate.
#[test]
fn estimates_are_calibrated() {
    let archive = archive(5);
    let mut parts: [[Moments; 3]; 4] = Default::default();
    for index in 0..30_000 {
        let PlantedCall { row, mark } = archive.call(index);
        let Some((estimate, mark)) = row.estimate.zip(mark) else {
            continue;
        };
        let part = match estimate.csi {
            x if x < 3.5 => 1,
            x if x < 4.2 => 2,
            _ => 3,
        };
        for part in [0, part] {
            let [csi, satisfied, dissatisfied] = &mut parts[part];
            csi.push(f64::from(mark) - estimate.csi);
            satisfied.push(f64::from(u8::from(mark >= 4)) - estimate.satisfied);
            let bad = f64::from(u8::from(mark <= 2));
            dissatisfied.push(bad - estimate.dissatisfied.unwrap());
        }
    }
    for apart in parts.iter().flatten() {
        let (mean, error) = (apart.mean().unwrap(), apart.standard_error().unwrap());
        assert!(apart.count() > 2_000);
        assert!(mean.abs() < 3.0 * error, "{mean} ± {error}");
    }
}

/// Customers call again within seven days more often after a bad call, and the queue is bad from its
/// day on.
#[test]
fn what_is_planted_grows() {
    let archive = archive(6);
    let mut again = [(0.0, 0.0); 2];
    let mut queue = [Moments::default(), Moments::default()];
    let truth = archive.truth();
    for index in 0..10_000 {
        let (first, second) = (archive.call(2 * index), archive.call(2 * index + 1));
        let bad = first.mark.is_none_or(|mark| mark <= 2);
        let (first, second) = (first.row, second.row);
        let (hits, calls) = &mut again[usize::from(bad)];
        *calls += 1.0;
        let apart = second.time.unwrap().0 - first.time.unwrap().0;
        if second.customer == first.customer && (1..7 * DAY_S).contains(&apart) {
            *hits += 1.0;
        }
        for row in [first, second] {
            let turned = row.time.unwrap().day() >= truth.bad_from;
            if let Some(estimate) = row.estimate
                && column(&row, "queue_name") == Some(truth.bad_queue)
            {
                queue[usize::from(turned)].push(estimate.csi);
            }
        }
    }
    // In the last days of the archive some have no time to call again: 3.5 % of the calls.
    let [good, bad] = again.map(|(hits, calls)| hits / calls);
    assert!((0.05..0.065).contains(&good), "{good}");
    assert!((0.26..0.32).contains(&bad), "{bad}");
    let [before, after] = queue.map(|moments| moments.mean().unwrap());
    assert!(
        (after - before - truth.bad_queue_effect).abs() < 0.1,
        "{before} {after} {truth:?}"
    );
    assert!(truth.bad_queue_effect < -0.2, "{truth:?}");
    assert!((0.02..0.2).contains(&truth.variant_effect), "{truth:?}");
    let worst = truth
        .queues
        .iter()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    assert_eq!(worst.0, truth.bad_queue, "{truth:?}");
    let worst = truth.operators.iter().map(|o| o.effect).fold(0.0, f64::min);
    assert!(worst < -0.1);
}

#[test]
fn counts_by_place_are_poissonian() {
    // scipy.stats.poisson.ppf([0.1, 0.5, 0.9, 0.999], 2.5) = 1, 2, 5, 9
    let found = [0.1, 0.5, 0.9, 0.999].map(|place| poisson(2.5, place));
    assert_eq!(found, [1.0, 2.0, 5.0, 9.0]);
    assert_eq!(poisson(0.0, 0.3), 0.0);
}
