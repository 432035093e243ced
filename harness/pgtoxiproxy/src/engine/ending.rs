//! How a connection ends when a toxic says so.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::wire::Wire;

/// What a peer still sends is read for so long: a socket that is closed with unread bytes would send
/// a reset, and the peer might lose what it was told last.
const LINGER: Duration = Duration::from_secs(1);

/// Closes both sides in the ordinary way: they have all that was sent, then the end.
pub(super) async fn close(mut client: Box<dyn Wire>, mut server: Box<dyn Wire>) {
    let both = async { tokio::join!(finish(&mut client), finish(&mut server)) };
    // Who goes on sending is cut off.
    let _ = timeout(LINGER, both).await;
}

/// Aborts both sides.
pub(super) fn reset(mut client: Box<dyn Wire>, mut server: Box<dyn Wire>) {
    client.abort();
    server.abort();
}

async fn finish(side: &mut Box<dyn Wire>) {
    // A side that is gone already needs no farewell.
    if side.shutdown().await.is_err() {
        return;
    }
    let mut thrown_away = [0; 4096];
    while matches!(side.read(&mut thrown_away).await, Ok(1..)) {}
}
