//! Whether the client's next message may go to the server now.

use super::owed::Kind;
use super::{MAX_OWED, Message, Skip, Turn};

/// What becomes of a message that the client has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Now,
    /// Not before the server has said more. Send it a Flush, or it may keep that to itself.
    Later,
    /// Drop it: PostgreSQL would skip it.
    Never,
    /// The client breaks the protocol as described, and no answer will come that it could wait for.
    Refused(&'static str),
}

impl<E> Turn<E> {
    /// Asked ahead of each message of the client's.
    pub fn admission(&self, message: Message) -> Admission {
        match self.skip {
            Skip::InItsPlace if message != Message::Sync => return Admission::Never,
            Skip::Maybe => return Admission::Later,
            _ => {}
        }
        if self.queue.len() >= MAX_OWED {
            return self.later("too many messages during COPY from stdin");
        }
        if leaves_copy(message) && self.outcome_matters() {
            return self.later("unexpected message during COPY from stdin");
        }
        Admission::Now
    }

    /// A COPY IN whose data have no end yet would wait for ever if the client is not read.
    fn later(&self, told: &'static str) -> Admission {
        let ends = self.queue.iter().any(|owed| owed.kind == Kind::CopyEnd);
        if self.copying_in && !ends {
            return Admission::Refused(told);
        }
        Admission::Later
    }

    /// Data were sent for what an Execute may have begun, with a Sync ahead of them and none behind
    /// their end.
    /// If that COPY fails, whatever is sent next is skipped or obeyed: as that Sync was eaten or not.
    fn outcome_matters(&self) -> bool {
        // Without COPY data nothing is looked through, however much is pipelined.
        if !self.marked {
            return false;
        }
        let (mut execute, mut sync, mut data, mut end) = (false, false, false, false);
        for owed in &self.queue {
            match owed.kind {
                Kind::Execute => execute = true,
                Kind::Sync if end => (data, end) = (false, false),
                Kind::Sync => sync |= execute,
                Kind::CopyData => data |= sync,
                Kind::CopyEnd => (data, end) = (data | sync, end | sync),
                _ => {}
            }
        }
        data
    }
}

/// Is it none of those that COPY IN reads?
fn leaves_copy(message: Message) -> bool {
    !matches!(
        message,
        Message::Sync | Message::Flush | Message::CopyData | Message::CopyEnd
    )
}
