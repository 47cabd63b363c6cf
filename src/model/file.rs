//! The trained model, and its file.
//!
//! # Conventions
//!
//! * The file is JSON of our own, with a version: no private field of a library is in it, and no
//!   date either, so that equal training gives equal bytes. Keys stand in a fixed order, and every
//!   number reads back as exactly the one written.
//! * A [`Model`] is sound: whatever its file said has been checked, against itself and against what
//!   this build measures.

use super::calibrate::{Isotonic, Platt};
use super::choose::Tried;
use super::encode::{Dropped, Encoder, Input};
use super::label::{LabelScale, SurveyCounts, Target};
use super::marks::MarkEvaluation;
use super::metrics::{Evaluation, ReliabilityBin};
use super::options::Validation;
use super::study::{Importance, Profile};
use super::validate::{Baseline, CalibrationTried, Decision, FigureInterval};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Feature, FeatureVector, Measured};
use crate::settings::{AnalysisSettings, fnv1a};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// No weight of a fitted model is near this large; beyond it a file is damaged. With
/// [`STANDARD_LIMIT`](super::encode::STANDARD_LIMIT) it keeps every log-odds finite.
const WEIGHT_LIMIT: f64 = 1e9;

/// One logistic regression: of the mark being at least `mark`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The mark at which the scale is cut.
    pub mark: i64,
    /// Log-odds of an average call, for the columns are centred.
    pub intercept: f64,
    /// Log-odds per unit of each column, in column order.
    pub weights: Vec<f64>,
}

impl Cut {
    /// Returns the log-odds of one call, having called `each` with the part of every feature.
    pub(super) fn log_odds<'a>(
        &self,
        encoder: &Encoder,
        features: &'a FeatureVector,
        mut each: impl FnMut(&'static Feature, &'a Measured, f64),
    ) -> f64 {
        let mut sum = self.intercept;
        encoder.weigh(features, &self.weights, |feature, value, part| {
            sum += part;
            each(feature, value, part);
        });
        sum
    }
}

/// Mean mark of each class over the training calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassMeans {
    /// Of the satisfied: from `satisfied_from` to `max`.
    pub satisfied: f64,
    /// Of all others, neutral and dissatisfied: from `min` to `satisfied_from` − 1.
    pub others: f64,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Crate and version that trained it.
    pub created_by: String,
    /// What the training calls were, in the words of who trained it.
    pub source: String,
    /// What a user has to know before relying on it.
    pub warning: Option<String>,
    /// Months, years or days that the calls are of, in words; `None` where it was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// What became of the survey on the calls of that time; `None` where it was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<SurveyCounts>,
    /// Number of training calls, the held-out ones as well.
    pub rows: u64,
    /// How many of their customers were satisfied.
    pub satisfied: u64,
    /// How many calls that count alike would tell as much (Kish 1965); `None` where they do count alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_rows: Option<f64>,
    /// Weight of the penalty; see [`TrainOptions::alpha`](super::TrainOptions::alpha).
    pub alpha: f64,
    /// See [`TrainOptions::knots`](super::TrainOptions::knots).
    #[serde(default)]
    pub knots: u64,
    /// The model whose columns these are, and to whose weights the weights were drawn; `None` where they
    /// were drawn to 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorOf>,
    /// What alpha and knots were chosen among; empty where they were given.
    #[serde(default)]
    pub tried: Vec<Tried>,
    /// The line through the log-odds of each cut that its weights already hold; `None` where there is
    /// none, and empty where none was asked for.
    #[serde(default)]
    pub calibration: Vec<Option<Platt>>,
    /// See [`TrainOptions::level_min_count`](super::TrainOptions::level_min_count).
    pub level_min_count: u64,
    /// Which calls the hold-out metrics were to come from. Older files have their share alone.
    #[serde(alias = "holdout_share", deserialize_with = "validation")]
    pub validation: Validation,
    /// Largest component of the gradient at the solution, per training call.
    pub gradient: f64,
    /// Columns that were left out.
    pub dropped: Vec<Dropped>,
}

/// The model that another one started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorOf {
    /// Its name.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: String,
}

fn validation<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Validation, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Share(f64),
        Validation(Validation),
    }
    Ok(match Said::deserialize(from)? {
        Said::Share(0.0) => Validation::None,
        Said::Share(share) => Validation::HoldOut { share },
        Said::Validation(validation) => validation,
    })
}

/// How good the model was found to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// On calls that a model trained on all the others had not seen; `None` when there were too few
    /// to hold any out.
    pub holdout: Option<Evaluation>,
    /// Of the same calls, how near the expected and the likeliest mark came. Files of version 1 do not
    /// say.
    #[serde(default)]
    pub holdout_marks: Option<MarkEvaluation>,
    /// On the training calls themselves: too good by nature. Far above the hold-out, it tells of a
    /// model that has learned its calls by heart.
    pub training: Evaluation,
    /// Where the figures of the hold-out would lie on other calls: percentile bootstrap of whole groups.
    #[serde(default)]
    pub intervals: Vec<FigureInterval>,
    /// What knowing nothing of a call gives, on the same calls.
    #[serde(default)]
    pub baseline: Option<Baseline>,
    /// The reliability curve of the same calls; empty where there are none.
    #[serde(default)]
    pub reliability: Vec<ReliabilityBin>,
    /// What calibrating would change, on the same calls.
    #[serde(default)]
    pub calibrations: Vec<CalibrationTried>,
    /// Where to draw the line for calling a customer not satisfied, by the same calls.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// What hangs on each feature, on the same calls; the most important one first.
    #[serde(default)]
    pub importance: Vec<Importance>,
    /// How each feature was spread over the training calls.
    #[serde(default)]
    pub profiles: Vec<Profile>,
}

impl Metrics {
    /// The metrics of a model of which nothing more is known.
    pub(super) fn unknown(training: Evaluation) -> Metrics {
        Metrics {
            holdout: None,
            holdout_marks: None,
            training,
            intervals: Vec::new(),
            baseline: None,
            reliability: Vec::new(),
            calibrations: Vec::new(),
            decision: None,
            importance: Vec::new(),
            profiles: Vec::new(),
        }
    }
}

/// The file, key by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFile {
    pub format: String,
    pub version: u64,
    pub name: String,
    pub target: Target,
    pub label: LabelScale,
    pub settings: AnalysisSettings,
    pub inputs: Vec<Input>,
    pub cuts: Vec<Cut>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maps: Vec<Option<Isotonic>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Vec<Option<f64>>>,
    pub class_means: ClassMeans,
    pub provenance: Provenance,
    pub metrics: Metrics,
}

/// What is read of a file before anything else, so that a newer one is not called damaged.
#[derive(Deserialize)]
struct Header {
    format: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
    target: Option<serde_json::Value>,
}

/// A trained model: what it looks at, how it weighs it, and what is known of it.
///
/// Immutable and sound; [`Predictor`](super::Predictor) applies it.
#[derive(Clone, Debug)]
pub struct Model {
    file: ModelFile,
    encoder: Encoder,
}

impl Model {
    /// The value of `format` in a model file.
    pub const FORMAT: &'static str = "callcsi-model";
    /// The newest file version that this build reads, and the one it writes.
    pub const VERSION: u64 = 3;

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::IllFormed`] when the bytes are not a whole model file: no JSON, another
    ///   format, a key missing or unknown, as many weights as there are not columns, a figure
    ///   that cannot be.
    /// * [`ErrorKind::Unsupported`] when a newer callcsi made it.
    /// * [`ErrorKind::Mismatch`] when it was trained on a feature, a revision of one, or settings
    ///   that this build does not measure. The error names the first one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model> {
        let header: Header = parse(bytes)?;
        let ill = |place: &str, found: String, wanted: &str| {
            let kind = ErrorKind::IllFormed;
            Err(Error::new(kind, format!("model: {place}"), found, wanted))
        };
        let shown = |value: &Option<serde_json::Value>| match value {
            Some(value) => clipped(&value.to_string()),
            None => "nothing".to_string(),
        };
        if header.format.as_ref().and_then(|f| f.as_str()) != Some(Model::FORMAT) {
            let wanted = "\"callcsi-model\"";
            return ill("format", shown(&header.format), wanted);
        }
        match header.version.as_ref().and_then(|v| v.as_u64()) {
            Some(1..=Model::VERSION) => {}
            Some(newer) if newer > Model::VERSION => {
                let wanted = format!("{} at most", Model::VERSION);
                let kind = ErrorKind::Unsupported;
                return Err(Error::new(kind, "model: version", newer, wanted)
                    .hint("the model was made by a newer callcsi"));
            }
            _ => {
                return ill(
                    "version",
                    shown(&header.version),
                    "a whole number from 1 up",
                );
            }
        }
        let target = header.target.as_ref().and_then(|t| t.as_str());
        if target.is_some_and(|t| Target::ALL.iter().all(|known| t != known.name())) {
            let (kind, found) = (ErrorKind::Unsupported, shown(&header.target));
            let wanted = "\"satisfied\" or \"marks\"";
            return Err(Error::new(kind, "model: target", found, wanted)
                .hint("the model was made by a newer callcsi"));
        }
        Model::from_file(parse(bytes)?).map_err(|e| e.within("model"))
    }

    /// Reads a model file from its text; else as [`Model::from_bytes`].
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`].
    pub fn from_json(text: &str) -> Result<Model> {
        Model::from_bytes(text.as_bytes())
    }

    /// Opens and reads a model file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when the file cannot be read, else as [`Model::from_bytes`]; the place
    /// starts with the path.
    pub fn read(path: impl AsRef<Path>) -> Result<Model> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), &e))?;
        Model::from_bytes(&bytes).map_err(|e| e.within(path.display()))
    }

    /// Writes the model file, replacing what is at `path`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_json()).map_err(|e| Error::io(path.display(), &e))
    }

    /// Makes a model of a file's content, which is not trusted.
    pub(super) fn from_file(file: ModelFile) -> Result<Model> {
        let ill = |place: String, found: String, wanted: String| {
            Err(Error::new(ErrorKind::IllFormed, place, found, wanted))
        };
        file.settings.check()?;
        let encoder = Encoder::from_inputs(file.inputs.clone())?;
        let cuts: Vec<i64> = file.cuts.iter().map(|cut| cut.mark).collect();
        let wanted = file.target.cuts(&file.label);
        if cuts != wanted {
            let found = format!("cuts at {cuts:?}");
            let wanted = format!("cuts at {wanted:?}, for the target {}", file.target.name());
            return ill("cuts".into(), found, wanted);
        }
        for cut in &file.cuts {
            let place = format!("cut at {}", cut.mark);
            if cut.weights.len() != encoder.width() {
                let found = format!("{} weights", cut.weights.len());
                let wanted = format!("{}, one for each column of the inputs", encoder.width());
                return ill(place, found, wanted);
            }
            let mut figures = std::iter::once(&cut.intercept).chain(&cut.weights);
            // NaN lies in no range.
            let sound = -WEIGHT_LIMIT..=WEIGHT_LIMIT;
            if let Some(figure) = figures.find(|w| !sound.contains(w)) {
                let wanted = format!("weights within ±{WEIGHT_LIMIT:e}");
                return ill(place, figure.to_string(), wanted);
            }
        }
        if !file.maps.is_empty() && file.maps.len() != file.cuts.len() {
            let (found, wanted) = (file.maps.len(), file.cuts.len());
            let wanted = format!("{wanted}, one for each cut, or none");
            return ill("maps".into(), format!("{found} maps"), wanted);
        }
        if file.maps.iter().flatten().any(|map| !map.is_sound()) {
            let found = "points out of order or off the scale".into();
            let wanted = "scores ascending, and probabilities from 0 to 1 that never fall".into();
            return ill("maps".into(), found, wanted);
        }
        let label = &file.label;
        if let Some(matching) = &file.matching {
            let thresholds: Vec<f64> = matching.iter().flatten().copied().collect();
            let marks = (label.max() - label.min()) as usize;
            // A mark that no call is to have is above all that have one.
            let gap = matching
                .iter()
                .skip_while(|t| t.is_some())
                .any(|t| t.is_some());
            let sound = thresholds.is_sorted() && thresholds.iter().all(|t| t.is_finite());
            if matching.len() != marks || gap || !sound {
                let wanted = format!("{marks} thresholds, ascending");
                return ill("matching".into(), format!("{matching:?}"), wanted);
            }
        }
        if let Some(profile) = file.metrics.profiles.iter().find(|p| !p.is_sound()) {
            let found = profile.feature.clone();
            let wanted = "profiles with a count for each bin, and edges in order".into();
            return ill("metrics.profiles".into(), found, wanted);
        }
        let (low, cut, high) = (label.min(), label.satisfied_from(), label.max());
        for (place, found, from, to) in [
            ("satisfied", file.class_means.satisfied, cut, high),
            ("others", file.class_means.others, low, cut - 1),
        ] {
            if !(from as f64..=to as f64).contains(&found) {
                let place = format!("class_means.{place}");
                return ill(place, found.to_string(), format!("{from} to {to}"));
            }
        }
        let Provenance {
            rows, satisfied, ..
        } = file.provenance;
        if satisfied > rows {
            let found = format!("{satisfied} of {rows}");
            let wanted = "no more satisfied customers than calls".into();
            return ill("provenance.satisfied".into(), found, wanted);
        }
        Ok(Model { file, encoder })
    }

    /// Returns the file's text: equal models give equal texts, and [`Model::from_json`] gives back
    /// an equal model.
    pub fn to_json(&self) -> String {
        // Plain fields with string keys: there is nothing in them that JSON could refuse.
        let text = serde_json::to_string_pretty(&self.file);
        text.expect("a model holds nothing that JSON cannot") + "\n"
    }

    /// Returns 16 hexadecimal digits that tell this model from others of its name: FNV-1a of the
    /// file's text. Results quote it; it is no protection against forgery.
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", fnv1a(self.to_json().bytes()))
    }

    /// Returns the name given at training.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Returns what the model answers.
    pub fn target(&self) -> Target {
        self.file.target
    }

    /// Returns the scale of the marks it was trained on.
    pub fn label(&self) -> &LabelScale {
        &self.file.label
    }

    /// Returns the settings its training calls were measured under, which are those to measure
    /// other calls under.
    pub fn settings(&self) -> &AnalysisSettings {
        &self.file.settings
    }

    /// Returns how features become columns.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Returns the maps that make log-odds of the cuts probabilities in place of σ; none where the model
    /// has none, `None` for a cut without one.
    pub fn maps(&self) -> &[Option<Isotonic>] {
        &self.file.maps
    }

    /// Returns, for each mark above the lowest, the expected mark from which a call counts as that mark
    /// so that calls get the marks as often as the training calls' customers gave them; `None` for a mark
    /// that no call is to have, and where training did not look for them.
    pub fn matching(&self) -> Option<&[Option<f64>]> {
        self.file.matching.as_deref()
    }

    /// Returns the logistic regressions, one for each [cut](Target::cuts) of the target, ascending.
    pub fn cuts(&self) -> &[Cut] {
        &self.file.cuts
    }

    /// Returns the cut at `satisfied_from`; every target has it.
    pub fn satisfied_cut(&self) -> &Cut {
        &self.file.cuts[self.satisfied_index()]
    }

    /// Returns the place of that cut among [`Model::cuts`].
    pub(super) fn satisfied_index(&self) -> usize {
        let from = self.label().satisfied_from();
        let place = self.file.cuts.iter().position(|cut| cut.mark == from);
        place.unwrap_or(0)
    }

    /// Returns the mean marks of the two classes.
    pub fn class_means(&self) -> ClassMeans {
        self.file.class_means
    }

    /// Returns where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.file.provenance
    }

    /// Returns how good it was found to be.
    pub fn metrics(&self) -> &Metrics {
        &self.file.metrics
    }
}

impl PartialEq for Model {
    fn eq(&self, other: &Model) -> bool {
        self.file == other.file
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("model: line {} column {}", error.line(), error.column());
        let found = clipped(&error.to_string());
        Error::new(ErrorKind::IllFormed, place, found, "a callcsi model file")
    })
}

/// The beginning of a text that a file chose, for an error message.
fn clipped(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{table, trained};
    use crate::model::{Predictor, TrainOptions};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static MODEL: LazyLock<Model> = LazyLock::new(|| {
        let options = TrainOptions {
            name: "проба".into(),
            log1p: vec!["queue_wait_s".into()],
            ..TrainOptions::default()
        };
        trained(&table(200), &options).unwrap()
    });
    static JSON: LazyLock<String> = LazyLock::new(|| MODEL.to_json());

    /// The file with one piece of its text replaced, which must occur.
    fn with(from: &str, to: &str) -> Result<Model> {
        assert!(JSON.contains(from), "{from} is not in {}", *JSON);
        Model::from_json(&JSON.replacen(from, to, 1))
    }

    /// The file with the value at `pointer` replaced.
    fn at(pointer: &str, value: serde_json::Value) -> Error {
        let mut json: serde_json::Value = serde_json::from_str(&JSON).unwrap();
        *json.pointer_mut(pointer).expect(pointer) = value;
        Model::from_json(&json.to_string()).unwrap_err()
    }

    #[test]
    fn a_model_reads_back_equal_to_the_last_bit() {
        let back = Model::from_json(&JSON).unwrap();
        assert_eq!(back, *MODEL);
        assert_eq!(back.to_json(), *JSON);
        assert_eq!(back.fingerprint(), MODEL.fingerprint());
        for (a, b) in back.cuts()[0].weights.iter().zip(&MODEL.cuts()[0].weights) {
            assert_eq!(a.to_bits(), b.to_bits());
        }
    }

    #[test]
    fn a_written_file_reads_back_and_a_missing_one_is_named() {
        let path = std::env::temp_dir().join(format!("callcsi-model-{}", std::process::id()));
        MODEL.write(&path).unwrap();
        assert_eq!(Model::read(&path).unwrap(), *MODEL);
        std::fs::write(&path, "{}").unwrap();
        let error = Model::read(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IllFormed);
        std::fs::remove_file(&path).unwrap();
        let error = Model::read(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.place(), path.display().to_string());
    }

    #[test]
    fn keys_stand_in_a_fixed_order() {
        let keys = [
            "format",
            "version",
            "name",
            "target",
            "label",
            "settings",
            "inputs",
            "cuts",
            "class_means",
            "provenance",
            "metrics",
        ];
        let places = keys.map(|key| JSON.find(&format!("\n  \"{key}\":")).expect(key));
        assert!(places.is_sorted(), "{places:?}");
        assert!(JSON.starts_with("{\n  \"format\": \"callcsi-model\",\n  \"version\": 3,"));
    }

    #[test]
    fn a_newer_file_is_called_newer_though_it_has_keys_unknown_here() {
        let error = with("\"version\": 3,", "\"version\": 4, \"soul\": true,").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(
            error.hint_text(),
            Some("the model was made by a newer callcsi")
        );
        let error = at("/target", "ordinal".into());
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn a_file_of_version_1_is_read() {
        let mut json: serde_json::Value = serde_json::from_str(&JSON).unwrap();
        json["version"] = 1.into();
        for (part, key) in [
            ("provenance", "knots"),
            ("provenance", "tried"),
            ("provenance", "calibration"),
            ("metrics", "holdout_marks"),
            ("metrics", "intervals"),
            ("metrics", "baseline"),
            ("metrics", "reliability"),
            ("metrics", "calibrations"),
            ("metrics", "decision"),
            ("metrics", "importance"),
            ("metrics", "profiles"),
            ("provenance", "validation"),
        ] {
            json[part].as_object_mut().unwrap().remove(key).expect(key);
        }
        json["provenance"]["holdout_share"] = 0.2.into();
        let old = Model::from_json(&json.to_string()).unwrap();
        let validation = Validation::HoldOut { share: 0.2 };
        assert_eq!(old.provenance().validation, validation);
        assert_eq!(old.cuts(), MODEL.cuts());
        assert_eq!(old.metrics().holdout, MODEL.metrics().holdout);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "null",
            "{\"format\": 3}",
            "{\"format\": \"onnx\", \"version\": 1}",
        ] {
            let error = Model::from_json(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IllFormed, "{error}");
        }
        for version in ["0", "-1", "1.5", "\"1\"", "null"] {
            let error = with("\"version\": 3,", &format!("\"version\": {version},")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IllFormed, "{error}");
        }
    }

    #[test]
    fn damage_is_found_and_named() {
        use serde_json::json;
        for (pointer, value, word) in [
            ("/cuts/0/weights/0", json!(1e10), "weights within"),
            ("/cuts/0/intercept", json!(-2e9), "weights within"),
            ("/cuts/0/weights", json!([0.5]), "1 weights"),
            ("/cuts/0/weights", json!(null), "null"),
            ("/cuts/0/mark", json!(3), "cuts at [3]"),
            ("/cuts", json!([]), "cuts at []"),
            ("/inputs", json!([]), "at least one feature"),
            ("/inputs/0/encoding/number/value/sd", json!(0.0), "above 0"),
            ("/label/max", json!(1), "label.max"),
            ("/class_means/satisfied", json!(2.0), "4 to 5"),
            ("/class_means/others", json!(3.5), "1 to 3"),
            ("/provenance/satisfied", json!(100_000), "no more"),
            ("/settings/speech_join_s", json!(-1.0), "speech_join"),
            ("/metrics", json!({}), "training"),
        ] {
            let error = at(pointer, value);
            assert!(error.to_string().contains(word), "{pointer}: {error}");
            assert_ne!(error.kind(), ErrorKind::Mismatch, "{pointer}: {error}");
        }
        let error = with("\"intercept\": ", "\"intercept\": 1e999, \"was\": ").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IllFormed);
        let error = with("\"name\": ", "\"nom\": ").unwrap_err();
        assert!(error.to_string().contains("nom"), "{error}");
    }

    #[test]
    fn levels_out_of_order_are_refused() {
        let (index, input) = (MODEL.encoder().inputs().iter().enumerate())
            .find(|(_, input)| input.feature == "ivr_status")
            .unwrap();
        let mut input = serde_json::to_value(input).unwrap();
        let levels = input.pointer_mut("/encoding/category/levels").unwrap();
        levels.as_array_mut().unwrap().reverse();
        let error = at(&format!("/inputs/{index}"), input);
        assert!(error.to_string().contains("ascending"), "{error}");
    }

    #[test]
    fn the_first_feature_this_build_does_not_measure_is_named() {
        let error = with("\"queue_wait_s\"", "\"queue_mood\"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert_eq!(error.found(), "\"queue_mood\"");
        let revision = MODEL.encoder().inputs()[0].revision;
        let error = at("/inputs/0/revision", (revision + 6).into());
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let name = &MODEL.encoder().inputs()[0].feature;
        let wanted = format!("{name} at revision {}", revision + 6);
        assert_eq!(error.found(), wanted);
        assert!(error.wanted().starts_with(&format!("revision {revision}")));
        let error = at("/settings/version", 99.into());
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let error = with("\"ivr_status\"", "\"hold_total_s\"").unwrap_err();
        assert!(error.found().contains("as a word"), "{error}");
    }

    /// Whatever is read, predicting with it is finite.
    fn no_panic(bytes: &[u8]) {
        if let Ok(predictor) = Predictor::from_bytes(bytes) {
            let _ = predictor.model().card();
            for (features, _) in table(6) {
                assert!(predictor.predict(&features).log_odds.is_finite());
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            no_panic(&bytes);
        }

        #[test]
        fn a_changed_byte_never_panics(at in any::<prop::sample::Index>(), byte in 32..127_u8) {
            let mut bytes = JSON.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            no_panic(&bytes);
            no_panic(&bytes[..at]);
        }

        /// One number of the file becomes another.
        #[test]
        fn a_changed_number_never_panics(
            which in any::<prop::sample::Index>(),
            number in prop_oneof![
                Just("-1".to_string()), Just("0".into()), Just("1e308".into()),
                Just("18446744073709551615".into()), Just("-1e308".into()), Just("1e-320".into()),
                Just("null".into()), (-1e3..1e3_f64).prop_map(|x| x.to_string()),
            ],
        ) {
            let text = JSON.as_str();
            let starts: Vec<usize> = text.match_indices(": ")
                .map(|(i, _)| i + 2)
                .filter(|&i| text[i..].starts_with(|c: char| c.is_ascii_digit() || c == '-'))
                .collect();
            let start = starts[which.index(starts.len())];
            let len = text[start..].find([',', '\n']).unwrap();
            no_panic(format!("{}{number}{}", &text[..start], &text[start + len..]).as_bytes());
        }
    }
}
