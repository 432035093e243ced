//! A toxic: one fault on one direction of a proxy's connections.

pub mod fields;
pub mod json;
pub mod protocol;
mod refused;
pub mod standard;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use crate::stream::Stream;
pub use protocol::Protocol;
pub use refused::Refused;
pub use standard::Standard;

/// What a toxic does.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// One of Toxiproxy's own, which know nothing but bytes and time.
    Standard(Standard),
    /// One that fires at a point of the PostgreSQL protocol.
    Protocol(Box<Protocol>),
}

/// A toxic as its proxy has it. A change makes a new value that shares number and hits.
#[derive(Debug, Clone)]
pub struct Toxic {
    /// Unique within its proxy, over both streams.
    pub name: String,
    pub stream: Stream,
    /// The part of all connections that it applies to, 0 to 1.
    pub toxicity: f32,
    pub kind: Kind,
    hits: Arc<AtomicU64>,
}

impl Toxic {
    pub fn new(name: impl Into<String>, stream: Stream, toxicity: f32, kind: Kind) -> Self {
        Self {
            name: name.into(),
            stream,
            toxicity,
            kind,
            hits: Arc::default(),
        }
    }

    /// How often it has acted: a standard toxic once a connection, a protocol toxic once a message.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Acquire)
    }

    /// Counts one more, unless there were `times` of them already (0 = no limit).
    pub fn hit(&self, times: u64) -> bool {
        let more = |hits| (times == 0 || hits < times).then_some(hits + 1);
        let counted = self
            .hits
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        counted.is_ok()
    }
}
