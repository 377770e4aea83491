//! Infection-style dissemination (section 4.1): what was heard last of each member, told along with
//! other messages so many times, and those first that were told least.

use std::collections::BTreeMap;

use murphy_sim::NodeId;

use crate::service::membership::Member;

/// Something that is said of a member, as messages carry it.
pub type Update = (NodeId, Member);

/// What a node still has to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rumours(BTreeMap<NodeId, Rumour>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Rumour {
    said: Member,
    /// How often it was told from here.
    told: u32,
}

impl Rumours {
    /// Tells this from now on, instead of what was told of that member before.
    pub(super) fn put(&mut self, (member, said): Update) {
        self.0.insert(member, Rumour { said, told: 0 });
    }

    /// Up to `batch` updates for one message, each told at most so many times over all messages.
    pub(super) fn take(&mut self, batch: usize, times: u32) -> Vec<Update> {
        let mut least: Vec<(u32, NodeId)> = self.0.iter().map(|(m, r)| (r.told, *m)).collect();
        least.sort_unstable();
        least.truncate(batch);
        let mut updates = Vec::with_capacity(least.len());
        for (_, member) in least {
            let rumour = self.0.get_mut(&member).expect("it was seen just now");
            updates.push((member, rumour.said));
            rumour.told += 1;
            if rumour.told >= times {
                self.0.remove(&member);
            }
        }
        updates
    }
}
