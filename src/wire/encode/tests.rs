//! What is written, byte by byte or as our own parsers read it.

use super::*;
use crate::wire::backend::{
    Authentication, Fields, NegotiateProtocolVersion, ParameterStatus, backend_key_data as key,
    ready_for_query as ready,
};
use crate::wire::frame::{HEADER, header};

fn written(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = b"before".to_vec();
    encode(&mut out);
    out.split_off(b"before".len())
}

/// The body of the one message that `encode` writes.
fn body(tag: u8, encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = written(encode);
    let header = header(&out).unwrap().unwrap();
    assert_eq!((header.tag, header.body), (tag, out.len() - HEADER));
    out.split_off(HEADER)
}

#[test]
fn messages_without_contents() {
    type Encode = fn(&mut Vec<u8>);
    let cases: [(Encode, u8); 6] = [
        (parse_complete, b'1'),
        (bind_complete, b'2'),
        (close_complete, b'3'),
        (no_data, b'n'),
        (portal_suspended, b's'),
        (empty_query, b'I'),
    ];
    for (encode, tag) in cases {
        assert_eq!(written(encode), [tag, 0, 0, 0, 4]);
    }
}

#[test]
fn our_own_parsers_read_what_is_written() {
    let cases: [(Vec<u8>, Authentication<'_>); 6] = [
        (body(b'R', authentication_ok), Authentication::Ok),
        (
            body(b'R', authentication_cleartext),
            Authentication::Cleartext,
        ),
        (
            body(b'R', |out| authentication_md5(out, *b"salt")),
            Authentication::Md5(*b"salt"),
        ),
        (
            body(b'R', |out| authentication_sasl(out, &["A", "B"])),
            Authentication::Sasl(vec!["A", "B"]),
        ),
        (
            body(b'R', |out| sasl_continue(out, b"r=")),
            Authentication::SaslContinue(b"r="),
        ),
        (
            body(b'R', |out| sasl_final(out, b"v=")),
            Authentication::SaslFinal(b"v="),
        ),
    ];
    for (body, expected) in &cases {
        assert_eq!(Authentication::parse(body).as_ref(), Ok(expected));
    }
    let cancel = CancelKey::new(-5, &[9; 32]);
    let sent = body(b'K', |out| backend_key_data(out, &cancel));
    assert_eq!(key(&sent), Ok(cancel));
    let sent = body(b'Z', |out| ready_for_query(out, TxStatus::Failed));
    assert_eq!(ready(&sent), Ok(TxStatus::Failed));
    let sent = body(b'S', |out| parameter_status(out, "a", "ü"));
    assert_eq!(ParameterStatus::parse(&sent).unwrap().value, "ü");
    let sent = body(b'v', |out| negotiate_protocol_version(out, 2, &["_pq_.x"]));
    assert_eq!(sent[..4], [0, 3, 0, 2]);
    let read = NegotiateProtocolVersion::parse(&sent).unwrap();
    assert_eq!((read.minor, read.unknown), (2, vec!["_pq_.x"]));
}

#[test]
fn an_error_tells_all_it_knows() {
    let whole = Error::wrong_password("al").with_detail("d").with_hint("h");
    let sent = body(b'E', |out| error(out, &whole, Severity::Fatal));
    assert_eq!(
        sent,
        b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"al\"\0Dd\0Hh\0\0"
    );
    let sent = body(b'N', |out| notice(out, "w", Some("d")));
    assert_eq!(sent, b"SNOTICE\0VNOTICE\0C00000\0Mw\0Dd\0\0");
}

#[test]
fn a_zero_in_a_text_starts_no_field() {
    let tricky = Error::server("a\0C00000\0\0Z");
    let sent = body(b'E', |out| error(out, &tricky, Severity::Error));
    assert_eq!(Fields::parse(&sent).unwrap().message, "a");
}

#[test]
fn a_result_is_described_and_sent_row_by_row() {
    let columns = [Column::text("n"), Column::int8("s")];
    assert_eq!(
        body(b'T', |out| row_description(out, &columns)),
        [
            &b"\0\x02"[..],
            b"n\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0",
            b"s\0\0\0\0\0\0\0\0\0\0\x14\0\x08\xff\xff\xff\xff\0\0",
        ]
        .concat()
    );
    assert_eq!(
        body(b'D', |out| data_row(out, [Some(&b"x"[..]), None])),
        b"\0\x02\0\0\0\x01x\xff\xff\xff\xff"
    );
    assert_eq!(body(b'D', |out| data_row(out, [])), b"\0\0");
    assert_eq!(body(b'C', |out| command_complete(out, "SHOW")), b"SHOW\0");
    assert_eq!(
        body(b't', |out| parameter_description(out, &[23, 25])),
        b"\0\x02\0\0\0\x17\0\0\0\x19"
    );
}
