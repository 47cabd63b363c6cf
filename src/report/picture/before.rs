//! What was before the call: the IVR, then the queue, up to 0:00.
//!
//! The platform's times do not say where the recording begins. They are drawn as ending there: recorders
//! start with the talk. A stay that would take more room than there is gets less, with a mark that the
//! scale is broken, and its length stands in it in words; the steps inside keep their proportions.

use super::kinds::Kind;
use super::shapes::{cut, escaped, line_down, rect, shortened, small_at, text_at, width_of};
use crate::call::{Ivr, IvrStep, Metadata, StepOutcome};
use crate::features::Lang;
use crate::features::words::length;
use crate::timeline::Span;

/// Sizes of letters, as in the style, and the width of the mark of a broken scale.
const SIZE: f64 = 12.0;
const SMALL: f64 = 10.0;
const CUT: f64 = 14.0;

/// A stay before the call.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    pub(super) kind: Kind,
    /// How long, positive.
    pub(super) length: Span,
    /// Whether it lasted longer by an unknown time.
    at_least: bool,
    /// Nodes of the IVR with their outcomes, in order, and when each was entered from the start of the
    /// stay, where that is known.
    steps: Vec<(Option<Span>, String)>,
}

impl Stay {
    /// Tells it: `IVR 34 s`.
    pub(super) fn label(&self, lang: Lang) -> String {
        format!("{} {}", self.kind.title(lang), self.length_told(lang))
    }

    /// Tells its length: `34 s`.
    pub(super) fn length_told(&self, lang: Lang) -> String {
        let least = if self.at_least { "≥ " } else { "" };
        format!("{least}{}", length(self.length.seconds(), lang))
    }

    /// Tells all of it.
    fn told(&self, lang: Lang) -> String {
        let steps: Vec<&str> = self.steps.iter().map(|(_, step)| &**step).collect();
        match steps.is_empty() {
            true => self.label(lang),
            false => format!("{}: {}", self.label(lang), steps.join(" → ")),
        }
    }
}

/// Returns the stays before the call, in order of time.
pub(super) fn stays(metadata: &Metadata, lang: Lang) -> Vec<Stay> {
    let ivr = metadata.ivr.as_ref().and_then(|ivr| of_ivr(ivr, lang));
    let wait = metadata.queue.as_ref().and_then(|queue| queue.wait);
    let queue = wait.filter(|wait| *wait > Span::ZERO).map(|wait| Stay {
        kind: Kind::Queue,
        length: wait,
        at_least: false,
        steps: Vec::new(),
    });
    ivr.into_iter().chain(queue).collect()
}

fn of_ivr(ivr: &Ivr, lang: Lang) -> Option<Stay> {
    let steps = ivr.steps.iter().flatten();
    let last = steps.clone().filter_map(|step| step.entered).max();
    let length = ivr
        .duration
        .or(last)
        .filter(|length| *length > Span::ZERO)?;
    Some(Stay {
        kind: Kind::Ivr,
        length,
        at_least: ivr.duration.is_none(),
        steps: steps
            .map(|step| (step.entered, named(step, lang)))
            .collect(),
    })
}

/// Names the steps through the IVR, in order; none where they are not known.
pub(in crate::report) fn ivr_steps(metadata: &Metadata, lang: Lang) -> Vec<String> {
    let steps = metadata.ivr.iter().flat_map(|ivr| &ivr.steps).flatten();
    steps.map(|step| named(step, lang)).collect()
}

/// Names a step: its node, and what came of it where that was not as it should be.
fn named(step: &IvrStep, lang: Lang) -> String {
    let (en, ru) = match step.outcome {
        None | Some(StepOutcome::Ok) => return step.node.clone(),
        Some(StepOutcome::NoInput) => ("no input", "нет ответа"),
        Some(StepOutcome::NoMatch) => ("not understood", "не понято"),
        Some(StepOutcome::OperatorRequested) => ("asked for an agent", "просит оператора"),
        Some(StepOutcome::Failed) => ("failed", "сбой"),
    };
    format!("{}: {}", step.node, lang.of(en, ru))
}

/// A stay whose scale is broken gets no less, in pixels: room for its length in words.
const LEAST: f64 = 44.0;

/// Shares `room` among stays: each takes what `per_second` gives it, or less where that is too much;
/// then by the roots of the lengths, so that a short one stays in sight beside a long one. Returns each
/// one's width, and whether its scale is broken.
pub(super) fn widths(stays: &[Stay], per_second: f64, room: f64) -> Vec<(f64, bool)> {
    let natural = |stay: &Stay| stay.length.seconds() * per_second;
    let mut widths: Vec<Option<f64>> = vec![None; stays.len()];
    // Who needs no more than its share leaves the rest of it to the others.
    loop {
        let open = || {
            stays
                .iter()
                .zip(&widths)
                .filter(|(_, width)| width.is_none())
        };
        let (count, roots) = (
            open().count(),
            open().map(|(stay, _)| natural(stay).sqrt()).sum::<f64>(),
        );
        let left = room - widths.iter().flatten().sum::<f64>();
        let least = LEAST.min(left / count.max(1) as f64);
        let share =
            |stay: &Stay| least + (left - least * count as f64) * natural(stay).sqrt() / roots;
        let fits = |stay: &Stay| natural(stay) <= share(stay) * (1.0 + 1e-9);
        let fitting = stays
            .iter()
            .zip(&widths)
            .position(|(stay, width)| width.is_none() && fits(stay));
        match fitting {
            Some(i) => widths[i] = Some(natural(&stays[i])),
            None => {
                let shared = stays.iter().zip(&widths);
                let shared = shared.map(|(stay, width)| match width {
                    Some(width) => (*width, false),
                    None => (share(stay), true),
                });
                return shared.collect();
            }
        }
    }
}

/// A stay with its place.
pub(super) struct Placed<'a> {
    pub(super) stay: &'a Stay,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) broken: bool,
    /// When it began, in seconds, negative.
    pub(super) start: f64,
}

/// Places stays so that the last one ends at `x`, which is 0:00.
pub(super) fn placed(stays: &[Stay], per_second: f64, room: f64, x: f64) -> Vec<Placed<'_>> {
    let widths = widths(stays, per_second, room);
    let (mut x, mut start) = (x, 0.0);
    let mut placed = Vec::new();
    for (stay, (width, broken)) in stays.iter().zip(widths).rev() {
        x -= width;
        start -= stay.length.seconds();
        placed.push(Placed {
            stay,
            x,
            width,
            broken,
            start,
        });
    }
    placed.reverse();
    placed
}

impl Placed<'_> {
    /// Draws the box, the ticks of the steps at its foot and, where it fits, the label, in two lines where
    /// the box is high.
    pub(super) fn draw(&self, (y, height): (f64, f64), lang: Lang) -> String {
        let (class, _) = self.stay.kind.look();
        let mut out = rect(class, self.x, y, self.width, height, &self.stay.told(lang));
        for (at, step) in self.ticks() {
            out += &line_down("step", at, y + height - 7.0, 7.0, step);
        }
        let (mut room, mut middle) = (self.width - 4.0, self.x + self.width / 2.0);
        if self.broken && self.width > CUT {
            out += &cut(self.x + CUT / 2.0, y, height);
            (room, middle) = (room - CUT + 2.0, middle + CUT / 2.0);
        }
        let base = y + height / 2.0 + 4.0;
        let length = self.stay.length_told(lang);
        let lines = match height > 30.0 {
            true => [self.stay.kind.title(lang), &length],
            false => [&*self.stay.label(lang), ""],
        };
        let wide = |size| {
            lines
                .iter()
                .map(|line| width_of(line, size))
                .fold(0.0, f64::max)
        };
        let fits = |size| wide(size) <= room;
        if !fits(SMALL) && width_of(&length, SMALL) <= room {
            out += &small_at(middle, base, "middle", &length);
        } else if fits(SMALL) {
            let write = if fits(SIZE) { text_at } else { small_at };
            let [first, second] = lines;
            let up = if second.is_empty() { 0.0 } else { 7.0 };
            out += &write(middle, base - up, "middle", first);
            if !second.is_empty() {
                out += &write(middle, base + up, "middle", second);
            }
        }
        out
    }

    /// Returns where each step with a time begins, and its name.
    fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        let whole = self.stay.length.seconds();
        self.stay.steps.iter().filter_map(move |(entered, step)| {
            let share = (*entered)?.seconds() / whole;
            Some((self.x + self.width * share.clamp(0.0, 1.0), &**step))
        })
    }

    /// Writes the names of the steps under their ticks, each as far as the next one's.
    pub(super) fn names(&self, y: f64) -> String {
        let mut out = String::new();
        let mut ticks = self.ticks().peekable();
        while let Some((at, step)) = ticks.next() {
            let next = ticks.peek().map_or(self.x + self.width, |(next, _)| *next);
            let room = next - at - 6.0;
            // A few letters and an ellipsis name nothing.
            if width_of(step, SMALL) <= room || room >= 5.0 * SMALL {
                out += &small_at(at, y, "start", &shortened(step, room, SMALL));
            }
        }
        out
    }

    /// Returns whether there are steps with a time.
    pub(super) fn has_ticks(&self) -> bool {
        self.ticks().next().is_some()
    }
}

/// Tells the stays in a line: `IVR 34 s, queue 1 min 35 s`.
pub(super) fn line(stays: &[Stay], lang: Lang) -> String {
    let told: Vec<String> = stays.iter().map(|stay| stay.label(lang)).collect();
    escaped(&told.join(", "))
}
