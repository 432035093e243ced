//! Does a cancel request hit its own query and no other?

use super::{Judge, Verdict, who};
use crate::history::{History, Outcome, Work};

pub(super) struct Cancels;

impl Judge for Cancels {
    fn name(&self) -> &'static str {
        "cancels"
    }

    fn rule(&self) -> &'static str {
        "a cancel request hits the query that it is meant for, and no other"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        for op in &history.ops {
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            if matches!(op.work, Work::Cancelled { .. }) {
                // One that comes too late does nothing, so rows are an answer as well.
                verdict.fact();
                continue;
            }
            let hit = match &answer.outcome {
                Outcome::Cancelled => true,
                Outcome::Failed { failure, .. } => failure.sqlstate.as_deref() == Some("57014"),
                _ => false,
            };
            if hit {
                let name = who::name(history, op);
                verdict.complain(
                    *at,
                    format!("{name} was cancelled (57014), and nobody had asked for that"),
                );
            }
        }
        verdict
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::{Effect, Outcome};
    use crate::judge::fixture::{ASK, Book, CANCELLED, IN_STORM, MARK, Seeded};

    const OWN: &[&str] = &["cancels"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a cancel hits a neighbour",
            |book| book.fail(IN_STORM + ASK, Some("57014"), Effect::None),
            "alice#1's request 55 (ask) was cancelled (57014), and nobody had asked for that",
        ),
        Seeded::new(
            OWN,
            "a cancel hits the next request",
            |book| book.answer(MARK).outcome = Outcome::Cancelled,
            "alice#1's request 2 (mark) was cancelled (57014)",
        ),
        Seeded::pardon("a cancel comes too late", |book: &mut Book| {
            book.answer(CANCELLED).outcome = Outcome::Rows { rows: Vec::new() };
        }),
    ];
}
