//! What a console client asks for: one statement a message.

use super::words::{Word, words};

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

/// Parameters that drivers set or ask for, and what they read.
const PARAMETERS: [(&str, &str); 5] = [
    ("client_encoding", "UTF8"),
    ("default_transaction_isolation", "read committed"),
    ("standard_conforming_strings", "on"),
    ("datestyle", "ISO"),
    ("timezone", "GMT"),
];

/// What BEGIN may say of the transaction (src/backend/parser/gram.y, `transaction_mode_item`).
const MODES: [&str; 11] = [
    "isolation",
    "level",
    "serializable",
    "repeatable",
    "read",
    "committed",
    "uncommitted",
    "write",
    "only",
    "not",
    "deferrable",
];

impl Command {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let invalid = || Wrong::Invalid(text.trim().to_owned());
        let words = words(text).ok_or_else(invalid)?;
        let Some((first, rest)) = words.split_first() else {
            return Ok(Self::Empty);
        };
        let Word::Plain(first) = first else {
            return Err(invalid());
        };
        match first.to_ascii_uppercase().as_str() {
            "SHOW" | "SELECT" => show(rest).ok_or_else(invalid),
            "RELOAD" if rest.is_empty() => Ok(Self::Reload),
            "SET" => set(rest).ok_or_else(invalid),
            "BEGIN" if are_modes(after_noise(rest)) => Ok(Self::Nothing("BEGIN")),
            "START" if starts(rest) => Ok(Self::Nothing("BEGIN")),
            "COMMIT" | "END" if after_noise(rest).is_empty() => Ok(Self::Nothing("COMMIT")),
            "ROLLBACK" | "ABORT" if after_noise(rest).is_empty() => Ok(Self::Nothing("ROLLBACK")),
            // Nothing else has signs in it.
            _ if rest.iter().any(Word::is_sign) => Err(invalid()),
            "PAUSE" => database(rest).map(Self::Pause),
            "RESUME" => database(rest).map(Self::Resume),
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
    let what = what.text()?.to_ascii_lowercase();
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
        [name] => Ok(name.text().map(ToOwned::to_owned)),
        _ => Err(Wrong::BadArguments),
    }
}

/// `SET name = value, …`, `SET name TO value, …`, `SET SESSION …`; only what drivers set.
fn set(rest: &[Word]) -> Option<Command> {
    let rest = match rest {
        [word, more @ ..] if word.is("session") => more,
        other => other,
    };
    let (name, rest) = rest.split_first()?;
    if name.is("characteristics") {
        let [r#as, transaction, modes @ ..] = rest else {
            return None;
        };
        let whole = r#as.is("as") && transaction.is("transaction") && !modes.is_empty();
        return (whole && are_modes(modes)).then_some(Command::SetIgnored);
    }
    let mut known = PARAMETERS.iter().map(|(known, _)| *known);
    if !known.any(|known| name.is(known))
        && !name.is("extra_float_digits")
        && !name.is("application_name")
    {
        return None;
    }
    let (to, values) = rest.split_first()?;
    let whole = (to.is("to") || *to == Word::Sign('=')) && is_list(values);
    whole.then_some(Command::SetIgnored)
}

/// Values with commas between them.
fn is_list(words: &[Word]) -> bool {
    let mut values = words.split(|word| *word == Word::Sign(','));
    values.all(|value| matches!(value, [one] if !one.is_sign()))
}

/// `START TRANSACTION` with or without modes.
fn starts(rest: &[Word]) -> bool {
    matches!(rest, [word, modes @ ..] if word.is("transaction") && are_modes(modes))
}

/// The words that may follow BEGIN, COMMIT and ROLLBACK and mean nothing.
fn after_noise(rest: &[Word]) -> &[Word] {
    match rest {
        [word, more @ ..] if word.is("work") || word.is("transaction") => more,
        other => other,
    }
}

/// There is no transaction here that they could matter to: their order is not looked at.
fn are_modes(words: &[Word]) -> bool {
    let is_mode = |word: &Word| *word == Word::Sign(',') || MODES.iter().any(|mode| word.is(mode));
    words.iter().all(is_mode)
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
            ("SET datestyle TO ISO, MDY", Command::SetIgnored),
            (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                Command::SetIgnored,
            ),
            (
                "BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY",
                Command::Nothing("BEGIN"),
            ),
            ("COMMIT WORK", Command::Nothing("COMMIT")),
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
            "SHOW = POOLS",
            "PAUSE = app",
            "RELOAD ,",
            "COMMIT PREPARED x",
            "ROLLBACK TO SAVEPOINT a",
            "START",
            "BEGIN nonsense",
            "SET datestyle ISO",
            "SET datestyle TO ISO,",
            "SET datestyle TO",
            "SET datestyle = = ISO",
        ] {
            let wrong = Command::parse(text).unwrap_err();
            assert_eq!(wrong, Wrong::Invalid(text.to_owned()), "{text}");
        }
        assert_eq!(Command::parse("PAUSE a b"), Err(Wrong::BadArguments));
        assert_eq!(Command::parse("RELOAD a"), Err(Wrong::BadArguments));
    }
}
