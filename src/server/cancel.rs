//! `CancelRequests` to PostgreSQL, each on a connection of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;

pub use super::dial::Place;
use super::{dial, encrypt};
use crate::config::settings::SocketOptions;
use crate::net::buffer::BufferPool;
use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::net::tls::connect::Connector;
use crate::wire::{CancelKey, request};
use crate::world::World;

/// Where a server takes its cancel requests: the resolved address that it was reached at, since a
/// name may by now lead elsewhere.
#[derive(Debug, Clone)]
pub struct CancelAddress {
    pub(super) place: Place,
    /// Set when the server itself was reached over TLS: then the key must not travel in the open.
    pub(super) tls: Option<(Arc<Connector>, Arc<str>)>,
    pub(super) sockets: SocketOptions,
}

impl CancelAddress {
    /// An address that is asked in plain text.
    pub fn plain(place: Place, sockets: SocketOptions) -> Self {
        Self {
            place,
            tls: None,
            sockets,
        }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Sends a cancel request and waits until PostgreSQL closes, which it does when the signal is on
/// its way. Whether there was anything to cancel is never told.
///
/// # Errors
/// Of dialling, TLS and sending; `TimedOut` when it all took longer than `limit`. After an error
/// the request may still take effect, and the server it is for must not be used again.
///
/// # Cancel safety
/// A dropped call closes its socket; the request may still take effect.
pub async fn cancel(
    world: &World,
    address: &CancelAddress,
    key: &CancelKey,
    limit: Duration,
) -> io::Result<()> {
    let elapsed = |_| io::Error::from(io::ErrorKind::TimedOut);
    world
        .timeout(limit, request_and_wait(world, address, key))
        .await
        .map_err(elapsed)?
}

async fn request_and_wait(
    world: &World,
    address: &CancelAddress,
    key: &CancelKey,
) -> io::Result<()> {
    let socket = dial::dial(world, &address.place, &address.sockets).await?;
    // Nothing of size is ever read here.
    let mut pg = PgStream::new(Stream::Plain(socket), BufferPool::new(0));
    if let Some((connector, host)) = &address.tls {
        match encrypt::ask(&mut pg).await.map_err(io::Error::other)? {
            encrypt::Answer::Willing => {}
            encrypt::Answer::Unwilling => {
                return Err(io::Error::other("the server does not take TLS any more"));
            }
        }
        let socket = encrypt::plain_socket(pg.stream)?;
        let tls = encrypt::begin(connector, host, socket)?.await?;
        pg = PgStream::new(connector.stream(tls), pg.buffers);
    }
    let mut bytes = Vec::new();
    request::cancel_request(&mut bytes, key);
    pg.send(&bytes).await?;
    await_end(&mut pg.stream).await
}

/// PostgreSQL sends nothing here; a peer that does is read for a little while only.
async fn await_end(stream: &mut Stream) -> io::Result<()> {
    let mut scrap = [0; 256];
    for _ in 0..16 {
        match stream.read(&mut scrap).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // PostgreSQL may close with our TLS notice unread: the kernel makes a reset of it.
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(e) => return Err(e),
        }
    }
    let talks = "the server talks instead of closing a cancel connection";
    Err(io::Error::new(io::ErrorKind::InvalidData, talks))
}
