//! A stage of a line: what one toxic does to the bytes of one direction of one connection.
//!
//! Stages do no IO and keep no timers. The connection pulls at the end of the line; each stage pulls
//! at the one before it, the first at what has been read. So a stage that takes nothing makes the
//! sender wait, and all of it can be tried with a made-up clock.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use crate::toxic::Standard;

/// What a pull gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pull {
    /// Bytes that leave now, in one write of their own.
    Chunk(Bytes),
    /// Something that keeps its place behind all bytes before it.
    Mark(Mark),
    /// Nothing now. Pull again when there is more to read, when the toxics have changed, and at this
    /// time if there is one.
    Wait(Option<Instant>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The sender has finished (half-close); nothing comes after it.
    End,
    /// The whole connection is to be closed (FIN both ways); nothing comes after it.
    Close,
    /// The whole connection is to be reset (RST both ways); nothing comes after it.
    Reset,
    /// From here on both sides speak TLS; bytes come after it.
    Upgrade,
}

/// Whatever can be pulled at.
pub trait Upstream {
    fn pull(&mut self, now: Instant) -> Pull;
}

/// One toxic in a line.
pub trait Stage: Send {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull;

    /// The toxic's attributes have changed. What is held back already leaves as soon as it can;
    /// what a stage has counted so far (bytes, its own start) is kept.
    fn refit(&mut self, standard: &Standard, now: Instant);

    /// The toxic has been removed.
    fn leave(self: Box<Self>) -> Leaving;
}

/// What a removed stage leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// What it held back goes on at once, in this order (chunks and marks).
    Pass(VecDeque<Pull>),
    /// The connection is to be closed.
    Close,
}

/// The earlier of two times to pull again.
pub fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
