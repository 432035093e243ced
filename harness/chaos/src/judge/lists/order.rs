//! The order in which the values of each list came: what is there at the end, or the longest read.

use std::collections::BTreeMap;

use super::Finding;
use super::reads::{Read, end};
use super::transaction::Transactions;

#[derive(Default)]
pub(super) struct Orders<'h> {
    pub(super) lists: BTreeMap<u32, &'h [u64]>,
    /// Whether they are what the database holds at the end, and not only what was read.
    pub(super) are_final: bool,
}

impl<'h> Orders<'h> {
    pub(super) fn of(&self, list: u32) -> &'h [u64] {
        self.lists.get(&list).copied().unwrap_or_default()
    }

    /// Whether the read agrees with it: each state of a list is a beginning of all later ones.
    pub(super) fn has(&self, read: &Read<'_>) -> bool {
        self.of(read.list).starts_with(read.seen)
    }
}

pub(super) fn infer<'h>(
    known: &Transactions<'h>,
    reads: &[Read<'h>],
    found: &mut Vec<Finding>,
) -> Orders<'h> {
    let mut orders = Orders::default();
    if let Some(contents) = &known.history.contents {
        orders.are_final = true;
        let lists = contents.lists.iter();
        orders.lists = lists.map(|(list, items)| (*list, &**items)).collect();
    } else {
        for read in reads {
            let longest = orders.lists.entry(read.list).or_default();
            if longest.len() < read.seen.len() {
                *longest = read.seen;
            }
        }
    }
    for read in reads.iter().filter(|read| !orders.has(read)) {
        let (reader, list) = (known.name(read.reader), read.list);
        let (seen, order) = (end(read.seen), end(orders.of(list)));
        let where_from = if orders.are_final {
            "at the end it is"
        } else {
            "another read it as"
        };
        found.push((
            known.all[read.reader].ended,
            format!(
                "incompatible order: {reader} read list {list} as {seen}, {where_from} {order}"
            ),
        ));
    }
    orders
}
