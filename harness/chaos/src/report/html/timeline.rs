//! The timeline: faults in lanes, the panels below them, and complaints as marks across all of it.

use std::error::Error;

use maud::{Markup, PreEscaped, html};

use super::super::latency::ms;
use super::super::summary::Summary;
use super::frame::{Axis, Frame};
use super::ink::Ink;
use super::panel::{PANELS, Panel};
use super::{lanes, plot};

pub(super) fn section(summary: &Summary) -> Result<Markup, Box<dyn Error>> {
    let mut panels = Vec::new();
    for (number, panel) in PANELS.iter().enumerate() {
        let last = number + 1 == PANELS.len();
        panels.push(figure(panel, summary, last)?);
    }
    Ok(html! {
        section #timeline {
            h2 { "Timeline" }
            p.readout #readout aria-live="polite" { "Touch the timeline, or point at it, to read a moment." }
            p.caption {
                b { "Faults" }
                span.keys {
                    (key_of_bar("fault", "acted"))
                    (key_of_bar("dud", "did nothing, or went wrong"))
                    @if !summary.verdict.complaining.is_empty() { span.key { span.head { "▼" } "complaint" } }
                }
            }
            div.stage #stage {
                figure { @for frame in &Frame::ALL { (lanes::draw(frame, summary)) } }
                @for panel in panels { (panel) }
                (marks(summary))
                div.cursor #cursor hidden {}
            }
            p.note {
                "Requests and logins stand where they ended. Where anything failed the band on top is at "
                "least a hairline. Phases: " (phases(summary)) "."
            }
        }
    })
}

fn figure(panel: &Panel, summary: &Summary, last: bool) -> Result<Markup, Box<dyn Error>> {
    let mut drawings = Vec::new();
    for frame in &Frame::ALL {
        let svg = plot::draw(panel, frame, summary, last)?;
        let class = format!(
            "<svg class=\"plot {}\" role=\"img\" aria-label=\"{}\" ",
            frame.class, panel.title
        );
        drawings.push(svg.replacen("<svg ", &class, 1));
    }
    Ok(html! {
        figure id=(panel.name) {
            figcaption {
                b { (panel.title) }
                span.keys { @for (ink, word) in panel.keys { (key(*ink, word)) } }
            }
            @for svg in drawings { (PreEscaped(svg)) }
        }
    })
}

/// The meaning of an ink, drawn as the plot draws it.
fn key(ink: Ink, word: &str) -> Markup {
    let colour = ink.hex();
    html! {
        span.key {
            svg.plot viewBox="0 0 220 120" width="22" height="12" aria-hidden="true" {
                @if matches!(ink, Ink::Ok | Ink::Failed) {
                    rect x="40" y="0" width="140" height="120" rx="20" fill=(colour) {}
                } @else {
                    line x1="0" x2="220" y1="60" y2="60" stroke-width="25" stroke=(colour) {}
                }
            }
            (word)
        }
    }
}

fn key_of_bar(class: &str, word: &str) -> Markup {
    html! {
        span.key {
            svg.plot viewBox="0 0 22 12" width="22" height="12" aria-hidden="true" {
                rect class=(class) x="2" y="1" width="18" height="10" rx="1.5" {}
            }
            (word)
        }
    }
}

/// A mark for each complaint, which the judges' list leads to, and back.
fn marks(summary: &Summary) -> Markup {
    let axis = Axis::of(summary);
    html! {
        @for (judge, verdict) in summary.judges.iter().enumerate() {
            @for (number, complaint) in verdict.complaints.iter().enumerate() {
                @let share = axis.share(ms(complaint.at));
                a.mark id={ "mark-" (judge) "-" (number) } href={ "#complaint-" (judge) "-" (number) }
                    style={ "--at:" (format!("{share:.5}")) }
                    title={ (verdict.judge) ": " (complaint.text) }
                    aria-label={ "Complaint of " (verdict.judge) } {}
            }
        }
    }
}

fn phases(summary: &Summary) -> String {
    let phases = summary.phases.iter().map(|span| {
        let (from, to) = (span.from_ms / 1e3, span.to_ms / 1e3);
        format!("{} {from:.1}–{to:.1} s", span.name())
    });
    phases.collect::<Vec<_>>().join(", ")
}
