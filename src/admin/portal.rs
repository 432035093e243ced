//! The extended protocol's objects: statements that were parsed, portals that were bound.

use std::collections::BTreeMap;

use super::command::Command;
use super::reply::Reply;
use super::run::refused;
use super::show;
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
    /// What it came to, once it was executed.
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
        let formats = result_formats(bind, show::columns(&command).len())?;
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

/// Of the rest of a Bind: parameter formats, parameters (none is taken), result formats. Checked in
/// the order and the words of PostgreSQL (`exec_bind_message` in src/backend/tcop/postgres.c,
/// `PortalSetResultFormat` in src/backend/tcop/pquery.c).
fn result_formats(bind: &Bind<'_>, columns: usize) -> Result<Vec<i16>> {
    let mut rest = bind.rest;
    let formats = take_count(&mut rest)?;
    for _ in 0..formats {
        take_i16(&mut rest)?;
    }
    let parameters = take_count(&mut rest)?;
    if formats > 1 && formats != parameters {
        return Err(refused(format!(
            "bind message has {formats} parameter formats but {parameters} parameters"
        )));
    }
    if parameters > 0 {
        let name = String::from_utf8_lossy(bind.statement);
        return Err(refused(format!(
            "bind message supplies {parameters} parameters, but prepared statement \"{name}\" requires 0"
        )));
    }
    let results = take_count(&mut rest)?;
    let results = (0..results).map(|_| take_i16(&mut rest));
    let results = results.collect::<Result<Vec<_>>>()?;
    if !rest.is_empty() {
        return Err(Error::protocol("invalid message format"));
    }
    // One format is for all columns, and without columns there is nothing to be formatted.
    if columns > 0 && results.len() > 1 && results.len() != columns {
        let formats = results.len();
        return Err(refused(format!(
            "bind message has {formats} result formats but query has {columns} columns"
        )));
    }
    Ok(results)
}

fn take_count(rest: &mut &[u8]) -> Result<usize> {
    take_i16(rest).map(|number| usize::from(number.cast_unsigned()))
}

fn take_i16(rest: &mut &[u8]) -> Result<i16> {
    let (head, tail) = rest
        .split_first_chunk::<2>()
        .ok_or_else(|| Error::protocol("insufficient data left in message"))?;
    *rest = tail;
    Ok(i16::from_be_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message of a refusal, or the formats that were taken.
    fn bound(command: &str, rest: &[u16]) -> Result<Vec<i16>, String> {
        let mut objects = Objects::default();
        let parse = Parse::parse(b"s\0\0\0\0").unwrap();
        let command = Command::parse(command).unwrap();
        objects.parse(&parse, command).unwrap();
        let rest: Vec<u8> = rest.iter().flat_map(|word| word.to_be_bytes()).collect();
        let bind = Bind {
            portal: b"",
            statement: b"s",
            rest: &rest,
        };
        let outcome = objects.bind(&bind);
        outcome.map_err(|error| {
            assert_eq!(error.sqlstate, SqlState::PROTOCOL_VIOLATION);
            error.message.to_string()
        })?;
        Ok(objects.portal(b"").unwrap().formats.clone())
    }

    #[test]
    fn a_bind_has_no_format_one_for_all_or_one_each() {
        assert_eq!(bound("SHOW INTERNALS", &[0, 0, 0]), Ok(vec![]));
        assert_eq!(bound("SHOW INTERNALS", &[0, 0, 1, 1]), Ok(vec![1]));
        assert_eq!(bound("SHOW INTERNALS", &[0, 0, 2, 0, 1]), Ok(vec![0, 1]));
        assert_eq!(
            bound("SHOW INTERNALS", &[0, 0, 3, 0, 1, 0]).unwrap_err(),
            "bind message has 3 result formats but query has 2 columns"
        );
        // A statement without rows has nothing to format: PostgreSQL does not count there.
        assert_eq!(bound("RELOAD", &[0, 0, 2, 1, 1]), Ok(vec![1, 1]));
    }

    #[test]
    fn a_bind_that_does_not_add_up_is_refused() {
        for (rest, message) in [
            (
                &[0, 1][..],
                "bind message supplies 1 parameters, but prepared statement \"s\" requires 0",
            ),
            (
                &[2, 0, 0, 0],
                "bind message has 2 parameter formats but 0 parameters",
            ),
            (&[0, 0], "insufficient data left in message"),
            (&[0, 0, 2, 1], "insufficient data left in message"),
            (&[0, 0, 0, 1], "invalid message format"),
        ] {
            assert_eq!(bound("SHOW POOLS", rest).unwrap_err(), message);
        }
    }
}
