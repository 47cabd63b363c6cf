//! Prints the catalogue of features:
//! `cargo run --example catalogue -- --format markdown|csv|json-schema|overview|transcripts`.
//!
//! Markdown has a second table: what people call each feature, in English and in Russian, and which
//! group of reasons it belongs to. The overview counts features by source and need, `transcripts`
//! lists the formats of transcripts.
//! The schema (JSON Schema 2020-12) is that of `features` in a JSON row of results: every feature,
//! and the list of interruption episodes with its fields.

use callcsi::features::{
    Feature, INTERRUPTIONS_LIST, InterruptionField, Kind, Lang, Needs, ReasonGroup, Source, Unit,
    catalogue, interruption_fields,
};
use callcsi::transcript;
use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Prints every feature with its unit, definition, needs, source and revision.
#[derive(Parser)]
struct Arguments {
    /// How to print it.
    #[arg(long, value_enum, default_value = "markdown")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Markdown,
    Csv,
    JsonSchema,
    Overview,
    Transcripts,
}

const HEADER: [&str; 6] = ["name", "unit", "needs", "source", "revision", "definition"];

/// The cells of one entry, under [`HEADER`].
type Cells = [String; 6];

fn cells(feature: &Feature) -> Cells {
    [
        feature.name.clone(),
        feature.unit.symbol().to_owned(),
        feature.needs.name().to_owned(),
        feature.source.name().to_owned(),
        feature.revision.to_string(),
        feature.definition.clone(),
    ]
}

/// Returns the cells of what the list of episodes is made of: it needs speech, and is told as
/// `call_features` tells it.
fn cells_of_list(name: &str, unit: &str, definition: &str) -> Cells {
    [
        name,
        unit,
        Needs::Speech.name(),
        Source::CallFeatures.name(),
        "1",
        definition,
    ]
    .map(str::to_owned)
}

fn list() -> Cells {
    let definition = "one record for each interruption episode, in order; JSON rows alone have it";
    cells_of_list(INTERRUPTIONS_LIST, "list", definition)
}

fn cells_of_field(field: &InterruptionField) -> Cells {
    cells_of_list(field.name, field.unit.symbol(), field.definition)
}

fn markdown(out: &mut impl Write, rows: impl Iterator<Item = Cells>) -> std::io::Result<()> {
    let rule = "---|".repeat(HEADER.len());
    writeln!(out, "| {} |\n|{rule}", HEADER.join(" | "))?;
    for cells in rows {
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(out, "| `{}` | {} |", cells[0], cells[1..].join(" | "))?;
    }
    Ok(())
}

/// What people call the groups and the features.
fn in_words(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "\nReasons are told by group, features by title:\n")?;
    writeln!(
        out,
        "| group | English | Russian | features |\n|---|---|---|---:|"
    )?;
    for group in ReasonGroup::ALL {
        let [en, ru] = Lang::ALL.map(|lang| group.title(lang));
        let count = catalogue().iter().filter(|f| f.group == group).count();
        writeln!(out, "| {} | {en} | {ru} | {count} |", group.name())?;
    }
    writeln!(
        out,
        "\n| name | group | English | Russian |\n|---|---|---|---|"
    )?;
    for feature in catalogue() {
        let [en, ru] = Lang::ALL.map(|lang| feature.title(lang));
        let group = feature.group.name();
        writeln!(out, "| `{}` | {group} | {en} | {ru} |", feature.name)?;
    }
    Ok(())
}

/// Returns the schema of one value that may be absent.
fn value_schema(cells: &Cells, kind: Kind, unit: Unit) -> Value {
    let mut schema = annotations(cells);
    let word = match kind {
        Kind::Number => "number",
        Kind::Category => "string",
    };
    schema.insert("type".to_owned(), json!([word, "null"]));
    if let Some((least, greatest)) = unit.bounds() {
        schema.insert("minimum".to_owned(), json!(least));
        schema.insert("maximum".to_owned(), json!(greatest));
    }
    Value::Object(schema)
}

fn annotations(cells: &Cells) -> Map<String, Value> {
    let [_, unit, needs, source, revision, definition] = cells;
    let revision: Option<u32> = revision.parse().ok();
    let pairs = [
        ("description", json!(definition)),
        ("x-unit", json!(unit)),
        ("x-needs", json!(needs)),
        ("x-source", json!(source)),
        ("x-revision", json!(revision)),
    ];
    Map::from_iter(pairs.map(|(key, value)| (key.to_owned(), value)))
}

/// Returns the schema of an object that has all of these properties and no others.
fn object_schema(properties: Map<String, Value>) -> Map<String, Value> {
    let required: Vec<&String> = properties.keys().collect();
    let required = json!(required);
    let pairs = [
        ("type", json!("object")),
        ("properties", Value::Object(properties)),
        ("required", required),
        ("additionalProperties", json!(false)),
    ];
    Map::from_iter(pairs.map(|(key, value)| (key.to_owned(), value)))
}

fn schema() -> Value {
    let mut properties: Map<String, Value> = catalogue()
        .iter()
        .map(|f| {
            let mut schema = value_schema(&cells(f), f.kind, f.unit);
            schema["title"] = json!(f.title(Lang::En));
            schema["x-title-ru"] = json!(f.title(Lang::Ru));
            schema["x-group"] = json!(f.group.name());
            (f.name.clone(), schema)
        })
        .collect();
    let fields = interruption_fields().iter().map(|f| {
        let schema = value_schema(&cells_of_field(f), Kind::Number, f.unit);
        (f.name.to_owned(), schema)
    });
    let mut episodes = annotations(&list());
    episodes.insert("type".to_owned(), json!(["array", "null"]));
    let record = object_schema(fields.collect());
    episodes.insert("items".to_owned(), Value::Object(record));
    properties.insert(INTERRUPTIONS_LIST.to_owned(), Value::Object(episodes));

    let draft = json!("https://json-schema.org/draft/2020-12/schema");
    let mut schema = Map::from_iter([
        ("$schema".to_owned(), draft),
        ("title".to_owned(), json!("the measurements of one call")),
    ]);
    schema.extend(object_schema(properties));
    Value::Object(schema)
}

/// How many features of each source have each need, in the order in which they first occur.
fn overview(out: &mut impl Write, rows: impl Iterator<Item = Cells>) -> std::io::Result<()> {
    let mut counts: Vec<(String, String, Vec<String>)> = Vec::new();
    for [name, _, needs, source, ..] in rows {
        match counts
            .iter_mut()
            .find(|(s, n, _)| *s == source && *n == needs)
        {
            Some((_, _, names)) => names.push(name),
            None => counts.push((source, needs, vec![name])),
        }
    }
    writeln!(
        out,
        "| source | needs | features | among them |\n|---|---|---:|---|"
    )?;
    for (source, needs, names) in counts {
        let shown = [0, names.len() / 2].map(|i| names.get(i));
        let mut shown: Vec<String> = shown.iter().flatten().map(|n| format!("`{n}`")).collect();
        shown.dedup();
        let (count, shown) = (names.len(), shown.join(", "));
        writeln!(out, "| {source} | {needs} | {count} | {shown} |")?;
    }
    Ok(())
}

fn transcripts(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "| `transcript_format` | transcripts of |\n|---|---|")?;
    for format in transcript::Format::ALL {
        writeln!(out, "| `{format}` | {} |", format.title())?;
    }
    Ok(())
}

fn run(arguments: &Arguments) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let of_call = catalogue().iter().map(cells).chain([list()]);
    let of_episode = interruption_fields().iter().map(cells_of_field);
    match arguments.format {
        Format::Markdown => {
            markdown(&mut out, of_call)?;
            writeln!(out, "\nEach record of `{INTERRUPTIONS_LIST}` has:\n")?;
            markdown(&mut out, of_episode)?;
            in_words(&mut out)?;
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            // Some fields of an episode are named as columns of the call are.
            writer.write_record(HEADER.iter().chain(&["level"]))?;
            let of_call = of_call.map(|cells| (cells, "call"));
            let of_episode = of_episode.map(|cells| (cells, "interruption"));
            for (cells, level) in of_call.chain(of_episode) {
                let cells = cells.iter().map(String::as_str);
                writer.write_record(cells.chain([level]))?;
            }
            writer.flush()?;
        }
        Format::JsonSchema => {
            serde_json::to_writer_pretty(&mut out, &schema())?;
            writeln!(out)?;
        }
        Format::Overview => overview(&mut out, of_call)?,
        Format::Transcripts => transcripts(&mut out)?,
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who read the table has left, as `head` does: end as by the signal SIGPIPE.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "catalogue: {error}");
            ExitCode::from(2)
        }
    }
}
