//! How much of what could be reached was reached, as a table that a report can show.

use serde::{Deserialize, Serialize};

/// One way to count coverage, such as points × actions × states, or by action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageTable {
    /// What is counted, in a few words.
    pub title: String,
    pub reached: u64,
    pub possible: u64,
    /// Its parts: what, how much of it was reached, and how much there is.
    pub rows: Vec<(String, u64, u64)>,
    /// What was never reached, by name.
    pub never: Vec<String>,
}

/// In whole percent, rounded down: 100 means that nothing is left. Of nothing all is reached.
pub(super) fn percent(reached: u64, possible: u64) -> u64 {
    (reached * 100).checked_div(possible).unwrap_or(100)
}
