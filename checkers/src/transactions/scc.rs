//! Strongly connected components, iteratively (Tarjan 1972): a long history overflows no stack.

/// A directed graph whose edges are found as they are asked for.
pub(super) trait Digraph {
    /// Nodes are numbered from zero.
    fn node_count(&self) -> usize;
    /// The successor of a node at a cursor, and the next cursor; cursors begin at zero.
    fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)>;
}

const UNSEEN: u32 = u32::MAX;

/// The components of two or more of the given nodes, and those of one with an edge to itself.
///
/// Only edges among the roots' reachable nodes are followed; components come in reverse
/// topological order.
pub(super) fn components(
    graph: &impl Digraph,
    roots: impl IntoIterator<Item = u32>,
) -> Vec<Vec<u32>> {
    let mut number = vec![UNSEEN; graph.node_count()];
    let mut low: Vec<u32> = vec![0; graph.node_count()];
    let mut stack: Vec<u32> = Vec::new();
    let mut calls: Vec<(u32, u32)> = Vec::new();
    let mut found = Vec::new();
    let mut count = 0;
    // A node that left the stack has this as its low link, so that nothing is drawn from it.
    const DONE: u32 = u32::MAX;
    for root in roots {
        if number[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, cursor)) = calls.last_mut() {
            let here = *node;
            if *cursor == 0 && number[here as usize] == UNSEEN {
                number[here as usize] = count;
                low[here as usize] = count;
                count += 1;
                stack.push(here);
            }
            if let Some((next, following)) = graph.successor(here, *cursor) {
                *cursor = following;
                if number[next as usize] == UNSEEN {
                    calls.push((next, 0));
                } else if low[next as usize] != DONE {
                    low[here as usize] = low[here as usize].min(number[next as usize]);
                }
                continue;
            }
            calls.pop();
            let (mine, first) = (low[here as usize], number[here as usize]);
            if let Some((parent, _)) = calls.last() {
                low[*parent as usize] = low[*parent as usize].min(mine);
            }
            if mine == first {
                let start = stack
                    .iter()
                    .rposition(|other| *other == here)
                    .expect("the root of a component is on the stack");
                for member in &stack[start..] {
                    low[*member as usize] = DONE;
                }
                if stack.len() - start > 1 {
                    found.push(stack[start..].to_vec());
                }
                stack.truncate(start);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lists(Vec<Vec<u32>>);

    impl Digraph for Lists {
        fn node_count(&self) -> usize {
            self.0.len()
        }

        fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)> {
            let next = self.0[node as usize].get(cursor as usize)?;
            Some((*next, cursor + 1))
        }
    }

    fn sorted(lists: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
        let count = lists.len() as u32;
        let mut found = components(&Lists(lists), 0..count);
        for component in &mut found {
            component.sort_unstable();
        }
        found.sort();
        found
    }

    #[test]
    fn components_are_the_largest_sets_of_mutual_reach() {
        // 0 -> 1 -> 2 -> 0, 2 -> 3, 3 -> 4 -> 3, 5 alone.
        let lists = vec![vec![1], vec![2], vec![0, 3], vec![4], vec![3], vec![0]];
        assert_eq!(sorted(lists), [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn a_long_chain_overflows_no_stack() {
        let count = 200_000;
        let lists = (0..count).map(|node| vec![(node + 1) % count]).collect();
        assert_eq!(sorted(lists)[0].len(), count as usize);
    }
}
