//! What the tests of the readers share.

use super::draft::Whose;
use super::{Format, Oddity, Transcript, read};
use crate::call::{AgentChannel, Side};
use crate::error::Result;

/// Reads text as one transcript of both sides, its format detected.
pub(super) fn parse(
    text: &str,
    agent_channel: Option<AgentChannel>,
) -> Result<(Transcript, Vec<Oddity>)> {
    let whose = Whose {
        side: None,
        agent_channel,
        agent_speaker: None,
    };
    let read = read::parse(text.as_bytes(), None, &whose)?;
    Ok((read.transcript, read.oddities))
}

/// Reads text as the transcript of one side, its format detected; which one is returned.
pub(super) fn parse_side(text: &str, side: Side) -> Result<(Transcript, Vec<Oddity>, Format)> {
    let whose = Whose {
        side: Some(side),
        agent_channel: None,
        agent_speaker: None,
    };
    let read = read::parse(text.as_bytes(), None, &whose)?;
    Ok((read.transcript, read.oddities, read.formats[0]))
}

/// Reads text in which the speaker `agent` is the agent.
pub(super) fn parse_named(text: &str, agent: &str) -> Result<(Transcript, Vec<Oddity>)> {
    let whose = Whose {
        side: None,
        agent_channel: None,
        agent_speaker: Some(agent),
    };
    let read = read::parse(text.as_bytes(), None, &whose)?;
    Ok((read.transcript, read.oddities))
}

/// Returns the words of a side in the order in which they stand, joined by blanks.
pub(super) fn text_of(transcript: &Transcript, side: Side) -> String {
    let said = transcript.utterances.iter().filter(|u| u.side == side);
    let words = said.flat_map(|u| u.words.iter().flatten());
    let loose = transcript.loose_words.iter().filter(|(s, _)| *s == side);
    let words = words.chain(loose.map(|(_, word)| word));
    words.map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}
