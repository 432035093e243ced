//! When each user's password changed: around that, logins may go either way.

use std::collections::BTreeMap;

use super::spans::AFTERMATH;
use crate::history::{History, Micros};
use crate::plan::Fault;

pub(super) struct Passwords<'h> {
    /// By user: when each change began and when clients knew of it.
    changes: BTreeMap<&'h str, Vec<(Micros, Micros)>>,
    /// How long an old answer of the look-up may be in use after a change.
    memory: Micros,
}

impl<'h> Passwords<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let mut changes: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (at, user) in &history.password_changes {
            changes.entry(user).or_default().push((*at, *at));
        }
        // A schedule counts users in the order of their names.
        let users: Vec<&str> = history.setting.users.keys().map(String::as_str).collect();
        for span in &history.faults {
            if let Fault::Password { user, .. } = span.fault
                && let Some(user) = users.get(user)
            {
                changes.entry(user).or_default().push((span.from, span.to));
            }
        }
        let memory = history.setting.cache_ttl_ms * 1_000 + AFTERMATH;
        Self { changes, memory }
    }

    /// Whether a change may have been felt at any moment between.
    pub(super) fn unsettled(&self, user: &str, from: Micros, to: Micros) -> bool {
        let felt = |(began, known): &(Micros, Micros)| {
            *began <= to && known.saturating_add(self.memory) >= from
        };
        self.changes
            .get(user)
            .is_some_and(|all| all.iter().any(felt))
    }
}
