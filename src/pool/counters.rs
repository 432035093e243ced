//! What happened to a database's dynamic pools, for `SHOW AUTH_QUERY` and for tests of races.

/// Monotonic counts of one database. They live under the registry's lock, so any two of them taken
/// together fit each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Entries made.
    pub created: u64,
    /// Logins that waited on somebody else's probe.
    pub joined: u64,
    /// Entries whose first login succeeded.
    pub committed: u64,
    /// Entries that went with their last uncommitted guard.
    pub dropped: u64,
    /// Entries that the GC collected.
    pub reaped: u64,
    /// Entries that a reload took away.
    pub removed: u64,
    /// Commits that came after their entry was gone.
    pub superseded: u64,
    /// Times that a sweep met a pool still initialising and let it be.
    pub skipped_initialising: u64,
    /// Probes that went from one login to the next that waited.
    pub handed_on: u64,
    /// Logins that were told the failure of somebody else's probe.
    pub joiners_failed: u64,
}

impl Counters {
    /// Entries that went, for whatever reason (`dynamic_pools_destroyed`).
    pub fn destroyed(&self) -> u64 {
        self.dropped + self.reaped + self.removed
    }

    /// Entries there now (`dynamic_pools_current`).
    pub fn current(&self) -> u64 {
        self.created.saturating_sub(self.destroyed())
    }
}
