//! Which node holds which keys, who coordinates, and how patient nodes are.

use murphy_sim::{NodeId, Span};

use crate::{protocol::Parameters, service::txn::Key};

/// What every node is told, whatever the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Nodes; each is a shard.
    pub nodes: u32,
    /// The first so many of them coordinate.
    pub coordinators: u32,
    /// The balance of accounts that were never touched.
    pub opening_balance: Option<i64>,
    /// A coordinator repeats what was not answered after this long, then after twice as long, and
    /// so on.
    pub repeat: Span,
    /// A coordinator aborts a transaction when a shard has been silent for this long.
    pub patience: Span,
    /// A transaction aborts when it has waited for a lock for this long.
    pub lock_wait: Span,
    /// A participant asks how a transaction stands after this long, then after twice as long, and
    /// so on.
    pub ask: Span,
}

/// After how many doublings a wait between two attempts grows no further.
const DOUBLINGS: u32 = 4;

/// The wait before the next attempt.
pub(crate) fn backoff(first: Span, attempts: u32) -> Span {
    first * (1 << attempts.min(DOUBLINGS))
}

impl Layout {
    /// The names of what a scenario may set.
    pub const OPTIONS: &'static [&'static str] =
        &["coordinators", "repeat", "patience", "lock-wait", "ask"];

    /// So many nodes, and everything else as it is by default.
    pub const fn new(nodes: u32) -> Layout {
        Layout {
            nodes,
            coordinators: nodes,
            opening_balance: None,
            repeat: Span::millis(50),
            patience: Span::millis(400),
            lock_wait: Span::millis(300),
            ask: Span::millis(150),
        }
    }

    /// The shard that a key falls on.
    pub const fn shard(&self, key: Key) -> NodeId {
        NodeId(key % self.nodes)
    }

    /// What a scenario's parameters come to, for the protocol of this name.
    pub fn from_parameters(protocol: &str, parameters: &Parameters) -> Result<Layout, String> {
        if parameters.spares > 0 {
            return Err(format!(
                "{protocol} has a fixed number of shards: remove `spares`"
            ));
        }
        let coordinators = parameters.option("coordinators", u64::from(parameters.nodes));
        if coordinators == 0 || coordinators > u64::from(parameters.nodes) {
            return Err(format!(
                "`coordinators` is {coordinators}: write 1 to {}, the number of nodes",
                parameters.nodes
            ));
        }
        let default = Layout::new(parameters.nodes);
        Ok(Layout {
            coordinators: coordinators as u32,
            opening_balance: parameters.opening_balance,
            repeat: parameters.span("repeat", default.repeat)?,
            patience: parameters.span("patience", default.patience)?,
            lock_wait: parameters.span("lock-wait", default.lock_wait)?,
            ask: parameters.span("ask", default.ask)?,
            ..default
        })
    }
}
