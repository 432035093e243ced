//! The pump: one turn's bytes, both ways, between a client and the server it holds.
//!
//! ```text
//!   client.inbox ── up ──► server        forwarded in place; what must be rewritten goes through
//!   client ◄── down ── server.inbox      a scratch buffer, what is ours is cut out
//! ```
//!
//! One task owns both sockets and never waits to write to one without reading the other. A
//! direction reads only when all it read before is sent, so a slow peer slows down just its own
//! conversation, and memory stays at one buffer each way.

mod down;
mod rewrite;
mod up;

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use down::Down;
use up::Up;

use super::client::Client;
use crate::error::{Error, Result};
use crate::net::buffer::Buffer;
use crate::net::outbox;
use crate::net::stream::Stream;
use crate::pool::gate::Gate;
use crate::pool::lease::Lease;
use crate::server::conn::ServerConn;
use crate::session::prepared::StatementCache;
use crate::world::World;

/// How a turn ended well.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is owed, the server may go to somebody else.
    Over,
    /// The client has said goodbye, or its server has, in words that it was sent.
    Leave,
}

/// What the pump needs to know beside the two connections.
struct Turnstile<'a> {
    world: &'a World,
    gate: &'a Gate,
    statements: &'a Mutex<StatementCache>,
    rename: bool,
    fair_slice: Duration,
    began: Instant,
}

impl Turnstile<'_> {
    /// Others wait, and this client has had its slice.
    fn must_yield(&self) -> bool {
        self.gate.waiters() > 0
            && self.world.now().saturating_duration_since(self.began) > self.fair_slice
    }
}

/// How a turn ended, and what of its replies is still to be sent.
#[derive(Debug)]
pub struct Outcome {
    /// The error is what the client is to be told before it is closed; the server is then unfit.
    pub end: Result<End>,
    /// Whole messages for the client.
    pub reply: Buffer,
    /// The client has got a part of a message: nothing can be told to it any more.
    pub torn: bool,
}

/// Runs a turn until nothing is owed. `preamble` goes to the server first, already accounted for.
///
/// # Cancel safety
/// A dropped call leaves the server unfit, and the client in the middle of a message.
pub async fn pump(client: &mut Client, lease: &mut Lease, preamble: Vec<u8>) -> Outcome {
    let pool = Arc::clone(lease.pool());
    let settings = pool.settings();
    let world = client.around.world.clone();
    let turnstile = Turnstile {
        world: &world,
        gate: &pool.gate,
        statements: &pool.statements,
        rename: settings.prepared_statements,
        fair_slice: settings.fair_slice,
        began: world.now(),
    };
    let mut up = Up::new(preamble);
    let mut down = Down::default();
    let server = lease.server();
    let end = poll_fn(|cx| poll(cx, client, server, &mut up, &mut down, &turnstile)).await;
    server.torn = up.is_torn() || down.is_torn();
    Outcome {
        end,
        torn: down.is_torn(),
        reply: down.take_reply(server),
    }
}

fn poll(
    cx: &mut Context<'_>,
    client: &mut Client,
    server: &mut ServerConn,
    up: &mut Up,
    down: &mut Down,
    turnstile: &Turnstile<'_>,
) -> Poll<Result<End>> {
    loop {
        let upward = up.step(cx, client, server, turnstile)?;
        server.torn = up.is_torn();
        if let Some(end) = over(server, up, down) {
            return Poll::Ready(Ok(end));
        }
        let downward = down.step(cx, client, server)?;
        if let Some(end) = over(server, up, down) {
            return Poll::Ready(Ok(end));
        }
        if down.has_ended() {
            return Poll::Ready(Ok(End::Leave));
        }
        if upward == Step::Stuck && downward == Step::Stuck {
            return Poll::Pending;
        }
    }
}

fn over(server: &ServerConn, up: &Up, down: &Down) -> Option<End> {
    if !up.has_begun() || up.is_torn() || down.is_torn() {
        return None;
    }
    if up.client_leaves() && !server.turn.owes() {
        return Some(End::Leave);
    }
    server.turn.is_over().then_some(End::Over)
}

/// What a direction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Moved,
    /// It waits for a peer, or for the other direction.
    Stuck,
}

/// Sends and, once all is sent, flushes. `Ok(0)` when there is nothing to do.
fn poll_send(
    cx: &mut Context<'_>,
    stream: &mut Stream,
    bytes: &[u8],
    unflushed: &mut bool,
) -> Poll<io::Result<usize>> {
    if !bytes.is_empty() {
        *unflushed = true;
        return outbox::poll_send(stream, cx, bytes);
    }
    if *unflushed {
        std::task::ready!(outbox::poll_flush(stream, cx))?;
        *unflushed = false;
    }
    Poll::Ready(Ok(0))
}

fn client_gone(error: io::Error) -> Error {
    Error::client_gone().with_source(error)
}

/// A malformed message is the server's fault here, not the client's.
fn server_broke(what: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::server("the server broke the protocol").with_source(what)
}

fn server_lost(error: io::Error) -> Error {
    Error::server("server connection lost").with_source(error)
}
