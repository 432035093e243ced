//! The last words to a client.

use std::time::Duration;

use crate::error::Error;
use crate::net::pg::PgStream;
use crate::wire::encode::{self, Severity};
use crate::world::World;

/// A client that does not take its last message is closed without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends a FATAL error and shuts the write side down, so that the client reads it before it sees
/// the end.
pub async fn fatal(pg: &mut PgStream, world: &World, error: &Error) {
    let mut out = Vec::new();
    encode::error(&mut out, error, Severity::Fatal);
    let _ = world.timeout(PATIENCE, say(pg, &out)).await;
}

async fn say(pg: &mut PgStream, out: &[u8]) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt;
    pg.send(out).await?;
    pg.stream.shutdown().await?;
    // Bytes left unread would turn the close into a reset, and the message might be lost with it.
    while pg.buffered().len() < crate::net::buffer::BUFFER_SIZE {
        if pg.fill().await? == 0 {
            break;
        }
    }
    Ok(())
}
