//! The server that all contenders stand in front of, and what they are given.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::artifacts::Artifacts;
use harness::certificate::Certificate;
use harness::instance::{Instance, InstanceSpec, Method};
use harness::pooler::binary;
use harness::process::find;
use harness::provider::Provider;
use harness::{Error, Result};
use tokio::process::Command;

pub(super) const DATABASE: &str = "bench";
/// Comes in everywhere without a password.
pub(super) const TRUSTED: &str = "bench_trust";
/// Logs in by SCRAM everywhere.
pub(super) const SCRAM: &str = "bench_scram";
pub(super) const SCRAM_PASSWORD: &str = "bench_scram_pw";

pub(super) struct Stage {
    pub(super) instance: Instance,
    pub(super) logs: PathBuf,
    pub(super) certificate: Certificate,
    /// What PostgreSQL stores for [`SCRAM`].
    pub(super) verifier: String,
    pub(super) versions: Vec<(String, String)>,
}

impl Stage {
    /// Always a local server: what goes through a container's proxy can't be measured.
    pub(super) async fn set_up(artifacts: &Artifacts) -> Result<Self> {
        let settings = [("max_connections", "300"), ("shared_buffers", "256MB")];
        let spec = InstanceSpec {
            settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            hba: Some(format!(
                "host all {TRUSTED} all trust\nhost all all all scram-sha-256"
            )),
            ..InstanceSpec::default()
        };
        let instance = Instance::start(Provider::Local, &spec).await?;
        instance
            .create_role(TRUSTED, "unused", Method::Scram)
            .await?;
        instance
            .create_role(SCRAM, SCRAM_PASSWORD, Method::Scram)
            .await?;
        instance.create_database(DATABASE, TRUSTED).await?;
        let logs = artifacts.logs();
        let stage = Self {
            verifier: verifier(&instance).await?,
            certificate: Certificate::issue(&logs)?,
            versions: versions(&instance).await,
            instance,
            logs,
        };
        stage.fill().await?;
        Ok(stage)
    }

    async fn fill(&self) -> Result<()> {
        let mut pgbench = self.tool("pgbench", self.instance.port(), TRUSTED)?;
        pgbench.args(["-i", "-q", "-s", "10", DATABASE]);
        run(pgbench).await?;
        let sql = format!(
            "grant all on all tables in schema public to public;
             create table wide as select i, md5(i::text) || md5((i * 7)::text) as text
                 from generate_series(1, 400000) i;
             create unlogged table target (i int, text text);
             grant all on wide, target to public;
             analyze; alter table target owner to {TRUSTED}"
        );
        self.instance.execute_sql(DATABASE, &sql).await
    }

    /// A client program of PostgreSQL, pointed at a port.
    pub(super) fn tool(&self, name: &str, port: u16, user: &str) -> Result<Command> {
        let program = client_program(name).ok_or_else(|| {
            Error::told(format!(
                "there is no {name}: apt-get install postgresql-contrib"
            ))
        })?;
        let mut command = Command::new(program);
        command
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", user])
            .env("PGPASSWORD", SCRAM_PASSWORD)
            .env("PGSSLMODE", "disable")
            .env("PGGSSENCMODE", "disable")
            .current_dir(&self.logs)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }

    pub(super) async fn tear_down(self) -> Result<()> {
        self.instance.remove().await
    }
}

fn client_program(name: &str) -> Option<PathBuf> {
    let beside = std::env::var_os("PG_BIN").map(|bin| Path::new(&bin).join(name));
    beside.filter(|path| path.is_file()).or_else(|| find(name))
}

/// Runs to the end; its standard output.
pub(super) async fn run(mut command: Command) -> Result<String> {
    let output = command
        .output()
        .await
        .map_err(Error::io("a client program"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::told(told));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn verifier(instance: &Instance) -> Result<String> {
    let client = instance.connect("postgres").await?;
    let query = "select rolpassword from pg_authid where rolname = $1";
    let row = client.query_one(query, &[&SCRAM]).await;
    let row = row.map_err(|error| Error::told(error.to_string()))?;
    Ok(row.get(0))
}

async fn versions(instance: &Instance) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    if let Ok(client) = instance.connect("postgres").await
        && let Ok(row) = client.query_one("show server_version", &[]).await
    {
        versions.push(("postgresql".to_owned(), row.get(0)));
    }
    for (name, flag) in [
        ("haproxy", "-v"),
        ("pgbouncer", "--version"),
        ("pgturnstile", "--version"),
        ("pgbench", "--version"),
        ("psql", "--version"),
        ("uname", "-srm"),
    ] {
        let program = match name {
            "pgturnstile" => binary().ok(),
            _ => client_program(name).or_else(|| Some(PathBuf::from(format!("/usr/sbin/{name}")))),
        };
        let Some(program) = program else { continue };
        if let Ok(output) = Command::new(program).arg(flag).output().await {
            let text = String::from_utf8_lossy(&output.stdout);
            let line = text.lines().next().unwrap_or_default().to_owned();
            versions.push((name.to_owned(), line));
        }
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    versions.push(("cores".to_owned(), cores.to_string()));
    versions
}
