//! What a program begins with that runs a process of its own and judges it.

pub use crate::{
    Silence,
    checkers::{
        AnomalyName, Budget, History, Meter, Verdict,
        linearizable::{Register, RegisterCall, RegisterResponse, Sequential, check_registers},
    },
    sim::{
        Breach, CallId, ClientId, Cluster, Context, DiskFate, DiskState, Effect, Endpoint, Fault,
        Happened, HistoryEvent, Invariant, Latency, Links, LogIndex, NodeId, Observe, Outcome,
        Plan, PlannedCall, PlannedFault, Probability, Process, Reply, Role, Route, Setup, Shape,
        Span, Start, Stream, Target, Time, Trigger, View, World, run_on_world,
    },
};
