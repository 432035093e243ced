//! The shipped registry, guard and GC under loom and shuttle.
//!
//! ```text
//! src/pool/*.rs ── shipped ─┬─ under_loom ────┐
//!                 play ─────┴─ under_shuttle ─┴─ child: one scenario ◀── runner ──▶ table
//! ci/mutants/*.patch ── mutants: a copy of all this with a fault, run until red ──▶ table
//! ```

mod child;
mod facts;
mod mutants;
mod permits;
mod property;
mod runner;
mod scenario;
mod table;
mod under_loom;
mod under_shuttle;
mod workshop;

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str =
    "model ROOT TARGET | model scenario N SEED | model replay N SCHEDULE | model until-red";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["scenario", n, seed] => match (scenario::named(n), seed.parse()) {
            (Some(scenario), Ok(seed)) => child::run(scenario, seed, None),
            _ => return usage(),
        },
        ["replay", n, schedule] => match scenario::named(n) {
            Some(scenario) => child::run(scenario, 0, Some(schedule)),
            None => return usage(),
        },
        ["until-red"] => return runner::until_red(seed()),
        [root, target] => return everything(Path::new(root), Path::new(target)),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn everything(root: &Path, target: &Path) -> ExitCode {
    let results = runner::all(seed());
    let mutants = mutants::all(root, target);
    let permits = permits::try_all(root);
    table::print(&results, &permits, &mutants)
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// Shuttle's seed: `SEED`, or another one each time.
fn seed() -> u64 {
    let given = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| now.as_secs())
    })
}
