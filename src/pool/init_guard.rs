//! The guard of a login: it keeps a pool's entry until the login commits or fails.
//!
//! Every guard counts as *pending* on its entry, and [`PoolInitGuard::commit`] turns that into
//! *attached* in one step, so the GC never sees a moment with neither. An entry without a committed
//! login goes with the last of its guards; a committed entry is none of a guard's business.

use std::fmt;

use super::attachment::Attachment;
use super::entry::{PoolState, Reason};
use super::handle::Handle;
use super::probing::Probing;
use super::sync::{Arc, AtomicBool, Ordering};

/// A login's claim on its pool, made by
/// [`create_dynamic_pool`](super::registry::Registry::create_dynamic_pool).
#[must_use = "dropped at once, it may take the pool along"]
pub struct PoolInitGuard<P: PoolState> {
    handle: Handle<P>,
    init_complete: Arc<AtomicBool>,
    epoch: P::Epoch,
    settled: bool,
}

/// The entry was dropped meanwhile: the login starts over, with the keys it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superseded;

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool was dropped while a login was under way")
    }
}

impl std::error::Error for Superseded {}

impl<P: PoolState> PoolInitGuard<P> {
    pub(super) fn new(handle: Handle<P>, init_complete: Arc<AtomicBool>, epoch: P::Epoch) -> Self {
        Self {
            handle,
            init_complete,
            epoch,
            settled: false,
        }
    }

    pub fn identity(&self) -> u64 {
        self.handle.identity
    }

    /// Whether some login already committed to this pool: no probe is needed.
    pub fn already_committed(&self) -> bool {
        self.init_complete.load(Ordering::Acquire)
    }

    /// Whether the entry was dropped meanwhile, so that a commit can only be [`Superseded`].
    pub fn is_superseded(&self) -> bool {
        let handle = &self.handle;
        handle.shared.with(|state, _| handle.entry(state).is_none())
    }

    /// Waits for the pool's first login, or becomes it: who is told
    /// [`ProbeTurn::Probe`](super::probing::ProbeTurn::Probe) opens the first server connection
    /// and gives its verdict through the token, or commits. Not to be asked again while that token
    /// is alive: it would wait for itself.
    ///
    /// # Cancel safety
    /// Dropped, it leaves the queue; had it just been handed the probe, the next joiner gets it.
    pub fn probe(&mut self) -> Probing<'_, P> {
        Probing::new(&self.handle, self.epoch)
    }

    /// Turns the login into an attached client. The first commit of an entry also completes its
    /// initialisation and answers all joiners.
    pub fn commit(mut self) -> Result<Attachment<P>, Superseded> {
        // Whatever the answer, this guard no longer counts anywhere.
        self.settled = true;
        let handle = &self.handle;
        let pool = handle.shared.with(|state, after| {
            let Some(entry) = handle.entry(state) else {
                state.counters(&handle.key).superseded += 1;
                return Err(Superseded);
            };
            entry.pending = entry.pending.saturating_sub(1);
            entry.attached += 1;
            let pool = Arc::clone(&entry.pool);
            if !entry.is_complete() {
                entry.init_complete.store(true, Ordering::Release);
                entry.probe.completed(&mut after.wake);
                state.counters(&handle.key).committed += 1;
            }
            Ok(pool)
        })?;
        Ok(Attachment::new(handle.clone(), pool))
    }
}

impl<P: PoolState> Drop for PoolInitGuard<P> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let handle = &self.handle;
        handle.shared.with(|state, after| {
            let Some(entry) = handle.entry(state) else {
                return;
            };
            entry.pending = entry.pending.saturating_sub(1);
            if entry.pending == 0 && !entry.is_complete() {
                state.remove(&handle.key, handle.identity, Reason::LastGuard, after);
            }
        });
    }
}

#[cfg(test)]
mod tests;
