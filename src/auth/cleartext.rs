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

#[cfg(test)]
mod tests {
    use postgres_protocol::password;

    use super::*;

    fn check(stored: &str, given: &str) -> Option<Proof> {
        verify(&StoredSecret::parse(stored), "al", given.as_bytes())
    }

    #[test]
    fn every_kind_of_secret_takes_its_password_and_no_other() {
        let md5 = password::md5(b"right", "al");
        let scram = password::scram_sha_256(b"right");
        for stored in ["right", &md5, &scram] {
            assert!(check(stored, "right").is_some(), "{stored}");
            for wrong in ["", "wrong", "righ", "right ", stored] {
                let same = stored == wrong && stored == "right";
                assert_eq!(check(stored, wrong).is_some(), same, "{stored} {wrong}");
            }
        }
    }

    #[test]
    fn only_a_verifier_yields_keys_and_they_are_its_own() {
        let scram = password::scram_sha_256(b"right");
        let StoredSecret::Scram(verifier) = StoredSecret::parse(&scram) else {
            unreachable!()
        };
        let keys = check(&scram, "right").unwrap().keys.unwrap();
        assert!(keys.fit(&verifier));
        assert!(check("right", "right").unwrap().keys.is_none());
    }

    #[test]
    fn an_empty_password_never_matches() {
        let md5 = password::md5(b"", "al");
        let scram = password::scram_sha_256(b"");
        for stored in ["", &md5, &scram] {
            assert!(check(stored, "").is_none(), "{stored}");
        }
    }

    #[test]
    fn a_verifier_that_costs_too_much_is_not_computed() {
        let scram = password::scram_sha_256(b"right").replace("4096", "9999999");
        assert!(check(&scram, "right").is_none());
    }
}
