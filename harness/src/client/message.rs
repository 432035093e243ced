//! Messages from a server, and the one line that a feature's table calls each of them by.

use std::fmt::Write as _;

use super::Failure;

/// One column of a `RowDescription`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The type's OID.
    pub kind: i32,
}

/// One message from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub tag: u8,
    pub body: Vec<u8>,
}

impl Message {
    /// The line a feature knows this message by, such as `DataRow 1,NULL` or `ReadyForQuery I`.
    pub fn describe(&self) -> String {
        let body = &self.body[..];
        match self.tag {
            b'R' => describe_authentication(body),
            b'S' => format!("ParameterStatus {}", texts(body).join(" ")),
            b'K' => "BackendKeyData".to_owned(),
            b'Z' => format!("ReadyForQuery {}", lossy(body)),
            b'E' => format!("ErrorResponse {}", describe_failure(body)),
            b'N' => format!("NoticeResponse {}", field(body, b'C').unwrap_or_default()),
            b'T' => format!("RowDescription {}", names(body).join(",")),
            b'D' => format!("DataRow {}", show_row(&row(body))),
            b'C' => format!("CommandComplete {}", texts(body).join(" ")),
            b't' => format!("ParameterDescription {}", body.get(..2).map_or(0, number)),
            b'A' => format!(
                "NotificationResponse {}",
                texts(&body[body.len().min(4)..]).join(" ")
            ),
            b'd' => format!("CopyData {}", lossy(body).trim_end()),
            b'v' => describe_negotiation(body),
            tag => plain_name(tag),
        }
    }

    /// The cells of a `DataRow`; `None` is NULL.
    pub fn cells(&self) -> Vec<Option<String>> {
        row(&self.body)
    }

    /// The columns of a `RowDescription`.
    pub fn columns(&self) -> Vec<Column> {
        columns(&self.body)
    }

    /// The tag of a `CommandComplete`.
    pub fn command(&self) -> String {
        texts(&self.body).join(" ")
    }

    /// The fields of an `ErrorResponse`.
    pub fn failure(&self) -> Failure {
        let severity = field(&self.body, b'V').or_else(|| field(&self.body, b'S'));
        Failure {
            sqlstate: field(&self.body, b'C'),
            fatal: matches!(severity.as_deref(), Some("FATAL" | "PANIC")),
            message: field(&self.body, b'M').unwrap_or_default(),
            late: false,
        }
    }

    /// The name and value of a `ParameterStatus`.
    pub fn parameter(&self) -> Option<(String, String)> {
        let mut texts = texts(&self.body).into_iter();
        Some((texts.next()?, texts.next()?))
    }

    /// The process number and secret of a `BackendKeyData`.
    pub fn key(&self) -> Option<(i32, Vec<u8>)> {
        let (pid, secret) = self.body.split_first_chunk::<4>()?;
        Some((i32::from_be_bytes(*pid), secret.to_vec()))
    }
}

fn plain_name(tag: u8) -> String {
    let name = match tag {
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'n' => "NoData",
        b's' => "PortalSuspended",
        b'I' => "EmptyQueryResponse",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'W' => "CopyBothResponse",
        b'c' => "CopyDone",
        b'V' => "FunctionCallResponse",
        _ => return format!("Unknown {tag:#04x}"),
    };
    name.to_owned()
}

fn describe_authentication(body: &[u8]) -> String {
    let kind = match body.get(..4).map_or(-1, number) {
        0 => "Ok",
        3 => "CleartextPassword",
        5 => "MD5Password",
        10 => "SASL",
        11 => "SASLContinue",
        12 => "SASLFinal",
        _ => "Other",
    };
    format!("Authentication{kind}")
}

/// The newest minor version the server knows, as `3.x`, and the options it did not understand.
fn describe_negotiation(body: &[u8]) -> String {
    let version = body.get(..4).map_or(0, number) & 0xffff;
    let mut line = format!("NegotiateProtocolVersion 3.{version}");
    for option in texts(body.get(8..).unwrap_or_default()) {
        let _ = write!(line, " {option}");
    }
    line
}

fn describe_failure(body: &[u8]) -> String {
    let code = field(body, b'C').unwrap_or_default();
    match field(body, b'V').or_else(|| field(body, b'S')).as_deref() {
        Some("ERROR") | None => code,
        Some(severity) => format!("{severity} {code}"),
    }
}

/// One field of an `ErrorResponse` or `NoticeResponse`.
fn field(body: &[u8], wanted: u8) -> Option<String> {
    let mut rest = body;
    while let Some((&kind, after)) = rest.split_first() {
        let end = after.iter().position(|&byte| byte == 0)?;
        if kind == wanted {
            return Some(lossy(&after[..end]));
        }
        rest = &after[end + 1..];
    }
    None
}

fn names(body: &[u8]) -> Vec<String> {
    columns(body)
        .into_iter()
        .map(|column| column.name)
        .collect()
}

fn columns(body: &[u8]) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut rest = body.get(2..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|&byte| byte == 0) {
        // Behind each name: table (4), column (2), type (4), length (2), modifier (4), format (2).
        let kind = rest.get(end + 7..end + 11).map_or(0, number);
        columns.push(Column {
            name: lossy(&rest[..end]),
            kind,
        });
        rest = rest.get(end + 19..).unwrap_or_default();
    }
    columns
}

fn row(body: &[u8]) -> Vec<Option<String>> {
    let mut cells = Vec::new();
    let mut rest = body.get(2..).unwrap_or_default();
    while rest.len() >= 4 {
        let length = number(&rest[..4]);
        rest = &rest[4..];
        let Ok(length) = usize::try_from(length) else {
            cells.push(None);
            continue;
        };
        let length = length.min(rest.len());
        cells.push(Some(lossy(&rest[..length])));
        rest = &rest[length..];
    }
    cells
}

fn show_row(cells: &[Option<String>]) -> String {
    let cells: Vec<&str> = cells
        .iter()
        .map(|cell| cell.as_deref().unwrap_or("NULL"))
        .collect();
    cells.join(",")
}

/// The zero-ended texts in `body`, without the empty one that ends a list.
fn texts(body: &[u8]) -> Vec<String> {
    let body = body.strip_suffix(&[0]).unwrap_or(body);
    if body.is_empty() {
        return Vec::new();
    }
    body.split(|&byte| byte == 0).map(lossy).collect()
}

fn number(bytes: &[u8]) -> i32 {
    bytes
        .iter()
        .fold(0, |sum, &byte| (sum << 8) | i32::from(byte))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(tag: u8, body: &[u8]) -> String {
        Message {
            tag,
            body: body.to_vec(),
        }
        .describe()
    }

    #[test]
    fn messages_are_called_by_their_names() {
        let row = b"\0\x02\0\0\0\x011\xff\xff\xff\xff";
        let cases: [(u8, &[u8], &str); 9] = [
            (b'R', &[0, 0, 0, 10], "AuthenticationSASL"),
            (b'S', b"a\0b\0", "ParameterStatus a b"),
            (b'Z', b"T", "ReadyForQuery T"),
            (
                b'E',
                b"SERROR\0VERROR\0C42601\0Mno\0\0",
                "ErrorResponse 42601",
            ),
            (
                b'E',
                b"SFATAL\0VFATAL\0C57P01\0Mno\0\0",
                "ErrorResponse FATAL 57P01",
            ),
            (b'D', row, "DataRow 1,NULL"),
            (b'C', b"SELECT 1\0", "CommandComplete SELECT 1"),
            (
                b'v',
                b"\0\x03\0\0\0\0\0\x01_pq_.x\0",
                "NegotiateProtocolVersion 3.0 _pq_.x",
            ),
            (b'1', b"", "ParseComplete"),
        ];
        for (tag, body, line) in cases {
            assert_eq!(describe(tag, body), line);
        }
    }

    #[test]
    fn columns_are_read_by_name() {
        let mut body = vec![0, 2];
        for name in ["a", "bc"] {
            body.extend_from_slice(name.as_bytes());
            body.push(0);
            body.extend_from_slice(&[0; 18]);
        }
        assert_eq!(names(&body), ["a", "bc"]);
    }
}
