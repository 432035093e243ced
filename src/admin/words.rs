//! The words that a statement of the console is made of.
//!
//! A word is `[0-9A-Za-z_]+` or `"…"` with `""` inside. Comments, blanks around and semicolons at the
//! end are taken, which is more than PgBouncer does.

/// The longest command word and argument (PgBouncer's grammar).
const MAX_WORD: usize = 63;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Plain(String),
    /// It stood in quotes: never a keyword.
    Quoted(String),
    /// `=` or `,`
    Sign(char),
}

impl Word {
    /// Is it this keyword, in any case?
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(text) if text.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_sign(&self) -> bool {
        matches!(self, Self::Sign(_))
    }

    /// A name or a value; `None` = a sign.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) | Self::Quoted(text) => Some(text),
            Self::Sign(_) => None,
        }
    }
}

/// The words of a statement; `None` where there is something that is none.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = skip_blanks(text)?;
    while let Some(c) = rest.chars().next() {
        if c == ';' {
            let after = skip_blanks(rest.trim_start_matches([';', ' ', '\t', '\n']))?;
            return after.is_empty().then_some(words);
        }
        let (word, after) = match c {
            '=' | ',' => (Word::Sign(c), &rest[1..]),
            '"' | '\'' => {
                let (text, after) = quoted(&rest[1..], c)?;
                (Word::Quoted(text), after)
            }
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let end = rest.find("--").map_or(end, |comment| end.min(comment));
                (Word::Plain(rest[..end].to_owned()), &rest[end..])
            }
            _ => return None,
        };
        if word.text().is_some_and(|text| text.len() > MAX_WORD) {
            return None;
        }
        words.push(word);
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
    fn quotes_signs_and_comments_are_told_apart() {
        let plain = |text: &str| Word::Plain(text.to_owned());
        let quoted = |text: &str| Word::Quoted(text.to_owned());
        for (text, wanted) in [
            ("a-b.c -- d", Some(vec![plain("a-b.c")])),
            ("'a''b', \"=\" ;", {
                Some(vec![quoted("a'b"), Word::Sign(','), quoted("=")])
            }),
            ("a=b", Some(vec![plain("a"), Word::Sign('='), plain("b")])),
            ("a; b", None),
            ("'a", None),
            ("a + b", None),
            (&"x".repeat(64), None),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }
}
