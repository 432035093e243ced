//! What was measured: one cell a case and contender, medians over its rounds.

use std::collections::BTreeMap;

use super::plan::Case;

/// One round of one cell.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Measured(Figures),
    /// The contender can't do this work.
    Unsupported(&'static str),
    Failed(String),
}

/// Figures of a round; what does not apply is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    /// Units of work a second: transactions, logins, MB.
    pub(super) rate: Option<f64>,
    /// Milliseconds.
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    /// The contender's own CPU, in microseconds a unit.
    pub(super) cpu: Option<f64>,
    /// Bytes a client.
    pub(super) bytes: Option<f64>,
    pub(super) tls_bytes: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) cases: Vec<Case>,
    cells: BTreeMap<(usize, &'static str), Vec<Outcome>>,
}

/// All rounds of a cell in one.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Figures(Figures),
    Unsupported(&'static str),
    Failed(String),
}

impl Results {
    pub(super) fn add(&mut self, case: &Case, contender: &'static str, outcome: Outcome) {
        let known = self.cases.iter().position(|known| known == case);
        let at = known.unwrap_or_else(|| {
            self.cases.push(*case);
            self.cases.len() - 1
        });
        self.cells.entry((at, contender)).or_default().push(outcome);
    }

    pub(super) fn cell(&self, case: usize, contender: &'static str) -> Option<Cell> {
        let rounds = self.cells.get(&(case, contender))?;
        let mut figures = Vec::new();
        for round in rounds {
            match round {
                Outcome::Measured(measured) => figures.push(*measured),
                Outcome::Unsupported(why) => return Some(Cell::Unsupported(why)),
                Outcome::Failed(why) => return Some(Cell::Failed(why.clone())),
            }
        }
        let median_of = |pick: fn(&Figures) -> Option<f64>| median(figures.iter().filter_map(pick));
        Some(Cell::Figures(Figures {
            rate: median_of(|f| f.rate),
            p50: median_of(|f| f.p50),
            p99: median_of(|f| f.p99),
            cpu: median_of(|f| f.cpu),
            bytes: median_of(|f| f.bytes),
            tls_bytes: median_of(|f| f.tls_bytes),
        }))
    }

    pub(super) fn figures(&self, case: usize, contender: &'static str) -> Option<Figures> {
        match self.cell(case, contender)? {
            Cell::Figures(figures) => Some(figures),
            _ => None,
        }
    }

    /// Cells that were measured, that failed, and that a contender can't do.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        for (case, contender) in self.cells.keys() {
            match self.cell(*case, contender) {
                Some(Cell::Figures(_)) => counts.0 += 1,
                Some(Cell::Failed(_)) => counts.1 += 1,
                _ => counts.2 += 1,
            }
        }
        counts
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median(std::iter::empty()), None);
    }
}
