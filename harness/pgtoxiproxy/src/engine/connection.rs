//! What a connection is told about itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tls::Identity;
use crate::toxic::Stream;

/// What a connection is told about itself.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Its number within its proxy, from 1; it decides its throws.
    pub number: u64,
    /// The client's address, for the events.
    pub client: Option<String>,
    /// End TLS in the middle with this; otherwise TLS passes through.
    pub tls: Option<Identity>,
    pub traffic: Arc<Traffic>,
}

/// Bytes that went through a proxy, by direction.
#[derive(Debug, Default)]
pub struct Traffic {
    pub upstream_received: AtomicU64,
    pub upstream_sent: AtomicU64,
    pub downstream_received: AtomicU64,
    pub downstream_sent: AtomicU64,
}

impl Traffic {
    pub(super) fn received(&self, stream: Stream, bytes: usize) {
        match stream {
            Stream::Upstream => add(&self.upstream_received, bytes),
            Stream::Downstream => add(&self.downstream_received, bytes),
        }
    }

    pub(super) fn sent(&self, stream: Stream, bytes: usize) {
        match stream {
            Stream::Upstream => add(&self.upstream_sent, bytes),
            Stream::Downstream => add(&self.downstream_sent, bytes),
        }
    }
}

fn add(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(bytes as u64, Ordering::Relaxed);
}
