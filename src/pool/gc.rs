//! The garbage collection of dynamic pools: a pure rule, and a pass that applies it.

use super::entry::{Entry, PoolState, Reason};
use super::key::PoolKey;
use super::registry::Registry;
use super::state::State;
use super::sync::Arc;

/// All that decides whether a pool is still needed, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSnapshot {
    /// Only pools of users found by `auth_query` come and go.
    pub dynamic: bool,
    /// A login committed: the pool has had its first server.
    pub init_complete: bool,
    /// Logins that hold a guard; the joiners are among them.
    pub pending: usize,
    /// Clients.
    pub attached: usize,
    /// Clients at the gate.
    pub waiters: usize,
    /// Live, dialling, or with the undertaker.
    pub servers: usize,
    /// Cancel requests in flight.
    pub cancels: usize,
    pub paused: bool,
    pub min_pool_size: u32,
}

impl PoolSnapshot {
    /// Costs one atomic load for the guard's flag, one for the pause, and the pool's own numbers.
    fn of<P: PoolState>(key: &PoolKey, entry: &Entry<P>) -> Self {
        let parts = entry.pool.snapshot_parts();
        Self {
            dynamic: key.is_dynamic(),
            init_complete: entry.is_complete(),
            pending: entry.pending,
            attached: entry.attached,
            waiters: parts.waiters,
            servers: parts.servers,
            cancels: parts.cancels,
            paused: entry.paused.is_paused(),
            min_pool_size: parts.min_pool_size,
        }
    }
}

/// Whether nobody needs the pool.
pub fn should_gc_idle_pool(pool: &PoolSnapshot) -> bool {
    pool.dynamic
        && pool.init_complete
        && !pool.paused
        && pool.min_pool_size == 0
        && pool.pending == 0
        && pool.attached == 0
        && pool.waiters == 0
        && pool.servers == 0
        && pool.cancels == 0
}

/// Takes every dynamic pool that nobody needs out of the registry and returns them. Asked and
/// removed under one lock: a login comes before, and keeps its pool, or after, and makes a new one.
pub fn gc_idle_dynamic_pools<P: PoolState>(registry: &Registry<P>) -> Vec<Arc<P>> {
    registry.shared.with(|state, after| {
        state.sweeps += 1;
        let idle = find_idle(state);
        let reap = |(key, identity)| state.remove(&key, identity, Reason::Reaped, after);
        idle.into_iter().filter_map(reap).collect()
    })
}

/// The pools to collect; those that only their initialisation saves are counted.
fn find_idle<P: PoolState>(state: &mut State<P>) -> Vec<(PoolKey, u64)> {
    let mut idle = Vec::new();
    for (key, entry) in state.entries.iter().filter(|(key, _)| key.is_dynamic()) {
        let snapshot = PoolSnapshot::of(key, entry);
        if should_gc_idle_pool(&snapshot) {
            idle.push((key.clone(), entry.identity));
        } else if !snapshot.init_complete
            && let Some(database) = state.databases.get_mut(&*key.database)
        {
            database.counters.skipped_initialising += 1;
        }
    }
    idle
}

#[cfg(test)]
mod tests;
