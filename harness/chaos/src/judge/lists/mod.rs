//! Is there an order in which the transactions over lists could have run one after the other?
//!
//! A list only grows, so whoever reads it also tells in which order its values came. From reads and
//! from what is there at the end the judge infers which transaction came before which, and looks for
//! what no order allows, under the names of Adya and of Elle (Kingsbury and Alvaro, VLDB 2020):
//!
//! | anomaly | what it is |
//! |---|---|
//! | internal | a transaction does not see what it has itself appended or read before |
//! | duplicate | a value is twice in a list |
//! | phantom | a value that nobody appended, or in another list than it was appended to |
//! | incompatible order | two reads, or a read and the end, of which neither begins with the other |
//! | G1a, aborted read | a value was read that a transaction had appended and rolled back |
//! | dirty update | a value was appended on top of one that was rolled back |
//! | G1b, intermediate read | a read ends between two appends of one transaction |
//! | lost append | it was acknowledged and is not there |
//! | torn | of a transaction whose fate nobody was told, a part is there |
//! | stale read | a read lacks what was acknowledged, or read, before it was asked |
//! | G0 | a cycle of appends on top of each other (ww) |
//! | G1c | of these, and of reads of what another has appended (wr) |
//! | G-single | with one read of a list to which another appended later (rw): lost updates, read skew |
//! | G2 | with more than one of those: write skew |
//!
//! The graph has no edges of real time: SERIALIZABLE promises an order, not that it is the order of
//! the clock. What every snapshot of one primary does promise, that it has all that was committed
//! before it was taken, is the stale read; it covers the order within a session, too.
//!
//! It is our own because nothing published fits: Elle is for the JVM; on crates.io `elle` is another
//! thing and `dbcop` is not there, and that one reads registers, not lists, and searches for an order,
//! where a list tells it. Ours costs as much as the history is long.

mod cycle;
mod edges;
mod graph;
mod order;
mod reads;
#[cfg(test)]
mod simulated;
mod stale;
#[cfg(test)]
pub(super) mod tests;
mod transaction;
mod values;

use super::{Judge, Verdict};
use crate::history::{History, Micros};
use transaction::Transactions;

pub(super) struct Lists;

/// What is wrong, and when it was known.
type Finding = (Micros, String);

impl Judge for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }

    fn rule(&self) -> &'static str {
        "transactions over lists are serializable, and a read has all that was acknowledged before it was asked"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let known = Transactions::of(history);
        verdict.facts = known.all.len() as u64;
        for (at, text) in findings(&known) {
            verdict.complain(at, text);
        }
        verdict
    }
}

fn findings(known: &Transactions<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let reads = reads::of(known, &mut found);
    let orders = order::infer(known, &reads, &mut found);
    values::check(known, &reads, &orders, &mut found);
    stale::check(known, &reads, &orders, &mut found);
    let edges = edges::between(known, &reads, &orders);
    for component in graph::components(&edges) {
        found.extend(cycle::worst(known, &edges, &component));
    }
    found
}
