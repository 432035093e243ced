//! A socket to the server: the name resolved, each address tried.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::settings::{ServerAddress, SocketOptions};
use crate::world::{Socket, World};

/// One place that a socket can be dialled to: a resolved address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A full accept queue of a unix socket refuses at once; so long until it is asked again.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// The places of a server; a name may stand for several.
pub(super) async fn places(world: &World, address: &ServerAddress) -> io::Result<Vec<Place>> {
    match address {
        ServerAddress::Unix(path) => Ok(vec![Place::Unix(path.clone())]),
        ServerAddress::Tcp { host, port } => {
            let addresses = world.resolve(host, *port).await?;
            Ok(addresses.into_iter().map(Place::Tcp).collect())
        }
    }
}

/// A connected socket with its options set.
///
/// # Cancel safety
/// A dropped call closes what was opened; nothing has been sent on it.
pub(super) async fn dial(
    world: &World,
    place: &Place,
    options: &SocketOptions,
) -> io::Result<Socket> {
    let socket = match place {
        Place::Tcp(address) => world.dial_tcp(*address).await?,
        Place::Unix(path) => loop {
            match world.dial_unix(path).await {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => world.sleep(QUEUE_PAUSE).await,
                dialled => break dialled?,
            }
        },
    };
    socket.set_options(options)?;
    Ok(socket)
}
