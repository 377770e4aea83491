//! Events of one key take effect in the order in which the database committed them (Kleppmann
//! ch. 11: a total order within a partition).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Looked, Outbox, Row, consumer};
use crate::service::events::Key;

/// No consumer applies an event after a later one of its key. One that is applied again is the
/// business of [`super::EffectOnce`].
#[derive(Debug, Default)]
pub struct KeyOrder {
    looked: Looked,
    latest: BTreeMap<(NodeId, Key), Row>,
}

impl Invariant<Outbox> for KeyOrder {
    fn name(&self) -> &'static str {
        "key-order"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Outbox>],
    ) -> Result<(), Breach> {
        let Some(consumer) = consumer(processes, touched) else {
            return Ok(());
        };
        let (begin, rows) = self.looked.new_of(touched, consumer);
        if begin == 0 {
            self.latest.retain(|(node, _), _| *node != touched);
        }
        for (i, row) in (begin..).zip(rows) {
            let latest = self.latest.entry((touched, row.key)).or_insert(*row);
            let is_again = || consumer.durable()[..i].iter().any(|old| old.event == row.event);
            if row.position < latest.position && !is_again() {
                return Err(Breach {
                    anomaly: "out-of-order",
                    told: format!(
                        "{touched} applied event {} of key {}, committed at {}, after event {}, \
                         committed at {}",
                        row.event, row.key, row.position, latest.event, latest.position
                    ),
                });
            }
            if row.position > latest.position {
                *latest = *row;
            }
        }
        Ok(())
    }
}
