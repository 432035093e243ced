//! From settings to what runs: databases with their look-ups, and pools that need no first login.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::auth_query::Counters;
use crate::auth_query::service::{AuthQueryService, Parts};
use crate::client::around::{Around, Current, Realm};
use crate::config::settings::{Database, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::BufferPool;
use crate::net::tls::connect::Connector;
use crate::pool::key::{Origin, PoolKey};
use crate::pool::pool::{Pool, Surroundings};
use crate::pool::settings::PoolSettings;
use crate::session::params::Rules;
use crate::wire::SqlState;

/// Makes the configuration of an epoch. What did not change since `before` is kept: caches and the
/// look-ups' connections survive a reload.
///
/// # Errors
/// A TLS file that can't be used.
pub fn make_current(
    settings: Settings,
    epoch: u64,
    pools: &Surroundings,
    buffers: &BufferPool,
    before: Option<&Current>,
) -> Result<Current> {
    let mut databases = BTreeMap::new();
    for (name, database) in &settings.databases {
        let old = before.and_then(|before| before.databases.get(name));
        let tls = connector(database, old)?;
        let same_sockets =
            before.is_some_and(|b| b.settings.general.sockets == settings.general.sockets);
        let same = old.filter(|old| same_sockets && old.database == *database);
        let counters = old.map(|old| Arc::clone(&old.counters)).unwrap_or_default();
        let realm = if let Some(old) = same {
            Realm {
                database: Arc::clone(database),
                tls,
                auth_query: old.auth_query.clone(),
                counters,
            }
        } else {
            make_realm(&settings, database, tls, pools, buffers, counters)
        };
        databases.insert(name.clone(), Arc::new(realm));
    }
    let general = &settings.general;
    let rules = Rules {
        ignored: general.ignore_startup_parameters.iter().cloned().collect(),
        extra: general.track_extra_parameters.iter().cloned().collect(),
    };
    Ok(Current {
        settings,
        epoch,
        databases,
        rules,
    })
}

/// The connector of before where nothing about it can have changed: pools compare it, and would end
/// their servers for a new one. Files that it names may hold something else by now.
fn connector(database: &Database, old: Option<&Arc<Realm>>) -> Result<Arc<Connector>> {
    let tls = &database.server.tls;
    match old.filter(|old| old.database.server.tls == *tls) {
        Some(old) if tls.ca.is_none() && tls.client_pair.is_none() => Ok(Arc::clone(&old.tls)),
        _ => load_tls(database),
    }
}

fn load_tls(database: &Database) -> Result<Arc<Connector>> {
    let connector = Connector::load(&database.server.tls).map_err(|error| {
        let message = format!("database \"{}\": {error}", database.name);
        Error::new(ErrorKind::Server, SqlState::CONFIG_FILE_ERROR, message)
    })?;
    Ok(Arc::new(connector))
}

fn make_realm(
    settings: &Settings,
    database: &Arc<Database>,
    tls: Arc<Connector>,
    pools: &Surroundings,
    buffers: &BufferPool,
    counters: Arc<Counters>,
) -> Realm {
    let auth_query = AuthQueryService::new(&Parts {
        world: pools.world.clone(),
        undertaker: pools.undertaker.clone(),
        database: Arc::clone(database),
        connector: Arc::clone(&tls),
        sockets: settings.general.sockets.clone(),
        buffers: buffers.clone(),
        counters: Arc::clone(&counters),
    });
    Realm {
        database: Arc::clone(database),
        tls,
        auth_query,
        counters,
    }
}

/// Enters the pools that need no first login, or changes the settings of those that are there.
pub fn enter_pools(around: &Around, current: &Current) {
    for (key, settings) in fixed_pools(around, current) {
        let pools = &around.pools;
        let pool = pools.registry.get(&key);
        if let Some(pool) = &pool {
            pool.change_settings(settings.clone());
        }
        let make = || Pool::new(key.clone(), settings, pools.clone());
        pool.unwrap_or_else(|| pools.registry.insert_static(&key, make))
            .start_refill();
    }
}

/// Pools of static users and of dedicated mode.
pub(super) fn fixed_pools(around: &Around, current: &Current) -> BTreeMap<PoolKey, PoolSettings> {
    let mut pools = BTreeMap::new();
    for (name, realm) in &current.databases {
        let shared = current.shared(realm, &around.buffers);
        for user in realm.database.users.values() {
            let role = user
                .server_login
                .as_ref()
                .map_or(&user.username, |l| &l.username);
            let key = PoolKey::new(name, role, Origin::Static);
            let settings = shared.static_pool(user);
            match pools.remove(&key) {
                Some(other) => pools.insert(key, settings.shared_with(&other, &realm.database)),
                None => pools.insert(key, settings),
            };
        }
        let auth_query = realm.database.auth_query.as_ref();
        if let Some(login) = auth_query.and_then(|auth| auth.dedicated.as_ref()) {
            let key = PoolKey::new(name, &login.username, Origin::Dedicated);
            pools.insert(key, shared.dedicated_pool(login));
        }
    }
    pools
}
