//! The end of a server connection, until PostgreSQL itself has closed it.
//!
//! A server that is thrown away may still run a query and hold locks: PostgreSQL does not look at
//! its socket meanwhile. So whoever is done with one hands it over together with the permit it
//! occupies, and the permit is free only when PostgreSQL has let go:
//!
//! ```text
//! replies owed? -> CancelRequest, await its end -> Terminate (if the last frame sent was whole)
//!   -> shut down the write side -> read and throw away until the end or discard_timeout -> close
//! ```

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::cancel::{CancelAddress, cancel};
use crate::failpoint::failpoint;
use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::net::tls::connect::Handshake;
use crate::wire::{CancelKey, request};
use crate::world::{Socket, World};

/// Burials at once: each may dial a cancel connection, so this many descriptors beside the
/// servers' own. The others wait their turn, their permits with them.
const AT_ONCE: usize = 512;

/// A handle on those who bury servers; clones share it.
#[derive(Debug, Clone)]
pub struct Undertaker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: World,
    turns: Semaphore,
    at_work: TaskTracker,
    /// Milliseconds; a reload may change it.
    discard_timeout: AtomicU64,
}

/// A server connection that nobody will use again.
pub struct Corpse {
    pub pg: PgStream,
    /// How to cancel what it still does, if it can be.
    pub key: Option<(CancelKey, CancelAddress)>,
    /// It may still be working for us.
    pub owes_replies: bool,
    /// What was sent ended with a whole frame of the session: Terminate will be understood.
    pub whole: bool,
    /// The permit and the gauges; dropped last.
    pub held: Box<dyn Send>,
}

/// What is left of a connection.
pub(super) enum Body {
    Session(PgStream),
    /// It never got as far as a session.
    Handshake(Handshake),
}

impl Undertaker {
    /// `discard_timeout`: how long one burial may take in all.
    pub fn new(world: World, discard_timeout: Duration) -> Self {
        let undertaker = Self(Arc::new(Shared {
            world,
            turns: Semaphore::new(AT_ONCE),
            at_work: TaskTracker::new(),
            discard_timeout: AtomicU64::new(0),
        }));
        undertaker.set_discard_timeout(discard_timeout);
        undertaker
    }

    /// For the burials that begin from now on.
    pub fn set_discard_timeout(&self, timeout: Duration) {
        let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self.0.discard_timeout.store(millis, Ordering::Relaxed);
    }

    /// Takes a server over. Returns at once; safe to call from `drop`. Without a runtime, which is
    /// when the process ends, the socket is simply closed.
    pub fn bury(&self, corpse: Corpse) {
        let Corpse {
            pg,
            key,
            owes_replies,
            whole,
            held,
        } = corpse;
        let key = key.filter(|_| owes_replies);
        self.bury_body(Body::Session(pg), key, whole, held);
    }

    pub(super) fn bury_body(
        &self,
        body: Body,
        cancel: Option<(CancelKey, CancelAddress)>,
        whole: bool,
        held: Box<dyn Send>,
    ) {
        if !self.0.world.has_runtime() {
            drop(body);
            return drop(held);
        }
        let shared = Arc::clone(&self.0);
        let burial = async move {
            // The semaphore is never closed; were it, to go on would be right.
            let turn = shared.turns.acquire().await;
            let millis = shared.discard_timeout.load(Ordering::Relaxed);
            let limit = Duration::from_millis(millis);
            let work = last_rites(&shared.world, body, cancel, whole, limit);
            // Past the limit the socket is closed under PostgreSQL's hands.
            let _ = shared.world.timeout(limit, work).await;
            drop(turn);
            drop(held);
        };
        let burial = self.0.at_work.track_future(burial);
        self.0.world.spawn(burial);
    }

    /// Servers that PostgreSQL may not have closed yet.
    pub fn undertaking(&self) -> usize {
        self.0.at_work.len()
    }

    /// Waits until no server is left to bury. Cancel safe.
    pub async fn finished(&self) {
        self.0.at_work.close();
        self.0.at_work.wait().await;
    }
}

/// The steps of a burial; its socket is closed at the end, or when the call is dropped.
async fn last_rites(
    world: &World,
    mut body: Body,
    key: Option<(CancelKey, CancelAddress)>,
    whole: bool,
    limit: Duration,
) {
    if let Some((key, address)) = key {
        // When the cancel fails the query runs on, and the limit decides.
        if let Err(error) = cancel(world, &address, &key, limit).await {
            tracing::debug!(%error, place = %address.place(), "a discarded server was not cancelled");
        }
    }
    if let Body::Session(pg) = &mut body {
        say_goodbye(&mut pg.stream, whole).await;
    }
    if let Some(socket) = body.socket() {
        // A socket that the peer has reset can't be shut down any more: reading ends at once.
        let _ = socket.shut_down_write();
        read_to_end(socket).await;
    }
    failpoint!("descriptor_leaked", std::mem::forget(body));
}

impl Body {
    fn socket(&mut self) -> Option<&mut Socket> {
        match self {
            Self::Session(pg) => Some(pg.stream.socket_mut()),
            Self::Handshake(handshake) => handshake.get_mut(),
        }
    }
}

/// Terminate and, over TLS, the close notice: one try each, without waiting. A peer that takes no
/// bytes now does not read, and would not read these.
async fn say_goodbye(stream: &mut Stream, whole: bool) {
    let mut terminate = Vec::new();
    request::terminate(&mut terminate);
    poll_fn(|cx| {
        if whole {
            let _ = Pin::new(&mut *stream).poll_write(cx, &terminate);
            let _ = Pin::new(&mut *stream).poll_flush(cx);
        }
        if stream.tls().is_some() {
            let _ = Pin::new(&mut *stream).poll_shutdown(cx);
        }
        Poll::Ready(())
    })
    .await;
}

/// Below TLS: what comes is thrown away anyhow.
async fn read_to_end(socket: &mut Socket) {
    let mut scrap = vec![0; 8192];
    while matches!(socket.read(&mut scrap).await, Ok(n) if n > 0) {}
}
