//! The scenarios, each in a process of its own, as many at once as there are cores.

use std::io::Write;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::property;
use crate::scenario::{self, Scenario};

/// What one scenario showed.
#[derive(Debug)]
pub struct Shown {
    pub took: Duration,
    pub executions: u64,
    /// In the order of [`property::ALL`].
    pub judged: Vec<u64>,
    /// What was violated.
    pub red: Option<String>,
}

pub fn all(seed: u64) -> Vec<Shown> {
    let scenarios = scenario::all();
    println!("{} scenarios, SEED={seed}", scenarios.len());
    let results = Mutex::new(Vec::new());
    in_parallel(scenarios.len(), |turn| {
        // The longest first, so that no core is idle at the end.
        let number = scenarios.len() - 1 - turn;
        let shown = run(number, seed);
        report(&scenarios[number], number, &shown);
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push(shown);
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// For a mutant: one scenario after the other, up to the first that is red.
pub fn until_red(seed: u64) -> ExitCode {
    for (number, scenario) in scenario::all().iter().enumerate() {
        if let Some(red) = run(number, seed).red {
            let first = red.lines().next().unwrap_or_default();
            println!("{} ({scenario})", first.trim_start_matches("violated "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Calls `work` for each number below `count`, on as many threads as there are cores.
pub fn in_parallel(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

fn run(number: usize, seed: u64) -> Shown {
    let start = Instant::now();
    let mut shown = Shown {
        took: Duration::ZERO,
        executions: 0,
        judged: vec![0; property::ALL.len()],
        red: None,
    };
    let child = std::env::current_exe().and_then(|model| {
        let arguments = [number.to_string(), seed.to_string()];
        Command::new(model).arg("scenario").args(arguments).output()
    });
    let output = match child {
        Ok(output) => output,
        Err(error) => {
            shown.red = Some(format!("it could not be run: {error}"));
            return shown;
        }
    };
    shown.took = start.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let counts = said.lines().find_map(|line| line.strip_prefix("ok "));
    let numbers = counts.into_iter().flat_map(str::split_whitespace);
    let numbers: Vec<u64> = numbers.filter_map(|n| n.parse().ok()).collect();
    match numbers.split_first() {
        Some((executions, judged)) if output.status.success() => {
            shown.executions = *executions;
            shown.judged = judged.to_vec();
        }
        _ => {
            let details = String::from_utf8_lossy(&output.stderr);
            shown.red = Some(format!("{said}{}\n{details}", output.status));
        }
    }
    shown
}

fn report(scenario: &Scenario, number: usize, shown: &Shown) {
    let seconds = shown.took.as_secs_f64();
    // One write: others report too.
    let line = match &shown.red {
        None => format!(
            "{number:>3} {seconds:5.1} s {:>8} executions  {scenario}\n",
            shown.executions
        ),
        Some(red) => format!(
            "RED {number} after {seconds:.1} s: {scenario}\n{red}\n{}",
            again(number, red)
        ),
    };
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// How to see it again: shuttle prints its schedule in lines, between lines of one quote each.
fn again(number: usize, red: &str) -> String {
    let lines = red.lines().skip_while(|line| *line != "failing schedule:");
    let schedule: String = lines.skip(2).take_while(|line| *line != "\"").collect();
    if schedule.is_empty() {
        return String::new();
    }
    // The numbers of the scenarios depend on it.
    let full = std::env::var("FULL").map_or(String::new(), |full| format!("FULL={full} "));
    format!("again: {full}ci/model/run replay {number} {schedule}\n")
}
