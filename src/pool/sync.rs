//! The one door to shared memory for registry, guard and GC.
//!
//! Those files take nothing else from `std::sync`, and nothing of an async runtime. A model checker
//! compiles them as they are and brings its own file in the place of this one.

use std::sync::PoisonError;

pub use std::sync::atomic::{AtomicBool, Ordering};
pub use std::sync::{Arc, Mutex, MutexGuard};

/// Locks, also after another thread panicked inside: every change under the registry's lock is
/// whole before foreign code (a pool's numbers, a failure's `clone`) can run.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
