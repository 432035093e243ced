//! Messages to clients, each appended to a buffer.

use super::backend::tags;
use super::startup::MAJOR;
use super::write::{count, length, message, text};
use super::{CancelKey, SqlState, TxStatus};
use crate::error::Error;

/// Whether the session goes on after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    /// The connection is closed behind it.
    Fatal,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// An Authentication message: its code and what follows it.
fn authentication(out: &mut Vec<u8>, code: u32, data: &[u8]) {
    message(out, tags::AUTHENTICATION, |out| {
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(data);
    });
}

pub fn authentication_ok(out: &mut Vec<u8>) {
    authentication(out, 0, &[]);
}

pub fn authentication_cleartext(out: &mut Vec<u8>) {
    authentication(out, 3, &[]);
}

pub fn authentication_md5(out: &mut Vec<u8>, salt: [u8; 4]) {
    authentication(out, 5, &salt);
}

pub fn authentication_sasl(out: &mut Vec<u8>, mechanisms: &[&str]) {
    let mut names = Vec::new();
    for name in mechanisms {
        text(&mut names, name);
    }
    names.push(0);
    authentication(out, 10, &names);
}

pub fn sasl_continue(out: &mut Vec<u8>, data: &[u8]) {
    authentication(out, 11, data);
}

pub fn sasl_final(out: &mut Vec<u8>, data: &[u8]) {
    authentication(out, 12, data);
}

pub fn parameter_status(out: &mut Vec<u8>, name: &str, value: &str) {
    message(out, tags::PARAMETER_STATUS, |out| {
        text(out, name);
        text(out, value);
    });
}

pub fn backend_key_data(out: &mut Vec<u8>, key: &CancelKey) {
    message(out, tags::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&key.pid.to_be_bytes());
        out.extend_from_slice(key.secret());
    });
}

pub fn ready_for_query(out: &mut Vec<u8>, status: TxStatus) {
    message(out, tags::READY_FOR_QUERY, |out| out.push(status.as_byte()));
}

pub fn error(out: &mut Vec<u8>, error: &Error, severity: Severity) {
    message(out, tags::ERROR, |out| {
        fields(out, severity.as_str(), error.sqlstate, &error.message);
        for (kind, line) in [(b'D', &error.detail), (b'H', &error.hint)] {
            if let Some(line) = line {
                field(out, kind, line);
            }
        }
        out.push(0);
    });
}

/// A `NoticeResponse` about something that went well.
pub fn notice(out: &mut Vec<u8>, words: &str, detail: Option<&str>) {
    message(out, tags::NOTICE, |out| {
        fields(out, "NOTICE", SqlState::SUCCESSFUL_COMPLETION, words);
        if let Some(detail) = detail {
            field(out, b'D', detail);
        }
        out.push(0);
    });
}

fn fields(out: &mut Vec<u8>, level: &str, sqlstate: SqlState, words: &str) {
    field(out, b'S', level);
    field(out, b'V', level);
    field(out, b'C', sqlstate.as_str());
    field(out, b'M', words);
}

fn field(out: &mut Vec<u8>, kind: u8, value: &str) {
    out.push(kind);
    text(out, value);
}

/// Tells a client with a newer minor version or unknown `_pq_.` options what it gets instead.
pub fn negotiate_protocol_version(out: &mut Vec<u8>, newest_minor: u16, unknown: &[&str]) {
    message(out, tags::NEGOTIATE_PROTOCOL_VERSION, |out| {
        out.extend_from_slice(&MAJOR.to_be_bytes());
        out.extend_from_slice(&newest_minor.to_be_bytes());
        out.extend_from_slice(&length(unknown.len()));
        for option in unknown {
            text(out, option);
        }
    });
}

/// A column of a result that the pooler makes up itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'a> {
    pub name: &'a str,
    /// From `pg_type`.
    pub type_oid: u32,
    /// Bytes; -1 = varies.
    pub type_len: i16,
    /// 0 = text, 1 = binary.
    pub format: i16,
}

impl<'a> Column<'a> {
    pub const fn text(name: &'a str) -> Self {
        Self::of(name, 25, -1)
    }

    pub const fn int4(name: &'a str) -> Self {
        Self::of(name, 23, 4)
    }

    pub const fn int8(name: &'a str) -> Self {
        Self::of(name, 20, 8)
    }

    pub const fn numeric(name: &'a str) -> Self {
        Self::of(name, 1700, -1)
    }

    const fn of(name: &'a str, type_oid: u32, type_len: i16) -> Self {
        Self {
            name,
            type_oid,
            type_len,
            format: 0,
        }
    }
}

pub fn row_description(out: &mut Vec<u8>, columns: &[Column<'_>]) {
    message(out, tags::ROW_DESCRIPTION, |out| {
        out.extend_from_slice(&count(columns.len()));
        for column in columns {
            text(out, column.name);
            // Of no table: oid and attribute number are zero.
            out.extend_from_slice(&[0; 6]);
            out.extend_from_slice(&column.type_oid.to_be_bytes());
            out.extend_from_slice(&column.type_len.to_be_bytes());
            // No type modifier.
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            out.extend_from_slice(&column.format.to_be_bytes());
        }
    });
}

/// One row; `None` is NULL.
pub fn data_row<'v>(out: &mut Vec<u8>, values: impl IntoIterator<Item = Option<&'v [u8]>>) {
    message(out, tags::DATA_ROW, |out| {
        let start = out.len();
        out.extend_from_slice(&[0; 2]);
        let mut columns = 0;
        for value in values {
            columns += 1;
            match value {
                Some(value) => {
                    out.extend_from_slice(&length(value.len()));
                    out.extend_from_slice(value);
                }
                None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            }
        }
        out[start..start + 2].copy_from_slice(&count(columns));
    });
}

pub fn command_complete(out: &mut Vec<u8>, tag: &str) {
    message(out, tags::COMMAND_COMPLETE, |out| text(out, tag));
}

pub fn parameter_description(out: &mut Vec<u8>, types: &[u32]) {
    message(out, tags::PARAMETER_DESCRIPTION, |out| {
        out.extend_from_slice(&count(types.len()));
        for oid in types {
            out.extend_from_slice(&oid.to_be_bytes());
        }
    });
}

pub fn parse_complete(out: &mut Vec<u8>) {
    empty(out, tags::PARSE_COMPLETE);
}

pub fn bind_complete(out: &mut Vec<u8>) {
    empty(out, tags::BIND_COMPLETE);
}

pub fn close_complete(out: &mut Vec<u8>) {
    empty(out, tags::CLOSE_COMPLETE);
}

pub fn no_data(out: &mut Vec<u8>) {
    empty(out, tags::NO_DATA);
}

pub fn portal_suspended(out: &mut Vec<u8>) {
    empty(out, tags::PORTAL_SUSPENDED);
}

pub fn empty_query(out: &mut Vec<u8>) {
    empty(out, tags::EMPTY_QUERY);
}

fn empty(out: &mut Vec<u8>, tag: u8) {
    message(out, tag, |_| {});
}

#[cfg(test)]
mod tests;
