//! MD5 as PostgreSQL uses it: it stores a hash of password and user, and a hash of that and a salt
//! is sent.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

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
