//! The faults that a schedule can hold. Each has words ([`super::words`]) that read back to the same.

use serde::{Deserialize, Serialize};

use super::point::{Action, Point};

/// A fault; how long it stays is the schedule's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The network, whatever travels.
    Network {
        side: Side,
        trouble: Trouble,
    },
    /// At a message of the protocol.
    AtPoint {
        side: Side,
        point: Point,
        action: Action,
    },
    Server(ServerFault),
    LookUps(LookUps),
    /// The n-th user's password is replaced, by the same again (a new salt) or by a new one.
    Password {
        user: usize,
        new: bool,
    },
    Pooler(PoolerFault),
}

/// Which connections a fault meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Between clients and pooler.
    Clients,
    /// Between pooler and PostgreSQL, the look-ups' connections included.
    Servers,
}

/// What a plain network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Every chunk comes so many milliseconds later.
    Latency(u64),
    /// So many KB a second.
    Bandwidth(u64),
    /// Slices of so many bytes.
    Slices(u64),
    /// Every connection is reset.
    Reset,
    /// Nothing passes; the connections close when the fault ends.
    Blackhole,
    /// Nobody listens, and every connection is closed.
    Down,
}

/// What happens to PostgreSQL itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFault {
    /// It stops so, and starts again when the fault ends.
    Restart(Stop),
    /// It stands still (`docker pause`, SIGSTOP) until the fault ends.
    Freeze,
    /// `pg_terminate_backend` of every client's session.
    TerminateAll,
    /// Of one.
    TerminateOne,
    /// A setting that is reported to clients is changed and reloaded: ParameterStatus for all.
    Reload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Fast,
    Immediate,
    /// SIGKILL to the postmaster.
    Kill,
}

/// What happens to the connections of `auth_query`, and to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUps {
    /// They are closed, and refused with 57P03.
    Down,
    /// Nothing comes back.
    Silent,
    /// Each answer takes so many milliseconds longer.
    Slow(u64),
}

/// What happens to the pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolerFault {
    /// HUP with the same file.
    Reload,
    /// HUP with another pool size and other times; back again when the fault ends.
    ReloadChanged,
    /// HUP with a broken file; the old configuration has to stay. Repaired when the fault ends.
    ReloadBroken,
    /// SIGKILL, and a new one when the fault ends.
    Kill,
    /// TERM, and a new one when it has left.
    Drain,
    /// PAUSE on its console, RESUME when the fault ends.
    Pause,
}
