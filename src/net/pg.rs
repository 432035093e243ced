//! PostgreSQL messages over a stream, with one buffer for the whole life of the socket.
//!
//! The handshake reads whole frames here; the relay later works on the same inbox, so no byte that
//! was read early is ever lost between the two.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::buffer::{Buffer, BufferPool};
use super::outbox;
use super::stream::Stream;
use crate::error::{Error, Result};
use crate::wire::frame;

/// A whole message: its tag and its body.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub tag: u8,
    pub body: Vec<u8>,
}

/// A socket and the bytes read from it that nobody has looked at yet.
#[derive(Debug)]
pub struct PgStream {
    pub stream: Stream,
    pub inbox: Buffer,
    pub buffers: BufferPool,
}

impl PgStream {
    pub fn new(stream: Stream, buffers: BufferPool) -> Self {
        Self {
            stream,
            inbox: Buffer::default(),
            buffers,
        }
    }

    /// Bytes read and not consumed: must be empty before a TLS handshake begins.
    pub fn buffered(&self) -> &[u8] {
        self.inbox.bytes()
    }

    /// One read into the inbox; 0 = the peer closed. The inbox must not be full.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(self.inbox.room(&self.buffers));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        let n = room.filled().len();
        self.inbox.filled(n);
        Poll::Ready(Ok(n))
    }

    /// One read into the inbox; 0 = the peer closed.
    ///
    /// # Cancel safety
    /// A dropped call has read nothing.
    pub async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// The body of an untagged startup packet; `None` = closed before its first byte.
    ///
    /// # Errors
    /// 08P01 for a length outside 8 to `max` bytes or a packet that is cut off.
    ///
    /// # Cancel safety
    /// A dropped call loses no byte: what was read waits in the inbox.
    pub async fn read_startup(&mut self, max: usize) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = self.buffered().first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                if length < 8 || length > max {
                    return Err(Error::protocol("invalid length of startup packet"));
                }
                if self.inbox.len() >= length {
                    return Ok(Some(self.take_body(4, length)));
                }
                self.inbox.grow(length, &self.buffers)?;
            }
            if self.fill_or_end("startup packet").await? {
                return Ok(None);
            }
        }
    }

    /// The next message; `None` = closed between two messages.
    ///
    /// # Errors
    /// 08P01 for a malformed header, a body over `max_body` bytes or a message that is cut off.
    ///
    /// # Cancel safety
    /// A dropped call loses no byte: what was read waits in the inbox.
    pub async fn read_frame(&mut self, max_body: usize) -> Result<Option<Frame>> {
        loop {
            if let Some(header) = frame::header(self.buffered())? {
                if header.body > max_body {
                    return Err(Error::protocol(format!(
                        "message of {} bytes where at most {max_body} are allowed",
                        header.body
                    )));
                }
                let length = frame::HEADER + header.body;
                if self.inbox.len() >= length {
                    return Ok(Some(Frame {
                        tag: header.tag,
                        body: self.take_body(frame::HEADER, length),
                    }));
                }
                self.inbox.grow(length, &self.buffers)?;
            }
            if self.fill_or_end("message").await? {
                return Ok(None);
            }
        }
    }

    fn take_body(&mut self, from: usize, to: usize) -> Vec<u8> {
        let body = self.inbox.bytes()[from..to].to_vec();
        self.inbox.consume(to);
        self.inbox.release();
        body
    }

    /// True at a clean end of the stream.
    async fn fill_or_end(&mut self, what: &str) -> Result<bool> {
        match self.fill().await {
            Ok(0) if self.inbox.is_empty() => Ok(true),
            Ok(0) => Err(Error::protocol(format!(
                "connection closed inside a {what}"
            ))),
            Ok(_) => Ok(false),
            Err(error) => Err(Error::server("connection lost").with_source(error)),
        }
    }

    /// Sends all of `bytes`.
    ///
    /// # Cancel safety
    /// None: a dropped call may have sent a part, and the stream must then be closed.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        poll_fn(|cx| {
            while sent < bytes.len() {
                sent += ready!(outbox::poll_send(&mut self.stream, cx, &bytes[sent..]))?;
            }
            outbox::poll_flush(&mut self.stream, cx)
        })
        .await
    }
}
