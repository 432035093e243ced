//! Pools, wakers and a tiny executor for the tests of this folder.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::attachment::Attachment;
use super::entry::{PoolParts, PoolState};
use super::init_guard::{PoolInitGuard, Superseded};
use super::key::PoolKey;
use super::probing::{Outcome, ProbeToken, ProbeTurn};
use super::registry::Registry;

/// A pool that is nothing but its numbers, and asks at its end whether the lock was free.
#[derive(Default)]
pub(super) struct TestPool {
    pub(super) parts: Mutex<PoolParts>,
    /// For the stress test: logins inside their probe, clients between commit and leaving.
    pub(super) probers: AtomicUsize,
    pub(super) clients: AtomicUsize,
    at_drop: Option<Arc<LockWatch>>,
}

impl PoolState for TestPool {
    type Failure = &'static str;
    type Epoch = u8;

    fn snapshot_parts(&self) -> PoolParts {
        *self.parts.lock().unwrap()
    }
}

impl Drop for TestPool {
    fn drop(&mut self) {
        if let Some(watch) = &self.at_drop {
            watch.look();
        }
    }
}

/// A pool's drop, or a waker: counts calls, and those that came with the registry's lock held.
pub(super) struct LockWatch {
    registry: TestRegistry,
    calls: AtomicUsize,
    locked: AtomicUsize,
}

impl LockWatch {
    pub(super) fn new(registry: &TestRegistry) -> Arc<Self> {
        Arc::new(Self {
            registry: registry.clone(),
            calls: AtomicUsize::new(0),
            locked: AtomicUsize::new(0),
        })
    }

    fn look(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.registry.shared.state.try_lock().is_err() {
            self.locked.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Calls so far, after asserting that none came under the lock.
    pub(super) fn calls(&self) -> usize {
        assert_eq!(self.locked.load(Ordering::SeqCst), 0, "the lock was held");
        self.calls.load(Ordering::SeqCst)
    }
}

impl Wake for LockWatch {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

pub(super) type TestRegistry = Registry<TestPool>;
pub(super) type TestGuard = PoolInitGuard<TestPool>;

pub(super) fn watched_pool(watch: &Arc<LockWatch>) -> TestPool {
    let mut pool = TestPool::default();
    pool.at_drop = Some(Arc::clone(watch));
    pool
}

pub(super) fn key(user: &str) -> PoolKey {
    PoolKey::dynamic("db", user)
}

/// A login of user `u` with keys of `epoch`.
pub(super) fn login(registry: &TestRegistry, epoch: u8) -> TestGuard {
    let (_, guard) = registry.create_dynamic_pool(&key("u"), TestPool::default, epoch);
    guard
}

/// A committed login of user `u`.
pub(super) fn attached(registry: &TestRegistry) -> Attachment<TestPool> {
    login(registry, 0).commit().unwrap()
}

pub(super) fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Asks for the probe, which must be free.
pub(super) fn claim(guard: &mut TestGuard) -> ProbeToken<TestPool> {
    match poll_once(pin!(guard.probe()), Waker::noop()) {
        Poll::Ready(ProbeTurn::Probe(token)) => token,
        other => panic!("expected the probe, got {}", shown(&other)),
    }
}

/// A poll's result in a word.
pub(super) fn shown(poll: &Poll<ProbeTurn<TestPool>>) -> String {
    match poll {
        Poll::Pending => "waits".into(),
        Poll::Ready(ProbeTurn::Probe(_)) => "probes".into(),
        Poll::Ready(ProbeTurn::Answered(Outcome::Ready)) => "ready".into(),
        Poll::Ready(ProbeTurn::Answered(Outcome::Failed(failure))) => (*failure).into(),
        Poll::Ready(ProbeTurn::Answered(Outcome::Superseded)) => "superseded".into(),
    }
}

pub(super) fn is_superseded(result: &Result<Attachment<TestPool>, Superseded>) -> bool {
    matches!(result, Err(Superseded))
}

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// Runs a future on this thread. One that nobody wakes for ten seconds is a lost wake.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_once(future.as_mut(), &waker) {
            return output;
        }
        let woken = (0..100).any(|_| {
            thread::park_timeout(Duration::from_millis(100));
            unpark.woken.swap(false, Ordering::SeqCst)
        });
        assert!(woken, "a future was never woken");
    }
}
