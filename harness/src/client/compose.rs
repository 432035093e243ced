//! Messages to a server, from the words of a feature's table row.

use super::Failure;

/// Protocol 3.0, as the startup packet spells it.
pub const PROTOCOL_3_0: u32 = 0x0003_0000;
pub const SSL_REQUEST: u32 = 80_877_103;
pub const GSS_REQUEST: u32 = 80_877_104;
pub const CANCEL_REQUEST: u32 = 80_877_102;

/// A whole message: tag, length, body.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&untagged(body));
    bytes
}

/// A packet without a tag: length, body.
pub fn untagged(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A request that is one number: SSL, GSS.
pub fn request(code: u32) -> Vec<u8> {
    untagged(&code.to_be_bytes())
}

/// A startup packet of protocol `version`.
pub fn startup(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    for (name, value) in parameters {
        put_text(&mut body, name);
        put_text(&mut body, value);
    }
    body.push(0);
    untagged(&body)
}

/// A cancel request for the server process `pid`.
pub fn cancel(pid: i32, secret: &[u8]) -> Vec<u8> {
    let mut body = CANCEL_REQUEST.to_be_bytes().to_vec();
    body.extend_from_slice(&pid.to_be_bytes());
    body.extend_from_slice(secret);
    untagged(&body)
}

pub fn query(sql: &str) -> Vec<u8> {
    text_message(b'Q', &[sql])
}

pub fn password(text: &str) -> Vec<u8> {
    text_message(b'p', &[text])
}

/// The message that a table row spells: its name, then its arguments.
///
/// `Bind` takes the statement and its parameters, all as text, on the unnamed portal; `Bytes` takes
/// hexadecimal digits and sends them as they are.
pub fn from_words(words: &[String]) -> Result<Vec<u8>, Failure> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    Ok(match word(0) {
        "Query" => query(word(1)),
        "Parse" => parse(word(1), word(2)),
        "Bind" => bind(word(1), words.get(2..).unwrap_or_default()),
        "DescribeStatement" => message(b'D', &kind_and_name(b'S', word(1))),
        "DescribePortal" => message(b'D', &kind_and_name(b'P', word(1))),
        "CloseStatement" => message(b'C', &kind_and_name(b'S', word(1))),
        "ClosePortal" => message(b'C', &kind_and_name(b'P', word(1))),
        "Execute" => execute(word(1))?,
        "Sync" => message(b'S', b""),
        "Flush" => message(b'H', b""),
        "Terminate" => message(b'X', b""),
        "CopyData" => message(b'd', format!("{}\n", word(1)).as_bytes()),
        "CopyDone" => message(b'c', b""),
        "CopyFail" => text_message(b'f', &[word(1)]),
        "FunctionCall" => function_call(word(1), word(2))?,
        "Bytes" => from_hex(word(1))?,
        other => return Err(Failure::local(format!("no message is called {other:?}"))),
    })
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, name);
    put_text(&mut body, sql);
    body.extend_from_slice(&[0, 0]);
    message(b'P', &body)
}

fn bind(statement: &str, parameters: &[String]) -> Vec<u8> {
    let given: Vec<&String> = parameters.iter().filter(|text| !text.is_empty()).collect();
    let mut body = vec![0];
    put_text(&mut body, statement);
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(&u16::try_from(given.len()).unwrap_or(u16::MAX).to_be_bytes());
    for text in given {
        put_counted(&mut body, text.as_bytes());
    }
    body.extend_from_slice(&[0, 0]);
    message(b'B', &body)
}

fn execute(rows: &str) -> Result<Vec<u8>, Failure> {
    let rows: u32 = if rows.is_empty() {
        0
    } else {
        parse_number(rows)?
    };
    let mut body = vec![0];
    body.extend_from_slice(&rows.to_be_bytes());
    Ok(message(b'E', &body))
}

/// A call of the function with this OID and one text argument, text in and out.
fn function_call(oid: &str, argument: &str) -> Result<Vec<u8>, Failure> {
    let mut body = parse_number(oid)?.to_be_bytes().to_vec();
    body.extend_from_slice(&[0, 0, 0, 1]);
    put_counted(&mut body, argument.as_bytes());
    body.extend_from_slice(&[0, 0]);
    Ok(message(b'F', &body))
}

fn parse_number(text: &str) -> Result<u32, Failure> {
    text.parse()
        .map_err(|_| Failure::local(format!("{text:?} is not a number")))
}

/// Bytes from hexadecimal digits; blanks between them are allowed.
pub fn from_hex(text: &str) -> Result<Vec<u8>, Failure> {
    let digits: Vec<u32> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    let sound =
        text.chars().all(|c| c.is_ascii_hexdigit() || c == ' ') && digits.len().is_multiple_of(2);
    if !sound {
        return Err(Failure::local(format!("{text:?} is not hexadecimal")));
    }
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or(u8::MAX);
    Ok(digits.chunks(2).map(byte).collect())
}

fn kind_and_name(kind: u8, name: &str) -> Vec<u8> {
    let mut body = vec![kind];
    put_text(&mut body, name);
    body
}

fn text_message(tag: u8, texts: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for text in texts {
        put_text(&mut body, text);
    }
    message(tag, &body)
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
    body.push(0);
}

fn put_counted(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    body.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(words: &[&str]) -> Vec<u8> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        from_words(&words).expect("a known message")
    }

    #[test]
    fn rows_become_messages() {
        assert_eq!(compose(&["Sync"]), b"S\0\0\0\x04");
        assert_eq!(compose(&["Query", "a"]), b"Q\0\0\0\x06a\0");
        assert_eq!(compose(&["Execute"]), b"E\0\0\0\x09\0\0\0\0\0");
        assert_eq!(
            compose(&["Bind", "s", "7"]),
            b"B\0\0\0\x12\0s\0\0\0\0\x01\0\0\0\x017\0\0"
        );
        assert_eq!(compose(&["Bytes", "00 fF"]), [0, 255]);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(from_words(&["Sing".to_owned()]).is_err());
        assert!(from_hex("0").is_err());
        assert!(from_hex("zz").is_err());
    }
}
