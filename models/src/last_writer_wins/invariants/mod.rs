//! What must hold after every event.

mod clock_not_behind;
mod equal_versions_equal_states;
mod one_write_a_dot;

use murphy_sim::Invariant;

pub use self::{
    clock_not_behind::ClockNotBehind, equal_versions_equal_states::EqualVersionsEqualStates,
    one_write_a_dot::OneWriteADot,
};
use super::{LastWriterWins, Mode};

pub(super) fn all(mode: Mode) -> Vec<Box<dyn Invariant<LastWriterWins>>> {
    let mut all: Vec<Box<dyn Invariant<LastWriterWins>>> = vec![
        Box::new(EqualVersionsEqualStates),
        Box::new(OneWriteADot::default()),
    ];
    match mode {
        Mode::HybridLogicalClock => all.push(Box::new(ClockNotBehind)),
        Mode::WallClock => {} // A wall clock can be behind what the node knows: that is its flaw.
    }
    all
}
