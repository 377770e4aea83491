//! What must hold after every event.

mod equal_deliveries_equal_states;
mod states_grow;

use murphy_sim::Invariant;

pub use self::{
    equal_deliveries_equal_states::EqualDeliveriesEqualStates, states_grow::StatesGrow,
};
use super::Replica;

pub(super) fn all() -> Vec<Box<dyn Invariant<Replica>>> {
    vec![
        Box::new(EqualDeliveriesEqualStates),
        Box::new(StatesGrow::default()),
    ]
}
