//! From bytes to messages.

use bytes::{Buf, Bytes};
use tokio::time::Instant;

use super::{MAX_WHOLE, Place, Tracker};
use crate::engine::script::{self, Fired, Message, Op, Way};
use crate::engine::shared::Shared;
use crate::engine::stage::Pull;
use crate::pg::frame::{self, Expect, Head, Read};
use crate::pg::message::Name;
use crate::toxic::{Kind, Stream};

impl Tracker {
    /// Looks at the input until there is something to do or to pass on.
    pub(super) fn read(&mut self, now: Instant, shared: &mut Shared) -> Option<Pull> {
        while self.ops.is_empty() && self.seen < self.input.len() {
            let goes_on = match self.place {
                Place::Rest { left, way } => self.rest(left, way),
                Place::Whole { head, want } => self.gather(head, want, now, shared),
                Place::Head if self.partial.is_empty() => self.head(now, shared),
                Place::Head => self.head_in_pieces(now, shared),
            };
            if !goes_on {
                break;
            }
        }
        let run = self.input.split_to(std::mem::take(&mut self.seen));
        (!run.is_empty()).then_some(Pull::Chunk(run))
    }

    // Each of these is false when what has been seen must be passed on first.

    fn rest(&mut self, left: usize, way: Way) -> bool {
        if way == Way::Drop && self.seen > 0 {
            return false;
        }
        let n = left.min(self.input.len() - self.seen);
        match way {
            Way::Pass => self.seen += n,
            Way::Drop => self.input.advance(n),
        }
        if n < left {
            let left = left - n;
            self.place = Place::Rest { left, way };
        } else {
            self.place = Place::Head;
            self.ops.append(&mut self.after);
        }
        true
    }

    fn gather(&mut self, head: Head, want: usize, now: Instant, shared: &mut Shared) -> bool {
        let there = self.input.len() - self.seen;
        self.take_piece((want - self.partial.len()).min(there));
        if self.partial.len() == want {
            self.place = Place::Head;
            let bytes = self.partial.split().freeze();
            self.complete(head, bytes, now, shared);
        }
        true
    }

    fn head(&mut self, now: Instant, shared: &mut Shared) -> bool {
        let bytes = &self.input[self.seen..];
        match self.look(bytes, shared) {
            Read::Nonsense => {
                shared.talk.give_up();
                self.seen = self.input.len();
                true
            }
            Read::DirectTls if shared.connection.tls.is_none() => {
                shared.talk.give_up();
                true
            }
            Read::DirectTls => {
                shared.upgrading = true;
                self.ops.push_back(Op::Upgrade);
                true
            }
            Read::Needs(_) if self.armed.is_empty() => {
                self.partial.extend_from_slice(bytes);
                self.told = self.partial.len();
                self.seen = self.input.len();
                true
            }
            Read::Needs(_) => {
                if self.seen > 0 {
                    return false;
                }
                self.partial
                    .extend_from_slice(&std::mem::take(&mut self.input));
                true
            }
            Read::Head(head) => self.begin(head, now, shared),
        }
    }

    fn head_in_pieces(&mut self, now: Instant, shared: &mut Shared) -> bool {
        while let Read::Needs(want) = self.look(&self.partial, shared) {
            let there = self.input.len() - self.seen;
            if there == 0 {
                return true;
            }
            self.take_piece(want.saturating_sub(self.partial.len()).clamp(1, there));
        }
        if self.seen > 0 {
            return false;
        }
        let have = self.partial.len();
        match self.look(&self.partial, shared) {
            Read::Head(head) if self.is_wanted(head.message, shared) && head.total > have => {
                let want = head.total.min(MAX_WHOLE).max(have);
                self.place = Place::Whole { head, want };
            }
            Read::Head(head) => {
                let bytes = self.partial.split().freeze();
                self.complete(head, bytes, now, shared);
            }
            Read::Nonsense | Read::DirectTls | Read::Needs(_) => {
                shared.talk.give_up();
                let told = std::mem::take(&mut self.told);
                let bytes = self.partial.split().freeze().slice(told..);
                self.ops.push_back(Op::Send(bytes));
            }
        }
        true
    }

    /// Adds so many bytes to the message's beginning; if that is passing already, they pass too.
    fn take_piece(&mut self, n: usize) {
        let piece = self.seen..self.seen + n;
        let passing = self.told == self.partial.len();
        self.partial.extend_from_slice(&self.input[piece.clone()]);
        if passing {
            self.seen = piece.end;
            self.told = self.partial.len();
        } else {
            self.input.advance(n);
        }
    }

    /// A message begins at what has been seen.
    fn begin(&mut self, head: Head, now: Instant, shared: &mut Shared) -> bool {
        let there = self.input.len() - self.seen;
        let want = head.total.min(MAX_WHOLE);
        if !self.is_touched(head.message) {
            self.watch(head, there, want, now, shared);
            return true;
        }
        if self.seen > 0 {
            return false;
        }
        if there >= want {
            let bytes = self.input.split_to(want);
            self.complete(head, bytes, now, shared);
        } else {
            self.partial
                .extend_from_slice(&std::mem::take(&mut self.input));
            self.place = Place::Whole { head, want };
        }
        true
    }

    /// A message that no toxic names: it is looked at, and held back at no time.
    fn watch(&mut self, head: Head, there: usize, want: usize, now: Instant, shared: &mut Shared) {
        let bytes = self.input.slice(self.seen..self.seen + there.min(want));
        if there < want && self.is_wanted(head.message, shared) {
            self.partial.extend_from_slice(&bytes);
            self.told = bytes.len();
            self.seen = self.input.len();
            self.place = Place::Whole { head, want };
            return;
        }
        self.hear(head.message, &bytes, shared);
        shared.note(now, self.stream, head.message, Vec::new());
        self.place = Place::Rest {
            left: head.total,
            way: Way::Pass,
        };
        // An answer decides how the bytes behind it are read.
        self.answer(head.message, bytes.first().copied(), shared);
    }

    /// A message is there, or as much of it as is gathered: what is done with it?
    fn complete(&mut self, head: Head, bytes: Bytes, now: Instant, shared: &mut Shared) {
        self.hear(head.message, &bytes, shared);
        let rest = head.total - bytes.len();
        let told = std::mem::take(&mut self.told);
        if self.skip_to_sync && told == 0 {
            if head.message != "Sync" {
                shared.note(now, self.stream, head.message, Vec::new());
                if rest > 0 {
                    let way = Way::Drop;
                    self.ops.push_back(Op::Rest { left: rest, way });
                }
                return;
            }
            self.skip_to_sync = false;
        }
        if told > 0 {
            // Its beginning has passed: too late for any toxic.
            self.pass(bytes.slice(told..), rest);
            shared.note(now, self.stream, head.message, Vec::new());
            self.answer(head.message, bytes.first().copied(), shared);
            return;
        }
        let message = Message {
            name: head.message,
            stream: self.stream,
            bytes,
            rest,
            status: shared.talk.status,
        };
        self.fire(&message, now, shared);
    }

    fn pass(&mut self, bytes: Bytes, rest: usize) {
        self.ops.push_back(Op::Send(bytes));
        if rest > 0 {
            let way = Way::Pass;
            self.ops.push_back(Op::Rest { left: rest, way });
        }
    }

    /// Finds the toxics that fire at a message, and writes down what they do.
    fn fire(&mut self, message: &Message, now: Instant, shared: &mut Shared) {
        let mut fired = Vec::new();
        for armed in &mut self.armed {
            let Kind::Protocol(protocol) = &armed.toxic.kind else {
                continue;
            };
            let point = &protocol.point;
            if !point.names(message.name) || !point.fits(&shared.talk) {
                continue;
            }
            armed.met += 1;
            let meant = point.nth == 0 || point.nth == armed.met;
            if meant && armed.toxic.hit(point.times) {
                fired.push(Fired {
                    number: armed.number,
                    toxic: &armed.toxic,
                    dice: &mut armed.dice,
                });
            }
        }
        let names = fired.iter().map(|fired| fired.toxic.name.clone()).collect();
        shared.note(now, self.stream, message.name, names);
        let (ops, skip) = script::write(message, fired);
        self.skip_to_sync |= skip;
        let sent = ops.iter().find_map(|op| match op {
            Op::Send(bytes) => bytes.first().copied(),
            _ => None,
        });
        self.ops.extend(ops);
        self.answer(message.name, sent, shared);
    }

    /// The client has been, or is about to be, answered this byte.
    fn answer(&mut self, message: Name, byte: Option<u8>, shared: &mut Shared) {
        if !matches!(message, "SSLResponse" | "GSSENCResponse") {
            return;
        }
        let Some(byte) = byte else { return };
        if byte == b'S' && message == "SSLResponse" && shared.connection.tls.is_some() {
            shared.upgrading = true;
            match self.place {
                Place::Rest { .. } => self.after.push_back(Op::Upgrade),
                _ => self.ops.push_back(Op::Upgrade),
            }
        } else {
            shared.talk.answered(byte);
        }
    }

    fn hear(&self, message: Name, bytes: &[u8], shared: &mut Shared) {
        match self.stream {
            Stream::Upstream => shared.talk.heard_from_client(message, bytes),
            Stream::Downstream => shared.talk.heard_from_server(message, bytes),
        }
    }

    fn look(&self, bytes: &[u8], shared: &Shared) -> Read {
        let expect = match self.stream {
            Stream::Upstream => shared.talk.up,
            Stream::Downstream => shared.talk.down,
        };
        if expect == Expect::Opaque {
            return Read::Nonsense;
        }
        frame::read(expect, self.stream, shared.talk.asked, bytes)
    }

    /// Whether some toxic, or the end of a batch that failed, has a say on such messages.
    fn is_touched(&self, message: Name) -> bool {
        let names = |kind: &Kind| match kind {
            Kind::Protocol(protocol) => protocol.point.names(message),
            Kind::Standard(_) => false,
        };
        self.skip_to_sync || self.armed.iter().any(|armed| names(&armed.toxic.kind))
    }

    /// Whether such a message has to be seen whole.
    fn is_wanted(&self, message: Name, shared: &Shared) -> bool {
        let tells = matches!(message, "StartupMessage" | "ReadyForQuery");
        let sql = shared.wants_sql && matches!(message, "Query" | "Parse");
        tells || sql || self.is_touched(message)
    }
}
