//! What the command is told.

use callcsi::batch::{
    HistoryColumns, Identity, ManifestOptions, Pattern, RunOptions, Shard, Start, Threads,
};
use callcsi::call::AgentChannel;
use callcsi::features::Lang;
use clap::{Parser, ValueEnum};
use std::path::{Path, PathBuf};

/// Estimates the CSI of every call of an archive, with reasons.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// A manifest (CSV, JSON Lines or, built with --features parquet, Parquet, with a column call_id),
    /// a folder of recordings, or `-` for a manifest on standard input.
    #[arg(required_unless_present = "stdin")]
    input: Option<PathBuf>,
    /// Manifest on standard input, rows as JSON Lines on standard output, each written at once; calls
    /// that fail do not change the exit code.
    #[arg(long, conflicts_with_all = ["input", "out", "history"])]
    pub stdin: bool,
    /// Where the rows go; `-` is standard output. A file is there when the last row is, with its
    /// failures and its journal beside it: OUT.errors.jsonl, OUT.journal.
    #[arg(short, long, default_value = "-")]
    pub out: PathBuf,
    /// Shape of the rows [default: text on a terminal, else by the ending of --out, else jsonl].
    /// Parquet, which ends with its directory, goes to a file.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The language of the text format: en, ru.
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// A model made by `retrain` [default: the bundled one, which knows no real customers].
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// The agent's channel where the manifest does not declare it: left, right, amazon-connect,
    /// aws-pca, azure-voice, sarvam, verint, twilio-inbound, twilio-outbound, freeswitch-inbound,
    /// freeswitch-outbound.
    #[arg(long)]
    pub agent_channel: Option<AgentChannel>,
    /// The agent's label in transcripts that name speakers without a role, as SPEAKER_01.
    #[arg(long)]
    pub agent_speaker: Option<String>,
    /// The format of transcripts, where the manifest does not tell it and it shall not be detected.
    #[arg(long, value_name = "FORMAT")]
    pub transcript_format: Option<callcsi::transcript::Format>,
    /// What the columns of the manifest and the facts mean (TOML), where they have other names or units.
    #[arg(long)]
    pub mapping: Option<PathBuf>,
    /// IVR, queue and hold facts by call_id, for a folder of recordings.
    #[arg(long)]
    pub facts: Option<PathBuf>,
    /// Records as telephony platforms write them (Amazon Connect, Genesys Cloud, Asterisk, FreeSWITCH,
    /// Cisco UCCE), joined by call_id; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub records: Vec<PathBuf>,
    /// What the file names of a folder mean: '{call_id}_{agent}_{date}.wav'.
    #[arg(long)]
    pub pattern: Option<Pattern>,
    /// The folder that the manifest's paths start from and stay in [default: the manifest's].
    #[arg(long)]
    pub root: Option<PathBuf>,
    /// Allow paths that lead out of it.
    #[arg(long)]
    pub outside: bool,
    /// Compute what customers' earlier calls show from the archive itself (columns customer_id and
    /// recording_start or call_start).
    #[arg(long)]
    pub history: bool,
    /// The column that tells customers apart.
    #[arg(long, default_value = "customer_id", value_name = "COLUMN")]
    pub customer_column: String,
    /// The column that tells when a call began, where recording_start does not.
    #[arg(long, default_value = "call_start", value_name = "COLUMN")]
    pub start_column: String,
    /// Columns of the manifest to carry into the rows; they may hold personal data.
    #[arg(long, value_delimiter = ',')]
    pub keep: Vec<String>,
    /// A recogniser for recordings without a transcript, as 'recognise {wav} > {json}'; it is run
    /// for each side on 16-bit PCM at 16 kHz.
    #[arg(long, value_name = "COMMAND")]
    pub asr_command: Option<String>,
    /// How long one run of it may take, in seconds.
    #[arg(long, default_value = "600", value_name = "SECONDS")]
    pub asr_timeout: u64,
    /// Where its output is kept [default: beside --out, else asr].
    #[arg(long, value_name = "FOLDER")]
    pub asr_folder: Option<PathBuf>,
    /// Where a vCon goes for every scored call, beside the rows: the one it came from, with the estimate
    /// added, or a new one.
    #[arg(long, value_name = "FOLDER")]
    pub vcon: Option<PathBuf>,
    /// Threads [default: one for each processor].
    #[arg(short, long)]
    pub jobs: Option<usize>,
    /// Memory for the calls at work and the rows that wait, by estimate, as 500M or 2G.
    #[arg(long, value_parser = bytes)]
    pub memory_limit: Option<u64>,
    /// The longest call listened to, in hours; a longer one fails.
    #[arg(long, default_value = "12", value_name = "HOURS")]
    pub longest: f64,
    /// How long one call may take, in seconds of work; a slower one fails.
    #[arg(long, default_value = "900", value_name = "SECONDS")]
    pub call_timeout: f64,
    /// Only this share of the manifest, by call id: 0/4 to 3/4.
    #[arg(long)]
    pub shard: Option<Shard>,
    /// Go on with a run that was broken off, or take what did not change from a finished one.
    #[arg(long)]
    pub resume: bool,
    /// Throw away a run that was broken off.
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// With --resume: try calls that failed again.
    #[arg(long, requires = "resume")]
    pub retry_failed: bool,
    /// Tell whether a file changed by its content, instead of its size and time.
    #[arg(long)]
    pub by_content: bool,
    /// End at the first call that fails.
    #[arg(long)]
    pub fail_fast: bool,
    /// A file of JSON with settings, versions, counts, times and absent features of the run.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// How standard error is written.
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// No summary and no progress on standard error.
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Jsonl,
    Csv,
    Text,
    #[cfg(feature = "parquet")]
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Reads a number of bytes, as 500M.
fn bytes(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let unit = units
        .iter()
        .find_map(|(u, shift)| Some((upper.strip_suffix(u)?, *shift)));
    let (digits, shift) = unit.unwrap_or((&upper, 0));
    let number = digits.parse::<u64>().ok();
    let bytes = number.and_then(|n| n.checked_mul(1 << shift));
    bytes.ok_or_else(|| "a number of bytes is wanted, as 500M or 2G".to_owned())
}

impl Arguments {
    /// Where the calls are; `-` is standard input.
    pub fn input(&self) -> &Path {
        self.input.as_deref().unwrap_or(Path::new("-"))
    }

    pub fn manifest_options(&self) -> ManifestOptions {
        ManifestOptions {
            agent_channel: self.agent_channel,
            agent_speaker: self.agent_speaker.clone(),
            transcript_format: self.transcript_format,
            facts: self.facts.clone(),
            records: self.records.clone(),
            pattern: self.pattern.clone(),
            root: self.root.clone(),
            outside: self.outside,
        }
    }

    pub fn run_options(&self) -> RunOptions {
        let mut options = RunOptions::default();
        options.threads = self.jobs.map_or(options.threads, Threads::of);
        options.memory_limit = self.memory_limit;
        options.shard = self.shard;
        options.start = match (self.resume, self.restart) {
            (true, _) => Start::Resume,
            (_, true) => Start::Restart,
            _ => Start::New,
        };
        options.retry_failed = self.retry_failed;
        options.fail_fast = self.fail_fast;
        options.identity = match self.by_content {
            true => Identity::Content,
            false => Identity::SizeAndTime,
        };
        options
    }

    pub fn history_columns(&self) -> HistoryColumns {
        HistoryColumns {
            customer: self.customer_column.clone(),
            start: self.start_column.clone(),
            ..HistoryColumns::default()
        }
    }
}
