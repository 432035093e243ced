//! What the server side stores (a verifier), and what the client side needs (its keys).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{Key, hmac, salted_password};

/// What every verifier begins with.
pub const SCHEME: &str = "SCRAM-SHA-256$";

/// The most iterations of a verifier that is taken. Passing keys through costs none of them, the
/// client does the work.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// The most iterations that the pooler computes itself, from a password: some tenths of a second
/// during which its thread does nothing else.
pub const MAX_DERIVED_ITERATIONS: u32 = 1_000_000;

/// The longest salt in bytes; PostgreSQL makes 16.
pub const MAX_SALT: usize = 1024;

/// Iterations and salt bytes of PostgreSQL's own verifiers (`scram-common.h`).
pub const DEFAULT_ITERATIONS: u32 = 4096;
pub const DEFAULT_SALT: usize = 16;

/// Enough to check a client's proof and to prove ourselves, not enough to log in.
#[derive(Clone)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: [u8; 32],
    server_key: Key,
}

impl Verifier {
    /// Reads `SCRAM-SHA-256$iterations:salt$stored key:server key`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, keys) = text.strip_prefix(SCHEME)?.split_once('$')?;
        let (iterations, salt) = numbers.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let salt = STANDARD.decode(salt).ok()?;
        let salt_fits = (1..=MAX_SALT).contains(&salt.len());
        salt_fits.then_some(Self {
            iterations: parse_iterations(iterations)?,
            salt,
            stored_key: decode_32(stored_key)?,
            server_key: Zeroizing::new(decode_32(server_key)?),
        })
    }

    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn stored_key(&self) -> &[u8; 32] {
        &self.stored_key
    }

    pub(super) fn server_key(&self) -> &Key {
        &self.server_key
    }

    /// Everything that makes two verifiers different.
    pub(in crate::auth) fn feed(&self, hash: &mut Sha256) {
        hash.update(b"s");
        hash.update(self.iterations.to_be_bytes());
        hash.update(&self.salt);
        hash.update(self.stored_key);
        hash.update(*self.server_key);
    }
}

impl PartialEq for Verifier {
    fn eq(&self, other: &Self) -> bool {
        let public = self.iterations == other.iterations && self.salt == other.salt;
        let keys = self.stored_key.ct_eq(&other.stored_key)
            & self
                .server_key
                .as_slice()
                .ct_eq(other.server_key.as_slice());
        public && bool::from(keys)
    }
}

impl Eq for Verifier {}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(***)")
    }
}

/// The verifier of a user that does not exist: what it looks like depends on the name and the
/// process's secret only, and no proof fits it.
pub fn mock_verifier(process_secret: &[u8; 32], user: &str) -> Verifier {
    let of = |what: &str| hmac(process_secret, format!("{what}:{user}").as_bytes());
    Verifier {
        iterations: DEFAULT_ITERATIONS,
        salt: of("salt")[..DEFAULT_SALT].to_vec(),
        stored_key: *of("stored key"),
        server_key: of("server key"),
    }
}

/// `ClientKey` and `ServerKey` of one verifier: as good as the password wherever that is stored.
#[derive(Clone)]
pub struct ScramKeys {
    client_key: Key,
    server_key: Key,
    salt: Vec<u8>,
    iterations: u32,
}

impl ScramKeys {
    /// Does the work of `iterations`; `None` when they are none or more than
    /// [`MAX_DERIVED_ITERATIONS`].
    pub fn from_password(password: &[u8], salt: &[u8], iterations: u32) -> Option<Self> {
        if !(1..=MAX_DERIVED_ITERATIONS).contains(&iterations) {
            return None;
        }
        let salted = salted_password(password, salt, iterations);
        Some(Self {
            client_key: hmac(&*salted, b"Client Key"),
            server_key: hmac(&*salted, b"Server Key"),
            salt: salt.to_vec(),
            iterations,
        })
    }

    /// What a proof against `verifier` gave away.
    pub(super) fn proven(client_key: Key, verifier: Verifier) -> Self {
        Self {
            client_key,
            server_key: verifier.server_key,
            salt: verifier.salt,
            iterations: verifier.iterations,
        }
    }

    /// What a server stores of these keys.
    pub fn verifier(&self) -> Verifier {
        Verifier {
            iterations: self.iterations,
            salt: self.salt.clone(),
            stored_key: stored_key(&self.client_key),
            server_key: self.server_key.clone(),
        }
    }

    /// Are these the keys of `verifier`?
    pub fn fit(&self, verifier: &Verifier) -> bool {
        self.verifier() == *verifier
    }

    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn client_key(&self) -> &Key {
        &self.client_key
    }

    pub(super) fn server_key(&self) -> &Key {
        &self.server_key
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramKeys(***)")
    }
}

pub(super) fn stored_key(client_key: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(client_key).into()
}

/// A number of iterations as verifiers and server-first messages write it.
pub(super) fn parse_iterations(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let iterations = digits.then(|| text.parse().ok())??;
    (1..=MAX_ITERATIONS)
        .contains(&iterations)
        .then_some(iterations)
}

pub(super) fn decode_32(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use postgres_protocol::password;

    use super::*;

    /// The example of RFC 7677: password `pencil`.
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const STORED: &str = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
    const SERVER: &str = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn a_password_makes_the_verifier_that_postgresql_stores() {
        let text = format!("SCRAM-SHA-256$4096:{SALT}${STORED}:{SERVER}");
        let verifier = Verifier::parse(&text).unwrap();
        let keys = ScramKeys::from_password(b"pencil", verifier.salt(), 4096).unwrap();
        assert_eq!(keys.verifier(), verifier);
        for pass in ["pencil", "pass\u{a0}word", "\u{7}bell", "I\u{ad}X"] {
            let text = password::scram_sha_256(pass.as_bytes());
            let verifier = Verifier::parse(&text).unwrap();
            let (salt, rounds) = (verifier.salt(), verifier.iterations());
            let keys = ScramKeys::from_password(pass.as_bytes(), salt, rounds).unwrap();
            assert!(keys.fit(&verifier), "{pass:?}");
            let other = ScramKeys::from_password(b"other", salt, rounds).unwrap();
            assert!(!other.fit(&verifier));
        }
    }

    #[test]
    fn salts_of_every_usual_length_are_taken() {
        for length in [1, 8, 16, 32, 64, MAX_SALT] {
            let salt = STANDARD.encode(vec![7; length]);
            let text = format!("SCRAM-SHA-256$1:{salt}${STORED}:{SERVER}");
            assert_eq!(Verifier::parse(&text).unwrap().salt().len(), length);
        }
    }

    #[test]
    fn anything_else_is_no_verifier() {
        let long = STANDARD.encode([7; MAX_SALT + 1]);
        let short = &STORED[4..];
        for text in [
            String::new(),
            "SCRAM-SHA-256$4096".to_owned(),
            format!("SCRAM-SHA-1$4096:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$0:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$-1:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$+1:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$10000001:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$99999999999:{SALT}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$4096:${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$4096:{long}${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$4096:!${STORED}:{SERVER}"),
            format!("SCRAM-SHA-256$4096:{SALT}${STORED}"),
            format!("SCRAM-SHA-256$4096:{SALT}${short}:{SERVER}"),
            format!("SCRAM-SHA-256$4096:{SALT}${STORED}:{short}"),
            format!("SCRAM-SHA-256$4096:{SALT}${STORED}:{SERVER}="),
            format!("SCRAM-SHA-256$4096:{SALT}${STORED}:{SERVER}:"),
            format!(" SCRAM-SHA-256$4096:{SALT}${STORED}:{SERVER}"),
        ] {
            assert!(Verifier::parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_unknown_user_looks_the_same_every_time() {
        let mock = mock_verifier(&[1; 32], "nobody");
        assert_eq!(mock, mock_verifier(&[1; 32], "nobody"));
        assert_eq!((mock.iterations(), mock.salt().len()), (4096, 16));
        for other in [
            mock_verifier(&[1; 32], "nobodx"),
            mock_verifier(&[2; 32], "nobody"),
        ] {
            assert_ne!(mock.salt(), other.salt());
            assert_ne!(mock.stored_key(), other.stored_key());
        }
    }

    #[test]
    fn work_is_bounded_and_keys_are_not_shown() {
        for iterations in [0, MAX_DERIVED_ITERATIONS + 1, u32::MAX] {
            assert!(ScramKeys::from_password(b"p", b"s", iterations).is_none());
        }
        let keys = ScramKeys::from_password(b"p", b"s", 1).unwrap();
        assert_eq!(
            format!("{keys:?} {:?}", keys.verifier()),
            "ScramKeys(***) Verifier(***)"
        );
    }
}
