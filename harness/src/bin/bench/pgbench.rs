//! Work that pgbench does: queries in its three modes, and a login per transaction.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::cell::{Figures, Outcome};
use super::contender::Contender;
use super::plan::Mode;
use super::process::Meter;
use super::stage::{DATABASE, SCRAM, Stage, TRUSTED, run};

/// Clients of the login cases, each on a thread of its own: pgbench connects synchronously, so on
/// one thread each login would also stand in the others' queries.
const LOGIN_CLIENTS: usize = 4;

/// What pgbench is asked to do.
struct Work<'a> {
    user: &'a str,
    clients: usize,
    threads: usize,
    time: Duration,
    flags: &'a [&'a str],
    span: Span,
}

/// What a latency is of.
#[derive(Clone, Copy)]
enum Span {
    /// The transaction, as pgbench logs it.
    Transaction,
    /// From one transaction's end to the next one's: leaving, logging in and the transaction.
    /// pgbench leaves the login out of what it logs.
    Login,
}

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
    let work = Work {
        user: TRUSTED,
        clients,
        threads: 1,
        time,
        flags: &["-S", "-M", mode.name()],
        span: Span::Transaction,
    };
    measure(stage, contender, &work).await
}

pub(super) async fn login(
    stage: &Stage,
    contender: &Contender,
    scram: bool,
    time: Duration,
) -> Outcome {
    let work = Work {
        user: if scram { SCRAM } else { TRUSTED },
        clients: LOGIN_CLIENTS,
        threads: LOGIN_CLIENTS,
        time,
        flags: &["-S", "-C"],
        span: Span::Login,
    };
    measure(stage, contender, &work).await
}

async fn measure(stage: &Stage, contender: &Contender, work: &Work<'_>) -> Outcome {
    match try_measure(stage, contender, work).await {
        Ok(figures) => Outcome::Measured(figures),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn try_measure(
    stage: &Stage,
    contender: &Contender,
    work: &Work<'_>,
) -> harness::Result<Figures> {
    let folder = stage.logs.join("latencies");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(harness::Error::io("the folder of latencies"))?;
    let mut command = stage.tool("pgbench", contender.port, work.user)?;
    command
        .args(["-n", "-l", "-c", &work.clients.to_string()])
        .args(["-j", &work.threads.to_string()])
        .args(["-T", &work.time.as_secs().to_string()])
        .args(work.flags)
        .arg(DATABASE)
        .current_dir(&folder);
    let meter = Meter::start(contender.pid);
    let told = run(command).await?;
    let log = Log::read(&folder);
    let count = log.transactions();
    let latencies = log.latencies(work.span);
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

/// Each client's transactions in order.
#[derive(Default)]
struct Log(BTreeMap<u32, Vec<Logged>>);

/// A transaction, in microseconds.
struct Logged {
    latency: u64,
    end: u64,
}

impl Log {
    /// pgbench writes a file a thread.
    fn read(folder: &Path) -> Self {
        let mut log = Self::default();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            log.add(&fs::read_to_string(entry.path()).unwrap_or_default());
        }
        log
    }

    /// Lines of `client transaction latency script seconds microseconds`.
    fn add(&mut self, text: &str) {
        for line in text.lines() {
            let numbers: Vec<u64> = line
                .split(' ')
                .map_while(|word| word.parse().ok())
                .collect();
            if let [client, _, latency, _, seconds, micros, ..] = numbers[..] {
                let client = u32::try_from(client).unwrap_or(u32::MAX);
                let end = seconds.saturating_mul(1_000_000).saturating_add(micros);
                self.0
                    .entry(client)
                    .or_default()
                    .push(Logged { latency, end });
            }
        }
    }

    fn transactions(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn latencies(&self, span: Span) -> Histogram<u64> {
        // Bounds that are always valid: one microsecond to a minute, three digits.
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3)
            .unwrap_or_else(|error| unreachable!("{error}"));
        for own in self.0.values() {
            match span {
                Span::Transaction => own
                    .iter()
                    .for_each(|one| histogram.saturating_record(one.latency)),
                Span::Login => own.windows(2).for_each(|pair| {
                    histogram.saturating_record(pair[1].end.saturating_sub(pair[0].end));
                }),
            }
        }
        histogram
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Log, Span};

    #[test]
    fn a_login_lasts_from_end_to_end_of_one_client() {
        let mut log = Log::default();
        log.add("0 1 100 0 1000 999000\n1 1 100 0 1000 0\n0 2 100 0 1001 1000\n");
        assert_eq!(log.transactions(), 3);
        assert_eq!(log.latencies(Span::Transaction).len(), 3);
        let logins = log.latencies(Span::Login);
        assert_eq!((logins.len(), logins.max()), (1, 2000));
    }
}
