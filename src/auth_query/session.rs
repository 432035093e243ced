//! A server connection of ours as tokio-postgres takes it.
//!
//! We log in ourselves: with libpq's sslmode words, `server_require_auth`, channel binding and
//! bounds on what the server says. tokio-postgres can't continue a session, so it gets to see a
//! short login that never leaves the process: what it sends first is thrown away, and it reads
//! `AuthenticationOk` and `ReadyForQuery`. From then on every byte is passed on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::server::target::Opened;
use crate::server::undertaker::{Corpse, Undertaker};
use crate::wire::{TxStatus, encode};

/// The most bytes that the auth database may send in answer to one look-up.
const MAX_ANSWER: usize = 1 << 20;

/// What the executor tells the stream, and the stream the undertaker.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// A query is under way: whoever drops the stream now must cancel it.
    busy: AtomicBool,
    /// Bytes read since the query began.
    read: AtomicUsize,
}

impl Shared {
    pub(super) fn begin(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }
}

/// A logged-in server. Dropped, it goes to the undertaker with what it holds.
pub(super) struct Session {
    server: Option<(Opened, Box<dyn Send>)>,
    undertaker: Undertaker,
    shared: Arc<Shared>,
    /// What tokio-postgres is still to read of the login.
    greeting: Vec<u8>,
}

impl Session {
    pub(super) fn new(
        opened: Opened,
        held: Box<dyn Send>,
        undertaker: Undertaker,
        shared: Arc<Shared>,
    ) -> Self {
        let mut greeting = Vec::new();
        encode::authentication_ok(&mut greeting);
        encode::ready_for_query(&mut greeting, TxStatus::Idle);
        Self {
            server: Some((opened, held)),
            undertaker,
            shared,
            greeting,
        }
    }

    fn opened(&mut self) -> io::Result<&mut Opened> {
        match &mut self.server {
            Some((opened, _)) => Ok(opened),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn account(&self, read: usize) -> io::Result<()> {
        let before = self.shared.read.fetch_add(read, Ordering::Relaxed);
        if before + read <= MAX_ANSWER {
            return Ok(());
        }
        let message = "the auth database's answer is too large";
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

impl AsyncRead for Session {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if !this.greeting.is_empty() {
            take(&mut this.greeting, buffer);
            return Poll::Ready(Ok(()));
        }
        let pg = &mut this.opened()?.pg;
        if pg.buffered().is_empty() {
            ready!(Pin::new(&mut pg.stream).poll_read(cx, buffer))?;
        } else {
            let n = pg.buffered().len().min(buffer.remaining());
            buffer.put_slice(&pg.buffered()[..n]);
            pg.inbox.consume(n);
            pg.inbox.release();
        }
        Poll::Ready(this.account(buffer.filled().len() - before))
    }
}

/// Moves what fits from the front of `bytes`.
fn take(bytes: &mut Vec<u8>, buffer: &mut ReadBuf<'_>) {
    let n = bytes.len().min(buffer.remaining());
    buffer.put_slice(&bytes[..n]);
    bytes.drain(..n);
}

impl AsyncWrite for Session {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.greeting.is_empty() {
            // The startup packet; nothing else is sent before the greeting has been read.
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.opened()?.pg.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().opened()?.pg.stream).poll_flush(cx)
    }

    /// The undertaker does it.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some((opened, held)) = self.server.take() else {
            return;
        };
        let busy = self.shared.busy.load(Ordering::Relaxed);
        let key = opened.key.map(|key| (key, opened.cancel_address));
        self.undertaker.bury(Corpse {
            pg: opened.pg,
            key,
            owes_replies: busy,
            whole: !busy,
            held,
        });
    }
}
