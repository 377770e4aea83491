//! Telling what happens, to the trace and to `tracing`, when anyone listens.

use super::{Packet, Parcel, World};
use crate::{
    history::Happened,
    id::{CallId, ClientId},
    process::{Message, Process},
    trace::{Carried, TraceEntry, What},
};

impl<P: Process> World<P> {
    pub(super) fn note_if_loud(&mut self, what: impl FnOnce() -> What) {
        if self.loud {
            self.note(what());
        }
    }

    #[cold]
    pub(super) fn note(&mut self, what: What) {
        let entry = TraceEntry {
            event: self.events,
            time: self.now,
            what,
        };
        if let Some(node) = entry.what.node() {
            let role = self
                .nodes
                .get(node.index())
                .map_or("client", |node| node.role);
            tracing::trace!(target: "murphy", time = %entry.time, %node, role, "{entry}");
        } else {
            tracing::trace!(target: "murphy", time = %entry.time, "{entry}");
        }
        if self.trace.is_on() {
            self.trace.push(entry);
        }
    }
}

#[cold]
pub(super) fn carried<P: Process>(parcel: &Parcel<P>) -> Carried {
    let (kind, told) = match &parcel.packet {
        Packet::Message(message) => (message.kind(), format!("{message:?}")),
        Packet::Request { call, request } => ("request", format!("request {call} {request:?}")),
        Packet::Response { call, reply } => ("response", format!("response {call} {reply:?}")),
    };
    Carried {
        from: parcel.from,
        to: parcel.to,
        sent: parcel.sent,
        kind,
        told,
    }
}

#[cold]
pub(super) fn told_call<Q: std::fmt::Debug, R: std::fmt::Debug>(
    client: ClientId,
    call: CallId,
    what: &Happened<Q, R>,
) -> What {
    match what {
        Happened::Invoke(request) => What::Invoked {
            client,
            call,
            told: format!("{request:?}"),
        },
        Happened::Ok(response) => What::Ended {
            client,
            call,
            told: format!("ok {response:?}"),
        },
        Happened::Fail => What::Ended {
            client,
            call,
            told: "fail".to_owned(),
        },
        Happened::Info => What::Ended {
            client,
            call,
            told: "info".to_owned(),
        },
    }
}
