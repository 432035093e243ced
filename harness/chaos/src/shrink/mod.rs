//! Makes a failing run smaller: fewer faults, fewer clients, less time, and still the same complaint.
//!
//! Outcomes differ from run to run, so a candidate is tried twice before it is given up, and the
//! search ends with its time.

mod search;

use std::time::Duration;

use harness::Result;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::history::{History, Phase};
use crate::judge::Verdict;
use crate::plan::Schedule;
use crate::report::Progress;
use crate::storm::{self, Run};

pub use search::{Search, Size};

/// What it came down to.
#[derive(Debug, Clone)]
pub struct Shrunk {
    pub schedule: Schedule,
    /// The judge that complains.
    pub judge: String,
    /// How often smaller ones were tried, and how often of them the judge complained.
    pub tries: usize,
    pub red: usize,
}

/// How often a candidate may stay green before it is given up.
const TRIES: usize = 2;

/// Looks for the smallest run that still makes the first complaining judge complain, for so long.
pub async fn shrink(
    run: &Run,
    history: &History,
    verdict: &Verdict,
    budget: Duration,
    stop: &CancellationToken,
) -> Result<Shrunk> {
    let deadline = Instant::now() + budget;
    let mut search = Search::new(&run.schedule, seconds_until(history, verdict));
    let mut shrunk = Shrunk {
        schedule: run.schedule.clone(),
        judge: verdict.judge.clone(),
        tries: 0,
        red: 0,
    };
    while let Some(candidate) = search.next() {
        let mut is_red = false;
        for _ in 0..TRIES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left < lasts(&candidate) || stop.is_cancelled() {
                return Ok(shrunk);
            }
            shrunk.tries += 1;
            is_red = complains(run, &candidate, &verdict.judge, shrunk.tries, stop).await?;
            if is_red {
                shrunk.red += 1;
                break;
            }
        }
        let Size {
            faults,
            clients,
            seconds,
        } = Size::of(&candidate);
        let colour = if is_red { "red" } else { "green" };
        eprintln!("shrinking: {faults} faults, {clients} clients, {seconds} s: {colour}");
        if is_red {
            shrunk.schedule = candidate;
        }
        search.learn(is_red);
    }
    Ok(shrunk)
}

async fn complains(
    run: &Run,
    candidate: &Schedule,
    judge: &str,
    number: usize,
    stop: &CancellationToken,
) -> Result<bool> {
    let second = Duration::from_secs(1);
    let smaller = Run {
        schedule: candidate.clone(),
        folder: run.folder.join(format!("shrink-{number}")),
        warm_up: run.warm_up.min(second),
        quiet: run.quiet.min(second),
        ..run.clone()
    };
    let ended = storm::run(&smaller, &Progress::silent(), stop).await?;
    Ok(ended.complaining().contains(&judge))
}

/// How long such a run may take, its set-up and audit included.
fn lasts(candidate: &Schedule) -> Duration {
    Duration::from_secs(candidate.order.seconds + 20)
}

/// The storm up to the first complaint, in seconds; the whole of it when that came later.
fn seconds_until(history: &History, verdict: &Verdict) -> u64 {
    let begin = history.began(Phase::Storm);
    let first = verdict
        .complaints
        .iter()
        .map(|complaint| complaint.at)
        .min();
    let whole = history.setting.storm_ms / 1_000;
    match first {
        Some(at) if at > begin => ((at - begin) / 1_000_000 + 2).min(whole),
        _ => whole,
    }
}
