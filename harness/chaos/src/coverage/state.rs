//! What a pooler is doing, as it is seen from outside.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::history::{PoolRow, Sample};

/// A pooler may be in several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has a server, and nobody wants one.
    Resting,
    /// Clients have servers.
    Serving,
    /// Clients wait for one.
    Waiting,
    /// The first server connection of a pool is on its way, or another one is logging in.
    Initialising,
    /// A login waits on somebody else's first connection.
    Joined,
    /// Discarded servers have not gone yet.
    Undertaking,
    Paused,
    /// A reload has just been asked for, or another configuration is there.
    Reloading,
    /// It is down, or came up less than a second ago.
    Starting,
    /// PostgreSQL is down or stands still.
    ServerAway,
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Resting,
        Self::Serving,
        Self::Waiting,
        Self::Initialising,
        Self::Joined,
        Self::Undertaking,
        Self::Paused,
        Self::Reloading,
        Self::Starting,
        Self::ServerAway,
    ];

    /// Whether only SHOW INTERNALS tells of it, which not every pooler has.
    pub(super) fn is_inside(self) -> bool {
        matches!(self, Self::Joined | Self::Undertaking)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resting => "resting",
            Self::Serving => "serving",
            Self::Waiting => "waiting",
            Self::Initialising => "initialising",
            Self::Joined => "joined",
            Self::Undertaking => "undertaking",
            Self::Paused => "paused",
            Self::Reloading => "reloading",
            Self::Starting => "starting",
            Self::ServerAway => "server away",
        })
    }
}

/// The states that a look at the pooler shows; none when it could not be asked.
pub(super) fn of_sample(sample: &Sample) -> Vec<State> {
    if sample.internals.is_empty() && sample.pools.is_empty() {
        return Vec::new();
    }
    let inside = |key| sample.internals.get(key).is_some_and(|number| *number > 0);
    let pools = |number: fn(&PoolRow) -> i64| sample.pools.iter().any(|pool| number(pool) > 0);
    let shown = [
        (State::Serving, inside("leases") || pools(|p| p.sv_active)),
        (State::Waiting, inside("waiters") || pools(|p| p.cl_waiting)),
        (
            State::Initialising,
            inside("pending") || pools(|p| p.sv_login),
        ),
        (State::Joined, inside("joiners")),
        (State::Undertaking, inside("undertaking")),
    ];
    let states = shown
        .into_iter()
        .filter_map(|(state, is)| is.then_some(state));
    let states: Vec<State> = states.collect();
    if states.is_empty() {
        return vec![State::Resting];
    }
    states
}
