//! A client's hold on its pool.

use super::entry::PoolState;
use super::handle::Handle;
use super::sync::Arc;

/// Counts one client as attached, for as long as it lives: an attached pool is never collected.
/// A reload may take the pool out of the registry all the same; the attachment then only keeps the
/// pool itself alive.
#[must_use = "dropped at once, it keeps nothing"]
pub struct Attachment<P: PoolState> {
    handle: Handle<P>,
    pool: Arc<P>,
}

impl<P: PoolState> Attachment<P> {
    pub(super) fn new(handle: Handle<P>, pool: Arc<P>) -> Self {
        Self { handle, pool }
    }

    pub fn pool(&self) -> &Arc<P> {
        &self.pool
    }

    pub fn identity(&self) -> u64 {
        self.handle.identity
    }
}

impl<P: PoolState> Drop for Attachment<P> {
    fn drop(&mut self) {
        self.handle
            .with_entry(|entry, _| entry.attached = entry.attached.saturating_sub(1));
    }
}
