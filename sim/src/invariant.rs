//! Properties of the nodes' states, checked after every event while a run goes on.

use crate::{id::NodeId, process::Process, time::Time, world::World};

/// A property that must hold after every event. It may remember what it saw before. A run may go on
/// in a thread of its own, so it must be able to go there.
pub trait Invariant<P: Process>: Send {
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
        let state = (step.time, touched, world.processes());
        check_all(&mut invariants, state, &mut found);
    }
    world.run_until(end);
    found
}

/// Checks all of them, and drops those that do not hold.
#[inline]
pub(crate) fn check_all<P: Process>(
    invariants: &mut Vec<Box<dyn Invariant<P>>>,
    (time, touched, processes): (Time, NodeId, &[Option<P>]),
    found: &mut Vec<Breached>,
) {
    invariants.retain_mut(
        |invariant| match invariant.check(time, touched, processes) {
            Ok(()) => true,
            Err(breach) => {
                found.push(Breached {
                    time,
                    invariant: invariant.name(),
                    breach,
                });
                false
            }
        },
    );
}
