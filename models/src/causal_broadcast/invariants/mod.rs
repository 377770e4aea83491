//! What must hold in causal broadcast after every event. Each looks at what the touched node has
//! delivered since it was looked at last.

mod causal_delivery;
mod one_name_one_event;

use murphy_sim::Invariant;

pub use self::{causal_delivery::CausalDelivery, one_name_one_event::OneNameOneEvent};
use super::CausalBroadcast;

pub(super) fn all() -> Vec<Box<dyn Invariant<CausalBroadcast>>> {
    vec![
        Box::new(CausalDelivery::default()),
        Box::new(OneNameOneEvent::default()),
    ]
}
