//! Read buffers: a bounded pool of them, and one that is being filled and emptied.
//!
//! An idle connection has none. A buffer comes from the pool when bytes are about to arrive and goes
//! back when the last of them has been handed on, so a thousand idle clients share a handful.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::wire::SqlState;

/// Bytes of a pooled buffer: what PostgreSQL itself writes at a time (`PQ_SEND_BUFFER_SIZE`).
pub const BUFFER_SIZE: usize = 8 * 1024;

/// Free buffers that are kept; more than this are simply freed.
const FREE_BUFFERS: usize = 256;

/// Where buffers come from, and the account of those that had to grow.
#[derive(Debug, Clone)]
pub struct BufferPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Mutex<Vec<Vec<u8>>>,
    /// Bytes by which buffers have grown beyond [`BUFFER_SIZE`], over all connections.
    grown: AtomicUsize,
    max_grown: usize,
}

impl BufferPool {
    /// `max_memory`: bytes that all grown buffers may take together (`max_memory_usage`).
    pub fn new(max_memory: usize) -> Self {
        Self(Arc::new(Shared {
            free: Mutex::new(Vec::new()),
            grown: AtomicUsize::new(0),
            max_grown: max_memory,
        }))
    }

    fn take(&self) -> Vec<u8> {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_else(|| vec![0; BUFFER_SIZE])
    }

    fn give_back(&self, data: Vec<u8>) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < FREE_BUFFERS {
            free.push(data);
        }
    }

    fn reserve(&self, more: usize) -> Result<(), Error> {
        let before = self.0.grown.fetch_add(more, Ordering::Relaxed);
        if before + more > self.0.max_grown {
            self.unreserve(more);
            return Err(Error::new(
                ErrorKind::Limit,
                SqlState::OUT_OF_MEMORY,
                "max_memory_usage is reached: the message is too large for now",
            ));
        }
        Ok(())
    }

    fn unreserve(&self, less: usize) {
        self.0.grown.fetch_sub(less, Ordering::Relaxed);
    }
}

/// Bytes read and not yet handed on: `data[start..end]`.
#[derive(Debug, Default)]
pub struct Buffer {
    data: Vec<u8>,
    start: usize,
    end: usize,
    /// The account that pays for growth; set as soon as there is memory.
    pool: Option<BufferPool>,
}

impl Buffer {
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start..self.end]
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The free room behind the bytes, at least one byte unless the buffer is full.
    pub fn room(&mut self, pool: &BufferPool) -> &mut [u8] {
        if self.data.is_empty() {
            self.data = pool.take();
            self.pool = Some(pool.clone());
        }
        if self.start > 0 && (self.is_empty() || self.end == self.data.len()) {
            self.data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.data[self.end..]
    }

    /// `n` bytes were written into [`Buffer::room`].
    pub fn filled(&mut self, n: usize) {
        self.end += n;
        debug_assert!(self.end <= self.data.len());
    }

    /// The first `n` bytes were handed on.
    pub fn consume(&mut self, n: usize) {
        self.start += n;
        debug_assert!(self.start <= self.end);
    }

    /// Cuts `from..to` (relative to the first byte) out of the bytes, moving the shorter part.
    pub fn cut(&mut self, from: usize, to: usize) {
        let (from, to) = (self.start + from, self.start + to);
        if from == self.start {
            self.start = to;
        } else {
            self.data.copy_within(to..self.end, from);
            self.end -= to - from;
        }
    }

    /// Takes the first `n` bytes away into a buffer of their own; nothing is copied if they are all.
    #[must_use]
    pub fn split_front(&mut self, n: usize, pool: &BufferPool) -> Self {
        if n == self.len() {
            return std::mem::take(self);
        }
        let mut front = Self::default();
        if n > 0 {
            // What was read into memory once may stay there twice for a moment: not accounted for.
            let room = front.room(pool);
            if room.len() < n {
                front.data.resize(n, 0);
                pool.0.grown.fetch_add(n - BUFFER_SIZE, Ordering::Relaxed);
            }
            front.data[..n].copy_from_slice(&self.bytes()[..n]);
            front.filled(n);
            self.consume(n);
        }
        front
    }

    /// Is there no room behind the bytes, nor any to be won by moving them?
    pub fn is_full(&self) -> bool {
        !self.data.is_empty() && self.len() == self.data.len()
    }

    /// Makes room for a message of `wanted` bytes in all.
    ///
    /// # Errors
    /// 53200 when `max_memory_usage` is reached.
    pub fn grow(&mut self, wanted: usize, pool: &BufferPool) -> Result<(), Error> {
        let _ = self.room(pool);
        let more = wanted.saturating_sub(self.data.len());
        if more > 0 {
            pool.reserve(more)?;
            self.data.resize(wanted, 0);
        }
        Ok(())
    }

    /// Gives the memory back if no byte is waiting.
    pub fn release(&mut self) {
        if !self.is_empty() {
            return;
        }
        self.start = 0;
        self.end = 0;
        if let Some(pool) = self.pool.take() {
            let data = std::mem::take(&mut self.data);
            if data.len() > BUFFER_SIZE {
                pool.unreserve(data.len() - BUFFER_SIZE);
            } else {
                pool.give_back(data);
            }
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.start = self.end;
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pool: &BufferPool, bytes: &[u8]) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.room(pool)[..bytes.len()].copy_from_slice(bytes);
        buffer.filled(bytes.len());
        buffer
    }

    #[test]
    fn a_released_buffer_serves_the_next_one() {
        let pool = BufferPool::new(0);
        let mut first = filled(&pool, b"abc");
        first.consume(3);
        first.release();
        assert_eq!(pool.0.free.lock().unwrap().len(), 1);
        let second = filled(&pool, b"x");
        assert_eq!(second.bytes(), b"x");
        assert!(pool.0.free.lock().unwrap().is_empty());
    }

    #[test]
    fn cutting_keeps_what_stands_around() {
        let pool = BufferPool::new(0);
        for (from, to, left) in [(0, 2, "cdef"), (2, 4, "abef"), (4, 6, "abcd"), (0, 6, "")] {
            let mut buffer = filled(&pool, b"abcdef");
            buffer.cut(from, to);
            assert_eq!(buffer.bytes(), left.as_bytes());
        }
    }

    #[test]
    fn growth_is_paid_for_and_paid_back() {
        let pool = BufferPool::new(1000);
        let mut buffer = filled(&pool, b"abc");
        buffer.grow(BUFFER_SIZE + 1000, &pool).unwrap();
        let mut other = filled(&pool, b"abc");
        let error = other.grow(BUFFER_SIZE + 1, &pool).unwrap_err();
        assert_eq!(error.sqlstate, SqlState::OUT_OF_MEMORY);
        drop(buffer);
        other.grow(BUFFER_SIZE + 1, &pool).unwrap();
    }
}
