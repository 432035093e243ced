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
