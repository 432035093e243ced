//! TOML text to the tree, with a line and a column for every key.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::{Entry, Node, Value, syntax};
use crate::config::problem::{Place, Problem};

/// More faults of syntax than this help nobody: one slip often makes a train of them.
const FAULTS: usize = 10;

pub(super) fn parse(file: &Arc<Path>, text: &str) -> Result<Node, Vec<Problem>> {
    let source = Source::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let place = source.place(table.span());
        return Ok(Node {
            place,
            value: source.table(table.get_ref()),
        });
    }
    let fault = |error: &toml::de::Error| {
        let place = source.place(error.span().unwrap_or_default());
        syntax(place, error.message().to_owned())
    };
    Err(errors.iter().take(FAULTS).map(fault).collect())
}

/// A file's text and the beginnings of its lines.
struct Source<'a> {
    file: &'a Arc<Path>,
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(file: &'a Arc<Path>, text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { file, text, lines }
    }

    fn place(&self, span: Range<usize>) -> Place {
        let at = span.start.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines[line - 1];
        let before = self.text.as_bytes()[start..at]
            .iter()
            .filter(|byte| !is_continuation(**byte));
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place::in_file(self.file, number(line), number(before.count() + 1))
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        Node {
            place: self.place(value.span()),
            value: self.value(value.get_ref()),
        }
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(Zeroizing::new(text.to_string())),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Other("a number that is too large"), Value::Int),
            DeValue::Float(_) => Value::Other("a fraction"),
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(items) => Value::List(items.iter().map(|i| self.node(i)).collect()),
            DeValue::Table(table) => self.table(table),
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry {
            key: std::borrow::Cow::<'_, str>::to_string(key.get_ref()),
            place: self.place(key.span()),
            node: self.node(value),
        };
        let mut entries: Vec<Entry> = table.iter().map(entry).collect();
        // The parser's table is sorted by name; readers of reports expect the file's order.
        entries.sort_by(|a, b| a.place.cmp(&b.place));
        Value::Table(entries)
    }
}

/// Bytes inside a UTF-8 character begin no new column.
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::tests::outline;

    fn read(text: &str) -> Result<Node, Vec<Problem>> {
        parse(&Path::new("t.toml").into(), text)
    }

    #[test]
    fn every_key_has_its_place() {
        let text = "[general]\nport = 0x10\n  \"é\" = 'x'\né = 1.5\n".replace("é =", "e =");
        assert_eq!(
            outline(&read(&text).ok().unwrap()),
            "{general@1:2={port@2:1=16 é@3:3='x' e@4:1=<a fraction> } }"
        );
        let text = "[pools.app]\na.b = true\n[[pools.app.users]]\nu = 1\n[[pools.app.users]]\n";
        assert_eq!(
            outline(&read(text).ok().unwrap()),
            "{pools@1:2={app@1:8={a@2:1={b@2:3=true } users@3:13=[{u@4:1=1 } {} ] } } }"
        );
    }

    #[test]
    fn columns_count_characters() {
        let source = "\"ééé\" = { x = 1 }\n";
        assert_eq!(
            outline(&read(source).ok().unwrap()),
            "{ééé@1:1={x@1:11=1 } }"
        );
    }

    #[test]
    fn every_fault_of_syntax_is_reported() {
        let problems = read("a = \nb = 1\nc = [1,\n").err().unwrap();
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.place.line() == 1));
        assert!(read("a = 1\na = 2\n").is_err());
    }
}
