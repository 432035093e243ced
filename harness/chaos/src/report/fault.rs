//! A fault of the schedule, as a report shows it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::latency::ms;
use crate::history::FaultSpan;
use crate::plan::Fault;

/// A fault with its span, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultLine {
    /// Its place in the schedule, from 1.
    pub number: usize,
    pub lane: Lane,
    /// As the schedule says it.
    pub words: String,
    /// Milliseconds since the run began.
    pub from_ms: f64,
    pub to_ms: f64,
    /// How often it acted; `None` where that can't be counted.
    pub hits: Option<u64>,
    pub trouble: Option<String>,
}

/// Where a fault happens: each has its own line in the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    Network,
    /// At a message of the protocol.
    Points,
    Postgresql,
    LookUps,
    Password,
    Pooler,
}

impl Lane {
    pub const ALL: [Self; 6] = [
        Self::Network,
        Self::Points,
        Self::Postgresql,
        Self::LookUps,
        Self::Password,
        Self::Pooler,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Points => "points",
            Self::Postgresql => "PostgreSQL",
            Self::LookUps => "look-ups",
            Self::Password => "password",
            Self::Pooler => "pooler",
        }
    }

    fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Network { .. } => Self::Network,
            Fault::AtPoint { .. } => Self::Points,
            Fault::Server(_) => Self::Postgresql,
            Fault::LookUps(_) => Self::LookUps,
            Fault::Password { .. } => Self::Password,
            Fault::Pooler(_) => Self::Pooler,
        }
    }
}

impl FaultLine {
    pub(super) fn of(span: &FaultSpan) -> Self {
        Self {
            number: span.number,
            lane: Lane::of(&span.fault),
            words: span.fault.to_string(),
            from_ms: ms(span.from),
            to_ms: ms(span.to),
            hits: span.hits,
            trouble: span.trouble.clone(),
        }
    }

    /// All of it in one line.
    pub fn in_words(&self) -> String {
        let (from, to) = (self.from_ms / 1e3, self.to_ms / 1e3);
        let mut words = format!("#{} {}, {from:.2} to {to:.2} s", self.number, self.words);
        // Writing to a String cannot fail.
        let _ = match self.hits {
            Some(1) => write!(words, ", 1 hit"),
            Some(hits) => write!(words, ", {hits} hits"),
            None => Ok(()),
        };
        if let Some(trouble) = &self.trouble {
            let _ = write!(words, ": {trouble}");
        }
        words
    }

    /// It did nothing, or went wrong itself.
    pub fn is_dud(&self) -> bool {
        self.hits == Some(0) || self.trouble.is_some()
    }
}
