//! One session of one client, as its tricks see it.

use std::time::Duration;

use harness::client::{Answer as Rows, Driver, Failure};
use tokio::time::{Instant, timeout_at};

use super::asked::Asked;
use super::desk::Desk;
use super::line::Line;
use crate::dice::Dice;
use crate::history::{Answer, Leaving, What, Work};

/// How long a client waits for an answer to a request, and for a login.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) desk: &'a Desk,
    pub(super) client: &'a str,
    pub(super) dice: &'a mut Dice,
    pub(super) session: u64,
    pub(super) line: Line,
    /// Until when the request of now has to be answered.
    pub(super) deadline: Instant,
    /// How it has to end, once it has to.
    pub(super) over: Option<Leaving>,
    /// Whether all requests of the trick of now have succeeded.
    pub(super) well: bool,
}

impl<'a> Scene<'a> {
    /// The number of a request, and a token of its own.
    pub(super) fn token(&self) -> (u64, String) {
        let op = self.desk.recorder.next_op();
        (op, format!("{}.{op}", self.client))
    }

    /// Notes that a request is about to be sent.
    pub(super) fn ask(&mut self, op: u64, work: Work) -> Asked<'a> {
        self.deadline = Instant::now() + PATIENCE;
        let session = self.session;
        let desk = self.desk;
        desk.recorder.note(What::Asked { op, session, work });
        Asked {
            desk,
            op,
            open: true,
        }
    }

    /// Notes the answer to a request.
    pub(super) fn answer(&mut self, asked: Asked<'_>, answer: impl Into<Answer>) {
        self.well &= asked.answered(answer.into());
    }

    /// Runs a statement by the simple protocol.
    pub(super) async fn run(&mut self, sql: &str) -> Result<Rows, Failure> {
        let told = within(self.deadline, self.line.session()?.run(sql)).await;
        self.hear(told)
    }

    pub(super) fn driver(&mut self) -> Result<&mut Driver, Failure> {
        self.line.session()?.driver()
    }

    /// Takes notice of what a failure means for the session.
    pub(super) fn hear<T>(&mut self, told: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &told {
            if failure.late {
                self.over = Some(Leaving::RudeInAction);
            } else if failure.fatal {
                self.over = Some(Leaving::Thrown);
            }
        }
        told
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }
}

/// Whatever a session does for a request, no longer than the client has patience.
pub(super) async fn within<T>(
    deadline: Instant,
    act: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = |_| Failure::late(format!("the request was not answered within {PATIENCE:?}"));
    timeout_at(deadline, act).await.map_err(late)?
}
