//! RELOAD: the new file in force, or the old one as it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Control;
use super::configure::{enter_pools, fixed_pools, make_current};
use crate::client::around::{Around, Current};
use crate::client::roster::Asked;
use crate::config;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::key::{Origin, PoolKey};
use crate::pool::pool::Pool;
use crate::wire::SqlState;

impl Control {
    /// Reads the configuration file again. An identical one changes nothing.
    ///
    /// # Errors
    /// F0000 with the first problem in its detail; the old configuration stays, whole.
    pub async fn reload(&self) -> Result<()> {
        let mut identity = self.0.loaded.lock().await;
        let around = &self.0.around;
        let loaded =
            config::load(&self.0.path, &config::process_environment).map_err(|problems| {
                for problem in &problems {
                    tracing::error!("Config parse error: {problem}");
                }
                let first = problems
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                failed(first)
            })?;
        if loaded.identity == *identity {
            tracing::info!("reload: nothing has changed");
            return Ok(());
        }
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let before = around.current();
        let (pools, buffers) = (&around.pools, &around.buffers);
        let epoch = before.epoch + 1;
        let new = make_current(loaded.settings, epoch, pools, buffers, Some(&before))
            .map_err(|error| failed(error.to_string()))?;
        let pair = new.settings.general.client_tls.pair.as_ref();
        around
            .acceptor
            .reload(pair)
            .map_err(|error| failed(error.to_string()))?;
        pools
            .undertaker
            .set_discard_timeout(new.settings.general.times.discard);
        // The configuration first: from now on no login can enter a pool that is to go.
        let new = around.replace(new);
        take_force(around, &new).await;
        *identity = loaded.identity;
        tracing::info!(epoch, "reload: the new configuration is in force");
        Ok(())
    }
}

fn failed(detail: String) -> Error {
    let message = "RELOAD failed, see logs for additional details";
    let (kind, code) = (ErrorKind::Unsupported, SqlState::CONFIG_FILE_ERROR);
    Error::new(kind, code, message).with_detail(detail)
}

/// Pools that the configuration no longer has go, the others get its settings.
async fn take_force(around: &Arc<Around>, current: &Current) {
    let fixed: BTreeSet<_> = fixed_pools(around, current).into_keys().collect();
    let goes = |key: &PoolKey, _: &Pool| match key.origin {
        Origin::Dynamic => !has_dynamic_users(current, &key.database),
        Origin::Static | Origin::Dedicated => !fixed.contains(key),
    };
    let gone = around.pools.registry.remove_where(goes);
    around.note_leaving(&gone);
    enter_pools(around, current);
    for (key, listed) in around.pools.registry.list() {
        if let Some(realm) = current.databases.get(&*key.database)
            && key.origin == Origin::Dynamic
        {
            let own = listed.pool.own_parameters();
            let shared = current.shared(realm, &around.buffers);
            listed
                .pool
                .change_settings(shared.dynamic_pool(&key.user, &own));
        }
    }
    for pool in &gone {
        for client in around.roster.list() {
            if client
                .pool
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, pool))
            {
                client.ask(Asked::Dropped);
            }
        }
        pool.outdate_servers(u64::MAX);
        pool.end_idle().await;
    }
}

fn has_dynamic_users(current: &Current, database: &str) -> bool {
    let realm = current.databases.get(database);
    let auth_query = realm.and_then(|realm| realm.database.auth_query.as_ref());
    auth_query.is_some_and(|auth_query| auth_query.dedicated.is_none())
}
