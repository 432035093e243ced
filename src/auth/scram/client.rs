//! The client's side: logs in with a password, or with the keys that somebody else's proof gave us.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::derive::{hmac, xor};
use super::message::{Flag, ServerFinal, ServerFirst, client_final_without_proof};
use super::secret::{ScramKeys, stored_key};
use super::{SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::config::settings::Secret;

/// What we log in with.
#[derive(Debug, Clone)]
pub enum Credential {
    Keys(Arc<ScramKeys>),
    Password(Secret),
}

/// Why we don't get in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScramClientError {
    /// The server's verifier is not the one that the keys belong to; no proof has left.
    #[error("the server's SCRAM verifier is another one than the keys belong to")]
    SaltMismatch,
    #[error("malformed SCRAM message from the server: {0}")]
    Malformed(&'static str),
    /// The server asks for more work than anybody should do for it.
    #[error("the server asks for too many SCRAM iterations")]
    TooManyIterations,
    /// The server said so in SCRAM's own words; PostgreSQL sends an ErrorResponse instead.
    #[error("the server refused the SCRAM proof")]
    Refused,
    /// It does not know the verifier: it is not the server we believe it to be.
    #[error("the server could not prove that it knows the user's verifier")]
    ServerSignature,
}

/// What we say about channel binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// No TLS.
    Unsupported,
    /// TLS, and the server offered no SCRAM-SHA-256-PLUS.
    Unoffered,
    /// The hash of the server's certificate.
    EndPoint(Vec<u8>),
}

impl From<Option<Vec<u8>>> for Binding {
    fn from(hash: Option<Vec<u8>>) -> Self {
        hash.map_or(Self::Unsupported, Self::EndPoint)
    }
}

impl Binding {
    /// The mechanism to ask for.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::EndPoint(_) => SCRAM_SHA_256_PLUS,
            _ => SCRAM_SHA_256,
        }
    }

    fn flag(&self) -> Flag {
        match self {
            Self::Unsupported => Flag::Unsupported,
            Self::Unoffered => Flag::Unoffered,
            Self::EndPoint(_) => Flag::EndPoint,
        }
    }

    fn data(&self) -> &[u8] {
        match self {
            Self::EndPoint(hash) => hash,
            _ => &[],
        }
    }
}

/// Where an exchange begins.
pub struct ClientExchange;

impl ClientExchange {
    /// Gives the client-first message; `nonce` must never have been used before.
    pub fn start(
        credential: Credential,
        binding: impl Into<Binding>,
        nonce: String,
    ) -> (AwaitServerFirst, Vec<u8>) {
        let binding = binding.into();
        // PostgreSQL takes the user from the startup packet and ignores this one.
        let bare = format!("n=,r={nonce}");
        let message = [binding.flag().header(), &bare].concat().into_bytes();
        let next = AwaitServerFirst {
            credential,
            binding,
            nonce,
            bare,
        };
        (next, message)
    }
}

/// Our nonce has been sent.
pub struct AwaitServerFirst {
    credential: Credential,
    binding: Binding,
    nonce: String,
    bare: String,
}

impl AwaitServerFirst {
    /// Takes the server-first message; gives the client-final message with our proof.
    pub fn server_first(
        self,
        data: &[u8],
    ) -> Result<(AwaitServerFinal, Vec<u8>), ScramClientError> {
        let first = ServerFirst::parse(data).map_err(ScramClientError::Malformed)?;
        let theirs = first.nonce.strip_prefix(&self.nonce).unwrap_or_default();
        if theirs.is_empty() {
            return Err(ScramClientError::Malformed("nonce does not extend ours"));
        }
        let keys = keys(self.credential, &first)?;
        let without_proof =
            client_final_without_proof(self.binding.flag(), self.binding.data(), first.nonce);
        // Parsed from UTF-8, so nothing is lost.
        let server_first = String::from_utf8_lossy(data);
        let auth_message = format!("{},{server_first},{without_proof}", self.bare);
        let mut proof = keys.client_key().clone();
        xor(
            &mut proof,
            &hmac(&stored_key(keys.client_key()), auth_message.as_bytes()),
        );
        let message = format!("{without_proof},p={}", STANDARD.encode(*proof));
        let next = AwaitServerFinal { keys, auth_message };
        Ok((next, message.into_bytes()))
    }
}

/// The keys for the server's salt and iterations. Keys that we did not derive ourselves must be of
/// exactly these: a proof from others would only show up as a failed login in PostgreSQL's log.
fn keys(
    credential: Credential,
    first: &ServerFirst<'_>,
) -> Result<Arc<ScramKeys>, ScramClientError> {
    match credential {
        Credential::Keys(keys) => {
            let same = keys.salt() == first.salt && keys.iterations() == first.iterations;
            same.then_some(keys).ok_or(ScramClientError::SaltMismatch)
        }
        Credential::Password(password) => {
            let password = password.expose().as_bytes();
            ScramKeys::from_password(password, &first.salt, first.iterations)
                .map(Arc::new)
                .ok_or(ScramClientError::TooManyIterations)
        }
    }
}

/// Our proof has been sent.
pub struct AwaitServerFinal {
    keys: Arc<ScramKeys>,
    auth_message: String,
}

impl AwaitServerFinal {
    /// The keys of this exchange, to spare the next login the work of deriving them.
    pub fn keys(&self) -> &Arc<ScramKeys> {
        &self.keys
    }

    /// Takes the server-final message; `Ok` = the server knows the verifier.
    pub fn server_final(self, data: &[u8]) -> Result<(), ScramClientError> {
        match ServerFinal::parse(data).map_err(ScramClientError::Malformed)? {
            ServerFinal::Refused(_) => Err(ScramClientError::Refused),
            ServerFinal::Signature(theirs) => {
                let ours = hmac(
                    self.keys.server_key().as_slice(),
                    self.auth_message.as_bytes(),
                );
                let same = ours.as_slice().ct_eq(&theirs);
                let same = bool::from(same).then_some(());
                same.ok_or(ScramClientError::ServerSignature)
            }
        }
    }
}
