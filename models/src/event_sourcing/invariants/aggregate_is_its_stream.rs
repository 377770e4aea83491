//! What a handler knows of an aggregate is how its stream begins (Young, "the current state is the
//! replay of all events").

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{EventSourcing, store};

pub(super) struct AggregateIsItsStream;

impl Invariant<EventSourcing> for AggregateIsItsStream {
    fn name(&self) -> &'static str {
        "aggregate-is-its-stream"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<EventSourcing>],
    ) -> Result<(), Breach> {
        let Some(EventSourcing::Handler(handler)) = &processes[touched.index()] else {
            return Ok(());
        };
        let Some(store) = store(processes) else {
            return Ok(()); // Looked at when the store is up.
        };
        for (key, known) in handler.known() {
            let stream = store.stream(key);
            if !stream.starts_with(known) {
                return Err(Breach {
                    anomaly: "aggregate-differs",
                    told: format!(
                        "{touched} takes {known:?} for the events of {key}, whose stream is \
                         {stream:?}"
                    ),
                });
            }
        }
        Ok(())
    }
}
