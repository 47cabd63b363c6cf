//! Triggers: what in an archive wants somebody's attention, with its evidence, told once while it lasts.
//!
//! [`Rules`] stand in a small TOML file. A [`Watch`] takes the calls one by one, in any order, and gives
//! [`Alert`]s at the end. `docs/triggers.md` explains the file; [`Rules::DEFAULT`] is one.
//!
//! ```
//! use callcsi::analytics::{CallRow, Estimate, triggers::{Rules, Watch}};
//! use callcsi::features::Lang;
//! use callcsi::model::LabelScale;
//! let rules = Rules::parse("rules.toml", r#"
//!     [[call]]
//!     name = "unhappy"
//!     when = "csi < 2.5 and queue_wait_s is absent"
//! "#)?;
//! let mut watch = Watch::new(&rules, &[], None, &LabelScale::ONE_TO_FIVE)?;
//! let mut call = CallRow::new("c-17");
//! call.estimate = Some(Estimate { csi: 1.9, satisfied: 0.1, dissatisfied: Some(0.7) });
//! watch.push(&call);
//! let watched = watch.finish();
//! assert_eq!(
//!     watched.alerts[0].sentence(Lang::En),
//!     "call c-17: expected mark 1.9 (csi < 2.5 and queue_wait_s is absent)"
//! );
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! # Conventions
//!
//! * Four kinds of rules: of a **call** (a condition that is true of it), of a **group** (a chart of a
//!   measure over days or weeks), of an **operator** (the same against the operator's own past), of the
//!   **data** (against the model's training calls, by the population stability index).
//! * An alert lasts from the first period outside its limits to the last one before a calm; between them it
//!   is told once, by its worst period.
//! * A rule that cannot speak (no such column, too few calls, no model) is [`Idle`], and says why. Silence of
//!   a rule that is not idle means that nothing was found.
//! * Groups with too few calls are never judged. Operators are compared with nobody but themselves.
//! * Memory: one count, mean and spread per rule, group and period; of the data a count per bin and day.
//!
//! # How often charts are wrong
//!
//! By simulation, 28 days of baseline and 90 judged, both sides, limits of 3: an EWMA gives 1 to 3 false alerts
//! for 20 groups in 90 days, a daily chart 2 to 5, whether days differ by chance, by weekday or not at all. The
//! textbook's limits give up to 59 and 131 where days differ. `docs/triggers.md` has the table.

mod alert;
mod charts;
mod expression;
mod rules;
mod watch;

pub use alert::{About, Alert, Evidence, Idle, Kind, Severity, Why, write_json_lines};
pub use rules::Rules;
pub use watch::{Beyond, Watch, Watched};
