//! Which claim about a member overrides which (section 4.2), and in which order members are probed
//! (section 4.3).

use murphy_sim::{NodeId, Stream};

use super::Mode;
use crate::service::membership::{Member, Status};

impl Member {
    /// Whether this overrides what was held before, as section 4.2 has it: within one life, `Confirm`
    /// overrides everything else, `Suspect` overrides `Alive` of the same incarnation and whatever is
    /// older, and `Alive` only what is older. A later life overrides an earlier one: to the paper they
    /// are two members.
    pub fn overrides(&self, held: &Member) -> bool {
        self.precedence() > held.precedence()
    }

    /// Equal for claims neither of which overrides the other.
    pub(super) const fn precedence(&self) -> (u32, bool, u32, bool) {
        let life = self.incarnation.life;
        match self.status {
            Status::Alive => (life, false, self.incarnation.number, false),
            Status::Suspect => (life, false, self.incarnation.number, true),
            Status::Failed => (life, true, 0, false),
        }
    }
}

/// The members that a node probes: those that it has not confirmed to have failed.
///
/// Taking turns, a member that stays is chosen again within 2n-1 periods, where n is how many there
/// are: first in one turn, last in the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProbeOrder {
    mode: Mode,
    members: Vec<NodeId>,
    /// Whose turn it is.
    next: usize,
}

impl ProbeOrder {
    pub(super) fn new(mode: Mode, members: impl Iterator<Item = NodeId>) -> ProbeOrder {
        let members: Vec<NodeId> = members.collect();
        ProbeOrder {
            mode,
            // So that the first turn begins with shuffling.
            next: members.len(),
            members,
        }
    }

    /// Whom to probe now.
    pub(super) fn choose(&mut self, stream: &mut Stream) -> Option<NodeId> {
        if self.members.is_empty() {
            return None;
        }
        if self.mode == Mode::Random {
            return Some(*stream.choose(&self.members));
        }
        if self.next >= self.members.len() {
            stream.shuffle(&mut self.members);
            self.next = 0;
        }
        self.next += 1;
        Some(self.members[self.next - 1])
    }

    /// A new member takes any place in the order.
    pub(super) fn insert(&mut self, member: NodeId, stream: &mut Stream) {
        assert!(!self.members.contains(&member), "a member has one place");
        let place = stream.index(self.members.len() + 1);
        self.members.insert(place, member);
        self.next += usize::from(place < self.next);
    }

    /// A member that has failed is probed no more.
    pub(super) fn remove(&mut self, member: NodeId) {
        let place = self.members.iter().position(|m| *m == member);
        let place = place.expect("a member that was not confirmed to have failed has a place");
        self.members.remove(place);
        self.next -= usize::from(place < self.next);
    }

    /// Up to so many members other than this one, drawn.
    pub(super) fn helpers(&self, count: usize, not: NodeId, stream: &mut Stream) -> Vec<NodeId> {
        let others = self.members.iter().copied().filter(|m| *m != not);
        let mut helpers: Vec<NodeId> = others.collect();
        stream.shuffle(&mut helpers);
        helpers.truncate(count);
        helpers
    }
}
