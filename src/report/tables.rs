//! An analysis as tables, for further work.
//!
//! # Conventions
//!
//! * CSV with a header, UTF-8, decimal point, an empty cell where there is nothing; shares are 0 to 1.
//! * A text that a spreadsheet would take for a formula begins with an apostrophe.

use crate::analytics::{Analysis, Figure, Period, Range, Scores, Shared, What};
use crate::error::{Error, Result};
use std::path::Path;

/// A table: its name, its columns, its rows.
type Table = (&'static str, Vec<&'static str>, Vec<Vec<String>>);

/// Makes a text inert in a spreadsheet (OWASP, CSV injection).
fn inert(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quote = if formula { "'" } else { "" };
    format!("{quote}{text}")
}

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Value, lower end, upper end.
fn figure(figure: Option<&Figure>) -> [String; 3] {
    let range = figure.and_then(|f| f.range);
    [
        cell(figure.map(|f| f.value)),
        cell(range.map(|r| r.low)),
        cell(range.map(|r| r.high)),
    ]
}

const SCORES: [&str; 9] = [
    "csi",
    "csi_low",
    "csi_high",
    "csat",
    "csat_low",
    "csat_high",
    "cdsat",
    "cdsat_low",
    "cdsat_high",
];
const SURVEYED: [&str; 9] = [
    "surveyed_csi",
    "surveyed_csi_low",
    "surveyed_csi_high",
    "surveyed_csat",
    "surveyed_csat_low",
    "surveyed_csat_high",
    "surveyed_cdsat",
    "surveyed_cdsat_low",
    "surveyed_cdsat_high",
];

fn scores(scores: &Scores) -> Vec<String> {
    [&scores.csi, &scores.csat, &scores.cdsat]
        .into_iter()
        .flat_map(|f| figure(f.as_ref()))
        .collect()
}

fn answered(scores: &Scores) -> String {
    scores.csi.map_or(0, |f| f.calls).to_string()
}

fn periods(name: &'static str, all: &[Period]) -> Table {
    let mut columns = vec!["from", "calls", "answered", "response"];
    columns.extend(SCORES);
    columns.extend(SURVEYED);
    columns.extend([
        "service_level",
        "handle_s",
        "abandonment",
        "first_contact_resolution",
        "hold_share",
    ]);
    let row = |p: &Period| {
        let mut row = vec![
            p.from.clone(),
            p.calls.to_string(),
            answered(&p.surveyed),
            cell(p.response.map(|f| f.value)),
        ];
        row.extend(scores(&p.estimated));
        row.extend(scores(&p.surveyed));
        let s = &p.service;
        let figures = [
            s.service_level,
            s.handle_s,
            s.abandonment,
            s.first_contact_resolution,
        ];
        row.extend(figures.map(|f| cell(f.map(|f| f.value))));
        row.push(cell(s.hold_share));
        row
    };
    (name, columns, all.iter().map(row).collect())
}

fn groups(analysis: &Analysis) -> Table {
    let mut columns = vec!["column", "group", "calls", "answered", "response"];
    columns.extend(SCORES);
    columns.extend(SURVEYED);
    columns.extend([
        "shrunk_csi",
        "shrunk_low",
        "shrunk_high",
        "mix_alike_csi",
        "mix_alike_low",
        "mix_alike_high",
    ]);
    let mut rows = Vec::new();
    for table in &analysis.columns {
        for g in &table.groups {
            let mut row = vec![
                inert(&table.column),
                inert(&g.name),
                g.calls.to_string(),
                answered(&g.surveyed),
                cell(g.response.map(|f| f.value)),
            ];
            row.extend(scores(&g.estimated));
            row.extend(scores(&g.surveyed));
            for shrunk in [&g.shrunk, &g.minding] {
                let range = |end: fn(&Range) -> f64| cell(shrunk.as_ref().map(|s| end(&s.range)));
                row.extend([
                    cell(shrunk.as_ref().map(|s| s.value)),
                    range(|r| r.low),
                    range(|r| r.high),
                ]);
            }
            rows.push(row);
        }
    }
    ("groups", columns, rows)
}

fn open(analysis: &Analysis) -> Table {
    let names: Vec<&str> = vec![
        "list",
        "call_id",
        "line",
        "time",
        "csi",
        "dissatisfied",
        "mark",
        "reason_1",
        "reason_2",
        "reason_3",
    ];
    let lists = [
        ("claim", &analysis.open.claims),
        ("suspected", &analysis.open.suspected),
        ("best", &analysis.open.best),
    ];
    let rows = lists.into_iter().flat_map(|(list, calls)| {
        calls.iter().map(move |call| {
            let mut row = vec![
                list.to_owned(),
                inert(&call.id),
                call.line.to_string(),
                cell(call.time.as_ref()),
                cell(call.csi),
                cell(call.dissatisfied),
                cell(call.mark),
            ];
            let reasons = call.explanation.iter().flat_map(|e| &e.reasons);
            let lang = crate::features::Lang::En;
            let mut told: Vec<String> = reasons
                .filter_map(|r| Some(format!("{} {}", r.points(lang)?, r.sentence(lang))))
                .take(3)
                .map(|text| inert(&text))
                .collect();
            told.resize(3, String::new());
            row.extend(told);
            row
        })
    });
    ("calls_to_open", names, rows.collect())
}

fn kano(analysis: &Analysis) -> Table {
    let columns = vec![
        "feature",
        "class",
        "more_is_better",
        "low",
        "high",
        "penalty",
        "penalty_low",
        "penalty_high",
        "penalty_calls",
        "reward",
        "reward_low",
        "reward_high",
        "reward_calls",
        "contrast_low",
        "contrast_high",
    ];
    let rows = analysis.kano.iter().flat_map(|k| &k.attributes).map(|a| {
        let class = serde_json::to_value(a.class).ok();
        let mut row = vec![
            a.feature.to_owned(),
            cell(class.as_ref().and_then(|c| c.as_str())),
            u8::from(a.more_is_better).to_string(),
            a.low.to_string(),
            a.high.to_string(),
        ];
        row.extend(figure(Some(&a.penalty)));
        row.push(a.penalty.calls.to_string());
        row.extend(figure(Some(&a.reward)));
        row.extend([
            a.reward.calls.to_string(),
            a.contrast.low.to_string(),
            a.contrast.high.to_string(),
        ]);
        row
    });
    ("kano", columns, rows.collect())
}

fn drivers(analysis: &Analysis) -> Table {
    let columns = vec![
        "kind",
        "name",
        "mean",
        "mean_low",
        "mean_high",
        "lowers",
        "raises",
    ];
    let mut rows = Vec::new();
    if let Some(drivers) = &analysis.drivers {
        for d in &drivers.groups {
            let mut row = vec!["group, marks".to_owned(), d.group.name().to_owned()];
            row.extend(figure(Some(&d.mean_points)));
            row.extend([
                cell(d.lowers.map(|f| f.value)),
                cell(d.raises.map(|f| f.value)),
            ]);
            rows.push(row);
        }
        for d in &drivers.features {
            let mut row = vec!["feature, log-odds".to_owned(), d.feature.clone()];
            row.extend(figure(Some(&d.mean_log_odds)));
            row.extend([String::new(), String::new()]);
            rows.push(row);
        }
    }
    ("drivers", columns, rows)
}

fn shared(analysis: &Analysis) -> Table {
    let columns = vec![
        "part",
        "what",
        "compared",
        "value",
        "lift",
        "lift_low",
        "lift_high",
        "support",
        "in_part",
        "in_rest",
        "adjusted_p",
        "in_model",
    ];
    let of = |part: &'static str, shared: &Option<Shared>| {
        let conditions = shared.iter().flat_map(|s| &s.conditions);
        let rows = conditions.map(|c| {
            let (what, compared, value) = match &c.what {
                What::AtMost { feature, value } => ((*feature).to_owned(), "<=", value.to_string()),
                What::AtLeast { feature, value } => {
                    ((*feature).to_owned(), ">=", value.to_string())
                }
                What::Is { feature, value } => ((*feature).to_owned(), "is", inert(value)),
                What::Column { column, value } => (inert(column), "is", inert(value)),
            };
            let mut row = vec![part.to_owned(), what, compared.to_owned(), value];
            row.extend(figure(Some(&c.lift)));
            row.extend([
                c.support.to_string(),
                c.in_part.to_string(),
                c.in_rest.to_string(),
                c.adjusted.to_string(),
                u8::from(c.in_model).to_string(),
            ]);
            row
        });
        rows.collect::<Vec<_>>()
    };
    let mut rows = of("lowest", &analysis.lowest);
    rows.extend(of("highest", &analysis.highest));
    ("shared", columns, rows)
}

fn correlations(analysis: &Analysis) -> Table {
    let columns = vec!["a", "b", "rank", "low", "high", "days"];
    let name = |indicator| {
        cell(
            serde_json::to_value(indicator)
                .ok()
                .as_ref()
                .and_then(|v| v.as_str()),
        )
    };
    let rows = analysis.correlations.iter().map(|c| {
        vec![
            name(c.a),
            name(c.b),
            cell(c.rank),
            cell(c.range.map(|r| r.low)),
            cell(c.range.map(|r| r.high)),
            c.days.to_string(),
        ]
    });
    ("correlations", columns, rows.collect())
}

fn nodes(analysis: &Analysis) -> Table {
    let columns = vec![
        "node", "entered", "no_match", "no_input", "requests", "failed", "left",
    ];
    let rows = analysis.robot.iter().flat_map(|r| &r.nodes).map(|n| {
        let counts = [
            n.entered, n.no_match, n.no_input, n.requests, n.failed, n.left,
        ];
        let name = n.name.as_deref().map(inert);
        [cell(name)]
            .into_iter()
            .chain(counts.map(|c| c.to_string()))
            .collect()
    });
    ("ivr_nodes", columns, rows.collect())
}

/// Writes the tables of an analysis into a folder, and all of it as `analysis.json`.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when a file cannot be written.
pub fn write_tables(analysis: &Analysis, folder: &Path) -> Result<()> {
    let io = |path: &Path, error: std::io::Error| Error::io(path.display(), &error);
    std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
    let tables = [
        periods("days", &analysis.days),
        periods("weeks", &analysis.weeks),
        groups(analysis),
        open(analysis),
        kano(analysis),
        drivers(analysis),
        shared(analysis),
        correlations(analysis),
        nodes(analysis),
    ];
    for (name, columns, rows) in tables {
        let path = folder.join(format!("{name}.csv"));
        let written = || -> std::result::Result<(), csv::Error> {
            let mut writer = csv::Writer::from_path(&path)?;
            writer.write_record(&columns)?;
            rows.iter().try_for_each(|row| writer.write_record(row))?;
            Ok(writer.flush()?)
        };
        written().map_err(|e| io(&path, e.into()))?;
    }
    let path = folder.join("analysis.json");
    let text = serde_json::to_string_pretty(analysis).map_err(|e| io(&path, e.into()))?;
    std::fs::write(&path, text + "\n").map_err(|e| io(&path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for text in [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1+2",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
        ] {
            assert_eq!(inert(text), format!("'{text}"));
        }
        assert_eq!(inert("op-033"), "op-033");
        assert_eq!(inert(""), "");
    }
}
