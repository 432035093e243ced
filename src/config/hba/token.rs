//! Lines of HBA text to fields, and fields to their comma-separated words.
//!
//! Follows `next_token` of PostgreSQL's hba.c: quotes keep blanks, commas and `#`, a doubled quote
//! inside them is one quote, a quoted word loses its meaning as a keyword, and a backslash at the
//! end of a line joins the next one to it. An open quote is a fault here; PostgreSQL closes it.

/// The longest line; PostgreSQL has no bound, an operator's line is far shorter.
const LONGEST_LINE: usize = 64 * 1024;

/// A line with at least one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Of its first physical line, from 1.
    pub number: u32,
    pub fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub column: u32,
    pub words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    /// Whether it begins with a quotation mark.
    pub quoted: bool,
}

pub(super) struct Fault {
    pub line: u32,
    pub column: u32,
    pub reason: &'static str,
}

impl Line {
    /// A field of exactly one word.
    pub(super) fn single(&self, field: usize) -> Option<&str> {
        match self.fields.get(field)?.words.as_slice() {
            [word] => Some(&word.text),
            _ => None,
        }
    }

    /// A field of exactly one word without quotation marks: a keyword.
    pub(super) fn word(&self, field: usize) -> Option<&str> {
        match self.fields.get(field)?.words.as_slice() {
            [word] if !word.quoted => Some(&word.text),
            _ => None,
        }
    }

    /// Where a field begins; behind the last one, where the line begins.
    pub(super) fn column(&self, field: usize) -> u32 {
        let field = self.fields.get(field).or(self.fields.first());
        field.map_or(1, |field| field.column)
    }
}

/// All lines that have a field.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<Line, Fault>> {
    let mut physical = (1..).zip(text.lines());
    std::iter::from_fn(move || {
        let (number, first) = physical.next()?;
        let mut whole = first.to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let Some((_, next)) = physical.next() else {
                break;
            };
            whole.push_str(next);
        }
        Some((number, whole))
    })
    .map(|(number, whole)| {
        let fault = |column, reason| Fault {
            line: number,
            column,
            reason,
        };
        if whole.len() > LONGEST_LINE {
            return Err(fault(1, "the line is too long"));
        }
        match fields(&whole) {
            Ok(fields) => Ok(Line { number, fields }),
            Err(column) => Err(fault(column, "the quotation mark is not closed")),
        }
    })
    .filter(|line| !matches!(line, Ok(line) if line.fields.is_empty()))
}

/// The fields of a line; the error is the column of a quotation mark that is never closed.
fn fields(line: &str) -> Result<Vec<Field>, u32> {
    let mut fields: Vec<Field> = Vec::new();
    let mut goes_on = false;
    let mut rest = (1u32..).zip(line.chars()).peekable();
    while let Some((column, c)) = rest.peek().copied() {
        if c.is_ascii_whitespace() {
            rest.next();
            continue;
        }
        if c == '#' {
            break;
        }
        let (word, comma) = word(&mut rest)?;
        match fields.last_mut() {
            Some(field) if goes_on => field.words.push(word),
            _ => fields.push(Field {
                column,
                words: vec![word],
            }),
        }
        goes_on = comma;
    }
    Ok(fields)
}

/// One word, and whether a comma followed it.
fn word(
    rest: &mut std::iter::Peekable<impl Iterator<Item = (u32, char)>>,
) -> Result<(Word, bool), u32> {
    let mut text = String::new();
    let quoted = matches!(rest.peek(), Some((_, '"')));
    let mut open = None;
    while let Some((column, c)) = rest.peek().copied() {
        let ends = c.is_ascii_whitespace() || c == '#';
        if open.is_none() && ends {
            break;
        }
        rest.next();
        match c {
            ',' if open.is_none() => return Ok((Word { text, quoted }, true)),
            '"' if open.is_none() => open = Some(column),
            '"' if matches!(rest.peek(), Some((_, '"'))) => {
                rest.next();
                text.push('"');
            }
            '"' => open = None,
            _ => text.push(c),
        }
    }
    match open {
        Some(column) => Err(column),
        None => Ok((Word { text, quoted }, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<(u32, Vec<(String, bool)>)> {
        let fields = fields(line).unwrap();
        let pairs = |f: Field| f.words.into_iter().map(|w| (w.text, w.quoted)).collect();
        fields.into_iter().map(|f| (f.column, pairs(f))).collect()
    }

    fn plain(text: &str) -> (String, bool) {
        (text.to_owned(), false)
    }

    #[test]
    fn fields_lists_quotes_and_comments() {
        assert_eq!(
            words("  host a,b, c  \"all\" # rest"),
            [
                (3, vec![plain("host")]),
                (8, vec![plain("a"), plain("b"), plain("c")]),
                (16, vec![("all".to_owned(), true)]),
            ]
        );
        let cases = [
            ("\"a b,#c\"", "a b,#c"),
            ("\"say \"\"hi\"\"\"", "say \"hi\""),
            ("a\"b c\"d", "ab cd"),
            ("\"\"", ""),
        ];
        for (line, text) in cases {
            assert_eq!(words(line)[0].1[0].0, text, "{line}");
        }
        assert!(words("# only a comment").is_empty());
        assert_eq!(words("a#b"), [(1, vec![plain("a")])]);
    }

    #[test]
    fn an_open_quote_is_a_fault() {
        assert_eq!(fields("host \"a b").unwrap_err(), 6);
    }

    #[test]
    fn lines_are_numbered_and_joined() {
        let text = "# c\n\nlocal a \\\n  b trust\r\nhost x\n";
        let lines: Vec<Line> = lines(text).map(|l| l.ok().unwrap()).collect();
        let numbers: Vec<(u32, usize)> = lines.iter().map(|l| (l.number, l.fields.len())).collect();
        assert_eq!(numbers, [(3, 4), (5, 2)]);
    }
}
