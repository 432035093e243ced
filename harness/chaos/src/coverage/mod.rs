//! How much of what could happen did: points × actions × states of the pooler.
//!
//! A cell is an action at a point ([`Act`]) while the pooler was in a [`State`]. It counts once a
//! fault of the protocol has fired there. Which cells there are follows from the decks
//! ([`crate::plan::at_points`]) and from what can be at all ([`cell::can_be`]).

mod cell;
mod count;
mod moment;
mod state;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::history::{History, What};

pub use cell::Act;
pub use state::State;

use cell::Acts;
use moment::Moments;

/// What was reached, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub reached: u64,
    pub possible: u64,
    /// By side and message.
    pub points: Vec<Part>,
    /// By kind of action.
    pub actions: Vec<Part>,
    pub states: Vec<Part>,
    /// Actions at points that never fired, in whichever state: `servers: hold SSLRequest`.
    pub never: Vec<String>,
    /// Those that did, and the states in which they never have.
    pub missed: Vec<Missed>,
    /// How often something fired when nobody knew in which state the pooler was.
    pub unseen: u64,
}

/// One row of a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub reached: u64,
    pub possible: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub act: String,
    pub states: Vec<State>,
}

/// Counts a run.
pub fn of(history: &History) -> Coverage {
    let acts = Acts::of(history);
    let mut moments = Moments::of(history);
    let mut reached = BTreeSet::new();
    let mut unseen = 0;
    for event in &history.events {
        let What::Fired {
            number, message, ..
        } = &event.what
        else {
            continue;
        };
        // What fires for look-ups is no point of the decks.
        let Some(act) = acts.fired(*number, message) else {
            continue;
        };
        let states = moments.at(event.at);
        unseen += u64::from(states.is_empty());
        reached.extend(states.into_iter().map(|state| (act.clone(), state)));
    }
    let sees_inside = history.samples.iter().any(|(_, s)| !s.internals.is_empty());
    count::count(&reached, sees_inside, unseen)
}

impl Coverage {
    /// What, how much of it was reached, and how much there is: points, actions, then states.
    pub fn rows(&self) -> Vec<(String, u64, u64)> {
        let parts = self.points.iter().chain(&self.actions).chain(&self.states);
        parts
            .map(|part| (part.name.clone(), part.reached, part.possible))
            .collect()
    }

    /// Actions at points that never fired.
    pub fn never(&self) -> &[String] {
        &self.never
    }
}

#[cfg(test)]
mod tests;
