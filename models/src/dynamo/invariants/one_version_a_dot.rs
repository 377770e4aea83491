//! A name names one version for ever (Preguica et al., Dotted Version Vectors, 2012), as far as nodes hold
//! it now.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Dynamo, Looked};

/// Else nodes that hold different versions of that name take each other's for their own.
#[derive(Debug, Default)]
pub struct OneVersionADot(Looked);

impl Invariant<Dynamo> for OneVersionADot {
    fn name(&self) -> &'static str {
        "one-version-a-dot"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Dynamo>],
    ) -> Result<(), Breach> {
        let Some(node) = self.0.changed(touched, processes) else {
            return Ok(());
        };
        let others = processes.iter().flatten();
        let pairs = others.flat_map(|other| {
            let registers = node.store().registers();
            registers.filter_map(|(key, held)| Some((key, held, other.store().get(key)?)))
        });
        for (key, held, elsewhere) in pairs {
            let same = |(dot, version)| {
                let mut theirs = elsewhere.versions();
                theirs.all(|(name, other)| name != dot || version == other)
            };
            if !held.versions().all(same) {
                return Err(Breach {
                    anomaly: "dot-reused",
                    told: format!("under {key} {touched} holds {held:?} and another {elsewhere:?}"),
                });
            }
        }
        Ok(())
    }
}
