//! What the foreign views show of one small call, worked by hand.
//!
//! The call is 20 s long. The agent says four words from 0 to 4 s and two from 10 to 12 s, the
//! customer three from 3 to 6 s and one from 16.5 to 17.5 s; each word lasts a second.
#![allow(clippy::unwrap_used)]

use callcsi::call::{Call, Input};
use callcsi::features::{Source, catalogue};
use callcsi::score::{Extractor, Measurements};
use callcsi::settings::AnalysisSettings;
use callcsi::view::View;
use serde_json::{Value, json};

fn utterance(side: &str, start: f64, words: &[&str]) -> Value {
    let words: Vec<Value> = words
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let at = start + i as f64;
            json!({"text": text, "start_s": at, "end_s": at + 1.0})
        })
        .collect();
    let end = start + words.len() as f64;
    json!({"side": side, "start_s": start, "end_s": end, "words": words})
}

fn measured(transcript: &Value) -> Measurements {
    let input = Input::Bytes {
        name: "call".to_owned(),
        bytes: transcript.to_string().into_bytes().into(),
    };
    let extractor = Extractor::new(AnalysisSettings::default()).unwrap();
    extractor
        .extract(&Call::new("1").transcript(input))
        .unwrap()
}

fn call() -> Measurements {
    measured(&json!({
        "format": "callcsi-transcript", "version": 1, "duration_s": 20,
        "utterances": [
            utterance("agent", 0.0, &["добрый", "день", "слушаю", "вас"]),
            utterance("customer", 3.0, &["у", "меня", "вопрос"]),
            utterance("agent", 10.0, &["сейчас", "посмотрю"]),
            utterance("customer", 16.5, &["спасибо"]),
        ]
    }))
}

fn show(view: View) -> Value {
    view.show(&call(), &AnalysisSettings::default())
}

#[test]
fn amazon_counts_utterances_whole_and_overlap_twice() {
    let shown = &show(View::Aws)["ConversationCharacteristics"];
    assert_eq!(
        shown["TalkTime"],
        json!({
            "DetailsByParticipant": {
                // 4 s + 2 s, and 3 s + 1 s; the second from 3 to 4 s is in both.
                "AGENT": {"TotalTimeMillis": 6_000},
                "CUSTOMER": {"TotalTimeMillis": 4_000},
            },
            "TotalTimeMillis": 10_000,
        })
    );
    // Six words in 6 s, four in 4 s.
    let speed = &shown["TalkSpeed"]["DetailsByParticipant"];
    assert_eq!(speed["AGENT"]["AverageWordsPerMinute"], 60);
    assert_eq!(speed["CUSTOMER"]["AverageWordsPerMinute"], 60);
    // Nobody talks from 6 to 10 s and from 12 to 16.5 s; the 2.5 s at the end are not between
    // utterances.
    assert_eq!(
        shown["NonTalkTime"],
        json!({
            "Instances": [
                {"BeginOffsetMillis": 6_000, "DurationMillis": 4_000, "EndOffsetMillis": 10_000},
                {"BeginOffsetMillis": 12_000, "DurationMillis": 4_500, "EndOffsetMillis": 16_500},
            ],
            "TotalTimeMillis": 8_500,
        })
    );
    assert_eq!(
        shown["Interruptions"],
        json!({
            "TotalCount": 1,
            "TotalTimeMillis": 1_000,
            "InterruptionsByInterrupter": {
                "CUSTOMER": [
                    {"BeginOffsetMillis": 3_000, "DurationMillis": 1_000, "EndOffsetMillis": 4_000},
                ],
            },
        })
    );
    assert_eq!(shown["TotalConversationDurationMillis"], 17_500);
}

#[test]
fn yandex_writes_protobuf_json_with_distributions() {
    let shown = show(View::Yandex);
    let agent = &shown["speakerAnalysis"][1];
    assert_eq!(agent["speakerTag"], "agent");
    assert_eq!(
        agent["speechBoundaries"],
        json!({"startTimeMs": "0", "endTimeMs": "20000"})
    );
    assert_eq!(agent["totalSpeechMs"], "6000");
    assert_eq!(agent["speechRatio"], 0.3);
    assert_eq!(agent["totalSilenceMs"], "14000");
    assert_eq!(agent["wordsCount"], "6");
    // добрый 6, день 4, слушаю 6, вас 3, сейчас 6, посмотрю 8.
    assert_eq!(agent["lettersCount"], "33");
    assert_eq!(agent["utteranceCount"], "2");
    // Lengths of 4 and 2 s: mean 3, deviation 1, median 3; 0.9 lies at 2 + 0.9 · 2 = 3.8.
    assert_eq!(
        agent["utteranceDurationEstimation"],
        json!({"min": 2e3, "max": 4e3, "mean": 3e3, "std": 1e3, "quantiles": [
            {"level": 0.5, "value": 3e3}, {"level": 0.9, "value": 3.8e3},
        ]})
    );
    // 19 letters in 4 s, 14 in 2 s.
    assert_eq!(agent["lettersPerSecond"]["min"], 4.75);
    assert_eq!(agent["lettersPerSecond"]["max"], 7.0);

    let both = &shown["conversationAnalysis"];
    // Somebody speaks from 0 to 6, 10 to 12 and 16.5 to 17.5 s: 9 s; silence is 4, 4.5 and 2.5 s.
    assert_eq!(both["totalSpeechDurationMs"], "9000");
    assert_eq!(both["totalSpeechRatio"], 0.45);
    assert_eq!(both["totalSimultaneousSilenceDurationMs"], "11000");
    assert_eq!(both["simultaneousSilenceDurationEstimation"]["max"], 4.5e3);
    assert_eq!(both["simultaneousSilenceDurationEstimation"]["min"], 2.5e3);
    assert_eq!(both["totalSimultaneousSpeechDurationMs"], "1000");
    assert_eq!(both["totalSimultaneousSpeechRatio"], 0.05);
    assert_eq!(
        both["speakerInterrupts"],
        json!([
            {"speakerTag": "customer", "interruptsCount": "1", "interruptsDurationMs": "1000",
             "interrupts": [{"startTimeMs": "3000", "endTimeMs": "4000"}]},
            {"speakerTag": "agent", "interruptsCount": "0", "interruptsDurationMs": "0",
             "interrupts": []},
        ])
    );
}

#[test]
fn salute_has_the_clouds_names_and_nothing_else() {
    let shown = show(View::Salute);
    let columns = shown["insight_result"]["call_features"]
        .as_object()
        .unwrap();
    assert_eq!(columns.len(), 387);
    let names = catalogue()
        .iter()
        .filter(|f| f.source == Source::CallFeatures);
    assert!(
        names
            .map(|f| &f.name)
            .all(|name| columns.contains_key(name))
    );
    assert_eq!(columns["agent_n_words_sum"], 6.0);
    assert_eq!(columns["dialog_interruptions_raw_speech_length_sum"], 1.0);
    // One fragment of 1 s is an episode by its length alone.
    assert_eq!(
        columns["dialog_interruptions_list"][0]["interruption_start_sec"],
        3.0
    );
    assert_eq!(columns["agent_emotion_mean"], Value::Null);
}

#[test]
fn flat_tells_why_what_is_absent_is_absent() {
    let shown = show(View::Flat);
    let (features, absent) = (shown["features"].as_object().unwrap(), &shown["absent"]);
    for (name, value) in features {
        assert_eq!(value.is_null(), absent[name].is_string(), "{name}");
    }
    assert_eq!(
        absent["agent_emotion_mean"],
        "the transcript has no emotions of the agent"
    );
    assert_eq!(absent["queue_wait_s"], "not in metadata: queue.wait_s");
}

#[test]
fn a_call_without_a_conversation_is_shown_as_such() {
    let extractor = Extractor::new(AnalysisSettings::default()).unwrap();
    let nothing = extractor.extract(&Call::new("1")).unwrap();
    let settings = AnalysisSettings::default();
    let shown = |view: View| view.show(&nothing, &settings);
    assert_eq!(shown(View::Aws)["ConversationCharacteristics"], Value::Null);
    assert_eq!(shown(View::Yandex)["conversationAnalysis"], Value::Null);
    let list = &shown(View::Flat)["absent"]["dialog_interruptions_list"];
    assert_eq!(list, "no recording");
    let columns = &shown(View::Salute)["insight_result"]["call_features"];
    assert!(columns.as_object().unwrap().values().all(Value::is_null));
}
