//! A pool that is nothing but what the registry asks of it.

use std::sync::atomic::Ordering::SeqCst;

use super::shipped::entry::{PoolParts, PoolState};
use super::sync::{Arc, AtomicUsize, Ordering};
use crate::facts::Facts;
use crate::scenario::Need;

pub(super) struct Pool {
    pub(super) facts: Arc<Facts>,
    need: Need,
    /// How many of that kind there are. The checker sees it: a sweep may come before or after.
    count: AtomicUsize,
}

impl Pool {
    pub(super) fn new(facts: Arc<Facts>, need: Need) -> Self {
        let count = AtomicUsize::new(0);
        Self { facts, need, count }
    }

    pub(super) fn begin_need(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.facts.needs.fetch_add(1, SeqCst);
    }

    pub(super) fn end_need(&self) {
        self.facts.needs.fetch_sub(1, SeqCst);
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.facts.dropped.store(true, SeqCst);
    }
}

/// What a failed probe tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    /// Only who brought these keys is meant; `None` = everybody.
    pub(super) keys: Option<u8>,
}

impl PoolState for Pool {
    type Failure = Failure;
    type Epoch = u8;

    fn snapshot_parts(&self) -> PoolParts {
        let count = self.count.load(Ordering::Acquire);
        let of = |need| if self.need == need { count } else { 0 };
        PoolParts {
            servers: of(Need::Server),
            cancels: of(Need::Cancel),
            waiters: of(Need::Waiter),
            min_pool_size: 0,
        }
    }
}
