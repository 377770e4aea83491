//! When an operation has ended, a majority has on its disks what it has read or written: Attiya,
//! Bar-Noy and Dolev (1995), section 3, so that every later operation finds it.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::Abd;

#[derive(Default)]
pub(super) struct MajorityHolds {
    /// How many operations each node had ended when last seen.
    seen: Vec<u64>,
}

impl Invariant<Abd> for MajorityHolds {
    fn name(&self) -> &'static str {
        "a-majority-holds-it"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<Abd>]) -> Result<(), Breach> {
        self.seen.resize(processes.len(), 0);
        let Some(process) = &processes[touched.index()] else {
            return Ok(());
        };
        let (finished, last) = process.operations.finished;
        let before = std::mem::replace(&mut self.seen[touched.index()], finished);
        let Some((key, tagged)) = last.filter(|_| finished > before) else {
            return Ok(());
        };
        // One that is down holds what its disk does, which cannot be seen from here.
        let holds = |process: &&Option<Abd>| {
            process.as_ref().is_none_or(|process| {
                process.registers.durable.get(&key) >= Some(&tagged.timestamp)
            })
        };
        let holders = processes.iter().filter(holds).count();
        if holders >= process.config.majority() {
            return Ok(());
        }
        Err(Breach {
            anomaly: "held-by-a-minority",
            told: format!(
                "{touched} ends an operation on key {key}: {holders} nodes hold {tagged:?}"
            ),
        })
    }
}
