//! Whatever a consumer has applied, the database has committed (Richardson ch. 3.3.1: messages are
//! sent if and only if the transaction commits).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Consumer, DATABASE, Looked, Outbox, Row, consumer, database};
use crate::service::events::EventId;

/// While the database is up, it holds every event that any consumer has applied.
#[derive(Debug, Default)]
pub struct NoPhantom {
    looked: Looked,
    /// What consumers applied while the database was down: looked at when it is up again.
    unjudged: Vec<(NodeId, Row)>,
    /// How many transactions the database had, and the last of them.
    committed: (usize, Option<EventId>),
    /// What was judged, by position, for the day on which the database has lost its tail.
    judged: BTreeMap<u64, (NodeId, Row)>,
}

impl Invariant<Outbox> for NoPhantom {
    fn name(&self) -> &'static str {
        "no-phantom"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Outbox>],
    ) -> Result<(), Breach> {
        if let Some(consumer) = consumer(processes, touched) {
            self.note(touched, consumer);
        } else if touched != DATABASE {
            return Ok(());
        }
        let Some(database) = database(processes) else {
            return Ok(());
        };
        let rows = database.rows();
        let (length, last) = self.committed;
        let place = length.checked_sub(1);
        if place.is_some_and(|place| rows.get(place).map(|row| row.event) != last) {
            let lost = self.judged.split_off(&(rows.len() as u64 + 1));
            self.unjudged.extend(lost.into_values());
        }
        self.committed = (rows.len(), rows.last().map(|row| row.event));
        for (node, row) in self.unjudged.drain(..) {
            if !database.holds(row.event) {
                return Err(Breach {
                    anomaly: "phantom-event",
                    told: format!(
                        "{node} has applied event {} of key {} but the database, which gave it \
                         position {}, has not committed it",
                        row.event, row.key, row.position
                    ),
                });
            }
            self.judged.insert(row.position, (node, row));
        }
        Ok(())
    }
}

impl NoPhantom {
    fn note(&mut self, node: NodeId, consumer: &Consumer) {
        let (_, rows) = self.looked.new_of(node, consumer);
        self.unjudged.extend(rows.iter().map(|row| (node, *row)));
    }
}
