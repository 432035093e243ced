//! A password that arrives as it is, against whatever is stored.

use subtle::ConstantTimeEq;

use super::scram::secret::ScramKeys;
use super::secret::StoredSecret;
use super::{Proof, md5};

/// Against a SCRAM verifier the proof brings the keys, so that passthrough works as after a SCRAM
/// exchange; that costs the verifier's iterations. An empty password never matches.
pub fn verify(secret: &StoredSecret, user: &str, password: &[u8]) -> Option<Proof> {
    if password.is_empty() {
        return None;
    }
    match secret {
        StoredSecret::Plain(plain) => same(plain.expose().as_bytes(), password),
        StoredSecret::Md5(hash) => {
            let given = md5::hash(user, password);
            same(hash.expose().as_bytes(), given.as_bytes())
        }
        StoredSecret::Scram(verifier) => {
            let keys = ScramKeys::from_password(password, verifier.salt(), verifier.iterations())?;
            keys.fit(verifier).then(|| Proof::with_keys(keys))
        }
        StoredSecret::Empty => None,
    }
}

fn same(stored: &[u8], given: &[u8]) -> Option<Proof> {
    bool::from(stored.ct_eq(given)).then(Proof::without_keys)
}
