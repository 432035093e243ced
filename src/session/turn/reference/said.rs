//! What is said between a client and the model of PostgreSQL.

#![allow(unreachable_pub)] // It is a module of the turn's tests and of an integration test.

/// What one statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statement {
    /// A select of one row.
    Rows,
    /// The same, but Execute asked for fewer rows than there are.
    Suspended,
    /// Nothing but white space, executed; a Query that is empty has no statements.
    Empty,
    Fails,
    /// It works, and the commit of its transaction will fail.
    Doomed,
    Begin,
    /// COMMIT: it works in a failed block, too.
    End,
    CopyOut,
    CopyIn,
    /// COPY FROM STDIN that fails before it reads anything.
    CopyInRefused,
}

/// Does it work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    Works,
    /// It speaks of COMMIT, which a failed transaction block takes.
    WorksInFailed,
    Fails,
}

/// What Describe finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Described {
    Statement,
    StatementWithoutRows,
    Portal,
    Nothing,
}

/// A client's message, and what will come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    Query(&'static [Statement]),
    FunctionCall(Fate),
    Parse(Fate),
    Bind(Fate),
    Describe(Described),
    Execute(Statement),
    Close,
    Sync,
    Flush,
    CopyData(Fate),
    CopyDone(Fate),
    CopyFail,
}

/// One message of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    pub tag: u8,
    /// The status byte of a ReadyForQuery.
    pub status: Option<u8>,
    /// The number of the message that it answers.
    pub to: u32,
    /// Nothing else will answer that message.
    pub completes: bool,
}

/// What became of a message when the server read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Read {
    /// It was obeyed, or refused with an error.
    Served,
    /// A Sync or Flush that COPY IN read while it waited for data.
    Eaten,
    /// Thrown away while skipping to a Sync, or a COPY message outside COPY IN, or what made a COPY
    /// IN and the connection end.
    Ignored,
}
