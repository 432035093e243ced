//! A server connection that is not one yet: whoever drops it half-way has it buried politely.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use super::target::ConnectError;
use super::undertaker::{Body, Undertaker};
use crate::net::buffer::BufferPool;
use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::net::tls::connect::{Connector, Handshake};
use crate::world::Socket;

/// The socket of an attempt, and what the caller wants held until PostgreSQL has let go of it.
///
/// ```text
/// Nothing -> Session (plain) -> Handshake -> Session (TLS) -> taken by `finish`
/// ```
/// Dropped in any state it hands both to the undertaker.
pub(super) struct Dialling<H: Send + 'static> {
    undertaker: Undertaker,
    buffers: BufferPool,
    body: Option<Body>,
    held: Option<H>,
    /// PostgreSQL takes Terminate only from the moment that the login is proven.
    whole: bool,
    /// What the attempt waits for, in words for a time-out.
    pub(super) doing: &'static str,
}

impl<H: Send + 'static> Dialling<H> {
    pub(super) fn new(undertaker: &Undertaker, buffers: &BufferPool, held: H) -> Self {
        Self {
            undertaker: undertaker.clone(),
            buffers: buffers.clone(),
            body: None,
            held: Some(held),
            whole: false,
            doing: "resolving the host name",
        }
    }

    /// Begins with a fresh socket; an older one that is still there is buried on its own.
    pub(super) fn opened(&mut self, socket: Socket) {
        self.bury_current();
        let stream = Stream::Plain(socket);
        self.body = Some(Body::Session(PgStream::new(stream, self.buffers.clone())));
    }

    /// A refused socket makes way for another; what is held stays for that one.
    pub(super) fn bury_current(&mut self) {
        if let Some(body) = self.body.take() {
            let whole = std::mem::take(&mut self.whole);
            self.undertaker.bury_body(body, None, whole, Box::new(()));
        }
    }

    /// The stream to talk over.
    pub(super) fn pg(&mut self) -> Result<&mut PgStream, ConnectError> {
        match &mut self.body {
            Some(Body::Session(pg)) => Ok(pg),
            _ => Err(ConnectError::failed("the server connection is gone")),
        }
    }

    /// From now on Terminate is understood.
    pub(super) fn set_whole(&mut self, whole: bool) {
        self.whole = whole;
    }

    /// The socket, for a handshake; it must come back at once by [`Dialling::begin_handshake`].
    pub(super) fn take_plain(&mut self) -> Result<Socket, ConnectError> {
        match self.body.take() {
            Some(Body::Session(PgStream {
                stream: Stream::Plain(socket),
                ..
            })) => Ok(socket),
            _ => Err(ConnectError::failed("the server connection is gone")),
        }
    }

    pub(super) fn begin_handshake(&mut self, handshake: Handshake) {
        self.body = Some(Body::Handshake(handshake));
    }

    /// Carries the handshake to its end.
    pub(super) async fn finish_handshake(&mut self, connector: &Connector) -> io::Result<()> {
        let tls = poll_fn(|cx| match &mut self.body {
            Some(Body::Handshake(handshake)) => Pin::new(&mut **handshake).poll(cx),
            _ => std::task::Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })
        .await?;
        let stream = connector.stream(tls);
        self.body = Some(Body::Session(PgStream::new(stream, self.buffers.clone())));
        Ok(())
    }

    /// The login is complete: the stream and what was held, for their new owner.
    pub(super) fn finish(mut self) -> Result<(PgStream, H), ConnectError> {
        match (self.body.take(), self.held.take()) {
            (Some(Body::Session(pg)), Some(held)) => Ok((pg, held)),
            (body, held) => {
                (self.body, self.held) = (body, held);
                Err(ConnectError::failed("the server connection is gone"))
            }
        }
    }
}

impl<H: Send + 'static> Drop for Dialling<H> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else {
            return;
        };
        if let Some(body) = self.body.take() {
            self.undertaker
                .bury_body(body, None, self.whole, Box::new(held));
        }
    }
}
