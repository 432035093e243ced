//! The executor's connections, and the look-ups that wait for one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Found;
use super::counters::{Counters, add};
use super::worker::{Failure, Worker};
use crate::config::settings::{Database, SocketOptions};
use crate::error::Error;
use crate::net::buffer::BufferPool;
use crate::net::tls::connect::Connector;
use crate::server::connect::{Credential, Target};
use crate::server::undertaker::Undertaker;
use crate::world::World;

/// A connection that has been idle for so long is replaced: a firewall may have forgotten it.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// What an executor is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    pub world: World,
    pub undertaker: Undertaker,
    /// Has an `auth_query`.
    pub database: Arc<Database>,
    pub connector: Arc<Connector>,
    pub sockets: SocketOptions,
    pub buffers: BufferPool,
    /// Go on from where an earlier service of the database left off.
    pub counters: Arc<Counters>,
}

/// Runs the query. No more connections than `workers`, those with the undertaker included.
#[derive(Debug)]
pub(super) struct Executor {
    world: World,
    undertaker: Undertaker,
    target: Target,
    query: String,
    /// The database of the clients, for `$2`.
    database: String,
    counters: Arc<Counters>,
    /// Look-ups at work; first come, first served.
    turns: Semaphore,
    /// Connections that PostgreSQL may know of.
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one used last is used next, so that the others may age.
    idle: Vec<Worker>,
    /// Connects that failed so far, and why the last one did.
    failures: u64,
    last_failure: Option<Error>,
}

impl Executor {
    /// `None` when the database has no `auth_query`.
    pub(super) fn new(parts: &Parts) -> Option<Self> {
        let settings = parts.database.auth_query.as_ref()?;
        let workers = usize::try_from(settings.workers).unwrap_or(1).max(1);
        let workers = workers.min(Semaphore::MAX_PERMITS);
        Some(Self {
            world: parts.world.clone(),
            undertaker: parts.undertaker.clone(),
            target: target(parts)?,
            query: settings.query.clone(),
            database: parts.database.server.database.clone(),
            counters: Arc::clone(&parts.counters),
            turns: Semaphore::new(workers),
            slots: Arc::new(Semaphore::new(workers)),
            state: Mutex::default(),
        })
    }

    /// Asks PostgreSQL for a user; `None` = there is none.
    ///
    /// A connect that fails answers every look-up that waited meanwhile; the next one tries again.
    /// A connection that turns out to be broken is replaced once.
    ///
    /// # Errors
    /// 57P03, with the cause as its source.
    ///
    /// # Cancel safety
    /// A dropped call has its query cancelled and its connection buried.
    pub(super) async fn ask(&self, user: &str) -> Result<Option<Found>, Error> {
        let failures = self.state().failures;
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        if let Some(error) = self.failed_since(failures) {
            return Err(error);
        }
        if let Some(worker) = self.idle_worker() {
            match self.ask_worker(worker, user).await {
                Err(failure) if failure.is_of_the_connection() => {
                    tracing::debug!(%failure, "auth_query: connecting again");
                    // The others are as old: a restart of PostgreSQL ends all of them.
                    self.state().idle.clear();
                }
                outcome => return outcome.map_err(|f| self.failed(f)),
            }
        }
        let worker = self.open_worker().await?;
        let outcome = self.ask_worker(worker, user).await;
        outcome.map_err(|f| self.failed(f))
    }

    async fn ask_worker(&self, worker: Worker, user: &str) -> Result<Option<Found>, Failure> {
        add(&self.counters.executor_queries);
        let answer = worker.ask(user, &self.database).await;
        if answer.as_ref().is_err_and(Failure::is_of_the_connection) || worker.is_closed() {
            drop(worker);
        } else {
            self.give_back(worker);
        }
        answer
    }

    fn give_back(&self, mut worker: Worker) {
        worker.idle_since = self.world.now();
        self.state().idle.push(worker);
    }

    /// The idle connection that was used last, if it is still good.
    fn idle_worker(&self) -> Option<Worker> {
        let now = self.world.now();
        let mut state = self.state();
        state.idle.retain(|worker| {
            let idle = now.saturating_duration_since(worker.idle_since);
            !worker.is_closed() && idle < MAX_IDLE
        });
        state.idle.pop()
    }

    async fn open_worker(&self) -> Result<Worker, Error> {
        // At worst it waits for the burial of a broken connection.
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot: Option<OwnedSemaphorePermit> = slot.ok();
        let (world, undertaker) = (&self.world, &self.undertaker);
        let opened = Worker::open(world, undertaker, &self.target, &self.query, slot).await;
        opened.map_err(|failure| {
            let error = self.failed(failure);
            let mut state = self.state();
            state.failures += 1;
            state.last_failure = Some(error.clone());
            error
        })
    }

    fn failed_since(&self, failures: u64) -> Option<Error> {
        let state = self.state();
        let newer = state.failures > failures;
        newer.then(|| state.last_failure.clone()).flatten()
    }

    fn failed(&self, failure: Failure) -> Error {
        add(&self.counters.executor_errors);
        Error::auth_query("the look-up of the user failed").with_source(failure)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing of a client is in here: what it says at startup never reaches this connection.
fn target(parts: &Parts) -> Option<Target> {
    let settings = parts.database.auth_query.as_ref()?;
    let server = &parts.database.server;
    let credential = match settings.password.expose() {
        "" => Credential::None,
        _ => Credential::Password(settings.password.clone()),
    };
    Some(Target {
        address: server.address.clone(),
        database: settings.database.clone(),
        user: settings.user.clone(),
        credential,
        tls: Arc::clone(&parts.connector),
        require_auth: server.require_auth,
        startup_parameters: vec![
            ("client_encoding".to_owned(), "UTF8".to_owned()),
            // Whatever a role or database has set: nobody may slip another function under the query.
            (
                "search_path".to_owned(),
                "pg_catalog, \"$user\", public".to_owned(),
            ),
        ],
        application_name: "pgturnstile auth_query".to_owned(),
        sockets: parts.sockets.clone(),
        connect_timeout: server.times.connect,
        buffers: parts.buffers.clone(),
    })
}
