//! What is wrong with a file, and where.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::logging::Escaped;

/// A spot in a file that the operator can jump to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: Arc<Path>,
    /// Line and column, both from 1, columns in characters; `None` = the file as a whole.
    pub at: Option<(u32, u32)>,
}

impl Place {
    pub fn whole(file: &Path) -> Self {
        Self {
            file: file.into(),
            at: None,
        }
    }

    pub fn in_file(file: &Arc<Path>, line: u32, column: u32) -> Self {
        Self {
            file: Arc::clone(file),
            at: Some((line, column)),
        }
    }

    pub fn line(&self) -> u32 {
        self.at.map_or(1, |(line, _)| line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.file.to_string_lossy()))?;
        match self.at {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// Why a file can't be used. It never quotes the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub place: Place,
    /// The full path of the key, `pools.app.pool_mode`; empty when the whole file is meant.
    pub key: String,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", Escaped(&self.key))?;
        }
        write!(f, "{}", Escaped(&self.reason))
    }
}

/// What an operator should know although the file is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning(pub Problem);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All findings about one configuration.
#[derive(Debug, Default)]
pub struct Report {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Report {
    /// The same finding is kept once: a general value that every pool inherits is checked per pool.
    pub fn problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Warns once per last part of a key and reason: a hundred pools with one idle key say it once.
    pub fn warn(&mut self, warning: Problem) {
        let same = |other: &Warning| {
            leaf(&other.0.key) == leaf(&warning.key) && other.0.reason == warning.reason
        };
        if !self.warnings.iter().any(same) {
            self.warnings.push(Warning(warning));
        }
    }

    /// Both lists in the order of the files' lines.
    pub fn finish(mut self) -> (Vec<Problem>, Vec<Warning>) {
        self.problems.sort();
        self.warnings.sort();
        (self.problems, self.warnings)
    }
}

fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u32, key: &str) -> Problem {
        Problem {
            place: Place::in_file(&Path::new("a.toml").into(), line, 3),
            key: key.into(),
            reason: "because".into(),
        }
    }

    #[test]
    fn a_problem_reads_as_file_line_column_key_reason() {
        assert_eq!(
            problem(7, "general.port").to_string(),
            "a.toml:7:3: general.port: because"
        );
        let whole = Problem {
            place: Place::whole(Path::new("b.toml")),
            key: String::new(),
            reason: "cannot read: gone".into(),
        };
        assert_eq!(whole.to_string(), "b.toml: cannot read: gone");
    }

    #[test]
    fn a_key_can_not_break_the_line() {
        let text = problem(1, "pools.a\nb").to_string();
        assert!(!text.contains('\n'), "{text}");
    }

    #[test]
    fn findings_are_sorted_and_said_once() {
        let mut report = Report::default();
        report.problem(problem(9, "x"));
        report.problem(problem(2, "y"));
        report.problem(problem(9, "x"));
        report.warn(problem(4, "pools.a.key"));
        report.warn(problem(5, "pools.b.key"));
        let (problems, warnings) = report.finish();
        let lines: Vec<u32> = problems.iter().map(|p| p.place.line()).collect();
        assert_eq!(lines, [2, 9]);
        assert_eq!(warnings.len(), 1);
    }
}
