//! Client to server: which messages go through as they are, and which are rewritten.

use std::task::{Context, Poll};

use super::{Step, Turnstile, client_gone, poll_send, server_lost};
use crate::client::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::server::conn::ServerConn;
use crate::session::dirt::Sniffer;
use crate::session::prepared::NO_STATEMENT;
use crate::session::turn::{Admission, Message, Owner};
use crate::wire::frame::{self, HEADER, Header};
use crate::wire::frontend::tags;
use crate::wire::{SqlState, request};

/// A named Parse is remembered, so it has to fit into memory whole.
const MAX_PARSE: usize = 16 * 1024 * 1024;

/// Scratch space that is kept between messages.
const SCRATCH_KEPT: usize = 16 * 1024;

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, no hidden state machine"
)]
#[derive(Debug)]
pub(super) struct Up {
    /// Bytes at the front of the client's inbox that may be sent as they are. Zero while the
    /// scratch buffer holds anything: order is kept by going through it.
    ready: usize,
    /// What was rewritten or inserted, and all that follows it in this batch.
    pub(super) scratch: Vec<u8>,
    scratch_sent: usize,
    /// Bytes of the current message's body that are still to come and to be passed on.
    pass: usize,
    /// Bytes of the current message's body that are still to come and to be thrown away.
    drop: usize,
    /// The server was asked to say all that it has, and nothing was sent since.
    flushing: bool,
    /// Searches the text that is passed on, if it is one.
    sniffer: Option<Sniffer>,
    unflushed: bool,
    begun: bool,
    leaves: bool,
}

impl Up {
    pub(super) fn new(preamble: Vec<u8>) -> Self {
        Self {
            ready: 0,
            scratch: preamble,
            scratch_sent: 0,
            pass: 0,
            drop: 0,
            flushing: false,
            sniffer: None,
            unflushed: false,
            begun: false,
            leaves: false,
        }
    }

    /// Has a first message been taken?
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Has the server got a part of a message only?
    pub(super) fn is_torn(&self) -> bool {
        self.pass > 0 || self.has_unsent()
    }

    /// Terminate was read: nothing more will come.
    pub(super) fn client_leaves(&self) -> bool {
        self.leaves
    }

    fn has_unsent(&self) -> bool {
        self.ready > 0 || !self.scratch.is_empty() || self.unflushed
    }

    /// One round: take what is there, send it, else read.
    pub(super) fn step(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Client,
        server: &mut ServerConn,
        turnstile: &Turnstile<'_>,
    ) -> Result<Step> {
        if server.turn.probe_wanted() && !self.is_torn() {
            self.push_probe(server);
        }
        let may_forward = self.take_messages(client, server, turnstile)?;
        if self.has_unsent() {
            return self.send(cx, client, server);
        }
        client.pg.inbox.release();
        if self.leaves || !may_forward || client.pg.inbox.is_full() {
            return Ok(Step::Stuck);
        }
        match client.pg.poll_fill(cx) {
            Poll::Pending => Ok(Step::Stuck),
            Poll::Ready(Ok(0)) => Err(Error::client_gone()),
            Poll::Ready(Ok(_)) => Ok(Step::Moved),
            Poll::Ready(Err(error)) => Err(client_gone(error)),
        }
    }

    fn send(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<Step> {
        let (stream, unflushed) = (&mut server.pg.stream, &mut self.unflushed);
        let from_scratch = !self.scratch.is_empty();
        let bytes = if from_scratch {
            &self.scratch[self.scratch_sent..]
        } else {
            &client.pg.inbox.bytes()[..self.ready]
        };
        match poll_send(cx, stream, bytes, unflushed) {
            Poll::Pending => Ok(Step::Stuck),
            Poll::Ready(Err(error)) => Err(server_lost(error)),
            Poll::Ready(Ok(n)) if from_scratch => {
                self.scratch_sent += n;
                if self.scratch_sent == self.scratch.len() {
                    self.scratch.clear();
                    self.scratch.shrink_to(SCRATCH_KEPT);
                    self.scratch_sent = 0;
                }
                Ok(Step::Moved)
            }
            Poll::Ready(Ok(n)) => {
                client.pg.inbox.consume(n);
                self.ready -= n;
                Ok(Step::Moved)
            }
        }
    }

    /// Looks at what is in the inbox, message by message. False: nothing more may be read for now.
    fn take_messages(
        &mut self,
        client: &mut Client,
        server: &mut ServerConn,
        turnstile: &Turnstile<'_>,
    ) -> Result<bool> {
        while !self.leaves {
            if self.drop > 0 {
                let n = self.drop.min(client.pg.inbox.len());
                if n == 0 {
                    return Ok(true);
                }
                client.pg.inbox.consume(n);
                self.drop -= n;
                continue;
            }
            if self.pass > 0 {
                if !self.pass_on(client, server) {
                    return Ok(true);
                }
                continue;
            }
            let Some(header) = frame::header(&client.pg.inbox.bytes()[self.ready..])? else {
                return Ok(true);
            };
            let turn = &server.turn;
            if turn.owes() && turn.at_boundary() && turnstile.must_yield() {
                return Ok(false);
            }
            if let Some(message) = Message::from_tag(header.tag) {
                match turn.admission(message) {
                    Admission::Now => self.flushing = false,
                    Admission::Later => {
                        self.push_flush(client);
                        return Ok(false);
                    }
                    Admission::Never => {
                        self.divert(client);
                        client.pg.inbox.consume(HEADER);
                        self.drop = header.body;
                        continue;
                    }
                    Admission::Refused(told) => return Err(Error::protocol(told)),
                }
            }
            if !self.take_message(header, client, server, turnstile)? {
                return Ok(true); // it has to be there whole, and is not yet
            }
            self.begun = true;
            for effect in server.turn.take_struck() {
                effect.strike(&mut client.statements, &mut server.statements);
            }
        }
        Ok(false)
    }

    /// Passes on what there is of the current body; false when there is nothing.
    fn pass_on(&mut self, client: &mut Client, server: &mut ServerConn) -> bool {
        let there = &client.pg.inbox.bytes()[self.ready..];
        let n = self.pass.min(there.len());
        if n == 0 {
            return false;
        }
        if let Some(sniffer) = &mut self.sniffer
            && sniffer.smells(&there[..n])
        {
            server.dirt.dirty = true;
        }
        self.pass -= n;
        self.forward(client, n);
        true
    }

    /// The next `n` bytes of the inbox go to the server as they are.
    pub(super) fn forward(&mut self, client: &mut Client, n: usize) {
        if self.scratch.is_empty() {
            self.ready += n;
        } else {
            self.scratch
                .extend_from_slice(&client.pg.inbox.bytes()[..n]);
            client.pg.inbox.consume(n);
        }
    }

    /// From here on this batch goes through the scratch buffer.
    pub(super) fn divert(&mut self, client: &mut Client) -> &mut Vec<u8> {
        if self.ready > 0 {
            self.scratch
                .extend_from_slice(&client.pg.inbox.bytes()[..self.ready]);
            client.pg.inbox.consume(self.ready);
            self.ready = 0;
        }
        &mut self.scratch
    }

    /// The message's head went into the scratch buffer: `body` bytes of the inbox are done with, the
    /// rest of the message is passed on.
    pub(super) fn replaced(&mut self, client: &mut Client, header: Header, body: usize) {
        client.pg.inbox.consume(HEADER + body);
        self.pass = header.body - body;
    }

    /// A message that needs no rewriting.
    pub(super) fn pass_message(&mut self, header: Header, client: &mut Client) {
        self.forward(client, HEADER);
        self.pass = header.body;
    }

    /// False when more of the message must be there first.
    fn take_message(
        &mut self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
        turnstile: &Turnstile<'_>,
    ) -> Result<bool> {
        if header.tag == tags::TERMINATE {
            self.leaves = true;
            return Ok(true);
        }
        let Some(message) = Message::from_tag(header.tag) else {
            let text = format!("invalid frontend message type {}", header.tag);
            return Err(Error::protocol(text));
        };
        self.sniffer = None;
        match message {
            Message::Parse => return self.take_parse(header, client, server, turnstile),
            Message::Bind | Message::Describe | Message::Close if turnstile.rename => {
                return self.take_named(message, header, client, server);
            }
            Message::Query => {
                self.sniffer = Some(Sniffer::default());
                client.statements.drop_unnamed();
                server.statements.unnamed_gone();
            }
            _ => {}
        }
        server.turn.sent(message, Owner::Client, None, None);
        if matches!(
            message,
            Message::Query | Message::FunctionCall | Message::Sync
        ) {
            server.statements.batch_ended();
        }
        self.pass_message(header, client);
        Ok(true)
    }

    /// Names at the front of a message are not all there: false if more of it will come.
    pub(super) fn wait_for_names(&self, header: Header, client: &mut Client) -> Result<bool> {
        if self.is_whole(header, client)? {
            return Err(Error::protocol("invalid string in message"));
        }
        Ok(false)
    }

    /// Is the message there whole? Makes room for it if not.
    pub(super) fn is_whole(&self, header: Header, client: &mut Client) -> Result<bool> {
        let length = HEADER + header.body;
        if client.pg.inbox.len() - self.ready >= length {
            return Ok(true);
        }
        if header.body > MAX_PARSE {
            return Err(Error::new(
                ErrorKind::Limit,
                SqlState::PROGRAM_LIMIT,
                format!("a prepared statement of more than {MAX_PARSE} bytes can't be remembered"),
            ));
        }
        let buffers = client.pg.buffers.clone();
        client.pg.inbox.grow(self.ready + length, &buffers)?;
        Ok(false)
    }

    /// Where in the inbox the current message begins.
    pub(super) fn offset(&self) -> usize {
        self.ready
    }

    /// What is there of the current message's body, and perhaps more.
    pub(super) fn body<'c>(&self, header: Header, client: &'c Client) -> &'c [u8] {
        let there = &client.pg.inbox.bytes()[self.ready + HEADER..];
        &there[..there.len().min(header.body)]
    }

    pub(super) fn sniff(&mut self) -> &mut Sniffer {
        self.sniffer.insert(Sniffer::default())
    }

    /// Whose reply proves that all before it has been answered.
    fn push_probe(&mut self, server: &mut ServerConn) {
        for message in server.turn.take_probe() {
            match message {
                Message::Close => request::close_statement(&mut self.scratch, NO_STATEMENT),
                _ => request::sync(&mut self.scratch),
            }
        }
        server.statements.batch_ended();
    }

    /// The server may keep a reply to itself that the client is held for.
    fn push_flush(&mut self, client: &mut Client) {
        if !self.flushing {
            request::flush(self.divert(client));
            self.flushing = true;
        }
    }
}
