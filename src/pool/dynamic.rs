//! A user's first login: the pool appears, its first server is opened, the login commits.
//!
//! See `docs/registry.md` for who waits for whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attachment::Attachment;
use super::checkout::{CheckoutError, is_keys_refused};
use super::init_guard::PoolInitGuard;
use super::key::PoolKey;
use super::keys::Keys;
use super::pool::{Pool, Surroundings};
use super::probing::{Outcome, ProbeToken, ProbeTurn};
use super::settings::PoolSettings;
use crate::error::{Error, Result};
use crate::failpoint::failpoint;

/// Logs a client that has proved itself into the pool of its user.
///
/// `settings` gives the pool's settings as the configuration has them *now*; `None` = the database
/// is no longer there. An entry that is dropped meanwhile costs one new start.
///
/// # Errors
/// PostgreSQL's refusal or 08006 from the probe, shared by all who wait for it; 28P01 when the keys
/// are no longer good; 57P01 when the pool was dropped twice or for good.
///
/// # Cancel safety
/// A dropped call leaves nothing behind; a probe that it ran is handed on.
pub async fn log_in(
    around: &Surroundings,
    key: &PoolKey,
    keys: &Keys,
    settings: impl Fn() -> Option<PoolSettings>,
) -> Result<Attachment<Pool>> {
    for _ in 0..2 {
        let Some(settings) = settings() else { break };
        let make = || Pool::new(key.clone(), settings, around.clone());
        let registry = &around.registry;
        let (pool, guard) = registry.create_dynamic_pool(key, make, keys.epoch);
        pool.keys.offer(keys.clone());
        if let Some(attachment) = initialise(&pool, guard, keys).await? {
            pool.login_committed();
            pool.start_refill();
            return Ok(attachment);
        }
    }
    let message = "the database was removed from the configuration";
    Err(Error::shutdown(message))
}

/// `None` = superseded.
async fn initialise(
    pool: &Arc<Pool>,
    mut guard: PoolInitGuard<Pool>,
    keys: &Keys,
) -> Result<Option<Attachment<Pool>>> {
    // Alive until the commit has answered the joiners: dropped before, it would hand the probe on.
    let mut _token = None;
    if !guard.already_committed() {
        match guard.probe().await {
            ProbeTurn::Probe(token) => match probe(pool, token, keys).await {
                Ok(token) => _token = Some(token),
                // What became of a pool that is gone is no answer: the commit below says so.
                Err(_) if guard.is_superseded() => {}
                Err(error) => return Err(error),
            },
            ProbeTurn::Answered(Outcome::Ready) => {}
            ProbeTurn::Answered(Outcome::Failed(error)) => return Err(error),
            ProbeTurn::Answered(Outcome::Superseded) => return Ok(None),
        }
    }
    Ok(guard.commit().ok())
}

/// Opens the pool's first server, and tells the joiners if there is none.
async fn probe(pool: &Arc<Pool>, token: ProbeToken<Pool>, keys: &Keys) -> Result<ProbeToken<Pool>> {
    failpoint!("init_before_probe");
    match get_server_parameters(pool, Some(keys)).await {
        Ok(_) => {
            failpoint!("init_after_parameters");
            Ok(token)
        }
        Err(CheckoutError::Connect { error, .. }) if is_keys_refused(&error) => {
            let error = Error::wrong_password(pool.user()).with_source(Error::from(error));
            token.keys_refused(error.clone());
            Err(error)
        }
        Err(error) => {
            let error = error.for_client(pool);
            token.failed_server(error.clone());
            Err(error)
        }
    }
}

/// What a fresh server of the pool reports: opens one, if there is none.
///
/// # Errors
/// Those of [`Pool::checkout`].
///
/// # Cancel safety
/// That of [`Pool::checkout`].
pub async fn get_server_parameters(
    pool: &Arc<Pool>,
    keys: Option<&Keys>,
) -> Result<BTreeMap<String, String>, CheckoutError> {
    let mut lease = pool.checkout(0, keys).await?;
    let reported = lease.server().reported.clone();
    lease.server().dirt.used = false;
    lease.release().await;
    Ok(reported)
}
