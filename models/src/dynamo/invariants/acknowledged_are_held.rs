//! W nodes hold a write that is acknowledged (DeCandia et al., Dynamo, section 4.5), as long as its
//! coordinator follows it. Nodes that are down are believed to: nobody sees their disks.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Dynamo, Mode},
    Looked,
};
use crate::{
    service::kv::Key,
    shared::{siblings::Siblings, version_vector::Dot},
};

/// In its own place, or as a hint where a quorum may be sloppy; or they hold what replaced it.
#[derive(Debug, Default)]
pub struct AcknowledgedAreHeld(Looked);

impl Invariant<Dynamo> for AcknowledgedAreHeld {
    fn name(&self) -> &'static str {
        "acknowledged-are-held"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Dynamo>],
    ) -> Result<(), Breach> {
        // Where nothing has changed but what it coordinates, only that is looked at.
        let coordinators = match self.0.changed(touched, processes) {
            Some(_) => processes,
            None => std::slice::from_ref(&processes[touched.index()]),
        };
        for coordinator in coordinators.iter().flatten() {
            let needed = coordinator.config().w;
            for (key, dot, write) in coordinator.writes() {
                if !write.is_acknowledged() {
                    continue;
                }
                let holder =
                    |node: &&Option<Dynamo>| node.as_ref().is_none_or(|node| holds(node, key, dot));
                let held = processes.iter().filter(holder).count();
                if held < needed {
                    return Err(Breach {
                        anomaly: "too-few-copies",
                        told: format!(
                            "{dot:?} of {key} was acknowledged, and {held} instead of {needed} hold it; \
                             {touched} was the last to change"
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}

fn holds(node: &Dynamo, key: Key, dot: Dot) -> bool {
    let covers = |siblings: &Siblings| {
        let mut versions = siblings.versions();
        versions.any(|(name, version)| name == dot || version.past.covers(dot))
    };
    let mut hints = node.hints().filter(|hint| hint.key == key);
    let kept = hints.any(|hint| covers(&hint.siblings));
    kept && node.config().mode == Mode::SloppyQuorum || node.store().get(key).is_some_and(covers)
}
