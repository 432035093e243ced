//! How a client proves who it is: the method that fits, and the exchange.
//!
//! A wrong password and a user that does not exist go the same way: the same messages of the same
//! lengths, and the same work.

use std::hint::black_box;

use zeroize::Zeroizing;

use crate::auth::scram::message::nonce;
use crate::auth::scram::server::{AwaitClientFirst, ScramError, ServerExchange};
use crate::auth::scram::{SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::auth::{Md5Answer, Proof, StandIns, StoredSecret, cleartext};
use crate::error::{Error, ErrorKind, Result};
use crate::net::pg::PgStream;
use crate::wire::frontend::{self, SaslInitialResponse, tags};
use crate::wire::{Malformed, encode};
use crate::world::World;

/// The longest `PasswordMessage` in bytes (`PG_MAX_AUTH_TOKEN_LENGTH`, `auth.h`).
const MAX_PASSWORD: usize = 65_535;

/// The longest SASL message in bytes (`PG_MAX_SASL_MESSAGE_LENGTH`, `sasl.h`).
const MAX_SASL: usize = 1024;

/// Random bytes of our nonce (`SCRAM_RAW_NONCE_LEN`, `scram-common.h`).
const NONCE: usize = 18;

/// How a client is asked to prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Trust,
    Cleartext,
    Md5,
    Scram,
}

impl Method {
    /// What the method of an HBA rule becomes for a user's secret; `None` = no such user. MD5 is
    /// for those whose secret allows it, everybody else does SCRAM, as at PostgreSQL. A secret that
    /// the method can't use does not change the method: the exchange ends as with a wrong password.
    #[must_use]
    pub fn fit(self, secret: Option<&StoredSecret>) -> Self {
        match (self, secret) {
            (Self::Md5, Some(StoredSecret::Md5(_) | StoredSecret::Plain(_))) => Self::Md5,
            (Self::Md5, _) => Self::Scram,
            (other, _) => other,
        }
    }

    /// Without any HBA rules: the strongest method that the secret allows.
    pub fn of_secret(secret: Option<&StoredSecret>) -> Self {
        match secret {
            Some(StoredSecret::Md5(_)) => Self::Md5,
            _ => Self::Scram,
        }
    }
}

/// Who is to prove itself, and how.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub user: &'a str,
    /// The HBA rule's; [`Method::fit`] is applied.
    pub method: Method,
    /// `None` = no such user.
    pub secret: Option<&'a StoredSecret>,
    pub stand_ins: &'a StandIns,
    /// The hash of our own certificate on a TLS connection: offers SCRAM-SHA-256-PLUS.
    pub endpoint_hash: Option<&'a [u8]>,
}

/// How it ended. No end has been announced to the client, only the exchange is over.
#[derive(Debug)]
pub enum Outcome {
    Proven(Proof),
    /// A wrong password, or nobody to have one.
    Refused,
    /// Wrong for the secret we had; the answer can be tried on a newer one.
    WrongMd5(Md5Answer),
}

impl Outcome {
    /// The proof, or the error that the client is to be told.
    pub fn into_proof(self, user: &str) -> Result<Proof> {
        match self {
            Self::Proven(proof) => Ok(proof),
            Self::Refused | Self::WrongMd5(_) => Err(Error::wrong_password(user)),
        }
    }
}

/// Asks the client and judges its answers. `AuthenticationOk` and the error of a refusal are the
/// caller's to send.
///
/// # Errors
/// 08P01 and 28000 for what is no answer, [`ErrorKind::ClientGone`] when the client has left.
///
/// # Cancel safety
/// None: a dropped exchange can't be taken up again, close the connection.
pub async fn challenge(pg: &mut PgStream, world: &World, ask: Ask<'_>) -> Result<Outcome> {
    match ask.method.fit(ask.secret) {
        Method::Trust => Ok(Outcome::Proven(Proof::trusted())),
        Method::Cleartext => ask_cleartext(pg, ask).await,
        Method::Md5 => ask_md5(pg, world, ask).await,
        Method::Scram => ask_scram(pg, world, ask).await,
    }
}

async fn ask_cleartext(pg: &mut PgStream, ask: Ask<'_>) -> Result<Outcome> {
    send(pg, encode::authentication_cleartext).await?;
    let body = answer(pg, MAX_PASSWORD).await?;
    let password = frontend::password(&body)?;
    let proof = match ask.secret {
        Some(secret @ StoredSecret::Scram(_)) => cleartext::verify(secret, ask.user, password),
        other => {
            // The work that a verifier would have cost, so that its absence can't be timed.
            let mock = StoredSecret::Scram(Box::new(ask.stand_ins.mock(ask.user)));
            black_box(cleartext::verify(&mock, ask.user, password));
            other.and_then(|secret| cleartext::verify(secret, ask.user, password))
        }
    };
    Ok(proof.map_or(Outcome::Refused, Outcome::Proven))
}

async fn ask_md5(pg: &mut PgStream, world: &World, ask: Ask<'_>) -> Result<Outcome> {
    let mut salt = [0; 4];
    world.fill_random(&mut salt);
    send(pg, |out| encode::authentication_md5(out, salt)).await?;
    let body = answer(pg, MAX_PASSWORD).await?;
    let answer = Md5Answer::new(salt, frontend::password(&body)?);
    let proof = ask.secret.and_then(|secret| answer.fits(ask.user, secret));
    Ok(proof.map_or(Outcome::WrongMd5(answer), Outcome::Proven))
}

async fn ask_scram(pg: &mut PgStream, world: &World, ask: Ask<'_>) -> Result<Outcome> {
    let mut random = [0; NONCE];
    world.fill_random(&mut random);
    let verifier = ask.stand_ins.verifier(ask.user, ask.secret);
    let offered = ask.endpoint_hash.map(<[u8]>::to_vec);
    let exchange = ServerExchange::start(verifier, offered, nonce(&random));
    let mechanisms: &[&str] = match ask.endpoint_hash {
        Some(_) => &[SCRAM_SHA_256_PLUS, SCRAM_SHA_256],
        None => &[SCRAM_SHA_256],
    };
    send(pg, |out| encode::authentication_sasl(out, mechanisms)).await?;
    converse(pg, exchange, ask).await
}

async fn converse(pg: &mut PgStream, exchange: AwaitClientFirst, ask: Ask<'_>) -> Result<Outcome> {
    let initial = answer(pg, MAX_SASL).await?;
    let initial = SaslInitialResponse::parse(&initial)?;
    let later;
    let data = if let Some(data) = initial.data {
        data
    } else {
        // The client wants to be asked before it says anything.
        send(pg, |out| encode::sasl_continue(out, &[])).await?;
        later = answer(pg, MAX_SASL).await?;
        &later
    };
    let told = |error: ScramError| error.into_error(ask.user);
    let (exchange, first) = exchange
        .client_first(initial.mechanism, data)
        .map_err(told)?;
    send(pg, |out| encode::sasl_continue(out, &first)).await?;
    let last = answer(pg, MAX_SASL).await?;
    match exchange.client_final(&last) {
        Ok((mut proof, signature)) => {
            send(pg, |out| encode::sasl_final(out, &signature)).await?;
            if !matches!(ask.secret, Some(StoredSecret::Scram(_))) {
                // The keys of a verifier that we made up open nothing at PostgreSQL.
                proof.keys = None;
            }
            Ok(Outcome::Proven(proof))
        }
        Err(ScramError::Refused) => Ok(Outcome::Refused),
        Err(error) => Err(told(error)),
    }
}

async fn send(pg: &mut PgStream, encode: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut out = Vec::new();
    encode(&mut out);
    let sent = pg.send(&out).await;
    sent.map_err(|error| Error::client_gone().with_source(error))
}

/// The body of the next message, which must be an answer.
async fn answer(pg: &mut PgStream, max: usize) -> Result<Zeroizing<Vec<u8>>> {
    match pg.read_frame(max).await {
        Ok(Some(frame)) if frame.tag == tags::PASSWORD => Ok(Zeroizing::new(frame.body)),
        Ok(Some(_)) => Err(Malformed("expected an answer to the authentication request").into()),
        Ok(None) => Err(Error::client_gone()),
        Err(lost) if lost.kind == ErrorKind::Server => Err(Error::client_gone().with_source(lost)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
