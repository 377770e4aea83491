//! No sibling is in the past of another (Preguica et al., Dotted Version Vectors: versions
//! of a key that are kept are concurrent).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::VersionVectors;
use crate::shared::siblings::check_concurrent;

/// What was superseded is not beside what superseded it.
#[derive(Debug)]
pub struct SiblingsAreConcurrent;

impl Invariant<VersionVectors> for SiblingsAreConcurrent {
    fn name(&self) -> &'static str {
        "siblings-are-concurrent"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<VersionVectors>],
    ) -> Result<(), Breach> {
        let registers = processes[touched.index()].iter();
        check_concurrent(touched, registers.flat_map(VersionVectors::registers))
    }
}
