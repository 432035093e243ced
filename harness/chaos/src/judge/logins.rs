//! Does every login end in time, with ready or an SQLSTATE, and the right way?

use super::passwords::Passwords;
use super::spans::{AFTERMATH, SECOND, Spans};
use super::sqlstate::is_retryable;
use super::{Judge, Verdict, excuse};
use crate::history::{History, Micros, Password, Phase, Session};
use harness::client::Failure;

pub(super) struct Logins;

/// Over `client_login_timeout`: for the way there and back on a busy machine.
const MARGIN: Micros = 3 * SECOND;

impl Judge for Logins {
    fn name(&self) -> &'static str {
        "logins"
    }

    fn rule(&self) -> &'static str {
        "every login ends in time with ready or an SQLSTATE, and only who knows the password gets in"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let desk = Desk {
            history,
            spans: Spans::of(history),
            passwords: Passwords::of(history),
        };
        for session in history.sessions.values() {
            let decided = session.login.as_ref().map_or(history.end(), |(at, _)| *at);
            let overdue = desk.overdue(session, decided);
            if session.login.is_some() || overdue.is_some() {
                verdict.fact();
            }
            let wrong = session.login.as_ref().and_then(|(_, told)| match told {
                Ok(()) => desk.let_in(session, decided),
                Err(failure) => desk.refused(session, decided, failure),
            });
            for why in overdue.into_iter().chain(wrong) {
                let Session { client, number, .. } = session;
                verdict.complain(
                    decided,
                    format!("{client}'s login (session {number}) {why}"),
                );
            }
        }
        verdict
    }
}

struct Desk<'h> {
    history: &'h History,
    spans: Spans<'h>,
    passwords: Passwords<'h>,
}

impl Desk<'_> {
    fn overdue(&self, session: &Session, decided: Micros) -> Option<String> {
        let took = decided - session.began;
        let allowed = self.history.setting.client_login_timeout_ms * 1_000 + MARGIN;
        if took <= allowed {
            return None;
        }
        let met = self.spans.meeting(session.began, decided, AFTERMATH);
        let stretching = met.filter(|span| excuse::stretches_logins(&span.fault));
        let more: Micros = stretching.map(|span| span.to - span.from + AFTERMATH).sum();
        let allowed = allowed + more;
        (took > allowed).then(|| {
            let what = if session.login.is_some() {
                "was decided only"
            } else {
                "was not decided"
            };
            format!(
                "{what} after {} ms, {} were allowed",
                took / 1_000,
                allowed / 1_000
            )
        })
    }

    fn let_in(&self, session: &Session, decided: Micros) -> Option<String> {
        let Session { user, began, .. } = session;
        match session.password {
            Password::Right => None,
            Password::Wrong => Some("got in with a wrong password".to_owned()),
            Password::Old if self.passwords.unsettled(user, *began, decided) => None,
            Password::Old => Some("got in with an old password, long after the change".to_owned()),
        }
    }

    fn refused(&self, session: &Session, decided: Micros, failure: &Failure) -> Option<String> {
        let Session { user, began, .. } = session;
        let unsettled = self.passwords.unsettled(user, *began, decided);
        if session.password == Password::Right && !unsettled && self.is_calm(*began, decided) {
            return Some(format!("failed without any fault: {failure}"));
        }
        let Some(sqlstate) = failure.sqlstate.as_deref() else {
            let met = self
                .spans
                .met(*began, decided, AFTERMATH, excuse::is_wordless);
            return (!met).then(|| format!("was refused without an SQLSTATE: {failure}"));
        };
        match sqlstate {
            "28P01" if session.password != Password::Right || unsettled => None,
            "28P01" => Some(format!(
                "was refused, though its password was right: {failure}"
            )),
            // Keys of before the change.
            "28000" if unsettled => None,
            // The words for a login that took too long.
            "08P01" if self.is_timed_out(decided - began) => None,
            told if is_retryable(told, &self.history.setting.pooler) => None,
            _ => Some(format!(
                "was refused with an SQLSTATE that no fault explains: {failure}"
            )),
        }
    }

    /// Whether nothing may fail: before the first fault, and when all has recovered.
    fn is_calm(&self, began: Micros, decided: Micros) -> bool {
        decided <= self.history.began(Phase::Storm) || began >= self.history.began(Phase::Quiet)
    }

    fn is_timed_out(&self, took: Micros) -> bool {
        took + SECOND / 2 >= self.history.setting.client_login_timeout_ms * 1_000
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::{Password, What};
    use crate::judge::fixture::{Book, MS, Seeded, failure};
    use crate::judge::spans::SECOND;

    const OWN: &[&str] = &["logins"];

    /// Bob, who knows his password, is refused after so many milliseconds.
    fn refuse(book: &mut Book, at_ms: u64, took_ms: u64, sqlstate: Option<&str>) {
        let told = Some(failure(sqlstate));
        book.login(at_ms * MS, took_ms * MS, "bob", Password::Right, told);
    }

    fn hang(book: &mut Book, at: u64) {
        let session = book.enter(at, "bob");
        book.remove(|what| matches!(what, What::LoggedIn { session: s } if *s == session));
    }

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a login hangs",
            |book| hang(book, 9 * SECOND),
            "login (session 10) was not decided after 10000 ms, 8000 were allowed",
        ),
        Seeded::new(
            OWN,
            "a login is decided late",
            |book| refuse(book, 6_200, 8_100, Some("57P03")),
            "bob#10's login (session 10) was decided only after 8100 ms, 8000 were allowed",
        ),
        Seeded::new(
            OWN,
            "a wrong password gets in",
            |book| book.try_in(9_000, "bob", Password::Wrong, None),
            "got in with a wrong password",
        ),
        Seeded::new(
            OWN,
            "an old password gets in for too long",
            |book| book.try_in(9_300, "alice", Password::Old, None),
            "got in with an old password, long after the change",
        ),
        Seeded::new(
            OWN,
            "an old password of one who has changed nothing",
            |book| book.try_in(6_200, "bob", Password::Old, None),
            "got in with an old password",
        ),
        Seeded::new(
            OWN,
            "a right password is refused",
            |book| book.try_in(6_500, "bob", Password::Right, Some("28P01")),
            "was refused, though its password was right: FATAL 28P01",
        ),
        Seeded::new(
            OWN,
            "a right password is refused long after the change",
            |book| book.try_in(9_300, "alice", Password::Right, Some("28P01")),
            "was refused, though its password was right",
        ),
        Seeded::new(
            OWN,
            "the pool is gone",
            |book| book.try_in(9_000, "bob", Password::Right, Some("3D000")),
            "was refused with an SQLSTATE that no fault explains: FATAL 3D000",
        ),
        Seeded::new(
            OWN,
            "the pooler did not understand its client",
            |book| book.try_in(9_000, "bob", Password::Right, Some("08P01")),
            "was refused with an SQLSTATE that no fault explains: FATAL 08P01",
        ),
        Seeded::new(
            OWN,
            "closed without a word",
            |book| refuse(book, 9_000, 50, None),
            "was refused without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "a fault on the other side explains no silence",
            |book| {
                book.fault(9_000, 9_200, "servers: reset", None);
                refuse(book, 9_100, 50, None);
            },
            "was refused without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "slow lines close nothing",
            |book| {
                book.fault(9_000, 9_200, "clients: latency 200 ms", None);
                refuse(book, 9_100, 50, None);
            },
            "was refused without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "a fault that never fired explains nothing",
            |book| {
                book.fault(9_000, 9_200, "clients: close before Query", Some(0));
                refuse(book, 9_100, 50, None);
            },
            "was refused without an SQLSTATE",
        ),
        Seeded::new(
            OWN,
            "a login fails before the first fault",
            |book| refuse(book, 1_000, 50, Some("53300")),
            "failed without any fault: FATAL 53300",
        ),
        Seeded::new(
            OWN,
            "a login fails after the last",
            |book| refuse(book, 16_000, 50, Some("57P03")),
            "failed without any fault: FATAL 57P03",
        ),
        Seeded::pardon("a login takes its whole time", |book| {
            refuse(book, 7_100, 5_000, Some("08P01"));
        }),
        Seeded::pardon("the history ends before the login does", |book| {
            hang(book, 12 * SECOND);
        }),
        Seeded::pardon("a login waits for a server that stands still", |book| {
            book.fault(2_500, 3_500, "PostgreSQL: freeze", None);
            refuse(book, 2_100, 9_000, Some("57P03"));
        }),
        Seeded::pardon("a login that a fault cuts off", |book| {
            book.fault(9_000, 9_200, "clients: close before SASLResponse", Some(1));
            refuse(book, 9_100, 50, None);
        }),
        Seeded::pardon("a login while there is no pooler", |book| {
            book.fault(9_000, 9_200, "pooler: kill", None);
            refuse(book, 10_000, 50, None);
        }),
        Seeded::pardon("a login with the keys of before the change", |book| {
            book.try_in(6_300, "alice", Password::Right, Some("28000"));
        }),
    ];
}
