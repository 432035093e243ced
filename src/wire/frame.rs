//! The envelope of every message after startup: a tag, a length, a body.

use crate::error::Error;

/// Bytes of a tag and a length.
pub const HEADER: usize = 5;

/// The longest body anybody may announce: PostgreSQL's largest message (`PQ_LARGE_MESSAGE_LIMIT` in
/// `libpq.h`, which is `MaxAllocSize - 1`). Readers apply smaller bounds of their own.
pub const MAX_BODY: usize = 0x3fff_fffe;

/// Bytes that make no sense as the message they claim to be; the text is safe to show anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::protocol(malformed.0)
    }
}

/// A message's kind and the bytes that follow its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub tag: u8,
    /// Bytes after the header.
    pub body: usize,
}

/// Reads the header at the start of `bytes`; `None` when they are fewer than [`HEADER`].
pub fn header(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some(&[tag, a, b, c, d]) = bytes.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    // The length on the wire counts itself.
    let body = usize::try_from(u32::from_be_bytes([a, b, c, d]))
        .ok()
        .and_then(|length| length.checked_sub(4))
        .filter(|body| *body <= MAX_BODY)
        .ok_or(Malformed("invalid message length"))?;
    Ok(Some(Header { tag, body }))
}

/// Bytes of the whole DataRow and CopyData messages at the front.
pub fn whole_rows(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(&[b'D' | b'd', a, b, c, d]) = bytes[end..].first_chunk::<HEADER>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length < 4 || bytes.len() - end <= length {
            break;
        }
        end += 1 + length;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_when_it_is_all_there() {
        let whole = Ok(Some(Header { tag: b'Q', body: 9 }));
        let wrong = Err(Malformed("invalid message length"));
        for (bytes, expected) in [
            (&b""[..], Ok(None)),
            (b"Q\0\0\0", Ok(None)),
            (b"Q\0\0\0\x0d", whole),
            (b"Q\0\0\0\x0dSELECT 1\0", whole),
            (b"Q\0\0\0\x03", wrong),
            (b"Q\0\0\0\0", wrong),
            (b"Q\xff\xff\xff\xff", wrong),
            (b"Q\x40\0\0\x03", wrong),
        ] {
            assert_eq!(header(bytes), expected, "{bytes:?}");
        }
        let longest = header(b"d\x40\0\0\x02").unwrap().unwrap();
        assert_eq!(longest.body, MAX_BODY);
    }

    #[test]
    fn rows_are_taken_whole_and_up_to_something_else() {
        let row = b"D\0\0\0\x06\0\0".as_slice();
        let copy = b"d\0\0\0\x05x".as_slice();
        let tag = b"C\0\0\0\x0dSELECT 1\0".as_slice();
        assert_eq!(whole_rows(&[row, copy, row, tag].concat()), 20);
        assert_eq!(whole_rows(&[row, &copy[..5]].concat()), 7);
        assert_eq!(whole_rows(&[row, &row[..3]].concat()), 7);
        assert_eq!(
            whole_rows(b"D\0\0\0\0"),
            0,
            "a length that can't be is for others to judge"
        );
        assert_eq!(whole_rows(tag), 0);
    }
}
