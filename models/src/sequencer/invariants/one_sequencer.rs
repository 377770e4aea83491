//! An epoch has one sequencer (Liskov & Cowling 2012, section 4: the primary of a view is fixed by
//! the view's number).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::{sequencer::Sequencer, shared::log::Epoch};

/// See the module.
#[derive(Debug, Default)]
pub struct OneSequencer {
    /// Who has ordered events in each epoch.
    of: BTreeMap<Epoch, NodeId>,
}

impl Invariant<Sequencer> for OneSequencer {
    fn name(&self) -> &'static str {
        "one-sequencer"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Sequencer>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        if !node.is_sequencer() {
            return Ok(());
        }
        let first = *self.of.entry(node.promised()).or_insert(touched);
        if first != touched {
            return Err(Breach {
                anomaly: "two-sequencers",
                told: format!(
                    "{touched} orders events in epoch {}, which is {first}'s",
                    node.promised().0
                ),
            });
        }
        Ok(())
    }
}
