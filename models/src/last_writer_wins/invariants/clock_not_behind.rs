//! A hybrid clock is never behind a write that its node knows (Kulkarni et al. 2014, Theorem 1).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::LastWriterWins;

/// So the next write of the node is stamped later than all that could have caused it.
#[derive(Debug)]
pub struct ClockNotBehind;

impl Invariant<LastWriterWins> for ClockNotBehind {
    fn name(&self) -> &'static str {
        "clock-not-behind"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LastWriterWins>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let (clock, latest) = (node.clock(), node.store().latest());
        if clock >= latest {
            return Ok(());
        }
        Err(Breach {
            anomaly: "clock-behind",
            told: format!("{touched} is at {clock:?} and knows a write of {latest:?}"),
        })
    }
}
