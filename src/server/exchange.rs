//! Messages of the pooler's own on an idle server: sent whole, answered whole.

use std::fmt::Display;
use std::future::poll_fn;
use std::task::{Poll, ready};

use super::conn::ServerConn;
use crate::error::{Error, Result};
use crate::net::outbox;
use crate::session::dirt;
use crate::session::params::{Change, ParamSet};
use crate::session::prepared::ClientStatements;
use crate::session::turn::{Message, Owner};
use crate::wire::backend::{self, tags};
use crate::wire::{TxStatus, frame, request};

/// The largest message read here; the pooler's own questions have short answers.
const MAX_ANSWER: usize = 1024 * 1024;

/// Applies the difference between two parameter sets; each step is a batch of its own, so that an
/// error in it skips nothing of a client's.
pub fn apply_parameters(server: &mut ServerConn, wanted: &ParamSet, out: &mut Vec<u8>) {
    let changes = server.applied.changes_to(wanted);
    for change in &changes {
        match change {
            Change::Set(name, value) => {
                request::parse(
                    out,
                    "",
                    "SELECT pg_catalog.set_config($1,$2,false)",
                    &[25, 25],
                );
                request::bind_text(out, "", "", &[Some(name), Some(value)]);
            }
            Change::Reset(name) => {
                request::parse(out, "", Change::reset_statement(name), &[]);
                request::bind_text(out, "", "", &[]);
            }
        }
        request::execute(out, "", 0);
        request::sync(out);
        server.statements.unnamed_gone();
        for message in [
            Message::Parse,
            Message::Bind,
            Message::Execute,
            Message::Sync,
        ] {
            server.turn.sent(message, Owner::Ours, None, None);
        }
    }
}

/// A simple query of the pooler's own.
pub fn push_query(server: &mut ServerConn, sql: &str, out: &mut Vec<u8>) {
    request::query(out, sql);
    server.statements.unnamed_gone();
    server.turn.sent(Message::Query, Owner::Ours, None, None);
}

/// Sends `out` and reads until nothing is owed.
///
/// # Errors
/// PostgreSQL's own error, with the server quiet again; 08006 when the server is lost or makes no
/// sense, and then it is unfit.
///
/// # Cancel safety
/// A dropped call leaves replies owed, which makes the server unfit.
pub async fn exchange(server: &mut ServerConn, out: &[u8]) -> Result<()> {
    server.torn = true;
    let mut sent = 0;
    let mut failure = None;
    let mut flushed = false;
    poll_fn(|cx| {
        while sent < out.len() {
            match outbox::poll_send(&mut server.pg.stream, cx, &out[sent..]) {
                Poll::Ready(n) => sent += n.map_err(lost)?,
                Poll::Pending => break,
            }
        }
        if sent == out.len() && !flushed {
            flushed = outbox::poll_flush(&mut server.pg.stream, cx)
                .map_err(lost)?
                .is_ready();
            server.torn = !flushed;
        }
        loop {
            take_answers(server, &mut failure)?;
            if flushed && !server.turn.owes() {
                return Poll::Ready(Ok(()));
            }
            if server.pg.inbox.is_full() {
                return Poll::Ready(Err(lost("its answer is too large")));
            }
            if ready!(server.pg.poll_fill(cx)).map_err(lost)? == 0 {
                return Poll::Ready(Err(failure.take().unwrap_or_else(|| lost("it closed"))));
            }
        }
    })
    .await?;
    failure.map_or(Ok(()), Err)
}

fn lost(why: impl Display) -> Error {
    Error::server(format!("server connection lost: {why}"))
}

/// Consumes the whole frames in the inbox.
fn take_answers(server: &mut ServerConn, failure: &mut Option<Error>) -> Result<()> {
    loop {
        let Some(header) = frame::header(server.pg.inbox.bytes()).map_err(|m| lost(m.0))? else {
            server.pg.inbox.release();
            return Ok(());
        };
        if header.body > MAX_ANSWER {
            return Err(lost("its answer is too large"));
        }
        let length = frame::HEADER + header.body;
        if server.pg.inbox.len() < length {
            let buffers = server.pg.buffers.clone();
            return server.pg.inbox.grow(length, &buffers);
        }
        let body = server.pg.inbox.bytes()[frame::HEADER..length].to_vec();
        server.pg.inbox.consume(length);
        take_answer(server, header.tag, &body, failure)?;
    }
}

fn take_answer(
    server: &mut ServerConn,
    tag: u8,
    body: &[u8],
    failure: &mut Option<Error>,
) -> Result<()> {
    let mut ready = None;
    match tag {
        tags::READY_FOR_QUERY => {
            ready = body
                .first()
                .and_then(|&byte| TxStatus::from_byte(byte).ok());
        }
        tags::PARAMETER_STATUS => {
            let status = backend::ParameterStatus::parse(body).map_err(|m| lost(m.0))?;
            let (name, value) = (status.name.into_owned(), status.value.into_owned());
            server.note_parameter(&name, &value);
        }
        tags::COMMAND_COMPLETE => {
            let verdict = backend::command_tag(body).map(dirt::judge_tag);
            if verdict == Ok(dirt::Verdict::AllDeallocated) {
                server.statements.clear();
            }
        }
        tags::ERROR => {
            let fields = backend::Fields::parse(body).map_err(|m| lost(m.0))?;
            failure.get_or_insert_with(|| fields.into());
        }
        _ => {}
    }
    let reply = server.turn.received(tag, ready).map_err(lost)?;
    let mut nobody = ClientStatements::default();
    for effect in server.turn.take_struck() {
        effect.strike(&mut nobody, &mut server.statements);
    }
    if let Some(effect) = reply.completed {
        effect.complete(&mut server.statements);
    }
    Ok(())
}
