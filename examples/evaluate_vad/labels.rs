//! Labels of speech: RTTM, rows of triples, CSV.

use crate::common::Fallible;
use callcsi::timeline::{Segment, Timeline};
use std::path::Path;

/// Reads the speech of one recording.
///
/// An RTTM file or one of triples may label several recordings; then `recording` is the one wanted.
/// Of an RTTM file only the turns of `speakers` count, of all when there are none.
pub fn read(path: &Path, recording: &str, speakers: &[String]) -> Fallible<Timeline> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let ending = path.extension().and_then(|e| e.to_str());
    let labels = match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "rttm" => rttm(&text, recording, speakers),
        "scv" => triples(&text, recording),
        "csv" => rows(&text),
        other => Err(format!("found labels .{other}, wanted .rttm, .scv or .csv").into()),
    };
    labels.map_err(|e| format!("{}: {e}", path.display()).into())
}

fn rttm(text: &str, recording: &str, speakers: &[String]) -> Fallible<Timeline> {
    let turns: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.first() == Some(&"SPEAKER"))
        .collect();
    let files: std::collections::BTreeSet<&str> =
        turns.iter().filter_map(|f| f.get(1).copied()).collect();
    if files.len() > 1 && !files.contains(recording) {
        return Err(format!("found {} recordings, none of them {recording}", files.len()).into());
    }
    let mut speech = Vec::new();
    for fields in turns {
        let [_, file, _, start, length, _, _, speaker, ..] = fields[..] else {
            return Err(
                format!("found a turn of {} fields, wanted 8 or more", fields.len()).into(),
            );
        };
        let meant = files.len() == 1 || file == recording;
        if meant && (speakers.is_empty() || speakers.iter().any(|s| s == speaker)) {
            let start = number(start)?;
            speech.extend(segment(start, start + number(length)?)?);
        }
    }
    if speech.is_empty() && !speakers.is_empty() {
        return Err(format!("found no turn of {}", speakers.join(", ")).into());
    }
    Ok(speech.into_iter().collect())
}

fn triples(text: &str, recording: &str) -> Fallible<Timeline> {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let named = |line: &&&str| line.split(',').next().map(str::trim) == Some(recording);
    let line = match lines[..] {
        [only] => only,
        _ => lines
            .iter()
            .find(named)
            .ok_or_else(|| format!("found no row of {recording}"))?,
    };
    let fields: Vec<&str> = line.split(',').skip(1).map(str::trim).collect();
    let (triples, rest) = fields.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(format!(
            "found {} fields after the name, wanted triples",
            fields.len()
        )
        .into());
    }
    collect(
        triples
            .iter()
            .map(|[start, end, label]| (*start, *end, *label)),
    )
}

fn rows(text: &str) -> Fallible<Timeline> {
    let lines = text.lines().filter(|l| !l.trim().is_empty()).enumerate();
    let fields = lines.map(|(i, line)| (i, line.split(',').map(str::trim).collect::<Vec<_>>()));
    // The first row may name the columns.
    let fields = fields.filter(|(i, f)| *i > 0 || f.first().is_some_and(|f| number(f).is_ok()));
    let fields: Vec<Vec<&str>> = fields.map(|(_, fields)| fields).collect();
    collect(fields.iter().map(|fields| {
        let at = |i: usize| fields.get(i).copied();
        // Rows without a label are of speech.
        (
            at(0).unwrap_or(""),
            at(1).unwrap_or(""),
            at(2).unwrap_or("1"),
        )
    }))
}

fn collect<'a>(rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Fallible<Timeline> {
    let mut speech = Vec::new();
    for (start, end, label) in rows {
        let segment = segment(number(start)?, number(end)?)?;
        match label.to_ascii_lowercase().as_str() {
            "1" | "speech" | "voice" | "true" => speech.extend(segment),
            "0" | "false" | "non-speech" | "nonspeech" | "silence" | "noise" | "music" => {}
            _ => return Err(format!("found the label {label:?}, wanted 0 or 1").into()),
        }
    }
    Ok(speech.into_iter().collect())
}

fn number(text: &str) -> Fallible<f64> {
    let number = text.parse().ok().filter(|n: &f64| n.is_finite());
    number.ok_or_else(|| format!("found {text:?}, wanted seconds").into())
}

/// Returns the segment, or `None` of an empty one.
fn segment(start: f64, end: f64) -> Fallible<Option<Segment>> {
    if end < start {
        return Err(format!("found the end {end} before the start {start}").into());
    }
    Ok(Segment::from_seconds(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(segments: &[(f64, f64)]) -> Timeline {
        let segments = segments.iter();
        segments
            .filter_map(|&(s, e)| Segment::from_seconds(s, e))
            .collect()
    }

    const TURNS: &str = "SPEAKER a 1 1.0 0.5 <NA> <NA> x <NA> <NA>\n\
                         SPEAKER a 2 2.0 0.5 <NA> <NA> y <NA> <NA>\n\
                         SPEAKER b 1 3.0 0.5 <NA> <NA> x <NA> <NA>\n";

    #[test]
    fn rttm_by_recording_and_speaker() {
        let x = ["x".to_owned()];
        assert_eq!(rttm(TURNS, "a", &x).unwrap(), timeline(&[(1.0, 1.5)]));
        let both = timeline(&[(1.0, 1.5), (2.0, 2.5)]);
        assert_eq!(rttm(TURNS, "a", &[]).unwrap(), both);
        // One recording under another name is still the one.
        let one = TURNS.replace("SPEAKER b", "SPEAKER a");
        assert_eq!(rttm(&one, "c", &x).unwrap().segments().len(), 2);
        assert!(rttm(TURNS, "c", &x).is_err());
        assert!(rttm(TURNS, "a", &["z".to_owned()]).is_err());
        assert!(rttm("SPEAKER a 1 1.0\n", "a", &[]).is_err());
        assert!(rttm(&TURNS.replace("1.0", "-"), "a", &[]).is_err());
    }

    #[test]
    fn triples_of_one_row_or_of_the_named_one() {
        let wanted = timeline(&[(0.5, 2.0)]);
        let row = "n1,0,0.5,0,0.5,1.5,1,1.5,2.0,1,2,3,0\n";
        assert_eq!(triples(row, "other").unwrap(), wanted);
        let two = format!("n0,0,9,1\n{row}");
        assert_eq!(triples(&two, "n1").unwrap(), wanted);
        assert!(triples(&two, "n2").is_err());
        assert!(triples("n1,0,1\n", "n1").is_err());
        assert!(triples("n1,0,1,maybe\n", "n1").is_err());
        assert!(triples("n1,2,1,1\n", "n1").is_err());
    }

    #[test]
    fn rows_with_and_without_names_and_labels() {
        let wanted = timeline(&[(0.5, 1.5)]);
        let named = "start,end,label\n0.5,1.5,speech\n2,3,silence\n";
        assert_eq!(rows(named).unwrap(), wanted);
        assert_eq!(rows("0.5,1.5\n").unwrap(), wanted);
        assert!(rows("0.5,1.5,1\nsoon,2,1\n").is_err());
    }
}
