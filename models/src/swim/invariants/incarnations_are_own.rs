//! "An incarnation number can be incremented only by the member itself" (Das et al., section 4.2).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Swim;
use crate::service::membership::Incarnation;

/// Nobody holds of a member an incarnation that the member itself has not reached.
#[derive(Debug, Default)]
pub struct IncarnationsAreOwn {
    /// The latest that each has reached.
    reached: BTreeMap<NodeId, Incarnation>,
}

impl Invariant<Swim> for IncarnationsAreOwn {
    fn name(&self) -> &'static str {
        "incarnations-are-own"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Swim>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let own = self.reached.entry(touched).or_default();
        *own = node.own().max(*own);
        for (member, held) in node.list() {
            let reached = self.reached.get(member).copied().unwrap_or_default();
            if held.incarnation > reached {
                return Err(Breach {
                    anomaly: "phantom-incarnation",
                    told: format!(
                        "{touched} holds {member} to be {:?} in {:?}, but it has only reached \
                         {reached:?}",
                        held.status, held.incarnation
                    ),
                });
            }
        }
        Ok(())
    }
}
