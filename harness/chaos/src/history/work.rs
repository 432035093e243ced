//! What clients ask for, and what they got.

use harness::client::Failure;
use serde::{Deserialize, Serialize};

use super::event::Micros;

/// A request. Tokens are unique in a run: only its asker could have sent one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "kebab-case")]
pub enum Work {
    /// So many rows, each with the token, its number, and who and where the query ran.
    Ask { token: String, rows: u64, how: How },
    /// Sets `chaos.mark` to the client's name, in the session, and then asks one row.
    Mark { token: String },
    /// Moves money between two accounts and notes it, in one transaction.
    Transfer {
        token: String,
        from: u32,
        to: u32,
        amount: i64,
    },
    /// The sum of all balances, in one statement.
    Total,
    /// A serializable transaction over lists: appends of values that are unique in a run, and reads.
    Lists { steps: Vec<ListStep> },
    /// COPY IN of so many rows under this token, in one statement.
    CopyIn { token: String, rows: u64 },
    /// COPY OUT of so many rows with the token and their number.
    CopyOut { token: String, rows: u64 },
    /// Writes a letter that only its owner may see (row-level security), then reads all letters
    /// that it sees, the newest so many.
    Mail { token: String },
    /// A query that would take long, cancelled after a moment. No other request is ever cancelled.
    Cancelled { token: String },
}

impl Work {
    /// The words of [`Work::kind`].
    pub const KINDS: [&'static str; 9] = [
        "ask",
        "mark",
        "transfer",
        "total",
        "lists",
        "copy-in",
        "copy-out",
        "mail",
        "cancelled",
    ];

    /// What kind of work it is, as `events.jsonl` calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Mark { .. } => "mark",
            Self::Transfer { .. } => "transfer",
            Self::Total => "total",
            Self::Lists { .. } => "lists",
            Self::CopyIn { .. } => "copy-in",
            Self::CopyOut { .. } => "copy-out",
            Self::Mail { .. } => "mail",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Simple,
    /// A named statement, prepared once a session.
    Prepared,
    /// An unnamed statement.
    Unnamed,
    /// With others in one pipeline: each is a request of its own.
    Pipelined,
    /// Inside a transaction block of its own.
    Transaction,
}

/// One step of a [`Work::Lists`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum ListStep {
    Append { list: u32, value: u64 },
    Read { list: u32 },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(flatten)]
    pub outcome: Outcome,
    /// For transactions: when the client surely held a server, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            held: None,
        }
    }
}

/// From a transaction's first answer to the sending of its COMMIT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub from: Micros,
    pub to: Micros,
    /// The server, as it told in its first answer and again in its last: they have to be the same.
    pub first: Origin,
    pub last: Origin,
}

/// Where a statement ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `current_user`.
    pub user: String,
    /// `session_user`.
    pub session_user: String,
    /// `pg_backend_pid()`.
    pub backend: i32,
    /// `chaos.mark`, empty where it is not set.
    pub mark: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    Rows {
        rows: Vec<Row>,
    },
    /// A write that was acknowledged (for transactions: by the command tag of its COMMIT).
    Written,
    Total {
        sum: i64,
    },
    /// What each step of a [`Work::Lists`] saw: the list after a read, nothing after an append. Its
    /// COMMIT was acknowledged.
    Lists {
        seen: Vec<Option<Vec<u64>>>,
    },
    /// Token and number of each line.
    Lines {
        lines: Vec<(String, u64)>,
    },
    /// The letters that it sees: owner and token.
    Mail {
        origin: Origin,
        letters: Vec<(String, String)>,
    },
    /// The query was cancelled: 57014.
    Cancelled,
    Failed {
        failure: Failure,
        /// Whether a write may have happened all the same.
        effect: Effect,
    },
    /// The client left in the middle and never learned, or its driver kept the answer to itself.
    Abandoned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Surely not: it failed before COMMIT was sent, or was told that it is rolled back.
    None,
    /// COMMIT (or the single statement) was under way.
    Unknown,
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    #[serde(flatten)]
    pub origin: Origin,
    pub token: String,
    pub number: u64,
}
