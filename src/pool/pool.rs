//! One pool: the servers of one role in one database.
//!
//! A pool outlives every reload: its settings are a value that is swapped, and servers opened under
//! older ones end when they come home.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::checkout::CheckoutError;
use super::entry::{PoolParts, PoolState};
use super::gate::Gate;
use super::key::PoolKey;
use super::keys::KeyRing;
use super::parameters::Parameters;
use super::pause::PauseFlag;
use super::registry::Registry;
use super::roll::Roll;
use super::settings::PoolSettings;
use super::slots::Slots;
use crate::auth_query::verifier::KeyEpoch;
use crate::error::Error;
use crate::server::info::ServerInfo;
use crate::server::undertaker::Undertaker;
use crate::session::prepared::StatementCache;
use crate::world::World;

/// What every pool of the process is given.
#[derive(Clone)]
pub struct Surroundings {
    pub world: World,
    pub undertaker: Undertaker,
    pub registry: Registry<Pool>,
    /// Numbers of servers, unique in the process.
    pub server_ids: Arc<AtomicU64>,
}

pub struct Pool {
    pub key: PoolKey,
    pub gate: Arc<Gate>,
    pub slots: Slots,
    pub keys: KeyRing,
    pub parameters: Parameters,
    pub statements: Mutex<StatementCache>,
    /// At most so many servers are being opened at once.
    pub(super) creating: Semaphore,
    pub(super) around: Surroundings,
    pub(super) paused: PauseFlag,
    /// Cancel requests in flight for one of its servers.
    pub(super) cancels: Arc<AtomicUsize>,
    pub(super) roll: Arc<Roll>,
    settings: Mutex<Arc<PoolSettings>>,
    /// The epoch of `settings`, readable without its lock; RECONNECT raises it alone.
    epoch: AtomicU64,
    /// One refill at a time.
    pub(super) refilling: AtomicBool,
    /// When a server could last not be opened, and why.
    pub(super) last_failure: Mutex<Option<(Instant, CheckoutError)>>,
    /// Refilling is stopped until a login brings keys of another epoch.
    refill_stopped: Mutex<Option<KeyEpoch>>,
}

impl Pool {
    pub fn new(key: PoolKey, settings: PoolSettings, around: Surroundings) -> Self {
        Self {
            gate: Gate::new(settings.size),
            slots: Slots::new(settings.round_robin),
            keys: KeyRing::default(),
            parameters: Parameters::default(),
            statements: Mutex::new(StatementCache::new(settings.pool_statements)),
            creating: Semaphore::new(settings.max_concurrent_creates.max(1)),
            paused: around.registry.pause_flag(&key.database),
            around,
            cancels: Arc::default(),
            roll: Arc::default(),
            epoch: AtomicU64::new(settings.epoch),
            settings: Mutex::new(Arc::new(settings)),
            refilling: AtomicBool::new(false),
            last_failure: Mutex::new(None),
            refill_stopped: Mutex::new(None),
            key,
        }
    }

    pub fn settings(&self) -> Arc<PoolSettings> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&settings)
    }

    /// A reload: servers of the old settings end at their release or at the sweep, if the new ones
    /// would open them differently.
    pub fn change_settings(&self, mut new: PoolSettings) {
        let old = self.settings();
        if old.opens_alike(&new) {
            new.epoch = self.epoch();
        }
        self.gate.resize(new.size);
        self.epoch.store(new.epoch, Ordering::Release);
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// RECONNECT: every server of now ends when it comes home, or at the sweep.
    pub fn outdate_servers(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The parameters that the look-up gave its user.
    pub fn own_parameters(&self) -> Vec<(String, String)> {
        self.settings().own_parameters.clone()
    }

    /// The role that PostgreSQL sees.
    pub fn user(&self) -> &str {
        &self.key.user
    }

    pub fn is_paused(&self) -> bool {
        self.paused.is_paused()
    }

    /// Servers: live, dialling, or with the undertaker.
    pub fn servers(&self) -> usize {
        self.roll.count()
    }

    pub fn dialling(&self) -> usize {
        self.roll.dialling()
    }

    /// The count of cancel requests in flight, for those who send one.
    pub fn cancels_in_flight(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.cancels)
    }

    pub fn cancels(&self) -> usize {
        self.cancels.load(Ordering::Acquire)
    }

    /// Open servers, for lists.
    pub fn list_servers(&self) -> Vec<Arc<ServerInfo>> {
        self.roll.list()
    }

    /// Keys of this epoch are no good for refilling: nothing is refilled until other ones come.
    pub(super) fn stop_refill(&self) {
        *self.refill_stop() = Some(self.keys.epoch());
    }

    /// A login has committed: the keys it brought may be better.
    pub fn login_committed(&self) {
        let mut stopped = self.refill_stop();
        if stopped.is_some_and(|epoch| epoch != self.keys.epoch()) {
            *stopped = None;
        }
    }

    /// Servers to keep; 0 while refilling is stopped.
    pub fn min_size(&self) -> usize {
        if self
            .refill_stop()
            .is_some_and(|epoch| epoch == self.keys.epoch())
        {
            return 0;
        }
        self.settings().min_size
    }

    fn refill_stop(&self) -> std::sync::MutexGuard<'_, Option<KeyEpoch>> {
        self.refill_stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl PoolState for Pool {
    type Failure = Error;
    type Epoch = KeyEpoch;

    fn snapshot_parts(&self) -> PoolParts {
        PoolParts {
            servers: self.servers(),
            cancels: self.cancels(),
            waiters: self.gate.waiters(),
            min_pool_size: u32::try_from(self.min_size()).unwrap_or(u32::MAX),
        }
    }
}
