//! A PostgreSQL server of the harness's own: one interface, two providers.
//!
//! Scenarios share an instance and take databases and roles of their own; one that stops or
//! reconfigures the server has an instance of its own. Whatever is not removed in order
//! ([`Instance::remove`]) is killed when dropped, and cleared by [`crate::sweep`] after a crash.

mod container;
mod frost;
pub mod image;
pub mod local;
mod settings;
mod template;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

use crate::certificate::Certificate;
use crate::names::{identifier, literal};
use crate::provider::Provider;
use crate::{Error, Result, scratch};

use container::Container;
use local::Local;

const SUPERUSER: &str = "postgres";
const HOST: &str = "127.0.0.1";
/// From start to the first login; a container with a cold cache takes a few seconds.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What kind of server a scenario asks for.
#[derive(Debug, Clone, Default)]
pub struct InstanceSpec {
    /// Serve TLS with a certificate for localhost and 127.0.0.1.
    pub tls: bool,
    /// The major version; `PG_MAJOR` or 15 when left out.
    pub major: Option<u8>,
    /// Lines of `postgresql.conf`, values unquoted.
    pub settings: Vec<(String, String)>,
    /// Lines of `pg_hba.conf` below the harness's own; `host all all all md5` when left out.
    pub hba: Option<String>,
}

/// PostgreSQL's three ways to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Waits until every client has left.
    Smart,
    /// Ends every session, writes a checkpoint.
    Fast,
    /// Ends at once; the next start recovers.
    Immediate,
}

/// How a role's password is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Md5,
    Scram,
}

impl Method {
    /// As the setting `password_encryption` spells it.
    pub fn encryption(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Scram => "scram-sha-256",
        }
    }
}

/// A running server. All methods take `&self`: it is shared between scenarios.
#[derive(Debug)]
pub struct Instance {
    server: Server,
    port: u16,
    password: String,
    certificate: Certificate,
    folder: PathBuf,
    tls: bool,
}

#[derive(Debug)]
enum Server {
    Container(Box<Container>),
    Local(Local),
}

/// What both providers need to start one.
struct Order<'a> {
    spec: &'a InstanceSpec,
    folder: &'a Path,
    certificate: &'a Certificate,
    password: &'a str,
}

impl Instance {
    /// Starts a server and waits until it takes a login.
    pub async fn start(provider: Provider, spec: &InstanceSpec) -> Result<Self> {
        let folder = scratch::folder("pg")?;
        let certificate = Certificate::issue(&folder)?;
        let password = template::password()?;
        let order = Order {
            spec,
            folder: &folder,
            certificate: &certificate,
            password: &password,
        };
        let (server, port) = match provider {
            Provider::Container => {
                let (container, port) = Container::start(&order).await?;
                (Server::Container(Box::new(container)), port)
            }
            Provider::Local => {
                let (local, port) = Local::start(&order).await?;
                (Server::Local(local), port)
            }
        };
        let made = Self {
            server,
            port,
            password,
            certificate,
            folder,
            tls: spec.tls,
        };
        made.ready().await?;
        Ok(made)
    }

    pub fn host(&self) -> &str {
        HOST
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    pub fn superuser_password(&self) -> &str {
        &self.password
    }

    /// Whether it serves TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The authority of its certificate, also when TLS is off.
    pub fn ca_pem_path(&self) -> &Path {
        &self.certificate.ca
    }

    /// Certificate chain and key of the server: a fault proxy serves TLS in its name.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The folder of its unix socket; only a local server has one that we can reach.
    pub fn socket_folder(&self) -> Option<&Path> {
        match &self.server {
            Server::Local(_) => Some(&self.folder),
            Server::Container(_) => None,
        }
    }

    /// A superuser's connection. It is served by a task of the current runtime.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        self.connect_as(SUPERUSER, &self.password, database).await
    }

    /// Anybody's connection, straight to the server and without TLS.
    pub async fn connect_as(&self, user: &str, password: &str, database: &str) -> Result<Client> {
        let (client, connection) = tokio_postgres::Config::new()
            .host(HOST)
            .port(self.port)
            .user(user)
            .password(password)
            .dbname(database)
            .application_name("harness")
            .connect_timeout(Duration::from_secs(10))
            .connect(NoTls)
            .await?;
        // Its end is told to whoever uses the client next.
        tokio::spawn(async move { connection.await.ok() });
        Ok(client)
    }

    /// Runs statements as superuser on a connection of their own.
    pub async fn execute_sql(&self, database: &str, sql: &str) -> Result<()> {
        Ok(self.connect(database).await?.batch_execute(sql).await?)
    }

    /// Creates a role that may log in, its password stored as `method` says.
    pub async fn create_role(&self, name: &str, password: &str, method: Method) -> Result<()> {
        let sql = format!(
            "SET password_encryption = '{}'; CREATE ROLE {} LOGIN PASSWORD {}",
            method.encryption(),
            identifier(name),
            literal(password)
        );
        self.execute_sql("postgres", &sql).await
    }

    /// Changes a role's password, stored as `method` says.
    pub async fn set_password(&self, name: &str, password: &str, method: Method) -> Result<()> {
        let sql = format!(
            "SET password_encryption = '{}'; ALTER ROLE {} PASSWORD {}",
            method.encryption(),
            identifier(name),
            literal(password)
        );
        self.execute_sql("postgres", &sql).await
    }

    pub async fn create_database(&self, name: &str, owner: &str) -> Result<()> {
        let sql = format!(
            "CREATE DATABASE {} OWNER {}",
            identifier(name),
            identifier(owner)
        );
        self.execute_sql("postgres", &sql).await
    }

    /// Drops a database with whoever is still connected; one that is gone is no error.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name));
        self.execute_sql("postgres", &sql).await
    }

    /// Drops a role that owns nothing any more; one that is gone is no error.
    pub async fn drop_role(&self, name: &str) -> Result<()> {
        let sql = format!("DROP ROLE IF EXISTS {}", identifier(name));
        self.execute_sql("postgres", &sql).await
    }

    /// Changes settings that a running server takes, and waits until it has them.
    pub async fn reload_with(&self, settings: &[(String, String)]) -> Result<()> {
        let client = self.connect("postgres").await?;
        for (name, value) in settings {
            let sql = format!("ALTER SYSTEM SET {} = {}", identifier(name), literal(value));
            client.batch_execute(&sql).await?;
        }
        let before = "SELECT pg_conf_load_time()::text";
        let earlier: String = client.query_one(before, &[]).await?.get(0);
        client.batch_execute("SELECT pg_reload_conf()").await?;
        let deadline = Instant::now() + Duration::from_secs(10);
        // A session shows the new time once it has itself taken the new settings.
        while client.query_one(before, &[]).await?.get::<_, String>(0) == earlier {
            if Instant::now() > deadline {
                return Err(Error::told(
                    "PostgreSQL did not reload its settings within 10 s",
                ));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Replaces `pg_hba.conf` below the harness's own lines, and reloads.
    pub async fn set_hba(&self, lines: &str) -> Result<()> {
        let text = settings::hba(SUPERUSER, Some(lines));
        match &self.server {
            Server::Container(container) => container.write_hba(&text).await?,
            Server::Local(local) => local.write_hba(&text)?,
        }
        self.reload_with(&[]).await
    }

    /// Stops the server and waits until it has ended.
    pub async fn stop(&self, mode: Mode) -> Result<()> {
        match &self.server {
            Server::Container(container) => container.stop(mode).await,
            Server::Local(local) => local.stop(mode).await,
        }
    }

    /// Ends the server as a crash would: SIGKILL to the postmaster.
    pub async fn kill9(&self) -> Result<()> {
        match &self.server {
            Server::Container(container) => container.kill9().await,
            Server::Local(local) => local.kill9().await,
        }
    }

    /// Starts a stopped server again, on the same port and data.
    pub async fn start_again(&self) -> Result<()> {
        match &self.server {
            Server::Container(container) => container.start_again().await?,
            Server::Local(local) => local.start_again().await?,
        }
        self.ready().await
    }

    /// Makes it stand still in the middle of whatever it does: connections stay, nothing answers.
    pub async fn freeze(&self) -> Result<()> {
        match &self.server {
            Server::Container(container) => container.freeze().await,
            Server::Local(local) => local.freeze().await,
        }
    }

    /// Lets it go on where it stood still; one that was not frozen is no error.
    pub async fn thaw(&self) -> Result<()> {
        match &self.server {
            Server::Container(container) => container.thaw().await,
            Server::Local(local) => local.thaw().await,
        }
    }

    /// Whether it has not ended. A frozen server runs.
    pub async fn is_running(&self) -> Result<bool> {
        Ok(self.ended().await?.is_none())
    }

    /// Stops (fast) and starts again.
    pub async fn restart(&self) -> Result<()> {
        self.stop(Mode::Fast).await?;
        self.start_again().await
    }

    /// The server's log as a file; a container's is fetched now.
    pub async fn log_path(&self) -> Result<PathBuf> {
        let path = self.folder.join("server.log");
        if let Server::Container(container) = &self.server {
            let log = container.log().await?;
            std::fs::write(&path, log).map_err(Error::io(path.display().to_string()))?;
        }
        Ok(path)
    }

    /// Stops it and removes everything of it.
    pub async fn remove(self) -> Result<()> {
        match self.server {
            Server::Container(container) => container.remove().await?,
            Server::Local(local) => local.remove().await?,
        }
        std::fs::remove_dir_all(&self.folder).map_err(Error::io(self.folder.display().to_string()))
    }

    /// How it ended, if it has.
    async fn ended(&self) -> Result<Option<String>> {
        match &self.server {
            Server::Container(container) => container.ended().await,
            Server::Local(local) => Ok(local.ended().await),
        }
    }

    async fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let Err(refused) = self.connect("postgres").await else {
                return Ok(());
            };
            self.still_there().await?;
            if Instant::now() > deadline {
                let log = self.log_path().await.map(tail).unwrap_or_default();
                let seconds = READY_WITHIN.as_secs();
                return Err(Error::told(format!(
                    "PostgreSQL took no login within {seconds} s: {refused}\n{log}"
                )));
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// An error when the server has ended instead of serving.
    async fn still_there(&self) -> Result<()> {
        let Some(status) = self.ended().await? else {
            return Ok(());
        };
        let log = self.log_path().await.map(tail).unwrap_or_default();
        Err(Error::EndedEarly {
            program: "postgres".to_owned(),
            status,
            code: None,
            log,
        })
    }
}

/// The last lines of a log, for an error text.
pub(crate) fn tail(path: impl AsRef<Path>) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
