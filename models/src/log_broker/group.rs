//! The consumer group: its members, who reads which partition, and up to where each partition is
//! processed. Follows from the partition of offsets, entry by entry. Pure.
//!
//! Kafka's group coordination (KIP-62, KIP-429 without its two phases): a new assignment has a new
//! generation, and what a member of an older one asks for is refused.

use std::collections::BTreeMap;

use murphy_sim::{CallId, ClientId};

use super::message::{Entry, Payload};
use crate::{
    service::log::{Generation, Offset, Partition, Session},
    shared::sessions::{Asked, Sessions},
};

/// The group after some prefix of the partition of offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Group {
    /// The assignment's number.
    pub generation: Generation,
    /// In order of joining.
    pub members: Vec<ClientId>,
    /// What whoever takes over a partition reads first.
    pub committed: BTreeMap<Partition, Offset>,
    /// The last commit of each member: one that was held back does not undo a later one.
    commits: Sessions<()>,
}

impl Group {
    /// What these entries make of it.
    pub(super) fn of(entries: &[Entry]) -> Group {
        let mut group = Group::default();
        for entry in entries {
            group.apply(&entry.payload);
        }
        group
    }

    pub(super) fn apply(&mut self, payload: &Payload) {
        match payload {
            Payload::Group {
                generation,
                members,
            } => {
                self.generation = *generation;
                self.members.clone_from(members);
            }
            Payload::Commit {
                call, positions, ..
            } => {
                if self.commits.look(*call) != Asked::Late {
                    self.commits.remember(*call, ());
                    self.committed.extend(positions);
                }
            }
            Payload::Message { .. } => unreachable!("messages are in other partitions"),
        }
    }

    /// The partitions that a member reads.
    pub(super) fn assigned(
        &self,
        member: ClientId,
        partitions: u32,
    ) -> impl Iterator<Item = Partition> {
        let members = self.members.len() as u32;
        let place = self.members.iter().position(|other| *other == member);
        (0..partitions)
            .filter(move |partition| place.is_some_and(|place| partition % members == place as u32))
    }

    /// What a member knows of itself that begins in this generation.
    pub(super) fn session(&self, member: ClientId, partitions: u32) -> Session {
        let position = |partition| {
            let committed = self.committed.get(&partition);
            (partition, committed.copied().unwrap_or(0))
        };
        Session {
            generation: self.generation,
            positions: self.assigned(member, partitions).map(position).collect(),
        }
    }

    /// Whether this is the session of a member as the group is now.
    pub(super) fn knows(&self, member: ClientId, session: &Session) -> bool {
        session.generation == self.generation && self.members.contains(&member)
    }

    /// Whether the member's later commit is there already.
    pub(super) fn is_late(&self, call: CallId) -> bool {
        self.commits.look(call) == Asked::Late
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_broker::message::Epoch;

    fn entry(payload: Payload) -> Entry {
        let epoch = Epoch(1);
        Entry { epoch, payload }
    }

    fn commit(number: u32, offset: Offset) -> Entry {
        entry(Payload::Commit {
            generation: 1,
            call: CallId {
                client: ClientId(5),
                number,
            },
            positions: [(0, offset)].into(),
        })
    }

    #[test]
    fn partitions_are_dealt_out_and_begin_where_the_group_has_committed() {
        let members = vec![ClientId(5), ClientId(3)];
        let generation = 1;
        let joined = entry(Payload::Group {
            generation,
            members,
        });
        let group = Group::of(&[joined, commit(1, 7)]);
        assert_eq!(
            group.session(ClientId(5), 3).positions,
            [(0, 7), (2, 0)].into()
        );
        assert_eq!(group.session(ClientId(3), 3).positions, [(1, 0)].into());
        assert_eq!(group.assigned(ClientId(4), 3).count(), 0);
    }

    #[test]
    fn a_commit_that_was_held_back_does_not_undo_a_later_one() {
        let group = Group::of(&[commit(4, 9), commit(2, 5)]);
        assert_eq!(group.committed, [(0, 9)].into());
    }
}
