//! The table that people read, and the goals.

use std::fmt::Write as _;

use super::cell::{Cell, Figures, Results};
use super::plan::Case;

const REFERENCE: &str = "haproxy";
const OURS: &str = "pgturnstile";

/// A line for each case and contender, then the goals.
pub(super) fn render(results: &Results, contenders: &[&'static str]) -> String {
    let mut out = format!(
        "{:14} {:12} {:>10} {:>9} {:>9} {:>12} {:>9}\n",
        "case", "through", "per s", "p50 ms", "p99 ms", "CPU us/unit", "x HAProxy"
    );
    for (at, case) in results.cases.iter().enumerate() {
        let reference = results.figures(at, REFERENCE).and_then(|f| f.cpu);
        for contender in contenders {
            let Some(cell) = results.cell(at, contender) else {
                continue;
            };
            let _ = writeln!(
                out,
                "{:14} {:12} {}",
                case.name(),
                contender,
                line(&cell, reference)
            );
        }
    }
    out.push('\n');
    out.push_str(&goals(results));
    out
}

fn line(cell: &Cell, reference: Option<f64>) -> String {
    match cell {
        Cell::Unsupported(why) => format!("  ({why})"),
        Cell::Failed(why) => format!("  FAILED: {}", why.lines().next().unwrap_or_default()),
        Cell::Figures(figures) => numbers(figures, reference),
    }
}

fn numbers(figures: &Figures, reference: Option<f64>) -> String {
    if let Some(bytes) = figures.bytes {
        let tls = figures.tls_bytes.map(|tls| format!(", {tls:.0} over TLS"));
        return format!("  {bytes:.0} bytes a client{}", tls.unwrap_or_default());
    }
    let ratio = figures
        .cpu
        .zip(reference)
        .filter(|(_, r)| *r > 0.0)
        .map(|(cpu, r)| cpu / r);
    format!(
        "{:>10} {:>9} {:>9} {:>12} {:>9}",
        show(figures.rate, 0),
        show(figures.p50, 3),
        show(figures.p99, 3),
        show(figures.cpu, 1),
        show(ratio, 2)
    )
}

fn show(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// One goal: what was wanted, what came, and whether that is enough.
pub(super) struct Goal {
    pub(super) text: String,
    pub(super) wanted: f64,
    pub(super) found: f64,
    /// The found value may be at most (else at least) the wanted one.
    pub(super) at_most: bool,
}

impl Goal {
    pub(super) fn is_reached(&self) -> bool {
        if self.at_most {
            self.found <= self.wanted
        } else {
            self.found >= self.wanted
        }
    }
}

fn goals(results: &Results) -> String {
    let mut out = String::from("goals (plain sends):\n");
    for goal in list_goals(results) {
        let mark = if goal.is_reached() {
            "reached"
        } else {
            "MISSED "
        };
        let sign = if goal.at_most { "<=" } else { ">=" };
        let _ = writeln!(
            out,
            "  {mark} {}: {:.2} {sign} {:.2}",
            goal.text, goal.found, goal.wanted
        );
    }
    out
}

/// The goals for which this run has figures.
pub(super) fn list_goals(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (at, case) in results.cases.iter().enumerate() {
        let Some(ours) = results.figures(at, OURS) else {
            continue;
        };
        let other = |name| results.figures(at, name);
        let cpu = other(REFERENCE).and_then(|f| f.cpu).zip(ours.cpu);
        let cpu = cpu
            .filter(|(r, _)| *r > 0.0)
            .map(|(reference, own)| own / reference);
        let mut at_most = |text: String, wanted: f64, found: Option<f64>| {
            goals.extend(found.map(|found| Goal {
                text,
                wanted,
                found,
                at_most: true,
            }));
        };
        let name = case.name();
        match case {
            Case::Query { clients, .. } => {
                if *clients >= 16 {
                    at_most(format!("{name}: CPU, x HAProxy"), 1.0, cpu);
                }
                if *clients == 64 {
                    let spread = ours.p99.zip(ours.p50).map(|(p99, p50)| p99 / p50);
                    at_most(format!("{name}: p99/p50"), 2.0, spread);
                }
                goals.extend(throughput(case, other("pgbouncer"), &ours, *clients));
            }
            Case::Login { .. } => {
                let login = other("pgbouncer").and_then(|f| f.cpu).zip(ours.cpu);
                at_most(
                    format!("{name}: CPU, x PgBouncer"),
                    1.0,
                    login.map(|(b, o)| o / b),
                );
            }
            Case::CopyOut | Case::Rows => at_most(format!("{name}: CPU, x HAProxy"), 0.5, cpu),
            Case::CopyIn => at_most(format!("{name}: CPU, x HAProxy"), 0.7, cpu),
            Case::Idle => {
                at_most(format!("{name}: bytes"), 1024.0, ours.bytes);
                at_most(
                    format!("{name}: bytes over TLS"),
                    24.0 * 1024.0,
                    ours.tls_bytes,
                );
            }
        }
    }
    goals
}

fn throughput(
    case: &Case,
    pgbouncer: Option<Figures>,
    ours: &Figures,
    clients: usize,
) -> Option<Goal> {
    let (theirs, own) = (pgbouncer?.rate?, ours.rate?);
    let wanted = if clients == 64 { 1.2 } else { 1.0 };
    Some(Goal {
        text: format!("{}: transactions a second, x PgBouncer", case.name()),
        wanted,
        found: own / theirs,
        at_most: false,
    })
}
