//! What a console client asks for: one statement a message.
//!
//! A word is `[0-9A-Za-z_]+` or `"…"` with `""` inside. Comments, blanks around and one semicolon at
//! the end are taken, which is more than PgBouncer does.

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Empty,
    Show(List),
    Reload,
    /// `None` = all databases.
    Pause(Option<String>),
    Resume(Option<String>),
    /// A courtesy for drivers: answered with this tag, and nothing happens.
    Nothing(&'static str),
    /// SET of a parameter that drivers set: a notice says that it is ignored.
    SetIgnored,
    /// SHOW of a parameter that drivers ask for.
    Parameter {
        name: &'static str,
        value: &'static str,
    },
}

/// What SHOW can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Pools,
    Clients,
    Servers,
    AuthQuery,
    Internals,
    Version,
    Help,
}

/// Why a statement is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Not a command; with the statement as it came.
    Invalid(String),
    BadArguments,
}

/// The longest command word and argument (PgBouncer's grammar).
const MAX_WORD: usize = 63;

/// Parameters that drivers set or ask for, and what they read.
const PARAMETERS: [(&str, &str); 5] = [
    ("client_encoding", "UTF8"),
    ("default_transaction_isolation", "read committed"),
    ("standard_conforming_strings", "on"),
    ("datestyle", "ISO"),
    ("timezone", "GMT"),
];

impl Command {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let invalid = || Wrong::Invalid(text.trim().to_owned());
        let words = words(text).ok_or_else(invalid)?;
        let Some((first, rest)) = words.split_first() else {
            return Ok(Self::Empty);
        };
        let upper = first.text.to_ascii_uppercase();
        if first.quoted {
            return Err(invalid());
        }
        match upper.as_str() {
            "SHOW" | "SELECT" => show(rest).ok_or_else(invalid),
            "RELOAD" if rest.is_empty() => Ok(Self::Reload),
            "PAUSE" => database(rest).map(Self::Pause),
            "RESUME" => database(rest).map(Self::Resume),
            "BEGIN" | "START" => Ok(Self::Nothing("BEGIN")),
            "COMMIT" | "END" => Ok(Self::Nothing("COMMIT")),
            "ROLLBACK" | "ABORT" => Ok(Self::Nothing("ROLLBACK")),
            "SET" => set(rest).ok_or_else(invalid),
            "RELOAD" => Err(Wrong::BadArguments),
            _ => Err(invalid()),
        }
    }

    /// May somebody run it who may only look?
    pub(super) fn only_looks(&self) -> bool {
        !matches!(self, Self::Reload | Self::Pause(_) | Self::Resume(_))
    }
}

fn show(rest: &[Word]) -> Option<Command> {
    let [what] = rest else { return None };
    let what = what.text.to_ascii_lowercase();
    if let Some((name, value)) = PARAMETERS.iter().find(|(name, _)| *name == what) {
        return Some(Command::Parameter { name, value });
    }
    let list = match what.as_str() {
        "pools" => List::Pools,
        "clients" => List::Clients,
        "servers" => List::Servers,
        "auth_query" => List::AuthQuery,
        "internals" => List::Internals,
        "version" => List::Version,
        "help" => List::Help,
        _ => return None,
    };
    Some(Command::Show(list))
}

fn database(rest: &[Word]) -> Result<Option<String>, Wrong> {
    match rest {
        [] => Ok(None),
        [name] => Ok(Some(name.text.clone())),
        _ => Err(Wrong::BadArguments),
    }
}

/// `SET name = value`, `SET name TO value`, `SET SESSION …`; only what drivers set.
fn set(rest: &[Word]) -> Option<Command> {
    let rest = match rest {
        [word, more @ ..] if word.text.eq_ignore_ascii_case("session") => more,
        other => other,
    };
    let name = rest.first()?.text.to_ascii_lowercase();
    let known = PARAMETERS.iter().any(|(known, _)| *known == name)
        || ["extra_float_digits", "application_name", "characteristics"].contains(&name.as_str());
    (known && rest.len() >= 2).then_some(Command::SetIgnored)
}

struct Word {
    text: String,
    quoted: bool,
}

/// The words of a statement; `None` where there is something that is none.
fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = skip_blanks(text)?;
    while let Some(c) = rest.chars().next() {
        let (word, after) = match c {
            ';' => {
                let after = skip_blanks(rest.trim_start_matches([';', ' ', '\t', '\n']))?;
                return after.is_empty().then_some(words);
            }
            '=' => (None, &rest[1..]),
            '"' | '\'' => {
                let (text, after) = quoted(&rest[1..], c)?;
                (Some(Word { text, quoted: true }), after)
            }
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let end = rest.find("--").map_or(end, |comment| end.min(comment));
                let text = rest[..end].to_owned();
                (
                    Some(Word {
                        text,
                        quoted: false,
                    }),
                    &rest[end..],
                )
            }
            _ => return None,
        };
        if word.as_ref().is_some_and(|word| word.text.len() > MAX_WORD) {
            return None;
        }
        words.extend(word);
        rest = skip_blanks(after)?;
    }
    Some(words)
}

/// Dots and hyphens are in names of databases and values more often than not.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if text[at + 1..].starts_with(quote) {
            out.push(quote);
            chars.next();
        } else {
            return Some((out, &text[at + 1..]));
        }
    }
    None
}

/// Blanks and comments; `None` for a comment without an end.
fn skip_blanks(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_start();
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = text.strip_prefix("/*") {
            text = comment.split_once("*/")?.1;
        } else {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_in_any_dress() {
        for (text, command) in [
            ("SHOW POOLS", Command::Show(List::Pools)),
            ("show pools;", Command::Show(List::Pools)),
            ("  SeLeCt  Version ; ", Command::Show(List::Version)),
            ("/* a */ show -- b\n help", Command::Show(List::Help)),
            ("PAUSE", Command::Pause(None)),
            ("PAUSE App", Command::Pause(Some("App".into()))),
            ("RESUME \"a\"\"b\";", Command::Resume(Some("a\"b".into()))),
            ("RELOAD", Command::Reload),
            ("", Command::Empty),
            (" ; -- nothing", Command::Empty),
            ("show pools--x", Command::Show(List::Pools)),
            ("show pools;; ;", Command::Show(List::Pools)),
            ("BEGIN", Command::Nothing("BEGIN")),
            ("start transaction", Command::Nothing("BEGIN")),
            ("rollback", Command::Nothing("ROLLBACK")),
            ("SET client_encoding TO 'UTF8'", Command::SetIgnored),
            ("set extra_float_digits = 3", Command::SetIgnored),
        ] {
            assert_eq!(Command::parse(text), Ok(command), "{text}");
        }
    }

    #[test]
    fn what_is_no_command_is_quoted_back() {
        for text in [
            "SHOW",
            "SHOW NOTHING",
            "SHOW POOLS; SHOW POOLS",
            "DROP TABLE t",
            "SELECT 1",
            "/* open",
            "PAUSE \"open",
            "SET port = 1",
            "(",
            "\"SHOW\" POOLS",
        ] {
            let wrong = Command::parse(text).unwrap_err();
            assert_eq!(wrong, Wrong::Invalid(text.to_owned()), "{text}");
        }
        assert_eq!(Command::parse("PAUSE a b"), Err(Wrong::BadArguments));
        assert_eq!(Command::parse("RELOAD a"), Err(Wrong::BadArguments));
    }
}
