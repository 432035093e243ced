//! A plain relay before PostgreSQL that can fall silent: connections are then taken, counted, and
//! never answered, as with a server behind a network that lost its packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::client::Endpoint;
use crate::{Error, Result};

/// A listening relay. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    silent: AtomicBool,
    unanswered: AtomicUsize,
    cut: Notify,
}

impl Relay {
    pub async fn start(upstream: Endpoint) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(Error::io("the relay's listener"))?;
        let port = listener
            .local_addr()
            .map_err(Error::io("the relay's address"))?
            .port();
        let state = Arc::new(State::default());
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&state)));
        Ok(Self {
            port,
            state,
            accepting,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on new connections are not answered; those that are there go on.
    pub fn fall_silent(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// New connections reach PostgreSQL again.
    pub fn answer_again(&self) {
        self.state.silent.store(false, Ordering::SeqCst);
    }

    /// Closes every connection that is there; new ones are taken as before.
    pub fn cut(&self) {
        self.state.cut.notify_waiters();
    }

    /// How many connections have been left without an answer.
    pub fn unanswered(&self) -> usize {
        self.state.unanswered.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The connections live in this task's set, so they end with it.
async fn accept(listener: TcpListener, upstream: Endpoint, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let upstream = upstream.clone();
        if state.silent.load(Ordering::SeqCst) {
            state.unanswered.fetch_add(1, Ordering::SeqCst);
            connections.spawn(ignore(socket));
        } else {
            let state = Arc::clone(&state);
            connections.spawn(async move {
                tokio::select! {
                    () = state.cut.notified() => {}
                    () = forward(socket, upstream) => {}
                }
            });
        }
    }
}

async fn forward(mut client: TcpStream, upstream: Endpoint) {
    if let Ok(mut server) = TcpStream::connect((upstream.host.as_str(), upstream.port)).await {
        // Either side's error ends both, which is all a relay can do.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// Holds the connection and throws away what comes, until the client closes.
async fn ignore(mut client: TcpStream) {
    let _ = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
}
