//! A trial: the unit tests and the scenarios that are to notice a fault run with it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::{Error, Result};
use tokio::process::Command;

use super::table::{Fault, How, Judge, Noticer};
use super::workshop::Build;

/// A fault may make tests wait for ever; what they said until then counts.
const UNIT_LIMIT: Duration = Duration::from_secs(90);
const SCENARIO_LIMIT: Duration = Duration::from_secs(150);

/// Runs programs, each with its output in a file of its own.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// The features' runner.
    pub(crate) bdd: PathBuf,
    pub(crate) logs: PathBuf,
}

/// What was said, test by test.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Names of unit tests, and of scenarios with their feature.
    pub(crate) passed: Vec<String>,
    /// The same, with what each complained of.
    pub(crate) failed: Vec<(String, String)>,
}

impl Bench {
    /// Everything that the fault's judges say of `build`.
    pub(crate) async fn try_fault(&self, fault: &Fault, build: &Build) -> Result<Said> {
        let failpoints = match &fault.how {
            How::Patch => "",
            How::Failpoint(told) => told,
        };
        let units = fault.units().collect();
        let mut said = self.unit_tests(&fault.name, &units, build).await?;
        let scenarios = fault.scenarios().collect();
        let more = self.scenarios(&fault.name, &scenarios, build, failpoints);
        said.absorb(more.await?);
        Ok(said)
    }

    pub(crate) async fn unit_tests(
        &self,
        name: &str,
        filters: &BTreeSet<&str>,
        build: &Build,
    ) -> Result<Said> {
        if filters.is_empty() {
            return Ok(Said::default());
        }
        let mut command = Command::new(&build.unit_tests);
        command.args(filters);
        let log = format!("{name}-unit.log");
        Ok(units(&self.run(command, &log, UNIT_LIMIT).await?))
    }

    pub(crate) async fn scenarios(
        &self,
        name: &str,
        names: &BTreeSet<&str>,
        build: &Build,
        failpoints: &str,
    ) -> Result<Said> {
        if names.is_empty() {
            return Ok(Said::default());
        }
        let mut command = Command::new(&self.bdd);
        for name in names {
            command.args(["--name", name]);
        }
        command
            .env("POOLER", "pgturnstile")
            .env("POOLER_BIN", &build.pooler)
            .env("POOLER_FAILPOINTS_BIN", &build.pooler)
            .env("PGTURNSTILE_FAILPOINTS", failpoints)
            .env_remove("TAGS")
            .env_remove("REPEAT");
        let log = format!("{name}-scenarios.log");
        Ok(scenarios(&self.run(command, &log, SCENARIO_LIMIT).await?))
    }

    async fn run(&self, mut command: Command, log: &str, limit: Duration) -> Result<String> {
        let path = self.logs.join(log);
        let what = || path.display().to_string();
        let out = File::create(&path).map_err(Error::io(what()))?;
        let err = out.try_clone().map_err(Error::io(what()))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let program = command.as_std().get_program().to_owned();
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.map_err(Error::io(Path::new(&program).display().to_string()))?;
        if tokio::time::timeout(limit, child.wait()).await.is_err() {
            child.kill().await.map_err(Error::io(what()))?;
        }
        fs::read_to_string(&path).map_err(Error::io(what()))
    }
}

impl Said {
    pub(crate) fn absorb(&mut self, other: Self) {
        self.passed.extend(other.passed);
        self.failed.extend(other.failed);
    }

    /// Who noticed, if each of the fault's noticers did so with its own words.
    ///
    /// # Errors
    /// Who did not, and what is red instead.
    pub(crate) fn judge(&self, fault: &Fault) -> Result<Vec<String>, String> {
        let red = || {
            let one = |(name, why): &(String, String)| format!("{name}: {}", why.trim());
            self.failed.iter().map(one).collect::<Vec<_>>().join("\n")
        };
        let noticed = |noticer: &Noticer| {
            self.noticed(noticer).ok_or_else(|| {
                let Noticer { judge, words } = noticer;
                format!(
                    "{judge:?} did not notice with the words {words:?}; red are: {}",
                    red()
                )
            })
        };
        fault.noticers.iter().map(noticed).collect()
    }

    /// By what words the noticer noticed; `None`: it did not.
    fn noticed(&self, noticer: &Noticer) -> Option<String> {
        let mut failed = self.failed.iter();
        match &noticer.judge {
            Judge::Unit(_) => {
                let (name, _) = failed.find(|(name, _)| name.contains(&noticer.words))?;
                Some(format!("unit test {name}"))
            }
            Judge::Scenario(wanted) => {
                let fits = |(name, why): &&(String, String)| {
                    name.contains(wanted) && why.contains(&noticer.words)
                };
                let (_, why) = failed.find(fits)?;
                Some(format!("{} \"{wanted}\"", kind(why)))
            }
        }
    }
}

/// Who of the three judges of a scenario spoke.
fn kind(complaint: &str) -> &'static str {
    if complaint.contains("the audit found") {
        "audit after"
    } else if complaint.contains("the ledger does not balance") {
        "ledger of"
    } else {
        "scenario"
    }
}

/// Reads the lines of a Rust test binary.
fn units(text: &str) -> Said {
    let mut said = Said::default();
    for line in text.lines() {
        let Some((name, end)) = line
            .strip_prefix("test ")
            .and_then(|l| l.split_once(" ... "))
        else {
            continue;
        };
        match end {
            "ok" => said.passed.push(name.to_owned()),
            "FAILED" => said.failed.push((name.to_owned(), String::new())),
            _ => {}
        }
    }
    said
}

/// Reads the lines of the features' runner: a red scenario's complaints are indented below it.
fn scenarios(text: &str) -> Said {
    let mut said = Said::default();
    let mut red = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("ok   ") {
            said.passed.push(name.to_owned());
        } else if let Some(name) = line.strip_prefix("FAIL ") {
            said.failed.push((name.to_owned(), String::new()));
            red = true;
            continue;
        } else if let (Some(more), true, Some((_, why))) =
            (line.strip_prefix("     "), red, said.failed.last_mut())
        {
            why.push_str(more);
            why.push('\n');
            continue;
        }
        red = false;
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noticer_needs_its_own_words() {
        let text = "provider: local\n     evidence: x\nFAIL F: It is so (1.0 s)\n     line 3: Then\n     no\n     evidence: y\nok   F: Other (1 s)\n";
        let said = scenarios(text);
        let with = |words: &str| Noticer {
            judge: Judge::Scenario("It is so".to_owned()),
            words: words.to_owned(),
        };
        let who = said.noticed(&with("no"));
        assert_eq!(who.as_deref(), Some("scenario \"It is so\""));
        assert_eq!(said.noticed(&with("yes")), None);
        assert_eq!(said.passed, ["F: Other (1 s)"]);
    }

    #[test]
    fn unit_tests_are_read() {
        let said = units("test a::b ... ok\ntest a::c ... FAILED\ntest result: FAILED. 1 passed");
        assert_eq!(said.passed, ["a::b"]);
        assert_eq!(said.failed, [("a::c".to_owned(), String::new())]);
    }
}
