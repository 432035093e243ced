//! `ci/mutants/table`: the faults, and who has to notice each.

use std::path::Path;

use harness::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) how: How,
    pub(crate) noticers: Vec<Noticer>,
}

/// How the fault comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// `ci/mutants/<name>.patch`.
    Patch,
    /// What `PGTURNSTILE_FAILPOINTS` says.
    Failpoint(String),
}

/// Who has to notice it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noticer {
    pub(crate) judge: Judge,
    /// A unit test's name, or a piece of it; a piece of a scenario's complaint.
    pub(crate) words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Judge {
    /// The unit tests whose names hold this.
    Unit(String),
    /// The scenarios whose names hold this.
    Scenario(String),
}

pub(crate) fn read(path: &Path) -> Result<Vec<Fault>> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path.display().to_string()))?;
    parse(&text).map_err(|why| Error::told(format!("{}:{why}", path.display())))
}

fn parse(text: &str) -> std::result::Result<Vec<Fault>, String> {
    let mut faults: Vec<Fault> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |why: &str| format!("{}: {why}: {line}", at + 1);
        let (kind, rest) = line.split_once(' ').ok_or_else(|| wrong("one word"))?;
        match kind {
            "mutant" => faults.push(Fault::new(rest, How::Patch)),
            "failpoint" => {
                let name = rest.split('=').next().unwrap_or(rest);
                faults.push(Fault::new(name, How::Failpoint(rest.to_owned())));
            }
            _ => {
                let fault = faults.last_mut().ok_or_else(|| wrong("before any fault"))?;
                let noticer = noticer(kind, rest).ok_or_else(|| wrong("not understood"))?;
                fault.noticers.push(noticer);
            }
        }
    }
    match faults.iter().find(|fault| fault.noticers.is_empty()) {
        Some(fault) => Err(format!(" nobody has to notice {}", fault.name)),
        None => Ok(faults),
    }
}

fn noticer(kind: &str, rest: &str) -> Option<Noticer> {
    let (what, words) = rest.split_once(" => ")?;
    let judge = match kind {
        "unit" => Judge::Unit(what.to_owned()),
        "scenario" => Judge::Scenario(what.to_owned()),
        _ => return None,
    };
    let words = words.to_owned();
    Some(Noticer { judge, words })
}

impl Fault {
    fn new(name: &str, how: How) -> Self {
        Self {
            name: name.to_owned(),
            how,
            noticers: Vec::new(),
        }
    }

    /// The texts of its unit filters, or of its scenarios.
    pub(crate) fn units(&self) -> impl Iterator<Item = &str> {
        self.noticers
            .iter()
            .filter_map(|noticer| noticer.judge.unit())
    }

    pub(crate) fn scenarios(&self) -> impl Iterator<Item = &str> {
        let judges = self.noticers.iter().map(|noticer| &noticer.judge);
        judges.filter_map(Judge::scenario)
    }
}

impl Judge {
    fn unit(&self) -> Option<&str> {
        match self {
            Self::Unit(filter) => Some(filter),
            Self::Scenario(_) => None,
        }
    }

    fn scenario(&self) -> Option<&str> {
        match self {
            Self::Scenario(name) => Some(name),
            Self::Unit(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_their_noticers_are_read() {
        let text =
            "# why\nmutant a_b\n  unit x:: => x::t\n\nfailpoint p=1*return\n  scenario It is => no";
        let faults = parse(text).unwrap();
        assert_eq!(faults[0].name, "a_b");
        assert_eq!(faults[0].units().collect::<Vec<_>>(), ["x::"]);
        assert_eq!(faults[1].how, How::Failpoint("p=1*return".to_owned()));
        assert_eq!(faults[1].scenarios().collect::<Vec<_>>(), ["It is"]);
        assert_eq!(faults[1].noticers[0].words, "no");
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        for (text, why) in [
            ("unit a => b", "1: before any fault"),
            ("mutant a\n  unit b", "2: not understood"),
            ("mutant a\n  model b => c", "2: not understood"),
            ("mutant a", " nobody has to notice a"),
        ] {
            assert!(parse(text).unwrap_err().starts_with(why), "{text}");
        }
    }
}
