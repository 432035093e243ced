//! What a conversation has come to: what each side sends next, who the client is, what was asked.

use super::frame::Expect;
use super::message::Name;

/// The longest SQL text that is remembered, in bytes.
const MAX_SQL: usize = 64 * 1024;

/// Who a connection is for, as its StartupMessage says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    pub user: String,
    /// PostgreSQL's rule applied: without one it is the user's name.
    pub database: String,
    pub application_name: String,
}

/// A conversation between a client and a server.
#[derive(Debug, Clone)]
pub struct Talk {
    pub up: Expect,
    pub down: Expect,
    /// The last request of the authentication.
    pub asked: Option<Name>,
    pub who: Option<Who>,
    /// The text of the last Query or Parse.
    pub sql: Option<String>,
    /// The transaction status of the last ReadyForQuery.
    pub status: u8,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            up: Expect::Packet,
            down: Expect::Typed,
            asked: None,
            who: None,
            sql: None,
            status: b'I',
        }
    }
}

impl Talk {
    /// A client's message has come in whole, or its first bytes have.
    pub fn heard_from_client(&mut self, message: Name, frame: &[u8]) {
        match message {
            "SSLRequest" => self.down = Expect::Answer("SSLResponse"),
            "GSSENCRequest" => self.down = Expect::Answer("GSSENCResponse"),
            "StartupMessage" => {
                self.who = Some(Who::read(frame.get(8..).unwrap_or_default()));
                self.up = Expect::Typed;
            }
            "Query" => self.sql = text(frame.get(5..)),
            // A statement's name stands before its text.
            "Parse" => {
                let rest = frame.get(5..).unwrap_or_default();
                let end = rest.iter().position(|byte| *byte == 0);
                self.sql = end.and_then(|end| text(rest.get(end + 1..)));
            }
            _ => {}
        }
    }

    /// A server's message has come in.
    pub fn heard_from_server(&mut self, message: Name, frame: &[u8]) {
        if message.starts_with("Authentication") {
            self.asked = Some(message);
        } else if message == "ReadyForQuery" {
            self.status = frame.get(5).copied().unwrap_or(self.status);
        }
    }

    /// The client has been given this answer to its SSLRequest or GSSENCRequest.
    pub fn answered(&mut self, answer: u8) {
        if answer == b'N' {
            self.down = Expect::Typed;
        } else {
            self.give_up();
        }
    }

    /// Both sides speak TLS from here on, and it is read in the middle.
    pub fn encrypted(&mut self) {
        self.up = Expect::Packet;
        self.down = Expect::Typed;
    }

    /// What follows can't be read.
    pub fn give_up(&mut self) {
        self.up = Expect::Opaque;
        self.down = Expect::Opaque;
    }
}

impl Who {
    fn read(parameters: &[u8]) -> Self {
        let mut who = Self::default();
        let mut words = parameters.split(|byte| *byte == 0);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let value = || String::from_utf8_lossy(value).into_owned();
            match name {
                b"user" => who.user = value(),
                b"database" => who.database = value(),
                b"application_name" => who.application_name = value(),
                _ => {}
            }
        }
        if who.database.is_empty() {
            who.database.clone_from(&who.user);
        }
        who
    }
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    let bytes = bytes?;
    let end = bytes.iter().position(|byte| *byte == 0);
    let end = end.unwrap_or(bytes.len()).min(MAX_SQL);
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_startup_says_who_it_is_for() {
        let mut talk = Talk::default();
        let frame = b"\0\0\0\x30\0\x03\0\0user\0alice\0application_name\0psql\0\0";
        talk.heard_from_client("StartupMessage", frame);
        let who = talk.who.unwrap();
        assert_eq!(
            (who.user.as_str(), who.database.as_str()),
            ("alice", "alice")
        );
        assert_eq!(who.application_name, "psql");
        assert_eq!(talk.up, Expect::Typed);
    }

    #[test]
    fn the_text_of_query_and_parse_is_remembered() {
        let mut talk = Talk::default();
        talk.heard_from_client("Query", b"Q\0\0\0\x0dselect 1\0");
        assert_eq!(talk.sql.as_deref(), Some("select 1"));
        talk.heard_from_client("Parse", b"P\0\0\0\x12s1\0select 2\0\0\0");
        assert_eq!(talk.sql.as_deref(), Some("select 2"));
    }

    #[test]
    fn after_an_answer_the_talk_goes_on_or_cannot_be_read() {
        let mut talk = Talk::default();
        talk.heard_from_client("SSLRequest", &[]);
        assert_eq!(talk.down, Expect::Answer("SSLResponse"));
        talk.answered(b'N');
        assert_eq!((talk.up, talk.down), (Expect::Packet, Expect::Typed));
        talk.answered(b'S');
        assert_eq!((talk.up, talk.down), (Expect::Opaque, Expect::Opaque));
    }
}
