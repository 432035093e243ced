//! The end of a run, in the terminal.

use std::fmt::Write as _;

use super::coverage::percent;
use super::summary::Summary;
use super::tally::Tally;
use crate::history::Micros;
use crate::judge::Verdict;

/// Complaints that a terminal shows of each judge; the report has more of them.
const SHOWN: usize = 3;
/// Faults without effect that are named.
const NAMED: usize = 5;

/// The judges with what they found, sums, coverage, and where to read more.
pub fn text(summary: &Summary) -> String {
    let mut text = String::new();
    judges(&mut text, &summary.judges);
    text.push('\n');
    sums(&mut text, summary);
    for table in &summary.coverage {
        let (reached, possible) = (table.reached, table.possible);
        let percent = percent(reached, possible);
        line(
            &mut text,
            &format!(
                "coverage, {}: {reached} of {possible} ({percent} %)",
                table.title
            ),
        );
    }
    line(&mut text, &format!("again: {}", summary.replay.command));
    line(
        &mut text,
        "the timeline and all the rest: report.html among the artefacts",
    );
    line(&mut text, &summary.verdict.sentence);
    text
}

fn judges(text: &mut String, judges: &[Verdict]) {
    let width = judges.iter().map(|verdict| verdict.judge.len()).max();
    let width = width.unwrap_or(0);
    for verdict in judges {
        let word = word(verdict);
        let (judge, facts, rule) = (&verdict.judge, verdict.facts, &verdict.rule);
        line(
            text,
            &format!("{word:4} {judge:width$} {facts:>8} facts  {rule}"),
        );
        for complaint in verdict.complaints.iter().take(SHOWN) {
            let at = seconds(complaint.at);
            line(text, &format!("       {at} {}", complaint.text));
        }
        let shown = verdict.complaints.len().min(SHOWN);
        let others = verdict.complaints_in_all - shown as u64;
        if others > 0 {
            line(text, &format!("       and {others} more"));
        }
    }
}

/// What a judge says in one word.
pub(super) fn word(verdict: &Verdict) -> &'static str {
    if !verdict.is_content() {
        "FAIL"
    } else if verdict.is_skipped() {
        "skip"
    } else {
        "ok"
    }
}

/// A moment of a run.
pub(super) fn seconds(at: Micros) -> String {
    format!("{}.{:03} s", at / 1_000_000, at / 1_000 % 1_000)
}

fn sums(text: &mut String, summary: &Summary) {
    for (what, tallies) in [("requests", &summary.requests), ("logins", &summary.logins)] {
        let sum = |count: fn(&Tally) -> u64| tallies.iter().map(count).sum::<u64>();
        line(
            text,
            &format!(
                "{what}: {}, of which {} ok, {} failed with an SQLSTATE, {} without, {} abandoned, \
                 {} unanswered",
                sum(|tally| tally.asked),
                sum(|tally| tally.ok),
                sum(|tally| tally.failed.values().sum()),
                sum(|tally| tally.failed_without_sqlstate),
                sum(|tally| tally.abandoned),
                sum(|tally| tally.unanswered),
            ),
        );
    }
    let duds: Vec<&str> = summary.duds().map(|fault| fault.words.as_str()).collect();
    let mut faults = format!("faults: {}", summary.faults.len());
    if !duds.is_empty() {
        let named = duds[..duds.len().min(NAMED)].join(" | ");
        let more = if duds.len() > NAMED { " …" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(faults, ", {} without effect: {named}{more}", duds.len());
    }
    line(text, &faults);
}

/// One line: what a run says may hold line ends and control characters, a terminal must not see them.
fn line(text: &mut String, words: &str) {
    text.extend(
        words
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c }),
    );
    text.push('\n');
}
