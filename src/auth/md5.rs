//! MD5 as PostgreSQL uses it: it stores a hash of password and user, and a hash of that and a salt
//! is sent.

use std::fmt;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Proof, StoredSecret};

/// What PostgreSQL stores: `md5` and the hash of the password followed by the user's name.
pub fn hash(user: &str, password: &[u8]) -> Zeroizing<String> {
    digest(password, user.as_bytes())
}

/// The answer to an MD5 request, from what is stored.
pub fn response(stored: &str, salt: [u8; 4]) -> Zeroizing<String> {
    let hash = stored.strip_prefix("md5").unwrap_or(stored);
    digest(hash.as_bytes(), &salt)
}

/// Is `answer` the one that `stored` and `salt` ask for? Takes the same time for every answer.
pub fn verify(stored: &str, salt: [u8; 4], answer: &[u8]) -> bool {
    response(stored, salt).as_bytes().ct_eq(answer).into()
}

/// A client's answer to a salt of ours, which can be tried on more than one secret.
#[derive(Clone)]
pub struct Md5Answer {
    salt: [u8; 4],
    answer: Zeroizing<Vec<u8>>,
}

impl Md5Answer {
    pub fn new(salt: [u8; 4], answer: &[u8]) -> Self {
        let answer = Zeroizing::new(answer.to_vec());
        Self { salt, answer }
    }

    /// Is it the answer of somebody who knows the password of `secret`? It can't be told of a SCRAM
    /// verifier.
    pub fn fits(&self, user: &str, secret: &StoredSecret) -> Option<Proof> {
        let right = match secret {
            StoredSecret::Md5(hash) => verify(hash.expose(), self.salt, &self.answer),
            StoredSecret::Plain(plain) => {
                let stored = hash(user, plain.expose().as_bytes());
                verify(&stored, self.salt, &self.answer)
            }
            StoredSecret::Scram(_) | StoredSecret::Empty => false,
        };
        right.then(Proof::without_keys)
    }
}

impl fmt::Debug for Md5Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5Answer(***)")
    }
}

fn digest(first: &[u8], second: &[u8]) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = Md5::new().chain_update(first).chain_update(second);
    // Room for all of it at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(35));
    text.push_str("md5");
    for byte in hash.finalize() {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use postgres_protocol::authentication::md5_hash;
    use postgres_protocol::password;

    use super::*;

    #[test]
    fn hash_and_answer_are_those_of_another_client() {
        for (user, pass, salt) in [
            ("md5_user", "password", [0x2a, 0x3d, 0x8f, 0xe0]),
            ("", "", [0; 4]),
            ("é", "pass word", [255; 4]),
        ] {
            let stored = hash(user, pass.as_bytes());
            assert_eq!(*stored, password::md5(pass.as_bytes(), user));
            let answer = md5_hash(user.as_bytes(), pass.as_bytes(), salt);
            assert_eq!(*response(&stored, salt), answer);
            assert!(verify(&stored, salt, answer.as_bytes()));
        }
    }

    #[test]
    fn an_answer_can_be_tried_again() {
        let stored = hash("al", b"new");
        let answer = Md5Answer::new(*b"salt", response(&stored, *b"salt").as_bytes());
        for (text, fits) in [
            (&**stored, true),
            ("new", true),
            ("old", false),
            ("", false),
        ] {
            let secret = StoredSecret::parse(text);
            assert_eq!(answer.fits("al", &secret).is_some(), fits, "{text}");
        }
        assert!(answer.fits("bob", &StoredSecret::parse("new")).is_none());
        assert_eq!(format!("{answer:?}"), "Md5Answer(***)");
    }

    #[test]
    fn any_other_answer_is_wrong() {
        let stored = hash("u", b"p");
        let right = response(&stored, *b"salt");
        assert!(!verify(&stored, *b"sale", right.as_bytes()));
        assert!(!verify(&hash("u", b"q"), *b"salt", right.as_bytes()));
        for wrong in [
            &b""[..],
            b"md5",
            &right.as_bytes()[..34],
            stored.as_bytes(),
            b"p",
        ] {
            assert!(!verify(&stored, *b"salt", wrong));
        }
    }
}
