//! A server in somebody's hands.
//!
//! Dropping a lease is always safe and never polite: the server goes to the undertaker with its
//! permit. Giving back is what has to be asked for, and it is granted only to a clean server.

use std::sync::Arc;

use super::gate::Permit;
use super::pool::Pool;
use super::slots::{Member, TakenSlot};
use crate::server::cleanup;
use crate::server::conn::ServerConn;
use crate::server::info::ServerState;
use crate::session::dirt::Dirt;

#[derive(Debug)]
pub struct Lease {
    /// Empty only between the end of a method that consumes the lease and its drop.
    parts: Option<Parts>,
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Parts {
    member: Box<Member>,
    slot: TakenSlot,
    permit: Permit,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({})", self.key)
    }
}

impl Lease {
    pub(super) fn new(
        pool: Arc<Pool>,
        mut member: Box<Member>,
        slot: TakenSlot,
        permit: Permit,
        client: u64,
    ) -> Self {
        let server = &mut member.server;
        let now = pool.around.world.now();
        let age = now.saturating_duration_since(server.opened);
        let millis = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        server.info.lend(client, millis);
        server.dirt.used = true;
        server.prewarmed = false;
        let parts = Some(Parts {
            member,
            slot,
            permit,
        });
        Self { parts, pool }
    }

    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub fn server(&mut self) -> &mut ServerConn {
        match &mut self.parts {
            Some(parts) => &mut parts.member.server,
            None => unreachable!("a lease without a server is never handed out"),
        }
    }

    /// May it be lent to the next client as it is, without a word to PostgreSQL?
    fn is_ready(&mut self) -> bool {
        let (epoch, mode) = (self.pool.epoch(), self.pool.settings().cleanup);
        let now = self.pool.around.world.now();
        let server = self.server();
        server.is_clean()
            && !cleanup::is_due(server, mode)
            && server.info.epoch == epoch
            && !server.has_expired(now)
            && server.cancel.as_ref().is_none_or(|c| c.is_silent())
    }

    /// Gives the server back at once if it can be lent on as it is; else the lease comes back.
    pub fn try_give_back(mut self) -> Option<Self> {
        if !self.is_ready() {
            return Some(self);
        }
        self.put_back();
        None
    }

    /// Gives the server back: at once if it can be lent on as it is, after a reset if one is due, to
    /// the undertaker if it is not fit to be lent again.
    ///
    /// # Cancel safety
    /// Dropped, the server goes to the undertaker.
    pub async fn release(mut self) {
        if self.is_ready() || (self.make_ready().await && self.is_ready()) {
            self.put_back();
        }
    }

    fn put_back(&mut self) {
        let now = self.pool.around.world.now();
        if let Some(parts) = self.parts.take() {
            let Parts {
                mut member,
                mut slot,
                permit,
            } = parts;
            member.server.idle_since = now;
            member.server.info.rest();
            slot.0 = Some(member);
            drop(slot);
            drop(permit);
        }
    }

    async fn make_ready(&mut self) -> bool {
        let settings = self.pool.settings();
        let (world, epoch) = (self.pool.around.world.clone(), self.pool.epoch());
        let server = self.server();
        if !server.absorb() || !server.is_quiet() {
            return false;
        }
        if let Some(cancel) = server.cancel.clone() {
            server.info.set_state(ServerState::BeingCanceled);
            if !cancel.silence().await {
                return false;
            }
        }
        if server.info.epoch != epoch || server.has_expired(world.now()) {
            return false;
        }
        if cleanup::is_due(server, settings.cleanup) {
            let limit = settings.times.connect;
            if let Err(error) = cleanup::reset(server, &world, limit).await {
                tracing::warn!(pool = %self.pool.key, %error, "a server could not be reset");
                return false;
            }
        } else {
            server.dirt = Dirt::default();
        }
        // What came meanwhile: a reset just done need not be done again.
        self.server().absorb() && self.server().is_clean()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(Parts {
            member,
            slot,
            permit,
        }) = self.parts.take()
        {
            drop(slot); // empty, so bb8 forgets it
            self.pool.bury(member, permit);
        }
    }
}

impl Pool {
    /// Hands a server and its permit to the undertaker.
    pub(super) fn bury(&self, member: Box<Member>, permit: Permit) {
        let Member { server, roll } = *member;
        roll.unlist();
        let corpse = server.into_corpse(Box::new((roll, permit)));
        self.around.undertaker.bury(corpse);
    }
}
