//! What has been read of one side and not yet been taken.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use super::stage::{Mark, Pull, Upstream};
use super::wire::Wire;

/// So much is read ahead; then the sender waits.
const ROOM: usize = 64 * 1024;
/// The most that one read brings.
const CHUNK: usize = 32 * 1024;

#[derive(Debug, Default)]
pub(super) struct Source {
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// What stands behind the last byte, once there is one.
    end: Option<Mark>,
    buffer: BytesMut,
}

impl Source {
    /// Whether more is to be read.
    pub(super) fn wants(&self) -> bool {
        self.end.is_none() && self.bytes < ROOM
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn holds_data(&self) -> bool {
        self.bytes > 0
    }

    /// Reads once; so many bytes came, 0 when the side has ended.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, side: &mut dyn Wire) -> Poll<usize> {
        self.buffer.reserve(CHUNK);
        let read = match poll_read_buf(Pin::new(side), cx, &mut self.buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read,
        };
        match read {
            Ok(0) => self.end = Some(Mark::End),
            Ok(_) => {
                let chunk = self.buffer.split().freeze();
                self.bytes += chunk.len();
                let read = chunk.len();
                self.queue.push_back(chunk);
                return Poll::Ready(read);
            }
            // TLS that ends without its farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.end = Some(Mark::End);
            }
            Err(_) => self.end = Some(Mark::Reset),
        }
        Poll::Ready(0)
    }

    /// Everything that is there, in one piece.
    pub(super) fn take(&mut self) -> Bytes {
        self.bytes = 0;
        let chunks = std::mem::take(&mut self.queue);
        let mut all = BytesMut::new();
        for chunk in &chunks {
            all.extend_from_slice(chunk);
        }
        all.freeze()
    }
}

impl Upstream for Source {
    fn pull(&mut self, _now: Instant) -> Pull {
        if let Some(chunk) = self.queue.pop_front() {
            self.bytes -= chunk.len();
            return Pull::Chunk(chunk);
        }
        self.end.map_or(Pull::Wait(None), Pull::Mark)
    }
}
