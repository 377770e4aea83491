//! The world: a seed and a plan in; a history, a trace and final states out.
//!
//! This crate simulates a cluster of nodes, with their clocks, disks, CPUs and links, under a plan of
//! faults, deterministically: a run is a pure function of its [`Setup`], its seed and this build. It
//! knows no protocol, no checker, no file format, no environment, no wall clock and no randomness but
//! its own.
//!
//! Read [`Process`] first, then [`Context`], [`Fault`] and [`World`].

mod call;
mod client;
mod clock;
mod cluster;
mod compare;
mod context;
mod digest;
mod disk;
mod fault;
mod history;
mod id;
mod invariant;
mod latency;
mod link;
mod madsim;
mod network;
mod nodes;
mod outcome;
mod process;
mod queue;
mod stream;
pub mod testing;
mod time;
mod trace;
mod validate;
mod wan;
mod world;

pub use crate::{
    call::{ClientModel, PlannedCall, Route, Start},
    clock::{ClockModel, WALL_EPOCH},
    cluster::{Cluster, CompiledCluster, CpuModel, Setup},
    compare::{Difference, first_difference},
    context::{Context, Effect},
    digest::{Checkpoints, Digest},
    disk::{Disk, DiskFate, DiskModel, DiskState},
    fault::{
        Endpoint, Fault, Links, MessageFate, Plan, PlannedFault, Shape, Shift, Target, Trigger,
    },
    history::{Happened, HistoryEvent},
    id::{CallId, ClientId, LogIndex, NodeId},
    invariant::{Breach, Breached, Invariant, run_checked},
    latency::{Latency, Weighted},
    link::Dropped,
    madsim::run_on_madsim,
    network::{LinkSettings, Network, Place},
    outcome::{LOOK_EVERY, Observe, Outcome, Sample, Unsupported, run_on_world},
    process::{Data, Membership, Message, Process, Reply, Role, View},
    stream::{Probability, Stream},
    time::{BadSpan, Span, Time},
    trace::{Carried, Trace, TraceEntry, What},
    validate::SetupError,
    world::{FaultReport, Life, Stats, Step, World, agree},
};
