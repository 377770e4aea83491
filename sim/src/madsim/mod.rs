//! The second substrate: a cluster on madsim's executor, clock and network, under the same setup and
//! seed as a [`World`](crate::World). A second opinion on our own loop.
//!
//! Each server and each client is a madsim node with an address of its own. What moves is madsim's:
//! the order of tasks, time, timers, the `Endpoint`s that messages cross as encoded bytes, the killing
//! and restarting of nodes. What a machine is stays ours, and outside the nodes, so that it survives a
//! kill: disks, clocks, links' latencies and losses, the plan, the clients' state machines. They are
//! a [`World`](crate::World) whose own loop stands still.
//!
//! What differs from `world`:
//! - **A message takes at least 2 ms**: `Endpoint` sleeps a millisecond on each side. Our own link
//!   model runs in front of it; a message waits for the rest of its latency before it is sent.
//! - **Ties are broken by madsim**, which runs ready tasks in an order that it draws, and lets 50 to
//!   100 ns pass for each. All else happens up to a microsecond or so after its time.
//! - **A node needs a millisecond to bind its address** before its process starts.
//! - **Partitions are cut twice**: madsim's links are clogged, which loses what is sent while they
//!   are, and what arrives over a cut link is lost as in `world`. So a message is lost if its link is
//!   cut when it is sent, a millisecond before it arrives, or when it arrives.
//! - **A crash loses what madsim had handed to the node's socket**, as well as what `world` loses.
//! - **A pause is ours**: a paused node's tasks go on receiving, and what comes in waits for the
//!   process, as in `world`; madsim's own pause is not used.
//! - **A damaged message really is**: a bit of it is turned over, and a checksum finds it.
//! - **Faults cannot be set off by the number of an event**, because events have other numbers here.
//!   By time, by message and by label they can.
//! - Digests are other ones than the world's for the same setup and seed, and as reproducible.

#[cfg(madsim)]
mod host;
#[cfg(madsim)]
mod wire;

use std::sync::Arc;

use crate::{
    cluster::Setup,
    invariant::Invariant,
    outcome::{Observe, Outcome, Unsupported},
    process::Process,
};

/// Runs a setup on madsim to its end, in a thread of its own, checking invariants after every
/// reaction. An error, before anything runs, when the plan asks for what cannot be had here.
///
/// Panics on a setup that [`Setup::validate`] refuses.
#[cfg(madsim)]
pub fn run_on_madsim<P: Process>(
    setup: &Arc<Setup<P>>,
    seed: u64,
    observe: Observe,
    invariants: Vec<Box<dyn Invariant<P>>>,
) -> Result<Outcome<P>, Unsupported> {
    check(setup)?;
    Ok(host::run(setup, seed, observe, invariants))
}

/// Says that this build cannot run anything on madsim.
#[cfg(not(madsim))]
pub fn run_on_madsim<P: Process>(
    _: &Arc<Setup<P>>,
    _: u64,
    _: Observe,
    _: Vec<Box<dyn Invariant<P>>>,
) -> Result<Outcome<P>, Unsupported> {
    Err(Unsupported {
        fault: None,
        why: "this build has no madsim in it: build with `--cfg madsim` in RUSTFLAGS, as \
              .cargo/config.toml of the repository sets it, or use the substrate `world`"
            .to_owned(),
    })
}

/// Whether everything that the plan asks for can be had.
#[cfg(madsim)]
fn check<P: Process>(setup: &Setup<P>) -> Result<(), Unsupported> {
    for (place, planned) in setup.plan.iter().enumerate() {
        if let crate::fault::Trigger::Event { event } = planned.when {
            return Err(Unsupported {
                fault: Some(place),
                why: format!(
                    "`{}` is set off by event {event}, but on madsim events have other numbers: \
                     set it off by a time, a message or a label, or use the substrate `world`",
                    planned.fault.kind()
                ),
            });
        }
    }
    Ok(())
}
