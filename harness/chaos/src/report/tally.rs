//! What became of requests or logins of one kind, counted.

use std::collections::BTreeMap;

use harness::client::Failure;
use serde::{Deserialize, Serialize};

use super::latency::{Latency, Times};
use crate::history::{History, Micros, Op, Outcome, Password, Session};

/// One kind and its outcomes; they add up to `asked`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// A kind of work, or for logins which password was sent.
    pub what: String,
    pub asked: u64,
    pub ok: u64,
    /// Failures by their SQLSTATE.
    pub failed: BTreeMap<String, u64>,
    /// The connection ended, or no answer came in time.
    pub failed_without_sqlstate: u64,
    /// The client left in the middle and never learned.
    pub abandoned: u64,
    /// The history ends before an answer.
    pub unanswered: u64,
    pub latency: Latency,
}

impl Tally {
    /// With an SQLSTATE or without.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum::<u64>() + self.failed_without_sqlstate
    }

    fn named(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            ..Self::default()
        }
    }

    fn fail(&mut self, failure: &Failure) {
        match &failure.sqlstate {
            Some(sqlstate) => *self.failed.entry(sqlstate.clone()).or_default() += 1,
            None => self.failed_without_sqlstate += 1,
        }
    }
}

/// Tallies by kind, in the order of their names, and times beside them.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<&'static str, (Tally, Option<Times>)>);

impl Tallies {
    pub(super) fn of_requests(history: &History) -> Vec<Tally> {
        let mut tallies = Self::default();
        for op in &history.ops {
            tallies.request(op);
        }
        tallies.close()
    }

    pub(super) fn of_logins(history: &History) -> Vec<Tally> {
        let mut tallies = Self::default();
        for session in history.sessions.values() {
            tallies.login(session);
        }
        tallies.close()
    }

    fn request(&mut self, op: &Op) {
        let (tally, times) = self.kind(op.work.kind());
        tally.asked += 1;
        let Some((at, answer)) = &op.answer else {
            tally.unanswered += 1;
            return;
        };
        match &answer.outcome {
            Outcome::Abandoned => {
                tally.abandoned += 1;
                return;
            }
            Outcome::Failed { failure, .. } => tally.fail(failure),
            _ => tally.ok += 1,
        }
        took(times, op.asked, *at);
    }

    fn login(&mut self, session: &Session) {
        let (tally, times) = self.kind(password(session.password));
        tally.asked += 1;
        match &session.login {
            None => {
                tally.unanswered += 1;
                return;
            }
            Some((_, Ok(()))) => tally.ok += 1,
            Some((_, Err(failure))) => tally.fail(failure),
        }
        if let Some((at, _)) = &session.login {
            took(times, session.began, *at);
        }
    }

    fn kind(&mut self, what: &'static str) -> &mut (Tally, Option<Times>) {
        let fresh = || (Tally::named(what), None);
        self.0.entry(what).or_insert_with(fresh)
    }

    fn close(self) -> Vec<Tally> {
        let tallies = self.0.into_values().map(|(mut tally, times)| {
            tally.latency = times.map_or_else(Latency::default, |times| times.latency());
            tally
        });
        tallies.collect()
    }
}

fn took(times: &mut Option<Times>, from: Micros, to: Micros) {
    times.get_or_insert_with(Times::new).take(from, to);
}

fn password(password: Password) -> &'static str {
    match password {
        Password::Right => "right password",
        Password::Old => "old password",
        Password::Wrong => "wrong password",
    }
}
