//! What is measured, and for how long: `ROUNDS`, `SECONDS`, `CASES` shorten it.

use harness::{Error, Result};

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) seconds: u64,
    pub(super) cases: Vec<Case>,
}

/// How pgbench sends a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Simple,
    Extended,
    Prepared,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// `pgbench -S` with so many clients on 16 servers.
    Query {
        mode: Mode,
        clients: usize,
    },
    /// A login per transaction.
    Login {
        scram: bool,
    },
    CopyOut,
    CopyIn,
    Rows,
    /// Memory of clients that do nothing.
    Idle,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Extended => "extended",
            Self::Prepared => "prepared",
        }
    }
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for mode in [Mode::Simple, Mode::Extended, Mode::Prepared] {
            for clients in [1, 16, 64] {
                all.push(Self::Query { mode, clients });
            }
        }
        all.extend([
            Self::Login { scram: false },
            Self::Login { scram: true },
            Self::CopyOut,
            Self::CopyIn,
            Self::Rows,
            Self::Idle,
        ]);
        all
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Query { mode, clients } => format!("{} {clients}", mode.name()),
            Self::Login { scram: false } => "login trust".to_owned(),
            Self::Login { scram: true } => "login scram".to_owned(),
            Self::CopyOut => "copy out".to_owned(),
            Self::CopyIn => "copy in".to_owned(),
            Self::Rows => "million rows".to_owned(),
            Self::Idle => "idle client".to_owned(),
        }
    }

    /// What one unit of work is, for the column of CPU.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Query { .. } => "transaction",
            Self::Login { .. } => "login",
            Self::CopyOut | Self::CopyIn | Self::Rows => "MB",
            Self::Idle => "client",
        }
    }
}

impl Plan {
    /// Memory is looked at once: what the first round frees, the next would take again for nothing.
    pub(super) fn rounds_of(&self, case: Case) -> usize {
        if case == Case::Idle { 1 } else { self.rounds }
    }

    pub(super) fn from_environment() -> Result<Self> {
        let wish = std::env::var("CASES").unwrap_or_default();
        let words: Vec<_> = wish
            .split(',')
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .collect();
        let wanted = |case: &Case| {
            words.is_empty() || words.iter().any(|word| case.name().starts_with(word))
        };
        let cases: Vec<_> = Case::all().into_iter().filter(wanted).collect();
        if cases.is_empty() {
            let names: Vec<_> = Case::all().into_iter().map(Case::name).collect();
            return Err(Error::told(format!(
                "CASES={wish}: it is some of {}",
                names.join(", ")
            )));
        }
        Ok(Self {
            rounds: number("ROUNDS", 3)?.max(1),
            seconds: number("SECONDS", 3)?.max(1) as u64,
            cases,
        })
    }
}

fn number(name: &str, default: usize) -> Result<usize> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => {
            let wrong = |_| Error::told(format!("{name}={text}: it is a number"));
            text.parse().map_err(wrong)
        }
        _ => Ok(default),
    }
}
