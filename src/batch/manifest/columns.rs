//! What the columns of a row mean.
//!
//! # Conventions
//!
//! * An empty cell is no value. A cell that cannot be read is an error that names its column.
//! * Facts in columns stand over the same facts in a file or object of metadata.

use super::Labels;
use crate::batch::table::{Cells, Rows};
use crate::call::{ClockInterval, CustomerHistory, Holds, Ivr, IvrStep, Metadata, Queue};
use crate::error::{Error, ErrorKind, Result};
use crate::model::SurveyStatus;
use crate::timeline::{Span, Time};
use std::str::FromStr;

/// The column of a row's own line.
pub(super) const MANIFEST_LINE: &str = "manifest_line";

/// The columns that mean something; all others are carried along.
const KNOWN: [&str; 36] = [
    "call_id",
    MANIFEST_LINE,
    "audio",
    "agent_channel",
    "audio_agent",
    "audio_customer",
    "customer_offset_s",
    "transcript",
    "transcript_agent",
    "transcript_customer",
    "transcript_format",
    "agent_speaker",
    "duration_s",
    "vcon",
    "metadata",
    "recording_start",
    "ivr_status",
    "ivr_duration_s",
    "ivr_path",
    "ivr_step_count",
    "ivr_no_input_count",
    "ivr_no_match_count",
    "ivr_repeat_count",
    "ivr_operator_request_count",
    "ivr_last_node",
    "queue_wait_s",
    "queue_name",
    "hold_count",
    "hold_total_s",
    "hold_longest_s",
    "holds",
    "customer_always_requests_operator",
    "customer_ivr_history_count",
    "customer_operator_request_share",
    "mark",
    "survey_status",
];

pub(super) fn extra_columns(rows: &Rows) -> Vec<String> {
    let unknown = |c: &&String| !KNOWN.contains(&c.as_str()) && !c.is_empty();
    rows.columns().iter().filter(unknown).cloned().collect()
}

pub(super) fn number<T: FromStr>(cells: &Cells, column: &str, wanted: &str) -> Result<Option<T>> {
    let Some(text) = cells.get(column) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        let error = Error::new(ErrorKind::IllFormed, column, format!("{text:?}"), wanted);
        if text.contains(',') && text.replace(',', ".").parse::<f64>().is_ok() {
            error.hint("is the decimal comma to be a point?")
        } else if text.contains(':') {
            error.hint("is it hours and minutes? seconds are wanted")
        } else {
            error
        }
    })
}

pub(super) fn span(cells: &Cells, column: &str) -> Result<Option<Span>> {
    let wanted = "a number of seconds";
    let Some(seconds) = number::<f64>(cells, column, wanted)? else {
        return Ok(None);
    };
    let span = Span::from_seconds(seconds);
    span.map(Some)
        .ok_or_else(|| Error::new(ErrorKind::Invalid, column, seconds, wanted))
}

fn count(cells: &Cells, column: &str) -> Result<Option<u32>> {
    number(cells, column, "a whole number from 0 up")
}

fn flag(cells: &Cells, column: &str) -> Result<Option<bool>> {
    match cells.get(column) {
        None => Ok(None),
        Some("1" | "true" | "yes") => Ok(Some(true)),
        Some("0" | "false" | "no") => Ok(Some(false)),
        Some(text) => {
            let found = format!("{text:?}");
            Err(Error::new(
                ErrorKind::IllFormed,
                column,
                found,
                "1 or 0, true or false",
            ))
        }
    }
}

/// Puts `value` into `slot` when the column has one.
fn fill<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

/// Adds the facts that stand in columns of their own.
pub(super) fn from_columns(cells: &Cells, metadata: &mut Metadata) -> Result<()> {
    let within = |column: &'static str| move |e: Error| e.within(column);
    if let Some(text) = cells.get("recording_start") {
        metadata.recording_start = Some(text.parse().map_err(within("recording_start"))?);
    }
    if cells.any(|c| c.starts_with("ivr_")) {
        let ivr = metadata.ivr.get_or_insert_with(Ivr::default);
        if let Some(text) = cells.get("ivr_status") {
            ivr.status = Some(text.parse().map_err(within("ivr_status"))?);
        }
        if let Some(text) = cells.get("ivr_path") {
            ivr.steps = Some(path_of(text).map_err(within("ivr_path"))?);
        }
        fill(&mut ivr.duration, span(cells, "ivr_duration_s")?);
        fill(&mut ivr.step_count, count(cells, "ivr_step_count")?);
        fill(&mut ivr.no_input_count, count(cells, "ivr_no_input_count")?);
        fill(&mut ivr.no_match_count, count(cells, "ivr_no_match_count")?);
        fill(&mut ivr.repeat_count, count(cells, "ivr_repeat_count")?);
        fill(
            &mut ivr.operator_request_count,
            count(cells, "ivr_operator_request_count")?,
        );
        fill(
            &mut ivr.last_node,
            cells.get("ivr_last_node").map(str::to_owned),
        );
    }
    if cells.any(|c| c.starts_with("queue_")) {
        let queue = metadata.queue.get_or_insert_with(Queue::default);
        fill(&mut queue.wait, span(cells, "queue_wait_s")?);
        fill(&mut queue.name, cells.get("queue_name").map(str::to_owned));
    }
    if cells.any(|c| c == "holds" || c.starts_with("hold_")) {
        let holds = metadata.holds.get_or_insert_with(Holds::default);
        fill(&mut holds.count, count(cells, "hold_count")?);
        fill(&mut holds.total, span(cells, "hold_total_s")?);
        fill(&mut holds.longest, span(cells, "hold_longest_s")?);
        if let Some(text) = cells.get("holds") {
            holds.intervals = Some(intervals_of(text).map_err(within("holds"))?);
        }
    }
    let history = [
        "customer_always_requests_operator",
        "customer_ivr_history_count",
        "customer_operator_request_share",
    ];
    if cells.any(|c| history.contains(&c)) {
        let customer = metadata
            .customer
            .get_or_insert_with(CustomerHistory::default);
        fill(
            &mut customer.always_requests_operator,
            flag(cells, history[0])?,
        );
        fill(&mut customer.ivr_history_count, count(cells, history[1])?);
        fill(
            &mut customer.operator_request_share,
            number(cells, history[2], "a share, 0 to 1")?,
        );
    }
    let extra = cells.iter().filter(|(c, _)| !KNOWN.contains(c));
    metadata
        .extra
        .extend(extra.map(|(c, v)| (c.to_owned(), v.to_owned())));
    Ok(())
}

/// Parses `node:outcome>node`.
fn path_of(text: &str) -> Result<Vec<IvrStep>> {
    text.split('>')
        .map(|step| match step.trim().rsplit_once(':') {
            Some((node, outcome)) => Ok(IvrStep::new(node.trim()).outcome(outcome.trim().parse()?)),
            None => Ok(IvrStep::new(step.trim())),
        })
        .collect()
}

/// Parses `12.5-40;60-75`, seconds of the call clock.
fn intervals_of(text: &str) -> Result<Vec<ClockInterval>> {
    let parse = |interval: &str| {
        let (start, end) = interval.trim().split_once('-')?;
        let time = |t: &str| t.trim().parse().ok().and_then(Time::from_seconds);
        Some(ClockInterval::Call {
            start: time(start)?,
            end: time(end)?,
        })
    };
    text.split(';')
        .filter(|interval| !interval.trim().is_empty())
        .map(|interval| {
            parse(interval).ok_or_else(|| {
                let wanted = "start-end in seconds, as 12.5-40;60-75";
                Error::new(ErrorKind::IllFormed, "", format!("{interval:?}"), wanted)
            })
        })
        .collect()
}

pub(crate) fn labels(cells: &Cells) -> Result<Labels> {
    let survey = match cells.get("survey_status") {
        Some(text) => Some(
            text.parse::<SurveyStatus>()
                .map_err(|e| e.within("survey_status"))?,
        ),
        None => None,
    };
    let wanted = "a whole number";
    let mark = match number::<f64>(cells, "mark", wanted)? {
        // Spreadsheets and data frames write 5 as 5.0.
        Some(mark) if mark.fract() == 0.0 && mark.abs() < 1e9 => Some(mark as i64),
        Some(mark) => return Err(Error::new(ErrorKind::IllFormed, "mark", mark, wanted)),
        None => None,
    };
    Ok(Labels { mark, survey })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_data_frames_are_whole_numbers_and_halves_are_refused() {
        let mark = |text: &str| {
            let mut cells = Cells::default();
            cells.set("mark", text.to_owned());
            labels(&cells).map(|labels| labels.mark)
        };
        assert_eq!(mark("5.0").unwrap(), Some(5));
        assert_eq!(mark("5").unwrap(), Some(5));
        for odd in ["4.5", "NaN", "inf", "1e300", "пять"] {
            assert_eq!(mark(odd).unwrap_err().place(), "mark", "{odd}");
        }
    }
}
