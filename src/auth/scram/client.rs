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
    /// The server said so in SCRAM's own words; PostgreSQL sends an `ErrorResponse` instead.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::scram::server::ServerExchange;

    fn keys(password: &[u8], salt: &[u8], iterations: u32) -> Arc<ScramKeys> {
        Arc::new(ScramKeys::from_password(password, salt, iterations).unwrap())
    }

    /// Our client against our server; the keys that the server learned.
    fn exchange(
        credential: Credential,
        stored: &ScramKeys,
        binding: Binding,
    ) -> Result<Arc<ScramKeys>, String> {
        let offered = match &binding {
            Binding::EndPoint(hash) => Some(hash.clone()),
            _ => None,
        };
        let mechanism = binding.mechanism();
        let server = ServerExchange::start(stored.verifier(), offered, "server".to_owned());
        let (client, message) = ClientExchange::start(credential, binding, "client".to_owned());
        let shown = |error: &dyn std::fmt::Debug| format!("{error:?}");
        let (server, message) = server
            .client_first(mechanism, &message)
            .map_err(|e| shown(&e))?;
        let (client, message) = client.server_first(&message).map_err(|e| shown(&e))?;
        let (proof, message) = server.client_final(&message).map_err(|e| shown(&e))?;
        client.server_final(&message).map_err(|e| shown(&e))?;
        Ok(proof.keys.unwrap())
    }

    #[test]
    fn keys_that_a_proof_gave_away_prove_again() {
        let stored = keys(b"pw", b"salt", 3);
        let password = Credential::Password(Secret::new("pw"));
        let learned = exchange(password, &stored, Binding::Unsupported).unwrap();
        assert!(learned.fit(&stored.verifier()));
        let passed_on = Credential::Keys(learned);
        exchange(passed_on, &stored, Binding::EndPoint(vec![7; 32])).unwrap();
    }

    #[test]
    fn stale_keys_send_no_proof() {
        let stored = keys(b"pw", b"salt", 3);
        for stale in [keys(b"pw", b"tlas", 3), keys(b"pw", b"salt", 4)] {
            let error = exchange(Credential::Keys(stale), &stored, Binding::Unsupported);
            assert_eq!(error.unwrap_err(), "SaltMismatch");
        }
    }

    fn awaiting_server_first() -> AwaitServerFirst {
        let password = Credential::Password(Secret::new("pw"));
        ClientExchange::start(password, None, "client".to_owned()).0
    }

    #[test]
    fn a_hostile_first_message_is_refused() {
        use ScramClientError::{Malformed, TooManyIterations};
        let nonce = Malformed("nonce does not extend ours");
        for (message, expected) in [
            ("r=client,s=c2FsdA==,i=1", nonce.clone()),
            ("r=other,s=c2FsdA==,i=1", nonce.clone()),
            ("r=xclientx,s=c2FsdA==,i=1", nonce),
            ("r=clientx,s=c2FsdA==,i=1000001", TooManyIterations),
            (
                "r=clientx,s=c2FsdA==,i=99999999",
                Malformed("unusable iteration count"),
            ),
            ("r=clientx", Malformed("no salt")),
        ] {
            let error = awaiting_server_first().server_first(message.as_bytes());
            assert_eq!(error.err(), Some(expected), "{message}");
        }
    }

    #[test]
    fn a_server_that_does_not_know_the_verifier_is_not_believed() {
        use ScramClientError::{Malformed, Refused, ServerSignature};
        let zeros = format!("v={}", STANDARD.encode([0; 32]));
        for (message, expected) in [
            (&*zeros, ServerSignature),
            ("e=other-error", Refused),
            ("v=", Malformed("invalid signature")),
            ("", Malformed("no signature")),
        ] {
            let first = b"r=clientserver,s=c2FsdA==,i=1";
            let (next, _) = awaiting_server_first().server_first(first).unwrap();
            assert_eq!(
                next.server_final(message.as_bytes()),
                Err(expected),
                "{message}"
            );
        }
    }

    proptest! {
        #[test]
        fn our_two_sides_agree(
            right in ".{0,12}", wrong in ".{0,12}",
            salt in prop::collection::vec(any::<u8>(), 1..70), iterations in 1_u32..6, hash in prop::collection::vec(any::<u8>(), 0..64),
            how in 0..3,
        ) {
            let binding = match how {
                0 => Binding::Unsupported,
                1 => Binding::Unoffered,
                _ => Binding::EndPoint(hash),
            };
            let stored = keys(right.as_bytes(), &salt, iterations);
            let given = |text: &str| Credential::Password(Secret::new(text));
            prop_assert!(exchange(given(&right), &stored, binding.clone()).is_ok());
            let same = keys(wrong.as_bytes(), &salt, iterations).fit(&stored.verifier());
            prop_assert_eq!(exchange(given(&wrong), &stored, binding).is_ok(), same);
        }
    }
}
