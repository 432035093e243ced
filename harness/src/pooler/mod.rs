//! A pooler under test: ours, PgBouncer, or none at all (straight to PostgreSQL).
//!
//! A scenario describes what it wants in a [`PoolerSpec`]; an adapter writes the pooler's own
//! configuration from it. Each pooler runs in a folder of its own, with its log in it.

mod none;
mod pgbouncer;
mod pgturnstile;
mod spec;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use crate::instance::tail;
use crate::process::{Child, code};
use crate::{Error, Result};

pub use pgturnstile::{Answer, binary, run_to_end};
pub use spec::{AuthQuery, Hash, PooledDatabase, PoolerSpec, ServerTls, StaticUser, WholeFile};

/// From start to the listening port.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);

/// Which pooler is under test, as `POOLER` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolerKind {
    Pgturnstile,
    Pgbouncer,
    None,
}

impl PoolerKind {
    /// Reads `POOLER`; ours when it is empty.
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim() {
            "" | "pgturnstile" => Ok(Self::Pgturnstile),
            "pgbouncer" => Ok(Self::Pgbouncer),
            "none" => Ok(Self::None),
            other => Err(Error::told(format!(
                "POOLER={other}: it is pgturnstile, pgbouncer or none"
            ))),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pgturnstile => "pgturnstile",
            Self::Pgbouncer => "pgbouncer",
            Self::None => "none",
        }
    }
}

/// A pooler that serves. Dropping it kills it; its folder stays for the one who reads it.
#[derive(Debug)]
pub struct Pooler {
    pub kind: PoolerKind,
    pub host: String,
    pub port: u16,
    /// `None` when there is no process of its own.
    pub pid: Option<i32>,
    pub folder: PathBuf,
    /// The configuration file that it reads.
    pub config: PathBuf,
    child: Option<Child>,
}

impl Pooler {
    /// Writes the configuration into `folder`, starts the pooler there and waits until it listens.
    /// One that ends instead is [`Error::EndedEarly`], with its exit code and log.
    pub async fn start(kind: PoolerKind, spec: &PoolerSpec, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io(folder.display().to_string()))?;
        match kind {
            PoolerKind::Pgturnstile => pgturnstile::start(spec, folder).await,
            PoolerKind::Pgbouncer => pgbouncer::start(spec, folder).await,
            PoolerKind::None => none::start(spec, folder),
        }
    }

    /// Serves somebody's own `pgturnstile` file as it is, with the log in `folder`.
    pub async fn serve(config: &Path, folder: &Path) -> Result<Self> {
        pgturnstile::serve(config, folder).await
    }

    /// Sends a signal; without a process there is nothing to tell.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.child
            .as_ref()
            .map_or(Ok(()), |child| child.signal(signal))
    }

    pub fn kill9(&self) -> Result<()> {
        self.signal(Signal::SIGKILL)
    }

    /// Waits for the end of the process: its exit code (128 + n after signal n), or `None` when it
    /// still runs. Cancel safe.
    pub async fn wait_exit(&self, limit: Duration) -> Option<i32> {
        self.child.as_ref()?.wait_for(limit).await.map(code)
    }

    /// The exit code when it has ended already.
    pub fn exited(&self) -> Option<i32> {
        self.child.as_ref()?.exited().map(code)
    }

    /// Writes a new configuration and sends HUP. What the pooler makes of it is the caller's to
    /// wait for: the log, or the console.
    pub fn reload(&self, spec: &PoolerSpec) -> Result<()> {
        match self.kind {
            PoolerKind::Pgturnstile => pgturnstile::write(spec, &self.folder).map(drop)?,
            PoolerKind::Pgbouncer => pgbouncer::write(spec, &self.folder, self.port).map(drop)?,
            PoolerKind::None => {}
        }
        self.signal(Signal::SIGHUP)
    }

    /// Whether its file is the one of this specification: somebody may have written another since.
    pub fn is_configured(&self, spec: &PoolerSpec) -> Result<bool> {
        let wanted = match self.kind {
            PoolerKind::Pgturnstile => pgturnstile::text(spec),
            PoolerKind::Pgbouncer => pgbouncer::text(spec, &self.folder, self.port),
            PoolerKind::None => return Ok(true),
        };
        let found = fs::read(&self.config).map_err(Error::io(self.config.display().to_string()))?;
        Ok(found == wanted.as_bytes())
    }

    pub fn log_path(&self) -> PathBuf {
        log_path(&self.folder)
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Ends it as TERM does and waits; kills it when that takes longer than `limit`. The exit code.
    pub async fn stop(&self, limit: Duration) -> Result<Option<i32>> {
        self.signal(Signal::SIGTERM)?;
        if let Some(code) = self.wait_exit(limit).await {
            return Ok(Some(code));
        }
        self.kill9()?;
        Ok(self.wait_exit(Duration::from_secs(5)).await)
    }
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("pooler.log")
}

/// Where the log of a start begins: a folder's earlier poolers have written before it, and each
/// has said where it listened.
fn log_end(folder: &Path) -> usize {
    let found = fs::metadata(log_path(folder)).map(|file| file.len());
    found.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Waits until `listening` finds the address in the log behind `from`.
async fn await_listening(
    child: &Child,
    folder: &Path,
    from: usize,
    listening: impl Fn(&str) -> Option<u16>,
) -> Result<u16> {
    let deadline = Instant::now() + LISTENS_WITHIN;
    loop {
        let log = fs::read_to_string(log_path(folder)).unwrap_or_default();
        if let Some(port) = log.get(from..).and_then(&listening) {
            return Ok(port);
        }
        if let Some(status) = child.exited() {
            return Err(Error::EndedEarly {
                program: "the pooler".to_owned(),
                status: format!("exit {}", code(status)),
                code: Some(code(status)),
                log: tail(log_path(folder)),
            });
        }
        if Instant::now() > deadline {
            let log = tail(log_path(folder));
            return Err(Error::told(format!(
                "the pooler did not listen within 20 s:\n{log}"
            )));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
