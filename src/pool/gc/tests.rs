//! The rule as a table, then the pass over a registry.

use std::task::Waker;

use super::super::fixture::{
    LockWatch, TestPool, TestRegistry, attached, claim, key, login, poll_once, watched_pool,
};
use super::super::key::Origin;
use super::*;

const IDLE: PoolSnapshot = PoolSnapshot {
    dynamic: true,
    init_complete: true,
    pending: 0,
    attached: 0,
    waiters: 0,
    servers: 0,
    cancels: 0,
    paused: false,
    min_pool_size: 0,
};

#[test]
fn idle_pool_with_completed_init_is_collected() {
    assert!(should_gc_idle_pool(&IDLE));
}

#[test]
fn idle_pool_still_initializing_is_skipped() {
    let initializing = PoolSnapshot {
        init_complete: false,
        ..IDLE
    };
    assert!(!should_gc_idle_pool(&initializing));
}

#[test]
fn pool_with_min_pool_size_is_skipped() {
    let kept = PoolSnapshot {
        min_pool_size: 1,
        ..IDLE
    };
    assert!(!should_gc_idle_pool(&kept));
}

#[test]
fn flipping_init_complete_makes_pool_eligible() {
    let mut pool = PoolSnapshot {
        init_complete: false,
        ..IDLE
    };
    assert!(!should_gc_idle_pool(&pool));
    pool.init_complete = true;
    assert!(should_gc_idle_pool(&pool));
}

#[test]
fn whoever_needs_a_pool_keeps_it() {
    type Need = fn(&mut PoolSnapshot);
    let table: [(&str, Need); 9] = [
        ("not dynamic", |p| p.dynamic = false),
        ("initialising", |p| p.init_complete = false),
        ("a login under way", |p| p.pending = 1),
        ("a client", |p| p.attached = 1),
        ("a client at the gate", |p| p.waiters = 1),
        ("a server", |p| p.servers = 1),
        ("a cancel in flight", |p| p.cancels = 1),
        ("paused", |p| p.paused = true),
        ("servers to keep", |p| p.min_pool_size = 2),
    ];
    for (name, need) in table {
        let mut pool = IDLE;
        need(&mut pool);
        assert!(!should_gc_idle_pool(&pool), "{name}");
    }
}

#[test]
fn a_pool_is_reaped_only_after_its_last_client_left() {
    let registry = TestRegistry::default();
    let first = attached(&registry);
    let second = attached(&registry);
    for client in [first, second] {
        assert!(gc_idle_dynamic_pools(&registry).is_empty());
        drop(client);
    }
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
    assert!(registry.get(&key("u")).is_none());
    let counters = registry.counters("db");
    assert_eq!((counters.reaped, counters.current()), (1, 0));
    assert_eq!(registry.gc_sweeps(), 3);
}

#[test]
fn an_initialising_pool_survives_sweeps_and_they_are_counted() {
    let registry = TestRegistry::default();
    let guard = login(&registry, 0);
    for sweep in 1..=3 {
        assert!(gc_idle_dynamic_pools(&registry).is_empty());
        assert_eq!(registry.counters("db").skipped_initialising, sweep);
    }
    let client = guard.commit().unwrap();
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    assert_eq!(registry.counters("db").skipped_initialising, 3);
    drop(client);
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
}

#[test]
fn a_joiner_that_was_answered_but_has_not_looked_keeps_the_pool() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let mut second = login(&registry, 0);
    let token = claim(&mut first);
    let mut joiner = Box::pin(second.probe());
    assert!(poll_once(joiner.as_mut(), Waker::noop()).is_pending());
    drop(first.commit());
    drop(token);
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    drop(joiner);
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    drop(second.commit());
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
}

#[test]
fn the_pools_own_numbers_and_the_databases_pause_are_asked() {
    let registry = TestRegistry::default();
    drop(attached(&registry));
    let pool = registry.get(&key("u")).unwrap();
    pool.parts.lock().unwrap().servers = 1;
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    pool.parts.lock().unwrap().servers = 0;
    registry.pause("db");
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    registry.resume("db");
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
}

#[test]
fn static_and_dedicated_pools_stay_and_count_nowhere() {
    let registry = TestRegistry::default();
    for origin in [Origin::Static, Origin::Dedicated] {
        registry.insert_static(&PoolKey::new("db", "u", origin), TestPool::default);
    }
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    assert_eq!(registry.census().pools, 2);
    assert_eq!(registry.counters("db").created, 0);
}

#[test]
fn a_login_after_the_sweep_gets_a_pool_of_its_own() {
    let registry = TestRegistry::default();
    let first = attached(&registry).identity();
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
    let second = attached(&registry);
    assert_ne!(first, second.identity());
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
}

#[test]
fn a_reaped_pool_is_dropped_outside_the_lock() {
    let registry = TestRegistry::default();
    let watch = LockWatch::new(&registry);
    let (pool, guard) = registry.create_dynamic_pool(&key("u"), || watched_pool(&watch), 0);
    drop(pool);
    drop(guard.commit());
    let reaped = gc_idle_dynamic_pools(&registry);
    assert_eq!(watch.calls(), 0, "the caller has the last reference");
    drop(reaped);
    assert_eq!(watch.calls(), 1);
}

#[test]
fn the_lock_survives_a_panic_inside_it() {
    let registry = TestRegistry::default();
    drop(attached(&registry));
    let pool = registry.get(&key("u")).unwrap();
    let poison = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        registry.remove_where(|_, _| panic!("a predicate's bug"))
    }));
    assert!(poison.is_err());
    assert!(Arc::ptr_eq(&pool, &registry.get(&key("u")).unwrap()));
    assert_eq!(gc_idle_dynamic_pools(&registry).len(), 1);
}
