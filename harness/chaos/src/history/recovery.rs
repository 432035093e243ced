//! Whether everything works again: each user has logged in, and each kind of work has succeeded.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, Password, What};
use super::work::{Outcome, Work};

/// Reads events from some moment on; what began before does not count.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Users that have not logged in yet.
    users: BTreeSet<String>,
    /// Kinds of work that have not succeeded yet.
    kinds: Vec<&'static str>,
    logins: BTreeMap<u64, String>,
    ops: BTreeMap<u64, &'static str>,
}

impl Recovery {
    /// Waits for these users.
    pub fn of<'a>(users: impl IntoIterator<Item = &'a String>) -> Self {
        Self {
            users: users.into_iter().cloned().collect(),
            kinds: Work::KINDS.to_vec(),
            logins: BTreeMap::new(),
            ops: BTreeMap::new(),
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
                if let Some(user) = self.logins.remove(session) {
                    self.users.remove(&user);
                }
            }
            What::Asked { op, work, .. } => drop(self.ops.insert(*op, work.kind())),
            What::Answered { op, answer } => {
                let failed = matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned);
                if let Some(kind) = self.ops.remove(op).filter(|_| !failed) {
                    self.kinds.retain(|missing| *missing != kind);
                }
            }
            _ => {}
        }
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.users.is_empty() && self.kinds.is_empty()
    }

    /// Users that have not logged in, and kinds of work that have not succeeded.
    pub fn missing(&self) -> Vec<String> {
        let users = self.users.iter().map(|user| format!("a login of {user}"));
        let kinds = self.kinds.iter().map(|kind| format!("work {kind}"));
        users.chain(kinds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Answer, Micros};

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
        assert!(!recovery.is_whole());
    }
}
