//! Run-time parameters (GUCs) that follow a client from server to server.
//!
//! A client's set holds what it asked for at startup and what it changed since, as PostgreSQL
//! reported it. A server remembers which set was applied to it. The two are compared at each lease;
//! only a difference costs messages.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ErrorKind, Result};
use crate::wire::SqlState;

/// Parameters that PostgreSQL reports and a client may change: these always follow it.
const REPORTED: [&str; 6] = [
    "application_name",
    "client_encoding",
    "datestyle",
    "intervalstyle",
    "standard_conforming_strings",
    "timezone",
];

/// Parameters that would change who the client is: never taken at startup.
const REFUSED: [&str; 2] = ["role", "session_authorization"];

/// Bound on one client's parameters, by PostgreSQL's own bound on the packet that carries them.
const MAX_PARAMETERS: usize = 256;

/// Names (lower case) and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParamSet(BTreeMap<String, String>);

impl ParamSet {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn insert(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_ascii_lowercase(), value.to_owned());
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Drops what a fresh server has anyway.
    pub fn drop_defaults(&mut self, reported: &BTreeMap<String, String>) {
        let default = |name: &str| {
            let found = reported.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        self.0
            .retain(|name, value| default(name) != Some(value.as_str()));
    }

    /// What to do to a server that has `self` applied so that it has `wanted`.
    pub fn changes_to<'a>(&'a self, wanted: &'a Self) -> Vec<Change<'a>> {
        let gone = self.0.keys().filter(|name| !wanted.0.contains_key(*name));
        let mut changes: Vec<_> = gone.map(|name| Change::Reset(name)).collect();
        for (name, value) in &wanted.0 {
            if self.0.get(name) != Some(value) {
                changes.push(Change::Set(name, value));
            }
        }
        changes
    }
}

/// One step from one set to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    Set(&'a str, &'a str),
    Reset(&'a str),
}

impl Change<'_> {
    /// `RESET` with the name quoted part by part, as PostgreSQL's grammar (`var_name`) reads it.
    pub fn reset_statement(name: &str) -> String {
        let parts: Vec<_> = name
            .split('.')
            .map(|part| format!("\"{}\"", part.replace('"', "\"\"")))
            .collect();
        format!("RESET {}", parts.join("."))
    }
}

/// What the configuration says of client parameters.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Dropped without a word.
    pub ignored: BTreeSet<String>,
    /// Followed beside the six that PostgreSQL always reports.
    pub extra: BTreeSet<String>,
}

impl Rules {
    /// Does a change that PostgreSQL reports belong to the client?
    pub fn follows(&self, name: &str, asked: &ParamSet) -> bool {
        let name = name.to_ascii_lowercase();
        REPORTED.contains(&name.as_str())
            || self.extra.contains(&name)
            || asked.0.contains_key(&name)
    }

    /// Sorts a client's startup parameters, all but user and database.
    ///
    /// # Errors
    /// 0A000 for replication, role and session authorization; 42704 for a name that can't be a
    /// parameter; 08P01 for options that make no sense or too many parameters.
    pub fn admit(&self, startup: &[(String, String)]) -> Result<ParamSet> {
        let mut set = ParamSet::default();
        for (name, value) in startup {
            match name.as_str() {
                "user" | "database" => {}
                name if name.starts_with("_pq_.") => {}
                "replication" => refuse_replication(value)?,
                "options" => {
                    for (name, value) in parse_options(value)? {
                        self.admit_one(&mut set, &name, &value)?;
                    }
                }
                name => self.admit_one(&mut set, name, value)?,
            }
        }
        Ok(set)
    }

    fn admit_one(&self, set: &mut ParamSet, name: &str, value: &str) -> Result<()> {
        let name = name.to_ascii_lowercase();
        if self.ignored.contains(&name) {
            return Ok(());
        }
        if REFUSED.contains(&name.as_str()) {
            let message =
                format!("parameter \"{name}\" can't be set at startup through the pooler");
            return Err(Error::unsupported(message));
        }
        if !is_parameter_name(&name) {
            let message = format!("unrecognized configuration parameter \"{name}\"");
            let (kind, code) = (ErrorKind::Parameter, SqlState::UNDEFINED_PARAMETER);
            return Err(Error::new(kind, code, message));
        }
        set.0.insert(name, value.to_owned());
        if set.0.len() > MAX_PARAMETERS {
            return Err(Error::protocol("too many startup parameters"));
        }
        Ok(())
    }
}

/// `false` in any of PostgreSQL's spellings is no replication.
fn refuse_replication(value: &str) -> Result<()> {
    let off = ["false", "off", "no", "0", "f", "n"];
    if off.contains(&value.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    Err(Error::unsupported(
        "replication connections are not supported",
    ))
}

/// `find_option` in src/backend/utils/misc/guc.c takes letters, digits, `_`, `$` and dots.
fn is_parameter_name(name: &str) -> bool {
    let mut parts = name.split('.');
    let part_ok = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    name.len() <= 200 && parts.all(part_ok)
}

/// The command-line options in a startup packet: `-c name=value`, `-cname=value`, `--name=value`;
/// blanks separate, a backslash keeps the next character (`pg_split_opts` in postinit.c).
fn parse_options(text: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut words = split_options(text).into_iter();
    while let Some(word) = words.next() {
        let setting = if word == "-c" {
            words.next()
        } else {
            let long = word.strip_prefix("--").or_else(|| word.strip_prefix("-c"));
            long.map(str::to_owned)
        };
        let pair = setting.as_deref().and_then(|s| s.split_once('='));
        let Some((name, value)) = pair else {
            let message = format!("unsupported option \"{word}\" in the startup packet");
            return Err(Error::unsupported(message));
        };
        found.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(found)
}

fn split_options(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(pairs: &[(&str, &str)]) -> Result<ParamSet> {
        let owned: Vec<_> = pairs
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect();
        let rules = Rules {
            ignored: ["extra_float_digits".to_owned()].into(),
            extra: BTreeSet::new(),
        };
        rules.admit(&owned)
    }

    fn set(pairs: &[(&str, &str)]) -> ParamSet {
        let mut set = ParamSet::default();
        for (name, value) in pairs {
            set.insert(name, value);
        }
        set
    }

    #[test]
    fn startup_parameters_are_followed_ignored_or_refused() {
        let ok = [
            ("user", "u"),
            ("DateStyle", "ISO"),
            ("extra_float_digits", "2"),
        ];
        assert_eq!(admit(&ok).unwrap(), set(&[("datestyle", "ISO")]));
        let options = [("options", r"-c geqo=off --search-path=a\ b -cjit=on")];
        let wanted = [("geqo", "off"), ("search_path", "a b"), ("jit", "on")];
        assert_eq!(admit(&options).unwrap(), set(&wanted));
        for (name, value, code) in [
            ("replication", "database", SqlState::FEATURE_NOT_SUPPORTED),
            ("role", "postgres", SqlState::FEATURE_NOT_SUPPORTED),
            ("a b", "1", SqlState::UNDEFINED_PARAMETER),
            ("", "1", SqlState::UNDEFINED_PARAMETER),
            ("options", "-x", SqlState::FEATURE_NOT_SUPPORTED),
            ("options", "-c role=x", SqlState::FEATURE_NOT_SUPPORTED),
        ] {
            assert_eq!(
                admit(&[(name, value)]).unwrap_err().sqlstate,
                code,
                "{name}"
            );
        }
        assert!(admit(&[("replication", "false")]).unwrap().is_empty());
    }

    #[test]
    fn only_differences_are_applied() {
        let server = set(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let client = set(&[("a", "1"), ("b", "9"), ("d", "4")]);
        let changes = server.changes_to(&client);
        let wanted = [
            Change::Reset("c"),
            Change::Set("b", "9"),
            Change::Set("d", "4"),
        ];
        assert_eq!(changes, wanted);
        assert!(client.changes_to(&client).is_empty());
    }

    #[test]
    fn what_a_server_has_anyway_is_dropped() {
        let mut client = set(&[("timezone", "UTC"), ("datestyle", "ISO")]);
        let reported = [("TimeZone", "UTC"), ("DateStyle", "ISO, MDY")];
        let reported = reported.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        client.drop_defaults(&reported);
        assert_eq!(client, set(&[("datestyle", "ISO")]));
    }

    #[test]
    fn names_are_quoted_for_reset() {
        assert_eq!(Change::reset_statement("a.b"), "RESET \"a\".\"b\"");
    }
}
