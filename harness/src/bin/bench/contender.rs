//! Who is measured: PostgreSQL itself, HAProxy, PgBouncer, pgturnstile.

use std::fs;
use std::path::{Path, PathBuf};

use harness::pooler::{PooledDatabase, Pooler, PoolerKind, PoolerSpec, StaticUser};
use harness::process::{Child, Launch, find};
use harness::{Error, Result, ports, scratch};

use super::stage::{DATABASE, SCRAM, Stage, TRUSTED};

/// Servers that each pooler may open.
const SERVERS: u32 = 16;

pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) port: u16,
    /// `None` = there is nothing between.
    pub(super) pid: Option<i32>,
    /// Debian's PgBouncer is older than prepared statements in transaction mode.
    pub(super) prepared: bool,
    /// Serves TLS to clients.
    pub(super) tls: bool,
    runs: Runs,
}

/// What is to live as long as the contender does.
enum Runs {
    Nothing,
    Child(#[expect(dead_code, reason = "ends with its drop")] Child),
    Pooler(Box<Pooler>),
}

/// One that should have been measured.
pub(super) struct Absent {
    pub(super) name: &'static str,
    pub(super) why: String,
}

impl Contender {
    /// HAProxy and pgturnstile have to start; without PgBouncer the others are still worth telling.
    pub(super) async fn start_all(stage: &Stage) -> Result<(Vec<Self>, Option<Absent>)> {
        let direct = Self {
            name: "direct",
            port: stage.instance.port(),
            pid: None,
            prepared: true,
            tls: false,
            runs: Runs::Nothing,
        };
        let mut all = vec![direct, haproxy(stage).await?];
        let mut absent = None;
        let pgbouncer = PoolerKind::Pgbouncer;
        match pooler(stage, pgbouncer).await {
            Ok(contender) => all.push(contender),
            Err(error) => {
                eprintln!("bench: without PgBouncer: {error}");
                let name = pgbouncer.name();
                let why = error.to_string();
                absent = Some(Absent { name, why });
            }
        }
        all.push(pooler(stage, PoolerKind::Pgturnstile).await?);
        Ok((all, absent))
    }

    /// Ends it, and keeps its configuration and its log in `logs`.
    pub(super) fn end(self, logs: &Path) {
        let folder = match &self.runs {
            Runs::Pooler(pooler) => pooler.folder.clone(),
            Runs::Nothing | Runs::Child(_) => return,
        };
        let kept = logs.join(self.name);
        drop(self);
        let _ = fs::create_dir_all(&kept);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Whoever misses a log will see that it is not there.
            let _ = fs::copy(entry.path(), kept.join(entry.file_name()));
        }
    }
}

async fn haproxy(stage: &Stage) -> Result<Contender> {
    let program = find("haproxy").unwrap_or_else(|| PathBuf::from("/usr/sbin/haproxy"));
    if !program.is_file() {
        return Err(Error::told("there is no haproxy: apt-get install haproxy"));
    }
    let port = ports::free()?;
    let config = stage.logs.join("haproxy.cfg");
    let text = format!(
        "global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode tcp\n  timeout connect 5s\n  \
         timeout client 1h\n  timeout server 1h\nlisten postgresql\n  bind 127.0.0.1:{port}\n  \
         server one 127.0.0.1:{}\n",
        stage.instance.port()
    );
    fs::write(&config, text).map_err(Error::io("haproxy.cfg"))?;
    let launch = Launch::new(program, stage.logs.join("haproxy.log"));
    let child = launch
        .arguments([Path::new("-f"), config.as_path()])
        .start()
        .await?;
    listens(port).await?;
    Ok(Contender {
        name: "haproxy",
        port,
        pid: Some(child.pid()),
        prepared: true,
        tls: false,
        runs: Runs::Child(child),
    })
}

async fn pooler(stage: &Stage, kind: PoolerKind) -> Result<Contender> {
    // Not among the artefacts: PgBouncer runs as another user, to whom our tree may be closed.
    let folder = scratch::folder(kind.name())?;
    let ours = kind == PoolerKind::Pgturnstile;
    let spec = PoolerSpec {
        databases: vec![PooledDatabase {
            name: DATABASE.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: stage.instance.port(),
            users: vec![user(TRUSTED, ""), user(SCRAM, &stage.verifier)],
            settings: if ours {
                vec![setting("server_tls_mode", "disable")]
            } else {
                Vec::new()
            },
            ..PooledDatabase::default()
        }],
        certificate: ours.then(|| {
            let own = &stage.certificate;
            (own.chain.clone(), own.key.clone())
        }),
        settings: vec![
            setting("max_connections", "4000"),
            setting("query_wait_timeout", "60s"),
        ],
        hba: Some(format!(
            "host all {TRUSTED} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )),
        ..PoolerSpec::default()
    };
    let pooler = Pooler::start(kind, &spec, &folder).await?;
    Ok(Contender {
        name: kind.name(),
        port: pooler.port,
        pid: pooler.pid,
        prepared: ours,
        tls: ours,
        runs: Runs::Pooler(Box::new(pooler)),
    })
}

fn user(name: &str, password: &str) -> StaticUser {
    StaticUser {
        name: name.to_owned(),
        password: password.to_owned(),
        pool_size: SERVERS,
        settings: Vec::new(),
    }
}

fn setting(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

async fn listens(port: u16) -> Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
        {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    Err(Error::told(format!("nothing listens on port {port}")))
}
