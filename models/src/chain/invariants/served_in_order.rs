//! Once a tail has answered a read, no other node answers one as the tail of an earlier epoch: the
//! old tail's lease has run out, or it has passed on what opens the new epoch. Van Renesse and
//! Schneider (2004), section 3: the tail alone replies; Gray and Cheriton (1989), section 2.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, Epoch, member};

#[derive(Default)]
pub(super) struct ServedInOrder {
    /// The latest epoch in which a read was answered, and by whom.
    latest: Option<(Epoch, NodeId)>,
    /// How many reads each node has answered in which epoch, when last seen.
    seen: Vec<(Epoch, u64)>,
}

impl Invariant<Chain> for ServedInOrder {
    fn name(&self) -> &'static str {
        "served-in-order"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        let Some((epoch, _, member)) = member(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        self.seen.resize(processes.len(), (Epoch(0), 0));
        let seen = &mut self.seen[touched.index()];
        let now = (epoch, member.served);
        if *seen == now || member.served == 0 {
            return Ok(());
        }
        *seen = now;
        match self.latest {
            Some((latest, by)) if latest > epoch && by != touched => Err(Breach {
                anomaly: "old-tail-serves",
                told: format!(
                    "{touched} answers as the tail of epoch {} after {by} did as that of {}",
                    epoch.0, latest.0
                ),
            }),
            Some(_) | None => {
                self.latest = Some((epoch, touched));
                Ok(())
            }
        }
    }
}
