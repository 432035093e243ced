//! How a COPY IN corrects the queue when it ends (rule 2).
//!
//! COPY IN reads the client's messages itself: it eats Sync and Flush, ends at CopyDone or CopyFail,
//! and fails at any other message, which is lost. All that happens in the order of the stream, so on
//! success everything up to the first end mark is gone. On failure the point is unknown: what stands
//! before that mark was eaten or will be answered.

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
        self.batch_open = self
            .queue
            .back()
            .is_some_and(|last| !last.kind.ends_batch());
        self.bound_slack();
    }

    /// A COPY IN that a Query began has failed: its own ReadyForQuery comes, what was sent between
    /// is doubtful up to the end mark, or up to the message that made the COPY fail.
    pub(super) fn simple_copy_failed(&mut self) {
        for owed in self.queue.iter().skip(1) {
            match owed.kind {
                Kind::CopyEnd => break,
                Kind::Sync => self.slack += 1,
                _ => {
                    self.slack += 1;
                    break;
                }
            }
        }
        self.drop_copy_ends_behind();
    }

    /// A COPY IN that an Execute began has failed: the server skips to the next Sync that COPY did
    /// not eat. Up to the first Sync that it can't have eaten, everything is doubtful.
    pub(super) fn extended_copy_failed(&mut self) {
        let mut may_eat = true;
        let mut doubtful = 0;
        let mut sure_sync = false;
        let mut eatable_sync = false;
        for owed in self.queue.iter().skip(1) {
            match owed.kind {
                Kind::CopyEnd => may_eat = false,
                Kind::Sync if !may_eat => {
                    sure_sync = true;
                    break;
                }
                Kind::Sync => {
                    eatable_sync = true;
                    doubtful += 1;
                }
                _ => {
                    may_eat = false;
                    doubtful += 1;
                }
            }
        }
        self.queue.pop_front();
        self.drop_copy_ends_behind();
        if eatable_sync {
            self.slack += doubtful;
            if !sure_sync {
                self.skip = Skip::Maybe;
            }
        } else {
            self.skip_to_next_sync();
        }
    }

    /// No Sync could have been eaten: plain rule 1.
    fn skip_to_next_sync(&mut self) {
        while self
            .queue
            .front()
            .is_some_and(|front| front.kind != Kind::Sync)
        {
            self.strike();
        }
        if self.queue.is_empty() {
            self.skip = Skip::Yes;
        }
    }

    /// End marks of a COPY that is over say nothing any more.
    fn drop_copy_ends_behind(&mut self) {
        self.queue.retain(|owed| owed.kind != Kind::CopyEnd);
        self.bound_slack();
    }
}
