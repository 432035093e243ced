//! `pgtoxiproxy`: the fault proxy as a program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pgtoxiproxy::api;
use pgtoxiproxy::options::Options;
use pgtoxiproxy::proxy::{Proxies, Room};
use tokio::net::{TcpListener, lookup_host};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

/// The longest that connections are given to close at the end.
const CLOSING: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let options = match Options::parse_go(std::env::args_os()) {
        Ok(options) => options,
        Err(message) => message.exit(),
    };
    log();
    // Where more are refused, fewer connections are possible.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX);
    let room = descriptors.map_or_else(|_| Room::endless(), Room::within);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(&options, room)),
        Err(error) => Err(format!("can't start: {error}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("pgtoxiproxy: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// From the first listener to the signal that ends it.
async fn run(options: &Options, room: Room) -> Result<(), String> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let proxies = Proxies::with_room(options.seed_or_any(), room);
    if let Some(path) = &options.config {
        let read = api::populate_from(&proxies, path).await;
        read.map_err(|reason| in_config(path, &reason))?;
    }
    let listeners = listen(&options.host, options.port).await?;
    announce(&listeners, options, proxies.seed())?;

    let stop = CancellationToken::new();
    let router = api::router(proxies.clone(), options.metrics());
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        let stop = stop.clone().cancelled_owned();
        servers.spawn(api::serve(listener, router.clone(), stop));
    }
    let name = tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        Some(ended) = servers.join_next() => return Err(format!("the API ended: {ended:?}")),
    };
    tracing::info!("{name}: closing");
    stop.cancel();
    // What does not close by then is closed by the end of the process.
    let _ = timeout(CLOSING, proxies.close()).await;
    Ok(())
}

fn in_config(path: &Path, reason: &str) -> String {
    format!("can't use the config file {}: {reason}", path.display())
}

/// At the first address of the host, and for localhost at its other ones too if they can be had.
async fn listen(host: &str, port: u16) -> Result<Vec<TcpListener>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let cannot = |error: io::Error| format!("the API can't listen on {host}:{port}: {error}");
    let mut places: Vec<SocketAddr> = lookup_host((bare, port)).await.map_err(cannot)?.collect();
    places.sort_by_key(SocketAddr::is_ipv6);
    places.dedup();
    let first = places.first().copied();
    let first = first.ok_or_else(|| format!("the API can't listen on {host}: no such host"))?;
    let mut listeners = vec![TcpListener::bind(first).await.map_err(cannot)?];
    if bare == "localhost" {
        let port = listeners[0].local_addr().map_err(cannot)?.port();
        let both = [
            (first.ip(), port),
            (std::net::Ipv6Addr::LOCALHOST.into(), port),
        ];
        if let Some(other) = both.into_iter().find(|place| place.0 != first.ip()) {
            listeners.extend(TcpListener::bind(other).await.ok());
        }
    }
    Ok(listeners)
}

fn announce(listeners: &[TcpListener], options: &Options, seed: u64) -> Result<(), String> {
    let addresses: Result<Vec<_>, _> = listeners.iter().map(TcpListener::local_addr).collect();
    let addresses = addresses.map_err(|error| error.to_string())?;
    let shown: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(
        "pgtoxiproxy {version} listening on {}, seed {seed}",
        shown.join(" and ")
    );
    if options.print_address {
        let mut stdout = io::stdout().lock();
        let told = writeln!(stdout, "LISTENING {}", shown[0]).and_then(|()| stdout.flush());
        told.map_err(|error| format!("can't tell the address on stdout: {error}"))?;
    }
    Ok(())
}

/// To stderr, each line at once; `LOG_LEVEL` has the values that Toxiproxy knows.
fn log() {
    let wanted = std::env::var("LOG_LEVEL").unwrap_or_default();
    let level = match wanted.to_lowercase().as_str() {
        "trace" => Some(LevelFilter::TRACE),
        "debug" => Some(LevelFilter::DEBUG),
        "" | "info" => Some(LevelFilter::INFO),
        "warn" => Some(LevelFilter::WARN),
        "error" | "fatal" | "panic" => Some(LevelFilter::ERROR),
        "disabled" => Some(LevelFilter::OFF),
        _ => None,
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .init();
    if level.is_none() {
        tracing::warn!("unknown LOG_LEVEL {wanted:?}; this log is at info");
    }
}
