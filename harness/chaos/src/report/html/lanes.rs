//! The faults of a run as lanes over the axis of time, and the phases above them.

use maud::{Markup, html};

use super::super::fault::{FaultLine, Lane};
use super::super::summary::{PhaseSpan, Summary};
use super::frame::{Axis, Frame};

/// How tall a lane is, and its bar, in pixels.
const LANE: u32 = 20;
const BAR: u32 = 12;
/// Where the names of the phases begin, above them are the heads of the marks; and the lanes.
const NAMES: u32 = 14;
const TOP: u32 = 34;
/// How wide a letter is, roughly: a phase that is too short keeps its name to itself.
const LETTER: f64 = 7.5;
/// More faults than this make a lane look full if each has the width that an eye likes.
const CROWD: usize = 300;

pub(super) fn draw(frame: &Frame, summary: &Summary) -> Markup {
    Lanes {
        frame,
        axis: Axis::of(summary),
        crowded: summary.faults.len() > CROWD,
    }
    .draw(summary)
}

struct Lanes<'a> {
    frame: &'a Frame,
    axis: Axis,
    crowded: bool,
}

impl Lanes<'_> {
    fn draw(&self, summary: &Summary) -> Markup {
        let Frame {
            width, class, font, ..
        } = self.frame;
        let lanes = (0..).zip(Lane::ALL);
        let height = TOP + LANE * u32::try_from(Lane::ALL.len()).unwrap_or(0) + 2;
        html! {
            svg class={ "plot lanes " (class) } viewBox={ "0 0 " (width) " " (height) } font-size=(font)
                role="img" aria-label="Faults over time" {
                @for (number, span) in summary.phases.iter().enumerate() {
                    (self.phase(span, number % 2 == 1, height))
                }
                @for (number, lane) in lanes { (self.lane(lane, TOP + LANE * number, summary)) }
            }
        }
    }

    fn phase(&self, span: &PhaseSpan, shaded: bool, height: u32) -> Markup {
        let (from, to) = (self.x(span.from_ms), self.x(span.to_ms));
        let name = span.name();
        let letters = f64::from(u32::try_from(name.len()).unwrap_or(0));
        html! {
            @if shaded {
                rect.band x=(px(from)) y=(NAMES) width=(px(to - from)) height=(height - NAMES) {}
            }
            @if letters * LETTER < to - from {
                text x=(px(f64::midpoint(from, to))) y=(NAMES + 13) text-anchor="middle" { (name) }
            }
        }
    }

    fn lane(&self, lane: Lane, top: u32, summary: &Summary) -> Markup {
        let Frame {
            width, left, right, ..
        } = self.frame;
        let (middle, bottom) = (top + LANE / 2, top + LANE);
        html! {
            line.rule x1=(left) x2=(width - right) y1=(bottom) y2=(bottom) {}
            text x=(left - 6) y=(middle) dy="0.36em" text-anchor="end" { (lane.name()) }
            @for fault in summary.faults.iter().filter(|fault| fault.lane == lane) {
                (self.bar(fault, top + (LANE - BAR) / 2))
            }
        }
    }

    /// A fault that did nothing is hollow.
    fn bar(&self, fault: &FaultLine, top: u32) -> Markup {
        let (from, to) = (self.x(fault.from_ms), self.x(fault.to_ms));
        let (least, round) = if self.crowded { (0.5, 0.0) } else { (1.5, 1.5) };
        let width = (to - from).max(least);
        let class = match (fault.is_dud(), self.crowded) {
            (false, _) => "fault",
            (true, false) => "dud",
            (true, true) => "dud thin",
        };
        html! {
            rect class=(class) x=(px(from)) y=(top) width=(px(width)) height=(BAR) rx=(round) {
                // A finger does not hover.
                @if self.frame == &Frame::WIDE { title { (fault.in_words()) } }
            }
        }
    }

    fn x(&self, at_ms: f64) -> f64 {
        f64::from(self.frame.left) + f64::from(self.frame.inner()) * self.axis.share(at_ms)
    }
}

fn px(length: f64) -> String {
    format!("{length:.1}")
}
