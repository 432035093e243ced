//! What `SHOW AUTH_QUERY` tells of the look-ups of a database.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that only rise; they outlive a reload of the database that they belong to.
#[derive(Debug, Default)]
pub struct Counters {
    pub(super) lookups: AtomicU64,
    pub(super) cache_hits: AtomicU64,
    pub(super) cache_misses: AtomicU64,
    pub(super) cache_refetches: AtomicU64,
    pub(super) cache_rate_limited: AtomicU64,
    pub(super) auth_success: AtomicU64,
    pub(super) auth_failure: AtomicU64,
    pub(super) executor_queries: AtomicU64,
    pub(super) executor_errors: AtomicU64,
}

/// One reading of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuthQueryStats {
    /// Users of whom something is remembered, unknown ones included.
    pub cache_entries: u64,
    /// Look-ups answered from memory.
    pub cache_hits: u64,
    /// Look-ups that had to ask, or waited for one that did.
    pub cache_misses: u64,
    /// Look-ups repeated after a wrong password.
    pub cache_refetches: u64,
    /// Wrong passwords within `min_interval`, which caused no look-up.
    pub cache_rate_limited: u64,
    pub auth_success: u64,
    pub auth_failure: u64,
    /// Queries sent to the auth database.
    pub executor_queries: u64,
    /// Queries and connects that gave no answer.
    pub executor_errors: u64,
    pub lookups: u64,
}

impl Counters {
    /// A client whom a look-up had found has proved itself.
    pub fn login_succeeded(&self) {
        add(&self.auth_success);
    }

    /// A client that a look-up was made for was turned away.
    pub fn login_failed(&self) {
        add(&self.auth_failure);
    }

    pub(super) fn read(&self, cache_entries: u64) -> AuthQueryStats {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        AuthQueryStats {
            cache_entries,
            cache_hits: of(&self.cache_hits),
            cache_misses: of(&self.cache_misses),
            cache_refetches: of(&self.cache_refetches),
            cache_rate_limited: of(&self.cache_rate_limited),
            auth_success: of(&self.auth_success),
            auth_failure: of(&self.auth_failure),
            executor_queries: of(&self.executor_queries),
            executor_errors: of(&self.executor_errors),
            lookups: of(&self.lookups),
        }
    }
}

pub(super) fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
