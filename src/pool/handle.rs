//! One entry, named for good: what a guard, a token and an attachment hold.

use super::entry::{Entry, PoolState};
use super::key::PoolKey;
use super::state::{Aftermath, Shared, State};
use super::sync::Arc;

/// Finds its own entry or none, never a later one of the same key.
pub(super) struct Handle<P: PoolState> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) key: PoolKey,
    pub(super) identity: u64,
}

impl<P: PoolState> Handle<P> {
    pub(super) fn new(shared: &Arc<Shared<P>>, key: PoolKey, identity: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            key,
            identity,
        }
    }

    /// Its entry within `state`, if that was not dropped.
    pub(super) fn entry<'s>(&self, state: &'s mut State<P>) -> Option<&'s mut Entry<P>> {
        state.entry(&self.key, self.identity)
    }

    /// Changes the entry under the lock; `None` if it was dropped.
    pub(super) fn with_entry<R>(
        &self,
        change: impl FnOnce(&mut Entry<P>, &mut Aftermath<P>) -> R,
    ) -> Option<R> {
        self.shared
            .with(|state, after| self.entry(state).map(|entry| change(entry, after)))
    }
}

impl<P: PoolState> Clone for Handle<P> {
    fn clone(&self) -> Self {
        Self::new(&self.shared, self.key.clone(), self.identity)
    }
}
