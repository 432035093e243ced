//! What another pooler makes of the portable features, kept in a file: a change of it shows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::PoolerKind;
use harness::artifacts::repository;

use super::report::Report;
use crate::surprise::{Step, Surprise};

/// Writes `steps/verdicts/<pooler>.txt` from this run.
pub(super) fn write(kind: PoolerKind, report: &Report) -> Step {
    let lines: Vec<String> = lines(report).into_iter().collect();
    let path = path(kind);
    std::fs::write(&path, lines.join("\n") + "\n")
        .map_err(|error| Surprise::new(format!("{}: {error}", path.display())))
}

/// Whether each scenario of this run ended as the file says. What differs is printed and counted.
pub(super) fn compare(kind: PoolerKind, report: &mut Report) -> Step<bool> {
    let path = path(kind);
    let known = std::fs::read_to_string(&path)
        .map_err(|error| Surprise::new(format!("{}: {error}", path.display())))?;
    let known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let changed: Vec<String> = lines(report).difference(&known).cloned().collect();
    for verdict in &mut report.verdicts {
        // An expected failure is a scenario that did what the file says.
        verdict.passed = true;
    }
    for line in &changed {
        println!("FAIL the verdict has changed, now {line}");
        report.add_error(line.clone());
    }
    Ok(changed.is_empty())
}

fn lines(report: &Report) -> BTreeSet<String> {
    let line = |passed: bool| if passed { "passed" } else { "failed" };
    report
        .verdicts
        .iter()
        .map(|one| format!("{} {}: {}", line(one.passed), one.feature, one.scenario))
        .collect()
}

fn path(kind: PoolerKind) -> PathBuf {
    repository()
        .join("steps/verdicts")
        .join(format!("{}.txt", kind.name()))
}
