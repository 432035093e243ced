//! A client that has logged in: it rests without a buffer, a timer or a server, until it asks for
//! something; then it has a turn. This is the loop and nothing else.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::around::{Around, Current};
use super::farewell;
use super::idle::{self, Next};
use super::roster::{ClientInfo, Present};
use super::turn::{self, After};
use crate::error::{Error, ErrorKind};
use crate::logging::Escaped;
use crate::net::pg::PgStream;
use crate::pool::attachment::Attachment;
use crate::pool::pool::Pool;
use crate::session::params::{ParamSet, Rules};
use crate::session::prepared::ClientStatements;

/// A client in a pool.
pub struct Client {
    pub pg: PgStream,
    pub info: Arc<ClientInfo>,
    pub statements: ClientStatements,
    /// What it asked for at startup and has changed since.
    pub params: Arc<ParamSet>,
    pub pool: Attachment<Pool>,
    pub around: Arc<Around>,
    /// The configuration that it logged in under.
    pub current: Arc<Current>,
    /// Messages are thrown away until its Sync: the batch they belong to was refused.
    pub skipping: bool,
    /// Bytes of a message that are still to be thrown away.
    pub discard: usize,
}

impl Client {
    pub fn rules(&self) -> &Rules {
        &self.current.rules
    }
}

/// Serves the client until it leaves or has to.
///
/// # Cancel safety
/// A dropped call closes the client; a server in its hands goes to the undertaker.
pub async fn serve(mut client: Box<Client>, present: Present) {
    let error = loop {
        if let Err(error) = rest(&mut client).await {
            break error;
        }
        match idle::next(&mut client) {
            Ok(Next::Turn) => {}
            Ok(Next::More) => continue,
            Ok(Next::Answer(answer)) => {
                if let Err(error) = Box::pin(client.pg.send(&answer)).await {
                    break Error::client_gone().with_source(error);
                }
                continue;
            }
            Ok(Next::Leave) => break Error::client_gone(),
            Err(error) => break error,
        }
        // Boxed: the many clients that rest must not carry the size of a turn.
        match Box::pin(turn::run(&mut client)).await {
            Ok(After::Next) => {}
            Ok(After::Close) => break Error::client_gone(),
            Err(error) => break error,
        }
        if let Some(error) = client.info.farewell() {
            break error;
        }
    };
    drop(present);
    note_leave(&client, &error);
    if error.kind != ErrorKind::ClientGone {
        Box::pin(farewell::fatal(
            &mut client.pg,
            &client.around.world,
            &error,
        ))
        .await;
    }
}

fn note_leave(client: &Client, error: &Error) {
    let info = &client.info;
    let (user, database) = (Escaped(&info.user), Escaped(&info.database));
    if error.kind != ErrorKind::ClientGone {
        let code = error.sqlstate;
        tracing::warn!(client = info.id, %user, %database, sqlstate = %code, %error, "client is closed");
    } else if client.current.settings.general.log.disconnections {
        tracing::info!(client = info.id, %user, %database, "client has left");
    }
}

/// Waits until the client says something, or has to go.
///
/// # Cancel safety
/// Nothing is read.
async fn rest(client: &mut Client) -> Result<(), Error> {
    if !client.pg.inbox.is_empty() && idle::has_header(client) {
        return client.info.farewell().map_or(Ok(()), Err);
    }
    client.pg.inbox.release();
    let info = Arc::clone(&client.info);
    let mut woken = pin!(info.woken());
    poll_fn(|cx| {
        while woken.as_mut().poll(cx).is_ready() {
            woken.set(info.woken());
        }
        // Between two messages only: half a message is finished first.
        if client.pg.inbox.is_empty()
            && let Some(error) = info.farewell()
        {
            return Poll::Ready(Err(error));
        }
        client
            .pg
            .stream
            .poll_read_ready(cx)
            .map_err(|e| Error::client_gone().with_source(e))
    })
    .await?;
    match client.pg.fill().await {
        Ok(0) => Err(Error::client_gone()),
        Ok(_) => Ok(()),
        Err(error) => Err(Error::client_gone().with_source(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of the future that a function makes.
    fn future_size<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_resting_client_is_small() {
        let size = future_size(serve);
        assert!(size <= 384, "{size} bytes");
        assert!(size_of::<Client>() <= 384, "{} bytes", size_of::<Client>());
    }
}
