//! Requests and logins by kind: their outcomes, how long they took, and what failures said.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::super::sqlstate::Told;
use super::super::summary::Summary;
use super::super::tally::Tally;
use super::frame::number;
use super::scale::grouped;

pub(super) fn section(summary: &Summary) -> Markup {
    html! {
        section #requests {
            h2 { "Requests and logins" }
            h3 { "Outcomes of requests" }
            (outcomes("kind of work", &summary.requests))
            h3 { "Outcomes of logins" }
            (outcomes("sent", &summary.logins))
            h3 { "Time to an answer" }
            (latencies(summary))
            @if !summary.sqlstates.is_empty() {
                h3 { "What failures said first" }
                (told(&summary.sqlstates))
            }
        }
    }
}

fn outcomes(what: &str, tallies: &[Tally]) -> Markup {
    let sqlstates: BTreeSet<&String> = tallies.iter().flat_map(|t| t.failed.keys()).collect();
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (what) } th.number { "asked" } th.number { "ok" }
                        @for sqlstate in &sqlstates { th.number { (sqlstate) } }
                        th.number { "no SQLSTATE" } th.number { "abandoned" } th.number { "unanswered" }
                    }
                }
                tbody {
                    @for tally in tallies {
                        tr {
                            th scope="row" { (tally.what) }
                            (count(tally.asked)) (count(tally.ok))
                            @for sqlstate in &sqlstates {
                                (count(tally.failed.get(*sqlstate).copied().unwrap_or(0)))
                            }
                            (count(tally.failed_without_sqlstate))
                            (count(tally.abandoned)) (count(tally.unanswered))
                        }
                    }
                }
            }
        }
    }
}

/// A 0 is faint, so that what happened stands out.
fn count(count: u64) -> Markup {
    html! { td.number.none[count == 0] { (grouped(number(count))) } }
}

fn latencies(summary: &Summary) -> Markup {
    let tallies = summary.requests.iter().chain(&summary.logins);
    html! {
        div.scroll {
            table {
                thead {
                    tr { th { "ms" } th.number { "p50" } th.number { "p90" } th.number { "p99" } th.number { "longest" } }
                }
                tbody {
                    @for tally in tallies {
                        @let latency = tally.latency;
                        tr {
                            th scope="row" { (tally.what) }
                            (time(latency.p50_ms)) (time(latency.p90_ms))
                            (time(latency.p99_ms)) (time(latency.max_ms))
                        }
                    }
                }
            }
        }
    }
}

fn time(ms: Option<f64>) -> Markup {
    let text = match ms {
        None => "–".to_owned(),
        Some(short) if short < 100.0 => format!("{short:.1}"),
        Some(long) => grouped(long),
    };
    html! { td.number { (text) } }
}

fn told(ways: &[Told]) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr { th { "SQLSTATE" } th { "first message" } th.number { "requests" } th.number { "logins" } }
                }
                tbody {
                    @for way in ways {
                        tr {
                            th scope="row" { (way.sqlstate.as_deref().unwrap_or("none")) }
                            td.message { div { (way.message) } }
                            (count(way.requests)) (count(way.logins))
                        }
                    }
                }
            }
        }
    }
}
