//! What can happen in a run, as it is written to `events.jsonl`, one JSON object a line.

use std::collections::BTreeMap;

use harness::client::Failure;
use serde::{Deserialize, Serialize};

use super::work::{Answer, Work};
use crate::plan::{Fault, Side};

/// Microseconds since the run began.
pub type Micros = u64;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Micros,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// The first event: under which conditions the run took place.
    Began(Setting),
    Phase {
        phase: Phase,
    },
    /// A client begins to log in. Sessions are numbered over the whole run, from 1.
    Login {
        session: u64,
        client: String,
        user: String,
        password: Password,
        tls: bool,
    },
    LoggedIn {
        session: u64,
    },
    Refused {
        session: u64,
        failure: Failure,
    },
    /// A session that had logged in has ended.
    Left {
        session: u64,
        how: Leaving,
    },
    /// A request leaves the client. Requests are numbered over the whole run, from 1.
    Asked {
        op: u64,
        session: u64,
        work: Work,
    },
    Answered {
        op: u64,
        answer: Answer,
    },
    /// A fault of the schedule begins; `number` is its place there, from 1.
    FaultBegan {
        number: usize,
        fault: Fault,
    },
    /// It is over and has been taken away.
    FaultEnded {
        number: usize,
        /// How often it acted, where that can be counted; 0 is a fault that never fired.
        hits: Option<u64>,
        /// What went wrong with the fault itself.
        trouble: Option<String>,
    },
    /// A protocol fault acted on a connection.
    Fired {
        side: Side,
        /// The fault's place in the schedule.
        number: usize,
        connection: u64,
        /// `upstream` (towards PostgreSQL) or `downstream`.
        direction: String,
        message: String,
    },
    /// What pooler and PostgreSQL said of themselves at one moment.
    Seen(Sample),
    /// A user's password is what the clients know from now on.
    PasswordChanged {
        user: String,
    },
    /// A line of the pooler's or the proxy's log that must not be there: why, never the secret itself.
    LogLine {
        whose: String,
        why: String,
    },
    /// The whole content of the database after the last client has left.
    Final(Contents),
    /// What the audit found left over, after all that was explained.
    Audit {
        leaks: Vec<String>,
    },
}

/// The conditions of a run that judges need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub seed: u64,
    pub pooler: String,
    pub provider: String,
    pub clients: usize,
    /// The users, by the names that PostgreSQL knows, each with how its password is stored.
    pub users: BTreeMap<String, String>,
    pub pool_size: u32,
    /// How many accounts there are, and what each begins with.
    pub accounts: u32,
    pub opening_balance: i64,
    /// Milliseconds.
    pub storm_ms: u64,
    pub client_login_timeout_ms: u64,
    pub query_wait_timeout_ms: u64,
    /// How long a look-up's answer is remembered: an old password may work for so long.
    pub cache_ttl_ms: u64,
    /// A fault of our own making, by name, when the judges are what is tested.
    pub defect: Option<String>,
}

/// The parts of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Work without faults.
    WarmUp,
    /// Work under faults.
    Storm,
    /// The last fault is over: everything has to work again within a stated time.
    Calm,
    /// All has recovered: from here on nothing may fail.
    Quiet,
    /// The clients leave.
    Leaving,
    /// What is left over?
    Audit,
}

/// The password that a client logs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Password {
    Right,
    /// The one before the last change.
    Old,
    Wrong,
}

/// How a client goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leaving {
    /// With Terminate.
    Polite,
    /// Without a word.
    Rude,
    /// Without a word, in the middle of something.
    RudeInAction,
    /// The other side closed the connection first.
    Thrown,
}

/// A look at pooler and PostgreSQL. What could not be asked at that moment is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// SHOW INTERNALS; empty for a pooler without it.
    pub internals: BTreeMap<String, i64>,
    pub pools: Vec<PoolRow>,
    /// Sessions by user in pg_stat_activity, those of the look-ups apart.
    pub sessions: BTreeMap<String, i64>,
}

/// A row of SHOW POOLS.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PoolRow {
    pub database: String,
    pub user: String,
    pub cl_active: i64,
    pub cl_waiting: i64,
    pub sv_active: i64,
    pub sv_idle: i64,
    pub sv_login: i64,
}

/// What the database holds at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// The balance of each account, the first is account 0.
    pub accounts: Vec<i64>,
    /// Every transfer's row: token, and the accounts and the amount that it moved.
    pub transfers: Vec<Moved>,
    /// Rows that each COPY IN left, by token.
    pub loads: BTreeMap<String, u64>,
    /// Letters: token, and who owns it. One that was written twice stands here twice.
    pub mail: Vec<(String, String)>,
    /// Every list that was ever appended to.
    pub lists: Vec<(u32, Vec<u64>)>,
}

/// A transfer as its row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub token: String,
    pub from: u32,
    pub to: u32,
    pub amount: i64,
    /// The role that wrote the row.
    pub by: String,
}
