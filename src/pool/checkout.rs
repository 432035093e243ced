//! Getting a server: through the gate, from among the idle ones or by dialling.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::gate::Permit;
use super::keys::Keys;
use super::lease::Lease;
use super::pool::Pool;
use super::settings::PoolSettings;
use super::slots::Member;
use crate::auth_query::verifier::KeyEpoch;
use crate::error::{Error, Result};
use crate::server::conn::ServerConn;
use crate::server::connect::{ConnectError, Opened, connect};
use crate::server::info::{Facts, ServerInfo};
use crate::server::target::Credential;
use crate::wire::SqlState;

/// A socket is asked whether it lives only after so much idleness: a recv is not free.
const PEEK_AFTER: Duration = Duration::from_secs(1);

/// Why there is no server.
#[derive(Debug, Clone)]
pub enum CheckoutError {
    /// None came free in time.
    Wait(Error),
    /// The keys at hand are known to be no good.
    Stale,
    Connect {
        error: ConnectError,
        epoch: KeyEpoch,
    },
}

impl CheckoutError {
    /// In words for a client that is already connected.
    pub fn for_client(self, pool: &Pool) -> Error {
        match self {
            Self::Wait(error) => error,
            Self::Stale => Error::stale_keys(pool.user()),
            Self::Connect { error, epoch } => {
                if is_keys_refused(&error) && pool.settings().credential.is_none() {
                    pool.keys.refused(epoch);
                    return Error::stale_keys(pool.user());
                }
                error.into()
            }
        }
    }
}

/// Did PostgreSQL, or we before it could, reject the keys themselves?
pub fn is_keys_refused(error: &ConnectError) -> bool {
    match error {
        ConnectError::KeysStale(_) => true,
        ConnectError::Refused(error) => error.sqlstate == SqlState::INVALID_PASSWORD,
        _ => false,
    }
}

impl Pool {
    /// A server for `client`. `own`: dial with these keys instead of the pool's (a probe does).
    ///
    /// # Cancel safety
    /// A dropped call leaves the queue; a server that was being opened goes to the undertaker.
    pub async fn checkout(
        self: &Arc<Self>,
        client: u64,
        own: Option<&Keys>,
    ) -> Result<Lease, CheckoutError> {
        let came = self.around.world.now();
        loop {
            let permit = self.enter().await.map_err(CheckoutError::Wait)?;
            let mut slot = self.slots.take().await;
            if let Some(mut member) = slot.0.take() {
                if self.is_fit(&mut member.server) {
                    return Ok(Lease::new(Arc::clone(self), member, slot, permit, client));
                }
                drop(slot);
                self.bury(member, permit);
                continue;
            }
            let (member, permit) = self.dial(permit, own, came).await?;
            return Ok(Lease::new(Arc::clone(self), member, slot, permit, client));
        }
    }

    /// A permit, while the database is not paused. The time spent paused does not count.
    async fn enter(&self) -> Result<Permit> {
        let world = &self.around.world;
        if !self.is_paused()
            && let Some(permit) = self.gate.try_enter()
        {
            return Ok(permit);
        }
        let mut left = self.settings().query_wait;
        loop {
            if self.is_paused() {
                self.around.registry.wait_resumed(&self.key.database).await;
            }
            let since = world.now();
            let entered = self.gate.enter(world, left).await;
            if !self.is_paused() {
                return entered;
            }
            // Paused meanwhile: the permit, or the time-out, is not ours to take.
            if entered.is_ok() {
                let waited = world.now().saturating_duration_since(since);
                left = left.map(|left| left.saturating_sub(waited));
            }
        }
    }

    fn is_fit(&self, server: &mut ServerConn) -> bool {
        let now = self.around.world.now();
        let check = self.settings().times.idle_check;
        let asked = check.is_some_and(|after| server.idle_for(now) >= after.min(PEEK_AFTER));
        let asked = asked || server.has_news();
        server.info.epoch == self.epoch()
            && !server.has_expired(now)
            && (!asked || server.is_alive())
    }

    /// Opens a server under a permit that is held already, for somebody who has waited since `came`:
    /// a failure that was met meanwhile is the answer to all who waited, so that a dead server is
    /// not dialled once for each of them.
    pub(super) async fn dial(
        self: &Arc<Self>,
        permit: Permit,
        own: Option<&Keys>,
        came: Instant,
    ) -> Result<(Box<Member>, Permit), CheckoutError> {
        let roll = self.roll.enter();
        // Never closed, so this only waits.
        let _turn = self.creating.acquire().await;
        if let Some(failed) = self.failure_since(came) {
            return Err(failed);
        }
        // Read before the settings: a reload in between makes the server old, not wrongly new.
        let settings_epoch = self.epoch();
        let settings = self.settings();
        let keys = self.keys_for(&settings, own)?;
        let epoch = keys.epoch;
        let target = settings.target(keys.credential);
        let around = &self.around;
        let held = (roll, permit);
        let opened = connect(&around.world, &target, &around.undertaker, held).await;
        let (opened, (mut roll, permit)) = opened.map_err(|error| {
            tracing::warn!(pool = %self.key, error = %error.error(), "no server connection");
            let failed = CheckoutError::Connect { error, epoch };
            self.note_failure(&failed);
            failed
        })?;
        let server = self.welcome(opened, &settings, settings_epoch);
        roll.opened(&server.info);
        self.parameters
            .known()
            .unwrap_or_else(|| self.parameters.learn(server.reported.clone()));
        Ok((Box::new(Member { server, roll }), permit))
    }

    /// The last failure that was the server's, if it was met at or after `came`.
    fn failure_since(&self, came: Instant) -> Option<CheckoutError> {
        let last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (met, failed) = last.as_ref()?;
        (*met >= came).then(|| failed.clone())
    }

    /// Keys that are refused are one login's trouble, everything else is everybody's.
    fn note_failure(&self, failed: &CheckoutError) {
        if let CheckoutError::Connect { error, .. } = failed
            && !is_keys_refused(error)
            && !matches!(error, ConnectError::NoKeys(_))
        {
            let now = self.around.world.now();
            let mut last = self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *last = Some((now, failed.clone()));
        }
    }

    fn keys_for(&self, settings: &PoolSettings, own: Option<&Keys>) -> Result<Keys, CheckoutError> {
        if let Some(credential) = &settings.credential {
            return Ok(Keys {
                epoch: KeyEpoch::default(),
                credential: Credential::clone(credential),
            });
        }
        if let Some(own) = own {
            return Ok(own.clone());
        }
        self.keys.usable().ok_or(CheckoutError::Stale)
    }

    fn welcome(&self, opened: Opened, settings: &PoolSettings, epoch: u64) -> ServerConn {
        let around = &self.around;
        let now = around.world.now();
        let tls = opened.pg.stream.tls();
        let facts = Facts {
            backend_pid: opened.key.as_ref().map_or(0, |key| key.pid),
            peer: opened.pg.stream.peer().ok(),
            local: opened.pg.stream.local().ok(),
            tls: tls
                .map(|tls| format!("{}/{}", tls.version, tls.cipher))
                .unwrap_or_default(),
            application_name: settings.place.application_name.clone(),
            connected: around.world.wall(),
            epoch,
        };
        let id = around.server_ids.fetch_add(1, Ordering::Relaxed);
        let info = Arc::new(ServerInfo::new(id, facts));
        let mut server = ServerConn::new(opened, info, settings.server_statements, now);
        let lifetime = settings.times.lifetime;
        server.expires = lifetime.map(|lifetime| now + jitter(lifetime, around.world.random_u64()));
        server
    }
}

/// ±20 %, so that servers opened together do not end together.
fn jitter(lifetime: Duration, random: u64) -> Duration {
    let thousandths = 800 + u32::try_from(random % 401).unwrap_or(200);
    lifetime * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_vary_by_a_fifth() {
        let lifetime = Duration::from_secs(1000);
        assert_eq!(jitter(lifetime, 0).as_secs(), 800);
        assert_eq!(jitter(lifetime, 400).as_secs(), 1200);
        assert_eq!(jitter(lifetime, 401).as_secs(), 800);
    }
}
