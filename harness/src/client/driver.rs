//! A client as applications have it: tokio-postgres, with TLS on or off.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{AbortHandle, JoinError, JoinHandle};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, NoTls, Row, SimpleQueryMessage, Statement,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::canceller::{Canceller, Means};
use super::session::Answer;
use super::{Failure, Login, Tls};

/// How long a driver waits for an answer or for the end of its connection.
const PATIENCE: Duration = Duration::from_secs(30);

type Heard = Arc<Mutex<Vec<String>>>;
type Running = JoinHandle<Result<Answer, Failure>>;

/// A logged-in client.
#[derive(Debug)]
pub struct Driver {
    client: Arc<Client>,
    tls: Tls,
    notifications: Heard,
    /// How the connection ended; it may be asked more than once.
    end: Shared<BoxFuture<'static, Result<(), Failure>>>,
    connection: AbortHandle,
    running: Option<Running>,
    statements: Vec<(String, Statement)>,
    /// Statements without a name of ours, kept to the end of the session.
    kept: Mutex<Vec<Statement>>,
}

impl Driver {
    pub async fn connect(login: &Login) -> Result<Self, Failure> {
        timeout(PATIENCE, Self::dial(login))
            .await
            .map_err(|_| Failure::late("the login took too long"))?
    }

    async fn dial(login: &Login) -> Result<Self, Failure> {
        let config = config(login);
        match &login.tls {
            Tls::Off => {
                let (client, connection) = config.connect(NoTls).await?;
                Ok(Self::new(login, client, connection))
            }
            Tls::On(roots) => {
                let connector = MakeRustlsConnect::new(roots.config(None)?);
                let (client, connection) = config.connect(connector).await?;
                Ok(Self::new(login, client, connection))
            }
        }
    }

    fn new<S, T>(login: &Login, client: Client, connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let notifications = Heard::default();
        let task = tokio::spawn(attend(connection, Arc::clone(&notifications)));
        Self {
            client: Arc::new(client),
            tls: login.tls.clone(),
            connection: task.abort_handle(),
            end: task.map(flatten).boxed().shared(),
            notifications,
            running: None,
            statements: Vec::new(),
            kept: Mutex::default(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a simple query; [`Driver::finish`] waits for it.
    pub fn start(&mut self, sql: &str) -> Result<(), Failure> {
        if self.running.is_some() {
            return Err(Failure::local("the query before has not been waited for"));
        }
        let (client, sql) = (Arc::clone(&self.client), sql.to_owned());
        self.running = Some(tokio::spawn(async move { simple(&client, &sql).await }));
        Ok(())
    }

    pub async fn finish(&mut self) -> Result<Answer, Failure> {
        let Some(running) = self.running.take() else {
            return Err(Failure::local("no query is running"));
        };
        let result = timeout(PATIENCE, running)
            .await
            .map_err(|_| Failure::late(format!("no answer came within {PATIENCE:?}")))?
            .map_err(|error| Failure::local(error.to_string()))?;
        self.explain(result).await
    }

    /// What ended the connection says more than "connection closed".
    pub(super) async fn explain<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            Err(failure) if failure.sqlstate.is_none() && self.client.is_closed() => {
                let told = self.end().await.err().unwrap_or(failure);
                // The driver gives an error to the oldest request that is not quite over, also when
                // that one, a Parse say, has long had all that it waited for.
                Err(match told.message.as_str() {
                    "connection closed" => Failure::local(Failure::UNHEARD),
                    _ => told,
                })
            }
            result => result,
        }
    }

    /// Prepares a statement under a name of the scenario's; the driver's own name goes to the server.
    pub async fn prepare(&mut self, name: &str, sql: &str) -> Result<(), Failure> {
        let prepared = patiently(self.client.prepare(sql)).await;
        let statement = self.explain(prepared).await?;
        self.statements.retain(|(known, _)| known != name);
        self.statements.push((name.to_owned(), statement));
        Ok(())
    }

    /// Prepares a statement that is not closed before the session is: the driver would do that behind
    /// our back, and if the connection ended just then, nobody would be told why.
    pub(super) async fn prepare_for_good(
        &self,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        let statement = self.client.prepare(sql).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(statement.clone());
        Ok(statement)
    }

    /// Executes a prepared statement whose parameters and result are text.
    pub async fn execute(&self, name: &str, parameters: &[&str]) -> Result<Answer, Failure> {
        let statement = self.statements.iter().find(|(known, _)| known == name);
        let Some((_, statement)) = statement else {
            return Err(Failure::local(format!("no statement is called {name}")));
        };
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|text| text as _).collect();
        let rows = patiently(self.client.query(statement, &parameters)).await;
        self.explain(rows).await.map(|rows| answer(&rows))
    }

    /// Whether a statement of this name has been prepared.
    pub fn knows(&self, name: &str) -> bool {
        self.statements.iter().any(|(known, _)| known == name)
    }

    /// Runs a statement without a name by the extended protocol; parameters and result are text.
    /// Several of these at once travel as a pipeline.
    pub async fn query_unnamed(&self, sql: &str, parameters: &[&str]) -> Result<Answer, Failure> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
            .iter()
            .map(|text| (text as _, Type::TEXT))
            .collect();
        let rows = patiently(self.client.query_typed(sql, &parameters)).await;
        self.explain(rows).await.map(|rows| answer(&rows))
    }

    /// Cancels as drivers do: on a connection of its own, encrypted like this one.
    pub async fn cancel(&self) -> Result<(), Failure> {
        self.canceller().cancel().await
    }

    pub fn canceller(&self) -> Canceller {
        Canceller(Means::Driver {
            token: self.client.cancel_token(),
            tls: self.tls.clone(),
        })
    }

    /// `channel payload` of every notification so far.
    pub fn notifications(&self) -> Vec<String> {
        self.notifications
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for the server to end the connection; what it said is the error.
    pub async fn end(&self) -> Result<(), Failure> {
        timeout(PATIENCE, self.end.clone())
            .await
            .map_err(|_| Failure::late("the server does not end the connection"))?
    }

    /// Says good-bye and waits until the socket is closed.
    pub async fn leave(self) {
        let Self {
            client,
            end,
            running,
            ..
        } = self;
        if let Some(running) = running {
            running.abort();
            // The task holds the client: only when it is gone does the good-bye leave.
            let _ = running.await;
        }
        drop(client);
        let _ = timeout(PATIENCE, end).await;
    }

    /// Closes the socket without a word.
    pub async fn vanish(self) {
        self.hang_up();
        let _ = self.end.await;
    }

    /// As [`Self::vanish`], for who can't wait until the socket is closed.
    pub fn hang_up(&self) {
        self.connection.abort();
    }
}

/// A task that was aborted has ended as well as one that returned.
fn flatten(joined: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    joined.unwrap_or_else(|error| Err(Failure::local(error.to_string())))
}

/// Waits for something of the driver's, no longer than [`PATIENCE`]: a pooler that loses a message
/// would leave it waiting for ever.
pub(super) async fn patiently<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let late = |_| Failure::late(format!("nothing came within {PATIENCE:?}"));
    Ok(timeout(PATIENCE, work).await.map_err(late)??)
}

fn config(login: &Login) -> Config {
    let mut config = Config::new();
    config
        .host(&login.endpoint.host)
        .port(login.endpoint.port)
        .user(&login.user)
        .dbname(&login.database)
        .ssl_mode(if matches!(login.tls, Tls::Off) {
            SslMode::Disable
        } else {
            SslMode::Require
        });
    if let Some(password) = &login.password {
        config.password(password);
    }
    let options: Vec<String> = login.parameters.iter().filter_map(option).collect();
    if !options.is_empty() {
        config.options(options.join(" "));
    }
    for (name, value) in &login.parameters {
        if name == "application_name" {
            config.application_name(value);
        }
    }
    config
}

/// The driver knows one startup parameter by name; the others travel in `options`.
fn option((name, value): &(String, String)) -> Option<String> {
    (name != "application_name").then(|| format!("-c {name}={value}"))
}

async fn simple(client: &Client, sql: &str) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                answer.rows.push(cells.collect());
            }
            SimpleQueryMessage::CommandComplete(count) => answer.commands.push(count.to_string()),
            _ => {}
        }
    }
    Ok(answer)
}

fn answer(rows: &[Row]) -> Answer {
    let cells = |row: &Row| (0..row.len()).map(|at| row.get(at)).collect();
    Answer {
        rows: rows.iter().map(cells).collect(),
        commands: Vec::new(),
    }
}

/// Drives the connection to its end and keeps the notifications that come.
async fn attend<S, T>(mut connection: Connection<S, T>, heard: Heard) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(note) = message? {
            let line = format!("{} {}", note.channel(), note.payload());
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }
    Ok(())
}
