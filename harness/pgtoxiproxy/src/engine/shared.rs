//! What both lines of a connection know.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::connection::Connection;
use super::events::What;
use super::faults::Faults;
use crate::pg::message::Name;
use crate::pg::talk::Talk;
use crate::toxic::Stream;

pub(super) struct Shared {
    pub(super) faults: Arc<Faults>,
    pub(super) connection: Connection,
    pub(super) talk: Talk,
    /// Some toxic asks for the text of queries.
    pub(super) wants_sql: bool,
    /// What the client is to be sent between two messages of the server's.
    pub(super) to_client: VecDeque<Told>,
    /// The toxic by which nothing passes any more.
    pub(super) blackhole: Option<u64>,
    /// TLS is about to begin: nothing more is read of the client until it has.
    pub(super) upgrading: bool,
}

/// Bytes of the proxy's own for the client.
pub(super) struct Told {
    pub(super) bytes: Bytes,
    pub(super) and_close: bool,
}

impl Shared {
    pub(super) fn new(faults: Arc<Faults>, connection: Connection) -> Self {
        Self {
            faults,
            connection,
            talk: Talk::default(),
            wants_sql: false,
            to_client: VecDeque::new(),
            blackhole: None,
            upgrading: false,
        }
    }

    /// A message has come by.
    pub(super) fn note(&self, now: Instant, stream: Stream, message: Name, toxics: Vec<String>) {
        let what = What::Message {
            stream,
            message,
            toxics,
        };
        self.faults.events.push(now, self.connection.number, what);
    }
}
