//! What the registry's lock guards, and what has to wait until the lock is free.

use std::collections::BTreeMap;
use std::task::Waker;

use super::counters::Counters;
use super::entry::{Entry, PoolState, Reason};
use super::key::PoolKey;
use super::pause::PauseFlag;
use super::probe::Probe;
use super::sync::{Arc, AtomicBool, Mutex, lock};

pub(super) struct Shared<P: PoolState> {
    pub(super) state: Mutex<State<P>>,
}

impl<P: PoolState> Shared<P> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                entries: BTreeMap::new(),
                databases: BTreeMap::new(),
                sweeps: 0,
                last_number: 0,
            }),
        }
    }

    /// Runs `change` under the lock, and only then wakes and drops what it left in the aftermath: a
    /// woken task or a dropped pool may come straight back to the registry.
    pub(super) fn with<R>(&self, change: impl FnOnce(&mut State<P>, &mut Aftermath<P>) -> R) -> R {
        let mut after = Aftermath {
            wake: Vec::new(),
            removed: Vec::new(),
        };
        // A statement of its own: the lock is free at its end, also when `change` panics.
        let result = change(&mut lock(&self.state), &mut after);
        drop(after);
        result
    }
}

/// Work for after the lock, done when it is dropped, so that no panic can swallow a wake.
pub(super) struct Aftermath<P: PoolState> {
    pub(super) wake: Vec<Waker>,
    removed: Vec<Entry<P>>,
}

impl<P: PoolState> Drop for Aftermath<P> {
    fn drop(&mut self) {
        for entry in &mut self.removed {
            entry.probe.dissolve(&mut self.wake);
        }
        self.wake.drain(..).for_each(Waker::wake);
    }
}

pub(super) struct State<P: PoolState> {
    /// Ordered, so that lists and sweeps are the same in every run.
    pub(super) entries: BTreeMap<PoolKey, Entry<P>>,
    /// Grows with the databases that the configuration ever named.
    pub(super) databases: BTreeMap<String, Database>,
    pub(super) sweeps: u64,
    last_number: u64,
}

/// What belongs to a database and outlives its pools.
#[derive(Default)]
pub(super) struct Database {
    pub(super) counters: Counters,
    pub(super) paused: PauseFlag,
    /// Who waits for RESUME, by ticket.
    pub(super) sleepers: BTreeMap<u64, Waker>,
}

impl<P: PoolState> State<P> {
    /// A number that was never used before: an identity or a ticket.
    pub(super) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn database(&mut self, name: &str) -> &mut Database {
        self.databases.entry(name.to_owned()).or_default()
    }

    pub(super) fn counters(&mut self, key: &PoolKey) -> &mut Counters {
        &mut self.database(&key.database).counters
    }

    /// The entry of this very identity: a later one of the same name is somebody else's.
    pub(super) fn entry(&mut self, key: &PoolKey, identity: u64) -> Option<&mut Entry<P>> {
        self.entries
            .get_mut(key)
            .filter(|entry| entry.identity == identity)
    }

    /// The entry of `key`; if there is none, a new one for `fresh`.
    pub(super) fn find_or_insert(
        &mut self,
        key: &PoolKey,
        fresh: &Arc<P>,
        complete: bool,
    ) -> &mut Entry<P> {
        let identity = self.number();
        let database = self.databases.entry(key.database.to_string()).or_default();
        self.entries.entry(key.clone()).or_insert_with(|| {
            if key.is_dynamic() {
                database.counters.created += 1;
            }
            Entry {
                identity,
                key: key.clone(),
                pool: Arc::clone(fresh),
                init_complete: Arc::new(AtomicBool::new(complete)),
                paused: database.paused.clone(),
                pending: 0,
                attached: 0,
                probe: Probe::new(),
            }
        })
    }

    /// Takes an entry out, by identity. Its guards will find nothing, its joiners are woken to see
    /// so.
    pub(super) fn remove(
        &mut self,
        key: &PoolKey,
        identity: u64,
        reason: Reason,
        after: &mut Aftermath<P>,
    ) -> Option<Arc<P>> {
        self.entry(key, identity)?;
        let entry = self.entries.remove(key)?;
        if key.is_dynamic() {
            reason.count(self.counters(key));
        }
        let pool = Arc::clone(&entry.pool);
        after.removed.push(entry);
        Some(pool)
    }
}
