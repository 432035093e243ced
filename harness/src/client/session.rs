//! One vocabulary for both kinds of clients: run, start, finish, leave, vanish.

use super::{Canceller, Driver, Failure, Wire};

/// What a statement answered: its rows as text, and the tags of its commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub rows: Vec<Vec<Option<String>>>,
    pub commands: Vec<String>,
}

impl Answer {
    /// The first cell of the first row.
    pub fn cell(&self) -> Result<&str, Failure> {
        let cell = self
            .rows
            .first()
            .and_then(|row| row.first())
            .and_then(Option::as_deref);
        cell.ok_or_else(|| Failure::local("the answer has no first cell"))
    }
}

/// A client of either kind.
#[derive(Debug)]
pub enum Session {
    Driver(Driver),
    Wire(Box<Wire>),
}

impl Session {
    /// Runs SQL by the simple protocol, to its end.
    pub async fn run(&mut self, sql: &str) -> Result<Answer, Failure> {
        self.start(sql).await?;
        self.finish().await
    }

    /// Sends SQL and doesn't wait for the answer.
    pub async fn start(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Driver(driver) => driver.start(sql),
            Self::Wire(wire) => wire.query(sql).await,
        }
    }

    /// Waits for the answer to what `start` sent.
    pub async fn finish(&mut self) -> Result<Answer, Failure> {
        match self {
            Self::Driver(driver) => driver.finish().await,
            Self::Wire(wire) => wire.answer().await,
        }
    }

    /// Asks for the running query to be cancelled, as this client's own driver would.
    pub async fn cancel(&self) -> Result<(), Failure> {
        match self {
            Self::Driver(driver) => driver.cancel().await,
            Self::Wire(wire) => wire.cancel().await,
        }
    }

    /// What it takes to cancel while somebody else waits for the answer.
    pub fn canceller(&self) -> Result<Canceller, Failure> {
        match self {
            Self::Driver(driver) => Ok(driver.canceller()),
            Self::Wire(wire) => wire.canceller(),
        }
    }

    /// Waits until the server ends the connection, and tells what it said before.
    pub async fn end(&mut self) -> Result<(), Failure> {
        match self {
            Self::Driver(driver) => driver.end().await,
            Self::Wire(wire) => wire.end().await,
        }
    }

    /// Says good-bye and closes.
    pub async fn leave(self) {
        match self {
            Self::Driver(driver) => driver.leave().await,
            Self::Wire(wire) => wire.leave().await,
        }
    }

    /// Closes without a word, as a client that was killed.
    pub async fn vanish(self) {
        match self {
            Self::Driver(driver) => driver.vanish().await,
            Self::Wire(wire) => drop(wire),
        }
    }

    pub fn wire(&mut self) -> Result<&mut Wire, Failure> {
        match self {
            Self::Wire(wire) => Ok(wire),
            Self::Driver(_) => Err(Failure::local("this client speaks through a driver")),
        }
    }

    pub fn driver(&mut self) -> Result<&mut Driver, Failure> {
        match self {
            Self::Driver(driver) => Ok(driver),
            Self::Wire(_) => Err(Failure::local("this client speaks on the wire")),
        }
    }
}
