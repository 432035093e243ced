//! The timeline's numbers for the page's script, which shows those of the moment that is touched.

use serde_json::json;

use super::super::summary::Summary;
use super::frame::Axis;

/// JSON that can stand inside a script element.
pub(super) fn json(summary: &Summary) -> String {
    let faults = summary.faults.iter();
    let phases = summary.phases.iter();
    let data = json!({
        "end_ms": Axis::of(summary).end,
        "timeline": summary.timeline,
        "faults": faults.map(|f| (f.from_ms, f.to_ms, &f.words)).collect::<Vec<_>>(),
        "phases": phases.map(|p| (p.from_ms, p.to_ms, p.name())).collect::<Vec<_>>(),
    });
    // The element ends at "</script", which no string of JSON needs to hold.
    data.to_string().replace('<', "\\u003c")
}
