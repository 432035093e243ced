//! A CancelRequest of a client: handed on to the server that works for it, and to no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::roster::Roster;
use crate::wire::CancelKey;
use crate::world::World;

/// Handles a request; returns when it has been passed on, or when there is nobody to pass it to.
/// The client learns nothing but that its connection is closed, as at PostgreSQL.
///
/// # Cancel safety
/// A dropped call may leave the request under way; its server is then not lent again.
pub async fn cancel(world: &World, roster: &Roster, key: &CancelKey, limit: Duration) {
    let Some((target, pool)) = roster.cancel(key) else {
        return;
    };
    let counted = Counted::new(pool.cancels_in_flight());
    let world_too = world.clone();
    // In a task of its own: the client may hang up, the count must come back all the same.
    let sending = world.spawn(async move {
        let outcome = target.send(&world_too, limit).await;
        drop(counted);
        outcome
    });
    if let Ok(Err(error)) = sending.await {
        tracing::warn!(pool = %pool.key, %error, "a cancel request was not delivered");
    }
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
