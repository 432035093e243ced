//! The one door through which bytes leave for a peer.
//!
//! Today each call is one plain send. Whoever gathers sends later does it here and nowhere else:
//! order on one socket is the order of calls, and a short send leaves the rest with the caller.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::stream::Stream;

/// Sends from the front of `bytes`; tells how many were taken.
///
/// # Errors
/// The socket's own; a peer that takes no more bytes is `WriteZero`.
pub fn poll_send(
    stream: &mut Stream,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    let sent = ready!(Pin::new(&mut *stream).poll_write(cx, bytes))?;
    if sent == 0 && !bytes.is_empty() {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    Poll::Ready(Ok(sent))
}

/// Pushes out what TLS still holds back; a plain socket holds nothing.
pub fn poll_flush(stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    Pin::new(stream).poll_flush(cx)
}
