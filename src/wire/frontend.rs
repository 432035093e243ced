//! What clients send after startup, read in place.
//!
//! Names and texts are bytes: their encoding is the client's business.

use super::frame::Malformed;
use super::read::Cursor;

/// The tags of the messages that clients send.
pub mod tags {
    pub const BIND: u8 = b'B';
    pub const CLOSE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_FAIL: u8 = b'f';
    pub const DESCRIBE: u8 = b'D';
    pub const EXECUTE: u8 = b'E';
    pub const FLUSH: u8 = b'H';
    pub const FUNCTION_CALL: u8 = b'F';
    pub const PARSE: u8 = b'P';
    /// `PasswordMessage`, `SASLInitialResponse` and `SASLResponse` alike.
    pub const PASSWORD: u8 = b'p';
    pub const QUERY: u8 = b'Q';
    pub const SYNC: u8 = b'S';
    pub const TERMINATE: u8 = b'X';
}

/// The longest name of a statement or portal in bytes. PostgreSQL tells names apart by their first
/// 63 bytes; the bound keeps a name that never ends from being buffered for ever.
pub const MAX_NAME: usize = 4096;

/// A Parse message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parse<'a> {
    pub name: &'a [u8],
    pub query: &'a [u8],
    /// Four bytes for each parameter's type, as on the wire.
    pub types: &'a [u8],
    /// Everything after the name: query, its zero, number of types, types.
    pub rest: &'a [u8],
}

impl<'a> Parse<'a> {
    #[allow(
        clippy::self_named_constructors,
        reason = "every message has a `parse`"
    )]
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let name = cursor.text()?;
        let rest = cursor.remaining();
        let query = cursor.text()?;
        let count = usize::from(cursor.u16()?);
        let types = cursor.bytes(count * 4)?;
        cursor.end()?;
        Ok(Self {
            name,
            query,
            types,
            rest,
        })
    }

    pub fn type_oids(&self) -> impl Iterator<Item = u32> + 'a {
        let (oids, _) = self.types.as_chunks::<4>();
        oids.iter().map(|oid| u32::from_be_bytes(*oid))
    }
}

/// The names that a Bind begins with; what follows them is forwarded unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    pub portal: &'a [u8],
    pub statement: &'a [u8],
    /// What there is after the names: formats and values.
    pub rest: &'a [u8],
}

impl<'a> Bind<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let portal = cursor.text()?;
        let statement = cursor.text()?;
        let rest = cursor.rest();
        Ok(Self {
            portal,
            statement,
            rest,
        })
    }

    /// Reads the names when only the beginning of the body is there; `None` = it takes more bytes.
    pub fn head(bytes: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let Some((portal, rest)) = name(bytes)? else {
            return Ok(None);
        };
        Ok(name(rest)?.map(|(statement, rest)| Self {
            portal,
            statement,
            rest,
        }))
    }
}

/// A name, and the bytes behind its zero.
pub type Split<'a> = (&'a [u8], &'a [u8]);

/// A name at the start of a body that may not be all there, and what follows; `None` = it takes
/// more bytes. Parse and Execute begin with one name, Bind with two.
pub fn name(bytes: &[u8]) -> Result<Option<Split<'_>>, Malformed> {
    let mut looked_at = bytes.iter().take(MAX_NAME + 1);
    match looked_at.position(|byte| *byte == 0) {
        Some(end) => Ok(Some((&bytes[..end], &bytes[end + 1..]))),
        None if bytes.len() > MAX_NAME => Err(Malformed("name of a statement is too long")),
        None => Ok(None),
    }
}

/// What Describe and Close are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Statement,
    Portal,
}

/// The body of Describe and of Close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    pub kind: Kind,
    pub name: &'a [u8],
}

pub type Describe<'a> = Target<'a>;
pub type Close<'a> = Target<'a>;

impl<'a> Target<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let kind = match cursor.byte()? {
            b'S' => Kind::Statement,
            b'P' => Kind::Portal,
            _ => return Err(Malformed("neither a statement nor a portal")),
        };
        let name = cursor.text()?;
        cursor.end()?;
        Ok(Self { kind, name })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execute<'a> {
    pub portal: &'a [u8],
    /// 0 = all.
    pub max_rows: i32,
}

impl<'a> Execute<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let portal = cursor.text()?;
        let max_rows = cursor.i32()?;
        cursor.end()?;
        Ok(Self { portal, max_rows })
    }
}

/// The text of a Query.
pub fn query(body: &[u8]) -> Result<&[u8], Malformed> {
    only_text(body)
}

/// The password, or the answer to an MD5 request, of a `PasswordMessage`.
pub fn password(body: &[u8]) -> Result<&[u8], Malformed> {
    only_text(body)
}

fn only_text(body: &[u8]) -> Result<&[u8], Malformed> {
    let mut cursor = Cursor::new(body);
    let text = cursor.text()?;
    cursor.end().map(|()| text)
}

/// The first message of a SASL exchange; the later ones are data and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SaslInitialResponse<'a> {
    pub mechanism: &'a str,
    /// `None` = the client waits for an empty challenge first.
    pub data: Option<&'a [u8]>,
}

impl<'a> SaslInitialResponse<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body);
        let mechanism = cursor.utf8()?;
        let data = match cursor.i32()? {
            -1 => None,
            length => {
                let length = usize::try_from(length)
                    .map_err(|_| Malformed("negative length in SASLInitialResponse"))?;
                Some(cursor.bytes(length)?)
            }
        };
        cursor.end()?;
        Ok(Self { mechanism, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_gives_name_query_and_types() {
        let body = b"s1\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\x19";
        let parse = Parse::parse(body).unwrap();
        assert_eq!((parse.name, parse.query), (&b"s1"[..], &b"SELECT $1"[..]));
        assert_eq!(parse.rest, &body[3..]);
        assert_eq!(parse.type_oids().collect::<Vec<_>>(), [23, 25]);
        for end in 0..body.len() {
            assert!(Parse::parse(&body[..end]).is_err(), "{end} bytes");
        }
        assert!(Parse::parse(&[&body[..], b"\0"].concat()).is_err());
    }

    #[test]
    fn the_head_of_a_bind_needs_no_more_than_its_names() {
        let body = b"portal\0statement\0\0\0 values";
        let names = b"portal\0statement\0".len();
        for end in 0..body.len() {
            let head = Bind::head(&body[..end]).unwrap();
            assert_eq!(head.is_some(), end >= names, "{end} bytes");
        }
        let bind = Bind::head(body).unwrap().unwrap();
        assert_eq!(bind, Bind::parse(body).unwrap());
        assert_eq!(
            (bind.portal, bind.statement),
            (&b"portal"[..], &b"statement"[..])
        );
        assert_eq!(bind.rest, &body[names..]);
    }

    #[test]
    fn a_name_without_end_is_refused() {
        assert_eq!(name(&[b'x'; MAX_NAME]), Ok(None));
        assert!(name(&[b'x'; MAX_NAME + 1]).is_err());
        let longest = [&[b'x'; MAX_NAME][..], b"\0rest"].concat();
        assert_eq!(name(&longest).unwrap().unwrap().1, b"rest");
    }

    #[test]
    fn describe_and_close_name_a_statement_or_a_portal() {
        let of = |kind, name| Ok(Target { kind, name });
        assert_eq!(Describe::parse(b"Ss1\0"), of(Kind::Statement, b"s1"));
        assert_eq!(Close::parse(b"P\0"), of(Kind::Portal, b""));
        for wrong in [&b""[..], b"S", b"Ss1", b"Xs1\0", b"Ss1\0x"] {
            assert!(Target::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn execute_has_a_portal_and_a_bound() {
        let (portal, max_rows) = (&b"p"[..], 5);
        assert_eq!(
            Execute::parse(b"p\0\0\0\0\x05"),
            Ok(Execute { portal, max_rows })
        );
        assert!(Execute::parse(b"p\0\0\0\x05").is_err());
    }

    #[test]
    fn query_and_password_are_one_text() {
        assert_eq!(query(b"SELECT 1\0"), Ok(&b"SELECT 1"[..]));
        assert_eq!(password(b"\0"), Ok(&b""[..]));
        for wrong in [&b""[..], b"abc", b"a\0b", b"a\0\0"] {
            assert!(password(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn sasl_initial_response_may_lack_data() {
        let read = |body| SaslInitialResponse::parse(body).map(|r| (r.mechanism, r.data));
        assert_eq!(read(b"X\0\xff\xff\xff\xff"), Ok(("X", None)));
        assert_eq!(read(b"X\0\0\0\0\0"), Ok(("X", Some(&b""[..]))));
        assert_eq!(read(b"X\0\0\0\0\x02ab"), Ok(("X", Some(&b"ab"[..]))));
        for wrong in [
            &b"X"[..],
            b"X\0",
            b"X\0\0\0\0\x02a",
            b"X\0\0\0\0\x02abc",
            b"X\0\xff\xff\xff\xfe",
            b"X\0\xff\xff\xff\xffa",
            b"\xff\0\0\0\0\0",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
