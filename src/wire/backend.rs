//! What PostgreSQL sends, read in place.

use std::borrow::Cow;

use super::frame::Malformed;
use super::read::Cursor;
use super::{CancelKey, SqlState, TxStatus};
use crate::error::{Error, ErrorKind};

/// The tags of the messages that PostgreSQL sends.
pub mod tags {
    pub const AUTHENTICATION: u8 = b'R';
    pub const BACKEND_KEY_DATA: u8 = b'K';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const COPY_BOTH: u8 = b'W';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_IN: u8 = b'G';
    pub const COPY_OUT: u8 = b'H';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY: u8 = b'I';
    pub const ERROR: u8 = b'E';
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    pub const NO_DATA: u8 = b'n';
    pub const NOTICE: u8 = b'N';
    pub const NOTIFICATION: u8 = b'A';
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    pub const PARAMETER_STATUS: u8 = b'S';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY_FOR_QUERY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// What the server wants for a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication<'a> {
    Ok,
    Cleartext,
    /// With the salt of the answer.
    Md5([u8; 4]),
    /// With the names of the mechanisms it takes.
    Sasl(Vec<&'a str>),
    SaslContinue(&'a [u8]),
    SaslFinal(&'a [u8]),
    /// A method that nobody here speaks (Kerberos, GSSAPI, SSPI …).
    Other(u32),
}

impl<'a> Authentication<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        match cursor.u32()? {
            0 => cursor.end().map(|()| Self::Ok),
            3 => cursor.end().map(|()| Self::Cleartext),
            5 => {
                let salt = cursor.array()?;
                cursor.end().map(|()| Self::Md5(salt))
            }
            10 => mechanisms(cursor).map(Self::Sasl),
            11 => Ok(Self::SaslContinue(cursor.rest())),
            12 => Ok(Self::SaslFinal(cursor.rest())),
            other => Ok(Self::Other(other)),
        }
    }
}

fn mechanisms(mut cursor: Cursor<'_>) -> Result<Vec<&str>, Malformed> {
    let mut names = Vec::new();
    loop {
        match cursor.utf8()? {
            "" => return cursor.end().map(|()| names),
            name => names.push(name),
        }
    }
}

/// The fields of `ErrorResponse` and `NoticeResponse` that somebody here looks at. Text in another
/// encoding than UTF-8 is shown as well as it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Never translated where PostgreSQL is newer than 9.5.
    pub severity: String,
    /// XX000 when the server sent none.
    pub sqlstate: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl Fields {
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Self {
            severity: String::new(),
            sqlstate: SqlState::from_wire(b"XX000").unwrap_or(SqlState::CONNECTION_FAILURE),
            message: String::new(),
            detail: None,
            hint: None,
        };
        let (mut translated, mut plain) = (None, None);
        let mut cursor = Cursor::new(body);
        loop {
            let kind = cursor.byte()?;
            if kind == 0 {
                cursor.end()?;
                fields.severity = plain.or(translated).unwrap_or_default();
                return Ok(fields);
            }
            let text = cursor.text()?;
            let shown = || String::from_utf8_lossy(text).into_owned();
            match kind {
                b'S' => translated = Some(shown()),
                b'V' => plain = Some(shown()),
                b'C' => fields.sqlstate = SqlState::from_wire(text).unwrap_or(fields.sqlstate),
                b'M' => fields.message = shown(),
                b'D' => fields.detail = Some(shown()),
                b'H' => fields.hint = Some(shown()),
                _ => {}
            }
        }
    }
}

impl From<Fields> for Error {
    /// PostgreSQL's own code and words, for a login that it refused.
    fn from(fields: Fields) -> Self {
        let mut error = Self::new(ErrorKind::ServerRefused, fields.sqlstate, fields.message);
        error.detail = fields.detail;
        error.hint = fields.hint;
        error
    }
}

/// A setting that PostgreSQL reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterStatus<'a> {
    pub name: Cow<'a, str>,
    /// In the client's encoding on the wire; shown as well as it can be where that isn't UTF-8.
    pub value: Cow<'a, str>,
}

impl<'a> ParameterStatus<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let name = String::from_utf8_lossy(cursor.text()?);
        let value = String::from_utf8_lossy(cursor.text()?);
        cursor.end()?;
        Ok(Self { name, value })
    }
}

/// `BackendKeyData`.
pub fn backend_key_data(body: &[u8]) -> Result<CancelKey, Malformed> {
    CancelKey::read(Cursor::new(body))
}

/// `ReadyForQuery`.
pub fn ready_for_query(body: &[u8]) -> Result<TxStatus, Malformed> {
    let mut cursor = Cursor::new(body);
    let status = TxStatus::from_byte(cursor.byte()?)?;
    cursor.end().map(|()| status)
}

/// The tag of `CommandComplete`, such as `INSERT 0 1`.
pub fn command_tag(body: &[u8]) -> Result<&[u8], Malformed> {
    let mut cursor = Cursor::new(body);
    let tag = cursor.text()?;
    cursor.end().map(|()| tag)
}

/// `NegotiateProtocolVersion`: the server speaks an older minor version or lacks options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiateProtocolVersion<'a> {
    pub minor: u16,
    pub unknown: Vec<&'a str>,
}

impl<'a> NegotiateProtocolVersion<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let _major = cursor.u16()?;
        let minor = cursor.u16()?;
        let mut unknown = Vec::new();
        for _ in 0..cursor.u32()? {
            unknown.push(cursor.utf8()?);
        }
        cursor.end()?;
        Ok(Self { minor, unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_authentication_request_is_told_apart() {
        let cases: &[(&[u8], Authentication<'_>)] = &[
            (b"\0\0\0\0", Authentication::Ok),
            (b"\0\0\0\x03", Authentication::Cleartext),
            (b"\0\0\0\x05salt", Authentication::Md5(*b"salt")),
            (b"\0\0\0\x0aA\0B\0\0", Authentication::Sasl(vec!["A", "B"])),
            (b"\0\0\0\x0a\0", Authentication::Sasl(vec![])),
            (b"\0\0\0\x0bdata", Authentication::SaslContinue(b"data")),
            (b"\0\0\0\x0cv=x", Authentication::SaslFinal(b"v=x")),
            (b"\0\0\0\x07", Authentication::Other(7)),
        ];
        for (body, expected) in cases {
            assert_eq!(Authentication::parse(body).as_ref(), Ok(expected));
        }
        for wrong in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\0x",
            b"\0\0\0\x05sal",
            b"\0\0\0\x05salty",
            b"\0\0\0\x0aA\0",
            b"\0\0\0\x0aA\0\0x",
        ] {
            assert!(Authentication::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_error_keeps_postgresqls_code_and_words() {
        let body = b"SFATAL\xc3\x89\0VFATAL\0C28P01\0Mno\0Dwhy\0Hhelp\0Fauth.c\0L1\0Rx\0\0";
        let fields = Fields::parse(body).unwrap();
        assert_eq!(fields.severity, "FATAL");
        let error = Error::from(fields);
        assert_eq!(error.kind, ErrorKind::ServerRefused);
        assert_eq!(error.sqlstate, SqlState::INVALID_PASSWORD);
        assert_eq!(error.message, "no");
        assert_eq!(error.detail.as_deref(), Some("why"));
        assert_eq!(error.hint.as_deref(), Some("help"));
    }

    #[test]
    fn an_error_may_be_poor_but_not_cut_off() {
        let fields = Fields::parse(b"SERROR\0Cno\0M\xff\0\0").unwrap();
        assert_eq!(fields.severity, "ERROR");
        assert_eq!(fields.sqlstate.as_str(), "XX000");
        assert_eq!(fields.message, "\u{fffd}");
        assert!(Fields::parse(b"\0").is_ok());
        for wrong in [&b""[..], b"SERROR", b"SERROR\0", b"\0x"] {
            assert!(Fields::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_small_messages() {
        let status = ParameterStatus::parse(b"TimeZone\0UTC\0").unwrap();
        assert_eq!((&*status.name, &*status.value), ("TimeZone", "UTC"));
        assert!(ParameterStatus::parse(b"TimeZone\0UTC").is_err());
        assert!(ParameterStatus::parse(b"a\0b\0c").is_err());

        let key = backend_key_data(b"\0\0\0\x07abcd").unwrap();
        assert_eq!(key, CancelKey::new(7, b"abcd"));
        assert!(backend_key_data(b"\0\0\0\x07").is_err());
        assert_eq!(backend_key_data(&[1; 260]).unwrap().secret().len(), 256);
        assert!(backend_key_data(&[1; 261]).is_err());

        assert_eq!(ready_for_query(b"T"), Ok(TxStatus::InTransaction));
        for wrong in [&b""[..], b"X", b"II"] {
            assert!(ready_for_query(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(command_tag(b"SELECT 1\0"), Ok(&b"SELECT 1"[..]));
        assert!(command_tag(b"SELECT 1").is_err());
    }

    #[test]
    fn a_promised_number_of_options_is_not_believed() {
        let read = NegotiateProtocolVersion::parse(b"\0\x03\0\0\0\0\0\x01_pq_.x\0").unwrap();
        assert_eq!((read.minor, read.unknown), (0, vec!["_pq_.x"]));
        assert!(NegotiateProtocolVersion::parse(b"\0\x03\0\0\xff\xff\xff\xff").is_err());
    }
}
