//! The faults as a table.

use maud::{Markup, html};

use super::super::fault::FaultLine;
use super::super::summary::Summary;

/// In a long run the table ends here; those without effect are all in it.
const AT_MOST: usize = 600;

pub(super) fn section(summary: &Summary) -> Markup {
    let all = summary.faults.len();
    let duds: Vec<&FaultLine> = summary.duds().collect();
    let others = summary.faults.iter().filter(|fault| !fault.is_dud());
    let shown: Vec<&FaultLine> = others.take(AT_MOST).collect();
    let left_out = all - duds.len() - shown.len();
    html! {
        section #faults {
            h2 { "Faults" }
            @if !duds.is_empty() {
                h3 { (duds.len()) " without effect, or that went wrong" }
                (table(&duds))
            }
            details open[all <= 60] {
                summary { (shown.len()) " with an effect, or where none can be counted" }
                (table(&shown))
                @if left_out > 0 { p.more { "and " (left_out) " more in report.json" } }
            }
        }
    }
}

fn table(faults: &[&FaultLine]) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr { th { "fault" } th.number { "hits" } th.number { "from" } th.number { "for" } th.number { "#" } }
                }
                tbody {
                    @for fault in faults {
                        tr {
                            th scope="row" {
                                (fault.words)
                                @if let Some(trouble) = &fault.trouble { small { (trouble) } }
                            }
                            td.number { @match fault.hits { Some(hits) => { (hits) }, None => { "–" } } }
                            td.number { (format!("{:.2} s", fault.from_ms / 1e3)) }
                            td.number { (format!("{:.2} s", (fault.to_ms - fault.from_ms) / 1e3)) }
                            td.number { (fault.number) }
                        }
                    }
                }
            }
        }
    }
}
