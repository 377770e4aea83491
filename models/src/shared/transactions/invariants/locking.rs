//! No two owners hold locks that conflict, and no step is done without its lock: the first rules of
//! two-phase locking. Bernstein, Hadzilacos & Goodman (1987), section 3.2.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::locking::Progress, Locks, process};

#[derive(Debug)]
pub(super) struct Locking;

impl<P: Locks> Invariant<P> for Locking {
    fn name(&self) -> &'static str {
        "locking"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(process) = process(touched, processes) else {
            return Ok(());
        };
        let locking = process.locking();
        let breach = |told: String| {
            Err(Breach {
                anomaly: "lock-violation",
                told,
            })
        };
        for (key, holders) in locking.locks().held() {
            if let [(first, mode), rest @ ..] = holders
                && let Some((other, _)) = rest.iter().find(|(_, held)| !held.goes_with(*mode))
            {
                return breach(format!(
                    "at {touched} transactions {first} and {other} both hold key {key}"
                ));
            }
        }
        for (transaction, progress, needs) in locking.doing() {
            if progress != Progress::Executed {
                continue;
            }
            let lacks = |(key, mode): &(_, _)| !locking.locks().holds(transaction, *key, *mode);
            let mut needs = needs.iter().map(|(key, mode)| (*key, *mode));
            if let Some((key, _)) = needs.find(lacks) {
                return breach(format!(
                    "at {touched} transaction {transaction} has used key {key} without its lock"
                ));
            }
        }
        Ok(())
    }
}
