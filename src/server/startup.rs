//! From the startup packet to the first `ReadyForQuery`.

use std::collections::BTreeMap;

use super::authenticate::authenticate;
use super::dialling::Dialling;
use super::target::{ConnectError, Target};
use crate::error::{Error, ErrorKind};
use crate::net::pg::{Frame, PgStream};
use crate::wire::backend::{self, Fields, NegotiateProtocolVersion, ParameterStatus, tags};
use crate::wire::startup::MAX_STARTUP;
use crate::wire::{CancelKey, Malformed, SqlState, TxStatus, request};
use crate::world::World;

/// The largest message of a login: libpq takes no more from a server that it does not know yet
/// (fe-connect.c, `MAX_ERRLEN` of `PQconnectPoll`).
const MAX_MESSAGE: usize = 30_000;
/// The most messages of a login; PostgreSQL sends about twenty.
const MAX_MESSAGES: usize = 1_000;
/// The most parameters and bytes of them; PostgreSQL reports fourteen short ones.
const MAX_PARAMETERS: usize = 256;
const MAX_PARAMETER_BYTES: usize = 64 * 1024;

/// What the server told between `AuthenticationOk` and `ReadyForQuery`.
#[derive(Debug, Default)]
pub(super) struct Greeting {
    pub(super) key: Option<CancelKey>,
    pub(super) parameters: BTreeMap<String, String>,
    bytes: usize,
}

/// Logs in over a stream that is as encrypted as it will be.
pub(super) async fn log_in<H: Send>(
    world: &World,
    target: &Target,
    dialling: &mut Dialling<H>,
) -> Result<Greeting, ConnectError> {
    let packet = startup_packet(target)?;
    let mut inbound = Inbound::default();
    dialling.doing = "authenticating";
    let pg = dialling.pg()?;
    send(pg, &packet).await?;
    authenticate(world, target, pg, &mut inbound).await?;
    dialling.set_whole(true);
    dialling.doing = "waiting for ReadyForQuery";
    until_ready(dialling.pg()?, &mut inbound).await
}

fn startup_packet(target: &Target) -> Result<Vec<u8>, ConnectError> {
    let mut parameters = vec![
        ("user", target.user.as_str()),
        ("database", &target.database),
        ("application_name", &target.application_name),
    ];
    for (name, value) in &target.startup_parameters {
        parameters.push((name, value));
    }
    let refuse = |sqlstate, message: &'static str| {
        let error = Error::new(ErrorKind::Parameter, sqlstate, message);
        Err(ConnectError::Failed(error))
    };
    // A zero byte would end the text early and make a parameter of what follows it.
    if parameters
        .iter()
        .any(|(n, v)| n.contains('\0') || v.contains('\0'))
    {
        return refuse(
            SqlState::INVALID_PARAMETER_VALUE,
            "a startup parameter contains a zero byte",
        );
    }
    let mut packet = Vec::new();
    request::startup(&mut packet, &parameters, 0);
    if packet.len() > MAX_STARTUP {
        return refuse(
            SqlState::PROGRAM_LIMIT,
            "the startup parameters are longer than PostgreSQL takes",
        );
    }
    Ok(packet)
}

pub(super) async fn send(pg: &mut PgStream, bytes: &[u8]) -> Result<(), ConnectError> {
    pg.send(bytes).await.map_err(|e| {
        let error = Error::server("connection to the server lost during the login");
        ConnectError::Failed(error.with_source(e))
    })
}

/// The server's messages during a login, counted, with those absorbed that concern nobody.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    messages: usize,
}

impl Inbound {
    /// The next message that matters; an `ErrorResponse` is the end of the attempt.
    pub(super) async fn next(&mut self, pg: &mut PgStream) -> Result<Frame, ConnectError> {
        loop {
            self.messages += 1;
            if self.messages > MAX_MESSAGES {
                return Err(ConnectError::failed(
                    "the server talks without end during the login",
                ));
            }
            let frame = pg.read_frame(MAX_MESSAGE).await.map_err(unreadable)?;
            let Some(frame) = frame else {
                return Err(ConnectError::failed(
                    "the server closed the connection during the login",
                ));
            };
            match frame.tag {
                tags::NOTICE => {}
                tags::NEGOTIATE_PROTOCOL_VERSION => negotiated(&frame.body)?,
                tags::ERROR => {
                    let fields = Fields::parse(&frame.body).map_err(senseless)?;
                    return Err(ConnectError::Refused(fields.into()));
                }
                _ => return Ok(frame),
            }
        }
    }
}

/// We ask for 3.0, below which nothing is; so only the options can have been refused.
fn negotiated(body: &[u8]) -> Result<(), ConnectError> {
    let answer = NegotiateProtocolVersion::parse(body).map_err(senseless)?;
    if answer.unknown.is_empty() {
        return Ok(());
    }
    Err(ConnectError::failed(
        "the server does not know the protocol options it was asked for",
    ))
}

async fn until_ready(pg: &mut PgStream, inbound: &mut Inbound) -> Result<Greeting, ConnectError> {
    let mut greeting = Greeting::default();
    loop {
        let frame = inbound.next(pg).await?;
        match frame.tag {
            tags::PARAMETER_STATUS => {
                greeting.add(&ParameterStatus::parse(&frame.body).map_err(senseless)?)?;
            }
            tags::BACKEND_KEY_DATA => {
                greeting.key = Some(backend::backend_key_data(&frame.body).map_err(senseless)?);
            }
            tags::READY_FOR_QUERY => {
                return match backend::ready_for_query(&frame.body).map_err(senseless)? {
                    TxStatus::Idle => Ok(greeting),
                    _ => Err(ConnectError::failed(
                        "the server begins inside a transaction",
                    )),
                };
            }
            tag => return Err(unexpected(tag)),
        }
    }
}

impl Greeting {
    fn add(&mut self, status: &ParameterStatus<'_>) -> Result<(), ConnectError> {
        self.bytes += status.name.len() + status.value.len();
        if self.bytes > MAX_PARAMETER_BYTES || self.parameters.len() >= MAX_PARAMETERS {
            return Err(ConnectError::failed(
                "the server reports too many parameters",
            ));
        }
        self.parameters
            .insert(status.name.to_string(), status.value.to_string());
        Ok(())
    }
}

/// A message that has no place where it came.
pub(super) fn unexpected(tag: u8) -> ConnectError {
    let tag = tag.escape_ascii();
    ConnectError::failed(format!(
        "the server sent an unexpected message '{tag}' during the login"
    ))
}

/// A message that can't be parsed: the fault is the server's, not the client's.
pub(super) fn senseless(malformed: Malformed) -> ConnectError {
    let error = Error::server("the server sent a malformed message during the login");
    ConnectError::Failed(error.with_source(malformed))
}

fn unreadable(error: Error) -> ConnectError {
    match error.kind {
        ErrorKind::Protocol => {
            let told = Error::server("the server sent a malformed message during the login");
            ConnectError::Failed(told.with_source(error))
        }
        _ => ConnectError::Failed(error),
    }
}
