//! Chaos: many clients, faults at their times, and judges over the whole history.

use std::path::PathBuf;

use chaos::defect::Defect;
use chaos::history::Outcome;
use chaos::plan::{Order, Planned, Schedule};
use chaos::report::{self, CoverageTable, Progress, Summary};
use chaos::storm::{self, Ended, Run};
use cucumber::gherkin::Step as GherkinStep;
use cucumber::{given, then, when};
use tokio_util::sync::CancellationToken;

use crate::Turnstile;
use crate::surprise::{Step, Surprise};
use crate::table;

/// What a scenario of chaos gathers, and how it ended.
#[derive(Debug, Default)]
pub struct Chaos {
    schedule: Option<Schedule>,
    defect: Option<&'static Defect>,
    ended: Option<(Ended, PathBuf)>,
}

impl Chaos {
    fn schedule(&mut self) -> Step<&mut Schedule> {
        let asked = self.schedule.as_mut();
        asked.ok_or_else(|| Surprise::new("the feature has not said what chaos it wants"))
    }

    fn ended(&self) -> Step<&Ended> {
        let ended = self.ended.as_ref();
        let ended = ended.ok_or_else(|| Surprise::new("the storm has not been waited for"))?;
        Ok(&ended.0)
    }
}

/// The faults are those of the seed, until a step says which.
#[given(expr = "chaos with seed {int}, {int} client(s) of {int} user(s), for {int} s")]
fn order(world: &mut Turnstile, seed: u64, clients: usize, users: usize, seconds: u64) {
    world.chaos.schedule = Some(Schedule::of(&Order {
        seed,
        seconds,
        clients,
        users,
    }));
}

#[given("no faults")]
fn no_faults(world: &mut Turnstile) -> Step {
    world.chaos.schedule()?.faults.clear();
    Ok(())
}

/// Columns `at` and `for` (`400 ms`, `1.5 s`) and `fault`, in the words of `make chaos`.
#[given("the faults")]
fn these_faults(world: &mut Turnstile, step: &GherkinStep) -> Step {
    let (_, rows) = table::headed(step)?;
    let mut faults = rows
        .iter()
        .map(|row| planned(row))
        .collect::<Step<Vec<_>>>()?;
    faults.sort_by_key(|planned| planned.at);
    world.chaos.schedule()?.faults = faults;
    Ok(())
}

fn planned(row: &[String]) -> Step<Planned> {
    let [at, length, fault] = row else {
        return Err(Surprise::new(
            "the table needs the columns at, for and fault",
        ));
    };
    let told = |error: chaos::plan::NoFault| Surprise::new(error.to_string());
    Ok(Planned {
        at: milliseconds(at)?,
        length: milliseconds(length)?,
        fault: fault.parse().map_err(told)?,
    })
}

/// `400 ms` or `1.5 s`.
fn milliseconds(text: &str) -> Step<u64> {
    let wrong = || Surprise::new(format!("{text:?} is no time: write 400 ms, or 1.5 s"));
    if let Some(ms) = text.strip_suffix(" ms") {
        return ms.parse().map_err(|_| wrong());
    }
    let seconds: f64 = text
        .strip_suffix(" s")
        .and_then(|seconds| seconds.parse().ok())
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .ok_or_else(wrong)?;
    let whole = std::time::Duration::from_secs_f64(seconds).as_millis();
    u64::try_from(whole).map_err(|_| wrong())
}

#[given(expr = "the defect {word}")]
fn defect(world: &mut Turnstile, name: String) -> Step {
    let known = Defect::find(&name);
    world.chaos.defect = Some(known.ok_or_else(|| Surprise::new(format!("no defect {name}")))?);
    Ok(())
}

/// Runs it all; the report lies among the artefacts.
#[when("the storm is over")]
async fn over(world: &mut Turnstile) -> Step {
    let schedule = world.chaos.schedule()?.clone();
    let stage = std::sync::Arc::clone(&world.scene()?.stage);
    let name = format!("{}-{}", schedule.order.seed, schedule.order.clients);
    let folder = stage
        .artifacts
        .scenario("chaos", &harness::names::unique(&name))?;
    let second = std::time::Duration::from_secs(1);
    let run = Run {
        schedule,
        provider: stage.provider,
        kind: stage.kind,
        defect: world.chaos.defect,
        folder: folder.clone(),
        warm_up: second,
        quiet: second,
    };
    let never = CancellationToken::new();
    let ended = storm::run(&run, &Progress::silent(), &never).await?;
    let coverage = CoverageTable::of(&ended.coverage);
    let summary = Summary::of(&ended.history, &ended.verdicts, Some(&coverage));
    report::write(&summary, &folder)?;
    world.chaos.ended = Some((ended, folder));
    Ok(())
}

#[then("every judge is content")]
fn content(world: &mut Turnstile) -> Step {
    let ended = world.chaos.ended()?;
    if ended.is_good() {
        return Ok(());
    }
    let complaints = ended.verdicts.iter().flat_map(|verdict| {
        let first = verdict.complaints.iter().take(3);
        first.map(|complaint| format!("\n  {}: {}", verdict.judge, complaint.text))
    });
    let list: String = complaints.collect();
    let folder = world
        .chaos
        .ended
        .as_ref()
        .map(|(_, folder)| folder.display().to_string());
    let folder = folder.unwrap_or_default();
    Err(Surprise::new(format!(
        "complaints, see {folder}/report.html:{list}"
    )))
}

#[then(expr = "the judge of {word} complains of {string}")]
fn complains(world: &mut Turnstile, judge: String, words: String) -> Step {
    let verdicts = &world.chaos.ended()?.verdicts;
    let mut complaints = verdicts
        .iter()
        .filter(|verdict| verdict.judge == judge)
        .flat_map(|verdict| &verdict.complaints);
    if complaints.any(|complaint| complaint.text.contains(&words)) {
        return Ok(());
    }
    Err(Surprise::new(format!(
        "the judge of {judge} does not complain of {words:?}"
    )))
}

/// Where hits can be counted; an event such as a restart acts by being there.
#[then("every fault has acted")]
fn acted(world: &mut Turnstile) -> Step {
    let faults = &world.chaos.ended()?.history.faults;
    let idle = faults.iter().filter(|span| span.hits == Some(0));
    let idle: Vec<String> = idle.map(|span| span.fault.to_string()).collect();
    if idle.is_empty() && !faults.is_empty() {
        return Ok(());
    }
    Err(Surprise::new(format!(
        "{} faults, of which have not acted: {idle:?}",
        faults.len()
    )))
}

#[then(expr = "at least {int} requests of {word} succeeded")]
fn succeeded(world: &mut Turnstile, least: usize, kind: String) -> Step {
    let ops = world.chaos.ended()?.history.ops.iter();
    let good = ops.filter(|op| op.work.kind() == kind).filter(|op| {
        let outcome = op.answer.as_ref().map(|(_, answer)| &answer.outcome);
        outcome.is_some_and(|o| !matches!(o, Outcome::Failed { .. } | Outcome::Abandoned))
    });
    let found = good.count();
    if found >= least {
        return Ok(());
    }
    Err(Surprise::new(format!(
        "{found} requests of {kind} succeeded, wanted {least}"
    )))
}

#[then(expr = "at least {int} logins succeeded")]
fn logged_in(world: &mut Turnstile, least: usize) -> Step {
    let sessions = world.chaos.ended()?.history.sessions.values();
    let found = sessions
        .filter(|session| matches!(session.login, Some((_, Ok(())))))
        .count();
    if found >= least {
        return Ok(());
    }
    Err(Surprise::new(format!(
        "{found} logins succeeded, wanted {least}"
    )))
}
