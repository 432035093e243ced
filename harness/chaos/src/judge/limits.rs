//! Are limits kept, by the pooler's account and by PostgreSQL's?

use std::collections::BTreeMap;

use super::spans::{SECOND, Spans};
use super::{Judge, Verdict, excuse, who};
use crate::history::{History, Micros, Outcome, Phase, Sample};

pub(super) struct Limits;

/// After this a server that the pooler has given up has no permit of its pool any more, though
/// PostgreSQL may still have the session: the undertaker waits 5 s.
const BURIED: Micros = 6 * SECOND;
/// A look may have begun so long before it was written down.
const LOOK: Micros = 3 * SECOND;
/// Over `query_wait_timeout`: for the work itself on a busy machine.
const MARGIN: Micros = 3 * SECOND;

impl Judge for Limits {
    fn name(&self) -> &'static str {
        "limits"
    }

    fn rule(&self) -> &'static str {
        "no pool has more servers than its size, each is there once and as long as it has clients, and nobody starves"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let spans = Spans::of(history);
        let attached = Attached::of(history);
        for (at, sample) in &history.samples {
            verdict.fact();
            let oversized = !spans.met(*at, *at, BURIED, excuse::keeps_sessions);
            let sizes = oversized.then(|| over_size(history, sample));
            let texts = sizes.into_iter().flatten();
            let texts = texts.chain(twice(sample)).chain(uneven(sample));
            for text in texts.chain(attached.swept(*at, sample)) {
                verdict.complain(*at, text);
            }
        }
        starved(history, &mut verdict);
        verdict
    }
}

/// More servers than permits.
fn over_size(history: &History, sample: &Sample) -> Vec<String> {
    let size = i64::from(history.setting.pool_size);
    let users = &history.setting.users;
    let seen = sample.sessions.iter();
    let seen = seen.filter(|(user, count)| users.contains_key(*user) && **count > size);
    let seen = seen.map(|(user, count)| {
        format!("PostgreSQL has {count} sessions of {user}, whose pool has the size {size}")
    });
    let told = sample.pools.iter().filter_map(|row| {
        let count = row.sv_active + row.sv_idle + row.sv_login;
        let user = &row.user;
        (users.contains_key(user) && count > size).then(|| {
            format!("SHOW POOLS has {count} servers of {user}, whose pool has the size {size}")
        })
    });
    seen.chain(told).collect()
}

/// Two live pools for the same key.
fn twice(sample: &Sample) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for row in &sample.pools {
        *counts.entry((&row.database, &row.user)).or_insert(0) += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    let told = twice.map(|((database, user), count)| {
        format!("SHOW POOLS has {count} pools for {user} in {database}")
    });
    told.collect()
}

/// Counts that can't be.
fn uneven(sample: &Sample) -> Vec<String> {
    let internals = &sample.internals;
    let below = internals.iter().filter(|(_, value)| **value < 0);
    let mut told: Vec<String> = below
        .map(|(key, value)| format!("SHOW INTERNALS has {key} {value}"))
        .collect();
    if let (Some(free), Some(all)) = (
        internals.get("permits_free"),
        internals.get("permits_total"),
    ) && free > all
    {
        told.push(format!(
            "{free} permits are free, but there are {all} in all"
        ));
    }
    told
}

/// When each user surely had a client at the pooler: from a login to the last good answer.
struct Attached<'h>(BTreeMap<&'h str, Vec<(Micros, Micros)>>);

impl<'h> Attached<'h> {
    fn of(history: &'h History) -> Self {
        let mut last = BTreeMap::new();
        for op in &history.ops {
            if let Some((at, answer)) = &op.answer
                && !matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned)
            {
                let last = last.entry(op.session).or_insert(*at);
                *last = (*last).max(*at);
            }
        }
        let mut users: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for session in history.sessions.values() {
            if let (Some((from, Ok(()))), Some(to)) = (&session.login, last.get(&session.number)) {
                users.entry(&session.user).or_default().push((*from, *to));
            }
        }
        for all in users.values_mut() {
            all.sort_unstable();
            // Each end becomes the latest so far, so that one look answers for all before it.
            let mut latest = 0;
            for (_, to) in all {
                latest = latest.max(*to);
                *to = latest;
            }
        }
        Self(users)
    }

    /// Users whose pool was taken away under a client. A sample without any pool says nothing: the
    /// console could not be asked.
    fn swept(&self, at: Micros, sample: &Sample) -> Vec<String> {
        if sample.pools.is_empty() {
            return Vec::new();
        }
        let there = |user: &str| sample.pools.iter().any(|row| row.user == user);
        let attached = self.0.iter().filter(|(_, all)| {
            let before = all.partition_point(|(from, _)| from + LOOK <= at);
            before > 0 && all[before - 1].1 >= at
        });
        let swept = attached.filter(|(user, _)| !there(user));
        let told = swept.map(|(user, _)| format!("{user} has a client, but SHOW POOLS no pool"));
        told.collect()
    }
}

/// Without a fault nobody waits for a server longer than `query_wait_timeout`.
fn starved(history: &History, verdict: &mut Verdict) {
    let allowed = history.setting.query_wait_timeout_ms * 1_000 + MARGIN;
    let (storm, quiet) = (history.began(Phase::Storm), history.began(Phase::Quiet));
    for op in &history.ops {
        let ended = op.answer.as_ref().map_or(history.end(), |(at, _)| *at);
        let took = ended - op.asked;
        if took > allowed && (ended <= storm || op.asked >= quiet) {
            let (name, took) = (who::name(history, op), took / 1_000);
            verdict.complain(ended, format!("{name} waited {took} ms without any fault"));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::What;
    use crate::judge::fixture::{ASK, Book, Seeded};
    use crate::judge::spans::SECOND;

    const OWN: &[&str] = &["limits"];

    fn count(book: &mut Book, second: u64, user: &str, sessions: i64) {
        let sample = book.sample(second);
        sample.sessions.insert(user.to_owned(), sessions);
    }

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "PostgreSQL has more sessions than the pool has permits",
            |book| count(book, 1, "alice", 4),
            "PostgreSQL has 4 sessions of alice, whose pool has the size 3",
        ),
        Seeded::new(
            OWN,
            "the pooler has more servers than permits",
            |book| {
                let row = &mut book.sample(1).pools[1];
                (row.sv_active, row.sv_login) = (2, 1);
            },
            "SHOW POOLS has 4 servers of bob, whose pool has the size 3",
        ),
        Seeded::new(
            OWN,
            "long after a fault it explains no session",
            |book| {
                book.fault(3_000, 3_100, "servers: blackhole", None);
                count(book, 12, "alice", 4);
            },
            "PostgreSQL has 4 sessions of alice",
        ),
        Seeded::new(
            OWN,
            "two pools for one key",
            |book| {
                let first = book.sample(3).pools[0].clone();
                book.sample(3).pools.push(first);
            },
            "SHOW POOLS has 2 pools for alice in chaos",
        ),
        Seeded::new(
            OWN,
            "a permit is given back twice",
            |book| {
                book.sample(3)
                    .internals
                    .insert("permits_free".to_owned(), 7);
            },
            "7 permits are free, but there are 6 in all",
        ),
        Seeded::new(
            OWN,
            "a count below nothing",
            |book| {
                book.sample(3).internals.insert("leases".to_owned(), -1);
            },
            "SHOW INTERNALS has leases -1",
        ),
        Seeded::new(
            OWN,
            "a pool is swept under its client",
            |book| drop(book.sample(16).pools.remove(0)),
            "alice has a client, but SHOW POOLS no pool",
        ),
        Seeded::new(
            OWN,
            "a client starves",
            |book| {
                // The first request has its answer only shortly before a storm that comes later.
                let late = book.events.iter_mut();
                for event in late.filter(|event| event.at >= 2 * SECOND) {
                    event.at += 10 * SECOND;
                }
                book.shift(10_000, |what| {
                    matches!(what, What::Answered { op: ASK, .. })
                });
            },
            "request 1 (ask) waited",
        ),
        Seeded::pardon(
            "the pooler has given them up and PostgreSQL has not",
            |book| {
                book.fault(3_000, 3_100, "servers: blackhole", None);
                count(book, 8, "alice", 5);
            },
        ),
        Seeded::pardon("another size is configured", |book| {
            book.fault(7_500, 8_500, "pooler: reload changed", None);
            count(book, 8, "alice", 5);
        }),
        Seeded::pardon("sessions of somebody who is no user of the run", |book| {
            count(book, 1, "postgres", 9);
        }),
        Seeded::pardon("a console that could not be asked", |book| {
            book.sample(16).pools.clear();
        }),
        Seeded::pardon("a pool that nobody needs any more", |book| {
            drop(book.sample(10).pools.remove(0));
        }),
    ];
}
