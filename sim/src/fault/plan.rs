//! When a fault strikes, whom, and for how long.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use schemars::JsonSchema;

use super::Fault;
use crate::{
    id::NodeId,
    time::{Span, Time},
};

/// Everything that will go wrong in a run.
pub type Plan = Vec<PlannedFault>;

/// One fault of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PlannedFault {
    /// What sets it off.
    pub when: Trigger,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// How long it lasts; until the heal when absent. Faults that are over at once ignore it.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub lasts: Option<Span>,
}

/// What sets a fault off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "this is not a trigger: write a time (\"3s\"), { event = 1000 }, \
                 { message = \"Vote\", nth = 3 } or { reached = \"failover\", nth = 1 }"
)]
pub enum Trigger {
    /// A moment of true time: `"3s"`.
    At(#[cfg_attr(feature = "schema", schemars(with = "String"))] Time),
    /// The k-th event of the run, from 1: `{ event = 1000 }`.
    Event {
        /// Which.
        event: u64,
    },
    /// The k-th message of a kind, from 1, at the moment it is sent: `{ message = "Vote", nth = 3 }`.
    Message {
        /// The kind.
        message: String,
        /// Which.
        #[serde(default = "first")]
        nth: u64,
    },
    /// The k-th time that a label is reached, from 1: `{ reached = "failover" }`.
    Reached {
        /// The label.
        reached: String,
        /// Which time.
        #[serde(default = "first")]
        nth: u64,
    },
}

pub(super) fn first() -> u64 {
    1
}

/// Which nodes a fault is aimed at. Written `n1`, `leader` (a role), `zone:eu`, `any`, `minority`,
/// `majority`, `all`, or several nodes as `n0+n2`. Drawn ones are drawn when the fault begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One node.
    Node(NodeId),
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// Every node that takes itself for this when the fault begins.
    Role(String),
    /// Every node in a zone.
    Zone(String),
    /// One node, drawn among those that are up.
    Any,
    /// Fewer than half of the nodes, at least one, drawn.
    Minority,
    /// More than half of the nodes, drawn.
    Majority,
    /// Every node.
    All,
}

/// Which links a fault is aimed at: those from some nodes to others, in that direction only unless
/// `both` is set. Clients' links are touched only when `clients` is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Messages leave here.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub from: Target,
    /// And are meant for here.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub to: Target,
    /// The other direction too.
    pub both: bool,
    /// The links between clients and the nodes named by `from` too.
    pub clients: bool,
}

impl Default for Links {
    fn default() -> Links {
        Links {
            from: Target::All,
            to: Target::All,
            both: true,
            clients: false,
        }
    }
}

/// How a partition cuts the nodes apart. Clients reach every node unless they are named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Shape {
    /// Two halves, drawn.
    Halves,
    /// Those nodes alone, all others together.
    Isolate(#[cfg_attr(feature = "schema", schemars(with = "String"))] Target),
    /// A drawn minority, cut from the rest.
    Minority,
    /// Two halves, drawn, and one node that sees both.
    Bridge,
    /// Every node sees a majority, and no two see the same one (Jepsen's majorities ring).
    MajoritiesRing,
    /// Messages from the first to the second are lost; the other direction works.
    OneWay {
        /// Messages leave here,
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        from: Target,
        /// and never arrive here.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        to: Target,
    },
    /// These groups, each together and cut from the others; nodes in none see all.
    Groups(#[cfg_attr(feature = "schema", schemars(with = "Vec<Vec<String>>"))] Vec<Vec<Endpoint>>),
}

/// A node or a client, written `n0` or `c0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A node.
    Node(NodeId),
    /// A client, by number.
    Client(u32),
}

/// What happens to the k-th message of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MessageFate {
    /// It is lost.
    Drop,
    /// It takes so much longer.
    Delay(#[cfg_attr(feature = "schema", schemars(with = "String"))] Span),
    /// It arrives twice.
    Duplicate,
}

/// A signed length of time, written `-250ms` or `2s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shift(pub i64);

impl Shift {
    /// The other way.
    pub const fn back(self) -> Shift {
        Shift(-self.0)
    }
}
