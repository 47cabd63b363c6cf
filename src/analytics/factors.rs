//! How much of the spread of a figure lies between groups, and what each group adds, minding the others.
//!
//! Calls are grouped in several ways at once (a queue, an operator, a week), so a good operator of a bad
//! queue looks bad. The model is `y = μ + a(queue) + b(operator) + … + e`, every effect random.
//!
//! # Conventions
//!
//! * Variances come from Henderson's method III (1953; Searle, Casella & McCulloch 1992, chapter 5), each
//!   factor fitted after all others: what it explains beyond them is set to what is expected of that. So a
//!   variance does not hang on how the other factors are spread, however unevenly groups meet. One that
//!   comes out negative is 0.
//! * More than [`MOST_FITTED`] groups together are too many to fit at once; then it is method I: the sums of
//!   squares between the groups of each factor, whatever the others.
//! * Effects are the best linear unbiased predictions for those variances (Robinson 1991): means of what the
//!   other effects leave, drawn towards 0 by σ²ₑ / σ²_factor calls. With one factor that is the
//!   empirical-Bayes mean of Efron & Morris (1975). Their intervals take the variances and the other effects
//!   as known.
//! * Only counts, means and how often two groups meet are kept: memory grows with groups, not with calls.
//! * A call without a value of a factor is of a group of its own, number 0.

use super::Moments;
use super::linear::{inverse, product};
use super::stats::{Range, z};
use std::collections::HashMap;

/// Most rounds of prediction, and how little they may change at the end, in units of y.
const ROUNDS: usize = 2_000;
const SETTLED: f64 = 1e-9;

/// Groups of all factors together that are fitted at once.
const MOST_FITTED: usize = 1_200;

/// Gathers a figure by several factors.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    levels: Vec<Vec<Moments>>,
    /// How often level g of factor a meets level h of factor b, for a < b.
    meets: Vec<HashMap<(u32, u32), u64>>,
    total: Moments,
}

/// What the spread is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    /// Variance between the groups of each factor; `None` of one that cannot be told from another.
    pub between: Vec<Option<f64>>,
    /// Variance between calls of the same groups.
    pub within: f64,
}

/// What a group adds to the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Effect {
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

impl Effect {
    pub fn range(&self, around: f64) -> Range {
        Range::around(around + self.value, z() * self.error)
    }
}

fn pairs(factors: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..factors).flat_map(move |a| (a + 1..factors).map(move |b| (a, b)))
}

impl Factors {
    pub fn new(factors: usize) -> Factors {
        Factors {
            levels: vec![Vec::new(); factors],
            meets: pairs(factors).map(|_| HashMap::new()).collect(),
            total: Moments::default(),
        }
    }

    /// Takes the groups of one factor as they were gathered.
    pub fn of_groups(groups: impl Iterator<Item = Moments>) -> Factors {
        let levels: Vec<Moments> = groups.collect();
        let mut total = Moments::default();
        levels.iter().for_each(|group| total.merge(group));
        Factors {
            levels: vec![levels],
            meets: Vec::new(),
            total,
        }
    }

    /// Adds a call: its group of each factor, and its figure.
    pub fn push(&mut self, groups: &[u32], y: f64) {
        self.total.push(y);
        for (levels, &group) in self.levels.iter_mut().zip(groups) {
            let group = group as usize;
            if levels.len() <= group {
                levels.resize(group + 1, Moments::default());
            }
            levels[group].push(y);
        }
        for ((a, b), meets) in pairs(groups.len()).zip(&mut self.meets) {
            *meets.entry((groups[a], groups[b])).or_default() += 1;
        }
    }

    pub fn total(&self) -> &Moments {
        &self.total
    }

    /// The same of one of the factors.
    pub fn alone(&self, factor: usize) -> Factors {
        Factors {
            levels: vec![self.levels[factor].clone()],
            meets: Vec::new(),
            total: self.total,
        }
    }

    /// Returns what the spread is made of; `None` of fewer than two calls.
    pub fn spread(&self) -> Option<Spread> {
        let total = self.total.variance()?;
        let count = self.levels.len();
        let mut used: Vec<usize> = (0..count).filter(|&a| self.groups(a) > 1).collect();
        let mut between = vec![Some(0.0); count];
        if used.iter().map(|&a| self.groups(a)).sum::<usize>() <= MOST_FITTED
            && let Some((found, within)) = self.fitted(&used)
        {
            for (&factor, variance) in used.iter().zip(found) {
                between[factor] = variance;
            }
            return Some(Spread { between, within });
        }
        loop {
            if used.is_empty() {
                return Some(Spread {
                    between,
                    within: total,
                });
            }
            let Some(found) = self.henderson(&used) else {
                // The last one says nothing that the others do not.
                let dropped = used.pop()?;
                between[dropped] = None;
                continue;
            };
            let least = (0..used.len()).min_by(|&a, &b| found[a].total_cmp(&found[b]))?;
            if found[least] < 0.0 {
                between[used.remove(least)] = Some(0.0);
                continue;
            }
            for (at, &factor) in used.iter().enumerate() {
                between[factor] = Some(found[at]);
            }
            return Some(Spread {
                between,
                within: found[used.len()].max(0.0),
            });
        }
    }

    /// Returns the variances of the factors used, and of the rest, each factor fitted after all others;
    /// `None` where nothing is left beside the fit.
    fn fitted(&self, used: &[usize]) -> Option<(Vec<Option<f64>>, f64)> {
        let fit = |order: &[usize]| -> (Vec<Swept>, f64) {
            let mut normal = self.normal(order);
            (normal.sweep(), self.total.squares())
        };
        let (mut rank, mut explained) = (0, 0.0);
        let (parts, all) = fit(used);
        for part in &parts {
            rank += part.rank;
            explained += part.explained;
        }
        // One for the mean.
        let freedom = self.total.count() as f64 - 1.0 - rank as f64;
        if freedom < 1.0 {
            return None;
        }
        let within = (all - explained).max(0.0) / freedom;
        let found = used.iter().map(|&factor| {
            let others = used.iter().copied().filter(|&other| other != factor);
            let order: Vec<usize> = others.chain([factor]).collect();
            let last = fit(&order).0.pop()?;
            // Groups that the others tell already leave nothing to be spread.
            let told = last.rank > 0 && last.trace > 1e-9 * self.total.count() as f64;
            told.then(|| ((last.explained - last.rank as f64 * within) / last.trace).max(0.0))
        });
        Some((found.collect(), within))
    }

    /// Returns the products of the indicators of all groups, with the sums of the figure, both about the mean
    /// of all calls; the factors in this order.
    fn normal(&self, order: &[usize]) -> Normal {
        let calls = self.total.count() as f64;
        let mean = self.total.mean().unwrap_or_default();
        let mut first = vec![0; self.levels.len()];
        let mut blocks = Vec::new();
        let mut width = 0;
        for &a in order {
            first[a] = width;
            width += self.levels[a].len();
            blocks.push(self.levels[a].len());
        }
        let mut counts = vec![0.0; width];
        let mut sums = vec![0.0; width];
        for &a in order {
            for (g, moments) in self.levels[a].iter().enumerate() {
                counts[first[a] + g] = moments.count() as f64;
                sums[first[a] + g] = moments.sum() - moments.count() as f64 * mean;
            }
        }
        // About the mean: n_gh − n_g n_h / N.
        let mut products: Vec<Vec<f64>> = counts
            .iter()
            .map(|n| counts.iter().map(|m| -n * m / calls).collect())
            .collect();
        for (i, n) in counts.iter().enumerate() {
            products[i][i] += n;
        }
        for ((a, b), meets) in pairs(self.levels.len()).zip(&self.meets) {
            if !(order.contains(&a) && order.contains(&b)) {
                continue;
            }
            for (&(g, h), &n) in meets {
                let (i, j) = (first[a] + g as usize, first[b] + h as usize);
                products[i][j] += n as f64;
                products[j][i] += n as f64;
            }
        }
        Normal {
            scale: (0..width).map(|i| products[i][i]).collect(),
            products,
            sums,
            blocks,
        }
    }

    fn groups(&self, factor: usize) -> usize {
        self.levels[factor].iter().filter(|m| m.count() > 0).count()
    }

    /// Returns the variances of the factors used and, last, of the rest.
    fn henderson(&self, used: &[usize]) -> Option<Vec<f64>> {
        let calls = self.total.count() as f64;
        let mean = self.total.mean()?;
        // Of all calls: Σₕ nₕ² / N, what σ² of a factor adds to N ȳ².
        let square = |m: &Moments| (m.count() as f64).powi(2);
        let whole: Vec<f64> = used
            .iter()
            .map(|&b| self.levels[b].iter().map(square).sum::<f64>() / calls)
            .collect();
        let mut equations = Vec::new();
        let mut sums = Vec::new();
        for &a in used {
            let mut row: Vec<f64> = used
                .iter()
                .zip(&whole)
                .map(|(&b, whole)| self.shared(a, b) - whole)
                .collect();
            row.push(self.groups(a) as f64 - 1.0);
            equations.push(row);
            let levels = self.levels[a].iter();
            sums.push(
                levels
                    .map(|m| m.count() as f64 * (m.mean().unwrap_or(mean) - mean).powi(2))
                    .sum(),
            );
        }
        let mut row: Vec<f64> = whole.iter().map(|whole| calls - whole).collect();
        row.push(calls - 1.0);
        equations.push(row);
        sums.push(self.total.squares());
        Some(product(&inverse(&equations)?, &sums))
    }

    /// Returns Σ_g Σ_h n_gh² / n_g over the groups g of one factor and h of another.
    fn shared(&self, a: usize, b: usize) -> f64 {
        if a == b {
            return self.total.count() as f64;
        }
        let (first, second) = (a.min(b), a.max(b));
        let Some(at) = pairs(self.levels.len()).position(|pair| pair == (first, second)) else {
            return 0.0;
        };
        // Summed in order, so that every run gives the same digits.
        let mut terms: Vec<(u32, u32, f64)> = self.meets[at]
            .iter()
            .map(|(&(g, h), &n)| {
                let group = if a == first { g } else { h };
                let all = self.levels[a][group as usize].count() as f64;
                (g, h, (n as f64).powi(2) / all)
            })
            .collect();
        terms.sort_unstable_by_key(|term| (term.0, term.1));
        terms.iter().map(|term| term.2).sum()
    }

    /// Returns the effects of every group of every factor, for these variances.
    pub fn effects(&self, spread: &Spread) -> Vec<Vec<Effect>> {
        let mean = self.total.mean().unwrap_or_default();
        let count = self.levels.len();
        // Calls that a group is drawn to 0 by; without an effect, all the way.
        let pull: Vec<Option<f64>> = spread
            .between
            .iter()
            .map(|variance| variance.filter(|v| *v > 0.0).map(|v| spread.within / v))
            .collect();
        let mut meets: Vec<Vec<Vec<(u32, f64)>>> = Vec::new();
        for ((a, b), found) in pairs(count).zip(&self.meets) {
            let mut forth = vec![Vec::new(); self.levels[a].len()];
            let mut back = vec![Vec::new(); self.levels[b].len()];
            let mut sorted: Vec<_> = found.iter().collect();
            sorted.sort_unstable();
            for (&(g, h), &n) in sorted {
                forth[g as usize].push((h, n as f64));
                back[h as usize].push((g, n as f64));
            }
            meets.push(forth);
            meets.push(back);
        }
        let of_pair = |a: usize, b: usize| {
            let at = pairs(count).position(|pair| pair == (a.min(b), a.max(b)))?;
            meets.get(2 * at + usize::from(a > b))
        };
        let mut values: Vec<Vec<f64>> = self.levels.iter().map(|l| vec![0.0; l.len()]).collect();
        let mut centre = mean;
        for _ in 0..ROUNDS {
            let mut moved = 0.0_f64;
            for a in 0..count {
                let Some(pull) = pull[a] else { continue };
                for g in 0..self.levels[a].len() {
                    let calls = self.levels[a][g].count() as f64;
                    if calls == 0.0 {
                        continue;
                    }
                    let mut left = self.levels[a][g].sum() - calls * centre;
                    for b in (0..count).filter(|&b| b != a) {
                        let met = of_pair(a, b).map(|m| &m[g]);
                        for &(h, n) in met.into_iter().flatten() {
                            left -= n * values[b][h as usize];
                        }
                    }
                    let value = left / (calls + pull);
                    moved = moved.max((value - values[a][g]).abs());
                    values[a][g] = value;
                }
            }
            let all = self.total.count() as f64;
            let added = |a: usize| {
                let levels = self.levels[a].iter().zip(&values[a]);
                levels.map(|(m, v)| m.count() as f64 * v).sum::<f64>()
            };
            let next = mean - (0..count).map(added).sum::<f64>() / all;
            moved = moved.max((next - centre).abs());
            centre = next;
            if moved < SETTLED {
                break;
            }
        }
        let effect = |a: usize, g: usize| {
            let calls = self.levels[a][g].count() as f64;
            let variance = pull[a].map_or(0.0, |pull| spread.within / (calls + pull));
            // Effects are told against the mean of all calls.
            let value = values[a][g];
            Effect {
                value,
                error: variance.sqrt(),
            }
        };
        (0..count)
            .map(|a| (0..self.levels[a].len()).map(|g| effect(a, g)).collect())
            .collect()
    }
}

/// The normal equations of a fit, block by block.
struct Normal {
    products: Vec<Vec<f64>>,
    sums: Vec<f64>,
    /// What stood on the diagonal, to tell nothing from rounding.
    scale: Vec<f64>,
    /// Columns of each factor.
    blocks: Vec<usize>,
}

/// What a factor adds to those fitted before it.
struct Swept {
    /// Columns that say something new.
    rank: usize,
    /// Sum of squares that they explain.
    explained: f64,
    /// Trace of the factor's products when the factors before it are taken out: calls less what those tell.
    trace: f64,
}

impl Normal {
    /// Takes out one factor after the other.
    fn sweep(&mut self) -> Vec<Swept> {
        let width = self.sums.len();
        let mut from = 0;
        let mut found = Vec::new();
        for block in std::mem::take(&mut self.blocks) {
            let to = from + block;
            let mut swept = Swept {
                rank: 0,
                explained: 0.0,
                trace: (from..to).map(|i| self.products[i][i].max(0.0)).sum(),
            };
            for at in from..to {
                let pivot = self.products[at][at];
                if pivot <= 1e-9 * self.scale[at] || pivot <= 0.0 {
                    continue;
                }
                swept.rank += 1;
                swept.explained += self.sums[at] * self.sums[at] / pivot;
                let row = std::mem::take(&mut self.products[at]);
                for below in at + 1..width {
                    let factor = self.products[below][at] / pivot;
                    if factor == 0.0 {
                        continue;
                    }
                    self.sums[below] -= factor * self.sums[at];
                    let left = &mut self.products[below][at + 1..];
                    left.iter_mut()
                        .zip(&row[at + 1..])
                        .for_each(|(x, r)| *x -= factor * r);
                }
                self.products[at] = row;
            }
            found.push(swept);
            from = to;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found}, wanted {wanted}");
    }

    /// Balanced, one way: groups {1, 3}, {5, 7}, {3, 5}. Means 2, 6, 4, of all 4; between 2·(4+4+0)/2 = 8,
    /// within 6/3 = 2; σ² = (8 − 2)/2 = 3. Shrunk by 2/(2 + 2/3) = ¾: −1.5, 1.5, 0.
    #[test]
    fn balanced_groups_by_hand() {
        let mut factors = Factors::new(1);
        for (group, y) in [(0, 1.0), (0, 3.0), (1, 5.0), (1, 7.0), (2, 3.0), (2, 5.0)] {
            factors.push(&[group], y);
        }
        let spread = factors.spread().unwrap();
        near(spread.between[0].unwrap(), 3.0);
        near(spread.within, 2.0);
        let effects = factors.effects(&spread);
        let found: Vec<f64> = effects[0].iter().map(|e| e.value).collect();
        for (found, wanted) in found.into_iter().zip([-1.5, 1.5, 0.0]) {
            near(found, wanted);
        }
        // σ²ₑ / (n + σ²ₑ/σ²) = 2 / (2 + 2/3).
        near(effects[0][0].error, 0.75_f64.sqrt());
    }

    /// Balanced, two ways, one call a cell: rows 0, 1, 2 add 0, 3, 6 and columns 0, 1 add 0, 2, with noise
    /// ±1 that sums to 0 over rows and columns. By the two-way analysis of variance the rows' mean square is
    /// 2·(9 + 0 + 9)/2 = 18, the columns' 3·(1 + 1)/1 = 6; the rest has (3 − 1)(2 − 1) = 2 degrees and the
    /// squares of the noise, 4: mean square 2.
    #[test]
    fn balanced_two_ways_agree_with_the_analysis_of_variance() {
        let noise = [[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]];
        let mut factors = Factors::new(2);
        for row in 0..3_u32 {
            for column in 0..2_u32 {
                let y = 3.0 * f64::from(row) + 2.0 * f64::from(column);
                factors.push(&[row, column], y + noise[row as usize][column as usize]);
            }
        }
        // Rows: (18 − 2)/2 = 8; columns: (6 − 2)/3.
        let spread = factors.spread().unwrap();
        near(spread.between[0].unwrap(), 8.0);
        near(spread.between[1].unwrap(), 4.0 / 3.0);
        near(spread.within, 2.0);
        // Of balanced cells the effects are those of each way alone: rows −3·2/(2 + 2/8) …
        let effects = factors.effects(&spread);
        near(effects[0][0].value, -3.0 * 2.0 / (2.0 + 0.25));
        near(effects[1][1].value, 3.0 / (3.0 + 1.5));
    }

    /// Operators mostly of one queue, as centres have them: q1 takes 2 marks off; of six operators four
    /// work in one queue only, two in both. A queue's doing is not laid on its operators.
    #[test]
    fn what_lies_between_queues_is_not_laid_on_their_operators() {
        let mut factors = Factors::new(2);
        let work = [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 1),
            (4, 0),
            (4, 1),
            (5, 0),
            (5, 1),
        ];
        for (operator, queue) in work {
            for call in 0..50_u32 {
                let noise = f64::from(call % 5) - 2.0;
                factors.push(
                    &[operator, queue],
                    4.0 - 2.0 * f64::from(queue) + 0.1 * noise,
                );
            }
        }
        let spread = factors.spread().unwrap();
        // Of two queues 2 apart the variance is 2²/2, of operators who are alike it is none.
        assert!(
            (spread.between[1].unwrap() - 2.0).abs() < 0.01,
            "{spread:?}"
        );
        assert!(spread.between[0].unwrap() < 0.001, "{spread:?}");
        let effects = factors.effects(&spread);
        assert!((effects[1][1].value - effects[1][0].value + 2.0).abs() < 0.01);
    }

    /// A factor that is another under a new name cannot be told from it.
    #[test]
    fn a_factor_twice_cannot_be_told() {
        let mut factors = Factors::new(2);
        for (group, y) in [(0, 1.0), (0, 3.0), (1, 5.0), (1, 7.0), (2, 3.0), (2, 5.0)] {
            factors.push(&[group, group], y);
        }
        let spread = factors.spread().unwrap();
        assert_eq!(spread.between, [None, None]);
        let alone = factors.alone(1).spread();
        assert_eq!(alone, factors.alone(0).spread());
        near(alone.unwrap().between[0].unwrap(), 3.0);
    }
}
