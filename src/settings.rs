//! The thresholds of the analysis, in one versioned struct.
//!
//! Every threshold that a measurement depends on stands here, and nowhere else. The settings a
//! model was trained under travel in its file and are echoed in every result, so a call cannot be
//! scored under others by accident.

use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Span;
use serde::{Deserialize, Serialize};

/// The detectors of speech that a build knows.
///
/// A detector that would mark the same call otherwise gets another name, so that a model finds the
/// one it was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DetectorKind {
    /// The `earshot` network, level-normalised and dithered.
    #[serde(rename = "earshot-1")]
    Earshot,
    /// The Silero network on the telephone band, run afresh every two seconds. This is the default.
    #[serde(rename = "silero-1")]
    Silero,
    /// A small network on the spectrum of the telephone band, taught by `silero-1`.
    #[serde(rename = "fast-1")]
    Fast,
    /// Power in the voice band over a noise floor.
    #[serde(rename = "energy-1")]
    Energy,
}

/// Thresholds of the analysis; in files each span is a number of seconds.
///
/// Files must give every field: a setting that is not recorded is not known. Changing a default, a
/// meaning or a field raises [`AnalysisSettings::VERSION`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnalysisSettings {
    /// Version of the settings' meaning. Defaults to [`AnalysisSettings::VERSION`]; settings of
    /// another version are refused.
    pub version: u32,
    /// The detector of speech. Defaults to [`DetectorKind::Silero`].
    pub detector: DetectorKind,
    /// Score from which speech begins, 0 to 1. Defaults to 0.5.
    pub speech_on: f64,
    /// Score below which it ends, at most `speech_on`. Defaults to 0.35.
    pub speech_off: f64,
    /// A detector is believed this far around what it calls speech, where the sound is loud: words
    /// begin before it is sure of them. Defaults to 0.08 s.
    #[serde(rename = "speech_reach_s")]
    pub speech_reach: Span,
    /// Speech is at most this much below the loudest within 0.4 s, in dB; what is fainter is a tail or
    /// a pause. Defaults to 35 dB.
    pub speech_drop_db: f64,
    /// … and at least this much above the steady noise of the line, in dB. Defaults to 3 dB.
    pub speech_over_noise_db: f64,
    /// Silences of one side shorter than this are part of its speech: a stop consonant closes the
    /// mouth for up to some 0.15 s. Conversation analysis separates inter-pausal units at
    /// 0.18–0.2 s. Defaults to 0.20 s.
    #[serde(rename = "speech_join_s")]
    pub speech_join: Span,
    /// Speech shorter than this, after joining, is a click or a breath and is dropped. Defaults to
    /// 0.10 s.
    #[serde(rename = "speech_min_s")]
    pub speech_min: Span,
    /// Without a transcript, speech of one side joined over pauses shorter than this is one
    /// utterance. Defaults to 0.50 s.
    #[serde(rename = "utterance_join_s")]
    pub utterance_join: Span,
    /// Simultaneous speech shorter than this starts no episode and makes no interruption. Defaults
    /// to 0.20 s.
    #[serde(rename = "overlap_min_s")]
    pub overlap_min: Span,
    /// Overlap fragments that begin within this of the last one's end belong to the same episode.
    /// Defaults to 2.0 s.
    #[serde(rename = "episode_join_s")]
    pub episode_join: Span,
    /// A single overlap fragment is an episode when it lasts at least this long. Defaults to 1.0 s.
    #[serde(rename = "episode_min_single_s")]
    pub episode_min_single: Span,
    /// Who starts at least this long after the other began has cut in; sooner, both started
    /// together. Defaults to 0.5 s.
    #[serde(rename = "interruption_onset_s")]
    pub interruption_onset: Span,
    /// An utterance said under the other's speech and no longer than this is a backchannel ("uh
    /// huh", «угу»). Conversation analysis puts the bound near 1 s. Defaults to 1.2 s.
    #[serde(rename = "backchannel_max_s")]
    pub backchannel_max: Span,
    /// A pause longer than this ends the start of the dialogue. Defaults to 1.0 s.
    #[serde(rename = "phase_pause_s")]
    pub phase_pause: Span,
    /// The start and the end of the dialogue last at most this long. Defaults to 30 s.
    #[serde(rename = "phase_cap_s")]
    pub phase_cap: Span,
    /// Mutual silence of at least this is counted, outside holds. NICE counts 3 s, VoiceBase 4 s,
    /// Google 5 s. Defaults to 3.0 s.
    #[serde(rename = "silence_min_s")]
    pub silence_min: Span,
    /// An utterance with more speech than this is long (Sber). Defaults to 5.0 s.
    #[serde(rename = "long_utterance_s")]
    pub long_utterance: Span,
    /// `customer_always_requests_operator` is known only from this many earlier IVR contacts up.
    /// Defaults to 3.
    pub history_min_contacts: u32,
    /// … and is 1 from this share of them up in which the customer asked for the operator first.
    /// Defaults to 0.9.
    pub history_operator_share: f64,
    /// Whether the pitch of the voices is measured: it costs some 6 % of what the detector does.
    /// Defaults to `false`, and is so in files written before it was known.
    #[serde(default)]
    pub pitch: bool,
}

impl AnalysisSettings {
    /// The version of the settings that this build measures under.
    pub const VERSION: u32 = 2;

    /// Returns 16 hexadecimal digits that differ for different settings: FNV-1a (64 bits) of their
    /// JSON.
    pub fn fingerprint(&self) -> String {
        // A struct of numbers and one word: serde_json cannot fail on it.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{:016x}", fnv1a(json.bytes()))
    }

    /// Refuses settings that no analysis can follow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] for another version, [`ErrorKind::Invalid`] naming the first field
    /// out of its range.
    pub fn check(&self) -> Result<()> {
        if self.version != AnalysisSettings::VERSION {
            return Err(Error::new(
                ErrorKind::Mismatch,
                "settings.version",
                self.version,
                format!(
                    "{}, the version this build measures under",
                    AnalysisSettings::VERSION
                ),
            ));
        }
        let spans = [
            ("speech_reach_s", self.speech_reach),
            ("speech_join_s", self.speech_join),
            ("speech_min_s", self.speech_min),
            ("utterance_join_s", self.utterance_join),
            ("overlap_min_s", self.overlap_min),
            ("episode_join_s", self.episode_join),
            ("episode_min_single_s", self.episode_min_single),
            ("interruption_onset_s", self.interruption_onset),
            ("backchannel_max_s", self.backchannel_max),
            ("phase_pause_s", self.phase_pause),
            ("phase_cap_s", self.phase_cap),
            ("silence_min_s", self.silence_min),
            ("long_utterance_s", self.long_utterance),
        ];
        for (field, span) in spans {
            if span < Span::ZERO || span > Span::from_millis(3_600_000) {
                let place = format!("settings.{field}");
                let hint = "did you give milliseconds?";
                return Err(Error::new(ErrorKind::Invalid, place, span, "0 to 3600 s").hint(hint));
            }
        }
        if !(0.0..=1.0).contains(&self.speech_on) {
            let place = "settings.speech_on";
            let found = self.speech_on;
            return Err(Error::new(
                ErrorKind::Invalid,
                place,
                found,
                "a score from 0 to 1",
            ));
        }
        if !(0.0..=self.speech_on).contains(&self.speech_off) {
            let wanted = format!("a score from 0 to speech_on, {}", self.speech_on);
            let found = self.speech_off;
            return Err(Error::new(
                ErrorKind::Invalid,
                "settings.speech_off",
                found,
                wanted,
            ));
        }
        let levels = [
            ("speech_drop_db", self.speech_drop_db),
            ("speech_over_noise_db", self.speech_over_noise_db),
        ];
        for (field, level) in levels {
            if !(0.0..=100.0).contains(&level) {
                let place = format!("settings.{field}");
                return Err(Error::new(ErrorKind::Invalid, place, level, "0 to 100 dB"));
            }
        }
        if !(0.0..=1.0).contains(&self.history_operator_share) {
            let place = "settings.history_operator_share";
            let found = self.history_operator_share;
            return Err(Error::new(
                ErrorKind::Invalid,
                place,
                found,
                "a share from 0 to 1",
            ));
        }
        Ok(())
    }
}

/// FNV-1a, 64 bits, with its published offset and prime: a hash for names that stay the same from
/// build to build.
pub(crate) fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mut hash = Fnv1a::new();
    bytes.into_iter().for_each(|byte| hash.add(byte));
    hash.finish()
}

/// The same, taken piece by piece.
pub(crate) struct Fnv1a(u64);

impl Fnv1a {
    pub(crate) fn new() -> Fnv1a {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.add(byte));
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

impl Default for AnalysisSettings {
    fn default() -> AnalysisSettings {
        AnalysisSettings {
            version: AnalysisSettings::VERSION,
            detector: DetectorKind::Silero,
            speech_on: 0.5,
            speech_off: 0.35,
            speech_reach: Span::from_millis(80),
            speech_drop_db: 35.0,
            speech_over_noise_db: 3.0,
            speech_join: Span::from_millis(200),
            speech_min: Span::from_millis(100),
            utterance_join: Span::from_millis(500),
            overlap_min: Span::from_millis(200),
            episode_join: Span::from_millis(2_000),
            episode_min_single: Span::from_millis(1_000),
            interruption_onset: Span::from_millis(500),
            backchannel_max: Span::from_millis(1_200),
            phase_pause: Span::from_millis(1_000),
            phase_cap: Span::from_millis(30_000),
            silence_min: Span::from_millis(3_000),
            long_utterance: Span::from_millis(5_000),
            history_min_contacts: 3,
            history_operator_share: 0.9,
            pitch: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_their_own_check_and_survive_json() {
        let settings = AnalysisSettings::default();
        settings.check().unwrap();
        let json = serde_json::to_string(&settings).unwrap();
        assert!(json.contains("\"speech_join_s\":0.2"), "{json}");
        assert_eq!(
            serde_json::from_str::<AnalysisSettings>(&json).unwrap(),
            settings
        );
    }

    #[test]
    fn milliseconds_given_for_seconds_are_guessed() {
        let settings = AnalysisSettings {
            phase_cap: Span::from_millis(30_000_000),
            ..Default::default()
        };
        let error = settings.check().unwrap_err();
        assert_eq!(error.place(), "settings.phase_cap_s");
        assert_eq!(error.hint_text(), Some("did you give milliseconds?"));
    }

    #[test]
    fn settings_of_another_version_are_refused() {
        let settings = AnalysisSettings {
            version: 99,
            ..Default::default()
        };
        assert_eq!(settings.check().unwrap_err().kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn unknown_and_missing_fields_are_refused() {
        assert!(serde_json::from_str::<AnalysisSettings>("{}").is_err());
        assert!(serde_json::from_str::<AnalysisSettings>(r#"{"speech_jion_s": 0.2}"#).is_err());
    }
}
