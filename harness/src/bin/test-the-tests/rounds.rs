//! The rounds of a run: one without a fault, then one with each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Error, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::report::{Report, Verdict};
use super::table::{Fault, How};
use super::trial::Bench;
use super::workshop::{Build, Changed, Workshop};

/// Trials side by side; most of a trial is waiting.
const AT_ONCE: usize = 3;

/// Unit tests that only a build with failpoints has.
const OWN_TESTS: &str = "failpoint::";

/// Without a fault all judges are content; what they complain of else.
pub(crate) async fn baseline(
    bench: &Bench,
    faults: &[Fault],
    healthy: &Build,
) -> Result<Vec<String>> {
    let start = Instant::now();
    let mut units: BTreeSet<&str> = faults.iter().flat_map(Fault::units).collect();
    units.insert(OWN_TESTS);
    let scenarios: BTreeSet<&str> = faults.iter().flat_map(Fault::scenarios).collect();
    let mut said = bench.unit_tests("healthy", &units, healthy).await?;
    said.absorb(bench.scenarios("healthy", &scenarios, healthy, "").await?);
    let red = said.failed.iter().map(|(name, why)| {
        let why = why.trim();
        format!("without any fault, {name} is red: {why}")
    });
    let ran = |name: &&&str| {
        said.passed
            .iter()
            .chain(said.failed.iter().map(|f| &f.0))
            .any(|ran| ran.contains(**name))
    };
    let lost = units.iter().chain(&scenarios).filter(|name| !ran(name));
    let lost = lost.map(|name| format!("no test ran that is called {name:?}"));
    let complaints: Vec<String> = red.chain(lost).collect();
    if complaints.is_empty() {
        let (count, took) = (said.passed.len(), start.elapsed().as_secs_f64());
        println!("without a fault {count} tests and scenarios are green ({took:.1} s)");
    }
    Ok(complaints)
}

/// Builds one mutant after the other; their trials run beside that, and those of the failpoints.
pub(crate) async fn try_all(
    workshop: &Workshop,
    bench: &Bench,
    healthy: &Build,
    (faults, patches): (Vec<Fault>, BTreeMap<String, Changed>),
    report: &mut Report,
) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    let (mutants, failpoints): (Vec<Fault>, _) = faults
        .into_iter()
        .partition(|fault| fault.how == How::Patch);
    for fault in failpoints {
        let (bench, build) = (bench.clone(), healthy.clone());
        trials.spawn(try_one(
            bench,
            fault,
            build,
            Arc::clone(&turns),
            Duration::ZERO,
        ));
    }
    for fault in mutants {
        let start = Instant::now();
        let build = match patches.get(&fault.name) {
            Some(changed) => workshop.build(&fault.name, changed).await,
            None => Err(Error::told("there is no such patch")),
        };
        match build {
            Ok(build) => {
                let (bench, turns) = (bench.clone(), Arc::clone(&turns));
                trials.spawn(async move {
                    let verdict = try_one(bench, fault, build.clone(), turns, start.elapsed());
                    let verdict = verdict.await;
                    build.discard();
                    verdict
                });
            }
            Err(error) => report.add(Verdict {
                name: fault.name,
                noticed: Err(error.to_string()),
                took: start.elapsed(),
            }),
        }
        while let Some(Ok(verdict)) = trials.try_join_next() {
            report.add(verdict);
        }
    }
    while let Some(ended) = trials.join_next().await {
        match ended {
            Ok(verdict) => report.add(verdict),
            Err(error) => report.complain(error.to_string()),
        }
    }
}

async fn try_one(
    bench: Bench,
    fault: Fault,
    build: Build,
    turns: Arc<Semaphore>,
    before: Duration,
) -> Verdict {
    // Never closed, so this only waits.
    let _turn = turns.acquire().await;
    let start = Instant::now();
    let said = bench.try_fault(&fault, &build).await;
    let noticed = match said {
        Ok(said) => said.judge(&fault),
        Err(error) => Err(error.to_string()),
    };
    Verdict {
        name: fault.name,
        noticed,
        took: before + start.elapsed(),
    }
}
