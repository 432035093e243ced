//! Prepared statements on their way to a server: names become the pool's own, and what the server
//! has not prepared is prepared ahead.

use std::sync::{Arc, PoisonError};

use super::Turnstile;
use super::up::Up;
use crate::client::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::server::conn::ServerConn;
use crate::session::prepared::{Effect, NO_STATEMENT, Need, Statement};
use crate::session::turn::{Message, Owner};
use crate::wire::backend::tags as answers;
use crate::wire::frame::{HEADER, Header};
use crate::wire::frontend::{self, tags};
use crate::wire::{SqlState, request};

/// An unnamed Parse longer than this goes through without being remembered: it can be bound in its
/// own turn only.
const MAX_UNNAMED: usize = 64 * 1024;

/// The beginning of the pool's own names, which no client may use.
const OWN_NAMES: &[u8] = b"pgturnstile_";

impl Up {
    /// False when more of the message must be there first.
    pub(super) fn take_parse(
        &mut self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
        turnstile: &Turnstile<'_>,
    ) -> Result<bool> {
        let Some((name, _)) = frontend::name(self.body(header, client))? else {
            return self.wait_for_names(header, client);
        };
        let named = !name.is_empty();
        if turnstile.rename
            && (named || header.body <= MAX_UNNAMED)
            && !self.is_whole(header, client)?
        {
            return Ok(false);
        }
        if named && turnstile.rename {
            return self
                .parse_named(header, client, server, turnstile)
                .map(|()| true);
        }
        let effect = self.note_unnamed(header, client, server, named);
        server
            .turn
            .sent(Message::Parse, Owner::Client, None, effect);
        self.sniff();
        self.pass_message(header, client);
        Ok(true)
    }

    fn note_unnamed(
        &self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
        named: bool,
    ) -> Option<Effect> {
        if named {
            return None; // names are not ours to follow
        }
        let number = if header.body <= MAX_UNNAMED {
            let start = self.offset() + HEADER;
            let bytes = client.pg.inbox.bytes();
            let end = (start + header.body).min(bytes.len());
            client
                .statements
                .parse_unnamed(&bytes[(start + 1).min(end)..end])
        } else {
            client.statements.parse_unremembered()
        };
        server.statements.unnamed_sent(client.info.id, number);
        let client = client.info.id;
        Some(Effect::Unnamed { client, number })
    }

    fn parse_named(
        &mut self,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
        turnstile: &Turnstile<'_>,
    ) -> Result<()> {
        let body = self.body(header, client);
        let parse = frontend::Parse::parse(body)?;
        let name: Box<[u8]> = parse.name.into();
        let text: Vec<u8> = body[name.len() + 1..].to_vec();
        if self.sniff().smells(parse.query) {
            server.dirt.dirty = true;
        }
        self.divert(client);
        self.replaced(client, header, header.body);
        if let Some(existing) = client.statements.get(&name).cloned() {
            // PostgreSQL says what is wrong, in its place among the replies.
            self.ensure(&existing, server);
            self.push_parse(existing.name().as_bytes(), &text);
            server.turn.sent(Message::Parse, Owner::Client, None, None);
            return Ok(());
        }
        let statement = {
            let cache = turnstile.statements.lock();
            cache.unwrap_or_else(PoisonError::into_inner).intern(&text)
        };
        if !client.statements.insert(&name, Arc::clone(&statement)) {
            let message = "too many prepared statements";
            return Err(Error::new(
                ErrorKind::Limit,
                SqlState::PROGRAM_LIMIT,
                message,
            ));
        }
        client.info.set_statements(client.statements.len());
        self.parse_or_stand_in(&statement, name, server);
        Ok(())
    }

    /// The server gets the Parse, or what looks like one to the client if it has it already.
    fn parse_or_stand_in(
        &mut self,
        statement: &Arc<Statement>,
        client_name: Box<[u8]>,
        server: &mut ServerConn,
    ) {
        let id = statement.id();
        if server.statements.has(id) {
            request::close_statement(&mut self.scratch, NO_STATEMENT);
            let effect = Some(Effect::KnownParse { id, client_name });
            let show_as = Some(answers::PARSE_COMPLETE);
            server
                .turn
                .sent(Message::Close, Owner::Client, show_as, effect);
            return;
        }
        if server.statements.need(id) == Need::CloseAndParse {
            self.push_close(statement.name(), None, server);
        }
        self.push_parse(statement.name().as_bytes(), statement.text());
        let client_name = Some(client_name);
        let effect = Some(Effect::Parse { id, client_name });
        server
            .turn
            .sent(Message::Parse, Owner::Client, None, effect);
        self.evict(server);
    }

    /// Bind, Describe and Close; false when more of the message must be there first.
    pub(super) fn take_named(
        &mut self,
        message: Message,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
    ) -> Result<bool> {
        let Some(names) = Names::of(message, self.body(header, client))? else {
            return self.wait_for_names(header, client);
        };
        let Names { portal, length, .. } = names;
        match names.statement {
            // A portal: it lives on this server and is the client's own.
            None => self.plain(message, header, client, server),
            Some(name) if message == Message::Close => {
                let name = name.into();
                self.close(name, header, client, server);
            }
            Some(b"") => {
                self.ensure_unnamed(client, server);
                self.plain(message, header, client, server);
            }
            Some(name) => {
                if let Some(known) = client.statements.get(name).cloned() {
                    self.divert(client);
                    self.ensure(&known, server);
                    self.rename(header, client, portal, length, known.name());
                    server.turn.sent(message, Owner::Client, None, None);
                } else if name.starts_with(OWN_NAMES) {
                    self.divert(client);
                    self.rename(header, client, portal, length, NO_STATEMENT);
                    server.turn.sent(message, Owner::Client, None, None);
                } else {
                    self.plain(message, header, client, server);
                }
            }
        }
        Ok(true)
    }

    fn plain(
        &mut self,
        message: Message,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
    ) {
        server.turn.sent(message, Owner::Client, None, None);
        self.pass_message(header, client);
    }

    /// A client's Close takes away its name only: others may use the statement.
    fn close(
        &mut self,
        name: Box<[u8]>,
        header: Header,
        client: &mut Client,
        server: &mut ServerConn,
    ) {
        if name.is_empty() {
            client.statements.drop_unnamed();
            server.statements.unnamed_gone();
            return self.plain(Message::Close, header, client, server);
        }
        let known = client.statements.remove(&name);
        if known.is_none() && !name.starts_with(OWN_NAMES) {
            return self.plain(Message::Close, header, client, server);
        }
        client.info.set_statements(client.statements.len());
        self.divert(client);
        request::close_statement(&mut self.scratch, NO_STATEMENT);
        self.replaced(client, header, header.body);
        let effect = known.map(|statement| Effect::ClientClose { name, statement });
        server
            .turn
            .sent(Message::Close, Owner::Client, None, effect);
    }

    /// Prepares a statement ahead of the message that uses it.
    fn ensure(&mut self, statement: &Arc<Statement>, server: &mut ServerConn) {
        let id = statement.id();
        let need = server.statements.need(id);
        if need == Need::Nothing {
            return;
        }
        if need == Need::CloseAndParse {
            self.push_close(statement.name(), None, server);
        }
        self.push_parse(statement.name().as_bytes(), statement.text());
        let client_name = None;
        let effect = Some(Effect::Parse { id, client_name });
        server.turn.sent(Message::Parse, Owner::Ours, None, effect);
        self.evict(server);
    }

    /// The server's unnamed statement must be this client's, or none.
    fn ensure_unnamed(&mut self, client: &mut Client, server: &mut ServerConn) {
        let id = client.info.id;
        if server
            .statements
            .has_unnamed(id, client.statements.unnamed_number())
        {
            return;
        }
        self.divert(client);
        let Some((number, text)) = client.statements.unnamed() else {
            self.push_close("", None, server);
            server.statements.unnamed_gone();
            return;
        };
        self.push_parse(b"", text);
        server.statements.unnamed_sent(id, number);
        let effect = Some(Effect::Unnamed { client: id, number });
        server.turn.sent(Message::Parse, Owner::Ours, None, effect);
    }

    /// Closes the oldest statement where there are too many.
    fn evict(&mut self, server: &mut ServerConn) {
        if let Some(id) = server.statements.surplus() {
            server.statements.closing(id);
            let effect = Some(Effect::Evict { id });
            self.push_close(&format!("pgturnstile_{id}"), effect, server);
        }
        server.info.set_statements(server.statements.len());
    }

    fn push_close(&mut self, name: &str, effect: Option<Effect>, server: &mut ServerConn) {
        request::close_statement(&mut self.scratch, name);
        server.turn.sent(Message::Close, Owner::Ours, None, effect);
    }

    fn push_parse(&mut self, name: &[u8], text: &[u8]) {
        push_header(&mut self.scratch, tags::PARSE, name.len() + 1 + text.len());
        push_name(&mut self.scratch, name);
        self.scratch.extend_from_slice(text);
    }

    /// Writes the head of a Bind or Describe with another statement's name. `portal` bytes of the
    /// body are what comes before the name, `taken` are what both take; the rest follows.
    fn rename(
        &mut self,
        header: Header,
        client: &mut Client,
        portal: usize,
        taken: usize,
        name: &str,
    ) {
        let body = header.body - taken + portal + name.len() + 1;
        push_header(&mut self.scratch, header.tag, body);
        let before = &client.pg.inbox.bytes()[HEADER..HEADER + portal];
        self.scratch.extend_from_slice(before);
        push_name(&mut self.scratch, name.as_bytes());
        self.replaced(client, header, taken);
    }
}

/// The names at the front of a Bind, Describe or Close.
struct Names<'a> {
    /// Bytes ahead of the statement's name: the portal's name, or the kind.
    portal: usize,
    /// `None` = it speaks of a portal only.
    statement: Option<&'a [u8]>,
    /// Bytes of the body that they take.
    length: usize,
}

impl<'a> Names<'a> {
    /// `None` when they are not all there yet.
    fn of(message: Message, body: &'a [u8]) -> Result<Option<Self>> {
        if message == Message::Bind {
            let Some(bind) = frontend::Bind::head(body)? else {
                return Ok(None);
            };
            return Ok(Some(Self {
                portal: bind.portal.len() + 1,
                statement: Some(bind.statement),
                length: bind.portal.len() + bind.statement.len() + 2,
            }));
        }
        let Some((&kind, rest)) = body.split_first() else {
            return Ok(None);
        };
        let Some((name, _)) = frontend::name(rest)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            portal: 1,
            statement: (kind == b'S').then_some(name),
            length: name.len() + 2,
        }))
    }
}

fn push_header(out: &mut Vec<u8>, tag: u8, body: usize) {
    out.push(tag);
    let length = u32::try_from(body + 4).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
}

fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    out.extend_from_slice(name);
    out.push(0);
}
