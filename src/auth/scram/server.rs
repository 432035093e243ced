//! The server's side: a client proves itself to a verifier, and gives its keys away doing so.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{hmac, xor};
use super::message::{ClientFinal, ClientFirst, Flag, ServerFinal, ServerFirst, binding};
use super::secret::{ScramKeys, Verifier, stored_key};
use super::{SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::auth::Proof;
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
    /// Takes the mechanism and the data of `SASLInitialResponse`; gives the server-first message.
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
    /// `AuthMessage` up to the client's last message.
    so_far: String,
    bound: bool,
    binding: Vec<u8>,
    verifier: Verifier,
}

impl AwaitClientFinal {
    /// Takes the client's last message; gives a proof with its keys, and the server-final message.
    pub fn client_final(self, data: &[u8]) -> Result<(Proof, Vec<u8>), ScramError> {
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
        let keys = ScramKeys::proven(client_key, self.verifier);
        Ok((Proof::with_keys(keys), server_final))
    }
}

#[cfg(test)]
mod tests {
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
    use postgres_protocol::password;

    use super::*;

    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const FINAL: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    /// The exchange of RFC 7677, section 3, from the server's side.
    fn rfc_7677() -> AwaitClientFirst {
        let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
            $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
            wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        let verifier = Verifier::parse(verifier).unwrap();
        ServerExchange::start(verifier, None, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned())
    }

    #[test]
    fn the_example_of_rfc_7677() {
        let (next, first) = rfc_7677().client_first(SCRAM_SHA_256, FIRST).unwrap();
        let expected = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(first, expected);
        let (proof, last) = next.client_final(FINAL).unwrap();
        let keys = proof.keys.unwrap();
        assert_eq!(last, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let salt = keys.salt().to_vec();
        let derived = ScramKeys::from_password(b"pencil", &salt, 4096).unwrap();
        assert_eq!(**keys.client_key(), **derived.client_key());
        assert_eq!(**keys.server_key(), **derived.server_key());
    }

    #[test]
    fn a_tampered_last_message_is_refused() {
        let text = std::str::from_utf8(FINAL).unwrap();
        for (from, to, expected) in [
            ("p=dHzb", "p=eHzb", ScramError::Refused),
            (
                "c=biws",
                "c=eSws",
                ScramError::Malformed("unexpected channel binding"),
            ),
            (
                "%hvY",
                "%hvZ",
                ScramError::Malformed("nonce does not match"),
            ),
            (
                "rOpr",
                "rOps",
                ScramError::Malformed("nonce does not match"),
            ),
            (",p=", ",x=1,p=", ScramError::Refused),
            (",p=", ",p", ScramError::Malformed("no proof")),
        ] {
            let (next, _) = rfc_7677().client_first(SCRAM_SHA_256, FIRST).unwrap();
            let error = next.client_final(text.replace(from, to).as_bytes());
            assert_eq!(error.unwrap_err(), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn flag_mechanism_and_offer_must_agree() {
        let (n, y) = ("n,,n=,r=abc", "y,,n=,r=abc");
        let p = "p=tls-server-end-point,,n=,r=abc";
        let confused = "mechanism and channel binding flag contradict each other";
        let none = "mechanism was not offered";
        let malformed = |reason| Some(ScramError::Malformed(reason));
        for (offered, mechanism, first, expected) in [
            (false, SCRAM_SHA_256, n, None),
            (false, SCRAM_SHA_256, y, None),
            (false, SCRAM_SHA_256, p, malformed(confused)),
            (false, SCRAM_SHA_256_PLUS, p, malformed(none)),
            (true, SCRAM_SHA_256, n, None),
            (true, SCRAM_SHA_256, y, Some(ScramError::ChannelBinding)),
            (true, SCRAM_SHA_256, p, malformed(confused)),
            (true, SCRAM_SHA_256_PLUS, n, malformed(confused)),
            (true, SCRAM_SHA_256_PLUS, y, malformed(confused)),
            (true, SCRAM_SHA_256_PLUS, p, None),
            (true, "SCRAM-SHA-1", n, malformed(none)),
            (true, "", n, malformed(none)),
        ] {
            let mut start = rfc_7677();
            start.offered = offered.then(|| b"hash".to_vec());
            let result = start.client_first(mechanism, first.as_bytes());
            assert_eq!(result.err(), expected, "{offered} {mechanism} {first}");
        }
    }

    #[test]
    fn another_channels_binding_is_refused() {
        let (bound, _) = bound_exchange(b"ours", b"theirs");
        assert_eq!(bound.unwrap_err(), ScramError::ChannelBinding);
        assert!(bound_exchange(b"ours", b"ours").0.is_ok());
    }

    type Finished = Result<(Proof, Vec<u8>), ScramError>;

    fn bound_exchange(ours: &[u8], theirs: &[u8]) -> (Finished, ScramSha256) {
        let binding = ChannelBinding::tls_server_end_point(theirs.to_vec());
        exchange(b"pw", "pw", binding, Some(ours.to_vec()))
    }

    /// Another implementation's client against this server.
    fn exchange(
        stored: &[u8],
        given: &str,
        binding: ChannelBinding,
        offered: Option<Vec<u8>>,
    ) -> (Finished, ScramSha256) {
        let verifier = Verifier::parse(&password::scram_sha_256(stored)).unwrap();
        let mechanism = offered
            .as_ref()
            .map_or(SCRAM_SHA_256, |_| SCRAM_SHA_256_PLUS);
        let mut client = ScramSha256::new(given.as_bytes(), binding);
        let start = ServerExchange::start(verifier, offered, "ours".to_owned());
        let (next, first) = start.client_first(mechanism, client.message()).unwrap();
        client.update(&first).unwrap();
        (next.client_final(client.message()), client)
    }

    #[test]
    fn another_client_gets_in_and_believes_us() {
        for pass in ["pw", "pass\u{a0}word", "\u{7}", "ü", ""] {
            let unbound = ChannelBinding::unsupported();
            let (finished, mut client) = exchange(pass.as_bytes(), pass, unbound, None);
            client.finish(&finished.unwrap().1).unwrap();
        }
        let (finished, mut client) = bound_exchange(b"ours", b"ours");
        client.finish(&finished.unwrap().1).unwrap();
        let (finished, _) = exchange(b"pw", "px", ChannelBinding::unsupported(), None);
        assert_eq!(finished.unwrap_err(), ScramError::Refused);
    }

    #[test]
    fn errors_carry_their_sqlstates() {
        for (error, code) in [
            (ScramError::Malformed("x"), "08P01"),
            (ScramError::Refused, "28P01"),
            (ScramError::ChannelBinding, "28000"),
        ] {
            assert_eq!(error.into_error("al").sqlstate.as_str(), code);
        }
    }
}
