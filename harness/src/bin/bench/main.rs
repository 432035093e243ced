//! `make bench`: the same work through PostgreSQL alone, HAProxy, PgBouncer and pgturnstile, in turn.
//!
//! HAProxy in TCP mode understands nothing and is the reference: what a pooler costs is told as a
//! ratio to it, within one run. Contenders take turns in each round, beginning with another one each time, so that whatever else the
//! machine does hits them alike; what is shown are medians of the rounds.

#![allow(
    clippy::cast_precision_loss,
    reason = "figures for people: no count here comes near 2^52"
)]

mod cell;
mod contender;
mod copying;
mod idle;
mod pgbench;
mod plan;
mod process;
mod report;
mod stage;
mod table;
mod work;

use std::process::ExitCode;

use harness::artifacts::Artifacts;
use harness::{Error, sweep};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use cell::{Outcome, Results};
use contender::Contender;
use plan::Plan;
use stage::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    sweep::clear_dead().await;
    let done = tokio::select! {
        done = bench() => done,
        () = told_to_end() => Err(Error::told("told to end")),
    };
    sweep::clear_own().await;
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn told_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => (),
        _ = terminate.recv() => (),
    }
}

async fn bench() -> harness::Result<bool> {
    let plan = Plan::from_environment()?;
    let artifacts = Artifacts::begin()?;
    let stage = Stage::set_up(&artifacts).await?;
    let (contenders, absent) = Contender::start_all(&stage).await?;
    let mut names: Vec<_> = contenders.iter().map(|c| c.name).collect();
    println!(
        "bench: {} rounds, {} s each, through {}",
        plan.rounds,
        plan.seconds,
        names.join(", ")
    );
    let mut results = run(&plan, &stage, &contenders).await;
    if let Some(absent) = absent {
        names.push(absent.name);
        for case in &plan.cases {
            results.add(case, absent.name, Outcome::Failed(absent.why.clone()));
        }
    }
    let table = table::render(&results, &names);
    println!("\n{table}");
    artifacts.write("bench.txt", &table)?;
    let json = report::json(&results, &plan, &stage);
    artifacts.write("bench.json", &json)?;
    artifacts.write("report.json", &json)?;
    artifacts.write("report.html", &report::html(&results, &names))?;
    let (passed, failed, skipped) = results.counts();
    for contender in contenders {
        contender.end(&stage.logs);
    }
    stage.tear_down().await?;
    println!("artefacts: {}", artifacts.folder().display());
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0 && passed > 0)
}

async fn run(plan: &Plan, stage: &Stage, contenders: &[Contender]) -> Results {
    let mut results = Results::default();
    let steps: usize = plan.cases.iter().map(|case| plan.rounds_of(*case)).sum();
    let steps = steps * contenders.len();
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} left  {msg}") {
        bar.set_style(style);
    }
    for case in &plan.cases {
        let rounds = plan.rounds_of(*case);
        for round in 1..=rounds {
            // Another one begins in each round: nobody always follows the same neighbour's work.
            let (late, early) = contenders.split_at((round - 1) % contenders.len());
            for contender in early.iter().chain(late) {
                let what = format!("{} through {}", case.name(), contender.name);
                if bar.is_hidden() {
                    eprintln!("bench: round {round} of {rounds}: {what}");
                }
                bar.set_message(what);
                let outcome = work::run(*case, plan, stage, contender).await;
                results.add(case, contender.name, outcome);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    results
}
