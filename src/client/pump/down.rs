//! Server to client: what is the client's goes through, what is ours is cut out.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Step, client_gone, poll_send, server_broke, server_lost};
use crate::client::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint::failpoint;
use crate::net::buffer::Buffer;
use crate::server::conn::ServerConn;
use crate::session::dirt::{self, Verdict};
use crate::session::turn::Owner;
use crate::wire::TxStatus;
use crate::wire::backend::{self, tags};
use crate::wire::frame::{self, HEADER, Header};

/// The largest message that is read whole: PostgreSQL's reports and command tags are short.
const MAX_WHOLE: usize = 64 * 1024;

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, no hidden state machine"
)]
#[derive(Debug, Default)]
pub(super) struct Down {
    /// Bytes at the front of the server's inbox that may be sent.
    ready: usize,
    /// Bytes of the current message's body that are still to come.
    rest: usize,
    /// They are not for the client.
    swallow: bool,
    unflushed: bool,
    /// The last message was an error: if the server closes now, that was its last word.
    last_was_error: bool,
    ended: bool,
}

impl Down {
    /// Has the client, or have we, got a part of a message only?
    pub(super) fn is_torn(&self) -> bool {
        self.rest > 0
    }

    /// The server has closed after an error that it was sent.
    pub(super) fn has_ended(&self) -> bool {
        self.ended && self.ready == 0 && !self.unflushed
    }

    /// What is ready for the client, taken off the server.
    pub(super) fn take_reply(&self, server: &mut ServerConn) -> Buffer {
        let buffers = server.pg.buffers.clone();
        server.pg.inbox.split_front(self.ready, &buffers)
    }

    /// One round: look at what is there, send it, else read. When the turn is over what is ready
    /// stays where it is, so that the server can be given back before the client is answered.
    pub(super) fn step(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<Step> {
        let mut taken = false;
        if !self.ended {
            taken = self.take_messages(client, server)?;
            if server.turn.is_over() && !self.is_torn() && self.ready > 0 && !server.torn {
                return Ok(Step::Moved);
            }
        }
        if self.ready > 0 || self.unflushed {
            return self.send(cx, client, server);
        }
        if self.ended {
            return Ok(Step::Stuck);
        }
        server.pg.inbox.release();
        match server.pg.poll_fill(cx) {
            // What was cut out may be what the other direction waits for.
            Poll::Pending if taken => Ok(Step::Moved),
            Poll::Pending => Ok(Step::Stuck),
            Poll::Ready(Ok(0)) => self.closed(),
            Poll::Ready(Ok(_)) => Ok(Step::Moved),
            Poll::Ready(Err(_)) if self.last_was_error => self.closed(),
            Poll::Ready(Err(error)) => Err(server_lost(error)),
        }
    }

    fn closed(&mut self) -> Result<Step> {
        if !self.last_was_error || self.is_torn() {
            return Err(Error::server("server closed the connection unexpectedly"));
        }
        self.ended = true;
        Ok(Step::Moved)
    }

    fn send(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<Step> {
        let bytes = &server.pg.inbox.bytes()[..self.ready];
        match poll_send(cx, &mut client.pg.stream, bytes, &mut self.unflushed) {
            Poll::Pending => Ok(Step::Stuck),
            Poll::Ready(Err(error)) => Err(client_gone(error)),
            Poll::Ready(Ok(n)) => {
                server.pg.inbox.consume(n);
                self.ready -= n;
                Ok(Step::Moved)
            }
        }
    }

    /// True when there was the head of one.
    fn take_messages(&mut self, client: &mut Client, server: &mut ServerConn) -> Result<bool> {
        let mut taken = false;
        loop {
            if self.rest > 0 {
                let n = self.rest.min(server.pg.inbox.len() - self.ready);
                if n == 0 {
                    return Ok(taken);
                }
                self.rest -= n;
                self.deliver(server, n);
                continue;
            }
            #[cfg(feature = "failpoints")]
            crate::failpoint::swallow_row(&mut server.pg.inbox, self.ready);
            self.pass_rows(server);
            // After the last reply of a turn nothing more is the client's.
            if server.turn.is_over() && !server.torn && self.ready > 0 {
                return Ok(taken);
            }
            let header = frame::header(&server.pg.inbox.bytes()[self.ready..]);
            let Some(header) = header.map_err(server_broke)? else {
                return Ok(taken);
            };
            let there = server.pg.inbox.len() - self.ready;
            if needs_whole(header) && there < HEADER + header.body {
                return self.make_room(header, server).map(|()| taken);
            }
            self.take_message(header, client, server)?;
            taken = true;
            self.rest = header.body;
            self.deliver(server, HEADER);
        }
    }

    /// Whole rows, as many as there are: nothing about them has to be judged one by one.
    fn pass_rows(&mut self, server: &ServerConn) {
        let rows = frame::whole_rows(&server.pg.inbox.bytes()[self.ready..]);
        if rows > 0 && server.turn.rows_are_the_clients() {
            self.ready += rows;
            self.swallow = false;
            self.last_was_error = false;
        }
    }

    /// The next `n` bytes go to the client, or nowhere.
    fn deliver(&mut self, server: &mut ServerConn, n: usize) {
        if self.swallow {
            server.pg.inbox.cut(self.ready, self.ready + n);
        } else {
            self.ready += n;
        }
    }

    fn make_room(&self, header: Header, server: &mut ServerConn) -> Result<()> {
        if header.body > MAX_WHOLE {
            return Err(Error::server("the server sent a message that is too large"));
        }
        let buffers = server.pg.buffers.clone();
        server
            .pg
            .inbox
            .grow(self.ready + HEADER + header.body, &buffers)
    }

    fn take_message(
        &mut self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<()> {
        failpoint!("turn_mid");
        let body = &server.pg.inbox.bytes()[self.ready + HEADER..];
        let status = match (header.tag, body.first()) {
            (tags::READY_FOR_QUERY, Some(&byte)) if header.body == 1 => {
                Some(TxStatus::from_byte(byte).map_err(server_broke)?)
            }
            _ => None,
        };
        let reply = server
            .turn
            .received(header.tag, status)
            .map_err(server_broke)?;
        self.swallow = reply.to == Owner::Ours;
        self.last_was_error = header.tag == tags::ERROR;
        if reply.ours_failed {
            return Err(parameter_refused(&body[..header.body.min(body.len())]));
        }
        match header.tag {
            tags::PARAMETER_STATUS => self.note_parameter(header, client, server)?,
            tags::COMMAND_COMPLETE => self.note_tag(header, client, server)?,
            _ => {}
        }
        if let Some(effect) = reply.completed {
            effect.complete(&mut server.statements);
        }
        for effect in server.turn.take_struck() {
            effect.strike(&mut client.statements, &mut server.statements);
        }
        if let Some(tag) = reply.show_as {
            server.pg.inbox.bytes_mut()[self.ready] = tag;
        }
        Ok(())
    }

    fn body<'s>(&self, header: Header, server: &'s ServerConn) -> &'s [u8] {
        let start = self.ready + HEADER;
        &server.pg.inbox.bytes()[start..start + header.body]
    }

    /// A change that the client made follows it to its next server.
    fn note_parameter(
        &self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<()> {
        let status =
            backend::ParameterStatus::parse(self.body(header, server)).map_err(server_broke)?;
        let (name, value) = (status.name.into_owned(), status.value.into_owned());
        if !self.swallow {
            server.dirt.dirty = true;
            if client.rules().follows(&name, &client.params) {
                Arc::make_mut(&mut client.params).insert(&name, &value);
            }
        }
        server.note_parameter(&name, &value);
        Ok(())
    }

    fn note_tag(&self, header: Header, client: &mut Client, server: &mut ServerConn) -> Result<()> {
        let tag = backend::command_tag(self.body(header, server)).map_err(server_broke)?;
        let verdict = dirt::judge_tag(tag);
        if self.swallow {
            return Ok(());
        }
        server.dirt.note(verdict);
        if matches!(verdict, Verdict::AllDeallocated | Verdict::AllDiscarded) {
            server.statements.clear();
            client.statements.clear();
        }
        if verdict == Verdict::AllDiscarded {
            server.applied = Arc::default();
        }
        Ok(())
    }
}

/// ReadyForQuery, reports and tags are judged by their bodies; an error may have to be quoted.
fn needs_whole(header: Header) -> bool {
    match header.tag {
        tags::READY_FOR_QUERY | tags::PARAMETER_STATUS | tags::COMMAND_COMPLETE => true,
        tags::ERROR => header.body <= MAX_WHOLE,
        _ => false,
    }
}

/// PostgreSQL does not take a parameter that the client asked for.
fn parameter_refused(body: &[u8]) -> Error {
    match backend::Fields::parse(body) {
        Ok(fields) => {
            let mut error = Error::from(fields);
            error.kind = ErrorKind::Parameter;
            error
        }
        Err(_) => Error::server("the server does not take the client's parameters"),
    }
}
