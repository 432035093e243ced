//! The registry: which pools there are, by key, each with an identity number.
//!
//! It is read on the login path only; a client keeps its pool and its [`Attachment`] and never
//! looks anything up per query. All its rules hold under one lock, and nothing foreign (a dropped
//! pool, a woken task, an await) happens while that is held; `docs/registry.md` draws them.

use super::attachment::Attachment;
use super::counters::Counters;
use super::entry::{Entry, Listed, PoolState, Reason};
use super::handle::Handle;
use super::init_guard::PoolInitGuard;
use super::key::PoolKey;
use super::state::Shared;
use super::sync::{Arc, AtomicBool};

/// A handle on the registry; clones are the same one.
pub struct Registry<P: PoolState> {
    pub(super) shared: Arc<Shared<P>>,
}

/// Sums over all pools, for `SHOW INTERNALS`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    pub pools: usize,
    pub pending: usize,
    pub attached: usize,
    pub joiners: usize,
}

impl<P: PoolState> Clone for Registry<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<P: PoolState> Default for Registry<P> {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared::new()),
        }
    }
}

impl<P: PoolState> Registry<P> {
    /// Finds the pool of `key` or enters a new one, for a client that has proved itself with keys
    /// of `epoch`. The guard keeps the entry until it commits or is dropped.
    ///
    /// `make` runs outside the lock, so it may use the registry; when another login was quicker its
    /// pool is thrown away again.
    pub fn create_dynamic_pool(
        &self,
        key: &PoolKey,
        make: impl FnOnce() -> P,
        epoch: P::Epoch,
    ) -> (Arc<P>, PoolInitGuard<P>) {
        let found = self.shared.with(|state, _| {
            let entry = state.entries.get_mut(key)?;
            Some(enter(entry))
        });
        let entered = found.unwrap_or_else(|| {
            // Our own reference outlives the lock: a pool made in vain is dropped after it.
            let fresh = Arc::new(make());
            self.shared
                .with(|state, _| enter(state.find_or_insert(key, &fresh, false)))
        });
        let handle = Handle::new(&self.shared, entered.key, entered.identity);
        let guard = PoolInitGuard::new(handle, entered.complete, epoch);
        (entered.pool, guard)
    }

    /// Finds the pool of `key` or enters one that needs no first login.
    pub fn insert_static(&self, key: &PoolKey, make: impl FnOnce() -> P) -> Arc<P> {
        self.get(key).unwrap_or_else(|| {
            let fresh = Arc::new(make());
            self.shared
                .with(|state, _| Arc::clone(&state.find_or_insert(key, &fresh, true).pool))
        })
    }

    /// Attaches a client to a pool that needs no first login (any more); `None` if there is no such
    /// pool.
    pub fn attach(&self, key: &PoolKey) -> Option<Attachment<P>> {
        let (key, identity, pool) = self.shared.with(|state, _| {
            let entry = state.entries.get_mut(key).filter(|e| e.is_complete())?;
            entry.attached += 1;
            Some((entry.key.clone(), entry.identity, Arc::clone(&entry.pool)))
        })?;
        let handle = Handle::new(&self.shared, key, identity);
        Some(Attachment::new(handle, pool))
    }

    /// The pool of `key`, committed or not.
    pub fn get(&self, key: &PoolKey) -> Option<Arc<P>> {
        self.find(key).map(|listed| listed.pool)
    }

    pub fn find(&self, key: &PoolKey) -> Option<Listed<P>> {
        self.shared
            .with(|state, _| state.entries.get(key).map(Listed::from))
    }

    /// All entries in the order of their keys.
    pub fn list(&self) -> Vec<(PoolKey, Listed<P>)> {
        self.shared.with(|state, _| {
            let entries = state.entries.iter();
            entries.map(|(key, e)| (key.clone(), e.into())).collect()
        })
    }

    /// Takes the pool of this identity away, if it is still there. Its clients keep their
    /// reference, its guards and joiners get [`Superseded`](super::init_guard::Superseded).
    pub fn drop_dynamic_pool(&self, identity: u64) -> Option<Arc<P>> {
        self.shared.with(|state, after| {
            let mut entries = state.entries.iter();
            let (key, _) = entries.find(|(_, entry)| entry.identity == identity)?;
            let key = key.clone();
            state.remove(&key, identity, Reason::Removed, after)
        })
    }

    /// Takes away, as [`Self::drop_dynamic_pool`] does, every pool that `doomed` names. It runs
    /// under the lock and must not use the registry. A reload changes what logins read before it
    /// calls this, so that no login can enter a doomed pool afterwards.
    pub fn remove_where(&self, doomed: impl Fn(&PoolKey, &P) -> bool) -> Vec<Arc<P>> {
        self.shared.with(|state, after| {
            let entries = state.entries.iter();
            let doomed: Vec<_> = entries
                .filter(|(key, entry)| doomed(key, &entry.pool))
                .map(|(key, entry)| (key.clone(), entry.identity))
                .collect();
            doomed
                .iter()
                .filter_map(|(key, identity)| state.remove(key, *identity, Reason::Removed, after))
                .collect()
        })
    }

    pub fn counters(&self, database: &str) -> Counters {
        self.shared.with(|state, _| {
            let database = state.databases.get(database);
            database.map(|d| d.counters).unwrap_or_default()
        })
    }

    /// Sweeps of the GC since the start, over all databases.
    pub fn gc_sweeps(&self) -> u64 {
        self.shared.with(|state, _| state.sweeps)
    }

    pub fn census(&self) -> Census {
        self.shared.with(|state, _| {
            let start = Census::default();
            state.entries.values().fold(start, |sum, entry| Census {
                pools: sum.pools + 1,
                pending: sum.pending + entry.pending,
                attached: sum.attached + entry.attached,
                joiners: sum.joiners + entry.probe.joiners(),
            })
        })
    }
}

struct Entered<P> {
    identity: u64,
    key: PoolKey,
    pool: Arc<P>,
    complete: Arc<AtomicBool>,
}

/// Counts a guard in.
fn enter<P: PoolState>(entry: &mut Entry<P>) -> Entered<P> {
    entry.pending += 1;
    Entered {
        identity: entry.identity,
        key: entry.key.clone(),
        pool: Arc::clone(&entry.pool),
        complete: Arc::clone(&entry.init_complete),
    }
}
