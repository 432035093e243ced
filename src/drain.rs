//! Leaving: politely, and only so long.

use std::sync::Arc;

use crate::client::around::Around;
use crate::client::roster::Asked;

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nobody is left.
    Empty,
    /// Clients were still there when the time was over.
    TimeOut,
}

/// Tells every client to go at the end of its turn, and waits until all are gone, at most
/// `shutdown_timeout`. The listeners are closed already.
///
/// # Cancel safety
/// A dropped call leaves the clients leaving.
pub async fn drain(around: &Arc<Around>) -> Drained {
    let limit = around.current().settings.general.times.shutdown;
    let clients = around.roster.count();
    tracing::info!(
        clients,
        ?limit,
        "shutting down: waiting for clients to end their turns"
    );
    around.roster.ask_all(Asked::Drain);
    let empty = around.world.timeout(limit, around.roster.empty());
    if empty.await.is_ok() {
        Drained::Empty
    } else {
        Drained::TimeOut
    }
}

/// Ends the servers that are idle and waits for the undertaker: PostgreSQL is to see polite ends.
pub async fn end_servers(around: &Arc<Around>) {
    for (_, listed) in around.pools.registry.list() {
        listed.pool.outdate_servers(u64::MAX);
        listed.pool.end_idle().await;
    }
    around.pools.undertaker.finished().await;
}
