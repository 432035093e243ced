//! What clients are given of the process they live in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::roster::Roster;
use crate::auth::StandIns;
use crate::auth_query::Counters;
use crate::auth_query::service::AuthQueryService;
use crate::config::settings::{Database, Settings};
use crate::net::buffer::BufferPool;
use crate::net::tls::accept::TlsAcceptorCell;
use crate::net::tls::connect::Connector;
use crate::pool::pool::{Pool, Surroundings};
use crate::pool::settings::Shared;
use crate::session::params::{ParamSet, Rules};
use crate::world::World;

/// Made once by `app`, handed to everybody.
pub struct Around {
    pub world: World,
    pub buffers: BufferPool,
    pub roster: Roster,
    pub pools: Surroundings,
    pub stand_ins: StandIns,
    pub acceptor: TlsAcceptorCell,
    /// For the many clients that ask for nothing.
    pub no_params: Arc<ParamSet>,
    current: Mutex<Arc<Current>>,
    /// Pools that a reload took out of the registry, as long as anybody holds them.
    leaving: Mutex<Vec<Weak<Pool>>>,
}

/// The configuration in force, with what was made from it. A reload makes a new one; whoever is in
/// the middle of a login goes on with the one it began with.
pub struct Current {
    pub settings: Settings,
    /// Rises with every reload that changed something, and with RECONNECT.
    pub epoch: u64,
    pub databases: BTreeMap<String, Arc<Realm>>,
    pub rules: Rules,
}

/// One database of the configuration.
pub struct Realm {
    pub database: Arc<Database>,
    pub tls: Arc<Connector>,
    pub auth_query: Option<AuthQueryService>,
    /// Of its look-ups, since the database is there: a reload keeps them, whatever else it changes.
    pub counters: Arc<Counters>,
}

impl Around {
    pub fn new(
        pools: Surroundings,
        buffers: BufferPool,
        acceptor: TlsAcceptorCell,
        current: Current,
    ) -> Self {
        let world = pools.world.clone();
        let mut process_secret = [0; 32];
        world.fill_random(&mut process_secret);
        Self {
            world,
            buffers,
            roster: Roster::default(),
            pools,
            stand_ins: StandIns::new(process_secret),
            acceptor,
            no_params: Arc::default(),
            current: Mutex::new(Arc::new(current)),
            leaving: Mutex::default(),
        }
    }

    pub fn current(&self) -> Arc<Current> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    pub fn replace(&self, new: Current) -> Arc<Current> {
        let new = Arc::new(new);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(&new);
        new
    }

    /// Remembers pools that the registry no longer has: their clients may still be in a turn, and
    /// what leaks there shall be seen.
    pub fn note_leaving(&self, pools: &[Arc<Pool>]) {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|pool| pool.strong_count() > 0);
        leaving.extend(pools.iter().map(Arc::downgrade));
    }

    /// Every pool that there is: those of the registry in the order of their keys, then those that
    /// are leaving.
    pub fn all_pools(&self) -> Vec<Arc<Pool>> {
        let listed = self.pools.registry.list().into_iter();
        let mut pools: Vec<_> = listed.map(|(_, listed)| listed.pool).collect();
        let leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        pools.extend(leaving.iter().filter_map(Weak::upgrade));
        pools
    }
}

impl Current {
    /// What the pools of one database are made from.
    pub fn shared<'a>(&'a self, realm: &'a Realm, buffers: &'a BufferPool) -> Shared<'a> {
        Shared {
            epoch: self.epoch,
            general: &self.settings.general,
            database: &realm.database,
            tls: &realm.tls,
            buffers,
        }
    }
}
