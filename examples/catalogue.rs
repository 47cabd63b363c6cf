//! Prints the catalogue of features: `cargo run --example catalogue -- --format markdown|csv`.

use callcsi::features::{Feature, catalogue};
use clap::{Parser, ValueEnum};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let header = ["name", "unit", "needs", "source", "revision", "definition"];
    match Arguments::parse().format {
        Format::Markdown => {
            println!(
                "| {} |\n|{}",
                header.join(" | "),
                "---|".repeat(header.len())
            );
            for feature in catalogue() {
                let cells = cells(feature).map(|cell| cell.replace('|', "\\|"));
                println!("| `{}` | {} |", cells[0], cells[1..].join(" | "));
            }
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(std::io::stdout());
            writer.write_record(header)?;
            for feature in catalogue() {
                writer.write_record(cells(feature))?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}
