//! What nodes have noted since they were last looked at: for invariants that are checked after every event
//! and read everything once. A node's notes grow during its life, and begin anew after a crash.

use murphy_sim::NodeId;

/// How far each node's notes have been read.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The node's life, and how many notes of it.
    read: Vec<(u64, usize)>,
}

impl News {
    /// Those of the node's notes in this life that were not there when it was last looked at.
    pub(crate) fn since<'a, T>(&mut self, node: NodeId, life: u64, notes: &'a [T]) -> &'a [T] {
        if self.read.len() <= node.index() {
            self.read.resize(node.index() + 1, (0, 0));
        }
        let (known, count) = &mut self.read[node.index()];
        if *known != life {
            (*known, *count) = (life, 0);
        }
        let new = &notes[*count..];
        *count = notes.len();
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_once_and_again_after_a_crash() {
        let (mut news, node) = (News::default(), NodeId(2));
        assert_eq!(news.since(node, 7, &[1, 2]), [1, 2]);
        assert_eq!(news.since(node, 7, &[1, 2, 3]), [3]);
        assert_eq!(news.since(NodeId(0), 5, &[9]), [9]);
        assert_eq!(news.since(node, 8, &[1]), [1]);
    }
}
