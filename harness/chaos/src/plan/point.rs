//! Where in the protocol a fault acts, and what it does there.

/// A message of the protocol, by the names of its chapter in PostgreSQL's manual.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// One of [`Point::MESSAGES`].
    pub message: String,
    pub edge: Edge,
    /// Only the n-th on each connection, counted from when the fault begins; 0 is each.
    pub nth: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    Before,
    After,
    /// When so many bytes of it have passed.
    Inside(u64),
}

/// What a fault does there. What no pooler could notice (a row that is missing) is not among them:
/// that is a defect, see [`crate::defect`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Milliseconds.
    Delay(u64),
    /// As long as the fault stays.
    Hold,
    Close,
    Reset,
    Blackhole,
    /// So many bytes of the message pass, then both sides are closed.
    Truncate(u64),
    /// In pieces of so many bytes.
    Split(u64),
    /// The server refuses: FATAL with this SQLSTATE.
    Error(String),
    /// Comes twice.
    Duplicate,
}

impl Action {
    /// What it does, however much of it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Hold => "hold",
            Self::Close => "close",
            Self::Reset => "reset",
            Self::Blackhole => "blackhole",
            Self::Truncate(_) => "truncate",
            Self::Split(_) => "split",
            Self::Error(_) => "error",
            Self::Duplicate => "duplicate",
        }
    }
}
