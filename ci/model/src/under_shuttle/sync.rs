//! What the shipped files get in the place of `src/pool/sync.rs` under shuttle.

use std::sync::PoisonError;

use shuttle::sync::Condvar;
pub use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub use shuttle::sync::{Arc, Mutex, MutexGuard};

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What wakes a thread.
pub struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub fn new() -> Self {
        Self {
            rung: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    pub fn ring(&self) {
        *lock(&self.rung) = true;
        self.changed.notify_one();
    }

    pub fn wait(&self) {
        let mut rung = lock(&self.rung);
        while !*rung {
            rung = self
                .changed
                .wait(rung)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *rung = false;
    }
}
