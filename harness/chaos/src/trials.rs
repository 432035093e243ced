//! The judges on trial: each defect is made in a short run, and its judge has to notice.

use std::pin::pin;
use std::time::Duration;

use chaos::defect::{DEFECTS, Defect};
use chaos::dice::Dice;
use chaos::plan::{Order, Planned, Schedule};
use chaos::report::Progress;
use chaos::storm::{self, Run};
use futures::{FutureExt as _, StreamExt as _, stream};
use harness::artifacts::Artifacts;
use harness::{PoolerKind, Provider, Result};
use tokio_util::sync::CancellationToken;

use crate::options::Options;

const CLIENTS: usize = 12;
const USERS: usize = 4;
/// Trials at a time; each leaves most of a core free.
const SIDE_BY_SIDE: usize = 2;
/// Of a run without a defect.
const SECONDS: u64 = 5;
const SHORT: Duration = Duration::from_secs(1);

/// Every defect that is chosen, one after the other, and first a run with none, of which no judge
/// may complain.
pub(crate) async fn run(
    options: &Options,
    provider: Provider,
    stop: &CancellationToken,
) -> Result<bool> {
    let artifacts = Artifacts::begin()?;
    let (chosen, left_out) = choose(options)?;
    let kind = options.pooler()?;
    let (mut passed, mut failed) = (0, 0);
    let healthy = stream::iter([None]);
    let try_one = |defect: Option<&'static Defect>| {
        let folder = artifacts
            .logs()
            .join(defect.map_or("none", |defect| defect.name));
        let run = trial(kind, provider, defect, folder);
        async move { attempt(&run, stop).await }.boxed_local()
    };
    // The one without a defect is alone, so that nothing else is slow.
    let alone = healthy.map(try_one).buffered(1);
    let others = stream::iter(chosen)
        .map(Some)
        .map(try_one)
        .buffered(SIDE_BY_SIDE);
    let mut all = pin!(alone.chain(others).take_until(stop.cancelled()));
    while let Some(told) = all.next().await {
        match told {
            Ok(line) => {
                passed += 1;
                println!("ok   {line}");
            }
            Err(line) => {
                failed += 1;
                println!("FAIL {line}");
            }
        }
    }
    println!("artefacts: {}", artifacts.folder().display());
    println!("{passed} passed, {failed} failed, {left_out} skipped");
    Ok(failed == 0 && passed > 0)
}

fn choose(options: &Options) -> Result<(Vec<&'static Defect>, usize)> {
    let asked = |defect: &&Defect| {
        let names = &options.names;
        names.is_empty() || names.iter().any(|name| defect.name.contains(name.as_str()))
    };
    let ours = options.pooler()? == PoolerKind::Pgturnstile;
    let mut chosen: Vec<&Defect> = DEFECTS.iter().filter(asked).collect();
    let all = chosen.len();
    chosen.retain(|defect| ours || !defect.is_ours());
    if options.half {
        let seed = options.seed()?;
        Dice::new(seed, "half of the defects").shuffle(&mut chosen);
        chosen.truncate(all.div_ceil(2));
        let names: Vec<&str> = chosen.iter().map(|defect| defect.name).collect();
        println!("a half, chosen by SEED={seed}: {}", names.join(", "));
    }
    let left_out = all - chosen.len();
    Ok((chosen, left_out))
}

fn trial(
    kind: PoolerKind,
    provider: Provider,
    defect: Option<&'static Defect>,
    folder: std::path::PathBuf,
) -> Run {
    let order = Order {
        seed: 1,
        seconds: defect.map_or(SECONDS, |defect| defect.seconds),
        clients: CLIENTS,
        users: USERS,
    };
    let faults = defect.map_or(&[][..], |defect| defect.faults).iter();
    let faults = faults.filter_map(|&(at, length, words)| {
        let fault = words.parse().ok()?;
        Some(Planned { at, length, fault })
    });
    Run {
        schedule: Schedule {
            faults: faults.collect(),
            order,
        },
        provider,
        kind,
        defect,
        folder,
        warm_up: SHORT,
        quiet: SHORT,
    }
}

/// One run; in words what the judges made of it.
async fn attempt(run: &Run, stop: &CancellationToken) -> std::result::Result<String, String> {
    let name = run.defect.map_or("no defect", |defect| defect.name);
    let ended = storm::run(run, &Progress::silent(), stop)
        .await
        .map_err(|error| format!("{name}: {error}"))?;
    let complaining = ended.complaining().join(", ");
    let Some(defect) = run.defect else {
        return match complaining.as_str() {
            "" => Ok("no defect: all judges are content".to_owned()),
            judges => Err(format!("no defect, and yet complaints of {judges}")),
        };
    };
    let verdict = ended.verdicts.iter().find(|v| v.judge == defect.noticed_by);
    let told = verdict.and_then(|verdict| {
        let mut complaints = verdict.complaints.iter();
        complaints.find(|complaint| complaint.text.contains(defect.words))
    });
    match told {
        Some(complaint) => Ok(format!(
            "{name}: {} says: {} (complaining: {complaining})",
            defect.noticed_by, complaint.text
        )),
        None => Err(format!(
            "{name}: {} does not speak of {:?} (complaining: {complaining})",
            defect.noticed_by, defect.words
        )),
    }
}
