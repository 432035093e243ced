//! A client that has logged in: it rests without a buffer, a timer or a server, until it asks for
//! something; then it has a turn. This is the loop and nothing else.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::client::Client;
use super::farewell;
use super::idle::{self, Next};
use super::turn::{self, After};
use crate::error::{Error, ErrorKind, Result};
use crate::logging::Escaped;

/// Serves the client until it leaves or has to.
///
/// # Cancel safety
/// A dropped call closes the client; a server in its hands goes to the undertaker.
pub async fn serve(mut client: Box<Client>) {
    let error = serve_turns(&mut client).await;
    Box::pin(leave(client, error)).await;
}

/// Why it ended. What happens seldom, and a turn, is boxed: the many clients that rest must not
/// carry the size of it.
async fn serve_turns(client: &mut Client) -> Error {
    loop {
        if let Err(error) = rest(client).await {
            return error;
        }
        match idle::next(client) {
            Ok(Next::Turn) => {}
            Ok(Next::More) => continue,
            Ok(Next::Answer(answer)) => {
                if let Err(error) = Box::pin(say(client, answer)).await {
                    return error;
                }
                continue;
            }
            Ok(Next::Leave) => return Error::client_gone(),
            Err(error) => return error,
        }
        match Box::pin(turn::run(client)).await {
            Ok(After::Next) => {}
            Ok(After::Close) => {
                let world = client.around.world.clone();
                Box::pin(farewell::close(&mut client.pg, &world)).await;
                return Error::client_gone();
            }
            Err(error) => return error,
        }
        if let Some(error) = client.info.farewell() {
            return error;
        }
    }
}

async fn say(client: &mut Client, answer: Vec<u8>) -> Result<()> {
    let sent = client.pg.send(&answer).await;
    sent.map_err(|error| Error::client_gone().with_source(error))
}

async fn leave(mut client: Box<Client>, error: Error) {
    note_leave(&client, &error);
    if error.kind != ErrorKind::ClientGone {
        farewell::fatal(&mut client.pg, &client.around.world, &error).await;
    }
}

fn note_leave(client: &Client, error: &Error) {
    let info = &client.info;
    let (user, database) = (Escaped(&info.user), Escaped(&info.database));
    let code = error.sqlstate;
    if error.kind == ErrorKind::Shutdown {
        tracing::info!(client = info.id, %user, %database, sqlstate = %code, "client was told to go");
    } else if error.kind != ErrorKind::ClientGone {
        tracing::warn!(client = info.id, %user, %database, sqlstate = %code, %error, "client is closed");
    } else if client.current.settings.general.log.disconnections {
        tracing::info!(client = info.id, %user, %database, "client has left");
    }
}

/// Waits until the client says something, or has to go.
///
/// # Cancel safety
/// Nothing is read.
async fn rest(client: &mut Client) -> Result<()> {
    if !client.pg.inbox.is_empty() && idle::has_header(client) {
        return client.info.farewell().map_or(Ok(()), Err);
    }
    client.pg.inbox.release();
    poll_fn(|cx| poll_rest(client, cx)).await
}

fn poll_rest(client: &mut Client, cx: &mut Context<'_>) -> Poll<Result<()>> {
    while client.info.poll_woken(cx).is_ready() {}
    // Between two messages only: half a message is finished first.
    if client.pg.inbox.is_empty()
        && let Some(error) = client.info.farewell()
    {
        return Poll::Ready(Err(error));
    }
    let gone = |error| Error::client_gone().with_source(error);
    // Only when there is something to read is there a buffer to read it into.
    ready!(client.pg.stream.poll_read_ready(cx)).map_err(gone)?;
    match client.pg.poll_fill(cx) {
        Poll::Ready(Ok(0)) => Poll::Ready(Err(Error::client_gone())),
        Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(gone(error))),
        Poll::Pending => {
            client.pg.inbox.release(); // a false alarm
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of the future that a function makes.
    fn future_size<A, F: Future>(_: impl Fn(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_resting_client_is_small() {
        let size = future_size(serve);
        assert!(size <= 192, "{size} bytes");
        assert!(size_of::<Client>() <= 320, "{} bytes", size_of::<Client>());
    }
}
