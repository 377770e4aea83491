//! The contract between a protocol and the world: a process reacts, and asks for effects.
//!
//! A process never performs I/O and never sees true time, other nodes' states or the plan of faults.

use std::{
    fmt::{self, Debug},
    hash::Hash,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    context::Context,
    digest::Digest,
    id::{CallId, LogIndex, NodeId},
};

/// What can be copied, printed, digested and written: bound of all that crosses a wall.
pub trait Data:
    Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned + Send + Sync + 'static
{
}
impl<T> Data for T where
    T: Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// What nodes say to each other: an enum that derives `strum::IntoStaticStr`, whose variant names
/// are the message kinds that plans and diagrams speak of.
pub trait Message: Data {
    /// The name of the variant.
    fn kind(&self) -> &'static str;
}

impl<T> Message for T
where
    T: Data,
    for<'a> &'a T: Into<&'static str>,
{
    fn kind(&self) -> &'static str {
        self.into()
    }
}

/// A protocol's replica, coordinator, broker, ...: a value that reacts to inputs and asks for effects.
///
/// A protocol with several kinds of nodes is one process whose state is an enum of them; which node
/// is what comes from `Config`. A mutant is a value in `Config` too.
pub trait Process: Clone + Debug + Send + Sync + Sized + 'static {
    /// What a node is told at its start: cluster layout, mode, mutant.
    type Config: Clone + Debug + Send + Sync + 'static;
    /// What nodes say to each other.
    type Message: Message;
    /// What a node reminds itself of. Setting an equal timer again moves it.
    type Timer: Clone + Debug + PartialEq + Hash + Send + Sync + 'static;
    /// What is written to disk.
    type Record: Data;
    /// What a client asks.
    type Request: Data;
    /// What a client is told.
    type Response: Data;
    /// What a reader of everything here would see.
    type View: Clone + Debug + Eq + Hash + Send + Sync + 'static;

    /// Whether [`Process::on_membership`] does anything, so that plans may add and remove nodes.
    const MEMBERSHIP: bool = false;

    /// Whether [`Process::carry`] does anything.
    const CARRIES: bool = false;

    /// Begins, or begins again after a crash with what its disk kept. `disk` holds the records from
    /// [`Context::log_start`] on; [`Context::disk_state`] tells what became of the rest.
    fn start(config: &Self::Config, disk: &[Self::Record], ctx: &mut Context<Self>) -> Self;

    /// A client's request has come. Answer now or later with [`Context::reply`], or never.
    /// The same `call` can come more than once: the network duplicates and clients retry.
    fn on_request(&mut self, call: CallId, request: Self::Request, ctx: &mut Context<Self>);

    /// A message has come.
    fn on_message(&mut self, from: NodeId, message: Self::Message, ctx: &mut Context<Self>);

    /// A timer has run out.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Context<Self>);

    /// Every record up to and with `upto` will survive a crash.
    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        let _ = (upto, ctx);
    }

    /// A sync has failed: every record that was not durable before is lost, whatever the operating
    /// system says next. Crashing is the safe answer, and the default (Rebello et al., "Can
    /// Applications Recover from fsync Failures?", 2020).
    fn on_sync_failed(&mut self, ctx: &mut Context<Self>) {
        ctx.crash();
    }

    /// An operator adds or removes a node.
    fn on_membership(&mut self, change: Membership, ctx: &mut Context<Self>) {
        let _ = (change, ctx);
    }

    /// What the node takes itself for: `leader`, `coordinator`, ... For targeted faults and reports.
    fn role(&self) -> Role;

    /// What a reader of everything here would see.
    fn view(&self) -> View<Self::View>;

    /// What a reader of everything here would see, by the things that it is a part of: a view for each
    /// where a node holds several that other nodes hold too, such as ranges of keys. The one
    /// [`Process::view`], by default.
    fn views(&self) -> Vec<View<Self::View>> {
        vec![self.view()]
    }

    /// What a client asks when its turn comes: what was planned, with what clients of this service
    /// carry from answer to question, such as a position in a log. `last` is the last answer that the
    /// client had; none after a call whose end is unknown, because it then goes on as a new process.
    /// Called only where [`Process::CARRIES`] says so.
    fn carry(planned: Self::Request, last: Option<&Self::Response>) -> Self::Request {
        let _ = last;
        planned
    }

    /// A small summary of the state, for coverage.
    fn abstraction(&self) -> u64 {
        Digest::of(&self.role().0)
    }
}

/// What a node takes itself for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(pub &'static str);

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a node holds, as far as replicas of the same thing must agree on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View<S> {
    /// Nodes with the same number replicate the same thing: a shard, a topic; 0 where there is one.
    pub of: u32,
    /// What a reader would see; equal states have converged. None where the node holds nothing that
    /// anyone else holds too: a coordinator, a relay.
    pub state: Option<S>,
    /// Nothing is left to do: no transaction in doubt, no event waiting to be sent.
    pub settled: bool,
}

impl<S> View<S> {
    /// The view of a replica of the one thing that the cluster replicates, with nothing left to do.
    pub const fn replica(state: S) -> View<S> {
        View {
            of: 0,
            state: Some(state),
            settled: true,
        }
    }

    /// The view of a node that replicates nothing.
    pub const fn nothing(settled: bool) -> View<S> {
        View {
            of: 0,
            state: None,
            settled,
        }
    }
}

/// A change of membership that an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// This node joins.
    Add(NodeId),
    /// This node leaves.
    Remove(NodeId),
}

/// How a node answers a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
pub enum Reply<R> {
    /// It happened, and this is the answer.
    Ok(R),
    /// It did not happen and never will.
    Fail,
    /// It did not happen here and never will through this attempt: ask that node, or any other.
    Redirect(Option<NodeId>),
    /// The node cannot know whether it happened.
    Unknown,
}
