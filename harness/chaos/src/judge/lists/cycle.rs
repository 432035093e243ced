//! The worst cycle of a component, in words.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Finding;
use super::edges::{Edge, Edges, Kind};
use super::transaction::Transactions;

/// From how many edges a short cycle is looked for: a whole history may be one component.
const TRIED: usize = 100;

/// A class of cycles: it has an edge of this kind, and the rest of these.
type Class = (&'static str, Kind, &'static [Kind]);

/// The worst first.
const CLASSES: [Class; 4] = [
    ("G0", Kind::Ww, &[Kind::Ww]),
    ("G1c", Kind::Wr, &[Kind::Ww, Kind::Wr]),
    ("G-single", Kind::Rw, &[Kind::Ww, Kind::Wr]),
    ("G2", Kind::Rw, &[Kind::Ww, Kind::Wr, Kind::Rw]),
];

/// A step of a cycle.
type Step = (usize, Edge);

pub(super) fn worst(
    known: &Transactions<'_>,
    edges: &Edges,
    component: &[usize],
) -> Option<Finding> {
    let inside: HashSet<usize> = component.iter().copied().collect();
    let found = CLASSES.iter().find_map(|class| {
        let cycle = shortest(edges, component, &inside, class)?;
        Some((class.0, cycle))
    });
    let (class, cycle) = found?;
    let at = cycle.iter().map(|(from, _)| known.all[*from].ended).max()?;
    let words: Vec<String> = cycle.iter().map(|step| words(known, step)).collect();
    Some((at, format!("{class}: {}", words.join("; "))))
}

fn shortest(
    edges: &Edges,
    component: &[usize],
    inside: &HashSet<usize>,
    (_, first, rest): &Class,
) -> Option<Vec<Step>> {
    let all = component.iter();
    let all = all.flat_map(|from| edges[*from].iter().map(|edge| (*from, *edge)));
    let firsts = all.filter(|(_, edge)| edge.kind == *first && inside.contains(&edge.to));
    let cycles = firsts.take(TRIED).filter_map(|(from, edge)| {
        let back = way(edges, inside, rest, edge.to, from)?;
        Some([vec![(from, edge)], back].concat())
    });
    cycles.min_by_key(Vec::len)
}

/// The shortest way from one to another along edges of these kinds.
fn way(
    edges: &Edges,
    inside: &HashSet<usize>,
    kinds: &[Kind],
    from: usize,
    to: usize,
) -> Option<Vec<Step>> {
    let mut came: HashMap<usize, Step> = HashMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(node) = next.pop_front() {
        if node == to {
            break;
        }
        for edge in &edges[node] {
            let fits = kinds.contains(&edge.kind) && inside.contains(&edge.to);
            if fits && edge.to != from && !came.contains_key(&edge.to) {
                came.insert(edge.to, (node, *edge));
                next.push_back(edge.to);
            }
        }
    }
    let mut steps = Vec::new();
    let mut node = to;
    while node != from {
        let step = *came.get(&node)?;
        steps.push(step);
        node = step.0;
    }
    steps.reverse();
    Some(steps)
}

fn words(known: &Transactions<'_>, (from, edge): &Step) -> String {
    let (from, to) = (known.name(*from), known.name(edge.to));
    let Edge { list, value, .. } = edge;
    match edge.kind {
        Kind::Ww => format!("{to} appended {value} to list {list} on top of {from}"),
        Kind::Wr => format!("{to} read {value} in list {list}, which {from} had appended"),
        Kind::Rw => format!("{from} read list {list} without {value}, which {to} appended"),
    }
}
