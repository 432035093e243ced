//! A user's own startup parameters, as the query's column of that name gives them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Names that the pooler sets itself, or that are a way around the login.
const TAKEN: [&str; 6] = [
    "user",
    "database",
    "replication",
    "options",
    "role",
    "session_authorization",
];

/// Bytes of all names and values with their zero bytes: what a startup packet of 10,000 bytes
/// (PostgreSQL's `MAX_STARTUP_PACKET_LENGTH`) leaves beside user and database.
const MAX_BYTES: usize = 9_488;

/// The usable parameters of a JSON object, in the order of their names. What can't be used is
/// dropped, never a reason to turn the user away; `dropped` is told the name.
pub(super) fn parse(json: &str, mut dropped: impl FnMut(&str)) -> Vec<(String, String)> {
    let Ok(Value::Object(object)) = serde_json::from_str(json) else {
        dropped("(not a JSON object)");
        return Vec::new();
    };
    let mut parameters = BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in object {
        let usable = text(value).filter(|value| allowed(&name) && !value.contains('\0'));
        let size = usable
            .as_ref()
            .map_or(0, |value| name.len() + value.len() + 2);
        match usable {
            Some(value) if bytes + size <= MAX_BYTES => {
                bytes += size;
                parameters.insert(name.to_ascii_lowercase(), value);
            }
            _ => dropped(&name),
        }
    }
    parameters.into_iter().collect()
}

/// PostgreSQL reads every value from text; lists and objects are none.
fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if flag { "on" } else { "off" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn allowed(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let begins_well = lower.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = lower
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    begins_well && is_word && !TAKEN.contains(&&*lower) && !lower.starts_with("_pq_.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(json: &str) -> (String, Vec<String>) {
        let mut dropped = Vec::new();
        let parameters = parse(json, |name| dropped.push(name.to_owned()));
        let text: Vec<String> = parameters.iter().map(|(n, v)| format!("{n}={v}")).collect();
        (text.join(" "), dropped)
    }

    #[test]
    fn what_postgresql_could_take_is_kept() {
        for (json, parameters, dropped) in [
            (
                r#"{"work_mem": "4MB", "Search_Path": "a, b"}"#,
                "search_path=a, b work_mem=4MB",
                0,
            ),
            (
                r#"{"statement_timeout": 5, "jit": false}"#,
                "jit=off statement_timeout=5",
                0,
            ),
            (
                r#"{"my.var": "x", "role": "postgres", "ROLE": "x"}"#,
                "my.var=x",
                2,
            ),
            (r#"{"_pq_.x": "1", "a b": "1", "": "1", "1a": "1"}"#, "", 4),
            (r#"{"work_mem": null, "jit": [], "x": "a\u0000b"}"#, "", 3),
            ("[]", "", 1),
            ("{", "", 1),
        ] {
            let (got, refused) = kept(json);
            assert_eq!(got, parameters, "{json}");
            assert_eq!(refused.len(), dropped, "{json}: {refused:?}");
        }
    }

    #[test]
    fn no_more_than_fits_is_kept() {
        let long = "x".repeat(9_000);
        let json = format!(r#"{{"a": "{long}", "b": "{long}"}}"#);
        let (got, dropped) = kept(&json);
        assert!(got.starts_with("a="));
        assert_eq!(dropped, ["b"]);
    }
}
