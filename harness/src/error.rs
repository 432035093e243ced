//! The harness's own failures: something in the set-up broke, not the thing under test.

use std::io;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the set-up, told in a sentence to whoever runs the suite.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused; `what` names the file or program.
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    /// PostgreSQL or the wire refused a statement of the harness itself.
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The container engine refused.
    #[error("{what}: {source}")]
    Container {
        what: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A process ended where it should have served.
    #[error("{program} ended early with {status}:\n{log}")]
    EndedEarly {
        program: String,
        status: String,
        code: Option<i32>,
        log: String,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Told(String),
}

impl Error {
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// `tokio_postgres` shows only "db error"; the message and its SQLSTATE are what one wants to read.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("PostgreSQL: {} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("PostgreSQL: {error}: {source}"),
            None => format!("PostgreSQL: {error}"),
        },
    }
}
