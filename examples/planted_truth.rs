//! Does the analysis find what was planted, and nothing else?
//! `cargo run --release --example planted_truth -- --archives 50 --calls 100000`.
//!
//! Archives with known truth (`simulate::planted`), each analysed as any other; a Markdown table of how
//! often each planted thing was found, and of how often what was not planted was.

use callcsi::analytics::compare::{Outcome, Verdict};
use callcsi::analytics::triggers::{About, Alert, Kind, Rules, Watch};
use callcsi::analytics::{
    Analysis, Compare, CompareOptions, Comparison, KanoClass, Moment, Range, Study, StudyOptions,
    What,
};
use callcsi::model::LabelScale;
use callcsi::simulate::planted::{COLUMNS, Planted, PlantedSettings, Truth};
use clap::Parser;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tries the analysis on archives whose truth is known.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Archives, of the seeds 1, 2, …
    #[arg(long, default_value_t = 50)]
    archives: u64,
    /// Calls of each.
    #[arg(long, default_value_t = 100_000)]
    calls: u64,
    /// Archives analysed at a time.
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

/// What was found in an archive: each thing by its name.
#[derive(Default)]
struct Found {
    /// Whether it was: hits, or false alarms.
    so: BTreeMap<&'static str, bool>,
    /// Measured sizes.
    sizes: BTreeMap<&'static str, f64>,
    /// What each factor was called.
    classes: BTreeMap<&'static str, String>,
}

fn main() -> callcsi::Result<()> {
    let told = Arguments::parse();
    let (next, found) = (AtomicU64::new(1), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > told.archives {
                return Ok(());
            }
            let one = archive(seed, told.calls)?;
            found.lock().unwrap_or_else(|e| e.into_inner()).push(one);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..told.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            let end = thread.join();
            end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    print(&found.into_inner().unwrap_or_else(|e| e.into_inner()));
    Ok(())
}

/// Makes an archive, analyses it, and compares what was found with the truth.
fn archive(seed: u64, calls: u64) -> callcsi::Result<Found> {
    let planted = Planted::new(PlantedSettings::seeded(seed))?;
    let (columns, scale) = (COLUMNS.map(str::to_owned), LabelScale::ONE_TO_FIVE);
    let mut study = Study::new(&columns, &scale, None, StudyOptions::default());
    let compare = |column, a, b| Compare::new(&columns, column, a, b, CompareOptions::default());
    let mut variant = compare("variant", "A", "B")?;
    let mut coin = compare("coin", "heads", "tails")?;
    let rules = Rules::default_rules()?;
    let mut watch = Watch::new(&rules, &columns, None, &scale)?;
    let mut scored: HashMap<String, u64> = HashMap::new();
    for row in planted.rows(calls) {
        study.push(&row)?;
        variant.push(&row)?;
        coin.push(&row)?;
        watch.push(&row);
        if let (Some(operator), Some(_)) = (&row.columns[0], row.estimate) {
            *scored.entry(operator.clone()).or_default() += 1;
        }
    }
    let (analysis, truth) = (study.finish()?, planted.truth());
    let mut found = Found::default();
    queue(&analysis, &truth, &mut found);
    alerts(&watch.finish().alerts, &truth, &mut found);
    factors(&analysis, &truth, &mut found);
    operators(&analysis, &truth, &scored, &mut found);
    let robot = analysis.robot.iter().flat_map(|robot| &robot.nodes);
    let share = |no_match: u64, entered: u64| no_match as f64 / entered.max(1) as f64;
    let worst =
        robot.max_by(|a, b| share(a.no_match, a.entered).total_cmp(&share(b.no_match, b.entered)));
    let deaf = worst.and_then(|node| node.name.as_deref()) == Some(truth.deaf_node);
    found.so.insert("node", deaf);
    test(
        &variant.finish()?,
        truth.variant_effect,
        ["variant", "variant holds"],
        &mut found,
    );
    test(&coin.finish()?, 0.0, ["coin", "coin holds"], &mut found);
    Ok(found)
}

fn queue(analysis: &Analysis, truth: &Truth, found: &mut Found) {
    let table = analysis
        .columns
        .iter()
        .find(|table| table.column == "queue_name");
    let worst = table.and_then(|table| table.groups.first());
    let named = worst.is_some_and(|group| group.name == truth.bad_queue);
    found.so.insert("queue", named);
    let conditions = analysis.lowest.iter().flat_map(|part| &part.conditions);
    let (mut shared, mut false_values) = (false, false);
    for condition in conditions {
        if let What::Column { column, value } = &condition.what {
            shared |= column == "queue_name" && value == truth.bad_queue;
            false_values |= column == "coin";
        }
    }
    found.so.insert("queue shared", shared);
    found.so.insert("coin shared", false_values);
}

/// Tells whether the default rules told of the bad queue, and how often of what is not so.
fn alerts(alerts: &[Alert], truth: &Truth, found: &mut Found) {
    let date = |day: i64| Moment(day * 86_400).to_string()[..10].to_owned();
    let (begins, week) = (date(truth.bad_from), date(truth.bad_from + 7));
    let (mut told, mut told_in_a_week, mut false_groups, mut operators) = (false, false, 0.0, 0.0);
    for alert in alerts {
        let (Kind::Group, Some(since)) = (alert.kind, &alert.since) else {
            operators += f64::from(u8::from(alert.kind == Kind::Operator));
            continue;
        };
        let of_it = matches!(&alert.about, About::Group { group, .. } if group == truth.bad_queue);
        let right = of_it && *since >= begins;
        told |= right;
        told_in_a_week |= right && *since <= week;
        false_groups += f64::from(u8::from(!right));
    }
    found.so.insert("alarm", told);
    found.so.insert("alarm in a week", told_in_a_week);
    found.sizes.insert("false groups", false_groups);
    found.sizes.insert("operator alerts", operators);
}

fn factors(analysis: &Analysis, truth: &Truth, found: &mut Found) {
    let attributes = analysis.kano.iter().flat_map(|kano| &kano.attributes);
    let classes: HashMap<&str, KanoClass> = attributes.map(|a| (a.feature, a.class)).collect();
    for (name, feature, wanted) in [
        ("must-be", truth.must_be, KanoClass::MustBe),
        (
            "one-dimensional",
            truth.one_dimensional,
            KanoClass::OneDimensional,
        ),
        ("attractive", truth.attractive, KanoClass::Attractive),
        ("indifferent", truth.indifferent, KanoClass::Indifferent),
    ] {
        let class = classes.get(feature);
        found.so.insert(name, class == Some(&wanted));
        let word = class.map_or("left out".to_owned(), |class| format!("{class:?}"));
        found.classes.insert(name, word);
    }
}

/// Compares the operators' means, raw and shrunk, with what is true of them.
fn operators(analysis: &Analysis, truth: &Truth, scored: &HashMap<String, u64>, found: &mut Found) {
    let truths: HashMap<&str, f64> = truth
        .operators
        .iter()
        .map(|o| (o.id.as_str(), o.effect))
        .collect();
    let table = analysis
        .columns
        .iter()
        .find(|table| table.column == "operator_id");
    let groups = table.map_or(&[][..], |table| &table.groups);
    let few = groups
        .iter()
        .filter(|g| scored.get(&g.name).is_none_or(|n| *n < 30))
        .count();
    found.so.insert("few ranked", few > 0);
    found.sizes.insert("ranked", groups.len() as f64);
    let all = scored.len() as f64;
    found.sizes.insert("operators", all);
    let wanted: Vec<f64> = groups
        .iter()
        .map(|group| truths[group.name.as_str()])
        .collect();
    let raw = groups
        .iter()
        .map(|g| g.estimated.csi.map(|figure| figure.value));
    let shrunk = groups.iter().map(|g| g.shrunk.as_ref().map(|s| s.value));
    let minding = groups.iter().map(|g| g.minding.as_ref().map(|s| s.value));
    let kinds: [(_, Option<Vec<f64>>); 3] = [
        (["raw error", "raw rank"], raw.collect()),
        (["shrunk error", "shrunk rank"], shrunk.collect()),
        (["minding error", "minding rank"], minding.collect()),
    ];
    for ([error, rank], values) in kinds {
        let Some(values) = values.filter(|values| values.len() > 2) else {
            continue;
        };
        // Each in marks from the mean of those ranked, as the truth is.
        let (a, b) = (centred(&values), centred(&wanted));
        let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
        found.sizes.insert(error, squares / a.len() as f64);
        found
            .sizes
            .insert(rank, correlation(&ranks(&values), &ranks(&wanted)));
    }
    let spread: f64 = centred(&wanted).iter().map(|x| x * x).sum();
    found
        .sizes
        .insert("true spread", spread / wanted.len().max(1) as f64);
}

/// Notes whether a comparison finds a difference and whether its intervals hold the true one.
fn test(comparison: &Comparison, truth: f64, [name, holds]: [&'static str; 2], found: &mut Found) {
    let [estimate, mark] = [0, 3].map(|at| &comparison.outcomes[at]);
    let differs = |o: &Outcome| matches!(o.verdict(), Verdict::Higher | Verdict::Lower);
    let outside = |range: Option<Range>| range.is_some_and(|range| !range.holds(0.0));
    let inside = |range: Option<Range>| range.is_some_and(|range| range.holds(truth));
    let raw = estimate.difference.and_then(|figure| figure.range);
    let best = estimate.best().and_then(|(figure, _)| figure.range);
    let raw_mark = mark.difference.and_then(|figure| figure.range);
    let best_mark = mark.best().and_then(|(figure, _)| figure.range);
    let (all, answered) = match name {
        "variant" => (
            ["variant", "variant raw", "variant by customer"],
            ["variant marks", "variant marks raw"],
        ),
        _ => (
            ["coin", "coin raw", "coin by customer"],
            ["coin marks", "coin marks raw"],
        ),
    };
    let held = match holds {
        "variant holds" => ["variant holds", "variant holds raw", "variant holds marks"],
        _ => ["coin holds", "coin holds raw", "coin holds marks"],
    };
    found.so.extend([
        (all[0], differs(estimate)),
        (all[1], outside(raw)),
        (all[2], outside(estimate.by_customer)),
        (answered[0], differs(mark)),
        (answered[1], outside(raw_mark)),
        (held[0], inside(best)),
        (held[1], inside(raw)),
        (held[2], inside(best_mark)),
    ]);
    let width = |range: Option<Range>| range.map_or(f64::NAN, |range| range.high - range.low);
    found
        .sizes
        .insert("narrower", 1.0 - width(best) / width(raw));
    found
        .sizes
        .insert("narrower marks", 1.0 - width(best_mark) / width(raw_mark));
    let warnings = comparison.warnings.len() as f64;
    *found.sizes.entry("warnings").or_default() += warnings;
    if name == "variant" {
        found.sizes.insert("variant effect", truth);
        let value = estimate.best().map_or(f64::NAN, |(figure, _)| figure.value);
        found.sizes.insert("variant found", value);
    }
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|x| x - mean).collect()
}

/// Ranks of values of which no two are equal.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |x: &f64| values.iter().filter(|y| *y < x).count() as f64;
    values.iter().map(below).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (centred(a), centred(b));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

fn print(found: &[Found]) {
    let archives = found.len() as f64;
    let share = |name: &str| {
        let hits = found
            .iter()
            .filter(|f| f.so.get(name) == Some(&true))
            .count();
        format!("{hits} of {archives}")
    };
    let sizes = |name: &str| {
        found
            .iter()
            .filter_map(|f| f.sizes.get(name))
            .copied()
            .collect()
    };
    let mean = |name: &str| {
        let values: Vec<f64> = sizes(name);
        values.iter().sum::<f64>() / values.len() as f64
    };
    let classes = |name: &str| {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for word in found.iter().filter_map(|f| f.classes.get(name)) {
            *counts.entry(word).or_default() += 1;
        }
        let counts = counts.iter().map(|(word, count)| format!("{word} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    };
    println!("| planted | found | |\n|---|---|---|");
    for (what, name, note) in [
        ("the bad queue is the worst", "queue", String::new()),
        (
            "… and is among what the lowest calls share",
            "queue shared",
            String::new(),
        ),
        (
            "the default rules tell of it",
            "alarm",
            format!(
                "other alerts of queues in an archive: {:.2}, of operators: {:.2}",
                mean("false groups"),
                mean("operator alerts")
            ),
        ),
        ("… within a week", "alarm in a week", String::new()),
        (
            "the must-be factor is called so",
            "must-be",
            classes("must-be"),
        ),
        (
            "the one-dimensional one",
            "one-dimensional",
            classes("one-dimensional"),
        ),
        ("the attractive one", "attractive", classes("attractive")),
        (
            "the one that does nothing is indifferent",
            "indifferent",
            classes("indifferent"),
        ),
        (
            "the deaf IVR node is the worst understood",
            "node",
            String::new(),
        ),
        (
            "the variant differs, estimates, adjusted",
            "variant",
            format!(
                "true {:+.4} marks, found {:+.4}",
                mean("variant effect"),
                mean("variant found")
            ),
        ),
        ("… by Welch's interval", "variant raw", String::new()),
        ("… by customers", "variant by customer", String::new()),
        ("… marks, adjusted", "variant marks", String::new()),
        ("… marks, Welch's", "variant marks raw", String::new()),
        (
            "its interval holds the truth, adjusted",
            "variant holds",
            String::new(),
        ),
        ("… Welch's", "variant holds raw", String::new()),
        ("… marks, adjusted", "variant holds marks", String::new()),
        ("the coin's holds 0, adjusted", "coin holds", String::new()),
        ("… Welch's", "coin holds raw", String::new()),
        ("… marks, adjusted", "coin holds marks", String::new()),
    ] {
        println!("| {what} | {} | {note} |", share(name));
    }
    println!("\n| not planted | told | |\n|---|---|---|");
    for (what, name) in [
        ("the coin differs, estimates, adjusted", "coin"),
        ("… by Welch's interval", "coin raw"),
        ("… by customers", "coin by customer"),
        ("… marks, adjusted", "coin marks"),
        (
            "a side of the coin is among what the lowest calls share",
            "coin shared",
        ),
        (
            "an operator of fewer than 30 scored calls is ranked",
            "few ranked",
        ),
    ] {
        println!("| {what} | {} | |", share(name));
    }
    println!("\n| operators | mean squared error, marks² | Spearman |\n|---|---|---|");
    for (what, error, rank) in [
        ("raw mean", "raw error", "raw rank"),
        ("shrunk", "shrunk error", "shrunk rank"),
        ("shrunk, minding the mix", "minding error", "minding rank"),
    ] {
        println!("| {what} | {:.5} | {:.3} |", mean(error), mean(rank));
    }
    println!(
        "\n{:.1} of {:.1} operators ranked, true variance {:.5} marks²; adjusted intervals are narrower by \
         {:.1} % (estimates) and {:.1} % (marks); {:.2} warnings in two comparisons.",
        mean("ranked"),
        mean("operators"),
        mean("true spread"),
        100.0 * mean("narrower"),
        100.0 * mean("narrower marks"),
        mean("warnings"),
    );
}
