//! One turn: get a server, let the pump run, give the server back.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::client::Client;
use super::idle;
use super::pump::{End, Outcome, pump};
use super::roster::{Asked, ClientInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint::failpoint;
use crate::net::buffer::BUFFER_SIZE;
use crate::net::pg::PgStream;
use crate::pool::checkout::CheckoutError;
use crate::pool::lease::Lease;
use crate::server::exchange::apply_parameters;

/// What comes after a turn that went well, as far as the client goes.
#[derive(Debug, PartialEq, Eq)]
pub enum After {
    Next,
    /// The client has said goodbye, or has been told all there is to say.
    Close,
}

/// Runs the turn whose first message is in the inbox.
///
/// # Errors
/// What the client has to be told before it is closed.
///
/// # Cancel safety
/// A dropped call leaves the client in the middle of a message; its server is buried.
pub async fn run(client: &mut Client) -> Result<After> {
    let mut lease = match get_server(client).await {
        Ok(lease) => lease,
        Err(error) if is_for_this_turn_only(&error) => {
            let refusal = idle::refuse(client, &error)?;
            return finish(client, &refusal, Ok(End::Over)).await;
        }
        Err(error) => return Err(error),
    };
    failpoint!("lease_taken");
    let mut preamble = Vec::new();
    let server = lease.server();
    if server.applied != client.params {
        apply_parameters(server, &client.params, &mut preamble);
        server.applied = Arc::clone(&client.params);
    }
    let outcome = pump(client, &mut lease, preamble).await;
    client.info.rests();
    settle(client, lease, outcome).await
}

/// Gives the server back before the client is answered if that needs no word with PostgreSQL: the
/// next in the queue need not wait for this client's socket.
async fn settle(client: &mut Client, lease: Lease, outcome: Outcome) -> Result<After> {
    let Outcome { end, reply, torn } = outcome;
    #[cfg(feature = "failpoints")]
    let reply = crate::failpoint::swapped(reply).await;
    if end.is_err() {
        drop(lease);
        if torn {
            return Err(Error::client_gone());
        }
        return finish(client, reply.bytes(), end).await;
    }
    match lease.try_give_back() {
        None => finish(client, reply.bytes(), end).await,
        Some(lease) => {
            let after = finish(client, reply.bytes(), end).await;
            lease.release().await;
            after
        }
    }
}

async fn finish(client: &mut Client, reply: &[u8], end: Result<End>) -> Result<After> {
    let sent = client.pg.send(reply).await;
    let end = end?;
    match sent {
        Ok(()) if end == End::Over => Ok(After::Next),
        Ok(()) => Ok(After::Close),
        Err(error) => Err(Error::client_gone().with_source(error)),
    }
}

/// ERROR, and the session goes on; all other failures are FATAL.
fn is_for_this_turn_only(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::QueryWait | ErrorKind::Cancelled)
}

/// Waits for a server, and meanwhile for the client to hang up or to cancel.
async fn get_server(client: &mut Client) -> Result<Lease> {
    let info = Arc::clone(&client.info);
    let pool = Arc::clone(client.pool.pool());
    let mut checkout = pin!(pool.checkout(info.id, None));
    let first = poll_fn(|cx| Poll::Ready(checkout.as_mut().poll(cx))).await;
    let outcome = match first {
        Poll::Ready(outcome) => {
            info.note_request(client.around.world.now());
            outcome
        }
        Poll::Pending => {
            info.waits(client.around.world.now());
            let outcome = wait(checkout.as_mut(), &info, &mut client.pg).await;
            info.rests();
            outcome?
        }
    };
    let mut lease = outcome.map_err(|error: CheckoutError| error.for_client(&pool))?;
    let server = lease.server();
    info.holds(server.info.id, server.cancel.clone());
    Ok(lease)
}

type Checkout = Result<Lease, CheckoutError>;

async fn wait(
    mut checkout: Pin<&mut impl Future<Output = Checkout>>,
    info: &ClientInfo,
    pg: &mut PgStream,
) -> Result<Checkout> {
    let unless_asked = poll_fn(|cx| {
        if let Poll::Ready(outcome) = checkout.as_mut().poll(cx) {
            return Poll::Ready(Ok(outcome));
        }
        while info.poll_woken(cx).is_ready() {}
        if info.is_asked(Asked::Cancel) {
            return Poll::Ready(Err(Error::cancelled()));
        }
        match info.farewell().filter(|_| info.is_asked(Asked::Dropped)) {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    });
    unless_gone(pg, unless_asked).await
}

/// Waits for `work`, unless the client hangs up before.
///
/// # Cancel safety
/// That of `work`; what the client has said is kept.
pub(super) async fn unless_gone<T>(
    pg: &mut PgStream,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = work.as_mut().poll(cx) {
            return Poll::Ready(outcome);
        }
        let gone = ready!(poll_gone(cx, pg));
        Poll::Ready(Err(gone))
    })
    .await
}

/// Ready when the client has hung up. What it says meanwhile is read until a buffer is full.
fn poll_gone(cx: &mut Context<'_>, pg: &mut PgStream) -> Poll<Error> {
    while pg.inbox.len() < BUFFER_SIZE {
        match ready!(pg.poll_fill(cx)) {
            Ok(0) => return Poll::Ready(Error::client_gone()),
            Ok(_) => {}
            Err(error) => return Poll::Ready(Error::client_gone().with_source(error)),
        }
    }
    Poll::Pending
}
