//! How much of what could be reached was reached, as a table that a report can show.

use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;

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

impl CoverageTable {
    /// Points × actions × states, as a run has reached them.
    pub fn of(coverage: &Coverage) -> Self {
        let missed = coverage.missed.iter().map(|missed| {
            let states: Vec<String> = missed.states.iter().map(ToString::to_string).collect();
            format!("{} while {}", missed.act, states.join(", "))
        });
        Self {
            title: "points × actions × states of the pooler".to_owned(),
            reached: coverage.reached,
            possible: coverage.possible,
            rows: coverage.rows(),
            never: coverage.never().iter().cloned().chain(missed).collect(),
        }
    }
}

/// In whole percent, rounded down: 100 means that nothing is left. Of nothing all is reached.
pub(super) fn percent(reached: u64, possible: u64) -> u64 {
    (reached * 100).checked_div(possible).unwrap_or(100)
}
