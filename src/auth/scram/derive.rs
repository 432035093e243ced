//! The functions of RFC 5802 section 3: HMAC, Hi, Normalize.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// 32 bytes that are worth something to a thief.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// An HMAC that waits for its text; the key becomes a block as in RFC 2104, section 2.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    if let Some(start) = block.get_mut(..key.len()) {
        start.copy_from_slice(key);
    } else {
        block[..32].copy_from_slice(&Sha256::digest(key));
    }
    // The method of the same name on `Mac` takes any length and may fail.
    <Hmac<Sha256> as hmac::digest::KeyInit>::new((&*block).into())
}

pub(super) fn hmac(key: &[u8], text: &[u8]) -> Key {
    let mac = keyed(key).chain_update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// `SaltedPassword`: PBKDF2 with one block of output.
pub(super) fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    let password = normalize(password);
    let mac = keyed(&password);
    let first = mac.clone().chain_update(salt).chain_update([0, 0, 0, 1]);
    let mut last: Key = Zeroizing::new(first.finalize().into_bytes().into());
    let mut result = last.clone();
    for _ in 1..iterations {
        let next = mac.clone().chain_update(*last);
        *last = next.finalize().into_bytes().into();
        xor(&mut result, &last);
    }
    result
}

pub(super) fn xor(into: &mut [u8; 32], other: &[u8; 32]) {
    for (a, b) in into.iter_mut().zip(other) {
        *a ^= b;
    }
}

/// `SASLprep` (RFC 4013) where it applies. PostgreSQL takes any bytes as a password, and those that
/// it forbids or would leave nothing of as they are (`pg_saslprep` and its callers).
fn normalize(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = std::str::from_utf8(password).ok();
    let prepared = text.and_then(|text| stringprep::saslprep(text).ok());
    Zeroizing::new(match prepared {
        Some(Cow::Owned(prepared)) if !prepared.is_empty() => prepared.into_bytes(),
        _ => password.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_prepared_as_rfc_4013_says_or_left_alone() {
        for (given, prepared) in [
            (&b"user"[..], &b"user"[..]),
            (b"USER", b"USER"),
            ("I\u{ad}X".as_bytes(), b"IX"),
            ("\u{aa}".as_bytes(), b"a"),
            ("\u{2168}".as_bytes(), b"IX"),
            ("a\u{a0}b".as_bytes(), b"a b"),
            // Forbidden, of nothing, and not even text.
            (b"\x07", b"\x07"),
            ("\u{627}\u{31}".as_bytes(), "\u{627}\u{31}".as_bytes()),
            ("\u{ad}".as_bytes(), "\u{ad}".as_bytes()),
            (b"\xff\xfe", b"\xff\xfe"),
            (b"", b""),
        ] {
            assert_eq!(*normalize(given), prepared, "{given:?}");
        }
    }

    #[test]
    fn hmac_takes_keys_of_any_length() {
        // RFC 4231, test cases 2 and 6: shorter and longer than a block.
        let hex = |key: Key| {
            let [high, low] =
                [&key[..16], &key[16..]].map(|half| u128::from_be_bytes(half.try_into().unwrap()));
            format!("{high:032x}{low:032x}")
        };
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex(hmac(&[0xaa; 131], text)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
