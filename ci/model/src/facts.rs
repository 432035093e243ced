//! What really happens to pools, written down beside the registry and unseen by the checkers.
//!
//! A hold is noted after the registry gave it and ends before it is given back, so the facts never
//! claim too much: a violation that they show is one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use crate::property::{Property, judge, violated};

/// About one pool.
#[derive(Debug)]
pub struct Facts {
    user: &'static str,
    /// Logins and clients that have it.
    holds: AtomicUsize,
    /// What keeps it without a client: a server, a cancel request, a waiter.
    pub needs: AtomicUsize,
    probers: AtomicUsize,
    /// A login of this pool's user failed while others had it.
    outlived: AtomicBool,
    /// A reload takes it. Set under the registry's lock, so nobody can be superseded before.
    pub doomed: AtomicBool,
    pub swept: AtomicBool,
    pub dropped: AtomicBool,
}

impl Facts {
    pub fn is_held(&self) -> bool {
        self.holds.load(SeqCst) > 0 && !self.doomed.load(SeqCst)
    }

    pub fn is_needed(&self) -> bool {
        self.is_held() || self.needs.load(SeqCst) > 0
    }

    /// A hold's own pool is gone.
    pub fn superseded(&self) {
        judge(Property::Resolves);
        if !self.doomed.load(SeqCst) {
            self.lost("a login lost its pool");
        }
    }

    /// Somebody got its probe.
    pub fn probe(self: &Arc<Self>) -> ProbeHold {
        if self.holds.load(SeqCst) > 1 {
            judge(Property::OneProbe);
        }
        if self.probers.fetch_add(1, SeqCst) > 0 {
            violated(Property::OneProbe, "two logins probe one pool");
        }
        ProbeHold(Arc::clone(self))
    }

    /// It is not listed, and no reload took it.
    pub fn lost(&self, what: &str) -> ! {
        let property = if self.swept.load(SeqCst) {
            Property::NeverSwept
        } else if self.outlived.load(SeqCst) {
            Property::FailureIsOwn
        } else {
            Property::NothingLost
        };
        violated(property, what)
    }
}

/// About all pools of one execution.
#[derive(Debug, Default)]
pub struct Annals {
    pools: Mutex<Vec<Arc<Facts>>>,
}

impl Annals {
    /// A new pool.
    pub fn open(&self, user: &'static str) -> Arc<Facts> {
        let facts = Arc::new(Facts {
            user,
            holds: AtomicUsize::new(0),
            needs: AtomicUsize::new(0),
            probers: AtomicUsize::new(0),
            outlived: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
        });
        self.lock().push(Arc::clone(&facts));
        facts
    }

    pub fn all(&self) -> Vec<Arc<Facts>> {
        self.lock().clone()
    }

    /// The pools that somebody has.
    pub fn held(&self) -> Vec<Arc<Facts>> {
        let pools = self.lock();
        pools.iter().filter(|f| f.is_held()).cloned().collect()
    }

    fn held_by(&self, user: &str) -> Vec<Arc<Facts>> {
        let mut held = self.held();
        held.retain(|facts| facts.user == user);
        held
    }

    /// A login of `user` is about to fail, and no longer has its pool.
    pub fn fail(&self, user: &str) {
        for facts in self.held_by(user) {
            judge(Property::FailureIsOwn);
            facts.outlived.store(true, SeqCst);
        }
    }

    /// Somebody got this pool.
    pub fn hold(&self, facts: &Arc<Facts>) -> Hold {
        for other in self.held_by(facts.user) {
            judge(Property::OnePool);
            if !Arc::ptr_eq(&other, facts) && !facts.doomed.load(SeqCst) {
                violated(Property::OnePool, "two logins of one user have two pools");
            }
        }
        facts.holds.fetch_add(1, SeqCst);
        Hold(Arc::clone(facts))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Facts>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A login's or a client's hold on a pool.
#[derive(Debug)]
pub struct Hold(Arc<Facts>);

impl Hold {
    /// Whether the registry still counts it: a reload has not taken the pool.
    pub fn counts(&self) -> bool {
        self.0.is_held()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, SeqCst);
    }
}

#[derive(Debug)]
pub struct ProbeHold(Arc<Facts>);

impl Drop for ProbeHold {
    fn drop(&mut self) {
        self.0.probers.fetch_sub(1, SeqCst);
    }
}
