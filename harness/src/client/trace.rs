//! The wire trace of a scenario: one line per message, kept in memory until somebody asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Lines kept; a scenario that pipelines for ever must not eat the machine.
const MAX_LINES: usize = 20_000;

/// A trace that the wire clients of one scenario share.
#[derive(Debug, Clone)]
pub struct Trace {
    start: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            lines: Arc::default(),
        }
    }
}

impl Trace {
    /// Notes one event of `who`; lines past the bound are dropped.
    pub fn note(&self, who: &str, what: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MAX_LINES {
            let at = self.start.elapsed().as_secs_f64();
            lines.push(format!("{at:9.4} {who} {what}"));
        }
    }

    /// Everything noted so far, one line each.
    pub fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }
}
