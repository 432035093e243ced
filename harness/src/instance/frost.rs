//! A local server that stands still: SIGSTOP to the postmaster and to all of its children.

use std::fs;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::process::Child;
use crate::{Error, Result};

/// A process stops as soon as it leaves the kernel.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

/// Stops the postmaster first: from then on nobody is born.
pub(super) async fn freeze(postmaster: &Child) -> Result<()> {
    postmaster.signal(Signal::SIGSTOP)?;
    let deadline = Instant::now() + STOPS_WITHIN;
    while !is_stopped(postmaster.pid()) {
        if postmaster.exited().is_some() || Instant::now() > deadline {
            return Err(Error::told("PostgreSQL does not stand still"));
        }
        sleep(Duration::from_millis(1)).await;
    }
    for child in children(postmaster.pid()) {
        tell(child, Signal::SIGSTOP)?;
    }
    Ok(())
}

/// The other way round, so that the postmaster finds its children awake.
pub(super) fn thaw(postmaster: &Child) -> Result<()> {
    for child in children(postmaster.pid()) {
        tell(child, Signal::SIGCONT)?;
    }
    postmaster.signal(Signal::SIGCONT)
}

fn tell(pid: i32, signal: Signal) -> Result<()> {
    match signal::kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::Error::ESRCH) => Ok(()),
        Err(errno) => Err(Error::told(format!("{signal} to PostgreSQL: {errno}"))),
    }
}

fn children(parent: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| status(*pid).is_some_and(|(_, its)| its == parent))
        .collect()
}

fn is_stopped(pid: i32) -> bool {
    status(pid).is_some_and(|(state, _)| state == 'T')
}

/// State and parent of a process, from `/proc/PID/stat`: `pid (name) state parent …`.
fn status(pid: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and parentheses.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_below_its_parent() {
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .spawn()
            .expect("sleep");
        let (me, pid) = (std::process::id(), child.id());
        let found = children(i32::try_from(me).expect("a pid"));
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(found.contains(&i32::try_from(pid).expect("a pid")));
    }
}
