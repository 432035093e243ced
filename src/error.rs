//! One error type with three readers.
//!
//! The client gets an SQLSTATE and a safe sentence, the dashboard an [`ErrorKind`] that is also the
//! metric label, the developer the `source` chain. An error is `Clone` because one failed probe
//! answers every login that waited on it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::wire::SqlState;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the terms of the one who is told. One pointer wide: it is part of every
/// result, and of the future of every client that rests.
#[derive(Clone)]
pub struct Error(Box<Facts>);

/// What an [`Error`] says; reached through it.
#[derive(Clone)]
pub struct Facts {
    pub kind: ErrorKind,
    pub sqlstate: SqlState,
    pub message: Cow<'static, str>,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The class of an error: a metric label, and what callers may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// No such database or pool.
    NoDatabase,
    /// Wrong password or unknown user.
    Password,
    /// HBA refused, or nothing to log in with.
    NotAllowed,
    /// The server can't be reached, or was lost.
    Server,
    /// PostgreSQL refused the login of a server connection, with its own code.
    ServerRefused,
    /// The keys of a pool no longer fit PostgreSQL's verifier.
    StaleKeys,
    /// No server in time.
    QueryWait,
    /// A limit on clients or memory.
    Limit,
    /// The auth database is down, slow or wrong.
    AuthQuery,
    /// The pooler or the database goes away.
    Shutdown,
    /// The client's bytes make no sense.
    Protocol,
    Unsupported,
    /// Cancelled while waiting.
    Cancelled,
    /// A startup parameter that PostgreSQL does not take.
    Parameter,
    /// The client went away: nobody is left to be told.
    ClientGone,
}

impl Error {
    pub fn new(kind: ErrorKind, sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Facts {
            kind,
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
            source: None,
        }))
    }

    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn no_such_database(name: &str) -> Self {
        let message = format!("database \"{name}\" does not exist");
        Self::new(ErrorKind::NoDatabase, SqlState::UNDEFINED_DATABASE, message)
    }

    /// The same words for a wrong password and an unknown user.
    pub fn wrong_password(user: &str) -> Self {
        let message = format!("password authentication failed for user \"{user}\"");
        Self::new(ErrorKind::Password, SqlState::INVALID_PASSWORD, message)
    }

    pub fn not_allowed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            ErrorKind::NotAllowed,
            SqlState::INVALID_AUTHORIZATION,
            message,
        )
    }

    pub fn server(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Server, SqlState::CONNECTION_FAILURE, message)
    }

    pub fn stale_keys(user: &str) -> Self {
        let message = format!("credentials of role \"{user}\" changed, reconnect");
        Self::new(ErrorKind::StaleKeys, SqlState::ADMIN_SHUTDOWN, message)
    }

    pub fn query_wait_timeout() -> Self {
        Self::new(
            ErrorKind::QueryWait,
            SqlState::TOO_MANY_CONNECTIONS,
            "query_wait_timeout: no server became free in time",
        )
    }

    pub fn too_many_clients() -> Self {
        Self::new(
            ErrorKind::Limit,
            SqlState::TOO_MANY_CONNECTIONS,
            "sorry, too many clients already",
        )
    }

    pub fn auth_query(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::AuthQuery, SqlState::CANNOT_CONNECT_NOW, message)
    }

    pub fn login_timeout() -> Self {
        Self::new(
            ErrorKind::Protocol,
            SqlState::PROTOCOL_VIOLATION,
            "client_login_timeout",
        )
    }

    pub fn shutdown(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Shutdown, SqlState::ADMIN_SHUTDOWN, message)
    }

    pub fn protocol(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Protocol, SqlState::PROTOCOL_VIOLATION, message)
    }

    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            ErrorKind::Unsupported,
            SqlState::FEATURE_NOT_SUPPORTED,
            message,
        )
    }

    pub fn cancelled() -> Self {
        Self::new(
            ErrorKind::Cancelled,
            SqlState::QUERY_CANCELED,
            "canceling statement due to user request",
        )
    }

    pub fn client_gone() -> Self {
        Self::new(
            ErrorKind::ClientGone,
            SqlState::CONNECTION_FAILURE,
            "the client closed its connection",
        )
    }
}

impl Deref for Error {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {self}", self.kind, self.sqlstate)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|s| &**s as &(dyn StdError + 'static))
    }
}
