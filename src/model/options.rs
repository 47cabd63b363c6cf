//! What is chosen about training.

use super::choose::Choice;
use super::file::Model;
use super::label::{SurveyCounts, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Source, catalogue};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What to learn from where nothing else is said: the columns of the essay, and of the turn-taking
/// features those that exist on most calls.
pub const RECOMMENDED: [&str; 43] = [
    "hold_count",
    "hold_total_s",
    "hold_longest_s",
    "hold_share",
    "queue_wait_s",
    "ivr_status",
    "ivr_duration_s",
    "ivr_step_count",
    "ivr_no_input_count",
    "ivr_no_match_count",
    "ivr_repeat_count",
    "ivr_operator_request_count",
    "ivr_last_node",
    "customer_always_requests_operator",
    "customer_operator_request_share",
    "call_duration",
    "dialog_silence_length_percentage",
    "dialog_agent_speech_percentage",
    "dialog_interruptions_count",
    "dialog_interruptions_speech_length_sum",
    "dialog_interruptions_raw_speech_length_percentage",
    "dialog_customer_agent_speech_speed_letters_mean_diff",
    "dialog_customer_agent_speech_speed_words_mean_diff",
    "dialog_customer_agent_speech_speed_letters_all_call_mean_diff",
    "dialog_customer_agent_speech_speed_words_all_call_mean_diff",
    "customer_letters_in_word_mean",
    "customer_conv_start_last_sec",
    "agent_n_words_sum",
    "agent_conv_start_last_sec",
    "customer_response_latency_median_s",
    "customer_interruptions_count",
    "customer_interruptions_length_sum",
    "customer_backchannel_rate",
    "agent_response_latency_median_s",
    "agent_response_latency_p90_s",
    "agent_longest_turn_s",
    "agent_interruptions_count",
    "agent_interruptions_length_sum",
    "dialog_turns_per_minute",
    "dialog_long_silence_count",
    "dialog_long_silence_length_sum",
    "dialog_long_silence_percentage",
    "dialog_customer_speech_percentage_change",
];

/// Of those, lengths and counts with a long tail: the tenth minute of waiting adds less than the
/// first.
pub const LONG_TAILED: [&str; 16] = [
    "hold_total_s",
    "hold_longest_s",
    "queue_wait_s",
    "ivr_duration_s",
    "call_duration",
    "dialog_interruptions_count",
    "dialog_interruptions_speech_length_sum",
    "agent_n_words_sum",
    "customer_conv_start_last_sec",
    "agent_conv_start_last_sec",
    "customer_interruptions_count",
    "customer_interruptions_length_sum",
    "agent_interruptions_count",
    "agent_interruptions_length_sum",
    "dialog_long_silence_count",
    "dialog_long_silence_length_sum",
];

/// More knots than anyone needs.
pub(super) const KNOTS_MOST: u64 = 20;

/// More folds than anyone needs.
pub(super) const MOST_FOLDS: u64 = 1_000;

/// Which calls a model is judged by: calls that a model like it, trained on the others, had not seen.
///
/// Calls of one group stay together in all but [`Validation::Latest`], where a customer who has called
/// before is a customer who has called before, as in the days to come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Validation {
    /// None: how good the model is, is not known.
    None,
    /// A share of them, chosen by a hash of group or id: above 0, 0.5 at most.
    HoldOut {
        /// The share.
        share: f64,
    },
    /// The latest calls, by [`Example::time`](super::Example::time): what those to come are like.
    Latest {
        /// Their share, above 0, 0.5 at most.
        share: f64,
    },
    /// Every call, by a model of the other folds: cross-validation of the whole training, the choice of
    /// penalty and knots as well. Few calls are judged best so, in as many times the time.
    Folds {
        /// The folds, 2 or more.
        folds: u64,
    },
}

impl Default for Validation {
    fn default() -> Validation {
        Validation::HoldOut { share: 0.2 }
    }
}

/// Folds where none are named.
const FOLDS: u64 = 5;

/// Share held out where none is named.
const SHARE: f64 = 0.2;

impl FromStr for Validation {
    type Err = Error;

    /// Parses `none`, `folds:5`, `holdout:0.2` or `latest:0.2`; the numbers may be left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for anything else.
    fn from_str(text: &str) -> Result<Validation> {
        let wrong = || {
            let wanted = "none, folds:5, holdout:0.2 or latest:0.2, the number left out or not";
            Error::new(
                ErrorKind::Invalid,
                "validation",
                format!("{text:?}"),
                wanted,
            )
        };
        let (kind, number) = match text.split_once(':') {
            Some((kind, number)) => (kind, Some(number)),
            None => (text, None),
        };
        let share = || number.map_or(Ok(SHARE), |n| n.parse().map_err(|_| wrong()));
        let validation = match kind {
            "none" if number.is_none() => Validation::None,
            "folds" => Validation::Folds {
                folds: number.map_or(Ok(FOLDS), |n| n.parse().map_err(|_| wrong()))?,
            },
            "holdout" => Validation::HoldOut { share: share()? },
            "latest" => Validation::Latest { share: share()? },
            _ => return Err(wrong()),
        };
        validation.check()?;
        Ok(validation)
    }
}

impl FromStr for Calibration {
    type Err = Error;

    /// Parses `platt` or `isotonic`, of five folds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word.
    fn from_str(text: &str) -> Result<Calibration> {
        match text {
            "platt" => Ok(Calibration::Platt { folds: FOLDS }),
            "isotonic" => Ok(Calibration::Isotonic { folds: FOLDS }),
            _ => {
                let (found, wanted) = (format!("{text:?}"), "platt or isotonic");
                Err(Error::new(ErrorKind::Invalid, "calibration", found, wanted))
            }
        }
    }
}

/// Returns the names of a set of features: `recommended` ([`RECOMMENDED`]), `essay`, `call_features` or
/// `all`; `None` for any other word.
pub fn feature_set(word: &str) -> Option<Vec<String>> {
    let source = match word {
        "recommended" => return Some(RECOMMENDED.map(str::to_owned).to_vec()),
        "essay" => Some(Source::Essay),
        "call_features" => Some(Source::CallFeatures),
        "all" => None,
        _ => return None,
    };
    let all = catalogue().iter();
    let some = all.filter(|f| source.is_none_or(|source| f.source == source));
    Some(some.map(|f| f.name.clone()).collect())
}

impl Validation {
    pub(super) fn check(self) -> Result<()> {
        let (found, wanted) = match self {
            Validation::HoldOut { share } | Validation::Latest { share }
                if !(share > 0.0 && share <= 0.5) =>
            {
                (share.to_string(), "a share above 0, 0.5 at most".to_owned())
            }
            Validation::Folds { folds } if !(2..=MOST_FOLDS).contains(&folds) => {
                (folds.to_string(), format!("2 to {MOST_FOLDS} folds"))
            }
            _ => return Ok(()),
        };
        let place = "options.validation";
        Err(Error::new(ErrorKind::Invalid, place, found, wanted))
    }
}

/// How probabilities are made to come true as often as they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Calibration {
    /// By [`Platt`](super::Platt)'s line through the log-odds of each cut, which becomes part of the
    /// weights: reasons stay reasons.
    Platt {
        /// Folds whose scores it is fitted to, at least 2.
        folds: u64,
    },
    /// By a free rising map of the log-odds of each cut ([`Isotonic`](super::Isotonic)), for some
    /// thousand calls or more. The reasons add up to the log-odds before the map.
    Isotonic {
        /// Folds whose scores it is fitted to, at least 2.
        folds: u64,
    },
}

impl Calibration {
    pub(super) fn folds(self) -> u64 {
        let (Calibration::Platt { folds } | Calibration::Isotonic { folds }) = self;
        folds
    }
}

/// What is chosen about training.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Name of the model, quoted in results. Defaults to `unnamed`.
    pub name: String,
    /// What the training calls are: which centre, which months, who was asked. Printed on the
    /// model card. Defaults to `not stated`.
    pub source: String,
    /// What a user has to know before relying on the model; the first line of its card. Defaults to
    /// none.
    pub warning: Option<String>,
    /// What the model answers. Defaults to [`Target::Satisfied`].
    pub target: Target,
    /// Names of the features to learn from. Defaults to [`RECOMMENDED`]: the labelled calls of a
    /// centre are few, and every feature more is one more to be wrong about.
    pub features: Vec<String>,
    /// Numbers from 0 up with a long tail, put through ln(1 + x) where they are among `features`.
    /// Defaults to [`LONG_TAILED`].
    pub log1p: Vec<String>,
    /// Levels of a word on fewer training calls share the column *other*. At least 1. Defaults
    /// to 10.
    pub level_min_count: u64,
    /// Weight of the penalty on the squared weights: 1/C of scikit-learn, *absolute*. It does not
    /// grow with the number of calls, so twice the calls are held back half as much. Above 0:
    /// without a penalty a table that separates the classes has no solution. Defaults to 1.
    pub alpha: f64,
    /// Knots at which the effect of a number may bend, at most: quantiles, with at least
    /// `level_min_count` calls on either side. Defaults to 0, straight lines.
    pub knots: u64,
    /// Choose `alpha` and `knots` by cross-validation instead. Defaults to `None`.
    pub choice: Option<Choice>,
    /// A model that the weights are drawn to, in place of 0: the bundled one, last year's, that of a
    /// larger centre. Its columns are taken over as they are, its weights as far as the marks do not
    /// say otherwise, its intercepts not at all. A cut of another scale is drawn to the cut at the
    /// nearest place on its own. With a `choice`, both ways are tried and the better one is taken.
    /// Defaults to `None`.
    pub prior: Option<Model>,
    /// How probabilities are calibrated on the scores of calls that a model had not seen. Defaults
    /// to `None`: not at all.
    pub calibration: Option<Calibration>,
    /// Find the expected marks from which a call counts as each mark, so that the training calls get
    /// the marks as often as their customers gave them ([`matching_thresholds`]); from the scores of
    /// `validation`, without which there are none. Defaults to true.
    ///
    /// [`matching_thresholds`]: super::calibrate::matching_thresholds
    pub matching: bool,
    /// Steps after which the solver gives up. At least 1. Defaults to 1,000; 100 leave errors of
    /// 10⁻³ in the weights of a large table.
    pub max_iterations: u64,
    /// Which calls the metrics come from. The model itself is then fitted on all of them. Defaults to
    /// a fifth, held out.
    pub validation: Validation,
    /// Months, years or days that the calls are of, in words for the card. Defaults to `None`: not
    /// stated.
    pub period: Option<String>,
    /// What became of the survey on the calls of that time, those without a mark as well; for the
    /// card. Defaults to `None`: not stated.
    pub survey: Option<SurveyCounts>,
    /// Threads to train on, at least 1; the model does not depend on them. Defaults to 1.
    pub threads: usize,
    /// Fewest calls of each class to learn from. At least 1. Defaults to 10.
    pub min_class_rows: u64,
}

impl Default for TrainOptions {
    fn default() -> TrainOptions {
        TrainOptions {
            name: "unnamed".into(),
            source: "not stated".into(),
            warning: None,
            target: Target::default(),
            features: RECOMMENDED.map(str::to_owned).to_vec(),
            log1p: LONG_TAILED.map(str::to_owned).to_vec(),
            level_min_count: 10,
            alpha: 1.0,
            knots: 0,
            choice: None,
            prior: None,
            calibration: None,
            matching: true,
            max_iterations: 1_000,
            validation: Validation::default(),
            period: None,
            survey: None,
            threads: 1,
            min_class_rows: 10,
        }
    }
}

impl TrainOptions {
    /// Refuses options that no training can follow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first option out of its range.
    pub fn check(&self) -> Result<()> {
        let invalid = |field: &str, found: String, wanted: &str| {
            let place = format!("options.{field}");
            Err(Error::new(ErrorKind::Invalid, place, found, wanted))
        };
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return invalid("alpha", self.alpha.to_string(), "a finite number above 0");
        }
        self.validation.check()?;
        if self.knots > KNOTS_MOST {
            let wanted = format!("{KNOTS_MOST} at most");
            return invalid("knots", self.knots.to_string(), &wanted);
        }
        if let Some(choice) = &self.choice {
            choice.check()?;
        }
        let folds = self.calibration.map(Calibration::folds);
        if let Some(folds) = folds.filter(|folds| !(2..=MOST_FOLDS).contains(folds)) {
            let wanted = format!("2 to {MOST_FOLDS} folds");
            return invalid("calibration", folds.to_string(), &wanted);
        }
        for (field, found) in [
            ("level_min_count", self.level_min_count),
            ("max_iterations", self.max_iterations),
            ("min_class_rows", self.min_class_rows),
            ("threads", self.threads as u64),
        ] {
            if found == 0 {
                return invalid(field, found.to_string(), "at least 1");
            }
        }
        Ok(())
    }
}
