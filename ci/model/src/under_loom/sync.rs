//! What the shipped files get in the place of `src/pool/sync.rs` under loom.
//!
//! `Arc` stays the standard one: no shipped file looks at a count of references, so loom would only
//! multiply executions with the orders in which references are dropped.

use std::sync::PoisonError;
use std::sync::atomic::AtomicBool as Unseen;

use loom::thread::{self, Thread};

pub use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub use loom::sync::{Mutex, MutexGuard};
pub use std::sync::Arc;

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What wakes a thread. Its flags are none of loom's: between a look at them and the sleep no other
/// thread runs, and a wake that loom counts as a step doubles the executions.
pub struct Bell {
    sleeper: Thread,
    rung: Unseen,
    asleep: Unseen,
}

impl Bell {
    /// Of the calling thread.
    pub fn new() -> Self {
        Self {
            sleeper: thread::current(),
            rung: Unseen::new(false),
            asleep: Unseen::new(false),
        }
    }

    pub fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        // A thread that waits for a lock must not be unparked: it would believe it has the lock.
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.sleeper.unpark();
        }
    }

    pub fn wait(&self) {
        while !self.rung.swap(false, Ordering::SeqCst) {
            self.asleep.store(true, Ordering::SeqCst);
            thread::park();
        }
    }
}
