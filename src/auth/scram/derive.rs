//! The functions of RFC 5802 section 3: HMAC, Hi, Normalize.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// 32 bytes that are worth something to a thief.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// An HMAC that waits for its text. The key is brought to the block size as RFC 2104 section 2 says.
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

/// SaltedPassword: PBKDF2 with one block of output.
pub(super) fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    let password = normalize(password);
    let mac = keyed(&password);
    let first = mac.clone().chain_update(salt).chain_update([0, 0, 0, 1]);
    let mut last: Key = Zeroizing::new(first.finalize().into_bytes().into());
    let mut result = last.clone();
    for _ in 1..iterations {
        let next = mac.clone().chain_update(&*last);
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

/// SASLprep (RFC 4013) where it applies. PostgreSQL takes any bytes as a password and uses those that
/// SASLprep forbids, or would leave nothing of, as they are (`scram_build_secret`).
fn normalize(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = std::str::from_utf8(password).ok();
    let prepared = text.and_then(|text| stringprep::saslprep(text).ok());
    Zeroizing::new(match prepared {
        Some(Cow::Owned(prepared)) if !prepared.is_empty() => prepared.into_bytes(),
        _ => password.to_vec(),
    })
}
