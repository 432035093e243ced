use serde_json::{Map, Value, json};

use super::*;

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn parse(kind: &str, attributes: &Value) -> Result<(Protocol, Stream), String> {
    Protocol::parse(kind, None, &map(attributes)).map_err(|refused| refused.0)
}

#[test]
fn the_stream_follows_from_the_message() {
    let stream = |at: &str| parse("pg_close", &json!({ "at": at })).unwrap().1;
    assert_eq!(stream("Query"), Stream::Upstream);
    assert_eq!(stream("SSLResponse"), Stream::Downstream);
    assert_eq!(stream("CopyData"), Stream::Downstream);
    let refused = Protocol::parse(
        "pg_close",
        Some(Stream::Downstream),
        &map(&json!({"at": "Sync"})),
    );
    assert!(refused.unwrap_err().0.contains("goes upstream"));
}

#[test]
fn a_misspelled_name_is_told_with_the_nearest() {
    let error = parse("pg_close", &json!({"at": "ReadyForquery"})).unwrap_err();
    assert!(error.ends_with("did you mean ReadyForQuery?"), "{error}");
    let error = parse("pg_delay", &json!({"at": "Query", "dealy": 5})).unwrap_err();
    assert_eq!(
        error,
        "pg_delay has no attribute dealy; did you mean delay?"
    );
    let error = parse("pg_close", &json!({})).unwrap_err();
    assert!(
        error.starts_with("missing required attribute: at"),
        "{error}"
    );
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (kind, attributes, word) in [
        ("pg_delay", json!({"at": "Query", "delay": -1}), "delay"),
        ("pg_delay", json!({"at": "Query", "delay": "1"}), "delay"),
        ("pg_delay", json!({"at": "Query", "offset": 4}), "offset"),
        ("pg_delay", json!({"at": "Query", "edge": "beside"}), "edge"),
        (
            "pg_swallow",
            json!({"at": "Query", "edge": "after"}),
            "edge",
        ),
        (
            "pg_error",
            json!({"at": "Query", "sqlstate": "5"}),
            "sqlstate",
        ),
        (
            "pg_error",
            json!({"at": "Query", "severity": "LOUD"}),
            "severity",
        ),
        (
            "pg_error",
            json!({"at": "Query", "message": "a\u{0}b"}),
            "message",
        ),
        ("pg_replace", json!({"at": "Query", "hex": "0"}), "hex"),
        ("pg_replace", json!({"at": "Query", "hex": "0g"}), "hex"),
        ("pg_replace", json!({"at": "Query", "type": "ab"}), "type"),
        ("pg_hold", json!({"at": "Query", "sql": "("}), "sql"),
    ] {
        let error = parse(kind, &attributes).unwrap_err();
        assert!(error.contains(word), "{kind} {attributes}: {error}");
    }
}

#[test]
fn an_sqlstate_of_digits_may_come_as_a_number() {
    for (given, expected) in [
        (json!(57014), Some("57014")),
        (json!(8006), Some("08006")),
        (json!("57P01"), Some("57P01")),
        (json!(100_000), None),
        (json!(-8006), None),
        (json!(8006.5), None),
    ] {
        let parsed = parse("pg_error", &json!({"at": "Query", "sqlstate": given}));
        let sqlstate = parsed.ok().map(|(parsed, _)| match parsed.action {
            Action::Error { sqlstate, .. } => sqlstate,
            other => panic!("{other:?}"),
        });
        assert_eq!(sqlstate.as_deref(), expected, "{given}");
    }
}

#[test]
fn every_type_parses_and_shows_what_was_given() {
    for kind in action::TYPES {
        assert!(Protocol::is_type(kind));
        let given = json!({"at": "DataRow", "nth": 2, "user": "alice", "times": 1});
        let (parsed, stream) = parse(kind, &given).unwrap();
        assert_eq!(parsed.type_name(), kind);
        assert_eq!(
            (Value::Object(parsed.attributes()), stream),
            (given, Stream::Downstream)
        );
    }
    assert!(!Protocol::is_type("pg_nothing") && !Protocol::is_type("latency"));
}

#[test]
fn a_patch_is_laid_over_and_null_takes_away() {
    let (hold, stream) = parse("pg_hold", &json!({"at": "Query", "name": "a", "nth": 2})).unwrap();
    let patched = hold
        .patched(stream, &map(&json!({"name": "b", "nth": null})))
        .unwrap();
    assert_eq!(
        Value::Object(patched.attributes()),
        json!({"at": "Query", "name": "b"})
    );
    assert_eq!(patched.point.nth, 0);
    assert!(
        hold.patched(stream, &map(&json!({"at": "DataRow"})))
            .is_err()
    );
}

#[test]
fn a_replacement_is_a_message_or_raw_bytes() {
    let bytes = |attributes: Value, own: Option<u8>| {
        let (parsed, _) = parse("pg_replace", &attributes).unwrap();
        let Action::Replace(replacement) = parsed.action else {
            panic!("a replacement");
        };
        replacement.bytes(own).to_vec()
    };
    let own = Some(b'D');
    assert_eq!(
        bytes(json!({"at": "DataRow", "hex": "00 01"}), own),
        b"D\0\0\0\x06\0\x01"
    );
    assert_eq!(
        bytes(json!({"at": "DataRow", "type": "N", "text": "x"}), own),
        b"N\0\0\0\x05x"
    );
    assert_eq!(
        bytes(json!({"at": "DataRow", "raw": true, "hex": "ff"}), own),
        [0xff]
    );
    assert_eq!(bytes(json!({"at": "SSLResponse", "text": "N"}), None), b"N");
}
