//! What must hold after every event.

mod majority_holds;
pub(super) mod one_value;
pub(super) mod timestamps_rise;

use murphy_sim::Invariant;

use super::Abd;

/// All of them.
pub(super) fn all() -> Vec<Box<dyn Invariant<Abd>>> {
    vec![
        Box::new(one_value::OneValue::default()),
        Box::new(timestamps_rise::TimestampsRise::default()),
        Box::new(majority_holds::MajorityHolds::default()),
    ]
}
