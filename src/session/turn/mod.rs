//! Which replies a server still owes, and when a turn is over.
//!
//! ```text
//!   sent(Message) ──► queue of owed replies ──► received(tag) ──► Reply { forward?, show_as, … }
//! ```
//!
//! The queue follows PostgreSQL's main loop (`PostgresMain` and `SocketBackend` in
//! src/backend/tcop/postgres.c, `CopyGetData` in src/backend/commands/copyfromparse.c, as they are
//! since PostgreSQL 14). Four of its rules are what a mere count gets wrong:
//!
//! 1. After an error in the extended protocol everything up to the next Sync is skipped, Query and
//!    FunctionCall too: those entries are struck.
//! 2. Sync and Flush that COPY IN reads while it waits for data are eaten.
//! 3. CopyData, CopyDone and CopyFail outside COPY IN owe nothing.
//! 4. At [`MAX_OWED`] entries the client is not read any further.
//!
//! Where a COPY IN fails, nobody outside can tell whether a Sync sent before its end was eaten or
//! answered. Such entries are in doubt, until a [probe](Turn::take_probe) of the pooler's own has been
//! answered, and what may be sent meanwhile is told by [`Turn::admission`].

mod admission;
mod copy;
mod owed;
mod probe;

use std::collections::VecDeque;

pub use admission::Admission;
use owed::{Kind, Owed};
pub use owed::{MAX_OWED, Message, Owner};

use crate::wire::TxStatus;
use crate::wire::backend::tags;

/// The conversation with one server, from its first message on. `E` is what a caller wants back when
/// a message is answered or struck (a prepared statement, say).
#[derive(Debug, Clone)]
pub struct Turn<E> {
    queue: VecDeque<Owed<E>>,
    status: TxStatus,
    skip: Skip,
    copying_in: bool,
    /// Extended messages went out and no Sync behind them: an implicit transaction may be open.
    batch_open: bool,
    /// Data of a COPY, or their end, went out since the queue was last empty.
    marked: bool,
    struck: Vec<E>,
}

/// Are messages thrown away until there is a Sync that was not sent yet?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Skip {
    No,
    /// By the server.
    Yes,
    /// By the server, if a failed COPY IN has eaten all Syncs: a probe is to tell.
    Maybe,
    /// By us, in the server's place: the probe has brought it a Sync that the client did not send.
    InItsPlace,
}

/// What a server's message means.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply<E> {
    pub to: Owner,
    /// Show the client this tag instead: the reply stands in for one that was not asked for.
    pub show_as: Option<u8>,
    /// What was attached to the message that this reply completes.
    pub completed: Option<E>,
    /// One of the pooler's own messages failed, with nothing of the client's in its batch.
    pub ours_failed: bool,
}

impl<E> Reply<E> {
    fn to(to: Owner) -> Self {
        Self {
            to,
            show_as: None,
            completed: None,
            ours_failed: false,
        }
    }
}

/// The server sent what nobody asked for: it can't be trusted any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unexpected message 0x{0:02x} from the server")]
pub struct Unexpected(pub u8);

impl<E> Default for Turn<E> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            status: TxStatus::Idle,
            skip: Skip::No,
            copying_in: false,
            batch_open: false,
            marked: false,
            struck: Vec::new(),
        }
    }
}

impl<E> Turn<E> {
    /// Nothing is owed and no transaction is open: the server may go to somebody else.
    pub fn is_over(&self) -> bool {
        self.queue.is_empty()
            && self.status == TxStatus::Idle
            && self.skip == Skip::No
            && !self.batch_open
    }

    /// The status of the last ReadyForQuery.
    pub fn status(&self) -> TxStatus {
        self.status
    }

    /// Is any reply owed?
    pub fn owes(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Do rows that come now belong to the client, whatever their number? Asked once for many.
    pub fn rows_are_the_clients(&self) -> bool {
        self.queue.front().is_some_and(|front| {
            front.owner == Owner::Client && matches!(front.kind, Kind::Query | Kind::Execute)
        })
    }

    /// May forwarding stop here until the server has answered all? Not within a batch, whose
    /// replies may come only after its Sync, nor while the server waits for COPY data.
    pub fn at_boundary(&self) -> bool {
        !self.copying_in && self.skip == Skip::No && !self.batch_open
    }

    /// What was attached to messages that were struck since the last call.
    pub fn take_struck(&mut self) -> impl Iterator<Item = E> + use<'_, E> {
        self.struck.drain(..)
    }

    /// A message goes to the server. `show_as` replaces the tag of its reply.
    pub fn sent(&mut self, message: Message, owner: Owner, show_as: Option<u8>, effect: Option<E>) {
        let Some(kind) = Kind::of(message) else {
            return; // Flush owes nothing, whatever becomes of it
        };
        match (self.skip, kind) {
            (Skip::Yes | Skip::InItsPlace, Kind::Sync) => self.skip = Skip::No,
            (Skip::Yes | Skip::InItsPlace, _) => {
                self.struck.extend(effect);
                return;
            }
            (Skip::No | Skip::Maybe, _) => {}
        }
        self.marked = kind.is_mark() || (self.marked && !self.queue.is_empty());
        if !kind.is_mark() {
            self.batch_open = !kind.ends_batch();
        } else if kind == Kind::CopyData && self.queue.back().is_some_and(|b| b.kind == kind) {
            return; // one mark tells as much as many
        }
        self.queue.push_back(Owed {
            kind,
            owner,
            show_as,
            effect,
            doubtful: false,
        });
        self.drop_idle_marks();
    }

    /// A message of the server has come; `ready` is the status byte of a ReadyForQuery.
    ///
    /// # Errors
    /// [`Unexpected`] when it answers nothing that was asked.
    pub fn received(&mut self, tag: u8, ready: Option<TxStatus>) -> Result<Reply<E>, Unexpected> {
        match tag {
            tags::NOTICE | tags::PARAMETER_STATUS => Ok(Reply::to(self.addressee())),
            tags::NOTIFICATION => Ok(Reply::to(Owner::Client)), // no message of ours asks for one
            tags::ERROR => Ok(self.failed()),
            tags::READY_FOR_QUERY => self.ready(ready.ok_or(Unexpected(tag))?),
            _ => self.answered(tag),
        }
    }

    /// Whose message is being answered now. What comes ahead of a probe's answer is about the
    /// client's failed COPY.
    fn addressee(&self) -> Owner {
        match self.queue.front() {
            Some(front) if self.skip != Skip::Maybe => front.owner,
            _ => Owner::Client,
        }
    }

    fn answered(&mut self, tag: u8) -> Result<Reply<E>, Unexpected> {
        self.settle();
        let front = self.queue.front().ok_or(Unexpected(tag))?;
        if !front.kind.expects(tag) {
            return Err(Unexpected(tag));
        }
        let mut reply = Reply::to(front.owner);
        reply.show_as = front.show_as;
        let completes = front.kind.completed_by(tag);
        match tag {
            tags::COPY_IN => self.copying_in = true,
            tags::COMMAND_COMPLETE if self.copying_in => self.copy_succeeded(),
            _ => {}
        }
        if completes {
            reply.completed = self.pop();
        }
        Ok(reply)
    }

    fn ready(&mut self, status: TxStatus) -> Result<Reply<E>, Unexpected> {
        let front = self
            .queue
            .front()
            .ok_or(Unexpected(tags::READY_FOR_QUERY))?;
        if !front.kind.ends_batch() || self.copying_in {
            return Err(Unexpected(tags::READY_FOR_QUERY));
        }
        let mut reply = Reply::to(front.owner);
        self.status = status;
        self.sync_answered();
        reply.completed = self.pop();
        Ok(reply)
    }

    /// An ErrorResponse: rule 1, or the end of a COPY.
    fn failed(&mut self) -> Reply<E> {
        let copying_in = std::mem::take(&mut self.copying_in);
        self.settle();
        let Some(front) = self.queue.front() else {
            return Reply::to(Owner::Client); // unasked: the server is being shut down
        };
        let owner = front.owner;
        match front.kind {
            // Its ReadyForQuery follows.
            Kind::Query => {
                if copying_in {
                    self.simple_copy_failed();
                }
                let ours_failed = owner == Owner::Ours;
                Reply {
                    ours_failed,
                    ..Reply::to(owner)
                }
            }
            Kind::Sync | Kind::FunctionCall => Reply::to(owner),
            _ if copying_in => {
                self.extended_copy_failed();
                Reply::to(owner)
            }
            _ => self.skip_to_sync(),
        }
    }

    /// Rule 1. A batch of ours fails in silence; a batch with a client's message in it is the client's.
    fn skip_to_sync(&mut self) -> Reply<E> {
        let mut owner = Owner::Ours;
        while let Some(front) = self.queue.front() {
            if front.kind == Kind::Sync {
                if front.owner == Owner::Client {
                    owner = Owner::Client;
                }
                let ours_failed = owner == Owner::Ours;
                return Reply {
                    ours_failed,
                    ..Reply::to(owner)
                };
            }
            if front.owner == Owner::Client {
                owner = Owner::Client;
            }
            self.strike();
        }
        self.skip = Skip::Yes;
        Reply::to(Owner::Client)
    }

    fn pop(&mut self) -> Option<E> {
        let effect = self.queue.pop_front().and_then(|owed| owed.effect);
        self.drop_idle_marks();
        effect
    }

    fn strike(&mut self) {
        let effect = self.pop();
        self.struck.extend(effect);
    }

    /// Rule 3: what belongs to a COPY that is not running is ignored by the server.
    fn drop_idle_marks(&mut self) {
        while !self.copying_in && self.queue.front().is_some_and(|f| f.kind.is_mark()) {
            self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
