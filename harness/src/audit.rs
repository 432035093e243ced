//! The audit after every scenario: what the pooler held before, it must hold afterwards, no more.
//!
//! It looks from three sides that don't know of each other: the pooler's own SHOW INTERNALS, the
//! kernel's list of its descriptors, and PostgreSQL's list of sessions.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Failure, Login, Session};
use crate::console::Console;

/// How long everything may take to settle: an idle time, two sweeps, and the undertaker's 5 s.
pub const SETTLING: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Our own: the permits that somebody holds.
const MISSING: &str = "permits_missing";

/// Of these SHOW INTERNALS keys nothing may be left, whatever was there before.
const MUST_BE_ZERO: [&str; 7] = [
    "pending",
    "attached",
    "leases",
    "waiters",
    "joiners",
    "undertaking",
    MISSING,
];
/// These may not have grown. `verifiers` is left out: a cache is bounded by its size, not by time.
const MUST_NOT_GROW: [&str; 5] = ["pools", "clients", "servers", "cancel_keys", "tasks"];

/// What a scenario's configuration keeps on purpose after the last client has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    pub servers: i64,
    pub pools: i64,
}

/// Whom the audit asks.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The pooler's process; `None` when there is none or it has ended.
    pub pid: Option<i32>,
    /// Only a pooler with SHOW INTERNALS has one here.
    pub console: Option<Console>,
    /// A superuser of the instance; `None` when PostgreSQL is down.
    pub admin: Option<Login>,
    pub databases: Vec<String>,
}

/// What was held at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    pub internals: BTreeMap<String, i64>,
    pub descriptors: i64,
    /// Sessions of the `auth_query` executor, which lives as long as the pooler.
    pub executors: i64,
    /// All other sessions in the scenario's databases.
    pub sessions: i64,
}

impl Footprint {
    /// Looks until two looks agree, so that connections which are just closing don't count.
    pub async fn settled(subject: &Subject) -> Result<Self, Failure> {
        let deadline = Instant::now() + SETTLING;
        let mut observer = Observer::new(subject).await?;
        let mut last = observer.look(subject).await?;
        loop {
            sleep(PAUSE).await;
            let now = observer.look(subject).await?;
            if now == last || Instant::now() > deadline {
                return Ok(now);
            }
            last = now;
        }
    }
}

/// Waits up to [`SETTLING`] until nothing is left over; then names what is.
pub async fn settle(subject: &Subject, before: &Footprint, kept: Kept) -> Result<(), Failure> {
    let leaks = left_over(subject, before, kept).await?;
    if leaks.is_empty() {
        return Ok(());
    }
    let list = leaks.join("; ");
    Err(Failure::local(format!(
        "the audit found after {SETTLING:?}: {list}"
    )))
}

/// What is still left over after [`SETTLING`], each thing in words; it returns as soon as nothing is.
pub async fn left_over(
    subject: &Subject,
    before: &Footprint,
    kept: Kept,
) -> Result<Vec<String>, Failure> {
    let deadline = Instant::now() + SETTLING;
    let mut observer = Observer::new(subject).await?;
    loop {
        let after = observer.look(subject).await?;
        let leaks = leaks(before, &after, kept);
        if leaks.is_empty() || Instant::now() > deadline {
            return Ok(leaks);
        }
        sleep(PAUSE).await;
    }
}

/// What `after` has that `before` doesn't explain, in words.
fn leaks(before: &Footprint, after: &Footprint, kept: Kept) -> Vec<String> {
    let mut leaks = Vec::new();
    let executors = (after.executors - before.executors).max(0);
    for key in MUST_BE_ZERO {
        let left = number(after, key);
        if left > 0 {
            leaks.push(format!("{left} {key}"));
        }
    }
    for key in MUST_NOT_GROW {
        let allowed = number(before, key)
            + match key {
                "servers" => kept.servers,
                "pools" => kept.pools,
                "tasks" => executors + kept.servers,
                _ => 0,
            };
        let left = number(after, key);
        if left > allowed {
            leaks.push(format!("{left} {key}, {allowed} explained"));
        }
    }
    let sessions = before.sessions + kept.servers;
    if after.sessions > sessions {
        leaks.push(format!(
            "{} PostgreSQL sessions, {sessions} explained",
            after.sessions
        ));
    }
    let descriptors = before.descriptors + executors + kept.servers;
    if after.descriptors > descriptors {
        leaks.push(format!(
            "{} descriptors, {descriptors} explained",
            after.descriptors
        ));
    }
    leaks
}

/// A key that isn't there would count as 0 for ever, and hide what it was to show.
fn complete(internals: BTreeMap<String, i64>) -> Result<BTreeMap<String, i64>, Failure> {
    let derived = ["permits_free", "permits_total"];
    let asked = MUST_BE_ZERO.iter().chain(&MUST_NOT_GROW).chain(&derived);
    let mut missing = asked.filter(|key| **key != MISSING && !internals.contains_key(**key));
    match missing.next() {
        Some(key) => Err(Failure::local(format!("SHOW INTERNALS has no {key}"))),
        None => Ok(internals),
    }
}

fn number(footprint: &Footprint, key: &str) -> i64 {
    let read = |key: &str| footprint.internals.get(key).copied().unwrap_or(0);
    match key {
        MISSING => read("permits_total") - read("permits_free"),
        key => read(key),
    }
}

/// Holds one session to PostgreSQL over all its looks.
struct Observer {
    admin: Option<Session>,
}

impl Observer {
    async fn new(subject: &Subject) -> Result<Self, Failure> {
        let admin = match &subject.admin {
            Some(login) => Some(Session::Driver(
                crate::client::Driver::connect(login).await?,
            )),
            None => None,
        };
        Ok(Self { admin })
    }

    async fn look(&mut self, subject: &Subject) -> Result<Footprint, Failure> {
        let internals = match &subject.console {
            Some(console) => complete(console.internals().await?)?,
            None => BTreeMap::new(),
        };
        let (executors, sessions) = self.count_sessions(&subject.databases).await?;
        let descriptors = subject.pid.map_or(0, descriptors);
        Ok(Footprint {
            internals,
            descriptors,
            executors,
            sessions,
        })
    }

    async fn count_sessions(&mut self, databases: &[String]) -> Result<(i64, i64), Failure> {
        let Some(admin) = &mut self.admin else {
            return Ok((0, 0));
        };
        let names: Vec<String> = databases
            .iter()
            .map(|name| crate::names::literal(name))
            .collect();
        let sql = format!(
            "SELECT count(*) FILTER (WHERE application_name = 'pgturnstile auth_query'), \
             count(*) FILTER (WHERE application_name <> 'pgturnstile auth_query') \
             FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname IN ({})",
            names.join(", ")
        );
        let answer = admin.run(&sql).await?;
        let counts: Vec<i64> = answer
            .rows
            .iter()
            .flatten()
            .flatten()
            .map(|n| count(n))
            .collect();
        match counts[..] {
            [executors, sessions] => Ok((executors, sessions)),
            _ => Err(Failure::local("pg_stat_activity gave no counts")),
        }
    }
}

fn count(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

fn descriptors(pid: i32) -> i64 {
    let listed = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    i64::try_from(listed).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(internals: &[(&str, i64)]) -> Footprint {
        let internals = internals
            .iter()
            .map(|(key, value)| ((*key).to_owned(), *value))
            .collect();
        Footprint {
            internals,
            descriptors: 10,
            ..Footprint::default()
        }
    }

    #[test]
    fn each_kind_of_leak_is_named() {
        let before = footprint(&[("pools", 1), ("permits_total", 4), ("permits_free", 4)]);
        let cases = [
            (footprint(&[("pools", 2)]), "2 pools, 1 explained"),
            (footprint(&[("leases", 1)]), "1 leases"),
            (
                footprint(&[("permits_total", 4), ("permits_free", 3)]),
                "1 permits_missing",
            ),
            (
                Footprint {
                    sessions: 1,
                    ..footprint(&[])
                },
                "1 PostgreSQL sessions, 0 explained",
            ),
            (
                Footprint {
                    descriptors: 11,
                    ..footprint(&[])
                },
                "11 descriptors, 10 explained",
            ),
        ];
        for (after, leak) in cases {
            assert_eq!(leaks(&before, &after, Kept::default()), [leak]);
        }
        assert!(leaks(&before, &before, Kept::default()).is_empty());
    }

    #[test]
    fn the_executor_and_kept_servers_are_explained() {
        let before = footprint(&[]);
        let after = Footprint {
            descriptors: 13,
            executors: 2,
            sessions: 1,
            ..footprint(&[("servers", 1), ("pools", 1)])
        };
        assert!(
            leaks(
                &before,
                &after,
                Kept {
                    servers: 1,
                    pools: 1
                }
            )
            .is_empty()
        );
    }
}
