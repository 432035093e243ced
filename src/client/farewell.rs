//! The last words to a client.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::error::Error;
use crate::net::pg::PgStream;
use crate::wire::encode::{self, Severity};
use crate::world::World;

/// A client that does not take its last message is closed without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends a FATAL error and closes, so that the client reads it before it sees the end.
pub async fn fatal(pg: &mut PgStream, world: &World, error: &Error) {
    let mut out = Vec::new();
    encode::error(&mut out, error, Severity::Fatal);
    let said = async {
        pg.send(&out).await?;
        linger(pg).await
    };
    let _ = world.timeout(PATIENCE, said).await;
}

/// Closes behind what the client has been sent already, the server's last words.
pub async fn close(pg: &mut PgStream, world: &World) {
    let _ = world.timeout(PATIENCE, linger(pg)).await;
}

/// Shuts the write side down and throws away what still comes, until the client has closed. Bytes
/// left unread would turn the close into a reset: a client that is still sending would meet that
/// before it reads what it was told.
async fn linger(pg: &mut PgStream) -> io::Result<()> {
    pg.stream.shutdown().await?;
    loop {
        pg.inbox.consume(pg.inbox.len());
        pg.inbox.release();
        if pg.fill().await? == 0 {
            return Ok(());
        }
    }
}
