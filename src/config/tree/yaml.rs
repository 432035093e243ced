//! YAML text to the tree, with a line and a column for every key.
//!
//! Built from the parser's events rather than from a loaded document, because only the events tell
//! where a key stands and let repeated keys, depth and copied anchors be bounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use zeroize::Zeroizing;

use super::{Entry, Node, Value, syntax};
use crate::config::problem::{Place, Problem};

/// No configuration nests deeper; the tree is walked and dropped by recursion.
const DEPTH: usize = 32;
/// Values in one file, copies by aliases counted: a few lines of aliases of aliases could otherwise
/// fill the memory.
const VALUES: usize = 100_000;

pub(super) fn parse(file: &Arc<Path>, text: &str) -> Result<Node, Problem> {
    let mut builder = Builder::new(file);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.scan_error(&error))?;
        builder.take(event, span.start)?;
    }
    let empty = Node {
        place: Place::in_file(file, 1, 1),
        value: Value::Table(Vec::new()),
    };
    Ok(match builder.root {
        None => empty,
        Some(node) if matches!(node.value, Value::Null) => empty,
        Some(node) => node,
    })
}

/// A list or table whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    /// The entries so far, and the key that waits for its value.
    Table(Vec<Entry>, Option<(String, Place)>),
}

struct Builder<'a> {
    file: &'a Arc<Path>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    values: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a Arc<Path>) -> Self {
        Self {
            file,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            values: 0,
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, at: Marker) -> Result<(), Problem> {
        let place = self.place(at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.begins_key() {
                    return self.key(text.into_owned(), place);
                }
                let value = scalar(text, style, tag.as_deref());
                self.grow(1, &place)?;
                self.close(Node { place, value }, anchor);
                Ok(())
            }
            Event::SequenceStart(anchor, _) => self.open(place, anchor, Body::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.open(place, anchor, Body::Table(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(_) if self.begins_key() => {
                    Err(syntax(place, "an alias can't be a key".to_owned()))
                }
                Some(node) => {
                    let node = node.clone();
                    self.grow(count(&node.value), &place)?;
                    self.close(node, 0);
                    Ok(())
                }
                None => Err(syntax(place, "an alias inside its own anchor".to_owned())),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(syntax(place, "a second document in one file".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the next event is a key of the innermost table.
    fn begins_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                body: Body::Table(_, None),
                ..
            })
        )
    }

    fn key(&mut self, key: String, place: Place) -> Result<(), Problem> {
        let Some(Open {
            body: Body::Table(entries, waiting),
            ..
        }) = self.open.last_mut()
        else {
            return Ok(());
        };
        if let Some(first) = entries.iter().find(|entry| entry.key == key) {
            let reason = format!("repeated, first on line {}", first.place.line());
            return Err(Problem { place, key, reason });
        }
        *waiting = Some((key, place));
        Ok(())
    }

    fn open(&mut self, place: Place, anchor: usize, body: Body) -> Result<(), Problem> {
        if self.begins_key() {
            return Err(syntax(place, "a key must be a text".to_owned()));
        }
        if self.open.len() >= DEPTH {
            return Err(syntax(place, format!("nested deeper than {DEPTH}")));
        }
        self.grow(1, &place)?;
        self.open.push(Open {
            place,
            anchor,
            body,
        });
        Ok(())
    }

    fn end(&mut self) {
        let Some(Open {
            place,
            anchor,
            body,
        }) = self.open.pop()
        else {
            return;
        };
        let value = match body {
            Body::List(items) => Value::List(items),
            Body::Table(entries, _) => Value::Table(entries),
        };
        self.close(Node { place, value }, anchor);
    }

    /// Hands a whole value to the list or table around it.
    fn close(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.body) {
            None => self.root = Some(node),
            Some(Body::List(items)) => items.push(node),
            Some(Body::Table(entries, waiting)) => {
                if let Some((key, place)) = waiting.take() {
                    entries.push(Entry { key, place, node });
                }
            }
        }
    }

    fn grow(&mut self, by: usize, place: &Place) -> Result<(), Problem> {
        self.values += by;
        if self.values > VALUES {
            return Err(syntax(place.clone(), format!("more than {VALUES} values")));
        }
        Ok(())
    }

    fn place(&self, at: Marker) -> Place {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place::in_file(self.file, number(at.line()), number(at.col() + 1))
    }

    fn scan_error(&self, error: &ScanError) -> Problem {
        syntax(self.place(*error.marker()), error.info().to_owned())
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(|i| count(&i.value)).sum::<usize>(),
        Value::Table(entries) => 1 + entries.iter().map(|e| count(&e.node.value)).sum::<usize>(),
        _ => 1,
    }
}

/// The core schema of YAML 1.2, save that digits behind a leading zero are a text: `0600` is a mode,
/// not six hundred. `yes` and `on` are texts.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let forced = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    let plain = plain(&text).filter(|_| style == ScalarStyle::Plain && !forced);
    if let Some(value) = plain {
        return value;
    }
    Value::Text(Zeroizing::new(text.into_owned()))
}

fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (&text[..1], rest),
        None => ("", text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ => (10, digits),
    };
    let is_number = !digits.is_empty()
        && digits.chars().all(|c| c.is_digit(radix))
        && (radix != 10 || digits == "0" || !digits.starts_with('0'));
    if is_number {
        let number = i64::from_str_radix(&format!("{sign}{digits}"), radix);
        return Some(number.map_or(Value::Other("a number that is too large"), Value::Int));
    }
    let begins_as_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_fraction = begins_as_number && radix == 10 && digits.contains(['.', 'e', 'E']);
    (is_fraction && text.parse::<f64>().is_ok()).then_some(Value::Other("a fraction"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::tests::outline;

    fn read(text: &str) -> Result<Node, Problem> {
        parse(&Path::new("t.yaml").into(), text)
    }

    #[test]
    fn every_key_has_its_place() {
        let text = "general:\n  port: 6543\n  tls: yes\n  off: false\n  no: ~\nusers:\n  - {u: 'é', p: 0600}\n  - u: 1.5\n";
        assert_eq!(
            outline(&read(text).ok().unwrap()),
            "{general@1:1={port@2:3=6543 tls@3:3='yes' off@4:3=false no@5:3=~ } \
             users@6:1=[{u@7:6='é' p@7:14='0600' } {u@8:5=<a fraction> } ] }"
        );
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let cases = [
            ("-7", "-7"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0", "0"),
            ("99999999999999999999", "<a number that is too large>"),
            ("1e3", "<a fraction>"),
            ("e", "'e'"),
            ("10s", "'10s'"),
            ("10.0.0.1", "'10.0.0.1'"),
            ("!!str 12", "'12'"),
            ("\"12\"", "'12'"),
            ("|\n  a\n  b\n", "'a\nb\n'"),
        ];
        for (text, value) in cases {
            let tree = read(&format!("k: {text}")).ok().unwrap();
            assert_eq!(outline(&tree), format!("{{k@1:1={value} }}"), "{text}");
        }
    }

    #[test]
    fn anchors_are_copied_within_bounds() {
        let tree = read("a: &x {p: 1}\nb: *x\n").ok().unwrap();
        assert_eq!(outline(&tree), "{a@1:1={p@1:8=1 } b@2:1={p@1:8=1 } }");
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 10].join(",");
            let name = format!("a{level}");
            bomb += &["", &name, ": &", &name, " [", &items, "]\n"].concat();
        }
        assert!(read(&bomb).err().unwrap().reason.contains("values"));
        assert!(read(&"[".repeat(100)).is_err());
    }

    #[test]
    fn faults_have_a_place() {
        let repeated = read("a: 1\nb: 2\na: 3\n").err().unwrap();
        assert_eq!(
            repeated.to_string(),
            "t.yaml:3:1: a: repeated, first on line 1"
        );
        let second = read("a: 1\n---\nb: 2\n").err().unwrap();
        assert_eq!(second.place.line(), 2);
        assert!(read("a: [1, 2").is_err());
        assert_eq!(read("? [a]\n: 1\n").err().unwrap().place.line(), 1);
    }
}
