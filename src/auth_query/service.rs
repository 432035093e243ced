//! The look-ups of one database: from memory, or from PostgreSQL once for all who wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::answer::Found;
use super::cache::{Ages, Cache, UserSecretParts};
use super::counters::{AuthQueryStats, Counters, add};
use super::executor::Executor;
pub use super::executor::Parts;
use super::verifier::UserSecret;
use crate::error::Error;
use crate::world::World;

/// The longest name of a role in bytes (PostgreSQL's `NAMEDATALEN` - 1): longer ones don't exist.
const MAX_NAME: usize = 63;

/// What a fetch came to; `None` = no such user.
type Outcome = Result<Option<Arc<UserSecret>>, Error>;

/// Looks users up. Clones share cache and connections.
#[derive(Debug, Clone)]
pub struct AuthQueryService(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: World,
    executor: Executor,
    counters: Arc<Counters>,
    /// In dedicated mode a user's own parameters would reach the others' servers.
    keep_parameters: bool,
    /// The operator has been told of parameters that are not kept.
    told: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    cache: Cache,
    /// Fetches under way; who asks for the same user waits for the same answer.
    flights: BTreeMap<String, watch::Receiver<Option<Outcome>>>,
}

impl AuthQueryService {
    /// `None` when the database has no `auth_query`. Connects to nothing yet.
    pub fn new(parts: &Parts) -> Option<Self> {
        let settings = parts.database.auth_query.as_ref()?;
        let cache = Cache::new(Ages {
            found: settings.cache_ttl,
            unknown: settings.cache_failure_ttl,
            between_doubts: settings.min_interval,
        });
        let flights = BTreeMap::new();
        Some(Self(Arc::new(Shared {
            world: parts.world.clone(),
            executor: Executor::new(parts)?,
            counters: Arc::clone(&parts.counters),
            keep_parameters: settings.dedicated.is_none(),
            told: AtomicBool::new(false),
            state: Mutex::new(State { cache, flights }),
        })))
    }

    /// Looks a user up for a login, from an answer younger than its time to live if there is one.
    /// `None` = no such user.
    ///
    /// # Errors
    /// 57P03: no answer within `limit`, the auth database can't be reached, or the query is wrong.
    ///
    /// # Cancel safety
    /// A dropped call changes nothing: a fetch under way goes on for those who wait with it, at
    /// most for the `limit` of the one that began it.
    pub async fn look_up(&self, user: &str, limit: Duration) -> Outcome {
        let shared = &self.0;
        add(&shared.counters.lookups);
        if user.len() > MAX_NAME {
            return Ok(None);
        }
        let now = shared.world.now();
        let flight = {
            let mut state = shared.state();
            if let Some(answer) = state.cache.fresh(user, now) {
                add(&shared.counters.cache_hits);
                return Ok(answer);
            }
            add(&shared.counters.cache_misses);
            self.join(&mut state, user, limit)
        };
        shared.wait(flight, limit).await
    }

    /// Looks a user up once more because an MD5 answer did not match the fetch `older_than`; it may
    /// match a newer hash. `None` = there is nothing newer: the user is gone, or a look-up was made
    /// for this reason within `min_interval`.
    ///
    /// Errors and cancel safety are those of [`AuthQueryService::look_up`].
    pub async fn look_up_again(&self, user: &str, older_than: u64, limit: Duration) -> Outcome {
        let shared = &self.0;
        let newer = |answer: Option<Arc<UserSecret>>| answer.filter(|a| a.fetch > older_than);
        let now = shared.world.now();
        let flight = {
            let mut state = shared.state();
            if let Some(answer) = newer(state.cache.last(user)) {
                return Ok(Some(answer));
            }
            if !state.cache.doubt(user, now) {
                add(&shared.counters.cache_rate_limited);
                return Ok(None);
            }
            add(&shared.counters.cache_refetches);
            self.join(&mut state, user, limit)
        };
        shared.wait(flight, limit).await.map(newer)
    }

    /// A SCRAM proof was wrong: the next login asks PostgreSQL again, unless that was done for the
    /// same reason within `min_interval`.
    pub fn note_wrong_password(&self, user: &str) {
        let now = self.0.world.now();
        if !self.0.state().cache.doubt(user, now) {
            add(&self.0.counters.cache_rate_limited);
        }
    }

    /// Forgets answers that are too old; to be called now and then.
    pub fn sweep(&self) {
        let now = self.0.world.now();
        self.0.state().cache.sweep(now);
    }

    /// Users of whom something is remembered.
    pub fn verifiers(&self) -> usize {
        self.0.state().cache.len()
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    pub fn stats(&self) -> AuthQueryStats {
        self.0.counters.read(self.verifiers() as u64)
    }

    /// The fetch of this user that is under way, or a new one.
    fn join(
        &self,
        state: &mut State,
        user: &str,
        limit: Duration,
    ) -> watch::Receiver<Option<Outcome>> {
        if let Some(flight) = state.flights.get(user) {
            return flight.clone();
        }
        let (landing, flight) = watch::channel(None);
        state.flights.insert(user.to_owned(), flight.clone());
        let fetch = Fetch {
            shared: Arc::downgrade(&self.0),
            user: user.to_owned(),
            landing,
        };
        let shared = Arc::clone(&self.0);
        self.0.world.spawn(async move {
            let asked = shared.executor.ask(&fetch.user);
            let answer = shared.world.timeout(limit, asked).await;
            let answer = answer.unwrap_or_else(|_| Err(too_slow()));
            shared.land(fetch, answer);
        });
        flight
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(&self, mut flight: watch::Receiver<Option<Outcome>>, limit: Duration) -> Outcome {
        let landed = flight.wait_for(Option::is_some);
        match self.world.timeout(limit, landed).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or_else(|| Err(lost())),
            Ok(Err(_)) => Err(lost()),
            Err(_) => Err(too_slow()),
        }
    }

    /// Keeps the answer and tells those who wait.
    fn land(&self, fetch: Fetch, answer: Result<Option<Found>, Error>) {
        let now = self.world.now();
        let outcome = answer.map(|found| {
            let parts = found.map(|found| self.parts(found));
            self.state().cache.store(&fetch.user, parts, now)
        });
        fetch.land(outcome);
    }

    fn parts(&self, found: Found) -> UserSecretParts {
        let mut parameters = found.startup_parameters;
        if !self.keep_parameters && !parameters.is_empty() {
            parameters.clear();
            if !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "auth_query: startup_parameters of users have no effect with server_user"
                );
            }
        }
        UserSecretParts {
            secret: found.secret,
            parameters,
        }
    }
}

/// A fetch under way. However it ends, nobody waits for it any longer.
struct Fetch {
    shared: Weak<Shared>,
    user: String,
    landing: watch::Sender<Option<Outcome>>,
}

impl Fetch {
    fn land(self, outcome: Outcome) {
        self.end_flight();
        // Nobody may be waiting any more.
        let _ = self.landing.send(Some(outcome));
    }

    fn end_flight(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.state().flights.remove(&self.user);
        }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        // A panic in the fetch; after `land` the flight may already be another's.
        if self.landing.borrow().is_none() {
            self.end_flight();
        }
    }
}

fn too_slow() -> Error {
    Error::auth_query("the look-up of the user took too long")
}

fn lost() -> Error {
    Error::auth_query("the look-up of the user was lost")
}
