//! A member is confirmed to have failed only when a suspicion of it has run out (Das et al., section
//! 4.2), whoever hears of that later.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Swim;
use crate::service::membership::{Incarnation, Member, Status};

/// Whoever holds first that a member has failed suspected it before, in the same incarnation.
#[derive(Debug, Default)]
pub struct FailuresWereSuspected {
    /// What was confirmed by anyone.
    confirmed: BTreeSet<(NodeId, Incarnation)>,
    /// What each node held before it was touched.
    held: BTreeMap<NodeId, BTreeMap<NodeId, Member>>,
}

impl Invariant<Swim> for FailuresWereSuspected {
    fn name(&self) -> &'static str {
        "failures-were-suspected"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Swim>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            self.held.remove(&touched);
            return Ok(());
        };
        let held = self.held.entry(touched).or_default();
        for (member, now) in node.list() {
            let before = held.insert(*member, *now);
            if now.status != Status::Failed || before == Some(*now) {
                continue;
            }
            let is_news = self.confirmed.insert((*member, now.incarnation));
            let suspect = Member {
                status: Status::Suspect,
                ..*now
            };
            if is_news && before != Some(suspect) {
                return Err(Breach {
                    anomaly: "unsuspected-failure",
                    told: format!(
                        "{touched} is the first to hold {member} as {now:?}, which it held as \
                         {before:?} before"
                    ),
                });
            }
        }
        Ok(())
    }
}
