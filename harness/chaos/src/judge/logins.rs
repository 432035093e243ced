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
