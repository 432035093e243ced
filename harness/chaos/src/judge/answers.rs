//! Does every request end in time, and fail only of a fault, with an SQLSTATE?

use std::collections::HashMap;

use super::passwords::Passwords;
use super::spans::{AFTERMATH, SECOND, Spans};
use super::sqlstate::{is_collision, is_retryable};
use super::{Judge, Verdict, excuse, who};
use crate::history::{History, Micros, Op, Outcome, Phase, Work};
use harness::client::Failure;

pub(super) struct Answers;

/// Faults last less than two seconds, every time-out of the pooler less than six.
const LONGEST: Micros = 30 * SECOND;
/// What a fault has broken may fail a request so long afterwards: `query_wait_timeout` and more.
const ECHO: Micros = 6 * SECOND;

impl Judge for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn rule(&self) -> &'static str {
        "every request ends within 30 s, and fails only of a fault, with an SQLSTATE that tells of it"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let mut bench = Bench {
            history,
            spans: Spans::of(history),
            passwords: Passwords::of(history),
            storm: history.began(Phase::Storm),
            quiet: history.began(Phase::Quiet),
            alive: HashMap::new(),
        };
        for op in &history.ops {
            let ended = op.answer.as_ref().map_or(history.end(), |(at, _)| *at);
            let late = ended - op.asked > LONGEST;
            if op.answer.is_some() || late {
                verdict.fact();
            }
            let why = match bench.complaint(op, ended) {
                None if late => Some("had no answer within 30 s".to_owned()),
                why => why,
            };
            if let Some(why) = why {
                verdict.complain(ended, format!("{} {why}", who::name(history, op)));
            }
        }
        verdict
    }
}

struct Bench<'h> {
    history: &'h History,
    spans: Spans<'h>,
    passwords: Passwords<'h>,
    storm: Micros,
    quiet: Micros,
    /// When a session's connection was last known to be good.
    alive: HashMap<u64, Micros>,
}

impl Bench<'_> {
    fn complaint(&mut self, op: &Op, ended: Micros) -> Option<String> {
        let (_, answer) = op.answer.as_ref()?;
        let failure = match &answer.outcome {
            Outcome::Failed { failure, .. } => failure,
            Outcome::Abandoned => return None,
            _ => {
                self.alive.insert(op.session, ended);
                return None;
            }
        };
        if failure.late {
            return Some(format!("was given up: {failure}"));
        }
        // Cancels have a judge of their own.
        if failure.sqlstate.as_deref() == Some("57014") {
            return None;
        }
        self.failed(op, ended, failure)
    }

    fn failed(&self, op: &Op, ended: Micros, failure: &Failure) -> Option<String> {
        let in_session = self.history.sessions.get(&op.session);
        let began = in_session.map_or(op.asked, |session| session.began);
        let since = self.alive.get(&op.session).copied().unwrap_or(began);
        let cut = self.spans.met(since, ended, AFTERMATH, excuse::is_wordless);
        let user = self.history.user(op);
        let unsettled = self.passwords.unsettled(user, began, ended);
        let told = failure.sqlstate.as_deref();
        let pardoned = match told {
            None => cut,
            // The pooler has left, or the keys of this session are those of another password.
            Some("57P01") if cut || unsettled => true,
            Some("28P01" | "28000") => unsettled,
            Some("08P01") if self.truncated(since, ended) => true,
            Some(code) => is_collision(code) && is_transaction(&op.work),
        };
        if pardoned {
            return None;
        }
        let Some(code) = told else {
            return Some(format!("failed without an SQLSTATE: {failure}"));
        };
        if ended <= self.storm || op.asked >= self.quiet {
            return Some(format!("failed without any fault: {failure}"));
        }
        if !is_retryable(code, &self.history.setting.pooler) {
            return Some(format!(
                "failed with an SQLSTATE that no fault explains: {failure}"
            ));
        }
        let disturbed = self
            .spans
            .met(op.asked, ended, ECHO, excuse::disturbs_sessions);
        (!disturbed).then(|| format!("failed, and no fault near it disturbs sessions: {failure}"))
    }

    fn truncated(&self, since: Micros, ended: Micros) -> bool {
        self.spans
            .met(since, ended, AFTERMATH, excuse::truncates_clients)
    }
}

/// Whether it can be in the way of another.
fn is_transaction(work: &Work) -> bool {
    matches!(work, Work::Lists { .. } | Work::Transfer { .. })
}
