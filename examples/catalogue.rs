//! Prints the catalogue of features: `cargo run --example catalogue -- --format markdown|csv`.

use callcsi::features::{Feature, catalogue};
use clap::{Parser, ValueEnum};
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
}

fn cells(feature: &Feature) -> [String; 6] {
    [
        feature.name.clone(),
        feature.unit.symbol().to_owned(),
        feature.needs.name().to_owned(),
        feature.source.name().to_owned(),
        feature.revision.to_string(),
        feature.definition.clone(),
    ]
}

fn run(arguments: &Arguments) -> std::io::Result<()> {
    let header = ["name", "unit", "needs", "source", "revision", "definition"];
    let mut out = std::io::stdout().lock();
    match arguments.format {
        Format::Markdown => {
            writeln!(
                out,
                "| {} |\n|{}",
                header.join(" | "),
                "---|".repeat(header.len())
            )?;
            for feature in catalogue() {
                let cells = cells(feature).map(|cell| cell.replace('|', "\\|"));
                writeln!(out, "| `{}` | {} |", cells[0], cells[1..].join(" | "))?;
            }
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(header)?;
            for feature in catalogue() {
                writer.write_record(cells(feature))?;
            }
            writer.flush()?;
        }
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
