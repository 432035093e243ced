//! Does every reply reach the one who asked, and whole?

use std::collections::HashMap;

use super::{Judge, Verdict, who};
use crate::history::{History, ListStep, Op, Outcome, Work};

pub(super) struct Replies;

/// A row or a line of an answer: whose token, and its number.
type Numbered<'h> = (&'h str, u64);

impl Judge for Replies {
    fn name(&self) -> &'static str {
        "replies"
    }

    fn rule(&self) -> &'static str {
        "every reply reaches the one who asked, whole and in order"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let askers = who::askers(history);
        for op in &history.ops {
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            if matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned) {
                continue;
            }
            verdict.fact();
            if let Some(why) = complaint(history, &askers, op, &answer.outcome) {
                verdict.complain(*at, format!("{} {why}", who::name(history, op)));
            }
        }
        verdict
    }
}

fn complaint(
    history: &History,
    askers: &HashMap<&str, &Op>,
    op: &Op,
    outcome: &Outcome,
) -> Option<String> {
    if !is_its_kind(&op.work, outcome) {
        return Some("was answered as if something else had been asked".to_owned());
    }
    let rows: Vec<Numbered<'_>> = match outcome {
        Outcome::Rows { rows } => rows.iter().map(|row| (&*row.token, row.number)).collect(),
        Outcome::Lines { lines } => lines.iter().map(|(token, n)| (&**token, *n)).collect(),
        _ => return None,
    };
    let own = who::token(&op.work)?;
    if let Some((strange, _)) = rows.iter().find(|(token, _)| *token != own) {
        return Some(match askers.get(strange) {
            Some(asker) => format!("got the reply to {}", who::name(history, asker)),
            None => format!("got a row with the token {strange:?}, which nobody sent"),
        });
    }
    let wanted = match &op.work {
        Work::Ask { rows, .. } | Work::CopyOut { rows, .. } => *rows,
        Work::Mark { .. } => 1,
        // How far a query came before it was cancelled, nobody can say.
        _ => return None,
    };
    miscounted(&rows, wanted)
}

/// Whether the answer has the shape that this work is answered with.
fn is_its_kind(work: &Work, outcome: &Outcome) -> bool {
    match work {
        Work::Ask { .. } | Work::Mark { .. } | Work::Cancelled { .. } => {
            // Who may be cancelled is another judge's question.
            matches!(outcome, Outcome::Rows { .. } | Outcome::Cancelled)
        }
        Work::Transfer { .. } | Work::CopyIn { .. } => {
            matches!(outcome, Outcome::Written | Outcome::Cancelled)
        }
        Work::Total => matches!(outcome, Outcome::Total { .. } | Outcome::Cancelled),
        Work::CopyOut { .. } => matches!(outcome, Outcome::Lines { .. } | Outcome::Cancelled),
        Work::Mail { .. } => matches!(outcome, Outcome::Mail { .. } | Outcome::Cancelled),
        Work::Lists { steps } => match outcome {
            Outcome::Lists { seen } => {
                let reads = steps
                    .iter()
                    .map(|step| matches!(step, ListStep::Read { .. }));
                reads.eq(seen.iter().map(Option::is_some))
            }
            outcome => matches!(outcome, Outcome::Cancelled),
        },
    }
}

/// What is wrong with the numbers, which are to be 1 to `wanted` in order.
fn miscounted(rows: &[Numbered<'_>], wanted: u64) -> Option<String> {
    let numbers = rows.iter().map(|(_, number)| *number);
    if numbers.clone().eq(1..=wanted) {
        return None;
    }
    let missing = (1..=wanted).find(|number| !numbers.clone().any(|found| found == *number));
    Some(match missing {
        Some(number) => format!("lacks row {number} of {wanted}"),
        None => format!(
            "got the rows {:?}, not 1 to {wanted}",
            numbers.collect::<Vec<_>>()
        ),
    })
}
