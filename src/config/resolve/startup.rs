//! `startup_parameters`: settings for every server's startup packet.

use std::collections::BTreeMap;

use crate::config::section::{Located, Section, join};
use crate::config::tree::{Entry, Value};
use crate::config::value::{text, unexpected};

/// Names in lower case, as PostgreSQL compares them.
pub(super) type Parameters = BTreeMap<String, Located<String>>;

/// Bytes of all names and values with their NULs: what is left of a startup packet, 10,000 bytes
/// (PostgreSQL's `MAX_STARTUP_PACKET_LENGTH`), for user, database and the rest.
const BODY: usize = 9_488;

/// Set by the pooler itself, or a way around the login.
const TAKEN: &[&str] = &[
    "user",
    "database",
    "replication",
    "options",
    "role",
    "session_authorization",
];

/// The parameters of one section.
pub(super) fn read(section: &Section<'_>) -> Parameters {
    let Some(entry) = section.entry("startup_parameters") else {
        return Parameters::new();
    };
    let Value::Table(entries) = &entry.node.value else {
        section.problem(
            "startup_parameters",
            unexpected("a table of texts", &entry.node),
        );
        return Parameters::new();
    };
    let mut parameters = Parameters::new();
    for entry in entries {
        let key = join(&section.key("startup_parameters"), &entry.key);
        let problem = |reason: &str| section.reader.problem(&entry.place, &key, reason);
        match parameter(entry) {
            Ok((name, _)) if parameters.contains_key(&name) => {
                problem("given twice: case does not matter here");
            }
            Ok((name, value)) => {
                let place = entry.place.clone();
                parameters.insert(name, Located { value, place, key });
            }
            Err(reason) => problem(&reason),
        }
    }
    parameters
}

fn parameter(entry: &Entry) -> Result<(String, String), String> {
    let name = entry.key.to_ascii_lowercase();
    if TAKEN.contains(&name.as_str()) || name.starts_with("_pq_.") {
        return Err("can't be set this way".to_owned());
    }
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    if !begins_well || !is_word {
        return Err("not the name of a parameter: letters, digits, _ and . only".to_owned());
    }
    Ok((name, text(&entry.node)?.to_owned()))
}

/// General ones under a pool's own, checked for size.
pub(super) fn merge(section: &Section<'_>, general: &Parameters, own: Parameters) -> Parameters {
    let mut merged = general.clone();
    merged.extend(own);
    let size: usize = merged
        .iter()
        .map(|(name, p)| name.len() + p.value.len() + 2)
        .sum();
    if size > BODY {
        let reason = format!("{size} bytes with the general ones, at most {BODY} fit");
        section.problem("startup_parameters", reason);
    }
    merged
}
