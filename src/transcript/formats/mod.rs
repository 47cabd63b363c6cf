//! The formats: how each is called, told by its content, and read.
//!
//! A reader turns a [`Content`] into a [`Draft`] and decides nothing that holds for every format:
//! see [`draft`](super::draft).

mod assemblyai;
mod aws_call_analytics;
mod aws_transcribe;
mod azure_batch;
mod azure_fast;
mod common;
mod contact_lens;
mod ctm;
mod deepgram;
mod google;
mod harper_valley;
mod own;
mod rttm;
mod salute;
mod subtitles;
mod tbank;
mod textgrid;
mod vcon;
mod vosk;
mod whisper;
mod whisper_cpp;
mod whisperx;
mod wtf;
mod yandex_speechkit;
mod yandex_speechsense;

use super::content::Content;
use super::draft::Draft;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// A transcript format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// This crate's own JSON.
    CallCsi,
    /// Sber SaluteSpeech, asynchronous recognition result.
    SaluteSpeech,
    /// Yandex SpeechKit v3, recognition results.
    YandexSpeechKit,
    /// Yandex SpeechSense, a talk.
    YandexSpeechSense,
    /// T-Bank VoiceKit, recognition result.
    TBankVoiceKit,
    /// AWS Transcribe, output of a batch job.
    AwsTranscribe,
    /// Amazon Connect Contact Lens, after the call or in real time.
    ContactLens,
    /// AWS Transcribe Call Analytics, output of a batch job.
    AwsCallAnalytics,
    /// Google Cloud Speech-to-Text, v2 and v1.
    GoogleStt,
    /// Azure Speech, batch transcription.
    AzureBatch,
    /// Azure Speech, fast transcription.
    AzureFast,
    /// Deepgram, answer for pre-recorded audio.
    Deepgram,
    /// AssemblyAI, a transcript.
    AssemblyAi,
    /// HarperValleyBank transcript JSON.
    HarperValley,
    /// openai-whisper, and the tools that copy its JSON.
    Whisper,
    /// WhisperX JSON.
    WhisperX,
    /// whisper.cpp JSON, `-oj` and `-ojf`.
    WhisperCpp,
    /// Vosk answers, one or many.
    Vosk,
    /// WTF, the transcription format of vCon.
    Wtf,
    /// vCon: the transcript among its analyses.
    VCon,
    /// WebVTT subtitles.
    WebVtt,
    /// SubRip subtitles.
    Srt,
    /// Praat TextGrid.
    TextGrid,
    /// NIST RTTM: turns without words.
    Rttm,
    /// NIST CTM, of Kaldi and NeMo.
    Ctm,
}

/// How a format is called, told and read.
struct Reader {
    format: Format,
    name: &'static str,
    title: &'static str,
    /// Tells whether content is in the format; the first reader that says so takes it.
    matches: fn(&Content<'_>) -> bool,
    read: fn(&Content<'_>) -> Result<Draft>,
}

/// Every reader, in the order in which formats are looked for: those with keys of their own first.
const READERS: [Reader; 25] = [
    Reader {
        format: Format::CallCsi,
        name: "callcsi",
        title: "this crate's own JSON",
        matches: own::matches,
        read: own::read,
    },
    Reader {
        format: Format::SaluteSpeech,
        name: "salute-speech",
        title: "Sber SaluteSpeech",
        matches: salute::matches,
        read: salute::read,
    },
    Reader {
        format: Format::YandexSpeechKit,
        name: "yandex-speechkit",
        title: "Yandex SpeechKit v3",
        matches: yandex_speechkit::matches,
        read: yandex_speechkit::read,
    },
    Reader {
        format: Format::YandexSpeechSense,
        name: "yandex-speechsense",
        title: "Yandex SpeechSense",
        matches: yandex_speechsense::matches,
        read: yandex_speechsense::read,
    },
    Reader {
        format: Format::TBankVoiceKit,
        name: "tbank-voicekit",
        title: "T-Bank VoiceKit",
        matches: tbank::matches,
        read: tbank::read,
    },
    Reader {
        format: Format::AwsTranscribe,
        name: "aws-transcribe",
        title: "AWS Transcribe",
        matches: aws_transcribe::matches,
        read: aws_transcribe::read,
    },
    Reader {
        format: Format::ContactLens,
        name: "contact-lens",
        title: "Amazon Connect Contact Lens",
        matches: contact_lens::matches,
        read: contact_lens::read,
    },
    Reader {
        format: Format::AwsCallAnalytics,
        name: "aws-call-analytics",
        title: "AWS Transcribe Call Analytics",
        matches: aws_call_analytics::matches,
        read: aws_call_analytics::read,
    },
    Reader {
        format: Format::GoogleStt,
        name: "google-stt",
        title: "Google Cloud Speech-to-Text",
        matches: google::matches,
        read: google::read,
    },
    Reader {
        format: Format::AzureBatch,
        name: "azure-batch",
        title: "Azure Speech batch transcription",
        matches: azure_batch::matches,
        read: azure_batch::read,
    },
    Reader {
        format: Format::AzureFast,
        name: "azure-fast",
        title: "Azure Speech fast transcription",
        matches: azure_fast::matches,
        read: azure_fast::read,
    },
    Reader {
        format: Format::Deepgram,
        name: "deepgram",
        title: "Deepgram",
        matches: deepgram::matches,
        read: deepgram::read,
    },
    Reader {
        format: Format::AssemblyAi,
        name: "assemblyai",
        title: "AssemblyAI",
        matches: assemblyai::matches,
        read: assemblyai::read,
    },
    Reader {
        format: Format::HarperValley,
        name: "harper-valley",
        title: "HarperValleyBank",
        matches: harper_valley::matches,
        read: harper_valley::read,
    },
    Reader {
        format: Format::Whisper,
        name: "whisper",
        title: "openai-whisper and faster-whisper",
        matches: whisper::matches,
        read: whisper::read,
    },
    Reader {
        format: Format::WhisperX,
        name: "whisperx",
        title: "WhisperX",
        matches: whisperx::matches,
        read: whisperx::read,
    },
    Reader {
        format: Format::WhisperCpp,
        name: "whisper-cpp",
        title: "whisper.cpp",
        matches: whisper_cpp::matches,
        read: whisper_cpp::read,
    },
    Reader {
        format: Format::Vosk,
        name: "vosk",
        title: "Vosk",
        matches: vosk::matches,
        read: vosk::read,
    },
    Reader {
        format: Format::Wtf,
        name: "wtf",
        title: "WTF, the transcription format of vCon",
        matches: wtf::matches,
        read: wtf::read,
    },
    Reader {
        format: Format::VCon,
        name: "vcon",
        title: "vCon",
        matches: vcon::matches,
        read: vcon::read,
    },
    Reader {
        format: Format::WebVtt,
        name: "webvtt",
        title: "WebVTT",
        matches: subtitles::is_vtt,
        read: subtitles::read_vtt,
    },
    Reader {
        format: Format::Srt,
        name: "srt",
        title: "SubRip",
        matches: subtitles::is_srt,
        read: subtitles::read_srt,
    },
    Reader {
        format: Format::TextGrid,
        name: "textgrid",
        title: "Praat TextGrid",
        matches: textgrid::matches,
        read: textgrid::read,
    },
    Reader {
        format: Format::Rttm,
        name: "rttm",
        title: "NIST RTTM",
        matches: rttm::matches,
        read: rttm::read,
    },
    Reader {
        format: Format::Ctm,
        name: "ctm",
        title: "NIST CTM",
        matches: ctm::matches,
        read: ctm::read,
    },
];

impl Format {
    /// Every format, in the order in which they are looked for.
    pub const ALL: [Format; READERS.len()] = {
        let mut all = [Format::CallCsi; READERS.len()];
        let mut i = 0;
        while i < READERS.len() {
            all[i] = READERS[i].format;
            i += 1;
        }
        all
    };

    fn reader(self) -> &'static Reader {
        // Every format has a reader: a test holds it. The first stands in without a panic.
        READERS
            .iter()
            .find(|r| r.format == self)
            .unwrap_or(&READERS[0])
    }

    /// Returns the name used on command lines and in manifests.
    pub fn name(self) -> &'static str {
        self.reader().name
    }

    /// Returns the name of the product or standard, for people.
    pub fn title(self) -> &'static str {
        self.reader().title
    }

    /// Tells the format by the content.
    pub(super) fn detect(content: &Content<'_>) -> Result<Format> {
        let fitting = READERS.iter().find(|r| (r.matches)(content));
        fitting.map(|r| r.format).ok_or_else(|| {
            let found = match content {
                Content::Text(text) if text.trim().is_empty() => {
                    let error =
                        Error::new(ErrorKind::IllFormed, "", "an empty file", "a transcript");
                    return error.hint("if nothing was said, name its format: transcript_format");
                }
                Content::Json { .. } => "JSON of another shape",
                Content::Text(_) => "text of another shape",
            };
            let wanted = format!("one of the transcript formats {}", names());
            Error::new(ErrorKind::Unsupported, "", found, wanted)
        })
    }

    /// Reads the content as this format.
    pub(super) fn read(self, content: &Content<'_>) -> Result<Draft> {
        (self.reader().read)(content)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Parses a format's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<Format> {
        let named = READERS.iter().find(|r| r.name == text);
        named.map(|r| r.format).ok_or_else(|| {
            let (place, found) = ("transcript_format", format!("{text:?}"));
            let wanted = format!("one of {}", names());
            Error::new(ErrorKind::Invalid, place, found, wanted)
        })
    }
}

/// Names the formats of a call's transcripts; `None` of a call without one.
pub(crate) fn format_names(formats: &[Format]) -> Option<String> {
    let mut names: Vec<&str> = formats.iter().map(|f| f.name()).collect();
    names.dedup();
    (!names.is_empty()).then(|| names.join("+"))
}

fn names() -> String {
    READERS.map(|r| r.name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{AgentChannel, Side};
    use crate::transcript::draft::Whose;
    use crate::transcript::read::parse;
    use proptest::prelude::*;

    /// A small transcript of each format that has one for all tests.
    const SMALL: [(Format, &str); 13] = [
        (Format::YandexSpeechKit, yandex_speechkit::tests::SMALL),
        (Format::YandexSpeechSense, yandex_speechsense::tests::SMALL),
        (Format::TBankVoiceKit, tbank::tests::SMALL),
        (Format::AwsTranscribe, aws_transcribe::tests::SMALL),
        (Format::ContactLens, contact_lens::tests::SMALL),
        (Format::ContactLens, contact_lens::tests::LIVE),
        (Format::AwsCallAnalytics, aws_call_analytics::tests::SMALL),
        (Format::GoogleStt, google::tests::SMALL),
        (Format::GoogleStt, google::tests::V1),
        (Format::AzureBatch, azure_batch::tests::SMALL),
        (Format::AzureFast, azure_fast::tests::SMALL),
        (Format::Deepgram, deepgram::tests::SMALL),
        (Format::AssemblyAi, assemblyai::tests::SMALL),
    ];

    #[test]
    fn each_is_told_from_every_other() {
        for (format, text) in SMALL {
            let content = Content::of(text.as_bytes()).unwrap();
            let fitting = READERS.iter().filter(|r| (r.matches)(&content));
            let names: Vec<_> = fitting.map(|r| r.name).collect();
            assert_eq!(names, [format.name()], "{text}");
        }
    }

    proptest! {
        /// Whatever becomes of a byte, it is read or refused.
        #[test]
        fn spoilt_transcripts_are_read_or_refused(
            which in 0..SMALL.len(),
            spoils in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<u8>())), 1..6),
        ) {
            let mut bytes = SMALL[which].1.as_bytes().to_vec();
            for (at, byte) in spoils {
                let at = at.index(bytes.len());
                match byte {
                    Some(byte) => bytes[at] = byte,
                    None => drop(bytes.remove(at)),
                }
            }
            for format in Format::ALL {
                for side in [None, Some(Side::Agent)] {
                    let whose = Whose {
                        side,
                        agent_channel: Some(AgentChannel::Right),
                        agent_speaker: Some("1"),
                    };
                    let _ = parse(&bytes, Some(format), &whose);
                }
            }
        }
    }

    /// A packaged crate has no seeds.
    #[test]
    fn seeds_of_the_fuzzer_are_of_every_format_by_their_names() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/transcripts");
        let Ok(files) = std::fs::read_dir(folder) else {
            return;
        };
        let mut seen = std::collections::HashSet::new();
        for file in files {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let format = Format::detect(&Content::of(&bytes).unwrap()).unwrap();
            assert_eq!(path.file_stem().unwrap(), format.name());
            assert!(bytes.len() < 2_000);
            seen.insert(format);
        }
        assert_eq!(seen.len(), Format::ALL.len());
    }

    #[test]
    fn names_are_unique_and_parse_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
            assert!(!format.title().is_empty());
        }
    }

    #[test]
    fn local_samples_are_told_apart() {
        let vcon = vcon::tests::small();
        let samples = [
            (Format::Whisper, whisper::tests::SMALL),
            (Format::WhisperX, whisperx::tests::SMALL),
            (Format::WhisperCpp, whisper_cpp::tests::SMALL),
            (Format::Vosk, vosk::tests::SMALL),
            (Format::Wtf, wtf::tests::SMALL),
            (Format::VCon, &vcon),
            (Format::WebVtt, subtitles::tests::SMALL_VTT),
            (Format::Srt, subtitles::tests::SMALL_SRT),
            (Format::TextGrid, textgrid::tests::SMALL),
            (Format::Rttm, rttm::tests::SMALL),
            (Format::Ctm, ctm::tests::SMALL),
        ];
        for (format, text) in samples {
            let content = Content::of(text.as_bytes()).unwrap();
            let fitting = READERS.iter().filter(|r| (r.matches)(&content));
            let formats: Vec<Format> = fitting.map(|r| r.format).collect();
            assert_eq!(formats, [format]);
        }
    }
}
