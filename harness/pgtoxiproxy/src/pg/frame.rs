//! Where a message begins and ends, read from its first bytes.

use super::message::{self, Name};
use crate::stream::Stream;

/// Longer startup packets are refused by PostgreSQL (`MAX_STARTUP_PACKET_LENGTH`, pqcomm.h).
const MAX_STARTUP: usize = 10_000;
/// Longer messages are refused by PostgreSQL (`PQ_LARGE_MESSAGE_LIMIT`, libpq.h).
const MAX_MESSAGE: usize = 0x3fff_ffff;

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;
/// The first byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What one direction of a conversation brings next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A startup packet: a length and a code. From the client only.
    Packet,
    /// The one-byte answer to this request. From the server only.
    Answer(Name),
    /// A message with a type byte.
    Typed,
    /// Nothing that can be read: TLS that passes through, or no PostgreSQL at all.
    Opaque,
}

/// What the first bytes of a message say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub message: Name,
    /// Bytes on the wire, type and length included.
    pub total: usize,
}

/// What can be said of the bytes at a place where a message begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes are needed, from the message's first one, to say more.
    Needs(usize),
    Head(Head),
    /// A TLS handshake begins without an SSLRequest.
    DirectTls,
    /// This is not the protocol.
    Nonsense,
}

/// Reads the first bytes of a message. `asked` is the last request of an authentication.
pub fn read(expect: Expect, stream: Stream, asked: Option<Name>, bytes: &[u8]) -> Read {
    match expect {
        Expect::Opaque => Read::Nonsense,
        Expect::Packet => packet(bytes),
        Expect::Answer(answer) => match bytes.first() {
            None => Read::Needs(1),
            // What a server that knows no such request says.
            Some(b'E') => typed(stream, asked, bytes),
            Some(b'S' | b'N' | b'G') => Read::Head(Head {
                message: answer,
                total: 1,
            }),
            Some(_) => Read::Nonsense,
        },
        Expect::Typed => typed(stream, asked, bytes),
    }
}

fn packet(bytes: &[u8]) -> Read {
    if bytes.first() == Some(&TLS_HANDSHAKE) {
        return Read::DirectTls;
    }
    // The first byte of a length up to the maximum is 0, so other protocols are seen at once.
    if bytes.first().is_some_and(|byte| *byte != 0) {
        return Read::Nonsense;
    }
    let Some(total) = number(bytes, 0) else {
        return Read::Needs(8);
    };
    if !(8..=MAX_STARTUP).contains(&total) {
        return Read::Nonsense;
    }
    let Some(code) = word(bytes, 4) else {
        return Read::Needs(8);
    };
    let message = match code {
        SSL_REQUEST => "SSLRequest",
        GSSENC_REQUEST => "GSSENCRequest",
        CANCEL_REQUEST => "CancelRequest",
        version if version >> 16 == 3 => "StartupMessage",
        _ => return Read::Nonsense,
    };
    Read::Head(Head { message, total })
}

fn typed(stream: Stream, asked: Option<Name>, bytes: &[u8]) -> Read {
    let Some(&tag) = bytes.first() else {
        return Read::Needs(5);
    };
    let name = match stream {
        Stream::Upstream => message::of_client(tag, asked),
        Stream::Downstream if tag == b'R' => Some("AuthenticationOk"),
        Stream::Downstream => message::of_server(tag),
    };
    let Some(name) = name else {
        return Read::Nonsense;
    };
    let Some(length) = number(bytes, 1) else {
        return Read::Needs(5);
    };
    if !(4..=MAX_MESSAGE).contains(&length) {
        return Read::Nonsense;
    }
    let total = length + 1;
    if stream == Stream::Upstream || tag != b'R' {
        return Read::Head(Head {
            message: name,
            total,
        });
    }
    if total < 9 {
        return Read::Nonsense;
    }
    match word(bytes, 5) {
        None => Read::Needs(9),
        Some(code) => message::of_authentication(code).map_or(Read::Nonsense, |message| {
            Read::Head(Head { message, total })
        }),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    word(bytes, at).and_then(|word| usize::try_from(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(bytes: &[u8]) -> Read {
        read(Expect::Typed, Stream::Downstream, None, bytes)
    }

    #[test]
    fn a_head_needs_its_first_bytes() {
        let ready = b"Z\0\0\0\x05I";
        for n in 1..5 {
            assert_eq!(down(&ready[..n]), Read::Needs(5));
        }
        let message = "ReadyForQuery";
        assert_eq!(down(&ready[..5]), Read::Head(Head { message, total: 6 }));
    }

    #[test]
    fn an_authentication_request_is_named_by_its_code() {
        let bytes = b"R\0\0\0\x0c\0\0\0\x0bxxxx";
        assert_eq!(down(&bytes[..8]), Read::Needs(9));
        let message = "AuthenticationSASLContinue";
        assert_eq!(down(bytes), Read::Head(Head { message, total: 13 }));
        assert_eq!(down(b"R\0\0\0\x08\0\0\0\x7f"), Read::Nonsense);
        assert_eq!(down(b"R\0\0\0\x06\0\0"), Read::Nonsense);
    }

    #[test]
    fn startup_packets_are_told_from_other_protocols() {
        let up = |bytes: &[u8]| read(Expect::Packet, Stream::Upstream, None, bytes);
        let message = "SSLRequest";
        assert_eq!(
            up(&[0, 0, 0, 8, 4, 210, 22, 47]),
            Read::Head(Head { message, total: 8 })
        );
        assert_eq!(up(b"GET / HTTP/1.1"), Read::Nonsense);
        assert_eq!(up(&[0x16, 3, 1]), Read::DirectTls);
        assert_eq!(up(&[0, 0]), Read::Needs(8));
        assert_eq!(up(&[0, 0, 0, 7, 0, 3, 0, 0]), Read::Nonsense);
    }

    #[test]
    fn an_answer_is_one_byte_or_an_error() {
        let answer = |bytes: &[u8]| {
            let expect = Expect::Answer("SSLResponse");
            read(expect, Stream::Downstream, None, bytes)
        };
        let message = "SSLResponse";
        assert_eq!(answer(b"S"), Read::Head(Head { message, total: 1 }));
        assert_eq!(answer(b"E"), Read::Needs(5));
        assert_eq!(answer(b"x"), Read::Nonsense);
    }
}
