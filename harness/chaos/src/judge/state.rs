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
