//! The oracle hands out every timestamp once, in rising order, over crashes too. Peng & Dabek (2010), section
//! 2.3: "timestamps will never go backwards".

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Percolator;
use crate::percolator::message::Timestamp;

#[derive(Debug, Default)]
pub(in crate::percolator) struct OracleGoesOn {
    /// The last that somebody has been told.
    told: Timestamp,
}

impl Invariant<Percolator> for OracleGoesOn {
    fn name(&self) -> &'static str {
        "oracle-goes-on"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Percolator>],
    ) -> Result<(), Breach> {
        let Some(Percolator::Oracle(oracle)) = &processes[touched.index()] else {
            return Ok(());
        };
        let (last, is_told) = oracle.handed_out();
        if last < self.told {
            return Err(Breach {
                anomaly: "timestamps-go-back",
                told: format!(
                    "{touched} will hand out {} next, and has handed out {}",
                    last.0 + 1,
                    self.told
                ),
            });
        }
        if is_told {
            self.told = last;
        }
        Ok(())
    }
}
