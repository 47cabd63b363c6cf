//! What the command is told.

use callcsi::analytics::{ReadOptions, StudyOptions, USUAL_COLUMNS};
use callcsi::batch::{ManifestOptions, Mapping, Threads};
use callcsi::call::AgentChannel;
use callcsi::features::Lang;
use clap::Parser;
use std::path::PathBuf;

/// Shows what the results of an archive say, as one page of HTML.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// Results of `score_archive`: JSON Lines, CSV or, built with --features parquet, Parquet.
    pub results: PathBuf,
    /// The manifest that they were made of: for times, operators, queues, the way through the IVR, and the
    /// pictures of the calls to open.
    #[arg(long)]
    pub manifest: Option<PathBuf>,
    /// The page to write.
    #[arg(short, long, default_value = "report.html")]
    pub out: PathBuf,
    /// A folder for the same as tables (CSV) and JSON.
    #[arg(long, value_name = "FOLDER")]
    pub tables: Option<PathBuf>,
    /// Only the page of this call, measured anew from the manifest.
    #[arg(long, value_name = "ID", requires = "manifest")]
    pub call: Option<String>,
    /// The language of the page: en, ru.
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// What stands at the head of the page.
    #[arg(long)]
    pub title: Option<String>,
    /// The model that the results were made with [default: the bundled one].
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Columns to group calls by.
    #[arg(long, value_delimiter = ',', default_values_t = USUAL_COLUMNS.map(str::to_owned))]
    pub by: Vec<String>,
    /// The column that tells when a call began, where recording_start does not.
    #[arg(long, default_value = "call_start", value_name = "COLUMN")]
    pub time_column: String,
    /// The column that tells customers apart.
    #[arg(long, default_value = "customer_id", value_name = "COLUMN")]
    pub customer_column: String,
    /// The centre's clock, as hours from UTC, for times that tell their offset: 3 for Moscow.
    #[arg(
        long,
        default_value = "0",
        value_name = "HOURS",
        allow_negative_numbers = true
    )]
    pub utc_offset: f64,
    /// Groups of fewer calls are not ranked.
    #[arg(long, default_value = "30", value_name = "CALLS")]
    pub least: u64,
    /// Calls listed to be opened, of each kind.
    #[arg(long, default_value = "15", value_name = "CALLS")]
    pub open: usize,
    /// A wait up to this is in time, in seconds.
    #[arg(long, default_value = "20", value_name = "SECONDS")]
    pub in_time: f64,
    /// A customer who comes back within so many days was not helped.
    #[arg(long, default_value = "7", value_name = "DAYS")]
    pub repeat_days: u32,
    /// Whole calls held for what cannot be summed: quantiles, regressions, shared conditions.
    #[arg(long, default_value = "50000", value_name = "CALLS")]
    pub sample: usize,
    /// Rules for alerts (TOML) [default: the bundled ones].
    #[arg(long)]
    pub rules: Option<PathBuf>,
    /// No pictures of the calls to open.
    #[arg(long)]
    pub no_pictures: bool,
    /// What the columns of the manifest mean (TOML), where they have other names or units.
    #[arg(long)]
    pub mapping: Option<PathBuf>,
    /// The agent's channel where the manifest does not declare it.
    #[arg(long)]
    pub agent_channel: Option<AgentChannel>,
    /// The folder that the manifest's paths start from and stay in [default: the manifest's].
    #[arg(long)]
    pub root: Option<PathBuf>,
    /// Allow paths that lead out of it.
    #[arg(long)]
    pub outside: bool,
    /// Threads [default: one for each processor].
    #[arg(short, long)]
    pub jobs: Option<usize>,
}

impl Arguments {
    pub fn manifest_options(&self) -> ManifestOptions {
        ManifestOptions {
            agent_channel: self.agent_channel,
            root: self.root.clone(),
            outside: self.outside,
            ..ManifestOptions::default()
        }
    }

    pub fn mapping(&self) -> callcsi::Result<Mapping> {
        self.mapping
            .as_ref()
            .map_or_else(|| Ok(Mapping::default()), Mapping::read)
    }

    pub fn threads(&self) -> Threads {
        self.jobs.map_or_else(Threads::available, Threads::of)
    }

    pub fn read_options(&self) -> callcsi::Result<ReadOptions> {
        let mut options = ReadOptions::default();
        options.manifest = self.manifest.clone();
        options.manifest_options = self.manifest_options();
        options.mapping = self.mapping()?;
        options.columns = self.by.clone();
        options.roles.time = self.time_column.clone();
        options.roles.customer = self.customer_column.clone();
        options.utc_offset = (self.utc_offset * 3_600.0).round() as i32;
        options.threads = self.threads();
        Ok(options)
    }

    pub fn study_options(&self) -> StudyOptions {
        let mut options = StudyOptions::default();
        options.least_calls = self.least.max(2);
        options.open = self.open;
        options.in_time_s = self.in_time;
        options.repeat_days = self.repeat_days;
        options.sample = self.sample;
        options
    }
}
