//! What came of each fault, as a table.

use std::time::Duration;

use tokio::task::JoinError;

/// One fault's end.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    /// Who noticed; or what went wrong instead.
    pub(crate) noticed: Result<Vec<String>, String>,
    pub(crate) took: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) verdicts: Vec<Verdict>,
    /// What is wrong with the tests of the tests themselves.
    pub(crate) complaints: Vec<String>,
    /// Faults that this run left out.
    pub(crate) left_out: usize,
}

impl Report {
    /// Adds a fault's end, and tells it at once.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        println!("{}", verdict.line());
        self.verdicts.push(verdict);
    }

    /// A trial's end; that it panicked is its own failure.
    pub(crate) fn hear(&mut self, ended: Result<Verdict, JoinError>) {
        match ended {
            Ok(verdict) => self.add(verdict),
            Err(error) => self.complain(error.to_string()),
        }
    }

    pub(crate) fn complain(&mut self, complaint: String) {
        println!("FAIL {complaint}");
        self.complaints.push(complaint);
    }

    pub(crate) fn table(&self) -> String {
        let name = |verdict: &Verdict| verdict.name.len();
        let width = self.verdicts.iter().map(name).max().unwrap_or(0).max(5);
        let mut lines = vec![format!("{:width$}  seconds  who noticed", "fault")];
        for verdict in &self.verdicts {
            let seconds = verdict.took.as_secs_f64();
            let mut name = verdict.name.as_str();
            let who = match &verdict.noticed {
                Ok(who) => who.clone(),
                Err(why) => vec![format!(
                    "FAILED: {}",
                    why.lines().next().unwrap_or_default()
                )],
            };
            for (at, who) in who.iter().enumerate() {
                let seconds = if at == 0 {
                    format!("{seconds:.1}")
                } else {
                    String::new()
                };
                lines.push(format!("{name:width$}  {seconds:>7}  {who}"));
                name = "";
            }
        }
        lines.join("\n")
    }

    pub(crate) fn is_good(&self) -> bool {
        !self.verdicts.is_empty() && self.failed() == 0
    }

    pub(crate) fn closing_line(&self) -> String {
        let passed = self.verdicts.iter().filter(|v| v.noticed.is_ok()).count();
        format!(
            "{passed} passed, {} failed, {} skipped",
            self.failed(),
            self.left_out
        )
    }

    fn failed(&self) -> usize {
        let missed = self.verdicts.iter().filter(|v| v.noticed.is_err()).count();
        missed + self.complaints.len()
    }
}

impl Verdict {
    fn line(&self) -> String {
        let (name, seconds) = (&self.name, self.took.as_secs_f64());
        match &self.noticed {
            Ok(who) => format!("ok   {name} ({seconds:.1} s): {}", who.join("; ")),
            Err(why) => format!(
                "FAIL {name} ({seconds:.1} s): {}",
                why.replace('\n', "\n     ")
            ),
        }
    }
}
