//! `chaos`: shakes a pooler and judges all that happened. See `--help`.

mod options;
mod trials;

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use chaos::history::History;
use chaos::judge::Verdict;
use chaos::plan::Schedule;
use chaos::report::{self, CoverageTable, Progress, Summary};
use chaos::shrink::shrink;
use chaos::storm::{self, Ended, Run};
use chaos::{coverage, feature, judge};
use clap::Parser as _;
use harness::artifacts::{Artifacts, repository};
use harness::{Provider, Result, sweep};
use tokio_util::sync::CancellationToken;

use options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match chosen(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL {error}");
            println!("0 passed, 1 failed, 0 skipped");
            ExitCode::FAILURE
        }
    }
}

async fn chosen(options: &Options) -> Result<bool> {
    if let Some(file) = &options.judge {
        return judged_again(file);
    }
    let schedule = options.schedule()?;
    if options.plan {
        print!("{}", schedule.text());
        return Ok(true);
    }
    sweep::clear_dead().await;
    let (provider, _) = Provider::choose(&options.provider).await?;
    let stop = stop_at_interrupt();
    if options.judges {
        return trials::run(options, provider, &stop).await;
    }
    let good = once(options, schedule, provider, &stop).await;
    sweep::clear_own().await;
    good
}

/// One run with its reports; a red one is shrunk.
async fn once(
    options: &Options,
    schedule: Schedule,
    provider: Provider,
    stop: &CancellationToken,
) -> Result<bool> {
    let artifacts = Artifacts::begin()?;
    let order = &schedule.order;
    println!(
        "chaos with SEED={}: {} faults in {} s, {} clients of {} users on {}",
        order.seed,
        schedule.faults.len(),
        order.seconds,
        order.clients,
        order.users,
        options.pooler()?.name(),
    );
    let run = Run {
        provider,
        kind: options.pooler()?,
        defect: options.defect()?,
        folder: artifacts.folder().to_owned(),
        warm_up: storm::WARM_UP,
        quiet: storm::QUIET,
        schedule,
    };
    let progress = Progress::begin(run.lasts(), std::io::stderr().is_terminal());
    let ended = storm::run(&run, &progress, stop).await?;
    let summary = reported(&ended, &run.folder)?;
    println!("{}", report::text(&summary));
    if let Some(verdict) = ended.verdicts.iter().find(|verdict| !verdict.is_content())
        && !options.no_shrink
        && !stop.is_cancelled()
    {
        smaller(options, &run, &ended, verdict, stop).await?;
    }
    close(&run.folder, &ended.verdicts);
    Ok(ended.is_good())
}

fn reported(ended: &Ended, folder: &Path) -> Result<Summary> {
    let summary = Summary::of(
        &ended.history,
        &ended.verdicts,
        Some(&CoverageTable::of(&ended.coverage)),
    );
    report::write(&summary, folder)?;
    Ok(summary)
}

/// Shrinks a red run, and writes it among the features.
async fn smaller(
    options: &Options,
    run: &Run,
    ended: &Ended,
    verdict: &Verdict,
    stop: &CancellationToken,
) -> Result<()> {
    let budget = Duration::from_secs(options.shrink_seconds);
    println!(
        "the judge of {} complains: looking for a smaller run, at most {budget:?}",
        verdict.judge
    );
    let shrunk = shrink(run, &ended.history, verdict, budget, stop).await?;
    if shrunk.red == 0 {
        println!(
            "in {} tries of something smaller it did not complain again: SEED={} replays the whole",
            shrunk.tries, shrunk.schedule.order.seed
        );
        return Ok(());
    }
    let defect = run.defect.map(|defect| defect.name);
    let path = feature::write(&repository().join("features"), &shrunk, defect)?;
    let shown = path.strip_prefix(repository()).unwrap_or(&path).display();
    println!(
        "it also complains with {} faults and {} clients in {} s: {shown} replays that",
        shrunk.schedule.faults.len(),
        shrunk.schedule.order.clients,
        shrunk.schedule.order.seconds
    );
    Ok(())
}

/// Judges the `events.jsonl` of an earlier run.
fn judged_again(file: &Path) -> Result<bool> {
    let history = History::read(file)?;
    let ended = Ended {
        verdicts: judge::all_of(&history),
        coverage: coverage::of(&history),
        history,
    };
    let artifacts = Artifacts::begin()?;
    let summary = reported(&ended, artifacts.folder())?;
    println!("{}", report::text(&summary));
    close(artifacts.folder(), &ended.verdicts);
    Ok(ended.is_good())
}

fn close(folder: &Path, verdicts: &[Verdict]) {
    let count = |fits: fn(&Verdict) -> bool| verdicts.iter().filter(|v| fits(v)).count();
    let skipped = count(Verdict::is_skipped);
    let failed = count(|verdict| !verdict.is_content());
    let passed = verdicts.len() - failed - skipped;
    println!("artefacts: {}", folder.display());
    println!("{passed} passed, {failed} failed, {skipped} skipped");
}

/// The first Ctrl-C ends the storm early, and what has happened is judged; the second one ends all.
fn stop_at_interrupt() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("Ctrl-C: the storm ends now; once more ends everything");
            told.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    stop
}
