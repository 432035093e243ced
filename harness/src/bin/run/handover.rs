//! `.run/`: what a run tells other programs, and what `make stop` needs to end it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use harness::owner::Owner;
use harness::{Error, Instance, Pooler, Result, artifacts, sweep};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::demo;

/// A run takes at most 10 s to end in order; a little more than that before it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(12);

/// The addresses of what is up.
pub(crate) struct Handover {
    pg_url: String,
    pooler_url: String,
    admin_url: String,
    ca: String,
    /// URL and purpose, in the order they are printed.
    lines: Vec<(String, String)>,
}

impl Handover {
    pub(crate) fn of_demo(instance: &Instance, pooler: &Pooler) -> Result<Self> {
        let ca = make_folder()?.join("ca.crt");
        demo::copy_ca(instance, &ca)?;
        let at_pooler = |user: &str, password: &str, database: &str| {
            url(user, password, &pooler.host, pooler.port, database)
        };
        let mut lines: Vec<(String, String)> = demo::users()
            .into_iter()
            .map(|(user, password, purpose)| {
                let url = at_pooler(user, password, demo::DATABASE);
                (url, format!("through the pooler: {user}, {purpose}"))
            })
            .collect();
        let pooler_url = lines
            .first()
            .map(|(url, _)| url.clone())
            .unwrap_or_default();
        let admin_url = at_pooler("admin", "admin", "pgbouncer");
        let superuser = (instance.superuser(), instance.superuser_password());
        let (host, port) = (instance.host(), instance.port());
        let pg_url = url(superuser.0, superuser.1, host, port, demo::DATABASE);
        lines.push((
            admin_url.clone(),
            "the pooler's console: SHOW POOLS, SHOW HELP".to_owned(),
        ));
        lines.push((
            pg_url.clone(),
            "PostgreSQL itself, as its superuser".to_owned(),
        ));
        Ok(Self {
            pg_url,
            pooler_url,
            admin_url,
            ca: ca.display().to_string(),
            lines,
        })
    }

    /// Of somebody's own file we know only where it listens.
    pub(crate) fn of_own_file(pooler: &Pooler) -> Self {
        let pooler_url = format!("postgresql://{}:{}/", pooler.host, pooler.port);
        let admin_url = format!("{pooler_url}pgbouncer");
        let lines = vec![
            (
                pooler_url.clone(),
                "the pooler, with the databases and users of CONFIG".to_owned(),
            ),
            (
                admin_url.clone(),
                "its console, as admin_username of CONFIG".to_owned(),
            ),
        ];
        Self {
            pg_url: String::new(),
            pooler_url,
            admin_url,
            ca: String::new(),
            lines,
        }
    }

    /// `.run/env`, in shell syntax, and the marks for `make stop`.
    pub(crate) fn write(&self, pooler: &Pooler) -> Result<()> {
        let folder = make_folder()?;
        let pid = pooler.pid.unwrap_or(0);
        let runner = std::process::id();
        let values = [
            ("PG_URL", &self.pg_url),
            ("POOLER_URL", &self.pooler_url),
            ("ADMIN_URL", &self.admin_url),
            ("METRICS_URL", &String::new()),
            ("PID", &pid.to_string()),
            ("RUNNER_PID", &runner.to_string()),
            ("CA", &self.ca),
        ];
        let mut text = String::new();
        for (name, value) in values {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}='{}'", value.replace('\'', r"'\''"));
        }
        let put = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Error::io(path.display().to_string()))
        };
        put("owner", Owner::me().as_str())?;
        if let Some(owner) = Owner::of(pid) {
            put("pooler", owner.as_str())?;
        }
        put("env", &text)
    }

    /// The line that says it is ready, then the addresses. A closed stdout is no reason to end.
    pub(crate) fn announce(&self, pooler: &Pooler) {
        let mut text = format!("READY host={} port={}\n", pooler.host, pooler.port);
        for (url, purpose) in &self.lines {
            let _ = writeln!(text, "{url}  {purpose}");
        }
        let mut stdout = std::io::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }
}

fn url(user: &str, password: &str, host: &str, port: u16, database: &str) -> String {
    format!("postgresql://{user}:{password}@{host}:{port}/{database}")
}

fn folder() -> PathBuf {
    artifacts::repository().join(".run")
}

fn make_folder() -> Result<PathBuf> {
    let folder = folder();
    fs::create_dir_all(&folder).map_err(Error::io(folder.display().to_string()))?;
    Ok(folder)
}

fn mark(name: &str) -> Option<Owner> {
    fs::read_to_string(folder().join(name))
        .ok()
        .map(|text| Owner::parse(&text))
}

/// Removes our `.run/`; another run's is left alone.
pub(crate) fn remove() {
    if mark("owner").is_none_or(|owner| owner == Owner::me() || !owner.alive()) {
        let _ = fs::remove_dir_all(folder());
    }
}

pub(crate) fn refuse_second() -> Result<()> {
    match mark("owner")
        .filter(Owner::alive)
        .and_then(|owner| owner.pid())
    {
        Some(pid) => Err(Error::told(format!(
            "a `make run` is up already (process {pid}): use it (.run/env), or end it with `make stop`"
        ))),
        None => Ok(()),
    }
}

/// Ends a run that is still up, and whatever a crashed one has left.
pub(crate) async fn stop() -> Result<()> {
    let mut said = Vec::new();
    for (name, what) in [("owner", "the run"), ("pooler", "the pooler")] {
        let Some(owner) = mark(name).filter(Owner::alive) else {
            continue;
        };
        end(&owner).await?;
        said.push(format!("{what} (process {})", owner.pid().unwrap_or(0)));
    }
    let cleared = sweep::clear_dead().await;
    let counts = [
        (cleared.processes, "process"),
        (cleared.containers, "container"),
        (cleared.folders, "folder"),
    ];
    said.extend(
        counts
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{what} left over: {n}")),
    );
    remove();
    let done = if said.is_empty() {
        "nothing was running".to_owned()
    } else {
        said.join(", ")
    };
    println!("stopped: {done}");
    Ok(())
}

async fn end(owner: &Owner) -> Result<()> {
    let pid = owner
        .pid()
        .ok_or_else(|| Error::told("a mark without a pid"))?;
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        // It may have ended meanwhile.
        let _ = kill(Pid::from_raw(pid), signal);
        let deadline = tokio::time::Instant::now() + ENDS_WITHIN;
        while owner.alive() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if !owner.alive() {
            return Ok(());
        }
    }
    Err(Error::told(format!("process {pid} does not end")))
}
