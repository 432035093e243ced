//! All that the reports show of a run.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::coverage::CoverageTable;
use super::fault::FaultLine;
use super::latency::ms;
use super::replay::Replay;
use super::sqlstate::{self, Told};
use super::tally::{Tallies, Tally};
use super::timeline::Timeline;
use crate::history::{History, Phase};
use crate::judge::Verdict;

/// What `report.json` holds; its field names stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub setting: About,
    pub replay: Replay,
    pub verdict: Finding,
    pub phases: Vec<PhaseSpan>,
    /// By kind of work.
    pub requests: Vec<Tally>,
    /// By the password that was sent.
    pub logins: Vec<Tally>,
    /// What failures said.
    pub sqlstates: Vec<Told>,
    pub timeline: Timeline,
    pub faults: Vec<FaultLine>,
    pub judges: Vec<Verdict>,
    pub coverage: Vec<CoverageTable>,
}

/// The conditions of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub seed: u64,
    pub pooler: String,
    /// Where PostgreSQL came from.
    pub provider: String,
    pub clients: usize,
    pub users: usize,
    pub pool_size: u32,
    /// How long faults could happen.
    pub storm_seconds: u64,
    /// How long all of it took, from the first event to the last.
    pub whole_ms: u64,
    /// A fault of our own making, by name.
    pub defect: Option<String>,
}

/// How many judges are content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub content: usize,
    pub complaining: Vec<String>,
    /// Judges that had no fact to look at.
    pub skipped: usize,
    pub sentence: String,
}

/// A phase and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseSpan {
    pub phase: Phase,
    /// Milliseconds since the run began.
    pub from_ms: f64,
    pub to_ms: f64,
}

impl Summary {
    /// Takes a finished run together.
    pub fn of<'a>(
        history: &History,
        verdicts: &[Verdict],
        coverage: impl IntoIterator<Item = &'a CoverageTable>,
    ) -> Self {
        Self {
            setting: About::of(history),
            replay: Replay::of(history),
            verdict: Finding::of(verdicts),
            phases: phases(history),
            requests: Tallies::of_requests(history),
            logins: Tallies::of_logins(history),
            sqlstates: sqlstate::of(history),
            timeline: Timeline::of(history),
            faults: history.faults.iter().map(FaultLine::of).collect(),
            judges: verdicts.to_vec(),
            coverage: coverage.into_iter().cloned().collect(),
        }
    }

    /// Faults that did nothing, or went wrong themselves.
    pub fn duds(&self) -> impl Iterator<Item = &FaultLine> {
        self.faults.iter().filter(|fault| fault.is_dud())
    }
}

impl About {
    fn of(history: &History) -> Self {
        let setting = &history.setting;
        Self {
            seed: setting.seed,
            pooler: setting.pooler.clone(),
            provider: setting.provider.clone(),
            clients: setting.clients,
            users: setting.users.len(),
            pool_size: setting.pool_size,
            storm_seconds: setting.storm_ms / 1_000,
            whole_ms: history.end() / 1_000,
            defect: setting.defect.clone(),
        }
    }
}

impl PhaseSpan {
    /// The phase in words.
    pub fn name(&self) -> &'static str {
        match self.phase {
            Phase::WarmUp => "warm-up",
            Phase::Storm => "storm",
            Phase::Calm => "calm",
            Phase::Quiet => "quiet",
            Phase::Leaving => "leaving",
            Phase::Audit => "audit",
        }
    }
}

impl Finding {
    fn of(verdicts: &[Verdict]) -> Self {
        let complaining = verdicts.iter().filter(|verdict| !verdict.is_content());
        let mut finding = Self {
            complaining: complaining.map(|verdict| verdict.judge.clone()).collect(),
            skipped: verdicts.iter().filter(|v| v.is_skipped()).count(),
            ..Self::default()
        };
        finding.content = verdicts.len() - finding.complaining.len() - finding.skipped;
        finding.sentence = finding.in_words(verdicts.len());
        finding
    }

    /// No judge complains, and one at least had something to judge.
    pub fn is_good(&self) -> bool {
        self.complaining.is_empty() && self.content > 0
    }

    fn in_words(&self, all: usize) -> String {
        let names = self.complaining.join(", ");
        let mut words = match (all, self.complaining.len()) {
            (0, _) => "Nobody judged this run".to_owned(),
            (_, 0) if self.content == 0 => "No judge had anything to judge".to_owned(),
            (1, 0) => "The one judge is content".to_owned(),
            (_, 0) if self.skipped == 0 => format!("All {all} judges are content"),
            (_, 0) => "No judge complains".to_owned(),
            (_, 1) => format!("1 of {all} judges complains: {names}"),
            (_, some) => format!("{some} of {all} judges complain: {names}"),
        };
        if self.skipped > 0 && self.skipped < all {
            let of = if names.is_empty() {
                format!(" of {all}")
            } else {
                String::new()
            };
            // Writing to a String cannot fail.
            let _ = write!(words, "; {}{of} had nothing to judge", self.skipped);
        }
        words.push('.');
        words
    }
}

fn phases(history: &History) -> Vec<PhaseSpan> {
    let ends = history.phases.iter().skip(1).map(|(_, at)| *at);
    let ends = ends.chain([history.end()]);
    let spans = history.phases.iter().zip(ends);
    let span = |((phase, from), to): (&(Phase, u64), u64)| PhaseSpan {
        phase: *phase,
        from_ms: ms(*from),
        to_ms: ms(to),
    };
    spans.map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(judge: &str, facts: u64, complaints: u64) -> Verdict {
        Verdict {
            judge: judge.to_owned(),
            facts,
            complaints_in_all: complaints,
            ..Verdict::default()
        }
    }

    #[test]
    fn the_verdict_is_one_sentence() {
        let told = |verdicts: &[Verdict]| Finding::of(verdicts).sentence;
        let (good, other) = (verdict("replies", 9, 0), verdict("sums", 4, 0));
        let (bad, worse) = (verdict("lists", 9, 2), verdict("audit", 1, 1));
        let idle = verdict("copy", 0, 0);
        assert_eq!(told(&[good.clone(), other]), "All 2 judges are content.");
        assert_eq!(
            told(&[good.clone(), bad.clone(), idle.clone()]),
            "1 of 3 judges complains: lists; 1 had nothing to judge."
        );
        assert_eq!(
            told(&[bad, worse, good.clone()]),
            "2 of 3 judges complain: lists, audit."
        );
        assert_eq!(
            told(&[good, idle.clone()]),
            "No judge complains; 1 of 2 had nothing to judge."
        );
        assert_eq!(told(&[idle]), "No judge had anything to judge.");
        assert_eq!(told(&[]), "Nobody judged this run.");
    }

    #[test]
    fn nothing_judged_is_not_good() {
        assert!(!Finding::of(&[verdict("copy", 0, 0)]).is_good());
        assert!(Finding::of(&[verdict("copy", 1, 0)]).is_good());
        assert!(!Finding::of(&[verdict("copy", 1, 0), verdict("sums", 1, 1)]).is_good());
    }
}
