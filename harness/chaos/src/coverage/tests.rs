use std::collections::BTreeMap;

use super::*;
use crate::history::{Event, Micros, PoolRow, Sample};
use crate::plan::{Fault, Side};

const SECOND: Micros = 1_000_000;

fn began(at: Micros, number: usize, fault: &str) -> Event {
    let fault: Fault = fault.parse().expect(fault);
    let what = What::FaultBegan { number, fault };
    Event { at, what }
}

fn ended(at: Micros, number: usize) -> Event {
    let what = What::FaultEnded {
        number,
        hits: None,
        trouble: None,
    };
    Event { at, what }
}

fn fired(at: Micros, number: usize, message: &str) -> Event {
    let what = What::Fired {
        side: Side::Servers,
        number,
        connection: 1,
        direction: "downstream".to_owned(),
        message: message.to_owned(),
    };
    Event { at, what }
}

fn seen(at: Micros, internals: &[(&str, i64)]) -> Event {
    // It is never empty: so many tasks there are always.
    let internals = internals.iter().chain([&("tasks", 1)]);
    let internals = internals.map(|(key, value)| ((*key).to_owned(), *value));
    let what = What::Seen(Sample {
        internals: internals.collect::<BTreeMap<_, _>>(),
        ..Sample::default()
    });
    Event { at, what }
}

fn states(events: Vec<Event>) -> Vec<String> {
    let coverage = of(&History::of(events));
    let reached = coverage.states.into_iter().filter(|part| part.reached > 0);
    reached.map(|part| part.name).collect()
}

#[test]
fn nothing_is_reached_by_nothing() {
    let coverage = of(&History::default());
    assert_eq!((coverage.reached, coverage.unseen), (0, 0));
    assert!(coverage.possible > 2_000, "{}", coverage.possible);
    assert_eq!(coverage.never.len(), cell::all().len());
    assert!(coverage.missed.is_empty());
    assert!(
        coverage
            .never
            .contains(&"servers: hold ReadyForQuery".to_owned())
    );
}

#[test]
fn a_cell_counts_once_however_often_it_fires() {
    let fault = "servers: hold before ReadyForQuery";
    let mut events = vec![seen(0, &[("leases", 2)]), began(1, 7, fault)];
    events.extend((2..9).map(|at| fired(at, 7, "ReadyForQuery")));
    let coverage = of(&History::of(events));
    assert_eq!(coverage.reached, 1);
    assert!(
        !coverage
            .never
            .contains(&"servers: hold ReadyForQuery".to_owned())
    );
    assert_eq!(coverage.missed.len(), 1);
    assert_eq!(coverage.missed[0].act, "servers: hold ReadyForQuery");
    assert!(!coverage.missed[0].states.contains(&State::Serving));
    let of = |parts: &[Part], name: &str| {
        let part = parts.iter().find(|part| part.name == name);
        part.map(|part| part.reached)
    };
    assert_eq!(of(&coverage.points, "servers: ReadyForQuery"), Some(1));
    assert_eq!(of(&coverage.points, "clients: ReadyForQuery"), Some(0));
    assert_eq!(of(&coverage.actions, "hold"), Some(1));
    assert_eq!(of(&coverage.states, "serving"), Some(1));
}

#[test]
fn all_counts_are_counts_of_the_same() {
    let events = vec![
        seen(0, &[("leases", 2), ("waiters", 1)]),
        began(1, 1, "clients: close before Query"),
        fired(2, 1, "Query"),
    ];
    let coverage = of(&History::of(events));
    for parts in [&coverage.points, &coverage.actions, &coverage.states] {
        assert_eq!(parts.iter().map(|part| part.reached).sum::<u64>(), 2);
        let possible = parts.iter().map(|part| part.possible).sum::<u64>();
        assert_eq!(possible, coverage.possible);
    }
    let rows = coverage.points.len() + coverage.actions.len() + coverage.states.len();
    assert_eq!(coverage.rows().len(), rows);
}

#[test]
fn a_pooler_is_in_all_states_that_are_seen() {
    let fault = || began(1, 1, "clients: close before Query");
    let after =
        |internals: &[(&str, i64)]| states(vec![seen(0, internals), fault(), fired(2, 1, "Query")]);
    assert_eq!(after(&[]), ["resting"]);
    assert_eq!(after(&[("leases", 0)]), ["resting"]);
    assert_eq!(
        after(&[("pending", 1), ("joiners", 3), ("undertaking", 1)]),
        ["initialising", "joined", "undertaking"]
    );
    assert_eq!(
        after(&[("waiters", 1), ("leases", 1)]),
        ["serving", "waiting"]
    );
}

#[test]
fn an_old_sample_says_nothing_and_a_later_one_even_less() {
    let fault = || began(1, 1, "clients: close before Query");
    let old = vec![seen(0, &[]), fault(), fired(600_001, 1, "Query")];
    assert_eq!(of(&History::of(old)).unseen, 1);
    let fresh = vec![seen(0, &[]), fault(), fired(600_000, 1, "Query")];
    assert_eq!(states(fresh), ["resting"]);
    let later = vec![fault(), fired(2, 1, "Query"), seen(3, &[])];
    assert_eq!(of(&History::of(later)).unseen, 1);
    let empty = Event {
        at: 0,
        what: What::Seen(Sample::default()),
    };
    let unknown = vec![empty, fault(), fired(2, 1, "Query")];
    assert_eq!(of(&History::of(unknown)).unseen, 1);
}

#[test]
fn faults_put_the_pooler_into_states() {
    for (fault, state) in [
        ("pooler: pause", "paused"),
        ("pooler: reload", "reloading"),
        ("pooler: reload changed", "reloading"),
        ("pooler: reload broken", "reloading"),
        ("pooler: kill", "starting"),
        ("pooler: drain", "starting"),
        ("PostgreSQL: restart kill", "server away"),
        ("PostgreSQL: freeze", "server away"),
    ] {
        let at = |when: Micros| {
            states(vec![
                began(0, 1, "servers: reset before Query"),
                began(SECOND, 2, fault),
                ended(2 * SECOND, 2),
                fired(when, 1, "Query"),
            ])
        };
        let none: [&str; 0] = [];
        assert_eq!(at(SECOND - 1), none, "{fault}");
        assert_eq!(at(SECOND), [state], "{fault}");
        assert_eq!(at(2 * SECOND), [state], "{fault}");
        let stays = state == "starting";
        assert_eq!(at(2 * SECOND + 1) == [state], stays, "{fault}");
        assert_eq!(at(3 * SECOND + 1), none, "{fault}");
    }
}

#[test]
fn spans_are_known_also_when_moments_come_late() {
    let events = vec![
        began(0, 1, "servers: reset before Query"),
        began(1, 2, "pooler: pause"),
        began(2, 3, "pooler: reload"),
        ended(3, 3),
        fired(4, 1, "Query"),
        ended(5, 2),
        fired(6, 1, "Query"),
    ];
    let history = History::of(events);
    let coverage = of(&history);
    assert_eq!((coverage.reached, coverage.unseen), (1, 1));
}

#[test]
fn what_cannot_be_is_not_asked_for() {
    let act = |side, message: &str| Act {
        side,
        message: message.to_owned(),
        action: "hold",
    };
    let away = |side, message| cell::can_be(&act(side, message), State::ServerAway, true);
    assert!(!away(Side::Servers, "DataRow") && !away(Side::Clients, "DataRow"));
    assert!(!away(Side::Servers, "StartupMessage") && away(Side::Servers, "SSLRequest"));
    assert!(away(Side::Clients, "StartupMessage") && away(Side::Servers, "Query"));
    // And when it fires all the same, in the last moment of a server, it does not count.
    let events = vec![
        began(0, 1, "servers: hold before DataRow"),
        began(1, 2, "PostgreSQL: freeze"),
        fired(2, 1, "DataRow"),
    ];
    let coverage = of(&History::of(events));
    assert_eq!(coverage.reached, 0);
}

#[test]
fn a_pooler_without_internals_has_fewer_states() {
    let pool = PoolRow {
        sv_active: 1,
        cl_waiting: 2,
        ..PoolRow::default()
    };
    let sample = Event {
        at: 0,
        what: What::Seen(Sample {
            pools: vec![pool],
            ..Sample::default()
        }),
    };
    let fault = began(1, 1, "clients: close before Query");
    let history = History::of(vec![sample, fault, fired(2, 1, "Query")]);
    let coverage = of(&history);
    let names: Vec<&str> = coverage.states.iter().map(|part| &*part.name).collect();
    assert!(!names.contains(&"joined") && !names.contains(&"undertaking"));
    let reached: Vec<&str> = coverage
        .states
        .iter()
        .filter(|part| part.reached > 0)
        .map(|part| &*part.name)
        .collect();
    assert_eq!(reached, ["serving", "waiting"]);
}

#[test]
fn what_is_in_no_deck_is_not_counted() {
    let events = vec![
        seen(0, &[]),
        began(1, 1, "look-ups: silent"),
        fired(2, 1, "Query"),
        began(3, 2, "servers: duplicate before DataRow"),
        fired(4, 2, "DataRow"),
        began(5, 3, "servers: hold before DataRow"),
        fired(6, 3, "Query"),
    ];
    let coverage = of(&History::of(events));
    assert_eq!((coverage.reached, coverage.unseen), (0, 0));
}
