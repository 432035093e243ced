//! Syncs in doubt, and the probe that settles them: its reply proves that all before it has been
//! answered.
//!
//! ```text
//!   Syncs in doubt   the server        the probe            its answer   and the client's Syncs
//!   S? S?            reads on          Close, Sync          3 Z          Z for each that was not eaten
//!   S? S?            skips, perhaps    Sync, Close, Sync    Z 3 Z        Z for each that was not eaten
//! ```
//!
//! The probe's first Sync ends the skipping where all were eaten, and then nobody can tell whose the
//! first ReadyForQuery is; but all of them are the same, so the first is taken as ours.

use super::owed::{Kind, Owed};
use super::{Message, Owner, Skip, Turn};

impl<E> Turn<E> {
    /// Nothing but replies that may never come is left, or it is unknown whether the server skips:
    /// send the probe, before anything else of the client's.
    pub fn probe_wanted(&self) -> bool {
        match self.skip {
            Skip::Maybe => self.queue.back().is_some_and(|b| b.owner == Owner::Client),
            Skip::No => {
                let mut queue = self.queue.iter();
                !self.queue.is_empty() && queue.all(|owed| owed.doubtful || owed.kind.is_mark())
            }
            _ => false,
        }
    }

    /// The messages to send now, already counted as sent: Close is of a statement that does not exist.
    pub fn take_probe(&mut self) -> &'static [Message] {
        if !self.probe_wanted() {
            return &[];
        }
        let entry = |kind| Owed {
            kind,
            owner: Owner::Ours,
            show_as: None,
            effect: None,
            doubtful: false,
        };
        self.queue.push_back(entry(Kind::Close));
        self.queue.push_back(entry(Kind::Sync));
        if self.skip == Skip::No {
            return &[Message::Close, Message::Sync];
        }
        self.queue.push_front(entry(Kind::Sync));
        &[Message::Sync, Message::Close, Message::Sync]
    }

    /// The Sync in front is answered. In a row of Syncs nobody can tell which one it is: what is known
    /// is that there is one less whose answer is sure to come.
    pub(super) fn sync_answered(&mut self) {
        if self.queue.front().is_some_and(|front| front.doubtful) {
            let row = self.queue.iter_mut();
            let sure = row
                .take_while(|owed| owed.kind == Kind::Sync || owed.kind.is_mark())
                .find(|owed| owed.kind == Kind::Sync && !owed.doubtful);
            match sure {
                Some(sure) => sure.doubtful = true,
                // It was in doubt, so not all were eaten.
                None if self.skip == Skip::Maybe => self.skip = Skip::No,
                None => {}
            }
        }
    }

    /// Something else than ReadyForQuery has come: Syncs in doubt that are in front were eaten.
    pub(super) fn settle(&mut self) {
        while self.queue.front().is_some_and(|front| front.doubtful) {
            self.strike();
        }
        if self.skip == Skip::Maybe {
            self.skip = Skip::InItsPlace;
        }
    }
}
