//! A call heard while it lasts comes out as the recording of it does.
// A test that cannot set itself up has failed.
#![allow(clippy::unwrap_used)]

use callcsi::ErrorKind;
use callcsi::audio::{self, Block};
use callcsi::call::{AgentChannel, Call, Input, Metadata, Recording, Side, Sides};
use callcsi::score::{Assessment, LiveCall, Scorer};
use callcsi::settings::{AnalysisSettings, DetectorKind};
use callcsi::simulate::render::{RenderSettings, WavFormat, write_wav};
use callcsi::simulate::{MissingShares, SimulationSettings, Simulator};
use callcsi::timeline::{Segment, Span, Time};
use callcsi::transcript::{self, Transcript, Utterance, Word};
use callcsi::vad::Listener;
use proptest::prelude::*;
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

static SCORER: LazyLock<Arc<Scorer>> =
    LazyLock::new(|| Arc::new(Scorer::builtin().unwrap().explaining()));

/// A call whose samples the decoder has given.
struct Heard {
    call: Call,
    samples: Sides<Vec<f32>>,
    rate: u32,
    said: Option<Transcript>,
}

impl Heard {
    fn of(call: Call) -> Heard {
        let recording = call.recording.as_ref().unwrap();
        let agent_channel = match recording {
            Recording::Stereo { agent_channel, .. } => Some(*agent_channel),
            _ => None,
        };
        let mut audio = audio::open(recording).unwrap();
        let mut samples = Sides::<Vec<f32>>::default();
        while let Some(block) = audio.next_block().unwrap() {
            samples.agent.extend(block.agent);
            samples.customer.extend(block.customer);
        }
        let said = !call.transcripts.is_empty();
        let said = said.then(|| transcript::read(&call.transcripts, agent_channel).unwrap());
        Heard {
            samples,
            rate: audio.sample_rate(),
            said: said.map(|read| read.transcript),
            call,
        }
    }

    fn demo(name: &str, agent: AgentChannel, said: bool) -> Heard {
        let call = Call::new(name).stereo(format!("demo/{name}.wav"), agent);
        Heard::of(match said {
            true => call.transcript(format!("demo/{name}.json")),
            false => call,
        })
    }

    fn simulated(index: u64, format: WavFormat) -> Heard {
        let mut settings = SimulationSettings::seeded(23);
        settings.mean_talk_s = 40.0;
        settings.missing = MissingShares::none();
        let call = Simulator::new(settings).unwrap().call(index);
        let mut bytes = Cursor::new(Vec::new());
        write_wav(&mut bytes, &call, &RenderSettings::default(), format).unwrap();
        let sound = in_memory("simulated.wav", bytes.into_inner());
        let said = call.transcript.as_ref().unwrap().to_json().into_bytes();
        Heard::of(
            Call::new(call.id.as_str())
                .stereo(sound, AgentChannel::Left)
                .transcript(in_memory("simulated.json", said))
                .metadata(call.metadata.clone()),
        )
    }

    fn live(&self) -> LiveCall {
        let metadata = self.call.metadata.clone();
        LiveCall::new(SCORER.clone(), self.call.id.as_str(), self.rate, metadata).unwrap()
    }

    /// Pushes the samples from where the call stands up to `to`, in blocks of these sizes over and over.
    fn push(&self, live: &mut LiveCall, from: usize, to: usize, sizes: &[usize]) {
        let mut sizes = sizes.iter().cycle();
        let mut at = from;
        while at < to {
            let end = to.min(at + sizes.next().unwrap());
            let (agent, customer) = (
                &self.samples.agent[at..end],
                &self.samples.customer[at..end],
            );
            live.push(agent, customer).unwrap();
            at = end;
        }
    }

    /// Pushes the words and utterances that end in a stretch, in the order in which they end.
    fn say(&self, live: &mut LiveCall, from: Time, to: Time) {
        let Some(said) = &self.said else {
            return;
        };
        let within = |segment: Segment| from < segment.end() && segment.end() <= to;
        let mut utterances = said.utterances.clone();
        utterances.sort_by_key(|u| u.segment.end());
        for utterance in utterances.into_iter().filter(|u| within(u.segment)) {
            live.push_utterance(utterance);
        }
        for (side, word) in &said.loose_words {
            if word.time.is_some_and(within) {
                live.push_word(*side, word.clone());
            }
        }
    }

    fn end(&self) -> usize {
        self.samples.agent.len()
    }

    fn time(&self, sample: usize) -> Time {
        Time::of_sample(sample as u64, self.rate)
    }

    /// The same call, recorded up to a sample only, in 16 bits.
    fn cut(&self, to: usize) -> Call {
        let samples = self.samples.agent[..to].iter().zip(&self.samples.customer);
        let both = samples.flat_map(|(a, c)| [*a, *c]);
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: self.rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        both.for_each(|x| writer.write_sample((x * 32_768.0) as i16).unwrap());
        writer.finalize().unwrap();
        let sound = in_memory("cut.wav", bytes.into_inner());
        let call = Call::new(self.call.id.as_str()).stereo(sound, AgentChannel::Left);
        let call = call.metadata(self.call.metadata.clone());
        let Some(said) = &self.said else {
            return call;
        };
        let end = self.time(to);
        let mut said = said.clone();
        said.utterances.retain(|u| u.segment.end() <= end);
        said.duration = None;
        match said.utterances.is_empty() {
            true => call,
            false => call.transcript(in_memory("cut.json", said.to_json().into_bytes())),
        }
    }
}

fn in_memory(name: &str, bytes: Vec<u8>) -> Input {
    Input::Bytes {
        name: name.to_owned(),
        bytes: bytes.into(),
    }
}

/// All that was found, as text: it tells any two floating-point numbers apart.
fn written(found: &Assessment) -> [(&'static str, String); 7] {
    let of = &found.measurements;
    [
        ("features", format!("{:?}", of.features)),
        ("conversation", format!("{:?}", of.conversation)),
        ("hearing", format!("{:?}", of.hearing)),
        ("faults", format!("{:?}", of.faults)),
        ("warnings", format!("{:?}", of.warnings)),
        ("prediction", format!("{:?}", found.prediction)),
        ("explanation", format!("{:?}", found.explanation)),
    ]
}

fn assert_same(live: &Assessment, recorded: &Assessment, of: &str) {
    for ((what, live), (_, recorded)) in written(live).into_iter().zip(written(recorded)) {
        if live != recorded {
            let differ = live.bytes().zip(recorded.bytes()).position(|(a, b)| a != b);
            let around = differ.unwrap_or(0).saturating_sub(80);
            let piece = |text: &str| text.chars().skip(around).take(200).collect::<String>();
            panic!("{of}: {what}\n{}\n{}", piece(&live), piece(&recorded));
        }
    }
    assert!(live.measurements.recording.is_none());
}

#[test]
fn demo_calls_come_out_as_their_recordings() {
    let (left, right) = (AgentChannel::Left, AgentChannel::Right);
    // Without demo-07, a truncated file (that something is missing only a file can tell), and demo-14,
    // which is none.
    let demos = [
        ("demo-01", left, true),
        ("demo-02", left, true),
        ("demo-05", left, false),
        ("demo-08", left, true),
        ("demo-10", right, true),
    ];
    for (name, agent, said) in demos {
        let heard = Heard::demo(name, agent, said);
        let mut live = heard.live();
        if let Some(said) = &heard.said {
            live.set_transcript(said.clone());
        }
        heard.push(&mut live, 0, heard.end(), &[160]);
        let recorded = SCORER.score(&heard.call).unwrap();
        let mut live = live.finish().unwrap();
        // What only a file can have wrong.
        let reading = ["unknown_length", "truncated", "header", "partial_frame"];
        let mut recorded = recorded;
        for found in [&mut live, &mut recorded] {
            let warnings = &mut found.measurements.warnings;
            warnings.retain(|w| !reading.contains(&w.code));
        }
        assert_same(&live, &recorded, name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_blocks_and_questions_give_the_recording(
        index in 0u64..40,
        mulaw: bool,
        sizes in prop::collection::vec(prop_oneof![0usize..40, 40usize..400, 400usize..20_000], 1..12),
        asked in prop::collection::vec(0.0f64..1.0, 0..4),
    ) {
        prop_assume!(sizes.iter().any(|size| *size > 30));
        let format = if mulaw { WavFormat::MuLaw } else { WavFormat::Pcm16 };
        let heard = Heard::simulated(index, format);
        let mut asked: Vec<usize> = asked.iter().map(|x| (x * heard.end() as f64) as usize).collect();
        asked.sort_unstable();
        let mut live = heard.live();
        // Facts of the whole call reach beyond its beginning: they come at its end.
        live.set_metadata(Metadata::default()).unwrap();
        let mut from = 0;
        for to in asked {
            heard.push(&mut live, from, to, &sizes);
            heard.say(&mut live, heard.time(from), heard.time(to));
            from = to;
            live.so_far().unwrap();
        }
        heard.push(&mut live, from, heard.end(), &sizes);
        heard.say(&mut live, heard.time(from), heard.time(heard.end()) + Span::from_millis(60_000));
        live.set_metadata(heard.call.metadata.clone()).unwrap();
        prop_assert_eq!(live.metadata(), &heard.call.metadata);
        let recorded = SCORER.score(&heard.call).unwrap();
        assert_same(&live.so_far().unwrap(), &recorded, "so far");
        assert_same(&live.finish().unwrap(), &recorded, "finished");
    }
}

#[test]
fn so_far_is_the_recording_cut_there() {
    let simulated = Heard::simulated(3, WavFormat::Pcm16);
    for mut heard in [simulated, Heard::demo("demo-02", AgentChannel::Left, true)] {
        heard.call.metadata = Metadata::from_json(r#"{"queue": {"wait_s": 95}}"#).unwrap();
        let mut live = heard.live();
        let mut from = 0;
        // In samples; none of them a whole number of frames but the first.
        for to in [8_000, 40_123, 77_777, 123_456, 200_001, heard.end()] {
            let to = to.min(heard.end());
            heard.push(&mut live, from, to, &[160, 7, 4_000]);
            heard.say(&mut live, heard.time(from), heard.time(to));
            let recorded = SCORER.score(&heard.cut(to)).unwrap();
            let place = format!("{} at {to}", heard.call.id);
            assert_same(&live.so_far().unwrap(), &recorded, &place);
            from = to;
        }
    }
}

#[test]
fn integers_are_samples() {
    let heard = Heard::demo("demo-05", AgentChannel::Left, false);
    let integers =
        |samples: &[f32]| -> Vec<i16> { samples.iter().map(|x| (x * 32_768.0) as i16).collect() };
    let (agent, customer) = (
        integers(&heard.samples.agent),
        integers(&heard.samples.customer),
    );
    let mut live = heard.live();
    for (agent, customer) in agent.chunks(999).zip(customer.chunks(999)) {
        live.push_i16(agent, customer).unwrap();
    }
    let recorded = SCORER.score(&heard.call).unwrap();
    assert_same(&live.finish().unwrap(), &recorded, "demo-05");
}

#[test]
fn two_clocks_are_those_of_two_files() {
    let call = Call::new("demo-09").two_mono(
        "demo/demo-09-agent.wav",
        "demo/demo-09-customer.wav",
        Span::from_millis(1_500),
    );
    let heard = Heard::of(call);
    let mut live = heard.live().with_two_clocks();
    heard.push(&mut live, 0, heard.end(), &[160]);
    let recorded = SCORER.score(&heard.call).unwrap();
    assert_same(&live.finish().unwrap(), &recorded, "demo-09");
}

#[test]
fn what_is_no_sample_is_replaced_as_in_a_file() {
    let mut heard = Heard::demo("demo-05", AgentChannel::Left, false);
    heard.samples.agent[5_000] = f32::NAN;
    heard.samples.customer[60_000] = -1e9;
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: heard.rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for (agent, customer) in heard.samples.agent.iter().zip(&heard.samples.customer) {
        writer.write_sample(*agent).unwrap();
        writer.write_sample(*customer).unwrap();
    }
    writer.finalize().unwrap();
    let sound = in_memory("wild.wav", bytes.into_inner());
    let recorded = SCORER.score(&Call::new("demo-05").stereo(sound, AgentChannel::Left));
    let mut live = heard.live();
    heard.push(&mut live, 0, heard.end(), &[4_096]);
    let live = live.finish().unwrap();
    let codes: Vec<&str> = live.measurements.warnings.iter().map(|w| w.code).collect();
    assert!(
        codes.contains(&"not_finite") && codes.contains(&"out_of_range"),
        "{codes:?}"
    );
    assert_same(&live, &recorded.unwrap(), "wild");
}

#[test]
fn a_transcript_replaces_what_was_said() {
    let heard = Heard::demo("demo-02", AgentChannel::Left, true);
    let mut live = heard.live();
    let wrong = Word::new("wrong", Segment::from_seconds(1.0, 1.5)).unwrap();
    live.push_word(Side::Agent, wrong.clone());
    live.push_utterance(Utterance {
        side: Side::Customer,
        segment: Segment::from_seconds(2.0, 3.0).unwrap(),
        words: Some(vec![wrong]),
        emotion: None,
    });
    assert_eq!(live.transcript().unwrap().loose_words.len(), 1);
    heard.push(&mut live, 0, heard.end(), &[160]);
    live.set_transcript(heard.said.clone());
    let recorded = SCORER.score(&heard.call).unwrap();
    assert_same(&live.so_far().unwrap(), &recorded, "demo-02");
    live.set_transcript(None);
    assert!(
        live.finish()
            .unwrap()
            .measurements
            .features
            .get("agent_n_words_sum")
            .unwrap()
            .is_err()
    );
}

#[test]
fn nothing_is_known_before_the_first_sample() {
    let live = LiveCall::new(SCORER.clone(), "7", 8_000, Metadata::default()).unwrap();
    let found = live.so_far().unwrap();
    let nothing = SCORER.score(&Call::new("7")).unwrap();
    assert_same(&found, &nothing, "nothing");
}

#[test]
fn mistakes_are_named() {
    let new = |rate| LiveCall::new(SCORER.clone(), "7", rate, Metadata::default());
    let error = new(8).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("8 Hz"), "{error}");

    let mut live = new(8_000).unwrap();
    live.push(&[0.0; 8_000], &[0.0; 8_000]).unwrap();
    let error = live.push(&[0.0; 160], &[0.0; 159]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(text.contains("1.000 s") && text.contains("159"), "{text}");
    assert!(live.push_i16(&[0; 160], &[]).is_err());
    // Neither side was taken.
    assert_eq!(live.duration(), Span::from_millis(1_000));

    let ends_later = r#"{"holds": {"intervals": [{"start_s": 0.5, "end_s": 60}]}}"#;
    live.set_metadata(Metadata::from_json(ends_later).unwrap())
        .unwrap();
    let error = live.so_far().unwrap_err();
    assert!(error.to_string().contains('7'), "{error}");
    live.set_metadata(Metadata::default()).unwrap();
    live.finish().unwrap();
}

#[test]
fn every_detector_goes_on_from_a_copy_but_earshot() {
    let heard = Heard::simulated(5, WavFormat::Pcm16);
    let listen = |listener: &mut Listener, from: usize, to: usize| {
        let agent = heard.samples.agent[from..to].chunks(160);
        let customer = heard.samples.customer[from..to].chunks(160);
        for (agent, customer) in agent.zip(customer) {
            listener.push(&Block { agent, customer });
        }
    };
    for detector in [
        DetectorKind::Silero,
        DetectorKind::Fast,
        DetectorKind::Energy,
    ] {
        let mut settings = AnalysisSettings::default();
        settings.detector = detector;
        let mut listener = Listener::new(&settings, heard.rate).unwrap();
        let mut from = 0;
        for to in [0, 5_001, 99_999, heard.end()] {
            listen(&mut listener, from, to);
            from = to;
            let mut afresh = Listener::new(&settings, heard.rate).unwrap();
            listen(&mut afresh, 0, to);
            let copy = listener.try_clone().unwrap();
            assert_eq!(
                copy.finish(None),
                afresh.finish(None),
                "{detector:?} at {to}"
            );
        }
        // The copies took nothing with them.
        let mut afresh = Listener::new(&settings, heard.rate).unwrap();
        listen(&mut afresh, 0, heard.end());
        assert_eq!(listener.finish(None), afresh.finish(None), "{detector:?}");
    }
    let mut settings = AnalysisSettings::default();
    settings.detector = DetectorKind::Earshot;
    assert!(
        Listener::new(&settings, heard.rate)
            .unwrap()
            .try_clone()
            .is_none()
    );
}
