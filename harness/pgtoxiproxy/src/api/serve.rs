//! The API's listener: so many connections at a time, and none that only waits.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The head of a request has to be there by then, also of the next one on a connection that is kept:
/// Toxiproxy's own bound.
const HEAD: Duration = Duration::from_secs(15);

/// More clients of the API than that wait to be accepted.
const MOST: usize = 256;

/// A pause where accepting fails (no descriptors left), so that it does not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves a router until `stop` is ready; then every connection is closed.
///
/// # Errors
/// None of its own: what fails with one client is that client's.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    tokio::select! {
        () = accept(listener, router) => Ok(()),
        () = stop => Ok(()),
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(MOST));
    // Dropped with this future, it ends them all.
    let mut clients = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        while clients.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((client, _)) => {
                let router = router.clone();
                clients.spawn(async move {
                    converse(client, router).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a client of the API");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(client: TcpStream, router: Router) {
    // Where it can't be set the answers still come, only later.
    let _ = client.set_nodelay(true);
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(client), TowerToHyperService::new(router));
    if let Err(error) = conversation.await {
        tracing::debug!(%error, "a client of the API broke off");
    }
}
