//! Membership: who belongs to the group, as each node sees it. A client asks any node whom it holds to
//! be alive, suspects, or has confirmed to have failed.

use std::collections::BTreeMap;

use murphy_sim::{NodeId, Span};
use serde::{Deserialize, Serialize};

/// What a node holds of every member, itself included. Which incarnations it has heard of is not for
/// replicas to agree on: lists are equal when they say the same of everyone.
pub type View = BTreeMap<NodeId, Status>;

/// What a node holds of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is up.
    Alive,
    /// It has not answered, and may yet say that it is up.
    Suspect,
    /// It has failed, and is a member no more.
    Failed,
}

/// Which time of its life a member is in. Only the member itself begins the next one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Incarnation {
    /// How often it has joined the group; 0 where it was never heard of.
    pub life: u32,
    /// How often it has refuted a suspicion since.
    pub number: u32,
}

/// What is said of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Member {
    /// What is held of it
    pub status: Status,
    /// in this incarnation.
    pub incarnation: Incarnation,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Who is a member?
    Members,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// What the node that answers holds of everyone.
    Members {
        /// Who answers.
        by: NodeId,
        /// Its whole list, itself included.
        members: BTreeMap<NodeId, Member>,
    },
}

/// What a protocol promises of the time that things take, where messages are not lost for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Nobody is confirmed to have failed who was out of reach for no longer than this.
    pub tolerated: Span,
    /// Who is down for longer than this is confirmed to have failed by everyone who is up as long.
    pub detection: Span,
    /// Who is up and within reach for longer than this is held to have failed by nobody.
    pub recovery: Span,
}
