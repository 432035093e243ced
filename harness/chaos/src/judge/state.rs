//! Does what a client sets in its session reach anybody else?

use super::{Judge, Verdict, identity, who};
use crate::history::History;

pub(super) struct State;

impl Judge for State {
    fn name(&self) -> &'static str {
        "state"
    }

    fn rule(&self) -> &'static str {
        "nobody meets a setting that another client has made"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        for op in &history.ops {
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            let held = answer
                .held
                .iter()
                .flat_map(|held| [&held.first, &held.last]);
            let origins = identity::origins(&answer.outcome).into_iter().chain(held);
            let mut marks = origins.map(|origin| &*origin.mark).peekable();
            if marks.peek().is_some() {
                verdict.fact();
            }
            let own = history.client(op);
            if let Some(mark) = marks.find(|mark| !mark.is_empty() && *mark != own) {
                let name = who::name(history, op);
                verdict.complain(*at, format!("{name} met the mark of {mark}"));
            }
        }
        verdict
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::Outcome;
    use crate::judge::fixture::{ASK, MAIL, MARK, Seeded, TRANSFER};

    const OWN: &[&str] = &["state"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a setting leaks to the next client",
            |book| book.rows(ASK)[2].origin.mark = "bob#2".to_owned(),
            "alice#1's request 1 (ask) met the mark of bob#2",
        ),
        Seeded::new(
            OWN,
            "into a transaction",
            |book| book.held(TRANSFER).last.mark = "bob#2".to_owned(),
            "(transfer) met the mark of bob#2",
        ),
        Seeded::new(
            OWN,
            "into a single statement",
            |book| {
                if let Outcome::Mail { origin, .. } = &mut book.answer(MAIL).outcome {
                    origin.mark = "bob#2".to_owned();
                }
            },
            "(mail) met the mark of bob#2",
        ),
        Seeded::pardon("a client meets its own mark", |book| {
            book.rows(MARK)[0].origin.mark = "alice#1".to_owned();
        }),
    ];
}
