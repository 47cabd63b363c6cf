//! From a recording to an estimate, on calls whose truth is known.
// A test that cannot set itself up has failed.
#![allow(clippy::unwrap_used)]

use callcsi::ErrorKind;
use callcsi::call::{AgentChannel, Call, CallId, Input, Metadata, Side};
use callcsi::features::{Absence, FeatureVector, Value};
use callcsi::model::Predictor;
use callcsi::score::{Extractor, Limits, Scorer};
use callcsi::settings::{AnalysisSettings, DetectorKind};
use callcsi::simulate::render::{RenderSettings, WavFormat, write_wav};
use callcsi::simulate::{MissingShares, SimulatedCall, SimulationSettings, Simulator};
use callcsi::timeline::Span;
use std::io::Cursor;

/// No time to work at all is given, so a limit of length that is told must have been seen in the header.
#[test]
fn a_wav_over_the_limit_of_length_is_not_listened_to() {
    let long = simulated(0);
    let mut call = Call::new("long");
    call.recording = Some(callcsi::call::Recording::Stereo {
        input: wav(&long, WavFormat::Pcm16),
        agent_channel: AgentChannel::Left,
    });
    let limits = |longest| Limits {
        longest: Span::from_seconds(longest),
        time: Some(std::time::Duration::ZERO),
    };
    let fail = |longest| {
        let scorer = Scorer::builtin().unwrap().with_limits(limits(longest));
        scorer.score(&call).unwrap_err().to_string()
    };
    assert!(fail(1.0).contains("h of sound"), "{}", fail(1.0));
    // A recording within the limit is listened to, for which there is no time.
    assert!(fail(36_000.0).contains("s of work"), "{}", fail(36_000.0));
}

fn simulated(index: u64) -> SimulatedCall {
    let mut settings = SimulationSettings::seeded(11);
    settings.mean_talk_s = 60.0;
    settings.missing = MissingShares::none();
    Simulator::new(settings).unwrap().call(index)
}

fn wav(call: &SimulatedCall, format: WavFormat) -> Input {
    let mut bytes = Cursor::new(Vec::new());
    write_wav(&mut bytes, call, &RenderSettings::default(), format).unwrap();
    Input::Bytes {
        name: "simulated.wav".to_owned(),
        bytes: bytes.into_inner().into(),
    }
}

fn json(call: &SimulatedCall) -> Input {
    let bytes = call.transcript.as_ref().unwrap().to_json().into_bytes();
    Input::Bytes {
        name: "simulated.json".to_owned(),
        bytes: bytes.into(),
    }
}

fn full(call: &SimulatedCall) -> Call {
    Call::new(call.id.as_str())
        .stereo(wav(call, WavFormat::Pcm16), AgentChannel::Left)
        .transcript(json(call))
        .metadata(call.metadata.clone())
}

/// The agent's channel of a rendered call.
fn agent_of(call: &SimulatedCall) -> Vec<i16> {
    let Input::Bytes { bytes, .. } = wav(call, WavFormat::Pcm16) else {
        panic!()
    };
    let mut reader = hound::WavReader::new(Cursor::new(bytes.to_vec())).unwrap();
    reader.samples().step_by(2).map(Result::unwrap).collect()
}

/// A WAV of these samples, interleaved.
fn pcm(channels: u16, samples: &[i16]) -> Input {
    let spec = hound::WavSpec {
        channels,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    Input::Bytes {
        name: "made.wav".to_owned(),
        bytes: bytes.into_inner().into(),
    }
}

fn extractor() -> Extractor {
    Extractor::new(AnalysisSettings::default()).unwrap()
}

fn number(features: &FeatureVector, name: &str) -> Option<f64> {
    match features.get(name)? {
        Ok(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

#[test]
fn measurements_equal_the_simulators_own_plain_ones() {
    // The simulator reads its causes off the truth by definitions of its own.
    let simulator = Simulator::new(SimulationSettings::seeded(3)).unwrap();
    let extractor = extractor();
    for call in simulator.calls(60) {
        let transcript = callcsi::transcript::Transcript {
            utterances: call.utterances.clone(),
            ..Default::default()
        };
        let features = extractor
            .measure_speech(
                Some(&call.speech),
                Some(&transcript),
                call.duration,
                &call.full_metadata,
            )
            .unwrap();
        let minutes = call.duration.seconds() / 60.0;
        let facts = &call.facts;
        let pairs = [
            ("queue_wait_s", Some(facts.queue_wait_s)),
            ("hold_total_s", Some(facts.hold_total_s)),
            (
                "dialog_long_silence_length_sum",
                Some(facts.silence_total_s),
            ),
            (
                "dialog_agent_speech_percentage",
                Some(facts.agent_speech_share),
            ),
            (
                "dialog_customer_agent_speech_speed_words_all_call_mean_diff",
                Some(facts.speech_speed_difference),
            ),
            (
                "agent_response_latency_median_s",
                facts.agent_response_median_s,
            ),
            (
                "agent_interruptions_count",
                Some(facts.agent_interruptions_per_min * minutes),
            ),
            (
                "customer_interruptions_count",
                Some(facts.customer_interruptions_per_min * minutes),
            ),
        ];
        for (name, wanted) in pairs {
            let found = number(&features, name);
            let same = match (found, wanted) {
                (Some(found), Some(wanted)) => (found - wanted).abs() < 1e-6,
                (found, wanted) => found == wanted,
            };
            assert!(
                same,
                "{} {name}: found {found:?}, wanted {wanted:?}",
                call.id
            );
        }
    }
}

#[test]
fn measured_sound_is_near_the_truth() {
    let extractor = extractor();
    for index in 0..3 {
        let call = simulated(index);
        let heard = extractor.extract(&full(&call)).unwrap().features;
        let truth = extractor
            .measure_speech(
                Some(&call.speech),
                call.transcript.as_ref(),
                call.duration,
                &call.metadata,
            )
            .unwrap();
        // A sixteenth of a second is two frames of the detector; talk time may be off by a tenth.
        for side in Side::BOTH {
            let name = format!("{side}_speech_length_sum");
            let (heard, truth) = (
                number(&heard, &name).unwrap(),
                number(&truth, &name).unwrap(),
            );
            assert!(
                (heard / truth - 1.0).abs() < 0.1,
                "{name}: {heard} for {truth}"
            );
        }
        for name in [
            "call_duration",
            "customer_n_words_sum",
            "queue_wait_s",
            "hold_count",
        ] {
            let (heard, truth) = (number(&heard, name), number(&truth, name));
            assert!(
                heard.zip(truth).is_none_or(|(h, t)| (h - t).abs() < 1e-3),
                "{name}: {heard:?} for {truth:?}"
            );
        }
    }
}

#[test]
fn companded_sound_gives_nearly_the_same_measurements() {
    let call = simulated(1);
    let of = |format| {
        let call = Call::new("1").stereo(wav(&call, format), AgentChannel::Left);
        extractor().extract(&call).unwrap().features
    };
    let (pcm, mulaw) = (of(WavFormat::Pcm16), of(WavFormat::MuLaw));
    for name in ["agent_speech_length_sum", "customer_speech_length_sum"] {
        let (a, b) = (number(&pcm, name).unwrap(), number(&mulaw, name).unwrap());
        assert!((a - b).abs() < 0.02 * a, "{name}: {a} and {b}");
    }
}

#[test]
fn swapping_the_declared_channel_swaps_the_sides() {
    let call = simulated(2);
    let of = |channel| {
        let call = Call::new("1").stereo(wav(&call, WavFormat::Pcm16), channel);
        extractor().extract(&call).unwrap().features
    };
    let (left, right) = (of(AgentChannel::Left), of(AgentChannel::Right));
    assert_eq!(
        left.get("agent_speech_length_sum"),
        right.get("customer_speech_length_sum")
    );
    assert_eq!(
        left.get("customer_conv_start_last_sec"),
        right.get("agent_conv_start_last_sec")
    );
}

#[test]
fn assessment_explains_itself() {
    let scorer = Scorer::builtin().unwrap();
    let assessment = scorer.score(&full(&simulated(0))).unwrap();
    let judged = &assessment.prediction;
    let sum: f64 = judged.contributions.iter().map(|c| c.log_odds).sum();
    assert!((judged.base + sum - judged.log_odds).abs() < 1e-9);
    assert!((judged.satisfied - 1.0 / (1.0 + (-judged.log_odds).exp())).abs() < 1e-12);
    assert!((1.0..=5.0).contains(&judged.csi));
    // Features measured before give the same estimate without the sound.
    let again = scorer
        .predictor()
        .predict(&assessment.measurements.features);
    assert_eq!(again.log_odds, judged.log_odds);
    // And the whole is the same every time.
    let twice = scorer.score(&full(&simulated(0))).unwrap();
    assert_eq!(
        twice.measurements.features,
        assessment.measurements.features
    );
}

#[test]
fn transcript_alone_is_a_call() {
    let call = simulated(0);
    let measurements = extractor()
        .extract(&Call::new("1").transcript(json(&call)))
        .unwrap();
    assert_eq!(
        number(&measurements.features, "call_duration"),
        Some(call.duration.seconds())
    );
    assert!(number(&measurements.features, "agent_n_words_sum").is_some());
    let rate = measurements.features.get("agent_syllable_rate");
    assert_eq!(rate, Some(&Err(Absence::NoRecording)));
}

#[test]
fn a_recording_has_a_rate_of_speech_without_words() {
    let call = simulated(1);
    let recording = Call::new("1").stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Left);
    let heard = extractor().extract(&recording).unwrap().features;
    let words = heard.get("agent_speech_speed_words_mean");
    assert_eq!(words, Some(&Err(Absence::NoTranscript)));
    for name in ["customer_syllable_rate", "agent_syllable_rate"] {
        let rate = number(&heard, name).unwrap();
        assert!((1.0..10.0).contains(&rate), "{name}: {rate}");
    }
    // Of a side whose channel is silent nothing is known.
    let mut voice = agent_of(&call);
    let silence = pcm(1, &vec![0; voice.len()]);
    voice.truncate(30 * 8_000);
    let pair = Call::new("1").two_mono(pcm(1, &voice), silence, Span::ZERO);
    let heard = extractor().extract(&pair).unwrap().features;
    assert!(number(&heard, "agent_syllable_rate").is_some());
    let rate = heard.get("customer_syllable_rate");
    assert_eq!(rate, Some(&Err(Absence::ChannelSilent(Side::Customer))));
}

#[test]
fn a_voice_has_a_level_and_where_it_is_asked_for_a_pitch() {
    // The customer hums at 120 Hz, without the fundamental, in the first and the last third of a
    // minute, 6 dB louder in the last; the agent only in the middle.
    let hum = |t: f64| -> f64 {
        let harmonics = (3..20).map(f64::from);
        let tau = std::f64::consts::TAU;
        harmonics.map(|k| (tau * 120.0 * k * t).sin() / k).sum()
    };
    let samples = |gain: fn(f64) -> f64| -> Vec<i16> {
        let instants = (0..480_000).map(|n| f64::from(n) / 8_000.0);
        // Humps, so that a detector takes it for speech.
        let humps = |t: f64| 0.55 - 0.45 * (std::f64::consts::TAU * 4.0 * t).cos();
        instants
            .map(|t| (8_000.0 * gain(t) * humps(t) * hum(t)) as i16)
            .collect()
    };
    let customer = samples(|t| match t {
        2.0..12.0 => 0.5,
        45.0..55.0 => 1.0,
        _ => 0.0,
    });
    let agent = samples(|t| f64::from(u8::from((25.0..35.0).contains(&t))));
    let call = || {
        let (agent, customer) = (pcm(1, &agent), pcm(1, &customer));
        Call::new("1").two_mono(agent, customer, Span::ZERO)
    };
    let mut settings = AnalysisSettings::default();
    settings.detector = callcsi::settings::DetectorKind::Energy;
    let heard = |settings: &AnalysisSettings| {
        let extractor = Extractor::new(settings.clone()).unwrap();
        extractor.extract(&call()).unwrap().features
    };
    let found = heard(&settings);
    let change = number(&found, "customer_voice_level_change_db").unwrap();
    // 20 log10 2 = 6.02, each median to half a decibel.
    assert!((change - 6.02).abs() <= 0.5, "{change}");
    assert_eq!(
        found.get("agent_voice_level_change_db"),
        Some(&Err(Absence::NoSpeechInThird(Side::Agent)))
    );
    let median = |side| number(&found, &format!("{side}_voice_level_median_dbfs")).unwrap();
    assert!(median(Side::Agent) > median(Side::Customer));
    for name in ["customer_pitch_median_hz", "agent_pitch_range_semitones"] {
        let off = Some(&Err(Absence::SwitchedOff("pitch")));
        assert_eq!(found.get(name), off, "{name}");
    }

    settings.pitch = true;
    let found = heard(&settings);
    for side in Side::BOTH {
        let hertz = number(&found, &format!("{side}_pitch_median_hz")).unwrap();
        // A step is 12.5 cents, 0.9 Hz.
        assert!((hertz - 120.0).abs() < 1.0, "{side}: {hertz}");
        let range = number(&found, &format!("{side}_pitch_range_semitones")).unwrap();
        assert!(range < 0.3, "{side}: {range}");
    }
}

/// Text of this crate's own format, from memory.
fn own(utterances: &str) -> Input {
    let json = format!(
        r#"{{"format": "callcsi-transcript", "version": 1, "duration_s": 60, "utterances": [{utterances}]}}"#
    );
    Input::Bytes {
        name: "own.json".to_owned(),
        bytes: json.into_bytes().into(),
    }
}

const UNTIMED: &str = r#"{"side": "agent", "words": [{"text": "добрый"}, {"text": "день"}]},
    {"side": "customer", "words": [{"text": "алло"}]}"#;

#[test]
fn words_without_times_are_counted_and_nothing_else_is_made_of_them() {
    let found = extractor()
        .extract(&Call::new("1").transcript(own(UNTIMED)))
        .unwrap();
    assert_eq!(number(&found.features, "agent_n_words_sum"), Some(2.0));
    // 10 letters in 2 words, 4 in 1.
    let letters = "dialog_customer_agent_letters_in_word_mean_diff";
    assert_eq!(number(&found.features, letters), Some(-1.0));
    for name in [
        "agent_utt_count",
        "agent_speech_length_sum",
        "agent_n_words_mean",
    ] {
        let absence = found.features.get(name).unwrap().as_ref().unwrap_err();
        assert_eq!(absence.code(), "no_word_times", "{name}");
    }
}

#[test]
fn what_is_said_outside_the_call_is_told() {
    let said = |start: i32| {
        let end = start + 1;
        format!(r#"{{"side": "agent", "start_s": {start}, "end_s": {end}}}"#)
    };
    for (starts, outside) in [(vec![0, 59], 0), (vec![-1, 59, 60, 3000], 3)] {
        let utterances: Vec<String> = starts.into_iter().map(said).collect();
        let call = Call::new("1").transcript(own(&utterances.join(",")));
        let found = extractor().extract(&call).unwrap();
        let told = found
            .warnings
            .iter()
            .find(|w| w.code == "transcript_outside");
        let message = told.map(|w| w.message.as_str()).unwrap_or_default();
        assert_eq!(told.is_some(), outside > 0);
        assert!(outside == 0 || message.starts_with(&format!("{outside} utterances")));
    }
}

#[test]
fn words_without_times_go_with_the_speech_that_is_heard() {
    let call = simulated(0);
    let sound = wav(&call, WavFormat::Pcm16);
    let with = Call::new("1").stereo(sound.clone(), AgentChannel::Left);
    let found = extractor().extract(&with.transcript(own(UNTIMED))).unwrap();
    let heard = extractor()
        .extract(&Call::new("1").stereo(sound, AgentChannel::Left))
        .unwrap();
    let value = |name: &str| number(&found.features, name);
    let speech = number(&heard.features, "agent_speech_length_sum").unwrap();
    assert_eq!(value("agent_speech_length_sum"), Some(speech));
    assert_eq!(
        value("agent_speech_speed_words_all_call_mean"),
        Some(2.0 / speech)
    );
    let utterances = number(&heard.features, "agent_utt_count").unwrap();
    assert_eq!(value("agent_n_words_mean"), Some(2.0 / utterances));
    // Which utterance holds which word is not known.
    for name in [
        "agent_speech_speed_words_mean",
        "dialog_agent_speech_speed_delta_utt_count",
    ] {
        let absence = found.features.get(name).unwrap().as_ref().unwrap_err();
        assert_eq!(absence.code(), "no_word_times", "{name}");
    }
}

#[test]
fn a_transcript_whose_sides_say_the_same_is_set_aside() {
    let words = ["я", "хотел", "бы", "узнать", "свой", "баланс"];
    let said = |side: &str| -> String {
        let word = |(i, w): (usize, &&str)| {
            format!(r#"{{"text": "{w}", "start_s": {i}, "end_s": {}}}"#, i + 1)
        };
        let list: Vec<String> = words.iter().enumerate().map(word).collect();
        let list = list.join(",");
        format!(r#"{{"side": "{side}", "start_s": 0, "end_s": 6, "words": [{list}]}}"#)
    };
    let both = format!("{},{}", said("agent"), said("customer"));
    let found = extractor()
        .extract(&Call::new("1").transcript(own(&both)))
        .unwrap();
    assert!(
        found
            .warnings
            .iter()
            .any(|w| w.code == "transcript_doubled")
    );
    for name in ["agent_n_words_sum", "agent_utt_count", "call_duration"] {
        let value = found.features.get(name);
        assert_eq!(value, Some(&Err(Absence::TranscriptDoubled)), "{name}");
    }
    // With sound the speech counts, and the words do not.
    let call = simulated(0);
    let call = Call::new("1").stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Left);
    let found = extractor().extract(&call.transcript(own(&both))).unwrap();
    assert!(number(&found.features, "agent_utt_count").is_some());
    let words = found.features.get("agent_n_words_sum");
    assert_eq!(words, Some(&Err(Absence::TranscriptDoubled)));
}

#[test]
fn each_side_may_have_a_transcript_of_its_own() {
    let agent = r#"{"side": "agent", "start_s": 1, "end_s": 2, "words": [{"text": "алло"}]}"#;
    let customer = r#"{"side": "customer", "start_s": 3, "end_s": 4, "words": [{"text": "да"}]}"#;
    let call = Call::new("1")
        .transcript_of(Side::Agent, own(agent))
        .transcript_of(Side::Customer, own(customer));
    let found = extractor().extract(&call).unwrap();
    assert_eq!(number(&found.features, "agent_n_words_sum"), Some(1.0));
    assert_eq!(number(&found.features, "customer_n_words_sum"), Some(1.0));
    // The other's file by mistake.
    let swapped = Call::new("1").transcript_of(Side::Customer, own(agent));
    let error = extractor().extract(&swapped).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    // Two files of one side.
    let twice = Call::new("1").transcript(own(agent)).transcript(own(agent));
    let error = extractor().extract(&twice).unwrap_err();
    assert_eq!(error.found(), "words of the agent in two transcripts");
}

#[test]
fn facts_alone_are_a_call() {
    let metadata = Metadata::from_json(r#"{"queue": {"wait_s": 9}}"#).unwrap();
    let measurements = extractor()
        .extract(&Call::new("1").metadata(metadata))
        .unwrap();
    assert_eq!(number(&measurements.features, "queue_wait_s"), Some(9.0));
    let duration = measurements.features.get("call_duration");
    assert_eq!(duration, Some(&Err(Absence::NoRecording)));
}

#[test]
fn a_call_of_which_nothing_is_known_says_so() {
    let measurements = extractor().extract(&Call::new("1")).unwrap();
    let codes: Vec<&str> = measurements.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["no_evidence"]);
}

#[test]
fn dual_mono_voids_what_tells_the_sides_apart() {
    let call = simulated(0);
    let mono = agent_of(&call);
    let both: Vec<i16> = mono.iter().flat_map(|&x| [x, x]).collect();
    let input = pcm(2, &both);
    let measurements = extractor()
        .extract(&Call::new("1").stereo(input, AgentChannel::Left))
        .unwrap();
    let codes: Vec<&str> = measurements.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["dual_mono"]);
    let speech = measurements.features.get("agent_speech_length_sum");
    assert_eq!(speech, Some(&Err(Absence::DualMono)));
    let rate = measurements.features.get("agent_syllable_rate");
    assert_eq!(rate, Some(&Err(Absence::DualMono)));
    // The length of the call is known all the same.
    let seconds = mono.len() as f64 / 8_000.0;
    assert_eq!(
        number(&measurements.features, "call_duration"),
        Some(seconds)
    );
}

/// The agent's channel of a simulated call beside a channel of nothing.
fn one_sided(call: &SimulatedCall) -> Call {
    let both: Vec<i16> = agent_of(call).iter().flat_map(|&x| [x, 0]).collect();
    Call::new("1").stereo(pcm(2, &both), AgentChannel::Left)
}

#[test]
fn a_silent_channel_voids_what_stands_on_its_side() {
    let found = extractor().extract(&one_sided(&simulated(0))).unwrap();
    let codes: Vec<&str> = found.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["channel_silent"]);
    for name in [
        "customer_speech_length_sum",
        "customer_utt_count",
        "customer_syllable_rate",
        "dialog_customer_speech_length_percentage",
        // Of both sides, so that 1 and 0 are not said either.
        "dialog_agent_speech_percentage",
        "dialog_silence_length_sum",
        "dialog_interruptions_count",
        "agent_response_latency_median_s",
        "agent_longest_turn_s",
        "channels_maybe_swapped",
    ] {
        let value = found.features.get(name);
        assert_eq!(
            value,
            Some(&Err(Absence::ChannelSilent(Side::Customer))),
            "{name}"
        );
    }
    for name in [
        "call_duration",
        "agent_speech_length_sum",
        "agent_syllable_rate",
        "dialog_agent_speech_length_percentage",
    ] {
        assert!(number(&found.features, name).is_some(), "{name}");
    }
    for (name, value) in [
        ("customer_channel_silent", 1.0),
        ("agent_channel_silent", 0.0),
        ("customer_dropout_share", 0.0),
        ("dual_mono", 0.0),
        ("truncated", 0.0),
    ] {
        assert_eq!(number(&found.features, name), Some(value), "{name}");
    }
}

#[test]
fn what_a_transcript_has_of_a_silent_channel_counts() {
    let said = r#"{"side": "customer", "start_s": 3, "end_s": 6,
        "words": [{"text": "алло", "start_s": 3, "end_s": 3.5}, {"text": "да", "start_s": 5, "end_s": 6}]}"#;
    let call = one_sided(&simulated(0)).transcript(own(said));
    let found = extractor().extract(&call).unwrap();
    // 0.5 + 1 s of words.
    let value = |name: &str| number(&found.features, name);
    assert_eq!(value("customer_speech_length_sum"), Some(1.5));
    assert!(value("dialog_agent_speech_percentage").is_some());
    // Of words without a time the speech stays unknown, and their number is known.
    let call = one_sided(&simulated(0)).transcript(own(UNTIMED));
    let found = extractor().extract(&call).unwrap();
    assert_eq!(number(&found.features, "customer_n_words_sum"), Some(1.0));
    let speech = found.features.get("customer_speech_length_sum");
    assert_eq!(speech, Some(&Err(Absence::ChannelSilent(Side::Customer))));
}

#[test]
fn channels_that_the_transcript_fits_the_other_way_round_are_suspected() {
    let call = simulated(0);
    let swapped = Call::new("1")
        .stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Right)
        .transcript(json(&call));
    let found = extractor().extract(&swapped).unwrap();
    let codes: Vec<&str> = found.warnings.iter().map(|w| w.code).collect();
    assert!(codes.contains(&"channels_maybe_swapped"), "{codes:?}");
    let name = "channels_maybe_swapped";
    assert_eq!(number(&found.features, name), Some(1.0));
    let right = extractor().extract(&full(&call)).unwrap();
    assert_eq!(number(&right.features, name), Some(0.0));
    // Without the transcript nothing but the greeting is known, and that is too little.
    let unread = Call::new("1").stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Right);
    let found = extractor().extract(&unread).unwrap();
    assert_eq!(number(&found.features, name), Some(0.0));
}

#[test]
fn a_voice_at_the_end_that_nobody_answers_is_told() {
    let said = r#"{"side": "customer", "start_s": 1, "end_s": 9, "words": [{"text": "алло"}]},
        {"side": "agent", "start_s": 10, "end_s": 12, "words": [{"text": "да"}]},
        {"side": "agent", "start_s": 15, "end_s": 28, "words": [{"text": "оцените"}]}"#;
    let found = extractor()
        .extract(&Call::new("1").transcript(own(said)))
        .unwrap();
    let tail = found.tail_monologue.unwrap();
    let (start, end) = (tail.segment.start().seconds(), tail.segment.end().seconds());
    assert_eq!((tail.side, start, end), (Side::Agent, 15.0, 28.0));
    assert!(found.warnings.iter().any(|w| w.code == "tail_monologue"));
    // It is measured with the rest.
    assert_eq!(
        number(&found.features, "agent_speech_length_sum"),
        Some(15.0)
    );
}

#[test]
fn a_recording_cut_short_says_so_in_a_column() {
    let Input::Bytes { bytes, .. } = wav(&simulated(0), WavFormat::Pcm16) else {
        panic!()
    };
    let input = Input::Bytes {
        name: "cut.wav".to_owned(),
        bytes: bytes[..bytes.len() / 2].into(),
    };
    let cut = Call::new("1").stereo(input, AgentChannel::Left);
    let found = extractor().extract(&cut).unwrap();
    assert_eq!(number(&found.features, "truncated"), Some(1.0));
    // Without a recording there is nothing to be cut.
    let found = extractor().extract(&Call::new("1")).unwrap();
    let truncated = found.features.get("truncated");
    assert_eq!(truncated, Some(&Err(Absence::NoRecording)));
}

#[test]
fn transcript_of_another_call_is_suspected() {
    let (call, other) = (simulated(0), simulated(1));
    let mismatched = Call::new("1")
        .stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Right)
        .transcript(json(&other));
    let measurements = extractor().extract(&mismatched).unwrap();
    let codes: Vec<&str> = measurements.warnings.iter().map(|w| w.code).collect();
    assert!(codes.contains(&"transcript_unheard"), "{codes:?}");
    let fitting = extractor().extract(&full(&call)).unwrap();
    assert!(fitting.warnings.is_empty(), "{:?}", fitting.warnings);
}

#[test]
fn errors_name_the_call_and_the_place() {
    let call = simulated(0);
    let hold = r#"{"holds": {"intervals": [{"start_s": 5, "end_s": 100000}]}}"#;
    let impossible = full(&call).metadata(Metadata::from_json(hold).unwrap());
    let error = extractor().extract(&impossible).unwrap_err();
    assert_eq!(
        (error.kind(), error.place()),
        (ErrorKind::Invalid, "holds.intervals[0]")
    );
    assert_eq!(error.call(), Some(&CallId::new(call.id.as_str())));

    let missing = Call::new("нет").stereo("/nowhere/звонок.wav", AgentChannel::Left);
    let error = extractor().extract(&missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error
            .to_string()
            .starts_with("call нет: /nowhere/звонок.wav"),
        "{error}"
    );
}

#[test]
fn bundled_model_measures_under_todays_defaults() {
    let predictor = Predictor::builtin().unwrap();
    assert_eq!(*predictor.model().settings(), AnalysisSettings::default());
    let card = predictor.model().card();
    assert!(
        card.lines()
            .next()
            .unwrap()
            .contains("knows no real customers")
    );
}

#[test]
fn two_files_tell_of_their_clocks_by_what_leaks() {
    let mut simulation = SimulationSettings::seeded(5);
    simulation.mean_talk_s = 150.0;
    let simulator = Simulator::new(simulation).unwrap();
    let long = |call: &SimulatedCall| (120.0..240.0).contains(&call.duration.seconds());
    let call = (0..).map(|i| simulator.call(i)).find(long).unwrap();
    let Input::Bytes { bytes, .. } = wav(&call, WavFormat::Pcm16) else {
        panic!()
    };
    let mut reader = hound::WavReader::new(Cursor::new(bytes.to_vec())).unwrap();
    let both: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let side = |which: usize| both.iter().copied().skip(which).step_by(2);
    let (agent, customer): (Vec<i16>, Vec<i16>) = (side(0).collect(), side(1).collect());
    let mut settings = AnalysisSettings::default();
    settings.detector = DetectorKind::Energy;
    let extractor = Extractor::new(settings).unwrap();
    let measured = |call: Call| {
        let measured = extractor.extract(&call).unwrap();
        let get = |name| measured.features.get(name).unwrap().clone();
        let codes: Vec<&str> = measured.warnings.iter().map(|w| w.code).collect();
        let clocks = [get("clock_offset_s"), get("clock_drift_ppm")];
        (clocks, codes.into_iter().any(|code| code == "clock_offset"))
    };

    let stereo = Call::new("1").stereo(wav(&call, WavFormat::Pcm16), AgentChannel::Left);
    let one_clock = Err(Absence::OneClock);
    assert_eq!(measured(stereo).0, [one_clock.clone(), one_clock]);
    let apart = Call::new("1").two_mono(pcm(1, &agent), pcm(1, &customer), Span::ZERO);
    assert_eq!(
        measured(apart),
        ([Err(Absence::NoLeak), Err(Absence::NoLeak)], false)
    );

    // The agent is heard 20 ms late and 20 dB down by the customer's recording, whose first 1.2 s are
    // lost: so it is heard 1.18 s before it is spoken, and 20 ms more are not certain.
    let mut leaky = customer;
    for (own, leak) in leaky[160..].iter_mut().zip(&agent) {
        *own = own.saturating_add(leak / 10);
    }
    let early = pcm(1, &leaky[9_600..]);
    let pair = |offset| Call::new("1").two_mono(pcm(1, &agent), early.clone(), offset);
    let ([offset, _], told) = measured(pair(Span::ZERO));
    let Ok(Value::Number(offset)) = offset else {
        panic!("{offset:?}")
    };
    assert!((offset + 1.16).abs() < 0.02, "{offset}");
    assert!(told);
    // With the offset given, the clocks agree.
    let ([offset, _], told) = measured(pair(Span::from_millis(1_200)));
    assert_eq!((offset, told), (Ok(Value::Number(0.0)), false));
}
