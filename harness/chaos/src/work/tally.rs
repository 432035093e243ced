//! How it goes, in numbers that cost nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the beginning, and the clients of this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that succeeded.
    pub ok: u64,
    pub failed: u64,
    /// Logins that succeeded.
    pub logins: u64,
    pub refused: u64,
    /// Clients that are logged in now.
    pub clients: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) ok: Counter,
    pub(super) failed: Counter,
    pub(super) logins: Counter,
    pub(super) refused: Counter,
    pub(super) clients: Counter,
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            ok: self.ok.get(),
            failed: self.failed.get(),
            logins: self.logins.get(),
            refused: self.refused.get(),
            clients: self.clients.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
