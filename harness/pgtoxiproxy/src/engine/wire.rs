//! The streams that a connection comes over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

/// A stream that a connection can come over.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// Makes the drop that follows abort the connection (RST) where the stream can do that.
    fn abort(&mut self) {}
}

impl Wire for TcpStream {
    fn abort(&mut self) {
        // A socket that can't be told is closed in the ordinary way.
        let _ = self.set_zero_linger();
    }
}

impl Wire for DuplexStream {}

impl<W: Wire + ?Sized> Wire for Box<W> {
    fn abort(&mut self) {
        (**self).abort();
    }
}

/// A stream of which some bytes have been read already.
pub(super) struct Prefixed<W> {
    prefix: Bytes,
    pub(super) inner: W,
}

impl<W: Wire> Prefixed<W> {
    pub(super) fn new(prefix: Bytes, inner: W) -> Self {
        Self { prefix, inner }
    }
}

impl<W: Wire> Wire for Prefixed<W> {
    fn abort(&mut self) {
        self.inner.abort();
    }
}

impl<W: Wire> AsyncRead for Prefixed<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let n = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..n]);
        self.prefix.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<W: Wire> AsyncWrite for Prefixed<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
