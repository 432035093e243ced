//! Opening a server connection: dial, encrypt, log in, until PostgreSQL is ready for queries.

use std::fmt;
use std::sync::Arc;

use super::cancel::CancelAddress;
use super::dial::{self, Place};
use super::dialling::Dialling;
use super::encrypt::{self, Answer};
use super::startup::{Greeting, log_in};
pub use super::target::{ConnectError, Credential, Opened, Target};
use super::undertaker::Undertaker;
use crate::config::settings::{ServerAddress, ServerTlsMode};
use crate::error::Error;
use crate::wire::SqlState;
use crate::world::{Socket, World};

/// Opens one server connection within `target.connect_timeout`. `held`, the permit and gauges of
/// the caller, comes back with the connection; when there is none it stays with what the attempt
/// leaves behind until PostgreSQL has closed that too.
///
/// # Cancel safety
/// A dropped call hands its socket and `held` to the undertaker. No login is left half-done.
pub async fn connect<H: Send + 'static>(
    world: &World,
    target: &Target,
    undertaker: &Undertaker,
    held: H,
) -> Result<(Opened, H), ConnectError> {
    let mut dialling = Dialling::new(undertaker, &target.buffers, held);
    let attempt = Box::pin(attempt(world, target, &mut dialling));
    let outcome = world.timeout(target.connect_timeout, attempt).await;
    let outcome = outcome.unwrap_or_else(|_| {
        let (limit, doing) = (target.connect_timeout, dialling.doing);
        let message = format!("connect_timeout: no server connection in {limit:?}, {doing}");
        Err(ConnectError::failed(message))
    });
    let (greeting, cancel_address) = outcome.map_err(|e| at(e, &target.address))?;
    let (pg, held) = dialling.finish()?;
    let opened = Opened {
        pg,
        key: greeting.key,
        parameters: greeting.parameters,
        cancel_address,
    };
    Ok((opened, held))
}

/// Tries the places of the server in turn; the first that takes the call decides.
async fn attempt<H: Send + 'static>(
    world: &World,
    target: &Target,
    dialling: &mut Dialling<H>,
) -> Result<(Greeting, CancelAddress), ConnectError> {
    let deadline = world.now() + target.connect_timeout;
    let places = dial::places(world, &target.address).await.map_err(|e| {
        let error = Error::server("the server's host name can't be resolved");
        ConnectError::Failed(error.with_source(e))
    })?;
    dialling.doing = "connecting";
    let mut failure = ConnectError::failed("the server has no address");
    let mut left = u32::try_from(places.len()).unwrap_or(u32::MAX);
    for place in &places {
        // A dead address must not eat the time of those behind it.
        let share = deadline.saturating_duration_since(world.now()) / left.max(1);
        left = left.saturating_sub(1);
        let dialled = dial::dial(world, place, &target.sockets);
        match world.timeout(share, dialled).await {
            Ok(Ok(socket)) => return converse(world, target, dialling, place, socket).await,
            Ok(Err(e)) => failure = unreachable(&e.kind().to_string(), e),
            Err(elapsed) => failure = unreachable("connect_timeout", elapsed),
        }
    }
    Err(failure)
}

/// What to say on a fresh socket, and on a second one: libpq's sslmode words.
async fn converse<H: Send + 'static>(
    world: &World,
    target: &Target,
    dialling: &mut Dialling<H>,
    place: &Place,
    socket: Socket,
) -> Result<(Greeting, CancelAddress), ConnectError> {
    use ServerTlsMode::{Allow, Disable, Prefer};
    dialling.opened(socket);
    let mode = match place {
        Place::Unix(_) => Disable,
        Place::Tcp(_) => target.tls.mode(),
    };
    let mut encrypted = false;
    if !matches!(mode, Disable | Allow) {
        encrypted = encrypt(target, dialling).await?;
        if !encrypted && mode != Prefer {
            let message = "the server does not take TLS, and server_tls_mode asks for it";
            return Err(ConnectError::failed(message));
        }
    }
    let refused = match log_in(world, target, dialling).await {
        Ok(greeting) => return Ok((greeting, cancel_address(target, place, encrypted))),
        Err(error) => error,
    };
    let second_chance = match (&refused, mode) {
        (ConnectError::Refused(e), Allow) => encryption_may_help(e.sqlstate),
        (ConnectError::Refused(e), Prefer) => {
            encrypted && e.sqlstate == SqlState::INVALID_AUTHORIZATION
        }
        _ => false,
    };
    if !second_chance {
        return Err(refused);
    }
    log_in_again(world, target, dialling, place, !encrypted, refused).await
}

/// The second socket of `allow` (with TLS) and `prefer` (without). When it leads nowhere, what the
/// server said on the first one tells more.
async fn log_in_again<H: Send + 'static>(
    world: &World,
    target: &Target,
    dialling: &mut Dialling<H>,
    place: &Place,
    encrypted: bool,
    refused: ConnectError,
) -> Result<(Greeting, CancelAddress), ConnectError> {
    dialling.doing = "connecting again";
    dialling.bury_current();
    let Ok(socket) = dial::dial(world, place, &target.sockets).await else {
        return Err(refused);
    };
    dialling.opened(socket);
    if encrypted && !encrypt(target, dialling).await? {
        return Err(refused);
    }
    let greeting = log_in(world, target, dialling).await?;
    Ok((greeting, cancel_address(target, place, encrypted)))
}

/// Asks for TLS and shakes hands; `false` = the server is unwilling, and the socket is still good.
async fn encrypt<H: Send + 'static>(
    target: &Target,
    dialling: &mut Dialling<H>,
) -> Result<bool, ConnectError> {
    dialling.doing = "waiting for the answer to SSLRequest";
    let answer = encrypt::ask(dialling.pg()?).await;
    if answer.map_err(ConnectError::failed)? == Answer::Unwilling {
        return Ok(false);
    }
    dialling.doing = "in the TLS handshake";
    let socket = dialling.take_plain()?;
    let failed = |e| {
        let error = Error::server("the TLS handshake with the server failed");
        ConnectError::Failed(error.with_source(e))
    };
    let handshake = encrypt::begin(&target.tls, &host(target), socket).map_err(failed)?;
    dialling.begin_handshake(handshake);
    let finished = dialling.finish_handshake(&target.tls).await;
    finished.map_err(failed)?;
    Ok(true)
}

/// Refusals that have nothing to do with the channel: a second attempt would only be a second
/// failed login, or more load on a server that has too much.
fn encryption_may_help(refusal: SqlState) -> bool {
    let code = refusal.as_str();
    !matches!(
        refusal,
        SqlState::INVALID_PASSWORD | SqlState::UNDEFINED_DATABASE
    ) && !code.starts_with("53")
        && !code.starts_with("57")
}

fn host(target: &Target) -> Arc<str> {
    match &target.address {
        ServerAddress::Tcp { host, .. } => host.as_str().into(),
        ServerAddress::Unix(_) => "".into(),
    }
}

fn cancel_address(target: &Target, place: &Place, encrypted: bool) -> CancelAddress {
    let mut address = CancelAddress::plain(place.clone(), target.sockets.clone());
    if encrypted {
        address.tls = Some((Arc::clone(&target.tls), host(target)));
    }
    address
}

fn unreachable(why: &str, error: impl std::error::Error + Send + Sync + 'static) -> ConnectError {
    let told = Error::server(format!("the server can't be reached: {why}"));
    ConnectError::Failed(told.with_source(error))
}

/// Adds where it happened to what only the log sees.
fn at(error: ConnectError, address: &ServerAddress) -> ConnectError {
    match error {
        ConnectError::Failed(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let whence = Whence {
                address: address.to_string(),
                cause,
            };
            ConnectError::Failed(error.with_source(whence))
        }
        other => other,
    }
}

/// The cause of a failure, and the server it came from.
#[derive(Debug)]
struct Whence {
    address: String,
    cause: Option<String>,
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cause) = &self.cause {
            write!(f, "{cause}: ")?;
        }
        write!(f, "server {}", self.address)
    }
}

impl std::error::Error for Whence {}
