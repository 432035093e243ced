//! One pass over servers and pools: expiry first, then refill, the GC last.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::checkout::{CheckoutError, is_keys_refused};
use super::gate::Permit;
use super::gc::gc_idle_dynamic_pools;
use super::pool::Pool;
use super::registry::Registry;
use super::slots::{Member, TakenSlot};
use crate::failpoint::failpoint;
use crate::server::conn::ServerConn;
use crate::wire::SqlState;

/// One sweep. `retain_max`: how many servers it may end; `None` = no bound.
pub async fn sweep(registry: &Registry<Pool>, retain_max: Option<usize>) {
    let mut budget = retain_max.unwrap_or(usize::MAX);
    for (_, listed) in registry.list() {
        listed.pool.expire(&mut budget).await;
        listed.pool.start_refill();
    }
    failpoint!("entry_leaked", return);
    for pool in gc_idle_dynamic_pools(registry) {
        tracing::info!(pool = %pool.key, "pool is unused and removed");
    }
}

/// An idle server, taken for a look.
struct Taken {
    member: Box<Member>,
    slot: TakenSlot,
    permit: Permit,
}

impl Pool {
    /// Ends idle servers that are past their time, dead, or of an older epoch, oldest first.
    async fn expire(&self, budget: &mut usize) {
        let idle = self.settings().times.idle;
        let (now, epoch) = (self.around.world.now(), self.epoch());
        let mut taken = self.take_idle().await;
        let mut order: Vec<_> = (0..taken.len()).collect();
        order.sort_by_key(|&at| taken[at].member.server.opened);
        let mut doomed = vec![false; taken.len()];
        for at in order {
            let server = &mut taken[at].member.server;
            // A dead server costs no budget: PostgreSQL has ended it already.
            if !server.is_alive() {
                doomed[at] = true;
            } else if *budget > 0 && (server.info.epoch != epoch || is_over(server, now, idle)) {
                doomed[at] = true;
                *budget -= 1;
            }
        }
        self.put_back(taken.into_iter().zip(doomed));
    }

    /// Ends all idle servers: PAUSE, RECONNECT, and a pool that is dropped.
    pub async fn end_idle(&self) {
        let taken = self.take_idle().await;
        self.put_back(taken.into_iter().map(|taken| (taken, true)));
    }

    /// Takes every idle server for which a permit is free; nothing here waits.
    async fn take_idle(&self) -> Vec<Taken> {
        let mut taken = Vec::new();
        for _ in 0..self.slots.idle() {
            let Some(permit) = self.gate.try_enter() else {
                break;
            };
            let mut slot = self.slots.take().await;
            if let Some(member) = slot.0.take() {
                taken.push(Taken {
                    member,
                    slot,
                    permit,
                });
            }
        }
        taken
    }

    /// Puts them back so that the next lease finds them in the order they were in.
    fn put_back(&self, taken: impl DoubleEndedIterator<Item = (Taken, bool)>) {
        let put = |(taken, doomed): (Taken, bool)| {
            let Taken {
                member,
                mut slot,
                permit,
            } = taken;
            if doomed {
                drop(slot);
                self.bury(member, permit);
            } else {
                slot.0 = Some(member);
            }
        };
        if self.settings().round_robin {
            taken.for_each(put);
        } else {
            taken.rev().for_each(put);
        }
    }

    /// Opens what is missing to `min_pool_size`, in a task of its own.
    pub fn start_refill(self: &Arc<Self>) {
        let wanted = self.min_size();
        if self.is_paused()
            || self.servers() >= wanted
            || self.refilling.swap(true, Ordering::AcqRel)
        {
            return;
        }
        let pool = Arc::clone(self);
        self.around.world.spawn(async move {
            while pool.servers() < pool.min_size() && !pool.is_paused() {
                if !pool.open_one_more().await {
                    break;
                }
            }
            pool.refilling.store(false, Ordering::Release);
        });
    }

    /// False when there is no room, or PostgreSQL does not take one more.
    async fn open_one_more(self: &Arc<Self>) -> bool {
        let Some(permit) = self.gate.try_enter() else {
            return false;
        };
        match self.dial(permit, None, self.around.world.now()).await {
            Ok((mut member, permit)) => {
                member.server.prewarmed = true;
                member.server.info.rest();
                if let Err(member) = self.slots.add(member) {
                    self.bury(member, permit);
                    return false;
                }
                drop(permit);
                true
            }
            Err(error) => {
                self.note_refill_failure(&error);
                false
            }
        }
    }

    /// What only other keys, or an operator, can mend is not tried again at every sweep.
    fn note_refill_failure(&self, error: &CheckoutError) {
        let hopeless = match error {
            CheckoutError::Wait(_) => false,
            CheckoutError::Stale => true,
            CheckoutError::Connect { error, .. } => {
                is_keys_refused(error)
                    || [
                        SqlState::INVALID_AUTHORIZATION,
                        SqlState::UNDEFINED_DATABASE,
                    ]
                    .contains(&error.error().sqlstate)
            }
        };
        if hopeless {
            self.stop_refill();
            tracing::warn!(pool = %self.key, "refill to min_pool_size stops until the next login");
        }
    }
}

fn is_over(server: &ServerConn, now: Instant, idle: Option<Duration>) -> bool {
    let idle_over = idle.is_some_and(|limit| !server.prewarmed && server.idle_for(now) >= limit);
    idle_over || server.has_expired(now)
}
