//! What each committed transaction has read, without what it had itself appended by then.

use std::collections::BTreeMap;

use super::Finding;
use super::transaction::{Fate, Transaction, Transactions};
use crate::history::ListStep;

/// The first read of a list in a transaction; later ones have to agree with it.
pub(super) struct Read<'h> {
    pub(super) reader: usize,
    pub(super) list: u32,
    /// All that it saw.
    pub(super) seen: &'h [u64],
    /// The part of it that others had appended.
    pub(super) others: &'h [u64],
}

/// What a transaction knows of one list.
#[derive(Default)]
struct Known<'h> {
    others: Option<&'h [u64]>,
    own: Vec<u64>,
}

/// Follows each transaction through its steps.
pub(super) fn of<'h>(known: &Transactions<'h>, found: &mut Vec<Finding>) -> Vec<Read<'h>> {
    let mut reads = Vec::new();
    for (place, transaction) in known.all.iter().enumerate() {
        if transaction.fate == Fate::Committed {
            let wrong = follow(place, transaction, &mut reads);
            let told = wrong.map(|why| format!("internal: {} {why}", known.name(place)));
            found.extend(told.map(|text| (transaction.ended, text)));
        }
    }
    reads
}

fn follow<'h>(
    place: usize,
    transaction: &Transaction<'h>,
    reads: &mut Vec<Read<'h>>,
) -> Option<String> {
    let mut lists: BTreeMap<u32, Known<'h>> = BTreeMap::new();
    let mut wrong = None;
    for (step, seen) in transaction.steps.iter().zip(transaction.seen) {
        match (step, seen) {
            (ListStep::Append { list, value }, _) => {
                lists.entry(*list).or_default().own.push(*value);
            }
            (ListStep::Read { list }, Some(seen)) => {
                let known = lists.entry(*list).or_default();
                let own = &known.own;
                let Some(others) = seen.strip_suffix(own.as_slice()) else {
                    wrong = Some(format!(
                        "read list {list} as {}, though it had appended {own:?}",
                        end(seen)
                    ));
                    continue;
                };
                if let Some(before) = known.others {
                    if before != others {
                        wrong = Some(format!("read list {list} twice, and it was another"));
                    }
                    continue;
                }
                known.others = Some(others);
                reads.push(Read {
                    reader: place,
                    list: *list,
                    seen,
                    others,
                });
            }
            // An answer of another shape is the complaint of another judge.
            (ListStep::Read { .. }, None) => {}
        }
    }
    wrong
}

/// The last values of a list: enough to find it.
pub(super) fn end(values: &[u64]) -> String {
    const SHOWN: usize = 4;
    match values.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => {
            format!("[{more} values, {}", &format!("{:?}", &values[more..])[1..])
        }
        _ => format!("{values:?}"),
    }
}
