//! What happens to the pooler: signals, its file, its console.

use std::fs;
use std::time::Duration;

use harness::client::Failure;
use harness::{Error, Pooler, PoolerKind, PoolerSpec, Result};
use nix::sys::signal::Signal;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::ground::Ground;

/// The pool sizes that a changed file asks for, in turn: fewer and more than the usual.
pub const CHANGED_POOL_SIZES: [u32; 2] = [1, 5];
/// How long a pooler may take to drain; its own `shutdown_timeout` is shorter.
const DRAINS_WITHIN: Duration = Duration::from_secs(10);
/// How long a pooler without transactions takes to pause, with much to spare.
const PAUSES_WITHIN: Duration = Duration::from_millis(100);
/// How long the console may take for what does not wait for clients.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// No pooler's language.
const NONSENSE: &str = "[[[ this = is not\n\u{7}a configuration";

/// HUP, and the file that lies there.
pub(super) async fn reload(ground: &Ground) -> Result<()> {
    present(ground.pooler().await.as_ref())?.signal(Signal::SIGHUP)
}

pub(super) async fn reload_changed(ground: &Ground, number: usize) -> Result<()> {
    let changed = changed(ground.spec(), number);
    present(ground.pooler().await.as_ref())?.reload(&changed)
}

pub(super) async fn reload_broken(ground: &Ground) -> Result<()> {
    let pooler = ground.pooler().await;
    let pooler = present(pooler.as_ref())?;
    if pooler.kind != PoolerKind::None {
        let told = Error::io(pooler.config.display().to_string());
        fs::write(&pooler.config, NONSENSE).map_err(told)?;
    }
    pooler.signal(Signal::SIGHUP)
}

/// The right file again, where another lies there. One that is down gets it at its start.
pub(super) async fn repair(ground: &Ground) -> Result<()> {
    let pooler = ground.pooler().await;
    match pooler.as_ref().filter(|pooler| pooler.exited().is_none()) {
        Some(pooler) if !pooler.is_configured(ground.spec())? => pooler.reload(ground.spec()),
        _ => Ok(()),
    }
}

pub(super) async fn kill(ground: &Ground) -> Result<()> {
    let own = own_end(ground).await;
    ground.kill_pooler().await.and(own)
}

/// Ends it as TERM does. One that had to be killed, or that failed, is trouble.
pub(super) async fn drain(ground: &Ground) -> Result<()> {
    let own = own_end(ground).await;
    let code = ground.drain_pooler(DRAINS_WITHIN).await?;
    own?;
    match code {
        // 3: clients were still there when `shutdown_timeout` was over.
        None | Some(0 | 3) => Ok(()),
        Some(code) => Err(Error::told(format!("the pooler drained with exit {code}"))),
    }
}

/// An error when the pooler has ended by itself: the one that is started next must not hide it.
async fn own_end(ground: &Ground) -> Result<()> {
    match ground.pooler().await.as_ref().and_then(Pooler::exited) {
        Some(code) => Err(Error::told(format!(
            "the pooler had ended by itself with exit {code}"
        ))),
        None => Ok(()),
    }
}

/// Asks for PAUSE, which answers when all transactions have ended: that is waited for a moment only.
pub(super) async fn pause(ground: &Ground) -> Result<JoinHandle<Result<(), Failure>>> {
    let console = ground.console().await.ok_or_else(silent)?;
    let asked = tokio::spawn(async move { console.ask("PAUSE").await.map(drop) });
    let deadline = Instant::now() + PAUSES_WITHIN;
    while !asked.is_finished() && Instant::now() < deadline {
        sleep(Duration::from_millis(2)).await;
    }
    Ok(asked)
}

/// Gives a PAUSE up if it still waits; what it was told otherwise.
pub(super) async fn give_up(pause: JoinHandle<Result<(), Failure>>) -> Result<()> {
    pause.abort();
    match pause.await {
        Ok(Err(failure)) => Err(Error::told(format!("PAUSE: {failure}"))),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

/// A pooler that is not paused (another one by now, maybe) may say so.
pub(super) async fn resume(ground: &Ground) -> Result<()> {
    match ask(ground, "RESUME").await {
        Err(Asked::Refused(failure)) if !failure.fatal => Ok(()),
        Err(Asked::Nobody) | Ok(()) => Ok(()),
        Err(other) => Err(other.told("RESUME")),
    }
}

/// Why a command of the console was not done.
enum Asked {
    Nobody,
    Late,
    Refused(Failure),
}

impl Asked {
    fn told(self, command: &str) -> Error {
        match self {
            Self::Nobody => silent(),
            Self::Late => Error::told(format!("{command}: no answer within {ANSWERS_WITHIN:?}")),
            Self::Refused(failure) => Error::told(format!("{command}: {failure}")),
        }
    }
}

async fn ask(ground: &Ground, command: &str) -> Result<(), Asked> {
    let asked = async {
        let console = ground.console().await.ok_or(Asked::Nobody)?;
        console.ask(command).await.map(drop).map_err(Asked::Refused)
    };
    timeout(ANSWERS_WITHIN, asked)
        .await
        .unwrap_or(Err(Asked::Late))
}

fn silent() -> Error {
    Error::told("there is no console: the pooler is down")
}

fn present(pooler: Option<&Pooler>) -> Result<&Pooler> {
    pooler.ok_or_else(|| Error::told("the pooler is down"))
}

/// Another pool size and another idle time.
fn changed(right: &PoolerSpec, number: usize) -> PoolerSpec {
    let mut spec = right.clone();
    let size = CHANGED_POOL_SIZES[number % CHANGED_POOL_SIZES.len()];
    for database in &mut spec.databases {
        if let Some(auth) = &mut database.auth_query {
            auth.pool_size = size;
        }
    }
    let idle = "idle_timeout".to_owned();
    spec.settings.retain(|(key, _)| *key != idle);
    spec.settings.push((idle, "1500ms".to_owned()));
    spec
}
