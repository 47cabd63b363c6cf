//! vCon, a conversation in JSON: the transcript among its analyses.
//!
//! An analysis of type `wtf_transcription` (or `wtf-transcription`) is taken, else one of type
//! `transcript`; of several about the same dialog the last, which is said. Transcripts of several
//! dialogs are an error: a transcript is of one call. Its `body` is JSON, JSON in a string, or text;
//! it may be
//!
//! * any other format that this crate reads, told by its content;
//! * `{"words": […], "transcript"}`, the inner part of an answer of Deepgram that conservers keep;
//! * `[{"speaker", "message"}]`, turns without times;
//! * plain text, where lines may begin with a role (`Agent: `).
//!
//! Parties have roles (`role`, in old files `meta.role`). Where the transcript has words on several
//! channels, the dialog's `parties` say whose channel is whose; that is a fact about this call, so it
//! holds against a declared channel, and a contradiction is said. A speaker who is called like a
//! party has its role.
//!
//! Signed and encrypted vCons are refused.

use super::Format;
use super::common::runs;
use super::subtitles;
use crate::call::{AgentChannel, Side};
use crate::error::{Error, ErrorKind, Result};
use crate::transcript::Oddity;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, role, words_of};
use crate::transcript::lenient::Label;
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

const WANTED: &str = "a vCon";

#[derive(Deserialize)]
struct Document {
    parties: Option<Vec<Party>>,
    dialog: Option<Vec<Dialog>>,
    analysis: Option<Vec<Analysis>>,
}

#[derive(Deserialize)]
struct Party {
    name: Option<Value>,
    role: Option<Value>,
    meta: Option<Value>,
}

#[derive(Deserialize)]
struct Dialog {
    parties: Option<Value>,
}

#[derive(Deserialize)]
struct Analysis {
    #[serde(rename = "type")]
    kind: Option<String>,
    dialog: Option<Value>,
    body: Option<Box<RawValue>>,
    encoding: Option<String>,
}

impl Party {
    fn side(&self) -> Option<Side> {
        let old = || self.meta.as_ref().and_then(|m| m.get("role"));
        let named = self.role.as_ref().or_else(old);
        named.and_then(Value::as_str).and_then(role)
    }
}

impl Analysis {
    fn is_wtf(&self) -> bool {
        let kind = self.kind.as_deref();
        matches!(kind, Some("wtf_transcription" | "wtf-transcription"))
    }

    fn is_transcript(&self) -> bool {
        self.is_wtf() || self.kind.as_deref() == Some("transcript")
    }

    /// Returns the dialog that it is about, if it is one.
    fn about(&self) -> Option<usize> {
        let number = |v: &Value| v.as_u64().and_then(|n| usize::try_from(n).ok());
        match self.dialog.as_ref()? {
            Value::Array(many) => match &many[..] {
                [one] => number(one),
                _ => None,
            },
            one => number(one),
        }
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let plain = content.has("dialog") || content.has("analysis");
    content.has("parties") && plain || is_sealed(content)
}

/// Tells the JSON forms of JWS and JWE.
fn is_sealed(content: &Content<'_>) -> bool {
    let signed = content.has("payload") && content.has("signatures");
    let encrypted = content.has("recipients") || content.has("protected");
    signed || content.has("ciphertext") && encrypted
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    if is_sealed(content) {
        let found = "a signed or encrypted vCon";
        let error = Error::new(ErrorKind::Unsupported, "", found, "a plain one");
        return Err(error.hint("unpack it first: callcsi holds no keys"));
    }
    let document: Document = content.json(WANTED)?;
    let analyses = document.analysis.unwrap_or_default();
    let all = || analyses.iter().enumerate();
    let all = || all().filter(|(_, a)| a.is_transcript());
    let about: BTreeSet<Option<usize>> = all().map(|(_, a)| a.about()).collect();
    if about.len() > 1 {
        let found = format!("transcripts of {} dialogs", about.len());
        let wanted = "the transcript of one dialog";
        return Err(Error::new(ErrorKind::Mismatch, "analysis", found, wanted));
    }
    let wtf = all().any(|(_, a)| a.is_wtf());
    let mut fitting = all().filter(|(_, a)| a.is_wtf() == wtf);
    let Some((i, analysis)) = fitting.next_back() else {
        let wanted = "an analysis of type wtf_transcription or transcript";
        let found = "a vCon without a transcript";
        return Err(Error::new(
            ErrorKind::Unsupported,
            "analysis",
            found,
            wanted,
        ));
    };
    let others = fitting.count();

    let place = format!("analysis[{i}].body");
    let mut draft = match &analysis.body {
        Some(body) => read_body(body.get(), analysis.encoding.as_deref()),
        None => {
            let found = "a transcript that is kept elsewhere";
            Err(Error::new(ErrorKind::Unsupported, "", found, "its body"))
        }
    }
    .map_err(|e| e.within(place))?;
    if others > 0 {
        let message = format!(
            "the vCon has {} transcripts; the last was taken",
            others + 1
        );
        draft
            .oddities
            .push(Oddity::new("transcript_several", message));
    }

    let parties = document.parties.unwrap_or_default();
    name_parties(&mut draft, &parties);
    let dialogs = document.dialog.unwrap_or_default();
    let dialog = about
        .first()
        .copied()
        .flatten()
        .or((dialogs.len() == 1).then_some(0));
    if let Some(map) = dialog.and_then(|d| dialogs.get(d)?.parties.as_ref()) {
        draft.agent_channel = agent_channel(&draft, map, &parties);
    }
    Ok(draft)
}

/// Reads a body; one that is a string holds JSON or text.
fn read_body(raw: &str, encoding: Option<&str>) -> Result<Draft> {
    if encoding == Some("base64url") {
        let found = "a body in base64url";
        return Err(Error::new(
            ErrorKind::Unsupported,
            "",
            found,
            "JSON or text",
        ));
    }
    let is_text = raw.starts_with('"');
    let body: Cow<'_, str> = match is_text {
        true => Cow::Owned(serde_json::from_str(raw).map_err(|e| Error::json(&e, WANTED))?),
        false => Cow::Borrowed(raw),
    };
    let content = match Content::of(body.as_bytes()) {
        Ok(content) => content,
        // Text may begin with a bracket, `[noise] hello`; JSON that is cut short is no text.
        Err(_) if is_text && !looks_like_json(&body) => return Ok(plain(&body)),
        Err(error) => return Err(error),
    };
    let format = Format::detect(&content);
    match format {
        Ok(Format::VCon) => {
            let found = "a vCon within a vCon";
            Err(Error::new(
                ErrorKind::Unsupported,
                "",
                found,
                "a transcript",
            ))
        }
        Ok(format) => format.read(&content),
        Err(_) if content.has("words[].word") => inner(&content),
        Err(_) if content.has("[].message") && content.has("[].speaker") => turns(&content),
        Err(_) if content.as_text().is_some() => Ok(plain(&body)),
        Err(error) => Err(error),
    }
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start();
    let item = text.strip_prefix('[').map(str::trim_start);
    text.starts_with('{') || item.is_some_and(|item| item.starts_with(['{', '"']))
}

/// The inner part of an answer of Deepgram.
#[derive(Deserialize)]
struct Inner {
    words: Option<Vec<Word>>,
}

#[derive(Deserialize)]
struct Word {
    word: Option<String>,
    start: Option<Seconds>,
    end: Option<Seconds>,
    speaker: Option<Label>,
}

fn inner(content: &Content<'_>) -> Result<Draft> {
    let inner: Inner = content.json("words with times")?;
    let mut draft = Draft::default();
    let words = inner.words.unwrap_or_default().into_iter().map(|w| {
        let times = Times::of(w.start, w.end);
        let word = SaidWord::new(w.word.unwrap_or_default(), times);
        (w.speaker.map(|label| label.speaker()), word)
    });
    let words: Vec<_> = words.collect();
    if words.iter().any(|(speaker, _)| speaker.is_some()) {
        draft.said = runs(None, None, words);
    } else {
        let unknown = words.into_iter().map(|(_, word)| (Speaker::Unknown, word));
        draft.loose = unknown.collect();
    }
    Ok(draft)
}

#[derive(Deserialize)]
struct Turn {
    speaker: Option<Label>,
    message: Option<String>,
}

fn turns(content: &Content<'_>) -> Result<Draft> {
    let turns: Vec<Turn> = content.json("turns with a speaker and a message")?;
    let said = turns.into_iter().map(|turn| {
        let speaker = turn.speaker.map(|label| label.speaker());
        let words = words_of(turn.message.as_deref().unwrap_or_default());
        untimed(speaker.unwrap_or(Speaker::Unknown), words)
    });
    Ok(Draft {
        said: said.collect(),
        ..Draft::default()
    })
}

/// Reads text, whose lines may begin with a speaker; one holds until the next.
fn plain(text: &str) -> Draft {
    let mut draft = Draft::default();
    let mut current = Speaker::Unknown;
    for line in text.lines() {
        let (speaker, line) = subtitles::speaker(line);
        current = speaker.unwrap_or(current);
        let words = words_of(line);
        if !words.is_empty() {
            draft.said.push(untimed(current.clone(), words));
        }
    }
    draft
}

fn untimed(speaker: Speaker, words: Vec<SaidWord>) -> Said {
    Said {
        speaker,
        times: None,
        words: Some(words),
        emotion: None,
    }
}

/// Gives a speaker who is called like a party the party's side.
fn name_parties(draft: &mut Draft, parties: &[Party]) {
    let side = |p: &Party| Some((p.name.as_ref()?.as_str()?.trim().to_lowercase(), p.side()?));
    // Of two parties of one name the first holds.
    let named: HashMap<String, Side> = parties.iter().rev().filter_map(side).collect();
    for speaker in draft.speakers_mut() {
        if let Speaker::Name(name) = speaker
            && let Some(side) = named.get(&name.to_lowercase())
        {
            *speaker = Speaker::Side(*side);
        }
    }
}

/// Returns the agent's channel by the dialog's parties, one item for a channel: a party, several,
/// or none. One channel may be a mono mix, of which they say nothing.
fn agent_channel(draft: &Draft, map: &Value, parties: &[Party]) -> Option<AgentChannel> {
    let channels: BTreeSet<u64> = draft
        .speakers()
        .filter_map(|speaker| match speaker {
            Speaker::Channel(channel) => Some(*channel),
            _ => None,
        })
        .collect();
    if channels.len() < 2 {
        return None;
    }
    let party = |v: &Value| parties.get(usize::try_from(v.as_u64()?).ok()?)?.side();
    let side = |channel: usize| match map.get(channel)? {
        Value::Array(several) => several.iter().find_map(party),
        one => party(one),
    };
    match (side(0), side(1)) {
        (Some(Side::Agent), None | Some(Side::Customer)) => Some(AgentChannel::Left),
        (None, Some(Side::Customer)) => Some(AgentChannel::Left),
        (Some(Side::Customer), None | Some(Side::Agent)) => Some(AgentChannel::Right),
        (None, Some(Side::Agent)) => Some(AgentChannel::Right),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{whisper_cpp, whisperx, wtf};
    use crate::call::{AgentChannel, Side};
    use crate::error::ErrorKind;
    use crate::timeline::Segment;
    use crate::transcript::{Format, testing};

    /// A vCon around analyses; channel 0 is the customer's.
    fn around(analysis: &str) -> String {
        format!(
            r#"{{"uuid": "0197", "parties": [{{"name": "Ann", "meta": {{"role": "agent"}}}},
            {{"name": "Bob", "role": "customer"}}], "dialog": [{{"type": "recording",
            "start": "2026-02-03T04:05:06Z", "duration": 9.5, "parties": [1, 0]}}],
            "analysis": [{{"type": "summary", "dialog": 0, "body": "a call"}}, {analysis}]}}"#
        )
    }

    fn transcript(body: &str) -> String {
        around(&format!(
            r#"{{"type": "transcript", "dialog": 0, "vendor": "own", "encoding": "json", "body": {body}}}"#
        ))
    }

    fn as_string(json: &str) -> String {
        serde_json::to_string(json).unwrap()
    }

    pub(in super::super) fn small() -> String {
        transcript(INNER)
    }

    const INNER: &str = r#"{"words": [
        {"word": "hello", "start": 0.5, "end": "1.0", "confidence": 0.9, "punctuated_word": "Hello."},
        {"word": "there", "start": 1.0, "end": 1.5, "confidence": 0.9}],
        "confidence": 0.9, "transcript": "Hello. there", "paragraphs": {"paragraphs": []}}"#;

    #[test]
    fn words_of_the_inner_part_are_of_a_side_declared() {
        for json in [small(), transcript(&as_string(INNER))] {
            let (transcript, odd, format) = testing::parse_side(&json, Side::Agent).unwrap();
            assert_eq!(format, Format::VCon);
            let (_, word) = &transcript.loose_words[1];
            assert_eq!(word.time, Segment::from_seconds(1.0, 1.5));
            assert_eq!(testing::text_of(&transcript, Side::Agent), "hello there");
            assert!(odd.is_empty());
            let error = testing::parse(&json, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
        }
    }

    #[test]
    fn names_of_parties_have_their_role() {
        let body = INNER
            .replace(r#""start": 0.5"#, r#""speaker": "ann", "start": 0.5"#)
            .replace(r#""start": 1.0"#, r#""speaker": "BOB", "start": 1.0"#);
        let (transcript, _) = testing::parse(&transcript(&body), None).unwrap();
        let sides: Vec<Side> = transcript.utterances.iter().map(|u| u.side).collect();
        assert_eq!(sides, [Side::Agent, Side::Customer]);
    }

    #[test]
    fn bodies_of_other_formats_are_read() {
        let wtf = |kind: &str, body: &str| {
            let wtf = format!(r#"{{"type": "{kind}", "dialog": [0], "body": {body}}}"#);
            around(&format!(
                r#"{wtf}, {{"type": "transcript", "dialog": 0, "body": "x"}}"#
            ))
        };
        for json in [
            wtf("wtf_transcription", wtf::tests::SMALL),
            wtf("wtf-transcription", &as_string(wtf::tests::SMALL)),
        ] {
            let (transcript, odd) = testing::parse(&json, None).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Agent), "Добрый день");
            assert!(odd.is_empty());
        }
        let json = transcript(whisperx::tests::SMALL);
        assert!(testing::parse_named(&json, "SPEAKER_00").is_ok());
        let json = transcript(&as_string("1\n00:00:01,000 --> 00:00:02,000\nAgent: yes\n"));
        let (transcript, _) = testing::parse(&json, None).unwrap();
        assert_eq!(transcript.utterances.len(), 1);
    }

    #[test]
    fn parties_say_whose_channel_is_whose() {
        let json = transcript(whisper_cpp::tests::SMALL);
        for (declared, odd) in [
            (None, 0),
            (Some(AgentChannel::Right), 0),
            (Some(AgentChannel::Left), 1),
        ] {
            let (transcript, oddities) = testing::parse(&json, declared).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Agent), "Да");
            let said = oddities.iter().filter(|o| o.code == "transcript_channels");
            assert_eq!(said.count(), odd);
        }
        // One channel may be a mono mix.
        let mono = whisper_cpp::tests::SMALL.replace(r#""speaker": "1""#, r#""speaker": "0""#);
        let error = testing::parse(&transcript(&mono), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn turns_and_text_have_no_times() {
        let turns = r#"[{"speaker": "Agent", "message": "Hello, Bob!"}, {"speaker": "Bob", "message": "Hi"}]"#;
        let text = as_string("Agent: Hello,\nBob!\n\nCustomer: Hi");
        for body in [turns, &text] {
            let (transcript, odd) = testing::parse(&transcript(body), None).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Agent), "Hello, Bob!");
            assert_eq!(testing::text_of(&transcript, Side::Customer), "Hi");
            assert!(transcript.utterances.is_empty() && odd.is_empty());
        }
        let error = testing::parse(&transcript(r#""Hello, Bob""#), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let (transcript, ..) =
            testing::parse_side(&transcript(r#""[Hello, Bob""#), Side::Agent).unwrap();
        assert_eq!(transcript.loose_words.len(), 2);
    }

    #[test]
    fn several_transcripts_are_said_or_refused() {
        let two = |dialog: u8| {
            around(&format!(
                r#"{{"type": "transcript", "dialog": 0, "body": "Agent: one"}},
                   {{"type": "transcript", "dialog": {dialog}, "body": "Agent: two"}}"#
            ))
        };
        let (transcript, odd) = testing::parse(&two(0), None).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "two");
        assert_eq!(odd[0].code, "transcript_several");
        let error = testing::parse(&two(1), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        let sealed = [
            r#"{"payload": "e30", "signatures": [{"signature": "x"}]}"#,
            r#"{"unprotected": {}, "recipients": [], "ciphertext": "x"}"#,
        ];
        let none = around(r#"{"type": "report", "body": "x"}"#);
        for json in sealed.into_iter().chain([none.as_str()]) {
            let error = testing::parse(json, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
        for body in [
            small(),
            r#"{"a": 1}"#.to_owned(),
            INNER.replace("0.5", "\"x\""),
        ] {
            let error = testing::parse(&transcript(&body), None).unwrap_err();
            assert!(error.place().starts_with("analysis[1].body"), "{error}");
        }
        let elsewhere = around(r#"{"type": "transcript", "url": "https://example.invalid"}"#);
        assert!(testing::parse(&elsewhere, None).is_err());
    }

    #[test]
    fn json_that_is_cut_short_is_no_text() {
        for body in [r#"{"words": [{"word": "да""#, r#"[{"speaker": "agent""#] {
            let error = testing::parse(&transcript(&as_string(body)), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IllFormed, "{error}");
        }
        let text = transcript(&as_string("[noise] Agent: hello"));
        assert!(testing::parse_side(&text, Side::Agent).is_ok());
    }
}
