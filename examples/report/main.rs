//! What the results of an archive say, as one page: `cargo run --release --example report -- results.csv
//! --manifest manifest.csv --out report.html`. With `--call ID` the page of one call.
//!
//! Exit code 0: the page is written; 1: it is, and rows were left out; 2: it is not, and why is said.

mod arguments;

use arguments::Arguments;
use callcsi::analytics::triggers::{Rules, Watch, write_json_lines};
use callcsi::analytics::{Archive, NotGrouped, Study, USUAL_COLUMNS};
use callcsi::batch::{Manifest, check_output, in_order};
use callcsi::call::Call;
use callcsi::model::{Model, Predictor};
use callcsi::report::picture::{CallPicture, PictureOptions};
use callcsi::report::{Page, call_page, write_tables};
use callcsi::score::{Extractor, Scorer};
use clap::Parser;
use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Rows left out that are told one by one.
const TOLD: u64 = 5;

fn write(arguments: &Arguments, page: &str) -> Fallible<()> {
    let path = &arguments.out;
    Ok(std::fs::write(path, page).map_err(|e| format!("{}: {e}", path.display()))?)
}

/// Draws calls, as many at once as there are threads; one that cannot be drawn is told and left out.
fn pictures(
    calls: Vec<Call>,
    model: &Model,
    arguments: &Arguments,
) -> Fallible<Vec<(String, String)>> {
    let extractor = Extractor::new(model.settings().clone())?;
    let draw = |call: Call| {
        let measured = extractor.extract(&call)?;
        let options = PictureOptions::compact();
        let picture =
            CallPicture::of(&call, &measured, model.settings(), arguments.lang, &options)?;
        Ok((call.id.to_string(), picture.svg_inline()))
    };
    let mut drawn = Vec::new();
    in_order(
        arguments.threads(),
        calls.into_iter(),
        draw,
        |picture: callcsi::Result<_>| {
            match picture {
                Ok(picture) => drawn.push(picture),
                Err(error) => eprintln!("report: no picture: {error}"),
            }
            Ok(())
        },
    )?;
    Ok(drawn)
}

/// Writes the page of an archive; returns how many rows were left out.
fn archive(arguments: &Arguments, predictor: &Predictor) -> Fallible<u64> {
    let inputs = [
        Some(arguments.results.as_path()),
        arguments.manifest.as_deref(),
    ];
    check_output(
        &arguments.out,
        &inputs.into_iter().flatten().collect::<Vec<_>>(),
    )?;
    let rules = arguments
        .rules
        .as_ref()
        .map_or_else(Rules::default_rules, Rules::read)?;
    let mut options = arguments.read_options()?;
    for column in rules.columns() {
        if !options.columns.contains(column) {
            options.columns.push(column.clone());
        }
    }
    let archive = Archive::open(&arguments.results, options)?;
    let model = predictor.model();
    let own = format!("{} {}", model.name(), model.fingerprint());
    let known = archive.model().is_none_or(|of| of == own);
    if !known {
        let of = archive.model().unwrap_or_default();
        eprintln!(
            "report: the rows are of the model {of}, not {own}: causes are left out (--model)"
        );
    }
    let predictor = known.then_some(predictor);
    let columns = archive.columns().to_vec();
    let mut study = Study::new(
        &columns,
        model.label(),
        predictor,
        arguments.study_options(),
    );
    let mut watch = Watch::new(&rules, &columns, known.then_some(model), model.label())?;
    let mut to_open: HashMap<u64, Call> = HashMap::new();
    let mut left_out = 0;
    archive.each(|found| {
        let pushed = found.call.and_then(|row| {
            let opens = study.push(&row)?;
            watch.push(&row);
            Ok((opens, row.line))
        });
        match pushed {
            Ok((true, line)) => {
                let call = found.entry.and_then(|entry| entry.row.ok());
                let has = |call: &Call| call.recording.is_some() || !call.transcripts.is_empty();
                to_open.extend(call.filter(has).map(|call| (line, call)));
            }
            Ok(_) => {}
            Err(error) => {
                left_out += 1;
                if left_out <= TOLD {
                    eprintln!("report: left out: {error}");
                }
            }
        }
        Ok(())
    })?;
    let analysis = study.finish()?;
    // Of the usual columns most archives lack some; one that was asked for is missed.
    let missed = analysis.columns.iter().filter(|table| {
        let name = table.column.as_str();
        let asked = arguments.by.iter().any(|by| by == name) && !USUAL_COLUMNS.contains(&name);
        asked && table.left_out == Some(NotGrouped::NoValue)
    });
    for table in missed {
        let name = &table.column;
        eprintln!(
            "report: --by {name}: found no call with a value, wanted a column of the manifest or one kept in the results (--keep)"
        );
    }
    let watched = watch.finish();
    let mut page = Page::new(&analysis, arguments.lang).with_alerts(&watched);
    if let Some(title) = &arguments.title {
        page = page.titled(title);
    }
    if known {
        page = page.with_model(model);
    }
    if !arguments.no_pictures {
        let open = &analysis.open;
        let listed = open.claims.iter().chain(&open.suspected).chain(&open.best);
        let calls = listed
            .filter_map(|call| to_open.remove(&call.line))
            .collect();
        for (id, svg) in pictures(calls, model, arguments)? {
            page = page.with_picture(id, svg);
        }
    }
    if let Some(folder) = &arguments.tables {
        write_tables(&analysis, folder)?;
        let path = folder.join("alerts.jsonl");
        let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        write_json_lines(&watched.alerts, arguments.lang, BufWriter::new(file))?;
    }
    write(arguments, &page.html())?;
    if left_out > 0 {
        eprintln!("report: {left_out} rows left out");
    }
    Ok(left_out)
}

/// Writes the page of one call.
fn one_call(arguments: &Arguments, predictor: Predictor, id: &str) -> Fallible<u64> {
    let path = arguments.manifest.as_deref().unwrap_or(&arguments.results);
    let mut manifest =
        Manifest::open_mapped(path, arguments.manifest_options(), &arguments.mapping()?)?;
    let entry = manifest.find(|entry| entry.id.as_deref() == Some(id));
    let missing = || {
        format!(
            "{}: found no call {id:?}, wanted the id of one of its calls",
            path.display()
        )
    };
    let call = entry.ok_or_else(missing)?.row?;
    let scorer = Scorer::new(predictor)?.explaining();
    let assessment = scorer.score(&call)?;
    let settings = scorer.extractor().settings();
    let measured = &assessment.measurements;
    let picture = CallPicture::of(
        &call,
        measured,
        settings,
        arguments.lang,
        &PictureOptions::default(),
    );
    let picture = picture
        .inspect_err(|e| eprintln!("report: no picture: {e}"))
        .ok();
    let page = call_page(
        &assessment,
        scorer.predictor().model(),
        picture.as_ref(),
        arguments.lang,
    );
    write(arguments, &page)?;
    Ok(0)
}

fn run(arguments: &Arguments) -> Fallible<u64> {
    let predictor = match &arguments.model {
        Some(path) => Predictor::new(Model::read(path)?),
        None => Predictor::builtin()?,
    };
    match &arguments.call {
        Some(id) => one_call(arguments, predictor, id),
        None => archive(arguments, &predictor),
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::from(2)
        }
    }
}
