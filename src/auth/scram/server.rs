//! The server's side: a client proves itself to a verifier, and gives its keys away doing so.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{hmac, xor};
use super::message::{ClientFinal, ClientFirst, Flag, ServerFinal, ServerFirst, binding};
use super::secret::{ScramKeys, Verifier, stored_key};
use super::{SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::error::{Error, ErrorKind};
use crate::wire::SqlState;

/// Why a client did not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScramError {
    /// Not SCRAM: 08P01.
    Malformed(&'static str),
    /// A wrong password: 28P01.
    Refused,
    /// Somebody stands between us and the client, or the client is confused: 28000.
    ChannelBinding,
}

impl ScramError {
    /// What the client is told.
    pub fn into_error(self, user: &str) -> Error {
        match self {
            Self::Malformed(reason) => {
                Error::protocol("malformed SCRAM message").with_detail(reason)
            }
            Self::Refused => Error::wrong_password(user),
            Self::ChannelBinding => Error::new(
                ErrorKind::NotAllowed,
                SqlState::INVALID_AUTHORIZATION,
                "SCRAM channel binding check failed",
            ),
        }
    }
}

/// Where an exchange begins.
pub struct ServerExchange;

impl ServerExchange {
    /// `offered` is the hash of our own certificate if the client was offered SCRAM-SHA-256-PLUS;
    /// `nonce` must never have been used before.
    pub fn start(verifier: Verifier, offered: Option<Vec<u8>>, nonce: String) -> AwaitClientFirst {
        AwaitClientFirst {
            verifier,
            offered,
            nonce,
        }
    }
}

/// The client has been told the mechanisms.
pub struct AwaitClientFirst {
    verifier: Verifier,
    offered: Option<Vec<u8>>,
    nonce: String,
}

impl AwaitClientFirst {
    /// Takes the mechanism and the data of SASLInitialResponse; gives the server-first message.
    pub fn client_first(
        self,
        mechanism: &str,
        data: &[u8],
    ) -> Result<(AwaitClientFinal, Vec<u8>), ScramError> {
        let plus = match mechanism {
            SCRAM_SHA_256 => false,
            SCRAM_SHA_256_PLUS if self.offered.is_some() => true,
            _ => return Err(ScramError::Malformed("mechanism was not offered")),
        };
        let first = ClientFirst::parse(data).map_err(ScramError::Malformed)?;
        let binding = self.binding(first.flag, plus)?;
        let server_first = ServerFirst {
            nonce: &format!("{}{}", first.nonce, self.nonce),
            salt: self.verifier.salt().to_vec(),
            iterations: self.verifier.iterations(),
        };
        let message = server_first.format();
        let next = AwaitClientFinal {
            nonce: server_first.nonce.to_owned(),
            so_far: format!("{},{message},", first.bare),
            bound: plus,
            binding,
            verifier: self.verifier,
        };
        Ok((next, message.into_bytes()))
    }

    /// What the client's last message must repeat.
    fn binding(&self, flag: Flag, plus: bool) -> Result<Vec<u8>, ScramError> {
        match (flag, plus, self.offered.as_deref()) {
            (Flag::EndPoint, true, Some(hash)) => Ok(binding(flag, hash)),
            (Flag::EndPoint, ..) | (_, true, _) => Err(ScramError::Malformed(
                "mechanism and channel binding flag contradict each other",
            )),
            // It could bind and was offered it, but did not hear the offer: somebody cut it out.
            (Flag::Unoffered, false, Some(_)) => Err(ScramError::ChannelBinding),
            (Flag::Unoffered | Flag::Unsupported, false, _) => Ok(binding(flag, &[])),
        }
    }
}

/// The client knows salt and iterations.
pub struct AwaitClientFinal {
    nonce: String,
    /// AuthMessage up to the client's last message.
    so_far: String,
    bound: bool,
    binding: Vec<u8>,
    verifier: Verifier,
}

impl AwaitClientFinal {
    /// Takes the client's proof; gives its keys and the server-final message.
    pub fn client_final(self, data: &[u8]) -> Result<(ScramKeys, Vec<u8>), ScramError> {
        let last = ClientFinal::parse(data).map_err(ScramError::Malformed)?;
        if last.nonce != self.nonce {
            return Err(ScramError::Malformed("nonce does not match"));
        }
        if last.binding != self.binding {
            return Err(if self.bound {
                ScramError::ChannelBinding
            } else {
                ScramError::Malformed("unexpected channel binding")
            });
        }
        let auth_message = [&self.so_far, last.without_proof].concat();
        let mut client_key = Zeroizing::new(last.proof);
        let signature = hmac(self.verifier.stored_key(), auth_message.as_bytes());
        xor(&mut client_key, &signature);
        let fits = stored_key(&client_key).ct_eq(self.verifier.stored_key());
        let signature = hmac(
            self.verifier.server_key().as_slice(),
            auth_message.as_bytes(),
        );
        if !bool::from(fits) {
            return Err(ScramError::Refused);
        }
        let server_final = ServerFinal::format_signature(&signature).into_bytes();
        Ok((ScramKeys::proven(client_key, self.verifier), server_final))
    }
}
