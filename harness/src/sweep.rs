//! Clears what runs leave: at the end of a run what is ours, at its start what the dead left.
//!
//! A dead run is one whose [`Owner`] no longer lives. Its processes are found by their working
//! folder, which lies in its scratch folder, never by name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};

use crate::instance::local::give_back_shared_memory;
use crate::owner::{Owner, scope};
use crate::provider::engine;
use crate::scratch::{MARK, PREFIX, parents};
use crate::{Error, Result};

/// The container label that names its [`Owner`].
pub const OWNER_LABEL: &str = "io.pgturnstile.owner";
/// The container label that names the machine and pid namespace the owner lives in.
pub const SCOPE_LABEL: &str = "io.pgturnstile.scope";

/// What was cleared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Cleared {
    pub folders: usize,
    pub processes: usize,
    pub containers: usize,
}

/// Clears what runs that are no more have left.
pub async fn clear_dead() -> Cleared {
    clear(|owner| !owner.alive()).await
}

/// Clears everything that this process has made. Nothing of it may be in use any more.
pub async fn clear_own() -> Cleared {
    let me = Owner::me();
    clear(|owner| *owner == me).await
}

async fn clear(condemned: impl Fn(&Owner) -> bool) -> Cleared {
    let mut cleared = Cleared::default();
    for folder in folders(&condemned) {
        cleared.processes += end_processes(&folder).await;
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            give_back_shared_memory(&entry.path().join("data"));
        }
        if fs::remove_dir_all(&folder).is_ok() {
            cleared.folders += 1;
        }
    }
    // Without an engine there are no containers either.
    cleared.containers = clear_containers(&condemned).await.unwrap_or(0);
    cleared
}

fn folders(condemned: &impl Fn(&Owner) -> bool) -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(PREFIX))
    };
    let marked = |path: &PathBuf| {
        let mark = fs::read_to_string(path.join(MARK));
        mark.is_ok_and(|text| condemned(&Owner::parse(&text)))
    };
    parents()
        .into_iter()
        .filter_map(|parent| fs::read_dir(parent).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(ours)
        .filter(marked)
        .collect()
}

/// Ends the processes that work in this folder: first as one stops PostgreSQL at once, which gives
/// back its shared memory, then for good.
async fn end_processes(folder: &Path) -> usize {
    let found = processes_in(folder);
    for signal in [Signal::SIGQUIT, Signal::SIGKILL] {
        for pid in processes_in(folder) {
            // It may have ended meanwhile.
            let _ = kill(Pid::from_raw(pid), signal);
        }
        for _ in 0..100 {
            if processes_in(folder).is_empty() {
                return found.len();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    found.len()
}

fn processes_in(folder: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let me = std::process::id().to_string();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| *name != me)
        .filter_map(|name| name.parse().ok())
        .filter(|pid: &i32| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        })
        .collect()
}

async fn clear_containers(condemned: &impl Fn(&Owner) -> bool) -> Result<usize> {
    let docker = engine().await?;
    let refused = |what: &'static str| {
        move |source: testcontainers::bollard::errors::Error| Error::Container {
            what: what.to_owned(),
            source: Box::new(source),
        }
    };
    let label = format!("{SCOPE_LABEL}={}", scope());
    let filters = HashMap::from([("label", vec![label.as_str()])]);
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filters)
        .build();
    let found = docker
        .list_containers(Some(options))
        .await
        .map_err(refused("containers"))?;
    let mut removed = 0;
    for container in found {
        let labels = container.labels.unwrap_or_default();
        let owner = labels.get(OWNER_LABEL).map(|text| Owner::parse(text));
        let (Some(id), Some(true)) = (container.id, owner.as_ref().map(condemned)) else {
            continue;
        };
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        if docker.remove_container(&id, Some(options)).await.is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}
