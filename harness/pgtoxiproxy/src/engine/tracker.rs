//! The first stage of a line: it knows where messages begin and end, and does what the protocol
//! toxics say.
//!
//! Bytes of messages that no toxic names pass as they came, in the same chunks and uncopied. A message
//! that one names is gathered first. While no protocol toxic is on this line nothing is held back at
//! all: the tracker only watches.

mod operate;
mod reading;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::chain::takes_part;
use super::dice::Dice;
use super::faults::Numbered;
use super::script::{Op, Way};
use super::shared::Shared;
use super::source::Source;
use super::stage::{Mark, Pull, Upstream};
use crate::pg::frame::Head;
use crate::toxic::{Kind, Stream, Toxic};

/// So much of a message is gathered; of a longer one the rest streams behind.
const MAX_WHOLE: usize = 1024 * 1024;

pub(super) struct Tracker {
    stream: Stream,
    armed: Vec<Armed>,
    /// What is being looked at; the first `seen` bytes of it pass.
    input: Bytes,
    seen: usize,
    /// The beginning of a message, gathered; the first `told` bytes of it have gone on already.
    partial: BytesMut,
    told: usize,
    place: Place,
    /// The steps for the message in hand, and those behind its rest.
    ops: VecDeque<Op>,
    after: VecDeque<Op>,
    /// The client's messages up to its Sync are thrown away.
    skip_to_sync: bool,
}

/// A protocol toxic that applies to this connection.
struct Armed {
    number: u64,
    toxic: Arc<Toxic>,
    dice: Dice,
    /// Messages at its point so far.
    met: u64,
}

#[derive(Clone, Copy)]
enum Place {
    /// Where a message begins.
    Head,
    /// In one that is being gathered, up to `want` bytes.
    Whole { head: Head, want: usize },
    /// In one whose remaining bytes go this way.
    Rest { left: usize, way: Way },
}

impl Tracker {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            armed: Vec::new(),
            input: Bytes::new(),
            seen: 0,
            partial: BytesMut::new(),
            told: 0,
            place: Place::Head,
            ops: VecDeque::new(),
            after: VecDeque::new(),
            skip_to_sync: false,
        }
    }

    /// Makes the armed toxics what the proxy has now.
    pub(super) fn refit(&mut self, shared: &Shared, toxics: &[Numbered]) {
        let connection = shared.connection.number;
        let mut before = std::mem::take(&mut self.armed);
        for numbered in toxics {
            let toxic = &numbered.toxic;
            let named = matches!(toxic.kind, Kind::Protocol(_)) && toxic.stream == self.stream;
            if !named || !takes_part(&shared.faults, toxic, connection) {
                continue;
            }
            let known = before
                .iter()
                .position(|armed| armed.number == numbered.number);
            let mut armed = known.map_or_else(
                || Armed {
                    number: numbered.number,
                    toxic: Arc::clone(toxic),
                    dice: shared.faults.dice(toxic, connection),
                    met: 0,
                },
                |at| before.swap_remove(at),
            );
            armed.toxic = Arc::clone(toxic);
            self.armed.push(armed);
        }
    }

    /// The bytes that have been read and not gone on.
    pub(super) fn take_unread(&mut self) -> Bytes {
        self.seen = 0;
        std::mem::take(&mut self.input)
    }

    /// See [`Upstream`].
    pub(super) fn pull(&mut self, now: Instant, shared: &mut Shared, source: &mut Source) -> Pull {
        loop {
            if shared.blackhole.is_some() {
                return self.vanish(now, source);
            }
            if let Some(op) = self.ops.pop_front() {
                if let Some(pull) = self.operate(op, now, shared) {
                    return pull;
                }
                continue;
            }
            if let Some(told) = self.next_told(shared) {
                return told;
            }
            if shared.upgrading && self.stream == Stream::Upstream {
                return Pull::Wait(None);
            }
            if self.input.is_empty() {
                match source.pull(now) {
                    Pull::Chunk(chunk) => self.input = chunk,
                    Pull::Mark(mark) => return self.finish(mark),
                    wait @ Pull::Wait(_) => return wait,
                }
            }
            if let Some(pull) = self.read(now, shared) {
                return pull;
            }
        }
    }

    /// Between two messages of the server's, what the proxy itself has to say.
    fn next_told(&mut self, shared: &mut Shared) -> Option<Pull> {
        let between = matches!(self.place, Place::Head) && self.partial.is_empty();
        if self.stream == Stream::Upstream || !between {
            return None;
        }
        let told = shared.to_client.pop_front()?;
        if told.and_close {
            self.ops.push_back(Op::Close);
        }
        Some(Pull::Chunk(told.bytes))
    }

    /// The side has ended: what was held back for want of the rest goes first.
    fn finish(&mut self, mark: Mark) -> Pull {
        let told = std::mem::take(&mut self.told);
        let partial = self.partial.split().freeze();
        self.place = Place::Head;
        if partial.len() > told {
            return Pull::Chunk(partial.slice(told..));
        }
        Pull::Mark(mark)
    }

    /// In a black hole everything is lost, also that a side has ended.
    fn vanish(&mut self, now: Instant, source: &mut Source) -> Pull {
        self.input.clear();
        self.partial.clear();
        (self.seen, self.told) = (0, 0);
        while let Pull::Chunk(_) = source.pull(now) {}
        Pull::Wait(None)
    }
}

/// A tracker with all that it needs to be pulled at.
pub(super) struct Tracked<'a> {
    pub(super) tracker: &'a mut Tracker,
    pub(super) shared: &'a mut Shared,
    pub(super) source: &'a mut Source,
}

impl Upstream for Tracked<'_> {
    fn pull(&mut self, now: Instant) -> Pull {
        self.tracker.pull(now, self.shared, self.source)
    }
}

#[cfg(test)]
mod tests;
