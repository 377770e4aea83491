//! What must hold after every event.

mod equal_versions_equal_states;
mod siblings_are_concurrent;

use murphy_sim::Invariant;

pub use self::{
    equal_versions_equal_states::EqualVersionsEqualStates,
    siblings_are_concurrent::SiblingsAreConcurrent,
};
use super::VersionVectors;

pub(super) fn all() -> Vec<Box<dyn Invariant<VersionVectors>>> {
    vec![
        Box::new(EqualVersionsEqualStates),
        Box::new(SiblingsAreConcurrent),
    ]
}
