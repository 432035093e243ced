//! The faults of a run as lanes over the axis of time, and the phases above them.

use maud::{Markup, html};

use super::super::fault::{FaultLine, Lane};
use super::super::summary::{PhaseSpan, Summary};
use super::frame::{Axis, Frame};

/// How tall a lane is, and its bar, in pixels.
const LANE: u32 = 20;
const BAR: u32 = 12;
/// Where the lanes begin: above are the heads of the marks, and the names of the phases.
const TOP: u32 = 34;
/// How wide a letter is, roughly: a phase that is too short keeps its name to itself.
const LETTER: f64 = 7.5;

pub(super) fn draw(frame: &Frame, summary: &Summary) -> Markup {
    let axis = Axis::of(summary);
    let height = TOP + LANE * u32::try_from(Lane::ALL.len()).unwrap_or(0) + 2;
    let x = |at_ms: f64| f64::from(frame.left) + f64::from(frame.inner()) * axis.share(at_ms);
    html! {
        svg class={ "plot lanes " (frame.class) } viewBox={ "0 0 " (frame.width) " " (height) }
            font-size=(frame.font) role="img" aria-label="Faults over time" {
            @for (number, span) in summary.phases.iter().enumerate() {
                (phase(span, number, &x, height))
            }
            @for (number, lane) in Lane::ALL.into_iter().enumerate() {
                @let top = TOP + LANE * u32::try_from(number).unwrap_or(0);
                line.rule x1=(frame.left) x2=(frame.width - frame.right) y1=(top + LANE) y2=(top + LANE) {}
                text x=(frame.left - 6) y=(top + LANE / 2) dy="0.36em" text-anchor="end" { (lane.name()) }
                @for fault in summary.faults.iter().filter(|fault| fault.lane == lane) {
                    (bar(fault, &x, top + (LANE - BAR) / 2, frame == &Frame::WIDE))
                }
            }
        }
    }
}

fn phase(span: &PhaseSpan, number: usize, x: &dyn Fn(f64) -> f64, height: u32) -> Markup {
    let (from, to) = (x(span.from_ms), x(span.to_ms));
    let name = span.name();
    html! {
        @if number % 2 == 1 {
            rect.band x=(px(from)) y="14" width=(px(to - from)) height=(height - 14) {}
        }
        @if f64::from(u32::try_from(name.len()).unwrap_or(0)) * LETTER < to - from {
            text x=(px(f64::midpoint(from, to))) y="27" text-anchor="middle" { (name) }
        }
    }
}

/// A fault that did nothing is hollow.
fn bar(fault: &FaultLine, x: &dyn Fn(f64) -> f64, top: u32, wide: bool) -> Markup {
    let (from, to) = (x(fault.from_ms), x(fault.to_ms));
    let class = if fault.is_dud() { "dud" } else { "fault" };
    html! {
        rect class=(class) x=(px(from)) y=(top) width=(px((to - from).max(1.5))) height=(BAR) rx="1.5" {
            // A finger does not hover.
            @if wide { title { (fault.in_words()) } }
        }
    }
}

fn px(length: f64) -> String {
    format!("{length:.1}")
}
