//! One connection of the executor: the prepared query, and asking it.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use super::answer::{self, Found, Wrong};
use super::session::{Session, Shared};
use crate::server::connect::{ConnectError, Target, connect};
use crate::server::undertaker::Undertaker;
use crate::world::World;

/// A connection that is not in use, or lent for one look-up. Dropped, its server is buried.
#[derive(Debug)]
pub(super) struct Worker {
    client: Client,
    query: Statement,
    shared: Arc<Shared>,
    task: Task,
    pub(super) idle_since: Instant,
}

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no connection to the auth database: {}", .0.error())]
    Connect(ConnectError),
    #[error("the query failed: {0}")]
    Query(#[from] tokio_postgres::Error),
    #[error("the query is wrong: {0}")]
    Wrong(#[from] Wrong),
    #[error("the query must have the parameter $1, and may have $2; it has {0} parameters")]
    Parameters(usize),
}

impl Failure {
    /// Would another connection do better? Not when the server understood the question.
    pub(super) fn is_of_the_connection(&self) -> bool {
        let Self::Query(error) = self else {
            return false;
        };
        // Terminated, crashed or shut down; or the plan has aged, after DDL or because a pooler
        // stands between.
        let of_the_server = error.code().is_some_and(|code| {
            let aged = [
                SqlState::FEATURE_NOT_SUPPORTED,
                SqlState::INVALID_SQL_STATEMENT_NAME,
            ];
            code.code().starts_with("57P") || aged.contains(code)
        });
        let lost = error.source().is_some_and(<dyn StdError>::is::<io::Error>);
        of_the_server || error.is_closed() || lost
    }
}

impl Worker {
    /// Opens a connection and prepares the query. `held` is dropped when PostgreSQL has closed it.
    pub(super) async fn open<H: Send + 'static>(
        world: &World,
        undertaker: &Undertaker,
        target: &Target,
        query: &str,
        held: H,
    ) -> Result<Self, Failure> {
        let opened = connect(world, target, undertaker, held).await;
        let (opened, held) = opened.map_err(Failure::Connect)?;
        let shared = Arc::new(Shared::default());
        shared.begin();
        let session = Session::new(opened, Box::new(held), undertaker.clone(), shared.clone());
        let mut config = tokio_postgres::Config::new();
        config.user(&target.user);
        let (client, connection) = config.connect_raw(session, NoTls).await?;
        let connection = world.spawn(async move {
            // Whoever asks learns of the error from the client.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the auth database ended");
            }
        });
        let task = Task(connection);
        let query = client.prepare(query).await?;
        shared.end();
        if !(1..=2).contains(&query.params().len()) {
            return Err(Failure::Parameters(query.params().len()));
        }
        Ok(Self {
            client,
            query,
            shared,
            task,
            idle_since: world.now(),
        })
    }

    /// Has the server gone away while nobody looked?
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.task.0.is_finished()
    }

    /// Asks for a user; a second parameter of the query is the database.
    ///
    /// # Cancel safety
    /// A dropped call leaves the query running: the worker must be dropped too, which cancels it.
    pub(super) async fn ask(&self, user: &str, database: &str) -> Result<Option<Found>, Failure> {
        self.shared.begin();
        let both: [&(dyn ToSql + Sync); 2] = [&user, &database];
        let parameters = &both[..self.query.params().len()];
        let rows = self.client.query(&self.query, parameters).await;
        self.shared.end();
        Ok(answer::read(&rows?)?)
    }
}

/// The task that moves the connection's bytes; its end is the session's end.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
