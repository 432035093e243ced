//! Coverage: the number, its parts, and what was never reached.

use maud::{Markup, html};

use super::super::coverage::{CoverageTable, percent};
use super::super::summary::Summary;

pub(super) fn section(summary: &Summary) -> Markup {
    html! {
        @if !summary.coverage.is_empty() {
            section #coverage {
                h2 { "Coverage" }
                @for table in &summary.coverage { (one(table)) }
            }
        }
    }
}

fn one(table: &CoverageTable) -> Markup {
    html! {
        h3 {
            (table.title) ": " (table.reached) " of " (table.possible)
            " (" (percent(table.reached, table.possible)) " %)"
        }
        @if !table.rows.is_empty() {
            div.scroll {
                table {
                    thead { tr { th { "part" } th.number { "reached" } th.number { "of" } th { "share" } } }
                    tbody { @for (what, reached, possible) in &table.rows { (row(what, *reached, *possible)) } }
                }
            }
        }
        @if !table.never.is_empty() {
            details {
                summary { "Never reached: " (table.never.len()) }
                ul.never { @for what in &table.never { li { (what) } } }
            }
        }
    }
}

fn row(what: &str, reached: u64, possible: u64) -> Markup {
    let percent = percent(reached, possible);
    html! {
        tr {
            th scope="row" { (what) }
            td.number { (reached) }
            td.number { (possible) }
            td { span.share style={ "--share:" (percent) "%" } { (percent) " %" } }
        }
    }
}
