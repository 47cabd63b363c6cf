//! The card in Markdown, for people: in the order in which one asks.
//!
//! What a file or a user chose, names and sources and words, is free text and never markup: see
//! [`plain`].

use super::effects::{Effect, Shape};
use super::facts::{Advice, By, Card, Figure, Held, NotSatisfied};
use super::plots::{self, FEW, MOST_BARS, Panels, short, signed};
use super::words::{against, count, end_fold, figure, fold, interval, percent, plain, shown};
use crate::model::label::{SurveyCounts, Target};
use crate::model::metrics::Confusion;
use crate::model::options::Validation;
use crate::model::study::{Bins, Profile};
use std::fmt::{Result, Write};

/// Panels of effects at most.
const MOST_PANELS: usize = 9;

impl Card<'_> {
    /// Returns the card in Markdown (CommonMark with tables), its pictures as SVG within.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> Result {
        if let Some(warning) = self.warning {
            writeln!(out, "> **{}**\n", plain(warning))?;
        }
        writeln!(out, "# Model card: {}\n", plain(self.name))?;
        self.summary(out)?;
        self.predicts(out)?;
        self.data(out)?;
        self.quality(out)?;
        self.not_satisfied(out)?;
        self.calibration(out)?;
        self.importance(out)?;
        self.effects(out)?;
        self.absence(out)?;
        self.drift(out)?;
        self.settings(out)?;
        self.limits(out)
    }

    /// What one has to know, in as many sentences.
    fn summary(&self, out: &mut String) -> Result {
        let Some(calls) = self.unseen_calls else {
            return writeln!(
                out,
                "**Nothing was held out: how good the model is, is not known.**\n"
            );
        };
        writeln!(
            out,
            "In short, by {} calls it had not seen{}:\n",
            count(calls),
            self.not_satisfied.as_ref().map_or(String::new(), |found| {
                let Confusion {
                    true_positive: hits,
                    false_negative: missed,
                    ..
                } = found.confusion;
                format!(
                    ", {} of a customer who was not satisfied",
                    count(hits.saturating_add(missed))
                )
            })
        )?;
        let number = |figure: &Figure| Some((figure.value?, figure.interval));
        if let Some((area, ends)) = self.figure("roc_auc").and_then(number) {
            writeln!(
                out,
                "- Of a satisfied customer and one who is not, it tells which is which in {} of \
                 cases{}; by chance it would be 50 %.",
                percent(area),
                ends.map_or(String::new(), |e| {
                    format!(" ({} to {})", percent(e.low), percent(e.high))
                }),
            )?;
        }
        let base = |figure: &Figure| Some((figure.value?, figure.baseline?));
        if let Some((error, base)) = self.figure("mean_absolute_error").and_then(base) {
            writeln!(
                out,
                "- The expected mark is {error:.2} marks off on the mean; the mean mark, said of every \
                 call, would be {base:.2} off."
            )?;
        }
        if let Some(found) = &self.not_satisfied {
            let of = |key| {
                let mut figures = found.figures.iter();
                figures.find(|f| f.figure == key).and_then(|f| f.value)
            };
            if let (Some(precision), Some(recall)) = (of("precision"), of("recall")) {
                writeln!(
                    out,
                    "- It finds {} of the customers who are not satisfied, and {} of those it names \
                     are not.",
                    percent(recall),
                    percent(precision)
                )?;
            }
        }
        let top: Vec<String> = (self.importance.iter())
            .filter(|i| i.log_loss > 0.0)
            .take(3)
            .map(|i| format!("`{}`", i.feature))
            .collect();
        if !top.is_empty() {
            writeln!(out, "- Most hangs on {}.", top.join(", "))?;
        }
        writeln!(out)
    }

    fn predicts(&self, out: &mut String) -> Result {
        let label = self.label;
        writeln!(out, "## What it predicts\n")?;
        writeln!(
            out,
            "From the measurements of a call the probability that its customer is satisfied, that is, \
             gives a mark of {} or more on the scale {} to {}; {} and less counts as dissatisfied. The \
             CSI is the expected mark{}: the satisfied gave {:.3} on average, the others {:.3}.\n",
            label.satisfied_from(),
            label.min(),
            label.max(),
            label.dissatisfied_to(),
            match self.target {
                Target::Satisfied => "",
                Target::Marks => ", by the probability of each mark",
            },
            self.class_means.satisfied,
            self.class_means.others,
        )?;
        writeln!(
            out,
            "An average call has log-odds {}, that is a probability of {}, and an expected mark of \
             {:.2}.\n",
            signed(self.average_log_odds, 4),
            percent(self.average_satisfied),
            self.average_csi
        )?;
        if let Some(matching) = self.matching {
            let marks = matching.iter().zip(label.min() + 1..);
            let shown: Vec<String> = marks
                .filter_map(|(from, mark)| Some(format!("{mark} from {:.3}", (*from)?)))
                .collect();
            if !shown.is_empty() {
                writeln!(
                    out,
                    "Where calls are to have the marks as often as customers gave them, an expected \
                     mark counts as {}; below as {}.\n",
                    shown.join(", as "),
                    label.min()
                )?;
            }
        }
        Ok(())
    }

    fn data(&self, out: &mut String) -> Result {
        let data = &self.data;
        writeln!(out, "## What it has learned from\n")?;
        writeln!(out, "- Source: {}", plain(data.source))?;
        let unsaid = || "not stated".to_owned();
        writeln!(out, "- Period: {}", data.period.map_or_else(unsaid, plain))?;
        writeln!(
            out,
            "- Trained on {} calls, {} of them with a satisfied customer ({})",
            count(data.calls),
            count(data.satisfied),
            data.satisfied_share.map_or("–".into(), percent),
        )?;
        if let Some(calls) = data.effective_calls {
            writeln!(
                out,
                "- Calls do not count alike: they tell as much as {} that do (Kish 1965)",
                count(calls.round() as u64)
            )?;
        }
        self.survey(out)?;
        match data.prior {
            Some(prior) => writeln!(
                out,
                "- Prior: weights are drawn to those of the model {} (fingerprint {}), and its columns \
                 taken over",
                plain(&prior.name),
                plain(&prior.fingerprint)
            )?,
            None => writeln!(out, "- Prior: none, weights are drawn to 0")?,
        }
        writeln!(out, "- Made by: {}", plain(self.created_by))?;
        writeln!(out, "- Fingerprint: `{}`\n", self.fingerprint)
    }

    fn survey(&self, out: &mut String) -> Result {
        let Some(survey) = &self.data.survey else {
            return writeln!(
                out,
                "- Survey: not stated how many customers were asked, so the response rate is not known"
            );
        };
        let SurveyCounts {
            answered,
            no_response,
            not_invited,
            invalid,
            unstated,
            ..
        } = *survey;
        write!(
            out,
            "- Survey: {} answered, {} gave no response, {} not invited, {} gave an invalid answer",
            count(answered),
            count(no_response),
            count(not_invited),
            count(invalid)
        )?;
        match unstated {
            0 => writeln!(out)?,
            _ => writeln!(out, ", of {} calls nothing is said", count(unstated))?,
        }
        match self.data.response_rate {
            Some(rate) => writeln!(out, "- Response rate: {} of those asked", percent(rate)),
            None => writeln!(
                out,
                "- Response rate: not known, since it is not said of all calls what became of the survey"
            ),
        }
    }

    fn quality(&self, out: &mut String) -> Result {
        writeln!(out, "## How good it is\n")?;
        let how = match self.validation {
            Validation::None => "nothing was".to_owned(),
            Validation::HoldOut { share } => format!(
                "{} of the calls, by a hash of group or call id, scored by a model trained on the rest",
                percent(share)
            ),
            Validation::Latest { share } => format!(
                "the latest {} of the calls, scored by a model trained on those before",
                percent(share)
            ),
            Validation::Folds { folds } => format!(
                "every call, in {folds} folds by a hash of group or call id, each scored by a model \
                 that was trained, choice and all, on the others"
            ),
        };
        let unknown = "**How good the model is, is not known**; the figures on the training calls \
                       themselves are too good by nature.";
        match (self.unseen_calls, self.validation) {
            (Some(calls), _) => writeln!(
                out,
                "Held out: {how}: {} calls. The model itself was then trained on all. The figures on \
                 the training calls themselves are too good by nature.\n",
                count(calls)
            )?,
            (None, Validation::None) => writeln!(out, "Held out: {how}. {unknown}\n")?,
            (None, _) => writeln!(
                out,
                "To be held out: {how}. Too few calls were left for that. {unknown}\n"
            )?,
        }
        writeln!(
            out,
            "| | unseen calls | 95 % interval | knowing nothing | against that | training calls |\n\
             |---|---:|---:|---:|---|---:|"
        )?;
        let figures = self.figures.iter();
        for figure in figures.filter(|f| f.value.is_some() || f.training.is_some()) {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                figure.name,
                shown(figure.value),
                interval(figure.interval),
                shown(figure.baseline),
                against(figure),
                shown(figure.training)
            )?;
        }
        writeln!(out)?;
        if self.unseen_calls.is_none() {
            return Ok(());
        }
        writeln!(
            out,
            "*Knowing nothing* is to say of every call what holds of the training calls: the share of \
             the satisfied, the commoner class, the mean mark. An interval says where the figure would \
             lie on other calls of the same kind; where it reaches what knowing nothing gives, the figure \
             by itself does not show that the model is better. The intervals are of a bootstrap of whole groups; those \
             with * of the counts, as if no two calls were of one customer (Wilson 1927)."
        )?;
        let files = self.figures.iter().filter_map(|f| f.interval);
        if !files.into_iter().any(|ends| ends.by == By::Bootstrap) {
            writeln!(out, "The file holds no bootstrap intervals.")?;
        }
        writeln!(out)
    }

    fn not_satisfied(&self, out: &mut String) -> Result {
        writeln!(out, "## Finding customers who are not satisfied\n")?;
        let Some(NotSatisfied {
            threshold,
            best,
            confusion,
            share,
            called_share,
            figures,
        }) = &self.not_satisfied
        else {
            return writeln!(out, "Not known: no calls were held out.\n");
        };
        let below = short(*threshold);
        write!(
            out,
            "They are the rarer, {} of the calls held out, and the ones to find. Called not satisfied is \
             whoever has a probability of satisfaction below {below}: {} of the calls. ",
            share.map_or("–".into(), percent),
            called_share.map_or("–".into(), percent),
        )?;
        if *best {
            writeln!(
                out,
                "That line has the best F1 of these very calls, so the figures are a little too good.\n"
            )?;
        } else {
            writeln!(out, "The file says nothing of a better line.\n")?;
        }
        writeln!(
            out,
            "| | unseen calls | 95 % interval | knowing nothing | against that |\n\
             |---|---:|---:|---:|---|"
        )?;
        for figure in figures {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                figure.name,
                shown(figure.value),
                interval(figure.interval),
                shown(figure.baseline),
                against(figure)
            )?;
        }
        writeln!(
            out,
            "\n*Knowing nothing*: for precision and recall to pick as many calls at random, for F1 to \
             name every customer.\n"
        )?;
        writeln!(
            out,
            "| | called not satisfied | not called so |\n|---|---:|---:|\n\
             | not satisfied | {} | {} |\n| satisfied | {} | {} |\n",
            count(confusion.true_positive),
            count(confusion.false_negative),
            count(confusion.false_positive),
            count(confusion.true_negative)
        )
    }

    fn calibration(&self, out: &mut String) -> Result {
        let of = &self.calibration;
        writeln!(out, "## Whether its probabilities come true\n")?;
        if of.bins.is_empty() {
            let known = match of.error {
                Some(error) => format!(
                    "The file holds no reliability curve. Its calibration error over ten bins is \
                     {error:.4}."
                ),
                None => "Not known: no calls were held out.".into(),
            };
            writeln!(out, "{known}\n")?;
        } else {
            writeln!(
                out,
                "Of customers said to be satisfied with a probability of 80 %, 80 % should be: points on \
                 the dashed line. Lines through the points are 95 % intervals, the bars below are how \
                 many calls had such a probability; a hollow point stands for fewer than {FEW}.{}\n",
                of.error.map_or(String::new(), |error| format!(
                    " On the mean the points are {error:.3} off the line (the calibration error, ECE)."
                ))
            )?;
            figure(out, &plots::reliability(&of.bins))?;
        }
        let held = match of.held {
            Held::Nothing => "The model is not calibrated",
            Held::Platt => "The model is calibrated already, by Platt's line in its weights",
            Held::Isotonic => "The model is calibrated already, by isotonic maps",
        };
        if of.tried.is_empty() {
            writeln!(out, "{held}; whether it would help was not tried.\n")?;
        } else {
            writeln!(
                out,
                "| calibrated on top | log loss, nats | Brier score | calibration error (ECE) |\n\
                 |---|---:|---:|---:|"
            )?;
            for tried in of.tried {
                let method = match tried.method.as_str() {
                    "none" => "no".into(),
                    "platt" => "Platt's line".into(),
                    "isotonic" => "isotonic map".into(),
                    other => plain(other),
                };
                writeln!(
                    out,
                    "| {method} | {:.4} | {:.4} | {:.4} |",
                    tried.log_loss, tried.brier, tried.calibration_error
                )?;
            }
            let more = if of.held == Held::Nothing {
                "Calibrating"
            } else {
                "Calibrating further"
            };
            let advice = match &of.advice {
                Some(Advice::No) => format!(
                    "{more} would not help: no way of it lowers the log loss by more than chance does."
                ),
                Some(Advice::Little { method, log_loss }) => format!(
                    "{more} may be left: the better way ({}) lowers the log loss to {log_loss:.4}, \
                     by less than half a percent.",
                    plain(method)
                ),
                Some(Advice::Yes { method, log_loss }) => format!(
                    "{more} would help: the better way ({}) lowers the log loss to {log_loss:.4}.",
                    plain(method)
                ),
                None => "Whether calibrating would help is not known.".into(),
            };
            writeln!(
                out,
                "\n{held}. Each way was fitted on a part of the calls held out and judged on the rest, \
                 in turn. {advice}\n"
            )?;
        }
        for line in &self.training.lines {
            writeln!(
                out,
                "Calibrated at mark {}: log-odds × {:.4} {}.\n",
                line.mark,
                line.slope,
                signed(line.intercept, 4)
            )?;
        }
        Ok(())
    }

    fn importance(&self, out: &mut String) -> Result {
        writeln!(out, "## What hangs on what\n")?;
        if self.importance.is_empty() {
            writeln!(
                out,
                "The file does not say how important the features are: it is found on calls held out.\n"
            )?;
            return self.weights(out);
        }
        writeln!(
            out,
            "Permutation importance, at calls that the model had not seen: by how much the log loss of \
             satisfaction rises when the values of a feature are dealt out among the calls anew. \
             Features that tell the same story share what hangs on it, so each looks less important than \
             both are; a bar to the left is noise.\n"
        )?;
        figure(out, &plots::importance(self.importance))?;
        if self.importance.len() > MOST_BARS {
            let rest = self.importance.len() - MOST_BARS;
            writeln!(out, "{rest} more hang on less; the table has all.\n")?;
        }
        fold(out, "What these features are, and what hangs on each")?;
        writeln!(
            out,
            "| feature | unit | log loss without it | ROC area without it | what it is |\n\
             |---|---|---:|---:|---|"
        )?;
        for importance in self.importance {
            let about = self
                .features
                .iter()
                .find(|a| a.feature == importance.feature);
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                plain(&importance.feature),
                about.map_or("–", |a| a.unit),
                signed(importance.log_loss, 5),
                signed(-importance.roc_auc, 4),
                about.map_or("–".into(), |a| plain(a.definition)),
            )?;
        }
        end_fold(out)?;
        self.weights(out)
    }

    fn weights(&self, out: &mut String) -> Result {
        fold(out, "The weight of each column")?;
        writeln!(
            out,
            "Log-odds of satisfaction: of a number per standard deviation of its value, of a word or an \
             absence for being so instead of not.\n\n\
             | column | log-odds | unit |\n|---|---:|---|"
        )?;
        for weight in &self.weights {
            writeln!(
                out,
                "| {} | {} | {} |",
                plain(&weight.column),
                signed(weight.log_odds, 4),
                if weight.per_sd { "per sd" } else { "if so" }
            )?;
        }
        end_fold(out)
    }

    fn effects(&self, out: &mut String) -> Result {
        writeln!(out, "## How the expected mark moves with a feature\n")?;
        let matters = |effect: &&Effect| {
            let importance = self.importance_of(&effect.feature);
            effect.span() > 0.0
                && (self.importance.is_empty() || importance.is_some_and(|i| i.log_loss > 0.0))
        };
        let effects: Vec<Effect> = self.effects.iter().filter(matters).cloned().collect();
        if self.profiles.is_empty() {
            writeln!(
                out,
                "The file does not say where the values of numbers lay in training, so there are no \
                 curves of them.\n"
            )?;
        }
        if effects.is_empty() {
            return Ok(());
        }
        let shown = effects.get(..MOST_PANELS).unwrap_or(&effects);
        writeln!(
            out,
            "The expected mark of a call that is average in all else (dashed: {:.2}), {}. A curve goes \
             from the value that 1 % of the training calls lie below to the one that 1 % lie above; \
             ticks on its floor are tenths of the calls, dots are knots, where it may bend. A diamond is \
             a call without the value. All panels have one scale of marks. Features move together in \
             life and do not here: a second hold makes the call longer as well.\n",
            self.average_csi,
            if self.importance.is_empty() {
                "the features that move it farthest"
            } else {
                "the most important features first"
            }
        )?;
        let panels = Panels::of(shown, self.average_csi);
        let pictures: String = shown.iter().map(|effect| panels.panel(effect)).collect();
        figure(out, &pictures)?;
        fold(out, "The same in numbers")?;
        writeln!(
            out,
            "| feature | expected mark at | | | without a value |\n|---|---|---|---|---:|"
        )?;
        for effect in shown {
            let at = match &effect.shape {
                Shape::Curve { points, .. } => {
                    let middle = points.get(points.len() / 2);
                    let ends = [points.first(), middle, points.last()];
                    ends.map(|point| {
                        point.map_or(String::new(), |p| {
                            format!("{}: {:.2}", short(p.value), p.csi)
                        })
                    })
                    .join(" | ")
                }
                Shape::Bars(bars) => {
                    let all = bars.iter().map(|bar| {
                        let level = bar.level.as_deref().unwrap_or("(other)");
                        format!("{}: {:.2}", plain(level), bar.csi)
                    });
                    format!("{} | |", all.collect::<Vec<_>>().join(", "))
                }
            };
            let absent = effect
                .absent_csi
                .map_or("–".into(), |csi| format!("{csi:.2}"));
            writeln!(out, "| {} | {at} | {absent} |", plain(&effect.feature))?;
        }
        end_fold(out)
    }

    fn absence(&self, out: &mut String) -> Result {
        writeln!(out, "## What is absent\n")?;
        writeln!(
            out,
            "A value that a call does not have is never taken for 0: a number counts as the mean of the \
             training calls and adds nothing, and that it is absent weighs what absence weighed in \
             training, where some calls had the value and some had not. A word that training did not \
             know counts among the rare ones.\n"
        )?;
        if self.dropped.is_empty() {
            return Ok(());
        }
        fold(
            out,
            &format!(
                "{} left out, because they tell nothing here",
                self.dropped.len()
            ),
        )?;
        for dropped in self.dropped {
            writeln!(
                out,
                "- {}: {}",
                plain(&dropped.column),
                plain(&dropped.reason)
            )?;
        }
        end_fold(out)
    }

    fn drift(&self, out: &mut String) -> Result {
        writeln!(out, "## What the training calls were like\n")?;
        if self.profiles.is_empty() {
            return writeln!(
                out,
                "The file does not say how the features were spread, so drift cannot be told from it.\n"
            );
        }
        writeln!(
            out,
            "A later month is compared with this by the population stability index of each feature: \
             PSI = Σ (a − e) · ln(a / e) over its bins, e and a being the shares of the calls in the bin \
             then and now, those without a value a bin of their own, with half a call added to each. \
             Below 0.1 the calls are held to be the same, above 0.2 they are others, and the model is to \
             be trained again (Siddiqi 2006). `Profile::stability_index` computes it.\n"
        )?;
        fold(out, "Drift fingerprint: where each feature lay")?;
        writeln!(
            out,
            "| feature | absent | 1 % below | tenths of the calls, or share of each word | 1 % above |\n\
             |---|---:|---:|---|---:|"
        )?;
        for profile in self.profiles {
            let share = |bin: usize| bin_share(profile, bin).map_or("–".into(), percent);
            let (low, within, high) = match &profile.bins {
                Bins::Number { edges, low, high } => {
                    let edges: Vec<String> = edges.iter().map(|edge| short(*edge)).collect();
                    (short(*low), edges.join(" · "), short(*high))
                }
                Bins::Category { levels } => {
                    let levels = levels.iter().enumerate();
                    let mut words: Vec<String> = levels
                        .map(|(i, level)| format!("{} {}", plain(level), share(1 + i)))
                        .collect();
                    words.push(format!("(other) {}", share(profile.counts.len() - 1)));
                    ("–".into(), words.join(" · "), "–".into())
                }
            };
            let feature = plain(&profile.feature);
            writeln!(
                out,
                "| {feature} | {} | {low} | {within} | {high} |",
                share(0)
            )?;
        }
        end_fold(out)
    }

    fn settings(&self, out: &mut String) -> Result {
        writeln!(out, "## How it was trained\n")?;
        let training = &self.training;
        writeln!(
            out,
            "Logistic regression of each cut of the scale, with the penalty alpha = {}, {} for each \
             number, and words on fewer than {} calls pooled. Gradient reached: {:.1e} per call.\n",
            training.alpha,
            match training.knots {
                0 => "no knots, a straight line,".to_owned(),
                1 => "1 knot at most".to_owned(),
                knots => format!("{knots} knots at most"),
            },
            training.level_min_count,
            training.gradient,
        )?;
        if !training.tried.is_empty() {
            writeln!(
                out,
                "Alpha and knots were chosen by the mean log loss of the cuts at calls that a model had \
                 not seen (cross-validation).\n"
            )?;
            fold(out, "What was tried")?;
            let prior = self.data.prior.is_some();
            writeln!(
                out,
                "| knots | alpha | drawn to | log loss | |\n|---:|---:|---|---:|---|"
            )?;
            for tried in training.tried {
                let taken = tried.knots == training.knots
                    && tried.alpha == training.alpha
                    && tried.toward_prior == prior;
                writeln!(
                    out,
                    "| {} | {} | {} | {:.5} | {} |",
                    tried.knots,
                    tried.alpha,
                    if tried.toward_prior { "the prior" } else { "0" },
                    tried.log_loss,
                    if taken { "taken" } else { "" }
                )?;
            }
            end_fold(out)?;
        }
        fold(out, "Settings of the analysis")?;
        if let Ok(settings) = serde_json::to_string_pretty(self.settings) {
            writeln!(out, "```json\n{settings}\n```")?;
        }
        end_fold(out)
    }

    fn limits(&self, out: &mut String) -> Result {
        writeln!(
            out,
            "## Limits, and training again\n\n\
             - **Silent customers.** It has learned from customers who answered a survey; of those who \
             did not, it extrapolates, and nothing here says how well. Weights for calls make up for what \
             was measured of them, not for anger that keeps a customer from answering.\n\
             - **Calibration** holds of customers who answered, at the time and the centre of the \
             training calls.\n\
             - **No causes.** Weights, importance and curves say what the model goes by, not what makes a \
             customer content: change the wait, and the marks need not follow.\n\
             - **No measure of an agent.** Who the operator is, is no feature unless somebody puts it in, \
             and what an agent cannot help (the queue, the IVR) weighs in every estimate.\n\
             - **Averages rather than calls.** One estimate is a guess; the mean of many says more.\n\n\
             Train it again on marks of your own customers (`callcsi::model::train`, or the example \
             `retrain`) when the scale, the analysis settings, the line or the customers change, or when \
             a month has drifted."
        )
    }
}

/// Share of the training calls in a bin.
fn bin_share(profile: &Profile, bin: usize) -> Option<f64> {
    let all = profile
        .counts
        .iter()
        .fold(0, |sum: u64, n| sum.saturating_add(*n));
    let count = profile.counts.get(bin)?;
    (all > 0).then(|| *count as f64 / all as f64)
}
