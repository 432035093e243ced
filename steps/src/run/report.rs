//! The writer of a run: a line per scenario as it ends, `report.json`, and the closing line.

use std::collections::HashMap;
use std::time::Instant;

use cucumber::event::{self, Hook, RetryableScenario, Source, StepError};
use cucumber::gherkin::{Feature, Scenario};
use cucumber::{Event, cli, parser, writer};
use serde::Serialize;

use crate::stage::Stage;
use crate::surprise::Step;
use crate::world::Turnstile;

/// One scenario's end.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verdict {
    pub(super) feature: String,
    pub(super) scenario: String,
    pub(super) passed: bool,
    seconds: f64,
    /// Where it failed, and why; empty when it passed.
    complaints: Vec<String>,
}

/// Everything that happened, in the order of the scenarios' ends.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) verdicts: Vec<Verdict>,
    /// Features that did not parse.
    errors: Vec<String>,
    pub(super) skipped: usize,
    /// The scenarios under way.
    running: HashMap<Source<Scenario>, Running>,
}

#[derive(Debug)]
struct Running {
    start: Instant,
    complaints: Vec<String>,
}

impl Report {
    pub(super) fn ran(&self) -> bool {
        !self.verdicts.is_empty()
    }

    pub(super) fn is_red(&self) -> bool {
        !self.errors.is_empty() || self.verdicts.iter().any(|verdict| !verdict.passed)
    }

    pub(super) fn is_good(&self) -> bool {
        self.ran() && !self.is_red()
    }

    /// Adds another round.
    pub(super) fn absorb(&mut self, other: Self) {
        self.verdicts.extend(other.verdicts);
        self.errors.extend(other.errors);
    }

    /// A failure that belongs to the run and to no scenario.
    pub(super) fn add_error(&mut self, text: String) {
        self.errors.push(text);
    }

    pub(super) fn closing_line(&self) -> String {
        let passed = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.passed)
            .count();
        let failed = self.verdicts.len() - passed + self.errors.len();
        format!("{passed} passed, {failed} failed, {} skipped", self.skipped)
    }

    pub(super) fn write(&self, stage: &Stage) -> Step {
        let report = serde_json::json!({
            "pooler": stage.kind.name(),
            "provider": stage.provider.name(),
            "closing": self.closing_line(),
            "errors": self.errors,
            "scenarios": self.verdicts,
        });
        Ok(stage
            .artifacts
            .write("report.json", &format!("{report:#}\n"))?)
    }

    fn hear(&mut self, feature: &Feature, scenario: &Source<Scenario>, what: &Heard) {
        if let event::Scenario::Started = &what.event {
            let fresh = Running {
                start: Instant::now(),
                complaints: Vec::new(),
            };
            self.running.insert(scenario.clone(), fresh);
        }
        if let Some(complaint) = complaint(&what.event)
            && let Some(running) = self.running.get_mut(scenario)
        {
            running.complaints.push(complaint);
        }
        if let event::Scenario::Finished = &what.event
            && let Some(running) = self.running.remove(scenario)
        {
            self.close(feature, scenario, running);
        }
    }

    fn close(&mut self, feature: &Feature, scenario: &Scenario, running: Running) {
        let verdict = Verdict {
            feature: feature.name.clone(),
            scenario: scenario.name.clone(),
            passed: running.complaints.is_empty(),
            seconds: running.start.elapsed().as_secs_f64(),
            complaints: running.complaints,
        };
        let word = if verdict.passed { "ok  " } else { "FAIL" };
        println!(
            "{word} {}: {} ({:.1} s)",
            verdict.feature, verdict.scenario, verdict.seconds
        );
        for complaint in &verdict.complaints {
            println!("     {}", complaint.replace('\n', "\n     "));
        }
        self.verdicts.push(verdict);
    }
}

type Heard = RetryableScenario<Turnstile>;

impl writer::Writer<Turnstile> for Report {
    type Cli = cli::Empty;

    async fn handle_event(
        &mut self,
        event: parser::Result<Event<event::Cucumber<Turnstile>>>,
        _: &Self::Cli,
    ) {
        match event.map(Event::into_inner) {
            Err(error) => {
                let text = with_sources(&error);
                println!("FAIL {text}");
                self.errors.push(text);
            }
            Ok(event::Cucumber::Feature(feature, event::Feature::Scenario(scenario, what))) => {
                self.hear(&feature, &scenario, &what);
            }
            Ok(event::Cucumber::Feature(
                feature,
                event::Feature::Rule(_, event::Rule::Scenario(scenario, what)),
            )) => self.hear(&feature, &scenario, &what),
            Ok(_) => {}
        }
    }
}

/// Events come scenario by scenario as they happen; each scenario is gathered on its own.
impl writer::Normalized for Report {}

/// What an event has to complain of: a failed or unknown step, a failed hook.
fn complaint(event: &event::Scenario<Turnstile>) -> Option<String> {
    match event {
        event::Scenario::Background(step, what) | event::Scenario::Step(step, what) => {
            let why = match what {
                event::Step::Failed(_, _, _, StepError::Panic(info)) => told(info.as_ref()),
                event::Step::Failed(_, _, _, error) => error.to_string(),
                event::Step::Skipped => "no step is worded like this".to_owned(),
                _ => return None,
            };
            let line = step.position.line;
            Some(format!(
                "line {line}: {} {}\n{why}",
                step.keyword.trim(),
                step.value
            ))
        }
        event::Scenario::Hook(which, Hook::Failed(_, info)) => {
            Some(format!("{which} the scenario: {}", told(info.as_ref())))
        }
        _ => None,
    }
}

/// A parser's error says where only in the errors behind it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| {
        format!("{text}: {source}")
    })
}

fn told(info: &(dyn std::any::Any + Send)) -> String {
    info.downcast_ref::<String>()
        .cloned()
        .or_else(|| info.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
