//! Two transactions that are validated at a shard and have not ended do not conflict there: what makes
//! the order of validation an order of the transactions. Kung & Robinson (1981), section 3.2,
//! conditions 2 and 3; Bernstein, Hadzilacos & Goodman (1987), section 4.4.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::OptimisticCommit;
use crate::shared::transactions::invariants::process;

#[derive(Debug)]
pub(super) struct ValidatedApart;

impl Invariant<OptimisticCommit> for ValidatedApart {
    fn name(&self) -> &'static str {
        "validated-apart"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<OptimisticCommit>],
    ) -> Result<(), Breach> {
        let conflict =
            process(touched, processes).and_then(|process| process.control().validated_conflict());
        match conflict {
            None => Ok(()),
            Some((first, second)) => Err(Breach {
                anomaly: "conflicting-validations",
                told: format!(
                    "at {touched} transactions {first} and {second} are both validated, and one \
                     writes what the other touches"
                ),
            }),
        }
    }
}
