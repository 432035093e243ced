//! `make run`: the pooler against a PostgreSQL that it brings up; and `make stop` (`--stop`).
//!
//! Pooler and PostgreSQL run in sessions of their own, so Ctrl-C reaches only this program, which
//! signals each once and leaves nothing behind. After a crash of this program the next run, or
//! `make stop`, clears what is left.

mod demo;
mod follow;
mod handover;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use harness::{Error, Instance, Mode, Pooler, Result, ports, scratch, sweep};
use tokio::signal::unix::{Signal, SignalKind, signal};

use follow::Follow;
use handover::Handover;

/// Everything is to be gone within 10 s of the signal; PostgreSQL and the sweep need the rest.
const POOLER_DRAINS_WITHIN: Duration = Duration::from_secs(6);

#[derive(Parser)]
#[command(about = "The pooler against a PostgreSQL that it brings up")]
struct Arguments {
    /// End what an earlier run left, instead.
    #[arg(long)]
    stop: bool,
    /// The pooler's port.
    #[arg(long, env = "PORT", default_value_t = 6432, value_parser = port_or_default)]
    port: u16,
    /// Serve this configuration file, and bring up no PostgreSQL.
    #[arg(long, env = "CONFIG")]
    config: Option<OsString>,
}

/// An empty `PORT=` means that none was given.
fn port_or_default(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(6432);
    }
    text.parse()
        .map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

/// What is up, and has to come down.
struct Running {
    instance: Option<Instance>,
    pooler: Pooler,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return say_and_fail(&Error::told(error.to_string())),
    };
    let done = if arguments.stop {
        runtime.block_on(handover::stop())
    } else {
        runtime.block_on(run(&arguments))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say_and_fail(&error),
    }
}

fn say_and_fail(error: &Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "run: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: &Arguments) -> Result<()> {
    // Before anything is started: a caught signal is back to its default in our children.
    let mut ends = Ends::listen()?;
    handover::refuse_second()?;
    sweep::clear_dead().await;
    let folder = scratch::folder("pooler")?;
    let log = Follow::begin(folder.join("pooler.log"));
    let done = tokio::select! {
        () = ends.next() => Ok(()),
        running = bring_up(arguments, &folder) => match running {
            Ok(running) => serve(running, &mut ends).await,
            Err(error) => Err(error),
        },
    };
    log.finish().await;
    handover::remove();
    sweep::clear_own().await;
    done
}

async fn bring_up(arguments: &Arguments, folder: &Path) -> Result<Running> {
    // An empty `CONFIG=` means that none was given.
    let config = arguments
        .config
        .as_deref()
        .filter(|path| !path.is_empty())
        .map(Path::new);
    let (running, handover) = match config {
        Some(config) => own_file(config, folder).await?,
        None => demo::bring_up(arguments.port, folder).await?,
    };
    handover.write(&running.pooler)?;
    handover.announce(&running.pooler);
    Ok(running)
}

async fn own_file(config: &Path, folder: &Path) -> Result<(Running, Handover)> {
    let pooler = Pooler::serve(config, folder)
        .await
        .map_err(|error| early(error, "CONFIG"))?;
    let handover = Handover::of_own_file(&pooler);
    Ok((
        Running {
            instance: None,
            pooler,
        },
        handover,
    ))
}

/// Waits for the end that somebody asks for, or that the pooler takes by itself.
async fn serve(running: Running, ends: &mut Ends) -> Result<()> {
    let forever = Duration::from_secs(u64::from(u32::MAX));
    let ended = tokio::select! {
        () = ends.next() => None,
        code = running.pooler.wait_exit(forever) => code,
    };
    let down = tokio::select! {
        done = take_down(&running) => done,
        // Asked twice: what is still there is killed when dropped.
        () = ends.next() => running.pooler.kill9(),
    };
    drop(running);
    match ended {
        None | Some(0) => down,
        Some(code) => Err(Error::told(format!(
            "the pooler ended by itself, exit {code}; its log is above"
        ))),
    }
}

async fn take_down(running: &Running) -> Result<()> {
    running.pooler.stop(POOLER_DRAINS_WITHIN).await?;
    match &running.instance {
        Some(instance) => instance.stop(Mode::Fast).await,
        None => Ok(()),
    }
}

/// A sentence that helps, where the pooler ended instead of serving.
fn early(error: Error, whose: &str) -> Error {
    match error {
        Error::EndedEarly { status, log, .. } => Error::told(format!(
            "the pooler ended with {status} instead of serving; what it said about its {whose}:\n{log}"
        )),
        other => other,
    }
}

/// A port that somebody else has would only be found out after PostgreSQL has started.
fn check_port(port: u16) -> Result<()> {
    if port == 0 || ports::is_free(port) {
        return Ok(());
    }
    Err(Error::told(format!(
        "port {port} is taken by another program: end it, or choose another one with PORT=, such \
         as `make run PORT={}`",
        port.wrapping_add(1)
    )))
}

/// The ways in which one asks a program to end.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Ends {
    fn listen() -> Result<Self> {
        let on = |kind| signal(kind).map_err(Error::io("signals"));
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Cancel safe.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
            _ = self.hangup.recv() => (),
        }
    }
}
