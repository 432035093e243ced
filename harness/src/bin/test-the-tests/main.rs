//! `test-the-tests`: makes faults in the pooler, one by one, and fails unless the tests notice each.
//!
//! ```text
//!   ci/mutants/table ─▶ choice ─▶ workshop: a build with the fault ─▶ trial: who notices? ─▶ report
//! ```
//!
//! First the same tests run without any fault, and have to be green.

mod checks;
mod choice;
mod patches;
mod report;
mod rounds;
mod table;
mod trial;
mod workshop;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use harness::artifacts::{Artifacts, repository};
use harness::{Error, Result};

use report::Report;
use rounds::Rounds;
use table::Fault;
use trial::Bench;
use workshop::{Changed, Workshop};

/// Makes faults in the pooler and fails unless the tests notice each of them.
#[derive(Debug, Parser)]
struct Options {
    /// Only faults whose name holds one of these texts
    names: Vec<String>,
    /// Only the half that the seed chooses
    #[arg(long)]
    half: bool,
    /// What chooses the half; the number of the day when left out
    #[arg(long, env = "SEED", default_value = "")]
    seed: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL {error}");
            println!("0 passed, 1 failed, 0 skipped");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<bool> {
    let (root, binaries) = (repository(), binaries()?);
    let artifacts = Artifacts::begin()?;
    let target = binaries.parent().unwrap_or(&binaries);
    let workshop = Workshop::open(&root, &target.join("test-the-tests"))?;
    let bench = Bench {
        bdd: binaries.join("bdd"),
        logs: artifacts.logs(),
    };
    let mut report = Report::default();
    let all = table::read(&root.join("ci/mutants/table"))?;
    let patches = patches::apply_all(&root.join("ci/mutants"), &workshop).await?;
    let (chosen, left_out) = choose(options, all)?;
    for complaint in patches::complaints(&patches, &chosen, &left_out) {
        report.complain(complaint);
    }
    report.left_out = left_out.len();

    let healthy = workshop.build("healthy", &Changed::new()).await?;
    for complaint in checks::complaints(&binaries.join("pgturnstile"), &healthy.pooler).await? {
        report.complain(complaint);
    }
    let red = rounds::baseline(&bench, &chosen, &healthy).await?;
    if red.is_empty() {
        let rounds = Rounds::new(&workshop, &bench, &healthy, &patches);
        rounds.try_all(chosen, &mut report).await;
    }
    for complaint in red {
        report.complain(complaint);
    }
    healthy.discard();
    println!("\n{}\n", report.table());
    artifacts.write("table.txt", &report.table())?;
    println!("artefacts: {}", artifacts.folder().display());
    println!("{}", report.closing_line());
    Ok(report.is_good())
}

/// The folder that this program was built into.
fn binaries() -> Result<PathBuf> {
    let here = std::env::current_exe().map_err(Error::io("this program's own path"))?;
    Ok(here.parent().unwrap_or(Path::new(".")).to_owned())
}

/// The faults that this run tries, and those that it leaves out.
fn choose(options: &Options, all: Vec<Fault>) -> Result<(Vec<Fault>, Vec<Fault>)> {
    let (mut chosen, mut left_out) = (all, Vec::new());
    if options.half {
        let seed = match options.seed.as_str() {
            "" => choice::today(),
            text => text
                .parse()
                .map_err(|_| Error::told(format!("SEED={text}: it is a number")))?,
        };
        (chosen, left_out) = choice::halves(chosen, seed);
        let names: Vec<&str> = chosen.iter().map(|fault| fault.name.as_str()).collect();
        println!("a half, chosen by SEED={seed}: {}", names.join(", "));
    }
    let asked = &options.names;
    let fits = |fault: &Fault| asked.iter().any(|text| fault.name.contains(text));
    let (chosen, others): (Vec<_>, Vec<_>) = chosen
        .into_iter()
        .partition(|fault| asked.is_empty() || fits(fault));
    left_out.extend(others);
    Ok((chosen, left_out))
}
