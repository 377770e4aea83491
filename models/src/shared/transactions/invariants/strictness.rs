//! A transaction that has voted keeps its locks until it is told how it ends, over crashes too: what
//! makes two-phase locking strict. Bernstein, Hadzilacos & Goodman (1987), section 3.5.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::locking::Progress, Locks, process};

#[derive(Debug)]
pub(super) struct Strictness;

impl<P: Locks> Invariant<P> for Strictness {
    fn name(&self) -> &'static str {
        "strictness"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(process) = process(touched, processes) else {
            return Ok(());
        };
        let locking = process.locking();
        for (transaction, progress, needs) in locking.doing() {
            if progress != Progress::Kept {
                continue;
            }
            let lacks = |(key, mode): &(_, _)| !locking.locks().holds(transaction, *key, *mode);
            let mut needs = needs.iter().map(|(key, mode)| (*key, *mode));
            if let Some((key, _)) = needs.find(lacks) {
                return Err(Breach {
                    anomaly: "early-release",
                    told: format!(
                        "at {touched} transaction {transaction} is prepared and does not hold key \
                         {key}"
                    ),
                });
            }
        }
        Ok(())
    }
}
