//! What the turn must have right after every step.

use super::super::{Admission, Message, Owner, Reply, Unexpected};
use super::conversation::Conversation;
use super::said::Answer;
use crate::wire::TxStatus;

impl Conversation {
    /// The next reply reaches the turn, which must know whose it is and what it completes.
    pub(super) fn deliver(&mut self) -> Result<(), String> {
        let Some(answer) = self.on_the_way.pop_front() else {
            return Ok(());
        };
        self.flushed = self.flushed.saturating_sub(1);
        let status = answer
            .status
            .and_then(|byte| TxStatus::from_byte(byte).ok());
        let reply = self.turn.received(answer.tag, status);
        let complaint = self.judge_reply(answer, reply);
        let struck: Vec<u32> = self.turn.take_struck().collect();
        let complaints = struck.into_iter().map(|id| self.judge_struck(id));
        let complaint = complaints.fold(complaint, Result::and);
        self.forget();
        complaint
    }

    fn judge_reply(
        &mut self,
        answer: Answer,
        reply: Result<Reply<u32>, Unexpected>,
    ) -> Result<(), String> {
        let tag = char::from(answer.tag);
        let reply = reply.map_err(|error| error.to_string())?;
        let Some(note) = self.notes.get_mut(&answer.to) else {
            return Err(format!("`{tag}` answers message {}, unknown", answer.to));
        };
        let error = answer.tag == b'E';
        let mut to = if error { note.blame } else { note.owner };
        self.ended |= error && note.blame == Owner::Ours;
        if answer.tag == b'Z' && reply.to != to {
            // Taken for somebody else's, which another one of the same status has to make up for.
            to = reply.to;
            self.lent = match self.lent {
                None if to == Owner::Ours => answer.status,
                Some(lent) if to == Owner::Client && answer.status == Some(lent) => None,
                _ => return Err(format!("`{tag}` for message {} goes astray", answer.to)),
            };
        } else if to == Owner::Client && self.lent.is_some() && self.lent != answer.status {
            return Err(format!("`{tag}` is ahead of a ReadyForQuery"));
        }
        let show_as = note.show_as.filter(|_| !error);
        let completed = (answer.completes && note.effect).then_some(answer.to);
        if completed.is_some() {
            note.effect = false;
        }
        let wanted = Reply {
            to,
            show_as,
            completed,
            ours_failed: error && to == Owner::Ours,
        };
        if reply != wanted {
            return Err(format!(
                "`{tag}` for message {}: {reply:?}, not {wanted:?}",
                answer.to
            ));
        }
        if to == Owner::Ours {
            return Ok(());
        }
        match self.expected.pop_front() {
            Some(expected) if expected == (answer.tag, answer.status) => Ok(()),
            expected => Err(format!(
                "the client gets `{tag}`, PostgreSQL alone would have said {expected:?}"
            )),
        }
    }

    fn judge_struck(&mut self, id: u32) -> Result<(), String> {
        let Some(note) = self.notes.get_mut(&id) else {
            return Err(format!("message {id} is struck, but is done with"));
        };
        if !note.effect {
            return Err(format!("message {id} is struck, but was completed"));
        }
        note.effect = false;
        if note.struck {
            return Ok(());
        }
        Err(format!("message {id} is struck, but was obeyed"))
    }

    /// What holds at any time, whatever was sent last.
    pub(super) fn judge(&mut self) -> Result<(), String> {
        let struck: Vec<u32> = self.turn.take_struck().collect();
        for id in struck {
            self.judge_struck(id)?;
        }
        self.forget();
        if self.ended {
            return Ok(());
        }
        let all_seen = self.on_the_way.is_empty();
        if self.turn.is_over() && !(self.server.is_idle() && all_seen) {
            return Err("the turn is over too early".to_owned());
        }
        if self.server.is_gone() || self.turn.probe_wanted() {
            return Ok(());
        }
        if all_seen && self.turn.admission(Message::Parse) == Admission::Later {
            return Err("the client is held, and nothing will come".to_owned());
        }
        if all_seen && !self.expected.is_empty() {
            return Err("the client lacks a reply".to_owned());
        }
        if all_seen && self.batch_closed {
            self.judge_rest()?;
        }
        Ok(())
    }

    /// All batches are closed and all replies have been seen.
    fn judge_rest(&self) -> Result<(), String> {
        if self.server.is_copying() || self.server.is_skipping() {
            return Ok(());
        }
        if self.turn.owes() {
            return Err("the turn waits for what will not come".to_owned());
        }
        if self.server.is_idle() && self.direct.is_idle() && !self.turn.is_over() {
            return Err("the turn does not end".to_owned());
        }
        match self.notes.iter().find(|(_, note)| note.effect) {
            Some((id, _)) => Err(format!("message {id} was neither completed nor struck")),
            None => Ok(()),
        }
    }
}
