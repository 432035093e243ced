//! Which toxics a fault is made of, under names that lead back to it: `f12`, `f12-upstream`.

use harness::toxiproxy::NewToxic;
use serde_json::{Map, Value, json};

use crate::ground::LOOKUP_ROLE;
use crate::plan::{Action, Edge, Fault, LookUps, Point, Side, Trouble};

/// What destroys a connection acts so often and no more: one storm of it would drown all else.
const TIMES: u64 = 3;
/// The messages that a look-up begins with.
const ASKING: [&str; 3] = ["Query", "Parse", "Bind"];
const STREAMS: [&str; 2] = ["upstream", "downstream"];

/// The toxics of a fault, and whose proxy they belong to; none for faults of another kind.
pub(super) fn toxics(number: usize, fault: &Fault) -> Vec<(Side, NewToxic)> {
    let (side, toxics) = match fault {
        Fault::Network { side, trouble } => (*side, plain(*trouble)),
        Fault::AtPoint {
            side,
            point,
            action,
        } => (*side, at_point(point, action)),
        Fault::LookUps(look_ups) => (Side::Servers, of_look_ups(*look_ups)),
        Fault::Server(_) | Fault::Password { .. } | Fault::Pooler(_) => return Vec::new(),
    };
    let named = |toxic: NewToxic| {
        let name = match &*toxic.name {
            "" => format!("f{number}"),
            part => format!("f{number}-{part}"),
        };
        (side, NewToxic { name, ..toxic })
    };
    toxics.into_iter().map(named).collect()
}

/// The fault that a toxic of this name belongs to.
pub(crate) fn number_of(toxic: &str) -> Option<usize> {
    let rest = toxic.strip_prefix('f')?;
    rest.split('-').next()?.parse().ok()
}

fn plain(trouble: Trouble) -> Vec<NewToxic> {
    let (kind, attributes) = match trouble {
        Trouble::Latency(ms) => ("latency", json!({ "latency": ms })),
        Trouble::Bandwidth(rate) => ("bandwidth", json!({ "rate": rate })),
        Trouble::Slices(bytes) => ("slicer", json!({ "average_size": bytes })),
        // It resets both sides, whichever stream it is on.
        Trouble::Reset => return vec![toxic("", "reset_peer", &json!({ "timeout": 0 }))],
        Trouble::Blackhole => ("timeout", json!({ "timeout": 0 })),
        Trouble::Down => return Vec::new(),
    };
    both_ways(&toxic("", kind, &attributes))
}

fn at_point(point: &Point, action: &Action) -> Vec<NewToxic> {
    let (kind, own) = match action {
        Action::Delay(ms) => ("pg_delay", json!({ "delay": ms })),
        Action::Hold => ("pg_hold", json!({})),
        Action::Close => ("pg_close", json!({ "times": TIMES })),
        Action::Reset => ("pg_reset", json!({ "times": TIMES })),
        Action::Blackhole => ("pg_blackhole", json!({ "times": TIMES })),
        Action::Truncate(bytes) => ("pg_truncate", json!({ "bytes": bytes, "times": TIMES })),
        Action::Split(bytes) => ("pg_split", json!({ "size": bytes })),
        Action::Error(sqlstate) => ("pg_error", fatal(sqlstate)),
        Action::Duplicate => ("pg_duplicate", json!({ "times": TIMES })),
    };
    let mut made = toxic("", kind, &own);
    made.attributes.append(&mut place(point));
    // These go both ways, and which way a client meant is not known.
    if matches!(&*point.message, "CopyData" | "CopyDone") {
        both_ways(&made)
    } else {
        vec![made]
    }
}

fn place(point: &Point) -> Map<String, Value> {
    let place = match point.edge {
        // The default. Toxics that change a message itself have no edge, and refuse another.
        Edge::Before => json!({ "at": point.message, "nth": point.nth }),
        Edge::After => json!({ "at": point.message, "nth": point.nth, "edge": "after" }),
        Edge::Inside(offset) => {
            json!({ "at": point.message, "nth": point.nth, "edge": "inside", "offset": offset })
        }
    };
    object(&place)
}

fn fatal(sqlstate: &str) -> Value {
    json!({ "severity": "FATAL", "sqlstate": sqlstate, "times": TIMES })
}

fn of_look_ups(look_ups: LookUps) -> Vec<NewToxic> {
    let at = |message: &str, kind, own: Value| {
        let mut made = toxic(message, kind, &own);
        let place = json!({ "at": message, "user": LOOKUP_ROLE });
        made.attributes.append(&mut object(&place));
        made
    };
    match look_ups {
        LookUps::Down => {
            let own = json!({ "severity": "FATAL", "sqlstate": "57P03" });
            let refused = at("StartupMessage", "pg_error", own);
            let closed = ASKING.map(|message| at(message, "pg_close", json!({})));
            [refused].into_iter().chain(closed).collect()
        }
        LookUps::Silent => ["StartupMessage"]
            .into_iter()
            .chain(ASKING)
            .map(|message| at(message, "pg_blackhole", json!({})))
            .collect(),
        LookUps::Slow(ms) => vec![at("DataRow", "pg_delay", json!({ "delay": ms }))],
    }
}

fn both_ways(toxic: &NewToxic) -> Vec<NewToxic> {
    let on = |stream: &str| NewToxic {
        name: stream.to_owned(),
        stream: Some(stream.to_owned()),
        ..toxic.clone()
    };
    STREAMS.map(on).to_vec()
}

/// `name` is what follows the fault's number.
fn toxic(name: &str, kind: &str, attributes: &Value) -> NewToxic {
    NewToxic {
        name: name.to_owned(),
        kind: kind.to_owned(),
        stream: None,
        attributes: object(attributes),
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(number: usize, fault: &str) -> Vec<String> {
        let fault = fault.parse().expect("a fault");
        let toxics = toxics(number, &fault);
        toxics.into_iter().map(|(_, toxic)| toxic.name).collect()
    }

    #[test]
    fn a_toxic_leads_back_to_its_fault() {
        for fault in [
            "servers: latency 20 ms",
            "servers: close before CopyData",
            "clients: hold before Query #1",
            "look-ups: silent",
        ] {
            let names = names(12, fault);
            assert!(!names.is_empty(), "{fault}");
            for name in names {
                assert_eq!(number_of(&name), Some(12), "{name}");
            }
        }
        for other in ["latency_downstream", "f", "fx-1", "12"] {
            assert_eq!(number_of(other), None);
        }
    }

    #[test]
    fn what_goes_both_ways_is_met_on_both() {
        let both = ["f3-upstream", "f3-downstream"];
        assert_eq!(names(3, "clients: hold before CopyDone"), both);
        assert_eq!(names(3, "clients: blackhole"), both);
        assert_eq!(names(3, "clients: reset"), ["f3"]);
        assert_eq!(names(3, "servers: hold before DataRow"), ["f3"]);
        assert!(names(3, "servers: down").is_empty());
    }

    #[test]
    fn what_destroys_is_bounded_and_what_waits_is_not() {
        let times = |fault: &str| {
            let toxics = toxics(1, &fault.parse().expect("a fault"));
            toxics[0].1.attributes.get("times").cloned()
        };
        for action in [
            "close",
            "reset",
            "blackhole",
            "truncate 3 bytes",
            "error 57P01",
            "duplicate",
        ] {
            let fault = format!("servers: {action} before ReadyForQuery");
            assert_eq!(times(&fault), Some(TIMES.into()), "{fault}");
        }
        for action in ["delay 5 ms", "hold", "split 2 bytes"] {
            let fault = format!("servers: {action} before ReadyForQuery");
            assert_eq!(times(&fault), None, "{fault}");
        }
    }

    #[test]
    fn an_edge_is_said_where_it_is_not_the_usual_one() {
        let attributes = |fault: &str| {
            let toxics = toxics(1, &fault.parse().expect("a fault"));
            Value::from(toxics[0].1.attributes.clone())
        };
        let expected = json!({ "at": "Query", "nth": 2, "edge": "after", "delay": 7 });
        assert_eq!(attributes("clients: delay 7 ms after Query #2"), expected);
        let expected = json!({ "at": "Query", "nth": 0, "edge": "inside", "offset": 4 });
        assert_eq!(attributes("clients: hold inside byte 4 of Query"), expected);
    }
}
