//! What people see of a run: a bar while it lasts, a table at its end, `report.json` for programs and
//! `report.html` for eyes.
//!
//! ```text
//!   history, verdicts, coverage ─▶ Summary ─▶ text | report.json | report.html
//!   counts, four times a second ─▶ Progress ─▶ the terminal
//! ```
//!
//! A [`Summary`] holds all that the reports show; it is worked out in a few passes over the history.

mod coverage;
mod fault;
mod html;
mod latency;
mod pace;
mod progress;
mod replay;
mod sqlstate;
mod summary;
mod tally;
mod text;
mod timeline;

use std::fs;
use std::path::Path;

use harness::{Error, Result};

pub use coverage::CoverageTable;
pub use fault::{FaultLine, Lane};
pub use latency::Latency;
pub use pace::Counts;
pub use progress::Progress;
pub use replay::Replay;
pub use sqlstate::Told;
pub use summary::{About, Finding, PhaseSpan, Summary};
pub use tally::Tally;
pub use text::text;
pub use timeline::{Bucket, Timeline};

/// Writes `report.json` and `report.html` into the folder of a run.
pub fn write(summary: &Summary, folder: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(summary)
        .map_err(|error| Error::told(format!("report.json: {error}")))?;
    put(folder, "report.json", &json)?;
    put(folder, "report.html", &html::page(summary)?)
}

fn put(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::io(path.display().to_string()))
}
