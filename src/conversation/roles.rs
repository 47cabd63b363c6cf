//! Whether the two sides may be swapped: what a call tells of it, weighed.
//!
//! Which channel is the agent's is declared and never guessed at: this only says where the call
//! speaks against the declaration. One strong sign or two weak ones make a suspicion, and a sign to
//! the contrary takes its weight away. Seconds are of one call.

use crate::call::{Side, Sides};
use crate::timeline::{Span, Timeline};
use std::fmt;

/// Who first speaks for this long on end greets: an agent says who is speaking, a customer who was
/// called "hello?". On seven real two-channel calls, speech marked by level, the agent greets in five.
const GREETING: Span = Span::from_millis(1_000);

/// Speech over pauses shorter than this is one greeting.
const GREETING_PAUSE: Span = Span::from_millis(500);

/// So much transcribed speech is needed before its fit says anything.
const LEAST_SAID: Span = Span::from_millis(10_000);

/// Share of the transcribed speech that one assignment of the channels must hear …
///
/// Measured on four real calls, their speech marked by level alone, with the turns of each transcript
/// and with those of other calls: the right
/// assignment hears 0.88 to 0.90 and the wrong one 0 to 0.07; of another call an assignment hears at
/// most 0.53, and then 2.7 times as much as the other.
const FITS: f64 = 0.7;

/// … and how many times as much as the other assignment.
const CLEARLY: f64 = 2.0;

/// Seconds of key presses, three of them, that are no chance; seconds of music. Both are guesses:
/// no real call at hand has them.
const LEAST_KEYS_S: f64 = 0.3;
const LEAST_MUSIC_S: f64 = 5.0;

/// The other channel has this share of it at most: what crosses over is not counted.
const CROSSED: f64 = 0.1;

/// The weight from which a suspicion is voiced.
const SUSPECTED: i32 = 2;

/// How well a transcript fits the channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TranscriptFit {
    /// Share of the transcribed speech, of what one side says alone, that is heard on its own
    /// side's channel.
    pub own: f64,
    /// Share that is heard on the other side's.
    pub other: f64,
}

impl TranscriptFit {
    /// Compares what the transcript says with what is heard; `None` with less than 10 s of speech
    /// that the transcript gives to one side alone.
    pub fn of(said: &Sides<Timeline>, heard: &Sides<Timeline>) -> Option<TranscriptFit> {
        let (mut whole, mut own, mut other) = (Span::ZERO, Span::ZERO, Span::ZERO);
        for side in Side::BOTH {
            let alone = said.get(side) - said.get(side.other());
            whole += alone.duration();
            own += (&alone & heard.get(side)).duration();
            other += (&alone & heard.get(side.other())).duration();
        }
        (whole >= LEAST_SAID).then(|| TranscriptFit {
            own: own.seconds() / whole.seconds(),
            other: other.seconds() / whole.seconds(),
        })
    }
}

/// Returns who first speaks for at least a second on end.
pub fn greeter(heard: &Sides<Timeline>) -> Option<Side> {
    let greeting = |side: Side| {
        let speech = heard.get(side).bridge(GREETING_PAUSE).prune(GREETING);
        speech.segments().first().map(|s| (s.start(), side))
    };
    let (agent, customer) = (greeting(Side::Agent), greeting(Side::Customer));
    match (agent, customer) {
        // Both at once tells nothing.
        (Some((a, _)), Some((c, _))) if a == c => None,
        _ => agent
            .into_iter()
            .chain(customer)
            .min()
            .map(|(_, side)| side),
    }
}

/// What tells of the roles on a call; what is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoleSigns {
    /// Who greets.
    pub greeter: Option<Side>,
    /// How the transcript fits the channels, when its sides are known by role.
    pub fit: Option<TranscriptFit>,
    /// Seconds of key presses (DTMF) on each side's channel: the customer presses keys.
    pub keys_s: Option<Sides<f64>>,
    /// Seconds of music on each side's channel: hold music comes from the agent's side.
    pub music_s: Option<Sides<f64>>,
}

/// A sign that the sides are swapped.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum SwapSign {
    /// The transcript fits the other channels.
    Transcript(TranscriptFit),
    /// Key presses, in seconds, on the agent's channel.
    AgentPressesKeys(f64),
    /// Music, in seconds, on the customer's channel.
    CustomerPlaysMusic(f64),
    /// The customer speaks at length first.
    CustomerGreets,
}

impl SwapSign {
    fn weight(self) -> i32 {
        match self {
            SwapSign::Transcript(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for SwapSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SwapSign::Transcript(TranscriptFit { own, other }) => write!(
                f,
                "{:.0} % of the transcribed speech is heard on the other side's channel, {:.0} % \
                 on its own",
                100.0 * other,
                100.0 * own
            ),
            SwapSign::AgentPressesKeys(seconds) => {
                write!(f, "{seconds:.1} s of key presses on the agent's channel")
            }
            SwapSign::CustomerPlaysMusic(seconds) => {
                write!(f, "{seconds:.0} s of music on the customer's channel")
            }
            SwapSign::CustomerGreets => f.write_str("the customer is the first to speak at length"),
        }
    }
}

impl RoleSigns {
    /// Returns the signs that the sides are swapped, strongest first; none when they do not
    /// suffice.
    pub fn swapped(&self) -> Vec<SwapSign> {
        let mut signs = Vec::new();
        let mut contrary = 0;
        let clearly = |more: f64, less: f64| more >= FITS && more >= CLEARLY * less;
        if let Some(fit) = self.fit {
            if clearly(fit.other, fit.own) {
                signs.push(SwapSign::Transcript(fit));
            } else if clearly(fit.own, fit.other) {
                contrary += SwapSign::Transcript(fit).weight();
            }
        }
        // On which side nearly all of it is.
        let one_sided = |seconds: Option<Sides<f64>>, least: f64| {
            let seconds = seconds?;
            let found = Side::BOTH.into_iter().find(|&side| {
                let (here, there) = (*seconds.get(side), *seconds.get(side.other()));
                here >= least && there <= CROSSED * here
            })?;
            Some((found, *seconds.get(found)))
        };
        match one_sided(self.keys_s, LEAST_KEYS_S) {
            Some((Side::Agent, seconds)) => signs.push(SwapSign::AgentPressesKeys(seconds)),
            Some((Side::Customer, _)) => contrary += 1,
            None => {}
        }
        match one_sided(self.music_s, LEAST_MUSIC_S) {
            Some((Side::Customer, seconds)) => signs.push(SwapSign::CustomerPlaysMusic(seconds)),
            Some((Side::Agent, _)) => contrary += 1,
            None => {}
        }
        // That the agent greets is what a swapped call with a talkative customer shows as well:
        // it speaks against nothing.
        if self.greeter == Some(Side::Customer) {
            signs.push(SwapSign::CustomerGreets);
        }
        let weight: i32 = signs.iter().map(|sign| sign.weight()).sum();
        if weight - contrary < SUSPECTED {
            signs.clear();
        }
        signs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;

    fn line(pairs: &[(f64, f64)]) -> Timeline {
        let segments = pairs
            .iter()
            .filter_map(|&(s, e)| Segment::from_seconds(s, e));
        segments.collect()
    }

    const AGENT_ONLY: Option<Sides<f64>> = Some(Sides {
        agent: 6.0,
        customer: 0.0,
    });
    const CUSTOMER_ONLY: Option<Sides<f64>> = Some(Sides {
        agent: 0.0,
        customer: 6.0,
    });

    #[test]
    fn who_speaks_at_length_first_greets() {
        // "Hello?" of 0.4 s, then the agent with a pause of 0.3 s.
        let mut heard = Sides {
            agent: line(&[(2.0, 2.5), (2.8, 3.5)]),
            customer: line(&[(1.0, 1.4), (5.0, 8.0)]),
        };
        assert_eq!(greeter(&heard), Some(Side::Agent));
        heard.customer = line(&[(1.0, 2.0)]);
        assert_eq!(greeter(&heard), Some(Side::Customer));
        heard.agent = line(&[(1.0, 4.0)]);
        assert_eq!(greeter(&heard), None);
        assert_eq!(greeter(&Sides::default()), None);
    }

    #[test]
    fn fit_is_of_what_one_side_says_alone() {
        // Said alone: agent 0-10 less 8-10, 8 s; customer 10-14, 4 s. Heard on its own channel: the
        // agent's 0-5; on the other's: the agent's 6-8 and the customer's 12-14.
        let said = Sides {
            agent: line(&[(0.0, 10.0)]),
            customer: line(&[(8.0, 14.0)]),
        };
        let heard = Sides {
            agent: line(&[(0.0, 5.0), (12.0, 20.0)]),
            customer: line(&[(6.0, 10.0)]),
        };
        let fit = TranscriptFit::of(&said, &heard).unwrap();
        assert!((fit.own - 5.0 / 12.0).abs() < 1e-12);
        assert!((fit.other - 4.0 / 12.0).abs() < 1e-12);
        // Less than 10 s.
        let said = Sides {
            agent: line(&[(0.0, 9.9)]),
            customer: line(&[]),
        };
        assert_eq!(TranscriptFit::of(&said, &heard), None);
    }

    #[test]
    fn one_weak_sign_is_not_enough_and_two_are() {
        let greets = RoleSigns {
            greeter: Some(Side::Customer),
            ..RoleSigns::default()
        };
        assert!(RoleSigns::default().swapped().is_empty());
        assert!(greets.swapped().is_empty());
        let keys = RoleSigns {
            keys_s: AGENT_ONLY,
            ..RoleSigns::default()
        };
        assert!(keys.swapped().is_empty());
        let both = RoleSigns {
            keys_s: AGENT_ONLY,
            ..greets
        };
        assert_eq!(
            both.swapped(),
            [SwapSign::AgentPressesKeys(6.0), SwapSign::CustomerGreets]
        );
        // The hold music is where it belongs: 1 + 1 - 1.
        let contradicted = RoleSigns {
            music_s: AGENT_ONLY,
            ..both
        };
        assert!(contradicted.swapped().is_empty());
        // Keys on both channels tell nothing.
        let keys_s = Some(Sides {
            agent: 6.0,
            customer: 1.0,
        });
        assert!(RoleSigns { keys_s, ..greets }.swapped().is_empty());
    }

    #[test]
    fn the_transcript_decides_unless_sounds_contradict() {
        let fit = |own, other| RoleSigns {
            fit: Some(TranscriptFit { own, other }),
            ..RoleSigns::default()
        };
        assert_eq!(fit(0.07, 0.9).swapped().len(), 1);
        // Another call's; both channels alike.
        assert!(fit(0.14, 0.5).swapped().is_empty());
        assert!(fit(0.6, 0.9).swapped().is_empty());
        let contradicted = RoleSigns {
            keys_s: CUSTOMER_ONLY,
            ..fit(0.07, 0.9)
        };
        assert!(contradicted.swapped().is_empty());
        // A transcript that fits silences two weak signs.
        let fits = RoleSigns {
            greeter: Some(Side::Customer),
            music_s: CUSTOMER_ONLY,
            ..fit(0.9, 0.07)
        };
        assert!(fits.swapped().is_empty());
    }
}
