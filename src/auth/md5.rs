//! MD5 as PostgreSQL uses it: a hash of password and user is stored, a hash of that and a salt is sent.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What PostgreSQL stores: `md5` and the hash of the password followed by the user's name.
pub fn hash(user: &str, password: &[u8]) -> Zeroizing<String> {
    digest(password, user.as_bytes())
}

/// The answer to an MD5 request, from what is stored; `stored` without its `md5` is hashed as it is.
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
