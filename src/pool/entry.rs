//! One pool's place in the registry: the pool, and who needs it.

use super::counters::Counters;
use super::key::PoolKey;
use super::pause::PauseFlag;
use super::probe::Probe;
use super::sync::{Arc, AtomicBool, Ordering};

/// What the registry must know of a pool. Implementations must not call the registry: these
/// methods run under its lock.
pub trait PoolState {
    /// What a failed probe tells all who waited on it.
    type Failure: Clone;
    /// Which fetched keys a login brings.
    type Epoch: Copy + Eq;

    fn snapshot_parts(&self) -> PoolParts;
}

/// A pool's own share of what decides whether it is still needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolParts {
    /// Servers: live, dialling, or with the undertaker.
    pub servers: usize,
    /// Cancel requests in flight for one of its servers.
    pub cancels: usize,
    /// Clients at the gate.
    pub waiters: usize,
    /// Servers to keep; 0 also while refilling is stopped for lack of good keys.
    pub min_pool_size: u32,
}

pub(super) struct Entry<P: PoolState> {
    pub(super) identity: u64,
    /// As in the map: handles share its text.
    pub(super) key: PoolKey,
    pub(super) pool: Arc<P>,
    /// Whether a login ever committed. Written under the lock, read also without.
    pub(super) init_complete: Arc<AtomicBool>,
    pub(super) paused: PauseFlag,
    /// Guards that neither committed nor went: logins, joiners among them.
    pub(super) pending: usize,
    /// Attachments: clients.
    pub(super) attached: usize,
    pub(super) probe: Probe<Arc<P::Failure>, P::Epoch>,
}

impl<P: PoolState> Entry<P> {
    pub(super) fn is_complete(&self) -> bool {
        self.init_complete.load(Ordering::Acquire)
    }
}

/// Why an entry goes.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    LastGuard,
    Reaped,
    Removed,
}

impl Reason {
    pub(super) fn count(self, counters: &mut Counters) {
        match self {
            Self::LastGuard => counters.dropped += 1,
            Self::Reaped => counters.reaped += 1,
            Self::Removed => counters.removed += 1,
        }
    }
}

/// An entry as lists show it.
pub struct Listed<P> {
    pub identity: u64,
    pub pool: Arc<P>,
    pub init_complete: bool,
    pub pending: usize,
    pub attached: usize,
    pub joiners: usize,
}

impl<P: PoolState> From<&Entry<P>> for Listed<P> {
    fn from(entry: &Entry<P>) -> Self {
        Self {
            identity: entry.identity,
            pool: Arc::clone(&entry.pool),
            init_complete: entry.is_complete(),
            pending: entry.pending,
            attached: entry.attached,
            joiners: entry.probe.joiners(),
        }
    }
}
