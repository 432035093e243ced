//! What another pooler makes of the portable features, kept in a file: a change of it shows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::PoolerKind;
use harness::artifacts::repository;

use super::report::{Report, Verdict};
use crate::surprise::{Step, Surprise};

/// Writes `steps/verdicts/<pooler>.txt` from this run.
pub(super) fn write(kind: PoolerKind, report: &Report) -> Step {
    let lines: Vec<String> = lines(report).into_iter().collect();
    let path = path(kind);
    std::fs::write(&path, lines.join("\n") + "\n")
        .map_err(|error| Surprise::new(format!("{}: {error}", path.display())))
}

/// Whether each scenario of this run ended as the file says; `either` stands for one that ends now
/// so, now so. What differs is printed and counted.
pub(super) fn compare(kind: PoolerKind, report: &mut Report) -> Step<bool> {
    let path = path(kind);
    let known = std::fs::read_to_string(&path)
        .map_err(|error| Surprise::new(format!("{}: {error}", path.display())))?;
    let known: BTreeSet<&str> = known.lines().collect();
    let expected = |line: &String| {
        let (_, scenario) = line.split_once(' ').unwrap_or_default();
        known.contains(&**line) || known.contains(&*format!("either {scenario}"))
    };
    let lines = lines(report);
    let changed: Vec<&String> = lines.iter().filter(|line| !expected(line)).collect();
    for verdict in &mut report.verdicts {
        // An expected failure is a scenario that did what the file says.
        verdict.passed = true;
    }
    for line in &changed {
        println!("FAIL the verdict has changed, now {line}");
        report.add_error((*line).clone());
    }
    Ok(changed.is_empty())
}

fn lines(report: &Report) -> BTreeSet<String> {
    let word = |passed: bool| if passed { "passed" } else { "failed" };
    let line = |one: &Verdict| format!("{} {}: {}", word(one.passed), one.feature, one.scenario);
    report.verdicts.iter().map(line).collect()
}

fn path(kind: PoolerKind) -> PathBuf {
    repository()
        .join("steps/verdicts")
        .join(format!("{}.txt", kind.name()))
}
