//! All proxies, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, Error, Proxy, Room, Spec};

/// More would be a mistake in somebody's loop.
pub const MAX_PROXIES: usize = 1024;

/// The proxies; a clone is the same collection. When the last clone is dropped they all close.
#[derive(Debug, Clone)]
pub struct Proxies(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    room: Room,
    /// Never held over an await.
    by_name: Mutex<BTreeMap<String, Arc<Proxy>>>,
    /// Proxies come, go and restart one at a time: a name is never there twice, and one that has gone
    /// never starts again at a port which is another's by now.
    changes: tokio::sync::Mutex<()>,
}

impl Proxies {
    /// None yet. The seed decides every random throw of their toxics.
    pub fn new(seed: u64) -> Self {
        Self::with_room(seed, Room::endless())
    }

    /// None yet; all of their connections share this room.
    pub fn with_room(seed: u64, room: Room) -> Self {
        Self(Arc::new(Inner {
            seed,
            room,
            by_name: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
        }))
    }

    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// In the order of their names.
    pub fn all(&self) -> Vec<Arc<Proxy>> {
        self.locked().values().cloned().collect()
    }

    pub fn get(&self, name: &str) -> Result<Arc<Proxy>, Error> {
        self.locked().get(name).cloned().ok_or(Error::NoProxy)
    }

    /// A new proxy; when it is to be enabled it listens before this returns.
    pub async fn add(&self, spec: Spec) -> Result<Arc<Proxy>, Error> {
        let _one = self.0.changes.lock().await;
        if self.get(&spec.name).is_ok() {
            return Err(Error::ProxyExists);
        }
        self.start(spec).await
    }

    /// A proxy for each spec, in this order. One that is there already is left alone if it listens
    /// and dials where it should, else replaced. Ends at the first that can't be had; gives those
    /// that are there by then.
    pub async fn populate(&self, specs: Vec<Spec>) -> (Vec<Arc<Proxy>>, Result<(), Error>) {
        let _one = self.0.changes.lock().await;
        let mut there = Vec::new();
        for spec in specs {
            match self.add_or_replace(spec).await {
                Ok(proxy) => there.push(proxy),
                Err(error) => return (there, Err(error)),
            }
        }
        (there, Ok(()))
    }

    /// Changes a proxy that is there.
    pub async fn update(&self, name: &str, change: Change) -> Result<Arc<Proxy>, Error> {
        let _one = self.0.changes.lock().await;
        let proxy = self.get(name)?;
        proxy.update(change).await?;
        Ok(proxy)
    }

    /// Closes a proxy and forgets it.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let _one = self.0.changes.lock().await;
        let removed = self.locked().remove(name);
        removed.ok_or(Error::NoProxy)?.stop().await;
        Ok(())
    }

    /// Enables every proxy and removes every toxic; tells the first failure when all has been tried.
    pub async fn reset(&self) -> Result<(), Error> {
        let _one = self.0.changes.lock().await;
        let mut outcome = Ok(());
        for proxy in self.all() {
            let started = proxy.start().await;
            proxy.faults().clear();
            outcome = outcome.and(started);
        }
        outcome
    }

    /// Closes and forgets all of them.
    pub async fn close(&self) {
        let _one = self.0.changes.lock().await;
        let all = std::mem::take(&mut *self.locked());
        for proxy in all.into_values() {
            proxy.stop().await;
        }
    }

    async fn add_or_replace(&self, spec: Spec) -> Result<Arc<Proxy>, Error> {
        if let Ok(present) = self.get(&spec.name) {
            if !present.spec().differs(&spec).await? {
                return Ok(present);
            }
            present.stop().await;
        }
        self.start(spec).await
    }

    async fn start(&self, spec: Spec) -> Result<Arc<Proxy>, Error> {
        if !self.locked().contains_key(&spec.name) && self.locked().len() >= MAX_PROXIES {
            return Err(Error::refused(format!(
                "there are {MAX_PROXIES} proxies already, and there can't be more"
            )));
        }
        let enabled = spec.enabled;
        let proxy = Arc::new(Proxy::new(spec, self.0.seed, self.0.room.clone()));
        if enabled {
            proxy.start().await?;
        }
        let name = proxy.name().to_owned();
        self.locked().insert(name, Arc::clone(&proxy));
        Ok(proxy)
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Proxy>>> {
        self.0
            .by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
