//! What clients saw: invocations, then ok, fail or info (unknown), in the order they happened.

use crate::{
    id::{CallId, ClientId},
    time::Time,
};

/// Something that a client did or saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HistoryEvent<Q, R> {
    /// True time.
    pub time: Time,
    /// Jepsen's process: a sequential thread of calls. A client whose call ended unknown goes on as a
    /// new process, because the old one's call may still take effect.
    pub process: u32,
    /// The client.
    pub client: ClientId,
    /// The call.
    pub call: CallId,
    /// What.
    pub what: Happened<Q, R>,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Happened<Q, R> {
    /// It was made.
    Invoke(Q),
    /// It took effect.
    Ok(R),
    /// It did not take effect and never will.
    Fail,
    /// Nobody knows whether it did or will.
    Info,
}
