//! Real threads over one registry: logins that succeed, fail, are refused, vanish, panic or leave
//! the queue, beside sweeps and reloads. What must never happen is asserted all along, and at the
//! end that every race of interest did happen.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use super::counters::Counters;
use super::fixture::{TestGuard, TestPool, TestRegistry, block_on, key, poll_once};
use super::gc::gc_idle_dynamic_pools;
use super::probing::{Outcome, ProbeToken, ProbeTurn};
use super::registry::Census;
use super::sync::Arc;

const USERS: [&str; 2] = ["u", "v"];
const LOGINS: usize = 4;

/// What the threads share.
#[derive(Default)]
struct Stage {
    registry: TestRegistry,
    stop: AtomicBool,
    logins: AtomicU64,
    answers: AtomicU64,
}

/// xorshift: a sequence of its own for each thread, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn every_login_is_answered_and_nothing_is_left() {
    let stage = &Stage::default();
    thread::scope(|scope| {
        let mut running: Vec<_> = (1..=LOGINS as u64)
            .map(|seed| scope.spawn(move || log_in_until_stopped(stage, Dice(seed * 0x9E37_79B9))))
            .collect();
        running.push(scope.spawn(|| sweep_and_reload_until_stopped(stage)));
        for _ in 0..300 {
            let all_seen = happened(&stage.registry.counters("db"));
            if running.iter().any(thread::ScopedJoinHandle::is_finished)
                || (all_seen && stage.answers.load(Ordering::SeqCst) > 20_000)
            {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        stage.stop.store(true, Ordering::SeqCst);
    });
    judge(stage);
}

/// Whether every race of interest was seen.
fn happened(c: &Counters) -> bool {
    let seen = [
        c.joined,
        c.committed,
        c.dropped,
        c.reaped,
        c.removed,
        c.superseded,
        c.skipped_initialising,
        c.handed_on,
        c.joiners_failed,
    ];
    seen.iter().all(|count| *count > 0)
}

fn judge(stage: &Stage) {
    let registry = &stage.registry;
    gc_idle_dynamic_pools(registry);
    let counters = registry.counters("db");
    assert_eq!(registry.census(), Census::default(), "{counters:?}");
    assert!(happened(&counters), "a race did not happen: {counters:?}");
    assert_eq!(counters.current(), 0, "{counters:?}");
    let (logins, answers) = (&stage.logins, &stage.answers);
    assert_eq!(
        logins.load(Ordering::SeqCst),
        answers.load(Ordering::SeqCst)
    );
}

fn log_in_until_stopped(stage: &Stage, mut dice: Dice) {
    while !stage.stop.load(Ordering::SeqCst) {
        stage.logins.fetch_add(1, Ordering::SeqCst);
        let login = catch_unwind(AssertUnwindSafe(|| log_in(stage, &mut dice)));
        if let Err(panic) = login
            && panic.downcast_ref() != Some(&"planned")
        {
            resume_unwind(panic);
        }
        stage.answers.fetch_add(1, Ordering::SeqCst);
    }
}

fn log_in(stage: &Stage, dice: &mut Dice) {
    let user = USERS[usize::from(dice.below(2) == 0)];
    let epoch = u8::from(dice.below(2) == 0);
    let (pool, mut guard) =
        stage
            .registry
            .create_dynamic_pool(&key(user), TestPool::default, epoch);
    if dice.below(8) == 0 && poll_once(pin!(guard.probe()), Waker::noop()).is_pending() {
        return;
    }
    match block_on(guard.probe()) {
        ProbeTurn::Probe(token) => probe(&pool, guard, token, dice),
        ProbeTurn::Answered(Outcome::Ready) => stay(&pool, guard),
        ProbeTurn::Answered(Outcome::Failed(_) | Outcome::Superseded) => {}
    }
}

fn probe(pool: &Arc<TestPool>, guard: TestGuard, token: ProbeToken<TestPool>, dice: &mut Dice) {
    assert_eq!(
        pool.probers.fetch_add(1, Ordering::SeqCst),
        0,
        "two probers"
    );
    for _ in 0..dice.below(20) {
        thread::yield_now();
    }
    pool.probers.fetch_sub(1, Ordering::SeqCst);
    match dice.below(6) {
        0 => token.failed_server("down"),
        1 => token.keys_refused("refused"),
        2 => drop(token),
        3 => resume_unwind(Box::new("planned")),
        _ => stay(pool, guard),
    }
}

/// Commits, and is a client for a moment.
fn stay(pool: &Arc<TestPool>, guard: TestGuard) {
    let Ok(attachment) = guard.commit() else {
        return;
    };
    pool.clients.fetch_add(1, Ordering::SeqCst);
    thread::yield_now();
    pool.clients.fetch_sub(1, Ordering::SeqCst);
    drop(attachment);
}

fn sweep_and_reload_until_stopped(stage: &Stage) {
    let mut dice = Dice(42);
    while !stage.stop.load(Ordering::SeqCst) {
        for pool in gc_idle_dynamic_pools(&stage.registry) {
            assert_eq!(
                pool.clients.load(Ordering::SeqCst),
                0,
                "a client lost its pool"
            );
            assert_eq!(
                pool.probers.load(Ordering::SeqCst),
                0,
                "a probe lost its pool"
            );
        }
        if dice.below(16) == 0 {
            let user = USERS[usize::from(dice.below(2) == 0)];
            stage.registry.remove_where(|key, _| &*key.user == user);
        }
        thread::yield_now();
    }
}
