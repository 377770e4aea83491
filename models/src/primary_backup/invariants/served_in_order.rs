//! Once a primary has answered a call, no primary of an earlier epoch answers any: the primary's
//! lease has run out before its successor serves. Gray and Cheriton (1989), section 2; PacificA
//! (2008), section 2.3, primary invariant.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::PrimaryBackup, Epoch, primary};

#[derive(Default)]
pub(super) struct ServedInOrder {
    /// The latest epoch that served, and its primary.
    latest: Option<(Epoch, NodeId)>,
    /// How much each node has served as the primary of which epoch, when last seen.
    seen: Vec<(Epoch, u64)>,
}

impl Invariant<PrimaryBackup> for ServedInOrder {
    fn name(&self) -> &'static str {
        "served-in-order"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PrimaryBackup>],
    ) -> Result<(), Breach> {
        let Some((epoch, _, primary)) = primary(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        self.seen.resize(processes.len(), (Epoch(0), 0));
        let seen = &mut self.seen[touched.index()];
        let now = (epoch, primary.served);
        if *seen == now || primary.served == 0 {
            return Ok(());
        }
        *seen = now;
        match self.latest {
            Some((latest, by)) if latest > epoch => Err(Breach {
                anomaly: "old-primary-serves",
                told: format!(
                    "{touched} answers as the primary of epoch {} after {by} did as that of {}",
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
