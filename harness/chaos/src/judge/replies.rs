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

#[cfg(test)]
pub(super) mod tests {
    use crate::history::Outcome;
    use crate::judge::fixture::{ASK, BOBS, COPY_OUT, LISTS, MARK, Seeded, TRANSFER};

    const OWN: &[&str] = &["replies"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            &["replies", "identity"],
            "two clients get each other's replies",
            |book| {
                let bobs = book.rows(ASK + BOBS).clone();
                *book.rows(ASK) = bobs;
            },
            "alice#1's request 1 (ask) got the reply to bob#2's request 10 (ask)",
        ),
        Seeded::new(
            OWN,
            "a client gets the reply to its own next request",
            |book| book.rows(MARK)[0].token = "t1".to_owned(),
            "alice#1's request 2 (mark) got the reply to alice#1's request 1 (ask)",
        ),
        Seeded::new(
            OWN,
            "a token out of nowhere",
            |book| book.rows(ASK)[1].token = "abc".to_owned(),
            "got a row with the token \"abc\", which nobody sent",
        ),
        Seeded::new(
            OWN,
            "a row is swallowed",
            |book| drop(book.rows(ASK).remove(1)),
            "alice#1's request 1 (ask) lacks row 2 of 3",
        ),
        Seeded::new(
            OWN,
            "no row at all",
            |book| book.rows(MARK).clear(),
            "(mark) lacks row 1 of 1",
        ),
        Seeded::new(
            OWN,
            "a row comes twice",
            |book| {
                let last = book.rows(ASK)[2].clone();
                book.rows(ASK).push(last);
            },
            "got the rows [1, 2, 3, 3], not 1 to 3",
        ),
        Seeded::new(
            OWN,
            "rows change places",
            |book| book.rows(ASK).swap(0, 1),
            "got the rows [2, 1, 3], not 1 to 3",
        ),
        Seeded::new(
            OWN,
            "a line of COPY OUT is another's",
            |book| {
                let lines = (1..=4).map(|number| ("t10".to_owned(), number)).collect();
                book.answer(COPY_OUT).outcome = Outcome::Lines { lines };
            },
            "(copy-out) got the reply to bob#2's request 10 (ask)",
        ),
        Seeded::new(
            OWN,
            "COPY OUT ends early",
            |book| book.answer(COPY_OUT).outcome = Outcome::Lines { lines: Vec::new() },
            "(copy-out) lacks row 1 of 4",
        ),
        Seeded::new(
            OWN,
            "an answer of another kind",
            |book| book.answer(TRANSFER).outcome = Outcome::Total { sum: 400 },
            "(transfer) was answered as if something else had been asked",
        ),
        Seeded::new(
            &["replies"],
            "a read without its list",
            |book| book.answer(LISTS).outcome = Outcome::Lists { seen: Vec::new() },
            "(lists) was answered as if something else had been asked",
        ),
    ];
}
