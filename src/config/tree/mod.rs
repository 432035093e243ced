//! The one shape that TOML and YAML files become: values that know where they stand.

mod toml;
mod yaml;

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::problem::{Place, Problem};

/// A value and its place. It has no `Debug`: passwords are among the texts.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    /// YAML's `null`: the key counts as not set.
    Null,
    Bool(bool),
    Int(i64),
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// A kind that no key takes, by its name.
    Other(&'static str),
}

/// A key and its value; the order is the file's.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key stands.
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Value {
    /// What an operator would call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Reads a file's text by the ending of its name: `.yaml` and `.yml` are YAML, all else TOML.
pub(super) fn parse(file: &Path, text: &str) -> Result<Node, Vec<Problem>> {
    let file: Arc<Path> = file.into();
    let is_yaml = file
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
    if is_yaml {
        yaml::parse(&file, text).map_err(|problem| vec![problem])
    } else {
        toml::parse(&file, text)
    }
}

/// Lays `upper` over `lower`, key by key; lists are joined, anything else is replaced.
pub(super) fn merge(lower: &mut Node, upper: Node) {
    match (&mut lower.value, upper.value) {
        (_, Value::Null) => {}
        (Value::List(items), Value::List(more)) => items.extend(more),
        (Value::Table(entries), Value::Table(more)) => {
            for entry in more {
                match entries.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => merge_entry(known, entry),
                    None => entries.push(entry),
                }
            }
        }
        (value, upper_value) => {
            *value = upper_value;
            lower.place = upper.place;
        }
    }
}

fn merge_entry(known: &mut Entry, entry: Entry) {
    let is_section = matches!(known.node.value, Value::List(_) | Value::Table(_));
    if !is_section && !matches!(entry.node.value, Value::Null) {
        known.place = entry.place;
    }
    merge(&mut known.node, entry.node);
}

fn syntax(place: Place, reason: String) -> Problem {
    Problem {
        place,
        key: "syntax".to_owned(),
        reason,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The tree as one line, keys with their places.
    pub(in crate::config) fn outline(node: &Node) -> String {
        let mut out = String::new();
        write_node(&mut out, &node.value);
        out
    }

    fn write_node(out: &mut String, value: &Value) {
        match value {
            Value::Null => out.push('~'),
            Value::Bool(b) => write!(out, "{b}").unwrap(),
            Value::Int(i) => write!(out, "{i}").unwrap(),
            Value::Text(t) => write!(out, "'{}'", t.as_str()).unwrap(),
            Value::Other(kind) => write!(out, "<{kind}>").unwrap(),
            Value::List(items) => {
                out.push('[');
                for item in items {
                    write_node(out, &item.value);
                    out.push(' ');
                }
                out.push(']');
            }
            Value::Table(entries) => {
                out.push('{');
                for entry in entries {
                    let (line, column) = entry.place.at.unwrap();
                    write!(out, "{}@{line}:{column}=", entry.key).unwrap();
                    write_node(out, &entry.node.value);
                    out.push(' ');
                }
                out.push('}');
            }
        }
    }

    #[test]
    fn the_upper_file_wins_and_lists_are_joined() {
        let read = |name: &str, text: &str| parse(Path::new(name), text).ok().unwrap();
        let mut tree = read("a.toml", "l = [1]\n[g]\na = 1\nb = 2\n");
        merge(
            &mut tree,
            read("b.yaml", "g:\n  b: 3\n  a: null\nl: [2]\nn: x\n"),
        );
        assert_eq!(
            outline(&tree),
            "{l@1:1=[1 2 ] g@2:2={a@3:1=1 b@2:3=3 } n@5:1='x' }"
        );
    }
}
