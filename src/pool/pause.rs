//! Pause belongs to the database: pools that come later are born paused, because all of a
//! database's pools look at one flag.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::entry::PoolState;
use super::registry::Registry;
use super::state::Shared;
use super::sync::{Arc, AtomicBool, Ordering};

/// A database's pause, to be looked at without the registry's lock: one atomic load.
#[derive(Clone)]
pub struct PauseFlag(Arc<AtomicBool>);

impl Default for PauseFlag {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }
}

impl PauseFlag {
    pub fn is_paused(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, paused: bool) -> bool {
        let changed = self.is_paused() != paused;
        self.0.store(paused, Ordering::Release);
        changed
    }
}

impl<P: PoolState> Registry<P> {
    /// Pauses a database of the configuration; whether it was not paused yet.
    pub fn pause(&self, database: &str) -> bool {
        self.shared
            .with(|state, _| state.database(database).paused.set(true))
    }

    /// Resumes, and wakes all who waited for it; whether it was paused.
    pub fn resume(&self, database: &str) -> bool {
        self.shared.with(|state, after| {
            let Some(database) = state.databases.get_mut(database) else {
                return false;
            };
            let sleepers = std::mem::take(&mut database.sleepers);
            after.wake.extend(sleepers.into_values());
            database.paused.set(false)
        })
    }

    pub fn is_paused(&self, database: &str) -> bool {
        self.shared.with(|state, _| {
            let database = state.databases.get(database);
            database.is_some_and(|database| database.paused.is_paused())
        })
    }

    /// The flag that a pool of this database keeps, also before the database has any pool.
    pub fn pause_flag(&self, database: &str) -> PauseFlag {
        self.shared
            .with(|state, _| state.database(database).paused.clone())
    }

    /// Ready as soon as the database is not paused; at once if it is not. Without a time-out of its
    /// own.
    ///
    /// # Cancel safety
    /// Dropped, it leaves nothing behind.
    pub fn wait_resumed(&self, database: &str) -> Resumed<P> {
        Resumed {
            shared: Arc::clone(&self.shared),
            database: database.to_owned(),
            ticket: None,
        }
    }
}

/// See [`Registry::wait_resumed`].
#[must_use = "futures do nothing unless awaited"]
pub struct Resumed<P: PoolState> {
    shared: Arc<Shared<P>>,
    database: String,
    ticket: Option<u64>,
}

impl<P: PoolState> Future for Resumed<P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        // The waker of an earlier poll is returned so that it is dropped outside the lock.
        let (ticket, _old) = this.shared.with(|state, _| {
            let ticket = this.ticket.unwrap_or_else(|| state.number());
            let Some(database) = state.databases.get_mut(&this.database) else {
                return (None, None);
            };
            if database.paused.is_paused() {
                (Some(ticket), database.sleepers.insert(ticket, waker))
            } else {
                (None, database.sleepers.remove(&ticket))
            }
        });
        this.ticket = ticket;
        match ticket {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }
}

impl<P: PoolState> Drop for Resumed<P> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let _waker = self.shared.with(|state, _| {
            let database = state.databases.get_mut(&self.database)?;
            database.sleepers.remove(&ticket)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::super::fixture::{LockWatch, TestRegistry, poll_once};
    use super::Arc;

    #[test]
    fn pausing_and_resuming_again_changes_nothing() {
        let registry = TestRegistry::default();
        assert!(!registry.resume("db"));
        assert_eq!([registry.pause("db"), registry.pause("db")], [true, false]);
        assert!(registry.is_paused("db") && !registry.is_paused("other"));
        assert_eq!(
            [registry.resume("db"), registry.resume("db")],
            [true, false]
        );
        assert!(!registry.is_paused("db"));
    }

    #[test]
    fn one_flag_serves_pools_of_before_and_after() {
        let registry = TestRegistry::default();
        let before = registry.pause_flag("db");
        registry.pause("db");
        let after = registry.pause_flag("db");
        assert!(before.is_paused() && after.is_paused());
        registry.resume("db");
        assert!(!before.is_paused() && !after.is_paused());
    }

    #[test]
    fn who_waits_for_resume_is_woken_outside_the_lock() {
        let registry = TestRegistry::default();
        let watch = LockWatch::new(&registry);
        let waker = Waker::from(Arc::clone(&watch));
        assert!(poll_once(pin!(registry.wait_resumed("db")), &waker).is_ready());
        registry.pause("db");
        let mut waiting = pin!(registry.wait_resumed("db"));
        for _ in 0..2 {
            assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        }
        registry.resume("db");
        assert_eq!(watch.calls(), 1);
        assert!(poll_once(waiting.as_mut(), &waker).is_ready());
    }

    #[test]
    fn a_pause_in_between_keeps_the_waiter_waiting_and_awake() {
        let registry = TestRegistry::default();
        let watch = LockWatch::new(&registry);
        let waker = Waker::from(Arc::clone(&watch));
        registry.pause("db");
        let mut waiting = pin!(registry.wait_resumed("db"));
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        registry.resume("db");
        registry.pause("db");
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        registry.resume("db");
        assert_eq!(watch.calls(), 2);
    }

    #[test]
    fn a_waiter_that_leaves_is_not_woken() {
        let registry = TestRegistry::default();
        let watch = LockWatch::new(&registry);
        registry.pause("db");
        let mut waiting = Box::pin(registry.wait_resumed("db"));
        let waker = Waker::from(Arc::clone(&watch));
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        drop(waiting);
        registry.resume("db");
        assert_eq!(watch.calls(), 0);
    }
}
