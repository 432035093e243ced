//! How a COPY IN corrects the queue when it ends (rule 2).
//!
//! COPY IN reads the client's messages itself: it eats Sync and Flush, ends at CopyDone or CopyFail,
//! and any other message is the end of the connection. All that happens in the order of the stream,
//! so on success everything up to the first end mark is gone. On failure the point is unknown: a Sync
//! ahead of that mark was eaten or will be answered.

use super::owed::Kind;
use super::{Skip, Turn};

impl<E> Turn<E> {
    /// CommandComplete of a COPY IN: the server has read up to and including the first end mark.
    pub(super) fn copy_succeeded(&mut self) {
        self.copying_in = false;
        let end = self
            .queue
            .iter()
            .position(|owed| owed.kind == Kind::CopyEnd);
        for _ in 0..end.unwrap_or(0) {
            // The front entry, Query or Execute, began the COPY and stays.
            if let Some(eaten) = self.queue.remove(1) {
                self.struck.extend(eaten.effect);
            }
        }
        // An eaten Sync has closed no batch.
        let last = self.queue.iter().rev().find(|owed| !owed.kind.is_mark());
        self.batch_open = last.is_some_and(|last| !last.kind.ends_batch());
    }

    /// A COPY IN that a Query began has failed: its own ReadyForQuery comes, what was sent behind the
    /// data is answered.
    pub(super) fn simple_copy_failed(&mut self) {
        let eaten = self.perhaps_eaten();
        self.doubt(1, eaten.syncs);
    }

    /// A COPY IN that an Execute began has failed: the server skips to the next Sync that COPY did
    /// not eat.
    pub(super) fn extended_copy_failed(&mut self) {
        let eaten = self.perhaps_eaten();
        self.strike();
        // Data that are followed by something else than their end were not COPY's last word: it has
        // failed before it read anything, or the connection is as good as gone.
        if eaten.syncs == 0 || eaten.intruder {
            self.skip_to_next_sync();
            return;
        }
        self.doubt(0, eaten.syncs);
        if !eaten.then_sync {
            self.skip = Skip::Maybe;
        }
    }

    /// What COPY IN, begun by the front entry, may have eaten.
    fn perhaps_eaten(&self) -> Eaten {
        let mut eaten = Eaten::default();
        let mut ended = false;
        for owed in self.queue.iter().skip(1) {
            match owed.kind {
                Kind::CopyEnd => ended = true,
                Kind::CopyData => {}
                Kind::Sync if ended => {
                    eaten.then_sync = true;
                    break;
                }
                Kind::Sync => eaten.syncs += 1,
                _ => {
                    eaten.intruder = true;
                    break;
                }
            }
        }
        eaten
    }

    /// The first `syncs` Syncs from `start` on are in doubt; the marks among them say no more.
    fn doubt(&mut self, start: usize, mut syncs: usize) {
        let mut at = start;
        while let Some(owed) = self.queue.get_mut(at) {
            if owed.kind.is_mark() {
                self.queue.remove(at);
                continue;
            }
            if owed.kind != Kind::Sync {
                break;
            }
            owed.doubtful = syncs > 0;
            syncs = syncs.saturating_sub(1);
            at += 1;
        }
    }

    /// No Sync could have been eaten: plain rule 1.
    fn skip_to_next_sync(&mut self) {
        while self.queue.front().is_some_and(|f| f.kind != Kind::Sync) {
            self.strike();
        }
        if self.queue.is_empty() {
            self.skip = Skip::Yes;
        }
    }
}

#[derive(Debug, Default)]
struct Eaten {
    syncs: usize,
    /// Behind the end of the data there is a Sync, which was not eaten.
    then_sync: bool,
    /// Something else was sent ahead of such a Sync.
    intruder: bool,
}
