//! Replies that the proxy makes up itself.

use bytes::{BufMut, Bytes, BytesMut};

/// An ErrorResponse with the fields that every client reads.
pub fn error(severity: &str, sqlstate: &str, message: &str) -> Bytes {
    let mut body = BytesMut::new();
    for (field, text) in [
        (b'S', severity),
        (b'V', severity),
        (b'C', sqlstate),
        (b'M', message),
    ] {
        body.put_u8(field);
        body.put_slice(text.as_bytes());
        body.put_u8(0);
    }
    body.put_u8(0);
    frame(b'E', &body)
}

/// A ReadyForQuery with this transaction status.
pub fn ready_for_query(status: u8) -> Bytes {
    frame(b'Z', &[status])
}

/// A message with a type byte.
pub fn frame(tag: u8, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(body.len() + 5);
    bytes.put_u8(tag);
    // Bodies are bounded where they come from; a longer one would be a bug.
    bytes.put_u32(u32::try_from(body.len() + 4).unwrap_or(u32::MAX));
    bytes.put_slice(body);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_error_has_its_fields_and_its_length() {
        let bytes = super::error("FATAL", "57P01", "no");
        assert_eq!(bytes[0], b'E');
        let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
        assert_eq!(length as usize + 1, bytes.len());
        assert_eq!(&bytes[5..], b"SFATAL\0VFATAL\0C57P01\0Mno\0\0");
    }
}
