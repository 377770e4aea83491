//! What a program with a process of its own needs between the simulator and the checkers.

use murphy_checkers::{History, Process};
use murphy_sim::{Happened, HistoryEvent};
use serde::{Deserialize, Serialize};

/// The message of a process that says nothing to other nodes: there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Silence {}

/// What clients saw in a run, as checkers read it. [`History::map`] puts it into the words of a
/// checker where they are not the protocol's own.
///
/// Panics on events that no run leaves behind: an end without its beginning.
pub fn history<Q: Clone, R: Clone>(events: &[HistoryEvent<Q, R>]) -> History<Q, R> {
    let mut builder = History::builder();
    for event in events {
        let (process, time) = (Process(event.process), event.time.0);
        let added = match &event.what {
            Happened::Invoke(request) => builder.invoke(process, time, request.clone()),
            Happened::Ok(response) => builder.ok(process, time, response.clone()),
            Happened::Fail => builder.fail(process, time),
            Happened::Info => builder.info(process, time),
        };
        added.expect("a world's clients make one call at a time and end what they began");
    }
    builder.finish()
}
