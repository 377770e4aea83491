//! While a broker runs, its high watermark only rises, and never over the end of its log (Kafka
//! documentation, "Replication": a message once committed stays so).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{LogBroker, broker};
use crate::service::log::Offset;

#[derive(Default)]
pub(super) struct HighWatermarkRises {
    /// The life in which each broker was seen last, and its high watermarks then.
    seen: Vec<(Time, Vec<Offset>)>,
}

impl Invariant<LogBroker> for HighWatermarkRises {
    fn name(&self) -> &'static str {
        "high-watermark-rises"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LogBroker>],
    ) -> Result<(), Breach> {
        let Some(broker) = broker(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        self.seen.resize(processes.len(), (Time::ZERO, Vec::new()));
        let (since, seen) = &mut self.seen[touched.index()];
        if *since != broker.since() {
            *since = broker.since();
            seen.clear();
        }
        seen.resize(broker.replicas().len(), 0);
        for (replica, before) in broker.replicas().iter().zip(seen) {
            let (upto, length) = (replica.high_watermark(), replica.log().length());
            if upto < *before || upto > length {
                return Err(Breach {
                    anomaly: "high-watermark-fell",
                    told: format!(
                        "{touched} had committed {before} entries of partition {} and has \
                         committed {upto} of {length}",
                        replica.partition
                    ),
                });
            }
            *before = upto;
        }
        Ok(())
    }
}
