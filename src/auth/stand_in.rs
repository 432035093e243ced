//! The verifiers of users who have none, which look like everybody else's.
//!
//! A user that does not exist and one whose plain password is in the file must not be told apart,
//! so both get the same salt, stable per name, and the same iterations, at the same cost.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::StoredSecret;
use super::scram::secret::{ScramKeys, Verifier, mock_verifier};

/// Verifiers made from plain passwords that are remembered; deriving one costs a millisecond or so.
const MAX_DERIVED: usize = 1024;

/// Made once per process from random bytes; by design it forgets itself at a restart.
pub struct StandIns {
    process_secret: Zeroizing<[u8; 32]>,
    /// By user, with the fingerprint of the secret that they were derived from.
    derived: Mutex<BTreeMap<String, (u64, Verifier)>>,
}

impl StandIns {
    pub fn new(process_secret: [u8; 32]) -> Self {
        Self {
            process_secret: Zeroizing::new(process_secret),
            derived: Mutex::default(),
        }
    }

    /// A verifier that no proof fits.
    pub fn mock(&self, user: &str) -> Verifier {
        mock_verifier(&self.process_secret, user)
    }

    /// What `user` has to prove itself to in a SCRAM exchange; `None` = no such user. A secret that
    /// SCRAM can't use gets a verifier that no proof fits.
    pub fn verifier(&self, user: &str, secret: Option<&StoredSecret>) -> Verifier {
        match secret {
            Some(StoredSecret::Scram(verifier)) => (**verifier).clone(),
            Some(plain @ StoredSecret::Plain(password)) => {
                let password = password.expose().as_bytes();
                self.derive(user, plain.fingerprint(), password)
            }
            Some(StoredSecret::Md5(_) | StoredSecret::Empty) | None => self.mock(user),
        }
    }

    fn derive(&self, user: &str, fingerprint: u64, password: &[u8]) -> Verifier {
        if let Some((of, verifier)) = self.remembered().get(user)
            && *of == fingerprint
        {
            return verifier.clone();
        }
        let mock = self.mock(user);
        let keys = ScramKeys::from_password(password, mock.salt(), mock.iterations());
        let verifier = keys.map_or(mock, |keys| keys.verifier());
        let mut remembered = self.remembered();
        if remembered.len() >= MAX_DERIVED {
            remembered.clear();
        }
        remembered.insert(user.to_owned(), (fingerprint, verifier.clone()));
        verifier
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (u64, Verifier)>> {
        // Nothing panics while it is locked, and what is in it is whole at any time.
        self.derived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandIns(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_password_looks_like_nobody_at_all() {
        let stand_ins = StandIns::new([7; 32]);
        let plain = StoredSecret::parse("pw");
        let mine = stand_ins.verifier("al", Some(&plain));
        let mock = stand_ins.verifier("al", None);
        assert_eq!(mine.salt(), mock.salt());
        assert_eq!(mine.iterations(), mock.iterations());
        assert_ne!(mine, mock);
        let keys = ScramKeys::from_password(b"pw", mine.salt(), 4096).unwrap();
        assert!(keys.fit(&mine));
        assert_eq!(stand_ins.verifier("al", Some(&plain)), mine);
        let changed = StoredSecret::parse("px");
        assert_ne!(stand_ins.verifier("al", Some(&changed)), mine);
    }

    #[test]
    fn what_scram_cannot_use_is_as_good_as_nobody() {
        let stand_ins = StandIns::new([7; 32]);
        for text in ["", "md50123456789abcdef0123456789abcdef", "SCRAM-SHA-256$"] {
            let secret = StoredSecret::parse(text);
            assert_eq!(
                stand_ins.verifier("al", Some(&secret)),
                stand_ins.mock("al")
            );
        }
        assert_eq!(format!("{stand_ins:?}"), "StandIns(***)");
    }
}
