//! Guards, joiners and the probe's hand-over, step by step on one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};

use super::super::fixture::{
    LockWatch, TestGuard, TestPool, TestRegistry, attached, claim, is_superseded, key, login,
    poll_once, shown, watched_pool,
};
use super::super::gc::gc_idle_dynamic_pools;
use super::super::probing::ProbeTurn;
use super::super::registry::Census;
use super::*;

type Joiner<'g> = Pin<Box<Probing<'g, TestPool>>>;

/// Lets each of these logins join; all must have to wait.
fn join(guards: &mut [TestGuard]) -> Vec<Joiner<'_>> {
    let mut joiners: Vec<_> = guards.iter_mut().map(|g| Box::pin(g.probe())).collect();
    assert_eq!(look(&mut joiners), vec!["waits"; joiners.len()]);
    joiners
}

/// Polls each once; a token that is handed out is thrown away at once.
fn look(joiners: &mut [Joiner<'_>]) -> Vec<String> {
    let polled = joiners
        .iter_mut()
        .map(|j| poll_once(j.as_mut(), Waker::noop()));
    polled.map(|poll| shown(&poll)).collect()
}

fn logins(registry: &TestRegistry, epochs: &[u8]) -> Vec<TestGuard> {
    epochs.iter().map(|epoch| login(registry, *epoch)).collect()
}

#[test]
fn already_committed_leaves_flag_true_and_does_nothing_on_drop() {
    let registry = TestRegistry::default();
    let client = attached(&registry);
    let guard = login(&registry, 0);
    let flag = Arc::clone(&guard.init_complete);
    assert!(guard.already_committed());
    drop(guard);
    assert!(flag.load(Ordering::Acquire));
    let listed = registry.find(&key("u")).unwrap();
    assert_eq!(listed.identity, client.identity());
    assert_eq!(registry.counters("db").dropped, 0);
}

#[test]
fn commit_flips_flag_and_blocks_drop_cleanup() {
    let registry = TestRegistry::default();
    let guard = login(&registry, 0);
    let flag = Arc::clone(&guard.init_complete);
    assert!(!flag.load(Ordering::Acquire));
    drop(guard.commit());
    assert!(flag.load(Ordering::Acquire));
    assert!(registry.get(&key("u")).is_some());
}

#[test]
fn a_guard_dropped_without_commit_removes_the_pool() {
    let registry = TestRegistry::default();
    drop(login(&registry, 0));
    assert!(registry.get(&key("u")).is_none());
    let counters = registry.counters("db");
    assert_eq!((counters.created, counters.dropped), (1, 1));
    assert_eq!(registry.census(), Census::default());
}

#[test]
fn the_entry_goes_with_the_last_guard_in_any_order() {
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let registry = TestRegistry::default();
        let mut guards: Vec<_> = (0..3).map(|_| Some(login(&registry, 0))).collect();
        for (gone, index) in order.into_iter().enumerate() {
            assert_eq!(registry.census().pending, 3 - gone);
            guards[index] = None;
            assert_eq!(registry.get(&key("u")).is_some(), gone < 2);
        }
        assert_eq!(registry.counters("db").dropped, 1);
    }
}

#[test]
fn a_failing_login_does_not_take_the_pool_of_another() {
    let registry = TestRegistry::default();
    let loser = login(&registry, 0);
    let client = attached(&registry);
    drop(loser);
    drop(login(&registry, 0));
    let listed = registry.find(&key("u")).unwrap();
    assert_eq!((listed.pending, listed.attached), (0, 1));
    assert_eq!(listed.identity, client.identity());
}

#[test]
fn a_late_guard_does_not_touch_a_later_pool_of_its_name() {
    let registry = TestRegistry::default();
    let mut late = login(&registry, 0);
    let token = claim(&mut late);
    assert!(registry.drop_dynamic_pool(late.identity()).is_some());
    let mut fresh = login(&registry, 0);
    let _fresh_token = claim(&mut fresh);
    token.failed_server("late");
    drop(late);
    let listed = registry.find(&key("u")).unwrap();
    assert_eq!((listed.identity, listed.pending), (fresh.identity(), 1));
    assert!(fresh.commit().is_ok());
}

#[test]
fn a_guard_knows_when_its_entry_is_gone_also_when_there_is_a_new_one() {
    let registry = TestRegistry::default();
    let guard = login(&registry, 0);
    assert!(!guard.is_superseded());
    registry.drop_dynamic_pool(guard.identity());
    assert!(guard.is_superseded());
    let newer = login(&registry, 0);
    assert!(guard.is_superseded() && !newer.is_superseded());
}

#[test]
fn commit_after_a_drop_is_superseded_and_counted() {
    let registry = TestRegistry::default();
    let guard = login(&registry, 0);
    assert_eq!(registry.remove_where(|_, _| true).len(), 1);
    assert!(is_superseded(&guard.commit()));
    let counters = registry.counters("db");
    assert_eq!((counters.superseded, counters.removed), (1, 1));
    assert_eq!((counters.committed, counters.current()), (0, 0));
    assert_eq!(registry.census(), Census::default());
}

#[test]
fn success_goes_to_all_joiners() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut others = logins(&registry, &[0, 1, 0]);
    let mut joiners = join(&mut others);
    assert_eq!(registry.census().joiners, 3);
    let client = first.commit().unwrap();
    drop(token);
    assert_eq!(look(&mut joiners), ["ready", "ready", "ready"]);
    drop(joiners);
    let clients: Vec<_> = others.into_iter().map(|g| g.commit().unwrap()).collect();
    let census = Census {
        pools: 1,
        attached: 4,
        ..Census::default()
    };
    assert_eq!(registry.census(), census);
    let counters = registry.counters("db");
    assert_eq!((counters.joined, counters.committed), (3, 1));
    assert_eq!(counters.handed_on, 0);
    drop((client, clients));
    assert_eq!(registry.census().attached, 0);
}

#[test]
fn a_committed_pool_answers_without_a_wait() {
    let registry = TestRegistry::default();
    let _client = attached(&registry);
    let mut guard = login(&registry, 0);
    let poll = poll_once(pin!(guard.probe()), Waker::noop());
    assert_eq!(shown(&poll), "ready");
    assert_eq!(registry.counters("db").joined, 0);
}

#[test]
fn a_servers_failure_goes_to_all_joiners_and_the_next_login_probes() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut others = logins(&registry, &[0, 1]);
    let mut joiners = join(&mut others);
    token.failed_server("down");
    let mut next = login(&registry, 0);
    let token = claim(&mut next);
    assert_eq!(look(&mut joiners), ["down", "down"]);
    drop(joiners);
    drop((first, others));
    assert_eq!(registry.counters("db").joiners_failed, 2);
    assert!(registry.get(&key("u")).is_some(), "the next login holds it");
    drop((token, next));
    assert!(registry.get(&key("u")).is_none());
}

#[test]
fn a_vanished_prober_hands_on_in_order_of_arrival() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut others = logins(&registry, &[0, 0, 0]);
    let mut joiners = join(&mut others);
    drop((token, first));
    let turn = poll_once(joiners[0].as_mut(), Waker::noop());
    assert_eq!(shown(&turn), "probes");
    assert_eq!(look(&mut joiners[1..]), ["waits", "waits"]);
    drop(turn);
    assert_eq!(registry.counters("db").handed_on, 2);
    assert_eq!(look(&mut joiners[2..]), ["waits"]);
    let Poll::Ready(ProbeTurn::Probe(token)) = poll_once(joiners[1].as_mut(), Waker::noop()) else {
        panic!("the second joiner was not handed the probe");
    };
    token.failed_server("down");
    assert_eq!(look(&mut joiners[2..]), ["down"]);
}

#[test]
fn refused_keys_answer_their_own_epoch_and_hand_on_to_another() {
    // (epochs of the joiners, what each sees after a prober of epoch 0 was refused)
    let table: [(&[u8], &[&str]); 5] = [
        (&[], &[]),
        (&[0, 0], &["refused", "refused"]),
        (&[1, 0], &["probes", "refused"]),
        (&[0, 1, 2], &["refused", "probes", "waits"]),
        (&[2, 0, 1, 0], &["probes", "refused", "waits", "refused"]),
    ];
    for (epochs, expected) in table {
        let registry = TestRegistry::default();
        let mut first = login(&registry, 0);
        let token = claim(&mut first);
        let mut others = logins(&registry, epochs);
        let mut joiners = join(&mut others);
        token.keys_refused("refused");
        let polls: Vec<_> = joiners
            .iter_mut()
            .map(|j| poll_once(j.as_mut(), Waker::noop()))
            .collect();
        let seen: Vec<_> = polls.iter().map(shown).collect();
        assert_eq!(seen, expected, "joiners of epochs {epochs:?}");
        let counters = registry.counters("db");
        let told = expected.iter().filter(|e| **e == "refused").count();
        assert_eq!(counters.joiners_failed, told as u64);
        assert_eq!(counters.handed_on > 0, expected.contains(&"probes"));
    }
}

#[test]
fn a_refusal_that_reaches_nobody_else_leaves_the_probe_free() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    claim(&mut first).keys_refused("refused");
    let mut next = login(&registry, 1);
    drop(claim(&mut next));
}

#[test]
fn a_joiner_that_leaves_is_forgotten_and_passes_on_what_it_was_handed() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut others = logins(&registry, &[0, 0, 0]);
    let mut joiners = join(&mut others);
    drop(joiners.remove(0));
    assert_eq!(registry.census().joiners, 2);
    drop(token);
    drop(joiners.remove(0));
    assert_eq!(look(&mut joiners), ["probes"]);
    assert_eq!(registry.counters("db").handed_on, 2);
}

#[test]
fn a_commit_takes_back_a_probe_that_was_handed_on() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut others = logins(&registry, &[0]);
    let mut joiners = join(&mut others);
    drop(token);
    let _client = first.commit().unwrap();
    assert_eq!(look(&mut joiners), ["ready"]);
}

#[test]
fn a_late_verdict_changes_nothing() {
    let registry = TestRegistry::default();
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let _client = first.commit().unwrap();
    let mut second = login(&registry, 0);
    token.failed_server("late");
    let poll = poll_once(pin!(second.probe()), Waker::noop());
    assert_eq!(shown(&poll), "ready");
}

#[test]
fn joiners_of_a_dropped_entry_are_woken_and_start_over() {
    let registry = TestRegistry::default();
    let watch = LockWatch::new(&registry);
    let waker = Waker::from(Arc::clone(&watch));
    let mut first = login(&registry, 0);
    let _token = claim(&mut first);
    let mut others = logins(&registry, &[0, 1]);
    let mut joiners = join(&mut others);
    for joiner in &mut joiners {
        assert!(poll_once(joiner.as_mut(), &waker).is_pending());
    }
    assert_eq!(registry.remove_where(|key, _| &*key.user == "u").len(), 1);
    assert_eq!(watch.calls(), 2);
    assert_eq!(look(&mut joiners), ["superseded", "superseded"]);
}

#[test]
fn the_newest_waker_is_woken_once_and_outside_the_lock() {
    let registry = TestRegistry::default();
    let (old, new) = (LockWatch::new(&registry), LockWatch::new(&registry));
    let mut first = login(&registry, 0);
    let token = claim(&mut first);
    let mut second = login(&registry, 0);
    let mut joiner = pin!(second.probe());
    for watch in [&old, &new] {
        let waker = Waker::from(Arc::clone(watch));
        assert!(poll_once(joiner.as_mut(), &waker).is_pending());
    }
    token.failed_server("down");
    assert_eq!((old.calls(), new.calls()), (0, 1));
}

#[test]
fn a_panicking_login_leaves_the_pool_to_the_next() {
    let registry = TestRegistry::default();
    let mut waiting = Vec::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = login(&registry, 0);
        let _token = claim(&mut guard);
        waiting.push(login(&registry, 0));
        panic!("a login's bug");
    }));
    assert!(panicked.is_err());
    drop(claim(&mut waiting[0]));
    waiting.clear();
    assert_eq!(registry.census(), Census::default());
}

#[test]
fn pools_are_dropped_outside_the_lock() {
    let registry = TestRegistry::default();
    let watch = LockWatch::new(&registry);
    let (pool, guard) = registry.create_dynamic_pool(&key("u"), || watched_pool(&watch), 0);
    drop(pool);
    drop(guard);
    assert_eq!(watch.calls(), 1);
}

#[test]
fn a_login_that_was_overtaken_while_making_its_pool_uses_the_other() {
    let registry = TestRegistry::default();
    let watch = LockWatch::new(&registry);
    let mut quicker = None;
    let make = || {
        quicker = Some(login(&registry, 0));
        watched_pool(&watch)
    };
    let (pool, guard) = registry.create_dynamic_pool(&key("u"), make, 0);
    assert_eq!(watch.calls(), 1, "the pool made in vain is gone");
    assert_eq!(quicker.map(|g| g.identity()), Some(guard.identity()));
    assert!(Arc::ptr_eq(&pool, &registry.get(&key("u")).unwrap()));
    assert_eq!(registry.counters("db").created, 1);
}

#[test]
fn a_pool_that_is_ready_can_be_attached_to_without_a_guard() {
    let registry = TestRegistry::default();
    assert!(registry.attach(&key("u")).is_none());
    let guard = login(&registry, 0);
    assert!(registry.attach(&key("u")).is_none(), "still initialising");
    drop(guard.commit());
    let client = registry.attach(&key("u")).unwrap();
    assert_eq!(registry.census().attached, 1);
    assert!(gc_idle_dynamic_pools(&registry).is_empty());
    drop(client);
    assert_eq!(registry.census().attached, 0);
}

#[test]
fn a_client_of_a_dropped_pool_does_not_count_on_the_next() {
    let registry = TestRegistry::default();
    let old = attached(&registry);
    registry.drop_dynamic_pool(old.identity());
    let _new = attached(&registry);
    drop(old);
    assert_eq!(registry.census().attached, 1);
}
