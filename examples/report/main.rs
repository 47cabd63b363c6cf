//! What the results of an archive say, as one page: `cargo run --release --example report -- RESULTS
//! --manifest MANIFEST --out report.html`.

use callcsi::analytics::{Archive, ReadOptions, Study, StudyOptions};
use callcsi::model::Predictor;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let results = PathBuf::from(args.next().ok_or("results")?);
    let mut options = ReadOptions::default();
    options.manifest = args.next().map(PathBuf::from);
    let predictor = Predictor::builtin()?;
    let archive = Archive::open(&results, options)?;
    let columns = archive.columns().to_vec();
    let mut study = Study::new(&columns, predictor.model().label(), Some(&predictor), StudyOptions::default());
    let began = std::time::Instant::now();
    archive.each(|found| {
        let row = found.call?;
        study.push(&row)
    })?;
    eprintln!("read {:?}", began.elapsed());
    let analysis = study.finish()?;
    eprintln!("done {:?}", began.elapsed());
    println!("{}", serde_json::to_string_pretty(&analysis)?);
    Ok(())
}
