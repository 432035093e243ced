//! Cancel requests that are under way for one server.
//!
//! PostgreSQL applies a cancel to whatever the backend does when it arrives. So a server for which
//! one is in flight must not be lent to anybody else until PostgreSQL has closed that connection.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::cancel::{CancelAddress, cancel};
use crate::wire::CancelKey;
use crate::world::World;

#[derive(Debug)]
pub struct CancelTarget {
    key: CancelKey,
    address: CancelAddress,
    in_flight: AtomicU32,
    /// A request whose end was not seen: it may strike at any time.
    lost: AtomicU32,
    done: Notify,
}

impl CancelTarget {
    pub fn new(key: CancelKey, address: CancelAddress) -> Self {
        Self {
            key,
            address,
            in_flight: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            done: Notify::new(),
        }
    }

    pub fn parts(&self) -> (CancelKey, CancelAddress) {
        (self.key.clone(), self.address.clone())
    }

    /// Counts a request in; to be called while it is certain who holds the server.
    pub fn announce(&self) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// Sends an announced request and counts it out.
    ///
    /// # Cancel safety
    /// None: run it in a task of its own.
    pub async fn send(&self, world: &World, limit: Duration) -> std::io::Result<()> {
        let outcome = cancel(world, &self.address, &self.key, limit).await;
        if outcome.is_err() {
            self.lost.fetch_add(1, Ordering::AcqRel);
        }
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.done.notify_waiters();
        outcome
    }

    pub fn is_silent(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0 && self.lost.load(Ordering::Acquire) == 0
    }

    /// Waits until no request is in flight; false if one was lost, so that the server is unfit.
    ///
    /// # Cancel safety
    /// A dropped call changes nothing.
    pub async fn silence(&self) -> bool {
        loop {
            let done = self.done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            if self.in_flight.load(Ordering::Acquire) == 0 {
                return self.is_silent();
            }
            done.await;
        }
    }
}
