//! Many calls at once: plain columns in, plain columns out.
//!
//! What [`Predictor::predict`] says of a call, [`Predictor::predict_columns`] says of each row of a table
//! that is held by columns, as data frames and column files hold theirs: to the last bit, without the
//! reasons, and several times as fast. It goes column by column through blocks of rows that stay in the
//! processor's cache.

use super::encode::{Bend, Encoding, Input, STANDARD_LIMIT, Standard, within};
use super::label::Target;
use super::predict::{Predictor, expected, monotone};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Kind, catalogue, position};

/// Rows of a block.
const BLOCK: usize = 1_024;

/// The values of one feature, one for each row.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ColumnValues<'a> {
    /// Of a number, in the unit of the catalogue. NaN and infinite values count as absent.
    Numbers(&'a [f64]),
    /// Of a word; `None` where it is absent.
    Words(&'a [Option<&'a str>]),
}

impl ColumnValues<'_> {
    fn len(&self) -> usize {
        match self {
            ColumnValues::Numbers(values) => values.len(),
            ColumnValues::Words(values) => values.len(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            ColumnValues::Numbers(_) => Kind::Number,
            ColumnValues::Words(_) => Kind::Category,
        }
    }
}

/// What a model says of each row; see the fields of the same names of
/// [`Prediction`](super::Prediction).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Predictions {
    /// Probability that the customer is satisfied.
    pub satisfied: Vec<f64>,
    /// Probability that the customer is dissatisfied; `None` of a two-class model.
    pub dissatisfied: Option<Vec<f64>>,
    /// Expected mark.
    pub csi: Vec<f64>,
    /// Log-odds of the cut of satisfaction.
    pub log_odds: Vec<f64>,
    /// Probability of each mark, row after row, from the lowest mark to the highest; `None` of a
    /// two-class model.
    pub marks: Option<Vec<f64>>,
}

/// The columns of the encoded block, and what they are made in.
struct Scratch {
    transformed: Vec<f64>,
    column: Vec<f64>,
    part: Vec<f64>,
    /// Of each cut, its score of each row.
    scores: Vec<Vec<f64>>,
}

impl Predictor {
    /// Predicts `rows` calls from columns by the names of their features. A feature of the model that has
    /// no column is absent on every row; a column that the model does not look at is passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] for a name that is not in the catalogue or given twice, a column of
    /// another length than `rows`, and a column of the other kind.
    pub fn predict_columns(
        &self,
        rows: usize,
        columns: &[(&str, ColumnValues<'_>)],
    ) -> Result<Predictions> {
        let mut given = vec![None; catalogue().len()];
        for (name, values) in columns {
            let refused = |found: String, wanted: String| {
                Err(Error::new(ErrorKind::Mismatch, *name, found, wanted))
            };
            let Some(place) = position(name) else {
                let wanted = "the name of a feature that this build measures".to_owned();
                return refused("no such feature".to_owned(), wanted);
            };
            if values.len() != rows {
                let found = format!("{} values", values.len());
                return refused(found, format!("{rows}, one for each row"));
            }
            let kind = catalogue()[place].kind;
            if values.kind() != kind {
                return refused(values.kind().name().to_owned(), kind.name().to_owned());
            }
            if given[place].replace(*values).is_some() {
                return refused("the column twice".to_owned(), "each once".to_owned());
            }
        }
        let inputs = self.model().encoder().inputs();
        // A checked encoder has features of the catalogue alone.
        let of = |input: &Input| position(&input.feature).and_then(|place| given[place]);
        let values: Vec<Option<ColumnValues<'_>>> = inputs.iter().map(of).collect();

        let marks = self.model().target() == Target::Marks;
        let mut found = Predictions {
            dissatisfied: marks.then(|| Vec::with_capacity(rows)),
            marks: marks.then(Vec::new),
            ..Predictions::default()
        };
        let mut scratch = Scratch {
            transformed: vec![0.0; BLOCK],
            column: vec![0.0; BLOCK],
            part: vec![0.0; BLOCK],
            scores: vec![vec![0.0; BLOCK]; self.model().cuts().len()],
        };
        for from in (0..rows).step_by(BLOCK) {
            let to = rows.min(from + BLOCK);
            self.block(&values, from..to, &mut scratch);
            self.finish(to - from, &scratch, &mut found);
        }
        Ok(found)
    }

    /// Sums up the scores of a block, in the order of [`Predictor::predict`]: the cut of satisfaction
    /// feature by feature onto its intercept, the others column by column, the intercept last.
    fn block(
        &self,
        values: &[Option<ColumnValues<'_>>],
        range: std::ops::Range<usize>,
        scratch: &mut Scratch,
    ) {
        let (cuts, own) = (self.model().cuts(), self.model().satisfied_index());
        let Scratch {
            transformed,
            column,
            part,
            scores,
        } = scratch;
        let rows = range.len();
        let (column, part) = (&mut column[..rows], &mut part[..rows]);
        for (index, (scores, cut)) in scores.iter_mut().zip(cuts).enumerate() {
            scores.fill(if index == own { cut.intercept } else { 0.0 });
        }
        let mut first = 0;
        for (input, values) in self.model().encoder().inputs().iter().zip(values) {
            part.fill(0.0);
            let mut next = first;
            let mut add = |column: &[f64]| {
                for (index, (scores, cut)) in scores.iter_mut().zip(cuts).enumerate() {
                    let weight = cut.weights.get(next).copied().unwrap_or(0.0);
                    let sums = if index == own {
                        &mut *part
                    } else {
                        &mut scores[..rows]
                    };
                    for (sum, x) in sums.iter_mut().zip(column) {
                        *sum += x * weight;
                    }
                }
                next += 1;
            };
            match &input.encoding {
                Encoding::Number {
                    transform,
                    range: seen,
                    value,
                    bends,
                    absent,
                } => {
                    let numbers = match values {
                        Some(ColumnValues::Numbers(numbers)) => numbers.get(range.clone()),
                        _ => None,
                    };
                    let transformed = &mut transformed[..rows];
                    match numbers {
                        Some(numbers) => {
                            for (t, x) in transformed.iter_mut().zip(numbers) {
                                *t = if x.is_finite() {
                                    within(*seen, transform.apply(*x))
                                } else {
                                    f64::NAN
                                };
                            }
                        }
                        None => transformed.fill(f64::NAN),
                    }
                    if let Some(Standard { mean, sd }) = value {
                        standardise(column, transformed, |t| t, *mean, *sd);
                        add(column);
                    }
                    for Bend { at, mean, sd } in bends {
                        standardise(
                            column,
                            transformed,
                            |t| if t > *at { t - at } else { 0.0 },
                            *mean,
                            *sd,
                        );
                        add(column);
                    }
                    if let Some(share) = absent {
                        for (x, t) in column.iter_mut().zip(&*transformed) {
                            *x = f64::from(u8::from(t.is_nan())) - share;
                        }
                        add(column);
                    }
                }
                Encoding::Category { .. } => {
                    let words = match values {
                        Some(ColumnValues::Words(words)) => words.get(range.clone()),
                        _ => None,
                    };
                    let word =
                        |row: usize| words.and_then(|words| words.get(row).copied().flatten());
                    // Words are few: each row is encoded as one call is.
                    let width = input.encoding.width();
                    let mut encoded = Vec::with_capacity(rows * width);
                    for row in 0..rows {
                        input.encoding.encode_word(word(row), |x| encoded.push(x));
                    }
                    for place in 0..width {
                        let of_rows = encoded.iter().skip(place).step_by(width);
                        column.iter_mut().zip(of_rows).for_each(|(x, of)| *x = *of);
                        add(column);
                    }
                }
            }
            first += input.encoding.width();
            for (score, part) in scores[own].iter_mut().zip(&*part) {
                *score += part;
            }
        }
        for (index, (scores, cut)) in scores.iter_mut().zip(cuts).enumerate() {
            if index != own {
                scores.iter_mut().for_each(|score| *score += cut.intercept);
            }
        }
    }

    /// Turns the scores of a block into what is asked for.
    fn finish(&self, rows: usize, scratch: &Scratch, found: &mut Predictions) {
        let own = self.model().satisfied_index();
        let (label, means) = (self.model().label(), self.model().class_means());
        let mut shares = vec![0.0; scratch.scores.len()];
        for row in 0..rows {
            let log_odds = scratch.scores[own][row];
            found.log_odds.push(log_odds);
            let satisfied = self.model().probability(own, log_odds);
            let (Some(dissatisfied), Some(marks)) = (&mut found.dissatisfied, &mut found.marks)
            else {
                found.satisfied.push(satisfied);
                found.csi.push(expected(satisfied, means));
                continue;
            };
            for (cut, share) in shares.iter_mut().enumerate() {
                *share = match cut == own {
                    true => satisfied,
                    false => self.model().probability(cut, scratch.scores[cut][row]),
                };
            }
            monotone(&mut shares);
            let from = |mark: i64| match usize::try_from(mark - label.min() - 1) {
                Ok(index) => shares.get(index).copied().unwrap_or(0.0),
                Err(_) => 1.0,
            };
            found.satisfied.push(from(label.satisfied_from()));
            dissatisfied.push(1.0 - from(label.dissatisfied_to() + 1));
            found
                .csi
                .push(label.min() as f64 + shares.iter().sum::<f64>());
            marks.extend((label.min()..=label.max()).map(|mark| from(mark) - from(mark + 1)));
        }
    }
}

/// Standardises what `of` makes of each value; an absent one, NaN, stands at 0.
fn standardise(column: &mut [f64], values: &[f64], of: impl Fn(f64) -> f64, mean: f64, sd: f64) {
    for (x, t) in column.iter_mut().zip(values) {
        let standard = ((of(*t) - mean) / sd).clamp(-STANDARD_LIMIT, STANDARD_LIMIT);
        *x = if t.is_nan() { 0.0 } else { standard };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{FeatureVector, Value};
    use crate::model::testing::{number, table, trained, vector, word};
    use crate::model::{Calibration, TrainOptions};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// A straight model of two classes, a bent one of marks, and that with maps.
    static PREDICTORS: LazyLock<[Predictor; 3]> = LazyLock::new(|| {
        let straight = TrainOptions::default();
        let marks = TrainOptions {
            target: Target::Marks,
            knots: 3,
            level_min_count: 20,
            ..TrainOptions::default()
        };
        let mapped = TrainOptions {
            calibration: Some(Calibration::Isotonic { folds: 3 }),
            ..marks.clone()
        };
        let table = table(400);
        [straight, marks, mapped].map(|options| Predictor::new(trained(&table, &options).unwrap()))
    });

    fn check(calls: &[(f64, f64, Option<String>)]) {
        let waits: Vec<f64> = calls.iter().map(|call| call.0).collect();
        let holds: Vec<f64> = calls.iter().map(|call| call.1).collect();
        let words: Vec<Option<&str>> = calls.iter().map(|call| call.2.as_deref()).collect();
        let columns = [
            ("ivr_status", ColumnValues::Words(&words)),
            ("queue_wait_s", ColumnValues::Numbers(&waits)),
            ("hold_count", ColumnValues::Numbers(&holds)),
        ];
        let vectors: Vec<FeatureVector> = (calls.iter())
            .map(|(wait, hold, status)| {
                let mut named: Vec<(&str, Value)> = Vec::new();
                for (name, x) in [("queue_wait_s", *wait), ("hold_count", *hold)] {
                    if x.is_finite() {
                        named.push((name, number(x)));
                    }
                }
                named.extend(status.iter().map(|s| ("ivr_status", word(s))));
                vector(&named)
            })
            .collect();
        for predictor in &*PREDICTORS {
            let found = predictor.predict_columns(calls.len(), &columns).unwrap();
            for (i, features) in vectors.iter().enumerate() {
                let one = predictor.predict(features);
                assert_eq!(found.log_odds[i], one.log_odds, "{i} of {calls:?}");
                assert_eq!(found.satisfied[i], one.satisfied);
                assert_eq!(found.csi[i], one.csi);
                assert_eq!(found.dissatisfied.as_ref().map(|d| d[i]), one.dissatisfied);
                let marks = found
                    .marks
                    .as_ref()
                    .map(|marks| marks[5 * i..5 * i + 5].to_vec());
                assert_eq!(marks, one.marks);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_table_is_predicted_as_its_calls_are(
            calls in prop::collection::vec(
                (
                    prop_oneof![0.0..400.0_f64, prop::num::f64::ANY],
                    prop_oneof![Just(f64::NAN), (0..5_i32).prop_map(f64::from)],
                    prop::option::of(prop_oneof![
                        Just("completed".to_owned()), Just("failed".to_owned()),
                        Just("abandoned".to_owned()), Just("never seen".to_owned()),
                    ]),
                ),
                0..40,
            ),
        ) {
            check(&calls);
        }
    }

    #[test]
    fn blocks_leave_no_trace() {
        let calls: Vec<(f64, f64, Option<String>)> = (0..2 * BLOCK + 17)
            .map(|i| {
                let hold = if i % 3 == 0 { f64::NAN } else { (i % 4) as f64 };
                (
                    (i * 37 % 500) as f64,
                    hold,
                    (i % 5 > 1).then(|| "completed".to_owned()),
                )
            })
            .collect();
        check(&calls);
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let predictor = &PREDICTORS[0];
        let numbers = ColumnValues::Numbers(&[1.0, 2.0]);
        for (columns, place, wanted) in [
            (vec![("mood", numbers)], "mood", "measures"),
            (vec![("ivr_status", numbers)], "ivr_status", "a word"),
            (
                vec![("hold_count", ColumnValues::Numbers(&[1.0]))],
                "hold_count",
                "2, one",
            ),
            (vec![("hold_count", numbers); 2], "hold_count", "once"),
        ] {
            let error = predictor.predict_columns(2, &columns).unwrap_err();
            assert_eq!(error.place(), place);
            assert!(error.wanted().contains(wanted), "{error}");
        }
        assert!(predictor.predict_columns(0, &[]).unwrap().csi.is_empty());
        // Nothing known of a call is a call of which everything is absent.
        let none = predictor.predict_columns(1, &[]).unwrap();
        assert_eq!(none.csi[0], predictor.predict(&vector(&[])).csi);
    }
}
