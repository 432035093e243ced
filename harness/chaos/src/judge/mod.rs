//! Judges: each asks one question of a whole history.
//!
//! A judge reads what was written down and nothing else, so that one run can be judged again, and a
//! history with a defect made by hand shows that the judge bites: each has a table of defects, and
//! `bench` shows which judges notice which.
//!
//! What always has to be true of a pooler, and who asks:
//!
//! | always | judges |
//! |---|---|
//! | at most one live pool per pool key | `limits` (rows of SHOW POOLS) |
//! | a pool with a committed owner, a pending initialiser or an attached client is never swept | `limits` (a user with a client has a row), `logins` and `answers` (3D000), `secrets` (the log) |
//! | a failed initialiser never removes another's pool | the same |
//! | after failed logins only, every count is as before | `audit` |
//! | a server is lent to at most one client and returned once | `identity`, `limits` (free permits), `audit` |
//! | a client of user u is only ever served as u | `identity`, `rows` |
//! | every reply reaches the one who asked | `replies`, `answers` |
//! | an acknowledged COMMIT is durable | `writes`, `money`, `lists` |
//! | a cancel hits only its query | `cancels` |
//! | every login ends in time with ready or an SQLSTATE, never in silence | `logins` |
//! | no secret in a log | `secrets` |
//!
//! Beyond that: `state` (what a session set reaches nobody else), `answers` (requests end in time, and
//! only faults that may disturb sessions do), `liveness` (everything works again), and `faults`, which
//! judges the run itself.

mod answers;
mod audit;
#[cfg(test)]
mod bench;
mod cancels;
mod excuse;
mod faults;
#[cfg(test)]
mod fixture;
mod identity;
mod limits;
mod lists;
mod liveness;
mod logins;
mod money;
mod passwords;
mod replies;
mod rows;
mod secrets;
mod spans;
mod sqlstate;
mod state;
mod who;
mod writes;

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

/// All of them, in the order in which they are listed everywhere.
pub fn all() -> Vec<Box<dyn Judge>> {
    vec![
        Box::new(replies::Replies),
        Box::new(identity::Identity),
        Box::new(rows::Rows),
        Box::new(state::State),
        Box::new(writes::Writes),
        Box::new(money::Money),
        Box::new(lists::Lists),
        Box::new(logins::Logins),
        Box::new(answers::Answers),
        Box::new(cancels::Cancels),
        Box::new(limits::Limits),
        Box::new(secrets::Secrets),
        Box::new(faults::Faults),
        Box::new(liveness::Liveness),
        Box::new(audit::Audit),
    ]
}

/// What each of [`all`] says of a history, in that order.
pub fn all_of(history: &History) -> Vec<Verdict> {
    let judges = all();
    judges.iter().map(|judge| judge.judge(history)).collect()
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
