//! The first packets of a connection, which have a length and no tag.

use std::fmt;

use super::frame::Malformed;
use super::read::Cursor;
use crate::error::{Error, Result};

/// The longest startup packet in bytes, length included (`MAX_STARTUP_PACKET_LENGTH`, `pqcomm.h`).
pub const MAX_STARTUP: usize = 10_000;

/// The longest secret of a cancel key in bytes (protocol 3.2).
pub const MAX_CANCEL_SECRET: usize = 256;

/// The only major version of the protocol that is spoken.
pub const MAJOR: u16 = 3;

/// Request codes: major version 1234, and a number instead of a minor version.
pub(super) const CANCEL_CODE: u32 = 80_877_102;
pub(super) const SSL_CODE: u32 = 80_877_103;
const GSS_CODE: u32 = 80_877_104;

/// What a client asks for first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    /// `SSLRequest`: TLS, please.
    Ssl,
    /// `GSSENCRequest`.
    Gss,
    Cancel(CancelKey),
    Hello(Hello),
}

/// A `StartupMessage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The minor version of protocol 3.
    pub minor: u16,
    /// Names and values in the order of the packet; a name may come twice, the last one counts.
    pub parameters: Vec<(String, String)>,
}

impl Hello {
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut newest_first = self.parameters.iter().rev();
        newest_first.find_map(|(n, value)| (n == name).then_some(value.as_str()))
    }
}

impl Startup {
    /// Reads a packet without its four length bytes. Another major version is 0A000, anything else
    /// that makes no sense 08P01.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body);
        let code = cursor.u32()?;
        match code {
            SSL_CODE => Ok(cursor.end().map(|()| Self::Ssl)?),
            GSS_CODE => Ok(cursor.end().map(|()| Self::Gss)?),
            CANCEL_CODE => Ok(CancelKey::read(cursor).map(Self::Cancel)?),
            _ => Ok(Self::Hello(hello(code, cursor)?)),
        }
    }
}

fn hello(code: u32, mut cursor: Cursor<'_>) -> Result<Hello> {
    let [a, b, c, d] = code.to_be_bytes();
    let (major, minor) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    if major != MAJOR {
        return Err(Error::unsupported(format!(
            "unsupported frontend protocol {major}.{minor}: only {MAJOR}.x is spoken"
        )));
    }
    let mut parameters = Vec::new();
    loop {
        let name = cursor.utf8()?;
        if name.is_empty() {
            cursor.end()?;
            return Ok(Hello { minor, parameters });
        }
        parameters.push((name.to_owned(), cursor.utf8()?.to_owned()));
    }
}

/// What a `CancelRequest` must show: a backend's process id and its secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CancelKey {
    pub pid: i32,
    secret: Box<[u8]>,
}

impl CancelKey {
    /// `secret` has 4 bytes up to protocol 3.1 and at most [`MAX_CANCEL_SECRET`].
    pub fn new(pid: i32, secret: &[u8]) -> Self {
        let secret = secret.into();
        Self { pid, secret }
    }

    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(super) fn read(mut cursor: Cursor<'_>) -> Result<Self, Malformed> {
        let pid = cursor.i32()?;
        match cursor.rest() {
            [] => Err(Malformed("cancel key without a secret")),
            secret if secret.len() > MAX_CANCEL_SECRET => Err(Malformed("cancel key is too long")),
            secret => Ok(Self::new(pid, secret)),
        }
    }
}

impl fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelKey({}, ***)", self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
        [&code.to_be_bytes(), rest].concat()
    }

    fn hello(minor: u16, parameters: &[(&str, &str)]) -> Startup {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters = parameters.iter().map(owned).collect();
        Startup::Hello(Hello { minor, parameters })
    }

    #[test]
    fn every_kind_of_packet_is_told_apart() {
        let cancel = CancelKey::new(-2, b"abcd");
        let cases = [
            (packet(SSL_CODE, b""), Startup::Ssl),
            (packet(GSS_CODE, b""), Startup::Gss),
            (
                packet(CANCEL_CODE, b"\xff\xff\xff\xfeabcd"),
                Startup::Cancel(cancel),
            ),
            (packet(196_608, b"\0"), hello(0, &[])),
            (
                packet(196_608, b"user\0al\0\0"),
                hello(0, &[("user", "al")]),
            ),
            (
                packet(196_610, b"user\0\xc3\xa9\0options\0\0\0"),
                hello(2, &[("user", "é"), ("options", "")]),
            ),
            (packet(0x0003_270f, b"\0"), hello(9999, &[])),
        ];
        for (body, expected) in cases {
            assert_eq!(Startup::parse(&body).unwrap(), expected, "{body:?}");
        }
    }

    #[test]
    fn nonsense_is_08p01_and_another_major_version_0a000() {
        let cases = [
            (Vec::new(), "08P01"),
            (vec![0, 3, 0], "08P01"),
            (packet(SSL_CODE, b"x"), "08P01"),
            (packet(CANCEL_CODE, b"abc"), "08P01"),
            (packet(CANCEL_CODE, b"\0\0\0\x01"), "08P01"),
            (
                packet(CANCEL_CODE, &[1; 4 + MAX_CANCEL_SECRET + 1]),
                "08P01",
            ),
            (packet(196_608, b""), "08P01"),
            (packet(196_608, b"user\0al\0"), "08P01"),
            (packet(196_608, b"user\0al\0\0\0"), "08P01"),
            (packet(196_608, b"user\0\0"), "08P01"),
            (packet(196_608, b"user\0\xff\0\0"), "08P01"),
            (packet(131_072, b"\0"), "0A000"),
            (packet(0x0004_0000, b"\0"), "0A000"),
            (packet(80_877_105, b""), "0A000"),
        ];
        for (body, code) in cases {
            let error = Startup::parse(&body).unwrap_err();
            assert_eq!(error.sqlstate.as_str(), code, "{body:?}");
        }
    }

    #[test]
    fn the_last_of_two_values_counts() {
        let Startup::Hello(hello) = hello(0, &[("user", "a"), ("user", "b")]) else {
            unreachable!()
        };
        assert_eq!(hello.get("user"), Some("b"));
        assert_eq!(hello.get("database"), None);
    }

    #[test]
    fn a_cancel_key_hides_its_secret() {
        let key = CancelKey::new(7, b"hush");
        assert_eq!(format!("{key:?}"), "CancelKey(7, ***)");
        assert_eq!((key.pid, key.secret()), (7, &b"hush"[..]));
    }
}
