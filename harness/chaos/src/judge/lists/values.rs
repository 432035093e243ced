//! Each value by itself: whether it may be where it is, and whether it is where it has to be.

use std::collections::{BTreeMap, HashSet};

use super::Finding;
use super::order::Orders;
use super::reads::Read;
use super::transaction::{Fate, Transactions, appends};
use crate::history::Micros;

pub(super) fn check(
    known: &Transactions<'_>,
    reads: &[Read<'_>],
    orders: &Orders<'_>,
    found: &mut Vec<Finding>,
) {
    let end = known.history.end();
    let first = first_readers(reads);
    for (list, order) in &orders.lists {
        strange(known, *list, order, end, "is", found);
        rolled_back(known, *list, order, first.get(list), found);
    }
    for read in reads {
        let ended = known.all[read.reader].ended;
        if !orders.has(read) {
            let reader = format!("was read by {}", known.name(read.reader));
            strange(known, read.list, read.seen, ended, &reader, found);
            let alone = [(read.seen.len(), read.reader)];
            rolled_back(known, read.list, read.seen, Some(&alone.to_vec()), found);
        }
        if let Some(why) = intermediate(known, read) {
            let reader = known.name(read.reader);
            found.push((ended, format!("G1b (intermediate read): {reader} {why}")));
        }
    }
    if orders.are_final {
        missing(known, orders, found);
    }
}

/// For each list who read how much of it, the shortest first.
type Readers = Vec<(usize, usize)>;

fn first_readers(reads: &[Read<'_>]) -> BTreeMap<u32, Readers> {
    let mut readers: BTreeMap<u32, Readers> = BTreeMap::new();
    for read in reads {
        let all = readers.entry(read.list).or_default();
        all.push((read.others.len(), read.reader));
    }
    for all in readers.values_mut() {
        all.sort_unstable();
    }
    readers
}

/// Values that are there twice, or that nobody meant for this list.
fn strange(
    known: &Transactions<'_>,
    list: u32,
    values: &[u64],
    at: Micros,
    how: &str,
    found: &mut Vec<Finding>,
) {
    let mut before = HashSet::new();
    for value in values {
        if !before.insert(value) {
            found.push((at, format!("duplicate: {value} {how} in list {list} twice")));
        }
        match known.writer(*value) {
            None => {
                let text = format!("phantom: {value} {how} in list {list}, and nobody appended it");
                found.push((at, text));
            }
            Some(writer) if writer.list != list => {
                let (name, meant) = (known.name(writer.place), writer.list);
                let text = format!(
                    "phantom: {value} {how} in list {list}, but {name} appended it to list {meant}"
                );
                found.push((at, text));
            }
            Some(_) => {}
        }
    }
}

/// Values of transactions that were rolled back: who has read them, and who built on them.
fn rolled_back(
    known: &Transactions<'_>,
    list: u32,
    order: &[u64],
    readers: Option<&Readers>,
    found: &mut Vec<Finding>,
) {
    for (at, value) in order.iter().enumerate() {
        let Some(writer) = known.writer(*value) else {
            continue;
        };
        if known.all[writer.place].fate != Fate::RolledBack {
            continue;
        }
        let name = known.name(writer.place);
        let reader = readers.and_then(|readers| {
            let first = readers.partition_point(|(read, _)| *read <= at);
            readers.get(first)
        });
        found.push(match reader {
            Some((_, reader)) => (
                known.all[*reader].ended,
                format!(
                    "G1a (aborted read): {} read {value} in list {list}, which {name} had rolled back",
                    known.name(*reader)
                ),
            ),
            None => (
                known.history.end(),
                format!("G1a (aborted): {value} is in list {list}, though {name} was rolled back"),
            ),
        });
        let next = order
            .get(at + 1)
            .and_then(|next| known.lasting(list, *next));
        if let Some(next) = next {
            let text = format!(
                "dirty update: {} appended to list {list} on top of {value}, which {name} had rolled back",
                known.name(next)
            );
            found.push((known.all[next].ended, text));
        }
    }
}

/// A read that ends with an append of another transaction which was not its last to this list.
fn intermediate(known: &Transactions<'_>, read: &Read<'_>) -> Option<String> {
    let last = *read.others.last()?;
    let writer = known.lasting(read.list, last)?;
    let steps = known.all[writer].steps;
    let to_list = appends(steps).filter(|(list, _)| *list == read.list);
    let (_, later) = to_list.last()?;
    (later != last && writer != read.reader).then(|| {
        let name = known.name(writer);
        format!(
            "read list {} up to {last}, but {name} had appended {later} with it",
            read.list
        )
    })
}

/// Appends that have to be there and are not, or only in part.
fn missing(known: &Transactions<'_>, orders: &Orders<'_>, found: &mut Vec<Finding>) {
    let lists = orders.lists.iter();
    let there: HashSet<(u32, u64)> = lists
        .flat_map(|(list, order)| order.iter().map(|value| (*list, *value)))
        .collect();
    for (place, transaction) in known.all.iter().enumerate() {
        let absent = appends(transaction.steps).filter(|append| !there.contains(append));
        let absent: Vec<(u32, u64)> = absent.collect();
        let Some((list, value)) = absent.first() else {
            continue;
        };
        let all = appends(transaction.steps).count();
        let name = known.name(place);
        let text = match transaction.fate {
            Fate::Committed => {
                format!("lost append: {name} was acknowledged, but {value} is not in list {list}")
            }
            Fate::Unknown if absent.len() < all => {
                format!("torn: {name} is only partly there, {value} is not in list {list}")
            }
            _ => continue,
        };
        found.push((known.history.end(), text));
    }
}
