//! What a client says while it has no server: most of it begins a turn, some needs none.

use super::client::Client;
use crate::error::{Error, Result};
use crate::wire::frame::{self, HEADER};
use crate::wire::frontend::tags;
use crate::wire::{TxStatus, encode};

/// What to do after a look at the inbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The first message of a turn is there, or its beginning.
    Turn,
    /// Nothing yet: read on.
    More,
    /// This is the answer, and there may be more in the inbox.
    Answer(Vec<u8>),
    Leave,
}

/// Is a whole message header there, or part of a message to be thrown away?
pub fn has_header(client: &Client) -> bool {
    client.pg.inbox.len() >= HEADER || client.discard > 0
}

/// Looks at what the client said; answers or throws away what needs no server.
///
/// # Errors
/// 08P01 for what is no message.
pub fn next(client: &mut Client) -> Result<Next> {
    loop {
        if client.discard > 0 {
            let n = client.discard.min(client.pg.inbox.len());
            client.pg.inbox.consume(n);
            client.discard -= n;
            if client.discard > 0 {
                return Ok(Next::More);
            }
        }
        let Some(header) = frame::header(client.pg.inbox.bytes())? else {
            return Ok(Next::More);
        };
        match header.tag {
            tags::TERMINATE => return Ok(Next::Leave),
            tags::SYNC if client.skipping => {
                client.skipping = false;
                throw_away(client, header.body);
                let mut out = Vec::new();
                encode::ready_for_query(&mut out, TxStatus::Idle);
                return Ok(Next::Answer(out));
            }
            // Outside COPY these owe nothing, and with nothing owed there is nothing to flush.
            tags::COPY_DATA | tags::COPY_DONE | tags::COPY_FAIL | tags::FLUSH => {
                throw_away(client, header.body);
            }
            _ if client.skipping => throw_away(client, header.body),
            tags::QUERY if is_check(client, header.body) => {
                throw_away(client, header.body);
                let mut out = Vec::new();
                encode::empty_query(&mut out);
                encode::ready_for_query(&mut out, TxStatus::Idle);
                return Ok(Next::Answer(out));
            }
            _ => return Ok(Next::Turn),
        }
    }
}

/// The pooler's own check query is answered here, if it is wholly there.
fn is_check(client: &Client, body: usize) -> bool {
    let query = client
        .current
        .settings
        .general
        .pooler_check_query
        .as_bytes();
    let message = &client.pg.inbox.bytes()[HEADER..];
    body == query.len() + 1 && message.len() >= body && &message[..query.len()] == query
}

fn throw_away(client: &mut Client, body: usize) {
    client.pg.inbox.consume(HEADER);
    client.discard = body;
}

/// What to tell the client whose turn could not begin, and which of its messages that concerns: a
/// Query alone, or everything to the next Sync.
///
/// # Errors
/// 08P01 for what is no message.
pub fn refuse(client: &mut Client, error: &Error) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    encode::error(&mut out, error, encode::Severity::Error);
    let Some(header) = frame::header(client.pg.inbox.bytes())? else {
        return Ok(out);
    };
    if matches!(header.tag, tags::QUERY | tags::FUNCTION_CALL) {
        throw_away(client, header.body);
        if header.tag == tags::QUERY {
            client.statements.drop_unnamed();
        }
        encode::ready_for_query(&mut out, TxStatus::Idle);
    } else {
        // Its Sync may be the first message already, and is then answered as any other.
        client.skipping = true;
    }
    Ok(out)
}
