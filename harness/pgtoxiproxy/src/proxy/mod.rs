//! Proxies on TCP: one listens, dials and carries connections; all of them are found by name.

mod address;
mod collection;
mod error;
mod room;
mod running;
mod spec;
mod tls;
mod toxics;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpSocket;

pub use collection::{MAX_PROXIES, Proxies};
pub use error::Error;
pub use room::Room;
pub use spec::{Change, Spec};
pub use tls::Tls;
pub use toxics::MAX_TOXICS;

use crate::engine::Faults;
use crate::engine::Traffic;
use running::{Line, Route, Running};

/// A proxy: it listens where its spec says while it is enabled, and has its toxics either way.
#[derive(Debug)]
pub struct Proxy {
    line: Arc<Line>,
    /// What it shows: never held over an await.
    spec: Mutex<Spec>,
    /// Starts and stops, one at a time.
    state: tokio::sync::Mutex<State>,
    /// Changes of its toxics, one at a time.
    toxics: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// Where it listened, bound but not listening while it is disabled: clients are refused, and the
    /// kernel gives the port to no outgoing connection, so that it can be enabled again.
    place: Option<TcpSocket>,
}

impl Proxy {
    /// Disabled, until it is started.
    pub fn new(spec: Spec, seed: u64, room: Room) -> Self {
        Self {
            line: Arc::new(Line::new(&spec.name, seed, room)),
            spec: Mutex::new(Spec {
                enabled: false,
                ..spec
            }),
            state: tokio::sync::Mutex::default(),
            toxics: Mutex::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.line.name
    }

    /// What it is like now: the address it listens at is the resolved one once it has listened.
    pub fn spec(&self) -> Spec {
        self.locked().clone()
    }

    pub fn faults(&self) -> &Arc<Faults> {
        &self.line.faults
    }

    pub fn traffic(&self) -> &Traffic {
        &self.line.traffic
    }

    /// Listens, if it does not yet.
    ///
    /// # Cancel safety
    /// Dropped, it has either started or not.
    pub async fn start(&self) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        self.start_in(&mut state).await
    }

    /// Closes its listener and tells its connections to close; waits a moment for them.
    ///
    /// # Cancel safety
    /// Dropped, it is stopped, but the last of its connections may still be closing.
    pub async fn stop(&self) {
        let mut state = self.state.lock().await;
        self.stop_in(&mut state).await;
    }

    /// Takes over what differs; a new place to listen at, a new upstream or new TLS restarts it.
    ///
    /// # Cancel safety
    /// Dropped, it may be left disabled.
    pub async fn update(&self, change: Change) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        let before = self.spec();
        let wanted = change.over(before.clone());
        if before.differs(&wanted).await? {
            self.stop_in(&mut state).await;
            if wanted.listen != before.listen {
                state.place = None;
            }
            let enabled = false;
            *self.locked() = Spec {
                enabled,
                ..wanted.clone()
            };
        }
        if wanted.enabled {
            self.start_in(&mut state).await
        } else {
            self.stop_in(&mut state).await;
            Ok(())
        }
    }

    async fn start_in(&self, state: &mut State) -> Result<(), Error> {
        if state.running.is_some() {
            return Ok(());
        }
        let spec = self.spec();
        let socket = match state.place.take() {
            Some(place) => place,
            None => address::bind(&spec.listen).await?,
        };
        let (listener, listen) = address::listen(socket)?;
        tracing::info!(
            proxy = spec.name,
            listen,
            upstream = spec.upstream,
            "started"
        );
        let route = Route {
            upstream: spec.upstream,
            tls: spec.tls.map(|tls| tls.identity),
        };
        state.running = Some(Running::start(listener, Arc::clone(&self.line), route));
        let mut spec = self.locked();
        spec.listen = listen;
        spec.enabled = true;
        Ok(())
    }

    async fn stop_in(&self, state: &mut State) {
        let Some(running) = state.running.take() else {
            return;
        };
        let listen = {
            let mut spec = self.locked();
            spec.enabled = false;
            spec.listen.clone()
        };
        running
            .stop(|| state.place = address::reserve(&listen))
            .await;
        tracing::info!(proxy = self.name(), listen, "stopped");
    }

    fn locked(&self) -> MutexGuard<'_, Spec> {
        self.spec.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
