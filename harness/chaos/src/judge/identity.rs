//! Is every client served as its own user, by a server that nobody else holds meanwhile?

use std::collections::BTreeMap;

use super::spans::Spans;
use super::{Judge, Verdict, excuse, who};
use crate::history::{Held, History, Micros, Op, Origin, Outcome};

pub(super) struct Identity;

impl Judge for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn rule(&self) -> &'static str {
        "a client of a user is only ever served as that user, and a server is lent to one client at a time"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        for op in &history.ops {
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            let found = origins(&answer.outcome);
            let held = answer
                .held
                .iter()
                .flat_map(|held| [&held.first, &held.last]);
            let mut all = found.into_iter().chain(held).peekable();
            if all.peek().is_some() {
                verdict.fact();
            }
            if let Some(why) = all.find_map(|origin| stranger(history.user(op), origin)) {
                verdict.complain(*at, format!("{} {why}", who::name(history, op)));
            }
            if let Some(why) = answer.held.as_ref().and_then(moved) {
                verdict.complain(*at, format!("{} {why}", who::name(history, op)));
            }
        }
        shared_servers(history, &mut verdict);
        verdict
    }
}

/// Where the statements of an answer ran.
pub(super) fn origins(outcome: &Outcome) -> Vec<&Origin> {
    match outcome {
        Outcome::Rows { rows } => rows.iter().map(|row| &row.origin).collect(),
        Outcome::Mail { origin, .. } => vec![origin],
        _ => Vec::new(),
    }
}

fn stranger(user: &str, origin: &Origin) -> Option<String> {
    let Origin {
        user: current,
        session_user,
        ..
    } = origin;
    (current != user || session_user != user)
        .then(|| format!("of user {user} ran as {current} in a session of {session_user}"))
}

/// Whether a transaction did not stay where it began.
fn moved(held: &Held) -> Option<String> {
    let (first, last) = (held.first.backend, held.last.backend);
    (first != last).then(|| format!("began on server {first} and ended on server {last}"))
}

/// Looks at each server's transactions in the order of their beginning.
fn shared_servers(history: &History, verdict: &mut Verdict) {
    let mut servers: BTreeMap<i32, Vec<(&Held, &Op)>> = BTreeMap::new();
    for op in &history.ops {
        if let Some((_, answer)) = &op.answer
            && let Some(held) = &answer.held
        {
            let backend = held.first.backend;
            servers.entry(backend).or_default().push((held, op));
        }
    }
    let spans = Spans::of(history);
    for (backend, mut all) in servers {
        all.sort_by_key(|(held, _)| held.from);
        let mut longest: Option<(&Held, &Op)> = None;
        for (held, op) in all {
            if let Some((before, other)) = longest
                && held.from < before.to
                && op.session != other.session
                && !is_another_server(&spans, before.from, held.to)
            {
                let (name, other) = (who::name(history, op), who::name(history, other));
                verdict.complain(
                    held.from,
                    format!("{name} held server {backend} while {other} did"),
                );
            }
            if longest.is_none_or(|(before, _)| before.to < held.to) {
                longest = Some((held, op));
            }
        }
    }
}

/// PostgreSQL that starts anew gives the numbers of its processes again, and a client may learn late
/// that its server is gone.
fn is_another_server(spans: &Spans<'_>, from: Micros, to: Micros) -> bool {
    spans.met(from, to, 0, excuse::restarts_server)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::Outcome;
    use crate::judge::fixture::{ASK, BOBS, MAIL, MS, Seeded, TRANSFER};

    const OWN: &[&str] = &["identity"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a server of another role",
            |book| {
                for row in book.rows(ASK) {
                    row.origin.user = "bob".to_owned();
                    row.origin.session_user = "bob".to_owned();
                }
            },
            "alice#1's request 1 (ask) of user alice ran as bob in a session of bob",
        ),
        Seeded::new(
            OWN,
            "a role that was set and not reset",
            |book| book.held(TRANSFER).last.user = "bob".to_owned(),
            "(transfer) of user alice ran as bob in a session of alice",
        ),
        Seeded::new(
            OWN,
            "a session authorization that stayed",
            |book| {
                if let Outcome::Mail { origin, .. } = &mut book.answer(MAIL).outcome {
                    origin.session_user = "bob".to_owned();
                }
            },
            "(mail) of user alice ran as alice in a session of bob",
        ),
        Seeded::new(
            OWN,
            "a transaction moves",
            |book| book.held(TRANSFER).last.backend = 7,
            "alice#1's request 3 (transfer) began on server 101 and ended on server 7",
        ),
        Seeded::new(
            OWN,
            "a server is lent to two",
            |book| share(book, TRANSFER, TRANSFER + BOBS),
            "alice#1's request 3 (transfer) held server 101 while bob#2's request 12 (transfer) did",
        ),
        Seeded::pardon(
            "PostgreSQL starts anew, and a process gets the same number",
            |book| {
                share(book, TRANSFER, TRANSFER + BOBS);
                book.fault(60, 300, "PostgreSQL: restart kill", None);
            },
        ),
    ];

    /// The second request holds the server of the first, and at the same time.
    fn share(book: &mut crate::judge::fixture::Book, first: u64, second: u64) {
        let mut held = book.held(first).clone();
        let user = book.held(second).first.user.clone();
        held.from -= MS;
        for origin in [&mut held.first, &mut held.last] {
            origin.user.clone_from(&user);
            origin.session_user.clone_from(&user);
        }
        *book.held(second) = held;
    }
}
