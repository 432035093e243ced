//! The gate: the fair queue in front of a pool, and the only limit on its servers.
//!
//! A permit stands for one server that PostgreSQL may see. Clients get permits strictly in the
//! order in which they came. The size can change while permits are out: what can't be taken back at
//! once is a debt, paid by the permits that come home.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};
use crate::failpoint::failpoint;
use crate::world::World;

#[derive(Debug)]
pub struct Gate {
    permits: Arc<Semaphore>,
    size: AtomicUsize,
    debt: AtomicUsize,
    waiters: AtomicUsize,
}

/// The right to one server. Dropping it lets the next waiter in.
#[derive(Debug)]
pub struct Permit {
    inner: Option<OwnedSemaphorePermit>,
    gate: Arc<Gate>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        failpoint!("permit_leaked", return std::mem::forget(self.inner.take()));
        if let Some(permit) = self.inner.take()
            && self.gate.pays_debt()
        {
            permit.forget();
        }
    }
}

impl Gate {
    pub fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(size)),
            size: AtomicUsize::new(size),
            debt: AtomicUsize::new(0),
            waiters: AtomicUsize::new(0),
        })
    }

    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }

    pub fn waiters(&self) -> usize {
        self.waiters.load(Ordering::Relaxed)
    }

    /// A permit, if one is free and nobody waits for it.
    pub fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(self.permit(permit))
    }

    /// Waits in order for a permit.
    ///
    /// # Errors
    /// 53300 after `timeout` (`None` = never).
    ///
    /// # Cancel safety
    /// A dropped call leaves the queue; a permit it had just been given goes to the next.
    pub async fn enter(
        self: &Arc<Self>,
        world: &World,
        timeout: Option<Duration>,
    ) -> Result<Permit> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let _waiting = Waiting::new(&self.waiters);
        let acquire = Arc::clone(&self.permits).acquire_owned();
        let permit = match timeout {
            None => acquire.await,
            Some(limit) => world
                .timeout(limit, acquire)
                .await
                .map_err(|_| Error::query_wait_timeout())?,
        };
        // The semaphore is never closed.
        let permit = permit.map_err(|_| Error::query_wait_timeout())?;
        Ok(self.permit(permit))
    }

    fn permit(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Permit {
        Permit {
            inner: Some(permit),
            gate: Arc::clone(self),
        }
    }

    /// Grows at once; shrinks as permits come home.
    pub fn resize(&self, size: usize) {
        let before = self.size.swap(size, Ordering::Relaxed);
        if size >= before {
            let grown = size - before;
            let forgiven = self.lower_debt(grown);
            self.permits.add_permits(grown - forgiven);
        } else {
            let shrunk = before - size;
            let taken = self.permits.forget_permits(shrunk);
            self.debt.fetch_add(shrunk - taken, Ordering::Relaxed);
        }
    }

    fn pays_debt(&self) -> bool {
        self.debt.load(Ordering::Relaxed) > 0 && self.lower_debt(1) == 1
    }

    /// Lowers the debt by up to `most`; tells by how much.
    fn lower_debt(&self, most: usize) -> usize {
        let lower = |debt: usize| Some(debt.saturating_sub(most));
        let before = self
            .debt
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower)
            .unwrap_or(0);
        before.min(most)
    }
}

/// Counts a waiter for as long as it waits, however that ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn waiters_enter_in_the_order_they_came() {
        let world = World::new();
        let gate = Gate::new(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = gate.try_enter().unwrap();
        let mut tasks = Vec::new();
        for n in 0..8 {
            let (gate, world, order) = (gate.clone(), world.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let _permit = gate.enter(&world, None).await.unwrap();
                order.lock().unwrap().push(n);
            }));
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.waiters(), 8);
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<_>>());
        assert_eq!((gate.waiters(), gate.free()), (0, 1));
    }

    #[tokio::test]
    async fn a_wait_ends_with_53300() {
        let gate = Gate::new(0);
        let world = World::new();
        let wait = gate.enter(&world, Some(Duration::from_millis(5)));
        assert_eq!(wait.await.unwrap_err().sqlstate.as_str(), "53300");
        assert_eq!(gate.waiters(), 0);
    }

    #[tokio::test]
    async fn a_smaller_size_is_paid_by_permits_that_come_home() {
        let gate = Gate::new(3);
        let permits: Vec<_> = (0..3).filter_map(|_| gate.try_enter()).collect();
        gate.resize(1);
        assert_eq!(gate.free(), 0);
        gate.resize(2);
        drop(permits);
        assert_eq!(gate.free(), 2);
        gate.resize(4);
        assert_eq!(gate.free(), 4);
        gate.resize(0);
        assert!(gate.try_enter().is_none());
    }
}
