//! No sibling is in the past of another (Preguica et al., Dotted Version Vectors: versions
//! of a key that are kept are concurrent).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::VersionVectors;

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
        for (key, siblings) in registers.flat_map(VersionVectors::registers) {
            for (dot, version) in siblings.versions() {
                let past = |(older, _): &(_, _)| *older != dot && version.past.covers(*older);
                if let Some((older, _)) = siblings.versions().find(past) {
                    return Err(Breach {
                        anomaly: "false-sibling",
                        told: format!(
                            "{touched} holds under {key} {dot:?}, whose writer had seen {older:?}, \
                             and {older:?}"
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}
