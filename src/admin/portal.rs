//! The extended protocol's objects: statements that were parsed, portals that were bound.

use std::collections::BTreeMap;

use super::command::Command;
use super::reply::Reply;
use super::run::refused;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::SqlState;
use crate::wire::frontend::{Bind, Parse};

/// Statements and portals that one console session may hold.
const MAX_OBJECTS: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Objects {
    statements: BTreeMap<Vec<u8>, Command>,
    portals: BTreeMap<Vec<u8>, Portal>,
}

#[derive(Debug)]
pub(super) struct Portal {
    pub(super) command: Command,
    /// Of the results; see Bind.
    pub(super) formats: Vec<i16>,
    /// What it came to, once it was described or executed.
    pub(super) reply: Option<Reply>,
    /// Rows that were sent already.
    pub(super) sent: usize,
}

impl Objects {
    pub(super) fn parse(&mut self, parse: &Parse<'_>, command: Command) -> Result<()> {
        if self.statements.len() >= MAX_OBJECTS && !self.statements.contains_key(parse.name) {
            return Err(refused("too many prepared statements"));
        }
        if !parse.name.is_empty() && self.statements.contains_key(parse.name) {
            let (kind, code) = (ErrorKind::Unsupported, SqlState::DUPLICATE_STATEMENT);
            return Err(Error::new(kind, code, "prepared statement already exists"));
        }
        self.statements.insert(parse.name.to_vec(), command);
        Ok(())
    }

    pub(super) fn bind(&mut self, bind: &Bind<'_>) -> Result<()> {
        let command = self.statement(bind.statement)?.clone();
        if self.portals.len() >= MAX_OBJECTS && !self.portals.contains_key(bind.portal) {
            return Err(refused("too many portals"));
        }
        let formats = result_formats(bind.rest)?;
        let portal = Portal {
            command,
            formats,
            reply: None,
            sent: 0,
        };
        self.portals.insert(bind.portal.to_vec(), portal);
        Ok(())
    }

    pub(super) fn statement(&self, name: &[u8]) -> Result<&Command> {
        let unknown = || missing("prepared statement", SqlState::UNDEFINED_STATEMENT);
        self.statements.get(name).ok_or_else(unknown)
    }

    pub(super) fn portal(&mut self, name: &[u8]) -> Result<&mut Portal> {
        let unknown = || missing("portal", SqlState::UNDEFINED_PORTAL);
        self.portals.get_mut(name).ok_or_else(unknown)
    }

    pub(super) fn close_statement(&mut self, name: &[u8]) {
        self.statements.remove(name);
    }

    pub(super) fn close_portal(&mut self, name: &[u8]) {
        self.portals.remove(name);
    }

    /// Portals end with the transaction, which here is the batch.
    pub(super) fn end_batch(&mut self) {
        self.portals.clear();
    }
}

fn missing(what: &str, code: SqlState) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        code,
        format!("{what} does not exist"),
    )
}

/// Of the rest of a Bind: parameter formats, parameters (none is taken), result formats.
fn result_formats(mut rest: &[u8]) -> Result<Vec<i16>> {
    let formats = take_i16(&mut rest)?;
    for _ in 0..formats {
        take_i16(&mut rest)?;
    }
    if take_i16(&mut rest)? != 0 {
        return Err(refused("console statements take no parameters"));
    }
    let results = take_i16(&mut rest)?;
    (0..results).map(|_| take_i16(&mut rest)).collect()
}

fn take_i16(rest: &mut &[u8]) -> Result<i16> {
    let (head, tail) = rest
        .split_first_chunk::<2>()
        .ok_or_else(|| Error::protocol("message is shorter than its contents"))?;
    *rest = tail;
    Ok(i16::from_be_bytes(*head))
}
