//! A recogniser of the user's: what it is given, what is kept, and what happens when it fails.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use callcsi::audio;
use callcsi::call::{AgentChannel, Call};
use callcsi::recognise::{Per, Recogniser};
use callcsi::score::{Extractor, Measurements};
use callcsi::settings::AnalysisSettings;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DEMO: &str = "demo/demo-02.wav";

/// A folder of this test's own, with a blank, a quote and Cyrillic in its name.
fn folder(name: &str) -> PathBuf {
    let name = format!("callcsi it's {name} запись {}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// One utterance of three words, as Whisper and others write it: no word of who speaks.
const WHISPER: &str = r#"{"text": " Good morning everybody", "language": "en", "segments": [{"id": 0, "start": 1.0, "end": 3.0,
  "text": " Good morning everybody", "avg_logprob": -0.2, "no_speech_prob": 0.01, "compression_ratio": 1.0, "temperature": 0}]}"#;

fn measured(recogniser: Recogniser) -> Measurements {
    let extractor = Extractor::new(AnalysisSettings::default()).unwrap();
    let call = Call::new("звонок/1").stereo(DEMO, AgentChannel::Left);
    extractor
        .with_recogniser(recogniser)
        .extract(&call)
        .unwrap()
}

fn warned(found: &Measurements, code: &str) -> String {
    let warning = found.warnings.iter().find(|w| w.code == code);
    warning
        .unwrap_or_else(|| panic!("{:?}", found.warnings))
        .message
        .clone()
}

fn words_of(found: &Measurements, side: &str) -> Option<String> {
    let name = format!("{side}_n_words_sum");
    let value = found.features.get(&name).unwrap().as_ref().ok();
    value.map(|v| format!("{v:?}"))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn it_runs_once_for_each_side_and_its_output_is_kept() {
    let folder = folder("kept");
    std::fs::write(folder.join("words.json"), WHISPER).unwrap();
    let kept = folder.join("kept");
    // Counts its runs, and checks that the sound is a WAV file.
    let command = format!(
        "head -c 4 {{wav}} | grep -q RIFF && echo {{side}} >> \"{0}/runs\" && cp \"{0}/words.json\" {{json}}",
        folder.display()
    );
    for _ in 0..2 {
        let found = measured(Recogniser::new(&command, &kept).unwrap());
        assert_eq!(words_of(&found, "agent").unwrap(), "Number(3.0)");
        assert_eq!(words_of(&found, "customer").unwrap(), "Number(3.0)");
        assert_eq!(found.transcript_formats[0].name(), "whisper");
        let runs = std::fs::read_to_string(folder.join("runs")).unwrap();
        assert_eq!(runs, "agent\ncustomer\n");
    }
    let names = files(&kept);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("звонок_1-agent-"), "{names:?}");
    // Another command is another question.
    let found = measured(Recogniser::new(format!("{command} && true"), &kept).unwrap());
    assert!(found.warnings.iter().all(|w| w.code != "recogniser_failed"));
    assert_eq!(files(&kept).len(), 4);
}

#[test]
fn without_a_json_file_its_standard_output_is_the_transcript() {
    let folder = folder("stdout");
    let own = r#"{"format": "callcsi-transcript", "version": 1, "utterances": [
        {"side": "agent", "start_s": 1, "end_s": 3, "words": [{"text": "алло"}]}]}"#;
    let command = format!("test -s {{wav}} && echo '{own}'");
    let recogniser = Recogniser::new(command, &folder).unwrap().per(Per::Call);
    let found = measured(recogniser);
    assert_eq!(words_of(&found, "agent").unwrap(), "Number(1.0)");
    assert_eq!(words_of(&found, "customer"), None);
}

#[test]
fn sound_of_the_whole_call_has_the_agent_left_at_16_khz() {
    let folder = folder("sound");
    let command = format!("cp {{wav}} \"{}/heard.wav\"; false", folder.display());
    measured(
        Recogniser::new(command, folder.join("kept"))
            .unwrap()
            .per(Per::Call),
    );
    let mut heard = hound::WavReader::open(folder.join("heard.wav")).unwrap();
    let spec = heard.spec();
    let found = (spec.channels, spec.sample_rate, spec.bits_per_sample);
    assert_eq!(found, (2, 16_000, 16));
    let left = heard.samples::<i16>().step_by(2);
    let heard: f64 = left
        .map(|s| f64::from(s.unwrap()) / 32_768.0)
        .map(|s| s * s)
        .sum();
    // At twice the rate there are twice as many samples of the same energy.
    let call = Call::new("1").stereo(DEMO, AgentChannel::Left);
    let mut given = audio::open(&call.recording.unwrap()).unwrap();
    assert_eq!(given.sample_rate(), 8_000);
    let mut agent = 0.0;
    while let Some(block) = given.next_block().unwrap() {
        agent += block
            .agent
            .iter()
            .map(|s| f64::from(*s).powi(2))
            .sum::<f64>();
    }
    assert!(
        (heard / (2.0 * agent) - 1.0).abs() < 0.02,
        "{heard} {agent}"
    );
}

#[test]
fn a_command_that_hangs_is_killed_with_what_it_started() {
    let folder = folder("hangs");
    let command = format!(
        "test -s {{wav}}; (sleep 20; touch \"{}/late\") & sleep 20",
        folder.display()
    );
    let recogniser = Recogniser::new(command, folder.join("kept")).unwrap();
    let begun = Instant::now();
    let found = measured(recogniser.timeout(Duration::from_millis(200)));
    // Far below the twenty seconds, however busy the machine.
    assert!(begun.elapsed() < Duration::from_secs(15));
    let message = warned(&found, "recogniser_failed");
    assert!(message.contains("it was killed"), "{message}");
    assert_eq!(words_of(&found, "agent"), None);
    let group = std::process::Command::new("pgrep")
        .args(["-f", &folder.display().to_string()])
        .output();
    if let Ok(output) = group {
        assert!(output.stdout.is_empty(), "something of it still runs");
    }
}

#[test]
fn failures_are_told_without_the_words_and_nothing_is_kept() {
    for (command, told) in [
        (
            "echo 'secret words' >&2; test -s {wav} && exit 3",
            "exit status: 3",
        ),
        ("test -s {wav}", "nothing written"),
        (
            "test -s {wav}; echo '{\"secret\": 1}'",
            "one of the transcript formats",
        ),
        ("/nowhere/recogniser {wav}", "exit status: 127"),
    ] {
        let folder = folder("fails");
        let found = measured(Recogniser::new(command, &folder).unwrap());
        let message = warned(&found, "recogniser_failed");
        assert!(message.contains(told), "{message}");
        assert!(!message.contains("secret"), "{message}");
        assert!(
            files(&folder).iter().all(|f| f.ends_with(".log")),
            "{command}"
        );
    }
}

#[test]
fn a_command_must_take_the_sound() {
    let error = Recogniser::new("recognise call.wav", "asr").unwrap_err();
    assert_eq!(error.place(), "asr_command");
}
