//! What went wrong, as a client sees it: PostgreSQL's own fields, or the end of the connection.

use std::error::Error as _;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// A failure that a client was told, or that it ran into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `None` when no `ErrorResponse` came: a closed socket, a time-out, a broken handshake.
    pub sqlstate: Option<String>,
    /// `FATAL` (or `PANIC`): the connection is over.
    pub fatal: bool,
    pub message: String,
    /// Nothing happened for as long as we were willing to wait: never what a feature asks for.
    pub late: bool,
}

impl Failure {
    /// What a failure says of a request whose error the driver has kept to itself.
    pub const UNHEARD: &'static str = "the connection ended, and the driver told nobody why";

    /// Whether there may have been an error that nobody was told of.
    pub fn is_unheard(&self) -> bool {
        self.message == Self::UNHEARD
    }

    /// A failure of the transport or of the test itself, without an SQLSTATE.
    pub fn local(message: impl Into<String>) -> Self {
        Self {
            sqlstate: None,
            fatal: true,
            message: message.into(),
            late: false,
        }
    }

    /// Our patience is over.
    pub fn late(message: impl Into<String>) -> Self {
        Self {
            late: true,
            ..Self::local(message)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.fatal { "FATAL" } else { "ERROR" };
        match &self.sqlstate {
            Some(code) => write!(f, "{severity} {code}: {}", self.message),
            None => write!(f, "no SQLSTATE: {}", self.message),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::local(error.to_string())
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(told) = error.as_db_error() {
            return Self {
                sqlstate: Some(told.code().code().to_owned()),
                fatal: matches!(told.severity(), "FATAL" | "PANIC"),
                message: told.message().to_owned(),
                late: false,
            };
        }
        match error.source() {
            Some(source) => Self::local(format!("{error}: {source}")),
            None => Self::local(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_severity_and_code() {
        let told = Failure {
            sqlstate: Some("28P01".into()),
            ..Failure::local("wrong")
        };
        assert_eq!(told.to_string(), "FATAL 28P01: wrong");
        assert_eq!(Failure::local("closed").to_string(), "no SQLSTATE: closed");
    }
}
