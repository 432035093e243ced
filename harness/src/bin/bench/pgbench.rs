//! Work that pgbench does: queries in its three modes, and a login per transaction.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::cell::{Figures, Outcome};
use super::contender::Contender;
use super::plan::Mode;
use super::process::Meter;
use super::stage::{DATABASE, SCRAM, Stage, TRUSTED, run};

/// Clients of the login cases: enough to keep one thread busy.
const LOGIN_CLIENTS: usize = 4;

pub(super) async fn query(
    stage: &Stage,
    contender: &Contender,
    mode: Mode,
    clients: usize,
    time: Duration,
) -> Outcome {
    if mode == Mode::Prepared && !contender.prepared {
        return Outcome::Unsupported("no prepared statements in transaction mode");
    }
    let flags = ["-S", "-M", mode.name()].map(str::to_owned);
    measure(stage, contender, TRUSTED, clients, time, &flags).await
}

pub(super) async fn login(
    stage: &Stage,
    contender: &Contender,
    scram: bool,
    time: Duration,
) -> Outcome {
    let user = if scram { SCRAM } else { TRUSTED };
    let more = ["-S", "-C"].map(str::to_owned);
    measure(stage, contender, user, LOGIN_CLIENTS, time, &more).await
}

async fn measure(
    stage: &Stage,
    contender: &Contender,
    user: &str,
    clients: usize,
    time: Duration,
    more: &[String],
) -> Outcome {
    match try_measure(stage, contender, user, clients, time, more).await {
        Ok(figures) => Outcome::Measured(figures),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn try_measure(
    stage: &Stage,
    contender: &Contender,
    user: &str,
    clients: usize,
    time: Duration,
    more: &[String],
) -> harness::Result<Figures> {
    let folder = stage.logs.join("latencies");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(harness::Error::io("the folder of latencies"))?;
    let mut command = stage.tool("pgbench", contender.port, user)?;
    command
        .args(["-n", "-l", "-c", &clients.to_string(), "-j", "1"])
        .args(["-T", &time.as_secs().to_string()])
        .args(more)
        .arg(DATABASE)
        .current_dir(&folder);
    let meter = Meter::start(contender.pid);
    let told = run(command).await?;
    let latencies = latencies(&folder);
    let count = latencies.len();
    let failed = told
        .lines()
        .any(|l| l.starts_with("number of failed") && !l.contains(" 0 ("));
    if count == 0 || failed {
        return Err(harness::Error::told(format!("transactions failed: {told}")));
    }
    Ok(Figures {
        rate: rate(&told),
        p50: Some(milliseconds(latencies.value_at_quantile(0.5))),
        p99: Some(milliseconds(latencies.value_at_quantile(0.99))),
        cpu: meter.per(count as f64),
        ..Figures::default()
    })
}

/// `tps = 123.4 (without initial connection time)`, or `(including reconnection times)`.
fn rate(told: &str) -> Option<f64> {
    let line = told.lines().find(|line| line.starts_with("tps = "))?;
    line.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// The third column of pgbench's log: microseconds a transaction.
fn latencies(folder: &Path) -> Histogram<u64> {
    // Bounds that are always valid: one microsecond to a minute, three digits.
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3)
        .unwrap_or_else(|error| unreachable!("{error}"));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let times = text
            .lines()
            .filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok());
        times.for_each(|time| histogram.saturating_record(time));
    }
    histogram
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}
