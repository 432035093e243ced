//! A proxy at work: it accepts, dials for each client on its own, and hands the pair to the engine.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::Room;
use crate::engine::Faults;
use crate::engine::tls::Identity;
use crate::engine::{Connection, Traffic, carry};

/// How long a dial may take.
const DIAL: Duration = Duration::from_secs(10);

/// How long a stop waits for connections that have been told to close.
const GRACE: Duration = Duration::from_secs(2);

/// A pause where a client can't be accepted (no descriptors left), so that it does not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// What a proxy's connections share, over all of its restarts.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) faults: Arc<Faults>,
    pub(super) traffic: Arc<Traffic>,
    accepted: AtomicU64,
    room: Room,
}

/// Where its connections go, until the next restart.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) upstream: String,
    pub(super) tls: Option<Identity>,
}

/// Its listener and its connections; dropped, all of them are told to close.
#[derive(Debug)]
pub(super) struct Running {
    acceptor: JoinHandle<()>,
    connections: TaskTracker,
    stop: DropGuard,
}

impl Line {
    pub(super) fn new(name: &str, seed: u64, room: Room) -> Self {
        Self {
            name: name.to_owned(),
            faults: Faults::new(name, seed),
            traffic: Arc::default(),
            accepted: AtomicU64::new(0),
            room,
        }
    }
}

impl Running {
    pub(super) fn start(listener: TcpListener, line: Arc<Line>, route: Route) -> Self {
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let accept = accept(
            listener,
            line,
            Arc::new(route),
            connections.clone(),
            stop.clone(),
        );
        Self {
            acceptor: tokio::spawn(accept),
            connections,
            stop: stop.drop_guard(),
        }
    }

    /// Closes the listener, does `then`, and waits for the connections as long as is sensible.
    pub(super) async fn stop(self, then: impl FnOnce()) {
        drop(self.stop);
        // It only ends early by a panic, and then its listener is closed as well.
        let _ = self.acceptor.await;
        then();
        self.connections.close();
        let _ = timeout(GRACE, self.connections.wait()).await;
    }
}

async fn accept(
    listener: TcpListener,
    line: Arc<Line>,
    route: Arc<Route>,
    connections: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((client, address)) => {
                let Some(place) = line.room.take() else {
                    tracing::warn!(proxy = line.name, "closes a client: too many connections");
                    sleep(PAUSE).await;
                    continue;
                };
                let connection = Connection {
                    number: line.accepted.fetch_add(1, Ordering::Relaxed) + 1,
                    client: Some(address.to_string()),
                    tls: route.tls.clone(),
                    traffic: Arc::clone(&line.traffic),
                };
                let (line, route) = (Arc::clone(&line), Arc::clone(&route));
                let stop = stop.clone();
                connections.spawn(async move {
                    let _place = place;
                    serve(client, connection, line, route, stop).await;
                });
            }
            Err(error) => {
                tracing::warn!(proxy = line.name, %error, "can't accept a client");
                sleep(PAUSE).await;
            }
        }
    }
}

/// One client, from its acceptance to its end. One that can't be dialled for is closed.
async fn serve(
    client: TcpStream,
    connection: Connection,
    line: Arc<Line>,
    route: Arc<Route>,
    stop: CancellationToken,
) {
    let number = connection.number;
    tracing::debug!(
        proxy = line.name,
        number,
        client = connection.client,
        "accepted"
    );
    let dialled = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        dialled = dial(&route.upstream, client.local_addr()) => dialled,
    };
    let server = match dialled {
        Ok(server) => server,
        Err(reason) => {
            let upstream = &route.upstream;
            tracing::error!(proxy = line.name, number, upstream, reason, "can't dial");
            return;
        }
    };
    // Where it can't be set the bytes still flow, only later.
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    Box::pin(carry(&line.faults, client, server, connection, stop)).await;
    tracing::debug!(proxy = line.name, number, "closed");
}

/// A proxy that dials itself would do so again for the connection that it gets by that, without end.
async fn dial(upstream: &str, own: io::Result<SocketAddr>) -> Result<TcpStream, String> {
    let dialled = async {
        let places: Vec<_> = lookup_host(upstream).await?.collect();
        if own.is_ok_and(|own| places.iter().any(|place| is_same(*place, own))) {
            return Err(io::Error::other("that is where this proxy listens"));
        }
        TcpStream::connect(&places[..]).await
    };
    match timeout(DIAL, dialled).await {
        Ok(dialled) => dialled.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", DIAL.as_secs())),
    }
}

/// An IPv4 client of an IPv6 listener has an address of the mapped kind.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}
