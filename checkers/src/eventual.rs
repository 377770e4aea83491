//! Objects that all replicas change at once and agree on in the end: counters, sets, maps and lists.
//!
//! Judged by what clients saw, for stores in which a process stays at one replica: no acknowledged
//! update is lost, nothing comes back that was taken away by someone who had seen it, nothing is made
//! up. A read before the end may lag behind others, and is held only to what its own process did.
//! What concurrent updates come to is left open where the types leave it open: so a loss that
//! another process may have caused is not seen.

mod counter;
mod list;
mod map;
mod set;

pub use counter::counter;
pub use list::{ListCall, ListResponse, list};
pub use map::{MapCall, MapResponse, map};
pub use set::set;

use crate::history::Operation;

/// When reads show what is there in the end: those that begin from here on, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastReads {
    /// From when.
    pub from: u64,
}

impl LastReads {
    fn has<C, R>(self, operation: &Operation<C, R>) -> bool {
        operation.invoked.time >= self.from
    }
}

/// Findings of one kind that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Whether one operation was over and done before another began.
fn is_before<C, R>(one: &Operation<C, R>, other: &Operation<C, R>) -> bool {
    let over = one.completed().filter(|_| one.is_ok());
    over.is_some_and(|at| at.index < other.invoked.index)
}
