//! Whether everything works again: each user has logged in, and each kind of work has succeeded.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, Micros, Password, What};
use super::work::{Outcome, Work};

/// Reads events from some moment on; what began before does not count.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    users: BTreeMap<String, Option<Micros>>,
    kinds: BTreeMap<&'static str, Micros>,
    logins: BTreeMap<u64, String>,
    ops: BTreeMap<u64, &'static str>,
}

impl Recovery {
    /// Waits for these users.
    pub fn of<'a>(users: impl IntoIterator<Item = &'a String>) -> Self {
        Self {
            users: users.into_iter().map(|user| (user.clone(), None)).collect(),
            ..Self::default()
        }
    }

    pub fn take(&mut self, event: &Event) {
        match &event.what {
            What::Login {
                session,
                user,
                password: Password::Right,
                ..
            } => drop(self.logins.insert(*session, user.clone())),
            What::LoggedIn { session } => {
                let user = self.logins.remove(session);
                if let Some(first) = user.and_then(|user| self.users.get_mut(&user)) {
                    first.get_or_insert(event.at);
                }
            }
            What::Asked { op, work, .. } => drop(self.ops.insert(*op, work.kind())),
            What::Answered { op, answer } => {
                let failed = matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned);
                if let Some(kind) = self.ops.remove(op).filter(|_| !failed) {
                    self.kinds.entry(kind).or_insert(event.at);
                }
            }
            _ => {}
        }
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.missing().is_empty()
    }

    /// Users that have not logged in, and kinds of work that have not succeeded.
    pub fn missing(&self) -> Vec<String> {
        let users = self.users.iter().filter(|(_, first)| first.is_none());
        let users = users.map(|(user, _)| format!("a login of {user}"));
        let known: BTreeSet<&str> = self.kinds.keys().copied().collect();
        let kinds = Work::KINDS.iter().filter(|kind| !known.contains(*kind));
        users
            .chain(kinds.map(|kind| format!("work {kind}")))
            .collect()
    }

    /// When the last of them came; `None` as long as something is missing.
    pub fn since(&self) -> Option<Micros> {
        let users = self.users.values().flatten();
        let last = users.chain(self.kinds.values()).max().copied();
        last.filter(|_| self.is_whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Answer;

    fn event(at: Micros, what: What) -> Event {
        Event { at, what }
    }

    fn login(session: u64, password: Password) -> What {
        What::Login {
            session,
            client: "a#1".to_owned(),
            user: "a".to_owned(),
            password,
            tls: false,
        }
    }

    #[test]
    fn it_is_whole_when_each_user_and_each_work_was_there() {
        let users = ["a".to_owned()];
        let mut recovery = Recovery::of(&users);
        assert_eq!(recovery.missing().len(), 1 + Work::KINDS.len());
        recovery.take(&event(1, login(1, Password::Wrong)));
        recovery.take(&event(2, What::LoggedIn { session: 1 }));
        assert!(recovery.missing().contains(&"a login of a".to_owned()));
        recovery.take(&event(3, login(2, Password::Right)));
        recovery.take(&event(4, What::LoggedIn { session: 2 }));
        assert_eq!(recovery.missing().len(), Work::KINDS.len());
        let total = What::Asked {
            op: 1,
            session: 2,
            work: Work::Total,
        };
        recovery.take(&event(5, total));
        let answer = Answer {
            outcome: Outcome::Total { sum: 0 },
            held: None,
        };
        recovery.take(&event(6, What::Answered { op: 1, answer }));
        assert_eq!(recovery.missing().len(), Work::KINDS.len() - 1);
        assert_eq!(recovery.since(), None);
    }
}
