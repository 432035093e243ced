//! Who is measured: PostgreSQL itself, HAProxy, PgBouncer, pgturnstile.

use std::fs;
use std::path::{Path, PathBuf};

use harness::pooler::{PooledDatabase, Pooler, PoolerKind, PoolerSpec, StaticUser};
use harness::process::{Child, Launch, find};
use harness::{Error, Result, ports};

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
    _runs: Runs,
}

/// What is to live as long as the contender does.
enum Runs {
    Nothing,
    Child(#[expect(dead_code, reason = "ends with its drop")] Child),
    Pooler(#[expect(dead_code, reason = "ends with its drop")] Box<Pooler>),
}

impl Contender {
    /// Those that are on this machine; HAProxy and pgturnstile have to be.
    pub(super) async fn start_all(stage: &Stage) -> Result<Vec<Self>> {
        let direct = Self {
            name: "direct",
            port: stage.instance.port(),
            pid: None,
            prepared: true,
            tls: false,
            _runs: Runs::Nothing,
        };
        let haproxy = haproxy(stage).await?;
        let mut all = vec![direct, haproxy];
        match pooler(stage, PoolerKind::Pgbouncer).await {
            Ok(contender) => all.push(contender),
            Err(error) => eprintln!("bench: without PgBouncer: {error}"),
        }
        all.push(pooler(stage, PoolerKind::Pgturnstile).await?);
        Ok(all)
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
        _runs: Runs::Child(child),
    })
}

async fn pooler(stage: &Stage, kind: PoolerKind) -> Result<Contender> {
    let folder = stage.logs.join(kind.name());
    fs::create_dir_all(&folder).map_err(Error::io("a pooler's folder"))?;
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
        _runs: Runs::Pooler(Box::new(pooler)),
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
