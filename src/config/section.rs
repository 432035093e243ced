//! A cursor over one table of the file: typed getters that report what does not fit, and an end
//! that reports what nobody asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::keys::{self, Fate, Scope};
use super::problem::Place;
use super::reader::{Reader, relative_to};
use super::settings::Secret;
use super::tree::{Entry, Node, Value};
use super::units;
use super::value::{comma_list, duration, integer, is_off, text, unexpected};

/// A value that remembers where it came from, for checks that look at more than one key.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) place: Place,
    /// The full path of the key.
    pub(super) key: String,
}

pub(super) struct Section<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) scope: Scope,
    /// The full path of this table, `pools.app`; empty at the top.
    pub(super) path: String,
    /// Where the table begins.
    pub(super) place: Place,
    entries: &'a [Entry],
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    /// `None`, with a report, if the node is no table.
    pub(super) fn new(
        reader: &'a Reader<'a>,
        scope: Scope,
        path: String,
        place: &Place,
        node: &'a Node,
    ) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            reader.problem(place, &path, unexpected("a table", node));
            return None;
        };
        Some(Self {
            reader,
            scope,
            path,
            place: place.clone(),
            entries,
            asked: RefCell::default(),
        })
    }

    /// The entry of this key, unless it is missing or null; either way the key counts as asked for.
    pub(super) fn entry(&self, key: &'static str) -> Option<&'a Entry> {
        debug_assert!(
            keys::find(self.scope, key).is_some(),
            "{key} is in no table of keys"
        );
        self.asked.borrow_mut().insert(key);
        self.entries
            .iter()
            .find(|entry| entry.key == key && !matches!(entry.node.value, Value::Null))
    }

    /// The full path of a key of this table.
    pub(super) fn key(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Where a key stands; the table itself when it is missing.
    pub(super) fn place_of(&self, key: &str) -> &Place {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map_or(&self.place, |entry| &entry.place)
    }

    pub(super) fn problem(&self, key: &str, reason: impl Into<String>) {
        self.reader
            .problem(self.place_of(key), &self.key(key), reason);
    }

    pub(super) fn warn(&self, key: &str, reason: impl Into<String>) {
        self.reader.warn(self.place_of(key), &self.key(key), reason);
    }

    /// Reports a required key that is missing.
    pub(super) fn require<T>(&self, key: &str, value: Option<T>) -> Option<T> {
        let is_there = |e: &Entry| e.key == key && !matches!(e.node.value, Value::Null);
        // A value that did not fit has been reported already.
        if value.is_none() && !self.entries.iter().any(is_there) {
            self.reader
                .problem(&self.place, &self.key(key), "required, but missing");
        }
        value
    }

    /// Reads a key with `read`, reporting its error.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        let entry = self.entry(key)?;
        match read(&entry.node) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problem(key, reason);
                None
            }
        }
    }

    pub(super) fn located<T>(&self, key: &'static str, value: Option<T>) -> Option<Located<T>> {
        Some(Located {
            value: value?,
            place: self.place_of(key).clone(),
            key: self.key(key),
        })
    }

    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        self.read(key, |node| text(node).map(str::to_owned))
    }

    /// A text with at least one character in it.
    pub(super) fn name(&self, key: &'static str) -> Option<String> {
        self.read(key, |node| match text(node)? {
            "" => Err("can't be empty".to_owned()),
            name => Ok(name.to_owned()),
        })
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        self.read(key, |node| match node.value {
            Value::Bool(yes) => Ok(yes),
            _ => Err(unexpected("true or false", node)),
        })
    }

    pub(super) fn integer<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        self.read(key, |node| integer(node, range))
    }

    /// An integer of milliseconds, or a text with a unit.
    pub(super) fn duration(&self, key: &'static str) -> Option<Duration> {
        self.read(key, duration)
    }

    /// A time that can't be 0, because nothing could be done in it.
    pub(super) fn positive_duration(&self, key: &'static str) -> Option<Duration> {
        self.read(key, |node| match duration(node)? {
            Duration::ZERO => Err("must be longer than 0".to_owned()),
            time => Ok(time),
        })
    }

    /// A time of which 0 means never, `None`.
    pub(super) fn limit(&self, key: &'static str, default: Option<Duration>) -> Option<Duration> {
        match self.duration(key) {
            Some(time) => (!time.is_zero()).then_some(time),
            None => default,
        }
    }

    pub(super) fn size(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<usize> {
        self.read(key, |node| {
            let bytes = match &node.value {
                Value::Int(count) => u64::try_from(*count).map_err(|_| "can't be negative")?,
                Value::Text(text) => units::size(text)?,
                _ => return Err(unexpected("a size such as \"64MB\"", node)),
            };
            if range.contains(&bytes) {
                return usize::try_from(bytes).map_err(|_| "too large".to_owned());
            }
            Err(format!(
                "must be from {} to {} bytes",
                range.start(),
                range.end()
            ))
        })
    }

    /// A path, relative to the directory of the file that names it.
    pub(super) fn file(&self, key: &'static str) -> Option<Located<PathBuf>> {
        let base = self.place_of(key).file.clone();
        let path = self.name(key)?;
        self.located(key, Some(relative_to(&base, &path)))
    }

    /// A list of texts; one text with commas, as PgBouncer has it, is a list too.
    pub(super) fn words(&self, key: &'static str) -> Option<Vec<String>> {
        self.read(key, |node| match &node.value {
            Value::List(items) => items.iter().map(|i| text(i).map(str::to_owned)).collect(),
            Value::Text(_) => Ok(comma_list(text(node)?)),
            _ => Err(unexpected("a list of texts", node)),
        })
    }

    /// One of some words, as written.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.read(key, |node| {
            let given = text(node)?;
            let found = words.iter().find(|(word, _)| *word == given);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("must be one of: {}", names.join(", "))
            })
        })
    }

    /// A secret: a text, `{ env = "NAME" }` or `{ file = "PATH" }`. Errors never quote it.
    pub(super) fn secret(&self, key: &'static str) -> Option<Secret> {
        self.read(key, |node| super::secret::read(self.reader, node))
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for entry in self.entries {
            if !self.asked.borrow().contains(entry.key.as_str()) {
                self.unasked(entry);
            }
        }
    }

    fn unasked(&self, entry: &Entry) {
        let key = self.key(&entry.key);
        let problem = |reason: String| self.reader.problem(&entry.place, &key, reason);
        let warn = |reason: String| self.reader.warn(&entry.place, &key, reason);
        let fate = keys::find(self.scope, &entry.key).map(|key| key.fate);
        match fate {
            Some(Fate::Obeyed) => {}
            Some(Fate::NoEffect) => warn("has no effect here".to_owned()),
            Some(Fate::Later) => warn("not supported yet, has no effect".to_owned()),
            Some(Fate::LaterRefused(asks_nothing)) => {
                if !is_off(&entry.node, asks_nothing) {
                    problem("not supported yet".to_owned());
                }
            }
            Some(Fate::Never(reason)) => {
                if !is_off(&entry.node, &[]) {
                    problem(reason.to_owned());
                }
            }
            None => match keys::home(&entry.key) {
                Some(home) => warn(format!(
                    "has no effect here, it belongs in {}",
                    home.title()
                )),
                None => problem(self.unknown(&entry.key)),
            },
        }
    }

    fn unknown(&self, key: &str) -> String {
        match keys::nearest(self.scope, key) {
            Some((name, home)) if home == self.scope => {
                format!("unknown key, did you mean \"{name}\"?")
            }
            Some((name, home)) => {
                format!("unknown key, did you mean \"{name}\" in {}?", home.title())
            }
            None => "unknown key".to_owned(),
        }
    }
}

/// The path of a key below another.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
