//! What must hold in the group after every event. Each looks at the node that was touched.

mod failures_were_suspected;
mod incarnations_are_own;
mod lists_advance;
mod lives_are_new;

use murphy_sim::Invariant;

pub use self::{
    failures_were_suspected::FailuresWereSuspected, incarnations_are_own::IncarnationsAreOwn,
    lists_advance::ListsAdvance, lives_are_new::LivesAreNew,
};
use super::Swim;

pub(super) fn all() -> Vec<Box<dyn Invariant<Swim>>> {
    vec![
        Box::new(IncarnationsAreOwn::default()),
        Box::new(LivesAreNew::default()),
        Box::new(ListsAdvance::default()),
        Box::new(FailuresWereSuspected::default()),
    ]
}
