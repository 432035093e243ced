//! PostgreSQL's main loop, as its protocol chapter and its source tell it, and not as the turn
//! believes it to be: which messages answer what was sent, in which state.
//!
//! Followed are `PostgresMain` and `SocketBackend` (src/backend/tcop/postgres.c), `CopyGetData`
//! (src/backend/commands/copyfromparse.c) and `HandleFunctionRequest` (fastpath.c). What a statement
//! comes to is no matter of the protocol: it is told with each message. This is PostgreSQL 14 and
//! later: up to 13 COPY IN survived a message that is none of its own, which was lost.
//! `tests/main_loop.rs` runs the same scripts on a real PostgreSQL; for that this file and `said` stand
//! alone.

#![allow(unreachable_pub)] // It is a module of the turn's tests and of an integration test.

use super::said::{Answer, Described, Fate, Read, Request, Statement};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Block {
    Idle,
    Open,
    Failed,
}

/// A COPY IN that waits for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Copying {
    /// The Query or Execute that began it.
    id: u32,
    /// The statements of that Query that are still to run; `None` for Execute.
    rest: Option<&'static [Statement]>,
}

/// The error has been told, or is to be.
#[derive(Debug, Clone, Copy)]
struct Failed;

#[expect(
    clippy::struct_excessive_bools,
    reason = "PostgreSQL's own flags, kept as they are there"
)]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    skipping: bool,
    /// `doing_extended_query_message`: an error now makes the server skip.
    extended: bool,
    block: Block,
    /// A transaction is open that no BEGIN began.
    implicit: bool,
    doomed: bool,
    copying: Option<Copying>,
    gone: bool,
    out: Vec<Answer>,
}

impl Server {
    pub fn new() -> Self {
        Self {
            skipping: false,
            extended: false,
            block: Block::Idle,
            implicit: false,
            doomed: false,
            copying: None,
            gone: false,
            out: Vec::new(),
        }
    }

    /// Is it thrown away whatever is sent, but for a Sync?
    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Does COPY IN wait for data?
    pub fn is_copying(&self) -> bool {
        self.copying.is_some()
    }

    /// Which message began the COPY IN that waits for data.
    pub fn copy(&self) -> Option<u32> {
        self.copying.map(|copying| copying.id)
    }

    /// Has it closed the connection?
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// In a transaction block that has failed?
    pub fn is_failed(&self) -> bool {
        self.block == Block::Failed
    }

    /// In no transaction of any kind, at the top of the loop: it may serve somebody else.
    pub fn is_idle(&self) -> bool {
        self.block == Block::Idle
            && !self.implicit
            && !self.skipping
            && self.copying.is_none()
            && !self.gone
    }

    /// All of its state, what it numbers by `age`.
    pub fn hash_without_ids(&self, age: impl Fn(u32) -> u32, hasher: &mut impl std::hash::Hasher) {
        use std::hash::Hash as _;
        let copying = self.copying.map(|copying| (age(copying.id), copying.rest));
        (self.skipping, self.extended, self.block, self.implicit).hash(hasher);
        (self.doomed, copying, self.gone).hash(hasher);
    }

    /// Reads message `id` and answers it. True: all answers so far are on their way, none waits in
    /// the server's buffer.
    pub fn read(&mut self, id: u32, request: Request) -> (Read, bool) {
        let before = self.out.len();
        let read = match self.copying {
            _ if self.gone => Read::Ignored,
            Some(copying) => self.read_in_copy(copying, request),
            None => self.read_at_top(id, request),
        };
        let flushed = self.out[before..]
            .iter()
            .any(|answer| matches!(answer.tag, b'E' | b'G' | b'Z'));
        let asked = request == Request::Flush && read == Read::Served;
        (read, flushed || asked)
    }

    /// What it has said since the last call.
    pub fn take(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.out)
    }

    fn read_in_copy(&mut self, copying: Copying, request: Request) -> Read {
        match request {
            Request::CopyData(Fate::Fails) | Request::CopyDone(Fate::Fails) | Request::CopyFail => {
                self.fail(copying.id);
                Read::Served
            }
            Request::CopyData(_) => Read::Served,
            Request::CopyDone(_) => {
                self.copying = None;
                let rest = copying.rest;
                let done = self.finish_statement(copying.id, rest.map(<[_]>::is_empty));
                let end = match rest {
                    Some(rest) => done.and_then(|()| self.run_all(copying.id, rest)),
                    None => done,
                };
                self.end_of_message(copying.id, rest.is_some(), end);
                Read::Served
            }
            Request::Sync | Request::Flush => Read::Eaten,
            // The message's length was not read yet, so where the next one begins is lost.
            _ => {
                self.say(copying.id, b'E', false);
                self.say(copying.id, b'E', false);
                self.gone = true;
                Read::Ignored
            }
        }
    }

    fn read_at_top(&mut self, id: u32, request: Request) -> Read {
        match request {
            Request::Sync => {
                self.skipping = false;
                self.extended = false;
            }
            Request::CopyData(_) | Request::CopyDone(_) | Request::CopyFail => {
                return Read::Ignored;
            }
            _ if self.skipping => return Read::Ignored,
            Request::Query(_) | Request::FunctionCall(_) => self.extended = false,
            _ => self.extended = true,
        }
        let end = self.serve(id, request);
        self.end_of_message(id, !self.extended, end);
        Read::Served
    }

    /// ReadyForQuery follows what is no extended message, also after an error.
    fn end_of_message(&mut self, id: u32, ready: bool, end: Result<(), Failed>) {
        if end.is_err() {
            self.fail(id);
        } else if ready && self.copying.is_none() {
            self.ready(id);
        }
    }

    fn serve(&mut self, id: u32, request: Request) -> Result<(), Failed> {
        match request {
            Request::Query([]) => {
                self.commit()?;
                self.say(id, b'I', false);
                Ok(())
            }
            Request::Query(statements) => self.run_all(id, statements),
            Request::FunctionCall(fate) => {
                self.open(fate)?;
                self.say(id, b'V', false);
                self.commit()
            }
            Request::Parse(fate) => {
                self.open(fate)?;
                self.say(id, b'1', true);
                Ok(())
            }
            Request::Bind(fate) => {
                self.open(fate)?;
                self.say(id, b'2', true);
                Ok(())
            }
            Request::Describe(found) => self.describe(id, found),
            Request::Execute(statement) => {
                self.implicit |= self.block == Block::Idle;
                self.run(id, statement, None)
            }
            Request::Close => {
                self.say(id, b'3', true);
                Ok(())
            }
            Request::Sync => self.commit(),
            Request::Flush | Request::CopyData(_) | Request::CopyDone(_) | Request::CopyFail => {
                Ok(())
            }
        }
    }

    fn describe(&mut self, id: u32, found: Described) -> Result<(), Failed> {
        self.open(match found {
            Described::Nothing => Fate::Fails,
            Described::StatementWithoutRows => Fate::WorksInFailed,
            Described::Statement | Described::Portal => Fate::Works,
        })?;
        if found != Described::Portal {
            self.say(id, b't', false);
        }
        let rows = found != Described::StatementWithoutRows;
        self.say(id, if rows { b'T' } else { b'n' }, true);
        Ok(())
    }

    /// `start_xact_command`, and what a failed block refuses.
    fn open(&mut self, fate: Fate) -> Result<(), Failed> {
        self.implicit |= self.block == Block::Idle;
        match fate {
            Fate::Fails => Err(Failed),
            Fate::Works if self.block == Block::Failed => Err(Failed),
            Fate::Works | Fate::WorksInFailed => Ok(()),
        }
    }

    /// The statements of a Query; a COPY IN stops there until its data have come.
    fn run_all(&mut self, id: u32, statements: &'static [Statement]) -> Result<(), Failed> {
        let mut rest = statements;
        while let Some((&first, others)) = rest.split_first() {
            rest = others;
            self.implicit |= self.block == Block::Idle;
            self.run(id, first, Some(rest))?;
            if self.copying.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// `rest` are the statements behind this one in its Query, `None` if Execute runs it.
    fn run(
        &mut self,
        id: u32,
        statement: Statement,
        rest: Option<&'static [Statement]>,
    ) -> Result<(), Failed> {
        let last = rest.map(<[_]>::is_empty);
        if self.block == Block::Failed && statement != Statement::End {
            return Err(Failed);
        }
        match statement {
            Statement::Fails => return Err(Failed),
            Statement::Empty => {
                self.say(id, b'I', true);
                return Ok(());
            }
            Statement::Suspended => {
                self.say(id, b'D', false);
                self.say(id, b's', true);
                return Ok(());
            }
            Statement::Rows => {
                if last.is_some() {
                    self.say(id, b'T', false);
                }
                self.say(id, b'D', false);
            }
            Statement::Doomed => self.doomed = true,
            Statement::Begin => {
                self.block = Block::Open;
                self.implicit = false;
            }
            Statement::End => {
                let failed = self.block == Block::Failed;
                self.block = Block::Idle;
                self.implicit = !failed;
                self.commit()?;
            }
            Statement::CopyOut => {
                for tag in *b"Hdc" {
                    self.say(id, tag, false);
                }
            }
            Statement::CopyIn | Statement::CopyInRefused => {
                self.say(id, b'G', false);
                if statement == Statement::CopyInRefused {
                    return Err(Failed);
                }
                self.copying = Some(Copying { id, rest });
                return Ok(());
            }
        }
        self.finish_statement(id, last)
    }

    /// The last statement of a Query commits before its CommandComplete; `None`: Execute ran it.
    fn finish_statement(&mut self, id: u32, last: Option<bool>) -> Result<(), Failed> {
        if last == Some(true) {
            self.commit()?;
        }
        self.say(id, b'C', last.is_none());
        Ok(())
    }

    /// `finish_xact_command`: outside a block it commits.
    fn commit(&mut self) -> Result<(), Failed> {
        if self.block != Block::Idle {
            return Ok(());
        }
        self.implicit = false;
        if std::mem::take(&mut self.doomed) {
            return Err(Failed);
        }
        Ok(())
    }

    /// Where an error lands in `PostgresMain`.
    fn fail(&mut self, id: u32) {
        self.say(id, b'E', false);
        self.copying = None;
        self.implicit = false;
        self.doomed = false;
        if self.block == Block::Open {
            self.block = Block::Failed;
        }
        if self.extended {
            self.skipping = true;
        } else {
            self.ready(id);
        }
    }

    fn ready(&mut self, id: u32) {
        self.out.push(Answer {
            tag: b'Z',
            status: Some(match self.block {
                Block::Idle => b'I',
                Block::Open => b'T',
                Block::Failed => b'E',
            }),
            to: id,
            completes: true,
        });
    }

    fn say(&mut self, id: u32, tag: u8, completes: bool) {
        self.out.push(Answer {
            tag,
            status: None,
            to: id,
            completes,
        });
    }
}
