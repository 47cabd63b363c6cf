//! Draws one call: `cargo run --release --example picture -- demo/demo-02.wav --agent-channel left
//! --transcript demo/demo-02.json --out target/call.svg`.
//!
//! Two lanes, the agent's and the customer's: how loud each is, what the detector takes for speech,
//! the transcript's utterances; between them where both speak, the interruption episodes and the long
//! silences. No word of the call is in the picture. Exit code 0: the call was drawn; 2: it was not,
//! and why is said.

mod kinds;
mod shapes;
mod style;
mod svg;

use callcsi::audio;
use callcsi::batch::read_metadata;
use callcsi::call::{AgentChannel, Call, Side, Sides};
use callcsi::conversation::Conversation;
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::{Segment, Span, Time, Timeline};
use callcsi::vad::Hearing;
use clap::Parser;
use kinds::{Interval, Kind};
use shapes::clock;
use std::path::PathBuf;
use std::process::ExitCode;
use svg::{Lane, Picture, WIDTH};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// No column is shorter: a level needs some periods of the voice.
const COLUMN_MIN: Span = Span::from_millis(10);

/// Draws one call as SVG.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A two-channel recording.
    recording: PathBuf,
    /// The agent's channel: left, right or a preset, as amazon-connect.
    #[arg(long)]
    agent_channel: AgentChannel,
    /// A transcript of both sides.
    #[arg(long)]
    transcript: Option<PathBuf>,
    /// IVR, queue and hold facts of the call, as JSON; the holds are drawn.
    #[arg(long)]
    metadata: Option<PathBuf>,
    /// The detector, by its name in settings: silero-1, fast-1, earshot-1, …
    #[arg(long, default_value = "silero-1")]
    detector: String,
    /// Where the picture begins, in seconds.
    #[arg(long, default_value = "0")]
    from: f64,
    /// Where it ends; with the call, unless given.
    #[arg(long)]
    to: Option<f64>,
    /// How many seconds stand in a row.
    #[arg(long, default_value = "60")]
    row: f64,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

/// Returns the length of the recording and the levels of both sides in the columns from `from` on.
fn levels(call: &Call, from: Time, column: Span) -> Fallible<(Span, Sides<Vec<f64>>)> {
    let recording = call.recording.as_ref().ok_or("found no recording")?;
    let mut audio = audio::open(recording)?;
    let rate = audio.sample_rate();
    // The sum of squares of each column, and of how many samples.
    let mut powers: Sides<Vec<(f64, u32)>> = Sides::default();
    let mut first = 0;
    while let Some(block) = audio.next_block()? {
        for (side, samples) in [(Side::Agent, block.agent), (Side::Customer, block.customer)] {
            let powers = powers.get_mut(side);
            for (i, sample) in (first..).zip(samples) {
                let after = (Time::of_sample(i, rate) - from).nanos();
                let Ok(at) = usize::try_from(after.div_euclid(column.nanos())) else {
                    continue;
                };
                if powers.len() <= at {
                    powers.resize(at + 1, (0.0, 0));
                }
                powers[at].0 += f64::from(sample * sample);
                powers[at].1 += 1;
            }
        }
        first = audio.frames_read();
    }
    let dbfs = |(sum, count): &(f64, u32)| 10.0 * (sum / f64::from(*count).max(1.0)).log10();
    let levels = powers.map(|of_side| of_side.iter().map(dbfs).collect());
    Ok((Time::of_sample(first, rate) - Time::ZERO, levels))
}

/// Makes intervals of one kind, each with a label.
fn intervals<'a>(
    kind: Kind,
    segments: &'a [Segment],
    label: impl Fn(Segment) -> String + 'a,
) -> impl Iterator<Item = Interval> + 'a {
    segments.iter().map(move |&segment| Interval {
        segment,
        label: label(segment),
        kind,
    })
}

fn unlabelled(_: Segment) -> String {
    String::new()
}

/// Returns what is drawn in the lane of one side: one line for each kind.
fn of_side(side: Side, call: &Conversation, unsaid: &Timeline, holds: &Timeline) -> Vec<Interval> {
    let speech = call.speech.get(side);
    let mut all = Vec::new();
    all.extend(intervals(Kind::Speech, speech.segments(), unlabelled));
    all.extend(intervals(Kind::Unsaid, unsaid.segments(), unlabelled));
    all.extend(intervals(Kind::Hold, holds.segments(), |_| {
        "hold".to_owned()
    }));
    for spoken in call.utterances.get(side) {
        // Without a transcript an utterance is speech joined, which is seen already.
        let Some(count) = spoken.words.filter(|_| *call.has_words.get(side)) else {
            continue;
        };
        all.push(Interval {
            segment: spoken.segment,
            label: format!("{} words", count.words),
            kind: if spoken.backchannel {
                Kind::Backchannel
            } else {
                Kind::Utterance
            },
        });
    }
    for cut in call.interruptions.iter().filter(|cut| cut.by == side) {
        let label = if cut.successful {
            "the other stops"
        } else {
            "the other goes on"
        };
        all.extend(
            Segment::new(cut.at, cut.at + cut.overlap).map(|segment| Interval {
                segment,
                label: label.to_owned(),
                kind: Kind::Interruption,
            }),
        );
    }
    all
}

/// Returns what a side's channel carries besides its voice.
fn besides(side: Side, hearing: &Hearing) -> Vec<Interval> {
    let leaked = hearing.leaked(side);
    let mut all: Vec<Interval> = intervals(Kind::Bleed, leaked.segments(), unlabelled).collect();
    all.extend(hearing.line.get(side).iter().map(|heard| Interval {
        segment: heard.segment,
        label: heard.sound.to_string(),
        kind: Kind::Line,
    }));
    all
}

/// Returns what is drawn between the lanes.
fn of_both(call: &Conversation, holds: &Timeline, settings: &AnalysisSettings) -> Vec<Interval> {
    let length = |s: Segment| format!("{:.1} s", s.duration().seconds());
    let silences = call.silences(Some(holds), settings.silence_min);
    let episodes: Vec<Segment> = call.episodes.iter().map(|e| e.segment).collect();
    let mut all = Vec::new();
    all.extend(intervals(Kind::Silence, silences.segments(), length));
    all.extend(intervals(Kind::Episode, &episodes, unlabelled));
    all.extend(intervals(
        Kind::Overlap,
        call.overlap.segments(),
        unlabelled,
    ));
    all
}

fn draw(arguments: &Arguments) -> Fallible<String> {
    let mut settings = AnalysisSettings::default();
    settings.detector = serde_json::from_value(arguments.detector.as_str().into())
        .map_err(|error| format!("--detector: {error}"))?;
    let name = arguments.recording.file_name().unwrap_or_default();
    let title = name.to_string_lossy();
    let mut known = Call::new(title.clone());
    known = known.stereo(arguments.recording.as_path(), arguments.agent_channel);
    if let Some(path) = &arguments.metadata {
        known = known.metadata(read_metadata(path)?);
    }
    let extractor = Extractor::new(settings.clone())?;
    let plain = extractor.extract(&known)?;
    let mut found = plain.clone();
    if let Some(path) = &arguments.transcript {
        found = extractor.extract(&known.clone().transcript(path.as_path()))?;
    }
    for warning in &found.warnings {
        eprintln!("warning: {}: {}", warning.code, warning.message);
    }

    let seconds = |name: &str, value: f64| {
        let time = Time::from_seconds(value).filter(|time| *time >= Time::ZERO);
        time.ok_or_else(|| format!("--{name}: found {value}, wanted seconds, 0 or more"))
    };
    let from = seconds("from", arguments.from)?;
    let row =
        Span::from_seconds(arguments.row).filter(|_| (1.0..=3_600.0).contains(&arguments.row));
    let row = row.ok_or_else(|| format!("--row: found {}, wanted 1 to 3600", arguments.row))?;
    let to = arguments.to.map(|to| seconds("to", to)).transpose()?;
    // What takes hardly more than a row is one, so that none is left with a second or two.
    let length = plain.conversation.as_ref().map(|c| c.duration);
    let end = length.map_or(to, |length| {
        Some(to.unwrap_or(Time::ZERO + length).min(Time::ZERO + length))
    });
    let length = end.map_or(row, |end| end - from);
    let shown = if length.nanos() < row.nanos() / 4 * 5 {
        length.max(COLUMN_MIN)
    } else {
        row
    };
    let columns = (shown.nanos() / COLUMN_MIN.nanos()).clamp(1, 2 * WIDTH as i64);
    let column = Span::from_nanos(shown.nanos() / columns);
    let (duration, levels) = levels(&known, from, column)?;
    let end = Time::ZERO + duration;
    let whole = Segment::new(from, to.unwrap_or(end).min(end))
        .ok_or_else(|| format!("found no sound to draw, of a call of {duration}"))?;

    let mut lanes = levels.map(|levels| Lane {
        levels,
        intervals: Vec::new(),
    });
    let mut between = Vec::new();
    if let (Some(call), Some(plain)) = (&found.conversation, &plain.conversation) {
        let holds = known.metadata.hold_timeline(duration)?;
        let heard = found.hearing.as_ref().map(|hearing| hearing.holds.clone());
        let holds = holds.or(heard).unwrap_or_default();
        for side in Side::BOTH {
            // What is left at the edges of an utterance is no word.
            let unsaid = plain.speech.get(side) - call.speech.get(side);
            let unsaid = unsaid.prune(settings.speech_min);
            lanes.get_mut(side).intervals = of_side(side, call, &unsaid, &holds);
            if let Some(hearing) = &found.hearing {
                lanes.get_mut(side).intervals.extend(besides(side, hearing));
            }
        }
        between = of_both(call, &holds, &settings);
    }
    let part = match (arguments.from > 0.0) || to.is_some() {
        true => format!(
            ", drawn from {} to {}",
            clock(whole.start().seconds(), true),
            clock(whole.end().seconds(), true)
        ),
        false => String::new(),
    };
    let recording = found.recording.map(|r| r.to_string()).unwrap_or_default();
    let length = clock(duration.seconds(), true);
    let picture = Picture {
        title: title.into_owned(),
        subtitle: format!(
            "{recording}; {length}{part}; detector {}",
            arguments.detector
        ),
        whole,
        row: shown,
        column,
        lanes,
        between,
    };
    Ok(picture.svg())
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let drawn = draw(arguments)?;
    let path = &arguments.out;
    Ok(std::fs::write(path, drawn).map_err(|e| format!("{}: {e}", path.display()))?)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("picture: {error}");
            ExitCode::from(2)
        }
    }
}
