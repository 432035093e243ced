//! What it all showed.

use std::process::ExitCode;

use crate::mutants::Verdict;
use crate::permits;
use crate::property;
use crate::runner::Shown;

/// Prints the table and the one closing line. Seconds are those of the scenarios that put a
/// property to the test; most scenarios test most of them at once.
pub fn print(results: &[Shown], permits: &permits::Shown, mutants: &[Verdict]) -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    println!("\n{:<60}{:>12}{:>9}", "property", "executions", "seconds");
    for (n, property) in property::ALL.into_iter().enumerate() {
        let tests: Vec<_> = results.iter().filter(|s| s.judged[n] > 0).collect();
        let executions: u64 = tests.iter().map(|shown| shown.judged[n]).sum();
        let seconds: f64 = tests.iter().map(|shown| shown.took.as_secs_f64()).sum();
        println!("{:<60}{executions:>12}{seconds:>9.1}", property.words());
        passed += tests.len();
        if tests.is_empty() {
            println!("RED {}: nothing put it to the test", property.words());
            failed += 1;
        }
    }
    let (dropped, seconds) = (permits.dropped, permits.took.as_secs_f64());
    println!("{:<60}{dropped:>12}{seconds:>9.1}", permits::WORDS);
    passed += permits.passed;
    failed += permits.failed;
    failed += results.iter().filter(|shown| shown.red.is_some()).count();
    let executions: u64 = results.iter().map(|shown| shown.executions).sum();
    println!("{:<60}{executions:>12}", "in all");
    let killed = mutants.iter().filter(|mutant| mutant.killed).count();
    println!("mutants killed: {killed} of {}", mutants.len());
    for mutant in mutants.iter().filter(|mutant| !mutant.killed) {
        println!("RED {}", mutant.name);
        failed += 1;
    }
    if mutants.is_empty() {
        println!("RED no mutant was tried");
        failed += 1;
    }
    passed += killed;
    println!("{passed} passed, {failed} failed, 0 skipped");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
