//! PostgreSQL as a process of this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Uid;
use tokio::sync::Mutex;

use super::settings::{Places, configuration, hba};
use super::{HOST, Mode, Order, SUPERUSER, frost, image, template};
use crate::process::{Child, Launch, code, give_to, unprivileged_user};
use crate::{Error, Result, ports};

/// How long a server may take to stop when nothing holds it up.
const STOPS_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Local {
    bin: PathBuf,
    folder: PathBuf,
    user: Option<String>,
    process: Mutex<Option<Child>>,
}

impl Local {
    pub(super) async fn start(order: &Order<'_>) -> Result<(Self, u16)> {
        let bin = bin_folder(order.spec.major)?;
        let user = unprivileged_user();
        let folder = order.folder.to_owned();
        template::copy_to(&bin, &folder.join("data")).await?;
        let port = ports::free()?;
        write_configuration(order, port)?;
        give_to(&folder, user.as_deref())?;
        let local = Self {
            bin,
            folder,
            user,
            process: Mutex::new(None),
        };
        local.start_again().await?;
        Ok((local, port))
    }

    pub(super) async fn start_again(&self) -> Result<()> {
        let mut process = self.process.lock().await;
        if process
            .as_ref()
            .is_some_and(|child| child.exited().is_none())
        {
            return Err(Error::told("PostgreSQL is running already"));
        }
        let mut launch = Launch::new(self.bin.join("postgres"), self.folder.join("server.log"))
            .arguments(["-D".into(), self.folder.join("data").into_os_string()])
            .arguments([
                "-c".to_owned(),
                format!("config_file={}", self.conf().display()),
            ]);
        launch.user.clone_from(&self.user);
        launch.death_signal = "INT";
        *process = Some(launch.start().await?);
        Ok(())
    }

    pub(super) async fn stop(&self, mode: Mode) -> Result<()> {
        self.end(match mode {
            Mode::Smart => Signal::SIGTERM,
            Mode::Fast => Signal::SIGINT,
            Mode::Immediate => Signal::SIGQUIT,
        })
        .await
    }

    pub(super) async fn kill9(&self) -> Result<()> {
        self.end(Signal::SIGKILL).await
    }

    pub(super) async fn freeze(&self) -> Result<()> {
        match self.process.lock().await.as_ref() {
            Some(child) if child.exited().is_none() => frost::freeze(child).await,
            _ => Err(Error::told("PostgreSQL is not running")),
        }
    }

    pub(super) async fn thaw(&self) -> Result<()> {
        match self.process.lock().await.as_ref() {
            Some(child) => frost::thaw(child),
            None => Ok(()),
        }
    }

    async fn end(&self, signal: Signal) -> Result<()> {
        let process = self.process.lock().await;
        let Some(child) = process.as_ref() else {
            return Ok(());
        };
        // What stands still would hear of no end, nor its children of the postmaster's.
        frost::thaw(child)?;
        child.signal(signal)?;
        match child.wait_for(STOPS_WITHIN).await {
            Some(_) => Ok(()),
            None => Err(Error::told(format!(
                "PostgreSQL did not stop within 30 s of {signal}"
            ))),
        }
    }

    /// How the server ended, if it has.
    pub(super) async fn ended(&self) -> Option<String> {
        let process = self.process.lock().await;
        let status = process.as_ref()?.exited()?;
        Some(format!("exit {}", code(status)))
    }

    pub(super) fn write_hba(&self, text: &str) -> Result<()> {
        let path = self.folder.join("pg_hba.conf");
        fs::write(&path, text).map_err(Error::io(path.display().to_string()))
    }

    pub(super) async fn remove(self) -> Result<()> {
        self.stop(Mode::Immediate).await
    }

    fn conf(&self) -> PathBuf {
        self.folder.join("postgresql.conf")
    }
}

impl Drop for Local {
    /// Ends the server without a word, as a scenario that failed leaves it. SIGQUIT, not SIGKILL:
    /// it gives back its shared memory segment.
    fn drop(&mut self) {
        if let Some(child) = self.process.get_mut().take() {
            // What stands still would hear of no end.
            let _ = frost::thaw(&child);
            let _ = child.signal(Signal::SIGQUIT);
            child.wait_blocking(Duration::from_secs(5));
        }
        give_back_shared_memory(&self.folder.join("data"));
        let _ = fs::remove_dir_all(self.folder.join("data"));
    }
}

/// Removes the System V segment that a killed postmaster leaves until the next start; its number
/// is the last one in line 7 of `postmaster.pid`. A server that ended in order has no such file.
pub(crate) fn give_back_shared_memory(data: &Path) {
    let lock = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let number = lock
        .lines()
        .nth(6)
        .and_then(|line| line.split_whitespace().nth(1));
    if let Some(number) = number.filter(|text| text.parse::<u32>().is_ok()) {
        // Best effort: it may be gone, or `ipcrm` missing.
        let _ = std::process::Command::new("ipcrm")
            .args(["--shmem-id", number])
            .output();
    }
}

fn write_configuration(order: &Order<'_>, port: u16) -> Result<()> {
    let file = |name: &str| order.folder.join(name).display().to_string();
    let (hba_file, sockets) = (file("pg_hba.conf"), order.folder.display().to_string());
    let chain = order.certificate.chain.display().to_string();
    let key = order.certificate.key.display().to_string();
    let places = Places {
        listen: HOST,
        port,
        sockets: &sockets,
        hba: &hba_file,
        tls: order.spec.tls.then_some((chain.as_str(), key.as_str())),
    };
    let conf = file("postgresql.conf");
    fs::write(&conf, configuration(&places, &order.spec.settings)).map_err(Error::io(conf))?;
    let rules = hba(SUPERUSER, order.spec.hba.as_deref());
    fs::write(&hba_file, rules).map_err(Error::io(hba_file.clone()))
}

/// The bin directory of a major: `PG_BIN`, Debian's, or one that `ci/postgres-major` fetched.
pub fn bin_folder(major: Option<u8>) -> Result<PathBuf> {
    let asked = env::var("PG_BIN")
        .ok()
        .filter(|bin| !bin.is_empty())
        .map(PathBuf::from);
    if let Some(bin) = asked
        && major.is_none_or(|wanted| version_of(&bin) == Some(wanted))
    {
        return check(bin);
    }
    let wanted = major.unwrap_or_else(image::default_major);
    let places = [
        PathBuf::from(format!("/usr/lib/postgresql/{wanted}/bin")),
        PathBuf::from(format!("/usr/pgsql-{wanted}/bin")),
        cache_folder().join(format!("postgresql-{wanted}/bin")),
    ];
    if let Some(bin) = places
        .into_iter()
        .find(|bin| bin.join("postgres").is_file())
    {
        return Ok(bin);
    }
    if major.is_none()
        && env::var_os("PG_MAJOR").is_none()
        && let Some(bin) = newest_of_debian()
    {
        return Ok(bin);
    }
    Err(Error::told(format!(
        "there is no PostgreSQL {wanted} on this machine: ci/postgres-major {wanted} gets one, or \
         set PG_BIN to a directory with postgres and initdb"
    )))
}

fn check(bin: PathBuf) -> Result<PathBuf> {
    if bin.join("postgres").is_file() && bin.join("initdb").is_file() {
        return Ok(bin);
    }
    Err(Error::told(format!(
        "PG_BIN={}: there is no postgres with initdb",
        bin.display()
    )))
}

fn version_of(bin: &Path) -> Option<u8> {
    let output = std::process::Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().nth(2)?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn newest_of_debian() -> Option<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut majors: Vec<u8> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    majors.sort_unstable();
    majors
        .into_iter()
        .rev()
        .map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")))
        .find(|bin| bin.join("postgres").is_file())
}

/// Where `ci/postgres-major` puts servers. Root's home is closed to the user that runs them.
fn cache_folder() -> PathBuf {
    if let Some(folder) = env::var_os("PGTURNSTILE_CACHE") {
        return PathBuf::from(folder);
    }
    if Uid::effective().is_root() {
        return PathBuf::from("/var/cache/pgturnstile");
    }
    let home = env::var_os("HOME").map_or_else(env::temp_dir, PathBuf::from);
    env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| home.join(".cache"), PathBuf::from)
        .join("pgturnstile")
}
