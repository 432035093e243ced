//! Reads that lack what was there before they were asked: of one primary, every snapshot has all
//! that was acknowledged, or seen by one that was acknowledged, before the snapshot was taken.

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use super::order::Orders;
use super::reads::Read;
use super::transaction::{Fate, Transactions, appends};
use crate::history::Micros;

/// From a moment on a list has at least so many values, and who says so.
type Floor = (Micros, usize, usize);

pub(super) fn check(
    known: &Transactions<'_>,
    reads: &[Read<'_>],
    orders: &Orders<'_>,
    found: &mut Vec<Finding>,
) {
    let floors = floors(known, reads, orders);
    for read in reads.iter().filter(|read| orders.has(read)) {
        let reader = &known.all[read.reader];
        let Some(floors) = floors.get(&read.list) else {
            continue;
        };
        let before = floors.partition_point(|(at, ..)| *at < reader.op.asked);
        let Some((_, least, witness)) = before.checked_sub(1).map(|last| floors[last]) else {
            continue;
        };
        let (count, list) = (read.others.len(), read.list);
        if count < least {
            let (name, witness) = (known.name(read.reader), known.name(witness));
            let text = format!(
                "stale read: {name} saw {count} values in list {list}, but {witness} had left or seen {least} before it was asked"
            );
            found.push((reader.ended, text));
        }
    }
}

/// Sorted by time, each with the most that was known by then.
fn floors(
    known: &Transactions<'_>,
    reads: &[Read<'_>],
    orders: &Orders<'_>,
) -> BTreeMap<u32, Vec<Floor>> {
    let mut places = HashMap::new();
    for (list, order) in &orders.lists {
        places.extend(
            order
                .iter()
                .enumerate()
                .map(|(at, value)| ((*list, *value), at)),
        );
    }
    let mut floors: BTreeMap<u32, Vec<Floor>> = BTreeMap::new();
    for (place, transaction) in known.all.iter().enumerate() {
        if transaction.fate != Fate::Committed {
            continue;
        }
        for (list, value) in appends(transaction.steps) {
            let at = match places.get(&(list, value)) {
                Some(at) => *at,
                // It is lost, and said to be.
                None if orders.are_final => continue,
                // It comes behind all that was ever read.
                None => orders.of(list).len(),
            };
            let all = floors.entry(list).or_default();
            all.push((transaction.ended, at + 1, place));
        }
    }
    for read in reads.iter().filter(|read| orders.has(read)) {
        let ended = known.all[read.reader].ended;
        let all = floors.entry(read.list).or_default();
        all.push((ended, read.seen.len(), read.reader));
    }
    for all in floors.values_mut() {
        all.sort_unstable();
        let mut most = (0, 0);
        for (_, least, witness) in all {
            most = most.max((*least, *witness));
            (*least, *witness) = most;
        }
    }
    floors
}
