//! What a leader knows beside its log: how far each follower is, whom it has heard, which calls wait.
//! Volatile (Figure 2): the next leader finds it out anew.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Membership, NodeId, Time};

use super::{
    message::{Index, Members},
    reads::Read,
};

/// A leader's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// Its own first entry.
    pub(super) opening: Index,
    /// Its own disk has got so far.
    pub(super) durable: Index,
    /// Everybody that it sends to: members, those that are about to join, and those that have left
    /// and should hear of it.
    pub(super) followers: BTreeMap<NodeId, Follower>,
    /// How many messages of entries it has sent.
    pub(super) sequence: u64,
    /// How many times it has asked everybody whether it still leads.
    pub(super) round: u64,
    /// Reads that wait for a round, in order.
    pub(super) reads: Vec<Read>,
    /// Updates that wait to be committed.
    pub(super) waiting: BTreeMap<Index, CallId>,
    /// What an operator has asked for and is not done.
    pub(super) wishes: Vec<Membership>,
    /// How many reads it has answered under its lease, for an invariant to look at.
    pub(super) leased_reads: u64,
}

/// What a leader knows of another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Follower {
    /// The next entry to send.
    pub(super) next: Index,
    /// Up to here its log is as the leader's, on its disk.
    pub(super) matched: Index,
    /// The message of entries that it has not answered. There is one at a time.
    pub(super) outstanding: Option<u64>,
    /// That message is older than the last heartbeat.
    pub(super) is_late: bool,
    /// When it was last heard, by the monotonic clock.
    pub(super) heard: Time,
    /// The last round that it has answered.
    pub(super) round: u64,
    /// When that round was asked, by the clock of leases; none before the first.
    pub(super) round_sent: Option<Time>,
}

impl Follower {
    /// One that is taken to have all, until it says otherwise.
    pub(super) const fn new(next: Index, now: Time) -> Follower {
        Follower {
            next,
            matched: Index(0),
            outstanding: None,
            is_late: false,
            heard: now,
            round: 0,
            round_sent: None,
        }
    }
}

impl Leader {
    pub(super) fn new(opening: Index, others: impl Iterator<Item = NodeId>, now: Time) -> Leader {
        Leader {
            opening,
            durable: Index(0),
            followers: others
                .map(|node| (node, Follower::new(opening, now)))
                .collect(),
            sequence: 0,
            round: 0,
            reads: Vec::new(),
            waiting: BTreeMap::new(),
            wishes: Vec::new(),
            leased_reads: 0,
        }
    }

    /// The largest value that a majority of the members has reached, the leader itself with `mine`;
    /// a leader that is on its way out does not count itself (dissertation, section 4.2.2).
    pub(super) fn majority<T: Ord + Copy>(
        &self,
        me: NodeId,
        members: &Members,
        mine: T,
        of: impl Fn(&Follower) -> T,
        of_strangers: T,
    ) -> T {
        const MEMBERS_USUALLY: usize = 8;
        let value = |node: &NodeId| match self.followers.get(node) {
            _ if *node == me => mine,
            Some(follower) => of(follower),
            None => of_strangers,
        };
        let mut few = [of_strangers; MEMBERS_USUALLY];
        let mut many = Vec::new();
        let values = match few.get_mut(..members.len()) {
            Some(few) => few,
            None => {
                many.resize(members.len(), of_strangers);
                &mut many[..]
            }
        };
        for (slot, node) in values.iter_mut().zip(members) {
            *slot = value(node);
        }
        values.sort_unstable();
        // With n values in rising order, those from (n - 1) / 2 on are a majority.
        values
            .get((members.len().max(1) - 1) / 2)
            .copied()
            .unwrap_or(of_strangers)
    }

    /// Which followers hold everything, and which do not answer.
    pub(super) fn abstraction(&self) -> Vec<(bool, bool)> {
        let followers = self.followers.values();
        followers
            .map(|follower| (follower.matched >= self.durable, follower.is_late))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(mine: u64, others: &[u64]) -> Index {
        let nodes = (1..=others.len() as u32).map(NodeId);
        let mut leader = Leader::new(Index(1), nodes, Time::ZERO);
        for (follower, matched) in leader.followers.values_mut().zip(others) {
            follower.matched = Index(*matched);
        }
        let members = (0..=others.len() as u32).map(NodeId).collect();
        let matched = |follower: &Follower| follower.matched;
        leader.majority(NodeId(0), &members, Index(mine), matched, Index(0))
    }

    #[test]
    fn a_majority_has_reached_what_more_than_half_have() {
        assert_eq!(reached(7, &[]), Index(7));
        assert_eq!(reached(7, &[3]), Index(3));
        assert_eq!(reached(7, &[3, 5]), Index(5));
        assert_eq!(reached(7, &[3, 5, 9]), Index(5));
        assert_eq!(reached(2, &[3, 5, 9, 1]), Index(3));
        assert_eq!(reached(2, &[3, 5, 9, 1, 1, 1, 1, 1, 1, 1]), Index(1));
    }

    #[test]
    fn a_leader_that_is_no_member_does_not_count() {
        let mut leader = Leader::new(Index(1), [NodeId(1), NodeId(2)].into_iter(), Time::ZERO);
        let members = [NodeId(1), NodeId(2)].into_iter().collect();
        leader.followers.values_mut().next().unwrap().matched = Index(4);
        let matched = |follower: &Follower| follower.matched;
        let reached = leader.majority(NodeId(0), &members, Index(9), matched, Index(0));
        assert_eq!(reached, Index(0));
    }
}
