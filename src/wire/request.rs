//! Messages to PostgreSQL, each appended to a buffer.

use super::CancelKey;
use super::frontend::tags;
use super::startup::{CANCEL_CODE, MAJOR, SSL_CODE};
use super::write::{count, length, message, text, untagged};

/// `StartupMessage` of protocol 3.`minor`.
pub fn startup(out: &mut Vec<u8>, parameters: &[(&str, &str)], minor: u16) {
    untagged(out, |out| {
        out.extend_from_slice(&MAJOR.to_be_bytes());
        out.extend_from_slice(&minor.to_be_bytes());
        for (name, value) in parameters {
            text(out, name);
            text(out, value);
        }
        out.push(0);
    });
}

pub fn ssl_request(out: &mut Vec<u8>) {
    untagged(out, |out| out.extend_from_slice(&SSL_CODE.to_be_bytes()));
}

pub fn cancel_request(out: &mut Vec<u8>, key: &CancelKey) {
    untagged(out, |out| {
        out.extend_from_slice(&CANCEL_CODE.to_be_bytes());
        out.extend_from_slice(&key.pid.to_be_bytes());
        out.extend_from_slice(key.secret());
    });
}

/// A password, or the answer to an MD5 request.
pub fn password(out: &mut Vec<u8>, password: &str) {
    message(out, tags::PASSWORD, |out| text(out, password));
}

pub fn sasl_initial(out: &mut Vec<u8>, mechanism: &str, data: &[u8]) {
    message(out, tags::PASSWORD, |out| {
        text(out, mechanism);
        out.extend_from_slice(&length(data.len()));
        out.extend_from_slice(data);
    });
}

pub fn sasl_response(out: &mut Vec<u8>, data: &[u8]) {
    message(out, tags::PASSWORD, |out| out.extend_from_slice(data));
}

pub fn query(out: &mut Vec<u8>, sql: &str) {
    message(out, tags::QUERY, |out| text(out, sql));
}

/// Parse; `types` may be shorter than the list of parameters, PostgreSQL infers the rest.
pub fn parse(out: &mut Vec<u8>, name: impl AsRef<[u8]>, sql: impl AsRef<[u8]>, types: &[u32]) {
    message(out, tags::PARSE, |out| {
        text(out, name);
        text(out, sql);
        out.extend_from_slice(&count(types.len()));
        for oid in types {
            out.extend_from_slice(&oid.to_be_bytes());
        }
    });
}

/// Bind with every value and every result column as text.
pub fn bind_text(
    out: &mut Vec<u8>,
    portal: impl AsRef<[u8]>,
    statement: impl AsRef<[u8]>,
    values: &[Option<&str>],
) {
    message(out, tags::BIND, |out| {
        text(out, portal);
        text(out, statement);
        out.extend_from_slice(&count(0));
        out.extend_from_slice(&count(values.len()));
        for value in values {
            match value {
                Some(value) => {
                    out.extend_from_slice(&length(value.len()));
                    out.extend_from_slice(value.as_bytes());
                }
                None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            }
        }
        out.extend_from_slice(&count(0));
    });
}

pub fn describe_statement(out: &mut Vec<u8>, name: impl AsRef<[u8]>) {
    message(out, tags::DESCRIBE, |out| {
        out.push(b'S');
        text(out, name);
    });
}

/// Execute; `max_rows` 0 = all.
pub fn execute(out: &mut Vec<u8>, portal: impl AsRef<[u8]>, max_rows: i32) {
    message(out, tags::EXECUTE, |out| {
        text(out, portal);
        out.extend_from_slice(&max_rows.to_be_bytes());
    });
}

pub fn close_statement(out: &mut Vec<u8>, name: impl AsRef<[u8]>) {
    message(out, tags::CLOSE, |out| {
        out.push(b'S');
        text(out, name);
    });
}

pub fn sync(out: &mut Vec<u8>) {
    message(out, tags::SYNC, |_| {});
}

pub fn flush(out: &mut Vec<u8>) {
    message(out, tags::FLUSH, |_| {});
}

pub fn terminate(out: &mut Vec<u8>) {
    message(out, tags::TERMINATE, |_| {});
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use postgres_protocol::IsNull;
    use postgres_protocol::message::frontend as theirs;

    use super::*;

    fn ours(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out);
        out
    }

    fn other(encode: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
        let mut out = BytesMut::new();
        encode(&mut out);
        out.to_vec()
    }

    #[test]
    fn the_login_is_what_another_client_writes() {
        let parameters = [("user", "al"), ("database", "é")];
        let mut startup_3_0 = other(|out| theirs::startup_message(parameters, out).unwrap());
        assert_eq!(ours(|out| startup(out, &parameters, 0)), startup_3_0);
        startup_3_0[7] = 2;
        assert_eq!(ours(|out| startup(out, &parameters, 2)), startup_3_0);
        assert_eq!(ours(ssl_request), other(theirs::ssl_request));
        let key = CancelKey::new(7, &8_i32.to_be_bytes());
        assert_eq!(
            ours(|out| cancel_request(out, &key)),
            other(|out| theirs::cancel_request(7, 8, out))
        );
        assert_eq!(
            ours(|out| password(out, "pw")),
            other(|out| theirs::password_message(b"pw", out).unwrap())
        );
        assert_eq!(
            ours(|out| sasl_initial(out, "M", b"data")),
            other(|out| theirs::sasl_initial_response("M", b"data", out).unwrap())
        );
        assert_eq!(
            ours(|out| sasl_response(out, b"data")),
            other(|out| theirs::sasl_response(b"data", out).unwrap())
        );
    }

    #[test]
    fn queries_are_what_another_client_writes() {
        assert_eq!(
            ours(|out| query(out, "SELECT 1")),
            other(|out| theirs::query("SELECT 1", out).unwrap())
        );
        assert_eq!(
            ours(|out| parse(out, "s", "SELECT $1", &[23, 25])),
            other(|out| theirs::parse("s", "SELECT $1", [23, 25], out).unwrap())
        );
        let values = [Some("v"), None, Some("")];
        assert_eq!(
            ours(|out| bind_text(out, "p", "s", &values)),
            other(|out| bind_with_another_client(&values, out))
        );
        assert_eq!(
            ours(|out| describe_statement(out, "s")),
            other(|out| theirs::describe(b'S', "s", out).unwrap())
        );
        assert_eq!(
            ours(|out| execute(out, "p", 3)),
            other(|out| theirs::execute("p", 3, out).unwrap())
        );
        assert_eq!(
            ours(|out| close_statement(out, "s")),
            other(|out| theirs::close(b'S', "s", out).unwrap())
        );
        assert_eq!(ours(sync), other(theirs::sync));
        assert_eq!(ours(flush), other(theirs::flush));
        assert_eq!(ours(terminate), other(theirs::terminate));
    }

    fn bind_with_another_client(values: &[Option<&str>], out: &mut BytesMut) {
        let write = |value: Option<&str>, out: &mut BytesMut| {
            out.extend_from_slice(value.unwrap_or_default().as_bytes());
            Ok(value.map_or(IsNull::Yes, |_| IsNull::No))
        };
        theirs::bind("p", "s", [], values.iter().copied(), write, [], out)
            .map_err(|_| "bind")
            .unwrap();
    }

    #[test]
    fn a_zero_in_a_text_ends_it() {
        assert_eq!(ours(|out| query(out, "a\0b")), b"Q\0\0\0\x06a\0");
    }
}
