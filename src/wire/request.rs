//! Messages to PostgreSQL, each appended to a buffer.

use super::CancelKey;
use super::frontend::tags;
use super::startup::{CANCEL_CODE, MAJOR, SSL_CODE};
use super::write::{count, length, message, text, untagged};

/// StartupMessage of protocol 3.`minor`.
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
