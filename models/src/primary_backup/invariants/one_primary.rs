//! An epoch has one primary, for ever: Budhiraja et al. (1993), section 2, property Pb1, by epoch.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::PrimaryBackup, Epoch, primary};

#[derive(Default)]
pub(in super::super) struct OnePrimary {
    primaries: BTreeMap<Epoch, NodeId>,
}

impl Invariant<PrimaryBackup> for OnePrimary {
    fn name(&self) -> &'static str {
        "one-primary-an-epoch"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PrimaryBackup>],
    ) -> Result<(), Breach> {
        let Some((epoch, ..)) = primary(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        let first = *self.primaries.entry(epoch).or_insert(touched);
        if first == touched {
            return Ok(());
        }
        Err(Breach {
            anomaly: "two-primaries",
            told: format!(
                "{touched} takes itself for the primary of epoch {}, which is {first}'s",
                epoch.0
            ),
        })
    }
}
