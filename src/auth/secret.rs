//! What is stored of a user: in the configuration file, or in `pg_authid`.

use std::fmt;

use sha2::{Digest, Sha256};

use super::scram::secret::{SCHEME, Verifier};
use crate::config::settings::Secret;

#[derive(Clone, PartialEq, Eq)]
pub enum StoredSecret {
    Plain(Secret),
    /// `md5` and 32 lower-case hex digits.
    Md5(Secret),
    Scram(Box<Verifier>),
    /// Nothing that a password could match.
    Empty,
}

impl StoredSecret {
    /// Tells the kinds apart by their whole shape. A broken verifier is [`Self::Empty`], never
    /// [`Self::Plain`]: else whoever reads it could log in with it.
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        if let Some(hash) = md5_hash(text) {
            return Self::Md5(hash);
        }
        if !text.starts_with(SCHEME) {
            return Self::Plain(Secret::new(text));
        }
        Verifier::parse(text).map_or(Self::Empty, |verifier| Self::Scram(Box::new(verifier)))
    }

    /// Another number for another secret (with the odds of 64 bits); tells key epochs apart.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Sha256::new();
        match self {
            Self::Plain(text) => hash.update([&b"p"[..], text.expose().as_bytes()].concat()),
            Self::Md5(text) => hash.update([&b"m"[..], text.expose().as_bytes()].concat()),
            Self::Scram(verifier) => verifier.feed(&mut hash),
            Self::Empty => {}
        }
        let hash: [u8; 32] = hash.finalize().into();
        u64::from_be_bytes(std::array::from_fn(|i| hash[i]))
    }
}

fn md5_hash(text: &str) -> Option<Secret> {
    let digits = text.strip_prefix("md5").filter(|d| d.len() == 32)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| Secret::new(text.to_ascii_lowercase()))
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(***)",
            Self::Md5(_) => "Md5(***)",
            Self::Scram(_) => "Scram(***)",
            Self::Empty => "Empty",
        })
    }
}
