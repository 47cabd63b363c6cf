//! Any bytes as a mapping and a table, cut at the first zero: read or refused, and every row of it as a
//! row of a manifest; never a panic.
#![no_main]

use callcsi::batch::{Manifest, ManifestOptions, Mapping, read_table_from};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    let (mapping, table) = data.split_at(cut);
    let mapping = std::str::from_utf8(mapping).unwrap_or_default();
    let mapping = Mapping::parse("mapping.toml", mapping).unwrap_or_default();
    let table = Cursor::new(table.get(1..).unwrap_or_default().to_vec());
    // Files that rows name are looked for below here, and nowhere else.
    let options = ManifestOptions {
        root: Some("seeds".into()),
        ..ManifestOptions::default()
    };
    if let Ok(manifest) = Manifest::read_from("table", table.clone(), options, &mapping) {
        for entry in manifest {
            let _ = entry.row.map_err(|error| error.to_string());
        }
    }
    let Ok(mut rows) = read_table_from("table", table, &mapping) else {
        return;
    };
    for (line, row) in rows.by_ref() {
        let _ = (line, row.map(|cells| cells.iter().count()));
    }
    let _ = rows.check_columns();
});
