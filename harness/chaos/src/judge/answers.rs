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

#[cfg(test)]
pub(super) mod tests {
    use crate::history::{Effect, What};
    use crate::history::{Outcome, Work};
    use crate::judge::fixture::{ASK, Book, IN_QUIET, IN_STORM, MARK, Seeded, TOTAL, failed};

    const OWN: &[&str] = &["answers"];

    /// Alice asks for the sum at this time, and is told this.
    fn told(book: &mut Book, at_ms: u64, sqlstate: Option<&str>) {
        book.ask_more(at_ms, Work::Total, failed(sqlstate, Effect::None));
    }

    fn give_up(book: &mut Book) {
        book.fail_ask(IN_STORM + TOTAL, None);
        if let Outcome::Failed { failure, .. } = &mut book.answer(IN_STORM + TOTAL).outcome {
            failure.late = true;
        }
    }

    /// Everything after the first seconds comes half a minute later.
    fn stretch(book: &mut Book) {
        for event in &mut book.events {
            if event.at > 11_500_000 {
                event.at += 30_000_000;
            }
        }
    }

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a request is never answered",
            |book| {
                stretch(book);
                book.silence(IN_STORM + TOTAL);
            },
            "alice#1's request 58 (total) had no answer within 30 s",
        ),
        Seeded::new(
            OWN,
            "a request is answered late",
            |book| {
                stretch(book);
                book.shift(
                    34_000,
                    |what| matches!(what, What::Answered { op, .. } if *op == IN_STORM + TOTAL),
                );
            },
            "alice#1's request 58 (total) had no answer within 30 s",
        ),
        Seeded::new(OWN, "a client loses its patience", give_up, "was given up"),
        Seeded::new(
            OWN,
            "a request fails before the first fault",
            |book| book.fail_ask(ASK, Some("08006")),
            "alice#1's request 1 (ask) failed without any fault: FATAL 08006",
        ),
        Seeded::new(
            OWN,
            "a request fails after the last",
            |book| book.fail_ask(IN_QUIET + MARK, Some("53300")),
            "(mark) failed without any fault: FATAL 53300",
        ),
        Seeded::new(
            OWN,
            "a connection ends without a word",
            |book| told(book, 3_500, None),
            "(total) failed without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "without a word, and only the servers' side was cut",
            |book| {
                book.fault(3_400, 3_450, "servers: reset", None);
                told(book, 3_500, None);
            },
            "(total) failed without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "a prepared statement is gone",
            |book| told(book, 5_600, Some("26000")),
            "(total) failed with an SQLSTATE that no fault explains: FATAL 26000",
        ),
        Seeded::new(
            OWN,
            "somebody else's broken transaction",
            |book| told(book, 5_600, Some("25P02")),
            "failed with an SQLSTATE that no fault explains: FATAL 25P02",
        ),
        Seeded::new(
            OWN,
            "the pool was swept under its client",
            |book| told(book, 5_600, Some("3D000")),
            "failed with an SQLSTATE that no fault explains: FATAL 3D000",
        ),
        Seeded::new(
            OWN,
            "the pooler did not understand its client",
            |book| told(book, 5_600, Some("08P01")),
            "failed with an SQLSTATE that no fault explains: FATAL 08P01",
        ),
        Seeded::new(
            OWN,
            "keys are refused that nobody has changed",
            |book| {
                let work = Work::Total;
                book.ask(5_600_000, 2, work, failed(Some("28P01"), Effect::None));
            },
            "bob#2's request",
        ),
        Seeded::new(
            OWN,
            "a running session notices that look-ups are down",
            |book| {
                book.fault(13_500, 13_900, "look-ups: down", None);
                told(book, 14_000, Some("57P03"));
            },
            "(total) failed, and no fault near it disturbs sessions: FATAL 57P03",
        ),
        Seeded::pardon("a client is cut off", |book| {
            book.fault(3_400, 3_450, "clients: down", None);
            told(book, 3_500, None);
        }),
        Seeded::pardon("a cut that is noticed long after", |book| {
            book.fault(3_400, 3_450, "clients: reset", None);
            told(book, 9_500, None);
        }),
        Seeded::pardon("half a message from a client", |book| {
            book.fault(
                3_400,
                3_600,
                "clients: truncate 3 bytes before Query",
                Some(1),
            );
            told(book, 3_500, Some("08P01"));
        }),
        Seeded::pardon("two transactions are in each other's way", |book| {
            let steps = Vec::new();
            let collided = failed(Some("40001"), Effect::None);
            book.ask_more(16_000, Work::Lists { steps }, collided);
        }),
        Seeded::pardon("its keys are those of another password", |book| {
            book.fault(14_900, 14_950, "password: new for user 0", None);
            book.fail_ask(IN_QUIET + ASK, Some("57P01"));
        }),
        Seeded::pardon("PgBouncer's word for everything", |book| {
            book.setting().pooler = "pgbouncer".to_owned();
            told(book, 5_600, Some("08P01"));
        }),
        Seeded::pardon("a client that left in the middle", |book| {
            book.answer(IN_QUIET + ASK).outcome = Outcome::Abandoned;
            book.answer(IN_QUIET + ASK).held = None;
        }),
    ];
}
