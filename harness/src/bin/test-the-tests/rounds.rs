//! The rounds of a run: one without a fault, then one with each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::patches::Patches;
use super::report::{Report, Verdict};
use super::table::{Fault, How};
use super::trial::Bench;
use super::workshop::{Build, Workshop};

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
    let red_ones = said.failed.iter().map(|(name, _)| name);
    let ran: Vec<&String> = said.passed.iter().chain(red_ones).collect();
    let is_lost = |name: &&&str| !ran.iter().any(|ran| ran.contains(**name));
    let lost = units.iter().chain(&scenarios).filter(is_lost);
    let lost = lost.map(|name| format!("no test ran that is called {name:?}"));
    let complaints: Vec<String> = red.chain(lost).collect();
    if complaints.is_empty() {
        let (count, took) = (said.passed.len(), start.elapsed().as_secs_f64());
        println!("without a fault {count} tests and scenarios are green ({took:.1} s)");
    }
    Ok(complaints)
}

/// What every round needs.
pub(crate) struct Rounds<'a> {
    workshop: &'a Workshop,
    bench: &'a Bench,
    healthy: &'a Build,
    patches: &'a Patches,
    turns: Arc<Semaphore>,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(
        workshop: &'a Workshop,
        bench: &'a Bench,
        healthy: &'a Build,
        patches: &'a Patches,
    ) -> Self {
        Self {
            workshop,
            bench,
            healthy,
            patches,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Builds one mutant after the other; trials run beside that, first those of the failpoints.
    pub(crate) async fn try_all(&self, faults: Vec<Fault>, report: &mut Report) {
        let mut trials = JoinSet::new();
        let (mutants, failpoints): (Vec<Fault>, _) = faults
            .into_iter()
            .partition(|fault| fault.how == How::Patch);
        for fault in failpoints {
            let trial = self.trial(fault, self.healthy.clone(), Duration::ZERO);
            trials.spawn(trial);
        }
        for fault in mutants {
            let start = Instant::now();
            match self.build(&fault).await {
                Ok(build) => {
                    let trial = self.trial(fault, build.clone(), start.elapsed());
                    trials.spawn(async move {
                        let verdict = trial.await;
                        build.discard();
                        verdict
                    });
                }
                Err(why) => report.add(Verdict {
                    name: fault.name,
                    noticed: Err(why),
                    took: start.elapsed(),
                }),
            }
            while let Some(ended) = trials.try_join_next() {
                report.hear(ended);
            }
        }
        while let Some(ended) = trials.join_next().await {
            report.hear(ended);
        }
    }

    async fn build(&self, fault: &Fault) -> Result<Build, String> {
        let name = &fault.name;
        let patch = self.patches.get(name);
        let changed = patch.ok_or_else(|| format!("there is no {name}.patch"))?;
        let build = self.workshop.build(name, changed.as_ref()?).await;
        build.map_err(|error| error.to_string())
    }

    /// One fault's trial, when it is its turn; `before` is the time that its build took.
    fn trial(
        &self,
        fault: Fault,
        build: Build,
        before: Duration,
    ) -> impl Future<Output = Verdict> + use<> {
        let (bench, turns) = (self.bench.clone(), Arc::clone(&self.turns));
        async move {
            // Never closed, so this only waits.
            let _turn = turns.acquire().await;
            let start = Instant::now();
            let said = bench.try_fault(&fault, &build).await;
            let noticed = said
                .map_err(|error| error.to_string())
                .and_then(|said| said.judge(&fault));
            Verdict {
                name: fault.name,
                noticed,
                took: before + start.elapsed(),
            }
        }
    }
}
