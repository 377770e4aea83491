//! What must hold in the sequencer's group after every event.

mod deliveries_stay;
mod one_sequencer;
mod uniform_total_order;

use murphy_sim::Invariant;

pub use self::{
    deliveries_stay::DeliveriesStay, one_sequencer::OneSequencer,
    uniform_total_order::UniformTotalOrder,
};
use super::Sequencer;

pub(super) fn all() -> Vec<Box<dyn Invariant<Sequencer>>> {
    vec![
        Box::new(UniformTotalOrder::default()),
        Box::new(DeliveriesStay::default()),
        Box::new(OneSequencer::default()),
    ]
}
