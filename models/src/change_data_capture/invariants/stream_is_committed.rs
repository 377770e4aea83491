//! The stream holds what the database has committed, in its order and without a hole (DBLog, section
//! 3: events of the log are captured in commit order).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{CAPTURE, ChangeDataCapture, DATABASE, capture, database};

#[derive(Default)]
pub(super) struct StreamIsCommitted {
    /// Up to this position the stream was compared with the log.
    compared: u64,
    /// How long the log was then; it is shorter after a crash that took its tail.
    length: u64,
}

impl Invariant<ChangeDataCapture> for StreamIsCommitted {
    fn name(&self) -> &'static str {
        "stream-is-committed"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<ChangeDataCapture>],
    ) -> Result<(), Breach> {
        if touched != CAPTURE && touched != DATABASE {
            return Ok(());
        }
        let (Some(capture), Some(database)) = (capture(processes), database(processes)) else {
            return Ok(()); // Looked at when both are up.
        };
        let log = database.log();
        if log.length() < self.length {
            self.compared = 0;
        }
        self.length = log.length();
        let mut last = None;
        for change in capture.durable_stream() {
            let is_next = last.is_none_or(|last| change.position == last + 1);
            last = Some(change.position);
            if is_next && change.position <= self.compared {
                continue;
            }
            let committed = log.slice(change.position - 1, change.position).first();
            if !is_next || committed != Some(change) {
                return Err(Breach {
                    anomaly: "phantom-event",
                    told: format!(
                        "the stream has {change:?} where the database has committed {committed:?}"
                    ),
                });
            }
        }
        self.compared = self.compared.max(last.unwrap_or(0));
        Ok(())
    }
}
