//! The names of the protocol's messages, and who sends them.
//!
//! Source: PostgreSQL's protocol chapter, "Message Formats". The nameless answers to SSLRequest and
//! GSSENCRequest are called SSLResponse and GSSENCResponse here.

use crate::stream::Stream;

/// A message's name.
pub type Name = &'static str;

/// Names, and the byte each begins with, of what a client sends once it is past its startup.
const CLIENT: [(u8, Name); 13] = [
    (b'B', "Bind"),
    (b'C', "Close"),
    (b'd', "CopyData"),
    (b'c', "CopyDone"),
    (b'f', "CopyFail"),
    (b'D', "Describe"),
    (b'E', "Execute"),
    (b'H', "Flush"),
    (b'F', "FunctionCall"),
    (b'P', "Parse"),
    (b'Q', "Query"),
    (b'S', "Sync"),
    (b'X', "Terminate"),
];

/// What a client sends with the byte `p`; what the server asked for last tells them apart.
const ANSWERS: [Name; 4] = [
    "PasswordMessage",
    "SASLInitialResponse",
    "SASLResponse",
    "GSSResponse",
];

const STARTUP: [Name; 4] = [
    "StartupMessage",
    "SSLRequest",
    "GSSENCRequest",
    "CancelRequest",
];

const SERVER: [(u8, Name); 23] = [
    (b'K', "BackendKeyData"),
    (b'2', "BindComplete"),
    (b'3', "CloseComplete"),
    (b'C', "CommandComplete"),
    (b'W', "CopyBothResponse"),
    (b'd', "CopyData"),
    (b'c', "CopyDone"),
    (b'G', "CopyInResponse"),
    (b'H', "CopyOutResponse"),
    (b'D', "DataRow"),
    (b'I', "EmptyQueryResponse"),
    (b'E', "ErrorResponse"),
    (b'V', "FunctionCallResponse"),
    (b'v', "NegotiateProtocolVersion"),
    (b'n', "NoData"),
    (b'N', "NoticeResponse"),
    (b'A', "NotificationResponse"),
    (b't', "ParameterDescription"),
    (b'S', "ParameterStatus"),
    (b'1', "ParseComplete"),
    (b's', "PortalSuspended"),
    (b'Z', "ReadyForQuery"),
    (b'T', "RowDescription"),
];

/// The requests and verdicts of authentication, by their code.
const AUTHENTICATION: [(u32, Name); 10] = [
    (0, "AuthenticationOk"),
    (2, "AuthenticationKerberosV5"),
    (3, "AuthenticationCleartextPassword"),
    (5, "AuthenticationMD5Password"),
    (7, "AuthenticationGSS"),
    (8, "AuthenticationGSSContinue"),
    (9, "AuthenticationSSPI"),
    (10, "AuthenticationSASL"),
    (11, "AuthenticationSASLContinue"),
    (12, "AuthenticationSASLFinal"),
];

const BYTES: [Name; 2] = ["SSLResponse", "GSSENCResponse"];

/// A typed message of the client's; `None` = no such message. `asked` is what the server asked for
/// last in its authentication.
pub fn of_client(tag: u8, asked: Option<Name>) -> Option<Name> {
    if tag == b'p' {
        return Some(match asked {
            Some("AuthenticationSASL") => "SASLInitialResponse",
            Some("AuthenticationSASLContinue") => "SASLResponse",
            Some("AuthenticationGSS" | "AuthenticationGSSContinue" | "AuthenticationSSPI") => {
                "GSSResponse"
            }
            _ => "PasswordMessage",
        });
    }
    find(&CLIENT, tag)
}

/// A typed message of the server's that is no authentication request.
pub fn of_server(tag: u8) -> Option<Name> {
    find(&SERVER, tag)
}

/// An authentication request by its code.
pub fn of_authentication(code: u32) -> Option<Name> {
    find(&AUTHENTICATION, code)
}

/// A name as it is spelled in a toxic's `at`, and the directions that such a message can take.
pub fn by_name(spelled: &str) -> Option<(Name, &'static [Stream])> {
    const UP: &[Stream] = &[Stream::Upstream];
    const DOWN: &[Stream] = &[Stream::Downstream];
    const BOTH: &[Stream] = &[Stream::Downstream, Stream::Upstream];
    let same = |name: &Name| *name == spelled;
    let up = CLIENT.map(|(_, name)| name).into_iter().find(same);
    let up = up.or_else(|| ANSWERS.into_iter().chain(STARTUP).find(same));
    let down = SERVER.map(|(_, name)| name).into_iter().find(same);
    let down = down.or_else(|| AUTHENTICATION.map(|(_, name)| name).into_iter().find(same));
    let down = down.or_else(|| BYTES.into_iter().find(same));
    match (up, down) {
        (Some(name), Some(_)) => Some((name, BOTH)),
        (Some(name), None) => Some((name, UP)),
        (None, Some(name)) => Some((name, DOWN)),
        (None, None) => None,
    }
}

/// Every name, for suggestions.
pub fn all() -> impl Iterator<Item = Name> {
    let client = CLIENT.map(|(_, name)| name);
    let server = SERVER.map(|(_, name)| name);
    let authentication = AUTHENTICATION.map(|(_, name)| name);
    let typed = client.into_iter().chain(server).chain(authentication);
    typed.chain(ANSWERS).chain(STARTUP).chain(BYTES)
}

fn find<K: PartialEq + Copy, const N: usize>(table: &[(K, Name); N], key: K) -> Option<Name> {
    let found = table.iter().find(|(known, _)| *known == key);
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_by_its_own_spelling() {
        for name in all() {
            let (found, streams) = by_name(name).unwrap();
            assert_eq!(found, name);
            assert!(!streams.is_empty());
        }
        assert_eq!(by_name("ReadyForquery"), None);
    }

    #[test]
    fn what_both_send_can_take_both_directions() {
        assert_eq!(by_name("CopyData").unwrap().1.len(), 2);
        assert_eq!(by_name("Query").unwrap().1, [Stream::Upstream]);
        assert_eq!(by_name("SSLResponse").unwrap().1, [Stream::Downstream]);
    }

    #[test]
    fn an_answer_is_named_for_what_was_asked() {
        let name = |asked| of_client(b'p', asked);
        assert_eq!(name(None), Some("PasswordMessage"));
        assert_eq!(
            name(Some("AuthenticationSASL")),
            Some("SASLInitialResponse")
        );
        assert_eq!(
            name(Some("AuthenticationSASLContinue")),
            Some("SASLResponse")
        );
    }
}
