//! How complaints name a request, and whose token it was.

use std::collections::HashMap;

use crate::history::{History, Op, Work};

/// A request by its asker, its number and its kind.
pub(super) fn name(history: &History, op: &Op) -> String {
    let (client, number, kind) = (history.client(op), op.number, op.work.kind());
    format!("{client}'s request {number} ({kind})")
}

/// Which request each token belongs to.
pub(super) fn askers(history: &History) -> HashMap<&str, &Op> {
    let ops = history.ops.iter();
    ops.filter_map(|op| Some((token(&op.work)?, op))).collect()
}

pub(super) fn token(work: &Work) -> Option<&str> {
    match work {
        Work::Ask { token, .. }
        | Work::Mark { token }
        | Work::Transfer { token, .. }
        | Work::CopyIn { token, .. }
        | Work::CopyOut { token, .. }
        | Work::Mail { token }
        | Work::Cancelled { token } => Some(token),
        Work::Total | Work::Lists { .. } => None,
    }
}
