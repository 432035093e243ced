//! What a server connection is opened with, and what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::cancel::CancelAddress;
use crate::auth::scram::secret::ScramKeys;
use crate::config::settings::{RequireAuth, Secret, ServerAddress, SocketOptions};
use crate::error::Error;
use crate::net::buffer::BufferPool;
use crate::net::pg::PgStream;
use crate::net::tls::connect::Connector;
use crate::wire::CancelKey;

/// Where and as whom to log in.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: ServerAddress,
    /// The database as PostgreSQL calls it.
    pub database: String,
    /// The role as PostgreSQL calls it.
    pub user: String,
    pub credential: Credential,
    pub tls: Arc<Connector>,
    pub require_auth: RequireAuth,
    /// GUCs for the startup packet, in this order, after `application_name`.
    pub startup_parameters: Vec<(String, String)>,
    pub application_name: String,
    pub sockets: SocketOptions,
    /// Bounds the whole attempt: resolving, dialling, TLS, login, until the server is ready.
    pub connect_timeout: Duration,
    /// Where the connection's read buffers come from.
    pub buffers: BufferPool,
}

/// What there is to log in with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Nothing: the server may trust us all the same.
    None,
    Password(Secret),
    /// `md5` and 32 hex digits: enough for MD5, which needs no more than the stored hash.
    Md5(Secret),
    /// What a client's own proof gave us.
    Scram(Arc<ScramKeys>),
}

/// A server that is logged in and ready for queries.
#[derive(Debug)]
pub struct Opened {
    pub pg: PgStream,
    /// `None` = the server gave none: it can't be cancelled.
    pub key: Option<CancelKey>,
    /// What the server reported during startup.
    pub parameters: BTreeMap<String, String>,
    /// Where this very server takes its cancel requests.
    pub cancel_address: CancelAddress,
}

/// Why no server was opened. What was open of it is with the undertaker.
#[derive(Debug, Clone)]
pub enum ConnectError {
    /// PostgreSQL said no, in its own words and with its own code.
    Refused(Error),
    /// PostgreSQL has another verifier than the keys belong to; no proof was sent.
    KeysStale(Error),
    /// PostgreSQL asks for a proof that nobody here can give (28000).
    NoKeys(Error),
    /// No connection, or none that makes sense (08006).
    Failed(Error),
}

impl ConnectError {
    pub fn error(&self) -> &Error {
        match self {
            Self::Refused(error)
            | Self::KeysStale(error)
            | Self::NoKeys(error)
            | Self::Failed(error) => error,
        }
    }

    /// A failure in words for the client; where it happened is for the log.
    pub(super) fn failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::Failed(Error::server(message))
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Refused(error)
            | ConnectError::KeysStale(error)
            | ConnectError::NoKeys(error)
            | ConnectError::Failed(error) => error,
        }
    }
}
