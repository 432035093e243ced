//! One direction of a connection: from one side's socket through tracker and chain to the other's.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::time::Instant;

use super::chain::{Chain, MustClose};
use super::faults::Numbered;
use super::shared::Shared;
use super::source::Source;
use super::stage::{Mark, Pull};
use super::tracker::{Tracked, Tracker};
use super::wire::Wire;
use crate::toxic::Stream;

pub(super) struct Line {
    stream: Stream,
    pub(super) source: Source,
    tracker: Tracker,
    chain: Chain,
    /// What is being written.
    out: Bytes,
    unflushed: bool,
    /// The last byte has been taken.
    ended: bool,
    /// The other side has been told so.
    pub(super) shut: bool,
    /// When to pull again although nothing has come.
    pub(super) wake: Option<Instant>,
}

/// What a line asks for the whole connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Close,
    Reset,
    Upgrade,
}

impl Line {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            source: Source::default(),
            tracker: Tracker::new(stream),
            chain: Chain::default(),
            out: Bytes::new(),
            unflushed: false,
            ended: false,
            shut: false,
            wake: None,
        }
    }

    pub(super) fn refit(
        &mut self,
        shared: &Shared,
        toxics: &[Numbered],
        now: Instant,
    ) -> Result<(), MustClose> {
        self.tracker.refit(shared, toxics);
        let place = (self.stream, shared.connection.number);
        self.chain.refit(&shared.faults, toxics, place, now)
    }

    /// The bytes that the side has sent and that have not gone on.
    pub(super) fn take_unread(&mut self) -> Bytes {
        let first = self.tracker.take_unread();
        let rest = self.source.take();
        if rest.is_empty() {
            return first;
        }
        [first, rest].concat().into()
    }

    /// Reads, pulls and writes until nothing more can be done now.
    pub(super) fn drive(
        &mut self,
        cx: &mut Context<'_>,
        shared: &mut Shared,
        from: &mut dyn Wire,
        to: &mut dyn Wire,
    ) -> Option<Turn> {
        self.wake = None;
        loop {
            match self.poll_write(cx, shared, to) {
                Poll::Pending => return None,
                Poll::Ready(Err(turn)) => return Some(turn),
                Poll::Ready(Ok(())) => {}
            }
            if self.ended {
                return self.finish(cx, to);
            }
            let now = Instant::now();
            match self.pull(now, shared) {
                Pull::Chunk(chunk) => self.out = chunk,
                Pull::Mark(Mark::End) => self.ended = true,
                Pull::Mark(Mark::Close) => return Some(Turn::Close),
                Pull::Mark(Mark::Reset) => return Some(Turn::Reset),
                Pull::Mark(Mark::Upgrade) => return Some(Turn::Upgrade),
                Pull::Wait(wake) => {
                    self.wake = wake;
                    if !self.poll_read(cx, shared, from) {
                        self.flush(cx, to);
                        return None;
                    }
                }
            }
        }
    }

    fn pull(&mut self, now: Instant, shared: &mut Shared) -> Pull {
        let mut tracked = Tracked {
            tracker: &mut self.tracker,
            shared,
            source: &mut self.source,
        };
        let pull = self.chain.pull(now, &mut tracked);
        if matches!(pull, Pull::Wait(_)) && self.source.holds_data() {
            self.chain.blocks();
        }
        pull
    }

    /// Whether something has come.
    fn poll_read(&mut self, cx: &mut Context<'_>, shared: &Shared, from: &mut dyn Wire) -> bool {
        if !self.source.wants() {
            return false;
        }
        let Poll::Ready(bytes) = self.source.poll_fill(cx, from) else {
            return false;
        };
        shared.connection.traffic.received(self.stream, bytes);
        true
    }

    /// Writes what is out; what is pulled as one chunk leaves in writes of its own.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        shared: &Shared,
        to: &mut dyn Wire,
    ) -> Poll<Result<(), Turn>> {
        while !self.out.is_empty() {
            match Pin::new(&mut *to).poll_write(cx, &self.out) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Turn::Reset)),
                Poll::Ready(Ok(bytes)) => {
                    self.out.advance(bytes);
                    self.unflushed = true;
                    shared.connection.traffic.sent(self.stream, bytes);
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn flush(&mut self, cx: &mut Context<'_>, to: &mut dyn Wire) {
        if self.unflushed && Pin::new(to).poll_flush(cx).is_ready() {
            self.unflushed = false;
        }
    }

    /// Tells the other side that nothing more comes; it may go on sending itself.
    fn finish(&mut self, cx: &mut Context<'_>, to: &mut dyn Wire) -> Option<Turn> {
        // A side that can't be told is gone already.
        if !self.shut && Pin::new(to).poll_shutdown(cx).is_ready() {
            self.shut = true;
        }
        None
    }
}
