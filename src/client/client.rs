//! What is kept of a client between its turns.

use std::sync::Arc;

use super::around::{Around, Current};
use super::roster::{ClientInfo, Present, Seat};
use crate::net::pg::PgStream;
use crate::pool::attachment::Attachment;
use crate::pool::pool::Pool;
use crate::session::params::{ParamSet, Rules};
use crate::session::prepared::ClientStatements;

/// A client in a pool.
pub struct Client {
    pub pg: PgStream,
    pub info: Arc<ClientInfo>,
    pub statements: ClientStatements,
    /// What it asked for at startup and has changed since.
    pub params: Arc<ParamSet>,
    pub pool: Attachment<Pool>,
    pub around: Arc<Around>,
    /// The configuration that it logged in under.
    pub current: Arc<Current>,
    /// Messages are thrown away until its Sync: the batch they belong to was refused.
    pub skipping: bool,
    /// Bytes of a message that are still to be thrown away.
    pub discard: usize,
    /// Its places on the roster and in the count, given up when it is dropped.
    #[expect(dead_code, reason = "held for their drop")]
    pub(super) held: (Present, Seat),
}

impl Client {
    pub fn rules(&self) -> &Rules {
        &self.current.rules
    }
}
