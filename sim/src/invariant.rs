//! Properties of the nodes' states, checked after every event while a run goes on.

use crate::{id::NodeId, process::Process, time::Time, world::World};

/// A property that must hold after every event. It may remember what it saw before.
pub trait Invariant<P: Process> {
    /// Its name, as reports tell it: `election-safety`.
    fn name(&self) -> &'static str;

    /// Looks at the processes after one of them, `touched`, may have changed. Processes that are
    /// down are absent.
    fn check(&mut self, now: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach>;
}

/// An invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The anomaly it shows: `two-primaries`.
    pub anomaly: &'static str,
    /// What was seen, in a sentence.
    pub told: String,
}

/// The first breach of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breached {
    /// When.
    pub time: Time,
    /// The invariant's name.
    pub invariant: &'static str,
    /// What it saw.
    pub breach: Breach,
}

/// Runs a world up to `end` and checks invariants after every event. Each invariant is dropped after
/// its first breach; the run goes on.
pub fn run_checked<P: Process>(
    world: &mut World<P>,
    end: Time,
    mut invariants: Vec<Box<dyn Invariant<P>>>,
) -> Vec<Breached> {
    let mut found = Vec::new();
    while world.next_at().is_some_and(|at| at <= end) {
        let Some(step) = world.step() else { break };
        let Some(touched) = step.node else { continue };
        invariants.retain_mut(|invariant| {
            match invariant.check(step.time, touched, world.processes()) {
                Ok(()) => true,
                Err(breach) => {
                    found.push(Breached {
                        time: step.time,
                        invariant: invariant.name(),
                        breach,
                    });
                    false
                }
            }
        });
    }
    world.run_until(end);
    found
}
