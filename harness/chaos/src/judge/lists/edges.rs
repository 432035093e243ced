//! Which transaction has to come before which.

use super::order::Orders;
use super::reads::Read;
use super::transaction::{Fate, Transactions};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both appended, the one before the other.
    Ww,
    /// The second read what the first had appended.
    Wr,
    /// The first read before the second appended.
    Rw,
}

/// To a transaction that has to come later, for the sake of this value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) kind: Kind,
    pub(super) list: u32,
    pub(super) value: u64,
}

/// From each transaction, by its place.
pub(super) type Edges = Vec<Vec<Edge>>;

pub(super) fn between(known: &Transactions<'_>, reads: &[Read<'_>], orders: &Orders<'_>) -> Edges {
    let mut edges: Edges = known.all.iter().map(|_| Vec::new()).collect();
    let mut add = |from: usize, edge: Edge| {
        if from != edge.to {
            edges[from].push(edge);
        }
    };
    for (list, order) in &orders.lists {
        // What was rolled back has no place among the others.
        let lasting = order.iter();
        let lasting = lasting.filter_map(|value| Some((known.lasting(*list, *value)?, *value)));
        let lasting: Vec<(usize, u64)> = lasting.collect();
        for pair in lasting.windows(2) {
            let ((from, _), (to, value)) = (pair[0], pair[1]);
            let (kind, list) = (Kind::Ww, *list);
            add(
                from,
                Edge {
                    to,
                    kind,
                    list,
                    value,
                },
            );
        }
    }
    // A read that agrees with no order has no place in it.
    for read in reads.iter().filter(|read| orders.has(read)) {
        debug_assert_eq!(known.all[read.reader].fate, Fate::Committed);
        let (list, order) = (read.list, orders.of(read.list));
        let (seen, later) = order.split_at(read.others.len());
        let writer = |value: &u64| Some((known.lasting(list, *value)?, *value));
        if let Some((from, value)) = seen.iter().rev().find_map(writer) {
            let (to, kind) = (read.reader, Kind::Wr);
            add(
                from,
                Edge {
                    to,
                    kind,
                    list,
                    value,
                },
            );
        }
        if let Some((to, value)) = later.iter().find_map(writer) {
            let kind = Kind::Rw;
            add(
                read.reader,
                Edge {
                    to,
                    kind,
                    list,
                    value,
                },
            );
        }
    }
    edges
}
