//! The cells: what can be done where, and in which states.

use std::collections::BTreeMap;
use std::fmt;

use super::state::State;
use crate::history::History;
use crate::plan::{Fault, Side, at_points};

/// A kind of action at a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Act {
    pub side: Side,
    pub message: String,
    pub action: &'static str,
}

impl Act {
    /// Side and message: what is a row of its own.
    pub fn point(&self) -> String {
        format!("{}: {}", self.side, self.message)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.side, self.action, self.message)
    }
}

/// Everything that the decks can do, each once: edges are not told apart.
pub(super) fn all() -> Vec<Act> {
    let acts = at_points().map(|(side, point, action)| Act {
        side,
        message: point.message,
        action: action.kind(),
    });
    let mut acts: Vec<Act> = acts.collect();
    acts.sort();
    acts.dedup();
    acts
}

/// The acts that this history's faults are, by their numbers.
pub(super) struct Acts(BTreeMap<usize, Act>);

impl Acts {
    pub(super) fn of(history: &History) -> Self {
        let known = all();
        let act = |fault: &Fault| {
            let Fault::AtPoint {
                side,
                point,
                action,
            } = fault
            else {
                return None;
            };
            let act = Act {
                side: *side,
                message: point.message.clone(),
                action: action.kind(),
            };
            // A feature may ask for what is in no deck: that is not counted.
            known.binary_search(&act).is_ok().then_some(act)
        };
        let spans = history.faults.iter();
        let acts = spans.filter_map(|span| Some((span.number, act(&span.fault)?)));
        Self(acts.collect())
    }

    /// What a toxic of this fault has done, at the message that it was for.
    pub(super) fn fired(&self, number: usize, message: &str) -> Option<&Act> {
        self.0.get(&number).filter(|act| act.message == message)
    }
}

/// What only a server says to a client: no pooler of the kind answers so for one that is away.
const ONLY_SERVERS_SAY: [&str; 5] = [
    "RowDescription",
    "DataRow",
    "CommandComplete",
    "CopyInResponse",
    "CopyOutResponse",
];
/// Of a login, what a server that is away can still be sent: the kernel takes the connection, and
/// the poolers of these runs ask for TLS first (`prefer`) and wait for the answer.
const SENT_FIRST: &str = "SSLRequest";
/// What a connection sends that was there before the server went away.
const SENT_LATER: [&str; 8] = [
    "Query",
    "Parse",
    "Bind",
    "Execute",
    "Sync",
    "CopyData",
    "CopyDone",
    "Terminate",
];

/// Whether a fault can fire so, in this state. `sees_inside`: the pooler has SHOW INTERNALS.
pub(super) fn can_be(act: &Act, state: State, sees_inside: bool) -> bool {
    let message = &*act.message;
    match state {
        // Nobody would know.
        state if state.is_inside() && !sees_inside => false,
        State::ServerAway => match act.side {
            Side::Clients => !ONLY_SERVERS_SAY.contains(&message),
            // What comes from the server can't come while it is away.
            Side::Servers => message == SENT_FIRST || SENT_LATER.contains(&message),
        },
        _ => true,
    }
}
