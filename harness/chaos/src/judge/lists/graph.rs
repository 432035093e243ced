//! Tarjan's strongly connected components, without recursion: a history may be one long chain.

use super::edges::Edges;

const UNSEEN: usize = usize::MAX;

/// Groups of more than one in which each comes before each other.
pub(super) fn components(edges: &Edges) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        index: vec![UNSEEN; edges.len()],
        low: vec![0; edges.len()],
        on_stack: vec![false; edges.len()],
        stack: Vec::new(),
        count: 0,
        found: Vec::new(),
    };
    for root in 0..edges.len() {
        if search.index[root] == UNSEEN {
            search.from(root);
        }
    }
    search.found
}

struct Search<'e> {
    edges: &'e Edges,
    /// In which order each was met.
    index: Vec<usize>,
    /// The earliest that it leads back to.
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    count: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, root: usize) {
        // What recursion would keep: a node, and how many of its edges have been followed.
        let mut path = vec![(root, 0)];
        self.meet(root);
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            if let Some(edge) = self.edges[node].get(*followed) {
                *followed += 1;
                let to = edge.to;
                if self.index[to] == UNSEEN {
                    self.meet(to);
                    path.push((to, 0));
                } else if self.on_stack[to] {
                    self.low[node] = self.low[node].min(self.index[to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if self.low[node] == self.index[node] {
                self.close(node);
            }
        }
    }

    fn meet(&mut self, node: usize) {
        self.index[node] = self.count;
        self.low[node] = self.count;
        self.count += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    /// Everything on the stack down to this node is one component.
    fn close(&mut self, node: usize) {
        let from = self.stack.iter().rposition(|other| *other == node);
        let component = self.stack.split_off(from.unwrap_or(0));
        for other in &component {
            self.on_stack[*other] = false;
        }
        if component.len() > 1 {
            self.found.push(component);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::lists::edges::{Edge, Kind};

    fn graph(nodes: usize, pairs: &[(usize, usize)]) -> Edges {
        let mut edges: Edges = (0..nodes).map(|_| Vec::new()).collect();
        for (from, to) in pairs {
            edges[*from].push(Edge {
                to: *to,
                kind: Kind::Ww,
                list: 0,
                value: 0,
            });
        }
        edges
    }

    fn found(nodes: usize, pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut found = components(&graph(nodes, pairs));
        for component in &mut found {
            component.sort_unstable();
        }
        found.sort();
        found
    }

    #[test]
    fn only_what_leads_back_is_a_component() {
        assert_eq!(found(3, &[(0, 1), (1, 2), (0, 2)]), [[0; 0]; 0]);
        assert_eq!(found(3, &[(0, 1), (1, 2), (2, 1)]), [[1, 2]]);
        assert_eq!(
            found(5, &[(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2)]),
            [vec![0, 1], vec![2, 3, 4]]
        );
    }

    #[test]
    fn a_chain_of_a_million_fits() {
        let nodes = 1_000_000;
        let chain: Vec<_> = (1..nodes).map(|node| (node - 1, node)).collect();
        assert_eq!(components(&graph(nodes, &chain)).len(), 0);
    }
}
