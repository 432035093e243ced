//! One connection's byte stream: plain, or TLS at either end of it.

mod tls;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use tls::{TlsInfo, TlsStream};

use crate::world::{Endpoint, Socket};

/// A byte stream. After a write over TLS, `flush` is what puts the last bytes on the socket.
#[derive(Debug)]
pub enum Stream {
    Plain(Socket),
    /// Boxed: a plain client must not pay for the size of a TLS session.
    Tls(Box<TlsStream>),
}

/// What a look at an idle connection found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peek {
    /// Silence, as it should be.
    Nothing,
    /// The peer has closed, or the connection is broken.
    Closed,
    /// Bytes wait to be read.
    Data,
}

impl Stream {
    /// What is known of the encryption; `None` = plain text.
    pub fn tls(&self) -> Option<&TlsInfo> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => Some(tls.info()),
        }
    }

    /// The socket below, for its addresses and options; reading it would break TLS.
    pub fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket(),
        }
    }

    pub(crate) fn socket_mut(&mut self) -> &mut Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket_mut(),
        }
    }

    pub fn peer(&self) -> io::Result<Endpoint> {
        self.socket().peer()
    }

    pub fn local(&self) -> io::Result<Endpoint> {
        self.socket().local()
    }

    /// Waits, without a buffer, until a read gives something at once: bytes, the end, or an error.
    ///
    /// On a plain socket readiness can be stale: the read may still be `Pending`.
    ///
    /// # Cancel safety
    /// Nothing is lost: TLS records that were taken in stay in the session.
    pub fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_read_ready(cx),
            Self::Tls(tls) => tls.poll_read_ready(cx),
        }
    }

    /// Looks whether anything has come, without waiting. Over TLS it decrypts: a session ticket is
    /// nothing, a close notice is an end.
    pub fn try_peek(&mut self) -> Peek {
        match self {
            Self::Plain(socket) => match socket.peek_now() {
                Ok(0) => Peek::Closed,
                Ok(_) => Peek::Data,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => Peek::Nothing,
                Err(_) => Peek::Closed,
            },
            Self::Tls(tls) => tls.try_peek(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_plain_stream_is_peeked_without_taking_a_byte() {
        let (one, mut other) = Socket::pair().unwrap();
        let mut stream = Stream::Plain(one);
        assert_eq!(stream.try_peek(), Peek::Nothing);
        other.write_all(b"Z").await.unwrap();
        assert_eq!(stream.try_peek(), Peek::Data);
        std::future::poll_fn(|cx| stream.poll_read_ready(cx))
            .await
            .unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'Z');
        drop(other);
        assert_eq!(stream.try_peek(), Peek::Closed);
    }
}
