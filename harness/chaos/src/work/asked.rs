//! A request that is under way.

use crate::history::{Answer, Outcome, What};

use super::desk::Desk;

/// It gets exactly one answer: whoever drops it has left in the middle.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) desk: &'a Desk,
    pub(super) op: u64,
    pub(super) open: bool,
}

impl Asked<'_> {
    /// Whether it succeeded.
    pub(super) fn answered(mut self, answer: Answer) -> bool {
        let well = !matches!(answer.outcome, Outcome::Failed { .. });
        let tally = &self.desk.tally;
        if well { &tally.ok } else { &tally.failed }.up();
        self.note(match &answer.outcome {
            // Nobody knows what it was told.
            Outcome::Failed { failure, .. } if failure.is_unheard() => Outcome::Abandoned.into(),
            _ => answer,
        });
        well
    }

    fn note(&mut self, answer: Answer) {
        self.open = false;
        let op = self.op;
        self.desk.recorder.note(What::Answered { op, answer });
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.open {
            self.note(Outcome::Abandoned.into());
        }
    }
}
