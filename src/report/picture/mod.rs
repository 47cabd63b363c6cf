//! The picture of a call: two lanes of level over time, and what happened when.
//!
//! The agent's level grows upwards and the customer's downwards from a strip between them, so that what
//! happens at once stands together. Speech, the transcript's utterances, openings and closings stand in
//! the lanes; long silences, overlaps and interruption episodes between them; holds and sounds of the
//! line outside. The IVR and the queue stand left of 0:00: see [`CallPicture`]. No word of the call is in
//! the picture, nor the digit of a key.
//!
//! # Conventions
//!
//! * Times are on the call clock: 0:00 is the first sample of the recording.
//! * Levels are in dBFS, one for each column of equal length from the start of what is drawn.
//! * Lengths are in pixels of the picture at its own size; it scales with its frame.
//! * All that comes from data is text, escaped where it is written.

mod before;
mod compact;
mod full;
mod kinds;
mod levels;
mod scene;
mod shapes;
mod style;

pub use style::STYLE;

pub(super) use before::ivr_steps;

use crate::call::Call;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::features::{Absence, Lang};
use crate::score::Measurements;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time};
use scene::Scene;
use shapes::{clock, escaped};

/// How much of a call a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Rows of a minute, with a legend and what is told when it is pointed at. This is the default.
    #[default]
    Full,
    /// The whole call in one row, small, for lists: less than 12 kB whatever the call.
    Compact,
}

/// What is drawn, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureOptions {
    /// Defaults to [`Form::Full`].
    pub form: Form,
    /// Where the picture begins. Defaults to the beginning of the call, with what was before it.
    pub from: Option<Time>,
    /// Where it ends. Defaults to the end of the call.
    pub to: Option<Time>,
    /// How much stands in a row of the full form, from 1 s to an hour. By default a minute, or as many
    /// minutes as leave a long call [`ROWS_MAX`] rows.
    pub row: Option<Span>,
}

impl PictureOptions {
    /// Returns the options of the [compact form](Form::Compact).
    pub fn compact() -> PictureOptions {
        PictureOptions {
            form: Form::Compact,
            ..PictureOptions::default()
        }
    }
}

/// Into so many rows a call is drawn, unless the length of a row is given.
pub const ROWS_MAX: i64 = 30;

/// The most rows of a given length: more would be a picture that no program opens.
const ROWS_LIMIT: i64 = 2_000;

/// Length of a row.
const ROW: Span = Span::from_millis(60_000);

/// No column is shorter: a level needs some periods of the voice.
const COLUMN_MIN: Span = Span::from_millis(10);

/// A call, drawn.
///
/// What was before the call is left of 0:00 on the same axis: in the row of the compact form, in a row of
/// its own in the full one, at whose right end is 0:00. The IVR and the queue are as long as at the scale
/// of the call, or shorter with a mark that the scale is broken; their lengths stand in them in words.
/// IVR steps whose times are known are ticks with their names.
///
/// ```
/// use callcsi::call::{AgentChannel, Call};
/// use callcsi::features::Lang;
/// use callcsi::report::picture::{CallPicture, PictureOptions};
/// use callcsi::score::Extractor;
/// use callcsi::settings::AnalysisSettings;
///
/// # fn main() -> callcsi::Result<()> {
/// let call = Call::new("demo-02").stereo("demo/demo-02.wav", AgentChannel::Left);
/// let settings = AnalysisSettings::default();
/// let measured = Extractor::new(settings.clone())?.extract(&call)?;
/// let picture =
///     CallPicture::of(&call, &measured, &settings, Lang::En, &PictureOptions::default())?;
/// assert!(picture.svg_document().starts_with("<svg"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CallPicture {
    form: Form,
    scene: Scene,
}

impl CallPicture {
    /// Draws a call that was measured under `settings`. The levels are read from its recording, block by
    /// block; a call that has a transcript alone is drawn without them.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Invalid`]: the call has neither a recording nor a transcript whose words have times, or
    ///   lasts no time; or the part or the rows asked for cannot be.
    /// * [`ErrorKind::Mismatch`]: the measurements are of another call.
    /// * As [`audio::open`](crate::audio::open), and where the recording breaks off.
    pub fn of(
        call: &Call,
        measured: &Measurements,
        settings: &AnalysisSettings,
        lang: Lang,
        options: &PictureOptions,
    ) -> Result<CallPicture> {
        Self::drawn(call, measured, settings, lang, options).map_err(|e| e.of_call(&call.id))
    }

    fn drawn(
        call: &Call,
        measured: &Measurements,
        settings: &AnalysisSettings,
        lang: Lang,
        options: &PictureOptions,
    ) -> Result<CallPicture> {
        if call.id != measured.call {
            let found = format!("measurements of call {}", measured.call);
            return Err(Error::new(
                ErrorKind::Mismatch,
                "",
                found,
                "those of the call drawn",
            ));
        }
        let whole = part(call, measured, options)?;
        let (row, column) = match options.form {
            Form::Full => {
                let row = row(whole, options.row)?;
                (row, full::column(row))
            }
            Form::Compact => (whole.duration(), compact::column(whole.duration())),
        };
        let column = column.max(COLUMN_MIN).min(row);
        let mut scene = Scene::of(measured, settings, lang, (whole, row, column));
        if let Some(recording) = &call.recording {
            let levels = levels::levels(recording, whole, column);
            let mut levels = levels.map_err(|e| e.at(Stage::Recording))?;
            scene.lanes.agent.levels = std::mem::take(&mut levels.agent);
            scene.lanes.customer.levels = levels.customer;
        }
        scene.subtitle = subtitle(measured, settings, lang, options, whole);
        Ok(CallPicture {
            form: options.form,
            scene,
        })
    }

    /// Returns the picture as an SVG file.
    pub fn svg_document(&self) -> String {
        let sheet = match self.form {
            Form::Full => full::sheet(&self.scene, true),
            Form::Compact => compact::sheet(&self.scene),
        };
        let (width, height) = (sheet.width, sheet.height);
        let size = format!(" width=\"{width}\" height=\"{height:.0}\"");
        let style = format!(
            "<style>{}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height:.0}\"/>\n",
            style::alone()
        );
        self.svg(&sheet, &size, &style)
    }

    /// Returns the picture as an element of a page, as wide as its frame. The page has
    /// [`STYLE`](static@STYLE) in its head.
    pub fn svg_inline(&self) -> String {
        let sheet = match self.form {
            Form::Full => full::sheet(&self.scene, false),
            Form::Compact => compact::sheet(&self.scene),
        };
        self.svg(&sheet, "", "")
    }

    fn svg(&self, sheet: &Sheet, size: &str, style: &str) -> String {
        let Sheet {
            width,
            height,
            body,
        } = sheet;
        let title = self.told();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"call-picture\" \
             viewBox=\"0 0 {width} {height:.0}\"{size} role=\"img\">\n<title>{title}</title>\n\
             {style}{body}</svg>\n"
        )
    }

    /// Returns what the picture is, for those who do not see it, escaped.
    fn told(&self) -> String {
        let Scene {
            title,
            lang,
            before,
            whole,
            ..
        } = &self.scene;
        let length = clock(whole.duration().seconds(), true, *lang);
        let lanes = lang.of(
            "above the agent, below the customer",
            "вверху оператор, внизу клиент",
        );
        let mut told = format!("{}; {length}; {lanes}", escaped(title));
        if !before.is_empty() {
            told += &format!("; {}", before::line(before, *lang));
        }
        told
    }
}

/// Shapes with the size of what they are drawn on.
struct Sheet {
    width: f64,
    height: f64,
    body: String,
}

/// Returns the part of the call to draw.
fn part(call: &Call, measured: &Measurements, options: &PictureOptions) -> Result<Segment> {
    if call.recording.is_none() && measured.conversation.is_none() {
        let found = match call.transcripts.is_empty() && measured.transcript_formats.is_empty() {
            true => "neither a recording nor a transcript",
            false => "no recording, and a transcript that does not tell who spoke when",
        };
        let wanted = "a recording, or a transcript with times";
        return Err(Error::new(ErrorKind::Invalid, "picture", found, wanted));
    }
    let length = measured.duration.unwrap_or(Span::ZERO);
    let end = Time::ZERO + length;
    let from = options.from.unwrap_or(Time::ZERO).max(Time::ZERO);
    let to = options.to.unwrap_or(end).min(end);
    Segment::new(from, to).ok_or_else(|| {
        let found = format!("nothing from {from} to {to}, of a call of {length}");
        Error::new(ErrorKind::Invalid, "picture", found, "a part that lasts")
    })
}

/// Returns the length of a row.
fn row(whole: Segment, given: Option<Span>) -> Result<Span> {
    let length = whole.duration();
    let row = match given {
        Some(row) => {
            if !(1.0..=3_600.0).contains(&row.seconds()) {
                return Err(Error::new(ErrorKind::Invalid, "row", row, "1 s to 3600 s"));
            }
            row
        }
        None => {
            let minutes = length.nanos().div_euclid(ROW.nanos()) + 1;
            let steps = [1, 2, 5, 10, 30, 60].into_iter();
            let step = steps.map(Some).chain([None]);
            let mut step = step.map(|s| s.unwrap_or(minutes / ROWS_MAX + 1));
            let step = step.find(|step| minutes <= step * ROWS_MAX);
            Span::from_nanos(ROW.nanos().saturating_mul(step.unwrap_or(minutes)))
        }
    };
    let rows = length.nanos() / row.nanos();
    if rows > ROWS_LIMIT {
        let wanted = format!("rows so long that there are at most {ROWS_LIMIT}");
        return Err(Error::new(
            ErrorKind::Invalid,
            "row",
            format!("{rows} rows"),
            wanted,
        ));
    }
    // What takes hardly more than a row is one, so that none is left with a second or two.
    Ok(match length.nanos() < row.nanos() / 4 * 5 {
        true => length,
        false => row,
    })
}

/// Returns the line under the title of a file of its own.
fn subtitle(
    measured: &Measurements,
    settings: &AnalysisSettings,
    lang: Lang,
    options: &PictureOptions,
    whole: Segment,
) -> String {
    let time = |time: Time| clock(time.seconds(), true, lang);
    let length = measured.duration.unwrap_or_default();
    let mut parts = match &measured.recording {
        Some(recording) => vec![recording.to_string()],
        None => vec![lang.of("no recording", "нет записи").to_owned()],
    };
    parts.push(clock(length.seconds(), true, lang));
    if options.from.is_some() || options.to.is_some() {
        let (from, to) = (time(whole.start()), time(whole.end()));
        parts.push(match lang {
            Lang::En => format!("drawn from {from} to {to}"),
            Lang::Ru => format!("показано с {from} по {to}"),
        });
    }
    if measured.faults.is_some_and(|faults| faults.dual_mono) {
        parts.push(Absence::DualMono.tell(lang));
    }
    if measured.hearing.is_some()
        && let Ok(serde_json::Value::String(name)) = serde_json::to_value(settings.detector)
    {
        parts.push(format!("{} {name}", lang.of("detector", "детектор")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests;
