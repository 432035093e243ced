//! A login, a sweep and a reload in the order of steps that the pooler has, and what is judged at
//! each of them.

use std::future::Future;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize as Uncounted, Ordering::SeqCst};
use std::sync::{Mutex as Unseen, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::pool::{Failure, Pool};
use super::shipped::attachment::Attachment;
use super::shipped::gc::gc_idle_dynamic_pools;
use super::shipped::init_guard::PoolInitGuard;
use super::shipped::key::PoolKey;
use super::shipped::probing::{Outcome, ProbeToken, ProbeTurn};
use super::shipped::registry::Registry;
use super::sync::{Arc, Bell, Mutex, lock};
use crate::facts::{Annals, Hold};
use crate::property::{Property, judge, vanish, violated};
use crate::scenario::{Dial, Login, Need, Part};

/// What the threads of one execution share.
pub(super) struct Stage {
    registry: Registry<Pool>,
    annals: Annals,
    need: Need,
    /// Those who stay to the end.
    clients: Unseen<Vec<Client>>,
    unfinished: Uncounted,
    /// Whoever ends a need passes here, and the last one sees it: the sweep's own load may be old.
    passage: Mutex<()>,
}

/// A client, with the token that it has no use for any more.
type Client = (Hold, Attachment<Pool>, Option<ProbeToken<Pool>>);

#[derive(PartialEq, Eq)]
enum Attempt {
    Over,
    StartOver,
}

impl Stage {
    pub(super) fn new(parts: &[Part]) -> Self {
        Self {
            registry: Registry::default(),
            annals: Annals::default(),
            need: parts.iter().find_map(Part::need).unwrap_or(Need::Server),
            clients: Unseen::default(),
            unfinished: Uncounted::new(parts.len()),
            passage: Mutex::new(()),
        }
    }

    pub(super) fn play(&self, part: &Part) {
        match part {
            Part::Login(login) => while self.log_in(login) == Attempt::StartOver {},
            Part::Sweep => self.sweep(),
            Part::Reload => self.reload(),
        }
        if self.unfinished.fetch_sub(1, SeqCst) == 1 {
            self.judge_end();
        }
    }

    fn log_in(&self, login: &Login) -> Attempt {
        let key = key(login);
        let make = || Pool::new(self.annals.open(login.user), self.need);
        let (pool, mut guard) = self.registry.create_dynamic_pool(&key, make, login.epoch);
        let hold = self.annals.hold(&pool.facts);
        if guard.already_committed() {
            return self.commit(login, &pool, guard, hold);
        }
        let waits = login.dial != Dial::LeavesTheQueue;
        match drive(guard.probe(), waits) {
            None => {
                self.fail(login, hold, guard);
                Attempt::Over
            }
            Some(ProbeTurn::Probe(token)) => self.probe(login, &pool, guard, hold, token),
            Some(ProbeTurn::Answered(outcome)) => self.follow(login, &pool, guard, hold, &outcome),
        }
    }

    fn probe(
        &self,
        login: &Login,
        pool: &Arc<Pool>,
        guard: PoolInitGuard<Pool>,
        hold: Hold,
        token: ProbeToken<Pool>,
    ) -> Attempt {
        let probing = pool.facts.probe();
        // Here the server is dialled, while others do what they like.
        drop(probing);
        match login.dial {
            Dial::Works | Dial::LeavesTheQueue => {
                let committed = guard.commit().ok();
                let token = login.stays.then_some(token);
                return self.committed(login, pool, hold, committed, token);
            }
            Dial::ServerDown => token.failed_server(Failure { keys: None }),
            Dial::KeysRefused => token.keys_refused(Failure {
                keys: Some(login.epoch),
            }),
            Dial::ClientGone => {
                vanish();
                drop(token);
            }
        }
        self.fail(login, hold, guard);
        Attempt::Over
    }

    /// Does as somebody else's probe tells.
    fn follow(
        &self,
        login: &Login,
        pool: &Arc<Pool>,
        guard: PoolInitGuard<Pool>,
        hold: Hold,
        outcome: &Outcome<Failure>,
    ) -> Attempt {
        judge(Property::Resolves);
        match outcome {
            Outcome::Ready => {
                if !guard.already_committed() {
                    violated(Property::Resolves, "told ready before any commit");
                }
                self.commit(login, pool, guard, hold)
            }
            Outcome::Failed(failure) => {
                if failure.keys.is_some_and(|epoch| epoch != login.epoch) {
                    violated(Property::Resolves, "told of the refusal of other keys");
                }
                self.fail(login, hold, guard);
                Attempt::Over
            }
            Outcome::Superseded => {
                pool.facts.superseded();
                Attempt::StartOver
            }
        }
    }

    fn commit(
        &self,
        login: &Login,
        pool: &Arc<Pool>,
        guard: PoolInitGuard<Pool>,
        hold: Hold,
    ) -> Attempt {
        self.committed(login, pool, hold, guard.commit().ok(), None)
    }

    fn committed(
        &self,
        login: &Login,
        pool: &Arc<Pool>,
        hold: Hold,
        attachment: Option<Attachment<Pool>>,
        token: Option<ProbeToken<Pool>>,
    ) -> Attempt {
        let Some(attachment) = attachment else {
            pool.facts.superseded();
            return Attempt::StartOver;
        };
        if !Arc::ptr_eq(attachment.pool(), pool) {
            violated(Property::OnePool, "a login was attached to another pool");
        }
        if login.need.is_some() {
            pool.begin_need();
        }
        if login.looks {
            self.look();
        }
        if login.stays {
            self.clients
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((hold, attachment, token));
            return Attempt::Over;
        }
        drop(hold);
        drop(attachment);
        if login.need.is_some() {
            pool.end_need();
            drop(lock(&self.passage));
        }
        Attempt::Over
    }

    /// A pool that somebody has is the one that others find.
    fn look(&self) {
        let held = self.annals.held();
        let listed = self.registry.list();
        for facts in held {
            let found = listed
                .iter()
                .any(|(_, l)| Arc::ptr_eq(&l.pool.facts, &facts));
            if !found && facts.is_held() {
                facts.lost("a pool in use is not listed");
            }
        }
    }

    /// The login ends without having committed; what others have stays theirs.
    fn fail(&self, login: &Login, hold: Hold, guard: PoolInitGuard<Pool>) {
        drop(hold);
        self.annals.fail(login.user);
        drop(guard);
    }

    fn sweep(&self) {
        let all = self.annals.all();
        if all.iter().any(|facts| facts.is_needed()) {
            judge(Property::NeverSwept);
        }
        for pool in gc_idle_dynamic_pools(&self.registry) {
            pool.facts.swept.store(true, SeqCst);
            if pool.facts.is_needed() {
                violated(Property::NeverSwept, "a sweep took a pool that is needed");
            }
        }
    }

    fn reload(&self) {
        self.registry.remove_where(|_, pool| {
            pool.facts.doomed.store(true, SeqCst);
            true
        });
    }

    /// When everybody has gone.
    fn judge_end(&self) {
        judge(Property::NothingLost);
        drop(lock(&self.passage));
        let lost = |what: &str| -> ! { violated(Property::NothingLost, what) };
        // The clients that stayed have their pools, and nobody else is counted.
        self.look();
        self.sweep();
        let clients = mem::take(&mut *self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        let census = self.registry.census();
        let attached = clients.iter().filter(|(hold, ..)| hold.counts()).count();
        if (census.pending, census.attached, census.joiners) != (0, attached, 0) {
            lost("the counts are not those of the clients that are left");
        }
        let counters = self.registry.counters("db");
        if counters.current() != census.pools as u64 {
            lost("entries made and entries gone do not add up");
        }
        if counters.handed_on > 0 {
            judge(Property::HandedOn);
        }
        for (hold, attachment, token) in clients {
            drop(token);
            drop(hold);
            drop(attachment);
        }
        self.sweep();
        if self.registry.census().pools > 0 {
            lost("a pool stays that nobody needs");
        }
        if !self.annals.all().iter().all(|f| f.dropped.load(SeqCst)) {
            lost("a pool is gone from the list but not dropped");
        }
    }
}

fn key(login: &Login) -> PoolKey {
    PoolKey::dynamic("db", login.user)
}

/// Polls only when woken: a wake that is lost leaves the thread asleep, which the checker reports.
/// `None` = it would have to wait, and `waits` says not to.
fn drive<F: Future>(future: F, waits: bool) -> Option<F::Output> {
    let mut future = pin!(future);
    let bell = Arc::new(Waking(Bell::new()));
    let waker = Waker::from(Arc::clone(&bell));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        if !waits {
            vanish();
            return None;
        }
        bell.0.wait();
    }
}

struct Waking(Bell);

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        self.0.ring();
    }
}
