//! Proving ourselves to PostgreSQL, by whichever of its password methods it asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::startup::{Inbound, send, senseless, unexpected};
use super::target::{ConnectError, Credential, Target};
use crate::auth::md5;
use crate::auth::scram::client::{
    AwaitServerFinal, AwaitServerFirst, Binding, ClientExchange, Credential as ScramCredential,
    ScramClientError,
};
use crate::auth::scram::{SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::config::settings::CleartextRule;
use crate::error::Error;
use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::wire::backend::{Authentication, tags};
use crate::wire::request;
use crate::world::World;

/// Bytes of a SCRAM nonce before base64 (PostgreSQL's `SCRAM_RAW_NONCE_LEN`).
const NONCE: usize = 18;

/// What the server may say next.
enum Step {
    /// The startup packet has been sent.
    Asked,
    /// A password has left, in clear or hashed with a salt.
    PasswordSent,
    ScramFirst(AwaitServerFirst),
    ScramFinal(AwaitServerFinal),
    /// The server has proved that it knows the verifier.
    ScramDone,
}

/// Answers the server's requests until `AuthenticationOk`.
pub(super) async fn authenticate(
    world: &World,
    target: &Target,
    pg: &mut PgStream,
    inbound: &mut Inbound,
) -> Result<(), ConnectError> {
    let mut step = Step::Asked;
    loop {
        let frame = inbound.next(pg).await?;
        if frame.tag != tags::AUTHENTICATION {
            return Err(unexpected(frame.tag));
        }
        let request = Authentication::parse(&frame.body).map_err(senseless)?;
        let mut answer = Vec::new();
        step = match (step, request) {
            (step, Authentication::Ok) => return accepted(&step, target),
            (Step::Asked, Authentication::Cleartext) => {
                let password = cleartext(target, &pg.stream)?;
                request::password(&mut answer, password);
                Step::PasswordSent
            }
            (Step::Asked, Authentication::Md5(salt)) => {
                let response = md5_response(target, salt)?;
                request::password(&mut answer, &response);
                Step::PasswordSent
            }
            (Step::Asked, Authentication::Sasl(mechanisms)) => {
                let binding = binding(&mechanisms, &pg.stream)?;
                let mechanism = binding.mechanism();
                let credential = scram_credential(target)?;
                let (next, first) = ClientExchange::start(credential, binding, nonce(world));
                request::sasl_initial(&mut answer, mechanism, &first);
                Step::ScramFirst(next)
            }
            (Step::ScramFirst(exchange), Authentication::SaslContinue(data)) => {
                let (next, last) = exchange.server_first(data).map_err(|e| scram(&e, target))?;
                request::sasl_response(&mut answer, &last);
                Step::ScramFinal(next)
            }
            (Step::ScramFinal(exchange), Authentication::SaslFinal(data)) => {
                exchange.server_final(data).map_err(|e| scram(&e, target))?;
                Step::ScramDone
            }
            (_, Authentication::Other(kind)) => return Err(unknown_method(kind)),
            _ => {
                return Err(ConnectError::failed(
                    "the server's login messages are out of order",
                ));
            }
        };
        if !answer.is_empty() {
            send(pg, &answer).await?;
        }
    }
}

/// `AuthenticationOk` is believed after a whole exchange; without any only where that is allowed,
/// and never from a server that should have proved to know the verifier of our keys.
fn accepted(step: &Step, target: &Target) -> Result<(), ConnectError> {
    match (step, &target.credential) {
        (Step::PasswordSent | Step::ScramDone, _) => Ok(()),
        (Step::Asked, Credential::Scram(_)) => Err(ConnectError::failed(
            "the server let us in without a SCRAM exchange, so it did not prove itself",
        )),
        (Step::Asked, _) if target.require_auth.none => Ok(()),
        (Step::Asked, _) => Err(not_allowed("no authentication at all")),
        (Step::ScramFirst(_) | Step::ScramFinal(_), _) => Err(ConnectError::failed(
            "the server cut the SCRAM exchange short, so it did not prove itself",
        )),
    }
}

fn cleartext<'a>(target: &'a Target, stream: &Stream) -> Result<&'a str, ConnectError> {
    let verified = stream.tls().is_some_and(|tls| tls.verified);
    let protected = verified || stream.socket().is_unix();
    if target.require_auth.password == CleartextRule::Never || !protected {
        return Err(not_allowed("a cleartext password"));
    }
    match &target.credential {
        Credential::Password(password) => Ok(password.expose()),
        _ => Err(no_keys("a password")),
    }
}

fn md5_response(
    target: &Target,
    salt: [u8; 4],
) -> Result<zeroize::Zeroizing<String>, ConnectError> {
    if !target.require_auth.md5 {
        return Err(not_allowed("an MD5 password"));
    }
    match &target.credential {
        Credential::Password(password) => {
            let stored = md5::hash(&target.user, password.expose().as_bytes());
            Ok(md5::response(&stored, salt))
        }
        Credential::Md5(stored) => Ok(md5::response(stored.expose(), salt)),
        Credential::None | Credential::Scram(_) => Err(no_keys("an MD5 password")),
    }
}

fn scram_credential(target: &Target) -> Result<ScramCredential, ConnectError> {
    if !target.require_auth.scram_sha_256 {
        return Err(not_allowed("SCRAM-SHA-256"));
    }
    match &target.credential {
        Credential::Password(password) => Ok(ScramCredential::Password(password.clone())),
        Credential::Scram(keys) => Ok(ScramCredential::Keys(keys.clone())),
        Credential::None | Credential::Md5(_) => Err(no_keys("a SCRAM proof")),
    }
}

/// Binds to the TLS channel when both sides can. Over TLS, a server that offers no binding is told
/// that we could have: one that did offer it then knows that somebody took the offer away.
fn binding(mechanisms: &[&str], stream: &Stream) -> Result<Binding, ConnectError> {
    let endpoint = stream.tls().and_then(|tls| tls.endpoint.as_deref());
    let plus = mechanisms.contains(&SCRAM_SHA_256_PLUS);
    match endpoint {
        Some(hash) if plus => Ok(Binding::EndPoint(hash.to_vec())),
        _ if !mechanisms.contains(&SCRAM_SHA_256) => Err(ConnectError::failed(
            "the server offers no SASL mechanism that is spoken here",
        )),
        Some(_) => Ok(Binding::Unoffered),
        None => Ok(Binding::Unsupported),
    }
}

fn nonce(world: &World) -> String {
    let mut bytes = [0; NONCE];
    world.fill_random(&mut bytes);
    STANDARD.encode(bytes)
}

fn scram(error: &ScramClientError, target: &Target) -> ConnectError {
    match error {
        ScramClientError::SaltMismatch => ConnectError::KeysStale(Error::stale_keys(&target.user)),
        other => {
            let message = "the SCRAM exchange with the server failed";
            ConnectError::Failed(Error::server(message).with_source(other.clone()))
        }
    }
}

fn not_allowed(method: &str) -> ConnectError {
    ConnectError::failed(format!(
        "the server asks for {method}, which server_require_auth does not allow"
    ))
}

fn no_keys(what: &str) -> ConnectError {
    let error = Error::not_allowed(format!(
        "the server asks for {what}, and there is none to give"
    ));
    ConnectError::NoKeys(error.with_hint(
        "A login by a trust rule or an MD5 hash brings nothing that proves the user to PostgreSQL.",
    ))
}

fn unknown_method(kind: u32) -> ConnectError {
    ConnectError::failed(format!(
        "the server asks for authentication method {kind}, which is not supported"
    ))
}
