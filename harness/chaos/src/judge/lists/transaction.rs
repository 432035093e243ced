//! The requests over lists as transactions, and who appended which value.

use std::collections::HashMap;

use crate::history::{Effect, History, ListStep, Micros, Op, Outcome, Work};
use crate::judge::who;

/// What is known of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    RolledBack,
    Unknown,
}

pub(super) struct Transaction<'h> {
    pub(super) op: &'h Op,
    pub(super) steps: &'h [ListStep],
    pub(super) fate: Fate,
    /// What each step saw, where that is known.
    pub(super) seen: &'h [Option<Vec<u64>>],
    /// When it was answered; the end of the history for what never was.
    pub(super) ended: Micros,
}

/// The writer of a value: its place among the transactions, and the list that it meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    pub(super) place: usize,
    pub(super) list: u32,
}

/// All of them, in the order in which they were asked.
pub(super) struct Transactions<'h> {
    pub(super) history: &'h History,
    pub(super) all: Vec<Transaction<'h>>,
    writers: HashMap<u64, Writer>,
}

impl<'h> Transactions<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let mut all = Vec::new();
        let mut writers = HashMap::new();
        for op in &history.ops {
            let Work::Lists { steps } = &op.work else {
                continue;
            };
            let place = all.len();
            for (list, value) in appends(steps) {
                writers.insert(value, Writer { place, list });
            }
            let outcome = op.answer.as_ref().map(|(_, answer)| &answer.outcome);
            let (fate, seen): (_, &[_]) = match outcome {
                Some(Outcome::Lists { seen }) => (Fate::Committed, seen),
                Some(Outcome::Failed {
                    effect: Effect::None,
                    ..
                }) => (Fate::RolledBack, &[]),
                _ => (Fate::Unknown, &[]),
            };
            let ended = op.answer.as_ref().map_or(history.end(), |(at, _)| *at);
            all.push(Transaction {
                op,
                steps,
                fate,
                seen,
                ended,
            });
        }
        Self {
            history,
            all,
            writers,
        }
    }

    pub(super) fn writer(&self, value: u64) -> Option<Writer> {
        self.writers.get(&value).copied()
    }

    /// The transaction that appended the value to this list and was not rolled back.
    pub(super) fn lasting(&self, list: u32, value: u64) -> Option<usize> {
        let writer = self.writer(value)?;
        let lasts = self.all[writer.place].fate != Fate::RolledBack;
        (lasts && writer.list == list).then_some(writer.place)
    }

    pub(super) fn name(&self, place: usize) -> String {
        who::name(self.history, self.all[place].op)
    }
}

/// What it appends: list and value.
pub(super) fn appends(steps: &[ListStep]) -> impl Iterator<Item = (u32, u64)> {
    steps.iter().filter_map(|step| match step {
        ListStep::Append { list, value } => Some((*list, *value)),
        ListStep::Read { .. } => None,
    })
}
