//! What clients will ask, fixed before the run, so that every protocol meets the same demand.

use serde::{Deserialize, Serialize};

use crate::{
    id::{ClientId, NodeId},
    process::Data,
    time::{Span, Time},
};

/// One call that a client will make. A client makes its calls one after the other, in the order of
/// the plan: one that should start while another is open starts when that one ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "Q: Data", deny_unknown_fields)]
pub struct PlannedCall<Q> {
    /// Who calls.
    pub client: ClientId,
    /// When.
    pub start: Start,
    /// Which node is asked first.
    pub route: Route,
    /// What is asked.
    pub request: Q,
}

/// When a call starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At that time, or when the client is free (open loop).
    At(Time),
    /// So long after the client's call before it ended (closed loop); never, if that is not before
    /// `until`.
    After {
        /// The wait.
        think: Span,
        /// No call of the loop starts from here on.
        until: Time,
    },
}

/// Which node is asked first. Redirects are followed from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Any node, drawn.
    Any,
    /// The node that answered this client last; any at first.
    Sticky,
    /// That node.
    Node(NodeId),
    /// The node that this key's number falls on, modulo the number of nodes.
    Key(u64),
}

/// How clients behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ClientModel {
    /// A call without an answer after this long ends as unknown.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub timeout: Span,
    /// An attempt without an answer after this long is followed by one at another node, under the
    /// same call id. Never, when absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Span>,
    /// The wait before a redirect that names nobody is followed.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub backoff: Span,
}

impl Default for ClientModel {
    /// Gives up after a second, never retries, waits 20 ms before it asks around.
    fn default() -> ClientModel {
        ClientModel {
            timeout: Span::secs(1),
            retry: None,
            backoff: Span::millis(20),
        }
    }
}
