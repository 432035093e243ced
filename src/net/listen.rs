//! The listeners of the settings, and the loop that accepts on one of them.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::settings::{Listen, SocketOptions};
use crate::world::{Endpoint, Listener, Socket, World};

/// How long to leave the kernel alone when it has no descriptor or memory left for a client.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// Binds what the settings name: the first address of the host that can be bound, and the unix
/// socket when a directory is given. Each is logged as `listening on ADDR`.
pub async fn bind(world: &World, listen: &Listen) -> io::Result<Vec<Listener>> {
    let tcp = bind_tcp(world, listen).await?;
    let mut listeners = vec![tcp];
    if let Some(dir) = &listen.unix_socket_dir {
        let port = match listeners[0].local()? {
            Endpoint::Tcp(address) => address.port(),
            Endpoint::Unix => listen.port,
        };
        let path = dir.join(format!(".s.PGSQL.{port}"));
        let (backlog, mode) = (listen.backlog, listen.unix_socket_mode);
        let unix = world.listen_unix(&path, backlog, mode);
        listeners.push(unix.map_err(|e| name(&e, &path.display().to_string()))?);
    }
    for listener in &listeners {
        match (listener.path(), listener.local()?) {
            (Some(path), _) => tracing::info!("listening on {}", path.display()),
            (None, address) => tracing::info!("listening on {address}"),
        }
    }
    Ok(listeners)
}

async fn bind_tcp(world: &World, listen: &Listen) -> io::Result<Listener> {
    let asked = format!("{}:{}", listen.host, listen.port);
    let addresses = world.resolve(&listen.host, listen.port).await;
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses.map_err(|e| name(&e, &asked))? {
        match world.listen_tcp(address, listen.backlog, listen.reuse_port) {
            Ok(listener) => return Ok(listener),
            Err(e) => failure = name(&e, &address.to_string()),
        }
    }
    Err(failure)
}

/// The error, with the address that it is about.
fn name(error: &io::Error, address: &str) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

/// Accepts until `stop`, hands each client to `on`, and closes the listener. A shortage of
/// descriptors makes clients wait in the kernel's queue; it never ends the loop.
pub async fn accept_loop(
    world: &World,
    listener: Listener,
    options: &SocketOptions,
    stop: CancellationToken,
    on: impl Fn(Socket),
) {
    let mut shortage = false;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(socket) => {
                shortage = false;
                // A client that is gone already shows as an error here; reading will tell.
                if let Err(error) = socket.set_options(options) {
                    tracing::debug!(%error, "socket options of a client were not set");
                }
                on(socket);
            }
            Err(error) if concerns_one_client(&error) => {
                tracing::debug!(%error, "a client was gone before it was accepted");
            }
            Err(error) => {
                if !std::mem::replace(&mut shortage, true) {
                    tracing::error!(%error, "cannot accept clients for now");
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = world.sleep(SHORTAGE_PAUSE) => {}
                }
            }
        }
    }
}

/// Errors that `accept` passes on from a connection that broke in the queue (accept(2)).
fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn listen(dir: Option<&std::path::Path>) -> Listen {
        Listen {
            host: "127.0.0.1".to_owned(),
            port: 0,
            backlog: 16,
            reuse_port: false,
            unix_socket_dir: dir.map(ToOwned::to_owned),
            unix_socket_mode: 0o600,
        }
    }

    fn options() -> SocketOptions {
        SocketOptions {
            buffer_size: None,
            keepalive_idle: Duration::from_secs(5),
            keepalive_interval: Duration::from_secs(5),
            keepalive_count: 5,
            user_timeout: None,
            no_delay: true,
        }
    }

    #[tokio::test]
    async fn the_socket_file_carries_the_port_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let listeners = bind(&World::new(), &listen(Some(dir.path())))
            .await
            .unwrap();
        let Endpoint::Tcp(address) = listeners[0].local().unwrap() else {
            panic!("the first listener is the TCP one");
        };
        let path = dir.path().join(format!(".s.PGSQL.{}", address.port()));
        assert_eq!(listeners[1].path(), Some(&*path));
    }

    #[tokio::test]
    async fn a_taken_port_is_named_in_the_error() {
        let world = World::new();
        let first = bind(&world, &listen(None)).await.unwrap();
        let Endpoint::Tcp(address) = first[0].local().unwrap() else {
            panic!("the first listener is the TCP one");
        };
        let mut again = listen(None);
        again.port = address.port();
        let error = bind(&world, &again).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }

    #[tokio::test]
    async fn clients_are_handed_over_until_the_stop() {
        let world = World::new();
        let mut listeners = bind(&world, &listen(None)).await.unwrap();
        let Endpoint::Tcp(address) = listeners[0].local().unwrap() else {
            panic!("the first listener is the TCP one");
        };
        let (stop, seen) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&seen);
        let looping = {
            let (world, stop, listener) = (world.clone(), stop.clone(), listeners.remove(0));
            tokio::spawn(async move {
                let count = move |_| {
                    counter.fetch_add(1, Ordering::SeqCst);
                };
                accept_loop(&world, listener, &options(), stop, count).await;
            })
        };
        let clients = [(); 3].map(|()| world.dial_tcp(address));
        for client in clients {
            client.await.unwrap();
        }
        while seen.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        looping.await.unwrap();
        assert!(world.dial_tcp(address).await.is_err());
    }
}
