//! Judges: each asks one question of a whole history.
//!
//! A judge reads what was written down and nothing else, so that one run can be judged again, and a
//! history with a defect made by hand shows that the judge bites.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::history::{History, Micros};

/// After the last fault everything has to work again within this.
pub const RECOVERS_WITHIN: Duration = Duration::from_secs(10);
/// Complaints that are spelt out; of the others there is the number.
pub const SPELT_OUT: usize = 20;

/// One question about a run.
pub trait Judge {
    /// A word, for tables and features.
    fn name(&self) -> &'static str;
    /// What it asks, as a sentence that is true of a good pooler.
    fn rule(&self) -> &'static str;
    fn judge(&self, history: &History) -> Verdict;
}

/// What a judge found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub judge: String,
    pub rule: String,
    /// How many facts it looked at. With none it has nothing to say, and counts as skipped.
    pub facts: u64,
    /// The first [`SPELT_OUT`] of them.
    pub complaints: Vec<Complaint>,
    /// All of them.
    pub complaints_in_all: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    pub at: Micros,
    pub text: String,
}

impl Verdict {
    pub fn of(judge: &dyn Judge) -> Self {
        Self {
            judge: judge.name().to_owned(),
            rule: judge.rule().to_owned(),
            ..Self::default()
        }
    }

    /// A fact that was looked at.
    pub fn fact(&mut self) {
        self.facts += 1;
    }

    pub fn complain(&mut self, at: Micros, text: impl Into<String>) {
        self.complaints_in_all += 1;
        if self.complaints.len() < SPELT_OUT {
            let text = text.into();
            self.complaints.push(Complaint { at, text });
        }
    }

    pub fn is_content(&self) -> bool {
        self.complaints_in_all == 0
    }

    pub fn is_skipped(&self) -> bool {
        self.facts == 0 && self.is_content()
    }
}
