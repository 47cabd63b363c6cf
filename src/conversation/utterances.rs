//! From a detector's marks and a transcript to the utterances of one side.
//!
//! # Rules where a transcript is untidy
//!
//! * Utterances without a word do not count; utterances of a format that carries turns without
//!   words (RTTM) all count, and their words stay unknown.
//! * Utterances of one side that overlap are made disjoint: the earlier one ends where the later
//!   one begins; one that lies wholly inside another is absorbed by it, words and all. The emotion
//!   kept is that of the absorbing utterance.
//! * Utterances are cut to the call; one wholly outside is left out.
//! * Words without a place on the call count for the side, and for no utterance.
//! * A side of which the transcript has nothing is taken from the detector, its words unknown.

use crate::call::Side;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Timeline};
use crate::transcript::{Emotion, Transcript, Utterance, Word};

/// How many words an utterance holds, and how many letters they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordCount {
    /// Words.
    pub words: u64,
    /// Letters of those words.
    pub letters: u64,
}

impl WordCount {
    /// Counts the words of a side, wherever they stand.
    pub fn of(transcript: &Transcript, side: Side) -> WordCount {
        let said = transcript.utterances.iter().filter(|u| u.side == side);
        let loose = transcript.loose_words.iter().filter(|(s, _)| *s == side);
        let mut count = WordCount::default();
        said.flat_map(|u| u.words.iter().flatten())
            .chain(loose.map(|(_, word)| word))
            .for_each(|word| count.add(word));
        count
    }

    fn add(&mut self, word: &Word) {
        self.words += 1;
        self.letters += word.letters() as u64;
    }
}

/// An utterance of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spoken {
    /// From its start to its end.
    pub segment: Segment,
    /// Speech inside it, pauses left out.
    pub speech: Span,
    /// Its words; `None` where they are unknown.
    pub words: Option<WordCount>,
    /// Its emotion, where the transcript tells.
    pub emotion: Option<Emotion>,
    /// Whether it only shows that the side listens.
    pub backchannel: bool,
}

/// What is known of one side.
pub(super) struct SideSpeech {
    pub(super) speech: Timeline,
    pub(super) utterances: Vec<Spoken>,
    pub(super) has_words: bool,
    pub(super) unplaced: WordCount,
}

/// A stretch of the transcript, before it is laid over the speech.
struct Draft {
    segment: Segment,
    words: Option<WordCount>,
    emotion: Option<Emotion>,
}

/// Builds the utterances of `side`; `whole` is the call, `None` when it has no length.
pub(super) fn of_side(
    side: Side,
    heard: Option<Timeline>,
    transcript: Option<&Transcript>,
    whole: Option<Segment>,
    settings: &AnalysisSettings,
) -> SideSpeech {
    let said: Vec<&Utterance> = transcript
        .iter()
        .flat_map(|t| &t.utterances)
        .filter(|u| u.side == side)
        .collect();
    let loose = || {
        let all = transcript.iter().flat_map(|t| &t.loose_words);
        all.filter(|(s, _)| *s == side).map(|(_, word)| word)
    };
    let mut unplaced = WordCount::default();
    loose()
        .filter(|word| word.time.is_none())
        .for_each(|word| unplaced.add(word));
    let loose: Vec<(&Word, Segment)> = loose()
        .filter_map(|word| Some((word, word.time?.intersection(whole?)?)))
        .collect();

    let (drafts, from_words) = if !said.is_empty() {
        (drafts_of(&said, whole), word_times(&said))
    } else {
        let times: Timeline = loose.iter().map(|&(_, time)| time).collect();
        let base = match &heard {
            Some(heard) => heard | &times,
            None => times.clone(),
        };
        let known = !loose.is_empty();
        let mut drafts: Vec<Draft> = base
            .bridge(settings.utterance_join)
            .segments()
            .iter()
            .map(|&segment| Draft {
                segment,
                words: known.then(WordCount::default),
                emotion: None,
            })
            .collect();
        for (word, time) in &loose {
            let home = drafts.partition_point(|d| d.segment.end() <= time.midpoint());
            if let Some(Draft {
                words: Some(count), ..
            }) = drafts.get_mut(home)
            {
                count.add(word);
            }
        }
        drafts.retain(|d| d.words.is_none_or(|w| w.words > 0));
        // Words that the detector did not hear are speech all the same.
        let speech = heard.as_ref().map(|_| base);
        return lay(drafts, speech.unwrap_or(times), unplaced);
    };
    lay(drafts, heard.unwrap_or(from_words), unplaced)
}

/// Lays the drafts over what was heard.
fn lay(drafts: Vec<Draft>, heard: Timeline, unplaced: WordCount) -> SideSpeech {
    let inside: Timeline = drafts.iter().map(|d| d.segment).collect();
    let speech = &heard & &inside;
    let has_words = drafts.iter().any(|d| d.words.is_some()) || unplaced.words > 0;
    let utterances = drafts
        .into_iter()
        .map(|d| Spoken {
            segment: d.segment,
            speech: speech.duration_within(d.segment),
            words: d.words,
            emotion: d.emotion,
            backchannel: false,
        })
        .collect();
    SideSpeech {
        speech,
        utterances,
        has_words,
        unplaced,
    }
}

/// Returns when the transcript says that `side` speaks: the times of its words, or the whole
/// utterance where a word has none.
pub fn said(transcript: &Transcript, side: Side) -> Timeline {
    let counts = |u: &&Utterance| u.words.as_ref().is_none_or(|words| !words.is_empty());
    let of_side = transcript.utterances.iter().filter(|u| u.side == side);
    let utterances: Vec<&Utterance> = of_side.filter(counts).collect();
    let loose = transcript.loose_words.iter().filter(|(s, _)| *s == side);
    let loose: Timeline = loose.filter_map(|(_, word)| word.time).collect();
    &word_times(&utterances) | &loose
}

/// Returns when the transcript says that the side speaks: its word times, or the whole utterance
/// where a word has none.
fn word_times(said: &[&Utterance]) -> Timeline {
    said.iter()
        .flat_map(|u| {
            let words = u.words.as_deref().unwrap_or_default();
            let times: Option<Vec<Segment>> = words.iter().map(|w| w.time).collect();
            match times {
                Some(times) if !times.is_empty() => times,
                _ => vec![u.segment],
            }
        })
        .collect()
}

/// Makes disjoint drafts, in order, of the transcript's utterances that count.
fn drafts_of(said: &[&Utterance], whole: Option<Segment>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = said
        .iter()
        .filter(|u| u.words.as_ref().is_none_or(|words| !words.is_empty()))
        .filter_map(|u| {
            let words = u.words.as_ref().map(|words| WordCount {
                words: words.len() as u64,
                letters: words.iter().map(|w| w.letters() as u64).sum(),
            });
            let segment = u.segment.intersection(whole?)?;
            Some(Draft {
                segment,
                words,
                emotion: u.emotion,
            })
        })
        .collect();
    // Of two that begin together the longer one comes first, so that it absorbs the other.
    drafts.sort_by_key(|d| (d.segment.start(), std::cmp::Reverse(d.segment.end())));
    let mut disjoint: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match disjoint.last_mut() {
            Some(last) if draft.segment.end() <= last.segment.end() => {
                last.words = match (last.words, draft.words) {
                    (Some(a), Some(b)) => Some(WordCount {
                        words: a.words + b.words,
                        letters: a.letters + b.letters,
                    }),
                    (known, None) | (None, known) => known,
                };
            }
            Some(last) => {
                // The last one begins earlier than this one, so something of it is left.
                let end = last.segment.end().min(draft.segment.start());
                if let Some(cut) = Segment::new(last.segment.start(), end) {
                    last.segment = cut;
                }
                disjoint.push(draft);
            }
            None => disjoint.push(draft),
        }
    }
    disjoint
}
