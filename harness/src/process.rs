//! A child process with a log file, a thread of its own that waits for it, and an end by pid.
//!
//! The thread that starts a child also waits for it and lives exactly as long: `--pdeathsig`
//! strikes when the parent *thread* ends, and a runtime's blocking threads end early.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::{Pid, Uid, User};
use tokio::sync::{oneshot, watch};

use crate::{Error, Result};

/// How to start a program.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(String, String)>,
    /// Standard output and error are appended here.
    pub log: PathBuf,
    pub folder: PathBuf,
    /// The user to become when we are root.
    pub user: Option<String>,
    /// What the child gets when we die without ending it (Linux).
    pub death_signal: &'static str,
    /// A session of its own: Ctrl-C at our terminal does not reach it.
    pub own_session: bool,
}

impl Launch {
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        let log = log.into();
        let folder = log.parent().unwrap_or(Path::new(".")).to_owned();
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            log,
            folder,
            user: None,
            death_signal: "KILL",
            own_session: true,
        }
    }

    #[must_use]
    pub fn arguments<I: IntoIterator<Item: Into<OsString>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Starts the program.
    pub async fn start(self) -> Result<Child> {
        let program = self.program.display().to_string();
        let (told, pid) = oneshot::channel();
        let (exited, exit) = watch::channel(None);
        thread::Builder::new()
            .name("child".to_owned())
            .spawn(move || live_with(&self, told, &exited))
            .map_err(Error::io("thread for a child process"))?;
        let pid = pid
            .await
            .map_err(|_| Error::told(format!("{program}: its thread died")))??;
        Ok(Child { pid, program, exit })
    }

    fn command(&self) -> Result<Command> {
        let words = self.wrapped();
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| Error::told("a program without a name"))?;
        let log = append(&self.log)?;
        let errors = log
            .try_clone()
            .map_err(Error::io(self.log.display().to_string()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        Ok(command)
    }

    /// The program behind `setsid` and `setpriv` (util-linux), which exec it: the pid stays.
    fn wrapped(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        if self.own_session && has("setsid") {
            words.push("setsid".into());
        }
        if has("setpriv") {
            words.push("setpriv".into());
            if let Some(user) = self.user.as_deref().filter(|_| Uid::effective().is_root()) {
                words.push(format!("--reuid={user}").into());
                words.push(format!("--regid={}", group_of(user)).into());
                words.push("--init-groups".into());
            }
            words.push(format!("--pdeathsig={}", self.death_signal).into());
            words.push("--".into());
        }
        words.push(self.program.clone().into());
        words.extend(self.arguments.iter().cloned());
        words
    }
}

fn live_with(
    launch: &Launch,
    told: oneshot::Sender<Result<i32>>,
    exited: &watch::Sender<Option<ExitStatus>>,
) {
    let started = launch.command().and_then(|mut command| {
        command
            .spawn()
            .map_err(Error::io(launch.program.display().to_string()))
    });
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            // Nobody listens only when the starter was cancelled; then nothing runs either.
            let _ = told.send(Err(error));
            return;
        }
    };
    let pid = i32::try_from(child.id()).unwrap_or(0);
    if told.send(Ok(pid)).is_err() {
        // The starter was cancelled between: nobody would ever end this child.
        let _ = child.kill();
    }
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
    exited.send_replace(Some(status));
}

/// A running (or ended) child. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    program: String,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// How it ended, if it has.
    pub fn exited(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Sends a signal; one to a process that has ended is no error.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if self.exited().is_some() {
            return Ok(());
        }
        match signal::kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(nix::Error::ESRCH) => Ok(()),
            Err(errno) => Err(Error::told(format!(
                "{signal} to {}: {errno}",
                self.program
            ))),
        }
    }

    /// Waits until it has ended. Cancel safe.
    pub async fn wait(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_else(|| ExitStatus::from_raw(0)),
            Err(_) => ExitStatus::from_raw(0),
        }
    }

    /// Waits at most so long; `None` when it still runs.
    pub async fn wait_for(&self, limit: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(limit, self.wait()).await.ok()
    }

    /// Blocks at most so long; for `Drop`, where one cannot await.
    pub fn wait_blocking(&self, limit: Duration) -> Option<ExitStatus> {
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        while self.exited().is_none() && waited < limit {
            thread::sleep(step);
            waited += step;
        }
        self.exited()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Best effort: it may have ended by itself.
        let _ = self.signal(Signal::SIGKILL);
    }
}

/// Whether a program of this name is on the PATH.
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// Where on the PATH a program is.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The user that PostgreSQL (and PgBouncer), which refuse root, run as; `None` when we are not root.
pub fn unprivileged_user() -> Option<String> {
    if !Uid::effective().is_root() {
        return None;
    }
    // A uid without a passwd entry does not work: initdb asks for its name.
    ["postgres", "nobody"]
        .into_iter()
        .find(|name| matches!(User::from_name(name), Ok(Some(_))))
        .map(str::to_owned)
}

/// Hands a file or folder (and all below) to a user; a no-op unless we are root.
pub fn give_to(path: &Path, user: Option<&str>) -> Result<()> {
    let Some(user) = user.filter(|_| Uid::effective().is_root()) else {
        return Ok(());
    };
    let found = User::from_name(user)
        .ok()
        .flatten()
        .ok_or_else(|| Error::told(format!("there is no user {user}")))?;
    chown_tree(path, &found).map_err(|errno| Error::told(format!("{}: {errno}", path.display())))
}

fn chown_tree(path: &Path, user: &User) -> nix::Result<()> {
    nix::unistd::chown(path, Some(user.uid), Some(user.gid))?;
    if path.is_dir() && !path.is_symlink() {
        let entries = std::fs::read_dir(path).map_err(|_| nix::Error::EIO)?;
        for entry in entries.flatten() {
            chown_tree(&entry.path(), user)?;
        }
    }
    Ok(())
}

fn group_of(user: &str) -> String {
    match User::from_name(user) {
        Ok(Some(found)) => found.gid.to_string(),
        _ => user.to_owned(),
    }
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::io(path.display().to_string()))
}

/// Words for an exit status, and the shell's number for it.
pub fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
