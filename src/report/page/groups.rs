//! Groups of calls beside each other.

use super::Page;
use crate::analytics::{Group, GroupTable, NotGrouped};
use crate::report::chart::{bar, bounds, interval, spark};
use crate::report::words::{self, NOTHING, Shape, count, mark, percent};
use maud::{Markup, html};

/// Groups of a column shown at each end of a long table; the rest is folded away.
const SHOWN: usize = 15;
/// Groups of a column in the page at all; the tables beside it have every one.
const MOST_GROUPS: usize = 300;

impl Page<'_> {
    pub(super) fn groups(&self) -> Markup {
        let (lang, analysis) = (self.lang, self.analysis);
        let shown: Vec<&GroupTable> = analysis
            .columns
            .iter()
            .filter(|t| t.left_out != Some(NotGrouped::NoValue))
            .collect();
        html! {
            @if shown.is_empty() {
                p { (lang.of(
                    "No column to group by. Columns come with --manifest, or were kept in the results (score_archive --keep); --by names others.",
                    "Нет столбцов для группировки. Они берутся из --manifest или из результатов (score_archive --keep); другие называет --by.",
                )) }
            }
            (self.spread())
            @for table in shown { (self.group_table(table)) }
        }
    }

    pub(super) fn spread(&self) -> Markup {
        let (lang, spread) = (self.lang, &self.analysis.spread);
        if spread.len() < 2 {
            return html! {};
        }
        html! {
            h3 { (lang.of("Who or what: where the spread of the estimates lies", "Кто или что: из чего складывается разброс оценок")) }
            p.soft { (lang.of(
                "Shares of the variance, all columns at once. What lies between calls of the same groups is no group's doing.",
                "Доли дисперсии, все столбцы сразу. Разброс внутри одинаковых групп от группы не зависит.",
            )) }
            div.scroll { table {
                tbody { @for part in spread {
                    tr {
                        td.name { (words::spread(&part.of, lang)) }
                        td.pic { @if let Some(share) = part.share { (bar(share, None, (0.0, 1.0))) } }
                        td.n { @match part.share { Some(share) => (percent(share, lang)), None => (lang.of("not told apart from another column", "не отделить от другого столбца")) } }
                        td.n.soft { @if let Some(deviation) = part.deviation { "± " (mark(deviation, lang)) } }
                    }
                } }
            } }
        }
    }

    pub(super) fn group_table(&self, table: &GroupTable) -> Markup {
        let lang = self.lang;
        let centre = self
            .analysis
            .overview
            .estimated
            .csi
            .map_or(0.0, |f| f.value);
        let minding = table.groups.iter().any(|g| g.minding.is_some());
        let of = |g: &Group| {
            if minding {
                g.minding.clone()
            } else {
                g.shrunk.clone()
            }
        };
        let ends = table
            .groups
            .iter()
            .filter_map(&of)
            .flat_map(|s| [s.range.low, s.range.high]);
        let axis = bounds(ends.chain([centre])).unwrap_or((0.0, 1.0));
        let weeks = table
            .groups
            .iter()
            .flat_map(|g| g.weeks.iter().map(|w| w.1));
        let spark_axis = bounds(weeks).unwrap_or((0.0, 1.0));
        let surveyed = table.groups.iter().any(|g| g.surveyed.csi.is_some());
        let cdsat = table.groups.iter().any(|g| g.estimated.cdsat.is_some());
        let trends = table.groups.iter().any(|g| g.weeks.len() >= 3);
        let row = |g: &Group| {
            html! {
                tr {
                    td.name { (words::group(&table.column, &g.name, lang)) }
                    td.n { (count(g.calls, lang)) }
                    td.pic { @if let Some(s) = of(g) { (interval(axis, s.value, Some((s.range.low, s.range.high)), g.estimated.csi.map(|f| f.value), centre)) } }
                    td.n { @match of(g) { Some(s) => { (mark(s.value, lang)) " " span.range { "[" (Shape::Mark.ends(s.range.low, s.range.high, lang)) "]" } }, None => (NOTHING) } }
                    td.n { (g.estimated.csi.map_or(NOTHING.to_owned(), |f| mark(f.value, lang))) }
                    @if cdsat { td.n { (g.estimated.cdsat.map_or(NOTHING.to_owned(), |f| percent(f.value, lang))) } }
                    @if surveyed { td.n { (g.surveyed.csi.filter(|f| f.calls >= 10).map_or(NOTHING.to_owned(), |f| format!("{} ({})", mark(f.value, lang), count(f.calls, lang)))) } }
                    @if trends { td { (spark(&g.weeks.iter().map(|w| w.1).collect::<Vec<_>>(), spark_axis)) } }
                }
            }
        };
        let long = table.groups.len() > 2 * SHOWN;
        let rows = |groups: &[Group]| {
            html! {
                div.scroll { table {
                    thead { tr {
                        th { (words::column(&table.column, lang)) }
                        th.n { (lang.of("calls", "звонков")) }
                        th { }
                        th.n { @if minding { (lang.of("CSI, mix alike", "CSI при равных прочих")) } @else { (lang.of("CSI, shrunk", "CSI, сглажено")) } }
                        th.n { (lang.of("CSI, raw", "CSI как есть")) }
                        @if cdsat { th.n { "CDSAT" } }
                        @if surveyed { th.n { (lang.of("surveyed (n)", "опрос (n)")) } }
                        @if trends { th { (lang.of("weeks", "недели")) } }
                    } }
                    tbody { @for group in groups { (row(group)) } }
                } }
            }
        };
        html! {
            h3 { (words::column(&table.column, lang)) }
            @match table.left_out {
                Some(NotGrouped::TooManyGroups) => p.soft { (lang.of("This column has more values than groups are told: it names calls or customers.", "В этом столбце слишком много значений: он называет звонки или клиентов, а не группы.")) },
                _ => {
                    @if table.groups.is_empty() {
                        p.soft { (lang.of("Every group has too few calls.", "В каждой группе слишком мало звонков.")) }
                    } @else if long {
                        p.soft { (lang.of("The lowest", "Самые низкие")) " " (SHOWN) ":" }
                        (rows(&table.groups[..SHOWN]))
                        p.soft { (lang.of("The highest", "Самые высокие")) " " (SHOWN) ":" }
                        (rows(&table.groups[table.groups.len() - SHOWN..]))
                        @let between = &table.groups[SHOWN..table.groups.len() - SHOWN];
                        details {
                            summary { (lang.of("between them", "между ними")) ": " (count(between.len() as u64, lang)) }
                            @if between.len() > MOST_GROUPS { p.soft { (lang.of("The first", "Первые")) " " (MOST_GROUPS) "; " (lang.of("the tables have all", "в таблицах — все")) } }
                            (rows(&between[..between.len().min(MOST_GROUPS)]))
                        }
                    } @else {
                        (rows(&table.groups))
                    }
                    p.soft {
                        @if table.too_few > 0 {
                            (count(table.too_few, lang)) " " (lang.of("groups with fewer than", "групп, где меньше")) " " (self.analysis.least_calls) " " (lang.of("calls are not told", "звонков, не показаны")) " (" (count(table.too_few_calls, lang)) " " (lang.of("calls", "звонков")) "). "
                        }
                        @if table.without > 0 { (count(table.without, lang)) " " (lang.of("calls have no value.", "звонков без значения.")) }
                    }
                }
            }
        }
    }
}
