//! `test-the-tests`: makes faults in the pooler, one by one, and fails unless the tests notice each.
//!
//! ```text
//!   ci/mutants/table ─▶ choice ─▶ workshop: a build with the fault ─▶ trial: who notices? ─▶ report
//! ```
//!
//! First the same tests run without any fault, and have to be green.

mod checks;
mod choice;
mod report;
mod rounds;
mod table;
mod trial;
mod workshop;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use harness::artifacts::{Artifacts, repository};
use harness::{Error, Result};

use report::Report;
use table::{Fault, How};
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
    let patches = patches(&root, &workshop, &all, &mut report).await?;
    let chosen = choose(options, all, &mut report)?;

    let healthy = workshop.build("healthy", &Changed::new()).await?;
    for complaint in checks::complaints(&binaries.join("pgturnstile"), &healthy.pooler).await? {
        report.complain(complaint);
    }
    for complaint in rounds::baseline(&bench, &chosen, &healthy).await? {
        report.complain(complaint);
    }
    if report.complaints.is_empty() {
        rounds::try_all(&workshop, &bench, &healthy, (chosen, patches), &mut report).await;
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

/// Applies every patch, also those that are not chosen: none may fall behind the code unseen.
async fn patches(
    root: &Path,
    workshop: &Workshop,
    faults: &[Fault],
    report: &mut Report,
) -> Result<BTreeMap<String, Changed>> {
    let folder = root.join("ci/mutants");
    let mut patches = BTreeMap::new();
    let entries = std::fs::read_dir(&folder).map_err(Error::io(folder.display().to_string()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let listed = |fault: &Fault| fault.how == How::Patch && fault.name == name;
        if path.extension().is_none_or(|ending| ending != "patch") {
            continue;
        }
        if !faults.iter().any(listed) {
            report.complain(format!("nobody has to notice {}", path.display()));
        }
        match workshop.mutate(&path).await {
            Ok(changed) => drop(patches.insert(name.into_owned(), changed)),
            Err(error) => report.complain(error.to_string()),
        }
    }
    Ok(patches)
}

fn choose(options: &Options, all: Vec<Fault>, report: &mut Report) -> Result<Vec<Fault>> {
    let count = all.len();
    let mut chosen = all;
    if options.half {
        let seed = match options.seed.as_str() {
            "" => choice::today(),
            text => text
                .parse()
                .map_err(|_| Error::told(format!("SEED={text}: it is a number")))?,
        };
        chosen = choice::half(chosen, seed);
        let names: Vec<&str> = chosen.iter().map(|fault| fault.name.as_str()).collect();
        println!("a half, chosen by SEED={seed}: {}", names.join(", "));
    }
    let asked = &options.names;
    let fits = |fault: &Fault| asked.iter().any(|text| fault.name.contains(text));
    chosen.retain(|fault| asked.is_empty() || fits(fault));
    report.left_out = count - chosen.len();
    Ok(chosen)
}
