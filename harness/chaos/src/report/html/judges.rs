//! The judges: what each asks, how many facts it looked at, and what it complains of.

use maud::{Markup, html};

use super::super::summary::Summary;
use super::super::text::{seconds, word};
use super::frame::number;
use super::scale::grouped;
use crate::judge::{Complaint, Verdict};

pub(super) fn section(summary: &Summary) -> Markup {
    html! {
        section #judges {
            h2 { "Judges" }
            @for (place, verdict) in in_order(summary) { (judge(place, verdict)) }
        }
    }
}

/// Those that complain come first.
fn in_order(summary: &Summary) -> Vec<(usize, &Verdict)> {
    let mut judges: Vec<_> = summary.judges.iter().enumerate().collect();
    judges.sort_by_key(|(_, verdict)| (verdict.is_content(), verdict.is_skipped()));
    judges
}

fn judge(place: usize, verdict: &Verdict) -> Markup {
    let word = word(verdict);
    html! {
        article.judge.(word.to_lowercase()) {
            h3 {
                span.badge { (word) }
                span.name { (verdict.judge) }
                span.facts { (grouped(number(verdict.facts))) " facts" }
            }
            p { (verdict.rule) }
            @if !verdict.is_content() {
                ol.complaints {
                    @for (at, complaint) in verdict.complaints.iter().enumerate() {
                        (one(place, at, complaint))
                    }
                }
                @let others = verdict.complaints_in_all - verdict.complaints.len() as u64;
                @if others > 0 { p.more { "and " (grouped(number(others))) " more" } }
            }
        }
    }
}

fn one(judge: usize, number: usize, complaint: &Complaint) -> Markup {
    html! {
        li id={ "complaint-" (judge) "-" (number) } {
            a href={ "#mark-" (judge) "-" (number) } { (seconds(complaint.at)) }
            " "
            span { (complaint.text) }
        }
    }
}
